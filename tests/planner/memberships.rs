//! Memberships: owned per computer and declared group.

use wsusctl::plan::step::Operation;

use crate::check::{change_of, check, plan_of};
use crate::desired::manifest;
use crate::snapshot::{now, server};

#[test]
fn a_named_computer_joins_its_group() {
    let live = server().groups(&["Ring 0"]).computer(1, "pc-1.contoso.com", &[]);
    let declared = manifest().groups(&["Ring 0"]).computers("Ring 0", &["PC-1.contoso.com"]);
    check(
        &declared,
        &live,
        &["+ membership[pc-1.contoso.com] declared groups=[Ring 0]", "warning note membership[pc-1.contoso.com]"],
    );
}

#[test]
fn a_computer_where_it_belongs_is_left_alone() {
    let live = server().groups(&["Ring 0"]).computer(1, "pc-1", &["Ring 0"]);
    check(&manifest().groups(&["Ring 0"]).computers("Ring 0", &["pc-*"]), &live, &[]);
}

#[test]
fn a_computer_leaves_every_other_declared_group_with_or_without_computers() {
    let live = server().groups(&["Ring 0", "Ring 1", "Servers"]).computer(1, "pc-1", &["Ring 1", "Servers"]);
    let declared =
        manifest().groups(&["Ring 0", "Ring 1", "Servers"]).computers("Ring 0", &["pc-1"]).computers("Ring 1", &[]);
    check(&declared, &live, &["~ membership[pc-1] declared groups: [Ring 1, Servers] -> [Ring 0]"]);
    let plan = plan_of(&declared, &live);
    let members = change_of(&plan, "membership[pc-1]").members.unwrap();
    assert_eq!((members.added, members.removed), (vec!["Ring 0".into()], vec!["Ring 1".into(), "Servers".into()]));
}

#[test]
fn a_computer_joins_before_it_leaves() {
    let live = server().groups(&["A", "B"]).computer(1, "pc-1", &["A"]);
    let declared = manifest().groups(&["A", "B"]).computers("B", &["pc-1"]);
    let plan = plan_of(&declared, &live);
    assert!(matches!(plan.steps[0].operation, Operation::AddComputer { .. }));
    assert!(matches!(plan.steps[1].operation, Operation::RemoveComputer { .. }));
    assert_eq!(plan.steps[1].depends_on, [0]);
}

#[test]
fn groups_that_are_not_declared_are_never_touched() {
    let live = server().groups(&["Ring 0", "Kiosks"]).computer(1, "pc-1", &["Kiosks"]).computer(2, "pc-2", &["Kiosks"]);
    let declared = manifest().groups(&["Ring 0"]).computers("Ring 0", &["pc-1"]);
    check(&declared, &live, &["+ membership[pc-1] declared groups=[Ring 0]"]);
}

#[test]
fn a_computer_that_nothing_declares_stays_where_it_is() {
    let live = server().groups(&["Ring 0"]).computer(1, "pc-1", &["Ring 0"]);
    check(&manifest().groups(&["Ring 0"]).computers("Ring 0", &[]), &live, &[]);
}

#[test]
fn exact_names_beat_patterns() {
    let live = server().groups(&["Ring 0", "Pilot"]).computer(1, "pilot-1", &[]).computer(2, "pilot-2", &[]);
    let declared =
        manifest().groups(&["Ring 0", "Pilot"]).computers("Ring 0", &["pilot-1"]).computers("Pilot", &["pilot-*"]);
    check(
        &declared,
        &live,
        &["+ membership[pilot-1] declared groups=[Ring 0]", "+ membership[pilot-2] declared groups=[Pilot]"],
    );
}

#[test]
fn a_computer_named_in_several_groups_belongs_to_all_of_them() {
    let live = server().groups(&["A", "B"]).computer(1, "pc-1", &["A"]);
    let declared = manifest().groups(&["A", "B"]).computers("A", &["pc-1"]).computers("B", &["pc-1"]);
    check(&declared, &live, &["~ membership[pc-1] declared groups: [A] -> [A, B]"]);
}

#[test]
fn a_computer_matched_only_by_patterns_of_several_groups_is_an_error() {
    let live = server().groups(&["A", "B"]).computer(1, "pc-1", &[]).computer(2, "pc-2", &[]);
    let declared = manifest().groups(&["A", "B"]).computers("A", &["pc-*"]).computers("B", &["*-1", "zz*"]);
    check(&declared, &live, &["error contested-computer line 4"]);
}

#[test]
fn except_takes_a_computer_out_of_what_patterns_mean() {
    let live = server().groups(&["A", "B"]).computer(1, "pc-1", &[]).computer(2, "pc-2", &[]);
    let declared =
        manifest().groups(&["A", "B"]).computers("A", &["pc-*"]).except("A", &["*-1"]).computers("B", &["*-1"]);
    check(&declared, &live, &["+ membership[pc-1] declared groups=[B]", "+ membership[pc-2] declared groups=[A]"]);
}

#[test]
fn except_leaves_exact_names_alone() {
    let live = server().groups(&["A"]).computer(1, "pc-1", &[]);
    let declared = manifest().groups(&["A"]).computers("A", &["pc-1", "pc-*"]).except("A", &["pc-1"]);
    check(&declared, &live, &["+ membership[pc-1] declared groups=[A]"]);
}

#[test]
fn two_patterns_of_one_group_do_not_contest() {
    let live = server().groups(&["A"]).computer(1, "pc-1", &[]);
    let declared = manifest().groups(&["A"]).computers("A", &["pc-*", "*-1"]);
    check(&declared, &live, &["+ membership[pc-1] declared groups=[A]"]);
}

#[test]
fn patterns_skip_and_count_computers_of_downstream_servers() {
    let live = server().groups(&["A"]).downstream_computer(1, "pc-1", &[]).computer(2, "pc-2", &["A"]);
    check(&manifest().groups(&["A"]).computers("A", &["pc-*"]), &live, &["warning note group[A]"]);
    let snapshot = live.whole();
    let resolved =
        wsusctl::resolve::resolve(&manifest().groups(&["A"]).computers("A", &["pc-*"]).desired, &snapshot, now())
            .unwrap();
    assert_eq!(resolved.warnings.len(), 1);
    assert_eq!(
        (resolved.warnings[0].code, resolved.warnings[0].message.contains("reports: 1, skipped")),
        ("note", true)
    );
}

#[test]
fn the_exact_name_of_a_computer_of_a_downstream_server_is_an_error() {
    let live = server().groups(&["A"]).downstream_computer(1, "pc-1", &[]);
    check(&manifest().groups(&["A"]).computers("A", &["pc-1"]), &live, &["error downstream-computer line 3"]);
}

#[test]
fn a_named_computer_that_the_server_does_not_know_is_pending() {
    let live = server().groups(&["A", "B"]);
    let declared = manifest().groups(&["A", "B"]).computers("A", &["new-1"]).computers("B", &["NEW-1"]);
    check(&declared, &live, &["pending unknownComputer membership[new-1]"]);
}

/// WSUS knows full domain names; people have short ones, accounts, and old lists.
#[test]
fn an_unknown_computer_is_told_what_it_may_have_meant() {
    let live =
        server().groups(&["A"]).computer(1, "kiosk-01.contoso.com", &[]).computer(2, "kiosk-02.contoso.com", &[]);
    for written in
        ["kiosk-01", "KIOSK-01", "kiosk-01.fabrikam.com", "CONTOSO\\KIOSK-01", "kiosk-01$", "kiosk-01.contoso.com."]
    {
        let plan = plan_of(&manifest().groups(&["A"]).computers("A", &[written]), &live);
        let expected = "the server does not know this computer yet; did you mean `kiosk-01.contoso.com`?";
        assert_eq!(plan.pending[0].message, expected, "{written}");
    }
    for written in ["kiosk-1", "kisok-01.contoso.com"] {
        let plan = plan_of(&manifest().groups(&["A"]).computers("A", &[written]), &live);
        assert!(plan.pending[0].message.contains("did you mean `kiosk-01.contoso.com`"), "{:?}", plan.pending);
    }
    let plan = plan_of(&manifest().groups(&["A"]).computers("A", &["printer-77"]), &live);
    assert_eq!(plan.pending[0].message, "the server does not know this computer yet");
    // Each of thousands is named, and only a few are compared letter by letter.
    let many: Vec<String> = (0..5_000).map(|number| format!("kiosk-{number:04}.contoso.com")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(plan_of(&manifest().groups(&["A"]).computers("A", &many), &live).pending.len(), 5_000);
}

/// A list that somebody wrote in capitals is one thing to say.
#[test]
fn many_names_in_another_case_are_one_note() {
    let live = server().groups(&["A"]).computer(1, "pc-1", &["A"]).computer(2, "pc-2", &["A"]);
    check(&manifest().groups(&["A"]).computers("A", &["PC-1", "PC-2"]), &live, &["warning note group[A]"]);
    check(&manifest().groups(&["A"]).computers("A", &["PC-1", "pc-2"]), &live, &["warning note membership[pc-1]"]);
}

#[test]
fn patterns_that_mean_nothing_are_told() {
    let live = server().groups(&["A", "B"]).computer(1, "pc-1", &["A"]).computer(2, "pc-2", &["B"]);
    let says = |declared: &crate::desired::Manifest, expected: &[&str]| check(declared, &live, expected);
    let a = |computers: &[&str]| manifest().groups(&["A"]).computers("A", computers);
    says(&a(&["pc-1", "x-*"]), &["warning matchesNothing group[A]"]);
    // A computer that is named as well is a match.
    says(&a(&["pc-1", "pc-1*"]), &[]);
    let excepting = |except: &[&str]| a(&["pc-*"]).except("A", except);
    says(&excepting(&["pc-2"]), &[]);
    says(
        &excepting(&["pc-2", "srv-*", "pc-3"]),
        &["warning matchesNothing group[A]", "warning matchesNothing group[A]"],
    );
}

/// What has to be there and is not fails the run instead of waiting.
#[test]
fn required_computers_are_an_error() {
    let live = server().groups(&["A"]).computer(1, "pc-1.contoso.com", &["A"]);
    let required = |computers: &[&str]| manifest().groups(&["A"]).computers("A", computers).require_computers("A");
    check(&required(&["pc-1.contoso.com", "pc-*"]), &live, &[]);
    check(&required(&["pc-1"]), &live, &["error unknown-computer line 3"]);
    check(&required(&["pc-1.contoso.com", "x-*"]), &live, &["error unknown-computer line 4"]);
}

#[test]
fn two_computers_of_one_name_are_both_meant() {
    let live = server().groups(&["A"]).computer(1, "pc-1", &[]).computer(2, "PC-1", &["A"]);
    let declared = manifest().groups(&["A"]).computers("A", &["pc-1"]);
    check(&declared, &live, &["+ membership[pc-1] declared groups=[A]", "warning sameName membership[pc-1]"]);
}

#[test]
fn joining_a_planned_group_waits_for_its_creation() {
    let live = server().computer(1, "pc-1", &[]);
    let declared = manifest().groups(&["W", "W/Ring 0"]).computers("Ring 0", &["pc-1"]);
    let plan = plan_of(&declared, &live);
    assert_eq!(plan.steps.len(), 3);
    assert_eq!(plan.steps[2].depends_on, [1]);
    check(
        &declared,
        &live,
        &["+ group[W] declared", "+ group[Ring 0] declared parent=W", "+ membership[pc-1] declared groups=[Ring 0]"],
    );
}

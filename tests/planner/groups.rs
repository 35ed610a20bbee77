//! Groups: each named group, its children only if named.

use wsusctl::plan::step::Operation;

use crate::check::{change_of, check, plan_of, text};
use crate::desired::manifest;
use crate::snapshot::{gid, server};

#[test]
fn nothing_declared_is_nothing_to_do() {
    check(&manifest(), &server().groups(&["Servers"]).update("u1", "100"), &[]);
}

#[test]
fn groups_that_exist_as_declared_are_left_alone() {
    let live = server().groups(&["Workstations", "Workstations/Ring 0", "Servers"]);
    check(&manifest().groups(&["Workstations", "Workstations/Ring 0"]), &live, &[]);
}

/// WSUS cannot rename: what a new name in the manifest comes to is said before it is done.
#[test]
fn a_group_that_may_have_been_renamed_is_told() {
    let live = server()
        .groups(&["Kiosks", "Workstations", "Workstations/Ring 0", "Lab"])
        .computer(1, "kiosk-1", &["Kiosks"])
        .computer(2, "kiosk-2", &["Kiosks"])
        .computer(3, "lab-1", &["Lab"])
        .computer(4, "pc-1", &["Lab"]);
    let said = |declared: &crate::desired::Manifest| {
        let plan = plan_of(declared, &live);
        let renamed = plan.warnings.iter().filter(|warning| warning.code == "renamedGroup");
        renamed.map(|warning| warning.message.split(": if").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let kiosks = |computers: &[&str]| manifest().groups(&["Terminals"]).computers("Terminals", computers);
    assert_eq!(said(&kiosks(&["kiosk-*"])), ["the undeclared group `Kiosks` has the same 2 computers"]);
    let more = "the undeclared group `Kiosks` has 2 of its 3 computers and no others";
    assert_eq!(said(&kiosks(&["kiosk-*", "pc-1"])), [more]);
    assert_eq!(said(&kiosks(&["lab-1"])), [""; 0]);
    assert_eq!(said(&kiosks(&["kiosk-*"]).groups(&["Kiosks"])), [""; 0]);
    assert_eq!(said(&kiosks(&["kiosk-*"]).ignore(&["group[\"Kiosks\"]"])), [""; 0]);
    let moved = manifest().groups(&["Clients", "Clients/Ring 0"]);
    let below = "the undeclared group `Workstations` has the group `Ring 0`, which is declared below this one";
    assert_eq!(said(&moved), [below]);
}

#[test]
fn missing_groups_are_created_parents_first_whatever_their_order() {
    let declared = manifest().groups(&["Zebra", "Zebra/Alpha", "Middle", "Middle/Beta"]);
    check(
        &declared,
        &server(),
        &[
            "+ group[Middle] declared",
            "+ group[Beta] declared parent=Middle",
            "+ group[Zebra] declared",
            "+ group[Alpha] declared parent=Zebra",
        ],
    );
    let plan = plan_of(&declared, &server());
    assert_eq!(plan.steps[0].depends_on, [0_usize; 0]);
    assert_eq!(plan.steps[1].depends_on, [0]);
    assert_eq!(plan.steps[3].depends_on, [2]);
}

#[test]
fn a_child_is_created_below_a_group_that_exists() {
    let live = server().groups(&["Workstations"]);
    let declared = manifest().groups(&["Workstations", "Workstations/Ring 0"]);
    check(&declared, &live, &["+ group[Ring 0] declared parent=Workstations"]);
    let plan = plan_of(&declared, &live);
    let Operation::CreateGroup { parent, .. } = &plan.steps[0].operation else { panic!() };
    assert_eq!(*parent, wsusctl::model::resolved::GroupReference::Existing(gid("Workstations")));
}

#[test]
fn names_compare_without_regard_to_case_and_trailing_spaces() {
    let live = server().groups(&["SERVERS", "Kiosks "]);
    check(&manifest().groups(&["Servers", "Kiosks"]), &live, &["warning note group[Servers]"]);
}

#[test]
fn a_group_under_another_parent_is_unsupported() {
    let live = server().groups(&["Workstations", "Servers", "Servers/Ring 0"]);
    let declared = manifest().groups(&["Workstations", "Workstations/Ring 0"]);
    check(&declared, &live, &["unsupported otherParent group[Ring 0]"]);
    let message = &plan_of(&declared, &live).unsupported[0].message;
    assert!(message.contains("`Workstations`") && message.contains("`Servers`"), "{message}");
}

#[test]
fn a_group_whose_declared_parent_must_still_be_created_is_under_another_parent() {
    let live = server().groups(&["Ring 0"]);
    let declared = manifest().groups(&["Workstations", "Workstations/Ring 0"]);
    check(&declared, &live, &["+ group[Workstations] declared", "unsupported otherParent group[Ring 0]"]);
}

#[test]
fn what_is_declared_of_a_misplaced_group_is_done_where_it_is() {
    let live = server().groups(&["Servers", "Servers/Ring 0"]).computer(1, "pc-1", &[]);
    let declared = manifest().groups(&["Ring 0", "Ring 0/Below"]).computers("Ring 0", &["pc-1"]);
    check(
        &declared,
        &live,
        &[
            "+ group[Below] declared parent=Ring 0",
            "+ membership[pc-1] declared groups=[Ring 0]",
            "unsupported otherParent group[Ring 0]",
        ],
    );
}

#[test]
fn a_renamed_group_is_a_creation() {
    check(&manifest().groups(&["Servers"]), &server().groups(&["Server"]), &["+ group[Servers] declared"]);
}

#[test]
fn the_built_in_parent_is_called_by_its_english_name() {
    let plan = plan_of(&manifest().groups(&["Servers"]), &server());
    let change = change_of(&plan, "group[Servers]");
    assert_eq!(text(&change.after.unwrap()["parent"]), "All Computers");
}

#[test]
fn a_live_group_may_have_any_name() {
    let live = server().groups(&["R&D (old)"]);
    check(&manifest().groups(&["R&D (old)"]), &live, &[]);
}

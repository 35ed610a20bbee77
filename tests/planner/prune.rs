//! Pruning, kind by kind. Everything is off unless switched on.

use wsusctl::model::address::Kind;
use wsusctl::model::management::Prune;
use wsusctl::model::object::ObjectState;
use wsusctl::plan::step::Operation;

use crate::check::{change_of, check, check_allowing, plan_of};
use crate::desired::{Manifest, manifest};
use crate::snapshot::{Server, server};

const EMPTY: &[&str] = &["empty"];

fn prune(kind: Kind) -> Manifest {
    manifest().prune(kind, Prune::Always)
}

fn busy() -> Server {
    server()
        .groups(&["Servers", "Old", "Old/Older"])
        .computer(1, "pc-1", &["Servers"])
        .computer(2, "pc-2", &["Old", "Older"])
        .update("u1", "100")
        .declined("u2", "200")
        .approved("u1", "Old", "install")
        .automatic("u1", "Servers")
}

#[test]
fn without_pruning_nothing_undeclared_is_touched() {
    check(&manifest(), &busy(), &[]);
    check(&manifest().groups(&["Servers"]).computers("Servers", &[]), &busy(), &[]);
    check(&manifest().prune_all(Prune::Never), &busy(), &[]);
}

#[test]
fn groups_go_children_first_and_last_of_all() {
    let declared = prune(Kind::Group).groups(&["Servers", "New"]);
    check(&declared, &busy(), &["+ group[New] declared", "- group[Older] pruned", "- group[Old] pruned"]);
    let plan = plan_of(&declared, &busy());
    assert_eq!(plan.steps[2].depends_on, [1]);
    assert!(matches!(&plan.steps[2].operation, Operation::DeleteGroup { name, .. } if name == "Old"));
}

#[test]
fn a_deleted_group_says_what_goes_with_it_each_computer_counted_once() {
    let plan = plan_of(&prune(Kind::Group).groups(&["Servers"]), &busy());
    let old = change_of(&plan, "group[Old]");
    assert_eq!((old.affects.computers, old.affects.approvals), (1, 1));
    let ObjectState::Group(Some(state)) = &plan.steps[1].before else { panic!() };
    assert_eq!((state.holds.computers.len(), state.holds.approvals.len()), (1, 1));
}

#[test]
fn a_group_is_prunable_only_if_its_whole_subtree_is_undeclared() {
    let live = server().groups(&["Top", "Top/Middle", "Top/Middle/Bottom", "Top/Other"]);
    let declared = prune(Kind::Group).groups(&["Bottom"]);
    check(
        &declared,
        &live,
        &[
            "- group[Other] pruned",
            "unsupported otherParent group[Bottom]",
            "warning note group[Top]",
            "warning note group[Middle]",
        ],
    );
    assert!(plan_of(&declared, &live).warnings[0].message.ends_with("a group below it stays"));
}

#[test]
fn a_group_that_an_approval_names_is_not_pruned() {
    let live = server().groups(&["Servers", "Other"]).update("u1", "100");
    let declared = prune(Kind::Group).approve("u1", &[("Servers", "inherit")]).groups(&["Keep"]);
    check(&declared, &live, &["+ group[Keep] declared", "- group[Other] pruned", "warning note group[Servers]"]);
    assert!(plan_of(&declared, &live).warnings[0].message.contains("an approval or a rule of the manifest names it"));
}

#[test]
fn an_ignored_group_stays_and_keeps_the_groups_above_it() {
    let live = server().groups(&["Keep", "Top", "Top/Kiosk 1", "Top/Other"]);
    let declared = prune(Kind::Group).groups(&["Keep"]).ignore(&["group[\"Kiosk *\"]"]);
    check(&declared, &live, &["- group[Other] pruned", "warning note group[Top]"]);
}

#[test]
fn built_in_groups_are_never_pruned() {
    check(&prune(Kind::Group), &server(), &[]);
}

#[test]
fn memberships_go_from_groups_with_a_computers_key_only() {
    let live = server()
        .groups(&["A", "B", "C"])
        .computer(1, "pc-1", &["A", "B", "C"])
        .computer(2, "pc-2", &["B"])
        .computer(3, "pc-3", &["A"])
        .downstream_computer(4, "pc-4", &["A"]);
    let declared = prune(Kind::Membership).groups(&["A", "B"]).computers("A", &["pc-3"]);
    check(&declared, &live, &["~ membership[pc-1] pruned groups: [A, B] -> [B]"]);
    let declared = prune(Kind::Membership).groups(&["A", "B"]).computers("A", &[]).computers("B", &[]);
    check_allowing(
        &declared,
        &live,
        EMPTY,
        &["- membership[pc-1] pruned", "- membership[pc-2] pruned", "- membership[pc-3] pruned"],
    );
}

#[test]
fn approvals_go_but_not_those_that_wsus_made_itself() {
    let declared = prune(Kind::Approval);
    check_allowing(&declared, &busy(), EMPTY, &["- approval[u1][Old] pruned"]);
    let plan = plan_of(&declared, &busy());
    assert_eq!((plan.summary.automatic, plan.summary.unmanaged[&Kind::Approval]), (1, 0));
}

#[test]
fn automatic_approvals_go_with_a_switch_of_their_own() {
    let declared = manifest().prune_automatic(Prune::Always);
    check_allowing(&declared, &busy(), EMPTY, &["- approval[u1][Servers] pruned"]);
    let both = prune(Kind::Approval).prune_automatic(Prune::Always);
    check_allowing(&both, &busy(), EMPTY, &["- approval[u1][Old] pruned", "- approval[u1][Servers] pruned"]);
}

#[test]
fn declared_and_lapsed_approvals_are_not_pruned() {
    let live = server()
        .groups(&["Servers"])
        .update("u1", "100")
        .approved("u1", "Servers", "install")
        .declined("u2", "100")
        .approved("u2", "Servers", "install");
    let declared = prune(Kind::Approval).approve("KB100", &[("Servers", "install")]);
    check(&declared, &live, &["skipped declined approval[u2][Servers]"]);
}

#[test]
fn declines_go_and_the_update_is_offered_again() {
    let declared = prune(Kind::Decline);
    check_allowing(&declared, &busy(), EMPTY, &["- decline[u2] pruned"]);
    let plan = plan_of(&declared, &busy());
    assert!(matches!(plan.steps[0].operation, Operation::Reinstate { .. }));
    check(&prune(Kind::Decline).decline("u2"), &busy(), &[]);
}

#[test]
fn an_article_takes_in_what_pruning_brings_back() {
    let live = server().groups(&["Servers"]).update("u1", "100").declined("u2", "100").declined("u3", "300");
    let declared = prune(Kind::Decline).approve("KB100", &[("Servers", "install")]).decline("u3");
    check(
        &declared,
        &live,
        &[
            "+ approval[u1][Servers] declared action=install",
            "+ approval[u2][Servers] declared action=install",
            "- decline[u2] pruned",
        ],
    );
    assert_eq!(plan_of(&declared, &live).steps[2].depends_on, [0]);
}

#[test]
fn what_goes_with_a_group_or_a_declined_update_needs_no_step_of_its_own() {
    let live = busy().update("u3", "300").approved("u3", "Servers", "install").approved("u3", "Older", "install");
    let declared = prune(Kind::Approval).prune(Kind::Group, Prune::Always).groups(&["Servers"]).decline("u3");
    let changes = ["+ decline[u3] declared", "- group[Older] pruned", "- group[Old] pruned"];
    check_allowing(&declared, &live, EMPTY, &changes);
    let plan = plan_of(&declared, &live);
    let ObjectState::Group(Some(older)) = &plan.steps[1].before else { panic!() };
    assert_eq!(older.holds.approvals.len(), 1, "as read, although the decline comes first and takes the approval");
}

#[test]
fn ignored_objects_are_hidden_from_the_plan_and_pruning() {
    let declared = manifest()
        .prune_all(Prune::Always)
        .groups(&["Servers", "Kiosks"])
        .computers("Servers", &[])
        .decline("u1")
        .ignore(&["group[\"Old*\"]", "membership[*", "approval[*", "decline[*", "GROUP[\"kiosks\"]"]);
    check(&declared, &busy(), &["warning ignored group[Kiosks]", "warning ignored decline[u1]"]);
}

#[test]
fn what_depends_on_a_hidden_group_is_unsupported() {
    let live = server().computer(1, "pc-1", &[]).update("u1", "100");
    let declared = manifest()
        .groups(&["Kiosks"])
        .computers("Kiosks", &["pc-1"])
        .approve("u1", &[("Kiosks", "install")])
        .ignore(&["group[*"]);
    check(
        &declared,
        &live,
        &[
            "unsupported dependsOnUnsupported membership[pc-1]",
            "unsupported dependsOnUnsupported approval[u1][Kiosks]",
            "warning ignored group[Kiosks]",
        ],
    );
}

#[test]
fn confirm_plans_the_deletion_and_asks() {
    let declared = manifest().prune(Kind::Group, Prune::Confirm).groups(&["Servers"]);
    let deletions = ["- group[Older] pruned", "- group[Old] pruned"];
    check(&declared, &busy(), &[deletions[0], deletions[1], "blocker pruneConfirm groups (groups.delete)"]);
    check_allowing(&declared, &busy(), &["groups.delete"], &deletions);
    check_allowing(&declared, &busy(), &["groups.delete=1%"], &deletions);
    check_allowing(
        &declared,
        &busy(),
        &["approvals.delete"],
        &[deletions[0], deletions[1], "blocker pruneConfirm groups (groups.delete)"],
    );
}

#[test]
fn automatic_approvals_ask_as_approvals() {
    let declared = manifest().prune_automatic(Prune::Confirm);
    check_allowing(
        &declared,
        &busy(),
        EMPTY,
        &["- approval[u1][Servers] pruned", "blocker pruneConfirm approvals (approvals.delete)"],
    );
}

#[test]
fn approvals_that_go_with_a_pruned_group_count_as_pruned() {
    let live = server().groups(&["Servers", "Old"]).update("u1", "100").update("u2", "200");
    let live = live.approved("u1", "Servers", "install").approved("u1", "Old", "install");
    let live = live.approved("u2", "Old", "install").automatic("u2", "Servers");
    let declared = prune(Kind::Group).groups(&["Servers"]).approve("u1", &[("Servers", "install")]).limits(60, 60, 2);
    check(&declared, &live, &["- group[Old] pruned"]);
    let both = declared.clone().prune(Kind::Approval, Prune::Always);
    check(&both, &live, &["- group[Old] pruned", "blocker deletePercent approvals (approvals.delete=67%)"]);
    let asking = declared.prune(Kind::Approval, Prune::Confirm).limits(100, 100, 2);
    check(&asking, &live, &["- group[Old] pruned", "blocker pruneConfirm approvals (approvals.delete)"]);
    let nothing_else = prune(Kind::Group).prune(Kind::Approval, Prune::Always).groups(&["Servers"]);
    check(
        &nothing_else,
        &live,
        &["- approval[u1][Servers] pruned", "- group[Old] pruned", "blocker pruneToEmpty approvals (empty)"],
    );
}

#[test]
fn a_group_that_holds_something_ignored_is_not_pruned() {
    let live = busy().groups(&["Kiosks"]).computer(9, "kiosk-1", &["Kiosks"]);
    let declared = prune(Kind::Group).groups(&["Servers"]);
    let deletions = ["- group[Older] pruned", "- group[Old] pruned", "- group[Kiosks] pruned"];
    check(&declared, &live, &deletions);
    let kiosks = [deletions[0], deletions[1], "warning note group[Kiosks]"];
    check(&declared.clone().ignore(&["membership[\"kiosk-*\"]"]), &live, &kiosks);
    let old = [deletions[0], deletions[2], "warning note group[Old]"];
    check(&declared.ignore(&["approval[*][\"Old\"]"]), &live, &old);
}

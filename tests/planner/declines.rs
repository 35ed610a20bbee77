//! Declines: the updates that entries yield, and the approvals that go with them.

use wsusctl::model::attribute::Attribute;
use wsusctl::plan::step::Operation;

use crate::check::{change_of, check, plan_of, text};
use crate::desired::manifest;
use crate::snapshot::{server, time};

#[test]
fn an_update_is_declined_by_id_and_by_article() {
    let live = server().update("u1", "100").update("u2", "200").expired("u3", "200");
    check(
        &manifest().decline("u1").decline("KB200"),
        &live,
        &["+ decline[u1] declared", "+ decline[u2] declared", "+ decline[u3] declared"],
    );
}

#[test]
fn a_declined_update_is_left_alone() {
    check(&manifest().decline("u1").decline("KB100"), &server().declined("u1", "100"), &[]);
}

#[test]
fn a_decline_lists_the_approvals_that_it_destroys() {
    let live = server()
        .groups(&["Servers", "Ring 0"])
        .computer(1, "pc-1", &["Servers"])
        .update("u1", "100")
        .approved("u1", "Servers", "install by 2026-12-01T18:00:00Z")
        .approved("u1", "Ring 0", "optional");
    let declared = manifest().decline("u1");
    check(&declared, &live, &["+ decline[u1] declared"]);
    let change = change_of(&plan_of(&declared, &live), "decline[u1]");
    assert_eq!(
        text(&change.before.unwrap()["approvals"]),
        "[{action=install, by=CONTOSO\\alice, deadline=null, group=Ring 0, optional=true}, \
         {action=install, by=CONTOSO\\alice, deadline=2026-12-01T18:00:00Z, group=Servers, optional=false}]"
    );
    assert_eq!((change.affects.approvals, change.affects.computers), (2, 1));
}

#[test]
fn a_decline_without_approvals_has_no_before() {
    let change = change_of(&plan_of(&manifest().decline("u1"), &server().update("u1", "100")), "decline[u1]");
    assert_eq!(change.before, None);
    assert_eq!(change.after.unwrap()["declined"], Attribute::Bool(true));
}

#[test]
fn a_decline_says_when_the_update_was_reinstated() {
    let when = time("2026-11-19T09:00:00Z");
    let live = server().update_with("u1", "100", |update| update.reinstated_at = Some(when));
    let change = change_of(&plan_of(&manifest().decline("u1"), &live), "decline[u1]");
    assert_eq!(change.changed_at, Some(when));
}

#[test]
fn an_update_declined_twice_is_declined_once() {
    check(&manifest().decline("u1").decline("KB100"), &server().update("u1", "100"), &["+ decline[u1] declared"]);
}

#[test]
fn inherit_beside_a_decline_needs_no_step_of_its_own() {
    let live = server().groups(&["Servers"]).update("u1", "100").approved("u1", "Servers", "install");
    let declared = manifest().approve("u1", &[("Servers", "inherit")]).decline("u1");
    check(&declared, &live, &["+ decline[u1] declared"]);
    let plan = plan_of(&declared, &live);
    assert!(matches!(plan.steps.as_slice(), [step] if matches!(step.operation, Operation::Decline { .. })));
}

#[test]
fn approvals_left_on_a_declined_update_are_not_declared_away() {
    let live = server().groups(&["Servers"]).declined("u1", "100").approved("u1", "Servers", "install");
    check(&manifest().decline("u1"), &live, &[]);
}

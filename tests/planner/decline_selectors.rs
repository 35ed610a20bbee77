//! Selectors of declines: approvals of the manifest keep updates from them, and what falls out of them stays declined.

use wsusctl::model::address::{Address, Kind};
use wsusctl::model::management::Prune;
use wsusctl::plan::Summary;

use crate::check::{check, plan_of};
use crate::desired::{Manifest, manifest};
use crate::snapshot::{REVISION, Server, server, time, uid};

/// u1 is superseded by u2, and u2 by u3.
fn chain() -> Server {
    server()
        .groups(&["Servers", "Ring 0"])
        .update_with("u1", "100", |update| update.superseded_by = vec![uid("u2")])
        .update_with("u2", "200", |update| update.superseded_by = vec![uid("u3")])
        .update("u3", "300")
}

fn decline(reference: &str) -> Manifest {
    manifest().decline(reference)
}

fn summary(manifest: &Manifest, server: &Server) -> Summary {
    plan_of(manifest, server).summary
}

const U1: &str = "+ decline[u1] declared";
const U2: &str = "+ decline[u2] declared";
const NOTHING: &str = "warning matchesNothing declines[0]";
const ONLY_LAPSED: &str = "warning note declines[0]";

#[test]
fn expired_superseded_and_declined_updates_are_meant_unless_a_key_says_otherwise() {
    let live = chain().expired("u4", "400").declined("u5", "500");
    let u3 = "+ decline[u3] declared";
    let u4 = "+ decline[u4] declared";
    check(&decline("select"), &live, &[U1, U2, u3, u4]);
    assert_eq!(plan_of(&decline("select"), &live).entries[0].matched, 5);
    check(&decline("select superseded=true"), &live, &[U1, U2]);
    check(&decline("select superseded=false; expired=false"), &live, &[u3]);
    check(&decline("select expired=true"), &live, &[u4]);
    // The declined update fell out of it.
    check(&decline("select expired=true; superseded=true"), &live, &[ONLY_LAPSED]);
}

#[test]
fn what_the_manifest_approves_is_kept_and_what_only_the_server_approves_is_not() {
    let live = chain().approved("u2", "Servers", "install");
    for (value, kept) in [("install", true), ("uninstall", true), ("inherit", false)] {
        let declared = decline("select superseded=true").approve("u1", &[("Ring 0", value)]);
        let plan = plan_of(&declared, &live);
        assert_eq!(plan.summary.kept, u64::from(kept), "{value}");
        assert_eq!(plan.entries[1].kept, if kept { vec![uid("u1")] } else { Vec::new() });
        assert_eq!(plan.entries[1].matched, if kept { 1 } else { 2 }, "{value}");
    }
    check(&decline("select superseded=true"), &live, &[U1, U2]);
}

#[test]
fn a_selected_approval_keeps_an_update_as_well_but_a_selected_block_does_not() {
    let install = decline("select").approve("select kb=300", &[("Servers", "install")]);
    check(&install, &chain(), &["+ approval[u3][Servers] declared action=install", U1, U2]);
    let block = decline("select kb=300").approve("select kb=300", &[("Servers", "notApproved")]);
    check(&block, &chain(), &["+ decline[u3] declared", "skipped declined decline[u3]"]);
    // An entry that names the update beats the selector, whatever it says.
    let named = decline("select kb=300").approve("u3", &[("Servers", "notApproved")]);
    check(&named, &chain(), &["+ approval[u3][Servers] declared action=notApproved"]);
    assert_eq!(summary(&named, &chain()).kept, 1);
}

#[test]
fn an_update_that_is_declined_is_left_out_of_every_selector_that_blocks_it_and_matched_by_none() {
    // Both selectors yield the same approval of u3; u1 and u2 stay with the first.
    let manifest = decline("select kb=300")
        .approve("select superseded=true", &[("Servers", "notApproved")])
        .approve("select", &[("Servers", "notApproved")])
        .approve("select kb=300", &[("Servers", "notApproved"), ("Ring 0", "inherit")]);
    let plan = plan_of(&manifest, &chain());
    let of_entry = |index: usize| (plan.entries[index].matched, plan.entries[index].skipped.len());
    assert_eq!((of_entry(0), of_entry(1)), ((2, 0), (0, 1)), "{:#?}", plan.entries);
    // Where the entry declares something that a decline leaves true, the update is its still.
    assert_eq!(of_entry(2), (1, 1), "{:#?}", plan.entries[2]);
    assert_eq!(plan.summary.skipped, 2);
}

#[test]
fn superseded_updates_wait_for_the_approval_of_those_that_supersede_them() {
    let declared = decline("select supersedingApproved=true");
    check(&declared, &chain(), &[NOTHING]);
    // Of whatever group and revision, approved by the manifest or on the server.
    check(
        &declared.clone().approve("select kb=300", &[("Ring 0", "install")]),
        &chain(),
        &["+ approval[u3][Ring 0] declared action=install", U2],
    );
    let old = |row: &mut wsusctl::model::snapshot::Deployment| row.revision = REVISION - 1;
    check(&declared, &chain().approved_with("u3", "Servers", "install", old), &[U2]);
    // Other actions do not count.
    check(&declared, &chain().approved("u3", "Servers", "notApproved"), &[NOTHING]);
    check(&declared, &chain().approved("u3", "Servers", "uninstall"), &[NOTHING]);
    check(&decline("select supersedingApproved=false; superseded=true"), &chain(), &[U1, U2]);
}

#[test]
fn an_approval_that_the_plan_takes_away_supersedes_nothing() {
    let live = chain().approved("u3", "Servers", "install");
    let declared = || decline("select supersedingApproved=true");
    let removed = "- approval[u3][Servers] declared";
    check(&declared().approve("u3", &[("Servers", "inherit")]), &live, &[removed, NOTHING]);
    let blocks = "~ approval[u3][Servers] differs action: install -> notApproved";
    check(&declared().approve("u3", &[("Servers", "notApproved")]), &live, &[blocks, NOTHING]);
    let pruned = declared().prune(Kind::Approval, Prune::Always).approve("KB100", &[("Servers", "install")]);
    assert!(plan_of(&pruned, &live).entries[1].updates.is_empty());
    check(&declared().decline("u3"), &live, &["+ decline[u3] declared", NOTHING]);
    let regrouped = declared().groups(&["Ring 0"]).prune(Kind::Group, Prune::Always);
    check(&regrouped, &live, &["- group[Servers] pruned", NOTHING]);
    // One that only lapsed stays, and so it counts.
    let lapsed = pruned.approve("select kb=300; arrivedWithin=1", &[("Servers", "install")]);
    assert_eq!(plan_of(&lapsed, &live).entries[2].updates, [uid("u2")]);
}

#[test]
fn a_declined_update_supersedes_nothing_even_where_the_same_selector_declines_it() {
    let live = chain().approved("u2", "Servers", "install").approved("u3", "Servers", "install");
    // u2 goes because u3 is approved, and with it the approval that u1 would go for.
    check(&decline("select supersedingApproved=true"), &live, &[U2]);
    let both = live.update_with("u1", "100", |update| update.superseded_by = vec![uid("u2"), uid("u3")]);
    check(&decline("select supersedingApproved=true"), &both, &[U1, U2]);
}

#[test]
fn updates_that_supersede_each_other_in_a_circle_come_to_an_end() {
    let live = chain()
        .update_with("u3", "300", |update| update.superseded_by = vec![uid("u1"), uid("u3")])
        .approved("u1", "Servers", "install");
    check(&decline("select supersedingApproved=true"), &live, &["+ decline[u3] declared"]);
}

#[test]
fn a_long_chain_is_no_deeper_than_a_short_one() {
    let length = 5_000;
    let mut live = server().groups(&["Servers"]);
    for number in 1..=length {
        live = live.update_with(&format!("u{number}"), "100", |update| {
            update.superseded_by = vec![uid(&format!("u{}", number + 1))];
        });
    }
    let last = format!("u{length}");
    let plan = plan_of(&decline("select supersedingApproved=true"), &live.approved(&last, "Servers", "install"));
    assert_eq!(plan.summary.create, 1);
}

#[test]
fn a_decline_that_falls_out_of_a_selector_is_lapsed_and_never_pruned() {
    let live = server()
        .update_with("u1", "100", |update| {
            update.declined = true;
            update.arrived_at = time("2026-01-01T00:00:00Z");
        })
        .declined("u2", "200");
    for conditions in [
        "kb=100; superseded=true",
        "kb=100; expired=true",
        "kb=100; arrivedWithin=3",
        "kb=100; createdBefore=2026-01-01T00:00:00Z",
        "kb=100; supersedingApproved=true",
        "kb=100; neededBy=1-",
    ] {
        let declared = decline(&format!("select {conditions}"));
        check(&declared, &live, &[ONLY_LAPSED]);
        let entry = plan_of(&declared, &live).entries[0].clone();
        assert_eq!(entry.lapsed, [Address::Decline(uid("u1"))], "{conditions}");
        let own = format!("decline[\"{}\"]", uid("u1"));
        let hidden = plan_of(&declared.clone().ignore(&[&own]), &live).summary;
        assert_eq!((hidden.lapsed, hidden.ignored, hidden.unmanaged[&Kind::Decline]), (0, 1, 1), "{conditions}");
        let numbers = summary(&declared, &live);
        assert_eq!((numbers.lapsed, numbers.unmanaged[&Kind::Decline]), (1, 1), "{conditions}");
        let plan = plan_of(&declared.prune(Kind::Decline, Prune::Always), &live);
        assert_eq!((plan.summary.delete, plan.summary.lapsed), (1, 1), "{conditions}");
    }
    // Another severity never was the selector's.
    assert_eq!(summary(&decline("select severity=Low; expired=true"), &live).lapsed, 0);
}

#[test]
fn a_declined_update_that_is_still_meant_is_declared() {
    let live = server().declined("u1", "100");
    let declared = decline("select kb=100").prune(Kind::Decline, Prune::Always);
    check(&declared, &live, &[]);
    let numbers = summary(&declared, &live);
    assert_eq!((numbers.managed[&Kind::Decline], numbers.lapsed), (1, 0));
}

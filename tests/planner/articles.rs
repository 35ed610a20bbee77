//! A bare KB yields all its latest, deployable updates; what is left out is listed.

use crate::check::{check, check_allowing, lines, plan_of, plan_with};
use crate::desired::{Manifest, manifest};
use crate::snapshot::{Server, cid, server};

fn live() -> Server {
    server().groups(&["Servers", "Ring 0"]).update("u1", "100").update("u2", "100").update("u3", "300")
}

fn approve(reference: &str) -> Manifest {
    manifest().approve(reference, &[("Servers", "install")])
}

const U1: &str = "+ approval[u1][Servers] declared action=install";
const U2: &str = "+ approval[u2][Servers] declared action=install";

#[test]
fn an_article_means_all_its_updates() {
    check(&approve("KB100"), &live(), &[U1, U2]);
    assert_eq!(plan_of(&approve("KB100"), &live()).entries[0].matched, 2);
}

#[test]
fn parts_of_bundles_are_not_meant() {
    let live = live().update_with("u4", "100", |update| update.deployable = false);
    check(&approve("KB100;expect=2"), &live, &[U1, U2]);
}

#[test]
fn title_and_product_narrow() {
    let live = server()
        .groups(&["Servers"])
        .update_with("u1", "100", |update| update.title = "Update for x64-based Systems".into())
        .update_with("u2", "100", |update| update.categories = vec![cid("Windows Server 2022")]);
    check(&approve("KB100;title=*X64*"), &live, &[U1]);
    check(&approve("KB100;product=windows server 2022"), &live, &[U2]);
    check(&approve("KB100;title=*x64*;product=Windows Server 2022"), &live, &["error nothing-matches line 4"]);
}

#[test]
fn expect_holds_or_is_an_error() {
    check(&approve("KB100;expect=2"), &live(), &[U1, U2]);
    check(&approve("KB100;expect=3"), &live(), &["error unexpected-count line 4"]);
}

#[test]
fn expect_counts_before_anything_is_left_out() {
    let live = live().declined("u4", "100").expired("u5", "100");
    check(
        &approve("KB100;expect=4"),
        &live,
        &[U1, U2, "skipped declined approval[u4][Servers]", "skipped expired approval[u5][Servers]"],
    );
    check(&approve("KB100;expect=2"), &live, &["error unexpected-count line 4"]);
}

#[test]
fn declined_and_expired_updates_are_left_out_while_another_remains() {
    let live = server().groups(&["Servers"]).update("u1", "100").declined("u2", "100").expired("u3", "100");
    check(
        &approve("KB100"),
        &live,
        &[U1, "skipped declined approval[u2][Servers]", "skipped expired approval[u3][Servers]"],
    );
    let plan = plan_of(&approve("KB100"), &live);
    assert_eq!((plan.entries[0].matched, plan.summary.skipped), (1, 2));
}

#[test]
fn an_article_whose_updates_are_all_declined_waits_for_a_permission_alone() {
    let live = server().groups(&["Servers"]).declined("u1", "100").declined("u2", "100");
    check(
        &approve("KB100"),
        &live,
        &[
            "unsupported allDeclined approvals[0]",
            "skipped declined approval[u1][Servers]",
            "skipped declined approval[u2][Servers]",
        ],
    );
    let message = plan_of(&approve("KB100"), &live).unsupported[0].message.clone();
    for part in ["KB100", "Update u1", "does not record", "--allow reinstate", "id"] {
        assert!(message.contains(part), "{message}");
    }
    // The rest of the manifest does not wait for it.
    let both = approve("KB100").groups(&["Servers", "New"]);
    assert_eq!(lines(&plan_of(&both, &live))[0], "+ group[New] declared");
    check_allowing(
        &approve("KB100"),
        &live,
        &["reinstate"],
        &[
            "+ approval[u1][Servers] declared action=install",
            "+ approval[u2][Servers] declared action=install",
            "- decline[u1] reinstated",
            "- decline[u2] reinstated",
        ],
    );
    // What the manifest declines, and what has an update left, stays as it is.
    let left = live.clone().update("u3", "100");
    assert_eq!(plan_with(&approve("KB100"), &left, &["reinstate"]).unwrap().changes.len(), 1);
}

#[test]
fn where_only_expired_updates_remain_they_stay_in_and_block() {
    let live = server().groups(&["Servers"]).declined("u1", "100").expired("u2", "100");
    check(
        &approve("KB100"),
        &live,
        &[U2, "blocker expired approval[u2][Servers] (no permission)", "skipped declined approval[u1][Servers]"],
    );
}

#[test]
fn an_expired_update_with_an_approval_stays_in() {
    let live = server()
        .groups(&["Servers"])
        .update("u1", "100")
        .expired("u2", "100")
        .approved("u1", "Servers", "install")
        .approved("u2", "Servers", "install");
    check(&approve("KB100"), &live, &[]);
    assert_eq!(plan_of(&approve("KB100"), &live).entries[0].matched, 2);
}

#[test]
fn an_expired_update_is_left_out_for_groups_it_is_not_approved_for() {
    let live = server()
        .groups(&["Servers", "Ring 0"])
        .update("u1", "100")
        .expired("u2", "100")
        .approved("u1", "Servers", "install")
        .approved("u1", "Ring 0", "install")
        .approved("u2", "Servers", "install");
    let declared = manifest().approve("KB100", &[("Servers", "install"), ("Ring 0", "install")]);
    check(&declared, &live, &["skipped expired approval[u2][Ring 0]"]);
}

#[test]
fn an_approval_on_one_left_out_is_lapsed() {
    let live = server()
        .groups(&["Servers"])
        .update("u1", "100")
        .approved("u1", "Servers", "install")
        .expired("u2", "100")
        .approved_with("u2", "Servers", "install", |row| row.revision = 100)
        .declined("u3", "100")
        .approved("u3", "Servers", "install");
    let expected = ["skipped expired approval[u2][Servers]", "skipped declined approval[u3][Servers]"];
    check(&approve("KB100"), &live, &expected);
    assert_eq!(plan_of(&approve("KB100"), &live).summary.lapsed, 2);
}

#[test]
fn inherit_takes_every_update_of_the_article() {
    let live = server().groups(&["Servers"]).declined("u1", "100").expired("u2", "100").approved_with(
        "u2",
        "Servers",
        "install",
        |row| row.revision = 100,
    );
    check(&manifest().approve("KB100", &[("Servers", "inherit")]), &live, &["- approval[u2][Servers] declared"]);
}

#[test]
fn an_id_reinstates_what_the_article_would_leave_out() {
    let live = server().groups(&["Servers"]).update("u1", "100").declined("u2", "100");
    let declared = approve("KB100").approve("u2", &[("Servers", "install")]);
    check(&declared, &live, &[U1, U2, "- decline[u2] reinstated"]);
}

#[test]
fn an_article_contradicts_an_id_before_the_update_is_back_already() {
    let live = server().groups(&["Servers"]).update("u1", "100").declined("u2", "100");
    let declared = approve("KB100").approve("u2", &[("Servers", "uninstall")]);
    check(&declared, &live, &["error contradicting-approvals line 7"]);
}

#[test]
fn an_update_of_two_articles_is_one() {
    let live = server().groups(&["Servers"]).update_with("u1", "100", |update| {
        update.kbs = vec!["100".into(), "200".into()];
    });
    check(&approve("KB100").approve("KB200", &[("Servers", "install")]), &live, &[U1]);
}

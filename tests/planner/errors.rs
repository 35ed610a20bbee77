//! Errors: all of them at once, with their places, near matches and ids.

use wsusctl::diagnostic::{Diagnostic, Diagnostics};

use crate::check::{check, error_lines, plan_with};
use crate::desired::{Manifest, manifest};
use crate::snapshot::{Server, gid, server, uid};

fn errors(manifest: &Manifest, server: &Server) -> Diagnostics {
    plan_with(manifest, server, &[]).unwrap_err()
}

fn only(manifest: &Manifest, server: &Server, code: &str) -> Diagnostic {
    let errors = errors(manifest, server);
    assert_eq!(errors.0.len(), 1, "{:#?}", error_lines(&errors));
    assert_eq!(errors.0[0].code, code);
    errors.0[0].clone()
}

#[test]
fn an_unknown_article_says_that_a_synchronisation_may_bring_it() {
    let error = only(&manifest().approve("KB5060527", &[("All Computers", "install")]), &server(), "unknown-kb");
    assert!(error.help.iter().any(|help| help.contains("synchronisation")), "{:?}", error.help);
    assert!(error.detail.contains("KB5060527"));
    assert_eq!(error.primary.unwrap().origin.line, 3);
}

#[test]
fn near_articles_are_named_where_the_snapshot_has_some() {
    let live = server().groups(&["Servers"]).update("u1", "5060526");
    let declared =
        manifest().approve("KB5060526", &[("Servers", "install")]).approve("KB5060527", &[("Servers", "install")]);
    let error = only(&declared, &live, "unknown-kb");
    assert_eq!(error.help[0], "did you mean `KB5060526`?");
}

#[test]
fn an_unknown_update_is_an_error() {
    let error = only(&manifest().decline("u9"), &server(), "unknown-update");
    assert!(error.detail.contains(&uid("u9").to_string()));
}

#[test]
fn a_part_of_a_bundle_cannot_be_named() {
    let live = server().groups(&["Servers"]).update_with("u1", "100", |update| update.deployable = false);
    only(&manifest().approve("u1", &[("Servers", "install")]), &live, "not-deployable");
    only(&manifest().decline("u1"), &live, "not-deployable");
    let error = only(&manifest().approve("KB100", &[("Servers", "install")]), &live, "not-deployable");
    assert!(error.help[0].starts_with(&uid("u1").to_string()), "{:?}", error.help);
}

#[test]
fn another_number_than_expected_lists_what_was_found() {
    let live = server().groups(&["Servers"]).update("u1", "100").update("u2", "100");
    let declared = manifest().approve("KB100;expect=1", &[("Servers", "install")]);
    let error = only(&declared, &live, "unexpected-count");
    assert!(error.detail.contains("KB100 means 2 updates here, and 1 is expected"), "{}", error.detail);
    assert_eq!(error.help.len(), 2);
    assert!(error.help[1].contains("Update u2"));
}

#[test]
fn narrowing_to_nothing_lists_the_candidates_and_near_products() {
    let live = server().groups(&["Servers"]).update("u1", "100");
    let declared = manifest().approve("KB100;product=Windows 12", &[("Servers", "install")]);
    let error = only(&declared, &live, "nothing-matches");
    assert_eq!(error.help[0], "did you mean `Windows 11`?");
    assert!(error.help[1].contains("Update u1"));
}

#[test]
fn an_unknown_group_has_near_matches_among_declared_and_live_ones() {
    let live = server().groups(&["Servers"]).update("u1", "100");
    let error = only(&manifest().approve("u1", &[("Severs", "install")]), &live, "unknown-group");
    assert_eq!(error.help, ["did you mean `Servers`?"]);
    let declared = manifest().groups(&["Ring 0"]).approve("u1", &[("Ring O", "install")]);
    assert_eq!(
        only(&declared, &live, "unknown-group").help,
        ["did you mean `Ring 0`? it looks the same: what is written has U+004F (O), that one has U+0030 (0)"]
    );
    // A path of groups, as other tools write it, ends in the name.
    for path in ["All Computers/Servers", "All Computers\\Servers", "All Computers > servers"] {
        let error = only(&manifest().approve("u1", &[(path, "install")]), &live, "unknown-group");
        assert!(error.help[0].to_lowercase().ends_with("write `servers`"), "{:?}", error.help);
    }
    let error = only(&manifest().approve("u1", &[("All Computers/Severs", "install")]), &live, "unknown-group");
    assert_eq!(error.help, ["did you mean `Servers`?"]);
    let error = only(&manifest().approve("u1", &[("All Computer", "install")]), &live, "unknown-group");
    assert_eq!(error.help, ["did you mean `All Computers`?"]);
}

#[test]
fn the_built_in_groups_are_not_called_by_their_names_on_the_server() {
    let live = server().update("u1", "100");
    let error = only(&manifest().approve("u1", &[("Alle Computer", "install")]), &live, "built-in-group");
    assert!(error.help[0].contains("`All Computers`"), "{:?}", error.help);
    only(&manifest().groups(&["alle computer"]), &live, "built-in-group");
}

#[test]
fn several_groups_of_one_name_are_ambiguous() {
    let mut live = server().groups(&["Servers"]).update("u1", "100");
    let mut twin = live.snapshot.groups[&gid("Servers")].clone();
    twin.id = uid("u77");
    live.snapshot.groups.insert(twin.id, twin);
    let error = only(&manifest().approve("u1", &[("Servers", "install")]), &live, "ambiguous-group");
    assert!(error.help.iter().any(|help| help.contains(&uid("u77").to_string())));
    only(&manifest().groups(&["Servers"]), &live, "ambiguous-group");
}

#[test]
fn entries_that_disagree_are_cited_both() {
    let live = server().groups(&["Servers"]).update("u1", "100").update("u2", "100");
    let declared = manifest().approve("KB100", &[("Servers", "install")]).approve("u1", &[("servers", "uninstall")]);
    let error = only(&declared, &live, "contradicting-approvals");
    assert_eq!((error.primary.unwrap().origin.line, error.secondary[0].origin.line), (7, 4));
    assert!(error.detail.contains(&format!("{} (Update u1 (KB100))", uid("u1"))), "{}", error.detail);
}

#[test]
fn inherit_disagrees_with_an_approval() {
    let live = server().groups(&["Servers"]).update("u1", "100");
    let declared = manifest().approve("u1", &[("Servers", "install")]).approve("KB100", &[("Servers", "inherit")]);
    only(&declared, &live, "contradicting-approvals");
}

#[test]
fn an_update_cannot_be_approved_and_declined() {
    let live = server().groups(&["Servers"]).update("u1", "100");
    let declared = manifest().approve("u1", &[("Servers", "install")]).decline("KB100");
    let error = only(&declared, &live, "approved-and-declined");
    assert_eq!((error.primary.unwrap().origin.line, error.secondary[0].origin.line), (5, 4));
    only(&manifest().approve("u1", &[("Servers", "notApproved")]).decline("u1"), &live, "approved-and-declined");
}

#[test]
fn not_approved_is_impossible_for_all_computers() {
    let live = server().update("u1", "100");
    only(&manifest().approve("u1", &[("All Computers", "notApproved")]), &live, "not-approved-for-all");
}

#[test]
fn a_group_that_would_have_to_be_created_needs_a_possible_name() {
    let error = only(&manifest().groups(&["R&D (old)"]), &server(), "forbidden-group-name");
    assert!(error.detail.contains("& ( )"), "{}", error.detail);
    only(&manifest().groups(&["x".repeat(256).as_str()]), &server(), "long-group-name");
    check(
        &manifest().groups(&["x".repeat(255).as_str()]),
        &server(),
        &[&format!("+ group[{}] declared", "x".repeat(255))],
    );
    check(&manifest().groups(&["100 %, a-b_c. d?"]), &server(), &["+ group[100 %, a-b_c. d?] declared"]);
}

#[test]
fn all_problems_are_reported_at_once_in_the_order_of_the_manifest() {
    let live = server().groups(&["Servers"]).update("u1", "100");
    let declared = manifest()
        .groups(&["Bad|Name"])
        .approve("KB999", &[("Severs", "install"), ("All Computers", "notApproved")])
        .decline("u9");
    check(
        &declared,
        &live,
        &[
            "error forbidden-group-name line 2",
            "error unknown-kb line 4",
            "error unknown-group line 5",
            "error not-approved-for-all line 6",
            "error unknown-update line 8",
        ],
    );
}

#[test]
fn summaries_hold_no_text_of_the_user() {
    let live = server().groups(&["Servers"]).update("u1", "100");
    let declared = manifest()
        .groups(&["Bad|Name"])
        .approve("KB999", &[("Severs", "install")])
        .approve("u1", &[("Servers", "install")])
        .decline("u1");
    for error in errors(&declared, &live).0 {
        for word in ["Bad", "999", "Severs", "Servers"] {
            assert!(!error.summary.contains(word), "{}", error.summary);
        }
    }
}

#[test]
fn ten_thousand_unknown_names_do_not_take_the_square_of_the_time() {
    let (mut live, mut declared) = (server().groups(&["Servers"]), manifest());
    for number in 0..3_000 {
        live = live.update(&format!("u{number}"), &format!("{}", 5_000_000 + number));
        declared = declared.approve(&format!("KB{}", 5_000_000 + number), &[("Servers", "install")]);
        declared = declared.approve(&format!("KB{}", 6_000_000 + number), &[("Servers", "install")]);
    }
    let begin = std::time::Instant::now();
    let errors = errors(&declared, &live);
    assert_eq!(errors.0.len(), 3_000);
    assert!(errors.0[0].help[0].contains("did you mean"), "{:?}", errors.0[0].help);
    assert!(begin.elapsed().as_secs() < 20, "nine million comparisons");
}

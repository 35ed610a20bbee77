//! Summaries, scopes, digests, and what was not read.

use wsusctl::model::address::Kind;
use wsusctl::model::management::Prune;
use wsusctl::model::scope::ReadScope;
use wsusctl::plan::plan;
use wsusctl::report::text::{TextOptions, render_plan};
use wsusctl::resolve::{resolve, scope};

use crate::check::{lines, plan_of, policy};
use crate::desired::{Manifest, manifest};
use crate::snapshot::{Server, now, server, uid};

fn busy() -> Server {
    server()
        .groups(&["Servers", "Other", "Kiosk 1"])
        .computer(1, "pc-1", &["Servers"])
        .computer(2, "pc-2", &["Other"])
        .computer(3, "pc-3", &[])
        .update("u1", "100")
        .update("u2", "200")
        .declined("u3", "300")
        .declined("u4", "400")
        .approved("u1", "Servers", "install")
        .approved("u2", "Servers", "install")
        .automatic("u2", "Other")
}

fn some() -> Manifest {
    manifest()
        .groups(&["Servers", "New"])
        .computers("Servers", &["pc-1", "pc-9"])
        .approve("u1", &[("Servers", "uninstall"), ("New", "install")])
        .decline("u3")
}

#[test]
fn the_summary_counts_every_kind() {
    let summary = plan_of(&some(), &busy()).summary;
    assert_eq!((summary.create, summary.modify, summary.delete), (2, 1, 0));
    let numbers = |numbers: &std::collections::BTreeMap<Kind, u64>| {
        [Kind::Group, Kind::Membership, Kind::Approval, Kind::Decline].map(|kind| numbers[&kind])
    };
    assert_eq!(numbers(&summary.managed), [2, 1, 2, 1]);
    assert_eq!(numbers(&summary.unmanaged), [2, 1, 1, 1]);
    assert_eq!((summary.automatic, summary.lapsed, summary.pending, summary.ignored), (1, 0, 1, 0));
}

#[test]
fn what_is_ignored_is_counted_and_nothing_else() {
    let declared = some().ignore(&["group[\"Kiosk *\"]", "approval[*][\"Other\"]", "membership[\"pc-2\"]"]);
    let summary = plan_of(&declared, &busy()).summary;
    assert_eq!(summary.ignored, 3);
    assert_eq!((summary.unmanaged[&Kind::Group], summary.unmanaged[&Kind::Membership]), (1, 0));
    assert_eq!((summary.unmanaged[&Kind::Approval], summary.automatic), (1, 0));
}

fn text_of(manifest: &Manifest, server: &Server) -> String {
    let options = TextOptions { color: false, width: 0, explain: false };
    render_plan(&plan_of(manifest, server), &wsusctl::diagnostic::Sources::default(), &options)
}

/// Two groups of three and one computer of two are pruned: each is counted once, among the changes.
#[test]
fn what_pruning_takes_is_not_left_alone_as_well() {
    let live = server().groups(&["A", "B", "C", "C/Kept"]).computer(1, "pc-1", &["A", "B"]).computer(2, "pc-2", &["C"]);
    let declared = manifest().groups(&["A", "B"]).computers("A", &[]).ignore(&["group[\"Kept\"]"]);
    let declared = declared.prune(Kind::Membership, Prune::Always);
    let text = text_of(&declared, &live);
    assert!(text.contains("# 1 group, 1 membership are not declared and stay as they are"), "{text}");
    assert!(text.contains("0 to create, 1 to modify, 0 to delete. 1 of 3 managed objects (33.33 %)"), "{text}");
    let declared = manifest().groups(&["A"]).prune(Kind::Group, Prune::Always);
    let live = server().groups(&["A", "B", "C", "D"]);
    assert!(text_of(&declared.clone().groups(&["C"]), &live).contains("2 of 4 managed objects (50.00 %)"));
    let live = live.update("u1", "100").approved("u1", "A", "install");
    let text = text_of(&declared, &live);
    assert!(text.contains("# 1 approval is not declared and stays as it is"), "{text}");
    // What goes with a deleted group or a declined update is not left alone, whether it was read or not.
    let live = live
        .update("u2", "200")
        .approved("u1", "B", "install")
        .automatic("u2", "B")
        .approved("u2", "A", "install")
        .automatic("u1", "D");
    let summary = plan_of(&declared.decline("u2"), &live).summary;
    assert_eq!((summary.unmanaged[&Kind::Approval], summary.automatic), (1, 0));
}

#[test]
fn a_share_is_never_more_than_everything() {
    let live = server().groups(&["A"]).declined("u1", "100");
    let text = text_of(&manifest().approve("u1", &[("A", "install")]), &live);
    assert!(text.contains("1 to create, 0 to modify, 1 to delete. 2 of 2 managed objects (100.00 %)"), "{text}");
}

#[test]
fn the_scope_is_what_is_declared() {
    assert_eq!(scope(&manifest().desired, now()), ReadScope::default());
    let found = scope(&some().approve("KB200", &[("Servers", "install")]).desired, now());
    assert!(found.computers && !found.approved_updates && !found.declined_updates);
    assert_eq!(found.update_ids.into_iter().collect::<Vec<_>>(), [uid("u1"), uid("u3")]);
    assert_eq!(found.kbs.into_iter().collect::<Vec<_>>(), ["200"]);
    let selected = scope(&manifest().approve("select kb=200", &[("Servers", "install")]).desired, now());
    assert_eq!(
        (selected.kbs.len(), selected.selector_kbs.into_iter().collect::<Vec<_>>()),
        (0, vec!["200".to_owned()])
    );
    assert!(!scope(&manifest().groups(&["A"]).desired, now()).computers);
}

#[test]
fn pruning_and_ignoring_widen_the_scope() {
    let wide = |manifest: Manifest| {
        let scope = scope(&manifest.desired, now());
        (scope.computers, scope.approved_updates, scope.declined_updates)
    };
    assert_eq!(wide(manifest().prune(Kind::Membership, Prune::Confirm)), (true, false, false));
    assert_eq!(wide(manifest().prune(Kind::Approval, Prune::Confirm)), (false, true, false));
    assert_eq!(wide(manifest().prune_automatic(Prune::Always)), (false, true, false));
    assert_eq!(wide(manifest().prune(Kind::Decline, Prune::Always)), (false, false, true));
    assert_eq!(wide(manifest().ignore(&["group[\"Kiosk *\"]"])), (false, false, false));
    assert_eq!(wide(manifest().ignore(&["approval[*][\"Kiosk\"]"])), (false, true, false));
    assert_eq!(wide(manifest().ignore(&["*Kiosk*"])), (true, true, true));
}

#[test]
fn nothing_is_concluded_from_what_was_not_read() {
    let declared = some().prune_all(Prune::Always).prune_automatic(Prune::Always);
    let narrow = busy().read(&ReadScope::default());
    let resolved = resolve(&declared.desired, &narrow, now()).unwrap();
    let plan = plan(&resolved, &narrow, &policy(&[]));
    let outside: Vec<String> = lines(&plan).into_iter().filter(|line| line.contains("outsideScope")).collect();
    assert_eq!(
        outside,
        [
            "blocker outsideScope approval[u1][New] (no permission)",
            "blocker outsideScope approval[u1][Servers] (no permission)",
            "blocker outsideScope decline[u3] (no permission)",
            "blocker outsideScope memberships (no permission)",
            "blocker outsideScope approvals (no permission)",
            "blocker outsideScope declines (no permission)",
            "blocker outsideScope rules (no permission)",
        ]
    );
    assert!(plan.pending.is_empty(), "computers that were not read are not pending");
}

#[test]
fn an_article_that_was_not_read_is_not_unknown() {
    let narrow = busy().read(&ReadScope::default());
    let errors = resolve(&manifest().decline("KB200").desired, &narrow, now()).unwrap_err();
    assert_eq!(errors.0[0].code, "outside-scope");
}

#[test]
fn the_digest_is_of_what_changes_on_this_server() {
    let digest = |manifest: &Manifest, server: &Server| plan_of(manifest, server).digest();
    let original = digest(&some(), &busy());
    assert_eq!(original.len(), 64);
    assert_eq!(original, digest(&some(), &busy()));
    assert_ne!(original, digest(&some().decline("u2").approve("u1", &[]), &busy()));
    assert_ne!(original, digest(&manifest(), &busy()));
    let mut elsewhere = busy();
    elsewhere.snapshot.server.server_id = uid("u99");
    assert_ne!(original, digest(&some(), &elsewhere));
}

#[test]
fn the_digest_leaves_display_places_and_times_out() {
    let mut plan = plan_of(&some(), &busy());
    let original = plan.digest();
    plan.taken_at = crate::snapshot::time("2030-01-01T00:00:00Z");
    for change in &mut plan.changes {
        change.label = Some("other".into());
        change.origin = None;
        change.changed_by = None;
        change.reason.text = "other".into();
    }
    plan.changes.reverse();
    assert_eq!(plan.digest(), original);
    plan.changes[0].after = None;
    assert_ne!(plan.digest(), original);
}

/// The canonical form must not change from release to release: saved plans hold it. Computed by hand from its
/// description in Python as well.
#[test]
fn the_digest_of_a_known_plan() {
    let live = server().groups(&["Servers"]).update("u1", "100");
    let plan = plan_of(&manifest().approve("u1", &[("Servers", "install in 7 at 18:00")]), &live);
    assert_eq!(plan.digest(), "a9a72133ad8f3294911d23f5ba734c954812fb45e6416d7eb1739770f9a28455");
}

//! Declared downstream servers, which are found out about, and older entries of a name, which are pruned.

use chrono::TimeDelta;
use wsusctl::model::address::Kind;
use wsusctl::model::desired::DesiredDownstreamServer;
use wsusctl::model::listing::ListedDownstreamServer;
use wsusctl::model::management::Prune;
use wsusctl::model::procedure::Procedure;

use crate::check::{check, check_allowing, plan_of};
use crate::desired::{Manifest, manifest};
use crate::snapshot::{Server, server, time, uid};

fn declare(name: &str, replica: Option<bool>, days: Option<i64>) -> Manifest {
    let mut manifest = manifest();
    let origin = manifest.origin();
    let max_sync_age = days.map(TimeDelta::days);
    manifest.desired.downstream_servers.push(DesiredDownstreamServer {
        name: name.into(),
        replica,
        max_sync_age,
        origin,
    });
    manifest
}

/// Servers by name, mode and the day of November on which they synchronised last, at noon.
fn live(entries: &[(&str, bool, Option<u32>)]) -> Server {
    let mut server = server();
    let entry = |(index, (name, replica, day)): (usize, &(&str, bool, Option<u32>))| ListedDownstreamServer {
        name: (*name).into(),
        server_id: Some(uid(&format!("u{}", index + 1))),
        replica: *replica,
        parent: None,
        synchronized_at: day.map(|day| time(&format!("2026-11-{day:02}T12:00:00Z"))),
        rolled_up_at: None,
        version: None,
        below: 0,
        computers: 0,
    };
    server.snapshot.downstream_servers = Some(entries.iter().enumerate().map(entry).collect());
    server
}

#[test]
fn ages_count_back_from_now_and_the_limit_itself_is_young_enough() {
    let branch = live(&[("Branch", true, Some(18))]);
    check(&declare("branch ", Some(true), Some(2)), &branch, &[]);
    check(&declare("branch", None, Some(1)), &branch, &["finding downstreamStale downstream[branch]"]);
    check(&declare("branch", None, None), &live(&[("Branch", true, None)]), &[]);
    let never = live(&[("Branch", true, None)]);
    check(&declare("branch", None, Some(3650)), &never, &["finding downstreamStale downstream[branch]"]);
}

#[test]
fn missing_servers_and_other_modes() {
    let branch = live(&[("Branch", true, Some(18))]);
    check(&declare("Branch", Some(false), None), &branch, &["finding downstreamMode downstream[Branch]"]);
    check(&declare("Other", None, None), &branch, &["finding downstreamMissing downstream[Other]"]);
    check(&manifest(), &branch, &[]);
}

#[test]
fn the_entry_that_synchronised_last_is_the_server() {
    let several = live(&[("Branch", false, Some(1)), ("branch", true, Some(19)), ("BRANCH", false, None)]);
    let duplicate = "finding downstreamDuplicate downstream[Branch]";
    check(&declare("Branch", Some(true), Some(2)), &several, &[duplicate, duplicate]);
}

fn pruning(manifest: Manifest, prune: Prune, days: i64) -> Manifest {
    let mut manifest = manifest.prune(Kind::Downstream, prune);
    manifest.desired.management.downstream_servers_age = Some(TimeDelta::days(days));
    manifest
}

fn change(server: &mut Server, index: usize, change: impl FnOnce(&mut ListedDownstreamServer)) {
    change(&mut server.snapshot.downstream_servers.as_mut().unwrap()[index]);
}

#[test]
fn what_is_known_of_declared_servers_is_in_the_plan() {
    let mut branch = live(&[("Branch", true, Some(18)), ("branch", true, Some(2)), ("Other", false, None)]);
    change(&mut branch, 0, |entry| entry.computers = 7);
    let plan = plan_of(&declare("branch", None, None), &branch);
    let known = plan.downstream_servers[0].live.as_ref().unwrap();
    assert_eq!((known.name.as_str(), known.server_id, known.computers), ("Branch", Some(uid("u1")), 7));
    assert_eq!(plan.summary.unmanaged[&Kind::Downstream], 2);
    assert_eq!(plan_of(&declare("none", None, None), &branch).downstream_servers[0].live, None);
}

#[test]
fn older_entries_of_a_name_are_pruned_declared_or_not() {
    let entries =
        [("Branch", true, Some(20)), ("branch", true, Some(9)), ("Lone", true, Some(1)), ("BRANCH ", false, Some(1))];
    let several = live(&entries);
    let gone = ["- downstream[branch][u2] pruned", "- downstream[BRANCH ][u4] pruned"];
    check(&pruning(declare("branch", Some(true), None), Prune::Always, 5), &several, &gone);
    check(&pruning(manifest(), Prune::Always, 5), &several, &gone);
    // An entry without another of its name is a server, however old it is.
    let kept = "finding downstreamDuplicate downstream[Branch]";
    check(&pruning(manifest(), Prune::Always, 15), &several, &[gone[1], kept]);
    check(&pruning(manifest(), Prune::Never, 5), &several, &[]);
    check(
        &pruning(declare("branch", None, None), Prune::Never, 5),
        &several,
        &["finding downstreamDuplicate downstream[branch]", "finding downstreamDuplicate downstream[branch]"],
    );
    let asks = [gone[0], gone[1], "blocker pruneConfirm downstreamServers (downstreamServers.delete)"];
    check(&pruning(manifest(), Prune::Confirm, 5), &several, &asks);
    check_allowing(&pruning(manifest(), Prune::Confirm, 5), &several, &["downstreamServers.delete"], &gone);
}

#[test]
fn what_may_be_the_server_after_all_is_kept() {
    let pair = || live(&[("Branch", true, Some(20)), ("branch", true, Some(1))]);
    let gone = ["- downstream[branch][u2] pruned"];
    let kept = ["finding downstreamDuplicate downstream[Branch]"];
    let declared = || pruning(declare("Branch", None, None), Prune::Always, 5);
    check(&declared(), &pair(), &gone);
    for (why, edit) in [
        ("it may have registered just now", (|entry| entry.synchronized_at = None) as fn(&mut ListedDownstreamServer)),
        ("it is as new as the other", |entry| entry.synchronized_at = Some(time("2026-11-20T12:00:00Z"))),
        ("it was heard of within 5d", |entry| entry.rolled_up_at = Some(time("2026-11-19T12:00:00Z"))),
        ("it has no id to delete it by", |entry| entry.server_id = None),
        ("another entry has the same id", |entry| entry.server_id = Some(uid("u1"))),
        ("there are downstream servers below it", |entry| entry.below = 1),
    ] {
        let mut server = pair();
        change(&mut server, 1, edit);
        check(&declared(), &server, &kept);
        let undeclared = pruning(manifest(), Prune::Always, 5);
        // Nothing says how the name is spelled but the newest entry, which is the other one where both are as new.
        let spelled = if why.contains("as new") { "branch" } else { "Branch" };
        check(&undeclared, &server, &[&format!("finding downstreamDuplicate downstream[{spelled}]")]);
        for desired in [declared(), undeclared] {
            let message = plan_of(&desired, &server).findings[0].message.clone();
            assert!(message.contains(why), "{message}");
        }
    }
    check(&declared().ignore(&["downstream[\"branch\"][*"]), &pair(), &[]);
    let mut ageless = declared();
    ageless.desired.management.downstream_servers_age = None;
    check(&ageless, &pair(), &kept);
}

#[test]
fn shares_of_entries_have_a_limit() {
    let mut entries = vec![("Branch", true, Some(20)), ("branch", true, Some(1)), ("branch", true, Some(2))];
    entries.extend(["a", "b", "c", "d", "e"].map(|name| (name, true, Some(20))));
    entries.extend([("a", true, Some(1)), ("b", true, Some(1))]);
    let server = live(&entries);
    let over = "blocker deletePercent downstreamServers (downstreamServers.delete=40%)";
    let always = || pruning(manifest(), Prune::Always, 5);
    let plan = plan_of(&always(), &server);
    assert_eq!((plan.summary.delete, plan.summary.unmanaged[&Kind::Downstream]), (4, 6));
    assert_eq!(crate::check::lines(&plan)[4..], [over]);
    check_allowing(
        &always(),
        &server,
        &["downstreamServers.delete=40%"],
        &crate::check::lines(&plan)[..4].iter().map(String::as_str).collect::<Vec<_>>(),
    );
}

#[test]
fn eight_hundred_entries_are_a_warning_and_a_thousand_a_finding() {
    let names: Vec<String> = (0..1000).map(|number| format!("s{number}")).collect();
    let entries: Vec<_> = names.iter().map(|name| (name.as_str(), true, Some(20))).collect();
    let of = |count: usize| {
        let lines = crate::check::lines(&plan_of(&declare("s1", None, None), &live(&entries[..count])));
        lines.join(", ")
    };
    assert_eq!(of(799), "");
    assert_eq!(of(800), "warning downstreamLimit downstreamServers[0]");
    assert_eq!(of(1000), "finding downstreamLimit downstreamServers[0]");
}

#[test]
fn a_server_without_the_procedure_keeps_them() {
    let server =
        live(&[("Branch", true, Some(20)), ("branch", true, Some(1))]).missing(Procedure::DeleteDownstreamServer);
    let unsupported = ["unsupported procedureMissing downstream[branch][u2]"];
    check(&pruning(manifest(), Prune::Always, 5), &server, &unsupported);
}

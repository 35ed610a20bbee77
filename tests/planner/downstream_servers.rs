//! Declared downstream servers: findings, and nothing but findings.

use chrono::TimeDelta;
use wsusctl::model::desired::DesiredDownstreamServer;
use wsusctl::model::listing::ListedDownstreamServer;

use crate::check::check;
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

//! What the target `saved` does with an input, shared with the test that reads every seed.
//!
//! The reader of snapshots, and what stands behind it: whatever the bytes are, the outcome is a snapshot or an error in one
//! line, what was read is written as it was read, and a manifest that asks for everything is resolved and planned on it.
//! The checksum is made to fit first, so that inputs get behind it; as they are they are read, too.

use std::sync::OnceLock;

use wsusctl::diagnostic::Sources;
use wsusctl::manifest::{self, ReadLimits};
use wsusctl::model::desired::Desired;
use wsusctl::plan::{Policy, permission::Permissions, plan};
use wsusctl::resolve::{resolve, scope};
use wsusctl::saved::{Limits, Saved, SavedError, read, write};

/// Servers with everything that a manifest can ask for. Groups without computers are planned from totals alone, and a server
/// whose id changes gets that and nothing else.
const MANIFEST: &str = "\
apiVersion: wsusctl/v1alpha1
kind: WsusServer
metadata: {name: fuzz}
spec:
  logging: {level: error}
  synchronization: {schedule: manual, products: [{family: Windows}], classifications: [Updates]}
  groups: [{name: A, computers: ['*'], groups: [{name: B}]}]
  approvals:
    - {update: KB4901425, groups: {A: install}}
    - {select: {products: ['Windows*'], neededBy: {atLeast: 1}}, groups: {B: install}}
  declines:
    - select: {superseded: true, supersedingApproved: true}
  approvalRules: [{name: R, enabled: true, classifications: [Updates], groups: [A]}]
  downstreamServers: [{name: branch, mode: replica, maxSyncAge: 1d}]
  management:
    prune: {groups: always, memberships: always, approvals: always, automaticApprovals: always, declines: always, rules: always}
    ignore: ['group[\"C*']
---
apiVersion: wsusctl/v1alpha1
kind: WsusServer
metadata: {name: totals}
spec:
  notifications:
    smtp: {server: mail.contoso.com, port: 25}
    sender: {name: WSUS, address: wsus@contoso.com}
    language: en
    newUpdates: {recipients: [a@contoso.com]}
    status: {recipients: [b@contoso.com], frequency: weekly, at: '06:30Z'}
  security:
    databaseRoles: {webService: ['CONTOSO\\WSUS01$', report], PublicViewAccess: []}
  groups: [{name: A, groups: [{name: B}, {name: C}]}]
  management:
    prune: {downstreamServers: always, downstreamServersOlderThan: 1d}
---
apiVersion: wsusctl/v1alpha1
kind: WsusServer
metadata: {name: restored}
spec:
  identity: {serverId: 9d0a7a52-7c1e-4a3a-8f0e-2b6c5d4e3f21, replaces: 3f0e6d3c-6f5e-4c55-9a53-6a3f1f6d5a11}
  groups: [{name: A}]
";

/// Reads an input. Panics where the reader does, or where what it says cannot be.
pub fn saved(bytes: &[u8]) {
    let limits = Limits { file_bytes: 1024 * 1024, line_bytes: 64 * 1024 };
    look(read(bytes, &limits));
    let mut lines = bytes.to_vec();
    if let Some(end) = find_end(&lines) {
        lines.truncate(end);
    }
    if !lines.ends_with(b"\n") {
        lines.push(b'\n');
    }
    // The reader itself says which end would fit: first the number, then the checksum.
    let mut end = (0, "0".repeat(64));
    for _ in 0..2 {
        let text = format!("{{\"end\":{{\"records\":{},\"sha256\":\"{}\"}}}}\n", end.0, end.1);
        let whole = [&lines[..], text.as_bytes()].concat();
        match read(&whole[..], &limits) {
            Err(SavedError::Altered { problem: wsusctl::saved::Alteration::Records { found, .. } }) => end.0 = found,
            Err(SavedError::Altered { problem: wsusctl::saved::Alteration::Checksum { found, .. } }) => end.1 = found,
            other => return look(other),
        }
    }
    let text = format!("{{\"end\":{{\"records\":{},\"sha256\":\"{}\"}}}}\n", end.0, end.1);
    look(read(&[&lines[..], text.as_bytes()].concat()[..], &limits));
}

/// Where the record `end` begins.
fn find_end(bytes: &[u8]) -> Option<usize> {
    let mark = b"\n{\"end\":";
    bytes.windows(mark.len()).position(|window| window == mark).map(|at| at + 1)
}

fn look(outcome: Result<Saved, SavedError>) {
    let Saved { tool_version, snapshot, impact } = match outcome {
        Ok(saved) => saved,
        Err(error) => {
            assert!(!error.to_string().is_empty() && !error.hint().is_empty());
            return;
        }
    };
    let mut again = Vec::new();
    write(&snapshot, &impact, &tool_version, &mut again).expect("a Vec takes every byte");
    let reread = read(&again[..], &Limits::default()).expect("what is written can be read");
    assert_eq!((&reread.snapshot, &reread.impact), (&snapshot, &impact));
    static DESIRED: OnceLock<Vec<Desired>> = OnceLock::new();
    let desired = DESIRED.get_or_init(|| {
        let (servers, problems) =
            manifest::read("fuzz.yaml", MANIFEST.as_bytes(), &mut Sources::default(), &ReadLimits::default());
        assert!(!problems.has_errors(), "{problems:?}");
        servers
    });
    let now = snapshot.taken_at;
    for desired in desired {
        let snapshot = snapshot.clone().within(&scope(desired, now));
        if let Ok(resolved) = resolve(desired, &snapshot, now) {
            let mut plan = plan(&resolved, &snapshot, &Policy { now, permissions: Permissions::default() });
            plan.annotate(&impact);
            let _ = plan.digest();
        }
    }
}

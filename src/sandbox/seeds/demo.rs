//! "Contoso HQ": a server on which everything that can happen has happened.
//!
//! Groups below All Computers: Workstations (Ring 0 - IT, Ring 1 - Pilot, Ring 2 - Broad), Servers (Domain Controllers,
//! SQL Servers), Kiosks, Old Pilot, Zweigstelle München.
//!
//! | computers (`.contoso.com`) | where they are |
//! |---|---|
//! | pc-001 to pc-004 | Ring 0 - IT; pc-004 also in Zweigstelle München |
//! | pc-005 to pc-024 | Ring 2 - Broad |
//! | pc-025 to pc-027 | Old Pilot |
//! | pc-028 to pc-030, lab-01 | Unassigned Computers; pc-028 and pc-029 request Ring 2 - Broad, pc-030 the missing group "Ring 3" |
//! | pilot-01 to pilot-06 | Ring 1 - Pilot |
//! | pilot-07, pilot-08, pilot-91 | Unassigned Computers |
//! | srv-dc01, srv-dc02 | Domain Controllers |
//! | srv-sql01 to srv-sql04 | SQL Servers |
//! | srv-app01 to srv-app05; srv-app06 | Servers; Unassigned Computers |
//! | kiosk-01 to kiosk-05 | Kiosks |
//! | branch-pc01, branch-pc02; branch-pc03 | reported by branch01: Ring 2 - Broad; Unassigned Computers |
//!
//! | KB | what is special, and its approvals |
//! |---|---|
//! | 5060842 | four updates (x64, arm64, 25H2, server). x64: install for Ring 0 - IT, block for Kiosks |
//! | 5060526 | three updates. x64: install for Servers by 2026-06-20 18:00 |
//! | 5060533 | Windows 10, June 2026: no approval |
//! | 5059442 | .NET, June 2026: an action-2 row ("not approved") for All Computers |
//! | 5055555 | install for Ring 2 - Broad and Old Pilot: a decline destroys both |
//! | 5055523, 5058411 | install for Old Pilot |
//! | 5044284 | three revisions: 200 approved for Ring 1 - Pilot, 201 for Ring 0 - IT, 202 (the latest) for Ring 2 - Broad |
//! | 5046740 | two revisions: 200 approved for Servers, by 2026-01-15 |
//! | 5048239 | its license agreement is pending |
//! | 5048240 | its license agreement is accepted; install for Servers |
//! | 890830 | cannot be uninstalled; install for All Computers |
//! | 5058499 | optional install for Ring 0 - IT |
//! | 5053656 | uninstall for Ring 1 - Pilot by 2026-06-30 |
//! | 5046613 | install for Domain Controllers with the deadline 9999-12-31 |
//! | 5051989 | a bundle, install for Ring 0 - IT; two children that cannot be approved, with action-5 rows |
//! | 5040442 | its only update is declined |
//! | 5039299 | three updates: live, expired, declined; no approval |
//! | 5034441 | expired, install for Ring 2 - Broad left from before |
//! | 5047777, 5047778 | of the two products titled Windows Admin Center |
//! | 2267602 | Defender definitions, a superseding line; the newest five installed for All Computers by `WUS Server` |
//! | 5050001 to 5050004 | quotes and SQL; emoji and other scripts; markup and a right-to-left override; 200 characters |
//! | none | 20 drivers; `Contoso - Net - 31.0.101.4000` is approved for Ring 0 - IT |
//!
//! The rest are cumulative updates of 17 months, each month superseding the one before; January to March 2025 have
//! expired, the ARM ones of April to December 2025 are declined. Those of May 2026 for Windows 11 24H2 x64 are approved for the
//! three rings.
//!
//! Rules: "Defender definitions" (enabled, All Computers) and "Critical for pilots" (disabled, Ring 1 - Pilot, 7 days at
//! 18:00). Downstream servers: branch01 (replica), branch02 (autonomous, not seen for 40 days), branch03 (never synchronised).

use chrono::Duration;
use rusqlite::params;

use super::categories::{
    CRITICAL_UPDATES, DEFENDER, DEFINITION_UPDATES, SECURITY_UPDATES, SERVER_2022, SERVER_2025, WINDOWS_11,
};
use super::demo_updates::{self, Written, WrittenUpdate};
use super::identity::{guid, mix, named_guid};
use super::writer::{Approval, Computer, Writer, minutes_before, text};
use crate::sandbox::schema::{ALL_COMPUTERS, DOWNSTREAM_SERVERS};

/// The license agreement that nobody has accepted.
pub(super) const PENDING_EULA: &str = "5E0F2B3C-7A41-4D1E-9C55-0A1B2C3D4E5F";
/// The license agreement that was accepted.
pub(super) const ACCEPTED_EULA: &str = "8C7D6E5F-1234-4ABC-8DEF-0123456789AB";

const RING_0: &str = "Ring 0 - IT";
const RING_1: &str = "Ring 1 - Pilot";
const RING_2: &str = "Ring 2 - Broad";
const SERVERS: &str = "Servers";
const DOMAIN_CONTROLLERS: &str = "Domain Controllers";
const SQL_SERVERS: &str = "SQL Servers";
const KIOSKS: &str = "Kiosks";
const OLD_PILOT: &str = "Old Pilot";
const MUNICH: &str = "Zweigstelle München";

/// Groups with their parents.
const GROUPS: &[(&str, Option<&str>)] = &[
    ("Workstations", None),
    (RING_0, Some("Workstations")),
    (RING_1, Some("Workstations")),
    (RING_2, Some("Workstations")),
    (SERVERS, None),
    (DOMAIN_CONTROLLERS, Some(SERVERS)),
    (SQL_SERVERS, Some(SERVERS)),
    (KIOSKS, None),
    (OLD_PILOT, None),
    (MUNICH, None),
];

/// Computers: prefix, digits, first and last number, group.
const COMPUTERS: &[(&str, usize, u32, u32, Option<&str>)] = &[
    ("pc-", 3, 1, 4, Some(RING_0)),
    ("pc-", 3, 5, 24, Some(RING_2)),
    ("pc-", 3, 25, 27, Some(OLD_PILOT)),
    ("pc-", 3, 28, 30, None),
    ("pilot-", 2, 1, 6, Some(RING_1)),
    ("pilot-", 2, 7, 8, None),
    ("pilot-", 2, 91, 91, None),
    ("srv-dc", 2, 1, 2, Some(DOMAIN_CONTROLLERS)),
    ("srv-sql", 2, 1, 4, Some(SQL_SERVERS)),
    ("srv-app", 2, 1, 5, Some(SERVERS)),
    ("srv-app", 2, 6, 6, None),
    ("kiosk-", 2, 1, 5, Some(KIOSKS)),
    ("lab-", 2, 1, 1, None),
    ("branch-pc", 2, 1, 2, Some(RING_2)),
    ("branch-pc", 2, 3, 3, None),
];

/// TargetID of the downstream server branch01; computers have those below it.
const BRANCH_01: i64 = 101;

/// What somebody approved: key of the update, which revision (from the latest back), group, action, deadline.
type Approved = (&'static str, usize, &'static str, i64, Option<&'static str>);

const APPROVALS: &[Approved] = &[
    ("5060842 x64", 0, RING_0, 0, None),
    ("5060842 x64", 0, KIOSKS, 3, None),
    ("5060526 x64", 0, SERVERS, 0, Some("2026-06-20 18:00:00.000")),
    ("5059442", 0, "All Computers", 2, None),
    ("5055555", 0, RING_2, 0, None),
    ("5055555", 0, OLD_PILOT, 0, None),
    ("5055523", 0, OLD_PILOT, 0, None),
    ("5058411", 0, OLD_PILOT, 0, None),
    ("5044284", 2, RING_1, 0, None),
    ("5044284", 1, RING_0, 0, None),
    ("5044284", 0, RING_2, 0, None),
    ("5046740", 1, SERVERS, 0, Some("2026-01-15 00:00:00.000")),
    ("5048240", 0, SERVERS, 0, None),
    ("890830", 0, "All Computers", 0, None),
    ("5053656", 0, RING_1, 1, Some("2026-06-30 00:00:00.000")),
    ("5046613", 0, DOMAIN_CONTROLLERS, 0, Some("9999-12-31 23:59:59.997")),
    ("5051989", 0, RING_0, 0, None),
    ("5051989 child 1", 0, RING_0, 5, None),
    ("5051989 child 2", 0, RING_0, 5, None),
    ("5034441", 0, RING_2, 0, None),
    ("Contoso - Net - 31.0.101.4000", 0, RING_0, 0, None),
    (MAY_2026, 0, RING_0, 0, None),
    (MAY_2026, 0, RING_1, 0, Some("2026-05-20 18:00:00.000")),
    (MAY_2026, 0, RING_2, 0, Some("2026-05-27 18:00:00.000")),
];

/// Windows 11 24H2 x64, May 2026.
const MAY_2026: &str = "2026-05 Cumulative Update for Windows 11 Version 24H2 for x64-based Systems (KB4902192)";

/// The update that has two others as its parts.
pub(super) const BUNDLE: &str = "5051989";

/// How many of the newest definitions are approved.
const APPROVED_DEFINITIONS: usize = 5;

/// Writes the server.
pub(super) fn write(writer: &mut Writer<'_>) -> rusqlite::Result<()> {
    write_groups(writer)?;
    write_downstream_servers(writer)?;
    write_computers(writer)?;
    let updates = demo_updates::write(writer)?;
    write_bundle(writer, &updates)?;
    write_approvals(writer, &updates)?;
    write_downloads(writer)?;
    write_statuses(writer)?;
    write_licences(writer)?;
    write_rules(writer)?;
    write_subscription(writer)
}

fn group_id(name: &str) -> String {
    if name == "All Computers" { ALL_COMPUTERS.to_owned() } else { named_guid("demo group", name) }
}

fn write_groups(writer: &mut Writer<'_>) -> rusqlite::Result<()> {
    for (order, (name, parent)) in (3..).zip(GROUPS) {
        writer.group(&group_id(name), name, &group_id(parent.unwrap_or("All Computers")), order)?;
    }
    Ok(())
}

fn write_downstream_servers(writer: &mut Writer<'_>) -> rusqlite::Result<()> {
    for (target, name, is_replica, minutes) in [
        (BRANCH_01, "branch01.contoso.com", true, Some(90)),
        (BRANCH_01 + 1, "branch02.contoso.com", false, Some(40 * 1440)),
        (BRANCH_01 + 2, "branch03.contoso.com", false, None),
    ] {
        let store = writer.store();
        store
            .execute("INSERT INTO tbTarget (TargetID, TargetTypeID, Name) VALUES (?1, 1, ?2)", params![target, name])?;
        store.execute(
            "INSERT INTO tbDownstreamServerTarget (TargetID, AccountName, AccountServerID, LastSyncTime,
                 RollupLastSyncTime, LastRollupTime, Version, IsReplica)
             VALUES (?1, ?2, ?3, ?4, ?4, ?4, ?5, ?6)",
            params![
                target,
                name,
                named_guid("server", name),
                minutes.map(|minutes| text(minutes_before(minutes))),
                minutes.map(|_| "10.0.26100.1"),
                is_replica
            ],
        )?;
        writer.member(DOWNSTREAM_SERVERS, target)?;
    }
    Ok(())
}

fn write_computers(writer: &mut Writer<'_>) -> rusqlite::Result<()> {
    let mut target = 0;
    for (prefix, digits, first, last, group) in COMPUTERS {
        for number in *first..=*last {
            target += 1;
            let name = format!("{prefix}{number:0digits$}.contoso.com");
            writer.computer(&Computer {
                target,
                id: &named_guid("computer", &name).to_lowercase(),
                name: &name,
                address: &format!("192.168.10.{target}"),
                build: if prefix.starts_with("srv") { 20_348 } else { 26_100 },
                is_server: prefix.starts_with("srv"),
                parent_server: prefix.starts_with("branch").then_some(BRANCH_01),
                last_contact: minutes_before(7 * target + if number == 30 { 45 * 1440 } else { 0 }),
            })?;
            if let Some(group) = group {
                writer.member(&group_id(group), target)?;
            }
            if name == "pc-004.contoso.com" {
                writer.member(&group_id(MUNICH), target)?;
            }
        }
    }
    writer.store().execute_batch(
        "INSERT INTO tbRequestedTargetGroup (RequestedTargetGroupID, Name) VALUES (1, 'Ring 2 - Broad'), (2, 'Ring 3');
         INSERT INTO tbRequestedTargetGroupsForTarget (TargetID, RequestedTargetGroupID) VALUES (28, 1), (29, 1), (30, 2);",
    )
}

fn write_bundle(writer: &mut Writer<'_>, updates: &Written) -> rusqlite::Result<()> {
    for child in ["5051989 child 1", "5051989 child 2"] {
        writer.store().execute(
            "INSERT INTO tbBundleDependency (RevisionID, BundledRevisionID) VALUES (?1, ?2)",
            [updates[BUNDLE].revisions[0], updates[child].revisions[0]],
        )?;
    }
    Ok(())
}

fn write_approvals(writer: &mut Writer<'_>, updates: &Written) -> rusqlite::Result<()> {
    for (minutes, (key, back, group, action, deadline)) in (0..).zip(APPROVALS) {
        let WrittenUpdate { revisions, arrived } = &updates[*key];
        writer.approval(&Approval {
            revision: revisions[revisions.len() - 1 - back],
            group: &group_id(group),
            action: *action,
            deadline: *deadline,
            is_optional: false,
            admin: "CONTOSO\\wsus-admin",
            time: *arrived + Duration::minutes(120 + minutes),
        })?;
    }
    let preview = &updates["5058499"];
    writer.approval(&Approval {
        revision: preview.revisions[0],
        group: &group_id(RING_0),
        action: 0,
        deadline: None,
        is_optional: true,
        admin: "CONTOSO\\j.doe",
        time: preview.arrived + Duration::hours(30),
    })?;
    let definitions = updates.keys().filter(|key| key.starts_with("definition ")).count();
    for number in definitions - APPROVED_DEFINITIONS..definitions {
        let definition = &updates[&format!("definition {number}")];
        writer.approval(&Approval {
            revision: definition.revisions[0],
            group: ALL_COMPUTERS,
            action: 0,
            deadline: None,
            is_optional: false,
            admin: "WUS Server",
            time: definition.arrived + Duration::minutes(5),
        })?;
    }
    Ok(())
}

/// What is approved for installation is downloaded, and so are the parts of a bundle.
fn write_downloads(writer: &mut Writer<'_>) -> rusqlite::Result<()> {
    let text = "SELECT DISTINCT RevisionID FROM tbDeployment WHERE ActionID IN (0, 5) ORDER BY RevisionID";
    let mut approved = writer.store().prepare(text)?;
    let approved: Vec<i64> = approved.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    approved.into_iter().try_for_each(|revision| writer.files_on_server(revision))
}

/// Every computer has reported about every fifth update. Every seventh is needed by none.
fn write_statuses(writer: &mut Writer<'_>) -> rusqlite::Result<()> {
    for target in 1..=60 {
        for update in (0..80).map(|number| 1001 + 5 * number + target % 5) {
            let chance = mix(guid_seed(target, update));
            let states = if update % 7 == 0 { [1, 1, 1, 1, 1, 4, 4, 4, 4, 4] } else { [1, 1, 2, 2, 3, 4, 4, 4, 5, 6] };
            writer.status(target, update, states[usize::try_from(chance % 10).expect("a digit")])?;
        }
    }
    Ok(())
}

fn guid_seed(target: i64, update: i64) -> u64 {
    (target * 10_000 + update).unsigned_abs()
}

fn write_licences(writer: &mut Writer<'_>) -> rusqlite::Result<()> {
    writer.store().execute(
        "INSERT INTO tbEulaAcceptance (EulaID, AcceptedDate, AdminName) VALUES (?1, ?2, 'CONTOSO\\wsus-admin')",
        [ACCEPTED_EULA, text(minutes_before(30_000)).as_str()],
    )?;
    Ok(())
}

fn write_rules(writer: &mut Writer<'_>) -> rusqlite::Result<()> {
    let store = writer.store();
    store.execute_batch(
        "INSERT INTO tbAutoDeploymentRule (ID, Enabled, ActionID, Name, DateOffset, MinutesAfterMidnight) VALUES
             (1, 1, 0, 'Defender definitions', NULL, NULL), (2, 0, 0, 'Critical for pilots', 7, 1080);",
    )?;
    for (rule, classification) in [(1, DEFINITION_UPDATES), (2, CRITICAL_UPDATES), (2, SECURITY_UPDATES)] {
        store.execute(
            "INSERT INTO tbUpdateClassificationInAutoDeploymentRule (AutoDeploymentRuleID, UpdateClassificationID)
             VALUES (?1, ?2)",
            [rule, classification],
        )?;
    }
    store.execute(
        "INSERT INTO tbCategoryInAutoDeploymentRule (AutoDeploymentRuleID, CategoryID) VALUES (2, ?1)",
        [WINDOWS_11],
    )?;
    for (rule, group) in [(1, "All Computers"), (2, RING_1)] {
        store.execute(
            "INSERT INTO tbTargetGroupInAutoDeploymentRule (AutoDeploymentRuleID, TargetGroupID) VALUES (?1, ?2)",
            params![rule, group_id(group)],
        )?;
    }
    Ok(())
}

/// One synchronisation a day at 03:00 of four products and three classifications.
fn write_subscription(writer: &mut Writer<'_>) -> rusqlite::Result<()> {
    let store = writer.store();
    for category in
        [WINDOWS_11, SERVER_2022, SERVER_2025, DEFENDER, SECURITY_UPDATES, CRITICAL_UPDATES, DEFINITION_UPDATES]
    {
        store
            .execute("INSERT INTO tbCategoryInSubscription (SubscriptionID, CategoryID) VALUES (1, ?1)", [category])?;
    }
    store.execute(
        "INSERT INTO tbLanguageInSubscription (SubscriptionID, LanguageID) VALUES (1, ?1)",
        [super::writer::ENGLISH],
    )?;
    store.execute(
        "UPDATE tbSchedule SET LastModifiedBy = 'CONTOSO\\wsus-admin', ScheduledTimeOfDay = 10800, Frequency = 1,
             LastRunTime = ?1",
        [text(minutes_before(14 * 60))],
    )?;
    store.execute(
        "INSERT INTO tbEventInstance (EventInstanceID, EventID, EventNamespaceID, EventSourceID, TimeAtTarget, TimeAtServer,
             Win32HResult, AppName, EventOrdinalNumber)
         VALUES (?1, 384, 2, 1, ?2, ?2, 0, 'WsusService', 1)",
        params![guid("event", 1), text(minutes_before(14 * 60 - 9))],
    )?;
    Ok(())
}

//! Fills a server from [`Contents`].

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::Value;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::contents::{Cell, Contents, DownstreamServer};
use super::identity::{digest, guid};
use super::replay_updates;
use super::writer::{Computer, Writer, text};
use crate::sandbox::procedures::settings::{Home, SETTINGS};
use crate::sandbox::schema::DOWNSTREAM_SERVERS;

/// The most notes on what computers need: a large server has more than a file that is tried out should hold.
const STATUSES_MAX: u64 = 1_000_000;

/// What could not be taken over, a sentence each.
pub(super) type LeftOut = RefCell<Vec<String>>;

/// Writes everything, over a server that [`super::server::write`] has made.
pub(super) fn write(store: &Connection, contents: &Contents, left_out: &LeftOut) -> rusqlite::Result<()> {
    let mut writer = Writer::new(store)?;
    write_configuration(store, contents, left_out)?;
    write_languages(store, contents)?;
    write_groups(store, contents)?;
    let servers = write_downstream_servers(&mut writer, contents)?;
    write_computers(&mut writer, contents, &servers, left_out)?;
    let numbers = replay_updates::write(store, contents)?;
    write_needs(&mut writer, contents, &numbers, left_out)?;
    write_rules(store, contents)?;
    write_subscription(store, contents, &numbers)?;
    write_mails(store, contents)?;
    write_principals(store, contents)
}

/// A GUID as the state writes it.
pub(super) fn upper(id: Uuid) -> String {
    id.hyphenated().to_string().to_uppercase()
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Number(number) => Value::Integer(*number),
        // A GUID is written in capitals.
        Cell::Text(text) => Value::Text(Uuid::parse_str(text).map_or_else(|_| text.clone(), upper)),
    }
}

fn write_configuration(store: &Connection, contents: &Contents, left_out: &LeftOut) -> rusqlite::Result<()> {
    store.execute("UPDATE tbConfigurationA SET ServerID = ?1", [upper(contents.server_id)])?;
    for (column, cell) in &contents.configuration {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.column.eq_ignore_ascii_case(column)) else {
            left_out.borrow_mut().push(format!("the sandbox's configuration has no column {column}"));
            continue;
        };
        let written = match setting.home {
            Home::Table(table, column) => {
                store.execute(&format!("UPDATE {table} SET {column} = ?1"), [value(cell)]).map(drop)
            }
            Home::Unplaced => unplaced(store, setting.column, &value(cell)),
        };
        match written {
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => {
                left_out.borrow_mut().push(format!("the sandbox's column {column} does not take {cell:?}"));
            }
            other => other?,
        }
    }
    Ok(())
}

fn unplaced(store: &Connection, name: &str, value: &Value) -> rusqlite::Result<()> {
    store
        .execute(
            "INSERT INTO sandbox_unplaced (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            params![name, value],
        )
        .map(drop)
}

fn write_languages(store: &Connection, contents: &Contents) -> rusqlite::Result<()> {
    if contents.languages.is_empty() {
        return Ok(());
    }
    store.execute("UPDATE tbLanguage SET Enabled = 0", [])?;
    for (short, is_enabled) in &contents.languages {
        store.execute(
            "INSERT INTO tbLanguage (LanguageIndex, LanguageID, ShortLanguage, LongLanguage, UssEnabled, FullTextLCID)
             SELECT (SELECT max(LanguageIndex) + 1 FROM tbLanguage), (SELECT max(LanguageID) + 1 FROM tbLanguage), ?1, ?1, 1, 0
             WHERE ?1 NOT IN (SELECT ShortLanguage FROM tbLanguage)",
            [short],
        )?;
        store.execute("UPDATE tbLanguage SET Enabled = ?2 WHERE ShortLanguage = ?1", params![short, is_enabled])?;
    }
    let known: Vec<String> = {
        let mut statement =
            store.prepare("SELECT ShortLanguage FROM tbLanguage WHERE ShortLanguage NOT IN ('all', 'en')")?;
        statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?
    };
    for short in known.iter().filter(|short| !contents.languages.iter().any(|(own, _)| own.eq_ignore_ascii_case(short)))
    {
        store.execute("DELETE FROM tbLanguage WHERE ShortLanguage = ?1", [short])?;
    }
    Ok(())
}

fn write_groups(store: &Connection, contents: &Contents) -> rusqlite::Result<()> {
    for (order, group) in (3_i64..).zip(&contents.groups) {
        store.execute(
            "INSERT INTO tbTargetGroup (TargetGroupTypeID, Name, TargetGroupID, OrderValue, IsBuiltin, ParentGroupID)
             VALUES (0, ?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (TargetGroupID) DO UPDATE SET Name = excluded.Name, ParentGroupID = excluded.ParentGroupID",
            params![group.name, upper(group.id), order, group.is_builtin, group.parent.map(upper)],
        )?;
    }
    Ok(())
}

/// Gives the TargetIDs of the servers, and how many computers each reports.
fn write_downstream_servers(writer: &mut Writer<'_>, contents: &Contents) -> rusqlite::Result<Vec<(i64, u64)>> {
    let first = contents.computers.iter().map(|computer| computer.target).max().unwrap_or(0) + 1;
    let targets: Vec<(i64, &DownstreamServer)> = (first..).zip(&contents.downstream_servers).collect();
    for (target, server) in &targets {
        let parent = targets.iter().find(|(_, other)| server.parent.as_ref() == Some(&other.name));
        let store = writer.store();
        store.execute(
            "INSERT INTO tbTarget (TargetID, TargetTypeID, Name) VALUES (?1, 1, ?2)",
            params![target, server.name],
        )?;
        store.execute(
            "INSERT INTO tbDownstreamServerTarget (TargetID, AccountName, AccountServerID, LastSyncTime,
                 RollupLastSyncTime, LastRollupTime, Version, IsReplica, ParentServerTargetID)
             VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8)",
            params![
                target,
                server.name,
                server.id.map(upper),
                server.synchronized_at.map(text),
                server.rolled_up_at.map(text),
                server.version,
                server.is_replica,
                parent.map(|(target, _)| target)
            ],
        )?;
        writer.member(DOWNSTREAM_SERVERS, *target)?;
    }
    Ok(targets.iter().map(|(target, server)| (*target, server.computers)).collect())
}

fn write_computers(
    writer: &mut Writer<'_>,
    contents: &Contents,
    servers: &[(i64, u64)],
    left_out: &LeftOut,
) -> rusqlite::Result<()> {
    // Which server reports which computer is not known: each gets as many as it has.
    let mut reporters = servers.iter().flat_map(|(target, count)| (0..*count).map(|_| *target));
    let mut without = 0;
    for computer in &contents.computers {
        let parent_server = if computer.from_downstream { reporters.next() } else { None };
        without += usize::from(computer.from_downstream && parent_server.is_none());
        writer.computer(&Computer {
            target: computer.target,
            id: &computer.id,
            name: &computer.name,
            address: "",
            build: 0,
            is_server: false,
            parent_server,
            last_contact: contents.taken_at,
        })?;
    }
    if without > 0 {
        left_out
            .borrow_mut()
            .push(format!("that a downstream server reports {without} of the computers: none claims them"));
    }
    for (group, target) in &contents.memberships {
        writer.member(&upper(*group), *target)?;
    }
    let own: Vec<i64> = contents
        .computers
        .iter()
        .filter(|computer| !computer.from_downstream)
        .map(|computer| computer.target)
        .collect();
    for (number, (name, count)) in (1_i64..).zip(&contents.requests) {
        let store = writer.store();
        store.execute(
            "INSERT INTO tbRequestedTargetGroup (RequestedTargetGroupID, Name) VALUES (?1, ?2)",
            params![number, name],
        )?;
        for target in own.iter().take(usize::try_from(*count).unwrap_or(usize::MAX)) {
            store.execute(
                "INSERT INTO tbRequestedTargetGroupsForTarget (TargetID, RequestedTargetGroupID) VALUES (?1, ?2)",
                [target, &number],
            )?;
        }
    }
    Ok(())
}

/// Notes for each update as many computers as need it: which ones is not known.
fn write_needs(
    writer: &mut Writer<'_>,
    contents: &Contents,
    numbers: &BTreeMap<Uuid, i64>,
    left_out: &LeftOut,
) -> rusqlite::Result<()> {
    let (mut written, mut missing) = (0_u64, 0_usize);
    for update in contents.updates.iter().filter(|update| update.needed_by > 0) {
        let known = update.needed_by.min(contents.computers.len() as u64).min(STATUSES_MAX - written);
        missing += usize::from(known < update.needed_by);
        for computer in contents.computers.iter().take(usize::try_from(known).unwrap_or(usize::MAX)) {
            writer.status(computer.target, numbers[&update.id], 2)?;
        }
        written += known;
    }
    if missing > 0 {
        left_out.borrow_mut().push(format!("all of the computers that need an update, for {missing} updates"));
    }
    Ok(())
}

fn write_rules(store: &Connection, contents: &Contents) -> rusqlite::Result<()> {
    for rule in &contents.rules {
        store.execute(
            "INSERT INTO tbAutoDeploymentRule (ID, Enabled, ActionID, Name, DateOffset, MinutesAfterMidnight)
             VALUES (?1, ?2, 0, ?3, ?4, ?5)",
            params![
                rule.id,
                rule.is_enabled,
                rule.name,
                rule.deadline.map(|(days, _)| days),
                rule.deadline.map(|(_, minutes)| minutes)
            ],
        )?;
        for classification in &rule.classifications {
            store.execute(
                "INSERT INTO tbUpdateClassificationInAutoDeploymentRule (AutoDeploymentRuleID, UpdateClassificationID)
                 VALUES (?1, ?2)",
                [rule.id, *classification],
            )?;
        }
        for product in &rule.products {
            store.execute(
                "INSERT INTO tbCategoryInAutoDeploymentRule (AutoDeploymentRuleID, CategoryID) VALUES (?1, ?2)",
                [rule.id, *product],
            )?;
        }
        for group in &rule.groups {
            store.execute(
                "INSERT INTO tbTargetGroupInAutoDeploymentRule (AutoDeploymentRuleID, TargetGroupID) VALUES (?1, ?2)",
                params![rule.id, upper(*group)],
            )?;
        }
    }
    Ok(())
}

fn write_subscription(store: &Connection, contents: &Contents, numbers: &BTreeMap<Uuid, i64>) -> rusqlite::Result<()> {
    store.execute(
        "UPDATE tbSchedule SET ScheduledTimeOfDay = ?1, Frequency = ?2",
        params![contents.schedule.map(|(first_at, _)| first_at), contents.schedule.map_or(0, |(_, per_day)| per_day)],
    )?;
    for number in contents.subscribed.iter().filter_map(|id| numbers.get(id)) {
        store.execute("INSERT INTO tbCategoryInSubscription (SubscriptionID, CategoryID) VALUES (1, ?1)", [number])?;
    }
    Ok(())
}

fn write_mails(store: &Connection, contents: &Contents) -> rusqlite::Result<()> {
    for (column, cell) in &contents.mails {
        unplaced(store, &format!("Email.{column}"), &value(cell))?;
    }
    for (kind, address) in &contents.recipients {
        store.execute(
            "INSERT INTO tbEmailNotificationRecipient (NotificationType, EmailAddress) VALUES (?1, ?2)",
            params![kind, address],
        )?;
    }
    Ok(())
}

/// What is there already, as the built-in principals are, stays; members are those of the contents alone.
fn write_principals(store: &Connection, contents: &Contents) -> rusqlite::Result<()> {
    if contents.principals.is_empty() {
        return Ok(());
    }
    let names: BTreeSet<String> = contents.principals.iter().map(|principal| principal.name.to_lowercase()).collect();
    // Those of the seed that the server does not have, but for what every database has.
    for (id, name) in
        rows_of(store, "SELECT principal_id, name FROM sandbox_principals WHERE principal_id BETWEEN 5 AND 16383")?
    {
        if !names.contains(&name.to_lowercase()) {
            store.execute("DELETE FROM sandbox_principals WHERE principal_id = ?1", [id])?;
            store.execute("DELETE FROM sandbox_logins WHERE principal_id = ?1", [id])?;
        }
    }
    for (id, principal) in (1001_i64..).zip(&contents.principals) {
        let kind = if principal.name.contains('\\') { "U" } else { "S" };
        let sid = |of: &str| digest(of, id.unsigned_abs());
        let added = store.execute(
            "INSERT INTO sandbox_principals (principal_id, name, type, sid) SELECT ?1, ?2, ?3, ?4
             WHERE ?2 NOT IN (SELECT name FROM sandbox_principals)",
            params![id, principal.name, kind, sid("user")],
        )?;
        let login = match &principal.orphan {
            None => (added > 0).then_some((principal.name.as_str(), "user")),
            Some(namesake) => namesake.as_deref().map(|name| (name, "other")),
        };
        if let Some((login, of)) = login {
            store.execute(
                "INSERT INTO sandbox_logins (principal_id, name, type, sid) SELECT ?1, ?2, ?3, ?4
                 WHERE ?2 NOT IN (SELECT name FROM sandbox_logins)",
                params![id, login, kind, sid(of)],
            )?;
        }
    }
    store.execute("DELETE FROM sandbox_role_members", [])?;
    for (role, member) in &contents.members {
        store.execute(
            "INSERT INTO sandbox_role_members (role_principal_id, member_principal_id)
             SELECT role.principal_id, member.principal_id FROM sandbox_principals AS role, sandbox_principals AS member
             WHERE role.name = ?1 AND member.name = ?2",
            [role, member],
        )?;
    }
    Ok(())
}

fn rows_of(store: &Connection, query: &str) -> rusqlite::Result<Vec<(i64, String)>> {
    let mut statement = store.prepare(query)?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// The id of a row that the contents do not tell.
pub(super) fn row_id(kind: &str, number: i64) -> String {
    guid(kind, number.unsigned_abs())
}

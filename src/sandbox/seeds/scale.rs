//! Generated servers of any size, each a prefix of every larger one.
//!
//! Everything about the `n`th update, computer, group or approval follows from `n` alone. A computer or an approval refers
//! only to updates and groups that the smallest server with it has.

use super::categories::{
    CRITICAL_UPDATES, DEFENDER, DEFINITION_UPDATES, DRIVERS, SECURITY_UPDATES, SERVER_2022, SERVER_2025,
    SQL_SERVER_2022, UPDATES, WINDOWS_10, WINDOWS_11,
};
use super::identity::{digest, guid, mix};
use super::server::FIRST_UPDATE;
use super::writer::{Approval, Computer, File, Update, UpdateKind, Writer, minutes_before};
use crate::sandbox::schema::ALL_COMPUTERS;

/// Groups directly below All Computers.
const TOP_GROUPS: u64 = 5;
/// Groups that hang below each group.
const CHILDREN: u64 = 8;

/// Writes a server with that many updates.
pub(super) fn write(writer: &mut Writer<'_>, updates: u32) -> rusqlite::Result<()> {
    let updates = u64::from(updates);
    for number in 0..groups(updates) {
        write_group(writer, number)?;
    }
    for number in 0..updates {
        write_update(writer, number)?;
    }
    for number in 0..updates / 4 {
        write_computer(writer, number)?;
    }
    for number in 0..3 * updates / 10 {
        write_approval(writer, number)?;
    }
    Ok(())
}

/// Groups of a server with that many updates: 300 at 200,000, at least 10.
fn groups(updates: u64) -> u64 {
    (3 * updates / 2000).max(10)
}

fn group_id(number: u64) -> String {
    guid("scale group", number)
}

fn write_group(writer: &mut Writer<'_>, number: u64) -> rusqlite::Result<()> {
    let parent = match number.checked_sub(TOP_GROUPS) {
        None => ALL_COMPUTERS.to_owned(),
        Some(below) => group_id(below / CHILDREN),
    };
    writer.group(&group_id(number), &format!("Group {number:04}"), &parent, signed(number) + 3)
}

/// The RevisionID of an update: the older one where it has two, or the latest.
fn revision_id(update: u64, is_latest: bool) -> i64 {
    FIRST_UPDATE + signed(2 * update) + i64::from(is_latest)
}

fn has_older_revision(update: u64) -> bool {
    update.is_multiple_of(25)
}

fn write_update(writer: &mut Writer<'_>, number: u64) -> rusqlite::Result<()> {
    let chance = mix(number);
    let digit = number % 10;
    let (classification, product, kind) = match digit {
        2 => (CRITICAL_UPDATES, WINDOWS_10, UpdateKind::Software),
        3 => (UPDATES, SQL_SERVER_2022, UpdateKind::Software),
        4 => (DEFINITION_UPDATES, DEFENDER, UpdateKind::Software),
        5 => (DRIVERS, WINDOWS_11, UpdateKind::Driver),
        _ => (
            SECURITY_UPDATES,
            [WINDOWS_11, WINDOWS_10, SERVER_2022, SERVER_2025][index(chance, 4)],
            UpdateKind::Software,
        ),
    };
    let kb = (5_100_000 + number / 2).to_string();
    let title = format!("Update {number:07} for {} (KB{kb})", product_title(product));
    let eula = guid("scale eula", number / 50 % 20);
    let revisions = [revision_id(number, false), revision_id(number, true)];
    let id = guid("scale update", number);
    let revisions = if has_older_revision(number) { &revisions[..] } else { &revisions[1..] };
    let created = minutes_before(7 * signed(number) + 10_000);
    writer.update(&Update {
        local: FIRST_UPDATE + signed(number),
        id: &id,
        revisions,
        title: &title,
        description: None,
        kb: (kind != UpdateKind::Driver).then_some(kb.as_str()),
        classification,
        product,
        kind,
        severity: ["Unspecified", "Low", "Moderate", "Important", "Critical"][index(chance >> 8, 5)],
        created,
        is_deployable: number % 100 != 99,
        is_expired: digit == 8 && chance.is_multiple_of(3),
        is_declined: digit == 7 && chance.is_multiple_of(2),
        is_leaf: digit != 7,
        can_uninstall: digit != 4,
        eula: (number % 50 == 49).then_some(eula.as_str()),
    })?;
    let file = File {
        digest: digest("scale file", number),
        name: &format!("update-{number:07}.cab"),
        // From 64 KiB to 1 GiB, more small ones than large ones.
        size: (1 << 16) + (chance >> 16) % (1 << (17 + (chance >> 56) % 14)),
        patching: 1,
        is_eula: false,
        modified: created,
    };
    writer.file(&file, revisions)?;
    // The one before it is the newer one: so an update is superseded on every server that has it.
    if digit == 7 { writer.supersedes(revision_id(number - 1, true), &id) } else { Ok(()) }
}

fn product_title(product: i64) -> &'static str {
    match product {
        WINDOWS_11 => "Windows 11",
        WINDOWS_10 => "Windows 10",
        SERVER_2022 => "Windows Server 2022",
        SERVER_2025 => "Windows Server 2025",
        DEFENDER => "Microsoft Defender Antivirus",
        _ => "SQL Server 2022",
    }
}

fn write_computer(writer: &mut Writer<'_>, number: u64) -> rusqlite::Result<()> {
    let target = signed(number) + 1;
    let chance = mix(number ^ 0xC0FF_EE00);
    writer.computer(&Computer {
        target,
        id: &guid("scale computer", number).to_lowercase(),
        name: &format!("host-{number:06}.contoso.com"),
        address: &format!("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255),
        build: [22_631, 26_100, 20_348][index(chance, 3)],
        is_server: chance.is_multiple_of(3),
        parent_server: None,
        last_contact: minutes_before(signed(chance % 10_080)),
    })?;
    // One in sixteen stays in Unassigned Computers.
    if !(chance >> 8).is_multiple_of(16) {
        let known_groups = groups(4 * (number + 1));
        writer.member(&group_id((chance >> 16) % known_groups), target)?;
    }
    for update in 4 * number..4 * number + 4 {
        writer.status(target, FIRST_UPDATE + signed(update), 1 + signed(mix(update ^ chance) % 6))?;
    }
    Ok(())
}

/// Three approvals each for every tenth update, for different groups.
fn write_approval(writer: &mut Writer<'_>, number: u64) -> rusqlite::Result<()> {
    let update = number / 3 * 10;
    let chance = mix((number / 3) ^ 0xDEAD_BEEF);
    let first_of_update = number / 3 * 3;
    let known_groups = groups((10 * (first_of_update + 1)).div_ceil(3));
    let group = (chance % known_groups + number % 3) % known_groups;
    let is_stale = has_older_revision(update) && number % 3 == 2;
    writer.approval(&Approval {
        revision: revision_id(update, !is_stale),
        group: &group_id(group),
        action: 0,
        deadline: (number % 3 == 1).then_some("2026-07-01 18:00:00.000"),
        is_optional: false,
        admin: if number % 10 == 9 { "WUS Server" } else { "CONTOSO\\wsus-admin" },
        time: minutes_before(signed(chance % 40_000)),
    })?;
    writer.files_on_server(revision_id(update, !is_stale))
}

fn index(number: u64, length: u64) -> usize {
    usize::try_from(number % length).expect("the length is small")
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).expect("a server has less than 2^32 updates")
}

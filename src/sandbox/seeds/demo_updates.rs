//! The 400 updates of "Contoso HQ".
//!
//! Fixed ones come from the table of the module `demo`; the rest are months of cumulative updates, definitions and drivers
//! that make the catalogue look like one.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;

use super::categories::{
    ADMIN_CENTER_TOOLS, ADMIN_CENTER_WINDOWS, CRITICAL_UPDATES, DEFENDER, DEFINITION_UPDATES, DRIVERS,
    SECURITY_UPDATES, SERVER_2022, SERVER_2025, SQL_SERVER_2022, UPDATE_ROLLUPS, UPDATES, WINDOWS_10, WINDOWS_11,
};
use super::identity::{digest, mix, named_guid};
use super::server::FIRST_UPDATE;
use super::writer::{File, Update, UpdateKind, Writer, arrival, minutes_before};

/// Updates of the demo, all told.
pub(super) const COUNT: usize = 400;

/// An update of the demo.
#[derive(Debug, Clone)]
pub(super) struct DemoUpdate {
    /// What its id is hashed from, and how approvals refer to it.
    key: String,
    title: String,
    kb: Option<String>,
    classification: i64,
    product: i64,
    kind: UpdateKind,
    severity: &'static str,
    age_in_days: i64,
    revisions: usize,
    /// Updates of one line supersede each other, later over earlier.
    line: Option<String>,
    eula: Option<&'static str>,
    is_deployable: bool,
    is_expired: bool,
    is_declined: bool,
    can_uninstall: bool,
}

/// The updates by key.
pub(super) type Written = BTreeMap<String, WrittenUpdate>;

/// An update as written: what approvals need to know.
pub(super) struct WrittenUpdate {
    /// Its RevisionIDs, the latest last.
    pub(super) revisions: Vec<i64>,
    /// When its first revision reached the server.
    pub(super) arrived: NaiveDateTime,
}

/// Writes the updates.
pub(super) fn write(writer: &mut Writer<'_>) -> rusqlite::Result<Written> {
    let updates = all();
    let newest: BTreeMap<&str, usize> =
        updates.iter().enumerate().filter_map(|(index, update)| Some((update.line.as_deref()?, index))).collect();
    let mut written = BTreeMap::new();
    let mut predecessors: BTreeMap<&str, String> = BTreeMap::new();
    let mut next_revision = FIRST_UPDATE;
    for (index, update) in updates.iter().enumerate() {
        let id = named_guid("demo update", &update.key);
        let revisions: Vec<i64> = (0..update.revisions).map(|_| next(&mut next_revision)).collect();
        let local = FIRST_UPDATE + i64::try_from(index).expect("400 updates");
        let is_leaf = update.line.as_deref().is_none_or(|line| newest[line] == index);
        writer.update(&row(update, &id, local, &revisions, is_leaf))?;
        write_files(writer, update, local, &revisions)?;
        if let Some(line) = update.line.as_deref()
            && let Some(predecessor) = predecessors.insert(line, id.clone())
        {
            writer.supersedes(revisions[revisions.len() - 1], &predecessor)?;
        }
        written.insert(update.key.clone(), WrittenUpdate { revisions, arrived: arrival(created(update)) });
    }
    Ok(written)
}

/// The files of an update: one that does it all, for security updates a larger express one beside it, and licence terms.
/// A bundle has no files of its own, and a revision has those of the one before it.
fn write_files(writer: &mut Writer<'_>, update: &DemoUpdate, local: i64, revisions: &[i64]) -> rusqlite::Result<()> {
    if update.key == super::demo::BUNDLE {
        return Ok(());
    }
    let number = local.unsigned_abs();
    let megabytes = match update.classification {
        SECURITY_UPDATES => 300 + mix(number) % 500,
        DEFINITION_UPDATES => 1 + mix(number) % 4,
        DRIVERS => 2 + mix(number) % 40,
        _ => 20 + mix(number) % 80,
    };
    let stem = update.kb.as_ref().map_or_else(|| format!("driver-{local}"), |kb| format!("kb{kb}-{local}"));
    let mut write = |kind: &str, name: &str, size: u64, patching: i64, is_eula: bool| {
        let digest = digest(kind, number);
        writer.file(&File { digest, name, size, patching, is_eula, modified: created(update) }, revisions)
    };
    write("demo file", &format!("{stem}.cab"), (megabytes << 20) + mix(number) % 4096, 1, false)?;
    if update.classification == SECURITY_UPDATES {
        write("demo express file", &format!("{stem}-express.psf"), 4 * (megabytes << 20), 2, false)?;
    }
    if update.eula.is_some() {
        write("demo terms", &format!("{stem}-terms.txt"), 12_345, 0, true)?;
    }
    Ok(())
}

fn next(counter: &mut i64) -> i64 {
    *counter += 1;
    *counter - 1
}

/// Every update is published at 10:00.
fn created(update: &DemoUpdate) -> NaiveDateTime {
    minutes_before(update.age_in_days * 1440 + 420)
}

fn row<'a>(update: &'a DemoUpdate, id: &'a str, local: i64, revisions: &'a [i64], is_leaf: bool) -> Update<'a> {
    Update {
        local,
        id,
        revisions,
        title: &update.title,
        description: Some(
            "Install this update to resolve issues in the product. You may have to restart the computer.",
        ),
        kb: update.kb.as_deref(),
        classification: update.classification,
        product: update.product,
        kind: update.kind,
        severity: update.severity,
        created: created(update),
        is_deployable: update.is_deployable,
        is_expired: update.is_expired,
        is_declined: update.is_declined,
        is_leaf,
        can_uninstall: update.can_uninstall,
        eula: update.eula,
    }
}

/// Every update, generated ones first.
fn all() -> Vec<DemoUpdate> {
    let fixed = fixed();
    let mut updates = monthly();
    updates.extend(drivers());
    let definitions = COUNT - fixed.len() - updates.len();
    updates.extend((0..definitions).map(|number| definition(number, definitions)));
    updates.extend(fixed);
    updates
}

impl DemoUpdate {
    fn new(title: &str, kb: &str, product: i64, classification: i64, age_in_days: i64) -> Self {
        Self {
            key: title.to_owned(),
            title: title.to_owned(),
            kb: Some(kb.to_owned()),
            classification,
            product,
            kind: UpdateKind::Software,
            severity: match classification {
                SECURITY_UPDATES => "Important",
                CRITICAL_UPDATES => "Critical",
                UPDATE_ROLLUPS => "Moderate",
                UPDATES => "Low",
                _ => "Unspecified",
            },
            age_in_days,
            revisions: 1,
            line: None,
            eula: None,
            is_deployable: true,
            is_expired: false,
            is_declined: false,
            can_uninstall: true,
        }
    }
}

/// The lines of cumulative updates: what is patched, the product, the classification.
const LINES: &[(&str, i64, i64)] = &[
    ("Cumulative Update for Windows 11 Version 24H2 for x64-based Systems", WINDOWS_11, SECURITY_UPDATES),
    ("Cumulative Update for Windows 11 Version 24H2 for arm64-based Systems", WINDOWS_11, SECURITY_UPDATES),
    ("Cumulative Update for Windows 11 Version 25H2 for x64-based Systems", WINDOWS_11, SECURITY_UPDATES),
    ("Cumulative Update for Windows 10 Version 22H2 for x64-based Systems", WINDOWS_10, SECURITY_UPDATES),
    (
        "Cumulative Update for Microsoft server operating system version 21H2 for x64-based Systems",
        SERVER_2022,
        SECURITY_UPDATES,
    ),
    (
        "Cumulative Update for Microsoft server operating system version 24H2 for x64-based Systems",
        SERVER_2025,
        SECURITY_UPDATES,
    ),
    ("Cumulative Update for .NET Framework 3.5 and 4.8.1 for Windows 11", WINDOWS_11, UPDATE_ROLLUPS),
    ("Cumulative Update for .NET Framework 4.8 for Windows Server 2022", SERVER_2022, UPDATE_ROLLUPS),
    ("Cumulative Update for SQL Server 2022", SQL_SERVER_2022, UPDATES),
    ("Servicing Stack Update for Windows 10 Version 22H2", WINDOWS_10, CRITICAL_UPDATES),
];

/// Months of cumulative updates before June 2026.
const MONTHS: i64 = 17;

/// January 2025 to May 2026. The first three months have expired; of the next nine the ARM ones are declined.
fn monthly() -> Vec<DemoUpdate> {
    let mut updates = Vec::new();
    for month in 0..MONTHS {
        for (number, (subject, product, classification)) in (0..).zip(LINES) {
            let kb = (4_900_000 + 137 * month + 11 * number).to_string();
            let title = format!("{}-{:02} {subject} (KB{kb})", 2025 + month / 12, month % 12 + 1);
            let mut update = DemoUpdate::new(&title, &kb, *product, *classification, 30 * (MONTHS - month) - 2);
            update.line = Some((*subject).to_owned());
            update.is_expired = month < 3;
            update.is_declined = (3..12).contains(&month) && subject.contains("arm64");
            updates.push(update);
        }
    }
    updates
}

/// Drivers have no KB article and cannot be uninstalled.
fn drivers() -> Vec<DemoUpdate> {
    (0..20)
        .map(|number| {
            let vendor = ["Contoso", "Fabrikam", "Northwind", "Tailspin"][number % 4];
            let class = ["Net", "Display", "Bluetooth", "Firmware", "MEDIA"][number / 4];
            let title = format!("{vendor} - {class} - 31.0.101.{}", 4000 + 17 * number);
            let mut update = DemoUpdate::new(&title, "", WINDOWS_11, DRIVERS, 40 + 5 * (number as i64));
            update.kb = None;
            update.kind = UpdateKind::Driver;
            update.can_uninstall = false;
            update
        })
        .collect()
}

/// A Defender definition; all share one KB article, and each supersedes the one before.
fn definition(number: usize, count: usize) -> DemoUpdate {
    let title = format!(
        "Security Intelligence Update for Microsoft Defender Antivirus - KB2267602 (Version 1.431.{number}.0) - Current Channel (Broad)"
    );
    let mut update = DemoUpdate::new(&title, "2267602", DEFENDER, DEFINITION_UPDATES, ((count - number) / 3) as i64);
    update.key = format!("definition {number}");
    update.line = Some("definitions".to_owned());
    update.can_uninstall = false;
    update
}

/// The updates that tests and examples name. Keys are those of the table in the module `demo`.
fn fixed() -> Vec<DemoUpdate> {
    let mut updates = june();
    updates.extend(special());
    updates.extend(hostile());
    updates
}

/// The Patch Tuesday of June 2026.
fn june() -> Vec<DemoUpdate> {
    let mut updates = Vec::new();
    for (key, subject, kb, product) in [
        ("5060842 x64", LINES[0].0, "5060842", WINDOWS_11),
        ("5060842 arm64", LINES[1].0, "5060842", WINDOWS_11),
        ("5060842 25H2", LINES[2].0, "5060842", WINDOWS_11),
        ("5060842 server", LINES[5].0, "5060842", SERVER_2025),
        ("5060526 x64", LINES[4].0, "5060526", SERVER_2022),
        (
            "5060526 azure",
            "Cumulative Update for Windows Server 2022 Datacenter: Azure Edition",
            "5060526",
            SERVER_2022,
        ),
        (
            "5060526 23H2",
            "Cumulative Update for Microsoft server operating system version 23H2",
            "5060526",
            SERVER_2022,
        ),
        ("5060533", LINES[3].0, "5060533", WINDOWS_10),
        ("5059442", LINES[6].0, "5059442", WINDOWS_11),
    ] {
        let mut update = DemoUpdate::new(&format!("2026-06 {subject} (KB{kb})"), kb, product, SECURITY_UPDATES, 0);
        update.key = key.to_owned();
        update.severity = "Critical";
        update.line = Some(subject.to_owned());
        updates.push(update);
    }
    updates
}

/// One update for each state that an approval or a decline has to cope with.
fn special() -> Vec<DemoUpdate> {
    let named = |key: &str, title: &str, kb: &str, product: i64, classification: i64, age: i64| {
        let mut update = DemoUpdate::new(title, kb, product, classification, age);
        update.key = key.to_owned();
        update
    };
    let declined = |mut update: DemoUpdate| {
        update.is_declined = true;
        update
    };
    let expired = |mut update: DemoUpdate| {
        update.is_expired = true;
        update
    };
    let licensed = |mut update: DemoUpdate, eula: &'static str| {
        update.eula = Some(eula);
        update
    };
    let permanent = |mut update: DemoUpdate| {
        update.can_uninstall = false;
        update
    };
    let child = |mut update: DemoUpdate| {
        update.is_deployable = false;
        update
    };
    let revised = |mut update: DemoUpdate, revisions: usize| {
        update.revisions = revisions;
        update
    };
    vec![
        named("5055555", "2026-03 Update for Windows 11 Version 24H2 (KB5055555)", "5055555", WINDOWS_11, UPDATES, 90),
        named("5055523", "2026-04 Update for Windows 11 Version 24H2 (KB5055523)", "5055523", WINDOWS_11, UPDATES, 60),
        named("5058411", "2026-05 Update for Windows 11 Version 24H2 (KB5058411)", "5058411", WINDOWS_11, UPDATES, 27),
        revised(
            named(
                "5044284",
                "2025-10 Security Update for Windows 11 Version 24H2 (KB5044284)",
                "5044284",
                WINDOWS_11,
                SECURITY_UPDATES,
                240,
            ),
            3,
        ),
        revised(
            named(
                "5046740",
                "2025-11 Security Update for Windows Server 2022 (KB5046740)",
                "5046740",
                SERVER_2022,
                SECURITY_UPDATES,
                210,
            ),
            2,
        ),
        licensed(
            named(
                "5048239",
                "2026-05 Microsoft .NET Framework 4.8.2 for Windows 11 (KB5048239)",
                "5048239",
                WINDOWS_11,
                UPDATES,
                33,
            ),
            super::demo::PENDING_EULA,
        ),
        licensed(
            named(
                "5048240",
                "2026-05 Microsoft .NET Framework 4.8.2 for Windows Server 2022 (KB5048240)",
                "5048240",
                SERVER_2022,
                UPDATES,
                33,
            ),
            super::demo::ACCEPTED_EULA,
        ),
        permanent(named(
            "890830",
            "Windows Malicious Software Removal Tool x64 - v5.134 (KB890830)",
            "890830",
            WINDOWS_11,
            UPDATE_ROLLUPS,
            1,
        )),
        named(
            "5058499",
            "2026-05 Preview Update for Windows 11 Version 24H2 (KB5058499)",
            "5058499",
            WINDOWS_11,
            UPDATES,
            12,
        ),
        named(
            "5053656",
            "2026-03 Preview Update for Windows 11 Version 24H2 (KB5053656)",
            "5053656",
            WINDOWS_11,
            UPDATES,
            75,
        ),
        named(
            "5046613",
            "2025-11 Critical Update for Windows Server 2025 (KB5046613)",
            "5046613",
            SERVER_2025,
            CRITICAL_UPDATES,
            205,
        ),
        named(
            "5051989",
            "2026-02 Feature Experience Bundle for Windows 11 (KB5051989)",
            "5051989",
            WINDOWS_11,
            UPDATES,
            115,
        ),
        child(named("5051989 child 1", "Feature Experience Component 1", "5051989", WINDOWS_11, UPDATES, 115)),
        child(named("5051989 child 2", "Feature Experience Component 2", "5051989", WINDOWS_11, UPDATES, 115)),
        declined(named(
            "5040442",
            "2025-07 Update for Windows 10 Version 22H2 (KB5040442)",
            "5040442",
            WINDOWS_10,
            UPDATES,
            330,
        )),
        named(
            "5039299 live",
            "2025-06 Update for Windows 10 Version 22H2 for x64-based Systems (KB5039299)",
            "5039299",
            WINDOWS_10,
            UPDATES,
            350,
        ),
        expired(named(
            "5039299 expired",
            "2025-06 Update for Windows 10 Version 21H2 for x64-based Systems (KB5039299)",
            "5039299",
            WINDOWS_10,
            UPDATES,
            350,
        )),
        declined(named(
            "5039299 declined",
            "2025-06 Update for Windows 10 Version 22H2 for ARM64-based Systems (KB5039299)",
            "5039299",
            WINDOWS_10,
            UPDATES,
            350,
        )),
        expired(named(
            "5034441",
            "2025-01 Security Update for Windows 10 Version 22H2 (KB5034441)",
            "5034441",
            WINDOWS_10,
            SECURITY_UPDATES,
            500,
        )),
        named(
            "admin center windows",
            "Windows Admin Center 2410 (KB5047777)",
            "5047777",
            ADMIN_CENTER_WINDOWS,
            UPDATES,
            160,
        ),
        named(
            "admin center tools",
            "Windows Admin Center 2410 (KB5047778)",
            "5047778",
            ADMIN_CENTER_TOOLS,
            UPDATES,
            160,
        ),
    ]
}

/// Titles that nothing may trip over.
fn hostile() -> Vec<DemoUpdate> {
    let titles = [
        "Update for \"Contoso\" O'Brien -- '; DROP TABLE tbUpdate; --".to_owned(),
        "Zażółć gęślą jaźń 🚀 更新プログラム [x64] {braces} %s \\n".to_owned(),
        "<Update & \"Patch\" type='both'> [brackets]] * ? \u{202e}gnirts desrever".to_owned(),
        "Very long title ".repeat(13).chars().take(200).collect(),
    ];
    (1..)
        .zip(titles)
        .map(|(number, title)| {
            let mut update = DemoUpdate::new(&title, &format!("505000{number}"), WINDOWS_11, UPDATES, 20 + number);
            update.key = format!("hostile {number}");
            update
        })
        .collect()
}

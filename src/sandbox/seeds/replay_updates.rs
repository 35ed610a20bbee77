//! Fills a server with the updates of [`Contents`], and with what is approved.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};
use uuid::Uuid;

use super::contents::{Contents, Update};
use super::identity::digest;
use super::replay::{row_id, upper};
use super::writer::{ENGLISH, UpdateKind, text};

/// RevisionIDs by update and number of the revision.
type Revisions = BTreeMap<(Uuid, i64), i64>;

/// Writes categories, updates and approvals. Gives the LocalUpdateIDs.
pub(super) fn write(store: &Connection, contents: &Contents) -> rusqlite::Result<BTreeMap<Uuid, i64>> {
    let numbers = number(contents);
    let mut revisions = Revisions::new();
    // An approval may be of an older revision.
    let mut wanted: BTreeMap<Uuid, BTreeSet<i64>> = BTreeMap::new();
    for approval in &contents.approvals {
        wanted.entry(approval.update).or_default().insert(approval.revision);
    }
    for update in &contents.updates {
        let mut wanted = wanted.remove(&update.id).unwrap_or_default();
        wanted.insert(update.revision);
        write_update(store, update, &wanted, &numbers, &mut revisions)?;
    }
    for update in &contents.updates {
        write_supersedence(store, update, &revisions)?;
    }
    write_categories(store, contents, &numbers)?;
    write_approvals(store, contents, &revisions)?;
    write_removed(store, contents, &revisions)?;
    Ok(numbers)
}

/// Categories keep the numbers that rules have them by; the others have what comes behind.
fn number(contents: &Contents) -> BTreeMap<Uuid, i64> {
    let mut numbers: BTreeMap<Uuid, i64> =
        contents.categories.iter().filter_map(|category| Some((category.id, category.number?))).collect();
    let mut next = numbers.values().max().copied().unwrap_or(0) + 1;
    for update in &contents.updates {
        numbers.entry(update.id).or_insert_with(|| {
            next += 1;
            next - 1
        });
    }
    numbers
}

fn write_update(
    store: &Connection,
    update: &Update,
    wanted: &BTreeSet<i64>,
    numbers: &BTreeMap<Uuid, i64>,
    revisions: &mut Revisions,
) -> rusqlite::Result<()> {
    let local = numbers[&update.id];
    let kind = match update.kind {
        "Driver" | "DriverSet" => UpdateKind::Driver,
        "Category" => UpdateKind::Category,
        _ => UpdateKind::Software,
    };
    let mut statement = store.prepare(
        "INSERT INTO tbUpdate (LocalUpdateID, UpdateID, UpdateTypeID, IsClientSelfUpdate, PublisherID, IsHidden,
             LastUndeclinedTime, ImportedTime)
         VALUES (?1, ?2, ?3, 0, '395392A0-19C0-48B7-A927-F7C15066D905', ?4, ?5, ?6)",
    )?;
    let arrived = text(update.arrived_at);
    statement.execute(params![
        local,
        upper(update.id),
        kind.id(),
        update.is_declined,
        update.reinstated_at.map(text),
        arrived
    ])?;
    for number in wanted {
        let revision = i64::try_from(revisions.len()).expect("there are less than 2^63 revisions") + 1;
        revisions.insert((update.id, *number), revision);
        write_revision(store, update, *number, local, revision)?;
        for category in update.categories.iter().filter_map(|id| numbers.get(id)) {
            store
                .prepare("INSERT INTO tbRevisionInCategory (RevisionID, CategoryID) VALUES (?1, ?2)")?
                .execute([revision, *category])?;
        }
    }
    if let Some((terms, true)) = update.eula {
        store.execute(
            "INSERT OR IGNORE INTO tbEulaAcceptance (EulaID, AcceptedDate, AdminName) VALUES (?1, ?2, 'WUS Server')",
            [upper(terms), arrived],
        )?;
    }
    Ok(())
}

fn write_revision(store: &Connection, update: &Update, number: i64, local: i64, revision: i64) -> rusqlite::Result<()> {
    store
        .prepare(
            "INSERT INTO tbRevision (RevisionID, LocalUpdateID, RevisionNumber, IsLeaf, RowID, State, IsLatestRevision)
             VALUES (?1, ?2, ?3, ?4, ?5, 5, ?6)",
        )?
        .execute(params![
            revision,
            local,
            number,
            update.superseded_by.is_empty(),
            row_id("saved revision", revision),
            number == update.revision
        ])?;
    store
        .prepare(
            "INSERT INTO tbProperty (RevisionID, PublicationState, CreationDate, ReceivedFromCreatorService,
                 ExplicitlyDeployable, CanInstall, InstallationImpact, InstallRequiresConnectivity,
                 InstallRequiresUserInput, InstallRebootBehavior, CanUninstall, EulaID, RequiresReacceptanceOfEula,
                 DefaultPropertiesLanguageID, UpdateType, MsrcSeverity, UninstallRequiresUserInput)
             VALUES (?1, ?2, ?3, ?4, ?5, ?12, 0, 0, ?13, ?6, ?7, ?8, 0, ?9, ?10, ?11, ?14)",
        )?
        .execute(params![
            revision,
            update.is_expired,
            text(update.created_at),
            text(update.arrived_at),
            update.is_deployable,
            update.reboot,
            update.can_uninstall,
            update.eula.map(|(terms, _)| upper(terms)),
            ENGLISH,
            update.kind,
            update.severity,
            update.can_install,
            update.install_asks,
            update.uninstall_asks
        ])?;
    store
        .prepare("INSERT INTO tbLocalizedProperty (LocalizedPropertyID, Title) VALUES (?1, ?2)")?
        .execute(params![revision, update.title])?;
    store
        .prepare(
            "INSERT INTO tbLocalizedPropertyForRevision (RevisionID, LocalizedPropertyID, LanguageID)
             VALUES (?1, ?1, ?2)",
        )?
        .execute([revision, ENGLISH])?;
    for kb in &update.kbs {
        store
            .prepare("INSERT INTO tbKBArticleForRevision (RevisionID, KBArticleID) VALUES (?1, ?2)")?
            .execute(params![revision, kb])?;
    }
    if update.bytes > 0 {
        write_file(store, update, revision)?;
    }
    Ok(())
}

/// One file that is as large as all of the update's files together.
fn write_file(store: &Connection, update: &Update, revision: i64) -> rusqlite::Result<()> {
    let digest = digest("saved file", revision.unsigned_abs());
    store
        .prepare("INSERT INTO tbFile (FileDigest, FileName, Modified, Size, IsEula) VALUES (?1, ?2, ?3, ?4, 0)")?
        .execute(params![
            digest,
            format!("{revision}.cab"),
            text(update.created_at),
            i64::try_from(update.bytes).unwrap_or(i64::MAX)
        ])?;
    store
        .prepare("INSERT INTO tbFileForRevision (RevisionID, FileDigest, PatchingType) VALUES (?1, ?2, 1)")?
        .execute(params![revision, digest])
        .map(drop)
}

/// The latest revision of an update: its number and its RevisionID.
fn latest(revisions: &Revisions, update: Uuid) -> Option<(i64, i64)> {
    let (key, revision) = revisions.range((update, i64::MIN)..=(update, i64::MAX)).next_back()?;
    Some((key.1, *revision))
}

fn write_supersedence(store: &Connection, update: &Update, revisions: &Revisions) -> rusqlite::Result<()> {
    for (_, revision) in update.superseded_by.iter().filter_map(|superseding| latest(revisions, *superseding)) {
        store
            .prepare("INSERT INTO tbRevisionSupersedesUpdate (RevisionID, SupersededUpdateID) VALUES (?1, ?2)")?
            .execute(params![revision, upper(update.id)])?;
    }
    Ok(())
}

fn write_categories(store: &Connection, contents: &Contents, numbers: &BTreeMap<Uuid, i64>) -> rusqlite::Result<()> {
    for (index, category) in (1_i64..).zip(&contents.categories) {
        // One whose update is not there cannot be shown by its title.
        let Some(number) = numbers.get(&category.id) else { continue };
        store.execute("INSERT OR IGNORE INTO tbCategoryType (CategoryType, Level) VALUES (?1, 3)", [category.kind])?;
        store.execute(
            "INSERT INTO tbCategory (CategoryIndex, CategoryID, ParentCategoryID, CategoryType, LastChange)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                index,
                number,
                category.parent.and_then(|parent| numbers.get(&parent)),
                category.kind,
                text(contents.taken_at)
            ],
        )?;
    }
    Ok(())
}

fn write_approvals(store: &Connection, contents: &Contents, revisions: &Revisions) -> rusqlite::Result<()> {
    for (number, approval) in (1_i64..).zip(&contents.approvals) {
        store
            .prepare(
                "INSERT INTO tbDeployment (DeploymentID, LastChangeTime, LastChangeNumber, DeploymentStatus, ActionID,
                     DeploymentTime, GoLiveTime, Deadline, AdminName, DeploymentGuid, IsAssigned, RevisionID,
                     TargetGroupID, TargetGroupTypeID)
                 VALUES (?1, ?2, ?1, ?3, ?4, ?2, ?2, ?5, ?6, ?7, ?8, ?9, ?10, 0)",
            )?
            .execute(params![
                number,
                text(approval.made_at),
                !approval.is_pending,
                approval.action,
                approval.deadline.map(text),
                approval.admin,
                upper(approval.id),
                approval.is_assigned,
                revisions[&(approval.update, approval.revision)],
                upper(approval.group)
            ])?;
    }
    Ok(())
}

fn write_removed(store: &Connection, contents: &Contents, revisions: &Revisions) -> rusqlite::Result<()> {
    let behind = i64::try_from(contents.approvals.len()).expect("there are less than 2^63 approvals");
    for (number, removed) in (behind + 1..).zip(&contents.removed) {
        let Some((revision_number, revision)) = latest(revisions, removed.update) else { continue };
        let at = text(removed.at);
        store
            .prepare(
                "INSERT INTO tbDeadDeployment (DeploymentID, TimeOfDeath, ActionID, DeploymentTime, GoLiveTime, AdminName,
                     DownloadPriority, DeploymentGuid, IsAssigned, RevisionID, TargetGroupID, TargetGroupTypeID,
                     AdminNameWhoDeleted, UpdateID, RevisionNumber)
                 VALUES (?1, ?2, 0, ?2, ?2, ?3, 1, ?4, 1, ?5, ?6, 0, ?3, ?7, ?8)",
            )?
            .execute(params![
                number,
                at,
                removed.by,
                row_id("removed approval", number),
                revision,
                upper(removed.group),
                upper(removed.update),
                revision_number
            ])?;
    }
    Ok(())
}

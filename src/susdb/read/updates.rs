//! Updates in scope, their latest revisions and their approvals.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::catalogue::{
    APPROVALS, ARTICLES, OTHER_TITLES, Select, UPDATE_CATEGORIES, UPDATE_KBS, UPDATE_TITLES, UPDATES, UpdateScope,
};
use super::categories::{self, Numbered};
use super::row::Cells;
use super::{ReadError, deployments, rows, rows_in, run};
use crate::model::category::Categories;
use crate::model::scope::ReadScope;
use crate::model::selector::{Severity, UpdateType};
use crate::model::snapshot::{Deployment, License, Reboot, Update};
use crate::susdb::session::{Parameter, Session};

/// The publication state of an update that Microsoft expired.
///
/// Source: codewrecks, WSUS cleanup: tbProperty.PublicationState 1 (grade A).
const EXPIRED: i32 = 1;

pub(super) type Updates = BTreeMap<Uuid, Update>;
pub(super) type Deployments = BTreeMap<Uuid, Vec<Deployment>>;

/// Reads the updates that a scope asks for, and their approvals.
pub(super) async fn read(
    session: &mut Session,
    scope: &ReadScope,
) -> Result<(Categories, Updates, Deployments), ReadError> {
    let mut updates = Updates::new();
    let mut deployments = Deployments::new();
    let parts = parts(scope);
    let categories = if parts.is_empty() { Numbered::default() } else { categories::read(session).await? };
    for part in parts {
        let (found, approvals) = read_part(session, &part, &categories).await?;
        // An update that two parts ask for is the one that was read first, with the approvals of that moment.
        for (id, mut approvals) in approvals {
            if found.contains_key(&id) && !updates.contains_key(&id) {
                approvals.sort_by_key(|deployment| deployment.id);
                deployments.insert(id, approvals);
            }
        }
        for (id, update) in found {
            updates.entry(id).or_insert(update);
        }
    }
    Ok((categories.all, updates, deployments))
}

/// Reads the numbers of all articles where one of the scope has no update; else nothing.
pub(super) async fn read_articles(
    session: &mut Session,
    scope: &ReadScope,
    updates: &Updates,
) -> Result<BTreeSet<String>, ReadError> {
    let found: BTreeSet<&String> = updates.values().flat_map(|update| &update.kbs).collect();
    if scope.kbs.iter().all(|kb| found.contains(kb)) {
        return Ok(BTreeSet::new());
    }
    Ok(rows(session, &ARTICLES, |row| row.text("KBArticleID")).await?.into_iter().collect())
}

fn parts(scope: &ReadScope) -> Vec<UpdateScope<'_>> {
    let mut parts = Vec::new();
    if scope.approved_updates {
        parts.push(UpdateScope::Approved);
    }
    if scope.declined_updates {
        parts.push(UpdateScope::Declined);
    }
    if !scope.update_ids.is_empty() {
        parts.push(UpdateScope::Ids(&scope.update_ids));
    }
    if !scope.kbs.is_empty() {
        parts.push(UpdateScope::Kbs(&scope.kbs));
    }
    parts
}

/// Reads one part of a scope.
pub(super) async fn read_part(
    session: &mut Session,
    part: &UpdateScope<'_>,
    categories: &Numbered,
) -> Result<(Updates, Deployments), ReadError> {
    // By RevisionID, which the further columns come with.
    let mut revisions: BTreeMap<i32, Update> = in_scope(session, &UPDATES, part, update).await?.into_iter().collect();
    for (revision, kb) in
        in_scope(session, &UPDATE_KBS, part, |row| Ok((row.int("RevisionID")?, row.text("KBArticleID")?))).await?
    {
        if let Some(update) = revisions.get_mut(&revision) {
            update.kbs.push(kb);
        }
    }
    for (revision, category) in
        in_scope(session, &UPDATE_CATEGORIES, part, |row| Ok((row.int("RevisionID")?, row.int("CategoryID")?))).await?
    {
        if let (Some(update), Some(id)) = (revisions.get_mut(&revision), categories.of_updates.get(&category)) {
            update.categories.push(*id);
        }
    }
    read_titles(session, part, &mut revisions).await?;
    let mut deployments = Deployments::new();
    for (update, deployment) in in_scope(session, &APPROVALS, part, deployments::decode).await? {
        deployments.entry(update).or_default().push(deployment);
    }
    let updates = revisions.into_values().map(|mut update| {
        sort_unique(&mut update.kbs);
        sort_unique(&mut update.categories);
        (update.id, update)
    });
    Ok((updates.collect(), deployments))
}

fn sort_unique<T: Ord>(values: &mut Vec<T>) {
    values.sort();
    values.dedup();
}

/// Runs a SELECT of updates, in as many statements as the scope's list takes.
pub(super) async fn in_scope<T>(
    session: &mut Session,
    select: &Select,
    scope: &UpdateScope<'_>,
    decode: impl Fn(&Cells<'_>) -> Result<T, ReadError>,
) -> Result<Vec<T>, ReadError> {
    // Lives for this call only: the name in the catalogue stays the statement's.
    let text = select.text.replace("{scope}", scope.condition());
    match scope.values() {
        None => run(session, select, &text, &[], &decode).await,
        Some(values) => {
            let mut all = Vec::new();
            for (text, parameters) in super::statements(&text, &values) {
                all.extend(run(session, select, &text, &parameters, &decode).await?);
            }
            Ok(all)
        }
    }
}

/// A row of `updates.read`, by RevisionID.
///
/// Source: tbUpdate.IsHidden is declined: Intensive-Self-Service-Portal, X10sions, MS-WSUSSS (grade A);
/// tbProperty.ExplicitlyDeployable 0 cannot be approved: HackTricks (grade B); the licence's columns:
/// Intensive-Self-Service-Portal (grade A), what EulaExplicitlyAccepted means: its name (grade C).
fn update(row: &Cells<'_>) -> Result<(i32, Update), ReadError> {
    let accepted = row.guid_or_null("AcceptedEulaID")?.is_some() || row.bit("EulaExplicitlyAccepted")?;
    let license = match row.guid_or_null("EulaID")? {
        None => License::None,
        Some(id) if accepted => License::Accepted(id),
        Some(id) => License::Pending(id),
    };
    let update = Update {
        id: row.guid("UpdateID")?,
        title: String::new(),
        kbs: Vec::new(),
        categories: Vec::new(),
        revision: row.int("RevisionNumber")?,
        declined: row.bit("IsHidden")?,
        reinstated_at: row.time_or_null("LastUndeclinedTime")?,
        expired: row.int("PublicationState")? == EXPIRED,
        deployable: row.bit("ExplicitlyDeployable")?,
        can_uninstall: row.bit_or_null("CanUninstall")?.unwrap_or(false),
        license,
        severity: severity(row)?,
        update_type: UpdateType::from_word(&row.text("UpdateType")?),
        arrived_at: row.time("ReceivedFromCreatorService")?,
        created_at: row.time("CreationDate")?,
        superseded_by: Vec::new(),
        needed_by: None,
        reboot: match row.int_or_null("InstallRebootBehavior")? {
            Some(0) => Reboot::Never,
            Some(1) => Reboot::Always,
            Some(2) => Reboot::Possible,
            Some(_) | None => Reboot::Unknown,
        },
    };
    Ok((row.int("RevisionID")?, update))
}

/// The severity. Publishers other than Microsoft leave the text empty.
fn severity(row: &Cells<'_>) -> Result<Severity, ReadError> {
    Ok(Severity::from_word(&row.text("MsrcSeverity")?).unwrap_or_default())
}

/// Fills in the titles: English, else the revision's default language, else any, else the update's id.
///
/// Source: tbPreComputedLocalizedProperty: kbupdate traces, Intensive-Self-Service-Portal (grade A).
async fn read_titles(
    session: &mut Session,
    part: &UpdateScope<'_>,
    revisions: &mut BTreeMap<i32, Update>,
) -> Result<(), ReadError> {
    let english = in_scope(session, &UPDATE_TITLES, part, |row| Ok((row.int("RevisionID")?, row.text("Title")?)));
    let mut untitled: BTreeSet<i32> = revisions.keys().copied().collect();
    for (revision, title) in english.await? {
        if let Some(update) = revisions.get_mut(&revision) {
            update.title = title;
            untitled.remove(&revision);
        }
    }
    let missing: Vec<Parameter<'_>> = untitled.iter().map(|revision| Parameter::Int(*revision)).collect();
    let others = rows_in(session, &OTHER_TITLES, &missing, |row| {
        let default = row.text_or_null("DefaultLanguage")?;
        let language = row.text("ShortLanguage")?;
        let rank = if default.as_ref() == Some(&language) { String::new() } else { language };
        Ok((row.int("RevisionID")?, rank, row.text("Title")?))
    });
    let mut others = others.await?;
    others.sort();
    for (revision, _, title) in others {
        if let Some(update) = revisions.get_mut(&revision).filter(|_| untitled.remove(&revision)) {
            update.title = title;
        }
    }
    for revision in untitled {
        if let Some(update) = revisions.get_mut(&revision) {
            update.title = update.id.to_string();
        }
    }
    Ok(())
}

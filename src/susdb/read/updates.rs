//! Updates in scope, their latest revisions and their approvals.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::catalogue::{
    APPROVALS, ARTICLES, OTHER_TITLES, TITLED, UPDATE_CATEGORIES, UPDATE_KBS, UPDATE_NEEDED_BY, UPDATE_SUPERSEDED_BY,
    UPDATES,
};
use super::categories::{self, Numbered};
use super::conditions::UpdateScope;
use super::row::Cells;
use super::selections::merged;
use super::{PARAMETERS_MAX, ReadError, deployments, rows, rows_about, rows_in, run};
use crate::model::scope::ReadScope;
use crate::model::selector::{Severity, UpdateType};
use crate::model::snapshot::{Deployment, License, Reboot, Update, title_names};
use crate::susdb::session::{Parameter, Session};

/// The publication state of an update that Microsoft expired.
///
/// Source: codewrecks, WSUS cleanup: tbProperty.PublicationState 1 (grade A).
const EXPIRED: i32 = 1;

/// Updates of a selection that are looked up by id at most: above that repeating the selection's conditions is cheaper.
const BY_ID_MAX: usize = 4 * PARAMETERS_MAX;

pub(super) type Updates = BTreeMap<Uuid, Update>;
pub(super) type Deployments = BTreeMap<Uuid, Vec<Deployment>>;

/// Reads the updates that a scope asks for, and their approvals; the categories with them where anything asks for these.
pub(super) async fn read(
    session: &mut Session,
    scope: &ReadScope,
) -> Result<(Numbered, Updates, Deployments), ReadError> {
    let kbs: BTreeSet<String> = scope.kbs.union(&scope.selector_kbs).cloned().collect();
    let parts = parts(scope, &kbs);
    let selections = if scope.every_update { Vec::new() } else { merged(&scope.selections) };
    if parts.is_empty() && selections.is_empty() && !scope.rules && !scope.synchronization {
        return Ok(Default::default());
    }
    let categories = categories::read(session).await?;
    let mut reader = UpdateReader {
        session,
        categories: &categories,
        supersedence: scope.tells_superseding(),
        needed_by: scope.every_update || selections.iter().any(|selection| selection.needed_by),
        updates: Updates::new(),
        deployments: Deployments::new(),
    };
    for part in &parts {
        let found = reader.read(part).await?;
        if matches!(part, UpdateScope::Ids(_) | UpdateScope::Kbs(_)) {
            reader.read_superseding(&found).await?;
        }
    }
    for selection in &selections {
        let Some(part) = UpdateScope::selected(selection, &categories) else { continue };
        let found = reader.read(&part).await?;
        if selection.superseding {
            reader.read_superseding(&found).await?;
        }
    }
    let UpdateReader { updates, deployments, .. } = reader;
    Ok((categories, updates, deployments))
}

/// Reads a batch of a list: all that is known about some updates, and their approvals; and the updates that supersede them.
pub(super) async fn read_batch(
    session: &mut Session,
    part: &UpdateScope<'_>,
    categories: &Numbered,
) -> Result<(Updates, Deployments), ReadError> {
    let (updates, deployments) = Default::default();
    let mut reader = UpdateReader { session, categories, supersedence: true, needed_by: true, updates, deployments };
    let found = reader.read(part).await?;
    reader.needed_by = false;
    reader.read_superseding(&found).await?;
    let UpdateReader { updates, deployments, .. } = reader;
    Ok((updates, deployments))
}

/// Reads the numbers of all articles where one that is referred to has no update, or every update was asked for; else nothing. What a selector lists and
/// the server does not have is no reason to.
pub(super) async fn read_articles(
    session: &mut Session,
    scope: &ReadScope,
    updates: &Updates,
) -> Result<BTreeSet<String>, ReadError> {
    let found: BTreeSet<&String> = updates.values().flat_map(|update| &update.kbs).collect();
    if !scope.every_update && scope.kbs.iter().all(|kb| found.contains(kb)) {
        return Ok(BTreeSet::new());
    }
    Ok(rows(session, &ARTICLES, |row| row.text("KBArticleID")).await?.into_iter().collect())
}

/// Reads the titles that name articles which no update has.
pub(super) async fn read_titled(
    session: &mut Session,
    scope: &ReadScope,
    updates: &Updates,
) -> Result<BTreeMap<String, BTreeSet<String>>, ReadError> {
    let mut titled = BTreeMap::new();
    for kb in scope.articles_without(updates.values()) {
        let pattern = format!("%KB{kb}%");
        let pattern = [Parameter::Text(&pattern)];
        let titles = run(session, &TITLED, TITLED.text, &pattern, &|row: &Cells<'_>| row.text("Title")).await?;
        let titles: BTreeSet<String> = titles.into_iter().filter(|title| title_names(title, kb)).collect();
        if !titles.is_empty() {
            titled.insert(kb.clone(), titles);
        }
    }
    Ok(titled)
}

fn parts<'s>(scope: &'s ReadScope, kbs: &'s BTreeSet<String>) -> Vec<UpdateScope<'s>> {
    let mut parts = Vec::new();
    if scope.every_update {
        // The others are among them.
        return vec![UpdateScope::Range(i32::MIN, i32::MAX)];
    }
    if scope.approved_updates {
        parts.push(UpdateScope::Approved);
    }
    if scope.declined_updates {
        parts.push(UpdateScope::Declined);
    }
    if !scope.update_ids.is_empty() {
        parts.push(UpdateScope::Ids(&scope.update_ids));
    }
    if !kbs.is_empty() {
        parts.push(UpdateScope::Kbs(kbs));
    }
    parts
}

/// Reads updates part by part. What two parts ask for is read once, in the first.
struct UpdateReader<'s> {
    session: &'s mut Session,
    categories: &'s Numbered,
    /// Whether to read what supersedes each update: selectors want to know it, and so does who names one.
    supersedence: bool,
    /// Whether to read how many computers need each update.
    needed_by: bool,
    updates: Updates,
    deployments: Deployments,
}

impl UpdateReader<'_> {
    /// Reads the updates of a part and gives their ids, those that were read before included.
    async fn read(&mut self, part: &UpdateScope<'_>) -> Result<BTreeSet<Uuid>, ReadError> {
        let rows = rows_about(self.session, &UPDATES, part, update).await?;
        let found: BTreeSet<Uuid> = rows.iter().map(|(_, update)| update.id).collect();
        let rows = rows.into_iter().filter(|(_, update)| !self.updates.contains_key(&update.id));
        let mut revisions = BTreeMap::new();
        let updates: Updates = rows
            .map(|(revision, update)| {
                revisions.insert(revision, update.id);
                (update.id, update)
            })
            .collect();
        if !updates.is_empty() {
            let mut new = NewUpdates { updates, revisions };
            self.complete(part, &mut new).await?;
            if self.updates.is_empty() {
                self.updates = new.updates;
            } else {
                self.updates.extend(new.updates);
            }
        }
        Ok(found)
    }

    /// Reads what else is to be known about updates that a part has just given.
    async fn complete(&mut self, part: &UpdateScope<'_>, new: &mut NewUpdates) -> Result<(), ReadError> {
        let ids: BTreeSet<Uuid>;
        let part = match part {
            UpdateScope::Selected(_) if new.updates.len() <= BY_ID_MAX => {
                ids = new.updates.keys().copied().collect();
                &UpdateScope::Ids(&ids)
            }
            other => other,
        };
        let Self { session, categories, .. } = self;
        new.read_articles(session, part).await?;
        new.read_categories(session, part, categories).await?;
        new.read_other_titles(session).await?;
        if self.supersedence {
            new.read_supersedence(session, part).await?;
        }
        if self.needed_by {
            new.read_needed_by(session, part).await?;
        }
        for update in new.updates.values_mut() {
            sort_unique(&mut update.kbs);
            sort_unique(&mut update.categories);
            sort_unique(&mut update.superseded_by);
        }
        let mut read = BTreeSet::new();
        for (id, deployment) in rows_about(session, &APPROVALS, part, deployments::decode).await? {
            if new.updates.contains_key(&id) {
                self.deployments.entry(id).or_default().push(deployment);
                read.insert(id);
            }
        }
        for id in read {
            self.deployments.entry(id).or_default().sort_by_key(|deployment| deployment.id);
        }
        Ok(())
    }

    /// Reads the updates that supersede some, unless they were read before. Theirs in turn are not.
    async fn read_superseding(&mut self, superseded: &BTreeSet<Uuid>) -> Result<(), ReadError> {
        let known = superseded.iter().filter_map(|id| self.updates.get(id));
        let superseding = known.flat_map(|update| &update.superseded_by).filter(|id| !self.updates.contains_key(id));
        let superseding: BTreeSet<Uuid> = superseding.copied().collect();
        self.read(&UpdateScope::Ids(&superseding)).await?;
        Ok(())
    }
}

/// Updates that were not read before, and their ids by RevisionID, which the further columns come with.
struct NewUpdates {
    updates: Updates,
    revisions: BTreeMap<i32, Uuid>,
}

impl NewUpdates {
    fn get_mut(&mut self, revision: i32) -> Option<&mut Update> {
        self.updates.get_mut(self.revisions.get(&revision)?)
    }

    async fn read_articles(&mut self, session: &mut Session, part: &UpdateScope<'_>) -> Result<(), ReadError> {
        let article = |row: &Cells<'_>| Ok((row.int("RevisionID")?, row.text("KBArticleID")?));
        for (revision, kb) in rows_about(session, &UPDATE_KBS, part, article).await? {
            if let Some(update) = self.get_mut(revision) {
                update.kbs.reserve_exact(1);
                update.kbs.push(kb);
            }
        }
        Ok(())
    }

    async fn read_categories(
        &mut self,
        session: &mut Session,
        part: &UpdateScope<'_>,
        categories: &Numbered,
    ) -> Result<(), ReadError> {
        let category = |row: &Cells<'_>| Ok((row.int("RevisionID")?, row.int("CategoryID")?));
        for (revision, category) in rows_about(session, &UPDATE_CATEGORIES, part, category).await? {
            if let (Some(update), Some(id)) = (self.get_mut(revision), categories.of_updates.get(&category)) {
                // A classification and a product: with the usual growth the ids alone would double.
                update.categories.reserve_exact(if update.categories.is_empty() { 2 } else { 1 });
                update.categories.push(*id);
            }
        }
        Ok(())
    }

    /// Fills in what supersedes the updates: their own newer revisions do not.
    ///
    /// Source: tbRevisionSupersedesUpdate: Intensive-Self-Service-Portal (grade A).
    async fn read_supersedence(&mut self, session: &mut Session, part: &UpdateScope<'_>) -> Result<(), ReadError> {
        let superseding = |row: &Cells<'_>| Ok((row.int("RevisionID")?, row.guid("SupersedingUpdateID")?));
        for (revision, by) in rows_about(session, &UPDATE_SUPERSEDED_BY, part, superseding).await? {
            if let Some(update) = self.get_mut(revision).filter(|update| update.id != by) {
                update.superseded_by.reserve_exact(1);
                update.superseded_by.push(by);
            }
        }
        Ok(())
    }

    /// Fills in how many computers need the updates: none where no computer has reported anything.
    ///
    /// Source: tbUpdateSummaryForAllComputers: Intensive-Self-Service-Portal (grade A); which of its numbers are "needed":
    /// learn.microsoft.com, UpdateSummary (grade B).
    async fn read_needed_by(&mut self, session: &mut Session, part: &UpdateScope<'_>) -> Result<(), ReadError> {
        for update in self.updates.values_mut() {
            update.needed_by = Some(0);
        }
        let needed = |row: &Cells<'_>| {
            let mut computers = 0_u64;
            for column in ["NotInstalled", "Downloaded", "Failed", "InstalledPendingReboot"] {
                computers = computers.saturating_add(row.count(column)?);
            }
            Ok((row.int("RevisionID")?, u32::try_from(computers).unwrap_or(u32::MAX)))
        };
        for (revision, computers) in rows_about(session, &UPDATE_NEEDED_BY, part, needed).await? {
            if let Some(update) = self.get_mut(revision) {
                update.needed_by = Some(computers);
            }
        }
        Ok(())
    }

    /// Fills in the titles of updates without an English one: the revision's default language, else any, else the update's
    /// id.
    ///
    /// Source: tbPreComputedLocalizedProperty: kbupdate traces, Intensive-Self-Service-Portal (grade A).
    async fn read_other_titles(&mut self, session: &mut Session) -> Result<(), ReadError> {
        let is_untitled = |id| self.updates.get(id).is_some_and(|update| update.title.is_empty());
        let untitled = self.revisions.iter().filter(|(_, id)| is_untitled(*id)).map(|(revision, _)| *revision);
        let mut untitled: BTreeSet<i32> = untitled.collect();
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
            if let Some(update) = self.get_mut(revision).filter(|_| untitled.remove(&revision)) {
                update.title = title;
            }
        }
        for revision in untitled {
            if let Some(update) = self.get_mut(revision) {
                update.title = update.id.to_string();
            }
        }
        Ok(())
    }
}

fn sort_unique<T: Ord>(values: &mut Vec<T>) {
    values.sort();
    values.dedup();
}

/// A row of `updates.read`, by RevisionID.
///
/// Source: tbUpdate.IsHidden is declined: Intensive-Self-Service-Portal, X10sions, MS-WSUSSS (grade A);
/// the English title in tbPreComputedLocalizedProperty: kbupdate traces, Intensive-Self-Service-Portal (grade A);
/// tbProperty.ExplicitlyDeployable 0 cannot be approved: HackTricks (grade B); the licence's columns:
/// Intensive-Self-Service-Portal (grade A), what EulaExplicitlyAccepted means: its name (grade C); what can be installed and
/// what asks the user: Intensive-Self-Service-Portal (columns, grade A), their names (meaning, grade B).
fn update(row: &Cells<'_>) -> Result<(i32, Update), ReadError> {
    let accepted = row.guid_or_null("AcceptedEulaID")?.is_some() || row.bit("EulaExplicitlyAccepted")?;
    let license = match row.guid_or_null("EulaID")? {
        None => License::None,
        Some(id) if accepted => License::Accepted(id),
        Some(id) => License::Pending(id),
    };
    let update = Update {
        id: row.guid("UpdateID")?,
        title: row.text_or_null("Title")?.unwrap_or_default(),
        kbs: Vec::new(),
        categories: Vec::new(),
        revision: row.int("RevisionNumber")?,
        declined: row.bit("IsHidden")?,
        reinstated_at: row.time_or_null("LastUndeclinedTime")?,
        expired: row.int("PublicationState")? == EXPIRED,
        deployable: row.bit("ExplicitlyDeployable")?,
        can_install: row.bit_or_null("CanInstall")?.unwrap_or(true),
        install_asks: row.bit_or_null("InstallRequiresUserInput")?.unwrap_or(false),
        can_uninstall: row.bit_or_null("CanUninstall")?.unwrap_or(false),
        uninstall_asks: row.bit_or_null("UninstallRequiresUserInput")?.unwrap_or(false),
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

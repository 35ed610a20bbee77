//! Updates, newest first, in batches: however many there are, no more than one batch is in memory.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::selects::LIST_UPDATES;
use crate::model::category::{Categories, CategoryKind};
use crate::model::listing::ListedUpdate;
use crate::model::scope::UpdateSelection;
use crate::model::snapshot::Update;
use crate::susdb::read::categories::{self, Numbered};
use crate::susdb::read::conditions::UpdateScope;
use crate::susdb::read::updates::read_batch;
use crate::susdb::read::{Cells, ReadError, rows_about};
use crate::susdb::session::Session;

/// Updates of the first batch: few, so that a short page is there at once.
const BATCH_FIRST: usize = 250;
/// Updates of a batch at most.
const BATCH_MAX: usize = 4000;
/// How many rows more a range of numbers may bring than are wanted before a list of numbers is the better question.
const RANGE_SLACK: usize = 2;

/// Which updates to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateChoice<'a> {
    /// Those of these that can be approved by themselves.
    Ids(&'a BTreeSet<Uuid>),
    /// At least those that meet these conditions and can be approved by themselves.
    Selection(&'a UpdateSelection),
    /// Those that have an approval: parts of bundles, too.
    Approved,
}

/// What orders updates, and finds them again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct UpdateKey {
    /// Newest first.
    arrived: Reverse<DateTime<Utc>>,
    /// The update.
    id: Uuid,
    /// Its LocalUpdateID.
    number: i32,
}

/// The updates that are still to be read.
pub struct Updates {
    categories: Numbered,
    keys: Vec<UpdateKey>,
    at: usize,
    batch: usize,
}

impl Updates {
    /// Reads which updates there are to list.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn open(session: &mut Session, choice: UpdateChoice<'_>) -> Result<Self, ReadError> {
        let categories = categories::read(session).await?;
        let scope = match choice {
            UpdateChoice::Ids(ids) => Some(UpdateScope::Ids(ids)),
            UpdateChoice::Approved => Some(UpdateScope::Approved),
            UpdateChoice::Selection(selection) => UpdateScope::selected(selection, &categories),
        };
        let mut keys = match scope {
            Some(scope) => rows_about(session, &LIST_UPDATES, &scope, key).await?,
            None => Vec::new(),
        };
        keys.retain(|(deployable, _)| *deployable || choice == UpdateChoice::Approved);
        let mut keys: Vec<UpdateKey> = keys.into_iter().map(|(_, key)| key).collect();
        keys.sort_unstable();
        Ok(Self { categories, keys, at: 0, batch: BATCH_FIRST })
    }

    /// The classifications, products and families of the server.
    #[must_use]
    pub fn categories(&self) -> &Categories {
        &self.categories.all
    }

    /// Skips everything up to an update, which need not be in the list itself. False where there is no such update.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn skip_past(&mut self, session: &mut Session, update: Uuid) -> Result<bool, ReadError> {
        let ids = BTreeSet::from([update]);
        let found = rows_about(session, &LIST_UPDATES, &UpdateScope::Ids(&ids), key).await?;
        let Some((_, last)) = found.into_iter().next() else { return Ok(false) };
        self.at = self.keys.partition_point(|key| *key <= last);
        Ok(true)
    }

    /// Reads the next batch; none at the end. An update that went in the meantime is left out.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn next(&mut self, session: &mut Session) -> Result<Option<Vec<ListedUpdate>>, ReadError> {
        let end = self.keys.len().min(self.at + self.batch);
        let keys = &self.keys[self.at..end];
        if keys.is_empty() {
            return Ok(None);
        }
        let numbers: Vec<i32> = keys.iter().map(|key| key.number).collect();
        let (mut updates, mut deployments) = read_batch(session, &scope_of(&numbers), &self.categories).await?;
        let superseding: Vec<Vec<String>> = keys.iter().map(|key| superseding(key.id, &updates)).collect();
        let listed = keys.iter().zip(superseding).filter_map(|(key, superseded_by)| {
            let update = updates.remove(&key.id)?;
            let mut approvals = deployments.remove(&key.id).unwrap_or_default();
            approvals.sort_by_key(|approval| (approval.group, Reverse(approval.revision), approval.id));
            let all = &self.categories.all;
            let titles = |kind| all.titles(&update.categories, kind).into_iter().map(str::to_owned).collect();
            let (classifications, products) = (titles(CategoryKind::Classification), titles(CategoryKind::Product));
            Some(ListedUpdate { update, classifications, products, superseded_by, approvals })
        });
        let listed = listed.collect();
        self.at = end;
        self.batch = (self.batch * 4).min(BATCH_MAX);
        Ok(Some(listed))
    }
}

/// What the updates that supersede one are called, each once.
fn superseding(id: Uuid, updates: &BTreeMap<Uuid, Update>) -> Vec<String> {
    let above = updates.get(&id).into_iter().flat_map(|update| &update.superseded_by);
    let called = |id: &Uuid| match updates.get(id) {
        Some(update) if update.kbs.is_empty() => update.title.clone(),
        Some(update) => update.kbs.iter().map(|kb| format!("KB{kb}")).collect::<Vec<_>>().join("/"),
        None => id.to_string(),
    };
    above.map(called).collect::<BTreeSet<String>>().into_iter().collect()
}

/// Source: tbProperty.ReceivedFromCreatorService is when the server received the revision: Intensive-Self-Service-Portal,
/// X10sions (grade A).
fn key(row: &Cells<'_>) -> Result<(bool, UpdateKey), ReadError> {
    let arrived = Reverse(row.time("ReceivedFromCreatorService")?);
    let key = UpdateKey { arrived, id: row.guid("UpdateID")?, number: row.int("LocalUpdateID")? };
    Ok((row.bit("ExplicitlyDeployable")?, key))
}

/// Updates that arrived together have numbers close to each other: then one range says it in one statement.
fn scope_of(numbers: &[i32]) -> UpdateScope<'_> {
    let (first, last) = (numbers.iter().min(), numbers.iter().max());
    match (first, last) {
        (Some(first), Some(last)) if (i64::from(*last) - i64::from(*first)) < (numbers.len() * RANGE_SLACK) as i64 => {
            UpdateScope::Range(*first, *last)
        }
        _ => UpdateScope::Numbers(numbers),
    }
}

#[cfg(test)]
mod tests {
    use super::{UpdateScope, scope_of};

    #[test]
    fn numbers_that_lie_close_together_are_asked_for_as_a_range() {
        assert!(matches!(scope_of(&[7, 5, 9]), UpdateScope::Range(5, 9)));
        assert!(matches!(scope_of(&[7, 5, 90]), UpdateScope::Numbers([7, 5, 90])));
        assert!(matches!(scope_of(&[i32::MIN, i32::MAX]), UpdateScope::Numbers(_)));
    }
}

//! Whether an update is what a selector means.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::diagnostic::Diagnostics;
use crate::model::category::{Categories, CategoryKind};
use crate::model::glob::Glob;
use crate::model::name::fold;
use crate::model::selector::{NeededBy, Period, Selector, Severity, UpdateType};
use crate::model::snapshot::Update;

use super::categories::look_up;
use super::notes::Notes;

/// A selector's conditions with every category looked up.
///
/// `supersedingApproved` is not among them: it depends on what a whole manifest comes to.
#[derive(Debug, Clone)]
pub struct Conditions {
    classifications: Option<BTreeSet<Uuid>>,
    products: Option<BTreeSet<Uuid>>,
    title: Option<Glob>,
    severity: Option<Vec<Severity>>,
    kbs: Option<BTreeSet<String>>,
    update_types: Option<Vec<UpdateType>>,
    arrived: Period,
    created: Period,
    superseded: Option<bool>,
    expired: Option<bool>,
    needed_by: Option<NeededBy>,
    now: DateTime<Utc>,
}

impl Conditions {
    /// Looks up the categories that a selector names. Ages count back from `now`.
    ///
    /// # Errors
    ///
    /// Categories that are unknown, of another kind, or ambiguous.
    pub fn new(selector: &Selector, categories: &Categories, now: DateTime<Utc>) -> Result<Self, Diagnostics> {
        let mut notes = Notes::default();
        let conditions = Self::noting(selector, categories, now, &mut notes);
        if notes.diagnostics.has_errors() { Err(notes.diagnostics) } else { Ok(conditions) }
    }

    /// Likewise, with errors among other notes. After an error the conditions are of no use.
    pub(super) fn noting(selector: &Selector, categories: &Categories, now: DateTime<Utc>, notes: &mut Notes) -> Self {
        let Selector { classifications, products, .. } = selector;
        let mut ids =
            |references: &Option<Vec<_>>, kind| references.as_ref().map(|list| look_up(list, kind, categories, notes));
        Self {
            classifications: ids(classifications, CategoryKind::Classification),
            products: ids(products, CategoryKind::Product),
            title: selector.title.as_ref().map(|title| title.value.clone()),
            severity: selector.severity.clone(),
            kbs: selector.kb.as_ref().map(|list| list.iter().map(|kb| kb.value.clone()).collect()),
            update_types: selector.update_type.clone(),
            arrived: selector.arrived,
            created: selector.created,
            superseded: selector.superseded,
            expired: selector.expired,
            needed_by: selector.needed_by,
            now,
        }
    }

    /// The conditions as a selector of approvals has them: not expired, and not superseded unless it says otherwise.
    pub(super) fn for_approvals(self) -> Self {
        Self { superseded: Some(self.superseded.unwrap_or(false)), expired: Some(false), ..self }
    }

    /// Whether an update meets every condition.
    #[must_use]
    pub fn matches(&self, update: &Update) -> bool {
        let candidate = Candidate::new(update);
        self.meets_durable(&candidate) && self.meets_passing(update)
    }

    /// Whether an update meets the conditions that neither time nor other updates change.
    pub(super) fn meets_durable(&self, candidate: &Candidate<'_>) -> bool {
        let Candidate { update, .. } = candidate;
        let names = |ids: &Option<BTreeSet<Uuid>>| {
            ids.as_ref().is_none_or(|ids| update.categories.iter().any(|category| ids.contains(category)))
        };
        names(&self.classifications)
            && names(&self.products)
            && self.severity.as_ref().is_none_or(|severity| severity.contains(&update.severity))
            && self.update_types.as_ref().is_none_or(|kinds| kinds.contains(&update.update_type))
            && self.kbs.as_ref().is_none_or(|kbs| update.kbs.iter().any(|kb| kbs.contains(kb)))
            && self.title.as_ref().is_none_or(|title| title.matches_folded(candidate.title()))
    }

    /// Whether an update meets the conditions that it can fall out of.
    pub(super) fn meets_passing(&self, update: &Update) -> bool {
        self.arrived.contains(update.arrived_at, self.now)
            && self.created.contains(update.created_at, self.now)
            && self.superseded.is_none_or(|superseded| superseded != update.superseded_by.is_empty())
            && self.expired.is_none_or(|expired| expired == update.expired)
            // A number that nobody asked for decides nothing.
            && self.needed_by.is_none_or(|range| update.needed_by.is_some_and(|computers| range.contains(computers)))
    }
}

/// An update that many selectors look at: its title is folded once, and only if one of them asks.
pub(super) struct Candidate<'a> {
    pub(super) update: &'a Update,
    folded: OnceCell<Vec<char>>,
}

impl<'a> Candidate<'a> {
    pub(super) fn new(update: &'a Update) -> Self {
        Self { update, folded: OnceCell::new() }
    }

    fn title(&self) -> &[char] {
        self.folded.get_or_init(|| fold(&self.update.title).chars().collect())
    }
}

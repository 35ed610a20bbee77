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
        self.meets_facts(update) && self.meets_passing(update) && self.meets_title(&Candidate::new(update))
    }

    /// Whether an update meets the conditions that neither time nor other updates change, its title left aside.
    pub(super) fn meets_facts(&self, update: &Update) -> bool {
        let names = |ids: &Option<BTreeSet<Uuid>>| {
            ids.as_ref().is_none_or(|ids| update.categories.iter().any(|category| ids.contains(category)))
        };
        names(&self.classifications)
            && names(&self.products)
            && self.severity.as_ref().is_none_or(|severity| severity.contains(&update.severity))
            && self.update_types.as_ref().is_none_or(|kinds| kinds.contains(&update.update_type))
            && self.kbs.as_ref().is_none_or(|kbs| update.kbs.iter().any(|kb| kbs.contains(kb)))
    }

    /// Whether its title is in order: neither time nor other updates change it, but it costs more than all else to look at.
    pub(super) fn meets_title(&self, candidate: &Candidate<'_>) -> bool {
        self.title.as_ref().is_none_or(|title| title.matches_folded(candidate.title()))
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

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Duration, Utc};
    use uuid::Uuid;

    use super::Conditions;
    use crate::model::category::{Categories, Category, CategoryKind, CategoryReference};
    use crate::model::glob::Glob;
    use crate::model::origin::{Declared, Origin, SourceId};
    use crate::model::selector::{Moment, NeededBy, Period, Selector, Severity, UpdateType};
    use crate::model::snapshot::{License, Reboot, Update};

    const PRODUCT: Uuid = Uuid::from_u128(1);

    fn now() -> DateTime<Utc> {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    fn categories() -> Categories {
        let product = Category {
            id: PRODUCT,
            kind: CategoryKind::Product,
            title: "Windows 11".into(),
            other_titles: Vec::new(),
            parent: None,
        };
        Categories([(PRODUCT, product)].into())
    }

    fn everything() -> Selector {
        Selector::everything(origin())
    }

    fn origin() -> Origin {
        Origin { source: SourceId(0), start: 0, end: 1, line: 1, column: 1 }
    }

    fn update() -> Update {
        Update {
            id: Uuid::from_u128(7),
            title: "Cumulative Update".into(),
            kbs: vec!["100".into()],
            categories: vec![PRODUCT],
            revision: 1,
            declined: false,
            reinstated_at: None,
            expired: true,
            deployable: true,
            can_install: true,
            install_asks: false,
            can_uninstall: true,
            uninstall_asks: false,
            license: License::None,
            severity: Severity::Critical,
            update_type: UpdateType::Software,
            arrived_at: now() - Duration::days(3),
            created_at: now() - Duration::days(10),
            superseded_by: vec![Uuid::from_u128(8)],
            needed_by: None,
            reboot: Reboot::Unknown,
        }
    }

    fn matches(selector: &Selector) -> bool {
        Conditions::new(selector, &categories(), now()).unwrap().matches(&update())
    }

    #[test]
    fn without_conditions_every_update_matches_expired_and_superseded_ones_too() {
        assert!(matches(&everything()));
        assert!(!matches(&Selector { expired: Some(false), ..everything() }));
        assert!(!matches(&Selector { superseded: Some(false), ..everything() }));
    }

    #[test]
    fn a_condition_that_does_not_hold_is_enough() {
        let within = |days| Period { from: Some(Moment::Ago(Duration::days(days))), until: None };
        let products =
            Some(vec![Declared { value: CategoryReference::Title(Glob::new("windows*")), origin: origin() }]);
        let all = Selector { products, arrived: within(4), created: within(11), ..everything() };
        assert!(matches(&all));
        assert!(!matches(&Selector { arrived: within(2), ..all.clone() }));
        assert!(!matches(&Selector { severity: Some(vec![Severity::Low]), ..all }));
    }

    #[test]
    fn a_number_of_computers_that_nobody_read_is_in_no_range() {
        let needed_by = Some(NeededBy { at_least: 0, at_most: None });
        assert!(!matches(&Selector { needed_by, ..everything() }));
    }

    #[test]
    fn an_unknown_category_is_an_error_with_what_it_may_have_meant() {
        let products =
            Some(vec![Declared { value: CategoryReference::Title(Glob::new("Windos 11")), origin: origin() }]);
        let errors = Conditions::new(&Selector { products, ..everything() }, &categories(), now()).unwrap_err();
        assert_eq!((errors.0[0].code, errors.0[0].help[0].as_str()), ("unknown-product", "did you mean `Windows 11`?"));
    }
}

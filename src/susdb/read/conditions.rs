//! Which updates a SELECT is about: conditions on `tbUpdate u`, put together from fixed fragments.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, NaiveTime, SubsecRound, TimeDelta, Utc};
use uuid::Uuid;

use super::catalogue::placeholders;
use super::categories::Numbered;
use super::{PARAMETERS_MAX, pad};
use crate::model::category::CategoryKind;
use crate::model::scope::UpdateSelection;
use crate::susdb::session::Parameter;

/// Categories of one kind in a statement at most: two such lists and a thousand articles are within SQL Server's limit. A
/// longer list is nearly all there are, and then the read brings more than asked for instead.
const CATEGORIES_MAX: usize = 500;

const IDS: &str = "u.UpdateID IN ({list})";
const NUMBERS: &str = "u.LocalUpdateID IN ({list})";
const NUMBERS_FROM: &str = "u.LocalUpdateID >= {list}";
const NUMBERS_TO: &str = "u.LocalUpdateID <= {list}";
const KBS: &str = "u.LocalUpdateID IN (SELECT kr.LocalUpdateID FROM dbo.tbRevision kr \
    INNER JOIN dbo.tbKBArticleForRevision kk ON kk.RevisionID = kr.RevisionID \
    WHERE kr.IsLatestRevision = 1 AND kk.KBArticleID IN ({list}))";
const APPROVED: &str = "u.LocalUpdateID IN (SELECT ar.LocalUpdateID FROM dbo.tbRevision ar \
    INNER JOIN dbo.tbDeployment ad ON ad.RevisionID = ar.RevisionID \
    WHERE ad.TargetGroupTypeID = 0 AND ad.ActionID IN (0, 1, 3))";
const DECLINED: &str = "u.IsHidden = 1";
const NOT_DECLINED: &str = "u.IsHidden = 0";
// Source: tbRevisionSupersedesUpdate: Intensive-Self-Service-Portal (grade A); that only latest revisions count: the
// column IsSuperseded of vwMinimalUpdate in X10sions (grade B).
const SUPERSEDED: &str = "EXISTS (SELECT 1 FROM dbo.tbRevisionSupersedesUpdate xs \
    INNER JOIN dbo.tbRevision xr ON xr.RevisionID = xs.RevisionID \
    WHERE xr.IsLatestRevision = 1 AND xr.LocalUpdateID <> u.LocalUpdateID AND xs.SupersededUpdateID = u.UpdateID)";
const NOT_SUPERSEDED: &str = "NOT EXISTS (SELECT 1 FROM dbo.tbRevisionSupersedesUpdate xs \
    INNER JOIN dbo.tbRevision xr ON xr.RevisionID = xs.RevisionID \
    WHERE xr.IsLatestRevision = 1 AND xr.LocalUpdateID <> u.LocalUpdateID AND xs.SupersededUpdateID = u.UpdateID)";
// The rest are about the latest revision, which not every SELECT has: `{inner}` stands for conditions on `sr` and `sp`.
const REVISION: &str = "u.LocalUpdateID IN (SELECT sr.LocalUpdateID FROM dbo.tbRevision sr \
    INNER JOIN dbo.tbProperty sp ON sp.RevisionID = sr.RevisionID \
    WHERE sr.IsLatestRevision = 1 AND sp.ExplicitlyDeployable = 1{inner})";
const IN_CATEGORY: &str = "EXISTS (SELECT 1 FROM dbo.tbRevisionInCategory sc \
    WHERE sc.RevisionID = sr.RevisionID AND sc.CategoryID IN ({list}))";
const OF_ARTICLE: &str = "sr.RevisionID IN (SELECT sk.RevisionID FROM dbo.tbKBArticleForRevision sk \
    WHERE sk.KBArticleID IN ({list}))";
const ARRIVED_FROM: &str = "sp.ReceivedFromCreatorService >= {list}";
const ARRIVED_UNTIL: &str = "sp.ReceivedFromCreatorService < {list}";
const CREATED_FROM: &str = "sp.CreationDate >= {list}";
const CREATED_UNTIL: &str = "sp.CreationDate < {list}";
const EXPIRED: &str = "sp.PublicationState = 1";
const NOT_EXPIRED: &str = "sp.PublicationState <> 1";

/// Which updates.
pub(super) enum UpdateScope<'a> {
    /// These updates.
    Ids(&'a BTreeSet<Uuid>),
    /// Updates whose latest revision is for one of these articles.
    Kbs(&'a BTreeSet<String>),
    /// Updates with an approval.
    Approved,
    /// Declined updates.
    Declined,
    /// Updates with these LocalUpdateIDs.
    Numbers(&'a [i32]),
    /// Updates with LocalUpdateIDs from the one to the other, both included.
    Range(i32, i32),
    /// Updates that may be what a selection means.
    Selected(Selected<'a>),
}

/// A selection with SUSDB's own numbers of its categories.
pub(super) struct Selected<'a> {
    selection: &'a UpdateSelection,
    classifications: Option<Vec<i32>>,
    products: Option<Vec<i32>>,
}

impl<'a> UpdateScope<'a> {
    /// The updates of a selection; none where it names categories and the server has none of them.
    pub(super) fn selected(selection: &'a UpdateSelection, categories: &Numbered) -> Option<Self> {
        let numbers = |references: &Option<_>, kind| -> Option<Vec<i32>> {
            references.as_ref().map(|references| categories.numbers(references, kind))
        };
        let classifications = numbers(&selection.classifications, CategoryKind::Classification);
        let products = numbers(&selection.products, CategoryKind::Product);
        let is_empty = |list: &Option<Vec<i32>>| list.as_ref().is_some_and(Vec::is_empty);
        if is_empty(&classifications) || is_empty(&products) || selection.kbs.as_ref().is_some_and(BTreeSet::is_empty) {
            return None;
        }
        Some(Self::Selected(Selected { selection, classifications, products }))
    }

    /// The conditions: one for each statement that it takes.
    pub(super) fn conditions(&self) -> Vec<Condition<'a>> {
        match self {
            Self::Ids(ids) => {
                let ids: Vec<Parameter<'a>> = ids.iter().map(|id| Parameter::Guid(*id)).collect();
                chunks(&ids).map(|ids| Condition::of(IDS, &ids)).collect()
            }
            Self::Kbs(kbs) => chunks(&articles(kbs)).map(|kbs| Condition::of(KBS, &kbs)).collect(),
            Self::Numbers(numbers) => {
                let numbers: Vec<Parameter<'a>> = numbers.iter().map(|number| Parameter::Int(*number)).collect();
                chunks(&numbers).map(|numbers| Condition::of(NUMBERS, &numbers)).collect()
            }
            Self::Range(first, last) => {
                let mut range = Condition::of(NUMBERS_FROM, &[Parameter::Int(*first)]);
                range.and(NUMBERS_TO, &[Parameter::Int(*last)]);
                vec![range]
            }
            Self::Approved => vec![Condition::of(APPROVED, &[])],
            Self::Declined => vec![Condition::of(DECLINED, &[])],
            Self::Selected(selected) => match &selected.selection.kbs {
                None => vec![selected.condition(None)],
                Some(kbs) => chunks(&articles(kbs)).map(|kbs| selected.condition(Some(&kbs))).collect(),
            },
        }
    }
}

fn articles(kbs: &BTreeSet<String>) -> Vec<Parameter<'_>> {
    kbs.iter().map(|kb| Parameter::Text(kb)).collect()
}

fn chunks<'a, 'b>(values: &'b [Parameter<'a>]) -> impl Iterator<Item = Vec<Parameter<'a>>> + use<'a, 'b> {
    values.chunks(PARAMETERS_MAX).map(|chunk| pad(chunk, PARAMETERS_MAX))
}

impl<'a> Selected<'a> {
    fn condition(&self, kbs: Option<&[Parameter<'a>]>) -> Condition<'a> {
        let UpdateSelection { arrived_from, arrived_until, created_from, created_until, .. } = self.selection;
        let mut inner = Condition::default();
        for categories in [&self.classifications, &self.products].into_iter().flatten() {
            if categories.len() <= CATEGORIES_MAX {
                let numbers: Vec<Parameter<'a>> = categories.iter().map(|number| Parameter::Int(*number)).collect();
                inner.and(IN_CATEGORY, &pad(&numbers, CATEGORIES_MAX));
            }
        }
        if let Some(kbs) = kbs {
            inner.and(OF_ARTICLE, kbs);
        }
        for (fragment, end) in [
            (ARRIVED_FROM, arrived_from.and_then(beginning)),
            (ARRIVED_UNTIL, arrived_until.and_then(end)),
            (CREATED_FROM, created_from.and_then(beginning)),
            (CREATED_UNTIL, created_until.and_then(end)),
        ] {
            if let Some(time) = end {
                inner.and(fragment, &[Parameter::Time(time)]);
            }
        }
        match self.selection.expired {
            Some(true) => inner.and(EXPIRED, &[]),
            Some(false) => inner.and(NOT_EXPIRED, &[]),
            None => {}
        }
        inner.within(REVISION).and_flags(self.selection)
    }
}

/// A condition and the values of its placeholders, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Condition<'a> {
    pub(super) text: String,
    pub(super) values: Vec<Parameter<'a>>,
}

impl<'a> Condition<'a> {
    fn of(fragment: &'static str, values: &[Parameter<'a>]) -> Self {
        let mut condition = Self::default();
        condition.and(fragment, values);
        condition
    }

    /// Adds a fragment; its `{list}` becomes one placeholder for each value.
    fn and(&mut self, fragment: &'static str, values: &[Parameter<'a>]) {
        if !self.text.is_empty() {
            self.text.push_str("\n    AND ");
        }
        let first = self.values.len() + 1;
        self.text.push_str(&fragment.replace("{list}", &placeholders(first, values.len())));
        self.values.extend_from_slice(values);
    }

    /// Puts it into the place that a fragment has for it.
    fn within(self, fragment: &'static str) -> Self {
        let inner = if self.text.is_empty() { self.text } else { format!("\n    AND {}", self.text) };
        Self { text: fragment.replace("{inner}", &inner), values: self.values }
    }

    fn and_flags(mut self, selection: &UpdateSelection) -> Self {
        match selection.declined {
            Some(true) => self.and(DECLINED, &[]),
            Some(false) => self.and(NOT_DECLINED, &[]),
            None => {}
        }
        match selection.superseded {
            Some(true) => self.and(SUPERSEDED, &[]),
            Some(false) => self.and(NOT_SUPERSEDED, &[]),
            None => {}
        }
        if selection.approved {
            self.and(APPROVED, &[]);
        }
        self
    }
}

/// The beginning of a period as a `datetime` has it: not later, and none before the first `datetime`.
fn beginning(time: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let (first, last) = bounds();
    (time > first).then(|| time.min(last).trunc_subsecs(0))
}

/// The end of a period as a `datetime` has it: not earlier, and none after the last one that is a date.
fn end(time: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let (first, last) = bounds();
    (time < last).then(|| {
        let second = time.trunc_subsecs(0);
        let rounded = if second < time { second + TimeDelta::seconds(1) } else { second };
        rounded.max(first)
    })
}

/// The first `datetime`, and the last before those that stand for none.
///
/// Source: learn.microsoft.com, datetime (grade A).
fn bounds() -> (DateTime<Utc>, DateTime<Utc>) {
    let of = |year, month, day| {
        let date = NaiveDate::from_ymd_opt(year, month, day).expect("the date exists");
        date.and_time(NaiveTime::MIN).and_utc()
    };
    (of(1753, 1, 1), of(9998, 12, 31))
}

/// Every fragment at least once, with lists of two values: the scopes that every SELECT can have, and one more.
pub(super) fn samples() -> (Vec<String>, String) {
    let ids = BTreeSet::from([Uuid::from_u128(1), Uuid::from_u128(2)]);
    let kbs = BTreeSet::from(["1".to_owned(), "2".to_owned()]);
    let time = Some(DateTime::<Utc>::UNIX_EPOCH);
    let whole = UpdateSelection {
        kbs: Some(kbs.clone()),
        arrived_from: time,
        arrived_until: time,
        created_from: time,
        created_until: time,
        superseded: Some(false),
        expired: Some(false),
        declined: Some(false),
        approved: true,
        ..UpdateSelection::default()
    };
    let opposite = UpdateSelection {
        superseded: Some(true),
        expired: Some(true),
        declined: Some(true),
        ..UpdateSelection::default()
    };
    let numbers = || Some(vec![1, 2]);
    let whole = Selected { selection: &whole, classifications: numbers(), products: numbers() };
    let opposite = Selected { selection: &opposite, classifications: None, products: None };
    let scopes = [
        UpdateScope::Ids(&ids),
        UpdateScope::Kbs(&kbs),
        UpdateScope::Approved,
        UpdateScope::Declined,
        UpdateScope::Numbers(&[1, 2]),
        UpdateScope::Range(1, 2),
    ];
    let mut common: Vec<String> =
        scopes.iter().flat_map(UpdateScope::conditions).map(|condition| condition.text).collect();
    common.extend(UpdateScope::Selected(whole).conditions().into_iter().map(|condition| condition.text));
    (common, opposite.condition(None).text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::{DateTime, Utc};

    use super::{PARAMETERS_MAX, Parameter, Selected, UpdateScope, UpdateSelection, beginning, end};

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn periods_are_widened_to_what_a_datetime_can_say() {
        let odd = time("2026-06-09T10:00:00.5Z");
        assert_eq!(beginning(odd), Some(time("2026-06-09T10:00:00Z")));
        assert_eq!(end(odd), Some(time("2026-06-09T10:00:01Z")));
        assert_eq!(end(time("2026-06-09T10:00:00Z")), Some(time("2026-06-09T10:00:00Z")));
        assert_eq!(beginning(DateTime::<Utc>::MIN_UTC), None);
        assert_eq!(end(DateTime::<Utc>::MAX_UTC), None);
        // Nothing is in these; but there is no `datetime` for them.
        assert_eq!(beginning(DateTime::<Utc>::MAX_UTC), Some(time("9998-12-31T00:00:00Z")));
        assert_eq!(end(DateTime::<Utc>::MIN_UTC), Some(time("1753-01-01T00:00:00Z")));
    }

    #[test]
    fn no_statement_has_more_parameters_than_a_server_takes() {
        let selection = UpdateSelection {
            kbs: Some((0..2500).map(|kb| kb.to_string()).collect()),
            arrived_from: Some(time("2026-06-09T10:00:00Z")),
            ..UpdateSelection::default()
        };
        let of = |count: i32| Some((0..count).collect::<Vec<i32>>());
        for (classifications, products, expected) in
            [(of(500), of(500), 2001), (of(9), of(501), 1017), (of(3), None, 1005), (None, None, 1001)]
        {
            let scope = UpdateScope::Selected(Selected { selection: &selection, classifications, products });
            let conditions = scope.conditions();
            assert_eq!(conditions.len(), 3);
            assert_eq!(conditions[0].values.len(), expected);
            for condition in &conditions {
                assert_eq!(condition.text.matches("@P").count(), condition.values.len());
            }
            assert_eq!(conditions[0].values.last(), Some(&Parameter::Time(time("2026-06-09T10:00:00Z"))));
        }
        let ids = (0..2500).map(uuid::Uuid::from_u128).collect::<BTreeSet<_>>();
        let lengths: Vec<usize> =
            UpdateScope::Ids(&ids).conditions().iter().map(|condition| condition.values.len()).collect();
        assert_eq!(lengths, [PARAMETERS_MAX, PARAMETERS_MAX, 512]);
    }
}

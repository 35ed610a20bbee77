//! The selections of a scope, as few as will do: those of one manifest overlap.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::scope::UpdateSelection;

/// As few selections as will do, in the order of their first mention: every one takes a read of its own, of eight
/// statements and more.
pub(super) fn merged(selections: &[UpdateSelection]) -> Vec<UpdateSelection> {
    // Of what differs in one list only, the lists can be put together. A manifest writes an entry for each ring and month, so
    // that few are left, and these can be compared each with each.
    let united_by_kbs = united(selections.to_vec(), |selection| &mut selection.kbs);
    let united_by_products = united(united_by_kbs, |selection| &mut selection.products);
    let united = united(united_by_products, |selection| &mut selection.classifications);
    without_parts(united)
}

/// Puts together what differs in nothing but one list, and in what is read beside the updates.
fn united<T: Ord>(
    selections: Vec<UpdateSelection>,
    list: fn(&mut UpdateSelection) -> &mut Option<BTreeSet<T>>,
) -> Vec<UpdateSelection> {
    let mut places: BTreeMap<UpdateSelection, usize> = BTreeMap::new();
    let mut kept: Vec<UpdateSelection> = Vec::new();
    for mut selection in selections {
        let mut rest = UpdateSelection { needed_by: false, superseding: false, ..selection.clone() };
        *list(&mut rest) = None;
        if let Some(&place) = places.get(&rest) {
            let known = &mut kept[place];
            also_read(known, &selection);
            let more = list(&mut selection).take();
            let all = list(known);
            // No list stands for anything.
            *all = all.take().zip(more).map(|(mut all, more)| {
                all.extend(more);
                all
            });
        } else {
            places.insert(rest, kept.len());
            kept.push(selection);
        }
    }
    kept
}

/// The selections of which no one is part of another.
fn without_parts(selections: Vec<UpdateSelection>) -> Vec<UpdateSelection> {
    let mut kept: Vec<UpdateSelection> = Vec::new();
    for mut selection in selections {
        kept.retain(|other| {
            let redundant = covers(&selection, other);
            if redundant {
                also_read(&mut selection, other);
            }
            !redundant
        });
        match kept.iter_mut().find(|other| covers(other, &selection)) {
            Some(other) => also_read(other, &selection),
            None => kept.push(selection),
        }
    }
    kept
}

/// Reads with a selection what another asks for beside the updates.
fn also_read(selection: &mut UpdateSelection, other: &UpdateSelection) {
    selection.needed_by |= other.needed_by;
    selection.superseding |= other.superseding;
}

/// Whether a selection has every update of another, as far as that is plain from the conditions.
fn covers(wide: &UpdateSelection, narrow: &UpdateSelection) -> bool {
    fn list<T: Ord>(wide: Option<&BTreeSet<T>>, narrow: Option<&BTreeSet<T>>) -> bool {
        wide.is_none_or(|wide| narrow.is_some_and(|narrow| wide.is_superset(narrow)))
    }
    fn end<T>(wide: Option<T>, narrow: Option<T>, holds: impl Fn(&T, &T) -> bool) -> bool {
        wide.is_none_or(|wide| narrow.is_some_and(|narrow| holds(&wide, &narrow)))
    }
    list(wide.classifications.as_ref(), narrow.classifications.as_ref())
        && list(wide.products.as_ref(), narrow.products.as_ref())
        && list(wide.kbs.as_ref(), narrow.kbs.as_ref())
        && end(wide.arrived_from, narrow.arrived_from, |wide, narrow| wide <= narrow)
        && end(wide.arrived_until, narrow.arrived_until, |wide, narrow| wide >= narrow)
        && end(wide.created_from, narrow.created_from, |wide, narrow| wide <= narrow)
        && end(wide.created_until, narrow.created_until, |wide, narrow| wide >= narrow)
        && end(wide.superseded, narrow.superseded, bool::eq)
        && end(wide.expired, narrow.expired, bool::eq)
        && end(wide.declined, narrow.declined, bool::eq)
        && (!wide.approved || narrow.approved)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::{DateTime, Utc};

    use super::{UpdateSelection, merged};
    use crate::model::category::CategoryReference;
    use crate::model::glob::Glob;

    fn since(time: &str) -> UpdateSelection {
        let arrived_from = Some(time.parse::<DateTime<Utc>>().unwrap());
        UpdateSelection { arrived_from, declined: Some(false), ..UpdateSelection::default() }
    }

    #[test]
    fn rings_over_the_same_updates_are_read_once() {
        let (two_weeks, month) = (since("2026-06-01T00:00:00Z"), since("2026-05-15T00:00:00Z"));
        let needed = UpdateSelection { needed_by: true, ..two_weeks.clone() };
        let both = UpdateSelection { needed_by: true, ..month.clone() };
        for order in [[&needed, &month, &two_weeks], [&month, &two_weeks, &needed], [&two_weeks, &needed, &month]] {
            assert_eq!(merged(&order.map(Clone::clone)), std::slice::from_ref(&both));
        }
    }

    fn kbs(numbers: &[&str]) -> Option<BTreeSet<String>> {
        Some(numbers.iter().map(|kb| (*kb).to_owned()).collect())
    }

    #[test]
    fn lists_of_selections_that_are_else_the_same_are_put_together() {
        let one = |kb: &str| UpdateSelection { kbs: kbs(&[kb]), ..since("2026-06-01T00:00:00Z") };
        let needed = UpdateSelection { needed_by: true, ..one("3") };
        let all = UpdateSelection { kbs: kbs(&["1", "2", "3"]), ..needed.clone() };
        assert_eq!(merged(&[one("1"), one("2"), needed]), [all]);
        // A selection without a list is for every article.
        assert_eq!(merged(&[one("1"), since("2026-06-01T00:00:00Z"), one("2")]), [since("2026-06-01T00:00:00Z")]);
    }

    #[test]
    fn thousands_of_entries_are_a_few_reads() {
        let of = |title: usize| Some(BTreeSet::from([CategoryReference::Title(Glob::new(&title.to_string()))]));
        let entry = |n: usize| UpdateSelection {
            products: of(n % 30),
            classifications: of(n / 30 % 4),
            ..since("2026-06-01T00:00:00Z")
        };
        let every_product_of_every_classification: Vec<UpdateSelection> = (0..30_000).map(entry).collect();
        let [one] = &merged(&every_product_of_every_classification)[..] else { panic!() };
        let length = |list: &Option<BTreeSet<CategoryReference>>| list.as_ref().map(BTreeSet::len);
        assert_eq!((length(&one.products), length(&one.classifications)), (Some(30), Some(4)));
        // With articles of their own they are of 120 sorts, and no two of these are one selection.
        let with_articles = (0..30_000).map(|n| UpdateSelection { kbs: kbs(&[&n.to_string()]), ..entry(n) });
        let found = merged(&with_articles.collect::<Vec<_>>());
        assert_eq!(found.len(), 120);
        assert!(found.iter().all(|one| one.kbs.as_ref().map(BTreeSet::len) == Some(250)));
    }

    #[test]
    fn what_may_differ_is_kept_apart() {
        let all = [
            since("2026-06-01T00:00:00Z"),
            UpdateSelection { declined: Some(true), ..since("2026-06-01T00:00:00Z") },
            UpdateSelection { approved: true, ..UpdateSelection::default() },
            UpdateSelection { kbs: kbs(&["1", "2"]), ..UpdateSelection::default() },
            UpdateSelection { kbs: kbs(&["2", "3"]), declined: Some(true), ..UpdateSelection::default() },
        ];
        assert_eq!(merged(&all), all);
        assert_eq!(merged(&[&all[..], &[UpdateSelection::default()]].concat()), [UpdateSelection::default()]);
    }
}

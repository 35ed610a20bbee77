//! The selections of a scope, as few as will do: those of one manifest overlap.

use std::collections::BTreeSet;

use crate::model::scope::UpdateSelection;

/// The selections of which no one is part of another, in the order of their first mention.
pub(super) fn merged(selections: &[UpdateSelection]) -> Vec<UpdateSelection> {
    let mut kept: Vec<UpdateSelection> = Vec::new();
    for selection in selections {
        let mut selection = selection.clone();
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

    #[test]
    fn what_may_differ_is_kept_apart() {
        let kbs = |numbers: &[&str]| Some(numbers.iter().map(|kb| (*kb).to_owned()).collect::<BTreeSet<String>>());
        let all = [
            since("2026-06-01T00:00:00Z"),
            UpdateSelection { declined: Some(true), ..since("2026-06-01T00:00:00Z") },
            UpdateSelection { approved: true, ..UpdateSelection::default() },
            UpdateSelection { kbs: kbs(&["1", "2"]), ..UpdateSelection::default() },
            UpdateSelection { kbs: kbs(&["2", "3"]), ..UpdateSelection::default() },
        ];
        assert_eq!(merged(&all), all);
        assert_eq!(merged(&[&all[..], &[UpdateSelection::default()]].concat()), [UpdateSelection::default()]);
    }
}

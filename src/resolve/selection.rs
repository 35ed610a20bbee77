//! What a read has to bring for a selector.

use chrono::{DateTime, Utc};

use crate::model::category::CategoryReference;
use crate::model::origin::Declared;
use crate::model::scope::UpdateSelection;
use crate::model::selector::{Moment, Selector};

/// At least the updates that a selector's own conditions choose. What the server is not asked about - titles, severities,
/// kinds of updates - is looked at afterwards.
#[must_use]
pub fn selection(selector: &Selector, now: DateTime<Utc>) -> UpdateSelection {
    let time = |moment: Option<Moment>| moment.map(|moment| moment.at(now));
    UpdateSelection {
        arrived_from: time(selector.arrived.from),
        arrived_until: time(selector.arrived.until),
        created_from: time(selector.created.from),
        created_until: time(selector.created.until),
        superseded: selector.superseded,
        expired: selector.expired,
        needed_by: selector.needed_by.is_some(),
        superseding: selector.superseding_approved.is_some(),
        ..durable(selector)
    }
}

/// At least the updates that a selector chooses with every condition left out that time and other updates change.
fn durable(selector: &Selector) -> UpdateSelection {
    let values = |references: &Option<Vec<Declared<CategoryReference>>>| {
        references.as_ref().map(|list| list.iter().map(|reference| reference.value.clone()).collect())
    };
    UpdateSelection {
        classifications: values(&selector.classifications),
        products: values(&selector.products),
        kbs: selector.kb.as_ref().map(|list| list.iter().map(|kb| kb.value.clone()).collect()),
        ..UpdateSelection::default()
    }
}

/// What a selector of approvals has to have read: what it means now, and the approvals that lapse when an update falls out
/// of it. Declined updates, too: that they are left out has to be said.
pub(super) fn for_approvals(selector: &Selector, now: DateTime<Utc>) -> [UpdateSelection; 2] {
    let meant = UpdateSelection {
        superseded: Some(selector.superseded.unwrap_or(false)),
        expired: Some(false),
        ..selection(selector, now)
    };
    [meant, UpdateSelection { approved: true, ..durable(selector) }]
}

/// What a selector of declines has to have read: what it means now, and the declines that lapse.
pub(super) fn for_declines(selector: &Selector, now: DateTime<Utc>) -> Vec<UpdateSelection> {
    let meant = selection(selector, now);
    let lapsed = UpdateSelection { declined: Some(true), ..durable(selector) };
    let lapses = UpdateSelection { declined: Some(true), ..meant.clone() } != lapsed;
    if lapses { vec![meant, lapsed] } else { vec![meant] }
}

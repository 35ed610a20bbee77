//! Declined updates: an id whose update is not declined any more leaves the list.

use super::{Compared, Refresh};
use crate::model::address::Address;
use crate::model::desired::UpdateReference;
use crate::model::revision::{Edit, Place};

pub(super) fn revise(compared: &Compared<'_>, refresh: &mut Refresh) {
    for (update, decline) in &compared.resolved.declines {
        let address = Address::Decline(*update);
        if !compared.differing.contains_key(&address) {
            continue;
        }
        let Some(entry) = compared.resolved.entries.get(decline.entry) else { continue };
        match compared.desired.declines.get(entry.index).map(|entry| &entry.update) {
            Some(UpdateReference::Id(_)) => {
                let place = Place::in_spec("declines").item(entry.index);
                refresh.revise(address, vec![Edit::Removal { place }]);
            }
            Some(UpdateReference::Kb(_)) => refresh.leave(address, "an article names it, not its id"),
            Some(UpdateReference::Select(_)) => refresh.leave(address, "conditions choose it"),
            None => {}
        }
    }
}

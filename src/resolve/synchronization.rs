//! What is synchronised: categories become ids.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::diagnostic::Diagnostic;
use crate::model::attribute::Attribute;
use crate::model::category::{CategoryKind, CategoryReference};
use crate::model::desired::{Desired, Synchronization};
use crate::model::origin::Declared;
use crate::model::resolved::ResolvedSynchronization;
use crate::model::snapshot::Snapshot;

use super::categories::look_up;
use super::notes::Notes;

/// Looks up the categories. None where nothing is declared.
pub(super) fn resolve(desired: &Desired, snapshot: &Snapshot, notes: &mut Notes) -> Option<ResolvedSynchronization> {
    if desired.synchronization == Synchronization::default() {
        return None;
    }
    let Synchronization { schedule, products, classifications } = &desired.synchronization;
    check_upstream(desired, snapshot, notes);
    let mut ids =
        |references: &Option<Declared<Vec<Declared<CategoryReference>>>>, kind| -> Option<Declared<BTreeSet<Uuid>>> {
            let Declared { value, origin } = references.as_ref()?;
            Some(Declared { value: look_up(value, kind, &snapshot.categories, notes), origin: *origin })
        };
    Some(ResolvedSynchronization {
        schedule: *schedule,
        products: ids(products, CategoryKind::Product),
        classifications: ids(classifications, CategoryKind::Classification),
    })
}

/// Refuses what an upstream server decides: the declared one, else the live one.
///
/// Source: PoshWSUS assemblies: an error's name (grade B).
fn check_upstream(desired: &Desired, snapshot: &Snapshot, notes: &mut Notes) {
    let declared = desired.settings.scalars.get("updateSource.from");
    let has_upstream = match declared {
        Some(source) => source.value == Attribute::text("upstream"),
        None => snapshot.server.has_upstream,
    };
    if !has_upstream {
        return;
    }
    let Synchronization { products, classifications, .. } = &desired.synchronization;
    let lists = [("products", products), ("classifications", classifications)];
    for (key, origin) in lists.into_iter().filter_map(|(key, list)| Some((key, list.as_ref()?.origin))) {
        notes.error(
            Diagnostic::error("declared-below-upstream", "An upstream server chooses products and classifications")
                .detail(format!("This server has an upstream server, so its `{key}` cannot be declared."))
                .at(origin, "cannot be declared here")
                .help(format!("declare `{key}` for the upstream server and remove it here; `schedule` may stay")),
        );
    }
}

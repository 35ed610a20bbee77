//! Lists that the manifest owns whole: what is no longer true goes, and what came is added at the end.

use std::collections::BTreeSet;

use crate::model::revision::{Edit, Place};
use crate::report::export::categories::Item;
use crate::report::yaml::comment;

/// An item of a list.
pub(super) struct Meant<T> {
    /// What it means.
    pub(super) meant: BTreeSet<T>,
    /// It is a rule for what it means (a pattern, a family), not a name.
    pub(super) open: bool,
}

/// What has to change in a list for it to mean what the server has. Items that are true as they stand stay, whatever they are.
pub(super) fn revise<T: Ord + Copy>(
    list: &Place,
    items: &[Meant<T>],
    live: &BTreeSet<T>,
    may_be_empty: bool,
    name: impl FnOnce(&BTreeSet<T>) -> Result<Vec<Item>, String>,
) -> Result<Vec<Edit>, String> {
    let mut edits = Vec::new();
    let mut missing = live.clone();
    let mut kept = 0;
    for (index, Meant { meant, open }) in items.iter().enumerate() {
        if meant.is_subset(live) {
            missing.retain(|one| !meant.contains(one));
            kept += 1;
        } else if *open {
            return Err("a pattern or a family in the list means what the server does not have".to_owned());
        } else {
            edits.push(Edit::Removal { place: list.clone().item(index) });
        }
    }
    let new = if missing.is_empty() { Vec::new() } else { name(&missing)? };
    if kept == 0 && new.is_empty() && !may_be_empty {
        return Err("nothing would be left in the list, which cannot be empty".to_owned());
    }
    edits.extend(new.into_iter().map(|Item { yaml, remark }| Edit::Item {
        place: list.clone(),
        yaml,
        remark: if remark.is_empty() { remark } else { comment(&remark) },
    }));
    Ok(edits)
}

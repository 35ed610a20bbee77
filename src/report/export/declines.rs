//! The declined updates.

use super::head::LeftOut;
use super::{Section, counted, newest_first, title};
use crate::model::snapshot::{Snapshot, Update};
use crate::report::yaml::comment;

/// One line for each, the newest first.
pub(super) fn section(snapshot: &Snapshot) -> Section {
    let declined = || snapshot.updates.values().filter(|update| update.declined);
    if snapshot.server.replica {
        let why = "declined updates, since a replica takes declines from its parent";
        return Section {
            left_out: LeftOut::number(declined().count() as u64, why).into_iter().collect(),
            ..Section::default()
        };
    }
    let (mut updates, parts): (Vec<&Update>, Vec<&Update>) = declined().partition(|update| update.deployable);
    newest_first(&mut updates);
    let mut yaml = if updates.is_empty() { String::new() } else { "  declines:\n".to_owned() };
    for update in &updates {
        yaml += &format!("    - {}  {}\n", update.id, comment(&title(update)));
    }
    Section {
        declares: if updates.is_empty() { String::new() } else { counted(updates.len(), "decline") },
        yaml,
        left_out: LeftOut::number(
            parts.len() as u64,
            "declined updates that are parts of others, which a manifest cannot name",
        )
        .into_iter()
        .collect(),
    }
}

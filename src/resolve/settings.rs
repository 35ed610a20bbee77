//! The settings: what only the server can tell about them.

use std::collections::BTreeSet;

use crate::diagnostic::Diagnostic;
use crate::model::address::Address;
use crate::model::configuration::LiveSettings;
use crate::model::desired::{Desired, Languages, Settings};
use crate::model::origin::Origin;
use crate::model::resolved::ResolvedSettings;
use crate::model::snapshot::Snapshot;

use super::near::{did_you_mean, nearest};
use super::notes::Notes;

/// Looks up what settings refer to. None where no setting is declared.
pub(super) fn resolve(desired: &Desired, snapshot: &Snapshot, notes: &mut Notes) -> Option<ResolvedSettings> {
    if desired.settings == Settings::default() {
        return None;
    }
    let Settings { scalars, languages, content_path, proxy_password } = desired.settings.clone();
    if let (Some(languages), Some(live)) = (&languages, &snapshot.settings) {
        if let Languages::Some(names) = &languages.value {
            for name in names.iter().filter(|name| !live.languages.contains_key(*name)) {
                let mut error = Diagnostic::error("unknown-language", "Unknown language")
                    .detail(format!("The server knows no language `{name}`."))
                    .at(languages.origin, "names it");
                if let Some(question) = did_you_mean(&nearest(name, live.languages.keys().map(String::as_str))) {
                    error = error.help(question);
                }
                let known: Vec<&str> = live.languages.keys().map(String::as_str).collect();
                notes.error(error.help(format!("it knows {}", known.join(", "))));
            }
            warn_of_narrowing(names, live, languages.origin, notes);
        }
        if snapshot.server.replica {
            notes.error(
                Diagnostic::error("declared-on-replica", "A replica takes its languages from its parent")
                    .detail("This server is a replica, so its `updateFiles.languages` cannot be declared.")
                    .at(languages.origin, "cannot be declared for a replica")
                    .help("declare them for the upstream server and remove them here"),
            );
        }
    }
    Some(ResolvedSettings { scalars, languages, content_path, proxy_password })
}

/// Approvals of updates in a language that goes stay, and downstream servers never get them.
///
/// Source: MicrosoftDocs, wsusutil listinactiveapprovals (grade A).
fn warn_of_narrowing(names: &BTreeSet<String>, live: &LiveSettings, origin: Origin, notes: &mut Notes) {
    let goes = live.all_languages() || live.languages.iter().any(|(name, enabled)| *enabled && !names.contains(name));
    if goes && live.downstream_servers > 0 {
        let message = format!(
            "languages go, and {} downstream servers synchronise from here: approvals of updates in them become inactive; \
             `wsusutil listinactiveapprovals` on the server lists them afterwards",
            live.downstream_servers
        );
        notes.warn(Address::Setting("updateFiles.languages"), "inactiveApprovals", message, origin);
    }
}

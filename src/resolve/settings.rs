//! The settings: what only the server can tell about them.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Diagnostic;
use crate::model::address::Address;
use crate::model::attribute::Attribute;
use crate::model::configuration::LiveSettings;
use crate::model::desired::{Desired, Languages, Settings};
use crate::model::mode;
use crate::model::near::suggestion;
use crate::model::origin::Origin;
use crate::model::resolved::ResolvedSettings;
use crate::model::setting::Cell;
use crate::model::snapshot::Snapshot;

use super::notes::Notes;

/// The cells of the declared settings but for those that `management.ignore` hides.
pub(super) fn declared_cells(desired: &Desired) -> BTreeMap<String, Cell> {
    let scalars = desired.settings.scalars.iter().map(|(path, declared)| (*path, &declared.value));
    mode::cells(scalars.filter(|(path, _)| !desired.management.ignores(path)))
}

/// Looks up what settings refer to. None where no setting is declared.
pub(super) fn resolve(desired: &Desired, snapshot: &Snapshot, notes: &mut Notes) -> Option<ResolvedSettings> {
    if desired.settings == Settings::default() {
        return None;
    }
    let Settings { scalars, languages, content_path, proxy_password } = desired.settings.clone();
    if let (Some(languages), Some(live)) = (&languages, &snapshot.settings) {
        if let Languages::Some(names) = &languages.value {
            refuse_unknown(names, live, languages.origin, notes);
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
    if let Some(live) = &snapshot.settings {
        warn_of_unused_user(desired, live, notes);
    }
    Some(ResolvedSettings { scalars, languages, content_path, proxy_password })
}

/// All of them in one error, since they stand in one list.
fn refuse_unknown(names: &BTreeSet<String>, live: &LiveSettings, origin: Origin, notes: &mut Notes) {
    let known: Vec<&str> = live.languages.keys().map(String::as_str).collect();
    let unknown: Vec<&String> = names.iter().filter(|name| !live.languages.contains_key(*name)).collect();
    if unknown.is_empty() {
        return;
    }
    let is_one = unknown.len() == 1;
    let listed: Vec<String> = unknown.iter().map(|name| format!("`{name}`")).collect();
    let mut error = Diagnostic::error("unknown-language", "Unknown language")
        .detail(format!("The server knows no language {}.", listed.join(", ")))
        .at(origin, if is_one { "names it" } else { "names them" });
    for name in &unknown {
        if let Some(question) = suggestion(name, known.iter().copied()) {
            error = error.help(if is_one { question } else { format!("`{name}`: {question}") });
        }
    }
    notes.error(error.help(format!("it knows {}", known.join(", "))));
}

/// A proxy's user is sent only where access is not anonymous.
fn warn_of_unused_user(desired: &Desired, live: &LiveSettings, notes: &mut Notes) {
    let declared = |path| desired.settings.scalars.get(path);
    let Some(user) = declared("updateSource.proxy.user").filter(|user| user.value != Attribute::text("")) else {
        return;
    };
    if declared("updateSource.proxy.anonymous").is_none() && live.row.is_on("AnonymousProxyAccess") {
        let message = "the server uses its proxy without a user, so this one is not sent; declare `anonymous: false`";
        notes.warn(Address::Setting("updateSource.proxy.user"), "proxyUserUnused", message.to_owned(), user.origin);
    }
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

//! Settings: each declared one is compared on its own, and all that differ are saved in one call.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Affects, Change, ChangeAction, Details, FieldChange, Members, Reason, Risk};
use super::context::Context;
use super::draft::Draft;
use super::permission::Permission;
use super::step::Operation;
use crate::model::address::Address;
use crate::model::attribute::Attribute;
use crate::model::configuration::{Configuration, LiveSettings};
use crate::model::desired::Languages;
use crate::model::object::ObjectState;
use crate::model::origin::{Declared, Origin};
use crate::model::procedure::Procedure;
use crate::model::resolved::{Notice, ResolvedSettings};
use crate::model::setting::{Cell, ELSEWHERE, Setting, setting};

/// The column that says whether all languages are fetched.
const ALL_LANGUAGES: &str = "serversupportsalllanguages";
/// The attribute that a setting has.
const VALUE: &str = "value";
const LANGUAGES: &str = "updateFiles.languages";
const CONTENT_PATH: &str = "updateFiles.contentPath";
const PROXY_PASSWORD: &str = "updateSource.proxy.password";

/// What the settings come to.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) drafts: Vec<Draft>,
    pub(super) unsupported: Vec<Notice>,
    /// Whether the procedure that saves them can be called.
    can_save: bool,
}

/// Declared settings that are not as declared.
pub(super) fn declared(context: &Context<'_>) -> Settings {
    let mut found = Settings { can_save: context.can_call(Procedure::SetConfiguration), ..Settings::default() };
    let Some(declared) = &context.resolved.settings else { return found };
    let Some(live) = &context.snapshot.settings else { return found };
    for (path, value) in &declared.scalars {
        let setting = setting(path).expect("the manifest's reader takes settings from the table");
        found.add(context, scalar(setting, value, live));
    }
    if let Some(languages) = &declared.languages {
        found.add(context, language_set(languages, live));
    }
    found.unsupported.extend(elsewhere(declared, live));
    found.unsupported.retain(|notice| !context.ignores(&notice.address));
    found.drafts.retain(|draft| !context.ignores(&draft.change.address));
    refuse_to_lose_a_password(&mut found, live);
    refuse_contradictions(&mut found.drafts, &live.row);
    found
}

impl Settings {
    /// The columns that change and can be saved.
    pub(super) fn cells(&self) -> BTreeMap<String, Cell> {
        let steps = self.drafts.iter().flat_map(|draft| &draft.steps);
        let cells = steps.filter_map(|step| match &step.operation {
            Operation::SaveSettings { cells, .. } => Some(cells.clone()),
            _ => None,
        });
        if self.can_save { cells.flatten().collect() } else { BTreeMap::new() }
    }

    fn add(&mut self, context: &Context<'_>, compared: Compared) {
        match compared {
            Compared::Same => {}
            Compared::Differs(mut draft) => {
                if draft.change.risk == Risk::High && !context.policy.permissions.has(Permission::HighRisk) {
                    draft.block(
                        "highRisk",
                        "it changes whom the server follows, who places its computers, or turns TLS off",
                        Some(Permission::HighRisk),
                    );
                }
                self.drafts.push(*draft);
            }
            Compared::Unsupported(notice) => self.unsupported.push(notice),
        }
    }
}

enum Compared {
    Same,
    Differs(Box<Draft>),
    Unsupported(Notice),
}

fn scalar(setting: &'static Setting, declared: &Declared<Attribute>, live: &LiveSettings) -> Compared {
    let address = Address::Setting(setting.path);
    let column = setting.column.to_lowercase();
    let Some(cell) = live.row.cell(&column) else {
        let message = if ELSEWHERE.contains(&setting.path) {
            format!(
                "this server's configuration row has no {}: its WSUS keeps that in its service's configuration file, which \
                 is out of reach of the database; remove the key",
                setting.column
            )
        } else {
            format!("this server's configuration has no {}", setting.column)
        };
        return unsupported(address, "settingMissing", message, declared.origin);
    };
    let wanted = setting.cell(&declared.value).expect("the manifest's reader takes values that the setting takes");
    if cell.is(&wanted) || is_empty_either_way(cell, &wanted) {
        return Compared::Same;
    }
    if live.unsaved.contains(&column) {
        let message = format!("spSetConfiguration has no parameter for {} on this server", setting.column);
        return unsupported(address, "settingNotSaved", message, declared.origin);
    }
    let mut change = change(address, setting.value(cell), declared.value.clone(), declared.origin);
    change.risk = if setting.is_high_risk(&declared.value) { Risk::High } else { Risk::Low };
    let cells = BTreeMap::from([(column.clone(), wanted)]);
    let before = BTreeMap::from([(column, cell.clone())]);
    Compared::Differs(Box::new(draft(change, (cells, BTreeMap::new()), (before, BTreeMap::new()))))
}

/// NULL and an empty text say the same: nothing.
fn is_empty_either_way(one: &Cell, other: &Cell) -> bool {
    let empty = |cell: &Cell| matches!(cell, Cell::Null) || matches!(cell, Cell::Text(text) if text.is_empty());
    empty(one) && empty(other)
}

type Cells = (BTreeMap<String, Cell>, BTreeMap<String, bool>);

fn draft(change: Change, (cells, languages): Cells, before: Cells) -> Draft {
    let before = ObjectState::Settings { cells: before.0, languages: before.1 };
    Draft::of_one_step(change, Operation::SaveSettings { cells, languages }, before)
}

pub(super) fn change(address: Address, before: Attribute, after: Attribute, origin: Origin) -> Change {
    Change {
        address,
        action: ChangeAction::Modify,
        before: Some(BTreeMap::from([(VALUE.to_owned(), before.clone())])),
        after: Some(BTreeMap::from([(VALUE.to_owned(), after.clone())])),
        fields: vec![FieldChange { path: VALUE.to_owned(), before, after }],
        members: None,
        reason: Reason { code: "differs", text: "not as declared".to_owned() },
        risk: Risk::Low,
        affects: Affects::default(),
        changed_by: None,
        changed_at: None,
        origin: Some(origin),
        label: None,
        details: Details::default(),
    }
}

fn language_set(declared: &Declared<Languages>, live: &LiveSettings) -> Compared {
    let address = Address::Setting(LANGUAGES);
    let Some(all) = live.row.cell(ALL_LANGUAGES) else {
        let message = "this server's configuration has no ServerSupportsAllLanguages".to_owned();
        return unsupported(address, "settingMissing", message, declared.origin);
    };
    let enabled: BTreeSet<&String> =
        live.languages.iter().filter(|(_, enabled)| **enabled).map(|(name, _)| name).collect();
    let (was_all, wants_all) = (live.all_languages(), declared.value == Languages::All);
    let wanted: BTreeSet<&String> = match &declared.value {
        // What each language says does not matter then.
        Languages::All => enabled.clone(),
        Languages::Some(names) => names.iter().collect(),
    };
    if was_all == wants_all && wanted == enabled {
        return Compared::Same;
    }
    let lacking = if was_all != wants_all && live.unsaved.contains(ALL_LANGUAGES) {
        Some("ServerSupportsAllLanguages")
    } else if wanted != enabled && live.languages_unsaved {
        Some("@LanguagesXml")
    } else {
        None
    };
    if let Some(lacking) = lacking {
        let message = format!("spSetConfiguration has no parameter for {lacking} on this server");
        return unsupported(address, "settingNotSaved", message, declared.origin);
    }
    let shown = |all: bool, names: &BTreeSet<&String>| {
        if all {
            Attribute::text("all")
        } else {
            Attribute::List(names.iter().map(|name| Attribute::text(name.as_str())).collect())
        }
    };
    let mut change = change(address, shown(was_all, &enabled), shown(wants_all, &wanted), declared.origin);
    if !was_all && !wants_all {
        let names = |names: BTreeSet<&String>| names.into_iter().cloned().collect();
        change.members = Some(Members { added: names(&wanted - &enabled), removed: names(&enabled - &wanted) });
    }
    let column = || ALL_LANGUAGES.to_owned();
    let (mut cells, mut cells_before) = (BTreeMap::new(), BTreeMap::new());
    if was_all != wants_all {
        cells.insert(column(), Cell::Bit(wants_all));
        cells_before.insert(column(), all.clone());
    }
    let differing = live.languages.iter().filter(|(name, enabled)| wanted.contains(name) != **enabled);
    let languages: BTreeMap<String, bool> = differing.clone().map(|(name, enabled)| (name.clone(), !enabled)).collect();
    let before = differing.map(|(name, enabled)| (name.clone(), *enabled)).collect();
    Compared::Differs(Box::new(draft(change, (cells, languages), (cells_before, before))))
}

/// Values that this connection cannot write.
fn elsewhere(declared: &ResolvedSettings, live: &LiveSettings) -> Vec<Notice> {
    let mut notices = Vec::new();
    if let Some(path) = &declared.content_path {
        let column = live.row.cell("LocalContentCacheLocation");
        let same = matches!(column, Some(Cell::Text(live)) if same_folder(live, &path.value));
        if !same {
            let now = match column {
                Some(Cell::Text(live)) => live.as_str(),
                _ => "not known",
            };
            let message = format!("the content is in {now}; `wsusutil movecontent` on the server moves it");
            notices.push(notice(Address::Setting(CONTENT_PATH), "movedByWsusutil", message, path.origin));
        }
    }
    if let Some(origin) = declared.proxy_password {
        let message =
            "WSUS's own API encrypts the proxy's password, so it cannot be written through the database: set it \
                       once in the console (Options, Update Source and Proxy Server) and remove the key"
                .to_owned();
        notices.push(notice(Address::Setting(PROXY_PASSWORD), "encryptedByWsus", message, origin));
    }
    notices
}

fn same_folder(one: &str, other: &str) -> bool {
    let bare = |path: &str| path.trim_end_matches('\\').to_lowercase();
    bare(one) == bare(other)
}

fn unsupported(address: Address, code: &'static str, message: String, origin: Origin) -> Compared {
    Compared::Unsupported(notice(address, code, message, origin))
}

pub(super) fn notice(address: Address, code: &'static str, message: String, origin: Origin) -> Notice {
    Notice { address, code, message, origin: Some(origin) }
}

/// A save that leaves out a password might clear it: nothing is saved where one is in use before or after.
///
/// Source: our guess (grade C).
fn refuse_to_lose_a_password(found: &mut Settings, live: &LiveSettings) {
    let Some(parameter) = password_at_stake(&found.drafts, live) else { return };
    for draft in std::mem::take(&mut found.drafts) {
        let message = format!(
            "needs spSetConfiguration, which takes {parameter}, and what it holds cannot be read: to leave it out might clear \
             the password of the proxy, which is in use; change this setting in the console"
        );
        found.unsupported.push(Notice {
            address: draft.change.address,
            code: "passwordParameter",
            message,
            origin: draft.change.origin,
        });
    }
}

/// The parameter for a password that is in use before or after a save, and that the save has to leave out.
pub(super) fn password_at_stake<'a>(drafts: &[Draft], live: &'a LiveSettings) -> Option<&'a str> {
    let used = || live.row.uses_proxy_password() || row_after(drafts, &live.row).uses_proxy_password();
    live.password_parameter.as_deref().filter(|_| used())
}

/// The row after these changes.
fn row_after(drafts: &[Draft], live: &Configuration) -> Configuration {
    let mut row = live.clone();
    for step in drafts.iter().flat_map(|draft| &draft.steps) {
        if let Operation::SaveSettings { cells, .. } = &step.operation {
            cells.iter().for_each(|(column, cell)| row.set(column, cell.clone()));
        }
    }
    row
}

/// What must hold of the row after a save.
///
/// Source: learn.microsoft.com, IUpdateServerConfiguration (grade A).
fn refuse_contradictions(drafts: &mut [Draft], live: &Configuration) {
    let row = row_after(drafts, live);
    let empty = |column| row.cell(column).is_none_or(|cell| is_empty_either_way(cell, &Cell::Null));
    let on = |column| row.is_on(column);
    let rules: [(bool, &[&str], &str); 6] = [
        (
            on("ReplicaMode") && on("SyncToMU"),
            &["updateSource.upstream.mode", "updateSource.from"],
            "a replica cannot synchronise from Microsoft Update",
        ),
        (
            !on("SyncToMU") && empty("UpstreamServerName"),
            &["updateSource.from", "updateSource.upstream.server"],
            "the server would have an upstream server without a name; declare updateSource.from.upstream.server",
        ),
        (
            on("UseProxy") && empty("ProxyName"),
            &["updateSource.proxy", "updateSource.proxy.host"],
            "the proxy would have no name; declare updateSource.proxy.host",
        ),
        (
            on("UseProxy") && !on("AnonymousProxyAccess") && empty("ProxyUserName"),
            &["updateSource.proxy", "updateSource.proxy.anonymous", "updateSource.proxy.user"],
            "the proxy would want a user and have none; declare updateSource.proxy.user, or anonymous: true",
        ),
        (
            on("UseSeparateProxyForSsl") && empty("SslProxyName"),
            &["updateSource.proxy.tls", "updateSource.proxy.tls.host"],
            "the proxy for TLS would have no name; declare updateSource.proxy.tls.host",
        ),
        (
            on("HostOnMu") && !on("ServerSupportsAllLanguages"),
            &["updateFiles.store", LANGUAGES],
            "files can stay on Microsoft Update only where all languages are enabled; declare updateFiles.languages: all",
        ),
    ];
    for (broken, paths, rule) in rules {
        // What was so before this plan is not its doing.
        let touched = drafts
            .iter_mut()
            .find(|draft| matches!(&draft.change.address, Address::Setting(path) if paths.contains(path)));
        if let Some(draft) = touched.filter(|_| broken) {
            draft.block("saveRule", rule, None);
        }
    }
}

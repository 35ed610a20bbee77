//! The settings: every one that the server has and a manifest can say.

use super::head::LeftOut;
use super::{Section, counted};
use crate::model::attribute::Attribute;
use crate::model::configuration::{Configuration, LiveSettings};
use crate::model::database_role::{DatabaseRole, LivePrincipals, LiveRole};
use crate::model::setting::{Cell, ELSEWHERE, SETTINGS, Setting, Values, setting};
use crate::model::snapshot::Snapshot;
use crate::report::yaml::{comment, scalar, sequence};

/// The settings that are written by hand, since a manifest says them in a shape of their own.
const SHAPED: &str = "updateSource.";
const STORE: &str = "updateFiles.store";
pub(super) const ALL_LANGUAGES: &str = "ServerSupportsAllLanguages";

/// What the console does not show. Nobody wrote most of it, so what holds its default says nothing about the server.
const ADVANCED: &str = "advanced.";

/// The sections of settings; `all` of them, or those under `advanced` only where they differ from the default.
pub(super) fn section(snapshot: &Snapshot, all: bool) -> Section {
    let Some(live) = &snapshot.settings else { return Section::default() };
    let mut writer = Writer::new(SETTINGS, &live.row);
    writer.update_source();
    for setting in SETTINGS.iter().filter(|setting| !setting.path.starts_with(SHAPED)) {
        if !all && setting.path.starts_with(ADVANCED) {
            writer.add_unless_default(setting.path);
        } else {
            writer.add(setting.path);
        }
        // The set of languages and the folder stand with the other settings of files.
        if setting.path == "updateFiles.express" {
            writer.languages(live, snapshot.server.replica);
            writer.content_path();
        }
        if setting.path == "security.cookies.downstream" {
            writer.database_roles(snapshot.database_roles.as_ref());
        }
    }
    writer.into_section("")
}

/// A line of the sections: a path, and what stands behind its last key.
struct Line {
    path: Vec<&'static str>,
    written: String,
    /// Not a key but a comment in its map.
    is_comment: bool,
}

pub(super) struct Writer<'a> {
    table: &'static [Setting],
    row: &'a Configuration,
    lines: Vec<Line>,
    pub(super) count: usize,
    absent: Vec<String>,
    pub(super) unsayable: Vec<String>,
    taken: Vec<String>,
    orphaned: Vec<String>,
    unseen: Vec<String>,
    defaults: u64,
}

impl<'a> Writer<'a> {
    /// A writer of settings of a table, which are columns of a row.
    pub(super) fn new(table: &'static [Setting], row: &'a Configuration) -> Self {
        let (absent, unsayable, taken, orphaned, unseen) = Default::default();
        Self { table, row, lines: Vec::new(), count: 0, absent, unsayable, taken, orphaned, unseen, defaults: 0 }
    }

    /// How many lines there are.
    pub(super) fn lines(&self) -> usize {
        self.lines.len()
    }

    /// What was written and what was left out; `of` says which settings they are.
    pub(super) fn into_section(self, of: &str) -> Section {
        let Self { table: _, row: _, lines, count, absent, unsayable, taken, orphaned, unseen, defaults } = self;
        let left_out = [
            LeftOut::list(absent, format!("settings{of} that this server does not have")),
            LeftOut::list(unsayable, format!("settings{of} whose value no manifest can say")),
            LeftOut::list(taken, "settings that a replica takes from its parent"),
            LeftOut::list(
                orphaned,
                "database roles with orphaned users, which would be given a login by being declared",
            ),
            LeftOut::list(unseen, "database roles whose members the login does not see"),
            LeftOut::number(
                defaults,
                "settings under `advanced` that hold their default or nothing; --all writes them",
            ),
        ];
        Section {
            declares: if count == 0 { String::new() } else { counted(count, "setting") + of },
            yaml: write(&lines),
            left_out: left_out.into_iter().flatten().collect(),
        }
    }

    /// What a setting holds, if a manifest can say it so that it compares as equal; else it is noted.
    pub(super) fn value(&mut self, path: &str) -> Option<(&'static Setting, Attribute)> {
        let setting = self.table.iter().find(|setting| setting.path == path);
        let setting = setting.expect("the table has every path that is named here");
        let Some(cell) = self.row.cell(setting.column) else {
            if !ELSEWHERE.contains(&path) {
                self.absent.push(format!("{path} ({})", setting.column));
            }
            return None;
        };
        let value = sayable(setting, cell);
        if value.is_none() {
            self.unsayable.push(format!("{path} ({}): {}", setting.column, shown(setting, cell)));
        }
        value.map(|value| (setting, value))
    }

    /// Writes a setting where its path says.
    pub(super) fn add(&mut self, path: &'static str) {
        if let Some((setting, value)) = self.value(path) {
            self.put(path, setting, &value);
        }
    }

    /// Writes a setting unless it holds its default or, where none is known, nothing.
    fn add_unless_default(&mut self, path: &'static str) {
        let Some((setting, value)) = self.value(path) else { return };
        let default = setting.default.map_or_else(|| Attribute::text(""), |default| default.attribute());
        if value == default {
            self.defaults += 1;
        } else {
            self.put(path, setting, &value);
        }
    }

    pub(super) fn put(&mut self, path: &'static str, setting: &Setting, value: &Attribute) {
        let default = setting.default.map(|default| default.attribute()).filter(|default| default != value);
        let default = default
            .map_or_else(String::new, |default| format!("  {}", comment(&format!("by default {}", written(&default)))));
        self.line(path, written(value) + &default);
        self.count += 1;
    }

    pub(super) fn line(&mut self, path: &'static str, written: String) {
        self.lines.push(Line { path: path.split('.').collect(), written, is_comment: false });
    }

    pub(super) fn comment(&mut self, path: &'static str, text: &str) {
        self.lines.push(Line { path: path.split('.').collect(), written: comment(text), is_comment: true });
    }

    /// `from` names one source and what belongs to it; `proxy` is a map or `none`.
    fn update_source(&mut self) {
        let source = self.value("updateSource.from").map(|(_, value)| value);
        let mode = self.value("updateSource.upstream.mode");
        match source {
            Some(Attribute::Text(source)) if source == "microsoftUpdate" => match mode {
                Some((_, mode)) if mode == Attribute::text("autonomous") => {
                    self.line("updateSource.from", "{microsoftUpdate: {}}".to_owned());
                    self.count += 2;
                }
                _ => self.unsayable.push("updateSource.from: Microsoft Update, and a replica".to_owned()),
            },
            Some(_) => self.upstream(mode),
            None => {}
        }
        self.add("updateSource.contentFromMicrosoftUpdate");
        self.proxy();
    }

    fn upstream(&mut self, mode: Option<(&'static Setting, Attribute)>) {
        let Some((setting, server)) = self.value("updateSource.upstream.server") else {
            self.unsayable.push("updateSource.from: an upstream server without a name".to_owned());
            return;
        };
        self.count += 1;
        self.put("updateSource.from.upstream.server", setting, &server);
        for (path, below) in [
            ("updateSource.upstream.port", "updateSource.from.upstream.port"),
            ("updateSource.upstream.tls", "updateSource.from.upstream.tls"),
        ] {
            if let Some((setting, value)) = self.value(path) {
                self.put(below, setting, &value);
            }
        }
        if let Some((setting, mode)) = mode {
            self.put("updateSource.from.upstream.mode", setting, &mode);
        }
    }

    fn proxy(&mut self) {
        let Some((setting, used)) = self.value("updateSource.proxy") else { return };
        if used == Attribute::text("none") {
            self.put("updateSource.proxy", setting, &used);
            return;
        }
        self.count += 1;
        let begin = self.lines.len();
        self.add_unless_empty("updateSource.proxy.host");
        self.add("updateSource.proxy.port");
        let anonymous = self.value("updateSource.proxy.anonymous");
        let is_anonymous = anonymous.as_ref().is_some_and(|(_, value)| *value == Attribute::Bool(true));
        if let Some((setting, value)) = anonymous {
            self.put("updateSource.proxy.anonymous", setting, &value);
        }
        if !is_anonymous && self.add_unless_empty("updateSource.proxy.user") {
            let how =
                "password: {env: NAME} is not exported: it cannot be read back, and WSUS's own API alone can set it";
            self.comment("updateSource.proxy.password", how);
        }
        self.add("updateSource.proxy.domain");
        self.add("updateSource.proxy.basicOverHttp");
        self.tls_proxy();
        if self.lines.len() == begin {
            self.line("updateSource.proxy", "{}".to_owned());
        }
    }

    fn tls_proxy(&mut self) {
        let Some((setting, used)) = self.value("updateSource.proxy.tls") else { return };
        if used == Attribute::text("none") {
            self.put("updateSource.proxy.tls", setting, &used);
            return;
        }
        self.count += 1;
        let begin = self.lines.len();
        self.add_unless_empty("updateSource.proxy.tls.host");
        self.add("updateSource.proxy.tls.port");
        if self.lines.len() == begin {
            self.line("updateSource.proxy.tls", "{}".to_owned());
        }
    }

    /// A name that is empty cannot be declared where something needs it.
    pub(super) fn add_unless_empty(&mut self, path: &'static str) -> bool {
        match self.value(path) {
            Some((_, Attribute::Text(text))) if text.is_empty() => false,
            Some((setting, value)) => {
                self.put(path, setting, &value);
                true
            }
            None => false,
        }
    }

    fn languages(&mut self, live: &LiveSettings, replica: bool) {
        const LANGUAGES: &str = "updateFiles.languages";
        let enabled: Vec<String> =
            live.languages.iter().filter(|(_, enabled)| **enabled).map(|(name, _)| name.clone()).collect();
        let on_microsoft_update = setting(STORE)
            .and_then(|store| Some(store.value(self.row.cell(store.column)?)))
            .is_some_and(|store| store == Attribute::text("microsoftUpdate"));
        if self.row.cell(ALL_LANGUAGES).is_none() {
            self.absent.push(format!("{LANGUAGES} ({ALL_LANGUAGES})"));
        } else if replica {
            self.taken.push(LANGUAGES.to_owned());
        } else if live.all_languages() {
            self.line(LANGUAGES, "all".to_owned());
            self.count += 1;
        } else if enabled.is_empty() || on_microsoft_update || !enabled.iter().all(|name| is_named(name)) {
            self.unsayable.push(format!("{LANGUAGES}: {}", sequence(&enabled)));
        } else {
            self.line(LANGUAGES, sequence(&enabled));
            self.count += 1;
        }
    }

    /// Who is in the database's roles, by name as stored.
    fn database_roles(&mut self, live: Option<&LivePrincipals>) {
        let Some(live) = live else { return };
        for role in DatabaseRole::ALL {
            let path = role.path();
            if !live.sees_principals {
                self.unseen.push(path.to_owned());
                continue;
            }
            let Some(LiveRole { members, may_alter: _ }) = live.roles.get(&role) else {
                self.absent.push(path.to_owned());
                continue;
            };
            let orphan = |name: &&String| live.principal(name).is_some_and(|principal| principal.orphan.is_some());
            let orphans: Vec<String> = members.iter().filter(orphan).cloned().collect();
            if !orphans.is_empty() {
                self.orphaned.push(format!("{path}: {}", sequence(&orphans)));
                continue;
            }
            let is_unsayable = |name: &&String| name.chars().any(char::is_control);
            let unsayable: Vec<String> = members.iter().filter(is_unsayable).cloned().collect();
            if !unsayable.is_empty() {
                let of = format!("{} of its {}", unsayable.len(), counted(members.len(), "member"));
                self.unsayable.push(format!("{path}: control characters in {} ({of})", sequence(&unsayable)));
            } else {
                self.line(path, sequence(members));
                self.count += 1;
            }
        }
    }

    fn content_path(&mut self) {
        // A map of nothing but comments would be a key without a value.
        let has_map = self.lines.last().is_some_and(|line| line.path.first() == Some(&"updateFiles"));
        if let Some(Cell::Text(path)) = self.row.cell("LocalContentCacheLocation").filter(|_| has_map) {
            let how = format!("contentPath: {path} is not declared: `wsusutil movecontent` moves it");
            self.comment("updateFiles.contentPath", &how);
        }
    }
}

/// What a column holds, if a manifest can say it so that it compares as equal. NULL and an empty text say the same: nothing.
pub(super) fn sayable(setting: &Setting, cell: &Cell) -> Option<Attribute> {
    if matches!(setting.values, Values::Text { empty: true, .. } | Values::Host { empty: true }) && *cell == Cell::Null
    {
        return Some(Attribute::text(""));
    }
    let value = setting.value(cell);
    setting.cell(&value).is_some_and(|same| cell.is(&same)).then_some(value)
}

/// A setting's value as manifests write it.
pub(super) fn written(value: &Attribute) -> String {
    match value {
        Attribute::Bool(flag) => flag.to_string(),
        Attribute::Int(number) => number.to_string(),
        // The word for what is switched off, as the documentation writes it.
        Attribute::Text(text) if text == "none" => text.clone(),
        Attribute::Text(text) => scalar(text).into_owned(),
        Attribute::Null | Attribute::List(_) | Attribute::Map(_) | Attribute::Unknown(_) => {
            unreachable!("settings are truth values, numbers and texts")
        }
    }
}

/// Whether a manifest can name a language.
pub(super) fn is_named(language: &str) -> bool {
    !language.trim().is_empty() && language.trim().to_lowercase() == *language
}

fn shown(setting: &Setting, cell: &Cell) -> String {
    match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Bit(bit) => u8::from(*bit).to_string(),
        Cell::Int(number) => number.to_string(),
        Cell::Text(text) => match setting.value(cell) {
            Attribute::Text(shown) => shown,
            _ => text.clone(),
        },
        Cell::Opaque => "of a type that wsusctl does not know".to_owned(),
    }
}

/// Writes the lines as nested maps; those of one map stand together.
fn write(lines: &[Line]) -> String {
    let mut out = String::new();
    let mut open: &[&str] = &[];
    for Line { path, written, is_comment } in lines {
        let Some((key, above)) = path.split_last() else { continue };
        let same = open.iter().zip(above).take_while(|(one, other)| one == other).count();
        for (depth, map) in above.iter().enumerate().skip(same) {
            out += &format!("{}{map}:\n", "  ".repeat(depth + 1));
        }
        let indent = "  ".repeat(above.len() + 1);
        if *is_comment {
            out += &format!("{indent}{written}\n");
        } else {
            out += &format!("{indent}{key}: {written}\n");
        }
        open = above;
    }
    out
}

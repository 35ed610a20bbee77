//! Settings: one value each, and the set of languages.

use super::{Compared, Refresh};
use crate::model::address::Address;
use crate::model::attribute::Attribute;
use crate::model::configuration::LiveSettings;
use crate::model::desired::Languages;
use crate::model::revision::{Edit, Place};
use crate::model::setting::{Cell, setting};
use crate::report::export::settings::{ALL_LANGUAGES, is_named, sayable, written};
use crate::report::yaml::scalar;

const FROM: &str = "updateSource.from";
const UPSTREAM: &str = "updateSource.upstream.";
const LANGUAGES: &str = "updateFiles.languages";
const CONTENT_PATH: &str = "updateFiles.contentPath";
/// Settings that a map stands for, or the word `none`.
const SWITCHES: [&str; 2] = ["updateSource.proxy", "updateSource.proxy.tls"];
/// Names that a manifest has to give where it gives what they belong to.
const NEEDED: [&str; 3] = ["updateSource.proxy.host", "updateSource.proxy.user", "updateSource.proxy.tls.host"];

pub(super) fn revise(compared: &Compared<'_>, refresh: &mut Refresh) {
    let (Some(declared), Some(live)) = (&compared.resolved.settings, &compared.snapshot.settings) else { return };
    let differs = |path: &'static str| compared.differing.contains_key(&Address::Setting(path));
    for path in declared.scalars.keys().copied().filter(|path| differs(path)) {
        match value(path, live, differs(FROM)) {
            Ok(value) => refresh.set(Address::Setting(path), place(path), written(&value)),
            Err(why) => refresh.leave(Address::Setting(path), why),
        }
    }
    if let Some(languages) = declared.languages.as_ref().filter(|_| differs(LANGUAGES)) {
        refresh.take(Address::Setting(LANGUAGES), self::languages(&languages.value, live));
    }
    if declared.content_path.is_some() && differs(CONTENT_PATH) {
        match live.row.cell("LocalContentCacheLocation") {
            Some(Cell::Text(path)) if !path.trim().is_empty() => {
                refresh.set(Address::Setting(CONTENT_PATH), place(CONTENT_PATH), scalar(path).into_owned());
            }
            _ => refresh.leave(Address::Setting(CONTENT_PATH), "the server does not say it"),
        }
    }
}

/// The table has what belongs to an upstream server beside `from`, manifests have it below.
fn place(path: &str) -> Place {
    match path.strip_prefix(UPSTREAM) {
        Some(rest) => Place::in_spec("updateSource.from.upstream").key(rest),
        None => Place::in_spec(path),
    }
}

fn value(path: &'static str, live: &LiveSettings, other_source: bool) -> Result<Attribute, &'static str> {
    if path == FROM || (path.starts_with(UPSTREAM) && other_source) {
        return Err("another source of updates is written in another shape");
    }
    if SWITCHES.contains(&path) {
        return Err("a proxy and `none` are written in different shapes");
    }
    let setting = setting(path).expect("the manifest's reader takes settings from the table");
    let cell = live.row.cell(setting.column).ok_or("the server does not have this setting")?;
    let value = sayable(setting, cell).ok_or("no manifest can say the value that the server has")?;
    if NEEDED.contains(&path) && value == Attribute::text("") {
        return Err("the server has no name there, and a manifest has to give one");
    }
    Ok(value)
}

fn languages(declared: &Languages, live: &LiveSettings) -> Result<Vec<Edit>, String> {
    if live.row.cell(ALL_LANGUAGES).is_none() {
        return Err("the server does not have this setting".to_owned());
    }
    let place = Place::in_spec(LANGUAGES);
    if live.all_languages() {
        return Ok(vec![Edit::Value { place, yaml: "all".to_owned(), map: None }]);
    }
    let enabled: Vec<&String> = live.languages.iter().filter(|(_, enabled)| **enabled).map(|(name, _)| name).collect();
    if enabled.is_empty() || !enabled.iter().all(|name| is_named(name)) {
        return Err("no manifest can name the languages that the server has".to_owned());
    }
    let words: Vec<String> = enabled.into_iter().map(|name| scalar(name).into_owned()).collect();
    Ok(match declared {
        Languages::All => vec![Edit::Value { place, yaml: format!("[{}]", words.join(", ")), map: None }],
        Languages::Some(_) => vec![Edit::Words { place, words }],
    })
}

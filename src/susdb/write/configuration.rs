//! Saving the server's settings: the whole row goes back, with what changes replaced.

use std::collections::BTreeMap;

use tiberius::{ColumnData, Command};

use super::echo::{bind_cell, bind_data};
use super::kept::{changed_cells, lost_columns, not_seen};
use super::list::{Entry, bind_list};
use super::{WriteError, Writer};
use crate::model::configuration::Configuration;
use crate::model::procedure::{LiveParameter, Procedure};
use crate::model::setting::Cell;
use crate::susdb::read::configuration::{cell, read_row};
use crate::susdb::read::languages::{Language, ProgramKey, read_languages, read_program_keys};

/// The parameter with the list of languages, without its `@`.
pub const LANGUAGES_LIST: &str = "LanguagesXml";
const PROGRAM_KEYS: &str = "ProgramKeyXml";
/// What the API encrypts and the row does not show.
const PASSWORD: &str = "password";

/// What to save.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigurationChange {
    /// Columns that change, by name.
    pub cells: BTreeMap<String, Cell>,
    /// Languages that change, by short name: whether they are enabled.
    pub languages: BTreeMap<String, bool>,
    /// What these columns were at the last look; one that is not named is not compared.
    pub cells_since: BTreeMap<String, Cell>,
    /// What these languages were, likewise.
    pub languages_since: BTreeMap<String, bool>,
}

impl ConfigurationChange {
    /// What somebody else changed since it was looked at: between the two reads of the row anything, before them what would be
    /// overwritten.
    fn overwrites(
        &self,
        first: &BTreeMap<String, ColumnData<'static>>,
        row: &BTreeMap<String, ColumnData<'static>>,
        languages: &[Language],
    ) -> Option<String> {
        if first != row {
            return Some("the configuration".to_owned());
        }
        let changed = |language: &&Language| {
            let since = self.languages_since.get(&language.name.to_lowercase());
            since.is_some_and(|since| *since != language.enabled)
        };
        let language = languages.iter().find(changed).map(|language| format!("the language {}", language.name));
        changed_cells(self.cells.keys(), &self.cells_since, row).or(language)
    }
}

/// Where a parameter's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The column of the same name.
    Column,
    /// The list of languages.
    Languages,
    /// The list of program keys.
    ProgramKeys,
    /// The procedure's own default: it is left out.
    Default,
}

/// The parameter of the live procedure that has no source, if one has none: then nothing can be saved.
///
#[must_use]
pub fn parameter_without_source(parameters: &[LiveParameter], row: &Configuration) -> Option<String> {
    let has_column = |column: &str| row.cell(column).is_some();
    let lacking = parameters.iter().find(|parameter| source(parameter, has_column).is_none());
    lacking.map(|parameter| parameter.name.clone())
}

/// A parameter for a password, which only WSUS's own API can encrypt and no read gives: to leave it out might clear it.
#[must_use]
pub fn password_parameter(parameters: &[LiveParameter], row: &Configuration) -> Option<String> {
    let is_password = |parameter: &&LiveParameter| {
        let left_out = source(parameter, |column| row.cell(column).is_some()) == Some(Source::Default);
        left_out && parameter.name.to_lowercase().contains(PASSWORD)
    };
    parameters.iter().find(is_password).map(|parameter| parameter.name.clone())
}

fn source(parameter: &LiveParameter, has_column: impl Fn(&str) -> bool) -> Option<Source> {
    let name = parameter.name.trim_start_matches('@');
    if parameter.output {
        None
    } else if has_column(name) {
        Some(Source::Column)
    } else if name.eq_ignore_ascii_case(LANGUAGES_LIST) {
        Some(Source::Languages)
    } else if name.eq_ignore_ascii_case(PROGRAM_KEYS) {
        Some(Source::ProgramKeys)
    } else {
        parameter.defaulted.then_some(Source::Default)
    }
}

impl Writer<'_> {
    /// Saves settings. What is not named goes back as it was read a moment before, and is read once more afterwards.
    ///
    /// Source: TypeScript WSUS console (the row goes back complete; grade A), PatchMyPCTeam/CustomerTroubleshooting (the
    /// procedure; grade A), UpdateManagement assemblies (the two lists, and that only changed languages go; grade B).
    ///
    /// # Errors
    /// [`WriteError`]; a parameter without a source is found before anything is sent.
    pub async fn save_configuration(&mut self, change: &ConfigurationChange) -> Result<(), WriteError> {
        let procedure = Procedure::SetConfiguration;
        let parameters = self.live_parameters(procedure)?.to_vec();
        let unreadable = |source| WriteError::Unread { procedure, source: Box::new(source) };
        let first = read_row(self.session).await.map_err(unreadable)?.0;
        let languages = read_languages(self.session).await.map_err(unreadable)?;
        let keys = read_program_keys(self.session).await.map_err(unreadable)?;
        // The row comes last, right before the call, and says with its change number whether the lists are of the same save.
        let row = read_row(self.session).await.map_err(unreadable)?.0;
        if let Some(what) = change.overwrites(&first, &row, &languages) {
            return Err(WriteError::Changed { procedure, what });
        }
        let mut command = Command::new(format!("dbo.{}", procedure.name()));
        let lacking = |parameter: &LiveParameter| WriteError::NoSource { procedure, parameter: parameter.name.clone() };
        let cells: Configuration = row.iter().map(|(column, data)| (column, cell(data))).collect();
        if let Some(parameter) = parameter_without_source(&parameters, &cells) {
            return Err(WriteError::NoSource { procedure, parameter });
        }
        for parameter in &parameters {
            let column = parameter.name.trim_start_matches('@').to_lowercase();
            let data = match source(parameter, |column| row.contains_key(&column.to_lowercase())) {
                None => return Err(lacking(parameter)),
                Some(Source::Default) => continue,
                Some(Source::Languages) => {
                    let shape = self.shape(procedure, &parameter.name);
                    bind_list(parameter, &shape, language_entries(&languages, &change.languages))
                }
                Some(Source::ProgramKeys) => {
                    bind_list(parameter, &self.shape(procedure, &parameter.name), key_entries(&keys))
                }
                Some(Source::Column) => {
                    let changed = change.cells.iter().find(|(changed, _)| changed.eq_ignore_ascii_case(&column));
                    match (changed, row.get(&column)) {
                        (Some((_, cell)), _) => bind_cell(parameter, cell),
                        (None, Some(data)) => bind_data(parameter, data),
                        (None, None) => return Err(lacking(parameter)),
                    }
                }
            };
            let data = data.map_err(|source| WriteError::Bind { procedure, source })?;
            command.bind_param(parameter.name.as_str(), data);
        }
        self.run(procedure, command).await?;
        let left = read_row(self.session).await.map_err(not_seen(procedure))?.0;
        let languages_left = read_languages(self.session).await.map_err(not_seen(procedure))?;
        let keys_left = read_program_keys(self.session).await.map_err(not_seen(procedure))?;
        let is_asked = |column: &str| change.cells.keys().any(|changed| changed.eq_ignore_ascii_case(column));
        let entries = lost_entries([&languages, &languages_left], &change.languages, [&keys, &keys_left]).collect();
        self.kept(procedure, lost_columns(&row, &left, is_asked), entries)
    }
}

/// The languages that change, as WSUS's own API sends them: those that stay are not named.
fn language_entries(languages: &[Language], changed: &BTreeMap<String, bool>) -> Vec<Entry> {
    let entry = |Language { name, enabled: _, upstream }: &Language| {
        let enabled = changed.get(&name.to_lowercase())?;
        let state = |on: bool| u8::from(on).to_string();
        Some(Entry::Fields(vec![
            ("LanguageName", name.clone()),
            ("State", state(*enabled)),
            ("StateUss", state(*upstream)),
        ]))
    };
    languages.iter().filter_map(entry).collect()
}

/// Every program key: a save may take the list for all there are.
fn key_entries(keys: &[ProgramKey]) -> Vec<Entry> {
    let entry = |ProgramKey { id, description }: &ProgramKey| {
        Entry::Fields(vec![("ID", id.to_string()), ("Description", description.clone())])
    };
    keys.iter().map(entry).collect()
}

/// Languages and program keys that a save changed unasked.
fn lost_entries(
    languages: [&[Language]; 2],
    changed: &BTreeMap<String, bool>,
    keys: [&[ProgramKey]; 2],
) -> impl Iterator<Item = String> {
    let [before, after] = languages;
    let stays = |language: &&Language| !changed.contains_key(&language.name.to_lowercase());
    let lost: Vec<String> = before
        .iter()
        .filter(stays)
        .filter(|language| !after.contains(language))
        .map(|language| format!("language {} is not as it was", language.name))
        .collect();
    let [before, after] = keys;
    let gone = before.iter().filter(|key| !after.contains(key));
    let gone: Vec<String> =
        gone.map(|ProgramKey { id, description }| format!("program key {id} ({description}) is gone")).collect();
    lost.into_iter().chain(gone)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{
        Entry, Language, ProgramKey, key_entries, language_entries, lost_entries, parameter_without_source,
        password_parameter,
    };
    use crate::model::configuration::Configuration;
    use crate::model::procedure::LiveParameter;
    use crate::model::setting::Cell;

    fn parameter(name: &str, defaulted: bool) -> LiveParameter {
        LiveParameter { name: name.into(), type_name: "int".into(), max_length: 4, output: false, defaulted }
    }

    fn row() -> Configuration {
        [("LogLevel", Cell::Int(2))].into_iter().collect()
    }

    #[test]
    fn a_parameter_has_its_value_from_the_row_a_list_or_its_own_default() {
        let known = [parameter("@loglevel", false), parameter("@LANGUAGESXML", false), parameter("@new", true)];
        assert_eq!(parameter_without_source(&known, &row()), None);
        assert_eq!(parameter_without_source(&[parameter("@new", false)], &row()).as_deref(), Some("@new"));
        let password = [parameter("@ProxyPassword", true)];
        assert_eq!(parameter_without_source(&password, &row()), None);
        assert_eq!(password_parameter(&password, &row()).as_deref(), Some("@ProxyPassword"));
        assert_eq!(password_parameter(&known, &row()), None);
        let output = LiveParameter { output: true, ..parameter("@LogLevel", true) };
        assert_eq!(parameter_without_source(&[output], &row()).as_deref(), Some("@LogLevel"));
    }

    #[test]
    fn only_languages_that_change_are_named_and_all_program_keys() {
        let language = |name: &str| Language { name: name.into(), enabled: true, upstream: false };
        let entries = language_entries(&[language("DE"), language("en")], &BTreeMap::from([("de".into(), false)]));
        let fields = |name: &str, state: &str| {
            Entry::Fields(vec![("LanguageName", name.into()), ("State", state.into()), ("StateUss", "0".into())])
        };
        assert_eq!(entries, [fields("DE", "0")]);
        let key = |number| ProgramKey { id: uuid::Uuid::from_u128(number), description: format!("key {number}") };
        assert_eq!(key_entries(&[key(1), key(2)]).len(), 2);
    }

    #[test]
    fn languages_and_keys_that_a_save_changes_unasked_are_lost() {
        let language = |name: &str, enabled| Language { name: name.into(), enabled, upstream: false };
        let key = ProgramKey { id: uuid::Uuid::nil(), description: "Configuration".into() };
        let before = [language("de", true), language("en", true)];
        let after = [language("de", false), language("en", false)];
        let lost: Vec<String> =
            lost_entries([&before, &after], &BTreeMap::from([("de".into(), false)]), [&[key], &[]]).collect();
        let gone = "program key 00000000-0000-0000-0000-000000000000 (Configuration) is gone";
        assert_eq!(lost, ["language en is not as it was", gone]);
    }
}

//! Saving the server's settings: the whole row goes back, with what changes replaced.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tiberius::{ColumnData, Command};

use super::echo::{bind_cell, bind_data};
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
    /// Saves settings. What is not named goes back as it was read a moment before.
    ///
    /// Source: TypeScript WSUS console (the row goes back complete; grade A), PatchMyPCTeam/CustomerTroubleshooting (the
    /// procedure; grade A), WSUS 3.0 SP2 parameter names (the two lists and their shapes; grade B).
    ///
    /// # Errors
    /// [`WriteError`]; a parameter without a source is found before anything is sent.
    pub async fn save_configuration(&mut self, change: &ConfigurationChange) -> Result<(), WriteError> {
        let procedure = Procedure::SetConfiguration;
        let parameters = self.live_parameters(procedure)?.to_vec();
        let unreadable = |source| WriteError::Unread { procedure, source: Box::new(source) };
        let row = read_row(self.session).await.map_err(unreadable)?.0;
        let languages = read_languages(self.session).await.map_err(unreadable)?;
        let keys = read_program_keys(self.session).await.map_err(unreadable)?;
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
                Some(Source::Languages) => Ok(text(languages_xml(&languages, &change.languages))),
                Some(Source::ProgramKeys) => Ok(text(program_keys_xml(&keys))),
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
        self.run(procedure, command).await
    }
}

fn text(text: String) -> ColumnData<'static> {
    ColumnData::String(Some(text.into()))
}

fn languages_xml(languages: &[Language], changed: &BTreeMap<String, bool>) -> String {
    let mut xml = "<Root>".to_owned();
    for Language { name, enabled, upstream } in languages {
        let enabled = changed.get(&name.to_lowercase()).copied().unwrap_or(*enabled);
        let (name, state, upstream) = (escaped(name), u8::from(enabled), u8::from(*upstream));
        write!(xml, r#"<Language LanguageName="{name}" State="{state}" StateUss="{upstream}"/>"#)
            .expect("a string takes any text");
    }
    xml + "</Root>"
}

fn program_keys_xml(keys: &[ProgramKey]) -> String {
    let mut xml = "<Root>".to_owned();
    for ProgramKey { id, description } in keys {
        let description = escaped(description);
        write!(xml, r#"<Key ID="{id}" Description="{description}"/>"#).expect("a string takes any text");
    }
    xml + "</Root>"
}

/// A text as the value of an XML attribute. What XML cannot hold at all becomes a question mark.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                write!(out, "&#{};", u32::from(c)).expect("a string takes any text");
            }
            c if u32::from(c) < 0x20 || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('?'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Language, ProgramKey, languages_xml, parameter_without_source, password_parameter, program_keys_xml};
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
    fn lists_name_every_entry_and_escape_texts() {
        let languages = ["de", "en"].map(|name| Language { name: name.into(), enabled: true, upstream: false });
        let xml = languages_xml(&languages, &BTreeMap::from([("de".into(), false)]));
        assert_eq!(
            xml,
            r#"<Root><Language LanguageName="de" State="0" StateUss="0"/><Language LanguageName="en" State="1" StateUss="0"/></Root>"#
        );
        let keys = [ProgramKey { id: uuid::Uuid::nil(), description: "a \"<&>\n\u{1}".into() }];
        assert!(program_keys_xml(&keys).contains(r#"Description="a &quot;&lt;&amp;&gt;&#10;?""#));
    }
}

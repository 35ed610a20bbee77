//! Languages of updates, and the keys of programs.

use rusqlite::{OptionalExtension, params};

use super::arguments::nvarchar;
use super::refusals::{Reason, refusal};
use super::xml_lists::{self, Item, List};
use super::{Call, Failure, Procedure};
use crate::sandbox::options::Behaviour;
use crate::sandbox::value::SqlType::{Bit, UniqueIdentifier};

/// The procedures of this file.
pub(super) const PROCEDURES: &[&Procedure] = &[&GET_LANGUAGES, &GET_PROGRAM_KEYS];

/// Lists the languages that the server knows, with whether it wants them and whether its upstream server has them. `all`
/// is a row like the others.
///
/// Source: PoshWSUS assemblies, Go client of MS-WSUSAR (columns by position, grade A); the names are tbLanguage's, and
/// that the order is that of LanguageIndex is our guess (grade C).
static GET_LANGUAGES: Procedure = Procedure {
    name: "spGetAllLanguagesWithEnabledState",
    parameters: &[],
    run: |call| {
        call.send(
            &[("ShortLanguage", nvarchar(16)), ("Enabled", Bit), ("UssEnabled", Bit)],
            "SELECT ShortLanguage, Enabled, UssEnabled FROM tbLanguage ORDER BY LanguageIndex",
            [],
        )?;
        Ok(0)
    },
};

/// Lists the program keys.
///
/// Source: PoshWSUS assemblies (name and columns, grade B); tbProgramKeys in Intensive-Self-Service-Portal (grade A).
static GET_PROGRAM_KEYS: Procedure = Procedure {
    name: "spGetProgramKeys",
    parameters: &[],
    run: |call| {
        call.send(
            &[("ProgramKey", UniqueIdentifier), ("Description", nvarchar(256))],
            "SELECT ProgramKey, Description FROM tbProgramKeys ORDER BY ProgramKey",
            [],
        )?;
        Ok(0)
    },
};

/// Sets the languages that a list names, `Root/Language` with `LanguageName`, `State` and `StateUss`; others stay, and
/// without a list all do. A language that the server does not know is refused.
///
/// Source: UpdateManagement assemblies (shape, grade B); TypeScript WSUS console (an empty list leaves them alone, grade A).
/// That LanguageName is the short name, that one which cannot be found in an entry changes nothing, and that a missing state
/// stays, are our guesses (grade C): those that hide a mistake of the caller.
pub(super) fn save_languages(call: &Call<'_>, procedure: &str, position: usize) -> Result<(), Failure> {
    for item in items(call, procedure, position, &xml_lists::LANGUAGES)? {
        // To an UPDATE, NULL is no language: it changes nothing, and says nothing.
        let Some(name) = field(&item, "LanguageName") else { continue };
        let states = [state(procedure, &item, "State")?, state(procedure, &item, "StateUss")?];
        let changed = call.store.execute(
            "UPDATE tbLanguage SET Enabled = coalesce(?2, Enabled), UssEnabled = coalesce(?3, UssEnabled)
             WHERE ShortLanguage = ?1",
            params![name, states[0], states[1]],
        )?;
        if changed == 0 {
            return Err(Reason::NotFound.refuses(procedure, format_args!("language {name} is not known")));
        }
    }
    Ok(())
}

/// Replaces the program keys by those that a list names, `Root/Key` with `ID` and `Description`; without a list all stay. What
/// has no ID in the place that is read is no key.
///
/// Source: UpdateManagement assemblies (shape, grade B). That the list is all there is, and that an entry without an id is passed
/// over, are our guesses (grade C): those that lose keys where the caller is mistaken. A variant keeps what is not named.
pub(super) fn save_program_keys(call: &Call<'_>, procedure: &str, position: usize) -> Result<(), Failure> {
    if call.text(position).is_none() {
        return Ok(());
    }
    if !call.behaviours.contains(&Behaviour::KeepsKeys) {
        call.store.execute("DELETE FROM tbProgramKeys", [])?;
    }
    for item in items(call, procedure, position, &xml_lists::PROGRAM_KEYS)? {
        let Some(id) = field(&item, "ID") else { continue };
        let key = uuid::Uuid::parse_str(id)
            .map_err(|_| refusal(procedure, "a program key in the list has an ID that is no GUID"))?;
        call.store.execute(
            "INSERT INTO tbProgramKeys (ProgramKey, Description) VALUES (?1, ?2)
             ON CONFLICT (ProgramKey) DO UPDATE SET Description = excluded.Description",
            params![super::arguments::guid_text(key), field(&item, "Description")],
        )?;
    }
    Ok(())
}

/// Whether the server wants any language but `all`.
pub(super) fn any_enabled(call: &Call<'_>) -> Result<bool, Failure> {
    let found: Option<i64> = call
        .store
        .query_row("SELECT 1 FROM tbLanguage WHERE Enabled = 1 AND ShortLanguage <> 'all' LIMIT 1", [], |row| {
            row.get(0)
        })
        .optional()?;
    Ok(found.is_some())
}

fn items(call: &Call<'_>, procedure: &str, position: usize, list: &List) -> Result<Vec<Item>, Failure> {
    let items = xml_lists::read(call.text(position).as_deref(), list, call.behaviours);
    Ok(items.map_err(|error| refusal(procedure, format_args!("a list is malformed: {error}")))?.unwrap_or_default())
}

fn field<'i>(item: &'i Item, name: &str) -> Option<&'i str> {
    item.fields.get(name).map(String::as_str)
}

fn state(procedure: &str, item: &Item, name: &str) -> Result<Option<bool>, Failure> {
    match field(item, name) {
        None => Ok(None),
        Some("1" | "true") => Ok(Some(true)),
        Some("0" | "false") => Ok(Some(false)),
        Some(other) => Err(refusal(procedure, format_args!("{name} is 0 or 1, not {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Server, guid, text};
    use crate::sandbox::value::Value;

    #[test]
    fn languages_are_listed_with_all_among_them() {
        let answer = Server::demo().call("spGetAllLanguagesWithEnabledState", &[]);
        let set = &answer.sets[0];
        let languages = set.column("ShortLanguage");
        assert_eq!((languages.len(), &languages[0]), (39, &text("all")));
        let enabled =
            languages.into_iter().zip(set.column("Enabled")).filter(|(_, enabled)| *enabled == Value::Bit(true));
        assert_eq!(enabled.map(|(name, _)| name).collect::<Vec<_>>(), [text("de"), text("en"), text("fr")]);
        assert_eq!(set.column("UssEnabled"), vec![Value::Bit(true); 39]);
    }

    #[test]
    fn program_keys_are_listed() {
        let server = Server::demo();
        assert!(server.call("spGetProgramKeys", &[]).sets[0].rows.is_empty());
        let key = "11111111-2222-3333-4444-555555555555";
        server.by_hand(&format!("INSERT INTO tbProgramKeys VALUES ('{key}', 'a program')"));
        assert_eq!(server.call("spGetProgramKeys", &[]).sets[0].rows, [[guid(key), text("a program")]]);
    }
}

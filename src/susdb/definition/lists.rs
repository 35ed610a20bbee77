//! How a procedure reads the lists that it takes as XML: through OPENXML, or through the methods of the type xml.
//!
//! Source: learn.microsoft.com, OPENXML (flags 1 attributes, 2 elements, 3 both; a column's own pattern comes before the
//! flag), nodes() and value() (grade A).

use std::collections::{BTreeMap, BTreeSet};

use super::{Token, Tokens, is};
use crate::model::list_shape::{ListBasis, ListContent, ListShape};
use crate::susdb::contract::lists::ListContract;

/// How a list is read by a procedure of which the definition can be seen; assumed where it does not tell.
pub(in crate::susdb) fn list_shape(definition: &str, list: &ListContract) -> ListShape {
    let found: BTreeSet<(String, String, ListContent)> = readings(definition)
        .into_iter()
        .filter(|reading| reading.item.eq_ignore_ascii_case(list.item))
        .filter_map(|reading| {
            let content = reading.content(list)?;
            Some((reading.root.unwrap_or_else(|| list.root.to_owned()), reading.item, content))
        })
        .collect();
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some((root, item, content)), None) => {
            ListShape { parameter: list.parameter, root, item, content, basis: ListBasis::Found }
        }
        // Nothing that is understood, or two readings that do not agree.
        _ => list.assumed(ListBasis::Unclear),
    }
}

/// A place where a definition takes XML apart.
struct Reading {
    root: Option<String>,
    item: String,
    columns: Vec<Column>,
}

/// A value that is taken from an entry.
struct Column {
    at: At,
    type_name: String,
}

/// Where in an entry a value stands.
enum At {
    Element(String),
    Attribute(String),
    /// In an attribute or else in an element.
    Either(String),
    /// Between the entry's own tags.
    Itself,
    Elsewhere,
}

impl Reading {
    fn content(&self, list: &ListContract) -> Option<ListContent> {
        if list.fields.is_empty() { self.value(list) } else { self.fields(list) }
    }

    /// The fields have to be read in one way: a list that is read in two cannot be written.
    fn fields(&self, list: &ListContract) -> Option<ListContent> {
        let is_field = |name: &String| list.fields.contains(&name.as_str());
        let ways: BTreeSet<ListContent> = self
            .columns
            .iter()
            .filter_map(|column| match &column.at {
                At::Element(name) | At::Either(name) if is_field(name) => Some(ListContent::Elements),
                At::Attribute(name) if is_field(name) => Some(ListContent::Attributes),
                _ => None,
            })
            .collect();
        ways.first().copied().filter(|_| ways.len() == 1)
    }

    fn value(&self, list: &ListContract) -> Option<ListContent> {
        let is_itself = |column: &&Column| matches!(column.at, At::Itself);
        let column = self.columns.iter().find(is_itself)?;
        match (column.type_name.to_lowercase().as_str(), list.content) {
            ("nvarchar" | "nchar" | "varchar" | "char" | "ntext", ListContent::Text) => Some(ListContent::Text),
            ("uniqueidentifier", ListContent::Guids) => Some(ListContent::Guids),
            ("int" | "bigint" | "smallint", ListContent::Guids) => Some(ListContent::Numbers),
            _ => None,
        }
    }
}

fn readings(definition: &str) -> Vec<Reading> {
    let mut source = Tokens { rest: definition };
    let mut tokens = Vec::new();
    while let Some(token) = source.next() {
        // `N'...'` is a text like any other.
        if matches!((tokens.last(), token), (Some(Token::Word(n)), Token::Text(_)) if is(n, "n")) {
            tokens.pop();
        }
        tokens.push(token);
    }
    let mut readings = Vec::new();
    // What value() takes stands in front of the FROM that says of what.
    let mut taken: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for at in 0..tokens.len() {
        let (rest, after) = (&tokens[at..], &tokens[at + 1..]);
        match rest {
            [Token::Word(word), ..] if is(word, "openxml") => readings.extend(openxml(after)),
            [
                Token::Word(of) | Token::Name(of),
                Token::Mark('.'),
                Token::Word(value),
                Token::Mark('('),
                Token::Text(path),
                Token::Mark(','),
                Token::Text(type_name),
                ..,
            ] if is(value, "value") => {
                let type_name = type_name.split('(').next().unwrap_or_default().trim().to_owned();
                taken.entry(of.to_lowercase()).or_default().push(Column { at: place(path), type_name });
            }
            [
                Token::Mark('.'),
                Token::Word(nodes),
                Token::Mark('('),
                Token::Text(path),
                Token::Mark(')'),
                alias @ ..,
            ] if is(nodes, "nodes") => {
                let columns = column_alias(alias).and_then(|alias| taken.remove(&alias.to_lowercase()));
                readings.extend(reading(path, columns.unwrap_or_default()));
            }
            _ => {}
        }
    }
    readings
}

/// `AS T(c)`: the `c`.
fn column_alias<'a>(tokens: &[Token<'a>]) -> Option<&'a str> {
    let tokens = match tokens {
        [Token::Word(word), rest @ ..] if is(word, "as") => rest,
        _ => tokens,
    };
    match tokens {
        [Token::Word(_) | Token::Name(_), Token::Mark('('), Token::Word(column) | Token::Name(column), ..] => {
            Some(column)
        }
        _ => None,
    }
}

/// `(@handle, 'path', flags) WITH (column type 'pattern', ...)`
fn openxml(tokens: &[Token<'_>]) -> Option<Reading> {
    let end = tokens.iter().position(|token| *token == Token::Mark(')'))?;
    let (arguments, rest) = tokens.split_at(end);
    let path = arguments.iter().find_map(|token| if let Token::Text(path) = token { Some(*path) } else { None })?;
    let flags =
        arguments.iter().find_map(|token| if let Token::Number(flags) = token { flags.parse().ok() } else { None });
    let flags: u32 = flags.unwrap_or(0);
    let [Token::Mark(')'), Token::Word(with), Token::Mark('('), columns @ ..] = rest else { return None };
    if !is(with, "with") {
        return None;
    }
    let mut found = Vec::new();
    for column in columns_of(columns) {
        let [Token::Word(name) | Token::Name(name), Token::Word(type_name) | Token::Name(type_name), more @ ..] =
            column
        else {
            continue;
        };
        let pattern =
            more.iter().find_map(|token| if let Token::Text(pattern) = token { Some(*pattern) } else { None });
        let by_flags = || match flags & 3 {
            2 => At::Element((*name).to_owned()),
            3 => At::Either((*name).to_owned()),
            _ => At::Attribute((*name).to_owned()),
        };
        found.push(Column { at: pattern.map_or_else(by_flags, place), type_name: (*type_name).to_owned() });
    }
    reading(path, found)
}

/// The tokens of each column of a list in parentheses that has been opened.
fn columns_of<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let (mut depth, mut start, mut columns) = (0_usize, 0, Vec::new());
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Mark('(') => depth += 1,
            Token::Mark(')') if depth == 0 => {
                columns.push(&tokens[start..at]);
                break;
            }
            Token::Mark(')') => depth -= 1,
            Token::Mark(',') if depth == 0 => {
                columns.push(&tokens[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    columns
}

fn reading(path: &str, columns: Vec<Column>) -> Option<Reading> {
    let mut steps = path.split('/').filter(|step| !step.is_empty() && *step != ".");
    let (item, root) = (steps.next_back()?, steps.next_back());
    Some(Reading { root: root.map(str::to_owned), item: item.to_owned(), columns })
}

/// Where a pattern or a path from an entry leads.
fn place(path: &str) -> At {
    // `(./Name/text())[1]` is `Name`, and `text()[1]` the entry's own text.
    let path = path.trim().trim_end_matches("[1]");
    let path = path.strip_prefix('(').and_then(|path| path.strip_suffix(')')).unwrap_or(path).trim_end_matches("[1]");
    let path = path.trim_start_matches("./").trim_end_matches("text()").trim_end_matches('/').trim_end_matches("[1]");
    match path.strip_prefix('@') {
        _ if path.is_empty() || path == "." => At::Itself,
        _ if path.contains(['/', '[', '(', '*']) => At::Elsewhere,
        Some(name) => At::Attribute(name.to_owned()),
        None => At::Element(path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::list_shape;
    use crate::model::list_shape::{ListBasis, ListContent};
    use crate::model::procedure::Procedure;
    use crate::susdb::contract::lists::list_of;

    fn shape(procedure: Procedure, parameter: &str, body: &str) -> (ListBasis, ListContent, String) {
        let definition = format!("CREATE PROCEDURE dbo.spX @a xml AS\nBEGIN\n{body}\nEND");
        let shape = list_shape(&definition, list_of(procedure, parameter).unwrap());
        (shape.basis, shape.content, format!("{}/{}", shape.root, shape.item))
    }

    fn languages(body: &str) -> Option<ListContent> {
        let (basis, content, _) = shape(Procedure::SetConfiguration, "@LanguagesXml", body);
        (basis == ListBasis::Found).then_some(content)
    }

    fn categories(body: &str) -> Option<ListContent> {
        let (basis, content, _) = shape(Procedure::SetAutoDeploymentRule, "@updateCategoryIDListXml", body);
        (basis == ListBasis::Found).then_some(content)
    }

    const COLUMNS: &str = "(LanguageName nvarchar(20), State bit, StateUss bit)";

    #[test]
    fn openxml_says_it_with_its_flag() {
        let with = |flags: &str, columns: &str| {
            languages(&format!("SELECT * FROM OPENXML (@h, N'/Root/Language'{flags}) WITH {columns}"))
        };
        assert_eq!(with("", COLUMNS), Some(ListContent::Attributes));
        assert_eq!(with(", 0", COLUMNS), Some(ListContent::Attributes));
        assert_eq!(with(", 1", COLUMNS), Some(ListContent::Attributes));
        assert_eq!(with(", 2", COLUMNS), Some(ListContent::Elements));
        assert_eq!(with(", 3", COLUMNS), Some(ListContent::Elements), "both are read");
        assert_eq!(with(", 10", COLUMNS), Some(ListContent::Elements), "8 is about something else");
        // A column's own pattern comes first.
        assert_eq!(with(", 2", "([LanguageName] nvarchar(20) '@LanguageName')"), Some(ListContent::Attributes));
        assert_eq!(with(", 1", "(n nvarchar(20) 'LanguageName/text()', s bit './State')"), Some(ListContent::Elements));
        assert_eq!(with(", 2", "(LanguageName nvarchar(20), State bit '@State')"), None, "two ways at once");
        assert_eq!(with(", 2", "(Name nvarchar(20))"), None, "other fields");
    }

    #[test]
    fn the_methods_of_xml_say_it_with_their_paths() {
        let with = |name: &str| {
            languages(&format!(
                "SELECT c.value('{name}', 'nvarchar(20)'), T.c.value(N'count(..)', 'int') FROM @x.nodes('/Root/Language') AS T(c)"
            ))
        };
        assert_eq!(with("@LanguageName"), Some(ListContent::Attributes));
        assert_eq!(with("(LanguageName)[1]"), Some(ListContent::Elements));
        assert_eq!(with("(./LanguageName/text())[1]"), Some(ListContent::Elements));
        assert_eq!(with("LanguageName[1]"), Some(ListContent::Elements));
        assert_eq!(with("../LanguageName[1]"), None);
    }

    #[test]
    fn ids_are_what_they_are_read_as() {
        let nodes = |path: &str, of: &str| {
            categories(&format!("SELECT c.value('{path}', '{of}') FROM @x.nodes('/root/CategoryID') T(c)"))
        };
        assert_eq!(nodes(".", "uniqueidentifier"), Some(ListContent::Guids));
        assert_eq!(nodes("text()[1]", "int"), Some(ListContent::Numbers));
        assert_eq!(nodes(".", "nvarchar(64)"), None, "a text may be either");
        assert_eq!(nodes("@id", "int"), None);
        let openxml = |of: &str| {
            categories(&format!("INSERT @t SELECT id FROM OPENXML(@h, '/root/CategoryID', 2) WITH (id {of} '.')"))
        };
        assert_eq!(openxml("uniqueidentifier"), Some(ListContent::Guids));
        assert_eq!(openxml("bigint"), Some(ListContent::Numbers));
        // Two lists of one procedure that are read alike say it once; those that are not say nothing.
        let twice = |one: &str, other: &str| {
            let read = |of| format!("SELECT * FROM OPENXML(@h, '/root/CategoryID', 2) WITH (id {of} '.');");
            categories(&(read(one) + &read(other)))
        };
        assert_eq!(twice("int", "int"), Some(ListContent::Numbers));
        assert_eq!(twice("int", "uniqueidentifier"), None);
    }

    #[test]
    fn names_are_spelt_as_the_definition_does_and_texts_are_no_guids() {
        let body = "SELECT * FROM OPENXML(@h, '/ROOT/categoryID', 2) WITH (id uniqueidentifier '.')";
        let (_, _, path) = shape(Procedure::SetSubscription, "@CategoryIDListXml", body);
        assert_eq!(path, "ROOT/categoryID");
        let body = "SELECT c.value('.', 'nvarchar(256)') FROM @x.nodes('//recipient') T(c)";
        let recipients = shape(Procedure::AddEmailNotificationRecipient, "@EmailAddresses", body);
        assert_eq!(recipients, (ListBasis::Found, ListContent::Text, "recipients/recipient".to_owned()));
    }

    #[test]
    fn what_does_not_tell_is_assumed() {
        let assumed = (ListBasis::Unclear, ListContent::Elements, "Root/Language".to_owned());
        for body in [
            "EXEC dbo.spSaveLanguages @a",
            "-- OPENXML(@h, '/Root/Language', 1) WITH (LanguageName int)",
            "SELECT * FROM OPENXML(@h, '/Root/Language', 1)",
            "SELECT * FROM OPENXML(@h",
            "SELECT 'OPENXML(@h, ''/Root/Language'', 1) WITH (LanguageName int)'",
            "SELECT c.value('@LanguageName', 'int') FROM @x.nodes('/Root/Other') T(c)",
            "SELECT c.value(@path, 'int') FROM @x.nodes(@path)",
        ] {
            assert_eq!(shape(Procedure::SetConfiguration, "@LanguagesXml", body), assumed, "{body}");
        }
    }
}

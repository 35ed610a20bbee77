//! Lists of what a server has: as a table, as a JSON document (docs/reference/get.md), as YAML for a manifest.
//!
//! A list is written in pieces, a batch of rows each, so that a long one is never in memory as a whole.

mod approvals;
mod categories;
mod computers;
mod downstream_servers;
mod groups;
mod rules;
mod table;
mod updates;

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use self::table::Table;
use super::timestamp::timestamp;
use super::visible::visible_json;
use super::yaml::comment;
use crate::model::listing::Noun;

pub use self::categories::{Classifications, Families, Products};
pub use self::downstream_servers::WireDownstreamServer;
pub use self::updates::{AsDeclines, AsUpdates};

/// The version of the JSON document's shape. Its first number changes when readers would have to change, its second when
/// something is added.
pub const FORMAT_VERSION: &str = "1.0";

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListFormat {
    /// A table. With a width, rows that are longer go on in another line; without, a row is a line.
    Text {
        /// The terminal's columns; none where it is not written to a terminal.
        width: Option<usize>,
    },
    /// The JSON document.
    Json,
    /// YAML that can stand in a manifest.
    Yaml,
}

/// The server that a list is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListOf {
    /// What is listed.
    pub noun: Noun,
    /// The server's id.
    pub server_id: Uuid,
    /// Its clock when the reading began.
    pub taken_at: DateTime<Utc>,
}

/// How the rows of a kind are written.
pub trait Listed {
    /// A row as it was read.
    type Row;
    /// A row of the JSON document.
    type Wire<'a>: Serialize;
    /// The headings of the table.
    const HEADINGS: &'static [&'static str];
    /// What stands before the YAML, a comment a line.
    const YAML_HEAD: &'static [&'static str];

    /// The cells of a row of the table, as many as there are headings.
    fn cells(row: &Self::Row) -> Vec<String>;
    /// The row in the JSON document.
    fn wire(row: &Self::Row) -> Self::Wire<'_>;
    /// The YAML of some rows; `first` where none were before them.
    fn yaml(rows: &[Self::Row], first: bool) -> String;
}

/// A list that is being written.
pub struct Listing {
    format: ListFormat,
    of: ListOf,
    tool_version: &'static str,
    table: Option<Table>,
    rows: u64,
}

impl Listing {
    /// A list without rows so far.
    #[must_use]
    pub fn new(of: ListOf, format: ListFormat, tool_version: &'static str) -> Self {
        Self { format, of, tool_version, table: None, rows: 0 }
    }

    /// How many rows there were so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes some rows.
    #[must_use]
    pub fn batch<L: Listed>(&mut self, rows: &[L::Row]) -> String {
        let first = self.rows == 0;
        if rows.is_empty() {
            return String::new();
        }
        self.rows += rows.len() as u64;
        match self.format {
            ListFormat::Text { width } => {
                let cells: Vec<Vec<String>> = rows.iter().map(L::cells).collect();
                let table = self.table.get_or_insert_with(|| Table::new(L::HEADINGS, &cells, width));
                table.rows(first.then_some(L::HEADINGS), &cells)
            }
            ListFormat::Json => self.json_rows::<L>(rows, first),
            ListFormat::Yaml => {
                let head = if first { self.yaml_head(L::YAML_HEAD) } else { String::new() };
                head + &L::yaml(rows, first)
            }
        }
    }

    /// Writes the end. `next` is where the list goes on, for the next call.
    #[must_use]
    pub fn end(&mut self, next: Option<&str>) -> String {
        match self.format {
            ListFormat::Text { .. } => String::new(),
            ListFormat::Yaml if self.rows == 0 => format!("{}\n", comment("nothing found")),
            ListFormat::Yaml => match next {
                Some(next) => format!("{}\n", comment(&format!("there is more: --after {next}"))),
                None => String::new(),
            },
            ListFormat::Json => {
                let head = if self.rows == 0 { self.json_head() } else { "\n".to_owned() };
                let next = serde_json::to_string(&next).expect("a text is JSON");
                let close = if self.rows == 0 { "]" } else { "  ]" };
                visible_json(&format!("{head}{close},\n  \"next\": {next}\n}}\n")).into_owned()
            }
        }
    }

    fn yaml_head(&self, lines: &[&str]) -> String {
        let ListOf { noun, server_id, taken_at } = self.of;
        let read = format!("{} of server {server_id}, read {}", noun.as_str(), timestamp(taken_at));
        let lines = std::iter::once(read.as_str()).chain(lines.iter().copied());
        lines.map(|line| format!("{}\n", comment(line))).collect()
    }

    fn json_head(&self) -> String {
        let ListOf { noun, server_id, taken_at } = self.of;
        format!(
            "{{\n  \"formatVersion\": \"{FORMAT_VERSION}\",\n  \"tool\": {{\"name\": \"wsusctl\", \"version\": \"{}\"}},\n  \
             \"kind\": \"{}\",\n  \"serverId\": \"{server_id}\",\n  \"takenAt\": \"{}\",\n  \"items\": [",
            self.tool_version,
            noun.as_str(),
            timestamp(taken_at)
        )
    }

    /// One row a line: as short as JSON can be, and a program that reads lines can take it, too.
    fn json_rows<L: Listed>(&self, rows: &[L::Row], first: bool) -> String {
        let mut out = if first { self.json_head() } else { String::new() };
        for (at, row) in rows.iter().enumerate() {
            out.push_str(if first && at == 0 { "\n    " } else { ",\n    " });
            out.push_str(&serde_json::to_string(&L::wire(row)).expect("every key of a row is a text"));
        }
        visible_json(&out).into_owned()
    }
}

/// `KB1, KB2`.
fn articles(kbs: &[String]) -> String {
    let articles: Vec<String> = kbs.iter().map(|kb| format!("KB{kb}")).collect();
    articles.join(", ")
}

/// Articles and title, for a comment.
pub(in crate::report) fn described(kbs: &[String], title: &str) -> String {
    let missing: Vec<String> =
        kbs.iter().map(|kb| format!("KB{kb}")).filter(|kb| !title.contains(kb.as_str())).collect();
    if missing.is_empty() { title.to_owned() } else { format!("{} {title}", missing.join(", ")) }
}

fn time_or_never(time: Option<DateTime<Utc>>) -> String {
    time.map_or_else(|| "never".to_owned(), timestamp)
}

fn or_dash(text: String) -> String {
    if text.is_empty() { "-".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use uuid::Uuid;

    use super::{ListFormat, ListOf, Listing, Products};
    use crate::model::listing::{ListedCategory, Noun};

    fn product(id: u128, title: &str, ambiguous: bool) -> ListedCategory {
        ListedCategory {
            id: Uuid::from_u128(id),
            title: title.to_owned(),
            other_titles: Vec::new(),
            families: vec!["Windows".to_owned()],
            products: 0,
            ambiguous,
            updates: 3,
        }
    }

    fn listing(format: ListFormat) -> Listing {
        let taken_at = "2026-11-20T12:00:00Z".parse().unwrap();
        Listing::new(ListOf { noun: Noun::Products, server_id: Uuid::from_u128(1), taken_at }, format, "0.1.0")
    }

    #[test]
    fn batches_make_one_json_document() {
        for batches in [&[][..], &[1], &[2, 1]] {
            let mut listing = listing(ListFormat::Json);
            let mut out = String::new();
            for count in batches {
                let rows: Vec<ListedCategory> = (0..*count).map(|id| product(id, "a\u{202e}\"b", false)).collect();
                out += &listing.batch::<Products>(&rows);
            }
            out += &listing.end(Some("x"));
            assert!(out.is_ascii());
            let document: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"));
            assert_eq!(document["items"].as_array().unwrap().len() as u128, batches.iter().sum::<u128>());
            assert_eq!((&document["kind"], &document["next"]), (&Value::from("products"), &Value::from("x")));
        }
    }

    #[test]
    fn yaml_names_by_id_what_a_title_does_not_tell() {
        let mut listing = listing(ListFormat::Yaml);
        let rows = [product(1, "Windows 11", false), product(2, "Admin: Center", true)];
        let out = listing.batch::<Products>(&rows) + &listing.end(None);
        assert!(out.contains("\n  - Windows 11  # 00000000-0000-0000-0000-000000000001\n"), "{out}");
        assert!(out.contains("\n  - {id: 00000000-0000-0000-0000-000000000002}  # Admin: Center (Windows)\n"), "{out}");
    }

    #[test]
    fn a_table_has_its_columns_below_each_other() {
        let mut listing = listing(ListFormat::Text { width: None });
        let out = listing.batch::<Products>(&[product(1, "b", false), product(2, "a longer title", false)]);
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines.len(), 3);
        let column = lines[0].find("FAMILY").unwrap();
        assert!(lines[1..].iter().all(|line| line[column..].starts_with("Windows")), "{out}");
    }
}

//! One page of a list: where it begins, how long it is, and how to go on.

use crate::cli::arguments::Get;
use crate::cli::report_lost;
use crate::cli::streams::Streams;
use crate::failure::{Exit, Failure};
use crate::report::listing::{ListFormat, ListOf, Listed, Listing};
use crate::report::visible::visible;

/// Which page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pager {
    limit: Option<u64>,
    pub(super) after: Option<String>,
}

impl Pager {
    pub(super) fn new(arguments: &Get) -> Self {
        Self { limit: arguments.limit, after: arguments.after.clone() }
    }
}

/// A page that is being written.
pub(super) struct Page {
    listing: Listing,
    pager: Pager,
    streams: Streams,
}

impl Page {
    pub(super) fn new(of: ListOf, format: ListFormat, pager: Pager, streams: Streams) -> Self {
        Self { listing: Listing::new(of, format, env!("CARGO_PKG_VERSION")), pager, streams }
    }

    pub(super) fn streams(&self) -> Streams {
        self.streams
    }

    /// What the page begins behind.
    pub(super) fn after(&self) -> Option<&str> {
        self.pager.after.as_deref()
    }

    /// How many of some rows still fit.
    pub(super) fn fitting(&self, rows: usize) -> usize {
        let room = self.pager.limit.map(|limit| limit.saturating_sub(self.listing.rows()));
        room.map_or(rows, |room| usize::try_from(room).map_or(rows, |room| rows.min(room)))
    }

    /// Writes rows. False where nobody reads them.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(super) fn rows<L: Listed>(&mut self, rows: &[L::Row]) -> Result<bool, Failure> {
        self.streams.report_while_read(&self.listing.batch::<L>(rows)).map_err(report_lost)
    }

    /// Writes the end, and says how to go on where `next` is what the next page begins behind.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(super) fn end(&mut self, next: Option<&str>) -> Result<(), Failure> {
        self.streams.report(&self.listing.end(next)).map_err(report_lost)?;
        match next {
            Some(next) => self
                .streams
                .note(&format!("there is more: the next page begins with --after {}", visible(&quoted(next)))),
            None if self.listing.rows() == 0 => self.streams.note("nothing found"),
            None => {}
        }
        Ok(())
    }

    /// Writes the page of a list that is there as a whole. `key` is what names a row in `--after`.
    ///
    /// # Errors
    /// `--after` names none of them (exit 3); standard output cannot be written.
    pub(super) fn whole<L: Listed>(
        &mut self,
        rows: Vec<L::Row>,
        key: impl Fn(&L::Row) -> String,
    ) -> Result<(), Failure> {
        let Some((shown, more)) = cut(&rows, self.after(), |rest| self.fitting(rest), &key) else {
            return Err(not_there(self.after().unwrap_or_default()));
        };
        if !self.rows::<L>(shown)? {
            return Ok(());
        }
        let next = shown.last().filter(|_| !more.is_empty()).map(key);
        self.end(next.as_deref())
    }
}

/// The rows behind one: those of a page, and those that are left. None where there is no such row.
///
/// Rows with the same key, such as downstream servers that were set up again under their old name, stay together: nothing
/// could say that the next page begins between them. So a page may be longer than it has room for.
fn cut<'r, R>(
    rows: &'r [R],
    after: Option<&str>,
    room: impl FnOnce(usize) -> usize,
    key: &impl Fn(&R) -> String,
) -> Option<(&'r [R], &'r [R])> {
    let begin = match after {
        None => 0,
        Some(after) => rows.iter().rposition(|row| key(row) == after)? + 1,
    };
    let rest = &rows[begin..];
    let length = room(rest.len());
    let last = rest[..length].last().map(key);
    let tied = rest[length..].iter().take_while(|row| Some(key(row)) == last).count();
    Some(rest.split_at(length + tied))
}

/// `--after` names nothing that is there.
pub(super) fn not_there(after: &str) -> Failure {
    Failure::new(Exit::Invalid, format!("--after {after} names nothing in this list"))
        .hint("give the conditions and the key that the last page was listed and ended with")
}

/// A key as a shell takes it for one word.
fn quoted(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if key.chars().all(plain) { key.to_owned() } else { format!("'{}'", key.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::{cut, quoted};

    #[test]
    fn pages_go_on_behind_rows_with_the_same_key() {
        let rows = ["a", "b", "b", "b", "c", "d", "d"];
        for (limit, expected) in [
            (1, vec!["a", "bbb", "c", "dd"]),
            (2, vec!["abbb", "cdd"]),
            (3, vec!["abbb", "cdd"]),
            (5, vec!["abbbc", "dd"]),
            (9, vec!["abbbcdd"]),
        ] {
            let (mut pages, mut after) = (Vec::new(), None);
            while pages.len() < rows.len() {
                let key = |row: &&str| (*row).to_owned();
                let (shown, more) = cut(&rows, after, |rest| rest.min(limit), &key).unwrap();
                pages.push(shown.concat());
                after = shown.last().copied();
                if more.is_empty() {
                    break;
                }
            }
            assert_eq!(pages, expected, "{limit} rows a page");
        }
        assert!(cut(&rows, Some("e"), |rest| rest, &|row: &&str| (*row).to_owned()).is_none());
    }

    #[test]
    fn keys_are_one_word_for_a_shell() {
        assert_eq!(quoted("pc-001.contoso.com"), "pc-001.contoso.com");
        assert_eq!(quoted("it's $HOME"), "'it'\\''s $HOME'");
    }
}

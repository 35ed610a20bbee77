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
        let begin = match self.after() {
            None => 0,
            Some(after) => match rows.iter().position(|row| key(row) == after) {
                Some(last) => last + 1,
                None => return Err(not_there(after)),
            },
        };
        let rest = &rows[begin..];
        let length = self.fitting(rest.len());
        let (shown, more) = rest.split_at(length);
        if !self.rows::<L>(shown)? {
            return Ok(());
        }
        let next = shown.last().filter(|_| !more.is_empty()).map(key);
        self.end(next.as_deref())
    }
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
    use super::quoted;

    #[test]
    fn keys_are_one_word_for_a_shell() {
        assert_eq!(quoted("pc-001.contoso.com"), "pc-001.contoso.com");
        assert_eq!(quoted("it's $HOME"), "'it'\\''s $HOME'");
    }
}

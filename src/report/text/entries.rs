//! What the entries of the manifest came to.

use uuid::Uuid;

use super::change::origin_piece;
use super::count::{count, length};
use super::page::{Page, Piece, listed, words};
use crate::diagnostic::Sources;
use crate::model::address::{Address, Quoted};
use crate::model::resolved::{Notice, ResolvedEntry};
use crate::plan::explain::{Explained, Standing};
use crate::report::style::Style;

const INDENT: usize = 2;

/// Writes how many updates each selector matched, kept and left out.
pub(super) fn render_selectors(page: &mut Page, entries: &[ResolvedEntry], sources: &Sources) {
    let selectors: Vec<&ResolvedEntry> = entries.iter().filter(|entry| entry.selector).collect();
    if selectors.is_empty() {
        return;
    }
    page.heading("Selectors");
    for entry in selectors {
        entry_line(page, entry, sources);
    }
}

/// Writes what each entry matched, kept and left out, update by update.
pub(super) fn render_entries(
    page: &mut Page,
    entries: &[ResolvedEntry],
    explained: Option<&Explained>,
    sources: &Sources,
) {
    if entries.is_empty() {
        return;
    }
    page.heading("Entries");
    let nothing = Explained::default();
    let explained = explained.unwrap_or(&nothing);
    for (index, entry) in entries.iter().enumerate() {
        entry_line(page, entry, sources);
        for update in &entry.updates {
            let standings = standings(explained, index, *update);
            page.line(INDENT + 2, update_pieces(explained, *update).chain(listed(standings)));
        }
        for update in &entry.kept {
            let lead = [Piece::plain("kept, since the manifest approves it:")];
            page.line(INDENT + 2, lead.into_iter().chain(update_pieces(explained, *update)));
        }
        for notice in &entry.skipped {
            // Its place is the entry's.
            let Notice { address, code, message, origin: _ } = notice;
            let title = match address {
                Address::Approval { update, .. } | Address::Decline(update) => explained.titles.get(update),
                _ => None,
            };
            let lead = [Piece::plain("left out:"), Piece::next(format!("{address}:"), Style::Plain)];
            let code = Piece::next(format!("[{code}]"), Style::Dim);
            let title = title.map(|title| Piece::plain(title.as_str()));
            page.line(INDENT + 2, lead.into_iter().chain(words(message)).chain([code]).chain(title));
        }
    }
}

fn entry_line(page: &mut Page, entry: &ResolvedEntry, sources: &Sources) {
    let ResolvedEntry { kind, index, label, selector: _, matched, updates: _, kept, skipped, all_declined, origin } =
        entry;
    let mut found = count(u64::try_from(*matched).unwrap_or(u64::MAX), "update");
    if !kept.is_empty() {
        found.push_str(&format!(", {} kept", length(kept)));
    }
    found.push_str(&format!(", {} left out", length(skipped)));
    if *all_declined {
        found.push_str(", every one is declined");
    }
    let entry = Piece::plain(format!("{}[{index}]", kind.plural()));
    let pieces = [entry, Piece::plain(label.as_str()), Piece::plain(found)];
    page.line(INDENT, pieces.into_iter().chain(origin_piece(Some(*origin), sources)));
}

fn update_pieces(explained: &Explained, update: Uuid) -> impl Iterator<Item = Piece<'_>> {
    let title = explained.titles.get(&update).map(|title| Piece::plain(title.as_str()));
    [Piece::plain(update.to_string())].into_iter().chain(title)
}

/// How the server stands to what the entry declares for an update, by group.
fn standings(explained: &Explained, entry: usize, update: Uuid) -> Vec<String> {
    let Some(standings) = explained.standings.get(&(entry, update)) else {
        return vec!["declared by another entry".to_owned()];
    };
    let one = |(group, standing): &(Option<String>, Standing)| {
        let word = match standing {
            Standing::Holds => "holds",
            Standing::Changes => "changes",
            Standing::Left => "differs and is left alone",
        };
        group.as_ref().map_or_else(|| word.to_owned(), |group| format!("{}: {word}", Quoted(group)))
    };
    standings.iter().map(one).collect()
}

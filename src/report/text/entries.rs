//! What the entries of the manifest came to.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::change::origin_piece;
use super::count::{count, count_of, length};
use super::page::{Page, Piece, listed, words};
use crate::diagnostic::Sources;
use crate::model::address::{Address, Quoted};
use crate::model::name::fold;
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
        for update in explained.by_title(&entry.updates) {
            let standings = standings(explained, entries, index, update);
            page.line(INDENT + 2, update_pieces(explained, update).chain(listed(standings)));
        }
        for update in explained.by_title(&entry.kept) {
            let lead = [Piece::plain("kept, since the manifest approves it:")];
            page.line(INDENT + 2, lead.into_iter().chain(update_pieces(explained, update)));
        }
        let mut lapsed: Vec<&Address> = entry.lapsed.iter().collect();
        lapsed.sort_by_cached_key(|address| explained.title_of(address).map(fold));
        for address in lapsed {
            let lead = words("kept, since it only fell out of a condition:");
            let title = explained.title_of(address).map(Piece::plain);
            let address = Piece::next(address.to_string(), Style::Plain);
            page.line(INDENT + 2, lead.chain([address]).chain(title));
        }
        let mut skipped: Vec<&Notice> = entry.skipped.iter().collect();
        skipped.sort_by_cached_key(|notice| explained.title_of(&notice.address).map(fold));
        for notice in skipped {
            // Its place is the entry's.
            let Notice { address, code, message, origin: _ } = notice;
            let title = explained.title_of(address).map(Piece::plain);
            let lead = [Piece::plain("left out:"), Piece::next(format!("{address}:"), Style::Plain)];
            let code = Piece::next(format!("[{code}]"), Style::Dim);
            page.line(INDENT + 2, lead.into_iter().chain(words(message)).chain([code]).chain(title));
        }
    }
}

fn entry_line(page: &mut Page, entry: &ResolvedEntry, sources: &Sources) {
    let ResolvedEntry {
        kind,
        index: _,
        item: _,
        label,
        selector: _,
        groups: _,
        matched,
        updates,
        kept,
        skipped,
        lapsed,
        all_declined,
        origin,
    } = entry;
    let mut found = count(u64::try_from(*matched).unwrap_or(u64::MAX), "update");
    if !kept.is_empty() {
        found.push_str(&format!(", {} kept", length(kept)));
    }
    if !lapsed.is_empty() {
        found.push_str(&format!(", {} lapsed", count_of(length(lapsed), *kind)));
    }
    found.push_str(&left_out(updates, skipped));
    if *all_declined {
        found.push_str(", every one is declined");
    }
    let entry = Piece::plain(entry.address().to_string());
    let pieces = [entry, Piece::plain(label.as_str()), Piece::plain(found)];
    page.line(INDENT, pieces.into_iter().chain(origin_piece(Some(*origin), sources)));
}

/// How many updates an entry leaves out and why: `, 3 left out [declined, license]`, and apart from them those that it leaves
/// out for some of its groups.
fn left_out(updates: &[Uuid], skipped: &[Notice]) -> String {
    let (mut whole, mut partly) = (BTreeMap::new(), BTreeMap::new());
    for Notice { address, code, .. } in skipped {
        let of_update = match address {
            Address::Approval { update, .. } | Address::Decline(update) => updates.binary_search(update).is_ok(),
            _ => false,
        };
        let found = if of_update { &mut partly } else { &mut whole };
        let object = match address {
            Address::Approval { update, .. } | Address::Decline(update) => update.to_string(),
            other => other.to_string(),
        };
        found.entry(*code).or_insert_with(BTreeSet::new).insert(object);
    }
    let said = |found: &BTreeMap<&str, BTreeSet<String>>, words: &str| {
        let number = found.values().flatten().collect::<BTreeSet<_>>().len();
        let codes: Vec<&str> = found.keys().copied().collect();
        format!(", {number} {words} [{}]", codes.join(", "))
    };
    match (whole.is_empty(), partly.is_empty()) {
        (true, true) => ", 0 left out".to_owned(),
        (false, true) => said(&whole, "left out"),
        (true, false) => said(&partly, "left out for some groups"),
        (false, false) => said(&whole, "left out") + &said(&partly, "left out for some groups"),
    }
}

fn update_pieces(explained: &Explained, update: Uuid) -> impl Iterator<Item = Piece<'_>> {
    let title = explained.titles.get(&update).map(|title| Piece::plain(title.as_str()));
    [Piece::plain(update.to_string())].into_iter().chain(title)
}

/// How the server stands to what the entry declares for an update, by group.
fn standings(explained: &Explained, entries: &[ResolvedEntry], entry: usize, update: Uuid) -> Vec<String> {
    let one = |(group, standing): &(Option<String>, Standing)| {
        let word = match standing {
            Standing::Holds => "holds".to_owned(),
            Standing::Changes => "changes".to_owned(),
            Standing::Left => "differs and is left alone".to_owned(),
            Standing::Decided(other) => match entries.get(*other) {
                Some(entry) => format!("decided by {}", entry.address()),
                None => "decided by another entry".to_owned(),
            },
        };
        group.as_ref().map_or_else(|| word.clone(), |group| format!("{}: {word}", Quoted(group)))
    };
    explained.standings.get(&(entry, update)).into_iter().flatten().map(one).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{Address, Notice, left_out};

    #[test]
    fn updates_are_counted_once_and_those_left_out_for_some_groups_apart() {
        let [u1, u2, u3] = [1, 2, 3].map(Uuid::from_u128);
        let of_group = |update, group: &str| Address::Approval { update, group: group.into() };
        let notice = |address, code| Notice { address, code, message: String::new(), origin: None };
        let declined = notice(Address::Decline(u3), "declined");
        let servers = notice(of_group(u1, "Servers"), "license");
        let kiosks = notice(of_group(u1, "Kiosks"), "license");
        let both = [servers, kiosks];
        assert_eq!(left_out(&[u2], &[]), ", 0 left out");
        assert_eq!(left_out(&[u2], &both), ", 1 left out [license]");
        assert_eq!(left_out(&[u1, u2], &both), ", 1 left out for some groups [license]");
        let all: Vec<Notice> = both.into_iter().chain([declined]).collect();
        assert_eq!(left_out(&[u2], &all), ", 2 left out [declined, license]");
        assert_eq!(left_out(&[u1], &all), ", 1 left out [declined], 1 left out for some groups [license]");
    }
}

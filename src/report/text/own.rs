//! What a change of an approval has of its own where many updates share the rest: revision, figures, and who made it.

use super::change::arrow;
use super::count::size;
use super::page::Piece;
use super::value::Shown;
use crate::model::address::{Kind, Quoted};
use crate::model::snapshot::{Reboot, is_automatic_admin};
use crate::plan::change::{Affects, Change, ChangeAction, Figure};
use crate::report::style::Style;
use crate::report::timestamp::timestamp;

/// The attribute of an approval that differs from update to update.
pub(super) const REVISION: &str = "revision";

/// The pieces of one update that shares its changes with others, by group.
pub(super) fn pieces(changes: &[(&str, &Change)]) -> Vec<Piece<'static>> {
    let mut revisions: Vec<String> = changes.iter().filter_map(|(_, change)| revision(change)).collect();
    revisions.dedup();
    let mut pieces: Vec<Piece<'static>> = revisions.into_iter().map(Piece::plain).collect();
    let figures: Vec<String> = needed(changes).into_iter().chain(download(changes)).collect();
    if !figures.is_empty() {
        pieces.push(Piece::plain(figures.join(", ")));
    }
    for (group, change) in changes {
        let text = changed(change);
        let text = if changes.len() == 1 { text } else { text.map(|text| format!("{}: {text}", Quoted(group))) };
        pieces.extend(text.map(|text| Piece::new(text, Style::Dim)));
    }
    pieces
}

/// The pieces of a decline that shares its change with others.
pub(super) fn of_decline(change: &Change) -> Vec<Piece<'static>> {
    let figures = figures(Kind::Decline, change.action, &change.affects).map(Piece::plain);
    figures.into_iter().chain(changed(change).map(|text| Piece::new(text, Style::Dim))).collect()
}

fn revision(change: &Change) -> Option<String> {
    if let Some(field) = change.fields.iter().find(|field| field.path == REVISION) {
        return Some(arrow(REVISION, &field.before, &field.after));
    }
    let value = change.after.as_ref().or(change.before.as_ref())?.get(REVISION)?;
    Some(format!("{REVISION} {}", Shown(value)))
}

/// `3 need it`, or by group where there are several.
fn needed(changes: &[(&str, &Change)]) -> Option<String> {
    if let [(_, change)] = changes {
        return change.affects.needed.and_then(need);
    }
    let known = changes.iter().filter_map(|(group, change)| match change.affects.needed {
        Some(Figure::Known(number)) => Some((*group, number)),
        Some(Figure::Unknown(_)) | None => None,
    });
    let known: Vec<(&str, u64)> = known.collect();
    let some = known.iter().filter(|(_, number)| *number > 0);
    let some: Vec<String> = some.map(|(group, number)| format!("{number} in {}", Quoted(group))).collect();
    match (known.is_empty(), some.is_empty()) {
        (true, _) => None,
        (false, true) => Some("none needs it".to_owned()),
        (false, false) => Some(format!("needed by {}", some.join(" and "))),
    }
}

fn need(figure: Figure) -> Option<String> {
    match figure {
        Figure::Known(0) => Some("none needs it".to_owned()),
        Figure::Known(1) => Some("1 needs it".to_owned()),
        Figure::Known(number) => Some(format!("{number} need it")),
        Figure::Unknown(_) => None,
    }
}

/// What installing takes: the same for every group.
fn download(changes: &[(&str, &Change)]) -> Option<String> {
    changes.iter().find_map(|(_, change)| cost(&change.affects))
}

fn cost(affects: &Affects) -> Option<String> {
    let bytes = match affects.bytes {
        Some(Figure::Known(bytes)) => Some(format!("{} to download", size(bytes))),
        Some(Figure::Unknown(_)) | None => None,
    };
    let reboot = affects.reboot.and_then(|reboot| match reboot {
        Reboot::Unknown => None,
        Reboot::Never => Some("never restarts"),
        Reboot::Always => Some("restarts"),
        Reboot::Possible => Some("may restart"),
    });
    let said: Vec<String> = bytes.into_iter().chain(reboot.map(str::to_owned)).collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// The figures of a change that stands alone. A decline is for the whole server.
pub(super) fn figures(kind: Kind, action: ChangeAction, affects: &Affects) -> Option<String> {
    let needed = match (kind, affects.needed) {
        (Kind::Decline, Some(Figure::Known(0))) => Some("no computer needs it".to_owned()),
        (Kind::Decline, Some(Figure::Known(1))) => Some("1 computer of the server needs it".to_owned()),
        (Kind::Decline, Some(Figure::Known(number))) => Some(format!("{number} computers of the server need it")),
        (_, figure) => figure.filter(|_| affects.computers > 0).and_then(need),
    };
    let said: Vec<String> = needed.into_iter().chain(cost(affects)).chain(parts(action, affects.parts)).collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// What goes with a bundle. That they come back with it is said nowhere.
///
/// Source: learn.microsoft.com, IUpdate.Decline (ms747138, bb294934: declining a bundle declines its parts; grade A).
fn parts(action: ChangeAction, parts: Option<Figure>) -> Option<String> {
    let is_decline = action == ChangeAction::Create;
    match parts? {
        Figure::Known(0) => None,
        Figure::Known(1) if is_decline => Some("the update that it bundles goes with it".to_owned()),
        Figure::Known(number) if is_decline => Some(format!("the {number} updates that it bundles go with it")),
        Figure::Known(_) => Some("what it bundles may stay declined".to_owned()),
        Figure::Unknown(_) if is_decline => Some("what it may bundle goes with it (not read)".to_owned()),
        Figure::Unknown(_) => None,
    }
}

/// Who made what a change differs from, and when.
pub(super) fn changed(change: &Change) -> Option<String> {
    let Change { changed_by, changed_at, address, action, .. } = change;
    let what = match (address.kind(), action) {
        (Kind::Approval, ChangeAction::Create) => "removed",
        (Kind::Decline, ChangeAction::Create) => "reinstated",
        // SUSDB does not know who declines an update, only who removes approvals.
        (Kind::Decline, ChangeAction::Delete) => "approvals removed",
        _ => "last changed",
    };
    let by = changed_by.as_ref().map(|by| match is_automatic_admin(by) {
        true => format!(" by WSUS itself ({by})"),
        false => format!(" by {by}"),
    });
    let at = changed_at.map(|at| format!(" at {}", timestamp(at)));
    (by.is_some() || at.is_some()).then(|| format!("{what}{}{}", by.unwrap_or_default(), at.unwrap_or_default()))
}

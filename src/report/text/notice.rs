//! What stands beside the changes: blockers, what is unsupported, findings, and what is pending.

use std::collections::{BTreeMap, BTreeSet};

use super::TextOptions;
use super::change::origin_piece;
use super::count::{count_of, length};
use super::page::{Page, Piece, words};
use crate::diagnostic::Sources;
use crate::model::address::Kind;
use crate::model::resolved::Notice;
use crate::plan::permission::{Permission, Permissions};
use crate::plan::{Blocker, BlockerSubject};
use crate::report::style::Style;

/// So many pending objects are listed; the rest are counted.
const PENDING_LISTED_MAX: usize = 10;

/// So many notices of one code about objects of one kind are listed; the rest are counted.
const NOTICES_LISTED_MAX: usize = 20;

/// So many changes that the same thing makes impossible are listed; the rest are counted.
const UNSUPPORTED_LISTED_MAX: usize = 20;

/// So many objects that the same thing blocks are listed; the rest are counted.
const BLOCKED_LISTED_MAX: usize = 10;

/// The code of a warning that only tells something.
const NOTE: &str = "note";

const INDENT: usize = 2;

/// Shows warnings and notes, one after the other; empty where there are none. They belong on standard error.
#[must_use]
pub fn render_notices(notices: &[Notice], sources: &Sources, options: &TextOptions) -> String {
    let mut page = Page::new(options);
    let mut alike: BTreeMap<(&str, Kind), usize> = BTreeMap::new();
    for notice in notices {
        let number = alike.entry((notice.code, notice.address.kind())).or_default();
        *number += 1;
        if *number > NOTICES_LISTED_MAX {
            continue;
        }
        let lead = match notice.code {
            NOTE => Piece::new("note:", Style::Heading),
            code => Piece::new(format!("warning[{code}]:"), Style::Modify),
        };
        notice_line(&mut page, 0, [lead], notice, false, sources);
    }
    for ((code, kind), number) in alike {
        let rest = number.saturating_sub(NOTICES_LISTED_MAX);
        if rest > 0 {
            let said = format!("# (and {rest} more [{code}] of {}; --output json lists all)", kind.plural());
            page.line(0, [Piece::new(said, Style::Dim).flowing()]);
        }
    }
    page.finish()
}

/// Records what `--allow` permitted, in one line; empty where it permitted nothing.
#[must_use]
pub fn render_permissions(permissions: &Permissions, options: &TextOptions) -> String {
    let mut page = Page::new(options);
    if !permissions.given().is_empty() {
        let given = permissions.given().iter().map(|given| Piece::next(format!("--allow {given}"), Style::Plain));
        page.line(0, [Piece::new("Permitted:", Style::Heading)].into_iter().chain(given));
    }
    page.finish()
}

/// Writes what forbids execution, each with what to type to permit it, and at the end all of that at once.
pub(super) fn render_blockers(page: &mut Page, blockers: &[Blocker], sources: &Sources) {
    if blockers.is_empty() {
        return;
    }
    page.heading("Blockers");
    // One entry can reach thousands of updates: what stands in the way of all of them is said once.
    let mut alike: BTreeMap<(&str, &str, Option<Permission>), Vec<&Blocker>> = BTreeMap::new();
    let mut order = Vec::new();
    for blocker in blockers {
        let reason = (blocker.code, blocker.message.as_str(), blocker.permission);
        alike.entry(reason).or_insert_with(|| (order.push(reason), Vec::new()).1).push(blocker);
    }
    for blockers in order.iter().filter_map(|reason| alike.get(reason)) {
        blocked(page, blockers, sources);
    }
    let permissions: BTreeSet<Permission> = blockers.iter().filter_map(|blocker| blocker.permission).collect();
    let percent =
        |kind: Kind| permissions.iter().any(|other| matches!(other, Permission::DeletePercent(of, _) if *of == kind));
    let needed =
        permissions.iter().filter(|permission| !matches!(permission, Permission::Delete(kind) if percent(*kind)));
    if permissions.len() > 1 {
        let all = needed.map(|permission| Piece::next(format!("--allow {permission}"), Style::Heading));
        page.line(INDENT, [Piece::plain("to permit all that can be permitted:")].into_iter().chain(all));
    }
}

/// Writes what is blocked for the same reason.
fn blocked(page: &mut Page, blockers: &[&Blocker], sources: &Sources) {
    let Some(Blocker { subject, code, message, permission, origin }) = blockers.first() else { return };
    let (subject, origin) = match (subject, blockers) {
        (BlockerSubject::Kind(kind), _) => (kind.plural().to_owned(), *origin),
        (BlockerSubject::Object(address), [_]) => (address.to_string(), *origin),
        (BlockerSubject::Object(address), _) => (count_of(length(blockers), address.kind()), None),
    };
    let lead = [
        Piece::new("!", Style::Blocked),
        Piece::next("blocked:", Style::Blocked),
        Piece::next(subject + ":", Style::Plain),
    ];
    let way_out = match permission {
        Some(permission) => Piece::new(format!("to permit it: --allow {permission}"), Style::Heading),
        None => Piece::new("no --allow permits it: change the manifest", Style::Heading),
    };
    let code = Piece::next(format!("[{code}]"), Style::Dim);
    let tail = [code, way_out].into_iter().chain(origin_piece(origin, sources));
    page.line(INDENT, lead.into_iter().chain(words(message)).chain(tail));
    if blockers.len() == 1 {
        return;
    }
    for Blocker { subject, origin, .. } in blockers.iter().take(BLOCKED_LISTED_MAX) {
        if let BlockerSubject::Object(address) = subject {
            let address = Piece::plain(address.to_string());
            page.line(INDENT + 4, [address].into_iter().chain(origin_piece(*origin, sources)));
        }
    }
    let rest = blockers.len().saturating_sub(BLOCKED_LISTED_MAX);
    if rest > 0 {
        page.line(INDENT + 4, [Piece::new(format!("# (and {rest} more)"), Style::Dim).flowing()]);
    }
}

/// Writes what is declared and cannot be done.
pub(super) fn render_unsupported(page: &mut Page, unsupported: &[Notice], sources: &Sources) {
    if unsupported.is_empty() {
        return;
    }
    page.heading("Unsupported");
    // One procedure that differs keeps many changes from being made: what is wrong with it is said once.
    let mut by_reason: Vec<((&str, &str), Vec<&Notice>)> = Vec::new();
    for notice in unsupported {
        let reason = (notice.code, notice.message.as_str());
        match by_reason.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, notices)) => notices.push(notice),
            None => by_reason.push((reason, vec![notice])),
        }
    }
    for ((code, message), notices) in by_reason {
        let lead = [Piece::new("?", Style::Unsupported), Piece::next("unsupported:", Style::Unsupported)];
        if let [notice] = notices[..] {
            notice_line(page, INDENT, lead, notice, true, sources);
            continue;
        }
        let number = Piece::next(format!("{} changes:", notices.len()), Style::Plain);
        let code = Piece::next(format!("[{code}]"), Style::Dim);
        page.line(INDENT, lead.into_iter().chain([number]).chain(words(message)).chain([code]));
        for Notice { address, origin, .. } in notices.iter().take(UNSUPPORTED_LISTED_MAX) {
            let address = Piece::plain(address.to_string());
            page.line(INDENT + 4, [address].into_iter().chain(origin_piece(*origin, sources)));
        }
        let rest = notices.len().saturating_sub(UNSUPPORTED_LISTED_MAX);
        if rest > 0 {
            page.line(INDENT + 4, [Piece::new(format!("# (and {rest} more)"), Style::Dim).flowing()]);
        }
    }
}

/// Writes what is true and cannot be repaired from here.
pub(super) fn render_findings(page: &mut Page, findings: &[Notice], sources: &Sources) {
    if findings.is_empty() {
        return;
    }
    page.heading("Findings");
    for notice in findings {
        notice_line(page, INDENT, [], notice, true, sources);
    }
}

/// Writes how much waits for something outside, and the first of it.
pub(super) fn render_pending(page: &mut Page, pending: &[Notice], sources: &Sources) {
    if pending.is_empty() {
        return;
    }
    page.heading(&format!("Pending ({})", pending.len()));
    for notice in pending.iter().take(PENDING_LISTED_MAX) {
        notice_line(page, INDENT, [], notice, true, sources);
    }
    let rest = pending.len().saturating_sub(PENDING_LISTED_MAX);
    if rest > 0 {
        page.line(INDENT, [Piece::new(format!("# (and {rest} more)"), Style::Dim).flowing()]);
    }
}

fn notice_line<'a>(
    page: &mut Page,
    indent: usize,
    lead: impl IntoIterator<Item = Piece<'a>>,
    notice: &'a Notice,
    with_code: bool,
    sources: &Sources,
) {
    let Notice { address, code, message, origin } = notice;
    let address = Piece::next(format!("{address}:"), Style::Plain);
    let code = with_code.then(|| Piece::next(format!("[{code}]"), Style::Dim));
    let tail = code.into_iter().chain(origin_piece(*origin, sources));
    page.line(indent, lead.into_iter().chain([address]).chain(words(message)).chain(tail));
}

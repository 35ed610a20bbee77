//! One change for people.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::count::{count, length};
use super::own;
use super::page::{Page, Piece, listed, listed_pieces, words};
use super::value::{Key, Shown};
use crate::diagnostic::Sources;
use crate::model::address::{Address, Kind, Quoted};
use crate::model::attribute::Attribute;
use crate::model::origin::Origin;
use crate::plan::change::{
    Affects, Brings, Change, ChangeAction, Details, FieldChange, Inheritance, Inherited, Members, Reason, Risk,
};
use crate::report::place::Place;
use crate::report::style::Style;
use crate::report::timestamp::timestamp;

/// More lost approvals than this are counted, not listed.
const LOST_APPROVALS_LISTED_MAX: usize = 10;

/// The attribute of a declined update that holds the approvals that declining it destroys.
const LOST_APPROVALS: &str = "approvals";

/// The attribute of an approval that holds its deadline.
const DEADLINE: &str = "deadline";

/// The reasons that need no words: somebody wrote it down, and what differs stands right above.
const SELF_EVIDENT: [&str; 2] = ["declared", "differs"];

type Attributes = BTreeMap<String, Attribute>;

/// The symbol of an action.
pub(super) fn symbol(action: ChangeAction) -> (&'static str, Style) {
    match action {
        ChangeAction::Create => ("+", Style::Create),
        ChangeAction::Modify => ("~", Style::Modify),
        ChangeAction::Delete => ("-", Style::Delete),
    }
}

/// How much of a change is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// All but the update's title, which stands in a heading.
    Untitled,
    /// What it has in common with the same change of other updates; [`own`] has the rest.
    Shared,
}

/// Writes a change under this name (its address, or what a heading above leaves of it).
pub(super) fn render(page: &mut Page, indent: usize, name: &str, extent: Extent, change: &Change, sources: &Sources) {
    let Change {
        address,
        action,
        before,
        after,
        fields,
        members,
        reason,
        risk,
        affects,
        changed_by: _,
        changed_at: _,
        origin,
        label: title,
        details: Details { inherited, brings, due },
    } = change;
    let (symbol, style) = symbol(*action);
    let (members, shared) = (members.as_ref(), extent == Extent::Shared);
    let lost = if *action == ChangeAction::Create { lost_approvals(before.as_ref()) } else { Vec::new() };
    let is_own = |path: &str| shared && path == own::REVISION;

    let mut head = vec![Piece::new(symbol, style), Piece::next(name, Style::Plain)];
    head.extend(title.as_deref().filter(|_| extent == Extent::Whole).map(Piece::plain));
    match action {
        ChangeAction::Create => {
            head.extend(listed_pieces(created(before.as_ref(), after.as_ref(), members, *due, &is_own)));
        }
        ChangeAction::Delete => head.extend(listed(deleted(before.as_ref(), members, &is_own))),
        ChangeAction::Modify => {}
    }
    if *action != ChangeAction::Modify {
        head.extend(member_pieces(members));
    }
    head.extend(risk_piece(*risk));
    let own_figures = (!shared).then(|| own::figures(address.kind(), *action, affects)).flatten();
    head.extend(affects_piece(affects, address, *action, !lost.is_empty(), own_figures));
    head.extend(origin_piece(*origin, sources));
    page.line(indent, head);

    let indent = indent + 4;
    if *action == ChangeAction::Modify {
        field_lines(page, indent, fields, members, *due, &is_own);
        hidden_line(page, indent, fields, [before.as_ref(), after.as_ref()]);
        let pieces = member_pieces(members);
        if !pieces.is_empty() {
            page.line(indent, pieces);
        }
    }
    lost_lines(page, indent, lost);
    brings_line(page, indent, brings.as_ref());
    inherited_line(page, indent, inherited.as_ref());
    if address.kind() == Kind::Rule {
        zone_line(page, indent, *action, fields, after.as_ref());
    }
    reason_line(page, indent, reason);
    if !shared && let Some(text) = own::changed(change) {
        page.line(indent, [Piece::new(text, Style::Dim)]);
    }
}

/// `file:line`, where a manifest declared it.
pub(super) fn origin_piece(origin: Option<Origin>, sources: &Sources) -> Option<Piece<'static>> {
    origin.map(|origin| Piece::new(Place::new(origin, sources).file_and_line(), Style::Dim))
}

/// The attributes of what is created; those that were something before (a decline's) with an arrow. The approvals that a
/// decline destroys have lines of their own.
fn created(
    before: Option<&Attributes>,
    after: Option<&Attributes>,
    members: Option<&Members>,
    due: Option<DateTime<Utc>>,
    left_out: &dyn Fn(&str) -> bool,
) -> Vec<Vec<Piece<'static>>> {
    let (none, null) = (Attributes::new(), Attribute::Null);
    let (before, after) = (before.unwrap_or(&none), after.unwrap_or(&none));
    let own_lines = |path: &str| left_out(path) || path == LOST_APPROVALS && before.contains_key(path);
    let mut items = Vec::new();
    for (path, value) in after {
        let item = |text: String| [Piece::plain(text)].into_iter().chain(due_piece(path, due)).collect();
        match before.get(path) {
            was if own_lines(path) || is_set_of(members, was, Some(value)) => {}
            Some(was) if was != value => items.push(item(arrow(path, was, value))),
            _ => items.push(item(format!("{}: {}", Key(path), Shown(value)))),
        }
    }
    let gone = before.iter().filter(|(path, _)| !own_lines(path) && !after.contains_key(*path));
    items.extend(gone.map(|(path, value)| vec![Piece::plain(arrow(path, value, &null))]));
    items
}

/// The attributes of what is deleted.
fn deleted(before: Option<&Attributes>, members: Option<&Members>, left_out: &dyn Fn(&str) -> bool) -> Vec<String> {
    let named = before.into_iter().flatten();
    let named = named.filter(|(path, value)| !left_out(path) && !is_set_of(members, Some(value), None));
    named.map(|(path, value)| format!("{}: {}", Key(path), Shown(value))).collect()
}

fn field_lines(
    page: &mut Page,
    indent: usize,
    fields: &[FieldChange],
    members: Option<&Members>,
    due: Option<DateTime<Utc>>,
    left_out: &dyn Fn(&str) -> bool,
) {
    for FieldChange { path, before, after } in fields {
        if !left_out(path) && !is_set_of(members, Some(before), Some(after)) {
            let arrow = Piece::plain(arrow(path, before, after));
            page.line(indent, [arrow].into_iter().chain(due_piece(path, due)));
        }
    }
}

/// What a relative deadline comes to.
fn due_piece(path: &str, due: Option<DateTime<Utc>>) -> Option<Piece<'static>> {
    let due = due.filter(|_| path == DEADLINE)?;
    Some(Piece::next(format!("= {} if applied today", timestamp(due)), Style::Plain).flowing())
}

pub(super) fn arrow(path: &str, before: &Attribute, after: &Attribute) -> String {
    format!("{}: {} -> {}", Key(path), Shown(before), Shown(after))
}

/// Counts the attributes that stay; one with a changed part is not among them.
fn hidden_line(page: &mut Page, indent: usize, fields: &[FieldChange], sides: [Option<&Attributes>; 2]) {
    let changed: BTreeSet<&str> = fields.iter().filter_map(|field| field.path.split('.').next()).collect();
    let paths: BTreeSet<&str> = sides.into_iter().flatten().flat_map(BTreeMap::keys).map(String::as_str).collect();
    let hidden = paths.iter().filter(|path| !changed.contains(*path)).count();
    if hidden > 0 {
        let counted = count(u64::try_from(hidden).unwrap_or(u64::MAX), "unchanged attribute");
        page.line(indent, [Piece::new(format!("# ({counted} hidden)"), Style::Dim).flowing()]);
    }
}

/// Whether this is the set whose coming and going members are shown: then it is not shown twice.
fn is_set_of(members: Option<&Members>, before: Option<&Attribute>, after: Option<&Attribute>) -> bool {
    let (Some(members), Some(before), Some(after)) = (members, texts(before), texts(after)) else { return false };
    let Members { added, removed } = members;
    after.difference(&before).copied().eq(added.iter().map(String::as_str))
        && before.difference(&after).copied().eq(removed.iter().map(String::as_str))
}

/// The texts of a set; absent and null are the empty one.
fn texts(value: Option<&Attribute>) -> Option<BTreeSet<&str>> {
    match value {
        None | Some(Attribute::Null) => Some(BTreeSet::new()),
        Some(Attribute::List(items)) => items
            .iter()
            .map(|item| match item {
                Attribute::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect(),
        Some(_) => None,
    }
}

fn member_pieces(members: Option<&Members>) -> Vec<Piece<'static>> {
    let Some(Members { added, removed }) = members else { return Vec::new() };
    let mut pieces = Vec::new();
    for (word, names) in [("added", added), ("removed", removed)] {
        let mut items: Vec<String> = names.iter().map(|name| Quoted(name).to_string()).collect();
        if let Some(first) = items.first_mut() {
            *first = format!("{word}: {first}");
        }
        pieces.extend(listed(items));
    }
    pieces
}

fn risk_piece(risk: Risk) -> Option<Piece<'static>> {
    match risk {
        Risk::None | Risk::Low => None,
        Risk::High => Some(Piece::new("high risk", Style::Blocked)),
    }
}

/// Whom it hits. Of a group that goes this is always said, nobody included.
fn affects_piece(
    affects: &Affects,
    address: &Address,
    action: ChangeAction,
    listed: bool,
    own: Option<String>,
) -> Option<Piece<'static>> {
    let Affects { computers, approvals, needed: _, bytes: _, parts: _, reboot: _ } = *affects;
    let always = action == ChangeAction::Delete && address.kind() == Kind::Group;
    let computers = (always || computers > 0).then(|| format!("affects {}", count(computers, "computer")));
    let approvals = (always || approvals > 0 && !listed).then(|| format!("destroys {}", count(approvals, "approval")));
    let said: Vec<String> = computers.into_iter().chain(own).chain(approvals).collect();
    (!said.is_empty()).then(|| Piece::plain(said.join(", ")))
}

/// The update that computers are offered again.
fn brings_line(page: &mut Page, indent: usize, brings: Option<&Brings>) {
    // Its title and articles are the change's title.
    let Some(Brings { title: _, kbs: _, classifications, products }) = brings else { return };
    let quoted = |titles: &[String]| titles.iter().map(|title| Quoted(title).to_string()).collect::<Vec<_>>();
    let lead = [Piece::plain("offers the update again:")];
    let titles = [quoted(classifications), quoted(products)].concat();
    page.line(indent, lead.into_iter().chain(listed(titles)));
}

/// Whose time a rule's new deadline is in: unlike every other time, not UTC.
fn zone_line(page: &mut Page, indent: usize, action: ChangeAction, fields: &[FieldChange], after: Option<&Attributes>) {
    let is_new = action == ChangeAction::Create || fields.iter().any(|field| field.path == DEADLINE);
    let is_there = after.and_then(|after| after.get(DEADLINE)).is_some_and(|deadline| *deadline != Attribute::Null);
    if is_new && is_there {
        page.line(indent, [Piece::plain("the deadline is in the local time of the database server")]);
    }
}

/// What the groups above pass down, and what becomes of it.
fn inherited_line(page: &mut Page, indent: usize, inherited: Option<&Inherited>) {
    let Some(Inherited { effect, from, action, deadline, optional }) = inherited else { return };
    let deadline = (*deadline != Attribute::Null).then(|| format!("deadline: {}", Shown(deadline)));
    let more: Vec<String> = optional.then(|| "optional".to_owned()).into_iter().chain(deadline).collect();
    let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
    let passed = format!("{}{more} from {}", action.as_str(), Quoted(from));
    let text = match effect {
        Inheritance::Holds => format!("inherits {passed} afterwards"),
        Inheritance::Overridden => format!("instead of {passed}"),
        Inheritance::Blocked => format!("blocks {passed}"),
    };
    page.line(indent, [Piece::plain(text)]);
}

/// The approvals that a decline destroys.
fn lost_approvals(before: Option<&Attributes>) -> Vec<String> {
    match before.and_then(|before| before.get(LOST_APPROVALS)) {
        None | Some(Attribute::Null) => Vec::new(),
        Some(Attribute::List(items)) => items.iter().map(lost_approval).collect(),
        Some(Attribute::Map(entries)) => {
            entries.iter().map(|(group, value)| format!("{}: {}", Quoted(group), Shown(value))).collect()
        }
        Some(other) => vec![Shown(other).to_string()],
    }
}

/// `"Servers": install, optional, deadline 2026-12-01T18:00:00Z, by CONTOSO\\alice`.
fn lost_approval(approval: &Attribute) -> String {
    let Attribute::Map(entries) = approval else { return Shown(approval).to_string() };
    let text = |key: &str| match entries.get(key) {
        Some(Attribute::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let (Some(group), Some(action)) = (text("group"), text("action")) else { return Shown(approval).to_string() };
    let optional = (entries.get("optional") == Some(&Attribute::Bool(true))).then(|| ", optional".to_owned());
    let deadline = entries.get(DEADLINE).filter(|deadline| **deadline != Attribute::Null);
    let deadline = deadline.map(|deadline| match deadline {
        Attribute::Text(time) => format!(", deadline {time}"),
        other => format!(", deadline {}", Shown(other)),
    });
    let by = text("by").map(|by| format!(", by {by}"));
    let rest: String = optional.into_iter().chain(deadline).chain(by).collect();
    format!("{}: {action}{rest}", Quoted(group))
}

fn lost_lines(page: &mut Page, indent: usize, lost: Vec<String>) {
    if lost.is_empty() {
        return;
    }
    let counted = count(length(&lost), "approval");
    if lost.len() > LOST_APPROVALS_LISTED_MAX {
        page.line(indent, [Piece::new(format!("destroys {counted}"), Style::Delete)]);
        return;
    }
    page.line(indent, [Piece::new(format!("destroys {counted}:"), Style::Delete)]);
    for approval in lost {
        page.line(indent + 2, [Piece::plain(approval)]);
    }
}

fn reason_line(page: &mut Page, indent: usize, reason: &Reason) {
    let Reason { code, text } = reason;
    if !SELF_EVIDENT.contains(code) {
        let code = Piece::next(format!("[{code}]"), Style::Dim);
        page.line(indent, [Piece::plain("reason:")].into_iter().chain(words(text)).chain([code]));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Attributes, created, is_set_of, listed_pieces};
    use crate::model::attribute::Attribute;
    use crate::plan::change::Members;
    use crate::report::text::TextOptions;
    use crate::report::text::page::Page;

    fn set(names: &[&str]) -> Attribute {
        Attribute::List(names.iter().map(|name| Attribute::text(*name)).collect())
    }

    #[test]
    fn a_set_is_left_to_its_members_only_where_they_say_all() {
        let members = |added: &[&str], removed: &[&str]| Members {
            added: added.iter().map(|name| (*name).to_owned()).collect(),
            removed: removed.iter().map(|name| (*name).to_owned()).collect(),
        };
        let (before, after) = (set(&["a", "b"]), set(&["b", "c"]));
        assert!(is_set_of(Some(&members(&["c"], &["a"])), Some(&before), Some(&after)));
        assert!(is_set_of(Some(&members(&["b", "c"], &[])), None, Some(&after)));
        assert!(!is_set_of(Some(&members(&["c"], &[])), Some(&before), Some(&after)));
        assert!(!is_set_of(Some(&members(&[], &[])), Some(&Attribute::Int(1)), Some(&after)));
        assert!(!is_set_of(Some(&members(&[], &[])), Some(&Attribute::Unknown("why".into())), None));
        assert!(!is_set_of(None, Some(&before), Some(&after)));
    }

    #[test]
    fn what_a_creation_replaces_shows_with_an_arrow_and_lost_approvals_elsewhere() {
        let approvals = ("approvals".to_owned(), set(&["Servers"]));
        let before = BTreeMap::from([approvals, ("declined".to_owned(), Attribute::Bool(false))]);
        let after = [("approvals".to_owned(), set(&[])), ("declined".to_owned(), Attribute::Bool(true))];
        let shown = |after: Option<&Attributes>| {
            let mut page = Page::new(&TextOptions::default());
            page.line(0, listed_pieces(created(Some(&before), after, None, None, &|_| false)));
            page.finish()
        };
        assert_eq!(shown(Some(&BTreeMap::from(after))), "declined: false -> true\n");
        assert_eq!(shown(None), "declined: false -> none\n");
    }
}

//! Conditions that a command line gives one by one, `KEY=VALUE`, as the selector that a manifest's `select` would be.
//!
//! Keys and values are those of `select`. A value that begins with a bracket, a brace or a quote is YAML; any other is the
//! text itself, so that `title=*Windows 11*` needs no second pair of quotes, and a list of one no brackets.

use std::borrow::Cow;

use super::compose::{Composer, Document, duplicate_key};
use super::decode::{Purpose, select};
use super::limits::ReadLimits;
use super::node::{Entry, Node, Value};
use super::problems::Problems;
use super::shape::Keyed;
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::model::origin::{Origin, SourceId};
use crate::model::selector::Selector;

/// Reads conditions as one selector, which all of them make up; without any it chooses every update.
///
/// Each condition is added to `sources` under `name`, so that the problems' places can be shown.
///
/// # Errors
///
/// Everything that is wrong with the conditions: the same problems that `select` would have in a manifest.
pub fn read_selector<C: AsRef<str>>(
    name: &str,
    conditions: &[C],
    sources: &mut Sources,
) -> Result<Selector, Diagnostics> {
    let mut problems = Problems::default();
    let mut entries: Vec<Entry<'_>> = Vec::with_capacity(conditions.len());
    for condition in conditions {
        let condition = condition.as_ref();
        let source = sources.add(name, condition);
        let Some(entry) = entry(condition, source, &mut problems) else { continue };
        match entries.iter().find(|known| known.key == entry.key) {
            Some(first) => problems.push(duplicate_key(entry.origin, first)),
            None => entries.push(entry),
        }
    }
    let selector = if entries.is_empty() { None } else { Some(selector(entries, &mut problems)) };
    let (problems, _) = problems.finish();
    match selector {
        _ if problems.has_errors() => Err(problems),
        Some(Some(selector)) => Ok(selector),
        _ => Ok(Selector::everything(place("", sources.add(name, ""), 0, 0))),
    }
}

fn selector(entries: Vec<Entry<'_>>, problems: &mut Problems) -> Option<Selector> {
    let key = entries[0].origin;
    let node = Node { origin: key, value: Value::Mapping(entries.into_boxed_slice()) };
    select(Keyed { key, node }, Purpose::List, problems)
}

/// Takes a condition apart at its first `=`.
fn entry<'t>(condition: &'t str, source: SourceId, problems: &mut Problems) -> Option<Entry<'t>> {
    let Some((written, _)) = condition.split_once('=') else {
        problems.push(
            Diagnostic::error("bad-condition", "not a condition")
                .detail("a condition is KEY=VALUE")
                .at(place(condition, source, 0, condition.len()), "no `=` here")
                .help("write conditions as classifications='Security Updates' or superseded=false"),
        );
        return None;
    };
    let start = written.len() - written.trim_start().len();
    let key = written.trim();
    let origin = place(condition, source, start, start + key.len());
    let node = value(condition, written.len() + 1, source, problems)?;
    Some(Entry { key: Cow::Borrowed(key), origin, node })
}

/// The value that begins at a byte of a condition.
fn value<'t>(condition: &'t str, from: usize, source: SourceId, problems: &mut Problems) -> Option<Node<'t>> {
    let text = condition[from..].trim();
    if !text.starts_with(['[', '{', '"', '\'']) {
        let start = from + (condition[from..].len() - condition[from..].trim_start().len());
        let origin = place(condition, source, start, start + text.len());
        let plain = Node { origin, value: Value::Plain(Cow::Borrowed(text)) };
        // Nobody types a condition to leave its value out: what YAML takes for null is a text.
        let is_null = plain.is_null();
        return Some(if is_null { Node { origin, value: Value::Quoted(Cow::Borrowed(text)) } } else { plain });
    }
    // Spaces in the key's place keep the places right.
    let blank: String = condition[..from].chars().flat_map(|c| std::iter::repeat_n(' ', c.len_utf8())).collect();
    let yaml = format!("{blank}{}", &condition[from..]);
    let mut composer = Composer::new(&yaml, source, ReadLimits::default());
    let Some(Document::Whole(root)) = composer.next(problems) else { return None };
    if let Some(Document::Whole(more)) = composer.next(problems) {
        problems.push(
            Diagnostic::error("bad-condition", "not a condition")
                .detail("it has two values")
                .at(more.origin, "again here"),
        );
    }
    Some(owned(root))
}

/// A node that borrows nothing of the text that it was read from.
fn owned(node: Node<'_>) -> Node<'static> {
    let value = match node.value {
        Value::Plain(text) => Value::Plain(Cow::Owned(text.into_owned())),
        Value::Quoted(text) => Value::Quoted(Cow::Owned(text.into_owned())),
        Value::Sequence(items) => Value::Sequence(items.into_iter().map(owned).collect()),
        Value::Mapping(entries) => {
            let owned = |entry: Entry<'_>| Entry {
                key: Cow::Owned(entry.key.into_owned()),
                origin: entry.origin,
                node: owned(entry.node),
            };
            Value::Mapping(entries.into_iter().map(owned).collect())
        }
    };
    Node { origin: node.origin, value }
}

/// A place in a condition.
fn place(condition: &str, source: SourceId, start: usize, end: usize) -> Origin {
    let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let line_start = condition[..start].rfind('\n').map_or(0, |newline| newline + 1);
    Origin {
        source,
        start: narrow(start),
        end: narrow(end),
        line: narrow(1 + condition[..start].matches('\n').count()),
        column: narrow(1 + condition[line_start..start].chars().count()),
    }
}

#[cfg(test)]
mod tests {
    use super::read_selector;
    use crate::diagnostic::Sources;
    use crate::model::selector::{NeededBy, Selector, Severity};

    fn read(conditions: &[&str]) -> Result<Selector, String> {
        read_selector("--where", conditions, &mut Sources::default()).map_err(|problems| {
            let codes = problems.0.iter().map(|problem| {
                let place = problem.primary.as_ref().map(|label| label.origin);
                place.map_or(problem.code.to_owned(), |at| format!("{}:{}:{}", problem.code, at.source.0, at.column))
            });
            codes.collect::<Vec<_>>().join(" ")
        })
    }

    #[test]
    fn conditions_are_the_keys_of_select() {
        let selector = read(&[
            "products=[Windows 11, {family: 'Windows*'}]",
            "classifications=Security Updates",
            "title=*Cumulative: Update* #1, x64",
            "severity=[Critical, Important]",
            "kb=KB5060526",
            "expired=false",
            "neededBy={atLeast: 1}",
            "arrivedWithin=30d",
        ])
        .unwrap();
        assert_eq!(selector.products.unwrap().len(), 2);
        assert_eq!(selector.classifications.unwrap().len(), 1);
        assert_eq!(selector.title.unwrap().value.as_str(), "*Cumulative: Update* #1, x64");
        assert_eq!(selector.severity, Some(vec![Severity::Critical, Severity::Important]));
        assert_eq!(selector.expired, Some(false));
        assert_eq!(selector.needed_by, Some(NeededBy { at_least: 1, at_most: None }));
        assert_eq!(selector.origin.source.0, 0);
    }

    #[test]
    fn without_conditions_every_update_is_meant() {
        let selector = read(&[]).unwrap();
        assert!(selector.title.is_none() && selector.arrived.is_unbounded() && selector.superseded.is_none());
    }

    #[test]
    fn what_is_wrong_has_its_place_in_its_condition() {
        for (conditions, expected) in [
            (&["severity=Critical", "product=[a]"][..], "unknown-key:1:1"),
            (&["kb=KB5060526", " kb=KB5060527"], "duplicate-key:1:2"),
            (&["products=[a, {id: x}]"], "bad-id:0:19"),
            (&["superseded"], "bad-condition:0:1"),
            (&["superseded=maybe"], "wrong-type:0:12"),
            (&["title="], "empty-name:0:1"),
            (&["=x"], "unknown-key:0:1"),
            (&["arrivedWithin=0d", "neededBy=5"], "bad-age:0:15 ambiguous-number:1:10"),
            (&["supersedingApproved=true"], "declines-only:0:1"),
            (&["products=[a, b"], "syntax:0:10"),
            (&["products=[a] b"], "syntax:0:14"),
            (&["products=[a]\n---\nb"], "bad-condition:0:1"),
            (&["products=[*Windows*]"], "unknown-anchor:0:11"),
            (&["title='a\nsuperseded: true"], "syntax:0:7"),
            (&["\u{e4}\u{1f600}=[a]", "kb=\u{1f600}"], "unknown-key:0:1 bad-update:1:4"),
        ] {
            assert_eq!(read(conditions).unwrap_err(), expected, "{conditions:?}");
        }
        // A line end in a value is part of the value, never a second condition.
        assert_eq!(read(&["title=a\nsuperseded: true"]).unwrap().superseded, None);
    }
}

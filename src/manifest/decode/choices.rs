//! Lists of which one element must hold.

use std::collections::BTreeMap;

use super::super::node::Value;
use super::super::problems::Problems;
use super::super::shape::{Keyed, list, wrong_type};
use crate::diagnostic::Diagnostic;
use crate::model::origin::{Declared, Origin};

/// How a list of choices is written.
pub(super) struct Choices {
    /// What is in it: `products`.
    pub(super) of: &'static str,
    /// Whether a single one can stand without a list.
    pub(super) alone: bool,
}

/// Reads a list: never empty, nothing in it twice. None where nothing of it could be read.
pub(super) fn choices<'t, T, M: Ord>(
    value: Keyed<'t>,
    written: &Choices,
    problems: &mut Problems,
    read: impl Fn(Keyed<'t>, &mut Problems) -> Option<Declared<T>>,
    meaning: impl Fn(&T) -> M,
) -> Option<Vec<Declared<T>>> {
    let place = value.place();
    let is_single = !matches!(value.node.value, Value::Sequence(_)) && !value.node.is_null();
    if is_single && written.alone {
        return read(value, problems).map(|one| vec![one]);
    }
    if let Some(text) = value.node.text() {
        let help = format!("write [{text}]");
        problems.push(wrong_type(&format!("a list of {}", written.of), &value.node, place).help(help));
        return None;
    }
    let items = list(value, written.of, problems)?;
    if items.len() == 0 {
        problems.push(empty(written, place));
    }
    let mut first: BTreeMap<M, Origin> = BTreeMap::new();
    let mut chosen = Vec::with_capacity(items.len());
    for item in items {
        let Some(item) = read(item, problems) else { continue };
        match first.get(&meaning(&item.value)) {
            Some(first) => problems.push(twice(item.origin, *first)),
            None => {
                first.insert(meaning(&item.value), item.origin);
                chosen.push(item);
            }
        }
    }
    (!chosen.is_empty()).then_some(chosen)
}

fn empty(written: &Choices, place: Origin) -> Diagnostic {
    Diagnostic::error("empty-list", "a condition that nothing meets")
        .detail(format!("one of the {} in the list must hold, and it is empty", written.of))
        .at(place, "")
        .help("add one, or remove the key")
}

fn twice(place: Origin, first: Origin) -> Diagnostic {
    Diagnostic::error("duplicate-item", "something stands twice in a list")
        .at(place, "again here")
        .and(first, "first here")
        .help("remove one of them")
}

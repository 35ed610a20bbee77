//! A YAML document as a tree of nodes, each with its place. It knows nothing about manifests.

use std::borrow::Cow;

use crate::model::origin::Origin;

/// One node. Scalars borrow from the text where YAML lets them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node<'t> {
    /// The scalar, or a collection's first line.
    pub(super) origin: Origin,
    /// What it is.
    pub(super) value: Value<'t>,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value<'t> {
    /// A scalar that was written without quotes, its text as written. Only such a one can be null, a number or a truth
    /// value.
    Plain(Cow<'t, str>),
    /// A scalar in quotes or a block scalar: always text.
    Quoted(Cow<'t, str>),
    /// A list.
    Sequence(Box<[Node<'t>]>),
    /// A map, no key twice, in the order written.
    Mapping(Box<[Entry<'t>]>),
}

/// One entry of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry<'t> {
    /// The key's text as written.
    pub(super) key: Cow<'t, str>,
    /// The key's place.
    pub(super) origin: Origin,
    /// The value.
    pub(super) node: Node<'t>,
}

impl Node<'_> {
    /// Whether it is null: `null`, `~` or nothing at all.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Plain(text) if matches!(&**text, "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The scalar's text; none for collections and null.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Plain(text) if !self.is_null() => Some(text),
            Value::Quoted(text) => Some(text),
            _ => None,
        }
    }

    /// What a message calls it.
    pub(super) fn found(&self) -> &'static str {
        match &self.value {
            Value::Plain(_) if self.is_null() => "nothing (null)",
            Value::Plain(text) if matches!(&**text, "true" | "false") => "a truth value",
            Value::Plain(text) if text.parse::<f64>().is_ok() => "a number",
            Value::Plain(_) | Value::Quoted(_) => "text",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a map",
        }
    }

    /// How large and how deep it is.
    pub(super) fn measure(&self) -> Measure {
        let mut measure = Measure { nodes: 1, depth: 1 };
        match &self.value {
            Value::Plain(text) | Value::Quoted(text) => measure.add_text(text),
            Value::Sequence(items) => items.iter().for_each(|item| measure.contain(item.measure())),
            Value::Mapping(entries) => {
                for entry in entries {
                    measure.add_text(&entry.key);
                    measure.contain(entry.node.measure());
                }
            }
        }
        measure
    }
}

/// The size of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Measure {
    /// Nodes, itself included; long texts count for several.
    pub(super) nodes: usize,
    /// Levels, itself included.
    pub(super) depth: usize,
}

impl Measure {
    fn add_text(&mut self, text: &str) {
        self.nodes += text.len() / 64;
    }

    fn contain(&mut self, inner: Self) {
        self.nodes += inner.nodes;
        self.depth = self.depth.max(inner.depth + 1);
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{Measure, Node, Value};
    use crate::model::origin::{Origin, SourceId};

    fn node(value: Value<'_>) -> Node<'_> {
        Node { origin: Origin { source: SourceId(0), start: 0, end: 0, line: 1, column: 1 }, value }
    }

    fn plain(text: &str) -> Node<'_> {
        node(Value::Plain(Cow::Borrowed(text)))
    }

    #[test]
    fn only_what_has_no_quotes_is_null() {
        for text in ["", "~", "null", "Null", "NULL"] {
            assert!(plain(text).is_null() && plain(text).text().is_none(), "{text}");
            let quoted = node(Value::Quoted(Cow::Borrowed(text)));
            assert!(!quoted.is_null() && quoted.text() == Some(text), "{text}");
        }
        assert!(!plain("nil").is_null());
    }

    #[test]
    fn messages_call_things_by_their_kind() {
        for (text, found) in [("true", "a truth value"), ("1.5", "a number"), ("yes", "text"), ("", "nothing (null)")] {
            assert_eq!(plain(text).found(), found);
        }
    }

    #[test]
    fn long_texts_count_for_several_nodes() {
        let long = "x".repeat(640);
        let list = node(Value::Sequence(Box::new([plain("a"), node(Value::Sequence(Box::new([plain(&long)])))])));
        assert_eq!(list.measure(), Measure { nodes: 14, depth: 3 });
    }

    #[test]
    fn a_node_stays_small() {
        assert!(size_of::<Node<'_>>() <= 56);
    }
}

//! What a document says, whatever it looks like.

use serde_saphyr::granit_parser::ScalarStyle;

use super::tree::{Piece, Tree, Value};

/// A value without its layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Data {
    /// A text, and whether it stands without quotes, so that it could be a number or a truth value.
    Scalar(String, bool),
    List(Vec<Data>),
    Map(Vec<(String, Data)>),
    Alias,
}

impl Data {
    /// What a piece says.
    pub(super) fn of(piece: &Piece) -> Self {
        match &piece.value {
            Value::Scalar { text, style } => Self::Scalar(text.clone(), *style == ScalarStyle::Plain),
            Value::List { items, .. } => Self::List(items.iter().map(Self::of).collect()),
            Value::Map { entries, .. } => {
                Self::Map(entries.iter().map(|entry| (entry.key.clone(), Self::of(&entry.value))).collect())
            }
            Value::Alias => Self::Alias,
        }
    }

    /// What a snippet says; none where it is no YAML.
    pub(super) fn parse(yaml: &str) -> Option<Self> {
        Tree::parse(yaml).map(|tree| Self::of(&tree.root))
    }
}

//! Values of attributes as plans and reports show them.

use std::collections::BTreeMap;

/// A value of an attribute, in the shapes of JSON and one more: not known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attribute {
    /// JSON null.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text. Times are RFC 3339 in UTC with a `Z`.
    Text(String),
    /// A list; sets are sorted.
    List(Vec<Attribute>),
    /// A map.
    Map(BTreeMap<String, Attribute>),
    /// Could not be read; says why. Never the same as null.
    Unknown(String),
}

impl Attribute {
    /// A text attribute.
    pub fn text(value: impl Into<String>) -> Self {
        Self::Text(value.into())
    }

    /// A map attribute from its entries.
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Attribute)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }
}

//! Values of attributes for people.

use std::fmt::{self, Display};

use crate::model::address::Quoted;
use crate::model::attribute::Attribute;

/// Shows a value: texts quoted, null as `none`, what could not be read as `(unknown: why)`.
pub(super) struct Shown<'a>(pub(super) &'a Attribute);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Attribute::Null => f.write_str("none"),
            Attribute::Bool(value) => write!(f, "{value}"),
            Attribute::Int(value) => write!(f, "{value}"),
            Attribute::Text(value) => write!(f, "{}", Quoted(value)),
            Attribute::List(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{}", comma(at), Shown(item))?;
                }
                f.write_str("]")
            }
            Attribute::Map(entries) => {
                f.write_str("{")?;
                for (at, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{}: {}", comma(at), Key(key), Shown(value))?;
                }
                f.write_str("}")
            }
            Attribute::Unknown(why) => write!(f, "(unknown: {why})"),
        }
    }
}

/// Shows a key: bare where it is one word, else quoted.
pub(super) struct Key<'a>(pub(super) &'a str);

impl Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bare = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
        if !self.0.is_empty() && self.0.chars().all(bare) { f.write_str(self.0) } else { Quoted(self.0).fmt(f) }
    }
}

fn comma(at: usize) -> &'static str {
    if at == 0 { "" } else { ", " }
}

#[cfg(test)]
mod tests {
    use super::Shown;
    use crate::model::attribute::Attribute;

    #[test]
    fn every_shape_reads_differently() {
        let value = Attribute::map([
            ("deadline", Attribute::Null),
            ("days", Attribute::Int(7)),
            ("optional", Attribute::Bool(false)),
            ("Ring 0 - IT", Attribute::List(vec![Attribute::text("none"), Attribute::text("a\"b")])),
            ("schedule", Attribute::Unknown("no permission".into())),
        ]);
        assert_eq!(
            Shown(&value).to_string(),
            r#"{"Ring 0 - IT": ["none", "a\"b"], days: 7, deadline: none, optional: false, schedule: (unknown: no permission)}"#
        );
    }
}

//! How a procedure reads its arguments: by position, in the form in which the state keeps them.

use chrono::NaiveDateTime;

use super::{Call, Parameter, ParameterDefault};
use crate::sandbox::schema::DATETIME_FORMAT;
use crate::sandbox::value::{SqlType, Value};

/// A parameter that the caller must give.
pub(super) const fn required(name: &'static str, sql_type: SqlType) -> Parameter {
    Parameter { name, sql_type, default: ParameterDefault::Required, output: false }
}

/// A parameter that is NULL where the caller leaves it out.
pub(super) const fn optional(name: &'static str, sql_type: SqlType) -> Parameter {
    Parameter { name, sql_type, default: ParameterDefault::Null, output: false }
}

/// A parameter with a number as its default.
pub(super) const fn defaulted(name: &'static str, sql_type: SqlType, default: i64) -> Parameter {
    Parameter { name, sql_type, default: ParameterDefault::Int(default), output: false }
}

/// A parameter with a text as its default.
pub(super) const fn defaulted_text(name: &'static str, sql_type: SqlType, default: &'static str) -> Parameter {
    Parameter { name, sql_type, default: ParameterDefault::Text(default), output: false }
}

/// `nvarchar(n)`.
pub(super) const fn nvarchar(length: u16) -> SqlType {
    SqlType::NVarChar(Some(length))
}

impl Call<'_> {
    /// A `uniqueidentifier` as the state writes it; `None` for NULL.
    pub(super) fn guid(&self, position: usize) -> Option<String> {
        match &self.arguments[position] {
            Value::UniqueIdentifier(id) => Some(guid_text(*id)),
            _ => None,
        }
    }

    /// Any of the integer types and `bit`; `None` for NULL.
    pub(super) fn int(&self, position: usize) -> Option<i64> {
        match &self.arguments[position] {
            Value::Bit(value) => Some(i64::from(*value)),
            Value::TinyInt(value) => Some(i64::from(*value)),
            Value::SmallInt(value) => Some(i64::from(*value)),
            Value::Int(value) => Some(i64::from(*value)),
            Value::BigInt(value) => Some(*value),
            _ => None,
        }
    }

    /// Whether a `bit` is 1; NULL is not.
    pub(super) fn bit(&self, position: usize) -> bool {
        self.int(position) == Some(1)
    }

    /// A text; `None` for NULL.
    pub(super) fn text(&self, position: usize) -> Option<String> {
        match &self.arguments[position] {
            Value::NVarChar(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// A `datetime`; `None` for NULL.
    pub(super) fn datetime(&self, position: usize) -> Option<NaiveDateTime> {
        match &self.arguments[position] {
            Value::DateTime(time) => Some(*time),
            _ => None,
        }
    }

    /// UTC now as the state writes it.
    pub(super) fn now_text(&self) -> String {
        datetime_text(self.now)
    }

    /// The administrator that an argument names. SUSDB's default for deleted approvals is `WUS Server` (grade A); that
    /// the procedures fall back to it is our guess (grade C).
    pub(super) fn admin(&self, position: usize) -> String {
        self.text(position).unwrap_or_else(|| "WUS Server".to_owned())
    }
}

/// Writes a `uniqueidentifier` as the state does.
pub(super) fn guid_text(id: uuid::Uuid) -> String {
    id.hyphenated().to_string().to_uppercase()
}

/// Writes a `datetime` as the state does.
pub(super) fn datetime_text(time: NaiveDateTime) -> String {
    time.format(DATETIME_FORMAT).to_string()
}

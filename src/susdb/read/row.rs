//! A row's values by column name and type. A server that lies gives an error, never a panic.

use std::fmt;

use chrono::{DateTime, NaiveDateTime, Utc};
use tiberius::{ColumnData, FromSql, Row};
use uuid::Uuid;

use super::ReadError;
use super::configuration::cell;
use crate::model::setting::Cell;
use crate::susdb::driver::sql_type;

/// A row of a SELECT of the catalogue.
pub struct Cells<'r> {
    /// The SELECT's name.
    pub(super) statement: &'static str,
    /// The row.
    pub(super) row: &'r Row,
}

/// What is wrong with a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnProblem {
    /// The result has no such column.
    Absent,
    /// It is NULL where NULL is not documented.
    Null,
    /// It has another type.
    Type {
        /// The type it should have.
        expected: &'static str,
        /// The type it has, as SQL Server calls it.
        found: String,
    },
    /// Its value is out of its range.
    Value {
        /// The range.
        expected: &'static str,
    },
}

impl fmt::Display for ColumnProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("is not in the result"),
            Self::Null => f.write_str("is NULL"),
            Self::Type { expected, found } => write!(f, "is {found} instead of {expected}"),
            Self::Value { expected } => write!(f, "is not {expected}"),
        }
    }
}

/// What a value turned out to be.
enum Read<T> {
    Value(Option<T>),
    OtherType,
    OutOfRange(&'static str),
}

impl Cells<'_> {
    fn problem(&self, column: &'static str, problem: ColumnProblem) -> ReadError {
        ReadError::Column { statement: self.statement, column, problem }
    }

    fn nullable<T>(
        &self,
        column: &'static str,
        expected: &'static str,
        read: impl Fn(&ColumnData<'static>) -> Read<T>,
    ) -> Result<Option<T>, ReadError> {
        let found = self.row.columns().iter().position(|known| known.name() == column);
        let index = found.ok_or_else(|| self.problem(column, ColumnProblem::Absent))?;
        // Fewer values than columns: the row is damaged.
        let data = self.row.get_column_data(index).map_err(|_| self.problem(column, ColumnProblem::Absent))?;
        match read(data) {
            Read::Value(value) => Ok(value),
            Read::OutOfRange(expected) => Err(self.problem(column, ColumnProblem::Value { expected })),
            Read::OtherType => {
                let found = sql_type(data).to_owned();
                Err(self.problem(column, ColumnProblem::Type { expected, found }))
            }
        }
    }

    /// A value of whatever type, as one to compare.
    pub(in crate::susdb) fn cell(&self, column: &'static str) -> Result<Cell, ReadError> {
        let found = self.row.cells().find(|(known, _)| known.name() == column);
        found.map(|(_, data)| cell(data)).ok_or_else(|| self.problem(column, ColumnProblem::Absent))
    }

    fn present<T>(&self, column: &'static str, value: Option<T>) -> Result<T, ReadError> {
        value.ok_or_else(|| self.problem(column, ColumnProblem::Null))
    }

    /// A uniqueidentifier or NULL.
    pub(in crate::susdb) fn guid_or_null(&self, column: &'static str) -> Result<Option<Uuid>, ReadError> {
        self.nullable(column, "uniqueidentifier", |data| match data {
            ColumnData::Guid(value) => Read::Value(*value),
            _ => Read::OtherType,
        })
    }

    /// A uniqueidentifier.
    pub(in crate::susdb) fn guid(&self, column: &'static str) -> Result<Uuid, ReadError> {
        self.guid_or_null(column).and_then(|value| self.present(column, value))
    }

    /// The uniqueidentifier of the first column, whatever it is called.
    pub(in crate::susdb) fn first_guid(&self) -> Result<Uuid, ReadError> {
        let column = "(the first)";
        let value = match self.row.cells().next().map(|(_, data)| data) {
            Some(ColumnData::Guid(value)) => *value,
            Some(other) => {
                let found = sql_type(other).to_owned();
                return Err(self.problem(column, ColumnProblem::Type { expected: "uniqueidentifier", found }));
            }
            None => return Err(self.problem(column, ColumnProblem::Absent)),
        };
        self.present(column, value)
    }

    /// A text or NULL.
    pub(in crate::susdb) fn text_or_null(&self, column: &'static str) -> Result<Option<String>, ReadError> {
        self.nullable(column, "nvarchar", |data| match data {
            ColumnData::String(value) => Read::Value(value.as_ref().map(|text| text.to_string())),
            _ => Read::OtherType,
        })
    }

    /// A text.
    pub(in crate::susdb) fn text(&self, column: &'static str) -> Result<String, ReadError> {
        self.text_or_null(column).and_then(|value| self.present(column, value))
    }

    /// A binary or varbinary.
    pub(in crate::susdb) fn binary(&self, column: &'static str) -> Result<Vec<u8>, ReadError> {
        let value = self.nullable(column, "binary", |data| match data {
            ColumnData::Binary(value) => Read::Value(value.as_ref().map(|bytes| bytes.to_vec())),
            _ => Read::OtherType,
        });
        value.and_then(|value| self.present(column, value))
    }

    /// A whole number of whatever width, or NULL.
    fn integer_or_null(&self, column: &'static str) -> Result<Option<i64>, ReadError> {
        self.nullable(column, "int", |data| match data {
            ColumnData::U8(value) => Read::Value(value.map(i64::from)),
            ColumnData::I16(value) => Read::Value(value.map(i64::from)),
            ColumnData::I32(value) => Read::Value(value.map(i64::from)),
            ColumnData::I64(value) => Read::Value(*value),
            _ => Read::OtherType,
        })
    }

    /// An int, smallint or tinyint, or NULL.
    pub(in crate::susdb) fn int_or_null(&self, column: &'static str) -> Result<Option<i32>, ReadError> {
        let range = || self.problem(column, ColumnProblem::Value { expected: "an int" });
        let value = self.integer_or_null(column)?;
        value.map(|value| i32::try_from(value).map_err(|_| range())).transpose()
    }

    /// An int, smallint or tinyint.
    pub(in crate::susdb) fn int(&self, column: &'static str) -> Result<i32, ReadError> {
        self.int_or_null(column).and_then(|value| self.present(column, value))
    }

    /// The int of the first column, whatever it is called: of results that are known by position only.
    pub(in crate::susdb) fn first_int(&self) -> Result<i32, ReadError> {
        self.nth_int(0, "(the first)")
    }

    /// The number of a column by its position, for procedures whose columns have no known names.
    pub(in crate::susdb) fn nth_int(&self, position: usize, column: &'static str) -> Result<i32, ReadError> {
        let value = match self.row.cells().nth(position).map(|(_, data)| data) {
            Some(ColumnData::U8(value)) => value.map(i32::from),
            Some(ColumnData::I16(value)) => value.map(i32::from),
            Some(ColumnData::I32(value)) => *value,
            Some(other) => {
                let found = sql_type(other).to_owned();
                return Err(self.problem(column, ColumnProblem::Type { expected: "int", found }));
            }
            None => return Err(self.problem(column, ColumnProblem::Absent)),
        };
        self.present(column, value)
    }

    /// A number of things.
    pub(in crate::susdb) fn count(&self, column: &'static str) -> Result<u64, ReadError> {
        let value = self.integer_or_null(column).and_then(|value| self.present(column, value))?;
        u64::try_from(value).map_err(|_| self.problem(column, ColumnProblem::Value { expected: "a count" }))
    }

    /// A bit or NULL.
    pub(in crate::susdb) fn bit_or_null(&self, column: &'static str) -> Result<Option<bool>, ReadError> {
        self.nullable(column, "bit", |data| match data {
            ColumnData::Bit(value) => Read::Value(*value),
            _ => Read::OtherType,
        })
    }

    /// A bit.
    pub(in crate::susdb) fn bit(&self, column: &'static str) -> Result<bool, ReadError> {
        self.bit_or_null(column).and_then(|value| self.present(column, value))
    }

    /// A time, which SUSDB keeps in UTC, or NULL.
    pub(in crate::susdb) fn time_or_null(&self, column: &'static str) -> Result<Option<DateTime<Utc>>, ReadError> {
        self.nullable(column, "datetime", |data| match data {
            ColumnData::DateTime(_) | ColumnData::DateTime2(_) | ColumnData::SmallDateTime(_) => {
                match NaiveDateTime::from_sql(data) {
                    Ok(value) => Read::Value(value.map(|time| time.and_utc())),
                    Err(_) => Read::OutOfRange("a date of the years 1 to 9999"),
                }
            }
            _ => Read::OtherType,
        })
    }

    /// A time, which SUSDB keeps in UTC.
    pub(in crate::susdb) fn time(&self, column: &'static str) -> Result<DateTime<Utc>, ReadError> {
        self.time_or_null(column).and_then(|value| self.present(column, value))
    }

    /// Whether a column of whatever type is NULL.
    pub(in crate::susdb) fn is_null(&self, column: &'static str) -> Result<bool, ReadError> {
        let is_null = |data: &ColumnData<'static>| match data {
            ColumnData::Guid(value) => value.is_none(),
            ColumnData::String(value) => value.is_none(),
            ColumnData::I32(value) => value.is_none(),
            ColumnData::I64(value) => value.is_none(),
            _ => false,
        };
        Ok(self.nullable(column, "any type", |data| Read::Value(Some(is_null(data))))?.unwrap_or(true))
    }
}

#[cfg(test)]
mod tests {
    use tiberius::time::{Date, DateTime, DateTime2, Time};
    use tiberius::{ColumnData, ColumnType, Row};

    use super::{Cells, ColumnProblem, ReadError};

    fn row(column_type: ColumnType, value: ColumnData<'static>) -> Row {
        Row::builder().column("Value", column_type, value).build()
    }

    fn problem<T: std::fmt::Debug>(read: Result<T, ReadError>) -> ColumnProblem {
        match read {
            Err(ReadError::Column { statement: "test.read", problem, .. }) => problem,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_read_as_what_they_are() {
        let row = row(ColumnType::Intn, ColumnData::U8(Some(3)));
        let cells = Cells { statement: "test.read", row: &row };
        assert_eq!(cells.int("Value").unwrap(), 3);
        assert_eq!(cells.count("Value").unwrap(), 3);
    }

    #[test]
    fn surprises_are_named() {
        let null = row(ColumnType::Guid, ColumnData::Guid(None));
        let cells = Cells { statement: "test.read", row: &null };
        assert_eq!(problem(cells.guid("Value")), ColumnProblem::Null);
        assert_eq!(cells.guid_or_null("Value").unwrap(), None);
        assert!(cells.is_null("Value").unwrap());
        assert_eq!(problem(cells.guid("Other")), ColumnProblem::Absent);
        assert_eq!(
            problem(cells.bit("Value")),
            ColumnProblem::Type { expected: "bit", found: "uniqueidentifier".to_owned() }
        );
        let negative = row(ColumnType::Int8, ColumnData::I64(Some(-1)));
        let cells = Cells { statement: "test.read", row: &negative };
        assert_eq!(problem(cells.count("Value")), ColumnProblem::Value { expected: "a count" });
        let large = row(ColumnType::Int8, ColumnData::I64(Some(1 << 40)));
        let cells = Cells { statement: "test.read", row: &large };
        assert_eq!(problem(cells.int("Value")), ColumnProblem::Value { expected: "an int" });
        let error = cells.int("Value").unwrap_err();
        assert_eq!(error.to_string(), "`test.read` gave a column `Value` that is not an int");
    }

    #[test]
    fn impossible_dates_are_errors() {
        let days = row(ColumnType::Datetime, ColumnData::DateTime(Some(DateTime::new(i32::MAX, 0))));
        let cells = Cells { statement: "test.read", row: &days };
        assert!(matches!(problem(cells.time("Value")), ColumnProblem::Value { .. }));
        let fine = DateTime2::new(Date::new(1), Time::new(0, 7));
        let fine = row(ColumnType::Datetime2, ColumnData::DateTime2(Some(fine)));
        let cells = Cells { statement: "test.read", row: &fine };
        assert_eq!(cells.time("Value").unwrap().to_rfc3339(), "0001-01-02T00:00:00+00:00");
    }
}

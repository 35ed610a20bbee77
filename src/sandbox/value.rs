//! Values and types as they cross the wire and as procedures see them.

use chrono::NaiveDateTime;
use uuid::Uuid;

/// A SQL Server value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// SQL NULL of any type.
    Null,
    /// `bit`.
    Bit(bool),
    /// `tinyint`, 0 to 255.
    TinyInt(u8),
    /// `smallint`.
    SmallInt(i16),
    /// `int`.
    Int(i32),
    /// `bigint`.
    BigInt(i64),
    /// `float(53)`.
    Float(f64),
    /// `decimal(p, scale)`: `unscaled / 10^scale`.
    Decimal {
        /// The digits without the decimal point.
        unscaled: i128,
        /// Digits behind the decimal point, 0 to 38.
        scale: u8,
    },
    /// `nvarchar`, and `varchar` on its way in.
    NVarChar(String),
    /// `varbinary`.
    VarBinary(Vec<u8>),
    /// `uniqueidentifier`.
    UniqueIdentifier(Uuid),
    /// `datetime` (in steps of 1/300 s) and `datetime2`, without a time zone.
    DateTime(NaiveDateTime),
}

/// A SQL Server type, as in column metadata and parameter declarations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlType {
    /// `bit`.
    Bit,
    /// `tinyint`.
    TinyInt,
    /// `smallint`.
    SmallInt,
    /// `int`.
    Int,
    /// `bigint`.
    BigInt,
    /// `float(53)`.
    Float,
    /// `decimal(precision, scale)`.
    Decimal {
        /// Total digits, 1 to 38.
        precision: u8,
        /// Digits behind the point, at most `precision`.
        scale: u8,
    },
    /// `nvarchar(n)` with 1 to 4000 characters, or `nvarchar(max)` where `None`.
    NVarChar(Option<u16>),
    /// `varbinary(n)` with 1 to 8000 bytes, or `varbinary(max)` where `None`.
    VarBinary(Option<u16>),
    /// `uniqueidentifier`.
    UniqueIdentifier,
    /// `datetime`.
    DateTime,
    /// `datetime2(scale)`, scale 0 to 7.
    DateTime2(u8),
}

/// A column of a result set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name shown to the client; empty for an unnamed expression.
    pub name: String,
    /// Its type. Every column is sent as nullable.
    pub sql_type: SqlType,
}

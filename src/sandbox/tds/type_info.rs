//! TYPE_INFO (MS-TDS 2.2.5.6): how a value that follows is to be read.

use super::super::value::SqlType;
use super::error::Malformed;
use super::fields::Fields;

/// Type tokens (MS-TDS 2.2.5.4).
pub(super) mod token {
    pub(in super::super) const NULL: u8 = 0x1F;
    pub(in super::super) const IMAGE: u8 = 0x22;
    pub(in super::super) const TEXT: u8 = 0x23;
    pub(in super::super) const GUID: u8 = 0x24;
    pub(in super::super) const INTN: u8 = 0x26;
    pub(in super::super) const DATEN: u8 = 0x28;
    pub(in super::super) const TIMEN: u8 = 0x29;
    pub(in super::super) const DATETIME2N: u8 = 0x2A;
    pub(in super::super) const DATETIMEOFFSETN: u8 = 0x2B;
    pub(in super::super) const INT1: u8 = 0x30;
    pub(in super::super) const BIT: u8 = 0x32;
    pub(in super::super) const INT2: u8 = 0x34;
    pub(in super::super) const DECIMAL: u8 = 0x37;
    pub(in super::super) const INT4: u8 = 0x38;
    pub(in super::super) const DATETIM4: u8 = 0x3A;
    pub(in super::super) const FLT4: u8 = 0x3B;
    pub(in super::super) const MONEY: u8 = 0x3C;
    pub(in super::super) const DATETIME: u8 = 0x3D;
    pub(in super::super) const FLT8: u8 = 0x3E;
    pub(in super::super) const NUMERIC: u8 = 0x3F;
    pub(in super::super) const NTEXT: u8 = 0x63;
    pub(in super::super) const BITN: u8 = 0x68;
    pub(in super::super) const DECIMALN: u8 = 0x6A;
    pub(in super::super) const NUMERICN: u8 = 0x6C;
    pub(in super::super) const FLTN: u8 = 0x6D;
    pub(in super::super) const MONEYN: u8 = 0x6E;
    pub(in super::super) const DATETIMN: u8 = 0x6F;
    pub(in super::super) const MONEY4: u8 = 0x7A;
    pub(in super::super) const INT8: u8 = 0x7F;
    pub(in super::super) const BIGVARBINARY: u8 = 0xA5;
    pub(in super::super) const BIGVARCHAR: u8 = 0xA7;
    pub(in super::super) const BIGBINARY: u8 = 0xAD;
    pub(in super::super) const BIGCHAR: u8 = 0xAF;
    pub(in super::super) const NVARCHAR: u8 = 0xE7;
    pub(in super::super) const NCHAR: u8 = 0xEF;
    pub(in super::super) const XML: u8 = 0xF1;
}

/// SQL_Latin1_General_CP1_CI_AS: locale 0x0409, ignoring case, kana and width, sort order 52.
pub(super) const COLLATION: [u8; 5] = [0x09, 0x04, 0xD0, 0x00, 0x34];

/// Says that a value comes in chunks, where a maximal length is due.
const MAX: u16 = 0xFFFF;
/// The flag fUTF8 in the four bytes in front of a collation's sort order (MS-TDS 2.2.5.1.2).
const COLLATION_UTF8: u32 = 1 << 26;
const PRECISION_MAX: u8 = 38;
const SCALE_MAX_TIME: u8 = 7;

/// How the bytes of a value are framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// No value follows: the type says that it is NULL.
    Nothing,
    /// Always so many bytes.
    Fixed(usize),
    /// A length in one byte, 0 for NULL.
    Length8,
    /// A length in two bytes, 0xFFFF for NULL.
    Length16,
    /// A length in four bytes, 0xFFFFFFFF for NULL.
    Length32,
    /// Chunks with their lengths (PLP).
    Chunks,
}

/// A type as a client declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TypeInfo {
    pub(super) token: u8,
    pub(super) framing: Framing,
    /// Largest length that a value may have.
    pub(super) length_max: usize,
    /// Digits behind the point of numbers and times.
    pub(super) scale: u8,
    /// Whether `varchar` text is UTF-8.
    pub(super) utf8: bool,
    /// The type that it is to the database.
    pub(super) sql_type: Option<SqlType>,
}

impl TypeInfo {
    pub(super) fn parse(fields: &mut Fields<'_>) -> Result<Self, Malformed> {
        let token = fields.u8()?;
        match token {
            token::NULL => Ok(Self::new(token, Framing::Nothing, 0, None)),
            token::INT1 | token::BIT | token::INT2 | token::INT4 | token::INT8 | token::FLT4 | token::FLT8 => {
                Self::fixed(token)
            }
            token::MONEY | token::MONEY4 | token::DATETIME | token::DATETIM4 => Self::fixed(token),
            token::INTN | token::BITN | token::FLTN | token::MONEYN | token::DATETIMN | token::GUID => {
                Self::of_length(token, fields.u8()?)
            }
            token::DECIMAL | token::NUMERIC | token::DECIMALN | token::NUMERICN => Self::decimal(token, fields),
            token::DATEN => Ok(Self::new(token, Framing::Length8, 3, Some(SqlType::DateTime2(0)))),
            token::TIMEN | token::DATETIME2N | token::DATETIMEOFFSETN => Self::time(token, fields.u8()?),
            token::BIGVARBINARY | token::BIGBINARY | token::BIGVARCHAR | token::BIGCHAR => {
                Self::short_text(token, fields)
            }
            token::NVARCHAR | token::NCHAR => Self::short_text(token, fields),
            token::TEXT | token::NTEXT | token::IMAGE => Self::long_text(token, fields),
            token::XML => Self::xml(fields),
            _ => Err(Malformed::UnknownType { token }),
        }
    }

    fn new(token: u8, framing: Framing, length_max: usize, sql_type: Option<SqlType>) -> Self {
        Self { token, framing, length_max, scale: 0, utf8: false, sql_type }
    }

    fn fixed(token: u8) -> Result<Self, Malformed> {
        let (length, sql_type) = match token {
            token::INT1 => (1, SqlType::TinyInt),
            token::BIT => (1, SqlType::Bit),
            token::INT2 => (2, SqlType::SmallInt),
            token::INT4 => (4, SqlType::Int),
            token::INT8 => (8, SqlType::BigInt),
            token::FLT4 => (4, SqlType::Float),
            token::FLT8 => (8, SqlType::Float),
            token::MONEY => (8, SqlType::Decimal { precision: 19, scale: 4 }),
            token::MONEY4 => (4, SqlType::Decimal { precision: 10, scale: 4 }),
            token::DATETIME => (8, SqlType::DateTime),
            token::DATETIM4 => (4, SqlType::DateTime),
            _ => return Err(Malformed::UnknownType { token }),
        };
        Ok(Self::new(token, Framing::Fixed(length), length, Some(sql_type)))
    }

    fn of_length(token: u8, length: u8) -> Result<Self, Malformed> {
        let sql_type = match (token, length) {
            (token::INTN, 1) => SqlType::TinyInt,
            (token::INTN, 2) => SqlType::SmallInt,
            (token::INTN, 4) => SqlType::Int,
            (token::INTN, 8) => SqlType::BigInt,
            (token::BITN, 1) => SqlType::Bit,
            (token::FLTN, 4 | 8) => SqlType::Float,
            (token::MONEYN, 4) => SqlType::Decimal { precision: 10, scale: 4 },
            (token::MONEYN, 8) => SqlType::Decimal { precision: 19, scale: 4 },
            (token::DATETIMN, 4 | 8) => SqlType::DateTime,
            (token::GUID, 16) => SqlType::UniqueIdentifier,
            _ => return Err(Malformed::TypeDeclaration { token }),
        };
        Ok(Self::new(token, Framing::Length8, usize::from(length), Some(sql_type)))
    }

    fn decimal(token: u8, fields: &mut Fields<'_>) -> Result<Self, Malformed> {
        let [length, precision, scale] = fields.array()?;
        // The documentation knows lengths of 5, 9, 13 and 17 only, but FreeTDS sends what the precision needs.
        let possible = (2..=17).contains(&length) && (1..=PRECISION_MAX).contains(&precision);
        if !possible || scale > precision {
            return Err(Malformed::TypeDeclaration { token });
        }
        let sql_type = SqlType::Decimal { precision, scale };
        Ok(Self { scale, ..Self::new(token, Framing::Length8, usize::from(length), Some(sql_type)) })
    }

    fn time(token: u8, scale: u8) -> Result<Self, Malformed> {
        if scale > SCALE_MAX_TIME {
            return Err(Malformed::TypeDeclaration { token });
        }
        let time = super::calendar::time_length(scale);
        let length = match token {
            token::TIMEN => time,
            token::DATETIME2N => time + 3,
            _ => time + 5,
        };
        Ok(Self { scale, ..Self::new(token, Framing::Length8, length, Some(SqlType::DateTime2(scale))) })
    }

    fn short_text(token: u8, fields: &mut Fields<'_>) -> Result<Self, Malformed> {
        let length = fields.u16()?;
        let binary = matches!(token, token::BIGVARBINARY | token::BIGBINARY);
        let wide = matches!(token, token::NVARCHAR | token::NCHAR);
        let utf8 = !binary && collation(fields)?;
        if length != MAX && (length > 8000 || (wide && length % 2 != 0)) {
            return Err(Malformed::TypeDeclaration { token });
        }
        // A type of length 0 does not exist in T-SQL, but clients declare it for an empty value.
        let units = match length {
            MAX => None,
            _ if wide => Some((length / 2).max(1)),
            // A varchar of 8000 bytes can be nvarchar(max) only.
            _ if !binary && length > 4000 => None,
            _ => Some(length.max(1)),
        };
        let sql_type = if binary { SqlType::VarBinary(units) } else { SqlType::NVarChar(units) };
        let (framing, length_max) =
            if length == MAX { (Framing::Chunks, usize::MAX) } else { (Framing::Length16, usize::from(length)) };
        Ok(Self { utf8, ..Self::new(token, framing, length_max, Some(sql_type)) })
    }

    fn long_text(token: u8, fields: &mut Fields<'_>) -> Result<Self, Malformed> {
        // Some clients declare characters and some bytes here (tedious declares an `ntext` of half its length), and
        // SQL Server takes both.
        let _length_max = fields.u32()?;
        let utf8 = token != token::IMAGE && collation(fields)?;
        let sql_type = if token == token::IMAGE { SqlType::VarBinary(None) } else { SqlType::NVarChar(None) };
        Ok(Self { utf8, ..Self::new(token, Framing::Length32, usize::MAX, Some(sql_type)) })
    }

    fn xml(fields: &mut Fields<'_>) -> Result<Self, Malformed> {
        if fields.u8()? != 0 {
            fields.b_varchar()?;
            fields.b_varchar()?;
            let units = usize::from(fields.u16()?);
            fields.utf16(units)?;
        }
        Ok(Self::new(token::XML, Framing::Chunks, usize::MAX, Some(SqlType::NVarChar(None))))
    }
}

/// Reads a collation: whether it is a UTF-8 one.
fn collation(fields: &mut Fields<'_>) -> Result<bool, Malformed> {
    let flags = fields.u32()?;
    let _sort_order = fields.u8()?;
    Ok(flags & COLLATION_UTF8 != 0)
}

/// Appends the declaration of a column or of a value that is returned. Every type is sent in its nullable form.
pub(super) fn write(target: &mut Vec<u8>, sql_type: SqlType) {
    match sql_type {
        SqlType::Bit => target.extend_from_slice(&[token::BITN, 1]),
        SqlType::TinyInt => target.extend_from_slice(&[token::INTN, 1]),
        SqlType::SmallInt => target.extend_from_slice(&[token::INTN, 2]),
        SqlType::Int => target.extend_from_slice(&[token::INTN, 4]),
        SqlType::BigInt => target.extend_from_slice(&[token::INTN, 8]),
        SqlType::Float => target.extend_from_slice(&[token::FLTN, 8]),
        SqlType::Decimal { precision, scale } => {
            target.extend_from_slice(&[token::DECIMALN, decimal_length(precision), precision, scale]);
        }
        SqlType::NVarChar(units) => {
            target.push(token::NVARCHAR);
            target.extend_from_slice(&units.map_or(MAX, |units| units * 2).to_le_bytes());
            target.extend_from_slice(&COLLATION);
        }
        SqlType::VarBinary(bytes) => {
            target.push(token::BIGVARBINARY);
            target.extend_from_slice(&bytes.unwrap_or(MAX).to_le_bytes());
        }
        SqlType::UniqueIdentifier => target.extend_from_slice(&[token::GUID, 16]),
        SqlType::DateTime => target.extend_from_slice(&[token::DATETIMN, 8]),
        SqlType::DateTime2(scale) => target.extend_from_slice(&[token::DATETIME2N, scale]),
    }
}

/// Bytes of a decimal with its sign, by precision (MS-TDS 2.2.5.5.1.6).
pub(super) fn decimal_length(precision: u8) -> u8 {
    match precision {
        0..=9 => 5,
        10..=19 => 9,
        20..=28 => 13,
        _ => 17,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(sql_type: SqlType) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut bytes, sql_type);
        bytes
    }

    #[test]
    fn declarations_are_written_as_documented() {
        assert_eq!(written(SqlType::Bit), [0x68, 1]);
        assert_eq!(written(SqlType::TinyInt), [0x26, 1]);
        assert_eq!(written(SqlType::SmallInt), [0x26, 2]);
        assert_eq!(written(SqlType::Int), [0x26, 4]);
        assert_eq!(written(SqlType::BigInt), [0x26, 8]);
        assert_eq!(written(SqlType::Float), [0x6D, 8]);
        assert_eq!(written(SqlType::Decimal { precision: 18, scale: 4 }), [0x6A, 9, 18, 4]);
        assert_eq!(written(SqlType::NVarChar(Some(256))), [0xE7, 0x00, 0x02, 0x09, 0x04, 0xD0, 0x00, 0x34]);
        assert_eq!(written(SqlType::NVarChar(None)), [0xE7, 0xFF, 0xFF, 0x09, 0x04, 0xD0, 0x00, 0x34]);
        assert_eq!(written(SqlType::VarBinary(Some(20))), [0xA5, 20, 0]);
        assert_eq!(written(SqlType::VarBinary(None)), [0xA5, 0xFF, 0xFF]);
        assert_eq!(written(SqlType::UniqueIdentifier), [0x24, 16]);
        assert_eq!(written(SqlType::DateTime), [0x6F, 8]);
        assert_eq!(written(SqlType::DateTime2(7)), [0x2A, 7]);
    }

    #[test]
    fn impossible_declarations_are_errors() {
        let of = |bytes: &[u8]| TypeInfo::parse(&mut Fields::new(bytes));
        assert_eq!(of(&[0x26, 3]), Err(Malformed::TypeDeclaration { token: 0x26 }));
        assert_eq!(of(&[0x24, 15]), Err(Malformed::TypeDeclaration { token: 0x24 }));
        assert_eq!(of(&[0x6A, 5, 39, 0]), Err(Malformed::TypeDeclaration { token: 0x6A }));
        assert_eq!(of(&[0x6A, 5, 4, 5]), Err(Malformed::TypeDeclaration { token: 0x6A }));
        assert_eq!(of(&[0x2A, 8]), Err(Malformed::TypeDeclaration { token: 0x2A }));
        assert_eq!(of(&[0xE7, 3, 0, 0, 0, 0, 0, 0]), Err(Malformed::TypeDeclaration { token: 0xE7 }));
        assert_eq!(of(&[0xF3]), Err(Malformed::UnknownType { token: 0xF3 }));
        assert!(matches!(of(&[0xE7, 3]), Err(Malformed::Truncated { .. })));
    }
}

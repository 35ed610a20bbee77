//! SQL Server's type names: read from declarations and written into messages.

use crate::sandbox::value::SqlType;

/// Reads a type as a declaration spells it: `nvarchar(256)`, `[int]`, `uniqueidentifier NOT NULL`, `DECIMAL(18, 2)`.
///
/// What follows the type is not looked at. `None` where the sandbox has no such type.
pub fn parse(text: &str) -> Option<SqlType> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_alphanumeric() || "_[]\".".contains(c))).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let name = name.rsplit('.').next().unwrap_or(name).trim_matches(['[', ']', '"']).to_ascii_lowercase();
    let arguments = rest.trim_start().strip_prefix('(').and_then(|rest| rest.split(')').next());
    let mut numbers = arguments.unwrap_or_default().split(',').map(str::trim);
    let first = numbers.next().filter(|number| !number.is_empty());
    let second = numbers.next();
    Some(match name.as_str() {
        "bit" => SqlType::Bit,
        "tinyint" => SqlType::TinyInt,
        "smallint" => SqlType::SmallInt,
        "int" | "integer" => SqlType::Int,
        "bigint" => SqlType::BigInt,
        "float" | "real" => SqlType::Float,
        "decimal" | "numeric" | "dec" => {
            let precision = first.map_or(Ok(18), str::parse).ok().filter(|precision| (1..=38).contains(precision))?;
            let scale = second.map_or(Ok(0), str::parse).ok().filter(|scale| *scale <= precision)?;
            SqlType::Decimal { precision, scale }
        }
        "money" => SqlType::Decimal { precision: 19, scale: 4 },
        "smallmoney" => SqlType::Decimal { precision: 10, scale: 4 },
        "nvarchar" | "varchar" | "nchar" | "char" => {
            let limit = if name.starts_with('n') { 4000 } else { 8000 };
            match length(first, limit)? {
                // nvarchar has no length between 4000 and max, and 8000 varchar characters need one.
                Some(length) if length > 4000 => SqlType::NVarChar(None),
                length => SqlType::NVarChar(length),
            }
        }
        "sysname" => SqlType::NVarChar(Some(128)),
        "ntext" | "text" | "xml" | "sql_variant" => SqlType::NVarChar(None),
        "varbinary" | "binary" => SqlType::VarBinary(length(first, 8000)?),
        "image" => SqlType::VarBinary(None),
        "timestamp" | "rowversion" => SqlType::VarBinary(Some(8)),
        "uniqueidentifier" => SqlType::UniqueIdentifier,
        "datetime" | "smalldatetime" => SqlType::DateTime,
        "datetime2" => SqlType::DateTime2(first.map_or(Ok(7), str::parse).ok().filter(|scale| *scale <= 7)?),
        _ => return None,
    })
}

/// The length in parentheses: absent is 1, `max` is none.
fn length(argument: Option<&str>, limit: u16) -> Option<Option<u16>> {
    match argument {
        None => Some(Some(1)),
        Some(text) if text.eq_ignore_ascii_case("max") => Some(None),
        Some(text) => text.parse().ok().filter(|length| (1..=limit).contains(length)).map(Some),
    }
}

/// The type's name without lengths, as error messages and `sys.types` have it.
pub fn name(sql_type: SqlType) -> &'static str {
    match sql_type {
        SqlType::Bit => "bit",
        SqlType::TinyInt => "tinyint",
        SqlType::SmallInt => "smallint",
        SqlType::Int => "int",
        SqlType::BigInt => "bigint",
        SqlType::Float => "float",
        SqlType::Decimal { .. } => "decimal",
        SqlType::NVarChar(_) => "nvarchar",
        SqlType::VarBinary(_) => "varbinary",
        SqlType::UniqueIdentifier => "uniqueidentifier",
        SqlType::DateTime => "datetime",
        SqlType::DateTime2(_) => "datetime2",
    }
}

/// The type as a declaration spells it.
pub fn spelled(sql_type: SqlType) -> String {
    match sql_type {
        SqlType::Decimal { precision, scale } => format!("decimal({precision},{scale})"),
        SqlType::NVarChar(None) | SqlType::VarBinary(None) => format!("{}(max)", name(sql_type)),
        SqlType::NVarChar(Some(length)) | SqlType::VarBinary(Some(length)) => format!("{}({length})", name(sql_type)),
        SqlType::DateTime2(scale) => format!("datetime2({scale})"),
        _ => name(sql_type).to_owned(),
    }
}

/// Whether values of the type are numbers.
pub fn is_number(sql_type: SqlType) -> bool {
    rank(sql_type).is_some()
}

/// Whether values of the type are dates.
pub fn is_date(sql_type: SqlType) -> bool {
    matches!(sql_type, SqlType::DateTime | SqlType::DateTime2(_))
}

fn rank(sql_type: SqlType) -> Option<u8> {
    Some(match sql_type {
        SqlType::Bit => 0,
        SqlType::TinyInt => 1,
        SqlType::SmallInt => 2,
        SqlType::Int => 3,
        SqlType::BigInt => 4,
        SqlType::Decimal { .. } => 5,
        SqlType::Float => 6,
        _ => return None,
    })
}

/// The type that SQL Server gives an expression with branches of both types (CASE, UNION, COALESCE, arithmetic).
pub fn unify(left: SqlType, right: SqlType) -> SqlType {
    match (left, right) {
        (SqlType::NVarChar(a), SqlType::NVarChar(b)) => SqlType::NVarChar(a.zip(b).map(|(a, b)| a.max(b))),
        (SqlType::VarBinary(a), SqlType::VarBinary(b)) => SqlType::VarBinary(a.zip(b).map(|(a, b)| a.max(b))),
        (SqlType::Decimal { precision: p, scale: s }, SqlType::Decimal { precision: q, scale: t }) => {
            let scale = s.max(t);
            SqlType::Decimal { precision: ((p - s).max(q - t) + scale).min(38), scale }
        }
        (SqlType::DateTime2(a), SqlType::DateTime2(b)) => SqlType::DateTime2(a.max(b)),
        _ if precedence(left) >= precedence(right) => left,
        _ => right,
    }
}

/// SQL Server's data type precedence: an expression of two types has the higher one.
fn precedence(sql_type: SqlType) -> u8 {
    match sql_type {
        SqlType::VarBinary(_) => 0,
        SqlType::NVarChar(_) => 1,
        SqlType::UniqueIdentifier => 2,
        SqlType::DateTime => 20,
        SqlType::DateTime2(_) => 21,
        number => 3 + rank(number).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_declarations_spell_them() {
        for (text, expected) in [
            ("int", Some(SqlType::Int)),
            ("[int]", Some(SqlType::Int)),
            ("uniqueidentifier NOT NULL COLLATE NOCASE", Some(SqlType::UniqueIdentifier)),
            ("NVARCHAR(256)", Some(SqlType::NVarChar(Some(256)))),
            ("nvarchar (max)", Some(SqlType::NVarChar(None))),
            ("nvarchar", Some(SqlType::NVarChar(Some(1)))),
            ("nvarchar(4001)", None),
            ("varchar(8000)", Some(SqlType::NVarChar(None))),
            ("varbinary(85)", Some(SqlType::VarBinary(Some(85)))),
            ("decimal(18, 2)", Some(SqlType::Decimal { precision: 18, scale: 2 })),
            ("decimal(2,3)", None),
            ("datetime2(3)", Some(SqlType::DateTime2(3))),
            ("sys.sysname", Some(SqlType::NVarChar(Some(128)))),
            ("hierarchyid", None),
            ("", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn spelling_and_reading_agree() {
        for sql_type in [
            SqlType::Bit,
            SqlType::NVarChar(Some(7)),
            SqlType::NVarChar(None),
            SqlType::VarBinary(Some(9)),
            SqlType::Decimal { precision: 9, scale: 3 },
            SqlType::DateTime2(4),
            SqlType::UniqueIdentifier,
        ] {
            assert_eq!(parse(&spelled(sql_type)), Some(sql_type));
        }
    }

    #[test]
    fn the_higher_type_wins() {
        assert_eq!(unify(SqlType::Int, SqlType::BigInt), SqlType::BigInt);
        assert_eq!(unify(SqlType::NVarChar(Some(3)), SqlType::NVarChar(Some(9))), SqlType::NVarChar(Some(9)));
        assert_eq!(unify(SqlType::NVarChar(Some(3)), SqlType::UniqueIdentifier), SqlType::UniqueIdentifier);
        assert_eq!(unify(SqlType::DateTime, SqlType::NVarChar(None)), SqlType::DateTime);
    }
}

//! Parameters of procedures that save a whole row: what was read goes back as it came, but for what changes.

use tiberius::ColumnData;

use super::bind::{BindError, mismatch, whole, written};
use crate::model::procedure::LiveParameter;
use crate::model::setting::Cell;

/// Gives a cell in the parameter's type.
pub(in crate::susdb) fn bind_cell(parameter: &LiveParameter, cell: &Cell) -> Result<ColumnData<'static>, BindError> {
    match cell {
        Cell::Null => null(parameter),
        Cell::Bit(bit) => whole(parameter, i64::from(*bit)),
        Cell::Int(number) => whole(parameter, *number),
        Cell::Text(text) => written(parameter, text),
        Cell::Opaque => Err(mismatch(parameter, "a value of another type")),
    }
}

/// Gives what was read in the parameter's type.
pub(in crate::susdb) fn bind_data(
    parameter: &LiveParameter,
    data: &ColumnData<'static>,
) -> Result<ColumnData<'static>, BindError> {
    match (parameter.type_name.as_str(), data) {
        (_, ColumnData::Bit(Some(bit))) => whole(parameter, i64::from(*bit)),
        (_, ColumnData::U8(Some(number))) => whole(parameter, i64::from(*number)),
        (_, ColumnData::I16(Some(number))) => whole(parameter, i64::from(*number)),
        (_, ColumnData::I32(Some(number))) => whole(parameter, i64::from(*number)),
        (_, ColumnData::I64(Some(number))) => whole(parameter, *number),
        (_, ColumnData::String(Some(text))) => written(parameter, text),
        ("uniqueidentifier", ColumnData::Guid(Some(_)))
        | ("datetime", ColumnData::DateTime(Some(_)))
        | ("varbinary" | "binary" | "image", ColumnData::Binary(Some(_))) => Ok(data.clone()),
        (_, ColumnData::Guid(None) | ColumnData::DateTime(None) | ColumnData::Binary(None))
        | (_, ColumnData::String(None) | ColumnData::Bit(None) | ColumnData::U8(None))
        | (_, ColumnData::I16(None) | ColumnData::I32(None) | ColumnData::I64(None)) => null(parameter),
        _ => Err(mismatch(parameter, "what was read")),
    }
}

fn null(parameter: &LiveParameter) -> Result<ColumnData<'static>, BindError> {
    match parameter.type_name.as_str() {
        "bit" => Ok(ColumnData::Bit(None)),
        "tinyint" => Ok(ColumnData::U8(None)),
        "smallint" => Ok(ColumnData::I16(None)),
        "int" => Ok(ColumnData::I32(None)),
        "bigint" => Ok(ColumnData::I64(None)),
        "nvarchar" | "nchar" | "sysname" | "ntext" | "xml" => Ok(ColumnData::String(None)),
        "uniqueidentifier" => Ok(ColumnData::Guid(None)),
        "datetime" => Ok(ColumnData::DateTime(None)),
        "varbinary" | "binary" | "image" => Ok(ColumnData::Binary(None)),
        _ => Err(mismatch(parameter, "NULL")),
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use tiberius::ColumnData;

    use super::{bind_cell, bind_data};
    use crate::model::procedure::LiveParameter;
    use crate::model::setting::Cell;

    fn parameter(type_name: &str) -> LiveParameter {
        LiveParameter {
            name: "@p".into(),
            type_name: type_name.into(),
            max_length: -1,
            output: false,
            defaulted: false,
        }
    }

    #[test]
    fn words_of_a_bit_column_become_bits_and_numbers_find_their_width() {
        assert_eq!(bind_cell(&parameter("bit"), &Cell::Int(1)).unwrap(), ColumnData::Bit(Some(true)));
        assert_eq!(bind_cell(&parameter("bigint"), &Cell::Int(7)).unwrap(), ColumnData::I64(Some(7)));
        assert_eq!(bind_cell(&parameter("int"), &Cell::Null).unwrap(), ColumnData::I32(None));
        assert!(bind_cell(&parameter("bit"), &Cell::Int(2)).is_err());
        assert!(bind_cell(&parameter("tinyint"), &Cell::Int(256)).is_err());
        assert!(bind_cell(&parameter("int"), &Cell::Text("7".into())).is_err());
        assert!(bind_cell(&parameter("datetime"), &Cell::Opaque).is_err());
    }

    #[test]
    fn what_was_read_goes_back_in_the_parameters_type() {
        let text = ColumnData::String(Some(Cow::Borrowed("proxy")));
        assert_eq!(bind_data(&parameter("nvarchar"), &text).unwrap(), text);
        assert_eq!(bind_data(&parameter("bigint"), &ColumnData::I32(Some(5))).unwrap(), ColumnData::I64(Some(5)));
        assert_eq!(bind_data(&parameter("nvarchar"), &ColumnData::String(None)).unwrap(), ColumnData::String(None));
        let key = ColumnData::Binary(Some(Cow::Owned(vec![1, 2])));
        assert_eq!(bind_data(&parameter("varbinary"), &key).unwrap(), key);
        assert!(bind_data(&parameter("int"), &text).is_err());
    }
}

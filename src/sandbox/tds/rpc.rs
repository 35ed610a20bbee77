//! RPC requests (MS-TDS 2.2.6.6): procedures called by name or number.

use super::super::database::RpcParameter;
use super::error::Malformed;
use super::fields::Fields;
use super::parameter_value;
use super::type_info::TypeInfo;

/// Says that a procedure number follows in place of a name's length.
const BY_NUMBER: u16 = 0xFFFF;
/// Stands between two calls of one request since TDS 7.2; before, it was 0x80, which today is a name's length.
const SEPARATOR: u8 = 0xFF;
/// Stands between two calls of which the first is not to be executed.
const SEPARATOR_NO_EXECUTION: u8 = 0xFE;
const FLAG_OUTPUT: u8 = 0x01;
const FLAG_DEFAULT: u8 = 0x02;
/// The most parameters that SQL Server takes (error 8003).
const PARAMETERS_MAX: usize = 2100;

/// Procedures that have a number (MS-TDS 2.2.6.6), from 1.
const NUMBERED: [&str; 15] = [
    "sp_cursor",
    "sp_cursoropen",
    "sp_cursorprepare",
    "sp_cursorexecute",
    "sp_cursorprepexec",
    "sp_cursorunprepare",
    "sp_cursorfetch",
    "sp_cursoroption",
    "sp_cursorclose",
    "sp_executesql",
    "sp_prepare",
    "sp_execute",
    "sp_prepexec",
    "sp_prepexecrpc",
    "sp_unprepare",
];

/// One call.
#[derive(Debug, PartialEq)]
pub(super) struct Call {
    pub(super) procedure: String,
    pub(super) parameters: Vec<RpcParameter>,
    /// Whether the client wants it skipped.
    pub(super) skipped: bool,
}

/// Reads the next call of a request, and the separator behind it.
pub(super) fn call(fields: &mut Fields<'_>) -> Result<Call, Malformed> {
    let procedure = match fields.u16()? {
        BY_NUMBER => numbered(fields.u16()?)?.to_owned(),
        units => fields.utf16(usize::from(units))?,
    };
    // Recompilation and metadata options mean nothing here.
    let _options = fields.u16()?;
    let mut parameters = Vec::new();
    loop {
        match fields.peek() {
            None => return Ok(Call { procedure, parameters, skipped: false }),
            Some(separator @ (SEPARATOR | SEPARATOR_NO_EXECUTION)) => {
                fields.u8()?;
                return Ok(Call { procedure, parameters, skipped: separator == SEPARATOR_NO_EXECUTION });
            }
            Some(_) if parameters.len() == PARAMETERS_MAX => {
                return Err(Malformed::TooManyParameters { limit: PARAMETERS_MAX });
            }
            Some(_) => parameters.push(parameter(fields)?),
        }
    }
}

fn numbered(id: u16) -> Result<&'static str, Malformed> {
    let index = usize::from(id).checked_sub(1);
    index.and_then(|index| NUMBERED.get(index)).copied().ok_or(Malformed::ProcedureNumber { id })
}

fn parameter(fields: &mut Fields<'_>) -> Result<RpcParameter, Malformed> {
    let name = fields.b_varchar()?;
    let flags = fields.u8()?;
    let info = TypeInfo::parse(fields)?;
    let value = parameter_value::read(fields, &info)?;
    Ok(RpcParameter {
        name,
        sql_type: info.sql_type,
        value,
        output: flags & FLAG_OUTPUT != 0,
        default: flags & FLAG_DEFAULT != 0,
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::value::{SqlType, Value};
    use super::*;

    /// MS-TDS 4.8, RPC Client Request, behind its ALL_HEADERS: `foo3` with one parameter that is to be the default.
    const DOCUMENTED: &[u8] =
        &[0x04, 0x00, 0x66, 0x00, 0x6F, 0x00, 0x6F, 0x00, 0x33, 0x00, 0x00, 0x00, 0x00, 0x02, 0x26, 0x02, 0x00];

    #[test]
    fn the_documented_request_is_read() {
        let mut fields = Fields::new(DOCUMENTED);
        let call = call(&mut fields).unwrap();
        assert!(fields.is_empty());
        assert_eq!(call.procedure, "foo3");
        let expected = RpcParameter {
            name: String::new(),
            sql_type: Some(SqlType::SmallInt),
            value: Value::Null,
            output: false,
            default: true,
        };
        assert_eq!(call.parameters, [expected]);
    }

    #[test]
    fn several_calls_by_number_and_by_name() {
        let bytes = [
            &[0xFF, 0xFF, 10, 0, 0, 0][..],
            &[2, b'@', 0, b'a', 0, 1, 0x38, 5, 0, 0, 0],
            &[0xFF],
            &[1, 0, b'p', 0, 0, 0],
            &[0xFE],
            &[1, 0, b'q', 0, 0, 0],
        ]
        .concat();
        let mut fields = Fields::new(&bytes);
        let first = call(&mut fields).unwrap();
        assert_eq!((first.procedure.as_str(), first.parameters.len()), ("sp_executesql", 1));
        assert!(first.parameters[0].output);
        let second = call(&mut fields).unwrap();
        assert_eq!((second.procedure.as_str(), second.skipped), ("p", true));
        assert_eq!(call(&mut fields).unwrap().procedure, "q");
        assert!(fields.is_empty());
    }

    #[test]
    fn hostile_requests_are_errors() {
        let of = |bytes: &[u8]| call(&mut Fields::new(bytes));
        assert_eq!(of(&[0xFF, 0xFF, 16, 0, 0, 0]), Err(Malformed::ProcedureNumber { id: 16 }));
        assert_eq!(of(&[0xFF, 0xFF, 0, 0, 0, 0]), Err(Malformed::ProcedureNumber { id: 0 }));
        assert!(matches!(of(&[0xF0, 0x0F, b'p', 0]), Err(Malformed::Truncated { .. })));
        let flood = [&[1, 0, b'p', 0, 0, 0][..], &[0, 0, 0x1F].repeat(2101)].concat();
        assert_eq!(of(&flood), Err(Malformed::TooManyParameters { limit: 2100 }));
        let claim = [&[1, 0, b'p', 0, 0, 0, 0, 0, 0x22][..], &[0xFF; 4], &[0xFE, 0xFF, 0xFF, 0xFF]].concat();
        assert!(matches!(of(&claim), Err(Malformed::Truncated { .. })));
    }
}

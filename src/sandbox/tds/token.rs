//! The tokens of an answer (MS-TDS 2.2.7), each appended whole.

use super::super::database::ServerError;
use super::super::value::{Column, SqlType, Value};
use super::row_value::{self, ValueError};
use super::type_info;

const RETURNSTATUS: u8 = 0x79;
const COLMETADATA: u8 = 0x81;
const ERROR: u8 = 0xAA;
const INFO: u8 = 0xAB;
const RETURNVALUE: u8 = 0xAC;
const LOGINACK: u8 = 0xAD;
const ROW: u8 = 0xD1;
const NBCROW: u8 = 0xD2;
const ENVCHANGE: u8 = 0xE3;

/// COLMETADATA flags: nullable, and whether it can be updated is unknown.
const COLUMN_FLAGS: u16 = 0x0009;
/// RETURNVALUE status: an output parameter.
const OUTPUT_PARAMETER: u8 = 0x01;
/// LOGINACK interface: Transact-SQL.
const INTERFACE_TSQL: u8 = 1;
/// Characters of a message; RAISERROR cuts longer ones to 2,044 and an ellipsis.
const MESSAGE_UNITS_MAX: usize = 2047;
/// Characters of a name (sysname).
const NAME_UNITS_MAX: usize = 128;

/// Which of the three DONE tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum DoneKind {
    /// A statement of a batch.
    Done = 0xFD,
    /// A procedure.
    Procedure = 0xFE,
    /// A statement of a procedure.
    InProcedure = 0xFF,
}

/// Bits of a DONE token's status.
pub(super) mod done_status {
    pub(in super::super) const FINAL: u16 = 0x0000;
    pub(in super::super) const MORE: u16 = 0x0001;
    pub(in super::super) const ERROR: u16 = 0x0002;
    pub(in super::super) const COUNT: u16 = 0x0010;
    pub(in super::super) const ATTENTION: u16 = 0x0020;
}

/// What changed, for ENVCHANGE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change<'a> {
    /// The database context.
    Database { new: &'a str, old: &'a str },
    /// The language of messages.
    Language(&'a str),
    /// The packet size.
    PacketSize { new: usize, old: usize },
    /// The collation.
    Collation([u8; 5]),
    /// A transaction began.
    Begin([u8; 8]),
    /// The transaction was committed.
    Commit([u8; 8]),
    /// The transaction was rolled back.
    Rollback([u8; 8]),
    /// The session was reset, as asked for in the packet header.
    Reset,
}

/// Appends DONE, DONEPROC or DONEINPROC.
pub(super) fn done(target: &mut Vec<u8>, kind: DoneKind, status: u16, command: u16, rows: u64) {
    target.push(kind as u8);
    target.extend_from_slice(&status.to_le_bytes());
    target.extend_from_slice(&command.to_le_bytes());
    target.extend_from_slice(&rows.to_le_bytes());
}

/// Appends COLMETADATA.
pub(super) fn columns(target: &mut Vec<u8>, columns: &[Column]) {
    target.push(COLMETADATA);
    target.extend_from_slice(&u16::try_from(columns.len()).unwrap_or(u16::MAX).to_le_bytes());
    for column in columns {
        target.extend_from_slice(&0_u32.to_le_bytes());
        target.extend_from_slice(&COLUMN_FLAGS.to_le_bytes());
        type_info::write(target, column.sql_type);
        b_varchar(target, &column.name, NAME_UNITS_MAX);
    }
}

/// Appends ROW, or NBCROW where its bitmap is shorter than the NULLs that it saves.
pub(super) fn row(target: &mut Vec<u8>, columns: &[Column], values: &[Value]) -> Result<(), ValueError> {
    let saved: usize = columns
        .iter()
        .zip(values)
        .filter(|(_, value)| **value == Value::Null)
        .map(|(column, _)| row_value::null_length(column.sql_type))
        .sum();
    let bitmap_length = columns.len().div_ceil(8);
    let compressed = saved > bitmap_length;
    target.push(if compressed { NBCROW } else { ROW });
    if compressed {
        let bitmap = target.len();
        target.resize(bitmap + bitmap_length, 0);
        for (index, _) in values.iter().enumerate().filter(|(_, value)| **value == Value::Null) {
            target[bitmap + index / 8] |= 1 << (index % 8);
        }
    }
    for (column, value) in columns.iter().zip(values) {
        if !(compressed && *value == Value::Null) {
            row_value::write(target, column.sql_type, value)?;
        }
    }
    Ok(())
}

/// Appends ERROR.
pub(super) fn error(target: &mut Vec<u8>, error: &ServerError, server: &str) {
    message(target, ERROR, error, server);
}

/// Appends INFO.
pub(super) fn info(target: &mut Vec<u8>, number: i32, state: u8, text: &str, server: &str) {
    let info = ServerError {
        number,
        state,
        // SQL Server turns severity 10 into 0 on the way to the client.
        class: 0,
        message: text.to_owned(),
        procedure: String::new(),
        line: 1,
    };
    message(target, INFO, &info, server);
}

fn message(target: &mut Vec<u8>, token: u8, error: &ServerError, server: &str) {
    let ServerError { number, state, class, message, procedure, line } = error;
    with_length(target, token, |target| {
        target.extend_from_slice(&number.to_le_bytes());
        target.extend_from_slice(&[*state, *class]);
        let units = message_units(message);
        target.extend_from_slice(&u16::try_from(units.len()).unwrap_or(u16::MAX).to_le_bytes());
        target.extend(units.into_iter().flat_map(u16::to_le_bytes));
        b_varchar(target, server, NAME_UNITS_MAX);
        b_varchar(target, procedure, NAME_UNITS_MAX);
        target.extend_from_slice(&line.to_le_bytes());
    });
}

fn message_units(text: &str) -> Vec<u16> {
    let mut units: Vec<u16> = text.encode_utf16().collect();
    if units.len() > MESSAGE_UNITS_MAX {
        units.truncate(MESSAGE_UNITS_MAX - 3);
        units.extend("...".encode_utf16());
    }
    units
}

/// Appends ENVCHANGE.
pub(super) fn change(target: &mut Vec<u8>, change: Change<'_>) {
    with_length(target, ENVCHANGE, |target| match change {
        Change::Database { new, old } => change_texts(target, 1, new, old),
        Change::Language(new) => change_texts(target, 2, new, ""),
        Change::PacketSize { new, old } => change_texts(target, 4, &new.to_string(), &old.to_string()),
        Change::Collation(new) => change_bytes(target, 7, &new, &[]),
        Change::Begin(new) => change_bytes(target, 8, &new, &[]),
        Change::Commit(old) => change_bytes(target, 9, &[], &old),
        Change::Rollback(old) => change_bytes(target, 10, &[], &old),
        Change::Reset => change_bytes(target, 18, &[], &[]),
    });
}

fn change_texts(target: &mut Vec<u8>, kind: u8, new: &str, old: &str) {
    target.push(kind);
    b_varchar(target, new, NAME_UNITS_MAX);
    b_varchar(target, old, NAME_UNITS_MAX);
}

fn change_bytes(target: &mut Vec<u8>, kind: u8, new: &[u8], old: &[u8]) {
    target.push(kind);
    for bytes in [new, old] {
        target.push(u8::try_from(bytes.len()).expect("a collation or a transaction descriptor"));
        target.extend_from_slice(bytes);
    }
}

/// Appends LOGINACK.
pub(super) fn login_ack(target: &mut Vec<u8>, tds_version: u32, program: &str, version: (u8, u8, u16)) {
    let (major, minor, build) = version;
    with_length(target, LOGINACK, |target| {
        target.push(INTERFACE_TSQL);
        // Unlike in LOGIN7, the version has its highest byte first.
        target.extend_from_slice(&tds_version.to_be_bytes());
        b_varchar(target, program, NAME_UNITS_MAX);
        target.extend_from_slice(&[major, minor]);
        target.extend_from_slice(&build.to_be_bytes());
    });
}

/// Appends RETURNSTATUS.
pub(super) fn return_status(target: &mut Vec<u8>, code: i32) {
    target.push(RETURNSTATUS);
    target.extend_from_slice(&code.to_le_bytes());
}

/// Appends RETURNVALUE.
pub(super) fn return_value(
    target: &mut Vec<u8>,
    ordinal: u16,
    name: &str,
    sql_type: SqlType,
    value: &Value,
) -> Result<(), ValueError> {
    target.push(RETURNVALUE);
    target.extend_from_slice(&ordinal.to_le_bytes());
    b_varchar(target, name, NAME_UNITS_MAX);
    target.push(OUTPUT_PARAMETER);
    // User type and flags.
    target.extend_from_slice(&[0; 6]);
    type_info::write(target, sql_type);
    row_value::write(target, sql_type, value)
}

/// Appends a token with its length in two bytes. Its parts have limits of their own, so the sum fits.
fn with_length(target: &mut Vec<u8>, token: u8, body: impl FnOnce(&mut Vec<u8>)) {
    target.push(token);
    let at = target.len();
    target.extend_from_slice(&[0, 0]);
    body(target);
    let length = u16::try_from(target.len() - at - 2).expect("the parts of a token are limited");
    target[at..at + 2].copy_from_slice(&length.to_le_bytes());
}

/// Appends a count of code units in one byte, then the text, cut to a limit below 256.
fn b_varchar(target: &mut Vec<u8>, text: &str, units_max: usize) {
    let units: Vec<u16> = text.encode_utf16().take(units_max).collect();
    target.push(u8::try_from(units.len()).expect("names are cut to 128 characters"));
    target.extend(units.into_iter().flat_map(u16::to_le_bytes));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut bytes);
        bytes
    }

    #[test]
    fn done_tokens() {
        let bytes = written(|t| done(t, DoneKind::Done, done_status::COUNT, 0xC1, 1));
        assert_eq!(bytes, [0xFD, 0x10, 0x00, 0xC1, 0x00, 1, 0, 0, 0, 0, 0, 0, 0]);
        let bytes = written(|t| done(t, DoneKind::InProcedure, done_status::COUNT | done_status::MORE, 0xC1, 258));
        assert_eq!(bytes, [0xFF, 0x11, 0x00, 0xC1, 0x00, 2, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(written(|t| done(t, DoneKind::Procedure, 0, 0, 0))[0], 0xFE);
    }

    #[test]
    fn columns_and_rows() {
        let table = [
            Column { name: "id".into(), sql_type: SqlType::Int },
            Column { name: String::new(), sql_type: SqlType::NVarChar(Some(5)) },
        ];
        let bytes = written(|t| columns(t, &table));
        let expected = [
            &[0x81, 2, 0][..],
            &[0, 0, 0, 0, 0x09, 0x00, 0x26, 4, 2, b'i', 0, b'd', 0],
            &[0, 0, 0, 0, 0x09, 0x00, 0xE7, 10, 0, 0x09, 0x04, 0xD0, 0x00, 0x34, 0],
        ]
        .concat();
        assert_eq!(bytes, expected);
        let bytes = written(|t| row(t, &table, &[Value::Null, Value::NVarChar("a".into())]).unwrap());
        assert_eq!(bytes, [0xD1, 0, 2, 0, b'a', 0], "one byte of NULL is no longer than the bitmap");
        let bytes = written(|t| row(t, &table, &[Value::Int(1), Value::Null]).unwrap());
        assert_eq!(bytes, [0xD2, 0b10, 4, 1, 0, 0, 0]);
    }

    #[test]
    fn the_bitmap_of_nulls_has_its_first_column_lowest() {
        let table: Vec<Column> =
            (0..9).map(|_| Column { name: String::new(), sql_type: SqlType::NVarChar(None) }).collect();
        let mut values = vec![Value::Null; 9];
        values[1] = Value::NVarChar(String::new());
        let expected = [&[0xD2, 0b1111_1101, 0b1][..], &[0; 12]].concat();
        assert_eq!(written(|t| row(t, &table, &values).unwrap()), expected);
    }

    #[test]
    fn errors() {
        let raised =
            ServerError { number: 50000, state: 2, class: 16, message: "no".into(), procedure: "p".into(), line: 3 };
        let expected =
            [0xAA, 22, 0, 0x50, 0xC3, 0, 0, 2, 16, 2, 0, b'n', 0, b'o', 0, 1, b's', 0, 1, b'p', 0, 3, 0, 0, 0];
        assert_eq!(written(|t| error(t, &raised, "s")), expected);
        let long = ServerError { message: "x".repeat(100_000), ..raised };
        let bytes = written(|t| error(t, &long, "s"));
        assert_eq!(bytes[9..11], 2047_u16.to_le_bytes());
    }

    #[test]
    fn changes() {
        let bytes = written(|t| change(t, Change::Database { new: "a", old: "" }));
        assert_eq!(bytes, [0xE3, 5, 0, 1, 1, b'a', 0, 0]);
        let bytes = written(|t| change(t, Change::PacketSize { new: 8, old: 4 }));
        assert_eq!(bytes, [0xE3, 7, 0, 4, 1, b'8', 0, 1, b'4', 0]);
        let bytes = written(|t| change(t, Change::Collation([0x09, 0x04, 0xD0, 0x00, 0x34])));
        assert_eq!(bytes, [0xE3, 8, 0, 7, 5, 0x09, 0x04, 0xD0, 0x00, 0x34, 0]);
        let descriptor = [1, 0, 0, 0, 0, 0, 0, 0];
        let bytes = written(|t| change(t, Change::Begin(descriptor)));
        assert_eq!(bytes, [0xE3, 11, 0, 8, 8, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        let bytes = written(|t| change(t, Change::Commit(descriptor)));
        assert_eq!(bytes, [0xE3, 11, 0, 9, 0, 8, 1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(written(|t| change(t, Change::Reset)), [0xE3, 3, 0, 18, 0, 0]);
    }

    #[test]
    fn the_login_is_acknowledged_with_the_version_highest_byte_first() {
        let bytes = written(|t| login_ack(t, 0x7400_0004, "M", (16, 0, 1000)));
        assert_eq!(bytes, [0xAD, 12, 0, 1, 0x74, 0, 0, 4, 1, b'M', 0, 16, 0, 0x03, 0xE8]);
    }

    #[test]
    fn return_status_and_value() {
        assert_eq!(written(|t| return_status(t, -1)), [0x79, 0xFF, 0xFF, 0xFF, 0xFF]);
        let bytes = written(|t| return_value(t, 1, "@x", SqlType::Int, &Value::Int(7)).unwrap());
        let expected = [&[0xAC, 1, 0, 2, b'@', 0, b'x', 0, 1, 0, 0, 0, 0, 0, 0, 0x26, 4, 4, 7, 0, 0, 0][..]].concat();
        assert_eq!(bytes, expected);
    }
}

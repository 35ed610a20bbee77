//! Transaction-manager requests (MS-TDS 2.2.6.9).

use super::error::Malformed;
use super::fields::{Fields, utf16};

const BEGIN: u16 = 5;
const COMMIT: u16 = 7;
const ROLLBACK: u16 = 8;
const SAVE: u16 = 9;
const FLAG_BEGIN_NEXT: u8 = 0x01;

/// A request of the transaction manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ManagerRequest {
    /// Begin a transaction.
    Begin,
    /// Commit, and perhaps begin the next one.
    Commit { begin_next: bool },
    /// Roll back everything, or to a savepoint where there is a name, and perhaps begin the next transaction.
    Rollback { name: String, begin_next: bool },
    /// Set a savepoint.
    Save(String),
    /// A distributed transaction is asked for.
    Distributed,
}

impl ManagerRequest {
    /// Reads a request behind its ALL_HEADERS.
    ///
    /// The documentation counts the bytes of a name, but some clients count its characters: the reading that fits the
    /// length of the message is taken.
    pub(super) fn parse(fields: &mut Fields<'_>) -> Result<Self, Malformed> {
        let kind = fields.u16()?;
        let bytes = fields.rest();
        Self::body(kind, &mut Fields::new(bytes), 1)
            .or_else(|problem| Self::body(kind, &mut Fields::new(bytes), 2).map_err(|_| problem))
    }

    fn body(kind: u16, fields: &mut Fields<'_>, bytes_a_unit: usize) -> Result<Self, Malformed> {
        let request = match kind {
            BEGIN => {
                let _isolation = fields.u8()?;
                name(fields, bytes_a_unit)?;
                Self::Begin
            }
            COMMIT => {
                name(fields, bytes_a_unit)?;
                Self::Commit { begin_next: next(fields, bytes_a_unit)? }
            }
            ROLLBACK => Self::Rollback { name: name(fields, bytes_a_unit)?, begin_next: next(fields, bytes_a_unit)? },
            SAVE => Self::Save(name(fields, bytes_a_unit)?),
            0 | 1 | 6 => {
                fields.rest();
                Self::Distributed
            }
            _ => return Err(Malformed::TransactionKind { kind }),
        };
        if fields.is_empty() { Ok(request) } else { Err(Malformed::Trailing { left: fields.remaining() }) }
    }
}

fn name(fields: &mut Fields<'_>, bytes_a_unit: usize) -> Result<String, Malformed> {
    let length = usize::from(fields.u8()?) * bytes_a_unit;
    fields.bytes(length).and_then(utf16)
}

/// Whether the next transaction is to begin at once; what it would be called and how isolated does not matter here.
fn next(fields: &mut Fields<'_>, bytes_a_unit: usize) -> Result<bool, Malformed> {
    if fields.u8()? & FLAG_BEGIN_NEXT == 0 {
        return Ok(false);
    }
    let _isolation = fields.u8()?;
    name(fields, bytes_a_unit)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<ManagerRequest, Malformed> {
        ManagerRequest::parse(&mut Fields::new(bytes))
    }

    #[test]
    fn requests_are_read() {
        // MS-TDS 4.13, Transaction Manager Request, behind its ALL_HEADERS: begin, isolation 1, no name.
        assert_eq!(parse(&[5, 0, 1, 0]), Ok(ManagerRequest::Begin));
        assert_eq!(parse(&[7, 0, 0, 0]), Ok(ManagerRequest::Commit { begin_next: false }));
        assert_eq!(parse(&[7, 0, 0, 1, 2, 0]), Ok(ManagerRequest::Commit { begin_next: true }));
        assert_eq!(parse(&[8, 0, 0, 0]), Ok(ManagerRequest::Rollback { name: String::new(), begin_next: false }));
        assert_eq!(parse(&[6, 0]), Ok(ManagerRequest::Distributed));
        assert_eq!(parse(&[4, 0]), Err(Malformed::TransactionKind { kind: 4 }));
        assert!(parse(&[5, 0]).is_err());
        assert!(parse(&[9, 0, 5, b'a']).is_err());
    }

    #[test]
    fn names_count_bytes_or_characters() {
        assert_eq!(parse(&[9, 0, 4, b'a', 0, b'b', 0]), Ok(ManagerRequest::Save("ab".into())));
        assert_eq!(parse(&[9, 0, 2, b'a', 0, b'b', 0]), Ok(ManagerRequest::Save("ab".into())));
        let rollback = ManagerRequest::Rollback { name: "ab".into(), begin_next: false };
        assert_eq!(parse(&[8, 0, 4, b'a', 0, b'b', 0, 0]), Ok(rollback.clone()));
        assert_eq!(parse(&[8, 0, 2, b'a', 0, b'b', 0, 0]), Ok(rollback));
    }
}

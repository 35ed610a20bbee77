//! PRELOGIN (MS-TDS 2.2.6.5): version and encryption are agreed on before the login.

use super::error::Malformed;
use super::fields::Fields;

const VERSION: u8 = 0x00;
const ENCRYPTION: u8 = 0x01;
const INSTANCE: u8 = 0x02;
const THREAD: u8 = 0x03;
const MARS: u8 = 0x04;
const TERMINATOR: u8 = 0xFF;

/// Values of the ENCRYPTION option.
pub(super) mod encryption {
    pub(in super::super) const OFF: u8 = 0x00;
    pub(in super::super) const ON: u8 = 0x01;
    pub(in super::super) const NOT_SUPPORTED: u8 = 0x02;
    pub(in super::super) const REQUIRED: u8 = 0x03;
}

/// The client's PRELOGIN, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Prelogin {
    /// What it said of encryption; a client that says nothing cannot encrypt.
    pub(super) encryption: u8,
}

impl Prelogin {
    pub(super) fn parse(message: &[u8]) -> Result<Self, Malformed> {
        let mut options = Fields::new(message);
        let mut found = Self { encryption: encryption::NOT_SUPPORTED };
        loop {
            let token = options.u8()?;
            if token == TERMINATOR {
                return Ok(found);
            }
            let offset = usize::from(u16::from_be_bytes(options.array()?));
            let length = usize::from(u16::from_be_bytes(options.array()?));
            let value = message.get(offset..offset + length).ok_or(Malformed::PreloginOption { token })?;
            if token == ENCRYPTION {
                found.encryption = *value.first().ok_or(Malformed::PreloginOption { token })?;
            }
        }
    }
}

/// The server's answer.
pub(super) fn answer(version: (u8, u8, u16), encryption: u8) -> Vec<u8> {
    let (major, minor, build) = version;
    let [build_high, build_low] = build.to_be_bytes();
    let version = [major, minor, build_high, build_low, 0, 0];
    // The instance is always the right one (0), the thread id is the client's to give, and MARS is not offered (0).
    let options: [(u8, &[u8]); 5] =
        [(VERSION, &version), (ENCRYPTION, &[encryption]), (INSTANCE, &[0]), (THREAD, &[]), (MARS, &[0])];
    let mut table = Vec::new();
    let mut values = Vec::new();
    let table_length = options.len() * 5 + 1;
    for (token, value) in options {
        let offset = u16::try_from(table_length + values.len()).expect("a handful of short options");
        let length = u16::try_from(value.len()).expect("a handful of short options");
        table.push(token);
        table.extend_from_slice(&offset.to_be_bytes());
        table.extend_from_slice(&length.to_be_bytes());
        values.extend_from_slice(value);
    }
    table.push(TERMINATOR);
    table.extend_from_slice(&values);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The payload of MS-TDS 4.1, Pre-Login Request.
    const REQUEST: &[u8] = &[
        0x00, 0x00, 0x1A, 0x00, 0x06, 0x01, 0x00, 0x20, 0x00, 0x01, 0x02, 0x00, 0x21, 0x00, 0x01, 0x03, 0x00, 0x22,
        0x00, 0x04, 0x04, 0x00, 0x26, 0x00, 0x01, 0xFF, 0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0xB8, 0x0D,
        0x00, 0x00, 0x01,
    ];

    #[test]
    fn the_documented_request_is_read() {
        assert_eq!(Prelogin::parse(REQUEST).unwrap(), Prelogin { encryption: encryption::ON });
    }

    #[test]
    fn the_answer_is_laid_out_as_documented() {
        let expected = [
            0x00, 0x00, 0x1A, 0x00, 0x06, 0x01, 0x00, 0x20, 0x00, 0x01, 0x02, 0x00, 0x21, 0x00, 0x01, 0x03, 0x00, 0x22,
            0x00, 0x00, 0x04, 0x00, 0x22, 0x00, 0x01, 0xFF, 0x10, 0x00, 0x03, 0xE8, 0x00, 0x00, 0x02, 0x00, 0x00,
        ];
        assert_eq!(answer((16, 0, 1000), encryption::NOT_SUPPORTED), expected);
    }

    #[test]
    fn options_outside_the_message_are_errors() {
        let outside = [0x01, 0x00, 0xFF, 0x00, 0x01, 0xFF];
        assert_eq!(Prelogin::parse(&outside), Err(Malformed::PreloginOption { token: 1 }));
        let endless = [0x01, 0x00, 0x00, 0x00, 0x01];
        assert!(matches!(Prelogin::parse(&endless), Err(Malformed::Truncated { .. })));
        assert_eq!(Prelogin::parse(&[0xFF]).unwrap().encryption, encryption::NOT_SUPPORTED);
    }
}

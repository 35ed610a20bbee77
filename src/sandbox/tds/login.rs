//! LOGIN7 (MS-TDS 2.2.6.4): who the client is and what it wants.

use super::error::Malformed;
use super::fields::{Fields, utf16};

/// Length of the fixed part, in front of the texts.
const FIXED_LENGTH: usize = 94;
const FLAG_INTEGRATED_SECURITY: u8 = 0x80;

/// A LOGIN7 message. Has no Debug: it holds a password.
pub(super) struct Login7 {
    /// The TDS version that the client asks for.
    pub(super) version: u32,
    /// The packet size that it asks for; 0 for no wish.
    pub(super) packet_size: u32,
    /// Whether it wants Windows authentication.
    pub(super) integrated: bool,
    pub(super) host: String,
    pub(super) user: String,
    pub(super) password: String,
    pub(super) application: String,
    pub(super) database: String,
}

impl Login7 {
    pub(super) fn parse(message: &[u8]) -> Result<Self, Malformed> {
        let mut fixed = Fields::new(
            message.get(..FIXED_LENGTH).ok_or(Malformed::Truncated { wanted: FIXED_LENGTH, left: message.len() })?,
        );
        let claimed = fixed.length32()?;
        if claimed != message.len() {
            return Err(Malformed::Truncated { wanted: claimed, left: message.len() });
        }
        let version = fixed.u32()?;
        let packet_size = fixed.u32()?;
        // Client program version, process id and connection id.
        fixed.bytes(12)?;
        let _flags_1 = fixed.u8()?;
        let flags_2 = fixed.u8()?;
        // Type flags, third flags, time zone and locale.
        fixed.bytes(10)?;
        let mut text = |field| text(message, &mut fixed, field);
        let host = text("HostName")?;
        let user = text("UserName")?;
        let obfuscated = text("Password")?;
        let application = text("AppName")?;
        let _server = text("ServerName")?;
        let _extension = fixed.u32()?;
        let mut text = |field| self::text(message, &mut fixed, field);
        let _library = text("CltIntName")?;
        let _language = text("Language")?;
        let database = text("Database")?;
        Ok(Self {
            version,
            packet_size,
            integrated: flags_2 & FLAG_INTEGRATED_SECURITY != 0,
            host: utf16(host)?,
            user: utf16(user)?,
            password: utf16(&obfuscated.iter().map(|byte| reveal(*byte)).collect::<Vec<_>>())?,
            application: utf16(application)?,
            database: utf16(database)?,
        })
    }
}

/// The bytes that an offset and a count of code units point to.
fn text<'a>(message: &'a [u8], fixed: &mut Fields<'_>, field: &'static str) -> Result<&'a [u8], Malformed> {
    let offset = usize::from(fixed.u16()?);
    let length = usize::from(fixed.u16()?) * 2;
    if length == 0 {
        return Ok(&[]);
    }
    message.get(offset..offset + length).ok_or(Malformed::LoginField { field })
}

/// Undoes the password's obfuscation: nibbles swapped, then XOR 0xA5 (MS-TDS 2.2.6.4).
fn reveal(byte: u8) -> u8 {
    (byte ^ 0xA5).rotate_left(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The payload of MS-TDS 4.2, Login Request.
    const REQUEST: &[u8] = &[
        0x88, 0x00, 0x00, 0x00, 0x02, 0x00, 0x09, 0x72, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07, 0x00, 0x01,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xE0, 0x03, 0x00, 0x00, 0xE0, 0x01, 0x00, 0x00, 0x09, 0x04, 0x00, 0x00,
        0x5E, 0x00, 0x08, 0x00, 0x6E, 0x00, 0x02, 0x00, 0x72, 0x00, 0x00, 0x00, 0x72, 0x00, 0x07, 0x00, 0x80, 0x00,
        0x00, 0x00, 0x80, 0x00, 0x00, 0x00, 0x80, 0x00, 0x04, 0x00, 0x88, 0x00, 0x00, 0x00, 0x88, 0x00, 0x00, 0x00,
        0x00, 0x50, 0x8B, 0xE2, 0xB7, 0x8F, 0x88, 0x00, 0x00, 0x00, 0x88, 0x00, 0x00, 0x00, 0x88, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x73, 0x00, 0x6B, 0x00, 0x6F, 0x00, 0x73, 0x00, 0x74, 0x00, 0x6F, 0x00, 0x76, 0x00,
        0x31, 0x00, 0x73, 0x00, 0x61, 0x00, 0x4F, 0x00, 0x53, 0x00, 0x51, 0x00, 0x4C, 0x00, 0x2D, 0x00, 0x33, 0x00,
        0x32, 0x00, 0x4F, 0x00, 0x44, 0x00, 0x42, 0x00, 0x43, 0x00,
    ];

    #[test]
    fn the_documented_request_is_read() {
        let request = REQUEST;
        let login = Login7::parse(request).unwrap();
        assert_eq!(login.version, 0x7209_0002);
        assert_eq!(login.packet_size, 4096);
        assert_eq!(
            (login.host.as_str(), login.user.as_str(), login.application.as_str()),
            ("skostov1", "sa", "OSQL-32")
        );
        assert_eq!((login.password.as_str(), login.database.as_str()), ("", ""));
    }

    #[test]
    fn the_password_is_revealed() {
        // "a" is 0x61: nibbles swapped 0x16, XOR 0xA5 0xB3. Its high byte 0x00 becomes 0xA5.
        assert_eq!([reveal(0xB3), reveal(0xA5)], [b'a', 0]);
    }

    #[test]
    fn fields_outside_the_message_are_errors() {
        let mut request = REQUEST.to_vec();
        request[40] = 0xFF;
        assert_eq!(Login7::parse(&request).err(), Some(Malformed::LoginField { field: "UserName" }));
        request[0] = 0x89;
        assert!(matches!(Login7::parse(&request), Err(Malformed::Truncated { .. })));
        assert!(matches!(Login7::parse(&request[..50]), Err(Malformed::Truncated { .. })));
    }
}

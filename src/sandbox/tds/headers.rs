//! What stands in front of a request: ALL_HEADERS (MS-TDS 2.2.5.3).

use super::error::Malformed;
use super::fields::Fields;

/// Skips ALL_HEADERS. The transaction descriptor in it says nothing that the session does not know: without MARS there
/// is one transaction at a time.
pub(super) fn behind(message: &[u8]) -> Result<Fields<'_>, Malformed> {
    let mut fields = Fields::new(message);
    let total = fields.length32()?;
    let mut headers = Fields::new(fields.bytes(total.checked_sub(4).ok_or(Malformed::Headers)?)?);
    while !headers.is_empty() {
        let length = headers.length32()?;
        // A header counts its own length and has a type of two bytes.
        headers.bytes(length.checked_sub(4).filter(|rest| *rest >= 2).ok_or(Malformed::Headers)?)?;
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_skipped() {
        // The SQL batch that [MC-SMP] 4.3 shows: a transaction descriptor of 0 and one outstanding request.
        let message =
            [0x16, 0, 0, 0, 0x12, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, b'S', 0, b'E', 0, b'T', 0];
        assert_eq!(behind(&message).unwrap().rest(), [b'S', 0, b'E', 0, b'T', 0]);
    }

    #[test]
    fn lengths_that_lie_are_errors() {
        assert_eq!(behind(&[3, 0, 0, 0]).err(), Some(Malformed::Headers));
        assert!(behind(&[0xFF, 0xFF, 0xFF, 0xFF]).is_err());
        assert_eq!(behind(&[8, 0, 0, 0, 0, 0, 0, 0]).err(), Some(Malformed::Headers));
        assert!(behind(&[8, 0, 0, 0, 0xFF, 0, 0, 0]).is_err());
        assert!(behind(&[]).is_err());
    }
}

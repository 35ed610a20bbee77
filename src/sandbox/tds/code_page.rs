//! Windows-1252, the code page of `varchar` under SQL Server's default collation, and UTF-8 under a UTF-8 collation.

use super::error::Malformed;

/// 0x80 to 0x9F. The five bytes that Windows-1252 leaves undefined map to the control character of the same number, as
/// Windows' own conversion does.
const UPPER: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
];

/// Text of a `varchar` parameter.
pub(super) fn decode(bytes: &[u8], utf8: bool) -> Result<String, Malformed> {
    if utf8 {
        return std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Malformed::NotUtf8);
    }
    Ok(bytes.iter().map(|byte| character(*byte)).collect())
}

fn character(byte: u8) -> char {
    match byte {
        0x80..=0x9F => UPPER[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_1252_is_decoded() {
        assert_eq!(decode(&[b'a', 0x80, 0x99, 0xE4, 0xFF], false).unwrap(), "a€™äÿ");
        assert_eq!(decode("ä".as_bytes(), true).unwrap(), "ä");
        assert_eq!(decode(&[0xE4], true), Err(Malformed::NotUtf8));
    }
}

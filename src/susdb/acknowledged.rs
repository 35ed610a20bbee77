//! Whether a server accepted a login. The driver takes any answer that ends without an error for a yes.

const LOGIN_ACK: u8 = 0xAD;
const FEATURE_EXT_ACK: u8 = 0xAE;
const RETURN_STATUS: u8 = 0x79;

/// Whether the tokens of the answer to a login contain LOGINACK.
///
/// Source: MS-TDS 2.2.7: the tokens of a login response and the lengths of their kinds (grade A).
pub(super) fn accepts(mut tokens: &[u8]) -> bool {
    while let Some((kind, rest)) = tokens.split_first() {
        let length = match *kind {
            LOGIN_ACK => return true,
            FEATURE_EXT_ACK => features(rest),
            RETURN_STATUS => Some(4),
            // DONE, DONEPROC, DONEINPROC.
            0xFD..=0xFF => Some(12),
            // ORDER, ERROR, INFO, ENVCHANGE, SSPI.
            0xA9 | 0xAA | 0xAB | 0xE3 | 0xED => {
                field::<2>(rest).map(|[low, high]| 2 + usize::from(u16::from_le_bytes([low, high])))
            }
            // SESSIONSTATE, FEDAUTHINFO.
            0xE4 | 0xEE => field::<4>(rest).map(long),
            _ => None,
        };
        match length.and_then(|length| rest.get(length..)) {
            Some(next) => tokens = next,
            None => return false,
        }
    }
    false
}

/// Length of a list of features: each has a number, a length and its data, and 255 ends them.
fn features(list: &[u8]) -> Option<usize> {
    let mut at = 0;
    while *list.get(at)? != 0xFF {
        at += 1 + long(field::<4>(list.get(at + 1..)?)?);
    }
    Some(at + 1)
}

fn field<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.first_chunk().copied()
}

/// Bytes of a field with a length of four bytes, those included.
fn long(length: [u8; 4]) -> usize {
    usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX).saturating_add(4)
}

#[cfg(test)]
mod tests {
    use super::accepts;

    const INFO: &[u8] = &[0xAB, 3, 0, 0xAD, 0xAD, 0xAD];
    const ACK: &[u8] = &[0xAD, 1, 0, 1];
    const DONE: &[u8] = &[0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    #[test]
    fn only_the_token_itself_accepts() {
        assert!(accepts(&[INFO, ACK, DONE].concat()));
        assert!(accepts(&[&[0xAE, 4, 2, 0, 0, 0, 9, 9, 0xFF][..], ACK, DONE].concat()));
        assert!(accepts(&[&[0xE4, 1, 0, 0, 0, 7, 0x79, 0, 0, 0, 0][..], ACK].concat()));
        // The byte inside of another token is none.
        assert!(!accepts(&[INFO, DONE].concat()));
        assert!(!accepts(&[DONE, INFO].concat()));
    }

    #[test]
    fn what_cannot_be_followed_accepts_nothing() {
        assert!(!accepts(&[]));
        assert!(!accepts(&[&[0x42][..], ACK].concat()));
        for broken in [
            &[0xAB, 9][..],
            &[0xAB, 9, 0, 1],
            &[0xAE, 4],
            &[0xAE, 4, 0xFF, 0xFF, 0xFF, 0xFF],
            &[0xEE, 0xFF, 0xFF, 0xFF, 0xFF],
        ] {
            assert!(!accepts(broken), "{broken:?}");
        }
    }
}

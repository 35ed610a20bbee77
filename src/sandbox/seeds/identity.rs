//! Ids and pseudo-random numbers that are the same everywhere.

/// Mixes a number thoroughly: neighbours give unrelated results (the finaliser of SplitMix64).
pub(super) fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// The id of the `number`th thing of a kind, as the state writes a `uniqueidentifier`.
pub(super) fn guid(kind: &str, number: u64) -> String {
    let seed = mix(text_hash(kind).wrapping_add(mix(number)));
    let (high, low) = (mix(seed), mix(seed ^ u64::MAX));
    let id = (u128::from(high) << 64) | u128::from(low);
    uuid::Builder::from_random_bytes(id.to_be_bytes()).into_uuid().hyphenated().to_string().to_uppercase()
}

/// What stands for the SHA-1 of the `number`th file of a kind.
pub(super) fn digest(kind: &str, number: u64) -> [u8; 20] {
    let seed = text_hash(kind).wrapping_add(mix(number));
    let mut digest = [0; 20];
    for (part, bytes) in (1..).zip(digest.chunks_mut(8)) {
        bytes.copy_from_slice(&mix(seed ^ mix(part)).to_be_bytes()[..bytes.len()]);
    }
    digest
}

/// The id of the thing of a kind that has this name.
pub(super) fn named_guid(kind: &str, name: &str) -> String {
    guid(kind, text_hash(name))
}

/// FNV-1a.
fn text_hash(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_stable() {
        assert_eq!(guid("update", 1), guid("update", 1));
        assert_ne!(guid("update", 1), guid("revision", 1));
        assert_eq!(named_guid("group", "Servers"), named_guid("group", "Servers"));
    }

    #[test]
    fn ids_of_a_kind_differ() {
        let ids: BTreeSet<String> = (0..20_000).map(|number| guid("update", number)).collect();
        assert_eq!(ids.len(), 20_000);
    }

    #[test]
    fn digests_differ_in_every_part() {
        let digests: Vec<[u8; 20]> = (0..20_000).map(|number| digest("file", number)).collect();
        for part in [0..8, 8..16, 12..20] {
            assert_eq!(digests.iter().map(|digest| &digest[part.clone()]).collect::<BTreeSet<_>>().len(), 20_000);
        }
        assert_ne!(digest("file", 1), digest("terms", 1));
    }

    #[test]
    fn ids_are_upper_case_and_hyphenated() {
        let id = guid("update", 7);
        assert_eq!(id, id.to_uppercase());
        assert_eq!(id.len(), 36);
    }
}

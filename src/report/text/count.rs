//! Numbers with their nouns.

use crate::model::address::Kind;

/// `1 computer`, `2 computers`.
pub(in crate::report) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `1 group`, `2 groups`.
pub(super) fn count_of(number: u64, kind: Kind) -> String {
    format!("{number} {}", if number == 1 { kind.singular() } else { kind.plural() })
}

/// A length as the number that counts take.
pub(super) fn length<T>(items: &[T]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}

/// `512 B`, `3.0 kB`, `312.4 MB`: thousands, one decimal. Whole numbers throughout: every platform prints the same.
pub(super) fn size(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    // Tenths of the unit, rounded half up; 999.95 kB is 1.0 MB.
    let mut tenths = (u128::from(bytes) + 50) / 100;
    let mut units = ["kB", "MB", "GB", "TB", "PB", "EB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    let mut divisor: u128 = 100;
    for next in units {
        if tenths < 10_000 {
            break;
        }
        divisor *= 1000;
        tenths = (u128::from(bytes) + divisor / 2) / divisor;
        unit = next;
    }
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_have_one_decimal_and_the_largest_unit_that_fits() {
        for (bytes, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (312_449_999, "312.4 MB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }
}

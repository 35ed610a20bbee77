//! Numbers with their nouns.

use crate::model::address::Kind;

/// `1 computer`, `2 computers`.
pub(super) fn count(number: u64, noun: &str) -> String {
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

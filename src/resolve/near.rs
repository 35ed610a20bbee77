//! Near matches: what a mistyped name may have meant.

use std::collections::BTreeSet;

use crate::model::name::fold;

/// How many near matches are worth reading.
const MATCHES_MAX: usize = 3;

/// How many letters of a name say something about it.
const PART_MIN: usize = 3;

/// The candidates most like a name, best first; none that needs more than a third of its letters changed. Where there are
/// none, those that the name is a part of, the shortest first.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let name = fold(name);
    let candidates: BTreeSet<&str> = candidates.into_iter().collect();
    let mut ranked: Vec<(usize, &str)> = candidates
        .iter()
        .copied()
        .map(|candidate| (strsim::damerau_levenshtein(&name, &fold(candidate)), candidate))
        .filter(|(distance, _)| *distance <= (name.chars().count() / 3).max(1))
        .collect();
    if ranked.is_empty() && name.chars().count() >= PART_MIN {
        let whole = candidates.into_iter().filter(|candidate| fold(candidate).contains(&name));
        ranked = whole.map(|candidate| (candidate.chars().count(), candidate)).collect();
    }
    ranked.sort_unstable();
    ranked.into_iter().take(MATCHES_MAX).map(|(_, candidate)| candidate.to_owned()).collect()
}

/// A question for the help of a diagnostic; none where nothing is near.
#[must_use]
pub fn did_you_mean(matches: &[String]) -> Option<String> {
    let quoted: Vec<String> = matches.iter().map(|name| format!("`{name}`")).collect();
    let (last, rest) = quoted.split_last()?;
    if rest.is_empty() {
        return Some(format!("did you mean {last}?"));
    }
    Some(format!("did you mean {} or {last}?", rest.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::{did_you_mean, nearest};

    #[test]
    fn a_typo_finds_its_name_and_another_word_does_not() {
        let known = ["Servers", "Workstations", "Ring 0 - IT"];
        assert_eq!(nearest("Severs", known), ["Servers"]);
        assert_eq!(nearest("ring 0 - TI", known), ["Ring 0 - IT"]);
        assert!(nearest("Kiosk", known).is_empty());
    }

    #[test]
    fn a_part_finds_the_whole_where_nothing_is_nearer() {
        let known = ["Defender definitions", "Defender", "Critical for pilots"];
        assert_eq!(nearest("defender DEF", [known[0], known[2]]), ["Defender definitions"]);
        assert_eq!(nearest("efende", known), ["Defender"]);
        assert_eq!(nearest("fend", known), ["Defender", "Defender definitions"]);
        assert!(nearest("De", known).is_empty());
    }

    #[test]
    fn the_question_reads_well_for_any_number() {
        let names = |count: usize| ["a", "b", "c"].iter().take(count).map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(did_you_mean(&names(0)), None);
        assert_eq!(did_you_mean(&names(1)).unwrap(), "did you mean `a`?");
        assert_eq!(did_you_mean(&names(3)).unwrap(), "did you mean `a`, `b` or `c`?");
    }
}

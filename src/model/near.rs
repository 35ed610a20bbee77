//! Near matches: what a name that nothing has may have meant.

use std::collections::BTreeSet;

use unicode_security::skeleton;

use super::code_point::CodePoint;
use super::name::{fold, trim};

/// How many near matches are worth reading.
const MATCHES_MAX: usize = 3;

/// How many letters of a name say something about it.
const PART_MIN: usize = 3;

/// How many letters a name may have that is compared letter by letter: the distance costs the product of the lengths.
const LETTERS_MAX: usize = 256;

/// What to tell about a name that nothing has: the candidate that only looks the same, with the characters in which it differs;
/// else a question with the nearest ones. None where nothing is near.
#[must_use]
pub fn suggestion<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let candidates: BTreeSet<&str> = candidates.into_iter().collect();
    look_alike(name, &candidates).or_else(|| did_you_mean(&nearest(name, candidates)))
}

/// The candidates most like a name, best first; none that needs more than a third of its letters changed. Those that differ in
/// spaces, signs and case alone go first. Where there are none, those that the name is a part of, the shortest first.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let written = trim(name);
    let name = fold(name);
    let letters = name.chars().count();
    if letters > LETTERS_MAX {
        return Vec::new();
    }
    let candidates: BTreeSet<&str> = candidates.into_iter().filter(|candidate| trim(candidate) != written).collect();
    let plain = plain_letters(&name);
    let distance = |candidate: &str| {
        let candidate = fold(candidate);
        let same = !plain.is_empty() && plain_letters(&candidate) == plain;
        if same { 0 } else { strsim::damerau_levenshtein(&name, &candidate).max(1) }
    };
    let mut ranked: Vec<(usize, &str)> = candidates
        .iter()
        // A name of another length is that much off.
        .filter(|candidate| candidate.chars().count() <= LETTERS_MAX)
        .map(|candidate| (distance(candidate), *candidate))
        .filter(|(distance, _)| *distance <= (letters / 3).max(1))
        .collect();
    if ranked.is_empty() && letters >= PART_MIN {
        let whole = candidates.into_iter().filter(|candidate| fold(candidate).contains(&name));
        ranked = whole.map(|candidate| (candidate.chars().count(), candidate)).collect();
    }
    ranked.sort_unstable();
    ranked.into_iter().take(MATCHES_MAX).map(|(_, candidate)| candidate.to_owned()).collect()
}

fn plain_letters(folded: &str) -> String {
    folded.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The candidate that nobody can tell from the name by looking, and what sets them apart.
fn look_alike(name: &str, candidates: &BTreeSet<&str>) -> Option<String> {
    let written = trim(name);
    let looks: [String; 2] = [skeleton(written).collect(), skeleton(&fold(written)).collect()];
    let same = |candidate: &&&str| {
        let candidate = trim(candidate);
        fold(candidate) != fold(written)
            && (looks[0].chars().eq(skeleton(candidate)) || looks[1].chars().eq(skeleton(&fold(candidate))))
    };
    let candidate = trim(candidates.iter().find(same)?);
    let alone = |text: &str, other: &str| {
        let other = fold(other);
        let found: BTreeSet<char> = text.chars().filter(|c| !other.contains(&fold(&c.to_string()))).collect();
        found.into_iter().map(|c| CodePoint(c).to_string()).collect::<Vec<_>>().join(", ")
    };
    let apart = match (alone(written, candidate), alone(candidate, written)) {
        (here, there) if here.is_empty() && there.is_empty() => "the same characters stand in another order".to_owned(),
        (here, there) if there.is_empty() => format!("what is written has {here}"),
        (here, there) if here.is_empty() => format!("that one has {there}"),
        (here, there) => format!("what is written has {here}, that one has {there}"),
    };
    Some(format!("did you mean `{candidate}`? it looks the same: {apart}"))
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
    use proptest::prelude::*;

    use super::{did_you_mean, nearest, suggestion};

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

    #[test]
    fn what_differs_in_spaces_and_signs_goes_first() {
        assert_eq!(nearest("SQLServer", ["SQL Serves", "SQL Server"]), ["SQL Server", "SQL Serves"]);
        assert_eq!(nearest("Ring-0 IT", ["Ring 1 IT", "Ring 0 - IT"])[0], "Ring 0 - IT");
    }

    /// A question that repeats what was written sends people in circles.
    #[test]
    fn a_name_that_looks_the_same_is_told_apart() {
        let told = |written: &str| suggestion(written, ["Servers", "Ring 0 - IT", "pc-O1", "a\u{200b}b"]).unwrap();
        assert_eq!(
            told("S\u{435}rvers"),
            "did you mean `Servers`? it looks the same: what is written has U+0435 (\u{435})"
        );
        assert!(told("Ring\u{a0}0 - IT").contains("what is written has U+00A0 (no-break space)"));
        assert!(told("Ring 0 \u{2013} IT").contains("what is written has U+2013 (\u{2013}), that one has U+002D (-)"));
        assert!(told("Ser\u{200b}vers").contains("what is written has U+200B (zero width space)"));
        assert!(told("pc-01").contains("U+0030 (0)"));
        assert_eq!(told("ab"), "did you mean `a\u{200b}b`? it looks the same: that one has U+200B (zero width space)");
        assert_eq!(suggestion("Kiosks", ["Servers"]), None);
    }

    proptest! {
        /// Nothing that is offered reads as what was written, unless it says how to tell them apart.
        #[test]
        fn what_is_offered_is_not_what_was_written(
            name in "[a-c \u{430}\u{a0}\u{200b}-]{1,6}",
            candidates in proptest::collection::vec("[a-c \u{430}\u{a0}\u{200b}-]{1,6}", 0..6),
        ) {
            let candidates = candidates.iter().map(String::as_str);
            if let Some(said) = suggestion(&name, candidates.clone()).filter(|said| !said.contains("it looks the same")) {
                let look = |text: &str| unicode_security::skeleton(text.trim_end_matches(' ')).collect::<String>();
                for offered in nearest(&name, candidates) {
                    prop_assert_ne!(look(&offered), look(&name), "{}", said);
                }
            }
        }
    }
}

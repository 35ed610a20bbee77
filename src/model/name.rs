//! Names as WSUS compares them.

/// A name folded for comparison: names that fold to the same text are the same name.
///
/// SUSDB's collation compares without regard to case, and SQL Server's `=` ignores trailing spaces.
///
/// Source: scaffold of a live SUSDB (Intensive-Self-Service-Portal), names unique server-wide per
/// learn.microsoft.com CreateComputerTargetGroup; the fold beyond ASCII is ours (grade B).
#[must_use]
pub fn fold(name: &str) -> String {
    let name = trim(name);
    // Nearly every name and title: a hundred thousands of these are folded by a selector.
    if name.is_ascii() { name.to_ascii_lowercase() } else { name.chars().flat_map(char::to_lowercase).collect() }
}

/// Those that are called so: the one whose name is spelled like it, else every one whose name folds alike. Those are several
/// only where names are compared more strictly than here, as in a case-sensitive database.
#[must_use]
pub fn named<'a, T>(name: &str, all: impl IntoIterator<Item = &'a T>, name_of: impl Fn(&T) -> &str) -> Vec<&'a T> {
    let folded = fold(name);
    let alike: Vec<&T> = all.into_iter().filter(|one| fold(name_of(one)) == folded).collect();
    match alike.iter().find(|one| trim(name_of(one)) == trim(name)) {
        Some(exact) => vec![exact],
        None => alike,
    }
}

/// A name without the spaces at its end, which mean nothing.
#[must_use]
pub fn trim(name: &str) -> &str {
    name.trim_end_matches(' ')
}

/// Characters that WSUS forbids in the name of a computer group.
///
/// Source: learn.microsoft.com, IUpdateServer.CreateComputerTargetGroup (grade A).
pub const FORBIDDEN_IN_GROUP_NAMES: &str = "~!@#$^&*()=+[]{}\\|;:'\"<>/";

/// Whether a new computer group's name may have this character. Control characters and those that reverse the direction of
/// text are refused by us, though no source says that WSUS does: nobody could tell such a name from another.
#[must_use]
pub fn may_stand_in_group_name(c: char) -> bool {
    let reverses = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !FORBIDDEN_IN_GROUP_NAMES.contains(c) && !c.is_control() && !reverses
}

/// Longest name of a computer group in UTF-16 code units.
///
/// Source: learn.microsoft.com, IUpdateServer.CreateComputerTargetGroup (ms746997, bb294869): less than 256 (grade A).
pub const GROUP_NAME_LENGTH_MAX: usize = 255;

#[cfg(test)]
mod tests {
    use super::{fold, may_stand_in_group_name, named};

    #[test]
    fn names_of_new_groups_can_be_read() {
        assert!("Ring 0 - IT, 50 % (ü)_.?".chars().filter(|c| !"()".contains(*c)).all(may_stand_in_group_name));
        assert!(!"/'\u{7}\u{202e}\n".chars().any(may_stand_in_group_name));
    }

    #[test]
    fn the_exact_spelling_comes_before_others() {
        let called = |name: &str| named(name, &["report", "Report", "W1$"], |one| one);
        assert_eq!(called("Report"), [&"Report"]);
        assert_eq!(called("report "), [&"report"]);
        assert_eq!(called("REPORT"), [&"report", &"Report"]);
        assert_eq!(called("w1$"), [&"W1$"]);
        assert!(called("w2$").is_empty());
    }

    #[test]
    fn names_fold_case_and_trailing_spaces_only() {
        assert_eq!(fold("Straße ÄÖ  "), fold("straße äö"));
        assert_ne!(fold(" a"), fold("a"));
        assert_ne!(fold("a\u{a0}"), fold("a"));
    }
}

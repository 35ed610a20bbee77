//! Patterns over names: `*` any run of characters, `?` one character, everything else literal, without regard to case.

use super::name::fold;

/// A pattern over names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glob {
    text: String,
    folded: Vec<char>,
}

impl Glob {
    /// Takes a pattern as written. Every text is a valid pattern.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), folded: fold(text).chars().collect() }
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the pattern can match more than one name.
    #[must_use]
    pub fn has_wildcard(&self) -> bool {
        self.folded.iter().any(|c| matches!(c, '*' | '?'))
    }

    /// Whether the whole name matches.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.matches_folded(&fold(name).chars().collect::<Vec<char>>())
    }

    /// Whether the pattern can match a name that begins with this. It may say yes where only a longer look says no.
    #[must_use]
    pub fn may_match_prefix(&self, prefix: &str) -> bool {
        let mut pattern = self.folded.iter();
        for c in fold(prefix).chars() {
            match pattern.next() {
                Some('*') => return true,
                Some(p) if *p == '?' || *p == c => {}
                _ => return false,
            }
        }
        true
    }

    /// Whether the whole name matches, folded by the caller who compares it with many patterns.
    /// Linear in practice: only the last `*` is ever tried again.
    #[must_use]
    pub fn matches_folded(&self, name: &[char]) -> bool {
        let (mut at_pattern, mut at_name) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        while at_name < name.len() {
            match self.folded.get(at_pattern) {
                Some('*') => {
                    retry = Some((at_pattern + 1, at_name));
                    at_pattern += 1;
                }
                Some(c) if *c == '?' || *c == name[at_name] => {
                    at_pattern += 1;
                    at_name += 1;
                }
                _ => match retry {
                    Some((after_star, consumed)) => {
                        retry = Some((after_star, consumed + 1));
                        at_pattern = after_star;
                        at_name = consumed + 1;
                    }
                    None => return false,
                },
            }
        }
        self.folded[at_pattern..].iter().all(|c| *c == '*')
    }
}

#[cfg(test)]
mod tests {
    use super::Glob;

    #[test]
    fn star_and_question_mark_are_wild_and_nothing_else_is() {
        for (pattern, name, expected) in [
            ("pilot-*.contoso.com", "PILOT-17.contoso.com", true),
            ("pilot-*.contoso.com", "pilot-17.fabrikam.com", false),
            ("pc-00?", "pc-001", true),
            ("pc-00?", "pc-00", false),
            ("*a*b*c", "xxaxxbxxcxxc", true),
            ("*a*b*c", "xxaxxcxxb", false),
            ("[ab]", "a", false),
            ("[ab]", "[AB]", true),
            ("", "", true),
            ("", "a", false),
            ("**", "", true),
            ("Ä*", "ärger", true),
        ] {
            assert_eq!(Glob::new(pattern).matches(name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_prefix_is_compared_up_to_the_first_star() {
        for (pattern, expected) in [
            ("approval[*", true),
            ("*Kiosk*", true),
            ("APPROVAL[\"0*", true),
            ("?pproval*", true),
            ("group[*", false),
            ("approval", false),
        ] {
            assert_eq!(Glob::new(pattern).may_match_prefix("approval[\""), expected, "{pattern}");
        }
    }

    #[test]
    fn a_hostile_pattern_ends_soon() {
        assert!(!Glob::new(&"*a".repeat(200)).matches(&"a".repeat(150)));
    }
}

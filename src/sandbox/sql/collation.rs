//! How text compares: without regard to case, beyond ASCII too, and to trailing spaces.

use std::cmp::Ordering;

/// Compares two texts as SUSDB's collation would.
pub fn compare(left: &str, right: &str) -> Ordering {
    if left == right {
        return Ordering::Equal;
    }
    let (left, right) = (left.trim_end_matches(' '), right.trim_end_matches(' '));
    // SQLite asks for every pair of texts that it sorts or looks up: most are ASCII and differ early.
    for (at, (one, other)) in left.bytes().zip(right.bytes()).enumerate() {
        if !one.is_ascii() || !other.is_ascii() {
            return compare_characters(&left[at..], &right[at..]);
        }
        if one != other && !one.eq_ignore_ascii_case(&other) {
            return one.to_ascii_lowercase().cmp(&other.to_ascii_lowercase());
        }
    }
    left.len().cmp(&right.len())
}

fn compare_characters(left: &str, right: &str) -> Ordering {
    left.chars().flat_map(char::to_lowercase).cmp(right.chars().flat_map(char::to_lowercase))
}

/// One element of a LIKE pattern.
enum Element {
    /// `%`: any run of characters.
    Run,
    /// `_`: any character.
    One,
    /// `[a-f]` or `[^a-f]`.
    Set { ranges: Vec<(char, char)>, negated: bool },
    /// The character itself.
    Literal(char),
}

/// Whether a text matches a LIKE pattern, without regard to case.
pub fn is_like(text: &str, pattern: &str, escape: Option<char>) -> bool {
    let elements = elements(pattern, escape);
    let text: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    // Where to go back to when a character does not match: behind the last run, one character further on.
    let mut retry: Option<(usize, usize)> = None;
    let (mut at, mut element) = (0, 0);
    while at < text.len() {
        match elements.get(element) {
            Some(Element::Run) => {
                element += 1;
                retry = Some((element, at));
            }
            Some(other) if matches(other, text[at]) => {
                at += 1;
                element += 1;
            }
            _ => {
                let Some((behind, from)) = retry else { return trailing_spaces_match(&elements, element, &text[at..]) };
                retry = Some((behind, from + 1));
                element = behind;
                at = from + 1;
            }
        }
    }
    elements[element.min(elements.len())..].iter().all(|rest| matches!(rest, Element::Run))
}

/// Trailing spaces of the text do not matter; those of the pattern do.
fn trailing_spaces_match(elements: &[Element], element: usize, rest: &[char]) -> bool {
    element == elements.len() && rest.iter().all(|character| *character == ' ')
}

fn matches(element: &Element, character: char) -> bool {
    match element {
        Element::Run => false,
        Element::One => true,
        Element::Literal(literal) => *literal == character,
        Element::Set { ranges, negated } => {
            ranges.iter().any(|(from, to)| (*from..=*to).contains(&character)) != *negated
        }
    }
}

fn elements(pattern: &str, escape: Option<char>) -> Vec<Element> {
    let escape = escape.map(lower);
    let characters: Vec<char> = pattern.chars().flat_map(char::to_lowercase).collect();
    let mut elements = Vec::with_capacity(characters.len());
    let mut at = 0;
    while let Some(character) = characters.get(at).copied() {
        at += 1;
        elements.push(match character {
            escaping if Some(escaping) == escape && at < characters.len() => {
                at += 1;
                Element::Literal(characters[at - 1])
            }
            '%' => Element::Run,
            '_' => Element::One,
            '[' => match characters[at..].iter().skip(1).position(|end| *end == ']') {
                Some(length) => {
                    let body = &characters[at..=at + length];
                    at += length + 2;
                    set(body)
                }
                None => Element::Literal('['),
            },
            literal => Element::Literal(literal),
        });
    }
    elements
}

fn lower(character: char) -> char {
    character.to_lowercase().next().unwrap_or(character)
}

fn set(body: &[char]) -> Element {
    let (negated, body) = match body {
        ['^', rest @ ..] => (true, rest),
        body => (false, body),
    };
    let mut ranges = Vec::new();
    let mut rest = body;
    while let Some((first, behind)) = rest.split_first() {
        rest = match behind {
            ['-', last, behind @ ..] => {
                ranges.push((*first, *last));
                behind
            }
            behind => {
                ranges.push((*first, *first));
                behind
            }
        };
    }
    Element::Set { ranges, negated }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_trailing_spaces_do_not_matter() {
        assert_eq!(compare("Geräte", "GERÄTE  "), Ordering::Equal);
        assert_eq!(compare("abc", "ABC "), Ordering::Equal);
        assert_eq!(compare(" abc", "abc"), Ordering::Less);
        assert_eq!(compare("Ä", "ö"), Ordering::Less);
        assert_eq!(compare("Z_", "a"), Ordering::Greater);
        assert_eq!(compare("aä", "AÖ"), Ordering::Less);
        assert_eq!(compare("ab", "aBä"), Ordering::Less);
        assert_eq!(compare("a", "a\u{1}"), Ordering::Less);
    }

    #[test]
    fn like_patterns() {
        for (text, pattern, expected) in [
            ("Workstations", "work%", true),
            ("Workstations", "%STAT%", true),
            ("Workstations", "work", false),
            ("KB5060526", "KB[0-9]%", true),
            ("KBx", "KB[^0-9]", true),
            ("KB1", "KB[^0-9]", false),
            ("a", "_", true),
            ("", "_", false),
            ("", "%", true),
            ("ÄRGER", "ä%", true),
            ("abc  ", "abc", true),
            ("abc", "abc ", false),
            ("aab", "%ab", true),
            ("a]b", "a[]]b", true),
            ("a[b", "a[b", true),
            ("", "", true),
        ] {
            assert_eq!(is_like(text, pattern, None), expected, "{text} LIKE {pattern}");
        }
        assert!(is_like("100%", "100!%", Some('!')));
        assert!(!is_like("1000", "100!%", Some('!')));
    }
}

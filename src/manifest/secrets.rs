//! Finds literal passwords in a text, so that no message and no snippet shows them.
//!
//! They do not belong in a manifest and are refused; but they do get written, and the report of the refusal goes to logs.

use std::ops::Range;

use super::node::{Entry, Node, Value};
use super::problems::Problems;

/// What keys about passwords contain, in whatever case.
const PASSWORD_WORDS: [&str; 4] = ["password", "passwd", "pwd", "secret"];

/// Hides what stands under a key that is about passwords, but for the references that belong there.
pub(super) fn hide_in(key: &str, node: &Node<'_>, problems: &mut Problems) {
    if is_about_passwords(key) {
        hide_scalars(node, problems);
    }
}

fn hide_scalars(node: &Node<'_>, problems: &mut Problems) {
    match &node.value {
        Value::Plain(_) | Value::Quoted(_) if node.is_null() => {}
        Value::Plain(_) | Value::Quoted(_) => problems.hide(node.origin),
        Value::Sequence(items) => items.iter().for_each(|item| hide_scalars(item, problems)),
        Value::Mapping(entries) => {
            // A reference is a text under one of these keys; whatever else is there may be the secret.
            let is_reference =
                |entry: &&Entry<'_>| matches!(&*entry.key, "env" | "file") && entry.node.text().is_some();
            for entry in entries.iter().filter(|entry| !is_reference(entry)) {
                problems.hide(entry.origin);
                hide_scalars(&entry.node, problems);
            }
        }
    }
}

fn is_about_passwords(key: &str) -> bool {
    // Every key passes here, a million in a large manifest: no copy in small letters.
    let bytes = key.as_bytes();
    PASSWORD_WORDS.iter().any(|word| bytes.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes())))
}

/// Whether a text says a password: a URL's, or what a quote that is not closed has swallowed.
pub(super) fn says_password(text: &str) -> bool {
    password_in_url(text).is_some()
        || (text.contains(':') && is_about_passwords(text) && behind_password_key(text).is_some())
}

/// A message without passwords that it quotes.
pub(super) fn scrubbed(message: String) -> String {
    if !says_password(&message) {
        return message;
    }
    let mut hidden = Problems::default();
    hide_lexically(&message, &mut hidden);
    blank(&message, &hidden.finish().1)
}

/// Where in a text a URL's password stands.
pub(super) fn password_in_url(text: &str) -> Option<Range<usize>> {
    let start = text.find("://")? + 3;
    let authority = &text[start..];
    let authority = &authority[..authority.find([' ', '\t', '\n', '\r', '"', '\'']).unwrap_or(authority.len())];
    let at = authority.rfind('@')?;
    let colon = authority[..at].find(':')?;
    Some(start + colon + 1..start + at)
}

/// Hides what looks like a password in a text that cannot be parsed: the rest of each line behind such a key, and the
/// lines below that are indented further.
pub(super) fn hide_lexically(text: &str, problems: &mut Problems) {
    let mut offset = 0;
    let mut below: Option<usize> = None;
    for line in text.split_inclusive(['\n', '\r']) {
        let indentation = line.len() - line.trim_start().len();
        if let Some(password) = password_in_url(line) {
            problems.hide_bytes(offset + password.start..offset + password.end);
        }
        if below.is_some_and(|key| indentation > key) {
            problems.hide_bytes(offset..offset + line.len());
        } else if !line.trim().is_empty() {
            below = None;
        }
        if let Some(behind) = behind_password_key(line) {
            problems.hide_bytes(offset + behind..offset + line.len());
            below = Some(indentation);
        }
        offset += line.len();
    }
}

/// Where a line goes on behind a key that is about passwords.
fn behind_password_key(line: &str) -> Option<usize> {
    let lower = line.to_ascii_lowercase();
    let key = PASSWORD_WORDS.iter().filter_map(|word| lower.find(word)).min()?;
    line[key..].find(':').map(|colon| key + colon + 1)
}

/// The text with secrets replaced by characters of the same width, so that every place stays where it is.
pub(super) fn blank(text: &str, secrets: &[Range<usize>]) -> String {
    let mut blanked = String::with_capacity(text.len());
    let mut secrets: Vec<&Range<usize>> = secrets.iter().collect();
    secrets.sort_by_key(|range| range.start);
    let mut ranges = secrets.into_iter().peekable();
    let mut hidden_until = 0;
    for (at, c) in text.char_indices() {
        while let Some(range) = ranges.next_if(|range| range.start <= at) {
            hidden_until = hidden_until.max(range.end);
        }
        blanked.push(if at >= hidden_until || matches!(c, '\n' | '\r') {
            c
        } else {
            match c.len_utf8() {
                1 => '*',
                2 => '\u{b7}',
                3 => '\u{2022}',
                _ => '\u{1f784}',
            }
        });
    }
    blanked
}

#[cfg(test)]
mod tests {
    use super::{blank, password_in_url};

    #[test]
    fn blanking_moves_nothing() {
        let text = "a: \u{e4}\u{20ac}\u{1f600}x\nb";
        let blanked = blank(text, std::slice::from_ref(&(3..text.len())));
        assert_eq!(blanked, "a: \u{b7}\u{2022}\u{1f784}*\n*");
        assert_eq!(blanked.len(), text.len());
        assert_eq!(blank("abcdef", &[4..5, 0..2, 1..3]), "***d*f");
        assert_eq!(blank("abc", &[]), "abc");
    }

    #[test]
    fn passwords_in_urls() {
        for (text, password) in [
            ("mssql://u:p@h/d", Some("p")),
            ("x: mssql://u:p:@@h", Some("p:@")),
            ("mssql://u@h:1433/d", None),
            ("mssql://h:1433", None),
            ("mailto:u:p@h", None),
        ] {
            assert_eq!(password_in_url(text).map(|range| &text[range]), password, "{text}");
        }
    }
}

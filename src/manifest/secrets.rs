//! Finds what may be a secret in a text, so that no message and no snippet shows it.
//!
//! Secrets do not belong in a manifest and are refused; but they do get written, files that are no manifests get read as such, and
//! the report of either goes to logs. What is hidden without need costs a look into the file; what is shown costs a password.

use std::ops::Range;

use super::node::{Entry, Node, Value};
use super::problems::Problems;
use super::secret_words::{first_part, says_word, sounds_secret};

/// Hides what stands under a key that sounds like a secret, but for the references that belong there.
pub(super) fn hide_in(key: &str, node: &Node<'_>, problems: &mut Problems) {
    if sounds_secret(key) {
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

/// Whether a text says a secret: a URL's, a connection string's, or what a quote that is not closed has swallowed.
pub(super) fn says_secret(text: &str) -> bool {
    secrets_in_urls(text).next().is_some() || behind_key(text).is_some()
}

/// A message without secrets that it quotes.
pub(super) fn scrubbed(message: String) -> String {
    if !says_secret(&message) {
        return message;
    }
    let mut hidden = Problems::default();
    hide_lexically(&message, &mut hidden);
    blank(&message, &hidden.finish().1)
}

/// Where in a text the users and passwords of URLs stand. A database URL may name its user.
fn secrets_in_urls(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    text.match_indices("://").filter_map(|(scheme, separator)| {
        let start = scheme + separator.len();
        let authority = &text[start..];
        let authority = &authority[..authority.find([' ', '\t', '\n', '\r', '"', '\'']).unwrap_or(authority.len())];
        let at = authority.rfind('@')?;
        match authority[..at].find(':') {
            Some(colon) => Some(start + colon + 1..start + at),
            None if text[..scheme].ends_with("mssql") => None,
            None => Some(start..start + at),
        }
    })
}

/// Hides what looks like a secret in a text that cannot be parsed: the rest of each line behind such a key, and the lines
/// below that are indented further.
pub(super) fn hide_lexically(text: &str, problems: &mut Problems) {
    let mut offset = 0;
    let mut below: Option<usize> = None;
    for line in text.split_inclusive(['\n', '\r']) {
        let indentation = line.len() - line.trim_start().len();
        for secret in secrets_in_urls(line) {
            problems.hide_bytes(offset + secret.start..offset + secret.end);
        }
        if below.is_some_and(|key| indentation > key) {
            problems.hide_bytes(offset..offset + line.len());
        } else if !line.trim().is_empty() {
            below = None;
        }
        if let Some(behind) = behind_key(line).or_else(|| behind_variable(line)) {
            problems.hide_bytes(offset + behind..offset + line.len());
            below = Some(indentation);
        }
        offset += line.len();
    }
}

/// Hides what comments say of secrets. Nobody reads them but people, and excerpts show them.
pub(super) fn hide_in_comments(text: &str, problems: &mut Problems) {
    let mut offset = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        if let Some(hash) = line.find('#')
            && let Some(behind) = behind_key(&line[hash..])
        {
            problems.hide_bytes(offset + hash + behind..offset + line.len());
        }
        offset += line.len();
    }
}

/// Hides the documents of a text that are no manifests: a file of secrets that somebody took for one is not printed.
pub(super) fn hide_strangers(text: &str, is_meant: impl Fn(&str) -> bool, problems: &mut Problems) {
    let mut start = 0;
    let ends = text.match_indices("\n---").map(|(at, _)| at + 1).chain([text.len()]);
    for end in ends {
        let document = &text[start..end];
        if !is_meant(document) {
            problems.hide_bytes(start..end);
        }
        start = end;
    }
}

/// Bytes in front of a separator that are looked at for its key: what stands alone in one is short.
const KEY_LENGTH_MAX: usize = 64;

/// Where a text goes on behind a key that sounds like a secret: `password: x`, `Server=h;Pwd=x`, `?token=x`. Between a long word
/// for it and the separator anything may stand.
fn behind_key(text: &str) -> Option<usize> {
    let mut separators =
        text.char_indices().filter(|(_, c)| matches!(c, ':' | '=' | '\u{ff1a}' | '\u{ff1d}')).peekable();
    separators.peek()?;
    let part = first_part(text);
    let found = separators.find(|(at, _)| {
        let start =
            (at.saturating_sub(KEY_LENGTH_MAX)..=*at).find(|start| text.is_char_boundary(*start)).unwrap_or(*at);
        let before = text[start..*at].trim_end_matches([' ', '\t', '"', '\'', '`']);
        let word = before.rsplit([';', '&', '?', ',', '{', '[', '(', ' ', '\t', '\n', '\r']).next().unwrap_or(before);
        part.is_some_and(|end| end <= *at) || says_word(word)
    });
    found.map(|(at, separator)| at + separator.len_utf8())
}

/// Where a line goes on behind the name of an environment variable: `NAME=x`, as files of them have it.
fn behind_variable(line: &str) -> Option<usize> {
    let (name, _) = line.split_once('=')?;
    let bare = name.trim();
    let bare =
        ["export ", "set ", "$env:", "$"].iter().find_map(|prefix| bare.strip_prefix(prefix)).unwrap_or(bare).trim();
    let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    (!bare.is_empty() && bare.chars().all(is_name)).then_some(name.len() + 1)
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
    use super::{blank, scrubbed, secrets_in_urls};

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
    fn secrets_in_the_urls_of_a_text() {
        for (text, secrets) in [
            ("mssql://u:p@h/d", vec!["p"]),
            ("x: mssql://u:p:@@h", vec!["p:@"]),
            ("mssql://u@h:1433/d", vec![]),
            ("https://t0ken@h/x and http://u:p@h", vec!["t0ken", "p"]),
            ("mssql://h:1433", vec![]),
            ("mailto:u:p@h", vec![]),
        ] {
            assert_eq!(secrets_in_urls(text).map(|range| &text[range]).collect::<Vec<_>>(), secrets, "{text}");
        }
    }

    #[test]
    fn messages_do_not_repeat_secrets_and_keep_the_rest() {
        for text in [
            "Server=h;Database=SUSDB;User Id=u;Password=Canary;",
            "Server=h;Pwd=Canary",
            "mssql://u@h/SUSDB?password=Canary",
            "https://h/?api_key=Canary&x=1",
            "a manifest has no key `WSUS_PASSWORD = Canary`",
            "Passwort\u{ff1a}Canary",
            "GH_TOKEN=Canary",
        ] {
            assert!(!scrubbed(text.to_owned()).contains("Canary"), "{text}");
        }
        for text in [
            "connection needs the key `database`: it says where the server is",
            "mssql://svc-wsus@sql01:1433/SUSDB?encrypt=login",
            "there are `apiVersion`, `kind`, `metadata`",
            "`18:00` does not say in which time zone",
        ] {
            assert_eq!(scrubbed(text.to_owned()), text);
        }
    }
}

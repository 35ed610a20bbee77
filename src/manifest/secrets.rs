//! Finds literal passwords in a text, so that no message and no snippet shows them.
//!
//! They do not belong in a manifest and are refused; but they do get written, and the report of the refusal goes to logs.

use std::ops::Range;

use super::node::{Node, Value};
use super::problems::Problems;

/// Hides what stands under a key that is about passwords, but for the references that belong there.
pub(super) fn hide_in(key: &str, node: &Node<'_>, problems: &mut Problems) {
    if let Some(text) = node.text() {
        hide_url_password(text, node, problems);
    }
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
            for entry in entries.iter().filter(|entry| !matches!(&*entry.key, "env" | "file")) {
                problems.hide(entry.origin);
                hide_scalars(&entry.node, problems);
            }
        }
    }
}

fn hide_url_password(text: &str, node: &Node<'_>, problems: &mut Problems) {
    if password_in_url(text).is_some() {
        problems.hide(node.origin);
    }
}

fn is_about_passwords(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["password", "passwd", "pwd", "secret"].iter().any(|word| key.contains(word))
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

/// Hides what looks like a password in a text that cannot be parsed: the rest of each line behind such a key.
pub(super) fn hide_lexically(text: &str, problems: &mut Problems) {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if let Some(password) = password_in_url(line) {
            problems.hide_bytes(offset + password.start..offset + password.end);
        }
        if let Some(colon) = line.find(':')
            && is_about_passwords(line)
        {
            let key = ["password", "passwd", "pwd", "secret"]
                .iter()
                .filter_map(|word| line.to_ascii_lowercase().find(word))
                .min()
                .unwrap_or_default();
            let behind = line[key..].find(':').map_or(colon, |colon| key + colon) + 1;
            problems.hide_bytes(offset + behind..offset + line.trim_end().len().max(behind));
        }
        offset += line.len();
    }
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

//! Makes visible what a terminal would obey or hide.
//!
//! Titles and names come from servers and manifests that other people write. A title that holds an escape sequence could
//! erase the line that shows what a plan deletes, one that holds a bidirectional override could show it backwards, and a name
//! with a no-break space is another name than the one it looks like.

use std::borrow::Cow;
use std::fmt::Write;

use crate::model::code_point::is_deceptive;

/// Replaces every character that would not show as itself by its escape in JSON (`\u202e`, `\n`).
///
/// Ordinary text comes back as it is, backslashes included: the result is for reading, and stays a JSON string where the
/// text already was one (as addresses are).
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) || !text.chars().any(is_deceptive) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    text.chars().for_each(|c| push_visible(&mut out, c));
    Cow::Owned(out)
}

/// Adds a character as it shows: itself, or its escape in JSON.
pub(super) fn push_visible(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if is_deceptive(c) => push_escape(out, c),
        c => out.push(c),
    }
}

/// Escapes deceptive characters in a finished JSON document, where they stand in strings only, and keeps its line ends.
///
/// The document means the same to every reader of JSON; it only becomes safe to show.
pub(super) fn visible_json(document: &str) -> Cow<'_, str> {
    if !document.chars().any(|c| c != '\n' && is_deceptive(c)) {
        return Cow::Borrowed(document);
    }
    let mut out = String::with_capacity(document.len() + 8);
    for c in document.chars() {
        if c != '\n' && is_deceptive(c) { push_escape(&mut out, c) } else { out.push(c) }
    }
    Cow::Owned(out)
}

fn push_escape(out: &mut String, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        write!(out, "\\u{unit:04x}").expect("a String takes every text");
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{visible, visible_json};

    #[test]
    fn ordinary_text_of_any_language_stays() {
        for text in ["", "2025-06 Cumulative Update (KB5060526)", "Größe \\ \"x\"", "更新プログラム", "обновление"]
        {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn what_a_terminal_would_obey_or_hide_shows_as_its_escape() {
        for (text, expected) in [
            ("a\u{1b}[2Kb", "a\\u001b[2Kb"),
            ("a\r\nb\tc", "a\\r\\nb\\tc"),
            ("\u{9b}31m", "\\u009b31m"),
            ("\u{7f}", "\\u007f"),
            ("abc\u{202e}cba\u{2066}", "abc\\u202ecba\\u2066"),
            ("zero\u{200b}width", "zero\\u200bwidth"),
            ("no\u{a0}break", "no\\u00a0break"),
            ("\u{e0041}", "\\udb40\\udc41"),
        ] {
            assert_eq!(visible(text), expected);
        }
    }

    #[test]
    fn a_json_document_means_the_same_afterwards() {
        let value = serde_json::json!({"title": "x\u{202e}y\u{9b}\u{e0041}\u{7f}"});
        let document = serde_json::to_string_pretty(&value).unwrap();
        let shown = visible_json(&document);
        assert!(shown.is_ascii() && shown.contains('\n'));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}

//! Pieces of YAML that can stand in a manifest: scalars that read back as the same text, comments that stay comments.

use std::borrow::Cow;
use std::fmt::Write;

use super::visible::visible;
use crate::model::code_point::is_deceptive;

/// Words that YAML 1.1 or 1.2 readers take for something else than text, in whatever case.
const WORDS: [&str; 15] =
    ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "none", "nan", "inf", "infinity", "t", "f"];

/// A text as a scalar, for a block or a flow context: plain where every reader takes it for this text, else double-quoted.
///
/// Nothing in it can steer a terminal or end the line: such characters are written as escapes.
#[must_use]
pub fn scalar(text: &str) -> Cow<'_, str> {
    if is_plain(text) { Cow::Borrowed(text) } else { Cow::Owned(quoted(text)) }
}

/// Texts as a flow sequence: `[a, "b: c"]`.
#[must_use]
pub fn sequence<'a>(texts: impl IntoIterator<Item = &'a String>) -> String {
    let items: Vec<Cow<'_, str>> = texts.into_iter().map(|text| scalar(text)).collect();
    format!("[{}]", items.join(", "))
}

/// A comment, to be put behind something or on a line of its own: it stays on its line whatever it says.
#[must_use]
pub fn comment(text: &str) -> String {
    let mut out = "# ".to_owned();
    for c in visible(text).chars() {
        if is_not_printable(c) { escape(&mut out, c) } else { out.push(c) }
    }
    out
}

/// It begins with a letter, so that it is no number, date or indicator, and holds nothing that means anything in YAML.
fn is_plain(text: &str) -> bool {
    let harmless = |c: char| (c.is_alphanumeric() && !is_deceptive(c)) || " _./()+-".contains(c);
    text.chars().next().is_some_and(char::is_alphabetic)
        && text.chars().all(harmless)
        && !text.ends_with(' ')
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_deceptive(c) || is_not_printable(c) => escape(&mut out, c),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// What YAML does not let stand for itself.
///
/// Source: YAML 1.2.2, rule 1, c-printable (grade A).
fn is_not_printable(c: char) -> bool {
    matches!(c, '\u{fffe}' | '\u{ffff}')
}

fn escape(out: &mut String, c: char) {
    let code = u32::from(c);
    let written = if code > 0xffff { write!(out, "\\U{code:08x}") } else { write!(out, "\\u{code:04x}") };
    written.expect("a String takes every text");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};
    use serde::Deserialize;

    use super::{comment, scalar, sequence};

    #[derive(Deserialize)]
    struct Document {
        block: String,
        flow: Vec<String>,
        key: std::collections::BTreeMap<String, u8>,
    }

    fn read_back(text: &str) -> String {
        let list = sequence(&[text.to_owned(), "x".to_owned()]);
        let one = scalar(text);
        let document = format!("block: {one} {}\nflow: {list}\nkey: {{{one}: 1}}\n", comment(text));
        let read: Document = serde_saphyr::from_str(&document).unwrap_or_else(|error| panic!("{error}\n{document}"));
        assert_eq!(read.flow, [text, "x"], "{document}");
        assert_eq!(read.key.keys().next().unwrap(), text, "{document}");
        read.block
    }

    #[test]
    fn ordinary_names_are_written_as_they_are() {
        for text in ["Windows 11", "Ring 0 - IT", "pc-001.contoso.com", "KB5060526", "Zweigstelle München", "a (b)/c+d"]
        {
            assert_eq!(scalar(text), text);
            assert_eq!(read_back(text), text);
        }
    }

    #[test]
    fn whatever_could_be_something_else_is_quoted() {
        for text in [
            "",
            " a",
            "a ",
            "true",
            "No",
            "null",
            "~",
            "007",
            "1e3",
            "0x1F",
            "2026-12-01",
            "12:30",
            "- a",
            "a: b",
            "a #b",
            "\"}: *x # y",
            "*a",
            "&a",
            "!a",
            "@a",
            "`a",
            "%a",
            "[a",
            "{a",
            "a, b",
            "a]",
            "---",
            "...",
            "?",
            "|",
            ">",
            "'",
            "a\nb",
            "\u{202e}abc",
            "\u{feff}",
            "\u{85}",
            "\u{2028}",
            "\u{fffe}",
            "\u{1f600}",
            "\u{0}",
            "\u{e0041}",
            "\\",
        ] {
            assert!(scalar(text).starts_with('"'), "{text:?}");
            assert!(!scalar(text).contains(['\u{202e}', '\n', '\u{1b}']), "{text:?}");
            assert_eq!(read_back(text), text);
        }
    }

    proptest! {
        #[test]
        fn every_text_reads_back_as_itself(text in any::<String>()) {
            assert_eq!(read_back(&text), text);
        }

        #[test]
        fn so_does_what_looks_like_yaml(text in "[-a-z0-9:#{}\\[\\],&*?|<>=!%@'\"\\\\ \n\t~.]{0,12}") {
            assert_eq!(read_back(&text), text);
        }
    }
}

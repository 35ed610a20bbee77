//! JSON in which no text of a server can command a terminal or show as something else.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// Writes a value as one line without its end. Whatever is not plain ASCII or a letter or digit of some script is
/// escaped: control characters, those that turn the direction of writing or show nothing, and a few that would be harmless.
/// Every reader of JSON gets the same text back.
pub(super) fn write_line(out: &mut Vec<u8>, value: &impl Serialize) {
    let mut serializer = Serializer::with_formatter(out, Plain);
    value.serialize(&mut serializer).expect("every key of a record is a text, and a Vec takes every byte");
}

struct Plain;

impl Formatter for Plain {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(|c: char| c == '\u{7f}' || !(c.is_ascii() || c.is_alphanumeric())) {
            let (plain, from) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut chars = from.chars();
            for unit in chars.next().iter_mut().flat_map(|c| c.encode_utf16(&mut [0; 2]).to_vec()) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::write_line;

    fn line(text: &str) -> String {
        let mut out = Vec::new();
        write_line(&mut out, &text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn letters_stay_and_what_deceives_is_escaped() {
        assert_eq!(line("Alle Computer für 日本 2"), "\"Alle Computer für 日本 2\"");
        assert_eq!(line("a\u{202e}b\u{9b}\u{7f}\n\"\\"), r#""a\u202eb\u009b\u007f\n\"\\""#);
        assert_eq!(line("\u{1f600}"), r#""\ud83d\ude00""#);
    }

    #[test]
    fn every_character_comes_back() {
        let all: String = (0..=0x1_1000).filter_map(char::from_u32).chain(['\u{10ffff}', '\u{e0001}']).collect();
        assert_eq!(serde_json::from_str::<String>(&line(&all)).unwrap(), all);
    }
}

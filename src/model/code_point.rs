//! Characters that do not show as what they are: two names that look alike may differ in one of these.

use std::fmt;

/// Whether a character shows nothing, changes how its neighbours show, or is obeyed by a terminal.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' // soft hyphen
            | '\u{34f}' // combining grapheme joiner
            | '\u{61c}' | '\u{200e}' | '\u{200f}' // direction marks
            | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' // Hangul fillers
            | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}' // no width
            | '\u{2028}' | '\u{2029}' // line and paragraph separators
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}' // embeddings, overrides, isolates
            | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' // variation selectors
            | '\u{fff9}'..='\u{fffb}' // interlinear annotation
            | '\u{e0000}'..='\u{e007f}' // tags
        )
}

/// Whether a character looks like the space of the keyboard and is another one.
#[must_use]
pub fn is_unusual_space(c: char) -> bool {
    c != ' ' && !c.is_control() && c.is_whitespace() || c == '\u{2800}'
}

/// Whether a reader cannot see what a character is: it is invisible or an unusual space.
#[must_use]
pub fn is_deceptive(c: char) -> bool {
    is_invisible(c) || is_unusual_space(c)
}

/// The characters of a text that a reader cannot see, each once, in their order.
#[must_use]
pub fn deceptive_in(text: &str) -> Vec<CodePoint> {
    let mut found = Vec::new();
    for c in text.chars().filter(|c| is_deceptive(*c)).map(CodePoint) {
        if !found.contains(&c) {
            found.push(c);
        }
    }
    found
}

/// A character as Unicode numbers it; shows as `U+00A0 (no-break space)` or `U+0430 (а)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodePoint(pub char);

impl CodePoint {
    fn description(self) -> &'static str {
        match self.0 {
            '\t' => "tabulator",
            '\u{a0}' => "no-break space",
            '\u{ad}' => "soft hyphen",
            '\u{200b}' => "zero width space",
            '\u{200c}' => "zero width non-joiner",
            '\u{200d}' => "zero width joiner",
            '\u{200e}' => "left-to-right mark",
            '\u{200f}' => "right-to-left mark",
            '\u{202f}' => "narrow no-break space",
            '\u{2060}' => "word joiner",
            '\u{3000}' => "ideographic space",
            '\u{feff}' => "byte order mark",
            '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => "variation selector",
            c if c.is_control() => "control character",
            c if is_unusual_space(c) => "unusual space",
            _ => "invisible character",
        }
    }
}

impl fmt::Display for CodePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "U+{:04X} ", u32::from(self.0))?;
        match self.0 {
            ' ' => f.write_str("(space)"),
            c if is_deceptive(c) => write!(f, "({})", self.description()),
            c => write!(f, "({c})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{deceptive_in, is_deceptive};

    #[test]
    fn what_people_type_is_not_deceptive() {
        for text in ["Ring 0 - IT", "Zweigstelle München", "更新プログラム", "обновление", "עברית", "ไทย", "a\u{301}"]
        {
            assert!(!text.chars().any(is_deceptive), "{text}");
        }
    }

    #[test]
    fn each_that_cannot_be_seen_is_named_once() {
        let found = |text| deceptive_in(text).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(found("a\u{a0}b\u{200b}c\u{a0}"), ["U+00A0 (no-break space)", "U+200B (zero width space)"]);
        assert_eq!(found("\u{2007}\u{7}"), ["U+2007 (unusual space)", "U+0007 (control character)"]);
        assert_eq!(found("\u{e0041}\u{fe0f}"), ["U+E0041 (invisible character)", "U+FE0F (variation selector)"]);
    }
}

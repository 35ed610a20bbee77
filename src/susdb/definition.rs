//! What a procedure's definition says that no system view does: which parameters have a default, and how the lists that it
//! takes as XML are read.
//!
//! Source: learn.microsoft.com, sys.parameters (has_default_value is for CLR objects only) and CREATE PROCEDURE (grade A).

mod lists;

use std::collections::BTreeSet;

pub(super) use self::lists::list_shape;

/// The parameters with a default, in lower case with the `@`; none where the text is no procedure's definition.
pub(super) fn defaulted(definition: &str) -> Option<BTreeSet<String>> {
    let mut tokens = Tokens { rest: definition };
    loop {
        match tokens.next()? {
            Token::Word(word) if is(word, "proc") || is(word, "procedure") => break,
            _ => {}
        }
    }
    let mut defaulted = BTreeSet::new();
    // The list as a whole may stand in parentheses: its own depth is then one.
    let (mut depth, mut list_depth, mut current, mut named) = (0_usize, 0, None, false);
    loop {
        match tokens.next()? {
            Token::Variable(name) if current.is_none() => {
                current = Some(name.to_lowercase());
                named = true;
            }
            // `@name AS type`.
            Token::Word(word) if named && is(word, "as") => named = false,
            Token::Word(word) if depth <= list_depth && ["as", "with", "for"].iter().any(|end| is(word, end)) => {
                return Some(defaulted);
            }
            Token::Mark('=') => defaulted.extend(current.clone()),
            Token::Mark(',') if depth == list_depth => current = None,
            Token::Mark('(') => {
                depth += 1;
                list_depth += usize::from(current.is_none());
            }
            Token::Mark(')') => depth = depth.saturating_sub(1),
            _ => named = false,
        }
    }
}

/// The numbers that a definition names: the states that RAISERROR has, and what stands behind RETURN. One in a variable is none.
///
/// Source: learn.microsoft.com, RAISERROR (text, severity, state) and RETURN (grade A).
pub(super) fn codes(definition: &str) -> (BTreeSet<i32>, BTreeSet<i32>) {
    let mut source = Tokens { rest: definition };
    let tokens: Vec<Token<'_>> = std::iter::from_fn(|| source.next()).collect();
    let (mut raised, mut returned) = (BTreeSet::new(), BTreeSet::new());
    for (at, token) in tokens.iter().enumerate() {
        let rest = &tokens[at + 1..];
        match token {
            Token::Word(word) if is(word, "return") => returned.extend(number(rest)),
            Token::Word(word) if is(word, "raiserror") => raised.extend(third_argument(rest).and_then(number)),
            _ => {}
        }
    }
    (raised, returned)
}

/// A number at the beginning.
fn number(tokens: &[Token<'_>]) -> Option<i32> {
    match tokens {
        [Token::Mark('-'), Token::Number(digits), ..] => digits.parse().ok().map(|number: i32| -number),
        [Token::Number(digits), ..] => digits.parse().ok(),
        _ => None,
    }
}

/// What follows the second comma of a list in parentheses that begins here.
fn third_argument<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<&'t [Token<'a>]> {
    let (mut depth, mut commas) = (0_usize, 0);
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Mark('(') => depth += 1,
            Token::Mark(')') => depth = depth.checked_sub(1).filter(|depth| *depth > 0)?,
            Token::Mark(',') if depth == 1 => commas += 1,
            _ if depth == 0 => return None,
            _ => {}
        }
        if commas == 2 {
            return Some(&tokens[at + 1..]);
        }
    }
    None
}

fn is(word: &str, keyword: &str) -> bool {
    word.eq_ignore_ascii_case(keyword)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Variable(&'a str),
    /// A name in brackets or double quotes, as it stands between them: never a keyword.
    Name(&'a str),
    /// A text, as it stands between its quotes.
    Text(&'a str),
    Number(&'a str),
    Mark(char),
}

struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            self.rest = self.rest.trim_start();
            if let Some(comment) = self.rest.strip_prefix("--") {
                self.rest = comment.split_once('\n').map_or("", |(_, after)| after);
            } else if self.rest.starts_with("/*") {
                self.skip_comment();
            } else {
                break;
            }
        }
        let first = self.rest.chars().next()?;
        match first {
            '\'' => Some(Token::Text(self.take_quoted('\''))),
            '"' => Some(Token::Name(self.take_quoted('"'))),
            '[' => Some(Token::Name(self.take_quoted(']'))),
            '@' => Some(Token::Variable(self.take_word(1))),
            c if c.is_alphanumeric() || c == '_' || c == '#' => {
                let word = self.take_word(0);
                Some(if c.is_ascii_digit() { Token::Number(word) } else { Token::Word(word) })
            }
            c => {
                self.rest = &self.rest[c.len_utf8()..];
                Some(Token::Mark(c))
            }
        }
    }

    fn take_word(&mut self, skipped: usize) -> &'a str {
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '#' | '$' | '@');
        let end = self.rest[skipped..].find(|c| !is_part(c)).map_or(self.rest.len(), |end| skipped + end);
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// A doubled quote stands for itself.
    fn take_quoted(&mut self, quote: char) -> &'a str {
        let mut chars = self.rest.char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
                let between = &self.rest[1..at];
                self.rest = &self.rest[at + c.len_utf8()..];
                return between;
            }
        }
        std::mem::take(&mut self.rest)
    }

    /// Comments nest.
    fn skip_comment(&mut self) {
        let mut depth = 0_usize;
        while !self.rest.is_empty() {
            if let Some(rest) = self.rest.strip_prefix("/*") {
                (depth, self.rest) = (depth + 1, rest);
            } else if let Some(rest) = self.rest.strip_prefix("*/") {
                (depth, self.rest) = (depth - 1, rest);
                if depth == 0 {
                    return;
                }
            } else {
                let width = self.rest.chars().next().map_or(0, char::len_utf8);
                self.rest = &self.rest[width..];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{codes, defaulted};

    fn found(definition: &str) -> Vec<String> {
        defaulted(definition).unwrap().into_iter().collect()
    }

    #[test]
    fn defaults_are_found_and_nothing_of_the_body() {
        let text = "/* CREATE PROC @no = 1 /* nested */ */\n-- it's old\nCREATE PROCEDURE [dbo].[spX'@y=1]\n  @updateID uniqueidentifier,\n\
             @adminName AS nvarchar(385) = N'a, ''b'' AS c', @n decimal(5, 2)=-1.5,\n  @c nvarchar(max) /* = 2 */ = NULL OUTPUT, @d int OUT\n\
             WITH EXECUTE AS OWNER\nAS\nDECLARE @z int = 3";
        assert_eq!(found(text), ["@adminname", "@c", "@n"]);
    }

    #[test]
    fn codes_are_what_stands_in_their_place() {
        let of = |body: &str| {
            let (raised, returned) = codes(body);
            (raised.into_iter().collect::<Vec<_>>(), returned.into_iter().collect::<Vec<_>>())
        };
        let body = "RAISERROR ('a, b', 16, 40) WITH LOG; raiserror(@text, 16, -1, @x); RAISERROR(f(1, 2, 3), 16, 47)
                    IF @@ERROR <> 0 RETURN (1) return -5 RETURN 0 /* RETURN 9 */";
        assert_eq!(of(body), (vec![-1, 40, 47], vec![-5, 0]));
        let unknown =
            "RAISERROR 50000 'old', 16, 3; RAISERROR('x', 16, @state); RETURN @code; SELECT 'RETURN 3'; RAISERROR(";
        assert_eq!(of(unknown), (vec![], vec![]));
    }

    #[test]
    fn the_list_may_stand_in_parentheses_or_be_missing() {
        assert_eq!(found("create or alter proc dbo.spX (@a int = 1, @b varchar(10)) as select @x = 1"), ["@a"]);
        assert!(found("CREATE PROCEDURE dbo.spX AS SET @a = 1").is_empty());
        assert!(found("ALTER PROC dbo.spX @a xml(dbo.c) , @b t READONLY FOR REPLICATION AS RETURN").is_empty());
    }

    #[test]
    fn what_is_no_procedure_says_nothing() {
        for text in ["", "CREATE VIEW x AS SELECT 1", "CREATE PROC x @a int = 'open", "CREATE PROCEDURE", "/*", "--"] {
            assert_eq!(defaulted(text), None, "{text}");
        }
    }
}

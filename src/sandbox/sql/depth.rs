//! How deep a batch nests, before a parser descends into it.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::errors;
use crate::sandbox::database::ServerError;

/// How deep operators may nest. The parser bounds nested parentheses by itself, but not chains such as `1+1+1+...`, each
/// link of which is one level of the tree.
pub(super) const NESTING_MAX: usize = 400;

/// 191: the batch nests too deeply.
pub(super) fn too_deep() -> ServerError {
    errors::severe(
        191,
        15,
        "Some part of your SQL statement is nested too deeply. Rewrite the query or break it up into smaller queries.",
    )
}

/// An upper bound of the depth that operators give the tree.
pub(super) fn nesting(tokens: &[TokenWithSpan]) -> usize {
    let mut levels = vec![0_usize];
    let (mut sum, mut deepest) = (0_usize, 0_usize);
    for token in tokens {
        match &token.token {
            Token::LParen => levels.push(0),
            Token::RParen if levels.len() > 1 => sum -= levels.pop().unwrap_or_default(),
            Token::SemiColon => {
                levels = vec![0];
                sum = 0;
            }
            Token::Comma => sum -= levels.last_mut().map(std::mem::take).unwrap_or_default(),
            Token::RParen | Token::Whitespace(_) | Token::Period | Token::EOF | Token::Number(..) => {}
            Token::SingleQuotedString(_) | Token::NationalStringLiteral(_) | Token::HexStringLiteral(_) => {}
            Token::Word(word) if !chains(word.keyword) => {}
            _ => {
                if let Some(level) = levels.last_mut() {
                    *level += 1;
                    sum += 1;
                    deepest = deepest.max(sum);
                }
            }
        }
    }
    deepest
}

/// Whether a keyword can be repeated behind an expression or a table so that each one nests the former.
fn chains(keyword: Keyword) -> bool {
    matches!(
        keyword,
        Keyword::AND
            | Keyword::OR
            | Keyword::XOR
            | Keyword::NOT
            | Keyword::IS
            | Keyword::IN
            | Keyword::LIKE
            | Keyword::ILIKE
            | Keyword::SIMILAR
            | Keyword::RLIKE
            | Keyword::REGEXP
            | Keyword::BETWEEN
            | Keyword::COLLATE
            | Keyword::AT
            | Keyword::ESCAPE
            | Keyword::OPERATOR
            | Keyword::OVERLAPS
            | Keyword::MEMBER
            | Keyword::DIV
            | Keyword::UNION
            | Keyword::EXCEPT
            | Keyword::MINUS
            | Keyword::INTERSECT
            | Keyword::PIVOT
            | Keyword::UNPIVOT
            | Keyword::MATCH_RECOGNIZE
    )
}

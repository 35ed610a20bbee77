//! EXEC and its arguments.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::constant::{bytes, number};
use super::errors;
use super::keywords::{REFUSED, UNSUPPORTED};
use super::script::{Reader, object_name, syntax_error};
use super::statement::{Argument, ArgumentValue, Execution, Statement};
use crate::sandbox::database::ServerError;
use crate::sandbox::value::Value;

impl Reader<'_> {
    /// What follows EXEC.
    pub(super) fn execute(&mut self) -> Result<Statement, ServerError> {
        if self.parser.peek_token().token == Token::LParen {
            return Err(errors::unsupported("EXEC of a text; call sp_executesql instead"));
        }
        let result = self.peek_variable();
        if result.is_some() {
            self.parser.next_token();
            if !self.parser.consume_token(&Token::Eq) {
                return Err(errors::unsupported("EXEC of a procedure whose name is in a variable"));
            }
        }
        self.execution(result)
    }

    pub(super) fn execution(&mut self, result: Option<String>) -> Result<Statement, ServerError> {
        let name = self.parser.parse_object_name(false).map_err(|error| syntax_error(&error))?;
        let mut arguments = Vec::new();
        if self.argument_follows() {
            loop {
                arguments.push(self.argument()?);
                if !self.parser.consume_token(&Token::Comma) {
                    break;
                }
            }
        }
        Ok(Statement::Execute(Execution { result, procedure: object_name(&name), arguments }))
    }

    fn argument_follows(&self) -> bool {
        match self.parser.peek_token().token {
            Token::Word(word) => {
                let upper = word.value.to_ascii_uppercase();
                word.quote_style.is_some()
                    || word.value.starts_with('@')
                    || ["NULL", "DEFAULT"].contains(&upper.as_str())
                    || word.keyword == Keyword::NoKeyword
                        && !REFUSED.contains(&upper.as_str())
                        && !UNSUPPORTED.contains(&upper.as_str())
            }
            Token::EOF | Token::SemiColon => false,
            _ => true,
        }
    }

    fn argument(&mut self) -> Result<Argument, ServerError> {
        let mut name = String::new();
        if let Some(variable) = self.peek_variable()
            && self.parser.peek_nth_token(1).token == Token::Eq
        {
            self.parser.next_token();
            self.parser.next_token();
            name = variable;
        }
        let value = self.argument_value()?;
        let output = self.word("OUTPUT") || self.word("OUT");
        Ok(Argument { name, value, output })
    }

    fn argument_value(&mut self) -> Result<ArgumentValue, ServerError> {
        if let Some(variable) = self.peek_variable() {
            self.parser.next_token();
            return Ok(ArgumentValue::Variable(variable));
        }
        if self.word("DEFAULT") {
            return Ok(ArgumentValue::Default);
        }
        let negative = self.parser.consume_token(&Token::Minus);
        let token = self.parser.peek_token().token;
        let constant = match token {
            Token::Number(digits, _) => number(&digits, negative),
            _ if negative => None,
            Token::SingleQuotedString(text) | Token::NationalStringLiteral(text) => Some(Value::NVarChar(text)),
            Token::HexStringLiteral(digits) => bytes(&digits).map(Value::VarBinary),
            Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("NULL") => {
                Some(Value::Null)
            }
            Token::Word(word) => Some(Value::NVarChar(word.value)),
            _ => None,
        };
        let constant = constant.ok_or_else(|| self.unexpected())?;
        self.parser.next_token();
        Ok(ArgumentValue::Constant(constant))
    }
}

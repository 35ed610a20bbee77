//! A batch of T-SQL as a list of statements.
//!
//! sqlparser reads queries and expressions; which statements there are is decided here, because T-SQL separates them by
//! keyword and because everything that is not listed has to be refused.

use sqlparser::ast::{Expr, Ident, ObjectName, ObjectNamePart};
use sqlparser::dialect::MsSqlDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, Tokenizer};

use super::depth::{NESTING_MAX, nesting, too_deep};
use super::keywords::{REFUSED, SWITCHES_IGNORED, SWITCHES_OBEYED, SWITCHES_OFF_ONLY, UNSUPPORTED, VALUES_IGNORED};
use super::statement::Statement;
use super::{declared, errors};
use crate::sandbox::database::ServerError;

/// The longest batch in bytes of UTF-8. Reading one takes some hundred times its length, and what has to be long comes as a
/// parameter.
const BATCH_LENGTH_MAX: usize = 256 * 1024;

/// How deep IF and BEGIN may nest.
const BLOCKS_MAX: usize = 32;

/// Reads a batch.
///
/// # Errors
/// 102 for what is not T-SQL or not the part that the sandbox reads, 191 for what nests too deeply, 229 for statements
/// that write.
pub fn read(sql: &str) -> Result<Vec<Statement>, ServerError> {
    if sql.len() > BATCH_LENGTH_MAX {
        return Err(errors::too_long(BATCH_LENGTH_MAX));
    }
    let dialect = MsSqlDialect {};
    let tokens = Tokenizer::new(&dialect, sql).tokenize_with_location().map_err(|error| {
        let mut syntax = errors::severe(105, 15, format!("Incorrect syntax: {}.", error.message));
        syntax.line = line(error.location.line);
        syntax
    })?;
    if nesting(&tokens) > NESTING_MAX {
        return Err(too_deep());
    }
    let parser = Parser::new(&dialect).with_tokens_with_locations(tokens);
    Reader { parser, depth: 0 }.batch()
}

fn line(line: u64) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX).max(1)
}

/// Reads the statements of a batch one after the other.
pub(super) struct Reader<'a> {
    pub(super) parser: Parser<'a>,
    depth: usize,
}

impl Reader<'_> {
    fn batch(mut self) -> Result<Vec<Statement>, ServerError> {
        let mut statements = Vec::new();
        self.skip_semicolons();
        if let Some(execution) = self.implied_execution()? {
            statements.push(execution);
        }
        loop {
            self.skip_semicolons();
            if self.parser.peek_token().token == Token::EOF {
                return Ok(statements);
            }
            self.statement(&mut statements)?;
        }
    }

    fn skip_semicolons(&mut self) {
        while self.parser.consume_token(&Token::SemiColon) {}
    }

    /// A batch may begin with the name of a procedure.
    fn implied_execution(&mut self) -> Result<Option<Statement>, ServerError> {
        let Token::Word(word) = self.parser.peek_token().token else { return Ok(None) };
        let is_name =
            word.quote_style.is_some() || (word.keyword == Keyword::NoKeyword && !word.value.starts_with('@'));
        let known =
            |list: &[&str]| word.quote_style.is_none() && list.contains(&word.value.to_ascii_uppercase().as_str());
        if !is_name || known(REFUSED) || known(UNSUPPORTED) || known(&["PRINT", "USE", "SAVE", "DECLARE"]) {
            return Ok(None);
        }
        self.execution(None).map(Some)
    }

    /// Reads one statement, which may declare several variables.
    fn statement(&mut self, into: &mut Vec<Statement>) -> Result<(), ServerError> {
        let token = self.parser.peek_token();
        let Token::Word(word) = &token.token else {
            if token.token == Token::LParen {
                into.push(self.query()?);
                return Ok(());
            }
            return Err(self.unexpected());
        };
        let keyword = if word.quote_style.is_none() { word.value.to_ascii_uppercase() } else { String::new() };
        let statement = match keyword.as_str() {
            "SELECT" | "WITH" => self.query()?,
            "SET" => self.set()?,
            "DECLARE" => return self.declare(into),
            "EXEC" | "EXECUTE" => {
                self.parser.next_token();
                self.execute()?
            }
            "BEGIN" => self.begin()?,
            "COMMIT" => {
                self.parser.next_token();
                self.transaction_name()?;
                Statement::Commit
            }
            "ROLLBACK" => {
                self.parser.next_token();
                Statement::Rollback(self.transaction_name()?)
            }
            "SAVE" => {
                self.parser.next_token();
                let name = self.transaction_name()?.ok_or_else(|| self.unexpected())?;
                Statement::Save(name)
            }
            "IF" => self.condition()?,
            "USE" => {
                self.parser.next_token();
                Statement::Use(self.identifier()?.value)
            }
            "PRINT" => {
                self.parser.next_token();
                Statement::Print(self.expression()?)
            }
            "RETURN" => {
                self.parser.next_token();
                Statement::Return
            }
            "ALTER" => self.alter()?,
            refused if REFUSED.contains(&refused) => return Err(errors::read_only(refused)),
            unsupported if UNSUPPORTED.contains(&unsupported) => {
                return Err(errors::unsupported(&format!("the statement {unsupported}")));
            }
            _ => return Err(self.unexpected()),
        };
        into.push(statement);
        Ok(())
    }

    /// Of everything that can be altered, the login of a user.
    fn alter(&mut self) -> Result<Statement, ServerError> {
        self.parser.next_token();
        if !self.word("USER") {
            return Err(errors::read_only("ALTER"));
        }
        let user = self.identifier()?.value;
        if !(self.word("WITH") && self.word("LOGIN") && self.parser.consume_token(&Token::Eq)) {
            return Err(errors::read_only("ALTER"));
        }
        Ok(Statement::MapUser { user, login: self.identifier()?.value })
    }

    fn query(&mut self) -> Result<Statement, ServerError> {
        self.parser.parse_query().map(Statement::Query).map_err(|error| syntax_error(&error))
    }

    pub(super) fn expression(&mut self) -> Result<Expr, ServerError> {
        self.parser.parse_expr().map_err(|error| syntax_error(&error))
    }

    pub(super) fn identifier(&mut self) -> Result<Ident, ServerError> {
        self.parser.parse_identifier().map_err(|error| syntax_error(&error))
    }

    /// 102 near the token that comes next.
    pub(super) fn unexpected(&self) -> ServerError {
        let token = self.parser.peek_token();
        let mut error = match &token.token {
            Token::EOF => errors::severe(102, 15, "Incorrect syntax: the statement ends too early."),
            token => errors::syntax(&token.to_string()),
        };
        error.line = line(token.span.start.line);
        error
    }

    /// Takes the next token if it is this word.
    pub(super) fn word(&mut self, expected: &str) -> bool {
        let found = matches!(&self.parser.peek_token().token, Token::Word(word)
            if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(expected));
        if found {
            self.parser.next_token();
        }
        found
    }

    /// The name of the next variable, without taking it.
    pub(super) fn peek_variable(&self) -> Option<String> {
        match self.parser.peek_token().token {
            Token::Word(word)
                if word.quote_style.is_none() && word.value.starts_with('@') && !word.value.starts_with("@@") =>
            {
                Some(word.value)
            }
            _ => None,
        }
    }

    fn set(&mut self) -> Result<Statement, ServerError> {
        self.parser.next_token();
        if let Some(name) = self.peek_variable() {
            self.parser.next_token();
            if !self.parser.consume_token(&Token::Eq) {
                return Err(self.unexpected());
            }
            return Ok(Statement::Assign { name, value: self.expression()? });
        }
        if self.word("TRANSACTION") {
            return self.isolation_level();
        }
        let mut options = vec![self.identifier()?.value.to_ascii_uppercase()];
        while self.parser.consume_token(&Token::Comma) {
            options.push(self.identifier()?.value.to_ascii_uppercase());
        }
        let option = options.remove(0);
        if option == "ROWCOUNT" {
            return match self.parser.next_token().token {
                Token::Number(number, _) if number == "0" => Ok(Statement::Ignored),
                _ => Err(errors::unsupported("SET ROWCOUNT with another number than 0")),
            };
        }
        if VALUES_IGNORED.contains(&option.as_str()) {
            let _negative = self.parser.consume_token(&Token::Minus);
            return match self.parser.next_token().token {
                Token::EOF | Token::SemiColon => Err(errors::syntax(&option)),
                _ => Ok(Statement::Ignored),
            };
        }
        let on = if self.word("ON") {
            true
        } else if self.word("OFF") {
            false
        } else {
            return Err(self.unexpected());
        };
        let allowed = |option: &String| {
            let option = option.as_str();
            SWITCHES_IGNORED.contains(&option)
                || SWITCHES_OBEYED.contains(&option)
                || (SWITCHES_OFF_ONLY.contains(&option) && !on)
        };
        if let Some(refused) = [&option].into_iter().chain(&options).find(|option| !allowed(option)) {
            let state = if on { "ON" } else { "OFF" };
            return Err(errors::unsupported(&format!("SET {refused} {state}")));
        }
        if SWITCHES_OBEYED.contains(&option.as_str()) {
            Ok(Statement::Switch(option, on))
        } else {
            Ok(Statement::Ignored)
        }
    }

    fn isolation_level(&mut self) -> Result<Statement, ServerError> {
        let known = self.word("ISOLATION")
            && self.word("LEVEL")
            && (self.word("SNAPSHOT")
                || self.word("SERIALIZABLE")
                || (self.word("REPEATABLE") && self.word("READ"))
                || (self.word("READ") && (self.word("COMMITTED") || self.word("UNCOMMITTED"))));
        if known { Ok(Statement::Ignored) } else { Err(self.unexpected()) }
    }

    fn declare(&mut self, into: &mut Vec<Statement>) -> Result<(), ServerError> {
        self.parser.next_token();
        loop {
            let name = self.peek_variable().ok_or_else(|| self.unexpected())?;
            self.parser.next_token();
            self.word("AS");
            let data_type = self.parser.parse_data_type().map_err(|error| syntax_error(&error))?.to_string();
            let sql_type = declared::parse(&data_type)
                .ok_or_else(|| errors::error(2715, format!("Cannot find data type {data_type}.")))?;
            let value = if self.parser.consume_token(&Token::Eq) { Some(self.expression()?) } else { None };
            into.push(Statement::Declare { name, sql_type, value });
            if !self.parser.consume_token(&Token::Comma) {
                return Ok(());
            }
        }
    }

    /// `BEGIN TRAN` or `BEGIN ... END`.
    fn begin(&mut self) -> Result<Statement, ServerError> {
        self.parser.next_token();
        if self.word("TRAN") || self.word("TRANSACTION") {
            self.optional_name();
            return Ok(Statement::Begin);
        }
        for block in ["TRY", "CATCH", "DISTRIBUTED", "ATOMIC", "DIALOG", "CONVERSATION"] {
            if self.word(block) {
                return Err(errors::unsupported(&format!("BEGIN {block}")));
            }
        }
        self.deeper()?;
        let mut statements = Vec::new();
        loop {
            self.skip_semicolons();
            if self.word("END") {
                self.depth -= 1;
                return Ok(Statement::Block(statements));
            }
            self.statement(&mut statements)?;
        }
    }

    fn deeper(&mut self) -> Result<(), ServerError> {
        self.depth += 1;
        if self.depth > BLOCKS_MAX { Err(too_deep()) } else { Ok(()) }
    }

    /// What may follow COMMIT, ROLLBACK and SAVE: `[TRAN|TRANSACTION|WORK] [name]`.
    fn transaction_name(&mut self) -> Result<Option<String>, ServerError> {
        if self.word("WORK") || !(self.word("TRAN") || self.word("TRANSACTION")) {
            return Ok(None);
        }
        Ok(self.optional_name())
    }

    fn optional_name(&mut self) -> Option<String> {
        match self.parser.peek_token().token {
            Token::Word(word) if word.keyword == Keyword::NoKeyword || word.quote_style.is_some() => {
                self.parser.next_token();
                Some(word.value)
            }
            _ => None,
        }
    }

    fn condition(&mut self) -> Result<Statement, ServerError> {
        self.parser.next_token();
        self.deeper()?;
        let condition = self.expression()?;
        let then = Box::new(self.single()?);
        self.depth -= 1;
        let before = self.parser.index();
        self.skip_semicolons();
        let otherwise = if self.word("ELSE") {
            self.deeper()?;
            let otherwise = self.single()?;
            self.depth -= 1;
            Some(Box::new(otherwise))
        } else {
            while self.parser.index() > before {
                self.parser.prev_token();
            }
            None
        };
        Ok(Statement::If { condition, then, otherwise })
    }

    fn single(&mut self) -> Result<Statement, ServerError> {
        let mut statements = Vec::new();
        self.statement(&mut statements)?;
        if statements.len() == 1 { Ok(statements.remove(0)) } else { Ok(Statement::Block(statements)) }
    }
}

/// A name with its dots, without its brackets.
pub fn object_name(name: &ObjectName) -> String {
    let part = |part: &ObjectNamePart| match part {
        ObjectNamePart::Identifier(ident) => ident.value.clone(),
        ObjectNamePart::Function(function) => function.name.value.clone(),
    };
    name.0.iter().map(part).collect::<Vec<_>>().join(".")
}

/// 102 with the token and the line that sqlparser's message names.
pub(super) fn syntax_error(error: &ParserError) -> ServerError {
    match error {
        ParserError::RecursionLimitExceeded => too_deep(),
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => {
            let (what, place) = message.split_once(" at Line: ").unwrap_or((message, ""));
            let mut error = match what.split_once("found: ") {
                Some((_, "EOF")) => errors::severe(102, 15, "Incorrect syntax: the statement ends too early."),
                Some((_, token)) => errors::syntax(token),
                None => errors::severe(102, 15, format!("Incorrect syntax: {what}.")),
            };
            let line = place.split(',').next().and_then(|line| line.trim().parse().ok());
            error.line = line.unwrap_or(1);
            error
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::statement::{ArgumentValue, Execution};
    use super::*;
    use crate::sandbox::value::Value;

    fn execution(sql: &str) -> Execution {
        match read(sql).unwrap().pop().unwrap() {
            Statement::Execute(execution) => execution,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn statements_need_no_semicolons() {
        let statements =
            read("SET NOCOUNT ON BEGIN TRAN SELECT 1 FROM tbUpdate\nIF @@TRANCOUNT > 0 COMMIT TRAN").unwrap();
        assert_eq!(statements.len(), 4, "{statements:?}");
        assert_eq!(statements[0], Statement::Switch("NOCOUNT".to_owned(), true));
        assert_eq!(statements[1], Statement::Begin);
        assert!(matches!(&statements[3], Statement::If { then, otherwise: None, .. } if **then == Statement::Commit));
    }

    /// What FreeTDS and pymssql send when they log in and between statements.
    #[test]
    fn clients_may_greet() {
        for greeting in [
            "SET ARITHABORT ON;SET CONCAT_NULL_YIELDS_NULL ON;SET ANSI_NULLS ON;SET ANSI_NULL_DFLT_ON ON;\
             SET ANSI_PADDING ON;SET ANSI_WARNINGS ON;SET ANSI_NULL_DFLT_ON ON;SET CURSOR_CLOSE_ON_COMMIT ON;\
             SET QUOTED_IDENTIFIER ON;SET TEXTSIZE 2147483647;",
            "SET TEXTSIZE 64512 USE SUSDB",
            "use [SUSDB]",
            "BEGIN TRAN",
            "IF @@TRANCOUNT > 0 COMMIT BEGIN TRAN",
            "IF @@TRANCOUNT > 0 ROLLBACK TRAN; ELSE PRINT 'none'",
            "set implicit_transactions off",
            "SET LANGUAGE us_english SET DATEFORMAT mdy SET LOCK_TIMEOUT -1 SET ROWCOUNT 0",
            "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED",
            "set quoted_identifier, ansi_nulls on",
            "SELECT @@SPID;; ;",
            "",
        ] {
            read(greeting).unwrap_or_else(|error| panic!("{greeting}: {error}"));
        }
    }

    #[test]
    fn procedures_are_called_in_every_spelling() {
        let call = execution(
            "DECLARE @rc int EXEC @rc = [dbo].[spX] 'a', -1, N'b', @c = 0x0A, @d = @e OUTPUT, @f = NULL, @g = DEFAULT",
        );
        assert_eq!(call.result.as_deref(), Some("@rc"));
        assert_eq!(call.procedure, "dbo.spX");
        let values: Vec<_> = call.arguments.iter().map(|argument| argument.value.clone()).collect();
        assert_eq!(
            values,
            [
                ArgumentValue::Constant(Value::NVarChar("a".to_owned())),
                ArgumentValue::Constant(Value::Int(-1)),
                ArgumentValue::Constant(Value::NVarChar("b".to_owned())),
                ArgumentValue::Constant(Value::VarBinary(vec![10])),
                ArgumentValue::Variable("@e".to_owned()),
                ArgumentValue::Constant(Value::Null),
                ArgumentValue::Default,
            ]
        );
        assert!(call.arguments[4].output);
        assert_eq!(call.arguments[3].name, "@c");
        assert_eq!(execution("spGetAllTargetGroups").procedure, "spGetAllTargetGroups");
        assert_eq!(execution("exec spConfiguration; ").arguments, []);
        assert_eq!(read("exec spA exec spB 1 select 2").unwrap().len(), 3);
    }

    #[test]
    fn what_is_not_listed_is_refused() {
        for (sql, number) in [
            ("INSERT INTO tbUpdate VALUES (1)", 229),
            ("UPDATE tbUpdate SET IsHidden = 1", 229),
            ("DELETE tbUpdate", 229),
            ("MERGE x USING y ON 1=1", 229),
            ("DROP TABLE tbUpdate", 229),
            ("SELECT 1; TRUNCATE TABLE tbUpdate", 229),
            ("BEGIN TRY SELECT 1 END TRY", 102),
            ("WHILE 1=1 SELECT 1", 102),
            ("EXEC ('SELECT 1')", 102),
            ("SET IMPLICIT_TRANSACTIONS ON", 102),
            ("SET ROWCOUNT 5", 102),
            ("SET NOCOUNT", 102),
            ("SELECT FROM", 102),
            ("SELECT 'a", 105),
            (") SELECT 1", 102),
            ("SELECT 1 1", 102),
        ] {
            assert_eq!(read(sql).unwrap_err().number, number, "{sql}");
        }
    }

    #[test]
    fn an_error_names_its_line() {
        let error = read("SELECT 1\nSELECT FROM x WHERE").unwrap_err();
        assert_eq!((error.number, error.line), (102, 2), "{error}");
    }

    #[test]
    fn length_is_bounded() {
        let list = |items: usize| format!("SELECT 1 WHERE 1 IN ({})", vec!["1"; items].join(","));
        assert!(read(&list(100_000)).is_ok());
        assert_eq!(read(&list(150_000)).unwrap_err().number, 8632);
    }

    #[test]
    fn depth_is_bounded() {
        for sql in [
            format!("SELECT {}", vec!["1"; 5_000].join("+")),
            format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000)),
            "SELECT 1".to_owned() + &" IS NULL".repeat(5_000),
            vec!["SELECT 1"; 5_000].join(" UNION ALL "),
            "IF 1=1 ".repeat(5_000) + "SELECT 1",
            "BEGIN ".repeat(5_000),
            format!("SELECT {} 1", "NOT ".repeat(5_000)),
            format!("SELECT 1 WHERE {}", vec!["a = 1 AND b = 2"; 1_000].join(" OR ")),
        ] {
            assert_eq!(read(&sql).unwrap_err().number, 191, "{}", &sql[..30]);
        }
        let list = vec!["'x'"; 20_000].join(",");
        assert!(read(&format!("SELECT 1 WHERE 'a' IN ({list})")).is_ok());
    }
}

//! Expressions of T-SQL as SQLite's, each with its SQL Server type.

use rusqlite::types::Value as Stored;
use sqlparser::ast::{BinaryOperator, CaseWhen, CastKind, DataType, Expr, Ident, UnaryOperator, Value as Literal};

use super::scope::{quoted, same};
use super::translate::Translator;
use super::{constant, convert, declared, errors, storage};
use crate::sandbox::database::ServerError;
use crate::sandbox::value::{SqlType, Value};

/// What kind of thing an expression is, as far as the expressions around it have to know.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A column or another value.
    Value,
    /// A column as it is: it carries its collation with it.
    Column,
    /// A constant.
    Constant(Value),
    /// A condition, which SQL Server does not let be a value.
    Predicate,
}

/// A translated expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// SQLite's SQL, complete in itself.
    pub sql: String,
    /// Its type; `None` where only its values can tell, and for NULL.
    pub sql_type: Option<SqlType>,
    /// What it is.
    pub shape: Shape,
}

impl Term {
    /// A value of a type.
    pub fn value(sql: String, sql_type: Option<SqlType>) -> Self {
        Self { sql, sql_type, shape: Shape::Value }
    }

    /// A condition.
    pub fn predicate(sql: String) -> Self {
        Self { sql, sql_type: None, shape: Shape::Predicate }
    }

    /// A constant of a type.
    pub fn constant(value: Value, sql_type: Option<SqlType>) -> Self {
        Self { sql: literal(&storage::store(&value)), sql_type, shape: Shape::Constant(value) }
    }

    /// Whether it is the constant NULL.
    pub fn is_null(&self) -> bool {
        self.shape == Shape::Constant(Value::Null)
    }

    /// Whether it is text, or may be.
    pub fn may_be_text(&self) -> bool {
        matches!(self.sql_type, Some(SqlType::NVarChar(_)) | None) && !self.is_null()
    }

    fn is_text(&self) -> bool {
        matches!(self.sql_type, Some(SqlType::NVarChar(_)))
    }

    /// The SQL with the collation that text compares by, which SQLite forgets behind a function.
    pub fn collated(&self) -> String {
        if self.may_be_text() && self.shape != Shape::Column {
            return format!("({} COLLATE NOCASE)", self.sql);
        }
        self.sql.clone()
    }
}

/// A stored value as a constant of SQLite's SQL.
pub fn literal(stored: &Stored) -> String {
    match stored {
        Stored::Null => "NULL".to_owned(),
        // The lowest number has no positive counterpart to negate.
        Stored::Integer(i64::MIN) => "(-9223372036854775807 - 1)".to_owned(),
        Stored::Integer(number) if *number < 0 => format!("({number})"),
        Stored::Integer(number) => number.to_string(),
        Stored::Real(number) => format!("({number:?})"),
        // SQLite ends a statement at NUL, so a text with one goes as bytes.
        Stored::Text(text) if text.contains('\0') => format!("CAST({} AS TEXT)", blob(text.as_bytes())),
        Stored::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Stored::Blob(bytes) => blob(bytes),
    }
}

fn blob(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("x'{digits}'")
}

impl Translator<'_> {
    /// Translates an expression that has to be a value.
    pub(super) fn value(&mut self, expression: &Expr) -> Result<Term, ServerError> {
        let term = self.term(expression)?;
        if term.shape == Shape::Predicate {
            return Err(errors::syntax(&first_operator(expression)));
        }
        Ok(term)
    }

    /// Translates an expression that has to be a condition.
    pub(super) fn predicate(&mut self, expression: &Expr) -> Result<String, ServerError> {
        let term = self.term(expression)?;
        if term.shape != Shape::Predicate {
            let text = format!(
                "An expression of non-boolean type specified in a context where a condition is expected, near '{expression}'."
            );
            return Err(errors::severe(4145, 15, text));
        }
        Ok(term.sql)
    }

    fn term(&mut self, expression: &Expr) -> Result<Term, ServerError> {
        match expression {
            Expr::Identifier(name) => self.identifier(name),
            Expr::CompoundIdentifier(parts) => self.qualified(parts),
            Expr::Value(value) => constant(&value.value),
            Expr::Nested(inner) => self.term(inner),
            Expr::BinaryOp { .. } => self.chain(expression),
            Expr::UnaryOp { op, expr } => self.unary(*op, expr),
            Expr::IsNull(inner) => Ok(Term::predicate(format!("({} IS NULL)", self.value(inner)?.sql))),
            Expr::IsNotNull(inner) => Ok(Term::predicate(format!("({} IS NOT NULL)", self.value(inner)?.sql))),
            Expr::InList { expr, list, negated } => self.in_list(expr, list, *negated),
            Expr::InSubquery { expr, subquery, negated } => {
                let left = self.value(expr)?;
                let query = self.subquery(subquery)?;
                one_column(&query.columns)?;
                let left = if left.may_be_text() || left.sql_type == Some(SqlType::UniqueIdentifier) {
                    format!("({} COLLATE NOCASE)", left.sql)
                } else {
                    left.sql
                };
                Ok(Term::predicate(format!("({left} {}IN ({}))", not(*negated), query.sql)))
            }
            Expr::Between { expr, negated, low, high } => {
                let value = self.value(expr)?;
                let (low, high) = (self.value(low)?, self.value(high)?);
                let lower = compare(&value, ">=", &low)?;
                let upper = compare(&value, "<=", &high)?;
                let not = if *negated { "NOT " } else { "" };
                Ok(Term::predicate(format!("({not}({lower} AND {upper}))")))
            }
            Expr::Like { negated, any: false, expr, pattern, escape_char } => {
                let (text, pattern) = (self.value(expr)?, self.value(pattern)?);
                let escape = match escape_char {
                    Some(escape) => format!(" ESCAPE {}", self.value(escape)?.sql),
                    None => String::new(),
                };
                Ok(Term::predicate(format!("({} {}LIKE {}{escape})", text.sql, not(*negated), pattern.sql)))
            }
            Expr::Cast { kind, expr, data_type, format: None } => {
                let value = self.value(expr)?;
                cast(&value, data_type, 0, *kind == CastKind::TryCast)
            }
            Expr::Convert { is_try, expr, data_type: Some(data_type), charset: None, styles, .. } => {
                let value = self.value(expr)?;
                let style = self.style(styles)?;
                cast(&value, data_type, style, *is_try)
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            Expr::Exists { subquery, negated } => {
                let query = self.subquery(subquery)?;
                Ok(Term::predicate(format!("({}EXISTS ({}))", not(*negated), query.sql)))
            }
            Expr::Subquery(query) => {
                let query = self.subquery(query)?;
                let column = one_column(&query.columns)?;
                Ok(Term::value(format!("({})", query.sql), column))
            }
            // There is one collation only.
            Expr::Collate { expr, .. } => {
                let term = self.value(expr)?;
                Ok(Term { shape: Shape::Value, ..term })
            }
            Expr::Function(function) => self.function(function),
            Expr::Substring {
                expr, substring_from: Some(from), substring_for: Some(length), special: true, ..
            } => self.substring(expr, from, length),
            Expr::Trim { trim_where: None, trim_what: None, expr, trim_characters: None } => {
                let text = self.value(expr)?;
                Ok(Term::value(format!("trim({})", text.sql), text_type(&text)))
            }
            other => Err(errors::unsupported(&format!("the expression '{other}'"))),
        }
    }

    /// A name by itself: a variable, a function without parentheses, or a column.
    fn identifier(&mut self, name: &Ident) -> Result<Term, ServerError> {
        if name.quote_style.is_none() {
            if name.value.starts_with("@@") {
                return self.global(&name.value);
            }
            if name.value.starts_with('@') {
                return self.variable(&name.value);
            }
        }
        match self.column(None, &name.value) {
            Err(error) if error.number == 207 && name.quote_style.is_none() => {
                self.bare_function(&name.value).ok_or(error)
            }
            found => found,
        }
    }

    fn qualified(&mut self, parts: &[Ident]) -> Result<Term, ServerError> {
        let Some((name, qualifiers)) = parts.split_last() else { return Err(errors::syntax(".")) };
        let table = qualifiers.last().map(|table| table.value.as_str());
        self.column(table, &name.value).map_err(|error| {
            if error.number == 4104 {
                let full: Vec<_> = parts.iter().map(|part| part.value.as_str()).collect();
                return errors::unbound_column(&full.join("."));
            }
            error
        })
    }

    /// Finds a column in the tables of this query, then in those of the queries around it.
    pub(super) fn column(&self, table: Option<&str>, name: &str) -> Result<Term, ServerError> {
        let mut table_seen = false;
        for sources in self.scopes.iter().rev() {
            let mut found = Vec::new();
            for source in sources.iter().filter(|source| table.is_none_or(|table| same(table, &source.name))) {
                table_seen = true;
                let columns = source.columns.iter().filter(|column| same(&column.name, name));
                found.extend(columns.map(|column| (source, column)));
            }
            match found.as_slice() {
                [] if table.is_some() && table_seen => return Err(errors::unknown_column(name)),
                [] => {}
                [(source, column)] => {
                    let sql = format!("{}.{}", quoted(&source.name), quoted(&column.name));
                    return Ok(Term { sql, sql_type: column.sql_type, shape: Shape::Column });
                }
                _ => return Err(errors::ambiguous_column(name)),
            }
        }
        match table {
            Some(table) => Err(errors::unbound_column(&format!("{table}.{name}"))),
            None => Err(errors::unknown_column(name)),
        }
    }

    /// A chain of operators of any length, without a level of recursion for each.
    fn chain(&mut self, expression: &Expr) -> Result<Term, ServerError> {
        let mut links = Vec::new();
        let mut first = expression;
        while let Expr::BinaryOp { left, op, right } = first {
            links.push((op, right.as_ref()));
            first = left;
        }
        let mut term = self.term(first)?;
        for (operator, right) in links.into_iter().rev() {
            let right = self.term(right)?;
            term = binary(&term, operator, &right)?;
        }
        Ok(term)
    }

    fn unary(&mut self, operator: UnaryOperator, operand: &Expr) -> Result<Term, ServerError> {
        if operator == UnaryOperator::Not {
            return Ok(Term::predicate(format!("(NOT {})", self.predicate(operand)?)));
        }
        let term = self.value(operand)?;
        let sign = match operator {
            UnaryOperator::Plus => return Ok(term),
            UnaryOperator::Minus => "-",
            UnaryOperator::BitwiseNot => "~",
            other => return Err(errors::syntax(&other.to_string())),
        };
        if term.sql_type.is_some_and(|sql_type| !declared::is_number(sql_type)) {
            let name = term.sql_type.map_or("NULL", declared::name);
            return Err(errors::error(8117, format!("Operand data type {name} is invalid for {sign} operator.")));
        }
        if let (UnaryOperator::Minus, Shape::Constant(Value::Int(number))) = (operator, &term.shape) {
            return Ok(Term::constant(Value::Int(-number), Some(SqlType::Int)));
        }
        Ok(Term::value(format!("({sign}{})", term.sql), term.sql_type))
    }

    fn in_list(&mut self, expression: &Expr, list: &[Expr], negated: bool) -> Result<Term, ServerError> {
        let left = self.value(expression)?;
        let mut members = Vec::with_capacity(list.len());
        for member in list {
            let member = self.value(member)?;
            members.push(align(&left, &member)?.1);
        }
        let left = if left.may_be_text() { format!("({} COLLATE NOCASE)", left.sql) } else { left.sql };
        Ok(Term::predicate(format!("({left} {}IN ({}))", not(negated), members.join(", "))))
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        conditions: &[CaseWhen],
        otherwise: Option<&Expr>,
    ) -> Result<Term, ServerError> {
        let operand = operand.map(|operand| self.value(operand)).transpose()?;
        let mut sql = "(CASE".to_owned();
        let mut branches = Vec::new();
        for branch in conditions {
            let condition = match &operand {
                Some(operand) => {
                    let value = self.value(&branch.condition)?;
                    compare(operand, "=", &value)?
                }
                None => self.predicate(&branch.condition)?,
            };
            let result = self.value(&branch.result)?;
            sql.push_str(&format!(" WHEN {condition} THEN {}", result.sql));
            branches.push(result);
        }
        if let Some(otherwise) = otherwise {
            let result = self.value(otherwise)?;
            sql.push_str(&format!(" ELSE {}", result.sql));
            branches.push(result);
        }
        sql.push_str(" END)");
        Ok(Term::value(sql, common_type(&branches)))
    }

    fn substring(&mut self, text: &Expr, from: &Expr, length: &Expr) -> Result<Term, ServerError> {
        let text = self.value(text)?;
        let (from, length) = (self.value(from)?, self.value(length)?);
        Ok(substring(&text, &from, &length))
    }

    fn style(&mut self, styles: &[Expr]) -> Result<i64, ServerError> {
        let Some(style) = styles.first() else { return Ok(0) };
        match self.value(style)?.shape {
            Shape::Constant(Value::Int(style)) => Ok(i64::from(style)),
            _ => Err(errors::unsupported("a style of CONVERT that is not a constant")),
        }
    }
}

/// SUBSTRING: characters before the first one count against the length.
pub(super) fn substring(text: &Term, from: &Term, length: &Term) -> Term {
    let (from, length) = (&from.sql, &length.sql);
    let sql = format!("substr({}, max({from}, 1), max({length} + min({from}, 1) - 1, 0))", text.sql);
    Term::value(sql, text_type(text))
}

/// The type of a text function's result: as long as its argument.
pub(super) fn text_type(text: &Term) -> Option<SqlType> {
    if text.is_text() { text.sql_type } else { Some(SqlType::NVarChar(None)) }
}

fn not(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}

fn first_operator(expression: &Expr) -> String {
    match expression {
        Expr::BinaryOp { op, .. } => op.to_string(),
        Expr::Nested(inner) => first_operator(inner),
        other => other.to_string(),
    }
}

fn one_column(columns: &[super::scope::ResultColumn]) -> Result<Option<SqlType>, ServerError> {
    match columns {
        [column] => Ok(column.sql_type),
        _ => Err(errors::error(
            116,
            "Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.",
        )),
    }
}

fn constant(value: &Literal) -> Result<Term, ServerError> {
    match value {
        Literal::Null => Ok(Term::constant(Value::Null, None)),
        Literal::Number(digits, false) => {
            let value = constant::number(digits, false).ok_or_else(|| errors::syntax(digits))?;
            let sql_type = match &value {
                Value::Decimal { unscaled, scale } => {
                    let digits = u8::try_from(unscaled.unsigned_abs().to_string().len()).unwrap_or(38);
                    Some(SqlType::Decimal { precision: digits.max(*scale).clamp(1, 38), scale: *scale })
                }
                other => convert::type_of(other),
            };
            Ok(Term::constant(value, sql_type))
        }
        Literal::SingleQuotedString(text) | Literal::NationalStringLiteral(text) => {
            let length = text.encode_utf16().count().max(1);
            let length = u16::try_from(length).ok().filter(|length| *length <= 4000);
            Ok(Term::constant(Value::NVarChar(text.clone()), Some(SqlType::NVarChar(length))))
        }
        Literal::HexStringLiteral(digits) => {
            let bytes = constant::bytes(digits).ok_or_else(|| errors::syntax(digits))?;
            let length = u16::try_from(bytes.len().max(1)).ok().filter(|length| *length <= 8000);
            Ok(Term::constant(Value::VarBinary(bytes), Some(SqlType::VarBinary(length))))
        }
        other => Err(errors::syntax(&other.to_string())),
    }
}

fn binary(left: &Term, operator: &BinaryOperator, right: &Term) -> Result<Term, ServerError> {
    let predicates = (left.shape == Shape::Predicate, right.shape == Shape::Predicate);
    let comparison = match operator {
        BinaryOperator::And | BinaryOperator::Or => {
            if predicates != (true, true) {
                let text =
                    "An expression of non-boolean type specified in a context where a condition is expected, near";
                return Err(errors::severe(4145, 15, format!("{text} '{operator}'.")));
            }
            return Ok(Term::predicate(format!("({} {operator} {})", left.sql, right.sql)));
        }
        BinaryOperator::Eq => "=",
        BinaryOperator::NotEq => "<>",
        BinaryOperator::Lt => "<",
        BinaryOperator::LtEq => "<=",
        BinaryOperator::Gt => ">",
        BinaryOperator::GtEq => ">=",
        _ => "",
    };
    if predicates != (false, false) {
        return Err(errors::syntax(&operator.to_string()));
    }
    if !comparison.is_empty() {
        return compare(left, comparison, right).map(Term::predicate);
    }
    arithmetic(left, operator, right)
}

fn arithmetic(left: &Term, operator: &BinaryOperator, right: &Term) -> Result<Term, ServerError> {
    let date = |term: &Term| term.sql_type.is_some_and(declared::is_date);
    let number = |term: &Term| term.is_null() || term.sql_type.is_some_and(declared::is_number);
    let (one, other) = (&left.sql, &right.sql);
    let sign = match operator {
        BinaryOperator::Plus if left.is_text() && right.is_text() => {
            return Ok(Term::value(format!("({one} || {other})"), concatenated(left, right)));
        }
        // A number added to a date is days.
        BinaryOperator::Plus if date(left) && number(right) => {
            return Ok(Term::value(format!("tsql_dateadd('day', {other}, {one})"), left.sql_type));
        }
        BinaryOperator::Minus if date(left) && number(right) => {
            return Ok(Term::value(format!("tsql_dateadd('day', -{other}, {one})"), left.sql_type));
        }
        BinaryOperator::Plus => "+",
        BinaryOperator::Minus => "-",
        BinaryOperator::Multiply => "*",
        BinaryOperator::Divide => "/",
        BinaryOperator::Modulo => "%",
        BinaryOperator::BitwiseAnd => "&",
        BinaryOperator::BitwiseOr => "|",
        other => return Err(errors::syntax(&other.to_string())),
    };
    if !number(left) || !number(right) {
        let name = |term: &Term| term.sql_type.map_or("NULL", declared::name);
        let text = format!(
            "The data types {} and {} are incompatible in the '{sign}' operator: the sandbox adds numbers to numbers and \
             text to text; CAST one of them.",
            name(left),
            name(right)
        );
        return Err(errors::error(402, text));
    }
    let sql_type = match (left.sql_type, right.sql_type) {
        (Some(left), Some(right)) => Some(declared::unify(left, right)),
        (left, right) => left.or(right),
    };
    let sql = match sign {
        "/" => format!("tsql_divide({one}, {other})"),
        "%" => format!("tsql_modulo({one}, {other})"),
        sign => format!("({one} {sign} {other})"),
    };
    Ok(Term::value(sql, sql_type))
}

fn concatenated(left: &Term, right: &Term) -> Option<SqlType> {
    let (Some(SqlType::NVarChar(left)), Some(SqlType::NVarChar(right))) = (left.sql_type, right.sql_type) else {
        return Some(SqlType::NVarChar(None));
    };
    let length = left.zip(right).map(|(left, right)| left.saturating_add(right).min(4000));
    Some(SqlType::NVarChar(length))
}

/// Compares two values by the collation and by the type that SQL Server would compare by.
pub(super) fn compare(left: &Term, operator: &str, right: &Term) -> Result<String, ServerError> {
    let (one, other) = align(left, right)?;
    if left.may_be_text() && right.may_be_text() {
        return Ok(format!("({one} {operator} {other} COLLATE NOCASE)"));
    }
    Ok(format!("({one} {operator} {other})"))
}

/// Both sides of a comparison as SQL, text converted to the other side's type where that is not text.
fn align(left: &Term, right: &Term) -> Result<(String, String), ServerError> {
    let (Some(left_type), Some(right_type)) = (left.sql_type, right.sql_type) else {
        return Ok((left.sql.clone(), right.sql.clone()));
    };
    match (left.is_text(), right.is_text()) {
        (true, false) => Ok((converted(left, right_type)?, right.sql.clone())),
        (false, true) => Ok((left.sql.clone(), converted(right, left_type)?)),
        (true, true) => Ok((left.sql.clone(), right.sql.clone())),
        (false, false) => {
            let class = |sql_type: SqlType| match sql_type {
                SqlType::UniqueIdentifier => 1,
                date if declared::is_date(date) => 2,
                SqlType::VarBinary(_) => 3,
                _ => 0,
            };
            if class(left_type) != class(right_type) {
                let (from, to) = (declared::name(right_type), declared::name(left_type));
                return Err(errors::error(206, format!("Operand type clash: {from} is incompatible with {to}")));
            }
            Ok((left.sql.clone(), right.sql.clone()))
        }
    }
}

/// A text as a value of another type: at once where it is a constant, row by row otherwise.
fn converted(term: &Term, target: SqlType) -> Result<String, ServerError> {
    if let Shape::Constant(value) = &term.shape {
        return Ok(literal(&storage::store(&convert::convert(value, target)?)));
    }
    Ok(format!("tsql_cast({}, 'nvarchar(max)', '{}', 0, 0)", term.sql, declared::spelled(target)))
}

/// The type of what is chosen from several expressions.
pub(super) fn common_type(branches: &[Term]) -> Option<SqlType> {
    let mut types = branches.iter().filter(|branch| !branch.is_null()).map(|branch| branch.sql_type);
    let first = types.next()??;
    types.try_fold(first, |common, next| Some(declared::unify(common, next?)))
}

fn cast(value: &Term, data_type: &DataType, style: i64, lenient: bool) -> Result<Term, ServerError> {
    let mut spelled = data_type.to_string();
    // A length left out is 30 here, and 1 in a declaration.
    if let "NVARCHAR" | "VARCHAR" | "CHAR" | "NCHAR" | "VARBINARY" = spelled.to_ascii_uppercase().as_str() {
        spelled.push_str("(30)");
    }
    let target = declared::parse(&spelled)
        .ok_or_else(|| errors::error(243, format!("Type {spelled} is not a type that the sandbox has.")))?;
    let source = value.sql_type.map(declared::spelled).unwrap_or_default();
    let (target_text, lenient) = (declared::spelled(target), u8::from(lenient));
    let sql = format!("tsql_cast({}, '{source}', '{target_text}', {style}, {lenient})", value.sql);
    Ok(Term::value(sql, Some(target)))
}

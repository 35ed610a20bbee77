//! Queries of T-SQL as SQLite's.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::Value as Stored;
use sqlparser::ast::{
    Distinct, Expr, Fetch, GroupByExpr, Ident, LimitClause, ObjectName, ObjectNamePart, OrderBy, OrderByKind,
    OrderBySort, Query, Select, SelectFlavor, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, SetOperator,
    SetQuantifier, Top, TopQuantity, Value as Literal,
};

use super::expression::Term;
use super::scope::{ResultColumn, Source, Surroundings, quoted, same};
use super::source::named;
use super::{declared, errors, storage};
use crate::sandbox::database::ServerError;
use crate::sandbox::value::SqlType;

/// A query as SQLite runs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Translated {
    /// SQLite's SQL.
    pub sql: String,
    /// What it binds, `?1` first.
    pub parameters: Vec<Stored>,
    /// Its result columns.
    pub columns: Vec<ResultColumn>,
    /// The variables that its columns are assigned to, where it is `SELECT @x = ...`.
    pub assignments: Vec<String>,
    /// The system views that it reads.
    pub system_views: BTreeSet<&'static str>,
}

/// A part of a query with the columns that it gives.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) sql: String,
    pub(super) columns: Vec<ResultColumn>,
}

/// Translates one statement.
pub struct Translator<'a> {
    pub(super) around: Surroundings<'a>,
    /// The tables of this query and of those around it, the innermost last.
    pub(super) scopes: Vec<Vec<Source>>,
    pub(super) common: Vec<Source>,
    parameters: Vec<Stored>,
    bound: BTreeMap<String, usize>,
    pub(super) system_views: BTreeSet<&'static str>,
    assignments: Vec<String>,
}

impl<'a> Translator<'a> {
    /// Begins with nothing but what is around the statement.
    pub fn new(around: Surroundings<'a>) -> Self {
        Self {
            around,
            scopes: Vec::new(),
            common: Vec::new(),
            parameters: Vec::new(),
            bound: BTreeMap::new(),
            system_views: BTreeSet::new(),
            assignments: Vec::new(),
        }
    }

    /// Translates a query.
    ///
    /// # Errors
    /// What SQL Server would say of it, or that the sandbox does not support it.
    pub fn statement(mut self, query: &Query) -> Result<Translated, ServerError> {
        self.assignments = assignments(query)?;
        let part = self.query(query)?;
        Ok(self.finish(part))
    }

    /// Translates an expression by itself.
    ///
    /// # Errors
    /// As [`Translator::statement`].
    pub fn scalar(mut self, expression: &Expr) -> Result<Translated, ServerError> {
        let term = self.value(expression)?;
        let column = ResultColumn { name: String::new(), sql_type: term.sql_type };
        Ok(self.finish(Part { sql: format!("SELECT {}", term.sql), columns: vec![column] }))
    }

    /// Translates a condition by itself: one column that is 1 where it holds.
    ///
    /// # Errors
    /// As [`Translator::statement`].
    pub fn condition(mut self, expression: &Expr) -> Result<Translated, ServerError> {
        let sql = format!("SELECT {} IS TRUE", self.predicate(expression)?);
        let column = ResultColumn { name: String::new(), sql_type: Some(SqlType::Bit) };
        Ok(self.finish(Part { sql, columns: vec![column] }))
    }

    fn finish(self, part: Part) -> Translated {
        Translated {
            sql: part.sql,
            parameters: self.parameters,
            columns: part.columns,
            assignments: self.assignments,
            system_views: self.system_views,
        }
    }

    /// A variable as a bound parameter, the same one each time.
    pub(super) fn variable(&mut self, name: &str) -> Result<Term, ServerError> {
        let key = name.to_lowercase();
        let variable = self.around.variables.get(&key).ok_or_else(|| errors::unknown_variable(name))?;
        let parameters = &mut self.parameters;
        let index = *self.bound.entry(key).or_insert_with(|| {
            parameters.push(storage::store(&variable.value));
            parameters.len()
        });
        Ok(Term::value(format!("?{index}"), Some(variable.sql_type)))
    }

    /// A query inside an expression, which sees the tables around it.
    pub(super) fn subquery(&mut self, query: &Query) -> Result<Part, ServerError> {
        if !assignments(query)?.is_empty() {
            return Err(errors::syntax("="));
        }
        self.query(query)
    }

    fn query(&mut self, query: &Query) -> Result<Part, ServerError> {
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        if for_clause.is_some() {
            return Err(errors::unsupported("FOR XML and FOR JSON"));
        }
        if !locks.is_empty() || settings.is_some() || format_clause.is_some() || !pipe_operators.is_empty() {
            return Err(errors::syntax("FOR"));
        }
        let common = self.common.len();
        let mut sql = String::new();
        if let Some(with) = with {
            if with.recursive {
                return Err(errors::syntax("RECURSIVE"));
            }
            let mut definitions = Vec::new();
            for table in &with.cte_tables {
                if table.from.is_some() || table.materialized.is_some() {
                    return Err(errors::syntax("MATERIALIZED"));
                }
                let part = self.subquery(&table.query)?;
                let (sql, source) = named(part, &table.alias)?;
                definitions.push(format!("{} AS ({sql})", quoted(&source.name)));
                self.common.push(source);
            }
            sql = format!("WITH {} ", definitions.join(", "));
        }
        let part = self.body(body, order_by.as_ref(), limit_clause.as_ref(), fetch.as_ref())?;
        self.common.truncate(common);
        Ok(Part { sql: sql + &part.sql, columns: part.columns })
    }

    fn body(
        &mut self,
        body: &SetExpr,
        order_by: Option<&OrderBy>,
        limit: Option<&LimitClause>,
        fetch: Option<&Fetch>,
    ) -> Result<Part, ServerError> {
        if let SetExpr::Select(select) = body {
            let top = select.top.as_ref();
            if top.is_some() && (limit.is_some() || fetch.is_some()) {
                return Err(errors::error(10741, "A TOP can not be used in the same query or sub-query as a OFFSET."));
            }
            return self.select(select, order_by, limit, fetch);
        }
        let mut part = self.set_expression(body)?;
        if let Some(order_by) = order_by {
            let columns = part.columns.clone();
            self.scopes.push(Vec::new());
            let order = self.order(order_by, &columns);
            self.scopes.pop();
            let order = order.map_err(|error| match error.number {
                207 | 4104 => {
                    let text = "ORDER BY items must appear in the select list if the statement contains a UNION, INTERSECT or \
                                EXCEPT operator.";
                    errors::error(104, text)
                }
                _ => error,
            })?;
            part.sql.push_str(&order);
        }
        part.sql.push_str(&self.limit(None, order_by.is_some(), limit, fetch)?);
        Ok(part)
    }

    /// UNION, EXCEPT and INTERSECT of any number of queries.
    fn set_expression(&mut self, body: &SetExpr) -> Result<Part, ServerError> {
        let mut operations = Vec::new();
        let mut first = body;
        while let SetExpr::SetOperation { left, op, set_quantifier, right } = first {
            let operator = match (op, set_quantifier) {
                (SetOperator::Union, SetQuantifier::All) => "UNION ALL",
                (SetOperator::Union, SetQuantifier::None) => "UNION",
                (SetOperator::Except, SetQuantifier::None) => "EXCEPT",
                (SetOperator::Intersect, SetQuantifier::None) => "INTERSECT",
                (op, quantifier) => return Err(errors::syntax(&format!("{op} {quantifier}"))),
            };
            operations.push((operator, right.as_ref()));
            first = left;
        }
        let mut part = self.member(first)?;
        for (operator, right) in operations.into_iter().rev() {
            let right = self.member(right)?;
            if right.columns.len() != part.columns.len() {
                return Err(errors::error(
                    205,
                    "All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of \
                     expressions in their target lists.",
                ));
            }
            for (column, other) in part.columns.iter_mut().zip(&right.columns) {
                column.sql_type = match (column.sql_type, other.sql_type) {
                    (Some(one), Some(other)) => Some(declared::unify(one, other)),
                    (one, other) => one.or(other),
                };
            }
            part.sql = format!("{} {operator} {}", part.sql, right.sql);
        }
        Ok(part)
    }

    /// One query of a set operation. SQLite has no parentheses there.
    fn member(&mut self, body: &SetExpr) -> Result<Part, ServerError> {
        let part = match body {
            SetExpr::Select(select) if select.top.is_none() => return self.select(select, None, None, None),
            SetExpr::Select(select) => self.select(select, None, None, None)?,
            SetExpr::Query(query) => self.subquery(query)?,
            SetExpr::SetOperation { .. } => self.set_expression(body)?,
            SetExpr::Values(_)
            | SetExpr::Insert(_)
            | SetExpr::Update(_)
            | SetExpr::Delete(_)
            | SetExpr::Merge(_)
            | SetExpr::Table(_) => return Err(refused(body)),
        };
        Ok(Part { sql: format!("SELECT * FROM ({})", part.sql), columns: part.columns })
    }

    fn select(
        &mut self,
        select: &Select,
        order_by: Option<&OrderBy>,
        limit: Option<&LimitClause>,
        fetch: Option<&Fetch>,
    ) -> Result<Part, ServerError> {
        check_clauses(select)?;
        self.scopes.push(Vec::new());
        let part = self.select_in_scope(select, order_by, limit, fetch);
        self.scopes.pop();
        part
    }

    fn select_in_scope(
        &mut self,
        select: &Select,
        order_by: Option<&OrderBy>,
        limit: Option<&LimitClause>,
        fetch: Option<&Fetch>,
    ) -> Result<Part, ServerError> {
        let mut from = String::new();
        for (index, table) in select.from.iter().enumerate() {
            // Not CROSS JOIN, round which SQLite does not reorder tables.
            from.push_str(if index == 0 { " FROM " } else { " JOIN " });
            from.push_str(&self.joined(table)?);
        }
        let (items, columns) = self.projection(&select.projection)?;
        self.check_grouping(select, order_by, &columns)?;
        let distinct = match select.distinct {
            Some(Distinct::Distinct) => "DISTINCT ",
            Some(Distinct::All) | None => "",
            Some(Distinct::On(_)) => return Err(errors::syntax("ON")),
        };
        let mut sql = format!("SELECT {distinct}{}{from}", items.join(", "));
        if let Some(condition) = &select.selection {
            sql.push_str(&format!(" WHERE {}", self.predicate(condition)?));
        }
        sql.push_str(&self.group(&select.group_by)?);
        if let Some(condition) = &select.having {
            sql.push_str(&format!(" HAVING {}", self.predicate(condition)?));
        }
        if let Some(order_by) = order_by {
            sql.push_str(&self.order(order_by, &columns)?);
        }
        sql.push_str(&self.limit(select.top.as_ref(), order_by.is_some(), limit, fetch)?);
        Ok(Part { sql, columns })
    }

    fn projection(&mut self, projection: &[SelectItem]) -> Result<(Vec<String>, Vec<ResultColumn>), ServerError> {
        let mut items = Vec::new();
        let mut columns = Vec::new();
        for item in projection {
            match item {
                SelectItem::UnnamedExpr(expression) => {
                    let term = self.value(expression)?;
                    let name = match expression {
                        Expr::Identifier(name) if !name.value.starts_with('@') => name.value.clone(),
                        Expr::CompoundIdentifier(parts) => {
                            parts.last().map(|name| name.value.clone()).unwrap_or_default()
                        }
                        _ => String::new(),
                    };
                    push_item(&mut items, &mut columns, &term, name);
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let term = self.value(expr)?;
                    push_item(&mut items, &mut columns, &term, alias.value.clone());
                }
                SelectItem::Wildcard(_) => self.wildcard(None, &mut items, &mut columns)?,
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    let table = last_part(name)?;
                    self.wildcard(Some(table), &mut items, &mut columns)?;
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(_), _)
                | SelectItem::ExprWithAliases { .. } => return Err(errors::syntax(&item.to_string())),
            }
        }
        Ok((items, columns))
    }

    fn wildcard(
        &self,
        table: Option<&str>,
        items: &mut Vec<String>,
        columns: &mut Vec<ResultColumn>,
    ) -> Result<(), ServerError> {
        let sources = self.scopes.last().map(Vec::as_slice).unwrap_or_default();
        let mut found = false;
        for source in sources.iter().filter(|source| table.is_none_or(|table| same(table, &source.name))) {
            found = true;
            for column in &source.columns {
                let name = quoted(&column.name);
                items.push(format!("{}.{name} AS {name}", quoted(&source.name)));
                columns.push(column.clone());
            }
        }
        match table {
            _ if found => Ok(()),
            Some(table) => Err(errors::error(
                107,
                format!("The column prefix '{table}' does not match with a table name used in the query."),
            )),
            None => Err(errors::error(263, "Must specify table to select from.")),
        }
    }

    fn group(&mut self, group_by: &GroupByExpr) -> Result<String, ServerError> {
        let expressions = match group_by {
            GroupByExpr::Expressions(expressions, modifiers) if modifiers.is_empty() => expressions,
            _ => return Err(errors::unsupported("GROUP BY ALL, ROLLUP and CUBE")),
        };
        if expressions.is_empty() {
            return Ok(String::new());
        }
        let mut groups = Vec::new();
        for expression in expressions {
            if matches!(expression, Expr::Value(_)) {
                return Err(errors::error(
                    164,
                    "Each GROUP BY expression must contain at least one column that is not an outer reference.",
                ));
            }
            groups.push(self.value(expression)?.collated());
        }
        Ok(format!(" GROUP BY {}", groups.join(", ")))
    }

    /// ORDER BY: a column of the result by its name or number, or any expression of the query's tables.
    fn order(&mut self, order_by: &OrderBy, columns: &[ResultColumn]) -> Result<String, ServerError> {
        let expressions = match order_by {
            OrderBy { kind: OrderByKind::Expressions(expressions), interpolate: None } => expressions,
            _ => return Err(errors::syntax("ALL")),
        };
        let mut orders = Vec::new();
        for item in expressions {
            if item.with_fill.is_some() || item.options.nulls_first.is_some() {
                return Err(errors::syntax("NULLS"));
            }
            let key = match self.ordinal(&item.expr, columns)? {
                Some(key) => key,
                None => self.value(&item.expr)?.collated(),
            };
            let direction = match item.options.sort {
                None | Some(OrderBySort::Asc) => "",
                Some(OrderBySort::Desc) => " DESC",
                Some(_) => return Err(errors::syntax("USING")),
            };
            orders.push(format!("{key}{direction}"));
        }
        Ok(format!(" ORDER BY {}", orders.join(", ")))
    }

    /// A result column that ORDER BY names, as its number.
    pub(super) fn ordinal(&self, expression: &Expr, columns: &[ResultColumn]) -> Result<Option<String>, ServerError> {
        let position = match expression {
            Expr::Identifier(name) => columns.iter().position(|column| same(&column.name, &name.value)),
            Expr::Value(value) => {
                let Literal::Number(digits, false) = &value.value else {
                    return Err(errors::error(408, "A constant expression was encountered in the ORDER BY list."));
                };
                let number = digits.parse::<usize>().ok().filter(|number| (1..=columns.len()).contains(number));
                let Some(number) = number else {
                    let text = format!(
                        "The ORDER BY position number {digits} is out of range of the number of items in the select list."
                    );
                    return Err(errors::error(108, text));
                };
                Some(number - 1)
            }
            _ => None,
        };
        Ok(position.map(|position| {
            let number = position + 1;
            match columns[position].sql_type {
                Some(SqlType::NVarChar(_)) | None => format!("{number} COLLATE NOCASE"),
                Some(_) => number.to_string(),
            }
        }))
    }

    fn limit(
        &mut self,
        top: Option<&Top>,
        ordered: bool,
        limit: Option<&LimitClause>,
        fetch: Option<&Fetch>,
    ) -> Result<String, ServerError> {
        if let Some(top) = top {
            if top.percent || top.with_ties {
                return Err(errors::unsupported("TOP with PERCENT or TIES"));
            }
            let count = match &top.quantity {
                Some(TopQuantity::Constant(count)) => count.to_string(),
                Some(TopQuantity::Expr(expression)) => self.value(expression)?.sql,
                None => return Err(errors::syntax("TOP")),
            };
            return Ok(format!(" LIMIT {count}"));
        }
        let offset = match limit {
            None if fetch.is_some() => return Err(errors::syntax("FETCH")),
            None => return Ok(String::new()),
            Some(LimitClause::LimitOffset { limit: None, offset: Some(offset), limit_by }) if limit_by.is_empty() => {
                offset
            }
            Some(_) => return Err(errors::syntax("LIMIT")),
        };
        if !ordered {
            return Err(errors::syntax("OFFSET"));
        }
        let count = match fetch {
            Some(Fetch { with_ties: false, percent: false, quantity: Some(count) }) => self.value(count)?.sql,
            None => "-1".to_owned(),
            Some(_) => return Err(errors::syntax("FETCH")),
        };
        Ok(format!(" LIMIT {count} OFFSET {}", self.value(&offset.value)?.sql))
    }
}

fn push_item(items: &mut Vec<String>, columns: &mut Vec<ResultColumn>, term: &Term, name: String) {
    let sql = term.collated();
    items.push(if name.is_empty() { sql } else { format!("{sql} AS {}", quoted(&name)) });
    // SQL Server gives a bare NULL the type int.
    let sql_type = if term.is_null() { Some(SqlType::Int) } else { term.sql_type };
    columns.push(ResultColumn { name, sql_type });
}

/// The variables of `SELECT @x = ..., @y = ...`: of all columns or of none.
fn assignments(query: &Query) -> Result<Vec<String>, ServerError> {
    let SetExpr::Select(select) = query.body.as_ref() else { return Ok(Vec::new()) };
    let variables: Vec<_> = select
        .projection
        .iter()
        .filter_map(|item| match item {
            SelectItem::ExprWithAlias { alias: Ident { value, quote_style: None, .. }, .. }
                if value.starts_with('@') =>
            {
                Some(value.clone())
            }
            _ => None,
        })
        .collect();
    if variables.is_empty() || variables.len() == select.projection.len() {
        return Ok(variables);
    }
    Err(errors::severe(
        141,
        15,
        "A SELECT statement that assigns a value to a variable must not be combined with data-retrieval operations.",
    ))
}

/// Refuses the clauses of other products, and those of SQL Server that write.
fn check_clauses(select: &Select) -> Result<(), ServerError> {
    if select.into.is_some() {
        return Err(errors::read_only("SELECT INTO"));
    }
    let foreign = !select.optimizer_hints.is_empty()
        || select.select_modifiers.is_some()
        || select.exclude.is_some()
        || !select.lateral_views.is_empty()
        || select.prewhere.is_some()
        || !select.connect_by.is_empty()
        || !select.cluster_by.is_empty()
        || !select.distribute_by.is_empty()
        || !select.sort_by.is_empty()
        || !select.named_window.is_empty()
        || select.qualify.is_some()
        || select.value_table_mode.is_some()
        || select.flavor != SelectFlavor::Standard
        || select.projection.is_empty();
    if foreign { Err(errors::syntax("SELECT")) } else { Ok(()) }
}

fn refused(body: &SetExpr) -> ServerError {
    match body {
        SetExpr::Insert(_) => errors::read_only("INSERT"),
        SetExpr::Update(_) => errors::read_only("UPDATE"),
        SetExpr::Delete(_) => errors::read_only("DELETE"),
        SetExpr::Merge(_) => errors::read_only("MERGE"),
        SetExpr::Values(_) => errors::syntax("VALUES"),
        _ => errors::syntax("TABLE"),
    }
}

/// The parts of a name; an empty one where two dots stand side by side.
pub(super) fn parts(name: &ObjectName) -> Result<Vec<String>, ServerError> {
    name.0
        .iter()
        .map(|part| match part {
            ObjectNamePart::Identifier(ident) => Ok(ident.value.clone()),
            ObjectNamePart::Function(_) => Err(errors::unknown_object(&name.to_string())),
        })
        .collect()
}

fn last_part(name: &ObjectName) -> Result<&str, ServerError> {
    match name.0.last() {
        Some(ObjectNamePart::Identifier(ident)) => Ok(&ident.value),
        _ => Err(errors::syntax(&name.to_string())),
    }
}

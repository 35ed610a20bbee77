//! Refuses what SQLite lets pass: a column beside an aggregate that is neither grouped by nor aggregated. SQLite would
//! give any row's value; SQL Server refuses the statement.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, GroupByExpr, ObjectNamePart, OrderBy, OrderByKind, Query, Select, SelectItem, Visit, Visitor,
};

use super::errors;
use super::scope::{ResultColumn, Source, same};
use super::translate::Translator;
use crate::sandbox::database::ServerError;

const AGGREGATES: &[&str] = &["count", "count_big", "min", "max", "sum", "avg"];

/// Table and column of this query that an expression is.
type OwnColumn = (String, String);

impl Translator<'_> {
    /// Checks the select list, HAVING and ORDER BY of a query that groups.
    pub(super) fn check_grouping(
        &self,
        select: &Select,
        order_by: Option<&OrderBy>,
        columns: &[ResultColumn],
    ) -> Result<(), ServerError> {
        let groups: &[Expr] = match &select.group_by {
            GroupByExpr::Expressions(expressions, _) => expressions,
            GroupByExpr::All(_) => &[],
        };
        let orders = match order_by.map(|order_by| &order_by.kind) {
            Some(OrderByKind::Expressions(orders)) => orders.as_slice(),
            _ => &[],
        };
        let listed = select.projection.iter().filter_map(expression_of);
        let aggregates = listed.clone().chain(orders.iter().map(|order| &order.expr)).any(has_aggregate);
        if groups.is_empty() && select.having.is_none() && !aggregates {
            return Ok(());
        }
        let sources = self.scopes.last().map(Vec::as_slice).unwrap_or_default();
        let check = Check { sources, groups, grouped: groups.iter().filter_map(|group| own(sources, group)).collect() };
        for item in &select.projection {
            if let SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..) = item {
                check.all_columns()?;
            }
        }
        for expression in listed {
            check.expression(expression, 8120, "select list")?;
        }
        if let Some(having) = &select.having {
            check.expression(having, 8121, "HAVING clause")?;
        }
        for order in orders {
            if self.ordinal(&order.expr, columns)?.is_none() {
                check.expression(&order.expr, 8127, "ORDER BY clause")?;
            }
        }
        Ok(())
    }
}

fn expression_of(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::UnnamedExpr(expression) | SelectItem::ExprWithAlias { expr: expression, .. } => Some(expression),
        _ => None,
    }
}

fn is_aggregate(expression: &Expr) -> bool {
    let Expr::Function(function) = expression else { return false };
    match function.name.0.as_slice() {
        [ObjectNamePart::Identifier(name)] => AGGREGATES.iter().any(|known| name.value.eq_ignore_ascii_case(known)),
        _ => false,
    }
}

/// Whether an expression aggregates, subqueries in it aside.
fn has_aggregate(expression: &Expr) -> bool {
    let mut search = Walk {
        skipped: 0,
        visit: |expression: &Expr| {
            if is_aggregate(expression) { ControlFlow::Break(()) } else { ControlFlow::Continue(false) }
        },
    };
    expression.visit(&mut search).is_break()
}

/// The column of the query's own tables that an expression is.
fn own(sources: &[Source], expression: &Expr) -> Option<OwnColumn> {
    let (table, name) = match expression {
        Expr::Identifier(name) => (None, name),
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [.., table, name] => (Some(table.value.as_str()), name),
            _ => return None,
        },
        _ => return None,
    };
    let mut tables = sources.iter().filter(|source| table.is_none_or(|table| same(table, &source.name)));
    tables.find_map(|source| {
        let column = source.columns.iter().find(|column| same(&column.name, &name.value))?;
        Some((source.name.clone(), column.name.clone()))
    })
}

struct Check<'a> {
    sources: &'a [Source],
    groups: &'a [Expr],
    grouped: Vec<OwnColumn>,
}

impl Check<'_> {
    fn expression(&self, expression: &Expr, number: i32, place: &str) -> Result<(), ServerError> {
        let mut walk = Walk {
            skipped: 0,
            visit: |expression: &Expr| {
                if is_aggregate(expression) || self.groups.contains(expression) {
                    return ControlFlow::Continue(true);
                }
                match own(self.sources, expression) {
                    Some(column) if !self.grouped.contains(&column) => ControlFlow::Break(column),
                    _ => ControlFlow::Continue(false),
                }
            },
        };
        match expression.visit(&mut walk) {
            ControlFlow::Break(column) => Err(invalid(&column, number, place)),
            ControlFlow::Continue(()) => Ok(()),
        }
    }

    fn all_columns(&self) -> Result<(), ServerError> {
        for source in self.sources {
            for column in &source.columns {
                let column = (source.name.clone(), column.name.clone());
                if !self.grouped.contains(&column) {
                    return Err(invalid(&column, 8120, "select list"));
                }
            }
        }
        Ok(())
    }
}

fn invalid((table, column): &OwnColumn, number: i32, place: &str) -> ServerError {
    let text = format!(
        "Column '{table}.{column}' is invalid in the {place} because it is not contained in either an aggregate function or \
         the GROUP BY clause."
    );
    errors::error(number, text)
}

/// Visits expressions from the outside in: what `visit` answers with true is not looked into, nor are subqueries.
struct Walk<F> {
    /// How many expressions and subqueries that are not looked into are open.
    skipped: usize,
    visit: F,
}

impl<B, F: FnMut(&Expr) -> ControlFlow<B, bool>> Visitor for Walk<F> {
    type Break = B;

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<B> {
        if self.skipped > 0 || (self.visit)(expression)? {
            self.skipped += 1;
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, _: &Expr) -> ControlFlow<B> {
        self.skipped = self.skipped.saturating_sub(1);
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<B> {
        self.skipped += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<B> {
        self.skipped = self.skipped.saturating_sub(1);
        ControlFlow::Continue(())
    }
}

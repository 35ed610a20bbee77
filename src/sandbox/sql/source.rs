//! FROM: tables, views, derived tables and joins.

use sqlparser::ast::{
    Join, JoinConstraint, JoinOperator, ObjectName, SetExpr, TableAlias, TableFactor, TableWithJoins, Values,
};

use super::errors;
use super::expression::{Term, common_type};
use super::scope::{ResultColumn, Source, quoted, same};
use super::translate::{Part, Translator, parts};
use crate::sandbox::access::Permission;
use crate::sandbox::database::ServerError;

impl Translator<'_> {
    pub(super) fn joined(&mut self, table: &TableWithJoins) -> Result<String, ServerError> {
        let mut sql = self.table(&table.relation)?;
        for Join { relation, global, join_operator } in &table.joins {
            if *global {
                return Err(errors::syntax("GLOBAL"));
            }
            let (word, constraint) = match join_operator {
                JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => ("JOIN", Some(constraint)),
                JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => ("LEFT JOIN", Some(constraint)),
                JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => {
                    ("RIGHT JOIN", Some(constraint))
                }
                JoinOperator::FullOuter(constraint) => ("FULL JOIN", Some(constraint)),
                JoinOperator::CrossJoin(JoinConstraint::None) => ("JOIN", None),
                _ => return Err(errors::unsupported("APPLY and joins of other databases")),
            };
            let right = self.table(relation)?;
            sql.push_str(&format!(" {word} {right}"));
            match constraint {
                None => {}
                Some(JoinConstraint::On(condition)) => sql.push_str(&format!(" ON {}", self.predicate(condition)?)),
                Some(_) => return Err(errors::syntax("JOIN")),
            }
        }
        Ok(sql)
    }

    fn table(&mut self, factor: &TableFactor) -> Result<String, ServerError> {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args: None,
                with_hints: _,
                version: None,
                with_ordinality: false,
                partitions,
                json_path: None,
                sample: None,
                index_hints,
            } if partitions.is_empty() && index_hints.is_empty() => self.base_table(name, alias.as_ref()),
            TableFactor::Table { name, args: Some(_), .. } => {
                Err(errors::unsupported(&format!("the table-valued function '{name}'")))
            }
            TableFactor::Derived { lateral: false, subquery, alias: Some(alias), sample: None } => {
                let part = match subquery.body.as_ref() {
                    SetExpr::Values(values) if subquery.with.is_none() => self.values(values)?,
                    // SQL Server does not let a derived table see the tables beside it.
                    _ => {
                        let outer = self.scopes.pop();
                        let part = self.subquery(subquery);
                        self.scopes.extend(outer);
                        part?
                    }
                };
                let (sql, source) = named(part, alias)?;
                let sql = format!("({sql}) AS {}", quoted(&source.name));
                self.enter(source)?;
                Ok(sql)
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                Ok(format!("({})", self.joined(table_with_joins)?))
            }
            other => Err(errors::syntax(&other.to_string())),
        }
    }

    fn base_table(&mut self, name: &ObjectName, alias: Option<&TableAlias>) -> Result<String, ServerError> {
        let parts = parts(name)?;
        let alias = match alias {
            None => None,
            Some(TableAlias { name, columns, at: None, .. }) if columns.is_empty() => Some(name.value.as_str()),
            Some(other) => return Err(errors::syntax(&other.to_string())),
        };
        if let [single] = parts.as_slice()
            && let Some(common) = self.common.iter().rev().find(|common| same(&common.name, single))
        {
            let (from, columns) = (quoted(&common.name), common.columns.clone());
            let name = alias.unwrap_or(single).to_owned();
            let sql = format!("{from} AS {}", quoted(&name));
            self.enter(Source { name, columns })?;
            return Ok(sql);
        }
        let object = self.around.catalogue.table(&parts)?;
        let in_context = parts.len() > 2 || object.system.is_some() || self.around.facts.database == "SUSDB";
        if !in_context {
            return Err(errors::unknown_object(&parts.join(".")));
        }
        if !self.around.catalogue.access.may(Permission::Select, object.schema, &object.name) {
            return Err(errors::denied("SELECT", object.schema, &object.name));
        }
        if let Some(system) = object.system {
            self.system_views.insert(system);
        }
        let name = alias.unwrap_or(&object.name).to_owned();
        let columns = object
            .columns
            .iter()
            .map(|column| ResultColumn { name: column.name.clone(), sql_type: column.sql_type })
            .collect();
        let sql = format!("{} AS {}", object.from, quoted(&name));
        self.enter(Source { name, columns })?;
        Ok(sql)
    }

    fn enter(&mut self, source: Source) -> Result<(), ServerError> {
        let Some(scope) = self.scopes.last_mut() else { return Err(errors::syntax("FROM")) };
        if scope.iter().any(|other| same(&other.name, &source.name)) {
            let name = source.name;
            let text = format!(
                "The objects or names \"{name}\" in the FROM clause have the same exposed names. Use correlation names to distinguish them."
            );
            return Err(errors::error(1013, text));
        }
        scope.push(source);
        Ok(())
    }

    /// `(VALUES (...), (...)) AS name(columns)`.
    fn values(&mut self, values: &Values) -> Result<Part, ServerError> {
        let width = values.rows.first().map_or(0, |row| row.len());
        let mut columns: Vec<Vec<Term>> = vec![Vec::new(); width];
        let mut rows = Vec::new();
        for row in &values.rows {
            if row.len() != width {
                return Err(errors::error(
                    10709,
                    "The number of columns for each row in a table value constructor must be the same.",
                ));
            }
            let mut terms = Vec::new();
            for (column, expression) in columns.iter_mut().zip(row.iter()) {
                let term = self.value(expression)?;
                terms.push(term.sql.clone());
                column.push(term);
            }
            rows.push(format!("({})", terms.join(", ")));
        }
        let columns =
            columns.iter().map(|terms| ResultColumn { name: String::new(), sql_type: common_type(terms) }).collect();
        Ok(Part { sql: format!("VALUES {}", rows.join(", ")), columns })
    }
}

/// A subquery under a name, its columns renamed where the alias says so.
pub(super) fn named(part: Part, alias: &TableAlias) -> Result<(String, Source), ServerError> {
    let name = alias.name.value.clone();
    let mut columns = part.columns;
    if !alias.columns.is_empty() {
        if alias.columns.len() != columns.len() {
            let text = format!("'{name}' has more or fewer columns than were specified in the column list.");
            return Err(errors::error(8158, text));
        }
        for (column, renamed) in columns.iter_mut().zip(&alias.columns) {
            column.name.clone_from(&renamed.name.value);
        }
    }
    for (index, column) in columns.iter().enumerate() {
        if column.name.is_empty() {
            let text = format!("No column name was specified for column {} of '{name}'.", index + 1);
            return Err(errors::error(8155, text));
        }
        if columns[..index].iter().any(|other| same(&other.name, &column.name)) {
            let text = format!("The column '{}' was specified multiple times for '{name}'.", column.name);
            return Err(errors::error(8156, text));
        }
    }
    let sql = if alias.columns.is_empty() { part.sql } else { renamed(&part.sql, &columns) };
    Ok((sql, Source { name, columns }))
}

/// A subquery whose columns are known by their place only, with names.
fn renamed(sql: &str, columns: &[ResultColumn]) -> String {
    let names: Vec<_> = columns.iter().map(|column| quoted(&column.name)).collect();
    let names = names.join(", ");
    format!("WITH \"sandbox inner\"({names}) AS ({sql}) SELECT {names} FROM \"sandbox inner\"")
}

//! The rows of the system views.

use chrono::NaiveDateTime;

use super::system_views::SystemView;
use super::{Catalogue, Kind, Table, id_of};
use crate::sandbox::engine::registry::{Declared, Registered};
use crate::sandbox::procedures::{ParameterDefault, xml_lists};
use crate::sandbox::sql::declared;
use crate::sandbox::value::SqlType;

/// A value in a system view.
pub(super) enum Cell {
    Null,
    Number(i64),
    Text(String),
}

/// A session that is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSession {
    /// Its number; negative for one of another process, of which only the lock's sidecar tells.
    pub id: i32,
    /// Login name.
    pub login: String,
    /// The client's host.
    pub host: String,
    /// The client's program.
    pub program: String,
    /// The process that serves it.
    pub process: u32,
    /// When it logged in, or for one of another process took its lock, UTC.
    pub since: NaiveDateTime,
    /// Whether it is running a statement now.
    pub running: bool,
}

/// An application lock and who holds it or waits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The session.
    pub session: i32,
    /// The resource.
    pub resource: String,
    /// `X` or `S`.
    pub mode: &'static str,
    /// Whether it has the lock; otherwise it waits.
    pub granted: bool,
    /// Whether the session owns it; otherwise the transaction does.
    pub by_session: bool,
}

/// What changes from statement to statement.
pub struct Live<'a> {
    /// Who is logged in.
    pub sessions: &'a [LiveSession],
    /// Who holds or awaits application locks.
    pub locks: &'a [Holder],
}

/// When the objects say they were created: the sandbox does not know, and a fixed time keeps answers the same.
const CREATED: &str = "2000-01-01 00:00:00.000";

const COLLATION: &str = "SQL_Latin1_General_CP1_CI_AS";

fn number(number: impl Into<i64>) -> Cell {
    Cell::Number(number.into())
}

fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

impl Catalogue {
    /// The rows of a system view, cells in the order of its columns.
    pub(super) fn rows(&self, view: &SystemView, live: &Live<'_>) -> Vec<Vec<Cell>> {
        let mut rows = self.rows_as_written(view.full_name, live);
        if self.lower_case && !view.full_name.starts_with("sys.dm_") {
            for row in &mut rows {
                for ((column, _), cell) in view.columns.iter().zip(row) {
                    if let Cell::Text(text) = cell
                        && (*column == "name" || column.ends_with("_NAME") || *column == "TABLE_SCHEMA")
                    {
                        *text = text.to_lowercase();
                    }
                }
            }
        }
        rows
    }

    fn rows_as_written(&self, full_name: &str, live: &Live<'_>) -> Vec<Vec<Cell>> {
        match full_name {
            "sys.all_objects" => self.object_rows(|_, _| true),
            "sys.objects" => self.object_rows(|schema, _| is_own(schema)),
            "sys.tables" => self.object_rows(|schema, kind| is_own(schema) && kind == Kind::Table),
            "sys.views" => self.object_rows(|schema, kind| is_own(schema) && kind == Kind::View),
            "sys.procedures" => self.object_rows(|_, kind| kind == Kind::Procedure),
            "sys.all_columns" => self.column_rows(|_| true),
            "sys.columns" => self.column_rows(|table| is_own(table.schema)),
            "sys.all_parameters" | "sys.parameters" => self.parameter_rows(),
            "sys.types" => type_rows(),
            "sys.schemas" => schema_rows(),
            "sys.databases" => database_rows(),
            "sys.configurations" => vec![self.nested_triggers_row()],
            "sys.dm_exec_sessions" => live.sessions.iter().map(session_row).collect(),
            "sys.dm_tran_locks" => live.locks.iter().map(lock_row).collect(),
            "INFORMATION_SCHEMA.TABLES" => self.information_tables(),
            "INFORMATION_SCHEMA.COLUMNS" => self.information_columns(),
            "INFORMATION_SCHEMA.ROUTINES" => self.information_routines(),
            "INFORMATION_SCHEMA.PARAMETERS" => self.information_parameters(),
            "sys.sql_modules" => self.module_rows(),
            _ => Vec::new(),
        }
    }

    fn object_rows(&self, wanted: impl Fn(&str, Kind) -> bool) -> Vec<Vec<Cell>> {
        let objects = self.visible_objects().filter(|(schema, _, kind)| wanted(schema, *kind));
        objects
            .map(|(schema, name, kind)| {
                let (code, description) = match kind {
                    Kind::Table => ("U ", "USER_TABLE"),
                    Kind::View => ("V ", "VIEW"),
                    Kind::Procedure => ("P ", "SQL_STORED_PROCEDURE"),
                };
                vec![
                    text(name),
                    number(id_of(schema, name)),
                    Cell::Null,
                    number(schema_id(schema)),
                    number(0),
                    text(code),
                    text(description),
                    text(CREATED),
                    text(CREATED),
                    number(!is_own(schema)),
                    number(false),
                    number(false),
                ]
            })
            .collect()
    }

    fn column_rows(&self, wanted: impl Fn(&Table) -> bool) -> Vec<Vec<Cell>> {
        let mut rows = Vec::new();
        for table in self.visible_tables().filter(|table| wanted(table)) {
            for (column, position) in table.columns.iter().zip(1_i64..) {
                let sql_type = column.sql_type.unwrap_or(SqlType::NVarChar(None));
                let mut row = vec![number(id_of(table.schema, &table.name)), text(&column.name), number(position)];
                row.extend(type_cells(sql_type));
                row.push(if matches!(sql_type, SqlType::NVarChar(_)) { text(COLLATION) } else { Cell::Null });
                row.extend([number(column.nullable), number(false), number(false)]);
                rows.push(row);
            }
        }
        rows
    }

    fn parameter_rows(&self) -> Vec<Vec<Cell>> {
        let mut rows = Vec::new();
        for procedure in self.visible_procedures() {
            for (parameter, position) in procedure.parameters().iter().zip(1_i64..) {
                let mut row = vec![number(id_of("dbo", procedure.name())), text(&parameter.name), number(position)];
                row.extend(type_cells(parameter.sql_type));
                // SQL Server keeps defaults of CLR procedures only here: has_default_value is 0 for all others.
                row.extend([number(parameter.output), number(false), number(false), number(false), Cell::Null]);
                row.extend([number(0), number(false), number(true)]);
                rows.push(row);
            }
        }
        rows
    }

    /// The procedures' parameter lists as T-SQL, and how they read their lists. What else they do is not T-SQL here, so a comment
    /// stands for it. A login without VIEW DEFINITION sees NULL.
    ///
    /// Source: learn.microsoft.com, sys.sql_modules (grade A).
    fn module_rows(&self) -> Vec<Vec<Cell>> {
        let definition = |procedure: &Registered| {
            let parameters: Vec<String> = procedure.parameters().iter().map(written).collect();
            format!(
                "CREATE PROCEDURE [dbo].[{}]\n    {}\nAS\n{}-- The rest is a part of the sandbox and is not written in T-SQL.\nRETURN 0",
                procedure.name(),
                parameters.join(",\n    "),
                xml_lists::as_read(procedure.name(), procedure.behaviours()),
            )
        };
        let row = |procedure: &Registered| {
            let id = id_of("dbo", procedure.name());
            let definition = if self.hides_definitions { Cell::Null } else { text(definition(procedure)) };
            vec![number(id), definition, number(true), number(true)]
        };
        self.registry().iter().map(row).collect()
    }

    fn information_tables(&self) -> Vec<Vec<Cell>> {
        let own = self.visible_tables().filter(|table| is_own(table.schema));
        own.map(|table| {
            let kind = if table.kind == Kind::Table { "BASE TABLE" } else { "VIEW" };
            vec![text("SUSDB"), text(table.schema), text(&table.name), text(kind)]
        })
        .collect()
    }

    fn information_columns(&self) -> Vec<Vec<Cell>> {
        let mut rows = Vec::new();
        for table in self.visible_tables().filter(|table| is_own(table.schema)) {
            for (column, position) in table.columns.iter().zip(1_i64..) {
                let sql_type = column.sql_type.unwrap_or(SqlType::NVarChar(None));
                rows.push(vec![
                    text("SUSDB"),
                    text(table.schema),
                    text(&table.name),
                    text(&column.name),
                    number(position),
                    text(if column.nullable { "YES" } else { "NO" }),
                    text(declared::name(sql_type)),
                    characters(sql_type),
                ]);
            }
        }
        rows
    }

    /// The only option of the database server that WSUS cares about.
    ///
    /// Source: learn.microsoft.com, sys.configurations, and the option nested triggers, which is on by default (grade A).
    fn nested_triggers_row(&self) -> Vec<Cell> {
        let on = || text(if self.no_nested_triggers { "0" } else { "1" });
        let description = text("Allow triggers to be invoked within triggers");
        vec![
            number(115),
            text("nested triggers"),
            on(),
            text("0"),
            text("1"),
            on(),
            description,
            number(true),
            number(false),
        ]
    }

    fn information_routines(&self) -> Vec<Vec<Cell>> {
        let procedures = self.visible_procedures();
        procedures
            .map(|procedure| vec![text("SUSDB"), text("dbo"), text(procedure.name()), text("PROCEDURE")])
            .collect()
    }

    fn information_parameters(&self) -> Vec<Vec<Cell>> {
        let mut rows = Vec::new();
        for procedure in self.visible_procedures() {
            for (parameter, position) in procedure.parameters().iter().zip(1_i64..) {
                rows.push(vec![
                    text("SUSDB"),
                    text("dbo"),
                    text(procedure.name()),
                    number(position),
                    text(if parameter.output { "INOUT" } else { "IN" }),
                    text(&parameter.name),
                    text(declared::name(parameter.sql_type)),
                    characters(parameter.sql_type),
                ]);
            }
        }
        rows
    }
}

/// A parameter as a definition writes it.
fn written(parameter: &Declared) -> String {
    let (name, sql_type) = (&parameter.name, parameter.sql_type);
    let length = match sql_type {
        SqlType::NVarChar(Some(length)) | SqlType::VarBinary(Some(length)) => format!("({length})"),
        SqlType::NVarChar(None) | SqlType::VarBinary(None) => "(max)".to_owned(),
        SqlType::Decimal { precision, scale } => format!("({precision}, {scale})"),
        _ => String::new(),
    };
    let default = match &parameter.default {
        ParameterDefault::Required => String::new(),
        ParameterDefault::Null => " = NULL".to_owned(),
        ParameterDefault::Int(value) => format!(" = {value}"),
        ParameterDefault::Text(value) => format!(" = N'{}'", value.replace('\'', "''")),
    };
    let output = if parameter.output { " OUTPUT" } else { "" };
    format!("{name} {}{length}{default}{output}", declared::name(sql_type))
}

fn is_own(schema: &str) -> bool {
    schema == "dbo" || schema == "PUBLIC_VIEWS"
}

fn schema_id(schema: &str) -> i64 {
    match schema {
        "dbo" => 1,
        "INFORMATION_SCHEMA" => 3,
        "sys" => 4,
        _ => 5,
    }
}

fn schema_rows() -> Vec<Vec<Cell>> {
    let schemas = ["dbo", "INFORMATION_SCHEMA", "sys", "PUBLIC_VIEWS"];
    schemas.map(|name| vec![text(name), number(schema_id(name)), number(1)]).into()
}

fn database_rows() -> Vec<Vec<Cell>> {
    [("master", 1_i64), ("SUSDB", 5)]
        .map(|(name, id)| {
            vec![
                text(name),
                number(id),
                text(CREATED),
                number(150),
                text(COLLATION),
                number(false),
                number(0),
                text("ONLINE"),
            ]
        })
        .into()
}

/// SQL Server's number of a type, its length in bytes, precision and scale.
fn numbers(sql_type: SqlType) -> (i64, i64, i64, i64) {
    match sql_type {
        SqlType::Bit => (104, 1, 1, 0),
        SqlType::TinyInt => (48, 1, 3, 0),
        SqlType::SmallInt => (52, 2, 5, 0),
        SqlType::Int => (56, 4, 10, 0),
        SqlType::BigInt => (127, 8, 19, 0),
        SqlType::Float => (62, 8, 53, 0),
        SqlType::Decimal { precision, scale } => {
            let length = match precision {
                ..=9 => 5,
                10..=19 => 9,
                20..=28 => 13,
                29.. => 17,
            };
            (106, length, i64::from(precision), i64::from(scale))
        }
        SqlType::NVarChar(length) => (231, length.map_or(-1, |length| i64::from(length) * 2), 0, 0),
        SqlType::VarBinary(length) => (165, length.map_or(-1, i64::from), 0, 0),
        SqlType::UniqueIdentifier => (36, 16, 0, 0),
        SqlType::DateTime => (61, 8, 23, 3),
        SqlType::DateTime2(scale) => {
            let length = match scale {
                ..=2 => 6,
                3..=4 => 7,
                5.. => 8,
            };
            let precision = if scale == 0 { 19 } else { 20 + i64::from(scale) };
            (42, length, precision, i64::from(scale))
        }
    }
}

/// system_type_id, user_type_id, max_length, precision, scale.
fn type_cells(sql_type: SqlType) -> [Cell; 5] {
    let (id, length, precision, scale) = numbers(sql_type);
    [number(id), number(id), number(length), number(precision), number(scale)]
}

/// CHARACTER_MAXIMUM_LENGTH.
fn characters(sql_type: SqlType) -> Cell {
    match sql_type {
        SqlType::NVarChar(length) | SqlType::VarBinary(length) => number(length.map_or(-1, i64::from)),
        _ => Cell::Null,
    }
}

fn type_rows() -> Vec<Vec<Cell>> {
    let types = [
        SqlType::Bit,
        SqlType::TinyInt,
        SqlType::SmallInt,
        SqlType::Int,
        SqlType::BigInt,
        SqlType::Float,
        SqlType::Decimal { precision: 38, scale: 38 },
        SqlType::NVarChar(Some(4000)),
        SqlType::VarBinary(Some(8000)),
        SqlType::UniqueIdentifier,
        SqlType::DateTime,
        SqlType::DateTime2(7),
    ];
    let row = |name: &str, user_type: i64, sql_type: SqlType| {
        let (id, length, precision, scale) = numbers(sql_type);
        let collation = if matches!(sql_type, SqlType::NVarChar(_)) { text(COLLATION) } else { Cell::Null };
        vec![
            text(name),
            number(id),
            number(user_type),
            number(4),
            number(length),
            number(precision),
            number(scale),
            collation,
            number(true),
            number(false),
            number(false),
            number(false),
        ]
    };
    let own = types.into_iter().map(|sql_type| row(declared::name(sql_type), numbers(sql_type).0, sql_type));
    own.chain([row("sysname", 256, SqlType::NVarChar(Some(128)))]).collect()
}

fn session_row(session: &LiveSession) -> Vec<Cell> {
    vec![
        number(session.id),
        text(session.since.format("%Y-%m-%d %H:%M:%S%.3f").to_string()),
        text(&session.host),
        text(&session.program),
        number(session.process),
        text(&session.login),
        text(&session.login),
        text(if session.running { "running" } else { "sleeping" }),
        number(5),
        number(true),
    ]
}

fn lock_row(holder: &Holder) -> Vec<Cell> {
    let shown: String = holder.resource.chars().take(32).collect();
    let hash = id_of("lock", &holder.resource);
    vec![
        text("APPLICATION"),
        text(""),
        number(5),
        text(format!("0:[{shown}]:({hash:08x})")),
        number(0),
        text(holder.mode),
        text("LOCK"),
        text(if holder.granted { "GRANT" } else { "WAIT" }),
        number(holder.session),
        text(if holder.by_session { "SESSION" } else { "TRANSACTION" }),
    ]
}

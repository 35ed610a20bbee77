//! What the sandbox has: its tables, views and procedures with their types, for name lookups and as `sys.*` views.
//!
//! The system views are temporary tables of each session, filled when a statement mentions one: the file keeps nothing of
//! them.

use std::collections::BTreeMap;

use rusqlite::types::Value as Stored;
use rusqlite::{Connection, params_from_iter};

use super::access::{Access, Permission};
use super::database::ServerError;
use super::engine::registry::{Registered, Registry};
use super::schema;
use super::sql::scope::quoted;
use super::sql::{declared, errors};
use super::value::SqlType;

pub mod principals;
mod rows;
mod system_views;

pub use rows::{Holder, LiveSession};
use system_views::SYSTEM_VIEWS;

/// The prefix of the names of SQLite views that stand for the schema PUBLIC_VIEWS.
const PUBLIC_VIEWS: &str = "PUBLIC_VIEWS";

/// What kind of object something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A user table.
    Table,
    /// A view.
    View,
    /// A stored procedure.
    Procedure,
}

/// A column of a table or view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type; `None` where a view computes it and nothing says what it is.
    pub sql_type: Option<SqlType>,
    /// Whether it takes NULL.
    pub nullable: bool,
}

/// A table or view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its schema: `dbo`, `PUBLIC_VIEWS`, `sys` or `INFORMATION_SCHEMA`.
    pub schema: &'static str,
    /// Its name in the schema.
    pub name: String,
    /// Table or view.
    pub kind: Kind,
    /// What SQLite's SQL reads it from.
    pub from: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its full name where it is one of the sandbox's system views.
    pub system: Option<&'static str>,
}

/// Everything that can be named in a statement.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// By lower-case schema and name.
    tables: BTreeMap<(String, String), Table>,
    registry: Registry,
    ids: BTreeMap<i32, String>,
    /// What the login may do.
    pub access: Access,
    /// Whether the system views spell names in lower case.
    pub lower_case: bool,
    /// How many minutes the server's local time is ahead of UTC.
    pub utc_offset_minutes: i16,
    /// Whether the login may not see the definitions of procedures.
    pub hides_definitions: bool,
    /// Whether SQL Server's option "nested triggers" is off.
    pub no_nested_triggers: bool,
}

impl Catalogue {
    /// Reads the tables and views of the store and adds the system views and the procedures.
    ///
    /// # Errors
    /// SQLite's, where the file cannot be read.
    pub fn read(store: &Connection, registry: Registry) -> rusqlite::Result<Self> {
        let mut catalogue = Self { registry, ..Self::default() };
        let mut objects = store.prepare(
            "SELECT name, type FROM main.sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%' ESCAPE '!'",
        )?;
        let objects = objects.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        for object in objects {
            let (stored, kind) = object?;
            let (schema, name) = match stored.split_once('.') {
                Some((schema, name)) if schema.eq_ignore_ascii_case(PUBLIC_VIEWS) => (PUBLIC_VIEWS, name.to_owned()),
                _ => ("dbo", stored.clone()),
            };
            let kind = if kind == "view" { Kind::View } else { Kind::Table };
            let mut columns = columns_of(store, &stored)?;
            for column in &mut columns {
                let computed = schema::computed_column_type(&stored, &column.name).and_then(declared::parse);
                column.sql_type = computed.or(column.sql_type);
            }
            let from = format!("main.{}", quoted(&stored));
            catalogue.add(Table { schema, name, kind, from, columns, system: None });
        }
        catalogue.name_types();
        for view in SYSTEM_VIEWS {
            let columns = view.columns.iter().map(|(name, declared)| Column {
                name: (*name).to_owned(),
                sql_type: declared::parse(declared),
                nullable: true,
            });
            catalogue.add(Table {
                schema: view.schema,
                name: view.name.to_owned(),
                kind: Kind::View,
                from: format!("temp.{}", quoted(view.full_name)),
                columns: columns.collect(),
                system: Some(view.full_name),
            });
        }
        catalogue.ids = catalogue.objects().map(|(schema, name, _)| (id_of(schema, name), name.to_owned())).collect();
        Ok(catalogue)
    }

    /// Gives view columns that SQLite loses the type of, as it does in a UNION, the type that their name has elsewhere: in
    /// SUSDB a name means one thing.
    fn name_types(&mut self) {
        let known: BTreeMap<String, SqlType> = self
            .tables
            .values()
            .flat_map(|table| &table.columns)
            .filter_map(|column| Some((column.name.to_lowercase(), column.sql_type?)))
            .collect();
        let columns =
            self.tables.values_mut().filter(|table| table.kind == Kind::View).flat_map(|view| &mut view.columns);
        for column in columns.filter(|column| column.sql_type.is_none()) {
            column.sql_type = known.get(&column.name.to_lowercase()).copied();
        }
    }

    fn add(&mut self, table: Table) {
        self.tables.insert((table.schema.to_lowercase(), table.name.to_lowercase()), table);
    }

    /// The procedures.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The tables and views.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.values()
    }

    /// The tables and views that the login sees.
    fn visible_tables(&self) -> impl Iterator<Item = &Table> {
        self.tables().filter(|table| self.access.sees(Permission::Select, table.schema, &table.name))
    }

    /// The procedures that the login sees.
    fn visible_procedures(&self) -> impl Iterator<Item = &Registered> {
        self.registry.iter().filter(|procedure| self.access.sees(Permission::Execute, "dbo", procedure.name()))
    }

    /// Schema, name and kind of everything that has an object id.
    fn objects(&self) -> impl Iterator<Item = (&str, &str, Kind)> {
        let tables = self.tables.values().map(|table| (table.schema, table.name.as_str(), table.kind));
        tables.chain(self.registry.iter().map(|procedure| ("dbo", procedure.name(), Kind::Procedure)))
    }

    /// Schema, name and kind of everything that the login sees.
    fn visible_objects(&self) -> impl Iterator<Item = (&str, &str, Kind)> {
        let tables = self.visible_tables().map(|table| (table.schema, table.name.as_str(), table.kind));
        tables.chain(self.visible_procedures().map(|procedure| ("dbo", procedure.name(), Kind::Procedure)))
    }

    /// Finds a table or view by the parts of its name.
    ///
    /// # Errors
    /// 208: there is none.
    pub fn table(&self, parts: &[String]) -> Result<&Table, ServerError> {
        let unknown = || errors::unknown_object(&parts.join("."));
        let (database, schema, name) = match parts {
            [name] => ("", "", name),
            [schema, name] => ("", schema.as_str(), name),
            [database, schema, name] => (database.as_str(), schema.as_str(), name),
            _ => return Err(unknown()),
        };
        let schema = if schema.is_empty() { "dbo".to_owned() } else { schema.to_lowercase() };
        let system = schema == "sys" || schema == "information_schema";
        let known_database = database.is_empty()
            || database.eq_ignore_ascii_case("SUSDB")
            || (system && ["master", "tempdb"].iter().any(|name| database.eq_ignore_ascii_case(name)));
        if !known_database {
            return Err(unknown());
        }
        self.tables.get(&(schema, name.to_lowercase())).ok_or_else(unknown)
    }

    /// The id of a table, view or procedure by its written name.
    pub fn object_id(&self, written: &str) -> Option<i32> {
        let parts: Vec<String> = written.split('.').map(|part| part.trim_matches(['[', ']', '"']).to_owned()).collect();
        if let Ok(table) = self.table(&parts) {
            return Some(id_of(table.schema, &table.name));
        }
        self.registry.find(written).map(|procedure| id_of("dbo", procedure.name()))
    }

    /// Schema, name and the permission that it is used with of a table, view or procedure by its written name.
    pub fn object_named(&self, written: &str) -> Option<(&str, &str, Permission)> {
        let parts: Vec<String> = written.split('.').map(|part| part.trim_matches(['[', ']', '"']).to_owned()).collect();
        if let Ok(table) = self.table(&parts) {
            return Some((table.schema, &table.name, Permission::Select));
        }
        self.registry.find(written).map(|procedure| ("dbo", procedure.name(), Permission::Execute))
    }

    /// HAS_PERMS_BY_NAME: none for a class of things that the sandbox does not have.
    ///
    /// Source: learn.microsoft.com, HAS_PERMS_BY_NAME (grade A); that it is 0 for what is not there is our reading of it
    /// (grade C).
    pub fn has_permission(&self, securable: Option<&str>, class: Option<&str>, permission: &str) -> Option<bool> {
        let access = &self.access;
        match class.map(str::to_lowercase).as_deref() {
            None | Some("server") => Some(access.is_administrator()),
            Some("database") => {
                let known = securable.is_none_or(|name| ["susdb", "master"].contains(&name.to_lowercase().as_str()));
                Some(known && (!access.is_limited() || permission.eq_ignore_ascii_case("CONNECT")))
            }
            Some("role") => Some(securable.is_some() && !access.is_limited()),
            Some("object") => Some(self.object_named(securable?).is_some_and(|(schema, name, used_with)| {
                permission.eq_ignore_ascii_case(used_with.name()) && access.may(used_with, schema, name)
            })),
            Some(_) => None,
        }
    }

    /// The name of the object with an id.
    pub fn object_name(&self, id: i32) -> Option<&str> {
        self.ids.get(&id).map(String::as_str)
    }

    /// Creates the empty temporary tables behind the system views.
    ///
    /// # Errors
    /// SQLite's.
    pub fn create_system_views(connection: &Connection) -> rusqlite::Result<()> {
        let mut sql = String::new();
        for view in SYSTEM_VIEWS {
            let columns: Vec<_> = view
                .columns
                .iter()
                .map(|(name, declared)| format!("{} {declared}{}", quoted(name), collation(declared)))
                .collect();
            sql.push_str(&format!("CREATE TEMP TABLE {} ({});", quoted(view.full_name), columns.join(", ")));
        }
        connection.execute_batch(&sql)
    }

    /// Fills the temporary table behind a system view with what is true now.
    ///
    /// # Errors
    /// SQLite's.
    pub fn fill(&self, connection: &Connection, full_name: &str, live: &Live<'_>) -> rusqlite::Result<()> {
        let table = quoted(full_name);
        connection.execute(&format!("DELETE FROM temp.{table}"), [])?;
        if principals::is_about(full_name) {
            return principals::fill(connection, full_name, &self.access);
        }
        let Some(view) = SYSTEM_VIEWS.iter().find(|view| view.full_name == full_name) else { return Ok(()) };
        let places = vec!["?"; view.columns.len()].join(", ");
        let mut insert = connection.prepare(&format!("INSERT INTO temp.{table} VALUES ({places})"))?;
        for row in self.rows(view, live) {
            insert.execute(params_from_iter(row.into_iter().map(|cell| match cell {
                rows::Cell::Null => Stored::Null,
                rows::Cell::Number(number) => Stored::Integer(number),
                rows::Cell::Text(text) => Stored::Text(text),
            })))?;
        }
        Ok(())
    }
}

pub use rows::Live;

fn collation(declared: &str) -> &'static str {
    if declared.contains("char") || declared == "sysname" { " COLLATE NOCASE" } else { "" }
}

fn columns_of(store: &Connection, stored: &str) -> rusqlite::Result<Vec<Column>> {
    let mut statement = store.prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_info(?1, 'main')")?;
    let columns = statement.query_map([stored], |row| {
        let (name, declared): (String, String) = (row.get(0)?, row.get(1)?);
        let (not_null, key): (bool, i64) = (row.get(2)?, row.get(3)?);
        let sql_type = match declared.as_str() {
            // What SQLite says of a view's computed column: its affinity, not a declaration.
            "" | "NUM" | "BLOB" | "REAL" | "TEXT" => None,
            "INT" => Some(SqlType::Int),
            declared => declared::parse(declared),
        };
        Ok(Column { name, sql_type, nullable: !not_null && key == 0 })
    })?;
    columns.collect()
}

/// The object id: the same in every session, process and version, as long as the name is.
pub(super) fn id_of(schema: &str, name: &str) -> i32 {
    let text = format!("{}.{}", schema.to_lowercase(), name.to_lowercase());
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    // Positive, and above the ids that SQL Server keeps for itself.
    i32::try_from(hash & 0x3fff_ffff).unwrap_or_default() + 0x1000_0000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Catalogue {
        let store = Connection::open_in_memory().unwrap();
        store
            .execute_batch(
                "CREATE TABLE tbUpdate (UpdateID uniqueidentifier NOT NULL COLLATE NOCASE, Title nvarchar(200));
                 CREATE VIEW \"PUBLIC_VIEWS.vUpdate\" AS SELECT UpdateID AS UpdateId, UPPER(Title) AS PublicationState, UPPER(Title) AS T FROM tbUpdate;",
            )
            .unwrap();
        Catalogue::read(&store, Registry::default()).unwrap()
    }

    fn find(catalogue: &Catalogue, name: &str) -> Result<Table, i32> {
        let parts: Vec<_> = name.split('.').map(str::to_owned).collect();
        catalogue.table(&parts).cloned().map_err(|error| error.number)
    }

    #[test]
    fn names_are_found_in_every_spelling() {
        let catalogue = catalogue();
        for name in ["tbUpdate", "TBUPDATE", "dbo.tbUpdate", "SUSDB.dbo.tbUpdate", "susdb..tbupdate"] {
            assert_eq!(find(&catalogue, name).unwrap().name, "tbUpdate", "{name}");
        }
        assert_eq!(find(&catalogue, "public_views.vupdate").unwrap().from, "main.\"PUBLIC_VIEWS.vUpdate\"");
        assert_eq!(find(&catalogue, "master.sys.databases").unwrap().system, Some("sys.databases"));
        for name in ["vUpdate", "other.dbo.tbUpdate", "sqlite_schema", "a.b.c.d", "PUBLIC_VIEWS.tbUpdate"] {
            assert_eq!(find(&catalogue, name), Err(208), "{name}");
        }
    }

    #[test]
    fn columns_have_their_declared_types_through_views_too() {
        let view = find(&catalogue(), "PUBLIC_VIEWS.vUpdate").unwrap();
        let types: Vec<_> = view.columns.iter().map(|column| column.sql_type).collect();
        assert_eq!(types, [Some(SqlType::UniqueIdentifier), Some(SqlType::NVarChar(Some(9))), None]);
    }

    #[test]
    fn ids_name_objects() {
        let catalogue = catalogue();
        let id = catalogue.object_id("[dbo].[tbUpdate]").unwrap();
        assert_eq!(catalogue.object_name(id), Some("tbUpdate"));
        assert_eq!(catalogue.object_id("nothing"), None);
    }
}

//! Reads a server's contract for `doctor --contract`: what is there and what it looks like, never what is in it, but for tables
//! that are the same for everybody.
//!
//! Nothing is written, and each part is read by itself: one that cannot be read says why in words of ours, since what a server
//! says may name people and machines.

use std::collections::BTreeMap;

use super::contract::listed::LISTED;
use super::contract::objects::{DOCTOR_OBJECTS, OBJECTS};
use super::contract::references::REFERENCES;
use super::contract::uses::read_through;
use super::definition;
use super::doctor::contract::{Permissions, key, read_permissions};
use super::doctor::{check_with, read_database, read_login, read_product};
use super::error::{ConnectError, QueryError};
use super::preflight::{definitions, read_procedures, spelled};
use super::read::catalogue::probe::{COLUMNS, COUNTS, ENGINE, PARAMETERS};
use super::read::{Cells, ReadError, one, read_version, rows, rows_in};
use super::session::{ConnectOptions, Parameter, Session};
use super::target::Target;
use crate::model::health::{DatabaseFacts, LoginFacts, Product};
use crate::model::list_shape::{ListBasis, ListContent, ListShape};
use crate::model::procedure::Procedure;
use crate::model::setting::Cell;
use crate::probe::{self, Basis, Content, Contract, Definition, FORMAT_VERSION, Found, KIND, Scalar};

/// Connects to a server and reads its contract.
///
/// # Errors
/// There is no connection: what fails later is a part of what is found.
pub async fn probe(target: &Target, options: &ConnectOptions, tool_version: &str) -> Result<Contract, ConnectError> {
    let mut session = Session::connect(target, options).await?;
    let session = &mut session;
    let permissions = check(session, read_permissions).await;
    let permissions = permissions.value().cloned();
    let (major, minor) = FORMAT_VERSION;
    Ok(Contract {
        kind: KIND.to_owned(),
        format_version: format!("{major}.{minor}"),
        tool: probe::Tool { name: "wsusctl".to_owned(), version: tool_version.to_owned() },
        server: probe::Server {
            version: check(session, read_version).await,
            product: check(session, async |session| read_product(session).await.map(product)).await,
            engine: check(session, read_engine).await,
            database: check(session, async |session| read_database(session).await.map(database)).await,
        },
        login: check(session, async |session| read_login(session).await.map(login)).await,
        procedures: {
            let mut found = check(session, async |session| procedures(session, permissions.as_ref()).await).await;
            if let Found::Value(procedures) = &mut found {
                read_row_sets(session, procedures).await;
            }
            found
        },
        objects: check(session, async |session| objects(session, permissions.as_ref()).await).await,
        reference: references(session).await,
        counts: counts(session).await,
    })
}

/// Makes one check. A connection that an earlier one lost is made again.
async fn check<T>(session: &mut Session, read: impl AsyncFnOnce(&mut Session) -> Result<T, ReadError>) -> Found<T> {
    check_with(session, |_| "there is no connection any more".to_owned(), |error| reason(&error), read).await.into()
}

/// Why a read failed, without anything that a server said: its texts name logins, hosts and databases.
fn reason(error: &ReadError) -> String {
    match error {
        ReadError::Query(QueryError::Server { statement, error }) => {
            format!("SQL Server's error {}, state {}, in `{statement}`", error.number, error.state)
        }
        error => error.to_string(),
    }
}

fn product(found: Product) -> probe::Product {
    let Product { version, level, edition, collation } = found;
    probe::Product { product_version: version, level, edition, server_collation: collation }
}

fn database(found: DatabaseFacts) -> probe::Database {
    let DatabaseFacts { name: _, collation, updateability } = found;
    probe::Database { collation, updateability }
}

fn login(found: LoginFacts) -> probe::Login {
    let LoginFacts { login: _, user: _, roles, sees_definitions } = found;
    probe::Login { roles: roles.into_iter().map(|(role, is)| (role.to_owned(), is)).collect(), sees_definitions }
}

async fn read_engine(session: &mut Session) -> Result<probe::Engine, ReadError> {
    let engines = rows(session, &ENGINE, |row| {
        Ok(probe::Engine {
            edition: row.int_or_null("EngineEdition")?,
            compatibility_level: row.int("CompatibilityLevel")?,
        })
    });
    one(&ENGINE, engines.await?)
}

/// Type of a parameter or column as T-SQL spells it.
fn type_of(row: &Cells<'_>) -> Result<String, ReadError> {
    // A type of the database's own that stands for a list has no base.
    let base = row.text_or_null("BaseName")?.or(row.text_or_null("TypeName")?);
    let length = i16::try_from(row.int("MaxLength")?).unwrap_or(-1);
    Ok(spelled(
        &base.unwrap_or_else(|| "unknown".to_owned()).to_lowercase(),
        length,
        Some((row.int("PrecisionDigits")?, row.int("ScaleDigits")?)),
    ))
}

async fn procedures(
    session: &mut Session,
    permissions: Option<&Permissions>,
) -> Result<Vec<probe::Procedure>, ReadError> {
    let written = read_procedures(session).await?;
    let all: Vec<&'static str> =
        Procedure::ALL.iter().map(|procedure| procedure.name()).chain(read_through()).collect();
    let names: Vec<Parameter<'_>> = all.iter().copied().map(Parameter::Text).collect();
    let texts: BTreeMap<String, String> = definitions(session, &names).await?.into_iter().collect();
    let found = rows_in(session, &PARAMETERS, &names, |row| {
        let procedure = row.text("ProcedureName")?.to_lowercase();
        let Some(name) = row.text_or_null("ParameterName")? else { return Ok((procedure, None)) };
        let parameter =
            probe::Parameter { name, type_name: type_of(row)?, default: None, output: row.bit("IsOutput")? };
        Ok((procedure, Some(parameter)))
    });
    let mut live: BTreeMap<String, Vec<probe::Parameter>> = BTreeMap::new();
    for (procedure, parameter) in found.await? {
        live.entry(procedure).or_default().extend(parameter);
    }
    let lists = |name: &str| {
        let state = written.iter().find(|(procedure, _)| procedure.name() == name);
        state.map_or(Vec::new(), |(_, state)| state.lists.iter().map(list).collect())
    };
    let describe = |name: &'static str| {
        let low = name.to_lowercase();
        let (present, text) = (live.contains_key(&low), texts.get(&low));
        let mut parameters = live.remove(&low).unwrap_or_default();
        if let Some(defaulted) = text.and_then(|text| definition::defaulted(text)) {
            for parameter in &mut parameters {
                parameter.default = Some(defaulted.contains(&parameter.name.to_lowercase()));
            }
        }
        probe::Procedure {
            name: name.to_owned(),
            present,
            permitted: permissions.map(|all| all.get(&key("dbo", name)).is_some_and(|permitted| permitted.execute)),
            definition: if text.is_some() { Definition::Readable } else { Definition::Hidden },
            parameters,
            lists: lists(name),
            codes: text.map(|text| codes(text)).unwrap_or_default(),
            row: None,
        }
    };
    Ok(all.into_iter().map(describe).collect())
}

fn codes(text: &str) -> probe::Codes {
    let (raised, returned) = definition::codes(text);
    probe::Codes { raised, returned }
}

fn list(shape: &ListShape) -> probe::List {
    let ListShape { parameter, root, item, content, basis } = shape;
    probe::List {
        parameter: (*parameter).to_owned(),
        root: root.clone(),
        item: item.clone(),
        content: match content {
            ListContent::Elements => Content::Elements,
            ListContent::Attributes => Content::Attributes,
            ListContent::Guids => Content::Guids,
            ListContent::Numbers => Content::LocalIds,
            ListContent::Text => Content::Text,
        },
        basis: match basis {
            ListBasis::Found => Basis::Found,
            ListBasis::Hidden => Basis::AssumedHidden,
            ListBasis::Unclear => Basis::AssumedUnclear,
        },
    }
}

/// Calls what only reads, for the columns of its rows. The rows themselves are not looked at.
async fn read_row_sets(session: &mut Session, procedures: &mut [probe::Procedure]) {
    for name in read_through() {
        let Some(procedure) = procedures.iter_mut().find(|procedure| procedure.name == name) else { continue };
        if !procedure.present {
            continue;
        }
        let columns = check(session, async |session| Ok(session.call_for_columns(name).await?)).await;
        procedure.row = Some(match columns {
            Found::Unchecked(why) => Found::Unchecked(why),
            Found::Value(columns) => {
                let column = |(name, type_name): (String, Option<&str>)| probe::RowColumn {
                    name,
                    // The wire does not tell texts apart, nor bytes.
                    type_name: type_name.map(|type_name| match type_name {
                        "text" => "nvarchar".to_owned(),
                        "binary" => "varbinary".to_owned(),
                        other => other.to_owned(),
                    }),
                };
                Found::Value(columns.into_iter().map(column).collect())
            }
        });
    }
}

async fn objects(session: &mut Session, permissions: Option<&Permissions>) -> Result<Vec<probe::Object>, ReadError> {
    let mut all: Vec<(&str, &str)> =
        OBJECTS.iter().chain(LISTED).chain(DOCTOR_OBJECTS).map(|object| (object.schema, object.name)).collect();
    all.sort_unstable();
    all.dedup();
    let names: Vec<Parameter<'_>> = all.iter().map(|(_, name)| Parameter::Text(name)).collect();
    let found = rows_in(session, &COLUMNS, &names, |row| {
        let column = probe::Column {
            name: row.text("ColumnName")?,
            type_name: type_of(row)?,
            nullable: row.bit_or_null("IsNullable")? != Some(false),
        };
        Ok((key(&row.text("SchemaName")?, &row.text("ObjectName")?), column))
    });
    let mut live: BTreeMap<String, Vec<probe::Column>> = BTreeMap::new();
    for (object, column) in found.await? {
        live.entry(object).or_default().push(column);
    }
    let describe = |(schema, name): (&str, &str)| {
        let columns = live.remove(&key(schema, name));
        probe::Object {
            name: format!("{schema}.{name}"),
            present: columns.is_some(),
            permitted: permissions.map(|all| all.get(&key(schema, name)).is_some_and(|permitted| permitted.select)),
            columns: columns.unwrap_or_default(),
        }
    };
    Ok(all.into_iter().map(describe).collect())
}

async fn references(session: &mut Session) -> Vec<probe::Reference> {
    let mut all = Vec::new();
    for reference in REFERENCES {
        let read = async |session: &mut Session| {
            let scalars = |row: &Cells<'_>| reference.columns.iter().map(|column| scalar(row, column)).collect();
            let mut found: Vec<Vec<Scalar>> = rows(session, &reference.select, scalars).await?;
            found.sort();
            Ok(found)
        };
        all.push(probe::Reference {
            table: format!("dbo.{}", reference.table),
            columns: reference.columns.iter().map(|column| (*column).to_owned()).collect(),
            rows: check(session, read).await,
        });
    }
    all
}

fn scalar(row: &Cells<'_>, column: &'static str) -> Result<Scalar, ReadError> {
    Ok(match row.cell(column)? {
        Cell::Bit(bit) => Scalar::Flag(bit),
        Cell::Int(number) => Scalar::Number(number),
        Cell::Text(text) => Scalar::Text(text),
        Cell::Null | Cell::Opaque => Scalar::Null,
    })
}

async fn counts(session: &mut Session) -> BTreeMap<String, Found<u64>> {
    let mut all = BTreeMap::new();
    for (what, select) in COUNTS {
        let read = async |session: &mut Session| one(select, rows(session, select, |row| row.count("Number")).await?);
        all.insert((*what).to_owned(), check(session, read).await);
    }
    all
}

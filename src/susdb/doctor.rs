//! A look at a server's health: connecting stage by stage, then one check after the other, each by itself.
//!
//! Nothing is written, and no check stands on another: where one fails the next is made all the same, on a new connection
//! if the old one is lost.

mod connection;
pub(super) mod contract;
mod saves;

use std::collections::BTreeMap;
use std::error::Error;

use uuid::Uuid;

use super::error::ConnectError;
use super::preflight::read_procedures;
use super::read::catalogue::health::{
    DATABASE, DOWNSTREAM_SERVERS, LAST_SYNCHRONISATION, LOGIN, NESTED_TRIGGERS, PRODUCT, RESET_NEEDED, SCHEMA_VERSION,
    TARGETING,
};
use super::read::languages::{ProgramKey, read_program_keys};
use super::read::synchronization::read_synchronisation_state;
use super::read::{
    ReadError, one, read_clock, read_missing_groups, read_principals, read_server_id, read_version, rows,
};
use super::session::{ConnectOptions, Session, Stage};
use super::target::Target;
use crate::model::health::{
    Answer, ConnectionHealth, DatabaseFacts, LoginFacts, OrphanedUsers, Product, RequestedGroups, SchemaComponent,
    ServerHealth, Unchecked, Used,
};

/// Connects to a server and looks at everything that wsusctl needs of it. A failure is a part of what is found.
pub async fn examine(target: &Target, options: &ConnectOptions) -> (ConnectionHealth, Option<ServerHealth>) {
    let stage = Stage::default();
    let connected = Session::connect_observed(target, options, &stage).await;
    let connection = connection::health(target, &stage, connected.as_ref().err());
    let server = match connected {
        Ok(mut session) => Some(examine_server(&mut session).await),
        Err(_) => None,
    };
    (connection, server)
}

async fn examine_server(session: &mut Session) -> ServerHealth {
    let permissions = check(session, contract::read_permissions).await;
    ServerHealth {
        now: check(session, async |session| Ok(read_clock(session).await?.0)).await,
        version: check(session, read_version).await,
        product: check(session, read_product).await,
        database: check(session, read_database).await,
        server_id: check(session, read_server_id).await,
        schema: check(session, read_schema).await,
        login: check(session, read_login).await,
        procedures: match &permissions {
            Ok(permissions) => examine_procedures(session, permissions).await,
            Err(unchecked) => Err(unchecked.clone()),
        },
        objects: match &permissions {
            Ok(permissions) => check(session, async |session| contract::read_objects(session, permissions).await).await,
            Err(unchecked) => Err(unchecked.clone()),
        },
        reset_needed: check(session, read_reset_needed).await,
        synchronisation: check(session, read_synchronisation_state).await,
        last_synchronisation: check(session, read_last_synchronisation).await,
        requested_groups: check(session, read_requested_groups).await,
        downstream_servers: check(session, read_downstream_servers).await,
        orphaned_users: check(session, read_orphaned_users).await,
        program_keys: check(session, read_registered_programs).await,
        nested_triggers: check(session, read_nested_triggers).await,
    }
}

/// Compares every procedure; those that save a row together with that row.
async fn examine_procedures(session: &mut Session, permissions: &contract::Permissions) -> Answer<Vec<Used>> {
    let mut live = check(session, read_procedures).await?;
    let saves = saves::judge(session, &mut live).await;
    Ok(contract::compare_procedures(live, &saves, permissions))
}

/// Makes one check. A connection that an earlier one lost is made again.
async fn check<T>(session: &mut Session, read: impl AsyncFnOnce(&mut Session) -> Result<T, ReadError>) -> Answer<T> {
    check_with(session, |error| unchecked(&error), |error| unchecked(&error), read).await
}

/// Makes one check, and says in these words why there is no connection or why the read failed.
pub(super) async fn check_with<T, W>(
    session: &mut Session,
    unconnected: impl FnOnce(ConnectError) -> W,
    unread: impl FnOnce(ReadError) -> W,
    read: impl AsyncFnOnce(&mut Session) -> Result<T, ReadError>,
) -> Result<T, W> {
    if !session.is_connected() {
        session.reconnect().await.map_err(unconnected)?;
    }
    read(session).await.map_err(unread)
}

/// An error with those beneath it, in one line.
fn unchecked(error: &(dyn Error + 'static)) -> Unchecked {
    Unchecked { why: chain(error).join(": ") }
}

/// An error and those beneath it. Some say nothing but what is beneath them.
fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut messages: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let message = error.to_string();
        if messages.last() != Some(&message) {
            messages.push(message);
        }
        next = error.source();
    }
    messages
}

pub(super) async fn read_product(session: &mut Session) -> Result<Product, ReadError> {
    let products = rows(session, &PRODUCT, |row| {
        Ok(Product {
            version: row.text_or_null("ProductVersion")?,
            level: row.text_or_null("ProductLevel")?,
            edition: row.text_or_null("Edition")?,
            collation: row.text_or_null("Collation")?,
        })
    });
    one(&PRODUCT, products.await?)
}

pub(super) async fn read_database(session: &mut Session) -> Result<DatabaseFacts, ReadError> {
    let databases = rows(session, &DATABASE, |row| {
        Ok(DatabaseFacts {
            name: row.text("DatabaseName")?,
            collation: row.text_or_null("Collation")?,
            updateability: row.text_or_null("Updateability")?,
        })
    });
    one(&DATABASE, databases.await?)
}

/// Source: tbSchemaVersion: Intensive-Self-Service-Portal (grade A); what its values mean is not known.
async fn read_schema(session: &mut Session) -> Result<Vec<SchemaComponent>, ReadError> {
    let components = rows(session, &SCHEMA_VERSION, |row| {
        Ok(SchemaComponent {
            component: row.text("ComponentName")?,
            build: row.text("BuildNumber")?,
            version: row.int("SchemaVersion")?,
        })
    });
    let mut components = components.await?;
    components.sort();
    Ok(components)
}

/// Source: learn.microsoft.com, IS_ROLEMEMBER and IS_SRVROLEMEMBER: 1 is a member, 0 is none, NULL is no such role; metadata
/// visibility configuration: VIEW DEFINITION shows everything (grade A). The roles: Black Hat USA 2026 deck (webService),
/// learn.microsoft.com (PublicViewAccess) (grade A).
pub(super) async fn read_login(session: &mut Session) -> Result<LoginFacts, ReadError> {
    const ROLES: [(&str, &str); 6] = [
        ("sysadmin", "Sysadmin"),
        ("db_owner", "DbOwner"),
        ("db_datareader", "DataReader"),
        ("db_denydatareader", "DenyDataReader"),
        ("webService", "WebService"),
        ("PublicViewAccess", "PublicViewAccess"),
    ];
    let logins = rows(session, &LOGIN, |row| {
        let mut roles = Vec::new();
        for (role, column) in ROLES {
            roles.push((role, row.int_or_null(column)?.map(|member| member == 1)));
        }
        Ok(LoginFacts {
            login: row.text("LoginName")?,
            user: row.text("UserName")?,
            roles,
            sees_definitions: row.int_or_null("SeesDefinitions")? == Some(1),
        })
    });
    one(&LOGIN, logins.await?)
}

/// Source: tbSingletonData: Intensive-Self-Service-Portal (grade A); its meaning: WSUS 3.0 SP2 parameter names,
/// spGetResetStateMachineNeededFlag (grade B).
async fn read_reset_needed(session: &mut Session) -> Result<bool, ReadError> {
    one(&RESET_NEEDED, rows(session, &RESET_NEEDED, |row| row.bit("ResetStateMachineNeeded")).await?)
}

/// Source: tbSchedule, whose row 1, 1 is the subscription and whose LastRunTime begins as 1753-01-01:
/// Intensive-Self-Service-Portal (grade A), WSUS 3.0 SP2 parameter names (grade B).
async fn read_last_synchronisation(session: &mut Session) -> Result<Option<chrono::DateTime<chrono::Utc>>, ReadError> {
    use chrono::Datelike;
    let times = rows(session, &LAST_SYNCHRONISATION, |row| row.time("LastRunTime")).await?;
    let last = one(&LAST_SYNCHRONISATION, times)?;
    Ok(Some(last).filter(|last| last.year() > 1753))
}

/// Source: tbConfigurationA.ServerTargeting 0 lets group policy place computers: WSUS 3.0 SP2 parameter names (grade B).
async fn read_requested_groups(session: &mut Session) -> Result<RequestedGroups, ReadError> {
    let by_console = one(&TARGETING, rows(session, &TARGETING, |row| row.bit("ServerTargeting")).await?)?;
    Ok(RequestedGroups { heeded: !by_console, missing: read_missing_groups(session).await? })
}

/// Source: tbDownstreamServerTarget: Intensive-Self-Service-Portal (grade A).
async fn read_downstream_servers(session: &mut Session) -> Result<u64, ReadError> {
    one(&DOWNSTREAM_SERVERS, rows(session, &DOWNSTREAM_SERVERS, |row| row.count("Servers")).await?)
}

/// Source: learn.microsoft.com, sys.configurations, which every login may read (grade A).
async fn read_nested_triggers(session: &mut Session) -> Result<bool, ReadError> {
    one(&NESTED_TRIGGERS, rows(session, &NESTED_TRIGGERS, |row| Ok(row.int("InUse")? != 0)).await?)
}

async fn read_registered_programs(session: &mut Session) -> Result<BTreeMap<Uuid, String>, ReadError> {
    let keys = read_program_keys(session).await?;
    Ok(keys.into_iter().map(|ProgramKey { id, description }| (id, description)).collect())
}

/// Source: learn.microsoft.com, Troubleshoot orphaned users (grade A).
async fn read_orphaned_users(session: &mut Session) -> Result<OrphanedUsers, ReadError> {
    let live = read_principals(session).await?;
    let users = live.orphans().map(|(principal, orphan)| (principal.name.clone(), orphan.namesake.clone()));
    Ok(OrphanedUsers { visible: live.sees_logins && live.sees_principals, users: users.collect() })
}

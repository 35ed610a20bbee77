//! Reading a server: within a scope as a snapshot, and single objects again around a write.
//!
//! Every SELECT is in [`catalogue`]. Ids and texts are bound as parameters, at most a thousand a statement; a statement is
//! for a kind of object, never for one object.

mod busy;
pub mod catalogue;
mod categories;
mod computers;
mod conditions;
pub mod configuration;
mod deployments;
mod groups;
mod impact;
pub mod languages;
pub mod listing;
pub(super) mod notifications;
mod objects;
mod principals;
mod row;
mod rule_run;
pub(super) mod rules;
mod selections;
mod server;
pub mod synchronization;
mod totals;
mod updates;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use self::catalogue::Select;
use self::conditions::{Condition, UpdateScope};
use super::error::QueryError;
use super::preflight::{PreflightError, read_procedures, require_columns};
use super::session::{Parameter, Session};
use crate::model::object::{ServerClock, ServerIdentity, ServerLook, ServerPlace};
use crate::model::rule::Rules;
use crate::model::scope::ReadScope;
use crate::model::snapshot::{Deployment, Snapshot};

pub use self::busy::read_busy;
pub(super) use self::categories::read_numbers as read_category_numbers;
pub use self::impact::{read_impact, read_whole_impact};
pub use self::objects::read_objects;
pub use self::principals::read_principals;
pub use self::row::{Cells, ColumnProblem};
pub use self::rule_run::read_updates_of_rule;
pub use self::totals::read_other_actions;

/// Parameters of one statement at most. SQL Server takes 2100.
///
/// Source: learn.microsoft.com, maximum capacity specifications: parameters per stored procedure 2,100 (grade A).
const PARAMETERS_MAX: usize = 1000;

/// Why a read gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The statement failed.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The server does not have what we read.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    /// A column is not what it should be.
    #[error("`{statement}` gave a column `{column}` that {problem}")]
    Column {
        /// The SELECT's name in the catalogue.
        statement: &'static str,
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        problem: ColumnProblem,
    },
    /// A row that has to be there is not, or there are more.
    #[error("`{statement}` gave {found} rows instead of one")]
    NotOneRow {
        /// The SELECT's name in the catalogue.
        statement: &'static str,
        /// How many there were.
        found: usize,
    },
}

impl ReadError {
    /// What to do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Query(error) => error.hints(),
            Self::Preflight(error) => error.hints(),
            Self::Column { .. } | Self::NotOneRow { .. } => {
                vec!["this build of WSUS is not known yet: report its version together with this message".to_owned()]
            }
        }
    }
}

/// Reads the server's id: the first read of all, since a pin decides on it whether anything else may follow.
///
/// # Errors
/// [`ReadError`].
pub async fn read_server_id(session: &mut Session) -> Result<Uuid, ReadError> {
    server::read_id(session).await
}

/// Reads which server this is and where its database is.
///
/// # Errors
/// [`ReadError`].
pub async fn read_server_place(session: &mut Session) -> Result<ServerPlace, ReadError> {
    server::read_place(session).await
}

/// Reads the server's clock.
///
/// # Errors
/// [`ReadError`].
pub async fn read_clock(session: &mut Session) -> Result<ServerClock, ReadError> {
    let rows = rows(session, &catalogue::CLOCK, |row| row.time("Now")).await?;
    one(&catalogue::CLOCK, rows).map(ServerClock)
}

/// Reads which server this is and its clock, in one statement: a chunk of writes goes by no other.
///
/// # Errors
/// [`ReadError`].
pub async fn read_look(session: &mut Session) -> Result<ServerLook, ReadError> {
    let rows = rows(session, &catalogue::LOOK, |row| {
        let identity = ServerIdentity {
            server_id: row.guid("ServerID")?,
            replica: row.bit("ReplicaMode")?,
            server_side_targeting: row.bit("ServerTargeting")?,
        };
        Ok(ServerLook { clock: ServerClock(row.time("Now")?), identity })
    });
    one(&catalogue::LOOK, rows.await?)
}

/// Reads what a scope asks for.
///
/// The statements are not in one transaction: WSUS offers no isolation that would not block it. What changes in between
/// is found by the checks before each chunk of writes.
///
/// # Errors
/// [`ReadError`]: the first failure ends the read.
pub async fn read_snapshot(session: &mut Session, scope: &ReadScope) -> Result<Snapshot, ReadError> {
    let ServerClock(taken_at) = read_clock(session).await?;
    let version = server::read_version(session).await?;
    require_columns(session, scope, &version).await?;
    let server = server::read_facts(session, version).await?;
    let mut settings = if scope.settings { Some(configuration::read_settings(session).await?) } else { None };
    let mut synchronization = if scope.synchronization { Some(synchronization::read(session).await?) } else { None };
    let mut notifications = if scope.notifications { Some(notifications::read(session).await?) } else { None };
    let database_roles = if scope.database_roles { Some(read_principals(session).await?) } else { None };
    let groups = groups::read(session).await?;
    let computers = if scope.computers { computers::read(session).await? } else { Default::default() };
    let memberships =
        if scope.computers { computers::read_memberships(session, &groups).await? } else { Default::default() };
    let requested_groups = if server.server_side_targeting {
        Default::default()
    } else {
        computers::read_requested_groups(session, &groups).await?
    };
    let (categories, updates, deployments) = updates::read(session, scope).await?;
    let rules = if scope.rules {
        let categories = categories.numbers;
        Some(Rules { all: rules::read(session).await?, categories })
    } else {
        None
    };
    let deletable: Vec<Parameter<'_>> =
        scope.groups_with_approvals(groups.values()).map(|group| Parameter::Guid(group.id)).collect();
    let mut approvals_of_groups: BTreeMap<Uuid, Vec<(Uuid, Deployment)>> = BTreeMap::new();
    for (update, approval) in objects::read_approvals_of(session, &deletable).await? {
        approvals_of_groups.entry(approval.group).or_default().push((update, approval));
    }
    let downstream_servers =
        if scope.downstream_servers { Some(listing::read_downstream_servers(session).await?) } else { None };
    let articles = updates::read_articles(session, scope, &updates).await?;
    let titled = updates::read_titled(session, scope, &updates).await?;
    let totals = totals::read(session).await?;
    let mut procedures = read_procedures(session).await?;
    if let Some(settings) = &mut settings {
        configuration::judge(settings, &mut procedures);
    }
    if let Some((live, row)) = &mut synchronization {
        synchronization::judge(live, row, &mut procedures);
    }
    if let Some(notifications) = &mut notifications {
        notifications::judge(notifications, &mut procedures);
    }
    tracing::info!(
        groups = groups.len(),
        computers = computers.len(),
        updates = updates.len(),
        approvals = deployments.len(),
        "server read"
    );
    Ok(Snapshot {
        taken_at,
        scope: scope.clone(),
        server,
        settings,
        rules,
        downstream_servers,
        synchronization: synchronization.map(|(live, _)| live),
        notifications,
        database_roles,
        groups,
        computers,
        memberships,
        requested_groups,
        categories: categories.all,
        updates,
        articles,
        titled,
        deployments,
        approvals_of_groups,
        totals,
        procedures,
    })
}

/// Reads the database server's version.
pub(super) async fn read_version(session: &mut Session) -> Result<String, ReadError> {
    server::read_version(session).await
}

/// Reads the names of groups that computers ask for and that do not exist, with the number of computers.
pub(super) async fn read_missing_groups(session: &mut Session) -> Result<BTreeMap<String, u32>, ReadError> {
    let groups = groups::read(session).await?;
    computers::read_requested_groups(session, &groups).await
}

/// Reads the rows of a procedure that takes no parameters.
pub(super) async fn rows_of_procedure<T>(
    session: &mut Session,
    procedure: &'static str,
    decode: impl Fn(&Cells<'_>) -> Result<T, ReadError>,
) -> Result<Vec<T>, ReadError> {
    session.call_for_rows(procedure, &[], |row| decode(&Cells { statement: procedure, row })).await
}

/// Reads all rows of a SELECT about the updates of a scope, in as many statements as that takes.
async fn rows_about<T>(
    session: &mut Session,
    select: &Select,
    scope: &UpdateScope<'_>,
    decode: impl Fn(&Cells<'_>) -> Result<T, ReadError>,
) -> Result<Vec<T>, ReadError> {
    let mut all = Vec::new();
    for Condition { text, values } in scope.conditions() {
        let found = run(session, select, &select.text.replace("{scope}", &text), &values, &decode).await?;
        // Most scopes are one statement: then nothing is moved.
        if all.is_empty() {
            all = found;
        } else {
            all.extend(found);
        }
    }
    Ok(all)
}

/// Reads all rows of a SELECT without parameters.
pub(super) async fn rows<T>(
    session: &mut Session,
    select: &Select,
    decode: impl Fn(&Cells<'_>) -> Result<T, ReadError>,
) -> Result<Vec<T>, ReadError> {
    run(session, select, select.text, &[], &decode).await
}

/// Reads all rows of a SELECT with a list of values, in as many statements as it takes. No values, no rows.
pub(super) async fn rows_in<T>(
    session: &mut Session,
    select: &Select,
    values: &[Parameter<'_>],
    decode: impl Fn(&Cells<'_>) -> Result<T, ReadError>,
) -> Result<Vec<T>, ReadError> {
    let mut all = Vec::new();
    for (text, parameters) in statements(select.text, values) {
        all.extend(run(session, select, &text, &parameters, &decode).await?);
    }
    Ok(all)
}

/// The statements that a list of values takes: text and parameters of each.
fn statements<'a>(text: &str, values: &[Parameter<'a>]) -> impl Iterator<Item = (String, Vec<Parameter<'a>>)> {
    values.chunks(PARAMETERS_MAX).map(move |chunk| {
        let padded = pad(chunk, PARAMETERS_MAX);
        (catalogue::with_list(text, padded.len()), padded)
    })
}

/// Fills a list up to the next power of two with its last value, so that the server sees a few texts and not a thousand,
/// each with a query plan of its own.
fn pad<'a>(values: &[Parameter<'a>], length_max: usize) -> Vec<Parameter<'a>> {
    let length = values.len().next_power_of_two().min(length_max);
    let mut padded = values.to_vec();
    if let Some(last) = values.last() {
        padded.resize(length, *last);
    }
    padded
}

async fn run<T>(
    session: &mut Session,
    select: &Select,
    text: &str,
    parameters: &[Parameter<'_>],
    decode: &impl Fn(&Cells<'_>) -> Result<T, ReadError>,
) -> Result<Vec<T>, ReadError> {
    let statement = select.name;
    session.select(statement, text, parameters, |row| decode(&Cells { statement, row })).await
}

/// The one row of a SELECT that gives one.
pub(super) fn one<T>(select: &Select, rows: Vec<T>) -> Result<T, ReadError> {
    let found = rows.len();
    let mut rows = rows.into_iter();
    match (rows.next(), found) {
        (Some(row), 1) => Ok(row),
        _ => Err(ReadError::NotOneRow { statement: select.name, found }),
    }
}

/// A deadline as the model has it: a stored 9999-12-31 is none.
///
/// Source: MS-WSUSSS, MS-WSUSAR: 9999-12-31T23:59:59.997 stands for none (grade A).
pub(super) fn deadline(stored: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    use chrono::Datelike;
    stored.filter(|deadline| deadline.year() < 9999)
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::{Parameter, deadline, pad};

    #[test]
    fn lists_have_few_lengths() {
        let lengths = |count: i32| pad(&(0..count).map(Parameter::Int).collect::<Vec<_>>(), 1000).len();
        assert_eq!([1, 2, 3, 5, 600, 1000].map(lengths), [1, 2, 4, 8, 1000, 1000]);
        assert_eq!(pad(&[1, 2, 3].map(Parameter::Int), 1000)[3], Parameter::Int(3));
    }

    #[test]
    fn the_last_year_is_no_deadline() {
        let of_year = |year| Utc.with_ymd_and_hms(year, 12, 31, 23, 59, 59).single();
        assert_eq!(deadline(of_year(9999)), None);
        assert_eq!(deadline(of_year(2026)), of_year(2026));
        assert_eq!(deadline(None), None);
    }
}

//! The server's own facts.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::catalogue::{SERVER_FACTS, SERVER_ID, SERVER_LOGIN, SERVER_PLACE, SERVER_VERSION};
use super::{ReadError, one, rows};
use crate::model::object::ServerPlace;
use crate::model::snapshot::ServerFacts;
use crate::susdb::session::Session;

/// Reads the server's id.
///
/// Source: tbConfigurationA.ServerID: Intensive-Self-Service-Portal, MS-WSUSSS (grade A).
pub(super) async fn read_id(session: &mut Session) -> Result<Uuid, ReadError> {
    one(&SERVER_ID, rows(session, &SERVER_ID, |row| row.guid("ServerID")).await?)
}

/// Reads which server this is, and what its database server calls the place.
///
/// Source: SERVERPROPERTY('ServerName') is the instance that a listener or an alias leads to: learn.microsoft.com,
/// SERVERPROPERTY (grade A).
pub(super) async fn read_place(session: &mut Session) -> Result<ServerPlace, ReadError> {
    let places = rows(session, &SERVER_PLACE, |row| {
        let database = row.text("DatabaseName")?;
        let instance = row.text_or_null("Instance")?.unwrap_or_default();
        Ok(ServerPlace { server_id: row.guid("ServerID")?, database: format!("{instance}/{database}") })
    });
    one(&SERVER_PLACE, places.await?)
}

/// Reads the database server's version: the first line of what it says.
pub(super) async fn read_version(session: &mut Session) -> Result<String, ReadError> {
    let text = one(&SERVER_VERSION, rows(session, &SERVER_VERSION, |row| row.text("Version")).await?)?;
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

/// Reads the facts.
///
/// Source: tbConfigurationA, tbConfigurationB and tbConfigurationC: Intensive-Self-Service-Portal (grade A); SyncToMU 0
/// means an upstream server, ServerTargeting 0 means that group policy places computers: MicrosoftDocs security-updates
/// (grade A, B); AutoRefreshDeployments 1 means that approvals follow to new revisions: learn.microsoft.com,
/// IUpdateServerConfiguration.AutoRefreshUpdateApprovals (grade B).
pub(super) async fn read_facts(session: &mut Session, sql_version: String) -> Result<ServerFacts, ReadError> {
    let login = one(&SERVER_LOGIN, rows(session, &SERVER_LOGIN, |row| row.text("Login")).await?)?;
    let facts = rows(session, &SERVER_FACTS, |row| {
        Ok(ServerFacts {
            server_id: row.guid("ServerID")?,
            replica: row.bit("ReplicaMode")?,
            has_upstream: !row.bit("SyncToMU")?,
            approves_new_revisions: row.bit("AutoRefreshDeployments")?,
            server_side_targeting: row.bit("ServerTargeting")?,
            utc_offset_minutes: Some(offset_minutes(row.time("LocalNow")?, row.time("Now")?)),
            sql_version: sql_version.clone(),
            login: login.clone(),
        })
    });
    one(&SERVER_FACTS, facts.await?)
}

/// How many minutes local time is ahead of UTC. The two clocks are read one after the other, so seconds do not count.
fn offset_minutes(local: DateTime<Utc>, utc: DateTime<Utc>) -> i32 {
    let seconds = (local - utc).num_seconds();
    // Real offsets are below a day.
    i32::try_from((seconds + 30 * seconds.signum()) / 60).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Duration, Utc};

    use super::offset_minutes;

    #[test]
    fn an_offset_is_whole_minutes() {
        let utc: DateTime<Utc> = "2026-12-01T12:00:00Z".parse().unwrap();
        for (seconds, minutes) in [(0, 0), (7_200, 120), (7_199, 120), (-12_600, -210), (-12_601, -210), (1, 0)] {
            assert_eq!(offset_minutes(utc + Duration::seconds(seconds), utc), minutes, "{seconds}");
        }
    }
}

//! Reading what a server has, as lists. Nothing here is read for a plan.

mod categories;
mod computers;
mod downstream_servers;
mod groups;
mod rules;
pub(super) mod selects;
mod updates;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{ReadError, read_clock, server};
use crate::model::listing::Noun;
use crate::model::object::ServerClock;
use crate::susdb::preflight::require_listed;
use crate::susdb::session::Session;

pub use self::categories::read_categories;
pub use self::computers::read_computers;
pub use self::downstream_servers::read_downstream_servers;
pub use self::groups::{read_group_names, read_groups};
pub use self::rules::read_rules;
pub use self::updates::{UpdateChoice, Updates};

/// The server that a list is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedServer {
    /// Its id.
    pub server_id: Uuid,
    /// Its clock when the reading began.
    pub taken_at: DateTime<Utc>,
}

/// Checks that the server has what a list of this is read from, and reads which server it is.
///
/// # Errors
/// [`ReadError`], with the first table or column that is not there.
pub async fn read_listed_server(session: &mut Session, noun: Noun) -> Result<ListedServer, ReadError> {
    let ServerClock(taken_at) = read_clock(session).await?;
    let version = server::read_version(session).await?;
    require_listed(session, noun, &version).await?;
    Ok(ListedServer { server_id: server::read_id(session).await?, taken_at })
}

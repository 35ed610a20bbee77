//! The server's own facts and numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::snapshot::{ServerFacts, Totals};
use crate::saved::text::Id;

/// The server's facts without its id, which stands in the first line, and without the login, which is nobody else's business.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::saved) struct ServerWire {
    replica: bool,
    has_upstream: bool,
    approves_new_revisions: bool,
    server_side_targeting: bool,
    /// Older files have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    utc_offset_minutes: Option<i32>,
    sql_version: String,
}

/// Numbers over the whole server.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::saved) struct TotalsWire {
    approvals: u64,
    automatic_approvals: u64,
    approvals_by_group: BTreeMap<Id, u64>,
    automatic_approvals_by_group: BTreeMap<Id, u64>,
    computers_by_group: BTreeMap<Id, u64>,
    grouped_computers: u64,
    declines: u64,
}

impl From<&ServerFacts> for ServerWire {
    fn from(facts: &ServerFacts) -> Self {
        let ServerFacts {
            server_id: _,
            replica,
            has_upstream,
            approves_new_revisions,
            server_side_targeting,
            utc_offset_minutes,
            sql_version,
            login: _,
        } = facts;
        Self {
            replica: *replica,
            has_upstream: *has_upstream,
            approves_new_revisions: *approves_new_revisions,
            server_side_targeting: *server_side_targeting,
            utc_offset_minutes: *utc_offset_minutes,
            sql_version: sql_version.clone(),
        }
    }
}

impl ServerWire {
    /// The facts of the server with this id.
    pub(in crate::saved) fn facts(self, server_id: Uuid) -> ServerFacts {
        let Self {
            replica,
            has_upstream,
            approves_new_revisions,
            server_side_targeting,
            utc_offset_minutes,
            sql_version,
        } = self;
        ServerFacts {
            server_id,
            replica,
            has_upstream,
            approves_new_revisions,
            server_side_targeting,
            utc_offset_minutes,
            sql_version,
            login: String::new(),
        }
    }
}

impl From<&Totals> for TotalsWire {
    fn from(totals: &Totals) -> Self {
        let Totals {
            approvals,
            automatic_approvals,
            approvals_by_group,
            automatic_approvals_by_group,
            computers_by_group,
            grouped_computers,
            declines,
        } = totals;
        Self {
            approvals: *approvals,
            automatic_approvals: *automatic_approvals,
            approvals_by_group: saved(approvals_by_group),
            automatic_approvals_by_group: saved(automatic_approvals_by_group),
            computers_by_group: saved(computers_by_group),
            grouped_computers: *grouped_computers,
            declines: *declines,
        }
    }
}

impl From<TotalsWire> for Totals {
    fn from(wire: TotalsWire) -> Self {
        let TotalsWire {
            approvals,
            automatic_approvals,
            approvals_by_group,
            automatic_approvals_by_group,
            computers_by_group,
            grouped_computers,
            declines,
        } = wire;
        Self {
            approvals,
            automatic_approvals,
            approvals_by_group: read(approvals_by_group),
            automatic_approvals_by_group: read(automatic_approvals_by_group),
            computers_by_group: read(computers_by_group),
            grouped_computers,
            declines,
        }
    }
}

fn saved(numbers: &BTreeMap<Uuid, u64>) -> BTreeMap<Id, u64> {
    numbers.iter().map(|(id, number)| (Id(*id), *number)).collect()
}

fn read(numbers: BTreeMap<Id, u64>) -> BTreeMap<Uuid, u64> {
    numbers.into_iter().map(|(Id(id), number)| (id, number)).collect()
}

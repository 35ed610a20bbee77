//! The shape of the file: one variant of `Record` a kind of line. docs/reference/snapshot.md changes with it.
//!
//! A field of the model that is new is added to the wire struct of its noun, with `#[serde(default)]` where older files
//! are to stay readable; what is a kind of object of its own becomes a record.

mod categories;
mod downstream;
mod groups;
mod impact;
mod notifications;
mod principals;
mod procedures;
mod row;
mod rules;
mod server;
mod settings;
mod synchronization;
mod updates;

use serde::{Deserialize, Serialize};

pub(super) use self::categories::{CategoryNumberWire, CategoryWire};
pub(super) use self::downstream::DownstreamServerWire;
pub(super) use self::groups::{ComputerWire, GroupWire, MembershipWire, RequestedGroupWire};
pub(super) use self::impact::{NeededWire, RemovedWire};
pub(super) use self::notifications::NotificationsWire;
pub(super) use self::principals::PrincipalsWire;
pub(super) use self::procedures::ProcedureWire;
pub(super) use self::rules::RuleWire;
pub(super) use self::server::{ServerWire, TotalsWire};
pub(super) use self::settings::SettingsWire;
pub(super) use self::synchronization::SynchronizationWire;
pub(super) use self::updates::{ApprovalWire, UpdateWire};
use super::text::{Id, Time};

/// What every snapshot's `kind` is.
pub(super) const KIND: &str = "WsusSnapshot";

/// As much of a first line as says what the rest is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Probe {
    pub(super) kind: String,
    pub(super) format_version: String,
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Head {
    pub(super) kind: String,
    pub(super) format_version: String,
    pub(super) tool: Tool,
    pub(super) taken_at: Time,
    pub(super) server_id: Id,
    pub(super) contents: Contents,
}

/// Who wrote it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) version: String,
}

/// What was read of what may be missing: without records of it there was none, or nobody looked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Contents {
    pub(super) rules: bool,
    pub(super) downstream_servers: bool,
    pub(super) needed: bool,
    /// Files before 1.2 do not say.
    #[serde(default)]
    pub(super) parts: bool,
}

/// A line between the first and the last.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Record {
    Server(ServerWire),
    Totals(TotalsWire),
    Settings(SettingsWire),
    Synchronization(SynchronizationWire),
    Notifications(NotificationsWire),
    Principals(PrincipalsWire),
    Procedure(ProcedureWire),
    Group(GroupWire),
    Computer(ComputerWire),
    Membership(MembershipWire),
    RequestedGroup(RequestedGroupWire),
    Rule(RuleWire),
    CategoryNumber(CategoryNumberWire),
    DownstreamServer(DownstreamServerWire),
    Category(CategoryWire),
    Update(UpdateWire),
    Approval(ApprovalWire),
    Article(String),
    Needed(NeededWire),
    Removed(RemovedWire),
    End(EndWire),
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndWire {
    /// Lines between the first and this one.
    pub(super) records: u64,
    /// SHA-256 of all lines before this one, each with a line feed.
    pub(super) sha256: String,
}

/// Whether a field may be left out.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

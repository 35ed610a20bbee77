//! The server's own id: it changes alone in its run, since everything else hangs on which server it is.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::change::{Reason, Risk};
use super::context::Context;
use super::draft::{Draft, assemble};
use super::permission::Permission;
use super::settings::{change, notice, password_at_stake};
use super::step::Operation;
use super::support;
use super::{Blocker, BlockerSubject, Plan};
use crate::model::address::{Address, Kind};
use crate::model::attribute::Attribute;
use crate::model::object::ObjectState;
use crate::model::resolved::{Notice, ResolvedIdentity};
use crate::model::setting::Cell;

/// The column of the configuration row.
const COLUMN: &str = "serverid";
/// What sets the id where this connection cannot.
///
/// Source: learn.microsoft.com, Migrate the Windows Server Update Services role, change the server identity (grade A).
const BY_API: &str = "set it on the server: $c = (Get-WsusServer).GetConfiguration(); $c.ServerId = 'NEW'; $c.Save()";

/// What is to be done about the id.
pub(super) enum Identity {
    /// It changes.
    Changes(Box<Draft>),
    /// It should, and this connection cannot.
    Unsupported(Notice),
}

/// Compares the id. None where there is nothing to do.
pub(super) fn declared(context: &Context<'_>) -> Option<Identity> {
    let ResolvedIdentity { server_id, replaces } = context.resolved.identity?;
    let address = Address::ServerId;
    if context.snapshot.server.server_id != replaces || context.ignores(&address) {
        return None;
    }
    let origin = server_id.origin;
    let unsupported = |code, message| Some(Identity::Unsupported(notice(Address::ServerId, code, message, origin)));
    let live = context.snapshot.settings.as_ref()?;
    let Some(before) = live.row.cell(COLUMN) else {
        let message = format!("this server's configuration has no ServerId; {BY_API}");
        return unsupported("settingMissing", message);
    };
    let shown = |id: Uuid| Attribute::Text(id.to_string());
    let mut change = change(address, shown(replaces), shown(server_id.value), origin);
    change.risk = Risk::High;
    change.reason = Reason { code: "replaces", text: "the server still has the id that this one replaces".to_owned() };
    let operation = Operation::SaveSettings {
        cells: BTreeMap::from([(COLUMN.to_owned(), Cell::Text(server_id.value.to_string()))]),
        languages: BTreeMap::new(),
    };
    let cells = BTreeMap::from([(COLUMN.to_owned(), before.clone())]);
    let before = ObjectState::Settings { cells, languages: BTreeMap::new() };
    let mut draft = Draft::of_one_step(change, operation, before);
    draft.blockers.extend(known_as(context, server_id.value).into_iter().chain(risk(context)));
    let (mut drafts, mut refused) = support::split(context, vec![draft]);
    if let Some(notice) = refused.pop() {
        return Some(Identity::Unsupported(notice));
    }
    if live.unsaved.contains(COLUMN) {
        let message = format!("spSetConfiguration has no parameter for ServerId on this server; {BY_API}");
        return unsupported("settingNotSaved", message);
    }
    if let Some(parameter) = password_at_stake(&drafts, live) {
        let message = format!(
            "needs spSetConfiguration, which takes {parameter}, and to leave that out might clear the password of the proxy, \
             which is in use; {BY_API}"
        );
        return unsupported("passwordParameter", message);
    }
    drafts.pop().map(|draft| Identity::Changes(Box::new(draft)))
}

/// Two servers with one id are taken for one another by computers and by servers above and below.
///
/// Source: tbDownstreamServerTarget.AccountServerID holds other servers' ids: Intensive-Self-Service-Portal, MS-WSUSSS
/// (grade A).
fn known_as(context: &Context<'_>, new: Uuid) -> Option<Blocker> {
    let servers = context.snapshot.downstream_servers.iter().flatten();
    let known = servers.into_iter().find(|server| server.server_id == Some(new))?;
    Some(blocker(context, "identityKnown", format!("{new} is the id of the downstream server {}", known.name), None))
}

fn risk(context: &Context<'_>) -> Option<Blocker> {
    let permitted = context.policy.permissions.has(Permission::HighRisk);
    let message = "it changes which server this is to its computers and to the servers above and below it".to_owned();
    (!permitted).then(|| blocker(context, "highRisk", message, Some(Permission::HighRisk)))
}

fn blocker(context: &Context<'_>, code: &'static str, message: String, permission: Option<Permission>) -> Blocker {
    let origin = context.resolved.identity.map(|identity| identity.server_id.origin);
    Blocker { subject: BlockerSubject::Object(Address::ServerId), code, message, permission, origin }
}

/// What follows from a new id.
///
/// Source: learn.microsoft.com, Migrate the Windows Server Update Services role (postinstall makes a new key; computers and
/// downstream servers have to find the server anew; grade A); MS-WSUSSS 3.1.1 (an entry for every id that a server above
/// has seen; grade A).
fn follows(context: &Context<'_>) -> Vec<Notice> {
    let server = &context.snapshot.server;
    let downstream = context.snapshot.downstream_servers.as_ref().map_or(0, Vec::len);
    let mut texts = vec![
        "afterwards run `wsusutil postinstall` on the server: it makes the key that belongs to the new id".to_owned(),
        "computers authorise anew at their next contact".to_owned(),
    ];
    if downstream > 0 {
        let servers = if downstream == 1 { "downstream server registers" } else { "downstream servers register" };
        texts.push(format!("{downstream} {servers} anew at the next synchronisation"));
    }
    if server.has_upstream {
        texts.push("the upstream server keeps an entry of the old id, which goes stale: delete it there".to_owned());
    }
    let origin = context.resolved.identity.map(|identity| identity.server_id.origin);
    let notice = |message| Notice { address: Address::ServerId, code: "identityFollows", message, origin };
    texts.into_iter().map(notice).collect()
}

/// The plan that changes the id and nothing else.
pub(super) fn alone(context: &Context<'_>, mut draft: Draft, mut plan: Plan) -> Plan {
    plan.put_off();
    plan.blockers.append(&mut draft.blockers);
    plan.blockers.sort();
    (plan.changes, plan.steps) = assemble(vec![draft]);
    plan.summary.modify = 1;
    plan.warnings.extend(follows(context));
    plan
}

impl Plan {
    /// Leaves everything that it wants to another run: in one that changes the server's id, nothing else happens.
    pub fn put_off(&mut self) {
        self.put_off += self.changes.len() + self.blockers.len() + self.unsupported.len();
        self.changes.clear();
        self.steps.clear();
        self.blockers.clear();
        self.unsupported.clear();
        (self.summary.create, self.summary.modify, self.summary.delete) = (0, 0, 0);
        if self.put_off > 0 {
            let message = "the server's id changes alone: what else differs waits for the next run".to_owned();
            self.warnings.push(Notice { address: Address::ServerId, code: "identityAlone", message, origin: None });
        }
    }

    /// Whether it changes the server's id.
    #[must_use]
    pub fn changes_identity(&self) -> bool {
        self.changes.iter().any(|change| change.address.kind() == Kind::Identity)
    }
}

//! Reads a snapshot. Nothing of a file is used unless all of it is in order.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use uuid::Uuid;

use super::error::Alteration;
use super::lines::{Limits, Lines};
use super::text::Id;
use super::wire::{
    Contents, EndWire, Head, KIND, MembershipWire, NeededWire, Probe, Record, RequestedGroupWire, ServerWire,
};
use super::{Saved, SavedError, Version};
use crate::model::category::{Categories, Category};
use crate::model::configuration::LiveSettings;
use crate::model::impact::{Impact, Removed};
use crate::model::listing::ListedDownstreamServer;
use crate::model::procedure::{Procedure, ProcedureState};
use crate::model::rule::{Rule, Rules};
use crate::model::scope::ReadScope;
use crate::model::snapshot::{Computer, Deployment, Snapshot, TargetGroup, Totals, Update};
use crate::model::synchronization::LiveSynchronization;

/// Reads a file to its end.
///
/// # Errors
/// [`SavedError`] with the line where there is one: whatever the bytes are, they are a whole snapshot as it was written,
/// or an error.
pub fn read(input: impl BufRead, limits: &Limits) -> Result<Saved, SavedError> {
    let mut lines = Lines::new(input, *limits);
    let head = read_head(&mut lines)?;
    let mut records = Records::default();
    let mut count = 0;
    loop {
        let number = lines.number() + 1;
        let Some(text) = lines.next()? else { return Err(SavedError::Incomplete { lines: lines.number() }) };
        let record = serde_json::from_str(text).map_err(|error| SavedError::malformed(number, &error))?;
        match record {
            Record::End(end) => {
                check_end(&mut lines, end, count)?;
                return records.finish(head);
            }
            record => records.take(record, number)?,
        }
        count += 1;
        lines.count_in();
    }
}

fn read_head(lines: &mut Lines<impl BufRead>) -> Result<Head, SavedError> {
    let Some(text) = lines.next()? else { return Err(SavedError::Empty) };
    let probe: Probe = serde_json::from_str(text).map_err(|_| SavedError::NotASnapshot)?;
    let version = Version::parse(&probe.format_version).filter(|_| probe.kind == KIND);
    let found = version.ok_or(SavedError::NotASnapshot)?;
    if !found.is_known() {
        return Err(SavedError::NewerFormat { found });
    }
    let head = serde_json::from_str(text).map_err(|error| SavedError::malformed(1, &error))?;
    lines.count_in();
    Ok(head)
}

fn check_end(lines: &mut Lines<impl BufRead>, end: EndWire, found: u64) -> Result<(), SavedError> {
    let EndWire { records, sha256 } = end;
    let altered = |problem| Err(SavedError::Altered { problem });
    if records != found {
        return altered(Alteration::Records { written: records, found });
    }
    let checksum = lines.checksum();
    if checksum != sha256 {
        return altered(Alteration::Checksum { written: sha256, found: checksum });
    }
    match lines.next()? {
        Some(_) => Err(SavedError::Trailing { line: lines.number() }),
        None => Ok(()),
    }
}

/// What has been read so far.
#[derive(Default)]
struct Records {
    server: Option<ServerWire>,
    totals: Option<Totals>,
    settings: Option<LiveSettings>,
    synchronization: Option<LiveSynchronization>,
    procedures: BTreeMap<Procedure, ProcedureState>,
    groups: BTreeMap<Uuid, TargetGroup>,
    computers: BTreeMap<i32, Computer>,
    memberships: BTreeSet<(Uuid, i32)>,
    requested_groups: BTreeMap<String, u32>,
    rules: BTreeMap<i32, Rule>,
    category_numbers: BTreeMap<i32, Uuid>,
    downstream_servers: Vec<ListedDownstreamServer>,
    categories: BTreeMap<Uuid, Category>,
    updates: BTreeMap<Uuid, Update>,
    deployments: BTreeMap<Uuid, Vec<Deployment>>,
    articles: BTreeSet<String>,
    bytes: BTreeMap<Uuid, u64>,
    needed: BTreeMap<(Uuid, Uuid), u64>,
    removed: BTreeMap<(Uuid, Uuid), Removed>,
}

impl Records {
    /// Takes the record of a line.
    fn take(&mut self, record: Record, line: u64) -> Result<(), SavedError> {
        // What was there before, in words.
        let before = match record {
            Record::Server(wire) => self.server.replace(wire).map(|_| "the server".to_owned()),
            Record::Totals(wire) => self.totals.replace(wire.into()).map(|_| "the totals".to_owned()),
            Record::Settings(wire) => self.settings.replace(wire.into()).map(|_| "the settings".to_owned()),
            Record::Synchronization(wire) => {
                self.synchronization.replace(wire.into()).map(|_| "what is synchronised".to_owned())
            }
            Record::Procedure(wire) => {
                let Some(procedure) = Procedure::ALL.into_iter().find(|known| known.name() == wire.name) else {
                    let problem = format!("no procedure `{}` is known", wire.name);
                    return Err(SavedError::Malformed { line, column: 1, problem });
                };
                self.procedures.insert(procedure, wire.into()).map(|_| format!("procedure {}", procedure.name()))
            }
            Record::Group(wire) => {
                let group = TargetGroup::from(wire);
                self.groups.insert(group.id, group).map(|group| format!("group {}", group.id))
            }
            Record::Computer(wire) => {
                let computer = Computer::from(wire);
                self.computers.insert(computer.target_id, computer).map(|old| format!("computer {}", old.target_id))
            }
            Record::Membership(MembershipWire { group: Id(group), computer }) => {
                let is_new = self.memberships.insert((group, computer));
                (!is_new).then(|| format!("computer {computer} in group {group}"))
            }
            Record::RequestedGroup(RequestedGroupWire { name, computers }) => {
                self.requested_groups.insert(name, computers).map(|_| "this requested group".to_owned())
            }
            Record::Rule(wire) => {
                let rule = Rule::from(wire);
                self.rules.insert(rule.id, rule).map(|rule| format!("rule {}", rule.id))
            }
            Record::CategoryNumber(wire) => {
                let Id(id) = wire.id;
                self.category_numbers.insert(wire.number, id).map(|_| format!("category number {}", wire.number))
            }
            // Several servers may have one name.
            Record::DownstreamServer(wire) => {
                self.downstream_servers.push(wire.into());
                None
            }
            Record::Category(wire) => {
                let category = Category::from(wire);
                self.categories.insert(category.id, category).map(|category| format!("category {}", category.id))
            }
            Record::Update(wire) => {
                let bytes = wire.bytes;
                let update = Update::from(wire);
                self.bytes.extend(bytes.map(|bytes| (update.id, bytes)));
                self.updates.insert(update.id, update).map(|update| format!("update {}", update.id))
            }
            // Two rows of one update may be equal in everything, and each counts.
            Record::Approval(wire) => {
                let Id(update) = wire.update;
                self.deployments.entry(update).or_default().push(wire.into());
                None
            }
            Record::Article(number) => {
                let repeated = format!("article {number}");
                (!self.articles.insert(number)).then_some(repeated)
            }
            Record::Needed(NeededWire { update: Id(update), computers }) => {
                let pairs = computers.into_iter().map(|(Id(group), number)| ((update, group), number));
                let (mut before, pairs): (bool, Vec<_>) = (false, pairs.collect());
                for (pair, number) in pairs {
                    before |= self.needed.insert(pair, number).is_some();
                }
                before.then(|| format!("computers that need update {update}"))
            }
            Record::Removed(wire) => {
                let (Id(update), Id(group)) = (wire.update, wire.group);
                let before = self.removed.insert((update, group), wire.into());
                before.map(|_| format!("who removed approvals of update {update} for group {group}"))
            }
            Record::End(_) => None,
        };
        before.map_or(Ok(()), |what| Err(SavedError::Repeated { line, what }))
    }

    /// What the records come to.
    fn finish(self, head: Head) -> Result<Saved, SavedError> {
        let Self {
            server,
            totals,
            settings,
            synchronization,
            procedures,
            groups,
            computers,
            memberships,
            requested_groups,
            rules,
            category_numbers,
            downstream_servers,
            categories,
            updates,
            deployments,
            articles,
            bytes,
            needed,
            removed,
        } = self;
        let Head { kind: _, format_version: _, tool, taken_at, server_id: Id(server_id), contents } = head;
        let Contents { rules: has_rules, downstream_servers: has_downstream_servers, needed: has_needed } = contents;
        for (what, is_read, is_empty) in [
            ("approval rules", has_rules, rules.is_empty() && category_numbers.is_empty()),
            ("downstream servers", has_downstream_servers, downstream_servers.is_empty()),
            ("which computers need updates", has_needed, needed.is_empty()),
        ] {
            if !is_read && !is_empty {
                return Err(SavedError::Contradiction { what });
            }
        }
        let server = server.ok_or(SavedError::Missing { record: "server" })?;
        let snapshot = Snapshot {
            taken_at: taken_at.0,
            scope: ReadScope::whole(),
            server: server.facts(server_id),
            settings,
            rules: has_rules.then_some(Rules { all: rules, categories: category_numbers }),
            downstream_servers: has_downstream_servers.then_some(downstream_servers),
            synchronization,
            groups,
            computers,
            memberships,
            requested_groups,
            categories: Categories(categories),
            updates,
            articles,
            deployments,
            totals: totals.ok_or(SavedError::Missing { record: "totals" })?,
            procedures,
        };
        let impact = Impact { needed: has_needed.then_some(needed), bytes, removed };
        Ok(Saved { tool_version: tool.version, snapshot, impact })
    }
}

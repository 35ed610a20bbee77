//! Writes a snapshot.

use std::collections::BTreeMap;
use std::io::{self, Write};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::FORMAT_VERSION;
use super::escape::write_line;
use super::lines::hexadecimal;
use super::text::{Id, Time};
use super::wire::{
    ApprovalWire, Contents, EndWire, Head, KIND, MembershipWire, NeededWire, Record, RequestedGroupWire, Tool,
    UpdateWire,
};
use crate::model::category::Categories;
use crate::model::impact::Impact;
use crate::model::rule::Rules;
use crate::model::snapshot::Snapshot;

/// Writes a snapshot that was read with [`whole`], and what was read about its updates for display. The same values give
/// the same bytes; what `impact` says of updates that the snapshot does not have is left out.
///
/// [`whole`]: crate::model::scope::ReadScope::whole
///
/// # Errors
/// Those of `out`.
pub fn write(snapshot: &Snapshot, impact: &Impact, tool_version: &str, out: &mut dyn Write) -> io::Result<()> {
    let Snapshot {
        taken_at,
        scope: _,
        server,
        settings,
        rules,
        downstream_servers,
        synchronization,
        notifications,
        database_roles,
        groups,
        computers,
        memberships,
        requested_groups,
        categories: Categories(categories),
        updates,
        articles,
        titled: _,
        deployments,
        // Every one is among the deployments.
        approvals_of_groups: _,
        totals,
        procedures,
    } = snapshot;
    let Impact { needed, bytes, parts, removed } = impact;
    let mut writer = Writer { out, hash: Sha256::new(), line: Vec::new(), records: 0 };
    writer.head(&Head {
        kind: KIND.to_owned(),
        format_version: FORMAT_VERSION.to_string(),
        tool: Tool { name: "wsusctl".to_owned(), version: tool_version.to_owned() },
        taken_at: Time(*taken_at),
        server_id: Id(server.server_id),
        contents: Contents {
            rules: rules.is_some(),
            downstream_servers: downstream_servers.is_some(),
            needed: needed.is_some(),
            parts: parts.is_some(),
        },
    })?;
    writer.record(&Record::Server(server.into()))?;
    writer.record(&Record::Totals(totals.into()))?;
    writer.records(settings.iter().map(|settings| Record::Settings(settings.into())))?;
    writer.records(synchronization.iter().map(|live| Record::Synchronization(live.into())))?;
    writer.records(notifications.iter().map(|live| Record::Notifications(live.into())))?;
    writer.records(database_roles.iter().map(|live| Record::Principals(live.into())))?;
    writer.records(procedures.iter().map(|procedure| Record::Procedure(procedure.into())))?;
    writer.records(groups.values().map(|group| Record::Group(group.into())))?;
    writer.records(computers.values().map(|computer| Record::Computer(computer.into())))?;
    writer.records(
        memberships
            .iter()
            .map(|(group, computer)| Record::Membership(MembershipWire { group: Id(*group), computer: *computer })),
    )?;
    writer.records(requested_groups.iter().map(|(name, computers)| {
        Record::RequestedGroup(RequestedGroupWire { name: name.clone(), computers: *computers })
    }))?;
    if let Some(Rules { all, categories }) = rules {
        writer.records(all.values().map(|rule| Record::Rule(rule.into())))?;
        writer.records(categories.iter().map(|category| Record::CategoryNumber(category.into())))?;
    }
    let downstream_servers = downstream_servers.iter().flatten();
    writer.records(downstream_servers.map(|server| Record::DownstreamServer(server.into())))?;
    writer.records(categories.values().map(|category| Record::Category(category.into())))?;
    let parts = |id| parts.as_ref().and_then(|parts| parts.get(id).copied());
    let update = |(id, update)| Record::Update(UpdateWire::new(update, bytes.get(id).copied(), parts(id)));
    writer.records(updates.iter().map(update))?;
    let approvals = deployments.iter().flat_map(|(update, rows)| rows.iter().map(move |row| (*update, row)));
    writer.records(approvals.map(|(update, row)| Record::Approval(ApprovalWire::new(update, row))))?;
    writer.records(articles.iter().map(|article| Record::Article(article.clone())))?;
    writer.records(by_update(needed.iter().flatten()))?;
    writer.records(removed.iter().map(|removed| Record::Removed(removed.into())))?;
    writer.end()
}

/// The computers that need updates, with the groups of an update in one record.
fn by_update<'a>(needed: impl Iterator<Item = (&'a (Uuid, Uuid), &'a u64)>) -> impl Iterator<Item = Record> {
    let mut needed = needed.peekable();
    std::iter::from_fn(move || {
        let ((update, group), computers) = needed.next()?;
        let mut groups = BTreeMap::from([(Id(*group), *computers)]);
        while let Some(((_, group), computers)) = needed.next_if(|((next, _), _)| next == update) {
            groups.insert(Id(*group), *computers);
        }
        Some(Record::Needed(NeededWire { update: Id(*update), computers: groups }))
    })
}

struct Writer<'w> {
    out: &'w mut dyn Write,
    hash: Sha256,
    line: Vec<u8>,
    records: u64,
}

impl Writer<'_> {
    fn head(&mut self, head: &Head) -> io::Result<()> {
        self.line.clear();
        write_line(&mut self.line, head);
        self.finish_line()
    }

    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.records += 1;
        self.line.clear();
        write_line(&mut self.line, record);
        self.finish_line()
    }

    fn records(&mut self, records: impl Iterator<Item = Record>) -> io::Result<()> {
        for record in records {
            self.record(&record)?;
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        let end = Record::End(EndWire { records: self.records, sha256: hexadecimal(&self.hash) });
        self.record(&end)
    }

    fn finish_line(&mut self) -> io::Result<()> {
        self.line.push(b'\n');
        self.hash.update(&self.line);
        self.out.write_all(&self.line)
    }
}

//! Approvals: what groups do with the updates of an entry.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Compared, Refresh};
use crate::model::address::{Address, Kind};
use crate::model::approval::{ApprovalValue, Deadline};
use crate::model::desired::{ApprovalEntry, GroupApproval, UpdateReference};
use crate::model::origin::Origin;
use crate::model::resolved::{GroupReference, ResolvedEntry};
use crate::model::revision::{Edit, Place, Revision};
use crate::model::snapshot::Deployment;
use crate::report::export::approvals::{KEY_LENGTH_MAX, sayable, written};
use crate::report::export::title;
use crate::report::yaml::{comment, scalar};

/// What the server makes of what an entry says about the updates of one reference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    /// It is so, or there is a reason to leave it.
    Stays,
    /// The update is declined.
    Declined,
    /// Some groups do something else with it; none for those that do as declared.
    Differs(Vec<Option<ApprovalValue>>),
}

/// A reference of an entry, and the pairs of it that are not as declared.
struct Judged<'a> {
    reference: &'a UpdateReference,
    verdict: Verdict,
    addresses: Vec<Address>,
}

pub(super) fn revise(compared: &Compared<'_>, refresh: &mut Refresh) {
    let pairs = Pairs::new(compared);
    let mut yields: BTreeMap<usize, &ResolvedEntry> = BTreeMap::new();
    for entry in compared.resolved.entries.iter().filter(|entry| entry.kind == Kind::Approval) {
        yields.insert(entry.index, entry);
    }
    let numbered: Vec<(usize, &ApprovalEntry)> = compared.desired.approvals.iter().enumerate().collect();
    // The references of one list follow each other and have their groups in common, places included.
    for entry in numbered.chunk_by(|(_, one), (_, other)| one.groups == other.groups) {
        let judged = entry.iter().map(|(index, reference)| {
            let updates = yields.get(index).map_or(&[][..], |entry| &entry.updates);
            pairs.judge(reference, updates, refresh)
        });
        let judged: Vec<Judged<'_>> = judged.collect();
        if let [(_, first), ..] = entry
            && judged.iter().any(|judged| judged.verdict != Verdict::Stays)
        {
            Entry { compared, first, judged }.revise(refresh);
        }
    }
}

/// The pairs of an update and a group that are not as declared.
struct Pairs<'a> {
    compared: &'a Compared<'a>,
    /// By update and by the place of the group's name.
    differing: BTreeMap<(Uuid, Origin), (GroupReference, Address)>,
}

impl<'a> Pairs<'a> {
    fn new(compared: &'a Compared<'a>) -> Self {
        let mut by_place: BTreeMap<(Uuid, Origin), Address> = BTreeMap::new();
        for (address, origin) in &compared.differing {
            if let (Address::Approval { update, .. }, Some(origin)) = (address, origin) {
                by_place.insert((*update, *origin), address.clone());
            }
        }
        let resolved = compared.resolved.approvals.iter().filter_map(|((update, group), approval)| {
            let place = (*update, approval.origin);
            Some((place, (group.clone(), by_place.get(&place)?.clone())))
        });
        Self { compared, differing: resolved.collect() }
    }

    /// All updates of a reference have to agree.
    fn judge<'r>(&self, entry: &'r ApprovalEntry, updates: &[Uuid], refresh: &mut Refresh) -> Judged<'r> {
        let mut judged = Judged { reference: &entry.update, verdict: Verdict::Stays, addresses: Vec::new() };
        let mut verdicts: Vec<Verdict> = Vec::new();
        for update in updates {
            let (verdict, addresses) = self.judge_one(entry, *update, refresh);
            judged.addresses.extend(addresses);
            verdicts.push(verdict);
        }
        if judged.addresses.is_empty() {
            return judged;
        }
        let first = verdicts.first().cloned().unwrap_or(Verdict::Stays);
        let agreed = match &entry.update {
            UpdateReference::Select(_) => Err("conditions choose the updates of the entry"),
            UpdateReference::Id(_) => Ok(first),
            UpdateReference::Kb(_) if first == Verdict::Declined => Err("what the article means is declined"),
            UpdateReference::Kb(_) if verdicts.iter().all(|verdict| *verdict == first) => Ok(first),
            UpdateReference::Kb(_) => Err("the article means several updates, which the server has in different ways"),
        };
        match agreed {
            Ok(verdict) => judged.verdict = verdict,
            Err(why) => judged.addresses.iter().for_each(|address| refresh.leave(address.clone(), why)),
        }
        judged
    }

    /// A group of which no manifest can say what it does stays as it is, whatever the others do.
    fn judge_one(&self, entry: &ApprovalEntry, update: Uuid, refresh: &mut Refresh) -> (Verdict, Vec<Address>) {
        let mut addresses = Vec::new();
        let mut values = Vec::with_capacity(entry.groups.len());
        // An update that is named by its id is to be reinstated where it is declined, whatever its approvals are.
        let reinstated = Address::Decline(update);
        let declined = self.compared.snapshot.updates.get(&update).is_some_and(|update| update.declined);
        if declined && self.compared.differing.contains_key(&reinstated) {
            addresses.push(reinstated);
        }
        for group in &entry.groups {
            let Some((reference, address)) = self.differing.get(&(update, group.origin)) else {
                values.push(None);
                continue;
            };
            addresses.push(address.clone());
            let value = self.live(update, reference, group);
            if let (Err(why), false) = (value, declined) {
                refresh.leave(address.clone(), why);
            }
            values.push(value.ok());
        }
        let verdict = if addresses.is_empty() {
            Verdict::Stays
        } else if declined {
            Verdict::Declined
        } else if values.iter().all(Option::is_none) {
            Verdict::Stays
        } else {
            Verdict::Differs(values)
        };
        (verdict, addresses)
    }

    /// What the group does with the update on the server.
    fn live(
        &self,
        update: Uuid,
        group: &GroupReference,
        declared: &GroupApproval,
    ) -> Result<ApprovalValue, &'static str> {
        let GroupReference::Existing(group) = group else { return Err("the server does not have the group") };
        let snapshot = self.compared.snapshot;
        let revision = snapshot.updates.get(&update).ok_or("the server does not have the update")?.revision;
        let rows = snapshot.deployments.get(&update).map_or(&[][..], Vec::as_slice);
        let rows: Vec<&Deployment> = rows.iter().filter(|row| row.group == *group).collect();
        if rows.is_empty() {
            return Ok(ApprovalValue::INHERIT);
        }
        if matches!(declared.value.deadline, Deadline::After { .. }) {
            return Err("its deadline counts days from the approval, and the server keeps a time");
        }
        let value = sayable(&rows, *group).filter(|value| value.is_all_of(&rows, revision));
        value.ok_or("it is approved on an older revision, several times, or in a way that no manifest can say")
    }
}

/// An entry of the manifest, with what the server makes of its references.
struct Entry<'a> {
    compared: &'a Compared<'a>,
    /// Any of its references: they have all but the update in common.
    first: &'a ApprovalEntry,
    judged: Vec<Judged<'a>>,
}

impl Entry<'_> {
    fn revise(&self, refresh: &mut Refresh) {
        let mut by_verdict: BTreeMap<&Verdict, Vec<&Judged<'_>>> = BTreeMap::new();
        for judged in &self.judged {
            by_verdict.entry(&judged.verdict).or_default().push(judged);
        }
        // What most of the updates have is the entry's from now on, unless the entry is right about some.
        let stays = match by_verdict.get(&Verdict::Stays) {
            Some(_) => Some(Verdict::Stays),
            None => {
                let differing = by_verdict.iter().filter(|(verdict, _)| ***verdict != Verdict::Declined);
                let most = differing.max_by_key(|(verdict, judged)| (judged.len(), std::cmp::Reverse(**verdict)));
                most.map(|(verdict, _)| (*verdict).clone())
            }
        };
        for (verdict, judged) in by_verdict {
            let edits = match verdict {
                Verdict::Stays => continue,
                Verdict::Declined if stays.is_none() => Ok(vec![Edit::Removal { place: self.place() }]),
                Verdict::Declined => removals(&judged),
                Verdict::Differs(values) if stays.as_ref() == Some(verdict) => Ok(self.values(values)),
                Verdict::Differs(values) => self.apart(values, &judged),
            };
            let addresses: Vec<Address> = judged.iter().flat_map(|judged| judged.addresses.clone()).collect();
            match edits {
                Ok(edits) => refresh.revisions.push(Revision { addresses, edits }),
                Err(why) => addresses.into_iter().for_each(|address| refresh.leave(address, why)),
            }
        }
    }

    /// The entry itself: around `groups`, which is around the name of a group.
    fn place(&self) -> Place {
        let group = self.first.groups.first().expect("an entry without a group yields nothing that could differ");
        Place::at(group.origin).up().up()
    }

    fn values(&self, values: &[Option<ApprovalValue>]) -> Vec<Edit> {
        let differing = self.first.groups.iter().zip(values).filter_map(|(group, value)| Some((group, (*value)?)));
        let edit = |(group, value): (&GroupApproval, ApprovalValue)| {
            let yaml = written(&value);
            let map = (!yaml.starts_with('{')).then(|| format!("{{action: {yaml}}}"));
            Edit::Value { place: Place::at(group.origin), yaml, map }
        };
        differing.map(edit).collect()
    }

    /// Updates that leave the list for an entry of their own.
    fn apart(&self, values: &[Option<ApprovalValue>], judged: &[&Judged<'_>]) -> Result<Vec<Edit>, &'static str> {
        let mut edits = removals(judged)?;
        let updates: Vec<String> = judged
            .iter()
            .filter_map(|judged| match judged.reference {
                UpdateReference::Id(id) => {
                    let update = self.compared.snapshot.updates.get(&id.value);
                    let title = update.map_or_else(String::new, |update| format!("  {}", comment(&title(update))));
                    Some(format!("{}{title}", id.value))
                }
                UpdateReference::Kb(_) | UpdateReference::Select(_) => None,
            })
            .collect();
        let mut lines = match updates.as_slice() {
            [update] => vec![format!("update: {update}")],
            updates => {
                let mut lines = vec!["updates:".to_owned()];
                lines.extend(updates.iter().map(|update| format!("  - {update}")));
                lines
            }
        };
        lines.push("groups:".to_owned());
        for (group, value) in self.first.groups.iter().zip(values) {
            let value = value.unwrap_or(group.value);
            if matches!(value.deadline, Deadline::After { .. }) {
                return Err("a deadline of the entry counts days from the approval");
            }
            let name = scalar(&group.group);
            if name.len() > KEY_LENGTH_MAX {
                return Err("the name of a group is too long");
            }
            lines.push(format!("  {name}: {}", written(&value)));
        }
        if self.first.accept_license {
            lines.push("acceptLicense: true".to_owned());
        }
        let place = Place::in_spec("approvals");
        edits.push(Edit::Item { place, yaml: lines.join("\n"), remark: String::new() });
        Ok(edits)
    }
}

/// Ids leave the list of their entry.
fn removals(judged: &[&Judged<'_>]) -> Result<Vec<Edit>, &'static str> {
    let removal = |judged: &&Judged<'_>| match judged.reference {
        UpdateReference::Id(id) => Ok(Edit::Removal { place: Place::at(id.origin) }),
        UpdateReference::Kb(_) | UpdateReference::Select(_) => {
            Err("an article stands in a list with other updates, which the server has otherwise")
        }
    };
    judged.iter().map(removal).collect()
}

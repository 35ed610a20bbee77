//! Groups with their computers.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::model::listing::ListedGroup;
use crate::model::name::fold;
use crate::model::snapshot::{ALL_COMPUTERS, Computer, TargetGroup, UNASSIGNED_COMPUTERS};
use crate::susdb::read::catalogue::TOTAL_APPROVALS;
use crate::susdb::read::{ReadError, computers, groups, totals};
use crate::susdb::session::Session;

/// Reads every group: a group before those below it, and beside each other by name.
///
/// # Errors
/// [`ReadError`].
pub async fn read_groups(session: &mut Session) -> Result<Vec<ListedGroup>, ReadError> {
    let groups = groups::read(session).await?;
    let computers = computers::read(session).await?;
    let memberships = computers::read_memberships(session, &groups).await?;
    let approvals = totals::by_group(session, &TOTAL_APPROVALS, "Approvals").await?;
    let contents = contents(&groups, &computers, &memberships);
    let mut listed: Vec<ListedGroup> = groups
        .values()
        .map(|group| {
            let Contents { own, below } = contents.get(&group.id).cloned().unwrap_or_default();
            let placed = own.iter().filter_map(|target| computers.get(target)).filter(|one| !one.from_downstream);
            let mut members: Vec<String> = placed.map(|computer| computer.name.clone()).collect();
            members.sort_by_key(|name| fold(name));
            ListedGroup {
                id: group.id,
                name: group.name.clone(),
                parents: parents(&groups, group),
                builtin: group.builtin,
                computers: own.len() as u64,
                computers_below: below.len() as u64,
                approvals: approvals.get(&group.id).copied().unwrap_or(0),
                members,
            }
        })
        .collect();
    listed.sort_by_cached_key(|group| {
        let path = group.parents.iter().chain([&group.name]).map(|name| fold(name));
        (!group.builtin, path.collect::<Vec<String>>(), group.id)
    });
    Ok(listed)
}

/// Reads the names of all groups.
///
/// # Errors
/// [`ReadError`].
pub async fn read_group_names(session: &mut Session) -> Result<BTreeMap<Uuid, String>, ReadError> {
    Ok(groups::read(session).await?.into_values().map(|group| (group.id, group.name)).collect())
}

/// TargetIDs of computers: those in a group itself, and those in it or below it.
#[derive(Debug, Clone, Default)]
struct Contents {
    own: BTreeSet<i32>,
    below: BTreeSet<i32>,
}

fn contents(
    groups: &BTreeMap<Uuid, TargetGroup>,
    computers: &BTreeMap<i32, Computer>,
    memberships: &BTreeSet<(Uuid, i32)>,
) -> BTreeMap<Uuid, Contents> {
    let mut contents: BTreeMap<Uuid, Contents> = BTreeMap::new();
    let mut unassigned: BTreeSet<i32> = computers.keys().copied().collect();
    for (group, target) in memberships.iter().filter(|(_, target)| computers.contains_key(target)) {
        unassigned.remove(target);
        contents.entry(*group).or_default().own.insert(*target);
        for above in with_ancestors(groups, *group) {
            contents.entry(above).or_default().below.insert(*target);
        }
    }
    contents.insert(UNASSIGNED_COMPUTERS, Contents { own: unassigned.clone(), below: unassigned.clone() });
    contents.entry(ALL_COMPUTERS).or_default().below.extend(computers.keys());
    contents
}

/// A group and those above it. A server whose groups are each other's parents must not keep us here.
fn with_ancestors(groups: &BTreeMap<Uuid, TargetGroup>, group: Uuid) -> Vec<Uuid> {
    let mut chain = vec![group];
    while let Some(parent) = chain.last().and_then(|last| groups.get(last)).and_then(|last| last.parent) {
        if chain.contains(&parent) {
            break;
        }
        chain.push(parent);
    }
    chain
}

fn parents(groups: &BTreeMap<Uuid, TargetGroup>, group: &TargetGroup) -> Vec<String> {
    let chain = with_ancestors(groups, group.id);
    let above = chain.iter().skip(1).rev().filter(|id| **id != ALL_COMPUTERS);
    above.map(|id| groups.get(id).map_or_else(|| id.to_string(), |group| group.name.clone())).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use uuid::Uuid;

    use super::{contents, parents};
    use crate::model::snapshot::{ALL_COMPUTERS, Computer, TargetGroup, UNASSIGNED_COMPUTERS};

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn groups(all: &[(u128, u128)]) -> BTreeMap<Uuid, TargetGroup> {
        let group = |&(own, parent): &(u128, u128)| {
            let parent = if parent == 0 { ALL_COMPUTERS } else { id(parent) };
            (id(own), TargetGroup { id: id(own), name: format!("g{own}"), parent: Some(parent), builtin: false })
        };
        all.iter().map(group).collect()
    }

    #[test]
    fn a_computer_counts_once_in_every_group_above_its_own() {
        let groups = groups(&[(1, 0), (2, 1), (3, 1)]);
        let computer = |target| Computer {
            target_id: target,
            computer_id: target.to_string(),
            name: format!("pc{target}"),
            from_downstream: false,
        };
        let computers = (1..=3).map(|target| (target, computer(target))).collect();
        // The last membership is of a computer that went while it was read.
        let memberships = BTreeSet::from([(id(2), 1), (id(3), 1), (id(3), 2), (id(3), 9)]);
        let contents = contents(&groups, &computers, &memberships);
        let counts = |group| contents.get(&group).map_or((0, 0), |one| (one.own.len(), one.below.len()));
        assert_eq!([id(1), id(2), id(3)].map(counts), [(0, 2), (1, 1), (2, 2)]);
        assert_eq!([ALL_COMPUTERS, UNASSIGNED_COMPUTERS].map(counts), [(0, 3), (1, 1)]);
    }

    #[test]
    fn paths_begin_at_the_top_and_loops_end() {
        let groups = groups(&[(1, 0), (2, 1), (3, 2), (4, 5), (5, 4)]);
        assert_eq!(parents(&groups, &groups[&id(3)]), ["g1", "g2"]);
        assert_eq!(parents(&groups, &groups[&id(4)]), ["g5"]);
    }
}

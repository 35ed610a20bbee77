//! Random servers and manifests: small, and about the same few names, so that they meet.

use std::fmt::Write;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use wsusctl::model::address::Kind;
use wsusctl::model::management::Prune;
use wsusctl::model::procedure::Procedure;
use wsusctl::model::selector::Severity;
use wsusctl::model::snapshot::License;

use crate::desired::{Manifest, manifest};
use crate::snapshot::{REVISION, Server, server, time, uid};

const GROUPS: [&str; 5] = ["A", "B", "C", "D", "E"];
const COMPUTERS: [&str; 6] = ["a-1", "a-2", "b-1", "b-2", "c-1", "d-1"];
const NAMES: [&str; 9] = ["a-1", "a-2", "b-1", "c-1", "d-1", "new-1", "a-*", "b-*", "c-?"];
const VALUES: [&str; 8] = [
    "install",
    "optional",
    "uninstall",
    "notApproved",
    "inherit",
    "install by 2026-12-01T18:00:00Z",
    "install by 2026-11-01T18:00:00Z",
    "install in 7 at 18:00",
];
const IGNORED: [&str; 7] = [
    "group[\"A\"]",
    "group[\"D\"]",
    "membership[\"b-*",
    "approval[*][\"B\"]",
    "decline[*",
    "approval[*0001\"]*",
    "rule[\"R1\"]",
];
const UPDATES: usize = 6;
const APPROVING: [&str; 9] = [
    "select",
    "select kb=100",
    "select severity=Critical",
    "select title=*u1*; superseded=true",
    "select arrivedWithin=15",
    "select arrivedBefore=2026-11-05T00:00:00Z; kb=200",
    "select createdWithin=15; severity=Critical",
    "select neededBy=1-",
    "select kb=200; neededBy=0-2; superseded=true",
];
const DECLINING: [&str; 9] = [
    "select superseded=true",
    "select expired=true",
    "select expired=false; kb=100",
    "select supersedingApproved=true",
    "select supersedingApproved=false; superseded=true",
    "select supersedingApproved=true; severity=Critical; neededBy=0-0",
    "select arrivedBefore=2026-11-05T00:00:00Z",
    "select kb=200; neededBy=0-1; arrivedWithin=15",
    "select severity=Low",
];

#[derive(Debug, Clone)]
pub struct World {
    parents: Vec<Option<usize>>,
    live_groups: Vec<bool>,
    declared_groups: Vec<bool>,
    misplaced: bool,
    computers: Vec<Vec<bool>>,
    lists: Vec<Option<Vec<&'static str>>>,
    updates: Vec<RandomUpdate>,
    rows: Vec<Row>,
    uses: Vec<Use>,
    article: Option<Vec<(usize, &'static str)>>,
    approving: Vec<Approving>,
    declining: Vec<&'static str>,
    live_rules: Vec<Option<RandomRule>>,
    rules: Vec<Option<&'static str>>,
    prunes: Vec<Prune>,
    ignored: Option<&'static str>,
    broken: Option<Procedure>,
    minimum: u32,
}

#[derive(Debug, Clone)]
struct RandomUpdate {
    kb: usize,
    declined: bool,
    expired: bool,
    license: u8,
    can_uninstall: bool,
    old: bool,
    critical: bool,
    needed_by: u32,
    superseded_by: Vec<usize>,
}

#[derive(Debug, Clone)]
struct Row {
    update: usize,
    group: usize,
    value: &'static str,
    old: bool,
    automatic: bool,
}

/// A live rule: whether it is enabled, a classification and groups.
type RandomRule = (bool, bool, Vec<usize>);

const RULES: [&str; 3] = ["R1", "R2", "R3"];
const RULE_TEXTS: [&str; 7] = [
    "",
    "disabled",
    "enabled; classifications=Drivers",
    "enabled; products=Windows/; deadline=none",
    "groups=All Computers; deadline=3 04:00",
    "classifications=; products=Windows 1*",
    "enabled",
];

/// A selector of approvals: its conditions, its groups, and whether it accepts licence terms.
type Approving = (&'static str, Vec<(usize, &'static str)>, bool);

/// What a manifest does with an update by its id.
#[derive(Debug, Clone)]
enum Use {
    Nothing,
    Decline,
    Approve(Vec<(usize, &'static str)>, bool),
}

pub fn world() -> impl Strategy<Value = World> {
    let groups = (
        vec(option::weighted(0.6, 0_usize..4), GROUPS.len()),
        vec(prop::bool::weighted(0.7), GROUPS.len()),
        vec(prop::bool::weighted(0.7), GROUPS.len()),
        prop::bool::weighted(0.1),
    );
    let computers = (
        vec(vec(prop::bool::weighted(0.3), GROUPS.len()), COMPUTERS.len()),
        vec(option::weighted(0.6, vec(select(NAMES.as_slice()), 0..3)), GROUPS.len()),
    );
    let updates = (vec(update(), UPDATES), vec(row(), 0..8), vec(use_of_update(), UPDATES), option::of(pairs()));
    let selectors = (
        vec((select(APPROVING.as_slice()), pairs(), prop::bool::weighted(0.6)), 0..3),
        vec(select(DECLINING.as_slice()), 0..3),
    );
    let management = (
        vec(select([Prune::Never, Prune::Never, Prune::Confirm, Prune::Always].as_slice()), 6),
        option::weighted(0.2, select(IGNORED.as_slice())),
        option::weighted(0.2, select(Procedure::ALL.as_slice())),
        select([1, 3, 10].as_slice()),
    );
    let live_rule = (any::<bool>(), any::<bool>(), vec(0..=GROUPS.len(), 0..3));
    let rules = (
        vec(option::weighted(0.5, live_rule), RULES.len()),
        vec(option::weighted(0.4, select(RULE_TEXTS.as_slice())), RULES.len()),
    );
    (groups, computers, updates, selectors, management, rules).prop_map(
        |(groups, computers, updates, selectors, management, rules)| {
            let (live_rules, rules) = rules;
            let (parents, live_groups, declared_groups, misplaced) = groups;
            let (computers, lists) = computers;
            let (updates, rows, uses, article) = updates;
            let (approving, declining) = selectors;
            let (prunes, ignored, broken, minimum) = management;
            World {
                parents,
                live_groups,
                declared_groups,
                misplaced,
                computers,
                lists,
                updates,
                rows,
                uses,
                article,
                approving,
                declining,
                live_rules,
                rules,
                prunes,
                ignored,
                broken,
                minimum,
            }
        },
    )
}

fn update() -> impl Strategy<Value = RandomUpdate> {
    let flags = (prop::bool::weighted(0.25), prop::bool::weighted(0.15), 0_u8..8, prop::bool::weighted(0.8));
    let conditions =
        (any::<bool>(), any::<bool>(), 0_u32..4, prop_oneof![2 => Just(Vec::new()), 1 => vec(0..UPDATES, 1..3)]);
    (0_usize..2, flags, conditions).prop_map(|(kb, flags, (old, critical, needed_by, superseded_by))| {
        let (declined, expired, license, can_uninstall) = flags;
        RandomUpdate { kb, declined, expired, license, can_uninstall, old, critical, needed_by, superseded_by }
    })
}

fn row() -> impl Strategy<Value = Row> {
    let value = select(VALUES.as_slice()).prop_filter("inherit is no row", |value| *value != "inherit");
    (0..UPDATES, 0..=GROUPS.len(), value, prop::bool::weighted(0.3), prop::bool::weighted(0.2))
        .prop_map(|(update, group, value, old, automatic)| Row { update, group, value, old, automatic })
}

fn pairs() -> impl Strategy<Value = Vec<(usize, &'static str)>> {
    vec((0..=GROUPS.len(), select(VALUES.as_slice())), 1..3)
}

fn use_of_update() -> impl Strategy<Value = Use> {
    prop_oneof![
        3 => Just(Use::Nothing),
        1 => Just(Use::Decline),
        1 => (pairs(), prop::bool::weighted(0.7)).prop_map(|(pairs, license)| Use::Approve(pairs, license)),
    ]
}

fn group(index: usize) -> &'static str {
    GROUPS.get(index).copied().unwrap_or("All Computers")
}

impl World {
    /// The paths of the chosen groups; one whose parent is not chosen stands directly under All Computers.
    fn paths(&self, chosen: &[bool]) -> Vec<String> {
        let mut paths: Vec<Option<String>> = Vec::new();
        for index in 0..GROUPS.len() {
            let parent = self.parents[index].filter(|parent| *parent < index).and_then(|parent| paths[parent].clone());
            let mut path = String::new();
            if let Some(parent) = parent {
                write!(path, "{parent}/").unwrap();
            }
            path.push_str(GROUPS[index]);
            paths.push(chosen[index].then_some(path));
        }
        paths.into_iter().flatten().collect()
    }

    pub fn server(&self) -> Server {
        let paths = self.paths(&self.live_groups);
        let mut server = server().groups(&paths.iter().map(String::as_str).collect::<Vec<_>>());
        for (index, memberships) in self.computers.iter().enumerate() {
            let groups = (0..GROUPS.len()).filter(|group| memberships[*group] && self.live_groups[*group]);
            let groups: Vec<&str> = groups.map(group).collect();
            let target_id = i32::try_from(index).unwrap() + 1;
            server = if COMPUTERS[index] == "d-1" && memberships[0] {
                server.downstream_computer(target_id, COMPUTERS[index], &groups)
            } else {
                server.computer(target_id, COMPUTERS[index], &groups)
            };
        }
        for (index, random) in self.updates.iter().enumerate() {
            server = server.update_with(&short(index), ["100", "200"][random.kb], |update| {
                update.declined = random.declined;
                update.expired = random.expired;
                update.can_uninstall = random.can_uninstall;
                if random.old {
                    update.arrived_at = time("2026-10-01T00:00:00Z");
                    update.created_at = time("2026-09-01T00:00:00Z");
                }
                update.severity = if random.critical { Severity::Critical } else { Severity::Low };
                update.needed_by = Some(random.needed_by);
                update.superseded_by = random.superseded_by.iter().map(|above| uid(&short(*above))).collect();
                update.superseded_by.sort_unstable();
                update.superseded_by.dedup();
                update.license = match random.license {
                    0 => License::Pending(uid("l1")),
                    1 => License::Pending(uid("l2")),
                    2 => License::Accepted(uid("l3")),
                    _ => License::None,
                };
            });
        }
        for row in &self.rows {
            if row.group < GROUPS.len() && !self.live_groups[row.group] {
                continue;
            }
            server = server.approved_with(&short(row.update), group(row.group), row.value, |deployment| {
                deployment.revision = if row.old { REVISION - 100 } else { REVISION };
                deployment.deployed_at = time("2026-11-10T08:00:00Z");
                if row.automatic {
                    deployment.admin_name = "WUS Server".into();
                }
            });
        }
        for (name, rule) in RULES.iter().zip(&self.live_rules) {
            let Some((enabled, classified, groups)) = rule else { continue };
            let exists = |index: &&usize| **index >= GROUPS.len() || self.live_groups[**index];
            let groups: Vec<&str> = groups.iter().filter(exists).map(|index| group(*index)).collect();
            let categories: &[&str] = if *classified { &["Drivers"] } else { &[] };
            server = server.rule(name, *enabled && *classified, categories, &groups);
        }
        match self.broken {
            Some(procedure) => server.differs(procedure),
            None => server,
        }
    }

    pub fn manifest(&self) -> Manifest {
        let mut paths = self.paths(&self.declared_groups);
        if self.misplaced {
            paths = paths.iter().map(|path| path.rsplit('/').next().unwrap().to_owned()).collect();
        }
        let mut manifest = manifest()
            .groups(&paths.iter().map(String::as_str).collect::<Vec<_>>())
            .limits(30, 30, self.minimum)
            .prune_automatic(self.prunes[4]);
        for (index, list) in self.lists.iter().enumerate().filter(|(index, _)| self.declared_groups[*index]) {
            if let Some(names) = list {
                manifest = manifest.computers(GROUPS[index], names);
            }
        }
        for (index, kind) in [Kind::Group, Kind::Membership, Kind::Approval, Kind::Decline].into_iter().enumerate() {
            manifest = manifest.prune(kind, self.prunes[index]);
        }
        for (index, used) in self.uses.iter().enumerate() {
            manifest = match used {
                Use::Nothing => manifest,
                Use::Decline => manifest.decline(&short(index)),
                Use::Approve(pairs, true) => manifest.approve_with_license(&short(index), &self.known(pairs)),
                Use::Approve(pairs, false) => manifest.approve(&short(index), &self.known(pairs)),
            };
        }
        if let Some(pairs) = &self.article {
            manifest = manifest.approve("KB100", &self.known(pairs));
        }
        for (reference, pairs, license) in &self.approving {
            let pairs = self.known(pairs);
            manifest = if *license {
                manifest.approve_with_license(reference, &pairs)
            } else {
                manifest.approve(reference, &pairs)
            };
        }
        for reference in &self.declining {
            manifest = manifest.decline(reference);
        }
        manifest = manifest.prune(Kind::Rule, self.prunes[5]);
        for (name, text) in RULES.iter().zip(&self.rules) {
            if let Some(text) = text {
                let named = GROUPS.iter().zip(&self.declared_groups).find(|(_, declared)| **declared);
                let groups =
                    named.filter(|_| text.starts_with("enabled; c")).map(|(name, _)| format!("; groups={name}"));
                manifest = manifest.rule(name, &format!("{text}{}", groups.unwrap_or_default()));
            }
        }
        match self.ignored {
            Some(pattern) => manifest.ignore(&[pattern]),
            None => manifest,
        }
    }

    /// The pairs of groups that can be named, each group once, nothing impossible for All Computers.
    fn known(&self, pairs: &[(usize, &'static str)]) -> Vec<(&'static str, &'static str)> {
        let mut known: Vec<(&str, &str)> = Vec::new();
        for (index, value) in pairs {
            let builtin = *index >= GROUPS.len();
            let exists = builtin || self.live_groups[*index] || self.declared_groups[*index];
            let possible = exists && !(builtin && *value == "notApproved");
            if possible && !known.iter().any(|(name, _)| *name == group(*index)) {
                known.push((group(*index), value));
            }
        }
        known
    }
}

fn short(index: usize) -> String {
    format!("u{}", index + 1)
}

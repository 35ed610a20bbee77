//! Servers in a few words, and what a read with a scope gets of them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wsusctl::model::approval::ApprovalAction;
use wsusctl::model::category::{Categories, Category, CategoryKind, CategoryReference};
use wsusctl::model::name::fold;
use wsusctl::model::procedure::{Procedure, ProcedureState, Verdict};
use wsusctl::model::rule::{Rule, RuleDeadline, Rules};
use wsusctl::model::scope::{ReadScope, UpdateSelection};
use wsusctl::model::selector::{Severity, UpdateType};
use wsusctl::model::snapshot::{
    ALL_COMPUTERS, AUTOMATIC_ADMIN_NAME, Computer, Deployment, License, Reboot, ServerFacts, Snapshot, TargetGroup,
    Totals, UNASSIGNED_COMPUTERS, Update,
};

use crate::desired::value;

/// The revision that updates have unless told otherwise.
pub const REVISION: i32 = 200;

/// The whole of a server.
#[derive(Debug, Clone)]
pub struct Server {
    pub snapshot: Snapshot,
    next_id: u128,
}

pub fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// When snapshots are taken and plans judged.
pub fn now() -> DateTime<Utc> {
    time("2026-11-20T12:00:00Z")
}

/// `u12` is the update with the number 12, `l3` the licence with the number 3.
pub fn uid(short: &str) -> Uuid {
    let (kind, number) = short.split_at(1);
    let kind: u128 = match kind {
        "u" => 0xaaaa,
        "l" => 0xbbbb,
        "d" => 0xcccc,
        other => panic!("no such id {other}"),
    };
    Uuid::from_u128(kind << 112 | number.parse::<u128>().unwrap())
}

/// The id that groups of this name get in these servers.
pub fn gid(name: &str) -> Uuid {
    match name {
        "All Computers" => ALL_COMPUTERS,
        "Unassigned Computers" => UNASSIGNED_COMPUTERS,
        _ => {
            let hash = fold(name).bytes().fold(7_u128, |hash, byte| hash.wrapping_mul(1_000_003) ^ u128::from(byte));
            Uuid::from_u128(0xdddd << 112 | hash & (u128::MAX >> 16))
        }
    }
}

pub fn server() -> Server {
    let builtin = |id, name: &str, parent| TargetGroup { id, name: name.into(), parent, builtin: true };
    let groups = [
        builtin(ALL_COMPUTERS, "Alle Computer", None),
        builtin(UNASSIGNED_COMPUTERS, "Nicht zugewiesene Computer", Some(ALL_COMPUTERS)),
    ];
    let categories = categories();
    let numbers = (1..).zip(categories.0.keys().copied()).collect();
    let snapshot = Snapshot {
        taken_at: now(),
        scope: ReadScope::default(),
        server: ServerFacts {
            server_id: Uuid::from_u128(0xeeee << 112),
            replica: false,
            has_upstream: false,
            approves_new_revisions: true,
            server_side_targeting: true,
            utc_offset_minutes: Some(0),
            sql_version: "test".into(),
            login: "CONTOSO\\svc-wsus".into(),
        },
        settings: None,
        downstream_servers: Some(Vec::new()),
        rules: Some(Rules { all: BTreeMap::new(), categories: numbers }),
        synchronization: None,
        notifications: None,
        database_roles: None,
        groups: groups.into_iter().map(|group| (group.id, group)).collect(),
        computers: BTreeMap::new(),
        memberships: BTreeSet::new(),
        requested_groups: BTreeMap::new(),
        categories,
        updates: BTreeMap::new(),
        articles: BTreeSet::new(),
        titled: BTreeMap::new(),
        deployments: BTreeMap::new(),
        approvals_of_groups: BTreeMap::new(),
        totals: Totals::default(),
        procedures: Procedure::ALL.into_iter().map(|procedure| (procedure, as_known(procedure))).collect(),
    };
    Server { snapshot, next_id: 1 }
}

/// The id that categories with this title have on these servers.
pub fn cid(title: &str) -> Uuid {
    let hash = fold(title).bytes().fold(11_u128, |hash, byte| hash.wrapping_mul(1_000_003) ^ u128::from(byte));
    Uuid::from_u128(0xffff << 112 | hash & (u128::MAX >> 16))
}

/// Two families of products and the usual classifications.
fn categories() -> Categories {
    let products = ["Windows 10", "Windows 11", "Windows Server 2022"]
        .map(|title| (title, CategoryKind::Product, Some("Windows")));
    let office = [("Office 2021", CategoryKind::Product, Some("Office"))];
    let families = ["Windows", "Office"].map(|title| (title, CategoryKind::ProductFamily, None));
    let classifications =
        ["Security Updates", "Critical Updates", "Drivers"].map(|title| (title, CategoryKind::Classification, None));
    let all = products.into_iter().chain(office).chain(families).chain(classifications);
    let category = |(title, kind, parent): (&str, CategoryKind, Option<&str>)| Category {
        id: cid(title),
        kind,
        title: title.into(),
        other_titles: Vec::new(),
        parent: parent.map(cid),
    };
    Categories(all.map(category).map(|category| (category.id, category)).collect())
}

fn as_known(procedure: Procedure) -> ProcedureState {
    let expected = format!("{}(...)", procedure.name());
    ProcedureState {
        live: Some(expected.clone()),
        expected,
        parameters: Vec::new(),
        lists: Vec::new(),
        verdict: Verdict::Matches,
    }
}

impl Server {
    /// Groups as `Workstations`, or below another as `Workstations/Ring 0`.
    pub fn groups(mut self, paths: &[&str]) -> Self {
        for path in paths {
            let (parent, name) = match path.rsplit_once('/') {
                Some((parent, name)) => (gid(parent.rsplit('/').next().unwrap()), name),
                None => (ALL_COMPUTERS, *path),
            };
            let id = gid(name);
            let group = TargetGroup { id, name: name.into(), parent: Some(parent), builtin: false };
            self.snapshot.groups.insert(id, group);
        }
        self
    }

    /// A computer by its TargetID and name, in these groups.
    pub fn computer(mut self, target_id: i32, name: &str, groups: &[&str]) -> Self {
        let computer_id = format!("client-{target_id}");
        let computer = Computer { target_id, computer_id, name: name.into(), from_downstream: false };
        self.snapshot.computers.insert(target_id, computer);
        self.snapshot.memberships.extend(groups.iter().map(|group| (gid(group), target_id)));
        self
    }

    pub fn downstream_computer(self, target_id: i32, name: &str, groups: &[&str]) -> Self {
        let mut server = self.computer(target_id, name, groups);
        server.snapshot.computers.get_mut(&target_id).unwrap().from_downstream = true;
        server
    }

    /// An update with its article.
    pub fn update(self, short: &str, kb: &str) -> Self {
        self.update_with(short, kb, |_| {})
    }

    pub fn update_with(mut self, short: &str, kb: &str, change: impl FnOnce(&mut Update)) -> Self {
        let mut update = Update {
            id: uid(short),
            title: format!("Update {short} (KB{kb})"),
            kbs: vec![kb.into()],
            categories: vec![cid("Windows 11"), cid("Security Updates")],
            revision: REVISION,
            declined: false,
            reinstated_at: None,
            expired: false,
            deployable: true,
            can_install: true,
            install_asks: false,
            can_uninstall: true,
            uninstall_asks: false,
            license: License::None,
            severity: Severity::Critical,
            update_type: UpdateType::Software,
            arrived_at: time("2026-11-10T06:00:00Z"),
            created_at: time("2026-11-10T00:00:00Z"),
            superseded_by: Vec::new(),
            needed_by: Some(0),
            reboot: Reboot::Possible,
        };
        change(&mut update);
        self.snapshot.articles.extend(update.kbs.iter().cloned());
        self.snapshot.updates.insert(update.id, update);
        self
    }

    pub fn declined(self, short: &str, kb: &str) -> Self {
        self.update_with(short, kb, |update| update.declined = true)
    }

    pub fn expired(self, short: &str, kb: &str) -> Self {
        self.update_with(short, kb, |update| update.expired = true)
    }

    /// An approval, its value as in manifests.
    pub fn approved(self, short: &str, group: &str, text: &str) -> Self {
        self.approved_with(short, group, text, |_| {})
    }

    pub fn approved_with(mut self, short: &str, group: &str, text: &str, change: impl FnOnce(&mut Deployment)) -> Self {
        let value = value(text);
        let deployed_at = time("2026-11-01T08:00:00Z");
        let mut row = Deployment {
            id: uid(&format!("d{}", self.next_id)),
            revision: REVISION,
            group: gid(group),
            action: value.action.code().unwrap(),
            deadline: value.deadline.resolve(deployed_at),
            assigned: value.action != ApprovalAction::Install || !value.optional,
            admin_name: "CONTOSO\\alice".into(),
            deployed_at,
            pending: false,
        };
        self.next_id += 1;
        change(&mut row);
        self.snapshot.deployments.entry(uid(short)).or_default().push(row);
        self
    }

    pub fn automatic(self, short: &str, group: &str) -> Self {
        self.approved_with(short, group, "install", |row| row.admin_name = AUTOMATIC_ADMIN_NAME.into())
    }

    /// A rule for these groups with some categories by title.
    pub fn rule(mut self, name: &str, enabled: bool, categories: &[&str], groups: &[&str]) -> Self {
        let rules = self.snapshot.rules.as_mut().unwrap();
        let id = i32::try_from(rules.all.len()).unwrap() + 1;
        let numbers = |kinds: &[CategoryKind]| {
            let known = rules.categories.iter().filter(|(_, id)| kinds.contains(&self.snapshot.categories.0[id].kind));
            let named = known.filter(|(_, id)| categories.iter().any(|title| cid(title) == **id));
            named.map(|(number, _)| *number).collect()
        };
        let rule = Rule {
            enabled,
            classifications: numbers(&[CategoryKind::Classification]),
            products: numbers(&[CategoryKind::Product, CategoryKind::ProductFamily]),
            groups: groups.iter().map(|group| gid(group)).collect(),
            deadline: RuleDeadline::After { days: 3, minutes: 240 },
            ..Rule::new(id, name.into())
        };
        rules.all.insert(id, rule);
        self
    }

    pub fn replica(mut self) -> Self {
        self.snapshot.server.replica = true;
        self
    }

    /// Leaves it to somebody to approve new revisions of approved updates.
    pub fn asks_about_new_revisions(mut self) -> Self {
        self.snapshot.server.approves_new_revisions = false;
        self
    }

    pub fn client_side_targeting(mut self) -> Self {
        self.snapshot.server.server_side_targeting = false;
        self
    }

    pub fn requested(mut self, group: &str, computers: u32) -> Self {
        self.snapshot.requested_groups.insert(group.into(), computers);
        self
    }

    pub fn differs(self, procedure: Procedure) -> Self {
        self.verdict(procedure, Some(format!("{}(@other int)", procedure.name())), Verdict::Differs("@other".into()))
    }

    pub fn missing(self, procedure: Procedure) -> Self {
        self.verdict(procedure, None, Verdict::Missing)
    }

    fn verdict(mut self, procedure: Procedure, live: Option<String>, verdict: Verdict) -> Self {
        let state = self.snapshot.procedures.get_mut(&procedure).unwrap();
        (state.live, state.verdict) = (live, verdict);
        self
    }

    /// The server as one read gets it that leaves nothing out.
    pub fn whole(&self) -> Snapshot {
        let mut snapshot = self.snapshot.clone();
        snapshot.totals = totals(&snapshot);
        snapshot.scope = ReadScope {
            settings: true,
            rules: true,
            downstream_servers: true,
            synchronization: true,
            notifications: true,
            database_roles: true,
            computers: true,
            approvals_of_groups_but: None,
            update_ids: snapshot.updates.keys().copied().collect(),
            kbs: snapshot.updates.values().flat_map(|update| update.kbs.clone()).collect(),
            selector_kbs: Default::default(),
            approved_updates: true,
            declined_updates: true,
            selections: vec![UpdateSelection { needed_by: true, superseding: true, ..UpdateSelection::default() }],
            every_update: true,
        };
        snapshot
    }

    /// The server as a read with this scope gets it.
    pub fn read(&self, scope: &ReadScope) -> Snapshot {
        read(&self.whole(), scope)
    }
}

/// What a read with a scope gets of a whole server, and nothing more.
pub fn read(whole: &Snapshot, scope: &ReadScope) -> Snapshot {
    read_more(whole, scope, &|_| false)
}

/// What a read with a scope gets of a whole server that brings some updates beyond it.
pub fn read_more(whole: &Snapshot, scope: &ReadScope, also: &dyn Fn(&Update) -> bool) -> Snapshot {
    let mut snapshot = whole.clone();
    snapshot.scope = scope.clone();
    for group in scope.groups_with_approvals(whole.groups.values()) {
        let of_group = |(update, rows): (&Uuid, &Vec<Deployment>)| {
            rows.iter().filter(|row| row.group == group.id).map(|row| (*update, row.clone())).collect::<Vec<_>>()
        };
        let approvals: Vec<_> = whole.deployments.iter().flat_map(of_group).collect();
        if !approvals.is_empty() {
            snapshot.approvals_of_groups.insert(group.id, approvals);
        }
    }
    if !scope.downstream_servers {
        snapshot.downstream_servers = None;
    }
    if !scope.rules {
        snapshot.rules = None;
    }
    if !scope.notifications {
        snapshot.notifications = None;
    }
    if !scope.database_roles {
        snapshot.database_roles = None;
    }
    if !scope.settings {
        snapshot.settings = None;
    }
    if !scope.computers {
        snapshot.computers.clear();
        snapshot.memberships.clear();
    }
    let approved: BTreeSet<Uuid> = snapshot.deployments.keys().copied().collect();
    let selected = |selection: &&UpdateSelection, update: &Update| is_selected(whole, selection, update);
    let with_numbers = scope.selections.iter().filter(|selection| selection.needed_by).collect::<Vec<_>>();
    let mut superseding: BTreeSet<Uuid> = BTreeSet::new();
    let named = |id: &Uuid, update: &Update| {
        scope.update_ids.contains(id)
            || update.kbs.iter().any(|kb| scope.kbs.contains(kb) || scope.selector_kbs.contains(kb))
    };
    for (id, update) in &whole.updates {
        let mut asking = scope.selections.iter().filter(|selection| selection.superseding);
        if named(id, update) || asking.any(|selection| selected(&selection, update)) {
            superseding.extend(&update.superseded_by);
        }
    }
    snapshot.updates.retain(|id, update| {
        named(id, update)
            || (scope.approved_updates && approved.contains(id))
            || (scope.declined_updates && update.declined)
            || scope.selections.iter().any(|selection| selected(&selection, update))
            || superseding.contains(id)
            || also(update)
    });
    for update in snapshot.updates.values_mut() {
        if !with_numbers.iter().any(|selection| selected(selection, update)) {
            update.needed_by = None;
        }
    }
    let updates = &snapshot.updates;
    snapshot.deployments.retain(|id, _| updates.contains_key(id));
    snapshot
}

/// Exactly what a selection says.
fn is_selected(whole: &Snapshot, selection: &UpdateSelection, update: &Update) -> bool {
    let UpdateSelection {
        classifications,
        products,
        kbs,
        arrived_from,
        arrived_until,
        created_from,
        created_until,
        superseded,
        expired,
        declined,
        approved,
        needed_by: _,
        superseding: _,
    } = selection;
    let in_one = |references: &Option<BTreeSet<CategoryReference>>, kind| {
        references.as_ref().is_none_or(|references| {
            let mut ids = references.iter().flat_map(|reference| whole.categories.matching(reference, kind));
            ids.any(|id| update.categories.contains(&id))
        })
    };
    update.deployable
        && in_one(classifications, CategoryKind::Classification)
        && in_one(products, CategoryKind::Product)
        && kbs.as_ref().is_none_or(|kbs| update.kbs.iter().any(|kb| kbs.contains(kb)))
        && arrived_from.is_none_or(|from| update.arrived_at >= from)
        && arrived_until.is_none_or(|until| update.arrived_at < until)
        && created_from.is_none_or(|from| update.created_at >= from)
        && created_until.is_none_or(|until| update.created_at < until)
        && superseded.is_none_or(|superseded| superseded != update.superseded_by.is_empty())
        && expired.is_none_or(|expired| expired == update.expired)
        && declined.is_none_or(|declined| declined == update.declined)
        && (!approved || whole.deployments.contains_key(&update.id))
}

fn totals(snapshot: &Snapshot) -> Totals {
    let mut totals = Totals::default();
    for rows in snapshot.deployments.values() {
        let groups: BTreeSet<Uuid> = rows.iter().map(|row| row.group).collect();
        for group in groups {
            let mut of_group = rows.iter().filter(|row| row.group == group);
            totals.approvals += 1;
            if of_group.all(|row| row.admin_name == AUTOMATIC_ADMIN_NAME) {
                totals.automatic_approvals += 1;
                *totals.automatic_approvals_by_group.entry(group).or_default() += 1;
            }
            *totals.approvals_by_group.entry(group).or_default() += 1;
        }
    }
    for (group, _) in &snapshot.memberships {
        *totals.computers_by_group.entry(*group).or_default() += 1;
    }
    let grouped: BTreeSet<i32> = snapshot.memberships.iter().map(|(_, computer)| *computer).collect();
    totals.grouped_computers = grouped.len() as u64;
    let unassigned = snapshot.computers.keys().filter(|computer| !grouped.contains(computer)).count() as u64;
    if unassigned > 0 {
        totals.computers_by_group.insert(UNASSIGNED_COMPUTERS, unassigned);
    }
    totals.declines = snapshot.updates.values().filter(|update| update.declined).count() as u64;
    totals
}

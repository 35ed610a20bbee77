//! What a snapshot has of a server, in the sandbox's own words. The sandbox knows nothing of the rest of the program.

use chrono::{DateTime, NaiveDateTime, Utc};
use uuid::Uuid;

use crate::model::category::{Categories, Category, CategoryKind};
use crate::model::configuration::Configuration;
use crate::model::database_role::LivePrincipals;
use crate::model::impact::Impact;
use crate::model::notifications::{FREQUENCIES, FREQUENCY, LiveNotifications, MailKind};
use crate::model::rule::{Rule, RuleDeadline, Rules};
use crate::model::selector::UpdateType;
use crate::model::setting;
use crate::model::snapshot::{Deployment, License, Reboot, ServerFacts, Snapshot, Update};
use crate::model::synchronization::{LiveSynchronization, Schedule};
use crate::sandbox::seeds::contents::{self, Cell, Contents};
use crate::saved::Saved;

/// How the state writes a time.
const TIME: &str = "%Y-%m-%d %H:%M:%S%.3f";

/// What a snapshot holds. Procedures are left to the sandbox, and totals follow from the rest.
pub fn of(saved: &Saved) -> Contents {
    let Saved { tool_version: _, snapshot, impact } = saved;
    let Snapshot { taken_at, server, settings, rules, synchronization, notifications, database_roles, .. } = snapshot;
    let mut contents = Contents {
        server_id: server.server_id,
        taken_at: utc(*taken_at),
        configuration: facts(server),
        groups: snapshot.groups.values().map(group).collect(),
        computers: snapshot.computers.values().map(computer).collect(),
        memberships: snapshot.memberships.iter().map(|(group, target)| (*group, i64::from(*target))).collect(),
        requests: snapshot.requested_groups.iter().map(|(name, count)| (name.clone(), u64::from(*count))).collect(),
        categories: categories(&snapshot.categories, rules.as_ref()),
        updates: snapshot.updates.values().map(|one| update(one, &snapshot.categories, impact)).collect(),
        approvals: snapshot.deployments.iter().flat_map(|(of, all)| all.iter().map(|one| approval(*of, one))).collect(),
        removed: removed(impact),
        rules: rules.iter().flat_map(|rules| rules.all.values().map(rule)).collect(),
        downstream_servers: downstream_servers(snapshot),
        ..Contents::default()
    };
    if let Some(settings) = settings {
        contents.configuration.extend(cells(&settings.row));
        contents.languages = settings.languages.iter().map(|(name, is_on)| (name.clone(), *is_on)).collect();
    }
    if let Some(synchronization) = synchronization {
        subscribe(&mut contents, synchronization);
    }
    if let Some(notifications) = notifications {
        send(&mut contents, notifications);
    }
    if let Some(principals) = database_roles {
        admit(&mut contents, principals);
    }
    contents
}

fn utc(time: DateTime<Utc>) -> NaiveDateTime {
    time.naive_utc()
}

fn facts(server: &ServerFacts) -> Vec<(String, Cell)> {
    let ServerFacts {
        server_id: _,
        replica,
        has_upstream,
        approves_new_revisions,
        server_side_targeting,
        utc_offset_minutes: _,
        sql_version: _,
        login: _,
    } = server;
    let flags = [
        ("ReplicaMode", *replica),
        ("SyncToMU", !has_upstream),
        ("AutoRefreshDeployments", *approves_new_revisions),
        ("ServerTargeting", *server_side_targeting),
    ];
    flags.into_iter().map(|(column, flag)| (column.to_owned(), Cell::Number(flag.into()))).collect()
}

/// Columns whose content is known.
fn cells(row: &Configuration) -> Vec<(String, Cell)> {
    let cell = |column: &str| match row.cell(column)? {
        setting::Cell::Null => Some(Cell::Null),
        setting::Cell::Bit(bit) => Some(Cell::Number((*bit).into())),
        setting::Cell::Int(number) => Some(Cell::Number(*number)),
        setting::Cell::Text(text) => Some(Cell::Text(text.clone())),
        setting::Cell::Opaque => None,
    };
    row.columns().filter_map(|column| Some((column.to_owned(), cell(column)?))).collect()
}

fn group(group: &crate::model::snapshot::TargetGroup) -> contents::Group {
    contents::Group { id: group.id, name: group.name.clone(), parent: group.parent, is_builtin: group.builtin }
}

fn computer(computer: &crate::model::snapshot::Computer) -> contents::Computer {
    contents::Computer {
        target: computer.target_id.into(),
        id: computer.computer_id.clone(),
        name: computer.name.clone(),
        from_downstream: computer.from_downstream,
    }
}

fn categories(all: &Categories, rules: Option<&Rules>) -> Vec<contents::Category> {
    let number = |id: Uuid| {
        let mut numbers = rules?.categories.iter();
        numbers.find(|(_, category)| **category == id).map(|(number, _)| i64::from(*number))
    };
    let one = |category: &Category| contents::Category {
        id: category.id,
        number: number(category.id),
        kind: match category.kind {
            CategoryKind::Company => "Company",
            CategoryKind::ProductFamily => "ProductFamily",
            CategoryKind::Product => "Product",
            CategoryKind::Classification => "UpdateClassification",
            CategoryKind::Other => "Other",
        },
        parent: category.parent,
    };
    all.0.values().map(one).collect()
}

fn update(update: &Update, categories: &Categories, impact: &Impact) -> contents::Update {
    let Update {
        id,
        title,
        kbs,
        categories: of,
        revision,
        declined,
        reinstated_at,
        expired,
        deployable,
        can_install,
        install_asks,
        uninstall_asks,
        can_uninstall,
        license,
        severity,
        update_type,
        arrived_at,
        created_at,
        superseded_by,
        needed_by,
        reboot,
    } = update;
    contents::Update {
        id: *id,
        title: title.clone(),
        kbs: kbs.clone(),
        categories: of.clone(),
        revision: (*revision).into(),
        is_declined: *declined,
        reinstated_at: reinstated_at.map(utc),
        is_expired: *expired,
        is_deployable: *deployable,
        can_install: *can_install,
        install_asks: *install_asks,
        can_uninstall: *can_uninstall,
        uninstall_asks: *uninstall_asks,
        eula: match license {
            License::None => None,
            License::Accepted(terms) => Some((*terms, true)),
            License::Pending(terms) => Some((*terms, false)),
        },
        severity: severity.as_str(),
        kind: match update_type {
            UpdateType::Other if categories.0.contains_key(id) => "Category",
            other => other.as_str(),
        },
        arrived_at: utc(*arrived_at),
        created_at: utc(*created_at),
        superseded_by: superseded_by.clone(),
        needed_by: needed_by.unwrap_or(0).into(),
        reboot: match reboot {
            Reboot::Unknown => None,
            Reboot::Never => Some(0),
            Reboot::Always => Some(1),
            Reboot::Possible => Some(2),
        },
        bytes: impact.bytes.get(id).copied().unwrap_or(0),
    }
}

fn approval(of: Uuid, deployment: &Deployment) -> contents::Approval {
    contents::Approval {
        update: of,
        id: deployment.id,
        revision: deployment.revision.into(),
        group: deployment.group,
        action: deployment.action.into(),
        deadline: deployment.deadline.map(utc),
        is_assigned: deployment.assigned,
        admin: deployment.admin_name.clone(),
        made_at: utc(deployment.deployed_at),
        is_pending: deployment.pending,
    }
}

fn removed(impact: &Impact) -> Vec<contents::Removed> {
    let one = |((update, group), removed): (&(Uuid, Uuid), &crate::model::impact::Removed)| contents::Removed {
        update: *update,
        group: *group,
        by: removed.by.clone(),
        at: utc(removed.at),
    };
    impact.removed.iter().map(one).collect()
}

fn rule(rule: &Rule) -> contents::Rule {
    contents::Rule {
        id: rule.id.into(),
        name: rule.name.clone(),
        is_enabled: rule.enabled,
        classifications: rule.classifications.iter().map(|number| i64::from(*number)).collect(),
        products: rule.products.iter().map(|number| i64::from(*number)).collect(),
        groups: rule.groups.iter().copied().collect(),
        deadline: match rule.deadline {
            RuleDeadline::None => None,
            RuleDeadline::After { days, minutes } => Some((days.into(), minutes.into())),
        },
    }
}

fn downstream_servers(snapshot: &Snapshot) -> Vec<contents::DownstreamServer> {
    let one = |server: &crate::model::listing::ListedDownstreamServer| contents::DownstreamServer {
        name: server.name.clone(),
        id: server.server_id,
        is_replica: server.replica,
        parent: server.parent.clone(),
        synchronized_at: server.synchronized_at.map(utc),
        rolled_up_at: server.rolled_up_at.map(utc),
        version: server.version.clone(),
        computers: server.computers,
    };
    snapshot.downstream_servers.iter().flatten().map(one).collect()
}

fn subscribe(contents: &mut Contents, synchronization: &LiveSynchronization) {
    contents.schedule = match synchronization.schedule {
        Some(Schedule::Daily { first_at, per_day }) => Some((first_at, per_day)),
        Some(Schedule::Manual) | None => None,
    };
    contents.subscribed = synchronization.products.union(&synchronization.classifications).copied().collect();
}

fn send(contents: &mut Contents, notifications: &LiveNotifications) {
    let LiveNotifications { row, changed, recipients, unsaved: _, password_parameter: _ } = notifications;
    contents.mails = cells(row);
    for (column, cell) in &mut contents.mails {
        // The sandbox keeps the word, as the procedure takes it.
        let word = FREQUENCIES.iter().find(|(_, number)| *cell == Cell::Number(*number));
        if let Some((word, _)) = word.filter(|_| column.eq_ignore_ascii_case(FREQUENCY)) {
            *cell = Cell::Text((*word).to_owned());
        }
    }
    if let Some((by, at)) = changed {
        contents.mails.push(("LastModifiedBy".to_owned(), Cell::Text(by.clone())));
        contents.mails.push(("LastModifiedTime".to_owned(), Cell::Text(at.format(TIME).to_string())));
    }
    let of = |kind: &MailKind| kind.number();
    contents.recipients = recipients
        .iter()
        .flat_map(|(kind, all)| all.addresses().map(move |address| (of(kind), address.to_owned())))
        .collect();
}

fn admit(contents: &mut Contents, live: &LivePrincipals) {
    let principal = |principal: &crate::model::database_role::Principal| contents::Principal {
        name: principal.name.clone(),
        orphan: principal.orphan.as_ref().map(|orphan| orphan.namesake.clone()),
    };
    contents.principals = live.principals.values().map(principal).collect();
    contents.members = live
        .roles
        .iter()
        .flat_map(|(role, live)| live.members.iter().map(|member| (role.name().to_owned(), member.clone())))
        .collect();
}

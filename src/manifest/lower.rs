//! Document -> model. Defaults are made explicit here and nowhere else.

use std::collections::BTreeMap;

use super::document::{
    Approval, DeclaredSetting, Decline, Document, DownstreamServer, Group, GroupEntry, Languages, Management,
    Notifications, Recipients, Rule, Settings,
};
use crate::model::approval::{ApprovalValue, Deadline};
use crate::model::attribute::Attribute;
use crate::model::desired::{
    self, ApprovalEntry, DeclineEntry, Desired, DesiredDownstreamServer, DesiredGroup, DesiredRule, GroupApproval,
};
use crate::model::glob::Glob;
use crate::model::management::{self, Limits, Prune};
use crate::model::name::trim;
use crate::model::origin::Declared;

/// Why parts that the reader leaves out on errors are there.
const COMPLETE: &str = "a document with errors is not lowered, and what is missing is an error";

/// Lowers a document that has no errors.
pub(super) fn lower(document: Document) -> Desired {
    let mut groups = Vec::new();
    for group in document.groups {
        lower_group(group, None, &mut groups);
    }
    Desired {
        name: document.name.value,
        labels: document.labels,
        connection: document.connection,
        server_id: document.identity.map(|identity| identity.server_id),
        replaces: document.identity.and_then(|identity| identity.replaces),
        database_roles: document.settings.database_roles.clone(),
        settings: lower_settings(document.settings),
        synchronization: document.synchronization,
        notifications: lower_notifications(document.notifications),
        groups,
        approvals: document.approvals.into_iter().enumerate().flat_map(lower_approval).collect(),
        declines: document.declines.into_iter().map(lower_decline).collect(),
        rules: document.approval_rules.into_iter().map(lower_rule).collect(),
        downstream_servers: document.downstream_servers.into_iter().map(lower_downstream_server).collect(),
        management: lower_management(document.management),
        origin: document.origin,
    }
}

fn lower_scalars(scalars: Vec<DeclaredSetting>) -> BTreeMap<&'static str, Declared<Attribute>> {
    let scalars = scalars.into_iter();
    scalars.map(|DeclaredSetting { setting, value, origin }| (setting.path, Declared { value, origin })).collect()
}

fn lower_notifications(notifications: Notifications) -> desired::Notifications {
    let Notifications { scalars, recipients, smtp_password } = notifications;
    let recipients = recipients.into_iter().map(|Recipients { kind, addresses, origin }| {
        let value = addresses.into_iter().map(|address| address.value).collect();
        (kind, Declared { value, origin })
    });
    desired::Notifications { scalars: lower_scalars(scalars), recipients: recipients.collect(), smtp_password }
}

fn lower_settings(settings: Settings) -> desired::Settings {
    desired::Settings {
        scalars: lower_scalars(settings.scalars),
        languages: settings.languages.map(|Declared { value, origin }| {
            let value = match value {
                Languages::All => desired::Languages::All,
                Languages::Some(names) => {
                    desired::Languages::Some(names.into_iter().map(|name| name.value.trim().to_lowercase()).collect())
                }
            };
            Declared { value, origin }
        }),
        content_path: settings.content_path,
        proxy_password: settings.proxy_password,
    }
}

fn lower_group(group: Group, parent: Option<usize>, groups: &mut Vec<DesiredGroup>) {
    let index = groups.len();
    groups.push(DesiredGroup {
        name: trim(&group.name.value).to_owned(),
        parent,
        computers: group.computers.map(|names| globs(names.value)),
        except: group.except.map(|names| globs(names.value)).unwrap_or_default(),
        require_computers: group.require_computers.or(false),
        origin: group.name.origin,
    });
    for child in group.groups {
        lower_group(child, Some(index), groups);
    }
}

fn globs(names: Vec<Declared<String>>) -> Vec<Declared<Glob>> {
    names.into_iter().map(|name| Declared { value: Glob::new(trim(&name.value)), origin: name.origin }).collect()
}

/// Each reference of a list becomes an entry of its own, at its own place.
fn lower_approval((item, entry): (usize, Approval)) -> impl Iterator<Item = ApprovalEntry> {
    let Approval { name, updates, groups, accept_license, origin } = entry;
    let name = name.map(|name| name.value);
    let groups: Vec<GroupApproval> = groups.into_iter().map(lower_group_entry).collect();
    let accept_license = accept_license.or(false);
    let listed = updates.len() > 1;
    updates.into_iter().map(move |update| {
        let origin = if listed { update.origin() } else { origin };
        ApprovalEntry { item, name: name.clone(), groups: groups.clone(), accept_license, origin, update }
    })
}

fn lower_group_entry(entry: GroupEntry) -> GroupApproval {
    GroupApproval {
        group: trim(&entry.group.value).to_owned(),
        value: ApprovalValue {
            action: entry.action.expect(COMPLETE).value,
            deadline: entry.deadline.or(Deadline::None),
            optional: entry.optional.or(false),
        },
        origin: entry.group.origin,
    }
}

fn lower_decline(entry: Decline) -> DeclineEntry {
    DeclineEntry { update: entry.update.expect(COMPLETE), origin: entry.origin }
}

fn lower_rule(rule: Rule) -> DesiredRule {
    let Rule { name, enabled, classifications, products, groups, deadline } = rule;
    let trimmed = |name: Declared<String>| Declared { value: trim(&name.value).to_owned(), origin: name.origin };
    DesiredRule {
        name: trim(&name.value).to_owned(),
        enabled: enabled.map(|enabled| enabled.value),
        classifications,
        products,
        groups: groups.map(|groups| groups.value.into_iter().map(trimmed).collect()),
        deadline,
        origin: name.origin,
    }
}

fn lower_downstream_server(server: DownstreamServer) -> DesiredDownstreamServer {
    let DownstreamServer { name, replica, max_sync_age } = server;
    DesiredDownstreamServer { name: trim(&name.value).to_owned(), replica, max_sync_age, origin: name.origin }
}

fn lower_management(written: Management) -> management::Management {
    let defaults = Limits::default();
    management::Management {
        prune: written.prune.into_iter().map(|(kind, prune)| (kind, prune.or(Prune::Never))).collect(),
        prune_automatic_approvals: written.prune_automatic_approvals.or(Prune::Never),
        downstream_servers_age: written.downstream_servers_age,
        limits: Limits {
            delete_percent: written.delete_percent.or(defaults.delete_percent),
            modify_percent: written.modify_percent.or(defaults.modify_percent),
            minimum: written.minimum.or(defaults.minimum),
        },
        ignore: globs(written.ignore),
    }
}

//! Database roles: each declared one is compared as a set, and declared members that have lost their login are mapped to the
//! one that is called like them.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Change, Members, Reason, Risk};
use super::context::Context;
use super::draft::Draft;
use super::permission::Permission;
use super::settings::{Settings, change, notice};
use super::step::Operation;
use crate::model::address::Address;
use crate::model::attribute::Attribute;
use crate::model::database_role::{DatabaseRole, LivePrincipals, MembersChange, Orphan};
use crate::model::object::ObjectState;
use crate::model::origin::{Declared, Origin};

/// The attribute of a user.
const LOGIN: &str = "login";

/// What is declared and not so.
pub(super) fn declared(context: &Context<'_>) -> Settings {
    let mut found = Settings::default();
    let Some(live) = &context.snapshot.database_roles else { return found };
    let roles = &context.resolved.database_roles;
    for (role, members) in roles {
        members_of(context, *role, members, live, &mut found);
    }
    if live.sees_principals {
        // A user may be in both roles.
        let mut orphans: BTreeMap<&str, (&Orphan, Origin)> = BTreeMap::new();
        for members in roles.values() {
            for name in &members.value {
                let orphan = live.principal(name).and_then(|principal| principal.orphan.as_ref());
                if let Some(orphan) = orphan {
                    orphans.entry(name).or_insert((orphan, members.origin));
                }
            }
        }
        for (name, (orphan, origin)) in orphans {
            map_user(name, orphan, origin, live, &mut found);
        }
    }
    found.drafts.retain(|draft| !context.ignores(&draft.change.address));
    found.unsupported.retain(|notice| !context.ignores(&notice.address));
    found
}

fn members_of(
    context: &Context<'_>,
    role: DatabaseRole,
    declared: &Declared<BTreeSet<String>>,
    live: &LivePrincipals,
    found: &mut Settings,
) {
    let address = Address::Setting(role.path());
    let mut unsupported = |code, message: String| {
        found.unsupported.push(notice(Address::Setting(role.path()), code, message, declared.origin));
    };
    if !live.sees_principals {
        let message = "the login does not see who is in it: it needs VIEW DEFINITION on the database";
        return unsupported("roleNotSeen", message.to_owned());
    }
    let is_principal = |name: &str| live.principals.values().any(|principal| principal.name == name);
    let Some(live) = live.roles.get(&role) else {
        return unsupported("roleMissing", format!("this database has no role {}", role.name()));
    };
    let wanted = MembersChange::between(&live.members, &declared.value, is_principal);
    if wanted.is_empty() {
        return;
    }
    if !live.may_alter {
        let message = format!("the login may not change it: it needs ALTER ON ROLE::[{}]", role.name());
        return unsupported("roleNotPermitted", message);
    }
    let list = |names: &BTreeSet<String>| Attribute::List(names.iter().map(Attribute::text).collect());
    let mut change = change(address, list(&live.members), list(&declared.value), declared.origin);
    let members =
        Members { added: wanted.add().iter().cloned().collect(), removed: wanted.remove().iter().cloned().collect() };
    let takes_away = !members.removed.is_empty();
    change.risk = if takes_away { Risk::High } else { Risk::Low };
    change.members = Some(members);
    let operation = Operation::SetRoleMembers { role, members: wanted };
    let mut draft = Draft::of_one_step(change, operation, ObjectState::DatabaseRole(live.members.clone()));
    if takes_away && !context.policy.permissions.has(Permission::HighRisk) {
        draft.block(
            "highRisk",
            "whoever it removes loses its rights in the database, a WSUS server all of them",
            Some(Permission::HighRisk),
        );
    }
    found.drafts.push(draft);
}

fn map_user(name: &str, orphan: &Orphan, origin: Origin, live: &LivePrincipals, found: &mut Settings) {
    let address = Address::DatabaseUser(name.to_owned());
    let mut unsupported = |code, message: String| {
        found.unsupported.push(notice(Address::DatabaseUser(name.to_owned()), code, message, origin))
    };
    let Some(login) = &orphan.namesake else {
        let message = "no login of the database server has its security identifier, and none is called like it, or several are: \
                       make the login, spelled like the user, and apply maps the user to it";
        return unsupported("loginMissing", message.to_owned());
    };
    if !live.may_map_users {
        let message = "it is orphaned, and the login may not map it to its own: that takes CONTROL on the database";
        return unsupported("userNotPermitted", message.to_owned());
    }
    let mut change = change(address, Attribute::Null, Attribute::text(login), origin);
    change.reason = Reason {
        code: "orphaned",
        text: "no login has the user's security identifier, and one is called like it".to_owned(),
    };
    name_attribute(&mut change);
    let operation = Operation::MapUser { user: name.to_owned(), login: login.clone() };
    found.drafts.push(Draft::of_one_step(change, operation, ObjectState::DatabaseUser { mapped: false }));
}

/// What differs is the user's login.
fn name_attribute(change: &mut Change) {
    for attributes in [&mut change.before, &mut change.after].into_iter().flatten() {
        *attributes = std::mem::take(attributes).into_values().map(|value| (LOGIN.to_owned(), value)).collect();
    }
    for field in &mut change.fields {
        field.path = LOGIN.to_owned();
    }
}

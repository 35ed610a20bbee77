//! Roles of the database, and its users.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::is_default;
use crate::model::database_role::{DatabaseRole, LivePrincipals, LiveRole, Orphan, Principal};

/// The roles, and the principals that may be in them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::saved) struct PrincipalsWire {
    #[serde(default, skip_serializing_if = "is_default")]
    web_service: Option<RoleWire>,
    #[serde(default, skip_serializing_if = "is_default")]
    public_view_access: Option<RoleWire>,
    /// By name.
    principals: BTreeMap<String, PrincipalWire>,
    sees_principals: bool,
    sees_logins: bool,
    may_map_users: bool,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RoleWire {
    members: BTreeSet<String>,
    may_alter: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PrincipalWire {
    name: String,
    can_be_member: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    orphan: Option<OrphanWire>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OrphanWire {
    #[serde(default, skip_serializing_if = "is_default")]
    namesake: Option<String>,
}

impl From<&LivePrincipals> for PrincipalsWire {
    fn from(live: &LivePrincipals) -> Self {
        let LivePrincipals { roles, principals, sees_principals, sees_logins, may_map_users } = live;
        let role = |role| {
            roles
                .get(&role)
                .map(|LiveRole { members, may_alter }| RoleWire { members: members.clone(), may_alter: *may_alter })
        };
        Self {
            web_service: role(DatabaseRole::WebService),
            public_view_access: role(DatabaseRole::PublicViewAccess),
            principals: principals.iter().map(|(name, principal)| (name.clone(), principal.into())).collect(),
            sees_principals: *sees_principals,
            sees_logins: *sees_logins,
            may_map_users: *may_map_users,
        }
    }
}

impl From<&Principal> for PrincipalWire {
    fn from(Principal { name, can_be_member, orphan }: &Principal) -> Self {
        let orphan = orphan.as_ref().map(|Orphan { namesake }| OrphanWire { namesake: namesake.clone() });
        Self { name: name.clone(), can_be_member: *can_be_member, orphan }
    }
}

impl From<PrincipalsWire> for LivePrincipals {
    fn from(wire: PrincipalsWire) -> Self {
        let PrincipalsWire { web_service, public_view_access, principals, sees_principals, sees_logins, may_map_users } =
            wire;
        let roles = [(DatabaseRole::WebService, web_service), (DatabaseRole::PublicViewAccess, public_view_access)];
        let roles = roles.into_iter().filter_map(|(role, wire)| {
            let RoleWire { members, may_alter } = wire?;
            Some((role, LiveRole { members, may_alter }))
        });
        let principals = principals.into_iter().map(|(name, wire)| (name, wire.into()));
        Self { roles: roles.collect(), principals: principals.collect(), sees_principals, sees_logins, may_map_users }
    }
}

impl From<PrincipalWire> for Principal {
    fn from(PrincipalWire { name, can_be_member, orphan }: PrincipalWire) -> Self {
        Self { name, can_be_member, orphan: orphan.map(|OrphanWire { namesake }| Orphan { namesake }) }
    }
}

//! `security.databaseRoles`: who is in the roles of the database.

use std::collections::BTreeMap;

use super::super::problems::Problems;
use super::super::shape::{Fields, Keyed, Shape, names};
use crate::model::database_role::DatabaseRole;
use crate::model::desired::DatabaseRoles;

pub(super) const ROLES: Shape = Shape::new("databaseRoles", &["webService", "PublicViewAccess"]);

/// Reads the members of each role that is named.
pub(super) fn database_roles(value: Keyed<'_>, problems: &mut Problems) -> DatabaseRoles {
    let Some(mut fields) = Fields::of(value, &ROLES, problems) else { return BTreeMap::new() };
    let mut roles = BTreeMap::new();
    for role in DatabaseRole::ALL {
        let members = fields.take(role.name()).and_then(|value| names(value, "a member", problems));
        roles.extend(members.map(|members| (role, members)));
    }
    roles
}

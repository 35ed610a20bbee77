//! Who is in the database's roles.

use std::collections::BTreeSet;

use super::sets::{self, Meant};
use super::{Compared, Refresh};
use crate::model::address::Address;
use crate::model::name::trim;
use crate::model::revision::Place;
use crate::report::export::categories::Item;
use crate::report::yaml::scalar;

pub(super) fn revise(compared: &Compared<'_>, refresh: &mut Refresh) {
    // Whom the login does not see, it says nothing about: the plan says so.
    let Some(live) = compared.snapshot.database_roles.as_ref().filter(|live| live.sees_principals) else { return };
    for (role, declared) in &compared.desired.database_roles {
        let address = Address::Setting(role.path());
        let Some(role_has) = live.roles.get(role).filter(|_| compared.differing.contains_key(&address)) else {
            continue;
        };
        let members: BTreeSet<&str> = role_has.members.iter().map(String::as_str).collect();
        let meant = declared.value.iter().map(|member| {
            let name = trim(&member.value);
            let name = live.principal(name).map_or(name, |principal| principal.name.as_str());
            Meant { meant: BTreeSet::from([name]), open: false }
        });
        let meant: Vec<Meant<&str>> = meant.collect();
        refresh.take(address, sets::revise(&Place::in_spec(role.path()), &meant, &members, true, named));
    }
}

fn named(members: &BTreeSet<&str>) -> Result<Vec<Item>, String> {
    if members.iter().any(|name| name.chars().any(char::is_control)) {
        return Err("no manifest can say the name of a member that the server has".to_owned());
    }
    Ok(members.iter().map(|name| Item { yaml: scalar(name).into_owned(), remark: String::new() }).collect())
}

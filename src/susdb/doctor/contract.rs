//! The contract against the live server, all of it, with what the login may do.

use std::collections::{BTreeMap, BTreeSet};

use super::saves::{self, Procedures, Saves};
use crate::model::health::{ContractState, Limit, Used, UsedKind};
use crate::model::procedure::{Procedure, Verdict};
use crate::susdb::contract::listed::LISTED;
use crate::susdb::contract::objects::{DOCTOR_OBJECTS, OBJECTS};
use crate::susdb::contract::uses::{
    NOTIFICATIONS, SUBSCRIPTION, SUBSCRIPTION_PROGRESS, SUBSCRIPTION_STATE, kinds_of, read_through,
};
use crate::susdb::contract::{Needed, ObjectContract};
use crate::susdb::read::catalogue::PREFLIGHT_COLUMNS;
use crate::susdb::read::catalogue::health::PERMISSIONS;
use crate::susdb::read::{ReadError, rows_in};
use crate::susdb::session::{Parameter, Session};

/// What the login may do with what it sees, by lower-case schema and name.
pub(in crate::susdb) type Permissions = BTreeMap<String, Permitted>;

/// What the login may do with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::susdb) struct Permitted {
    pub(in crate::susdb) select: bool,
    pub(in crate::susdb) execute: bool,
}

/// Reads what the login may do with everything that is used. What it does not see is not there.
///
/// Source: learn.microsoft.com, HAS_PERMS_BY_NAME (grade A).
pub(in crate::susdb) async fn read_permissions(session: &mut Session) -> Result<Permissions, ReadError> {
    let procedures = Procedure::ALL.iter().map(|procedure| procedure.name()).chain(read_through());
    let names = objects().map(|(object, _)| object.name).chain(procedures);
    let names: Vec<Parameter<'_>> = names.map(Parameter::Text).collect();
    let permissions = rows_in(session, &PERMISSIONS, &names, |row| {
        let permitted = Permitted {
            select: row.int_or_null("MaySelect")? == Some(1),
            execute: row.int_or_null("MayExecute")? == Some(1),
        };
        Ok((key(&row.text("SchemaName")?, &row.text("ObjectName")?), permitted))
    });
    Ok(permissions.await?.into_iter().collect())
}

/// Names are compared without regard to case: some look-alikes of SQL Server spell their catalogue in lower case.
pub(in crate::susdb) fn key(schema: &str, name: &str) -> String {
    format!("{schema}.{name}").to_lowercase()
}

fn objects() -> impl Iterator<Item = (&'static ObjectContract, Limit)> {
    OBJECTS.iter().chain(LISTED).chain(DOCTOR_OBJECTS).map(|object| (object, limit_of(object.needed)))
}

fn limit_of(needed: Needed) -> Limit {
    match needed {
        Needed::Always => Limit::Everything,
        Needed::BySupersedence => Limit::Plans(&["approvals", "declines"]),
        Needed::BySynchronization => Limit::Plans(&["synchronization"]),
        Needed::ByNotifications => Limit::Plans(&["notifications"]),
        Needed::ByNeededBy => Limit::Plans(&["select.neededBy"]),
        Needed::ByImpact => Limit::Plans(&["what a change comes to"]),
        Needed::ByRules => Limit::Plans(&["approvalRules", "prune.rules", "prune.groups"]),
        Needed::ByDownstreamServers => Limit::Plans(&["downstreamServers"]),
        Needed::ByLists => Limit::Lists,
        Needed::ByDoctor => Limit::Doctor,
    }
}

/// Compares every procedure.
pub(super) fn compare_procedures(live: Procedures, saves: &Saves, permissions: &Permissions) -> Vec<Used> {
    let may_execute = |name: &str| permissions.get(&key("dbo", name)).is_some_and(|permitted| permitted.execute);
    let used = |name, limit, state| Used {
        kind: UsedKind::Procedure,
        schema: "dbo",
        name,
        limit,
        state,
        permitted: may_execute(name),
        lists: Vec::new(),
    };
    let mut all = Vec::new();
    for (procedure, state) in live {
        let lists = state.lists;
        let state = match state.verdict {
            Verdict::Matches => match saves::of(saves, procedure) {
                Ok([]) => ContractState::Present,
                Ok(differences) => ContractState::Limited { differences: differences.to_vec() },
                Err(unchecked) => ContractState::Unjudged { why: unchecked.why.clone() },
            },
            Verdict::Missing => ContractState::Missing,
            Verdict::Differs(details) => ContractState::Different { details },
        };
        all.push(Used { lists, ..used(procedure.name(), Limit::Apply(kinds_of(procedure)), state) });
    }
    for name in read_through() {
        let seen = permissions.contains_key(&key("dbo", name));
        let state = if seen { ContractState::Present } else { ContractState::Missing };
        all.push(used(name, limit_without(name), state));
    }
    all
}

/// What goes without a procedure that is read through.
fn limit_without(name: &str) -> Limit {
    match name {
        SUBSCRIPTION => Limit::Plans(&["synchronization"]),
        NOTIFICATIONS => Limit::Plans(&["notifications"]),
        SUBSCRIPTION_PROGRESS => Limit::Apply(&["--sync-categories"]),
        SUBSCRIPTION_STATE => Limit::Doctor,
        _ => Limit::Plans(&["settings"]),
    }
}

/// Compares every table and view.
pub(super) async fn read_objects(session: &mut Session, permissions: &Permissions) -> Result<Vec<Used>, ReadError> {
    let names: Vec<Parameter<'_>> = objects().map(|(object, _)| Parameter::Text(object.name)).collect();
    let columns = rows_in(session, &PREFLIGHT_COLUMNS, &names, |row| {
        Ok((key(&row.text("SchemaName")?, &row.text("ObjectName")?), row.text("ColumnName")?.to_lowercase()))
    });
    let mut live: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (object, column) in columns.await? {
        live.entry(object).or_default().insert(column);
    }
    let compared = objects().map(|(object, limit)| {
        let key = key(object.schema, object.name);
        Used {
            kind: UsedKind::Object,
            schema: object.schema,
            name: object.name,
            limit,
            state: compare(object, live.get(&key)),
            permitted: permissions.get(&key).is_some_and(|permitted| permitted.select),
            lists: Vec::new(),
        }
    });
    Ok(compared.collect())
}

fn compare(object: &ObjectContract, live: Option<&BTreeSet<String>>) -> ContractState {
    let Some(live) = live else { return ContractState::Missing };
    let lacking: Vec<&str> =
        object.columns.iter().copied().filter(|column| !live.contains(&column.to_lowercase())).collect();
    match lacking.as_slice() {
        [] => ContractState::Present,
        [column] => ContractState::Different { details: format!("it has no column {column}") },
        columns => ContractState::Different { details: format!("it has no columns {}", columns.join(", ")) },
    }
}

#[cfg(test)]
mod tests {
    use super::{compare, objects};
    use crate::model::health::ContractState;

    #[test]
    fn every_column_that_is_missing_is_named() {
        let (object, _) = objects().find(|(object, _)| object.name == "tbConfigurationA").unwrap();
        let all = ["serverid", "synctomu", "servertargeting", "other"];
        let live = |columns: &[&str]| columns.iter().map(|column| (*column).to_owned()).collect();
        assert_eq!(compare(object, Some(&live(&all))), ContractState::Present);
        let details = "it has no columns ServerID, ServerTargeting".to_owned();
        assert_eq!(compare(object, Some(&live(&all[1..2]))), ContractState::Different { details });
        let details = "it has no column SyncToMU".to_owned();
        assert_eq!(
            compare(object, Some(&live(&["serverid", "servertargeting"]))),
            ContractState::Different { details }
        );
        assert_eq!(compare(object, None), ContractState::Missing);
    }
}

//! The document's shape. Fields are written in the order they have here; docs/reference/doctor.md changes with them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use super::Diagnosis;
use super::json::FORMAT_VERSION;
use crate::model::health::findings::{Finding, is_limited};
use crate::model::health::{
    Answer, Certificate, ConnectStage, ContractState, DatabaseFacts, Difference, Health, LoginFacts, OrphanedUsers,
    Product, RequestedGroups, SchemaComponent, ServerHealth, StageState, Used,
};
use crate::model::list_shape::ListShape;
use crate::report::timestamp::timestamp;

/// The whole.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'a> {
    format_version: &'static str,
    tool: ToolWire<'a>,
    servers: Vec<ServerWire<'a>>,
}

#[derive(Debug, Serialize)]
struct ToolWire<'a> {
    name: &'static str,
    version: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ServerWire<'a> {
    name: Option<&'a str>,
    url: &'a str,
    status: &'static str,
    connection: Vec<StageWire<'a>>,
    certificate: Option<CertificateWire<'a>>,
    checks: Option<ChecksWire<'a>>,
    findings: Vec<FindingWire<'a>>,
    grants: &'a [String],
}

#[derive(Debug, Serialize)]
struct StageWire<'a> {
    stage: &'static str,
    state: &'static str,
    messages: &'a [String],
    hints: &'a [String],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CertificateWire<'a> {
    check: &'static str,
    subject: &'a str,
    issuer: &'a str,
    names: &'a [String],
    not_before: Option<String>,
    not_after: Option<String>,
    sha256: &'a str,
}

/// A check: either what was found or why nothing was.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Check<T> {
    Made { value: T },
    Unchecked { unchecked: String },
}

impl<T> Check<T> {
    fn of<'a, U>(answer: &'a Answer<U>, value: impl FnOnce(&'a U) -> T) -> Self {
        match answer {
            Ok(found) => Self::Made { value: value(found) },
            Err(unchecked) => Self::Unchecked { unchecked: unchecked.why.clone() },
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ChecksWire<'a> {
    clock: Check<String>,
    version: Check<&'a str>,
    product: Check<ProductWire<'a>>,
    database: Check<DatabaseWire<'a>>,
    server_id: Check<String>,
    schema: Check<Vec<ComponentWire<'a>>>,
    login: Check<LoginWire<'a>>,
    procedures: Check<Vec<UsedWire<'a>>>,
    objects: Check<Vec<UsedWire<'a>>>,
    reset_needed: Check<bool>,
    synchronisation: Check<&'static str>,
    last_synchronisation: Check<Option<String>>,
    requested_groups: Check<RequestedWire<'a>>,
    downstream_servers: Check<u64>,
    orphaned_users: Check<OrphanedWire<'a>>,
    program_keys: Check<Vec<ProgramKeyWire<'a>>>,
    nested_triggers: Check<bool>,
}

#[derive(Debug, Serialize)]
struct ProgramKeyWire<'a> {
    key: String,
    description: &'a str,
}

#[derive(Debug, Serialize)]
struct OrphanedWire<'a> {
    visible: bool,
    users: &'a BTreeMap<String, Option<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProductWire<'a> {
    product_version: Option<&'a str>,
    level: Option<&'a str>,
    edition: Option<&'a str>,
    server_collation: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct DatabaseWire<'a> {
    name: &'a str,
    collation: Option<&'a str>,
    updateability: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ComponentWire<'a> {
    component: &'a str,
    build: &'a str,
    schema_version: i32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LoginWire<'a> {
    login: &'a str,
    user: &'a str,
    roles: BTreeMap<&'static str, Option<bool>>,
    sees_definitions: bool,
}

#[derive(Debug, Serialize)]
struct UsedWire<'a> {
    name: String,
    state: &'static str,
    details: Option<Cow<'a, str>>,
    permission: &'static str,
    permitted: bool,
    verbs: &'static [&'static str],
    kinds: &'static [&'static str],
    lists: Vec<ListWire<'a>>,
}

#[derive(Debug, Serialize)]
struct ListWire<'a> {
    parameter: &'a str,
    root: &'a str,
    item: &'a str,
    content: &'a str,
    basis: &'a str,
}

#[derive(Debug, Serialize)]
struct RequestedWire<'a> {
    heeded: bool,
    missing: &'a BTreeMap<String, u32>,
}

#[derive(Debug, Serialize)]
struct FindingWire<'a> {
    severity: &'static str,
    code: &'static str,
    message: &'a str,
    verbs: Vec<&'static str>,
    kinds: Vec<&'static str>,
    hints: &'a [String],
}

impl<'a> Document<'a> {
    pub(super) fn new(diagnoses: &'a [Diagnosis], tool_version: &'a str) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            tool: ToolWire { name: "wsusctl", version: tool_version },
            servers: diagnoses.iter().map(ServerWire::new).collect(),
        }
    }
}

impl<'a> ServerWire<'a> {
    fn new(diagnosis: &'a Diagnosis) -> Self {
        let Diagnosis { health, findings, grants } = diagnosis;
        let Health { name, url, connection, server } = health;
        let status = match server {
            None => "unreachable",
            Some(_) if is_limited(findings) => "limited",
            Some(_) => "healthy",
        };
        Self {
            name: name.as_deref(),
            url,
            status,
            connection: connection.stages.iter().map(StageWire::new).collect(),
            certificate: connection.certificate.as_ref().map(CertificateWire::new),
            checks: server.as_ref().map(ChecksWire::new),
            findings: findings.iter().map(FindingWire::new).collect(),
            grants,
        }
    }
}

impl<'a> StageWire<'a> {
    fn new((stage, state): &'a (ConnectStage, StageState)) -> Self {
        let (messages, hints): (&[String], &[String]) = match state {
            StageState::Failed { messages, hints } => (messages, hints),
            StageState::Passed | StageState::NotNeeded | StageState::NotReached => (&[], &[]),
        };
        Self { stage: stage.name(), state: state.name(), messages, hints }
    }
}

impl<'a> CertificateWire<'a> {
    fn new(certificate: &'a Certificate) -> Self {
        let Certificate { subject, issuer, names, not_before, not_after, sha256, check, weaknesses: _ } = certificate;
        Self {
            check: check.name(),
            subject,
            issuer,
            names,
            not_before: not_before.map(timestamp),
            not_after: not_after.map(timestamp),
            sha256,
        }
    }
}

impl<'a> ChecksWire<'a> {
    fn new(server: &'a ServerHealth) -> Self {
        let ServerHealth {
            now,
            version,
            product,
            database,
            server_id,
            schema,
            login,
            procedures,
            objects,
            reset_needed,
            synchronisation,
            last_synchronisation,
            requested_groups,
            downstream_servers,
            orphaned_users,
            program_keys,
            nested_triggers,
        } = server;
        Self {
            clock: Check::of(now, |now| timestamp(*now)),
            version: Check::of(version, String::as_str),
            product: Check::of(product, ProductWire::new),
            database: Check::of(database, DatabaseWire::new),
            server_id: Check::of(server_id, ToString::to_string),
            schema: Check::of(schema, |schema| schema.iter().map(ComponentWire::new).collect()),
            login: Check::of(login, LoginWire::new),
            procedures: Check::of(procedures, |used| used.iter().map(UsedWire::new).collect()),
            objects: Check::of(objects, |used| used.iter().map(UsedWire::new).collect()),
            reset_needed: Check::of(reset_needed, |needed| *needed),
            synchronisation: Check::of(synchronisation, |state| state.name()),
            last_synchronisation: Check::of(last_synchronisation, |last| last.map(timestamp)),
            requested_groups: Check::of(requested_groups, RequestedWire::new),
            downstream_servers: Check::of(downstream_servers, |count| *count),
            program_keys: Check::of(program_keys, |keys| {
                keys.iter().map(|(key, description)| ProgramKeyWire { key: key.to_string(), description }).collect()
            }),
            nested_triggers: Check::of(nested_triggers, |on| *on),
            orphaned_users: Check::of(orphaned_users, |OrphanedUsers { visible, users }| OrphanedWire {
                visible: *visible,
                users,
            }),
        }
    }
}

impl<'a> ProductWire<'a> {
    fn new(product: &'a Product) -> Self {
        let Product { version, level, edition, collation } = product;
        Self {
            product_version: version.as_deref(),
            level: level.as_deref(),
            edition: edition.as_deref(),
            server_collation: collation.as_deref(),
        }
    }
}

impl<'a> DatabaseWire<'a> {
    fn new(database: &'a DatabaseFacts) -> Self {
        let DatabaseFacts { name, collation, updateability } = database;
        Self { name, collation: collation.as_deref(), updateability: updateability.as_deref() }
    }
}

impl<'a> ComponentWire<'a> {
    fn new(component: &'a SchemaComponent) -> Self {
        let SchemaComponent { component, build, version } = component;
        Self { component, build, schema_version: *version }
    }
}

impl<'a> LoginWire<'a> {
    fn new(facts: &'a LoginFacts) -> Self {
        let LoginFacts { login, user, roles, sees_definitions } = facts;
        Self { login, user, roles: roles.iter().copied().collect(), sees_definitions: *sees_definitions }
    }
}

impl<'a> UsedWire<'a> {
    fn new(used: &'a Used) -> Self {
        let Used { kind, schema, name, limit, state, permitted, lists } = used;
        let details = match state {
            ContractState::Different { details } | ContractState::Unjudged { why: details } => {
                Some(Cow::Borrowed(details.as_str()))
            }
            ContractState::Limited { differences } => Some(Cow::Owned(Difference::sentence(differences))),
            ContractState::Present | ContractState::Missing => None,
        };
        Self {
            name: format!("{schema}.{name}"),
            state: state.name(),
            details,
            permission: kind.permission(),
            permitted: *permitted,
            verbs: limit.verbs(),
            kinds: limit.kinds(),
            lists: lists.iter().map(ListWire::new).collect(),
        }
    }
}

impl<'a> ListWire<'a> {
    fn new(list: &'a ListShape) -> Self {
        let ListShape { parameter, root, item, content, basis } = list;
        Self { parameter, root, item, content: content.as_str(), basis: basis.as_str() }
    }
}

impl<'a> RequestedWire<'a> {
    fn new(groups: &'a RequestedGroups) -> Self {
        let RequestedGroups { heeded, missing } = groups;
        Self { heeded: *heeded, missing }
    }
}

impl<'a> FindingWire<'a> {
    fn new(finding: &'a Finding) -> Self {
        let Finding { severity, code, message, limits: _, hints } = finding;
        Self { severity: severity.name(), code, message, verbs: finding.verbs(), kinds: finding.kinds(), hints }
    }
}

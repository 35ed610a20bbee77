//! What follows from what was found: the one place that decides what is wrong, for the reports and the exit status alike.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::super::list_shape::assumptions;
use super::grants::bracketed;
use super::{
    CertificateCheck, ConnectStage, ContractState, Difference, Health, Limit, OrphanedUsers, RequestedGroups,
    ServerHealth, StageState, SynchronisationState, Used, UsedKind,
};

/// Downstream servers that WSUS takes.
///
/// Source: the default of tbConfigurationC.MaxDownstreamServers: Intensive-Self-Service-Portal (grade A); github.com/proxb/
/// PoshWSUS issue 17: at the limit replication stops (grade A).
pub const DOWNSTREAM_MAX: u64 = 1000;
/// From how many on to warn.
pub const DOWNSTREAM_WARNING: u64 = 800;
/// After how many days without a synchronisation to warn.
pub const SYNCHRONISATION_DAYS: i64 = 7;
/// What to do about a procedure that is not as known.
const NEW_BUILD: &str = "this build of WSUS is not known yet: report its version together with this message";
/// How many days before its end a certificate is worth a word.
const CERTIFICATE_DAYS: i64 = 30;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It limits wsusctl or the server now, or could not be checked.
    Problem,
    /// It will limit, or should be looked at.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// Something to know about a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Its class, for programs.
    pub code: &'static str,
    /// What is so: a sentence without an end.
    pub message: String,
    /// What cannot be done; empty where nothing is limited.
    pub limits: Vec<Limit>,
    /// What to do, imperative and copyable.
    pub hints: Vec<String>,
}

impl Finding {
    fn new(severity: Severity, code: &'static str, message: impl Into<String>) -> Self {
        Self { severity, code, message: message.into(), limits: Vec::new(), hints: Vec::new() }
    }

    fn limits(mut self, limit: Limit) -> Self {
        self.limits.push(limit);
        self
    }

    /// The verbs that are limited.
    #[must_use]
    pub fn verbs(&self) -> Vec<&'static str> {
        distinct(self.limits.iter().flat_map(|limit| limit.verbs()))
    }

    /// The kinds of objects that are concerned; empty for all.
    #[must_use]
    pub fn kinds(&self) -> Vec<&'static str> {
        distinct(self.limits.iter().flat_map(|limit| limit.kinds()))
    }

    /// What cannot be done, in words; none where nothing is limited.
    #[must_use]
    pub fn limited(&self) -> Option<String> {
        match self.limits.as_slice() {
            [] => None,
            [limit] => Some(limit.to_string()),
            _ => Some(format!("{} of {}", self.verbs().join(", "), self.kinds().join(", "))),
        }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// Each once, in the order in which they come.
fn distinct<'a>(names: impl Iterator<Item = &'a &'static str>) -> Vec<&'static str> {
    let mut distinct: Vec<&'static str> = Vec::new();
    for name in names {
        if !distinct.contains(name) {
            distinct.push(name);
        }
    }
    distinct
}

/// Everything that follows from a look at a server, the worst first. Empty where there is nothing to say.
#[must_use]
pub fn findings(health: &Health) -> Vec<Finding> {
    let mut found = connection(health);
    if let Some(server) = &health.server {
        found.extend(unchecked(server));
        found.extend(contract(server));
        found.extend(database(server));
        found.extend(state(server));
    }
    found.sort_by_key(|finding| finding.severity);
    found
}

/// Whether anything limits wsusctl or the server, or could not be checked.
#[must_use]
pub fn is_limited(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Problem)
}

fn connection(health: &Health) -> Vec<Finding> {
    let mut found = Vec::new();
    for (stage, state) in &health.connection.stages {
        if let StageState::Failed { messages, hints } = state {
            let message = match stage {
                ConnectStage::Database => "the database cannot be opened".to_owned(),
                stage => format!("there is no connection: it failed in the stage `{}`", stage.name()),
            };
            let mut finding = Finding::new(Severity::Problem, "connectionFailed", message).limits(Limit::Everything);
            // The lines below the first are with the stage itself.
            let first = messages.first().and_then(|first| first.lines().next());
            finding.message.extend(first.map(|first| format!(": {first}")));
            finding.hints.clone_from(hints);
            found.push(finding);
        }
    }
    if let Some(certificate) = &health.connection.certificate {
        if certificate.check == CertificateCheck::Unchecked {
            let message =
                "the server's certificate is not checked: anybody in between can read and change what is sent";
            found.push(
                Finding::new(Severity::Warning, "certificateUnchecked", message)
                    .hint(format!("pin it instead: ?pin=sha256:{}", certificate.sha256)),
            );
        }
        if certificate.check != CertificateCheck::Refused {
            found.extend(certificate.weaknesses.iter().map(|weakness| {
                let message = format!("the server's certificate is trusted as it is, but {weakness}");
                Finding::new(Severity::Warning, "certificateWeak", message).hint(
                    "give the server a better one: X.509 version 3, RSA of 2048 bits or more, signed with SHA-256 or better",
                )
            }));
        }
        let now = health.server.as_ref().and_then(|server| server.now.clone().ok());
        if let (Some(now), Some(end)) = (now, certificate.not_after)
            && certificate.check != CertificateCheck::Refused
            && end - now < TimeDelta::days(CERTIFICATE_DAYS)
        {
            let day = end.format("%Y-%m-%d");
            let message = format!("the server's certificate holds until {day} only");
            found.push(Finding::new(Severity::Warning, "certificateExpires", message));
        }
    }
    found
}

/// Every check that could not be made: none of them may pass for fine. Why is beside the check itself.
fn unchecked(server: &ServerHealth) -> Vec<Finding> {
    let checks = [
        ("the server's clock", server.now.is_err(), Limit::Everything),
        ("the database server's version", server.version.is_err(), Limit::Everything),
        ("the server's id", server.server_id.is_err(), Limit::Everything),
        ("the procedures", server.procedures.is_err(), Limit::Everything),
        ("the tables and views", server.objects.is_err(), Limit::Everything),
        ("the database server's product", server.product.is_err(), Limit::Doctor),
        ("the database", server.database.is_err(), Limit::Doctor),
        ("the WSUS schema version", server.schema.is_err(), Limit::Doctor),
        ("the login and its roles", server.login.is_err(), Limit::Doctor),
        ("the reset flag", server.reset_needed.is_err(), Limit::Doctor),
        ("whether a synchronisation runs", server.synchronisation.is_err(), Limit::Doctor),
        ("when the last synchronisation ran", server.last_synchronisation.is_err(), Limit::Doctor),
        ("the groups that computers ask for", server.requested_groups.is_err(), Limit::Doctor),
        ("the downstream servers", server.downstream_servers.is_err(), Limit::Doctor),
        ("whether users are orphaned", server.orphaned_users.is_err(), Limit::Doctor),
        ("the program keys", server.program_keys.is_err(), Limit::Doctor),
        ("whether nested triggers are on", server.nested_triggers.is_err(), Limit::Doctor),
    ];
    let finding = |wanted: Limit| {
        let failed = checks.iter().filter(|(_, failed, limit)| *failed && *limit == wanted);
        let names: Vec<&str> = failed.map(|(name, _, _)| *name).collect();
        let message = format!("could not be checked: {}", names.join(", "));
        (!names.is_empty()).then(|| Finding::new(Severity::Problem, "unchecked", message).limits(wanted))
    };
    [Limit::Everything, Limit::Doctor].into_iter().filter_map(finding).collect()
}

/// Procedures, tables and views: one finding for all that lack the same thing and limit the same, one for each that differs.
fn contract(server: &ServerHealth) -> Vec<Finding> {
    let sees_definitions = server.login.as_ref().is_ok_and(|login| login.sees_definitions);
    let mut alike: BTreeMap<(&'static str, UsedKind, Limit), Vec<&Used>> = BTreeMap::new();
    let mut found = Vec::new();
    for used in server.objects.iter().chain(&server.procedures).flatten() {
        let code = match (&used.state, used.permitted) {
            (ContractState::Missing, _) if sees_definitions => "missing",
            (ContractState::Missing, _) => "notVisible",
            (_, false) => "denied",
            (_, true) => "",
        };
        if !code.is_empty() {
            alike.entry((code, used.kind, used.limit)).or_default().push(used);
        }
        found.extend(different(used));
        found.extend(assumed(used));
    }
    for ((code, kind, limit), used) in alike {
        found.push(lacking(code, kind, &used).limits(limit));
    }
    found
}

/// Lists are written as the definition reads them; where it does not tell, what is read back afterwards decides, which is late.
fn assumed(used: &Used) -> Option<Finding> {
    let hints = assumptions(used.name, &used.lists);
    let message = format!("how {} reads its lists is assumed", used.name);
    let finding = Finding::new(Severity::Warning, "listAssumed", message).limits(used.limit);
    (!hints.is_empty()).then(|| hints.into_iter().fold(finding, Finding::hint))
}

/// One finding, however much differs.
fn different(used: &Used) -> Option<Finding> {
    let differs = |details: &str| {
        let message = format!("{} differs from what wsusctl knows: {details}", used.name);
        Finding::new(Severity::Problem, "different", message).hint(NEW_BUILD)
    };
    match &used.state {
        ContractState::Present | ContractState::Missing => None,
        ContractState::Different { details } => Some(differs(details).limits(used.limit)),
        ContractState::Limited { differences } => {
            let finding = differs(&Difference::sentence(differences));
            Some(differences.iter().map(Difference::limit).fold(finding, Finding::limits))
        }
        ContractState::Unjudged { why } => {
            let message =
                format!("could not be judged: {}, since the row that it saves cannot be read: {why}", used.name);
            Some(Finding::new(Severity::Problem, "unchecked", message).limits(used.limit))
        }
    }
}

fn lacking(code: &'static str, kind: UsedKind, used: &[&Used]) -> Finding {
    let names = used.iter().map(|used| used.name).collect::<Vec<_>>().join(", ");
    let does = match kind {
        UsedKind::Procedure => "run",
        UsedKind::Object => "read",
    };
    match code {
        "missing" => {
            let finding = Finding::new(Severity::Problem, code, format!("the server does not have {names}"));
            finding.hint(match kind {
                UsedKind::Object => "check that the database in the URL is WSUS's: it is always called SUSDB",
                UsedKind::Procedure => NEW_BUILD,
            })
        }
        "notVisible" => {
            let message = format!("this login may not {does} {names}, or the server does not have it");
            Finding::new(Severity::Problem, code, message)
                .hint("run the GRANT statements below as the database's owner")
        }
        _ => Finding::new(Severity::Problem, code, format!("this login may not {does} {names}"))
            .hint("run the GRANT statements below as the database's owner; a DENY has to be revoked first"),
    }
}

fn database(server: &ServerHealth) -> Vec<Finding> {
    let mut found = Vec::new();
    let Ok(database) = &server.database else { return found };
    if let Some(updateability) = database.updateability.as_deref().filter(|text| *text != "READ_WRITE") {
        let message = format!("the database cannot be written: it is {updateability}");
        found.push(Finding::new(Severity::Problem, "readOnly", message).limits(Limit::Apply(&[])));
    }
    let case_sensitive = |collation: &str| {
        let folded = collation.to_uppercase();
        folded.contains("_CS") || folded.contains("_BIN")
    };
    if let Some(collation) = database.collation.as_deref().filter(|text| case_sensitive(text)) {
        let message = format!(
            "the database's collation {collation} tells names apart by case: wsusctl takes names that differ in case alone \
             for the same"
        );
        found.push(Finding::new(Severity::Warning, "caseSensitive", message));
    }
    found
}

/// Which triggers of SUSDB count on it is not public, so nothing is said about what goes wrong.
///
/// Source: learn.microsoft.com, Release Notes for WSUS 3.0 (cc708491) and Setup Return Codes of WSUS 3.0 SP2 (dd939798,
/// SUS_TRIGGERSNOTSET): setup refuses a database server where it is off; configure the nested triggers option (ms178101:
/// the statement, that it is on by default and works at once; grade A).
fn nested_triggers() -> Finding {
    let message = "SQL Server's option \"nested triggers\" is off, and WSUS needs it on: its triggers do not set off each other, so \
                   what they derive from a change may be missing";
    Finding::new(Severity::Problem, "nestedTriggersOff", message).hint(
        "as a server administrator run: EXEC sp_configure 'nested triggers', 1; RECONFIGURE; it is on by default, so ask who \
         turned it off, since it holds for every database of this SQL Server",
    )
}

fn state(server: &ServerHealth) -> Vec<Finding> {
    let mut found = Vec::new();
    if server.nested_triggers == Ok(false) {
        found.push(nested_triggers());
    }
    if server.reset_needed == Ok(true) {
        found.push(
            Finding::new(
                Severity::Problem,
                "resetNeeded",
                "WSUS needs a reset, or is in one: it refuses to save its configuration until it is done",
            )
            .limits(Limit::Apply(&["settings"]))
            .hint("wait until it is done; if it does not end, restart the service WsusService"),
        );
    }
    found.extend(server.synchronisation.as_ref().ok().and_then(|state| synchronisation(*state)));
    if let (Ok(now), Ok(last)) = (&server.now, &server.last_synchronisation) {
        found.extend(last_synchronisation(*now, *last));
    }
    if let Ok(groups) = &server.requested_groups {
        found.extend(requested_groups(groups));
    }
    found.extend(server.downstream_servers.as_ref().ok().and_then(|count| downstream_servers(*count)));
    found.extend(server.orphaned_users.as_ref().ok().and_then(orphaned_users));
    found.extend(server.program_keys.as_ref().ok().and_then(program_keys));
    found
}

fn synchronisation(state: SynchronisationState) -> Option<Finding> {
    use SynchronisationState::{Cancelling, Failed, NotRunning, Requested, Running, Unknown};
    let waits = "settings cannot be saved until it has ended";
    Some(match state {
        NotRunning => return None,
        Requested | Running | Cancelling => {
            Finding::new(Severity::Note, "synchronising", format!("a synchronisation is running: {waits}"))
        }
        Failed => Finding::new(Severity::Warning, "synchronisationFailed", "the last synchronisation failed")
            .hint("look at the synchronisation's result in the WSUS console or in the server's event log"),
        Unknown(number) => {
            let message = format!("the synchronisation is in a state that is not known: {number}");
            Finding::new(Severity::Warning, "synchronisationUnknown", message)
        }
    })
}

fn last_synchronisation(now: DateTime<Utc>, last: Option<DateTime<Utc>>) -> Option<Finding> {
    let (code, message) = match last {
        None => ("neverSynchronised", "the server has never synchronised".to_owned()),
        Some(last) if now - last > TimeDelta::days(SYNCHRONISATION_DAYS) => {
            let days = (now - last).num_days();
            ("synchronisedLongAgo", format!("the last synchronisation was {days} days ago"))
        }
        Some(_) => return None,
    };
    let hint = "synchronise it, or give it a schedule in the WSUS console";
    Some(Finding::new(Severity::Warning, code, message).hint(hint))
}

fn requested_groups(groups: &RequestedGroups) -> Option<Finding> {
    if groups.missing.is_empty() {
        return None;
    }
    let names: Vec<String> = groups.missing.iter().map(|(name, computers)| format!("`{name}` ({computers})")).collect();
    let names = names.join(", ");
    Some(if groups.heeded {
        let message = format!("computers ask for groups that do not exist: {names}");
        Finding::new(Severity::Warning, "requestedGroupsMissing", message)
            .hint("declare the groups, or correct the group policy that names them")
    } else {
        let message = format!("computers ask for groups that do not exist, which this server does not heed: {names}");
        Finding::new(Severity::Note, "requestedGroupsMissing", message)
    })
}

/// Nobody has published who registers what, so it says nothing about who they are.
///
/// Source: learn.microsoft.com, ProgramKey (aa354318; what a key stands for, grade A).
fn program_keys(keys: &BTreeMap<Uuid, String>) -> Option<Finding> {
    let names: Vec<String> = keys.iter().map(|(key, description)| format!("`{description}` ({key})")).collect();
    let message = format!(
        "other programs have registered themselves as working with this WSUS server, and may set what a manifest sets: {}",
        names.join(", ")
    );
    let hint = "ask who runs them before wsusctl changes settings, products or approvals here";
    (!names.is_empty()).then(|| Finding::new(Severity::Warning, "programKeys", message).hint(hint))
}

fn orphaned_users(orphans: &OrphanedUsers) -> Option<Finding> {
    let names: Vec<String> = orphans.users.keys().map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        return None;
    }
    let message = format!(
        "users of the database have no login, as after a restore on another database server: {}",
        names.join(", ")
    );
    let mut finding = Finding::new(Severity::Warning, "orphanedUsers", message);
    for (name, login) in &orphans.users {
        finding = finding.hint(match login {
            Some(login) => format!("ALTER USER {} WITH LOGIN = {};", bracketed(name), bracketed(login)),
            None => format!("make a login for `{name}` on the database server, or drop the user"),
        });
    }
    Some(finding)
}

fn downstream_servers(count: u64) -> Option<Finding> {
    let severity = match count {
        DOWNSTREAM_MAX.. => Severity::Problem,
        DOWNSTREAM_WARNING.. => Severity::Warning,
        _ => return None,
    };
    let message = format!("the server knows {count} downstream servers, and WSUS stops at {DOWNSTREAM_MAX}");
    let finding =
        Finding::new(severity, "downstreamServers", message).hint("remove the entries of servers that are gone");
    Some(if severity == Severity::Problem { finding.limits(Limit::Server) } else { finding })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Finding, Limit, Severity, findings, is_limited};
    use crate::model::health::grants::{Wanted, grants};
    use crate::model::health::{
        Certificate, CertificateCheck, ConnectStage, ConnectionHealth, ContractState, DatabaseFacts, Health,
        LoginFacts, OrphanedUsers, Product, RequestedGroups, ServerHealth, StageState, SynchronisationState, Unchecked,
        Used, UsedKind,
    };

    fn used(kind: UsedKind, name: &'static str) -> Used {
        let limit = if kind == UsedKind::Object { Limit::Everything } else { Limit::Apply(&["approvals"]) };
        let (state, lists) = (ContractState::Present, Vec::new());
        Used { kind, schema: "dbo", name, limit, state, permitted: true, lists }
    }

    fn healthy() -> ServerHealth {
        let now = "2026-11-20T12:00:00Z".parse().unwrap();
        ServerHealth {
            now: Ok(now),
            version: Ok("SQL Server".to_owned()),
            product: Ok(Product { version: None, level: None, edition: None, collation: None }),
            database: Ok(DatabaseFacts {
                name: "SUSDB".to_owned(),
                collation: Some("SQL_Latin1_General_CP1_CI_AS".to_owned()),
                updateability: Some("READ_WRITE".to_owned()),
            }),
            server_id: Ok(uuid::Uuid::nil()),
            schema: Ok(Vec::new()),
            login: Ok(LoginFacts {
                login: "CONTOSO\\svc".to_owned(),
                user: "svc]".to_owned(),
                roles: vec![("sysadmin", Some(false))],
                sees_definitions: false,
            }),
            procedures: Ok(vec![used(UsedKind::Procedure, "spDeployUpdate")]),
            objects: Ok(vec![used(UsedKind::Object, "tbUpdate"), used(UsedKind::Object, "tbRevision")]),
            reset_needed: Ok(false),
            synchronisation: Ok(SynchronisationState::NotRunning),
            last_synchronisation: Ok(Some(now)),
            requested_groups: Ok(RequestedGroups { heeded: true, missing: BTreeMap::new() }),
            downstream_servers: Ok(799),
            orphaned_users: Ok(OrphanedUsers::default()),
            program_keys: Ok(BTreeMap::new()),
            nested_triggers: Ok(true),
        }
    }

    fn health(change: impl FnOnce(&mut ServerHealth)) -> Health {
        let mut server = healthy();
        change(&mut server);
        let stages = ConnectStage::ALL.map(|stage| (stage, StageState::Passed)).into();
        let connection = ConnectionHealth { stages, certificate: None };
        Health { name: None, url: "mssql://sql01/SUSDB".to_owned(), connection, server: Some(server) }
    }

    #[track_caller]
    fn only(change: impl FnOnce(&mut ServerHealth)) -> Finding {
        let mut found = findings(&health(change));
        assert_eq!(found.len(), 1, "{found:#?}");
        found.remove(0)
    }

    #[test]
    fn a_healthy_server_has_no_findings() {
        let health = health(|_| {});
        assert_eq!(findings(&health), []);
        assert!(!is_limited(&[]) && grants(&health, Wanted::Missing).is_empty());
    }

    #[test]
    fn a_certificate_that_is_trusted_for_itself_may_be_weak() {
        let mut health = health(|_| {});
        let certificate = |check| Certificate {
            subject: "CN=sql01".to_owned(),
            issuer: "CN=sql01".to_owned(),
            names: Vec::new(),
            not_before: None,
            not_after: None,
            sha256: "ab".to_owned(),
            check,
            weaknesses: vec!["its RSA key has 1024 bits".to_owned()],
        };
        health.connection.certificate = Some(certificate(CertificateCheck::Pinned));
        let found = findings(&health);
        assert_eq!(found.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["certificateWeak"]);
        assert!(found[0].message.ends_with("but its RSA key has 1024 bits"), "{found:?}");
        // What is refused is not trusted at all.
        health.connection.certificate = Some(certificate(CertificateCheck::Refused));
        assert_eq!(findings(&health), []);
    }

    #[test]
    fn what_cannot_be_checked_is_never_fine() {
        let why = || Unchecked { why: "error 229".to_owned() };
        let changes: [fn(&mut ServerHealth, Unchecked); 17] = [
            |server, why| server.now = Err(why),
            |server, why| server.version = Err(why),
            |server, why| server.product = Err(why),
            |server, why| server.database = Err(why),
            |server, why| server.server_id = Err(why),
            |server, why| server.schema = Err(why),
            |server, why| server.login = Err(why),
            |server, why| server.procedures = Err(why),
            |server, why| server.objects = Err(why),
            |server, why| server.reset_needed = Err(why),
            |server, why| server.synchronisation = Err(why),
            |server, why| server.last_synchronisation = Err(why),
            |server, why| server.requested_groups = Err(why),
            |server, why| server.downstream_servers = Err(why),
            |server, why| server.orphaned_users = Err(why),
            |server, why| server.program_keys = Err(why),
            |server, why| server.nested_triggers = Err(why),
        ];
        for change in changes {
            let found = only(|server| change(server, why()));
            assert_eq!((found.severity, found.code), (Severity::Problem, "unchecked"), "{found:?}");
        }
    }

    #[test]
    fn nested_triggers_have_to_be_on() {
        let found = only(|server| server.nested_triggers = Ok(false));
        assert_eq!((found.code, found.severity), ("nestedTriggersOff", Severity::Problem));
        assert!(found.hints[0].contains("EXEC sp_configure 'nested triggers', 1; RECONFIGURE;"), "{found:?}");
    }

    #[test]
    fn orphaned_users_come_with_their_statement() {
        let users = [("a]b", Some("a]b")), ("gone", None)];
        let users = users.map(|(name, login)| (name.to_owned(), login.map(str::to_owned))).into();
        let found = only(|server| server.orphaned_users = Ok(OrphanedUsers { visible: true, users }));
        assert_eq!((found.code, found.severity), ("orphanedUsers", Severity::Warning));
        assert_eq!(found.hints[0], "ALTER USER [a]]b] WITH LOGIN = [a]]b];");
        assert!(found.hints[1].contains("`gone`"));
    }

    #[test]
    fn the_limits_of_downstream_servers() {
        for (count, severity) in [(800, Severity::Warning), (999, Severity::Warning), (1000, Severity::Problem)] {
            let found = only(|server| server.downstream_servers = Ok(count));
            assert_eq!(found.severity, severity, "{count}");
        }
    }

    #[test]
    fn states_of_the_server() {
        assert_eq!(only(|server| server.reset_needed = Ok(true)).severity, Severity::Problem);
        let running = only(|server| server.synchronisation = Ok(SynchronisationState::Running));
        assert_eq!(running.severity, Severity::Note);
        let odd = only(|server| server.synchronisation = Ok(SynchronisationState::from_number(9)));
        assert!(odd.severity == Severity::Warning && odd.message.ends_with(": 9"), "{odd:?}");
        assert_eq!(only(|server| server.last_synchronisation = Ok(None)).code, "neverSynchronised");
        let missing = BTreeMap::from([("Ring 3".to_owned(), 2)]);
        let groups = RequestedGroups { heeded: true, missing };
        let heeded = only(|server| server.requested_groups = Ok(groups.clone()));
        assert_eq!(heeded.severity, Severity::Warning);
        let ignored = only(|server| server.requested_groups = Ok(RequestedGroups { heeded: false, ..groups.clone() }));
        assert_eq!(ignored.severity, Severity::Note);
        let collation = |name: &str| {
            let mut database = healthy().database.unwrap();
            database.collation = Some(name.to_owned());
            database
        };
        assert_eq!(only(|server| server.database = Ok(collation("Latin1_General_CS_AS"))).code, "caseSensitive");
        let mut read_only = healthy().database.unwrap();
        read_only.updateability = Some("READ_ONLY".to_owned());
        assert_eq!(only(|server| server.database = Ok(read_only)).limits, [Limit::Apply(&[])]);
    }

    #[test]
    fn what_is_denied_is_granted_and_what_is_missing_is_not() {
        let denied = health(|server| {
            server.objects.iter_mut().flatten().for_each(|used| used.permitted = false);
            server.procedures.as_mut().unwrap()[0].state = ContractState::Missing;
            server.procedures.as_mut().unwrap()[0].permitted = false;
        });
        let found = findings(&denied);
        let codes: Vec<&str> = found.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, ["denied", "notVisible"]);
        assert!(found[0].message.contains("tbUpdate, tbRevision"), "{found:?}");
        assert_eq!(
            grants(&denied, Wanted::Missing),
            [
                "GRANT SELECT ON [dbo].[tbUpdate] TO [svc]]];",
                "GRANT SELECT ON [dbo].[tbRevision] TO [svc]]];",
                "GRANT EXECUTE ON [dbo].[spDeployUpdate] TO [svc]]];",
            ]
        );
        let mut seen = denied;
        seen.server.as_mut().unwrap().login.as_mut().unwrap().sees_definitions = true;
        assert_eq!(findings(&seen)[1].code, "missing");
        assert_eq!(grants(&seen, Wanted::Missing).len(), 2);
    }

    #[test]
    fn all_grants_are_for_whom_they_are_asked_for() {
        let mut owner = health(|_| {});
        owner.server.as_mut().unwrap().login.as_mut().unwrap().user = "dbo".to_owned();
        assert_eq!(grants(&owner, Wanted::All(None))[0], "GRANT SELECT ON [dbo].[tbUpdate] TO [USER];");
        let named = grants(&owner, Wanted::All(Some("svc")));
        assert_eq!((named.len(), named[2].as_str()), (3, "GRANT EXECUTE ON [dbo].[spDeployUpdate] TO [svc];"));
    }
}

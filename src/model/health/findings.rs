//! What follows from what was found: the one place that decides what is wrong, for the reports and the exit status alike.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Answer, CertificateCheck, ConnectStage, ContractState, Health, Limit, RequestedGroups, ServerHealth, StageState,
    SynchronisationState, Used, UsedKind,
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
    /// What cannot be done; none where nothing is limited.
    pub limit: Option<Limit>,
    /// What to do, imperative and copyable.
    pub hints: Vec<String>,
}

impl Finding {
    fn new(severity: Severity, code: &'static str, message: impl Into<String>) -> Self {
        Self { severity, code, message: message.into(), limit: None, hints: Vec::new() }
    }

    fn limits(mut self, limit: Limit) -> Self {
        self.limit = Some(limit);
        self
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
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
            finding.message.extend(messages.first().map(|first| format!(": {first}")));
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

/// Every check that could not be made: none of them may pass for fine.
fn unchecked(server: &ServerHealth) -> Vec<Finding> {
    fn why<T>(answer: &Answer<T>) -> Option<&str> {
        answer.as_ref().err().map(|unchecked| unchecked.why.as_str())
    }
    let checks = [
        ("the server's clock", why(&server.now), Limit::Everything),
        ("the database server's version", why(&server.version), Limit::Everything),
        ("the database server's product", why(&server.product), Limit::Doctor),
        ("the database", why(&server.database), Limit::Doctor),
        ("the server's id", why(&server.server_id), Limit::Everything),
        ("the WSUS schema version", why(&server.schema), Limit::Doctor),
        ("the login and its roles", why(&server.login), Limit::Doctor),
        ("the procedures", why(&server.procedures), Limit::Everything),
        ("the tables and views", why(&server.objects), Limit::Everything),
        ("the reset flag", why(&server.reset_needed), Limit::Doctor),
        ("whether a synchronisation runs", why(&server.synchronisation), Limit::Doctor),
        ("the last synchronisation", why(&server.last_synchronisation), Limit::Doctor),
        ("the groups that computers ask for", why(&server.requested_groups), Limit::Doctor),
        ("the downstream servers", why(&server.downstream_servers), Limit::Doctor),
    ];
    let finding = |(what, why, limit): (&str, Option<&str>, Limit)| {
        let message = format!("{what} could not be checked: {}", why?);
        Some(Finding::new(Severity::Problem, "unchecked", message).limits(limit))
    };
    checks.into_iter().filter_map(finding).collect()
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
        if let ContractState::Different { details } = &used.state {
            let message = format!("{} differs from what wsusctl knows: {details}", used.name);
            found.push(
                Finding::new(Severity::Problem, "different", message)
                    .limits(used.limit)
                    .hint("this build of WSUS is not known yet: report its version together with this message"),
            );
        }
    }
    for ((code, kind, limit), used) in alike {
        found.push(lacking(code, kind, &used).limits(limit));
    }
    found
}

fn lacking(code: &'static str, kind: UsedKind, used: &[&Used]) -> Finding {
    let names = used.iter().map(|used| used.name).collect::<Vec<_>>().join(", ");
    let does = match kind {
        UsedKind::Procedure => "run",
        UsedKind::Object => "read",
    };
    match code {
        "missing" => Finding::new(Severity::Problem, code, format!("the server does not have {names}"))
            .hint("check that the database in the URL is WSUS's: it is always called SUSDB"),
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

fn state(server: &ServerHealth) -> Vec<Finding> {
    let mut found = Vec::new();
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

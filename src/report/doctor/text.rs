//! What `doctor` found, for people.

use chrono::TimeDelta;

use super::Diagnosis;
use crate::model::health::findings::{DOWNSTREAM_MAX, Finding, Severity};
use crate::model::health::{
    Answer, Certificate, ConnectionHealth, ContractState, DatabaseFacts, Health, LoginFacts, OrphanedUsers, Product,
    RequestedGroups, ServerHealth, StageState, SynchronisationState, Used,
};
use crate::report::style::Style;
use crate::report::text::TextOptions;
use crate::report::text::page::{Page, Piece, words};
use crate::report::timestamp::timestamp;

/// How far values stand in behind their labels.
const LABEL: usize = 20;

/// Shows a server's health: what was checked, what follows, what would help, and one summary line.
#[must_use]
pub fn render_text(diagnosis: &Diagnosis, color: bool, width: usize) -> String {
    let Diagnosis { health, findings, grants } = diagnosis;
    let mut page = Page::new(&TextOptions { color, width, ..TextOptions::default() });
    let Health { name, url, connection, server } = health;
    match name {
        Some(name) => page.line(0, [Piece::new(name, Style::Heading), Piece::new(format!("({url})"), Style::Dim)]),
        None => page.line(0, [Piece::new(url, Style::Heading)]),
    }
    render_connection(&mut page, connection);
    if let Some(server) = server {
        render_server(&mut page, server);
        render_contract(&mut page, server);
        render_state(&mut page, server);
    }
    render_findings(&mut page, findings);
    if !grants.is_empty() {
        page.heading("Grants");
        for grant in grants {
            page.line(2, [Piece::plain(grant)]);
        }
    }
    render_summary(&mut page, findings);
    page.finish()
}

fn fact(page: &mut Page, label: &str, value: &str) {
    page.line(2, std::iter::once(Piece::new(format!("{label:<LABEL$}"), Style::Dim)).chain(words(value)));
}

/// A check's line: what was found, or that nothing was. It is never left out.
fn checked<T>(page: &mut Page, label: &str, answer: &Answer<T>, value: impl FnOnce(&T) -> String) {
    match answer {
        Ok(found) => fact(page, label, &value(found)),
        Err(unchecked) => {
            let label = Piece::new(format!("{label:<LABEL$}"), Style::Dim);
            let text = Piece::next("could not be checked:", Style::Unsupported);
            page.line(2, [label, text].into_iter().chain(words(&unchecked.why)));
        }
    }
}

fn render_connection(page: &mut Page, connection: &ConnectionHealth) {
    let ConnectionHealth { stages, certificate } = connection;
    page.heading("Connection");
    for (stage, state) in stages {
        let (text, style) = match state {
            StageState::Passed => ("ok", Style::Create),
            StageState::NotNeeded => ("not needed", Style::Dim),
            StageState::Failed { .. } => ("failed", Style::Blocked),
            StageState::NotReached => ("not reached", Style::Dim),
        };
        page.line(2, [Piece::new(format!("{:<LABEL$}", stage.name()), Style::Dim), Piece::next(text, style)]);
        if let StageState::Failed { messages, hints: _ } = state {
            for line in messages.iter().flat_map(|message| message.lines()) {
                page.line(4, words(line.trim()));
            }
        }
    }
    if let Some(certificate) = certificate {
        render_certificate(page, certificate);
    }
}

fn render_certificate(page: &mut Page, certificate: &Certificate) {
    let Certificate { subject, issuer, names, not_before, not_after, sha256, check, weaknesses: _ } = certificate;
    let date = |date: &Option<_>| date.map_or_else(|| "?".to_owned(), timestamp);
    page.heading("Certificate");
    fact(page, "check", check.name());
    fact(page, "subject", subject);
    fact(page, "issuer", issuer);
    fact(page, "names", &if names.is_empty() { "none".to_owned() } else { names.join(", ") });
    fact(page, "valid", &format!("{} to {}", date(not_before), date(not_after)));
    fact(page, "SHA-256", sha256);
}

fn render_server(page: &mut Page, server: &ServerHealth) {
    page.heading("Server");
    checked(page, "database server", &server.version, Clone::clone);
    checked(page, "product", &server.product, product);
    checked(page, "database", &server.database, database);
    checked(page, "server id", &server.server_id, ToString::to_string);
    checked(page, "WSUS schema", &server.schema, |schema| {
        let rows: Vec<String> =
            schema.iter().map(|row| format!("{} build {} schema {}", row.component, row.build, row.version)).collect();
        if rows.is_empty() { "no rows".to_owned() } else { rows.join(", ") }
    });
    checked(page, "login", &server.login, |facts| format!("{}, in the database {}", facts.login, facts.user));
    checked(page, "roles", &server.login, roles);
}

fn product(product: &Product) -> String {
    let Product { version, level, edition, collation } = product;
    let known = [version, level, edition].into_iter().flatten().cloned().collect::<Vec<_>>().join(", ");
    format!("{known}, collation {}", collation.as_deref().unwrap_or("not known"))
}

fn database(database: &DatabaseFacts) -> String {
    let DatabaseFacts { name, collation, updateability } = database;
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "not known".to_owned());
    format!("{name}, collation {}, {}", text(collation), text(updateability))
}

fn roles(facts: &LoginFacts) -> String {
    let held: Vec<&str> =
        facts.roles.iter().filter(|(_, member)| *member == Some(true)).map(|(role, _)| *role).collect();
    if held.is_empty() { "none of those that matter".to_owned() } else { held.join(", ") }
}

fn render_contract(page: &mut Page, server: &ServerHealth) {
    page.heading("Contract and permissions");
    checked(page, "procedures", &server.procedures, |used| counts(used, "run"));
    for used in server.procedures.iter().flatten().filter(|used| !used.lists.is_empty()) {
        page.line(4, [Piece::plain(used.name)]);
        for list in &used.lists {
            page.line(6, [Piece::plain(list.to_string()).flowing()]);
        }
    }
    checked(page, "tables and views", &server.objects, |used| counts(used, "read"));
}

fn counts(used: &[Used], does: &str) -> String {
    let count = |state: fn(&ContractState) -> bool| used.iter().filter(|used| state(&used.state)).count();
    let present = count(|state| *state == ContractState::Present);
    let missing = count(|state| *state == ContractState::Missing);
    let different = count(|state| matches!(state, ContractState::Different { .. } | ContractState::Limited { .. }));
    let unjudged = match count(|state| matches!(state, ContractState::Unjudged { .. })) {
        0 => String::new(),
        unjudged => format!(", {unjudged} could not be judged"),
    };
    let permitted = used.iter().filter(|used| used.permitted).count();
    format!(
        "{} used: {present} as known, {different} different, {missing} missing{unjudged}; this login may {does} {permitted}",
        used.len()
    )
}

fn render_state(page: &mut Page, server: &ServerHealth) {
    page.heading("State");
    checked(page, "reset", &server.reset_needed, |needed| if *needed { "needed" } else { "not needed" }.to_owned());
    checked(page, "synchronisation", &server.synchronisation, |state| synchronisation(*state));
    checked(page, "last synchronised", &server.last_synchronisation, |last| match (last, &server.now) {
        (None, _) => "never".to_owned(),
        (Some(last), Ok(now)) => format!("{} ({} ago)", timestamp(*last), age(*now - *last)),
        (Some(last), Err(_)) => timestamp(*last),
    });
    checked(page, "requested groups", &server.requested_groups, |groups| {
        let RequestedGroups { heeded, missing } = groups;
        let by = if *heeded { "group policy places computers" } else { "the console places computers" };
        format!("{} that do not exist; {by}", missing.len())
    });
    checked(page, "program keys", &server.program_keys, |keys| match keys.len() {
        0 => "none".to_owned(),
        _ => keys.values().cloned().collect::<Vec<_>>().join(", "),
    });
    checked(page, "nested triggers", &server.nested_triggers, |on| if *on { "on" } else { "off" }.to_owned());
    checked(page, "orphaned users", &server.orphaned_users, |orphans| match orphans {
        OrphanedUsers { visible: false, .. } => "this login does not see them".to_owned(),
        OrphanedUsers { users, .. } if users.is_empty() => "none".to_owned(),
        OrphanedUsers { users, .. } => users.keys().cloned().collect::<Vec<_>>().join(", "),
    });
    checked(page, "downstream servers", &server.downstream_servers, |count| format!("{count} of {DOWNSTREAM_MAX}"));
}

fn age(age: TimeDelta) -> String {
    if age < TimeDelta::days(2) { format!("{} h", age.num_hours()) } else { format!("{} days", age.num_days()) }
}

fn synchronisation(state: SynchronisationState) -> String {
    match state {
        SynchronisationState::NotRunning => "not running".to_owned(),
        SynchronisationState::Requested => "asked for".to_owned(),
        SynchronisationState::Running => "running".to_owned(),
        SynchronisationState::Failed => "failed".to_owned(),
        SynchronisationState::Cancelling => "being cancelled".to_owned(),
        SynchronisationState::Unknown(number) => format!("not known: {number}"),
    }
}

fn render_findings(page: &mut Page, findings: &[Finding]) {
    if findings.is_empty() {
        return;
    }
    page.heading("Findings");
    for finding in findings {
        let Finding { severity, code: _, message, limits: _, hints } = finding;
        let style = match severity {
            Severity::Problem => Style::Blocked,
            Severity::Warning => Style::Modify,
            Severity::Note => Style::Dim,
        };
        let mut lines = message.lines();
        let first = lines.next().unwrap_or_default();
        page.line(2, std::iter::once(Piece::new(format!("{}:", severity.name()), style)).chain(words(first)));
        for line in lines {
            page.line(6, words(line.trim()));
        }
        if let Some(limited) = finding.limited() {
            page.line(6, words(&format!("limits: {limited}")));
        }
        for hint in hints {
            page.line(6, words(&format!("hint: {hint}")));
        }
    }
}

fn render_summary(page: &mut Page, findings: &[Finding]) {
    page.blank();
    if findings.is_empty() {
        return page.line(0, [Piece::plain("Nothing limits wsusctl here.")]);
    }
    let count = |severity: Severity| {
        let count = findings.iter().filter(|finding| finding.severity == severity).count();
        format!("{count} {}{}", severity.name(), if count == 1 { "" } else { "s" })
    };
    let counted = [Severity::Problem, Severity::Warning, Severity::Note].map(count).join(", ");
    page.line(0, words(&format!("{counted}.")));
}

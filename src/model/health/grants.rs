//! The GRANT statements that a login needs.

use super::{ContractState, Health, Used, UsedKind};

/// Which grants to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// Those that the login lacks.
    Missing,
    /// All that a login of least privilege needs, for this user; none for the one that is logged in.
    All(Option<&'a str>),
}

/// A stand-in for a user: the one that is logged in owns the database and needs no grant.
const SOMEBODY: &str = "USER";

/// The statements, in the order of the contract. None where nothing is known of the server.
#[must_use]
pub fn grants(health: &Health, wanted: Wanted<'_>) -> Vec<String> {
    let Some(server) = &health.server else { return Vec::new() };
    let logged_in = server.login.as_ref().ok();
    let sees_definitions = logged_in.is_some_and(|login| login.sees_definitions);
    let own = logged_in.map(|login| login.user.as_str()).filter(|user| !user.eq_ignore_ascii_case("dbo"));
    let user = match wanted {
        Wanted::All(Some(user)) => user,
        Wanted::All(None) | Wanted::Missing => own.unwrap_or(SOMEBODY),
    };
    let used = server.objects.iter().chain(&server.procedures).flatten();
    let is_wanted = |used: &&Used| {
        // A GRANT on what is not there is an error.
        let exists = used.state != ContractState::Missing || !sees_definitions;
        exists && (matches!(wanted, Wanted::All(_)) || !used.permitted)
    };
    let mut grants: Vec<String> = Vec::new();
    for used in used.filter(is_wanted) {
        let grant = grant(used, user);
        // A table may be used for several things.
        if !grants.contains(&grant) {
            grants.push(grant);
        }
    }
    grants
}

fn grant(used: &Used, user: &str) -> String {
    let Used { kind, schema, name, .. } = used;
    format!("GRANT {} ON {}.{} TO {};", kind.permission(), bracketed(schema), bracketed(name), bracketed(user))
}

/// A name as T-SQL takes every name.
pub(super) fn bracketed(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

impl UsedKind {
    /// What it is called.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Procedure => "procedure",
            Self::Object => "table or view",
        }
    }
}

//! What the computers of groups say and no computer of the server has: names that may have meant another one.

use std::collections::BTreeMap;

use crate::diagnostic::Diagnostic;
use crate::model::address::Address;
use crate::model::desired::DesiredGroup;
use crate::model::glob::Glob;
use crate::model::name::fold;
use crate::model::near::{did_you_mean, nearest, suggestion};
use crate::model::origin::Declared;
use crate::model::resolved::Notice;
use crate::model::snapshot::Computer;

use super::notes::Notes;

/// How many near matches are worth reading.
const OFFERED_MAX: usize = 3;

/// The names of the server's computers, to find what an unknown one may have meant.
pub(super) struct UnknownComputers<'a> {
    by_name: BTreeMap<String, &'a str>,
    by_host: BTreeMap<String, Vec<&'a str>>,
}

impl<'a> UnknownComputers<'a> {
    /// Knows these computers.
    pub(super) fn new(computers: impl IntoIterator<Item = &'a Computer>) -> Self {
        let mut known = Self { by_name: BTreeMap::new(), by_host: BTreeMap::new() };
        for computer in computers {
            let folded = fold(&computer.name);
            known.by_host.entry(host(&folded).to_owned()).or_default().push(&computer.name);
            known.by_name.insert(folded, &computer.name);
        }
        known
    }

    /// Notes a name that no computer has: pending, or an error where the group requires its computers.
    pub(super) fn note(&self, name: &Declared<Glob>, group: &DesiredGroup, notes: &mut Notes) {
        let near = self.near(name.value.as_str(), notes);
        if group.require_computers {
            let detail =
                format!("`{}` requires its computers, and the server knows no `{}`", group.name, name.value.as_str());
            let error = Diagnostic::error("unknown-computer", "A required computer that the server does not know")
                .detail(detail)
                .at(name.origin, "unknown");
            notes.error(near.into_iter().fold(error, Diagnostic::help));
            return;
        }
        let near = near.map(|question| format!("; {question}")).unwrap_or_default();
        notes.pending.push(Notice {
            address: Address::Membership(name.value.as_str().to_owned()),
            code: "unknownComputer",
            message: format!("the server does not know this computer yet{near}"),
            origin: Some(name.origin),
        });
    }

    /// WSUS knows a computer by its full domain name; people have the short one, or an account's.
    fn near(&self, written: &str, notes: &mut Notes) -> Option<String> {
        let folded = fold(written);
        let account = folded.rsplit('\\').next().unwrap_or_default().trim_end_matches(['.', '$']);
        let offer = |names: &[&str]| {
            did_you_mean(&names.iter().take(OFFERED_MAX).map(|name| (*name).to_owned()).collect::<Vec<_>>())
        };
        if let Some(exact) = self.by_name.get(account) {
            return offer(&[exact]);
        }
        if let Some(same_host) = self.by_host.get(host(account)) {
            return offer(same_host);
        }
        if !notes.may_compare(self.by_name.len()) {
            return None;
        }
        if account.contains('.') {
            return suggestion(account, self.by_name.values().copied());
        }
        let hosts = nearest(account, self.by_host.keys().map(String::as_str));
        let near: Vec<&str> = hosts.iter().filter_map(|host| self.by_host.get(host)).flatten().copied().collect();
        offer(&near)
    }
}

/// The name without its domain.
fn host(name: &str) -> &str {
    name.split('.').next().unwrap_or_default()
}

//! Rules about `management.ignore`.

use super::super::document::{DownstreamServer, Group, Rule};
use super::super::problems::Problems;
use super::groups::each;
use crate::diagnostic::Diagnostic;
use crate::model::address::Address;
use crate::model::glob::Glob;
use crate::model::origin::{Declared, Origin};

/// A declared group cannot be ignored.
pub(super) fn declared_groups(ignore: &[Declared<String>], groups: &[Group], problems: &mut Problems) {
    let patterns = patterns(ignore);
    if patterns.is_empty() {
        return;
    }
    each(groups, &mut |group| {
        let address = Address::Group(group.name.value.clone());
        refuse(&patterns, &address, group.name.origin, "remove the group", problems);
    });
}

/// Nor can a declared rule.
pub(super) fn declared_rules(ignore: &[Declared<String>], rules: &[Rule], problems: &mut Problems) {
    let patterns = patterns(ignore);
    for rule in rules {
        refuse(&patterns, &Address::Rule(rule.name.value.clone()), rule.name.origin, "remove the rule", problems);
    }
}

/// Nor can a declared downstream server.
pub(super) fn declared_servers(ignore: &[Declared<String>], servers: &[DownstreamServer], problems: &mut Problems) {
    let patterns = patterns(ignore);
    for DownstreamServer { name, .. } in servers {
        refuse(&patterns, &Address::Downstream(name.value.clone()), name.origin, "remove the server", problems);
    }
}

type Pattern<'d> = (&'d Declared<String>, Glob);

fn patterns(ignore: &[Declared<String>]) -> Vec<Pattern<'_>> {
    ignore.iter().map(|pattern| (pattern, Glob::new(&pattern.value))).collect()
}

fn refuse(patterns: &[Pattern<'_>], address: &Address, declared: Origin, otherwise: &str, problems: &mut Problems) {
    let address = address.to_string();
    if let Some((pattern, _)) = patterns.iter().find(|(_, glob)| glob.matches(&address)) {
        problems.push(
            Diagnostic::error("ignored-and-declared", "something is declared and ignored")
                .detail(format!("`{}` matches {address}", pattern.value))
                .at(pattern.origin, "ignored here")
                .and(declared, "declared here")
                .help(format!("narrow the pattern, or {otherwise}")),
        );
    }
}

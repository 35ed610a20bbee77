//! Rules about the computers of groups.

use std::collections::BTreeMap;

use super::super::document::{Field, Group};
use super::super::problems::Problems;
use super::groups::each;
use crate::diagnostic::Diagnostic;
use crate::model::glob::Glob;
use crate::model::name::fold;
use crate::model::origin::{Declared, Origin};

/// Comparisons of names with patterns in one group beyond which a mere warning is not worth the time.
const COMPARISONS_MAX: usize = 1_000_000;

/// How many names a warning lists.
const NAMED_MAX: usize = 5;

/// Applies the rules to every group.
pub(super) fn check(groups: &[Group], problems: &mut Problems) {
    each(groups, &mut |group| {
        let computers = group.computers.as_ref().map_or(&[][..], |names| &names.value);
        let except = group.except.as_ref().map_or(&[][..], |names| &names.value);
        no_name_twice(computers, problems);
        no_name_twice(except, problems);
        except_needs_patterns(group, computers, problems);
        names_beside_patterns(computers, problems);
        named_and_excepted(computers, except, problems);
        required_without_computers(group, problems);
        impossible(computers, problems);
        impossible(except, problems);
    });
}

fn no_name_twice(names: &[Declared<String>], problems: &mut Problems) {
    let mut seen: BTreeMap<String, Origin> = BTreeMap::new();
    for name in names {
        let Some(first) = seen.get(&fold(&name.value)) else {
            seen.insert(fold(&name.value), name.origin);
            continue;
        };
        problems.push(
            Diagnostic::error("duplicate-computer", "a computer stands twice in a list")
                .detail(format!("`{}` is named again", name.value))
                .at(name.origin, "again here")
                .and(*first, "first here")
                .help("remove one of them"),
        );
    }
}

fn except_needs_patterns(group: &Group, computers: &[Declared<String>], problems: &mut Problems) {
    let Some(except) = &group.except else { return };
    if group.computers.is_none() {
        problems.push(
            Diagnostic::error("except-without-computers", "`except` without `computers`")
                .detail("there are no patterns that it could narrow")
                .at(except.origin, "")
                .help("add `computers`, or remove `except`"),
        );
    } else if !computers.iter().any(|name| Glob::new(&name.value).has_wildcard()) {
        problems.push(
            Diagnostic::warning("except-without-pattern", "`except` without a pattern in `computers`")
                .detail("names without * and ? are never narrowed, so it does nothing")
                .at(except.origin, ""),
        );
    }
}

/// A name that a pattern of the same list matches too says nothing more.
fn names_beside_patterns(computers: &[Declared<String>], problems: &mut Problems) {
    let patterns: Vec<(&Declared<String>, Glob)> =
        computers.iter().map(|name| (name, Glob::new(&name.value))).filter(|(_, glob)| glob.has_wildcard()).collect();
    if patterns.is_empty() || patterns.len().saturating_mul(computers.len()) > COMPARISONS_MAX {
        return;
    }
    for name in computers.iter().filter(|name| !Glob::new(&name.value).has_wildcard()) {
        if let Some((pattern, _)) = patterns.iter().find(|(_, glob)| glob.matches(&name.value)) {
            problems.push(
                Diagnostic::warning("redundant-computer", "a computer is named and matched")
                    .detail(format!(
                        "`{}` also matches `{}`; the name wins over patterns of other groups",
                        name.value, pattern.value
                    ))
                    .at(name.origin, "the name")
                    .and(pattern.origin, "the pattern"),
            );
        }
    }
}

fn required_without_computers(group: &Group, problems: &mut Problems) {
    let Field::Value(required) = &group.require_computers else { return };
    if required.value && group.computers.is_none() {
        problems.push(
            Diagnostic::error("require-without-computers", "`requireComputers` without `computers`")
                .detail("there are no names and patterns that have to find a computer")
                .at(required.origin, "")
                .help("add `computers`, or remove `requireComputers`"),
        );
    }
}

/// Characters that stand in no computer's name: neither in a DNS name nor in a NetBIOS name.
///
/// Source: learn.microsoft.com, naming conventions in Active Directory for computers, domains, sites and OUs (grade A).
const IMPOSSIBLE: [char; 16] = ['\\', '/', ':', '"', '<', '>', '|', ',', ';', '[', ']', '{', '}', '=', '+', '$'];

/// Names that no computer can have, which therefore mean nothing, now and later. One warning tells of all of a list.
fn impossible(names: &[Declared<String>], problems: &mut Problems) {
    let impossible: Vec<(&Declared<String>, &str)> =
        names.iter().filter_map(|name| Some((name, why_impossible(&name.value)?))).collect();
    let Some((first, _)) = impossible.first() else { return };
    let mut listed: Vec<String> =
        impossible.iter().take(NAMED_MAX).map(|(name, why)| format!("`{}`: {why}", name.value)).collect();
    if impossible.len() > NAMED_MAX {
        listed.push(format!("and {} more", impossible.len() - NAMED_MAX));
    }
    problems.push(
        Diagnostic::warning("impossible-computer", "a name that no computer can have")
            .detail(listed.join("; "))
            .at(first.origin, if impossible.len() > 1 { "the first of them" } else { "" })
            .help("write the full domain name that WSUS shows (pc-1.contoso.com); a pattern has * for any run and ? for one character"),
    );
}

fn why_impossible(name: &str) -> Option<&'static str> {
    let name = name.trim();
    match name.chars().find(|c| IMPOSSIBLE.contains(c) || c.is_control() || c.is_whitespace()) {
        Some('\\') => Some("WSUS knows computers without `DOMAIN\\`"),
        Some('[' | ']' | '{' | '}') => Some("brackets choose nothing in a pattern"),
        Some('$') => Some("`$` ends the name of an account, not of a computer"),
        Some(c) if c.is_control() || c.is_whitespace() => Some("a name has no white space"),
        Some(_) => Some("it has a character that no computer's name has"),
        None if name.ends_with('.') => Some("WSUS keeps no dot at the end"),
        None if name.starts_with('.') || name.contains("..") => Some("between two dots there is a part of the name"),
        None => None,
    }
}

fn named_and_excepted(computers: &[Declared<String>], except: &[Declared<String>], problems: &mut Problems) {
    let excepted: BTreeMap<String, Origin> = except.iter().map(|name| (fold(&name.value), name.origin)).collect();
    for name in computers {
        if let Some(exception) = excepted.get(&fold(&name.value)) {
            problems.push(
                Diagnostic::error("named-and-excepted", "a computer is named and excepted")
                    .detail(format!("`{}` stands in `computers` and in `except`", name.value))
                    .at(*exception, "excepted here")
                    .and(name.origin, "named here")
                    .help("remove one of them"),
            );
        }
    }
}

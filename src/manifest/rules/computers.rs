//! Rules about the computers of groups.

use std::collections::BTreeMap;

use super::super::document::Group;
use super::super::problems::Problems;
use super::groups::each;
use crate::diagnostic::Diagnostic;
use crate::model::glob::Glob;
use crate::model::name::fold;
use crate::model::origin::{Declared, Origin};

/// Comparisons of names with patterns in one group beyond which a mere warning is not worth the time.
const COMPARISONS_MAX: usize = 1_000_000;

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

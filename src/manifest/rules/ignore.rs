//! Rules about `management.ignore`.

use super::super::document::Group;
use super::super::problems::Problems;
use super::groups::each;
use crate::diagnostic::Diagnostic;
use crate::model::address::Address;
use crate::model::glob::Glob;
use crate::model::origin::Declared;

/// What is declared cannot be ignored.
pub(super) fn declared_groups(ignore: &[Declared<String>], groups: &[Group], problems: &mut Problems) {
    let patterns: Vec<(&Declared<String>, Glob)> =
        ignore.iter().map(|pattern| (pattern, Glob::new(&pattern.value))).collect();
    if patterns.is_empty() {
        return;
    }
    each(groups, &mut |group| {
        let address = Address::Group(group.name.value.clone()).to_string();
        if let Some((pattern, _)) = patterns.iter().find(|(_, glob)| glob.matches(&address)) {
            problems.push(
                Diagnostic::error("ignored-and-declared", "something is declared and ignored")
                    .detail(format!("`{}` matches {address}", pattern.value))
                    .at(pattern.origin, "ignored here")
                    .and(group.name.origin, "declared here")
                    .help("narrow the pattern, or remove the group"),
            );
        }
    });
}

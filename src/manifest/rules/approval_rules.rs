//! Rules about automatic approval rules.

use std::collections::BTreeMap;

use super::super::document::{Document, Rule};
use super::super::problems::Problems;
use crate::diagnostic::Diagnostic;
use crate::model::name::fold;
use crate::model::origin::{Declared, Origin};
use crate::model::rule::RULE_NAME_LENGTH_MAX;

/// Applies every rule about approval rules.
pub(super) fn check(document: &Document, problems: &mut Problems) {
    unique(
        document.approval_rules.iter().map(|rule| &rule.name),
        "duplicate-rule",
        "a rule is declared twice",
        problems,
    );
    for rule in &document.approval_rules {
        length(rule, problems);
        chooses(rule, problems);
        approves_for_somebody(rule, problems);
        let groups = rule.groups.iter().flat_map(|groups| &groups.value);
        unique(groups, "duplicate-item", "something stands twice in a list", problems);
    }
}

/// Names that WSUS takes for one.
pub(super) fn unique<'d>(
    names: impl Iterator<Item = &'d Declared<String>>,
    code: &'static str,
    summary: &'static str,
    problems: &mut Problems,
) {
    let mut seen: BTreeMap<String, Origin> = BTreeMap::new();
    for name in names {
        let Some(first) = seen.get(&fold(&name.value)) else {
            seen.insert(fold(&name.value), name.origin);
            continue;
        };
        problems.push(
            Diagnostic::error(code, summary)
                .detail(format!("`{}`: names are equal whatever their case and the spaces at their ends", name.value))
                .at(name.origin, "again here")
                .and(*first, "first here")
                .help("remove one of them"),
        );
    }
}

fn length(rule: &Rule, problems: &mut Problems) {
    let length = rule.name.value.encode_utf16().count();
    if length > RULE_NAME_LENGTH_MAX {
        problems.push(
            Diagnostic::error("too-long", "a text that is too long")
                .detail(format!("it has {length} characters (UTF-16), and SUSDB keeps {RULE_NAME_LENGTH_MAX}"))
                .at(rule.name.origin, ""),
        );
    }
}

/// A rule without groups approves nothing, whatever it chooses. What the key leaves out keeps the server's groups, of which a
/// new rule has none.
fn approves_for_somebody(rule: &Rule, problems: &mut Problems) {
    let Some(enabled) = rule.enabled.filter(|enabled| enabled.value) else { return };
    let nobody = match &rule.groups {
        Some(groups) if groups.value.is_empty() => {
            Diagnostic::error("rule-for-nobody", "an enabled rule that approves for no group")
                .detail(format!("`{}` is enabled with `groups: []`: it would approve nothing", rule.name.value))
                .at(groups.origin, "no group")
        }
        Some(_) => return,
        None => Diagnostic::warning("rule-for-nobody", "an enabled rule without `groups`")
            .detail(format!(
                "`{}` approves for the groups that the server's rule has; a rule that is created has none, and is refused",
                rule.name.value
            ))
            .at(enabled.origin, "enabled"),
    };
    problems.push(nobody.help(
        "write the groups; for every computer `groups: [All Computers]`, which `apply` needs `--allow high-risk` for",
    ));
}

/// An enabled rule chooses by a classification or by a product.
///
/// Source: MS-WSUSAR 3.1.4.63 (grade A).
fn chooses(rule: &Rule, problems: &mut Problems) {
    let Some(enabled) = rule.enabled.filter(|enabled| enabled.value) else { return };
    let (Some(classifications), Some(products)) = (&rule.classifications, &rule.products) else { return };
    if classifications.is_empty() && products.is_empty() {
        problems.push(
            Diagnostic::error("empty-rule", "an enabled rule that chooses nothing")
                .detail(format!(
                    "`{}` is enabled with neither a classification nor a product, which WSUS refuses",
                    rule.name.value
                ))
                .at(enabled.origin, "enabled")
                .help("add a classification or a product, or write `enabled: false`"),
        );
    }
}

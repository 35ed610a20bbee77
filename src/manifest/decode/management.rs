//! `management`.

use super::super::document::{Field, Management};
use super::super::problems::Problems;
use super::super::shape::{Fields, Keyed, Shape, integer, names, word};
use super::period::age;
use crate::diagnostic::Diagnostic;
use crate::model::address::Kind;
use crate::model::management::Prune;
use crate::model::origin::Declared;

pub(super) const MANAGEMENT: Shape = Shape::new("management", &["prune", "limits", "ignore"]);
pub(super) const PRUNE: Shape = Shape::new(
    "prune",
    &[
        "groups",
        "memberships",
        "approvals",
        "automaticApprovals",
        "declines",
        "rules",
        "downstreamServers",
        "downstreamServersOlderThan",
    ],
);
pub(super) const LIMITS: Shape = Shape::new("limits", &["deletePercent", "modifyPercent", "minimum"]);

pub(super) const PRUNES: &[(&str, Prune)] =
    &[("never", Prune::Never), ("confirm", Prune::Confirm), ("always", Prune::Always)];

/// Reads the section.
pub(super) fn management(value: Keyed<'_>, problems: &mut Problems) -> Management {
    let mut management = Management::default();
    let Some(mut fields) = Fields::of(value, &MANAGEMENT, problems) else { return management };
    if let Some(mut prune) = fields.take("prune").and_then(|value| Fields::of(value, &PRUNE, problems)) {
        for kind in [Kind::Group, Kind::Membership, Kind::Approval, Kind::Decline, Kind::Rule, Kind::Downstream] {
            if let Some(value) = prune.take(kind.plural()) {
                management.prune.insert(kind, prune_word(&value, problems));
            }
        }
        if let Some(value) = prune.take("automaticApprovals") {
            management.prune_automatic_approvals = prune_word(&value, problems);
        }
        downstream_servers_age(&mut prune, &mut management, problems);
    }
    if let Some(mut limits) = fields.take("limits").and_then(|value| Fields::of(value, &LIMITS, problems)) {
        management.delete_percent = percent(limits.take("deletePercent"), problems);
        management.modify_percent = percent(limits.take("modifyPercent"), problems);
        management.minimum = number(limits.take("minimum"), u32::MAX, problems);
    }
    management.ignore = fields
        .take("ignore")
        .and_then(|value| names(value, "a pattern", problems))
        .map(|names| names.value)
        .unwrap_or_default();
    management
}

/// Entries of downstream servers are pruned by age alone, so neither key means anything without the other. `never` may keep
/// its age: that is how pruning is switched off for a while.
fn downstream_servers_age(prune: &mut Fields<'_>, management: &mut Management, problems: &mut Problems) {
    let older = prune.take("downstreamServersOlderThan");
    let origin = older.as_ref().map(|value| value.key);
    management.downstream_servers_age = older.and_then(|value| age(&value, problems));
    let missing = |written, lacks, origin| {
        Diagnostic::error("half-a-prune", "pruning of downstream servers needs two keys")
            .detail(format!("`{written}` says nothing without `{lacks}`"))
            .at(origin, "needs another key")
            .help("write both: `downstreamServers: confirm` and `downstreamServersOlderThan: 90d`")
    };
    match (management.prune.get(&Kind::Downstream), origin) {
        (Some(Field::Value(Declared { value: Prune::Confirm | Prune::Always, origin })), None) => {
            problems.push(missing("downstreamServers", "downstreamServersOlderThan", *origin));
        }
        (None, Some(origin)) => problems.push(missing("downstreamServersOlderThan", "downstreamServers", origin)),
        _ => {}
    }
}

fn prune_word(value: &Keyed<'_>, problems: &mut Problems) -> Field<Prune> {
    if value.node.is_null() {
        return Field::Null;
    }
    word(value, PRUNES, problems).map_or(Field::Absent, Field::Value)
}

fn number(value: Option<Keyed<'_>>, max: u32, problems: &mut Problems) -> Field<u32> {
    match value {
        None => Field::Absent,
        Some(value) if value.node.is_null() => Field::Null,
        Some(value) => integer(&value, 0, max, problems).map_or(Field::Absent, Field::Value),
    }
}

fn percent(value: Option<Keyed<'_>>, problems: &mut Problems) -> Field<u8> {
    match number(value, 100, problems) {
        Field::Absent => Field::Absent,
        Field::Null => Field::Null,
        Field::Value(Declared { value, origin }) => {
            let value = u8::try_from(value).expect("the number is at most 100");
            Field::Value(Declared { value, origin })
        }
    }
}

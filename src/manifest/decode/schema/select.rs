//! `select`, ages and moments.

use super::super::Shape;
use super::super::needed_by::{COMPUTERS_MAX, NEEDED_BY};
use super::super::select::{SELECT, SEVERITIES, UPDATE_TYPES};
use super::update::KB;
use super::{keys, words};
use crate::schema::{Map, Property, Schema, optional};

const AGE: &str = "[0-9]+[mhdw]";
const MOMENT: &str = "(?:[0-9]+[mhdw]|[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2}))";

/// Conditions that an approval's selector cannot have.
const DECLINES_ONLY: &[&str] = &["supersedingApproved", "expired"];

pub(super) fn approval_selector() -> Schema {
    selector(&SELECT, |property| !DECLINES_ONLY.contains(&property.name))
        .title("Conditions of an approval")
        .says(
            "Conditions that choose updates: every key must hold, and of a list one element. Neither expired nor declined \
             updates are chosen, and superseded ones only where `superseded: true` says so.",
        )
        .example("{classifications: [Security Updates], products: [Windows 11], arrivedWithin: 30d}")
}

pub(super) fn decline_selector() -> Schema {
    selector(&SELECT, |_| true)
        .title("Conditions of a decline")
        .says(
            "Conditions that choose updates: every key must hold, and of a list one element. What this manifest approves is \
             kept and counted.",
        )
        .example("{superseded: true, supersedingApproved: true, neededBy: 0, arrivedBefore: 90d}")
}

fn selector(shape: &Shape, has: impl Fn(&Property) -> bool) -> Schema {
    let Map { properties, .. } = keys(shape, conditions());
    Schema::from(Map::of(properties.into_iter().filter(has).collect())).filled()
}

fn conditions() -> Vec<Property> {
    let one_or_more = |one: Schema| Schema::either([one.clone(), Schema::choices(one)]);
    let moment = |says: &'static str| Schema::reference("moment").says(says);
    let age = |says: &'static str| Schema::reference("age").says(says).example("30d");
    vec![
        optional(
            "classifications",
            Schema::choices(Schema::reference("classification"))
                .says("Of one of these classifications.")
                .example("[Security Updates, Critical Updates]"),
        ),
        optional(
            "products",
            Schema::choices(Schema::reference("product"))
                .says("For one of these products.")
                .example("[Windows 11, {family: SQL Server}]"),
        ),
        optional(
            "title",
            Schema::name()
                .says("Whose title matches this pattern (* any run, ? one character), whatever its case.")
                .example("\"*x64*\""),
        ),
        optional(
            "severity",
            one_or_more(words(SEVERITIES)).says("Of this severity, or of one in a list.").example("[Critical, Important]"),
        ),
        optional(
            "kb",
            one_or_more(Schema::pattern(KB).example("KB5060526")).says("Of this knowledge-base article, or of one in a list.").example("KB5060526"),
        ),
        optional(
            "updateType",
            one_or_more(words(UPDATE_TYPES)).says("Of this type, or of one in a list.").example("Driver"),
        ),
        optional("arrivedWithin", age("Whose latest revision reached the server within this age.")),
        optional(
            "arrivedAfter",
            moment("Whose latest revision reached the server at this moment or later.").example("\"2026-11-01T00:00:00Z\""),
        ),
        optional("arrivedBefore", moment("Whose latest revision reached the server before this moment.").example("90d")),
        optional("createdWithin", age("Whose latest revision the publisher created within this age.")),
        optional(
            "createdAfter",
            moment("Whose latest revision the publisher created at this moment or later.").example("\"2026-01-01T00:00:00Z\""),
        ),
        optional("createdBefore", moment("Whose latest revision the publisher created before this moment.").example("365d")),
        optional(
            "superseded",
            Schema::flag().says("Which another update supersedes (true), or none does (false)."),
        ),
        optional("neededBy", needed_by()),
        optional(
            "supersedingApproved",
            Schema::flag().says(
                "Superseded by an update that has an install approval after the plan; true implies `superseded: true`. false \
                 alone also means every update that nothing supersedes.",
            ),
        ),
        optional("expired", Schema::flag().says("Which the publisher has withdrawn (true), or not (false).")),
    ]
}

fn needed_by() -> Schema {
    let bound = |name, says: &'static str| optional(name, Schema::number(0, COMPUTERS_MAX).says(says).example("1"));
    let range = keys(&NEEDED_BY, vec![bound("atLeast", "So many or more."), bound("atMost", "So many or fewer.")]);
    Schema::either([Schema::number(0, 0), Schema::from(range).filled()])
        .says("How many computers report it as needed, downloaded, failed or waiting for a restart.")
        .example("0")
        .example("{atLeast: 1}")
        .example("{atLeast: 1, atMost: 500}")
}

pub(super) fn age() -> Schema {
    Schema::pattern(AGE)
        .title("An age")
        .says("A whole number and m, h, d or w (minutes, hours, days, weeks), from 1m to 3650d, counted back from the time of the plan.")
        .example("30d")
        .example("12h")
}

pub(super) fn moment() -> Schema {
    Schema::pattern(MOMENT)
        .title("A moment")
        .says("An age, or a time with its offset.")
        .example("30d")
        .example("\"2026-11-01T00:00:00Z\"")
}

//! `approvals` and `declines`.

use super::super::approvals::{ACTIONS, APPROVAL, DECLINE, GROUP};
use super::super::deadline::{DAYS_MAX, RELATIVE};
use super::synchronization::UTC_TIME_OF_DAY;
use super::update::bare;
use super::{keys, words};
use crate::schema::{Schema, optional, required};

/// A time with its offset, in whole seconds.
const TIME: &str = "[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.0+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})";

pub(super) fn approvals() -> Schema {
    let groups = Schema::table(Schema::reference("groupApproval"))
        .filled()
        .says("What each group does with the updates, by the group's name.")
        .example("{Ring 0 - IT: install, Servers: {action: install, deadline: {days: 7, at: \"18:00Z\"}}}");
    let entry = keys(
        &APPROVAL,
        vec![
            optional("name", Schema::name().says("What reports call the entry.").example("June 2026")),
            optional("update", Schema::reference("update").says("The updates that it is about.")),
            optional(
                "updates",
                Schema::list(Schema::reference("update"))
                    .filled()
                    .says("Several such references, as if each had an entry of its own.")
                    .example("[KB5060526, KB5048239]"),
            ),
            optional(
                "select",
                Schema::reference("approvalSelector").says("Conditions that choose the updates that it is about."),
            ),
            required("groups", groups),
            optional(
                "acceptLicense",
                Schema::flag().or_null(false).says("Accept licence terms that are pending, as a step of its own."),
            ),
        ],
    );
    let entry = Schema::from(entry.exactly_one(&["update", "updates", "select"]))
        .says("Updates, and what groups do with them. It says with exactly one key which updates.");
    Schema::list(entry)
        .title("Approvals")
        .says(
            "Which groups do what with which updates. An entry that names updates goes before one that chooses them, and two \
             that disagree are an error.",
        )
        .example("[{update: KB5060526, groups: {Servers: install}}]")
}

pub(super) fn group_approval() -> Schema {
    let value = keys(
        &GROUP,
        vec![
            required("action", words(ACTIONS).says("What the group does.")),
            optional("deadline", deadline()),
            optional(
                "optional",
                Schema::flag().or_null(false).says("Offered, not forced; only with `install` and without a deadline."),
            ),
        ],
    );
    Schema::either([words(ACTIONS), Schema::from(value)])
        .title("What a group does with an update")
        .says(
            "`install`, `uninstall`, `notApproved` (keeps off what a group above passes down; not for All Computers) or \
             `inherit` (no approval of its own). An approval is one value and written whole.",
        )
        .example("install")
        .example("{action: install, deadline: {days: 7, at: \"18:00Z\"}}")
}

fn deadline() -> Schema {
    let relative = keys(
        &RELATIVE,
        vec![
            required("days", Schema::number(0, DAYS_MAX).says("Days after the approval is written.").example("7")),
            required(
                "at",
                Schema::pattern(UTC_TIME_OF_DAY).says("At this time of that day, in UTC.").example("\"18:00Z\""),
            ),
        ],
    );
    Schema::either([
        Schema::pattern(TIME),
        Schema::words(["none"]),
        Schema::from(relative),
    ])
    .or_null("none")
    .says(
        "By when computers must have installed it: a time with its offset in whole seconds (only in entries that name \
         updates), days after the approval is written, or `none`.",
    )
    .example("\"2026-12-01T18:00:00Z\"")
    .example("{days: 7, at: \"18:00Z\"}")
    .example("none")
}

pub(super) fn declines() -> Schema {
    let entry = keys(
        &DECLINE,
        vec![
            optional("update", Schema::reference("update").says("The updates to decline.")),
            optional(
                "select",
                Schema::reference("declineSelector").says("Conditions that choose the updates to decline."),
            ),
        ],
    );
    let entry = Schema::from(entry.exactly_one(&["update", "select"])).says("With exactly one key, which updates.");
    Schema::list(Schema::either([bare(), entry]).says("Updates to decline."))
        .title("Declines")
        .says("Updates that no group gets. Declining destroys an update's approvals; the plan lists them.")
        .example(
            "[KB5055555, {select: {superseded: true, supersedingApproved: true, neededBy: 0, arrivedBefore: 90d}}]",
        )
}

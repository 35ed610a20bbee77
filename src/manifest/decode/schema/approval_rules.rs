//! `approvalRules`.

use super::super::approval_rules::{DAYS_MAX, DEADLINE, RULE};
use super::{keys, names};
use crate::schema::{Schema, optional, required};

pub(super) fn approval_rules() -> Schema {
    let categories = |definition| Schema::list(Schema::reference(definition)).unique();
    let rule = keys(
        &RULE,
        vec![
            required("name", Schema::name().says("The rule's name, whatever its case.").example("Defender definitions")),
            optional(
                "enabled",
                Schema::flag().says(
                    "Whether WSUS runs the rule. An enabled rule needs a classification or a product; a rule that is created \
                     is disabled unless this says otherwise.",
                ),
            ),
            optional(
                "classifications",
                categories("classification").says("All of them; [] for any.").example("[Definition Updates]"),
            ),
            optional(
                "products",
                categories("product")
                    .says("All of them; [] for any. {family: TITLE} is the family itself, with what is added to it later.")
                    .example("[Microsoft Defender Antivirus]"),
            ),
            optional(
                "groups",
                names().unique()
                    .says("The groups that it approves for: existing ones, declared ones, All Computers.")
                    .example("[All Computers]"),
            ),
            optional("deadline", deadline()),
        ],
    );
    Schema::list(Schema::from(rule).says("An automatic approval rule. Of a rule, each key that is there is owned."))
        .title("Automatic approval rules")
        .says(
            "WSUS itself approves for installation what a synchronisation brings and an enabled rule means. Deleting a rule \
             leaves the approvals that it made.",
        )
        .example("[{name: Defender definitions, enabled: true, classifications: [Definition Updates], groups: [All Computers]}]")
}

fn deadline() -> Schema {
    let after = keys(
        &DEADLINE,
        vec![
            required("days", Schema::number(0, DAYS_MAX).says("Days after the approval, at most 365.").example("3")),
            required(
                "at",
                Schema::pattern("([01][0-9]|2[0-3]):[0-5][0-9]")
                    .says("Hours and minutes without a zone: they count in the local time of the database server.")
                    .example("\"04:00\""),
            ),
        ],
    );
    Schema::either([Schema::words(["none"]), Schema::from(after)])
        .says("By when what the rule approves must be installed.")
        .example("none")
        .example("{days: 3, at: \"04:00\"}")
}

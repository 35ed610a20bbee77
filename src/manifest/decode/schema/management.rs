//! `management`.

use super::super::management::{LIMITS, MANAGEMENT, PRUNE, PRUNES};
use super::{keys, names, words};
use crate::model::management::Limits;
use crate::schema::{Property, Schema, optional};

pub(super) fn management() -> Schema {
    let prunes = |name, says: &'static str| -> Property { optional(name, words(PRUNES).or_null("never").says(says)) };
    let prune = keys(
        &PRUNE,
        vec![
            prunes("groups", "Groups whose whole subtree nothing declares and no approval entry or rule names."),
            prunes("memberships", "Computers in declared groups with `computers` that nothing declares there."),
            prunes("approvals", "Approvals that people made and nothing declares."),
            prunes("automaticApprovals", "Approvals that WSUS itself made and nothing declares."),
            prunes("declines", "Declines that nothing declares."),
            prunes("rules", "Automatic approval rules that nothing declares."),
            prunes(
                "downstreamServers",
                "Entries of downstream servers that a newer entry of the same name replaces, declared or not. Needs \
                 downstreamServersOlderThan.",
            ),
            optional(
                "downstreamServersOlderThan",
                Schema::reference("age")
                    .says("How long nothing was heard of such an entry before it is deleted. Needs downstreamServers.")
                    .example("90d"),
            ),
        ],
    );
    let defaults = Limits::default();
    let limits = keys(
        &LIMITS,
        vec![
            optional(
                "deletePercent",
                Schema::number(0, 100)
                    .or_null(defaults.delete_percent)
                    .says("A plan that deletes more of a kind's objects than this share needs --allow KIND.delete=N%."),
            ),
            optional(
                "modifyPercent",
                Schema::number(0, 100)
                    .or_null(defaults.modify_percent)
                    .says("A plan that changes more of a kind's objects than this share needs --allow KIND.modify=N%."),
            ),
            optional(
                "minimum",
                Schema::number(0, u32::MAX)
                    .or_null(defaults.minimum)
                    .says("The limits hold from this many existing objects of a kind on."),
            ),
        ],
    );
    let section = keys(
        &MANAGEMENT,
        vec![
            optional(
                "prune",
                Schema::from(prune).says(
                    "What happens to objects that nothing declares: `never` leaves them, `always` plans their deletion, \
                     `confirm` plans it and asks (without a terminal it needs --allow KIND.delete). Pruning a kind to nothing \
                     needs --allow empty.",
                )
                .example("{groups: confirm, memberships: always}"),
            ),
            optional(
                "limits",
                Schema::from(limits)
                    .says("How much a plan may change without a permission of its own.")
                    .example("{deletePercent: 30, modifyPercent: 30, minimum: 10}"),
            ),
            optional(
                "ignore",
                names()
                    .says("Patterns over printed addresses: hidden from diff, pruning and limits.")
                    .example("['group[\"Kiosk *\"]']"),
            ),
        ],
    );
    Schema::from(section).title("Management").says("What wsusctl may do with what is not declared.")
}

//! `groups`.

use super::super::groups::GROUP;
use super::{keys, names};
use crate::schema::{Schema, optional, required};

pub(super) fn groups() -> Schema {
    Schema::list(Schema::reference("group"))
        .title("Computer groups")
        .says(
            "Computer groups at the top, directly under All Computers. Groups that are not named are left alone, children of \
             named groups included. WSUS can neither rename nor move a group: one that exists under another parent is \
             unsupported.",
        )
        .example("[{name: Workstations, groups: [{name: Ring 0 - IT, computers: [pc-001.contoso.com]}]}, {name: Servers}]")
}

pub(super) fn group() -> Schema {
    let group = keys(
        &GROUP,
        vec![
            required(
                "name",
                Schema::name()
                    .says("The group's name, unique on the server whatever its case and the spaces at its end.")
                    .example("Ring 1 - Pilot"),
            ),
            optional("groups", Schema::list(Schema::reference("group")).says("The groups below it.").example("[{name: Ring 0 - IT}]")),
            optional(
                "computers",
                names()
                    .unique()
                    .says(
                        "Computers that belong to it: full names or patterns (* any run, ? one character). A computer that \
                         declared groups name or match belongs, of the declared groups, to exactly those; an exact name goes \
                         before a pattern.",
                    )
                    .example("[\"pilot-*.contoso.com\", pc-007.contoso.com]"),
            ),
            optional(
                "except",
                names().unique().says("Computers that the patterns of `computers` do not mean.").example("[\"pilot-9*.contoso.com\"]"),
            ),
            optional(
                "requireComputers",
                Schema::flag()
                    .or_null(false)
                    .says(
                        "Whether every name and pattern of `computers` has to find a computer of the server. One that finds \
                         none is then an error; otherwise it is pending.",
                    )
                    .example("true"),
            ),
        ],
    );
    Schema::from(group)
        .title("A computer group")
        .says("A computer group, which exists under the group that it is written under.")
        .example("{name: Ring 1 - Pilot, computers: [\"pilot-*.contoso.com\"], except: [\"pilot-9*.contoso.com\"]}")
}

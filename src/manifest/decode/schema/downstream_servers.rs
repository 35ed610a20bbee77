//! `downstreamServers`.

use super::super::downstream_servers::SERVER;
use super::keys;
use crate::schema::{Schema, optional, required};

pub(super) fn downstream_servers() -> Schema {
    let server = keys(
        &SERVER,
        vec![
            required("name", Schema::name().says("The full domain name.").example("branch01.contoso.com")),
            optional(
                "mode",
                Schema::words(["replica", "autonomous"]).says("Whether it takes approvals from this server."),
            ),
            optional(
                "maxSyncAge",
                Schema::reference("age").says("How long ago it may have synchronised last.").example("2d"),
            ),
        ],
    );
    Schema::list(Schema::from(server).says("A server that synchronises from this one."))
        .title("Downstream servers")
        .says(
            "Servers that synchronise from this one. How they are set up cannot be changed from here: a server that is missing, in \
             another mode or too old is a finding of the plan, with the command to run on that server.",
        )
        .example("[{name: branch01.contoso.com, mode: replica, maxSyncAge: 2d}]")
}

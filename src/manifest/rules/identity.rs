//! The server's id and the one that it replaces.

use crate::diagnostic::Diagnostic;

use super::super::document::Document;
use super::super::problems::Problems;

/// Refuses an id that replaces itself, and one that means none.
pub(super) fn check(document: &Document, problems: &mut Problems) {
    let Some(identity) = &document.identity else { return };
    let Some(replaces) = identity.replaces else { return };
    if replaces.value == identity.server_id.value {
        problems.push(
            Diagnostic::error("replaces-itself", "a server id that replaces itself")
                .detail("`serverId` is the id that the server gets, and `replaces` the one that it has until then")
                .at(replaces.origin, "the same id")
                .and(identity.server_id.origin, "as here")
                .help("remove `replaces`, or write a new id into `serverId`"),
        );
    } else if identity.server_id.value.is_nil() {
        problems.push(
            Diagnostic::error("nil-server-id", "a server id of zeros")
                .detail("WSUS writes it where it means no server")
                .at(identity.server_id.origin, "")
                .help("draw a new one, as with `uuidgen` or PowerShell's `New-Guid`"),
        );
    }
}

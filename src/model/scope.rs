//! What of a server has to be read for a manifest.

use std::collections::BTreeSet;

use uuid::Uuid;

/// What has to be read. Groups, settings, totals and procedure signatures are always read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadScope {
    /// Computers and their explicit group memberships.
    pub computers: bool,
    /// Updates by id, with their deployments.
    pub update_ids: BTreeSet<Uuid>,
    /// Updates by knowledge-base article (digits only), with their deployments.
    pub kbs: BTreeSet<String>,
    /// Every update that has an approval (action 0, 1 or 3 of a computer group), with its deployments.
    pub approved_updates: bool,
    /// Every declined update, with its deployments.
    pub declined_updates: bool,
}

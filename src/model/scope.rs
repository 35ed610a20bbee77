//! What of a server has to be read for a manifest.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::category::CategoryReference;
use super::name::fold;
use super::snapshot::{TITLED_ARTICLES_MAX, TargetGroup, Update};

/// What has to be read. Groups, the server's own facts, totals and procedure signatures are always read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadScope {
    /// The settings.
    pub settings: bool,
    /// Automatic approval rules.
    pub rules: bool,
    /// Downstream servers.
    pub downstream_servers: bool,
    /// What is synchronised and when, and all categories.
    pub synchronization: bool,
    /// Mails and who gets them.
    pub notifications: bool,
    /// Database roles and principals.
    pub database_roles: bool,
    /// Computers and their explicit group memberships.
    pub computers: bool,
    /// The approvals of all groups but those with these names, folded: of those that may be deleted.
    pub approvals_of_groups_but: Option<BTreeSet<String>>,
    /// Updates by id, with their deployments.
    pub update_ids: BTreeSet<Uuid>,
    /// Updates by knowledge-base article (digits only), with their deployments. Where the server has none of one, the
    /// numbers of all its articles, too, to find what was meant.
    pub kbs: BTreeSet<String>,
    /// Likewise those that selectors list, where an article without updates is no error.
    pub selector_kbs: BTreeSet<String>,
    /// Every update that has an approval (action 0, 1 or 3 of a computer group), with its deployments.
    pub approved_updates: bool,
    /// Every declined update, with its deployments.
    pub declined_updates: bool,
    /// Updates by conditions, with their deployments: at least those that the selectors of a manifest mean.
    pub selections: Vec<UpdateSelection>,
    /// Every update with all that is known about it, the parts of bundles included, and the numbers of all articles.
    pub every_update: bool,
}

impl ReadScope {
    /// The articles that entries name and none of these updates has: as many as are looked for in titles.
    pub fn articles_without<'s>(
        &'s self,
        updates: impl IntoIterator<Item = &'s Update>,
    ) -> impl Iterator<Item = &'s String> {
        let found: BTreeSet<&String> = updates.into_iter().flat_map(|update| &update.kbs).collect();
        self.kbs.iter().filter(move |kb| !found.contains(kb)).take(TITLED_ARTICLES_MAX)
    }

    /// Everything that any manifest may ask for.
    #[must_use]
    pub fn whole() -> Self {
        Self {
            settings: true,
            rules: true,
            downstream_servers: true,
            synchronization: true,
            notifications: true,
            database_roles: true,
            computers: true,
            // Every approval is read with its update.
            approvals_of_groups_but: None,
            update_ids: BTreeSet::new(),
            kbs: BTreeSet::new(),
            selector_kbs: BTreeSet::new(),
            approved_updates: true,
            declined_updates: true,
            selections: Vec::new(),
            every_update: true,
        }
    }

    /// Whether it wants to know what supersedes updates: selectors do, and entries that name one tell of it.
    #[must_use]
    pub fn tells_superseding(&self) -> bool {
        self.every_update
            || !self.selections.is_empty()
            || !self.update_ids.is_empty()
            || !self.kbs.is_empty()
            || !self.selector_kbs.is_empty()
    }

    /// The groups whose approvals it asks for one by one.
    pub fn groups_with_approvals<'a>(
        &'a self,
        groups: impl Iterator<Item = &'a TargetGroup>,
    ) -> impl Iterator<Item = &'a TargetGroup> {
        let but = self.approvals_of_groups_but.as_ref();
        groups.filter(move |group| !group.builtin && but.is_some_and(|but| !but.contains(&fold(&group.name))))
    }

    /// Whether it asks for any update.
    #[must_use]
    pub fn asks_for_updates(&self) -> bool {
        self.every_update
            || self.approved_updates
            || self.declined_updates
            || !self.update_ids.is_empty()
            || !self.kbs.is_empty()
            || !self.selector_kbs.is_empty()
            || !self.selections.is_empty()
    }
}

/// Conditions that choose deployable updates. A read may bring more than they say, never less: who declared them looks
/// again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct UpdateSelection {
    /// In one of these classifications; none for any.
    pub classifications: Option<BTreeSet<CategoryReference>>,
    /// Of one of these products; none for any.
    pub products: Option<BTreeSet<CategoryReference>>,
    /// Of one of these articles (digits only); none for any.
    pub kbs: Option<BTreeSet<String>>,
    /// Received by the server at this time or later.
    pub arrived_from: Option<DateTime<Utc>>,
    /// Received by the server before this time.
    pub arrived_until: Option<DateTime<Utc>>,
    /// Created by the publisher at this time or later.
    pub created_from: Option<DateTime<Utc>>,
    /// Created by the publisher before this time.
    pub created_until: Option<DateTime<Utc>>,
    /// Superseded by the latest revision of another update, or not; none for either.
    pub superseded: Option<bool>,
    /// Expired, or not; none for either.
    pub expired: Option<bool>,
    /// Declined, or not; none for either.
    pub declined: Option<bool>,
    /// Only updates with an approval (action 0, 1 or 3 of a computer group).
    pub approved: bool,
    /// Read how many computers need each update, too.
    pub needed_by: bool,
    /// Read the updates that supersede those found, too, with their deployments.
    pub superseding: bool,
}

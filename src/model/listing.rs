//! What a server has, as lists for people who write manifests.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::address::Address;
use super::snapshot::{Deployment, Update};

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Noun {
    /// Computer groups.
    Groups,
    /// Computers.
    Computers,
    /// Updates that can be approved or declined.
    Updates,
    /// Products.
    Products,
    /// Product families.
    Families,
    /// Classifications.
    Classifications,
    /// Approvals.
    Approvals,
    /// Declined updates.
    Declines,
    /// Automatic approval rules.
    Rules,
    /// Downstream servers.
    DownstreamServers,
}

impl Noun {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Groups,
        Self::Computers,
        Self::Updates,
        Self::Products,
        Self::Families,
        Self::Classifications,
        Self::Approvals,
        Self::Declines,
        Self::Rules,
        Self::DownstreamServers,
    ];

    /// The word for it on the command line and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Groups => "groups",
            Self::Computers => "computers",
            Self::Updates => "updates",
            Self::Products => "products",
            Self::Families => "families",
            Self::Classifications => "classifications",
            Self::Approvals => "approvals",
            Self::Declines => "declines",
            Self::Rules => "rules",
            Self::DownstreamServers => "downstreamServers",
        }
    }

    /// The noun with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|noun| noun.as_str() == word)
    }
}

/// A computer group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedGroup {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The names of the groups above it, from the top, without All Computers.
    pub parents: Vec<String>,
    /// Whether WSUS made it.
    pub builtin: bool,
    /// Computers in it.
    pub computers: u64,
    /// Computers in it or in a group below it, each counted once.
    pub computers_below: u64,
    /// Updates with an approval (action 0, 1 or 3) for it.
    pub approvals: u64,
    /// Names of the computers that this server placed in it, sorted. Those that downstream servers report are left out.
    pub members: Vec<String>,
}

/// A computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedComputer {
    /// The client's own id.
    pub computer_id: String,
    /// Its full domain name.
    pub name: String,
    /// Its address, as it reported it.
    pub ip_address: Option<String>,
    /// Version of its system, as numbers: major, minor, build.
    pub os_version: Option<(i32, i32, i32)>,
    /// Names of the groups that it is in, sorted; Unassigned Computers where it is in none.
    pub groups: Vec<String>,
    /// When it reported last.
    pub reported_at: Option<DateTime<Utc>>,
    /// The downstream server that reports it; its id where the server's name is not known.
    pub downstream_server: Option<String>,
}

/// An update and its approvals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedUpdate {
    /// Its latest revision.
    pub update: Update,
    /// Titles of its classifications: usually one.
    pub classifications: Vec<String>,
    /// Titles of its products, sorted.
    pub products: Vec<String>,
    /// What people call the updates that supersede it: their articles, else their titles.
    pub superseded_by: Vec<String>,
    /// Its approvals (action 0, 1 or 3), of any revision.
    pub approvals: Vec<Deployment>,
}

/// An approval and its update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedApproval {
    /// The update's id.
    pub update: Uuid,
    /// Its articles, digits only.
    pub kbs: Vec<String>,
    /// Its title.
    pub title: String,
    /// The number of its latest revision.
    pub latest_revision: i32,
    /// Whether the update can be approved by itself: a manifest cannot name the parts of a bundle.
    pub deployable: bool,
    /// Name of the group; its id where the group is not known.
    pub group: String,
    /// The approval.
    pub approval: Deployment,
}

/// A product, a product family or a classification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedCategory {
    /// Its id.
    pub id: Uuid,
    /// Its title.
    pub title: String,
    /// Its titles in other languages.
    pub other_titles: Vec<String>,
    /// Titles of the product families above it, nearest first; none for a classification.
    pub families: Vec<String>,
    /// Products below it, at any depth: of a family.
    pub products: u64,
    /// Whether another one of its kind has this title: then only the id says which.
    pub ambiguous: bool,
    /// Updates of which the latest revision names it.
    pub updates: u64,
}

/// An automatic approval rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRule {
    /// Its number.
    pub id: i32,
    /// Its name.
    pub name: String,
    /// Whether it runs.
    pub enabled: bool,
    /// Titles of its classifications, sorted; empty for all.
    pub classifications: Vec<String>,
    /// Titles of its products, sorted; empty for all.
    pub products: Vec<String>,
    /// Names of its groups, sorted.
    pub groups: Vec<String>,
    /// Days and minutes after midnight of the deadline that it sets.
    pub deadline: Option<(i32, i32)>,
}

/// A downstream server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedDownstreamServer {
    /// Its account's name: its full domain name.
    pub name: String,
    /// Its own id, where it has told it.
    pub server_id: Option<Uuid>,
    /// Whether it is a replica; else it is autonomous.
    pub replica: bool,
    /// The downstream server above it; none where it is directly below this one.
    pub parent: Option<String>,
    /// When it synchronised last.
    pub synchronized_at: Option<DateTime<Utc>>,
    /// When it last rolled its computers' reports up.
    pub rolled_up_at: Option<DateTime<Utc>>,
    /// Its version.
    pub version: Option<String>,
    /// Downstream servers directly below it.
    pub below: u64,
    /// Computers that it reports.
    pub computers: u64,
}

impl ListedDownstreamServer {
    /// What it is called, as a server and as one of several entries of a name.
    pub fn addresses(&self) -> impl Iterator<Item = Address> {
        let entry = self.server_id.map(|server_id| Address::DownstreamEntry { name: self.name.clone(), server_id });
        std::iter::once(Address::Downstream(self.name.clone())).chain(entry)
    }

    /// Whether it is the server where two entries share a name: the one that was heard of last.
    #[must_use]
    pub fn is_newer_than(&self, other: &Self) -> bool {
        let order = |entry: &Self| (entry.seen_at(), entry.synchronized_at, entry.server_id);
        order(self) > order(other)
    }

    /// When this server heard of it last: from a synchronisation or from a rollup.
    #[must_use]
    pub fn seen_at(&self) -> Option<DateTime<Utc>> {
        self.synchronized_at.max(self.rolled_up_at)
    }
}

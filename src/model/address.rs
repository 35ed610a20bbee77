//! Addresses: stable names of everything that can be declared.

use std::fmt;

use uuid::Uuid;

/// The kinds of objects. An address's first word is its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The server's own id.
    Identity,
    /// A computer group.
    Group,
    /// The declared groups that a computer belongs to.
    Membership,
    /// What a group does with an update.
    Approval,
    /// A declined update.
    Decline,
    /// An automatic approval rule.
    Rule,
    /// A downstream server.
    Downstream,
    /// A setting of the server.
    Setting,
}

impl Kind {
    /// Every kind, in the order of reports.
    pub const ALL: [Self; 8] = [
        Self::Identity,
        Self::Setting,
        Self::Group,
        Self::Membership,
        Self::Approval,
        Self::Decline,
        Self::Rule,
        Self::Downstream,
    ];

    /// The first word of addresses of this kind.
    #[must_use]
    pub fn singular(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Group => "group",
            Self::Membership => "membership",
            Self::Approval => "approval",
            Self::Decline => "decline",
            Self::Rule => "rule",
            Self::Downstream => "downstream",
            Self::Setting => "setting",
        }
    }

    /// The word that `--allow`, `prune`, `limits` and summaries use.
    #[must_use]
    pub fn plural(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Group => "groups",
            Self::Membership => "memberships",
            Self::Approval => "approvals",
            Self::Decline => "declines",
            Self::Rule => "rules",
            Self::Downstream => "downstreamServers",
            Self::Setting => "settings",
        }
    }

    /// The kind with this plural.
    #[must_use]
    pub fn from_plural(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.plural() == word)
    }
}

/// The stable name of an object, printed the same everywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// `identity.serverId`
    ServerId,
    /// `logging.level`: a setting by its path in `spec`
    Setting(&'static str),
    /// `security.databaseUsers["CONTOSO\\WSUS01$"]`: a user of the database, by name
    DatabaseUser(String),
    /// `group["Ring 0 - IT"]`
    Group(String),
    /// `membership["pc-001.contoso.com"]`, by the computer's full name
    Membership(String),
    /// `approval["<update id>"]["Servers"]`
    Approval {
        /// The update.
        update: Uuid,
        /// The group's name.
        group: String,
    },
    /// `decline["<update id>"]`
    Decline(Uuid),
    /// `rule["Defender definitions"]`
    Rule(String),
    /// `downstream["branch01.contoso.com"]`
    Downstream(String),
    /// `downstream["branch01.contoso.com"]["<server id>"]`: one of several entries of a name
    DownstreamEntry {
        /// The server's name.
        name: String,
        /// The id that the entry has.
        server_id: Uuid,
    },
    /// A problem of an entry as a whole has the entry's own place in the manifest: `approvals[3]`, `declines[0]`.
    Entry {
        /// Approval, decline or downstream server.
        kind: Kind,
        /// Position in the manifest's list, from 0.
        index: usize,
    },
}

impl Address {
    /// The kind of the object.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::ServerId => Kind::Identity,
            Self::Setting(_) | Self::DatabaseUser(_) => Kind::Setting,
            Self::Group(_) => Kind::Group,
            Self::Membership(_) => Kind::Membership,
            Self::Approval { .. } => Kind::Approval,
            Self::Decline(_) => Kind::Decline,
            Self::Rule(_) => Kind::Rule,
            Self::Downstream(_) | Self::DownstreamEntry { .. } => Kind::Downstream,
            Self::Entry { kind, .. } => *kind,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServerId => f.write_str("identity.serverId"),
            Self::Setting(path) => f.write_str(path),
            Self::DatabaseUser(name) => write!(f, "security.databaseUsers[{}]", Quoted(name)),
            Self::Group(name) => write!(f, "group[{}]", Quoted(name)),
            Self::Membership(computer) => write!(f, "membership[{}]", Quoted(computer)),
            Self::Approval { update, group } => write!(f, "approval[\"{update}\"][{}]", Quoted(group)),
            Self::Decline(update) => write!(f, "decline[\"{update}\"]"),
            Self::Rule(name) => write!(f, "rule[{}]", Quoted(name)),
            Self::Downstream(name) => write!(f, "downstream[{}]", Quoted(name)),
            Self::DownstreamEntry { name, server_id } => write!(f, "downstream[{}][\"{server_id}\"]", Quoted(name)),
            Self::Entry { kind, index } => write!(f, "{}[{index}]", kind.plural()),
        }
    }
}

/// A text quoted as a JSON string.
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                c if u32::from(c) < 0x20 || c == '\u{7f}' => write!(f, "\\u{:04x}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Quoted};
    use uuid::Uuid;

    #[test]
    fn addresses_quote_names_as_json() {
        let address = Address::Approval { update: Uuid::nil(), group: "a \"b\"".into() };
        assert_eq!(address.to_string(), r#"approval["00000000-0000-0000-0000-000000000000"]["a \"b\""]"#);
        assert_eq!(Address::Group("Ring 0 - IT".into()).to_string(), r#"group["Ring 0 - IT"]"#);
    }

    #[test]
    fn control_characters_never_reach_a_terminal() {
        assert_eq!(Quoted("a\u{1b}[31m\n").to_string(), r#""a\u001b[31m\n""#);
    }
}

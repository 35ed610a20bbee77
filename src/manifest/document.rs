//! The manifest of `wsusctl/v1alpha1` as written: every value with its place, nothing defaulted.
//!
//! Where the model already keeps places (references to updates, connections), its types are used as they are. Absent and
//! null differ: null is allowed only where a default is stated, and means that default ([`Field`]); an `Option` is a key
//! that may be absent and must not be null.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use uuid::Uuid;

use crate::model::address::Kind;
use crate::model::approval::{ApprovalAction, Deadline};
use crate::model::attribute::Attribute;
use crate::model::category::CategoryReference;
use crate::model::connection::Connection;
use crate::model::desired::{DatabaseRoles, Synchronization, UpdateReference};
use crate::model::management::Prune;
use crate::model::notifications::MailKind;
use crate::model::origin::{Declared, Origin};
use crate::model::rule::RuleDeadline;
use crate::model::setting::Setting;

/// A scalar that has a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Field<T> {
    /// The key is not there.
    #[default]
    Absent,
    /// The key is there without a value: the default is meant.
    Null,
    /// A value.
    Value(Declared<T>),
}

impl<T> Field<T> {
    /// The value, or the default.
    pub(super) fn or(self, default: T) -> T {
        match self {
            Self::Absent | Self::Null => default,
            Self::Value(declared) => declared.value,
        }
    }
}

/// One YAML document.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) name: Declared<String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) connection: Option<Connection>,
    pub(super) identity: Option<Identity>,
    pub(super) settings: Settings,
    pub(super) synchronization: Synchronization,
    pub(super) notifications: Notifications,
    pub(super) groups: Vec<Group>,
    pub(super) approvals: Vec<Approval>,
    pub(super) declines: Vec<Decline>,
    pub(super) approval_rules: Vec<Rule>,
    pub(super) downstream_servers: Vec<DownstreamServer>,
    pub(super) management: Management,
    pub(super) origin: Origin,
}

/// `identity`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Identity {
    pub(super) server_id: Declared<Uuid>,
    pub(super) replaces: Option<Declared<Uuid>>,
}

/// The settings.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) scalars: Vec<DeclaredSetting>,
    pub(super) languages: Option<Declared<Languages>>,
    pub(super) content_path: Option<Declared<String>>,
    /// The place of the key, where a proxy's password is declared.
    pub(super) proxy_password: Option<Origin>,
    pub(super) database_roles: DatabaseRoles,
}

/// A setting of the model's table with its value, null already replaced by the default.
#[derive(Debug)]
pub(super) struct DeclaredSetting {
    pub(super) setting: &'static Setting,
    pub(super) value: Attribute,
    pub(super) origin: Origin,
}

/// `updateFiles.languages`.
#[derive(Debug)]
pub(super) enum Languages {
    /// `all`
    All,
    /// Short names.
    Some(Vec<Declared<String>>),
}

/// `notifications`.
#[derive(Debug, Default)]
pub(super) struct Notifications {
    pub(super) scalars: Vec<DeclaredSetting>,
    pub(super) recipients: Vec<Recipients>,
    /// The place of the key, where the mail server's password is declared.
    pub(super) smtp_password: Option<Origin>,
}

/// Who gets a mail.
#[derive(Debug)]
pub(super) struct Recipients {
    pub(super) kind: MailKind,
    pub(super) addresses: Vec<Declared<String>>,
    pub(super) origin: Origin,
}

/// An entry of `groups`.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: Declared<String>,
    pub(super) groups: Vec<Group>,
    pub(super) computers: Option<Declared<Vec<Declared<String>>>>,
    pub(super) except: Option<Declared<Vec<Declared<String>>>>,
    pub(super) require_computers: Field<bool>,
}

/// An entry of `approvals`. A part that could not be read has been reported.
#[derive(Debug)]
pub(super) struct Approval {
    pub(super) name: Option<Declared<String>>,
    /// Which updates: one reference, or those of a list.
    pub(super) updates: Vec<UpdateReference>,
    pub(super) groups: Vec<GroupEntry>,
    pub(super) accept_license: Field<bool>,
    pub(super) origin: Origin,
}

/// An entry of an approval's `groups`.
#[derive(Debug)]
pub(super) struct GroupEntry {
    pub(super) group: Declared<String>,
    pub(super) action: Option<Declared<ApprovalAction>>,
    pub(super) deadline: Field<Deadline>,
    pub(super) optional: Field<bool>,
}

/// An entry of `declines`.
#[derive(Debug)]
pub(super) struct Decline {
    pub(super) update: Option<UpdateReference>,
    pub(super) origin: Origin,
}

/// An entry of `approvalRules`.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: Declared<String>,
    pub(super) enabled: Option<Declared<bool>>,
    pub(super) classifications: Option<Vec<Declared<CategoryReference>>>,
    pub(super) products: Option<Vec<Declared<CategoryReference>>>,
    pub(super) groups: Option<Declared<Vec<Declared<String>>>>,
    pub(super) deadline: Option<RuleDeadline>,
}

/// An entry of `downstreamServers`.
#[derive(Debug)]
pub(super) struct DownstreamServer {
    pub(super) name: Declared<String>,
    pub(super) replica: Option<bool>,
    pub(super) max_sync_age: Option<TimeDelta>,
}

/// `management`.
#[derive(Debug, Default)]
pub(super) struct Management {
    pub(super) prune: BTreeMap<Kind, Field<Prune>>,
    pub(super) prune_automatic_approvals: Field<Prune>,
    pub(super) downstream_servers_age: Option<TimeDelta>,
    pub(super) delete_percent: Field<u8>,
    pub(super) modify_percent: Field<u8>,
    pub(super) minimum: Field<u32>,
    pub(super) ignore: Vec<Declared<String>>,
}

//! Updates and their approvals.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::is_default;
use crate::model::selector::{Severity, UpdateType};
use crate::model::snapshot::{Deployment, License, Reboot, Update};
use crate::saved::text::{Id, Time};

/// An update. What most updates have alike is left out.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::saved) struct UpdateWire {
    id: Id,
    title: String,
    #[serde(default, skip_serializing_if = "is_default")]
    kbs: Vec<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    categories: Vec<Id>,
    revision: i32,
    #[serde(default, skip_serializing_if = "is_default")]
    declined: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    reinstated_at: Option<Time>,
    #[serde(default, skip_serializing_if = "is_default")]
    expired: bool,
    /// Whether it cannot be approved by itself.
    #[serde(default, skip_serializing_if = "is_default")]
    part: bool,
    /// Whether it cannot be installed.
    #[serde(default, skip_serializing_if = "is_default")]
    not_installable: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    install_asks: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    can_uninstall: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    uninstall_asks: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    license: Option<LicenseWire>,
    #[serde(default, skip_serializing_if = "is_default")]
    severity: SeverityWire,
    #[serde(default, skip_serializing_if = "is_default", rename = "type")]
    update_type: UpdateTypeWire,
    arrived_at: Time,
    created_at: Time,
    #[serde(default, skip_serializing_if = "is_default")]
    superseded_by: Vec<Id>,
    #[serde(default, skip_serializing_if = "is_default")]
    needed_by: Option<u32>,
    #[serde(default, skip_serializing_if = "is_default")]
    reboot: RebootWire,
    /// Bytes of its files; not a part of the update, but one number for each.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(in crate::saved) bytes: Option<u64>,
    /// How many updates it bundles, likewise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(in crate::saved) parts: Option<u64>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum LicenseWire {
    Accepted(Id),
    Pending(Id),
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum SeverityWire {
    #[default]
    Unspecified,
    Low,
    Moderate,
    Important,
    Critical,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum UpdateTypeWire {
    #[default]
    Software,
    SoftwareApplication,
    Driver,
    DriverSet,
    Other,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum RebootWire {
    #[default]
    Unknown,
    Never,
    Always,
    Possible,
}

/// An approval of an update.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::saved) struct ApprovalWire {
    pub(in crate::saved) update: Id,
    id: Id,
    revision: i32,
    group: Id,
    action: i32,
    #[serde(default, skip_serializing_if = "is_default")]
    deadline: Option<Time>,
    assigned: bool,
    admin_name: String,
    deployed_at: Time,
    #[serde(default, skip_serializing_if = "is_default")]
    pending: bool,
}

impl UpdateWire {
    /// An update with the size of its files and the number of those that it bundles.
    pub(in crate::saved) fn new(update: &Update, bytes: Option<u64>, parts: Option<u64>) -> Self {
        let Update {
            id,
            title,
            kbs,
            categories,
            revision,
            declined,
            reinstated_at,
            expired,
            deployable,
            can_install,
            install_asks,
            can_uninstall,
            uninstall_asks,
            license,
            severity,
            update_type,
            arrived_at,
            created_at,
            superseded_by,
            needed_by,
            reboot,
        } = update;
        Self {
            id: Id(*id),
            title: title.clone(),
            kbs: kbs.clone(),
            categories: categories.iter().copied().map(Id).collect(),
            revision: *revision,
            declined: *declined,
            reinstated_at: reinstated_at.map(Time),
            expired: *expired,
            part: !*deployable,
            not_installable: !*can_install,
            install_asks: *install_asks,
            can_uninstall: *can_uninstall,
            uninstall_asks: *uninstall_asks,
            license: match license {
                License::None => None,
                License::Accepted(id) => Some(LicenseWire::Accepted(Id(*id))),
                License::Pending(id) => Some(LicenseWire::Pending(Id(*id))),
            },
            severity: (*severity).into(),
            update_type: (*update_type).into(),
            arrived_at: Time(*arrived_at),
            created_at: Time(*created_at),
            superseded_by: superseded_by.iter().copied().map(Id).collect(),
            needed_by: *needed_by,
            reboot: (*reboot).into(),
            bytes,
            parts,
        }
    }
}

impl From<UpdateWire> for Update {
    fn from(wire: UpdateWire) -> Self {
        let UpdateWire {
            id,
            title,
            kbs,
            categories,
            revision,
            declined,
            reinstated_at,
            expired,
            part,
            not_installable,
            install_asks,
            can_uninstall,
            uninstall_asks,
            license,
            severity,
            update_type,
            arrived_at,
            created_at,
            superseded_by,
            needed_by,
            reboot,
            bytes: _,
            parts: _,
        } = wire;
        let ids = |ids: Vec<Id>| ids.into_iter().map(|Id(id)| id).collect::<Vec<Uuid>>();
        Self {
            id: id.0,
            title,
            kbs,
            categories: ids(categories),
            revision,
            declined,
            reinstated_at: reinstated_at.map(|Time(time)| time),
            expired,
            deployable: !part,
            can_install: !not_installable,
            install_asks,
            can_uninstall,
            uninstall_asks,
            license: match license {
                None => License::None,
                Some(LicenseWire::Accepted(Id(id))) => License::Accepted(id),
                Some(LicenseWire::Pending(Id(id))) => License::Pending(id),
            },
            severity: severity.into(),
            update_type: update_type.into(),
            arrived_at: arrived_at.0,
            created_at: created_at.0,
            superseded_by: ids(superseded_by),
            needed_by,
            reboot: reboot.into(),
        }
    }
}

impl ApprovalWire {
    /// An approval of an update.
    pub(in crate::saved) fn new(update: Uuid, deployment: &Deployment) -> Self {
        let Deployment { id, revision, group, action, deadline, assigned, admin_name, deployed_at, pending } =
            deployment;
        Self {
            update: Id(update),
            id: Id(*id),
            revision: *revision,
            group: Id(*group),
            action: *action,
            deadline: deadline.map(Time),
            assigned: *assigned,
            admin_name: admin_name.clone(),
            deployed_at: Time(*deployed_at),
            pending: *pending,
        }
    }
}

impl From<ApprovalWire> for Deployment {
    fn from(wire: ApprovalWire) -> Self {
        let ApprovalWire {
            update: _,
            id,
            revision,
            group,
            action,
            deadline,
            assigned,
            admin_name,
            deployed_at,
            pending,
        } = wire;
        Self {
            id: id.0,
            revision,
            group: group.0,
            action,
            deadline: deadline.map(|Time(time)| time),
            assigned,
            admin_name,
            deployed_at: deployed_at.0,
            pending,
        }
    }
}

/// The words of an enum of the model, both ways.
macro_rules! words {
    ($model:ident, $wire:ident: $($word:ident),+) => {
        impl From<$model> for $wire {
            fn from(value: $model) -> Self {
                match value {
                    $($model::$word => Self::$word),+
                }
            }
        }

        impl From<$wire> for $model {
            fn from(value: $wire) -> Self {
                match value {
                    $($wire::$word => Self::$word),+
                }
            }
        }
    };
}

words!(Severity, SeverityWire: Unspecified, Low, Moderate, Important, Critical);
words!(UpdateType, UpdateTypeWire: Software, SoftwareApplication, Driver, DriverSet, Other);
words!(Reboot, RebootWire: Unknown, Never, Always, Possible);

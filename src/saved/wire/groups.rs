//! Groups, computers, and which are in which.

use serde::{Deserialize, Serialize};

use super::is_default;
use crate::model::snapshot::{Computer, TargetGroup};
use crate::saved::text::Id;

/// A group.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::saved) struct GroupWire {
    id: Id,
    name: String,
    #[serde(default, skip_serializing_if = "is_default")]
    parent: Option<Id>,
    #[serde(default, skip_serializing_if = "is_default")]
    builtin: bool,
}

/// A computer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::saved) struct ComputerWire {
    target_id: i32,
    computer_id: String,
    name: String,
    #[serde(default, skip_serializing_if = "is_default")]
    from_downstream: bool,
}

/// An explicit membership.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::saved) struct MembershipWire {
    pub(in crate::saved) group: Id,
    pub(in crate::saved) computer: i32,
}

/// A name that computers ask for and no group has.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::saved) struct RequestedGroupWire {
    pub(in crate::saved) name: String,
    pub(in crate::saved) computers: u32,
}

impl From<&TargetGroup> for GroupWire {
    fn from(group: &TargetGroup) -> Self {
        let TargetGroup { id, name, parent, builtin } = group;
        Self { id: Id(*id), name: name.clone(), parent: parent.map(Id), builtin: *builtin }
    }
}

impl From<GroupWire> for TargetGroup {
    fn from(wire: GroupWire) -> Self {
        let GroupWire { id, name, parent, builtin } = wire;
        Self { id: id.0, name, parent: parent.map(|Id(id)| id), builtin }
    }
}

impl From<&Computer> for ComputerWire {
    fn from(computer: &Computer) -> Self {
        let Computer { target_id, computer_id, name, from_downstream } = computer;
        Self {
            target_id: *target_id,
            computer_id: computer_id.clone(),
            name: name.clone(),
            from_downstream: *from_downstream,
        }
    }
}

impl From<ComputerWire> for Computer {
    fn from(wire: ComputerWire) -> Self {
        let ComputerWire { target_id, computer_id, name, from_downstream } = wire;
        Self { target_id, computer_id, name, from_downstream }
    }
}

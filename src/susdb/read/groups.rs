//! Computer groups.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::catalogue::GROUPS;
use super::{ReadError, rows};
use crate::model::snapshot::TargetGroup;
use crate::susdb::session::Session;

/// Reads the groups of computers (type 0), the built-in ones included.
///
/// Source: tbTargetGroup: Intensive-Self-Service-Portal (grade A); type 0 is Computers: two WSUS maintenance scripts
/// (grade A).
pub(super) async fn read(session: &mut Session) -> Result<BTreeMap<Uuid, TargetGroup>, ReadError> {
    let groups = rows(session, &GROUPS, |row| {
        Ok(TargetGroup {
            id: row.guid("TargetGroupID")?,
            name: row.text("Name")?,
            parent: row.guid_or_null("ParentGroupID")?,
            builtin: row.bit("IsBuiltin")?,
        })
    });
    Ok(groups.await?.into_iter().map(|group| (group.id, group)).collect())
}

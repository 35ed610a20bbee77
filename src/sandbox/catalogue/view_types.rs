//! The types of computed columns of PUBLIC_VIEWS, about which SQLite can only say what kind of value they hold.
//!
//! Source: kbupdate-library's scripted `PUBLIC_VIEWS.vUpdate`, SharpWSUS and WSUSAdminAssistant queries (grade A); lengths
//! of the others follow the base columns they are computed from (grade B).

use crate::sandbox::sql::declared;
use crate::sandbox::value::SqlType;

const TYPES: &[(&str, &str, &str)] = &[
    ("vUpdate", "UpdateId", "uniqueidentifier"),
    ("vUpdate", "RevisionNumber", "int"),
    ("vUpdate", "DefaultTitle", "nvarchar(200)"),
    ("vUpdate", "DefaultDescription", "nvarchar(1500)"),
    ("vUpdate", "ClassificationId", "uniqueidentifier"),
    ("vUpdate", "ArrivalDate", "datetime"),
    ("vUpdate", "CreationDate", "datetime"),
    ("vUpdate", "IsDeclined", "bit"),
    ("vUpdate", "IsWsusInfrastructureUpdate", "bit"),
    ("vUpdate", "MsrcSeverity", "nvarchar(20)"),
    ("vUpdate", "PublicationState", "nvarchar(9)"),
    ("vUpdate", "UpdateType", "nvarchar(256)"),
    ("vUpdate", "UpdateSource", "nvarchar(15)"),
    ("vUpdate", "KnowledgebaseArticle", "nvarchar(15)"),
    ("vUpdate", "SecurityBulletin", "nvarchar(15)"),
    ("vUpdate", "InstallationCanRequestUserInput", "bit"),
    ("vUpdate", "InstallationRequiresNetworkConnectivity", "bit"),
    ("vUpdate", "InstallationImpact", "nvarchar(25)"),
    ("vUpdate", "InstallationRebootBehavior", "nvarchar(20)"),
    ("vComputerTarget", "ParentServerId", "uniqueidentifier"),
    ("vComputerTarget", "OSMajorVersion", "int"),
    ("vComputerTarget", "OSMinorVersion", "int"),
    ("vComputerTarget", "OSBuildNumber", "int"),
    ("vComputerTarget", "OSServicePackMajorNumber", "int"),
    ("vComputerTarget", "LastSyncResult", "int"),
    ("vComputerTarget", "LastSyncTime", "datetime"),
    ("vComputerTarget", "LastReportedStatusTime", "datetime"),
    ("vComputerTarget", "LastReportedInventoryTime", "datetime"),
    ("vComputerTarget", "BiosReleaseDate", "datetime"),
    ("vComputerTargetGroup", "ComputerTargetGroupId", "uniqueidentifier"),
    ("vComputerGroupMembership", "ComputerTargetGroupId", "uniqueidentifier"),
    ("vComputerGroupMembership", "IsExplicitMember", "bit"),
    ("vUpdateApproval", "UpdateApprovalId", "uniqueidentifier"),
    ("vUpdateApproval", "UpdateId", "uniqueidentifier"),
    ("vUpdateApproval", "ComputerTargetGroupId", "uniqueidentifier"),
    ("vUpdateApproval", "Action", "nvarchar(15)"),
    ("vUpdateApproval", "CreationDate", "datetime"),
    ("vUpdateApproval", "Deadline", "datetime"),
    ("vUpdateApproval", "IsOptional", "bit"),
    ("vUpdateEffectiveApprovalPerComputer", "UpdateId", "uniqueidentifier"),
    ("vUpdateEffectiveApprovalPerComputer", "UpdateApprovalId", "uniqueidentifier"),
    ("vUpdateInstallationInfo", "UpdateId", "uniqueidentifier"),
    ("vUpdateInstallationInfo", "State", "int"),
    ("vUpdateInstallationInfoBasic", "UpdateId", "uniqueidentifier"),
    ("vUpdateInstallationInfoBasic", "State", "int"),
    ("vClassification", "ClassificationId", "uniqueidentifier"),
    ("vCategory", "CategoryId", "uniqueidentifier"),
    ("vCategory", "ParentCategoryId", "uniqueidentifier"),
    ("vUpdateInCategory", "UpdateId", "uniqueidentifier"),
    ("vUpdateInCategory", "CategoryId", "uniqueidentifier"),
];

/// The type of a computed column of a stored view, such as `PUBLIC_VIEWS.vUpdate`.
pub(super) fn of(stored: &str, column: &str) -> Option<SqlType> {
    let (_, view) = stored.split_once('.')?;
    let found =
        TYPES.iter().find(|(owner, name, _)| owner.eq_ignore_ascii_case(view) && name.eq_ignore_ascii_case(column))?;
    declared::parse(found.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_can_be_read() {
        for (view, column, _) in TYPES {
            assert!(of(&format!("PUBLIC_VIEWS.{view}"), column).is_some(), "{view}.{column}");
        }
        assert_eq!(of("vUpdate", "UpdateId"), None);
    }
}

//! The SELECTs of lists.

use crate::susdb::read::catalogue::{Select, select};

pub(in crate::susdb::read) const LIST_UPDATES: Select = select!(
    "list.updates",
    "SELECT u.LocalUpdateID, u.UpdateID, p.ReceivedFromCreatorService, p.ExplicitlyDeployable"
    "FROM dbo.tbUpdate u"
    "INNER JOIN dbo.tbRevision r ON r.LocalUpdateID = u.LocalUpdateID"
    "INNER JOIN dbo.tbProperty p ON p.RevisionID = r.RevisionID"
    "WHERE r.IsLatestRevision = 1 AND {scope}"
);

pub(in crate::susdb::read) const LIST_COMPUTERS: Select = select!(
    "list.computers",
    "SELECT ComputerTargetId, Name, ParentServerId, IPAddress, OSMajorVersion, OSMinorVersion, OSBuildNumber,"
    "    LastReportedStatusTime"
    "FROM PUBLIC_VIEWS.vComputerTarget"
);

pub(in crate::susdb::read) const LIST_CATEGORY_UPDATES: Select = select!(
    "list.category-updates",
    "SELECT i.CategoryID, COUNT(*) AS Updates"
    "FROM dbo.tbRevisionInCategory i"
    "INNER JOIN dbo.tbRevision r ON r.RevisionID = i.RevisionID"
    "WHERE r.IsLatestRevision = 1"
    "GROUP BY i.CategoryID"
);

pub(in crate::susdb::read) const LIST_RULES: Select = select!(
    "list.rules",
    "SELECT ID, Enabled, Name, DateOffset, MinutesAfterMidnight"
    "FROM dbo.tbAutoDeploymentRule"
);

pub(in crate::susdb::read) const LIST_RULE_CLASSIFICATIONS: Select = select!(
    "list.rule-classifications",
    "SELECT AutoDeploymentRuleID, UpdateClassificationID AS CategoryID"
    "FROM dbo.tbUpdateClassificationInAutoDeploymentRule"
);

pub(in crate::susdb::read) const LIST_RULE_CATEGORIES: Select = select!(
    "list.rule-categories",
    "SELECT AutoDeploymentRuleID, CategoryID"
    "FROM dbo.tbCategoryInAutoDeploymentRule"
);

pub(in crate::susdb::read) const LIST_RULE_GROUPS: Select = select!(
    "list.rule-groups",
    "SELECT AutoDeploymentRuleID, TargetGroupID"
    "FROM dbo.tbTargetGroupInAutoDeploymentRule"
);

pub(in crate::susdb::read) const LIST_DOWNSTREAM_COMPUTERS: Select = select!(
    "list.downstream-computers",
    "SELECT ParentServerId, COUNT(*) AS Computers"
    "FROM PUBLIC_VIEWS.vComputerTarget"
    "WHERE ParentServerId IS NOT NULL"
    "GROUP BY ParentServerId"
);

pub(in crate::susdb::read) const LIST_DOWNSTREAM_SERVERS: Select = select!(
    "list.downstream-servers",
    "SELECT TargetID, AccountName, AccountServerID, LastSyncTime, RollupLastSyncTime, LastRollupTime,"
    "    ParentServerTargetID, Version, IsReplica"
    "FROM dbo.tbDownstreamServerTarget"
);

//! Every SELECT that wsusctl runs. Each begins with its name, so that it is known in a profiler.
//!
//! Plain joins, IN lists, EXISTS and counts only: the Windows Internal Database of 2012 has to understand them. `{list}` and
//! `{groups}` stand for placeholders and `{scope}` for the fixed fragments of `conditions`; nothing else is ever put into a text.

use super::conditions;
use super::listing::selects::{
    LIST_CATEGORY_UPDATES, LIST_COMPUTERS, LIST_DOWNSTREAM_SERVERS, LIST_RULE_CATEGORIES, LIST_RULE_CLASSIFICATIONS,
    LIST_RULE_GROUPS, LIST_RULES, LIST_UPDATES,
};

/// A SELECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Select {
    /// Its name: noun and verb.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! select {
    ($name:literal, $($line:literal)+) => {
        Select { name: $name, text: concat!("/* wsusctl: ", $name, " */", $("\n", $line),+) }
    };
}

pub(super) use select;

/// Fills in the placeholders of a list.
pub(super) fn with_list(text: &str, count: usize) -> String {
    text.replace("{list}", &placeholders(1, count))
}

/// Fills in the placeholders of a list and of the list of groups behind it.
pub(super) fn with_lists(text: &str, count: usize, groups: usize) -> String {
    with_list(text, count).replace("{groups}", &placeholders(count + 1, groups))
}

/// Placeholders with numbers from the first on.
pub(super) fn placeholders(first: usize, count: usize) -> String {
    let mut list = String::with_capacity(count * "@P1000, ".len());
    for number in first..first + count {
        list.push_str(if number == first { "@P" } else { ", @P" });
        list.push_str(&number.to_string());
    }
    list
}

pub(super) const SERVER_ID: Select = select!("server.id", "SELECT ServerID FROM dbo.tbConfigurationA");

pub(super) const SERVER_PLACE: Select = select!(
    "server.place",
    "SELECT ServerID, CAST(SERVERPROPERTY('ServerName') AS nvarchar(256)) AS Instance, DB_NAME() AS DatabaseName"
    "FROM dbo.tbConfigurationA"
);

pub(super) const CLOCK: Select = select!("server.clock", "SELECT GETUTCDATE() AS Now");

pub(super) const LOOK: Select = select!(
    "server.look",
    "SELECT GETUTCDATE() AS Now, a.ServerID, a.ServerTargeting, c.ReplicaMode"
    "FROM dbo.tbConfigurationA a CROSS JOIN dbo.tbConfigurationC c"
);

pub(super) const SERVER_VERSION: Select = select!("server.version", "SELECT @@VERSION AS Version");

pub(super) const SERVER_LOGIN: Select = select!("server.login", "SELECT SUSER_SNAME() AS Login");

pub(super) const SERVER_FACTS: Select = select!(
    "server.read",
    "SELECT a.ServerID, a.SyncToMU, a.ServerTargeting, b.AutoRefreshDeployments, c.ReplicaMode,"
    "    GETDATE() AS LocalNow, GETUTCDATE() AS Now"
    "FROM dbo.tbConfigurationA a CROSS JOIN dbo.tbConfigurationB b CROSS JOIN dbo.tbConfigurationC c"
);

pub(super) const ARTICLES: Select =
    select!("updates.articles", "SELECT DISTINCT KBArticleID" "FROM dbo.tbKBArticleForRevision");
pub(super) const TITLED: Select = select!(
    "updates.titled",
    "SELECT DISTINCT t.Title"
    "FROM dbo.tbPreComputedLocalizedProperty t"
    "INNER JOIN dbo.tbRevision r ON r.RevisionID = t.RevisionID"
    "WHERE r.IsLatestRevision = 1 AND t.ShortLanguage = 'en' AND t.Title LIKE @P1"
);

pub(super) const GROUPS: Select = select!(
    "groups.read",
    "SELECT TargetGroupID, Name, ParentGroupID, IsBuiltin"
    "FROM dbo.tbTargetGroup"
    "WHERE TargetGroupTypeID = 0"
);

pub(super) const COMPUTERS: Select = select!(
    "computers.read",
    "SELECT ComputerTargetId, Name, ParentServerId"
    "FROM PUBLIC_VIEWS.vComputerTarget"
);

pub(super) const COMPUTER_TARGETS: Select =
    select!("computers.targets", "SELECT TargetID, ComputerID FROM dbo.tbComputerTarget");

pub(super) const MEMBERSHIPS: Select = select!(
    "memberships.read",
    "SELECT m.TargetGroupID, m.TargetID"
    "FROM dbo.tbTargetInTargetGroup m"
    "INNER JOIN dbo.tbComputerTarget c ON c.TargetID = m.TargetID"
    "WHERE m.IsExplicitMember = 1"
);

pub(super) const REQUESTED_GROUPS: Select = select!(
    "requested-groups.read",
    "SELECT r.Name, COUNT(*) AS Computers"
    "FROM dbo.tbRequestedTargetGroupsForTarget x"
    "INNER JOIN dbo.tbRequestedTargetGroup r ON r.RequestedTargetGroupID = x.RequestedTargetGroupID"
    "GROUP BY r.Name"
);

pub(super) const UPDATES: Select = select!(
    "updates.read",
    "SELECT u.UpdateID, u.IsHidden, u.LastUndeclinedTime, r.RevisionID, r.RevisionNumber, p.PublicationState,"
    "    p.ExplicitlyDeployable, p.CanInstall, p.InstallRequiresUserInput,"
    "    p.CanUninstall, p.UninstallRequiresUserInput, p.EulaID, p.EulaExplicitlyAccepted, e.EulaID AS AcceptedEulaID,"
    "    p.MsrcSeverity, p.UpdateType, p.ReceivedFromCreatorService, p.CreationDate, p.InstallRebootBehavior, t.Title"
    "FROM dbo.tbUpdate u"
    "INNER JOIN dbo.tbRevision r ON r.LocalUpdateID = u.LocalUpdateID"
    "INNER JOIN dbo.tbProperty p ON p.RevisionID = r.RevisionID"
    "LEFT JOIN dbo.tbEulaAcceptance e ON e.EulaID = p.EulaID"
    "LEFT JOIN dbo.tbPreComputedLocalizedProperty t ON t.RevisionID = r.RevisionID AND t.ShortLanguage = 'en'"
    "WHERE r.IsLatestRevision = 1 AND {scope}"
);

pub(super) const UPDATE_KBS: Select = select!(
    "updates.kbs",
    "SELECT r.RevisionID, k.KBArticleID"
    "FROM dbo.tbUpdate u"
    "INNER JOIN dbo.tbRevision r ON r.LocalUpdateID = u.LocalUpdateID"
    "INNER JOIN dbo.tbKBArticleForRevision k ON k.RevisionID = r.RevisionID"
    "WHERE r.IsLatestRevision = 1 AND {scope}"
);

pub(super) const UPDATE_CATEGORIES: Select = select!(
    "updates.categories",
    "SELECT r.RevisionID, i.CategoryID"
    "FROM dbo.tbUpdate u"
    "INNER JOIN dbo.tbRevision r ON r.LocalUpdateID = u.LocalUpdateID"
    "INNER JOIN dbo.tbRevisionInCategory i ON i.RevisionID = r.RevisionID"
    "WHERE r.IsLatestRevision = 1 AND {scope}"
);

pub(super) const UPDATE_SUPERSEDED_BY: Select = select!(
    "updates.superseded-by",
    "SELECT r.RevisionID, su.UpdateID AS SupersedingUpdateID"
    "FROM dbo.tbUpdate u"
    "INNER JOIN dbo.tbRevision r ON r.LocalUpdateID = u.LocalUpdateID"
    "INNER JOIN dbo.tbRevisionSupersedesUpdate s ON s.SupersededUpdateID = u.UpdateID"
    "INNER JOIN dbo.tbRevision sr ON sr.RevisionID = s.RevisionID"
    "INNER JOIN dbo.tbUpdate su ON su.LocalUpdateID = sr.LocalUpdateID"
    "WHERE r.IsLatestRevision = 1 AND sr.IsLatestRevision = 1 AND sr.LocalUpdateID <> u.LocalUpdateID AND {scope}"
);

pub(super) const UPDATE_NEEDED_BY: Select = select!(
    "updates.needed-by",
    "SELECT r.RevisionID, n.NotInstalled, n.Downloaded, n.Failed, n.InstalledPendingReboot"
    "FROM dbo.tbUpdate u"
    "INNER JOIN dbo.tbRevision r ON r.LocalUpdateID = u.LocalUpdateID"
    "INNER JOIN dbo.tbUpdateSummaryForAllComputers n ON n.LocalUpdateID = u.LocalUpdateID"
    "WHERE r.IsLatestRevision = 1 AND {scope}"
);

pub(super) const IMPACT_NEEDED: Select = select!(
    "impact.needed",
    "SELECT u.UpdateID, m.TargetGroupID, COUNT(*) AS Computers"
    "FROM dbo.tbUpdate u"
    "INNER JOIN dbo.tbUpdateStatusPerComputer s ON s.LocalUpdateID = u.LocalUpdateID"
    "INNER JOIN dbo.tbExpandedTargetInTargetGroup m ON m.TargetID = s.TargetID"
    "WHERE s.SummarizationState IN (2, 3, 5, 6) AND u.UpdateID IN ({list}) AND m.TargetGroupID IN ({groups})"
    "GROUP BY u.UpdateID, m.TargetGroupID"
);

pub(super) const IMPACT_FILES: Select = select!(
    "impact.files",
    "SELECT u.UpdateID, f.FileDigest, f.Size"
    "FROM dbo.tbUpdate u"
    "INNER JOIN dbo.tbRevision r ON r.LocalUpdateID = u.LocalUpdateID"
    "INNER JOIN dbo.tbFileForRevision x ON x.RevisionID = r.RevisionID"
    "INNER JOIN dbo.tbFile f ON f.FileDigest = x.FileDigest"
    "WHERE r.IsLatestRevision = 1 AND x.PatchingType IN (0, 1) AND f.IsEula = 0 AND u.UpdateID IN ({list})"
);

pub(super) const IMPACT_BUNDLED_FILES: Select = select!(
    "impact.bundled-files",
    "SELECT u.UpdateID, f.FileDigest, f.Size"
    "FROM dbo.tbUpdate u"
    "INNER JOIN dbo.tbRevision r ON r.LocalUpdateID = u.LocalUpdateID"
    "INNER JOIN dbo.tbBundleDependency b ON b.RevisionID = r.RevisionID"
    "INNER JOIN dbo.tbFileForRevision x ON x.RevisionID = b.BundledRevisionID"
    "INNER JOIN dbo.tbFile f ON f.FileDigest = x.FileDigest"
    "WHERE r.IsLatestRevision = 1 AND x.PatchingType IN (0, 1) AND f.IsEula = 0 AND u.UpdateID IN ({list})"
);

pub(super) const IMPACT_PARTS: Select = select!(
    "impact.parts",
    "SELECT u.UpdateID, COUNT(DISTINCT p.LocalUpdateID) AS Parts"
    "FROM dbo.tbUpdate u"
    "INNER JOIN dbo.tbRevision r ON r.LocalUpdateID = u.LocalUpdateID"
    "INNER JOIN dbo.tbBundleDependency b ON b.RevisionID = r.RevisionID"
    "INNER JOIN dbo.tbRevision p ON p.RevisionID = b.BundledRevisionID"
    "WHERE u.UpdateID IN ({list})"
    "GROUP BY u.UpdateID"
);

pub(super) const IMPACT_REMOVED: Select = select!(
    "impact.removed",
    "SELECT UpdateID, TargetGroupID, AdminNameWhoDeleted, TimeOfDeath"
    "FROM dbo.tbDeadDeployment"
    "WHERE TargetGroupTypeID = 0 AND ActionID IN (0, 1, 3) AND UpdateID IN ({list})"
);

pub(super) const CATEGORIES: Select = select!(
    "categories.read",
    "SELECT c.CategoryID, c.ParentCategoryID, c.CategoryType, u.UpdateID"
    "FROM dbo.tbCategory c"
    "INNER JOIN dbo.tbUpdate u ON u.LocalUpdateID = c.CategoryID"
);

pub(super) const SUBSCRIBED_CATEGORIES: Select = select!(
    "synchronization.categories",
    "SELECT u.UpdateID, c.CategoryType"
    "FROM dbo.tbCategoryInSubscription s"
    "INNER JOIN dbo.tbCategory c ON c.CategoryID = s.CategoryID"
    "INNER JOIN dbo.tbUpdate u ON u.LocalUpdateID = c.CategoryID"
    "WHERE s.SubscriptionID = 1"
);

pub(super) const MAIL_RECIPIENTS: Select = select!(
    "notifications.recipients",
    "SELECT NotificationType, EmailAddress"
    "FROM dbo.tbEmailNotificationRecipient"
);

pub(super) const ROLE_MEMBERS: Select = select!(
    "principals.role-members",
    "SELECT r.name AS RoleName, m.name AS MemberName"
    "FROM sys.database_role_members x"
    "INNER JOIN sys.database_principals r ON r.principal_id = x.role_principal_id"
    "INNER JOIN sys.database_principals m ON m.principal_id = x.member_principal_id"
    "WHERE r.name IN ('webService', 'PublicViewAccess')"
    "ORDER BY r.name, m.name"
);

pub(super) const PRINCIPALS: Select = select!(
    "principals.read",
    "SELECT p.name AS PrincipalName, p.type AS PrincipalType, p.is_fixed_role AS IsFixedRole,"
    "    p.authentication_type AS Authentication, l.name AS LoginName"
    "FROM sys.database_principals p"
    "LEFT JOIN sys.server_principals l ON l.sid = p.sid"
    "ORDER BY p.name"
);

pub(super) const PRINCIPALS_LOGINS: Select = select!(
    "principals.logins",
    "SELECT name AS LoginName, type AS LoginType FROM sys.server_principals WHERE type IN ('S', 'U', 'G')"
    "ORDER BY name"
);

pub(super) const PRINCIPALS_PERMISSIONS: Select = select!(
    "principals.permissions",
    "SELECT HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'VIEW DEFINITION') AS SeesPrincipals,"
    "    HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'CONTROL') AS ControlsDatabase,"
    "    HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW ANY DEFINITION') AS SeesDefinitions,"
    "    HAS_PERMS_BY_NAME(NULL, NULL, 'ALTER ANY LOGIN') AS AltersLogins,"
    "    HAS_PERMS_BY_NAME('webService', 'ROLE', 'ALTER') AS AltersWebService,"
    "    HAS_PERMS_BY_NAME('PublicViewAccess', 'ROLE', 'ALTER') AS AltersPublicViewAccess"
);

pub(super) const CATEGORY_TITLES: Select = select!(
    "categories.titles",
    "SELECT CategoryID, ShortLanguage, Title"
    "FROM dbo.tbPrecomputedCategoryLocalizedProperty"
);

pub(super) const OTHER_TITLES: Select = select!(
    "updates.other-titles",
    "SELECT p.RevisionID, l.ShortLanguage AS DefaultLanguage, t.ShortLanguage, t.Title"
    "FROM dbo.tbProperty p"
    "INNER JOIN dbo.tbPreComputedLocalizedProperty t ON t.RevisionID = p.RevisionID"
    "LEFT JOIN dbo.tbLanguage l ON l.LanguageID = p.DefaultPropertiesLanguageID"
    "WHERE p.RevisionID IN ({list})"
);

pub(super) const APPROVALS: Select = select!(
    "approvals.read",
    "SELECT u.UpdateID, r.RevisionNumber, d.DeploymentGuid, d.TargetGroupID, d.ActionID, d.Deadline, d.IsAssigned,"
    "    d.AdminName, d.DeploymentTime, d.DeploymentStatus"
    "FROM dbo.tbUpdate u"
    "INNER JOIN dbo.tbRevision r ON r.LocalUpdateID = u.LocalUpdateID"
    "INNER JOIN dbo.tbDeployment d ON d.RevisionID = r.RevisionID"
    "WHERE d.TargetGroupTypeID = 0 AND d.ActionID IN (0, 1, 3) AND {scope}"
);

pub(super) const TOTAL_APPROVALS: Select = select!(
    "totals.approvals",
    "SELECT d.TargetGroupID, COUNT(DISTINCT r.LocalUpdateID) AS Approvals,"
    "    COUNT(DISTINCT CASE WHEN d.AdminName <> 'WUS Server' THEN r.LocalUpdateID END) AS OwnApprovals"
    "FROM dbo.tbDeployment d"
    "INNER JOIN dbo.tbRevision r ON r.RevisionID = d.RevisionID"
    "WHERE d.TargetGroupTypeID = 0 AND d.ActionID IN (0, 1, 3)"
    "GROUP BY d.TargetGroupID"
);

pub(super) const TOTAL_OTHER_ACTIONS: Select = select!(
    "totals.other-actions",
    "SELECT ActionID, COUNT(*) AS Deployments"
    "FROM dbo.tbDeployment"
    "WHERE TargetGroupTypeID = 0 AND ActionID NOT IN (0, 1, 3)"
    "GROUP BY ActionID"
);

pub(super) const TOTAL_MEMBERS: Select = select!(
    "totals.members",
    "SELECT m.TargetGroupID, COUNT(*) AS Computers"
    "FROM dbo.tbTargetInTargetGroup m"
    "INNER JOIN dbo.tbComputerTarget c ON c.TargetID = m.TargetID"
    "WHERE m.IsExplicitMember = 1"
    "GROUP BY m.TargetGroupID"
);

pub(super) const TOTAL_GROUPED_COMPUTERS: Select = select!(
    "totals.grouped-computers",
    "SELECT COUNT(DISTINCT m.TargetID) AS Computers"
    "FROM dbo.tbTargetInTargetGroup m"
    "INNER JOIN dbo.tbComputerTarget c ON c.TargetID = m.TargetID"
    "INNER JOIN dbo.tbTargetGroup g ON g.TargetGroupID = m.TargetGroupID"
    "WHERE m.IsExplicitMember = 1 AND g.IsBuiltin = 0"
);

pub(super) const TOTAL_DECLINES: Select =
    select!("totals.declines", "SELECT COUNT(*) AS Declines FROM dbo.tbUpdate u WHERE u.IsHidden = 1");

pub(super) const OBJECT_GROUPS_BY_NAME: Select = select!(
    "objects.groups-by-name",
    "SELECT TargetGroupID, Name, ParentGroupID"
    "FROM dbo.tbTargetGroup"
    "WHERE TargetGroupTypeID = 0 AND Name IN ({list})"
);

pub(super) const OBJECT_GROUPS: Select = select!(
    "objects.groups",
    "SELECT TargetGroupID, Name, ParentGroupID"
    "FROM dbo.tbTargetGroup"
    "WHERE TargetGroupTypeID = 0 AND TargetGroupID IN ({list})"
);

pub(super) const OBJECT_GROUP_MEMBERS: Select = select!(
    "objects.group-members",
    "SELECT m.TargetGroupID, m.TargetID"
    "FROM dbo.tbTargetInTargetGroup m"
    "INNER JOIN dbo.tbComputerTarget c ON c.TargetID = m.TargetID"
    "WHERE m.IsExplicitMember = 1 AND m.TargetGroupID IN ({list})"
);

pub(super) const OBJECT_GROUP_APPROVALS: Select = select!(
    "objects.group-approvals",
    "SELECT u.UpdateID, r.RevisionNumber, d.DeploymentGuid, d.TargetGroupID, d.ActionID, d.Deadline, d.IsAssigned,"
    "    d.AdminName, d.DeploymentTime, d.DeploymentStatus"
    "FROM dbo.tbDeployment d"
    "INNER JOIN dbo.tbRevision r ON r.RevisionID = d.RevisionID"
    "INNER JOIN dbo.tbUpdate u ON u.LocalUpdateID = r.LocalUpdateID"
    "WHERE d.TargetGroupTypeID = 0 AND d.ActionID IN (0, 1, 3) AND d.TargetGroupID IN ({list})"
);

pub(super) const OBJECT_GROUP_CHILDREN: Select = select!(
    "objects.group-children",
    "SELECT ParentGroupID, TargetGroupID"
    "FROM dbo.tbTargetGroup"
    "WHERE TargetGroupTypeID = 0 AND ParentGroupID IN ({list})"
);

pub(super) const OBJECT_MEMBERSHIPS: Select = select!(
    "objects.memberships",
    "SELECT TargetGroupID, TargetID"
    "FROM dbo.tbTargetInTargetGroup"
    "WHERE IsExplicitMember = 1 AND TargetID IN ({list})"
);

pub(super) const OBJECT_UPDATES: Select = select!(
    "objects.updates",
    "SELECT u.UpdateID, u.IsHidden, r.RevisionNumber"
    "FROM dbo.tbUpdate u"
    "INNER JOIN dbo.tbRevision r ON r.LocalUpdateID = u.LocalUpdateID"
    "WHERE r.IsLatestRevision = 1 AND u.UpdateID IN ({list})"
);

pub(super) const OBJECT_LICENSES: Select =
    select!("objects.licenses", "SELECT EulaID FROM dbo.tbEulaAcceptance WHERE EulaID IN ({list})");

pub(super) const OBJECT_EXPLICIT_LICENSES: Select = select!(
    "objects.explicit-licenses",
    "SELECT DISTINCT EulaID"
    "FROM dbo.tbProperty"
    "WHERE EulaExplicitlyAccepted = 1 AND EulaID IN ({list})"
);

pub(in crate::susdb) const PREFLIGHT_PROCEDURES: Select = select!(
    "preflight.procedures",
    "SELECT o.name AS ProcedureName, p.name AS ParameterName, t.name AS TypeName, p.max_length AS MaxLength,"
    "    p.is_output AS IsOutput"
    "FROM sys.all_objects o"
    "INNER JOIN sys.schemas s ON s.schema_id = o.schema_id"
    "LEFT JOIN sys.all_parameters p ON p.object_id = o.object_id"
    "LEFT JOIN sys.types t ON t.user_type_id = p.system_type_id"
    "WHERE s.name = 'dbo' AND o.name IN ({list})"
    "ORDER BY o.name, p.parameter_id"
);

pub(in crate::susdb) const PREFLIGHT_DEFINITIONS: Select = select!(
    "preflight.definitions",
    "SELECT o.name AS ProcedureName, m.definition AS Definition"
    "FROM sys.all_objects o"
    "INNER JOIN sys.schemas s ON s.schema_id = o.schema_id"
    "INNER JOIN sys.sql_modules m ON m.object_id = o.object_id"
    "WHERE s.name = 'dbo' AND o.name IN ({list})"
);

pub(in crate::susdb) const PREFLIGHT_COLUMNS: Select = select!(
    "preflight.columns",
    "SELECT s.name AS SchemaName, o.name AS ObjectName, c.name AS ColumnName"
    "FROM sys.all_objects o"
    "INNER JOIN sys.schemas s ON s.schema_id = o.schema_id"
    "INNER JOIN sys.all_columns c ON c.object_id = o.object_id"
    "WHERE o.name IN ({list})"
);

pub(in crate::susdb) const LOCK_HOLDER: Select = select!(
    "lock.holder",
    "SELECT l.resource_description AS Resource, e.login_name AS Login, e.host_name AS Host,"
    "    e.program_name AS Program, e.login_time AS LoginTime, GETDATE() AS LocalNow, GETUTCDATE() AS Now"
    "FROM sys.dm_tran_locks l"
    "LEFT JOIN sys.dm_exec_sessions e ON e.session_id = l.request_session_id"
    "WHERE l.resource_type = 'APPLICATION' AND l.request_status = 'GRANT'"
);

pub(in crate::susdb) mod health;
pub(in crate::susdb) mod probe;

/// Every SELECT of the catalogue, with its marks.
pub const ALL: &[Select] = &[
    SERVER_ID,
    SERVER_PLACE,
    CLOCK,
    LOOK,
    SERVER_VERSION,
    SERVER_LOGIN,
    SERVER_FACTS,
    GROUPS,
    COMPUTERS,
    COMPUTER_TARGETS,
    MEMBERSHIPS,
    REQUESTED_GROUPS,
    UPDATES,
    UPDATE_KBS,
    ARTICLES,
    TITLED,
    UPDATE_CATEGORIES,
    UPDATE_SUPERSEDED_BY,
    UPDATE_NEEDED_BY,
    IMPACT_NEEDED,
    IMPACT_FILES,
    IMPACT_BUNDLED_FILES,
    IMPACT_REMOVED,
    CATEGORIES,
    CATEGORY_TITLES,
    SUBSCRIBED_CATEGORIES,
    MAIL_RECIPIENTS,
    ROLE_MEMBERS,
    PRINCIPALS,
    PRINCIPALS_LOGINS,
    PRINCIPALS_PERMISSIONS,
    OTHER_TITLES,
    APPROVALS,
    TOTAL_APPROVALS,
    TOTAL_OTHER_ACTIONS,
    TOTAL_MEMBERS,
    TOTAL_GROUPED_COMPUTERS,
    TOTAL_DECLINES,
    OBJECT_GROUPS_BY_NAME,
    OBJECT_GROUPS,
    OBJECT_GROUP_MEMBERS,
    OBJECT_GROUP_APPROVALS,
    OBJECT_GROUP_CHILDREN,
    OBJECT_MEMBERSHIPS,
    OBJECT_UPDATES,
    OBJECT_LICENSES,
    OBJECT_EXPLICIT_LICENSES,
    PREFLIGHT_PROCEDURES,
    PREFLIGHT_DEFINITIONS,
    PREFLIGHT_COLUMNS,
    LOCK_HOLDER,
    LIST_UPDATES,
    LIST_COMPUTERS,
    LIST_CATEGORY_UPDATES,
    LIST_RULES,
    LIST_RULE_CLASSIFICATIONS,
    LIST_RULE_CATEGORIES,
    LIST_RULE_GROUPS,
    LIST_DOWNSTREAM_SERVERS,
];

/// Every text that can be sent, with lists of two values.
#[must_use]
pub fn texts() -> Vec<(&'static str, String)> {
    let (scopes, opposite) = conditions::samples();
    let mut texts = Vec::new();
    for select in ALL.iter().chain(health::ALL).chain(probe::ALL) {
        if select.text.contains("{scope}") {
            // The other half of the fragments once: they do not depend on the SELECT.
            let more = (select.name == UPDATES.name).then_some(&opposite);
            let with_scope = |scope: &String| (select.name, select.text.replace("{scope}", scope));
            texts.extend(scopes.iter().chain(more).map(with_scope));
        } else {
            texts.push((select.name, with_lists(select.text, 2, 2)));
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{ALL, texts};

    #[test]
    fn every_select_has_a_name_of_its_own_and_says_it() {
        let all = || ALL.iter().chain(super::health::ALL).chain(super::probe::ALL);
        let names: BTreeSet<&str> = all().map(|select| select.name).collect();
        assert_eq!(names.len(), all().count());
        for select in all() {
            assert!(select.text.starts_with(&format!("/* wsusctl: {} */\nSELECT", select.name)), "{}", select.name);
        }
    }

    #[test]
    fn the_texts_are_these() {
        let all: Vec<String> = texts().into_iter().map(|(_, text)| text).collect();
        insta::assert_snapshot!("catalogue", all.join("\n\n"));
    }
}

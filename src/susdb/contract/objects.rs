//! The tables and views that are read, with the columns of each.

use super::{Evidence, Grade, Needed, ObjectContract};

/// An Entity Framework scaffold of a live SUSDB.
const SCAFFOLD: Evidence = Evidence { source: "Intensive-Self-Service-Portal", grade: Grade::A };

const fn table(name: &'static str, columns: &'static [&'static str]) -> ObjectContract {
    needed(Needed::Always, name, columns)
}

pub(super) const fn needed(needed: Needed, name: &'static str, columns: &'static [&'static str]) -> ObjectContract {
    ObjectContract { schema: "dbo", name, columns, needed, evidence: SCAFFOLD }
}

/// The catalogue.
pub const OBJECTS: &[ObjectContract] = &[
    table("tbConfigurationA", &["ServerID", "SyncToMU", "ServerTargeting"]),
    table("tbConfigurationB", &["AutoRefreshDeployments"]),
    table("tbConfigurationC", &["ReplicaMode"]),
    table("tbTargetGroup", &["TargetGroupTypeID", "TargetGroupID", "Name", "ParentGroupID", "IsBuiltin"]),
    table("tbTargetInTargetGroup", &["TargetGroupID", "TargetID", "IsExplicitMember"]),
    table("tbRequestedTargetGroup", &["RequestedTargetGroupID", "Name"]),
    table("tbRequestedTargetGroupsForTarget", &["TargetID", "RequestedTargetGroupID"]),
    table("tbComputerTarget", &["TargetID", "ComputerID"]),
    ObjectContract {
        schema: "PUBLIC_VIEWS",
        name: "vComputerTarget",
        columns: &["ComputerTargetId", "Name", "ParentServerId"],
        needed: Needed::Always,
        evidence: Evidence { source: "X10sions, WSUSAdminAssistant", grade: Grade::A },
    },
    table("tbUpdate", &["LocalUpdateID", "UpdateID", "IsHidden", "LastUndeclinedTime"]),
    table("tbRevision", &["RevisionID", "LocalUpdateID", "RevisionNumber", "IsLatestRevision"]),
    table(
        "tbProperty",
        &[
            "RevisionID",
            "PublicationState",
            "ExplicitlyDeployable",
            "CanInstall",
            "InstallRequiresUserInput",
            "CanUninstall",
            "UninstallRequiresUserInput",
            "EulaID",
            "EulaExplicitlyAccepted",
            "DefaultPropertiesLanguageID",
            "MsrcSeverity",
            "UpdateType",
            "ReceivedFromCreatorService",
            "CreationDate",
            "InstallRebootBehavior",
        ],
    ),
    table("tbKBArticleForRevision", &["RevisionID", "KBArticleID"]),
    table("tbPreComputedLocalizedProperty", &["RevisionID", "ShortLanguage", "Title"]),
    table("tbLanguage", &["LanguageID", "ShortLanguage"]),
    table("tbCategory", &["CategoryID", "ParentCategoryID", "CategoryType"]),
    table("tbRevisionInCategory", &["RevisionID", "CategoryID"]),
    table("tbPrecomputedCategoryLocalizedProperty", &["CategoryID", "ShortLanguage", "Title"]),
    table("tbEulaAcceptance", &["EulaID"]),
    table(
        "tbDeployment",
        &[
            "RevisionID",
            "TargetGroupID",
            "TargetGroupTypeID",
            "ActionID",
            "DeploymentStatus",
            "DeploymentGuid",
            "DeploymentTime",
            "Deadline",
            "AdminName",
            "IsAssigned",
        ],
    ),
    needed(Needed::BySupersedence, "tbRevisionSupersedesUpdate", &["RevisionID", "SupersededUpdateID"]),
    needed(
        Needed::ByNeededBy,
        "tbUpdateSummaryForAllComputers",
        &["LocalUpdateID", "NotInstalled", "Downloaded", "Failed", "InstalledPendingReboot"],
    ),
    needed(Needed::BySynchronization, "tbCategoryInSubscription", &["SubscriptionID", "CategoryID"]),
    ObjectContract {
        schema: "dbo",
        name: "tbEmailNotificationRecipient",
        columns: &["NotificationType", "EmailAddress"],
        needed: Needed::ByNotifications,
        evidence: Evidence { source: "WSUSMaintenance, OtherStep/SendEmail.cs", grade: Grade::A },
    },
    needed(Needed::ByImpact, "tbUpdateStatusPerComputer", &["SummarizationState", "LocalUpdateID", "TargetID"]),
    needed(Needed::ByImpact, "tbExpandedTargetInTargetGroup", &["TargetGroupID", "TargetID"]),
    needed(Needed::ByImpact, "tbBundleDependency", &["RevisionID", "BundledRevisionID"]),
    needed(Needed::ByImpact, "tbFileForRevision", &["RevisionID", "FileDigest", "PatchingType"]),
    needed(Needed::ByImpact, "tbFile", &["FileDigest", "Size", "IsEula"]),
    needed(
        Needed::ByImpact,
        "tbDeadDeployment",
        &["UpdateID", "TargetGroupID", "TargetGroupTypeID", "ActionID", "AdminNameWhoDeleted", "TimeOfDeath"],
    ),
    needed(Needed::ByRules, "tbAutoDeploymentRule", &["ID", "Enabled", "Name", "DateOffset", "MinutesAfterMidnight"]),
    needed(
        Needed::ByRules,
        "tbUpdateClassificationInAutoDeploymentRule",
        &["AutoDeploymentRuleID", "UpdateClassificationID"],
    ),
    needed(Needed::ByRules, "tbCategoryInAutoDeploymentRule", &["AutoDeploymentRuleID", "CategoryID"]),
    needed(Needed::ByRules, "tbTargetGroupInAutoDeploymentRule", &["AutoDeploymentRuleID", "TargetGroupID"]),
    needed(
        Needed::ByDownstreamServers,
        "tbDownstreamServerTarget",
        &[
            "TargetID",
            "AccountName",
            "AccountServerID",
            "LastSyncTime",
            "RollupLastSyncTime",
            "LastRollupTime",
            "ParentServerTargetID",
            "Version",
            "IsReplica",
        ],
    ),
];

/// What `doctor` reads besides. No plan needs it, so nothing else fails where it is missing.
pub const DOCTOR_OBJECTS: &[ObjectContract] = &[
    needed(Needed::ByDoctor, "tbSchemaVersion", &["ComponentName", "BuildNumber", "SchemaVersion"]),
    needed(Needed::ByDoctor, "tbSingletonData", &["ResetStateMachineNeeded"]),
    needed(Needed::ByDoctor, "tbSchedule", &["ScheduleTarget", "ScheduleID", "LastRunTime"]),
    needed(Needed::ByDoctor, "tbDownstreamServerTarget", &["TargetID"]),
];

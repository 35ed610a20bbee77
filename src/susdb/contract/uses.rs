//! What each procedure is used for: what cannot be done without it.

use crate::model::procedure::Procedure;

/// The procedures that settings are read through, and what goes back with a save of them.
///
/// Source: WSUSpendu, SharpWSUS lib/Status.cs (spConfiguration, grade A); WSUS 3.0 SP2 parameter names, TypeScript WSUS console
/// (the languages, grade B); WSUS 3.0 SP2 parameter names (the program keys, grade B).
pub const SETTINGS_READ: [&str; 3] = [CONFIGURATION, LANGUAGES, PROGRAM_KEYS];

/// Gives every setting as one row.
pub const CONFIGURATION: &str = "spConfiguration";

/// Gives every language.
pub const LANGUAGES: &str = "spGetAllLanguagesWithEnabledState";

/// Gives the program keys.
pub const PROGRAM_KEYS: &str = "spGetProgramKeys";

/// Gives the schedule, and what goes back with a save of what is synchronised.
///
/// Source: PoshWSUS assemblies (grade B); its fields: MS-WSUSAR 2.2.4.14 (grade A).
pub const SUBSCRIPTION: &str = "spGetSubscription";

/// Gives the row of mails, and what goes back with a save of it.
///
/// Source: PoshWSUS assemblies (grade B); its fields: MS-WSUSAR 2.2.4.11 (grade A).
pub const NOTIFICATIONS: &str = "spGetEmailNotificationConfiguration";

/// Says how far a synchronisation is. Only `apply --sync-categories` calls it.
///
/// Source: PoshWSUS assemblies, TypeScript WSUS console (grade B).
pub const SUBSCRIPTION_PROGRESS: &str = "spGetSubscriptionProgress";

/// The procedure that says whether a synchronisation runs. `doctor` calls it, and `apply` before it saves settings.
///
/// Source: WSUS 3.0 SP2 parameter names (grade B).
pub const SUBSCRIPTION_STATE: &str = "spGetSubscriptionState";

/// Every procedure that is read through.
pub fn read_through() -> impl Iterator<Item = &'static str> {
    SETTINGS_READ.into_iter().chain([SUBSCRIPTION, NOTIFICATIONS, SUBSCRIPTION_PROGRESS, SUBSCRIPTION_STATE])
}

/// The kinds of objects whose changes go through a procedure, as the manifest calls them.
#[must_use]
pub fn kinds_of(procedure: Procedure) -> &'static [&'static str] {
    match procedure {
        Procedure::CreateTargetGroup | Procedure::DeleteTargetGroup => &["groups"],
        Procedure::AddComputerToTargetGroup | Procedure::RemoveComputerFromTargetGroup => &["memberships"],
        Procedure::AcceptEula => &["approvals with licence terms"],
        Procedure::DeployUpdate | Procedure::DeleteDeployment => &["approvals"],
        Procedure::DeclineUpdate | Procedure::UndeclineUpdate => &["declines"],
        Procedure::SetConfiguration => &["settings"],
        Procedure::CreateAutoDeploymentRule
        | Procedure::SetAutoDeploymentRule
        | Procedure::DeleteAutoDeploymentRule => &["approvalRules"],
        Procedure::ListUpdatesOfRule => &["--run-rules"],
        Procedure::DeleteDownstreamServer => &["downstreamServers"],
        Procedure::SetSubscription => &["synchronization"],
        Procedure::StartCatalogSync => &["--sync-categories"],
        Procedure::SetEmailNotificationConfiguration | Procedure::AddEmailNotificationRecipient => &["notifications"],
        Procedure::ScheduleEmailNotification => &["notifications.status"],
        Procedure::AddRoleMember | Procedure::DropRoleMember | Procedure::MapUser => &["databaseRoles"],
    }
}

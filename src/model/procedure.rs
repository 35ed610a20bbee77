//! Stored procedures that changes are made through.

use super::list_shape::ListShape;

/// A procedure that wsusctl writes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Procedure {
    /// `spCreateTargetGroup`
    CreateTargetGroup,
    /// `spDeleteTargetGroup`
    DeleteTargetGroup,
    /// `spAddComputerToTargetGroupAllowMultipleGroups`
    AddComputerToTargetGroup,
    /// `spRemoveComputerFromTargetGroup`
    RemoveComputerFromTargetGroup,
    /// `spAcceptEula`
    AcceptEula,
    /// `spDeployUpdate`
    DeployUpdate,
    /// `spDeleteDeployment`
    DeleteDeployment,
    /// `spDeclineUpdate`
    DeclineUpdate,
    /// `spUndeclineUpdate`
    UndeclineUpdate,
    /// `spSetConfiguration`
    SetConfiguration,
    /// `spCreateAutoDeploymentRule`
    CreateAutoDeploymentRule,
    /// `spSetAutoDeploymentRule`
    SetAutoDeploymentRule,
    /// `spDeleteAutoDeploymentRuleByID`
    DeleteAutoDeploymentRule,
    /// `spGetUpdateListToApproveForAutoDeploymentRule`, which only lists: what `--run-rules` approves hangs on it
    ListUpdatesOfRule,
    /// `spDeleteDownstreamServer`
    DeleteDownstreamServer,
    /// `spSetSubscription`
    SetSubscription,
    /// `spStartCatalogSync`
    StartCatalogSync,
    /// `spSetEmailNotificationConfiguration`
    SetEmailNotificationConfiguration,
    /// `spScheduleEmailNotification`
    ScheduleEmailNotification,
    /// `spAddEmailNotificationRecipient`
    AddEmailNotificationRecipient,
    /// `sp_addrolemember`, which is SQL Server's own
    AddRoleMember,
    /// `sp_droprolemember`, which is SQL Server's own
    DropRoleMember,
    /// `ALTER USER`, which is no procedure but a statement of SQL Server
    MapUser,
}

impl Procedure {
    /// Every procedure of WSUS: what is SQL Server's own is on every server and the same.
    pub const ALL: [Self; 20] = [
        Self::CreateTargetGroup,
        Self::DeleteTargetGroup,
        Self::AddComputerToTargetGroup,
        Self::RemoveComputerFromTargetGroup,
        Self::AcceptEula,
        Self::DeployUpdate,
        Self::DeleteDeployment,
        Self::DeclineUpdate,
        Self::UndeclineUpdate,
        Self::SetConfiguration,
        Self::CreateAutoDeploymentRule,
        Self::SetAutoDeploymentRule,
        Self::DeleteAutoDeploymentRule,
        Self::ListUpdatesOfRule,
        Self::DeleteDownstreamServer,
        Self::SetSubscription,
        Self::StartCatalogSync,
        Self::SetEmailNotificationConfiguration,
        Self::ScheduleEmailNotification,
        Self::AddEmailNotificationRecipient,
    ];

    /// Its name in SUSDB.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CreateTargetGroup => "spCreateTargetGroup",
            Self::DeleteTargetGroup => "spDeleteTargetGroup",
            Self::AddComputerToTargetGroup => "spAddComputerToTargetGroupAllowMultipleGroups",
            Self::RemoveComputerFromTargetGroup => "spRemoveComputerFromTargetGroup",
            Self::AcceptEula => "spAcceptEula",
            Self::DeployUpdate => "spDeployUpdate",
            Self::DeleteDeployment => "spDeleteDeployment",
            Self::DeclineUpdate => "spDeclineUpdate",
            Self::UndeclineUpdate => "spUndeclineUpdate",
            Self::SetConfiguration => "spSetConfiguration",
            Self::CreateAutoDeploymentRule => "spCreateAutoDeploymentRule",
            Self::SetAutoDeploymentRule => "spSetAutoDeploymentRule",
            Self::DeleteAutoDeploymentRule => "spDeleteAutoDeploymentRuleByID",
            Self::ListUpdatesOfRule => "spGetUpdateListToApproveForAutoDeploymentRule",
            Self::DeleteDownstreamServer => "spDeleteDownstreamServer",
            Self::SetSubscription => "spSetSubscription",
            Self::StartCatalogSync => "spStartCatalogSync",
            Self::SetEmailNotificationConfiguration => "spSetEmailNotificationConfiguration",
            Self::ScheduleEmailNotification => "spScheduleEmailNotification",
            Self::AddEmailNotificationRecipient => "spAddEmailNotificationRecipient",
            Self::AddRoleMember => "sp_addrolemember",
            Self::DropRoleMember => "sp_droprolemember",
            Self::MapUser => "ALTER USER",
        }
    }
}

/// What a live server says about a procedure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcedureState {
    /// The signature as wsusctl knows it, for messages: `spDeclineUpdate(@updateID uniqueidentifier, ...)`.
    pub expected: String,
    /// The server's own signature, none where the procedure is missing. Equal texts are equal signatures.
    pub live: Option<String>,
    /// The live parameters, for binding.
    pub parameters: Vec<LiveParameter>,
    /// How the lists are written that it takes; none where it takes none or is missing.
    pub lists: Vec<ListShape>,
    /// Whether it may be called.
    pub verdict: Verdict,
}

/// A parameter as the live server declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveParameter {
    /// Its name with the `@`, as the server spells it.
    pub name: String,
    /// Its type's name, lower case: `uniqueidentifier`, `nvarchar`, ...
    pub type_name: String,
    /// Its length in bytes; -1 for max.
    pub max_length: i16,
    /// Whether it gives a value back.
    pub output: bool,
    /// Whether the procedure's definition gives it a default; false where the definition could not be read.
    pub defaulted: bool,
}

/// Whether a procedure may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is as known.
    Matches,
    /// The server does not have it (or the login may not see it).
    Missing,
    /// It differs; says in what.
    Differs(String),
}

//! What each procedure is used for: what cannot be done without it.

use crate::model::procedure::Procedure;

/// The procedure that says whether a synchronisation runs.
///
/// Source: WSUS 3.0 SP2 parameter names (grade B).
pub const SUBSCRIPTION_STATE: &str = "spGetSubscriptionState";

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
        Procedure::SetSubscription => &["synchronization"],
        Procedure::StartCatalogSync => &["--sync-categories"],
    }
}

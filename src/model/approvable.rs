//! What an update can be approved for.

use super::approval::{ApprovalAction, ApprovalValue, Deadline};
use super::snapshot::{License, Update};

/// Why WSUS refuses an approval of an update's latest revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Obstacle {
    /// The kind, as reports name it.
    pub code: &'static str,
    /// What stands in the way and what to do about it.
    pub message: &'static str,
}

/// What WSUS refuses about an approval that has to be written, whatever else is on the server. `accepts_license` is whether
/// pending licence terms are accepted first.
///
/// Source: learn.microsoft.com, IUpdate.Approve (ms822912, ms747134): licence terms come first, and an expired update can be
/// approved for removal only; IUpdate.UninstallationBehavior (ms820544): not every update can be removed; Approving the
/// Updates (dd939929) and IUpdate.ApproveForInstall: an update that can request user input takes no deadline (grade A).
/// That what a revision lacks under CanInstall cannot be approved for installation is inferred from the removal (grade B).
pub fn obstacles(update: &Update, value: &ApprovalValue, accepts_license: bool) -> impl Iterator<Item = Obstacle> {
    let installs = value.action == ApprovalAction::Install;
    let removes = value.action == ApprovalAction::Uninstall;
    let asks = installs && update.install_asks || removes && update.uninstall_asks;
    let all = [
        (
            installs && matches!(update.license, License::Pending(_)) && !accepts_license,
            "license",
            "its licence terms have not been accepted; write `acceptLicense: true` in the entry to accept them",
        ),
        (
            update.expired && !removes && value.action != ApprovalAction::Inherit,
            "expired",
            "the update is expired, and WSUS approves an expired update for `uninstall` only; remove the entry or narrow it",
        ),
        (
            installs && !update.can_install,
            "notInstallable",
            "the latest revision of the update cannot be installed through WSUS; remove the entry or narrow it",
        ),
        (removes && !update.can_uninstall, "notUninstallable", "the update cannot be uninstalled through WSUS"),
        (
            asks && value.deadline != Deadline::None,
            "userInput",
            "the update may ask the user for input, and WSUS takes no deadline for such an update; write `deadline: none`",
        ),
    ];
    all.into_iter().filter(|(stands, ..)| *stands).map(|(_, code, message)| Obstacle { code, message })
}

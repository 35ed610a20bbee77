//! What a plan executes.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::model::approval::ApprovalValue;
use crate::model::database_role::{DatabaseRole, MembersChange};
use crate::model::notifications::{MailKind, Recipients, reschedules};
use crate::model::object::ObjectState;
use crate::model::procedure::Procedure;
use crate::model::resolved::GroupReference;
use crate::model::rule::RuleChange;
use crate::model::setting::Cell;
use crate::model::synchronization::Subscription;

/// One executable unit: one object goes from one state to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The change it serves: an index into `Plan::changes`.
    pub change: usize,
    /// Further changes that it serves: all settings are saved at once, and so are what is synchronised and mails.
    pub also: Vec<usize>,
    /// What to do.
    pub operation: Operation,
    /// What the object was when the plan was made; checked again before the step runs.
    pub before: ObjectState,
    /// Steps that must have worked before: indexes into `Plan::steps`, all below this step's own.
    pub depends_on: Vec<usize>,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Creates a group. `apply` draws its id.
    CreateGroup {
        /// The name.
        name: String,
        /// The group above it.
        parent: GroupReference,
    },
    /// Deletes a group that has no children any more.
    DeleteGroup {
        /// The group.
        group: Uuid,
        /// Its name, for messages.
        name: String,
    },
    /// Puts a computer into a group.
    AddComputer {
        /// The group.
        group: GroupReference,
        /// The computer's TargetID.
        target_id: i32,
        /// The computer's id as procedures want it.
        computer_id: String,
    },
    /// Takes a computer out of a group.
    RemoveComputer {
        /// The group.
        group: Uuid,
        /// The computer's TargetID.
        target_id: i32,
        /// The computer's id as procedures want it.
        computer_id: String,
    },
    /// Accepts licence terms.
    AcceptLicense {
        /// The terms.
        license: Uuid,
        /// The update that has them.
        update: Uuid,
        /// Its latest revision.
        revision: i32,
    },
    /// Takes an update out of the declined state.
    Reinstate {
        /// The update.
        update: Uuid,
    },
    /// Makes the approvals of an update for a group exactly one with this value, or none for `inherit`.
    SetApproval {
        /// The update.
        update: Uuid,
        /// Its latest revision, which the approval is written for.
        revision: i32,
        /// The group.
        group: GroupReference,
        /// The approval.
        value: ApprovalValue,
        /// Deploy it: false where only leftovers have to go.
        deploy: bool,
        /// Approvals to remove after that, by id: those of older revisions, duplicates where nothing is deployed (deploying
        /// replaces what the latest revision has), or all for `inherit`.
        remove: Vec<Uuid>,
    },
    /// Declines an update, which destroys its approvals.
    Decline {
        /// The update.
        update: Uuid,
    },
    /// Creates a rule, which then is disabled and empty, and makes it what it is to be.
    CreateRule {
        /// The name.
        name: String,
        /// What it is to be.
        rule: RuleChange,
    },
    /// Changes a rule.
    SetRule {
        /// Its number.
        id: i32,
        /// Its name, for messages.
        name: String,
        /// What it is to be.
        rule: RuleChange,
    },
    /// Deletes a rule.
    DeleteRule {
        /// Its number.
        id: i32,
        /// Its name, for messages.
        name: String,
    },
    /// Forgets a downstream server's entry.
    DeleteDownstreamServer {
        /// The id that the entry has.
        id: Uuid,
        /// The server's name, for messages.
        name: String,
    },
    /// Saves settings, all in one call.
    SaveSettings {
        /// Columns of the configuration row, in lower case, with what they become.
        cells: BTreeMap<String, Cell>,
        /// Languages by short name, with whether they become enabled.
        languages: BTreeMap<String, bool>,
    },
    /// Saves what is synchronised and when, all in one call.
    SaveSynchronization(Subscription),
    /// Saves the row of mails, all in one call.
    SaveNotifications(
        /// Its columns, in lower case, with what they become.
        BTreeMap<String, Cell>,
    ),
    /// Replaces those who get a mail.
    SetRecipients {
        /// Which mail.
        kind: MailKind,
        /// Who gets it.
        recipients: Recipients,
    },
    /// Takes members into a database role and out of it.
    SetRoleMembers {
        /// The role.
        role: DatabaseRole,
        /// Who comes and who goes, by name as the database has them. Somebody else who is in meanwhile stays: nobody planned
        /// that removal, nor permitted it.
        members: MembersChange,
    },
    /// Gives a user of the database a login again.
    MapUser {
        /// The user.
        user: String,
        /// The login.
        login: String,
    },
}

impl Step {
    /// Whether one call does both steps.
    pub(super) fn is_saved_with(&self, other: &Self) -> bool {
        matches!(
            (&self.operation, &other.operation),
            (Operation::SaveSettings { .. }, Operation::SaveSettings { .. })
                | (Operation::SaveSynchronization(_), Operation::SaveSynchronization(_))
                | (Operation::SaveNotifications(_), Operation::SaveNotifications(_))
        )
    }

    /// Takes another save of settings into this one, so that no save leaves settings that contradict each other.
    pub(super) fn join(&mut self, other: Self) {
        self.also.push(other.change);
        self.depends_on.extend(other.depends_on);
        self.depends_on.sort_unstable();
        self.depends_on.dedup();
        if let (Operation::SaveSynchronization(parts), Operation::SaveSynchronization(more)) =
            (&mut self.operation, &other.operation)
        {
            parts.extend(more.clone());
        }
        if let (ObjectState::Synchronization(parts), ObjectState::Synchronization(more)) =
            (&mut self.before, &other.before)
        {
            parts.extend(more.clone());
        }
        if let (Operation::SaveNotifications(cells), Operation::SaveNotifications(more)) =
            (&mut self.operation, &other.operation)
        {
            cells.extend(more.clone());
        }
        if let (ObjectState::Notifications(cells), ObjectState::Notifications(more)) = (&mut self.before, &other.before)
        {
            cells.extend(more.clone());
        }
        if let (
            Operation::SaveSettings { cells, languages },
            Operation::SaveSettings { cells: more_cells, languages: more_languages },
        ) = (&mut self.operation, other.operation)
        {
            cells.extend(more_cells);
            languages.extend(more_languages);
        }
        if let (
            ObjectState::Settings { cells, languages },
            ObjectState::Settings { cells: more_cells, languages: more_languages },
        ) = (&mut self.before, other.before)
        {
            cells.extend(more_cells);
            languages.extend(more_languages);
        }
    }
}

impl Operation {
    /// Whether the server refuses it while it synchronises or still processes an earlier change of its configuration. Of what
    /// is synchronised nobody says so: that it waits as well is caution.
    #[must_use]
    pub fn needs_idle_server(&self) -> bool {
        matches!(self, Self::SaveSettings { .. } | Self::SaveSynchronization(_))
    }

    /// The procedures that it calls.
    #[must_use]
    pub fn procedures(&self) -> Vec<Procedure> {
        match self {
            Self::CreateGroup { .. } => vec![Procedure::CreateTargetGroup],
            Self::DeleteGroup { .. } => vec![Procedure::DeleteTargetGroup],
            Self::AddComputer { .. } => vec![Procedure::AddComputerToTargetGroup],
            Self::RemoveComputer { .. } => vec![Procedure::RemoveComputerFromTargetGroup],
            Self::AcceptLicense { .. } => vec![Procedure::AcceptEula],
            Self::Reinstate { .. } => vec![Procedure::UndeclineUpdate],
            Self::Decline { .. } => vec![Procedure::DeclineUpdate],
            Self::SaveSettings { .. } => vec![Procedure::SetConfiguration],
            Self::CreateRule { .. } => vec![Procedure::CreateAutoDeploymentRule, Procedure::SetAutoDeploymentRule],
            Self::SetRule { .. } => vec![Procedure::SetAutoDeploymentRule],
            Self::DeleteRule { .. } => vec![Procedure::DeleteAutoDeploymentRule],
            Self::DeleteDownstreamServer { .. } => vec![Procedure::DeleteDownstreamServer],
            Self::SaveSynchronization(_) => vec![Procedure::SetSubscription],
            Self::SaveNotifications(cells) => {
                let schedule = reschedules(cells).then_some(Procedure::ScheduleEmailNotification);
                schedule.into_iter().chain([Procedure::SetEmailNotificationConfiguration]).collect()
            }
            Self::SetRecipients { .. } => vec![Procedure::AddEmailNotificationRecipient],
            // What is SQL Server's own is there, and as documented.
            Self::SetRoleMembers { .. } | Self::MapUser { .. } => Vec::new(),
            Self::SetApproval { deploy, remove, .. } => {
                let deploy = deploy.then_some(Procedure::DeployUpdate);
                let delete = (!remove.is_empty()).then_some(Procedure::DeleteDeployment);
                deploy.into_iter().chain(delete).collect()
            }
        }
    }
}

//! The procedures that changes are made through.

use super::{Evidence, Grade, ParameterContract, ParameterType, ProcedureContract, Sent};
use crate::model::procedure::Procedure;

const GUID: ParameterType = ParameterType::UniqueIdentifier;
const INT: ParameterType = ParameterType::Int;
const BIT: ParameterType = ParameterType::Bit;
/// Who does it. SQL Server's longest login has 128 characters; the column has 385.
const ADMIN_NAME: ParameterType = ParameterType::NVarChar { length: 385, needed: 128 };

/// A rule's name.
const RULE_NAME: ParameterType = ParameterType::NVarChar { length: 256, needed: 256 };
/// A list of ids as XML.
const LIST: ParameterType = ParameterType::NVarCharMax;

const CALLERS: &str = "SharpWSUS lib/Group.cs and lib/Status.cs, WSUSpendu";
const CALLERS_APPROVE: &str = "SharpWSUS lib/Group.cs, WSUSpendu, bulk-approve SQL";
const WRAPPER: &str = "MS-WSUSAR";
const ASSEMBLIES: &str = "PoshWSUS assemblies";
const STRINGS: &str = "WSUS 3.0 SP2 parameter names";

const fn parameter(
    name: &'static str,
    parameter_type: ParameterType,
    sent: Sent,
    source: &'static str,
    grade: Grade,
) -> ParameterContract {
    ParameterContract { name, other_name: None, parameter_type, sent, evidence: Evidence { source, grade } }
}

/// `@failIfReplica`: 1 refuses on a replica, so a mistake of ours cannot write there.
const FAIL_IF_REPLICA: ParameterContract = parameter("@failIfReplica", BIT, Sent::WherePresent, STRINGS, Grade::B);

/// The catalogue.
pub const PROCEDURES: &[ProcedureContract] = &[
    ProcedureContract {
        procedure: Procedure::CreateTargetGroup,
        parameters: &[
            parameter("@name", ParameterType::NVarChar { length: 256, needed: 255 }, Sent::Always, CALLERS, Grade::A),
            parameter("@id", GUID, Sent::Always, CALLERS, Grade::A),
            parameter(
                "@targetGroupTypeName",
                ParameterType::NVarChar { length: 256, needed: 9 },
                Sent::Never,
                "HackTricks, SpecterOps write-up",
                Grade::B,
            ),
            parameter("@parentGroupID", GUID, Sent::Always, "HackTricks, SpecterOps write-up", Grade::B),
            FAIL_IF_REPLICA,
        ],
        saves_a_row: false,
        evidence: Evidence { source: CALLERS, grade: Grade::A },
    },
    ProcedureContract {
        procedure: Procedure::DeleteTargetGroup,
        parameters: &[
            parameter("@targetGroupID", GUID, Sent::Always, CALLERS, Grade::A),
            parameter("@adminName", ADMIN_NAME, Sent::WherePresent, WRAPPER, Grade::B),
            FAIL_IF_REPLICA,
        ],
        saves_a_row: false,
        evidence: Evidence { source: "MS-WSUSAR 3.1.4.29", grade: Grade::A },
    },
    ProcedureContract {
        procedure: Procedure::AddComputerToTargetGroup,
        parameters: &[
            parameter("@targetGroupID", GUID, Sent::Always, STRINGS, Grade::B),
            parameter(
                "@computerID",
                ParameterType::NVarChar { length: 256, needed: 256 },
                Sent::Always,
                STRINGS,
                Grade::B,
            ),
        ],
        saves_a_row: false,
        evidence: Evidence { source: "WSUSpendu", grade: Grade::B },
    },
    ProcedureContract {
        procedure: Procedure::RemoveComputerFromTargetGroup,
        parameters: &[
            parameter("@targetGroupID", GUID, Sent::Always, STRINGS, Grade::B),
            parameter(
                "@computerID",
                ParameterType::NVarChar { length: 256, needed: 256 },
                Sent::Always,
                STRINGS,
                Grade::B,
            ),
        ],
        saves_a_row: false,
        evidence: Evidence { source: STRINGS, grade: Grade::B },
    },
    ProcedureContract {
        procedure: Procedure::AcceptEula,
        parameters: &[
            parameter("@eulaID", GUID, Sent::Always, STRINGS, Grade::B),
            parameter("@adminName", ADMIN_NAME, Sent::Always, WRAPPER, Grade::B),
            parameter("@updateID", GUID, Sent::Always, WRAPPER, Grade::B),
            parameter("@revisionNumber", INT, Sent::Always, WRAPPER, Grade::B),
        ],
        saves_a_row: false,
        evidence: Evidence { source: "Black Hat USA 2026 deck", grade: Grade::A },
    },
    ProcedureContract {
        procedure: Procedure::DeployUpdate,
        parameters: &[
            parameter("@updateID", GUID, Sent::Always, CALLERS_APPROVE, Grade::A),
            parameter("@revisionNumber", INT, Sent::Always, CALLERS_APPROVE, Grade::A),
            parameter("@actionID", INT, Sent::Always, CALLERS_APPROVE, Grade::A),
            parameter("@targetGroupID", GUID, Sent::Always, CALLERS_APPROVE, Grade::A),
            parameter("@adminName", ADMIN_NAME, Sent::Always, CALLERS_APPROVE, Grade::A),
            parameter("@isAssigned", BIT, Sent::Always, CALLERS_APPROVE, Grade::A),
            parameter("@downloadPriority", ParameterType::TinyInt, Sent::Never, CALLERS_APPROVE, Grade::A),
            parameter("@deadline", ParameterType::DateTime, Sent::Always, "HackTricks, SpecterOps write-up", Grade::B),
            parameter("@goLiveTime", ParameterType::DateTime, Sent::Never, STRINGS, Grade::B),
            parameter("@deploymentIDToUse", GUID, Sent::Never, STRINGS, Grade::B),
            FAIL_IF_REPLICA,
            parameter("@isReplica", BIT, Sent::Never, STRINGS, Grade::B),
        ],
        saves_a_row: false,
        evidence: Evidence { source: CALLERS_APPROVE, grade: Grade::A },
    },
    ProcedureContract {
        procedure: Procedure::DeleteDeployment,
        parameters: &[
            parameter("@deploymentGuid", GUID, Sent::Always, STRINGS, Grade::B),
            parameter("@adminName", ADMIN_NAME, Sent::Always, WRAPPER, Grade::B),
            FAIL_IF_REPLICA,
            parameter("@failWhenNotFound", BIT, Sent::WherePresent, STRINGS, Grade::B),
        ],
        saves_a_row: false,
        evidence: Evidence { source: STRINGS, grade: Grade::B },
    },
    ProcedureContract {
        procedure: Procedure::DeclineUpdate,
        parameters: &[
            parameter("@updateID", GUID, Sent::Always, "MicrosoftDocs SupportArticles", Grade::A),
            parameter("@adminName", ADMIN_NAME, Sent::Always, "MicrosoftDocs SupportArticles", Grade::A),
            parameter("@failIfReplica", BIT, Sent::WherePresent, "MicrosoftDocs SupportArticles", Grade::A),
        ],
        saves_a_row: false,
        evidence: Evidence { source: "MicrosoftDocs SupportArticles", grade: Grade::A },
    },
    ProcedureContract {
        procedure: Procedure::UndeclineUpdate,
        parameters: &[
            parameter("@updateID", GUID, Sent::Always, "X10sions src/.Wsus", Grade::A),
            parameter("@adminName", ADMIN_NAME, Sent::WherePresent, STRINGS, Grade::B),
            FAIL_IF_REPLICA,
        ],
        saves_a_row: false,
        evidence: Evidence { source: "X10sions src/.Wsus", grade: Grade::A },
    },
    ProcedureContract {
        procedure: Procedure::SetConfiguration,
        parameters: &[],
        saves_a_row: true,
        evidence: Evidence { source: "PatchMyPCTeam/CustomerTroubleshooting", grade: Grade::A },
    },
    ProcedureContract {
        procedure: Procedure::CreateAutoDeploymentRule,
        parameters: &[parameter("@name", RULE_NAME, Sent::Always, ASSEMBLIES, Grade::B)],
        saves_a_row: false,
        evidence: Evidence { source: ASSEMBLIES, grade: Grade::B },
    },
    ProcedureContract {
        procedure: Procedure::SetAutoDeploymentRule,
        parameters: &[
            parameter("@autoDeploymentRuleID", INT, Sent::Always, ASSEMBLIES, Grade::B),
            parameter("@name", RULE_NAME, Sent::Always, ASSEMBLIES, Grade::B),
            parameter("@enabled", BIT, Sent::Always, ASSEMBLIES, Grade::B),
            parameter("@action", INT, Sent::Always, ASSEMBLIES, Grade::B),
            parameter("@updateClassificationIDListXml", LIST, Sent::Always, ASSEMBLIES, Grade::B),
            parameter("@updateCategoryIDListXml", LIST, Sent::Always, ASSEMBLIES, Grade::B),
            parameter("@targetGroupIDListXml", LIST, Sent::Always, ASSEMBLIES, Grade::B),
            parameter("@dateOffset", ParameterType::SmallInt, Sent::Always, ASSEMBLIES, Grade::B),
            parameter("@minutesAfterMidnight", ParameterType::SmallInt, Sent::Always, ASSEMBLIES, Grade::B),
            parameter("@apiVersion", INT, Sent::Never, ASSEMBLIES, Grade::B),
        ],
        saves_a_row: false,
        evidence: Evidence { source: ASSEMBLIES, grade: Grade::B },
    },
    ProcedureContract {
        procedure: Procedure::DeleteAutoDeploymentRule,
        parameters: &[parameter("@autoDeploymentRuleID", INT, Sent::Always, ASSEMBLIES, Grade::B)],
        saves_a_row: false,
        evidence: Evidence { source: ASSEMBLIES, grade: Grade::B },
    },
    ProcedureContract {
        procedure: Procedure::ListUpdatesOfRule,
        parameters: &[parameter("@autoDeploymentRuleID", INT, Sent::Always, ASSEMBLIES, Grade::B)],
        saves_a_row: false,
        evidence: Evidence { source: ASSEMBLIES, grade: Grade::B },
    },
    ProcedureContract {
        procedure: Procedure::DeleteDownstreamServer,
        parameters: &[ParameterContract {
            other_name: Some("@id"),
            ..parameter("@downstreamServerID", GUID, Sent::Always, ASSEMBLIES, Grade::B)
        }],
        saves_a_row: false,
        evidence: Evidence { source: ASSEMBLIES, grade: Grade::B },
    },
    ProcedureContract {
        procedure: Procedure::SetSubscription,
        parameters: &[],
        saves_a_row: true,
        evidence: Evidence { source: "PoshWSUS assemblies", grade: Grade::B },
    },
    ProcedureContract {
        procedure: Procedure::StartCatalogSync,
        parameters: &[parameter("@isCategoryOnly", BIT, Sent::Always, "PoshWSUS assemblies", Grade::B)],
        saves_a_row: false,
        evidence: Evidence { source: "PoshWSUS assemblies", grade: Grade::B },
    },
    ProcedureContract {
        procedure: Procedure::SetEmailNotificationConfiguration,
        parameters: &[],
        saves_a_row: true,
        evidence: Evidence { source: ASSEMBLIES, grade: Grade::B },
    },
    // Of these two what a parameter is for goes by its name, and whether it takes a name or a number by its live type.
    ProcedureContract {
        procedure: Procedure::ScheduleEmailNotification,
        parameters: &[],
        saves_a_row: true,
        evidence: Evidence { source: ASSEMBLIES, grade: Grade::B },
    },
    ProcedureContract {
        procedure: Procedure::AddEmailNotificationRecipient,
        parameters: &[],
        saves_a_row: true,
        evidence: Evidence { source: ASSEMBLIES, grade: Grade::B },
    },
];

/// The contract of a procedure.
#[must_use]
pub fn contract_of(procedure: Procedure) -> &'static ProcedureContract {
    PROCEDURES
        .iter()
        .find(|contract| contract.procedure == procedure)
        .expect("a test holds that every procedure has a contract")
}

//! Tables that say what numbers and ids mean: the same on every server of one version, and nobody's own.

use super::{Evidence, Grade};
use crate::susdb::read::catalogue::{Select, probe};

/// A table with all of its rows.
#[derive(Debug, Clone, Copy)]
pub struct ReferenceContract {
    /// Its name in the schema dbo.
    pub table: &'static str,
    /// What is read of it.
    pub columns: &'static [&'static str],
    /// The SELECT of these columns.
    pub select: Select,
    /// Where its columns come from.
    pub evidence: Evidence,
}

const fn reference(table: &'static str, columns: &'static [&'static str], select: Select) -> ReferenceContract {
    let evidence = Evidence { source: "Intensive-Self-Service-Portal", grade: Grade::A };
    ReferenceContract { table, columns, select, evidence }
}

/// The catalogue. What wsusctl takes these numbers to mean is in its code; a bug report shows what they are.
pub const REFERENCES: &[ReferenceContract] = &[
    reference("tbCategoryType", &["CategoryType", "Level"], probe::CATEGORY_TYPES),
    reference("tbLanguage", &["LanguageID", "ShortLanguage", "LongLanguage"], probe::LANGUAGES),
    reference("tbSchemaVersion", &["ComponentName", "BuildNumber", "SchemaVersion"], probe::SCHEMA_VERSIONS),
    reference("tbStateMachine", &["StateMachineID", "StateMachineName"], probe::STATE_MACHINES),
    reference("tbStateMachineState", &["StateMachineID", "StateID", "StateName"], probe::STATES),
    reference("tbTargetGroupType", &["TargetGroupTypeID", "Name"], probe::TARGET_GROUP_TYPES),
    reference("tbTargetType", &["TargetTypeID", "Name"], probe::TARGET_TYPES),
    reference("tbUpdateType", &["UpdateTypeID", "Name"], probe::UPDATE_TYPES),
];

//! The SELECTs of `doctor --contract`. None of them is needed for a plan.

use super::Select;

pub(in crate::susdb) const ENGINE: Select = select!(
    "probe.engine",
    "SELECT CAST(SERVERPROPERTY('EngineEdition') AS int) AS EngineEdition, compatibility_level AS CompatibilityLevel"
    "FROM sys.databases"
    "WHERE name = DB_NAME()"
);

pub(in crate::susdb) const PARAMETERS: Select = select!(
    "probe.parameters",
    "SELECT o.name AS ProcedureName, p.name AS ParameterName, t.name AS TypeName, b.name AS BaseName,"
    "    p.max_length AS MaxLength, p.precision AS PrecisionDigits, p.scale AS ScaleDigits, p.is_output AS IsOutput"
    "FROM sys.all_objects o"
    "INNER JOIN sys.schemas s ON s.schema_id = o.schema_id"
    "LEFT JOIN sys.all_parameters p ON p.object_id = o.object_id"
    "LEFT JOIN sys.types t ON t.user_type_id = p.user_type_id"
    "LEFT JOIN sys.types b ON b.user_type_id = p.system_type_id"
    "WHERE s.name = 'dbo' AND o.name IN ({list})"
    "ORDER BY o.name, p.parameter_id"
);

pub(in crate::susdb) const COLUMNS: Select = select!(
    "probe.columns",
    "SELECT s.name AS SchemaName, o.name AS ObjectName, c.name AS ColumnName, t.name AS TypeName, b.name AS BaseName,"
    "    c.max_length AS MaxLength, c.precision AS PrecisionDigits, c.scale AS ScaleDigits, c.is_nullable AS IsNullable"
    "FROM sys.all_objects o"
    "INNER JOIN sys.schemas s ON s.schema_id = o.schema_id"
    "INNER JOIN sys.all_columns c ON c.object_id = o.object_id"
    "LEFT JOIN sys.types t ON t.user_type_id = c.user_type_id"
    "LEFT JOIN sys.types b ON b.user_type_id = c.system_type_id"
    "WHERE o.name IN ({list})"
    "ORDER BY s.name, o.name, c.column_id"
);

pub(in crate::susdb) const CATEGORY_TYPES: Select =
    select!("probe.category-types", "SELECT CategoryType, Level FROM dbo.tbCategoryType");

pub(in crate::susdb) const LANGUAGES: Select =
    select!("probe.languages", "SELECT LanguageID, ShortLanguage, LongLanguage FROM dbo.tbLanguage");

pub(in crate::susdb) const SCHEMA_VERSIONS: Select = super::health::SCHEMA_VERSION;

pub(in crate::susdb) const STATE_MACHINES: Select =
    select!("probe.state-machines", "SELECT StateMachineID, StateMachineName FROM dbo.tbStateMachine");

pub(in crate::susdb) const STATES: Select =
    select!("probe.states", "SELECT StateMachineID, StateID, StateName FROM dbo.tbStateMachineState");

pub(in crate::susdb) const TARGET_GROUP_TYPES: Select =
    select!("probe.target-group-types", "SELECT TargetGroupTypeID, Name FROM dbo.tbTargetGroupType");

pub(in crate::susdb) const TARGET_TYPES: Select =
    select!("probe.target-types", "SELECT TargetTypeID, Name FROM dbo.tbTargetType");

pub(in crate::susdb) const UPDATE_TYPES: Select =
    select!("probe.update-types", "SELECT UpdateTypeID, Name FROM dbo.tbUpdateType");

const UPDATES: Select = select!("probe.updates", "SELECT COUNT(*) AS Number FROM dbo.tbUpdate");

const REVISIONS: Select = select!("probe.revisions", "SELECT COUNT(*) AS Number FROM dbo.tbRevision");

const DECLINED: Select = select!("probe.declined", "SELECT COUNT(*) AS Number FROM dbo.tbUpdate WHERE IsHidden = 1");

const CATEGORIES: Select = select!("probe.categories", "SELECT COUNT(*) AS Number FROM dbo.tbCategory");

const SUBSCRIBED: Select = select!("probe.subscribed", "SELECT COUNT(*) AS Number FROM dbo.tbCategoryInSubscription");

const APPROVALS: Select = select!("probe.approvals", "SELECT COUNT(*) AS Number FROM dbo.tbDeployment");

const GROUPS: Select = select!("probe.groups", "SELECT COUNT(*) AS Number FROM dbo.tbTargetGroup");

const COMPUTERS: Select = select!("probe.computers", "SELECT COUNT(*) AS Number FROM dbo.tbComputerTarget");

const RULES: Select = select!("probe.rules", "SELECT COUNT(*) AS Number FROM dbo.tbAutoDeploymentRule");

const DOWNSTREAM_SERVERS: Select =
    select!("probe.downstream-servers", "SELECT COUNT(*) AS Number FROM dbo.tbDownstreamServerTarget");

/// What is counted, and how.
pub(in crate::susdb) const COUNTS: &[(&str, &Select)] = &[
    ("approvals", &APPROVALS),
    ("categories", &CATEGORIES),
    ("computers", &COMPUTERS),
    ("declined", &DECLINED),
    ("downstreamServers", &DOWNSTREAM_SERVERS),
    ("groups", &GROUPS),
    ("revisions", &REVISIONS),
    ("rules", &RULES),
    ("subscribedCategories", &SUBSCRIBED),
    ("updates", &UPDATES),
];

/// Every SELECT of this file, with its marks.
pub(in crate::susdb) const ALL: &[Select] = &[
    ENGINE,
    PARAMETERS,
    COLUMNS,
    CATEGORY_TYPES,
    LANGUAGES,
    STATE_MACHINES,
    STATES,
    TARGET_GROUP_TYPES,
    TARGET_TYPES,
    UPDATE_TYPES,
    UPDATES,
    REVISIONS,
    DECLINED,
    CATEGORIES,
    SUBSCRIBED,
    APPROVALS,
    GROUPS,
    COMPUTERS,
    RULES,
    DOWNSTREAM_SERVERS,
];

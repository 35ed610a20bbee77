//! The SELECTs of `doctor`. None of them is needed for a plan.

use super::Select;

pub(in crate::susdb) const PRODUCT: Select = select!(
    "health.product",
    "SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)) AS ProductVersion,"
    "    CAST(SERVERPROPERTY('ProductLevel') AS nvarchar(128)) AS ProductLevel,"
    "    CAST(SERVERPROPERTY('Edition') AS nvarchar(128)) AS Edition,"
    "    CAST(SERVERPROPERTY('Collation') AS nvarchar(128)) AS Collation"
);

pub(in crate::susdb) const DATABASE: Select = select!(
    "health.database",
    "SELECT DB_NAME() AS DatabaseName,"
    "    CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) AS Collation,"
    "    CAST(DATABASEPROPERTYEX(DB_NAME(), 'Updateability') AS nvarchar(128)) AS Updateability"
);

pub(in crate::susdb) const LOGIN: Select = select!(
    "health.login",
    "SELECT SUSER_SNAME() AS LoginName, USER_NAME() AS UserName,"
    "    IS_SRVROLEMEMBER('sysadmin') AS Sysadmin, IS_ROLEMEMBER('db_owner') AS DbOwner,"
    "    IS_ROLEMEMBER('db_datareader') AS DataReader, IS_ROLEMEMBER('db_denydatareader') AS DenyDataReader,"
    "    IS_ROLEMEMBER('webService') AS WebService, IS_ROLEMEMBER('PublicViewAccess') AS PublicViewAccess,"
    "    HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'VIEW DEFINITION') AS SeesDefinitions"
);

pub(in crate::susdb) const PERMISSIONS: Select = select!(
    "health.permissions",
    "SELECT s.name AS SchemaName, o.name AS ObjectName,"
    "    HAS_PERMS_BY_NAME(QUOTENAME(s.name) + '.' + QUOTENAME(o.name), 'OBJECT', 'SELECT') AS MaySelect,"
    "    HAS_PERMS_BY_NAME(QUOTENAME(s.name) + '.' + QUOTENAME(o.name), 'OBJECT', 'EXECUTE') AS MayExecute"
    "FROM sys.all_objects o"
    "INNER JOIN sys.schemas s ON s.schema_id = o.schema_id"
    "WHERE o.name IN ({list})"
);

pub(in crate::susdb) const SCHEMA_VERSION: Select =
    select!("health.schema-version", "SELECT ComponentName, BuildNumber, SchemaVersion FROM dbo.tbSchemaVersion");

pub(in crate::susdb) const RESET_NEEDED: Select =
    select!("health.reset-needed", "SELECT ResetStateMachineNeeded FROM dbo.tbSingletonData");

pub(in crate::susdb) const LAST_SYNCHRONISATION: Select = select!(
    "health.last-synchronisation",
    "SELECT LastRunTime FROM dbo.tbSchedule WHERE ScheduleTarget = 1 AND ScheduleID = 1"
);

pub(in crate::susdb) const TARGETING: Select =
    select!("health.targeting", "SELECT ServerTargeting FROM dbo.tbConfigurationA");

pub(in crate::susdb) const NESTED_TRIGGERS: Select = select!(
    "health.nested-triggers",
    "SELECT CAST(value_in_use AS int) AS InUse FROM sys.configurations WHERE name = 'nested triggers'"
);

pub(in crate::susdb) const DOWNSTREAM_SERVERS: Select =
    select!("health.downstream-servers", "SELECT COUNT(*) AS Servers FROM dbo.tbDownstreamServerTarget");

/// Every SELECT of this file, with its marks.
pub(in crate::susdb) const ALL: &[Select] = &[
    PRODUCT,
    DATABASE,
    LOGIN,
    PERMISSIONS,
    SCHEMA_VERSION,
    RESET_NEEDED,
    LAST_SYNCHRONISATION,
    TARGETING,
    NESTED_TRIGGERS,
    DOWNSTREAM_SERVERS,
];

//! The tables and views of the emulated server, under SUSDB's names.
//!
//! `schema.sql` holds them with their sources. Views of schema PUBLIC_VIEWS are SQLite views named with the schema, as in
//! `"PUBLIC_VIEWS.vUpdate"`; everything else is in `dbo`.

use rusqlite::Connection;

/// Version of the state's layout, kept in `sandbox_version`.
pub const VERSION: i32 = 4;

/// The group that every computer belongs to.
///
/// Source: WSUSpendu, WSUSpendu.ps1; MS-WSUSSS (grade A).
pub const ALL_COMPUTERS: &str = "A0A08746-4DBE-4A37-9ADF-9E7652C0B421";

/// The group of the computers that are in no other.
///
/// Source: WSUSpendu, WSUSpendu.ps1; MS-WSUSSS (grade A).
pub const UNASSIGNED_COMPUTERS: &str = "B73CA6ED-5727-47F3-84DE-015E03F6A88A";

/// The group of downstream servers, of another type than groups of computers.
///
/// Source: WSUSpendu, WSUSpendu.ps1 (grade A).
pub const DOWNSTREAM_SERVERS: &str = "D374F42A-9BE2-4163-A0FA-3C86A401B7A7";

/// How a `datetime` is written in the state, in UTC.
pub const DATETIME_FORMAT: &str = "%Y-%m-%d %H:%M:%S%.3f";

/// Creates tables, indexes and views in an empty database.
///
/// # Errors
/// What SQLite says, above all where the database is not empty.
pub fn create(store: &Connection) -> rusqlite::Result<()> {
    store.execute_batch(include_str!("schema.sql"))?;
    store.execute("INSERT INTO sandbox_version (version) VALUES (?1)", [VERSION])?;
    Ok(())
}

/// Gives the SQL Server type of a view's column that SQLite cannot know because it is computed; the others have their
/// table's declared type.
#[must_use]
pub fn computed_column_type(view: &str, column: &str) -> Option<&'static str> {
    COMPUTED_COLUMNS
        .iter()
        .find(|(of, name, _)| of.eq_ignore_ascii_case(view) && name.eq_ignore_ascii_case(column))
        .map(|(_, _, sql_type)| *sql_type)
}

/// View, column, type.
const COMPUTED_COLUMNS: &[(&str, &str, &str)] = &[
    ("tbExpandedTargetInTargetGroup", "IsExplicitMember", "bit"),
    ("tbExpandedTargetInTargetGroup", "ChildGroupReferences", "int"),
    ("tbImplicitCategory", "DeltaSync", "bit"),
    ("tbUpdateSummaryForAllComputers", "Unknown", "int"),
    ("tbUpdateSummaryForAllComputers", "NotInstalled", "int"),
    ("tbUpdateSummaryForAllComputers", "Downloaded", "int"),
    ("tbUpdateSummaryForAllComputers", "Installed", "int"),
    ("tbUpdateSummaryForAllComputers", "Failed", "int"),
    ("tbUpdateSummaryForAllComputers", "InstalledPendingReboot", "int"),
    ("tbUpdateSummaryForAllComputers", "LastChangeTime", "datetime"),
    ("vwMinimalUpdate", "IsSuperseded", "bit"),
    ("vwMinimalUpdate", "RequiresEulaAcceptance", "bit"),
    ("vwMinimalUpdate", "HasSupersededUpdates", "bit"),
    ("vwMinimalUpdate", "HasEarlierRevision", "bit"),
    ("vwMinimalUpdate", "IsDeployed", "bit"),
    ("vwMinimalUpdate", "HasStaleDeployments", "bit"),
    ("vwMinimalUpdate", "InstallationSupported", "bit"),
    ("vwMinimalUpdate", "InstallationImpact", "int"),
    ("vwMinimalUpdate", "InstallationRebootBehavior", "int"),
    ("vwMinimalUpdate", "InstallationRequiresNetworkConnectivity", "bit"),
    ("vwMinimalUpdate", "InstallationCanRequestUserInput", "bit"),
    ("vwMinimalUpdate", "UninstallationSupported", "bit"),
    ("vwMinimalUpdate", "UninstallationImpact", "int"),
    ("vwMinimalUpdate", "UninstallationRebootBehavior", "int"),
    ("vwMinimalUpdate", "UninstallationRequiresNetworkConnectivity", "bit"),
    ("vwMinimalUpdate", "UninstallationCanRequestUserInput", "bit"),
    ("PUBLIC_VIEWS.vUpdate", "PublicationState", "nvarchar(9)"),
    ("PUBLIC_VIEWS.vUpdate", "UpdateSource", "nvarchar(15)"),
    ("PUBLIC_VIEWS.vUpdate", "KnowledgebaseArticle", "nvarchar(15)"),
    ("PUBLIC_VIEWS.vUpdate", "SecurityBulletin", "nvarchar(15)"),
    ("PUBLIC_VIEWS.vUpdate", "InstallationCanRequestUserInput", "bit"),
    ("PUBLIC_VIEWS.vUpdate", "InstallationRequiresNetworkConnectivity", "bit"),
    ("PUBLIC_VIEWS.vUpdate", "InstallationImpact", "nvarchar(25)"),
    ("PUBLIC_VIEWS.vUpdate", "InstallationRebootBehavior", "nvarchar(20)"),
    ("PUBLIC_VIEWS.vComputerGroupMembership", "IsExplicitMember", "bit"),
    ("PUBLIC_VIEWS.vUpdateApproval", "Action", "nvarchar(15)"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn created() -> Connection {
        let store = Connection::open_in_memory().unwrap();
        create(&store).unwrap();
        store
    }

    fn columns(store: &Connection, name: &str) -> Vec<(String, String)> {
        let mut statement = store.prepare("SELECT name, type FROM pragma_table_info(?1)").unwrap();
        let rows = statement.query_map([name], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    fn names(store: &Connection, kind: &str) -> Vec<String> {
        let mut statement = store.prepare("SELECT name FROM sqlite_master WHERE type = ?1").unwrap();
        let rows = statement.query_map([kind], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    #[test]
    fn every_column_of_every_view_has_a_type() {
        let store = created();
        for view in names(&store, "view") {
            for (column, sql_type) in columns(&store, &view) {
                let computed = computed_column_type(&view, &column);
                assert_eq!(sql_type.is_empty(), computed.is_some(), "{view}.{column} has type {sql_type:?}");
            }
        }
    }

    #[test]
    fn every_computed_column_exists() {
        let store = created();
        for (view, column, _) in COMPUTED_COLUMNS {
            assert!(columns(&store, view).iter().any(|(name, _)| name == column), "{view}.{column}");
        }
    }

    #[test]
    fn every_view_can_be_read() {
        let store = created();
        for view in names(&store, "view") {
            store.query_row(&format!("SELECT count(*) FROM \"{view}\""), [], |row| row.get::<_, i64>(0)).unwrap();
        }
    }

    #[test]
    fn an_optional_approval_has_no_deadline() {
        let store = created();
        let sql: String =
            store.query_row("SELECT sql FROM sqlite_master WHERE name = 'tbDeployment'", [], |row| row.get(0)).unwrap();
        assert!(sql.contains("CHECK (IsAssigned = 1 OR Deadline IS NULL)"));
    }

    #[test]
    fn the_version_is_recorded() {
        let version: i32 = created().query_row("SELECT version FROM sandbox_version", [], |row| row.get(0)).unwrap();
        assert_eq!(version, VERSION);
    }
}

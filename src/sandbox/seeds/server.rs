//! A freshly installed server: what setup and the first synchronisation of categories leave.

use rusqlite::{Connection, params};

use super::identity::named_guid;
use super::writer::{ENGLISH, Update, UpdateKind, Writer, minutes_before, text};
use crate::sandbox::schema::{ALL_COMPUTERS, DOWNSTREAM_SERVERS, UNASSIGNED_COMPUTERS};

/// A category: id, parent, type, title. The id is the LocalUpdateID of the update that carries it.
type Category = (i64, Option<i64>, &'static str, &'static str);

pub(super) const WINDOWS_11: i64 = 11;
pub(super) const WINDOWS_10: i64 = 12;
pub(super) const SERVER_2022: i64 = 13;
pub(super) const SERVER_2025: i64 = 14;
pub(super) const DEFENDER: i64 = 15;
pub(super) const SQL_SERVER_2022: i64 = 16;
/// One of two products titled "Windows Admin Center".
pub(super) const ADMIN_CENTER_WINDOWS: i64 = 17;
/// The other product titled "Windows Admin Center".
pub(super) const ADMIN_CENTER_TOOLS: i64 = 18;
pub(super) const CRITICAL_UPDATES: i64 = 31;
pub(super) const DEFINITION_UPDATES: i64 = 32;
pub(super) const DRIVERS: i64 = 33;
pub(super) const SECURITY_UPDATES: i64 = 35;
pub(super) const UPDATE_ROLLUPS: i64 = 38;
pub(super) const UPDATES: i64 = 39;

/// Updates of the seeds begin here; what is below are categories.
pub(super) const FIRST_UPDATE: i64 = 1001;

const CATEGORIES: &[Category] = &[
    (1, None, "Company", "Microsoft"),
    (2, Some(1), "ProductFamily", "Windows"),
    (3, Some(1), "ProductFamily", "SQL Server"),
    (4, Some(1), "ProductFamily", "Developer Tools, Runtimes, and Redistributables"),
    (WINDOWS_11, Some(2), "Product", "Windows 11"),
    (WINDOWS_10, Some(2), "Product", "Windows 10, version 1903 and later"),
    (SERVER_2022, Some(2), "Product", "Windows Server 2022"),
    (SERVER_2025, Some(2), "Product", "Windows Server 2025"),
    (DEFENDER, Some(2), "Product", "Microsoft Defender Antivirus"),
    (SQL_SERVER_2022, Some(3), "Product", "SQL Server 2022"),
    (ADMIN_CENTER_WINDOWS, Some(2), "Product", "Windows Admin Center"),
    (ADMIN_CENTER_TOOLS, Some(4), "Product", "Windows Admin Center"),
    (CRITICAL_UPDATES, None, "UpdateClassification", "Critical Updates"),
    (DEFINITION_UPDATES, None, "UpdateClassification", "Definition Updates"),
    (DRIVERS, None, "UpdateClassification", "Drivers"),
    (34, None, "UpdateClassification", "Feature Packs"),
    (SECURITY_UPDATES, None, "UpdateClassification", "Security Updates"),
    (36, None, "UpdateClassification", "Service Packs"),
    (37, None, "UpdateClassification", "Tools"),
    (UPDATE_ROLLUPS, None, "UpdateClassification", "Update Rollups"),
    (UPDATES, None, "UpdateClassification", "Updates"),
    (40, None, "UpdateClassification", "Upgrades"),
];

/// The update id of a category. Two classifications have the ids that Microsoft uses, the others are ours.
///
/// Source: potatoqualitee kbupdate; WSUSpendu, WSUSpendu.ps1 (Security Updates grade A, Critical Updates grade B).
pub(super) fn category_guid(category: i64) -> String {
    match category {
        SECURITY_UPDATES => "0FA1201D-4330-4FA8-8AE9-B877473B6441".to_owned(),
        CRITICAL_UPDATES => "E6CF1350-C01B-414D-A61F-263D14D133B4".to_owned(),
        other => super::identity::guid("category", other.unsigned_abs()),
    }
}

/// Writes what is no category.
pub(super) fn write(store: &Connection) -> rusqlite::Result<()> {
    write_codes(store)?;
    write_groups(store)?;
    write_configuration(store)?;
    write_unplaced(store)
}

fn write_codes(store: &Connection) -> rusqlite::Result<()> {
    store.execute_batch(
        "INSERT INTO tbTargetType (TargetTypeID, Name) VALUES (0, 'Computers'), (1, 'Downstream Servers');
         INSERT INTO tbTargetGroupType (TargetGroupTypeID, Name)
             VALUES (0, 'Computers'), (1, 'Downstream Servers'), (2, 'Catalog');
         INSERT INTO tbCategoryType (CategoryType, Level)
             VALUES ('Company', 0), ('ProductFamily', 1), ('Product', 2), ('UpdateClassification', 0);
         INSERT INTO tbChangeTracking (NotificationEventName, ChangeNumber) VALUES ('ConfigurationChange', 1),
             ('DeploymentChange', 1), ('ContentSyncAgent', 1), ('CatalogSyncAgent', 1);
         INSERT INTO tbSchemaVersion (ID, ComponentName, BuildNumber, SchemaVersion) VALUES (1, 'Sandbox', '1', 1);
         INSERT INTO tbSingletonData (ID, UssHostOnMu, ResetStateMachineNeeded) VALUES (1, 1, 0);",
    )?;
    for kind in [UpdateKind::Software, UpdateKind::Driver, UpdateKind::Category] {
        store.execute(
            "INSERT INTO tbUpdateType (UpdateTypeID, Name) VALUES (?1, ?2)",
            [kind.id().as_str(), kind.name()],
        )?;
    }
    let languages =
        [(0, "all", "All Languages"), (1031, "de", "German"), (ENGLISH, "en", "English"), (1036, "fr", "French")];
    for (index, (id, short, long)) in (0_i64..).zip(languages) {
        store.execute(
            "INSERT INTO tbLanguage (LanguageIndex, LanguageID, ShortLanguage, LongLanguage, UssEnabled, Enabled,
                 CreateTime, FullTextLCID)
             VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?2)",
            params![index, id, short, long, id != 0, text(installed())],
        )?;
    }
    store.execute(
        "INSERT INTO tbServerHealth (ComponentName, HeartBeat, IsRunning) VALUES ('WsusService', ?1, 1)",
        [text(minutes_before(5))],
    )?;
    store.execute(
        "INSERT INTO tbSchedule (ScheduleTarget, ScheduleID, LastModifiedBy, LastModifiedTime, ScheduledTimeOfDay,
             LastRunTime, Frequency)
         VALUES (1, 1, 'WUS Server', ?1, NULL, ?1, 0)",
        [text(installed())],
    )?;
    Ok(())
}

fn installed() -> chrono::NaiveDateTime {
    minutes_before(2 * 525_600)
}

/// The built-in groups. That Downstream Servers and All Computers have no parent is our guess (grade C).
fn write_groups(store: &Connection) -> rusqlite::Result<()> {
    for (kind, name, id, order, parent) in [
        (0, "All Computers", ALL_COMPUTERS, 0, None),
        (0, "Unassigned Computers", UNASSIGNED_COMPUTERS, 1, Some(ALL_COMPUTERS)),
        (1, "Downstream Servers", DOWNSTREAM_SERVERS, 2, None),
    ] {
        store.execute(
            "INSERT INTO tbTargetGroup (TargetGroupTypeID, Name, TargetGroupID, OrderValue, IsBuiltin, ParentGroupID)
             VALUES (?1, ?2, ?3, ?4, 1, ?5)",
            params![kind, name, id, order, parent],
        )?;
    }
    Ok(())
}

fn write_configuration(store: &Connection) -> rusqlite::Result<()> {
    store.execute(
        "INSERT INTO tbConfigurationA (ConfigurationID, LastConfigChange, ServerID, HandshakeAnchor)
         VALUES (1, ?1, '3F0E6D3C-6F5E-4C55-9A53-6A3F1F6D5A11', NULL)",
        [text(installed())],
    )?;
    store.execute(
        "INSERT INTO tbConfigurationB (ConfigurationID, LocalContentCacheLocation, ServerSupportsAllLanguages, LogPath,
             MUUrl, RedirectorChangeNumber)
         VALUES (1, 'D:\\WSUS\\WsusContent', 0, 'C:\\Program Files\\Update Services\\LogFiles\\SoftwareDistribution.log',
             'https://sws.update.microsoft.com', 4002)",
        [],
    )?;
    store.execute(
        "INSERT INTO tbConfigurationC (ConfigurationID, MaxCoreUpdatesPerRequest, MaxExtendedUpdatesPerRequest,
             MaxXmlPerRequestInServerSync, MaxTargetComputers, MaxEventInstances, LogRolloverFileSizeInBytes,
             RollupResetGuid, DownloadExpressPackages)
         VALUES (1, 30, 50, 10485760, 100000, 500000, 1048576, ?1, 0)",
        [named_guid("rollup", "reset")],
    )?;
    Ok(())
}

/// Settings whose table is not known, with plausible values.
fn write_unplaced(store: &Connection) -> rusqlite::Result<()> {
    store.execute_batch(
        "INSERT INTO sandbox_unplaced (name, value) VALUES
             ('UssSupportsAllLanguages', 1), ('GetContentFromMU', 0), ('DssRollupChunkSize', 100), ('MURollupOptin', 0),
             ('AutoRefreshDeploymentsDeclineExpired', 1), ('ServerString', ''), ('ClientReportingLevel', 2),
             ('LocalPublishingMaxCabSize', 1024), ('DownloadRegulationWebServiceUrl', ''), ('LoadOdfLocally', 0),
             ('OdfFilePath', ''), ('ComputerDeletionTimeThreshold', 30), ('ConfigurationChangeNumber', 1),
             ('UseSeparateProxyForSsl', 0), ('SslProxyName', NULL), ('SslProxyServerPort', 443),
             ('ServerSupportsAllAvailableLanguages', 0), ('DisableSyncDrivers', 0), ('DisableSyncPrinterCatalog', 0),
             ('SubscriptionState', 1);",
    )
}

/// Writes the categories: each is an update of its own.
pub(super) fn write_categories(writer: &mut Writer<'_>) -> rusqlite::Result<()> {
    for (index, (id, parent, kind, title)) in (1_i64..).zip(CATEGORIES) {
        writer.update(&Update {
            local: *id,
            id: &category_guid(*id),
            revisions: &[*id],
            title,
            description: None,
            kb: None,
            classification: 0,
            product: 0,
            kind: UpdateKind::Category,
            severity: "Unspecified",
            created: installed(),
            is_deployable: false,
            is_expired: false,
            is_declined: false,
            is_leaf: true,
            can_uninstall: false,
            eula: None,
        })?;
        writer.store().execute(
            "INSERT INTO tbCategory (CategoryIndex, CategoryID, ParentCategoryID, CategoryType, LastChange)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![index, id, parent, kind, text(installed())],
        )?;
    }
    Ok(())
}

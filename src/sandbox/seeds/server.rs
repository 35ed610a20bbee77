//! A freshly installed server: what setup and the first synchronisation of categories leave.

use rusqlite::{Connection, params};

use super::identity::named_guid;
use super::languages;
use super::writer::{UpdateKind, minutes_before, text};
use crate::sandbox::schema::{ALL_COMPUTERS, DOWNSTREAM_SERVERS, UNASSIGNED_COMPUTERS};

/// Updates of the seeds begin here; what is below are categories.
pub(super) const FIRST_UPDATE: i64 = 1001;

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
             VALUES (0, 'Computers'), (1, 'Downstream Servers'), (2, 'Catalog Callers');
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
    languages::write(store)?;
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

pub(super) fn installed() -> chrono::NaiveDateTime {
    minutes_before(2 * 525_600)
}

/// The built-in groups. All Computers has no parent (learn.microsoft.com, aa349530, grade A); that Downstream Servers has
/// none, either, is our guess (grade C).
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
    write_health_monitoring(store)
}

/// What `wsusutil healthmonitoring` sets, with numbers that differ, so that a save that mixes two up shows. Our guesses
/// (grade C).
fn write_health_monitoring(store: &Connection) -> rusqlite::Result<()> {
    store.execute_batch(
        "UPDATE tbConfigurationC SET HmDetectIntervalInSeconds = 600, HmRefreshIntervalInSeconds = 21600,
             HmCoreDiskSpaceGreenMegabytes = 500, HmCoreDiskSpaceRedMegabytes = 200, HmCoreCatalogSyncIntervalInDays = 7,
             HmClientsInstallUpdatesGreenPercent = 5, HmClientsInstallUpdatesRedPercent = 10,
             HmClientsInventoryGreenPercent = 6, HmClientsInventoryRedPercent = 11, HmClientsInventoryScanDiffInHours = 720,
             HmClientsSilentGreenPercent = 8, HmClientsSilentRedPercent = 12, HmClientsSilentDays = 30, HmCoreFlags = 31,
             HmClientsFlags = 15, HmDatabaseFlags = 1, HmWebServicesFlags = 63, HmClientsTooManyGreenPercent = 80,
             HmClientsTooManyRedPercent = 90",
    )
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
             ('ServerSupportsAllAvailableLanguages', 0), ('OobeInitialized', 1), ('TrackDynamicCategories', 0),
             ('MaxUpdatesPerRequestInGetUpdateDecryptionData', 100), ('DisableSyncDrivers', 0), ('DisableSyncPrinterCatalog', 0),
             ('SubscriptionState', 1);",
    )
}

//! The settings of the server: what `spConfiguration` shows and `spSetConfiguration` saves.

use Access::{ReadOnly, Saved};
use Home::{Table, Unplaced};

use super::arguments::nvarchar;
use crate::sandbox::value::SqlType::{self, BigInt, Bit, DateTime, Int, UniqueIdentifier, VarBinary};

/// A column of the configuration row.
pub(in crate::sandbox) struct Setting {
    /// Its name in the row.
    pub(in crate::sandbox) column: &'static str,
    /// The name of the parameter that saves it: the column's with an `@`.
    pub(in crate::sandbox) parameter: &'static str,
    /// Its type.
    pub(in crate::sandbox) sql_type: SqlType,
    /// Where it is kept.
    pub(in crate::sandbox) home: Home,
    /// Whether a save writes it.
    pub(in crate::sandbox) access: Access,
}

/// Where a setting is kept.
#[derive(Clone, Copy)]
pub(in crate::sandbox) enum Home {
    /// In this table and column.
    Table(&'static str, &'static str),
    /// In `sandbox_unplaced` under its own name: its table is not known publicly.
    Unplaced,
}

/// Whether a save of the settings writes a column.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Access {
    /// Yes.
    Saved,
    /// No: it is an identity, a key or a stamp, or a procedure of its own writes it.
    ReadOnly,
}

macro_rules! settings {
    ($(($column:literal, $sql_type:expr, $home:expr, $access:expr),)*) => {
        &[$(Setting {
            column: $column,
            parameter: concat!("@", $column),
            sql_type: $sql_type,
            home: $home,
            access: $access,
        }),*]
    };
}

/// Column of the row, type, home, access, in the order of the row.
///
/// Source: PoshWSUS assemblies (names and order, grade B); UpdateManagement assemblies (the columns whose names begin with
/// Hm, grade B, and the three of Windows Server 2016, with two independent legs); Intensive-Self-Service-Portal,
/// Intensive.Data/WSUS (homes and types, grade A; that the Hm columns are ints of tbConfigurationC, grade A). The types of
/// the unplaced ones are our guess (grade C), and so is which of them a save does not write; that it writes ServerId:
/// learn.microsoft.com, Migrate the Windows Server Update Services role, where the API saves a new one (grade B).
pub(in crate::sandbox) const SETTINGS: &[Setting] = settings![
    ("ConfigurationID", Int, Table("tbConfigurationA", "ConfigurationID"), ReadOnly),
    ("LastConfigChange", DateTime, Table("tbConfigurationA", "LastConfigChange"), ReadOnly),
    ("DssAnonymousTargeting", Bit, Table("tbConfigurationA", "DssAnonymousTargeting"), Saved),
    ("IsRegistrationRequired", Bit, Table("tbConfigurationA", "IsRegistrationRequired"), Saved),
    ("MaxDeltaSyncPeriod", Int, Table("tbConfigurationA", "MaxDeltaSyncPeriod"), Saved),
    ("ReportingServiceUrl", nvarchar(1024), Table("tbConfigurationA", "ReportingServiceUrl"), Saved),
    ("ServerId", UniqueIdentifier, Table("tbConfigurationA", "ServerID"), Saved),
    ("AnonymousCookieExpirationTime", BigInt, Table("tbConfigurationA", "AnonymousCookieExpirationTime"), Saved),
    (
        "SimpleTargetingCookieExpirationTime",
        BigInt,
        Table("tbConfigurationA", "SimpleTargetingCookieExpirationTime"),
        Saved
    ),
    (
        "MaximumServerCookieExpirationTime",
        BigInt,
        Table("tbConfigurationA", "MaximumServerCookieExpirationTime"),
        Saved
    ),
    ("DssTargetingCookieExpirationTime", BigInt, Table("tbConfigurationA", "DssTargetingCookieExpirationTime"), Saved),
    ("EncryptionKey", VarBinary(Some(128)), Table("tbConfigurationA", "EncryptionKey"), ReadOnly),
    ("ServerTargeting", Bit, Table("tbConfigurationA", "ServerTargeting"), Saved),
    ("SyncToMU", Bit, Table("tbConfigurationA", "SyncToMU"), Saved),
    ("UpstreamServerName", nvarchar(256), Table("tbConfigurationA", "UpstreamServerName"), Saved),
    ("ServerPortNumber", Int, Table("tbConfigurationA", "ServerPortNumber"), Saved),
    ("UpstreamServerUseSSL", Bit, Table("tbConfigurationA", "UpstreamServerUseSSL"), Saved),
    ("UseProxy", Bit, Table("tbConfigurationA", "UseProxy"), Saved),
    ("ProxyName", nvarchar(256), Table("tbConfigurationA", "ProxyName"), Saved),
    ("ProxyServerPort", Int, Table("tbConfigurationA", "ProxyServerPort"), Saved),
    ("AnonymousProxyAccess", Bit, Table("tbConfigurationA", "AnonymousProxyAccess"), Saved),
    ("ProxyUserName", nvarchar(256), Table("tbConfigurationA", "ProxyUserName"), Saved),
    ("HostOnMu", Bit, Table("tbConfigurationA", "HostOnMu"), Saved),
    ("LocalContentCacheLocation", nvarchar(256), Table("tbConfigurationB", "LocalContentCacheLocation"), Saved),
    ("ServerSupportsAllLanguages", Bit, Table("tbConfigurationB", "ServerSupportsAllLanguages"), Saved),
    ("LogLevel", Int, Table("tbConfigurationB", "LogLevel"), Saved),
    ("LogFilePath", nvarchar(256), Table("tbConfigurationB", "LogPath"), Saved),
    ("SubscriptionFailureNumberOfRetries", Int, Table("tbConfigurationB", "SubscriptionFailureNumberOfRetries"), Saved),
    (
        "SubscriptionFailureWaitBetweenRetriesTime",
        BigInt,
        Table("tbConfigurationB", "SubscriptionFailureWaitBetweenRetriesTime"),
        Saved
    ),
    ("DispatchManagerPollingInterval", BigInt, Table("tbConfigurationB", "DispatchManagerPollingInterval"), Saved),
    (
        "StateMachineTransitionLoggingEnabled",
        Bit,
        Table("tbConfigurationB", "StateMachineTransitionLoggingEnabled"),
        Saved
    ),
    (
        "StateMachineTransitionErrorCaptureLength",
        Int,
        Table("tbConfigurationB", "StateMachineTransitionErrorCaptureLength"),
        Saved
    ),
    ("MaxSimultaneousFileDownloads", Int, Table("tbConfigurationB", "MaxSimultaneousFileDownloads"), Saved),
    ("MUUrl", nvarchar(1024), Table("tbConfigurationB", "MUUrl"), Saved),
    ("EventLogFloodProtectTime", Int, Table("tbConfigurationB", "EventLogFloodProtectTime"), Saved),
    ("HandshakeAnchor", nvarchar(64), Table("tbConfigurationA", "HandshakeAnchor"), ReadOnly),
    ("StatsDotNetWebServiceUri", nvarchar(1024), Table("tbConfigurationB", "StatsDotNetWebServiceUri"), Saved),
    ("QueueFlushTimeInMS", Int, Table("tbConfigurationB", "QueueFlushTimeInMS"), Saved),
    ("QueueFlushCount", Int, Table("tbConfigurationB", "QueueFlushCount"), Saved),
    ("QueueRejectCount", Int, Table("tbConfigurationB", "QueueRejectCount"), Saved),
    ("SleepTimeAfterErrorInMS", Int, Table("tbConfigurationB", "SleepTimeAfterErrorInMS"), Saved),
    ("LogDestinations", Int, Table("tbConfigurationB", "LogDestinations"), Saved),
    ("AutoRefreshDeployments", Bit, Table("tbConfigurationB", "AutoRefreshDeployments"), Saved),
    ("RedirectorChangeNumber", BigInt, Table("tbConfigurationB", "RedirectorChangeNumber"), Saved),
    ("ImportLocalPath", nvarchar(256), Table("tbConfigurationB", "ImportLocalPath"), Saved),
    ("UseCookieValidation", Bit, Table("tbConfigurationB", "UseCookieValidation"), Saved),
    ("AutoPurgeClientEventAgeThreshold", Int, Table("tbConfigurationB", "AutoPurgeClientEventAgeThreshold"), Saved),
    ("AutoPurgeServerEventAgeThreshold", Int, Table("tbConfigurationB", "AutoPurgeServerEventAgeThreshold"), Saved),
    ("AutoPurgeDetectionPeriod", Int, Table("tbConfigurationB", "AutoPurgeDetectionPeriod"), Saved),
    ("DoReportingDataValidation", Bit, Table("tbConfigurationB", "DoReportingDataValidation"), Saved),
    ("DoReportingSummarization", Bit, Table("tbConfigurationB", "DoReportingSummarization"), Saved),
    ("MaxNumberOfIdsToRequestDataFromUss", Int, Table("tbConfigurationB", "MaxNumberOfIdsToRequestDataFromUss"), Saved),
    ("MaxCoreUpdatesPerRequest", Int, Table("tbConfigurationC", "MaxCoreUpdatesPerRequest"), Saved),
    ("MaxExtendedUpdatesPerRequest", Int, Table("tbConfigurationC", "MaxExtendedUpdatesPerRequest"), Saved),
    ("DownloadRegulationUrl", nvarchar(1024), Table("tbConfigurationC", "DownloadRegulationUrl"), Saved),
    ("AllowProxyCredentialsOverNonSsl", Bit, Table("tbConfigurationC", "AllowProxyCredentialsOverNonSsl"), Saved),
    ("LazySync", Bit, Table("tbConfigurationC", "LazySync"), Saved),
    ("DownloadExpressPackages", Bit, Table("tbConfigurationC", "DownloadExpressPackages"), Saved),
    ("DoServerSyncCompression", Bit, Table("tbConfigurationC", "DoServerSyncCompression"), Saved),
    ("ProxyUserDomain", nvarchar(256), Table("tbConfigurationC", "ProxyUserDomain"), Saved),
    ("BitsHealthScanningInterval", BigInt, Table("tbConfigurationC", "BitsHealthScanningInterval"), Saved),
    ("BitsDownloadPriorityForeground", Bit, Table("tbConfigurationC", "BitsDownloadPriorityForeground"), Saved),
    ("MaxXmlPerRequest", Int, Table("tbConfigurationC", "MaxXMLPerRequest"), Saved),
    ("MaxXmlPerRequestInServerSync", Int, Table("tbConfigurationC", "MaxXmlPerRequestInServerSync"), Saved),
    ("MaxTargetComputers", Int, Table("tbConfigurationC", "MaxTargetComputers"), Saved),
    ("MaxEventInstances", Int, Table("tbConfigurationC", "MaxEventInstances"), Saved),
    ("LogRolloverFileSizeInBytes", Int, Table("tbConfigurationC", "LogRolloverFileSizeInBytes"), Saved),
    ("WsusInstallType", Int, Table("tbConfigurationC", "WUSInstallType"), Saved),
    ("ReplicaMode", Bit, Table("tbConfigurationC", "ReplicaMode"), Saved),
    ("AutoDeployMandatory", Bit, Table("tbConfigurationC", "AutoDeployMandatory"), Saved),
    ("DeploymentChangeDeferral", Int, Table("tbConfigurationC", "DeploymentChangeDeferral"), Saved),
    ("RevisionDeletionTimeThreshold", Int, Table("tbConfigurationC", "RevisionDeletionTimeThreshold"), Saved),
    ("RevisionDeletionSizeThreshold", Int, Table("tbConfigurationC", "RevisionDeletionSizeThreshold"), Saved),
    ("CollectClientInventory", Bit, Table("tbConfigurationC", "CollectClientInventory"), Saved),
    ("DoDetailedRollup", Bit, Table("tbConfigurationC", "DoDetailedRollup"), Saved),
    ("RollupResetGuid", UniqueIdentifier, Table("tbConfigurationC", "RollupResetGuid"), Saved),
    ("UssSupportsAllLanguages", Bit, Unplaced, Saved),
    ("GetContentFromMU", Bit, Unplaced, Saved),
    ("HmDetectIntervalInSeconds", Int, Table("tbConfigurationC", "HmDetectIntervalInSeconds"), Saved),
    ("HmRefreshIntervalInSeconds", Int, Table("tbConfigurationC", "HmRefreshIntervalInSeconds"), Saved),
    ("HmCoreDiskSpaceGreenMegabytes", Int, Table("tbConfigurationC", "HmCoreDiskSpaceGreenMegabytes"), Saved),
    ("HmCoreDiskSpaceRedMegabytes", Int, Table("tbConfigurationC", "HmCoreDiskSpaceRedMegabytes"), Saved),
    ("HmCoreCatalogSyncIntervalInDays", Int, Table("tbConfigurationC", "HmCoreCatalogSyncIntervalInDays"), Saved),
    (
        "HmClientsInstallUpdatesGreenPercent",
        Int,
        Table("tbConfigurationC", "HmClientsInstallUpdatesGreenPercent"),
        Saved
    ),
    ("HmClientsInstallUpdatesRedPercent", Int, Table("tbConfigurationC", "HmClientsInstallUpdatesRedPercent"), Saved),
    ("HmClientsInventoryGreenPercent", Int, Table("tbConfigurationC", "HmClientsInventoryGreenPercent"), Saved),
    ("HmClientsInventoryRedPercent", Int, Table("tbConfigurationC", "HmClientsInventoryRedPercent"), Saved),
    ("HmClientsInventoryScanDiffInHours", Int, Table("tbConfigurationC", "HmClientsInventoryScanDiffInHours"), Saved),
    ("HmClientsSilentGreenPercent", Int, Table("tbConfigurationC", "HmClientsSilentGreenPercent"), Saved),
    ("HmClientsSilentRedPercent", Int, Table("tbConfigurationC", "HmClientsSilentRedPercent"), Saved),
    ("HmClientsSilentDays", Int, Table("tbConfigurationC", "HmClientsSilentDays"), Saved),
    ("DssRollupChunkSize", Int, Unplaced, Saved),
    ("MURollupOptin", Bit, Unplaced, Saved),
    ("AutoRefreshDeploymentsDeclineExpired", Bit, Unplaced, Saved),
    ("ServerString", nvarchar(256), Unplaced, Saved),
    ("HmCoreFlags", Int, Table("tbConfigurationC", "HmCoreFlags"), Saved),
    ("HmClientsFlags", Int, Table("tbConfigurationC", "HmClientsFlags"), Saved),
    ("HmDatabaseFlags", Int, Table("tbConfigurationC", "HmDatabaseFlags"), Saved),
    ("HmWebServicesFlags", Int, Table("tbConfigurationC", "HmWebServicesFlags"), Saved),
    ("ClientReportingLevel", Int, Unplaced, Saved),
    ("LocalPublishingMaxCabSize", Int, Unplaced, Saved),
    ("DownloadRegulationWebServiceUrl", nvarchar(1024), Unplaced, Saved),
    ("LoadOdfLocally", Bit, Unplaced, Saved),
    ("OdfFilePath", nvarchar(256), Unplaced, Saved),
    ("HmClientsTooManyGreenPercent", Int, Table("tbConfigurationC", "HmClientsTooManyGreenPercent"), Saved),
    ("HmClientsTooManyRedPercent", Int, Table("tbConfigurationC", "HmClientsTooManyRedPercent"), Saved),
    ("ComputerDeletionTimeThreshold", Int, Unplaced, Saved),
    ("ConfigurationChangeNumber", BigInt, Unplaced, ReadOnly),
    ("UseSeparateProxyForSsl", Bit, Unplaced, Saved),
    ("SslProxyName", nvarchar(256), Unplaced, Saved),
    ("SslProxyServerPort", Int, Unplaced, Saved),
    ("ServerSupportsAllAvailableLanguages", Bit, Unplaced, Saved),
    ("OobeInitialized", Bit, Unplaced, Saved),
    ("TrackDynamicCategories", Bit, Unplaced, Saved),
    ("MaxUpdatesPerRequestInGetUpdateDecryptionData", Int, Unplaced, Saved),
    ("DisableSyncDrivers", Bit, Unplaced, Saved),
    ("DisableSyncPrinterCatalog", Bit, Unplaced, Saved),
];

/// The columns that Windows Server 2016 added: WSUS 3.0 SP2 has a row without them.
///
/// Source: UpdateManagement assemblies (ordinals 112 to 114, grade B).
pub(in crate::sandbox) const NEW_IN_2016: [&str; 3] =
    ["OobeInitialized", "TrackDynamicCategories", "MaxUpdatesPerRequestInGetUpdateDecryptionData"];

/// Columns that the row has only where a variant says so: Server 2016 keeps both in its service's configuration file.
///
/// Source: UpdateManagement assemblies (the row ends before them; the file's keys have their names; grade B).
pub(in crate::sandbox) const ELSEWHERE: [&str; 2] = ["DisableSyncDrivers", "DisableSyncPrinterCatalog"];

/// Where a column stands in the table of settings.
pub(in crate::sandbox) fn position_of(column: &str) -> Option<usize> {
    SETTINGS.iter().position(|setting| setting.column.eq_ignore_ascii_case(column))
}

/// The settings that a save writes, in the order of the row.
pub(super) fn saved() -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(|setting| setting.access == Saved)
}

/// How many settings a save writes.
pub(super) const SAVED_COUNT: usize = {
    let (mut count, mut index) = (0, 0);
    while index < SETTINGS.len() {
        if matches!(SETTINGS[index].access, Saved) {
            count += 1;
        }
        index += 1;
    }
    count
};

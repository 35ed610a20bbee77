//! The server's settings as one row.

use std::fmt::Write;

use super::arguments::nvarchar;
use super::rows::ColumnSpec;
use super::{Call, Failure, Procedure};
use crate::sandbox::value::SqlType::{self, BigInt, Bit, DateTime, Int, UniqueIdentifier, VarBinary};

use Home::{Table, Unplaced};

/// The procedures of this file.
pub(super) const PROCEDURES: &[&Procedure] = &[&GET, &RESET_NEEDED];

/// Where a setting is kept.
enum Home {
    /// In this table and column.
    Table(&'static str, &'static str),
    /// In `sandbox_unplaced` under its own name: its table is not known publicly.
    Unplaced,
}

/// Column of the row, type, home. The columns whose names begin with Hm are left out: their full names are not known.
///
/// Source: PoshWSUS assemblies (names and order, grade B); Intensive-Self-Service-Portal, Intensive.Data/WSUS (homes and
/// types, grade A); TypeScript WSUS console (the last two, grade B). The types of the unplaced ones are our guess (grade C).
const SETTINGS: &[(&str, SqlType, Home)] = &[
    ("ConfigurationID", Int, Table("tbConfigurationA", "ConfigurationID")),
    ("LastConfigChange", DateTime, Table("tbConfigurationA", "LastConfigChange")),
    ("DssAnonymousTargeting", Bit, Table("tbConfigurationA", "DssAnonymousTargeting")),
    ("IsRegistrationRequired", Bit, Table("tbConfigurationA", "IsRegistrationRequired")),
    ("MaxDeltaSyncPeriod", Int, Table("tbConfigurationA", "MaxDeltaSyncPeriod")),
    ("ReportingServiceUrl", nvarchar(1024), Table("tbConfigurationA", "ReportingServiceUrl")),
    ("ServerId", UniqueIdentifier, Table("tbConfigurationA", "ServerID")),
    ("AnonymousCookieExpirationTime", BigInt, Table("tbConfigurationA", "AnonymousCookieExpirationTime")),
    ("SimpleTargetingCookieExpirationTime", BigInt, Table("tbConfigurationA", "SimpleTargetingCookieExpirationTime")),
    ("MaximumServerCookieExpirationTime", BigInt, Table("tbConfigurationA", "MaximumServerCookieExpirationTime")),
    ("DssTargetingCookieExpirationTime", BigInt, Table("tbConfigurationA", "DssTargetingCookieExpirationTime")),
    ("EncryptionKey", VarBinary(Some(128)), Table("tbConfigurationA", "EncryptionKey")),
    ("ServerTargeting", Bit, Table("tbConfigurationA", "ServerTargeting")),
    ("SyncToMU", Bit, Table("tbConfigurationA", "SyncToMU")),
    ("UpstreamServerName", nvarchar(256), Table("tbConfigurationA", "UpstreamServerName")),
    ("ServerPortNumber", Int, Table("tbConfigurationA", "ServerPortNumber")),
    ("UpstreamServerUseSSL", Bit, Table("tbConfigurationA", "UpstreamServerUseSSL")),
    ("UseProxy", Bit, Table("tbConfigurationA", "UseProxy")),
    ("ProxyName", nvarchar(256), Table("tbConfigurationA", "ProxyName")),
    ("ProxyServerPort", Int, Table("tbConfigurationA", "ProxyServerPort")),
    ("AnonymousProxyAccess", Bit, Table("tbConfigurationA", "AnonymousProxyAccess")),
    ("ProxyUserName", nvarchar(256), Table("tbConfigurationA", "ProxyUserName")),
    ("HostOnMu", Bit, Table("tbConfigurationA", "HostOnMu")),
    ("LocalContentCacheLocation", nvarchar(256), Table("tbConfigurationB", "LocalContentCacheLocation")),
    ("ServerSupportsAllLanguages", Bit, Table("tbConfigurationB", "ServerSupportsAllLanguages")),
    ("LogLevel", Int, Table("tbConfigurationB", "LogLevel")),
    ("LogFilePath", nvarchar(256), Table("tbConfigurationB", "LogPath")),
    ("SubscriptionFailureNumberOfRetries", Int, Table("tbConfigurationB", "SubscriptionFailureNumberOfRetries")),
    (
        "SubscriptionFailureWaitBetweenRetriesTime",
        BigInt,
        Table("tbConfigurationB", "SubscriptionFailureWaitBetweenRetriesTime"),
    ),
    ("DispatchManagerPollingInterval", BigInt, Table("tbConfigurationB", "DispatchManagerPollingInterval")),
    ("StateMachineTransitionLoggingEnabled", Bit, Table("tbConfigurationB", "StateMachineTransitionLoggingEnabled")),
    (
        "StateMachineTransitionErrorCaptureLength",
        Int,
        Table("tbConfigurationB", "StateMachineTransitionErrorCaptureLength"),
    ),
    ("MaxSimultaneousFileDownloads", Int, Table("tbConfigurationB", "MaxSimultaneousFileDownloads")),
    ("MUUrl", nvarchar(1024), Table("tbConfigurationB", "MUUrl")),
    ("EventLogFloodProtectTime", Int, Table("tbConfigurationB", "EventLogFloodProtectTime")),
    ("HandshakeAnchor", nvarchar(64), Table("tbConfigurationA", "HandshakeAnchor")),
    ("StatsDotNetWebServiceUri", nvarchar(1024), Table("tbConfigurationB", "StatsDotNetWebServiceUri")),
    ("QueueFlushTimeInMS", Int, Table("tbConfigurationB", "QueueFlushTimeInMS")),
    ("QueueFlushCount", Int, Table("tbConfigurationB", "QueueFlushCount")),
    ("QueueRejectCount", Int, Table("tbConfigurationB", "QueueRejectCount")),
    ("SleepTimeAfterErrorInMS", Int, Table("tbConfigurationB", "SleepTimeAfterErrorInMS")),
    ("LogDestinations", Int, Table("tbConfigurationB", "LogDestinations")),
    ("AutoRefreshDeployments", Bit, Table("tbConfigurationB", "AutoRefreshDeployments")),
    ("RedirectorChangeNumber", BigInt, Table("tbConfigurationB", "RedirectorChangeNumber")),
    ("ImportLocalPath", nvarchar(256), Table("tbConfigurationB", "ImportLocalPath")),
    ("UseCookieValidation", Bit, Table("tbConfigurationB", "UseCookieValidation")),
    ("AutoPurgeClientEventAgeThreshold", Int, Table("tbConfigurationB", "AutoPurgeClientEventAgeThreshold")),
    ("AutoPurgeServerEventAgeThreshold", Int, Table("tbConfigurationB", "AutoPurgeServerEventAgeThreshold")),
    ("AutoPurgeDetectionPeriod", Int, Table("tbConfigurationB", "AutoPurgeDetectionPeriod")),
    ("DoReportingDataValidation", Bit, Table("tbConfigurationB", "DoReportingDataValidation")),
    ("DoReportingSummarization", Bit, Table("tbConfigurationB", "DoReportingSummarization")),
    ("MaxNumberOfIdsToRequestDataFromUss", Int, Table("tbConfigurationB", "MaxNumberOfIdsToRequestDataFromUss")),
    ("MaxCoreUpdatesPerRequest", Int, Table("tbConfigurationC", "MaxCoreUpdatesPerRequest")),
    ("MaxExtendedUpdatesPerRequest", Int, Table("tbConfigurationC", "MaxExtendedUpdatesPerRequest")),
    ("DownloadRegulationUrl", nvarchar(1024), Table("tbConfigurationC", "DownloadRegulationUrl")),
    ("AllowProxyCredentialsOverNonSsl", Bit, Table("tbConfigurationC", "AllowProxyCredentialsOverNonSsl")),
    ("LazySync", Bit, Table("tbConfigurationC", "LazySync")),
    ("DownloadExpressPackages", Bit, Table("tbConfigurationC", "DownloadExpressPackages")),
    ("DoServerSyncCompression", Bit, Table("tbConfigurationC", "DoServerSyncCompression")),
    ("ProxyUserDomain", nvarchar(256), Table("tbConfigurationC", "ProxyUserDomain")),
    ("BitsHealthScanningInterval", BigInt, Table("tbConfigurationC", "BitsHealthScanningInterval")),
    ("BitsDownloadPriorityForeground", Bit, Table("tbConfigurationC", "BitsDownloadPriorityForeground")),
    ("MaxXmlPerRequest", Int, Table("tbConfigurationC", "MaxXMLPerRequest")),
    ("MaxXmlPerRequestInServerSync", Int, Table("tbConfigurationC", "MaxXmlPerRequestInServerSync")),
    ("MaxTargetComputers", Int, Table("tbConfigurationC", "MaxTargetComputers")),
    ("MaxEventInstances", Int, Table("tbConfigurationC", "MaxEventInstances")),
    ("LogRolloverFileSizeInBytes", Int, Table("tbConfigurationC", "LogRolloverFileSizeInBytes")),
    ("WsusInstallType", Int, Table("tbConfigurationC", "WUSInstallType")),
    ("ReplicaMode", Bit, Table("tbConfigurationC", "ReplicaMode")),
    ("AutoDeployMandatory", Bit, Table("tbConfigurationC", "AutoDeployMandatory")),
    ("DeploymentChangeDeferral", Int, Table("tbConfigurationC", "DeploymentChangeDeferral")),
    ("RevisionDeletionTimeThreshold", Int, Table("tbConfigurationC", "RevisionDeletionTimeThreshold")),
    ("RevisionDeletionSizeThreshold", Int, Table("tbConfigurationC", "RevisionDeletionSizeThreshold")),
    ("CollectClientInventory", Bit, Table("tbConfigurationC", "CollectClientInventory")),
    ("DoDetailedRollup", Bit, Table("tbConfigurationC", "DoDetailedRollup")),
    ("RollupResetGuid", UniqueIdentifier, Table("tbConfigurationC", "RollupResetGuid")),
    ("UssSupportsAllLanguages", Bit, Unplaced),
    ("GetContentFromMU", Bit, Unplaced),
    ("DssRollupChunkSize", Int, Unplaced),
    ("MURollupOptin", Bit, Unplaced),
    ("AutoRefreshDeploymentsDeclineExpired", Bit, Unplaced),
    ("ServerString", nvarchar(256), Unplaced),
    ("ClientReportingLevel", Int, Unplaced),
    ("LocalPublishingMaxCabSize", Int, Unplaced),
    ("DownloadRegulationWebServiceUrl", nvarchar(1024), Unplaced),
    ("LoadOdfLocally", Bit, Unplaced),
    ("OdfFilePath", nvarchar(256), Unplaced),
    ("ComputerDeletionTimeThreshold", Int, Unplaced),
    ("ConfigurationChangeNumber", BigInt, Unplaced),
    ("UseSeparateProxyForSsl", Bit, Unplaced),
    ("SslProxyName", nvarchar(256), Unplaced),
    ("SslProxyServerPort", Int, Unplaced),
    ("ServerSupportsAllAvailableLanguages", Bit, Unplaced),
    ("DisableSyncDrivers", Bit, Unplaced),
    ("DisableSyncPrinterCatalog", Bit, Unplaced),
];

/// Gives every setting in one row. The wrapper holds two further sets about authorization plug-ins; they are left out.
///
/// Source: WSUSpendu, WSUSpendu.ps1; SharpWSUS, lib/Status.cs (grade A).
static GET: Procedure = Procedure { name: "spConfiguration", parameters: &[], run: get };

fn get(call: &mut Call<'_>) -> Result<i32, Failure> {
    let columns: Vec<ColumnSpec> = SETTINGS.iter().map(|(name, sql_type, _)| (*name, *sql_type)).collect();
    call.send(&columns, &query(), [])?;
    Ok(0)
}

fn query() -> String {
    let mut query = "SELECT ".to_owned();
    for (index, (name, _, home)) in SETTINGS.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let written = match home {
            Table(table, column) => write!(query, "{comma}{table}.{column}"),
            Unplaced => write!(query, "{comma}(SELECT value FROM sandbox_unplaced WHERE name = '{name}')"),
        };
        written.expect("a string takes any text");
    }
    query.push_str(
        " FROM tbConfigurationA
         JOIN tbConfigurationB ON tbConfigurationB.ConfigurationID = tbConfigurationA.ConfigurationID
         JOIN tbConfigurationC ON tbConfigurationC.ConfigurationID = tbConfigurationA.ConfigurationID",
    );
    query
}

/// Says whether a state-machine reset is outstanding, during which settings cannot be saved.
///
/// Source: PoshWSUS assemblies (name, grade B); tbSingletonData in Intensive-Self-Service-Portal (grade A). That the flag
/// comes as a row is our guess (grade C).
static RESET_NEEDED: Procedure = Procedure {
    name: "spGetResetStateMachineNeededFlag",
    parameters: &[],
    run: |call| {
        call.send(
            &[("ResetStateMachineNeeded", Bit)],
            "SELECT ResetStateMachineNeeded FROM tbSingletonData ORDER BY ID LIMIT 1",
            [],
        )?;
        Ok(0)
    },
};

#[cfg(test)]
mod tests {
    use super::super::testing::{Server, guid, text};
    use super::*;
    use crate::sandbox::value::Value;

    #[test]
    fn every_setting_is_in_the_row() {
        let answer = Server::demo().call("spConfiguration", &[]);
        let row = &answer.sets[0];
        assert_eq!(row.rows.len(), 1);
        for (column, value) in [
            ("ServerId", guid("3F0E6D3C-6F5E-4C55-9A53-6A3F1F6D5A11")),
            ("LocalContentCacheLocation", text("D:\\WSUS\\WsusContent")),
            ("ServerPortNumber", Value::Int(8530)),
            ("ServerTargeting", Value::Bit(true)),
            ("ReplicaMode", Value::Bit(false)),
            ("UseSeparateProxyForSsl", Value::Bit(false)),
            ("SslProxyName", Value::Null),
            ("BitsHealthScanningInterval", Value::BigInt(3_600_000)),
            ("EncryptionKey", Value::VarBinary(vec![0, 0])),
        ] {
            assert_eq!(row.column(column), [value], "{column}");
        }
    }

    #[test]
    fn unplaced_settings_are_all_seeded_and_all_shown() {
        let server = Server::demo();
        let unplaced = SETTINGS.iter().filter(|(_, _, home)| matches!(home, Unplaced));
        for (name, _, _) in unplaced.clone() {
            assert_eq!(
                server.number(&format!("SELECT count(*) FROM sandbox_unplaced WHERE name = '{name}'")),
                1,
                "{name}"
            );
        }
        let seeded = server.number("SELECT count(*) FROM sandbox_unplaced WHERE name <> 'SubscriptionState'");
        assert_eq!(usize::try_from(seeded), Ok(unplaced.count()));
    }

    #[test]
    fn a_change_by_hand_shows() {
        let server = Server::demo();
        server.by_hand(
            "UPDATE tbConfigurationA SET UseProxy = 1; UPDATE tbSingletonData SET ResetStateMachineNeeded = 1;
             UPDATE sandbox_unplaced SET value = 'proxy' WHERE name = 'SslProxyName'",
        );
        let answer = server.call("spConfiguration", &[]);
        assert_eq!(answer.sets[0].column("UseProxy"), [Value::Bit(true)]);
        assert_eq!(answer.sets[0].column("SslProxyName"), [text("proxy")]);
        let flag = server.call("spGetResetStateMachineNeededFlag", &[]);
        assert_eq!(flag.sets[0].rows, [[Value::Bit(true)]]);
    }
}

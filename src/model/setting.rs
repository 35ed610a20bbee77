//! The settings of a server that are columns of its configuration row, one table for all stages: which key of a manifest
//! drives which column, what values it takes, and what `null` stands for.

use chrono::{NaiveTime, Timelike};

use super::attribute::Attribute;
use super::host::{is_host, without_user};
use super::synchronization::time_text;

/// A key of a manifest and the column that it drives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// The key's path in `spec`; at the same time the setting's address: `logging.level`.
    pub path: &'static str,
    /// The column of the row that `spConfiguration` gives and `spSetConfiguration` takes.
    pub column: &'static str,
    /// What values it takes.
    pub values: Values,
    /// What `null` stands for: the product's default. None where `null` is an error.
    pub default: Option<Literal>,
    /// Which changes of it need `--allow high-risk`.
    pub risk: SettingRisk,
    /// What it is, in a sentence for people who write manifests.
    pub description: &'static str,
}

/// Which changes of a setting are of high risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingRisk {
    /// None.
    Low,
    /// Every one.
    High,
    /// Turning it off.
    Off,
}

/// Longest name of a host in UTF-16 code units: that of a domain name.
pub const HOST_LENGTH_MAX: usize = 255;

/// What values a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// `true` or `false`, stored as a bit.
    Flag,
    /// A whole number from the first to the second, both included.
    Number(i64, i64),
    /// A text of at most so many UTF-16 code units. An empty one where the flag says so.
    Text {
        /// The longest length.
        longest: usize,
        /// Whether it may be empty.
        empty: bool,
    },
    /// The name or the address of a host, of at most 255 characters. An empty one where the flag says so.
    Host {
        /// Whether it may be empty.
        empty: bool,
    },
    /// One of some words, each stored as its number.
    Word(&'static [(&'static str, i64)]),
    /// A UTC time of day, as `08:00Z`, stored in seconds from midnight.
    TimeOfDay,
}

/// A value written in the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Literal {
    /// A truth value.
    Flag(bool),
    /// A number.
    Number(i64),
    /// A text or a word.
    Text(&'static str),
}

impl Literal {
    /// The value as plans show it.
    #[must_use]
    pub fn attribute(self) -> Attribute {
        match self {
            Self::Flag(value) => Attribute::Bool(value),
            Self::Number(value) => Attribute::Int(value),
            Self::Text(value) => Attribute::text(value),
        }
    }
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// NULL.
    Null,
    /// A bit.
    Bit(bool),
    /// A whole number of any width.
    Int(i64),
    /// A text, a GUID as text among them.
    Text(String),
    /// A time or bytes: read and given back, never compared or shown.
    Opaque,
}

impl Cell {
    /// Whether two cells hold the same. A word is a number, and its column may be a bit.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self == other || matches!((self.whole(), other.whole()), (Some(one), Some(other)) if one == other)
    }

    fn whole(&self) -> Option<i64> {
        match self {
            Self::Bit(bit) => Some(i64::from(*bit)),
            Self::Int(number) => Some(*number),
            Self::Null | Self::Text(_) | Self::Opaque => None,
        }
    }
}

impl Setting {
    /// Whether a change to this value needs `--allow high-risk`.
    #[must_use]
    pub fn is_high_risk(&self, to: &Attribute) -> bool {
        match self.risk {
            SettingRisk::Low => false,
            SettingRisk::High => true,
            SettingRisk::Off => *to == Attribute::Bool(false),
        }
    }

    /// The cell that stands for a value of a manifest. None where the setting does not take it.
    #[must_use]
    pub fn cell(&self, value: &Attribute) -> Option<Cell> {
        match (self.values, value) {
            (Values::Flag, Attribute::Bool(flag)) => Some(Cell::Bit(*flag)),
            (Values::Number(least, most), Attribute::Int(number)) => {
                (least..=most).contains(number).then_some(Cell::Int(*number))
            }
            (Values::Text { longest, empty }, Attribute::Text(text)) => {
                let fits = text.encode_utf16().count() <= longest && (empty || !text.trim().is_empty());
                fits.then(|| Cell::Text(text.clone()))
            }
            (Values::Host { empty }, Attribute::Text(text)) => {
                let fits =
                    text.encode_utf16().count() <= HOST_LENGTH_MAX && (is_host(text) || empty && text.is_empty());
                fits.then(|| Cell::Text(text.clone()))
            }
            (Values::Word(words), Attribute::Text(text)) => {
                words.iter().find(|(word, _)| word == text).map(|(_, number)| Cell::Int(*number))
            }
            (Values::TimeOfDay, Attribute::Text(text)) => {
                let time = text.strip_suffix('Z')?;
                let time = NaiveTime::parse_from_str(time, "%H:%M:%S").or(NaiveTime::parse_from_str(time, "%H:%M"));
                time.ok().map(|time| Cell::Int(time.num_seconds_from_midnight().into()))
            }
            _ => None,
        }
    }

    /// The value that a cell stands for.
    #[must_use]
    pub fn value(&self, cell: &Cell) -> Attribute {
        match (self.values, cell) {
            (_, Cell::Null) => Attribute::Null,
            (_, Cell::Opaque) => Attribute::Unknown("its type is not one that wsusctl knows".to_owned()),
            (Values::Flag, Cell::Bit(flag)) => Attribute::Bool(*flag),
            (Values::Flag, Cell::Int(number)) => Attribute::Bool(*number != 0),
            (Values::Word(words), Cell::Bit(_) | Cell::Int(_)) => {
                let number = match cell {
                    Cell::Bit(flag) => i64::from(*flag),
                    Cell::Int(number) => *number,
                    Cell::Null | Cell::Text(_) | Cell::Opaque => 0,
                };
                let word = words.iter().find(|(_, known)| *known == number);
                word.map_or(Attribute::Int(number), |(word, _)| Attribute::text(*word))
            }
            (Values::TimeOfDay, Cell::Int(seconds)) => Attribute::Text(time_text(*seconds)),
            (_, Cell::Bit(flag)) => Attribute::Bool(*flag),
            (_, Cell::Int(number)) => Attribute::Int(*number),
            // Somebody may have written a URL there, with a password.
            (Values::Host { .. }, Cell::Text(text)) => Attribute::Text(without_user(text)),
            (_, Cell::Text(text)) => Attribute::text(text.clone()),
        }
    }
}

/// The setting with this path.
#[must_use]
pub fn setting(path: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.path == path)
}

const PORT: Values = Values::Number(1, 65_535);
const COUNT: Values = Values::Number(0, 2_147_483_647);
const LONG: Values = Values::Number(0, 9_007_199_254_740_991);

macro_rules! settings {
    ($($path:literal => $column:literal, $values:expr, $default:expr, $risk:ident, $description:literal;)*) => {
        /// Every setting that is a column of the configuration row.
        ///
        /// Source: PoshWSUS assemblies (the row's columns, grade B); Intensive-Self-Service-Portal (defaults of columns, grade A);
        /// learn.microsoft.com, IUpdateServerConfiguration (meanings, grade A); PoshWSUS assemblies (enum values, grade A).
        pub const SETTINGS: &[Setting] = &[$(Setting {
            path: $path,
            column: $column,
            values: $values,
            default: $default,
            risk: SettingRisk::$risk,
            description: $description,
        }),*];
    };
}

use Literal::{Flag as Yes, Number as N, Text as T};

const SOURCE: Values = Values::Word(&[("microsoftUpdate", 1), ("upstream", 0)]);
const MODE: Values = Values::Word(&[("replica", 1), ("autonomous", 0)]);
const USED: Values = Values::Word(&[("none", 0), ("used", 1)]);
const TARGETING: Values = Values::Word(&[("server", 1), ("client", 0)]);
const STORE: Values = Values::Word(&[("local", 0), ("microsoftUpdate", 1)]);
const DOWNLOAD: Values = Values::Word(&[("onApproval", 1), ("onSynchronization", 0)]);
const REPORTING_LEVEL: Values = Values::Word(&[("none", 0), ("statusOnly", 1), ("all", 2)]);
const LOG_LEVEL: Values =
    Values::Word(&[("off", 0), ("error", 1), ("warning", 2), ("change", 3), ("info", 4), ("verbose", 5)]);
const LOG_DESTINATIONS: Values = Values::Word(&[("none", 0), ("debugger", 1), ("file", 2), ("both", 3), ("all", -1)]);
const REGISTRATION: Values = Values::Word(&[("required", 1), ("notRequired", 0)]);
const HOST: Values = Values::Host { empty: false };
const OPTIONAL_HOST: Values = Values::Host { empty: true };
const OPTIONAL_NAME: Values = Values::Text { longest: 256, empty: true };
const URL: Values = Values::Text { longest: 1024, empty: true };

settings! {
    "updateSource.from" => "SyncToMU", SOURCE, None, High, "Where updates come from: Microsoft Update or an upstream WSUS server.";
    "updateSource.upstream.server" => "UpstreamServerName", HOST, None, High, "The upstream server's name.";
    "updateSource.upstream.port" => "ServerPortNumber", PORT, Some(N(8530)), High, "The upstream server's port: 8530, or 8531 with TLS.";
    "updateSource.upstream.tls" => "UpstreamServerUseSSL", Values::Flag, Some(Yes(false)), Off, "Whether the upstream server is spoken to over TLS.";
    "updateSource.upstream.mode" => "ReplicaMode", MODE, Some(T("autonomous")), High, "Whether the server takes groups and approvals from its upstream server.";
    "updateSource.contentFromMicrosoftUpdate" => "GetContentFromMU", Values::Flag, Some(Yes(false)), Low, "Whether a downstream server gets files from Microsoft Update instead of its upstream server.";
    "updateSource.proxy" => "UseProxy", USED, Some(T("none")), Low, "The proxy that synchronisations go through, or none.";
    "updateSource.proxy.host" => "ProxyName", OPTIONAL_HOST, None, Low, "The proxy's name.";
    "updateSource.proxy.port" => "ProxyServerPort", PORT, Some(N(80)), Low, "The proxy's port.";
    "updateSource.proxy.anonymous" => "AnonymousProxyAccess", Values::Flag, None, Low, "Whether the proxy is used without a user.";
    "updateSource.proxy.user" => "ProxyUserName", OPTIONAL_NAME, None, Low, "The proxy's user.";
    "updateSource.proxy.domain" => "ProxyUserDomain", OPTIONAL_NAME, Some(T("")), Low, "The domain of the proxy's user.";
    "updateSource.proxy.basicOverHttp" => "AllowProxyCredentialsOverNonSsl", Values::Flag, Some(Yes(false)), Low, "Whether the user's password may be sent to the proxy in clear text (basic authentication over HTTP).";
    "updateSource.proxy.tls" => "UseSeparateProxyForSsl", USED, Some(T("none")), Low, "The proxy for TLS connections, or none: the same.";
    "updateSource.proxy.tls.host" => "SslProxyName", OPTIONAL_HOST, None, Low, "The name of the proxy for TLS.";
    "updateSource.proxy.tls.port" => "SslProxyServerPort", PORT, Some(N(443)), Low, "The port of the proxy for TLS.";
    "updateFiles.store" => "HostOnMu", STORE, Some(T("local")), Low, "Where files are kept: on this server, or on Microsoft Update, from where computers get them.";
    "updateFiles.download" => "LazySync", DOWNLOAD, Some(T("onApproval")), Low, "When files are downloaded.";
    "updateFiles.express" => "DownloadExpressPackages", Values::Flag, Some(Yes(false)), Low, "Whether express installation files are downloaded, too.";
    "targeting" => "ServerTargeting", TARGETING, Some(T("server")), High, "Who places computers into groups: the server, or group policy on the clients.";
    "automation.approveNewRevisions" => "AutoRefreshDeployments", Values::Flag, Some(Yes(true)), Low, "Whether an approval follows its update to a new revision.";
    "automation.declineExpiredRevisions" => "AutoRefreshDeploymentsDeclineExpired", Values::Flag, Some(Yes(true)), Low, "Whether an update is declined when its new revision is expired.";
    "automation.approveWsusUpdates" => "AutoDeployMandatory", Values::Flag, Some(Yes(true)), Low, "Whether updates of WSUS itself are approved.";
    "reporting.rollup" => "DoDetailedRollup", Values::Flag, Some(Yes(true)), Low, "Whether replicas report the status of their computers.";
    "reporting.inventory" => "CollectClientInventory", Values::Flag, Some(Yes(false)), Low, "Whether computers report their hardware and software.";
    "reporting.clientLevel" => "ClientReportingLevel", REPORTING_LEVEL, Some(T("all")), Low, "What computers report.";
    "serverLimits.clientXmlBytes" => "MaxXmlPerRequest", COUNT, Some(N(5_242_880)), Low, "The largest answer to a computer's request, in bytes; 0 for no limit.";
    "serverLimits.computers" => "MaxTargetComputers", COUNT, None, Low, "The largest number of computers.";
    "serverLimits.events" => "MaxEventInstances", COUNT, None, Low, "The largest number of events that are kept.";
    "cleanup.revisionDays" => "RevisionDeletionTimeThreshold", COUNT, Some(N(30)), Low, "After how many days a cleanup takes old revisions and unneeded updates.";
    "cleanup.revisionSize" => "RevisionDeletionSizeThreshold", COUNT, Some(N(1024)), Low, "The size below which old revisions stay.";
    "cleanup.computerDays" => "ComputerDeletionTimeThreshold", COUNT, Some(N(30)), Low, "After how many days without contact a cleanup takes computers.";
    "logging.level" => "LogLevel", LOG_LEVEL, Some(T("warning")), Low, "What the service writes into its log.";
    "security.downstreamRegistration" => "IsRegistrationRequired", REGISTRATION, Some(T("required")), Low, "Whether downstream servers have to register.";
    "security.anonymousDownstream" => "DssAnonymousTargeting", Values::Flag, Some(Yes(true)), Low, "Whether downstream servers are served without authentication.";
    "security.cookies.anonymous" => "AnonymousCookieExpirationTime", LONG, None, Low, "Lifetime of cookies of anonymous clients, as stored.";
    "security.cookies.simpleTargeting" => "SimpleTargetingCookieExpirationTime", LONG, Some(N(60)), Low, "Lifetime of cookies of clients, as stored.";
    "security.cookies.server" => "MaximumServerCookieExpirationTime", LONG, Some(N(60)), Low, "Longest lifetime of cookies of the server, as stored.";
    "security.cookies.downstream" => "DssTargetingCookieExpirationTime", LONG, Some(N(240)), Low, "Lifetime of cookies of downstream servers, as stored.";
    "advanced.maxDeltaSyncPeriod" => "MaxDeltaSyncPeriod", COUNT, Some(N(0)), Low, "Longest time for which only differences are synchronised, as stored.";
    "advanced.reportingServiceUrl" => "ReportingServiceUrl", URL, None, Low, "The reporting web service's address.";
    "advanced.logFilePath" => "LogFilePath", OPTIONAL_NAME, None, Low, "The path of the service's log.";
    "advanced.logDestinations" => "LogDestinations", LOG_DESTINATIONS, Some(T("both")), Low, "Where the service's log goes.";
    "advanced.logRolloverFileSizeInBytes" => "LogRolloverFileSizeInBytes", COUNT, None, Low, "The size at which a new log file is begun, in bytes.";
    "advanced.subscriptionFailureNumberOfRetries" => "SubscriptionFailureNumberOfRetries", COUNT, Some(N(3)), Low, "How often a failed synchronisation is tried again.";
    "advanced.subscriptionFailureWaitBetweenRetriesTime" => "SubscriptionFailureWaitBetweenRetriesTime", LONG, Some(N(15)), Low, "The time between such tries, as stored.";
    "advanced.dispatchManagerPollingInterval" => "DispatchManagerPollingInterval", LONG, Some(N(5)), Low, "How often the service looks for work, as stored.";
    "advanced.stateMachineTransitionLoggingEnabled" => "StateMachineTransitionLoggingEnabled", Values::Flag, Some(Yes(false)), Low, "Whether the service logs the transitions of its state machines.";
    "advanced.stateMachineTransitionErrorCaptureLength" => "StateMachineTransitionErrorCaptureLength", COUNT, Some(N(30)), Low, "How many failed transitions are kept.";
    "advanced.maxSimultaneousFileDownloads" => "MaxSimultaneousFileDownloads", COUNT, Some(N(10)), Low, "How many files are downloaded at a time.";
    "advanced.muUrl" => "MUUrl", Values::Text { longest: 1024, empty: false }, None, High, "The address of Microsoft Update.";
    "advanced.redirectorChangeNumber" => "RedirectorChangeNumber", LONG, Some(N(0)), Low, "The change number of the redirector that the address came with.";
    "advanced.eventLogFloodProtectTime" => "EventLogFloodProtectTime", COUNT, Some(N(10)), Low, "For how long the same event is not logged again, as stored.";
    "advanced.statsDotNetWebServiceUri" => "StatsDotNetWebServiceUri", URL, None, Low, "The address that statistics are sent to.";
    "advanced.queueFlushTimeInMS" => "QueueFlushTimeInMS", COUNT, Some(N(3000)), Low, "After how many milliseconds the queue of events is written.";
    "advanced.queueFlushCount" => "QueueFlushCount", COUNT, Some(N(100)), Low, "From how many events on the queue is written.";
    "advanced.queueRejectCount" => "QueueRejectCount", COUNT, Some(N(300)), Low, "From how many events on more are refused.";
    "advanced.sleepTimeAfterErrorInMS" => "SleepTimeAfterErrorInMS", COUNT, Some(N(30_000)), Low, "How many milliseconds the service waits after an error.";
    "advanced.importLocalPath" => "ImportLocalPath", OPTIONAL_NAME, None, Low, "The folder that imports are read from.";
    "advanced.useCookieValidation" => "UseCookieValidation", Values::Flag, Some(Yes(true)), Low, "Whether cookies are validated.";
    "advanced.clientEventExpirationTime" => "AutoPurgeClientEventAgeThreshold", COUNT, Some(N(15)), Low, "After how many days events of clients are removed.";
    "advanced.serverEventExpirationTime" => "AutoPurgeServerEventAgeThreshold", COUNT, Some(N(90)), Low, "After how many days events of the server are removed.";
    "advanced.expiredEventDetectionPeriod" => "AutoPurgeDetectionPeriod", COUNT, Some(N(12)), Low, "Every how many hours old events are looked for.";
    "advanced.doReportingDataValidation" => "DoReportingDataValidation", Values::Flag, Some(Yes(false)), Low, "Whether reports of clients are validated.";
    "advanced.doReportingSummarization" => "DoReportingSummarization", Values::Flag, Some(Yes(false)), Low, "Whether reports are summarised.";
    "advanced.maxNumberOfIdsToRequestDataFromUss" => "MaxNumberOfIdsToRequestDataFromUss", COUNT, Some(N(100)), Low, "How many updates are asked of an upstream server at a time.";
    "advanced.maxCoreUpdatesPerRequest" => "MaxCoreUpdatesPerRequest", COUNT, None, Low, "How many updates without a user interface an answer to a client holds.";
    "advanced.maxExtendedUpdatesPerRequest" => "MaxExtendedUpdatesPerRequest", COUNT, None, Low, "How many further updates an answer to a client holds.";
    "advanced.maxXmlPerRequestInServerSync" => "MaxXmlPerRequestInServerSync", COUNT, None, Low, "The largest answer to a downstream server's request, in bytes.";
    "advanced.downloadRegulationUrl" => "DownloadRegulationUrl", URL, None, Low, "The address of the regulation service.";
    "advanced.downloadRegulationWebServiceUrl" => "DownloadRegulationWebServiceUrl", URL, None, Low, "The address of the regulation web service.";
    "advanced.doServerSyncCompression" => "DoServerSyncCompression", Values::Flag, Some(Yes(true)), Low, "Whether synchronisations are compressed.";
    "advanced.bitsHealthScanningInterval" => "BitsHealthScanningInterval", LONG, Some(N(3_600_000)), Low, "Every how many milliseconds the download service is checked.";
    "advanced.bitsDownloadPriorityForeground" => "BitsDownloadPriorityForeground", Values::Flag, Some(Yes(false)), Low, "Whether downloads run in the foreground.";
    "advanced.deploymentChangeDeferral" => "DeploymentChangeDeferral", COUNT, Some(N(30)), Low, "For how long changes of approvals are held back, as stored.";
    "advanced.dssRollupChunkSize" => "DssRollupChunkSize", COUNT, None, Low, "How much a downstream server reports at a time.";
    "advanced.muRollupOptin" => "MURollupOptin", Values::Flag, None, Low, "Whether status is reported to Microsoft.";
    "advanced.localPublishingMaxCabSize" => "LocalPublishingMaxCabSize", Values::Number(1, 2047), None, Low, "The largest package that can be published here, in megabytes.";
    "advanced.loadOdfLocally" => "LoadOdfLocally", Values::Flag, None, Low, "Whether the offer definition file is read from a folder.";
    "advanced.odfFilePath" => "OdfFilePath", OPTIONAL_NAME, None, Low, "The folder of that file.";
    "advanced.disableSyncDrivers" => "DisableSyncDrivers", Values::Flag, None, Low, "Whether drivers are left out of synchronisations. Only where the server's configuration row has it.";
    "advanced.disableSyncPrinterCatalog" => "DisableSyncPrinterCatalog", Values::Flag, None, Low, "Whether the printer catalogue is left out of synchronisations. Only where the server's configuration row has it.";
}

/// Settings that WSUS keeps in its service's configuration file as far as is known, and that a row may have all the same:
/// it is no news that a server's row lacks one.
///
/// Source: UpdateManagement assemblies (Server 2016: the row ends without them, and the file's keys have their names; grade
/// B); TypeScript WSUS console (the row that the web service gives of a later server has them; grade B).
pub const ELSEWHERE: [&str; 2] = ["advanced.disableSyncDrivers", "advanced.disableSyncPrinterCatalog"];

/// Columns of the row that no key drives, and why.
pub const NOT_SETTINGS: &[(&str, &str)] = &[
    ("ConfigurationID", "the row's key"),
    ("LastConfigChange", "a stamp"),
    ("ConfigurationChangeNumber", "a stamp"),
    ("HandshakeAnchor", "the state of a synchronisation"),
    ("ServerId", "the server's identity, which has a section of its own"),
    ("EncryptionKey", "a secret"),
    ("LocalContentCacheLocation", "`wsusutil movecontent` moves it"),
    ("ServerSupportsAllLanguages", "part of `updateFiles.languages`"),
    ("ServerSupportsAllAvailableLanguages", "what the service worked out"),
    ("UssSupportsAllLanguages", "what the upstream server said"),
    ("RollupResetGuid", "a stamp of the rollup"),
    ("WsusInstallType", "what setup installed"),
    ("ServerString", "what the service worked out"),
    ("OobeInitialized", "whether the wizard of setup was closed"),
    ("TrackDynamicCategories", "no public source says what it does"),
    ("MaxUpdatesPerRequestInGetUpdateDecryptionData", "no public source says what it does"),
    ("HmDetectIntervalInSeconds", HEALTH_MONITORING),
    ("HmRefreshIntervalInSeconds", HEALTH_MONITORING),
    ("HmCoreDiskSpaceGreenMegabytes", HEALTH_MONITORING),
    ("HmCoreDiskSpaceRedMegabytes", HEALTH_MONITORING),
    ("HmCoreCatalogSyncIntervalInDays", HEALTH_MONITORING),
    ("HmClientsInstallUpdatesGreenPercent", HEALTH_MONITORING),
    ("HmClientsInstallUpdatesRedPercent", HEALTH_MONITORING),
    ("HmClientsInventoryGreenPercent", HEALTH_MONITORING),
    ("HmClientsInventoryRedPercent", HEALTH_MONITORING),
    ("HmClientsInventoryScanDiffInHours", HEALTH_MONITORING),
    ("HmClientsSilentGreenPercent", HEALTH_MONITORING),
    ("HmClientsSilentRedPercent", HEALTH_MONITORING),
    ("HmClientsSilentDays", HEALTH_MONITORING),
    ("HmCoreFlags", HEALTH_MONITORING),
    ("HmClientsFlags", HEALTH_MONITORING),
    ("HmDatabaseFlags", HEALTH_MONITORING),
    ("HmWebServicesFlags", HEALTH_MONITORING),
    ("HmClientsTooManyGreenPercent", HEALTH_MONITORING),
    ("HmClientsTooManyRedPercent", HEALTH_MONITORING),
];

const HEALTH_MONITORING: &str = "`wsusutil healthmonitoring` sets it";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Cell, NOT_SETTINGS, SETTINGS, setting};
    use crate::model::attribute::Attribute;

    #[test]
    fn every_column_is_driven_by_one_key_and_every_key_drives_one() {
        let paths: BTreeSet<&str> = SETTINGS.iter().map(|setting| setting.path).collect();
        assert_eq!(paths.len(), SETTINGS.len());
        let columns: BTreeSet<String> = SETTINGS
            .iter()
            .map(|setting| setting.column)
            .chain(NOT_SETTINGS.iter().map(|(column, _)| *column))
            .map(str::to_ascii_lowercase)
            .collect();
        assert_eq!(columns.len(), SETTINGS.len() + NOT_SETTINGS.len());
    }

    #[test]
    fn defaults_are_values_that_the_setting_takes() {
        for setting in SETTINGS {
            if let Some(default) = setting.default {
                let cell = setting.cell(&default.attribute());
                assert!(cell.is_some(), "{}", setting.path);
                assert_eq!(setting.value(&cell.unwrap()), default.attribute(), "{}", setting.path);
            }
        }
    }

    #[test]
    fn tls_is_of_high_risk_where_it_goes() {
        let tls = setting("updateSource.upstream.tls").unwrap();
        assert!(tls.is_high_risk(&Attribute::Bool(false)) && !tls.is_high_risk(&Attribute::Bool(true)));
        assert!(setting("targeting").unwrap().is_high_risk(&Attribute::text("client")));
        assert!(!setting("logging.level").unwrap().is_high_risk(&Attribute::text("off")));
    }

    #[test]
    fn words_stand_for_numbers_and_bits() {
        let targeting = setting("targeting").unwrap();
        assert_eq!(targeting.cell(&Attribute::text("client")), Some(Cell::Int(0)));
        assert_eq!(targeting.value(&Cell::Bit(true)), Attribute::text("server"));
        assert_eq!(targeting.cell(&Attribute::text("both")), None);
        assert_eq!(setting("logging.level").unwrap().value(&Cell::Int(9)), Attribute::Int(9));
    }
}

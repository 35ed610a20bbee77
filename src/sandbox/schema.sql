-- The state of the emulated WSUS server: SUSDB's tables under SUSDB's names.
--
-- Tables, columns, types, nullability and defaults are those of an Entity Framework scaffold of a live SUSDB (grade A);
-- columns of newer builds come from the X10sions scaffold (grade A). Foreign keys are ours (grade C) but for those from
-- tbConfigurationB and tbConfigurationC to tbConfigurationA.
-- Source: github dlkolesar/Intensive-Self-Service-Portal, Intensive.Data/WSUS; github X10sions/X10sions, src/.Wsus/Data.
--
-- What SUSDB's procedures derive (flattened groups, expanded memberships, precomputed titles, ...) are views here, so a
-- change by hand cannot leave anything inconsistent. No collation or function of our own is used: the plain sqlite3
-- program can read and write the file. uniqueidentifier is upper-case text, datetime is 'YYYY-MM-DD HH:MM:SS.mmm' in UTC.

CREATE TABLE sandbox_version (version int NOT NULL);

CREATE TABLE sandbox_writes (
    id INTEGER PRIMARY KEY,
    at datetime NOT NULL,
    login nvarchar(128) NOT NULL,
    application nvarchar(128) NOT NULL,
    statement nvarchar(256) NOT NULL,
    changes int NOT NULL
);

-- What a procedure's row shows but has no publicly known table: name is the column's name in that row. All are columns of
-- spConfiguration's row but SubscriptionState, which is spGetSubscriptionState's, IsCategoryOnly, which is
-- spGetSubscription's, SynchronizationPhase, TotalItems and ProcessedItems, which are spGetSubscriptionProgress's, and what
-- the procedures of e-mail notification write, whose names begin with "Email." and which are absent until they are set.
CREATE TABLE sandbox_unplaced (
    name nvarchar(128) NOT NULL PRIMARY KEY COLLATE NOCASE,
    value
);

-- What SQL Server keeps behind sys.database_principals, sys.database_role_members and sys.server_principals. type is S for a
-- user or login of SQL Server's own, U for a Windows user, G for a Windows group, R for a role. A user whose sid is that of no
-- login is orphaned. That the login of the connection is none of them is the sandbox's simplification.
CREATE TABLE sandbox_logins (
    principal_id integer NOT NULL PRIMARY KEY,
    name nvarchar(128) NOT NULL UNIQUE COLLATE NOCASE,
    type nvarchar(1) NOT NULL CHECK (type IN ('S', 'U', 'G')),
    sid varbinary(85) NOT NULL UNIQUE
);

CREATE TABLE sandbox_principals (
    principal_id integer NOT NULL PRIMARY KEY,
    name nvarchar(128) NOT NULL UNIQUE COLLATE NOCASE,
    type nvarchar(1) NOT NULL CHECK (type IN ('S', 'U', 'G', 'R')),
    sid varbinary(85) UNIQUE,
    is_fixed_role bit NOT NULL DEFAULT 0
);

CREATE TABLE sandbox_role_members (
    role_principal_id int NOT NULL REFERENCES sandbox_principals (principal_id) ON DELETE CASCADE,
    member_principal_id int NOT NULL REFERENCES sandbox_principals (principal_id) ON DELETE CASCADE,
    PRIMARY KEY (role_principal_id, member_principal_id)
);

-- The name and value table: the type of its value column and its keys are not known publicly.
CREATE TABLE tbConfiguration (
    Name nvarchar(128) NOT NULL COLLATE NOCASE,
    PRIMARY KEY (Name)
);

CREATE TABLE tbConfigurationA (
    ConfigurationID integer NOT NULL PRIMARY KEY,
    LastConfigChange datetime NOT NULL,
    DssAnonymousTargeting bit NOT NULL DEFAULT 1,
    IsRegistrationRequired bit NOT NULL DEFAULT 1,
    MaxDeltaSyncPeriod int NOT NULL DEFAULT 0,
    ReportingServiceUrl nvarchar(1024) COLLATE NOCASE,
    ServerID uniqueidentifier NOT NULL COLLATE NOCASE,
    AnonymousCookieExpirationTime bigint,
    SimpleTargetingCookieExpirationTime bigint DEFAULT 60,
    MaximumServerCookieExpirationTime bigint DEFAULT 60,
    DssTargetingCookieExpirationTime bigint DEFAULT 240,
    EncryptionKey varbinary(128) NOT NULL DEFAULT x'0000',
    ServerTargeting bit NOT NULL DEFAULT 1,
    SyncToMU bit NOT NULL DEFAULT 1,
    UpstreamServerName nvarchar(256) NOT NULL DEFAULT '' COLLATE NOCASE,
    ServerPortNumber int NOT NULL DEFAULT 8530,
    UpstreamServerUseSSL bit NOT NULL DEFAULT 0,
    UseProxy bit NOT NULL DEFAULT 0,
    ProxyName nvarchar(256) COLLATE NOCASE,
    ProxyServerPort int NOT NULL DEFAULT 80,
    AnonymousProxyAccess bit NOT NULL DEFAULT 0,
    ProxyUserName nvarchar(256) COLLATE NOCASE,
    ProxyPassword nvarchar(728) NOT NULL DEFAULT '',
    HostOnMu bit NOT NULL DEFAULT 0,
    HandshakeAnchor nvarchar(64) COLLATE NOCASE
);

CREATE TABLE tbConfigurationB (
    ConfigurationID integer NOT NULL PRIMARY KEY REFERENCES tbConfigurationA (ConfigurationID),
    LocalContentCacheLocation nvarchar(256) NOT NULL COLLATE NOCASE,
    ServerSupportsAllLanguages bit NOT NULL DEFAULT 1,
    LogLevel int NOT NULL DEFAULT 2,
    LogPath nvarchar(256) COLLATE NOCASE,
    SubscriptionFailureNumberOfRetries int NOT NULL DEFAULT 3,
    SubscriptionFailureWaitBetweenRetriesTime bigint NOT NULL DEFAULT 15,
    DispatchManagerPollingInterval bigint NOT NULL DEFAULT 5,
    StateMachineTransitionLoggingEnabled bit NOT NULL DEFAULT 0,
    StateMachineTransitionErrorCaptureLength int NOT NULL DEFAULT 30,
    MaxSimultaneousFileDownloads int NOT NULL DEFAULT 10,
    MUUrl nvarchar(1024) NOT NULL COLLATE NOCASE,
    EventLogFloodProtectTime int NOT NULL DEFAULT 10,
    StatsDotNetWebServiceUri nvarchar(1024) COLLATE NOCASE,
    QueueFlushTimeInMS int NOT NULL DEFAULT 3000,
    QueueFlushCount int NOT NULL DEFAULT 100,
    QueueRejectCount int NOT NULL DEFAULT 300,
    SleepTimeAfterErrorInMS int NOT NULL DEFAULT 30000,
    LogDestinations int NOT NULL DEFAULT 3,
    AutoRefreshDeployments bit NOT NULL DEFAULT 1,
    RedirectorChangeNumber bigint NOT NULL DEFAULT 0,
    ImportLocalPath nvarchar(256) COLLATE NOCASE,
    UseCookieValidation bit NOT NULL DEFAULT 1,
    AutoPurgeClientEventAgeThreshold int DEFAULT 15,
    AutoPurgeServerEventAgeThreshold int DEFAULT 90,
    AutoPurgeDetectionPeriod int DEFAULT 12,
    DoReportingDataValidation bit NOT NULL DEFAULT 0,
    DoReportingSummarization bit NOT NULL DEFAULT 0,
    MaxNumberOfIdsToRequestDataFromUss int NOT NULL DEFAULT 100
);

-- The columns whose names begin with Hm (health thresholds) are left out: their full names are not known publicly.
CREATE TABLE tbConfigurationC (
    ConfigurationID integer NOT NULL PRIMARY KEY REFERENCES tbConfigurationA (ConfigurationID),
    MaxCoreUpdatesPerRequest int NOT NULL,
    MaxExtendedUpdatesPerRequest int NOT NULL,
    DownloadRegulationUrl nvarchar(1024) COLLATE NOCASE,
    AllowProxyCredentialsOverNonSsl bit NOT NULL DEFAULT 0,
    LazySync bit NOT NULL DEFAULT 1,
    DownloadExpressPackages bit NOT NULL DEFAULT 1,
    DoServerSyncCompression bit NOT NULL DEFAULT 1,
    ProxyUserDomain nvarchar(256) NOT NULL DEFAULT '' COLLATE NOCASE,
    BitsHealthScanningInterval bigint NOT NULL DEFAULT 3600000,
    BitsDownloadPriorityForeground bit NOT NULL DEFAULT 0,
    MaxXMLPerRequest int NOT NULL DEFAULT 5242880,
    MaxXmlPerRequestInServerSync int NOT NULL,
    MaxTargetComputers int NOT NULL,
    MaxEventInstances int NOT NULL,
    MaxDownstreamServers int NOT NULL DEFAULT 1000,
    LogRolloverFileSizeInBytes int NOT NULL,
    WUSInstallType int NOT NULL DEFAULT 0,
    ReplicaMode bit NOT NULL DEFAULT 0,
    AutoDeployMandatory bit NOT NULL DEFAULT 1,
    DeploymentChangeDeferral int NOT NULL DEFAULT 30,
    RevisionDeletionTimeThreshold int NOT NULL DEFAULT 30,
    RevisionDeletionSizeThreshold int NOT NULL DEFAULT 1024,
    CollectClientInventory bit NOT NULL DEFAULT 0,
    DoDetailedRollup bit NOT NULL DEFAULT 1,
    RollupResetGuid uniqueidentifier NOT NULL COLLATE NOCASE,
    CoreXmlCompressionThreshold int NOT NULL DEFAULT 5120,
    PublishedXmlCompressionThreshold int NOT NULL DEFAULT 5120,
    HmDetectIntervalInSeconds int NOT NULL DEFAULT 0,
    HmRefreshIntervalInSeconds int NOT NULL DEFAULT 0,
    HmCoreDiskSpaceGreenMegabytes int NOT NULL DEFAULT 0,
    HmCoreDiskSpaceRedMegabytes int NOT NULL DEFAULT 0,
    HmCoreCatalogSyncIntervalInDays int NOT NULL DEFAULT 0,
    HmClientsInstallUpdatesGreenPercent int NOT NULL DEFAULT 0,
    HmClientsInstallUpdatesRedPercent int NOT NULL DEFAULT 0,
    HmClientsInventoryGreenPercent int NOT NULL DEFAULT 0,
    HmClientsInventoryRedPercent int NOT NULL DEFAULT 0,
    HmClientsInventoryScanDiffInHours int NOT NULL DEFAULT 0,
    HmClientsSilentGreenPercent int NOT NULL DEFAULT 0,
    HmClientsSilentRedPercent int NOT NULL DEFAULT 0,
    HmClientsSilentDays int NOT NULL DEFAULT 0,
    HmCoreFlags int NOT NULL DEFAULT 0,
    HmClientsFlags int NOT NULL DEFAULT 0,
    HmDatabaseFlags int NOT NULL DEFAULT 0,
    HmWebServicesFlags int NOT NULL DEFAULT 0,
    HmClientsTooManyGreenPercent int NOT NULL DEFAULT 0,
    HmClientsTooManyRedPercent int NOT NULL DEFAULT 0
);

CREATE TABLE tbSingletonData (
    ID integer NOT NULL PRIMARY KEY,
    UssHostOnMu bit NOT NULL DEFAULT 1,
    LastAutoPurgeDateTime datetime,
    ResetStateMachineNeeded bit NOT NULL DEFAULT 0,
    LastTimeReportToMU datetime NOT NULL DEFAULT '2000-01-01 00:00:00.000',
    OfflineSyncExclusionListXml ntext COLLATE NOCASE
);

CREATE TABLE tbSchemaVersion (
    ID integer NOT NULL PRIMARY KEY,
    ComponentName nvarchar(20) NOT NULL COLLATE NOCASE,
    BuildNumber nvarchar(10) NOT NULL COLLATE NOCASE,
    SchemaVersion int NOT NULL DEFAULT 0
);

CREATE TABLE tbSchemaVersionHistory (
    ID integer NOT NULL PRIMARY KEY,
    ComponentName nvarchar(20) NOT NULL COLLATE NOCASE,
    BuildNumber nvarchar(10) NOT NULL COLLATE NOCASE,
    SchemaVersion int NOT NULL DEFAULT 0,
    ArchivedTime datetime NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
);

CREATE TABLE tbProgramKeys (
    ProgramKey uniqueidentifier NOT NULL COLLATE NOCASE,
    Description nvarchar(256) COLLATE NOCASE,
    PRIMARY KEY (ProgramKey)
);

CREATE TABLE tbLanguage (
    LanguageIndex int NOT NULL,
    LanguageID int NOT NULL,
    ShortLanguage nvarchar(16) NOT NULL COLLATE NOCASE,
    LongLanguage nvarchar(32) NOT NULL COLLATE NOCASE,
    UssEnabled bit NOT NULL DEFAULT 0,
    Enabled bit NOT NULL DEFAULT 0,
    CreateTime datetime NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    LanguageAnchor bigint NOT NULL DEFAULT 0,
    FullTextLCID int NOT NULL,
    PRIMARY KEY (LanguageID)
);

CREATE TABLE tbLanguageInSubscription (
    SubscriptionID int NOT NULL,
    LanguageID int NOT NULL REFERENCES tbLanguage (LanguageID),
    DeltaSync bit NOT NULL DEFAULT 0,
    PRIMARY KEY (LanguageID, SubscriptionID)
);

CREATE TABLE tbServerHealth (
    ComponentName nvarchar(256) NOT NULL COLLATE NOCASE,
    HeartBeat datetime NOT NULL,
    IsRunning bit NOT NULL DEFAULT 0,
    PRIMARY KEY (ComponentName)
);

CREATE TABLE tbChangeTracking (
    NotificationEventName nvarchar(256) NOT NULL COLLATE NOCASE,
    ChangeNumber bigint NOT NULL,
    PRIMARY KEY (NotificationEventName)
);

CREATE TABLE tbNotificationEvent (
    NotificationEventID int NOT NULL,
    NotificationEventName nvarchar(256) NOT NULL COLLATE NOCASE,
    State int NOT NULL,
    RowID uniqueidentifier NOT NULL COLLATE NOCASE,
    PRIMARY KEY (NotificationEventID)
);

CREATE TABLE tbStateMachine (
    StateMachineID int NOT NULL,
    StateMachineName nvarchar(256) NOT NULL COLLATE NOCASE,
    SelectProc nvarchar(128) NOT NULL COLLATE NOCASE,
    UpdateProc nvarchar(128) NOT NULL COLLATE NOCASE,
    PRIMARY KEY (StateMachineName)
);

CREATE TABLE tbStateMachineState (
    StateMachineID int NOT NULL,
    StateID int NOT NULL,
    StateName nvarchar(256) NOT NULL COLLATE NOCASE,
    PRIMARY KEY (StateMachineID, StateID)
);

CREATE TABLE tbTargetType (
    TargetTypeID int NOT NULL,
    Name nvarchar(256) NOT NULL COLLATE NOCASE,
    Description nvarchar(1024) COLLATE NOCASE,
    PRIMARY KEY (TargetTypeID)
);

CREATE TABLE tbTarget (
    TargetID integer NOT NULL PRIMARY KEY,
    TargetTypeID int NOT NULL REFERENCES tbTargetType (TargetTypeID),
    Name nvarchar(256) COLLATE NOCASE,
    IsNewClient bit NOT NULL DEFAULT 0,
    Description nvarchar(1024) COLLATE NOCASE
);

CREATE TABLE tbTargetGroupType (
    TargetGroupTypeID int NOT NULL,
    Name nvarchar(256) NOT NULL COLLATE NOCASE,
    Description nvarchar(1024) COLLATE NOCASE,
    PRIMARY KEY (TargetGroupTypeID)
);

CREATE TABLE tbTargetGroup (
    TargetGroupTypeID int NOT NULL REFERENCES tbTargetGroupType (TargetGroupTypeID),
    Name nvarchar(256) NOT NULL COLLATE NOCASE,
    Description nvarchar(1024) COLLATE NOCASE,
    TargetGroupID uniqueidentifier NOT NULL COLLATE NOCASE,
    OrderValue int NOT NULL,
    IsBuiltin bit NOT NULL DEFAULT 0,
    ParentGroupID uniqueidentifier DEFAULT 'A0A08746-4DBE-4A37-9ADF-9E7652C0B421' COLLATE NOCASE,
    GroupPriority int NOT NULL DEFAULT 1,
    PRIMARY KEY (TargetGroupID)
);

CREATE TABLE tbTargetInTargetGroup (
    TargetGroupID uniqueidentifier NOT NULL COLLATE NOCASE REFERENCES tbTargetGroup (TargetGroupID),
    TargetID int NOT NULL REFERENCES tbTarget (TargetID),
    IsExplicitMember bit NOT NULL,
    PRIMARY KEY (TargetGroupID, TargetID)
);

CREATE TABLE tbRequestedTargetGroup (
    RequestedTargetGroupID integer NOT NULL PRIMARY KEY,
    Name nvarchar(256) NOT NULL COLLATE NOCASE
);

CREATE TABLE tbRequestedTargetGroupsForTarget (
    TargetID int NOT NULL REFERENCES tbTarget (TargetID),
    RequestedTargetGroupID int NOT NULL REFERENCES tbRequestedTargetGroup (RequestedTargetGroupID),
    PRIMARY KEY (TargetID, RequestedTargetGroupID)
);

CREATE TABLE tbComputerTarget (
    TargetID integer NOT NULL PRIMARY KEY REFERENCES tbTarget (TargetID),
    ComputerID nvarchar(256) NOT NULL COLLATE NOCASE,
    SID varbinary(85),
    LastSyncTime datetime,
    LastReportedStatusTime datetime,
    LastReportedRebootTime datetime,
    IPAddress nvarchar(56) COLLATE NOCASE,
    FullDomainName nvarchar(255) NOT NULL COLLATE NOCASE,
    IsRegistered bit NOT NULL DEFAULT 0,
    LastInventoryTime datetime,
    LastNameChangeTime datetime,
    EffectiveLastDetectionTime datetime,
    ParentServerTargetID int,
    LastSyncResult int NOT NULL DEFAULT 0
);

CREATE TABLE tbComputerTargetDetail (
    TargetID integer NOT NULL PRIMARY KEY REFERENCES tbTarget (TargetID),
    OSMajorVersion int,
    OSMinorVersion int,
    OSBuildNumber int,
    OSServicePackMajorNumber int,
    OSServicePackMinorNumber int,
    OSLocale nvarchar(10) COLLATE NOCASE,
    ComputerMake nvarchar(64) COLLATE NOCASE,
    ComputerModel nvarchar(64) COLLATE NOCASE,
    BiosVersion nvarchar(64) COLLATE NOCASE,
    BiosName nvarchar(64) COLLATE NOCASE,
    BiosReleaseDate datetime,
    ProcessorArchitecture nvarchar(50) COLLATE NOCASE,
    LastStatusRollupTime datetime,
    LastReceivedStatusRollupNumber int NOT NULL DEFAULT 0,
    LastSentStatusRollupNumber int NOT NULL DEFAULT 0,
    SamplingValue int NOT NULL DEFAULT (abs(random()) % 1000),
    CreatedTime datetime NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    SuiteMask smallint NOT NULL DEFAULT 0,
    OldProductType tinyint NOT NULL DEFAULT 0,
    NewProductType int NOT NULL DEFAULT 0,
    SystemMetrics int NOT NULL DEFAULT 0,
    ClientVersion nvarchar(23) COLLATE NOCASE,
    TargetGroupMembershipChanged bit NOT NULL DEFAULT 0,
    OSFamily nvarchar(256) NOT NULL DEFAULT 'Windows' COLLATE NOCASE,
    OSDescription nvarchar(256) COLLATE NOCASE,
    OEM nvarchar(64) COLLATE NOCASE,
    DeviceType nvarchar(64) COLLATE NOCASE,
    FirmwareVersion nvarchar(64) COLLATE NOCASE,
    MobileOperator nvarchar(15) COLLATE NOCASE
);

CREATE TABLE tbComputerSummaryForMicrosoftUpdates (
    TargetID integer NOT NULL PRIMARY KEY REFERENCES tbTarget (TargetID),
    Unknown int NOT NULL,
    NotInstalled int NOT NULL DEFAULT 0,
    Downloaded int NOT NULL DEFAULT 0,
    Installed int NOT NULL DEFAULT 0,
    Failed int NOT NULL DEFAULT 0,
    InstalledPendingReboot int NOT NULL DEFAULT 0,
    LastChangeTime datetime NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
);

CREATE TABLE tbDeletedComputer (
    ComputerID nvarchar(256) NOT NULL COLLATE NOCASE,
    DeletedTime datetime NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    PRIMARY KEY (ComputerID)
);

CREATE TABLE tbUpdateType (
    UpdateTypeID uniqueidentifier NOT NULL COLLATE NOCASE,
    Name nvarchar(256) NOT NULL COLLATE NOCASE,
    PRIMARY KEY (UpdateTypeID)
);

CREATE TABLE tbUpdate (
    LocalUpdateID integer NOT NULL PRIMARY KEY,
    UpdateID uniqueidentifier NOT NULL COLLATE NOCASE,
    UpdateTypeID uniqueidentifier NOT NULL COLLATE NOCASE REFERENCES tbUpdateType (UpdateTypeID),
    IsClientSelfUpdate bit NOT NULL DEFAULT 1,
    PublisherID uniqueidentifier NOT NULL DEFAULT (hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-A' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))) COLLATE NOCASE,
    IsPublic bit NOT NULL DEFAULT 1,
    IsHidden bit NOT NULL DEFAULT 0,
    DetectoidType nvarchar(80) COLLATE NOCASE,
    LegacyName nvarchar(255) COLLATE NOCASE,
    LastUndeclinedTime datetime,
    IsLocallyPublished bit NOT NULL DEFAULT 0,
    ImportedTime datetime NOT NULL
);

CREATE TABLE tbUpdateFlag (
    LocalUpdateID integer NOT NULL PRIMARY KEY REFERENCES tbUpdate (LocalUpdateID),
    FromCatalogSite bit
);

CREATE TABLE tbRevision (
    RevisionID integer NOT NULL PRIMARY KEY,
    LocalUpdateID int NOT NULL REFERENCES tbUpdate (LocalUpdateID),
    RevisionNumber int NOT NULL,
    LastIsLeafChange datetime,
    IsLeaf bit NOT NULL DEFAULT 1,
    IsBeta bit NOT NULL DEFAULT 0,
    TimeToGoLiveOnCatalog datetime,
    RowID uniqueidentifier NOT NULL DEFAULT (hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-A' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))) COLLATE NOCASE,
    State tinyint NOT NULL DEFAULT 1,
    Origin int NOT NULL DEFAULT 0,
    IsCritical bit NOT NULL DEFAULT 0,
    LanguageMask bigint NOT NULL DEFAULT 0,
    IsLatestRevision bit NOT NULL DEFAULT 1,
    IsMandatory bit NOT NULL DEFAULT 0
);

CREATE TABLE tbProperty (
    RevisionID integer NOT NULL PRIMARY KEY REFERENCES tbRevision (RevisionID),
    PublicationState int NOT NULL,
    CreationDate datetime NOT NULL,
    ReceivedFromCreatorService datetime NOT NULL,
    ExplicitlyDeployable bit NOT NULL,
    CanInstall bit,
    InstallationImpact int,
    InstallRequiresConnectivity bit,
    InstallRequiresUserInput bit,
    InstallRebootBehavior int,
    CanUninstall bit,
    UninstallImpact int,
    UninstallRequiresConnectivity bit,
    UninstallRequiresUserInput bit,
    UninstallRebootBehavior int,
    HandlerID int,
    EulaID uniqueidentifier COLLATE NOCASE,
    RequiresReacceptanceOfEula bit,
    DefaultPropertiesLanguageID int,
    UpdateType nvarchar(256) NOT NULL DEFAULT 'Software' COLLATE NOCASE,
    EulaExplicitlyAccepted bit NOT NULL DEFAULT 0,
    MsrcSeverity nvarchar(20) NOT NULL DEFAULT 'Unspecified' COLLATE NOCASE,
    CompatibleProtocolVersion nvarchar(20) COLLATE NOCASE,
    OemOnlyDriver bit,
    DriverMinInstalledVersion bigint NOT NULL DEFAULT 0,
    DriverMaxInstalledVersion bigint NOT NULL DEFAULT 0
);

CREATE TABLE tbLocalizedProperty (
    LocalizedPropertyID integer NOT NULL PRIMARY KEY,
    Title nvarchar(200) NOT NULL COLLATE NOCASE,
    Description nvarchar(1500) COLLATE NOCASE,
    ReleaseNote nvarchar(1000) COLLATE NOCASE
);

CREATE TABLE tbLocalizedPropertyForRevision (
    RevisionID int NOT NULL REFERENCES tbRevision (RevisionID),
    LocalizedPropertyID int NOT NULL REFERENCES tbLocalizedProperty (LocalizedPropertyID),
    LanguageID int NOT NULL REFERENCES tbLanguage (LanguageID),
    PRIMARY KEY (RevisionID, LanguageID, LocalizedPropertyID)
);

CREATE TABLE tbKBArticleForRevision (
    RevisionID int NOT NULL REFERENCES tbRevision (RevisionID),
    KBArticleID nvarchar(15) NOT NULL COLLATE NOCASE,
    PRIMARY KEY (RevisionID, KBArticleID)
);

CREATE TABLE tbSecurityBulletinForRevision (
    RevisionID int NOT NULL REFERENCES tbRevision (RevisionID),
    SecurityBulletinID nvarchar(15) NOT NULL COLLATE NOCASE,
    PRIMARY KEY (RevisionID, SecurityBulletinID)
);

CREATE TABLE tbMoreInfoURLForRevision (
    RevisionURLID integer NOT NULL PRIMARY KEY,
    RevisionID int NOT NULL REFERENCES tbRevision (RevisionID),
    MoreInfoURL nvarchar(2083) NOT NULL COLLATE NOCASE,
    ShortLanguage nvarchar(16) NOT NULL DEFAULT 'all' COLLATE NOCASE
);

CREATE TABLE tbRevisionSupersedesUpdate (
    RevisionID int NOT NULL REFERENCES tbRevision (RevisionID),
    SupersededUpdateID uniqueidentifier NOT NULL COLLATE NOCASE,
    PRIMARY KEY (RevisionID, SupersededUpdateID)
);

CREATE TABLE tbRevisionLanguage (
    LanguageID int NOT NULL REFERENCES tbLanguage (LanguageID),
    RevisionID int NOT NULL REFERENCES tbRevision (RevisionID),
    Expanded bit NOT NULL DEFAULT 0,
    PRIMARY KEY (RevisionID, LanguageID)
);

CREATE TABLE tbBundleDependency (
    RevisionID int NOT NULL REFERENCES tbRevision (RevisionID),
    BundledRevisionID int NOT NULL REFERENCES tbRevision (RevisionID),
    PRIMARY KEY (RevisionID, BundledRevisionID)
);

CREATE TABLE tbBundleAll (
    RevisionID int NOT NULL REFERENCES tbRevision (RevisionID),
    BundledID int NOT NULL,
    PRIMARY KEY (BundledID)
);

CREATE TABLE tbBundleAtLeastOne (
    RevisionID int NOT NULL REFERENCES tbRevision (RevisionID),
    BundledID int NOT NULL,
    PRIMARY KEY (RevisionID, BundledID)
);

CREATE TABLE tbPrerequisite (
    PrerequisiteID integer NOT NULL PRIMARY KEY,
    RevisionID int NOT NULL REFERENCES tbRevision (RevisionID)
);

CREATE TABLE tbPrerequisiteDependency (
    RevisionID int NOT NULL,
    PrerequisiteLocalUpdateID int NOT NULL,
    PrerequisiteRevisionID int NOT NULL,
    PRIMARY KEY (RevisionID, PrerequisiteRevisionID)
);

CREATE TABLE tbCategoryType (
    CategoryType nvarchar(256) NOT NULL COLLATE NOCASE,
    Level int NOT NULL,
    PRIMARY KEY (CategoryType)
);

CREATE TABLE tbCategory (
    CategoryIndex int NOT NULL,
    CategoryID integer NOT NULL PRIMARY KEY,
    ParentCategoryID int,
    CategoryType nvarchar(256) NOT NULL COLLATE NOCASE REFERENCES tbCategoryType (CategoryType),
    LastChange datetime NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    ProhibitsSubcategories bit NOT NULL DEFAULT 0,
    ProhibitsUpdates bit NOT NULL DEFAULT 0,
    DisplayOrder int
);

CREATE TABLE tbRevisionInCategory (
    RevisionID int NOT NULL REFERENCES tbRevision (RevisionID),
    CategoryID int NOT NULL REFERENCES tbCategory (CategoryID),
    Expanded bit NOT NULL DEFAULT 0,
    PRIMARY KEY (RevisionID, CategoryID)
);

CREATE TABLE tbCategoryInSubscription (
    SubscriptionID int NOT NULL,
    CategoryID int NOT NULL REFERENCES tbCategory (CategoryID),
    PRIMARY KEY (CategoryID, SubscriptionID)
);

CREATE TABLE tbSchedule (
    ScheduleTarget int NOT NULL,
    ScheduleID int NOT NULL,
    LastModifiedBy nvarchar(385) NOT NULL COLLATE NOCASE,
    LastModifiedTime datetime NOT NULL,
    ScheduledTimeOfDay int,
    ScheduledRunTime datetime,
    LastRunTime datetime NOT NULL DEFAULT '1753-01-01 00:00:00.000',
    Frequency int,
    PRIMARY KEY (ScheduleTarget, ScheduleID)
);

CREATE TABLE tbDeployment (
    DeploymentID integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    LastChangeTime datetime NOT NULL,
    LastChangeNumber bigint NOT NULL DEFAULT 0,
    DeploymentStatus tinyint NOT NULL DEFAULT 0,
    ActionID int NOT NULL,
    DeploymentTime datetime NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    GoLiveTime datetime NOT NULL,
    Deadline datetime,
    AdminName nvarchar(385) NOT NULL COLLATE NOCASE,
    DownloadPriority tinyint NOT NULL DEFAULT 1,
    DeploymentGuid uniqueidentifier NOT NULL DEFAULT (hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-A' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))) COLLATE NOCASE,
    IsAssigned bit NOT NULL DEFAULT 0,
    RevisionID int NOT NULL REFERENCES tbRevision (RevisionID),
    TargetGroupID uniqueidentifier NOT NULL COLLATE NOCASE REFERENCES tbTargetGroup (TargetGroupID),
    TargetGroupTypeID tinyint NOT NULL REFERENCES tbTargetGroupType (TargetGroupTypeID),
    IsLeaf bit NOT NULL DEFAULT 1,
    UpdateType nvarchar(256) NOT NULL DEFAULT 'Software' COLLATE NOCASE,
    IsCritical bit NOT NULL DEFAULT 0,
    Priority int NOT NULL DEFAULT 0,
    IsFeatured bit,
    AutoSelect tinyint,
    AutoDownload tinyint,
    SupersedenceBehavior tinyint,
    IsPartOfSet bit NOT NULL DEFAULT 0,
    SetCreationTime datetime,
    CHECK (IsAssigned = 1 OR Deadline IS NULL)
);

CREATE TABLE tbDeadDeployment (
    DeploymentID integer NOT NULL PRIMARY KEY,
    TimeOfDeath datetime NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    ActionID int NOT NULL,
    DeploymentTime datetime NOT NULL,
    GoLiveTime datetime NOT NULL,
    Deadline datetime,
    AdminName nvarchar(385) NOT NULL COLLATE NOCASE,
    DownloadPriority tinyint NOT NULL,
    DeploymentGuid uniqueidentifier NOT NULL COLLATE NOCASE,
    IsAssigned bit NOT NULL,
    RevisionID int NOT NULL,
    TargetGroupID uniqueidentifier NOT NULL COLLATE NOCASE,
    TargetGroupTypeID tinyint NOT NULL,
    AdminNameWhoDeleted nvarchar(385) NOT NULL DEFAULT 'WUS Server' COLLATE NOCASE,
    LastChangeNumber bigint NOT NULL DEFAULT 0,
    UpdateID uniqueidentifier NOT NULL COLLATE NOCASE,
    RevisionNumber int NOT NULL,
    UpdateType nvarchar(256) NOT NULL DEFAULT 'Software' COLLATE NOCASE
);

CREATE TABLE tbEulaAcceptance (
    EulaID uniqueidentifier NOT NULL COLLATE NOCASE,
    AcceptedDate datetime NOT NULL,
    AdminName nvarchar(385) NOT NULL COLLATE NOCASE,
    PRIMARY KEY (EulaID)
);

CREATE TABLE tbEulaProperty (
    EulaFileDigest binary(20) NOT NULL,
    RevisionID int NOT NULL REFERENCES tbRevision (RevisionID),
    LanguageID int NOT NULL REFERENCES tbLanguage (LanguageID),
    PRIMARY KEY (RevisionID, EulaFileDigest, LanguageID)
);

CREATE TABLE tbAutoDeploymentRule (
    ID integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    Enabled bit NOT NULL DEFAULT 0,
    ActionID int NOT NULL DEFAULT 0,
    Name nvarchar(256) NOT NULL COLLATE NOCASE,
    DateOffset smallint,
    MinutesAfterMidnight smallint
);

CREATE TABLE tbUpdateClassificationInAutoDeploymentRule (
    AutoDeploymentRuleID int NOT NULL REFERENCES tbAutoDeploymentRule (ID),
    UpdateClassificationID int NOT NULL REFERENCES tbCategory (CategoryID),
    PRIMARY KEY (AutoDeploymentRuleID, UpdateClassificationID)
);

CREATE TABLE tbCategoryInAutoDeploymentRule (
    AutoDeploymentRuleID int NOT NULL REFERENCES tbAutoDeploymentRule (ID),
    CategoryID int NOT NULL REFERENCES tbCategory (CategoryID),
    PRIMARY KEY (AutoDeploymentRuleID, CategoryID)
);

CREATE TABLE tbTargetGroupInAutoDeploymentRule (
    AutoDeploymentRuleID int NOT NULL REFERENCES tbAutoDeploymentRule (ID),
    TargetGroupID uniqueidentifier NOT NULL COLLATE NOCASE REFERENCES tbTargetGroup (TargetGroupID),
    PRIMARY KEY (AutoDeploymentRuleID, TargetGroupID)
);

CREATE TABLE tbDownstreamServerTarget (
    TargetID integer NOT NULL PRIMARY KEY REFERENCES tbTarget (TargetID),
    SID varbinary(85),
    AccountName nvarchar(255) NOT NULL COLLATE NOCASE,
    AccountServerID uniqueidentifier COLLATE NOCASE,
    LastSyncTime datetime,
    RollupLastSyncTime datetime,
    LastDeploymentSyncTime datetime,
    ParentServerTargetID int,
    LastRollupTime datetime,
    Version nvarchar(32) COLLATE NOCASE,
    IsReplica bit NOT NULL DEFAULT 0
);

CREATE TABLE tbDownstreamServerSummaryRollup (
    TargetID integer NOT NULL PRIMARY KEY REFERENCES tbTarget (TargetID),
    UpdateCount int NOT NULL,
    DeclinedUpdateCount int NOT NULL,
    ApprovedUpdateCount int NOT NULL,
    NotApprovedUpdateCount int NOT NULL,
    UpdatesWithStaleUpdateApprovalsCount int NOT NULL,
    ExpiredUpdateCount int NOT NULL,
    CriticalUpdatesNotApprovedForInstallCount int NOT NULL,
    WsusUpdatesNotApprovedForInstallCount int NOT NULL,
    UpdatesWithClientErrorsCount int NOT NULL,
    UpdatesWithServerErrorsCount int NOT NULL,
    UpdatesNeedingFilesCount int NOT NULL,
    UpdatesNeededByComputersCount int NOT NULL,
    UpdatesUpToDateCount int NOT NULL,
    CustomComputerTargetGroupCount int NOT NULL,
    ComputerTargetCount int NOT NULL,
    ComputerTargetsNeedingUpdatesCount int NOT NULL,
    ComputerTargetsWithUpdateErrorsCount int NOT NULL,
    ComputersUpToDateCount int NOT NULL
);

CREATE TABLE tbDownstreamServerRollupConfiguration (
    ID integer NOT NULL PRIMARY KEY,
    LatestEventTime datetime
);

-- The table has no primary key. NotificationType is 1 for tests, 2 for new updates, 3 for the status.
-- Source: Intensive-Self-Service-Portal (the table, grade A); WSUSMaintenance, OtherStep/SendEmail.cs (columns and type 3,
-- grade A). The columns' types are our guess (grade C).
CREATE TABLE tbEmailNotificationRecipient (
    NotificationType int NOT NULL,
    EmailAddress nvarchar(256) NOT NULL COLLATE NOCASE
);

CREATE TABLE tbEventRollupCounters (
    ID integer NOT NULL PRIMARY KEY,
    LatestRollupTime datetime,
    LatestRollupCount int,
    LatestRollupState tinyint,
    CurrentRollupTotal int,
    CurrentRollupDone int,
    CurrentRollupState tinyint
);

CREATE TABLE tbFile (
    FileDigest binary(20) NOT NULL,
    FileName nvarchar(256) NOT NULL COLLATE NOCASE,
    Modified datetime,
    Size bigint NOT NULL,
    IsEula bit NOT NULL DEFAULT 0,
    MUURL nvarchar(1024) COLLATE NOCASE,
    USSURL nvarchar(1024) COLLATE NOCASE,
    IsExternalCab bit NOT NULL DEFAULT 0,
    IsSecure bit NOT NULL DEFAULT 0,
    IsEncrypted bit NOT NULL DEFAULT 0,
    DecryptionKey "varbinary(max)",
    PRIMARY KEY (FileDigest)
);

CREATE TABLE tbFileHash (
    FileDigest binary(20) NOT NULL REFERENCES tbFile (FileDigest),
    DigestAlgorithm nvarchar(64) NOT NULL COLLATE NOCASE,
    AdditionalHash "varbinary(max)" NOT NULL,
    PRIMARY KEY (FileDigest)
);

CREATE TABLE tbFileForRevision (
    RevisionID int NOT NULL REFERENCES tbRevision (RevisionID),
    FileDigest binary(20) NOT NULL REFERENCES tbFile (FileDigest),
    PatchingType tinyint NOT NULL DEFAULT 0,
    PRIMARY KEY (RevisionID, FileDigest)
);

CREATE TABLE tbFileOnServer (
    FileDigest binary(20) NOT NULL REFERENCES tbFile (FileDigest),
    ConfigurationID int NOT NULL REFERENCES tbConfigurationA (ConfigurationID),
    RowID uniqueidentifier NOT NULL DEFAULT (hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-A' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))) COLLATE NOCASE,
    DesiredState int NOT NULL DEFAULT 1,
    ActualState int NOT NULL DEFAULT 1,
    TimeAddedToQueue datetime,
    DSSRequestedDownload bit NOT NULL DEFAULT 0,
    PRIMARY KEY (FileDigest, ConfigurationID)
);

CREATE TABLE tbFileDownloadProgress (
    ID bigint NOT NULL,
    RowID uniqueidentifier NOT NULL COLLATE NOCASE,
    TotalBytesForDownload bigint NOT NULL,
    BytesDownloaded bigint NOT NULL,
    PRIMARY KEY (RowID)
);

CREATE TABLE tbUpdateStatusPerComputer (
    SummarizationState int NOT NULL,
    LocalUpdateID int NOT NULL REFERENCES tbUpdate (LocalUpdateID),
    TargetID int NOT NULL REFERENCES tbTarget (TargetID),
    LastChangeTime datetime NOT NULL,
    LastRefreshTime datetime NOT NULL,
    LastChangeTimeOnServer datetime NOT NULL,
    PRIMARY KEY (TargetID, LocalUpdateID)
);

CREATE TABLE tbEventNamespace (
    EventNamespaceID int NOT NULL,
    DisplayNameString nvarchar(256) NOT NULL COLLATE NOCASE,
    MajorVersion int NOT NULL,
    MinorVersion int NOT NULL,
    BuildNumber int NOT NULL,
    QfeNumber int NOT NULL,
    PRIMARY KEY (EventNamespaceID)
);

CREATE TABLE tbEvent (
    EventID smallint NOT NULL,
    EventNamespaceID int NOT NULL,
    StateID int NOT NULL,
    SeverityID int NOT NULL,
    LogLevel smallint NOT NULL DEFAULT 1,
    PRIMARY KEY (EventID, EventNamespaceID)
);

CREATE TABLE tbEventInstance (
    EventInstanceID uniqueidentifier NOT NULL COLLATE NOCASE,
    EventID smallint NOT NULL,
    EventNamespaceID int NOT NULL,
    EventSourceID smallint NOT NULL,
    TimeAtTarget datetime NOT NULL,
    TimeAtServer datetime,
    Win32HResult int NOT NULL,
    AppName nvarchar(256) COLLATE NOCASE,
    MiscData ntext COLLATE NOCASE,
    ReplacementStrings ntext COLLATE NOCASE,
    ComputerID nvarchar(256) COLLATE NOCASE,
    UpdateID uniqueidentifier COLLATE NOCASE,
    RevisionNumber int,
    DeviceID ntext COLLATE NOCASE,
    EventOrdinalNumber integer NOT NULL PRIMARY KEY
);

-- Unique indexes that SUSDB has (grade A) ...
CREATE UNIQUE INDEX nUpdateID ON tbUpdate (UpdateID);
CREATE UNIQUE INDEX nRowID ON tbRevision (RowID);
CREATE UNIQUE INDEX nDeployment
    ON tbDeployment (Priority, DeploymentTime, TargetGroupTypeID, RevisionID, TargetGroupID, ActionID);
-- ... two of them over lower(): the server compares text by Unicode, and an index must not depend on that.
CREATE UNIQUE INDEX nComputerID ON tbComputerTarget (lower(ComputerID));
CREATE UNIQUE INDEX nFullDomainName ON tbComputerTarget (lower(FullDomainName));

-- Indexes of our own, for lookups among 200,000 updates.
CREATE UNIQUE INDEX nRevisionOfUpdate ON tbRevision (LocalUpdateID, RevisionNumber);
CREATE UNIQUE INDEX nDeploymentGuid ON tbDeployment (DeploymentGuid);
CREATE INDEX nDeploymentOfRevision ON tbDeployment (RevisionID, TargetGroupID);
CREATE INDEX nDeploymentOfGroup ON tbDeployment (TargetGroupID);
CREATE INDEX nDeadDeploymentOfUpdate ON tbDeadDeployment (UpdateID);
CREATE INDEX nKBArticle ON tbKBArticleForRevision (KBArticleID);
CREATE INDEX nGroupsOfTarget ON tbTargetInTargetGroup (TargetID);
CREATE INDEX nChildGroups ON tbTargetGroup (ParentGroupID);
CREATE INDEX nRevisionsInCategory ON tbRevisionInCategory (CategoryID);
CREATE INDEX nSupersededUpdate ON tbRevisionSupersedesUpdate (SupersededUpdateID);
CREATE INDEX nBundledRevision ON tbBundleDependency (BundledRevisionID);
CREATE INDEX nRevisionsOfProperty ON tbLocalizedPropertyForRevision (LocalizedPropertyID);
CREATE INDEX nUpdateStatus ON tbUpdateStatusPerComputer (LocalUpdateID, SummarizationState);

-- Every group with each of its ancestors. Whether SUSDB's table also pairs a group with itself is not known: here it
-- does not (grade C).
CREATE VIEW tbFlattenedTargetGroup (TargetGroupID, ParentGroupID) AS
WITH RECURSIVE closure (TargetGroupID, ParentGroupID) AS (
    SELECT TargetGroupID, ParentGroupID FROM tbTargetGroup WHERE ParentGroupID IS NOT NULL
    UNION
    SELECT closure.TargetGroupID, parent.ParentGroupID
    FROM closure JOIN tbTargetGroup AS parent ON parent.TargetGroupID = closure.ParentGroupID
    WHERE parent.ParentGroupID IS NOT NULL
)
SELECT TargetGroupID, ParentGroupID FROM closure;

-- Direct members with IsExplicitMember 1, inherited ones with 0. A computer without a group of its own is a direct member
-- of Unassigned Computers; no row is stored for that (grade C). SUSDB has a table here, which a statement asks for one
-- computer or one group of thousands: so no GROUP BY, which would have the whole of it made first. Of the groups by which
-- a computer is in a group above them only the first gives a row; CROSS JOIN keeps the order of the tables.
CREATE VIEW tbExpandedTargetInTargetGroup (TargetGroupID, TargetID, IsExplicitMember, ChildGroupReferences) AS
WITH lineage (TargetGroupID, AncestorID, IsSelf) AS (
    SELECT TargetGroupID, TargetGroupID, 1 FROM tbTargetGroup
    UNION ALL
    SELECT TargetGroupID, ParentGroupID, 0 FROM tbFlattenedTargetGroup
)
SELECT line.AncestorID, target.TargetID,
    CASE WHEN own.TargetGroupID IS NULL THEN line.IsSelf ELSE EXISTS (
        SELECT 1 FROM tbTargetInTargetGroup AS direct
        WHERE direct.TargetGroupID = line.AncestorID AND direct.TargetID = target.TargetID AND direct.IsExplicitMember = 1
    ) END,
    CASE WHEN own.TargetGroupID IS NULL THEN 1 - line.IsSelf ELSE (
        SELECT count(*) FROM tbTargetInTargetGroup AS below CROSS JOIN lineage AS other
        WHERE below.TargetID = target.TargetID AND below.IsExplicitMember = 1
            AND other.TargetGroupID = below.TargetGroupID AND other.AncestorID = line.AncestorID AND other.IsSelf = 0
    ) END
FROM tbTarget AS target
LEFT JOIN tbTargetInTargetGroup AS own ON own.TargetID = target.TargetID AND own.IsExplicitMember = 1
JOIN lineage AS line ON line.TargetGroupID = coalesce(own.TargetGroupID, (
    SELECT 'B73CA6ED-5727-47F3-84DE-015E03F6A88A' FROM tbComputerTarget AS computer
    WHERE computer.TargetID = target.TargetID
))
WHERE NOT EXISTS (
    SELECT 1 FROM tbTargetInTargetGroup AS earlier CROSS JOIN lineage AS other
    WHERE earlier.TargetID = target.TargetID AND earlier.IsExplicitMember = 1
        AND earlier.TargetGroupID < own.TargetGroupID
        AND other.TargetGroupID = earlier.TargetGroupID AND other.AncestorID = line.AncestorID
);

-- What computers have reported about each update. A subquery for each number: only those that are asked for are counted,
-- from an index. That an update of which nothing was reported has no row is a guess (grade C), and so is Unknown: rows of
-- state 0, not the computers without a row.
CREATE VIEW tbUpdateSummaryForAllComputers (
    LocalUpdateID, Unknown, NotInstalled, Downloaded, Installed, Failed, InstalledPendingReboot, LastChangeTime
) AS
SELECT updates.LocalUpdateID,
    (SELECT count(*) FROM tbUpdateStatusPerComputer AS status
        WHERE status.LocalUpdateID = updates.LocalUpdateID AND status.SummarizationState = 0),
    (SELECT count(*) FROM tbUpdateStatusPerComputer AS status
        WHERE status.LocalUpdateID = updates.LocalUpdateID AND status.SummarizationState = 2),
    (SELECT count(*) FROM tbUpdateStatusPerComputer AS status
        WHERE status.LocalUpdateID = updates.LocalUpdateID AND status.SummarizationState = 3),
    (SELECT count(*) FROM tbUpdateStatusPerComputer AS status
        WHERE status.LocalUpdateID = updates.LocalUpdateID AND status.SummarizationState = 4),
    (SELECT count(*) FROM tbUpdateStatusPerComputer AS status
        WHERE status.LocalUpdateID = updates.LocalUpdateID AND status.SummarizationState = 5),
    (SELECT count(*) FROM tbUpdateStatusPerComputer AS status
        WHERE status.LocalUpdateID = updates.LocalUpdateID AND status.SummarizationState = 6),
    (SELECT max(status.LastChangeTime) FROM tbUpdateStatusPerComputer AS status
        WHERE status.LocalUpdateID = updates.LocalUpdateID)
FROM tbUpdate AS updates
WHERE EXISTS (SELECT 1 FROM tbUpdateStatusPerComputer AS status WHERE status.LocalUpdateID = updates.LocalUpdateID);

-- SUSDB has a table here, which statements join from the left: a view of one table is looked into, one of joined tables
-- would be made whole for each of them.
CREATE VIEW tbPreComputedLocalizedProperty (
    PreComputedLocalizedPropertyID, ShortLanguage, Title, Description, ReleaseNotes, UpdateID, RevisionNumber, RevisionID
) AS
SELECT localized.LocalizedPropertyID,
    (SELECT ShortLanguage FROM tbLanguage AS language WHERE language.LanguageID = localized.LanguageID),
    (SELECT Title FROM tbLocalizedProperty AS property
        WHERE property.LocalizedPropertyID = localized.LocalizedPropertyID),
    (SELECT Description FROM tbLocalizedProperty AS property
        WHERE property.LocalizedPropertyID = localized.LocalizedPropertyID),
    (SELECT ReleaseNote FROM tbLocalizedProperty AS property
        WHERE property.LocalizedPropertyID = localized.LocalizedPropertyID),
    (SELECT updates.UpdateID FROM tbUpdate AS updates JOIN tbRevision AS revision USING (LocalUpdateID)
        WHERE revision.RevisionID = localized.RevisionID),
    (SELECT RevisionNumber FROM tbRevision AS revision WHERE revision.RevisionID = localized.RevisionID),
    localized.RevisionID
FROM tbLocalizedPropertyForRevision AS localized;

-- The title in the language that the revision names as its default.
CREATE VIEW vwDefaultLocalizedProperty (RevisionID, Title, Description, ReleaseNotes) AS
SELECT properties.RevisionID, localized.Title, localized.Description, localized.ReleaseNote
FROM tbProperty AS properties
JOIN tbLocalizedPropertyForRevision AS link
    ON link.RevisionID = properties.RevisionID AND link.LanguageID = properties.DefaultPropertiesLanguageID
JOIN tbLocalizedProperty AS localized ON localized.LocalizedPropertyID = link.LocalizedPropertyID;

CREATE VIEW tbPrecomputedCategoryLocalizedProperty (CategoryID, ShortLanguage, Title, CategoryType) AS
SELECT category.CategoryID, language.ShortLanguage, localized.Title, category.CategoryType
FROM tbCategory AS category
JOIN tbRevision AS revision ON revision.LocalUpdateID = category.CategoryID AND revision.IsLatestRevision = 1
JOIN tbLocalizedPropertyForRevision AS link ON link.RevisionID = revision.RevisionID
JOIN tbLocalizedProperty AS localized ON localized.LocalizedPropertyID = link.LocalizedPropertyID
JOIN tbLanguage AS language ON language.LanguageID = link.LanguageID;

-- A revision's categories with all of their ancestors (companies and product families hang above products).
CREATE VIEW tbFlattenedRevisionInCategory (RevisionID, CategoryID) AS
WITH RECURSIVE ancestor (CategoryID, AncestorID) AS (
    SELECT CategoryID, CategoryID FROM tbCategory
    UNION
    SELECT ancestor.CategoryID, parent.ParentCategoryID
    FROM ancestor JOIN tbCategory AS parent ON parent.CategoryID = ancestor.AncestorID
    WHERE parent.ParentCategoryID IS NOT NULL
)
SELECT direct.RevisionID, ancestor.AncestorID
FROM tbRevisionInCategory AS direct JOIN ancestor ON ancestor.CategoryID = direct.CategoryID
-- Once for each ancestor, however many categories lead to it. No DISTINCT: conditions could not be pushed below it.
WHERE ancestor.AncestorID = direct.CategoryID OR NOT EXISTS (
    SELECT 1 FROM tbRevisionInCategory AS other
    CROSS JOIN tbCategory AS nested ON nested.CategoryID = other.CategoryID
        AND (nested.ParentCategoryID IS NOT NULL OR nested.CategoryID = ancestor.AncestorID)
    CROSS JOIN ancestor AS same ON same.CategoryID = other.CategoryID AND same.AncestorID = ancestor.AncestorID
    WHERE other.RevisionID = direct.RevisionID AND other.CategoryID <> direct.CategoryID
        AND (other.CategoryID < direct.CategoryID OR other.CategoryID = ancestor.AncestorID)
);

-- What a subscription to a category implies: its descendants (grade C).
CREATE VIEW tbImplicitCategory (CategoryID, SubscriptionID, DeltaSync, CategoryType) AS
WITH RECURSIVE implied (CategoryID, SubscriptionID, CategoryType) AS (
    SELECT child.CategoryID, subscribed.SubscriptionID, child.CategoryType
    FROM tbCategoryInSubscription AS subscribed JOIN tbCategory AS child ON child.ParentCategoryID = subscribed.CategoryID
    UNION
    SELECT child.CategoryID, implied.SubscriptionID, child.CategoryType
    FROM implied JOIN tbCategory AS child ON child.ParentCategoryID = implied.CategoryID
)
SELECT CategoryID, SubscriptionID, 0, CategoryType FROM implied;

CREATE VIEW vwUpdateInCategory (UpdateID, CategoryUpdateID) AS
SELECT updates.UpdateID, category.UpdateID
FROM tbRevision AS revision
JOIN tbUpdate AS updates ON updates.LocalUpdateID = revision.LocalUpdateID
JOIN tbFlattenedRevisionInCategory AS flattened ON flattened.RevisionID = revision.RevisionID
JOIN tbUpdate AS category ON category.LocalUpdateID = flattened.CategoryID
WHERE revision.IsLatestRevision = 1;

-- Every revision of every update, categories and detectoids included.
CREATE VIEW vwMinimalUpdate (
    UpdateID, RevisionID, RevisionNumber, LocalUpdateID, IsLeaf, IsLatestRevision, IsSuperseded, Declined, CreationDate,
    PublicationState, State, EulaID, RequiresEulaAcceptance, ReceivedFromCreatorService, HasSupersededUpdates,
    HasEarlierRevision, LegacyName, MsrcSeverity, IsMandatory, IsEditable, UpdateSource, UpdateType, IsDeployed,
    HasStaleDeployments, InstallationSupported, InstallationImpact, InstallationRebootBehavior,
    InstallationRequiresNetworkConnectivity, InstallationCanRequestUserInput, UninstallationSupported,
    UninstallationImpact, UninstallationRebootBehavior, UninstallationRequiresNetworkConnectivity,
    UninstallationCanRequestUserInput
) AS
SELECT updates.UpdateID, revision.RevisionID, revision.RevisionNumber, updates.LocalUpdateID, revision.IsLeaf,
    revision.IsLatestRevision,
    EXISTS (
        SELECT 1 FROM tbRevisionSupersedesUpdate AS newer
        JOIN tbRevision AS superseding ON superseding.RevisionID = newer.RevisionID AND superseding.IsLatestRevision = 1
        WHERE newer.SupersededUpdateID = updates.UpdateID
    ),
    updates.IsHidden, properties.CreationDate, properties.PublicationState, revision.State, properties.EulaID,
    properties.EulaID IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM tbEulaAcceptance AS accepted WHERE accepted.EulaID = properties.EulaID),
    properties.ReceivedFromCreatorService,
    EXISTS (SELECT 1 FROM tbRevisionSupersedesUpdate AS older WHERE older.RevisionID = revision.RevisionID),
    EXISTS (
        SELECT 1 FROM tbRevision AS earlier
        WHERE earlier.LocalUpdateID = revision.LocalUpdateID AND earlier.RevisionNumber < revision.RevisionNumber
    ),
    updates.LegacyName, properties.MsrcSeverity, revision.IsMandatory, updates.IsLocallyPublished,
    updates.IsLocallyPublished, properties.UpdateType,
    EXISTS (
        SELECT 1 FROM tbDeployment AS deployment
        WHERE deployment.RevisionID = revision.RevisionID AND deployment.ActionID IN (0, 1, 3)
    ),
    revision.IsLatestRevision = 1 AND EXISTS (
        SELECT 1 FROM tbRevision AS earlier JOIN tbDeployment AS stale ON stale.RevisionID = earlier.RevisionID
        WHERE earlier.LocalUpdateID = revision.LocalUpdateID AND earlier.RevisionID <> revision.RevisionID
            AND stale.ActionID IN (0, 1, 3)
    ),
    coalesce(properties.CanInstall, 0), coalesce(properties.InstallationImpact, 0),
    coalesce(properties.InstallRebootBehavior, 0), coalesce(properties.InstallRequiresConnectivity, 0),
    coalesce(properties.InstallRequiresUserInput, 0), coalesce(properties.CanUninstall, 0),
    coalesce(properties.UninstallImpact, 0), coalesce(properties.UninstallRebootBehavior, 0),
    coalesce(properties.UninstallRequiresConnectivity, 0), coalesce(properties.UninstallRequiresUserInput, 0)
FROM tbRevision AS revision
JOIN tbUpdate AS updates ON updates.LocalUpdateID = revision.LocalUpdateID
JOIN tbProperty AS properties ON properties.RevisionID = revision.RevisionID;

-- The latest, explicitly deployable revision of every update, declined and expired ones included. That the view leaves
-- other revisions and the children of bundles out is inferred (grade C).
CREATE VIEW "PUBLIC_VIEWS.vUpdate" (
    UpdateId, RevisionNumber, DefaultTitle, DefaultDescription, ClassificationId, ArrivalDate, CreationDate, IsDeclined,
    IsWsusInfrastructureUpdate, MsrcSeverity, PublicationState, UpdateType, UpdateSource, KnowledgebaseArticle,
    SecurityBulletin, InstallationCanRequestUserInput, InstallationRequiresNetworkConnectivity, InstallationImpact,
    InstallationRebootBehavior
) AS
SELECT updates.UpdateID, revision.RevisionNumber, localized.Title, localized.Description,
    (
        SELECT classification.UpdateID
        FROM tbRevisionInCategory AS link
        JOIN tbCategory AS category
            ON category.CategoryID = link.CategoryID AND category.CategoryType = 'UpdateClassification'
        JOIN tbUpdate AS classification ON classification.LocalUpdateID = category.CategoryID
        WHERE link.RevisionID = revision.RevisionID
        LIMIT 1
    ),
    properties.ReceivedFromCreatorService, properties.CreationDate, updates.IsHidden, revision.IsMandatory,
    properties.MsrcSeverity,
    CASE properties.PublicationState WHEN 0 THEN 'Published' WHEN 1 THEN 'Expired' WHEN 2 THEN 'InTesting' END,
    properties.UpdateType, CASE updates.IsLocallyPublished WHEN 1 THEN 'Other' ELSE 'MicrosoftUpdate' END,
    (SELECT min(article.KBArticleID) FROM tbKBArticleForRevision AS article
        WHERE article.RevisionID = revision.RevisionID),
    (SELECT min(bulletin.SecurityBulletinID) FROM tbSecurityBulletinForRevision AS bulletin
        WHERE bulletin.RevisionID = revision.RevisionID),
    coalesce(properties.InstallRequiresUserInput, 0), coalesce(properties.InstallRequiresConnectivity, 0),
    CASE properties.InstallationImpact WHEN 1 THEN 'Minor' WHEN 2 THEN 'RequiresExclusiveHandling' ELSE 'Normal' END,
    CASE properties.InstallRebootBehavior
        WHEN 1 THEN 'AlwaysRequiresReboot' WHEN 2 THEN 'CanRequestReboot' ELSE 'NeverReboots' END
FROM tbRevision AS revision
JOIN tbUpdate AS updates ON updates.LocalUpdateID = revision.LocalUpdateID
JOIN tbProperty AS properties ON properties.RevisionID = revision.RevisionID
LEFT JOIN tbLocalizedPropertyForRevision AS titles
    ON titles.RevisionID = revision.RevisionID AND titles.LanguageID = properties.DefaultPropertiesLanguageID
LEFT JOIN tbLocalizedProperty AS localized ON localized.LocalizedPropertyID = titles.LocalizedPropertyID
WHERE revision.IsLatestRevision = 1 AND properties.ExplicitlyDeployable = 1;

CREATE VIEW "PUBLIC_VIEWS.vComputerTarget" (
    ComputerTargetId, ParentServerId, Name, IPAddress, LastSyncResult, LastSyncTime, LastReportedStatusTime,
    LastReportedInventoryTime, ClientVersion, OSArchitecture, Make, Model, BiosName, BiosVersion, BiosReleaseDate,
    OSMajorVersion, OSMinorVersion, OSBuildNumber, OSServicePackMajorNumber, OSDefaultUILanguage
) AS
SELECT computer.ComputerID, server.AccountServerID, computer.FullDomainName, computer.IPAddress,
    computer.LastSyncResult,
    computer.LastSyncTime, computer.LastReportedStatusTime, computer.LastInventoryTime, detail.ClientVersion,
    detail.ProcessorArchitecture, detail.ComputerMake, detail.ComputerModel, detail.BiosName, detail.BiosVersion,
    detail.BiosReleaseDate, detail.OSMajorVersion, detail.OSMinorVersion, detail.OSBuildNumber,
    detail.OSServicePackMajorNumber, detail.OSLocale
FROM tbComputerTarget AS computer
LEFT JOIN tbComputerTargetDetail AS detail ON detail.TargetID = computer.TargetID
LEFT JOIN tbDownstreamServerTarget AS server ON server.TargetID = computer.ParentServerTargetID;

CREATE VIEW "PUBLIC_VIEWS.vComputerTargetGroup" (ComputerTargetGroupId, Name) AS
SELECT TargetGroupID, Name FROM tbTargetGroup WHERE TargetGroupTypeID = 0;

CREATE VIEW "PUBLIC_VIEWS.vComputerGroupMembership" (ComputerTargetId, ComputerTargetGroupId, IsExplicitMember) AS
SELECT computer.ComputerID, member.TargetGroupID, member.IsExplicitMember
FROM tbExpandedTargetInTargetGroup AS member
JOIN tbComputerTarget AS computer ON computer.TargetID = member.TargetID;

-- Every approval of a computer group, whatever its revision. Only 'Install' has been seen as a text for Action: the
-- others are the names that the managed API had first (grade C).
CREATE VIEW "PUBLIC_VIEWS.vUpdateApproval" (UpdateApprovalId, UpdateId, ComputerTargetGroupId, Action, CreationDate) AS
SELECT deployment.DeploymentGuid, updates.UpdateID, deployment.TargetGroupID,
    CASE deployment.ActionID WHEN 0 THEN 'Install' WHEN 1 THEN 'Uninstall' WHEN 2 THEN 'Scan'
        WHEN 3 THEN 'Block' WHEN 5 THEN 'Bundle' END,
    deployment.DeploymentTime
FROM tbDeployment AS deployment
JOIN tbRevision AS revision ON revision.RevisionID = deployment.RevisionID
JOIN tbUpdate AS updates ON updates.LocalUpdateID = revision.LocalUpdateID
WHERE deployment.TargetGroupTypeID = 0;

CREATE VIEW "PUBLIC_VIEWS.vClassification" (ClassificationId, DefaultTitle) AS
SELECT updates.UpdateID, localized.Title
FROM tbCategory AS category
JOIN tbUpdate AS updates ON updates.LocalUpdateID = category.CategoryID
JOIN tbRevision AS revision ON revision.LocalUpdateID = category.CategoryID AND revision.IsLatestRevision = 1
JOIN vwDefaultLocalizedProperty AS localized ON localized.RevisionID = revision.RevisionID
WHERE category.CategoryType = 'UpdateClassification';

CREATE VIEW "PUBLIC_VIEWS.vCategory" (CategoryId, ParentCategoryId, CategoryType, DefaultTitle) AS
SELECT updates.UpdateID, parent.UpdateID, category.CategoryType, localized.Title
FROM tbCategory AS category
JOIN tbUpdate AS updates ON updates.LocalUpdateID = category.CategoryID
JOIN tbRevision AS revision ON revision.LocalUpdateID = category.CategoryID AND revision.IsLatestRevision = 1
JOIN vwDefaultLocalizedProperty AS localized ON localized.RevisionID = revision.RevisionID
LEFT JOIN tbUpdate AS parent ON parent.LocalUpdateID = category.ParentCategoryID
WHERE category.CategoryType <> 'UpdateClassification';

CREATE VIEW "PUBLIC_VIEWS.vUpdateInCategory" (UpdateId, CategoryId, CategoryType) AS
SELECT updates.UpdateID, categoryUpdate.UpdateID, category.CategoryType
FROM tbRevision AS revision
JOIN tbUpdate AS updates ON updates.LocalUpdateID = revision.LocalUpdateID
JOIN tbFlattenedRevisionInCategory AS flattened ON flattened.RevisionID = revision.RevisionID
JOIN tbCategory AS category ON category.CategoryID = flattened.CategoryID
JOIN tbUpdate AS categoryUpdate ON categoryUpdate.LocalUpdateID = category.CategoryID
WHERE revision.IsLatestRevision = 1 AND category.CategoryType <> 'UpdateClassification';

CREATE VIEW "PUBLIC_VIEWS.vUpdateInstallationInfoBasic" (UpdateId, ComputerTargetId, State) AS
SELECT updates.UpdateID, computer.ComputerID, status.SummarizationState
FROM tbUpdateStatusPerComputer AS status
JOIN tbUpdate AS updates ON updates.LocalUpdateID = status.LocalUpdateID
JOIN tbComputerTarget AS computer ON computer.TargetID = status.TargetID;

CREATE VIEW "PUBLIC_VIEWS.vUpdateAdditionalInfoUrl" (UpdateId, Url) AS
SELECT updates.UpdateID, info.MoreInfoURL
FROM tbMoreInfoURLForRevision AS info
JOIN tbRevision AS revision ON revision.RevisionID = info.RevisionID AND revision.IsLatestRevision = 1
JOIN tbUpdate AS updates ON updates.LocalUpdateID = revision.LocalUpdateID;

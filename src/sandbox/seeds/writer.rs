//! How seeds write groups, computers, updates and approvals.

use chrono::{Duration, NaiveDate, NaiveDateTime};
use rusqlite::{Connection, Statement, params};

use super::identity::guid;
use crate::sandbox::schema::DATETIME_FORMAT;

/// The language of every title.
pub(super) const ENGLISH: i64 = 9;

/// A moment a number of minutes before 2026-06-09 17:00, when the seeds' last synchronisation ended.
pub(super) fn minutes_before(minutes: i64) -> NaiveDateTime {
    let reference = NaiveDate::from_ymd_opt(2026, 6, 9).and_then(|date| date.and_hms_opt(17, 0, 0));
    reference.expect("the date exists") - Duration::minutes(minutes)
}

/// When an update that was published then reached the server.
pub(super) fn arrival(created: NaiveDateTime) -> NaiveDateTime {
    created + Duration::hours(2)
}

/// Writes a moment as the state does.
pub(super) fn text(time: NaiveDateTime) -> String {
    time.format(DATETIME_FORMAT).to_string()
}

/// An update with its revisions.
pub(super) struct Update<'a> {
    /// LocalUpdateID.
    pub(super) local: i64,
    /// UpdateID.
    pub(super) id: &'a str,
    /// The RevisionIDs from the oldest on; the first has number 200, the last is the latest.
    pub(super) revisions: &'a [i64],
    pub(super) title: &'a str,
    pub(super) description: Option<&'a str>,
    pub(super) kb: Option<&'a str>,
    /// CategoryID of the classification.
    pub(super) classification: i64,
    /// CategoryID of the product.
    pub(super) product: i64,
    pub(super) kind: UpdateKind,
    pub(super) severity: &'a str,
    pub(super) created: NaiveDateTime,
    pub(super) is_deployable: bool,
    pub(super) is_expired: bool,
    pub(super) is_declined: bool,
    pub(super) is_leaf: bool,
    pub(super) can_uninstall: bool,
    pub(super) eula: Option<&'a str>,
}

/// What an update is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UpdateKind {
    Software,
    Driver,
    Category,
}

impl UpdateKind {
    /// The text in tbProperty.UpdateType and tbUpdateType.Name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Software => "Software",
            Self::Driver => "Driver",
            Self::Category => "Category",
        }
    }

    /// The id in tbUpdateType. SUSDB's own values are not known publicly: these are ours (grade C).
    pub(super) fn id(self) -> String {
        super::identity::named_guid("update type", self.name())
    }
}

/// A computer that a seed knows.
pub(super) struct Computer<'a> {
    pub(super) target: i64,
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) address: &'a str,
    pub(super) build: i64,
    pub(super) is_server: bool,
    /// TargetID of the downstream server that reported it.
    pub(super) parent_server: Option<i64>,
    pub(super) last_contact: NaiveDateTime,
}

/// An approval.
pub(super) struct Approval<'a> {
    pub(super) revision: i64,
    pub(super) group: &'a str,
    pub(super) action: i64,
    pub(super) deadline: Option<&'a str>,
    pub(super) is_optional: bool,
    pub(super) admin: &'a str,
    pub(super) time: NaiveDateTime,
}

/// A file of an update.
pub(super) struct File<'a> {
    pub(super) digest: [u8; 20],
    pub(super) name: &'a str,
    pub(super) size: u64,
    /// 0 for none, 1 for a self-contained patch, 2 for an express one.
    pub(super) patching: i64,
    /// Whether it is licence terms.
    pub(super) is_eula: bool,
    pub(super) modified: NaiveDateTime,
}

/// Writes rows through statements that are prepared once.
pub(super) struct Writer<'a> {
    store: &'a Connection,
    update: Statement<'a>,
    revision: Statement<'a>,
    property: Statement<'a>,
    title: Statement<'a>,
    title_link: Statement<'a>,
    category: Statement<'a>,
    article: Statement<'a>,
    target: Statement<'a>,
    computer: Statement<'a>,
    detail: Statement<'a>,
    member: Statement<'a>,
    status: Statement<'a>,
    deployment: Statement<'a>,
    file: Statement<'a>,
    file_link: Statement<'a>,
    files: Statement<'a>,
    file_on_server: Statement<'a>,
    deployments: i64,
    software_type: String,
}

impl<'a> Writer<'a> {
    /// Prepares the statements.
    pub(super) fn new(store: &'a Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            store,
            update: store.prepare(
                "INSERT INTO tbUpdate (LocalUpdateID, UpdateID, UpdateTypeID, IsClientSelfUpdate, PublisherID, IsHidden,
                     ImportedTime)
                 VALUES (?1, ?2, ?3, 0, '395392A0-19C0-48B7-A927-F7C15066D905', ?4, ?5)",
            )?,
            revision: store.prepare(
                "INSERT INTO tbRevision (RevisionID, LocalUpdateID, RevisionNumber, IsLeaf, RowID, State,
                     IsLatestRevision)
                 VALUES (?1, ?2, ?3, ?4, ?5, 5, ?6)",
            )?,
            property: store.prepare(
                "INSERT INTO tbProperty (RevisionID, PublicationState, CreationDate, ReceivedFromCreatorService,
                     ExplicitlyDeployable, CanInstall, InstallationImpact, InstallRequiresConnectivity,
                     InstallRequiresUserInput, InstallRebootBehavior, CanUninstall, EulaID, RequiresReacceptanceOfEula,
                     DefaultPropertiesLanguageID, UpdateType, MsrcSeverity)
                 VALUES (?1, ?2, ?3, ?4, ?5, 1, 0, 0, 0, 2, ?6, ?7, 0, ?8, ?9, ?10)",
            )?,
            title: store.prepare(
                "INSERT INTO tbLocalizedProperty (LocalizedPropertyID, Title, Description) VALUES (?1, ?2, ?3)",
            )?,
            title_link: store.prepare(
                "INSERT INTO tbLocalizedPropertyForRevision (RevisionID, LocalizedPropertyID, LanguageID)
                 VALUES (?1, ?1, ?2)",
            )?,
            category: store.prepare("INSERT INTO tbRevisionInCategory (RevisionID, CategoryID) VALUES (?1, ?2)")?,
            article: store.prepare("INSERT INTO tbKBArticleForRevision (RevisionID, KBArticleID) VALUES (?1, ?2)")?,
            target: store.prepare("INSERT INTO tbTarget (TargetID, TargetTypeID, Name) VALUES (?1, 0, ?2)")?,
            computer: store.prepare(
                "INSERT INTO tbComputerTarget (TargetID, ComputerID, LastSyncTime, LastReportedStatusTime, IPAddress,
                     FullDomainName, IsRegistered, EffectiveLastDetectionTime, ParentServerTargetID, LastSyncResult)
                 VALUES (?1, ?2, ?3, ?3, ?4, ?5, 1, ?3, ?6, 1)",
            )?,
            detail: store.prepare(
                "INSERT INTO tbComputerTargetDetail (TargetID, OSMajorVersion, OSMinorVersion, OSBuildNumber,
                     OSServicePackMajorNumber, OSServicePackMinorNumber, OSLocale, ComputerMake, ComputerModel,
                     ProcessorArchitecture, SamplingValue, CreatedTime, OldProductType, ClientVersion, OSDescription)
                 VALUES (?1, 10, 0, ?2, 0, 0, 'en-US', 'Contoso', 'Model 7', 'AMD64', ?1 % 1000, ?3, ?4,
                     '10.0.26100.4349', ?5)",
            )?,
            member: store.prepare(
                "INSERT INTO tbTargetInTargetGroup (TargetGroupID, TargetID, IsExplicitMember) VALUES (?1, ?2, 1)",
            )?,
            status: store.prepare(
                "INSERT INTO tbUpdateStatusPerComputer (SummarizationState, LocalUpdateID, TargetID, LastChangeTime,
                     LastRefreshTime, LastChangeTimeOnServer)
                 VALUES (?1, ?2, ?3, ?4, ?4, ?4)",
            )?,
            deployment: store.prepare(
                "INSERT INTO tbDeployment (DeploymentID, LastChangeTime, LastChangeNumber, DeploymentStatus, ActionID,
                     DeploymentTime, GoLiveTime, Deadline, AdminName, DeploymentGuid, IsAssigned, RevisionID,
                     TargetGroupID, TargetGroupTypeID)
                 VALUES (?1, ?2, ?1, 1, ?3, ?2, ?2, ?4, ?5, ?6, ?7, ?8, ?9, 0)",
            )?,
            file: store.prepare(
                "INSERT INTO tbFile (FileDigest, FileName, Modified, Size, IsEula) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?,
            file_link: store.prepare(
                "INSERT INTO tbFileForRevision (RevisionID, FileDigest, PatchingType) VALUES (?1, ?2, ?3)",
            )?,
            files: store.prepare("SELECT FileDigest FROM tbFileForRevision WHERE RevisionID = ?1")?,
            file_on_server: store.prepare(
                "INSERT INTO tbFileOnServer (FileDigest, ConfigurationID, RowID)
                 SELECT ?1, ConfigurationID, ?2 FROM tbConfigurationA WHERE true ON CONFLICT DO NOTHING",
            )?,
            deployments: 0,
            software_type: UpdateKind::Software.id(),
        })
    }

    /// The connection, for what is written once only.
    pub(super) fn store(&self) -> &'a Connection {
        self.store
    }

    /// Writes an update.
    pub(super) fn update(&mut self, update: &Update<'_>) -> rusqlite::Result<()> {
        let arrived = text(arrival(update.created));
        let kind = match update.kind {
            UpdateKind::Software => self.software_type.clone(),
            other => other.id(),
        };
        self.update.execute(params![update.local, update.id, kind, update.is_declined, arrived])?;
        for (index, revision) in (0..).zip(update.revisions) {
            self.revision(update, index, *revision)?;
        }
        Ok(())
    }

    fn revision(&mut self, update: &Update<'_>, index: i64, revision: i64) -> rusqlite::Result<()> {
        let is_latest = update.revisions.last() == Some(&revision);
        let created = update.created + Duration::days(index);
        self.revision.execute(params![
            revision,
            update.local,
            200 + index,
            update.is_leaf,
            guid("revision", revision.unsigned_abs()),
            is_latest
        ])?;
        self.property.execute(params![
            revision,
            update.is_expired,
            text(created),
            text(arrival(created)),
            update.is_deployable,
            update.can_uninstall,
            update.eula,
            ENGLISH,
            update.kind.name(),
            update.severity
        ])?;
        self.title.execute(params![revision, update.title, update.description])?;
        self.title_link.execute(params![revision, ENGLISH])?;
        if update.kind != UpdateKind::Category {
            self.category.execute(params![revision, update.classification])?;
            self.category.execute(params![revision, update.product])?;
        }
        if let Some(kb) = update.kb {
            self.article.execute(params![revision, kb])?;
        }
        Ok(())
    }

    /// Notes that a revision supersedes an update.
    pub(super) fn supersedes(&mut self, revision: i64, update: &str) -> rusqlite::Result<()> {
        self.store.execute(
            "INSERT INTO tbRevisionSupersedesUpdate (RevisionID, SupersededUpdateID) VALUES (?1, ?2)",
            params![revision, update],
        )?;
        Ok(())
    }

    /// Writes a file that these revisions have.
    pub(super) fn file(&mut self, file: &File<'_>, revisions: &[i64]) -> rusqlite::Result<()> {
        let size = i64::try_from(file.size).expect("a file is smaller than 2^63 bytes");
        self.file.execute(params![file.digest, file.name, text(file.modified), size, file.is_eula])?;
        for revision in revisions {
            self.file_link.execute(params![revision, file.digest, file.patching])?;
        }
        Ok(())
    }

    /// Notes that the server has the files of a revision, or is to have them: it downloads what is approved.
    ///
    /// The codes of DesiredState and ActualState are not known publicly: both have their default (grade C).
    pub(super) fn files_on_server(&mut self, revision: i64) -> rusqlite::Result<()> {
        let digests = self.files.query_map([revision], |row| row.get(0))?;
        let digests: Vec<Vec<u8>> = digests.collect::<Result<_, _>>()?;
        for digest in digests {
            let number = digest.iter().fold(0_u64, |number, byte| number.rotate_left(8) ^ u64::from(*byte));
            self.file_on_server.execute(params![digest, guid("file on server", number)])?;
        }
        Ok(())
    }

    /// Writes a group of computers.
    pub(super) fn group(&mut self, id: &str, name: &str, parent: &str, order: i64) -> rusqlite::Result<()> {
        self.store.execute(
            "INSERT INTO tbTargetGroup (TargetGroupTypeID, Name, TargetGroupID, OrderValue, ParentGroupID)
             VALUES (0, ?1, ?2, ?3, ?4)",
            params![name, id, order, parent],
        )?;
        Ok(())
    }

    /// Writes a computer.
    pub(super) fn computer(&mut self, computer: &Computer<'_>) -> rusqlite::Result<()> {
        let contact = text(computer.last_contact);
        self.target.execute(params![computer.target, computer.name])?;
        self.computer.execute(params![
            computer.target,
            computer.id,
            contact,
            computer.address,
            computer.name,
            computer.parent_server
        ])?;
        let (product, description) =
            if computer.is_server { (3, "Windows Server") } else { (1, "Windows 11 Enterprise") };
        self.detail.execute(params![
            computer.target,
            computer.build,
            text(minutes_before(525_600)),
            product,
            description
        ])?;
        Ok(())
    }

    /// Puts a target into a group.
    pub(super) fn member(&mut self, group: &str, target: i64) -> rusqlite::Result<()> {
        self.member.execute(params![group, target])?;
        Ok(())
    }

    /// Notes what a computer reported about an update.
    pub(super) fn status(&mut self, target: i64, update: i64, state: i64) -> rusqlite::Result<()> {
        self.status.execute(params![state, update, target, text(minutes_before(60))])?;
        Ok(())
    }

    /// Writes an approval.
    pub(super) fn approval(&mut self, approval: &Approval<'_>) -> rusqlite::Result<()> {
        self.deployments += 1;
        self.deployment.execute(params![
            self.deployments,
            text(approval.time),
            approval.action,
            approval.deadline,
            approval.admin,
            guid("deployment", self.deployments.unsigned_abs()),
            !approval.is_optional,
            approval.revision,
            approval.group
        ])?;
        Ok(())
    }
}

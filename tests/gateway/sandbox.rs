//! Against the sandbox: every SELECT, every write, and what goes wrong in between.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeZone, Utc};
use tiberius::{AuthMethod, Client, Config, EncryptionLevel, Query};
use tokio_util::compat::TokioAsyncReadCompatExt;
use uuid::Uuid;
use wsusctl::model::connection::Secret;
use wsusctl::model::object::{ObjectKey, ObjectState};
use wsusctl::model::procedure::{Procedure, Verdict};
use wsusctl::model::scope::ReadScope;
use wsusctl::model::snapshot::{ALL_COMPUTERS, License, Snapshot, Update};
use wsusctl::sandbox::options::Options;
use wsusctl::sandbox::seeds::Seed;
use wsusctl::sandbox::server::{Server, create};
use wsusctl::sandbox::store::Location;
use wsusctl::susdb::connector::{BoxStream, Connector};
use wsusctl::susdb::error::QueryError;
use wsusctl::susdb::lock::{Holder, LockError};
use wsusctl::susdb::preflight::read_procedures;
use wsusctl::susdb::read::catalogue::texts;
use wsusctl::susdb::read::{ReadError, read_clock, read_objects, read_server_id, read_snapshot};
use wsusctl::susdb::session::{ConnectOptions, Session};
use wsusctl::susdb::target::Target;
use wsusctl::susdb::write::{NewDeployment, WriteError, Writer};

const ADMIN: &str = "CONTOSO\\tester";

pub(super) fn sandbox(query: &[(&str, &str)]) -> Arc<Server> {
    let query: Vec<(String, String)> =
        query.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Arc::new(Server::in_process(Location::Memory, &Options::parse(&query).unwrap()).unwrap())
}

pub(super) fn demo() -> Arc<Server> {
    sandbox(&[("seed", "demo")])
}

pub(super) async fn session(server: &Arc<Server>) -> Session {
    let server = Arc::clone(server);
    let connector = Connector::new("sandbox:", move || {
        let stream: BoxStream = Box::new(server.connect());
        Box::pin(async move { Ok::<_, io::Error>(stream) })
    });
    let target = Target::connector(connector, "tester".to_owned(), Secret::new(String::new()));
    Session::connect(&target, &ConnectOptions::default()).await.unwrap()
}

fn everything() -> ReadScope {
    ReadScope { computers: true, approved_updates: true, declined_updates: true, ..ReadScope::default() }
}

pub(super) fn group(snapshot: &Snapshot, name: &str) -> Uuid {
    snapshot.groups.values().find(|group| group.name == name).unwrap_or_else(|| panic!("no group {name}")).id
}

/// An update that can be approved for installation, and has no approval for the group.
fn approvable(snapshot: &Snapshot, group: Uuid) -> &Update {
    let fits = |update: &&Update| {
        let approvals = snapshot.deployments.get(&update.id).into_iter().flatten();
        update.deployable
            && !update.declined
            && !update.expired
            && update.license == License::None
            && approvals.into_iter().all(|approval| approval.group != group)
    };
    snapshot.updates.values().find(fits).expect("the demo has such an update")
}

/// Binds a value of the type of the column that a placeholder is compared with: what stands before its list.
fn bind_sample(query: &mut Query<'_>, before: &str, number: u128) {
    let list = before.trim_end_matches(|c: char| c.is_ascii_digit() || "@P, ".contains(c));
    let column = list.trim_end_matches(['(', ' ', '<', '>', '=']).trim_end_matches(" IN").trim_end_matches(" LIKE");
    let column = column.rsplit([' ', '.', '(']).next().unwrap();
    match column {
        "KBArticleID" | "Name" | "name" | "Title" => query.bind("1"),
        "RevisionID" | "CategoryID" | "TargetID" | "LocalUpdateID" => query.bind(1_i32),
        "ReceivedFromCreatorService" | "CreationDate" => query.bind(DateTime::<Utc>::UNIX_EPOCH.naive_utc()),
        _ => query.bind(Uuid::from_u128(number)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_select_runs() {
    let server = demo();
    let mut config = Config::new();
    config.authentication(AuthMethod::sql_server("tester", ""));
    config.encryption(EncryptionLevel::NotSupported);
    config.database("SUSDB");
    let mut client = Client::connect(config, server.connect().compat()).await.unwrap();
    for (name, text) in texts() {
        let mut query = Query::new(text.clone());
        for number in 1.. {
            let Some((before, _)) = text.split_once(&format!("@P{number}")) else { break };
            bind_sample(&mut query, before, number);
        }
        let read = async { query.query(&mut client).await?.into_first_result().await };
        if let Err(error) = read.await {
            panic!("{name}: {error}\n{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_server_reads_as_what_it_is() {
    let server = demo();
    let mut session = session(&server).await;
    let id = read_server_id(&mut session).await.unwrap();
    let before = server.statements();
    let snapshot = read_snapshot(&mut session, &everything()).await.unwrap();
    let statements = server.statements() - before;
    assert!(statements <= 35, "{statements} statements");
    assert_eq!(snapshot.server.server_id, id);
    assert!(!snapshot.server.replica && !snapshot.server.sql_version.is_empty());
    assert!(snapshot.server.approves_new_revisions);
    assert_eq!(snapshot.server.login, "tester");
    assert!(snapshot.groups[&ALL_COMPUTERS].builtin && snapshot.groups[&ALL_COMPUTERS].parent.is_none());
    assert_eq!(snapshot.computers.len(), 60);
    assert!(snapshot.computers.values().any(|computer| computer.from_downstream));
    // What is read one by one adds up to the totals.
    let members = snapshot.memberships.iter().map(|(_, target)| target).collect::<BTreeSet<_>>().len();
    assert_eq!(snapshot.totals.grouped_computers, members as u64);
    let pairs: BTreeSet<(Uuid, Uuid)> = snapshot
        .deployments
        .iter()
        .flat_map(|(update, approvals)| approvals.iter().map(|approval| (*update, approval.group)))
        .collect();
    assert!(!pairs.is_empty());
    assert_eq!(snapshot.totals.approvals, pairs.len() as u64);
    assert_eq!(snapshot.totals.approvals, snapshot.totals.approvals_by_group.values().sum::<u64>());
    let declined = snapshot.updates.values().filter(|update| update.declined).count();
    assert!(declined > 0);
    assert_eq!(snapshot.totals.declines, declined as u64);
    assert!(snapshot.totals.automatic_approvals < snapshot.totals.approvals);
    for update in snapshot.updates.values() {
        assert!(!update.title.is_empty() && update.title != update.id.to_string(), "{update:?}");
    }
    assert!(snapshot.updates.values().any(|update| !update.kbs.is_empty() && !update.categories.is_empty()));
    assert!(snapshot.deployments.values().flatten().any(|approval| approval.deadline.is_some()));
    for (procedure, state) in &snapshot.procedures {
        assert_eq!(state.verdict, Verdict::Matches, "{procedure:?}: {:?} {:?}", state.expected, state.live);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scope_gives_the_same_update() {
    let mut session = session(&demo()).await;
    let all = read_snapshot(&mut session, &everything()).await.unwrap();
    let (id, update) =
        all.updates.iter().find(|(id, update)| !update.kbs.is_empty() && all.deployments.contains_key(id)).unwrap();
    let by_id = ReadScope { update_ids: BTreeSet::from([*id, Uuid::from_u128(1)]), ..ReadScope::default() };
    let by_kb = ReadScope { kbs: BTreeSet::from([update.kbs[0].clone()]), ..ReadScope::default() };
    let both = ReadScope { update_ids: by_id.update_ids.clone(), kbs: by_kb.kbs.clone(), ..everything() };
    for scope in [by_id, by_kb, both] {
        let snapshot = read_snapshot(&mut session, &scope).await.unwrap();
        assert_eq!(snapshot.updates.get(id), Some(update));
        assert_eq!(snapshot.deployments.get(id), all.deployments.get(id));
        assert!(!snapshot.updates.contains_key(&Uuid::from_u128(1)));
    }
    // More than one statement's worth of ids.
    let many = (0..2500).map(Uuid::from_u128).chain([*id]).collect();
    let scope = ReadScope { update_ids: many, ..ReadScope::default() };
    let snapshot = read_snapshot(&mut session, &scope).await.unwrap();
    assert_eq!(snapshot.updates.keys().collect::<Vec<_>>(), [id]);
    assert!(snapshot.computers.is_empty() && snapshot.memberships.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_and_members_are_written() {
    let mut session = session(&demo()).await;
    let snapshot = read_snapshot(&mut session, &everything()).await.unwrap();
    let id = Uuid::from_u128(0x77);
    let mut writer = Writer::new(&mut session, &snapshot.procedures);
    writer.create_target_group("Prüfstand 1", id, ALL_COMPUTERS).await.unwrap();
    let computer = snapshot.computers.values().find(|computer| !computer.from_downstream).unwrap();
    writer.add_computer(id, &computer.computer_id).await.unwrap();
    let membership = ObjectKey::Membership { group: id, target_id: computer.target_id };
    let keys = BTreeSet::from([
        ObjectKey::GroupName("PRÜFSTAND 1 ".into()),
        ObjectKey::GroupName("nobody's".into()),
        ObjectKey::Group(id),
        membership.clone(),
    ]);
    let objects = read_objects(&mut session, &keys).await.unwrap();
    assert_eq!(objects.len(), 4);
    let ObjectState::Group(Some(state)) = &objects[&ObjectKey::Group(id)] else { panic!("{objects:?}") };
    assert_eq!(
        (state.name.as_str(), state.parent, state.holds.computers.len()),
        ("Prüfstand 1", Some(ALL_COMPUTERS), 1)
    );
    assert_eq!(objects[&ObjectKey::GroupName("PRÜFSTAND 1 ".into())], ObjectState::Group(Some(state.clone())));
    assert_eq!(objects[&ObjectKey::GroupName("nobody's".into())], ObjectState::Group(None));
    assert_eq!(objects[&membership], ObjectState::Membership(true));
    let mut writer = Writer::new(&mut session, &snapshot.procedures);
    let taken = writer.create_target_group("prüfstand 1", Uuid::from_u128(0x78), ALL_COMPUTERS).await.unwrap_err();
    assert!(matches!(&taken, WriteError::Server { error, .. } if error.number == 50000), "{taken:?}");
    writer.remove_computer(id, &computer.computer_id).await.unwrap();
    let gone = read_objects(&mut session, &BTreeSet::from([membership.clone()])).await.unwrap();
    assert_eq!(gone[&membership], ObjectState::Membership(false));
    Writer::new(&mut session, &snapshot.procedures).delete_target_group(id, ADMIN).await.unwrap();
    let gone = read_objects(&mut session, &BTreeSet::from([ObjectKey::Group(id)])).await.unwrap();
    assert_eq!(gone[&ObjectKey::Group(id)], ObjectState::Group(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn approvals_and_declines_are_written() {
    let mut session = session(&demo()).await;
    let snapshot = read_snapshot(&mut session, &everything()).await.unwrap();
    let servers = group(&snapshot, "Servers");
    let update = approvable(&snapshot, servers);
    let deadline = Utc.with_ymd_and_hms(2031, 2, 28, 18, 30, 59).unwrap();
    let deployment = NewDeployment {
        update: update.id,
        revision: update.revision,
        action: 0,
        group: servers,
        admin_name: ADMIN,
        assigned: true,
        deadline: Some(deadline),
    };
    Writer::new(&mut session, &snapshot.procedures).deploy_update(&deployment).await.unwrap();
    let key = ObjectKey::Approval { update: update.id, group: servers };
    let whole = ObjectKey::Update(update.id);
    let keys = BTreeSet::from([key.clone(), whole.clone()]);
    let read = async |session: &mut Session| read_objects(session, &keys).await.unwrap();
    let objects = read(&mut session).await;
    let ObjectState::Approval(approvals) = &objects[&key] else { panic!("{objects:?}") };
    assert_eq!(approvals.len(), 1);
    assert_eq!((approvals[0].action, approvals[0].deadline, approvals[0].assigned), (0, Some(deadline), true));
    assert_eq!((approvals[0].revision, approvals[0].admin_name.as_str()), (update.revision, ADMIN));
    let ObjectState::Update(Some(state)) = &objects[&whole] else { panic!("{objects:?}") };
    assert!(!state.declined && state.deployments.contains(&approvals[0]));

    let optional = NewDeployment { deadline: None, assigned: false, ..deployment };
    Writer::new(&mut session, &snapshot.procedures).deploy_update(&optional).await.unwrap();
    let objects = read(&mut session).await;
    let ObjectState::Approval(approvals) = &objects[&key] else { panic!("{objects:?}") };
    let id = match approvals.as_slice() {
        [only] => {
            assert_eq!((only.deadline, only.assigned), (None, false));
            only.id
        }
        other => panic!("{other:?}"),
    };
    let mut writer = Writer::new(&mut session, &snapshot.procedures);
    writer.delete_deployment(id, ADMIN).await.unwrap();
    let twice = writer.delete_deployment(id, ADMIN).await.unwrap_err();
    assert!(matches!(twice, WriteError::Server { .. }), "{twice:?}");
    writer.decline_update(update.id, ADMIN).await.unwrap();
    let objects = read(&mut session).await;
    let ObjectState::Update(Some(state)) = &objects[&whole] else { panic!("{objects:?}") };
    assert!(state.declined && state.deployments.is_empty());
    Writer::new(&mut session, &snapshot.procedures).undecline_update(update.id, ADMIN).await.unwrap();
    let objects = read(&mut session).await;
    assert!(matches!(&objects[&whole], ObjectState::Update(Some(state)) if !state.declined));
    assert_eq!(objects[&key], ObjectState::Approval(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn licences_are_accepted() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sandbox.db");
    create(&file, Seed::Demo, false).unwrap();
    let update_ids = updates_with_terms(&file);
    let server = Server::in_process(Location::File(file), &Options::default()).unwrap();
    let mut session = session(&Arc::new(server)).await;
    let scope = ReadScope { update_ids, ..ReadScope::default() };
    let snapshot = read_snapshot(&mut session, &scope).await.unwrap();
    assert!(snapshot.updates.values().all(|update| update.license != License::None));
    let pending = snapshot.updates.values().find_map(|update| match update.license {
        License::Pending(license) => Some((update.id, license)),
        _ => None,
    });
    let (update, license) = pending.expect("the demo has pending licence terms");
    let key = ObjectKey::License(license);
    let read = async |session: &mut Session| read_objects(session, &BTreeSet::from([key.clone()])).await.unwrap();
    assert_eq!(read(&mut session).await[&key], ObjectState::License(false));
    let revision = snapshot.updates[&update].revision;
    Writer::new(&mut session, &snapshot.procedures).accept_eula(license, update, revision, ADMIN).await.unwrap();
    assert_eq!(read(&mut session).await[&key], ObjectState::License(true));
    let scope = ReadScope { update_ids: BTreeSet::from([update]), ..ReadScope::default() };
    let after = read_snapshot(&mut session, &scope).await.unwrap();
    assert_eq!(after.updates[&update].license, License::Accepted(license));
}

/// Ids of updates that have licence terms, by looking into the file.
fn updates_with_terms(file: &Path) -> BTreeSet<Uuid> {
    let store = rusqlite::Connection::open(file).unwrap();
    let text = "SELECT u.UpdateID FROM tbUpdate u JOIN tbRevision r ON r.LocalUpdateID = u.LocalUpdateID
        JOIN tbProperty p ON p.RevisionID = r.RevisionID WHERE r.IsLatestRevision = 1 AND p.EulaID IS NOT NULL";
    let mut statement = store.prepare(text).unwrap();
    let ids = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    ids.map(|id| id.unwrap().parse().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_refuses() {
    let mut session = session(&sandbox(&[("seed", "demo"), ("replica", "true")])).await;
    let snapshot = read_snapshot(&mut session, &ReadScope::default()).await.unwrap();
    assert!(snapshot.server.replica && snapshot.server.has_upstream);
    let mut writer = Writer::new(&mut session, &snapshot.procedures);
    let error = writer.create_target_group("New", Uuid::from_u128(9), ALL_COMPUTERS).await.unwrap_err();
    assert!(matches!(&error, WriteError::Server { error, .. } if error.number == 50000), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn variants_are_judged() {
    use Procedure::{AcceptEula, CreateTargetGroup, DeclineUpdate, DeployUpdate, UndeclineUpdate};
    for (procedure, change, expected) in [
        (DeclineUpdate, "missing", None),
        (DeclineUpdate, "extra", Some("@extra is not known, and no default of it either")),
        (DeclineUpdate, "extra-default", Some("")),
        // It takes whatever the known type does.
        (DeployUpdate, "retype=@revisionNumber", Some("")),
        (DeployUpdate, "retype=@updateID", Some("@updateID is nvarchar(36), not uniqueidentifier")),
        (AcceptEula, "without=@adminName", Some("@adminName is missing")),
        (
            UndeclineUpdate,
            "rename=@updateID",
            Some("@updateID is missing; @updateID2 is not known, and no default of it either"),
        ),
        (CreateTargetGroup, "without=@targetGroupTypeName", Some("")),
        (CreateTargetGroup, "without=@failIfReplica", Some("")),
    ] {
        let variant = format!("{}:{change}", procedure.name());
        let mut session = session(&sandbox(&[("seed", "empty"), ("variant", &variant)])).await;
        let states = read_procedures(&mut session).await.unwrap();
        let expected = match expected {
            None => Verdict::Missing,
            Some("") => Verdict::Matches,
            Some(text) => Verdict::Differs(text.to_owned()),
        };
        assert_eq!(states[&procedure].verdict, expected, "{variant}");
        let others = states.iter().filter(|(other, _)| **other != procedure);
        assert!(others.into_iter().all(|(_, state)| state.verdict == Verdict::Matches));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_anywhere_in_a_snapshot_does_not_matter() {
    let reference = read_snapshot(&mut session(&demo()).await, &everything()).await.unwrap();
    for statement in (1..=26).step_by(5) {
        let server = sandbox(&[("seed", "empty"), ("raise", &format!("1205@{statement}"))]);
        let snapshot = read_snapshot(&mut session(&server).await, &everything()).await.unwrap();
        assert_eq!(snapshot.procedures, reference.procedures);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_connection_is_told_and_mended() {
    for fault in ["drop-before", "drop-after"] {
        let server = sandbox(&[("seed", "demo"), (fault, "4")]);
        let mut session = session(&server).await;
        let error = read_snapshot(&mut session, &everything()).await.unwrap_err();
        assert!(matches!(error, ReadError::Query(QueryError::ConnectionLost { .. })), "{error:?}");
        assert!(!session.is_connected());
        session.reconnect().await.unwrap();
        read_snapshot(&mut session, &everything()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_write_has_an_unknown_fate() {
    let procedures = read_procedures(&mut session(&demo()).await).await.unwrap();
    for (fault, happened) in [("drop-before", false), ("drop-after", true)] {
        let mut session = session(&sandbox(&[("seed", "empty"), (fault, "1")])).await;
        let id = Uuid::from_u128(0x99);
        let mut writer = Writer::new(&mut session, &procedures);
        let error = writer.create_target_group("New", id, ALL_COMPUTERS).await.unwrap_err();
        assert!(matches!(error, WriteError::ConnectionLost { .. }) && error.fate_unknown(), "{error:?}");
        session.reconnect().await.unwrap();
        let objects = read_objects(&mut session, &BTreeSet::from([ObjectKey::Group(id)])).await.unwrap();
        let exists = matches!(&objects[&ObjectKey::Group(id)], ObjectState::Group(Some(_)));
        assert_eq!(exists, happened, "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sessions_exclude_each_other() {
    let server = demo();
    let (mut first, mut second) = (session(&server).await, session(&server).await);
    first.lock().await.unwrap();
    assert!(first.holds_lock());
    let error = second.lock().await.unwrap_err();
    let LockError::Held { holder: Holder::Session { login, program, since, .. } } = &error else { panic!("{error:?}") };
    assert_eq!(login.as_deref(), Some("tester"));
    assert!(program.as_ref().unwrap().starts_with("wsusctl/"), "{error}");
    assert!(since.is_some());
    first.unlock().await.unwrap();
    second.lock().await.unwrap();
    // Whoever goes gives it up.
    second.disconnect();
    let mut taken = first.lock().await;
    for _ in 0..100 {
        if taken.is_ok() {
            break;
        }
        tokio::task::yield_now().await;
        taken = first.lock().await;
    }
    taken.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_is_the_servers() {
    let now = read_clock(&mut session(&demo()).await).await.unwrap().0;
    let ours: DateTime<Utc> = std::time::SystemTime::now().into();
    assert!((now - ours).num_seconds().abs() < 60, "{now}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_larger_server_reads_in_one_go() {
    let server = sandbox(&[("seed", "scale:2000")]);
    let mut session = session(&server).await;
    let snapshot = read_snapshot(&mut session, &everything()).await.unwrap();
    let keys: BTreeSet<ObjectKey> = snapshot
        .deployments
        .iter()
        .flat_map(|(update, approvals)| approvals.iter().map(|approval| (*update, approval.group)))
        .map(|(update, group)| ObjectKey::Approval { update, group })
        .take(256)
        .collect();
    let before = server.statements();
    let objects = read_objects(&mut session, &keys).await.unwrap();
    assert_eq!(server.statements() - before, 1);
    let expected: BTreeMap<ObjectKey, ObjectState> = keys
        .iter()
        .map(|key| {
            let ObjectKey::Approval { update, group } = key else { unreachable!() };
            let approvals = snapshot.deployments[update].iter().filter(|approval| approval.group == *group);
            (key.clone(), ObjectState::Approval(approvals.cloned().collect()))
        })
        .collect();
    assert_eq!(objects, expected);
}

/// Changes a sandbox file by hand, as the sqlite3 program would.
pub(super) fn arranged(directory: &Path, text: &str) -> Arc<Server> {
    let file = directory.join("sandbox.db");
    create(&file, Seed::Demo, false).unwrap();
    rusqlite::Connection::open(&file).unwrap().execute_batch(text).unwrap();
    Arc::new(Server::in_process(Location::File(file), &Options::default()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_is_what_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let server = arranged(
        directory.path(),
        "UPDATE tbConfigurationA SET ServerTargeting = 0;
         UPDATE tbConfigurationB SET AutoRefreshDeployments = 0;
         INSERT INTO tbRequestedTargetGroup (RequestedTargetGroupID, Name) VALUES (901, 'kiosks '), (902, 'Nowhere');
         INSERT INTO tbRequestedTargetGroupsForTarget (TargetID, RequestedTargetGroupID)
             SELECT TargetID, 901 + TargetID % 2 FROM tbComputerTarget;
         UPDATE tbDeployment SET Deadline = '9999-12-31 23:59:59.997' WHERE IsAssigned = 1;
         UPDATE tbDeployment SET ActionID = 2 WHERE TargetGroupTypeID = 0 AND ActionID = 1;",
    );
    let mut session = session(&server).await;
    let snapshot = read_snapshot(&mut session, &everything()).await.unwrap();
    assert!(!snapshot.server.server_side_targeting && !snapshot.server.approves_new_revisions);
    // The sandbox's own computers ask for other groups that exist or do not.
    assert!(snapshot.requested_groups["Nowhere"] >= 29, "{:?}", snapshot.requested_groups);
    assert!(!snapshot.requested_groups.contains_key("kiosks "));
    let approvals: Vec<_> = snapshot.deployments.values().flatten().collect();
    assert!(!approvals.is_empty());
    assert!(approvals.iter().all(|approval| approval.deadline.is_none() && matches!(approval.action, 0 | 3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_without_an_english_title_has_its_own_languages() {
    let directory = tempfile::tempdir().unwrap();
    let server = arranged(
        directory.path(),
        "DELETE FROM tbLocalizedPropertyForRevision;
         INSERT INTO tbLocalizedPropertyForRevision (RevisionID, LocalizedPropertyID, LanguageID)
             SELECT r.RevisionID, (SELECT min(LocalizedPropertyID) FROM tbLocalizedProperty),
                 (SELECT LanguageID FROM tbLanguage WHERE ShortLanguage = 'de')
             FROM tbRevision r WHERE r.RevisionID % 2 = 0;",
    );
    let mut session = session(&server).await;
    let snapshot = read_snapshot(&mut session, &everything()).await.unwrap();
    let (untitled, german): (Vec<&Update>, Vec<&Update>) =
        snapshot.updates.values().partition(|update| update.title == update.id.to_string());
    assert!(!untitled.is_empty() && !german.is_empty());
}

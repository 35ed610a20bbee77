//! Against the sandbox: updates by conditions, what supersedes them, who needs them, and what a change comes to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wsusctl::model::category::{CategoryKind, CategoryReference};
use wsusctl::model::glob::Glob;
use wsusctl::model::impact::{Impact, ImpactScope, Removed};
use wsusctl::model::scope::{ReadScope, UpdateSelection};
use wsusctl::model::snapshot::{ALL_COMPUTERS, Snapshot, Update};
use wsusctl::sandbox::value::{SqlType, Value};
use wsusctl::susdb::read::{read_impact, read_snapshot};
use wsusctl::susdb::session::{ConnectOptions, Session};

use super::sandbox::{arranged, demo, group, session};
use super::scripted::{self, Reply, Script};

async fn select(session: &mut Session, selections: &[UpdateSelection]) -> Snapshot {
    let scope = ReadScope { selections: selections.to_vec(), ..ReadScope::default() };
    read_snapshot(session, &scope).await.unwrap()
}

fn any() -> UpdateSelection {
    UpdateSelection::default()
}

fn titles(titles: &[&str]) -> Option<BTreeSet<CategoryReference>> {
    Some(titles.iter().map(|title| CategoryReference::Title(Glob::new(title))).collect())
}

fn kbs(numbers: &[&str]) -> Option<BTreeSet<String>> {
    Some(numbers.iter().map(|kb| (*kb).to_owned()).collect())
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    Some(text.parse().unwrap())
}

/// What a selection says, over what was read without conditions.
fn means(selection: &UpdateSelection, update: &Update, all: &Snapshot) -> bool {
    let in_one_of = |references: &Option<BTreeSet<CategoryReference>>, kind| {
        references.as_ref().is_none_or(|references| {
            let meant: BTreeSet<Uuid> =
                references.iter().flat_map(|reference| all.categories.matching(reference, kind)).collect();
            update.categories.iter().any(|id| meant.contains(id))
        })
    };
    in_one_of(&selection.classifications, CategoryKind::Classification)
        && in_one_of(&selection.products, CategoryKind::Product)
        && selection.kbs.as_ref().is_none_or(|kbs| update.kbs.iter().any(|kb| kbs.contains(kb)))
        && selection.arrived_from.is_none_or(|from| update.arrived_at >= from)
        && selection.arrived_until.is_none_or(|until| update.arrived_at < until)
        && selection.created_from.is_none_or(|from| update.created_at >= from)
        && selection.created_until.is_none_or(|until| update.created_at < until)
        && selection.superseded.is_none_or(|superseded| update.superseded_by.is_empty() != superseded)
        && selection.expired.is_none_or(|expired| update.expired == expired)
        && selection.declined.is_none_or(|declined| update.declined == declined)
        && (!selection.approved || all.deployments.contains_key(&update.id))
}

fn selections() -> Vec<UpdateSelection> {
    let security = titles(&["security UPDATES"]);
    vec![
        UpdateSelection { classifications: security.clone(), ..any() },
        UpdateSelection { classifications: titles(&["Driver*", "Definition Updates"]), ..any() },
        UpdateSelection { products: titles(&["Windows 11*", "SQL Server 2022"]), ..any() },
        UpdateSelection { products: Some(BTreeSet::from([CategoryReference::Family(Glob::new("Windows"))])), ..any() },
        UpdateSelection { kbs: kbs(&["5060842", "5051989", "5044284", "1"]), ..any() },
        // Both ends are moments at which something arrived or was created.
        UpdateSelection { arrived_from: time("2026-05-10T12:00:00Z"), ..any() },
        UpdateSelection { arrived_until: time("2026-05-10T12:00:00Z"), ..any() },
        UpdateSelection {
            created_from: time("2025-10-12T10:00:00Z"),
            created_until: time("2026-01-10T10:00:00.4Z"),
            ..any()
        },
        UpdateSelection { superseded: Some(true), ..any() },
        UpdateSelection { superseded: Some(false), ..any() },
        UpdateSelection { expired: Some(true), ..any() },
        UpdateSelection { expired: Some(false), declined: Some(true), ..any() },
        UpdateSelection { declined: Some(false), approved: true, ..any() },
        UpdateSelection {
            classifications: security,
            products: titles(&["Windows 1?"]),
            arrived_from: time("2025-06-01T00:00:00Z"),
            superseded: Some(false),
            expired: Some(false),
            declined: Some(false),
            ..any()
        },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selection_reads_what_it_says() {
    let mut session = session(&demo()).await;
    let all = select(&mut session, &[any()]).await;
    assert_eq!(all.updates.len(), 398);
    assert!(all.updates.values().all(|update| update.deployable && update.needed_by.is_none()));
    for selection in selections() {
        let read = select(&mut session, std::slice::from_ref(&selection)).await;
        let meant: BTreeMap<Uuid, Update> = all
            .updates
            .values()
            .filter(|update| means(&selection, update, &all))
            .map(|update| (update.id, update.clone()))
            .collect();
        assert!(!meant.is_empty() && meant.len() < 398, "{selection:?}: {}", meant.len());
        assert_eq!(read.updates, meant, "{selection:?}");
        let deployments = all.deployments.iter().filter(|(id, _)| meant.contains_key(id));
        assert_eq!(read.deployments, deployments.map(|(id, of)| (*id, of.clone())).collect(), "{selection:?}");
        assert_eq!(read.categories, all.categories);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_selections_give_their_union_once() {
    let server = demo();
    let mut session = session(&server).await;
    let all = select(&mut session, &[any()]).await;
    let read = select(&mut session, &selections()).await;
    let union = all.updates.values().filter(|update| selections().iter().any(|one| means(one, update, &all)));
    assert_eq!(read.updates.keys().collect::<Vec<_>>(), union.map(|update| &update.id).collect::<Vec<_>>());
    assert_eq!(read.deployments, all.deployments);
    // Parts by id and KB give the same updates, and each approval once.
    let ids: BTreeSet<Uuid> = all.updates.keys().copied().take(30).collect();
    let scope = ReadScope {
        update_ids: ids,
        kbs: kbs(&["5060842", "5051989"]).unwrap(),
        approved_updates: true,
        selections: vec![any()],
        ..ReadScope::default()
    };
    let mixed = read_snapshot(&mut session, &scope).await.unwrap();
    assert_eq!(mixed.deployments, all.deployments);
    for (id, update) in &all.updates {
        assert_eq!(&mixed.updates[id], update);
    }
    // A second selection of the same updates costs nothing, a narrower one neither.
    let mut cost = async |selections: &[UpdateSelection]| {
        let before = server.statements();
        select(&mut session, selections).await;
        server.statements() - before
    };
    let recent = UpdateSelection { arrived_from: time("2026-05-10T12:00:00Z"), ..any() };
    let one = cost(std::slice::from_ref(&recent)).await;
    let narrower = UpdateSelection { declined: Some(false), ..recent.clone() };
    assert_eq!(cost(&[recent.clone(), narrower, recent]).await, one);
}

#[tokio::test(flavor = "multi_thread")]
async fn categories_that_nobody_has_cost_no_statement() {
    let server = demo();
    let mut session = session(&server).await;
    let before = server.statements();
    select(&mut session, &[]).await;
    let nothing = server.statements() - before;
    for selection in [
        UpdateSelection { products: titles(&["Windows 3.1"]), ..any() },
        // A product is no classification.
        UpdateSelection { classifications: titles(&["Windows 11"]), ..any() },
        UpdateSelection { kbs: kbs(&[]), ..any() },
    ] {
        let before = server.statements();
        let read = select(&mut session, std::slice::from_ref(&selection)).await;
        assert!(read.updates.is_empty() && !read.categories.0.is_empty());
        // The categories and their titles.
        assert_eq!(server.statements() - before, nothing + 2, "{selection:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_supersedes_is_read_where_it_is_asked_for() {
    let mut session = session(&demo()).await;
    let all = select(&mut session, &[any()]).await;
    let old = UpdateSelection { created_until: time("2025-03-01T00:00:00Z"), superseded: Some(true), ..any() };
    let plain = select(&mut session, std::slice::from_ref(&old)).await;
    let read = select(&mut session, &[UpdateSelection { superseding: true, ..old.clone() }]).await;
    let superseding: BTreeSet<Uuid> = plain.updates.values().flat_map(|update| update.superseded_by.clone()).collect();
    let mut expected: BTreeSet<Uuid> = plain.updates.keys().copied().collect();
    assert!(superseding.iter().any(|id| !expected.contains(id)));
    expected.extend(superseding);
    assert_eq!(read.updates.keys().copied().collect::<BTreeSet<_>>(), expected);
    assert!(read.updates.iter().all(|(id, update)| *update == all.updates[id]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_does_not_supersede_itself_nor_by_an_old_revision() {
    let directory = tempfile::tempdir().unwrap();
    let server = arranged(
        directory.path(),
        "DELETE FROM tbRevisionSupersedesUpdate;
         INSERT INTO tbRevisionSupersedesUpdate (RevisionID, SupersededUpdateID)
             SELECT r.RevisionID, u.UpdateID FROM tbUpdate u JOIN tbRevision r ON r.LocalUpdateID = u.LocalUpdateID
             WHERE u.LocalUpdateID > 1000;
         INSERT INTO tbRevisionSupersedesUpdate (RevisionID, SupersededUpdateID)
             SELECT r.RevisionID, u.UpdateID FROM tbUpdate u JOIN tbRevision r ON r.IsLatestRevision = 0
             WHERE u.LocalUpdateID = 1001;",
    );
    let mut session = session(&server).await;
    let all = select(&mut session, &[any()]).await;
    assert!(all.updates.len() == 398 && all.updates.values().all(|update| update.superseded_by.is_empty()));
    assert!(select(&mut session, &[UpdateSelection { superseded: Some(true), ..any() }]).await.updates.is_empty());
    let current = select(&mut session, &[UpdateSelection { superseded: Some(false), ..any() }]).await;
    assert_eq!(current.updates, all.updates);
}

/// Numbers by key, counted in the file.
fn counted(file: &Path, text: &str) -> BTreeMap<Uuid, u64> {
    let store = rusqlite::Connection::open(file).unwrap();
    let mut statement = store.prepare(text).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))).unwrap();
    rows.map(|row| row.unwrap()).map(|(id, number)| (id.parse().unwrap(), number.try_into().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn computers_that_need_an_update_are_counted_where_a_selection_asks() {
    let directory = tempfile::tempdir().unwrap();
    let server = arranged(directory.path(), "DELETE FROM tbUpdateStatusPerComputer WHERE LocalUpdateID = 1003");
    let mut session = session(&server).await;
    let read = select(&mut session, &[UpdateSelection { needed_by: true, ..any() }]).await;
    let needed = counted(
        &directory.path().join("sandbox.db"),
        "SELECT u.UpdateID, (SELECT count(*) FROM tbUpdateStatusPerComputer s
             WHERE s.LocalUpdateID = u.LocalUpdateID AND s.SummarizationState IN (2, 3, 5, 6)) FROM tbUpdate u",
    );
    for update in read.updates.values() {
        assert_eq!(u64::from(update.needed_by.unwrap()), needed[&update.id], "{}", update.title);
    }
    assert!(read.updates.values().any(|update| update.needed_by == Some(0)));
    assert!(read.updates.values().any(|update| update.needed_by > Some(5)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_article_that_a_selector_lists_and_the_server_lacks_is_no_reason_to_read_all_articles() {
    let mut session = session(&demo()).await;
    let listed = kbs(&["5060842", "1"]).unwrap();
    let scope = ReadScope { selector_kbs: listed.clone(), ..ReadScope::default() };
    let found = read_snapshot(&mut session, &scope).await.unwrap();
    assert!(found.articles.is_empty(), "{:?}", found.articles);
    assert!(!found.updates.is_empty() && found.updates.values().all(|update| update.kbs == ["5060842"]));
    // One that an entry is about may be a typing error.
    let scope = ReadScope { kbs: listed, ..ReadScope::default() };
    let meant = read_snapshot(&mut session, &scope).await.unwrap();
    assert!(meant.articles.len() > 100 && meant.updates == found.updates);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_impact_is_what_the_tables_say() {
    let directory = tempfile::tempdir().unwrap();
    let dead = |id: i64, action: i64, by: &str, at: &str, kind: i64| {
        format!(
            "INSERT INTO tbDeadDeployment (DeploymentID, TimeOfDeath, ActionID, DeploymentTime, GoLiveTime, AdminName,
                 DownloadPriority, DeploymentGuid, IsAssigned, RevisionID, TargetGroupID, TargetGroupTypeID,
                 AdminNameWhoDeleted, UpdateID, RevisionNumber)
             SELECT {id}, '{at}', {action}, '{at}', '{at}', 'x', 1, UpdateID, 1, 1, '{}', {kind}, '{by}', UpdateID, 200
             FROM tbUpdate WHERE LocalUpdateID = 1002;",
            ALL_COMPUTERS.to_string().to_uppercase()
        )
    };
    let text = [
        dead(2, 0, "later", "2026-02-01 00:00:00.000", 0),
        dead(1, 3, "earlier", "2026-01-01 00:00:00.000", 0),
        dead(3, 2, "not an approval", "2026-03-01 00:00:00.000", 0),
        dead(4, 0, "other type", "2026-03-01 00:00:00.000", 1),
        // At the same time as the last one: whichever comes first, the answer is the same.
        dead(5, 0, "just as late", "2026-02-01 00:00:00.000", 0),
    ];
    let server = arranged(directory.path(), &text.concat());
    let file = directory.path().join("sandbox.db");
    let mut session = session(&server).await;
    let all = select(&mut session, &[any()]).await;
    let updates: BTreeSet<Uuid> = all.updates.keys().copied().chain([Uuid::from_u128(5)]).collect();
    let names = ["Workstations", "Ring 2 - Broad", "Servers", "Kiosks"];
    let groups: BTreeSet<Uuid> = names.iter().map(|name| group(&all, name)).collect();
    let scope = ImpactScope { updates, groups: groups.clone() };
    let impact = read_impact(&mut session, &scope).await;
    let needed = impact.needed.unwrap();
    assert!(needed.keys().all(|(_, group)| groups.contains(group)));
    let under = |name: &str| {
        let group = group(&all, name).to_string().to_uppercase();
        counted(
            &file,
            &format!(
                "SELECT u.UpdateID, count(*) FROM tbUpdateStatusPerComputer s
                 JOIN tbUpdate u ON u.LocalUpdateID = s.LocalUpdateID
                 WHERE s.SummarizationState IN (2, 3, 5, 6) AND s.TargetID IN (
                     SELECT m.TargetID FROM tbTargetInTargetGroup m WHERE m.TargetGroupID = '{group}'
                         OR m.TargetGroupID IN (SELECT TargetGroupID FROM tbTargetGroup WHERE ParentGroupID = '{group}'))
                 GROUP BY u.UpdateID"
            ),
        )
    };
    for name in names {
        let expected = under(name);
        let expected: BTreeMap<Uuid, u64> =
            expected.into_iter().filter(|(id, _)| all.updates.contains_key(id)).collect();
        let id = group(&all, name);
        let of_group = needed.iter().filter(|((_, group), _)| *group == id);
        assert!(!expected.is_empty());
        assert_eq!(of_group.map(|((update, _), number)| (*update, *number)).collect::<BTreeMap<_, _>>(), expected);
    }
    let own = counted(
        &file,
        "SELECT u.UpdateID, sum(f.Size) FROM tbUpdate u JOIN tbRevision r ON r.LocalUpdateID = u.LocalUpdateID
         JOIN tbFileForRevision x ON x.RevisionID = r.RevisionID JOIN tbFile f ON f.FileDigest = x.FileDigest
         WHERE r.IsLatestRevision = 1 AND x.PatchingType < 2 AND f.IsEula = 0 GROUP BY u.UpdateID",
    );
    let (bundles, others): (Vec<&Update>, Vec<&Update>) =
        all.updates.values().partition(|update| update.kbs == ["5051989"]);
    for update in &others {
        assert_eq!(impact.bytes[&update.id], own[&update.id], "{}", update.title);
    }
    // What a bundle comes to are its parts.
    let parts: u64 = own.iter().filter(|(id, _)| !all.updates.contains_key(id)).map(|(_, size)| size).sum();
    assert_eq!(impact.bytes[&bundles[0].id], parts);
    assert_eq!((bundles.len(), impact.bytes.len()), (1, 398));
    let servers = group(&all, "Servers");
    let [((_, group), Removed { by, at })] = &impact.removed.iter().collect::<Vec<_>>()[..] else { panic!() };
    assert_eq!((*group, by.as_str(), Some(*at)), (ALL_COMPUTERS, "later", time("2026-02-01T00:00:00Z")));
    assert_eq!(read_impact(&mut session, &ImpactScope::default()).await.bytes, BTreeMap::new());
    // Numbers of groups that no change is about are not kept.
    let narrow = ImpactScope { updates: scope.updates.clone(), groups: BTreeSet::from([servers]) };
    let narrow = read_impact(&mut session, &narrow).await.needed.unwrap();
    let of_servers = needed.iter().filter(|((_, group), _)| *group == servers);
    assert_eq!(narrow, of_servers.map(|(pair, number)| (*pair, *number)).collect());
    assert!(narrow.len() < needed.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_or_makes_no_sense_stays_unknown_and_the_session_is_good_again() {
    let script = Arc::new(Script::default());
    let options = ConnectOptions { statement_timeout: Duration::from_millis(300), ..ConnectOptions::default() };
    let mut session = Session::connect(&scripted::target(&script), &options).await.unwrap();
    let scope = ImpactScope { updates: BTreeSet::from([Uuid::from_u128(7)]), groups: BTreeSet::from([ALL_COMPUTERS]) };
    let twice = vec![("UpdateID", SqlType::UniqueIdentifier), ("UpdateID", SqlType::UniqueIdentifier)];
    let id = || Value::UniqueIdentifier(Uuid::from_u128(7));
    script.answer("impact.needed", Reply::Stall(Duration::from_secs(20)));
    script.answer("impact.files", Reply::Rows(twice, vec![vec![id(), id()]]));
    let removed = vec![
        ("UpdateID", SqlType::UniqueIdentifier),
        ("TargetGroupID", SqlType::UniqueIdentifier),
        ("AdminNameWhoDeleted", SqlType::NVarChar(Some(385))),
        ("TimeOfDeath", SqlType::DateTime),
    ];
    script.answer("impact.removed", Reply::Rows(removed, Vec::new()));
    assert_eq!(read_impact(&mut session, &scope).await, Impact::default());
    for statement in ["impact.needed", "impact.files", "impact.removed"] {
        assert_eq!(script.times_asked(statement), 1, "{statement}");
    }
    assert!(session.is_connected());
    // Once for the session, and again after each answer that was given up.
    assert_eq!(script.logins.lock().unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn computers_are_counted_for_a_few_updates_at_a_time_and_not_for_thousands() {
    let script = Arc::new(Script::default());
    let mut session = scripted::session(&script).await;
    let scope = |count| ImpactScope {
        updates: (1..=count).map(Uuid::from_u128).collect(),
        groups: BTreeSet::from([ALL_COMPUTERS]),
    };
    let columns = || {
        let id = SqlType::UniqueIdentifier;
        vec![("UpdateID", id), ("TargetGroupID", id), ("Computers", SqlType::Int)]
    };
    for _ in 0..3 {
        script.answer("impact.needed", Reply::Rows(columns(), Vec::new()));
    }
    assert_eq!(read_impact(&mut session, &scope(500)).await.needed, Some(BTreeMap::new()));
    let lengths: Vec<usize> = script
        .asked()
        .iter()
        .filter(|(name, _)| name == "impact.needed")
        .map(|(_, parameters)| parameters.iter().filter(|one| matches!(one.value, Value::UniqueIdentifier(_))).count())
        .collect();
    assert_eq!(lengths, [201, 201, 129]);
    assert_eq!(read_impact(&mut session, &scope(20_001)).await.needed, None);
    assert_eq!(script.times_asked("impact.needed"), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_login_may_not_read_is_no_impact() {
    let script = Arc::new(Script::default());
    let mut session = scripted::session(&script).await;
    let update = Uuid::from_u128(7);
    let scope = ImpactScope { updates: BTreeSet::from([update]), groups: BTreeSet::from([ALL_COMPUTERS]) };
    let file = |size| {
        let columns = vec![
            ("UpdateID", SqlType::UniqueIdentifier),
            ("FileDigest", SqlType::VarBinary(Some(20))),
            ("Size", SqlType::BigInt),
        ];
        Reply::Rows(columns, vec![vec![Value::UniqueIdentifier(update), Value::VarBinary(vec![1; 20]), size]])
    };
    // Permission denied, no such column, no such table.
    script.answer("impact.needed", Reply::Error(229));
    script.answer("impact.files", file(Value::BigInt(7)));
    script.answer("impact.bundled-files", file(Value::BigInt(7)));
    script.answer("impact.removed", Reply::Error(207));
    let impact = read_impact(&mut session, &scope).await;
    assert_eq!(impact, Impact { bytes: BTreeMap::from([(update, 7)]), ..Impact::default() });
    assert_eq!(impact.needed, None);
    // A column that is not what it should be is as good as none.
    script.answer("impact.needed", Reply::Error(208));
    script.answer("impact.files", file(Value::BigInt(-7)));
    script.answer("impact.removed", Reply::Error(208));
    assert_eq!(read_impact(&mut session, &scope).await, Impact::default());
    // Nor is a lost connection: the session has another one afterwards.
    session.disconnect();
    script.answer("impact.files", file(Value::BigInt(7)));
    script.answer("impact.bundled-files", file(Value::BigInt(7)));
    assert_eq!(read_impact(&mut session, &scope).await.bytes, BTreeMap::from([(update, 7)]));
}

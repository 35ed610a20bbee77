//! A server in a file: what is read back is what was written, and a plan from a whole read is the plan from a narrow one.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use wsusctl::model::category::{Category, CategoryKind};
use wsusctl::model::configuration::LiveSettings;
use wsusctl::model::database_role::{DatabaseRole, LivePrincipals, LiveRole, Orphan, Principal};
use wsusctl::model::host::without_user;
use wsusctl::model::impact::{Impact, Removed};
use wsusctl::model::listing::ListedDownstreamServer;
use wsusctl::model::notifications::{LiveNotifications, NOTIFICATIONS};
use wsusctl::model::procedure::{LiveParameter, Verdict};
use wsusctl::model::scope::ReadScope;
use wsusctl::model::selector::{Severity, UpdateType};
use wsusctl::model::setting::{Cell, SETTINGS, Values};
use wsusctl::model::snapshot::{Reboot, Snapshot};
use wsusctl::model::synchronization::{LiveSynchronization, Parts, Schedule};
use wsusctl::plan::plan;
use wsusctl::resolve::{resolve, scope};
use wsusctl::saved::{Limits, Saved, SavedError, read, write};

use crate::check::{lines, policy};
use crate::export::{hostile_name, notifications, settings};
use crate::snapshot::{gid, now, read as read_within, server, time};
use crate::world::world;

fn written(snapshot: &Snapshot, impact: &Impact) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(snapshot, impact, "1.2.3", &mut bytes).unwrap();
    bytes
}

fn read_back(bytes: &[u8]) -> Result<Saved, SavedError> {
    read(bytes, &Limits::default())
}

/// What of a server comes back: not who read it.
fn without_login(snapshot: &Snapshot) -> Snapshot {
    let mut snapshot = snapshot.clone();
    snapshot.scope = ReadScope::whole();
    snapshot.server.login = String::new();
    let rows = snapshot.settings.iter_mut().map(|live| &mut live.row);
    for row in rows.chain(snapshot.notifications.iter_mut().map(|live| &mut live.row)) {
        // Who may log in to a proxy or a mail server is nobody else's business.
        for setting in SETTINGS.iter().chain(NOTIFICATIONS).filter(|one| matches!(one.values, Values::Host { .. })) {
            if let Some(Cell::Text(text)) = row.cell(setting.column).cloned() {
                row.set(setting.column, Cell::Text(without_user(&text)));
            }
        }
    }
    snapshot
}

/// Things that random worlds leave alone: texts of all sorts, and every variant of every enum.
#[derive(Debug, Clone)]
struct Oddities {
    names: Vec<String>,
    settings: Option<LiveSettings>,
    notifications: Option<LiveNotifications>,
    flags: Vec<bool>,
    numbers: Vec<u32>,
}

fn oddities() -> impl Strategy<Value = Oddities> {
    let rows = (option::of(settings()), option::of(notifications()));
    (vec(hostile_name(), 12), rows, vec(any::<bool>(), 8), vec(any::<u32>(), 4)).prop_map(
        |(names, (settings, notifications), flags, numbers)| Oddities {
            names,
            settings,
            notifications,
            flags,
            numbers,
        },
    )
}

fn made_odd(mut snapshot: Snapshot, odd: &Oddities) -> (Snapshot, Impact) {
    let Oddities { names, settings, notifications, flags, numbers } = odd;
    let mut names = names.iter().cycle().cloned();
    let mut name = || names.next().unwrap();
    snapshot.settings = settings.clone().map(|settings| LiveSettings {
        unsaved: [name()].into(),
        languages_unsaved: flags[0],
        password_parameter: flags[1].then(&mut name),
        ..settings
    });
    snapshot.notifications = notifications.clone().map(|live| LiveNotifications {
        changed: flags[0].then(|| (name(), now())),
        unsaved: [name()].into(),
        password_parameter: flags[1].then(&mut name),
        ..live
    });
    snapshot.database_roles = flags[4].then(|| {
        let orphan = flags[5].then(|| Orphan { namesake: flags[6].then(&mut name) });
        let principal = Principal { name: name(), can_be_member: flags[7], orphan };
        let role = LiveRole { members: [name(), name()].into(), may_alter: flags[0] };
        LivePrincipals {
            roles: [(DatabaseRole::ALL[numbers[0] as usize % 2], role)].into(),
            principals: [(name(), principal)].into(),
            sees_principals: flags[1],
            sees_logins: flags[2],
            may_map_users: flags[3],
        }
    });
    snapshot.server.sql_version = name();
    if flags[2] {
        snapshot.rules = None;
    }
    snapshot.downstream_servers = flags[3].then(|| {
        let server = ListedDownstreamServer {
            name: name(),
            server_id: flags[4].then(|| gid("branch")),
            replica: flags[5],
            parent: flags[6].then(&mut name),
            synchronized_at: flags[4].then(|| time("2026-11-19T03:00:00.003Z")),
            rolled_up_at: flags[5].then(|| time("2026-11-19T03:00:00Z")),
            version: flags[7].then(&mut name),
            below: u64::from(numbers[2]),
            computers: u64::from(numbers[3]),
        };
        vec![server.clone(), server]
    });
    let some_id = gid("subscribed");
    snapshot.synchronization = flags[6].then(|| LiveSynchronization {
        schedule: [None, Some(Schedule::Manual), Some(Schedule::Daily { first_at: i64::MIN, per_day: 24 })]
            [numbers[0] as usize % 3],
        products: [some_id].into(),
        classifications: BTreeSet::new(),
        saved: Parts { schedule: flags[0], products: flags[1], classifications: flags[2] },
    });
    for group in snapshot.groups.values_mut() {
        group.name = name();
    }
    for computer in snapshot.computers.values_mut() {
        (computer.name, computer.computer_id) = (name(), name());
    }
    snapshot.server.utc_offset_minutes = flags[2].then_some(-210);
    snapshot.requested_groups.insert(name(), numbers[1]);
    let kinds = [CategoryKind::Company, CategoryKind::Other];
    for kind in kinds {
        let (id, parent) = (gid(&name()), flags[0].then_some(some_id));
        let category = Category { id, kind, title: name(), other_titles: vec![name(), name()], parent };
        snapshot.categories.0.insert(id, category);
    }
    let kinds = [
        UpdateType::Software,
        UpdateType::SoftwareApplication,
        UpdateType::Driver,
        UpdateType::DriverSet,
        UpdateType::Other,
    ];
    let reboots = [Reboot::Unknown, Reboot::Never, Reboot::Always, Reboot::Possible];
    let mut impact =
        Impact { needed: flags[7].then(BTreeMap::new), parts: flags[6].then(BTreeMap::new), ..Impact::default() };
    for (index, update) in snapshot.updates.values_mut().enumerate() {
        update.title = name();
        update.kbs.push(name());
        update.deployable = flags[index % 8];
        (update.can_install, update.install_asks) = (flags[(index + 3) % 8], flags[(index + 4) % 8]);
        (update.can_uninstall, update.uninstall_asks) = (flags[(index + 5) % 8], flags[(index + 6) % 8]);
        update.update_type = kinds[index % kinds.len()];
        update.severity = Severity::ALL[index % Severity::ALL.len()];
        update.reboot = reboots[index % reboots.len()];
        update.reinstated_at = flags[index % 8].then(|| time("2026-11-19T03:00:00.997Z"));
        update.needed_by = flags[(index + 1) % 8].then_some(numbers[2]);
        if flags[(index + 2) % 8] {
            impact.bytes.insert(update.id, u64::from(numbers[3]) * 4096);
            impact.removed.insert((update.id, some_id), Removed { by: name(), at: now() });
        }
        if let Some(parts) = &mut impact.parts {
            parts.insert(update.id, u64::from(numbers[3]));
        }
        if let Some(needed) = &mut impact.needed {
            needed.insert((update.id, gid("A")), u64::MAX);
            needed.insert((update.id, gid("B")), 0);
        }
    }
    for rows in snapshot.deployments.values_mut() {
        for row in rows {
            row.admin_name = name();
            row.pending = flags[0];
        }
    }
    snapshot.articles.insert(name());
    if let Some(state) = snapshot.procedures.values_mut().next() {
        let parameter =
            LiveParameter { name: name(), type_name: name(), max_length: -1, output: flags[0], defaulted: flags[1] };
        (state.live, state.parameters, state.verdict) = (None, vec![parameter], Verdict::Differs(name()));
    }
    (snapshot, impact)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_back_is_what_was_written(world in world(), odd in oddities()) {
        let (snapshot, impact) = made_odd(world.server().whole(), &odd);
        let bytes = written(&snapshot, &impact);
        let saved = read_back(&bytes).unwrap();
        prop_assert_eq!(&saved.snapshot, &without_login(&snapshot));
        prop_assert_eq!(&saved.impact, &impact);
        prop_assert_eq!(written(&saved.snapshot, &saved.impact), &bytes[..]);
        let text = String::from_utf8(bytes).unwrap();
        prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control() && !('\u{200b}'..='\u{202e}').contains(&c)), "{}", text);
        prop_assert!(!text.contains("svc-wsus"));
    }

    #[test]
    fn an_altered_file_is_no_snapshot(world in world(), changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let whole = world.server().whole();
        let bytes = written(&whole, &Impact::default());
        let mut altered = bytes.clone();
        for (index, byte) in &changes {
            altered[index.index(bytes.len())] = *byte;
        }
        if let Ok(saved) = read_back(&altered) {
            prop_assert_eq!(saved.snapshot, without_login(&whole));
        }
        let cut = changes[0].0.index(bytes.len() - 1);
        prop_assert!(read_back(&bytes[..cut]).is_err());
    }

    #[test]
    fn a_plan_from_everything_is_the_plan_from_a_narrow_read(world in world()) {
        let desired = world.manifest().desired;
        let whole = world.server().whole();
        let scope = scope(&desired, now());
        let saved = read_back(&written(&whole, &Impact::default())).unwrap().snapshot;
        let (narrow, within) = (read_within(&whole, &scope), saved.within(&scope));
        match (resolve(&desired, &narrow, now()), resolve(&desired, &within, now())) {
            (Ok(one), Ok(other)) => {
                let (one, other) = (plan(&one, &narrow, &policy(&[])), plan(&other, &within, &policy(&[])));
                prop_assert_eq!(lines(&one), lines(&other));
                prop_assert_eq!(&one.entries, &other.entries);
                prop_assert_eq!(&one.steps, &other.steps);
                prop_assert_eq!(&one.summary, &other.summary);
                prop_assert_eq!(one.digest(), other.digest());
            }
            (one, other) => prop_assert_eq!(one.err(), other.err()),
        }
    }
}

#[test]
fn an_unchanged_server_gives_the_same_lines_but_the_first_and_the_last() {
    let mut whole = server().groups(&["A"]).update("u1", "100").approved("u1", "A", "install").whole();
    let first = String::from_utf8(written(&whole, &Impact::default())).unwrap();
    whole.taken_at = time("2026-11-21T12:00:00Z");
    let second = String::from_utf8(written(&whole, &Impact::default())).unwrap();
    let differing: Vec<&str> = first.lines().zip(second.lines()).filter(|(a, b)| a != b).map(|(a, _)| a).collect();
    assert_eq!(differing.len(), 2, "{differing:#?}");
    assert!(differing[0].starts_with("{\"kind\":") && differing[1].starts_with("{\"end\":"));
    assert_eq!(first.lines().count(), second.lines().count());
}

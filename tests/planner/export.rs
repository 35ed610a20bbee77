//! An exported manifest declares what the server has: read, looked up and planned, it changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;
use wsusctl::diagnostic::Sources;
use wsusctl::manifest::{ReadLimits, read};
use wsusctl::model::category::{Categories, Category, CategoryKind};
use wsusctl::model::configuration::LiveSettings;
use wsusctl::model::listing::ListedDownstreamServer;
use wsusctl::model::notifications::{LiveNotifications, MailKind, NOTIFICATIONS};
use wsusctl::model::rule::{Rule, RuleDeadline, Rules};
use wsusctl::model::setting::{Cell, SETTINGS, Values};
use wsusctl::model::snapshot::{ALL_COMPUTERS, Snapshot};
use wsusctl::model::synchronization::{LiveSynchronization, Parts, Schedule};
use wsusctl::plan::plan;
use wsusctl::report::export::{ExportOptions, KINDS, render};
use wsusctl::resolve::resolve;

use crate::check::{error_lines, lines, policy};
use crate::snapshot::{Server, cid, gid, now, server};
use crate::world::world;

/// Every setting is written.
pub fn export(snapshot: &Snapshot) -> String {
    export_with(snapshot, true)
}

fn export_with(snapshot: &Snapshot, all: bool) -> String {
    let options = ExportOptions {
        name: "hq".into(),
        database: None,
        identity: true,
        kinds: BTreeSet::from(KINDS),
        all,
        tool_version: "test",
    };
    render(snapshot, &BTreeMap::from([(2, 7)]), &options)
}

/// Exports a server and plans what came out.
fn assert_nothing_to_do(server: &Server) -> String {
    let snapshot = server.whole();
    let (short, text) = (export_with(&snapshot, false), export(&snapshot));
    assert_eq!(export(&snapshot), text);
    assert_plans_nothing(&short, &snapshot);
    assert_plans_nothing(&text, &snapshot);
    text
}

fn assert_plans_nothing(text: &str, snapshot: &Snapshot) {
    let (mut manifests, problems) = read("hq.yaml", text.as_bytes(), &mut Sources::default(), &ReadLimits::default());
    assert!(!problems.has_errors(), "{:#?}\n{text}", error_lines(&problems));
    let resolved = resolve(&manifests.remove(0), snapshot, now());
    let resolved = resolved.unwrap_or_else(|errors| panic!("{:#?}\n{text}", error_lines(&errors)));
    let plan = plan(&resolved, snapshot, &policy(&[]));
    let said = (&plan.changes, &plan.blockers, &plan.unsupported, &plan.pending);
    assert!(
        said.0.is_empty() && said.1.is_empty() && said.2.is_empty() && said.3.is_empty(),
        "{:#?}\n{text}",
        lines(&plan)
    );
    let found = plan.findings.iter().filter(|notice| notice.code.starts_with("downstream"));
    let wrong: Vec<_> = found.filter(|notice| notice.code != "downstreamDuplicate").collect();
    assert!(wrong.is_empty(), "{wrong:?}\n{text}");
}

#[test]
fn updates_with_the_same_approvals_are_one_entry() {
    let mut live = server().groups(&["Servers", "Servers/SQL", "Ring 0"]);
    for number in 1..=500 {
        let short = format!("u{number}");
        live =
            live.update(&short, "5060526").approved(&short, "Servers", "install").approved(&short, "Ring 0", "install");
    }
    live = live.update("u501", "5060842").approved("u501", "SQL", "notApproved").update("u502", "5060842");
    let text = assert_nothing_to_do(&live);
    assert_eq!(text.matches("\n    - update").count(), 2, "{text}");
    assert!(text.contains("\n    # 500 updates\n    - updates:\n        - "), "{text}");
    assert!(text.contains("\n# Declared: 3 groups, 1001 approvals of 501 updates.\n"), "{text}");
    assert!(text.contains("\n        Ring 0: install\n        Servers: install\n"), "{text}");
}

#[test]
fn a_server_with_nothing_gives_a_manifest_with_nothing() {
    let text = assert_nothing_to_do(&server());
    assert!(text.ends_with("spec:\n  identity:\n    serverId: eeee0000-0000-0000-0000-000000000000\n"), "{text}");
}

#[test]
fn a_name_of_several_computers_is_written_where_it_means_them_all() {
    let live = server()
        .groups(&["A", "B"])
        .computer(1, "same", &["A", "B"])
        .computer(2, "SAME ", &["B", "A"])
        .computer(3, "apart", &["A"])
        .computer(4, "apart", &["B"])
        .computer(5, "mixed", &["A"])
        .downstream_computer(6, "mixed", &["A"]);
    let text = assert_nothing_to_do(&live);
    assert!(text.contains("\n# Declared: 2 groups, 4 memberships.\n"), "{text}");
    assert_eq!((text.matches("- same\n").count(), text.matches("- mixed").count()), (2, 0), "{text}");
    assert!(
        text.contains("names that several computers have, which are in different groups: 1\n#     apart\n"),
        "{text}"
    );
}

#[test]
fn parts_of_bundles_are_counted() {
    let live = server()
        .groups(&["A"])
        .update_with("u1", "5060526", |update| update.deployable = false)
        .update_with("u2", "5060526", |update| (update.deployable, update.declined) = (false, true))
        .approved("u1", "A", "install");
    let text = assert_nothing_to_do(&live);
    assert!(
        text.contains("approvals of updates that are parts of others, which a manifest cannot name: 1\n"),
        "{text}"
    );
    assert!(text.contains("declined updates that are parts of others, which a manifest cannot name: 1\n"), "{text}");
}

/// What people and programs call things, and what would be something else in YAML or in a manifest.
pub fn hostile_name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => any::<String>().prop_map(|name| name.chars().take(256).collect()),
        2 => "[-a-zA-Z :#{}\\[\\],&*?|<>=!%@'\"\\\\.~]{0,12}",
        1 => select(vec![
            "All Computers", "unassigned computers", "Alle Computer", "<<", "null", "~", "yes", "1e3", "- a", "a: b", " a", "a ", "A",
            "pc-*", "", "   ", "\u{feff}", "\u{202e}x", "\u{2028}", "a\n  - b", "? a", "KB5060526",
        ]).prop_map(str::to_owned),
        1 => Just("\u{1}".repeat(256)),
    ]
}

fn cell(values: Values) -> BoxedStrategy<Option<Cell>> {
    let number = match values {
        Values::Word(words) => {
            let known: Vec<i64> = words.iter().map(|(_, number)| *number).chain([99]).collect();
            select(known).boxed()
        }
        Values::Number(..) | Values::Flag | Values::Text { .. } | Values::Host { .. } | Values::TimeOfDay => {
            select(vec![-1_i64, 0, 1, 2, 443, 8531, i64::from(i32::MAX)]).boxed()
        }
    };
    let text = prop_oneof![Just(String::new()), Just("proxy.contoso.com".to_owned()), hostile_name()];
    option::weighted(
        0.9,
        match values {
            Values::Text { .. } | Values::Host { .. } => prop_oneof![4 => text.prop_map(Cell::Text), 1 => Just(Cell::Null)].boxed(),
            Values::Flag => {
                prop_oneof![6 => any::<bool>().prop_map(Cell::Bit), 1 => number.prop_map(Cell::Int), 1 => Just(Cell::Null)].boxed()
            }
            Values::Number(..) | Values::Word(_) | Values::TimeOfDay => prop_oneof![
                6 => number.prop_map(Cell::Int),
                1 => any::<bool>().prop_map(Cell::Bit),
                1 => Just(Cell::Null),
                1 => Just(Cell::Opaque)
            ]
            .boxed(),
        },
    )
    .boxed()
}

pub fn settings() -> impl Strategy<Value = LiveSettings> {
    let cells: Vec<_> = SETTINGS.iter().map(|setting| cell(setting.values)).collect();
    let languages = proptest::collection::btree_map(
        prop_oneof![4 => select(vec!["en", "de", "no", "zh-tw"]).prop_map(str::to_owned), 1 => hostile_name()],
        any::<bool>(),
        0..4,
    );
    (cells, option::weighted(0.9, any::<bool>()), languages).prop_map(|(cells, all, languages)| {
        let columns = SETTINGS.iter().map(|setting| setting.column).zip(cells);
        let all = all.map(|all| ("ServerSupportsAllLanguages", Cell::Bit(all)));
        let folder = ("LocalContentCacheLocation", Cell::Text("D:\\WSUS\n# \u{202e}".into()));
        LiveSettings {
            row: columns.filter_map(|(column, cell)| Some((column, cell?))).chain(all).chain([folder]).collect(),
            languages,
            downstream_servers: 1,
            unsaved: BTreeSet::new(),
            languages_unsaved: false,
            password_parameter: None,
        }
    })
}

pub(crate) fn notifications() -> impl Strategy<Value = LiveNotifications> {
    let cells: Vec<_> = NOTIFICATIONS.iter().map(|setting| cell(setting.values)).collect();
    let addresses =
        || prop_oneof![4 => select(vec!["a@b", "A@B", "it@contoso.com"]).prop_map(str::to_owned), 1 => hostile_name()];
    let recipients = MailKind::ALL.map(|_| vec(addresses(), 0..3));
    (cells, recipients).prop_map(|(cells, recipients)| {
        let columns = NOTIFICATIONS.iter().map(|setting| setting.column).zip(cells);
        let recipients = MailKind::ALL.into_iter().zip(recipients);
        LiveNotifications {
            row: columns.filter_map(|(column, cell)| Some((column, cell?))).collect(),
            recipients: recipients.map(|(kind, addresses)| (kind, addresses.iter().collect())).collect(),
            ..LiveNotifications::default()
        }
    })
}

/// Titles that meet, and ids that do.
fn category_title() -> impl Strategy<Value = String> {
    prop_oneof![4 => select(vec!["Windows", "WINDOWS ", "Office", "What*"]).prop_map(str::to_owned), 1 => hostile_name()]
}

fn number() -> impl Strategy<Value = u128> {
    1_u128..9
}

pub fn categories() -> impl Strategy<Value = Categories> {
    let kind = select(vec![
        CategoryKind::Product,
        CategoryKind::Product,
        CategoryKind::ProductFamily,
        CategoryKind::Company,
        CategoryKind::Classification,
        CategoryKind::Classification,
        CategoryKind::Other,
    ]);
    vec((kind, category_title(), option::of(category_title()), option::of(number())), 8).prop_map(|found| {
        let category = |(index, (kind, title, other, parent)): (usize, (_, _, Option<String>, Option<u128>))| {
            let id = Uuid::from_u128(index as u128 + 1);
            (
                id,
                Category {
                    id,
                    kind,
                    title,
                    other_titles: other.into_iter().collect(),
                    parent: parent.map(Uuid::from_u128),
                },
            )
        };
        Categories(found.into_iter().enumerate().map(category).collect())
    })
}

/// A subscription: mostly of what its kind is, seldom of what the catalogue does not know.
pub fn synchronization(categories: &Categories) -> impl Strategy<Value = LiveSynchronization> + use<> {
    let of = |classification: bool| -> Vec<Uuid> {
        let found =
            categories.0.values().filter(|category| (category.kind == CategoryKind::Classification) == classification);
        found.filter(|category| category.kind != CategoryKind::Other).map(|category| category.id).collect()
    };
    let some = |known: Vec<Uuid>| {
        let known = proptest::sample::subsequence(known.clone(), 0..=known.len());
        (known, option::weighted(0.1, 1_u128..12)).prop_map(|(known, strange)| {
            known.into_iter().chain(strange.map(Uuid::from_u128)).collect::<BTreeSet<Uuid>>()
        })
    };
    let schedule = prop_oneof![
        1 => Just(None),
        1 => Just(Some(Schedule::Manual)),
        4 => (-1_i64..90_000, 0_i64..26).prop_map(|(first_at, per_day)| Some(Schedule::Daily { first_at, per_day })),
    ];
    (schedule, some(of(false)), some(of(true))).prop_map(|(schedule, products, classifications)| LiveSynchronization {
        schedule,
        products,
        classifications,
        saved: Parts { schedule: true, products: true, classifications: true },
    })
}

/// Name, enabled, classifications, products, groups and deadline.
type RuleParts = (String, bool, BTreeSet<i32>, BTreeSet<i32>, BTreeSet<usize>, Option<(i32, i32)>);

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let numbers = || proptest::collection::btree_set(1_i32..11, 0..3);
    let name = prop_oneof![2 => select(vec!["One", "ONE ", "Two"]).prop_map(str::to_owned), 1 => hostile_name()];
    let groups = proptest::collection::btree_set(0_usize..4, 0..3);
    let deadline = option::of((-1_i32..368, -1_i32..1441));
    vec((name, any::<bool>(), numbers(), numbers(), groups, deadline), 0..4).prop_map(|found| {
        let ids = [gid("A"), gid("B"), ALL_COMPUTERS, Uuid::from_u128(77)];
        let rule = |(id, (name, enabled, classifications, products, groups, deadline)): (i32, RuleParts)| Rule {
            enabled,
            classifications,
            products,
            groups: groups.into_iter().map(|index| ids[index]).collect(),
            deadline: deadline.map_or(RuleDeadline::None, |(days, minutes)| RuleDeadline::After { days, minutes }),
            ..Rule::new(id, name)
        };
        (1_i32..).zip(found).map(rule).collect()
    })
}

fn downstream_servers() -> impl Strategy<Value = Vec<ListedDownstreamServer>> {
    let name = prop_oneof![2 => select(vec!["b1", "B1 ", "b2"]).prop_map(str::to_owned), 1 => hostile_name()];
    let one = (name, any::<bool>(), option::of(hostile_name()), option::of(0_i64..3), option::of(number()));
    vec(one, 0..4).prop_map(|found| {
        let server = |(name, replica, parent, age, id): (_, _, _, Option<i64>, Option<u128>)| ListedDownstreamServer {
            name,
            server_id: id.map(Uuid::from_u128),
            replica,
            parent,
            synchronized_at: age.map(|days| now() - chrono::TimeDelta::days(days)),
            rolled_up_at: None,
            version: None,
            below: 0,
            computers: 0,
        };
        found.into_iter().map(server).collect()
    })
}

#[test]
fn what_is_synchronised_is_named_by_titles_where_they_mean_one() {
    let mut live = server();
    live.snapshot.synchronization = Some(LiveSynchronization {
        schedule: Some(Schedule::Daily { first_at: 10_800, per_day: 1 }),
        products: BTreeSet::from([cid("Windows"), cid("Office 2021")]),
        classifications: BTreeSet::from([cid("Security Updates"), cid("Drivers")]),
        saved: Parts { schedule: true, products: true, classifications: true },
    });
    let text = assert_nothing_to_do(&live);
    assert!(
        text.contains(
            "\n  synchronization:\n    schedule: {firstAt: \"03:00Z\", perDay: 1}\n    products:\n      - Office 2021\n      - {family: Windows}\n    \
             classifications:\n      - Drivers\n      - Security Updates\n"
        ),
        "{text}"
    );
    assert!(
        text.contains("\n# Declared: the schedule of synchronisations, 2 products, 2 classifications.\n"),
        "{text}"
    );
    live.snapshot.server.has_upstream = true;
    let text = assert_nothing_to_do(&live);
    assert!(text.contains("upstream server chooses: 2\n#     synchronization.products\n"), "{text}");
    assert!(text.contains("  synchronization:\n    schedule:") && !text.contains("    products:"), "{text}");
}

#[test]
fn rules_are_written_with_everything_they_say() {
    let live = server()
        .groups(&["A"])
        .rule("two", true, &["Drivers", "Windows", "Office 2021"], &["A"])
        .rule("One: # x", false, &[], &[])
        .rule("empty", true, &[], &["A"]);
    let text = assert_nothing_to_do(&live);
    assert!(
        text.ends_with(
            "  approvalRules:\n    - name: empty\n      enabled: true\n      # neither a classification nor a product: WSUS would not save an \
             enabled rule like that\n      groups:\n        - A\n      deadline: {days: 3, at: \"04:00\"}\n    - name: \"One: # x\"\n      enabled: false\n      \
             classifications: []\n      products: []\n      groups: []\n      deadline: {days: 3, at: \"04:00\"}\n    - name: two\n      enabled: true\n      \
             classifications:\n        - Drivers\n      products:\n        - Office 2021\n        - {family: Windows}\n      groups:\n        - A\n      \
             deadline: {days: 3, at: \"04:00\"}\n"
        ),
        "{text}"
    );
    assert!(text.contains("enabled rules that choose by neither: 1\n#     empty\n"), "{text}");
    let text = assert_nothing_to_do(&live.replica());
    assert!(text.contains("approval rules, since a replica takes rules from its parent: 3\n"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_synchronised_and_ruled_nothing_is_left_to_do(
        (synchronization, categories) in categories().prop_flat_map(|categories| (synchronization(&categories), Just(categories))),
        found in rules(),
        numbers in proptest::collection::btree_map(1_i32..10, number(), 0..9),
        downstream in downstream_servers(),
        has_upstream in prop::bool::weighted(0.1),
        replica in prop::bool::weighted(0.1),
    ) {
        let mut live = server().groups(&["A", "B"]);
        live.snapshot.server.has_upstream = has_upstream;
        live.snapshot.server.replica = replica;
        live.snapshot.categories = categories;
        live.snapshot.synchronization = Some(synchronization);
        let numbers = numbers.into_iter().map(|(number, id)| (number, Uuid::from_u128(id))).collect();
        live.snapshot.rules = Some(Rules { all: found.into_iter().map(|rule| (rule.id, rule)).collect(), categories: numbers });
        live.snapshot.downstream_servers = Some(downstream);
        assert_nothing_to_do(&live);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_server_has_nothing_is_left_to_do(world in world(), replica in prop::bool::weighted(0.1), client in prop::bool::weighted(0.1)) {
        let mut live = world.server();
        live.snapshot.server.replica = replica;
        live.snapshot.server.server_side_targeting = !client;
        assert_nothing_to_do(&live);
    }

    #[test]
    fn whatever_things_are_called_nothing_is_left_to_do(names in vec(hostile_name(), 20), parents in vec(0_usize..12, 6)) {
        let mut live = server().groups(&["A", "B", "C", "D", "E", "F"]);
        let ids: Vec<Uuid> = live.snapshot.groups.values().filter(|group| !group.builtin).map(|group| group.id).collect();
        for (index, id) in ids.iter().enumerate() {
            let group = live.snapshot.groups.get_mut(id).unwrap();
            group.name.clone_from(&names[index]);
            // Perhaps under another one, perhaps in a circle.
            if let Some(parent) = ids.get(parents[index]) {
                group.parent = Some(*parent);
            }
        }
        for (index, name) in names[6..12].iter().enumerate() {
            let target = i32::try_from(index).unwrap();
            live = live.computer(target + 1, name, &[]);
            live.snapshot.memberships.insert((ids[index % 3], target + 1));
            live.snapshot.memberships.insert((ids[index], target + 1));
        }
        for (index, title) in names[12..].iter().enumerate() {
            let short = format!("u{}", index + 1);
            live = live.update_with(&short, "5060526", |update| {
                update.title.clone_from(title);
                update.declined = index == 0;
            });
            let group = ids[index % ids.len()];
            live = live.approved(&short, "All Computers", "install").approved(&short, "Unassigned Computers", "install");
            for row in live.snapshot.deployments.values_mut().flatten() {
                if row.group == wsusctl::model::snapshot::UNASSIGNED_COMPUTERS {
                    row.group = group;
                }
            }
        }
        assert_nothing_to_do(&live);
    }

    #[test]
    fn whatever_the_mails_are_nothing_is_left_to_do(notifications in notifications()) {
        let mut live = server();
        live.snapshot.notifications = Some(notifications);
        assert_nothing_to_do(&live);
    }

    #[test]
    fn whatever_the_settings_are_nothing_is_left_to_do(settings in settings()) {
        let mut live = server();
        // Facts of the server are columns of the same row.
        live.snapshot.server.replica = settings.row.is_on("ReplicaMode");
        live.snapshot.server.server_side_targeting = settings.row.is_on("ServerTargeting");
        live.snapshot.settings = Some(settings);
        assert_nothing_to_do(&live);
    }
}

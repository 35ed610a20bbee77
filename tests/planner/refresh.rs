//! A manifest that is refreshed says what the server has, apart from what is named, and loses no comment.

use std::collections::BTreeSet;

use proptest::prelude::*;
use wsusctl::diagnostic::Sources;
use wsusctl::manifest::edit::{Edited, edit};
use wsusctl::manifest::{ReadLimits, read};
use wsusctl::model::address::Address;
use wsusctl::model::attribute::Attribute;
use wsusctl::model::configuration::LiveSettings;
use wsusctl::model::database_role::{DatabaseRole, LivePrincipals, LiveRole, Principal};
use wsusctl::model::desired::Desired;
use wsusctl::model::listing::ListedDownstreamServer;
use wsusctl::model::notifications::{LiveNotifications, MailKind, notification};
use wsusctl::model::snapshot::Snapshot;
use wsusctl::model::synchronization::{LiveSynchronization, Parts, Schedule};
use wsusctl::plan::{Plan, plan};
use wsusctl::report::export::refresh;
use wsusctl::resolve::resolve;

use crate::check::{error_lines, policy};
use crate::export::{categories, export, settings, synchronization};
use crate::snapshot::{Server, cid, now, server, uid};
use crate::world::world;

fn read_one(text: &str) -> Desired {
    let (mut manifests, problems) = read("hq.yaml", text.as_bytes(), &mut Sources::default(), &ReadLimits::default());
    assert!(!problems.has_errors(), "{:#?}\n{text}", error_lines(&problems));
    manifests.remove(0)
}

fn differing(plan: &Plan) -> BTreeSet<Address> {
    let changes = plan.changes.iter().map(|change| change.address.clone());
    changes.chain(plan.unsupported.iter().map(|notice| notice.address.clone())).collect()
}

/// A refreshed text, and the addresses that were left with a reason.
struct Refreshed {
    text: String,
    left: BTreeSet<Address>,
    before: BTreeSet<Address>,
    after: Plan,
}

/// Refreshes a text. None where the manifest does not fit the server at all.
fn refreshed(text: &str, snapshot: &Snapshot) -> Option<Refreshed> {
    let desired = read_one(text);
    let resolved = resolve(&desired, snapshot, now()).ok()?;
    let first = plan(&resolved, snapshot, &policy(&[]));
    let found = refresh(&desired, &resolved, snapshot, &first);
    let Edited { text: edited, refused } =
        edit(text, &found.revisions).unwrap_or_else(|error| panic!("{error}\n{:#?}\n{text}", found.revisions));
    let mut left: BTreeSet<Address> = found.left.into_keys().collect();
    left.extend(refused.keys().flat_map(|number| found.revisions[*number].addresses.clone()));
    let resolved = resolve(&read_one(&edited), snapshot, now());
    let resolved = resolved.unwrap_or_else(|errors| panic!("{:#?}\n{text}\n{edited}", error_lines(&errors)));
    let after = plan(&resolved, snapshot, &policy(&[]));
    Some(Refreshed { text: edited, left, before: differing(&first), after })
}

/// Refreshes, and expects that nothing differs afterwards that was not left with a reason, or stands for a thing of its own.
fn assert_true(text: &str, snapshot: &Snapshot) -> Option<Refreshed> {
    let refreshed = refreshed(text, snapshot)?;
    let Refreshed { text: edited, left, before, after } = &refreshed;
    let rules: Vec<&str> =
        snapshot.rules.iter().flat_map(|rules| rules.all.values()).map(|rule| rule.name.as_str()).collect();
    let of_its_own = |address: &Address| match address {
        Address::Group(_) => true,
        Address::Rule(name) => !rules.contains(&name.as_str()),
        _ => false,
    };
    for address in differing(after) {
        assert!(before.contains(&address), "{address} differs only now\n{text}\n{edited}");
        let said = left.contains(&address) || of_its_own(&address);
        assert!(said, "{address} still differs\n{text}\n{edited}");
    }
    let lines: BTreeSet<&str> = edited.lines().collect();
    for line in text.lines().filter(|line| line.trim_start().starts_with('#')) {
        assert!(lines.contains(line), "{line:?} is lost\n{text}\n{edited}");
    }
    let again = self::refreshed(edited, snapshot).unwrap();
    assert_eq!(&again.text, edited);
    Some(refreshed)
}

#[track_caller]
fn becomes(text: &str, server: &Server, expected: &str) -> BTreeSet<Address> {
    let head = "apiVersion: wsusctl/v1alpha1\nkind: WsusServer\nmetadata: {name: hq}\nspec:\n";
    let refreshed = assert_true(&format!("{head}{text}"), &server.whole()).unwrap();
    assert_eq!(refreshed.text.strip_prefix(head).unwrap(), expected);
    refreshed.left
}

#[track_caller]
fn stays(text: &str, server: &Server, addresses: &[Address]) {
    assert_eq!(becomes(text, server, text), BTreeSet::from_iter(addresses.iter().cloned()));
}

fn pair(update: &str, group: &str) -> Address {
    Address::Approval { update: uid(update), group: group.into() }
}

#[test]
fn what_is_synchronised_is_edited_by_item() {
    let mut live = server();
    live.snapshot.synchronization = Some(LiveSynchronization {
        schedule: Some(Schedule::Daily { first_at: 3600, per_day: 2 }),
        products: BTreeSet::from([cid("Windows"), cid("Office 2021")]),
        classifications: BTreeSet::from([cid("Security Updates"), cid("Drivers")]),
        saved: Parts { schedule: true, products: true, classifications: true },
    });
    let text = "  synchronization:\n    schedule:\n      firstAt: \"03:00Z\"  # at night\n      perDay: 2\n    products: [Windows 10, \"windows 1?\"]\n    \
                classifications:\n    # those that matter\n    - Critical Updates\n    - drivers  # printers\n";
    let expected = "  synchronization:\n    schedule:\n      firstAt: \"01:00Z\"  # at night\n      perDay: 2\n    products: [Windows 10, \"windows 1?\", Office 2021, \
                    Windows Server 2022]\n    classifications:\n    # those that matter\n    - drivers  # printers\n    - Security Updates\n";
    assert!(becomes(text, &live, expected).is_empty());
    live.snapshot.synchronization.as_mut().unwrap().products = BTreeSet::from([cid("Windows 10"), cid("Office 2021")]);
    let products = Address::Setting("synchronization.products");
    stays(
        "  synchronization:\n    products: [Office 2021, {family: Windows}]\n",
        &live,
        std::slice::from_ref(&products),
    );
    stays("  synchronization:\n    products: [Office 2021, Windows*]\n", &live, &[products]);
    live.snapshot.synchronization.as_mut().unwrap().products = BTreeSet::from([cid("Windows"), cid("Office 2021")]);
    let text = "  synchronization: {products: [Office 2021]}\n";
    becomes(text, &live, "  synchronization: {products: [Office 2021, {family: Windows}]}\n");
}

#[test]
fn computers_move_between_lists_of_names() {
    let live = server()
        .groups(&["A", "B", "C"])
        .computer(1, "pc-1", &["B"])
        .computer(2, "pc-2", &["A", "B"])
        .computer(3, "pc-3", &[])
        .computer(4, "lab-1", &[])
        .computer(5, "pc-5", &["C"]);
    becomes(
        "  groups:\n    - name: A\n      computers:\n        - PC-1  # anna\n        - pc-2\n        # spare\n        - pc-3\n    - {name: B, computers: [pc-9]}\n",
        &live,
        "  groups:\n    - name: A\n      computers:\n        - pc-2\n        # spare\n    - {name: B, computers: [pc-9, pc-1, pc-2]}\n",
    );
    stays(
        "  groups:\n    - {name: A, computers: [pc-5]}\n    - {name: B, computers: [\"lab-*\"]}\n    - name: C\n",
        &live,
        &[Address::Membership("lab-1".into()), Address::Membership("pc-5".into())],
    );
}

#[test]
fn values_of_approvals_change_and_updates_that_differ_leave_their_entry() {
    let live = server()
        .groups(&["A", "B"])
        .update("u1", "100")
        .update("u2", "100")
        .update("u3", "200")
        .approved("u1", "A", "install by 2026-12-01T18:00:00Z")
        .approved("u2", "A", "install")
        .approved("u2", "B", "install")
        .declined("u4", "300")
        .update("u5", "500500");
    let id = |short: &str| uid(short).to_string();
    becomes(
        &format!(
            "  approvals:\n    # mine\n    - update: {}\n      groups:\n        A: install  # soon\n        B:\n          action: install\n          deadline: none\n",
            id("u1")
        ),
        &live,
        &format!(
            "  approvals:\n    # mine\n    - update: {}\n      groups:\n        A: {{action: install, deadline: \"2026-12-01T18:00:00Z\"}}  # soon\n        B:\n          action: inherit\n",
            id("u1")
        ),
    );
    let (u1, u2, u3, u4) = (id("u1"), id("u2"), id("u3"), id("u4"));
    becomes(
        &format!(
            "  approvals:\n    - updates:\n        - {u1}\n        - {u2}  # fine\n        - {u4}\n        - {u3}\n      groups: {{A: install, B: install}}\n      acceptLicense: true\n"
        ),
        &live,
        &format!(
            "  approvals:\n    - updates:\n        - {u2}  # fine\n      groups: {{A: install, B: install}}\n      acceptLicense: true\n    \
             - update: {u1}  # Update u1 (KB100)\n      groups:\n        A: {{action: install, deadline: \"2026-12-01T18:00:00Z\"}}\n        B: inherit\n      acceptLicense: true\n    \
             - update: {u3}  # Update u3 (KB200)\n      groups:\n        A: inherit\n        B: inherit\n      acceptLicense: true\n"
        ),
    );
    becomes(
        "  approvals:\n    - {update: KB500500, groups: {A: install}}\n",
        &live,
        "  approvals:\n    - {update: KB500500, groups: {A: inherit}}\n",
    );
    stays(
        &format!(
            "  approvals:\n    - update: {u1}\n      groups:\n        A: {{action: install, deadline: {{days: 3, at: \"18:00Z\"}}}}\n"
        ),
        &live,
        &[pair("u1", "A")],
    );
    // What is not there at all has no time that the server could keep.
    becomes(
        &format!(
            "  approvals:\n    - update: {u1}\n      groups:\n        B:\n          action: install\n          deadline:\n            days: 3\n            at: \"18:00Z\"\n    \
             - {{update: {u3}, groups: {{A: {{action: install, deadline: {{days: 3, at: \"18:00Z\"}}}}}}}}\n"
        ),
        &live,
        &format!(
            "  approvals:\n    - update: {u1}\n      groups:\n        B:\n          action: inherit\n    - {{update: {u3}, groups: {{A: inherit}}}}\n"
        ),
    );
    stays(
        "  approvals:\n    - select: {severity: Critical}\n      groups: {B: notApproved}\n",
        &live,
        &["u1", "u2", "u3", "u5"].map(|update| pair(update, "B")),
    );
    becomes(
        &format!(
            "  approvals:\n    # gone\n    - {{update: {u4}, groups: {{A: install}}}}\n  declines:\n    - {u1}\n    - {{update: {u2}}}\n"
        ),
        &live.clone().declined("u1", "100"),
        &format!("  approvals: []\n    # gone\n  declines:\n    - {u1}\n"),
    );
}

#[test]
fn rules_say_what_they_are_and_neither_come_nor_go() {
    let live = server().groups(&["A", "B"]).rule("R", false, &["Drivers", "Windows"], &["B"]).rule(
        "other",
        true,
        &["Drivers"],
        &[],
    );
    becomes(
        "  approvalRules:\n    - name: r\n      enabled: true  # on\n      classifications: [Security Updates, Drivers]\n      products:\n        - Office 2021\n      groups: [A]\n      deadline: none\n",
        &live,
        "  approvalRules:\n    - name: r\n      enabled: false  # on\n      classifications: [Drivers]\n      products:\n        - {family: Windows}\n      groups: [B]\n      deadline: {days: 3, at: \"04:00\"}\n",
    );
    stays("  approvalRules:\n    - {name: New, enabled: false}\n", &live, &[]);
}

#[test]
fn a_downstream_servers_mode_is_a_value() {
    let mut live = server();
    live.snapshot.downstream_servers = Some(vec![ListedDownstreamServer {
        name: "b1".into(),
        server_id: None,
        replica: true,
        parent: None,
        synchronized_at: None,
        rolled_up_at: None,
        version: None,
        below: 0,
        computers: 0,
    }]);
    becomes(
        "  downstreamServers:\n    - {name: B1, mode: autonomous, maxSyncAge: 2d}  # Berlin\n",
        &live,
        "  downstreamServers:\n    - {name: B1, mode: replica, maxSyncAge: 2d}  # Berlin\n",
    );
}

#[test]
fn mails_say_how_they_are_sent_and_who_gets_them() {
    let mut live = server();
    let cell = |path: &str, value| notification(path).unwrap().cell(&value).unwrap();
    let cells = [
        ("notifications.smtp.server", Attribute::text("relay.contoso.com")),
        ("notifications.smtp.port", Attribute::Int(587)),
        ("notifications.sender.address", Attribute::text("new@contoso.com")),
        ("notifications.newUpdates", Attribute::text("none")),
        ("notifications.status", Attribute::text("used")),
        ("notifications.status.frequency", Attribute::text("weekly")),
        ("notifications.status.at", Attribute::text("08:30Z")),
    ];
    let row = cells.map(|(path, value)| (notification(path).unwrap().column, cell(path, value)));
    live.snapshot.notifications = Some(LiveNotifications {
        row: row.into_iter().collect(),
        recipients: [(MailKind::Status, ["A@contoso.com", "b@contoso.com"].into_iter().collect())].into(),
        ..LiveNotifications::default()
    });
    becomes(
        "  notifications:\n    smtp: {server: mail.contoso.com, port: 25}  # relay\n    sender:\n      address: wsus@contoso.com\n    \
         status:\n      recipients:\n        # us\n        - a@contoso.com\n        - c@contoso.com\n      frequency: daily\n      at: \"07:00Z\"\n",
        &live,
        "  notifications:\n    smtp: {server: relay.contoso.com, port: 587}  # relay\n    sender:\n      address: \"new@contoso.com\"\n    \
         status:\n      recipients:\n        # us\n        - a@contoso.com\n        - \"b@contoso.com\"\n      frequency: weekly\n      at: \"08:30Z\"\n",
    );
    stays(
        "  notifications: {newUpdates: {recipients: [a@contoso.com]}, status: none}\n",
        &live,
        &["notifications.newUpdates", "notifications.newUpdates.recipients", "notifications.status"]
            .map(Address::Setting),
    );
}

#[test]
fn members_of_database_roles_are_a_set() {
    let mut live = server();
    let role = LiveRole { members: ["W2$", "report"].map(str::to_owned).into(), may_alter: true };
    let principal = |name: &str| {
        let principal = Principal { name: name.to_owned(), can_be_member: true, orphan: None };
        (name.to_lowercase(), principal)
    };
    live.snapshot.database_roles = Some(LivePrincipals {
        roles: [(DatabaseRole::WebService, role)].into(),
        principals: ["W1$", "W2$", "report"].map(principal).into(),
        sees_principals: true,
        sees_logins: true,
        may_map_users: true,
    });
    let spec = |members: &str| format!("  security:\n    databaseRoles:\n      webService: [{members}]  # servers\n");
    becomes(&spec("W1$, w2$"), &live, &spec("w2$, report"));
    becomes(&spec(""), &live, &spec("\"W2$\", report"));
    live.snapshot.database_roles.as_mut().unwrap().roles.get_mut(&DatabaseRole::WebService).unwrap().members.clear();
    becomes(&spec("W1$"), &live, &spec(""));
}

/// Comments in places where people write them.
fn commented(text: &str, every: usize) -> String {
    let lines = text.lines().enumerate();
    let in_spec = |index: usize| index > 12 && index.is_multiple_of(every);
    lines
        .map(|(index, line)| if in_spec(index) { format!("{line}\n# note {index}\n") } else { format!("{line}\n") })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_manifest_of_one_server_says_what_another_has(one in world(), other in world(), every in 3_usize..9) {
        let text = export(&one.server().whole());
        let mut other = other.server();
        other.snapshot.server.replica = false;
        assert_true(&text, &other.whole());
        // A long comment inside an entry keeps it from going, so the commented text is only expected to stay valid.
        let commented = commented(&text, every);
        if let Some(refreshed) = refreshed(&commented, &other.whole()) {
            let lines: BTreeSet<&str> = refreshed.text.lines().collect();
            for line in commented.lines().filter(|line| line.starts_with('#')) {
                prop_assert!(lines.contains(line), "{line:?} is lost\n{commented}\n{}", refreshed.text);
            }
        }
    }

    #[test]
    fn what_is_synchronised_is_true_afterwards(
        (one, other, categories) in categories().prop_flat_map(|categories| (synchronization(&categories), synchronization(&categories), Just(categories)))
    ) {
        let mut live = server();
        live.snapshot.categories = categories;
        live.snapshot.synchronization = Some(one);
        let text = export(&live.whole());
        live.snapshot.synchronization = Some(other);
        assert_true(&text, &live.whole());
    }

    #[test]
    fn settings_are_true_afterwards_or_the_manifest_is_refused(one in settings(), other in settings()) {
        let mut live = server();
        let mut becomes = |settings: LiveSettings| {
            // Facts of the server are columns of the same row.
            live.snapshot.server.replica = settings.row.is_on("ReplicaMode");
            live.snapshot.server.server_side_targeting = settings.row.is_on("ServerTargeting");
            live.snapshot.settings = Some(settings);
            live.whole()
        };
        let text = export(&becomes(one));
        let snapshot = becomes(other);
        let desired = read_one(&text);
        if let Ok(resolved) = resolve(&desired, &snapshot, now()) {
            let first = plan(&resolved, &snapshot, &policy(&[]));
            let found = refresh(&desired, &resolved, &snapshot, &first);
            // Values that contradict each other are for the caller to leave: each alone is what the server has.
            for revision in &found.revisions {
                let edited = edit(&text, std::slice::from_ref(revision)).unwrap();
                if !edited.refused.is_empty() {
                    prop_assert_eq!(&edited.text, &text);
                    continue;
                }
                let (manifests, problems) = read("hq.yaml", edited.text.as_bytes(), &mut Sources::default(), &ReadLimits::default());
                if problems.has_errors() {
                    continue;
                }
                if let Ok(resolved) = resolve(&manifests[0], &snapshot, now()) {
                    let after = differing(&plan(&resolved, &snapshot, &policy(&[])));
                    prop_assert!(!after.contains(&revision.addresses[0]), "{:?}\n{}", revision, edited.text);
                }
            }
        }
    }
}

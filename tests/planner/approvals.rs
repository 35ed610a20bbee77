//! Approvals: one value, compared and written whole.

use wsusctl::model::approval::ApprovalAction;
use wsusctl::model::snapshot::{Deployment, License};
use wsusctl::plan::step::Operation;
use wsusctl::plan::{Policy, plan};
use wsusctl::resolve::{resolve, scope};

use crate::check::{change_of, check, check_allowing, plan_of, plan_with, policy};
use crate::desired::{Manifest, manifest};
use crate::snapshot::{REVISION, Server, server, time, uid};

fn live() -> Server {
    server().groups(&["Servers", "Ring 0"]).update("u1", "100")
}

fn servers() -> Manifest {
    manifest().groups(&["Servers"])
}

#[test]
fn a_missing_approval_is_created() {
    let declared = servers().approve("u1", &[("Servers", "install")]);
    check(&declared, &live(), &["+ approval[u1][Servers] declared action=install"]);
    let change = change_of(&plan_of(&declared, &live()), "approval[u1][Servers]");
    assert_eq!(change.before, None);
    assert_eq!(change.label.unwrap(), "Update u1 (KB100)");
}

#[test]
fn an_approval_as_declared_is_left_alone() {
    for value in ["install", "optional", "uninstall", "notApproved", "install by 2026-12-01T18:00:00Z"] {
        let live = live().approved("u1", "Servers", value);
        check(&servers().approve("u1", &[("Servers", value)]), &live, &[]);
    }
}

#[test]
fn an_approval_for_a_group_that_only_the_server_has() {
    let declared = manifest().approve("u1", &[("ring 0", "install")]);
    check(&declared, &live(), &["+ approval[u1][Ring 0] declared action=install", "warning note group[ring 0]"]);
}

#[test]
fn every_part_of_the_value_is_compared() {
    for (stored, declared, line) in [
        ("install", "uninstall", "action: install -> uninstall"),
        ("uninstall", "install", "action: uninstall -> install"),
        ("notApproved", "install", "action: notApproved -> install"),
        ("install", "optional", "optional: false -> true"),
        ("optional", "install", "optional: true -> false"),
        ("install", "install by 2026-12-01T18:00:00Z", "deadline: null -> 2026-12-01T18:00:00Z"),
        ("install by 2026-12-01T18:00:00Z", "install", "deadline: 2026-12-01T18:00:00Z -> null"),
        (
            "install by 2026-12-01T18:00:00Z",
            "install by 2026-12-01T18:00:01Z",
            "deadline: 2026-12-01T18:00:00Z -> 2026-12-01T18:00:01Z",
        ),
        (
            "install by 2026-12-01T18:00:00Z",
            "notApproved",
            "action: install -> notApproved deadline: 2026-12-01T18:00:00Z -> null",
        ),
    ] {
        let live = live().approved("u1", "Servers", stored);
        let expected = format!("~ approval[u1][Servers] differs {line}");
        check(&servers().approve("u1", &[("Servers", declared)]), &live, &[&expected]);
    }
}

#[test]
fn the_rounding_of_datetime_is_no_difference() {
    for stored in ["2026-12-01T17:59:59.997Z", "2026-12-01T18:00:00.003Z"] {
        let live = live().approved_with("u1", "Servers", "install", |row| row.deadline = Some(time(stored)));
        check(&servers().approve("u1", &[("Servers", "install by 2026-12-01T18:00:00Z")]), &live, &[]);
    }
}

#[test]
fn a_block_or_a_removal_that_is_not_assigned_is_not_as_declared() {
    for value in ["notApproved", "uninstall"] {
        let live = live().approved_with("u1", "Servers", value, |row| row.assigned = false);
        let expected = "~ approval[u1][Servers] differs optional: true -> false";
        check(&servers().approve("u1", &[("Servers", value)]), &live, &[expected]);
    }
}

#[test]
fn a_relative_deadline_stays_relative_in_the_plan() {
    let declared = servers().approve("u1", &[("Servers", "install in 7 at 18:00")]);
    check(&declared, &live(), &["+ approval[u1][Servers] declared action=install deadline={at=18:00Z, days=7}"]);
}

#[test]
fn a_relative_deadline_is_in_order_counted_from_the_approval() {
    for (deployed, deadline, in_order) in [
        ("2026-11-01T08:00:00Z", "2026-11-08T18:00:00Z", true),
        ("2026-11-02T00:00:01Z", "2026-11-08T18:00:00Z", true),
        ("2026-11-03T00:00:01Z", "2026-11-08T18:00:00Z", false),
        ("2026-10-31T23:59:59Z", "2026-11-08T18:00:00Z", false),
        ("2026-11-01T08:00:00Z", "2026-11-08T18:30:00Z", false),
    ] {
        let live = live().approved_with("u1", "Servers", "install", |row| {
            row.deployed_at = time(deployed);
            row.deadline = Some(time(deadline));
        });
        let declared = servers().approve("u1", &[("Servers", "install in 7 at 18:00")]);
        assert_eq!(plan_of(&declared, &live).is_empty(), in_order, "{deployed} {deadline}");
    }
}

#[test]
fn inherit_is_the_absence_of_an_approval() {
    let declared = servers().approve("u1", &[("Servers", "inherit")]);
    check(&declared, &live(), &[]);
    for value in ["install", "uninstall", "notApproved"] {
        check(&declared, &live().approved("u1", "Servers", value), &["- approval[u1][Servers] declared"]);
    }
}

#[test]
fn inherit_takes_rows_of_every_revision_away() {
    let live = live()
        .approved("u1", "Servers", "install")
        .approved_with("u1", "Servers", "uninstall", |row| row.revision = 100);
    let declared = servers().approve("u1", &[("Servers", "inherit")]);
    check(&declared, &live, &["- approval[u1][Servers] declared"]);
    let plan = plan_of(&declared, &live);
    let Operation::SetApproval { deploy, remove, value, .. } = &plan.steps[0].operation else { panic!() };
    assert!(!deploy && value.action == ApprovalAction::Inherit);
    assert_eq!(*remove, [uid("d1"), uid("d2")]);
}

#[test]
fn an_approval_left_on_an_older_revision_moves() {
    let live = live().approved_with("u1", "Servers", "install", |row| row.revision = 100);
    let declared = servers().approve("u1", &[("Servers", "install")]);
    check(&declared, &live, &["~ approval[u1][Servers] newRevision revision: 100 -> 200"]);
    let plan = plan_of(&declared, &live);
    let Operation::SetApproval { deploy, remove, revision, .. } = &plan.steps[0].operation else { panic!() };
    assert_eq!((*deploy, remove.as_slice(), *revision), (true, [uid("d1")].as_slice(), REVISION));
}

#[test]
fn a_leftover_beside_the_right_approval_goes_without_a_new_one() {
    let live =
        live().approved_with("u1", "Servers", "install", |row| row.revision = 100).approved("u1", "Servers", "install");
    let declared = servers().approve("u1", &[("Servers", "install")]);
    check(&declared, &live, &["~ approval[u1][Servers] newRevision revision: [100, 200] -> 200"]);
    let plan = plan_of(&declared, &live);
    let Operation::SetApproval { deploy, remove, .. } = &plan.steps[0].operation else { panic!() };
    assert_eq!((*deploy, remove.as_slice()), (false, [uid("d1")].as_slice()));
}

#[test]
fn another_value_on_an_older_revision_differs() {
    let live = live().approved_with("u1", "Servers", "uninstall", |row| row.revision = 100);
    check(
        &servers().approve("u1", &[("Servers", "install")]),
        &live,
        &["~ approval[u1][Servers] differs action: uninstall -> install revision: 100 -> 200"],
    );
}

#[test]
fn of_duplicates_the_right_one_stays() {
    let live = live().approved("u1", "Servers", "uninstall").approved("u1", "Servers", "install");
    let declared = servers().approve("u1", &[("Servers", "install")]);
    check(&declared, &live, &["~ approval[u1][Servers] duplicate revision: [200, 200] -> 200"]);
    let plan = plan_of(&declared, &live);
    let Operation::SetApproval { deploy, remove, .. } = &plan.steps[0].operation else { panic!() };
    assert_eq!((*deploy, remove.as_slice()), (false, [uid("d1")].as_slice()));
}

/// The procedure replaces what it finds on the revision, so removing it as well would find nothing there.
#[test]
fn of_duplicates_none_of_which_is_right_all_are_replaced() {
    let live = live().approved("u1", "Servers", "uninstall").approved("u1", "Servers", "notApproved").approved_with(
        "u1",
        "Servers",
        "install",
        |row| row.revision = 100,
    );
    let declared = servers().approve("u1", &[("Servers", "install")]);
    check(
        &declared,
        &live,
        &["~ approval[u1][Servers] differs action: notApproved -> install revision: [100, 200, 200] -> 200"],
    );
    let plan = plan_of(&declared, &live);
    let Operation::SetApproval { deploy, remove, .. } = &plan.steps[0].operation else { panic!() };
    assert_eq!((*deploy, remove.as_slice()), (true, [uid("d3")].as_slice()));
}

#[test]
fn a_change_says_who_made_what_it_replaces_and_when() {
    let live = live().approved("u1", "Servers", "uninstall");
    let plan = plan_of(&servers().approve("u1", &[("Servers", "install")]), &live);
    let change = change_of(&plan, "approval[u1][Servers]");
    assert_eq!(change.changed_by.as_deref(), Some("CONTOSO\\alice"));
    assert_eq!(change.changed_at, Some(time("2026-11-01T08:00:00Z")));
    let created = plan_of(&servers().approve("u1", &[("Servers", "install")]), &self::live());
    assert_eq!(change_of(&created, "approval[u1][Servers]").changed_by, None);
}

#[test]
fn equal_values_from_two_entries_are_one_approval_of_the_first() {
    let declared = servers().approve("u1", &[("Servers", "install")]).approve("KB100", &[("Servers", "install")]);
    check(&declared, &live(), &["+ approval[u1][Servers] declared action=install"]);
    let plan = plan_of(&declared, &live());
    assert_eq!(plan.changes[0].origin.unwrap().line, 5);
}

#[test]
fn approving_for_a_planned_group_waits_for_its_creation() {
    let declared = manifest().groups(&["New"]).approve("u1", &[("New", "install")]);
    check(&declared, &live(), &["+ group[New] declared", "+ approval[u1][New] declared action=install"]);
    assert_eq!(plan_of(&declared, &live()).steps[1].depends_on, [0]);
}

#[test]
fn unassigned_computers_can_be_approved_for() {
    check(
        &manifest().approve("u1", &[("unassigned computers", "notApproved")]),
        &live(),
        &["+ approval[u1][Unassigned Computers] declared action=notApproved"],
    );
}

#[test]
fn a_new_revision_is_of_high_risk_where_the_server_leaves_it_to_somebody() {
    let declared = manifest().approve("u1", &[("Servers", "install")]);
    let older = |row: &mut Deployment| row.revision = 100;
    let live = live().asks_about_new_revisions();
    let on_older = live.clone().approved_with("u1", "Servers", "install", older);
    check(
        &declared,
        &on_older,
        &[
            "~ approval[u1][Servers] newRevision revision: 100 -> 200 HIGH",
            "blocker highRisk approval[u1][Servers] (high-risk)",
        ],
    );
    let change = "~ approval[u1][Servers] newRevision revision: 100 -> 200 HIGH";
    check_allowing(&declared, &on_older, &["high-risk"], &[change]);
    // Another value on an older revision moves the approval all the same; what is on the latest does not move.
    let differs = live.clone().approved_with("u1", "Servers", "uninstall", older);
    let change = "~ approval[u1][Servers] differs action: uninstall -> install revision: 100 -> 200 HIGH";
    check_allowing(&declared, &differs, &["high-risk"], &[change]);
    check(&declared, &live, &["+ approval[u1][Servers] declared action=install"]);
    let on_both = on_older.approved("u1", "Servers", "install");
    check(&declared, &on_both, &["~ approval[u1][Servers] newRevision revision: [100, 200] -> 200"]);
}

#[test]
fn a_new_or_changed_approval_for_all_computers_is_of_high_risk() {
    let declared = manifest().approve("u1", &[("All Computers", "install")]);
    check(
        &declared,
        &live(),
        &[
            "+ approval[u1][All Computers] declared action=install HIGH",
            "blocker highRisk approval[u1][All Computers] (high-risk)",
        ],
    );
    check_allowing(&declared, &live(), &["high-risk"], &["+ approval[u1][All Computers] declared action=install HIGH"]);
    check(
        &declared,
        &live().approved("u1", "All Computers", "uninstall"),
        &[
            "~ approval[u1][All Computers] differs action: uninstall -> install HIGH",
            "blocker highRisk approval[u1][All Computers] (high-risk)",
        ],
    );
}

#[test]
fn taking_an_approval_for_all_computers_away_is_not() {
    let live = live().approved("u1", "All Computers", "install");
    check(
        &manifest().approve("u1", &[("All Computers", "inherit")]),
        &live,
        &["- approval[u1][All Computers] declared"],
    );
}

fn with_license() -> Server {
    server().groups(&["Servers", "Ring 0"]).update_with("u1", "100", |update| {
        update.license = License::Pending(uid("l1"));
    })
}

#[test]
fn a_pending_licence_blocks_an_installation() {
    check(
        &servers().approve("u1", &[("Servers", "install")]),
        &with_license(),
        &["+ approval[u1][Servers] declared action=install", "blocker license approval[u1][Servers] (no permission)"],
    );
    for value in ["uninstall", "notApproved", "inherit"] {
        let plan = plan_of(&servers().approve("u1", &[("Servers", value)]), &with_license());
        assert!(plan.blockers.is_empty(), "{value}");
    }
}

#[test]
fn a_pair_that_already_holds_is_never_a_problem() {
    let with_license = with_license().approved("u1", "Servers", "install");
    check(&servers().approve("u1", &[("Servers", "install")]), &with_license, &[]);
    let expired = server().groups(&["Servers"]).expired("u1", "100").approved("u1", "Servers", "install");
    check(&servers().approve("u1", &[("Servers", "install")]), &expired, &[]);
    let past = live().approved("u1", "Servers", "install by 2026-11-05T18:00:00Z");
    check(&servers().approve("u1", &[("Servers", "install by 2026-11-05T18:00:00Z")]), &past, &[]);
}

#[test]
fn a_licence_is_accepted_once_before_the_approvals() {
    let live = with_license().update_with("u2", "200", |update| update.license = License::Pending(uid("l1")));
    let declared = servers()
        .approve_with_license("u1", &[("Servers", "install"), ("Ring 0", "install")])
        .approve_with_license("u2", &[("Servers", "install")]);
    check(
        &declared,
        &live,
        &[
            "+ approval[u1][Ring 0] declared action=install license=accepted",
            "+ approval[u1][Servers] declared action=install license=accepted",
            "+ approval[u2][Servers] declared action=install license=accepted",
        ],
    );
    let plan = plan_of(&declared, &live);
    let accepting: Vec<usize> = (0..plan.steps.len())
        .filter(|index| matches!(plan.steps[*index].operation, Operation::AcceptLicense { .. }))
        .collect();
    assert_eq!(accepting, [0]);
    assert!(plan.steps[1..].iter().all(|step| step.depends_on == [0]));
}

#[test]
fn an_expired_update_is_approved_for_removal_only() {
    let live = server().groups(&["Servers"]).expired("u1", "100");
    check(
        &servers().approve("u1", &[("Servers", "install")]),
        &live,
        &["+ approval[u1][Servers] declared action=install", "blocker expired approval[u1][Servers] (no permission)"],
    );
    check(
        &servers().approve("u1", &[("Servers", "uninstall")]),
        &live,
        &["+ approval[u1][Servers] declared action=uninstall"],
    );
}

#[test]
fn what_cannot_be_uninstalled_blocks() {
    let live = server().groups(&["Servers"]).update_with("u1", "100", |update| update.can_uninstall = false);
    check(
        &servers().approve("u1", &[("Servers", "uninstall")]),
        &live,
        &[
            "+ approval[u1][Servers] declared action=uninstall",
            "blocker notUninstallable approval[u1][Servers] (no permission)",
        ],
    );
}

#[test]
fn what_cannot_be_installed_blocks() {
    let live = server().groups(&["Servers"]).update_with("u1", "100", |update| update.can_install = false);
    check(
        &servers().approve("u1", &[("Servers", "install")]),
        &live,
        &[
            "+ approval[u1][Servers] declared action=install",
            "blocker notInstallable approval[u1][Servers] (no permission)",
        ],
    );
    check(&servers().approve("u1", &[("Servers", "install")]), &live.clone().approved("u1", "Servers", "install"), &[]);
    for other in ["uninstall", "notApproved"] {
        let plan = plan_of(&servers().approve("u1", &[("Servers", other)]), &live);
        assert!(plan.blockers.is_empty(), "{other}: {:?}", plan.blockers);
    }
}

/// An entry that names an update names what takes its place, and whether the group has that.
#[test]
fn a_named_update_that_is_superseded_is_a_note() {
    let live = |update: &str| {
        let live = server().groups(&["Servers"]).update("u2", "200").update("u3", "300");
        live.update_with(update, "100", |update| update.superseded_by = vec![uid("u2"), uid("u3")])
    };
    let notes = |manifest: &Manifest, live: &Server| {
        let plan = plan_of(manifest, live);
        assert!(plan.blockers.is_empty());
        let notes = plan.warnings.iter().filter(|notice| notice.code == "superseded");
        notes.map(|notice| notice.message.clone()).collect::<Vec<_>>()
    };
    let approved = live("u1").approved("u2", "Servers", "install");
    for reference in ["u1", "KB100"] {
        let named = servers().approve(reference, &[("Servers", "install")]);
        assert_eq!(
            notes(&named, &approved),
            ["the update is superseded by Update u2 (KB200), which is approved for this group, \
              by Update u3 (KB300), which is not approved for this group"]
        );
        // What is approved already, and what is removed, is no news.
        assert_eq!(notes(&named, &approved.clone().approved("u1", "Servers", "install")), [""; 0]);
        let removed = servers().approve(reference, &[("Servers", "uninstall")]);
        assert_eq!(notes(&removed, &approved), [""; 0]);
    }
    // The manifest decides, and what a group above has counts.
    let both = servers().approve("u1", &[("Servers", "install")]).approve("u3", &[("Servers", "install")]);
    let said = notes(&both, &live("u1").approved("u2", "All Computers", "install"));
    assert_eq!(said[0].matches("which is approved").count(), 2, "{said:?}");
    let selected = servers().approve("select superseded=true", &[("Servers", "install")]);
    assert_eq!(notes(&selected, &approved), [""; 0]);
}

#[test]
fn what_may_ask_the_user_takes_no_deadline() {
    const LATE: &str = "2027-01-10T18:00:00Z";
    let live = |installs: bool, removes: bool| {
        server().groups(&["Servers"]).update_with("u1", "100", |update| {
            (update.install_asks, update.uninstall_asks) = (installs, removes);
        })
    };
    let blocked = |value: &str, live: &Server| {
        let plan = plan_of(&servers().approve("u1", &[("Servers", value)]), live);
        assert_eq!(plan.changes.len(), 1);
        plan.blockers.iter().map(|blocker| blocker.code).collect::<Vec<_>>()
    };
    for (action, other) in [("install", "uninstall"), ("uninstall", "install")] {
        let asks = live(action == "install", action == "uninstall");
        assert_eq!(blocked(&format!("{action} by {LATE}"), &asks), ["userInput"]);
        assert_eq!(blocked(action, &asks), [""; 0]);
        assert_eq!(blocked(&format!("{other} by {LATE}"), &asks), [""; 0], "each action has a column of its own");
    }
    // What is there already is no problem.
    let held = live(true, true).approved("u1", "Servers", &format!("install by {LATE}"));
    check(&servers().approve("u1", &[("Servers", &format!("install by {LATE}"))]), &held, &[]);
}

#[test]
fn a_new_or_moved_deadline_in_the_past_needs_a_permission() {
    let declared = servers().approve("u1", &[("Servers", "install by 2026-11-20T12:00:00Z")]);
    let created = "+ approval[u1][Servers] declared action=install deadline=2026-11-20T12:00:00Z";
    check(&declared, &live(), &[created, "blocker pastDeadline approval[u1][Servers] (past-deadlines)"]);
    check_allowing(&declared, &live(), &["past-deadlines"], &[created]);
    let moved = live().approved("u1", "Servers", "install by 2026-12-01T00:00:00Z");
    assert_eq!(plan_of(&declared, &moved).blockers[0].code, "pastDeadline");
    let future = servers().approve("u1", &[("Servers", "install by 2026-11-20T12:00:01Z")]);
    assert!(plan_of(&future, &live()).blockers.is_empty());
}

#[test]
fn a_past_deadline_that_is_kept_by_another_change_is_not_new() {
    let live = live().approved_with("u1", "Servers", "install by 2026-11-05T18:00:00Z", |row| row.revision = 100);
    let declared = servers().approve("u1", &[("Servers", "install by 2026-11-05T18:00:00Z")]);
    check(&declared, &live, &["~ approval[u1][Servers] newRevision revision: 100 -> 200"]);
}

#[test]
fn a_relative_deadline_of_today_may_have_passed() {
    let early = servers().approve("u1", &[("Servers", "install in 0 at 11:59")]);
    assert_eq!(plan_of(&early, &live()).blockers[0].code, "pastDeadline");
    let late = servers().approve("u1", &[("Servers", "install in 0 at 12:01")]);
    assert!(plan_of(&late, &live()).blockers.is_empty());
}

#[test]
fn a_plan_of_another_day_permits_no_deadline_that_has_passed() {
    // By the server's clock it is noon on 20 November, and what is written counts from there.
    let code = |value: &str, now: &str| {
        let declared = servers().approve("u1", &[("Servers", value)]);
        let snapshot = live().read(&scope(&declared.desired, time(now)));
        let resolved = resolve(&declared.desired, &snapshot, time(now)).unwrap();
        let plan = plan(&resolved, &snapshot, &Policy { now: time(now), ..policy(&[]) });
        plan.blockers.first().map(|blocker| blocker.code)
    };
    let (past, future) = (Some("pastDeadline"), None);
    for (value, now, expected) in [
        ("install by 2026-11-10T18:00:00Z", "2026-11-01T00:00:00Z", past),
        ("install by 2026-11-25T18:00:00Z", "2026-12-01T00:00:00Z", past),
        ("install by 2026-11-25T18:00:00Z", "2026-11-01T00:00:00Z", future),
        ("install in 0 at 06:00", "2026-11-01T03:00:00Z", past),
        ("install in 0 at 13:00", "2026-12-01T15:00:00Z", past),
        ("install in 1 at 06:00", "2026-12-01T15:00:00Z", future),
    ] {
        assert_eq!(code(value, now), expected, "{value} judged as of {now}");
    }
}

#[test]
fn an_approval_by_id_reinstates_a_declined_update() {
    let live = server().groups(&["Servers"]).declined("u1", "100");
    let declared = servers().approve("u1", &[("Servers", "install")]);
    check(&declared, &live, &["+ approval[u1][Servers] declared action=install", "- decline[u1] reinstated"]);
    let plan = plan_of(&declared, &live);
    assert!(matches!(plan.steps[0].operation, Operation::Reinstate { .. }));
    assert_eq!((plan.steps[0].change, plan.steps[1].depends_on.as_slice()), (1, [0].as_slice()));
}

#[test]
fn reinstating_for_the_sake_of_an_approval_that_is_there() {
    let live = server().groups(&["Servers"]).declined("u1", "100").approved("u1", "Servers", "install");
    check(&servers().approve("u1", &[("Servers", "install")]), &live, &["- decline[u1] reinstated"]);
}

#[test]
fn inherit_does_not_reinstate() {
    let live = server().groups(&["Servers"]).declined("u1", "100");
    check(&servers().approve("u1", &[("Servers", "inherit")]), &live, &[]);
}

#[test]
fn approvals_count_the_computers_of_the_group_and_below_once() {
    let live = server()
        .groups(&["W", "W/A", "W/B"])
        .update("u1", "100")
        .computer(1, "pc-1", &["A", "B"])
        .computer(2, "pc-2", &["W"])
        .computer(3, "pc-3", &[]);
    let declared = manifest()
        .groups(&["W"])
        .computers("W", &["nobody-*"])
        .approve("u1", &[("W", "install"), ("All Computers", "install")]);
    let plan = plan_of(&declared, &live);
    assert_eq!(change_of(&plan, "approval[u1][W]").affects.computers, 2);
    assert_eq!(change_of(&plan, "approval[u1][All Computers]").affects.computers, 3);
}

#[test]
fn blockers_stay_in_the_plan_beside_the_change() {
    let declared = servers().approve("u1", &[("Servers", "install")]);
    let plan = plan_with(&declared, &with_license(), &[]).unwrap();
    assert_eq!((plan.changes.len(), plan.steps.len(), plan.is_empty()), (1, 1, false));
}

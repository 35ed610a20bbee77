//! What running an automatic approval rule comes to.

use std::collections::BTreeSet;

use wsusctl::model::address::Kind;
use wsusctl::model::rule::RuleDeadline;
use wsusctl::model::scope::ReadScope;
use wsusctl::model::snapshot::License;
use wsusctl::plan::rule_run::{RuleRun, named, outlook, plan_run};
use wsusctl::plan::simulate::simulate;
use wsusctl::resolve::{resolve, scope};

use crate::check::{lines, plan_of, policy, short};
use crate::desired::{Manifest, at, manifest};
use crate::snapshot::{Server, now, server, uid};

fn live() -> Server {
    let updates = server().groups(&["A", "B"]).update("u1", "1").update("u2", "2").update("u3", "3");
    updates.rule("Rule", true, &["Drivers"], &["A", "B"]).rule("Other", false, &[], &["All Computers"])
}

fn run(manifest: &Manifest, server: &Server, listed: &[&str], permissions: &[&str]) -> RuleRun {
    let listed: BTreeSet<_> = listed.iter().map(|short| uid(short)).collect();
    let resolved = resolve(&manifest.desired, &server.read(&scope(&manifest.desired, now())), now()).unwrap();
    let snapshot = server.read(&ReadScope { rules: true, update_ids: listed.clone(), ..ReadScope::default() });
    let rules = snapshot.rules.clone().unwrap();
    let rule = rules.all.values().find(|rule| rule.name == "Rule").unwrap();
    let run = plan_run(rule, &listed, &resolved, at(1), &snapshot, &policy(permissions));
    // What it approves is not approved a second time.
    if run.plan.blockers.is_empty() {
        let after = simulate(&snapshot, &run.plan, now());
        let again = plan_run(rule, &listed, &resolved, at(1), &after, &policy(permissions));
        assert!(again.plan.is_empty(), "{:#?}", lines(&again.plan));
    }
    run
}

#[track_caller]
fn check(manifest: &Manifest, server: &Server, listed: &[&str], expect: &[&str]) {
    let run = run(manifest, server, listed, &[]);
    let left_out =
        run.left_out.iter().map(|notice| format!("left out {} {}", notice.code, short(&notice.address.to_string())));
    assert_eq!(lines(&run.plan).into_iter().chain(left_out).collect::<Vec<_>>(), expect);
}

#[test]
fn every_group_gets_every_update_with_the_deadline() {
    let mut server = live();
    let found = run(&manifest(), &server, &["u1", "u2"], &[]);
    assert_eq!((found.listed, found.plan.changes.len()), (2, 4));
    assert!(found.plan.changes.iter().all(|change| change.origin.is_none() && change.reason.code == "ruleRun"));
    let first = &lines(&found.plan)[0];
    assert_eq!(first, "+ approval[u1][A] ruleRun action=install deadline=2026-11-23T04:00:00Z");
    for rule in server.snapshot.rules.as_mut().unwrap().all.values_mut() {
        rule.deadline = RuleDeadline::None;
    }
    check(
        &manifest(),
        &server,
        &["u1"],
        &["+ approval[u1][A] ruleRun action=install", "+ approval[u1][B] ruleRun action=install"],
    );
    check(&manifest(), &server, &[], &[]);
}

/// The day and the time of day are those of the database server, which may have another date than UTC.
#[test]
fn a_deadline_is_local_time() {
    // Three days after 2026-11-20 12:00 UTC, at 04:00.
    for (offset, deadline, said) in [
        (0, "2026-11-23T04:00:00Z", "UTC+00:00"),
        (120, "2026-11-23T02:00:00Z", "UTC+02:00"),
        (-210, "2026-11-23T07:30:00Z", "UTC-03:30"),
        (780, "2026-11-23T15:00:00Z", "UTC+13:00"),
        (-720, "2026-11-23T16:00:00Z", "UTC-12:00"),
    ] {
        let mut server = live();
        server.snapshot.server.utc_offset_minutes = Some(offset);
        let run = run(&manifest(), &server, &["u1"], &[]);
        assert_eq!(lines(&run.plan)[0], format!("+ approval[u1][A] ruleRun action=install deadline={deadline}"));
        let note = run.plan.warnings.last().unwrap();
        assert!(note.code == "localTime" && note.message.contains(said), "{note:?}");
    }
    let mut unknown = live();
    unknown.snapshot.server.utc_offset_minutes = None;
    check(&manifest(), &unknown, &["u1"], &["left out deadline approval[u1][A]", "left out deadline approval[u1][B]"]);
}

#[test]
fn what_the_console_would_refuse_is_left_out() {
    let server = live().update_with("u4", "4", |update| update.install_asks = true);
    let server = server.update_with("u5", "5", |update| update.can_install = false);
    check(
        &manifest(),
        &server,
        &["u4", "u5"],
        &[
            "left out userInput approval[u4][A]",
            "left out userInput approval[u4][B]",
            "left out notInstallable approval[u5][A]",
            "left out notInstallable approval[u5][B]",
        ],
    );
    let mut late = live();
    for rule in late.snapshot.rules.as_mut().unwrap().all.values_mut() {
        rule.deadline = RuleDeadline::After { days: 366, minutes: 0 };
    }
    check(&manifest(), &late, &["u1"], &["left out deadline approval[u1][A]", "left out deadline approval[u1][B]"]);
}

#[test]
fn what_has_an_approval_or_a_decision_keeps_it() {
    let server = live().approved("u1", "A", "notApproved").approved("u2", "B", "uninstall");
    let declared = manifest().groups(&["A", "B"]).approve("u2", &[("A", "inherit")]).decline("u3");
    let run = run(&declared, &server, &["u1", "u2", "u3"], &[]);
    let left_out: Vec<String> =
        run.left_out.iter().map(|notice| format!("{} {}", notice.code, short(&notice.address.to_string()))).collect();
    assert_eq!(
        left_out,
        ["approved approval[u1][A]", "declared approval[u2][A]", "approved approval[u2][B]", "declined decline[u3]",]
    );
    assert_eq!(run.plan.changes.len(), 1);
}

#[test]
fn what_the_server_should_not_have_listed_is_left_out() {
    let server =
        live().declined("u4", "4").expired("u5", "5").update_with("u6", "6", |update| update.deployable = false);
    let server = server.update_with("u7", "7", |update| update.license = License::Pending(uid("u99")));
    check(
        &manifest(),
        &server,
        &["u4", "u5", "u6", "u7", "u8"],
        &[
            "left out declined decline[u4]",
            "left out expired decline[u5]",
            "left out notDeployable decline[u6]",
            "left out license decline[u7]",
            "left out unknownUpdate decline[u8]",
        ],
    );
    let mut odd = live();
    for rule in odd.snapshot.rules.as_mut().unwrap().all.values_mut() {
        rule.deadline = RuleDeadline::After { days: -1, minutes: 0 };
    }
    check(&manifest(), &odd, &["u1"], &["left out deadline approval[u1][A]", "left out deadline approval[u1][B]"]);
}

#[test]
fn all_computers_is_of_high_risk() {
    let mut server = live();
    let rules = server.snapshot.rules.as_mut().unwrap();
    let everywhere = rules.all.values().find(|rule| rule.name == "Other").unwrap().groups.clone();
    rules.all.values_mut().for_each(|rule| rule.groups = everywhere.clone());
    let blocked = run(&manifest(), &server, &["u1"], &[]);
    assert_eq!(blocked.plan.blockers[0].code, "highRisk");
    assert!(run(&manifest(), &server, &["u1"], &["high-risk"]).plan.blockers.is_empty());
}

#[test]
fn rules_are_judged_as_the_plan_leaves_them() {
    let of = |manifest: &Manifest, name: &str| {
        let rules = live().whole().rules.unwrap();
        let outlooks = outlook(&rules, &plan_of(manifest, &live()));
        let found: Vec<_> = named(&outlooks, name).cloned().collect();
        found
            .into_iter()
            .map(|found| (found.id.is_some(), found.enabled, found.everywhere, found.changes))
            .collect::<Vec<_>>()
    };
    assert_eq!(of(&manifest(), "rule "), [(true, true, false, false)]);
    assert_eq!(of(&manifest(), "Other"), [(true, false, true, false)]);
    let declared = manifest().rule("Rule", "disabled").rule("New", "enabled; products=Windows*; groups=A");
    assert_eq!(of(&declared, "Rule"), [(true, false, false, true)]);
    assert_eq!(of(&declared, "new"), [(false, true, false, true)]);
    let pruned = declared.prune(Kind::Rule, wsusctl::model::management::Prune::Always);
    assert_eq!(of(&pruned, "Other"), []);
}

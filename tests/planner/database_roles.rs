//! Database roles: sets of members, and the logins that members have lost.

use std::collections::{BTreeMap, BTreeSet};

use wsusctl::model::database_role::{DatabaseRole, LivePrincipals, LiveRole, Orphan, Principal};
use wsusctl::model::origin::Declared;

use crate::check::{change_of, check, check_allowing, plan_of, plan_with};
use crate::desired::{Manifest, at, manifest};
use crate::snapshot::{Server, server};

const ROLE: &str = "security.databaseRoles.webService";

fn declares(members: &[&str]) -> Manifest {
    let mut manifest = manifest();
    let named = |(line, name): (u32, &&str)| Declared { value: (*name).to_owned(), origin: at(line) };
    let value = (3..).zip(members).map(named).collect();
    manifest.desired.database_roles.insert(DatabaseRole::WebService, Declared { value, origin: at(2) });
    manifest
}

fn principal(name: &str, orphan: Option<Orphan>) -> (String, Principal) {
    (name.to_owned(), Principal { name: name.to_owned(), can_be_member: name != "db_owner", orphan })
}

/// Three users and a fixed role; these are in webService.
fn principals(members: &[&str]) -> LivePrincipals {
    let role = LiveRole { members: members.iter().map(|name| (*name).to_owned()).collect(), may_alter: true };
    LivePrincipals {
        roles: BTreeMap::from([(DatabaseRole::WebService, role)]),
        principals: ["W1$", "W2$", "report", "db_owner"].map(|name| principal(name, None)).into(),
        sees_principals: true,
        sees_logins: true,
        may_map_users: true,
    }
}

fn with(live: LivePrincipals) -> Server {
    let mut server = server();
    server.snapshot.database_roles = Some(live);
    server
}

fn live(members: &[&str]) -> Server {
    with(principals(members))
}

#[test]
fn the_key_owns_the_whole_set() {
    check(&declares(&["w1$", "REPORT "]), &live(&["W1$", "report"]), &[]);
    // A user that was mapped to its login between the two reads.
    check(&declares(&["W1$", "report"]), &live(&["w1$", "report"]), &[]);
    check(&declares(&["W1$", "W2$"]), &live(&["W1$"]), &[&format!("~ {ROLE} differs value: [W1$] -> [W1$, W2$]")]);
    let change = format!("~ {ROLE} differs value: [W1$, report] -> [W2$, report] HIGH");
    check(
        &declares(&["w2$", "report"]),
        &live(&["W1$", "report"]),
        &[&change, &format!("blocker highRisk {ROLE} (high-risk)")],
    );
    check_allowing(&declares(&["w2$", "report"]), &live(&["W1$", "report"]), &["high-risk"], &[&change]);
    let plan = plan_of(&declares(&["w2$", "report"]), &live(&["W1$", "report"]));
    let members = change_of(&plan, ROLE).members.unwrap();
    assert_eq!((members.added, members.removed), (vec!["W2$".to_owned()], vec!["W1$".to_owned()]));
    let emptied = plan_with(&declares(&[]), &live(&["W1$"]), &["high-risk"]).unwrap();
    assert_eq!(change_of(&emptied, ROLE).members.unwrap().removed, ["W1$"]);
}

#[test]
fn what_is_not_declared_is_untouched() {
    check(&manifest(), &live(&["W1$"]), &[]);
}

#[test]
fn members_have_to_be_users_of_the_database() {
    check(&declares(&["W1$", "W3$"]), &live(&["W1$"]), &["error unknown-database-user line 4"]);
    check(&declares(&["db_owner"]), &live(&["W1$"]), &["error impossible-member line 3"]);
    let error = plan_with(&declares(&["W3$"]), &live(&[]), &[]).unwrap_err();
    let help = error.0[0].help.concat();
    assert!(help.contains("CREATE USER [W3$] FOR LOGIN [W3$]") && help.contains("did you mean"), "{help}");
}

#[test]
fn where_names_differ_in_case_alone_the_exact_one_counts() {
    let twins = |members: &[&str]| {
        let mut live = principals(members);
        live.principals.extend([principal("Report", None)]);
        with(live)
    };
    check(&declares(&["W1$", "REPORT"]), &twins(&["W1$"]), &["error ambiguous-database-user line 4"]);
    let error = plan_with(&declares(&["REPORT"]), &twins(&[]), &[]).unwrap_err();
    assert!(format!("{:?}", error.0[0].detail).contains("`Report`, `report`"), "{error:?}");
    check(&declares(&["Report"]), &twins(&["Report"]), &[]);
    check(
        &declares(&["Report"]),
        &twins(&["W1$"]),
        &[&format!("~ {ROLE} differs value: [W1$] -> [Report] HIGH"), &format!("blocker highRisk {ROLE} (high-risk)")],
    );
    let plan = plan_of(&declares(&["Report"]), &twins(&["Report", "report"]));
    assert_eq!(change_of(&plan, ROLE).members.unwrap().removed, ["report"]);
    let plan = plan_of(&declares(&["Report"]), &twins(&["report"]));
    let members = change_of(&plan, ROLE).members.unwrap();
    assert_eq!((members.added, members.removed), (vec!["Report".to_owned()], vec!["report".to_owned()]));
}

#[test]
fn what_the_login_may_not_see_or_do_is_unsupported() {
    let unsupported = |code: &str| format!("unsupported {code} {ROLE}");
    let mut unseen = principals(&[]);
    (unseen.sees_principals, unseen.principals) = (false, BTreeMap::new());
    check(&declares(&["W3$"]), &with(unseen), &[&unsupported("roleNotSeen")]);
    let mut fixed = principals(&["W1$"]);
    fixed.roles.get_mut(&DatabaseRole::WebService).unwrap().may_alter = false;
    check(&declares(&["W1$"]), &with(fixed.clone()), &[]);
    check(&declares(&["W2$"]), &with(fixed), &[&unsupported("roleNotPermitted")]);
    let mut without = principals(&[]);
    without.roles.clear();
    check(&declares(&["W1$"]), &with(without), &[&unsupported("roleMissing")]);
    let mut blind = principals(&["W1$"]);
    blind.sees_logins = false;
    check(&declares(&["W1$"]), &with(blind), &[&format!("warning loginsNotSeen {ROLE}")]);
}

#[test]
fn a_declared_member_gets_its_login_back() {
    let orphaned = |namesake: Option<&str>| {
        let mut live = principals(&["W1$"]);
        for name in ["W1$", "W2$"] {
            let orphan = Some(Orphan { namesake: namesake.map(|_| name.to_owned()) });
            live.principals.extend([principal(name, orphan)]);
        }
        live
    };
    let user = "security.databaseUsers[W1$]";
    check(&declares(&["W1$"]), &with(orphaned(Some("W1$"))), &[&format!("~ {user} orphaned login: null -> W1$")]);
    check(&declares(&["W1$"]), &with(orphaned(None)), &[&format!("unsupported loginMissing {user}")]);
    let mut powerless = orphaned(Some("W1$"));
    powerless.may_map_users = false;
    check(&declares(&["W1$"]), &with(powerless), &[&format!("unsupported userNotPermitted {user}")]);
    // Nothing declares the other one.
    check(&declares(&[]), &with(LivePrincipals { roles: principals(&[]).roles, ..orphaned(None) }), &[]);
}

#[test]
fn the_steps_do_not_split_the_save_of_settings() {
    let mut server = live(&[]);
    server.snapshot.settings = Some(wsusctl::model::configuration::LiveSettings {
        row: [
            ("LogLevel", wsusctl::model::setting::Cell::Int(2)),
            ("ServerTargeting", wsusctl::model::setting::Cell::Bit(true)),
        ]
        .into_iter()
        .collect(),
        ..Default::default()
    });
    let mut manifest = declares(&["W1$"]);
    for (path, word) in [("logging.level", "info"), ("targeting", "client")] {
        let value = wsusctl::model::attribute::Attribute::text(word);
        manifest.desired.settings.scalars.insert(path, Declared { value, origin: at(9) });
    }
    let plan = plan_with(&manifest, &server, &["high-risk"]).unwrap();
    assert_eq!((plan.changes.len(), plan.steps.len()), (3, 2));
    let set: BTreeSet<usize> =
        plan.steps.iter().flat_map(|step| [step.change].into_iter().chain(step.also.clone())).collect();
    assert_eq!(set.len(), 3);
}

#[test]
fn ignored_ones_are_hidden() {
    let mut manifest = declares(&["W1$"]);
    let glob = wsusctl::model::glob::Glob::new("security.*");
    manifest.desired.management.ignore.push(Declared { value: glob, origin: at(20) });
    let plan = plan_of(&manifest, &live(&["W2$"]));
    assert!(plan.is_empty() && plan.unsupported.is_empty());
    assert_eq!(plan.summary.ignored, 2);
}

//! What changes come to: figures, inheritance, who removed what, and what comes back. None of it decides.

use std::collections::BTreeMap;

use wsusctl::model::impact::{Impact, Removed};
use wsusctl::model::snapshot::{ALL_COMPUTERS, Reboot};
use wsusctl::plan::change::{Brings, Figure, Inheritance, Inherited};
use wsusctl::plan::explain::Standing;
use wsusctl::plan::{Plan, impact_scope};
use wsusctl::resolve::{resolve, scope};

use crate::check::{change_of, plan_of};
use crate::desired::{Manifest, manifest};
use crate::snapshot::{Server, gid, now, server, time, uid};

fn live() -> Server {
    let live = server().groups(&["Top", "Top/Middle", "Top/Middle/Low"]);
    live.computer(1, "pc-1", &["Low"]).update("u1", "100").update("u2", "200").declined("u3", "300")
}

fn declared() -> Manifest {
    let groups: &[(&str, &str)] = &[("Middle", "install"), ("Low", "notApproved"), ("New", "install")];
    manifest().groups(&["New"]).approve("u1", groups).approve("u3", &[("Low", "uninstall")]).decline("u2")
}

fn removed(by: &str, at: &str) -> Removed {
    Removed { by: by.into(), at: time(at) }
}

fn impact() -> Impact {
    let needed = [("u1", gid("Middle"), 3), ("u2", ALL_COMPUTERS, 9), ("u3", ALL_COMPUTERS, 2), ("u3", gid("Low"), 1)];
    Impact {
        needed: Some(needed.into_iter().map(|(update, group, number)| ((uid(update), group), number)).collect()),
        bytes: BTreeMap::from([(uid("u1"), 5_000_000), (uid("u3"), 7)]),
        parts: Some(BTreeMap::from([(uid("u1"), 2), (uid("u2"), 3), (uid("u3"), 1)])),
        removed: BTreeMap::from([
            ((uid("u1"), gid("Middle")), removed("CONTOSO\\eve", "2026-11-02T00:00:00Z")),
            ((uid("u3"), gid("Low")), removed("CONTOSO\\old", "2026-01-01T00:00:00Z")),
            ((uid("u3"), gid("Top")), removed("CONTOSO\\new", "2026-02-01T00:00:00Z")),
        ]),
    }
}

fn annotated(impact: &Impact) -> Plan {
    let mut plan = plan_of(&declared(), &live());
    let digest = plan.digest();
    plan.annotate(impact);
    assert_eq!(plan.digest(), digest, "what is for display is outside the digest");
    plan
}

#[test]
fn only_updates_that_change_are_asked_about() {
    let found = impact_scope(&plan_of(&declared(), &live()));
    assert_eq!(found.updates.into_iter().collect::<Vec<_>>(), [uid("u1"), uid("u2"), uid("u3")]);
    let mut groups = vec![ALL_COMPUTERS, gid("Middle"), gid("Low")];
    groups.sort();
    assert_eq!(found.groups.into_iter().collect::<Vec<_>>(), groups);
    assert!(impact_scope(&plan_of(&manifest().groups(&["New"]), &live())).updates.is_empty());
}

#[test]
fn figures_stand_where_they_mean_something() {
    let plan = annotated(&impact());
    let figures = |address: &str| {
        let affects = change_of(&plan, address).affects;
        (affects.needed, affects.bytes, affects.reboot)
    };
    let known = |number| Some(Figure::Known(number));
    assert_eq!(figures("approval[u1][Middle]"), (known(3), known(5_000_000), Some(Reboot::Possible)));
    assert_eq!(figures("approval[u1][Low]"), (known(0), None, None));
    assert_eq!(figures("approval[u3][Low]"), (None, None, None));
    assert_eq!(figures("decline[u2]"), (known(9), None, None));
    assert_eq!(figures("decline[u3]"), (known(2), None, None));
    assert_eq!(figures("group[New]"), (None, None, None));
    let (needed, bytes, _) = figures("approval[u1][New]");
    assert!(matches!(needed, Some(Figure::Unknown(_))) && bytes == known(5_000_000));
}

#[test]
fn what_goes_with_a_bundle_is_said() {
    let plan = annotated(&impact());
    let parts = |plan: &Plan, address: &str| change_of(plan, address).affects.parts;
    assert_eq!(parts(&plan, "decline[u2]"), Some(Figure::Known(3)));
    assert_eq!(parts(&plan, "decline[u3]"), Some(Figure::Known(1)));
    assert_eq!(parts(&plan, "approval[u1][Middle]"), None);
    let none = annotated(&Impact { parts: Some(BTreeMap::new()), ..impact() });
    assert_eq!(parts(&none, "decline[u2]"), None);
    assert!(matches!(parts(&annotated(&Impact::default()), "decline[u2]"), Some(Figure::Unknown(_))));
}

#[test]
fn what_the_server_does_not_tell_is_not_zero() {
    let plan = annotated(&Impact::default());
    let affects = change_of(&plan, "approval[u1][Middle]").affects;
    assert!(matches!((affects.needed, affects.bytes), (Some(Figure::Unknown(_)), Some(Figure::Unknown(_)))));
}

#[test]
fn who_removed_an_approval_shows_on_what_is_missing() {
    let plan = annotated(&impact());
    let blamed = |address: &str| change_of(&plan, address).changed_by;
    assert_eq!(blamed("approval[u1][Middle]").as_deref(), Some("CONTOSO\\eve"));
    assert_eq!(blamed("approval[u1][Low]"), None);
    let back = change_of(&plan, "decline[u3]");
    assert_eq!(
        (back.changed_by.as_deref(), back.changed_at),
        (Some("CONTOSO\\new"), Some(time("2026-02-01T00:00:00Z")))
    );
    // An approval that is there has its own.
    let live = live().approved("u1", "Middle", "uninstall");
    let mut plan = plan_of(&declared(), &live);
    plan.annotate(&impact());
    assert_eq!(change_of(&plan, "approval[u1][Middle]").changed_by.as_deref(), Some("CONTOSO\\alice"));
}

#[test]
fn a_reinstated_update_says_what_comes_back() {
    let brings = change_of(&plan_of(&declared(), &live()), "decline[u3]").details.brings.unwrap();
    let Brings { title, kbs, classifications, products } = brings;
    assert_eq!((title.as_str(), kbs), ("Update u3 (KB300)", vec!["300".to_owned()]));
    assert_eq!((classifications, products), (vec!["Security Updates".to_owned()], vec!["Windows 11".to_owned()]));
}

fn inherited(manifest: &Manifest, server: &Server, address: &str) -> Option<(Inheritance, String, &'static str)> {
    let inherited = change_of(&plan_of(manifest, server), address).details.inherited;
    inherited.map(|Inherited { effect, from, action, .. }| (effect, from, action.as_str()))
}

#[test]
fn what_groups_above_pass_down_is_told_as_it_will_be() {
    let live = live().approved("u1", "Top", "install").approved("u1", "Low", "uninstall");
    let low = |value| manifest().approve("u1", &[("Low", value)]);
    let expected = |effect, from: &str, action| Some((effect, from.to_owned(), action));
    let address = "approval[u1][Low]";
    assert_eq!(inherited(&low("inherit"), &live, address), expected(Inheritance::Holds, "Top", "install"));
    assert_eq!(inherited(&low("notApproved"), &live, address), expected(Inheritance::Blocked, "Top", "install"));
    assert_eq!(inherited(&low("install"), &live, address), None);
    // What the plan writes for a group between counts, and what it takes away does not.
    let both = |middle| manifest().approve("u1", &[("Low", "inherit"), ("Middle", middle)]);
    assert_eq!(inherited(&both("notApproved"), &live, address), expected(Inheritance::Holds, "Middle", "notApproved"));
    // Below a group that blocks, another `notApproved` keeps nothing off.
    let blocked = manifest().approve("u1", &[("Low", "notApproved"), ("Middle", "notApproved")]);
    assert_eq!(inherited(&blocked, &live, address), None);
    let none = manifest().approve("u1", &[("Low", "inherit"), ("Top", "inherit")]);
    assert_eq!(inherited(&none, &live, address), None);
    let created = manifest().approve("u1", &[("Middle", "uninstall")]);
    assert_eq!(inherited(&created, &live, "approval[u1][Middle]"), expected(Inheritance::Overridden, "Top", "install"));
}

#[test]
fn a_relative_deadline_says_what_it_comes_to_on_the_day() {
    let declared = manifest().approve("u1", &[("Low", "install in 7 at 18:00")]);
    let change = change_of(&plan_of(&declared, &live()), "approval[u1][Low]");
    assert_eq!(change.details.due, Some(time("2026-11-27T18:00:00Z")));
}

#[test]
fn an_explained_plan_tells_how_the_server_stands_to_each_update() {
    let live = live().approved("u1", "Low", "install");
    let declared = manifest().approve("u1", &[("Low", "install"), ("Top", "install")]).decline("u3").decline("u2");
    let snapshot = live.read(&scope(&declared.desired, now()));
    let resolved = resolve(&declared.desired, &snapshot, now()).unwrap();
    let mut plan = plan_of(&declared, &live);
    plan.explain(&resolved, &snapshot);
    let explained = plan.explained.unwrap();
    assert_eq!(explained.titles[&uid("u1")], "Update u1 (KB100)");
    let mut standings = explained.standings[&(0, uid("u1"))].clone();
    standings.sort();
    assert_eq!(standings, [(Some("Low".into()), Standing::Holds), (Some("Top".into()), Standing::Changes)]);
    assert_eq!(explained.standings[&(1, uid("u3"))], [(None, Standing::Holds)]);
    assert_eq!(explained.standings[&(2, uid("u2"))], [(None, Standing::Changes)]);
}

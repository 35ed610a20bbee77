//! Selectors of approvals: what they mean, what beats them, what they leave out and what they leave behind.

use wsusctl::diagnostic::Sources;
use wsusctl::model::address::Kind;
use wsusctl::model::management::Prune;
use wsusctl::model::selector::{Severity, UpdateType};
use wsusctl::model::snapshot::License;
use wsusctl::plan::Summary;
use wsusctl::plan::explain::Standing;
use wsusctl::report::text::{TextOptions, render_plan};
use wsusctl::resolve::resolve;

use crate::check::{check, plan_of, plan_with, short};
use crate::desired::{Manifest, manifest};
use crate::snapshot::{REVISION, Server, cid, now, server, time, uid};

const U1: &str = "+ approval[u1][Servers] declared action=install";
const U2: &str = "+ approval[u2][Servers] declared action=install";
const NOTHING: &str = "warning matchesNothing approvals[0]";
const ONLY_LAPSED: &str = "warning note approvals[0]";

fn live() -> Server {
    server().groups(&["Servers", "Ring 0"]).update("u1", "100").update("u2", "200")
}

fn approve(reference: &str) -> Manifest {
    manifest().approve(reference, &[("Servers", "install")])
}

fn summary(manifest: &Manifest, server: &Server) -> Summary {
    plan_of(manifest, server).summary
}

#[test]
fn no_condition_means_every_update_that_can_be_approved() {
    let live = live()
        .update_with("u3", "300", |update| update.deployable = false)
        .expired("u4", "400")
        .declined("u5", "500")
        .update_with("u6", "600", |update| update.superseded_by = vec![uid("u1")]);
    check(&approve("select"), &live, &[U1, U2, "skipped declined decline[u5]"]);
    let plan = plan_of(&approve("select"), &live);
    assert_eq!((plan.entries[0].matched, &plan.entries[0].updates), (2, &vec![uid("u1"), uid("u2")]));
}

#[test]
fn every_condition_must_hold_and_of_a_list_one_element() {
    let live = live().update_with("u3", "300", |update| {
        update.title = "Treiber für Büros".into();
        update.severity = Severity::Low;
        update.update_type = UpdateType::Driver;
        update.categories = vec![cid("Windows 10"), cid("Drivers")];
        update.arrived_at = time("2026-11-20T06:00:00Z");
        update.created_at = time("2026-10-01T00:00:00Z");
        update.needed_by = Some(5);
    });
    let u3 = "+ approval[u3][Servers] declared action=install";
    for (conditions, expect) in [
        ("title=*FÜR*", vec![u3]),
        ("severity=Low,Moderate", vec![u3]),
        ("severity=Critical", vec![U1, U2]),
        ("kb=300,200", vec![U2, u3]),
        ("updateType=Driver", vec![u3]),
        ("classifications=drivers", vec![u3]),
        ("classifications=Drivers,Security *", vec![U1, U2, u3]),
        ("products=Windows 1?", vec![U1, U2, u3]),
        ("products={id Windows 10}", vec![u3]),
        ("products={family windows}", vec![U1, U2, u3]),
        ("products=Windows 10; classifications=Security Updates", vec![NOTHING]),
        ("arrivedWithin=1", vec![u3]),
        ("arrivedAfter=2026-11-20T06:00:00Z", vec![u3]),
        ("arrivedBefore=2026-11-20T06:00:00Z", vec![U1, U2]),
        ("createdWithin=11", vec![U1, U2]),
        ("createdBefore=2026-11-10T00:00:00Z", vec![u3]),
        ("neededBy=1-", vec![u3]),
        ("neededBy=0-4", vec![U1, U2]),
        ("neededBy=6-", vec![NOTHING]),
        ("severity=Low; title=Update*", vec![NOTHING]),
    ] {
        check(&approve(&format!("select {conditions}")), &live, &expect);
    }
}

#[test]
fn superseded_updates_are_meant_only_where_the_selector_says_so() {
    let live = live().update_with("u1", "100", |update| update.superseded_by = vec![uid("u2")]);
    check(&approve("select"), &live, &[U2]);
    check(&approve("select superseded=false"), &live, &[U2]);
    check(&approve("select superseded=true"), &live, &[U1]);
}

#[test]
fn categories_are_known_and_unambiguous() {
    let mut twice = live();
    let mut copy = twice.snapshot.categories.0[&cid("Windows 11")].clone();
    (copy.id, copy.parent) = (cid("another"), Some(cid("Office")));
    twice.snapshot.categories.0.insert(copy.id, copy);
    for (conditions, code) in [
        ("products=Windws 11", "unknown-product"),
        ("products=Windws*", "unknown-product"),
        ("products=Drivers", "unknown-product"),
        ("products=Windows 11", "ambiguous-category"),
        ("products={id nowhere}", "unknown-product"),
        ("products={id Drivers}", "category-of-another-kind"),
        ("products={family Windoze}", "unknown-product-family"),
        ("classifications=Security Update", "unknown-classification"),
    ] {
        let line = format!("error {code} line 4");
        check(&approve(&format!("select {conditions}")), &twice, &[&line]);
    }
    check(&approve("select products=Windows 1*"), &twice, &[U1, U2]);
    let errors = plan_with(&approve("select products=Windws 11"), &live(), &[]).unwrap_err();
    assert_eq!(errors.0[0].help[0], "did you mean `Windows 11` or `Windows 10`?");
    // What is known under another key goes before what merely has similar letters.
    for (conditions, help) in [
        ("products=drivers", "`drivers` is a classification: write it under `classifications`"),
        ("products=Windows", "`Windows` is a product family: write `{family: Windows}` under `products`"),
        ("products={family Windows 11}", "`Windows 11` is a product: write `Windows 11` under `products`"),
        ("classifications=Windows 11", "`Windows 11` is a product: write `Windows 11` under `products`"),
        ("products=Securty Updates", "`Security Updates` is a classification: write it under `classifications`"),
    ] {
        let errors = plan_with(&approve(&format!("select {conditions}")), &live(), &[]).unwrap_err();
        assert_eq!(errors.0[0].help[0], help, "{conditions}");
    }
    let errors = plan_with(&approve("select products=Windows 11"), &twice, &[]).unwrap_err();
    assert_eq!(errors.0[0].help.len(), 2);
    assert!(errors.0[0].help.iter().any(|help| help.contains(&cid("another").to_string()) && help.contains("Office")));
}

#[test]
fn an_unknown_article_and_a_selector_without_updates_deserve_a_look() {
    check(&approve("select kb=100,999"), &live(), &[U1, "warning unknownKb approvals[0]"]);
    check(&approve("select kb=999"), &live(), &["warning unknownKb approvals[0]", NOTHING]);
    // It exists, whatever the other conditions make of it.
    check(&approve("select kb=100; severity=Low"), &live(), &[NOTHING]);
}

#[test]
fn explicit_entries_beat_selectors() {
    for explicit in ["u1", "KB100"] {
        let both = approve("select").approve(explicit, &[("Servers", "notApproved")]);
        check(&both, &live(), &["+ approval[u1][Servers] declared action=notApproved", U2]);
        check(&approve("select").approve(explicit, &[("Servers", "inherit")]), &live(), &[U2]);
    }
    // Of two selectors that disagree, too.
    let disagreeing = approve("select kb=100").approve("select", &[("Servers", "uninstall")]);
    let explicit = disagreeing.clone().approve("u1", &[("Servers", "notApproved")]);
    check(
        &explicit,
        &live(),
        &["+ approval[u1][Servers] declared action=notApproved", "+ approval[u2][Servers] declared action=uninstall"],
    );
    check(&disagreeing, &live(), &["error contradicting-approvals line 8"]);
}

#[test]
fn selectors_that_disagree_about_many_updates_are_one_error() {
    let disagreeing = approve("select").approve("select severity=Critical", &[("Servers", "optional")]);
    let errors = plan_with(&disagreeing, &live(), &[]).unwrap_err();
    assert_eq!(errors.0.len(), 1);
    assert!(errors.0[0].detail.contains(&uid("u1").to_string()) && errors.0[0].detail.contains(&uid("u2").to_string()));
    assert_eq!(errors.0[0].secondary.len(), 1);
}

#[test]
fn selectors_that_agree_accept_a_licence_together() {
    let live = live().update_with("u1", "100", |update| update.license = License::Pending(uid("l1")));
    let accepted = "+ approval[u1][Servers] declared action=install license=accepted";
    let licensed = |manifest: Manifest| manifest.approve_with_license("select", &[("Servers", "install")]);
    check(&licensed(approve("select kb=100")), &live, &[accepted, U2]);
    // Terms are accepted for the whole server, so another group need not ask again.
    let elsewhere = licensed(manifest().approve("select kb=100", &[("Ring 0", "install")]));
    let ring = "+ approval[u1][Ring 0] declared action=install license=accepted";
    check(&elsewhere, &live, &[ring, accepted, U2]);
}

#[test]
fn what_cannot_be_approved_is_left_out_and_listed() {
    let licensed = |update: &mut wsusctl::model::snapshot::Update| update.license = License::Pending(uid("l1"));
    let pending = live().update_with("u1", "100", licensed);
    check(&approve("select"), &pending, &[U2, "skipped license approval[u1][Servers]"]);
    assert_eq!(
        (summary(&approve("select"), &pending).skipped, plan_of(&approve("select"), &pending).entries[0].matched),
        (1, 1)
    );
    let fixed = live().update_with("u1", "100", |update| update.can_uninstall = false);
    let uninstall = manifest().approve("select kb=100", &[("Servers", "uninstall")]);
    check(&uninstall, &fixed, &["skipped notUninstallable approval[u1][Servers]"]);
    let without = live().update_with("u1", "100", |update| update.can_install = false);
    check(&approve("select"), &without, &[U2, "skipped notInstallable approval[u1][Servers]"]);
    let asks = live().update_with("u1", "100", |update| update.install_asks = true);
    let late = manifest().approve("select kb=100", &[("Servers", "install in 7 at 18:00")]);
    check(&late, &asks, &["skipped userInput approval[u1][Servers]"]);
    // What holds already is no problem.
    check(&approve("select"), &pending.approved("u1", "Servers", "install"), &[U2]);
    check(&uninstall, &fixed.approved("u1", "Servers", "uninstall"), &[]);
}

#[test]
fn an_approval_that_a_selector_cannot_write_stays() {
    let live = live().update_with("u1", "100", |update| update.license = License::Pending(uid("l1"))).approved_with(
        "u1",
        "Servers",
        "install",
        |row| row.revision = REVISION - 1,
    );
    let declared = approve("select").prune(Kind::Approval, Prune::Always);
    check(&declared, &live, &[U2, "skipped license approval[u1][Servers]"]);
    assert_eq!(summary(&declared, &live).lapsed, 1);
}

#[test]
fn what_leaves_a_condition_is_lapsed_and_never_pruned() {
    let old = |update: &mut wsusctl::model::snapshot::Update| {
        update.arrived_at = time("2026-01-01T00:00:00Z");
        update.created_at = time("2026-01-01T00:00:00Z");
        update.expired = true;
        update.superseded_by = vec![uid("u2")];
    };
    // Whatever the approval is.
    for value in ["install", "uninstall", "optional", "notApproved"] {
        let live =
            live().update_with("u1", "100", old).approved("u1", "Servers", value).approved("u1", "Ring 0", value);
        for conditions in ["", "arrivedWithin=30", "createdWithin=30", "neededBy=1-", "superseded=false", "kb=100"] {
            let declared = approve(&format!("select {conditions}")).approve("u2", &[("Servers", "install")]);
            let mut expect = vec![U2];
            if conditions.starts_with("neededBy") || conditions.starts_with("kb") {
                expect.push(ONLY_LAPSED);
            }
            check(&declared, &live, &expect);
            let plan = plan_of(&declared, &live);
            let lapsed: Vec<String> =
                plan.entries[0].lapsed.iter().map(|address| short(&address.to_string())).collect();
            assert_eq!((lapsed, &plan.entries[1].lapsed), (vec!["approval[u1][Servers]".into()], &Vec::new()));
            let numbers = plan.summary;
            assert_eq!((numbers.lapsed, numbers.unmanaged[&Kind::Approval]), (1, 1), "{conditions}");
            let pruned = declared.clone().prune(Kind::Approval, Prune::Always);
            expect.insert(0, "- approval[u1][Ring 0] pruned");
            check(&pruned, &live, &expect);
        }
        // Of another severity it never was the selector's.
        let other = approve("select severity=Low")
            .prune(Kind::Approval, Prune::Always)
            .approve("u2", &[("Servers", "install")]);
        assert_eq!(summary(&other, &live).lapsed, 0);
    }
}

#[test]
fn entries_that_decline_keep_selectors_away() {
    let declared = approve("select").decline("u1");
    check(
        &declared,
        &live(),
        &["+ approval[u2][Servers] declared action=install", "+ decline[u1] declared", "skipped declined decline[u1]"],
    );
    assert_eq!(summary(&declared, &live()).skipped, 1);
}

#[test]
fn a_declined_update_comes_back_for_a_selector_only_where_pruning_brings_it() {
    let live = live().declined("u3", "300");
    let u3 = "+ approval[u3][Servers] declared action=install";
    let left_out = "skipped declined decline[u3]";
    check(&approve("select"), &live, &[U1, U2, left_out]);
    // Left out is only what the selector would choose.
    check(&approve("select title=Update*; kb=100,200"), &live, &[U1, U2]);
    let pruning = approve("select").prune(Kind::Decline, Prune::Always);
    check(&pruning, &live, &[U1, U2, u3, "- decline[u3] pruned", "blocker pruneToEmpty declines (empty)"]);
    check(&pruning.clone().decline("select kb=300"), &live, &[U1, U2, left_out]);
    // One that merely fell out of a selector of declines stays declined, too.
    let fallen = [U1, U2, "warning note declines[0]", left_out];
    check(&pruning.decline("select kb=300; expired=true"), &live, &fallen);
    // And one that another entry approves by its id comes back for everybody.
    let named = approve("select").approve("u3", &[("Ring 0", "install")]);
    check(&named, &live, &[U1, U2, "+ approval[u3][Ring 0] declared action=install", u3, "- decline[u3] reinstated"]);
}

#[test]
fn approvals_that_wsus_made_itself_are_as_declared_or_left_alone() {
    let live = live().automatic("u1", "Servers").automatic("u2", "Ring 0");
    check(&approve("select"), &live, &[U2]);
    assert_eq!(summary(&approve("select"), &live).automatic, 1);
}

#[test]
fn what_lapsed_is_listed_by_every_entry_that_it_fell_out_of() {
    let live = live()
        .update_with("u1", "100", |update| update.expired = true)
        .approved("u1", "Servers", "install")
        .approved("u1", "Ring 0", "install");
    let groups = [("Ring 0", "install"), ("Servers", "install")];
    let declared = manifest().approve("select kb=100", &groups).approve("select kb=100", &groups[1..]);
    check(&declared, &live, &[ONLY_LAPSED, "warning note approvals[1]"]);
    let plan = plan_of(&declared, &live);
    let lapsed = |entry: usize| -> Vec<String> {
        plan.entries[entry].lapsed.iter().map(|address| short(&address.to_string())).collect()
    };
    assert_eq!(lapsed(0), ["approval[u1][Ring 0]", "approval[u1][Servers]"]);
    assert_eq!(lapsed(1), ["approval[u1][Servers]"]);
    assert_eq!(plan.summary.lapsed, 2);
    let message = "no update that can be approved meets every condition of `select` \
                   (1 update fell out of its conditions and is kept)";
    assert_eq!(plan.warnings[0].message, message);
    let nothing = plan_of(&approve("select kb=999"), &live);
    let of_nothing = nothing.warnings.iter().find(|warning| warning.code == "matchesNothing").unwrap();
    assert_eq!(of_nothing.message, "no update that can be approved meets every condition of `select`");
    // Another entry that yields the approval keeps it from lapsing, and then the selector means nothing at all.
    let plan = plan_of(&approve("select kb=100").approve("u1", &groups), &live);
    assert_eq!((plan.summary.lapsed, plan.warnings[0].code), (0, "matchesNothing"));
}

#[test]
fn what_lapsed_and_is_hidden_counts_as_ignored() {
    let live = live()
        .update_with("u1", "100", |update| update.expired = true)
        .approved("u1", "Servers", "install")
        .approved("u1", "Ring 0", "install");
    let declared = manifest().approve("select kb=100", &[("Ring 0", "install"), ("Servers", "install")]);
    let hiding = declared.ignore(&["approval[*][\"Servers\"]"]);
    for declared in [hiding.clone(), hiding.prune(Kind::Approval, Prune::Always)] {
        let plan = plan_of(&declared, &live);
        let numbers = &plan.summary;
        assert_eq!((numbers.lapsed, numbers.ignored, numbers.unmanaged[&Kind::Approval]), (1, 1, 0));
        assert_eq!(plan.entries[0].lapsed.len(), 1);
    }
}

#[test]
fn what_another_entry_decides_is_explained_as_such() {
    let live = live().approved("u1", "Ring 0", "install");
    let groups = [("Servers", "install"), ("Ring 0", "install")];
    let declared = manifest().approve("select kb=100", &groups).approve("u1", &[("Ring 0", "uninstall")]);
    let snapshot = live.whole();
    let resolved = resolve(&declared.desired, &snapshot, now()).unwrap();
    let mut plan = plan_of(&declared, &live);
    plan.explain(&resolved, &snapshot);
    let explained = plan.explained.as_ref().unwrap();
    let of_selector = [("Ring 0", Standing::Decided(1)), ("Servers", Standing::Changes)];
    let of_selector = of_selector.map(|(group, standing)| (Some(group.to_owned()), standing));
    assert_eq!(explained.standings[&(0, uid("u1"))], of_selector);
    assert_eq!(explained.standings[&(1, uid("u1"))], [(Some("Ring 0".to_owned()), Standing::Changes)]);
    let options = TextOptions { color: false, width: 0, explain: true };
    let text = render_plan(&plan, &Sources::default(), &options);
    assert!(text.contains("\"Ring 0\": decided by approvals[1], \"Servers\": changes\n"), "{text}");
}

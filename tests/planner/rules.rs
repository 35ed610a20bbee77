//! Automatic approval rules: each declared one, each with only its present keys.

use wsusctl::model::address::Kind;
use wsusctl::model::management::Prune;
use wsusctl::model::procedure::Procedure;
use wsusctl::model::rule::RuleDeadline;
use wsusctl::plan::step::Operation;

use crate::check::{change_of, error_lines, lines, plan_of, plan_with};
use crate::desired::{Manifest, manifest};
use crate::snapshot::{Server, server};

fn live() -> Server {
    server().groups(&["A", "B"]).rule("Old", true, &["Drivers", "Windows 11"], &["A", "B"])
}

/// What a plan says, without the values of changes.
#[track_caller]
fn check_allowing(manifest: &Manifest, server: &Server, permissions: &[&str], expect: &[&str]) {
    let said = match plan_with(manifest, server, permissions) {
        Ok(plan) => lines(&plan),
        Err(errors) => error_lines(&errors),
    };
    let brief = |line: &String| {
        line.split(' ').take(if line.starts_with("error") { 4 } else { 3 }).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(said.iter().map(brief).collect::<Vec<_>>(), expect);
}

#[track_caller]
fn check(manifest: &Manifest, server: &Server, expect: &[&str]) {
    check_allowing(manifest, server, &[], expect);
}

fn fields(manifest: &Manifest) -> Vec<String> {
    let plan = plan_of(manifest, &live());
    change_of(&plan, "rule[Old]").fields.iter().map(|field| field.path.clone()).collect()
}

/// One that was written past WSUS's own checks is read, compared and mended, and stands in the way of other changes only.
#[test]
fn a_deadline_that_wsus_would_not_take_has_to_be_declared() {
    let mut live = live();
    for rule in live.snapshot.rules.as_mut().unwrap().all.values_mut() {
        rule.deadline = RuleDeadline::After { days: 3000, minutes: 240 };
    }
    check(&manifest().rule("Old", "enabled"), &live, &[]);
    check(&manifest().rule("Old", "disabled"), &live, &["~ rule[Old] differs", "blocker ruleDeadline rule[Old]"]);
    check(&manifest().rule("Old", "disabled; deadline=365 04:00"), &live, &["~ rule[Old] differs"]);
    check(&manifest().rule("Old", "disabled; deadline=none"), &live, &["~ rule[Old] differs"]);
}

#[test]
fn only_keys_that_are_present_are_compared() {
    check(&manifest().rule("old", ""), &live(), &["warning note rule[old]"]);
    let whole = "enabled; classifications=Drivers; products=Windows 11; groups=B,A; deadline=3 04:00";
    check(&manifest().rule("Old", whole), &live(), &[]);
    assert_eq!(fields(&manifest().rule("Old", "disabled")), ["enabled"]);
    assert_eq!(fields(&manifest().rule("Old", "classifications=")), ["classifications"]);
    assert_eq!(fields(&manifest().rule("Old", "products=Windows/")), ["products"]);
    assert_eq!(fields(&manifest().rule("Old", "groups=A")), ["groups"]);
    assert_eq!(fields(&manifest().rule("Old", "deadline=none")), ["deadline"]);
    assert_eq!(fields(&manifest().rule("Old", "disabled; deadline=4 04:00")), ["enabled", "deadline"]);
}

#[test]
fn a_rule_waits_for_groups_that_are_created() {
    let declared = manifest().groups(&["New"]).rule("Fresh", "enabled; products=Windows*; groups=New,A");
    check(&declared, &live(), &["+ group[New] declared", "+ rule[Fresh] declared"]);
    let plan = plan_of(&declared, &live());
    assert_eq!(plan.steps[1].depends_on, [0]);
    let Operation::CreateRule { rule, .. } = &plan.steps[1].operation else { panic!() };
    assert_eq!(rule.products.as_ref().unwrap().len(), 3, "the pattern means products, not families");
    let unmade = live().missing(Procedure::CreateTargetGroup);
    check(
        &declared,
        &unmade,
        &["unsupported procedureMissing group[New]", "unsupported dependsOnUnsupported rule[Fresh]"],
    );
}

#[test]
fn unknown_references_are_errors() {
    check(&manifest().rule("R", "classifications=Driver"), &live(), &["error unknown-classification line 3"]);
    check(&manifest().rule("R", "products=Windows"), &live(), &["error unknown-product line 3"]);
    check(&manifest().rule("R", "products=Windoze/"), &live(), &["error unknown-product-family line 3"]);
    check(&manifest().rule("R", "groups=C"), &live(), &["error unknown-group line 3"]);
    let twice = live().rule("OLD", false, &[], &[]);
    check(&manifest().rule("Old", "disabled"), &twice, &["error ambiguous-rule line 2"]);
    check(&manifest().rule("Old", "disabled"), &live().replica(), &["error declared-on-replica line 2"]);
}

#[test]
fn an_enabled_rule_chooses_something() {
    let empty = manifest().rule("New", "enabled; groups=A");
    check(&empty, &live(), &["+ rule[New] declared", "blocker emptyRule rule[New]"]);
    let emptied = manifest().rule("Old", "classifications=; products=");
    check(&emptied, &live(), &["~ rule[Old] differs", "blocker emptyRule rule[Old]"]);
    check(&manifest().rule("New", "groups=A"), &live(), &["+ rule[New] declared"]);
}

/// Whoever moves from a tool where no groups meant all of them gets no rule that silently approves nothing.
#[test]
fn an_enabled_rule_approves_for_somebody() {
    let blocked = |change| [change, "blocker ruleForNobody rule[New]"];
    let (created, changed) = ("+ rule[New] declared", "~ rule[New] differs");
    check(&manifest().rule("New", "enabled; products=Windows 11"), &live(), &blocked(created));
    check(&manifest().rule("New", "disabled; products=Windows 11"), &live(), &[created]);
    let off = live().rule("New", false, &["Windows 11"], &[]);
    check(&manifest().rule("New", "enabled"), &off, &blocked(changed));
    check(&manifest().rule("New", "enabled; groups=A"), &off, &[changed]);
    let on = live().rule("New", true, &["Windows 11"], &["A"]);
    check(&manifest().rule("New", "groups="), &on, &blocked(changed));
    check(&manifest().rule("New", "disabled; groups="), &on, &[changed]);
    // What the server has so already stands in the way of nothing else.
    let idle = live().rule("New", true, &["Windows 11"], &[]);
    check(&manifest().rule("New", "deadline=none"), &idle, &[changed]);
}

#[test]
fn a_rule_for_all_computers_is_of_high_risk() {
    let all = |risky: &str, live: &Server, risk: bool| {
        let declared = manifest().rule("New", risky);
        let change = if live.snapshot.rules.as_ref().unwrap().all.len() > 1 {
            "~ rule[New] differs"
        } else {
            "+ rule[New] declared"
        };
        let blocked = [change, "blocker highRisk rule[New]"];
        check(&declared, live, if risk { &blocked } else { &blocked[..1] });
        check_allowing(&declared, live, &["high-risk"], &blocked[..1]);
    };
    let has = |enabled, categories: &[&str], groups: &[&str]| live().rule("New", enabled, categories, groups);
    all("enabled; products=Windows 11; groups=All Computers", &live(), true);
    all("disabled; products=Windows 11; groups=All Computers", &live(), false);
    all("enabled", &has(false, &["Drivers"], &["All Computers"]), true);
    all("groups=A,All Computers", &has(true, &["Drivers"], &["A"]), true);
    let on = has(true, &["Drivers", "Windows 11"], &["All Computers"]);
    all("disabled", &on, false);
    all("groups=A", &on, false);
    all("groups=A,All Computers", &on, false);
    all("products=", &on, true);
    all("products=Windows/", &on, true);
    all("deadline=none", &on, true);
    // Every classification becomes one of them.
    all("classifications=Drivers", &has(true, &["Windows 11"], &["All Computers"]), false);
}

#[test]
fn undeclared_rules_stay_unless_they_are_pruned() {
    let two = live().rule("Other", false, &[], &[]);
    check(&manifest(), &two, &[]);
    let pruning = |prune| manifest().rule("Old", "").prune(Kind::Rule, prune);
    check(&pruning(Prune::Never), &two, &[]);
    check(&pruning(Prune::Always), &two, &["- rule[Other] pruned"]);
    check(&pruning(Prune::Confirm), &two, &["- rule[Other] pruned", "blocker pruneConfirm rules"]);
    check_allowing(&pruning(Prune::Confirm), &two, &["rules.delete"], &["- rule[Other] pruned"]);
    check(&pruning(Prune::Always).ignore(&["rule[\"Oth*"]), &two, &[]);
    let all = manifest().prune(Kind::Rule, Prune::Always);
    check(&all, &live(), &["- rule[Old] pruned", "blocker pruneToEmpty rules"]);
    check(&all, &live().replica(), &[]);
}

#[test]
fn the_last_group_of_a_rule_is_not_pruned_silently() {
    let pruning = || manifest().groups(&["C"]).prune(Kind::Group, Prune::Always);
    let creation = "+ group[C] declared";
    check(
        &pruning(),
        &live(),
        &[creation, "- group[B] pruned", "- group[A] pruned", "blocker ruleWithoutGroups rule[Old]"],
    );
    check(&pruning().groups(&["A"]), &live(), &[creation, "- group[B] pruned"]);
    check(
        &pruning().rule("Old", "groups=C"),
        &live(),
        &[creation, "~ rule[Old] differs", "- group[B] pruned", "- group[A] pruned"],
    );
    // What a declared rule names stays, as what an approval names.
    let kept = "warning note group[A]";
    check(&pruning().rule("Old", "groups=A"), &live(), &[creation, "~ rule[Old] differs", "- group[B] pruned", kept]);
    let gone = pruning().prune(Kind::Rule, Prune::Always).rule("Other", "disabled");
    check(
        &gone,
        &live(),
        &[creation, "- rule[Old] pruned", "+ rule[Other] declared", "- group[B] pruned", "- group[A] pruned"],
    );
}

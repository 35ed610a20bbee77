//! What the reader says about `select`.

use chrono::Duration;

use super::{HEAD, problems, read_text, spec, spec_problems};
use crate::model::category::CategoryReference;
use crate::model::desired::UpdateReference;
use crate::model::selector::{Moment, NeededBy, Selector, Severity, UpdateType};

/// The selector of an approval.
fn selector(select: &str) -> Selector {
    let mut server = spec(&format!("  approvals: [{{select: {select}, groups: {{A: install}}}}]\n"));
    chosen(server.approvals.remove(0).update)
}

/// The selector of a decline.
fn declined(select: &str) -> Selector {
    let mut server = spec(&format!("  declines: [{{select: {select}}}]\n"));
    chosen(server.declines.remove(0).update)
}

fn chosen(update: UpdateReference) -> Selector {
    match update {
        UpdateReference::Select(selector) => *selector,
        other => panic!("{other:?}"),
    }
}

/// Problems of an approval's selector as codes.
fn wrong(select: &str) -> String {
    spec_problems(&format!("  approvals:\n    - select: {select}\n      groups: {{A: install}}\n")).replace(":6", "")
}

/// The detail and the help of the only problem of an approval's selector.
fn said(select: &str) -> (String, String) {
    let text = format!("{HEAD}spec:\n  approvals:\n    - select: {select}\n      groups: {{A: install}}\n");
    let problems = read_text(&text).1.0;
    assert_eq!(problems.len(), 1, "{select}: {problems:?}");
    (problems[0].detail.clone(), problems[0].help.concat())
}

#[test]
fn every_condition_is_read() {
    let select = selector(
        "{classifications: [Security Updates, {id: 0FA1201D-4330-4fa8-8ae9-b877473b6441}], products: ['Windows 1?', {family: Office*}, \
         {id: 0fa1201d-4330-4fa8-8ae9-b877473b6442}], title: '*x64*', severity: [Critical, Unspecified], kb: [kb5060526, KB123456], \
         updateType: DriverSet, arrivedWithin: 6w, arrivedBefore: 45m, createdAfter: '2026-01-01T00:00:00+01:00', \
         createdBefore: 12h, superseded: true, neededBy: {atLeast: 1, atMost: 3}}",
    );
    let titles = |references: &[crate::model::origin::Declared<CategoryReference>]| -> Vec<String> {
        references.iter().map(|reference| format!("{:?}", reference.value).chars().take(14).collect()).collect()
    };
    assert_eq!(titles(select.classifications.as_ref().unwrap()), ["Title(Glob { t", "Id(0fa1201d-43"]);
    assert_eq!(titles(select.products.as_ref().unwrap()), ["Title(Glob { t", "Family(Glob { ", "Id(0fa1201d-43"]);
    assert_eq!(select.title.unwrap().value.as_str(), "*x64*");
    assert_eq!(select.severity, Some(vec![Severity::Critical, Severity::Unspecified]));
    let kbs: Vec<String> = select.kb.unwrap().into_iter().map(|kb| kb.value).collect();
    assert_eq!(kbs, ["5060526", "123456"]);
    assert_eq!(select.update_type, Some(vec![UpdateType::DriverSet]));
    assert_eq!(select.arrived.from, Some(Moment::Ago(Duration::days(42))));
    assert_eq!(select.arrived.until, Some(Moment::Ago(Duration::minutes(45))));
    assert_eq!(select.created.from, Some(Moment::At("2025-12-31T23:00:00Z".parse().unwrap())));
    assert_eq!(select.created.until, Some(Moment::Ago(Duration::hours(12))));
    assert_eq!((select.superseded, select.expired, select.superseding_approved), (Some(true), None, None));
    assert_eq!(select.needed_by, Some(NeededBy { at_least: 1, at_most: Some(3) }));
}

#[test]
fn absent_conditions_are_absent_and_the_place_is_the_key() {
    let text = format!("{HEAD}spec:\n  approvals:\n    - groups: {{A: install}}\n      select:\n        title: '*'\n");
    let (mut servers, found) = read_text(&text);
    assert!(found.0.is_empty(), "{found:?}");
    let entry = servers.remove(0).approvals.remove(0);
    assert_eq!(entry.name, None);
    let select = chosen(entry.update);
    assert_eq!((select.origin.line, select.origin.column), (7, 7));
    assert_eq!(super::slice(&text, select.origin), "select");
    assert!(select.arrived.is_unbounded() && select.created.is_unbounded());
    assert!(select.classifications.is_none() && select.kb.is_none() && select.superseded.is_none());
}

#[test]
fn one_word_needs_no_list() {
    let select = selector("{severity: Low, kb: KB5060526, updateType: Driver}");
    assert_eq!(select.severity, Some(vec![Severity::Low]));
    assert_eq!(select.update_type, Some(vec![UpdateType::Driver]));
    assert_eq!(select.kb.unwrap().len(), 1);
}

#[test]
fn declines_ask_for_more() {
    let select = declined("{supersedingApproved: true, expired: false, neededBy: 0, arrivedBefore: 90d}");
    assert_eq!((select.superseding_approved, select.superseded, select.expired), (Some(true), Some(true), Some(false)));
    assert_eq!(select.needed_by, Some(NeededBy { at_least: 0, at_most: Some(0) }));
    let select = declined("{supersedingApproved: false, superseded: false}");
    assert_eq!((select.superseding_approved, select.superseded), (Some(false), Some(false)));
    assert_eq!(
        spec_problems("  declines: [{select: {superseded: false, supersedingApproved: true}}]\n"),
        "contradiction:5"
    );
    assert_eq!(wrong("{expired: false}"), "declines-only");
    assert_eq!(wrong("{supersedingApproved: true, title: x}"), "declines-only");
}

#[test]
fn an_entry_has_one_of_update_and_select() {
    assert_eq!(
        spec_problems("  approvals:\n    - groups: {A: install}\n      select: {title: x}\n      update: KB5060526\n"),
        "update-and-select:8"
    );
    assert_eq!(spec_problems("  approvals: [{groups: {A: install}}]\n"), "missing-key:5");
    assert_eq!(spec_problems("  declines: [{}]\n"), "missing-key:5");
    assert_eq!(spec_problems("  declines: [{select: {title: x}, update: KB5060526}]\n"), "update-and-select:5");
}

#[test]
fn lists() {
    for (select, expected) in [
        ("{}", "empty-select"),
        ("", "null"),
        ("[]", "wrong-type"),
        ("everything", "wrong-type"),
        ("{classifications: []}", "empty-list"),
        ("{products: [], kb: [], severity: [], updateType: []}", "empty-list empty-list empty-list empty-list"),
        ("{classifications: , products: ~, kb: null, severity: , title: }", "null null null null null"),
        ("{classifications: [~], kb: [null], severity: ['']}", "null null unknown-word"),
        ("{classifications: Security Updates}", "wrong-type"),
        ("{products: {id: 0fa1201d-4330-4fa8-8ae9-b877473b6441}}", "wrong-type"),
        ("{products: [[a]]}", "wrong-type"),
        ("{products: ['']}", "empty-name"),
        ("{products: [Windows 11, 'windows 11 ']}", "duplicate-item"),
        ("{products: [Windows 11, {family: Windows 11}]}", ""),
        ("{products: [{family: A}, {family: a}]}", "duplicate-item"),
        ("{severity: [Low, Critical, Low]}", "duplicate-item"),
        ("{kb: [KB5060526, kb5060526]}", "duplicate-item"),
        ("{kb: 5060526}", "bad-update"),
        ("{kb: [KB50, 7cb9e5a1-0000-4000-8000-000000000001]}", "bad-update bad-update"),
        ("{kb: {}}", "wrong-type"),
        ("{severity: critical}", "unknown-word"),
        ("{severity: [High]}", "unknown-word"),
        ("{updateType: [Drivers]}", "unknown-word"),
        ("{title: [x]}", "wrong-type"),
        ("{title: ''}", "empty-name"),
        ("{classification: [x]}", "unknown-key"),
        ("{title: x, title: y}", "duplicate-key"),
        ("{title: *x64*}", "unknown-anchor"),
    ] {
        assert_eq!(wrong(select), expected, "{select}");
    }
    assert_eq!(said("{classification: [x]}").1, "did you mean `classifications`?");
    assert_eq!(said("{products: Windows 11}").1, "write [Windows 11]");
    assert_eq!(said("{severity: critical}").1, "did you mean `Critical`?");
    assert_eq!(said("{updateType: Drivers}").1, "did you mean `Driver` or `DriverSet`?");
    // A question that repeats what was written helps nobody.
    assert!(
        said("{pr\u{43e}ducts: [x]}")
            .1
            .starts_with("did you mean `products`? it looks the same: what is written has U+043E")
    );
}

#[test]
fn categories() {
    for (product, expected) in [
        ("{}", "missing-key"),
        ("{id: }", "null"),
        ("{id: x}", "bad-id"),
        ("{id: 0fa1201d-4330-4fa8-8ae9-b877473b6441, family: x}", "contradiction"),
        ("{titel: x}", "unknown-key"),
        ("{family: ''}", "empty-name"),
        ("{family: [x]}", "wrong-type"),
        ("0fa1201d-4330-4fa8-8ae9-b877473b6441", "id-as-title"),
        ("Office 2003-2007-2010", ""),
        ("007", ""),
        ("no", ""),
        ("\u{1f600}", ""),
    ] {
        assert_eq!(wrong(&format!("{{products: [{product}]}}")), expected, "{product}");
    }
    assert_eq!(wrong("{classifications: [{family: Windows}]}"), "unknown-key");
    assert!(said("{classifications: [{family: Windows}]}").0.contains("classifications have none"));
}

#[test]
fn ages() {
    for right in ["1m", "3650d", "87600h", "5256000m", "521w", "007d", "'30d'", "\"12h\""] {
        assert_eq!(wrong(&format!("{{arrivedWithin: {right}}}")), "", "{right}");
    }
    for (age, help) in [
        ("30", "write 30d for days, 30h for hours"),
        ("30 d", "write 30d"),
        ("30D", "write 30d"),
        ("30 days", "write 30d"),
        ("2 Weeks", "write 2w"),
        ("-1d", "write 1d"),
        ("+1d", "write 1d"),
        ("0d", "write an age as 30d, 12h or 45m"),
        ("3651d", "write an age as 30d, 12h or 45m"),
        ("99999999999999999999d", "write an age as 30d, 12h or 45m"),
        ("9223372036854775807w", "write an age as 30d, 12h or 45m"),
        ("1e3d", "write an age as 30d, 12h or 45m"),
        ("1_000d", "write an age as 30d, 12h or 45m"),
        ("0x10d", "write an age as 30d, 12h or 45m"),
        ("1.5d", "write an age as 30d, 12h or 45m"),
        ("30s", "write an age as 30d, 12h or 45m"),
        ("P30D", "write an age as 30d, 12h or 45m"),
        ("--1d", "write an age as 30d, 12h or 45m"),
        ("d", "write an age as 30d, 12h or 45m"),
        ("\u{663}d", "write an age as 30d, 12h or 45m"),
        ("30\u{1f600}", "write an age as 30d, 12h or 45m"),
        ("\u{1f600}30d", "write an age as 30d, 12h or 45m"),
        ("''", "write an age as 30d, 12h or 45m"),
        ("no", "write an age as 30d, 12h or 45m"),
        ("2026-11-01T00:00:00Z", "write arrivedAfter: \"2026-11-01T00:00:00Z\""),
    ] {
        assert_eq!(wrong(&format!("{{arrivedWithin: {age}}}")), "bad-age", "{age}");
        assert_eq!(said(&format!("{{arrivedWithin: {age}}}")).1, help, "{age}");
    }
    assert_eq!(wrong("{createdWithin: , createdBefore: [1d]}"), "null wrong-type");
}

#[test]
fn moments() {
    for right in ["30d", "2026-11-01T00:00:00Z", "'2026-11-01 00:00:00.5+05:30'", "9999-12-31T00:00:00Z"] {
        assert_eq!(wrong(&format!("{{createdAfter: {right}}}")), "", "{right}");
    }
    let usual = "write an age as 30d, or a time as \"2026-11-01T00:00:00Z\"";
    for (time, code, help) in [
        ("2026-11-01", "bad-time", "write \"2026-11-01T00:00:00Z\""),
        ("2026-11-01T06:00:00", "bad-time", "if it is UTC, write \"2026-11-01T06:00:00Z\""),
        ("2026-11-01 06:00:00", "bad-time", "if it is UTC, write \"2026-11-01T06:00:00Z\""),
        ("1700-01-01T00:00:00Z", "bad-time", usual),
        ("2016-12-31T23:59:60Z", "bad-time", usual),
        ("2026-02-30", "bad-time", usual),
        ("yesterday", "bad-time", usual),
    ] {
        assert_eq!(wrong(&format!("{{createdAfter: {time}}}")), code, "{time}");
        assert_eq!(said(&format!("{{createdAfter: {time}}}")).1, help, "{time}");
    }
}

#[test]
fn periods() {
    for (select, expected) in [
        ("{arrivedWithin: 30d, arrivedBefore: 7d}", ""),
        ("{arrivedWithin: 7d, arrivedBefore: 30d}", "empty-period"),
        ("{arrivedAfter: 7d, arrivedBefore: 1w}", "empty-period"),
        ("{createdAfter: 2026-11-01T00:00:00Z, createdBefore: 2026-10-01T00:00:00Z}", "empty-period"),
        ("{createdAfter: 2026-11-01T00:00:00Z, createdBefore: 2026-11-01T01:00:00+01:00}", "empty-period"),
        ("{createdAfter: 2026-11-01T00:00:00Z, createdBefore: 30d}", ""),
        ("{arrivedWithin: 7d, createdBefore: 30d}", ""),
        ("{arrivedAfter: 30d, arrivedWithin: 30d}", "contradiction"),
        ("{arrivedAfter: x, arrivedWithin: 30d}", "bad-time contradiction"),
    ] {
        assert_eq!(wrong(select), expected, "{select}");
    }
}

#[test]
fn numbers_of_computers_and_truth_values() {
    for (select, expected) in [
        ("{neededBy: 0}", ""),
        ("{neededBy: 00}", ""),
        ("{neededBy: {atMost: 0}}", ""),
        ("{neededBy: 5}", "ambiguous-number"),
        ("{neededBy: -1}", "wrong-type"),
        ("{neededBy: 1.5}", "wrong-type"),
        ("{neededBy: 1_000}", "wrong-type"),
        ("{neededBy: 0x10}", "wrong-type"),
        ("{neededBy: \"0\"}", "wrong-type"),
        ("{neededBy: none}", "wrong-type"),
        ("{neededBy: }", "null"),
        ("{neededBy: {}}", "missing-key"),
        ("{neededBy: [0]}", "wrong-type"),
        ("{neededBy: 99999999999999999999}", "out-of-range"),
        ("{neededBy: {atLeast: 4294967296}}", "out-of-range"),
        ("{neededBy: {atLeast: 3, atMost: 2}}", "contradiction"),
        ("{neededBy: {least: 3}}", "unknown-key"),
        ("{superseded: no}", "wrong-type"),
        ("{superseded: \"true\"}", "wrong-type"),
        ("{superseded: }", "null"),
    ] {
        assert_eq!(wrong(select), expected, "{select}");
    }
    assert_eq!(said("{neededBy: 5}").1, "write {atLeast: 5} or {atLeast: 5, atMost: 5}");
}

#[test]
fn selectors_have_relative_deadlines_only() {
    let one = |value: &str| {
        spec_problems(&format!("  approvals:\n    - select: {{title: x}}\n      groups: {{A: {value}}}\n"))
    };
    for right in [
        "install",
        "uninstall",
        "notApproved",
        "inherit",
        "{action: install, optional: true}",
        "{action: install, deadline: none}",
        "{action: uninstall, deadline: {days: 7, at: '18:00Z'}}",
    ] {
        assert_eq!(one(right), "", "{right}");
    }
    assert_eq!(one("{action: install, deadline: 2026-12-01T18:00:00Z}"), "absolute-deadline:7");
    assert_eq!(one("{action: install, deadline: 2026-12-01T18:00:00}"), "bad-deadline:7");
    // Even where the conditions have problems of their own.
    let broken = "  approvals:\n    - select: {titel: x}\n      groups: {A: {action: install, deadline: 2026-12-01T18:00:00Z}}\n";
    assert_eq!(spec_problems(broken), "unknown-key:6 absolute-deadline:7");
}

#[test]
fn a_key_elsewhere_is_not_promised_for_later() {
    assert_eq!(problems(&format!("{HEAD}spec: {{groups: [{{name: A, select: {{}}}}]}}\n")), "unknown-key:4");
    let help = read_text(&format!("{HEAD}spec: {{groups: [{{name: A, select: {{}}}}]}}\n")).1.0[0].help.concat();
    assert!(help.starts_with("there are"), "{help}");
}

#[test]
fn a_condition_beside_select_is_sent_below_it() {
    let text = format!("{HEAD}spec: {{declines: [{{update: KB5060526, superseded: true}}]}}\n");
    let problem = read_text(&text).1.0.remove(0);
    assert_eq!(
        (problem.code, problem.help.concat()),
        ("unknown-key", "`superseded` is a condition: write select: {superseded: ...}".to_owned())
    );
}

#[test]
fn a_reference_stays_small() {
    // A manifest has a hundred thousand of them.
    assert!(size_of::<UpdateReference>() <= 208, "{}", size_of::<UpdateReference>());
}

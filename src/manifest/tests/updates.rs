//! `updates`: one approval of a list of references.

use super::{spec, spec_problems};
use crate::model::desired::UpdateReference;

const ID: &str = "0a1b2c3d-0000-4000-8000-000000000001";

#[test]
fn every_reference_of_a_list_is_an_entry_at_its_own_place() {
    let server = spec(&format!(
        "  approvals:\n    - name: June\n      updates:\n        - {ID}\n        - KB5060526\n        - {{kb: KB5060842, title: '*x64*', expect: 2}}\n      groups: {{A: install, B: notApproved}}\n      acceptLicense: true\n    - {{update: KB5044284, groups: {{A: install}}}}\n"
    ));
    // Messages name the item of the manifest's list.
    let items: Vec<usize> = server.approvals.iter().map(|entry| entry.item).collect();
    assert_eq!(items, [0, 0, 0, 1]);
    let [id, kb, narrowed, _] = server.approvals.as_slice() else { panic!("{:?}", server.approvals) };
    assert!(matches!(id.update, UpdateReference::Id(_)) && matches!(kb.update, UpdateReference::Kb(_)));
    assert!(matches!(&narrowed.update, UpdateReference::Kb(kb) if kb.expect.as_ref().is_some_and(|n| n.value == 2)));
    for (entry, line) in [(id, 8), (kb, 9), (narrowed, 10)] {
        assert_eq!((entry.origin.line, entry.groups.len(), entry.accept_license), (line, 2, true));
        assert_eq!(entry.name.as_deref(), Some("June"));
    }
}

#[test]
fn a_list_has_at_least_one_update_and_stands_alone() {
    for (entry, expected) in [
        ("updates: []", "no-updates:6"),
        ("updates: null", "null:6"),
        ("updates: KB5060526", "wrong-type:6"),
        ("updates: [5060526]", "bad-update:6"),
        ("updates: [KB5060526], update: KB5060526", "update-and-select:6"),
        ("updates: [KB5060526], select: {kb: KB5060526}", "update-and-select:6"),
        ("updates: [KB5060526, KB5060526]", "redundant-update:6"),
    ] {
        let spec = format!("  approvals:\n    - {{{entry}, groups: {{A: install}}}}\n");
        assert_eq!(spec_problems(&spec), expected, "{entry}");
    }
}

#[test]
fn references_of_a_list_are_compared_with_other_entries() {
    let spec = |first: &str, second: &str| {
        spec_problems(&format!(
            "  approvals:\n    - updates:\n        - KB5060526\n        - KB5060842\n      groups: {{A: {first}}}\n    - {{update: KB5060842, groups: {{A: {second}}}}}\n"
        ))
    };
    assert_eq!(spec("install", "install"), "redundant-approval:10");
    assert_eq!(spec("install", "notApproved"), "duplicate-approval:10");
    let declined = spec_problems(
        "  approvals:\n    - {updates: [KB5060526, KB5060842], groups: {A: install}}\n  declines: [KB5060842]\n",
    );
    assert_eq!(declined, "approved-and-declined:7");
}

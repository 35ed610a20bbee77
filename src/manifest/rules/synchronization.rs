//! Rules about what is synchronised.

use super::super::document::Document;
use super::super::problems::Problems;
use super::settings::says;
use crate::diagnostic::Diagnostic;

/// An upstream server decides what those below it synchronise.
///
/// Source: PoshWSUS assemblies: an error's name (grade B).
pub(super) fn below_an_upstream_server(document: &Document, problems: &mut Problems) {
    let Some(upstream) = says(document, "updateSource.from", "upstream") else { return };
    let written = &document.synchronization;
    let products = written.products.as_ref().map(|products| ("products", products.origin));
    let classifications = written.classifications.as_ref().map(|declared| ("classifications", declared.origin));
    for (key, origin) in products.into_iter().chain(classifications) {
        problems.push(
            Diagnostic::error("declared-below-upstream", "an upstream server chooses this")
                .detail(format!("the server is to have an upstream server, so its `{key}` cannot be declared"))
                .at(origin, "cannot be declared here")
                .and(upstream, "an upstream server")
                .help(format!("declare `{key}` for the upstream server and remove it here; `schedule` may stay")),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::{Diagnostics, Sources};
    use crate::manifest::{ReadLimits, read};
    use crate::model::category::CategoryReference;
    use crate::model::desired::Desired;
    use crate::model::synchronization::Schedule;

    fn read_spec(spec: &str) -> (Vec<Desired>, Diagnostics) {
        let text = format!(
            "apiVersion: wsusctl/v1alpha1\nkind: WsusServer\nmetadata: {{name: hq}}\nspec:\n  {}\n",
            spec.replace('\n', "\n  ")
        );
        read("hq.yaml", text.as_bytes(), &mut Sources::default(), &ReadLimits::default())
    }

    #[test]
    fn all_three_are_read_and_what_is_absent_stays_so() {
        let (servers, problems) = read_spec(
            "synchronization:\n  schedule: {firstAt: \"03:30Z\", perDay: 24}\n  \
             products: [Windows 11, {family: Office}, {id: 11111111-2222-3333-4444-555555555555}, \"Windows Server*\"]\n  \
             classifications: [Security Updates]",
        );
        assert!(problems.0.is_empty(), "{problems:?}");
        let synchronization = &servers[0].synchronization;
        assert_eq!(synchronization.schedule.as_ref().unwrap().value, Schedule::Daily { first_at: 12_600, per_day: 24 });
        let products = &synchronization.products.as_ref().unwrap().value;
        assert_eq!(products.len(), 4);
        assert!(matches!(products[1].value, CategoryReference::Family(_)));
        assert_eq!(synchronization.classifications.as_ref().unwrap().origin.line, 8);
        let (servers, _) = read_spec("synchronization: {schedule: manual}");
        let synchronization = &servers[0].synchronization;
        assert_eq!(synchronization.schedule.as_ref().unwrap().value, Schedule::Manual);
        assert!(synchronization.products.is_none() && synchronization.classifications.is_none());
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (spec, code) in [
            ("schedule: null", "null"),
            ("schedule: daily", "unknown-word"),
            ("schedule: [manual]", "wrong-type"),
            ("schedule: {firstAt: \"03:00Z\"}", "missing-key"),
            ("schedule: {perDay: 1}", "missing-key"),
            ("schedule: {firstAt: \"03:00\", perDay: 1}", "bad-time-of-day"),
            ("schedule: {firstAt: \"24:00Z\", perDay: 1}", "bad-time-of-day"),
            ("schedule: {firstAt: \"3:00Z\", perDay: 1}", "bad-time-of-day"),
            ("schedule: {firstAt: \"03:00Z\", perDay: 0}", "out-of-range"),
            ("schedule: {firstAt: \"03:00Z\", perDay: 25}", "out-of-range"),
            ("schedule: {firstAt: \"03:00Z\", perDay: 1, every: 2}", "unknown-key"),
            ("products: []", "empty-list"),
            ("products: null", "null"),
            ("products: Windows 11", "wrong-type"),
            ("products: [Windows 11, windows 11]", "duplicate-item"),
            ("products: [{name: Windows 11}]", "unknown-key"),
            ("products: [{id: 7}]", "bad-id"),
            ("classifications: [{family: Windows}]", "unknown-key"),
            ("classifications: []", "empty-list"),
            ("languages: [en]", "unknown-key"),
        ] {
            let problems = read_spec(&format!("synchronization: {{{spec}}}")).1;
            assert_eq!(problems.0.iter().map(|problem| problem.code).collect::<Vec<_>>(), [code], "{spec}");
            assert_eq!(problems.0[0].primary.as_ref().unwrap().origin.line, 5, "{spec}");
        }
    }

    #[test]
    fn below_an_upstream_server_only_the_schedule_can_be_declared() {
        let upstream = "updateSource: {from: {upstream: {server: a}}}\nsynchronization:";
        let problems = read_spec(&format!("{upstream} {{products: [A], classifications: [B]}}")).1;
        let codes: Vec<&str> = problems.0.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, ["declared-below-upstream"; 2]);
        assert!(read_spec(&format!("{upstream} {{schedule: manual}}")).1.0.is_empty());
    }
}

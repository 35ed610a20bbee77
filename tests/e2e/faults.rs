//! Whatever breaks, wherever: what is left is a server from which a second apply converges.

use std::fs;

use crate::lab::Lab;

/// Every kind of step: groups made and deleted, computers moved, licences, approvals of every sort, a decline, a
/// reinstatement.
const SPEC: &str = r#"
  groups:
    - name: Workstations
      groups:
        - {name: Ring 0 - IT, computers: [pc-001.contoso.com, pc-002.contoso.com, pc-003.contoso.com, pc-004.contoso.com]}
        - {name: Ring 1 - Pilot, computers: ["pilot-*.contoso.com"]}
        - {name: Ring 2 - Broad}
        - name: Ring 3 - Late
          computers: [pc-030.contoso.com]
          groups:
            - {name: Ring 4 - Last, computers: [pc-028.contoso.com]}
    - name: Servers
      groups: [{name: Domain Controllers}, {name: SQL Servers}]
    - name: Kiosks
    - name: Zweigstelle München
  approvals:
    - update: {kb: KB5060842, title: "*Windows 11*24H2*x64*"}
      groups:
        Ring 0 - IT: inherit
        Ring 4 - Last: {action: install, deadline: {days: 3, at: "18:00Z"}}
    - update: KB5044284
      groups: {Ring 1 - Pilot: install}
    - update: KB5048239
      acceptLicense: true
      groups: {Servers: install}
  declines:
    - update: KB5055555
  management:
    prune: {groups: always}
"#;

/// Reinstates one declined update, too.
fn spec(lab: &Lab) -> String {
    let declined = lab.text(
        "SELECT u.UpdateID FROM tbUpdate u JOIN tbRevision r ON r.LocalUpdateID = u.LocalUpdateID
         JOIN tbKBArticleForRevision k ON k.RevisionID = r.RevisionID WHERE k.KBArticleID = '5040442' LIMIT 1",
    );
    SPEC.replace(
        "  declines:\n",
        &format!("    - update: {declined}\n      groups: {{Ring 0 - IT: install}}\n  declines:\n"),
    )
}

/// A pristine lab and what it is made from, so that each run begins with the same server without seeding anew.
struct Bench {
    template: Lab,
    spec: String,
}

impl Bench {
    fn new() -> Self {
        let template = Lab::new("demo");
        let spec = spec(&template);
        Self { template, spec }
    }

    fn lab(&self) -> Lab {
        let lab = Lab::empty();
        fs::copy(self.template.path("lab.db"), lab.path("lab.db")).unwrap();
        lab.manifest(&self.spec);
        lab
    }

    /// Applies with a fault and expects one of these ends, then applies twice without it.
    fn run(&self, fault: &str, ends: &[i32]) {
        let lab = self.lab();
        let server = format!("sandbox:lab.db?{fault}");
        let faulty = lab.run(&["apply", "-f", "lab.yaml", "--yes", "--server", &server]);
        assert!(ends.contains(&faulty.status), "{fault}: {faulty:?}");
        match faulty.status {
            0 => {}
            status => {
                let clean = status != 1 || lab.writes() == 0;
                assert!(clean, "{fault}: exit 1, and something was written: {faulty:?}");
                lab.apply().expect_status(0);
            }
        }
        let writes = lab.writes();
        lab.apply().expect_status(0).expect_out("No differences");
        assert_eq!(lab.writes(), writes, "{fault}: the last apply wrote");
    }
}

/// Numbers of statements from the first to the one that an undisturbed apply does not reach any more.
fn statements(bench: &Bench) -> u64 {
    let reaches = |n: u64| {
        let lab = bench.lab();
        let server = format!("sandbox:lab.db?raise=50000@{n}");
        lab.run(&["apply", "-f", "lab.yaml", "--yes", "--server", &server]).status != 0
    };
    let mut last = 8;
    while reaches(last * 2) {
        last *= 2;
    }
    let (mut low, mut high) = (last, last * 2);
    while low + 1 < high {
        let middle = low.midpoint(high);
        if reaches(middle) { low = middle } else { high = middle }
    }
    assert!(low > 30, "an apply of everything takes more than {low} statements");
    low
}

fn at_every_statement(ends: &[i32], fault: impl Fn(u64) -> String + Sync) {
    let bench = Bench::new();
    let last = statements(&bench);
    std::thread::scope(|scope| {
        for start in [1, 2] {
            let (bench, fault) = (&bench, &fault);
            scope.spawn(move || {
                for n in (start..=last + 1).step_by(2) {
                    bench.run(&fault(n), ends);
                }
            });
        }
    });
}

#[test]
fn a_connection_cut_before_every_statement() {
    at_every_statement(&[0], |n| format!("drop-before={n}"));
}

#[test]
fn a_connection_cut_after_every_statement() {
    at_every_statement(&[0], |n| format!("drop-after={n}"));
}

#[test]
fn a_deadlock_at_every_statement() {
    at_every_statement(&[0], |n| format!("raise=1205@{n}"));
}

#[test]
fn an_error_at_every_statement() {
    at_every_statement(&[0, 1, 7], |n| format!("raise=50000@{n}"));
}

//! Whatever breaks, wherever: what is left is a server from which a second apply converges.

use std::fs;
use std::sync::OnceLock;

use crate::lab::Lab;

/// Every kind of step: settings saved, groups made and deleted, computers moved, licences, approvals of every sort, a decline, a
/// reinstatement.
const SPEC: &str = r#"
  updateFiles: {express: true, languages: [en, de]}
  logging: {level: verbose}
  cleanup: {computerDays: 45}
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

/// What counts of a server's state, without ids and times that no two runs share.
const STATE: &str = "
    SELECT 'group ' || g.Name || ' in ' || IFNULL(p.Name, 'nothing') FROM tbTargetGroup g
      LEFT JOIN tbTargetGroup p ON p.TargetGroupID = g.ParentGroupID
    UNION ALL
    SELECT 'member ' || c.FullDomainName || ' of ' || g.Name FROM tbTargetInTargetGroup m
      JOIN tbComputerTarget c ON c.TargetID = m.TargetID JOIN tbTargetGroup g ON g.TargetGroupID = m.TargetGroupID
    UNION ALL
    SELECT 'deployment of ' || d.RevisionID || ' for ' || g.Name || ' action ' || d.ActionID || ' assigned ' || d.IsAssigned
      || ' by ' || IFNULL(d.Deadline, 'no time') FROM tbDeployment d
      JOIN tbTargetGroup g ON g.TargetGroupID = d.TargetGroupID
    UNION ALL
    SELECT 'declined ' || UpdateID FROM tbUpdate WHERE IsHidden = 1
    UNION ALL
    SELECT 'license ' || EulaID FROM tbEulaAcceptance
    UNION ALL
    SELECT 'language ' || ShortLanguage FROM tbLanguage WHERE Enabled = 1
    UNION ALL
    SELECT 'setting ' || LogLevel || ' ' || DownloadExpressPackages || ' ' || value
      FROM tbConfigurationB, tbConfigurationC, sandbox_unplaced WHERE name = 'ComputerDeletionTimeThreshold'
    ORDER BY 1";

/// A pristine lab, and the state that an undisturbed apply of everything makes of it. Any other way has to end in the
/// same state: that says more than another look by the program itself, and costs nothing.
struct Bench {
    template: Lab,
    spec: String,
    goal: Vec<String>,
    /// The state before.
    pristine: Vec<String>,
    /// Statements of the undisturbed apply.
    statements: u64,
}

impl Bench {
    /// The one bench of all tests here.
    fn get() -> &'static Self {
        static BENCH: OnceLock<Bench> = OnceLock::new();
        BENCH.get_or_init(|| {
            let template = Lab::new("demo");
            let spec = spec(&template);
            let pristine = template.texts(STATE);
            let mut bench = Self { template, spec, goal: Vec::new(), pristine, statements: 0 };
            let lab = bench.lab();
            lab.apply_twice();
            bench.goal = lab.texts(STATE);
            assert!(bench.goal.iter().any(|line| line.starts_with("group Ring 4 - Last in Ring 3 - Late")));
            bench.statements = statements(&bench);
            bench
        })
    }

    fn lab(&self) -> Lab {
        let lab = Lab::empty();
        fs::copy(self.template.path("lab.db"), lab.path("lab.db")).unwrap();
        lab.manifest(&self.spec);
        lab
    }

    /// Applies with a fault and expects one of these ends, then applies without it where something is left to do.
    fn run(&self, fault: &str, ends: &[i32]) {
        let lab = self.lab();
        let server = format!("sandbox:lab.db?{fault}");
        let faulty = lab.run(&["apply", "-f", "lab.yaml", "--yes", "--server", &server]);
        assert!(ends.contains(&faulty.status), "{fault}: {faulty:?}");
        if faulty.status != 0 && lab.writes() == 0 {
            // As pristine as the template, from which an undisturbed apply reaches the goal.
            assert_eq!(lab.texts(STATE), self.pristine, "{fault}: {faulty:?}");
            return;
        }
        if faulty.status != 0 {
            assert_ne!(faulty.status, 1, "{fault}: exit 1, and something was written: {faulty:?}");
            let again = lab.apply();
            assert_eq!(again.status, 0, "{fault}: {again:?}\nafter {faulty:?}");
        }
        assert_eq!(lab.texts(STATE), self.goal, "{fault}: {faulty:?}");
    }
}

/// Finds the last statement of an undisturbed apply: an error at any later one is never raised.
fn statements(bench: &Bench) -> u64 {
    let reaches = |n: u64| {
        let lab = bench.lab();
        let server = format!("sandbox:lab.db?raise=50000@{n}");
        lab.run(&["apply", "-f", "lab.yaml", "--yes", "--server", &server]).status != 0
    };
    // What a plan's changes come to is read before, and a plan without it is still carried out.
    let (mut low, mut high) = (80, 160);
    assert!(reaches(low) && !reaches(high), "an apply of everything takes from {low} to {high} statements");
    while low + 1 < high {
        let middle = low.midpoint(high);
        if reaches(middle) { low = middle } else { high = middle }
    }
    low
}

fn at_every_statement(ends: &[i32], fault: impl Fn(u64) -> String) {
    let bench = Bench::get();
    for n in 1..=bench.statements + 1 {
        bench.run(&fault(n), ends);
    }
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

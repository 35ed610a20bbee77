//! The same from manifests as users write them: the reader and the planner agree about meaning and places.

use wsusctl::diagnostic::Sources;
use wsusctl::manifest::{ReadLimits, read};

use crate::check::{check, plan_of};
use crate::desired::{Manifest, manifest};
use crate::snapshot::{Server, server, uid};

/// A manifest whose `spec` is this text, indented by two.
fn spec(text: &str) -> Manifest {
    let document = format!(
        "apiVersion: wsusctl/v1alpha1\nkind: WsusServer\nmetadata:\n  name: contoso-hq\nspec:\n{}",
        text.lines().map(|line| format!("  {line}\n")).collect::<String>()
    );
    let (mut servers, diagnostics) =
        read("test.yaml", document.as_bytes(), &mut Sources::default(), &ReadLimits::default());
    assert!(!diagnostics.has_errors(), "{diagnostics:#?}");
    let mut result = manifest();
    result.desired = servers.remove(0);
    result
}

fn live() -> Server {
    server()
        .groups(&["Workstations", "Servers"])
        .computer(1, "pilot-1.contoso.com", &["Servers"])
        .computer(2, "pilot-91.contoso.com", &[])
        .update("u1", "5060526")
        .update("u2", "5055555")
        .approved("u2", "Servers", "install")
}

#[test]
fn a_manifest_of_everything() {
    let declared = spec(
        r#"groups:
  - name: Workstations
    groups:
      - name: Ring 1 - Pilot
        computers: ["pilot-*.contoso.com", pc-001.contoso.com]
        except: ["pilot-9*.contoso.com"]
  - name: Servers
approvals:
  - update: KB5060526
    groups:
      Servers: {action: install, deadline: "2026-12-01T18:00:00Z"}
      Ring 1 - Pilot: {action: install, deadline: {days: 7, at: "18:00Z"}}
      Unassigned Computers: {action: install, optional: true}
declines:
  - update: KB5055555"#,
    );
    check(
        &declared,
        &live(),
        &[
            "+ group[Ring 1 - Pilot] declared parent=Workstations",
            "~ membership[pilot-1.contoso.com] declared groups: [Servers] -> [Ring 1 - Pilot]",
            "+ approval[u1][Servers] declared action=install deadline=2026-12-01T18:00:00Z",
            "+ approval[u1][Unassigned Computers] declared action=install",
            "+ approval[u1][Ring 1 - Pilot] declared action=install deadline={at=18:00Z, days=7}",
            "+ decline[u2] declared",
            "pending unknownComputer membership[pc-001.contoso.com]",
        ],
    );
}

#[test]
fn changes_know_their_lines() {
    let declared = spec("groups:\n  - name: New\napprovals:\n  - update: KB5060526\n    groups: {Servers: install}");
    let plan = plan_of(&declared, &live());
    let lines: Vec<u32> = plan.changes.iter().map(|change| change.origin.unwrap().line).collect();
    assert_eq!(lines, [7, 10]);
}

#[test]
fn errors_know_their_lines() {
    check(
        &spec(
            "approvals:\n  - update: {kb: KB5060526, expect: 3}\n    groups: {Severs: install}\ndeclines:\n  - update: KB1000000",
        ),
        &live(),
        &["error unexpected-count line 7", "error unknown-group line 8", "error unknown-kb line 10"],
    );
}

#[test]
fn management_is_read_and_kept_to() {
    let declared = spec(
        r#"groups:
  - name: Workstations
management:
  prune: {groups: confirm, approvals: always, declines: never}
  limits: {deletePercent: 50, minimum: 2}
  ignore: ['approval[*]["Workstations"]']"#,
    );
    check(
        &declared,
        &live().approved("u1", "Workstations", "install").declined("u3", "1"),
        &[
            "- group[Servers] pruned",
            "blocker pruneConfirm groups (groups.delete)",
            "blocker pruneToEmpty approvals (empty)",
        ],
    );
}

#[test]
fn an_update_by_id_and_its_licence() {
    let live = server().groups(&["Servers"]).update_with("u1", "100", |update| {
        update.license = wsusctl::model::snapshot::License::Pending(uid("l1"));
    });
    let id = uid("u1");
    let text = |key: &str| format!("approvals:\n  - update: {id}\n    groups: {{Servers: install}}\n{key}");
    check(
        &spec(&text("")),
        &live,
        &["+ approval[u1][Servers] declared action=install", "blocker license approval[u1][Servers] (no permission)"],
    );
    check(
        &spec(&text("    acceptLicense: true")),
        &live,
        &["+ approval[u1][Servers] declared action=install license=accepted"],
    );
}

#[test]
fn spaces_at_the_end_of_names_are_nobodys() {
    let declared = spec(
        r#"groups:
  - name: "Workstations  "
    computers: ["pilot-1.contoso.com "]
  - name: "New "
approvals:
  - update: KB5060526
    groups: {"new ": install}"#,
    );
    check(
        &declared,
        &live(),
        &[
            "+ group[New] declared",
            "+ membership[pilot-1.contoso.com] declared groups=[Workstations]",
            "+ approval[u1][New] declared action=install",
        ],
    );
}

#[test]
fn the_order_of_lists_and_keys_does_not_matter() {
    let one = spec(
        r#"groups:
  - name: Workstations
    groups:
      - name: Ring 1
        computers: ["pilot-*.contoso.com", pilot-91.contoso.com]
  - name: Servers
approvals:
  - update: KB5060526
    groups: {Servers: install, ring 1: {action: install, deadline: {days: 7, at: "18:00Z"}}}
  - {update: aaaa0000-0000-0000-0000-000000000001, groups: {Servers: install}, acceptLicense: true}
declines: [{update: KB5055555}]"#,
    );
    let other = spec(
        r#"declines: [{update: KB5055555}]
approvals:
  - {acceptLicense: true, groups: {servers: install}, update: AAAA0000-0000-0000-0000-000000000001}
  - groups: {Ring 1: {deadline: {at: "18:00Z", days: 7}, action: install}, SERVERS: install}
    update: kb5060526
groups:
  - name: Servers
  - groups:
      - computers: [pilot-91.contoso.com, "pilot-*.contoso.com"]
        name: Ring 1
    name: Workstations"#,
    );
    let (mut one, mut other) = (plan_of(&one, &live()), plan_of(&other, &live()));
    assert_eq!(one.digest(), other.digest());
    for plan in [&mut one, &mut other] {
        assert_eq!(plan.changes.len(), 6);
        plan.changes.iter_mut().for_each(|change| change.origin = None);
    }
    assert_eq!((one.changes, one.steps, one.summary), (other.changes, other.steps, other.summary));
}

#[test]
fn what_has_no_approval_of_its_own_may_be_declined() {
    let declared =
        spec("approvals:\n  - {update: KB5055555, groups: {Servers: inherit}}\ndeclines: [{update: KB5055555}]");
    check(&declared, &live(), &["+ decline[u2] declared"]);
}

//! Somebody changes one thing on the server: `diff` shows exactly that, `apply` puts it back.

use crate::lab::Lab;

const SPEC: &str = r#"
  groups:
    - name: Workstations
      groups:
        - {name: Ring 0 - IT, computers: [pc-001.contoso.com, pc-002.contoso.com, pc-003.contoso.com]}
        - {name: Ring 1 - Pilot, computers: ["pilot-0*.contoso.com"]}
        - {name: Ring 9 - Empty}
    - name: Kiosks
  approvals:
    - update: {kb: KB5060842, title: "*Windows 11*24H2*x64*", expect: 1}
      groups:
        Ring 0 - IT: install
        Ring 1 - Pilot: {action: install, deadline: "2031-01-31T18:00:00Z"}
        Kiosks: notApproved
    - update: KB5044284
      groups:
        Ring 0 - IT: {action: install, optional: true}
    - update: KB5053656
      groups:
        Ring 1 - Pilot: {action: uninstall, deadline: {days: 7, at: "18:00Z"}}
  declines:
    - update: KB5055555
"#;

/// The deployment of a KB for a group, as a condition.
fn deployment(kb: &str, group: &str) -> String {
    format!(
        "RevisionID IN (SELECT RevisionID FROM tbKBArticleForRevision WHERE KBArticleID = '{kb}')
         AND TargetGroupID = (SELECT TargetGroupID FROM tbTargetGroup WHERE Name = '{group}') AND ActionID IN (0, 1, 3)"
    )
}

fn update_of(kb: &str) -> String {
    format!(
        "LocalUpdateID IN (SELECT LocalUpdateID FROM tbRevision WHERE RevisionID IN
         (SELECT RevisionID FROM tbKBArticleForRevision WHERE KBArticleID = '{kb}'))"
    )
}

fn lab() -> Lab {
    let lab = Lab::new("demo");
    lab.manifest(SPEC).apply_twice();
    lab
}

/// Edits, expects exactly this change and exit status 2, puts it back, and expects no difference.
#[track_caller]
fn one_change(lab: &Lab, edit: &str, action: &str, kind: &str, field: Option<&str>) {
    lab.sql(edit);
    lab.diff().expect_status(2);
    let plan = lab.plan();
    let changes = plan["servers"][0]["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{edit}: {changes:#?}");
    assert_eq!((&changes[0]["action"], &changes[0]["kind"]), (&action.into(), &kind.into()), "{edit}: {changes:#?}");
    if let Some(field) = field {
        let fields: Vec<&str> =
            changes[0]["fields"].as_array().unwrap().iter().map(|field| field["path"].as_str().unwrap()).collect();
        assert_eq!(fields, [field], "{edit}: {changes:#?}");
    }
    lab.apply_twice();
    lab.diff().expect_status(0);
}

#[test]
fn an_approvals_action_deadline_assignment_and_revision() {
    let lab = lab();
    let pilot = deployment("5060842", "Ring 1 - Pilot");
    let ring0 = deployment("5060842", "Ring 0 - IT");
    one_change(
        &lab,
        &format!("UPDATE tbDeployment SET ActionID = 1 WHERE {ring0}"),
        "modify",
        "approval",
        Some("action"),
    );
    one_change(
        &lab,
        &format!("UPDATE tbDeployment SET Deadline = '2031-02-01 18:00:00.000' WHERE {pilot}"),
        "modify",
        "approval",
        Some("deadline"),
    );
    one_change(
        &lab,
        &format!("UPDATE tbDeployment SET Deadline = NULL WHERE {pilot}"),
        "modify",
        "approval",
        Some("deadline"),
    );
    one_change(
        &lab,
        &format!("UPDATE tbDeployment SET IsAssigned = 0 WHERE {ring0}"),
        "modify",
        "approval",
        Some("optional"),
    );
    let blocked = deployment("5060842", "Kiosks");
    one_change(
        &lab,
        &format!("UPDATE tbDeployment SET IsAssigned = 0 WHERE {blocked}"),
        "modify",
        "approval",
        Some("optional"),
    );
    let optional = deployment("5044284", "Ring 0 - IT");
    one_change(
        &lab,
        &format!("UPDATE tbDeployment SET IsAssigned = 1 WHERE {optional}"),
        "modify",
        "approval",
        Some("optional"),
    );
    one_change(
        &lab,
        &format!(
            "UPDATE tbDeployment SET RevisionID = (SELECT MIN(r.RevisionID) FROM tbRevision r WHERE {}) WHERE {optional}",
            update_of("5044284")
        ),
        "modify",
        "approval",
        Some("revision"),
    );
    let relative = deployment("5053656", "Ring 1 - Pilot");
    one_change(
        &lab,
        &format!("UPDATE tbDeployment SET Deadline = datetime(Deadline, '-1 hour') || '.000' WHERE {relative}"),
        "modify",
        "approval",
        Some("deadline"),
    );
}

#[test]
fn a_deleted_approval_membership_and_empty_group() {
    let lab = lab();
    let kiosks = deployment("5060842", "Kiosks");
    one_change(&lab, &format!("DELETE FROM tbDeployment WHERE {kiosks}"), "create", "approval", None);
    let of = |name: &str| format!("TargetID = (SELECT TargetID FROM tbComputerTarget WHERE FullDomainName = '{name}')");
    let pc = of("pc-001.contoso.com");
    one_change(&lab, &format!("DELETE FROM tbTargetInTargetGroup WHERE {pc}"), "create", "membership", None);
    let pilot = of("pilot-02.contoso.com");
    one_change(
        &lab,
        &format!(
            "UPDATE tbTargetInTargetGroup SET TargetGroupID = (SELECT TargetGroupID FROM tbTargetGroup WHERE Name = 'Kiosks')
             WHERE {pilot}"
        ),
        "modify",
        "membership",
        None,
    );
    one_change(&lab, "DELETE FROM tbTargetGroup WHERE Name = 'Ring 9 - Empty'", "create", "group", None);
}

#[test]
fn a_declined_flag() {
    let lab = lab();
    let declined = update_of("5055555");
    one_change(&lab, &format!("UPDATE tbUpdate SET IsHidden = 0 WHERE {declined}"), "create", "decline", None);
}

#[test]
fn a_group_renamed_is_a_creation() {
    let lab = lab();
    lab.sql("UPDATE tbTargetGroup SET Name = 'Ring 8' WHERE Name = 'Ring 9 - Empty'");
    let plan = lab.plan();
    let changes = plan["servers"][0]["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{changes:#?}");
    assert_eq!(changes[0]["address"], "group[\"Ring 9 - Empty\"]");
    lab.apply_twice();
    assert_eq!(lab.number("SELECT COUNT(*) FROM tbTargetGroup WHERE Name IN ('Ring 8', 'Ring 9 - Empty')"), 2);
}

#[test]
fn a_group_moved_is_unsupported() {
    let lab = lab();
    lab.sql(
        "UPDATE tbTargetGroup SET ParentGroupID = (SELECT TargetGroupID FROM tbTargetGroup WHERE Name = 'Kiosks')
         WHERE Name = 'Ring 9 - Empty'",
    );
    let writes = lab.writes();
    lab.diff().expect_status(2).expect_out("Ring 9 - Empty");
    let plan = lab.plan();
    assert_eq!(plan["servers"][0]["changes"].as_array().unwrap().len(), 0);
    assert_eq!(plan["servers"][0]["unsupported"][0]["address"], "group[\"Ring 9 - Empty\"]");
    lab.apply().expect_status(2);
    lab.run(&["apply", "-f", "lab.yaml", "--yes", "--allow", "unsupported"]).expect_status(0);
    assert_eq!(lab.writes(), writes);
}

#[test]
fn what_nobody_declared_is_neither_shown_nor_touched() {
    let lab = lab();
    let others = deployment("5058499", "Ring 0 - IT");
    lab.sql(&format!("UPDATE tbDeployment SET IsAssigned = 1 WHERE {others}"));
    lab.sql("UPDATE tbTargetGroup SET Name = 'New Pilot' WHERE Name = 'Old Pilot'");
    lab.diff().expect_status(0);
}

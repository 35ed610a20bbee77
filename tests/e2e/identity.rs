//! The server's id: whoever has neither the new nor the old one is another server, and a new one changes alone.

use crate::lab::{Lab, Ran};

const OLD: &str = "3f0e6d3c-6f5e-4c55-9a53-6a3f1f6d5a11";
const NEW: &str = "7b1f0c5e-9c0e-4a53-8a58-1c2d3e4f5a6b";

fn lab(more: &str) -> Lab {
    let lab = Lab::new("demo");
    lab.manifest(&format!("  identity: {{serverId: {NEW}, replaces: {OLD}}}\n{more}"));
    lab
}

fn id(lab: &Lab) -> String {
    lab.text("SELECT ServerID FROM tbConfigurationA").to_lowercase()
}

fn apply(lab: &Lab, query: &str) -> Ran {
    lab.run(&[
        "apply",
        "-f",
        "lab.yaml",
        "--yes",
        "--allow",
        "high-risk",
        "--server",
        &format!("sandbox:lab.db{query}"),
    ])
}

#[test]
fn the_id_changes_once_and_nothing_else_of_the_row_does() {
    let lab = lab("");
    let shown = lab.refused(2, 4);
    shown.expect_out("identity.serverId").expect_out(NEW).expect_out("--allow high-risk");
    for follows in ["wsusutil postinstall", "computers authorise anew", "downstream servers register anew"] {
        shown.expect_err(follows);
    }
    assert_eq!(id(&lab), OLD);
    let settings = "SELECT group_concat(LogLevel || MUUrl) || (SELECT group_concat(value) FROM sandbox_unplaced
         WHERE name <> 'ConfigurationChangeNumber') FROM tbConfigurationB";
    let before = lab.text(settings);
    apply(&lab, "").expect_status(0).expect_out("1 modified");
    assert_eq!((id(&lab).as_str(), lab.text(settings)), (NEW, before));
    let writes = lab.writes();
    lab.apply().expect_status(0).expect_out("No differences");
    lab.diff().expect_status(0);
    assert_eq!(lab.writes(), writes);
}

#[test]
fn another_server_is_neither() {
    let lab = lab("  groups: [{name: New}]\n");
    lab.sql("UPDATE tbConfigurationA SET ServerID = '11111111-2222-3333-4444-555555555555'");
    lab.refused(4, 4).expect_err(NEW).expect_err(OLD).expect_err("lab.yaml:6").expect_err("11111111");
}

#[test]
fn what_else_differs_waits_for_the_next_run() {
    let lab = lab("  logging: {level: verbose}\n  groups: [{name: New}]\n");
    lab.diff().expect_status(2).expect_out("2 other differences wait for the next run");
    let ran = apply(&lab, "");
    ran.expect_status(2).expect_out("it has its new id. 2 other differences wait").expect_out("Run apply again");
    assert_eq!((id(&lab).as_str(), lab.number("SELECT COUNT(*) FROM tbTargetGroup WHERE Name = 'New'")), (NEW, 0));
    lab.apply_twice();
    assert_eq!((id(&lab).as_str(), lab.number("SELECT COUNT(*) FROM tbTargetGroup WHERE Name = 'New'")), (NEW, 1));
}

/// Neither a rule nor a synchronisation belongs into the run that changes the id: both are refused before anything is done.
#[test]
fn nothing_else_is_run_with_a_change_of_the_id() {
    let lab = lab("");
    let with = |lab: &Lab, more: &[&str]| {
        lab.run(&[&["apply", "-f", "lab.yaml", "--yes", "--allow", "high-risk"], more].concat())
    };
    for more in [["--run-rules", "Defender definitions"].as_slice(), &["--sync-categories"]] {
        let ran = with(&lab, more);
        ran.expect_status(4).expect_err("the server's id changes alone in its run").expect_err(more[0]);
        assert_eq!((id(&lab).as_str(), lab.writes()), (OLD, 0), "{more:?}");
    }
    apply(&lab, "").expect_status(0);
    with(&lab, &["--run-rules", "Defender definitions", "--sync-categories"]).expect_status(0);
}

#[test]
fn the_id_of_a_downstream_server_is_refused() {
    let lab = lab("");
    lab.sql(&format!(
        "UPDATE tbDownstreamServerTarget SET AccountServerID = '{}' WHERE TargetID = (SELECT MIN(TargetID) FROM
         tbDownstreamServerTarget)",
        NEW.to_uppercase()
    ));
    apply(&lab, "").expect_status(4).expect_out("branch01.contoso.com [identityKnown]");
    assert_eq!((id(&lab).as_str(), lab.writes()), (OLD, 0));
}

#[test]
fn a_server_that_cannot_save_it_says_so() {
    let lab = lab("  groups: [{name: New}]\n");
    let ran = apply(&lab, "?variant=spSetConfiguration:without=@ServerId");
    ran.expect_status(2).expect_out("no parameter for ServerId").expect_out("$c.ServerId = 'NEW'");
    assert_eq!((id(&lab).as_str(), lab.number("SELECT COUNT(*) FROM tbTargetGroup WHERE Name = 'New'")), (OLD, 1));
    let ignored = apply(&lab, "?variant=spSetConfiguration:ignores=@ServerId");
    ignored.expect_status(7).expect_out(OLD).expect_out(NEW);
}

#[test]
fn a_connection_that_is_lost_round_the_save_changes_nothing_else() {
    let seed = Lab::new("empty");
    let old = id(&seed);
    let mut lost = 0;
    for statement in 22..36 {
        let lab = Lab::empty();
        std::fs::copy(seed.path("lab.db"), lab.path("lab.db")).unwrap();
        lab.manifest(&format!("  identity: {{serverId: {NEW}, replaces: {old}}}\n  groups: [{{name: New}}]\n"));
        let ran = apply(&lab, &format!("?drop-after={statement}"));
        ran.expect_status(2).expect_out("1 other difference waits");
        lost += usize::from(ran.err.contains("The connection was lost"));
        let new = lab.number("SELECT COUNT(*) FROM tbTargetGroup WHERE Name = 'New'");
        assert_eq!((id(&lab).as_str(), new), (NEW, 0), "{statement}: {ran:?}");
    }
    assert!(lost > 3, "{lost}");
}

//! Ctrl-C and worse: what is left is a server from which the next apply goes on.

use std::time::Duration;

use crate::lab::{Lab, Running};

/// Enough steps that a run can be met in the middle of them.
const SPEC: &str = "  groups:
    - name: New
      computers: ['pc-02*.contoso.com']
      groups: [{name: Newer}, {name: Newest, computers: ['kiosk-*']}]
  approvals:
    - {update: KB5060842, groups: {New: install, Newer: install, Newest: notApproved}}
";

fn lab() -> Lab {
    let lab = Lab::new("demo");
    lab.manifest(SPEC);
    lab
}

fn slow_apply(lab: &Lab, delay: u32) -> Running {
    let server = format!("sandbox:lab.db?delay={delay}");
    Running::start(lab.command(&["apply", "-f", "lab.yaml", "--yes", "--server", &server]))
}

#[test]
fn the_first_ctrl_c_finishes_the_step_and_reports() {
    let lab = lab();
    let mut running = slow_apply(&lab, 40);
    running.wait_until(|| lab.writes() > 0).signal("INT");
    let ran = running.end();
    ran.expect_status(7).expect_err("Press Ctrl-C again").expect_out("Interrupted as asked");
    ran.expect_out("Apply stopped: ").expect_out("not reached:").expect_out("Run apply again");
    let created = ran.out.lines().find_map(|line| line.strip_prefix("Apply stopped: ")).unwrap();
    assert!(!created.starts_with("0 created"), "{created}");
    lab.apply_twice();
}

/// A terminal that is closed, or a session that ends, asks to stop as a service manager does.
#[test]
fn a_hang_up_or_a_termination_finishes_the_step_too() {
    for signal in ["TERM", "HUP"] {
        let lab = lab();
        let mut running = slow_apply(&lab, 40);
        running.wait_until(|| lab.writes() > 0).signal(signal);
        running.end().expect_status(7).expect_out("Interrupted as asked").expect_out("Run apply again");
        lab.apply_twice();
    }
}

#[test]
fn ctrl_c_before_the_first_write() {
    let lab = lab();
    let mut running = slow_apply(&lab, 200);
    running.wait_until(|| lab.path("lab.db.lock").exists()).signal("INT");
    running.end().expect_status(130).expect_err("nothing was written");
    assert_eq!(lab.writes(), 0);
    lab.apply_twice();
}

#[test]
fn the_second_ctrl_c_stops_at_once() {
    let lab = lab();
    let mut running = slow_apply(&lab, 150);
    running.wait_until(|| lab.writes() > 0).signal("INT");
    std::thread::sleep(Duration::from_millis(40));
    running.signal("INT");
    running.end().expect_status(7).expect_err("Stopped at once");
    lab.apply_twice();
}

#[test]
fn a_killed_apply_leaves_no_lock_and_the_next_one_goes_on() {
    for writes in [1, 4] {
        let lab = lab();
        let mut running = slow_apply(&lab, 20);
        running.wait_until(|| lab.writes() >= writes);
        running.kill();
        lab.diff().expect_status(2);
        lab.apply_twice();
    }
}

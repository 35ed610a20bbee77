//! One apply at a time: a second one is told who holds the lock; looking is always possible.

use crate::lab::{Lab, Running};

/// An apply that answers so slowly that it surely holds the lock for as long as a test needs.
fn holder(lab: &Lab) -> Running {
    let server = "sandbox:lab.db?delay=300";
    let mut running = Running::start(lab.command(&["apply", "-f", "lab.yaml", "--yes", "--server", server]));
    let sidecar = lab.path("lab.db.lock");
    running.wait_until(|| std::fs::read_to_string(&sidecar).is_ok_and(|text| !text.is_empty()));
    running
}

#[test]
fn a_second_apply_is_told_who_holds_the_lock() {
    let lab = Lab::new("demo");
    lab.manifest("  groups: [{name: New}, {name: Newer}]\n");
    let holder = holder(&lab);
    let second = lab.apply();
    second.expect_status(6).expect_err("another apply holds the lock").expect_err("hint: ");
    for says in ["login sandbox", "host ", "program wsusctl/", " apply "] {
        second.expect_err(says);
    }
    assert_eq!(lab.writes(), 0);
    lab.diff().expect_status(2).expect_out("+ group[\"New\"]");
    // The lock dies with its holder.
    holder.kill();
    lab.apply_twice();
}

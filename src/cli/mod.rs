//! The command line: the only place where the stages meet.

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program with these arguments (the program's name first) and gives its exit status.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let _ = arguments.into_iter();
    ExitCode::from(3)
}

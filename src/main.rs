//! The `wsusctl` program: hands its arguments to the library and exits with the status that comes back.

use std::process::ExitCode;

fn main() -> ExitCode {
    wsusctl::cli::run(std::env::args_os())
}

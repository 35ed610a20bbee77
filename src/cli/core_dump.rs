//! Keeps passwords, which are in memory while a session is open, out of files that the system writes when a program dies.

/// Switches core dumps off for this process. Where the system does not let it, its own setting stays; Windows writes dumps only
/// where an administrator has told it to.
pub fn forbid() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        if let Err(error) = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }) {
            tracing::debug!(%error, "core dumps cannot be limited");
        }
    }
    // A program that the kernel hands dumps to does not see the limit.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable) {
        tracing::debug!(%error, "core dumps cannot be switched off");
    }
}

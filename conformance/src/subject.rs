//! What the tests must know about the program under test, [`Flavour::Ours`](crate::Flavour::Ours).
//!
//! The suite also runs with Redis's own sentinel in that place (`WATCHKEEPER_BIN=/usr/bin/redis-sentinel`): whatever
//! passes there is a true statement about what users have today. Where Watchkeeper promises more, a test asks
//! [`is_upstream`] and says what is promised.

use std::fs;

use crate::binaries::Flavour;
use crate::process::Daemon;

/// True when the program under test is Redis's or Valkey's own sentinel.
pub fn is_upstream() -> bool {
    let program = |flavour: Flavour| fs::canonicalize(flavour.sentinel().0).expect("the program exists");
    let ours = program(Flavour::Ours);
    let name = ours.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    ours == program(Flavour::Redis) || name.starts_with("valkey")
}

/// Resident memory of a process now, in bytes (`VmRSS`).
///
/// # Panics
/// When it does not run.
pub fn resident(daemon: &Daemon) -> u64 {
    let pid = daemon.pid().unwrap_or_else(|| panic!("{} does not run", daemon.label()));
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a running process has a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().unwrap_or_default();
    kilobytes * 1024
}

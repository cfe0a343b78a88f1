//! What the system says of processes: processor time, memory, how many files may be open.

use std::fs;
use std::process::Child;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use watchkeeper_conformance::Daemon;

/// The kernel's unit of processor time, a hundredth of a second on every Linux.
const TICKS_A_SECOND: f64 = 100.0;

/// Processor seconds a process has used so far, of user and system together.
pub(crate) fn processor_seconds(daemon: &Daemon) -> f64 {
    let pid = daemon.pid().unwrap_or_else(|| panic!("{} does not run", daemon.label()));
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The second field is a name in brackets that may hold blanks; utime and stime are the 14th and the 15th.
    let rest = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let ticks: f64 =
        rest.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<f64>().ok()).sum();
    ticks / TICKS_A_SECOND
}

/// Lets this process and those it starts open as many files as the system allows, at most so many; how many it is now.
pub(crate) fn raise_open_files(wanted: u64) -> u64 {
    let now = getrlimit(Resource::Nofile);
    let maximum = now.maximum.unwrap_or(u64::MAX);
    if now.current.is_none_or(|current| current >= wanted) {
        return wanted;
    }
    // Only root may raise the maximum, and not everywhere.
    let raised = Rlimit { current: Some(wanted), maximum: Some(maximum.max(wanted)) };
    if setrlimit(Resource::Nofile, raised).is_err() {
        let most = Rlimit { current: now.maximum, maximum: now.maximum };
        let _ = setrlimit(Resource::Nofile, most);
    }
    getrlimit(Resource::Nofile).current.unwrap_or(wanted)
}

/// A program beside the daemons, ended when it is dropped.
#[derive(Debug)]
pub(crate) struct Helper(pub(crate) Child);

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

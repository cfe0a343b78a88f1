//! Running notification and reconfiguration scripts: no shell, our environment, our standard output and error.
//!
//! A thread per script waits for its end. Which script runs when, for how long and how often is the core's; so is the
//! limit on how many run. Scripts outlive us: they are not killed when the process ends.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use watchkeeper_core::io::{ScriptId, ScriptInput, Ticket};

use super::outside::{Outside, Sender};

/// The exit code of a script that could not be executed.
const EXEC_FAILED: i32 = 2;

/// Scripts that run. A process is in the table exactly while its pid cannot have gone to another process.
#[derive(Debug, Clone)]
pub(super) struct Scripts {
    running: Arc<Mutex<BTreeMap<ScriptId, Pid>>>,
    answer: Sender,
}

impl Scripts {
    pub(super) fn new(answer: Sender) -> Scripts {
        Scripts { running: Arc::default(), answer }
    }

    /// Runs a script. Its fate comes as [`Outside::Script`]; `NotStarted` is returned when there is no thread for it.
    pub(super) fn run(&self, script: ScriptId, argv: Vec<String>) -> Option<ScriptInput> {
        let this = self.clone();
        let thread =
            std::thread::Builder::new().name("script".into()).spawn(move || this.attend(script, &argv));
        match thread {
            Ok(_detached) => None,
            Err(_) => Some(ScriptInput::NotStarted),
        }
    }

    /// Kills that process, not its children. Nothing happens when it has ended.
    pub(super) fn kill(&self, script: ScriptId) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pid) = running.get(&script) {
            // Not reaped yet, so the pid is still this script's; that it may have just ended is no matter.
            let _ = kill_process(*pid, Signal::KILL);
        }
    }

    /// Looks, off thread `sentinel`, whether a file exists and may be run. The answer comes as
    /// [`Outside::ScriptChecked`].
    pub(super) fn check(&self, ticket: Ticket, path: String) {
        let answer = self.answer.clone();
        tokio::task::spawn_blocking(move || {
            let executable = rustix::fs::access(&path, rustix::fs::Access::EXEC_OK).is_ok();
            // The receiver is gone only when the process ends.
            let _ = answer.blocking_send(Outside::ScriptChecked { ticket, executable });
        });
    }

    fn attend(&self, script: ScriptId, argv: &[String]) {
        let child = match spawn(argv) {
            Ok(child) => child,
            Err(e) if lacks_resources(&e) => return self.tell(script, ScriptInput::NotStarted),
            Err(_) => {
                self.tell(script, ScriptInput::Started { pid: 0 });
                return self.tell(script, ScriptInput::Exited { code: EXEC_FAILED, signal: 0 });
            }
        };
        let pid = Pid::from_child(&child);
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(script, pid);
        self.tell(script, ScriptInput::Started { pid: child.id() });
        let (code, signal) = self.wait(script, pid, child);
        self.tell(script, ScriptInput::Exited { code, signal });
    }

    fn wait(&self, script: ScriptId, pid: Pid, mut child: Child) -> (i32, i32) {
        // First without reaping: until the table knows, the pid must stay taken.
        while let Err(rustix::io::Errno::INTR) =
            waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
        {}
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&script);
        match child.wait() {
            Ok(status) => (status.code().unwrap_or(0), status.signal().unwrap_or(0)),
            // Somebody else reaped it; that it failed is the safe assumption.
            Err(_) => (EXEC_FAILED, 0),
        }
    }

    fn tell(&self, script: ScriptId, what: ScriptInput) {
        // The receiver is gone only when the process ends.
        let _ = self.answer.blocking_send(Outside::Script { script, what });
    }
}

fn spawn(argv: &[String]) -> io::Result<Child> {
    let (path, args) = argv.split_first().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    // A bare name is a file here, not something to search for in PATH.
    let program = if path.contains('/') { path.clone() } else { format!("./{path}") };
    Command::new(program).arg0(path).args(args).stdin(Stdio::null()).spawn()
}

fn lacks_resources(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let lacking = [Errno::AGAIN, Errno::NOMEM, Errno::MFILE, Errno::NFILE];
    error.raw_os_error().is_some_and(|code| lacking.iter().any(|e| e.raw_os_error() == code))
}

#[cfg(test)]
mod tests;

//! The processes and files of the demo, and the promise that none of them outlives it.
//!
//! A second process of this program, the guard, holds the reading end of a pipe and knows every process id. When
//! the pipe closes (the demo is done, failed, or was killed with `kill -9`) the guard kills them all and removes
//! the folder. There is no other way of cleaning up, so the one way is used, and seen to work, every time.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context, Result, anyhow};
use rustix::process::{Pid, Signal, kill_process};

/// A folder of files and the processes that work in it. Dropping it ends them.
pub(super) struct Workshop {
    dir: PathBuf,
    guard: Child,
    orders: Option<ChildStdin>,
    children: Vec<Worker>,
}

struct Worker {
    name: String,
    child: Child,
}

impl Workshop {
    /// Makes the folder and starts the guard. With `keep` the files stay behind.
    pub(super) fn open(keep: bool) -> Result<Workshop> {
        let dir = make_dir()?;
        let mut command = Command::new(own_program()?);
        command.arg("demo").arg("--guard").arg(&dir);
        if keep {
            command.arg("--keep-dir");
        }
        // A group of its own: Ctrl-C must not reach it.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let started = command.spawn().context("start the process that cleans up");
        let mut guard = match started {
            Ok(guard) => guard,
            Err(error) => {
                fs::remove_dir_all(&dir).ok();
                return Err(error);
            }
        };
        let orders = guard.stdin.take();
        Ok(Workshop { dir, guard, orders, children: Vec::new() })
    }

    /// The folder everything lives in.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Starts a program under a name; what it prints goes to `<dir>/<name>.log`.
    pub(super) fn start(&mut self, name: &str, program: &Path, args: &[&str]) -> Result<u32> {
        let log = File::options().create(true).append(true).open(self.log_path(name))?;
        let mut command = Command::new(program);
        command.args(args).current_dir(&self.dir).process_group(0);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().with_context(|| format!("start `{}`", program.display()))?;
        let pid = child.id();
        self.children.push(Worker { name: name.to_owned(), child });
        self.order(format!("+{pid}\n"))?;
        Ok(pid)
    }

    /// Kills one at once, as `kill -9` does.
    pub(super) fn kill(&mut self, name: &str) -> Result<()> {
        let at = self.children.iter().position(|worker| worker.name == name);
        let at = at.ok_or_else(|| anyhow!("`{name}` is not running"))?;
        let mut worker = self.children.remove(at);
        worker.child.kill().with_context(|| format!("kill `{name}`"))?;
        // The guard forgets it before it is reaped: afterwards the id may belong to somebody else.
        self.order(format!("-{}\n", worker.child.id()))?;
        worker.child.wait()?;
        Ok(())
    }

    /// The name of a process that ended although nobody killed it.
    pub(super) fn ended(&mut self) -> Option<String> {
        let gone = |worker: &mut Worker| matches!(worker.child.try_wait(), Ok(Some(_)));
        let at = self.children.iter_mut().position(gone)?;
        let worker = self.children.remove(at);
        self.order(format!("-{}\n", worker.child.id())).ok();
        Some(worker.name)
    }

    /// The last lines a process printed.
    pub(super) fn last_words(&self, name: &str, lines: usize) -> Vec<String> {
        let all = fs::read(self.log_path(name)).unwrap_or_default();
        let all = String::from_utf8_lossy(&all);
        let all: Vec<&str> = all.lines().collect();
        all[all.len().saturating_sub(lines)..].iter().map(|&line| line.to_owned()).collect()
    }

    fn log_path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.log"))
    }

    fn order(&mut self, line: String) -> Result<()> {
        let orders = self.orders.as_mut().expect("the pipe is open until the drop");
        orders.write_all(line.as_bytes()).context("the process that cleans up is gone")
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        drop(self.orders.take());
        self.guard.wait().ok();
        for worker in &mut self.children {
            // If the guard is gone, this is what ends them; else it finds them dead.
            worker.child.kill().ok();
            worker.child.wait().ok();
        }
    }
}

/// The program that is running, for starting it again as something else.
pub(super) fn own_program() -> Result<PathBuf> {
    std::env::current_exe().context("find the path of this program")
}

/// The guard's whole life: `+pid` and `-pid` lines until the pipe closes, then the clean-up.
pub(super) fn guard(dir: &Path, keep: bool, orders: impl BufRead) {
    let mut pids = BTreeSet::new();
    for line in orders.lines().map_while(Result::ok) {
        match (line.get(..1), line.get(1..).and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw)) {
            (Some("+"), Some(pid)) => drop(pids.insert(pid.as_raw_nonzero())),
            (Some("-"), Some(pid)) => drop(pids.remove(&pid.as_raw_nonzero())),
            _ => {}
        }
    }
    for pid in pids.iter().filter_map(|pid| Pid::from_raw(pid.get())) {
        kill_process(pid, Signal::KILL).ok();
    }
    if !keep {
        remove(dir);
    }
}

/// A dying server may still create a file in the folder, so removing it may need more than one try.
fn remove(dir: &Path) {
    for _ in 0..50 {
        match fs::remove_dir_all(dir) {
            Ok(()) => return,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(_) => std::thread::sleep(std::time::Duration::from_millis(10)),
        }
    }
}

/// A folder nobody else can write to or guess.
fn make_dir() -> Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt;
    for attempt in 0..100 {
        let name = format!("watchkeeper-demo-{}-{attempt}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        match fs::DirBuilder::new().mode(0o700).create(&dir) {
            Ok(()) => return Ok(dir),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("create `{}`", dir.display())),
        }
    }
    Err(anyhow!("a hundred folders of older demos are in `{}`", std::env::temp_dir().display()))
}

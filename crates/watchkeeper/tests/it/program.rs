//! Runs the program under any name, in a folder of its own, and makes what it prints comparable: process numbers, times
//! and ids are replaced after their form has been checked.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long anything may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// A folder with the program in it under several names.
pub(crate) struct Workshop {
    dir: tempfile::TempDir,
}

/// What an ended program left.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Workshop {
    pub(crate) fn new() -> Workshop {
        let dir = tempfile::tempdir().unwrap();
        for name in ["redis-sentinel", "valkey-sentinel", "redis-server", "watchkeeper"] {
            symlink(env!("CARGO_BIN_EXE_watchkeeper"), dir.path().join(name)).unwrap();
        }
        Workshop { dir }
    }

    /// The folder, with links resolved.
    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// The program under this name, in this folder, without the environment's influence.
    pub(crate) fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(self.path().join(program));
        command.args(args).current_dir(self.path()).env_clear().env("TZ", "UTC");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs to the end.
    pub(crate) fn run(&self, program: &str, args: &[&str]) -> Ended {
        finish(self.command(program, args).spawn().unwrap())
    }

    /// Runs to the end with this on standard input.
    pub(crate) fn run_with_input(&self, program: &str, args: &[&str], input: &str) -> Ended {
        let mut child = self.command(program, args).stdin(Stdio::piped()).spawn().unwrap();
        // A program that ends before it has read is part of what is tested.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        finish(child)
    }

    /// Starts and reads the log on standard output until a line contains `wanted`.
    pub(crate) fn start(&self, command: &mut Command, wanted: &str) -> Running {
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut running = Running { child, out, text: String::new() };
        running.read_until(wanted);
        running
    }
}

/// A program that runs.
pub(crate) struct Running {
    pub(crate) child: Child,
    out: BufReader<ChildStdout>,
    text: String,
}

impl Running {
    /// Reads the log until a line contains `wanted`.
    pub(crate) fn read_until(&mut self, wanted: &str) {
        let watchdog = Watchdog::start(self.child.id());
        while !self.text.lines().any(|line| line.contains(wanted)) {
            let got = self.out.read_line(&mut self.text).unwrap();
            assert_ne!(got, 0, "no line with `{wanted}` in:\n{}", self.text);
        }
        watchdog.call_off();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Ended {
        let watchdog = Watchdog::start(self.child.id());
        self.out.read_to_string(&mut self.text).unwrap();
        let mut err = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        let code = code(self.child.wait().unwrap());
        watchdog.call_off();
        Ended { code, out: plain(&self.text), err }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn finish(child: Child) -> Ended {
    let watchdog = Watchdog::start(child.id());
    let output = child.wait_with_output().unwrap();
    watchdog.call_off();
    Ended {
        code: code(output.status),
        out: plain(&String::from_utf8(output.stdout).unwrap()),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The exit status; a signal is shown negative.
fn code(status: std::process::ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| -status.signal().unwrap())
}

/// Kills a program that hangs, so that reading from it ends.
struct Watchdog {
    off: mpsc::Sender<()>,
}

impl Watchdog {
    fn start(pid: u32) -> Watchdog {
        let (off, called_off) = mpsc::channel();
        thread::spawn(move || {
            if called_off.recv_timeout(DEADLINE) == Err(mpsc::RecvTimeoutError::Timeout) {
                let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
                let _ = kill_process(pid, Signal::KILL);
            }
        });
        Watchdog { off }
    }

    fn call_off(self) {
        self.off.send(()).unwrap();
    }
}

/// Log lines with process, time, ids and versions of the build left out, after a check of their form.
pub(crate) fn plain(log: &str) -> String {
    log.lines().map(|line| plain_line(line) + "\n").collect()
}

fn plain_line(line: &str) -> String {
    let Some((pid, rest)) = line.split_once(':') else { return line.to_string() };
    if pid.is_empty() || !pid.bytes().all(|byte| byte.is_ascii_digit()) {
        return line.to_string();
    }
    if let Some(rest) = rest.strip_prefix("signal-handler (") {
        let (seconds, text) = rest.split_once(") ").unwrap();
        assert!(seconds.parse::<u64>().unwrap() > 1_700_000_000, "{line}");
        return format!("signal {text}");
    }
    let rest = rest.strip_prefix("X ").unwrap_or_else(|| panic!("no role in `{line}`"));
    // `23 Nov 2026 01:46:30.111`
    let (stamp, text) = rest.split_at(24);
    let form: String = stamp
        .chars()
        .map(|c| {
            if c.is_ascii_digit() {
                '9'
            } else if c.is_alphabetic() {
                'a'
            } else {
                c
            }
        })
        .collect();
    assert_eq!(form, "99 aaa 9999 99:99:99.999", "{line}");
    let text = text.strip_prefix(' ').unwrap_or_else(|| panic!("no blank after the time in `{line}`"));
    let words = text.split(' ').map(|word| match word.strip_prefix("pid=") {
        Some(_) => "pid=N,".to_string(),
        None if word.len() == 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) => "ID".to_string(),
        None => word.to_string(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A port nobody listens on at the moment.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until `test` holds.
pub(crate) fn wait_for(what: &str, mut test: impl FnMut() -> bool) {
    let until = Instant::now() + DEADLINE;
    while !test() {
        assert!(Instant::now() < until, "never: {what}");
        thread::sleep(Duration::from_millis(20)); // between two looks at a condition
    }
}

/// Whether a process with this number is there.
pub(crate) fn alive(pid: i32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

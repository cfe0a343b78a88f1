//! `watchkeeper demo` as a user runs it: it tells the whole story, and whatever ends it, nothing stays behind.
#![allow(clippy::unwrap_used, reason = "in a test a failed step is the report")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long the end of everything may take after the end of the demo.
const CLEAN_DEADLINE: Duration = Duration::from_secs(10);

/// A demo that runs, with a folder of its own for temporary files.
struct Demo {
    child: Child,
    out: BufReader<ChildStdout>,
    text: String,
    tmp: PathBuf,
}

impl Demo {
    fn start(name: &str, args: &[&str]) -> Demo {
        let tmp = std::env::temp_dir().join(format!("watchkeeper-test-{}-{name}", std::process::id()));
        fs::create_dir_all(&tmp).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
        command.args(["demo", "--lang", "en"]).args(args).env("TMPDIR", &tmp);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Demo { child, out, text: String::new(), tmp }
    }

    /// Reads until a line contains this. The demo itself gives up on anything that takes too long.
    fn read_until(&mut self, wanted: &str) {
        loop {
            let mut line = String::new();
            assert_ne!(
                self.out.read_line(&mut line).unwrap(),
                0,
                "no line with `{wanted}` in:\n{}",
                self.text
            );
            self.text.push_str(&line);
            if line.contains(wanted) {
                return;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end; the exit status. Reads the rest of what it printed.
    fn end(&mut self) -> Option<i32> {
        self.out.read_to_string(&mut self.text).unwrap();
        self.child.wait().unwrap().code()
    }

    /// The ports of the servers, from the tree that was drawn.
    fn ports(&self) -> Vec<u16> {
        let addresses = self.text.split_whitespace().filter_map(|word| word.strip_prefix("127.0.0.1:"));
        addresses.filter_map(|port| port.parse().ok()).collect()
    }

    /// No server listens any more and no file is left.
    fn assert_nothing_is_left(&self) {
        let ports = self.ports();
        assert!(ports.len() >= 3, "three servers were shown:\n{}", self.text);
        let deadline = Instant::now() + CLEAN_DEADLINE;
        loop {
            let files: Vec<_> = fs::read_dir(&self.tmp).unwrap().map(|file| file.unwrap().path()).collect();
            let alive: Vec<&u16> = ports
                .iter()
                .filter(|port| TcpStream::connect((Ipv4Addr::LOCALHOST, **port)).is_ok())
                .collect();
            if files.is_empty() && alive.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "left behind: files {files:?}, servers on {alive:?}");
            std::thread::sleep(Duration::from_millis(20)); // between two looks at a condition
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        fs::remove_dir_all(&self.tmp).ok();
    }
}

#[test]
fn it_shows_a_failover_and_the_return_of_the_old_master() {
    let mut demo = Demo::start("whole", &["--once", "--seconds", "0"]);
    assert_eq!(demo.end(), Some(0), "{}", demo.text);
    for wanted in [
        "kill -9 A",
        "+sdown",
        "+odown",
        "+elected-leader",
        "+promoted-slave",
        "A→B",
        "and promoted B (127.0.0.1:",
        "since the kill   phase",
        "first accepted write",
        "A is in step with B",
        "├─ A 127.0.0.1:",
        "└─ C 127.0.0.1:",
        "its processes and files are gone",
    ] {
        assert!(demo.text.contains(wanted), "no `{wanted}` in:\n{}", demo.text);
    }
    demo.assert_nothing_is_left();
}

#[test]
fn nothing_is_left_when_it_is_killed_the_hard_way() {
    let mut demo = Demo::start("killed", &["--no-kill", "--seconds", "600"]);
    demo.read_until("Everything keeps running");
    assert!(fs::read_dir(&demo.tmp).unwrap().count() > 0, "the files are where they are looked for");
    demo.signal(Signal::KILL);
    demo.end();
    demo.assert_nothing_is_left();
}

#[test]
fn ctrl_c_ends_it_in_the_middle_and_nothing_is_left() {
    let mut demo = Demo::start("interrupted", &["--seconds", "0"]);
    demo.read_until("kill -9 A");
    demo.signal(Signal::INT);
    assert_eq!(demo.end(), Some(130), "{}", demo.text);
    assert!(!demo.text.contains("What happened"), "{}", demo.text);
    demo.assert_nothing_is_left();
}

#[test]
fn without_a_server_it_says_how_to_get_one() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
    let output = command.args(["demo", "--once"]).env("PATH", "/nonexistent").output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("`redis-server` or `valkey-server` not found"), "{text}");
    assert!(text.contains("hint: ") && text.contains("apt-get install redis-server"), "{text}");
}

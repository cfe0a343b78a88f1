//! A black hole: what is sent to a port, and from it, arrives nowhere, and nobody is told.

use std::process::{Command, Stdio};

/// Marks our rules, so that what a killed run has left is found.
const MARK: &str = "watchkeeper-bench";

/// The hole is closed when this is dropped.
#[derive(Debug)]
pub(crate) struct Hole {
    port: u16,
}

impl Hole {
    /// Opens one; `None` when this machine or this user has no packet filter.
    pub(crate) fn open(port: u16) -> Option<Hole> {
        let hole = Hole { port };
        rules(port).iter().all(|rule| iptables("-I", rule)).then_some(hole)
    }
}

impl Drop for Hole {
    fn drop(&mut self) {
        for rule in rules(self.port) {
            iptables("-D", &rule);
        }
    }
}

/// Closes what a killed run has left open.
pub(crate) fn clean_up() {
    let output = Command::new("iptables").args(["-S", "INPUT"]).stderr(Stdio::null()).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    for line in text.lines().filter(|line| line.contains(MARK)) {
        let words: Vec<String> = line
            .trim_start_matches("-A INPUT ")
            .split_whitespace()
            .map(|word| word.replace('"', ""))
            .collect();
        iptables("-D", &words);
    }
}

fn rules(port: u16) -> [Vec<String>; 2] {
    ["--dport", "--sport"].map(|side| {
        let port = port.to_string();
        let words = ["-i", "lo", "-p", "tcp", side, &port, "-m", "comment", "--comment", MARK, "-j", "DROP"];
        words.map(str::to_owned).to_vec()
    })
}

fn iptables(what: &str, rule: &[String]) -> bool {
    let mut command = Command::new("iptables");
    command
        .args(["-w", what, "INPUT"])
        .args(rule)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

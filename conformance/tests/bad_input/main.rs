//! Bad input of every kind: from clients, from peers, from servers, from the disk and from the resolver. Each time the
//! sentinel says clearly what is wrong, its memory stays bounded, and a second group is watched as if nothing were.

#![allow(clippy::unwrap_used, reason = "the helpers of a test may panic as the test itself may")]

mod clients;
mod disk;
mod names;
mod peers;
mod servers;

use std::sync::Arc;
use std::time::{Duration, Instant};
use watchkeeper_conformance::subject::{is_upstream, resident};
use watchkeeper_conformance::{Daemon, Flavour, FrameExt, Scratch, eventually};

const SOON: Duration = Duration::from_secs(20);

/// The most a question about the second group may take while the first is being hurt, on a loaded machine. Redis's
/// sentinel stands still while it reads an INFO of 100 MB.
fn prompt() -> Duration {
    Duration::from_secs(if is_upstream() { 10 } else { 1 })
}

/// The most memory a sentinel may take beyond what it began with. Redis's sentinel keeps what it is sent up to its own
/// limit of 1 GiB.
fn most_memory() -> u64 {
    if is_upstream() { 1200 << 20 } else { 96 << 20 }
}

/// A sentinel with a healthy group `steady`, and whatever else the test configures.
struct Subject {
    sentinel: Daemon,
    steady: Daemon,
    at_first: u64,
    _scratch: Arc<Scratch>,
}

impl Subject {
    /// `config`: more lines for the sentinel's file.
    fn start(config: &str) -> Subject {
        let scratch = Scratch::new();
        let steady = Daemon::server(Flavour::Redis, &scratch, "");
        let text = format!("{}\n{config}", Subject::steady_lines(&steady));
        let sentinel = Daemon::sentinel(Flavour::Ours, &scratch, &text);
        Subject::over(sentinel, steady, scratch)
    }

    /// A sentinel with one more group, `hurt`, whose master is at this port.
    fn watching(port: u16) -> Subject {
        Subject::start(&format!(
            "sentinel monitor hurt 127.0.0.1 {port} 1\nsentinel down-after-milliseconds hurt 1000\n"
        ))
    }

    fn steady_lines(steady: &Daemon) -> String {
        format!(
            "sentinel monitor steady 127.0.0.1 {} 1\nsentinel down-after-milliseconds steady 3000",
            steady.port()
        )
    }

    /// Around a sentinel the test has started in its own way.
    fn over(sentinel: Daemon, steady: Daemon, scratch: Arc<Scratch>) -> Subject {
        eventually(SOON, "the steady group is watched", || {
            let fields = sentinel.cmd("SENTINEL MASTER steady").fields();
            if fields["flags"] == "master" { Ok(()) } else { Err(fields["flags"].clone()) }
        });
        let at_first = resident(&sentinel);
        Subject { sentinel, steady, at_first, _scratch: scratch }
    }

    fn cmd(&self, words: &str) -> watchkeeper_resp::Frame {
        self.sentinel.cmd(words)
    }

    fn flags(&self, group: &str) -> String {
        self.cmd(&format!("SENTINEL MASTER {group}")).fields().get("flags").cloned().unwrap_or_default()
    }

    fn epoch(&self) -> u64 {
        // Every sentinel writes it to its file with the next change; a change is cheap to make.
        assert_eq!(self.cmd("SENTINEL FLUSHCONFIG").text(), "OK");
        let text = self.sentinel.config();
        let line = text.lines().find_map(|line| line.strip_prefix("sentinel current-epoch "));
        line.expect("the file has the current epoch").parse().expect("an epoch is a number")
    }

    /// The second group is watched and its questions are answered promptly; memory is bounded.
    fn assert_undisturbed(&self) {
        let asked = Instant::now();
        let mut conn = self.sentinel.conn();
        let address = conn.cmd("SENTINEL GET-MASTER-ADDR-BY-NAME steady").items();
        let took = asked.elapsed();
        assert!(took < prompt(), "an answer took {took:?}");
        assert_eq!(address.get(1).map(FrameExt::text), Some(self.steady.port().to_string()));
        let fields = conn.cmd("SENTINEL MASTER steady").fields();
        assert_eq!(fields["flags"], "master");
        let age: u64 = fields["last-ok-ping-reply"].parse().expect("milliseconds");
        assert!(is_upstream() || age < 2900, "the steady master was last heard of {age} ms ago");
        let grown = resident(&self.sentinel).saturating_sub(self.at_first);
        assert!(grown < most_memory(), "memory grew by {} MiB", grown >> 20);
    }

    /// The same until `done`, looking again and again.
    fn undisturbed_until(&self, what: &str, mut done: impl FnMut() -> bool) {
        eventually(Duration::from_secs(60), what, || {
            self.assert_undisturbed();
            done()
        });
    }

    /// The steady group still reacts: its master's death is noticed.
    fn assert_still_watching(&self) {
        self.steady.kill();
        // Redis's sentinel may have been busy for so long that it is in TILT.
        let bound = if is_upstream() { SOON * 3 } else { SOON };
        eventually(bound, "the steady master's death is noticed", || {
            let flags = self.flags("steady");
            if flags.starts_with("s_down,o_down,master") { Ok(()) } else { Err(flags) }
        });
    }
}

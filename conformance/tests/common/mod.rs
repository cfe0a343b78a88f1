//! Reading configuration files as a third party: by the text alone.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// What a sentinel's file says, in an order of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FileFacts {
    pub(crate) myid: String,
    pub(crate) current_epoch: u64,
    pub(crate) groups: BTreeMap<String, GroupFacts>,
}

/// What it says about one group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct GroupFacts {
    pub(crate) master: String,
    pub(crate) quorum: String,
    pub(crate) config_epoch: u64,
    pub(crate) leader_epoch: u64,
    pub(crate) replicas: Vec<String>,
    pub(crate) peers: Vec<String>,
    pub(crate) options: BTreeMap<String, String>,
}

impl FileFacts {
    /// Panics at a file that is torn or lacks what every file has.
    pub(crate) fn read(text: &str) -> FileFacts {
        let mut facts = FileFacts::default();
        assert!(text.ends_with('\n'), "the file is torn:\n{text}");
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["sentinel", "myid", id] => facts.myid = (*id).to_owned(),
                ["sentinel", "current-epoch", epoch] => facts.current_epoch = number(epoch),
                ["sentinel", name, group, rest @ ..] if !rest.is_empty() => {
                    facts.group(group).take(name, rest);
                }
                _ => {}
            }
        }
        for group in facts.groups.values_mut() {
            group.replicas.sort();
            group.peers.sort();
        }
        assert_eq!(facts.myid.len(), 40, "no id in:\n{text}");
        facts
    }

    fn group(&mut self, name: &str) -> &mut GroupFacts {
        self.groups.entry(name.to_owned()).or_default()
    }
}

impl GroupFacts {
    fn take(&mut self, name: &str, rest: &[&str]) {
        match (name, rest) {
            ("monitor", [host, port, quorum]) => {
                self.master = format!("{host} {port}");
                (*quorum).clone_into(&mut self.quorum);
            }
            ("config-epoch", [epoch]) => self.config_epoch = number(epoch),
            ("leader-epoch", [epoch]) => self.leader_epoch = number(epoch),
            ("known-replica", words) => self.replicas.push(words.join(" ")),
            ("known-sentinel", words) => self.peers.push(words.join(" ")),
            (option, words) => {
                self.options.insert(option.to_owned(), words.join(" "));
            }
        }
    }
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no epoch"))
}

/// Every version of a file that could be seen while it was watched.
pub(crate) struct Versions {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<String>>,
}

impl Versions {
    /// Starts watching. The file is replaced as a whole, so every look sees a whole version.
    pub(crate) fn watch(path: PathBuf) -> Versions {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut versions: Vec<String> = Vec::new();
            loop {
                let last = stopped.load(Ordering::Relaxed);
                let text = std::fs::read_to_string(&path).expect("the file is always there");
                if versions.last() != Some(&text) {
                    versions.push(text);
                }
                if last {
                    return versions;
                }
                std::thread::sleep(std::time::Duration::from_millis(1)); // between two looks at a condition
            }
        });
        Versions { stop, thread }
    }

    /// All versions seen, oldest first.
    pub(crate) fn stop(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("watching a file does not panic")
    }
}

/// `$SEED`, or one from the clock; printed, so that a failure can be looked at again.
pub(crate) fn seed() -> u64 {
    let given = std::env::var("SEED").ok().and_then(|text| text.parse().ok());
    let now = || std::time::UNIX_EPOCH.elapsed().map_or(1, |t| u64::from(t.subsec_nanos()) | 1);
    let seed = given.unwrap_or_else(now);
    println!("SEED={seed}");
    seed
}

/// A small generator (xorshift).
pub(crate) fn random(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed.max(1);
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    }
}

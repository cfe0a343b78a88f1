//! All orders of events of one election, tried one after another.
//!
//! Random worlds find what is likely. This finds what is possible: three sentinels of the real core watch a master that
//! has gone silent, and breadth-first over every order of messages, timers, ended and failed writes, crashes and broken
//! connections, up to [`Bounds`], each state is visited once and each property looked at. How a state is made is in
//! [`world`], the real core in [`local`].
//!
//! What is simplified, and why that is enough, is in `docs/internals/explore.md`.

mod local;
mod message;
mod search;
mod servers;
mod state;
mod steps;
mod table;
mod world;

use std::fmt;

pub use search::explore;

/// What everybody knows when the exploration begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Begin {
    /// the master has gone silent, and nobody has noticed yet
    Silent,
    /// all know of each other that they find the master down, and the first candidate has begun to write its vote
    #[default]
    Agreed,
}

/// How far to explore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// where to begin
    pub begin: Begin,
    /// replicas of the group, 1 or 2
    pub replicas: usize,
    /// no sentinel goes beyond this epoch, at most 6
    pub epochs: u64,
    /// how often time passes for each sentinel
    pub timers: u8,
    /// crashes of each sentinel
    pub crashes_each: u8,
    /// crashes in all
    pub crashes: u8,
    /// writes that fail, in all
    pub failed_writes: u8,
    /// connections that break, in all
    pub breaks: u8,
    /// states after which it gives up
    pub states: usize,
    /// threads
    pub threads: usize,
    /// compare what comes of each two situations of a sentinel that count as one: slow
    pub verify: bool,
    /// a deliberate bug of the core, in builds that have them
    #[cfg(watchkeeper_canary)]
    pub canary: Option<watchkeeper_core::canary::Canary>,
    /// a deliberate fault, to see that it is found: a disk that reports every write as done and writes nothing
    pub disk_lies: bool,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            begin: Begin::Agreed,
            replicas: 1,
            epochs: 1,
            timers: 1,
            crashes_each: 1,
            crashes: 1,
            failed_writes: 1,
            breaks: 0,
            states: 60_000_000,
            threads: 2,
            verify: false,
            #[cfg(watchkeeper_canary)]
            canary: None,
            disk_lies: false,
        }
    }
}

impl Bounds {
    /// The explorations that are run when nothing else is asked for, each with what it is about. Together they take a few
    /// minutes; one with all their bounds at once would take weeks.
    pub fn standard() -> Vec<(&'static str, Bounds)> {
        let none = Bounds { crashes: 0, failed_writes: 0, ..Bounds::default() };
        vec![
            ("detection", Bounds { begin: Begin::Silent, ..none }),
            ("crash and failed write", Bounds { crashes: 1, failed_writes: 1, ..none }),
            ("failed write, 2 epochs", Bounds { failed_writes: 1, epochs: 2, ..none }),
            ("2 timers", Bounds { timers: 2, ..none }),
            ("broken connection", Bounds { breaks: 1, ..none }),
            ("2 replicas", Bounds { replicas: 2, ..none }),
        ]
    }

    /// Sets one bound from `name=value`. Fails with the message to show.
    pub fn set(&mut self, text: &str) -> Result<(), String> {
        let bad = || {
            format!(
                "`{text}` is no bound\nhint: one of replicas, epochs, timers, crashes-each, crashes, failed-writes, \
                 breaks, states, threads, verify, disk-lies; as in `timers=3`"
            )
        };
        let (name, value) = text.split_once('=').ok_or_else(bad)?;
        if name == "begin" {
            self.begin = match value {
                "silent" => Begin::Silent,
                "agreed" => Begin::Agreed,
                _ => return Err(bad()),
            };
            return Ok(());
        }
        #[cfg(watchkeeper_canary)]
        if name == "canary" {
            let found = watchkeeper_core::canary::Canary::ALL.iter().find(|canary| canary.name() == value);
            self.canary = Some(*found.ok_or_else(bad)?);
            return Ok(());
        }
        let value: usize = value.parse().map_err(|_| bad())?;
        let small = u8::try_from(value).map_err(|_| bad());
        match name {
            "replicas" if (1..=servers::REPLICAS_MAX).contains(&value) => self.replicas = value,
            "epochs" if (1..local::EPOCHS_MAX - 1).contains(&value) => self.epochs = value as u64,
            "timers" => self.timers = small?,
            "crashes-each" => self.crashes_each = small?,
            "crashes" => self.crashes = small?,
            "failed-writes" => self.failed_writes = small?,
            "breaks" => self.breaks = small?,
            "states" => self.states = value,
            "threads" if value > 0 => self.threads = value,
            "verify" => self.verify = value != 0,
            "disk-lies" => self.disk_lies = value != 0,
            _ => return Err(bad()),
        }
        Ok(())
    }
}

/// What was explored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Explored {
    /// different states visited
    pub states: usize,
    /// actions tried that led to a state, visited before or not
    pub transitions: u64,
    /// actions from the first state to the last one found
    pub depth: usize,
    /// states in which somebody has been elected
    pub elected: usize,
    /// states in which nothing is left to happen, bounds or not
    pub ends: usize,
    /// states in which only the bounds keep anything from happening
    pub cut: usize,
    /// different states of a single sentinel
    pub locals: usize,
    /// steps the core has really taken
    pub steps: usize,
    /// whether everything within the bounds was visited
    pub complete: bool,
    /// where two situations counted as one and were not, if that was looked for
    pub difference: Option<String>,
    /// the broken property and the shortest way to it
    pub violation: Option<Violation>,
}

/// A broken property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// what is wrong
    pub what: String,
    /// who, what happened to it, and what it said; from the first state on
    pub trace: Vec<(String, String, String)>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.trace.iter().map(|(_, what, _)| what.len()).max().unwrap_or(0);
        for (n, (who, what, said)) in (1..).zip(&self.trace) {
            let line = format!("{n:>4}  {who}  {what:<width$}  {said}");
            writeln!(f, "{}", line.trim_end())?;
        }
        writeln!(f, "broken: {}", self.what)
    }
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("states visited", self.states as u64),
            ("transitions", self.transitions),
            ("depth", self.depth as u64),
            ("states with somebody elected", self.elected as u64),
            ("ends", self.ends as u64),
            ("cut by the bounds", self.cut as u64),
            ("states of one sentinel", self.locals as u64),
            ("steps taken by the core", self.steps as u64),
        ];
        for (name, count) in rows {
            writeln!(f, "{name:<30} {count:>12}")?;
        }
        if let Some(difference) = &self.difference {
            writeln!(f, "two situations of a sentinel counted as one and were not:\n{difference}")?;
        }
        match &self.violation {
            Some(violation) => write!(f, "{violation}"),
            None if self.complete => writeln!(f, "no violation: every order within the bounds was tried"),
            None => {
                writeln!(f, "no violation so far; not complete\nhint: raise `states`, or lower another bound")
            }
        }
    }
}

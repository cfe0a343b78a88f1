//! The whole state of a sentinel and its one entry point.

use crate::config::Config;
use crate::io::{Deadline, Input, Outputs, Why};
use crate::time::Now;

/// Whose words are used where Redis and Valkey differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Persona {
    /// as `redis-sentinel` 7.0 speaks
    #[default]
    Redis,
    /// as `valkey-sentinel` 8 speaks
    Valkey,
}

/// A sentinel.
#[derive(Debug)]
pub struct Sentinel {
    now: Now,
}

impl Sentinel {
    /// A sentinel with this configuration. `seed` feeds every random choice. Fails only on bad ACL rules.
    pub fn new(
        _config: Config,
        _persona: Persona,
        _acl_file: Option<&[u8]>,
        _seed: u64,
        now: Now,
    ) -> Result<Sentinel, String> {
        Ok(Sentinel { now })
    }

    /// To be called once when the sockets listen: creates a missing id, persists it, emits `+monitor`.
    pub fn start(&mut self, _now: Now, _out: &mut Outputs) {}

    /// Takes one input. Never blocks, never fails. Time must not go back.
    pub fn step(&mut self, now: Now, _input: Input<'_>, _out: &mut Outputs) {
        assert!(now.mono >= self.now.mono, "time given to `step` went back");
        self.now = now;
    }

    /// When to call [`Sentinel::step`] with [`Input::Wake`] at the latest.
    pub fn deadline(&self) -> Deadline {
        Deadline { at: self.now.mono + 100, why: Why::Tick }
    }
}

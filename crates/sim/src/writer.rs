//! A client that asks sentinels for the master and writes numbered values to it.

use std::net::SocketAddr;

use crate::process::Happening;
use crate::time::Time;
use crate::world::Ctx;

/// How a writer works.
#[derive(Debug, Clone)]
pub struct WriterOptions {
    /// the sentinels it asks
    pub sentinels: Vec<SocketAddr>,
    /// the group it writes to
    pub group: String,
    /// between two writes, in microseconds
    pub period_us: u64,
    /// how long it waits for an answer, in microseconds
    pub timeout_us: u64,
    /// so many replicas must have a write before it counts as acknowledged (`WAIT`); 0: off
    pub wait_replicas: u32,
    /// the first number it writes; no two writers of a world may write the same
    pub first_value: u64,
}

/// See the module.
#[derive(Debug)]
pub struct Writer {
    options: WriterOptions,
}

impl Writer {
    /// A writer that has not begun.
    pub fn new(options: WriterOptions) -> Writer {
        Writer { options }
    }
    /// How it works.
    pub fn options(&self) -> &WriterOptions {
        &self.options
    }

    pub(crate) fn deadline(&self, _ctx: &Ctx<'_>) -> Option<Time> {
        None
    }
    pub(crate) fn handle(&mut self, _what: Happening, _ctx: &mut Ctx<'_>) {}
}

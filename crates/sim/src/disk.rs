//! The one file a process keeps: written whole and in one go, as write, fsync and rename do. A crash in the middle
//! leaves the old or the new content. Writes can be slow, fail, or hang.

use watchkeeper_core::rng::Rng;

/// How a disk works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wear {
    /// least time of a write, in microseconds
    pub latency_us: u64,
    /// up to so much more, evenly spread
    pub jitter_us: u64,
    /// how many of a thousand writes fail; the old content stays
    pub fails_permille: u64,
    /// writes do not end until this is false again
    pub hangs: bool,
}

impl Default for Wear {
    /// An SSD: 1 to 3 ms, never failing.
    fn default() -> Wear {
        Wear { latency_us: 1_000, jitter_us: 2_000, fails_permille: 0, hangs: false }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Disk {
    content: Option<Vec<u8>>,
    in_flight: Option<(u64, Vec<u8>)>,
    /// the write in flight hangs
    stuck: bool,
    wear: Wear,
}

impl Disk {
    /// A disk with this content.
    pub fn with(content: Vec<u8>) -> Disk {
        Disk { content: Some(content), ..Disk::default() }
    }

    /// What would be read now.
    pub(crate) fn content(&self) -> Option<&[u8]> {
        self.content.as_deref()
    }

    /// Begins a write: how long it will take in microseconds and how it will end; `None` when it hangs.
    pub(crate) fn begin(&mut self, token: u64, bytes: Vec<u8>, rng: &mut Rng) -> Option<(u64, bool)> {
        assert!(self.in_flight.is_none(), "a second write begins before the first has ended");
        self.in_flight = Some((token, bytes));
        self.stuck = self.wear.hangs;
        if self.stuck {
            return None;
        }
        let jitter = if self.wear.jitter_us == 0 { 0 } else { rng.below(self.wear.jitter_us) };
        let ok = self.wear.fails_permille == 0 || rng.below(1_000) >= self.wear.fails_permille;
        Some((self.wear.latency_us + jitter, ok))
    }

    /// The write has ended.
    pub(crate) fn end(&mut self, ok: bool) {
        self.stuck = false;
        let written = self.in_flight.take();
        if let Some((_, bytes)) = written.filter(|_| ok) {
            self.content = Some(bytes);
        }
    }

    /// The process dies: a write in flight is done or not.
    pub(crate) fn crash(&mut self, rng: &mut Rng) {
        let done = self.in_flight.is_some() && rng.below(2) == 0;
        self.end(done);
    }

    /// Nothing is in flight for a process that begins.
    pub(crate) fn forget_write(&mut self) {
        self.in_flight = None;
        self.stuck = false;
    }

    /// Changes how it works; true if a write hangs.
    pub(crate) fn set_wear(&mut self, wear: Wear) -> bool {
        self.wear = wear;
        self.stuck
    }

    /// The token of the write that hangs.
    pub(crate) fn hanging(&mut self) -> Option<u64> {
        let stuck = std::mem::take(&mut self.stuck);
        self.in_flight.as_ref().filter(|_| stuck).map(|(token, _)| *token)
    }
}

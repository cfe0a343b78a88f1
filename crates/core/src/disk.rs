//! What is on disk and what waits for it.
//!
//! Every change that must survive a restart raises the wanted [`Version`]. One write is in flight at most, always
//! of the newest state, so that many changes at once share one fsync. What must not be seen before the state is
//! on disk (a vote, a candidacy, a hello with a new configuration) asks [`Disk::durable`] or [`Disk::settled`].

use crate::fingerprint::Fingerprint;
use crate::io::Version;
use crate::time::Mono;

/// Milliseconds before the first retry of a failed write; doubled each time.
const RETRY_FIRST_MS: u64 = 1_000;
/// And at most.
const RETRY_LAST_MS: u64 = 60_000;

/// Versions of the state, on the way to the disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    wanted: Version,
    in_flight: Option<Version>,
    /// newest version known to be on disk
    durable: Version,
    /// newest version whose write ended, well or not
    settled: Version,
    /// `sentinel vote-without-disk yes`: a failed write counts as done
    trust_failures: bool,
    /// when a failed write is tried again without anything new to write
    retry_at: Option<Mono>,
    /// milliseconds waited last
    retry_wait: u64,
}

impl Disk {
    pub(crate) fn new(trust_failures: bool) -> Disk {
        Disk { trust_failures, ..Disk::default() }
    }

    /// Notes a change and returns the version that holds it.
    pub(crate) fn change(&mut self) -> Version {
        self.wanted.0 += 1;
        self.wanted
    }

    /// The version to write now, if anything is unwritten and no write runs. Marks it as running.
    pub(crate) fn begin(&mut self, now: Mono) -> Option<Version> {
        let unwritten = self.wanted > self.settled || self.retry_at.is_some_and(|at| at <= now);
        if unwritten && self.in_flight.is_none() {
            self.retry_at = None;
            self.in_flight = Some(self.wanted);
            return self.in_flight;
        }
        None
    }

    /// A write ended. Returns the version up to which writes had ended before.
    pub(crate) fn ended(&mut self, version: Version, fine: bool, now: Mono) -> Version {
        let before = self.settled;
        if fine {
            self.retry_at = None;
            self.retry_wait = 0;
        } else {
            // A disk that was full for a moment must not leave an old file behind until something else changes.
            self.retry_wait = (self.retry_wait * 2).clamp(RETRY_FIRST_MS, RETRY_LAST_MS);
            self.retry_at = Some(now + self.retry_wait);
        }
        if self.in_flight == Some(version) {
            self.in_flight = None;
        }
        self.settled = self.settled.max(version);
        if fine || self.trust_failures {
            self.durable = self.durable.max(version);
        }
        before
    }

    /// When a failed write is due again.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        self.retry_at.filter(|_| self.in_flight.is_none())
    }

    /// The newest version known to be on disk.
    pub(crate) fn on_disk(&self) -> Version {
        self.durable
    }

    /// Whether `version` is on disk.
    pub(crate) fn durable(&self, version: Version) -> bool {
        version <= self.durable
    }

    /// Whether the write of `version` ended, well or not.
    pub(crate) fn settled(&self, version: Version) -> bool {
        version <= self.settled
    }

    /// How far `version` is: on disk, refused, being written, waiting.
    pub(crate) fn progress(&self, version: Version) -> u64 {
        match () {
            () if self.durable(version) => 0,
            () if self.settled(version) => 1,
            () if self.in_flight.is_some_and(|writing| version <= writing) => 2,
            () => 3,
        }
    }

    /// See [`crate::fingerprint`]: what is left to write, not how often it was written before.
    pub(crate) fn feed(&self, f: &mut Fingerprint) {
        let Disk { wanted, in_flight, durable: _, settled, trust_failures, retry_at, retry_wait } = self;
        f.flag(*wanted > in_flight.unwrap_or(*settled).max(*settled));
        f.flag(in_flight.is_some());
        f.flag(*trust_failures);
        f.flag(retry_at.is_some());
        f.wait(retry_at.unwrap_or_default());
        f.number(*retry_wait);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_during_a_write_share_the_next_one() {
        let mut disk = Disk::default();
        let first = disk.change();
        assert_eq!(disk.begin(Mono(0)), Some(first));
        let second = disk.change();
        let third = disk.change();
        assert_eq!(disk.begin(Mono(0)), None);
        disk.ended(first, true, Mono(0));
        assert!(disk.durable(first) && !disk.durable(second));
        assert_eq!(disk.begin(Mono(0)), Some(third));
        disk.ended(third, true, Mono(0));
        assert!(disk.durable(second));
        assert_eq!(disk.begin(Mono(0)), None);
    }

    #[test]
    fn a_failed_write_settles_but_is_not_durable() {
        let mut disk = Disk::default();
        let version = disk.change();
        disk.begin(Mono(0));
        disk.ended(version, false, Mono(0));
        assert!(disk.settled(version) && !disk.durable(version));
        assert_eq!(disk.begin(Mono(999)), None, "not in a loop");
        assert_eq!(disk.deadline(), Some(Mono(1_000)));
        assert_eq!(disk.begin(Mono(1_000)), Some(version), "tried again by itself");
        disk.ended(version, false, Mono(1_000));
        assert_eq!(disk.deadline(), Some(Mono(3_000)), "ever later");
        let next = disk.change();
        assert_eq!(disk.begin(Mono(1_001)), Some(next), "or at once when something new is to be written");
        disk.ended(next, true, Mono(1_002));
        assert!(disk.durable(version) && disk.deadline().is_none());
    }
}

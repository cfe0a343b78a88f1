//! What is on disk and what waits for it.
//!
//! Every change that must survive a restart raises the wanted [`Version`]. One write is in flight at most, always
//! of the newest state, so that many changes at once share one fsync. What must not be seen before the state is
//! on disk (a vote, a candidacy, a hello with a new configuration) asks [`Disk::durable`] or [`Disk::settled`].

use crate::io::Version;

/// Versions of the state, on the way to the disk.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    wanted: Version,
    in_flight: Option<Version>,
    /// newest version known to be on disk
    durable: Version,
    /// newest version whose write ended, well or not
    settled: Version,
    /// `sentinel vote-without-disk yes`: a failed write counts as done
    trust_failures: bool,
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
    pub(crate) fn begin(&mut self) -> Option<Version> {
        let unwritten = self.wanted > self.settled;
        if unwritten && self.in_flight.is_none() {
            self.in_flight = Some(self.wanted);
            return self.in_flight;
        }
        None
    }

    /// A write ended. Returns the version up to which writes had ended before.
    pub(crate) fn ended(&mut self, version: Version, fine: bool) -> Version {
        let before = self.settled;
        if self.in_flight == Some(version) {
            self.in_flight = None;
        }
        self.settled = self.settled.max(version);
        if fine || self.trust_failures {
            self.durable = self.durable.max(version);
        }
        before
    }

    /// Whether `version` is on disk.
    pub(crate) fn durable(&self, version: Version) -> bool {
        version <= self.durable
    }

    /// Whether the write of `version` ended, well or not.
    pub(crate) fn settled(&self, version: Version) -> bool {
        version <= self.settled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_during_a_write_share_the_next_one() {
        let mut disk = Disk::default();
        let first = disk.change();
        assert_eq!(disk.begin(), Some(first));
        let second = disk.change();
        let third = disk.change();
        assert_eq!(disk.begin(), None);
        disk.ended(first, true);
        assert!(disk.durable(first) && !disk.durable(second));
        assert_eq!(disk.begin(), Some(third));
        disk.ended(third, true);
        assert!(disk.durable(second));
        assert_eq!(disk.begin(), None);
    }

    #[test]
    fn a_failed_write_settles_but_is_not_durable() {
        let mut disk = Disk::default();
        let version = disk.change();
        disk.begin();
        disk.ended(version, false);
        assert!(disk.settled(version) && !disk.durable(version));
        assert_eq!(disk.begin(), None, "a failed write is not repeated before something asks for it");
        disk.change();
        assert!(disk.begin().is_some());
    }
}

//! How soon a server that cannot be reached is dialled again, and what it means when its port refuses.
//!
//! Once a second is enough for most. It is too seldom for a master whose refusals count
//! (`refused-down-after-milliseconds`), and for the old master of a group that has a new one: from the moment it is
//! back it takes writes that its resync throws away. What is dialled faster than usual is limited for all groups
//! together. Whether a master is down is judged in [`crate::detect`].

use crate::info::Role;
use crate::io::DownReason;
use crate::server::{Pace, Server};
use crate::shared::Shared;
use crate::time::Mono;

/// What dialling a server has shown.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Dial {
    /// its port refuses connections
    pub(crate) refused: Option<Refused>,
    /// a quick dial was due and too many others were, too
    pub(crate) skipped_at: Option<Mono>,
    /// milliseconds a PING took of late
    pub(crate) round_trip_ms: Option<u64>,
    /// attempts to connect that were given up in a row
    pub(crate) abandoned: u32,
    /// a PING was answered on the connection there is
    pub(crate) answered: bool,
    /// the last connection ended before anything was answered
    pub(crate) brief: bool,
    /// dials in a row that were made at once for that reason
    pub(crate) looks: u8,
}

/// A port that refuses connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    /// the first refusal of a row
    pub(crate) since: Mono,
    /// the latest
    pub(crate) last: Mono,
}

/// Dials faster than usual of all groups together.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct QuickDials {
    /// what was dialled until now is paid for then
    paid_at: Mono,
}

impl QuickDials {
    /// Whether one more is allowed now; it counts if it is.
    fn take(&mut self, cost_ms: u64, now: Mono) -> bool {
        let allowed = self.paid_at <= now + QUICK_BURST_MS;
        if allowed {
            self.paid_at = self.paid_at.max(now) + cost_ms;
        }
        allowed
    }
}

impl Dial {
    /// The connection to the command port ended (`was_up`), or could not be made. Of one that `is_down` because it refused,
    /// only an answer says that it is there again: a host that goes after its process, and with it what refused, is none.
    pub(crate) fn note_down(
        &mut self,
        reason: &DownReason,
        (was_up, is_down): (bool, bool),
        refused_after_ms: u64,
        now: Mono,
    ) {
        // The last connections of a process that ends are still accepted when those it had are closed already.
        let accepted = match reason {
            DownReason::Closed | DownReason::Reset | DownReason::Tls(_) => true,
            DownReason::Refused
            | DownReason::TimedOut
            | DownReason::Unreachable
            | DownReason::Protocol(_)
            | DownReason::Other(_) => was_up,
        };
        self.brief = accepted && !self.answered;
        self.answered = false;
        if was_up || *reason != DownReason::Refused {
            self.refused = self.refused.filter(|_| is_down && !was_up);
            return;
        }
        // Between refusals that are too far apart it may have been there: we did not run, or had no name to dial. Where we
        // meant to dial and were not allowed to, that is no reason to begin anew.
        let near = |before: &Refused| now.since(before.last) <= (2 * refused_after_ms).max(GAP_MS);
        let held_up = |before: &Refused| self.skipped_at.is_some_and(|at| at > before.last);
        let joined = self.refused.filter(|before| near(before) || held_up(before));
        self.refused = Some(Refused { since: joined.map_or(now, |before| before.since), last: now });
    }

    /// It answered a PING that was sent at `sent`.
    pub(crate) fn note_answer(&mut self, sent: Option<Mono>, now: Mono) {
        self.refused = None;
        self.answered = true;
        self.looks = 0;
        if let Some(sent) = sent {
            let before = self.round_trip_ms.unwrap_or(0);
            self.round_trip_ms = Some(now.since(sent).max(before - before / 4));
        }
    }

    /// Whether it has refused for so long, 0 for never. One that is down already stays so as long as it refuses.
    pub(crate) fn refused_for(&self, ms: u64, is_down: bool) -> bool {
        let long = |refused: Refused| is_down || refused.last.since(refused.since) >= ms;
        ms > 0 && self.refused.is_some_and(long)
    }

    /// Whether to dial at once because the last connection was a brief one: a moment later the port refuses. One that always
    /// accepts and closes is left alone.
    fn looks_again(&self) -> bool {
        self.brief && self.looks < LOOKS
    }
}

impl Server {
    /// When the command port is to be dialled, as long as there is no connection to it.
    pub(crate) fn redial_at(&self, pace: Pace, sh: &Shared) -> Mono {
        let usual = self.cmd.reconnect_at(sh);
        let (Some(period), Some(last)) = (self.quick_period_ms(pace, sh), self.cmd.last_attempt) else {
            return usual;
        };
        let mut next = last + period;
        if let Some(refused) = self.dial.refused.filter(|_| self.kind == Role::Master && !self.down.is) {
            // The one that decides comes when the time is up, and not a period later.
            let decides = refused.since + pace.refused_after;
            next = if decides > last { next.min(decides) } else { next };
        }
        next.max(self.after_skipped()).min(usual)
    }

    /// Until when an attempt to connect that nobody answers is left alone: what the network lost is sent again by the
    /// kernel only after a second, then two, then four.
    pub(crate) fn dial_abandoned_at(&self, sh: &Shared) -> Option<Mono> {
        let dialling = self.former_master && self.cmd.exists() && !self.cmd.up && !sh.general.tls.replication;
        let round_trip_ms = self.dial.round_trip_ms.filter(|_| dialling)?;
        let usual = UNANSWERED_MS.max(4 * round_trip_ms);
        // The way may have become longer since: now and then an attempt is given the time that takes.
        let patient = self.dial.abandoned % PATIENT_EVERY == PATIENT_EVERY - 1;
        let patience = if patient { usual.max(PATIENT_MS) } else { usual };
        Some((self.cmd.since + patience).max(self.after_skipped()))
    }

    /// Gives up an attempt that is not answered, so that the next one is made at once.
    pub(crate) fn abandon_dial(&mut self, sh: &mut Shared) {
        let now = sh.now.mono;
        if self.dial_abandoned_at(sh).is_none_or(|at| at > now) {
            return;
        }
        if sh.quick_dials.take(QUICK_COST_MS, now) {
            self.cmd.close(sh);
            self.cmd.last_attempt = None;
            self.dial.abandoned = self.dial.abandoned.wrapping_add(1);
        } else {
            self.dial.skipped_at = Some(now);
        }
    }

    /// Whether to dial the command port now; one that is not allowed waits a moment.
    pub(crate) fn takes_dial(&mut self, pace: Pace, sh: &mut Shared) -> bool {
        let now = sh.now.mono;
        if self.cmd.exists() || self.redial_at(pace, sh) > now {
            return false;
        }
        let usual = self.cmd.reconnect_at(sh) <= now;
        let decides = self.kind == Role::Master
            && !self.down.is
            && (self.dial.refused.is_some() || self.dial.looks_again());
        let budget = if decides { &mut sh.deciding_dials } else { &mut sh.quick_dials };
        let cost = if decides { DECIDING_COST_MS } else { QUICK_COST_MS };
        let allowed = usual || budget.take(cost, now);
        if !allowed {
            self.dial.skipped_at = Some(now);
        } else if self.dial.brief {
            self.dial.looks = LOOKS.min(self.dial.looks + 1);
        }
        allowed
    }

    fn after_skipped(&self) -> Mono {
        self.dial.skipped_at.map_or(Mono(0), |at| at + QUICK_MS)
    }

    /// Milliseconds between two dials, where that is less than usual.
    fn quick_period_ms(&self, pace: Pace, sh: &Shared) -> Option<u64> {
        let refuses = self.dial.refused.is_some();
        match self.kind {
            Role::Master if pace.refused_after == 0 => None,
            Role::Master if !refuses && !self.down.is && self.dial.looks_again() => Some(QUICKEST_MS),
            // One that was there a moment ago is looked for, and counted from its first refusal on.
            Role::Master if !refuses || self.down.is => Some(QUICK_MS),
            Role::Master => Some((pace.refused_after / 4).min(sh.tuning.ping_period).max(QUICKEST_MS)),
            Role::Replica => (self.former_master && refuses).then_some(QUICK_MS),
        }
    }
}

/// Dials made at once after connections on which nothing was answered, until something is.
const LOOKS: u8 = 3;
/// Milliseconds between two dials of one that is awaited.
const QUICK_MS: u64 = 100;
/// Milliseconds, at least, between two dials of a port that refuses.
const QUICKEST_MS: u64 = 5;
/// Milliseconds between two refusals of a row that are allowed in any case.
const GAP_MS: u64 = 50;
/// Milliseconds without an answer after which an attempt to connect is made anew, if round trips are short.
const UNANSWERED_MS: u64 = 150;
/// One attempt of so many in a row is given this many milliseconds.
pub(crate) const PATIENT_EVERY: u32 = 10;
const PATIENT_MS: u64 = 1_000;
/// Milliseconds one dial costs of all groups' time on which it depends whether a master is down.
const DECIDING_COST_MS: u64 = 1;
/// Milliseconds any other quick dial costs, and for how long dials may be made ahead.
const QUICK_COST_MS: u64 = 3;
const QUICK_BURST_MS: u64 = 100;

//! The tick: everything that does not answer something that arrived is done here, in a fixed order.

use watchkeeper_core::event::EventKind;

use super::state::{Phase, Who, period};
use super::{UpstreamSentinel, now};
use crate::world::Ctx;

impl UpstreamSentinel {
    pub(super) fn wake(&mut self, ctx: &mut Ctx<'_>) {
        let mono = ctx.clock().mono;
        if mono < self.next_tick {
            return;
        }
        let now = now(ctx);
        let passed = now - self.last_tick;
        self.last_tick = now;
        if !(0..=period::TILT_TRIGGER).contains(&passed) {
            (self.tilt, self.tilt_at) = (true, now);
            self.say(EventKind::Tilt, None, "#tilt mode entered".to_owned(), ctx);
        }
        let mut ready = None;
        for g in 0..self.groups.len() {
            for who in self.groups[g].everybody() {
                self.attend(g, &who, now, ctx);
            }
            if self.groups[g].phase == Phase::Switch {
                ready = Some(g);
            }
        }
        // One switch a tick: other groups wait for the next.
        if let Some(g) = ready {
            self.finish(g, now, ctx);
        }
        // So sentinels that began together do not stay in step.
        self.next_tick = mono + 1_000 / (10 + ctx.rng().below(10));
    }

    /// What a tick does about one instance.
    fn attend(&mut self, g: usize, who: &Who, now: i64, ctx: &mut Ctx<'_>) {
        self.reconnect(g, who, ctx);
        self.periodic(g, who, now, ctx);
        if self.tilt {
            if now - self.tilt_at < period::TILT {
                return;
            }
            self.tilt = false;
            self.say(EventKind::TiltEnd, None, "#tilt mode exited".to_owned(), ctx);
        }
        self.judge(g, who, now, ctx);
        if *who == Who::Master {
            self.judge_together(g, now, ctx);
            if self.start_if_needed(g, now, ctx) {
                self.ask_peers(g, now, true);
            }
            self.advance(g, now, ctx);
            self.ask_peers(g, now, false);
        }
    }
}

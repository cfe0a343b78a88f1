//! Faults that wait for a moment of a failover: the leader dies when it has been elected, a voter when it has told its
//! vote, and so on.

use watchkeeper_core::event::EventKind;

use crate::fact::Fact;
use crate::fault::Kind;
use crate::fault::inject::{Injector, Undo};
use crate::process::ProcId;
use crate::world::{Life, World};

/// Files are written much more often than leaders are elected.
const WRITES: u64 = 5;
/// So are votes told: every ask is answered with one.
const ASKS: u64 = 3;

impl Injector {
    pub(super) fn strike(&mut self, fact: &Fact, world: &mut World) {
        match fact {
            Fact::Event { who, event } => match leader_kind(event.kind) {
                Some(kind) => self.maybe_kill(kind, *who, 1, world),
                None => {}
            },
            Fact::OrderSent { who, server, follow: None } => {
                self.maybe_kill(Kind::LeaderPromoting, *who, 1, world);
                if let Some(server) = world.at(*server) {
                    self.maybe_kill(Kind::PromotedKilled, server, 1, world);
                }
            }
            Fact::VoteTold { who, .. } => self.maybe_kill(Kind::VoterKilled, *who, ASKS, world),
            Fact::WriteBegun { who, .. } => self.maybe_kill(Kind::TornWrite, *who, WRITES, world),
            Fact::AskSent { who, .. } => self.maybe_cut(*who, world),
            _ => {}
        }
    }

    fn maybe_kill(&mut self, kind: Kind, who: ProcId, of: u64, world: &mut World) {
        if world.life(who) == Life::Dead || !self.chance(kind, of) {
            return;
        }
        self.counted(kind);
        if self.rng(kind).below(2) == 0 {
            self.fell(kind, who, false, world);
            return;
        }
        let ms = 10 + self.rng(kind).below(800);
        world.note_fault(&format!("{}: {} is killed, back in {ms} ms", kind.name(), world.name(who)));
        world.kill(who);
        self.later(Some(ms), Undo::Start(who), world);
    }

    fn maybe_cut(&mut self, who: ProcId, world: &mut World) {
        let kind = Kind::AskCut;
        if world.life(who) == Life::Dead || !self.chance(kind, ASKS) {
            return;
        }
        self.counted(kind);
        world.note_fault(&format!("{}: {} loses its connections", kind.name(), world.name(who)));
        for conn in world.connections_of(who) {
            world.reset_connection(conn);
        }
    }
}

fn leader_kind(event: EventKind) -> Option<Kind> {
    if event == EventKind::ElectedLeader {
        Some(Kind::LeaderElected)
    } else if event == EventKind::PromotedSlave {
        Some(Kind::LeaderPromoted)
    } else if event == EventKind::SlaveReconfSent {
        Some(Kind::LeaderReconf)
    } else {
        None
    }
}

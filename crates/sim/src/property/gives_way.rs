//! Nobody is fought for ever: a sentinel of ours that keeps a tree puts a replica back that an upstream-like one took away,
//! and after so many times leaves it there.
//!
//! From: the documentation of `replication-topology`: a sentinel of upstream's in the same group attaches what it knows to the
//! master, again and again.
//!
//! Judged in quiet times: from the last fault, start, end or switch on. After a healed world with sentinels of both kinds and
//! a tree has settled, `run` leaves them to each other for as long as a whole such quarrel takes.
//!
//! Allowed: each sentinel counts for itself; to tell one again that did not obey. And a round in which the one it was sent to
//! was moved as well: meanwhile it belonged elsewhere, so nobody took it away. That one's own quarrel has an end, too.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use watchkeeper_core::event::EventKind;

use super::Property;
use super::known::is_ours;
use crate::fact::Fact;
use crate::process::ProcId;
use crate::time::Time;
use crate::world::World;

/// So often it may be put back: told once, and twice more after it was taken away. The third time it stays away.
const PUT_BACK_MAX: u32 = 2;

/// A replica and the sentinel that wants it in its place.
#[derive(Debug)]
struct Claim {
    to: SocketAddr,
    /// it followed that one since it was told
    obeyed: bool,
    /// another sentinel took it away from there
    taken: bool,
    put_back: u32,
}

/// See the module.
#[derive(Debug, Default)]
pub struct GivesWay {
    claims: BTreeMap<(ProcId, SocketAddr), Claim>,
}

impl GivesWay {
    fn claims_on(&mut self, replica: SocketAddr) -> impl Iterator<Item = &mut Claim> {
        self.claims.iter_mut().filter(move |((_, of), _)| *of == replica).map(|(_, claim)| claim)
    }

    fn ours(
        &mut self,
        world: &World,
        who: ProcId,
        replica: SocketAddr,
        to: SocketAddr,
    ) -> Result<(), String> {
        let fresh = || Claim { to, obeyed: false, taken: false, put_back: 0 };
        let claim = self.claims.entry((who, replica)).or_insert_with(fresh);
        if claim.to != to {
            *claim = fresh();
        }
        claim.put_back += u32::from(std::mem::take(&mut claim.taken));
        claim.obeyed = false;
        if claim.put_back <= PUT_BACK_MAX {
            return Ok(());
        }
        let (name, times) = (world.name(who), claim.put_back);
        Err(format!(
            "`{name}` puts {replica} back to {to} for the {times}. time, although another sentinel takes it away"
        ))
    }
}

impl Property for GivesWay {
    fn name(&self) -> &'static str {
        "gives_way"
    }

    fn fact(&mut self, world: &World, _at: Time, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::Fault { .. } | Fact::Booted { .. } | Fact::Died { .. } => self.claims.clear(),
            Fact::Event { who, event }
                if matches!(event.kind, EventKind::SwitchMaster | EventKind::ResetMaster) =>
            {
                self.claims.retain(|(by, _), _| by != who);
            }
            Fact::OrderSent { who, server, follow: Some(to) } if is_ours(world, *who) => {
                return self.ours(world, *who, *server, *to);
            }
            Fact::OrderSent { server, follow: Some(to), .. } => {
                for claim in self.claims_on(*server).filter(|claim| claim.to != *to && claim.obeyed) {
                    (claim.obeyed, claim.taken) = (false, true);
                }
            }
            Fact::Follows { who, master } => {
                let moved = world.addr(*who);
                for claim in self.claims.values_mut().filter(|claim| claim.to == moved) {
                    (claim.obeyed, claim.taken) = (false, false);
                }
                for claim in self.claims_on(moved) {
                    claim.obeyed |= Some(claim.to) == *master;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

//! No failover starts unless the quorum agrees that the master is down; and the quorum really said so.
//!
//! From: upstream's documentation ("SDOWN and ODOWN failure state", "Quorum").
//!
//! A sentinel that says `+odown` must have been told by as many others as the quorum needs beside itself, in the last two
//! minutes: answers may be a minute on their way and count for five seconds. What waited for the disk is seen when the
//! write has ended, and is judged as of the time it began to wait.
//!
//! Allowed: a failover that a user forced. Whom a sentinel with upstream's behaviour counts is not judged: it counts words
//! about the old master for the new one.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use watchkeeper_core::Event;
use watchkeeper_core::event::EventKind;

use super::Property;
use super::known::{Attempts, Groups, Seat, is_ours};
use crate::fact::Fact;
use crate::process::ProcId;
use crate::time::Time;
use crate::world::World;

/// So long a sentinel's word that a master is down may count, in milliseconds.
const WORD_COUNTS_MS: u64 = 120_000;

/// See the module.
#[derive(Debug, Default)]
pub struct OdownFirst {
    groups: Groups,
    attempts: Attempts,
    odown: BTreeMap<Seat, bool>,
    /// when each sentinel last said that a master is down
    said: BTreeMap<(SocketAddr, ProcId), Time>,
    /// since when each sentinel has had something that is not on disk
    unsaved: BTreeMap<ProcId, Time>,
    /// when a write of each sentinel last succeeded, and since when that was needed
    saved: BTreeMap<ProcId, (Time, Time)>,
    /// when the present or last write of each sentinel began, and when it ended
    write: BTreeMap<ProcId, (Time, Option<Time>)>,
}

impl OdownFirst {
    /// `+odown master <name> <ip> <port> #quorum <votes>/<quorum>`
    fn agreed(&self, world: &World, at: Time, who: ProcId, event: &Event) -> Result<(), String> {
        let mut words = event.payload.split(' ').skip(1);
        let (name, ip, port) = (words.next(), words.next(), words.next());
        // The quorum as it was then: it may have been set anew before this was seen.
        let quorum = words.nth(1).and_then(|votes| votes.split_once('/')?.1.parse::<usize>().ok());
        let master = ip.and_then(|ip| Some(SocketAddr::new(ip.parse().ok()?, port?.parse().ok()?)));
        let (Some(_), Some(master), Some(quorum)) = (name, master, quorum) else {
            return Err(format!("`+odown {}` can't be read", event.payload));
        };
        if !is_ours(world, who) {
            return Ok(()); // upstream counts what peers said of the old master for a while
        }
        let formed = self.saved.get(&who).filter(|(saved, _)| *saved == at).map_or(at, |(_, since)| *since);
        let words = self.said.range((master, ProcId(0))..=(master, ProcId(u32::MAX)));
        let others = words.filter(|((_, by), said)| *by != who && formed.since_ms(**said) <= WORD_COUNTS_MS);
        let votes = 1 + others.count();
        if votes >= quorum {
            return Ok(());
        }
        Err(format!(
            "`{}` says that {master} is objectively down: {votes} sentinels hold it for down, the quorum is {quorum}",
            world.name(who)
        ))
    }
}

impl Property for OdownFirst {
    fn name(&self) -> &'static str {
        "odown_first"
    }

    fn fact(&mut self, world: &World, at: Time, fact: &Fact) -> Result<(), String> {
        let started = self.attempts.note(&mut self.groups, fact);
        if let Some((seat, attempt)) = started {
            let odown = self.odown.get(&seat).copied().unwrap_or(false);
            if !odown && !attempt.forced {
                return Err(format!(
                    "`{}` starts a failover of `{}` in epoch {} without `+odown`, and nobody forced it",
                    world.name(seat.0),
                    self.groups.name(seat.1),
                    attempt.epoch
                ));
            }
        }
        match fact {
            Fact::Booted { who } => {
                for (_, odown) in self.odown.range_mut((*who, 0)..=(*who, u32::MAX)) {
                    *odown = false;
                }
                self.unsaved.remove(who);
                self.write.remove(who);
            }
            Fact::WriteBegun { who, .. } => {
                // One that begins in the instant the last one ended holds what came up while that one was under way.
                let last = self.write.insert(*who, (at, None));
                let waited = last.filter(|(_, ended)| *ended == Some(at)).map(|(began, _)| began);
                self.unsaved.entry(*who).or_insert(waited.unwrap_or(at));
            }
            Fact::WriteEnded { who, ok, .. } => {
                if let Some((_, ended)) = self.write.get_mut(who) {
                    *ended = Some(at);
                }
                if *ok {
                    let since = self.unsaved.remove(who).unwrap_or(at);
                    self.saved.insert(*who, (at, since));
                }
            }
            Fact::DownTold { who, master } => {
                self.said.insert((*master, *who), at);
            }
            Fact::Event { who, event } => {
                let odown = match event.kind {
                    EventKind::ObjectivelyDown => true,
                    EventKind::ObjectivelyUp
                    | EventKind::SwitchMaster
                    | EventKind::ResetMaster
                    | EventKind::Unmonitor => false,
                    _ => return Ok(()),
                };
                if let Some(group) = self.groups.of(event) {
                    self.odown.insert((*who, group), odown);
                }
                if odown {
                    self.agreed(world, at, *who, event)?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

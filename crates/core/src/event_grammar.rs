//! Which sequences of events a sentinel can emit, from its start to its end.
//!
//! An automaton for the process (TILT, scripts), one for each group (epochs, votes, its failover, its master's
//! objective state), one for each instance of it (known, down, role). Only events go in, no state: what a log says can be
//! checked with it. The events of one group are in order; between groups there is no order, because those of one may be
//! held back for the disk.
//!
//! Three things leave no event and stay open here: a failover given up for a newer configuration of the same master,
//! after which the next one may begin; whether somebody asked for a failover; and TILT as seen by a group whose earlier
//! events come late. What a group does in TILT is for those to check who see its state.

mod failover;
mod instance;
mod process;

use std::collections::BTreeMap;

use crate::event::{Event, EventKind};
use crate::id::GroupName;
use crate::time::Mono;
use failover::Failover;
use instance::{Instance, Known, Told};
use process::Process;

/// Reads the events of one process in order and rejects the first that cannot be.
#[derive(Debug, Clone, Default)]
pub struct Grammar {
    process: Process,
    groups: BTreeMap<GroupName, Group>,
}

/// What is known of a group.
#[derive(Debug, Clone, Default)]
struct Group {
    /// `+monitor` seen, less `-monitor`: the former may be late, because it waits for the disk
    monitors: i64,
    /// the event before
    last: Option<EventKind>,
    /// what alone can come next, if not everything
    due: &'static [EventKind],
    new_epoch: u64,
    vote_epoch: u64,
    odown: bool,
    failover: Failover,
    instances: BTreeMap<Instance, Known>,
}

/// Which automaton takes an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Process,
    /// of a group, and possible at any time
    Free,
    Monitor,
    Unmonitor,
    Reset,
    Epoch,
    Vote,
    Odown,
    /// only directly behind one of these
    Behind(&'static [EventKind]),
    Instance(Told),
    Failover,
    Adopt,
    Switch,
}

#[rustfmt::skip]
fn class(kind: EventKind) -> Class {
    use EventKind as E;
    match kind {
        E::Tilt | E::TiltEnd | E::ScriptError | E::ScriptTimeout | E::ScriptChild | E::ScriptChildEnd => {
            Class::Process
        }
        E::Set | E::Reboot | E::CmdLinkReconnection | E::PubsubLinkReconnection => Class::Free,
        E::Monitor => Class::Monitor,
        E::Unmonitor => Class::Unmonitor,
        E::ResetMaster => Class::Reset,
        E::NewEpoch => Class::Epoch,
        E::VoteForLeader => Class::Vote,
        E::ObjectivelyDown | E::ObjectivelyUp => Class::Odown,
        E::DupSentinel => Class::Behind(&[E::SentinelAddressSwitch, E::SentinelInvalidAddr]),
        E::SentinelAddressUpdate => Class::Behind(&[E::DupSentinel]),
        E::FailoverDetected => Class::Behind(&[E::RoleDiffers]),
        E::Slave | E::Sentinel => Class::Instance(Told::Found),
        E::SentinelAddressSwitch => Class::Instance(Told::Moved),
        E::SentinelInvalidAddr => Class::Instance(Told::Replaced),
        E::SubjectivelyDown => Class::Instance(Told::Down),
        E::SubjectivelyUp => Class::Instance(Told::Up),
        E::RoleDiffers => Class::Instance(Told::Differs),
        E::RoleAgrees => Class::Instance(Told::Agrees),
        E::ConvertToSlave => Class::Instance(Told::Demoted),
        E::FixSlaveConfig => Class::Instance(Told::Redirected),
        E::TryFailover | E::ElectedLeader | E::StateSelectSlave | E::AbortNotElected | E::AbortNoGoodSlave
        | E::SelectedSlave | E::StateSendSlaveofNoone | E::StateWaitPromotion | E::AbortSlaveTimeout
        | E::PromotedSlave | E::StateReconfSlaves | E::SlaveReconfSent | E::SlaveReconfSentTimeout
        | E::SlaveReconfInprog | E::SlaveReconfDone | E::SlaveReconfSentBestEffort
        | E::FailoverEndForTimeout | E::FailoverEnd => Class::Failover,
        E::ConfigUpdateFrom => Class::Adopt,
        E::SwitchMaster => Class::Switch,
    }
}

/// What alone can follow an event, because the same step emits both.
fn due_after(kind: EventKind) -> &'static [EventKind] {
    use EventKind as E;
    const PAIRS: &[(E, &[E])] = &[
        (E::ElectedLeader, &[E::StateSelectSlave]),
        (E::SelectedSlave, &[E::StateSendSlaveofNoone]),
        (E::PromotedSlave, &[E::StateReconfSlaves]),
        (E::FailoverEndForTimeout, &[E::FailoverEnd]),
        (E::FailoverEnd, &[E::SwitchMaster, E::SlaveReconfSentBestEffort]),
        (E::SlaveReconfSentBestEffort, &[E::SwitchMaster, E::SlaveReconfSentBestEffort]),
        (E::ConfigUpdateFrom, &[E::SwitchMaster]),
        (E::SentinelAddressSwitch, &[E::DupSentinel]),
        (E::SentinelInvalidAddr, &[E::DupSentinel]),
    ];
    PAIRS.iter().find(|(first, _)| *first == kind).map_or(&[], |(_, then)| then)
}

impl Grammar {
    /// For a process that starts now.
    pub fn new() -> Grammar {
        Grammar::default()
    }

    /// Takes the next event. The error says what was seen, why it cannot be, and what could have been.
    pub fn accept(&mut self, at: Mono, event: &Event) -> Result<(), String> {
        let class = class(event.kind);
        let taken = match (class, &event.group) {
            (Class::Process, _) => self.process.take(event),
            (_, None) => Err("it belongs to a group and names none".to_owned()),
            (Class::Unmonitor, Some(name)) => {
                // What comes next under this name is another group.
                let group = self.groups.entry(name.clone()).or_default();
                *group = Group { monitors: group.monitors - 1, ..Group::default() };
                Ok(())
            }
            (_, Some(name)) => self.groups.entry(name.clone()).or_default().take(class, event),
        };
        if event.kind == EventKind::SentinelInvalidAddr {
            self.forgotten_everywhere(event);
        }
        taken.map_err(|why| format!("`{} {}` at {} ms: {why}", event.name, event.payload, at.0))
    }

    /// A peer that was replaced leaves all groups; what others still hold back may speak of it.
    fn forgotten_everywhere(&mut self, event: &Event) {
        let Some(gone) = Instance::of(&event.payload) else { return };
        for (name, group) in &mut self.groups {
            if event.group.as_ref() != Some(name) {
                group.instances.entry(gone.clone()).or_default().doubt();
            }
        }
    }
}

impl Group {
    fn take(&mut self, class: Class, event: &Event) -> Result<(), String> {
        if class == Class::Monitor {
            // It comes when the disk has it, between whatever else.
            self.monitors += 1;
            return possible(self.monitors <= 1, || "the group is monitored already".to_owned());
        }
        // Upstream ends a failover in one tick and switches in the next: in between it judges who is down.
        let ended = matches!(self.last, Some(EventKind::FailoverEnd | EventKind::SlaveReconfSentBestEffort));
        let judging = matches!(event.kind, EventKind::SubjectivelyDown | EventKind::SubjectivelyUp);
        if ended && judging {
            return self.dispatch(class, event);
        }
        if !self.due.is_empty() && !self.due.contains(&event.kind) {
            return Err(format!("only {} can follow here", names(self.due)));
        }
        // The members of a group that is reset come before the word for it.
        let resetting = event.kind == EventKind::Slave && !self.due.is_empty();
        if !resetting {
            self.due = due_after(event.kind);
        }
        self.dispatch(class, event)?;
        self.last = Some(event.kind);
        Ok(())
    }

    fn dispatch(&mut self, class: Class, event: &Event) -> Result<(), String> {
        match class {
            Class::Process | Class::Free | Class::Monitor | Class::Unmonitor => Ok(()),
            Class::Reset => {
                self.forget_servers();
                self.instances.clear();
                Ok(())
            }
            Class::Epoch => rising(&mut self.new_epoch, number(&event.payload)?),
            Class::Vote => {
                let epoch = event.payload.rsplit(' ').next().unwrap_or_default();
                rising(&mut self.vote_epoch, number(epoch)?)
            }
            Class::Odown => self.odown(event.kind == EventKind::ObjectivelyDown),
            Class::Behind(before) => {
                let behind = self.last.is_some_and(|last| before.contains(&last));
                possible(behind, || format!("it comes directly behind {} only", names(before)))
            }
            Class::Instance(told) => self.instance(told, event),
            Class::Failover => {
                let begins = event.kind == EventKind::TryFailover;
                possible(!begins || self.last == Some(EventKind::NewEpoch), || {
                    "every attempt has a new epoch. hint: `+new-epoch` comes directly before it".to_owned()
                })?;
                self.failover_event(event)
            }
            Class::Adopt => Ok(()),
            Class::Switch => self.switch(event),
        }
    }

    fn failover_event(&mut self, event: &Event) -> Result<(), String> {
        if event.kind == EventKind::PromotedSlave {
            let known = Instance::of(&event.payload).and_then(|it| self.instances.get(&it));
            possible(known.is_some_and(|known| known.differs), || {
                "it has not reported to be master. hint: `-role-change` comes first".to_owned()
            })?;
        }
        self.failover.take(event)
    }

    fn odown(&mut self, down: bool) -> Result<(), String> {
        if !down {
            possible(self.odown, || "it was not objectively down. hint: `+odown` comes first".to_owned())?;
            self.odown = false;
            return Ok(());
        }
        possible(!self.odown, || "it is objectively down already".to_owned())?;
        let sdown = self.instances.get(&Instance::Master).is_some_and(|master| master.may_be_down());
        possible(sdown, || {
            "the master is not subjectively down. hint: `+sdown master` comes first".to_owned()
        })?;
        self.odown = true;
        Ok(())
    }

    fn instance(&mut self, told: Told, event: &Event) -> Result<(), String> {
        let named = if told == Told::Moved {
            event.payload.rsplit(' ').next().map(|id| Instance::Sentinel(id.to_owned()))
        } else {
            Instance::of(&event.payload)
        };
        let Some(named) = named else { return Err("it names no instance".to_owned()) };
        self.instances.entry(named).or_default().take(told)?;
        let master_up = self.instances.get(&Instance::Master).is_some_and(Known::is_up);
        if matches!(told, Told::Down | Told::Up) && self.odown && master_up {
            // All are judged in one go, and then the master again.
            self.due = &[EventKind::ObjectivelyUp, EventKind::SubjectivelyDown, EventKind::SubjectivelyUp];
        }
        Ok(())
    }

    fn switch(&mut self, event: &Event) -> Result<(), String> {
        if self.last != Some(EventKind::ConfigUpdateFrom) && self.failover.switch(&event.payload)? {
            // A reset ends a failover whose promotion is confirmed.
            self.due = &[EventKind::Slave, EventKind::ResetMaster];
        }
        self.forget_servers();
        Ok(())
    }

    /// A switch or reset begins with fresh servers. Peers keep what is known of them.
    fn forget_servers(&mut self) {
        self.odown = false;
        self.failover = Failover::default();
        self.instances.retain(|instance, _| matches!(instance, Instance::Sentinel(_)));
    }
}

fn possible(is: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if is { Ok(()) } else { Err(why()) }
}

fn rising(last: &mut u64, epoch: u64) -> Result<(), String> {
    let before = std::mem::replace(last, epoch);
    possible(epoch > before, || format!("epochs rise, and that of the last such event was `{before}`"))
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("`{text}` is no epoch"))
}

/// `` `a`, `b` `` by their wire names.
fn names(kinds: &[EventKind]) -> String {
    let names: Vec<String> = kinds.iter().map(|kind| format!("`{}`", kind.spec().name)).collect();
    names.join(", ")
}

//! The events of a failover, from the attempt to the switch: a table of phases, and what each replica can do in one.

use std::collections::BTreeMap;

use super::instance::Instance;
use super::{names, possible};
use crate::event::{Event, EventKind};

/// How far the events have told a failover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    #[default]
    None,
    Trying,
    Elected,
    Selecting,
    Selected,
    Promoting,
    WaitingForPromotion,
    Promoted,
    Reconfiguring,
    TimedOut,
    /// told to have ended, in time or not: the switch follows
    Ended,
    EndedLate,
}

impl Phase {
    /// In words, after "while".
    fn words(self) -> &'static str {
        match self {
            Phase::None => "no failover runs",
            Phase::Trying => "votes are awaited",
            Phase::Elected => "this sentinel was just elected",
            Phase::Selecting => "a replica is being chosen",
            Phase::Selected => "a replica was just chosen",
            Phase::Promoting => "the promotion is about to be sent",
            Phase::WaitingForPromotion => "the chosen replica is to become master",
            Phase::Promoted => "the promotion was just confirmed",
            Phase::Reconfiguring => "the replicas are told to follow the new master",
            Phase::TimedOut => "the failover just ran out of time",
            Phase::Ended | Phase::EndedLate => "the failover has ended and the switch is to follow",
        }
    }
}

/// Every step: the event, the phases it is possible in, the phase after it.
const STEPS: &[(EventKind, &[Phase], Phase)] = {
    use EventKind as E;
    use Phase as P;
    &[
        (E::ElectedLeader, &[P::Trying], P::Elected),
        (E::AbortNotElected, &[P::Trying], P::None),
        (E::StateSelectSlave, &[P::Elected], P::Selecting),
        (E::AbortNoGoodSlave, &[P::Selecting], P::None),
        (E::SelectedSlave, &[P::Selecting], P::Selected),
        (E::StateSendSlaveofNoone, &[P::Selected], P::Promoting),
        (E::StateWaitPromotion, &[P::Promoting], P::WaitingForPromotion),
        (E::AbortSlaveTimeout, &[P::Promoting, P::WaitingForPromotion], P::None),
        (E::PromotedSlave, &[P::WaitingForPromotion], P::Promoted),
        (E::StateReconfSlaves, &[P::Promoted], P::Reconfiguring),
        (E::SlaveReconfSent, &[P::Reconfiguring], P::Reconfiguring),
        (E::SlaveReconfInprog, &[P::Reconfiguring], P::Reconfiguring),
        (E::SlaveReconfDone, &[P::Reconfiguring], P::Reconfiguring),
        (E::SlaveReconfSentTimeout, &[P::Reconfiguring], P::Reconfiguring),
        (E::FailoverEndForTimeout, &[P::Reconfiguring], P::TimedOut),
        (E::FailoverEnd, &[P::Reconfiguring], P::Ended),
        (E::FailoverEnd, &[P::TimedOut], P::EndedLate),
        (E::SlaveReconfSentBestEffort, &[P::EndedLate], P::EndedLate),
        (E::SwitchMaster, &[P::Reconfiguring, P::Ended, P::EndedLate], P::None),
    ]
};

/// What a replica was told to do, and has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Reconf {
    #[default]
    None,
    Sent,
    InProgress,
    Done,
}

/// Events that name the chosen replica.
const OF_THE_CHOSEN: &[EventKind] =
    &[EventKind::StateSendSlaveofNoone, EventKind::StateWaitPromotion, EventKind::PromotedSlave];

/// What each event of a replica's reconfiguration leads from and to.
const RECONFS: &[(EventKind, Reconf, Reconf)] = &[
    (EventKind::SlaveReconfSent, Reconf::None, Reconf::Sent),
    (EventKind::SlaveReconfSentBestEffort, Reconf::None, Reconf::Sent),
    // Upstream, at the end of its patience, tells one again that follows already.
    (EventKind::SlaveReconfSentBestEffort, Reconf::InProgress, Reconf::Sent),
    (EventKind::SlaveReconfInprog, Reconf::Sent, Reconf::InProgress),
    (EventKind::SlaveReconfDone, Reconf::InProgress, Reconf::Done),
    (EventKind::SlaveReconfSentTimeout, Reconf::Sent, Reconf::Done),
];

/// A failover, or none.
#[derive(Debug, Clone, Default)]
pub(super) struct Failover {
    phase: Phase,
    /// the details of the chosen replica
    chosen: Option<String>,
    replicas: BTreeMap<Instance, Reconf>,
}

impl Failover {
    /// Takes an event of a failover.
    pub(super) fn take(&mut self, event: &Event) -> Result<(), String> {
        use EventKind as E;
        if event.kind == E::TryFailover {
            // The one before may have been given up without an event.
            *self = Failover { phase: Phase::Trying, ..Failover::default() };
            return Ok(());
        }
        self.step(event.kind)?;
        if event.kind == E::SelectedSlave {
            self.chosen = Some(event.payload.clone());
        }
        if OF_THE_CHOSEN.contains(&event.kind) {
            let same = Instance::of(&event.payload) == self.chosen_instance();
            let chosen = self.chosen.as_deref().unwrap_or("nobody");
            possible(same, || format!("the chosen one is `{chosen}`"))?;
        }
        if RECONFS.iter().any(|(kind, ..)| *kind == event.kind) {
            self.reconf(event)?;
        }
        if self.phase == Phase::None {
            *self = Failover::default();
        }
        Ok(())
    }

    fn step(&mut self, kind: EventKind) -> Result<(), String> {
        let step = STEPS.iter().find(|(event, from, _)| *event == kind && from.contains(&self.phase));
        let Some((_, _, to)) = step else {
            let open: Vec<EventKind> =
                STEPS.iter().filter(|(_, from, _)| from.contains(&self.phase)).map(|step| step.0).collect();
            let open = if open.is_empty() { "`+try-failover`".to_owned() } else { names(&open) };
            return Err(format!(
                "it is not possible while {}; of a failover only {open} is",
                self.phase.words()
            ));
        };
        self.phase = *to;
        Ok(())
    }

    /// The reconfiguration of one replica goes forward only, but for the last attempt.
    fn reconf(&mut self, event: &Event) -> Result<(), String> {
        let Some(instance) = Instance::of(&event.payload) else {
            return Err("it names no replica".to_owned());
        };
        possible(Some(&instance) != self.chosen_instance().as_ref(), || {
            "it is the new master itself".to_owned()
        })?;
        let now = self.replicas.entry(instance).or_default();
        let before = *now;
        let step = RECONFS.iter().find(|(kind, from, _)| *kind == event.kind && *from == before);
        *now = step.map_or(before, |(.., to)| *to);
        possible(step.is_some(), || {
            let words = match before {
                Reconf::None => "it was not told to follow the new master",
                Reconf::Sent => "it was told, and not yet seen to follow",
                Reconf::InProgress => "it follows, and its link is not up yet",
                Reconf::Done => "it has done so already, or was given up",
            };
            words.to_owned()
        })
    }

    fn chosen_instance(&self) -> Option<Instance> {
        Instance::of(self.chosen.as_deref()?)
    }

    /// The switch at the end of our own failover. True if nothing told that it ended: only a reset does that.
    pub(super) fn switch(&mut self, payload: &str) -> Result<bool, String> {
        let unannounced = self.phase == Phase::Reconfiguring;
        self.step(EventKind::SwitchMaster)?;
        let words =
            |text: &str, skip| text.split(' ').skip(skip).take(2).map(str::to_owned).collect::<Vec<_>>();
        let chosen = self.chosen.as_deref().unwrap_or("nobody");
        possible(words(payload, 3) == words(chosen, 2), || format!("the promoted one is `{chosen}`"))?;
        Ok(unannounced)
    }
}

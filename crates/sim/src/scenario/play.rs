//! Playing a case: letting time pass in its world, remembering what is seen, asking the properties all the while.
//! What an action does is in [`super::act`], what an expectation looks at in [`super::look`].

use std::collections::BTreeMap;
use std::net::IpAddr;

use watchkeeper_core::Event;
use watchkeeper_core::event::EventKind;

use crate::fact::Fact;
use crate::process::ProcId;
use crate::property::{self, Property};
use crate::server::Values;
use crate::time::Time;
use crate::world::World;

use super::report::Failure;
use super::step::{Case, Check, Limit, Sight, Start, Step, What};
use super::words::span;

/// A state that is waited for is looked at this often, in microseconds, and whenever anything noteworthy happened.
const POLL_US: u64 = 10_000;
/// Properties look at the world this often, in microseconds.
const LOOK_US: u64 = 1_000_000;
/// Lines of the trace shown with a failure.
const TAIL: usize = 40;

/// An event that was emitted.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) at: Time,
    pub(crate) who: ProcId,
    pub(crate) event: Event,
}

/// What was begun and ends by itself.
#[derive(Debug)]
pub(crate) enum Later {
    Resume(Vec<ProcId>),
    Mend(Vec<(IpAddr, IpAddr)>),
    Flap { paths: Vec<(IpAddr, IpAddr)>, cut: bool, period_us: u64, until: Time },
}

/// A case while it is played.
pub(crate) struct Play {
    pub(crate) world: World,
    /// of each group
    pub(crate) servers: Vec<Vec<ProcId>>,
    pub(crate) sentinels: Vec<ProcId>,
    properties: Vec<Box<dyn Property>>,
    pub(crate) seen: Vec<Seen>,
    /// how many events had been seen when the last action was done
    pub(crate) seen_before: usize,
    pub(crate) acked: Values,
    pub(crate) acked_before: u64,
    /// when the last action was done
    pub(crate) base: Time,
    agenda: BTreeMap<(Time, u64), Later>,
    next_later: u64,
    pub(crate) leader: Option<ProcId>,
    pub(crate) candidate: Option<ProcId>,
    pub(crate) it: Option<ProcId>,
    looked: Time,
    /// commands sent by the user at the terminal
    pub(crate) commands: u64,
}

/// Something that went wrong, without its step.
pub(crate) type Wrong = Vec<String>;

/// Plays it; `Err` says what went wrong, `Ok` when it ended.
pub(crate) fn play(case: &Case) -> (Play, Option<Failure>) {
    let mut play = Play::new(case);
    for step in &case.steps {
        if let Err(wrong) = play.step(step) {
            let lines: Vec<String> = play.world.trace().lines().map(str::to_owned).collect();
            let from = lines.len().saturating_sub(TAIL);
            let failure = Failure {
                line: step.line,
                step: step.text.clone(),
                wrong,
                at: play.world.now(),
                trace: lines.get(from..).unwrap_or(&[]).to_vec(),
            };
            return (play, Some(failure));
        }
    }
    (play, None)
}

impl Play {
    fn new(case: &Case) -> Play {
        let furnished = case.setup.furnish();
        Play {
            world: furnished.world,
            servers: furnished.servers,
            sentinels: furnished.sentinels,
            properties: property::all(),
            seen: Vec::new(),
            seen_before: 0,
            acked: Values::default(),
            acked_before: 0,
            base: Time::default(),
            agenda: BTreeMap::new(),
            next_later: 0,
            leader: None,
            candidate: None,
            it: None,
            looked: Time::default(),
            commands: 0,
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), Wrong> {
        match &step.what {
            What::Do { start, action } => {
                self.reach(start)?;
                self.take_facts()?;
                self.seen_before = self.seen.len();
                self.acked_before = self.acked.len();
                self.world.note_fault(&step.text);
                self.act(action)?;
                self.base = self.world.now();
                self.take_facts()
            }
            What::Expect { check, limit } => self.expect(check, *limit),
        }
    }

    /// Lets time pass until an action is due.
    fn reach(&mut self, start: &Start) -> Result<(), Wrong> {
        let due = match start {
            Start::Now => return Ok(()),
            Start::At(us) => Time(*us),
            Start::After(us) => self.base + *us,
            Start::When { event, within } => return self.await_event(event, *within),
        };
        if due < self.world.now() {
            let late = span(self.world.now().since_us(due));
            return Err(vec![format!("this time was {late} ago when the step before it was through")]);
        }
        self.pass(due).map(|_| ())
    }

    fn await_event(&mut self, event: &Sight, within: u64) -> Result<(), Wrong> {
        let until = self.base + within;
        let came = self.advance(until, &mut |play| play.find(event).is_some())?;
        if !came {
            return Err(self.explain_missing(event, within));
        }
        self.it = self.find(event).map(|seen| seen.who);
        Ok(())
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, until: Time) -> Result<bool, Wrong> {
        self.advance(until, &mut |_| false)
    }

    fn expect(&mut self, check: &Check, limit: Limit) -> Result<(), Wrong> {
        let fine = match (check, limit) {
            (Check::Settled, limit) => return self.settle(limit),
            (_, Limit::Now) => self.holds(check),
            (_, Limit::Within(us)) => {
                let until = self.base + us;
                self.advance(until, &mut |play| play.holds(check))?
            }
            (Check::Times { .. }, Limit::For(us)) => {
                self.pass(self.base + us)?;
                self.holds(check)
            }
            (_, Limit::For(us)) => {
                let until = self.base + us;
                !self.advance(until, &mut |play| !play.holds(check))?
            }
        };
        if fine {
            return Ok(());
        }
        let mut wrong =
            vec![format!("not so {} after the last action", span(self.world.now().since_us(self.base)))];
        wrong.extend(self.instead(check));
        Err(wrong)
    }

    /// The world has been healed: every property is asked.
    fn settle(&mut self, limit: Limit) -> Result<(), Wrong> {
        if let Limit::For(us) | Limit::Within(us) = limit {
            self.pass(self.base + us)?;
        }
        for property in &mut self.properties {
            if let Err(what) = property.settled(&self.world) {
                return Err(vec![format!("the property `{}` does not hold: {what}", property.name())]);
            }
        }
        Ok(())
    }

    /// Lets time pass until then, or until `done`; whether it was `done`.
    fn advance(&mut self, until: Time, done: &mut dyn FnMut(&Play) -> bool) -> Result<bool, Wrong> {
        let mut polled = None;
        loop {
            let news = self.world.has_facts();
            self.take_facts()?;
            let now = self.world.now();
            if news || now >= until || polled.is_none_or(|at| now.since_us(at) >= POLL_US) {
                polled = Some(now);
                if done(self) {
                    return Ok(true);
                }
            }
            if let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= now) {
                let later = entry.remove();
                self.act_later(later);
                continue;
            }
            if now >= until {
                return Ok(false);
            }
            let look_at = self.looked + LOOK_US;
            let next = self.agenda.first_key_value().map_or(until, |((at, _), _)| (*at).min(until));
            if !self.world.step(next.min(look_at)) && self.world.now() >= look_at {
                self.look()?;
            }
        }
    }

    fn look(&mut self) -> Result<(), Wrong> {
        self.looked = self.world.now();
        for property in &mut self.properties {
            if let Err(what) = property.look(&self.world) {
                return Err(vec![format!("the property `{}` is broken: {what}", property.name())]);
            }
        }
        Ok(())
    }

    /// Remembers what happened, and shows it to the properties.
    fn take_facts(&mut self) -> Result<(), Wrong> {
        for (at, fact) in self.world.take_facts() {
            for property in &mut self.properties {
                if let Err(what) = property.fact(&self.world, at, &fact) {
                    return Err(vec![format!("the property `{}` is broken: {what}", property.name())]);
                }
            }
            if let Fact::Event { who, event } = fact {
                if event.kind == EventKind::ElectedLeader {
                    self.leader = Some(who);
                } else if event.kind == EventKind::TryFailover {
                    self.candidate = Some(who);
                }
                self.seen.push(Seen { at, who, event });
            } else if let Fact::Acked { value, .. } = fact {
                self.acked.insert(value);
            }
        }
        Ok(())
    }

    /// Puts something on the agenda.
    pub(crate) fn later(&mut self, at: Time, what: Later) {
        self.next_later += 1;
        self.agenda.insert((at, self.next_later), what);
    }

    /// What was begun does not end by itself any more.
    pub(crate) fn forget_agenda(&mut self) {
        self.agenda.clear();
    }
}

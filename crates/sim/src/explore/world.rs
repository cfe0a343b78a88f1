//! What can happen in a state and what comes of it.
//!
//! Which actions there are and what they do to what is under way is decided here; what a sentinel does is asked of
//! [`super::steps`].

use super::local::{EPOCHS_MAX, Local, SENTINELS, letter};
use super::message::Message;
use super::servers::Servers;
use super::state::{Action, Queue, State, Used};
use super::steps::{Ask, AskKind, Kind, Session};
use super::{Begin, Bounds};

/// What an action led to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// it cannot happen here
    Impossible,
    /// it could happen, were it not for the bounds
    Bounded,
    /// a state
    Led,
    /// a property is broken
    Broken(String),
}

/// What an action begins with: whose step, and which. None: nobody does anything.
type Begun = (usize, Option<usize>);

impl Session<'_> {
    /// The first state: everybody connected, the master silent.
    pub(crate) fn first(&mut self) -> State {
        let mut state = State::default();
        for me in 0..SENTINELS {
            let mut servers = Servers::default();
            let (local, did) = Local::first(me, &self.world.bounds, &mut servers);
            let step = self.world.keep(local, servers, did, true, None);
            let step = self.know(step);
            let broken = self.take_step(&mut state, me, step);
            assert!(broken.is_none(), "a sentinel starts without breaking anything");
        }
        let broken = self.routine(&mut state);
        assert!(broken.is_none(), "sentinels connect without breaking anything");
        if self.world.bounds.begin == Begin::Agreed {
            self.agree(&mut state);
        }
        state
    }

    /// One after the other notices that the master is down, the first candidate last, and all tell each other.
    fn agree(&mut self, state: &mut State) {
        let unbounded = Bounds { timers: u8::MAX, ..self.world.bounds };
        let arrivals = |action: &Action| matches!(action, Action::Command(..) | Action::Answer(..));
        let arrivals: Vec<Action> = Action::all().into_iter().filter(arrivals).collect();
        for n in (0..SENTINELS as u8).rev() {
            let mut led = |within: &Bounds, action| {
                let before = *state;
                matches!(self.act_within(within, &before, action, state, None), Outcome::Led)
            };
            led(&unbounded, Action::Wake(n));
            while arrivals.iter().any(|action| led(&unbounded, *action)) {}
        }
        state.used = Used::default();
    }

    /// The sentinel is in its new local state, and what it sent is under way.
    fn take_step(&mut self, state: &mut State, n: usize, step: usize) -> Option<String> {
        let (gone, down) = (self.world.gone, self.world.down);
        let step = self.step(step);
        state.locals[n] = step.local;
        state.servers = step.servers;
        for (kind, to, message) in &step.emits {
            let to = usize::from(*to);
            match kind {
                Kind::ToPeer => {
                    if *message == gone {
                        state.answers[n][to] = Queue::default();
                    }
                    // On a connection that is closed on the other side nothing arrives any more.
                    if !state.answers[n][to].contains(down) {
                        state.commands[n][to].push(*message);
                    }
                }
                Kind::Reply => {
                    // To a connection that is gone, which we have yet to notice, nothing can be answered.
                    if !state.commands[to][n].contains(gone) {
                        state.answers[to][n].push(*message);
                    }
                }
                Kind::Order => state.orders[n][to].push(*message),
            }
        }
        if step.broken.is_some() {
            return step.broken.clone();
        }
        let epoch = step.elected?;
        self.check_elected(state, n, epoch)
    }

    fn check_elected(&mut self, state: &State, n: usize, epoch: u64) -> Option<String> {
        let me = letter(n);
        let at = (epoch as usize).min(EPOCHS_MAX - 1);
        let mut votes = 0;
        for other in 0..SENTINELS {
            let past = self.facts(state.locals[other]).past;
            if other != n && past.elected & (1 << at) != 0 {
                return Some(format!("{} and {me} are both elected in epoch {epoch}", letter(other)));
            }
            votes += usize::from(past.voted[at] == n as u8 + 1);
        }
        (votes * 2 <= SENTINELS).then(|| {
            format!("{me} is elected in epoch {epoch} with {votes} of {SENTINELS} votes that were given")
        })
    }

    /// Delivers what no election depends on.
    fn routine(&mut self, state: &mut State) -> Option<String> {
        loop {
            let mut done = true;
            for a in 0..SENTINELS {
                for b in 0..SENTINELS {
                    if state.commands[a][b].first().is_some_and(|message| self.is_routine(message)) {
                        done = false;
                        let message = state.commands[a][b].pop()?;
                        let step = self.ask(state, b, Ask { kind: AskKind::FromPeer, from: a, message });
                        if let Some(broken) = self.take_step(state, b, step) {
                            return Some(broken);
                        }
                    }
                    if state.answers[a][b].first().is_some_and(|message| self.is_routine(message)) {
                        done = false;
                        let message = state.answers[a][b].pop()?;
                        let step = self.ask(state, a, Ask { kind: AskKind::Answer, from: b, message });
                        if let Some(broken) = self.take_step(state, a, step) {
                            return Some(broken);
                        }
                    }
                }
            }
            if done {
                return None;
            }
        }
    }

    // --- Actions ---

    /// What comes of an action: the state it leads to, if it does, is in `to`. `said` takes what the sentinel concerned
    /// had to say, if it is wanted.
    pub(crate) fn act(
        &mut self,
        from: &State,
        action: Action,
        to: &mut State,
        said: Option<&mut Vec<String>>,
    ) -> Outcome {
        let bounds = self.world.bounds;
        self.act_within(&bounds, from, action, to, said)
    }

    fn act_within(
        &mut self,
        bounds: &Bounds,
        from: &State,
        action: Action,
        to: &mut State,
        said: Option<&mut Vec<String>>,
    ) -> Outcome {
        if action.lacks_message(from) {
            return Outcome::Impossible;
        }
        to.clone_from(from);
        let (who, step) = match self.begin(bounds, to, action) {
            Ok(begun) => begun,
            Err(outcome) => return outcome,
        };
        let mut beyond = false;
        if let Some(step) = step {
            beyond = self.step(step).beyond;
            if let Some(said) = said {
                said.clone_from(&self.step(step).said);
            }
        }
        let broken = step.and_then(|step| self.take_step(to, who, step));
        if let Some(broken) = broken.or_else(|| self.routine(to)) {
            return Outcome::Broken(broken);
        }
        if beyond { Outcome::Bounded } else { Outcome::Led }
    }

    /// Prepares the state for an action and finds the step of the sentinel concerned, if there is one.
    fn begin(&mut self, bounds: &Bounds, state: &mut State, action: Action) -> Result<Begun, Outcome> {
        match action {
            Action::Command(a, b) => {
                let (a, b) = (usize::from(a), usize::from(b));
                let message = state.commands[a][b].pop().ok_or(Outcome::Impossible)?;
                Ok((b, Some(self.ask(state, b, Ask { kind: AskKind::FromPeer, from: a, message }))))
            }
            Action::Answer(a, b) => {
                let (a, b) = (usize::from(a), usize::from(b));
                let message = state.answers[a][b].pop().ok_or(Outcome::Impossible)?;
                Ok((a, Some(self.ask(state, a, Ask { kind: AskKind::Answer, from: b, message }))))
            }
            Action::Order(n, replica) => {
                let (n, replica) = (usize::from(n), usize::from(replica));
                let answers = self.orders_arrive(state, n, replica);
                let ask = |message| Ask { kind: AskKind::Served, from: replica, message };
                Ok((n, answers.map(|message| self.ask(state, n, ask(message)))))
            }
            Action::Written(n, fine) => {
                let n = usize::from(n);
                possible(self.facts(state.locals[n]).writing)?;
                allowed(fine || state.used.failed_writes < bounds.failed_writes)?;
                state.used.failed_writes += u8::from(!fine);
                Ok((n, Some(self.ask(state, n, Ask::plain(AskKind::Written, fine)))))
            }
            Action::Crash(n, landed) => {
                let n = usize::from(n);
                possible(!landed || self.facts(state.locals[n]).writing)?;
                let total: u8 = state.used.crashes.iter().sum();
                allowed(state.used.crashes[n] < bounds.crashes_each && total < bounds.crashes)?;
                state.used.crashes[n] += 1;
                let step = self.ask(state, n, Ask::plain(AskKind::Crash, landed));
                self.die(state, n);
                Ok((n, Some(step)))
            }
            Action::Break(a, b) => {
                let (a, b) = (usize::from(a), usize::from(b));
                possible(self.is_alive(state, a, b))?;
                allowed(state.used.breaks < bounds.breaks)?;
                state.used.breaks += 1;
                state.commands[a][b] = std::iter::once(self.world.gone).collect();
                state.answers[a][b] = std::iter::once(self.world.down).collect();
                Ok((a, None))
            }
            Action::Wake(n) => {
                let n = usize::from(n);
                let step = self.ask(state, n, Ask::plain(AskKind::Wake, false));
                possible(self.step(step).taken)?;
                allowed(state.used.timers[n] < bounds.timers)?;
                state.used.timers[n] += 1;
                Ok((n, Some(step)))
            }
        }
    }

    /// Whether the connection from `a` to `b` is there and neither end has closed it.
    fn is_alive(&mut self, state: &State, a: usize, b: usize) -> bool {
        self.facts(state.locals[a]).connected[b] && !state.answers[a][b].contains(self.world.down)
    }

    /// The connections of a process that ends: what it sent arrives, followed by the end; what was on its way to it is lost.
    fn die(&mut self, state: &mut State, n: usize) {
        let (gone, down) = (self.world.gone, self.world.down);
        for other in (0..SENTINELS).filter(|other| *other != n) {
            if self.is_alive(state, n, other) {
                state.commands[n][other].push(gone);
            }
            state.answers[n][other] = Queue::default();
            if self.is_alive(state, other, n) {
                state.answers[other][n].push(down);
            }
            state.commands[other][n] = Queue::default();
        }
        for orders in state.orders[n].iter_mut().filter(|orders| !orders.is_empty()) {
            orders.push(gone);
        }
    }

    /// A replica does what it was told, up to the end of the process that told it. Returns its answers, if anybody is
    /// there to read them.
    fn orders_arrive(&mut self, state: &mut State, n: usize, replica: usize) -> Option<u16> {
        let orders = std::mem::take(&mut state.orders[n][replica]);
        let end = orders.as_slice().iter().position(|message| *message == self.world.gone);
        let (now, later) = orders.as_slice().split_at(end.unwrap_or(orders.as_slice().len()));
        state.orders[n][replica] = later.iter().skip(1).copied().collect();
        let mut servers = Servers::from_code(state.servers);
        let mut answers = Vec::new();
        for message in now {
            if let Message::Commands(commands) = self.world.message(*message) {
                answers.extend(commands.iter().map(|argv| servers.run(replica, argv)));
            }
        }
        state.servers = servers.code();
        end.is_none().then(|| self.world.message_id(Message::Answers(answers)))
    }

    /// What an action is, in words, in the state it happens in.
    pub(crate) fn text(&self, state: &State, action: Action) -> (String, String) {
        let name = |n: u8| letter(usize::from(n)).to_string();
        let head = |queue: Queue| queue.first().map_or_else(String::new, |id| self.world.message(id).text());
        match action {
            Action::Command(a, b) => {
                let text = head(state.commands[usize::from(a)][usize::from(b)]);
                (name(b), format!("{text}, from {}", name(a)))
            }
            Action::Answer(a, b) => {
                let text = head(state.answers[usize::from(a)][usize::from(b)]);
                (name(a), format!("{text}, from {}", name(b)))
            }
            Action::Order(a, r) => (name(a), format!("what it told replica {} arrives", r + 1)),
            Action::Written(a, true) => (name(a), "its write is on disk".to_owned()),
            Action::Written(a, false) => (name(a), "its write fails".to_owned()),
            Action::Crash(a, true) => (name(a), "crashes, its write on disk; starts again".to_owned()),
            Action::Crash(a, false) => (name(a), "crashes and starts again".to_owned()),
            Action::Break(a, b) => (name(a), format!("its connection to {} breaks", name(b))),
            Action::Wake(a) => (name(a), "time passes".to_owned()),
        }
    }
}

fn possible(yes: bool) -> Result<(), Outcome> {
    if yes { Ok(()) } else { Err(Outcome::Impossible) }
}

fn allowed(yes: bool) -> Result<(), Outcome> {
    if yes { Ok(()) } else { Err(Outcome::Bounded) }
}

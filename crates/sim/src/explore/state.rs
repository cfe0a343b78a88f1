//! A state of the whole explored world: which local states, what is under way between them, what was used of the bounds.
//! Packed into a few bytes while it waits its turn, because millions of them do; without a pointer while it is worked on.

use super::local::SENTINELS;
use super::servers::REPLICAS_MAX;

/// See the module. Messages are numbers of [`super::message::Messages`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct State {
    /// numbers of the local states
    pub(crate) locals: [u32; SENTINELS],
    pub(crate) servers: u8,
    pub(crate) used: Used,
    /// commands from the first to the second
    pub(crate) commands: [[Queue; SENTINELS]; SENTINELS],
    /// answers to the first from the second
    pub(crate) answers: [[Queue; SENTINELS]; SENTINELS],
    /// orders to replicas
    pub(crate) orders: [[Queue; REPLICAS_MAX]; SENTINELS],
}

/// What was used of the bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Used {
    pub(crate) timers: [u8; SENTINELS],
    pub(crate) crashes: [u8; SENTINELS],
    pub(crate) failed_writes: u8,
    pub(crate) breaks: u8,
}

/// Messages on one connection at once, at most.
const QUEUE_MAX: usize = 11;

/// Messages under way, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Queue {
    len: u8,
    items: [u16; QUEUE_MAX],
}

impl Queue {
    pub(crate) fn as_slice(&self) -> &[u16] {
        &self.items[..usize::from(self.len)]
    }

    pub(crate) fn first(&self) -> Option<u16> {
        self.as_slice().first().copied()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn contains(&self, message: u16) -> bool {
        self.as_slice().contains(&message)
    }

    pub(crate) fn push(&mut self, message: u16) {
        assert!(
            usize::from(self.len) < QUEUE_MAX,
            "more messages on a connection than a bounded election sends"
        );
        self.items[usize::from(self.len)] = message;
        self.len += 1;
    }

    pub(crate) fn pop(&mut self) -> Option<u16> {
        let first = self.first()?;
        self.items.copy_within(1.., 0);
        self.len -= 1;
        self.items[usize::from(self.len)] = 0;
        Some(first)
    }
}

impl FromIterator<u16> for Queue {
    fn from_iter<I: IntoIterator<Item = u16>>(messages: I) -> Queue {
        let mut queue = Queue::default();
        messages.into_iter().for_each(|message| queue.push(message));
        queue
    }
}

/// Room for any packed state.
const PACKED_MAX: usize = 640;

impl State {
    /// The packed form: equal for equal states.
    pub(crate) fn pack(&self) -> Packed {
        let mut packed = Packed { bytes: [0; PACKED_MAX], len: 0 };
        for local in self.locals {
            packed.add(local.to_le_bytes());
        }
        packed.add([self.servers]);
        packed.add(self.used.timers);
        packed.add(self.used.crashes);
        packed.add([self.used.failed_writes, self.used.breaks]);
        for (n, queue) in (0_u8..).zip(self.queues()) {
            if !queue.is_empty() {
                packed.add([n, queue.len]);
                queue.as_slice().iter().for_each(|message| packed.add(message.to_le_bytes()));
            }
        }
        packed
    }

    /// From its packed form.
    pub(crate) fn unpack(mut bytes: &[u8]) -> State {
        let mut state = State::default();
        let bytes = &mut bytes;
        for local in &mut state.locals {
            *local = u32::from_le_bytes(take(bytes));
        }
        [state.servers] = take(bytes);
        state.used.timers = take(bytes);
        state.used.crashes = take(bytes);
        [state.used.failed_writes, state.used.breaks] = take(bytes);
        while !bytes.is_empty() {
            let [n, len] = take(bytes);
            let messages = (0..len).map(|_| u16::from_le_bytes(take(bytes))).collect();
            if let Some(queue) = state.queues_mut().nth(usize::from(n)) {
                *queue = messages;
            }
        }
        state
    }

    fn queues(&self) -> impl Iterator<Item = &Queue> {
        let between = self.commands.iter().flatten().chain(self.answers.iter().flatten());
        between.chain(self.orders.iter().flatten())
    }

    fn queues_mut(&mut self) -> impl Iterator<Item = &mut Queue> {
        let between = self.commands.iter_mut().flatten().chain(self.answers.iter_mut().flatten());
        between.chain(self.orders.iter_mut().flatten())
    }

    /// Whether nothing is under way.
    pub(crate) fn is_quiet(&self) -> bool {
        self.queues().all(Queue::is_empty)
    }
}

/// A packed state.
pub(crate) struct Packed {
    bytes: [u8; PACKED_MAX],
    len: usize,
}

impl Packed {
    fn add<const N: usize>(&mut self, bytes: [u8; N]) {
        self.bytes[self.len..self.len + N].copy_from_slice(&bytes);
        self.len += N;
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    let (head, rest) = bytes.split_first_chunk::<N>().expect("a packed state is whole");
    *bytes = rest;
    *head
}

/// One thing that can happen. The order of the list is the order in which they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// the oldest command from the first to the second arrives
    Command(u8, u8),
    /// the oldest answer to the first from the second arrives
    Answer(u8, u8),
    /// what the sentinel told the replica arrives, and is answered
    Order(u8, u8),
    /// the write of the sentinel ends, well or not
    Written(u8, bool),
    /// the sentinel is killed and started again; its write in flight had reached the disk, or not
    Crash(u8, bool),
    /// the connection from the first to the second breaks, with all that is under way on it
    Break(u8, u8),
    /// time passes for the sentinel
    Wake(u8),
}

impl Action {
    /// As a number, for the way back from a state.
    pub(crate) fn code(self) -> u8 {
        match self {
            Action::Command(a, b) => a * 3 + b,
            Action::Answer(a, b) => 16 + a * 3 + b,
            Action::Order(a, r) => 32 + a * 3 + r,
            Action::Written(a, fine) => 48 + a * 2 + u8::from(fine),
            Action::Crash(a, landed) => 64 + a * 2 + u8::from(landed),
            Action::Break(a, b) => 80 + a * 3 + b,
            Action::Wake(a) => 96 + a,
        }
    }

    /// From its number.
    pub(crate) fn from_code(code: u8) -> Action {
        let (kind, rest) = (code / 16, code % 16);
        let ((a, b), (who, yes)) = ((rest / 3, rest % 3), (rest / 2, rest % 2 == 1));
        match kind {
            0 => Action::Command(a, b),
            1 => Action::Answer(a, b),
            2 => Action::Order(a, b),
            3 => Action::Written(who, yes),
            4 => Action::Crash(who, yes),
            5 => Action::Break(a, b),
            _ => Action::Wake(rest),
        }
    }

    /// Every action of a world of three, whether possible or not.
    pub(crate) fn all() -> Vec<Action> {
        (0..100).map(Action::from_code).filter(|action| action.is_sensible()).collect()
    }

    fn is_sensible(self) -> bool {
        match self {
            Action::Command(a, b) | Action::Answer(a, b) | Action::Break(a, b) => {
                a != b && usize::from(a.max(b)) < SENTINELS
            }
            Action::Order(a, r) => usize::from(a) < SENTINELS && usize::from(r) < REPLICAS_MAX,
            Action::Written(a, _) | Action::Crash(a, _) | Action::Wake(a) => usize::from(a) < SENTINELS,
        }
    }

    /// Whether it surely cannot happen in this state, seen from outside.
    pub(crate) fn lacks_message(self, state: &State) -> bool {
        match self {
            Action::Command(a, b) => state.commands[usize::from(a)][usize::from(b)].is_empty(),
            Action::Answer(a, b) => state.answers[usize::from(a)][usize::from(b)].is_empty(),
            Action::Order(a, r) => state.orders[usize::from(a)][usize::from(r)].is_empty(),
            Action::Written(..) | Action::Crash(..) | Action::Break(..) | Action::Wake(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_actions_survive_packing() {
        let mut state = State { locals: [1, 70_000, 3], servers: 5, ..State::default() };
        state.commands[0][2] = [7, 300].into_iter().collect();
        state.answers[2][1].push(9);
        state.orders[1][0] = [1, 2, 3].into_iter().collect();
        assert_eq!(state.orders[1][0].pop(), Some(1));
        state.used.crashes = [1, 0, 2];
        state.used.breaks = 1;
        assert_eq!(State::unpack(state.pack().as_slice()), state);
        let all = Action::all();
        assert_eq!(all.len(), 6 + 6 + 6 + 6 + 6 + 6 + 3);
        assert!(all.iter().all(|action| Action::from_code(action.code()) == *action));
    }

    #[test]
    fn the_fullest_state_has_room() {
        let full: Queue = std::iter::repeat_n(65_535, QUEUE_MAX).collect();
        let mut state = State::default();
        state.queues_mut().for_each(|queue| *queue = full);
        assert_eq!(State::unpack(state.pack().as_slice()), state);
    }
}

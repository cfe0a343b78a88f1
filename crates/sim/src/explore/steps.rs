//! The steps of single sentinels, each taken once by the real core and remembered.
//!
//! A step of a sentinel depends on its local state, on what it is given and on the data servers, and on nothing else. Most
//! states of the world differ only in how such steps are combined, so the core runs some thousand times less often than
//! there are states. [`World`] is shared by all threads; each has a [`Session`] that remembers what it looked up there.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::local::{Did, Emit, Given, Local, Past, SENTINELS};
use super::message::{Message, Messages};
use super::servers::Servers;
use super::state::State;
use super::table::{Index, hash};
use super::{Begin, Bounds};

/// A remembered step.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) local: u32,
    pub(crate) servers: u8,
    pub(crate) emits: Vec<(Kind, u8, u16)>,
    pub(crate) elected: Option<u64>,
    pub(crate) broken: Option<String>,
    pub(crate) said: Vec<String>,
    /// false: it had nothing to do
    pub(crate) taken: bool,
    /// it leads beyond the bound on epochs
    pub(crate) beyond: bool,
}

/// On which way something is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    ToPeer,
    Reply,
    Order,
}

#[derive(Debug)]
struct Store {
    locals: Vec<Arc<Local>>,
    by_fingerprint: Index,
    steps: Vec<Arc<Step>>,
    by_key: Index,
    messages: Messages,
    first_difference: Option<String>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) bounds: Bounds,
    store: RwLock<Store>,
    /// the numbers of these two messages
    pub(crate) gone: u16,
    pub(crate) down: u16,
}

/// What a sentinel is given, in numbers: [`Given`] with its message looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask {
    pub(crate) kind: AskKind,
    pub(crate) from: usize,
    pub(crate) message: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskKind {
    FromPeer,
    Answer,
    Served,
    Written,
    Crash,
    Wake,
}

impl Ask {
    pub(crate) fn plain(kind: AskKind, yes: bool) -> Ask {
        Ask { kind, from: 0, message: u16::from(yes) }
    }
}

impl World {
    pub(crate) fn new(bounds: Bounds) -> World {
        let mut messages = Messages::default();
        let (gone, down) = (messages.id(Message::Gone), messages.id(Message::Down));
        let store = Store {
            locals: Vec::new(),
            by_fingerprint: Index::new(),
            steps: Vec::new(),
            by_key: Index::new(),
            messages,
            first_difference: None,
        };
        World { bounds, store: RwLock::new(store), gone, down }
    }

    fn read(&self) -> RwLockReadGuard<'_, Store> {
        self.store.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Store> {
        self.store.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many local states there are and how many steps the core has really taken.
    pub(crate) fn work_done(&self) -> (usize, usize) {
        let store = self.read();
        (store.locals.len(), store.steps.len())
    }

    pub(crate) fn local(&self, number: u32) -> Arc<Local> {
        Arc::clone(&self.read().locals[number as usize])
    }

    pub(crate) fn message(&self, id: u16) -> Message {
        self.read().messages.get(id).clone()
    }

    pub(crate) fn message_id(&self, message: Message) -> u16 {
        self.write().messages.id(message)
    }

    /// Looks a step up, or has the core take it.
    fn step(&self, state: &State, n: usize, ask: Ask, key: u128) -> Arc<Step> {
        let (local, message) = {
            let store = self.read();
            if let Some(step) = store.by_key.get(key) {
                return Arc::clone(&store.steps[step as usize]);
            }
            let local = Arc::clone(&store.locals[state.locals[n] as usize]);
            let with_message = matches!(ask.kind, AskKind::FromPeer | AskKind::Answer | AskKind::Served);
            (local, store.messages.get(if with_message { ask.message } else { self.gone }).clone())
        };
        let mut after = (*local).clone();
        let mut servers = Servers::from_code(state.servers);
        let given = match ask.kind {
            AskKind::FromPeer => Given::FromPeer(ask.from, &message),
            AskKind::Answer => Given::Answer(ask.from, &message),
            AskKind::Served => Given::Served(ask.from, &message),
            AskKind::Written => Given::Written(ask.message == 1),
            AskKind::Crash => Given::Crash(ask.message == 1),
            AskKind::Wake => Given::Wake,
        };
        let (taken, did) = after.give(given, &self.bounds, &mut servers);
        self.keep(after, servers, did, taken, Some(key))
    }

    /// Where two situations that count as the same lead to different ones.
    fn difference(&self, known: &Local, other: &Local, messages: &Messages) -> Option<String> {
        for servers in [Servers::default(), Servers::from_code(1)] {
            let ours = known.futures(&self.bounds, servers, messages.all());
            let theirs = other.futures(&self.bounds, servers, messages.all());
            if let Some((ours, theirs)) = ours.iter().zip(&theirs).find(|(ours, theirs)| ours != theirs) {
                return Some(format!("{ours}\n{theirs}"));
            }
        }
        None
    }

    /// Where the fingerprint took two situations for one and they were not, if that was looked for.
    pub(crate) fn first_difference(&self) -> Option<String> {
        self.read().first_difference.clone()
    }

    /// Keeps what a step led to; under `key`, if it is to be remembered.
    pub(crate) fn keep(
        &self,
        local: Local,
        servers: Servers,
        did: Did,
        taken: bool,
        key: Option<u128>,
    ) -> Arc<Step> {
        let fingerprint = hash(&[], local.fingerprint());
        let beyond = local.standing().current_epoch > self.bounds.epochs;
        let mut store = self.write();
        if let Some(step) = key.and_then(|key| store.by_key.get(key)) {
            return Arc::clone(&store.steps[step as usize]); // another thread was quicker
        }
        if let Some(known) = store.by_fingerprint.get(fingerprint).filter(|_| self.bounds.verify) {
            let known = Arc::clone(&store.locals[known as usize]);
            if store.first_difference.is_none() {
                store.first_difference = self.difference(&known, &local, &store.messages);
            }
        }
        let number = store.by_fingerprint.get(fingerprint).unwrap_or_else(|| {
            let number = u32::try_from(store.locals.len()).expect("local states fit in 32 bits");
            store.locals.push(Arc::new(local));
            store.by_fingerprint.insert(fingerprint, number);
            number
        });
        let mut emits = Vec::new();
        for emit in did.emits {
            let (kind, to, message) = match emit {
                Emit::ToPeer(to, message) => (Kind::ToPeer, to, message),
                Emit::Reply(to, message) => (Kind::Reply, to, message),
                Emit::Order(to, message) => (Kind::Order, to, message),
            };
            emits.push((kind, to as u8, store.messages.id(message)));
        }
        let Did { elected, broken, said, .. } = did;
        let servers = servers.code();
        let step = Arc::new(Step { local: number, servers, emits, elected, broken, said, taken, beyond });
        if let Some(key) = key {
            let number = u32::try_from(store.steps.len()).expect("steps fit in 32 bits");
            store.steps.push(Arc::clone(&step));
            store.by_key.insert(key, number);
        }
        step
    }
}

/// What is asked of a local state again and again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    pub(crate) writing: bool,
    pub(crate) connected: [bool; SENTINELS],
    pub(crate) past: Past,
}

/// One thread's view of the world: nothing that was looked up once is looked up in the shared part again.
#[derive(Debug)]
pub(crate) struct Session<'w> {
    pub(crate) world: &'w World,
    known: Index,
    steps: Vec<Arc<Step>>,
    facts: Vec<Option<Facts>>,
    routine: Vec<Option<bool>>,
}

impl<'w> Session<'w> {
    pub(crate) fn new(world: &'w World) -> Session<'w> {
        Session {
            world,
            known: Index::new(),
            steps: Vec::new(),
            facts: Vec::new(),
            routine: vec![None; usize::from(u16::MAX) + 1],
        }
    }

    /// Has a sentinel take a step; its number here.
    pub(crate) fn ask(&mut self, state: &State, n: usize, ask: Ask) -> usize {
        let [l0, l1, l2, l3] = state.locals[n].to_le_bytes();
        let [m0, m1] = ask.message.to_le_bytes();
        let key = hash(&[l0, l1, l2, l3, m0, m1, state.servers, (ask.kind as u8) << 2 | ask.from as u8], 1);
        if let Some(step) = self.known.get(key) {
            return step as usize;
        }
        let step = self.world.step(state, n, ask, key);
        let number = self.know(step);
        self.known.insert(key, u32::try_from(number).expect("steps fit in 32 bits"));
        number
    }

    pub(crate) fn know(&mut self, step: Arc<Step>) -> usize {
        self.steps.push(step);
        self.steps.len() - 1
    }

    pub(crate) fn step(&self, number: usize) -> &Step {
        &self.steps[number]
    }

    pub(crate) fn facts(&mut self, local: u32) -> Facts {
        let at = local as usize;
        if let Some(Some(facts)) = self.facts.get(at) {
            return *facts;
        }
        let known = self.world.local(local);
        let connected = std::array::from_fn(|peer| known.is_connected_to(peer));
        let facts = Facts { writing: known.is_writing(), connected, past: *known.past() };
        if self.facts.len() <= at {
            self.facts.resize(at + 1, None);
        }
        self.facts[at] = Some(facts);
        facts
    }

    pub(crate) fn is_routine(&mut self, message: u16) -> bool {
        let agreed = self.world.bounds.begin == Begin::Agreed;
        let world = self.world;
        *self.routine[usize::from(message)].get_or_insert_with(|| world.message(message).is_routine(agreed))
    }
}

//! Breadth-first search: level by level, several threads within a level. Only the states of the newest level are kept
//! whole; of the others a hash, to know them again, and the way they were reached.

use std::ops::Range;

use super::local::SENTINELS;
use super::state::{Action, State};
use super::steps::{Session, World};
use super::table::{Seen, hash};
use super::world::Outcome;
use super::{Bounds, Explored, Violation};

/// Packed states, one behind the other.
#[derive(Default)]
struct Packs {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Packs {
    fn push(&mut self, packed: &[u8]) {
        self.bytes.extend_from_slice(packed);
        self.ends.push(self.bytes.len());
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn get(&self, n: usize) -> &[u8] {
        let start = n.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[n]]
    }
}

/// All states at one distance from the first. Their numbers, in the order of discovery, follow each other.
#[derive(Default)]
struct Level {
    first: usize,
    states: Packs,
}

/// What one thread found in its part of a level: states, with their hashes, from where and by which action.
#[derive(Default)]
struct Part {
    states: Packs,
    found: Vec<(u128, u32, u8)>,
    transitions: u64,
    elected: usize,
    ends: usize,
    cut: usize,
    broken: Option<(u32, Option<Action>, String)>,
}

/// States of a level a thread takes before the found ones are merged: bounds the memory for duplicates.
const BATCH: usize = 1 << 15;

/// Explores everything within the bounds, or up to the first violation. `progress` is told of each level.
pub fn explore(bounds: &Bounds, progress: &mut dyn FnMut(&str)) -> Explored {
    let world = World::new(*bounds);
    let mut sessions: Vec<Session<'_>> = (0..bounds.threads.max(1)).map(|_| Session::new(&world)).collect();
    let first = sessions[0].first().pack();
    let mut search = Search { seen: Seen::new(), ways: vec![(0, 0)], explored: Explored::default() };
    search.seen.insert(hash(first.as_slice(), 0));
    let mut level = Level::default();
    level.states.push(first.as_slice());
    let mut depth = 0;
    loop {
        let mut next = Level { first: search.ways.len(), states: Packs::default() };
        let (new, step) = (level.states.len(), BATCH * sessions.len());
        for start in (0..new).step_by(step) {
            search.batch(&mut sessions, &level, start..new.min(start + step), &mut next);
            if search.explored.violation.is_some() || search.seen.len() > bounds.states {
                return search.end(&world, depth, false);
            }
        }
        let all = search.seen.len();
        progress(&format!("depth {depth:>3}: {new:>10} states; {all:>11} found so far"));
        if next.states.len() == 0 {
            return search.end(&world, depth, true);
        }
        level = next;
        depth += 1;
    }
}

struct Search {
    seen: Seen,
    /// for each state, in the order of discovery, from which and by which action it was reached
    ways: Vec<(u32, u8)>,
    explored: Explored,
}

impl Search {
    fn batch(&mut self, sessions: &mut [Session<'_>], level: &Level, batch: Range<usize>, next: &mut Level) {
        let size = batch.len().div_ceil(sessions.len()).max(1);
        let seen = &self.seen;
        let parts: Vec<Part> = std::thread::scope(|scope| {
            let work = batch.clone().step_by(size).zip(sessions.iter_mut());
            let threads: Vec<_> = work
                .map(|(start, session)| {
                    let states = start..batch.end.min(start + size);
                    scope.spawn(move || expand(session, seen, level, states))
                })
                .collect();
            let ended = threads.into_iter().map(|thread| thread.join());
            ended.map(|part| part.expect("an exploring thread panicked")).collect()
        });
        for part in parts {
            self.explored.transitions += part.transitions;
            self.explored.elected += part.elected;
            self.explored.ends += part.ends;
            self.explored.cut += part.cut;
            if let Some((from, action, what)) = part.broken {
                let trace = self.trace(sessions[0].world.bounds, from, action);
                self.explored.violation.get_or_insert(Violation { what, trace });
            }
            for (n, (hash, from, action)) in part.found.into_iter().enumerate() {
                if self.seen.insert(hash) {
                    self.ways.push((from, action));
                    next.states.push(part.states.get(n));
                }
            }
        }
    }

    fn end(mut self, world: &World, depth: usize, complete: bool) -> Explored {
        let (locals, steps) = world.work_done();
        self.explored.states = self.seen.len();
        self.explored.difference = world.first_difference();
        (self.explored.locals, self.explored.steps) = (locals, steps);
        (self.explored.depth, self.explored.complete) = (depth, complete);
        self.explored
    }

    /// The way from the first state to this one and through a last action, told by going it again.
    fn trace(&self, bounds: Bounds, mut number: u32, last: Option<Action>) -> Vec<(String, String, String)> {
        let mut actions: Vec<Action> = last.into_iter().collect();
        while number != 0 {
            let (from, action) = self.ways[number as usize];
            actions.push(Action::from_code(action));
            number = from;
        }
        actions.reverse();
        let world = World::new(bounds);
        let mut session = Session::new(&world);
        let mut state = session.first();
        let mut trace = Vec::new();
        for action in actions {
            let (who, what) = session.text(&state, action);
            let (before, mut said) = (state, Vec::new());
            session.act(&before, action, &mut state, Some(&mut said));
            trace.push((who, what, said.join("; ")));
        }
        trace
    }
}

fn expand(session: &mut Session<'_>, seen: &Seen, level: &Level, states: Range<usize>) -> Part {
    let all = Action::all();
    let mut part = Part::default();
    let mut after = State::default();
    for n in states {
        let state = State::unpack(level.states.get(n));
        let number = u32::try_from(level.first + n).expect("the numbers of states fit in 32 bits");
        let elected = state.locals.iter().any(|local| session.facts(*local).past.elected != 0);
        part.elected += usize::from(elected);
        let (mut possible, mut bounded) = (false, false);
        for action in &all {
            match session.act(&state, *action, &mut after, None) {
                Outcome::Impossible => {}
                Outcome::Bounded => bounded = true,
                Outcome::Broken(what) => {
                    part.broken = Some((number, Some(*action), what));
                    return part;
                }
                Outcome::Led => {
                    possible = true;
                    part.transitions += 1;
                    let packed = after.pack();
                    let hash = hash(packed.as_slice(), 0);
                    if !seen.contains(hash) {
                        part.states.push(packed.as_slice());
                        part.found.push((hash, number, action.code()));
                    }
                }
            }
        }
        if !possible {
            part.cut += usize::from(bounded);
            part.ends += usize::from(!bounded);
            if let Some(what) = ends_badly(session.world, &state, bounded) {
                part.broken = Some((number, None, what));
                return part;
            }
        }
    }
    part
}

/// Where nothing is left to happen, the failover must be over and everybody must know the same master. Where the bounds
/// forbid what is left, nothing can be said.
fn ends_badly(world: &World, state: &State, bounded: bool) -> Option<String> {
    if bounded {
        return None;
    }
    if !state.is_quiet() {
        return Some("a message waits that cannot arrive".to_owned());
    }
    let standings: Vec<_> = (0..SENTINELS).map(|n| world.local(state.locals[n]).standing()).collect();
    let first = &standings[0];
    let agree = standings.iter().all(|s| (&s.master, s.config_epoch) == (&first.master, first.config_epoch));
    (!agree || first.config_epoch == 0)
        .then(|| "nobody does anything any more, and not all know the same new master".to_owned())
}

//! One group, one fault after the other: do it, heal it, wait until whole, compare what was written.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::fault::{Act, Kind, Timeline, Who, draw, kind_of};
use super::judge::{Judge, Seen, Tail, event};
use super::options::Options;
use super::record::Record;
use super::rng::Rng;
use super::stall::Stalls;
use super::told::{self, Told};
use super::whole::{self, Look, Whole};
use super::world::World;
use super::writer::{self, Tally};
use crate::conn::FrameExt;

/// Between two looks at acts that are due and at the logs.
const TICK: Duration = Duration::from_millis(2);
/// Between two looks at the whole group.
const LOOK: Duration = Duration::from_millis(100);
/// Whole for so long, or it was only passing through.
const STABLE: Duration = Duration::from_secs(2);
/// Writers write so long before something happens.
const WARM: Duration = Duration::from_secs(2);
/// A whole group takes writes within this.
const WARM_BOUND: Duration = Duration::from_secs(30);
/// So many of one fault are enough to know.
const VIOLATIONS_SHOWN: usize = 5;
/// A machine that stood still for longer is to blame for what took too long.
const LONG_STALL: Duration = Duration::from_secs(1);

/// What all lanes share.
#[derive(Debug, Clone)]
pub(crate) struct Common {
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) stalls: Stalls,
    pub(crate) end: Option<Instant>,
}

impl Common {
    fn over(&self) -> bool {
        self.stop.load(Ordering::SeqCst) || self.end.is_some_and(|end| Instant::now() > end)
    }
}

/// A group and what its logs have said.
struct Stage {
    world: World,
    tails: Vec<Tail>,
    judge: Judge,
    told: Told,
    trap: Option<&'static str>,
    done: Vec<(u64, String)>,
    broken: bool,
}

/// Goes through `faults` faults of `seed`; hands over a record of each. Returns how much the logs had to say.
pub(crate) fn run(
    options: &Options,
    lane: u64,
    faults: u64,
    common: &Common,
    mut report: impl FnMut(&Record, &str),
) -> Result<Seen, String> {
    let seed = options.seed + lane;
    let mut seen = Seen::default();
    let mut stage: Option<Stage> = None;
    for number in options.first..options.first + faults {
        if common.over() {
            break;
        }
        let mut on = match stage.take() {
            Some(stage) => stage,
            None => Stage::build(options, &format!("{lane}-{number}"))?,
        };
        let record = on.fault(options, seed, number, common)?;
        if common.stop.load(Ordering::SeqCst) {
            seen.add(on.end(options.keep));
            break;
        }
        let mut hint = String::new();
        if !record.violations.is_empty() {
            on.broken = true;
            let dir = on.world.dir.display();
            let _ = fs::write(on.world.dir.join(format!("fault-{number}.json")), record.line());
            hint = format!("logs: {dir}\nreplay: {}", options.replay(seed, number));
        }
        report(&record, &hint);
        if record.violations.is_empty() {
            stage = Some(on);
        } else {
            seen.add(on.end(true));
        }
    }
    if let Some(stage) = stage {
        seen.add(stage.end(options.keep));
    }
    Ok(seen)
}

impl Stage {
    fn build(options: &Options, tag: &str) -> Result<Stage, String> {
        let world = World::build(options, tag)?;
        let tails = world.sentinels.iter().map(|sentinel| Tail::new(sentinel.log_path())).collect();
        let told = Told::first(&world)?;
        Ok(Stage { world, tails, judge: Judge::default(), told, trap: None, done: Vec::new(), broken: false })
    }

    fn end(self, keep: bool) -> Seen {
        let dir = self.world.dir.clone();
        drop(self.world);
        if !keep && !self.broken {
            let _ = fs::remove_dir_all(dir);
        }
        self.judge.seen()
    }

    fn fault(
        &mut self,
        options: &Options,
        seed: u64,
        number: u64,
        common: &Common,
    ) -> Result<Record, String> {
        let kind = kind_of(seed, number, &options.kinds);
        let mut record = Record {
            flavour: options.mix.name().to_owned(),
            seed,
            number,
            kind: kind.name().to_owned(),
            ..Record::default()
        };
        let begun = Instant::now();
        // The round is the fault's number and one, since none is 0.
        let round = number + 1;
        let before = match self.warm_up(round) {
            Ok(before) => before,
            Err(violation) => {
                record.violations.push(violation);
                return Ok(record);
            }
        };
        let timeline = draw(kind, &self.world.scene(before.master), &mut Rng::new(seed, number));
        self.done.clear();
        self.trap = None;
        let start = Instant::now();
        self.play(&timeline, start, common)?;
        if self.trap.take().is_some() {
            record.notes.push("the trap did not snap".to_owned());
        }
        if options.look {
            record.violations.extend(told::wrong_during(&self.world));
        }
        self.world.heal()?;
        let healed = Instant::now();
        record.hold_ms = ms(healed.duration_since(start));
        self.done.push((record.hold_ms, "heal".to_owned()));
        match self.wait_whole(options.bound, common) {
            Ok((took, whole)) => {
                record.whole_ms = Some(ms(took));
                self.count(&mut record, round, start, whole);
                let copied = usize::try_from(number).unwrap_or_default() % self.world.sentinels.len();
                record.violations.extend(whole::loadable(&self.world, copied).err());
                record.violations.extend(self.told.violations(&self.world, whole));
            }
            Err(reason) => {
                record.gap_ms = ms(start.elapsed());
                record.violations.push(format!("not whole within {:?}: {reason}", options.bound));
            }
        }
        self.listen();
        let mut judged = self.judge.take_violations(self.world.sentinels.len() / 2 + 1);
        if judged.len() > VIOLATIONS_SHOWN {
            let more = format!("and {} more of what the logs say", judged.len() - VIOLATIONS_SHOWN);
            judged.truncate(VIOLATIONS_SHOWN);
            judged.push(more);
        }
        record.violations.extend(judged);
        record.notes.extend(self.judge.take_notes());
        let stall = common.stalls.worst_since(begun);
        record.stall_ms = ms(stall);
        if stall > LONG_STALL {
            record.notes.push(format!("the machine stood still for {stall:?}"));
        }
        let done = self.done.iter().map(|(at, what)| format!("{at} {what}"));
        record.done = done.collect::<Vec<_>>().join("; ");
        Ok(record)
    }

    /// Writers write to a whole group for a while.
    fn warm_up(&mut self, round: u64) -> Result<Whole, String> {
        self.world.writers.begin(round);
        let start = Instant::now();
        loop {
            self.listen();
            let writers = |field: &str| field.split('-').next().unwrap_or_default().to_owned();
            let acks = self.world.writers.acknowledged();
            let writing: BTreeSet<String> = acks.iter().map(|(field, _)| writers(field)).collect();
            if start.elapsed() >= WARM && writing.len() == 2 {
                let whole = whole::look(&mut self.world, Look::Known);
                if let Ok(whole) = whole {
                    return Ok(whole);
                }
                if start.elapsed() > WARM_BOUND {
                    return whole
                        .map_err(|reason| format!("no longer whole before anything was done: {reason}"));
                }
            }
            if start.elapsed() > WARM_BOUND && writing.len() < 2 {
                return Err(format!(
                    "a whole group takes no writes: {} acknowledged in {WARM_BOUND:?}",
                    acks.len()
                ));
            }
            std::thread::sleep(LOOK);
        }
    }

    fn play(&mut self, timeline: &Timeline, start: Instant, common: &Common) -> Result<(), String> {
        let hold = Duration::from_millis(timeline.hold);
        let mut acts = timeline.acts.iter().peekable();
        while start.elapsed() < hold && !common.stop.load(Ordering::SeqCst) {
            while let Some((_, act)) = acts.next_if(|(at, _)| start.elapsed() >= Duration::from_millis(*at)) {
                let at = ms(start.elapsed());
                let result = self.act(act)?;
                self.done.push((at, format!("{act}{result}")));
            }
            self.listen();
            self.snap(start);
            std::thread::sleep(TICK);
        }
        Ok(())
    }

    fn act(&mut self, act: &Act) -> Result<String, String> {
        match act {
            Act::Kill(who) => self.world.member(*who).kill(),
            Act::Start(who) => self.world.member(*who).start()?,
            Act::Wipe(server) => {
                let dir = self.world.servers[*server].dir();
                let _ = fs::remove_file(dir.join("dump.rdb"));
                let _ = fs::remove_dir_all(dir.join("appendonlydir"));
            }
            Act::Stop(who) => self.world.member(*who).stop(),
            Act::Cont(who) => self.world.member(*who).cont(),
            Act::Force(sentinels) => return Ok(self.force(sentinels)),
            Act::Net(rules) => {
                let mut all = self.world.net.rules().clone();
                all.merge(rules);
                self.world.net.set(all)?;
            }
            Act::Trap(event) => {
                // What is logged from now on counts.
                self.listen();
                self.trap = Some(event);
            }
        }
        Ok(String::new())
    }

    /// Asks all of them before any answer is read.
    fn force(&mut self, sentinels: &[usize]) -> String {
        let mut conns: Vec<_> =
            sentinels.iter().map(|index| self.world.sentinels[*index].connect()).collect();
        for conn in conns.iter_mut().flatten() {
            let _ = conn.send(&["SENTINEL", "FAILOVER", super::world::GROUP]);
        }
        let answers = conns.iter_mut().map(|conn| match conn {
            Ok(conn) => conn.read().map_or_else(|error| error.to_string(), |reply| reply.frame.text()),
            Err(error) => error.clone(),
        });
        format!(" ({})", answers.collect::<Vec<_>>().join(", "))
    }

    /// Reads the logs, and kills who walks into the trap.
    fn listen(&mut self) {
        let mut caught = None;
        for (index, tail) in self.tails.iter_mut().enumerate() {
            for line in tail.lines() {
                self.judge.hear(index, &line);
                let named = event(&line).map(|(name, _)| name);
                if caught.is_none() && self.trap.is_some() && named == self.trap {
                    caught = Some(index);
                    self.world.sentinels[index].kill();
                }
            }
        }
        if let Some(index) = caught {
            self.trap = None;
            self.done.push((u64::MAX, format!("{} killed by the trap", Who::Sentinel(index))));
        }
    }

    /// Gives what the trap did its time.
    fn snap(&mut self, start: Instant) {
        let now = ms(start.elapsed());
        self.done.iter_mut().filter(|(at, _)| *at == u64::MAX).for_each(|(at, _)| *at = now);
    }

    fn wait_whole(&mut self, bound: Duration, common: &Common) -> Result<(Duration, Whole), String> {
        let healed = Instant::now();
        let mut since: Option<(Instant, Whole)> = None;
        loop {
            self.listen();
            let ended = self.world.ended();
            if !ended.is_empty() {
                return Err(ended.join(", "));
            }
            match whole::look(&mut self.world, Look::Whole) {
                Ok(whole) => {
                    let (first, _) = *since.get_or_insert((Instant::now(), whole));
                    if since.is_some_and(|(_, before)| before != whole) {
                        since = None;
                    } else if first.elapsed() >= STABLE {
                        return Ok((first.duration_since(healed), whole));
                    }
                }
                Err(reason) => {
                    since = None;
                    if healed.elapsed() > bound {
                        return Err(reason);
                    }
                }
            }
            if common.stop.load(Ordering::SeqCst) {
                return Err("broken off".to_owned());
            }
            std::thread::sleep(LOOK);
        }
    }

    fn count(&mut self, record: &mut Record, round: u64, start: Instant, whole: Whole) {
        let acks = self.world.writers.acknowledged();
        let end = acks.last().map_or(start, |(_, at)| *at).max(start);
        let master = &mut self.world.servers[whole.master];
        let there = match master.ask(&["HKEYS", &writer::key(round)]) {
            Ok(reply) => reply.items().iter().map(FrameExt::text).collect::<BTreeSet<_>>(),
            Err(error) => {
                record.violations.push(format!("the master of a whole group does not answer: {error}"));
                return;
            }
        };
        let _ = master.ask(&["UNLINK", &writer::key(round.saturating_sub(1))]);
        let Tally { acked, lost, gap } = writer::tally(&acks, &there, start, end.max(start));
        record.acked = acked;
        record.lost = lost;
        // A writer that is still without a master counts too.
        record.gap_ms = ms(gap.max(Instant::now().duration_since(end)));
        if record.kind == Kind::EmptyMaster.name() && lost > 0 {
            record.notes.push("the emptiness was copied".to_owned());
        }
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

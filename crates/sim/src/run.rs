//! One run: a world from a seed is left to find itself, then faults happen, then all is mended and it must come into
//! order within [`Options::settle_ms`]. Every fact goes to every property; the first violation ends the run.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};

use watchkeeper_core::event::EventKind;
use watchkeeper_core::id::GroupName;

use crate::admin::Admin;
use crate::disk::Disk;
use crate::fact::Fact;
use crate::fault::Kind;
use crate::fault::inject::Injector;
use crate::options::Options;
use crate::process::{Body, ProcId};
use crate::property::{self, Lost, Property};
use crate::setup::{Furnished, Shape, group_name};
use crate::time::{Clock, Time};
use crate::world::World;

/// A world that has not found itself after this many seconds has a defect.
const WARM_UP_SECS: u64 = 60;
/// What came into order stays so for this many seconds.
const STAY_SECS: u64 = 5;

/// A property that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// which property: the name of its file, `panic`, or one of this file's own
    pub property: String,
    /// when it was seen
    pub at: Time,
    /// what was seen
    pub text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` does not hold at {}: {}", self.property, self.at.to_string().trim_start(), self.text)
    }
}

/// What a run came to.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// the first property that did not hold
    pub violation: Option<Violation>,
    /// equal for equal seeds and programs
    pub hash: u64,
    /// things that happened
    pub happenings: u64,
    /// how long the world ran, in simulated milliseconds
    pub simulated_ms: u64,
    /// promotions seen by their leaders
    pub failovers: u64,
    /// faults by kind
    pub faults: BTreeMap<Kind, u64>,
    /// writes acknowledged to writers
    pub acked: u64,
    /// those of them that were lost, each for a reason that the rule allows
    pub lost: Lost,
    /// how long after the healing all was in order, in simulated milliseconds
    pub settled_ms: Option<u64>,
    /// the last lines of the trace, if it was traced
    pub lines: Vec<String>,
}

thread_local! {
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Makes panics silent and lets [`run`] tell where they were. For binaries and tests that call [`run`]; once.
pub fn note_panics() {
    std::panic::set_hook(Box::new(|info| {
        PANIC.with(|note| *note.borrow_mut() = Some(info.to_string()));
    }));
}

/// Runs it. With `traced`, [`Outcome::lines`] are kept; the course is the same.
pub fn run(options: &Options, traced: bool) -> Outcome {
    let mut course = Course::new(options, traced);
    let result = catch_unwind(AssertUnwindSafe(|| course.whole()));
    let violation = match result {
        Ok(result) => result.err(),
        Err(payload) => {
            let noted = PANIC.with(|note| note.borrow_mut().take());
            let text = noted.unwrap_or_else(|| words(payload.as_ref()));
            Some(Violation { property: "panic".to_owned(), at: course.world.now(), text })
        }
    };
    let trace = course.world.trace();
    Outcome {
        violation,
        hash: trace.hash(),
        happenings: trace.happenings(),
        simulated_ms: course.world.now().since_ms(Time::default()),
        failovers: course.failovers,
        faults: course.injector.counts().clone(),
        acked: course.acked,
        lost: course.properties.iter().find_map(|property| property.lost()).unwrap_or_default(),
        settled_ms: course.settled_ms,
        lines: trace.lines().map(str::to_owned).collect(),
    }
}

fn words(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned()
}

struct Course {
    options: Options,
    world: World,
    servers: Vec<Vec<ProcId>>,
    sentinels: Vec<ProcId>,
    injector: Injector,
    properties: Vec<Box<dyn Property>>,
    next_look: Time,
    failovers: u64,
    acked: u64,
    /// when a write to each group was last acknowledged
    last_ack: BTreeMap<usize, Time>,
    settled_ms: Option<u64>,
}

impl Course {
    fn new(options: &Options, traced: bool) -> Course {
        let mut setup = options.setup.clone();
        setup.traced = traced;
        let mut furnished = setup.furnish();
        let admin = add_admin(&mut furnished.world);
        set_paths(&mut furnished.world, options);
        for &who in &furnished.sentinels {
            furnished.world.set_disk(who, options.wear);
        }
        let injector = Injector::new(options, &furnished, admin);
        let Furnished { world, servers, sentinels, .. } = furnished;
        Course {
            options: options.clone(),
            world,
            servers,
            sentinels,
            injector,
            properties: property::all(),
            next_look: Time::default(),
            failovers: 0,
            acked: 0,
            last_ack: BTreeMap::new(),
            settled_ms: None,
        }
    }

    fn whole(&mut self) -> Result<(), Violation> {
        self.warm_up()?;
        self.injector.begin(self.world.now());
        let end = self.world.now() + self.options.faulty_ms * 1_000;
        self.pass(end)?;
        self.injector.heal(&mut self.world);
        self.allow_all();
        self.facts()?;
        self.settle()?;
        self.linger()
    }

    /// Leaves sentinels that want a tree and sentinels that know only a star to each other: for as long as one of them needs to
    /// see that it is overruled. Each round takes the time after which upstream's attaches a stray to the master and the
    /// patience of ours, which grows.
    fn linger(&mut self) -> Result<(), Violation> {
        if !self.options.quarrels() {
            return Ok(());
        }
        let ms = 4 * (self.options.setup.failover_timeout_ms + 15_000) + 105_000;
        self.pass(self.world.now() + ms * 1_000)
    }

    /// The operator's part of healing where servers keep no configuration: a master that came back as a replica of a
    /// server that may never be promoted leaves a group in which no sentinel may choose anybody.
    fn allow_all(&mut self) {
        if self.options.setup.server.rewritable {
            return;
        }
        for &who in self.servers.iter().flatten() {
            if let Body::Server(server) = self.world.body_mut(who) {
                let priority = &mut server.options_mut().priority;
                *priority = (*priority).max(1);
            }
        }
    }

    /// Until every sentinel of ours knows all servers and peers.
    fn warm_up(&mut self) -> Result<(), Violation> {
        for second in 1..=WARM_UP_SECS {
            self.pass(Time::secs(second))?;
            if self.missing().is_none() {
                return Ok(());
            }
        }
        self.missing().map_or(Ok(()), |text| Err(self.violation("warm-up", text)))
    }

    fn missing(&self) -> Option<String> {
        let setup = &self.options.setup;
        // of a chain, a star sees only the first replica: the others follow no master
        let seen = match setup.shape {
            Shape::Star => setup.servers,
            Shape::Chain => setup.servers.min(2),
            Shape::Tree => setup.servers.min(3),
        };
        let replicas = seen - 1;
        let peers = self.sentinels.len() - 1;
        for &who in &self.sentinels {
            let Body::Sentinel(sentinel) = self.world.body(who) else { continue };
            let Some(core) = sentinel.core() else {
                return Some(format!("{} has not begun", self.world.name(who)));
            };
            for group in core.view().groups {
                if group.replicas.len() < replicas || group.peers.len() < peers {
                    let (found, met) = (group.replicas.len(), group.peers.len());
                    return Some(format!(
                        "{} has found {found} of {replicas} replicas and {met} of {peers} peers of `{}`",
                        self.world.name(who),
                        group.name.0,
                    ));
                }
            }
        }
        None
    }

    /// Until all is in order and has stayed so for a while. What had begun before the healing may end later and disturb it
    /// once more (a promotion that runs out of time, a server that nobody could be promoted instead of): within the bound
    /// the while then begins anew.
    fn settle(&mut self) -> Result<(), Violation> {
        let healed = self.world.now();
        let bound = self.options.settle_ms();
        let mut calm_since = None;
        loop {
            self.pass(self.world.now() + 1_000_000)?;
            let passed = self.world.now().since_ms(healed);
            match self.in_order(healed) {
                Ok(()) => {
                    let since = *calm_since.get_or_insert(passed);
                    if passed - since >= STAY_SECS * 1_000 {
                        self.settled_ms = Some(since);
                        return Ok(());
                    }
                }
                Err(mut violation) if passed >= bound => {
                    let had = if calm_since.is_some() { "all had been in order, but now: " } else { "" };
                    let seconds = passed / 1_000;
                    violation.text = format!("{seconds} s after all was mended: {had}{}", violation.text);
                    return Err(violation);
                }
                Err(_) => calm_since = None,
            }
        }
    }

    fn in_order(&mut self, healed: Time) -> Result<(), Violation> {
        let at = self.world.now();
        for property in &mut self.properties {
            if let Err(text) = property.settled(&self.world) {
                return Err(Violation { property: property.name().to_owned(), at, text });
            }
        }
        for group in 0..self.servers.len() {
            if self.acked > 0
                && self.has_master(group)
                && self.last_ack.get(&group).is_none_or(|at| *at <= healed)
            {
                let text = format!("no write to group {group} was acknowledged");
                return Err(self.violation("writes-go-on", text));
            }
        }
        Ok(())
    }

    /// Whether a sentinel names a master of the group that runs and is one, and knows as many replicas as it wants
    /// (`min-replicas`; after a reset it may know none). That one may rightly be missing is judged by `healed`.
    fn has_master(&self, group: usize) -> bool {
        let named = self.sentinels.iter().filter_map(|who| {
            let Body::Sentinel(sentinel) = self.world.body(*who) else { return None };
            let view = sentinel.core()?.group_view(&GroupName(group_name(group)))?;
            Some((self.world.at(view.current.at?)?, view.replicas.len()))
        });
        let mut named = named.filter(|(who, _)| self.world.runs(*who));
        named.any(|(who, replicas)| match self.world.body(who) {
            Body::Server(server) => server.is_master() && replicas >= server.options().min_replicas as usize,
            Body::Sentinel(_) | Body::Upstream(_) | Body::Writer(_) | Body::Admin(_) => false,
        })
    }

    fn violation(&self, property: &str, text: String) -> Violation {
        Violation { property: property.to_owned(), at: self.world.now(), text }
    }

    /// Lets time pass, with faults as they are due and properties looking each second.
    fn pass(&mut self, until: Time) -> Result<(), Violation> {
        loop {
            let mut stop = until.min(self.next_look);
            if let Some(at) = self.injector.next_at() {
                stop = stop.min(at);
            }
            let stop = stop.max(self.world.now());
            while self.world.step(stop) {
                self.facts()?;
            }
            self.injector.act(&mut self.world);
            self.facts()?;
            if stop >= self.next_look {
                self.next_look = stop + 1_000_000;
                self.look()?;
            }
            if stop >= until {
                return Ok(());
            }
        }
    }

    fn look(&mut self) -> Result<(), Violation> {
        for property in &mut self.properties {
            if let Err(text) = property.look(&self.world) {
                let at = self.world.now();
                return Err(Violation { property: property.name().to_owned(), at, text });
            }
        }
        Ok(())
    }

    fn facts(&mut self) -> Result<(), Violation> {
        while self.world.has_facts() {
            for (at, fact) in self.world.take_facts() {
                for property in &mut self.properties {
                    if let Err(text) = property.fact(&self.world, at, &fact) {
                        return Err(Violation { property: property.name().to_owned(), at, text });
                    }
                }
                self.count(at, &fact);
                self.injector.observe(&fact, &mut self.world);
            }
        }
        Ok(())
    }

    fn count(&mut self, at: Time, fact: &Fact) {
        if let Fact::Acked { server, .. } = fact {
            self.acked += 1;
            let who = self.world.at(*server);
            let group = self.servers.iter().position(|group| who.is_some_and(|who| group.contains(&who)));
            if let Some(group) = group {
                self.last_ack.insert(group, at);
            }
        }
        if let Fact::Event { event, .. } = fact {
            self.failovers += u64::from(event.kind == EventKind::PromotedSlave);
        }
    }
}

/// A user, on a host of his own that no fault touches but partitions.
fn add_admin(world: &mut World) -> ProcId {
    let ip = IpAddr::V4(Ipv4Addr::new(10, 3, 0, 1));
    world.add_host(ip, Clock::new(0, 1_000_000));
    let admin = Body::Admin(Box::new(Admin::new()));
    let who = world.add_process("admin", SocketAddr::new(ip, 1), Disk::default(), admin);
    world.start(who);
    who
}

fn set_paths(world: &mut World, options: &Options) {
    let hosts = world.hosts();
    for &from in &hosts {
        for &to in hosts.iter().filter(|to| **to != from) {
            *world.path_mut(from, to) = options.path.clone();
        }
    }
}

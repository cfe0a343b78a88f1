//! The kinds of faults, and what a fault of a kind does and when: a list of acts with times, drawn from the seed and
//! from who is master at its start. Doing it is left to [`super::lane`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::net::Rules;
use super::rng::Rng;

macro_rules! kinds {
    ($($kind:ident $name:literal $about:literal;)*) => {
        /// What can go wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Kind { $(#[doc = $about] $kind,)* }

        impl Kind {
            /// All of them.
            pub(crate) const ALL: &'static [Kind] = &[$(Kind::$kind,)*];

            /// Its name in results and on the command line.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Kind::$kind => $name,)* }
            }

            /// What it is.
            pub(crate) fn about(self) -> &'static str {
                match self { $(Kind::$kind => $about,)* }
            }
        }
    };
}

kinds! {
    KillMaster "kill-master" "kill -9 the master, back later";
    KillMasterHost "kill-master-host" "kill -9 the master and the sentinel beside it";
    KillReplica "kill-replica" "kill -9 a replica";
    KillSentinel "kill-sentinel" "kill -9 a sentinel";
    StopMaster "stop-master" "SIGSTOP the master for longer than down-after";
    BlinkMaster "blink-master" "SIGSTOP the master for less than down-after";
    StopSentinel "stop-sentinel" "SIGSTOP a sentinel, short or long";
    StopReplica "stop-replica" "SIGSTOP a replica, short or long";
    RestartMaster "restart-master" "the master restarts within down-after";
    EmptyMaster "restart-master-empty" "the master restarts within down-after and has no data";
    Switchover "switchover" "SENTINEL FAILOVER of a healthy master";
    TwoSwitchovers "two-switchovers" "SENTINEL FAILOVER at two sentinels at once";
    CutMasterHost "cut-master-host" "the master's host is cut off";
    CutMasterIn "cut-master-in" "nothing reaches the master's host; what it sends arrives";
    CutMasterOut "cut-master-out" "nothing the master's host sends arrives";
    CutOtherHost "cut-other-host" "another host is cut off, both ways or one way";
    CutLink "cut-link" "the master's host and another do not hear each other";
    SplitMinority "split-minority" "a partition: the master with a minority of the sentinels";
    SplitMajority "split-majority" "a partition: the master with the majority of the sentinels";
    SplitThree "split-three" "a partition in three: nobody has a majority";
    Slow "slow" "a host's link, or all, is slow by up to 600 ms";
    Lossy "lossy" "a host's link, or all, loses packets";
    LeaderElected "leader-dies-elected" "the master dies, and the leader at +elected-leader";
    LeaderPromoting "leader-dies-promoting" "the master dies, and the leader once the promotion is sent";
    LeaderPromoted "leader-dies-promoted" "the master dies, and the leader at +promoted-slave";
    Several "several" "two or three of these at once";
}

/// How often a kind is in the deck, beyond once.
const MORE_OF: [Kind; 2] = [Kind::Several, Kind::Several];

/// The kind of fault `number` under `seed`: the deck of all kinds is dealt again and again, in another order each time.
pub(crate) fn kind_of(seed: u64, number: u64, only: &[Kind]) -> Kind {
    let mut deck: Vec<Kind> = if only.is_empty() { [Kind::ALL, &MORE_OF].concat() } else { only.to_vec() };
    let round = number / deck.len() as u64;
    Rng::new(seed, u64::MAX - round).shuffle(&mut deck);
    let at = usize::try_from(number).expect("a number of faults fits") % deck.len();
    deck[at]
}

/// A process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    /// on the host of this number
    Server(usize),
    /// on the host of this number
    Sentinel(usize),
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Who::Server(index) => write!(f, "server {}", index + 1),
            Who::Sentinel(index) => write!(f, "sentinel {}", index + 1),
        }
    }
}

/// One thing that is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// kill -9
    Kill(Who),
    /// start again
    Start(Who),
    /// delete a stopped server's data
    Wipe(usize),
    /// SIGSTOP
    Stop(Who),
    /// SIGCONT
    Cont(Who),
    /// SENTINEL FAILOVER at all of these at once
    Force(Vec<usize>),
    /// the net goes wrong, beside what is wrong already
    Net(Rules),
    /// from now on: who logs this event first is killed
    Trap(&'static str),
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Act::Kill(who) => write!(f, "kill {who}"),
            Act::Start(who) => write!(f, "start {who}"),
            Act::Wipe(server) => write!(f, "wipe server {}", server + 1),
            Act::Stop(who) => write!(f, "stop {who}"),
            Act::Cont(who) => write!(f, "continue {who}"),
            Act::Force(sentinels) => {
                let numbers: Vec<String> = sentinels.iter().map(|index| (index + 1).to_string()).collect();
                write!(f, "FAILOVER at sentinel {}", numbers.join(" and "))
            }
            Act::Net(rules) => {
                let pairs = rules.blocked.iter().map(|(from, to)| format!("{}>{}", from + 1, to + 1));
                let loss = rules.loss.iter().map(|(end, percent)| format!("{} loses {percent}%", end + 1));
                let slow = rules.slow.iter().map(|(end, ms)| format!("{} late {ms} ms", end + 1));
                write!(f, "net {}", pairs.chain(loss).chain(slow).collect::<Vec<_>>().join(" "))
            }
            Act::Trap(event) => write!(f, "kill who logs {event}"),
        }
    }
}

/// What is there when a fault begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene {
    /// their number
    pub(crate) servers: usize,
    /// their number
    pub(crate) sentinels: usize,
    /// which server
    pub(crate) master: usize,
    /// down-after-milliseconds
    pub(crate) down_after: u64,
}

impl Scene {
    /// Hosts; a host holds the server and the sentinel of its number, as far as there are any.
    pub(crate) fn hosts(&self) -> usize {
        self.servers.max(self.sentinels)
    }

    /// The endpoint of the writer that is always with the others, and of the one beside the master.
    fn writers(&self) -> (usize, usize) {
        (self.hosts(), self.hosts() + 1)
    }

    fn replica(&self, rng: &mut Rng) -> usize {
        (self.master + 1 + rng.index(self.servers - 1)) % self.servers
    }

    fn other_host(&self, rng: &mut Rng) -> usize {
        (self.master + 1 + rng.index(self.hosts() - 1)) % self.hosts()
    }
}

/// What is done when, in milliseconds since the start, and when all of it is healed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Timeline {
    /// sorted by time
    pub(crate) acts: Vec<(u64, Act)>,
    /// everything is healed then
    pub(crate) hold: u64,
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.acts.iter().try_for_each(|(at, act)| write!(f, "{at} {act}; "))?;
        write!(f, "{} heal", self.hold)
    }
}

impl Timeline {
    fn new(hold: u64, acts: Vec<(u64, Act)>) -> Timeline {
        Timeline { acts, hold }
    }
}

/// Draws what a fault of this kind does.
pub(crate) fn draw(kind: Kind, scene: &Scene, rng: &mut Rng) -> Timeline {
    let master = Who::Server(scene.master);
    let down = scene.down_after;
    let short = |rng: &mut Rng| rng.between(down / 10, down * 8 / 10);
    match kind {
        Kind::KillMaster => {
            Timeline::new(rng.between(down + 1000, down + 8000), vec![(0, Act::Kill(master))])
        }
        Kind::KillMasterHost => {
            let beside = Act::Kill(Who::Sentinel(scene.master.min(scene.sentinels - 1)));
            Timeline::new(rng.between(down + 1000, down + 8000), vec![(0, Act::Kill(master)), (0, beside)])
        }
        Kind::KillReplica => {
            let who = Who::Server(scene.replica(rng));
            Timeline::new(rng.between(500, down + 5000), vec![(0, Act::Kill(who))])
        }
        Kind::KillSentinel => {
            let who = Who::Sentinel(rng.index(scene.sentinels));
            Timeline::new(rng.between(500, down + 5000), vec![(0, Act::Kill(who))])
        }
        Kind::StopMaster => {
            Timeline::new(rng.between(down + 1000, down + 8000), vec![(0, Act::Stop(master))])
        }
        Kind::BlinkMaster => {
            let length = short(rng);
            Timeline::new(length + 2000, vec![(0, Act::Stop(master)), (length, Act::Cont(master))])
        }
        Kind::StopSentinel => pause(Who::Sentinel(rng.index(scene.sentinels)), down, rng),
        Kind::StopReplica => pause(Who::Server(scene.replica(rng)), down, rng),
        Kind::RestartMaster => {
            let length = short(rng);
            Timeline::new(length + 2500, vec![(0, Act::Kill(master)), (length, Act::Start(master))])
        }
        Kind::EmptyMaster => {
            let length = short(rng);
            let wipe = Act::Wipe(scene.master);
            let acts = vec![(0, Act::Kill(master)), (0, wipe), (length, Act::Start(master))];
            Timeline::new(length + 2500, acts)
        }
        Kind::Switchover => {
            let asked = Act::Force(vec![rng.index(scene.sentinels)]);
            Timeline::new(rng.between(1000, 4000), vec![(0, asked)])
        }
        Kind::TwoSwitchovers => two_switchovers(scene, rng),
        Kind::CutMasterHost
        | Kind::CutMasterIn
        | Kind::CutMasterOut
        | Kind::CutOtherHost
        | Kind::CutLink
        | Kind::SplitMinority
        | Kind::SplitMajority
        | Kind::SplitThree => {
            let rules = cut(kind, scene, rng);
            Timeline::new(rng.between(down / 2, down + 9000), vec![(0, Act::Net(rules))])
        }
        Kind::Slow | Kind::Lossy => {
            let rules = bad_links(kind, scene, rng);
            Timeline::new(rng.between(down, down + 9000), vec![(0, Act::Net(rules))])
        }
        Kind::LeaderElected => trap("+elected-leader", master, down, rng),
        Kind::LeaderPromoting => trap("+failover-state-wait-promotion", master, down, rng),
        Kind::LeaderPromoted => trap("+promoted-slave", master, down, rng),
        Kind::Several => several(scene, rng),
    }
}

fn pause(who: Who, down: u64, rng: &mut Rng) -> Timeline {
    let length = if rng.once_in(2) { rng.between(100, down) } else { rng.between(down, down + 8000) };
    Timeline::new(length + 500, vec![(0, Act::Stop(who)), (length, Act::Cont(who))])
}

fn two_switchovers(scene: &Scene, rng: &mut Rng) -> Timeline {
    let first = rng.index(scene.sentinels);
    let second = (first + 1 + rng.index(scene.sentinels - 1)) % scene.sentinels;
    let hold = rng.between(1000, 4000);
    if rng.once_in(2) {
        return Timeline::new(hold, vec![(0, Act::Force(vec![first, second]))]);
    }
    let later = rng.between(5, 300);
    Timeline::new(hold, vec![(0, Act::Force(vec![first])), (later, Act::Force(vec![second]))])
}

/// Held until the leader is dead also where sentinels are slow, and either too short for a retry or not.
fn trap(event: &'static str, master: Who, down: u64, rng: &mut Rng) -> Timeline {
    Timeline::new(
        rng.between(down + 5000, down + 12_000),
        vec![(0, Act::Trap(event)), (0, Act::Kill(master))],
    )
}

fn cut(kind: Kind, scene: &Scene, rng: &mut Rng) -> Rules {
    let (far, near) = scene.writers();
    let mut others: Vec<usize> = (0..scene.hosts()).filter(|host| *host != scene.master).collect();
    rng.shuffle(&mut others);
    // The group is cut into sides; the first holds the master and the writer beside it, the second the other writer.
    let mut sides = vec![vec![scene.master, near], vec![far]];
    let minority = (scene.sentinels - 1) / 2;
    let with_master = if kind == Kind::SplitMinority {
        1 + rng.index(minority.max(2) - 1)
    } else if kind == Kind::SplitMajority {
        scene.sentinels / 2
    } else if kind == Kind::SplitThree {
        minority.saturating_sub(1)
    } else {
        0
    };
    sides[0].extend(others.drain(..with_master));
    let mut ways = (true, true);
    if kind == Kind::SplitThree {
        sides.push(others.drain(..minority.min(others.len())).collect());
    } else if kind == Kind::CutMasterIn {
        ways = (true, false);
    } else if kind == Kind::CutMasterOut {
        ways = (false, true);
    } else if kind == Kind::CutOtherHost {
        sides[0] = vec![others.swap_remove(0)];
        others.extend([scene.master, near]);
        ways = rng.pick(&[(true, true), (true, false), (false, true)]);
    } else if kind == Kind::CutLink {
        let (one, other) = (scene.master, others[0]);
        return Rules { blocked: [(one, other), (other, one)].into(), ..Rules::default() };
    }
    sides[1].extend(others);
    Rules { blocked: between(&sides, ways), ..Rules::default() }
}

/// Nothing passes between the sides: `ways` are into the first and out of it.
fn between(sides: &[Vec<usize>], ways: (bool, bool)) -> BTreeSet<(usize, usize)> {
    let mut blocked = BTreeSet::new();
    for (a, from_side) in sides.iter().enumerate() {
        for (b, to_side) in sides.iter().enumerate() {
            let open = a == b || (b == 0 && !ways.0) || (a == 0 && !ways.1);
            for from in from_side.iter().filter(|_| !open) {
                blocked.extend(to_side.iter().map(|to| (*from, *to)));
            }
        }
    }
    blocked
}

fn bad_links(kind: Kind, scene: &Scene, rng: &mut Rng) -> Rules {
    let hosts: Vec<usize> = match rng.index(4) {
        0 => (0..scene.hosts()).collect(),
        1 => vec![scene.other_host(rng)],
        _ => vec![scene.master],
    };
    let everywhere = hosts.len() > 1;
    let mut bad: BTreeMap<usize, u64> = BTreeMap::new();
    for host in hosts {
        let amount = match (kind == Kind::Slow, everywhere) {
            (true, true) => rng.between(10, 150),
            (true, false) => rng.between(50, 600),
            (false, true) => rng.between(2, 15),
            (false, false) => rng.between(5, 35),
        };
        bad.insert(host, amount);
    }
    if kind == Kind::Slow {
        Rules { slow: bad, ..Rules::default() }
    } else {
        Rules { loss: bad, ..Rules::default() }
    }
}

fn several(scene: &Scene, rng: &mut Rng) -> Timeline {
    let lone = [Kind::Several, Kind::EmptyMaster];
    let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| !lone.contains(kind)).collect();
    let mut whole = Timeline::default();
    for part in 0..rng.between(2, 3) {
        let one = draw(rng.pick(&kinds), scene, rng);
        let shift = if part == 0 || rng.once_in(2) { 0 } else { rng.between(10, scene.down_after * 2) };
        whole.acts.extend(one.acts.into_iter().map(|(at, act)| (at + shift, act)));
        whole.hold = whole.hold.max(one.hold + shift);
    }
    whole.acts.sort_by_key(|(at, _)| *at);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCENE: Scene = Scene { servers: 3, sentinels: 5, master: 1, down_after: 2000 };

    #[test]
    fn a_round_deals_every_kind_and_another_order_follows() {
        let round = |n: u64| -> Vec<Kind> { (n * 28..(n + 1) * 28).map(|at| kind_of(7, at, &[])).collect() };
        let seen: BTreeSet<Kind> = round(0).into_iter().collect();
        assert_eq!(seen.len(), Kind::ALL.len());
        assert_ne!(round(0), round(1));
        assert_eq!(round(0), round(0));
    }

    #[test]
    fn the_same_seed_draws_the_same_and_nothing_comes_after_the_heal() {
        for kind in Kind::ALL {
            for number in 0..200 {
                let one = draw(*kind, &SCENE, &mut Rng::new(3, number));
                assert_eq!(one, draw(*kind, &SCENE, &mut Rng::new(3, number)));
                assert!(one.acts.iter().all(|(at, _)| *at <= one.hold), "{one}");
                assert!(!one.acts.is_empty() && one.hold < 25_000, "{one}");
            }
        }
    }

    #[test]
    fn partitions_have_the_sides_their_names_promise() {
        let hosts_with_master = |kind: Kind, number: u64| {
            let rules = cut(kind, &SCENE, &mut Rng::new(1, number));
            (0..5).filter(|host| !rules.blocked.contains(&(1, *host))).count()
        };
        for number in 0..50 {
            assert_eq!(hosts_with_master(Kind::CutMasterHost, number), 1);
            assert_eq!(hosts_with_master(Kind::SplitMinority, number), 2);
            assert_eq!(hosts_with_master(Kind::SplitMajority, number), 3);
            assert_eq!(hosts_with_master(Kind::SplitThree, number), 2);
            assert_eq!(hosts_with_master(Kind::CutMasterIn, number), 5, "what it sends arrives");
        }
    }
}

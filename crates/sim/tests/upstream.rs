//! Sentinels with upstream's behaviour: alone, and in one group with ours.

use std::net::SocketAddr;

use watchkeeper_core::Event;
use watchkeeper_core::event::EventKind;
use watchkeeper_core::id::GroupName;
use watchkeeper_sim::fact::Fact;
use watchkeeper_sim::process::{Body, ProcId};
use watchkeeper_sim::property::{self, Property};
use watchkeeper_sim::setup::Flavour::{self, Ours, Upstream};
use watchkeeper_sim::setup::{Furnished, Setup, group_name};
use watchkeeper_sim::time::Time;

/// A world with all properties watching, and the events of its sentinels.
struct Play {
    it: Furnished,
    properties: Vec<Box<dyn Property>>,
    events: Vec<(Time, ProcId, Event)>,
    seed: u64,
    looked: u64,
}

impl Play {
    fn new(setup: &Setup) -> Play {
        let setup = Setup { traced: true, ..setup.clone() };
        let it = setup.furnish();
        Play { it, properties: watched(), events: Vec::new(), seed: setup.seed, looked: 0 }
    }

    fn run(&mut self, until: Time) {
        while self.it.world.step(until) {
            for (at, fact) in self.it.world.take_facts() {
                for property in &mut self.properties {
                    let seen = property.fact(&self.it.world, at, &fact);
                    expect_kept(seen, property.name(), self.seed, &self.it);
                }
                if let Fact::Event { who, event } = fact {
                    self.events.push((at, who, event));
                }
            }
            if self.it.world.now().0 / 1_000_000 > self.looked {
                self.looked += 1;
                for property in &mut self.properties {
                    let seen = property.look(&self.it.world);
                    expect_kept(seen, property.name(), self.seed, &self.it);
                }
            }
        }
    }

    fn run_on(&mut self, secs: u64) {
        let until = self.it.world.now() + secs * 1_000_000;
        self.run(until);
    }

    fn master_ip(&self) -> std::net::IpAddr {
        self.it.world.addr(self.it.servers[0][0]).ip()
    }

    fn ip(&self, sentinel: usize) -> std::net::IpAddr {
        self.it.world.addr(self.it.sentinels[sentinel]).ip()
    }

    /// The master a sentinel names for a group, with its config epoch, and the sentinel's current epoch.
    fn names(&self, sentinel: usize, g: usize) -> (SocketAddr, u64, u64) {
        let name = group_name(g);
        let named = match self.it.world.body(self.it.sentinels[sentinel]) {
            Body::Sentinel(it) => it.core().and_then(|core| {
                let group = core.group_view(&GroupName(name))?;
                Some((group.current.at?, group.config_epoch, core.current_epoch()))
            }),
            Body::Upstream(it) => it
                .master(&name)
                .zip(it.config_epoch(&name))
                .map(|(master, config)| (master, config, it.current_epoch())),
            Body::Server(_) | Body::Writer(_) | Body::Admin(_) => None,
        };
        named.expect("a sentinel that runs knows its groups")
    }

    /// What all sentinels agree on; panics if they don't.
    fn agreed(&self, g: usize) -> (SocketAddr, u64) {
        let all: Vec<_> = (0..self.it.sentinels.len()).map(|n| self.names(n, g)).collect();
        assert!(all.iter().all(|one| *one == all[0]), "seed {}: {all:?}\n{}", self.seed, self.lines());
        (all[0].0, all[0].1)
    }

    /// All servers but the dead are as the sentinels say.
    fn assert_servers_follow(&self, g: usize, master: SocketAddr) {
        for who in self.it.servers[g].iter().filter(|who| self.it.world.runs(**who)) {
            let Body::Server(server) = self.it.world.body(*who) else { panic!("not a server") };
            let expected = (self.it.world.addr(*who) != master).then_some(master);
            assert_eq!(server.follows(), expected, "seed {}\n{}", self.seed, self.lines());
        }
    }

    fn who_had(&self, kind: EventKind) -> Vec<(Time, ProcId)> {
        let had = self.events.iter().filter(|(_, _, event)| event.kind == kind);
        had.map(|(at, who, _)| (*at, *who)).collect()
    }

    fn is_upstream(&self, who: ProcId) -> bool {
        matches!(self.it.world.body(who), Body::Upstream(_))
    }

    fn lines(&self) -> String {
        lines(&self.it)
    }
}

fn watched() -> Vec<Box<dyn Property>> {
    property::all().into_iter().filter(|property| property.name() != "reloads").collect()
}

fn expect_kept(seen: Result<(), String>, property: &str, seed: u64, it: &Furnished) {
    if let Err(seen) = seen {
        panic!("seed {seed}: {property}: {seen}\n{}", lines(it));
    }
}

fn lines(it: &Furnished) -> String {
    let lines: Vec<&str> = it.world.trace().lines().collect();
    lines[lines.len().saturating_sub(80)..].join("\n")
}

fn group_of(sentinels: &[Flavour], seed: u64) -> Setup {
    let quorum = sentinels.len() as u32 / 2 + 1;
    Setup { seed, sentinels: sentinels.to_vec(), quorum, writers: 0, ..Setup::default() }
}

/// Kills the master after 20 s and looks a minute later.
fn master_dies(setup: &Setup) -> Play {
    let mut play = Play::new(setup);
    play.run(Time::secs(20));
    let peers = setup.sentinels.len() - 1;
    for who in &play.it.sentinels {
        if let Body::Upstream(it) = play.it.world.body(*who) {
            assert_eq!(it.peers("mymaster").len(), peers, "seed {}\n{}", setup.seed, play.lines());
            assert_eq!(it.replicas("mymaster").len(), setup.servers - 1);
        }
    }
    play.it.world.kill(play.it.servers[0][0]);
    play.run(Time::secs(80));
    let (master, epoch) = play.agreed(0);
    assert_ne!(master, play.it.world.addr(play.it.servers[0][0]), "{}", play.lines());
    assert!(epoch > 0);
    play.assert_servers_follow(0, master);
    play
}

#[test]
fn three_of_upstream_replace_a_killed_master() {
    let play = master_dies(&group_of(&[Upstream; 3], 1));
    let killed = Time::secs(20);
    for (at, _) in play.who_had(EventKind::SubjectivelyDown).iter().take(3) {
        assert!((2_000..3_200).contains(&at.since_ms(killed)), "+sdown at {at}\n{}", play.lines());
    }
    let (at, leader) = play.who_had(EventKind::PromotedSlave)[0];
    assert!(at.since_ms(killed) < 6_000, "promoted at {at}");
    assert_eq!(play.who_had(EventKind::SwitchMaster).len(), 3);
    let course = play.events.iter().filter(|(at, who, _)| *who == leader && *at > killed);
    let names: Vec<&str> = course.map(|(_, _, event)| event.name).collect();
    let expected = [
        "+sdown",
        "+odown",
        "+new-epoch",
        "+try-failover",
        "+vote-for-leader",
        "+elected-leader",
        "+failover-state-select-slave",
        "+selected-slave",
        "+failover-state-send-slaveof-noone",
        "+failover-state-wait-promotion",
        "-role-change",
        "+promoted-slave",
        "+failover-state-reconf-slaves",
        "+slave-reconf-sent",
        "+slave-reconf-inprog",
        "+slave-reconf-done",
        "+failover-end",
        "+switch-master",
        "+slave",
        "+slave",
        "+sdown",
    ];
    let names: Vec<&str> = names.into_iter().filter(|name| *name != "-odown").collect();
    assert_eq!(names, expected, "{}", play.lines());
}

#[test]
fn an_old_master_is_led_back_after_eight_seconds_at_the_earliest() {
    let mut play = master_dies(&group_of(&[Upstream; 3], 2));
    let old = play.it.servers[0][0];
    play.it.world.start(old);
    let back = play.it.world.now();
    play.run_on(60);
    let (master, _) = play.agreed(0);
    play.assert_servers_follow(0, master);
    let converted = play.who_had(EventKind::ConvertToSlave);
    let at = converted.first().expect("it is converted").0;
    assert!((8_000..25_000).contains(&at.since_ms(back)), "converted at {at}\n{}", play.lines());
}

#[test]
fn mixed_groups_agree_after_the_master_died() {
    let groups: [&[Flavour]; 4] = [
        &[Ours, Ours, Upstream],
        &[Upstream, Ours, Upstream],
        &[Ours, Upstream, Ours, Upstream, Ours],
        &[Upstream, Upstream, Ours, Upstream, Ours],
    ];
    for sentinels in groups {
        for seed in 0..12 {
            let setup = group_of(sentinels, seed);
            let mut play = master_dies(&setup);
            play.it.world.start(play.it.servers[0][0]);
            play.run_on(60);
            let (master, _) = play.agreed(0);
            play.assert_servers_follow(0, master);
        }
    }
}

#[test]
fn two_groups_that_share_mixed_sentinels_are_failed_over_at_once() {
    for seed in 0..6 {
        let setup = Setup { groups: 2, ..group_of(&[Ours, Upstream, Upstream], seed) };
        let mut play = Play::new(&setup);
        play.run(Time::secs(20));
        for g in 0..2 {
            play.it.world.kill(play.it.servers[g][0]);
        }
        play.run(Time::secs(120));
        for g in 0..2 {
            let (master, epoch) = play.agreed(g);
            assert_ne!(master, play.it.world.addr(play.it.servers[g][0]), "{}", play.lines());
            assert!(epoch > 0);
            play.assert_servers_follow(g, master);
        }
    }
}

/// The sentinels of one kind can't reach the master any more, those of the other can: the first elect a leader with the
/// votes of the second, and the second adopt what it did.
fn elected_by_the_other_kind(blind: Flavour, seeing: Flavour, seed: u64) {
    let mut play = Play::new(&group_of(&[blind, blind, seeing], seed));
    play.run(Time::secs(20));
    for n in 0..2 {
        let (sentinel, master) = (play.ip(n), play.master_ip());
        play.it.world.cut_both(sentinel, master);
    }
    play.run_on(60);
    let (master, _) = play.agreed(0);
    assert_ne!(master.ip(), play.master_ip(), "seed {seed}\n{}", play.lines());
    let leaders = play.who_had(EventKind::PromotedSlave);
    assert!(!leaders.is_empty());
    for (_, leader) in leaders {
        assert_eq!(play.is_upstream(leader), blind == Upstream);
    }
    let votes = play.who_had(EventKind::VoteForLeader);
    assert!(votes.iter().any(|(_, who)| *who == play.it.sentinels[2]), "{}", play.lines());
    for n in 0..2 {
        let (sentinel, master) = (play.ip(n), play.master_ip());
        play.it.world.mend_both(sentinel, master);
    }
    play.run_on(60);
    assert_eq!(play.agreed(0).0, master);
    play.assert_servers_follow(0, master);
}

#[test]
fn ours_vote_for_and_follow_a_leader_of_upstream() {
    for seed in 0..10 {
        elected_by_the_other_kind(Upstream, Ours, seed);
    }
}

#[test]
fn upstream_votes_for_and_follows_a_leader_of_ours() {
    for seed in 0..10 {
        elected_by_the_other_kind(Ours, Upstream, seed);
    }
}

#[test]
fn whoever_was_cut_off_adopts_the_failover_of_the_other_kind() {
    for (away, rest) in [(Ours, Upstream), (Upstream, Ours)] {
        for seed in 0..10 {
            let mut play = Play::new(&group_of(&[away, rest, rest], seed));
            play.run(Time::secs(20));
            let alone = play.ip(0);
            let others: Vec<_> = play.it.world.hosts().into_iter().filter(|ip| *ip != alone).collect();
            for other in &others {
                play.it.world.cut_both(alone, *other);
            }
            play.it.world.kill(play.it.servers[0][0]);
            play.run_on(50);
            assert_eq!(play.names(0, 0).0.ip(), play.master_ip());
            for other in &others {
                play.it.world.mend_both(alone, *other);
            }
            play.run_on(60);
            let (master, _) = play.agreed(0);
            assert_ne!(master.ip(), play.master_ip(), "seed {seed}\n{}", play.lines());
            play.assert_servers_follow(0, master);
        }
    }
}

#[test]
fn a_restarted_sentinel_remembers_its_epochs_and_its_peers() {
    let mut play = master_dies(&group_of(&[Upstream; 3], 3));
    let before: Vec<_> = (0..3).map(|n| play.names(n, 0)).collect();
    for who in play.it.sentinels.clone() {
        play.it.world.kill(who);
        play.it.world.start(who);
    }
    for who in play.it.sentinels.clone() {
        let Body::Upstream(it) = play.it.world.body(who) else { panic!("not of upstream") };
        assert_eq!(it.peers("mymaster").len(), 2);
    }
    assert_eq!((0..3).map(|n| play.names(n, 0)).collect::<Vec<_>>(), before);
    play.run_on(30);
    assert_eq!(play.agreed(0).0, before[0].0);
}

#[test]
fn a_pause_or_a_clock_that_jumps_leads_to_tilt() {
    let mut play = Play::new(&group_of(&[Upstream; 3], 4));
    play.run(Time::secs(20));
    let who = play.it.sentinels[0];
    play.it.world.pause(who);
    play.run_on(3);
    play.it.world.resume(who);
    let jumped = play.ip(1);
    play.it.world.jump_clock(jumped, -5_000);
    play.run_on(1);
    assert_eq!(play.who_had(EventKind::Tilt).len(), 2, "{}", play.lines());
    play.run_on(40);
    assert_eq!(play.who_had(EventKind::TiltEnd).len(), 2);
    assert!(play.who_had(EventKind::TryFailover).is_empty());
}

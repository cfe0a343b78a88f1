//! A property that cannot fail is a defect: each is shown facts that violate it and must say so clearly, facts that it
//! allows and must accept; and all of them must be silent in worlds that nothing disturbs.

use std::net::SocketAddr;

use watchkeeper_core::Event;
use watchkeeper_core::config::{ReplicaHome, Topology};
use watchkeeper_core::event::EventKind;
use watchkeeper_core::id::GroupName;
use watchkeeper_core::io::Version;
use watchkeeper_core::view::{FailoverView, GroupView, Place, ReconfView, ReplicaView, RoleView};
use watchkeeper_sim::config_text;
use watchkeeper_sim::fact::Fact;
use watchkeeper_sim::process::{Body, ProcId};
use watchkeeper_sim::property::{self, Lost, Property};
use watchkeeper_sim::setup::{Flavour, Furnished, Setup, Shape, server_addr};
use watchkeeper_sim::time::Time;

const GROUP: &str = "mymaster";

/// A world that has just begun, and one property that saw it begin.
struct Stage<P> {
    it: Furnished,
    property: P,
    now: Time,
}

impl<P: Property> Stage<P> {
    fn new(property: P) -> Stage<P> {
        Stage::of(property, &Setup::default())
    }

    fn of(property: P, setup: &Setup) -> Stage<P> {
        let mut stage = Stage { it: setup.furnish(), property, now: Time(0) };
        for (at, fact) in stage.it.world.take_facts() {
            stage.property.fact(&stage.it.world, at, &fact).expect("nothing has happened yet");
        }
        stage
    }

    fn see(&mut self, fact: &Fact) -> Result<(), String> {
        self.now = self.now + 1_000;
        self.property.fact(&self.it.world, self.now, fact)
    }

    /// A fact that is allowed.
    fn fine(&mut self, fact: Fact) {
        self.see(&fact).unwrap_or_else(|error| panic!("{fact:?} is no violation: {error}"));
    }

    /// A fact that is not, with a part of what must be said.
    fn wrong(&mut self, fact: Fact, says: &str) {
        let error = self.see(&fact).expect_err("a violation was not seen");
        assert!(error.contains(says), "`{error}` does not say `{says}`");
    }

    fn sentinel(&self, n: usize) -> ProcId {
        self.it.sentinels[n]
    }

    fn id(&self, n: usize) -> String {
        let Body::Sentinel(sentinel) = self.it.world.body(self.sentinel(n)) else { panic!("no sentinel") };
        sentinel.core().expect("it was started").id().0.clone()
    }

    /// What a sentinel knows, with a failover of this epoch and two fit replicas.
    fn view(&self, n: usize, epoch: u64) -> GroupView {
        let Body::Sentinel(sentinel) = self.it.world.body(self.sentinel(n)) else { panic!("no sentinel") };
        let mut view = sentinel
            .core()
            .expect("it was started")
            .group_view(&GroupName(GROUP.to_owned()))
            .expect("it watches the group");
        view.master.sdown = true;
        view.replicas = vec![replica(1), replica(2)];
        view.failover = Some(FailoverView {
            phase: "send_slaveof_noone",
            epoch,
            forced: false,
            promoted: Some(place(1)),
            started_at: watchkeeper_core::Mono(0),
        });
        view
    }

    fn event(&self, n: usize, kind: EventKind, payload: &str) -> Fact {
        let spec = kind.spec();
        let group = (!matches!(kind, EventKind::Tilt | EventKind::TiltEnd)).then(|| GROUP.to_owned());
        let event = Event {
            kind,
            level: spec.level,
            name: spec.name,
            group: group.map(GroupName),
            payload: payload.to_owned(),
        };
        Fact::Event { who: self.sentinel(n), event }
    }

    fn vote(&self, n: usize, leader: &str, epoch: u64) -> Fact {
        Fact::VoteTold { who: self.sentinel(n), master: server_addr(0, 0), leader: leader.to_owned(), epoch }
    }

    fn ask(&self, n: usize, epoch: u64) -> Fact {
        Fact::AskSent {
            who: self.sentinel(n),
            to: SocketAddr::from(([10, 1, 0, 9], 26_379)),
            master: server_addr(0, 0),
            epoch,
            candidate: self.id(n),
        }
    }

    fn hello(&self, n: usize, current_epoch: u64, master: SocketAddr, config_epoch: u64) -> Fact {
        Fact::HelloSent {
            who: self.sentinel(n),
            to: server_addr(0, 1),
            current_epoch,
            group: GROUP.to_owned(),
            master,
            config_epoch,
        }
    }

    fn chosen(&self, n: usize, server: usize, view: GroupView) -> Fact {
        Fact::Chosen { who: self.sentinel(n), server: server_addr(0, server), group: Some(Box::new(view)) }
    }

    fn order(&self, n: usize, server: usize, follow: Option<usize>) -> Fact {
        let follow = follow.map(|master| server_addr(0, master));
        Fact::OrderSent { who: self.sentinel(n), server: server_addr(0, server), follow }
    }

    fn write_begins(&self, n: usize, config_epoch: u64) -> Fact {
        let who = self.sentinel(n);
        let mut config =
            config_text::read(self.it.world.file(who).expect("it has a file")).expect("it loads");
        config.groups[0].config_epoch = config_epoch;
        Fact::WriteBegun { who, version: Version(1), config: Box::new(config) }
    }

    fn write_ends(&self, n: usize, ok: bool) -> Fact {
        Fact::WriteEnded { who: self.sentinel(n), version: Version(1), ok }
    }

    fn reboots(&mut self, n: usize) {
        let who = self.sentinel(n);
        self.fine(Fact::Died { who });
        self.fine(Fact::Booted { who });
    }
}

fn place(n: usize) -> Place {
    let at = server_addr(0, n);
    Place { host: at.ip().to_string(), port: at.port(), at: Some(at) }
}

fn replica(n: usize) -> ReplicaView {
    ReplicaView {
        depth: 0,
        place: place(n),
        sdown: false,
        connected: true,
        linked_ms: Some(60_000),
        role: RoleView::Replica,
        priority: 100,
        offset: 1_000,
        run_id: Some(format!("{n:040x}")),
        link_down_ms: 0,
        follows: None,
        link_up: true,
        link_never_up: false,
        loading: false,
        syncing: false,
        keys: Some(10),
        info_age_ms: Some(100),
        reconf: ReconfView::None,
        former_master: false,
        seen_as_replica: false,
        self_made: false,
        refusal: None,
    }
}

#[test]
fn one_vote() {
    let mut stage = Stage::new(property::OneVote::default());
    let (one, two) = (stage.id(0), stage.id(1));
    stage.fine(stage.vote(2, &one, 1));
    stage.fine(stage.vote(2, &one, 1));
    stage.fine(stage.vote(2, &two, 2));
    stage.fine(stage.ask(0, 1));
    stage.wrong(stage.vote(0, &two, 1), "voted twice on `mymaster` in epoch 1");
    stage.reboots(2);
    stage.wrong(stage.vote(2, &one, 2), "`sent-3` voted twice");
}

#[test]
fn epochs_of_hellos() {
    let mut stage = Stage::new(property::Epochs::default());
    stage.fine(stage.hello(0, 1, server_addr(0, 0), 1));
    stage.fine(stage.hello(0, 3, server_addr(0, 0), 2));
    stage.wrong(stage.hello(0, 2, server_addr(0, 0), 2), "told of current epoch 2, after 3");
    stage.wrong(stage.hello(0, 3, server_addr(0, 0), 1), "told of config epoch 1 of `mymaster`, after 2");
    // Not yet written: forgotten by a crash. The configuration was on disk before its hello.
    stage.reboots(0);
    stage.fine(stage.hello(0, 2, server_addr(0, 0), 2));
    stage.reboots(0);
    stage.wrong(stage.hello(0, 2, server_addr(0, 0), 1), "config epoch 1");
    // Written: kept.
    stage.fine(stage.write_begins(0, 2));
    stage.fine(stage.write_ends(0, true));
    stage.reboots(0);
    stage.wrong(stage.hello(0, 1, server_addr(0, 0), 2), "current epoch 1, after 2");
    // A configuration whose write failed may be forgotten.
    stage.fine(stage.write_begins(0, 3));
    stage.fine(stage.write_ends(0, false));
    stage.fine(stage.hello(0, 5, server_addr(0, 0), 5));
    stage.reboots(0);
    stage.fine(stage.hello(0, 2, server_addr(0, 0), 2));
}

#[test]
fn epochs_of_votes() {
    let mut stage = Stage::new(property::Epochs::default());
    let one = stage.id(0);
    stage.fine(stage.vote(1, &one, 4));
    stage.fine(stage.ask(0, 4));
    stage.reboots(0);
    stage.reboots(1);
    stage.wrong(stage.vote(1, &one, 3), "told of a vote on `mymaster` of epoch 3, after one of 4");
    stage.wrong(stage.ask(0, 3), "is a candidate on `mymaster` in epoch 3, after one in 4");
}

/// Makes sentinel 0 a candidate in this epoch.
fn tries<P: Property>(stage: &mut Stage<P>, epoch: u64) {
    stage.fine(stage.event(0, EventKind::NewEpoch, &epoch.to_string()));
    stage.fine(stage.event(0, EventKind::TryFailover, "master mymaster 10.0.0.1 6379"));
    let vote = format!("{} {epoch}", stage.id(0));
    stage.fine(stage.event(0, EventKind::VoteForLeader, &vote));
}

/// A stage whose sentinels have heard of each other.
fn acquainted<P: Property>(property: P, quorum: u32) -> Stage<P> {
    let mut stage = Stage::of(property, &Setup { quorum, ..Setup::default() });
    stage.it.world.run(Time::secs(10));
    stage
}

#[test]
fn leader() {
    let mut stage = acquainted(property::Leader::default(), 2);
    let one = stage.id(0);
    let knows = stage.view(0, 1).peers.len();
    tries(&mut stage, 1);
    let mut view = stage.view(0, 1);
    let (peer, two) = (view.peers.first().cloned(), stage.id(1));
    assert_eq!(knows, view.peers.len());
    if let Some(peer) = peer {
        view.peers = vec![peer.clone(), peer];
    } else {
        view.quorum = 2; // nobody to have heard of: the quorum asks for the second vote
    }
    stage.fine(stage.vote(1, &two, 1));
    stage.fine(stage.vote(2, &one, 0));
    stage.wrong(stage.chosen(0, 1, view.clone()), "leads `mymaster` in epoch 1 with 1 votes");
    stage.fine(stage.vote(2, &one, 1));
    stage.fine(stage.chosen(0, 1, view.clone()));
    view.quorum = 3;
    stage.wrong(stage.chosen(0, 1, view), "with quorum 3, it needs 3");
}

#[test]
fn leader_says_so() {
    let mut stage = acquainted(property::Leader::default(), 3);
    let elected = stage.event(0, EventKind::ElectedLeader, "master mymaster 10.0.0.1 6379");
    stage.wrong(elected.clone(), "without an attempt");
    tries(&mut stage, 1);
    stage.wrong(elected.clone(), "with 1 votes");
    let one = stage.id(0);
    stage.fine(stage.vote(1, &one, 1));
    stage.wrong(elected.clone(), "with 2 votes");
    stage.fine(stage.vote(2, &one, 1));
    stage.fine(elected);
}

#[test]
fn one_promotion() {
    let mut stage = Stage::new(property::OnePromotion::default());
    stage.fine(stage.chosen(0, 1, stage.view(0, 1)));
    stage.fine(stage.chosen(0, 1, stage.view(0, 1)));
    stage.fine(stage.chosen(1, 2, stage.view(1, 2)));
    stage.wrong(stage.chosen(0, 2, stage.view(0, 1)), "two promotions in epoch 1 of `mymaster`");
    stage.wrong(stage.chosen(1, 1, stage.view(1, 1)), "10.0.0.2:6379 by `sent-1`");
    let mut without = stage.view(0, 1);
    without.failover = None;
    stage.wrong(stage.chosen(0, 1, without), "without a failover");
}

#[test]
fn one_master_of_a_configuration() {
    let mut stage = Stage::new(property::OnePromotion::default());
    stage.fine(stage.hello(0, 0, server_addr(0, 0), 0));
    stage.fine(stage.hello(1, 0, server_addr(0, 1), 0));
    stage.fine(stage.hello(0, 1, server_addr(0, 1), 1));
    stage.fine(stage.hello(1, 1, server_addr(0, 1), 1));
    stage.wrong(stage.hello(2, 1, server_addr(0, 2), 1), "for which 10.0.0.2:6379 was named before");
}

#[test]
fn odown_first() {
    let mut stage = Stage::new(property::OdownFirst::default());
    let odown = stage.event(0, EventKind::ObjectivelyDown, "master mymaster 10.0.0.1 6379 #quorum 2/2");
    let tries = stage.event(0, EventKind::TryFailover, "master mymaster 10.0.0.1 6379");
    stage.fine(stage.event(0, EventKind::NewEpoch, "1"));
    stage.wrong(tries.clone(), "starts a failover of `mymaster` in epoch 1 without `+odown`");
    stage.wrong(odown.clone(), "1 sentinels hold it for down, the quorum is 2");
    stage.fine(Fact::DownTold { who: stage.sentinel(0), master: server_addr(0, 0) });
    stage.fine(Fact::DownTold { who: stage.sentinel(1), master: server_addr(0, 1) });
    stage.wrong(odown.clone(), "1 sentinels");
    stage.fine(Fact::DownTold { who: stage.sentinel(1), master: server_addr(0, 0) });
    stage.fine(odown.clone());
    stage.fine(tries.clone());
    stage.fine(stage.event(0, EventKind::ObjectivelyUp, "master mymaster 10.0.0.1 6379"));
    stage.wrong(tries.clone(), "without `+odown`");
    stage.fine(odown.clone());
    stage.reboots(0);
    stage.wrong(tries, "without `+odown`");
    stage.now = stage.now + 121_000_000;
    stage.wrong(odown, "1 sentinels");
}

#[test]
fn tilt() {
    let mut stage = Stage::new(property::Tilt::default());
    let tries = stage.event(0, EventKind::TryFailover, "master mymaster 10.0.0.1 6379");
    let enters = stage.event(0, EventKind::Tilt, "#tilt mode entered");
    let leaves = stage.event(0, EventKind::TiltEnd, "#tilt mode exited");
    stage.fine(stage.order(0, 1, None));
    stage.fine(enters.clone());
    stage.wrong(stage.order(0, 1, None), "`sent-1` is in TILT and makes 10.0.0.2:6379 a master");
    stage.wrong(stage.order(0, 1, Some(2)), "tells 10.0.0.2:6379 to follow 10.0.0.3:6379");
    stage.wrong(stage.ask(0, 1), "asks");
    stage.fine(stage.ask(1, 1));
    // Told late, decided before.
    stage.fine(stage.event(0, EventKind::NewEpoch, "0"));
    stage.fine(tries.clone());
    stage.fine(stage.event(0, EventKind::NewEpoch, "1"));
    stage.wrong(tries.clone(), "starts a failover of `mymaster` in epoch 1");
    stage.fine(leaves);
    stage.fine(tries);
    stage.fine(enters);
    stage.reboots(0);
    stage.fine(stage.order(0, 1, None));
}

#[test]
fn on_disk() {
    let mut stage = Stage::new(property::OnDisk::default());
    let one = stage.id(0);
    stage.fine(stage.hello(0, 7, server_addr(0, 0), 0));
    stage.wrong(stage.hello(0, 7, server_addr(0, 0), 1), "tells of config epoch 1 of `mymaster`");
    stage.wrong(stage.vote(1, &one, 1), "told of its vote on `mymaster` in epoch 1");
    stage.wrong(stage.ask(0, 1), "asked for a vote");
    stage.wrong(stage.chosen(0, 1, stage.view(0, 1)), "promotes a replica");
    let voted = stage.event(0, EventKind::VoteForLeader, &format!("{one} 1"));
    stage.wrong(voted, "says that it voted");
    // A hello goes out when its write has failed, not before; a vote does not.
    stage.fine(stage.write_begins(0, 1));
    stage.wrong(stage.hello(0, 7, server_addr(0, 0), 1), "config epoch 1");
    stage.fine(stage.write_ends(0, false));
    stage.fine(stage.hello(0, 7, server_addr(0, 0), 1));
    stage.wrong(stage.hello(0, 7, server_addr(0, 0), 2), "config epoch 2");
    stage.wrong(stage.vote(0, &one, 1), "told of its vote");
}

#[test]
fn selection() {
    let mut stage = Stage::new(property::Selection::default());
    let with = |stage: &Stage<property::Selection>, change: &dyn Fn(&mut GroupView)| {
        let mut view = stage.view(0, 1);
        change(&mut view);
        stage.chosen(0, 1, view)
    };
    stage.fine(with(&stage, &|_| {}));
    stage.fine(with(&stage, &|view| view.replicas[0].priority = 10));
    stage.wrong(with(&stage, &|view| view.replicas[0].sdown = true), "although it is down");
    stage.wrong(with(&stage, &|view| view.replicas[0].connected = false), "it is not connected");
    stage.wrong(with(&stage, &|view| view.replicas[0].priority = 0), "its priority is 0");
    stage.wrong(with(&stage, &|view| view.replicas[0].info_age_ms = None), "has not answered INFO");
    stage.wrong(with(&stage, &|view| view.replicas[0].info_age_ms = Some(5_001)), "5001 ms old");
    let unforced = |view: &mut GroupView| {
        view.master.sdown = false;
        view.replicas[0].info_age_ms = Some(5_001);
    };
    stage.fine(with(&stage, &unforced));
    stage.wrong(with(&stage, &|view| view.replicas[0].link_down_ms = 20_001), "lost its master 20001 ms ago");
    stage.wrong(with(&stage, &|view| view.replicas[1].priority = 99), "although 10.0.0.3:6379 (priority 99");
    stage.wrong(with(&stage, &|view| view.replicas[1].offset = 1_001), "offset 1001");
    stage.wrong(with(&stage, &|view| view.replicas[0].run_id = Some("f".repeat(40))), "is better");
    stage.wrong(with(&stage, &|view| view.replicas.clear()), "a replica of none of its groups");
    let silent = |view: &mut GroupView| {
        view.replicas[1].offset = 1_001;
        view.replicas[1].refusal = Some("last answered 6000 ms ago, limit 5000 ms".to_owned());
    };
    stage.fine(with(&stage, &silent));
    let promoted_already = |view: &mut GroupView| {
        view.replicas[1].offset = 1_001;
        view.replicas[0].role = RoleView::Master;
    };
    stage.wrong(with(&stage, &promoted_already), "is better");
    let who = stage.it.servers[0][1];
    stage.fine(Fact::Follows { who, master: None });
    stage.fine(with(&stage, &promoted_already));
    stage.fine(Fact::Booted { who });
    stage.fine(Fact::Follows { who, master: None });
    stage.wrong(with(&stage, &promoted_already), "is better");
}

#[test]
fn priority_zero() {
    let setup = Setup { priorities: vec![100, 0, 100], ..Setup::default() };
    let mut stage = Stage::of(property::PriorityZero::default(), &setup);
    stage.fine(stage.order(0, 2, None));
    stage.fine(stage.order(0, 1, Some(2)));
    stage.wrong(stage.order(0, 1, None), "promotes 10.0.0.2:6379, whose priority is 0");
    // That it is no master any more may not be known yet, but soon is.
    let who = stage.it.world.at(server_addr(0, 1)).expect("it is there");
    stage.fine(Fact::Follows { who, master: None });
    stage.fine(Fact::Follows { who, master: Some(server_addr(0, 2)) });
    stage.fine(stage.order(0, 1, None));
    stage.now = stage.now + 6_000_000;
    stage.wrong(stage.order(0, 1, None), "promotes 10.0.0.2:6379, whose priority is 0");
}

#[test]
fn lost_writes() {
    let acked = |stage: &Stage<_>, value| Fact::Acked {
        writer: stage.it.writers[0],
        server: server_addr(0, 0),
        value,
    };
    let mut stage = Stage::new(property::LostWrites::default());
    stage.fine(acked(&stage, 7));
    let error = stage.property.settled(&stage.it.world).expect_err("a lost write was not seen");
    assert!(error.contains("no promotion or restart explains it"), "{error}");
    // A server that does not hold it is promoted: it was not replicated.
    let who = stage.it.world.at(server_addr(0, 1)).expect("it is there");
    stage.fine(Fact::Follows { who, master: None });
    stage.property.settled(&stage.it.world).expect("explained");
    assert_eq!(stage.property.lost().map(|lost| (lost.unreplicated, lost.total())), Some((1, 1)));
}

#[test]
fn parallel_syncs_as_said() {
    let mut stage = Stage::new(property::ParallelSyncs::default());
    let event = |stage: &Stage<_>, kind, n: usize| {
        let at = server_addr(0, n);
        let payload = format!("slave {at} {} {} @ mymaster 10.0.0.1 6379", at.ip(), at.port());
        stage.event(0, kind, &payload)
    };
    let done = EventKind::SlaveReconfDone;
    stage.fine(event(&stage, EventKind::SlaveReconfSent, 1));
    stage.fine(event(&stage, done, 1));
    stage.fine(event(&stage, EventKind::SlaveReconfSent, 2));
    stage.wrong(event(&stage, EventKind::SlaveReconfSent, 1), "2 replicas of `mymaster` are under way");
    stage.fine(stage.event(0, EventKind::SwitchMaster, "mymaster 10.0.0.1 6379 10.0.0.2 6379"));
    stage.fine(event(&stage, EventKind::SlaveReconfSent, 1));
}

#[test]
fn parallel_syncs_of_repairs() {
    let staged = |topology| {
        let setup = Setup { topology, servers: 5, parallel_syncs: 2, ..Setup::default() };
        let mut stage = Stage::of(property::ParallelSyncs::default(), &setup);
        stage.it.world.run(Time::secs(12));
        stage.now = Time::secs(12);
        stage
    };
    let mut stage = staged(Topology::Keep);
    stage.fine(stage.order(0, 4, Some(1)));
    stage.fine(stage.order(0, 3, Some(1)));
    stage.fine(stage.order(0, 4, Some(3)));
    stage.wrong(
        stage.order(0, 2, Some(1)),
        "moves 10.0.0.3:6379 of `mymaster` to 10.0.0.2:6379 while [10.0.0.4:6379, 10",
    );
    // Others do what they do; who follows its new parent already is there; who was told long ago counts no more.
    stage.fine(stage.order(1, 2, Some(1)));
    let mut stage = staged(Topology::Keep);
    stage.fine(stage.order(0, 4, Some(0)));
    stage.fine(stage.order(0, 3, Some(1)));
    stage.fine(stage.order(0, 2, Some(1)));
    stage.now = Time::secs(80);
    stage.fine(stage.order(0, 4, Some(1)));
    stage.fine(stage.order(0, 3, Some(1)));
    // A process that has just begun has moved nobody.
    stage.fine(Fact::Booted { who: stage.sentinel(0) });
    stage.fine(stage.order(0, 2, Some(1)));
    // Who is dead copies nothing.
    let mut stage = staged(Topology::Keep);
    let dead = stage.it.servers[0][4];
    stage.fine(stage.order(0, 4, Some(1)));
    stage.it.world.kill(dead);
    stage.fine(stage.order(0, 3, Some(1)));
    stage.fine(stage.order(0, 2, Some(1)));
    // A star does as upstream does.
    let mut stage = staged(Topology::Star);
    for replica in [4, 3, 2] {
        stage.fine(stage.order(0, replica, Some(1)));
    }
}

#[test]
fn topology_of_orders() {
    let setup = Setup { shape: Shape::Chain, ..Setup::default() };
    let mut stage = Stage::of(property::Topology::default(), &setup);
    let who = stage.sentinel(0);
    let order = |n: usize, to: usize| Fact::OrderSent {
        who,
        server: server_addr(0, n),
        follow: Some(server_addr(0, to)),
    };
    stage.fine(order(2, 0));
    stage.fine(order(1, 2));
    stage.now = Time::secs(60);
    stage.fine(order(1, 0));
    stage.fine(order(1, 2));
    stage.wrong(order(2, 0), "10.0.0.2:6379 to follow 10.0.0.3:6379, which gets its data from it");
    stage.fine(order(0, 2));
    stage.wrong(order(2, 0), "10.0.0.1:6379 to follow 10.0.0.3:6379, which gets its data from it");
}

#[test]
fn topology_of_a_settled_chain() {
    // The servers stand in a star, and nothing has run that could change it.
    let settled = |topology: Topology| {
        let mut it = Setup { topology, ..Setup::default() }.furnish();
        it.world.run(Time::secs(12));
        property::Topology::default().settled(&it.world)
    };
    assert_eq!(settled(Topology::Star), Ok(()));
    assert_eq!(settled(Topology::Keep), Ok(()));
    let error = settled(Topology::Chain).expect_err("redis-3 still follows redis-1");
    assert!(error.contains("10.0.0.3:6379 follows Some(10.0.0.1:6379), not 10.0.0.2:6379"), "{error}");
}

#[test]
fn topology_of_a_settled_tree() {
    let setup = Setup { topology: Topology::Keep, shape: Shape::Tree, servers: 5, ..Setup::default() };
    let mut it = setup.furnish();
    it.world.run(Time::secs(40));
    let settled = |it: &Furnished| property::Topology::default().settled(&it.world);
    assert_eq!(settled(&it), Ok(()));
    // Who is at home is not moved, and who is in the way is.
    let (who, at) = (it.sentinels[0], Time::secs(40));
    let order =
        |from, to| Fact::OrderSent { who, server: server_addr(0, from), follow: Some(server_addr(0, to)) };
    let mut property = property::Topology::default();
    property.fact(&it.world, at, &order(3, 1)).expect("it is there already");
    property.fact(&it.world, at, &order(3, 2)).expect("not judged before the instant is over");
    let error =
        property.fact(&it.world, at + 1_000, &order(3, 1)).expect_err("a needless order was not seen");
    assert!(error.contains("10.0.0.4:6379 to follow 10.0.0.3:6379, although it is at home"), "{error}");
    // The middle is dead, and nobody has noticed yet: who hung on it is not where it should be.
    it.world.kill(it.servers[0][1]);
    let error = settled(&it).expect_err("two replicas have no parent");
    assert!(error.contains("10.0.0.4:6379 follows Some(10.0.0.2:6379), not 10.0.0.1:6379"), "{error}");
    it.world.run(Time::secs(60));
    assert_eq!(settled(&it), Ok(()));
    // It is back, and they are still away.
    it.world.start(it.servers[0][1]);
    let error = settled(&it).expect_err("two replicas are not at home");
    assert!(error.contains("10.0.0.4:6379 follows Some(10.0.0.1:6379), not 10.0.0.2:6379"), "{error}");
    it.world.run(Time::secs(100));
    assert_eq!(settled(&it), Ok(()));
}

/// A state in which redis-3 belongs to this server.
fn at_home(stage: &Stage<property::Homes>, n: usize, home: usize) -> Fact {
    let mut fact = stage.write_begins(n, 0);
    let Fact::WriteBegun { config, .. } = &mut fact else { panic!("not what was asked for") };
    let place = |n| (server_addr(0, n).ip().to_string(), server_addr(0, n).port());
    let group = &mut config.groups[0];
    group.replicas = vec![place(1), place(2)];
    group.homes = if home == 0 {
        Vec::new()
    } else {
        vec![ReplicaHome { replica: place(2), home: place(home), away: true }]
    };
    fact
}

#[test]
fn homes() {
    let setup = Setup { topology: Topology::Keep, shape: Shape::Chain, ..Setup::default() };
    let mut stage = Stage::of(property::Homes::default(), &setup);
    stage.it.world.run(Time::secs(40));
    stage.now = Time::secs(40);
    for n in 0..3 {
        stage.fine(at_home(&stage, n, 1));
    }
    // To whom nobody sent it, it may belong: a user did.
    stage.fine(at_home(&stage, 2, 0));
    stage.fine(at_home(&stage, 2, 1));
    let middle = stage.it.servers[0][1];
    stage.it.world.kill(middle);
    stage.it.world.run(Time::secs(60));
    stage.now = Time::secs(60);
    stage.fine(stage.order(0, 2, Some(0)));
    stage.wrong(at_home(&stage, 0, 0), "`sent-1`, 10.0.0.3:6379 belongs to 10.0.0.1:6379 now");
    stage.wrong(at_home(&stage, 1, 0), "because its home 10.0.0.2:6379 was out of reach");
    // Who has heard from the home since takes it for a user's wish.
    stage.it.world.start(middle);
    stage.it.world.run(Time::secs(75));
    stage.now = Time::secs(75);
    stage.fine(at_home(&stage, 2, 0));
}

#[test]
fn gives_way() {
    let setup = Setup { topology: Topology::Chain, ..quarrelling() };
    let mut stage = Stage::of(property::GivesWay::default(), &setup);
    let who = stage.it.servers[0][2];
    let round = |stage: &mut Stage<property::GivesWay>| {
        stage.fine(Fact::Follows { who, master: Some(server_addr(0, 1)) });
        stage.fine(stage.order(2, 2, Some(0)));
        stage.fine(Fact::Follows { who, master: Some(server_addr(0, 0)) });
    };
    for _ in 0..3 {
        stage.fine(stage.order(0, 2, Some(1)));
        stage.fine(stage.order(0, 2, Some(1))); // it did not obey
        round(&mut stage);
    }
    stage.wrong(
        stage.order(0, 2, Some(1)),
        "`sent-1` puts 10.0.0.3:6379 back to 10.0.0.2:6379 for the 3. time",
    );
    stage.fine(stage.order(1, 2, Some(1)));
    stage.fine(Fact::Died { who });
    stage.fine(stage.order(0, 2, Some(1)));
}

/// Two sentinels of ours and one that knows only a star.
fn quarrelling() -> Setup {
    Setup { sentinels: vec![Flavour::Ours, Flavour::Ours, Flavour::Upstream], ..Setup::default() }
}

#[test]
fn reloads() {
    let mut stage = Stage::new(property::Reloads::default());
    stage.fine(stage.write_begins(0, 0));
    stage.fine(stage.write_ends(0, true));
    stage.fine(stage.write_begins(0, 1));
    stage.fine(stage.write_ends(0, false));
    stage.fine(stage.write_begins(0, 1));
    stage.wrong(stage.write_ends(0, true), "the file of `sent-1` is not what was written: groups");
}

/// A world with all properties, which may not be violated.
struct Watched {
    it: Furnished,
    properties: Vec<Box<dyn Property>>,
    next_look: Time,
}

impl Watched {
    fn new(setup: &Setup) -> Watched {
        Watched { it: setup.furnish(), properties: property::all(), next_look: Time::secs(1) }
    }

    fn facts(&mut self) {
        while self.it.world.has_facts() {
            for (at, fact) in self.it.world.take_facts() {
                for property in &mut self.properties {
                    let told = property.fact(&self.it.world, at, &fact);
                    told.unwrap_or_else(|error| {
                        Watched::violated(&self.it, &format!("{at} {}: {error}", property.name()))
                    });
                }
            }
        }
    }

    fn violated(it: &Furnished, what: &str) -> ! {
        let lines: Vec<&str> = it.world.trace().lines().collect();
        let last = &lines[lines.len().saturating_sub(60)..];
        panic!("{}\n{what}", last.join("\n"));
    }

    fn run(&mut self, until: Time) {
        loop {
            let more = self.it.world.step(until.min(self.next_look));
            self.facts();
            if self.it.world.now() >= self.next_look {
                for property in &mut self.properties {
                    let seen = property.look(&self.it.world);
                    let now = self.it.world.now();
                    seen.unwrap_or_else(|error| {
                        Watched::violated(&self.it, &format!("{now} {}: {error}", property.name()))
                    });
                }
                self.next_look = self.next_look + 1_000_000;
            }
            if !more && self.it.world.now() >= until {
                return;
            }
        }
    }

    /// Lets it settle, and gives what was lost.
    fn settle(mut self, until: Time) -> Lost {
        self.run(until);
        let mut lost = None;
        for property in &mut self.properties {
            let settled = property.settled(&self.it.world);
            settled.unwrap_or_else(|error| {
                Watched::violated(&self.it, &format!("settled: {}: {error}", property.name()))
            });
            lost = lost.or(property.lost());
        }
        lost.expect("a property counts what was lost")
    }
}

#[test]
fn undisturbed_worlds_violate_nothing() {
    for seed in 1..=5 {
        let setup = Setup { seed, traced: true, ..Setup::default() };
        let lost = Watched::new(&setup).settle(Time::secs(120));
        assert_eq!(lost.total(), 0, "{lost}");
        assert!(lost.acked > 1_000, "{lost}");
    }
    let setup = Setup { groups: 3, drift_ppm: 500, traced: true, ..Setup::default() };
    Watched::new(&setup).settle(Time::secs(120));
    let setup = Setup { shape: Shape::Chain, servers: 4, traced: true, ..Setup::default() };
    Watched::new(&setup).settle(Time::secs(120));
}

#[test]
fn a_master_that_dies_and_returns_violates_nothing() {
    for seed in 1..=20 {
        let mut watched = Watched::new(&Setup { seed, servers: 4, traced: true, ..Setup::default() });
        watched.run(Time::secs(30));
        let master = watched.it.servers[0][0];
        watched.it.world.kill(master);
        watched.run(Time::secs(60));
        watched.it.world.start(master);
        let lost = watched.settle(Time::secs(120));
        assert!(lost.stale == 0 && lost.emptied == 0 && lost.unreplicated <= 1, "seed {seed}: {lost}");
    }
}

#[test]
fn a_master_that_is_cut_off_loses_what_it_acknowledged_alone() {
    let mut all = Lost::default();
    for seed in 1..=20 {
        let setup = Setup { seed, traced: true, writers: 5, ..Setup::default() };
        let mut watched = Watched::new(&setup);
        watched.run(Time::secs(30));
        let hosts = watched.it.world.hosts();
        let master = server_addr(0, 0).ip();
        let writers: Vec<_> = watched.it.writers.iter().map(|who| watched.it.world.addr(*who).ip()).collect();
        for host in hosts.iter().filter(|host| **host != master && !writers.contains(host)) {
            watched.it.world.cut_both(master, *host);
        }
        watched.run(Time::secs(60));
        for host in &hosts {
            watched.it.world.mend_both(master, *host);
        }
        let lost = watched.settle(Time::secs(180));
        assert!(lost.total() > 0, "seed {seed}: writers reached the old master: {lost}");
        all.add(lost);
    }
    println!("{all}");
    assert!(all.stale > 0 && all.emptied == 0);
}

#[test]
fn a_master_that_returns_empty_is_explained() {
    for seed in 1..=10 {
        let setup = Setup { seed, traced: true, ..Setup::default() };
        let mut watched = Watched::new(&setup);
        watched.run(Time::secs(30));
        let master = watched.it.servers[0][0];
        watched.it.world.kill(master);
        let Body::Server(body) = watched.it.world.body_mut(master) else { panic!("no server") };
        body.make_empty();
        watched.it.world.start(master);
        let lost = watched.settle(Time::secs(90));
        assert!(lost.emptied > 100 && lost.unreplicated == 0, "seed {seed}: {lost}");
    }
}

//! The picture of a sentinel that properties and displays read.

mod world;

use watchkeeper_core::id::GroupName;
use watchkeeper_core::view::{GroupView, Place, ReconfView, RoleView};
use world::{ME, Setup, State, World, group, master, peer, replica};

fn only(w: &World) -> GroupView {
    let mut view = w.sentinel.view();
    assert_eq!(view.groups.len(), 1);
    view.groups.remove(0)
}

fn at(place: &Place) -> std::net::SocketAddr {
    place.at.expect("every address of this world is literal")
}

#[test]
fn a_healthy_group() {
    let setup = Setup::default();
    let mut w = World::new(&setup);
    w.server(replica(0, 2)).priority = 0;
    w.start();
    w.run(12_000);
    let view = w.sentinel.view();
    assert_eq!((view.id.0.as_str(), view.current_epoch, view.tilt_since), (ME, 0, None));
    let g = only(&w);
    assert_eq!(Some(g.clone()), w.sentinel.group_view(&GroupName(group(0))));
    assert_eq!(w.sentinel.group_view(&GroupName("nobody".into())), None);
    assert_eq!((g.name.0.as_str(), at(&g.master.place), at(&g.current)), ("g0", master(0), master(0)));
    assert!(g.master.connected && !g.master.sdown && g.odown_since.is_none() && g.failover.is_none());
    assert_eq!((g.quorum, g.votes_needed, g.parallel_syncs), (2, 2, 1));
    assert_eq!((g.down_after_ms, g.failover_timeout_ms), (setup.down_after, setup.failover_timeout));
    assert_eq!((g.vote.leader, g.vote.epoch, g.config_epoch), (None, 0, 0));
    let replicas: Vec<_> = g.replicas.iter().map(|r| (at(&r.place), r.priority, r.role)).collect();
    let expected = [(replica(0, 1), 100, RoleView::Replica), (replica(0, 2), 0, RoleView::Replica)];
    assert_eq!(replicas, expected);
    assert!(g.replicas.iter().all(|r| r.connected && r.link_up && r.info_age_ms.is_some() && !r.sdown));
    assert_eq!(g.replicas[0].follows, Some(("10.0.0.1".into(), 6379)));
    assert_eq!(g.replicas[0].refusal, None);
    assert_eq!(g.replicas[1].refusal.as_deref(), Some("its replica-priority is 0"));
    assert_eq!(g.peers.len(), 2);
    assert!(g.peers.iter().all(|p| p.up && !p.sdown && !p.master_down && p.vote.is_none()));
    assert_eq!(at(&g.peers[0].place), peer(1));
}

#[test]
fn a_failover_as_it_goes() {
    let mut w = World::new(&Setup::default());
    w.start();
    w.server(replica(0, 1)).offset = 5_000;
    w.peers.values_mut().for_each(|peer| peer.sees_down = true);
    w.crash(master(0));
    w.run_to("+try-failover");
    let g = only(&w);
    let failover = g.failover.expect("it has begun");
    assert_eq!((failover.phase, failover.epoch, failover.forced), ("wait_start", 1, false));
    assert_eq!(failover.promoted, None);
    assert!(g.master.sdown && g.odown_since.is_some());
    assert_eq!(g.vote.leader.map(|id| id.0).as_deref(), Some(ME));
    assert!(!g.vote.on_disk, "the write has only begun");
    w.run_to("+promoted-slave");
    let g = only(&w);
    let failover = g.failover.expect("it goes on");
    assert_eq!(failover.phase, "reconf_slaves");
    assert_eq!(failover.promoted.as_ref().map(at), Some(replica(0, 1)));
    assert_eq!((at(&g.current), at(&g.master.place)), (replica(0, 1), master(0)));
    assert_eq!((g.config_epoch, g.vote.on_disk), (1, true));
    assert_eq!(g.replicas[1].reconf, ReconfView::Sent);
    assert!(g.peers.iter().any(|p| p.master_down && p.vote_epoch == 1));
    w.run_to("+switch-master");
    let g = only(&w);
    assert_eq!((at(&g.master.place), g.failover), (replica(0, 1), None));
    let old = g.replicas.iter().find(|r| at(&r.place) == master(0)).expect("the old master is a replica now");
    assert!(old.former_master);
}

#[test]
fn every_queue_has_a_limit_and_is_counted() {
    let mut w = World::new(&Setup { groups: 3, ..Setup::default() });
    w.start();
    w.server(replica(1, 1)).state = State::Stopped;
    w.run(5_000);
    let view = w.sentinel.view();
    let gauge = |name: &str| {
        let found = view.gauges.iter().find(|gauge| gauge.name == name);
        found.map(|gauge| (gauge.size, gauge.limit)).expect(name)
    };
    assert_eq!(gauge("groups"), (3, 100_000));
    assert_eq!(gauge("wakes"), (3, 3));
    assert_eq!(gauge("links"), (20, 20), "two for each of nine servers, one for each of two peers");
    assert!(gauge("unanswered commands of a server").0 > 2, "one hangs");
    assert_eq!(gauge("held events").0, 0);
    assert!(view.gauges.iter().all(|gauge| gauge.size <= gauge.limit), "{:?}", view.gauges);
}

#[test]
fn a_server_that_hangs_through_many_failovers_is_not_told_without_end() {
    let mut w = World::new(&Setup { down_after: 7_200_000, ..Setup::default() });
    w.start();
    w.set_state(master(0), State::Stopped);
    let hung = |w: &World| {
        let gauges = w.sentinel.view().gauges;
        let found = gauges.iter().find(|gauge| gauge.name == "unanswered commands of a server");
        found.map_or(0, |gauge| gauge.size)
    };
    w.run(60_000);
    assert_eq!(hung(&w), 100, "asked regularly until it is too much");
    for failovers in 1..=8 {
        w.ask("SENTINEL FAILOVER g0");
        w.run_to("+switch-master");
        w.run(30_000);
        // Each failover tells it whom to follow, until that is too much as well; `World::step` checks the limit.
        assert_eq!(hung(&w), 100 + 7 * failovers.min(4));
    }
}

//! The tree of replication: found through each replica, kept in shape, mended, and never made a circle.

mod bench;

use bench::fake::{Fake, Mode};
use bench::{Bench, MASTER, R2, R3, Setup, addr, texts};
use watchkeeper_core::config::{ReplicaHome, Topology};

const R4: &str = "10.0.0.4:6379";
const R5: &str = "10.0.0.5:6379";

/// Who follows whom, by the last number of their addresses: `1<2<3` is a line.
fn shape(bench: &Bench) -> String {
    let number = |at: &std::net::SocketAddr| at.ip().to_string().rsplit('.').next().unwrap_or("").to_owned();
    let servers = bench.fakes.iter().filter(|(at, fake)| at.port() == 6379 && fake.mode == Mode::Up);
    let shown = servers.map(|(at, fake)| match fake.of {
        Some(of) => format!("{}<{}", number(&of), number(at)),
        None => number(at),
    });
    shown.collect::<Vec<_>>().join(" ")
}

fn with(topology: Topology, replicas: usize) -> Setup {
    let mut setup = Setup::three(replicas);
    setup.group().topology = topology;
    setup
}

/// Three replicas in a line below the master.
fn line(topology: Topology) -> Setup {
    let mut setup = with(topology, 3);
    setup.fakes.insert(addr(R3), Fake::replica(3, R2));
    setup.fakes.insert(addr(R4), Fake::replica(4, R3));
    setup
}

#[test]
fn a_star_knows_what_its_master_lists_and_leaves_the_rest_alone() {
    let mut bench = line(Topology::Star).settled();
    bench.run(60_000);
    assert_eq!(bench.master_field("num-slaves").as_deref(), Some("1"));
    assert_eq!(shape(&bench), "1 1<2 2<3 3<4");
}

#[test]
fn a_tree_is_found_through_each_replica() {
    for topology in [Topology::Keep, Topology::Chain] {
        let mut bench = line(topology).started();
        bench.run(35_000);
        assert_eq!(bench.master_field("num-slaves").as_deref(), Some("3"));
        assert_eq!(bench.replica_field(R4, "master-host").as_deref(), Some("10.0.0.3"));
        assert_eq!(shape(&bench), "1 1<2 2<3 3<4");
        assert_eq!(bench.count("+fix-slave-config"), 0, "nothing was wrong");
    }
}

#[test]
fn a_star_becomes_a_chain_and_a_star_again_when_told_so() {
    let mut bench = Setup::three(3).settled();
    let set = ["SENTINEL", "SET", "mm", "replication-topology"];
    assert_eq!(texts(&bench.command(&[&set[..], &["chain"]].concat())), ["OK"]);
    bench.run(40_000);
    assert_eq!(shape(&bench), "1 1<2 2<3 3<4");
    assert_eq!(bench.count("+fix-slave-config"), 2, "each was told once");
    assert_eq!(texts(&bench.command(&[&set[..], &["star"]].concat())), ["OK"]);
    bench.run(60_000);
    assert_eq!(shape(&bench), "1 1<2 1<3 1<4");
}

#[test]
fn a_chain_is_mended_although_servers_report_by_turns() {
    // A way of three, each asked once a second at most, and one that has just been told something.
    let mut setup = with(Topology::Chain, 5);
    setup.group().parallel_syncs = 1;
    let mut bench = setup.settled();
    bench.run(120_000);
    assert_eq!(shape(&bench), "1 1<2 2<3 3<4 4<5 5<6");
}

#[test]
fn who_hung_on_a_middle_that_died_goes_up_and_comes_back() {
    for topology in [Topology::Keep, Topology::Chain] {
        let mut bench = line(topology).settled();
        bench.run(20_000);
        bench.crash(R2);
        bench.set(R3, |replica| replica.link_up = false);
        bench.until("+sdown slave 10.0.0.2:6379", 4_000);
        let took = bench.until("+fix-slave-config slave 10.0.0.3:6379", 6_000);
        assert!(took <= 3_500, "{took} ms after the middle was down");
        assert_eq!(shape(&bench), "1 1<3 3<4", "who hangs below is left alone");
        bench.set(R2, |replica| replica.mode = Mode::Up);
        bench.run(30_000);
        assert_eq!(shape(&bench), "1 1<2 2<3 3<4", "{topology:?}");
    }
}

#[test]
fn a_middle_that_is_back_has_its_place_soon_whenever_the_others_were_asked_last() {
    for topology in [Topology::Keep, Topology::Chain] {
        let mut slowest = 0;
        for second in 0..10 {
            let mut bench = line(topology).settled();
            bench.run(20_000);
            bench.crash(R2);
            bench.set(R3, |replica| replica.link_up = false);
            bench.until("+fix-slave-config slave 10.0.0.3:6379", 10_000);
            bench.set(R3, |replica| replica.link_up = true);
            bench.run(15_000 + second * 1_000);
            bench.forget();
            bench.set(R2, |replica| (replica.mode, replica.link_up) = (Mode::Up, false));
            bench.run(1_500);
            bench.set(R2, |replica| replica.link_up = true);
            slowest = slowest.max(bench.until("+fix-slave-config slave 10.0.0.3:6379", 30_000));
        }
        // The other one of these sentinels may come first, and five seconds are left for whoever is at work.
        assert!(slowest <= 9_000, "{topology:?}: {slowest} ms");
    }
}

#[test]
fn a_sub_replica_is_shown_with_its_link_up_soon_after_it_is() {
    let mut bench = line(Topology::Chain).settled();
    bench.run(20_000);
    bench.set(R4, |replica| replica.link_up = false);
    bench.run(10_500);
    assert_eq!(bench.replica_field(R4, "master-link-status").as_deref(), Some("err"));
    bench.set(R4, |replica| replica.link_up = true);
    bench.run(1_500);
    assert_eq!(bench.replica_field(R4, "master-link-status").as_deref(), Some("ok"));
}

#[test]
fn a_promoted_replica_keeps_its_line_and_the_old_master_is_the_last() {
    let mut setup = line(Topology::Chain);
    setup.group().quorum = 1;
    let mut bench = setup.started();
    bench.run(35_000);
    bench.forget();
    bench.crash(MASTER);
    bench.set(R2, |replica| (replica.link_up, replica.offset) = (false, 5_000));
    bench.until("+switch-master mm 10.0.0.1 6379 10.0.0.2 6379", 10_000);
    assert_eq!(shape(&bench), "2 2<3 3<4");
    assert_eq!((bench.orders(R3).len(), bench.orders(R4).len()), (0, 0), "nobody below was told anything");
    bench.set(MASTER, |master| master.mode = Mode::Up);
    bench.run(60_000);
    assert_eq!(shape(&bench), "4<1 2 2<3 3<4");
}

#[test]
fn the_last_of_a_line_is_promoted_when_nobody_above_it_lives() {
    let mut setup = line(Topology::Chain);
    setup.group().quorum = 1;
    let mut bench = setup.started();
    bench.run(35_000);
    for server in [MASTER, R2, R3] {
        bench.crash(server);
    }
    bench.set(R4, |replica| replica.link_up = false);
    bench.until("+switch-master mm 10.0.0.1 6379 10.0.0.4 6379", 10_000);
    for server in [MASTER, R2, R3] {
        bench.set(server, |server| server.mode = Mode::Up);
    }
    bench.run(120_000);
    assert_eq!(shape(&bench), "4<1 1<2 2<3 4");
}

#[test]
fn a_replica_that_another_one_takes_away_is_given_up_and_said_once() {
    let mut bench = with(Topology::Chain, 2).started();
    bench.run(25_000);
    for _ in 0..10 {
        bench.set(R3, |replica| replica.of = Some(addr(MASTER)));
        bench.run(400_000);
    }
    assert_eq!(shape(&bench), "1 1<2 1<3");
    assert_eq!(bench.count("+fix-slave-config"), 3, "the first order and two more");
    let said = bench.log.iter().filter(|line| line.contains("is left where it is")).count();
    assert_eq!(said, 1, "{:#?}", bench.log);
}

fn place(at: &str) -> (String, u16) {
    (addr(at).ip().to_string(), addr(at).port())
}

#[test]
fn whom_a_replica_belongs_to_is_written() {
    let mut bench = line(Topology::Keep).settled();
    bench.run(20_000);
    let homes = |bench: &Bench| bench.core.snapshot().groups[0].homes.clone();
    let home = |replica, home, away| ReplicaHome { replica: place(replica), home: place(home), away };
    assert_eq!(homes(&bench), [home(R3, R2, false), home(R4, R3, false)], "redis-2's is the master");
    bench.crash(R2);
    bench.set(R3, |replica| replica.link_up = false);
    bench.until("+fix-slave-config slave 10.0.0.3:6379", 12_000);
    bench.run(2_000);
    assert_eq!(homes(&bench), [home(R3, R2, true), home(R4, R3, false)]);
    texts(&bench.command(&["SENTINEL", "SET", "mm", "replication-topology", "star"]));
    assert_eq!(homes(&bench), [], "a file without the topology has none of its lines");
}

#[test]
fn a_middle_that_returns_after_the_sentinels_did_gets_its_children_back() {
    for away in [true, false] {
        // Written by a sentinel that moved the replica, or by one that was dead when another one moved it.
        let mut setup = line(Topology::Keep);
        for replica in [R2, R3, R4] {
            let known = place(replica);
            setup.group().replicas.push(known);
        }
        let homes = [(R3, R2, away), (R4, R3, false)];
        let homes = homes.map(|(a, b, away)| ReplicaHome { replica: place(a), home: place(b), away });
        setup.group().homes = homes.into();
        setup.fakes.insert(addr(R3), Fake::replica(3, MASTER));
        let mut bench = setup.started();
        bench.crash(R2);
        bench.run(30_000);
        assert_eq!(shape(&bench), "1 1<3 3<4", "nobody is moved");
        bench.set(R2, |replica| replica.mode = Mode::Up);
        bench.run(30_000);
        assert_eq!(shape(&bench), "1 1<2 2<3 3<4", "away: {away}");
    }
}

#[test]
fn a_replica_that_its_user_moves_stays_there() {
    let mut bench = line(Topology::Keep).settled();
    bench.run(20_000);
    bench.set(R4, |replica| replica.of = Some(addr(MASTER)));
    bench.run(60_000);
    assert_eq!(shape(&bench), "1 1<2 2<3 1<4");
    assert_eq!(bench.count("+fix-slave-config"), 0);
}

#[test]
fn who_others_moved_before_the_middle_was_seen_down_still_belongs_to_it() {
    let mut bench = line(Topology::Keep).settled();
    bench.run(20_000);
    bench.crash(R2);
    // Another sentinel noticed first.
    bench.set(R3, |replica| replica.of = Some(addr(MASTER)));
    bench.run(20_000);
    assert_eq!(shape(&bench), "1 1<3 3<4");
    bench.set(R2, |replica| replica.mode = Mode::Up);
    bench.run(30_000);
    assert_eq!(shape(&bench), "1 1<2 2<3 3<4");
}

#[test]
fn a_failover_does_not_forget_whom_a_middle_that_is_down_fed() {
    let mut setup = line(Topology::Keep);
    setup.group().quorum = 1;
    setup.fakes.insert(addr(R5), Fake::replica(5, MASTER));
    let mut bench = setup.started();
    bench.run(35_000);
    bench.crash(R2);
    bench.set(R3, |replica| replica.link_up = false);
    bench.until("+fix-slave-config slave 10.0.0.3:6379", 12_000);
    bench.set(R3, |replica| replica.link_up = true);
    bench.run(20_000);
    bench.crash(MASTER);
    for replica in [R3, R5] {
        bench.set(replica, |replica| replica.link_up = false);
    }
    bench.set(R5, |replica| replica.offset = 9_000);
    bench.until("+switch-master mm 10.0.0.1 6379 10.0.0.5 6379", 20_000);
    for replica in [R3, R4] {
        bench.set(replica, |replica| replica.link_up = true);
    }
    bench.run(20_000);
    assert_eq!(shape(&bench), "5<3 3<4 5");
    bench.set(R2, |replica| replica.mode = Mode::Up);
    bench.run(60_000);
    assert_eq!(shape(&bench), "5<2 2<3 3<4 5");
}

#[test]
fn no_order_makes_a_circle_with_what_a_stray_server_says() {
    let mut bench = line(Topology::Chain).settled();
    bench.run(20_000);
    bench.forget();
    // The first replica hangs on the last one: a circle by hand. Its way up does not lead to the master.
    bench.set(R2, |replica| replica.of = Some(addr(R4)));
    bench.run(60_000);
    assert_eq!(shape(&bench), "1 1<2 2<3 3<4");
    assert_eq!(bench.orders(R2).len(), 6, "told once: {:?}", bench.orders(R2));
    assert_eq!(bench.count("+fix-slave-config"), 1);
}

#[test]
fn who_was_moved_just_now_is_moved_again_when_its_new_parent_dies() {
    let mut setup = with(Topology::Chain, 4);
    setup.group().parallel_syncs = 1;
    let mut bench = setup.settled();
    while shape(&bench) != "1 1<2 2<3 3<4 4<5" {
        bench.run(500);
        assert!(bench.now < 60_000, "{}", shape(&bench));
    }
    bench.run(2_000);
    for lost in [R3, R4] {
        bench.crash(lost);
    }
    for without in [R4, "10.0.0.5:6379"] {
        bench.set(without, |replica| replica.link_up = false);
    }
    bench.run(12_000);
    assert_eq!(shape(&bench), "1 1<2 2<5");
}

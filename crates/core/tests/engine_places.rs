//! Places: one server that is known by two names or at two addresses, names that move, and the homes that `keep`
//! remembers.

mod bench;

use bench::fake::{Fake, Mode};
use bench::names::{Names, run};
use bench::{Bench, ID1, MASTER, P1, P2, R2, R3, Setup, addr, texts};
use watchkeeper_core::config::{GroupConfig, ReplicaHome, Topology};
use watchkeeper_core::id::GroupName;

const R4: &str = "10.0.0.4:6379";
const R5: &str = "10.0.0.5:6379";
/// Where a server is started anew.
const ELSEWHERE: &str = "10.0.0.9:6379";
const TOPOLOGIES: [Topology; 3] = [Topology::Star, Topology::Keep, Topology::Chain];

/// We alone and two replicas; names are resolved.
fn named(topology: Topology, announce: bool) -> Setup {
    let mut setup = Setup::alone(2);
    setup.config.global.resolve_hostnames = true;
    setup.config.global.announce_hostnames = announce;
    setup.group().topology = topology;
    setup
}

/// The master lists these names, whoever follows it.
fn lists(setup: &mut Setup, names: &[&str]) {
    let master = setup.fakes.get_mut(&addr(MASTER)).expect("a master");
    master.lists = false;
    let lines =
        names.iter().enumerate().map(|(n, name)| format!("slave{n}:ip={name},port=6379,state=online"));
    master.more = lines.map(|line| line + "\r\n").collect();
}

/// We and two peers, and `replicas` of which three stand in a line below the master, each at home.
fn line(replicas: usize) -> Setup {
    let mut setup = Setup::three(replicas);
    setup.group().topology = Topology::Keep;
    setup.fakes.insert(addr(R3), Fake::replica(3, R2));
    setup.fakes.insert(addr(R4), Fake::replica(4, R3));
    setup
}

/// Host and port, as a file has them.
fn place(at: &str) -> (String, u16) {
    (addr(at).ip().to_string(), addr(at).port())
}

/// Whom a server was told to follow.
fn sent(bench: &Bench, server: &str) -> Vec<String> {
    let orders = bench.orders(server);
    orders.iter().filter_map(|order| order.strip_prefix("SLAVEOF ")).map(str::to_owned).collect()
}

#[test]
fn a_name_that_moves_to_the_address_of_a_stale_one_does_not_make_its_server_follow_itself() {
    for announce in [false, true] {
        let mut setup = named(Topology::Chain, announce);
        lists(&mut setup, &["a", "b"]);
        let mut names = Names::from([("a", vec!["10.0.0.2"]), ("b", vec!["10.0.0.3"])]);
        let mut bench = setup.started();
        run(&mut bench, &names, 60_000);
        bench.forget();
        [R2, R3].iter().for_each(|server| bench.crash(server));
        run(&mut bench, &names, 3_000);
        // `b` is started where `a` was, and the record of `a` is still served.
        bench.fakes.insert(addr(R2), Fake::replica(3, MASTER));
        names.insert("b", vec!["10.0.0.2"]);
        run(&mut bench, &names, 25_000);
        assert_eq!(sent(&bench, R2), [""; 0], "announces names: {announce}");
    }
}

#[test]
fn a_name_that_moves_to_the_new_master_does_not_make_it_follow_itself() {
    for topology in TOPOLOGIES {
        let mut setup = named(topology, false);
        setup.group().host = "redis-master".into();
        let mut names = Names::from([("redis-master", vec!["10.0.0.1"])]);
        let mut bench = setup.started();
        run(&mut bench, &names, 30_000);
        bench.crash(MASTER);
        run(&mut bench, &names, 10_000);
        assert_eq!(bench.current(), R2);
        bench.forget();
        // The old master is known by that name, so it seems to be back, as a master.
        names.insert("redis-master", vec!["10.0.0.2"]);
        run(&mut bench, &names, 40_000);
        assert_eq!(sent(&bench, R2), [""; 0], "{topology:?}");
    }
}

#[test]
fn a_server_that_is_known_twice_is_put_in_its_place_once() {
    // The file knows it by two names, or by one while the master lists its address.
    for known in [&["b", "b.svc"][..], &["b"]] {
        for (topology, announce) in TOPOLOGIES.iter().flat_map(|shape| [(*shape, false), (*shape, true)]) {
            let mut setup = named(topology, announce);
            setup.group().replicas.extend(known.iter().map(|host| ((*host).to_owned(), 6379)));
            let names = Names::from([("b", vec!["10.0.0.3"]), ("b.svc", vec!["10.0.0.3"])]);
            let mut bench = setup.started();
            run(&mut bench, &names, 120_000);
            let orders: &[&str] = match topology {
                Topology::Star | Topology::Keep => &[],
                Topology::Chain => &["10.0.0.2 6379"],
            };
            assert_eq!(sent(&bench, R3), orders, "{known:?}, {topology:?}, announces names: {announce}");
        }
    }
}

#[test]
fn a_promoted_server_that_is_known_twice_stays_the_master() {
    for topology in TOPOLOGIES {
        let mut setup = named(topology, true);
        setup.group().parallel_syncs = 3;
        setup.group().replicas.push(("b".into(), 6379));
        setup.fakes.get_mut(&addr(R3)).expect("a replica").priority = 10;
        setup.fakes.insert(addr(R4), Fake::replica(4, MASTER));
        let names = Names::from([("b", vec!["10.0.0.3"])]);
        let mut bench = setup.started();
        run(&mut bench, &names, 20_000);
        bench.forget();
        bench.crash(MASTER);
        run(&mut bench, &names, 60_000);
        assert_eq!(sent(&bench, R3), ["NO ONE"], "{topology:?}");
        assert_eq!((bench.count("+switch-master"), bench.current().as_str()), (1, R3), "{topology:?}");
    }
}

/// Two groups watch one master by two names.
fn two_names_of_one_master(announce: bool) -> (Bench, Names) {
    let mut setup = named(Topology::Star, announce);
    setup.group().host = "redis-0.example".into();
    let mut other = GroupConfig::new(GroupName("nn".into()), "redis.example".into(), 6379, 1);
    other.down_after_ms = 2_000;
    other.failover_timeout_ms = 10_000;
    setup.config.groups.push(other);
    let names = Names::from([("redis-0.example", vec!["10.0.0.1"]), ("redis.example", vec!["10.0.0.1"])]);
    let mut bench = setup.started();
    run(&mut bench, &names, 30_000);
    bench.forget();
    (bench, names)
}

#[test]
fn a_master_with_two_names_is_healthy_when_the_resolver_fails_for_one_and_connections_break() {
    let (mut bench, mut names) = two_names_of_one_master(false);
    names.remove("redis.example");
    bench.cut(MASTER);
    run(&mut bench, &names, 10_000);
    assert_eq!((bench.count("+sdown"), bench.count("+switch-master")), (0, 0));
}

#[test]
fn clients_are_told_the_address_of_a_master_with_two_names_when_the_resolver_fails_for_one() {
    for (announce, host) in [(false, "10.0.0.1"), (true, "redis.example")] {
        let (mut bench, mut names) = two_names_of_one_master(announce);
        names.remove("redis.example");
        for _ in 0..4 {
            // The name is looked up for a hello, although no connection breaks.
            let hello = format!("10.0.1.1,26379,{ID1},0,nn,redis.example,6379,0");
            bench.command(&["PUBLISH", "__sentinel__:hello", &hello]);
            run(&mut bench, &names, 100);
            let told = bench.command(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "nn"]);
            assert_eq!(texts(&told), [host, "6379"]);
            run(&mut bench, &names, 1_900);
        }
        assert_eq!((bench.count("+sdown master"), bench.count("+switch-master")), (0, 0));
    }
}

#[test]
fn both_connections_lead_to_one_server_of_a_name_with_two() {
    let mut setup = named(Topology::Star, false);
    lists(&mut setup, &["a"]);
    let mut names = Names::from([("a", vec!["10.0.0.2", "10.0.0.3"])]);
    let mut bench = setup.started();
    run(&mut bench, &names, 15_000);
    assert_eq!((bench.open_links(R2), bench.open_links(R3)), (2, 0));
    names.insert("a", vec!["10.0.0.3", "10.0.0.2"]);
    run(&mut bench, &names, 11_000);
    bench.drop_pubsub(R2);
    run(&mut bench, &names, 5_000);
    assert_eq!((bench.open_links(R2), bench.open_links(R3)), (2, 0));
}

#[test]
fn a_peer_that_was_made_anew_under_its_name_votes_while_the_master_is_down() {
    let names = Names::from([("p1", vec!["10.0.1.1"]), ("p2", vec!["10.0.1.2"])]);
    let mut setup = Setup::three(1);
    setup.config.global.resolve_hostnames = true;
    for (peer, name) in setup.group().peers.iter_mut().zip(["p1", "p2"]) {
        peer.host = name.to_owned();
    }
    let mut bench = setup.started();
    run(&mut bench, &names, 15_000);
    bench.forget();
    [MASTER, P1, P2].iter().for_each(|server| bench.crash(server));
    run(&mut bench, &names, 1_000);
    bench.fakes.insert(addr(P1), Fake::peer("3333333333333333333333333333333333333333"));
    run(&mut bench, &names, 60_000);
    assert_eq!(bench.count("+switch-master"), 1, "it and we are two of three");
}

#[test]
fn a_master_that_is_down_is_not_confirmed_where_it_was_when_a_peer_knows_its_new_address_sooner() {
    let mut setup = Setup::three(2);
    setup.config.global.resolve_hostnames = true;
    setup.config.global.current_epoch = 1;
    let group = setup.group();
    (group.config_epoch, group.leader_epoch, group.host) = (1, 1, "m".into());
    group.replicas.extend([R2, R3].map(place));
    let mut names = Names::from([("m", vec!["10.0.0.1"])]);
    let mut bench = setup.started();
    run(&mut bench, &names, 15_000);
    bench.forget();
    bench.crash(MASTER);
    bench.fakes.insert(addr(ELSEWHERE), Fake::master(9));
    run(&mut bench, &names, 500);
    bench.hello(P1, ID1, 1, ELSEWHERE, 1);
    run(&mut bench, &names, 1_000);
    names.insert("m", vec!["10.0.0.9"]);
    run(&mut bench, &names, 10_000);
    assert!(!bench.log.iter().any(|text| text.contains("confirmed in epoch")), "{:?}", bench.log);
}

#[test]
fn a_user_who_moves_a_replica_from_a_home_that_is_gone_gets_their_way() {
    let mut setup = line(3);
    setup.fakes.insert(addr(R5), Fake::replica(5, MASTER));
    let mut bench = setup.settled();
    bench.run(40_000);
    bench.crash(R2);
    bench.run(30_000);
    let mut put_back = 0;
    for _ in 0..4 * 360 {
        put_back += usize::from(bench.fakes[&addr(R3)].of == Some(addr(MASTER)));
        bench.set(R3, |replica| replica.of = Some(addr(R5)));
        bench.run(10_000);
    }
    // The first time it was where it had gone by itself.
    assert!((2..=4).contains(&put_back), "{put_back} times in four hours");
}

#[test]
fn a_home_is_remembered_where_its_name_leads_now() {
    let mut setup = named(Topology::Keep, false);
    lists(&mut setup, &["a"]);
    setup.fakes.insert(addr(R3), Fake::replica(3, R2));
    let mut names = Names::from([("a", vec!["10.0.0.2"])]);
    let mut bench = setup.started();
    run(&mut bench, &names, 60_000);
    bench.crash(R2);
    run(&mut bench, &names, 20_000);
    bench.fakes.insert(addr(ELSEWHERE), Fake::replica(9, MASTER));
    names.insert("a", vec!["10.0.0.9"]);
    run(&mut bench, &names, 40_000);
    let group = bench.core.snapshot().groups[0].clone();
    assert!(!group.homes.is_empty());
    for home in &group.homes {
        assert!(group.replicas.contains(&home.home), "{home:?} is none of {:?}", group.replicas);
    }
}

#[test]
fn a_replica_that_is_away_from_a_home_nobody_knows_is_at_home_where_it_is() {
    let mut setup = line(3);
    setup.fakes.remove(&addr(R2));
    setup.fakes.insert(addr(R5), Fake::replica(5, MASTER));
    setup.fakes.insert(addr(R3), Fake::replica(3, R5));
    setup.group().replicas.extend([R3, R4, R5].map(place));
    setup.group().homes = vec![ReplicaHome { replica: place(R3), home: place(R2), away: true }];
    let mut bench = setup.started();
    bench.run(60_000);
    assert_eq!(bench.fakes[&addr(R3)].of, Some(addr(R5)));
}

#[test]
fn a_middle_that_restarts_as_a_master_for_a_moment_gets_its_line_back() {
    for restarted in [&[R2][..], &[R2, R3]] {
        let mut bench = line(3).settled();
        bench.run(40_000);
        restarted.iter().for_each(|server| bench.crash(server));
        bench.run(500);
        for server in restarted {
            bench.set(server, |server| {
                (server.mode, server.of) = (Mode::Up, None);
                server.run_id.replace_range(..1, "e");
            });
        }
        bench.run(120_000);
        let of = |server| bench.fakes[&addr(server)].of;
        let line = [MASTER, R2, R3].map(|above| Some(addr(above)));
        assert_eq!([R2, R3, R4].map(of), line, "{restarted:?}");
    }
}

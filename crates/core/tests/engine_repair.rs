//! Servers that are not what the group says: old masters, stray masters, replicas of somebody else.

mod bench;

use bench::fake::Mode;
use bench::{Bench, ID1, ID2, MASTER, P1, P2, R2, R3, Setup, addr, texts};
use watchkeeper_core::id::SentinelId;

fn follows(bench: &Bench, server: &str) -> Option<std::net::SocketAddr> {
    bench.fakes[&addr(server)].of
}

#[test]
fn a_switchover_demotes_the_old_master_at_once() {
    for replicas in [1, 2] {
        let mut bench = Setup::three(replicas).settled();
        bench.set(R2, |replica| replica.offset = 5_000);
        assert_eq!(texts(&bench.command(&["SENTINEL", "FAILOVER", "mm"])), ["OK"]);
        bench.until("+promoted-slave", 1_000);
        bench.run(2);
        assert_eq!(follows(&bench, MASTER), Some(addr(R2)), "{replicas} replicas");
        let orders = bench.orders(MASTER);
        assert_eq!(orders[1], "SLAVEOF 10.0.0.2 6379");
        assert!(orders.contains(&"CLIENT KILL TYPE normal".to_owned()));
        bench.until("+switch-master", 1_000);
        bench.run(30_000);
        assert_eq!(bench.orders(MASTER).len(), 6, "told once");
        assert_eq!(bench.count("+convert-to-slave"), 0);
    }
}

#[test]
fn an_old_master_that_hangs_reads_it_when_it_wakes_up() {
    let mut bench = Setup::alone(1).settled();
    bench.set(MASTER, |master| master.mode = Mode::Hung);
    bench.until("+switch-master", 6_000);
    bench.run(5);
    assert_eq!(bench.orders(MASTER)[1], "SLAVEOF 10.0.0.2 6379", "it is written at once");
}

/// A crash of the master, found out by a peer that leads: we learn of it from hellos.
fn switched_by(peers: &[(&str, &str)]) -> Bench {
    switched_in(Setup::three(2), peers)
}

fn switched_in(setup: Setup, peers: &[(&str, &str)]) -> Bench {
    let mut bench = setup.settled();
    bench.blind_peers();
    bench.crash(MASTER);
    bench.run(3_000);
    bench.set(R2, |replica| replica.of = None);
    bench.set(R3, |replica| replica.of = Some(addr(R2)));
    for (at, id) in peers {
        bench.hello(at, id, 1, R2, 1);
    }
    assert_eq!(bench.current(), "10.0.0.2:6379");
    bench.run(2_500);
    bench
}

#[test]
fn a_confirmed_configuration_demotes_the_old_master_when_it_is_back() {
    let mut bench = switched_by(&[(P1, ID1), (P2, ID2)]);
    for (at, id) in [(P1, ID1), (P2, ID2)] {
        bench.hello(at, id, 1, R2, 1);
    }
    bench.set(MASTER, |master| master.mode = Mode::Up);
    let took = bench.until("+convert-to-slave slave 10.0.0.1:6379", 3_000);
    assert!(took <= 1_010, "{took} ms");
    assert_eq!(follows(&bench, MASTER), Some(addr(R2)));
}

/// After a switch that a majority confirms the old master is back, where a peer comes before us; the time of the first report.
fn back_where_we_are_not_the_first() -> (Bench, u64) {
    let mut setup = Setup::three(2);
    setup.config.global.myid = Some(SentinelId("3".repeat(40)));
    let peers = [(P1, ID1), (P2, ID2)];
    let mut bench = switched_in(setup, &peers);
    for (at, id) in peers {
        bench.hello(at, id, 1, R2, 1);
    }
    bench.set(MASTER, |master| master.mode = Mode::Up);
    let took = bench.until("-role-change slave 10.0.0.1:6379", 3_000);
    (bench, took)
}

#[test]
fn an_old_master_is_left_to_the_first_sentinel_that_is_up() {
    let (mut bench, _) = back_where_we_are_not_the_first();
    assert_eq!(bench.count("+convert-to-slave"), 0);
    bench.run(30);
    bench.set(MASTER, |master| master.of = Some(addr(R2)));
    bench.until("+role-change slave 10.0.0.1:6379", 150);
    bench.run(10_000);
    assert_eq!(
        bench.count("+convert-to-slave"),
        0,
        "told a second time, its clients were disconnected twice"
    );
}

#[test]
fn an_old_master_that_the_first_sentinel_does_not_tell_is_told_by_another() {
    let (mut bench, took) = back_where_we_are_not_the_first();
    let more = bench.until("+convert-to-slave slave 10.0.0.1:6379", 150);
    assert!(more >= 100, "{took} ms and {more} ms");
    assert_eq!(follows(&bench, MASTER), Some(addr(R2)));
}

#[test]
fn an_old_master_is_demoted_later_where_nobody_confirms() {
    let mut bench = switched_by(&[(P1, ID1)]);
    bench.run(8_000);
    bench.set(MASTER, |master| master.mode = Mode::Up);
    bench.run(7_900);
    assert_eq!(bench.count("+convert-to-slave"), 0, "hellos too old to confirm anything");
    bench.until("+convert-to-slave slave 10.0.0.1:6379", 3_000);
}

#[test]
fn a_replica_somebody_else_just_promoted_is_left_alone_for_eight_seconds() {
    let mut bench = Setup::three(2).settled();
    bench.set(R2, |replica| replica.of = None);
    bench.until("-role-change slave 10.0.0.2:6379", 11_000);
    for _ in 0..4 {
        // Everybody still confirms the present configuration: it proves nothing about this one.
        bench.hello(P1, ID1, 0, MASTER, 0);
        bench.hello(P2, ID2, 0, MASTER, 0);
        bench.run(1_975);
    }
    assert_eq!(bench.count("+convert-to-slave"), 0);
    assert_eq!(bench.count("+failover-detected master mm 10.0.0.1 6379 #promoted 10.0.0.2:6379"), 1);
    let took = bench.until("+convert-to-slave slave 10.0.0.2:6379", 12_000);
    assert!(took <= 1_200, "{took} ms");
    assert_eq!(follows(&bench, R2), Some(addr(MASTER)));
    bench.until("+role-change slave 10.0.0.2:6379", 1_000);
}

#[test]
fn a_server_that_refuses_is_not_told_in_a_loop() {
    let mut bench = Setup::three(2).settled();
    bench.set(R2, |replica| (replica.of, replica.obeys) = (None, false));
    bench.until("+convert-to-slave", 30_000);
    bench.forget();
    bench.run(60_000);
    let told = bench.count("+convert-to-slave");
    assert!((5..=6).contains(&told), "{told} times in a minute");
}

#[test]
fn no_repair_while_the_master_is_not_sane() {
    let mut bench = Setup::three(1).settled();
    bench.blind_peers();
    bench.crash(MASTER);
    bench.set(R2, |replica| replica.of = None);
    bench.run(40_000);
    assert_eq!(bench.count("+convert-to-slave"), 0);
    assert!(bench.orders(R2).is_empty());
}

#[test]
fn a_replica_of_somebody_else_is_fixed_after_failover_timeout() {
    let mut bench = Setup::three(2).settled();
    bench.set(R2, |replica| replica.of = Some(addr(R3)));
    bench.run(10_000);
    assert_eq!(bench.count("+fix-slave-config"), 0);
    let took = bench.until("+fix-slave-config slave 10.0.0.2:6379", 21_000);
    assert!(took <= 20_010, "{took} ms");
    assert_eq!(follows(&bench, R2), Some(addr(MASTER)));
    bench.forget();
    bench.run(30_000);
    assert_eq!(bench.count("+fix-slave-config"), 0);
}

#[test]
fn one_that_was_down_lately_is_not_fixed_yet() {
    let mut bench = Setup::three(2).settled();
    bench.crash(R2);
    bench.run(5_000);
    bench.set(R2, |replica| (replica.mode, replica.of) = (Mode::Up, Some(addr(R3))));
    bench.run(7_000);
    assert_eq!(bench.count("+fix-slave-config"), 0);
    bench.until("+fix-slave-config", 20_000);
}

#[test]
fn observers_switch_and_run_nothing_of_their_own() {
    let bench = switched_by(&[(P1, ID1), (P2, ID2)]);
    let names = bench.names();
    let at = names.iter().position(|name| *name == "+config-update-from").unwrap();
    assert_eq!(names[at..at + 4], ["+config-update-from", "+switch-master", "+slave", "+slave"]);
    assert_eq!(bench.count("+try-failover"), 0);
    assert_eq!(bench.count("+switch-master"), 1, "the second hello says nothing new");
    assert!(bench.orders(R2).is_empty() && bench.orders(R3).is_empty());
}

//! TILT: after a stall or a jump of the clock the sentinel watches and answers, and acts on nothing.

mod bench;

use bench::fake::Mode;
use bench::{Bench, ID1, MASTER, P1, P2, R2, Setup, texts};

fn in_tilt(bench: &mut Bench) -> bool {
    texts(&bench.command(&["INFO", "sentinel"]))[0].contains("sentinel_tilt:1")
}

#[test]
fn a_stall_enters_it_and_the_period_ends_it() {
    for setup in [Setup::three(2), {
        let mut none = Setup::alone(0);
        none.config.groups.clear();
        none
    }] {
        let mut bench = setup.settled();
        bench.stall(1_900);
        assert!(!in_tilt(&mut bench));
        bench.run(1_000);
        bench.stall(2_600);
        assert!(in_tilt(&mut bench));
        let took = bench.until("-tilt #tilt mode exited", 31_000);
        assert!((29_999..=30_101).contains(&took), "{took} ms");
        assert_eq!(bench.count("+tilt #tilt mode entered"), 1);
        assert!(texts(&bench.command(&["INFO", "sentinel"]))[0].contains("sentinel_tilt_since_seconds:-1"));
        assert_eq!(bench.count("+sdown"), 0);
    }
}

#[test]
fn a_second_stall_restarts_the_clock() {
    let mut bench = Setup::alone(1).settled();
    bench.stall(3_000);
    bench.run(20_000);
    bench.stall(3_000);
    assert_eq!(bench.count("+tilt"), 2);
    let took = bench.until("-tilt", 31_000);
    assert!((29_999..=30_101).contains(&took), "{took} ms");
}

#[test]
fn the_wall_clock_counts_unless_told_otherwise() {
    for (jump, monotonic, tilt) in [
        (3_000, false, true),
        (-3_000, false, true),
        (-200, false, true),
        (1_500, false, false),
        (3_000, true, false),
        (-3_000, true, false),
    ] {
        let mut setup = Setup::alone(1);
        setup.config.global.tilt_clock_monotonic = monotonic;
        let mut bench = setup.settled();
        bench.wall += jump;
        bench.run(1_000);
        assert_eq!(in_tilt(&mut bench), tilt, "{jump} ms, monotonic {monotonic}");
        // Whatever the wall clock says, the watching goes on.
        bench.forget();
        bench.run(5_000);
        assert!(bench.told(MASTER).iter().filter(|text| *text == "PING").count() >= 4);
    }
}

#[test]
fn monotonic_still_sees_stalls() {
    let mut setup = Setup::alone(1);
    setup.config.global.tilt_clock_monotonic = true;
    let mut bench = setup.settled();
    bench.stall(3_000);
    assert!(in_tilt(&mut bench));
}

#[test]
fn nobody_is_judged_and_nothing_is_started() {
    let mut bench = Setup::three(2).settled();
    bench.stall(3_000);
    bench.crash(MASTER);
    bench.run(28_000);
    assert_eq!(bench.names(), ["+tilt"]);
    assert!(!bench.told(P1).iter().any(|text| text.starts_with("SENTINEL")), "no asks");
    assert!(bench.orders(R2).is_empty());
    bench.until("-tilt", 3_000);
    bench.run(1_000);
    let expected = ["+sdown", "+odown", "+new-epoch", "+try-failover"];
    assert_eq!(bench.names()[2..6], expected, "acts when it is over");
    bench.until("+switch-master", 5_000);
}

#[test]
fn flags_are_frozen_and_peers_are_told_nothing() {
    let mut bench = Setup::three(0).settled();
    bench.blind_peers();
    bench.crash(MASTER);
    bench.run(4_000);
    let ask = ["SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "10.0.0.1", "6379", "0", "*"];
    assert_eq!(texts(&bench.command(&ask)), ["1", "*", "0"]);
    bench.stall(3_000);
    assert_eq!(texts(&bench.command(&ask)), ["0", "*", "0"]);
    bench.set(MASTER, |master| master.mode = bench::fake::Mode::Up);
    bench.run(10_000);
    assert!(bench.master_field("flags").unwrap().contains("s_down"), "frozen");
    bench.until("-tilt", 31_000);
    bench.run(10);
    assert_eq!(bench.master_field("flags").unwrap(), "master");
}

#[test]
fn votes_are_given_and_hellos_are_taken() {
    let mut bench = Setup::three(2).settled();
    bench.stall(3_000);
    let ask = ["SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "10.0.0.1", "6379", "5", ID1];
    assert_eq!(texts(&bench.command(&ask)), ["0", ID1, "5"]);
    bench.hello(P1, ID1, 7, R2, 7);
    assert_eq!(bench.current(), "10.0.0.2:6379");
    assert_eq!(bench.count("+switch-master mm 10.0.0.1 6379 10.0.0.2 6379"), 1);
    bench.hello("10.0.1.3:26379", &"3".repeat(40), 7, R2, 7);
    assert_eq!(bench.count("+sentinel sentinel 3333"), 1);
}

#[test]
fn a_failover_asked_for_waits_until_it_is_over() {
    let mut bench = Setup::alone(2).settled();
    bench.stall(3_000);
    assert_eq!(texts(&bench.command(&["SENTINEL", "FAILOVER", "mm"])), ["OK"]);
    bench.run(25_000);
    assert_eq!(bench.names(), ["+tilt", "+new-epoch", "+try-failover", "+vote-for-leader"]);
    assert!(bench.orders(R2).is_empty());
    bench.until("+switch-master", 10_000);
}

#[test]
fn what_a_peer_said_before_tilt_does_not_count_after_it() {
    let setup = Setup::three(1);
    let mut bench = setup.settled();
    bench.set(P1, |peer| peer.votes = false);
    bench.set(P2, |peer| (peer.votes, peer.sees_down) = (false, false));
    bench.set(MASTER, |master| master.mode = Mode::Hung);
    bench.until("+odown master", 4_000);
    bench.set(MASTER, |master| master.mode = Mode::Up);
    bench.cut(MASTER);
    bench.until("-odown master", 3_000);
    for silent in [MASTER, P1, P2] {
        bench.set(silent, |fake| fake.mode = Mode::Hung);
    }
    bench.stall(5_000);
    bench.until("+tilt", 1_000);
    bench.until("-tilt", 40_000);
    bench.run(10_000);
    assert_eq!(bench.count("+sdown master"), 2);
    assert_eq!(bench.count("+odown"), 1, "only the one before TILT: {:?}", bench.events);
}

//! Who is held for down, when, and for which answers.

mod bench;

use bench::fake::Mode;
use bench::{Bench, MASTER, P1, R2, Setup};

/// Until `+sdown master`, from now on.
fn sdown(bench: &mut Bench) -> u64 {
    bench.until("+sdown master", 30_000)
}

#[test]
fn a_crash_is_seen_after_down_after() {
    let mut bench = Setup::three(2).settled();
    bench.set(P1, |peer| peer.sees_down = false);
    bench.crash(MASTER);
    let took = sdown(&mut bench);
    assert!((2_000..=2_010).contains(&took), "{took} ms");
    assert_eq!(bench.master_field("s-down-time").unwrap(), "0");
}

#[test]
fn a_hang_is_seen_down_after_the_first_unanswered_ping() {
    let mut bench = Setup::three(2).settled();
    bench.set(MASTER, |master| master.mode = Mode::Hung);
    let took = sdown(&mut bench);
    assert!((2_000..=3_010).contains(&took), "{took} ms");
}

#[test]
fn a_server_that_never_answered_is_down_after_down_after() {
    for mode in [Mode::Dead, Mode::Unreachable, Mode::Hung] {
        let mut setup = Setup::alone(0);
        setup.fakes.get_mut(&bench::addr(MASTER)).unwrap().mode = mode;
        let mut bench = setup.started();
        let took = sdown(&mut bench);
        assert!((2_000..=2_002).contains(&took), "{mode:?}: {took} ms");
    }
}

#[test]
fn down_and_up_alternate() {
    let mut bench = Setup::three(2).settled();
    bench.blind_peers();
    for _ in 0..3 {
        bench.crash(MASTER);
        bench.run(7_000);
        bench.set(MASTER, |master| master.mode = Mode::Up);
        bench.run(7_000);
    }
    let turns: Vec<&str> = bench.names().into_iter().filter(|name| name.ends_with("sdown")).collect();
    assert_eq!(turns, ["+sdown", "-sdown", "+sdown", "-sdown", "+sdown", "-sdown"]);
    assert_eq!(bench.count("+odown"), 0);
}

#[test]
fn which_answers_to_ping_count() {
    for (answer, fine) in [
        ("+PONG", true),
        ("+PONGX", true),
        ("-LOADING Redis is loading", true),
        ("-MASTERDOWN Link with MASTER is down", true),
        ("-MISCONF no", false),
        ("-NOAUTH Authentication required.", false),
        ("-ERR unknown command", false),
        ("-BUSY Redis is busy", false),
        ("$PONG", false),
    ] {
        let mut bench = Setup::three(2).settled();
        bench.set(MASTER, |master| master.ping = answer);
        bench.run(6_000);
        assert_eq!(bench.count("+sdown master") == 0, fine, "{answer}");
    }
}

#[test]
fn a_busy_script_is_killed_once_in_a_down_period() {
    let mut bench = Setup::three(2).settled();
    bench.blind_peers();
    for round in 1..=2 {
        bench.set(MASTER, |master| master.ping = "-BUSY Redis is busy");
        bench.run(8_000);
        assert_eq!(bench.orders(MASTER), vec!["SCRIPT KILL"; round]);
        assert!(bench.master_field("flags").unwrap().contains("script_kill_sent"));
        bench.set(MASTER, |master| master.ping = "+PONG");
        bench.run(3_000);
        assert_eq!(bench.master_field("flags").unwrap(), "master");
    }
}

#[test]
fn a_master_that_says_it_is_a_replica_is_down_after_a_while() {
    let mut bench = Setup::three(2).settled();
    bench.set(MASTER, |master| master.of = Some(bench::addr("10.0.0.9:1")));
    bench.until("-role-change master", 11_000);
    let took = sdown(&mut bench);
    assert!((22_000..=22_010).contains(&took), "{took} ms after it was seen");
    bench.set(MASTER, |master| master.of = None);
}

#[test]
fn a_restarted_master_that_keeps_loading_is_down_after_its_own_period() {
    let mut setup = Setup::three(2);
    setup.group().reboot_down_after_ms = 3_000;
    let mut bench = setup.settled();
    bench.blind_peers();
    bench.set(MASTER, |master| {
        master.ping = "-LOADING";
        master.run_id = "b".repeat(40);
    });
    bench.cut(MASTER);
    bench.until("+reboot master", 12_000);
    let took = sdown(&mut bench);
    assert!((3_000..=3_010).contains(&took), "{took} ms after the restart was seen");
    bench.set(MASTER, |master| master.ping = "+PONG");
    bench.until("-sdown master", 1_500);
}

#[test]
fn a_restart_alone_is_only_reported() {
    let mut bench = Setup::three(2).settled();
    bench.set(MASTER, |master| {
        master.ping = "-LOADING";
        master.run_id = "b".repeat(40);
    });
    bench.run(30_000);
    assert_eq!((bench.count("+reboot master"), bench.count("+sdown")), (1, 0));
}

#[test]
fn silent_links_are_opened_anew() {
    let mut bench = Setup::alone(1).settled();
    bench.set(R2, |replica| replica.mode = Mode::Hung);
    bench.run(10_000);
    let opened = bench.opened.iter().filter(|(_, at)| *at == bench::addr(R2)).count();
    assert!(opened >= 2, "both links to a hung server are replaced, {opened} opened");
    bench.run(10_000);
    let later = bench.opened.iter().filter(|(_, at)| *at == bench::addr(R2)).count();
    assert!(later <= opened + 2, "not more often than every 15 s, {later}");
}

#[test]
fn a_link_that_dies_young_is_opened_anew_before_it_is_15_s_old() {
    let mut bench = Setup::alone(1).started();
    bench.run(1_000);
    bench.set(R2, |replica| replica.mode = Mode::Hung);
    bench.forget();
    bench.run(3_000);
    assert_eq!(bench.opened.len(), 0);
    bench.run(2_000);
    assert_eq!(bench.opened.len(), 1, "after twice down-after");
}

#[test]
fn a_refused_subscription_leaves_the_server_up() {
    let mut bench = Setup::alone(1).settled();
    bench.set(R2, |replica| replica.subscribe_ok = false);
    bench.cut(R2);
    bench.run(10_000);
    assert!(bench.replica_field(R2, "flags").unwrap().starts_with("slave"));
    assert_eq!(bench.count("+sdown"), 0);
}

#[test]
fn odown_takes_a_quorum_and_ends_without_it() {
    let mut bench = Setup::three(1).settled();
    bench.set(R2, |replica| replica.priority = 0);
    bench.run(11_000);
    bench.blind_peers();
    bench.crash(MASTER);
    bench.run(10_000);
    assert_eq!(bench.count("+odown"), 0);
    bench.set(P1, |peer| peer.sees_down = true);
    bench.until("+odown master mm 10.0.0.1 6379 #quorum 2/2", 1_100);
    bench.set(P1, |peer| peer.sees_down = false);
    bench.until("-odown master mm 10.0.0.1 6379", 2_100);
    bench.set(P1, |peer| peer.sees_down = true);
    bench.until("+odown", 2_100);
    // A peer that answers no more is believed for five seconds.
    bench.set(P1, |peer| peer.mode = Mode::Hung);
    let took = bench.until("-odown", 8_000);
    assert!((4_000..=5_010).contains(&took), "{took} ms");
}

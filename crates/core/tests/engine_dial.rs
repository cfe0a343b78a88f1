//! How fast a server that cannot be reached is dialled, and masters whose port refuses.

mod bench;

use bench::fake::Mode;
use bench::{Bench, MASTER, R2, Setup};

/// A settled bench whose group has this `refused-down-after-milliseconds`.
fn refusing_after(ms: u64) -> Bench {
    let mut setup = Setup::three(2);
    setup.group().refused_down_after_ms = ms;
    setup.settled()
}

/// Three sentinels and a group that refuses for 50 ms, beside so many others whose masters are gone.
fn beside_the_dead(groups: u32, replicas: usize) -> Setup {
    let mut setup = Setup::three(replicas);
    setup.group().refused_down_after_ms = 50;
    let first = setup.group().clone();
    for n in 0..groups {
        let mut group = first.clone();
        group.name = watchkeeper_core::id::GroupName(format!("g{n}"));
        group.host = format!("10.{}.{}.9", 1 + n / 250, n % 250);
        group.peers.clear();
        group.quorum = 1;
        setup.config.groups.push(group);
    }
    setup
}

fn dials(bench: &Bench, to: &str) -> usize {
    bench.opened.iter().filter(|(_, at)| *at == bench::addr(to)).count()
}

#[test]
fn a_master_that_refuses_is_down_after_its_own_period() {
    for ms in [5, 50, 700] {
        let mut bench = refusing_after(ms);
        bench.crash(MASTER);
        let took = bench.until("+sdown master", 1_000);
        assert!((ms..=ms + 5).contains(&took), "{took} ms of {ms}");
        bench.until("+odown", 10);
        bench.until("+switch-master", 100);
    }
}

/// A process that ends may close the connections it has before the port on which it accepts new ones.
#[test]
fn a_connection_that_a_dying_master_still_accepts_costs_no_time() {
    let mut bench = refusing_after(50);
    bench.set(MASTER, |master| master.mode = Mode::Closing);
    bench.cut(MASTER);
    bench.run(4);
    bench.set(MASTER, |master| master.mode = Mode::Dead);
    let took = bench.until("+sdown master", 1_000);
    assert!(took <= 65, "{took} ms");
}

#[test]
fn a_port_that_always_accepts_and_closes_is_dialled_as_ever() {
    let mut bench = refusing_after(50);
    let before = dials(&bench, MASTER);
    bench.set(MASTER, |master| master.mode = Mode::Closing);
    bench.cut(MASTER);
    bench.run(1_900);
    let dialled = dials(&bench, MASTER) - before;
    assert!((15..=50).contains(&dialled), "{dialled} dials");
    assert_eq!(bench.count("+sdown"), 0);
}

#[test]
fn a_host_that_goes_after_such_a_connection_is_dialled_as_ever() {
    let mut bench = refusing_after(50);
    bench.set(MASTER, |master| master.mode = Mode::Closing);
    bench.cut(MASTER);
    bench.run(4);
    let before = dials(&bench, MASTER);
    bench.set(MASTER, |master| master.mode = Mode::NoRoute);
    bench.run(1_900);
    let dialled = dials(&bench, MASTER) - before;
    assert!((10..=25).contains(&dialled), "{dialled} dials");
    assert_eq!(bench.count("+sdown"), 0);
}

#[test]
fn one_that_answers_and_closes_is_dialled_as_ever() {
    let mut bench = refusing_after(50);
    let before = dials(&bench, MASTER);
    for _ in 0..200 {
        bench.run(10);
        bench.cut(MASTER);
    }
    let dialled = dials(&bench, MASTER) - before;
    assert!((10..=25).contains(&dialled), "{dialled} dials");
}

#[test]
fn without_the_directive_down_after_counts() {
    let mut bench = refusing_after(0);
    bench.crash(MASTER);
    let took = bench.until("+sdown master", 2_500);
    assert!((2_000..=2_010).contains(&took), "{took} ms");
    assert!(dials(&bench, MASTER) <= 8, "{} dials", dials(&bench, MASTER));
}

#[test]
fn a_restart_in_less_time_starts_nothing() {
    let mut bench = refusing_after(500);
    for gone in [20, 300, 450] {
        bench.crash(MASTER);
        bench.run(gone);
        bench.set(MASTER, |master| master.mode = Mode::Up);
        bench.run(3_000);
        assert_eq!(bench.count("+sdown"), 0, "after {gone} ms");
    }
}

#[test]
fn one_that_stays_gone_stays_down_and_is_found_soon_when_it_is_back() {
    let mut bench = refusing_after(50);
    bench.blind_peers();
    bench.crash(MASTER);
    bench.until("+sdown master", 100);
    bench.run(20_000);
    assert_eq!((bench.count("-sdown"), bench.count("+sdown master")), (0, 1));
    bench.set(MASTER, |master| master.mode = Mode::Up);
    let took = bench.until("-sdown master", 500);
    assert!(took <= 110, "{took} ms");
}

#[test]
fn a_host_that_goes_after_its_process_is_no_sign_of_life() {
    let mut setup = Setup::three(2);
    setup.group().refused_down_after_ms = 50;
    setup.group().down_after_ms = 30_000;
    let mut bench = setup.settled();
    bench.blind_peers();
    bench.crash(MASTER);
    bench.until("+sdown master", 100);
    bench.run(3_000);
    bench.set(MASTER, |master| master.mode = Mode::Unreachable);
    bench.run(60_000);
    assert_eq!((bench.count("-sdown master"), bench.count("+sdown master")), (0, 1));
    bench.set(MASTER, |master| master.mode = Mode::Up);
    bench.until("-sdown master", 70_000);
}

#[test]
fn no_period_of_a_debug_command_is_too_short() {
    let mut bench = refusing_after(400);
    bench.command(&["SENTINEL", "DEBUG", "ping-period", "1"]);
    bench.crash(MASTER);
    bench.until("+sdown master", 2_100);
}

#[test]
fn masters_that_refuse_are_found_down_beside_hundreds_of_old_ones() {
    let mut bench = beside_the_dead(300, 2).settled();
    bench.crash(MASTER);
    let took = bench.until("+sdown master mm", 200);
    assert!(took <= 60, "{took} ms");
}

#[test]
fn silence_is_no_refusal() {
    for mode in [Mode::Hung, Mode::Unreachable] {
        let mut bench = refusing_after(50);
        bench.set(MASTER, |master| master.mode = mode);
        bench.cut(MASTER);
        bench.run(1_900);
        assert_eq!(bench.count("+sdown"), 0, "{mode:?}");
        bench.until("+sdown master", 300);
    }
}

#[test]
fn refusals_with_silence_between_them_do_not_add_up() {
    let mut bench = refusing_after(400);
    for _ in 0..3 {
        bench.crash(MASTER);
        bench.run(300);
        bench.set(MASTER, |master| master.mode = Mode::Unreachable);
        bench.run(150);
    }
    assert_eq!(bench.count("+sdown"), 0);
}

#[test]
fn refusals_around_a_stall_do_not_add_up() {
    let mut bench = refusing_after(400);
    bench.crash(MASTER);
    bench.run(100);
    bench.stall(1_500);
    let took = bench.until("+sdown master", 1_000);
    assert!(took >= 350, "{took} ms after the stall");
}

#[test]
fn a_replica_that_refuses_is_dialled_and_judged_as_ever() {
    let mut bench = refusing_after(50);
    bench.crash(R2);
    let took = bench.until("+sdown slave", 2_500);
    assert!(took >= 2_000, "{took} ms");
    assert!(dials(&bench, R2) <= 8, "{} dials", dials(&bench, R2));
}

#[test]
fn a_hanging_master_is_found_within_a_tenth_more() {
    for (down_after, expected) in [(500, 550), (1_000, 1_100), (5_000, 5_500), (30_000, 31_010)] {
        for offset in [0, 7, 41, 313, 811] {
            let mut setup = Setup::three(2);
            setup.group().down_after_ms = down_after;
            let mut bench = setup.settled();
            bench.run(offset);
            bench.set(MASTER, |master| master.mode = Mode::Hung);
            let took = bench.until("+sdown master", 2 * down_after);
            assert!((down_after..=expected).contains(&took), "{took} ms of {down_after}");
        }
    }
}

#[test]
fn pings_are_no_more_than_the_setting_needs() {
    for (down_after, most) in [(1_000, 125), (6_000, 21), (12_000, 11), (60_000, 11)] {
        let mut setup = Setup::three(2);
        setup.group().down_after_ms = down_after;
        let mut bench = setup.settled();
        bench.run(10_000);
        let pings = |to: &str| bench.told(to).iter().filter(|text| *text == "PING").count();
        assert!((most * 8 / 10..=most).contains(&pings(MASTER)), "{} of {most}", pings(MASTER));
        assert!(pings(R2) <= 11, "{} to a replica", pings(R2));
    }
}

#[test]
fn the_old_master_is_found_at_once_when_it_is_back() {
    for mode in [Mode::Dead, Mode::Unreachable] {
        let mut bench = Setup::three(2).settled();
        bench.set(MASTER, |master| master.mode = mode);
        bench.cut(MASTER);
        bench.until("+switch-master", 3_000);
        bench.run(60_000);
        bench.forget();
        bench.set(MASTER, |master| master.mode = Mode::Up);
        bench.until("-role-change", 300);
        let again = dials(&bench, MASTER);
        assert!(again <= 4, "{mode:?}: {again} dials");
    }
}

#[test]
fn thousands_of_old_masters_are_not_dialled_faster_than_all_together_may_be() {
    let mut bench = beside_the_dead(3_000, 1).started();
    bench.run(5_000);
    bench.forget();
    bench.run(2_000);
    // Once a second each, for both connections, and a thousand a second more.
    assert!((10_000..=15_000).contains(&bench.opened.len()), "{} in two seconds", bench.opened.len());
}

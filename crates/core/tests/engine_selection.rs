//! Which replica is promoted, and what the log says of those that are not.

mod bench;

use bench::fake::{Fake, Mode};
use bench::{Bench, MASTER, R2, R3, Setup, addr, texts};
use watchkeeper_core::config::Topology;

const R4: &str = "10.0.0.4:6379";

/// Lets the master die and returns who is chosen.
fn chosen(bench: &mut Bench) -> String {
    bench.crash(MASTER);
    bench.until("+selected-slave slave ", 6_000);
    let (_, event) =
        bench.events.iter().find(|(_, event)| event.starts_with("+selected-slave")).expect("just seen");
    event.split(' ').nth(2).expect("the name").to_owned()
}

#[test]
fn priority_then_offset_then_run_id() {
    let mut bench = Setup::alone(3).settled();
    bench.set(R2, |replica| replica.priority = 100);
    bench.set(R3, |replica| replica.priority = 50);
    bench.set(R4, |replica| (replica.priority, replica.offset) = (100, 9_000));
    assert_eq!(chosen(&mut bench), R3, "the lowest priority first");

    let mut bench = Setup::alone(3).settled();
    bench.set(R4, |replica| replica.offset = 1_001);
    assert_eq!(chosen(&mut bench), R4, "then the largest offset");

    let mut bench = Setup::alone(3).settled();
    bench.set(R2, |replica| replica.run_id = "F".repeat(40));
    bench.set(R3, |replica| replica.run_id = "e".repeat(40));
    bench.set(R4, |replica| replica.run_id = "f".repeat(40));
    assert_eq!(chosen(&mut bench), R3, "then the smallest run id");
}

#[test]
fn the_choice_is_made_on_fresh_reports() {
    // The offset changed a moment before the crash, and we are alone: nobody's answer gives INFO time to come.
    let mut setup = Setup::alone(2);
    setup.group().down_after_ms = 100;
    let mut bench = setup.settled();
    bench.crash(MASTER);
    bench.set(R3, |replica| replica.offset = 2_000);
    assert_eq!(chosen(&mut bench), R3);
    assert_eq!(bench.count("-failover-abort"), 0);
}

#[test]
fn a_replica_that_hangs_does_not_hold_the_choice_up() {
    let mut setup = Setup::alone(2);
    setup.group().down_after_ms = 1_000;
    let mut bench = setup.settled();
    bench.crash(MASTER);
    bench.run(900);
    bench.set(R2, |replica| replica.mode = Mode::Hung);
    bench.until("+elected-leader", 500);
    let took = bench.until("+selected-slave slave 10.0.0.3:6379", 500);
    assert!(took <= 101, "{took} ms");
}

#[test]
fn a_living_master_is_asked_what_it_has_and_holds_the_choice_up_no_longer() {
    let mut setup = Setup::alone(1);
    setup.group().down_after_ms = 10_000;
    let mut bench = setup.settled();
    bench.run(11_000);
    bench.set(MASTER, |master| master.mode = Mode::Hung);
    assert_eq!(texts(&bench.command(&["SENTINEL", "FAILOVER", "mm"])), ["OK"]);
    let took = bench.until("+selected-slave slave 10.0.0.2:6379", 500);
    assert!((99..=101).contains(&took), "{took} ms");
}

#[test]
fn a_replica_a_dead_leader_promoted_already_is_preferred() {
    let mut bench = Setup::three(2).settled();
    bench.blind_peers();
    bench.set(R2, |replica| replica.offset = 9_000);
    bench.crash(MASTER);
    bench.run(3_000);
    bench.set(R3, |replica| replica.of = None);
    bench.until("-role-change slave 10.0.0.3:6379", 11_000);
    bench.set(bench::P1, |peer| peer.sees_down = true);
    bench.until("+selected-slave slave 10.0.0.3:6379", 3_000);
    bench.until("+switch-master mm 10.0.0.1 6379 10.0.0.3 6379", 3_000);
}

#[test]
fn a_replica_that_restarted_as_a_master_is_the_last_choice() {
    let mut bench = Setup::alone(2).settled();
    bench.crash(MASTER);
    // It has lost its configuration; that it has more data than the other says nothing.
    bench.set(R2, |replica| {
        replica.of = None;
        replica.run_id = "a".repeat(40);
        replica.offset = 9_000;
    });
    bench.until("+selected-slave slave ", 6_000);
    assert_eq!(bench.count("+selected-slave slave 10.0.0.3:6379"), 1, "{:?}", bench.events);

    let mut bench = Setup::alone(1).settled();
    bench.crash(MASTER);
    bench.set(R2, |replica| {
        replica.of = None;
        replica.run_id = "a".repeat(40);
    });
    bench.until("+selected-slave slave 10.0.0.2:6379", 6_000);
}

/// With one replica that cannot be promoted: the abort, and the line that says why.
fn refused(change: impl FnOnce(&mut Bench), line: &str) {
    let mut bench = Setup::alone(1).settled();
    change(&mut bench);
    bench.crash(MASTER);
    bench.until("-failover-abort-no-good-slave master mm 10.0.0.1 6379", 15_000);
    let start = format!("Replica 10.0.0.2:6379 of `mm` cannot be promoted: {line}");
    assert!(bench.log.iter().any(|text| text.starts_with(&start)), "no `{start}` in {:#?}", bench.log);
    assert!(bench.orders(R2).is_empty());
}

#[test]
fn every_refusal_says_why() {
    refused(
        |bench| {
            bench.crash(R2);
            bench.run(5_000);
        },
        "it is down",
    );
    refused(|bench| bench.set(R2, |replica| replica.priority = 0), "its replica-priority is 0");
    refused(
        |bench| {
            bench.set(R2, |replica| (replica.link_up, replica.link_down_s) = (false, 3_600));
            bench.run(11_000);
        },
        "it lost the master 3600000 ms ago, limit 22",
    );
    refused(
        |bench| {
            bench.set(R2, |replica| replica.info = false);
            bench.run(11_000);
        },
        "its last INFO is ",
    );
    refused(
        |bench| {
            // Its connection breaks a moment before the master's silence is noticed.
            bench.crash(MASTER);
            bench.run(1_500);
            bench.crash(R2);
        },
        "there is no connection to it",
    );
}

const EMPTY: &str = "# Keyspace\r\n";
const SOME: &str = "# Keyspace\r\ndb0:keys=3,expires=0,avg_ttl=0\r\n";

/// Servers that say how many keys they have: the master these, the replica `R2` those, which never had its link.
fn first_copy(setup: Setup, master: &str, replica: &str) -> Bench {
    let mut bench = setup.settled();
    bench.set(MASTER, |it| it.more = master.to_owned());
    bench.set(R2, |it| (it.link_up, it.link_down_s, it.offset, it.more) = (false, -1, 1, replica.to_owned()));
    bench.run(11_000);
    bench
}

#[test]
fn an_empty_replica_is_not_promoted() {
    let mut bench = first_copy(Setup::alone(1), SOME, EMPTY);
    bench.crash(MASTER);
    bench.until("-failover-abort-no-good-slave", 15_000);
    let why =
        "Replica 10.0.0.2:6379 of `mm` cannot be promoted: it is empty: it has never had the master's data";
    assert!(bench.log.iter().any(|text| text == why), "{:#?}", bench.log);
    assert!(bench.orders(R2).is_empty());

    // A master that never said what it had may have had something.
    let mut bench = first_copy(Setup::alone(1), "", EMPTY);
    bench.crash(MASTER);
    bench.until("-failover-abort-no-good-slave", 15_000);

    let mut bench = first_copy(Setup::alone(2), SOME, EMPTY);
    bench.set(R2, |replica| replica.priority = 1);
    bench.run(11_000);
    assert_eq!(chosen(&mut bench), R3, "however much it is preferred");
}

#[test]
fn one_that_is_as_empty_as_its_master_or_has_data_of_its_own_is_promoted() {
    for (master, replica) in [(EMPTY, EMPTY), (SOME, SOME), ("", SOME), (SOME, "")] {
        let mut bench = first_copy(Setup::alone(1), master, replica);
        assert_eq!(chosen(&mut bench), R2, "{master} {replica}");
    }
    // It has had the copy.
    let mut bench = first_copy(Setup::alone(1), SOME, EMPTY);
    bench.set(R2, |replica| (replica.link_up, replica.link_down_s) = (true, 0));
    bench.run(11_000);
    assert_eq!(chosen(&mut bench), R2);
}

#[test]
fn one_that_loads_is_promoted_when_it_has_loaded() {
    let mut bench = first_copy(Setup::alone(1), SOME, &format!("loading:1\r\n{SOME}"));
    bench.crash(MASTER);
    bench.until("-failover-abort-no-good-slave", 15_000);
    bench.run(5_000);
    bench.set(R2, |replica| replica.more = SOME.to_owned());
    bench.until("+selected-slave slave 10.0.0.2:6379", 2_500);
}

#[test]
fn a_living_masters_data_is_waited_for() {
    // What it has is of an earlier time.
    let mut bench = first_copy(Setup::alone(1), SOME, SOME);
    let answer = texts(&bench.command(&["SENTINEL", "FAILOVER", "mm"]));
    assert!(answer[0].starts_with("NOGOODSLAVE"), "{answer:?}");
    bench.set(R2, |it| (it.link_down_s, it.more) = (3, format!("{SOME}master_sync_in_progress:1\r\n")));
    bench.run(11_000);
    let answer = texts(&bench.command(&["SENTINEL", "FAILOVER", "mm"]));
    assert!(answer[0].starts_with("NOGOODSLAVE"), "a whole copy is on its way: {answer:?}");
    bench.set(R2, |it| (it.link_up, it.link_down_s, it.more) = (true, 0, SOME.to_owned()));
    bench.run(11_000);
    assert_eq!(texts(&bench.command(&["SENTINEL", "FAILOVER", "mm"])), ["OK"]);
}

#[test]
fn one_that_a_broken_off_copy_has_emptied_is_not_promoted() {
    // It lost its link long before the master went, and tells the offset it had.
    let emptied = |link_down_s| {
        let mut bench = Setup::alone(1).settled();
        bench.set(MASTER, |it| it.more = SOME.to_owned());
        bench.set(R2, |it| (it.link_up, it.link_down_s, it.more) = (false, link_down_s, EMPTY.to_owned()));
        bench.run(11_000);
        bench.crash(MASTER);
        bench
    };
    let mut bench = emptied(20);
    bench.until("-failover-abort-no-good-slave", 15_000);
    let why = "Replica 10.0.0.2:6379 of `mm` cannot be promoted: it is empty: it had lost the master before the outage";
    assert!(bench.log.iter().any(|text| text == why), "{:#?}", bench.log);
    assert!(bench.orders(R2).is_empty());

    // It was in step to the end: the master was emptied, too.
    let mut bench = emptied(1);
    bench.until("+selected-slave slave 10.0.0.2:6379", 15_000);
}

#[test]
fn the_time_in_which_a_restarted_master_loads_is_part_of_the_outage() {
    let restarted = |down_after_ms, replica: &str| {
        let mut setup = Setup::alone(1);
        setup.group().down_after_ms = down_after_ms;
        setup.group().reboot_down_after_ms = 5_000;
        let mut bench = setup.settled();
        bench.set(MASTER, |it| it.more = EMPTY.to_owned());
        bench.set(R2, |it| it.more = replica.to_owned());
        bench.run(11_000);
        bench.crash(MASTER);
        bench.set(R2, |it| (it.link_up, it.link_down_s) = (false, 0));
        bench.set(MASTER, |it| {
            it.run_id = "b".repeat(40);
            (it.mode, it.ping, it.more) = (Mode::Up, "-LOADING", format!("loading:1\r\n{EMPTY}"));
        });
        bench.run(1_000);
        bench.set(R2, |it| it.link_down_s = 5);
        bench
    };
    // It was as empty as its master was, and to the end.
    restarted(2_000, EMPTY).until("+selected-slave slave 10.0.0.2:6379", 6_000);
    // More than ten times down-after.
    restarted(200, SOME).until("+selected-slave slave 10.0.0.2:6379", 6_000);
}

#[test]
fn an_empty_one_is_not_promoted_over_a_master_that_loads() {
    // Both were empty; then the master was started with files put back, and lives: it answers -LOADING.
    let mut bench = Setup::alone(1).settled();
    bench.set(MASTER, |it| it.more = EMPTY.to_owned());
    bench.set(R2, |it| it.more = EMPTY.to_owned());
    bench.run(11_000);
    bench.set(MASTER, |it| (it.ping, it.more) = ("-LOADING", format!("loading:1\r\n{EMPTY}")));
    bench.set(R2, |it| (it.link_up, it.link_down_s) = (false, 1));
    // The last reports are of before. They are asked for anew.
    assert_eq!(texts(&bench.command(&["SENTINEL", "FAILOVER", "mm"])), ["OK"]);
    bench.until("-failover-abort-no-good-slave", 5_000);
    let answer = texts(&bench.command(&["SENTINEL", "FAILOVER", "mm"]));
    assert!(answer[0].starts_with("NOGOODSLAVE"), "{answer:?}");
    let why = "it has not caught up with the master, which is up: wait until its link is up";
    assert!(bench.log.iter().any(|text| text.ends_with(why)), "{:#?}", bench.log);
    assert!(bench.orders(R2).is_empty());

    bench.set(MASTER, |it| (it.ping, it.more) = ("+PONG", SOME.to_owned()));
    bench.set(R2, |it| (it.link_up, it.link_down_s, it.more) = (true, 0, SOME.to_owned()));
    bench.run(11_000);
    assert_eq!(texts(&bench.command(&["SENTINEL", "FAILOVER", "mm"])), ["OK"]);
    bench.until("+selected-slave slave 10.0.0.2:6379", 5_000);
}

#[test]
fn one_that_never_reported_or_never_answered_is_refused() {
    let mut setup = Setup::alone(0);
    setup.group().replicas.push(("10.0.0.2".into(), 6379));
    setup.fakes.insert(addr(R2), bench::fake::Fake { info: false, ..bench::fake::Fake::replica(2, MASTER) });
    let mut bench = setup.settled();
    bench.command(&["SENTINEL", "FAILOVER", "mm"]);
    assert!(bench.log.iter().any(|text| text.ends_with("it has not answered INFO yet")), "{:?}", bench.log);

    let mut setup = Setup::alone(1);
    setup.group().down_after_ms = 60_000;
    let mut bench = setup.settled();
    bench.set(R2, |replica| replica.ping = "-NOAUTH no");
    bench.run(8_000);
    bench.command(&["SENTINEL", "FAILOVER", "mm"]);
    let line = bench.log.iter().find(|text| text.contains("last answered")).expect("a line");
    assert!(line.ends_with("ms ago, limit 5000 ms"), "{line}");
}

#[test]
fn without_replicas_it_says_so() {
    let mut bench = Setup::alone(0).settled();
    bench.crash(MASTER);
    bench.until("-failover-abort-no-good-slave", 3_000);
    assert!(bench.log.contains(&"No replica of `mm` is known".to_owned()), "{:?}", bench.log);
    let tries = bench.count("+try-failover");
    bench.run(19_000);
    assert_eq!(bench.count("+try-failover"), tries, "not again before twice the failover-timeout");
    bench.run(2_000);
    assert_eq!(bench.count("+try-failover"), tries + 1);
}

#[test]
fn the_next_attempt_starts_when_a_replica_becomes_fit() {
    let mut bench = Setup::alone(1).settled();
    bench.crash(R2);
    bench.run(1_000);
    bench.crash(MASTER);
    bench.until("-failover-abort-no-good-slave", 5_000);
    bench.run(1_000);
    bench.set(R2, |replica| replica.mode = Mode::Up);
    let took = bench.until("+switch-master mm 10.0.0.1 6379 10.0.0.2 6379", 5_000);
    assert!(took <= 2_100, "{took} ms");
}

#[test]
fn a_replica_that_was_never_connected_may_be_promoted() {
    let mut bench = Setup::alone(1).settled();
    bench.set(R2, |replica| (replica.link_up, replica.link_down_s) = (false, -1));
    bench.run(11_000);
    assert_eq!(bench.replica_field(R2, "master-link-down-time").unwrap(), "-1000");
    assert_eq!(chosen(&mut bench), R2);
}

/// The master follows its own replica, and nobody has had a source for an hour.
fn circle() -> Bench {
    let mut bench = Setup::alone(2).settled();
    for server in [R2, R3] {
        bench.set(server, |replica| (replica.link_up, replica.link_down_s) = (false, 3_600));
    }
    bench.set(R3, |replica| (replica.offset, replica.priority) = (7_000, 200));
    bench.set(MASTER, |master| (master.of, master.link_up) = (Some(addr(R2)), false));
    bench
}

#[test]
fn old_data_is_better_than_no_master_for_ever() {
    let mut bench = circle();
    bench.until("+switch-master mm 10.0.0.1 6379 10.0.0.3 6379", 60_000);
    assert!(bench.log.iter().any(|line| line.contains("the one with most data is promoted")));
}

#[test]
fn a_master_that_alone_has_data_is_made_one_again() {
    let alone_with_data = || {
        let mut bench = circle();
        bench.set(MASTER, |master| master.more = SOME.to_owned());
        for server in [R2, R3] {
            bench.set(server, |replica| (replica.link_down_s, replica.more) = (-1, EMPTY.to_owned()));
        }
        bench
    };
    let mut bench = alone_with_data();
    bench.until("-failover-abort-no-good-slave", 60_000);
    bench.until("-odown master mm 10.0.0.1 6379", 5_000);
    assert!(bench.orders(MASTER).contains(&"SLAVEOF NO ONE".to_owned()), "{:?}", bench.orders(MASTER));
    bench.run(60_000);
    assert_eq!(bench.count("+switch-master"), 0);
    assert_eq!(bench.count("+sdown master"), 1);

    let not_alone: [fn(&mut Bench); 3] = [
        |bench| bench.set(R3, |replica| replica.more = format!("loading:1\r\n{EMPTY}")),
        |bench| bench.set(MASTER, |master| master.more = format!("loading:1\r\n{SOME}")),
        |bench| bench.set(MASTER, |master| master.of = Some(addr("10.9.9.9:6379"))),
    ];
    for change in not_alone {
        let mut bench = alone_with_data();
        change(&mut bench);
        bench.run(60_000);
        assert!(bench.count("-failover-abort-no-good-slave") > 0);
        assert_eq!(bench.orders(MASTER), [""; 0]);
    }
}

#[test]
fn old_data_is_refused_while_somebody_may_have_newer() {
    type Change = fn(&mut Bench);
    let changes: [(&str, Change); 7] = [
        ("the master is dead", |bench| bench.crash(MASTER)),
        ("it has a source elsewhere", |bench| {
            bench.set(MASTER, |master| (master.of, master.link_up) = (Some(addr("10.9.9.9:6379")), true));
        }),
        ("it lost a source elsewhere", |bench| {
            bench.set(MASTER, |master| master.of = Some(addr("10.9.9.9:6379")));
        }),
        ("what it said is old", |bench| {
            bench.until("-role-change master", 15_000);
            bench.set(MASTER, |master| master.info = false);
        }),
        ("a replica is down", |bench| bench.crash(R2)),
        ("a replica hangs", |bench| bench.set(R3, |replica| replica.mode = Mode::Hung)),
        ("one that is never promoted has newer data", |bench| {
            bench.set(R2, |replica| (replica.priority, replica.link_down_s) = (0, 1));
        }),
    ];
    for (what, change) in changes {
        let mut bench = circle();
        change(&mut bench);
        bench.run(60_000);
        assert!(bench.count("-failover-abort-no-good-slave") > 0, "{what}");
        assert_eq!(bench.count("+switch-master"), 0, "{what}");
    }
}

#[test]
fn the_source_of_a_replica_has_no_less_data() {
    // The master takes writes: who is asked later tells more.
    let line = || {
        let mut setup = Setup::alone(2);
        setup.group().topology = Topology::Keep;
        setup.fakes.insert(addr(R3), Fake::replica(3, R2));
        let mut bench = setup.settled();
        bench.set(R3, |replica| replica.offset = 1_040);
        bench
    };
    let planned = |mut bench: Bench| {
        bench.command(&["SENTINEL", "FAILOVER", "mm"]);
        bench.until("+selected-slave slave ", 1_000);
        bench.events.iter().any(|(_, event)| event.starts_with(&format!("+selected-slave slave {R2} ")))
    };
    assert!(planned(line()));
    // It had lost its source, or may go first: what it tells is compared.
    let mut bench = line();
    bench.set(R3, |replica| (replica.link_up, replica.link_down_s) = (false, 1));
    assert!(!planned(bench));
    let mut bench = line();
    bench.set(R3, |replica| replica.priority = 10);
    assert!(!planned(bench));
}

#[test]
fn a_planned_failover_compares_what_was_told_after_it_was_asked_for() {
    let mut bench = Setup::alone(2).settled();
    let reports = |bench: &Bench| bench.told(R3).iter().filter(|text| *text == "INFO").count();
    let before = reports(&bench);
    while reports(&bench) == before {
        bench.run(10);
    }
    bench.run(100);
    bench.set(R3, |replica| replica.offset = 2_000);
    bench.command(&["SENTINEL", "FAILOVER", "mm"]);
    bench.until("+selected-slave slave 10.0.0.3:6379", 1_000);
}

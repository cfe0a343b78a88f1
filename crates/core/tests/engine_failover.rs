//! From the promotion to the switch: what is sent to whom, and what ends each phase.

mod bench;

use bench::fake::Mode;
use bench::{Bench, MASTER, P1, R2, R3, Setup, addr, texts};

const NO_ONE: [&str; 6] = [
    "MULTI",
    "SLAVEOF NO ONE",
    "CONFIG REWRITE",
    "CLIENT KILL TYPE normal",
    "CLIENT KILL TYPE pubsub",
    "EXEC",
];

fn follow(host: &str) -> Vec<String> {
    let slaveof = format!("SLAVEOF {host} 6379");
    NO_ONE.iter().map(|word| if *word == NO_ONE[1] { slaveof.clone() } else { (*word).to_owned() }).collect()
}

/// Kills the master; R2 is the one that is promoted.
fn kill(bench: &mut Bench) {
    bench.set(R2, |replica| replica.offset = 5_000);
    bench.crash(MASTER);
}

#[test]
fn events_come_in_the_order_of_upstream() {
    let mut bench = Setup::three(2).settled();
    kill(&mut bench);
    bench.until("+switch-master", 5_000);
    bench.run(2_500);
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
    assert_eq!(bench.names(), expected);
    let (_, last) = bench.events.iter().rfind(|(_, event)| event.starts_with("+sdown")).unwrap();
    assert_eq!(last, "+sdown slave 10.0.0.1:6379 10.0.0.1 6379 @ mm 10.0.0.2 6379");
    assert_eq!(bench.orders(R2), NO_ONE);
    assert_eq!(bench.orders(R3), follow("10.0.0.2"));
}

#[test]
fn the_promotion_block_byte_for_byte_with_info_behind_it() {
    let mut bench = Setup::alone(1).settled();
    kill(&mut bench);
    bench.until("+promoted-slave", 5_000);
    let told = bench.told(R2);
    let at = told.iter().position(|text| text == "MULTI").expect("the block");
    assert_eq!(told[at..at + 6], NO_ONE);
    assert_eq!(told[at + 6], "INFO");
    let (sent, promoted) = (
        bench.sent.iter().find(|(_, _, argv)| argv[0] == "MULTI").unwrap().0,
        bench.events.iter().find(|(_, event)| event.starts_with("+promoted")).unwrap().0,
    );
    assert!(promoted - sent <= 2, "seen {} ms after it was sent", promoted - sent);
}

#[test]
fn a_promotion_that_does_not_happen_times_out() {
    let mut bench = Setup::alone(1).settled();
    bench.set(R2, |replica| replica.obeys = false);
    bench.crash(MASTER);
    bench.until("+failover-state-wait-promotion", 5_000);
    let took = bench.until("-failover-abort-slave-timeout master mm 10.0.0.1 6379", 11_000);
    assert!((9_999..=10_002).contains(&took), "{took} ms");
    assert_eq!(bench.orders(R2), NO_ONE, "told once");
    assert!(!bench.replica_field(R2, "flags").unwrap().contains("promoted"));
}

#[test]
fn a_promotion_is_believed_only_from_info() {
    let mut bench = Setup::alone(1).settled();
    bench.set(R2, |replica| replica.obeys = false);
    bench.crash(MASTER);
    bench.until("+failover-state-wait-promotion", 5_000);
    bench.run(3_000);
    assert_eq!((bench.count("+promoted-slave"), bench.current()), (0, "10.0.0.1:6379".to_owned()));
    bench.set(R2, |replica| replica.of = None);
    let took = bench.until("+promoted-slave", 1_000);
    assert!(took <= 105, "{took} ms");
    bench.run(1_000);
    assert_eq!(bench.current(), "10.0.0.2:6379");
    assert_eq!(bench.orders(R2), NO_ONE);
}

#[test]
fn the_chosen_one_loses_its_link_and_comes_back() {
    let mut bench = Setup::alone(1).settled();
    bench.crash(MASTER);
    bench.until("+sdown", 3_000);
    // The link breaks before the answers come. The order was written, so it is not repeated.
    bench.cut(R2);
    bench.until("+promoted-slave", 3_000);
    assert_eq!(bench.orders(R2), NO_ONE, "once");
    bench.until("+switch-master", 3_000);
}

#[test]
fn only_a_replica_that_can_be_told_is_chosen() {
    let mut bench = Setup::alone(2).settled();
    // Reported every second, so that its last report is young enough.
    bench.set(R2, |replica| (replica.offset, replica.link_down_s) = (5_000, -1));
    bench.run(11_000);
    bench.crash(MASTER);
    bench.run(1_000);
    // Its new connection neither succeeds nor fails: what is sent there would wait and be lost.
    bench.set(R2, |replica| replica.mode = Mode::Unreachable);
    bench.cut(R2);
    bench.until("+switch-master mm 10.0.0.1 6379 10.0.0.3 6379", 3_000);
}

#[test]
fn parallel_syncs_limits_how_many_are_told_at_once() {
    for (limit, at_once) in [(0, 0), (1, 1), (2, 2)] {
        let mut setup = Setup::alone(4);
        setup.group().parallel_syncs = limit;
        let mut bench = setup.settled();
        for n in 3..=5 {
            bench.set(&format!("10.0.0.{n}:6379"), |replica| replica.syncs = false);
        }
        kill(&mut bench);
        bench.until("+promoted-slave", 4_000);
        bench.run(2_000);
        assert_eq!(bench.count("+slave-reconf-sent "), at_once, "parallel-syncs {limit}");
        assert_eq!(bench.count("+slave-reconf-inprog"), at_once);
        let flags = bench.replica_field(R3, "flags").unwrap();
        assert_eq!(flags.contains("reconf_inprog"), at_once > 0, "{flags}");
        // One is done, the next is told.
        if at_once > 0 {
            bench.set(R3, |replica| replica.link_up = true);
            bench.until("+slave-reconf-done slave 10.0.0.3:6379", 300);
            bench.run(10);
            assert_eq!(bench.count("+slave-reconf-sent "), at_once + 1);
        }
    }
}

#[test]
fn one_that_does_not_follow_is_given_up_though_the_pipeline_is_full() {
    let mut setup = Setup::alone(3);
    setup.group().failover_timeout_ms = 60_000;
    let mut bench = setup.settled();
    bench.set(R3, |replica| replica.obeys = false);
    kill(&mut bench);
    bench.until("+slave-reconf-sent slave 10.0.0.3:6379", 4_000);
    let took = bench.until("-slave-reconf-sent-timeout slave 10.0.0.3:6379", 11_000);
    assert!((9_999..=10_002).contains(&took), "{took} ms");
    bench.until("+slave-reconf-sent slave 10.0.0.4:6379", 10);
    bench.until("+switch-master", 1_000);
    assert_eq!(bench.count("+failover-end-for-timeout"), 0);
}

#[test]
fn at_the_timeout_the_rest_is_told_and_really_told() {
    let mut bench = Setup::alone(3).settled();
    bench.set(R3, |replica| replica.syncs = false);
    kill(&mut bench);
    bench.until("+promoted-slave", 4_000);
    let took = bench.until("+failover-end-for-timeout", 11_000);
    assert!((9_999..=10_002).contains(&took), "{took} ms");
    bench.run(10);
    let names = bench.names();
    let at = names.iter().position(|name| *name == "+failover-end-for-timeout").unwrap();
    let end = ["+failover-end-for-timeout", "+failover-end", "+slave-reconf-sent-be", "+switch-master"];
    assert_eq!(names[at..at + 4], end);
    assert_eq!(bench.orders("10.0.0.4:6379"), follow("10.0.0.2"), "the order leaves before the switch");
    assert_eq!(bench.fakes[&bench::addr("10.0.0.4:6379")].of, Some(bench::addr(R2)));
}

#[test]
fn a_promoted_replica_that_dies_does_not_hold_the_failover_for_ever() {
    let mut bench = Setup::alone(2).settled();
    bench.set(R3, |replica| replica.syncs = false);
    kill(&mut bench);
    bench.until("+promoted-slave", 4_000);
    bench.run(1_000);
    bench.crash(R2);
    bench.until("+switch-master mm 10.0.0.1 6379 10.0.0.2 6379", 11_000);
    bench.set(R3, |replica| replica.syncs = true);
    bench.until("+switch-master mm 10.0.0.2 6379 10.0.0.3 6379", 6_000);
}

#[test]
fn replicas_that_are_down_are_not_waited_for() {
    let mut bench = Setup::alone(2).settled();
    bench.crash(R3);
    bench.run(4_000);
    kill(&mut bench);
    bench.until("+promoted-slave", 4_000);
    let took = bench.until("+switch-master", 1_000);
    assert!(took <= 1, "{took} ms");
}

#[test]
fn the_tables_after_the_switch() {
    let mut bench = Setup::three(2).settled();
    kill(&mut bench);
    bench.until("+switch-master", 5_000);
    assert_eq!(bench.current(), "10.0.0.2:6379");
    let shown = |bench: &mut Bench, name: &str| bench.master_field(name).unwrap_or_default();
    assert_eq!(shown(&mut bench, "ip"), "10.0.0.2");
    assert_eq!(shown(&mut bench, "flags"), "master");
    assert_eq!(shown(&mut bench, "config-epoch"), "1");
    assert_eq!(shown(&mut bench, "failover-state"), "");
    assert_eq!(shown(&mut bench, "num-slaves"), "2");
    assert_eq!(shown(&mut bench, "num-other-sentinels"), "2");
    assert_eq!(shown(&mut bench, "role-reported"), "master");
    assert_eq!(shown(&mut bench, "role-reported-time"), "0");
    assert_eq!(shown(&mut bench, "runid"), "");
    for old in [MASTER, R3] {
        assert!(!bench.replica_field(old, "flags").unwrap().contains("down"), "{old}");
        assert_eq!(bench.replica_field(old, "slave-repl-offset").unwrap(), "0");
        assert_eq!(bench.replica_field(old, "runid").unwrap(), "");
    }
    assert!(bench.replica_field(R2, "flags").is_none(), "the master is no replica");
    let saved = &bench.saved.last().unwrap().groups[0];
    assert_eq!((saved.host.as_str(), saved.config_epoch, saved.leader_epoch), ("10.0.0.2", 1, 1));
    let mut replicas: Vec<&str> = saved.replicas.iter().map(|(host, _)| host.as_str()).collect();
    replicas.sort_unstable();
    assert_eq!(replicas, ["10.0.0.1", "10.0.0.3"]);
    bench.run(1_000);
    assert_eq!(shown(&mut bench, "runid"), "2".repeat(40), "it was asked for INFO at once");
}

#[test]
fn from_the_promotion_on_clients_and_peers_get_the_new_address() {
    let mut bench = Setup::three(2).settled();
    bench.set(R3, |replica| replica.syncs = false);
    kill(&mut bench);
    bench.until("+promoted-slave", 5_000);
    bench.run(5);
    assert_eq!(bench.current(), "10.0.0.2:6379");
    assert_eq!(bench.master_field("ip").unwrap(), "10.0.0.1", "not switched yet");
    assert_eq!(bench.master_field("failover-state").unwrap(), "reconf_slaves");
    let hello = bench.told(P1).into_iter().rfind(|text| text.starts_with("PUBLISH")).unwrap();
    assert!(hello.ends_with(",1,mm,10.0.0.2,6379,1"), "{hello}");
    let saved = &bench.saved.last().unwrap().groups[0];
    assert_eq!((saved.host.as_str(), saved.config_epoch), ("10.0.0.2", 1));
    assert!(saved.replicas.contains(&("10.0.0.1".to_owned(), 6379)));
}

#[test]
fn a_second_failover_is_refused_while_one_runs() {
    let mut bench = Setup::alone(2).settled();
    bench.set(R2, |replica| (replica.obeys, replica.offset) = (false, 5_000));
    assert_eq!(texts(&bench.command(&["SENTINEL", "FAILOVER", "mm"])), ["OK"]);
    let reply = texts(&bench.command(&["SENTINEL", "FAILOVER", "mm"]));
    assert_eq!(reply, ["INPROG Failover already in progress"]);
    assert!(bench.master_field("flags").unwrap().contains("failover_in_progress,force_failover"));
    assert_eq!(texts(&bench.command(&["SENTINEL", "FAILOVER", "xx"])), ["ERR No such master with that name"]);
    bench.set(R2, |replica| replica.mode = Mode::Dead);
}

#[test]
fn simulated_crashes_end_the_process_where_they_say() {
    let mut bench = Setup::alone(2).settled();
    let reply = texts(&bench.command(&["SENTINEL", "SIMULATE-FAILURE", "crash-after-election"]));
    assert_eq!(reply, ["OK"]);
    bench.command(&["SENTINEL", "FAILOVER", "mm"]);
    bench.run(100);
    assert_eq!(bench.exit, Some(99));
    assert_eq!(bench.names(), ["+new-epoch", "+try-failover", "+vote-for-leader", "+elected-leader"]);
    assert!(bench.orders(R2).is_empty());

    let mut bench = Setup::alone(2).settled();
    bench.command(&["SENTINEL", "SIMULATE-FAILURE", "crash-after-promotion"]);
    bench.set(R2, |replica| replica.offset = 5_000);
    bench.command(&["SENTINEL", "FAILOVER", "mm"]);
    bench.run(300);
    assert_eq!(bench.exit, Some(99));
    assert_eq!(bench.names().last(), Some(&"+promoted-slave"));
    assert_eq!(bench.orders(R2), NO_ONE);
    assert!(bench.orders(R3).is_empty() && bench.orders(MASTER).is_empty(), "nothing after the crash");

    let mut bench = Setup::alone(0).settled();
    let help = texts(&bench.command(&["SENTINEL", "SIMULATE-FAILURE", "help"]));
    assert_eq!(help, ["crash-after-election", "crash-after-promotion"]);
    let wrong = texts(&bench.command(&["SENTINEL", "SIMULATE-FAILURE", "x"]));
    assert_eq!(wrong, ["ERR Unknown failure simulation specified"]);
}

#[test]
fn nobody_is_sent_to_a_promoted_replica_that_is_a_replica_again() {
    let mut setup = Setup::alone(3);
    setup.group().parallel_syncs = 1;
    let mut bench = setup.settled();
    bench.crash(MASTER);
    bench.set(R2, |replica| replica.offset = 5_000);
    bench.set(R3, |replica| replica.syncs = false);
    bench.until("+slave-reconf-sent slave 10.0.0.3:6379", 6_000);
    // Another failover has promoted the last one meanwhile, and we have not heard of it.
    bench.set(R2, |replica| replica.of = Some(addr("10.0.0.4:6379")));
    bench.set("10.0.0.4:6379", |replica| replica.of = None);
    bench.until("+role-change slave 10.0.0.2:6379", 3_000);
    bench.set(R3, |replica| replica.link_up = true);
    bench.until("+slave-reconf-done slave 10.0.0.3:6379", 3_000);
    bench.run(5_000);
    assert_eq!(bench.orders("10.0.0.4:6379"), Vec::<String>::new());
}

#[test]
fn a_new_master_is_pinged_before_a_short_down_after_is_over() {
    let mut setup = Setup::alone(2);
    setup.group().down_after_ms = 1_000;
    let mut bench = setup.started();
    bench.run(15_000);
    assert_eq!(bench.count("+sdown"), 0, "nobody is held for down at the start: {:?}", bench.events);
    bench.crash(MASTER);
    bench.until("+switch-master", 6_000);
    bench.forget();
    bench.run(5_000);
    let living =
        |event: &str| event.starts_with("+sdown") && !event.starts_with("+sdown slave 10.0.0.1:6379");
    let down: Vec<_> = bench.events.iter().filter(|(_, event)| living(event)).collect();
    assert!(down.is_empty(), "{down:?}");
}

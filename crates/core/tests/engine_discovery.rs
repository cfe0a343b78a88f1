//! Replicas found in INFO: formats, names, limits.

mod bench;

use bench::fake::Fake;
use bench::{Bench, MASTER, R2, Setup, addr, texts};

/// A bench whose master lists these lines too.
fn listing(lines: &str, change: impl FnOnce(&mut Setup)) -> Bench {
    let mut setup = Setup::alone(0);
    setup.fakes.get_mut(&addr(MASTER)).expect("a master").more = lines.replace('\n', "\r\n");
    change(&mut setup);
    let mut bench = setup.started();
    bench.run(100);
    bench
}

fn found(bench: &Bench) -> Vec<&str> {
    let found = bench.events.iter().filter_map(|(_, event)| event.strip_prefix("+slave "));
    found.collect()
}

#[test]
fn both_formats_and_ipv6() {
    let bench = listing(
        "slave0:ip=10.0.0.7,port=6380,state=wait_bgsave,offset=0,lag=0\nslave1:10.0.0.8,6381,online\n\
         slave2:ip=::1,port=6390,state=online,offset=0,lag=0\nslave3:ip=10.0.0.9,port=0,state=online\n\
         slave4:ip=10.0.0.10,port=70000,state=online\n",
        |_| {},
    );
    assert_eq!(
        found(&bench),
        [
            "slave 10.0.0.7:6380 10.0.0.7 6380 @ mm 10.0.0.1 6379",
            "slave 10.0.0.8:6381 10.0.0.8 6381 @ mm 10.0.0.1 6379",
            "slave [::1]:6390 ::1 6390 @ mm 10.0.0.1 6379",
            "slave 10.0.0.9:0 10.0.0.9 0 @ mm 10.0.0.1 6379",
        ]
    );
    assert!(!bench.opened.iter().any(|(_, at)| at.port() == 0), "port 0 is never dialled");
    let saved = &bench.saved.last().unwrap().groups[0].replicas;
    assert!(saved.contains(&("::1".to_owned(), 6390)) && saved.len() == 4);
}

#[test]
fn a_found_replica_stays_and_is_found_once() {
    let mut bench = listing("", |setup| {
        setup.fakes.insert(addr(R2), Fake::replica(2, MASTER));
    });
    bench.run(15_000);
    bench.crash(R2);
    bench.run(30_000);
    assert_eq!(found(&bench).len(), 1);
    assert_eq!(bench.master_field("num-slaves").unwrap(), "1");
    assert_eq!(bench.count("+sdown slave 10.0.0.2:6379"), 1);
}

#[test]
fn a_master_that_lists_itself_is_not_its_own_replica() {
    let mut bench = listing("slave0:ip=10.0.0.1,port=6379,state=online,offset=0,lag=0\n", |_| {});
    bench.run(30_000);
    assert!(found(&bench).is_empty());
    assert!(bench.orders(MASTER).is_empty());
}

#[test]
fn at_most_a_thousand() {
    let lines: String = (0..3_000)
        .map(|n| format!("slave{n}:ip=10.1.{}.{},port=6379,state=online\n", n / 250, n % 250))
        .collect();
    let mut bench = listing(&lines, |_| {});
    assert_eq!(bench.master_field("num-slaves").unwrap(), "1000");
}

#[test]
fn names_are_refused_unless_they_may_be_resolved() {
    let bench = listing("slave0:ip=replica.example,port=6379,state=online\n", |_| {});
    assert!(found(&bench).is_empty() && bench.lookups.is_empty());
    assert!(bench.log.contains(&"Failed to resolve hostname 'replica.example'".to_owned()));
}

#[test]
fn names_are_looked_up_and_shown_as_configured() {
    for (announce, shown) in [(false, "10.0.0.7"), (true, "replica.example")] {
        let mut bench = listing("slave0:ip=replica.example,port=6379,state=online\n", |setup| {
            setup.config.global.resolve_hostnames = true;
            setup.config.global.announce_hostnames = announce;
            setup.fakes.insert(addr("10.0.0.7:6379"), Fake::replica(7, MASTER));
            setup.fakes.get_mut(&addr(MASTER)).unwrap().lists = false;
        });
        let infos = |bench: &Bench| bench.told(MASTER).iter().filter(|text| *text == "INFO").count();
        bench.run(3_000);
        assert_eq!(infos(&bench), 1, "not asked in a loop while the name is looked up");
        bench.resolved(Some("10.0.0.7"));
        bench.run(100);
        let slave = format!("slave {shown}:6379 {shown} 6379 @ mm 10.0.0.1 6379");
        assert_eq!(found(&bench), [slave.as_str()], "and found as soon as it is known");
        assert_eq!(bench.open_links("10.0.0.7:6379"), 2);
        assert_eq!(bench.saved.last().unwrap().groups[0].replicas, [(shown.to_owned(), 6379)]);
        bench.run(1_000);
        bench.command(&["SENTINEL", "FAILOVER", "mm"]);
        bench.until("+switch-master", 2_000);
        assert_eq!(bench.current(), format!("{shown}:6379"));
    }
}

#[test]
fn a_name_that_has_no_address_is_skipped() {
    let mut bench = listing("slave0:ip=replica.example,port=6379,state=online\n", |setup| {
        setup.config.global.resolve_hostnames = true;
    });
    bench.resolved(None);
    bench.run(5_000);
    assert!(found(&bench).is_empty());
    assert!(bench.log.contains(&"Failed to resolve hostname 'replica.example'".to_owned()));
}

#[test]
fn a_server_whose_name_moves_is_followed() {
    let mut bench = listing("", |setup| {
        setup.config.global.resolve_hostnames = true;
        setup.group().host = "redis.example".into();
        setup.fakes.insert(addr("10.0.0.99:6379"), Fake::master(1));
    });
    bench.resolved(Some("10.0.0.1"));
    bench.run(5_000);
    assert_eq!((bench.current(), bench.open_links(MASTER)), ("10.0.0.1:6379".to_owned(), 2));
    bench.forget();
    bench.lookups.clear();
    bench.crash(MASTER);
    bench.run(100);
    bench.resolved(Some("10.0.0.99"));
    bench.run(10);
    assert_eq!((bench.current(), bench.open_links("10.0.0.99:6379")), ("10.0.0.99:6379".to_owned(), 2));
    // The same address again changes nothing in the rhythm of attempts.
    bench.crash("10.0.0.99:6379");
    bench.forget();
    for _ in 0..135 {
        bench.run(37);
        while !bench.lookups.is_empty() {
            bench.resolved(Some("10.0.0.99"));
        }
    }
    let tries = bench.opened.len();
    assert!((8..=12).contains(&tries), "two connections once a second for five seconds, {tries} tries");
}

#[test]
fn one_that_is_not_to_be_announced_is_hidden_and_promoted_all_the_same() {
    let mut bench = Setup::alone(1).settled();
    bench.set(R2, |replica| replica.announced = false);
    bench.run(11_000);
    assert!(texts(&bench.command(&["SENTINEL", "REPLICAS", "mm"])).is_empty());
    assert_eq!(bench.master_field("num-slaves").unwrap(), "1");
    bench.crash(MASTER);
    bench.until("+switch-master mm 10.0.0.1 6379 10.0.0.2 6379", 5_000);
}

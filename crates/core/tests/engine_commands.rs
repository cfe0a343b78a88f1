//! What RESET, MONITOR, REMOVE and SET change at once, and what they leave.

mod bench;

use bench::fake::{Fake, Mode};
use bench::{Bench, ID1, MASTER, P1, P2, R2, R3, Setup, addr, texts};

fn length(bench: &mut Bench, list: &str) -> usize {
    let watchkeeper_resp::Frame::Array(items) = bench.command(&["SENTINEL", list, "mm"]) else {
        panic!("no array")
    };
    items.len()
}

#[test]
fn reset_forgets_everybody_and_keeps_address_and_epochs() {
    let mut bench = Setup::three(2).settled();
    bench.hello(P1, ID1, 9, MASTER, 9);
    bench.run(100);
    bench.forget();
    assert_eq!(texts(&bench.command(&["SENTINEL", "RESET", "m*"])), ["1"]);
    assert_eq!(bench.names(), ["+reset-master"]);
    assert_eq!((length(&mut bench, "REPLICAS"), length(&mut bench, "SENTINELS")), (0, 0));
    assert_eq!((bench.open_links(R2), bench.open_links(P1)), (0, 0));
    assert!(bench.saved.is_empty(), "the file is left as it is");
    assert_eq!(bench.master_field("config-epoch").unwrap(), "9");
    assert_eq!(bench.master_field("runid").unwrap(), "");
    assert_eq!(bench.master_field("flags").unwrap(), "master");
    assert_eq!(bench.current(), "10.0.0.1:6379");
    bench.run(10_010);
    assert_eq!(length(&mut bench, "REPLICAS"), 2, "back with the next INFO");
    bench.hello(P1, ID1, 9, MASTER, 9);
    assert_eq!(length(&mut bench, "SENTINELS"), 1);
    assert_eq!(texts(&bench.command(&["SENTINEL", "RESET", "x*"])), ["0"]);
}

#[test]
fn reset_before_the_promotion_drops_the_failover() {
    let mut bench = Setup::three(1).settled();
    bench.set(R2, |replica| replica.obeys = false);
    bench.command(&["SENTINEL", "FAILOVER", "mm"]);
    bench.until("+failover-state-wait-promotion", 1_000);
    bench.command(&["SENTINEL", "RESET", "mm"]);
    assert_eq!(bench.master_field("failover-state"), None);
    // It becomes master nevertheless: a stray one, which is put right.
    bench.set(R2, |replica| (replica.of, replica.obeys) = (None, true));
    bench.run(20_000);
    assert_eq!(bench.current(), "10.0.0.1:6379");
    assert_eq!(bench.count("+promoted-slave"), 0);
}

#[test]
fn reset_after_the_promotion_completes_the_switch() {
    let mut bench = Setup::three(2).settled();
    bench.set(R2, |replica| replica.offset = 5_000);
    bench.set(R3, |replica| replica.syncs = false);
    bench.crash(MASTER);
    bench.until("+promoted-slave", 5_000);
    bench.run(500);
    bench.command(&["SENTINEL", "RESET", "mm"]);
    bench.until("+switch-master mm 10.0.0.1 6379 10.0.0.2 6379", 1);
    bench.until("+reset-master master mm 10.0.0.2 6379", 1);
    assert_eq!(bench.current(), "10.0.0.2:6379", "what was told to everybody is not taken back");
    assert_eq!(bench.master_field("config-epoch").unwrap(), "1");
}

#[test]
fn monitor_and_remove() {
    let mut bench = Setup::three(1).settled();
    bench.fakes.insert(addr("10.0.5.1:7000"), Fake::master(5));
    assert_eq!(texts(&bench.command(&["SENTINEL", "MONITOR", "other", "10.0.5.1", "7000", "3"])), ["OK"]);
    assert_eq!(bench.events.last().unwrap().1, "+monitor master other 10.0.5.1 7000 quorum 3");
    bench.run(10);
    assert_eq!(bench.open_links("10.0.5.1:7000"), 2);
    let again = bench.command(&["SENTINEL", "MONITOR", "other", "10.0.5.1", "7000", "3"]);
    assert_eq!(texts(&again), ["ERR Duplicate master name."]);
    for (words, error) in [
        (["a", "10.0.5.1", "7000", "0"], "ERR Quorum must be 1 or greater."),
        (["a", "10.0.5.1", "7000", "x"], "ERR Invalid quorum"),
        (["a", "10.0.5.1", "70000", "1"], "ERR Invalid port number."),
        (["a", "redis.example", "7000", "1"], "ERR Invalid IP address or hostname specified"),
    ] {
        let reply = bench.command(&[&["SENTINEL", "MONITOR"][..], &words].concat());
        assert_eq!(texts(&reply), [error]);
    }
    assert_eq!(texts(&bench.command(&["SENTINEL", "REMOVE", "mm"])), ["OK"]);
    assert_eq!(bench.events.last().unwrap().1, "-monitor master mm 10.0.0.1 6379");
    for gone in [MASTER, R2, P1, P2] {
        assert_eq!(bench.open_links(gone), 0, "{gone}");
    }
    let names: Vec<_> = bench.saved.last().unwrap().groups.iter().map(|group| group.name.0.clone()).collect();
    assert_eq!(names, ["other"]);
    bench.forget();
    bench.run(5_000);
    assert!(bench.told(MASTER).is_empty());
}

#[test]
fn removing_a_group_keeps_a_shared_link() {
    let mut bench = Setup::three(1).settled();
    bench.fakes.insert(addr("10.0.5.1:7000"), Fake::master(5));
    bench.command(&["SENTINEL", "MONITOR", "other", "10.0.5.1", "7000", "3"]);
    let hello = format!("10.0.1.1,26379,{ID1},0,other,10.0.5.1,7000,0");
    bench.command(&["PUBLISH", "__sentinel__:hello", &hello]);
    assert_eq!(bench.open_links(P1), 1, "one link for both groups");
    bench.command(&["SENTINEL", "REMOVE", "mm"]);
    assert_eq!((bench.open_links(P1), bench.open_links(P2)), (1, 0));
}

#[test]
fn new_credentials_reopen_the_links_to_servers() {
    for option in ["auth-pass", "auth-user"] {
        let mut setup = Setup::three(1);
        setup.group().auth_pass = Some(b"old".to_vec());
        let mut bench = setup.settled();
        assert_eq!(texts(&bench.command(&["SENTINEL", "SET", "mm", option, "new"])), ["OK"]);
        let shown = if option == "auth-pass" { "******" } else { "new" };
        assert_eq!(bench.events[0].1, format!("+set master mm 10.0.0.1 6379 {option} {shown}"));
        bench.run(1_100);
        let auth = if option == "auth-pass" { "AUTH new" } else { "AUTH new old" };
        for server in [MASTER, R2] {
            assert_eq!(
                bench.told(server).iter().filter(|text| *text == auth).count(),
                2,
                "{option} {server}"
            );
        }
        assert!(!bench.opened.iter().any(|(_, at)| *at == addr(P1)), "the peers' links stay");
        assert_eq!(bench.count("+sdown"), 0);
    }
}

#[test]
fn renamed_commands_are_used_everywhere() {
    let words = [
        "PING",
        "INFO",
        "CLIENT",
        "SUBSCRIBE",
        "PUBLISH",
        "MULTI",
        "SLAVEOF",
        "CONFIG",
        "EXEC",
        "AUTH",
        "SCRIPT",
    ];
    let mut setup = Setup::three(1);
    setup.group().auth_pass = Some(b"x".to_vec());
    setup.group().renames = words.iter().map(|word| ((*word).to_owned(), format!("{word}2"))).collect();
    setup.group().renames.push(("sentinel".into(), "SENTINEL2".into()));
    let mut bench = setup.settled();
    bench.command(&["SENTINEL", "FAILOVER", "mm"]);
    bench.run(100);
    bench.set(MASTER, |master| master.ping = "-BUSY");
    bench.set(R2, |master| master.ping = "-BUSY");
    bench.run(5_000);
    bench.cut(MASTER);
    bench.run(3_000);
    for (_, to, argv) in &bench.sent {
        assert!(argv[0].ends_with('2'), "{argv:?} to {to}");
    }
    let all = [bench.told(R2), bench.told(P1), bench.told(MASTER)].concat();
    for word in [
        "PING2",
        "INFO2",
        "MULTI2",
        "SLAVEOF2 NO ONE",
        "CONFIG2 REWRITE",
        "EXEC2",
        "AUTH2 x",
        "SUBSCRIBE2",
        "SCRIPT2 KILL",
        "SENTINEL2 is-master",
    ] {
        assert!(all.iter().any(|text| text.starts_with(word)), "{word}");
    }
}

#[test]
fn a_rename_set_at_run_time_is_used_at_once() {
    let mut bench = Setup::three(1).settled();
    let reply = bench.command(&["SENTINEL", "SET", "mm", "rename-command", "PING", "PING2"]);
    assert_eq!(texts(&reply), ["OK"]);
    assert_eq!(bench.events[0].1, "+set master mm 10.0.0.1 6379 rename-command PING PING2");
    bench.run(2_000);
    for to in [MASTER, R2, P1] {
        let told = bench.told(to);
        assert!(told.contains(&"PING2".to_owned()) && !told.contains(&"PING".to_owned()), "{to}: {told:?}");
    }
    bench.command(&["SENTINEL", "SET", "mm", "rename-command", "PING", "PING"]);
    bench.forget();
    bench.run(2_000);
    assert!(bench.told(MASTER).contains(&"PING".to_owned()));
}

#[test]
fn quorum_and_down_after_hold_at_once() {
    let mut bench = Setup::three(1).settled();
    bench.blind_peers();
    bench.set(MASTER, |master| master.mode = Mode::Hung);
    bench.until("+sdown master", 4_000);
    bench.run(1_500);
    bench.command(&["SENTINEL", "SET", "mm", "down-after-milliseconds", "60000"]);
    bench.until("-sdown master", 0);
    bench.command(&["SENTINEL", "SET", "mm", "down-after-milliseconds", "2000"]);
    bench.until("+sdown master", 0);
    assert_eq!(bench.count("+odown"), 0);
    bench.command(&["SENTINEL", "SET", "mm", "quorum", "1"]);
    bench.until("+odown master mm 10.0.0.1 6379 #quorum 1/1", 0);
    let replica = bench.replica_field(R2, "down-after-milliseconds").unwrap();
    assert_eq!(replica, "2000");
}

#[test]
fn a_bad_option_stops_and_those_before_it_stay() {
    let mut bench = Setup::three(1).settled();
    let reply = bench.command(&[
        "SENTINEL",
        "SET",
        "mm",
        "quorum",
        "3",
        "failover-timeout",
        "-20",
        "parallel-syncs",
        "7",
    ]);
    assert_eq!(texts(&reply), ["ERR Invalid argument '-20' for SENTINEL SET 'failover-timeout'"]);
    assert_eq!(bench.names(), ["+set"]);
    assert_eq!(bench.master_field("quorum").unwrap(), "3");
    assert_eq!(bench.master_field("parallel-syncs").unwrap(), "1");
    assert_eq!(bench.saved.last().unwrap().groups[0].quorum, 3);
    let reply = bench.command(&["SENTINEL", "SET", "mm", "fakeoption", "x"]);
    assert_eq!(texts(&reply), ["ERR Unknown option or number of arguments for SENTINEL SET 'fakeoption'"]);
    bench.script_ok = false;
    bench.command(&["SENTINEL", "SET", "mm", "notification-script", "/no"]);
    assert_eq!(texts(&bench.reply()), ["ERR Notification script seems non existing or non executable"]);
}

#[test]
fn new_credentials_for_peers_reopen_their_links() {
    let mut bench = Setup::three(1).settled();
    bench.command(&["SENTINEL", "CONFIG", "SET", "sentinel-pass", "secret"]);
    bench.run(1_100);
    for peer in [P1, P2] {
        assert!(bench.told(peer).contains(&"AUTH secret".to_owned()));
    }
    assert!(!bench.opened.iter().any(|(_, at)| *at == addr(MASTER)));
}

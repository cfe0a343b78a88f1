//! Names that lead elsewhere while all is connected, or nowhere, or to somebody else.

mod bench;

use bench::fake::Fake;
use bench::names::{Names, run};
use bench::{Bench, ID1, ID2, MASTER, P1, P2, R2, R3, Setup, addr};

/// A master that lists the replicas `a` and `b`, at the second and third server's addresses.
fn two_replicas() -> (Bench, Names) {
    let mut setup = Setup::alone(2);
    setup.config.global.resolve_hostnames = true;
    setup.config.global.announce_hostnames = true;
    let master = setup.fakes.get_mut(&addr(MASTER)).expect("a master");
    master.lists = false;
    master.more = "slave0:ip=a,port=6379,state=online\r\nslave1:ip=b,port=6379,state=online\r\n".to_owned();
    let names = Names::from([("a", vec!["10.0.0.2"]), ("b", vec!["10.0.0.3"])]);
    let mut bench = setup.started();
    run(&mut bench, &names, 15_000);
    assert_eq!((bench.open_links(R2), bench.open_links(R3)), (2, 2));
    bench.forget();
    (bench, names)
}

fn flags(bench: &mut Bench, replica: &str) -> String {
    bench.replica_field(replica, "flags").expect("a known replica")
}

#[test]
fn connections_follow_a_name_that_moves() {
    const ELSEWHERE: &str = "10.0.0.9:6379";
    let (mut bench, mut names) = two_replicas();
    bench.fakes.insert(addr(ELSEWHERE), Fake::replica(9, MASTER));
    names.insert("a", vec!["10.0.0.9"]);
    run(&mut bench, &names, 11_000);
    assert_eq!(
        (bench.open_links(R2), bench.open_links(ELSEWHERE)),
        (0, 2),
        "whoever answers there is not `a`"
    );
    assert_eq!(bench.count("+sdown"), 0);
}

#[test]
fn the_order_of_many_addresses_is_of_no_concern_while_one_serves() {
    let (mut bench, mut names) = two_replicas();
    names.insert("a", vec!["10.0.0.9", "10.0.0.2"]);
    run(&mut bench, &names, 11_000);
    assert_eq!((bench.opened.len(), bench.open_links(R2)), (0, 2));
}

#[test]
fn an_address_that_went_to_another_name_is_given_up() {
    let (mut bench, mut names) = two_replicas();
    names.remove("a");
    bench.crash(R2);
    run(&mut bench, &names, 5_000);
    assert_eq!(flags(&mut bench, "a:6379"), "s_down,slave,disconnected");
    // `b` is started again where `a` was.
    names.remove("b");
    bench.crash(R3);
    run(&mut bench, &names, 5_000);
    names.insert("b", vec!["10.0.0.2"]);
    bench.fakes.insert(addr(R2), Fake::replica(3, MASTER));
    run(&mut bench, &names, 11_000);
    assert_eq!(flags(&mut bench, "b:6379"), "slave");
    assert_eq!(flags(&mut bench, "a:6379"), "s_down,slave,disconnected", "what answers there is `b`");
    assert_eq!(bench.open_links(R2), 2);
    // And `a` is found again where it is now.
    names.insert("a", vec!["10.0.0.3"]);
    bench.fakes.insert(addr(R3), Fake::replica(2, MASTER));
    run(&mut bench, &names, 11_000);
    assert_eq!((flags(&mut bench, "a:6379"), bench.open_links(R3)), ("slave".to_owned(), 2));
}

#[test]
fn an_address_that_nobody_else_has_is_kept_when_the_resolver_fails() {
    let (mut bench, _) = two_replicas();
    bench.crash(R2);
    run(&mut bench, &Names::new(), 5_000);
    bench.fakes.insert(addr(R2), Fake::replica(2, MASTER));
    run(&mut bench, &Names::new(), 5_000);
    assert_eq!(flags(&mut bench, "a:6379"), "slave");
}

/// We and two peers that are known by name; all three must see the master down.
fn named_peers() -> Bench {
    let mut setup = Setup::three(1);
    setup.config.global.resolve_hostnames = true;
    setup.group().quorum = 3;
    for (peer, name) in setup.group().peers.iter_mut().zip(["p1", "p2"]) {
        peer.host = name.to_owned();
    }
    setup.started()
}

#[test]
fn whoever_has_the_address_of_a_peer_does_not_answer_for_it() {
    for (other, down) in [("10.0.1.1", 1), ("10.0.1.2", 0)] {
        let names = Names::from([("p1", vec![other]), ("p2", vec!["10.0.1.2"])]);
        let mut bench = named_peers();
        run(&mut bench, &names, 15_000);
        bench.crash(MASTER);
        run(&mut bench, &names, 5_000);
        assert_eq!(bench.count("+odown"), down, "one sentinel has one voice");
        let told = format!("`p1` leads to sentinel {ID2} and not to {ID1}: connection closed");
        assert_eq!(bench.log.contains(&told), down == 0);
    }
}

#[test]
fn a_peer_that_does_not_say_who_it_is_is_believed() {
    let names = Names::from([("p1", vec!["10.0.1.1"]), ("p2", vec!["10.0.1.2"])]);
    let mut bench = named_peers();
    [P1, P2].iter().for_each(|peer| bench.set(peer, |peer| peer.id = "OK"));
    run(&mut bench, &names, 15_000);
    bench.crash(MASTER);
    run(&mut bench, &names, 5_000);
    assert_eq!(bench.count("+odown"), 1);
}

//! Hello messages: who is found, who moves, whose configuration is taken, what is thrown away.

mod world;

use world::{Disk, ME, Peer, Setup, State, World, hello_text, id, master, peer, replica};

fn world() -> World {
    let mut w = World::new(&Setup::default());
    w.start();
    w
}

/// Names of events, without those of links.
fn names(w: &World) -> Vec<&str> {
    w.names().into_iter().filter(|n| !n.ends_with("-link-reconnection")).collect()
}

#[test]
fn a_new_sentinel_is_found_and_kept() {
    let mut w = world();
    w.peers.insert(peer(3), Peer { id: id('9'), ..Peer::default() });
    w.hello(3, 0, 0, master(0), 0);
    assert!(w.saw(&format!("+sentinel sentinel {} 10.1.0.3 26379 @ g0 10.0.0.1 6379", id('9'))));
    w.run(3_000);
    assert!(!w.heard_by(peer(3), "PING").is_empty() && !w.heard_by(peer(3), "PUBLISH").is_empty());
    assert_eq!(w.on_disk.groups[0].peers.len(), 3);
    w.hello(3, 0, 0, master(0), 0);
    assert_eq!(names(&w), ["+sentinel"]);
}

/// What was sent straight to peer 1 in half a minute, during which a server passes hellos of it on, or does not.
fn told_straight(passed_on: bool) -> usize {
    let mut w = world();
    w.run(5_000);
    w.forget();
    let before = w.heard_by(peer(1), "PUBLISH").len();
    for _ in 0..15 {
        w.run(2_000);
        if passed_on {
            w.hello(1, 0, 0, master(0), 0);
        }
    }
    w.heard_by(peer(1), "PUBLISH").len() - before
}

#[test]
fn a_peer_that_servers_pass_on_is_told_straight_only_now_and_then() {
    let (often, seldom) = (told_straight(false), told_straight(true));
    assert!((14..=16).contains(&often), "{often} in half a minute");
    assert!((2..=5).contains(&seldom), "{seldom} in half a minute");
}

#[test]
fn a_hello_that_says_nothing_new_is_noticed_until_our_own_configuration_changes() {
    let mut w = world();
    w.hello(1, 0, 3, replica(0, 1), 3);
    assert!(w.saw("+switch-master g0 10.0.0.1 6379"));
    w.forget();
    for _ in 0..3 {
        w.hello(1, 0, 3, replica(0, 1), 3);
    }
    w.hello(2, 0, 4, replica(0, 2), 4);
    // The first peer still says what it said: that is old now, and changes nothing.
    w.hello(1, 0, 3, replica(0, 1), 3);
    w.run(5_000);
    assert_eq!(w.count("+switch-master"), 1);
    w.hello(1, 0, 5, replica(0, 1), 5);
    assert_eq!(w.count("+switch-master"), 2);
}

#[test]
fn a_sentinel_that_moves_is_followed_in_all_groups() {
    let mut w = World::new(&Setup { groups: 2, ..Setup::default() });
    w.start();
    w.peers.insert(peer(9), Peer { id: id('7'), ..Peer::default() });
    w.crash(peer(1));
    w.hello(9, 0, 0, master(0), 0);
    let expected =
        ["+sentinel-address-switch", "-dup-sentinel", "+sentinel-address-update"].map(str::to_owned);
    assert_eq!(names(&w), expected);
    assert!(w.saw(&format!(
        "+sentinel-address-switch master g0 10.0.0.1 6379 ip 10.1.0.9 port 26379 for {}",
        id('7')
    )));
    assert!(w.saw("+sentinel-address-update sentinel"));
    assert!(w.events.iter().any(|(_, text)| text.ends_with(" 1 additional matching instances")));
    w.run(3_000);
    assert!(!w.heard_by(peer(9), "PING").is_empty());
    let opened = w.opened.iter().filter(|(_, to)| *to == peer(9)).count();
    assert_eq!(opened, 1, "one connection for both groups");
    for group in &w.on_disk.groups {
        assert_eq!(group.peers.len(), 2);
        assert!(group.peers.iter().any(|p| p.host == "10.1.0.9" && p.id.0 == id('7')));
    }
}

#[test]
fn another_id_at_a_known_address_replaces_the_old_one_everywhere() {
    let mut w = World::new(&Setup { groups: 2, ..Setup::default() });
    w.start();
    let text = hello_text(peer(1), &id('a'), 0, 0, master(0), 0);
    w.publish_to(0, &text);
    assert_eq!(names(&w), ["+sentinel-invalid-addr", "-dup-sentinel", "+sentinel"]);
    w.run(100);
    let ids = |g: usize| w.on_disk.groups[g].peers.iter().map(|p| p.id.0.clone()).collect::<Vec<_>>();
    assert_eq!(ids(0).len(), 2);
    assert!(ids(0).contains(&id('a')) && !ids(0).contains(&id('7')));
    assert_eq!(ids(1), [id('8')]);
}

#[test]
fn all_ids_at_an_address_are_replaced_by_a_new_one() {
    let mut w = World::new(&Setup { groups: 2, ..Setup::default() });
    w.start();
    // A sentinel was started with the file of another: its address is that one's now, and still its own.
    w.publish_to(0, &hello_text(peer(1), &id('8'), 0, 0, master(0), 0));
    w.events.clear();
    w.publish_to(0, &hello_text(peer(1), &id('a'), 0, 0, master(0), 0));
    let replaced = ["+sentinel-invalid-addr", "-dup-sentinel"];
    assert_eq!(names(&w), [replaced, replaced].concat().into_iter().chain(["+sentinel"]).collect::<Vec<_>>());
    w.run(100);
    let ids = |w: &World| w.on_disk.groups[0].peers.iter().map(|p| p.id.0.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&w), [id('a')]);
    // What it says of itself brings the other back.
    w.publish_to(0, &hello_text(peer(2), &id('8'), 0, 0, master(0), 0));
    w.run(100);
    assert_eq!(ids(&w).len(), 2);
}

#[test]
fn a_newer_epoch_is_taken_over_and_written() {
    let mut w = world();
    w.hello(1, 0, 12, master(0), 0);
    w.run(10);
    assert_eq!(w.events.last().unwrap().1, "+new-epoch 12");
    assert_eq!(w.on_disk.global.current_epoch, 12);
    w.hello(2, 0, 11, master(0), 0);
    assert_eq!(names(&w), ["+new-epoch"]);
}

#[test]
fn a_newer_configuration_with_the_same_master_is_silent_and_written() {
    let mut w = world();
    w.hello(1, 0, 0, master(0), 5);
    w.run(10);
    assert_eq!(names(&w), [""; 0]);
    assert_eq!(w.on_disk.groups[0].config_epoch, 5);
    assert_eq!(w.address(0), "10.0.0.1:6379");
}

#[test]
fn a_newer_configuration_moves_the_group_and_an_equal_one_does_not() {
    let mut w = world();
    w.hello(1, 0, 3, replica(0, 2), 3);
    let expected = ["+new-epoch", "+config-update-from", "+switch-master", "+slave", "+slave"];
    assert_eq!(names(&w), expected);
    assert_eq!(w.address(0), "10.0.0.3:6379");
    w.hello(2, 0, 3, replica(0, 1), 3);
    w.hello(2, 0, 3, replica(0, 1), 2);
    assert_eq!(w.address(0), "10.0.0.3:6379");
    w.run(10);
    let group = &w.on_disk.groups[0];
    assert_eq!((group.host.as_str(), group.config_epoch), ("10.0.0.3", 3));
}

#[test]
fn a_newer_configuration_ends_our_own_failover() {
    let mut w = world();
    w.peers.values_mut().for_each(|peer| peer.sees_down = true);
    w.server(replica(0, 1)).stubborn = true;
    w.server(replica(0, 1)).offset = 9_999;
    w.crash(master(0));
    w.run_to("+failover-state-wait-promotion");
    w.hello(1, 0, 7, replica(0, 2), 7);
    assert_eq!(w.address(0), "10.0.0.3:6379");
    w.server(replica(0, 2)).follows = None;
    w.peers.values_mut().for_each(|peer| peer.sees_down = false);
    w.run(30_000);
    assert_eq!(w.address(0), "10.0.0.3:6379");
    assert!(!w.saw("+promoted-slave"), "{:?}", w.names());
    assert_eq!(w.count("+try-failover"), 1);
}

#[test]
fn our_own_hello_and_those_of_our_id_make_no_peer() {
    let mut w = world();
    let text = hello_text(peer(5), ME, 40, 0, replica(0, 1), 40);
    w.publish_to(0, &text);
    assert_eq!(w.ask(&format!("PUBLISH __sentinel__:hello {text}")), watchkeeper_resp::Frame::Integer(1));
    w.run(100);
    assert_eq!(names(&w), [""; 0]);
    assert_eq!(w.on_disk.groups[0].peers.len(), 2);
}

#[test]
fn garbage_changes_nothing() {
    let mut w = world();
    let good = hello_text(peer(1), &id('7'), 5, 0, replica(0, 1), 5);
    let garbage = [
        String::new(),
        "hello".into(),
        ",,,,,,,".into(),
        good.clone() + ",x",
        good.replace(",g0,", ",nobody,"),
        good.replacen(",5,", ",-1,", 1),
        good.replacen(",5,", ",18446744073709551615,", 1),
        good.replacen(",5,", ",9223372036854775808,", 1),
        good.clone() + "000000000000000000000000",
        good.replace("26379", "70000"),
        good.replace("26379", "-1"),
        good.replace("10.1.0.1", "not an address"),
        good.replace("10.1.0.1", "some.name"),
        good.replace("10.0.0.2", "some.name"),
        good.replace("7777", "77\n77"),
    ];
    for text in garbage {
        w.publish_to(0, &text);
        let client = w.client();
        w.send(client, &["PUBLISH", "__sentinel__:hello", &text]);
        assert_eq!(w.reply(client), Some(watchkeeper_resp::Frame::Integer(1)));
        w.run(100);
        assert_eq!(names(&w), [""; 0], "{text:?}");
    }
    assert_eq!(w.on_disk.global.current_epoch, 0);
    assert_eq!(w.on_disk.groups[0].peers.len(), 2);
    assert_eq!(w.address(0), "10.0.0.1:6379");
    w.publish_to(0, &good);
    assert!(w.saw("+switch-master"), "and the good one works");
}

#[test]
fn names_that_cannot_be_looked_up_are_not_adopted_and_those_that_can_are() {
    let mut config = Setup::default().config();
    config.global.resolve_hostnames = true;
    let mut w = World::with(config);
    w.add_server(master(0), None);
    w.add_server(replica(0, 1), Some(master(0)));
    w.peers.insert(peer(1), Peer { id: id('7'), ..Peer::default() });
    w.start();
    let text = hello_text(peer(1), &id('7'), 5, 0, replica(0, 1), 5).replace("10.0.0.2", "db2.example");
    w.publish_to(0, &text);
    w.run(100);
    assert_eq!(w.address(0), "10.0.0.1:6379");
    assert_eq!(w.on_disk.groups[0].config_epoch, 0, "no epoch without its master");
    assert_eq!(w.on_disk.global.current_epoch, 0);
    w.names.insert("db2.example".into(), replica(0, 1).ip());
    w.run(2_000);
    w.publish_to(0, &text);
    w.run(100);
    assert_eq!(w.address(0), "10.0.0.2:6379");
}

#[test]
fn hellos_go_out_every_two_seconds_to_servers_and_peers() {
    let mut w = world();
    w.run(20_000);
    for at in [master(0), replica(0, 1), replica(0, 2), peer(1), peer(2)] {
        let count = w.heard_by(at, "PUBLISH __sentinel__:hello 10.9.9.9,26379,").len();
        assert!((9..=11).contains(&count), "{count} hellos to {at} in 20 s");
    }
}

#[test]
fn an_epoch_that_cannot_be_written_is_not_announced() {
    let mut w = world();
    w.disk = Disk::Fails(1);
    w.hello(1, 0, 12, master(0), 0);
    w.run(100);
    assert!(!w.saw("+new-epoch"));
    assert_eq!(w.server(master(0)).state, State::Up);
}

/// Everybody follows the first replica since epoch 1; then peer 2 says that the second replica is the master, in epoch 1 too.
fn tie(setup: &Setup) -> World {
    let mut w = World::new(setup);
    w.start();
    w.server(replica(0, 1)).follows = None;
    w.server(master(0)).follows = Some(replica(0, 1));
    w.hello(1, 0, 1, replica(0, 1), 1);
    w.run(15_000);
    w.forget();
    w.hello(2, 0, 1, replica(0, 2), 1);
    w.run(100);
    w
}

#[test]
fn of_two_masters_in_one_epoch_the_one_of_the_smaller_id_is_confirmed() {
    let w = tie(&Setup::default());
    assert_eq!(w.events.iter().filter(|(_, event)| event == "+new-epoch 2").count(), 1, "{:?}", w.events);
    let told = format!(",2,g0,{},{},2", replica(0, 1).ip(), replica(0, 1).port());
    assert!(w.heard_by(peer(2), "PUBLISH").iter().any(|(_, hello)| hello.ends_with(&told)), "{:?}", w.heard);
    assert_eq!(w.on_disk.groups[0].config_epoch, 2, "and it was on disk before");

    // Of the two the other one's id is smaller: it will speak.
    let w = tie(&Setup { peer_ids: vec![id('7'), id('3')], ..Setup::default() });
    assert!(!w.saw("+new-epoch"), "{:?}", w.events);
    assert!(!w.saw("+switch-master"), "{:?}", w.events);
}

#[test]
fn a_tie_is_not_settled_for_a_master_that_is_not_fit_to_be_one() {
    let mut w = World::new(&Setup::default());
    w.start();
    w.server(replica(0, 1)).follows = None;
    w.hello(1, 0, 1, replica(0, 1), 1);
    w.run(15_000);
    w.crash(replica(0, 1));
    w.run_to("+sdown master");
    w.forget();
    w.hello(2, 0, 1, replica(0, 2), 1);
    w.run(10);
    assert!(!w.logged("is confirmed in epoch"), "{:?}", w.logs);
}

#[test]
fn whom_a_master_follows_is_known_to_one_who_was_reset() {
    let mut w = World::new(&Setup { replicas: 1, ..Setup::default() });
    w.start();
    w.server(replica(0, 1)).follows = None;
    w.server(master(0)).follows = Some(replica(0, 1));
    w.ask("SENTINEL RESET g0");
    w.forget();
    w.run(12_000);
    assert!(w.saw("+slave slave 10.0.0.2:6379 10.0.0.2 6379 @ g0 10.0.0.1 6379"), "{:?}", w.events);
}

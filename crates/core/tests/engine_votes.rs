//! Votes: to whom, once, and never before they are on disk.

mod world;

use watchkeeper_resp::Frame;
use world::{Disk, ME, Setup, Voting, World, id, master, vote};

fn world() -> World {
    let mut w = World::new(&Setup::default());
    w.start();
    w
}

/// What the real one answered to the same requests, in the same order.
#[test]
fn votes_are_given_as_by_redis() {
    let mut w = world();
    let (a, b, c) = (id('a'), id('b'), id('c'));
    let mut ask = |epoch, id: &str| w.vote_request(master(0), epoch, id).unwrap();
    assert_eq!(ask(10, "*"), vote(false, "*", 0));
    assert_eq!(ask(5, &a), vote(false, &a, 5));
    assert_eq!(ask(5, &b), vote(false, &a, 5));
    assert_eq!(ask(4, &b), vote(false, &a, 5));
    assert_eq!(ask(6, "*"), vote(false, "*", 0));
    assert_eq!(ask(6, &b), vote(false, &b, 6));
    assert_eq!(ask(0, &c), vote(false, &b, 6));
    let events: Vec<&str> = w.events.iter().map(|(_, text)| text.as_str()).collect();
    let expected = [
        "+new-epoch 5".to_owned(),
        format!("+vote-for-leader {a} 5"),
        "+new-epoch 6".to_owned(),
        format!("+vote-for-leader {b} 6"),
    ];
    assert_eq!(events, expected);
    assert_eq!(w.vote_request(master(7), 9, &c), Some(vote(false, "*", 0)), "an address nobody monitors");
    w.restart();
    assert_eq!(
        w.vote_request(master(0), 6, &c),
        Some(vote(false, "*", 6)),
        "the name is not kept, the epoch is"
    );
    assert_eq!(w.vote_request(master(0), 2, &c), Some(vote(false, "*", 6)));
}

#[test]
fn one_vote_for_each_group_and_epoch() {
    let mut w = World::new(&Setup { groups: 2, ..Setup::default() });
    w.start();
    let (a, b) = (id('a'), id('b'));
    assert_eq!(w.vote_request(master(0), 9, &a), Some(vote(false, &a, 9)));
    // Another group's higher epoch neither takes this vote away nor refuses one: epochs count per group.
    assert_eq!(w.vote_request(master(1), 7, &b), Some(vote(false, &b, 7)));
    assert_eq!(w.vote_request(master(0), 9, &b), Some(vote(false, &a, 9)));
    assert_eq!(w.vote_request(master(1), 7, &a), Some(vote(false, &b, 7)));
    w.restart();
    assert_eq!(w.vote_request(master(1), 7, &a), Some(vote(false, "*", 7)));
    assert_eq!(w.vote_request(master(1), 8, &a), Some(vote(false, &a, 8)));
    assert_eq!(w.vote_request(master(0), 8, &b), Some(vote(false, "*", 9)));
}

#[test]
fn epochs_out_of_range_are_refused_and_change_nothing() {
    let mut w = world();
    for epoch in ["-5", "-1", "9223372036854775808", "18446744073709551615", "x", "1.5", ""] {
        let reply = w.ask(&format!("SENTINEL is-master-down-by-addr 10.0.0.1 6379 {epoch} {}", id('a')));
        let Frame::Error(text) = reply else { panic!("`{epoch}` is taken: {reply:?}") };
        assert_eq!(text, b"ERR value is not an integer or out of range");
    }
    assert_eq!(w.events, []);
    assert_eq!(w.vote_request(master(0), 1, &id('a')), Some(vote(false, &id('a'), 1)));
}

#[test]
fn the_last_epoch_leaves_the_sentinel_working() {
    let setup = Setup::default();
    let mut config = setup.config();
    config.global.current_epoch = i64::MAX as u64 - 1;
    let mut w = World::with(config);
    w.furnish(&setup);
    w.start();
    let last = i64::MAX as u64;
    assert_eq!(w.vote_request(master(0), last, &id('a')), Some(vote(false, &id('a'), i64::MAX)));
    w.peers.values_mut().for_each(|peer| peer.sees_down = true);
    w.crash(master(0));
    w.run(60_000);
    assert!(w.saw("+odown") && !w.saw("+try-failover"), "{:?}", w.names());
}

#[test]
fn a_vote_needs_no_view_of_our_own_and_is_given_in_tilt() {
    let mut w = world();
    w.stall(3_000);
    w.run(500);
    assert!(w.saw("+tilt"));
    assert_eq!(w.vote_request(master(0), 3, &id('a')), Some(vote(false, &id('a'), 3)));
    w.run_to("-tilt");
    w.crash(master(0));
    w.run_to("+sdown master");
    assert_eq!(w.vote_request(master(0), 4, &id('a')), Some(vote(true, &id('a'), 4)));
    w.stall(3_000);
    assert_eq!(w.vote_request(master(0), 5, &id('a')), Some(vote(false, &id('a'), 5)), "0 while in TILT");
}

#[test]
fn our_own_candidacy_is_our_vote() {
    let mut w = world();
    w.peers.values_mut().for_each(|peer| {
        peer.sees_down = true;
        peer.voting = Voting::Nobody;
    });
    w.crash(master(0));
    w.run_to("+try-failover");
    w.run(10);
    assert_eq!(w.vote_request(master(0), 1, &id('a')), Some(vote(true, ME, 1)));
    w.restart();
    assert_eq!(w.vote_request(master(0), 1, &id('a')), Some(vote(false, "*", 1)));
}

#[test]
fn nothing_is_said_of_a_vote_before_it_is_on_disk() {
    let mut w = world();
    w.disk = Disk::Hangs;
    let client = w.client();
    w.send(client, &["SENTINEL", "is-master-down-by-addr", "10.0.0.1", "6379", "4", &id('a')]);
    w.run(5_000);
    assert!(!w.replies.contains_key(&client));
    assert_eq!(w.events, []);
    assert_eq!(w.ask("PING"), Frame::Simple(b"PONG".to_vec()), "others do not wait");
    w.release(true);
    assert_eq!(w.reply(client), Some(vote(false, &id('a'), 4)));
    assert_eq!(w.names(), ["+new-epoch", "+vote-for-leader"]);
}

#[test]
fn a_vote_that_cannot_be_written_is_not_given() {
    let mut w = world();
    w.disk = Disk::Fails(5);
    assert_eq!(w.vote_request(master(0), 4, &id('a')), Some(vote(false, "*", 0)));
    assert_eq!(w.events, []);
    let writes = w.writes;
    assert_eq!(w.vote_request(master(0), 4, &id('a')), Some(vote(false, "*", 0)));
    assert_eq!(w.writes, writes + 1, "the next request tries the disk again");
    w.disk = Disk::Works(5);
    assert_eq!(w.vote_request(master(0), 4, &id('a')), Some(vote(false, &id('a'), 4)));
    assert_eq!(w.names(), ["+vote-for-leader"], "once it is on disk it is told");
    assert_eq!(w.vote_request(master(0), 4, &id('b')), Some(vote(false, &id('a'), 4)));
    w.restart();
    assert_eq!(w.vote_request(master(0), 4, &id('b')), Some(vote(false, "*", 4)));
}

#[test]
fn vote_without_disk_votes_as_upstream_does() {
    let mut config = Setup::default().config();
    config.global.vote_without_disk = true;
    let mut w = World::with(config);
    w.furnish(&Setup::default());
    w.start();
    w.disk = Disk::Fails(5);
    assert_eq!(w.vote_request(master(0), 4, &id('a')), Some(vote(false, &id('a'), 4)));
    assert!(w.saw("+vote-for-leader"));
}

#[test]
fn our_candidacy_waits_for_the_disk_and_ends_when_it_fails() {
    let mut w = world();
    w.peers.values_mut().for_each(|peer| peer.sees_down = true);
    w.disk = Disk::Hangs;
    w.crash(master(0));
    w.run(6_000);
    assert_eq!(w.count("+odown"), 1);
    assert!(!w.saw("+vote-for-leader"), "{:?}", w.names());
    let told = |w: &World| w.heard.iter().any(|h| h.command.contains(ME) && h.command.contains("by-addr"));
    assert!(!told(&w), "somebody was told of the candidacy");
    w.release(false);
    w.disk = Disk::Fails(5);
    w.run(4_000);
    assert!(w.saw("-failover-abort-not-elected") && !w.saw("+vote-for-leader"), "{:?}", w.names());
    assert!(!told(&w) && w.logged("could not be written"));
    assert!(w.count("+try-failover") <= 5, "{} attempts in 4 s", w.count("+try-failover"));
    w.disk = Disk::Works(5);
    w.run_to("+switch-master");
}

#[test]
fn many_groups_share_a_write() {
    let mut w = World::new(&Setup { groups: 40, replicas: 0, ..Setup::default() });
    w.start();
    w.disk = Disk::Works(20);
    let writes = w.writes;
    let mut clients = Vec::new();
    for g in 0..40 {
        let client = w.client();
        let host = master(g).ip().to_string();
        w.send(client, &["SENTINEL", "is-master-down-by-addr", &host, "6379", "4", &id('a')]);
        clients.push(client);
    }
    for client in clients {
        assert_eq!(w.reply(client), Some(vote(false, &id('a'), 4)));
    }
    assert_eq!(w.writes, writes + 2, "one for the first, one for all that came meanwhile");
}

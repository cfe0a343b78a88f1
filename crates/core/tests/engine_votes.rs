//! Votes: to whom, once, and never before they are on disk.

mod world;

use world::{Setup, World, id, master, vote};

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

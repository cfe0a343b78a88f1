//! Connections: pairing of replies, and that nobody silent, denying or hostile is flooded or makes us spin.

mod world;

use proptest::prelude::*;
use watchkeeper_core::Input;
use watchkeeper_core::io::{LinkId, LinkInput, Ticket, Version};
use watchkeeper_resp::Frame;
use world::{Disk, Setup, State, Voting, World, id, master, ok, peer, replica, vote};

fn world() -> World {
    let mut w = World::new(&Setup::default());
    w.start();
    w
}

/// The most commands beginning with `start` that `at` got in any second.
fn most_in_a_second(w: &World, at: std::net::SocketAddr, start: &str) -> usize {
    let times: Vec<u64> = w.heard_by(at, start).iter().map(|(time, _)| *time).collect();
    let within = |from: u64| times.iter().filter(|time| (from..from + 1_000).contains(*time)).count();
    times.iter().map(|from| within(*from)).max().unwrap_or(0)
}

#[test]
fn a_denying_server_is_not_flooded() {
    let mut w = world();
    let denied = Frame::Error(b"NOPERM this user has no permissions".to_vec());
    w.server(master(0)).ping = Some(denied.clone());
    w.deny = Some((master(0), denied));
    w.run(60_000);
    for command in ["PING", "INFO", "PUBLISH"] {
        let most = most_in_a_second(&w, master(0), command);
        assert!((1..=3).contains(&most), "{most} x {command} in a second");
    }
}

#[test]
fn a_denying_or_silent_peer_is_not_flooded() {
    let denied = Frame::Error(b"NOPERM no".to_vec());
    for voting in [Voting::Answer(denied), Voting::Answer(Frame::Null), Voting::Silent, Voting::Nobody] {
        let mut w = world();
        w.peer(1).voting = voting.clone();
        w.peer(2).voting = voting.clone();
        w.crash(master(0));
        w.run(60_000);
        let most = most_in_a_second(&w, peer(1), "SENTINEL");
        assert!((1..=4).contains(&most), "{most} asks in a second, {voting:?}");
        assert!(most_in_a_second(&w, peer(1), "PING") <= 3);
    }
}

#[test]
fn a_stopped_server_gets_few_commands_and_is_believed_when_it_goes_on() {
    let mut w = world();
    w.peers.values_mut().for_each(|peer| peer.state = State::Stopped);
    w.set_state(replica(0, 1), State::Stopped);
    w.run(120_000);
    assert!(w.saw("+sdown slave 10.0.0.2:6379") && w.saw("+sdown sentinel"));
    w.forget();
    w.set_state(replica(0, 1), State::Up);
    w.set_state(peer(1), State::Up);
    w.run(3_000);
    assert!(w.saw("-sdown slave 10.0.0.2:6379") && w.saw("-sdown sentinel"), "{:?}", w.names());
    assert!(most_in_a_second(&w, replica(0, 1), "PING") < 100, "what was queued before it went on");
}

#[test]
fn servers_that_refuse_or_swallow_connections_are_tried_once_a_second() {
    for state in [State::Refusing, State::Unreachable] {
        let mut w = world();
        w.set_state(replica(0, 1), state);
        w.cut(replica(0, 1));
        w.crash(peer(1));
        w.run(60_000);
        let opened = w.opened.iter().filter(|(_, to)| *to == replica(0, 1)).count();
        assert!((2..=122).contains(&opened), "{opened} connections in a minute: {state:?}");
        let opened = w.opened.iter().filter(|(_, to)| *to == peer(1)).count();
        assert!((50..=61).contains(&opened), "{opened} connections to a peer in a minute");
    }
}

#[test]
fn an_answer_to_nothing_closes_the_connection_and_a_new_one_is_made() {
    for at in [replica(0, 1), peer(1)] {
        let mut w = world();
        for _ in 0..5 {
            w.inject(at, &ok());
        }
        w.run(5);
        assert!(w.logged("an answer to nothing"), "{at}: {:?}", w.logs);
        assert!(w.closed.iter().any(|(_, to)| *to == at));
        w.run(5_000);
        assert!(!w.heard_by(at, "PING").is_empty());
        assert!(!w.saw("+sdown"), "{:?}", w.names());
    }
}

#[test]
fn links_that_break_do_not_make_anybody_down() {
    let mut w = world();
    for _ in 0..20 {
        for at in [master(0), replica(0, 1), peer(1)] {
            w.cut(at);
        }
        w.run(1_500);
    }
    assert!(!w.saw("+sdown"), "{:?}", w.names());
}

#[test]
fn a_server_that_sends_nonsense_as_info_is_asked_once_a_period() {
    let mut w = world();
    for info in [
        "",
        "role:slave\r\n",
        "role:\r\n",
        "slave0:ip=,port=\r\n",
        "role:master\r\nslave0:ip=10.0.0.1,port=6379\r\n",
    ] {
        w.server(master(0)).info = Some(info.into());
        w.run(30_000);
        assert!(most_in_a_second(&w, master(0), "INFO") <= 2, "{info:?}");
    }
}

/// Anything that can come in.
#[derive(Debug, Clone)]
enum Act {
    Run(u64),
    Stall(u64),
    Jump(i64),
    State(usize, u8),
    Cut(usize),
    Frame(usize, u8),
    Hello(usize, u64, usize, u64),
    Vote(u64, char),
    Disk(u8),
    Release(bool),
    Command(u8),
    Peers(bool, u8),
    Role(usize, u8),
    Stray(u64),
    Restart,
    Join(char, usize, usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (1..4_000u64).prop_map(Act::Run),
        1 => (1..40_000u64).prop_map(Act::Run),
        1 => (1..5_000u64).prop_map(Act::Stall),
        1 => (-5_000..5_000i64).prop_map(Act::Jump),
        3 => (0..5usize, 0..4u8).prop_map(|(n, s)| Act::State(n, s)),
        2 => (0..5usize).prop_map(Act::Cut),
        1 => (0..5usize, 0..8u8).prop_map(|(n, f)| Act::Frame(n, f)),
        2 => (1..3usize, 0..30u64, 0..3usize, 0..30u64).prop_map(|(n, e, m, c)| Act::Hello(n, e, m, c)),
        2 => (0..30u64, prop::sample::select(vec!['7', '8', 'a'])).prop_map(|(e, id)| Act::Vote(e, id)),
        1 => (0..3u8).prop_map(Act::Disk),
        1 => any::<bool>().prop_map(Act::Release),
        2 => (0..12u8).prop_map(Act::Command),
        2 => (any::<bool>(), 0..4u8).prop_map(|(down, voting)| Act::Peers(down, voting)),
        1 => (0..3usize, 0..4u8).prop_map(|(n, to)| Act::Role(n, to)),
        1 => any::<u64>().prop_map(Act::Stray),
        1 => Just(Act::Restart),
        1 => (prop::sample::select(vec!['1', '7', '8', 'a', 'b']), 1..5usize, 0..3usize)
            .prop_map(|(who, at, to)| Act::Join(who, at, to)),
    ]
}

fn somebody(n: usize) -> std::net::SocketAddr {
    [master(0), replica(0, 1), replica(0, 2), peer(1), peer(2)][n]
}

fn frame(kind: u8) -> Frame {
    let message = |payload: &[u8]| {
        let words: [&[u8]; 3] = [b"message", b"__sentinel__:hello", payload];
        Frame::Array(words.map(|word| Frame::Bulk(word.to_vec())).to_vec())
    };
    match kind {
        0 => ok(),
        1 => Frame::Null,
        2 => Frame::Error(b"LOADING".to_vec()),
        3 => Frame::Array(Vec::new()),
        4 => message(b"a,b,c"),
        5 => message(b"\xff\xff"),
        6 => Frame::Bulk(b"role:slave\r\nmaster_host:x\r\nmaster_port:1\r\n".to_vec()),
        _ => vote(true, &id('9'), -1),
    }
}

const COMMANDS: [&str; 12] = [
    "SENTINEL FAILOVER g0",
    "SENTINEL RESET *",
    "SENTINEL REMOVE g0",
    "SENTINEL MONITOR g0 10.0.0.1 6379 2",
    "SENTINEL SET g0 down-after-milliseconds 500",
    "SENTINEL SET g0 quorum 1",
    "SENTINEL CKQUORUM g0",
    "SENTINEL MASTERS",
    "SENTINEL SET g0 failover-timeout 1000",
    "SENTINEL FLUSHCONFIG",
    "SENTINEL SET g0 auth-pass secret",
    "SENTINEL DEBUG info-period 100",
];

fn play(w: &mut World, act: &Act) {
    match act {
        Act::Run(ms) => w.run(*ms),
        Act::Stall(ms) => w.stall(*ms),
        Act::Jump(ms) => w.wall_off_ms += ms,
        Act::State(n, state) => {
            let states = [State::Up, State::Stopped, State::Refusing, State::Unreachable];
            w.set_state(somebody(*n), states[usize::from(*state)]);
        }
        Act::Cut(n) => w.cut(somebody(*n)),
        Act::Frame(n, kind) => w.inject(somebody(*n), &frame(*kind)),
        Act::Hello(n, epoch, to, config) => {
            let text =
                world::hello_text(peer(*n), &w.peers[&peer(*n)].id, *epoch, 0, replica(0, *to), *config);
            let command = format!("PUBLISH __sentinel__:hello {text}");
            w.try_ask(&command);
        }
        Act::Vote(epoch, who) => {
            w.vote_request(master(0), *epoch, &id(*who));
        }
        Act::Disk(kind) => {
            w.disk = [Disk::Works(3), Disk::Fails(3), Disk::Hangs][usize::from(*kind)];
        }
        Act::Release(fine) => w.release(*fine),
        Act::Command(n) => {
            w.try_ask(COMMANDS[usize::from(*n)]);
        }
        Act::Peers(down, voting) => {
            let voting = match voting {
                0 => Voting::First,
                1 => Voting::Nobody,
                2 => Voting::Silent,
                _ => Voting::For(id('9')),
            };
            for peer in w.peers.values_mut() {
                (peer.sees_down, peer.voting) = (*down, voting.clone());
            }
        }
        Act::Role(n, to) => {
            w.server(replica(0, *n)).follows = (*to < 3).then(|| replica(0, usize::from(*to)))
        }
        Act::Stray(n) => {
            w.step(Input::Link { link: LinkId(n % 40), what: LinkInput::Frame(ok()) });
            w.step(Input::Resolved { ticket: Ticket(n % 10), result: Err("late".into()) });
            w.step(Input::Persisted { version: Version(0), result: Ok(()) });
        }
        Act::Restart => w.restart(),
        Act::Join(who, at, to) => {
            let text = world::hello_text(peer(*at), &id(*who), 0, 0, replica(0, *to), 0);
            w.try_ask(&format!("PUBLISH __sentinel__:hello {text}"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing that comes in makes the sentinel panic or spin (the world counts its steps), and what must not
    /// fall never falls: the epoch, a group's config epoch and its vote.
    #[test]
    fn nothing_that_comes_in_panics_or_spins(acts in prop::collection::vec(act(), 1..60)) {
        let mut w = world();
        let mut last = (0, 0, 0);
        for act in &acts {
            play(&mut w, act);
            if matches!(act, Act::Restart) || matches!(act, Act::Command(2)) {
                last = (0, 0, 0);
            }
            let now = w.sentinel.snapshot();
            let group = now.groups.first().map_or((0, 0), |group| (group.config_epoch, group.leader_epoch));
            let epochs = (now.global.current_epoch, group.0, group.1);
            prop_assert!(epochs.0 >= last.0 && epochs.1 >= last.1 && epochs.2 >= last.2, "{last:?} {epochs:?}");
            prop_assert!(epochs.0 >= epochs.1 && epochs.0 >= epochs.2, "{epochs:?}");
            last = if now.groups.is_empty() { (epochs.0, 0, 0) } else { epochs };
        }
    }
}

/// Elected after the election's time, by a sentinel that was alone and looks once more: it waits, and does not spin.
#[test]
fn who_looks_again_after_a_late_election_does_not_spin() {
    let mut w = world();
    let acts = [
        Act::State(3, 3),
        Act::Peers(true, 0),
        Act::State(4, 1),
        Act::Role(0, 0),
        Act::Run(21_624),
        Act::State(3, 0),
        Act::Run(10_570),
    ];
    for act in &acts {
        play(&mut w, act);
    }
}

/// The group is forgotten and watched again while the disk hangs, behind an event whose write then fails.
#[test]
fn monitor_is_told_after_what_was_told_of_the_group_before() {
    let mut w = world();
    let acts = [
        Act::Disk(2),
        Act::Hello(1, 0, 0, 1),
        Act::Hello(1, 2, 0, 0),
        Act::Command(2),
        Act::Command(3),
        Act::Release(false),
        Act::Release(false),
    ];
    for act in &acts {
        play(&mut w, act);
    }
}

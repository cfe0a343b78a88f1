//! `sentinel monitor` with a wrong address: of a replica, and of a sentinel.

use crate::SENTINELS;
use crate::stage::Who::{self, Sentinel, Server};
use crate::stage::{NAME, Stage};

/// Each sentinel is told of another place.
pub(crate) fn wrong_addresses() {
    let mut stage = Stage::new(1);
    let master = stage.addr(Server(1));
    stage.server(1, "");
    stage.server(2, &format!("replicaof {} {}", master.ip(), master.port()));
    let monitor = |stage: &Stage, at: Who| {
        let (right, wrong) = (stage.addr(Server(1)), stage.addr(at));
        let of = |at: std::net::SocketAddr| format!("sentinel monitor {NAME} {} {} 2", at.ip(), at.port());
        stage.monitor(2).replace(&of(right), &of(wrong))
    };
    for (number, at) in [(1, Server(1)), (2, Server(2)), (3, Sentinel(1))] {
        let lines = monitor(&stage, at);
        stage.sentinel(number, &lines);
    }
    let [first, second, sentinel] = [Server(1), Server(2), Sentinel(1)].map(|who| stage.addr(who));
    let said = [
        format!("only {first} says that it is one"),
        format!("{sentinel} is watched as the master, and is a sentinel, no data server"),
        "`sentinel monitor` line of some may have a wrong address or port".to_owned(),
        format!("SENTINEL MASTER: {second}, config-epoch 0"),
    ];
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    let seen = stage.finds_saying(&[], &["WD213 critical", "WD223 critical", "WD231 note"], &said);
    for wrong in ["there are two", "clients write to different servers", "older epoch", "no such command"] {
        assert!(!seen.text.contains(wrong), "`{wrong}`: {}", seen.text);
    }
    assert!(seen.text.contains("\"replicas\":1,"), "a sentinel is no replica: {}", seen.text);
    // Where nobody names anything else.
    stage.ask_all(&SENTINELS[..2], &format!("SENTINEL REMOVE {NAME}"));
    let seen = stage.doctor(3, &[]);
    assert!(seen.codes.contains("WD223 critical"), "{}", seen.text);
    for wrong in ["WD268", "WD240", "WD202", "WD242"] {
        assert!(!seen.text.contains(wrong), "`{wrong}`: {}", seen.text);
    }
}

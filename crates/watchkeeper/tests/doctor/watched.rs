//! `sentinel monitor` with a wrong address (of a replica, of a sentinel, of nobody), and with a wrong name.

use crate::SENTINELS;
use crate::stage::Who::{self, Sentinel, Server};
use crate::stage::{NAME, Stage, Way, eventually};

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

/// One sentinel has another name for the group.
pub(crate) fn wrong_name() {
    let stage = Stage::usual(3, "", "");
    stage.finds(&[], &[]);
    stage.ask(Sentinel(3), &format!("SENTINEL REMOVE {NAME}"));
    let master = stage.addr(Server(1));
    stage.ask(Sentinel(3), &format!("SENTINEL MONITOR MyMaster {} {} 2", master.ip(), master.port()));
    let third = stage.addr(Sentinel(3)).to_string();
    let told = format!(" are in several groups: MyMaster and {NAME}.");
    let seen = eventually("it is told of all servers of the group", || {
        let seen = stage.doctor(1, &[&third]);
        let servers = seen.text.split(&told).next().and_then(|text| text.split("The servers ").last());
        let of_all =
            |text: &str| [1, 2, 3].iter().all(|n| text.contains(&stage.addr(Server(*n)).to_string()));
        if seen.text.contains(&told) && servers.is_some_and(of_all) { Ok(seen) } else { Err(seen.text) }
    });
    assert_eq!(seen.text.matches("are in several groups").count(), 1, "{}", seen.text);
    for words in [
        "the name is written otherwise in the file of some",
        "`SENTINEL REMOVE` the wrong name, then `SENTINEL MONITOR` the right one",
        "watches `MyMaster`",
    ] {
        assert!(seen.text.contains(words), "`{words}`: {}", seen.text);
    }
    // What is advised helps.
    stage.ask(Sentinel(3), "SENTINEL REMOVE MyMaster");
    stage.ask(Sentinel(3), &format!("SENTINEL MONITOR {NAME} {} {} 2", master.ip(), master.port()));
    stage.ask(
        Sentinel(3),
        &format!("SENTINEL SET {NAME} down-after-milliseconds 2000 failover-timeout 10000"),
    );
    stage.finds(&[&third], &[]);
}

/// One sentinel watches a port where nobody is.
pub(crate) fn wrong_port() {
    for way in [Way::File, Way::Upstream] {
        let mut stage = Stage::new(3);
        for who in SENTINELS {
            stage.way(who, way);
        }
        stage.fill("", "");
        stage.finds(&[], &[]);
        let (master, nobody) = (stage.addr(Server(1)), stage.addr(Server(9)));
        stage.ask(Sentinel(3), &format!("SENTINEL REMOVE {NAME}"));
        stage.ask(Sentinel(3), &format!("SENTINEL MONITOR {NAME} {} {} 2", nobody.ip(), nobody.port()));
        let third = stage.addr(Sentinel(3)).to_string();
        let seen = eventually("it is told with what comes of it", || {
            let seen = stage.doctor(1, &[&third]);
            let told = ["WD213 critical", "WD225 warning"].iter().all(|code| seen.codes.contains(*code));
            if told { Ok(seen) } else { Err(seen.text) }
        });
        for words in [
            &format!("only {master} says that it is one"),
            &format!("{nobody}: Connection refused"),
            "mend first that sentinels name different masters (WD213)",
            "\"replicas\":2,",
        ] {
            assert!(seen.text.contains(words), "`{words}`: {}", seen.text);
        }
        // Nothing is to be started where nobody ever was.
        assert!(!seen.text.contains("WD202\",\"sev") && !seen.text.contains("The replica"), "{}", seen.text);
        let mut status = std::process::Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
        let output = status
            .args(["status", "--lang", "en", "--sentinel", &third, "--sentinel"])
            .arg(stage.addr(Sentinel(1)).to_string())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(&format!("{NAME}: writable; 1 sentinel names another master")), "{text}");
        assert!(!text.contains("the replica"), "{text}");
        // What is advised helps.
        stage.ask(Sentinel(3), &format!("SENTINEL REMOVE {NAME}"));
        stage.ask(Sentinel(3), &format!("SENTINEL MONITOR {NAME} {} {} 2", master.ip(), master.port()));
        stage.ask(
            Sentinel(3),
            &format!("SENTINEL SET {NAME} down-after-milliseconds 2000 failover-timeout 10000"),
        );
        stage.finds(&[&third], &[]);
    }
}

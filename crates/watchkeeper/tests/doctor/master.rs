//! A password at all servers, on one machine, and then a master that dies.

use std::fs::File;
use std::io::Write;

use crate::SENTINELS;
use crate::stage::Who::{Sentinel, Server};
use crate::stage::{NAME, Stage};

pub(crate) fn dead() {
    let login = format!("sentinel auth-pass {NAME} s3cret\n");
    let mut stage = Stage::usual(1, "requirepass s3cret\nmasterauth s3cret", &login);
    let file = stage.file(Sentinel(1), "conf").display().to_string();
    let words = ["--config", file.as_str()];
    let at = stage.addr(Sentinel(1));
    stage.finds(&words, &["WD231 note"]);
    // That our login is refused says nothing of where the servers are.
    let seen = stage.finds(&[], &["WD203 warning", "WD231 note"]);
    assert_eq!(seen.text.matches("refuse the login").count(), 1, "{}", seen.text);

    stage.ask_all(&SENTINELS, &format!("SENTINEL SET {NAME} down-after-milliseconds 60000"));
    stage.kill(Server(1));
    stage.finds_saying(
        &words,
        &["WD202 critical", "WD231 note", "WD243 note"],
        &[
            "does not answer: nobody can write. No sentinel holds it for down yet: each does after 60 s",
            &format!("`watchkeeper failover mymaster --sentinel {at} --config {file}`, or `SENTINEL FAILOVER mymaster` at one sentinel"),
            "nothing is to be repaired on",
        ],
    );
    let replicas = [Server(2), Server(3)];
    for who in replicas {
        let mut conn = stage.connect(who);
        conn.call(&["AUTH", "s3cret"]).unwrap();
        conn.call(&["CONFIG", "SET", "save", ""]).unwrap();
    }
    stage.finds_saying(
        &words,
        &["WD202 critical", "WD231 note", "WD243 note", "WD260 warning"],
        &["keep nothing on disk (WD260): take it that"],
    );
    for who in replicas {
        stage.kill(who);
    }
    // Only the master can still be counted for a host.
    let said = "no replica answers that could take over";
    stage.finds_saying(&words, &["WD202 critical", "WD202 warning"], &[said]);

    stage.ask_all(&SENTINELS, &format!("SENTINEL SET {NAME} down-after-milliseconds 1000"));
    stage.finds_saying(
        &words,
        &["WD202 critical", "WD202 warning", "WD221 critical"],
        &[
            "nobody can write. 3 of 3 sentinels hold it for down",
            "why there is no failover: no replica can be promoted",
        ],
    );
}

/// Sentinels that were reset when there was no master any more know no replica; those are there, and have the data.
pub(crate) fn forgotten_replicas() {
    let mut stage = Stage::usual(3, "", "");
    stage.finds(&[], &[]);
    stage.ask(Server(1), "SET key value");
    // Else they promote one before they forget it.
    stage.ask_all(&SENTINELS, &format!("SENTINEL SET {NAME} down-after-milliseconds 60000"));
    stage.kill(Server(1));
    stage.ask_all(&SENTINELS, &format!("SENTINEL RESET {NAME}"));
    stage.ask_all(&SENTINELS, &format!("SENTINEL SET {NAME} down-after-milliseconds 1000"));
    let said = [
        "the sentinels know no replica: they learn of replicas by the master's INFO",
        "`REPLICAOF NO ONE` on the one with the greatest `slave_repl_offset`",
        "neither the sentinels nor `SENTINEL FAILOVER` can promote anybody as it is: do what WD202 says",
        "before it is started, `replicaof IP PORT` with the new master goes into its file",
        "on every sentinel, and only when that is done on all of them `SENTINEL MONITOR",
    ];
    let seen = stage.finds_once("WD221 critical", || {});
    for said in said {
        assert!(seen.text.contains(said), "`{said}`: {}", seen.text);
    }
    for wrong in ["no replica answers", "does it without them", "watchkeeper failover"] {
        assert!(!seen.text.contains(wrong), "`{wrong}`: {}", seen.text);
    }

    // What is advised helps.
    let new = stage.addr(Server(2));
    stage.ask(Server(2), "REPLICAOF NO ONE");
    stage.ask(Server(3), &format!("REPLICAOF {} {}", new.ip(), new.port()));
    stage.ask_all(&SENTINELS, &format!("SENTINEL REMOVE {NAME}"));
    stage.ask_all(&SENTINELS, &format!("SENTINEL MONITOR {NAME} {} {} 2", new.ip(), new.port()));
    stage.finds(&[], &[]);
    assert_eq!(stage.ask(Server(2), "GET key"), "value");
    let mut file = File::options().append(true).open(stage.file(Server(1), "conf")).unwrap();
    file.write_all(format!("replicaof {} {}\n", new.ip(), new.port()).as_bytes()).unwrap();
    stage.start(Server(1));
    stage.finds_saying(&[], &[], &["\"replicas\":2,"]);
    assert_eq!(stage.ask(Server(1), "GET key"), "value");
}

/// Replicas that have the data and may not be promoted, when the master dies.
pub(crate) fn no_priority() {
    let mut stage = Stage::usual(3, "replica-priority 0", "");
    stage.finds(&[], &["WD251 critical"]);
    stage.kill(Server(1));
    let said = [
        "every one has `replica-priority 0` (WD251), and sentinels and `watchkeeper failover` refuse. First `CONFIG SET replica-priority 100`",
        "can promote anybody as it is: do what WD202 says",
    ];
    let seen =
        stage.finds_saying(&[], &["WD202 critical", "WD221 critical", "WD243 note", "WD251 critical"], &said);
    assert!(!seen.text.contains("have a replica promoted first"), "{}", seen.text);
}

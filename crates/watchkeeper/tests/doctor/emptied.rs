//! Data that is about to be lost to an empty master, or to a server outside the group.

use std::fs::File;
use std::io::Write;

use crate::SENTINELS;
use crate::stage::Who::{Sentinel, Server};
use crate::stage::{NAME, Stage, Way, eventually};

/// The usual deployment with sentinels of Redis, or ours, that miss nobody soon; in it this is found.
fn usual(way: Way, server_lines: &str, found: &[&str]) -> Stage {
    let mut stage = Stage::new(3);
    for who in SENTINELS {
        stage.way(who, way);
    }
    stage.fill(server_lines, "");
    stage.finds(&[], found);
    stage.ask_all(&SENTINELS, &format!("SENTINEL SET {NAME} down-after-milliseconds 60000"));
    stage
}

/// A key, at the master and at its replicas.
fn written(stage: &Stage) {
    stage.ask(Server(1), "SET key value");
    for who in [Server(2), Server(3)] {
        eventually("it has the key", || match stage.ask(who, "EXISTS key").as_str() {
            "1" => Ok(()),
            other => Err(other.to_owned()),
        });
    }
}

/// A master that was started again at once, without its data; its replicas wait for a copy, and have all of it until then.
pub(crate) fn master_at_once() {
    for way in [Way::File, Way::Upstream] {
        let mut stage = usual(way, "save \"\"", &["WD260 warning"]);
        written(&stage);
        stage.kill(Server(1));
        let mut file = File::options().append(true).open(stage.file(Server(1), "conf")).unwrap();
        file.write_all(b"repl-diskless-sync-delay 60\n").unwrap();
        stage.start(Server(1));
        let empty = format!(
            "The master {} is empty, and the replica {} has data of another history: as soon as it is connected it copies",
            stage.addr(Server(1)),
            stage.addr(Server(2))
        );
        let codes = ["WD250 critical", "WD257 critical", "WD260 warning"];
        let now = format!("`SENTINEL FAILOVER {NAME}` at one sentinel, at once");
        let seen = stage.finds_saying(&[], &codes, &[&empty, &now, "no keys (INFO keyspace)"]);
        for wrong in ["now loses data", "wait with failovers", "a failover loses what it lacks"] {
            assert!(!seen.text.contains(wrong), "`{wrong}`: {}", seen.text);
        }
        // What is advised is true.
        stage.ask(Sentinel(1), &format!("SENTINEL FAILOVER {NAME}"));
        // Whoever is promoted closes its connections.
        let ask = |who, words: &[&str]| stage.connect(who).call_text(words).map_err(|it| it.to_string());
        eventually("a replica is promoted, with its data", || {
            let is_master =
                |who: &_| ask(*who, &["INFO", "replication"]).is_ok_and(|info| info.contains("role:master"));
            let promoted = [Server(2), Server(3)].into_iter().find(is_master).ok_or("no replica is")?;
            match ask(promoted, &["GET", "key"])?.as_str() {
                "value" => Ok(()),
                other => Err(other.to_owned()),
            }
        });
    }
}

/// A second master with keys, while the present one has none: to connect it, which mends most faults, would end its data.
pub(crate) fn second_master() {
    let stage = usual(Way::Upstream, "min-replicas-to-write 0", &["WD263 note"]);
    let said =
        format!("the present master has no keys, and {} has: all of it is lost", stage.addr(Server(3)));
    let seen = stage.finds_once("WD241 critical", || {
        stage.ask(Server(3), "REPLICAOF NO ONE");
        stage.ask(Server(3), "SET key value");
    });
    assert!(seen.text.contains(&said) && !seen.text.contains("then `REPLICAOF` the master"), "{}", seen.text);
    stage.ask(Server(1), "SET other value");
    let seen = stage.finds_once("WD241 critical", || drop(stage.ask(Server(3), "REPLICAOF NO ONE")));
    let said = "takes the master's data in place of all its own";
    assert!(seen.text.contains(said) && !seen.text.contains("has no keys"), "{}", seen.text);
}

/// A master that somebody made follow a server outside the group.
pub(crate) fn outsider() {
    let mut stage = usual(Way::File, "", &[]);
    written(&stage);
    let (master, outsider) = (stage.addr(Server(1)), stage.addr(Server(4)));
    // While nobody listens there, all is as it was.
    stage.ask(Server(1), &format!("REPLICAOF {} {}", outsider.ip(), outsider.port()));
    let whom = format!("It follows {outsider}, which is no server of this group");
    let stop = format!("If that is not meant, `REPLICAOF NO ONE` on {master}, at once");
    let codes = ["WD242 critical"];
    stage.finds_saying(&[], &codes, &[&format!("{whom}."), &stop]);

    stage.server(4, "min-replicas-to-write 0");
    let theirs = format!("{whom}: its data, and that of the replicas that follow it, is that server's now.");
    let seen =
        stage.finds_saying(&[], &codes, &[&theirs, "to promote a server does not bring the data back"]);
    assert!(!seen.text.contains("promote what has the data"), "{}", seen.text);
    assert_eq!(stage.ask(Server(2), "EXISTS key"), "0");
    // Whom a replica of its own feeds follows nobody outside.
    stage.ask(Server(2), "REPLICAOF NO ONE");
    let second = stage.addr(Server(2));
    let seen = stage.finds_once("WD242 critical", || {
        stage.ask(Server(1), &format!("REPLICAOF {} {}", second.ip(), second.port()));
    });
    assert!(!seen.text.contains("no server of this group"), "{}", seen.text);
}

/// Servers that are new, and a copy that takes a while all the same: nothing can be lost.
pub(crate) fn both_empty() {
    let mut stage = Stage::new(3);
    stage.server(1, "min-replicas-to-write 0\nrepl-diskless-sync-delay 60");
    let master = stage.addr(Server(1));
    stage.server(2, &format!("replicaof {} {}\nmin-replicas-to-write 0", master.ip(), master.port()));
    for who in SENTINELS {
        stage.way(who, Way::Upstream);
    }
    for number in [1, 2, 3] {
        let lines = stage.monitor(2);
        stage.sentinel(number, &lines);
    }
    let said =
        format!("The replica {} is copying all data from its master; both are empty.", stage.addr(Server(2)));
    let seen = stage.finds_saying(&[], &["WD243 warning", "WD263 note"], &[&said]);
    for wrong in ["loses data", "is lost then", "has all data now"] {
        assert!(!seen.text.contains(wrong), "`{wrong}`: {}", seen.text);
    }
    stage.ask(Server(1), "SET key value");
    stage.finds_saying(&[], &["WD243 critical", "WD263 note"], &["a failover now loses data"]);
}

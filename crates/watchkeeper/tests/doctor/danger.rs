//! Where advice that is followed to the letter could lose the data: replicas that have nothing, a master that reads its data
//! again, sentinels that the master refuses, and no replica that could take over.

use std::fs::File;
use std::io::Write;

use crate::SENTINELS;
use crate::stage::Who::{Sentinel, Server};
use crate::stage::{NAME, Seen, Stage, Way, eventually};

/// A master that keeps its data on disk and has a replica that began empty and is still copying when it is killed.
fn never_copied(way: Way) -> Stage {
    let mut stage = Stage::new(3);
    stage.server(1, "appendonly yes\nmin-replicas-to-write 0");
    let fill = "for i = 1, 1000 do redis.call('SET', i, string.rep('x', 20000)) end return 'OK'";
    stage.ask(Server(1), &format!("EVAL \"{fill}\" 0"));
    stage.ask(Server(1), "CONFIG SET min-replicas-to-write 1");
    // Of a thousand keys each takes 100 ms.
    stage.ask(Server(1), "CONFIG SET rdb-key-save-delay 100000");
    let master = stage.addr(Server(1));
    stage.server(2, &format!("replicaof {} {}", master.ip(), master.port()));
    for number in [1, 2, 3] {
        stage.way(Sentinel(number), way);
        let lines = stage.monitor(2);
        stage.sentinel(number, &lines);
    }
    // It has nobody that is near enough.
    stage.finds(&[], &["WD243 critical", "WD257 critical"]);
    stage
}

/// Our sentinels do not promote it.
pub(crate) fn empty_replica() {
    let mut stage = never_copied(Way::File);
    stage.kill(Server(1));
    let nothing = format!("The replica {} is empty: it has never had a copy", stage.addr(Server(2)));
    let codes = ["WD202 critical", "WD221 critical", "WD243 critical"];
    let said = [
        nothing.as_str(),
        "do not have it promoted: that saves nothing",
        "every replica that could be promoted is empty (WD243)",
        "do first what WD202 says",
    ];
    let seen = stage.finds_saying(&[], &codes, &said);
    for wrong in ["nothing is to be repaired", "have a replica promoted first", "watchkeeper failover"] {
        assert!(!seen.text.contains(wrong), "`{wrong}`: {}", seen.text);
    }
    // A server that keeps nothing would come back empty. To promote this one is no better.
    stage.ask(Server(2), "CONFIG SET save \"\"");
    let codes = [&codes[..], &["WD260 warning"]].concat();
    let said = [nothing.as_str(), "But no replica that could be promoted has all data now (WD243)"];
    stage.finds_saying(&[], &codes, &said);
}

/// Those of Redis do, and then the only copy is on the disk of the old master.
pub(crate) fn empty_replica_of_upstream() {
    let mut stage = never_copied(Way::Upstream);
    stage.kill(Server(1));
    let first = "copy its files (`dir`: the RDB file, `appenddirname`) before anybody starts it";
    let codes = ["WD202 warning", "WD256 critical", "WD257 critical"];
    let seen = stage.finds_saying(&[], &codes, &[first, "Else start it, or open the way to it"]);
    assert!(!seen.text.contains("\"start it, or open the way to it"), "{}", seen.text);
}

/// A master that is started again, and reads what it had on disk; its replicas have more.
pub(crate) fn loading_master() {
    let mut stage = Stage::usual(3, "", "");
    stage.finds(&[], &[]);
    let fill = "for i = 1, 1000 do redis.call('SET', i, string.rep('x', 2000)) end return 'OK'";
    stage.ask(Server(1), &format!("EVAL \"{fill}\" 0"));
    stage.ask(Server(1), "CONFIG SET rdbcompression no");
    stage.ask(Server(1), "SAVE");
    stage.ask(Server(1), "SET newer than-the-disk");
    for who in [Server(2), Server(3)] {
        eventually("the replicas have it", || match stage.ask(who, "EXISTS newer").as_str() {
            "1" => Ok(()),
            other => Err(other.to_owned()),
        });
    }
    stage.kill(Server(1));
    let mut file = File::options().append(true).open(stage.file(Server(1), "conf")).unwrap();
    file.write_all(b"key-load-delay 50000\nloading-process-events-interval-bytes 1024\n").unwrap();
    stage.start(Server(1));
    let said = [
        &format!(
            "The master {} is loading its data: nobody can write until it is done.",
            stage.addr(Server(1))
        ),
        "its master loads its data, and takes no replica before it is done (WD261)",
        "`SENTINEL FAILOVER mymaster` at one sentinel, before that, promotes a replica",
    ];
    let seen = stage.finds_saying(&[], &["WD243 note", "WD261 critical"], &said);
    assert_eq!(seen.status, 2, "{}", seen.text);

    // What is advised is true.
    stage.ask(Sentinel(1), &format!("SENTINEL FAILOVER {NAME}"));
    // Whoever is promoted closes its connections.
    let ask = |who, words: &[&str]| stage.connect(who).call_text(words).map_err(|error| error.to_string());
    eventually("a replica is promoted, with all data", || {
        let is_master =
            |who: &_| ask(*who, &["INFO", "replication"]).is_ok_and(|info| info.contains("role:master"));
        let promoted = [Server(2), Server(3)].into_iter().find(is_master).ok_or("no replica is")?;
        match ask(promoted, &["GET", "newer"])?.as_str() {
            "than-the-disk" => Ok(()),
            other => Err(other.to_owned()),
        }
    });
}

/// A server with data on its disk reads that for 50 s from its next start on.
fn loads_slowly(stage: &Stage, number: u8) {
    let mut file = File::options().append(true).open(stage.file(Server(number), "conf")).unwrap();
    file.write_all(b"key-load-delay 50000\nloading-process-events-interval-bytes 1024\n").unwrap();
}

/// A thousand keys at the master, and on the disk of this server.
fn saved(stage: &Stage, number: u8, found: &[&str]) {
    let fill = "for i = 1, 1000 do redis.call('SET', i, string.rep('x', 2000)) end return 'OK'";
    stage.ask(Server(1), &format!("EVAL \"{fill}\" 0"));
    stage.finds(&[], found);
    stage.ask(Server(number), "CONFIG SET rdbcompression no");
    stage.ask(Server(number), "SAVE");
}

/// An old master that comes back while another one is there: it is no second one before it has read its data, which may be the
/// only copy.
pub(crate) fn loading_old_master() {
    let mut stage = Stage::usual(3, "", "");
    // The other one is promoted.
    stage.ask(Server(3), "CONFIG SET replica-priority 0");
    saved(&stage, 1, &["WD251 note"]);
    stage.kill(Server(1));
    stage.finds(&[], &["WD202 warning", "WD251 critical"]);
    let mut file = File::options().append(true).open(stage.file(Server(1), "conf")).unwrap();
    file.write_all(b"save \"\"\n").unwrap();
    loads_slowly(&stage, 1);
    stage.start(Server(1));
    let old = stage.addr(Server(1));
    let said = [
        &format!(
            "{old} is listed as a replica and was started as a master: it is loading its data, and takes no writes yet."
        ),
        "when it is done it takes writes until the sentinels make it a replica",
    ];
    stage.finds_saying(&[], &["WD251 critical", "WD261 warning"], &said);

    stage.ask(Server(2), "FLUSHALL");
    let first = format!("what {old} reads may be the only copy. Copy its files");
    stage.finds_saying(&[], &["WD251 critical", "WD261 critical"], &[&first]);
}

/// A master that dies while the only replica reads its data: until that is done no failover is of use, by whomever.
pub(crate) fn loading_replica_alone() {
    for way in [Way::File, Way::Upstream] {
        let mut stage = Stage::new(3);
        for who in SENTINELS {
            stage.way(who, way);
        }
        stage.server(1, "");
        let master = stage.addr(Server(1));
        stage.server(2, &format!("replicaof {} {}", master.ip(), master.port()));
        for number in [1, 2, 3] {
            let lines = stage.monitor(2);
            stage.sentinel(number, &lines);
        }
        saved(&stage, 2, &[]);
        stage.kill(Server(2));
        loads_slowly(&stage, 2);
        stage.start(Server(2));
        stage.kill(Server(1));
        let first = "no replica that answers can be promoted before it has loaded its data (WD261)";
        // Redis's try all the same, and wait for it.
        let seen = if way == Way::File {
            let codes = ["WD202 critical", "WD221 critical", "WD243 warning", "WD261 warning"];
            stage.finds_saying(&[], &codes, &[first, "do what WD202 says"])
        } else {
            let codes = ["WD202 critical", "WD220 warning", "WD243 warning", "WD261 warning"];
            stage.finds_saying(&[], &codes, &[first])
        };
        for wrong in ["have a replica promoted first", "Only if it does neither"] {
            assert!(!seen.text.contains(wrong), "`{wrong}`: {}", seen.text);
        }
    }
}

/// A master that was started again and had kept nothing, and replicas that have all of it and are kept from it: to connect them,
/// which mends most faults, would end their data.
pub(crate) fn master_that_lost_its_data() {
    let mut stage = Stage::usual(3, "requirepass s3cret\nmasterauth s3cret\nsave \"\"", "");
    let ask = |stage: &Stage, who, words: &[&str]| {
        let mut conn = stage.connect(who);
        conn.call(&["AUTH", "s3cret"]).unwrap();
        conn.call_text(words).unwrap()
    };
    stage.ask_all(&SENTINELS, &format!("SENTINEL SET {NAME} auth-pass s3cret down-after-milliseconds 60000"));
    let login = [("WATCHKEEPER_SERVER_PASS", "s3cret")];
    let at = stage.addr(Sentinel(1)).to_string();
    eventually("all is well", || {
        let seen = Seen::with(&[&at], &login);
        if seen.codes.iter().eq(["WD260 warning"]) { Ok(()) } else { Err(seen.text) }
    });
    ask(&stage, Server(1), &["SET", "key", "value"]);
    for who in [Server(2), Server(3)] {
        eventually("it has the key", || match ask(&stage, who, &["EXISTS", "key"]).as_str() {
            "1" => Ok(()),
            other => Err(other.to_owned()),
        });
        ask(&stage, who, &["CONFIG", "SET", "masterauth", "other"]);
    }
    stage.kill(Server(1));
    stage.start(Server(1));
    let said = format!(
        "The master {} is empty, and the replica {} has data of another history",
        stage.addr(Server(1)),
        stage.addr(Server(2))
    );
    let seen = eventually("the doctor says so", || {
        let seen = Seen::with(&[&at], &login);
        if seen.text.contains(&said) { Ok(seen) } else { Err(seen.text) }
    });
    assert!(seen.codes.contains("WD250 critical") && seen.text.contains("do not let"), "{}", seen.text);
    assert!(!seen.text.contains("reconnect it"), "{}", seen.text);
    // A failover needs no copy of a file first, which takes longer than a replica may be apart.
    let advice = seen.text.split("WD250").nth(1).unwrap();
    let place = |words: &str| advice.find(words).unwrap_or(usize::MAX);
    assert!(place("SENTINEL FAILOVER") < place("BGSAVE"), "{}", seen.text);
    // What is advised is true.
    stage.ask(Sentinel(1), &format!("SENTINEL FAILOVER {NAME}"));
    // Whoever is promoted closes its connections.
    let try_ask = |who, words: &[&str]| {
        let mut conn = stage.connect(who);
        conn.call(&["AUTH", "s3cret"]).and_then(|_| conn.call_text(words)).map_err(|error| error.to_string())
    };
    eventually("a replica is promoted, with its data", || {
        let is_master =
            |who: &_| try_ask(*who, &["INFO", "replication"]).is_ok_and(|info| info.contains("role:master"));
        let promoted = [Server(2), Server(3)].into_iter().find(is_master).ok_or("no replica is")?;
        match try_ask(promoted, &["GET", "key"])?.as_str() {
            "value" => Ok(()),
            other => Err(other.to_owned()),
        }
    });
}

/// A password that the sentinels were not given: they can't find each other at the master.
pub(crate) fn refused_sentinels() {
    for way in [Way::File, Way::Upstream] {
        let mut stage = Stage::new(3);
        for who in SENTINELS {
            stage.way(who, way);
        }
        stage.fill("requirepass s3cret\nmasterauth s3cret", "");
        let codes = ["WD203 warning", "WD222 critical", "WD225 critical"];
        let master = stage.addr(Server(1));
        let said =
            format!("The master {master} answers, and refuses the sentinels: {}.", stage.addr(Sentinel(1)));
        let seen = stage.finds_saying(&[], &codes, &[&said, "auth-pass PASSWORD", "NOAUTH"]);
        let first = seen.text.split("{\"code\":\"").nth(1).unwrap_or_default();
        assert!(first.starts_with("WD222"), "{}", seen.text);
        for wrong in ["quorum N", "without votes", "watchkeeper failover"] {
            assert!(!seen.text.contains(wrong), "`{wrong}`: {}", seen.text);
        }
        let others = [Sentinel(2), Sentinel(3)].map(|who| stage.addr(who).to_string());
        let others = [others[0].as_str(), others[1].as_str()];
        stage.finds(&others, &codes);

        // With a password of our own we are let in, and they are not.
        let at = stage.addr(Sentinel(1)).to_string();
        let seen = Seen::with(&[&at], &[("WATCHKEEPER_SERVER_PASS", "s3cret")]);
        assert!(seen.codes.contains("WD222 critical"), "{}", seen.text);
        let fed = [Server(2), Server(3)].map(|who| stage.addr(who).to_string());
        let fed = format!("feeds replicas that they can't know: {} and {}", fed[0], fed[1]);
        assert!(seen.text.contains(&fed), "{}", seen.text);
        for wrong in ["WD202", "WD221", "WD226", "WD246", "WD249"] {
            assert!(!seen.text.contains(&format!("\"{wrong}\"")), "{wrong}: {}", seen.text);
        }
        stage.ask_all(&SENTINELS, &format!("SENTINEL SET {NAME} auth-pass s3cret"));
        stage.finds(&[], &["WD203 warning"]);
    }
}

/// The master is well, and the next failover would fail. A data server beside a sentinel is taken for what it is.
pub(crate) fn nobody_to_take_over() {
    let mut stage = Stage::usual(3, "", "");
    stage.finds(&[], &[]);
    stage.kill(Server(2));
    stage.finds(&[], &["WD202 warning"]);
    stage.kill(Server(3));
    let said = "No replica could be promoted: no failover is possible.";
    let refused = format!(
        "The master {} refuses writes: replicas near enough 0, at least 1 needed",
        stage.addr(Server(1))
    );
    let codes = ["WD202 warning", "WD256 critical", "WD257 critical"];
    let seen = stage.finds_saying(&[], &codes, &[said, &refused]);
    assert_eq!(seen.status, 2, "{}", seen.text);
    stage.start(Server(3));
    stage.finds(&[], &["WD202 warning"]);
    stage.start(Server(2));
    stage.finds(&[], &[]);

    let server = stage.addr(Server(1)).to_string();
    let said = format!("{server} is no sentinel: it is a data server of the group `{NAME}`.");
    stage.finds_saying(&[&server], &["WD205 warning"], &[&said, &format!("leave {server} out")]);
}

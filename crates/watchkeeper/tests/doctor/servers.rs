//! Servers without a file, that load, that answer late, and that do not follow in a failover.

use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::SENTINELS;
use crate::stage::Who::{self, Sentinel, Server};
use crate::stage::{Ends, NAME, Stage, Way};

pub(crate) fn run() {
    let mut stage = Stage::usual(3, "", "");
    stage.finds(&[], &[]);
    without_a_file(&mut stage, Server(3));
    loads(&mut stage, Server(3));
    answers_late(&stage, Server(3));
    failover(&stage);
}

fn without_a_file(stage: &mut Stage, who: Who) {
    stage.kill(who);
    stage.way(who, Way::NoFile);
    stage.start(who);
    let said = format!("Without a configuration file: {}.", stage.addr(who));
    stage.finds_saying(&[], &["WD264 note"], &[&said]);
    stage.kill(who);
    stage.way(who, Way::File);
    stage.start(who);
    stage.finds(&[], &[]);
}

/// It has 50 s to load, if nobody lets it off.
fn loads(stage: &mut Stage, who: Who) {
    let fill = "for i = 1, 1000 do redis.call('SET', i, string.rep('x', 2000)) end return 'OK'";
    stage.ask(Server(1), &format!("EVAL \"{fill}\" 0"));
    stage.finds(&[], &[]);
    stage.ask(who, "CONFIG SET rdbcompression no");
    stage.ask(who, "SAVE");
    stage.kill(who);
    let mut file = File::options().append(true).open(stage.file(who, "conf")).unwrap();
    file.write_all(b"key-load-delay 50000\nloading-process-events-interval-bytes 1024\n").unwrap();
    stage.start(who);
    let said = format!("The server {} is loading its data.", stage.addr(who));
    stage.finds_saying(&[], &["WD243 note", "WD261 warning"], &[&said]);
    stage.ask(who, "CONFIG SET key-load-delay 0");
    stage.finds(&[], &[]);
}

/// Two clients keep it busy: a third one waits for both.
fn answers_late(stage: &Stage, who: Who) {
    let done = AtomicBool::new(false);
    let mut clients = [stage.connect(who), stage.connect(who)];
    stage.ask_all(&SENTINELS, &format!("SENTINEL SET {NAME} down-after-milliseconds 1000"));
    std::thread::scope(|scope| {
        let _ends = Ends(&done);
        for client in &mut clients {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    client.call(&["DEBUG", "SLEEP", "0.15"]).unwrap();
                }
            });
        }
        let said = "after 1000 ms without an answer a server is held for down";
        stage.finds_saying(&[], &["WD274 warning"], &[said, &format!("PING {}: ", stage.addr(who))]);
    });
    stage.finds(&[], &[]);
    stage.ask_all(&SENTINELS, &format!("SENTINEL SET {NAME} down-after-milliseconds 2000"));
}

/// The replica that is not promoted gives a password that the new master does not have: the failover waits for it.
fn failover(stage: &Stage) {
    let replicas = [Server(2), Server(3)];
    stage.ask_all(&replicas, "CONFIG SET masterauth other");
    stage.ask(Sentinel(2), &format!("SENTINEL FAILOVER {NAME}"));
    let seen = stage.finds_once("WD220 warning", || {});
    assert!(seen.text.contains("failover_in_progress"), "{}", seen.text);
    // The leader goes on listing the old master as the master: nobody is to be told that there are two.
    for code in ["WD213", "WD221", "WD241"] {
        assert!(!seen.text.contains(code), "{}", seen.text);
    }
    stage.ask_all(&replicas, "CONFIG SET masterauth \"\"");
    stage.finds(&[], &[]);
}

//! Sentinels that do not know, or know wrongly, each other and what has happened.

use std::fs::File;
use std::io::Write;

use rustix::process::Signal;

use crate::stage::Who::{Sentinel, Server};
use crate::stage::{NAME, Stage, Way, eventually};
use crate::{SENTINELS, SERVERS};

/// Redis's sentinels, of which one is exchanged for ours, one has an old file, and a fourth one is added.
pub(crate) fn of_upstream() {
    let mut stage = Stage::new(3);
    for who in SENTINELS {
        stage.way(who, Way::Upstream);
    }
    stage.fill("", "");
    stage.finds(&[], &[]);

    back_again(&mut stage);

    // One is ours.
    stage.kill(Sentinel(3));
    stage.way(Sentinel(3), Way::File);
    stage.start(Sentinel(3));
    let seen = stage.finds(&[], &["WD271 note"]);
    assert!(seen.text.contains("watchkeeper ") && seen.text.contains("redis "), "{}", seen.text);
    stage.kill(Sentinel(3));
    stage.way(Sentinel(3), Way::Upstream);
    stage.start(Sentinel(3));
    stage.finds(&[], &[]);

    // What versions before 6.2.6 left in the file when a sentinel came back with another id.
    stage.kill(Sentinel(1));
    let mut file = File::options().append(true).open(stage.file(Sentinel(1), "conf")).unwrap();
    writeln!(file, "sentinel known-sentinel {NAME} {} 0 {:0<40}", stage.addr(Sentinel(2)).ip(), "5ea1")
        .unwrap();
    stage.start(Sentinel(1));
    let seen = stage.finds(&[], &["WD217 warning"]);
    assert!(seen.text.contains("whose address belongs to another one now"), "{}", seen.text);
    stage.ask(Sentinel(1), &format!("SENTINEL RESET {NAME}"));
    stage.finds(&[], &[]);

    // A fourth one, on a host that has one.
    stage.way(Sentinel(4), Way::Upstream);
    let lines = stage.monitor(2);
    stage.sentinel(4, &lines);
    stage.finds(&[], &["WD228 note", "WD230 critical"]);
}

/// Whoever stood still and goes on is missed for another moment, which is not told.
fn back_again(stage: &mut Stage) {
    for (who, codes, said) in [
        (Server(3), ["WD202 warning", "WD244 warning"], "flags s_down,slave"),
        (Sentinel(3), ["WD200 warning", "WD230 critical"], "flags s_down,sentinel"),
    ] {
        stage.signal(who, Signal::STOP);
        stage.finds_saying(&[], &codes, &[said]);
        stage.signal(who, Signal::CONT);
        let seen = stage.doctor(1, &[]);
        assert!(!seen.text.contains("WD249"), "{}", seen.text);
    }
    // It does not trust its clock for half a minute.
    stage.kill(Sentinel(3));
    stage.start(Sentinel(3));
    stage.finds(&[], &[]);
}

/// Sentinels whose login may not say hello at the servers, though there are enough of them.
pub(crate) fn unheard_of() {
    const USER: &str = "user watch on >s3cret ~* &* +@all -publish";
    let login = format!("sentinel auth-user {NAME} watch\nsentinel auth-pass {NAME} s3cret\n");
    let mut stage = Stage::new(3);
    for who in SENTINELS {
        stage.way(who, Way::Upstream);
    }
    stage.fill(USER, &login);
    // Who asks one of them is not told that there is no other.
    let said = [
        "too few sentinels can be reached",
        "it knows no other sentinel. If there are others, they do not find each other",
        "The quorum is 2, and only 1 sentinel is known",
        "Only one sentinel is known, and it knows no other",
    ];
    let codes = ["WD225 critical", "WD226 critical", "WD229 warning"];
    let seen = stage.finds_saying(&[], &codes, &said);
    for wrong in ["there is only", "There is only", "bring sentinels back", "failover mymaster"] {
        assert!(!seen.text.contains(wrong), "`{wrong}`: {}", seen.text);
    }
    // All of them are there, and not to be brought back.
    let others = [Sentinel(2), Sentinel(3)].map(|who| stage.addr(who).to_string());
    let others = [others[0].as_str(), others[1].as_str()];
    let said = ["enough sentinels answer here, and do not know or do not hear each other"];
    stage.finds_saying(&others, &["WD218 warning", "WD225 critical"], &said);
    stage.ask_all(&SERVERS, "ACL SETUSER watch +publish");
    stage.finds(&[], &[]);
}

/// Sentinels whose login may not ask for INFO know no replica, so that nobody could be promoted.
pub(crate) fn without_info() {
    let login = format!("sentinel auth-user {NAME} watch\nsentinel auth-pass {NAME} s3cret\n");
    let mut stage = Stage::new(3);
    for who in SENTINELS {
        stage.way(who, Way::Upstream);
    }
    stage.fill("user watch on >s3cret ~* &* +@all -info", &login);
    let said = [
        &format!("The master feeds a replica that no sentinel knows: {}.", stage.addr(Server(2))),
        "their login may not INFO there (WD267)",
    ];
    // Whoever has just been started need not be known yet.
    stage.finds_saying(&[], &["WD246 critical"], &said);
}

/// A sentinel that may not listen to the channel of hello messages, nor ask for INFO.
pub(crate) fn deaf() {
    const THIRD: &str = "user third on nopass ~* &* +@all";
    let mut stage = Stage::new(3);
    let master = stage.addr(Server(1));
    let replica = format!("replicaof {} {}\n{THIRD}", master.ip(), master.port());
    stage.server(1, &format!("{THIRD}\nreplica-priority 1"));
    stage.server(2, &format!("{replica}\nreplica-priority 2"));
    stage.server(3, &replica);
    let lines = stage.monitor(2);
    stage.sentinel(1, &lines);
    stage.sentinel(2, &lines);
    let login = format!("sentinel auth-user {NAME} third\nsentinel auth-pass {NAME} any\n");
    stage.sentinel(3, &(lines + &login));
    stage.finds(&[], &[]);

    stage.ask_all(&SERVERS, "ACL SETUSER third resetchannels");
    stage.ask(Sentinel(3), "ACL SETUSER default -publish");
    // The master goes and comes back; the deaf one has heard neither.
    for to in [Server(2), Server(1)] {
        stage.ask(Sentinel(1), &format!("SENTINEL FAILOVER {NAME}"));
        let wanted = format!("address={},", stage.addr(to));
        eventually("the master is another", || {
            let named = stage.ask(Sentinel(1), "INFO sentinel");
            if named.contains(&wanted) { Ok(()) } else { Err(named) }
        });
    }
    stage.finds(&[], &["WD214 warning"]);

    // Another one has lost its file, and with it its id.
    stage.kill(Sentinel(2));
    let lines = stage.monitor(2);
    stage.sentinel(2, &lines);
    let (second, third) = (stage.addr(Sentinel(2)), stage.addr(Sentinel(3)));
    let said = [
        &format!("The sentinel {second} is not known to {third}."),
        &format!("A sentinel is listed at {second} that is not there any more: another one answers.")[..],
    ];
    stage.finds_saying(&[], &["WD214 warning", "WD217 warning", "WD218 warning"], &said);

    // A new replica, of which it could only hear from the master.
    stage.ask_all(&SERVERS, "ACL SETUSER third -info");
    stage.server(4, &replica);
    let codes = ["WD214 warning", "WD217 warning", "WD218 warning", "WD246 warning"];
    let said = format!("The replica {} is not known to {third}.", stage.addr(Server(4)));
    stage.finds_saying(&[], &codes, &[&said]);

    stage.ask_all(&SERVERS, "ACL SETUSER third +info allchannels");
    stage.ask(Sentinel(3), "ACL SETUSER default +publish");
    stage.finds(&[], &[]);
}

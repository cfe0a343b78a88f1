//! `watchkeeper doctor` on deployments of real servers and sentinels that are made wrong in each way it knows. What takes
//! servers of different versions is in `conformance/tests/doctor.rs`. A healthy deployment between two faults has no finding.
#![allow(clippy::unwrap_used, reason = "in a test a failed step is the report")]

mod addresses;
#[path = "../topology/apart.rs"]
mod apart;
mod clock;
mod danger;
mod emptied;
mod master;
mod peers;
mod servers;
mod stage;
mod tls;
mod watched;
mod words;

use std::fs;

use rustix::process::Signal;

use stage::Who::{Sentinel, Server};
use stage::{Ends, NAME, Seen, Stage};

const SENTINELS: [stage::Who; 3] = [Sentinel(1), Sentinel(2), Sentinel(3)];
const SERVERS: [stage::Who; 3] = [Server(1), Server(2), Server(3)];

#[test]
fn settings_of_sentinels_and_servers() {
    let mut stage = Stage::usual(3, "", "");
    let seen = stage.finds(&[], &[]);
    assert_eq!(seen.status, 0, "{}", seen.text);

    // Of sentinels.
    stage.ask(Sentinel(2), &format!("SENTINEL SET {NAME} down-after-milliseconds 3000"));
    stage.ask(Sentinel(3), &format!("SENTINEL SET {NAME} quorum 1"));
    let seen = stage.finds(&[], &["WD215 warning", "WD216 warning", "WD227 warning"]);
    assert_eq!(seen.status, 1);
    // It hears them all: they are not too few, its quorum is too high.
    stage.ask(Sentinel(3), &format!("SENTINEL SET {NAME} quorum 4"));
    stage.finds(&[], &["WD215 warning", "WD216 warning", "WD226 critical"]);
    stage.ask_all(&SENTINELS, &format!("SENTINEL SET {NAME} down-after-milliseconds 2000 quorum 4"));
    let seen = stage.finds(&[], &["WD226 critical"]);
    assert_eq!(seen.status, 2);
    stage.ask_all(&SENTINELS, &format!("SENTINEL SET {NAME} quorum 2"));
    stage.ask(Sentinel(2), "SENTINEL SIMULATE-FAILURE crash-after-election");
    stage.finds(&[], &["WD219 critical"]);
    stage.kill(Sentinel(2));
    stage.start(Sentinel(2));
    stage.finds(&[], &[]);

    of_servers(&stage);
    saving_and_writing(&stage);
}

fn of_servers(stage: &Stage) {
    stage.ask(Server(2), "CONFIG SET replica-priority 0");
    stage.ask(Server(2), "CONFIG SET replica-serve-stale-data no");
    stage.ask(Server(3), "CONFIG SET replica-read-only no");
    stage.ask(Server(1), "CONFIG SET min-replicas-to-write 0");
    stage.ask_all(&SERVERS, "CONFIG SET save \"\"");
    stage.ask(Server(3), "CONFIG SET masterauth other");
    stage.finds(
        &[],
        &["WD251 note", "WD253 warning", "WD254 note", "WD260 warning", "WD263 note", "WD265 critical"],
    );
    stage.ask(Server(3), "CONFIG SET replica-priority 0");
    // The password is only asked for when the link is made anew.
    stage.ask(Server(3), "CLIENT KILL TYPE master");
    let seen = stage.finds(
        &[],
        &[
            "WD243 warning",
            "WD251 critical",
            "WD253 warning",
            "WD254 note",
            "WD260 warning",
            "WD263 note",
            "WD265 critical",
        ],
    );
    assert!(seen.text.contains("has no password: it refuses the one of masterauth"), "{}", seen.text);
    for words in ["CONFIG SET replica-priority 100", "CONFIG SET replica-serve-stale-data yes"] {
        stage.ask_all(&SERVERS, words);
    }
    for words in [
        "CONFIG SET replica-read-only yes",
        "CONFIG SET masterauth \"\"",
        "CONFIG SET min-replicas-to-write 1",
    ] {
        stage.ask_all(&SERVERS, words);
    }
    stage.ask_all(&SERVERS, "CONFIG SET save \"3600 1\"");
    stage.finds(&[], &[]);
}

fn saving_and_writing(stage: &Stage) {
    // A directory stands where the file should be.
    let file = stage.file(Server(1), "rdb");
    fs::remove_file(&file).ok();
    fs::create_dir(&file).unwrap();
    stage.ask(Server(1), "BGSAVE");
    stage.finds(&[], &["WD262 critical"]);
    fs::remove_dir(&file).unwrap();
    stage.ask(Server(1), "BGSAVE");
    stage.finds(&[], &[]);

    // Writes, as fast as one client can.
    stage.ask(Server(1), "CONFIG SET repl-backlog-size 16kb");
    let mut client = stage.connect(Server(1));
    let done = std::sync::atomic::AtomicBool::new(false);
    let value = "x".repeat(5_000);
    std::thread::scope(|scope| {
        let _ends = Ends(&done);
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                client.call(&["SET", "key", &value]).unwrap();
            }
        });
        stage.finds(&[], &["WD252 warning"]);
    });
}

#[test]
fn roles_links_and_passwords() {
    let mut stage = Stage::usual(3, "", "");
    stage.finds(&[], &[]);
    let at = |stage: &Stage, who| stage.addr(who).to_string().replace(':', " ");
    let (master, second) = (at(&stage, Server(1)), at(&stage, Server(2)));

    // Sentinels put these right in a while.
    let again = format!("REPLICAOF {master}");
    stage.finds_once("WD241 critical", || drop(stage.ask(Server(3), "REPLICAOF NO ONE")));
    stage.ask(Server(3), &again);
    stage.finds(&[], &[]);
    let file = stage.file(Sentinel(1), "conf").display().to_string();
    let follow = || drop(stage.ask(Server(3), &format!("REPLICAOF {second}")));
    follow();
    stage.finds_once_with(&["--config", &file], "WD245 warning", follow);
    stage.ask(Server(3), &again);
    stage.finds(&[], &[]);
    let nowhere = format!("{} 1", stage.addr(Server(1)).ip());
    stage.ask(Server(3), "CONFIG SET min-replicas-to-write 0");
    stage.ask(Server(1), "SET other value");
    let seen = stage.finds_once("WD250 critical", || {
        stage.ask(Server(3), "REPLICAOF NO ONE");
        stage.ask(Server(3), "SET key value");
        stage.ask(Server(3), &format!("REPLICAOF {nowhere}"));
    });
    assert!(seen.codes.contains("WD245 critical") && seen.codes.contains("WD243 warning"), "{}", seen.text);
    stage.ask(Server(3), &again);
    stage.finds(&[], &[]);
    let seen =
        stage.finds_once("WD242 critical", || drop(stage.ask(Server(1), &format!("REPLICAOF {second}"))));
    assert_eq!(seen.status, 2);
    stage.ask(Server(1), "REPLICAOF NO ONE");
    stage.ask_all(&[Server(2), Server(3)], &again);
    stage.finds(&[], &[]);

    different_passwords(&stage);

    // A replica that hangs: its master hears nothing of it any more.
    stage.signal(Server(3), Signal::STOP);
    stage.finds(&[], &["WD202 warning", "WD244 warning"]);
    stage.signal(Server(3), Signal::CONT);
    stage.finds(&[], &[]);

    // A replica that nobody knows yet, and one that wants to stay unknown.
    stage.server(4, &format!("replicaof {master}\nreplica-announced no"));
    stage.finds(&[], &["WD246 note"]);
    stage.kill(Server(4));
    stage.finds(&[], &[]);

    // The worst: two sentinels are gone, and then the master.
    stage.kill(Sentinel(2));
    stage.kill(Sentinel(3));
    stage.kill(Server(1));
    let seen = stage
        .finds(&[], &["WD200 warning", "WD202 critical", "WD221 critical", "WD225 critical", "WD243 note"]);
    assert_eq!(seen.status, 2);
    for words in [
        "nobody can write. 1 of 3 sentinels hold it for down, 2 do not answer",
        "why there is no failover: of 3 sentinels, 1 can act",
        "have a replica promoted first",
        "Do not simply restart it if it does not keep its data on disk",
        "`SENTINEL FAILOVER mymaster` at one that is left",
        &format!("without votes: `watchkeeper failover mymaster --sentinel {}`", stage.addr(Sentinel(1))),
        "\"sentinels\":1,\"sentinels_known\":3",
    ] {
        assert!(seen.text.contains(words), "`{words}`: {}", seen.text);
    }
    stage.kill(Sentinel(1));
    let seen = stage.doctor(1, &[]);
    assert_eq!(seen.status, 3, "{}", seen.text);
}

fn different_passwords(stage: &Stage) {
    // A password at one server, which nobody else has. Whoever is connected stays.
    let mut open = stage.connect(Server(2));
    open.call(&["CONFIG", "SET", "requirepass", "s3cret"]).unwrap();
    let words = [format!("--sentinel={}", stage.addr(Sentinel(1)))];
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let seen = Seen::by(&words);
    assert!(seen.codes.contains("WD203 warning"), "{}", seen.text);
    // The others have none, and let everybody in.
    let seen = Seen::with(&words, &[("WATCHKEEPER_SERVER_PASS", "s3cret")]);
    let codes: Vec<&str> = seen.codes.iter().map(String::as_str).collect();
    assert_eq!(codes, ["WD265 critical", "WD266 warning"], "{}", seen.text);
    for who in [Server(1), Server(3)] {
        let mut other = stage.connect(who);
        other.call(&["CONFIG", "SET", "requirepass", "other"]).unwrap();
        other.call(&["ACL", "SETUSER", "default", ">s3cret"]).unwrap();
    }
    let seen = Seen::with(&words, &[("WATCHKEEPER_SERVER_PASS", "s3cret")]);
    for code in ["WD265 critical", "WD266 warning"] {
        assert!(seen.codes.contains(code), "{code}: {}", seen.text);
    }
    assert!(!seen.text.contains("s3cret"), "a password in the report: {}", seen.text);
    assert!(!seen.text.contains("run with `--config`"), "all are one user: {}", seen.text);
    open.call(&["ACL", "SETUSER", "watch", "on"]).unwrap();
    let seen = Seen::with(&words, &[("WATCHKEEPER_SERVER_PASS", "s3cret")]);
    assert!(seen.text.contains("run with `--config`"), "{}", seen.text);
    for who in SERVERS {
        let mut conn = stage.connect(who);
        conn.call(&["AUTH", "s3cret"]).unwrap();
        conn.call(&["CONFIG", "SET", "requirepass", ""]).unwrap();
    }
    // Without a password, too, the sentinels may log in as somebody else.
    let seen = stage.finds(&[], &[]);
    assert!(seen.text.contains("run with `--config`"), "{}", seen.text);
    open.call(&["ACL", "DELUSER", "watch"]).unwrap();
    let seen = stage.finds(&[], &[]);
    assert!(!seen.text.contains("run with `--config`"), "{}", seen.text);
    let seen = Seen::with(&words, &[("WATCHKEEPER_SERVER_PASS", "s3cret")]);
    assert_eq!(seen.codes.iter().collect::<Vec<_>>(), ["WD269 warning"], "{}", seen.text);
    let seen = Seen::with(&words, &[("WATCHKEEPER_PASS", "wrongpw")]);
    assert_eq!(seen.codes.iter().collect::<Vec<_>>(), ["WD269 warning"], "{}", seen.text);
    assert!(seen.text.contains("The sentinels have no password, though one is given"), "{}", seen.text);
    assert!(!seen.text.contains("wrongpw"), "a password in the report: {}", seen.text);
    let mut status = std::process::Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
    status.args(["status", "--lang", "en"]).args(&words).env("WATCHKEEPER_SERVER_PASS", "s3cret");
    let output = status.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("2 replicas in step"), "{text}");
}

#[test]
fn sentinels_and_what_they_know_of_each_other() {
    let mut stage = Stage::usual(3, "", "");
    stage.finds(&[], &[]);

    // One that stood still has lost its trust in the clock, and one is gone.
    stage.signal(Sentinel(3), Signal::STOP);
    stage.finds(&[], &["WD200 warning", "WD230 critical"]);
    stage.signal(Sentinel(3), Signal::CONT);
    stage.finds(&[], &["WD210 warning"]);
    stage.kill(Sentinel(3));
    stage.start(Sentinel(3));
    stage.finds(&[], &[]);

    // A second name for the same master.
    let at = stage.addr(Server(1));
    stage.ask_all(&SENTINELS, &format!("SENTINEL MONITOR alias {} {} 2", at.ip(), at.port()));
    let seen = stage.finds_once("WD255 critical", || {});
    assert!(seen.text.contains("in several groups: alias and mymaster"), "{}", seen.text);
    assert!(seen.text.contains("`SENTINEL REMOVE` of a group that was an alias"), "{}", seen.text);
    stage.ask_all(&SENTINELS, "SENTINEL REMOVE alias");
    stage.finds(&[], &[]);

    // A name that nobody knows; a login that is refused.
    let seen = stage.doctor(1, &["no.such.host.invalid:26379"]);
    assert_eq!(seen.codes.iter().map(String::as_str).collect::<Vec<_>>(), ["WD200 warning", "WD204 warning"]);
    let mut open = stage.connect(Sentinel(3));
    open.call(&["ACL", "SETUSER", "default", "resetpass", ">x"]).unwrap();
    let seen = stage.doctor(1, &[]);
    assert!(seen.codes.contains("WD201 warning"), "{}", seen.text);
    assert!(!seen.text.contains("WD230"), "it refuses us, and votes: {}", seen.text);
    open.call(&["ACL", "SETUSER", "default", "nopass"]).unwrap();
    stage.finds(&[], &[]);

    closed_to_its_peers(&mut stage);

    // A group that one does not watch any more; then with another master.
    stage.ask(Sentinel(3), &format!("SENTINEL REMOVE {NAME}"));
    stage.finds(&[], &["WD212 warning", "WD230 critical"]);
    let second = stage.addr(Server(2));
    stage.ask(Sentinel(3), &format!("SENTINEL MONITOR {NAME} {} {} 2", second.ip(), second.port()));
    let seen = stage.doctor(1, &[]);
    assert!(seen.codes.contains("WD213 critical"), "{}", seen.text);

    // One whose file was made from another's; then one that has forgotten its id.
    stage.kill(Sentinel(3));
    let id = stage.ask(Sentinel(1), "SENTINEL MYID");
    let lines = format!("sentinel myid {id}\n{}", stage.monitor(2));
    stage.sentinel(3, &lines);
    stage.finds_once("WD211 critical", || {});
    stage.kill(Sentinel(3));
    let lines = stage.monitor(2);
    stage.sentinel(3, &lines);
    // Watchkeeper forgets the old one by itself.
    stage.finds(&[], &[]);
}

/// A sentinel that refuses the others, and answers to the operator.
fn closed_to_its_peers(stage: &mut Stage) {
    const OPERATOR: &str = "op on >s3cret ~* &* +@all";
    stage.ask_all(&SENTINELS, &format!("ACL SETUSER {OPERATOR}"));
    let id = stage.ask(Sentinel(3), "SENTINEL MYID");
    let lines = format!("sentinel myid {id}\n{}", stage.monitor(2));
    stage.kill(Sentinel(3));
    stage.sentinel(3, &format!("user default off\nuser {OPERATOR}\n{lines}"));
    let pass = stage.dir().join("pass");
    fs::write(&pass, "s3cret").unwrap();
    let seen = stage.finds(&["--user", "op", "--pass-file", pass.to_str().unwrap()], &["WD249 warning"]);
    assert!(seen.text.contains(&format!("{} answers here", stage.addr(Sentinel(3)))), "{}", seen.text);
    stage.kill(Sentinel(3));
    stage.sentinel(3, &lines);
    stage.finds(&[], &[]);
}

#[test]
fn rights_of_the_sentinels_login_and_a_server_under_two_addresses() {
    const USER: &str = "user watch on >s3cret allchannels +multi +exec +slaveof +ping +info +role +publish +subscribe \
                        +config|rewrite +client|kill +client|setname +script|kill\n";
    let mut stage = Stage::new(1);
    let master = stage.addr(Server(1));
    stage.server(1, USER);
    let other = std::net::SocketAddr::from(([127, 254, 1, 1], master.port() + 1));
    let replica = format!("replicaof {} {}\n{USER}", master.ip(), master.port());
    let bind = format!("bind {} {}\n{replica}", stage.addr(Server(2)).ip(), other.ip());
    stage.server(2, &bind);
    stage.server(3, &format!("{replica}rename-command SLAVEOF \"\""));
    let login = format!("sentinel auth-user {NAME} watch\nsentinel auth-pass {NAME} s3cret\n");
    for number in [1, 2, 3] {
        let lines = stage.monitor(2)
            + &login
            + &format!("sentinel known-replica {NAME} {} {}\n", other.ip(), other.port());
        stage.sentinel(number, &lines);
    }
    let file = stage.file(Sentinel(1), "conf").display().to_string();
    let words = ["--config", file.as_str()];
    // One machine in two addresses is two hosts to whoever looks at addresses.
    let seen = stage.finds(&words, &["WD230 critical", "WD248 warning", "WD268 critical"]);
    assert!(seen.text.contains("settings that only CONFIG GET tells"), "{}", seen.text);
    assert!(seen.text.contains("first give it the same name on all of them"), "{}", seen.text);
    assert!(!seen.text.contains("s3cret"), "a password in the report: {}", seen.text);

    stage.ask(Server(1), "ACL SETUSER watch -script|kill");
    stage.finds(&words, &["WD230 critical", "WD248 warning", "WD267 warning", "WD268 critical"]);
    stage.ask(Server(1), "ACL SETUSER watch -config|rewrite resetchannels");
    let seen = stage.finds(&words, &["WD230 critical", "WD248 warning", "WD267 critical", "WD268 critical"]);
    for command in
        ["CONFIG REWRITE", "PUBLISH __sentinel__:hello", "SUBSCRIBE __sentinel__:hello", "SCRIPT KILL"]
    {
        assert!(seen.text.contains(&format!("`{command}`")), "{command}: {}", seen.text);
    }
    nothing_was_done(&stage);
    stage.ask(Server(1), "ACL SETUSER watch +script|kill +config|rewrite allchannels");

    // What the login of the sentinels may not, ours may.
    stage.ask(Server(3), "ACL SETUSER watch -ping");
    stage.finds(&[], &["WD230 critical", "WD248 warning", "WD249 warning", "WD268 warning"]);
    let seen = stage.doctor(1, &words);
    assert!(seen.codes.contains("WD203 critical"), "{}", seen.text);
}

/// What a failover sends was asked for, and never done.
fn nothing_was_done(stage: &Stage) {
    let said = stage.ask(Server(1), "INFO commandstats");
    assert!(said.contains("cmdstat_multi:"), "{said}");
    for command in ["slaveof", "replicaof", "config|rewrite", "client|kill", "script|kill", "discard"] {
        let line = said.lines().find(|line| line.starts_with(&format!("cmdstat_{command}:")));
        assert!(line.is_none_or(|line| line.contains("calls=0,")), "{line:?}");
    }
}

#[test]
fn few_of_everything() {
    let mut stage = Stage::new(1);
    stage.server(1, "");
    let lines = stage.monitor(1);
    let script = stage.dir().join("notify.sh");
    fs::write(&script, "").unwrap();
    stage.sentinel(1, &lines);
    stage.finds(&[], &["WD229 warning", "WD240 critical", "WD257 critical"]);
    let with_script = stage.dir().join("script.conf");
    let at = stage.addr(Sentinel(1));
    let text = format!(
        "port {}\nbind {}\n{lines}sentinel notification-script {NAME} {}\n",
        at.port(),
        at.ip(),
        script.display()
    );
    fs::write(&with_script, text).unwrap();
    let file = with_script.display().to_string();
    let codes = ["WD229 warning", "WD240 critical", "WD257 critical", "WD275 warning"];
    stage.finds(&["--config", &file], &codes);

    let output = std::process::Command::new(env!("CARGO_BIN_EXE_watchkeeper"))
        .args(["doctor", "--lang", "zh", &at.to_string()])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("mymaster：2 项严重，1 项警告\n"), "{text}");
    assert!(text.contains("已知的哨兵只有一个") && !text.contains('\u{1b}'), "{text}");

    let master = stage.addr(Server(1));
    stage.server(2, &format!("replicaof {} {}", master.ip(), master.port()));
    stage.finds(&[], &["WD229 warning", "WD231 note"]);

    let seen = stage.doctor(1, &["--group", "other"]);
    assert_eq!(seen.status, 3);
    assert!(seen.text.contains("no group `other`\nhint: there is `mymaster`"), "{}", seen.text);
}

#[test]
fn servers_that_are_slow_or_without_a_file() {
    servers::run();
}

#[test]
fn a_master_that_is_dead() {
    master::dead();
}

#[test]
fn a_master_that_is_dead_and_replicas_that_are_forgotten() {
    master::forgotten_replicas();
}

#[test]
fn a_master_that_is_dead_and_replicas_that_may_not_take_over() {
    master::no_priority();
}

#[test]
fn a_replica_that_has_nothing() {
    danger::empty_replica();
}

#[test]
fn a_replica_that_has_nothing_and_is_promoted() {
    danger::empty_replica_of_upstream();
}

#[test]
fn a_master_that_loads() {
    danger::loading_master();
}

#[test]
fn a_master_that_lost_its_data() {
    danger::master_that_lost_its_data();
}

#[test]
fn a_master_that_came_back_empty_at_once() {
    emptied::master_at_once();
}

#[test]
fn a_second_master_with_the_only_copy() {
    emptied::second_master();
}

#[test]
fn a_master_and_a_replica_that_are_both_empty() {
    emptied::both_empty();
}

#[test]
fn a_master_that_follows_an_outsider() {
    emptied::outsider();
}

#[test]
fn an_old_master_that_loads() {
    danger::loading_old_master();
}

#[test]
fn a_replica_that_loads_when_its_master_dies() {
    danger::loading_replica_alone();
}

#[test]
fn a_sentinel_that_nobody_hears_of() {
    peers::unheard_of();
}

#[test]
fn sentinels_that_the_master_refuses() {
    danger::refused_sentinels();
}

#[test]
fn no_replica_that_could_take_over() {
    danger::nobody_to_take_over();
}

#[test]
fn sentinels_that_watch_a_wrong_address() {
    watched::wrong_addresses();
}

#[test]
fn a_sentinel_that_watches_a_port_where_nobody_is() {
    watched::wrong_port();
}

#[test]
fn a_sentinel_that_watches_under_another_name() {
    watched::wrong_name();
}

#[test]
fn loopback_addresses_among_others() {
    apart::apart("loopback_addresses_among_others", addresses::loopback);
}

#[test]
fn peers_of_upstream() {
    peers::of_upstream();
}

#[test]
fn sentinels_that_may_not_ask_for_info() {
    peers::without_info();
}

#[test]
fn a_sentinel_that_is_deaf() {
    peers::deaf();
}

#[test]
fn clocks_that_are_wrong() {
    clock::run();
}

#[test]
fn certificates_that_end() {
    tls::run();
}

#[test]
fn the_table_has_every_code_and_the_guides_have_the_table() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    for (lang, guide) in [("en", "doctor.md"), ("zh", "doctor.zh-CN.md")] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_watchkeeper"))
            .args(["doctor", "--list", "--lang", lang])
            .output()
            .unwrap();
        let table = String::from_utf8(output.stdout).unwrap();
        let guide = fs::read_to_string(format!("{root}/docs/guide/{guide}")).unwrap();
        assert!(guide.contains(&table), "docs/guide: the table of codes is another than this:\n{table}");
    }
}

//! What is told of data that is about to be lost: to an empty master, to a server outside the group, to another name of the
//! group.

use std::fs::File;
use std::io::Write;

use watchkeeper_resp::Frame;

use crate::client::ask;
use crate::group::Who::{self, Sentinel, Server};
use crate::group::{Group, NAME, Plan, eventually};
use crate::{asked, place};

/// A star whose servers have a key; nobody writes to it any more.
fn star(upstream: bool) -> Group {
    let plan = Plan { shape: "1>2 1>3", topology: None, upstream, ..Plan::default() };
    let mut group = Group::start(&plan);
    group.settles_as("1>2 1>3");
    group.nobody_is_missed_soon();
    group.writer = None;
    ask(&place(&group, Server(1)), &["SET", "key", "value"]).unwrap();
    for who in [Server(2), Server(3)] {
        eventually("it has the key", || has_key(&group, who, true));
    }
    group
}

fn has_key(group: &Group, who: Who, wanted: bool) -> Result<(), String> {
    let there = ask(&place(group, who), &["EXISTS", "key"])?;
    if there == Frame::Integer(i64::from(wanted)) { Ok(()) } else { Err(format!("{there:?}")) }
}

/// Looks until the status has this in it, and has the exit status 1.
fn told(group: &Group, words: &[&str]) -> String {
    eventually(&format!("it is told: {words:?}"), || {
        let (code, text) = asked(group, &["status"]);
        if code == 1 && words.iter().all(|it| text.contains(it)) { Ok(text) } else { Err(text) }
    })
}

#[test]
fn of_a_master_that_came_back_empty_its_replicas_data_is_told_and_a_failover_keeps_it() {
    for upstream in [true, false] {
        let mut group = star(upstream);
        group.kill(&[Server(1)]);
        let mut file = File::options().append(true).open(group.file(Server(1), "conf")).unwrap();
        file.write_all(b"repl-diskless-sync-delay 60\n").unwrap();
        group.start_again(&[Server(1)]);
        let [master, second, third] = [1, 2, 3].map(|number| place(&group, Server(number)));
        let empty =
            format!("mymaster: writable; the master {master} has no keys, and its replicas that still");
        let kept = format!("once they are connected: {second} and {third}. Unless that is meant, do");
        let advised =
            format!("`watchkeeper failover mymaster --sentinel {}` at once", place(&group, Sentinel(1)));
        let text = told(&group, &[&empty, &kept, &advised]);
        assert!(!text.contains("without the data"), "{text}");
        assert!(asked(&group, &["status", "--format", "json"]).1.contains(r#""what":"master_empty""#));
        assert!(asked(&group, &["--lang", "zh", "status"]).1.contains("没有任何键，仍有数据的副本"));

        let (code, text) = asked(&group, &["failover", NAME, "--yes", "--timeout", "1000"]);
        assert!(code == 0 && text.contains(&empty), "{text}");
        let new = eventually("a replica is promoted", || {
            let (_, text) = asked(&group, &["status"]);
            let new = [Server(2), Server(3)]
                .into_iter()
                .find(|who| text.contains(&format!("\n  master {} ", place(&group, *who))));
            new.ok_or(text)
        });
        has_key(&group, new, true).unwrap();
    }
}

#[test]
fn a_second_master_that_has_the_only_copy_is_told_as_that() {
    let group = star(true);
    let [master, third] = [1, 3].map(|number| place(&group, Server(number)));
    ask(&third, &["REPLICAOF", "NO", "ONE"]).unwrap();
    let second = format!("{third} is a second master. The sentinels make it follow {master}");
    told(&group, &[&second, "what it has beyond that one's data is lost then"]);
    ask(&master, &["FLUSHALL"]).unwrap();
    ask(&third, &["REPLICAOF", "NO", "ONE"]).unwrap();
    told(
        &group,
        &[&second, "all its data is lost then, as that one has no keys. Copy its data files elsewhere now"],
    );
}

#[test]
fn a_master_that_follows_an_outsider_is_told_with_whom_and_before_a_failover_too() {
    let group = star(false);
    // Its group ends by itself, and is no part of this one.
    let other = Group::start(&Plan { shape: "1>2", topology: None, sentinels: 1, ..Plan::default() });
    let (master, outsider) = (place(&group, Server(1)), other.addr(Server(1)));
    let (host, port) = (outsider.ip().to_string(), outsider.port().to_string());
    ask(&master, &["REPLICAOF", &host, &port]).unwrap();
    let theirs = format!(
        "{master} should be the master and follows {outsider}, which is not known in this group: its data and its replicas' is that server's now"
    );
    told(&group, &[&theirs]);
    eventually("its replicas have lost theirs", || has_key(&group, Server(2), false));
    let (code, text) = asked(&group, &["failover", NAME, "--yes"]);
    let plan = text.split("Asked ").next().unwrap_or_default();
    assert!(plan.contains("brings back nothing of what it had before"), "{code} {text}");
}

#[test]
fn a_group_under_two_names_is_told_in_both_and_before_a_failover() {
    let group = star(true);
    let master = group.addr(Server(1));
    let (host, port) = (master.ip().to_string(), master.port().to_string());
    assert_eq!(asked(&group, &["status"]).0, 0);
    for number in [1, 2, 3] {
        ask(&place(&group, Sentinel(number)), &["SENTINEL", "MONITOR", "alias", &host, &port, "2"]).unwrap();
    }
    let twin = |other: &str| format!("{master} is in this group and the master of the group `{other}`");
    told(&group, &[&twin("alias"), &twin(NAME)]);
    let (code, text) = asked(&group, &["status", NAME, "--format", "json"]);
    assert!(code == 1 && text.contains(r#""what":"in_two_groups""#), "{code} {text}");
    let (_, text) = asked(&group, &["failover", NAME, "--yes"]);
    let plan = text.split("Asked ").next().unwrap_or_default();
    for words in
        [twin("alias").as_str(), "another group, too (`alias`)", "`SENTINEL REMOVE` at every sentinel"]
    {
        assert!(plan.contains(words), "`{words}` is missing in {text}");
    }
    // Under the other name the old master is still the master, and a replica: nobody can write there, or make another follow it.
    let none =
        format!("NOT WRITABLE by this name; {master} is a replica: who asks for `alias` finds no master");
    let text =
        told(&group, &[&format!("alias: {none}; who asks for `{NAME}` finds the one that it follows")]);
    assert!(!text.contains("is a second master") && text.contains(&format!("{NAME}: writable")), "{text}");
    let zh = asked(&group, &["--lang", "zh", "status"]).1;
    assert!(zh.contains("alias：以此组名不可写入") && !zh.contains("第二个主节点。"), "{zh}");
}

#[test]
fn what_an_old_master_may_have_and_an_empty_one_lost_is_told_before_it_is_gone() {
    let mut group = star(true);
    // Of 30,000 keys each takes a millisecond.
    let old = place(&group, Server(1));
    let many = "for key = 1, 30000 do redis.call('SET', 'many' .. key, 'x') end";
    ask(&old, &["EVAL", many, "0"]).unwrap();
    ask(&old, &["CONFIG", "SET", "replica-priority", "7"]).unwrap();
    ask(&old, &["SAVE"]).unwrap();
    group.kill(&[Server(1)]);
    let (code, text) = asked(&group, &["failover", NAME, "--yes"]);
    assert_eq!(code, 0, "{text}");
    let (_, text) = asked(&group, &["status"]);
    let is_master = |who: &Who| text.contains(&format!("\n  master {} ", place(&group, *who)));
    let new = [Server(2), Server(3)].into_iter().find(is_master).unwrap();
    ask(&place(&group, new), &["FLUSHALL"]).unwrap();
    let files = format!("if {old} has data on its disk, copy its data files elsewhere before it is started");
    told(&group, &[&format!("the replica {old} does not answer, and the master"), &files]);
    // How it is now nobody knows: it has never been a replica here.
    let (_, json) = asked(&group, &["status", "--format", "json"]);
    let (_, of_old) = json.split_once(&format!(r#"{{"address":"{old}","role":null"#)).unwrap();
    assert!(of_old.split('}').next().unwrap().contains(r#""priority":null"#), "{json}");
    assert!(
        asked(&group, &["--lang", "zh", "status"]).1.contains("在启动它或它连上之前先把数据文件复制到别处")
    );

    let mut file = File::options().append(true).open(group.file(Server(1), "conf")).unwrap();
    file.write_all(b"key-load-delay 1000\nloading-process-events-interval-bytes 1024\n").unwrap();
    for who in [Server(2), Server(3)] {
        ask(&place(&group, who), &["CONFIG", "SET", "replica-priority", "0"]).unwrap();
    }
    // So that nobody else is fit, by what the sentinels know.
    told(&group, &["no replica could be promoted"]);
    group.start_again(&[Server(1)]);
    told(
        &group,
        &[&format!("{old} is loading its data and will be"), "all its data is lost then, as that one"],
    );
    // So nobody knows while it loads: only replicas say it.
    let (_, json) = asked(&group, &["status", "--format", "json"]);
    let (_, of_old) = json.split_once(&format!(r#"{{"address":"{old}","role":"master""#)).unwrap();
    assert!(of_old.split('}').next().unwrap().contains(r#""priority":null"#), "{json}");
    // While the sentinels hold it for down they refuse it; then it would be the next.
    told(&group, &[&format!("; next: {old} (loading its data)")]);
    let (code, text) = asked(&group, &["failover", NAME, "--yes"]);
    assert_eq!(code, 2, "{text}");
    let copy = format!(
        "hint: the master has no keys, and what {old} reads may be the only copy: at once copy its files"
    );
    assert!(text.contains(&copy) && !text.contains("shows it in step"), "{text}");
}

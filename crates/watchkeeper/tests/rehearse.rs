//! `watchkeeper rehearse`, as a user calls it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

/// Two servers and four sentinels on two hosts.
const TWO_HOSTS: &str = "\
port 26379
sentinel announce-ip 10.0.0.1
sentinel myid 1111111111111111111111111111111111111111
sentinel monitor mymaster 10.0.0.1 6379 2
sentinel down-after-milliseconds mymaster 3000
sentinel auth-pass mymaster secret
sentinel known-replica mymaster 10.0.0.2 6379
sentinel known-sentinel mymaster 10.0.0.1 26380 2222222222222222222222222222222222222222
sentinel known-sentinel mymaster 10.0.0.2 26379 3333333333333333333333333333333333333333
sentinel known-sentinel mymaster 10.0.0.2 26380 4444444444444444444444444444444444444444
";

fn rehearse(file: &str, args: &[&str]) -> (i32, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sentinel.conf");
    std::fs::write(&path, file).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
    command.env("LC_ALL", "C").arg("rehearse").arg(&path).args(args);
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
    (status.code().unwrap(), text.replace(&path.display().to_string(), "FILE"))
}

fn expect(file: &str, args: &[&str], status: i32, parts: &[&str]) {
    let (code, text) = rehearse(file, args);
    assert_eq!(code, status, "{text}");
    for part in parts {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

#[test]
fn four_sentinels_on_two_hosts_lose_their_majority_with_one() {
    let parts = [
        "0.000 s  `10.0.0.1` is gone",
        "+odown 10.0.0.1:6379",
        "mymaster: NOBODY IS PROMOTED. `10.0.0.1:6379` is gone",
        "no majority: 2 of 4 sentinels are left, 3 votes are needed",
        "hint: put the sentinels on at least three hosts",
    ];
    expect(TWO_HOSTS, &["--kill", "10.0.0.1"], 1, &parts);
    let parts = ["`10.0.0.1` 消失", "没有副本被提升", "4 个哨兵只剩 2 个", "提示："];
    expect(TWO_HOSTS, &["--kill", "10.0.0.1", "--lang", "zh"], 1, &parts);
}

#[test]
fn a_server_alone_is_replaced() {
    let parts = [
        "+switch-master 10.0.0.1:6379 -> 10.0.0.2:6379",
        "mymaster: `10.0.0.2:6379` is the master after 3.0",
        "can write again after",
        "warning: no replica is left",
    ];
    expect(TWO_HOSTS, &["--kill", "10.0.0.1:6379"], 0, &parts);
    expect(TWO_HOSTS, &["--hang", "10.0.0.1:6379"], 0, &["`10.0.0.1:6379` hangs", "is the master after"]);
    let parts = ["`10.0.0.2:6379` can't be promoted: its replica-priority is 0"];
    expect(TWO_HOSTS, &["--kill", "10.0.0.1:6379", "--replica", "10.0.0.2:6379,priority=0"], 1, &parts);
}

#[test]
fn sentinels_that_the_file_does_not_know_can_be_added() {
    let more = ["--kill", "10.0.0.1", "--sentinel", "10.0.0.3:26379"];
    expect(TWO_HOSTS, &more, 0, &["`10.0.0.2:6379` is the master"]);
}

#[test]
fn losing_a_sentinel_touches_nothing_but_the_next_failover() {
    expect(TWO_HOSTS, &["--kill", "333333"], 0, &["mymaster: the master `10.0.0.1:6379` goes on."]);
    let two = ["--kill", "333333", "--kill", "10.0.0.2:26380"];
    expect(
        TWO_HOSTS,
        &two,
        0,
        &["warning: no further failover is possible: 2 of 4 sentinels are left, 3 are needed."],
    );
}

#[test]
fn programs_get_json() {
    let (code, text) = rehearse(TWO_HOSTS, &["--kill", "10.0.0.1", "--format", "json"]);
    assert_eq!(code, 1);
    for part in [
        "{\"served\":false,\"groups\":[{\"group\":\"mymaster\",\"master\":\"10.0.0.1:6379\",\"outcome\":\"lost\"",
        "\"code\":\"no-majority\"",
        "\"sentinels\":{\"alive\":2,\"known\":4,\"needed\":3}",
        "\"event\":\"+odown\"",
    ] {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

#[test]
fn mistakes_say_what_to_write_instead() {
    let parts =
        ["`10.0.0.9` is no host, server or sentinel", "hint: it knows 10.0.0.1, 10.0.0.2, 10.0.0.1:6379"];
    expect(TWO_HOSTS, &["--kill", "10.0.0.9"], 2, &parts);
    expect(TWO_HOSTS, &[], 2, &["nothing is to be killed", "hint: --kill with one of 10.0.0.1"]);
    expect("port 1\n", &["--kill", "x"], 2, &["`FILE` has no `sentinel monitor` line", "hint:"]);
    expect("sentinel mnitor x\n", &["--kill", "x"], 2, &["the configuration `FILE` is not right:"]);
    expect(TWO_HOSTS, &["--kill", "x", "--replica", "y"], 2, &["expected HOST:PORT"]);
}

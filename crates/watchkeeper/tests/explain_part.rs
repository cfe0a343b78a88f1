//! `watchkeeper explain` on a part of what happened: one sentinel's log, one that was cut or rotated, a stream of events. What
//! such a part cannot tell is not said, and no advice rests on it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::process::Command;

/// The reports on these logs, in English and Chinese, without the breaks of their lines.
fn told(logs: &[(&str, &str)]) -> [String; 2] {
    let dir = tempfile::tempdir().unwrap();
    logs.iter().for_each(|(name, text)| fs::write(dir.path().join(name), text).unwrap());
    ["en", "zh"].map(|lang| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
        command.current_dir(dir.path()).env("LC_ALL", "C").args(["explain", "--lang", lang]);
        let output = command.args(logs.iter().map(|(name, _)| name)).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}");
        let gap = if lang == "en" { " " } else { "" };
        text.split('\n').map(str::trim_start).collect::<Vec<_>>().join(gap)
    })
}

/// A line with its names in full: `A` is the master, `B` and `C` are its replicas, `S1` to `S3` sentinels, `ID1` to `ID3` their
/// ids.
fn full(line: &str) -> String {
    let words = line.split(' ').map(|word| match word {
        "A" => "m 10.0.0.1 6379".to_owned(),
        "B" => "m 10.0.0.2 6379".to_owned(),
        "RA" => "slave 10.0.0.1:6379 10.0.0.1 6379 @ m 10.0.0.2 6379".to_owned(),
        "RB" => "slave 10.0.0.2:6379 10.0.0.2 6379 @ m 10.0.0.1 6379".to_owned(),
        "RC" => "slave 10.0.0.3:6379 10.0.0.3 6379 @ m 10.0.0.1 6379".to_owned(),
        "S1" | "S2" | "S3" => {
            let number = &word[1..];
            format!("sentinel {} 10.0.1.{number} 26379 @ m 10.0.0.1 6379", number.repeat(40))
        }
        "ID1" | "ID2" | "ID3" => word[2..].repeat(40),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A log whose lines are `minute:second.ms event`.
fn log(lines: &str) -> String {
    let line = |line: &str| {
        let (time, event) = line.trim().split_once(' ').unwrap();
        format!("7:X 29 Nov 2026 10:{time} # {}\n", full(event))
    };
    lines.lines().filter(|text| !text.trim().is_empty()).map(line).collect()
}

/// The same of a sentinel of three, from its start.
fn whole(id: u32, lines: &str) -> String {
    let others: String =
        (1..4).filter(|other| *other != id).map(|it| format!("00:02.000 +sentinel S{it}\n")).collect();
    log(&format!(
        "00:00.000 Redis version=7.0.15, bits=64, commit=00000000, modified=0, pid=7, just started
         00:00.000 Sentinel ID is ID{id}
         00:00.000 +monitor master A quorum 2
         00:00.000 +slave RB
         00:00.000 +slave RC
         {others}{lines}"
    ))
}

/// Events as `redis-cli` prints them into a pipe, one a line here.
fn stream(events: &str) -> String {
    let told = |event: &str| format!("pmessage\n*\n{}\n", full(event.trim()).replacen(' ', "\n", 1));
    events.lines().filter(|event| !event.trim().is_empty()).map(told).collect()
}

/// What a candidate logs before its votes are counted.
const TRIED: &str = "00:10.000 +sdown master A
    00:10.050 +odown master A #quorum 2/2
    00:10.050 +new-epoch 1
    00:10.050 +try-failover master A
    00:10.060 +vote-for-leader ID1 1\n";

/// What a leader logs from then on, until it waits for the replica.
const LED: &str = "00:10.065 2222222222222222222222222222222222222222 voted for 1111111111111111111111111111111111111111 1
    00:10.150 +elected-leader master A
    00:10.250 +selected-slave RB\n";

/// What it logs when the replica is the master.
const DONE: &str = "00:11.000 +promoted-slave RB
    00:11.100 +slave-reconf-sent RC
    00:12.000 +slave-reconf-done RC
    00:12.100 +failover-end master A
    00:12.100 +switch-master A 10.0.0.2 6379\n";

#[test]
fn who_was_not_elected_is_told_the_cause_that_its_log_shows() {
    let lost = |between: &str, at: &str| {
        let text = format!("{TRIED}{between}\n{at} -failover-abort-not-elected master A");
        told(&[("s1.log", &whole(1, &text))])
    };
    let no_cure = |en: &str, zh: &str| {
        for bad in ["Start the missing ones", "启动缺少的哨兵"] {
            assert!(!en.contains(bad) && !zh.contains(bad), "{en}{zh}");
        }
    };
    // Another one came forward.
    let [en, zh] = lost("00:10.300 +new-epoch 2\n00:10.310 +vote-for-leader ID2 2", "00:20.700");
    assert!(
        en.contains("Meanwhile there was a vote in epoch 2, and it voted for 10.0.1.2:26379."),
        "{en}"
    );
    assert!(zh.contains("其间纪元 2 又有一次投票，它投给了 10.0.1.2:26379。"), "{zh}");
    no_cure(&en, &zh);
    // It did not run.
    let [en, zh] = lost(
        "00:22.100 +tilt #tilt mode entered\n00:52.100 -tilt #tilt mode exited",
        "00:52.150",
    );
    assert!(en.contains("It was in TILT meanwhile, and acted on nothing until that was over."), "{en}");
    assert!(zh.contains("其间它处于 TILT"), "{zh}");
    no_cure(&en, &zh);
    // Nothing tells.
    let [en, zh] = lost("", "00:20.700");
    assert!(en.contains("why, these logs do not tell. Possible is that too few of the others ran"), "{en}");
    assert!(zh.contains("原因日志中没有。可能是"), "{zh}");
    no_cure(&en, &zh);
    let [en, zh] = told(&[("s.txt", &stream("+sdown master A\n+new-epoch 1\n+try-failover master A\n-failover-abort-not-elected master A"))]);
    no_cure(&en, &zh);
    // The others are down.
    let down = "00:05.000 +sdown S2\n00:05.000 +sdown S3\n";
    let text = format!("{down}{TRIED}00:20.700 -failover-abort-not-elected master A");
    let [en, zh] = told(&[("s1.log", &whole(1, &text))]);
    assert!(en.contains("Start the missing ones") && zh.contains("启动缺少的哨兵"), "{en}{zh}");
}

/// A leader in TILT does nothing: however long that was, what it gives up when TILT ends it gives up for that.
#[test]
fn what_a_leader_gives_up_after_tilt_it_gives_up_for_that() {
    let tilt = "00:45.000 +tilt #tilt mode entered\n01:15.000 -tilt #tilt mode exited\n";
    let text = format!("{TRIED}{LED}{tilt}01:15.010 -failover-abort-slave-timeout master A");
    let events = "+sdown master A\n+odown master A #quorum 2/2\n+new-epoch 1\n+try-failover master A\n+elected-leader master A
        +selected-slave RB\n+tilt #tilt mode entered\n-tilt #tilt mode exited\n-failover-abort-slave-timeout master A";
    for (name, log) in [("s1.log", whole(1, &text)), ("s1.txt", stream(events))] {
        let [en, zh] = told(&[(name, &log)]);
        assert!(en.contains("in time: s1, which led, was in TILT and did nothing."), "{en}");
        assert!(zh.contains("执行者 s1 处于 TILT") && !(en + &zh).contains("ACL"), "{zh}");
    }
    // Long after it, the replica is to be looked at.
    let text = format!("{TRIED}{LED}{tilt}03:10.300 -failover-abort-slave-timeout master A");
    assert!(told(&[("s1.log", &whole(1, &text))])[0].contains("check `ACL` rules"));
    let tilt = "00:15.000 +tilt #tilt mode entered\n00:45.000 -tilt #tilt mode exited\n";
    let text = format!(
        "{TRIED}{LED}00:11.000 +promoted-slave RB\n00:11.100 +slave-reconf-sent RC\n{tilt}
         00:45.100 +failover-end-for-timeout master A\n00:45.100 +failover-end master A
         00:45.100 +slave-reconf-sent-be RC\n00:45.100 +switch-master A 10.0.0.2 6379"
    );
    let [en, zh] = told(&[("s1.log", &whole(1, &text))]);
    assert!(en.contains("10.0.0.3:6379 followed the new master in time was not seen: s1, which led"), "{en}");
    assert!(zh.contains("没有及时看到 10.0.0.3:6379 跟随新主节点") && !en.contains("full sync"), "{en}{zh}");
}

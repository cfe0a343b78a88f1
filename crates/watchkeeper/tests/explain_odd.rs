//! `watchkeeper explain` with files that are not quite what it asks for: logs of data servers, of both at once, or as an
//! editor has saved them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn explain(args: &[&str], input: &str) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
    command.env("LC_ALL", "C").arg("explain").args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that needs no input may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
    (status.code().unwrap(), text)
}

/// Without the line breaks of the report.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

const SERVER: [&str; 6] = [
    "25670:C 29 Nov 2026 06:06:51.815 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo",
    "25670:C 29 Nov 2026 06:06:51.815 # Redis version=7.0.15, bits=64, commit=00000000, modified=0, pid=25670, just started",
    "25670:S 29 Nov 2026 06:06:51.830 * Running mode=standalone, port=22002.",
    "25670:S 29 Nov 2026 06:06:51.845 * Connecting to MASTER 127.0.0.1:22000",
    "25670:M 29 Nov 2026 06:07:04.100 * Discarding previously cached master state.",
    "25670:signal-handler (1795932424) Received SIGTERM scheduling shutdown...",
];

const SENTINEL: [&str; 5] = [
    "26287:X 29 Nov 2026 06:06:52.984 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo",
    "26287:X 29 Nov 2026 06:06:52.985 * Running mode=sentinel, port=22020.",
    "26287:X 29 Nov 2026 06:06:52.990 # Sentinel ID is f4162ebe7c3c7ffdc5c8e8c7c1a1f2a3b4c5d6e7",
    "26287:X 29 Nov 2026 06:07:03.183 # +sdown master mymaster 127.0.0.1 22000",
    "26287:X 29 Nov 2026 06:07:04.183 # -sdown master mymaster 127.0.0.1 22000",
];

fn lines(front: &str, lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{front}{line}\n")).collect()
}

#[test]
fn the_log_of_a_data_server_is_told_as_what_it_is() {
    let logfmt = SERVER.map(|line| {
        format!(
            "pid=7 role=replica timestamp=\"29 Nov 2026 06:06:51.815\" level=notice message=\"{}\"",
            &line[32..]
        )
    });
    let logfmt: Vec<&str> = logfmt.iter().map(String::as_str).collect();
    for log in [lines("", &SERVER), lines("redis-1  | ", &SERVER), lines("", &logfmt)] {
        for (lang, follow, expected) in [
            ("en", false, "standard input is the log of a data server (redis-server), not of a sentinel"),
            ("zh", false, "标准输入 是数据节点（redis-server）的日志，不是哨兵的"),
            ("en", true, "standard input has only lines of a data server (redis-server) so far"),
            ("zh", true, "标准输入 到目前为止只有数据节点（redis-server）的日志"),
        ] {
            let args = ["--lang", lang].into_iter().chain(follow.then_some("--follow"));
            let (status, text) = explain(&args.collect::<Vec<_>>(), &log);
            assert!(status == 1 && text.contains(expected), "{status} {text}");
            assert!(!text.contains("SENTINELS IN") && !text.contains("日志中的哨兵"), "{text}");
        }
    }
}

/// The system log's lines do not say whose they are.
#[test]
fn what_data_servers_say_too_makes_no_sentinel() {
    let bare: String = SERVER
        .iter()
        .take(5)
        .map(|line| format!("Nov 29 06:06:51 db1 redis[7]: {}\n", &line[35..]))
        .collect();
    let (status, text) = explain(&["-"], &bare);
    assert!(status == 1 && text.starts_with("Nothing in there was logged by a sentinel."), "{status} {text}");
}

#[test]
fn data_servers_among_sentinels_are_passed_over() {
    let log =
        lines("redis-1  | ", &SERVER) + &lines("sentinel-1  | ", &SENTINEL) + &lines("redis-2  | ", &SERVER);
    let (status, text) = explain(&["-"], &log);
    assert_eq!(status, 0, "{text}");
    assert!(
        flat(&text).contains("the lines of the data servers redis-1 and redis-2 are passed over."),
        "{text}"
    );
    let (_, sentinels) = text.split_once("SENTINELS IN THESE LOGS").unwrap();
    assert!(sentinels.contains("sentinel-1") && !sentinels.contains("redis-"), "{text}");
}

#[test]
fn a_mark_before_the_first_line_is_no_name() {
    for mark in ["\u{feff}", ""] {
        let (status, text) = explain(&["-"], &(mark.to_owned() + &lines("", &SENTINEL)));
        let (_, sentinels) = text.split_once("SENTINELS IN THESE LOGS\n").unwrap();
        assert_eq!((status, sentinels.trim().lines().count()), (0, 1), "{text}");
        assert!(!text.contains('\u{feff}'), "{text}");
        // A stream, too: its first line is all of the first message.
        let stream = format!("{mark}\"pmessage\",\"*\",\"+sdown\",\"master m 127.0.0.1 22000\"\n");
        let (status, text) = explain(&["-"], &stream);
        assert!(status == 0 && !text.contains("could not be understood"), "{text}");
    }
}

/// One that could not listen says no more than a data server would, but says whose line it is.
#[test]
fn a_sentinel_that_did_not_start_is_one() {
    let (status, text) = explain(&["-"], &lines("", &SENTINEL[..1]));
    assert!(status == 0 && text.contains("SENTINELS IN THESE LOGS"), "{status} {text}");
}

#[test]
fn what_cannot_be_read_is_told_in_one_language() {
    let dir = tempfile::tempdir().unwrap();
    let packed = dir.path().join("s1.log.gz");
    std::fs::write(&packed, [0x1f, 0x8b, 8, 0]).unwrap();
    for (file, en, zh) in [
        (dir.path(), "can't be read: Is a directory\n", "：是一个目录\n"),
        (&packed, "can't be read: it is compressed. hint: `zcat", "：文件是压缩的。提示：`zcat"),
    ] {
        for (lang, expected) in [("en", en), ("zh", zh)] {
            let (status, text) = explain(&["--lang", lang, file.to_str().unwrap()], "");
            assert!(status == 2 && text.contains(expected), "{status} {text}");
        }
    }
}

/// A log that begins late, like a stream, has not told its id: it is one of those that the others speak of.
#[test]
fn who_has_no_log_is_named_only_as_far_as_it_is_known() {
    let [a, b, c] = ["a", "b", "c"].map(|id| id.repeat(40));
    let line = |second: u32, text: &str| format!("7:X 29 Nov 2026 06:07:{second:02}.000 # {text}\n");
    let knows =
        |id: &str, port: u32| line(1, &format!("+sentinel sentinel {id} 10.0.0.1 {port} @ m 10.0.0.9 6379"));
    let dir = tempfile::tempdir().unwrap();
    let late = line(2, "+sdown master m 10.0.0.9 6379")
        + &line(3, &format!("+config-update-from sentinel {c} 10.0.0.1 3 @ m 10.0.0.9 6379"));
    let whole = line(0, &format!("Sentinel ID is {c}")) + &knows(&a, 1) + &knows(&b, 2);
    let told = |logs: &[(&str, &str)], lang: &str| {
        for (name, log) in logs {
            std::fs::write(dir.path().join(name), log).unwrap();
        }
        let paths: Vec<String> =
            logs.iter().map(|(name, _)| dir.path().join(name).display().to_string()).collect();
        let args: Vec<&str> = ["--lang", lang].into_iter().chain(paths.iter().map(String::as_str)).collect();
        flat(&explain(&args, "").1)
    };
    let two = [("late.log", &late[..]), ("whole.log", &whole)];
    let en = told(&two, "en");
    assert!(
        en.contains(
            "Of the sentinels 10.0.0.1:1 and 10.0.0.1:2 1 has no log here; which, these logs do not tell"
        ),
        "{en}"
    );
    assert!(!en.contains("There is no log of"), "{en}");
    let zh = told(&two, "zh");
    assert!(zh.contains("以下哨兵中缺少 1 个的日志，无法得知是哪个：10.0.0.1:1、10.0.0.1:2"), "{zh}");
    let three = [two[0], two[1], ("other.log", &late[..late.len() / 2])];
    let en = told(&three, "en");
    assert!(!en.contains("no log"), "{en}");
    // One that it speaks of itself is another.
    assert!(told(&two[..1], "en").contains("There is no log of 1 sentinel: 10.0.0.1:3"));
}

#[test]
fn what_redis_cli_says_of_its_connection_is_understood() {
    let stream = "psubscribe\n*\n1\npmessage\n*\n+sdown\nmaster m 127.0.0.1 22000\nError: Server closed the connection\n\
        Could not connect to Redis at 127.0.0.1:22020: Connection refused\n";
    let (status, text) = explain(&["-"], stream);
    assert!(status == 0 && !text.contains("could not be understood"), "{text}");
}

/// It is drawn as it is told: the old master was back before the promotion and went on as one.
#[test]
fn an_old_master_that_was_back_early_is_drawn_as_a_second_one() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/incidents/back-before-promotion-redis");
    let logs = ["s1.log", "s2.log", "s3.log"].map(|log| format!("{dir}/{log}"));
    let args: Vec<&str> = ["--format", "svg"].into_iter().chain(logs.iter().map(String::as_str)).collect();
    let (status, picture) = explain(&args, "");
    assert!(status == 0 && picture.contains("<title>second master"), "{status} {picture}");
}

const MASTER: &str = "master m 10.0.0.1 6379";

/// Logs of sentinels s1, s2 ... told together; each is of `SECOND.MS text`.
fn told(logs: &[&[&str]], args: &[&str]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let paths: Vec<String> = (1..=logs.len()).map(|number| format!("s{number}.log")).collect();
    for (path, lines) in paths.iter().zip(logs) {
        let line = |line: &&str| {
            let (time, text) = line.split_once(' ').unwrap();
            let text = text.replace("MASTER", MASTER);
            format!("7:X 29 Nov 2026 06:{time} # {text}\n")
        };
        std::fs::write(dir.path().join(path), lines.iter().map(line).collect::<String>()).unwrap();
    }
    let paths: Vec<String> = paths.iter().map(|path| dir.path().join(path).display().to_string()).collect();
    let args: Vec<&str> = args.iter().copied().chain(paths.iter().map(String::as_str)).collect();
    let (status, text) = explain(&args, "");
    assert_eq!(status, 0, "{text}");
    flat(&text)
}

const LED: [&str; 8] = [
    "07:10.000 +sdown MASTER",
    "07:10.001 +odown MASTER #quorum 2/2",
    "07:10.001 +try-failover MASTER",
    "07:10.080 +elected-leader MASTER",
    "07:10.090 +selected-slave slave 10.0.0.2:6379 10.0.0.2 6379 @ m 10.0.0.1 6379",
    "07:11.100 +promoted-slave slave 10.0.0.2:6379 10.0.0.2 6379 @ m 10.0.0.1 6379",
    "07:12.200 -odown MASTER",
    "07:12.200 +failover-end MASTER",
];

/// The log was copied just before `+switch-master`.
#[test]
fn a_failover_that_is_done_is_no_outage_that_goes_on() {
    let en = told(&[&LED], &[]);
    let done = "The master 10.0.0.1:6379 failed and a failover was done: 10.0.0.2:6379 was promoted after 1.100 s at the latest. \
        That clients were told of it is not in these logs.";
    assert!(en.contains(done), "{en}");
    for bad in ["NO SENTINEL", "still missed", "`SENTINEL FAILOVER", "NO ONE"] {
        assert!(!en.contains(bad), "{bad}: {en}");
    }
    let zh = told(&[&LED], &["--lang", "zh"]);
    assert!(
        told(&[&LED], &["--format", "html"]).contains("<span class=\"badge is-note\">done, logs end</span>")
    );
    assert!(zh.contains("故障转移已完成：10.0.0.2:6379 最迟在 1.100 秒后已提升为主节点"), "{zh}");
    assert!(!zh.contains("NO ONE"), "{zh}");
}

/// The first sentinel's log ends while the master is back, the other's goes on.
#[test]
fn a_master_that_is_away_at_the_end_did_not_come_back() {
    let blip = ["07:10.000 +sdown MASTER", "07:10.003 -sdown MASTER"];
    let again = [&blip[..], &["07:13.300 +sdown MASTER", "07:13.300 +odown MASTER #quorum 2/2"]].concat();
    let text = told(&[&blip, &again], &["--format", "json"]);
    assert!(!text.contains("came back") && !text.contains("\"came-back\""), "{text}");
    assert!(text.contains("\"outcome\":\"logs-end\""), "{text}");
}

/// A sentinel that was frozen votes in all epochs that it missed.
#[test]
fn a_vote_after_an_election_has_no_part_in_it() {
    let [a, b, c] = ["a", "b", "c"].map(|id| id.repeat(40));
    let id = |id: &str| format!("07:00.000 Sentinel ID is {id}");
    let vote = |time: &str, id: &str, epoch: u64| format!("07:{time} +vote-for-leader {id} {epoch}");
    let epoch = |time: &str, epoch: u64| format!("07:{time} +new-epoch {epoch}");
    let log = |own: &str| {
        let tries = vec![
            id(own),
            "07:10.000 +sdown MASTER".to_owned(),
            "07:10.001 +odown MASTER #quorum 2/2".to_owned(),
            epoch("10.001", 2),
            "07:10.001 +try-failover MASTER".to_owned(),
            vote("10.001", own, 2),
            "07:10.500 -failover-abort-not-elected MASTER".to_owned(),
        ];
        tries
    };
    let mut first = log(&a);
    first.extend([
        epoch("11.000", 3),
        "07:11.000 +try-failover MASTER".to_owned(),
        vote("11.000", &a, 3),
        "07:11.002 +elected-leader MASTER".to_owned(),
    ]);
    let mut other = log(&b);
    other.push(vote("11.001", &a, 3));
    let frozen = [id(&c), vote("17.000", &b, 2), vote("17.000", &a, 3)];
    let logs: Vec<Vec<&str>> =
        [&first[..], &other, &frozen].iter().map(|log| log.iter().map(String::as_str).collect()).collect();
    let logs: Vec<&[&str]> = logs.iter().map(Vec::as_slice).collect();
    let en = told(&logs, &[]);
    for part in [
        "s1 is elected: s1 has the vote of s1 and s2 [",
        "The vote in epoch 2 was split (s1 1 and s2 1)",
        "s3 votes for s1 in epoch 3, when that is over",
    ] {
        assert!(en.contains(part), "{part}: {en}");
    }
    assert!(!told(&logs, &["--format", "json"]).contains("{\"voter\":\"s3\""));
    let zh = told(&logs, &["--lang", "zh"]);
    assert!(zh.contains("s3 在纪元 3 投票给 s1，但选举早已结束"), "{zh}");
}

#[test]
fn what_a_log_still_has_of_tilt_is_not_how_long_it_lasted() {
    let begun = ["07:10.000 +tilt #tilt mode entered", "07:10.250 +sdown MASTER"];
    let whole = ["07:10.000 +tilt #tilt mode entered", "07:40.050 -tilt #tilt mode exited"];
    let en = told(&[&begun, &whole], &[]);
    assert!(
        en.contains("TILT: s1 to the end of its log (its -tilt is not in these logs) and s2 for 30.050 s."),
        "{en}"
    );
    let zh = told(&[&begun, &whole], &["--lang", "zh"]);
    assert!(zh.contains("s1 直到其日志结束"), "{zh}");
}

/// Both the epoch and the votes stood before the beginning of the log.
#[test]
fn an_epoch_that_is_not_known_is_not_named() {
    let late = ["07:10.000 -failover-abort-not-elected MASTER", "07:20.000 +odown MASTER #quorum 2/2"];
    for (lang, expected) in [("en", "s1 is not elected ["), ("zh", "s1 未当选 [")] {
        let text = told(&[&late], &["--lang", lang]);
        assert!(text.contains(expected), "{text}");
        assert!(
            !text.contains("epoch 0") && !text.contains("纪元 0") && !text.contains("its votes"),
            "{text}"
        );
    }
    assert!(told(&[&late], &["--format", "json"]).contains("\"epoch\":null"));
}

const CHOSEN: &str = "slave 10.0.0.2:6379 10.0.0.2 6379 @ m 10.0.0.1 6379";

/// What both languages tell of sentinels whose logs begin with their start, with `CHOSEN` for a replica.
fn both(logs: &[&[&str]]) -> [String; 2] {
    let whole = |(number, log): (usize, &&[&str])| -> Vec<String> {
        let id = format!("00:00.000 Sentinel ID is {}", number.to_string().repeat(40));
        std::iter::once(id).chain(log.iter().map(|line| line.replace("CHOSEN", CHOSEN))).collect()
    };
    let lines: Vec<Vec<String>> = logs.iter().enumerate().map(whole).collect();
    let lines: Vec<Vec<&str>> = lines.iter().map(|log| log.iter().map(String::as_str).collect()).collect();
    let logs: Vec<&[&str]> = lines.iter().map(Vec::as_slice).collect();
    [told(&logs, &[]), told(&logs, &["--lang", "zh"])]
}

const BEGUN: [&str; 5] = [
    "07:10.000 +sdown MASTER",
    "07:10.001 +odown MASTER #quorum 2/2",
    "07:10.001 +try-failover MASTER",
    "07:10.080 +elected-leader MASTER",
    "07:10.090 +selected-slave CHOSEN",
];

/// It was frozen before it had commanded the replica; then it did nothing for 30 s.
#[test]
fn a_leader_in_tilt_is_why_its_replica_was_not_promoted() {
    let rest = [
        "07:15.000 +tilt #tilt mode entered",
        "07:45.000 -tilt #tilt mode exited",
        "07:45.010 -failover-abort-slave-timeout MASTER",
        "07:45.070 +new-epoch 2",
        "07:45.070 +try-failover MASTER",
        "07:45.100 +elected-leader MASTER",
        "07:45.110 +selected-slave CHOSEN",
        "07:45.200 +promoted-slave CHOSEN",
        "07:45.300 +failover-end MASTER",
        "07:45.300 +switch-master m 10.0.0.1 6379 10.0.0.2 6379",
    ];
    let [en, zh] = both(&[&[&BEGUN[..], &rest].concat()]);
    assert!(
        en.contains("did not become master in time: s1, which led, was in TILT and did nothing."),
        "{en}"
    );
    assert!(en.contains("The leader was in TILT and did nothing until that was over"), "{en}");
    assert!(!en.contains("ACL") && !en.contains("twice failover-timeout"), "{en}");
    assert!(zh.contains("执行者 s1 处于 TILT，什么也没做") && !zh.contains("ACL"), "{zh}");
}

#[test]
fn a_chosen_replica_that_is_missed_went_down() {
    let rest = ["07:11.100 +sdown CHOSEN", "07:16.100 -failover-abort-slave-timeout MASTER"];
    let [en, zh] = both(&[&[&BEGUN[..], &rest].concat()]);
    assert!(
        en.contains("10.0.0.2:6379 was chosen and did not answer any more: it went down, or hung"),
        "{en}"
    );
    assert!(zh.contains("10.0.0.2:6379 被选定后不再应答") && !(en + &zh).contains("ACL"), "{zh}");
    let [en, _] = both(&[&[&BEGUN[..], &rest[1..]].concat()]);
    assert!(en.contains("check `ACL` rules"), "{en}");
}

/// While all are in TILT nobody says that the master is away.
#[test]
fn an_outage_that_all_were_blind_to_may_have_begun_before() {
    let tilt = ["07:00.000 +tilt #tilt mode entered", "07:30.000 -tilt #tilt mode exited"];
    let missed = [&tilt[..], &["07:30.100 +sdown MASTER"]].concat();
    let [en, zh] = both(&[&missed, &missed]);
    assert!(
        en.contains(
            "were in TILT, for 30.100 s, and held nobody for down: when the outage began is not known"
        ),
        "{en}"
    );
    assert!(zh.contains("都处于 TILT，共 30.100 秒"), "{zh}");
    let done = [
        "07:30.101 +try-failover MASTER",
        "07:30.110 +elected-leader MASTER",
        "07:30.120 +promoted-slave slave 10.0.0.2:6379 10.0.0.2 6379 @ m 10.0.0.1 6379",
        "07:30.130 +failover-end MASTER",
        "07:30.130 +switch-master m 10.0.0.1 6379 10.0.0.2 6379",
    ];
    let page = told(&[&[&missed[..], &done].concat(), &missed], &["--format", "html"]);
    assert!(page.contains("<small>how long before it is not known: all were in TILT</small>"), "{page}");
    // One that was not would have said so.
    let [en, zh] = both(&[&missed, &["07:30.200 +sdown MASTER"]]);
    assert!(!en.contains("Until the first +sdown") && !zh.contains("共 30.100"), "{en}");
}

/// Its log has nothing from before the other began until its TILT.
#[test]
fn a_leader_that_stood_still_did_not_die() {
    let frozen = [&BEGUN[..4], &["07:26.000 +tilt #tilt mode entered"]].concat();
    let other = [
        "07:10.010 +sdown MASTER",
        "07:22.000 +odown MASTER #quorum 2/2",
        "07:22.000 +new-epoch 2",
        "07:22.000 +try-failover MASTER",
        "07:22.080 +elected-leader MASTER",
        "07:22.090 +selected-slave CHOSEN",
        "07:23.000 +promoted-slave CHOSEN",
        "07:24.000 +failover-end MASTER",
        "07:24.000 +switch-master m 10.0.0.1 6379 10.0.0.2 6379",
    ];
    let heard = "07:26.300 +switch-master m 10.0.0.1 6379 10.0.0.2 6379";
    let [en, zh] = both(&[&[&frozen[..], &[heard]].concat(), &other]);
    assert!(en.contains("s1 led the failover and stood still: its log is silent until its TILT."), "{en}");
    assert!(!en.contains("its host died"), "{en}");
    assert!(zh.contains("s1 主持了故障转移，但随后停住了"), "{zh}");
}

/// The leader that was first died, and with it the news of what it had promoted.
#[test]
fn a_replica_that_a_leader_left_as_a_master_is_told() {
    let first = [&BEGUN[..], &["07:11.000 +promoted-slave CHOSEN"]].concat();
    let other = [
        "07:10.010 +sdown MASTER",
        "07:22.000 +odown MASTER #quorum 2/2",
        "07:22.000 +new-epoch 2",
        "07:22.000 +try-failover MASTER",
        "07:22.080 +elected-leader MASTER",
        "07:22.090 +selected-slave slave 10.0.0.3:6379 10.0.0.3 6379 @ m 10.0.0.1 6379",
        "07:22.200 +promoted-slave slave 10.0.0.3:6379 10.0.0.3 6379 @ m 10.0.0.1 6379",
        "07:22.300 +slave-reconf-sent CHOSEN",
        "07:23.300 +slave-reconf-done CHOSEN",
        "07:23.400 +failover-end MASTER",
        "07:23.400 +switch-master m 10.0.0.1 6379 10.0.0.3 6379",
    ];
    let [en, zh] = both(&[&first, &other]);
    let second =
        "s1 had promoted 10.0.0.2:6379 before 10.0.0.3:6379: it was a second master for at least 11.300 s";
    assert!(en.contains(second), "{en}");
    assert!(zh.contains("至少当了 11.300 秒"), "{zh}");
    // It may have died: nobody had to tell it.
    let alone = [&other[..7], &other[9..]].concat();
    assert!(!both(&[&first, &alone])[0].contains("second master"));
}

/// Both were elected before either heard of the other; the higher epoch stays.
#[test]
fn a_leader_that_gave_way_is_not_lost() {
    let [first, other] = ["0", "1"].map(|id| id.repeat(40));
    let lost = [&BEGUN[..], &["07:10.103 +promoted-slave CHOSEN"]].concat();
    let from = format!("07:10.111 +config-update-from sentinel {other} 10.0.0.9 26380 @ m 10.0.0.1 6379");
    let vote = format!("07:10.010 +vote-for-leader {first} 1");
    let heard = [&from[..], "07:10.111 +switch-master m 10.0.0.1 6379 10.0.0.2 6379"];
    let stays = [
        "07:10.000 +sdown MASTER",
        "07:10.001 +odown MASTER #quorum 2/2",
        "07:10.090 +new-epoch 2",
        "07:10.090 +try-failover MASTER",
        "07:10.104 +elected-leader MASTER",
        "07:10.104 +selected-slave CHOSEN",
        "07:10.105 +promoted-slave CHOSEN",
        "07:10.106 +failover-end MASTER",
        "07:10.106 +switch-master m 10.0.0.1 6379 10.0.0.2 6379",
    ];
    let lost = [&["07:09.000 +new-epoch 1"], &lost[..3], &[&vote[..]], &lost[3..], &heard].concat();
    let [en, zh] = both(&[&lost, &stays]);
    assert!(en.contains("s1 gave way to s2, whose epoch is higher"), "{en}");
    assert!(!en.contains("its host died") && !en.contains("attempts that failed"), "{en}");
    assert!(zh.contains("s2 的纪元更高，s1 让给了它") && !zh.contains("失败的尝试"), "{zh}");
}

/// Of three logs from their start none is missing: the leader's ends because it died, and it had said what it promoted.
#[test]
fn a_leader_that_died_hides_nothing() {
    let [first, other] = ["0", "1"].map(|id| id.repeat(40));
    let sentinel = |id: &str, port: u32| format!("sentinel {id} 10.0.0.9 {port} @ m 10.0.0.1 6379");
    let knows = |time: &str, id: &str, port: u32| format!("{time} +sentinel {}", sentinel(id, port));
    let (to_other, to_first) = (knows("00:01.000", &other, 2), knows("00:01.000", &first, 1));
    let leader = [&[&to_other[..]], &BEGUN[..], &["07:10.200 +promoted-slave CHOSEN"]].concat();
    let from = format!("07:10.210 +config-update-from {}", sentinel(&first, 1));
    let missed = format!("07:11.205 +sdown {}", sentinel(&first, 1));
    let heard = [
        &to_first[..],
        "07:10.005 +sdown MASTER",
        &from,
        "07:10.210 +switch-master m 10.0.0.1 6379 10.0.0.2 6379",
        &missed,
    ];
    let [en, zh] = both(&[&leader, &heard]);
    assert!(en.contains("clients were told after 0.210 s."), "{en}");
    assert!(!en.contains("whose log is not here") && !zh.contains("日志不在此处"), "{en}{zh}");
    // Nobody misses it: its log was cut.
    let [en, _] = both(&[&leader, &heard[..4]]);
    assert!(en.contains("clients were told after 0.210 s at the latest."), "{en}");
}

/// It votes for the failover of a master only when it knows that this is the master.
#[test]
fn a_vote_waits_for_the_switch_before() {
    let [first, other] = ["0", "1"].map(|id| id.repeat(40));
    let sentinel = |id: &str, port: u32| format!("sentinel {id} 10.0.0.9 {port} @ m 10.0.0.1 6379");
    let vote = |time: &str, epoch: u64| format!("{time} +vote-for-leader {first} {epoch}");
    let to_other = format!("00:01.000 +sentinel {}", sentinel(&other, 2));
    let to_first = format!("00:01.000 +sentinel {}", sentinel(&first, 1));
    let (own, own_again) = (vote("07:10.002", 1), vote("07:12.001", 2));
    let again = [
        "07:10.100 +promoted-slave CHOSEN",
        "07:10.110 +failover-end MASTER",
        "07:10.110 +switch-master m 10.0.0.1 6379 10.0.0.2 6379",
        "07:12.000 +sdown master m 10.0.0.2 6379",
        "07:12.000 +odown master m 10.0.0.2 6379 #quorum 2/2",
        "07:12.000 +new-epoch 2",
        "07:12.000 +try-failover master m 10.0.0.2 6379",
        &own_again,
        "07:13.100 +elected-leader master m 10.0.0.2 6379",
        "07:13.110 +selected-slave slave 10.0.0.3:6379 10.0.0.3 6379 @ m 10.0.0.2 6379",
        "07:13.200 +promoted-slave slave 10.0.0.3:6379 10.0.0.3 6379 @ m 10.0.0.2 6379",
        "07:13.300 +failover-end master m 10.0.0.2 6379",
        "07:13.300 +switch-master m 10.0.0.2 6379 10.0.0.3 6379",
    ];
    let leader =
        [&[&to_other[..], "07:09.000 +new-epoch 1"], &BEGUN[..3], &[&own[..]], &BEGUN[3..], &again].concat();
    let (voted, late) = (vote("07:10.010", 1), vote("07:13.050", 2));
    let from = format!("07:13.000 +config-update-from {}", sentinel(&first, 1));
    let unaware = [
        &to_first[..],
        "07:10.005 +sdown MASTER",
        &voted,
        &from,
        "07:13.000 +switch-master m 10.0.0.1 6379 10.0.0.2 6379",
        &late,
        "07:13.310 +switch-master m 10.0.0.2 6379 10.0.0.3 6379",
    ];
    let [en, zh] = both(&[&leader, &unaware]);
    assert!(en.contains("to its sentinel another server was still the master"), "{en}");
    assert!(zh.contains("那个哨兵此前仍以为主节点是另一台服务器"), "{zh}");
}

/// The reports on these logs, in English and Chinese, without the breaks of their lines.
fn reports(logs: &[(&str, &str)]) -> [String; 2] {
    let dir = tempfile::tempdir().unwrap();
    logs.iter().for_each(|(name, text)| std::fs::write(dir.path().join(name), text).unwrap());
    let paths: Vec<String> =
        logs.iter().map(|(name, _)| dir.path().join(name).display().to_string()).collect();
    ["en", "zh"].map(|lang| {
        let args = ["--lang", lang].into_iter().chain(paths.iter().map(String::as_str));
        let (status, text) = explain(&args.collect::<Vec<_>>(), "");
        assert_eq!(status, 0, "{text}");
        if lang == "en" { flat(&text) } else { text.split('\n').map(str::trim_start).collect() }
    })
}

/// A log whose lines are `second.ms event`, of the minute 10:00.
fn log(lines: &str) -> String {
    let line = |line: &str| {
        let (second, event) = line.trim().split_once(' ').unwrap();
        format!("7:X 29 Nov 2026 10:00:{second} # {event}\n")
    };
    lines.lines().filter(|text| !text.trim().is_empty()).map(line).collect()
}

/// What a sentinel's log begins with, and ends of it that are far enough.
fn whole(id: &str, lines: &str) -> String {
    let begin = format!(
        "00.000 Redis version=7.0.15, bits=64, just started\n00.000 Sentinel ID is {}\n\
         00.000 +monitor master m 10.0.0.1 6379 quorum 2\n\
         00.100 +slave slave 10.0.0.2:6379 10.0.0.2 6379 @ m 10.0.0.1 6379\n",
        id.repeat(40)
    );
    log(&(begin + lines))
}

const RESET_THEN_LED: &str = "
    10.000 +sdown master m 10.0.0.1 6379
    10.100 +odown master m 10.0.0.1 6379 #quorum 2/2
    10.100 +new-epoch 1
    10.100 +try-failover master m 10.0.0.1 6379
    10.200 +elected-leader master m 10.0.0.1 6379
    10.300 +selected-slave slave 10.0.0.2:6379 10.0.0.2 6379 @ m 10.0.0.1 6379
    11.000 +promoted-slave slave 10.0.0.2:6379 10.0.0.2 6379 @ m 10.0.0.1 6379
    11.100 +failover-end master m 10.0.0.1 6379
    11.100 +switch-master m 10.0.0.1 6379 10.0.0.2 6379";

/// Only a sentinel that was reset forgets the replicas: another one led, and a replica promoted by hand would have been a
/// second master.
#[test]
fn a_reset_of_one_sentinel_keeps_no_other_from_acting() {
    let reset = "05.000 +reset-master master m 10.0.0.1 6379";
    let (led, was_reset) = (whole("a", &format!("{reset}\n{RESET_THEN_LED}")), |second: &str| {
        whole("b", &format!("{second} +reset-master master m 10.0.0.1 6379\n40.000 +new-epoch 2"))
    });
    let [en, zh] = reports(&[("s1.log", &led), ("s2.log", &was_reset("10.050"))]);
    assert!(en.contains("s2): that forgets the replicas") && !en.contains("nobody can be promoted"), "{en}");
    assert!(en.contains("a replica was promoted all the same"), "{en}");
    assert!(en.contains("SENTINEL RESET on s2: it forgets") && en.contains("SENTINEL RESET [s1]"), "{en}");
    assert!(zh.contains("在 s2 上执行了 SENTINEL RESET") && zh.contains("副本仍然得到了提升"), "{zh}");
    // Nobody has taken over yet: others may.
    let [en, zh] = reports(&[(
        "s2.log",
        &whole(
            "b",
            "10.000 +sdown master m 10.0.0.1 6379\n11.000 +reset-master master m 10.0.0.1 6379\n40.000 +new-epoch 2",
        ),
    )]);
    assert!(en.contains("one that was not still can") && en.contains("or there may be two"), "{en}");
    assert!(zh.contains("未执行过的仍然可以") && zh.contains("可能出现两个主节点"), "{zh}");
    // Two at different times, both in calm.
    let [en, zh] = reports(&[("s1.log", &whole("a", reset)), ("s2.log", &was_reset("11.000"))]);
    assert!(
        en.contains("10:00:05.000 m: SENTINEL RESET [s1 and s2, 2 lines, the last at 10:00:11.000]"),
        "{en}"
    );
    assert!(zh.contains("最后一次在 10:00:11.000"), "{zh}");
}

/// Of a master that was made a replica by hand nothing is said in a log but that the other one is a master.
#[test]
fn a_master_made_by_hand_is_not_said_to_be_turned_back() {
    let detected =
        "10.000 +failover-detected master m 10.0.0.1 6379 #promoted 10.0.0.2:6379\n40.000 +new-epoch 1";
    let [en, zh] = reports(&[("s1.log", &whole("a", detected))]);
    assert!(!en.contains("while 10.0.0.1:6379 was the master"), "{en}");
    assert!(en.contains("these logs do not show that it became a replica again"), "{en}");
    assert!(en.contains("clients are sent to one that takes no writes"), "{en}");
    assert!(zh.contains("这些日志中没有它重新成为副本的记录") && zh.contains("不能写入的节点"), "{zh}");
}

#[test]
fn standard_input_can_be_read_only_once() {
    let (status, text) = explain(&["--", "-", "-", "-"], "");
    assert!(status != 0 && text.contains("`-` is standard input, expected once"), "{status} {text}");
    let (_, text) = explain(&["--lang", "zh", "-", "-"], "");
    assert!(text.contains("只能出现一次"), "{text}");
}

const PROMOTED_LATE: &str = "
    10.100 +odown master m 10.0.0.1 6379 #quorum 2/2
    10.100 +new-epoch 1
    10.100 +try-failover master m 10.0.0.1 6379
    10.200 +elected-leader master m 10.0.0.1 6379
    10.300 +selected-slave slave 10.0.0.2:6379 10.0.0.2 6379 @ m 10.0.0.1 6379";
const LED_ON: &str = "
    11.000 +promoted-slave slave 10.0.0.2:6379 10.0.0.2 6379 @ m 10.0.0.1 6379
    11.100 +failover-end master m 10.0.0.1 6379
    11.100 +switch-master m 10.0.0.1 6379 10.0.0.2 6379";
const HEARD: &str = "11.100 +switch-master m 10.0.0.1 6379 10.0.0.2 6379\n40.000 +new-epoch 2";

/// Of one that had no answer yet nothing follows: the others had, before the promotion.
#[test]
fn a_master_that_was_back_for_some_before_the_promotion_was_a_second_one() {
    let (missed, back) = ("10.000 +sdown master m 10.0.0.1 6379", "10.900 -sdown master m 10.0.0.1 6379");
    let leader = whole("a", &format!("{missed}\n{PROMOTED_LATE}\n{back}\n{LED_ON}"));
    let (other, heard) = (whole("b", &format!("{missed}\n{HEARD}")), whole("c", HEARD));
    let [en, zh] = reports(&[("s1.log", &leader), ("s2.log", &other)]);
    assert!(en.contains("It was answering again at +0.900 s"), "{en}");
    assert!(en.contains("came back as a master") && zh.contains("恢复时仍自称主节点"), "{en} {zh}");
    // Only one missed it: the master was up for the others.
    let [en, zh] = reports(&[("s1.log", &leader), ("s3.log", &heard)]);
    assert!(
        en.contains("One sentinel alone missed the master 10.0.0.1:6379, for 0.900 s; its failover"),
        "{en}"
    );
    assert!(en.contains("s1 missed the master, s3 did not") && !en.contains("10.0.0.1:6379 failed"), "{en}");
    assert!(zh.contains("只有一个哨兵认为主节点 10.0.0.1:6379 失联（0.900 秒）"), "{zh}");
}

#[test]
fn a_restart_is_named_where_it_was_seen() {
    let blips = "10.000 +sdown master m 10.0.0.1 6379\n10.500 -sdown master m 10.0.0.1 6379\n";
    let reboot = "10.600 +reboot master m 10.0.0.1 6379\n";
    let [en, zh] = reports(&[("s1.log", &whole("a", &format!("{blips}{reboot}40.000 +new-epoch 1")))]);
    assert!(en.contains("The master 10.0.0.1:6379 had restarted when it came back (+reboot)."), "{en}");
    assert!(en.contains("was noticed to have restarted") && en.contains("it came back empty"), "{en}");
    assert!(zh.contains("恢复时已重启过") && zh.contains("发现服务器 10.0.0.1:6379 重启过"), "{zh}");
    let again = "12.000 +sdown master m 10.0.0.1 6379\n13.000 -sdown master m 10.0.0.1 6379\n";
    let [en, zh] = reports(&[("s1.log", &whole("a", &format!("{blips}{reboot}{again}40.000 +new-epoch 1")))]);
    assert!(en.contains("The master flaps") && en.contains("found that it had restarted (+reboot)"), "{en}");
    assert!(zh.contains("有哨兵发现它重启过") && !en.contains("SLOWLOG"), "{zh}");
    // Times count from where the table says.
    let led = RESET_THEN_LED.replace("    10.", "20.").replace("    11.", "21.");
    let leader = whole("a", &format!("{blips}{led}"));
    let heard = whole("b", &HEARD.replace("11.", "21."));
    for (logs, from) in [
        (&[("s1.log", &leader[..])][..], "时间从这些日志中它最后一次失联的 +sdown 算起"),
        (&[("s1.log", &leader), ("s2.log", &heard)], "时间从它最后一次失联的 +sdown 算起"),
    ] {
        let [en, zh] = reports(logs);
        assert!(en.contains("count from +10.000 s below") && !en.contains("rom the first +sdown"), "{en}");
        assert!(zh.contains(from) && !zh.contains("第一条 +sdown"), "{zh}");
    }
}

#[test]
fn an_old_master_of_which_nothing_tells_that_it_follows_may_be_a_second_one() {
    let back = "12.000 +sdown slave 10.0.0.1:6379 10.0.0.1 6379 @ m 10.0.0.2 6379\n\
        14.000 -sdown slave 10.0.0.1:6379 10.0.0.1 6379 @ m 10.0.0.2 6379";
    // Where the log ends before it could have been told, that says nothing.
    let [en, _] = reports(&[("s1.log", &whole("a", &format!("{RESET_THEN_LED}\n{back}")))]);
    assert!(!en.contains("that it was told to follow"), "{en}");
    let later = "40.000 +new-epoch 1";
    let [en, zh] = reports(&[("s1.log", &whole("a", &format!("{RESET_THEN_LED}\n{back}\n{later}")))]);
    assert!(en.contains("The old master 10.0.0.1:6379 answers again; that it was told to follow"), "{en}");
    assert!(zh.contains("没有命令它跟随新主节点的记录"), "{zh}");
    let follows = "20.000 +convert-to-slave slave 10.0.0.1:6379 10.0.0.1 6379 @ m 10.0.0.2 6379";
    let [en, _] =
        reports(&[("s1.log", &whole("a", &format!("{RESET_THEN_LED}\n{back}\n{follows}\n{later}")))]);
    assert!(!en.contains("that it was told to follow"), "{en}");
}

/// The line that enough agree is in a log that begins too late: another sentinel's is no part of the way to the election.
#[test]
fn phases_stand_in_the_order_of_the_steps() {
    let leader = log(&RESET_THEN_LED.lines().skip(3).collect::<Vec<_>>().join("\n"));
    let other =
        log("10.900 +sdown master m 10.0.0.1 6379\n10.950 +odown master m 10.0.0.1 6379 #quorum 3/2\n\
        11.100 +switch-master m 10.0.0.1 6379 10.0.0.2 6379");
    let [en, _] = reports(&[("s1.log", &leader), ("s2.log", &other)]);
    assert!(!en.contains("agreement: enough") && en.contains("one sentinel may act 0.100 s"), "{en}");
}

#[test]
fn a_line_with_whole_seconds_is_told_with_whole_seconds() {
    let stop = "7:signal-handler (1795932424) Received SIGTERM scheduling shutdown...\n";
    let [en, zh] = reports(&[("s1.log", &(whole("a", "10.000 +new-epoch 1") + stop))]);
    let line = |text: &str, what: &str| text.contains(what) && !text.contains(&format!(".000 {what}"));
    assert!(line(&en, "a sentinel was told to stop"), "{en}");
    assert!(!zh.contains(".000  哨兵被要求停止") && zh.contains("哨兵被要求停止"), "{zh}");
}

/// A pause that is just longer than down-after-milliseconds says nothing of the network.
#[test]
fn one_that_missed_the_master_for_a_moment_is_told_of_down_after() {
    let missed =
        "10.000 +sdown master m 10.0.0.1 6379\n10.091 -sdown master m 10.0.0.1 6379\n40.000 +new-epoch 1";
    let [en, zh] =
        reports(&[("s1.log", &whole("a", missed)), ("s2.log", &whole("b", "40.000 +new-epoch 1"))]);
    assert!(en.contains("the time counts from the end of down-after-milliseconds"), "{en}");
    assert!(
        zh.contains("时间从 down-after-milliseconds 到期后算起") && !en.contains("network paths"),
        "{zh}"
    );
}

#[test]
fn only_watchkeeper_says_why_not_and_all_that_act_are_shown() {
    let tried = |id: &str| {
        log(&format!(
            "10.000 +new-epoch 1\n10.000 +try-failover master m 10.0.0.1 6379\n10.000 +vote-for-leader {} 1\n\
             10.500 Not elected for `m`: 2 of 3 votes are needed in epoch 1; missing: cccccccc is not reachable\n\
             10.500 -failover-abort-not-elected master m 10.0.0.1 6379",
            id.repeat(40)
        ))
    };
    let [en, _] = reports(&[("s1.log", &tried("a")), ("s2.log", &tried("b"))]);
    assert!(en.contains("was split") && !en.contains("retries after twice"), "{en}");
    let asked = "09.999 Executing user requested FAILOVER of 'm'\n";
    let acts = RESET_THEN_LED.lines().skip(3).collect::<Vec<_>>().join("\n");
    let one = |id: &str| whole(id, &format!("{asked}{acts}"));
    let [en, _] = reports(&[("s1.log", &one("a")), ("s2.log", &one("b"))]);
    assert!(en.contains("s1 acts [+elected-leader]") && en.contains("s2 acts [+elected-leader]"), "{en}");
    assert!(!en.contains("By luck"), "{en}");
}

/// Another one's log that ends before this one begins knew only those that it had met by then.
#[test]
fn no_log_is_given_the_id_of_another_one() {
    let early = whole("b", "02.000 +sentinel sentinel aaaaaaaa11 10.0.1.1 26379 @ m 10.0.0.1 6379");
    let late = log("14.000 Executing user requested FAILOVER of 'm'\n14.000 +new-epoch 1");
    let [en, _] = reports(&[("s2.log", &late), ("s3.log", &early)]);
    assert!(en.contains("FAILOVER on s2") && !en.contains("s2 10.0.1.1:26379 aaaaaaaa"), "{en}");
    let longer = format!("{early}{}", log("40.000 +new-epoch 1"));
    let [en, _] = reports(&[("s2.log", &late), ("s3.log", &longer)]);
    assert!(en.contains("s2 10.0.1.1:26379 aaaaaaaa"), "{en}");
}

/// redis-sentinel says until when it begins no failover by itself. Who asks for one does not wait for that.
#[test]
fn the_time_of_the_next_attempt_is_told() {
    let given_up = "
        10.000 +sdown master m 10.0.0.1 6379
        10.100 +odown master m 10.0.0.1 6379 #quorum 1/1
        10.100 +new-epoch 1
        10.100 +try-failover master m 10.0.0.1 6379
        10.200 +elected-leader master m 10.0.0.1 6379
        10.300 -failover-abort-no-good-slave master m 10.0.0.1 6379
        10.310 Next failover delay: I will not start a failover before Sun Nov 29 10:06:10 2026";
    let [en, zh] = reports(&[("s1.log", &whole("a", given_up).replace("quorum 2", "quorum 1"))]);
    assert!(en.contains("begin none by themselves before 10:06:10 (Next failover delay)."), "{en}");
    assert!(zh.contains("在 10:06:10 之前不会自行开始（Next failover delay）。"), "{zh}");
}

#[test]
fn an_old_master_that_followed_another_server_is_told_of() {
    let back = "12.000 +sdown slave 10.0.0.1:6379 10.0.0.1 6379 @ m 10.0.0.2 6379\n\
        14.000 -sdown slave 10.0.0.1:6379 10.0.0.1 6379 @ m 10.0.0.2 6379\n\
        24.000 +fix-slave-config slave 10.0.0.1:6379 10.0.0.1 6379 @ m 10.0.0.2 6379\n\
        25.000 +fix-slave-config slave 10.0.0.3:6379 10.0.0.3 6379 @ m 10.0.0.2 6379";
    let [en, zh] = reports(&[("s1.log", &whole("a", &format!("{RESET_THEN_LED}\n{back}")))]);
    assert!(
        en.contains(
            "10.0.0.1:6379 follows another server and is told to follow the new one [+fix-slave-config]"
        ),
        "{en}"
    );
    assert!(en.contains("m: the replica 10.0.0.3:6379 followed another server"), "{en}");
    assert!(!en.contains("that it was told to follow"), "{en}");
    assert!(
        zh.contains("旧主节点 10.0.0.1:6379 跟随了别的服务器")
            && zh.contains("副本 10.0.0.3:6379 跟随了别的"),
        "{zh}"
    );
}

/// A reason is told with the sentinels' names, and who gave it when.
#[test]
fn a_reason_is_told_with_names_speaker_and_time() {
    let tried = "10.000 +sdown master m 10.0.0.1 6379
        10.100 +new-epoch 1
        10.100 +try-failover master m 10.0.0.1 6379
        10.600 Not elected for `m`: 2 of 3 votes are needed in epoch 1; missing: bbbbbbbb voted for bbbbbbbb
        10.600 -failover-abort-not-elected master m 10.0.0.1 6379";
    let [en, zh] = reports(&[("s1.log", &whole("a", tried)), ("s2.log", &whole("b", "40.000 +new-epoch 2"))]);
    assert!(en.contains("10:00:10.600 s1: the log says: Not elected for `m`"), "{en}");
    assert!(en.contains("missing: s2 voted for s2"), "{en}");
    assert!(zh.contains("10:00:10.600  s1：日志") && !zh.contains("bbbbbbbb 投"), "{zh}");
}

/// In an outage one more may act; else it is told beside the incidents.
#[test]
fn a_sentinel_that_is_started_again_is_told_of() {
    let again =
        |second: &str| whole("b", "").replace("7:X", "8:X").replace("10:00:00.", &format!("10:00:{second}."));
    let missed = whole("a", "10.000 +sdown master m 10.0.0.1 6379\n40.000 +new-epoch 1");
    let log = whole("b", "03.000 +new-epoch 1");
    let [en, zh] = reports(&[("s1.log", &missed), ("s2.log", &format!("{log}{}", again("15")))]);
    assert!(en.contains("+5.000 s s2 is started again"), "{en}");
    assert!(zh.contains("s2 重新启动"), "{zh}");
    let [en, zh] = reports(&[("s1.log", &missed), ("s2.log", &format!("{log}{}", again("05")))]);
    assert!(en.contains("10:00:05.000 a sentinel was started again [s2]"), "{en}");
    assert!(zh.contains("哨兵重新启动  [s2]"), "{zh}");
}

//! Logs and streams of sentinels in short, and what `watchkeeper explain` tells of them.

#![allow(dead_code)] // each test file uses its part
#![allow(clippy::unwrap_used)] // a test fails by panicking

use std::fs;
use std::process::Command;

/// What the program says of these logs, with these arguments.
pub(crate) fn said(logs: &[(&str, &str)], args: &[&str]) -> String {
    let dir = tempfile::tempdir().unwrap();
    logs.iter().for_each(|(name, text)| fs::write(dir.path().join(name), text).unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
    command.current_dir(dir.path()).env("LC_ALL", "C").arg("explain").args(args);
    let output = command.args(logs.iter().map(|(name, _)| name)).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    text
}

/// The reports on these logs, in English and Chinese, without the breaks of their lines.
pub(crate) fn told(logs: &[(&str, &str)]) -> [String; 2] {
    ["en", "zh"].map(|lang| {
        let mut whole = String::new();
        for line in said(logs, &["--lang", lang]).split('\n').map(str::trim_start) {
            // A line of Chinese ends anywhere, and between English words where a space was.
            let words =
                whole.ends_with(|end: char| end.is_ascii()) && line.starts_with(|it: char| it.is_ascii());
            if !whole.is_empty() && (lang == "en" || words) {
                whole.push(' ');
            }
            whole += line;
        }
        whole
    })
}

/// A line with its names in full: `A` is the master, `B` and `C` are its replicas, `S1` to `S3` sentinels, `ID1` to `ID4` their
/// ids. The master of `RA` is `B`, that of the others `A`, unless one stands behind `@`: `RB@C`.
pub(crate) fn full(line: &str) -> String {
    let server = |name: &str| format!("10.0.0.{} 6379", 1 + "ABC".find(name).unwrap());
    let words = line.split(' ').map(|word| match word {
        "A" | "B" | "C" => format!("m {}", server(word)),
        "RA" | "RB" | "RC" | "RB@A" | "RA@C" | "RC@B" | "RB@C" => {
            let usual = if word == "RA" { "B" } else { "A" };
            let (place, master) = (server(&word[1..2]), server(word.get(3..).unwrap_or(usual)));
            format!("slave {} {place} @ m {master}", place.replace(' ', ":"))
        }
        "S1" | "S2" | "S3" => {
            let number = &word[1..];
            format!("sentinel {} 10.0.1.{number} 26379 @ m 10.0.0.1 6379", number.repeat(40))
        }
        "ID1" | "ID2" | "ID3" | "ID4" => word[2..].repeat(40),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A log whose lines are `minute:second.ms event`; `START ID1` is the start of the next process.
pub(crate) fn log(lines: &str) -> String {
    let mut pid = 7;
    let mut text = String::new();
    let mut first = true;
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (time, event) = line.split_once(' ').unwrap();
        let mut add = |pid: u32, event: &str| {
            text += &format!("{pid}:X 29 Nov 2026 10:{time} # {event}\n");
        };
        match event.strip_prefix("START ") {
            Some(id) => {
                pid += u32::from(!first);
                add(pid, "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo");
                add(pid, "Redis version=7.0.15, bits=64, commit=00000000, modified=0, pid=8, just started");
                add(pid, &format!("Sentinel ID is {}", full(id)));
            }
            None => add(pid, &full(event)),
        }
        first = false;
    }
    text
}

/// The same of a sentinel of three, from its start.
pub(crate) fn whole(id: u32, lines: &str) -> String {
    let others: String =
        (1..4).filter(|other| *other != id).map(|it| format!("00:02.000 +sentinel S{it}\n")).collect();
    log(&format!(
        "00:00.000 START ID{id}
         00:00.000 +monitor master A quorum 2
         00:00.000 +slave RB
         00:00.000 +slave RC
         {others}{lines}"
    ))
}

/// Events as `redis-cli` prints them into a pipe, one a line here.
pub(crate) fn stream(events: &str) -> String {
    let told = |event: &str| format!("pmessage\n*\n{}\n", full(event.trim()).replacen(' ', "\n", 1));
    events.lines().filter(|event| !event.trim().is_empty()).map(told).collect()
}

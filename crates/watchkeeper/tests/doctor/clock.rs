//! Clocks that are wrong: a replica's that is slow, and those of sentinels that have seen a replica gone for long.
//! The library that does it (`clock.c`) is built here by the compiler that Rust links with. libfaketime is no help: servers
//! whose allocator is jemalloc do not start with it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::SENTINELS;
use crate::stage::Who::{self, Sentinel, Server};
use crate::stage::{Stage, Way, eventually};

/// Builds what is preloaded, once for each stage.
pub(crate) fn library(dir: &Path) -> PathBuf {
    let library = dir.join("clock.so");
    if !library.is_file() {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doctor/clock.c");
        let mut command = Command::new("cc");
        command.args(["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o"]).arg(&library).arg(source);
        let output = command.output().unwrap();
        assert!(output.status.success(), "cc: {}", String::from_utf8_lossy(&output.stderr));
    }
    library
}

pub(crate) fn run() {
    let mut stage = Stage::new(3);
    let clocked: [Who; 4] = [Server(2), Sentinel(1), Sentinel(2), Sentinel(3)];
    for who in clocked {
        stage.way(who, Way::Clock);
        stage.clock(who, 0, 0);
    }
    stage.fill("", "");
    stage.finds(&[], &[]);

    slow(&stage);
    gone_for_long(&mut stage);
}

/// A server's clock is a minute behind.
fn slow(stage: &Stage) {
    stage.clock(Server(2), -61, 0);
    let seen = stage.finds(&[], &["WD270 warning"]);
    let said = format!("Clocks are 61.0 s apart. Wrong, most likely: {}.", stage.addr(Server(2)));
    assert!(seen.text.contains(&said), "{}", seen.text);
    stage.clock(Server(2), 0, 0);
    stage.finds(&[], &[]);
}

/// All sentinels miss a replica; then eleven minutes are over for them.
fn gone_for_long(stage: &mut Stage) {
    stage.kill(Server(3));
    eventually("all sentinels hold it for down", || {
        let seen = stage.doctor(1, &[]);
        let only = seen.codes.iter().eq(["WD202 warning"]);
        if only && seen.text.matches("flags s_down").count() == 3 { Ok(()) } else { Err(seen.text) }
    });
    for who in SENTINELS {
        stage.clock(who, 0, 660);
    }
    // Such a clock they distrust for a while, too.
    stage.finds_saying(&[], &["WD210 critical", "WD247 warning"], &["has been gone for 11 min"]);
}

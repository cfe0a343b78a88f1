//! `watchkeeper demo`: a failover to watch, with real servers and sentinels on this machine.
//!
//! Three servers in a line (a master, its replica, and a replica of that), three sentinels which are this very
//! program, and a client that never stops writing. The master is killed; what the sentinels say is shown as they
//! say it. This module tells the story; the modules below it do the work.

mod cast;
mod client;
mod listener;
mod phases;
mod processes;
mod stage;
mod story;
mod timeline;
mod tree;
mod writer;

use std::io::{BufReader, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;

use super::lang::Lang;

/// The group's name.
const GROUP: &str = "demo";

/// What the sentinels are told for `down-after-milliseconds`.
const DOWN_AFTER_MS: u32 = 2000;

/// What `watchkeeper demo` can be told.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct DemoArgs {
    /// leave the master alive: kill it yourself, or just look
    #[arg(long)]
    no_kill: bool,
    /// seconds of peace before the master is killed; with --no-kill and --once, before the end
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(0..=3600))]
    seconds: u64,
    /// end when the old master is back, instead of running until Ctrl-C [default when standard input is no terminal]
    #[arg(long)]
    once: bool,
    /// keep the folder with configuration files and logs
    #[arg(long)]
    keep_dir: bool,
    /// the server to use [default: redis-server or valkey-server in PATH]
    #[arg(long, value_name = "PROGRAM")]
    server_program: Option<PathBuf>,
    /// use this for the three sentinels instead, such as upstream's redis-sentinel, to compare
    #[arg(long, value_name = "PROGRAM")]
    sentinel_program: Option<PathBuf>,
    /// be the process that cleans up this folder when the demo ends
    #[arg(long, hide = true, value_name = "DIR")]
    guard: Option<PathBuf>,
}

/// Everything the story reacts to, from whatever thread.
#[derive(Debug)]
enum Feed {
    /// a sentinel published an event
    Event(phases::Seen),
    /// the writing client found a master, which holds this number
    Found { port: u16, number: u64 },
    /// a server acknowledged a write
    Write(writer::Write),
    /// a signal asked for the end
    Stop,
}

/// Runs the demo until its end or Ctrl-C. Nothing it started or wrote is left behind, whatever happens.
pub(super) fn run(args: &DemoArgs, lang: Lang) -> Result<ExitCode> {
    if let Some(dir) = &args.guard {
        processes::guard(dir, args.keep_dir, BufReader::new(std::io::stdin()));
        return Ok(ExitCode::SUCCESS);
    }
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let once = args.once || !std::io::stdin().is_terminal();
    let line = timeline::Timeline::new(std::io::stdout(), colour, lang, Instant::now());
    story::tell(args, once, line)
}

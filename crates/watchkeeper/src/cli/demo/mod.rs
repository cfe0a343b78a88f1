//! `watchkeeper demo`: a failover to watch, with real servers and sentinels on this machine.
//!
//! Three servers in a line (a master, its replica, and a replica of that), three sentinels which are this very
//! program, and a client that never stops writing. The master is killed; what the sentinels say is shown as they
//! say it. This module tells the story; the modules below it do the work.

mod cast;
mod client;
mod listener;
mod meaning;
mod phases;
mod processes;
mod stage;
mod story;
mod timeline;
mod tree;
mod writer;

use std::io::{BufReader, IsTerminal};
use std::path::PathBuf;
use std::time::Instant;

use super::lang::Lang;

/// The group's name.
const GROUP: &str = "demo";

/// What the sentinels are told for `down-after-milliseconds`.
const DOWN_AFTER_MS: u32 = 2000;

/// What `watchkeeper demo` can be told; the help texts are in [`describe`].
#[derive(Debug, Clone, clap::Args)]
pub(super) struct DemoArgs {
    #[arg(long)]
    no_kill: bool,
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(0..=3600))]
    seconds: u64,
    #[arg(long)]
    once: bool,
    #[arg(long)]
    keep_dir: bool,
    #[arg(long, value_name = "PROGRAM")]
    server_program: Option<PathBuf>,
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

/// The text in this language.
fn pick<'a>(lang: Lang, english: &'a str, chinese: &'a str) -> &'a str {
    match lang {
        Lang::En => english,
        Lang::Zh => chinese,
    }
}

/// The command's help in this language.
pub(super) fn describe(command: clap::Command, lang: Lang) -> clap::Command {
    let options = [
        (
            "no_kill",
            "Leave the master alive: kill it yourself, or just look",
            "不杀死主节点：由您动手，或只是看看",
        ),
        (
            "seconds",
            "Seconds of peace before the master is killed; with --no-kill and --once, before the end",
            "杀死主节点之前平静运行的秒数；与 --no-kill 和 --once 同用时，为结束之前的秒数",
        ),
        (
            "once",
            "End when the old master is back instead of running until Ctrl-C [default when standard input is no terminal]",
            "旧主节点恢复后即结束，而不是运行到按下 Ctrl-C [标准输入不是终端时默认如此]",
        ),
        ("keep_dir", "Keep the folder with configuration files and logs", "保留存放配置文件和日志的目录"),
        (
            "server_program",
            "The server to use [default: redis-server or valkey-server in PATH]",
            "所用的服务器程序 [默认：PATH 中的 redis-server 或 valkey-server]",
        ),
        (
            "sentinel_program",
            "Use this for the three sentinels, such as upstream's redis-sentinel, to compare",
            "三个哨兵改用此程序，例如上游的 redis-sentinel，以便比较",
        ),
    ];
    let about = pick(
        lang,
        "Show a failover with real servers on this machine",
        "在本机用真实的服务器演示一次故障转移",
    );
    options.into_iter().fold(command.about(about.to_owned()), |command, (id, english, chinese)| {
        command.mut_arg(id, |arg| arg.help(pick(lang, english, chinese).to_owned()))
    })
}

/// Runs the demo until its end or Ctrl-C; the exit status. Nothing it started or wrote is left behind, whatever happens.
pub(super) fn main(args: &DemoArgs, lang: Lang) -> i32 {
    if let Some(dir) = &args.guard {
        processes::guard(dir, args.keep_dir, BufReader::new(std::io::stdin()));
        return 0;
    }
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let once = args.once || !std::io::stdin().is_terminal();
    let line = timeline::Timeline::new(std::io::stdout(), colour, lang, Instant::now());
    story::tell(args, once, line).unwrap_or_else(|error| {
        eprintln!("{}{error:#}", pick(lang, "error: ", "错误："));
        1
    })
}

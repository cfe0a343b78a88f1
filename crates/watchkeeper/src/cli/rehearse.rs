//! `watchkeeper rehearse`: what would happen to the groups of a configuration if a host, a server or a sentinel were
//! gone. It reads files, asks the simulator, and prints; it connects to nobody. The words are in [`words`].

mod json;
mod words;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use watchkeeper_core::config::Config;
use watchkeeper_sim::config_text;
use watchkeeper_sim::rehearse::{Given, How, Topology, rehearse};

use super::format::Format;
use super::lang::Lang;
use super::out::{complain, say};
use super::status;

/// Nobody was promoted.
const LOST: i32 = 1;
/// It could not be played.
const UNUSABLE: i32 = 2;

/// `watchkeeper rehearse`
#[derive(Debug, clap::Args)]
pub(super) struct RehearseArgs {
    /// The configuration of a sentinel; more of them for more sentinels
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Take the power from a host, or kill a server or a sentinel (HOST:PORT, or a sentinel's id)
    #[arg(long, value_name = "WHAT")]
    kill: Vec<String>,
    /// Stop it instead: connections stay, nothing is answered
    #[arg(long, value_name = "WHAT")]
    hang: Vec<String>,
    /// Where the sentinel of the first file runs, if the file does not say
    #[arg(long = "self", value_name = "HOST")]
    own_host: Option<String>,
    /// A replica that no file knows
    #[arg(long, value_name = "HOST:PORT[,priority=N]", value_parser = replica)]
    replica: Vec<(String, u16, u32)>,
    /// A sentinel that no file knows
    #[arg(long, value_name = "HOST:PORT", value_parser = place)]
    sentinel: Vec<(String, u16)>,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Plays it and prints what came of it: 0, every group can be written to; 1, one can't; 2, it could not be played.
pub(super) fn run(args: &RehearseArgs, lang: Lang) -> ExitCode {
    match play(args, lang) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => status(LOST),
        Err(error) => {
            complain(format_args!("{error:#}"), lang);
            status(UNUSABLE)
        }
    }
}

fn play(args: &RehearseArgs, lang: Lang) -> anyhow::Result<bool> {
    let files = args.files.iter().map(|path| read(path, lang)).collect::<anyhow::Result<Vec<_>>>()?;
    let given = Given {
        files,
        own_host: args.own_host.clone(),
        replicas: args.replica.clone(),
        sentinels: args.sentinel.clone(),
    };
    let Some(topology) = Topology::of(&given) else { bail!(words::nothing_monitored(&args.files[0], lang)) };
    let killed = args.kill.iter().map(|word| (How::Kill, word.clone()));
    let targets: Vec<(How, String)> =
        killed.chain(args.hang.iter().map(|word| (How::Hang, word.clone()))).collect();
    if targets.is_empty() {
        bail!(words::no_target(&topology, lang));
    }
    let course = rehearse(&topology, &targets)
        .map_err(|word| anyhow::anyhow!(words::unknown(&word, &topology, lang)))?;
    let text = match args.format {
        Format::Text => words::tell(&course, &topology, &targets, lang),
        Format::Json => json::tell(&course, lang),
    };
    say(text, lang)?;
    Ok(course.served())
}

fn read(path: &Path, lang: Lang) -> anyhow::Result<Config> {
    let shown = path.display();
    let text = std::fs::read(path).with_context(|| match lang {
        Lang::En => format!("the configuration `{shown}` can't be read"),
        Lang::Zh => format!("无法读取配置文件 `{shown}`"),
    })?;
    config_text::read(&text).map_err(|why| match lang {
        Lang::En => anyhow::anyhow!("the configuration `{shown}` is not right: {why}"),
        Lang::Zh => anyhow::anyhow!("配置文件 `{shown}` 有误：{why}"),
    })
}

/// `HOST:PORT`
fn place(text: &str) -> Result<(String, u16), String> {
    let parts = text.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    let parsed =
        parts.and_then(|(host, port)| Some((host.trim_matches(['[', ']']).to_owned(), port.parse().ok()?)));
    parsed.ok_or_else(|| "expected HOST:PORT, such as 10.0.0.2:6379".to_owned())
}

/// `HOST:PORT[,priority=N]`
fn replica(text: &str) -> Result<(String, u16, u32), String> {
    let (at, options) = text.split_once(',').map_or((text, None), |(at, rest)| (at, Some(rest)));
    let (host, port) = place(at)?;
    let Some(options) = options else { return Ok((host, port, 100)) };
    let priority = options.strip_prefix("priority=").and_then(|value| value.parse().ok());
    let priority = priority.ok_or_else(|| format!("`{options}`: expected priority=N, such as priority=0"))?;
    Ok((host, port, priority))
}

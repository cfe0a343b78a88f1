//! `state-file`: the state kept beside a configuration file that cannot be written (a mounted ConfigMap).
//!
//! The configuration file is then never touched. The state file holds every `sentinel` line (id, epochs, groups with all
//! their settings, known replicas and peers) and a hash of the configuration's own `sentinel` lines as they were:
//!
//! - The hash still fits: the state file wins entirely, so that what `SENTINEL MONITOR`, `REMOVE` and `SET` changed at run
//!   time survives a restart.
//! - It does not fit, because the configuration was edited: the configuration says which groups exist and what their
//!   settings are, and all process-wide settings; from the state file come the id, the current epoch, and for groups of
//!   the same name the present address, the epochs and the known replicas and peers. A vote once given stays given.
//!
//! Lines that the configuration got from standard input, options and included files count as its own.
//! A state file that does not end as it was written, or has a line that cannot be executed, is a fatal error: to go on
//! without it could mean to vote twice in one epoch.

use super::args::split_args;
use super::directive;
use super::error::{ConfigError, Fault};
use super::parse::{Files, Queued, banner, line_error, run_queue};
use super::rewrite::sentinel_lines;
use super::source::lines;
use super::survey::Errors;
use super::{Config, Global};

const TITLE: &str =
    "# Watchkeeper state: written by the sentinel, do not edit. Settings belong in the configuration file.";
const SOURCE: &str = "# configuration ";
const END: &str = "# end";

/// The state file's content.
pub fn rewrite_state(config: &Config) -> Vec<u8> {
    let mut out = format!("{TITLE}\n{SOURCE}{:016x}\n", config.general.state_source).into_bytes();
    for line in sentinel_lines(config) {
        out.extend(line.text);
        out.push(b'\n');
    }
    out.extend(END.bytes());
    out.push(b'\n');
    out
}

/// A hash (FNV-1a) of queued `sentinel` lines, whatever their blanks, quotes and comments.
pub(crate) fn source_hash<'a>(lines: impl Iterator<Item = &'a [Vec<u8>]>) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut feed = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    for words in lines {
        for (index, word) in words.iter().enumerate() {
            let length = u64::try_from(word.len()).unwrap_or(u64::MAX);
            length.to_le_bytes().into_iter().for_each(&mut feed);
            for byte in word {
                feed(if index < 2 { byte.to_ascii_lowercase() } else { *byte });
            }
        }
        feed(b'\n');
    }
    hash
}

/// Merges the state file at `path`, if there is one, into what the configuration said.
pub(crate) fn load(config: &mut Config, path: &str, files: &mut dyn Files) -> Result<(), Box<ConfigError>> {
    let content = files.read_if_exists(path);
    let content = content.map_err(|error| {
        let message = format!("can't read the state file: {error}");
        Box::new(ConfigError { hint: hint(), ..banner(Some(path.into()), message) })
    })?;
    let Some(content) = content else { return Ok(()) };
    let (source, queue) = read(path, &content)?;
    let mut state = Config::default();
    run_queue(&mut state, files, &queue, &mut Errors::first())?;
    if source == config.general.state_source {
        config.global = state.global;
        config.groups = state.groups;
        return Ok(());
    }
    merge(config, state);
    Ok(())
}

fn merge(config: &mut Config, state: Config) {
    let Global { myid, current_epoch, .. } = state.global;
    config.global.myid = myid.or(config.global.myid.take());
    config.global.current_epoch = config.global.current_epoch.max(current_epoch);
    for group in &mut config.groups {
        let Some(known) = state.groups.iter().find(|known| known.name == group.name) else { continue };
        // Either file may be the older one: no epoch falls, and the newer configuration names the master.
        group.leader_epoch = group.leader_epoch.max(known.leader_epoch);
        if known.config_epoch >= group.config_epoch {
            group.host.clone_from(&known.host);
            group.port = known.port;
            group.config_epoch = known.config_epoch;
        }
        group.replicas.clone_from(&known.replicas);
        group.homes.clone_from(&known.homes);
        group.peers.clone_from(&known.peers);
    }
}

fn hint() -> Option<String> {
    let text = "restore the file from a backup; if no other copy exists, remove it: the sentinel then starts with a new id and \
                without memory of its votes";
    Some(text.into())
}

/// The hash and the lines of a state file.
fn read(path: &str, content: &[u8]) -> Result<(u64, Vec<Queued>), Box<ConfigError>> {
    let mut source = None;
    let mut queue = Vec::new();
    let mut ended = false;
    let mut last = (1, Vec::new());
    for (number, whole) in lines(content) {
        let line = whole.split(|byte| *byte == 0).next().unwrap_or_default();
        let fault = |message: &str| {
            let fault =
                Fault { hint: hint(), ..Fault::at(0, format!("Damaged state file `{path}`: {message}")) };
            line_error(Some(path.into()), number, line, fault)
        };
        if line.len() < whole.len() {
            return Err(fault("a NUL byte"));
        }
        if line.is_empty() {
            continue;
        }
        if ended {
            return Err(fault("text after the last line"));
        }
        last = (number, line.to_vec());
        if let Some(hash) = line.strip_prefix(SOURCE.as_bytes()) {
            let hash = std::str::from_utf8(hash).ok().and_then(|hash| u64::from_str_radix(hash, 16).ok());
            source = Some(hash.ok_or_else(|| fault("expected a number of 16 hexadecimal digits"))?);
        } else if line == END.as_bytes() {
            ended = true;
        } else if !line.starts_with(b"#") {
            let words = split_args(line).ok_or_else(|| fault("unbalanced quotes"))?;
            let known =
                words.len() > 1 && words[0] == b"sentinel" && directive::sentinel(&words[1]).is_some();
            if !known {
                return Err(fault("expected `sentinel <directive> ...`"));
            }
            queue.push(Queued { file: Some(path.into()), number, text: line.to_vec(), words, index: None });
        }
    }
    let damaged = |message: &str| {
        let fault = Fault { hint: hint(), ..Fault::at(0, format!("Damaged state file `{path}`: {message}")) };
        line_error(Some(path.into()), last.0, &last.1, fault)
    };
    if !ended {
        return Err(damaged("its end is missing"));
    }
    Ok((source.ok_or_else(|| damaged("the line `# configuration <hash>` is missing"))?, queue))
}

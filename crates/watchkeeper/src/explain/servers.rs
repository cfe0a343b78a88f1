//! Logs of data servers. They are not read, but whoever gave one for a sentinel's should hear what it is.

use std::collections::BTreeSet;

use watchkeeper_core::Lang;

use super::line;
use super::report::LogFacts;
use super::words::list;

/// Lines of data servers in which names are looked for.
const LOOKED_AT: u64 = 10_000;
/// Names kept of one log.
const NAMES_MAX: usize = 16;

/// Lines of data servers in one log.
#[derive(Debug, Clone, Default)]
pub(super) struct Servers {
    lines: u64,
    /// what other tools call them
    names: BTreeSet<String>,
}

impl Servers {
    /// Takes a line, of which only what stands before it matters.
    pub(super) fn take(&mut self, prefix: &[u8]) {
        self.lines += 1;
        if prefix.is_empty() || self.lines > LOOKED_AT || self.names.len() >= NAMES_MAX {
            return;
        }
        let name = line::label(prefix);
        if !name.is_empty() {
            self.names.insert(name);
        }
    }

    /// There was one.
    pub(super) fn any(&self) -> bool {
        self.lines > 0
    }
}

/// Which logs are data servers', or have lines of such.
pub(super) fn told(logs: &[LogFacts], lang: Lang) -> Vec<String> {
    let with_servers = || logs.iter().filter(|log| log.servers.any());
    let whole: Vec<String> =
        with_servers().filter(|log| log.counts.used == 0).map(|log| called(&log.name, lang)).collect();
    let mut told = Vec::new();
    if !whole.is_empty() {
        let names = list(&whole, lang);
        let is = if whole.len() == 1 {
            "is the log of a data server (redis-server), not of a sentinel: it says"
        } else {
            "are logs of data servers (redis-server), not of sentinels: they say"
        };
        told.push(match lang {
            Lang::En => format!("{names} {is} nothing of a failover."),
            Lang::Zh => {
                format!("{names} 是数据节点（redis-server）的日志，不是哨兵的：其中没有故障转移的过程。")
            }
        });
    }
    told.extend(
        with_servers().filter(|log| log.counts.used > 0).map(|log| in_between(&log.name, &log.servers, lang)),
    );
    told
}

/// How a log is called in a sentence.
fn called(name: &str, lang: Lang) -> String {
    let name = if name == "-" { lang.pick("standard input", "标准输入") } else { name };
    name.to_owned()
}

/// The same of a log that is followed.
pub(super) fn so_far(name: &str, servers: &Servers, used: u64, lang: Lang) -> String {
    if used > 0 {
        return in_between(name, servers, lang);
    }
    let name = called(name, lang);
    match lang {
        Lang::En => format!(
            "{name} has only lines of a data server (redis-server) so far: those of a sentinel tell of failovers."
        ),
        Lang::Zh => {
            format!("{name} 到目前为止只有数据节点（redis-server）的日志：故障转移的过程在哨兵的日志中。")
        }
    }
}

fn in_between(name: &str, servers: &Servers, lang: Lang) -> String {
    let name = called(name, lang);
    let names: Vec<String> = servers.names.iter().cloned().collect();
    let of = if names.is_empty() { String::new() } else { list(&names, lang) };
    match (lang, of.is_empty()) {
        (Lang::En, true) => format!("In {name} the lines of data servers (redis-server) are passed over."),
        (Lang::En, false) => format!("In {name} the lines of the data servers {of} are passed over."),
        (Lang::Zh, true) => format!("{name} 中数据节点（redis-server）的日志已跳过。"),
        (Lang::Zh, false) => format!("{name} 中数据节点 {of} 的日志已跳过。"),
    }
}

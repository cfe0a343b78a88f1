//! What servers and sentinels say of themselves and each other, and whether it is as it should be.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::compose::Compose;
use crate::conn::{Conn, FrameExt};

/// The data servers.
pub const SERVERS: [&str; 3] = ["redis-1", "redis-2", "redis-3"];
/// The sentinels.
pub const SENTINELS: [&str; 5] = ["sentinel-1", "sentinel-2", "sentinel-3", "sentinel-4", "sentinel-5"];
/// The first sentinel's port; each further one listens on the next.
const SENTINEL_PORT: u16 = 26379;
/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Which of all services are meant to run.
pub type Alive<'a> = &'a dyn Fn(&str) -> bool;

/// A data server's INFO.
#[derive(Debug, Clone)]
pub struct Server {
    fields: BTreeMap<String, String>,
}

impl Server {
    /// One field of INFO; empty if it is missing.
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// Whether it is a master.
    pub fn is_master(&self) -> bool {
        self.field("role") == "master"
    }

    /// Full resynchronisations it has given.
    pub fn sync_full(&self) -> u64 {
        self.field("sync_full").parse().unwrap_or(0)
    }
}

/// A connection to a service.
///
/// # Errors
/// When it does not run or nobody listens.
pub fn connect(compose: &Compose, service: &str) -> Result<Conn, String> {
    let port = match SENTINELS.iter().position(|name| *name == service) {
        Some(index) => SENTINEL_PORT + u16::try_from(index).unwrap_or(0),
        None => 6379,
    };
    let ip = compose.address(service).ok_or_else(|| format!("{service} has no address"))?;
    let mut conn = Conn::open_within(SocketAddr::new(ip, port), TIMEOUT)
        .map_err(|error| format!("{service}: {error}"))?;
    conn.set_timeout(TIMEOUT);
    Ok(conn)
}

fn ask(compose: &Compose, service: &str, words: &[&str]) -> Result<watchkeeper_resp::Frame, String> {
    connect(compose, service)?.try_call(words).map_err(|error| format!("{service}: {error}"))
}

/// What a data server says.
///
/// # Errors
/// It does not answer.
pub fn server(compose: &Compose, service: &str) -> Result<Server, String> {
    let text = ask(compose, service, &["INFO", "everything"])?.text();
    let fields = text.lines().filter_map(|line| line.split_once(':'));
    Ok(Server { fields: fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect() })
}

/// The id of a sentinel.
///
/// # Errors
/// It does not answer.
pub fn id(compose: &Compose, sentinel: &str) -> Result<String, String> {
    Ok(ask(compose, sentinel, &["SENTINEL", "MYID"])?.text())
}

/// The master that a sentinel names.
///
/// # Errors
/// It does not answer, or names nobody.
pub fn master_of(compose: &Compose, sentinel: &str) -> Result<String, String> {
    let answer = ask(compose, sentinel, &["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"])?.items();
    answer.first().map(FrameExt::text).ok_or_else(|| format!("{sentinel} names no master"))
}

/// The line of data servers that run, from the master on: one master, each feeds at most one, every link is up.
///
/// # Errors
/// What is not so.
pub fn line(compose: &Compose, alive: Alive<'_>) -> Result<Vec<String>, String> {
    let mut servers = BTreeMap::new();
    for name in SERVERS.into_iter().filter(|name| alive(name)) {
        servers.insert(name.to_owned(), server(compose, name)?);
    }
    let masters: Vec<&String> =
        servers.iter().filter(|(_, it)| it.is_master()).map(|(name, _)| name).collect();
    let [master] = masters[..] else { return Err(format!("masters: {masters:?}")) };
    let mut line = vec![master.clone()];
    while line.len() < servers.len() {
        let last = line.last().cloned().unwrap_or_default();
        let fed: Vec<_> = servers
            .iter()
            .filter(|(_, it)| !it.is_master() && names(compose, it.field("master_host"), &last))
            .collect();
        let [(name, replica)] = fed[..] else {
            let parents: Vec<_> =
                servers.iter().map(|(name, it)| format!("{name} <- {}", it.field("master_host"))).collect();
            return Err(format!("{last} feeds {}, expected 1; {}", fed.len(), parents.join(", ")));
        };
        if replica.field("master_link_status") != "up" {
            return Err(format!("the link of {name} to {last} is {}", replica.field("master_link_status")));
        }
        line.push(name.clone());
    }
    Ok(line)
}

/// Whether a host that somebody names is this service.
fn names(compose: &Compose, host: &str, service: &str) -> bool {
    host == service || compose.address(service).is_some_and(|ip| ip.to_string() == host)
}

/// Whether every sentinel that runs names this master and knows everybody, each once, and holds exactly those for down
/// that do not run.
///
/// # Errors
/// What is not so.
pub fn agreed(compose: &Compose, master: &str, alive: Alive<'_>) -> Result<(), String> {
    for sentinel in SENTINELS.into_iter().filter(|name| alive(name)) {
        let named = master_of(compose, sentinel)?;
        if !names(compose, &named, master) {
            return Err(format!("{sentinel} names {named}, expected {master}"));
        }
        let expected: Vec<&str> = SERVERS.into_iter().filter(|name| *name != master).collect();
        listed(compose, sentinel, "REPLICAS", &expected, alive)?;
        let expected: Vec<&str> = SENTINELS.into_iter().filter(|name| *name != sentinel).collect();
        listed(compose, sentinel, "SENTINELS", &expected, alive)?;
    }
    Ok(())
}

fn listed(
    compose: &Compose,
    sentinel: &str,
    what: &str,
    expected: &[&str],
    alive: Alive<'_>,
) -> Result<(), String> {
    let entries = ask(compose, sentinel, &["SENTINEL", what, "mymaster"])?.items();
    let entries: Vec<_> = entries.iter().map(FrameExt::fields).collect();
    let host = |entry: &BTreeMap<String, String>| entry.get("ip").cloned().unwrap_or_default();
    if entries.len() != expected.len() {
        let hosts: Vec<_> = entries.iter().map(host).collect();
        return Err(format!("{sentinel} lists {what} {hosts:?}, expected {expected:?}"));
    }
    for service in expected {
        let found: Vec<_> = entries.iter().filter(|entry| names(compose, &host(entry), service)).collect();
        let [entry] = found[..] else {
            return Err(format!("{sentinel} lists {service} {} times among {what}", found.len()));
        };
        let flags = entry.get("flags").cloned().unwrap_or_default();
        if flags.contains("down") == alive(service) || flags.contains("disconnected") && alive(service) {
            return Err(format!("{sentinel} says of {service}: {flags}"));
        }
    }
    Ok(())
}

/// Whether the last of the line has everything the master has written.
///
/// # Errors
/// How much is missing.
pub fn caught_up(compose: &Compose, line: &[String]) -> Result<(), String> {
    let offset = |name: &str, field: &str| {
        let it = server(compose, name)?;
        it.field(field).parse::<u64>().map_err(|_| format!("{name} has no {field}"))
    };
    let (Some(first), Some(last)) = (line.first(), line.last()) else { return Err("nobody".into()) };
    if first == last {
        return Ok(());
    }
    let goal = offset(first, "master_repl_offset")?;
    let reached = offset(last, "master_repl_offset")?;
    // The master was asked first, so whoever has its offset has at least that.
    if reached >= goal { Ok(()) } else { Err(format!("{last} is {} bytes behind", goal - reached)) }
}

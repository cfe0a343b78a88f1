//! Whether the group is whole: one master that everybody names, every server follows it, nobody lost or doubled, epochs
//! equal, and files that say the same and can be loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{Duration, Instant};

use super::member::Member;
use super::world::{GROUP, World};
use crate::conn::FrameExt;

/// How long a copy of a sentinel may take to load its file and answer.
const LOAD_BOUND: Duration = Duration::from_secs(15);

/// What everybody agrees on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whole {
    /// which server
    pub(crate) master: usize,
    /// of the configuration
    pub(crate) epoch: u64,
}

type Fields = BTreeMap<String, String>;

fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map_or("", String::as_str)
}

/// What a look asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// that all is well
    Whole,
    /// and that every sentinel has heard of it: INFO comes every 10 s, and before it does there is nobody to promote
    Known,
}

/// One look; the first thing that is not as it should be, else what they agree on.
pub(crate) fn look(world: &mut World, what: Look) -> Result<Whole, String> {
    let mut agreed: Option<Whole> = None;
    let mut ids = BTreeSet::new();
    let mut known = Vec::new();
    let mut current = BTreeSet::new();
    for index in 0..world.sentinels.len() {
        let name = format!("sentinel {}", index + 1);
        let told = |error: String| format!("{name}: {error}");
        let view = sentinel(world, index, what).map_err(told)?;
        if agreed.is_some_and(|before| before != view.whole) {
            return Err(format!("{name} says {:?}, others {agreed:?}", view.whole));
        }
        agreed = Some(view.whole);
        ids.insert(view.id.clone());
        known.push((name, view.id, view.peers));
        current.insert(view.current_epoch);
    }
    let whole = agreed.ok_or("no sentinel")?;
    for (name, id, mut peers) in known {
        peers.push(id);
        if peers.len() != ids.len() || !ids.iter().all(|id| peers.contains(id)) {
            return Err(format!("{name} knows {peers:?}, there are {ids:?}"));
        }
    }
    if current.len() != 1 {
        return Err(format!("current epochs differ: {current:?}"));
    }
    for index in 0..world.servers.len() {
        server(world, index, whole.master).map_err(|error| format!("server {}: {error}", index + 1))?;
    }
    Ok(whole)
}

struct View {
    whole: Whole,
    id: String,
    peers: Vec<String>,
    current_epoch: u64,
}

fn sentinel(world: &mut World, index: usize, what: Look) -> Result<View, String> {
    let (servers, sentinels) = (world.servers.len(), world.sentinels.len());
    let member = &mut world.sentinels[index];
    let id = member.ask(&["SENTINEL", "MYID"])?.text();
    let named = member.ask(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", GROUP])?.items();
    let named: Vec<String> = named.iter().map(FrameExt::text).collect();
    let master = member.ask(&["SENTINEL", "MASTER", GROUP])?.fields();
    let replicas = member.ask(&["SENTINEL", "REPLICAS", GROUP])?.items();
    let peers = member.ask(&["SENTINEL", "SENTINELS", GROUP])?.items();
    let config = member.config();
    let address = (field(&master, "ip").to_owned(), field(&master, "port").to_owned());
    let is =
        world.server_at(&address.0, &address.1).ok_or(format!("master is `{}:{}`", address.0, address.1))?;
    let wanted = [address.0.clone(), address.1.clone()];
    if named != wanted {
        return Err(format!("names {named:?}, is at {wanted:?}"));
    }
    if field(&master, "flags") != "master" {
        return Err(format!("master is `{}`", field(&master, "flags")));
    }
    let epoch = field(&master, "config-epoch");
    let epoch: u64 = epoch.parse().map_err(|_| format!("config-epoch `{epoch}`"))?;
    count(&master, "num-slaves", servers - 1)?;
    count(&master, "num-other-sentinels", sentinels - 1)?;
    for replica in &replicas {
        let replica = replica.fields();
        let place = (field(&replica, "master-host"), field(&replica, "master-port"));
        let known = field(&replica, "master-link-status") == "ok"
            && place == (address.0.as_str(), address.1.as_str());
        let ok = field(&replica, "flags") == "slave" && (known || what == Look::Whole);
        if !ok {
            let shown =
                ["name", "flags", "master-link-status", "master-host"].map(|name| field(&replica, name));
            return Err(format!("replica {shown:?}"));
        }
    }
    let mut found = Vec::new();
    for peer in &peers {
        let peer = peer.fields();
        let flags = field(&peer, "flags");
        if flags.split(',').any(|flag| matches!(flag, "s_down" | "o_down" | "disconnected")) {
            return Err(format!("peer {} is `{flags}`", field(&peer, "ip")));
        }
        found.push(field(&peer, "runid").to_owned());
    }
    let current_epoch = file(&config, &address, sentinels, servers, epoch)?;
    Ok(View { whole: Whole { master: is, epoch }, id, peers: found, current_epoch })
}

fn count(fields: &Fields, name: &str, wanted: usize) -> Result<(), String> {
    let value = field(fields, name);
    if value == wanted.to_string() { Ok(()) } else { Err(format!("{name} is `{value}`, not {wanted}")) }
}

/// What the file on disk says; the current epoch in it.
fn file(
    text: &str,
    master: &(String, String),
    sentinels: usize,
    servers: usize,
    epoch: u64,
) -> Result<u64, String> {
    let words = |prefix: &str| -> Vec<Vec<String>> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(prefix));
        lines.map(|rest| rest.split_whitespace().map(str::to_owned).collect()).collect()
    };
    let monitored = words(&format!("sentinel monitor {GROUP} "));
    let [monitor] = monitored.as_slice() else {
        return Err(format!("file: {} lines `sentinel monitor`", monitored.len()));
    };
    if monitor.first() != Some(&master.0) || monitor.get(1) != Some(&master.1) {
        return Err(format!("file: monitors {monitor:?}"));
    }
    let peers: BTreeSet<_> = words(&format!("sentinel known-sentinel {GROUP} ")).into_iter().collect();
    let replicas: BTreeSet<_> = words(&format!("sentinel known-replica {GROUP} ")).into_iter().collect();
    if peers.len() + 1 != sentinels || replicas.len() + 1 != servers {
        return Err(format!("file: {} other sentinels, {} replicas", peers.len(), replicas.len()));
    }
    let number = |prefix: &str| words(prefix).first().and_then(|words| words.first()?.parse::<u64>().ok());
    let written = number(&format!("sentinel config-epoch {GROUP} ")).unwrap_or_default();
    if written != epoch {
        return Err(format!("file: config-epoch {written}, in memory {epoch}"));
    }
    number("sentinel current-epoch ").ok_or("file: no current-epoch".to_owned())
}

fn server(world: &mut World, index: usize, master: usize) -> Result<(), String> {
    let ip = world.servers[master].address().ip().to_string();
    let role = world.servers[index].ask(&["ROLE"])?.items();
    let words: Vec<String> = role.iter().map(FrameExt::text).collect();
    let following = match words.as_slice() {
        [kind, ..] if index == master => {
            kind == "master" && role.get(2).is_some_and(|list| list.items().len() + 1 == world.servers.len())
        }
        [kind, host, _, state, ..] => kind == "slave" && *host == ip && state == "connected",
        _ => false,
    };
    if following {
        return Ok(());
    }
    let replicas = role.get(2).map_or(0, |list| list.items().len());
    let replicas = if index == master { format!(" with {replicas} replicas") } else { String::new() };
    Err(format!("role {words:?}{replicas}, master is server {}", master + 1))
}

/// Loads a copy of a sentinel's file with its own program, where it meets nobody, and compares what it knows.
pub(crate) fn loadable(world: &World, index: usize) -> Result<(), String> {
    let original = &world.sentinels[index];
    let flavour = original.flavour;
    let dir = world.dir.join("copy");
    let _ = fs::remove_dir_all(&dir);
    let config = original.config().replace(&original.dir().display().to_string(), &dir.display().to_string());
    let port = original.address().port();
    let mut copy = Member::new(flavour, world.net.limbo(), port, &dir, flavour.sentinel(), &config)?;
    copy.start()?;
    let end = Instant::now() + LOAD_BOUND;
    let failed = |copy: &Member, why: String| {
        let log = fs::read_to_string(copy.log_path()).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(5).collect();
        format!("the file of sentinel {} cannot be loaded: {why}; its log ends {last:?}", index + 1)
    };
    loop {
        if let Some(status) = copy.ended() {
            return Err(failed(&copy, status.to_string()));
        }
        match copy.ask(&["SENTINEL", "MASTER", GROUP]) {
            Ok(reply) => {
                let fields = reply.fields();
                let counted = count(&fields, "num-slaves", world.servers.len() - 1)
                    .and_then(|()| count(&fields, "num-other-sentinels", world.sentinels.len() - 1));
                return counted.map_err(|why| failed(&copy, why));
            }
            Err(why) if Instant::now() > end => return Err(failed(&copy, why)),
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

//! What all sentinels and servers of a deployment say at one time. One named sentinel leads to the others, they to the
//! servers; all of one kind are asked at once, a few at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::conn::{Conn, Failure};
use super::endpoint::Endpoint;
use super::fields::Fields;
use super::reach::Reach;

/// Asked at the same time at most.
const AT_ONCE: usize = 16;
/// Sentinels asked at most; a hostile one can name thousands.
pub(super) const SENTINELS_MAX: usize = 128;
/// Servers asked at most.
const SERVERS_MAX: usize = 30_000;

/// A deployment at one time.
#[derive(Debug, Clone)]
pub struct Picture {
    /// when it was begun, in milliseconds since 1970
    pub unix_ms: u64,
    /// the sentinels: those named first, then those found, by address
    pub sentinels: Vec<SentinelAnswer>,
    /// the data servers, by group and address
    pub servers: Vec<ServerAnswer>,
}

/// A sentinel and what it said.
#[derive(Debug, Clone)]
pub struct SentinelAnswer {
    /// where it was asked
    pub at: Endpoint,
    /// other addresses under which the same process answered
    pub also_at: Vec<Endpoint>,
    /// whether the person who asks named it; else another sentinel did
    pub named: bool,
    /// what it said, or why nothing
    pub says: Result<SentinelSays, Failure>,
}

/// What a sentinel says of itself and of its groups.
#[derive(Debug, Clone)]
pub struct SentinelSays {
    /// its id; empty where the version does not tell (before 6.2)
    pub id: String,
    /// its INFO
    pub info: Fields,
    /// its `SENTINEL CONFIG GET *`; empty where the version or the login does not allow it
    pub config: Fields,
    /// how long a PING took, in microseconds
    pub rtt_us: u64,
    /// its groups, in its order: all, or the one that was asked for
    pub groups: Vec<GroupAnswer>,
    /// the name and the master of every group it has
    pub masters: Vec<(String, Endpoint)>,
}

/// What a sentinel says of a group.
#[derive(Debug, Clone)]
pub struct GroupAnswer {
    /// the group's name
    pub name: String,
    /// `SENTINEL MASTER`
    pub master: Fields,
    /// `SENTINEL REPLICAS`
    pub replicas: Vec<Fields>,
    /// `SENTINEL SENTINELS`
    pub sentinels: Vec<Fields>,
    /// `SENTINEL CKQUORUM`: its words, good or bad
    pub quorum_check: Result<String, String>,
}

/// A data server and what it said.
#[derive(Debug, Clone)]
pub struct ServerAnswer {
    /// where it was asked
    pub at: Endpoint,
    /// the group that it belongs to
    pub group: String,
    /// its INFO and how long a PING took in microseconds, or why nothing
    pub says: Result<(Fields, u64), Failure>,
}

impl Picture {
    /// Asks everybody; of one group, if it is named.
    pub fn take(reach: &Reach, group: Option<&str>) -> Picture {
        Picture::take_again(reach, group, &mut BTreeSet::new())
    }

    /// The same, and asks the sentinels that a session has learned of, too, as far as there is room after those that are
    /// named now, which are added to them.
    pub fn take_again(reach: &Reach, group: Option<&str>, learned: &mut BTreeSet<Endpoint>) -> Picture {
        let mut picture = Picture::of_sentinels(reach, group, learned);
        picture.servers = ask_servers(reach, &servers_of(&picture.sentinels));
        learn(learned, picture.sentinels.iter().flat_map(peers_of));
        picture
    }

    /// What one sentinel says of a group, and these servers of it.
    pub fn of_some(reach: &Reach, group: &str, sentinel: &Endpoint, servers: &[Endpoint]) -> Picture {
        let unix_ms = now_ms();
        let says = reach.sentinel(sentinel).and_then(|mut conn| ask_sentinel(&mut conn, Some(group)));
        let answer = SentinelAnswer { at: sentinel.clone(), also_at: Vec::new(), named: true, says };
        let servers: Vec<_> = servers.iter().map(|at| (group.to_owned(), at.clone())).collect();
        Picture { unix_ms, sentinels: vec![answer], servers: ask_servers(reach, &servers) }
    }

    /// What these sentinels and no others say of a group, and its servers; those that were silent before have a little time
    /// only.
    pub fn of_known(
        reach: &Reach,
        group: &str,
        sentinels: &[Endpoint],
        silent: impl Fn(&Endpoint) -> bool,
    ) -> Picture {
        let unix_ms = now_ms();
        let sentinels = each(sentinels, |at| SentinelAnswer {
            at: at.clone(),
            also_at: Vec::new(),
            named: true,
            says: reach.sentinel(at).and_then(|mut conn| ask_sentinel(&mut conn, Some(group))),
        });
        let (silent, others): (Vec<_>, Vec<_>) =
            servers_of(&sentinels).into_iter().partition(|(_, at)| silent(at));
        let mut servers = ask_servers(reach, &others);
        servers.extend(ask_servers(&reach.brief(), &silent));
        Picture { unix_ms, sentinels, servers }
    }

    /// What the sentinels say, without asking the servers.
    pub fn of_sentinels(reach: &Reach, group: Option<&str>, learned: &BTreeSet<Endpoint>) -> Picture {
        let unix_ms = now_ms();
        Picture { unix_ms, sentinels: ask_sentinels(reach, group, learned), servers: Vec::new() }
    }

    /// Asks those servers, too, that other servers name as their replicas and no sentinel knows: redis-sentinel sees the
    /// master's own replicas only.
    #[must_use]
    pub fn with_sub_replicas(mut self, reach: &Reach) -> Picture {
        let mut known: BTreeSet<(String, Endpoint)> =
            self.servers.iter().map(|server| (server.group.clone(), server.at.clone())).collect();
        let mut from = 0;
        // Each round asks what the one before named, so it ends with the lowest level.
        while from < self.servers.len() && known.len() < SERVERS_MAX {
            let named = self.servers[from..].iter().flat_map(|server| {
                let info = server.says.as_ref().ok().map(|(info, _)| info);
                let places = info.map(listed_replicas).unwrap_or_default();
                places.into_iter().map(|listed| (server.group.clone(), listed.at))
            });
            let new: BTreeSet<(String, Endpoint)> = named.filter(|it| !known.contains(it)).collect();
            from = self.servers.len();
            known.extend(new.iter().cloned());
            self.servers.extend(ask_servers(reach, &new.into_iter().collect::<Vec<_>>()));
        }
        self
    }

    /// The sentinels that answered, with where.
    pub fn answering(&self) -> impl Iterator<Item = (&SentinelAnswer, &SentinelSays)> {
        self.sentinels.iter().filter_map(|sentinel| Some((sentinel, sentinel.says.as_ref().ok()?)))
    }

    /// All that is said of a group, with who says it.
    pub fn of_group<'a>(
        &'a self,
        name: &'a str,
    ) -> impl Iterator<Item = (&'a SentinelAnswer, &'a GroupAnswer)> {
        self.answering().filter_map(move |(sentinel, says)| {
            Some((sentinel, says.groups.iter().find(|group| group.name == name)?))
        })
    }

    /// The names of all groups, each once, as the sentinels have them in their order.
    pub fn group_names(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let groups = self.answering().flat_map(|(_, says)| &says.groups);
        groups.filter(|group| seen.insert(&group.name)).map(|group| group.name.clone()).collect()
    }

    /// The server of a group at this place.
    pub fn server(&self, group: &str, at: &Endpoint) -> Option<&ServerAnswer> {
        self.servers.iter().find(|server| server.group == group && server.at == *at)
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The place that a map of SENTINEL names, if it is one.
pub fn place(fields: &Fields) -> Option<Endpoint> {
    let port = fields.number("port").and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0)?;
    Some(Endpoint::new(fields.get("ip"), port)).filter(|at| !at.host.is_empty())
}

/// Sentinels ping at least once a second: one that has had no answer for longer misses one.
pub(crate) const MISSED_MS: i64 = 1_500;

/// Whether somebody answers a sentinel, and with errors only, in what that says of it: its last answer is new, and the last
/// good one is not.
pub(crate) fn refuses(entry: &Fields) -> bool {
    let (any, good) = (entry.number("last-ping-reply"), entry.number("last-ok-ping-reply"));
    any.zip(good).is_some_and(|(any, good)| any < MISSED_MS && good > any + MISSED_MS)
}

fn ask_sentinels(reach: &Reach, group: Option<&str>, learned: &BTreeSet<Endpoint>) -> Vec<SentinelAnswer> {
    let ask = |(at, named): &(Endpoint, bool)| SentinelAnswer {
        at: at.clone(),
        also_at: Vec::new(),
        named: *named,
        says: reach.sentinel(at).and_then(|mut conn| ask_sentinel(&mut conn, group)),
    };
    merged(rounds(&reach.sentinels, learned, |places| each(places, ask)))
}

/// The named ones first, then those they name; those learned of before after them, in what room is left.
fn rounds(
    named: &[Endpoint],
    learned: &BTreeSet<Endpoint>,
    ask: impl Fn(&[(Endpoint, bool)]) -> Vec<SentinelAnswer>,
) -> Vec<SentinelAnswer> {
    let mut asked = BTreeSet::new();
    let mut answers: Vec<SentinelAnswer> = Vec::new();
    let mut learned = Some(learned);
    let mut next: Vec<(Endpoint, bool)> = named.iter().map(|at| (at.clone(), true)).collect();
    while !next.is_empty() {
        next.retain(|(at, _)| asked.len() < SENTINELS_MAX && asked.insert(at.clone()));
        let said = ask(&next);
        let peers: BTreeSet<Endpoint> = said.iter().flat_map(peers_of).collect();
        let before = learned.take().into_iter().flatten().cloned();
        next = peers.into_iter().chain(before).map(|at| (at, false)).collect();
        answers.extend(said);
    }
    answers
}

/// Adds those that are named now; where there are too many, those that nobody names any more are forgotten.
fn learn(learned: &mut BTreeSet<Endpoint>, found: impl Iterator<Item = Endpoint>) {
    let found: BTreeSet<Endpoint> = found.collect();
    let before = std::mem::take(learned);
    let unnamed: Vec<Endpoint> = before.iter().filter(|at| !found.contains(at)).cloned().collect();
    // Those known for longer first: a hostile one can name thousands.
    let (known, new): (Vec<_>, Vec<_>) = found.into_iter().partition(|at| before.contains(at));
    learned.extend(known.into_iter().chain(new).chain(unnamed).take(SENTINELS_MAX));
}

/// One process that answered at several addresses is one sentinel. Two processes with one id stay two.
fn merged(answers: Vec<SentinelAnswer>) -> Vec<SentinelAnswer> {
    let mut kept: Vec<SentinelAnswer> = Vec::new();
    let mut by_process: BTreeMap<String, usize> = BTreeMap::new();
    for answer in answers {
        let process = answer.says.as_ref().map_or("", |says| says.info.get("run_id")).to_owned();
        match by_process.get(&process).and_then(|index| kept.get_mut(*index)) {
            Some(same) if !process.is_empty() => same.also_at.push(answer.at),
            Some(_) | None => {
                by_process.insert(process, kept.len());
                kept.push(answer);
            }
        }
    }
    kept
}

fn peers_of(answer: &SentinelAnswer) -> Vec<Endpoint> {
    let Ok(says) = &answer.says else { return Vec::new() };
    says.groups.iter().flat_map(|group| &group.sentinels).filter_map(place).collect()
}

fn servers_of(sentinels: &[SentinelAnswer]) -> Vec<(String, Endpoint)> {
    let mut servers = BTreeSet::new();
    for group in
        sentinels.iter().filter_map(|sentinel| sentinel.says.as_ref().ok()).flat_map(|says| &says.groups)
    {
        let members = group.replicas.iter().chain([&group.master]).filter_map(place);
        servers.extend(members.map(|at| (group.name.clone(), at)));
    }
    servers.into_iter().take(SERVERS_MAX).collect()
}

fn ask_sentinel(conn: &mut Conn, group: Option<&str>) -> Result<SentinelSays, Failure> {
    let rtt_us = ping(conn)?;
    let info = Fields::info(&conn.call_text(&["INFO"])?);
    let mode = mode(&info);
    if mode != "sentinel" {
        return Err(Failure::no_sentinel(&mode));
    }
    let optional = |answer: Result<watchkeeper_resp::Frame, Failure>| match answer {
        Ok(frame) => Ok(Some(frame)),
        Err(Failure::Refused(_)) => Ok(None),
        Err(other) => Err(other),
    };
    let id = optional(conn.call(&["SENTINEL", "MYID"]))?.map(|frame| super::fields::text(&frame));
    let config = optional(conn.call(&["SENTINEL", "CONFIG", "GET", "*"]))?;
    let masters = Fields::list(&conn.call(&["SENTINEL", "MASTERS"])?);
    let named = masters.iter().filter_map(|master| Some((master.get("name").to_owned(), place(master)?)));
    let named = named.collect();
    let wanted = masters.into_iter().filter(|master| group.is_none_or(|group| master.get("name") == group));
    let groups = wanted.map(|master| ask_group(conn, master)).collect::<Result<Vec<_>, _>>()?;
    Ok(SentinelSays {
        id: id.unwrap_or_default(),
        info,
        config: config.as_ref().map(Fields::of).unwrap_or_default(),
        rtt_us,
        groups,
        masters: named,
    })
}

/// What kind of server says this; Valkey calls the line otherwise.
fn mode(info: &Fields) -> String {
    ["redis_mode", "server_mode"].map(|name| info.get(name)).concat()
}

fn ask_group(conn: &mut Conn, master: Fields) -> Result<GroupAnswer, Failure> {
    let name = master.get("name").to_owned();
    let replicas = Fields::list(&conn.call(&["SENTINEL", "SLAVES", &name])?);
    let sentinels = Fields::list(&conn.call(&["SENTINEL", "SENTINELS", &name])?);
    let quorum_check = match conn.call_text(&["SENTINEL", "CKQUORUM", &name]) {
        Ok(words) => Ok(words),
        Err(Failure::Refused(words)) => Err(words),
        Err(other) => return Err(other),
    };
    Ok(GroupAnswer { name, master, replicas, sentinels, quorum_check })
}

/// A replica as its source lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedReplica {
    /// where it listens, as it said itself
    pub at: Endpoint,
    /// whether it has all data and is sent what is written; else it waits for a copy, or takes it in
    pub online: bool,
    /// how far it has acknowledged
    pub offset: Option<i64>,
    /// seconds since it last acknowledged something
    pub lag_s: Option<i64>,
}

/// The replicas that the INFO of a server lists: `slave0:ip=...,port=...,state=...,offset=...,lag=...`.
pub fn listed_replicas(info: &Fields) -> Vec<ListedReplica> {
    let numbered = |name: &str| {
        name.strip_prefix("slave").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    let lines = info.iter().filter(|(name, _)| numbered(name));
    let read = |value: &str| {
        let part = |name: &str| {
            value
                .split(',')
                .find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name))
                .map(|p| p.1)
        };
        let port = part("port")?.parse().ok().filter(|port| *port != 0)?;
        let number = |name: &str| part(name).and_then(|number| number.parse().ok());
        Some(ListedReplica {
            at: Endpoint::new(part("ip")?, port),
            online: part("state") == Some("online"),
            offset: number("offset"),
            lag_s: number("lag"),
        })
    };
    lines.filter_map(|(_, value)| read(value)).collect()
}

/// Whether a server says that it follows, through others or not, one that says it is a master.
pub(crate) fn is_below(
    at: &Endpoint,
    top: &Endpoint,
    servers: &[&ServerAnswer],
    same: impl Fn(&Endpoint, &Endpoint) -> bool,
) -> bool {
    let info = |at: &Endpoint| {
        let answer = servers.iter().find(|server| same(&server.at, at))?;
        answer.says.as_ref().ok().map(|(info, _)| info)
    };
    let Some(of_top) = info(top).filter(|info| info.get("role") == "master") else { return false };
    let fed = listed_replicas(of_top);
    let mut at = at.clone();
    // So long a way at most: some may follow each other in a ring.
    for _ in servers {
        let Some(own) = info(&at).filter(|info| info.get("role") == "slave") else { return false };
        let port = own.number("master_port").and_then(|port| u16::try_from(port).ok()).unwrap_or(0);
        let above = Endpoint::new(own.get("master_host"), port);
        // By an address of its own (a tunnel, NAT) it may know the one that feeds it.
        if same(&above, top) || fed.iter().any(|fed| same(&fed.at, &at)) {
            return true;
        }
        at = above;
    }
    false
}

fn ask_servers(reach: &Reach, servers: &[(String, Endpoint)]) -> Vec<ServerAnswer> {
    each(servers, |(group, at)| ServerAnswer {
        at: at.clone(),
        group: group.clone(),
        says: reach.server(at, group).and_then(|mut conn| ask_server(&mut conn)),
    })
}

fn ask_server(conn: &mut Conn) -> Result<(Fields, u64), Failure> {
    let info = Fields::info(&conn.call_text(&["INFO"])?);
    if mode(&info) == "sentinel" {
        return Err(Failure::no_server()); // nothing that it does not say is to be read out of its INFO
    }
    let info = if info.has("min_slaves_good_slaves") { with_min_replicas(conn, info)? } else { info };
    Ok((info, ping(conn)?))
}

/// How many replicas writes depend on, which INFO does not tell; not where the login may not ask.
fn with_min_replicas(conn: &mut Conn, info: Fields) -> Result<Fields, Failure> {
    for name in ["min-replicas-to-write", "min-slaves-to-write"] {
        match conn.call(&["CONFIG", "GET", name]) {
            Ok(frame) => {
                let said = Fields::of(&frame);
                if said.has(name) {
                    return Ok(info.with(Fields::MIN_REPLICAS, said.get(name).to_owned()));
                }
            }
            Err(Failure::Refused(_)) => break,
            Err(other) => return Err(other),
        }
    }
    Ok(info)
}

/// How long a PING takes, in microseconds. A server that is loading or busy does answer.
fn ping(conn: &mut Conn) -> Result<u64, Failure> {
    let start = Instant::now();
    match conn.call(&["PING"]) {
        Err(Failure::Refused(words)) if !Failure::Refused(words.clone()).is_login() => {}
        Err(other) => return Err(other),
        Ok(_) => {}
    }
    Ok(u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX))
}

/// Does `work` for each, a few at a time; results are in the order given.
pub(crate) fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let queue = Mutex::new(items.iter().enumerate());
    let done = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..items.len().min(AT_ONCE) {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().ok().and_then(|mut queue| queue.next());
                    let Some((index, item)) = next else { break };
                    let result = work(item);
                    if let Ok(mut done) = done.lock() {
                        done.insert(index, result);
                    }
                }
            });
        }
    });
    done.into_inner().map(|done| done.into_values().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_given() {
        let items: Vec<usize> = (0..100).collect();
        assert_eq!(each(&items, |n| n * 2), items.iter().map(|n| n * 2).collect::<Vec<_>>());
        assert_eq!(each(&Vec::<usize>::new(), |n| *n), Vec::<usize>::new());
    }

    #[test]
    fn replicas_are_read_from_the_info_of_their_source() {
        let info = Fields::info(
            "connected_slaves:1\r\nslave0:ip=fd00::2,port=6379,state=online,offset=5,lag=1\r\n\
             slave1:ip=10.0.0.3,port=0,state=online\r\n\
             slave2:ip=10.0.0.4,port=6380,state=wait_bgsave\r\nslave_priority:100\r\nslave_repl_offset:7\r\n",
        );
        let first = ListedReplica {
            at: Endpoint::new("fd00::2", 6379),
            online: true,
            offset: Some(5),
            lag_s: Some(1),
        };
        let second =
            ListedReplica { at: Endpoint::new("10.0.0.4", 6380), online: false, offset: None, lag_s: None };
        assert_eq!(listed_replicas(&info), [first, second]);
    }

    #[test]
    fn those_learned_of_before_are_asked_last_and_forgotten_for_those_named_now() {
        let at = |port| Endpoint::new("h", port);
        let silent = |(at, named): &(Endpoint, bool)| SentinelAnswer {
            at: at.clone(),
            also_at: Vec::new(),
            named: *named,
            says: Err(Failure::Silent(1)),
        };
        let peers = |ports: std::ops::Range<u16>| GroupAnswer {
            name: "m".into(),
            master: Fields::default(),
            replicas: Vec::new(),
            sentinels: ports.map(|port| Fields::info(&format!("ip:h\r\nport:{port}\r\n"))).collect(),
            quorum_check: Ok(String::new()),
        };
        let ask = |places: &[(Endpoint, bool)]| {
            let mut said: Vec<SentinelAnswer> = places.iter().map(silent).collect();
            for one in said.iter_mut().filter(|one| one.at == at(1)) {
                one.says = Ok(SentinelSays {
                    id: String::new(),
                    info: Fields::default(),
                    config: Fields::default(),
                    rtt_us: 0,
                    groups: vec![peers(9000..9100)],
                    masters: Vec::new(),
                });
            }
            said
        };
        let mut learned: BTreeSet<Endpoint> = (100..228).map(at).collect();
        let answers = rounds(&[at(1)], &learned, ask);
        assert_eq!(answers.len(), SENTINELS_MAX);
        let asked: BTreeSet<&Endpoint> = answers.iter().map(|answer| &answer.at).collect();
        assert!((9000..9100).all(|port| asked.contains(&at(port))));
        learn(&mut learned, answers.iter().flat_map(peers_of));
        assert_eq!(learned.len(), SENTINELS_MAX);
        assert!((9000..9100).all(|port| learned.contains(&at(port))));
        // A named one that is dead by now leaves those it named.
        assert_eq!(rounds(&[at(2)], &BTreeSet::from([at(3), at(4)]), ask).len(), 3);
    }

    #[test]
    fn a_process_that_answers_at_two_places_is_one_and_two_with_one_id_are_two() {
        let answer = |port, run_id: &str| SentinelAnswer {
            at: Endpoint::new("h", port),
            also_at: Vec::new(),
            named: true,
            says: Ok(SentinelSays {
                id: "same".into(),
                info: Fields::info(&format!("run_id:{run_id}\r\n")),
                config: Fields::default(),
                rtt_us: 0,
                groups: Vec::new(),
                masters: Vec::new(),
            }),
        };
        let kept = merged(vec![answer(1, "a"), answer(2, "b"), answer(3, "a")]);
        let places: Vec<(u16, usize)> = kept.iter().map(|kept| (kept.at.port, kept.also_at.len())).collect();
        assert_eq!(places, [(1, 1), (2, 0)]);
    }
}

//! All that is asked, in one place, before anything is judged: the picture of sentinels and servers, and a closer look at
//! each server and each sentinel. Nothing is changed; passwords that a server tells are compared and never shown.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use watchkeeper_resp::Frame;

use super::certificate;
use super::names::Names;
use super::rights::{self, Right};
use super::view::{is_loading, is_tilted};
use crate::ask::{
    Conn, Endpoint, Failure, Fields, Picture, Reach, ServerAnswer, each, listed_replicas, place, refuses,
    text, texts,
};

/// Between the two looks at how much a master writes.
const SAMPLE: Duration = Duration::from_secs(1);

/// Whoever is back is heard by the sentinels within so long: they ping, and open a lost connection anew, each second.
const BACK: Duration = Duration::from_secs(3);
/// Between two looks at whether it is.
const LOOK: Duration = Duration::from_millis(250);

/// What the file of a sentinel on this host says of a group, and nobody else would.
#[derive(Debug, Clone, Default)]
pub struct Local {
    /// `sentinel rename-command`: old and new word
    pub renames: Vec<(String, String)>,
    /// its scripts
    pub scripts: Vec<String>,
    /// whether `sentinel replication-topology` is star; none: nobody says
    pub star: Option<bool>,
}

/// A data server, looked at closely.
#[derive(Debug)]
pub(super) struct Closer {
    /// INFO
    pub(super) info: Fields,
    /// bytes per second of its replication stream, where it was measured
    pub(super) rate: Option<f64>,
    /// its settings, or why they are not known
    pub(super) settings: Result<Settings, String>,
    /// what the login may do; empty where it could not be asked
    pub(super) rights: Vec<Right>,
    /// users as the server has them, by name; none: it does not have this user
    pub(super) accounts: BTreeMap<String, Option<Account>>,
    /// whether all who log in are the same user: then the sentinels may what we may
    pub(super) one_user: bool,
    /// milliseconds its clock is ahead of ours
    pub(super) ahead_ms: Option<i64>,
    /// until when its certificate holds, in seconds since 1970
    pub(super) not_after: Option<i64>,
    /// whether it let us in without the password that was given: it has none
    pub(super) open_to_all: bool,
}

/// `CONFIG GET *`. There are passwords in it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Settings(Fields);

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Settings")
    }
}

impl Settings {
    /// Settings that a test makes up.
    #[cfg(test)]
    pub(super) fn made_up(fields: Fields) -> Settings {
        Settings(fields)
    }

    /// The value by the first of these names that the server knows; `None` where it knows none.
    pub(super) fn get(&self, names: &[&str]) -> Option<&str> {
        names.iter().find(|name| self.0.has(name)).map(|name| self.0.get(name))
    }
}

/// A user at a server.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) on: bool,
    pub(super) nopass: bool,
    /// as the server has them: SHA-256, in hexadecimal
    pub(super) hashes: Vec<String>,
    /// whether it may do what a replica needs; none: the server does not tell
    pub(super) replicates: Option<Result<(), String>>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("on", &self.on).field("nopass", &self.nopass).finish_non_exhaustive()
    }
}

/// A sentinel, looked at closely.
#[derive(Debug, Clone, Default)]
pub(super) struct Watcher {
    pub(super) ahead_ms: Option<i64>,
    pub(super) not_after: Option<i64>,
    /// whether it let us in without the password that was given: it has none
    pub(super) open_to_all: bool,
}

/// Everything that was said.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) picture: Picture,
    /// by group and address; of those that answer
    pub(super) closer: BTreeMap<(String, Endpoint), Closer>,
    /// replicas that servers feed and no sentinel lists
    pub(super) strangers: Vec<ServerAnswer>,
    pub(super) watchers: BTreeMap<Endpoint, Watcher>,
    pub(super) names: Names,
    /// by group
    pub(super) local: BTreeMap<String, Local>,
    /// groups at whose servers the login is that of the sentinels
    pub(super) own_login: Vec<String>,
}

impl Facts {
    /// Asks everybody.
    pub(super) fn gather(reach: &Reach, group: Option<&str>, local: BTreeMap<String, Local>) -> Facts {
        let picture = settled(|| Picture::take(reach, group));
        let names = Names::resolve(hosts(&picture, reach));
        let strangers = strangers(&picture, &names, reach);
        let answering: Vec<&ServerAnswer> =
            picture.servers.iter().filter(|server| server.says.is_ok()).collect();
        let closer = each(&answering, |server| {
            let renames = local.get(&server.group).map_or(&[][..], |local| &local.renames);
            look_at_server(reach, server, renames).ok()
        });
        let keys = answering.iter().map(|server| (server.group.clone(), server.at.clone()));
        let closer = keys.zip(closer).filter_map(|(key, closer)| Some((key, closer?))).collect();
        let sentinels: Vec<&Endpoint> = picture.answering().map(|(sentinel, _)| &sentinel.at).collect();
        let watchers = each(&sentinels, |at| look_at_sentinel(reach, at).unwrap_or_default());
        let watchers = sentinels.into_iter().cloned().zip(watchers).collect();
        Facts {
            closer,
            strangers,
            watchers,
            names,
            local,
            own_login: reach.group_logins.keys().cloned().collect(),
            picture,
        }
    }

    /// The closer look at a server of a group.
    pub(super) fn closer(&self, group: &str, at: &Endpoint) -> Option<&Closer> {
        self.closer.get(&(group.to_owned(), at.clone()))
    }
}

/// A picture in which nobody who answers here is down for a sentinel only because that has not heard it again yet; if it
/// stays so, the last one.
fn settled(mut take: impl FnMut() -> Picture) -> Picture {
    let until = Instant::now() + BACK;
    loop {
        let picture = take();
        if !is_anybody_missed(&picture) || Instant::now() >= until {
            return picture;
        }
        std::thread::sleep(LOOK);
    }
}

/// Whether a sentinel holds somebody for down who answers here. Of one in TILT that says nothing, and a master that refuses it
/// is told as that.
fn is_anybody_missed(picture: &Picture) -> bool {
    let steady = picture.answering().filter(|(_, says)| !is_tilted(says));
    let mut groups = steady.flat_map(|(_, says)| &says.groups);
    groups.any(|group| {
        let missed = |entry: &&Fields| entry.flag("s_down");
        let answers = |entry: &Fields| {
            let server = place(entry).and_then(|at| picture.server(&group.name, &at));
            server.is_some_and(|server| server.says.as_ref().is_ok_and(|(info, _)| !is_loading(info)))
        };
        let is_there = |entry: &Fields| {
            let id = entry.get("runid");
            !id.is_empty() && picture.answering().any(|(_, says)| says.id == id)
        };
        let master = [&group.master].into_iter().filter(|entry| !refuses(entry));
        group.replicas.iter().chain(master).filter(missed).any(answers)
            || group.sentinels.iter().filter(missed).any(is_there)
    })
}

/// Every name or address that anybody uses for anybody.
fn hosts(picture: &Picture, reach: &Reach) -> Vec<String> {
    let mut hosts: Vec<String> = reach.sentinels.iter().map(|at| at.host.clone()).collect();
    for (_, says) in picture.answering() {
        let entries = says
            .groups
            .iter()
            .flat_map(|group| group.replicas.iter().chain(&group.sentinels).chain([&group.master]));
        hosts.extend(entries.filter_map(place).map(|at| at.host));
    }
    for (info, _) in picture.servers.iter().filter_map(|server| server.says.as_ref().ok()) {
        hosts.extend(listed_replicas(info).into_iter().map(|fed| fed.at.host));
        hosts.push(info.get("master_host").to_owned());
    }
    hosts.retain(|host| !host.is_empty());
    hosts
}

fn strangers(picture: &Picture, names: &Names, reach: &Reach) -> Vec<ServerAnswer> {
    let mut unknown: Vec<(String, Endpoint)> = Vec::new();
    for server in &picture.servers {
        let Ok((info, _)) = &server.says else { continue };
        for fed in listed_replicas(info) {
            let mut known = picture.servers.iter().filter(|other| other.group == server.group);
            let listed = known.any(|other| names.same(&other.at, &fed.at));
            let key = (server.group.clone(), fed.at);
            if !listed && !unknown.contains(&key) {
                unknown.push(key);
            }
        }
    }
    each(&unknown, |(group, at)| ServerAnswer {
        at: at.clone(),
        group: group.clone(),
        says: reach.server(at, group).and_then(|mut conn| Ok((Fields::info(&conn.call_text(&["INFO"])?), 0))),
    })
}

fn look_at_sentinel(reach: &Reach, at: &Endpoint) -> Result<Watcher, Failure> {
    let mut conn = reach.sentinel(at)?;
    let not_after = conn.peer_certificate().and_then(certificate::not_after);
    let open_to_all = conn.open_to_all();
    let (_, ahead_ms) = info_and_clock(&mut conn, &["INFO", "server"])?;
    Ok(Watcher { ahead_ms, not_after, open_to_all })
}

fn look_at_server(
    reach: &Reach,
    server: &ServerAnswer,
    renames: &[(String, String)],
) -> Result<Closer, Failure> {
    let mut conn = reach.server(&server.at, &server.group)?;
    let not_after = conn.peer_certificate().and_then(certificate::not_after);
    let open_to_all = conn.open_to_all();
    let (info, ahead_ms) = info_and_clock(&mut conn, &["INFO"])?;
    let since = Instant::now();
    let loading = is_loading(&info);
    let settings = match conn.call(&["CONFIG", "GET", "*"]) {
        Ok(frame) => Ok(Settings(Fields::of(&frame))),
        Err(Failure::Refused(words)) => Err(words),
        Err(other) => return Err(other),
    };
    let user = settings.as_ref().ok().and_then(|settings| settings.get(&["masteruser"])).unwrap_or_default();
    let users = ["default", user].into_iter().filter(|user| !user.is_empty());
    let accounts = users.filter_map(|user| Some((user.to_owned(), account(&mut conn, user)?))).collect();
    // Before 6.0 there are no users to be told of.
    let one_user = match conn.call(&["ACL", "USERS"]) {
        Ok(users) => texts(&users).len() == 1,
        Err(Failure::Refused(words)) => words.starts_with("ERR unknown"),
        Err(other) => return Err(other),
    };
    let rights = if loading {
        Vec::new()
    } else {
        rights::probe(|| reach.server(&server.at, &server.group), renames).unwrap_or_default()
    };
    let mut closer =
        Closer { info, rate: None, settings, rights, accounts, one_user, ahead_ms, not_after, open_to_all };
    if closer.info.get("role") == "master" {
        // Where all others took their time, enough has passed since it was asked first.
        let earlier = server.says.as_ref().map_or(&closer.info, |(info, _)| info);
        let sample = Sample::of(earlier, &closer.info, since);
        std::thread::sleep(SAMPLE.saturating_sub(sample.passed(&closer.info)));
        let later = Fields::info(&conn.call_text(&["INFO"])?);
        closer.rate = sample.rate(&later);
        closer.info = later;
    }
    Ok(closer)
}

/// The beginning of a measurement.
struct Sample {
    offset: Option<i64>,
    /// by the clock of the server, in microseconds; before 7.0 it does not tell
    began: Option<i64>,
    since: Instant,
}

impl Sample {
    /// From the first answer, if the server's clock says when that was; else from the second, of `since`.
    fn of(first: &Fields, second: &Fields, since: Instant) -> Sample {
        let began = clock(first);
        let from = if began.is_some() { first } else { second };
        Sample { offset: from.number("master_repl_offset"), began, since }
    }

    /// How long it has gone on when this is said.
    fn passed(&self, info: &Fields) -> Duration {
        let by_clock = self.began.zip(clock(info)).map(|(began, now)| now - began);
        let by_clock = by_clock.and_then(|passed| u64::try_from(passed).ok()).map(Duration::from_micros);
        by_clock.unwrap_or_else(|| self.since.elapsed())
    }

    /// Bytes per second until this is said.
    fn rate(&self, later: &Fields) -> Option<f64> {
        let written = later.number("master_repl_offset")? - self.offset?;
        let passed = self.passed(later).as_secs_f64();
        (passed > 0.0).then(|| written as f64 / passed)
    }
}

/// The clock of a server, in microseconds since 1970.
fn clock(info: &Fields) -> Option<i64> {
    info.number("server_time_usec")
}

/// A user; the outer none: the server or the login does not tell.
fn account(conn: &mut Conn, user: &str) -> Option<Option<Account>> {
    let frame = conn.call(&["ACL", "GETUSER", user]).ok()?;
    let Frame::Array(items) = frame else { return Some(None) };
    let mut account = Account::default();
    for pair in items.chunks_exact(2) {
        match text(&pair[0]).as_str() {
            "flags" => {
                let flags = texts(&pair[1]);
                account.on = flags.iter().any(|flag| flag == "on");
                account.nopass = flags.iter().any(|flag| flag == "nopass");
            }
            "passwords" => account.hashes = texts(&pair[1]),
            _ => {}
        }
    }
    account.replicates = rights::may_replicate(conn, user);
    Some(Some(account))
}

/// INFO, and how far the clock of whoever says it is ahead of ours.
fn info_and_clock(conn: &mut Conn, argv: &[&str]) -> Result<(Fields, Option<i64>), Failure> {
    let before = Instant::now();
    let info = Fields::info(&conn.call_text(argv)?);
    let half = i64::try_from(before.elapsed().as_micros() / 2).unwrap_or(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    let middle = i64::try_from(now).unwrap_or(i64::MAX) - half;
    let ahead = clock(&info).map(|theirs| (theirs - middle) / 1000);
    Ok((info, ahead))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_measured_by_the_clock_of_the_server() {
        let said = |usec: i64, offset: i64| {
            Fields::info(&format!("server_time_usec:{usec}\r\nmaster_repl_offset:{offset}\r\n"))
        };
        let sample = Sample::of(&said(1_000_000, 500), &said(2_000_000, 900), Instant::now());
        assert_eq!(sample.passed(&said(2_500_000, 0)), Duration::from_millis(1500));
        assert_eq!(sample.rate(&said(3_000_000, 4500)), Some(2000.0));
        // An old server has no clock to show: what was said first is of no use.
        let old = |offset: i64| Fields::info(&format!("master_repl_offset:{offset}\r\n"));
        let sample = Sample::of(&old(500), &old(900), Instant::now());
        assert_eq!((sample.offset, sample.began), (Some(900), None));
    }
}

//! What the expectations of a scenario look at, and what is seen instead when one does not come true.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use watchkeeper_core::event::EventKind;
use watchkeeper_core::id::GroupName;
use watchkeeper_core::view::GroupView;

use crate::process::ProcId;
use crate::setup::group_name;
use crate::time::Time;
use crate::world::Life;

use super::play::{Play, Seen, Wrong};
use super::roster::{Pick, Who};
use super::servers::{sentinel, server};
use super::step::{Check, Sight};
use super::words::span;

/// Events listed when one did not come.
const LISTED: usize = 12;

impl Play {
    // --- Names ---

    /// Whom a step means now.
    pub(crate) fn resolve(&self, who: &Who) -> Result<Vec<ProcId>, Wrong> {
        let mut found = Vec::new();
        for pick in who {
            let one = |who: Option<ProcId>, what: &str| {
                who.map(|who| vec![who]).ok_or_else(|| vec![format!("there is no {what} yet")])
            };
            found.extend(match pick {
                Pick::Name(name) => {
                    let mut all = self.world.processes().map(|(who, _)| who);
                    one(all.find(|who| self.world.name(*who) == name), &format!("`{name}`"))?
                }
                Pick::Master(group) => vec![self.master(*group)],
                Pick::Replicas => {
                    let master = self.master(0);
                    self.servers[0].iter().copied().filter(|who| *who != master).collect()
                }
                Pick::Sentinels => self.sentinels.clone(),
                Pick::Servers => self.servers.concat(),
                Pick::Leader => one(self.leader, "leader")?,
                Pick::Candidate => one(self.candidate, "candidate")?,
                Pick::It => one(self.it, "event that a step waited for")?,
            });
        }
        Ok(found)
    }

    /// The same, to look at: of `all ...`, those that run.
    fn watched(&self, who: &Who) -> Vec<ProcId> {
        let whole = who.iter().any(|pick| matches!(pick, Pick::Sentinels | Pick::Servers | Pick::Replicas));
        let found = self.resolve(who).unwrap_or_default();
        found.into_iter().filter(|who| !whole || self.world.life(*who) == Life::Running).collect()
    }

    /// The server that most sentinels hold for the master of a group.
    fn master(&self, group: usize) -> ProcId {
        let mut votes: BTreeMap<SocketAddr, (usize, u64)> = BTreeMap::new();
        for who in self.sentinels.iter().filter(|who| self.world.runs(**who)) {
            let Some(view) = self.view(*who, group) else { continue };
            let Some(at) = view.current.at else { continue };
            let vote = votes.entry(at).or_default();
            *vote = (vote.0 + 1, vote.1.max(view.config_epoch));
        }
        let best = votes.into_iter().max_by_key(|(_, vote)| *vote);
        best.and_then(|(at, _)| self.world.at(at)).unwrap_or(self.servers[group][0])
    }

    fn view(&self, who: ProcId, group: usize) -> Option<GroupView> {
        sentinel(&self.world, who)?.group_view(&GroupName(group_name(group)))
    }

    fn named_by(&self, who: ProcId, group: usize) -> Option<SocketAddr> {
        self.view(who, group)?.current.at
    }

    fn group_of(&self, server: ProcId) -> usize {
        self.servers.iter().position(|group| group.contains(&server)).unwrap_or(0)
    }

    // --- Events ---

    /// The first such event since the last action, once everybody asked for has emitted it.
    pub(crate) fn find<'a>(&'a self, sight: &'a Sight) -> Option<&'a Seen> {
        let Some(on) = &sight.on else {
            return self.matching(sight).next();
        };
        let on = self.watched(on);
        let all = on.iter().all(|who| self.matching(sight).any(|seen| seen.who == *who));
        self.matching(sight).find(|seen| all && on.contains(&seen.who))
    }

    fn matching<'a>(&'a self, sight: &'a Sight) -> impl Iterator<Item = &'a Seen> {
        let addrs = |who: &Who| self.watched(who).iter().map(|who| self.world.addr(*who)).collect::<Vec<_>>();
        let (of, to) = (sight.of.as_ref().map(addrs), sight.to.as_ref().map(addrs));
        self.seen.get(self.seen_before..).unwrap_or(&[]).iter().filter(move |seen| {
            let payload = &seen.event.payload;
            seen.event.kind == sight.kind
                && of
                    .as_ref()
                    .is_none_or(|of| of.iter().any(|addr| is_about(seen.event.kind, payload, *addr)))
                && to.as_ref().is_none_or(|to| to.iter().any(|addr| names_last(payload, *addr)))
        })
    }

    fn times(&self, sight: &Sight) -> u64 {
        let on = sight.on.as_ref().map(|on| self.watched(on));
        let count = self.matching(sight).filter(|seen| on.as_ref().is_none_or(|on| on.contains(&seen.who)));
        count.count() as u64
    }

    fn logged(&self, text: &str, on: Option<&Who>) -> bool {
        let on = on.map(|on| self.watched(on));
        self.world.trace().lines().rev().take_while(|line| traced_at(line) >= self.base).any(|line| {
            let mut words = line.split_whitespace().skip(1);
            let by = words.next().unwrap_or("");
            let is_log = matches!(words.next(), Some("log"));
            is_log
                && line.contains(text)
                && on.as_ref().is_none_or(|on| on.iter().any(|who| self.world.name(*who) == by))
        })
    }

    // --- Expectations ---

    /// Whether it holds now.
    pub(crate) fn holds(&self, check: &Check) -> bool {
        match check {
            Check::Seen(sight) => self.find(sight).is_some(),
            Check::NotSeen(sight) => self.times(sight) == 0,
            Check::Times { least, most, sight } => (*least..=*most).contains(&self.times(sight)),
            Check::Log { text, on } => self.logged(text, on.as_ref()),
            Check::NoLog { text, on } => !self.logged(text, on.as_ref()),
            Check::Write => self.acked.len() > self.acked_before,
            Check::NoWrite => self.acked.len() == self.acked_before,
            Check::Lost { most } => self.lost() <= *most,
            Check::MasterNamed { server, on } => {
                let Some(server) = self.watched(server).first().copied() else { return false };
                let (addr, group) = (self.world.addr(server), self.group_of(server));
                let on = self.watched(on);
                !on.is_empty() && on.iter().all(|who| self.named_by(*who, group) == Some(addr))
            }
            Check::OneMaster => (0..self.servers.len()).all(|group| self.one_master(group)),
            Check::Follows { .. } | Check::IsMaster(_) | Check::IsEmpty(_) | Check::HasData(_) => {
                self.holds_of_servers(check)
            }
            Check::Runs { who, wanted } => self.each(who, |who| self.world.runs(who) == *wanted),
            Check::Tilt { .. } | Check::Knows { .. } | Check::SeesDown { .. } | Check::Refuses { .. } => {
                self.holds_of_sentinels(check)
            }
            Check::Settled => true,
        }
    }

    fn each(&self, who: &Who, holds: impl Fn(ProcId) -> bool) -> bool {
        let who = self.watched(who);
        !who.is_empty() && who.into_iter().all(holds)
    }

    fn holds_of_servers(&self, check: &Check) -> bool {
        let see = |who: &Who, holds: &dyn Fn(&crate::server::Server) -> bool| {
            self.each(who, |who| server(&self.world, who).is_some_and(holds))
        };
        match check {
            Check::Follows { who, master } => {
                let Some(master) = self.watched(master).first().map(|who| self.world.addr(*who)) else {
                    return false;
                };
                see(who, &|server| server.follows() == Some(master) && server.link_up())
            }
            Check::IsMaster(who) => see(who, &|server| server.is_master()),
            Check::IsEmpty(who) => see(who, &|server| server.values().is_empty()),
            Check::HasData(who) => see(who, &|server| !server.values().is_empty()),
            other => unreachable!("{other:?} is no matter of servers"),
        }
    }

    fn holds_of_sentinels(&self, check: &Check) -> bool {
        match check {
            Check::Tilt { who, wanted } => {
                let tilted = |who| sentinel(&self.world, who).is_some_and(|it| it.tilt_since().is_some());
                self.each(who, |who| tilted(who) == *wanted)
            }
            Check::Knows { who, replicas, peers } => self.each(who, |who| {
                let Some(view) = self.view(who, 0) else { return false };
                replicas.is_none_or(|n| view.replicas.len() as u64 == n)
                    && peers.is_none_or(|n| view.peers.len() as u64 == n)
            }),
            Check::SeesDown { who, server, wanted } => {
                let about = self.watched(server);
                self.each(who, |who| about.iter().all(|one| self.down(who, *one) == Some(*wanted)))
            }
            Check::Refuses { who, server, because } => {
                let Some(replica) = self.watched(server).first().copied() else { return false };
                let (addr, group) = (self.world.addr(replica), self.group_of(replica));
                self.each(who, |who| {
                    let Some(view) = self.view(who, group) else { return false };
                    let found = view.replicas.iter().find(|replica| replica.place.at == Some(addr));
                    found
                        .and_then(|replica| replica.refusal.as_ref())
                        .is_some_and(|said| said.contains(because))
                })
            }
            other => unreachable!("{other:?} is no matter of sentinels"),
        }
    }

    /// Whether a sentinel holds somebody for down; `None` if it does not know of it.
    fn down(&self, who: ProcId, about: ProcId) -> Option<bool> {
        let (addr, view) = (self.world.addr(about), self.view(who, self.group_of(about))?);
        let servers = view.replicas.iter().map(|replica| (replica.place.at, replica.sdown));
        let peers = view.peers.iter().map(|peer| (peer.place.at, peer.sdown));
        let mut all = servers.chain(peers).chain([(view.master.place.at, view.master.sdown)]);
        all.find(|(at, _)| *at == Some(addr)).map(|(_, down)| down)
    }

    fn one_master(&self, group: usize) -> bool {
        let mut masters = self.servers[group].iter().filter(|who| {
            self.world.life(**who) != Life::Dead
                && server(&self.world, **who).is_some_and(|it| it.is_master())
        });
        let (Some(master), None) = (masters.next(), masters.next()) else { return false };
        let addr = self.world.addr(*master);
        let mut ours = self.sentinels.iter().filter(|who| self.world.runs(**who));
        ours.all(|who| sentinel(&self.world, *who).is_none() || self.named_by(*who, group) == Some(addr))
    }

    /// Acknowledged writes that the present masters do not hold.
    fn lost(&self) -> u64 {
        let masters: Vec<ProcId> = (0..self.servers.len()).map(|group| self.master(group)).collect();
        let held = |value| {
            let mut holders = masters.iter().filter_map(|who| server(&self.world, *who));
            holders.any(|server| server.values().contains(value))
        };
        self.acked.iter().filter(|value| !held(*value)).count() as u64
    }

    // --- What was seen instead ---

    /// For a step that waited for an event.
    pub(crate) fn explain_missing(&self, sight: &Sight, within: u64) -> Wrong {
        let mut wrong = vec![format!(
            "`{}` did not come in {} after the last action",
            sight.kind.spec().name,
            span(within)
        )];
        wrong.extend(self.recent_events());
        wrong
    }

    /// What was seen instead of what was expected.
    pub(crate) fn instead(&self, check: &Check) -> Wrong {
        match check {
            Check::Seen(_) | Check::Log { .. } => self.recent_events(),
            Check::NotSeen(sight) => {
                let seen = self.matching(sight).take(LISTED).map(|seen| self.tell(seen));
                seen.collect()
            }
            Check::Times { sight, .. } => vec![format!("it came {} times", self.times(sight))],
            Check::NoLog { .. } => vec!["it was logged".to_owned()],
            Check::Write | Check::NoWrite => {
                vec![format!("{} writes were acknowledged since", self.acked.len() - self.acked_before)]
            }
            Check::Lost { .. } => {
                vec![format!("{} of {} acknowledged writes are lost", self.lost(), self.acked.len())]
            }
            Check::MasterNamed { .. }
            | Check::OneMaster
            | Check::Follows { .. }
            | Check::IsMaster(_)
            | Check::IsEmpty(_)
            | Check::HasData(_)
            | Check::Runs { .. } => {
                let servers = self.servers.iter().flatten().map(|who| self.tell_server(*who));
                servers.chain(self.sentinels.iter().map(|who| self.tell_sentinel(*who))).collect()
            }
            Check::Tilt { .. } | Check::Knows { .. } | Check::SeesDown { .. } | Check::Refuses { .. } => {
                self.sentinels.iter().map(|who| self.tell_sentinel(*who)).collect()
            }
            Check::Settled => Vec::new(),
        }
    }

    fn recent_events(&self) -> Wrong {
        let since = self.seen.get(self.seen_before..).unwrap_or(&[]);
        let from = since.len().saturating_sub(LISTED);
        let mut lines = match since.len() {
            0 => vec!["no event since the last action".to_owned()],
            many => vec![format!("{many} events since the last action, the last of them:")],
        };
        lines.extend(since.iter().skip(from).map(|seen| self.tell(seen)));
        lines
    }

    fn tell(&self, seen: &Seen) -> String {
        let after = span(seen.at.since_us(self.base));
        format!("  after {after}: {} {} {}", self.world.name(seen.who), seen.event.name, seen.event.payload)
    }

    fn name_at(&self, addr: Option<SocketAddr>) -> String {
        match addr {
            None => "nobody".to_owned(),
            Some(addr) => self.world.at(addr).map_or(addr.to_string(), |who| self.world.name(who).to_owned()),
        }
    }

    fn tell_server(&self, who: ProcId) -> String {
        let (name, life) = (self.world.name(who), self.world.life(who));
        let Some(server) = server(&self.world, who) else { return name.to_owned() };
        let role = match server.follows() {
            None => "a master".to_owned(),
            Some(master) => {
                let link = if server.link_up() { "up" } else { "down" };
                format!("follows {}, link {link}", self.name_at(Some(master)))
            }
        };
        format!("  {name} ({life:?}): {role}, holds {} values", server.values().len())
    }

    fn tell_sentinel(&self, who: ProcId) -> String {
        let (name, life) = (self.world.name(who), self.world.life(who));
        let Some(view) = self.view(who, 0) else { return format!("  {name} ({life:?})") };
        let tilt = sentinel(&self.world, who).is_some_and(|it| it.tilt_since().is_some());
        let replicas = view.replicas.iter().map(|replica| {
            let down = if replica.sdown { " down" } else { "" };
            let refused = replica.refusal.as_ref().map_or(String::new(), |why| format!(" ({why})"));
            format!("{}{down}{refused}", self.name_at(replica.place.at))
        });
        let peers = view.peers.iter().filter(|peer| !peer.sdown).count();
        format!(
            "  {name} ({life:?}){}: master {}{}, replicas {}; {peers} of {} peers up, config epoch {}",
            if tilt { " in TILT" } else { "" },
            self.name_at(view.current.at),
            if view.master.sdown { " down" } else { "" },
            replicas.collect::<Vec<_>>().join(", "),
            view.peers.len(),
            view.config_epoch,
        )
    }
}

/// Whether an event is about the process at this address.
fn is_about(kind: EventKind, payload: &str, addr: SocketAddr) -> bool {
    let subject = payload.split(" @ ").next().unwrap_or(payload);
    let words: Vec<&str> = subject.split_whitespace().collect();
    let words = if kind == EventKind::SwitchMaster { words.get(..3).unwrap_or(&words) } else { &words };
    let (ip, port) = (addr.ip().to_string(), addr.port().to_string());
    words.windows(2).any(|two| two == [ip.as_str(), port.as_str()])
}

/// Whether its last words are this address.
fn names_last(payload: &str, addr: SocketAddr) -> bool {
    payload.ends_with(&format!(" {} {}", addr.ip(), addr.port()))
}

/// When a line of the trace was written.
fn traced_at(line: &str) -> Time {
    let stamp = line.split_whitespace().next().unwrap_or("");
    let parts =
        stamp.split_once('.').and_then(|(s, us)| Some((s.parse::<u64>().ok()?, us.parse::<u64>().ok()?)));
    parts.map_or(Time::default(), |(s, us)| Time(s * 1_000_000 + us))
}

//! Rehearsals: what would happen to a user's own groups if this host, server or sentinel were gone. The configuration
//! becomes a world, the fault is played, what the sentinels did is told and judged. Words for people are the caller's.

mod topology;

use std::net::SocketAddr;

use watchkeeper_core::Event;
use watchkeeper_core::event::EventKind;
use watchkeeper_core::id::GroupName;
use watchkeeper_core::view::GroupView;

use crate::config_text;
use crate::disk::Disk;
use crate::fact::Fact;
use crate::process::{Body, ProcId};
use crate::sentinel_process::SentinelProcess;
use crate::server::{Server, ServerOptions};
use crate::time::{Clock, Time};
use crate::world::World;
use crate::writer::{Writer, WriterOptions};

use topology::Target;
pub use topology::{Given, Topology};

/// The world runs so long before anything happens: INFO has found all replicas, hellos everybody.
const WARM_UP: Time = Time::secs(25);
/// Sentinels that could act have acted so long after the master counts as down.
const PATIENCE_US: u64 = 60_000_000;
/// After the last group is served again, events are still told for so long.
const AFTERMATH_US: u64 = 2_000_000;

/// How something is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// a host loses its power, a process is killed
    Kill,
    /// processes stop, connections stay
    Hang,
}

/// One line of the course.
#[derive(Debug, Clone)]
pub struct Moment {
    /// milliseconds after the fault
    pub ms: u64,
    /// which sentinels, in the order in which they said it
    pub who: Vec<String>,
    /// which event
    pub kind: EventKind,
    /// its payload
    pub payload: String,
}

/// What became of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// its master was not touched and goes on
    Untouched,
    /// another server is the master now
    Promoted {
        /// which
        server: String,
        /// when the first sentinel sent clients to it, in milliseconds after the fault
        after_ms: u64,
        /// when a client could write again
        writable_ms: Option<u64>,
    },
    /// nobody was promoted, and nobody can write
    Lost(Vec<Reason>),
}

/// Why nobody was promoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// too few sentinels are left to agree that the master is down
    NoQuorum {
        /// sentinels left
        alive: usize,
        /// `quorum`
        quorum: usize,
    },
    /// too few sentinels are left to elect one
    NoMajority {
        /// sentinels left
        alive: usize,
        /// sentinels that count, the dead ones too
        known: usize,
        /// votes needed
        needed: usize,
    },
    /// the group has no replica
    NoReplica,
    /// a replica is refused
    Refused {
        /// which
        replica: String,
        /// why, in the core's words
        why: String,
    },
    /// none of these
    Unknown,
}

/// What is to be said of a group.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// the group
    pub group: String,
    /// its master before
    pub master: String,
    /// what became of it
    pub fate: Fate,
    /// sentinels left, sentinels that count, votes needed: whether a next failover would be possible
    pub sentinels: (usize, usize, usize),
    /// replicas that follow the master now
    pub replicas_left: usize,
}

/// A rehearsal.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    /// what happened, oldest first
    pub moments: Vec<Moment>,
    /// of each group
    pub verdicts: Vec<Verdict>,
}

impl Rehearsal {
    /// Whether every group can be written to.
    pub fn served(&self) -> bool {
        self.verdicts.iter().all(|verdict| !matches!(verdict.fate, Fate::Lost(_)))
    }
}

/// Plays it. `Err` is the word of `targets` that names nothing.
pub fn rehearse(topology: &Topology, targets: &[(How, String)]) -> Result<Rehearsal, String> {
    let mut found = Vec::new();
    for (how, word) in targets {
        found.push((*how, topology.find(word).ok_or_else(|| word.clone())?));
    }
    let mut stage = Stage::new(topology);
    stage.play(&found);
    let verdicts = (0..topology.groups.len()).map(|group| stage.judge(group)).collect();
    Ok(Rehearsal { verdicts, moments: stage.moments })
}

struct Stage<'t> {
    topology: &'t Topology,
    world: World,
    sentinels: Vec<ProcId>,
    writers: Vec<ProcId>,
    fault_at: Time,
    moments: Vec<Moment>,
    /// of each group: the first switch and the first write after the fault
    switched: Vec<Option<(SocketAddr, Time)>>,
    written: Vec<Option<Time>>,
}

impl<'t> Stage<'t> {
    fn new(topology: &'t Topology) -> Stage<'t> {
        let mut world = World::new(1, false);
        for (index, ip) in topology.hosts().into_iter().enumerate() {
            world.add_host(ip, Clock::new(0, 1_000_000 + index as u64 * 1_000));
        }
        let clients = std::net::IpAddr::from([198, 19, 0, 1]);
        world.add_host(clients, Clock::new(0, 1_000_000));
        for server in &topology.servers {
            let options = ServerOptions {
                follows: server.follows,
                priority: server.priority,
                ..ServerOptions::default()
            };
            let body = Body::Server(Box::new(Server::new(options)));
            world.add_process(&topology.show(server.at), server.at, Disk::default(), body);
        }
        let mut sentinels = Vec::new();
        for (index, place) in topology.sentinels.iter().enumerate() {
            let disk = Disk::with(config_text::write(&topology.config(index)));
            let body = Body::Sentinel(Box::new(SentinelProcess::new()));
            sentinels.push(world.add_process(&topology.show(place.at), place.at, disk, body));
        }
        let addrs: Vec<SocketAddr> = topology.sentinels.iter().map(|place| place.at).collect();
        let mut writers = Vec::new();
        for (index, group) in topology.groups.iter().enumerate() {
            let options = WriterOptions {
                sentinels: addrs.clone(),
                group: group.name.0.clone(),
                period_us: 100_000,
                timeout_us: 1_000_000,
                wait_replicas: 0,
                first_value: (index as u64 + 1) << 32,
            };
            let at = SocketAddr::new(clients, 1 + index as u16);
            let body = Body::Writer(Box::new(Writer::new(options)));
            writers.push(world.add_process("client", at, Disk::default(), body));
        }
        for who in world.processes().map(|(who, _)| who).collect::<Vec<_>>() {
            world.start(who);
        }
        let groups = topology.groups.len();
        let (switched, written) = (vec![None; groups], vec![None; groups]);
        let (moments, fault_at) = (Vec::new(), WARM_UP);
        Stage { topology, world, sentinels, writers, fault_at, moments, switched, written }
    }

    fn play(&mut self, targets: &[(How, Target)]) {
        self.world.run(WARM_UP);
        self.world.take_facts();
        for (how, target) in targets {
            self.strike(*how, *target);
        }
        let groups = &self.topology.groups;
        let down_after = groups.iter().map(|group| group.down_after_ms * 1_000).max().unwrap_or(0);
        let mut until = self.fault_at + down_after + PATIENCE_US;
        let mut served = false;
        while self.world.step(until) {
            for (at, fact) in self.world.take_facts() {
                self.observe(at, fact);
            }
            // Who was never gone is served all the time: only a switch ends the waiting early.
            let all = (0..groups.len()).all(|group| self.is_served(group));
            if all && !served && self.switched.iter().any(Option::is_some) {
                served = true;
                until = until.min(self.world.now() + AFTERMATH_US);
            }
        }
    }

    fn strike(&mut self, how: How, target: Target) {
        let whose: Vec<ProcId> = match target {
            Target::Host(ip) => {
                if how == How::Kill {
                    self.world.power_off(ip);
                }
                let all = self.world.processes().map(|(who, _)| who);
                all.filter(|who| self.world.addr(*who).ip() == ip).collect()
            }
            Target::Process(at) => self.world.at(at).into_iter().collect(),
        };
        for who in whose {
            match how {
                How::Kill => self.world.kill(who),
                How::Hang => self.world.pause(who),
            }
        }
    }

    fn observe(&mut self, at: Time, fact: Fact) {
        if let Fact::Event { who, event } = fact {
            self.note(at, who, &event);
        } else if let Fact::Acked { writer, server, .. } = fact {
            let Some(group) = self.writers.iter().position(|known| *known == writer) else { return };
            let alive = self.world.at(server).is_some_and(|who| self.world.runs(who));
            if alive && self.written[group].is_none() {
                self.written[group] = Some(at);
            }
        }
    }

    fn note(&mut self, at: Time, who: ProcId, event: &Event) {
        if event.kind == EventKind::SwitchMaster {
            let to = event.payload.rsplitn(3, ' ').collect::<Vec<_>>();
            let group =
                self.topology.groups.iter().position(|group| Some(&group.name) == event.group.as_ref());
            if let ([port, host, _], Some(group)) = (&to[..], group) {
                if let (Ok(ip), Ok(port)) = (host.parse(), port.parse()) {
                    self.switched[group].get_or_insert((SocketAddr::new(ip, port), at));
                }
            }
        }
        if is_noise(event.kind) {
            return;
        }
        let ms = at.since_ms(self.fault_at);
        let (name, payload) = (self.world.name(who).to_owned(), self.topology.show_text(&event.payload));
        let same = |known: &&mut Moment| {
            known.kind == event.kind && known.payload == payload && ms - known.ms < 1_000
        };
        match self.moments.iter_mut().rev().find(same) {
            Some(known) if !known.who.contains(&name) => known.who.push(name),
            Some(_) | None => {
                let kind = event.kind;
                self.moments.push(Moment { ms, who: vec![name], kind, payload });
            }
        }
    }

    fn master_addr(&self, group: usize) -> SocketAddr {
        let group = &self.topology.groups[group];
        let ip = group.host.parse().expect("made of an address");
        SocketAddr::new(ip, group.port)
    }

    fn runs(&self, at: SocketAddr) -> bool {
        self.world.at(at).is_some_and(|who| self.world.runs(who))
    }

    fn is_served(&self, group: usize) -> bool {
        let current = self.switched[group].map_or(self.master_addr(group), |(at, _)| at);
        self.runs(current) && self.written[group].is_some()
    }

    // --- Judging ---

    fn judge(&self, index: usize) -> Verdict {
        let group = &self.topology.groups[index];
        let known = self.topology.sentinels.len();
        let alive = self.sentinels.iter().filter(|who| self.world.runs(**who)).count();
        let needed = (known / 2 + 1).max(group.quorum as usize);
        let master = self.master_addr(index);
        let fate = match self.switched[index] {
            Some((server, at)) => Fate::Promoted {
                server: self.topology.show(server),
                after_ms: at.since_ms(self.fault_at),
                writable_ms: self.written[index].map(|at| at.since_ms(self.fault_at)),
            },
            None if self.runs(master) => Fate::Untouched,
            None => Fate::Lost(self.reasons(index, alive, known, needed)),
        };
        let current = self.switched[index].map_or(master, |(at, _)| at);
        let members =
            group.replicas.iter().filter_map(|(host, port)| Some(SocketAddr::new(host.parse().ok()?, *port)));
        let replicas_left = members.filter(|at| *at != current && self.runs(*at)).count();
        Verdict {
            group: group.name.0.clone(),
            master: self.topology.show(master),
            fate,
            sentinels: (alive, known, needed),
            replicas_left,
        }
    }

    fn reasons(&self, index: usize, alive: usize, known: usize, needed: usize) -> Vec<Reason> {
        let group = &self.topology.groups[index];
        let quorum = group.quorum as usize;
        let mut reasons = Vec::new();
        if alive < quorum {
            reasons.push(Reason::NoQuorum { alive, quorum });
        }
        if alive < needed {
            reasons.push(Reason::NoMajority { alive, known, needed });
        }
        if group.replicas.is_empty() {
            reasons.push(Reason::NoReplica);
        }
        let view = self
            .sentinels
            .iter()
            .filter(|who| self.world.runs(**who))
            .find_map(|who| self.view(*who, &group.name));
        let replicas = view.map_or(Vec::new(), |view| view.replicas);
        let refused: Vec<Reason> = replicas
            .into_iter()
            .filter_map(|replica| {
                let why = replica.refusal?;
                let named = replica.place.at.map_or(replica.place.host, |at| self.topology.show(at));
                Some(Reason::Refused { replica: named, why })
            })
            .collect();
        // Where nobody can agree that the master is down, replicas are not asked as often as it takes to choose one.
        if alive >= quorum && refused.len() == group.replicas.len() {
            reasons.extend(refused);
        }
        if reasons.is_empty() {
            reasons.push(Reason::Unknown);
        }
        reasons
    }

    fn view(&self, who: ProcId, group: &GroupName) -> Option<GroupView> {
        let Body::Sentinel(sentinel) = self.world.body(who) else { return None };
        sentinel.core()?.group_view(group)
    }
}

/// Events that tell nothing of what a reader wants to know.
fn is_noise(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::CmdLinkReconnection
            | EventKind::PubsubLinkReconnection
            | EventKind::Slave
            | EventKind::RoleAgrees
            | EventKind::RoleDiffers
            | EventKind::NewEpoch
            | EventKind::StateSelectSlave
            | EventKind::StateSendSlaveofNoone
            | EventKind::StateWaitPromotion
            | EventKind::StateReconfSlaves
            | EventKind::SlaveReconfInprog
            | EventKind::ConfigUpdateFrom
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topology(text: &str) -> Topology {
        let files = vec![config_text::read(text.as_bytes()).unwrap()];
        Topology::of(&Given { files, ..Given::default() }).unwrap()
    }

    fn kill(topology: &Topology, words: &[&str]) -> Rehearsal {
        let targets: Vec<_> = words.iter().map(|word| (How::Kill, (*word).to_owned())).collect();
        rehearse(topology, &targets).unwrap()
    }

    fn peer(host: &str, port: u16, n: u8) -> String {
        format!("sentinel known-sentinel mymaster {host} {port} {}\n", format!("{n:x}").repeat(40))
    }

    fn three() -> Topology {
        let text = "sentinel announce-ip 10.0.0.1\nsentinel monitor mymaster 10.0.0.1 6379 2\n\
            sentinel down-after-milliseconds mymaster 3000\n\
            sentinel known-replica mymaster 10.0.0.2 6379\nsentinel known-replica mymaster 10.0.0.3 6379\n";
        topology(&format!("{text}{}{}", peer("10.0.0.2", 26379, 2), peer("10.0.0.3", 26379, 3)))
    }

    #[test]
    fn a_replica_takes_over_from_a_dead_host() {
        let it = kill(&three(), &["10.0.0.1"]);
        let [verdict] = &it.verdicts[..] else { panic!("{it:?}") };
        let Fate::Promoted { server, after_ms, writable_ms } = &verdict.fate else { panic!("{it:?}") };
        assert!(server.starts_with("10.0.0.2") || server.starts_with("10.0.0.3"), "{server}");
        assert!((3_000..3_500).contains(after_ms), "{after_ms}");
        assert!(writable_ms.is_some_and(|ms| ms < 7_000), "{writable_ms:?}");
        assert_eq!((verdict.sentinels, verdict.replicas_left), ((2, 3, 2), 1));
        assert!(
            it.moments
                .iter()
                .any(|moment| moment.kind == EventKind::SubjectivelyDown && moment.who.len() == 2)
        );
    }

    #[test]
    fn four_sentinels_on_two_hosts_lose_their_majority_with_one() {
        let text = "sentinel announce-ip 10.0.0.1\nsentinel monitor mymaster 10.0.0.1 6379 2\n\
            sentinel known-replica mymaster 10.0.0.2 6379\n";
        let text = format!(
            "{text}{}{}{}",
            peer("10.0.0.1", 26380, 2),
            peer("10.0.0.2", 26379, 3),
            peer("10.0.0.2", 26380, 4)
        );
        let it = kill(&topology(&text), &["10.0.0.1"]);
        assert!(!it.served());
        assert_eq!(
            it.verdicts[0].fate,
            Fate::Lost(vec![Reason::NoMajority { alive: 2, known: 4, needed: 3 }])
        );
    }

    #[test]
    fn a_replica_or_a_sentinel_takes_nothing_with_it() {
        for word in ["10.0.0.2:6379", "10.0.0.3:26379", "222222", "10.0.0.3"] {
            let it = kill(&three(), &[word]);
            assert_eq!(it.verdicts[0].fate, Fate::Untouched, "{word}");
        }
        assert_eq!(rehearse(&three(), &[(How::Kill, "10.9.9.9".to_owned())]).unwrap_err(), "10.9.9.9");
    }

    #[test]
    fn what_is_refused_is_told() {
        let it = kill(&three(), &["10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"]);
        let Fate::Lost(reasons) = &it.verdicts[0].fate else { panic!("{it:?}") };
        assert!(
            reasons.iter().all(|reason| matches!(reason, Reason::Refused { why, .. } if why == "it is down"))
        );
        assert_eq!(reasons.len(), 2);
    }

    #[test]
    fn a_fit_replica_is_not_blamed_for_a_lost_quorum() {
        let it = kill(&three(), &["10.0.0.1", "10.0.0.2"]);
        let Fate::Lost(reasons) = &it.verdicts[0].fate else { panic!("{it:?}") };
        assert_eq!(
            *reasons,
            [
                Reason::NoQuorum { alive: 1, quorum: 2 },
                Reason::NoMajority { alive: 1, known: 3, needed: 2 }
            ]
        );
    }

    #[test]
    fn names_are_kept() {
        let it = topology(
            "sentinel resolve-hostnames yes\nsentinel monitor mymaster redis-a 6379 1\n\
             sentinel known-replica mymaster redis-b 6379\n",
        );
        assert!(it.place_assumed);
        assert_eq!(
            it.known(),
            ["192.0.2.1", "redis-a", "redis-b", "redis-a:6379", "redis-b:6379", "192.0.2.1:26379"]
        );
        let it = kill(&it, &["redis-a"]);
        assert!(matches!(&it.verdicts[0].fate, Fate::Promoted { server, .. } if server == "redis-b:6379"));
        assert!(it.moments.iter().any(|moment| moment.payload.contains("master mymaster redis-a 6379")));
    }
}

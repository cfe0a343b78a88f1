//! A hash of everything in a sentinel that can change what becomes of an election, so that whoever tries all orders of
//! events recognises a situation met before. What comes of equal situations is left to the explorer.
//!
//! Every structure is taken apart by name: a new field does not compile until it is decided here whether it counts.
//!
//! * **Times count as distances from the sentinel's own present**, up to the limit at which nothing depends on them any
//!   more: equal situations at different times are equal.
//! * **Numbers given in order count by what they name.** A server counts by its address, a client by its rank, a version
//!   of the state by whether it is durable, settled, being written or waiting: exact, since nothing else is asked of it.
//! * **Left out, because nothing decides by it:** statistics, facts about the process, texts for `INFO` and operators,
//!   the ACL and the settings of clients, link and ticket numbers, when a group is to be looked at again (it follows from
//!   the rest, and to look earlier does nothing).
//! * **Left out as an abstraction:** *when* a PING or hello was last sent and answered, and when a link to a data server
//!   was opened. They decide when the next routine question goes out, and who is found down. Two situations that differ in
//!   nothing else are merged. That is exact as long as no answer is late for so long that somebody is found down or a
//!   replica's report is too old; an explorer stretches those periods beyond its horizon. That one is found down counts.

use crate::addr::Addr;
use crate::dial::Dial;
use crate::discovery::TIE_HELLOS;
use crate::disk::Disk;
use crate::election::STEP_BACK_MS;
use crate::failover::{Failover, Phase, Retry};
use crate::group::{Group, GroupId, Vote};
use crate::id::{GroupName, SentinelId};
use crate::info::Role;
use crate::io::Version;
use crate::link::{Conn, Down, Ping};
use crate::peer::Peer;
use crate::script::{Job, JobState, Scripts};
use crate::sentinel::Sentinel;
use crate::server::{Pace, Reconf, Server};
use crate::shared::{HeldEvent, PeerLink, Shared, Simulate};
use crate::time::Mono;
use crate::topology::Spot;

/// 128 bits of hash being built, and what times are measured against.
#[derive(Debug)]
pub(crate) struct Fingerprint {
    lanes: [u64; 2],
    now: Mono,
}

impl Fingerprint {
    fn new(now: Mono) -> Fingerprint {
        Fingerprint { lanes: [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344], now }
    }

    pub(crate) fn number(&mut self, value: u64) {
        let [a, b] = &mut self.lanes;
        *a = (*a ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        *a ^= *a >> 32;
        *b = (b.rotate_left(23) ^ value ^ (*a >> 17)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        *b ^= *b >> 29;
    }

    pub(crate) fn flag(&mut self, value: bool) {
        self.number(u64::from(value));
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.number(u64::from_le_bytes(word));
        }
    }

    /// Anything whose debug text holds no time and no number given in order.
    pub(crate) fn shown(&mut self, value: &impl std::fmt::Debug) {
        self.bytes(format!("{value:?}").as_bytes());
    }

    /// How long ago this was; from `limit` milliseconds on it is all the same.
    fn age(&mut self, at: Mono, limit: u64) {
        self.number(self.now.since(at).min(limit));
    }

    fn age_if(&mut self, at: Option<Mono>, limit: u64) {
        self.flag(at.is_some());
        self.age(at.unwrap_or(self.now), limit);
    }

    /// How long it is until then; 0 if it is over.
    pub(crate) fn wait(&mut self, until: Mono) {
        self.number(until.since(self.now));
    }

    /// Whether the state of this version is on disk, refused by it, or on its way.
    pub(crate) fn version(&mut self, version: Version, disk: &Disk) {
        self.number(disk.progress(version));
    }

    fn finish(self) -> u128 {
        let [a, b] = self.lanes;
        (u128::from(a) << 64) | u128::from(b)
    }
}

/// What a sentinel thinks of an election: for explorers and simulators, that check it against what was visible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// the newest epoch heard of
    pub current_epoch: u64,
    /// the epoch of the present configuration
    pub config_epoch: u64,
    /// the epoch of the last vote
    pub vote_epoch: u64,
    /// who has it, if that is still known
    pub vote: Option<SentinelId>,
    /// the epoch and phase of our own failover, if one runs
    pub attempt: Option<(u64, &'static str)>,
    /// whether it finds the master down itself
    pub master_down: bool,
    /// host and port of the master it would name
    pub master: (String, u16),
    /// peers it knows
    pub peers: usize,
}

impl Sentinel {
    /// See the module.
    pub fn fingerprint(&self) -> u128 {
        let Sentinel {
            groups,
            sh,
            waiting,
            waiting_sets,
            by_name: _,
            wakes: _,
            wake_of: _,
            next_group: _,
            last: _,
            next_ticket: _,
        } = self;
        let mut f = Fingerprint::new(sh.now.mono);
        f.number(groups.len() as u64);
        groups.values().for_each(|group| group.feed(sh, &mut f));
        sh.feed(&mut f);
        f.number(waiting.len() as u64);
        f.number(waiting_sets.len() as u64);
        f.finish()
    }

    /// What it thinks of a group's election; nothing if it does not know the group.
    pub fn standing(&self, group: &GroupName) -> Option<Standing> {
        let group = self.groups.get(self.by_name.get(group)?)?;
        let at = group.current_addr();
        Some(Standing {
            current_epoch: self.sh.epoch.0,
            config_epoch: group.config_epoch.0,
            vote_epoch: group.vote.epoch.0,
            vote: group.vote.leader.clone(),
            attempt: group.failover.as_ref().map(|f| (f.epoch.0, f.phase.wire_name())),
            master_down: group.master.down.is,
            master: (at.host.clone(), at.port),
            peers: group.peers.len(),
        })
    }
}

impl Group {
    fn feed(&self, sh: &Shared, f: &mut Fingerprint) {
        let Group {
            name,
            conf,
            master,
            replicas,
            peers,
            config_epoch,
            config_version,
            vote,
            odown,
            jitter_ms,
            failover,
            retry,
            alone_at,
            lost_elections,
            awaits_names,
            id: GroupId(_),
            odown_since: _,
        } = self;
        f.shown(name);
        f.shown(conf);
        master.feed(self, sh, f);
        f.number(replicas.len() as u64);
        replicas.values().for_each(|replica| replica.feed(self, sh, f));
        f.number(peers.len() as u64);
        peers.values().for_each(|peer| peer.feed(sh, f));
        f.number(config_epoch.0);
        f.version(*config_version, &sh.disk);
        vote.feed(self.longest_turn_ms(sh), sh, f);
        f.age_if(*odown, self.longest_turn_ms(sh));
        f.number(if odown.is_some() { *jitter_ms } else { 0 });
        f.flag(failover.is_some());
        if let Some(failover) = failover {
            failover.feed(self, sh, f);
        }
        let Retry { at, unless } = retry;
        f.wait(*at);
        f.shown(unless);
        f.age_if(*alone_at, LOOK_AGAIN_LIMIT);
        // Counted anew from the next time the quorum agrees.
        f.number(if odown.is_some() || failover.is_some() { u64::from(*lost_elections) } else { 0 });
        f.flag(*awaits_names);
    }
}

impl Vote {
    fn feed(&self, turn_ms: u64, sh: &Shared, f: &mut Fingerprint) {
        let Vote { leader, epoch, version, leader_seen } = self;
        f.shown(leader);
        f.number(epoch.0);
        f.version(*version, &sh.disk);
        // Who has voted for another steps back until so long after it was heard; our own vote is not waited for.
        let other = leader.as_ref().is_some_and(|leader| *leader != sh.myid);
        f.age_if(other.then_some(*leader_seen), STEP_BACK_MS + turn_ms);
    }
}

impl Failover {
    fn feed(&self, group: &Group, sh: &Shared, f: &mut Fingerprint) {
        let Failover {
            epoch,
            phase,
            forced,
            started_at,
            phase_at,
            vote_version,
            candidacy_told,
            promoted,
            told,
        } = self;
        f.number(epoch.0);
        f.shown(phase);
        f.flag(*forced);
        let waits = *phase == Phase::WaitStart && *candidacy_told;
        f.age_if(waits.then_some(*started_at), sh.tuning.election_timeout + 1);
        f.age_if((*phase != Phase::WaitStart).then_some(*phase_at), group.conf.failover_timeout_ms + 1);
        f.version(*vote_version, &sh.disk);
        f.flag(*candidacy_told);
        f.shown(told);
        f.shown(&promoted.and_then(|id| group.replicas.get(&id)).map(|replica| &replica.name));
    }
}

impl Server {
    /// The age of the last report, and when the next one comes: in the group's turn, which depends on the time of day, too.
    fn feed_report(&self, info_at: Option<Mono>, pace: Pace, f: &mut Fingerprint) {
        f.age_if(info_at, pace.info_period(self));
        f.wait(info_at.map_or(Mono(0), |at| pace.slot(pace.info).after(at)));
    }

    fn feed(&self, group: &Group, sh: &Shared, f: &mut Fingerprint) {
        let Server {
            name,
            addr,
            kind,
            cmd,
            pubsub,
            ping,
            down,
            script_kill_sent,
            run_id,
            info_at,
            info_error_at,
            info_now,
            role,
            role_at,
            publish_error_at,
            hello_now,
            master_host,
            master_port,
            conf_changed_at,
            link_up,
            link_down_ms,
            priority,
            offset,
            reconf,
            promoted,
            former_master,
            self_made,
            seen_as_replica,
            told_at,
            spot,
            dial,
            rebooted_at,
            id: _,
            pubsub_seen: _,
            info_text: _,
            published_at: _,
            announced: _,
            data,
        } = self;
        let patience = group.conf.failover_timeout_ms + 1;
        f.shown(&(name, kind));
        addr.feed(f);
        cmd.feed(f);
        pubsub.feed(f);
        ping.feed(f);
        // How long the master is down is asked only against when a replica changed its role, which is below.
        let Down { is, since } = down;
        f.flag(*is);
        f.age_if(since.filter(|_| *kind == Role::Replica), patience);
        f.flag(*script_kill_sent);
        f.shown(run_id);
        self.feed_report(*info_at, group.pace(sh), f);
        f.flag(info_error_at.is_some());
        f.flag(*info_now);
        f.shown(role);
        f.age_if(Some(*role_at).filter(|_| role != kind), patience);
        f.flag(group.master.down.since.is_some_and(|since| *role_at >= since));
        f.flag(publish_error_at.is_some());
        f.flag(*hello_now);
        f.shown(&(master_host, master_port, link_up, link_down_ms, priority, offset, data));
        f.age(*conf_changed_at, patience);
        reconf.feed(f);
        f.flag(*promoted);
        f.flag(*former_master);
        f.flag(*self_made);
        f.flag(*seen_as_replica);
        f.age_if(*told_at, TOLD_LIMIT);
        spot.feed(f);
        dial.feed(*former_master, group.conf.refused_down_after_ms, f);
        f.age_if(*rebooted_at, group.conf.reboot_down_after_ms);
    }
}

impl Dial {
    /// Only what something depends on.
    fn feed(&self, former_master: bool, refused_after: u64, f: &mut Fingerprint) {
        let Dial { refused, skipped_at, round_trip_ms, abandoned, answered, brief, looks } = self;
        f.flag(refused.is_some());
        f.flag(skipped_at.is_some());
        if refused_after > 0 {
            f.age_if(refused.map(|refused| refused.since), refused_after);
            f.age_if(refused.map(|refused| refused.last), refused_after);
            f.shown(&(answered, brief, looks));
        }
        if former_master {
            f.shown(&(round_trip_ms, abandoned % crate::dial::PATIENT_EVERY));
        }
    }
}

impl Spot {
    fn feed(&self, f: &mut Fingerprint) {
        let Spot {
            sent_to,
            home,
            displaced,
            cut_off,
            ask_soon,
            misplaced_since,
            obeyed,
            overruled,
            overruled_at,
        } = self;
        f.shown(&(sent_to, home, displaced, cut_off, ask_soon, obeyed, overruled));
        f.age_if(*misplaced_since, MISPLACED_LIMIT);
        f.flag(overruled_at.is_some());
    }
}

impl Reconf {
    fn feed(self, f: &mut Fingerprint) {
        f.number(match self {
            Reconf::None => 0,
            Reconf::Sent(_) => 1,
            Reconf::InProgress => 2,
            Reconf::Done => 3,
        });
        if let Reconf::Sent(at) = self {
            f.age(at, TOLD_LIMIT);
        }
    }
}

impl Peer {
    fn feed(&self, sh: &Shared, f: &mut Fingerprint) {
        let Peer {
            id,
            addr,
            down,
            master_down,
            vote,
            vote_epoch,
            answered_at,
            answered_epoch,
            asked_at,
            ask_now,
            hello_config,
            disputes_since,
            publish_error_at,
            hello_now,
            hello_at: _,
            // Only a shorter way to what follows anyway.
            hello_text: _,
            hello_ours: _,
            heard_at: _,
            // Told by what the link waits for.
            ask_owed: _,
            publish_owed,
            published_at: _,
        } = self;
        f.bytes(id.0.as_bytes());
        addr.feed(f);
        f.flag(down.is);
        f.flag(*master_down);
        f.shown(vote);
        f.number(if vote.is_some() { *vote_epoch } else { 0 });
        let counts = *master_down || vote.is_some();
        f.age_if(counts.then_some(*answered_at), 5 * sh.tuning.ask_period + 1);
        f.shown(answered_epoch);
        f.age_if(*asked_at, sh.tuning.ask_period);
        f.flag(*ask_now);
        f.shown(hello_config);
        f.age_if(*disputes_since, TIE_HELLOS * sh.tuning.publish_period + 1);
        f.flag(publish_error_at.is_some());
        f.flag(*hello_now);
        let link = self.link(sh).and_then(|link| link.conn.id);
        f.flag(publish_owed.is_some() && link.is_some() && link != *publish_owed);
    }
}

impl Shared {
    fn feed(&self, f: &mut Fingerprint) {
        let Shared {
            rng,
            myid,
            tuning,
            epoch,
            tilt,
            disk,
            scripts,
            clients,
            peers,
            simulate,
            held,
            promises,
            now: _,
            out: _,
            global: _,
            general: _,
            judge_from: _,
            names: _,
            links: _,
            next_server: _,
            // No world of the explorer dials so much that it is reached.
            quick_dials: _,
            deciding_dials: _,
            info_base: _,
            // Follows from the groups.
            crowd: _,
            #[cfg(watchkeeper_canary)]
                canary: _,
        } = self;
        f.shown(rng);
        f.bytes(myid.0.as_bytes());
        f.shown(tuning);
        f.number(epoch.0);
        f.age_if(*tilt, tuning.tilt_period);
        disk.feed(f);
        scripts.feed(f);
        clients.feed(f);
        f.number(peers.len() as u64);
        for (id, link) in peers {
            let PeerLink { conn, addr, ping, groups } = link;
            f.bytes(id.0.as_bytes());
            conn.feed(f);
            f.wait(conn.reconnect_at(self));
            addr.feed(f);
            ping.feed(f);
            f.number(groups.len() as u64);
        }
        let Simulate { crash_after_election, crash_after_promotion, crashed } = simulate;
        f.shown(&(crash_after_election, crash_after_promotion, crashed));
        f.number(promises.len() as u64);
        for promise in promises {
            f.number(clients.rank(promise.client));
            f.version(promise.version, disk);
            f.shown(&(&promise.good, &promise.failed));
        }
        f.number(held.len() as u64);
        for HeldEvent { after, event, script } in held {
            f.version(*after, disk);
            f.shown(&(event.name, &event.payload, script));
        }
    }
}

impl Scripts {
    fn feed(&self, f: &mut Fingerprint) {
        f.number(self.jobs.len() as u64);
        for Job { argv, runs, state } in &self.jobs {
            f.shown(argv);
            f.number(u64::from(*runs));
            match state {
                JobState::Waiting { not_before } => f.wait(*not_before),
                JobState::Running { killed, script: _, since: _, pid: _ } => f.flag(*killed),
            }
        }
    }
}

impl Conn {
    fn feed(&self, f: &mut Fingerprint) {
        let Conn { id, up, pending, since: _, last_attempt: _, local: _, sharers: _ } = self;
        f.flag(id.is_some());
        f.flag(*up);
        f.shown(pending);
    }
}

impl Addr {
    fn feed(&self, f: &mut Fingerprint) {
        let Addr { host, ip, port } = self;
        f.shown(&(host, ip, port));
    }
}

impl Ping {
    fn feed(self, f: &mut Fingerprint) {
        let Ping { active, sent: _, available: _, pong: _, served: _ } = self;
        f.flag(active.is_some());
    }
}

/// The longest wait for a master after the return of a majority: see `Group::looks_again_until`.
const LOOK_AGAIN_LIMIT: u64 = 2_000 + 1;
/// A server that was told whom to follow is told again, or given up, after this.
const TOLD_LIMIT: u64 = 10_001;
/// A replica that follows the wrong server for so long is moved, or left for good.
const MISPLACED_LIMIT: u64 = 400_000;

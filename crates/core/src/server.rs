//! One data server of a group: its links, what it reports, and what was asked of it.

use crate::addr::{Addr, joined};
use crate::dial::Dial;
use crate::failover::Phase;
use crate::group::GroupId;
use crate::hello::{CHANNEL, HelloText};
use crate::id::RunId;
use crate::info::Role;
use crate::info_text::InfoText;
use crate::io::Why;
use crate::link::{Conn, Credentials, Down, Owner, Pending, Ping, Renames, Slot};
use crate::shared::Shared;
use crate::time::Mono;
use crate::topology::Spot;

/// A server, unique in the process and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ServerId(pub(crate) u64);

/// How far a replica has come in following a new master.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Reconf {
    /// not told
    #[default]
    None,
    /// told
    Sent(Mono),
    /// it reports the new master
    InProgress,
    /// its link to the new master is up
    Done,
}

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) id: ServerId,
    /// fixed at creation: `ip:port` as announced then
    pub(crate) name: String,
    pub(crate) addr: Addr,
    /// what it is configured to be
    pub(crate) kind: Role,
    pub(crate) cmd: Conn,
    pub(crate) pubsub: Conn,
    pub(crate) pubsub_seen: Mono,
    pub(crate) ping: Ping,
    pub(crate) down: Down,
    pub(crate) script_kill_sent: bool,
    pub(crate) run_id: Option<RunId>,
    /// when the last INFO came
    pub(crate) info_at: Option<Mono>,
    /// when INFO was last answered with an error
    pub(crate) info_error_at: Option<Mono>,
    /// INFO is wanted now, whatever the period says
    pub(crate) info_now: bool,
    pub(crate) info_text: InfoText,
    pub(crate) role: Role,
    pub(crate) role_at: Mono,
    pub(crate) published_at: Mono,
    pub(crate) publish_error_at: Option<Mono>,
    pub(crate) hello_now: bool,
    pub(crate) master_host: Option<String>,
    pub(crate) master_port: u16,
    pub(crate) conf_changed_at: Mono,
    pub(crate) link_up: bool,
    pub(crate) link_down_ms: i64,
    pub(crate) priority: i64,
    pub(crate) offset: u64,
    pub(crate) announced: bool,
    pub(crate) data: Data,
    pub(crate) reconf: Reconf,
    pub(crate) promoted: bool,
    /// it was this group's master before the last switch and has not been seen as a replica since
    pub(crate) former_master: bool,
    /// this process of it has reported to be a replica: only then a report to be a master means a promotion
    pub(crate) seen_as_replica: bool,
    /// it restarted as a master although nobody promoted it: without its configuration, and perhaps without its data
    pub(crate) self_made: bool,
    /// when it was last told whom to follow
    pub(crate) told_at: Option<Mono>,
    /// its place in the tree
    pub(crate) spot: Spot,
    /// what dialling it has shown
    pub(crate) dial: Dial,
    /// a master that restarted and has not answered PONG since
    pub(crate) rebooted_at: Option<Mono>,
}

/// What the last INFO said of a server's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Data {
    /// it reads its data from disk, or a copy it received: most commands are refused meanwhile
    pub(crate) loading: bool,
    /// a whole copy of the master's data is on its way to it
    pub(crate) syncing: bool,
    /// how many keys it has; `None` if it does not say
    pub(crate) keys: Option<u64>,
}

/// The links of a server with what is known of them, on their way from one entry to another.
#[derive(Debug)]
pub(crate) struct Links {
    cmd: Conn,
    pubsub: Conn,
    pubsub_seen: Mono,
    ping: Ping,
    told_at: Option<Mono>,
}

impl Links {
    pub(crate) fn close(&mut self, sh: &mut Shared) {
        self.cmd.close(sh);
        self.pubsub.close(sh);
    }
}

/// Settings a server needs of its group while its links are served.
#[derive(Clone, Copy)]
pub(crate) struct Upkeep<'a> {
    pub(crate) group: GroupId,
    pub(crate) credentials: Credentials<'a>,
    pub(crate) renames: Renames<'a>,
    pub(crate) pace: Pace,
    /// the hello to publish, or nothing while it may not be sent
    pub(crate) hello: Option<&'a HelloText>,
}

/// How often a group's members are asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// milliseconds between two PINGs
    pub(crate) ping: u64,
    /// the same to the master: what is left of a period when it begins to hang is added to down-after
    pub(crate) ping_master: u64,
    /// `refused-down-after-milliseconds`
    pub(crate) refused_after: u64,
    /// milliseconds between two INFOs in quiet times
    pub(crate) info: u64,
    /// milliseconds between two hellos
    pub(crate) publish: u64,
    /// the group's place in each of these periods, in milliseconds
    pub(crate) place: u64,
    /// the phase of the failover that runs
    pub(crate) phase: Option<Phase>,
    /// the master is down or being replaced
    pub(crate) hurried: bool,
    /// another sentinel, for which we voted, replaces the master just now: what replicas report is its concern
    pub(crate) led_elsewhere: bool,
    /// replicas may follow replicas: who is without data is of concern to others
    pub(crate) tree: bool,
    /// whether the hello may be sent
    pub(crate) hello: bool,
}

impl Pace {
    /// The group's place in a period.
    pub(crate) fn slot(self, period: u64) -> Slot {
        Slot { period, phase: self.place }
    }

    pub(crate) fn hello_slot(self) -> Slot {
        self.slot(self.publish)
    }

    /// How often a server is asked for INFO. Replicas are watched closely while the master is down or being replaced, while
    /// they are without data, claim to be master themselves or follow the wrong server, and closest while a step of the
    /// failover waits for what they report.
    pub(crate) fn info_period(self, server: &Server) -> u64 {
        if server.kind == Role::Master {
            return self.info;
        }
        let awaited = match self.phase {
            Some(Phase::WaitPromotion) => server.promoted,
            Some(Phase::Reconfigure) => matches!(server.reconf, Reconf::Sent(_) | Reconf::InProgress),
            Some(Phase::WaitStart | Phase::SelectReplica | Phase::Promote | Phase::Switch) | None => false,
        };
        if awaited || server.returned_just_now() {
            self.info.min(AWAITED_INFO_PERIOD)
        } else if self.led_elsewhere {
            self.info
        } else if self.hurried
            || server.link_down_ms != 0
            || self.tree && !server.link_up
            || server.role == Role::Master
            || server.spot.misplaced_since.is_some()
            || server.spot.ask_soon
        {
            self.info.min(1_000)
        } else {
            self.info
        }
    }
}

impl Server {
    pub(crate) fn new(kind: Role, addr: Addr, sh: &mut Shared) -> Server {
        sh.next_server += 1;
        let now = sh.now.mono;
        let announce = sh.global.announce_hostnames;
        let host = if addr.ip.is_none() { addr.host.clone() } else { addr.shown(announce) };
        Server {
            id: ServerId(sh.next_server),
            name: joined(&host, addr.port),
            addr,
            kind,
            cmd: Conn::default(),
            pubsub: Conn::default(),
            pubsub_seen: now,
            ping: Ping::new(now),
            down: Down::default(),
            script_kill_sent: false,
            run_id: None,
            info_at: None,
            info_error_at: None,
            info_now: false,
            info_text: InfoText::default(),
            role: kind,
            role_at: now,
            published_at: now,
            publish_error_at: None,
            hello_now: false,
            master_host: None,
            master_port: 0,
            conf_changed_at: now,
            link_up: false,
            link_down_ms: 0,
            priority: 100,
            offset: 0,
            data: Data::default(),
            announced: true,
            reconf: Reconf::None,
            promoted: false,
            former_master: false,
            seen_as_replica: false,
            self_made: false,
            told_at: None,
            spot: Spot::default(),
            dial: Dial::default(),
            rebooted_at: None,
        }
    }

    /// Whether a link it needs is missing.
    pub(crate) fn disconnected(&self) -> bool {
        !(self.cmd.exists() && self.pubsub.exists())
    }

    pub(crate) fn close_links(&mut self, sh: &mut Shared) {
        self.cmd.close(sh);
        self.pubsub.close(sh);
    }

    /// Silence counts anew from `now` on: what a replica kept silent about for almost down-after must not be held
    /// against the master it becomes.
    pub(crate) fn take_links(&mut self, now: Mono) -> Links {
        Links {
            cmd: std::mem::take(&mut self.cmd),
            pubsub: std::mem::take(&mut self.pubsub),
            pubsub_seen: self.pubsub_seen,
            ping: Ping::new(now),
            told_at: self.told_at,
        }
    }

    /// Goes on with links another entry of the same server had.
    pub(crate) fn give_links(&mut self, links: Links, group: GroupId, sh: &mut Shared) {
        self.close_links(sh);
        let Links { cmd, pubsub, pubsub_seen, ping, told_at } = links;
        (self.cmd, self.pubsub, self.pubsub_seen) = (cmd, pubsub, pubsub_seen);
        (self.ping, self.told_at) = (ping, told_at);
        self.cmd.belong_to(Owner::Command(group, self.id), sh);
        self.pubsub.belong_to(Owner::Pubsub(group, self.id), sh);
    }

    /// Opens missing links and sends what is due. Harmless at any time.
    pub(crate) fn upkeep(&mut self, with: Upkeep<'_>, sh: &mut Shared) {
        self.reconnect(with, sh);
        if !self.cmd.takes_more(sh) {
            return;
        }
        let now = sh.now.mono;
        if self.info_due_at(with.pace) <= now && !self.cmd.owes(Pending::Info) {
            self.send_info(with.renames, sh);
        }
        if self.ping_due_at(with.pace) <= now {
            self.send_ping(with.renames, sh);
        }
        let publish = Pending::Publish(with.group);
        if self.hello_due_at(with.pace.hello_slot()) <= now && !self.cmd.owes(publish) {
            if let (Some(hello), Some(local)) = (with.hello, self.cmd.local) {
                self.hello_now = false;
                let text = hello.from(local.ip());
                self.cmd.send(&[with.renames.word("PUBLISH"), CHANNEL, &text], publish, sh);
            }
        }
    }

    fn reconnect(&mut self, with: Upkeep<'_>, sh: &mut Shared) {
        let now = sh.now.mono;
        if self.addr.port == 0 {
            return;
        }
        self.abandon_dial(sh);
        let pubsub = !self.pubsub.exists() && self.pubsub.reconnect_at(sh) <= now;
        let cmd = self.takes_dial(with.pace, sh);
        if !(cmd || pubsub) {
            return;
        }
        let mut addr = self.addr.clone();
        sh.resolve(&mut addr);
        // Both links lead to one server: of a name with several addresses, the one that is in use.
        if !(self.cmd.exists() || self.pubsub.exists()) {
            self.addr = addr;
        }
        if cmd {
            self.cmd.last_attempt = Some(now);
        }
        if pubsub {
            self.pubsub.last_attempt = Some(now);
        }
        let Some(socket) = self.addr.socket() else { return };
        if cmd {
            self.cmd.open(socket, Owner::Command(with.group, self.id), sh);
            self.cmd.introduce(with.credentials, "cmd", with.renames, sh);
            self.send_ping(with.renames, sh);
        }
        if pubsub {
            self.pubsub.open(socket, Owner::Pubsub(with.group, self.id), sh);
            self.pubsub_seen = now;
            self.pubsub.introduce(with.credentials, "pubsub", with.renames, sh);
            self.pubsub.send(&[with.renames.word("SUBSCRIBE"), CHANNEL], Pending::Subscribe, sh);
        }
    }

    fn send_ping(&mut self, renames: Renames<'_>, sh: &mut Shared) {
        self.ping.note_sent(sh.now.mono);
        self.cmd.send(&[renames.word("PING")], Pending::Ping, sh);
    }

    pub(crate) fn send_info(&mut self, renames: Renames<'_>, sh: &mut Shared) {
        self.info_now = false;
        self.cmd.send(&[renames.word("INFO")], Pending::Info, sh);
    }

    /// Tells the server to follow `to`, or nobody: in a transaction, with its configuration rewritten and its
    /// clients disconnected so that they look for the master anew. INFO follows at once, to see it done.
    pub(crate) fn send_replicaof(&mut self, to: Option<(&str, u16)>, renames: Renames<'_>, sh: &mut Shared) {
        if !self.cmd.takes_block() {
            return; // as lost as what is sent on a connection that turns out dead
        }
        let port = to.map(|(_, port)| port.to_string());
        let (host, port) = match (to, &port) {
            (Some((host, _)), Some(port)) => (host, port.as_str()),
            _ => ("NO", "ONE"),
        };
        let block: [&[&str]; crate::link::BLOCK_COMMANDS - 1] = [
            &[renames.word("MULTI")],
            &[renames.word("SLAVEOF"), host, port],
            &[renames.word("CONFIG"), "REWRITE"],
            &[renames.word("CLIENT"), "KILL", "TYPE", "normal"],
            &[renames.word("CLIENT"), "KILL", "TYPE", "pubsub"],
            &[renames.word("EXEC")],
        ];
        for argv in block {
            self.cmd.send(argv, Pending::Ignored, sh);
        }
        self.send_info(renames, sh);
    }

    /// Whether it is an old master that said for the first time that it is one still, and was not asked again yet. Sentinels
    /// that leave its demotion to another one look then whether it was done.
    fn returned_just_now(&self) -> bool {
        self.former_master && self.role == Role::Master && !self.said_again()
    }

    /// Whether its role is a later report's too, [`AWAITED_INFO_PERIOD`] or more after the first one.
    pub(crate) fn said_again(&self) -> bool {
        self.info_at.is_some_and(|at| at >= self.role_at + AWAITED_INFO_PERIOD)
    }

    /// Whether both are one server, known by two names or at two addresses: told to follow the other it would follow itself.
    pub(crate) fn is_one_with(&self, other: &Server) -> bool {
        self.addr.same(&other.addr) || (self.run_id.is_some() && self.run_id == other.run_id)
    }

    /// Tells a replica, or what is to be one, to follow another server.
    pub(crate) fn send_to(&mut self, to: &Addr, renames: Renames<'_>, sh: &mut Shared) {
        let host = to.shown(sh.global.announce_hostnames);
        self.told_at = Some(sh.now.mono);
        (self.spot.sent_to, self.spot.obeyed) = (Some(to.clone()), false);
        // Until it is home again it is away, however the sending came about.
        self.spot.displaced |= self.spot.home.as_ref().is_some_and(|home| !home.same(to));
        self.send_replicaof(Some((&host, to.port)), renames, sh);
    }

    fn ping_due_at(&self, pace: Pace) -> Mono {
        let period = if self.kind == Role::Master { pace.ping_master } else { pace.ping };
        self.ping.due_at(pace.slot(period), pace.ping / 2)
    }

    fn info_due_at(&self, pace: Pace) -> Mono {
        let period = pace.info_period(self);
        let again = |at| if period == pace.info { pace.slot(period).after(at) } else { at + period + 1 };
        let by_period = self.info_at.map_or(Mono(0), again);
        let by_error = self.info_error_at.map_or(Mono(0), |at| at + ERROR_PAUSE);
        if self.info_now { by_error } else { by_period.max(by_error) }
    }

    pub(crate) fn hello_due_at(&self, slot: Slot) -> Mono {
        let by_period = if self.hello_now { Mono(0) } else { slot.after(self.published_at) };
        self.publish_error_at.map_or(by_period, |at| by_period.max(at + ERROR_PAUSE))
    }

    /// When [`Server::upkeep`] has something to do, and what. Before that it does nothing.
    pub(crate) fn upkeep_at(&self, group: GroupId, pace: Pace, sh: &Shared) -> (Mono, Why) {
        let mut next = (Mono(u64::MAX), Why::Tick);
        if self.addr.port != 0 {
            let cmd =
                if self.cmd.exists() { self.dial_abandoned_at(sh) } else { Some(self.redial_at(pace, sh)) };
            let pubsub = (!self.pubsub.exists()).then(|| self.pubsub.reconnect_at(sh));
            let first = [cmd, pubsub].into_iter().flatten().min();
            next = first.map_or(next, |at| next.min((at, Why::Reconnect)));
        }
        if self.cmd.takes_more(sh) {
            next = next.min((self.ping_due_at(pace), Why::Ping));
            if !self.cmd.owes(Pending::Info) {
                next = next.min((self.info_due_at(pace), Why::Info));
            }
            if pace.hello && self.cmd.local.is_some() && !self.cmd.owes(Pending::Publish(group)) {
                next = next.min((self.hello_due_at(pace.hello_slot()), Why::Hello));
            }
        }
        next
    }

    /// Whether it reports to follow `addr`.
    pub(crate) fn follows(&self, addr: &Addr, sh: &Shared) -> bool {
        let Some(host) = &self.master_host else { return false };
        addr.is_at(host, sh.names.cached(host), self.master_port)
    }
}

/// Milliseconds before a command that was answered with an error is sent again: upstream repeats it at every tick.
const ERROR_PAUSE: u64 = 1_000;
/// Milliseconds between INFOs to a replica whose report a failover waits for, and before a returned master is asked again.
const AWAITED_INFO_PERIOD: u64 = 100;

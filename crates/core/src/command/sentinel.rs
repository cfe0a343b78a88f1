//! The `SENTINEL` subcommands, and the few other commands that need the engine.

use super::clients::EngineCommand;
use super::instances;
use super::reply::Reply;
use super::strict_int;
use super::table::CommandId;
use crate::canary::Canary;
use crate::epoch::plausible;
use crate::event::EventKind;
use crate::group::{Group, GroupId};
use crate::hello::CHANNEL;
use crate::id::SentinelId;
use crate::io::{ClientId, Version};
use crate::names::Lookup;
use crate::script::JobState;
use crate::sentinel::Sentinel;
use crate::shared::Promise;

pub(super) const NOT_AN_INTEGER: &str = "ERR value is not an integer or out of range";
const NO_SUCH_MASTER: &str = "ERR No such master with that name";
const SAVE_FAILED: &str = "ERR Failed to save config file. Check server logs.";

/// Texts cut at their first NUL byte, where upstream's C strings end.
fn c_text(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    &bytes[..end]
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Sentinel {
    /// Runs a command. The reply goes out now, or when the disk or a lookup has answered.
    pub(crate) fn command(&mut self, command: EngineCommand) {
        let client = command.client;
        if let Some(reply) = self.answer(command) {
            self.sh.clients.reply(client, &reply, &mut self.sh.out);
        }
    }

    /// One arm for each command of the engine; the last one lists those that never come here.
    #[rustfmt::skip]
    fn answer(&mut self, command: EngineCommand) -> Option<Reply> {
        use CommandId as C;
        let argv = &command.argv;
        Some(match command.id {
            C::SentinelMasters | C::SentinelPrimaries => {
                Reply::Array(self.groups.values().map(|group| instances::master(group, &self.sh)).collect())
            }
            C::SentinelMaster | C::SentinelPrimary => {
                self.with_group(&argv[2], |group, s| instances::master(group, &s.sh))
            }
            C::SentinelReplicas | C::SentinelSlaves => {
                self.with_group(&argv[2], |group, s| instances::replicas(group, &s.sh))
            }
            C::SentinelSentinels => {
                self.with_group(&argv[2], |group, s| instances::peers(group, &s.sh))
            }
            C::SentinelMyId => Reply::bulk(self.sh.myid.0.clone()),
            C::SentinelIsMasterDownByAddr | C::SentinelIsPrimaryDownByAddr => {
                return self.is_master_down(&command);
            }
            C::SentinelGetMasterAddrByName | C::SentinelGetPrimaryAddrByName => {
                self.master_addr(&argv[2])
            }
            C::SentinelReset => self.reset(&argv[2]),
            C::SentinelFailover => self.failover(&argv[2]),
            C::SentinelMonitor => return self.monitor(command, true),
            C::SentinelRemove => return self.remove(&command),
            C::SentinelSet => return self.set(command),
            C::SentinelConfig => return self.config(&command),
            C::SentinelFlushConfig => return self.saved(command.client),
            C::SentinelCkQuorum => self.with_group(&argv[2], |group, _| group.ckquorum()),
            C::SentinelPendingScripts => self.pending_scripts(),
            C::SentinelInfoCache => instances::info_cache(&argv[2..], self),
            C::SentinelSimulateFailure => self.simulate_failure(&argv[2..]),
            C::SentinelDebug => self.debug(&argv[2..]),
            C::Publish => self.publish(argv),
            C::Role => self.role(),
            C::Info => {
                let section = instances::info_section(self);
                self.sh.clients.info(self.sh.now, argv, &section)
            }
            C::Shutdown => {
                self.shutdown();
                return None;
            }
            // `Clients` answers these itself.
            C::Acl | C::AclCat | C::AclDelUser | C::AclDryRun | C::AclGenPass | C::AclGetUser
            | C::AclHelp | C::AclList | C::AclLoad | C::AclLog | C::AclSave | C::AclSetUser
            | C::AclUsers | C::AclWhoAmI | C::Auth | C::Client | C::ClientCaching | C::ClientGetName
            | C::ClientGetRedir | C::ClientHelp | C::ClientId | C::ClientInfo | C::ClientKill
            | C::ClientList | C::ClientNoEvict | C::ClientPause | C::ClientReply | C::ClientSetInfo
            | C::ClientSetName | C::ClientTracking | C::ClientTrackingInfo | C::ClientUnblock
            | C::ClientUnpause | C::Command | C::CommandCount | C::CommandDocs | C::CommandGetKeys
            | C::CommandGetKeysAndFlags | C::CommandHelp | C::CommandInfo | C::CommandList | C::Hello
            | C::Ping | C::PSubscribe | C::PUnsubscribe | C::Sentinel | C::SentinelHelp | C::Subscribe
            | C::Unsubscribe => {
                Reply::Error(format!("ERR {:?} is not a command of the engine", command.id))
            }
        })
    }

    pub(super) fn group_named(&self, name: &[u8]) -> Option<GroupId> {
        let name = std::str::from_utf8(name).ok()?;
        self.by_name.get(name).copied()
    }

    fn with_group(&self, name: &[u8], reply: impl FnOnce(&Group, &Sentinel) -> Reply) -> Reply {
        match self.group_named(name).and_then(|id| self.groups.get(&id)) {
            Some(group) => reply(group, self),
            None => Reply::Error(NO_SUCH_MASTER.to_owned()),
        }
    }

    /// `+OK` once everything so far is on disk, or the error if it cannot be written.
    pub(super) fn saved(&mut self, client: ClientId) -> Option<Reply> {
        let version = self.sh.disk.change();
        let failed = Reply::Error(SAVE_FAILED.to_owned());
        self.sh.promise(Promise { client, version, good: Reply::Ok, failed, then: None });
        None
    }

    /// The same, followed by an event whether it could be written or not.
    pub(super) fn saved_then(&mut self, client: ClientId, group: GroupId, kind: EventKind, suffix: &str) {
        let version = self.sh.disk.change();
        let failed = Reply::Error(SAVE_FAILED.to_owned());
        let Some(group) = self.groups.get(&group) else { return };
        let event = crate::event::Event::new(kind, Some(&group.name), group.details(&self.sh) + suffix);
        let then = Some((event, group.conf.notification_script.clone()));
        self.sh.promise(Promise { client, version, good: Reply::Ok, failed, then });
    }

    fn master_addr(&self, name: &[u8]) -> Reply {
        let Some(group) = self.group_named(c_text(name)).and_then(|id| self.groups.get(&id)) else {
            return Reply::NullArray;
        };
        let addr = group.current_addr();
        let host = addr.shown(self.sh.global.announce_hostnames);
        Reply::Array(vec![Reply::bulk(host), Reply::bulk(addr.port.to_string())])
    }

    /// `IS-MASTER-DOWN-BY-ADDR ip port epoch id`: what peers ask, with or without a request for our vote. The
    /// vote does not depend on our own view of the master.
    fn is_master_down(&mut self, command: &EngineCommand) -> Option<Reply> {
        let argv = &command.argv;
        let (Some(port), Some(epoch)) = (strict_int(&argv[3]), strict_int(&argv[4])) else {
            return Some(Reply::Error(NOT_AN_INTEGER.to_owned()));
        };
        // Upstream takes a negative epoch for a huge one, which ends all elections for ever.
        let Some(epoch) = u64::try_from(epoch).ok().filter(|epoch| plausible(*epoch, self.sh.epoch)) else {
            return Some(Reply::Error(NOT_AN_INTEGER.to_owned()));
        };
        let host = text(&argv[2]);
        let ip = match self.sh.names.lookup(
            &host,
            self.sh.global.resolve_hostnames,
            self.sh.now.mono,
            &mut self.sh.out,
        ) {
            Lookup::Known(ip) => Some(ip),
            // The peer asks again in a second.
            Lookup::Asking(_) | Lookup::Failed => None,
        };
        let found = self
            .groups
            .values_mut()
            .find(|group| u16::try_from(port).is_ok_and(|port| group.master.addr.is_at(&host, ip, port)));
        let vote_wanted = !argv[5].eq_ignore_ascii_case(b"*");
        let answer = |down: bool, leader: Option<SentinelId>, epoch: u64| {
            let leader = leader.map_or_else(|| "*".to_owned(), |id| id.0);
            Reply::Array(vec![
                Reply::Integer(i64::from(down)),
                Reply::bulk(leader),
                Reply::Integer(epoch as i64),
            ])
        };
        let Some(group) = found else { return Some(answer(false, None, 0)) };
        let down = group.master.down.is && self.sh.tilt.is_none();
        group.asked_by_peer();
        let id = group.id;
        let reply = if vote_wanted {
            let candidate = SentinelId(text(&argv[5]).chars().take(255).collect());
            if candidate.0.is_empty() || candidate.0.chars().any(|c| c.is_whitespace() || c.is_control()) {
                return Some(Reply::Error("ERR Invalid run id".to_owned()));
            }
            if self.sh.promises_are_full() {
                return Some(answer(down, None, 0)); // no vote is given that nobody would hear of
            }
            let (leader, leader_epoch, version) = group.vote_for(epoch, &candidate, &mut self.sh);
            let good = answer(down, leader, leader_epoch.0);
            let failed = answer(down, None, 0);
            let hasty = self.sh.canary(Canary::VoteBeforeDisk);
            let version = if hasty { Version::default() } else { version };
            self.sh.promise(Promise { client: command.client, version, good, failed, then: None });
            None
        } else {
            Some(answer(down, None, 0))
        };
        self.evaluate(id);
        reply
    }

    fn reset(&mut self, pattern: &[u8]) -> Reply {
        let matching: Vec<GroupId> = self
            .groups
            .values()
            .filter(|group| crate::glob::matches(pattern, group.name.0.as_bytes()))
            .map(|group| group.id)
            .collect();
        for id in &matching {
            if let Some(group) = self.groups.get_mut(id) {
                group.reset(&mut self.sh);
            }
            self.evaluate(*id);
        }
        Reply::Integer(matching.len() as i64)
    }

    fn failover(&mut self, name: &[u8]) -> Reply {
        let Some(id) = self.group_named(name) else { return Reply::Error(NO_SUCH_MASTER.to_owned()) };
        let Some(group) = self.groups.get_mut(&id) else { return Reply::Error(NO_SUCH_MASTER.to_owned()) };
        if group.failover.is_some() {
            return Reply::Error("INPROG Failover already in progress".to_owned());
        }
        if group.select_replica(&self.sh).is_none() {
            for line in group.refusals(&self.sh) {
                self.sh.log(crate::event::LogLevel::Notice, line);
            }
            return Reply::Error("NOGOODSLAVE No suitable replica to promote".to_owned());
        }
        let text = format!("Executing user requested FAILOVER of '{}'", group.name);
        self.sh.log(crate::event::LogLevel::Warning, text);
        if !group.start_failover(true, &mut self.sh) {
            return Reply::Error("ERR No epoch is left for a failover".to_owned());
        }
        self.evaluate(id);
        Reply::Ok
    }

    fn remove(&mut self, command: &EngineCommand) -> Option<Reply> {
        let Some(id) = self.group_named(&command.argv[2]) else {
            return Some(Reply::Error(NO_SUCH_MASTER.to_owned()));
        };
        if let Some(group) = self.groups.get(&id) {
            group.emit_master(EventKind::Unmonitor, "", &mut self.sh);
        }
        self.remove_group(id);
        self.saved(command.client)
    }

    fn pending_scripts(&self) -> Reply {
        let now = self.sh.now.mono;
        let jobs = self.sh.scripts.jobs.iter().map(|job| {
            let argv = Reply::Array(job.argv.iter().map(|arg| Reply::bulk(arg.clone())).collect());
            let (flags, pid, time_name, time) = match &job.state {
                JobState::Running { since, pid, .. } => ("running", *pid, "run-time", now.since(*since)),
                JobState::Waiting { not_before } => ("scheduled", 0, "run-delay", not_before.since(now)),
            };
            let field = |name: &str, value: String| (Reply::bulk(name), Reply::bulk(value));
            Reply::Map(vec![
                (Reply::bulk("argv"), argv),
                field("flags", flags.to_owned()),
                field("pid", pid.to_string()),
                field(time_name, time.to_string()),
                field("retry-num", job.runs.to_string()),
            ])
        });
        Reply::Array(jobs.collect())
    }

    fn simulate_failure(&mut self, flags: &[Vec<u8>]) -> Reply {
        self.sh.simulate = crate::shared::Simulate::default();
        for flag in flags {
            match flag.to_ascii_lowercase().as_slice() {
                b"crash-after-election" => {
                    self.sh.simulate.crash_after_election = true;
                    let text = "Failure simulation: this Sentinel will crash after being successfully elected as \
                                failover leader";
                    self.sh.log(crate::event::LogLevel::Warning, text.to_owned());
                }
                b"crash-after-promotion" => {
                    self.sh.simulate.crash_after_promotion = true;
                    let text = "Failure simulation: this Sentinel will crash after promoting the selected replica to \
                                master";
                    self.sh.log(crate::event::LogLevel::Warning, text.to_owned());
                }
                b"help" => {
                    let names = ["crash-after-election", "crash-after-promotion"];
                    return Reply::Array(names.into_iter().map(Reply::bulk).collect());
                }
                _ => return Reply::Error("ERR Unknown failure simulation specified".to_owned()),
            }
        }
        Reply::Ok
    }

    fn debug(&mut self, options: &[Vec<u8>]) -> Reply {
        if options.is_empty() {
            let mut tuning = self.sh.tuning;
            let fields =
                tuning.fields().map(|(name, value)| (Reply::bulk(name), Reply::bulk(value.to_string())));
            return Reply::Map(fields.to_vec());
        }
        for pair in options.chunks(2) {
            let name = text(&pair[0]);
            let mut fields = self.sh.tuning.fields();
            let found = fields.iter_mut().find(|(field, _)| field.eq_ignore_ascii_case(&name));
            let (Some((_, field)), Some(value)) = (found, pair.get(1)) else {
                return Reply::Error(format!(
                    "ERR Unknown option or number of arguments for SENTINEL DEBUG '{name}'"
                ));
            };
            match strict_int(value)
                .and_then(|n| u64::try_from(n).ok())
                .filter(|n| (1..=PERIOD_MAX).contains(n))
            {
                Some(period) => **field = period,
                None => {
                    let value = text(value);
                    return Reply::Error(format!(
                        "ERR Invalid argument '{value}' for SENTINEL DEBUG '{name}'"
                    ));
                }
            }
        }
        self.evaluate_all();
        Reply::Ok
    }

    fn publish(&mut self, argv: &[Vec<u8>]) -> Reply {
        if argv[1] != CHANNEL.as_bytes() {
            return Reply::Error("ERR Only HELLO messages are accepted by Sentinel instances.".to_owned());
        }
        self.hello(&argv[2], crate::discovery::Way::Straight);
        Reply::Integer(1)
    }

    fn role(&self) -> Reply {
        let names = self.groups.values().map(|group| Reply::bulk(group.name.0.clone())).collect();
        Reply::Array(vec![Reply::bulk("sentinel"), Reply::Array(names)])
    }

    /// Closes all connections to peers, so that they are opened again with new credentials.
    pub(super) fn close_peer_links(&mut self) {
        let open: Vec<SentinelId> = self.sh.peers.keys().cloned().collect();
        for id in open {
            crate::peer::with_link(&id, &mut self.sh, |link, sh| {
                link.conn.close(sh);
            });
        }
    }
}

/// The longest period `SENTINEL DEBUG` and `SENTINEL SET` take, in milliseconds: about 285,000 years. Beyond it sums
/// would overflow.
pub(super) const PERIOD_MAX: u64 = 1 << 53;

impl Group {
    fn ckquorum(&self) -> Reply {
        let usable = 1 + self.peers.values().filter(|peer| !peer.down.is).count();
        let quorum = usable >= self.conf.quorum as usize;
        let majority = usable >= self.majority();
        if quorum && majority {
            return Reply::Simple(format!(
                "OK {usable} usable Sentinels. Quorum and failover authorization can be reached"
            ));
        }
        let mut reasons = Vec::new();
        if !quorum {
            reasons.push("Not enough available Sentinels to reach the specified quorum for this master");
        }
        if !majority {
            reasons.push("Not enough available Sentinels to reach the majority and authorize a failover");
        }
        Reply::Error(format!("NOQUORUM {usable} usable Sentinels. {}", reasons.join(". ")))
    }
}

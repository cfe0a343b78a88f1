//! Acting on what servers report in INFO: discovery, restarts, roles, the progress of a failover, and servers
//! that follow somebody they should not.

use crate::addr::Addr;
use crate::canary::Canary;
use crate::event::EventKind;
use crate::failover::Phase;
use crate::group::Group;
use crate::id::RunId;
use crate::info::{Info, Role};
use crate::info_text::InfoText;
use crate::limits::INFO_CACHE_MAX;
use crate::link::Renames;
use crate::names::Lookup;
use crate::server::{Data, Reconf, Server, ServerId};
use crate::shared::Shared;

impl Group {
    /// Takes an INFO reply of one of its servers.
    pub(crate) fn info_received(&mut self, id: ServerId, mut text: Vec<u8>, sh: &mut Shared) {
        let info = Info::parse(&text);
        let Some(server) = self.server_mut(id) else { return };
        text.truncate(INFO_CACHE_MAX);
        server.info_text = InfoText::keep(&text, &mut sh.info_base);
        server.info_at = Some(sh.now.mono);
        server.info_error_at = None;
        server.note_report(&info, sh);
        let rebooted = self.note_run_id(id, info.run_id.as_deref(), sh);
        self.note_self_made(id, rebooted, info.role);
        if id == self.master.id {
            self.discover(&info.replicas, sh);
            if let (Some(Role::Replica), Some(host), Some(port)) =
                (info.role, &info.master_host, info.master_port)
            {
                // A master that was made a replica lists nobody: whom it follows is all there is to promote, for a
                // sentinel that knows no replica because it was reset or is new.
                if self.replicas.is_empty() {
                    self.discover(&[(host.clone(), port)], sh);
                }
            }
        }
        if info.role == Some(Role::Replica) && self.may_have_children(id, sh) {
            self.discover(&info.replicas, sh);
        }
        if let Some(role) = info.role {
            let changed = self.note_role(id, role, sh);
            if sh.tilt.is_none() && id != self.master.id {
                self.act_on_report(id, role, changed, sh);
            } else if sh.tilt.is_none() {
                self.convert_all_back(sh);
            }
        }
    }

    /// A replica that restarts as a master was promoted by nobody: it has lost its configuration.
    fn note_self_made(&mut self, id: ServerId, rebooted: bool, role: Option<Role>) {
        let Some(server) = self.replicas.get_mut(&id) else { return };
        server.seen_as_replica &= !rebooted;
        match role {
            Some(Role::Master) => server.self_made |= rebooted && !server.former_master,
            Some(Role::Replica) => (server.self_made, server.seen_as_replica) = (false, true),
            None => {}
        }
    }

    /// Keeps the id of the process; true if it is another process than before.
    fn note_run_id(&mut self, id: ServerId, run_id: Option<&str>, sh: &mut Shared) -> bool {
        let reboot_after = self.conf.reboot_down_after_ms;
        let Some(run_id) = run_id.map(|id| RunId(id.to_owned())) else { return false };
        let Some(server) = self.server_mut(id) else { return false };
        let rebooted = server.run_id.as_ref().is_some_and(|old| *old != run_id);
        server.run_id = Some(run_id);
        if !rebooted {
            return false;
        }
        if server.kind == Role::Master && reboot_after > 0 {
            server.rebooted_at = Some(sh.now.mono);
        }
        let details = self.details_of(id, sh);
        self.emit(EventKind::Reboot, details, sh);
        true
    }

    /// Adds the replicas a master lists and that are not known yet.
    fn discover(&mut self, listed: &[(String, u16)], sh: &mut Shared) {
        for (host, port) in listed {
            let (addr, lookup) = Group::addr_of(host, *port, sh);
            match lookup {
                Lookup::Known(_) => {}
                // INFO is asked for again when the answer is there.
                Lookup::Asking(_) => {
                    self.awaits_names = true;
                    continue;
                }
                Lookup::Failed => {
                    sh.log(crate::event::LogLevel::Warning, format!("Failed to resolve hostname '{host}'"));
                    continue;
                }
            }
            if let Some(id) = self.add_replica(addr, sh) {
                self.emit_server(EventKind::Slave, &self.replicas[&id], "", sh);
                sh.disk.change();
            }
        }
    }

    fn details_of(&self, id: ServerId, sh: &Shared) -> String {
        match self.replicas.get(&id) {
            Some(replica) => self.server_details(replica, sh),
            None => self.details(sh),
        }
    }

    /// Keeps the reported role; true if it changed.
    fn note_role(&mut self, id: ServerId, role: Role, sh: &mut Shared) -> bool {
        let Some(server) = self.server_mut(id) else { return false };
        if role == Role::Replica {
            server.former_master = false;
        }
        if server.role == role {
            return false;
        }
        server.role = role;
        server.role_at = sh.now.mono;
        if role == Role::Replica {
            server.conf_changed_at = sh.now.mono;
        }
        let kind = if role == server.kind { EventKind::RoleAgrees } else { EventKind::RoleDiffers };
        let word = if role == Role::Master { "master" } else { "slave" };
        let payload = format!("{} new reported role is {word}", self.details_of(id, sh));
        self.emit(kind, payload, sh);
        true
    }

    fn act_on_report(&mut self, id: ServerId, role: Role, changed: bool, sh: &mut Shared) {
        match role {
            Role::Master => {
                let ours = self.replicas.get(&id).is_some_and(|r| r.promoted);
                if ours {
                    if self.phase() == Some(Phase::WaitPromotion) {
                        self.promotion_reported(sh);
                    }
                } else if !self.moving(id) {
                    if changed
                        && self.replicas.get(&id).is_some_and(|r| !r.former_master && !r.self_made)
                        && self.failover.is_none()
                    {
                        self.note_foreign_promotion(id, sh);
                    }
                    self.convert_back(id, sh);
                }
            }
            Role::Replica => {
                match (self.moving(id), self.is_tree()) {
                    (true, _) => {}
                    (false, true) => self.keep_shape(id, sh),
                    (false, false) => self.fix_parent(id, sh),
                }
                self.note_progress(id, sh);
            }
        }
    }

    /// Whether a failover has decided, or is deciding, whom this replica follows.
    fn moving(&self, id: ServerId) -> bool {
        self.phase() >= Some(Phase::Reconfigure) || self.replicas.get(&id).is_some_and(|r| r.promoted)
    }

    /// A replica became master and it was not us: another sentinel's failover, or somebody's hand.
    fn note_foreign_promotion(&self, id: ServerId, sh: &mut Shared) {
        let announce = sh.global.announce_hostnames;
        let addr = &self.replicas[&id].addr;
        let suffix = format!(" #promoted {}:{}", addr.shown(announce), addr.port);
        self.emit_master(EventKind::FailoverDetected, &suffix, sh);
    }

    /// Tells a replica that claims to be master to be a replica again. Whoever made it master is given time to
    /// say so in a hello; except where it is the old master of a configuration that a majority confirms: the first sentinel
    /// of those that are up tells it at once, the others when it says so again. Each time its clients are disconnected.
    fn convert_back(&mut self, id: ServerId, sh: &mut Shared) {
        if sh.canary(Canary::OldMasterLeft) {
            return;
        }
        let parent = self.wanted_parent(id, self.master.id, sh);
        let patience = 4 * sh.tuning.publish_period;
        let now = sh.now.mono;
        // An entry that leads to the master itself, by an alias say, is no replica that says it is a master.
        let other = |replica: &&Server| !replica.is_one_with(&self.master);
        let Some(replica) = self.replicas.get(&id).filter(other) else { return };
        let patient = replica.down.quiet_for(patience, now) && now.since(replica.role_at) > patience;
        // A vote in a newer epoch: a failover may be under way that made it master again.
        let superseded = self.vote.epoch.0 > self.config_epoch.0;
        let ours_to_tell = self.turn_ms(sh) == 0 || replica.said_again();
        let returned = replica.former_master && !superseded && ours_to_tell && self.majority_confirms(sh);
        if !(self.master_looks_sane(sh) && (patient || returned)) {
            return;
        }
        if self.way_is_fresh(parent, sh) && self.follow(id, parent, sh) {
            self.emit_server(EventKind::ConvertToSlave, &self.replicas[&id], "", sh);
        }
    }

    /// The master says that it is one: those that were kept waiting for that are told now.
    fn convert_all_back(&mut self, sh: &mut Shared) {
        let others = self.replicas.values().filter(|replica| replica.role == Role::Master);
        for id in others.map(|replica| replica.id).collect::<Vec<_>>() {
            if !self.moving(id) {
                self.convert_back(id, sh);
            }
        }
    }

    /// Whether a majority's latest hellos carry our configuration: its epoch and its master.
    fn majority_confirms(&self, sh: &Shared) -> bool {
        let fresh = 3 * sh.tuning.publish_period;
        let confirms = |peer: &&crate::peer::Peer| {
            let same = |(epoch, addr): &(crate::epoch::ConfigEpoch, Addr)| {
                *epoch == self.config_epoch && addr.same(&self.master.addr)
            };
            peer.hello_config.as_ref().is_some_and(same) && sh.now.mono.since(peer.hello_at) <= fresh
        };
        1 + self.peers.values().filter(confirms).count() >= self.majority()
    }

    /// Tells a replica that follows somebody else to follow the master.
    fn fix_parent(&mut self, id: ServerId, sh: &mut Shared) {
        let patience = self.conf.failover_timeout_ms;
        let now = sh.now.mono;
        let Some(replica) = self.replicas.get(&id) else { return };
        if let Some(host) = replica.master_host.clone() {
            sh.names.lookup(&host, sh.global.resolve_hostnames, now, &mut sh.out);
        }
        let wrong = replica.master_host.is_some()
            && !replica.follows(&self.master.addr, sh)
            && !sh.canary(Canary::WrongParentLeft);
        let settled = replica.down.quiet_for(patience, now) && now.since(replica.conf_changed_at) > patience;
        if !(wrong && settled && self.master_looks_sane(sh)) {
            return;
        }
        let fresh = self.way_is_fresh(self.master.id, sh);
        if let Some(replica) = self.replicas.get_mut(&id) {
            // The master may have become a replica of this very one: it is asked, and this is looked at again soon.
            replica.spot.ask_soon = !fresh;
        }
        if fresh && self.follow(id, self.master.id, sh) {
            self.emit_server(EventKind::FixSlaveConfig, &self.replicas[&id], "", sh);
        }
    }

    /// Sends a replica to another member; false if there is no connection, or if it was told just now: a server that
    /// refuses is not asked in a loop.
    pub(crate) fn follow(&mut self, id: ServerId, parent: ServerId, sh: &mut Shared) -> bool {
        let (Some(replica), Some(parent)) = (self.replicas.get(&id), self.server(parent)) else {
            return false;
        };
        let (to, itself) = (parent.addr.clone(), replica.is_one_with(parent));
        let renames = self.conf.renames.clone();
        let Some(replica) = self.replicas.get_mut(&id) else { return false };
        let told = replica.told_at.is_some_and(|at| sh.now.mono.since(at) < TELL_AGAIN_AFTER);
        if !replica.cmd.exists() || told || itself {
            return false;
        }
        replica.send_to(&to, Renames(&renames), sh);
        true
    }

    /// A replica that was told to follow the promoted one: does it, and is its link up?
    fn note_progress(&mut self, id: ServerId, sh: &mut Shared) {
        let Some(promoted) = self.failover.as_ref().and_then(|f| f.promoted) else { return };
        let Some(replica) = self.replicas.get(&id) else { return };
        let to = replica.spot.sent_to.as_ref().unwrap_or(&self.replicas[&promoted].addr);
        let follows = replica.follows(to, sh);
        let Some(replica) = self.replicas.get_mut(&id) else { return };
        if matches!(replica.reconf, Reconf::Sent(_)) && follows {
            replica.reconf = Reconf::InProgress;
            if !sh.canary(Canary::InprogUntold) {
                self.emit_server(EventKind::SlaveReconfInprog, &self.replicas[&id], "", sh);
            }
        }
        let Some(replica) = self.replicas.get_mut(&id) else { return };
        if replica.reconf == Reconf::InProgress && replica.link_up {
            replica.reconf = Reconf::Done;
            self.emit_server(EventKind::SlaveReconfDone, &self.replicas[&id], "", sh);
        }
    }
}

impl Server {
    /// Keeps what a replica says of its replication. Absent fields keep their values, but the time without
    /// master is 0 unless it says otherwise.
    fn note_report(&mut self, info: &Info, sh: &Shared) {
        self.link_down_ms = info.master_link_down_ms;
        self.data = Data {
            loading: info.loading.unwrap_or(false),
            syncing: info.syncing.unwrap_or(false),
            keys: info.keys,
        };
        if info.role != Some(Role::Replica) {
            return;
        }
        let host_changed = match (&self.master_host, &info.master_host) {
            (Some(old), Some(new)) => !old.eq_ignore_ascii_case(new),
            (None, Some(_)) => true,
            (_, None) => false,
        };
        let port_changed = info.master_port.is_some_and(|port| port != self.master_port);
        if host_changed || port_changed {
            self.conf_changed_at = sh.now.mono;
        }
        if info.master_host.is_some() {
            self.master_host.clone_from(&info.master_host);
        }
        self.master_port = info.master_port.unwrap_or(self.master_port);
        self.link_up = info.master_link_up.unwrap_or(self.link_up);
        self.priority = info.priority.unwrap_or(self.priority);
        self.offset = info.offset.unwrap_or(self.offset);
        self.announced = info.announced.unwrap_or(self.announced);
    }
}

/// Milliseconds before a replica that does not do as told is told again: each time its clients are disconnected.
const TELL_AGAIN_AFTER: u64 = 10_000;

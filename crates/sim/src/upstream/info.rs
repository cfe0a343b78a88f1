//! What a server's INFO says, and what is done about it: replicas are found, promotions noticed, replicas led back.

use std::net::SocketAddr;

use watchkeeper_core::event::EventKind;

use super::state::{Phase, Reconf, Role, Server, Watched, Who, period};
use super::{UpstreamSentinel, now};
use crate::world::Ctx;

impl UpstreamSentinel {
    pub(super) fn info(&mut self, g: usize, who: &Who, text: &str, ctx: &mut Ctx<'_>) {
        let now = now(ctx);
        let Some(server) = self.groups[g].server_mut(who) else { return };
        let (said, rebooted) = read(server, text, now);
        let replicas = if *who == Who::Master { replica_lines(text) } else { Vec::new() };
        server.info_at = now;
        if rebooted {
            self.event(EventKind::Reboot, g, who, "", ctx);
        }
        for addr in replicas {
            self.find_replica(g, addr, now, ctx);
        }
        self.note_role(g, who, said, now, ctx);
        if self.tilt || *who == Who::Master {
            return;
        }
        let Who::Replica(addr) = *who else { return };
        match said {
            Role::Master => self.replica_is_master(g, addr, now, ctx),
            Role::Replica => self.replica_is_replica(g, addr, now, ctx),
            Role::Unsaid => {}
        }
    }

    fn find_replica(&mut self, g: usize, addr: SocketAddr, now: i64, ctx: &mut Ctx<'_>) {
        if !self.groups[g].replicas.contains_key(&addr) {
            self.add_replica(g, addr, now, ctx);
            self.flush();
        }
    }

    pub(super) fn add_replica(&mut self, g: usize, addr: SocketAddr, now: i64, ctx: &mut Ctx<'_>) {
        let watched = Watched::new(addr, self.new_link(now), now);
        self.groups[g].replicas.insert(addr, Server::new(watched, Role::Replica, now));
        self.event(EventKind::Slave, g, &Who::Replica(addr), "", ctx);
    }

    fn note_role(&mut self, g: usize, who: &Who, said: Role, now: i64, ctx: &mut Ctx<'_>) {
        let Some(server) = self.groups[g].server_mut(who) else { return };
        if server.role == said {
            return;
        }
        (server.role, server.role_at) = (said, now);
        if said == Role::Replica {
            server.follows_at = now;
        }
        let expected = if *who == Who::Master { Role::Master } else { Role::Replica };
        let kind = if said == expected { EventKind::RoleAgrees } else { EventKind::RoleDiffers };
        let word = if said == Role::Master { "master" } else { "slave" };
        self.event(kind, g, who, &format!(" new reported role is {word}"), ctx);
    }

    /// A master that can be trusted to be one.
    fn sane_master(&self, g: usize, now: i64) -> bool {
        let (group, master) = (&self.groups[g], &self.groups[g].master);
        master.role == Role::Master
            && !master.watched.sdown
            && !group.odown
            && now - master.info_at < 2 * period::INFO
    }

    fn replica_is_master(&mut self, g: usize, addr: SocketAddr, now: i64, ctx: &mut Ctx<'_>) {
        let group = &self.groups[g];
        let promoted = group.promoted == Some(addr);
        if promoted && group.phase == Phase::WaitPromotion {
            self.promoted(g, addr, now, ctx);
            return;
        }
        // The hello of whoever promoted it has the time of four hellos to come.
        let wait = 4 * period::PUBLISH;
        let Some(replica) = group.replicas.get(&addr) else { return };
        let due = !promoted
            && self.sane_master(g, now)
            && up_for(replica, wait, now)
            && now - replica.role_at > wait;
        let master = self.groups[g].master.watched.addr;
        if due && self.order(g, addr, Some(master)) {
            self.event(EventKind::ConvertToSlave, g, &Who::Replica(addr), "", ctx);
        }
    }

    fn replica_is_replica(&mut self, g: usize, addr: SocketAddr, now: i64, ctx: &mut Ctx<'_>) {
        let group = &self.groups[g];
        let (master, wait) = (group.master.watched.addr, group.failover_timeout());
        let Some(replica) = group.replicas.get(&addr) else { return };
        let due = !replica.follows(master)
            && self.sane_master(g, now)
            && up_for(replica, wait, now)
            && now - replica.follows_at > wait;
        if due && self.order(g, addr, Some(master)) {
            self.event(EventKind::FixSlaveConfig, g, &Who::Replica(addr), "", ctx);
        }
        self.note_progress(g, addr, ctx);
    }

    fn note_progress(&mut self, g: usize, addr: SocketAddr, ctx: &mut Ctx<'_>) {
        let Some(promoted) = self.groups[g].promoted else { return };
        let Some(replica) = self.groups[g].replicas.get_mut(&addr) else { return };
        if replica.reconf == Reconf::Sent && replica.follows(promoted) {
            replica.reconf = Reconf::InProgress;
            self.event(EventKind::SlaveReconfInprog, g, &Who::Replica(addr), "", ctx);
        }
        let Some(replica) = self.groups[g].replicas.get_mut(&addr) else { return };
        if replica.reconf == Reconf::InProgress && replica.link_up {
            replica.reconf = Reconf::Done;
            self.event(EventKind::SlaveReconfDone, g, &Who::Replica(addr), "", ctx);
        }
    }

    /// The promoted replica says that it is a master.
    fn promoted(&mut self, g: usize, addr: SocketAddr, now: i64, ctx: &mut Ctx<'_>) {
        let group = &mut self.groups[g];
        group.config_epoch = group.failover_epoch;
        (group.phase, group.phase_at) = (Phase::Reconfigure, now);
        self.flush();
        self.event(EventKind::PromotedSlave, g, &Who::Replica(addr), "", ctx);
        self.event(EventKind::StateReconfSlaves, g, &Who::Master, "", ctx);
        self.force_hello(g);
    }
}

/// No down event began within so long.
fn up_for(server: &Server, ms: i64, now: i64) -> bool {
    server.watched.sdown_at == 0 || now - server.watched.sdown_at > ms
}

/// Takes the text in: the role it reports, and whether it is another process than before.
fn read(server: &mut Server, text: &str, now: i64) -> (Role, bool) {
    let (mut role, mut rebooted) = (Role::Unsaid, false);
    server.link_down_ms = 0;
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        match key {
            "run_id" if value.len() >= 40 => {
                let new = value[..40].to_owned();
                rebooted = server.run_id.as_ref().is_some_and(|old| *old != new);
                server.run_id = Some(new);
            }
            "role" if value.starts_with("master") => role = Role::Master,
            "role" if value.starts_with("slave") => role = Role::Replica,
            "master_link_down_since_seconds" => {
                server.link_down_ms = value.parse::<i64>().unwrap_or(0) * 1_000;
            }
            _ if role == Role::Replica => read_of_replica(server, key, value, now),
            _ => {}
        }
    }
    (role, rebooted)
}

fn read_of_replica(server: &mut Server, key: &str, value: &str, now: i64) {
    match key {
        "master_host" if server.follows_host.as_deref() != Some(value) => {
            (server.follows_host, server.follows_at) = (Some(value.to_owned()), now);
        }
        "master_port" => {
            let port = value.parse().unwrap_or(0);
            if server.follows_port != port {
                (server.follows_port, server.follows_at) = (port, now);
            }
        }
        "master_link_status" => server.link_up = value.eq_ignore_ascii_case("up"),
        "slave_priority" => server.priority = value.parse().unwrap_or(0),
        "slave_repl_offset" => server.offset = value.parse().unwrap_or(0),
        _ => {}
    }
}

fn replica_lines(text: &str) -> Vec<SocketAddr> {
    let mut found = Vec::new();
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        let number = key.strip_prefix("slave").unwrap_or_default();
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            continue;
        }
        let field = |name: &str| value.split(',').find_map(|field| field.strip_prefix(name));
        let (Some(ip), Some(port)) = (field("ip="), field("port=")) else { continue };
        if let (Ok(ip), Ok(port)) = (ip.parse(), port.parse()) {
            found.push(SocketAddr::new(ip, port));
        }
    }
    found
}

//! What a hello changes: peers found, moved or replaced, epochs raised, a newer configuration adopted.

use std::net::IpAddr;

use crate::addr::Addr;
use crate::canary::Canary;
use crate::epoch::{ConfigEpoch, EPOCH_MAX, plausible};
use crate::event::{EventKind, LogLevel};
use crate::group::{Group, GroupId};
use crate::hello::Hello;
use crate::id::SentinelId;
use crate::limits::HELLO_KEPT_MAX;
use crate::names::{Lookup, Names};
use crate::peer::{Peer, with_link};
use crate::sentinel::{Sentinel, WaitingFor};
use crate::shared::Shared;
use crate::time::Mono;

/// How a hello came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// a server passed it on
    Server,
    /// from the peer itself, with PUBLISH
    Straight,
}

impl Sentinel {
    /// Takes a hello from a server's channel or from a peer's PUBLISH.
    pub(crate) fn hello(&mut self, payload: &[u8], way: Way) {
        if self.heard_again(payload, way).is_some() {
            return; // as nearly always
        }
        let hello = match Hello::parse(payload) {
            Ok(hello) => hello,
            Err(why) => {
                let shown = String::from_utf8_lossy(&payload[..payload.len().min(200)]).into_owned();
                self.sh.log(LogLevel::Verbose, format!("Hello message ignored ({why:?}): `{shown}`"));
                return;
            }
        };
        let Some(&group) = self.by_name.get(hello.group) else { return };
        if hello.id == self.sh.myid.0 {
            return; // our own, or somebody's with a cloned configuration: never a peer
        }
        let epochs = [hello.current_epoch, hello.config_epoch];
        if !epochs.iter().all(|epoch| plausible(*epoch, self.sh.epoch)) {
            let text =
                format!("Hello message of {} ignored: its epochs {epochs:?} are far above ours", hello.id);
            self.sh.log(LogLevel::Warning, text);
            return;
        }
        let (addr, lookup) = Group::addr_of(hello.host, hello.port, &mut self.sh);
        let (master_addr, master_lookup) = Group::addr_of(hello.master_host, hello.master_port, &mut self.sh);
        for lookup in [lookup, master_lookup] {
            if let Lookup::Asking(ticket) = lookup {
                self.wait_for(ticket, WaitingFor::Hello(payload.to_vec(), way));
                return;
            }
        }
        for (host, lookup) in [(hello.host, lookup), (hello.master_host, master_lookup)] {
            if lookup == Lookup::Failed {
                // Taken, it would make us forget the peer, or know an epoch without its master.
                let text = format!("Failed to resolve hostname '{host}'");
                self.sh.log(LogLevel::Warning, text);
                return;
            }
        }
        let id = SentinelId(hello.id.to_owned());
        self.know_peer(group, &id, addr);
        if hello.current_epoch > self.sh.epoch.0 {
            self.raise_epoch(group, hello.current_epoch);
        }
        self.adopt(group, &id, ConfigEpoch(hello.config_epoch), master_addr);
        if ![hello.host, hello.master_host].into_iter().any(Names::is_name) {
            self.remember_hello(group, &id, payload);
        }
        if let Some(peer) = self.groups.get_mut(&group).and_then(|group| group.peers.get_mut(&id)) {
            peer.heard(way, self.sh.now.mono);
        }
        self.evaluate(group);
    }

    /// Takes a hello that says what its sender's last one said.
    fn heard_again(&mut self, payload: &[u8], way: Way) -> Option<()> {
        let mut fields = payload.split(|byte| *byte == b',');
        let (id, name) = (fields.nth(2)?, fields.nth(1)?);
        let group = self.by_name.get(std::str::from_utf8(name).ok()?)?;
        let group = self.groups.get_mut(group)?;
        let ours = group.said_of_master();
        let peer = group.peers.get_mut(std::str::from_utf8(id).ok()?)?;
        if !peer.says_again(payload, ours) {
            return None;
        }
        peer.hello_at = self.sh.now.mono;
        peer.heard(way, self.sh.now.mono);
        Some(())
    }

    fn remember_hello(&mut self, group: GroupId, id: &SentinelId, payload: &[u8]) {
        let Some(group) = self.groups.get_mut(&group) else { return };
        let ours = group.said_of_master();
        let Some(peer) = group.peers.get_mut(id) else { return };
        // A number may have any amount of noughts before it.
        peer.hello_text =
            payload.get(..HELLO_KEPT_MAX + 1).map_or_else(|| payload.into(), |_| Box::default());
        peer.hello_ours = ours;
    }

    /// Adds the sender to the peers of the group, or moves it to its new address.
    fn know_peer(&mut self, group: GroupId, id: &SentinelId, addr: Addr) {
        let Some(known) = self.groups.get_mut(&group) else { return };
        if known.peers.get(id).is_some_and(|peer| peer.addr.same(&addr)) {
            return;
        }
        let moved = known.remove_peer(id, &mut self.sh).is_some();
        let duplicate = format!(" #duplicate of {}:{} or {id}", addr.shown(false), addr.port);
        if moved {
            let announce = self.sh.global.announce_hostnames;
            let suffix = format!(" ip {} port {} for {id}", addr.shown(announce), addr.port);
            known.emit_master(EventKind::SentinelAddressSwitch, &suffix, &mut self.sh);
            known.emit_master(EventKind::DupSentinel, &duplicate, &mut self.sh);
        } else {
            // There may be several: one that was a copy of another has taken that one's entry to its own address.
            while self.evict_at(group, &addr, &duplicate) {}
        }
        let Some(known) = self.groups.get_mut(&group) else { return };
        if !known.add_peer(id.clone(), addr.clone(), &mut self.sh) {
            return;
        }
        if moved {
            self.move_peer(group, id, &addr);
        } else {
            let details = known.peer_details(&known.peers[id], &self.sh);
            known.emit(EventKind::Sentinel, details, &mut self.sh);
        }
        self.sh.disk.change();
    }

    /// Another id at the address of a new peer: it was replaced, in every group. False when there is none.
    fn evict_at(&mut self, group: GroupId, addr: &Addr, duplicate: &str) -> bool {
        let Some(known) = self.groups.get(&group) else { return false };
        let Some(old) = known.peers.values().find(|peer| peer.addr.same(addr)) else { return false };
        let details = known.peer_details(old, &self.sh);
        let old = old.id.clone();
        known.emit(EventKind::SentinelInvalidAddr, details, &mut self.sh);
        known.emit_master(EventKind::DupSentinel, duplicate, &mut self.sh);
        for other in self.groups.values_mut() {
            other.remove_peer(&old, &mut self.sh);
        }
        true
    }

    /// A known peer has a new address: the other groups and the shared connection follow.
    fn move_peer(&mut self, group: GroupId, id: &SentinelId, addr: &Addr) {
        with_link(id, &mut self.sh, |link, sh| {
            if !link.addr.same(addr) {
                link.addr = addr.clone();
                link.conn.close(sh);
                link.conn.last_attempt = None;
            }
        });
        let mut others = 0;
        for (_, other) in self.groups.iter_mut().filter(|(other, _)| **other != group) {
            if let Some(peer) = other.peers.get_mut(id) {
                peer.addr = addr.clone();
                peer.hello_text = Box::default();
                others += 1;
            }
        }
        let Some(known) = self.groups.get(&group).filter(|_| others > 0) else { return };
        let details = known.peer_details(&known.peers[id], &self.sh);
        let payload = format!("{details} {others} additional matching instances");
        known.emit(EventKind::SentinelAddressUpdate, payload, &mut self.sh);
    }

    fn raise_epoch(&mut self, group: GroupId, epoch: u64) {
        self.sh.epoch.0 = epoch;
        let version = self.sh.disk.change();
        if let Some(group) = self.groups.get(&group) {
            group.emit_after(version, EventKind::NewEpoch, epoch.to_string(), &mut self.sh);
        }
    }

    /// Takes over a newer configuration: another master, or the same one confirmed anew.
    fn adopt(&mut self, group: GroupId, id: &SentinelId, epoch: ConfigEpoch, master: Addr) {
        let now = self.sh.now.mono;
        let Some(group) = self.groups.get_mut(&group) else { return };
        let Some(peer) = group.peers.get_mut(id) else { return };
        peer.hello_at = now;
        if peer.hello_config.as_ref().is_none_or(|(known, addr)| *known != epoch || *addr != master) {
            peer.hello_config = Some((epoch, master.clone()));
        }
        let disputed = epoch == group.config_epoch && epoch.0 > 0 && !group.current_addr().same(&master);
        let older = epoch < group.config_epoch && self.sh.canary(Canary::OlderConfigAdopted);
        if epoch <= group.config_epoch && !older {
            group.settle_tie(id, disputed, &mut self.sh);
            return;
        }
        group.config_epoch = epoch;
        self.sh.epoch.0 = self.sh.epoch.0.max(epoch.0);
        group.config_version = self.sh.disk.change();
        group.yield_to(epoch, &mut self.sh);
        if group.master.addr.same(&master) {
            return;
        }
        let details = group.peer_details(&group.peers[id], &self.sh);
        group.emit(EventKind::ConfigUpdateFrom, details, &mut self.sh);
        group.emit_switch(&master, &mut self.sh);
        let from = group.master.addr.clone();
        group.switch_to(master.clone(), &mut self.sh);
        group.reconfig_script("observer", &from, &master, &mut self.sh);
    }
}

impl Peer {
    fn heard(&mut self, way: Way, now: Mono) {
        if way == Way::Server {
            self.heard_at = Some(now);
        }
    }
}

impl Group {
    /// What our own hellos say of the master: since when, and where it is.
    fn said_of_master(&self) -> (ConfigEpoch, Option<IpAddr>, u16) {
        let addr = self.current_addr();
        (self.config_epoch, addr.ip, addr.port)
    }

    /// Two configurations of one epoch that name different masters: two failovers were forced at the same instant,
    /// without an election. Nobody would ever yield, so of any two sentinels that disagree the one with the smaller id
    /// says again what it says in a new epoch, if its master is fit to be one. If it is not (the others may have made a
    /// replica of it meanwhile), the other one does after a while.
    fn settle_tie(&mut self, other: &SentinelId, disputed: bool, sh: &mut Shared) {
        let now = sh.now.mono;
        let Some(peer) = self.peers.get_mut(other) else { return };
        peer.disputes_since = disputed.then(|| peer.disputes_since.unwrap_or(now));
        let Some(since) = peer.disputes_since else { return };
        let patience = TIE_HELLOS * sh.tuning.publish_period;
        if sh.myid.0 >= other.0 && now.since(since) <= patience {
            return;
        }
        let fit = self.master.cmd.up && self.master_looks_sane(sh);
        if sh.tilt.is_some() || self.phase().is_some() || !fit {
            return;
        }
        if sh.epoch.0 >= EPOCH_MAX {
            return;
        }
        sh.epoch.0 += 1;
        self.config_epoch.0 = sh.epoch.0;
        self.config_version = sh.disk.change();
        let epoch = sh.epoch.0;
        self.emit_after(self.config_version, EventKind::NewEpoch, epoch.to_string(), sh);
        let text = format!(
            "{other} has another master of `{}` in the same configuration epoch: ours is confirmed in epoch {epoch}",
            self.name
        );
        sh.log(LogLevel::Warning, text);
        self.hello_now();
    }
}

/// The sentinel with the smaller id has so many hello periods to settle a tie; then the other one does.
pub(crate) const TIE_HELLOS: u64 = 3;

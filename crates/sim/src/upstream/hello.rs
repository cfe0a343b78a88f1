//! Hellos: how peers are found and how the newest configuration wins.

use std::net::{IpAddr, SocketAddr};

use watchkeeper_core::event::EventKind;

use super::state::{Peer, Watched, Who};
use super::{UpstreamSentinel, now};
use crate::world::Ctx;

pub(super) const CHANNEL: &str = "__sentinel__:hello";

struct Hello<'t> {
    from: Option<SocketAddr>,
    id: &'t str,
    current_epoch: u64,
    group: &'t str,
    master: Option<SocketAddr>,
    config_epoch: u64,
}

fn parse(text: &str) -> Option<Hello<'_>> {
    let fields: Vec<&str> = text.split(',').collect();
    let [host, port, id, current, group, master_host, master_port, config] = fields[..] else { return None };
    // Numbers are read leniently: what is none is 0.
    let addr = |host: &str, port: &str| {
        Some(SocketAddr::new(host.parse::<IpAddr>().ok()?, port.parse().unwrap_or(0)))
    };
    Some(Hello {
        from: addr(host, port),
        id,
        current_epoch: current.parse().unwrap_or(0),
        group,
        master: addr(master_host, master_port),
        config_epoch: config.parse().unwrap_or(0),
    })
}

impl UpstreamSentinel {
    /// The hello of a group.
    pub(super) fn hello(&self, g: usize, ctx: &Ctx<'_>) -> String {
        let (group, me) = (&self.groups[g], ctx.addr());
        let ip = self.config.global.announce_ip.clone().unwrap_or_else(|| me.ip().to_string());
        let (master, name) = (group.current_master(), &group.config.name);
        let (epoch, config) = (self.current_epoch, group.config_epoch);
        format!("{ip},{},{},{epoch},{name},{},{},{config}", me.port(), self.id, master.ip(), master.port())
    }

    /// Makes the hello of a group due everywhere at once.
    pub(super) fn force_hello(&mut self, g: usize) {
        let group = &mut self.groups[g];
        for who in group.everybody() {
            if let Some(watched) = group.watched_mut(&who) {
                watched.published_at -= super::state::period::PUBLISH + 1;
            }
        }
    }

    pub(super) fn hear_hello(&mut self, text: &str, ctx: &mut Ctx<'_>) {
        let Some(hello) = parse(text) else { return };
        let Some(g) = self.groups.iter().position(|group| group.config.name.0 == hello.group) else { return };
        let known = self.groups[g].peers.get(hello.id).map(|peer| peer.watched.addr);
        if known.is_none() || known != hello.from {
            self.meet(g, hello.id, hello.from, ctx);
        }
        if hello.current_epoch > self.current_epoch {
            self.current_epoch = hello.current_epoch;
            self.flush();
            self.say(EventKind::NewEpoch, Some(g), hello.current_epoch.to_string(), ctx);
        }
        let group = &mut self.groups[g];
        if !group.peers.contains_key(hello.id) || hello.config_epoch <= group.config_epoch {
            return;
        }
        group.config_epoch = hello.config_epoch;
        let old = group.master.watched.addr;
        let Some(new) = hello.master.filter(|new| *new != old) else { return };
        self.event(EventKind::ConfigUpdateFrom, g, &Who::Peer(hello.id.to_owned()), "", ctx);
        self.say_switch(g, old, new, ctx);
        self.change_address(g, new, now(ctx), ctx);
    }

    pub(super) fn say_switch(&mut self, g: usize, old: SocketAddr, new: SocketAddr, ctx: &mut Ctx<'_>) {
        let name = &self.groups[g].config.name;
        let text = format!("{name} {} {} {} {}", old.ip(), old.port(), new.ip(), new.port());
        self.say(EventKind::SwitchMaster, Some(g), text, ctx);
    }

    /// A peer that is new, or at a new address, or at the address of another.
    fn meet(&mut self, g: usize, id: &str, from: Option<SocketAddr>, ctx: &mut Ctx<'_>) {
        let moved = self.forget_peer(g, id, ctx);
        if moved {
            let at = from.map(|at| format!(" ip {} port {} for {id}", at.ip(), at.port()));
            let text = at.unwrap_or_else(|| format!(" ip ? port 0 for {id}"));
            self.event(EventKind::SentinelAddressSwitch, g, &Who::Master, &text, ctx);
        } else {
            let there = |peer: &&String| Some(self.groups[g].peers[*peer].watched.addr) == from;
            let squatter = self.groups[g].peers.keys().find(there).cloned();
            if let Some(other) = squatter {
                self.event(EventKind::SentinelInvalidAddr, g, &Who::Peer(other.clone()), "", ctx);
                for h in 0..self.groups.len() {
                    self.forget_peer(h, &other, ctx);
                }
            }
        }
        let Some(from) = from else { return };
        let now = now(ctx);
        let link = self.link_of_peer(id, now);
        self.groups[g].peers.insert(id.to_owned(), Peer::new(Watched::new(from, link, now), now));
        if moved {
            self.close_link(link, ctx);
            for group in &mut self.groups {
                if let Some(peer) = group.peers.get_mut(id) {
                    peer.watched.addr = from;
                }
            }
        } else {
            self.event(EventKind::Sentinel, g, &Who::Peer(id.to_owned()), "", ctx);
        }
        self.flush();
    }

    fn forget_peer(&mut self, g: usize, id: &str, ctx: &mut Ctx<'_>) -> bool {
        let Some(peer) = self.groups[g].peers.remove(id) else { return false };
        self.release_link(peer.watched.link, ctx);
        true
    }
}

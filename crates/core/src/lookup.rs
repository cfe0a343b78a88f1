//! What changes when a name has been looked up: connections follow their names, and an address that went to somebody else
//! is no longer used for the name that had it before.
//!
//! Where addresses change hands, whoever answers at the old one may be another server or another sentinel: told what to do
//! in the first one's place it would follow itself, and asked for a vote it would vote twice.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use watchkeeper_resp::Frame;

use crate::addr::Addr;
use crate::event::LogLevel;
use crate::group::Group;
use crate::id::SentinelId;
use crate::io::Ticket;
use crate::names::Names;
use crate::peer::with_link;
use crate::sentinel::{Sentinel, Waiting, WaitingFor};
use crate::server::Server;
use crate::shared::{PeerLink, Shared};

impl Sentinel {
    /// Takes the answer to a look-up, and goes on with what waited for it.
    pub(crate) fn resolved(&mut self, ticket: Ticket, result: &Result<Vec<IpAddr>, String>) {
        let Some((name, fresh)) = self.sh.names.resolved(ticket, result) else { return };
        if fresh.is_some() {
            self.readdress(&name, result.as_deref().unwrap_or_default());
            for group in self.groups.values_mut() {
                group.master.info_now |= std::mem::take(&mut group.awaits_names);
            }
        } else {
            self.sh.log(LogLevel::Warning, format!("Failed to resolve hostname '{name}'"));
        }
        if let Err(why) = result {
            self.sh.log(LogLevel::Verbose, format!("Looking up `{name}` failed: {why}"));
        }
        let lost = self.give_up_lost_addresses(&name);
        let (ready, waiting) =
            std::mem::take(&mut self.waiting).into_iter().partition(|w| w.ticket == ticket);
        self.waiting = waiting;
        let ready: Vec<Waiting> = ready;
        for waiting in ready {
            match waiting.what {
                WaitingFor::Hello(payload, way) => self.hello(&payload, way),
                WaitingFor::Command(command) => self.command_after_lookup(command),
            }
        }
        if fresh.is_some() || lost {
            self.evaluate_all();
        }
    }

    /// Everybody of this name is at one of these addresses from now on; none: nobody knows where. Who is connected to one
    /// of them stays there, whatever their order is today.
    fn readdress(&mut self, name: &str, ips: &[IpAddr]) {
        for group in self.groups.values_mut() {
            group.readdress(name, ips, &mut self.sh);
        }
        let mut links = std::mem::take(&mut self.sh.peers);
        for link in links.values_mut().filter(|link| link.addr.is_named(name)) {
            link.readdress(ips, &mut self.sh);
        }
        self.sh.peers = links;
    }

    /// A remembered address of a name that cannot be looked up any more is given up once the name of somebody else leads
    /// there, with the same port. Whoever just answered, or just failed to, is one of the two. True if there was one.
    fn give_up_lost_addresses(&mut self, name: &str) -> bool {
        let places: BTreeSet<SocketAddr> =
            self.addrs().filter(|addr| addr.is_named(name)).filter_map(Addr::socket).collect();
        let there = |addr: &&Addr| addr.socket().is_some_and(|at| places.contains(&at));
        // Two names for one place are both right as long as both lead there, and an address that people wrote stays theirs.
        let (stale, led): (Vec<&Addr>, Vec<&Addr>) = self
            .addrs()
            .filter(there)
            .filter(|addr| Names::is_name(&addr.host))
            .partition(|addr| self.sh.names.is_stale(&addr.host));
        let taken = |addr: &&Addr| {
            led.iter().any(|other| other.socket() == addr.socket() && self.sh.names.has_moved(&other.host))
        };
        let lost: BTreeSet<String> = stale.into_iter().filter(taken).map(|addr| addr.host.clone()).collect();
        for name in &lost {
            let text = format!("The address of `{name}` is another one's now, and the name leads nowhere");
            self.sh.log(LogLevel::Warning, text);
            self.sh.names.forget(name);
            self.readdress(name, &[]);
        }
        !lost.is_empty()
    }

    /// Takes what a peer that is known by name calls itself; asked before anything else. Another one, perhaps this very
    /// sentinel, that has the peer's old address must not answer for it: its vote would count twice. Who does not say who
    /// it is (we may lack the permission to ask) is believed to be the right one.
    pub(crate) fn peer_named_itself(&mut self, id: &SentinelId, answer: &Frame) {
        let (Frame::Bulk(said) | Frame::Simple(said)) = answer else { return };
        if said.len() != id.0.len() || said.eq_ignore_ascii_case(id.0.as_bytes()) {
            return;
        }
        let said = String::from_utf8_lossy(said).into_owned();
        let known = said.eq_ignore_ascii_case(&self.sh.myid.0)
            || self.sh.peers.keys().any(|peer| peer.0.eq_ignore_ascii_case(&said));
        // Who is nobody we know is the one we knew, made anew: it says its new id in its next hello, for which it must hear ours.
        if !known {
            return;
        }
        with_link(id, &mut self.sh, |link, sh| {
            let text =
                format!("`{}` leads to sentinel {said} and not to {id}: connection closed", link.addr.host);
            sh.log(LogLevel::Warning, text);
            link.conn.close(sh);
            link.ping.note_broken(sh.now.mono);
        });
        self.evaluate_all();
    }

    /// The addresses of all servers and peers.
    fn addrs(&self) -> impl Iterator<Item = &Addr> {
        let servers = self.groups.values().flat_map(|group| group.servers().map(|server| &server.addr));
        let peers = self.sh.peers.values().map(|link| &link.addr);
        servers.chain(peers)
    }
}

impl Group {
    fn readdress(&mut self, name: &str, ips: &[IpAddr], sh: &mut Shared) {
        for server in self.servers_mut().filter(|server| server.addr.is_named(name)) {
            server.readdress(ips, sh);
        }
        // What is remembered of a place moves with it.
        let homes: Vec<_> =
            self.servers().map(|server| server.addr.clone()).filter(|addr| addr.is_named(name)).collect();
        for server in self.servers_mut() {
            if let Some(home) = &mut server.spot.home {
                if let Some(now) =
                    homes.iter().find(|addr| addr.is_named(&home.host) && addr.port == home.port)
                {
                    home.ip = now.ip;
                }
            }
        }
        for peer in self.peers.values_mut().filter(|peer| peer.addr.is_named(name)) {
            peer.addr.ip = ips.first().copied();
        }
    }
}

impl Server {
    fn readdress(&mut self, ips: &[IpAddr], sh: &mut Shared) {
        let connected = self.cmd.exists() || self.pubsub.exists();
        if !self.addr.moves(ips, connected) {
            return;
        }
        if connected {
            self.close_links(sh);
            self.ping.note_broken(sh.now.mono);
        }
        (self.cmd.last_attempt, self.pubsub.last_attempt) = (None, None);
    }
}

impl PeerLink {
    fn readdress(&mut self, ips: &[IpAddr], sh: &mut Shared) {
        let connected = self.conn.exists();
        if !self.addr.moves(ips, connected) {
            return;
        }
        if connected {
            self.conn.close(sh);
            self.ping.note_broken(sh.now.mono);
        }
        self.conn.last_attempt = None;
    }
}

impl Addr {
    /// Takes what its name was found to lead to; false if it stays where it is.
    fn moves(&mut self, ips: &[IpAddr], connected: bool) -> bool {
        if connected && self.ip.is_some_and(|ip| ips.contains(&ip)) {
            return false;
        }
        let to = ips.first().copied();
        std::mem::replace(&mut self.ip, to) != to
    }
}

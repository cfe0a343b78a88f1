//! Answers to peers and clients: the commands they send in a simulated world, and an error to every other.

use std::net::{IpAddr, SocketAddr};

use watchkeeper_core::Event;
use watchkeeper_core::event::EventKind;
use watchkeeper_core::glob;
use watchkeeper_resp::{RequestDecoder, RequestLimits, encode};

use super::hello::CHANNEL;
use super::state::{Group, Phase, Server, Who};
use super::{Client, Held, UpstreamSentinel, now};
use crate::fact::Fact;
use crate::process::ConnId;
use crate::world::Ctx;

impl UpstreamSentinel {
    pub(super) fn accepted(&mut self, conn: ConnId) {
        let decoder = RequestDecoder::new(RequestLimits::authenticated());
        self.clients.insert(conn, Client { decoder, channels: Vec::new(), patterns: Vec::new() });
    }

    pub(super) fn asked(&mut self, conn: ConnId, bytes: &[u8], ctx: &mut Ctx<'_>) {
        if let Some(client) = self.clients.get_mut(&conn) {
            client.decoder.feed(bytes);
        }
        while let Some(client) = self.clients.get_mut(&conn) {
            match client.decoder.next() {
                Ok(Some(argv)) if argv.is_empty() => {}
                Ok(Some(argv)) => {
                    let words: Vec<_> = argv.iter().map(|word| String::from_utf8_lossy(word)).collect();
                    let words: Vec<&str> = words.iter().map(|word| &**word).collect();
                    let mut out = Vec::new();
                    self.execute(conn, &words, &mut out, ctx);
                    self.reply(conn, out);
                }
                Ok(None) => return,
                Err(_) => self.close(conn, ctx),
            }
        }
    }

    fn execute(&mut self, conn: ConnId, argv: &[&str], out: &mut Vec<u8>, ctx: &mut Ctx<'_>) {
        match (&argv[0].to_ascii_uppercase()[..], &argv[1..]) {
            ("PING", []) => encode::simple(out, "PONG"),
            ("CLIENT" | "AUTH", [..]) => encode::simple(out, "OK"),
            ("PUBLISH", [CHANNEL, payload]) => {
                self.hear_hello(payload, ctx);
                encode::integer(out, 1);
            }
            ("PUBLISH", [..]) => {
                encode::error(out, "ERR Only HELLO messages are accepted by Sentinel instances.");
            }
            ("SUBSCRIBE", names) => self.subscribe(conn, names, false, out),
            ("PSUBSCRIBE", names) => self.subscribe(conn, names, true, out),
            ("INFO", [..]) => encode::bulk(out, self.info_text().as_bytes()),
            ("ROLE", []) => {
                encode::array_header(out, 2);
                encode::bulk(out, b"sentinel");
                encode::array_header(out, self.groups.len());
                for group in &self.groups {
                    encode::bulk(out, group.config.name.0.as_bytes());
                }
            }
            ("SENTINEL", [word, rest @ ..]) => self.sentinel(&word.to_ascii_lowercase(), rest, out, ctx),
            (word, _) => encode::error(out, &format!("ERR unknown command '{word}'")),
        }
    }

    fn sentinel(&mut self, word: &str, args: &[&str], out: &mut Vec<u8>, ctx: &mut Ctx<'_>) {
        match (word, args) {
            ("myid", []) => encode::bulk(out, self.id.as_bytes()),
            ("masters", []) => {
                encode::array_header(out, self.groups.len());
                for g in 0..self.groups.len() {
                    self.master_fields(g, now(ctx), out);
                }
            }
            ("is-master-down-by-addr", [host, port, epoch, id]) => {
                self.is_master_down(host, port, epoch, id, out, ctx);
            }
            ("reset", [pattern]) => self.reset(pattern, out, ctx),
            (_, [name]) => match self.groups.iter().position(|group| group.config.name.0 == *name) {
                Some(g) => self.of_group(word, g, out, ctx),
                None if word == "get-master-addr-by-name" => encode::null_array2(out),
                None => encode::error(out, "ERR No such master with that name"),
            },
            _ => encode::error(out, &format!("ERR unknown subcommand or wrong arguments for '{word}'")),
        }
    }

    fn of_group(&mut self, word: &str, g: usize, out: &mut Vec<u8>, ctx: &mut Ctx<'_>) {
        let group = &self.groups[g];
        match word {
            "get-master-addr-by-name" => {
                let master = group.current_master();
                encode::array_header(out, 2);
                encode::bulk(out, master.ip().to_string().as_bytes());
                encode::bulk(out, master.port().to_string().as_bytes());
            }
            "master" => self.master_fields(g, now(ctx), out),
            "slaves" | "replicas" => {
                encode::array_header(out, group.replicas.len());
                for replica in group.replicas.values() {
                    fields(out, &replica_fields(replica));
                }
            }
            "sentinels" => {
                encode::array_header(out, group.peers.len());
                for (id, peer) in &group.peers {
                    let at = peer.watched.addr;
                    let flags = if peer.watched.sdown { "s_down,sentinel" } else { "sentinel" };
                    let named = [
                        ("name", id.clone()),
                        ("ip", at.ip().to_string()),
                        ("port", at.port().to_string()),
                        ("runid", id.clone()),
                        ("flags", flags.to_owned()),
                    ];
                    fields(out, &named);
                }
            }
            "failover" => self.failover_by_hand(g, out, ctx),
            _ => encode::error(out, &format!("ERR unknown subcommand '{word}'")),
        }
    }

    fn failover_by_hand(&mut self, g: usize, out: &mut Vec<u8>, ctx: &mut Ctx<'_>) {
        if self.groups[g].phase != Phase::None {
            return encode::error(out, "INPROG Failover already in progress");
        }
        let now = now(ctx);
        if self.best_replica(g, now).is_none() {
            return encode::error(out, "NOGOODSLAVE No suitable replica to promote");
        }
        let mark = ctx.mark();
        self.start(g, now, ctx);
        self.groups[g].forced = true;
        let (group, epoch) = (self.groups[g].config.name.0.clone(), self.groups[g].failover_epoch);
        ctx.fact_before(mark, Fact::FailoverForced { who: ctx.me(), group, epoch });
        encode::simple(out, "OK");
    }

    /// A vote is given whatever this sentinel sees itself.
    fn is_master_down(
        &mut self,
        host: &str,
        port: &str,
        epoch: &str,
        id: &str,
        out: &mut Vec<u8>,
        ctx: &mut Ctx<'_>,
    ) {
        let (Ok(port), Ok(epoch)) = (port.parse::<u16>(), epoch.parse::<i64>()) else {
            return encode::error(out, "ERR value is not an integer or out of range");
        };
        let asked = host.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, port));
        let found = self.groups.iter().position(|group| Some(group.master.watched.addr) == asked);
        let down = found.is_some_and(|g| !self.tilt && self.groups[g].master.watched.sdown);
        let (leader, vote_epoch) = match found {
            Some(g) if id != "*" => self.vote(g, epoch as u64, id, now(ctx), ctx),
            Some(_) | None => ("*".to_owned(), 0),
        };
        encode::array_header(out, 3);
        encode::integer(out, i64::from(down));
        encode::bulk(out, leader.as_bytes());
        encode::integer(out, vote_epoch as i64);
        let (Some(master), who) = (asked, ctx.me()) else { return };
        if down {
            self.held.push_back(Held::Told(Fact::DownTold { who, master }));
        }
        if leader != "*" {
            self.held.push_back(Held::Told(Fact::VoteTold { who, master, leader, epoch: vote_epoch }));
        }
    }

    /// Forgets everything but the master's address and the epochs, without a write of the file.
    fn reset(&mut self, pattern: &str, out: &mut Vec<u8>, ctx: &mut Ctx<'_>) {
        let mut count = 0;
        for g in 0..self.groups.len() {
            if !glob::matches(pattern.as_bytes(), self.groups[g].config.name.0.as_bytes()) {
                continue;
            }
            count += 1;
            self.forget_servers(g, now(ctx), ctx);
            for peer in std::mem::take(&mut self.groups[g].peers).values() {
                self.release_link(peer.watched.link, ctx);
            }
            self.event(EventKind::ResetMaster, g, &Who::Master, "", ctx);
        }
        encode::integer(out, count);
    }

    // --- Pub/Sub ---

    fn subscribe(&mut self, conn: ConnId, names: &[&str], patterns: bool, out: &mut Vec<u8>) {
        let Some(client) = self.clients.get_mut(&conn) else { return };
        let word = if patterns { "psubscribe" } else { "subscribe" };
        for name in names {
            let list = if patterns { &mut client.patterns } else { &mut client.channels };
            if !list.iter().any(|known| known == name.as_bytes()) {
                list.push(name.as_bytes().to_vec());
            }
            encode::array_header(out, 3);
            encode::bulk(out, word.as_bytes());
            encode::bulk(out, name.as_bytes());
            encode::integer(out, (client.channels.len() + client.patterns.len()) as i64);
        }
    }

    pub(super) fn tell_subscribers(&mut self, event: &Event) {
        let (channel, payload) = (event.name.as_bytes(), event.payload.as_bytes());
        for (conn, client) in &self.clients {
            let mut out = Vec::new();
            if client.channels.iter().any(|name| name == channel) {
                encode::array_header(&mut out, 3);
                encode::bulk(&mut out, b"message");
                encode::bulk(&mut out, channel);
                encode::bulk(&mut out, payload);
            }
            for pattern in client.patterns.iter().filter(|pattern| glob::matches(pattern, channel)) {
                encode::array_header(&mut out, 4);
                encode::bulk(&mut out, b"pmessage");
                encode::bulk(&mut out, pattern);
                encode::bulk(&mut out, channel);
                encode::bulk(&mut out, payload);
            }
            if !out.is_empty() {
                self.held.push_back(Held::Reply(*conn, out));
            }
        }
    }

    // --- Pictures ---

    fn info_text(&self) -> String {
        let mut text = format!(
            "# Sentinel\r\nsentinel_masters:{}\r\nsentinel_tilt:{}\r\n",
            self.groups.len(),
            u8::from(self.tilt)
        );
        for (g, group) in self.groups.iter().enumerate() {
            let status = match (group.odown, group.master.watched.sdown) {
                (true, _) => "odown",
                (false, true) => "sdown",
                (false, false) => "ok",
            };
            let (name, master) = (&group.config.name, group.master.watched.addr);
            let (replicas, sentinels) = (group.replicas.len(), group.peers.len() + 1);
            text.push_str(&format!(
                "master{g}:name={name},status={status},address={master},slaves={replicas},sentinels={sentinels}\r\n"
            ));
        }
        text
    }

    fn master_fields(&self, g: usize, now: i64, out: &mut Vec<u8>) {
        let group = &self.groups[g];
        let (at, server) = (group.master.watched.addr, &group.master);
        let mut named = vec![
            ("name", group.config.name.0.clone()),
            ("ip", at.ip().to_string()),
            ("port", at.port().to_string()),
            ("runid", server.run_id.clone().unwrap_or_default()),
            ("flags", master_flags(group)),
            ("info-refresh", (now - server.info_at).to_string()),
            ("config-epoch", group.config_epoch.to_string()),
            ("num-slaves", group.replicas.len().to_string()),
            ("num-other-sentinels", group.peers.len().to_string()),
            ("quorum", group.config.quorum.to_string()),
            ("failover-timeout", group.config.failover_timeout_ms.to_string()),
            ("parallel-syncs", group.config.parallel_syncs.to_string()),
        ];
        if group.phase != Phase::None {
            named.push(("failover-state", group.phase.wire_name().to_owned()));
        }
        fields(out, &named);
    }
}

fn master_flags(group: &Group) -> String {
    let mut flags = String::new();
    let known = [
        (group.master.watched.sdown, "s_down,"),
        (group.odown, "o_down,"),
        (true, "master"),
        (group.phase != Phase::None, ",failover_in_progress"),
        (group.forced, ",force_failover"),
    ];
    known.into_iter().filter(|(set, _)| *set).for_each(|(_, word)| flags.push_str(word));
    flags
}

fn replica_fields(replica: &Server) -> Vec<(&'static str, String)> {
    let at = replica.watched.addr;
    vec![
        ("name", at.to_string()),
        ("ip", at.ip().to_string()),
        ("port", at.port().to_string()),
        ("runid", replica.run_id.clone().unwrap_or_default()),
        ("flags", if replica.watched.sdown { "s_down,slave" } else { "slave" }.to_owned()),
        ("slave-priority", replica.priority.to_string()),
        ("slave-repl-offset", replica.offset.to_string()),
        ("master-host", replica.follows_host.clone().unwrap_or_default()),
        ("master-port", replica.follows_port.to_string()),
    ]
}

/// One entry of a list: names and values in turn.
fn fields(out: &mut Vec<u8>, named: &[(&str, String)]) {
    encode::array_header(out, 2 * named.len());
    for (name, value) in named {
        encode::bulk(out, name.as_bytes());
        encode::bulk(out, value.as_bytes());
    }
}

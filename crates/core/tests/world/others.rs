//! The rest of the world: disk, network, servers, peers, clients. See the parent.

use super::*;

pub(super) fn boot(config: Config, now: Now) -> Sentinel {
    Sentinel::new(config, Persona::Redis, None, 1, now)
        .expect("the configuration of a world has no ACL rules")
}

pub(super) fn last_bytes(at: SocketAddr) -> u32 {
    match at.ip() {
        IpAddr::V4(ip) => u32::from(ip),
        IpAddr::V6(_) => 0,
    }
}

/// `+OK`.
pub fn ok() -> Frame {
    Frame::Simple(b"OK".to_vec())
}

fn bulk(text: impl Into<Vec<u8>>) -> Frame {
    Frame::Bulk(text.into())
}

/// The answer to an ask: `[down, vote, epoch]`.
pub fn vote(down: bool, leader: &str, epoch: i64) -> Frame {
    Frame::Array(vec![Frame::Integer(i64::from(down)), bulk(leader), Frame::Integer(epoch)])
}

impl World {
    // --- Disk ---

    pub(super) fn write(&mut self, version: Version, config: Box<Config>) {
        self.writes += 1;
        match self.disk {
            Disk::Works(ms) => self.later(ms, Todo::Persisted(version, config, true)),
            Disk::Fails(ms) => self.later(ms, Todo::Persisted(version, config, false)),
            Disk::Hangs => self.hanging.push((version, config)),
        }
    }

    pub(super) fn end_write(&mut self, version: Version, config: Box<Config>, fine: bool) {
        if fine {
            self.on_disk = *config;
        }
        let result = if fine { Ok(()) } else { Err("No space left on device".to_owned()) };
        self.step(Input::Persisted { version, result });
    }

    /// Ends the write that hangs, well or not. Later ones hang again.
    pub fn release(&mut self, fine: bool) {
        for (version, config) in std::mem::take(&mut self.hanging) {
            self.end_write(version, config, fine);
        }
    }

    // --- Network ---

    fn state(&self, at: SocketAddr) -> State {
        let server = self.servers.get(&at).map(|server| server.state);
        server.or_else(|| self.peers.get(&at).map(|peer| peer.state)).unwrap_or(State::Refusing)
    }

    pub(super) fn open(&mut self, link: LinkId, to: SocketAddr) {
        self.opened.push((self.now, to));
        let new = Link {
            to,
            decoder: RequestDecoder::new(RequestLimits::authenticated()),
            subscribed: false,
            queued_replicaof: None,
            in_multi: false,
            backlog: VecDeque::new(),
        };
        assert!(self.links.insert(link, new).is_none(), "a link id is used again");
        match self.state(to) {
            State::Up | State::Stopped => self.later(LATENCY, Todo::Connected(link)),
            State::Refusing => self.later(LATENCY, Todo::Down(link, DownReason::Refused)),
            State::Unreachable => {}
        }
    }

    pub(super) fn sent(&mut self, link: LinkId, bytes: &[u8]) {
        let mut commands: Vec<Vec<String>> = Vec::new();
        let Some(known) = self.links.get_mut(&link) else { panic!("bytes for a link that is not open") };
        known.decoder.feed(bytes);
        while let Some(argv) = known.decoder.next().expect("the sentinel sends well-formed commands") {
            commands.push(argv.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect());
        }
        let to = known.to;
        for command in commands {
            self.check_candidacy(to, &command);
            self.later(2 * LATENCY, Todo::Arrive(link, command));
        }
    }

    fn check_candidacy(&self, to: SocketAddr, command: &[String]) {
        let [_, ask, host, port, epoch, id] = command else { return };
        if !self.check_disk || !ask.eq_ignore_ascii_case("is-master-down-by-addr") || id == "*" {
            return;
        }
        let epoch: u64 = epoch.parse().expect("an epoch is a number");
        let (host, port) = (host.as_str(), port.parse().expect("a port is a number"));
        let group = self.on_disk.groups.iter().find(|group| group.host == host && group.port == port);
        let voted = group.is_none_or(|group| group.leader_epoch >= epoch);
        assert!(
            self.on_disk.global.current_epoch >= epoch && voted,
            "{to} learns of a candidacy in epoch {epoch} that is not on disk"
        );
    }

    pub(super) fn arrive(&mut self, link: LinkId, command: Vec<String>) {
        let Some(known) = self.links.get_mut(&link) else { return };
        let to = known.to;
        if self.state(to) != State::Up {
            self.links.get_mut(&link).expect("looked up above").backlog.push_back(command);
            return;
        }
        self.heard.push(Heard { at: self.now, by: to, command: command.join(" ") });
        let denied = self.deny.clone().filter(|(by, _)| *by == to);
        let reply = if let Some((_, frame)) = denied {
            Some(frame)
        } else if self.peers.contains_key(&to) {
            self.peer_answer(to, &command)
        } else {
            self.server_answer(link, to, &command)
        };
        if let Some(frame) = reply {
            self.later(LATENCY, Todo::Frame(link, frame));
        }
    }

    fn links_to(&self, at: SocketAddr) -> Vec<LinkId> {
        self.links.iter().filter(|(_, link)| link.to == at).map(|(id, _)| *id).collect()
    }

    /// It dies: connections break, new ones are refused.
    pub fn crash(&mut self, at: SocketAddr) {
        self.set_state(at, State::Refusing);
        self.cut(at);
    }

    /// Breaks every connection to it.
    pub fn cut(&mut self, at: SocketAddr) {
        for link in self.links_to(at) {
            self.later(0, Todo::Down(link, DownReason::Closed));
        }
    }

    /// Changes its state. What waited at a stopped one is answered when it goes on.
    pub fn set_state(&mut self, at: SocketAddr, state: State) {
        if let Some(server) = self.servers.get_mut(&at) {
            server.state = state;
        }
        if let Some(peer) = self.peers.get_mut(&at) {
            peer.state = state;
        }
        if state == State::Up {
            for link in self.links_to(at) {
                let backlog = self.links.get_mut(&link).map(|known| std::mem::take(&mut known.backlog));
                for command in backlog.into_iter().flatten() {
                    *self.late_answers.entry(self.now).or_default() += 1;
                    self.later(0, Todo::Arrive(link, command));
                }
            }
        }
    }

    /// Sends a frame nobody asked for, on every connection to it.
    pub fn inject(&mut self, at: SocketAddr, frame: &Frame) {
        for link in self.links_to(at) {
            self.later(0, Todo::Frame(link, frame.clone()));
        }
    }

    // --- Servers ---

    fn server_answer(&mut self, link: LinkId, at: SocketAddr, command: &[String]) -> Option<Frame> {
        let word = command[0].to_ascii_uppercase();
        let known = self.links.get_mut(&link)?;
        if known.in_multi && word != "EXEC" {
            if word == "SLAVEOF" {
                known.queued_replicaof = Some(command.to_vec());
            }
            return Some(Frame::Simple(b"QUEUED".to_vec()));
        }
        Some(match &word[..] {
            "PING" => self.server(at).ping.clone().unwrap_or_else(|| Frame::Simple(b"PONG".to_vec())),
            "INFO" => bulk(self.info_text(at)),
            "SUBSCRIBE" => {
                known.subscribed = true;
                Frame::Array(vec![bulk("subscribe"), bulk(&command[1][..]), Frame::Integer(1)])
            }
            "PUBLISH" => {
                self.publish(at, &command[2]);
                Frame::Integer(1)
            }
            "MULTI" => {
                known.in_multi = true;
                ok()
            }
            "EXEC" => {
                known.in_multi = false;
                if let Some(order) = known.queued_replicaof.take() {
                    self.replicaof(at, &order[1], &order[2]);
                }
                Frame::Array(vec![ok()])
            }
            _ => ok(),
        })
    }

    fn replicaof(&mut self, at: SocketAddr, host: &str, port: &str) {
        let server = self.server(at);
        if server.stubborn {
            return;
        }
        let to = host.parse().ok().zip(port.parse().ok());
        server.follows = to.map(|(ip, port): (IpAddr, u16)| SocketAddr::new(ip, port));
        server.link_up = true;
    }

    /// The message goes to every subscriber of that server, ourselves included.
    pub fn publish(&mut self, at: SocketAddr, payload: &str) {
        let message = Frame::Array(vec![bulk("message"), bulk("__sentinel__:hello"), bulk(payload)]);
        for link in self.links_to(at) {
            if self.links[&link].subscribed {
                self.later(LATENCY, Todo::Frame(link, message.clone()));
            }
        }
    }

    fn info_text(&self, at: SocketAddr) -> String {
        let server = &self.servers[&at];
        if let Some(info) = &server.info {
            return info.clone();
        }
        let mut text = format!("# Server\r\nrun_id:{}\r\n# Replication\r\n", server.run_id);
        match server.follows {
            None => {
                text += "role:master\r\n";
                let replicas =
                    self.servers.iter().filter(|(_, s)| s.follows == Some(at) && s.state == State::Up);
                for (n, (addr, s)) in replicas.enumerate() {
                    let (ip, port, offset) = (addr.ip(), addr.port(), s.offset);
                    text += &format!("slave{n}:ip={ip},port={port},state=online,offset={offset},lag=0\r\n");
                }
            }
            Some(master) => {
                let alive = self.servers.get(&master).is_some_and(|m| m.state == State::Up);
                let up = if server.link_up && alive { "up" } else { "down" };
                text += &format!(
                    "role:slave\r\nmaster_host:{}\r\nmaster_port:{}\r\nmaster_link_status:{up}\r\n\
                     slave_repl_offset:{}\r\nslave_priority:{}\r\nreplica_announced:1\r\n",
                    master.ip(),
                    master.port(),
                    server.offset,
                    server.priority,
                );
            }
        }
        text
    }

    // --- Peers ---

    fn peer_answer(&mut self, at: SocketAddr, command: &[String]) -> Option<Frame> {
        let word = command[0].to_ascii_uppercase();
        match &word[..] {
            "PING" => Some(Frame::Simple(b"PONG".to_vec())),
            "PUBLISH" => Some(Frame::Integer(1)),
            "SENTINEL" => self.ask_answer(at, command),
            _ => Some(ok()),
        }
    }

    fn ask_answer(&mut self, at: SocketAddr, command: &[String]) -> Option<Frame> {
        let peer = self.peers.get_mut(&at).expect("a link to a peer leads to one");
        let (group, epoch, id) = (command[2].clone() + &command[3], command[4].parse().ok()?, &command[5]);
        let only =
            peer.sees_only.is_none_or(|only| only.to_string() == format!("{}:{}", command[2], command[3]));
        let (down, wanted) = (peer.sees_down && only, id != "*");
        Some(match &peer.voting {
            Voting::Answer(frame) => frame.clone(),
            Voting::Silent => return None,
            _ if !wanted => vote(down, "*", 0),
            Voting::Nobody => vote(down, "*", 0),
            Voting::For(other) => vote(down, other, epoch as i64),
            Voting::First => {
                let last = peer.voted.entry(group).or_insert((0, "*".into()));
                if epoch > last.0 {
                    *last = (epoch, id.clone());
                }
                vote(down, &last.1, last.0 as i64)
            }
        })
    }

    /// Peer `n` says hello through the channel of a group's present master: its epoch, the master it knows, that
    /// master's config epoch.
    pub fn hello(&mut self, n: usize, g: usize, epoch: u64, to: SocketAddr, config_epoch: u64) {
        let id = self.peer(n).id.clone();
        let text = hello_text(peer(n), &id, epoch, g, to, config_epoch);
        self.publish_to(g, &text);
    }

    /// This payload, on the first server of the group that is up.
    pub fn publish_to(&mut self, g: usize, payload: &str) {
        let at = (0..10).map(|n| replica(g, n)).find(|at| self.state(*at) == State::Up);
        self.publish(at.expect("no server of the group is up"), payload);
        self.run(LATENCY);
    }

    /// Asks for our vote as a peer would; the answer (leader, epoch), or none within a second.
    pub fn vote_request(&mut self, at: SocketAddr, epoch: u64, id: &str) -> Option<Frame> {
        let (ip, port) = (at.ip(), at.port());
        self.try_ask(&format!("SENTINEL is-master-down-by-addr {ip} {port} {epoch} {id}"))
    }

    // --- Clients ---

    /// A new client.
    pub fn client(&mut self) -> ClientId {
        self.next += 1;
        let client = ClientId(self.next);
        self.decoders.insert(client, FrameDecoder::new(1 << 24));
        let from = SocketAddr::from(([127, 0, 0, 1], 40_000));
        let (peer, local) =
            (ClientAddr::Tcp(from), ClientAddr::Tcp(SocketAddr::from(([127, 0, 0, 1], 26_379))));
        let what = ClientInput::Connected(Connected { peer, local, fd: 8, tls: false });
        self.step(Input::Client { client, what });
        client
    }

    /// A command of a client; its replies gather in `replies`.
    pub fn send(&mut self, client: ClientId, words: &[&str]) {
        let argv: Vec<Vec<u8>> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
        self.step(Input::Client { client, what: ClientInput::Command(argv) });
    }

    pub(super) fn replied(&mut self, client: ClientId, bytes: &[u8]) {
        let decoder = self.decoders.get_mut(&client).expect("a reply to a client that is not there");
        decoder.feed(bytes);
        while let Some(frame) = decoder.next().expect("replies are well-formed") {
            self.replies.entry(client).or_default().push_back(frame);
        }
    }

    /// The next reply of a client, waited for a second at most.
    pub fn reply(&mut self, client: ClientId) -> Option<Frame> {
        let waits = |w: &World| w.replies.get(&client).is_none_or(VecDeque::is_empty);
        self.run_while(1_000, waits);
        self.replies.get_mut(&client)?.pop_front()
    }

    /// A command of a new client and its reply, if one comes within a second.
    pub fn try_ask(&mut self, command: &str) -> Option<Frame> {
        let client = self.client();
        self.send(client, &command.split(' ').collect::<Vec<_>>());
        let reply = self.reply(client);
        self.step(Input::Client { client, what: ClientInput::Gone });
        reply
    }

    /// A command of a new client and its reply.
    pub fn ask(&mut self, command: &str) -> Frame {
        self.try_ask(command).unwrap_or_else(|| panic!("no reply to `{command}`"))
    }

    /// The field of a flat array or map reply, as of `SENTINEL MASTER`.
    pub fn field(&mut self, command: &str, name: &str) -> String {
        let Frame::Array(items) = self.ask(command) else { panic!("`{command}` gives no array") };
        let at = items.iter().position(|item| *item == bulk(name)).expect("no such field");
        let Frame::Bulk(value) = &items[at + 1] else { panic!("the value of `{name}` is no text") };
        String::from_utf8_lossy(value).into_owned()
    }

    /// `SENTINEL get-master-addr-by-name`, as `ip:port`.
    pub fn address(&mut self, g: usize) -> String {
        let reply = self.ask(&format!("SENTINEL get-master-addr-by-name {}", group(g)));
        let Frame::Array(items) = reply else { return String::new() };
        let words = items.iter().map(|item| {
            let Frame::Bulk(text) = item else { return format!("{item:?}") };
            String::from_utf8_lossy(text).into_owned()
        });
        words.collect::<Vec<_>>().join(":")
    }

    // --- What was seen ---

    /// Whether an event was seen that begins so.
    pub fn saw(&self, start: &str) -> bool {
        self.count(start) > 0
    }

    /// How many events begin so.
    pub fn count(&self, start: &str) -> usize {
        self.events.iter().filter(|(_, text)| text.starts_with(start)).count()
    }

    /// The time of the first event that begins so.
    pub fn when(&self, start: &str) -> u64 {
        let found = self.events.iter().find(|(_, text)| text.starts_with(start));
        found.unwrap_or_else(|| panic!("no `{start}` in {:#?}", self.events)).0
    }

    /// The names of all events so far, in order.
    pub fn names(&self) -> Vec<&str> {
        self.events.iter().map(|(_, text)| text.split(' ').next().unwrap_or(text)).collect()
    }

    /// Whether a log line contains this.
    pub fn logged(&self, part: &str) -> bool {
        self.logs.iter().any(|(_, text)| text.contains(part))
    }

    /// The commands that `at` received and that begin so, with their times.
    pub fn heard_by(&self, at: SocketAddr, start: &str) -> Vec<(u64, String)> {
        let fits = |h: &&Heard| h.by == at && h.command.starts_with(start);
        self.heard.iter().filter(fits).map(|h| (h.at, h.command.clone())).collect()
    }
}

/// A hello as a peer sends it.
pub fn hello_text(
    from: SocketAddr,
    id: &str,
    epoch: u64,
    g: usize,
    to: SocketAddr,
    config_epoch: u64,
) -> String {
    let (ip, port, group) = (from.ip(), from.port(), group(g));
    format!("{ip},{port},{id},{epoch},{group},{},{},{config_epoch}", to.ip(), to.port())
}

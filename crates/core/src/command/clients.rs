//! The accepted connections: who they are, what they may do, what they wait for; and the way of a command from its
//! words to its handler.
//!
//! Handlers live beside: `login`, `client_cmd`, `pubsub`, `acl_cmd`, `command_cmd`, `info`. Commands about
//! monitored groups leave here as [`EngineCommand`]; their answers come back through [`Clients::reply`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::acl::Acl;
use super::client_cmd::Tracking;
use super::info::Stats;
use super::pubsub::PubSub;
use super::reply::{Protocol, Reply};
use super::table::{self, CommandId, CommandSpec};
use crate::config::General;
use crate::event::LogLevel;
use crate::fingerprint::Fingerprint;
use crate::io::{ClientAddr, ClientId, Connected, Facts, Output, Outputs};
use crate::limits::{ACL_LOG_ENTRIES, BEHIND_MAX, QUEUED_BYTES, QUEUED_COMMANDS, SUBSCRIPTIONS_PER_CLIENT};
use crate::rng::Rng;
use crate::sentinel::Persona;
use crate::time::{Mono, Now};

/// How often a line about HTTP spoken to us is logged at most.
const SECURITY_LOG_MS: u64 = 60_000;
/// Room a reply starts with: enough for an address, the reply sent most.
const REPLY_BYTES: usize = 64;
/// How often idle clients are looked for.
const IDLE_CHECK_MS: u64 = 1000;

/// A command that only the engine can answer. All checks that need no engine have passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EngineCommand {
    /// who asks
    pub(crate) client: ClientId,
    /// which command
    pub(crate) id: CommandId,
    /// its words, the name first
    pub(crate) argv: Vec<Vec<u8>>,
}

/// What became of a command.
pub(super) enum Done {
    /// answer this
    Reply(Reply),
    /// nothing to answer, or answered already
    Silent,
    /// the answer comes later
    Held,
    /// the engine must do it
    Engine,
}

/// CLIENT REPLY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReplyMode {
    On,
    Off,
    /// the next command is not answered
    SkipNext,
    /// this command is not answered
    Skip,
}

/// Why the commands of a client wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    No,
    /// for the answer to an earlier one
    Held,
    /// for the end of CLIENT PAUSE
    Paused,
}

/// One accepted connection.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) peer: String,
    pub(super) local: String,
    pub(super) unix: bool,
    pub(super) fd: i32,
    pub(super) name: Vec<u8>,
    pub(super) lib_name: Vec<u8>,
    pub(super) lib_ver: Vec<u8>,
    pub(super) user: Vec<u8>,
    /// logged in, or connected while no password was needed
    pub(super) authenticated: bool,
    /// what the shell was last told
    told_authenticated: bool,
    pub(super) protocol: Protocol,
    pub(super) connected: Mono,
    pub(super) last: Mono,
    pub(super) reply_mode: ReplyMode,
    pub(super) channels: BTreeSet<Vec<u8>>,
    pub(super) patterns: BTreeSet<Vec<u8>>,
    pub(super) last_command: Option<CommandId>,
    pub(super) argv_bytes: usize,
    pub(super) no_evict: bool,
    pub(super) tracking: Tracking,
    waits: Waits,
    /// replies in the order of their commands, from the first that waits for the disk on: `None` waits
    behind: VecDeque<Option<Reply>>,
    queue: VecDeque<Vec<Vec<u8>>>,
    pub(super) queue_bytes: usize,
    pub(super) close_after: bool,
}

impl Client {
    fn new(now: Now, c: &Connected, authenticated: bool) -> Client {
        Client {
            peer: address(&c.peer),
            local: address(&c.local),
            unix: matches!(c.peer, ClientAddr::Unix(_)),
            fd: c.fd,
            name: Vec::new(),
            lib_name: Vec::new(),
            lib_ver: Vec::new(),
            user: b"default".to_vec(),
            authenticated,
            told_authenticated: authenticated,
            protocol: Protocol::Resp2,
            connected: now.mono,
            last: now.mono,
            reply_mode: ReplyMode::On,
            channels: BTreeSet::new(),
            patterns: BTreeSet::new(),
            last_command: None,
            argv_bytes: 0,
            no_evict: false,
            tracking: Tracking::default(),
            waits: Waits::No,
            behind: VecDeque::new(),
            queue: VecDeque::new(),
            queue_bytes: 0,
            close_after: false,
        }
    }

    /// Channels and patterns together.
    pub(super) fn subscriptions(&self) -> usize {
        self.channels.len() + self.patterns.len()
    }

    /// Tells the shell when it became known, or is no longer so, who this is.
    pub(super) fn tell_authenticated(&mut self, id: ClientId, open_to_all: bool, out: &mut Outputs) {
        let yes = open_to_all || self.authenticated;
        if yes != self.told_authenticated {
            self.told_authenticated = yes;
            out.push(Output::Authenticated { client: id, yes });
        }
    }

    /// The end of a command, answered or not. It releases a held client.
    fn command_ends(&mut self) {
        self.reply_mode = match self.reply_mode {
            ReplyMode::SkipNext => ReplyMode::Skip,
            ReplyMode::Skip | ReplyMode::On => ReplyMode::On,
            ReplyMode::Off => ReplyMode::Off,
        };
        if self.waits == Waits::Held && self.behind.is_empty() {
            self.waits = Waits::No;
        }
    }

    /// Whether a command may run although an earlier one waits for the disk: peers ask for the votes of many groups at once,
    /// and one write is to serve them all.
    fn runs_behind(&self, argv: &[Vec<u8>]) -> bool {
        let word = |at: usize, name: &str| {
            argv.get(at).is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()))
        };
        let asks =
            word(0, "SENTINEL") && (word(1, "IS-MASTER-DOWN-BY-ADDR") || word(1, "IS-PRIMARY-DOWN-BY-ADDR"));
        !self.behind.is_empty()
            && self.behind.len() < BEHIND_MAX
            && self.queue.is_empty()
            && self.waits == Waits::Held
            && (asks || word(0, "PUBLISH") || (word(0, "PING") && argv.len() == 1))
    }
}

fn address(addr: &ClientAddr) -> String {
    match addr {
        ClientAddr::Tcp(addr) => addr.to_string(),
        ClientAddr::Unix(path) => format!("{path}:0"),
    }
}

fn is_local(addr: &ClientAddr) -> bool {
    match addr {
        ClientAddr::Tcp(addr) => addr.ip().to_canonical().is_loopback(),
        ClientAddr::Unix(_) => true,
    }
}

/// CLIENT PAUSE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pause {
    pub(super) until: Mono,
    /// everything waits, not only what would change data
    pub(super) all: bool,
}

/// The settings this module uses.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    protected_mode: bool,
    pub(super) maxclients: u32,
    timeout_ms: u64,
    pub(super) hz: u32,
}

/// All accepted connections and what they share.
#[derive(Debug, Clone)]
pub(crate) struct Clients {
    pub(super) persona: Persona,
    pub(super) settings: Settings,
    /// the words that name commands; not those of the table where `rename-command` changed them
    names: Vec<(Vec<u8>, CommandId)>,
    pub(super) clients: BTreeMap<ClientId, Client>,
    pub(super) acl: Acl,
    pub(super) pubsub: PubSub,
    /// clients with queued commands that may run now
    ready: BTreeSet<ClientId>,
    pub(super) pause: Option<Pause>,
    pub(super) rng: Rng,
    pub(super) facts: Facts,
    pub(super) stats: Stats,
    pub(super) started: Now,
    security_logged: Option<Mono>,
    idle_check: Mono,
}

impl Clients {
    /// An empty table. `acl_file` is the text of the `aclfile` when one is configured. Fails with the lines to log
    /// (separated by `\n`) when ACL rules are wrong; the process must not start then.
    pub(crate) fn new(
        general: &General,
        persona: Persona,
        acl_file: Option<&[u8]>,
        seed: u64,
        now: Now,
    ) -> Result<Clients, String> {
        Ok(Clients {
            persona,
            settings: Settings {
                protected_mode: general.protected_mode,
                maxclients: general.maxclients,
                timeout_ms: general.timeout_s.saturating_mul(1000),
                hz: general.hz,
            },
            names: command_names(&general.rename_commands),
            clients: BTreeMap::new(),
            acl: Acl::new(general, acl_file)?,
            pubsub: PubSub::default(),
            ready: BTreeSet::new(),
            pause: None,
            rng: Rng::new(seed),
            facts: Facts::default(),
            stats: Stats::new(now.mono),
            started: now,
            security_logged: None,
            idle_check: now.mono + IDLE_CHECK_MS,
        })
    }

    /// A connection was accepted.
    pub(crate) fn connected(&mut self, now: Now, id: ClientId, c: Connected, out: &mut Outputs) {
        let refused = if self.clients.len() >= self.settings.maxclients as usize {
            Some("ERR max number of clients reached")
        } else if self.settings.protected_mode && self.acl.default_user().nopass && !is_local(&c.peer) {
            Some(match self.persona {
                Persona::Redis => DENIED_REDIS,
                Persona::Valkey => DENIED_VALKEY,
            })
        } else {
            None
        };
        if let Some(text) = refused {
            self.stats.rejected += 1;
            let mut bytes = Vec::new();
            Reply::Error(text.into()).encode(Protocol::Resp2, &mut bytes);
            out.push(Output::Reply { client: id, bytes });
            out.push(Output::CloseClient { client: id });
            return;
        }
        let open = self.acl.open_to_all();
        self.clients.insert(id, Client::new(now, &c, open));
        out.push(Output::Authenticated { client: id, yes: open });
    }

    /// The other side closed, or the connection broke.
    pub(crate) fn gone(&mut self, id: ClientId) {
        if let Some(client) = self.clients.remove(&id) {
            self.ready.remove(&id);
            self.pubsub.forget(id, &client.channels, &client.patterns);
        }
    }

    /// Takes one whole command. What is returned is for the engine; everything else is answered in `out`.
    pub(crate) fn command(
        &mut self,
        now: Now,
        id: ClientId,
        argv: Vec<Vec<u8>>,
        out: &mut Outputs,
    ) -> Option<EngineCommand> {
        let client = self.clients.get_mut(&id)?;
        client.last = now.mono;
        let waits = client.waits != Waits::No || !client.queue.is_empty() || !client.behind.is_empty();
        if waits && !client.runs_behind(&argv) {
            self.enqueue(id, argv, out);
            return None;
        }
        self.run(now, id, argv, out)
    }

    /// Runs the next command that had to wait and may run now. To be called until it gives `None`.
    pub(crate) fn next_deferred(&mut self, now: Now, out: &mut Outputs) -> Option<EngineCommand> {
        self.end_pause(now);
        while let Some(id) = self.ready.first().copied() {
            let Some(client) = self.clients.get_mut(&id).filter(|c| c.waits == Waits::No) else {
                self.ready.remove(&id);
                continue;
            };
            let Some(argv) = client.queue.pop_front() else {
                self.ready.remove(&id);
                continue;
            };
            client.queue_bytes -= words_bytes(&argv);
            let command = self.run(now, id, argv, out);
            if command.is_some() {
                return command;
            }
        }
        None
    }

    /// Answers a command of the engine's. A held client is released; behind an answer that waits for the disk this one
    /// waits, too. Unknown ids are ignored.
    pub(crate) fn reply(&mut self, id: ClientId, reply: &Reply, out: &mut Outputs) {
        if matches!(reply, Reply::Error(_)) {
            self.stats.errors += 1;
        }
        let Some(client) = self.clients.get_mut(&id) else { return };
        if !client.behind.is_empty() {
            return client.behind.push_back(Some(reply.clone()));
        }
        self.send_reply(id, reply, out);
    }

    /// The answer that [`Clients::promise`] announced, of this client's earliest; and those that waited behind it.
    pub(crate) fn keep_promise(&mut self, id: ClientId, reply: &Reply, out: &mut Outputs) {
        if matches!(reply, Reply::Error(_)) {
            self.stats.errors += 1;
        }
        let Some(client) = self.clients.get_mut(&id) else { return };
        client.behind.pop_front();
        self.send_reply(id, reply, out);
        while let Some(Some(next)) = self.clients.get_mut(&id).and_then(|client| {
            let ready = client.behind.front().is_some_and(Option::is_some);
            if ready { client.behind.pop_front() } else { None }
        }) {
            self.send_reply(id, &next, out);
        }
    }

    /// The answer of this client's command comes later; what it asks of us as a peer meanwhile is answered behind it.
    pub(crate) fn promise(&mut self, id: ClientId) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.waits = Waits::Held;
            client.behind.push_back(None);
        }
    }

    fn send_reply(&mut self, id: ClientId, reply: &Reply, out: &mut Outputs) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        if client.reply_mode == ReplyMode::On || client.reply_mode == ReplyMode::SkipNext {
            let mut bytes = Vec::with_capacity(REPLY_BYTES);
            reply.encode(client.protocol, &mut bytes);
            out.push(Output::Reply { client: id, bytes });
        }
        client.command_ends();
        if client.close_after || !client.queue.is_empty() {
            self.after(id, out);
        }
    }

    /// The answer of this client's command comes later; its further commands wait until then.
    pub(crate) fn hold(&mut self, id: ClientId) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.waits = Waits::Held;
        }
    }

    /// New facts about the process.
    pub(crate) fn facts(&mut self, facts: Facts) {
        self.facts = facts;
    }

    /// Closes idle clients and ends pauses.
    pub(crate) fn tick(&mut self, now: Now, out: &mut Outputs) {
        self.end_pause(now);
        self.stats.sample(now.mono, &self.facts);
        if now.mono < self.idle_check {
            return;
        }
        self.idle_check = now.mono + IDLE_CHECK_MS;
        let timeout = self.settings.timeout_ms;
        if timeout == 0 {
            return;
        }
        let idle =
            |c: &Client| c.waits == Waits::No && c.subscriptions() == 0 && now.mono.since(c.last) > timeout;
        let idle: Vec<_> = self.clients.iter().filter(|(_, c)| idle(c)).map(|(id, _)| *id).collect();
        for id in idle {
            self.close(id, out);
        }
    }

    /// When [`Clients::tick`] has something to do next, if ever.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        let idle = (self.settings.timeout_ms > 0 && !self.clients.is_empty()).then_some(self.idle_check);
        let pause = self.pause.map(|p| p.until);
        idle.into_iter().chain(pause).min()
    }

    /// The words after `user` of every `user` line of the configuration file; none where an `aclfile` is used.
    pub(crate) fn user_lines(&self) -> Vec<Vec<Vec<u8>>> {
        self.acl.user_lines()
    }

    /// Calls `gauge` with the name, size and limit of every queue and table here.
    pub(crate) fn each_gauge(&self, gauge: &mut dyn FnMut(&'static str, usize, usize)) {
        let clients = self.clients.values();
        let most = |count: fn(&Client) -> usize| clients.clone().map(count).max().unwrap_or(0);
        gauge("clients", self.clients.len(), self.settings.maxclients as usize);
        gauge("queued commands of a client", most(|client| client.queue.len()), QUEUED_COMMANDS);
        gauge("queued bytes of a client", most(|client| client.queue_bytes), QUEUED_BYTES);
        gauge("replies of a client that wait", most(|client| client.behind.len()), BEHIND_MAX);
        gauge("subscriptions of a client", most(Client::subscriptions), SUBSCRIPTIONS_PER_CLIENT);
        gauge("entries of the ACL log", self.acl.log.len(), ACL_LOG_ENTRIES as usize);
        gauge("clients with work", self.ready.len(), self.clients.len());
    }

    /// The place of a client among all, oldest first: what its number comes to.
    pub(crate) fn rank(&self, id: ClientId) -> u64 {
        self.clients.range(..id).count() as u64
    }

    /// See [`crate::fingerprint`]: what each client waits for and has yet to be served.
    pub(crate) fn feed(&self, f: &mut Fingerprint) {
        f.number(self.clients.len() as u64);
        for client in self.clients.values() {
            f.shown(&(client.protocol, client.reply_mode, client.waits, &client.queue, client.close_after));
            f.shown(&(&client.channels, &client.patterns, &client.behind));
        }
        f.flag(self.pause.is_some());
        f.wait(self.pause.map(|pause| pause.until).unwrap_or_default());
    }

    /// Lets the commands that waited for the end of a pause run.
    pub(super) fn end_pause(&mut self, now: Now) {
        if self.pause.is_none_or(|p| now.mono < p.until) {
            return;
        }
        self.pause = None;
        for (id, client) in &mut self.clients {
            if client.waits == Waits::Paused {
                client.waits = if client.behind.is_empty() { Waits::No } else { Waits::Held };
                self.ready.insert(*id);
            }
        }
    }

    /// Closes a connection from our side.
    pub(super) fn close(&mut self, id: ClientId, out: &mut Outputs) {
        out.push(Output::CloseClient { client: id });
        self.gone(id);
    }

    /// Closes a connection; the one whose command runs only after its reply.
    pub(super) fn kill(&mut self, victim: ClientId, current: ClientId, out: &mut Outputs) {
        if victim != current {
            self.close(victim, out);
        } else if let Some(client) = self.clients.get_mut(&victim) {
            client.close_after = true;
        }
    }

    /// Tells the shell which clients became (un)authenticated by changed rules.
    pub(super) fn tell_authenticated(&mut self, out: &mut Outputs) {
        let open = self.acl.open_to_all();
        for (id, client) in &mut self.clients {
            client.tell_authenticated(*id, open, out);
        }
    }

    /// What follows the end of a command that is answered otherwise than by [`Clients::reply`], or not at all.
    fn silent(&mut self, id: ClientId, out: &mut Outputs) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.command_ends();
            self.after(id, out);
        }
    }

    /// A client whose command has ended may be due to be closed, or have more to do.
    fn after(&mut self, id: ClientId, out: &mut Outputs) {
        match self.clients.get(&id) {
            Some(client) if client.close_after => self.close(id, out),
            Some(client) if !client.queue.is_empty() => {
                self.ready.insert(id);
            }
            Some(_) | None => {}
        }
    }

    fn enqueue(&mut self, id: ClientId, argv: Vec<Vec<u8>>, out: &mut Outputs) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        client.queue_bytes += words_bytes(&argv);
        client.queue.push_back(argv);
        if client.queue.len() > QUEUED_COMMANDS || client.queue_bytes > QUEUED_BYTES {
            let text = format!(
                "Closing client `{}`: it sent {} commands ({} bytes) while an earlier one is not answered. hint: at \
                 most {QUEUED_COMMANDS} commands and {QUEUED_BYTES} bytes may wait",
                client.peer,
                client.queue.len(),
                client.queue_bytes
            );
            out.push(Output::Log { level: LogLevel::Warning, text });
            self.close(id, out);
        }
    }

    /// Checks a command and runs it.
    fn run(
        &mut self,
        now: Now,
        id: ClientId,
        argv: Vec<Vec<u8>>,
        out: &mut Outputs,
    ) -> Option<EngineCommand> {
        let name = argv.first()?;
        if name.eq_ignore_ascii_case(b"host:") || name.eq_ignore_ascii_case(b"post") {
            self.refuse_http(now, id, out);
            return None;
        }
        let done = match self.checked(now, id, &argv) {
            Ok(spec) if self.paused(spec) => {
                self.postpone(id, argv);
                return None;
            }
            Ok(spec) => {
                self.stats.commands += 1;
                let done = self.handle(now, id, spec.id, &argv, out);
                if matches!(done, Done::Engine) {
                    return Some(EngineCommand { client: id, id: spec.id, argv });
                }
                done
            }
            Err(text) => Done::Reply(Reply::Error(text)),
        };
        match done {
            Done::Reply(reply) => self.reply(id, &reply, out),
            Done::Silent => self.silent(id, out),
            Done::Held => self.hold(id),
            Done::Engine => {}
        }
        None
    }

    /// The checks every command passes, in upstream's order.
    fn checked(&mut self, now: Now, id: ClientId, argv: &[Vec<u8>]) -> Result<&'static CommandSpec, String> {
        let found = self.find(argv);
        let Some(client) = self.clients.get_mut(&id) else { return found };
        client.last_command = found.as_ref().ok().map(|spec| spec.id);
        client.argv_bytes = words_bytes(argv);
        let spec = found?;
        if !spec.arity_fits(argv.len()) {
            return Err(format!("ERR wrong number of arguments for '{}' command", spec.name));
        }
        let needs_login = spec.flags & table::NO_AUTH == 0 && !client.authenticated;
        if needs_login && !self.acl.open_to_all() {
            return Err("NOAUTH Authentication required.".into());
        }
        let restricted = client.protocol == Protocol::Resp2
            && client.subscriptions() > 0
            && (spec.flags & table::PUBSUB == 0 && spec.id != CommandId::Ping
                || spec.id == CommandId::Publish);
        if let Some(Err(denied)) = self.acl.user(&client.user).map(|user| user.check(spec, argv)) {
            return Err(self.denied(now, id, spec, argv, denied));
        }
        if restricted {
            return Err(format!(
                "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in \
                 this context",
                spec.name
            ));
        }
        Ok(spec)
    }

    /// The row of the command these words name.
    pub(super) fn find(&self, argv: &[Vec<u8>]) -> Result<&'static CommandSpec, String> {
        let name = &argv[0];
        let Some((_, found)) = self.names.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)) else {
            return Err(unknown_command(argv));
        };
        let spec = found.spec();
        match argv.get(1) {
            Some(word) if !spec.subcommands().is_empty() => spec.subcommand(word).ok_or_else(|| {
                format!(
                    "ERR unknown subcommand '{}'. Try {} HELP.",
                    quoted(word, 128),
                    quoted(name, 128).to_ascii_uppercase()
                )
            }),
            _ => Ok(spec),
        }
    }

    /// The commands that can be named, containers without their subcommands.
    pub(super) fn top_level(&self) -> impl Iterator<Item = &'static CommandSpec> + '_ {
        self.names.iter().map(|(_, id)| id.spec())
    }

    fn paused(&self, spec: &CommandSpec) -> bool {
        self.pause.is_some_and(|p| p.all || spec.id == CommandId::Publish)
    }

    fn postpone(&mut self, id: ClientId, argv: Vec<Vec<u8>>) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        client.waits = Waits::Paused;
        client.queue_bytes += words_bytes(&argv);
        client.queue.push_front(argv);
    }

    fn refuse_http(&mut self, now: Now, id: ClientId, out: &mut Outputs) {
        if self.security_logged.is_none_or(|at| now.mono.since(at) >= SECURITY_LOG_MS) {
            self.security_logged = Some(now.mono);
            let peer = self.clients.get(&id).map_or("?", |c| &c.peer);
            let text = format!(
                "Possible SECURITY ATTACK detected: `{peer}` speaks HTTP to this port, as a web page does that was \
                 made to reach internal services. The connection is closed."
            );
            out.push(Output::Log { level: LogLevel::Warning, text });
        }
        self.close(id, out);
    }

    /// One line for each command, in the order of the table.
    #[rustfmt::skip]
    fn handle(
        &mut self,
        now: Now,
        id: ClientId,
        command: CommandId,
        argv: &[Vec<u8>],
        out: &mut Outputs,
    ) -> Done {
        use CommandId as C;
        match command {
            C::Auth => self.auth(now, id, argv, out),
            C::Hello => self.hello(now, id, argv, out),
            C::Ping => Done::Reply(self.ping(id, argv)),
            C::Shutdown => shutdown(argv),
            C::Publish => publish(argv),
            C::Subscribe | C::PSubscribe => self.subscribe(id, command, argv, out),
            C::Unsubscribe | C::PUnsubscribe => self.unsubscribe(id, command, argv, out),
            C::AclHelp | C::ClientHelp | C::CommandHelp | C::SentinelHelp => {
                Done::Reply(super::help::reply(command))
            }
            C::Acl | C::AclCat | C::AclDelUser | C::AclDryRun | C::AclGenPass | C::AclGetUser | C::AclList
            | C::AclLoad | C::AclLog | C::AclSave | C::AclSetUser | C::AclUsers | C::AclWhoAmI => {
                self.acl_command(now, id, command, argv, out)
            }
            C::Client | C::ClientCaching | C::ClientGetName | C::ClientGetRedir | C::ClientId | C::ClientInfo
            | C::ClientKill | C::ClientList | C::ClientNoEvict | C::ClientPause | C::ClientReply
            | C::ClientSetInfo | C::ClientSetName | C::ClientTracking | C::ClientTrackingInfo
            | C::ClientUnblock | C::ClientUnpause => self.client_command(now, id, command, argv, out),
            C::Command | C::CommandCount | C::CommandDocs | C::CommandGetKeys | C::CommandGetKeysAndFlags
            | C::CommandInfo | C::CommandList => Done::Reply(self.command_command(command, argv)),
            C::Info | C::Role | C::Sentinel | C::SentinelCkQuorum | C::SentinelConfig | C::SentinelDebug
            | C::SentinelFailover | C::SentinelFlushConfig | C::SentinelGetMasterAddrByName
            | C::SentinelGetPrimaryAddrByName | C::SentinelInfoCache | C::SentinelIsMasterDownByAddr
            | C::SentinelIsPrimaryDownByAddr | C::SentinelMaster | C::SentinelMasters | C::SentinelMonitor
            | C::SentinelMyId | C::SentinelPendingScripts | C::SentinelPrimaries | C::SentinelPrimary
            | C::SentinelRemove | C::SentinelReplicas | C::SentinelReset | C::SentinelSentinels
            | C::SentinelSet | C::SentinelSimulateFailure | C::SentinelSlaves => Done::Engine,
        }
    }

    fn ping(&self, id: ClientId, argv: &[Vec<u8>]) -> Reply {
        if argv.len() > 2 {
            return Reply::Error("ERR wrong number of arguments for 'ping' command".into());
        }
        let subscribed = |c: &Client| c.protocol == Protocol::Resp2 && c.subscriptions() > 0;
        if self.clients.get(&id).is_some_and(subscribed) {
            return Reply::bulks([b"pong".to_vec(), argv.get(1).cloned().unwrap_or_default()]);
        }
        argv.get(1).map_or_else(|| Reply::Simple("PONG".into()), |text| Reply::Bulk(text.clone()))
    }
}

const DENIED_REDIS: &str = "DENIED Redis is running in protected mode because protected mode is enabled and no \
    password is set for the default user. In this mode only connections from the loopback interface are accepted. \
    hint: set a password (`requirepass`, or a `user default` line), or set `protected-mode no`.";
const DENIED_VALKEY: &str = "DENIED Running in protected mode because protected mode is enabled and no password is \
    set for the default user. In this mode only connections from the loopback interface are accepted. hint: set a \
    password (`requirepass`, or a `user default` line), or set `protected-mode no`.";

fn words_bytes(argv: &[Vec<u8>]) -> usize {
    argv.iter().map(Vec::len).sum()
}

fn command_names(renames: &[(String, String)]) -> Vec<(Vec<u8>, CommandId)> {
    let mut names: Vec<_> = table::top_level().map(|s| (s.name.as_bytes().to_vec(), s.id)).collect();
    for (old, new) in renames {
        let Some(at) = names.iter().position(|(n, _)| n.eq_ignore_ascii_case(old.as_bytes())) else {
            continue;
        };
        let (_, id) = names.remove(at);
        if !new.is_empty() {
            names.push((new.clone().into_bytes(), id));
        }
    }
    names
}

/// A client's word in an error text: at most `max` bytes, cut at a NUL.
pub(super) fn quoted(word: &[u8], max: usize) -> String {
    let end = word.iter().position(|b| *b == 0).unwrap_or(word.len()).min(max);
    String::from_utf8_lossy(&word[..end]).into_owned()
}

fn unknown_command(argv: &[Vec<u8>]) -> String {
    let mut args = String::new();
    for arg in &argv[1..] {
        if args.len() >= 128 {
            break;
        }
        args = format!("{args}'{}' ", quoted(arg, 128 - args.len()));
    }
    format!("ERR unknown command '{}', with args beginning with: {args}", quoted(&argv[0], 128))
}

/// PUBLISH takes hello messages only; what is in them is the engine's matter.
fn publish(argv: &[Vec<u8>]) -> Done {
    if argv[1] == b"__sentinel__:hello" {
        return Done::Engine;
    }
    Done::Reply(Reply::Error("ERR Only HELLO messages are accepted by Sentinel instances.".into()))
}

fn shutdown(argv: &[Vec<u8>]) -> Done {
    let (mut save, mut nosave, mut abort) = (false, false, false);
    let mut known = true;
    for word in &argv[1..] {
        match word.to_ascii_lowercase().as_slice() {
            b"save" => save = true,
            b"nosave" => nosave = true,
            b"abort" => abort = true,
            b"now" | b"force" => {}
            _ => known = false,
        }
    }
    if !known || (save && nosave) || (abort && argv.len() > 2) {
        return Done::Reply(Reply::Error("ERR syntax error".into()));
    }
    if abort {
        return Done::Reply(Reply::Error("ERR No shutdown in progress.".into()));
    }
    Done::Engine
}

//! A sentinel process of the world: the real core with a shell around it that does what the product's shell does,
//! with the world's network, disk and clocks. It decides nothing; it also tells the properties what it sees going
//! over its lips ([`Fact`]).

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use watchkeeper_core::config::{Config, rewrite};
use watchkeeper_core::io::{
    ClientAddr, ClientId, ClientInput, Connected, DownReason, LinkId, LinkInput, ScriptInput, Version,
};
use watchkeeper_core::view::GroupView;
use watchkeeper_core::{Input, Now, Output, Outputs, Persona, Sentinel};
use watchkeeper_resp::{Frame, FrameDecoder, RequestDecoder, RequestLimits};

use crate::config_text;
use crate::fact::Fact;
use crate::process::{ConnId, Happening, Payload};
use crate::time::Time;
use crate::wire;
use crate::world::Ctx;

/// Replies larger than this are no replies.
const REPLY_MAX: usize = 1 << 24;

/// See the module.
#[derive(Debug, Default)]
pub struct SentinelProcess {
    core: Option<Sentinel>,
    links: BTreeMap<LinkId, ConnId>,
    dialled: BTreeMap<ConnId, Link>,
    accepted: BTreeMap<ConnId, Client>,
    clients: BTreeMap<ClientId, ConnId>,
    next_client: u64,
    /// inputs that follow from outputs at once
    owed: VecDeque<Owed>,
    out: Outputs,
    /// canary to set in every incarnation
    #[cfg(watchkeeper_canary)]
    canary: Option<watchkeeper_core::canary::Canary>,
}

#[derive(Debug)]
struct Link {
    id: LinkId,
    to: SocketAddr,
    decoder: FrameDecoder,
}

#[derive(Debug)]
struct Client {
    id: ClientId,
    decoder: RequestDecoder,
    /// asks not answered yet: the master asked about
    asks: VecDeque<SocketAddr>,
}

#[derive(Debug)]
enum Owed {
    Resolved(watchkeeper_core::io::Ticket),
    ScriptStarted(watchkeeper_core::io::ScriptId),
    ScriptEnded(watchkeeper_core::io::ScriptId),
    ScriptChecked(watchkeeper_core::io::Ticket),
    AclText(watchkeeper_core::io::Ticket),
    AclWritten(watchkeeper_core::io::Ticket),
}

impl SentinelProcess {
    /// A sentinel that will read its configuration from its disk when it is started.
    pub fn new() -> SentinelProcess {
        SentinelProcess::default()
    }

    /// One that runs with a deliberate bug.
    #[cfg(watchkeeper_canary)]
    pub fn with_canary(canary: watchkeeper_core::canary::Canary) -> SentinelProcess {
        SentinelProcess { canary: Some(canary), ..SentinelProcess::default() }
    }

    /// The core, once it was started. It stays to be looked at after the process died.
    pub fn core(&self) -> Option<&Sentinel> {
        self.core.as_ref()
    }

    pub(crate) fn deadline(&self, ctx: &Ctx<'_>) -> Option<Time> {
        self.core.as_ref().map(|core| ctx.when(core.deadline().at))
    }

    pub(crate) fn handle(&mut self, what: Happening, ctx: &mut Ctx<'_>) {
        match what {
            Happening::Boot => self.boot(ctx),
            Happening::Wake => self.step(Input::Wake, ctx),
            Happening::Up { conn, local } => {
                let Some(link) = self.dialled.get(&conn).map(|link| link.id) else { return };
                self.step(Input::Link { link, what: LinkInput::Up { local } }, ctx);
            }
            Happening::Accepted { conn, from } => self.accept(conn, from, ctx),
            Happening::Data { conn, payload } => self.data(conn, payload, ctx),
            Happening::Down { conn, reason } => self.down(conn, reason, ctx),
            Happening::Written { token, ok } => {
                let version = Version(token);
                ctx.fact(Fact::WriteEnded { who: ctx.me(), version, ok });
                let result = if ok { Ok(()) } else { Err("Input/output error".to_owned()) };
                self.step(Input::Persisted { version, result }, ctx);
            }
        }
        self.pay(ctx);
    }

    /// Reads the file and starts anew. A file that can't be read is a defect of the sentinel that wrote it.
    fn boot(&mut self, ctx: &mut Ctx<'_>) {
        let text = ctx.file().expect("a sentinel is started without a configuration file");
        let config = config_text::read(text).unwrap_or_else(|error| {
            let text = String::from_utf8_lossy(text);
            panic!("the file of {} does not load: {error}\n{text}", ctx.addr());
        });
        let now = ctx.clock();
        let seed = ctx.rng().next_u64();
        self.forget();
        let mut core = new_core(config, seed, now);
        #[cfg(watchkeeper_canary)]
        if let Some(canary) = self.canary {
            core.set_canary(canary);
        }
        core.start(now, &mut self.out);
        self.core = Some(core);
        self.perform(ctx);
    }

    fn forget(&mut self) {
        self.links.clear();
        self.dialled.clear();
        self.accepted.clear();
        self.clients.clear();
        self.next_client = 0;
        self.owed.clear();
        self.out = Outputs::default();
    }

    fn step(&mut self, input: Input, ctx: &mut Ctx<'_>) {
        let Some(core) = &mut self.core else { return };
        core.step(ctx.clock(), input, &mut self.out);
        self.perform(ctx);
    }

    /// Gives the core what its outputs asked for and is known at once.
    fn pay(&mut self, ctx: &mut Ctx<'_>) {
        while let Some(owed) = self.owed.pop_front() {
            let input = match owed {
                Owed::Resolved(ticket) => {
                    Input::Resolved { ticket, result: Err("Name or service not known".to_owned()) }
                }
                Owed::ScriptStarted(script) => {
                    Input::Script { script, what: ScriptInput::Started { pid: 1 } }
                }
                Owed::ScriptEnded(script) => {
                    Input::Script { script, what: ScriptInput::Exited { code: 0, signal: 0 } }
                }
                Owed::ScriptChecked(ticket) => Input::ScriptChecked { ticket, executable: true },
                Owed::AclText(ticket) => {
                    Input::AclText { ticket, result: Err("No such file or directory".to_owned()) }
                }
                Owed::AclWritten(ticket) => Input::AclWritten { ticket, result: Ok(()) },
            };
            self.step(input, ctx);
        }
    }

    // --- What comes in ---

    fn accept(&mut self, conn: ConnId, from: SocketAddr, ctx: &mut Ctx<'_>) {
        self.next_client += 1;
        let id = ClientId(self.next_client);
        let decoder = RequestDecoder::new(RequestLimits::authenticated());
        self.accepted.insert(conn, Client { id, decoder, asks: VecDeque::new() });
        self.clients.insert(id, conn);
        let (peer, local) = (ClientAddr::Tcp(from), ClientAddr::Tcp(ctx.addr()));
        let what = ClientInput::Connected(Connected { peer, local, fd: 8, tls: false });
        self.step(Input::Client { client: id, what }, ctx);
    }

    fn data(&mut self, conn: ConnId, payload: Payload, ctx: &mut Ctx<'_>) {
        let Payload::Bytes(bytes) = payload else { return };
        if let Some(link) = self.dialled.get_mut(&conn) {
            link.decoder.feed(&bytes);
            self.frames(conn, ctx);
        } else if let Some(client) = self.accepted.get_mut(&conn) {
            client.decoder.feed(&bytes);
            self.commands(conn, ctx);
        }
    }

    fn frames(&mut self, conn: ConnId, ctx: &mut Ctx<'_>) {
        while let Some(link) = self.dialled.get_mut(&conn) {
            let id = link.id;
            match link.decoder.next() {
                Ok(Some(frame)) => self.step(Input::Link { link: id, what: LinkInput::Frame(frame) }, ctx),
                Ok(None) => return,
                Err(error) => {
                    ctx.close(conn);
                    self.down(conn, DownReason::Protocol(format!("{error:?}")), ctx);
                    return;
                }
            }
        }
    }

    fn commands(&mut self, conn: ConnId, ctx: &mut Ctx<'_>) {
        while let Some(client) = self.accepted.get_mut(&conn) {
            let id = client.id;
            match client.decoder.next() {
                Ok(Some(argv)) if argv.is_empty() => {}
                Ok(Some(argv)) => {
                    client.asks.extend(wire::asked_about(&argv));
                    let forced = wire::failover_request(&argv);
                    let input = Input::Client { client: id, what: ClientInput::Command(argv) };
                    match forced {
                        Some(group) => self.step_forced(group, input, ctx),
                        None => self.step(input, ctx),
                    }
                }
                Ok(None) => return,
                Err(_) => {
                    ctx.close(conn);
                    self.down(conn, DownReason::Closed, ctx);
                    return;
                }
            }
        }
    }

    /// Takes a user's order to fail over. A failover that it starts has a new epoch, and may be over within the step.
    fn step_forced(&mut self, group: String, input: Input, ctx: &mut Ctx<'_>) {
        let epoch = |it: &Self| it.core.as_ref().map_or(0, Sentinel::current_epoch);
        let (mark, before) = (ctx.mark(), epoch(self));
        self.step(input, ctx);
        let epoch = epoch(self);
        if epoch > before {
            ctx.fact_before(mark, Fact::FailoverForced { who: ctx.me(), group, epoch });
        }
    }

    fn down(&mut self, conn: ConnId, reason: DownReason, ctx: &mut Ctx<'_>) {
        if let Some(link) = self.dialled.remove(&conn) {
            self.links.remove(&link.id);
            self.step(Input::Link { link: link.id, what: LinkInput::Down(reason) }, ctx);
        } else if let Some(client) = self.accepted.remove(&conn) {
            self.clients.remove(&client.id);
            self.step(Input::Client { client: client.id, what: ClientInput::Gone }, ctx);
        }
    }

    // --- What goes out ---

    fn perform(&mut self, ctx: &mut Ctx<'_>) {
        for output in self.out.take() {
            self.perform_one(output, ctx);
        }
    }

    fn perform_one(&mut self, output: Output, ctx: &mut Ctx<'_>) {
        match output {
            Output::Persist { version, config } => {
                let text = rewrite(ctx.file(), &config);
                ctx.fact(Fact::WriteBegun { who: ctx.me(), version, config });
                ctx.write_file(version.0, text);
            }
            Output::Open { link, addr, .. } => {
                let conn = ctx.open(addr);
                self.links.insert(link, conn);
                let decoder = FrameDecoder::new(REPLY_MAX);
                self.dialled.insert(conn, Link { id: link, to: addr, decoder });
            }
            Output::Send { link, bytes } => {
                let Some(&conn) = self.links.get(&link) else { return };
                self.observe_sent(conn, &bytes, ctx);
                ctx.send_bytes(conn, bytes);
            }
            Output::Close { link } => {
                if let Some(conn) = self.links.remove(&link) {
                    self.dialled.remove(&conn);
                    ctx.close(conn);
                }
            }
            Output::Reply { client, bytes } => {
                let Some(&conn) = self.clients.get(&client) else { return };
                self.observe_reply(conn, &bytes, ctx);
                ctx.send_bytes(conn, bytes);
            }
            Output::CloseClient { client } => {
                if let Some(conn) = self.clients.remove(&client) {
                    self.accepted.remove(&conn);
                    ctx.close(conn);
                }
            }
            Output::Event(event) => {
                ctx.trace("event", || format!("{} {}", event.name, event.payload));
                ctx.fact(Fact::Event { who: ctx.me(), event });
            }
            Output::Log { level, text } => ctx.trace("log", || format!("{level:?}: {text}")),
            Output::Resolve { ticket, .. } => self.owed.push_back(Owed::Resolved(ticket)),
            Output::Script { script, .. } => {
                self.owed.push_back(Owed::ScriptStarted(script));
                self.owed.push_back(Owed::ScriptEnded(script));
            }
            Output::CheckScript { ticket, .. } => self.owed.push_back(Owed::ScriptChecked(ticket)),
            Output::ReadAcl { ticket, .. } => self.owed.push_back(Owed::AclText(ticket)),
            Output::WriteAcl { ticket, .. } => self.owed.push_back(Owed::AclWritten(ticket)),
            Output::Exit { .. } => ctx.exit(),
            Output::Authenticated { .. }
            | Output::Subscriber { .. }
            | Output::KillScript { .. }
            | Output::LogLevel(_) => {}
        }
    }

    fn observe_sent(&self, conn: ConnId, bytes: &[u8], ctx: &mut Ctx<'_>) {
        let Some(to) = self.dialled.get(&conn).map(|link| link.to) else { return };
        let who = ctx.me();
        match wire::sent(bytes) {
            wire::Sent::Candidacy { master, epoch, candidate } => {
                ctx.trace("ask", || format!("{to} for its vote on {master} in epoch {epoch}"));
                ctx.fact(Fact::AskSent { who, to, master, epoch, candidate });
            }
            wire::Sent::Order { follow } => {
                ctx.trace("order", || match follow {
                    Some(master) => format!("{to} follow {master}"),
                    None => format!("{to} be a master"),
                });
                if follow.is_none() {
                    ctx.fact(Fact::Chosen { who, server: to, group: self.group_with(to) });
                }
                ctx.fact(Fact::OrderSent { who, server: to, follow });
            }
            wire::Sent::Hello { current_epoch, group, master, config_epoch } => {
                ctx.fact(Fact::HelloSent { who, to, current_epoch, group, master, config_epoch });
            }
            wire::Sent::Other => {}
        }
    }

    /// What the core knows of the group that this server is a replica of.
    fn group_with(&self, server: SocketAddr) -> Option<Box<GroupView>> {
        let views = self.core.as_ref()?.view().groups.into_iter();
        let mut views = views.filter(|view| view.replicas.iter().any(|r| r.place.at == Some(server)));
        views.next().map(Box::new)
    }

    fn observe_reply(&mut self, conn: ConnId, bytes: &[u8], ctx: &mut Ctx<'_>) {
        let Some(client) = self.accepted.get_mut(&conn).filter(|client| !client.asks.is_empty()) else {
            return;
        };
        let mut decoder = FrameDecoder::new(REPLY_MAX);
        decoder.feed(bytes);
        while let Ok(Some(frame)) = decoder.next() {
            let Some((down, leader, epoch)) = vote(&frame) else { continue };
            let Some(master) = client.asks.pop_front() else { return };
            if down {
                ctx.fact(Fact::DownTold { who: ctx.me(), master });
            }
            if leader != "*" {
                ctx.trace("vote", || {
                    format!("for {} on {master} in epoch {epoch}", leader.get(..8).unwrap_or(&leader))
                });
                ctx.fact(Fact::VoteTold { who: ctx.me(), master, leader, epoch });
            }
        }
    }
}

/// An answer to an ask: whether the master is down, and the vote.
fn vote(frame: &Frame) -> Option<(bool, String, u64)> {
    let Frame::Array(items) = frame else { return None };
    let [Frame::Integer(down), Frame::Bulk(leader), Frame::Integer(epoch)] = &items[..] else { return None };
    Some((*down == 1, String::from_utf8_lossy(leader).into_owned(), u64::try_from(*epoch).ok()?))
}

fn new_core(config: Config, seed: u64, now: Now) -> Sentinel {
    Sentinel::new(config, Persona::Redis, None, seed, now)
        .unwrap_or_else(|error| panic!("the configuration of a sentinel of the world is refused: {error}"))
}

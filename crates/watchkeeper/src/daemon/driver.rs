//! The one loop: wait for the deadline, a link, a client or another thread; read the clocks once; step the core; do
//! what it says. Nothing is decided here. If this grows, logic has leaked out of the core.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use watchkeeper_core::io::{ClientId, ClientInput, Facts, LinkId, ScriptInput};
use watchkeeper_core::{Deadline, Input, LogLevel, Mono, Now, Output, Outputs, Sentinel};

use super::clock::Clock;
use super::conn::{Hub, Ready};
use super::dns::{Resolver, system_lookup};
use super::links::Links;
use super::listen::UnixSocket;
use super::log::Logger;
use super::notify::Notifier;
use super::outside::{self, Outside};
use super::persist::{self, Writer};
use super::scripts::Scripts;
use super::server::{Server, Turn};
use super::{Startup, accept, acl, facts};

/// Frames or commands taken from one socket before the others have their turn.
const PER_TURN: usize = 64;
/// Turns given before the clocks are read again and sockets are looked at: a client that asks meanwhile waits for so many.
const PER_ROUND: usize = 64;
/// Answers of other threads taken per round.
const OUTSIDE_PER_ROUND: usize = 64;
/// Room for outputs that is kept from one step to the next.
const KEPT_OUTPUTS: usize = 1024;
/// How often the core hears about the process.
const FACTS_EVERY_MS: u64 = 100;
/// How long the exit waits for a write under way.
const EXIT_WRITE: Duration = Duration::from_secs(5);

/// Everything on thread `sentinel`.
#[derive(Debug)]
pub(super) struct Driver {
    core: Sentinel,
    clock: Clock,
    now: Now,
    outputs: Outputs,
    /// empty: its memory is used again
    running: Vec<Output>,
    hub: Rc<Hub>,
    links: Links,
    server: Server,
    writer: Writer,
    resolver: Resolver,
    scripts: Scripts,
    answers: outside::Receiver,
    answer: outside::Sender,
    facts: Facts,
    facts_at: Option<Mono>,
    unix: Option<UnixSocket>,
    log: Arc<Logger>,
    notifier: Arc<Notifier>,
    exit: Option<i32>,
}

impl Driver {
    pub(super) fn new(startup: Startup, core: Sentinel, clock: Clock) -> io::Result<Driver> {
        let Startup { config, config_path, state_path, mut listeners, log, signals, notifier, .. } = startup;
        let general = config.general;
        let hub = Rc::new(Hub::new());
        let (answer, answers) = outside::channel();
        let server = Server::new(&general, Rc::clone(&hub), Arc::clone(&log));
        accept::start(&mut listeners, &general, &server.shared(), &log)?;
        let tls = listeners.contexts.take().map(|contexts| contexts.client);
        let facts = facts::collect(&general, &config_path, notifier.manager())?;
        let (path, render) = persist::destination(config_path, state_path);
        tokio::task::spawn_local(outside::forward(signals, answer.clone()));
        Ok(Driver {
            core,
            clock,
            now: clock.now(),
            outputs: Outputs::default(),
            running: Vec::new(),
            links: Links::new(Rc::clone(&hub), tls),
            hub,
            server,
            writer: Writer::start(path, render, Arc::clone(&log), answer.clone())?,
            resolver: Resolver::new(system_lookup, answer.clone()),
            scripts: Scripts::new(answer.clone()),
            answers,
            answer,
            facts,
            facts_at: None,
            unix: listeners.unix,
            log,
            notifier,
            exit: None,
        })
    }

    /// Runs until the core says `Exit`; the result is its status.
    pub(super) async fn run(mut self) -> i32 {
        self.now = self.clock.now();
        self.tell_facts();
        self.core.start(self.now, &mut self.outputs);
        self.run_outputs();
        self.notifier.ready();
        loop {
            if let Some(code) = self.exit {
                self.leave().await;
                return code;
            }
            let deadline = self.core.deadline();
            let first = self.wait(deadline).await;
            self.now = self.clock.now();
            self.tell_facts();
            if self.now.mono >= deadline.at {
                self.step(Input::Wake);
            }
            self.links.next_round();
            self.take_answers(first);
            self.take_turns();
        }
    }

    /// Waits until there is something to do. Sockets get their turn even when there is always something.
    async fn wait(&mut self, deadline: Deadline) -> Option<Outside> {
        if self.hub.has_ready() || self.server.has_fresh() || self.links.has_undialled() {
            tokio::task::yield_now().await;
            return None;
        }
        let at = tokio::time::Instant::from_std(self.clock.instant(deadline.at));
        tokio::select! {
            () = self.hub.wait() => None,
            first = self.answers.recv() => first,
            () = tokio::time::sleep_until(at) => None,
        }
    }

    fn step(&mut self, input: Input) {
        self.core.step(self.now, input, &mut self.outputs);
        self.run_outputs();
    }

    fn tell_facts(&mut self) {
        if self.facts_at.is_some_and(|at| self.now.mono.since(at) < FACTS_EVERY_MS) {
            return;
        }
        self.facts_at = Some(self.now.mono);
        self.facts.cpu_seconds = facts::cpu_seconds();
        let (accepted, read, written) = self.server.traffic();
        self.facts.connections_received = accepted;
        self.facts.net_input_bytes = read;
        self.facts.net_output_bytes = written;
        self.step(Input::Facts(Box::new(self.facts.clone())));
        self.server.check_soft_limits(self.now.mono);
    }

    fn take_answers(&mut self, first: Option<Outside>) {
        let mut next = first;
        for _ in 0..OUTSIDE_PER_ROUND {
            let Some(outside) = next.take().or_else(|| self.answers.try_recv().ok()) else { return };
            self.take_answer(outside);
        }
    }

    fn take_answer(&mut self, outside: Outside) {
        match outside {
            Outside::Persisted { version, result } => {
                self.writer.answered();
                self.step(Input::Persisted { version, result });
            }
            Outside::Resolved { host, result } => {
                for (ticket, result) in self.resolver.answered(&host, &result) {
                    self.step(Input::Resolved { ticket, result });
                }
            }
            Outside::Script { script, what } => self.step(Input::Script { script, what }),
            Outside::ScriptChecked { ticket, executable } => {
                self.step(Input::ScriptChecked { ticket, executable });
            }
            Outside::AclText { ticket, result } => self.step(Input::AclText { ticket, result }),
            Outside::AclWritten { ticket, result } => self.step(Input::AclWritten { ticket, result }),
            Outside::Terminate => self.step(Input::Shutdown),
        }
    }

    fn take_turns(&mut self) {
        for (client, connected) in self.server.fresh() {
            self.step(Input::Client { client, what: ClientInput::Connected(connected) });
        }
        // Only turns that wait now: who comes back has to wait for the sockets to be looked at.
        for _ in 0..self.hub.len().min(PER_ROUND) {
            match self.hub.next() {
                Some(Ready::Link(link)) => self.link_turn(link),
                Some(Ready::Client(client)) => self.client_turn(client),
                None => return,
            }
        }
    }

    fn link_turn(&mut self, link: LinkId) {
        for _ in 0..PER_TURN {
            match self.links.next(link) {
                Some(what) => self.step(Input::Link { link, what }),
                None => return,
            }
        }
        self.hub.ready(Ready::Link(link));
    }

    fn client_turn(&mut self, client: ClientId) {
        for _ in 0..PER_TURN {
            match self.server.turn(client) {
                Turn::Command(argv) => {
                    self.step(Input::Client { client, what: ClientInput::Command(argv) });
                }
                Turn::Gone => {
                    return self.step(Input::Client { client, what: ClientInput::Gone });
                }
                Turn::Rest => return,
            }
        }
        self.hub.ready(Ready::Client(client));
    }

    /// Does what the core said. An output may be answered at once, which makes more outputs.
    fn run_outputs(&mut self) {
        while !self.outputs.0.is_empty() {
            let mut batch = std::mem::take(&mut self.running);
            std::mem::swap(&mut batch, &mut self.outputs.0);
            for output in batch.drain(..) {
                self.run_output(output);
            }
            if batch.capacity() <= KEPT_OUTPUTS {
                self.running = batch;
            }
        }
    }

    fn run_output(&mut self, output: Output) {
        match output {
            Output::Persist { version, config } => {
                if let Err(reason) = self.writer.write(version, config) {
                    self.answer_now(Input::Persisted { version, result: Err(reason) });
                }
            }
            Output::Open { link, addr, source, tls } => self.links.open(link, addr, source, tls),
            Output::Send { link, bytes } => self.links.send(link, bytes),
            Output::Close { link } => self.links.close(link),
            Output::Reply { client, bytes } => self.server.reply(client, bytes, self.now.mono),
            Output::CloseClient { client } => self.server.close(client),
            Output::Authenticated { client, yes } => self.server.set_authenticated(client, yes),
            Output::Subscriber { client, yes } => self.server.set_subscriber(client, yes),
            Output::Event(event) => {
                self.log.line(event.level, &format!("{} {}", event.name, event.payload));
            }
            Output::Log { level, text } => self.log.line(level, &text),
            Output::Resolve { ticket, host } => {
                if let Some((ticket, result)) = self.resolver.ask(ticket, host) {
                    self.answer_now(Input::Resolved { ticket, result });
                }
            }
            Output::Script { script, argv } => {
                if let Some(what) = self.scripts.run(script, argv) {
                    debug_assert!(matches!(what, ScriptInput::NotStarted));
                    self.answer_now(Input::Script { script, what });
                }
            }
            Output::KillScript { script } => self.scripts.kill(script),
            Output::CheckScript { ticket, path } => self.scripts.check(ticket, path),
            Output::LogLevel(level) => self.log.set_level(level),
            Output::ReadAcl { ticket, path } => acl::read(ticket, path, self.answer.clone()),
            Output::WriteAcl { ticket, path, text } => {
                acl::write(ticket, path, text, self.answer.clone());
            }
            Output::Exit { code } => self.exit = self.exit.or(Some(code)),
        }
    }

    /// An answer that needs no waiting; its outputs follow those of the step that asked.
    fn answer_now(&mut self, input: Input) {
        self.core.step(self.now, input, &mut self.outputs);
    }

    /// Lets a write end and replies leave, and removes the unix socket.
    async fn leave(&mut self) {
        let written = async {
            while self.writer.is_busy() {
                match self.answers.recv().await {
                    Some(Outside::Persisted { .. }) => self.writer.answered(),
                    Some(_) => {}
                    None => return,
                }
            }
        };
        if tokio::time::timeout(EXIT_WRITE, written).await.is_err() {
            self.log
                .line(LogLevel::Warning, "The last state was not on disk within 5 seconds; leaving without.");
        }
        self.server.flush_all().await;
        if let Some(unix) = self.unix.take() {
            unix.remove(&self.log);
        }
    }
}

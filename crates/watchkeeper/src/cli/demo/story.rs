//! The story, in order: set up, show, kill, watch, report, bring back, show, wait for the end.

use std::io::Write;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::phases::{Seen, gap, phases};
use super::stage::{Stage, View};
use super::timeline::Timeline;
use super::tree::{self, Place, place};
use super::{DemoArgs, Feed, listener, writer};

/// How long any step of the story may take before the demo gives up and says what it waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at a condition that must be asked for.
const LOOK: Duration = Duration::from_millis(20);

/// A peaceful moment between the failover and the old master's return.
const REST: Duration = Duration::from_secs(2);

/// Ctrl-C, or another signal to end.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
struct Interrupted;

/// Tells it all; the exit status.
pub(super) fn tell<W: Write>(args: &DemoArgs, once: bool, line: Timeline<W>) -> Result<ExitCode> {
    let (reports, feed) = channel();
    listener::catch_signals(reports.clone())?;
    let mut story = Story {
        stage: Stage::open(args)?,
        line,
        feed,
        seen: Vec::new(),
        writes: Vec::new(),
        found: Vec::new(),
        strict: true,
        recording: true,
    };
    let end = story.acts(args, once, reports);
    let interrupted = end.as_ref().is_err_and(|error| error.is::<Interrupted>());
    let code = match end {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) if interrupted => ExitCode::from(130),
        Err(error) => return Err(error),
    };
    let kept = story.stage.workshop.dir().display().to_string();
    let Story { stage, mut line, .. } = story;
    drop(stage);
    if args.keep_dir {
        line.headline(&format!("Ended; the files are in {kept}"), &format!("结束；文件保留在 {kept}"));
    } else {
        line.headline("Ended; its processes and files are gone", "结束；进程和文件均已清理");
    }
    Ok(code)
}

struct Story<W: Write> {
    stage: Stage,
    line: Timeline<W>,
    feed: Receiver<Feed>,
    seen: Vec<Seen>,
    writes: Vec<writer::Write>,
    /// what the masters held that the writing client found: port, number
    found: Vec<(u16, u64)>,
    /// whether a player's unexpected end ends the demo
    strict: bool,
    /// whether events and writes are kept for the report
    recording: bool,
}

impl<W: Write> Story<W> {
    fn acts(&mut self, args: &DemoArgs, once: bool, reports: Sender<Feed>) -> Result<()> {
        self.set_up(reports)?;
        self.show_before()?;
        if args.no_kill {
            self.strict = false;
            self.recording = false;
            return self.look_on(once.then_some(Duration::from_secs(args.seconds)));
        }
        let peace = Instant::now() + Duration::from_secs(args.seconds);
        self.until("the kill", None, |_| Instant::now() >= peace)?;
        let killed = self.kill()?;
        let promoted = self.watch_failover(killed)?;
        self.report(killed, promoted);
        self.recording = false;
        self.bring_back(promoted)?;
        self.show_after();
        self.strict = false;
        if once { Ok(()) } else { self.look_on(None) }
    }

    fn set_up(&mut self, reports: Sender<Feed>) -> Result<()> {
        let (server, sentinel) = (self.stage.server_program(), self.stage.sentinel_program());
        self.line.headline("Setting up", "准备");
        self.line.say(&format!("servers: {server}"), &format!("服务器：{server}"));
        self.line.say(
            &format!("sentinels: {sentinel} FILE --sentinel"),
            &format!("哨兵：{sentinel} 配置文件 --sentinel"),
        );
        self.stage.start_servers()?;
        self.until("the replicas to follow their masters", Some(PATIENCE), |story| {
            story.stage.servers_are_in_line()
        })?;
        self.stage.start_sentinels()?;
        self.until("the sentinels to answer", Some(PATIENCE), |story| story.stage.sentinels_answer())?;
        let (ready, subscribed) = channel();
        for (at, sentinel) in self.stage.cast.sentinels.iter().enumerate() {
            let (ready, reports, port) = (ready.clone(), reports.clone(), sentinel.port);
            std::thread::spawn(move || listener::listen(at, port, &ready, &reports));
        }
        let mut standing = 0;
        self.until("the subscriptions to the sentinels' events", Some(PATIENCE), |_| {
            standing += subscribed.try_iter().count();
            standing >= 3
        })?;
        self.until("the sentinels to find each other and the replica", Some(PATIENCE), |story| {
            story.stage.sentinels_know(1)
        })?;
        let ports: Vec<u16> = self.stage.cast.sentinels.iter().map(|sentinel| sentinel.port).collect();
        std::thread::spawn(move || writer::run(&ports, &reports));
        self.until("the first write", Some(PATIENCE), |story| !story.writes.is_empty())
    }

    fn show_before(&mut self) -> Result<()> {
        self.line.headline("Before", "故障之前");
        let tree = tree::draw(&self.stage.cast, self.line.lang());
        self.line.block(&tree);
        self.show_views();
        self.line.say(
            "A client asks the sentinels for the master and writes to it all the time.",
            "一个客户端向哨兵询问主节点，并不停地写入。",
        );
        Ok(())
    }

    fn show_views(&mut self) {
        let mut english = Vec::new();
        let mut chinese = Vec::new();
        for sentinel in &self.stage.cast.sentinels {
            let name = sentinel.name;
            match View::of(sentinel.port) {
                Some(view) => {
                    let master = self.stage.cast.name_of_port(&view.master);
                    english.push(format!(
                        "{name} (master {master}, replicas {}, other sentinels {})",
                        view.replicas, view.peers
                    ));
                    chinese.push(format!(
                        "{name}（主节点 {master}，副本 {}，其他哨兵 {}）",
                        view.replicas, view.peers
                    ));
                }
                None => {
                    english.push(format!("{name} (no answer)"));
                    chinese.push(format!("{name}（无应答）"));
                }
            }
        }
        self.line.say(
            &format!("watched by {}", english.join(", ")),
            &format!("由以下哨兵监视：{}", chinese.join("、")),
        );
    }

    fn kill(&mut self) -> Result<Instant> {
        self.line.headline("The master is killed; the clock starts at 0", "杀死主节点；从零开始计时");
        let killed = Instant::now();
        self.line.restart_clock(killed);
        self.stage.workshop.kill(self.stage.cast.servers[0].name)?;
        self.line.note(killed, "", "kill -9 A", "kill -9 A");
        Ok(killed)
    }

    /// Waits until every sentinel names the same other master and a write to it was accepted; its place in the cast.
    fn watch_failover(&mut self, killed: Instant) -> Result<usize> {
        let old = self.stage.cast.servers[0].port;
        self.until("the failover", Some(PATIENCE), |story| {
            phases(killed, old, &story.seen, &story.writes).len() == super::phases::Phase::ALL.len()
        })?;
        let port = self.writes.last().map_or(0, |write| write.port);
        let at = self.stage.cast.servers.iter().position(|server| server.port == port);
        at.context("the new master is none of the three servers")
    }

    fn report(&mut self, killed: Instant, promoted: usize) {
        let old = self.stage.cast.servers[0].port;
        let new = self.stage.cast.servers[promoted].clone();
        let leader = self.seen.iter().find(|event| event.at >= killed && event.name == "+elected-leader");
        let leader = leader.map_or("?", |event| self.stage.cast.sentinels[event.sentinel].name).to_owned();
        let name = new.name;
        self.line.headline("What happened", "经过");
        self.line.say(
            &format!("{leader} was elected and promoted {name} (127.0.0.1:{}).", new.port),
            &format!("{leader} 当选，并把 {name}（127.0.0.1:{}）提升为主节点。", new.port),
        );
        self.line.table(&phases(killed, old, &self.seen, &self.writes));
        if let Some(gap) = gap(killed, old, &self.writes) {
            let held = self.found.iter().find(|(port, _)| *port == new.port).map_or(0, |(_, number)| *number);
            let lost = self.writes.iter().filter(|w| w.port == old && w.number > held).count();
            let total = self.writes.iter().filter(|w| w.port == old).count();
            let gap = gap.as_millis();
            self.line.say(
                &format!("No write was accepted for {gap} ms. Of {total} writes acknowledged by A, {name} lacks {lost}."),
                &format!("写入中断 {gap} 毫秒。A 确认过的 {total} 次写入中，{name} 缺少 {lost} 次。"),
            );
        }
    }

    fn bring_back(&mut self, promoted: usize) -> Result<()> {
        let rested = Instant::now() + REST;
        self.until("a rest", None, |_| Instant::now() >= rested)?;
        self.line.headline(
            "The old master comes back, with a file that says it is a master; the clock starts at 0",
            "旧主节点恢复，它的配置文件仍称自己是主节点；从零开始计时",
        );
        let restarted = Instant::now();
        self.line.restart_clock(restarted);
        self.stage.start_server(0)?;
        self.line.note(restarted, "", "A is started again", "重新启动 A");
        let (old, new) = (self.stage.cast.servers[0].port, self.stage.cast.servers[promoted].port);
        self.until(
            "the old master to become a replica",
            Some(PATIENCE),
            |_| matches!(place(old), Place::Replica { of, .. } if of == new),
        )?;
        let name = self.stage.cast.servers[promoted].name;
        self.line.note(
            Instant::now(),
            "",
            &format!("A was told to follow {name}"),
            &format!("A 已被告知跟随 {name}"),
        );
        self.until("the old master to be in step", Some(PATIENCE), |_| {
            place(old) == Place::Replica { of: new, linked: true }
        })?;
        self.line.note(
            Instant::now(),
            "",
            &format!("A is in step with {name}"),
            &format!("A 已与 {name} 同步"),
        );
        // The sentinels find the replica of the replica in its new master's INFO, which they read every 10 s.
        self.until("the sentinels to know both replicas", Some(PATIENCE), |story| {
            story.stage.sentinels_know(2)
        })
    }

    fn show_after(&mut self) {
        self.line.headline("After", "故障之后");
        let tree = tree::draw(&self.stage.cast, self.line.lang());
        self.line.block(&tree);
        self.show_views();
        self.line.say(
            "C, the replica of a replica, was not known to the sentinels before: a sentinel reads only its master's list of replicas.",
            "C 是副本的副本，哨兵起初并不知道它：哨兵只读取主节点的副本列表。",
        );
        self.line.say(
            "When B became master, C stayed with it and appeared in that list.",
            "B 成为主节点后，C 仍跟随 B，于是出现在列表中。",
        );
    }

    /// Leaves everything running, for so long or until a signal.
    fn look_on(&mut self, time: Option<Duration>) -> Result<()> {
        let [a, _, _] = &self.stage.cast.servers;
        let sentinel = self.stage.cast.sentinels[0].port;
        self.line.headline(
            "Everything keeps running; Ctrl-C ends it and removes all of it",
            "一切继续运行；按 Ctrl-C 结束并清理",
        );
        let try_it = format!(
            "redis-cli -p {sentinel} sentinel master demo    redis-cli -p {} shutdown nosave",
            a.port
        );
        self.line.say(&format!("try: {try_it}"), &format!("可以试试：{try_it}"));
        let end = time.map(|time| Instant::now() + time);
        let over = self.until("the end", None, |_| end.is_some_and(|end| Instant::now() >= end));
        match over {
            Err(error) if error.is::<Interrupted>() => Ok(()),
            over => over,
        }
    }

    /// Shows what comes in until `done`. Fails when that takes longer than `patience`, when a player ends who
    /// should not, and on a signal.
    fn until(
        &mut self,
        what: &str,
        patience: Option<Duration>,
        mut done: impl FnMut(&mut Self) -> bool,
    ) -> Result<()> {
        let end = patience.map(|patience| Instant::now() + patience);
        let mut next_look = Instant::now();
        loop {
            match self.feed.recv_timeout(next_look.saturating_duration_since(Instant::now())) {
                Ok(Feed::Event(seen)) => {
                    self.line.event(&self.stage.cast, &seen);
                    if self.recording {
                        self.seen.push(seen);
                    }
                }
                Ok(Feed::Write(write)) if self.recording => self.writes.push(write),
                Ok(Feed::Found { port, number }) if self.recording => self.found.push((port, number)),
                Ok(Feed::Write(_) | Feed::Found { .. }) => {}
                Ok(Feed::Stop) => return Err(Interrupted.into()),
                Err(RecvTimeoutError::Disconnected) => bail!("all threads that listen have ended"),
                Err(RecvTimeoutError::Timeout) => {
                    if done(self) {
                        return Ok(());
                    }
                    self.check_players()?;
                    if end.is_some_and(|end| Instant::now() >= end) {
                        bail!("waited {} s for {what}, in vain{}", PATIENCE.as_secs(), self.last_words());
                    }
                    next_look = Instant::now() + LOOK;
                }
            }
        }
    }

    fn check_players(&mut self) -> Result<()> {
        let Some(name) = self.stage.workshop.ended() else { return Ok(()) };
        if self.strict {
            let words = self.stage.workshop.last_words(&name, 8).join("\n  ");
            bail!("`{name}` ended by itself; its last words:\n  {words}");
        }
        self.line.note(Instant::now(), "", &format!("{name} has ended"), &format!("{name} 已结束"));
        Ok(())
    }

    fn last_words(&self) -> String {
        let mut text = String::new();
        for player in self.stage.cast.servers.iter().chain(&self.stage.cast.sentinels) {
            for line in self.stage.workshop.last_words(player.name, 3) {
                text.push_str(&format!("\n  {}: {line}", player.name));
            }
        }
        text.push_str("\nhint: `--keep-dir` keeps the whole logs");
        text
    }
}

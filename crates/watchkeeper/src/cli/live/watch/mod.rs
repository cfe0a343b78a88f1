//! `watchkeeper watch`: the status of a deployment on the whole screen, kept up to date, with its events. Asking and
//! listening is done by threads, so that no server that hangs keeps the screen from following keys; the screen shows
//! how old what it shows is.

mod app;
mod draw;

use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event};

use self::app::{App, News, Wish};
use super::failover::{self, words};
use super::{Interrupt, NOT_ASKED, askable, complain, look_again, reach};
use crate::ask::{Followers, Reach, ReachArgs};
use crate::cli::lang::Lang;
use crate::cli::status;
use crate::live::{Line, Tone};

/// Between two looks at news and keys.
const LOOK: Duration = Duration::from_millis(50);
/// Between two questions to everybody.
const REFRESH: Duration = Duration::from_secs(1);

/// `watchkeeper watch`
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct WatchArgs {
    /// Only this group
    #[arg(value_name = "GROUP")]
    group: Option<String>,
    #[command(flatten)]
    reach: ReachArgs,
}

/// Shows until `q`: 0; 2, if it could not begin.
pub(in crate::cli) fn run(args: &WatchArgs, lang: Lang) -> ExitCode {
    let reach = match reach(&args.reach, lang) {
        Ok(reach) => reach,
        Err(code) => return status(code),
    };
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        complain(no_terminal(&reach, args.group.as_deref(), lang), lang);
        return status(NOT_ASKED);
    }
    // Later the screen keeps what was seen last, and waits for sentinels to come back; nobody is missed who never was there.
    if let Err(why) = askable(&reach, args.group.as_deref(), lang) {
        complain(why, lang);
        return status(NOT_ASKED);
    }
    match show(reach, args.group.clone(), lang) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error, lang);
            status(NOT_ASKED)
        }
    }
}

/// What to use where there is no screen.
fn no_terminal(reach: &Reach, group: Option<&str>, lang: Lang) -> String {
    let name = group.map(|name| format!(" {}", crate::explain::plain(name))).unwrap_or_default();
    let reach = reach.again(|_| true);
    match lang {
        Lang::En => format!(
            "this needs a terminal\nhint: `watchkeeper status{name}{reach}` prints the same once, `watchkeeper events{reach}` what happens"
        ),
        Lang::Zh => format!(
            "需要终端\n提示：`watchkeeper status{name}{reach}` 打印一次，`watchkeeper events{reach}` 打印事件"
        ),
    }
}

fn show(reach: Reach, group: Option<String>, lang: Lang) -> io::Result<()> {
    let interrupt = Interrupt::catch()?;
    let (sender, news) = channel();
    let over = Arc::new(AtomicBool::new(false));
    keep_asking(&reach, group.clone(), sender.clone(), Arc::clone(&over));
    let followers = keep_listening(&reach, sender.clone());
    keep_from_hanging(interrupt.clone(), Arc::clone(&over));
    let colour = std::env::var_os("NO_COLOR").is_none();
    let app = App::new(group, lang, colour, TimeZone::system());
    // Sets the terminal back also when the program panics.
    let mut terminal = ratatui::try_init().inspect_err(|_| ratatui::restore())?;
    let shown = Screen { app, reach, sender, news, interrupt }.follow(&mut terminal);
    ratatui::restore();
    over.store(true, Ordering::Relaxed);
    drop(followers);
    shown
}

/// Ends the process if the screen does not follow a signal, or its terminal is gone. Then, after a connection that broke
/// say, waiting for keys never comes back, and would keep a processor busy for ever; no signal tells of it where the
/// terminal is not the one that controls the process.
fn keep_from_hanging(interrupt: Interrupt, over: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        while !interrupt.came() && io::stdin().is_terminal() {
            std::thread::sleep(LOOK);
        }
        std::thread::sleep(REFRESH);
        if !over.load(Ordering::Relaxed) {
            std::process::exit(NOT_ASKED);
        }
    });
}

fn keep_asking(reach: &Reach, group: Option<String>, sender: Sender<News>, over: Arc<AtomicBool>) {
    let reach = reach.clone();
    std::thread::spawn(move || {
        // Whoever was named at first may die: all who were ever learned of are asked.
        let mut learned = BTreeSet::new();
        while !over.load(Ordering::Relaxed) {
            let seen = look_again(&reach, group.as_deref(), &mut learned);
            if sender.send(News::Status(Box::new(seen))).is_err() {
                return;
            }
            std::thread::sleep(REFRESH);
        }
    });
}

fn keep_listening(reach: &Reach, sender: Sender<News>) -> Followers {
    let (events, heard) = channel();
    std::thread::spawn(move || {
        for heard in heard {
            if sender.send(News::Heard(heard)).is_err() {
                return;
            }
        }
    });
    Followers::start(reach, events)
}

struct Screen {
    app: App,
    reach: Reach,
    sender: Sender<News>,
    news: Receiver<News>,
    interrupt: Interrupt,
}

impl Screen {
    fn follow(mut self, terminal: &mut DefaultTerminal) -> io::Result<()> {
        while !self.interrupt.came() {
            while let Ok(news) = self.news.try_recv() {
                self.app.learn(news);
            }
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let now_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
            let mut question = false;
            terminal.draw(|frame| question = draw::draw(frame, &self.app, now_ms))?;
            self.app.drawn(question);
            if !event::poll(LOOK)? {
                continue;
            }
            let wish = match event::read()? {
                Event::Key(key) => self.app.key(key),
                Event::Resize(..)
                | Event::FocusGained
                | Event::FocusLost
                | Event::Mouse(_)
                | Event::Paste(_) => None,
            };
            match wish {
                Some(Wish::End) => return Ok(()),
                Some(Wish::Failover(group)) => self.fail_over(&group),
                None => {}
            }
        }
        Ok(())
    }

    /// Asks for it without waiting for the answer.
    fn fail_over(&self, name: &str) {
        let Some(group) = self.app.group(name).cloned() else { return };
        let (reach, sender, lang) = (self.reach.clone(), self.sender.clone(), self.app.lang());
        std::thread::spawn(move || {
            let sentinels = failover::to_ask(&reach, &group);
            let answer = match failover::ask(&reach, &sentinels, &group.name) {
                Ok(by) => words::asked(&by, lang),
                Err((at, failure)) => {
                    let text = words::refused(&at, &failure, &group, lang);
                    Line::of(Tone::Bad, &text.replace('\n', "  "))
                }
            };
            // The screen may be gone.
            let _ = sender.send(News::Answer(answer));
        });
    }
}

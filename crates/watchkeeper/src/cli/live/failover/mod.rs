//! `watchkeeper failover GROUP`: asks one sentinel for it, and tells what all of them say until it is over.

mod course;
mod probe;
pub(super) mod unready;
pub(super) mod words;

use std::collections::BTreeSet;
use std::io::{self, BufRead, IsTerminal};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;

use self::course::{Course, End};
use self::probe::Probe;
use super::{Interrupt, NOT_ASKED, WRONG, complain, look, no_such_group, nobody_answered, printed, reach};
use crate::ask::{Endpoint, Failure, Followers, Heard, Picture, Reach, ReachArgs, What, each};
use crate::cli::lang::Lang;
use crate::cli::out;
use crate::cli::status;
use crate::live::{GroupStatus, SentinelState, ServerState, ServerStatus, Status, Story};

/// Between two looks at Ctrl-C and the clock.
const LOOK: Duration = Duration::from_millis(50);
/// Between two looks at whether all servers follow, at first, and later: by a tenth of the time it has taken.
const LOOK_AT_SERVERS: Duration = Duration::from_millis(10);
const LOOK_AT_SERVERS_MAX: Duration = Duration::from_millis(250);
/// Between two looks at whether sentinels are there that are the last to be waited for.
const LOOK_AT_AWAITED: Duration = Duration::from_secs(1);
/// How long the servers are waited for after the switch: redis-sentinel demotes the old master when it looks at it more than
/// 8 s later, which it does every 10 s.
const FOLLOW_MAX: Duration = Duration::from_secs(20);
/// No failover is followed for longer, whatever its `failover-timeout`.
const COURSE_MAX: Duration = Duration::from_secs(24 * 3600);
/// Ended by Ctrl-C, as shells say it.
const INTERRUPTED: i32 = 130;

/// `watchkeeper failover`
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct FailoverArgs {
    /// The group that gets another master
    #[arg(value_name = "GROUP")]
    group: String,
    /// Do it without asking
    #[arg(long, short = 'y')]
    yes: bool,
    #[command(flatten)]
    reach: ReachArgs,
}

/// 0, there is another master; 1, there is not; 2, it was not asked for.
pub(in crate::cli) fn run(args: &FailoverArgs, lang: Lang) -> ExitCode {
    status(match prepare(args, lang) {
        Ok((reach, group)) => perform(&reach, &group, lang),
        Err(code) => code,
    })
}

/// Looks, says what will be done, and has it confirmed.
fn prepare(args: &FailoverArgs, lang: Lang) -> Result<(Reach, GroupStatus), i32> {
    let reach = reach(&args.reach, lang)?;
    let group = fit(&reach, &args.group, lang)?;
    if !args.yes && !io::stdin().is_terminal() {
        let why = lang.pick(
            "standard input is no terminal, so nobody can be asked\nhint: `--yes` does it without asking",
            "标准输入不是终端，无法确认\n提示：`--yes` 不询问直接执行",
        );
        return not_asked(why, lang);
    }
    // What nobody can read is not done either.
    if let Err(error) = out::say(printed(&words::plan(&group, lang)), lang) {
        return not_asked(&error.to_string(), lang);
    }
    if args.yes {
        return Ok((reach, group));
    }
    if confirmed(lang) {
        // Much can happen while somebody thinks about it.
        let now = fit(&reach, &args.group, lang)?;
        if now.master == group.master {
            return Ok((reach, now));
        }
        let why = lang.pick(
            "the master has become another meanwhile\nhint: `watchkeeper status{reach}` shows which",
            "主节点已变更\n提示：用 `watchkeeper status{reach}` 查看",
        );
        return not_asked(&why.replace("{reach}", &now.reach), lang);
    }
    say(lang.pick("Nothing was done.\n", "未执行任何操作。\n"), lang);
    Err(NOT_ASKED)
}

/// The group as it is now, if a failover of it may be asked for.
fn fit(reach: &Reach, name: &str, lang: Lang) -> Result<GroupStatus, i32> {
    let mut seen = look(reach, Some(name));
    if seen.answered == 0 {
        return not_asked(&nobody_answered(&seen, Some(name), lang), lang);
    }
    let Some(group) = seen.groups.pop() else { return not_asked(&no_such_group(reach, name, lang), lang) };
    let why = if group.failover.is_some() {
        words::in_progress(&group, lang)
    } else if let Some(why) = unready::unready(&group, lang) {
        why
    } else {
        return Ok(group);
    };
    say(&printed(&words::standing(&group, lang)), lang);
    not_asked(&why, lang)
}

/// Says why it is not asked for.
fn not_asked<T>(why: &str, lang: Lang) -> Result<T, i32> {
    complain(why, lang);
    Err(NOT_ASKED)
}

/// Tells how it goes. What cannot be written ends nothing and is not in the exit status, which says what became of the master:
/// a failover that was asked for goes on.
fn say(text: &str, lang: Lang) {
    if let Err(error) = out::say(text, lang) {
        complain(error, lang);
    }
}

fn confirmed(lang: Lang) -> bool {
    say(lang.pick("Do it? [y/N] ", "确定执行？[y/N] "), lang);
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line).is_ok();
    read && ["y", "yes", "是"].contains(&line.trim().to_lowercase().as_str())
}

/// Listens first, so that nothing is missed; asks; tells.
fn perform(reach: &Reach, group: &GroupStatus, lang: Lang) -> i32 {
    let interrupt = match Interrupt::catch() {
        Ok(interrupt) => interrupt,
        Err(error) => {
            complain(error, lang);
            return NOT_ASKED;
        }
    };
    let sentinels = to_ask(reach, group);
    let (sender, heard) = channel();
    let mut everybody = reach.clone();
    everybody.sentinels.clone_from(&sentinels);
    let _followers = Followers::start(&everybody, sender);
    let listening = listening(&heard, sentinels.len(), reach.patience);
    let probe = Probe::start(reach, &group.name, sentinels.clone());
    let mut course = Course::new(&group.name, Instant::now(), listening);
    let by = match ask(reach, &sentinels, &group.name) {
        Ok(by) => by,
        Err((at, failure)) => {
            complain(words::refused(&at, &failure, group, lang), lang);
            return WRONG;
        }
    };
    say(&printed(&[words::asked(&by, lang)]), lang);
    let mut story = Story::default();
    story.asked(&by, &group.name);
    let mut telling =
        Telling { reach: &everybody, group, story, heard, interrupt, zone: TimeZone::system(), lang };
    let ended = telling.until_it_ends(&mut course);
    let stopped = ended.as_ref().is_err_and(|stop| *stop == Stop::Interrupted);
    if let Ok(End::Switched(new)) = &ended {
        telling.until_all_follow(&mut course, new);
    }
    let gap = probe.stop();
    if stopped {
        say(&words::goes_on(group, lang), lang);
        return INTERRUPTED;
    }
    let now = afterwards(reach, group, &sentinels, &course);
    say(&printed(&words::summary(&ended, &course, gap, group, now.as_ref(), lang)), lang);
    if matches!(ended, Ok(End::Switched(_))) { 0 } else { WRONG }
}

/// The group as it is when all is over. Who did not answer is not waited for once more.
fn afterwards(
    reach: &Reach,
    before: &GroupStatus,
    sentinels: &[Endpoint],
    course: &Course,
) -> Option<GroupStatus> {
    let heard: Vec<Endpoint> = course.listening().iter().cloned().collect();
    let asked = if heard.is_empty() { sentinels } else { &heard };
    let is_silent = |server: &ServerStatus| matches!(server.state, ServerState::Silent(_));
    let silent = |at: &Endpoint| before.server(at).is_some_and(is_silent);
    let now = Picture::of_known(reach, &before.name, asked, silent).with_sub_replicas(reach);
    Status::of(&now).groups.into_iter().next()
}

/// The sentinels of the group that answered.
pub(super) fn answering(group: &GroupStatus) -> Vec<Endpoint> {
    let answers = |state: &SentinelState| matches!(state, SentinelState::Up | SentinelState::Tilt(_));
    let sentinels = group.sentinels.iter().filter(|sentinel| answers(&sentinel.state));
    sentinels.map(|sentinel| sentinel.at.clone()).collect()
}

/// The same in the order in which they are asked: those that see the master first, and of them whom the user named. One that
/// misses it alone sees no replica either, and would refuse.
pub(super) fn to_ask(reach: &Reach, group: &GroupStatus) -> Vec<Endpoint> {
    let blind = |at: &Endpoint| {
        group.sentinels.iter().any(|sentinel| sentinel.at == *at && group.misses_alone(sentinel))
    };
    let mut sentinels = answering(group);
    sentinels.sort_by_key(|at| (blind(at), !reach.sentinels.contains(at)));
    sentinels
}

/// Waits for the subscriptions; those that take too long are done without.
fn listening(heard: &Receiver<Heard>, wanted: usize, patience: Duration) -> BTreeSet<Endpoint> {
    let until = Instant::now() + patience;
    let mut listening = BTreeSet::new();
    while listening.len() < wanted {
        let left = until.saturating_duration_since(Instant::now());
        let Ok(next) = heard.recv_timeout(left) else { break };
        match next.what {
            What::Connected => drop(listening.insert(next.sentinel)),
            What::Lost(_) => drop(listening.remove(&next.sentinel)),
            What::Event { .. } => {}
        }
    }
    listening
}

/// Asks the first sentinel that answers; who that was.
pub(super) fn ask(
    reach: &Reach,
    sentinels: &[Endpoint],
    group: &str,
) -> Result<Endpoint, (Endpoint, Failure)> {
    let mut failed = None;
    for at in sentinels {
        match reach.sentinel(at).and_then(|mut conn| conn.call(&["SENTINEL", "FAILOVER", group])) {
            Ok(_) => return Ok(at.clone()),
            // Asked and not answered: asking another one as well could make two of it.
            Err(failure @ (Failure::Refused(_) | Failure::Silent(_) | Failure::Broken(_))) => {
                return Err((at.clone(), failure));
            }
            Err(failure @ (Failure::Unreachable(_) | Failure::Protocol(_))) => {
                failed = Some((at.clone(), failure));
            }
        }
    }
    Err(failed.unwrap_or_else(|| {
        (Endpoint::new("?", 0), Failure::Unreachable("no sentinel of the group answers".to_owned()))
    }))
}

/// Why it is no longer followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Interrupted,
    TimeIsUp,
}

/// Tells what is heard.
struct Telling<'a> {
    reach: &'a Reach,
    group: &'a GroupStatus,
    story: Story,
    heard: Receiver<Heard>,
    interrupt: Interrupt,
    zone: TimeZone,
    lang: Lang,
}

impl Telling<'_> {
    /// At most `failover-timeout`, after which a sentinel gives it up itself, and a little for the others to hear of it.
    fn until_it_ends(&mut self, course: &mut Course) -> Result<End, Stop> {
        let limit = Duration::from_millis(u64::try_from(self.group.failover_timeout_ms).unwrap_or(0));
        let until = Instant::now() + limit.min(COURSE_MAX) + FOLLOW_MAX;
        let mut looked: Option<Instant> = None;
        loop {
            self.tell(course, LOOK);
            if looked.is_none_or(|at| at.elapsed() > LOOK_AT_AWAITED) {
                let awaited = course.awaited();
                looked = (!awaited.is_empty()).then(Instant::now);
                self.silent(&awaited).iter().for_each(|at| course.lose(at));
            }
            if let Some(end) = course.end() {
                return Ok(end);
            }
            if self.interrupt.came() {
                return Err(Stop::Interrupted);
            }
            if Instant::now() > until {
                return course.switched().cloned().map(End::Switched).ok_or(Stop::TimeIsUp);
            }
        }
    }

    /// Those of these sentinels that do not answer: one that hangs has a connection that stands.
    fn silent(&self, sentinels: &[Endpoint]) -> Vec<Endpoint> {
        let reach = self.reach.brief();
        let said = each(sentinels, |at| reach.sentinel(at).and_then(|mut conn| conn.call(&["PING"])));
        let silent = sentinels.iter().zip(said).filter(|(_, said)| match said {
            Ok(_) | Err(Failure::Refused(_) | Failure::Protocol(_)) => false,
            Err(Failure::Unreachable(_) | Failure::Silent(_) | Failure::Broken(_)) => true,
        });
        silent.map(|(at, _)| at.clone()).collect()
    }

    /// Until every server that answered before follows the new master, or for a while.
    fn until_all_follow(&mut self, course: &mut Course, new: &Endpoint) {
        // Who reads its data takes no orders until it is done.
        let deaf = |state: &ServerState| {
            matches!(state, ServerState::Silent(_) | ServerState::Login(_) | ServerState::Loading)
        };
        let before = self.group.servers.iter().filter(|server| !deaf(&server.state));
        let expected: Vec<Endpoint> = before.map(|server| server.at.clone()).collect();
        // Of whom nothing is known, nothing is waited for.
        if expected.iter().all(|at| at == new) {
            return;
        }
        let Some(by) = course.told().cloned() else { return };
        let began = Instant::now();
        while began.elapsed() < FOLLOW_MAX && !self.interrupt.came() {
            // Of one sentinel that has switched, and of servers that answered: who hangs is not measured.
            let seen = Status::of(&Picture::of_some(self.reach, &self.group.name, &by, &expected));
            let group = seen.groups.first().filter(|group| group.master == *new);
            let follows = |at: &Endpoint| at == new || group.is_some_and(|group| group.follows_master(at));
            if expected.iter().all(follows) {
                let at = Instant::now();
                self.tell(course, Duration::ZERO);
                course.followed(at);
                return;
            }
            self.tell(course, (began.elapsed() / 10).clamp(LOOK_AT_SERVERS, LOOK_AT_SERVERS_MAX));
        }
    }

    /// Prints what comes within this time, and what is there already.
    fn tell(&mut self, course: &mut Course, wait: Duration) {
        let until = Instant::now() + wait;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(next) = self.heard.recv_timeout(left) else { return };
            let happened = self.story.tell(&next);
            if course.concerns(&next) {
                say(&printed(&[happened.line(&self.zone, self.lang)]), self.lang);
            }
            course.hear(&next);
            if course.end().is_some() {
                return;
            }
        }
    }
}

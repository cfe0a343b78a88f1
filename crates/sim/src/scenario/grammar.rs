//! The tables of everything a line of a scenario can say. They drive the reader, its error messages and the reference
//! in docs/internals/scenarios.md.

use watchkeeper_core::config::Topology;

use crate::disk::Wear;
use crate::setup::{Flavour, Setup, Shape};

use super::form::{Filled, Row, choose};
use super::roster::Roster;
use super::step::{
    Action, Check, Limit, NetworkAction, ProcessAction, SentinelState, ServerAction, ServerState, Sight,
    Start, What,
};
use super::words::{Word, Wrong};

/// Changes what a world begins with.
pub(crate) type Furnish = Box<dyn Fn(&mut Setup)>;

/// How long a step with `when` waits for its event unless it says so.
const WHEN_US: u64 = 60_000_000;

fn furnish(change: impl Fn(&mut Setup) + 'static) -> Furnish {
    Box::new(change)
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn sight(it: &mut Filled) -> Sight {
    Sight { kind: it.event(), of: it.who_if(), to: it.who_if(), on: it.who_if() }
}

macro_rules! rows {
    ($($form:literal, $does:literal, $make:expr;)*) => {
        &[$(Row { form: $form, does: $does, make: $make }),*]
    };
}

/// What may stand after `world:`, separated by commas.
pub(crate) const WORLD: &[Row<Furnish>] = rows! {
    "<number> sentinels|sentinel", "so many sentinels of ours, each on a host of its own (3)", |it| {
        let n = it.number() as usize;
        furnish(move |setup| setup.sentinels = vec![Flavour::Ours; n.min(200)])
    };
    "<number> upstream sentinels|sentinel", "and so many more that keep upstream's timing (0)", |it| {
        let n = it.number() as usize;
        furnish(move |setup| setup.sentinels.extend(vec![Flavour::Upstream; n.min(200)]))
    };
    "<number> servers|server", "data servers of each group, the master among them (3)", |it| {
        let n = it.number() as usize;
        furnish(move |setup| setup.servers = n.clamp(1, 200))
    };
    "<number> groups|group", "monitored groups: `mymaster`, `mymaster-1`, ... (1)", |it| {
        let n = it.number() as usize;
        furnish(move |setup| setup.groups = n.clamp(1, 1_000))
    };
    "star", "every replica follows the master (this is how it is unless said otherwise)",
        |_| furnish(|setup| setup.shape = Shape::Star);
    "chain", "every replica follows the one before it", |_| furnish(|setup| setup.shape = Shape::Chain);
    "tree", "every server feeds two, as far as there are so many", |_| furnish(|setup| setup.shape = Shape::Tree);
    "topology star", "`replication-topology` of the sentinels of ours (this is how it is unless said otherwise)",
        |_| furnish(|setup| setup.topology = Topology::Star);
    "topology keep", "the shape stays as it is", |_| furnish(|setup| setup.topology = Topology::Keep);
    "topology chain", "replicas are kept in one line", |_| furnish(|setup| setup.topology = Topology::Chain);
    "colocated", "sentinel n stands on the host of server n", |_| furnish(|setup| setup.colocated = true);
    "quorum <number>", "`quorum` (2)", |it| {
        let n = small(it.number());
        furnish(move |setup| setup.quorum = n)
    };
    "down-after <time>", "`down-after-milliseconds` (2s)", |it| {
        let us = it.us();
        furnish(move |setup| setup.down_after_ms = us / 1_000)
    };
    "refused-down-after <time>", "`refused-down-after-milliseconds` of the sentinels of ours (0s: off)", |it| {
        let us = it.us();
        furnish(move |setup| setup.refused_down_after_ms = us / 1_000)
    };
    "reboot-down-after <time>", "`master-reboot-down-after-period` of the sentinels of ours (0s: off)", |it| {
        let us = it.us();
        furnish(move |setup| setup.reboot_down_after_ms = us / 1_000)
    };
    "failover-timeout <time>", "`failover-timeout` (10s)", |it| {
        let us = it.us();
        furnish(move |setup| setup.failover_timeout_ms = us / 1_000)
    };
    "parallel-syncs <number>", "`parallel-syncs` (1)", |it| {
        let n = i32::try_from(it.number()).unwrap_or(i32::MAX);
        furnish(move |setup| setup.parallel_syncs = n)
    };
    "priorities <number> [<number>] [<number>] [<number>] [<number>] [<number>]",
        "`replica-priority` of redis-1, redis-2, ...; 100 for the others", |it| {
        let mut given = vec![small(it.number())];
        while !it.is_empty() {
            given.extend(it.number_if().map(small));
        }
        furnish(move |setup| setup.priorities.clone_from(&given))
    };
    "persistent yes", "servers keep their data over a restart (this is how it is unless said otherwise)",
        |_| furnish(|setup| setup.server.persistent = true);
    "persistent no", "servers come back empty", |_| furnish(|setup| setup.server.persistent = false);
    "config-rewrite no", "servers cannot write their files: a restart forgets whom they were told to follow",
        |_| furnish(|setup| setup.server.rewritable = false);
    "min-replicas <number>", "`min-replicas-to-write` of every server (0: off)", |it| {
        let n = small(it.number());
        furnish(move |setup| setup.server.min_replicas = n)
    };
    "loading <time>", "how long a server loads its data when it starts (0s)", |it| {
        let us = it.us();
        furnish(move |setup| setup.server.loading_us = us)
    };
    "full-sync <time>", "how long a full copy to a replica takes (50ms)", |it| {
        let us = it.us();
        furnish(move |setup| setup.server.full_sync_us = us)
    };
    "diskless-load yes", "a replica throws its data away when a full copy begins to come, not when it is there",
        |_| furnish(|setup| setup.server.diskless_load = true);
    "<number> writers|writer", "clients of each group that ask a sentinel for the master and write to it (1)", |it| {
        let n = it.number() as usize;
        furnish(move |setup| setup.writers = n.min(50))
    };
    "a write every <time>", "how often each of them writes (100ms)", |it| {
        let us = it.us();
        furnish(move |setup| setup.write_period_ms = (us / 1_000).max(1))
    };
    "waiting for <number> replicas|replica", "a write counts once so many replicas have it (`WAIT`; 0: off)", |it| {
        let n = small(it.number());
        furnish(move |setup| setup.wait_replicas = n)
    };
    "drift <number> ppm", "clocks run up to so many parts per million fast or slow (0)", |it| {
        let n = i64::try_from(it.number()).unwrap_or(100_000).min(100_000);
        furnish(move |setup| setup.drift_ppm = n)
    };
    "tilt-clock monotonic", "jumps of the wall clock do not enter TILT (`sentinel tilt-clock monotonic`)",
        |_| furnish(|setup| setup.tilt_clock_monotonic = true);
    "seed <number>", "everything random follows from it (1)", |it| {
        let n = it.number();
        furnish(move |setup| setup.seed = n)
    };
};

/// What can be done.
pub(crate) const ACTIONS: &[Row<Action>] = rows! {
    "wait <time>", "nothing but time passes", |it| Action::Wait(it.us());
    "crash <processes>", "ends a process as SIGKILL does: its host closes the connections",
        |it| Action::Process(it.who(), ProcessAction::Crash);
    "restart <processes> [empty] [loading for <time>]", "starts it again (ends it first if it runs); `empty`: without its data; `loading`: it answers -LOADING for so long",
        |it| Action::Process(it.who(), ProcessAction::Restart { empty: it.flag(), loading_us: it.us_if() });
    "pause <processes> [for <time>]", "stops a process as SIGSTOP does: connections stay, nobody answers",
        |it| Action::Process(it.who(), ProcessAction::Pause { us: it.us_if() });
    "resume <processes>", "lets it go on", |it| Action::Process(it.who(), ProcessAction::Resume);
    "power off <processes>", "takes the power from the host of each: all its processes are gone and nobody is told",
        |it| Action::Process(it.who(), ProcessAction::PowerOff);
    "power on <processes>", "gives it back and starts all processes of the host",
        |it| Action::Process(it.who(), ProcessAction::PowerOn);
    "cut <processes> from <processes> [for <time>]", "nothing passes between their hosts, in either direction; what is sent waits",
        |it| Action::Network(NetworkAction::Cut { a: it.who(), b: it.who(), us: it.us_if() });
    "cut one way <processes> to <processes> [for <time>]", "nothing passes in this direction",
        |it| Action::Network(NetworkAction::CutOneWay { from: it.who(), to: it.who(), us: it.us_if() });
    "mend <processes> from <processes>", "undoes a cut",
        |it| Action::Network(NetworkAction::Mend { a: it.who(), b: it.who() });
    "isolate <processes> [for <time>]", "cuts their hosts off from every other host, but not from each other",
        |it| Action::Network(NetworkAction::Isolate { who: it.who(), us: it.us_if() });
    "flap <processes> every <time> for <time>", "isolates and mends in turns",
        |it| Action::Network(NetworkAction::Flap { who: it.who(), period_us: it.us(), us: it.us() });
    "slow network of <processes> [to <processes>] by <time>", "everything to and from its host (or between these and those) takes so much longer, each way; 0s ends it",
        |it| Action::Network(NetworkAction::Slow { who: it.who(), to: it.who_if(), us: it.us() });
    "lose <number> percent of <processes>", "so many packets to and from its host must be sent again; 0 ends it", |it| {
        let percent = it.number();
        Action::Network(NetworkAction::Lose { who: it.who(), percent })
    };
    "slow disk of <processes> to <time>", "every write of its file takes so long", |it| {
        let who = it.who();
        Action::Disk(who, Wear { latency_us: it.us(), ..Wear::default() })
    };
    "fail disk of <processes>", "every write of its file fails",
        |it| Action::Disk(it.who(), Wear { fails_permille: 1_000, ..Wear::default() });
    "hang disk of <processes>", "no write of its file ends", |it| Action::Disk(it.who(), Wear { hangs: true, ..Wear::default() });
    "repair disk of <processes>", "writes work again; one that hung ends", |it| Action::Disk(it.who(), Wear::default());
    "jump clock of <processes> <jump>", "sets the wall clock of its host", |it| Action::JumpClock { who: it.who(), ms: it.ms() };
    "failover on <sentinels> [of <group>]", "sends `SENTINEL FAILOVER` to each, in the same instant",
        |it| Action::Failover { on: it.who(), group: it.group_if().unwrap_or(0) };
    "busy <servers> [unkillable] for <time>", "a script runs: everything but SCRIPT KILL is answered with -BUSY; `unkillable`: the script has written, and SCRIPT KILL is refused",
        |it| Action::Server(it.who(), ServerAction::Busy { unkillable: it.flag(), us: it.us() });
    "slow answers of <servers> by <time>", "it answers so much later; 0s ends it",
        |it| Action::Server(it.who(), ServerAction::SlowAnswers(it.us()));
    "set priority of <servers> to <number>", "`replica-priority`",
        |it| Action::Server(it.who(), ServerAction::Priority(small(it.number())));
    "heal", "mends every cut and disk, gives power, resumes and starts everything", |_| Action::Heal;
};

/// What can be expected.
pub(crate) const CHECKS: &[Row<Check>] = rows! {
    "<event> [of <processes>] [to <server>] [on <sentinels>]", "a sentinel emits this event (each of those after `on`); `of`: about this process, `to`: naming this one as the new master",
        |it| Check::Seen(sight(it));
    "no <event> [of <processes>] [to <server>] [on <sentinels>]", "nobody does (none of those after `on`)", |it| Check::NotSeen(sight(it));
    "exactly <number> <event> [of <processes>] [to <server>] [on <sentinels>]", "so many such events in all", |it| {
        let number = it.number();
        Check::Times { least: number, most: number, sight: sight(it) }
    };
    "at most <number> <event> [of <processes>] [to <server>] [on <sentinels>]", "no more than so many",
        |it| Check::Times { least: 0, most: it.number(), sight: sight(it) };
    "log <text> [on <sentinels>]", "a log line has this in it", |it| Check::Log { text: it.text(), on: it.who_if() };
    "no log <text> [on <sentinels>]", "no log line has", |it| Check::NoLog { text: it.text(), on: it.who_if() };
    "a write", "a writer is told that something it wrote is stored", |_| Check::Write;
    "no write", "no writer is", |_| Check::NoWrite;
    "at most <number> writes|write lost", "what was acknowledged since the world began is held by the present master, but for so many",
        |it| Check::Lost { most: it.number() };
    "no writes lost", "all of it is", |_| Check::Lost { most: 0 };
    "master <server> on <sentinels>", "each of them sends clients to this server",
        |it| Check::MasterNamed { server: it.who(), on: it.who() };
    "one master", "of the servers that run, exactly one of each group is a master, and every sentinel that runs names it",
        |_| Check::OneMaster;
    "<processes> is|are running", "the process runs", |it| Check::Runs { who: it.who(), wanted: true };
    "<processes> is|are dead", "it does not", |it| Check::Runs { who: it.who(), wanted: false };
    "<servers> follow|follows <server>", "it is a replica of that one, and its replication link is up",
        |it| Check::Server(it.who(), ServerState::Follows(it.who()));
    "<servers> is a master", "it takes writes", |it| Check::Server(it.who(), ServerState::Master);
    "<servers> is|are empty", "it holds nothing", |it| Check::Server(it.who(), ServerState::Empty);
    "<servers> has|have data", "it holds something", |it| Check::Server(it.who(), ServerState::Data);
    "<sentinels> in tilt", "it is in TILT mode", |it| Check::Sentinel(it.who(), SentinelState::Tilt(true));
    "<sentinels> not in tilt", "it is not", |it| Check::Sentinel(it.who(), SentinelState::Tilt(false));
    "<sentinels> know|knows <number> replicas|replica", "so many replicas of the first group",
        |it| Check::Sentinel(it.who(), SentinelState::Replicas(it.number()));
    "<sentinels> know|knows <number> peers|peer", "so many other sentinels of the first group",
        |it| Check::Sentinel(it.who(), SentinelState::Peers(it.number()));
    "<sentinels> see|sees <processes> down", "it holds it for subjectively down",
        |it| Check::Sentinel(it.who(), SentinelState::Sees { who: it.who(), down: true });
    "<sentinels> see|sees <processes> up", "it does not",
        |it| Check::Sentinel(it.who(), SentinelState::Sees { who: it.who(), down: false });
    "<sentinels> refuse|refuses <server> because <text>", "it would not promote this replica, for this reason",
        |it| Check::Sentinel(it.who(), SentinelState::Refuses { server: it.who(), because: it.text() });
    "settled", "the healed world has come to rest: every property is asked", |_| Check::Settled;
};

/// What may stand before an action.
pub(crate) const STARTS: &[Row<Start>] = rows! {
    "at <time>", "at this time since the world began", |it| Start::At(it.us());
    "after <time>", "so long after the previous action", |it| Start::After(it.us());
};

/// What may stand after an action.
pub(crate) const WHENS: &[Row<Start>] = rows! {
    "when <event> [of <processes>] [to <server>] [on <sentinels>] [within <time>]", "in the instant this event is emitted, after the previous action; `it` is the sentinel that did (within 60s)",
        |it| Start::When { event: sight(it), within: it.us_if().unwrap_or(WHEN_US) };
};

/// What may stand after an expectation; all count from the last action.
pub(crate) const LIMITS: &[Row<Limit>] = rows! {
    "within <time>", "it comes true by then", |it| Limit::Within(it.us());
    "for <time>", "it is true all the time until then", |it| Limit::For(it.us());
};

/// Reads a step.
pub(crate) fn step(words: &[Word], roster: &Roster) -> Result<What, Wrong> {
    let first = words.first().map_or("", |word| word.text.as_str());
    if first == "expect" {
        let (check, at) = choose(CHECKS, "an expectation", words, 1, roster)?;
        let (limit, at) = if at < words.len() {
            choose(LIMITS, "`within`, `for` or the end of the line", words, at, roster)?
        } else {
            (Limit::Now, at)
        };
        ended(words, at)?;
        possible(&check, limit, words)?;
        return Ok(What::Expect { check, limit });
    }
    let timed = matches!(first, "at" | "after");
    let (start, at) = if timed { choose(STARTS, "a time", words, 0, roster)? } else { (Start::Now, 0) };
    let (action, at) = choose(ACTIONS, "an action or `expect`", words, at, roster)?;
    let (start, at) = if at < words.len() && !timed {
        choose(WHENS, "`when` or the end of the line", words, at, roster)?
    } else {
        (start, at)
    };
    ended(words, at)?;
    Ok(What::Do { start, action })
}

fn ended(words: &[Word], at: usize) -> Result<(), Wrong> {
    words.get(at).map_or(Ok(()), |word| {
        let what = format!("expected the end of the line, found `{}`", word.text);
        Err(Wrong { column: word.column, what, hint: "one step stands on one line".to_owned() })
    })
}

/// Some pairs of expectation and limit mean nothing.
fn possible(check: &Check, limit: Limit, words: &[Word]) -> Result<(), Wrong> {
    let hint = match (check, limit) {
        (Check::Seen(_) | Check::Log { .. } | Check::Write, Limit::For(_)) => "use `within`",
        (Check::NotSeen(_) | Check::NoLog { .. } | Check::NoWrite, Limit::Within(_)) => "use `for`",
        (Check::Times { .. } | Check::Settled, Limit::Within(_)) => "use `for`: it is asked at the end",
        _ => return Ok(()),
    };
    let (column, what) = match words.iter().rev().nth(1) {
        Some(word) => (word.column, format!("`{}` says nothing of this expectation", word.text)),
        None => (1, "this limit says nothing of this expectation".to_owned()),
    };
    Err(Wrong { column, what, hint: hint.to_owned() })
}

/// Reads the rest of a `world:` line into a setup.
pub(crate) fn world(words: &[Word], setup: &mut Setup) -> Result<(), Wrong> {
    let roster = Roster::default();
    let mut at = 1;
    loop {
        let (change, next) = choose(WORLD, "what a world begins with", words, at, &roster)?;
        change(setup);
        match words.get(next) {
            None => return Ok(()),
            Some(word) if word.text == "," => at = next + 1,
            Some(word) => {
                let what = format!("expected `,` or the end of the line, found `{}`", word.text);
                return Err(Wrong {
                    column: word.column,
                    what,
                    hint: "separate what a world begins with by commas".to_owned(),
                });
            }
        }
    }
}

/// The names that stand for somebody, for the reference.
pub(crate) const NAMES: &[(&str, &str)] = &[
    ("`redis-1`, `redis-2`, ...", "the servers of the first group; `redis-1` is its master at first"),
    ("`redis-1.1`, `redis-1.2`, ...", "the servers of the second group, `mymaster-1`; and so on"),
    ("`sent-1`, ...; `writer-1`, ...", "the sentinels; the writers"),
    ("`master`, `master of <group>`", "the server that most sentinels hold for the master at that moment"),
    ("`replicas`", "all other servers of the first group"),
    ("`all sentinels`, `every sentinel`, `all servers`", "what they say"),
    ("`the leader`", "the sentinel that was elected last"),
    ("`the candidate`", "the sentinel that tried last to start a failover"),
    ("`it`", "after `when`: the sentinel that emitted the event"),
];

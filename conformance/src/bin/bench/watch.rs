//! Part `watch`: groups that are well, and nothing to do but to watch them. Processor time, memory, and how long a client
//! waits for an address meanwhile; then 10,000 groups in one of our processes, and how punctual its PINGs are.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use watchkeeper_conformance::{Conn, Daemon, Flavour, FrameExt, Scratch, ports, process, subject};

use crate::fleet::{DEADLINE, Fleet, SMALL, Settings, Watch, Watched, stopped};
use crate::host::{Helper, processor_seconds, raise_open_files};
use crate::options::Options;
use crate::report::{Report, name};
use crate::responder::address;
use crate::stat::{Values, millis, ms, ms_between};
use crate::table::Target;

/// The first line of the raw results.
pub(crate) const CSV_HEAD: &str = "sentinels,groups,servers,seconds,cpu_percent,rss_mib,query_p50_ms,query_p99_ms,\
                                   query_max_ms,machine_p99_ms,pings_a_second,ping_gap_p50_ms,ping_gap_p99_ms,ping_gap_max_ms,start_ms";

const DOWN_AFTER_MS: u64 = 30_000;
const FAILOVER_TIMEOUT_MS: u64 = 180_000;
/// Real servers, and groups of the responder.
const REAL: usize = 500;
const MANY: usize = 2_000;
const MOST: usize = 10_000;
/// The period of PING at this `down-after-milliseconds`.
const PERIOD_MS: f64 = 1000.0;
const SECONDS: usize = 25;
/// After everybody knows everybody: what was begun is to be over.
const SETTLE: Duration = Duration::from_secs(8);
const QUERY_EVERY: Duration = Duration::from_millis(5);
const OPEN_FILES: u64 = 100_000;

/// What one flavour used.
struct Usage {
    flavour: Flavour,
    groups: usize,
    cpu: f64,
    rss: f64,
    queries: Values,
    /// the longest time between two PINGs of a group, where the responder has seen it
    longest_gap: Option<f64>,
    started: f64,
}

/// Measures the part.
pub(crate) fn run(options: &Options, report: &mut Report) {
    // Two links to each group; and some of its own.
    let most = usize::try_from(raise_open_files(OPEN_FILES)).unwrap_or(usize::MAX).saturating_sub(150) / 2;
    if most < MOST {
        println!("a process may not open enough files for {MOST} groups here: {most} instead");
    }
    let most = most.min(MOST);
    let seconds = options.seconds.unwrap_or(SECONDS);
    let sizes = options.size.map_or(vec![REAL, MANY, most], |size| vec![size.min(most)]);
    let mut all = Vec::new();
    for groups in sizes {
        // Real servers as far as it is the sentinels that keep the machine busy then, not the servers.
        let place = if groups <= REAL { Place::real(groups) } else { Place::responder(groups) };
        for flavour in options.flavours() {
            // Upstream cannot: 10,000 files are all it opens.
            if groups < most || flavour == Flavour::Ours {
                let sentinels = if groups < most { 3 } else { 1 };
                all.push(measure(&place, flavour, sentinels, seconds, report));
            }
        }
    }
    rows(&all, most, report);
}

fn rows(all: &[Usage], most: usize, report: &mut Report) {
    for ours in all.iter().filter(|usage| usage.flavour == Flavour::Ours) {
        let theirs = all.iter().find(|other| other.flavour == Flavour::Redis && other.groups == ours.groups);
        let groups = ours.groups;
        let of = |of: fn(&Usage) -> f64| (theirs.map(of), Some(of(ours)));
        let (cpu, rss) = (of(|usage| usage.cpu), of(|usage| usage.rss));
        let (half, quick) = if groups >= most {
            (Target::None, Target::None)
        } else {
            (Target::TimesLess(2.0), Target::AtMost(1.0))
        };
        report.row(&format!("{groups} groups, % of a core"), cpu.0, cpu.1, half);
        report.row(&format!("{groups} groups, MiB resident"), rss.0, rss.1, half);
        for (percent, target) in [(50, Target::None), (99, quick), (100, Target::None)] {
            let theirs = theirs.and_then(|usage| usage.queries.percentile(percent));
            let what = if percent == 100 { "longest".to_owned() } else { format!("p{percent}") };
            let measure = format!("{groups} groups, query ms, {what}");
            report.row(&measure, theirs, ours.queries.percentile(percent), target);
        }
        let late = |usage: &Usage| usage.longest_gap.map(|gap| gap - PERIOD_MS);
        if let Some(ours) = late(ours) {
            let target = if groups >= most { Target::AtMost(100.0) } else { Target::None };
            let measure = format!("{groups} groups, ms that a PING came later than its period, worst");
            report.row(&measure, theirs.and_then(late), Some(ours), target);
        }
        let target = if groups >= most { Target::AtMost(1000.0) } else { Target::None };
        let measure = format!("{groups} groups, ms from the start to the first answer");
        report.row(&measure, theirs.map(|usage| usage.started), Some(ours.started), target);
    }
}

/// What is watched.
struct Place {
    groups: usize,
    fleet: Option<Fleet>,
    responder: Option<(u16, Helper)>,
    scratch: Arc<Scratch>,
    /// asked at the same pace as the sentinels: what the machine itself makes a client wait
    idle: Daemon,
}

impl Place {
    fn real(groups: usize) -> Place {
        let scratch = Scratch::new();
        let idle = Daemon::server(Flavour::Redis, &scratch, SMALL);
        let fleet = Some(Fleet::start(Flavour::Redis, groups, 0, SMALL));
        Place { groups, fleet, responder: None, scratch, idle }
    }

    fn responder(groups: usize) -> Place {
        let scratch = Scratch::new();
        let idle = Daemon::server(Flavour::Redis, &scratch, SMALL);
        let port = ports::free_port();
        let file = scratch.path().join("info");
        let info = idle.conn().cmd("INFO").text();
        let id = info.lines().find(|line| line.starts_with("run_id:")).unwrap_or_default().to_owned();
        fs::write(&file, info.replace(&id, "run_id:#")).expect("a file can be written");
        let program = std::env::current_exe().expect("a program knows where it is");
        let argv = [program.into_os_string(), "responder".into(), port.to_string().into(), file.into()];
        let helper = Helper(process::spawn_helper(&argv, |_| {}));
        watchkeeper_conformance::eventually(DEADLINE, "the responder listens", || Conn::open(port));
        Place { groups, fleet: None, responder: Some((port, helper)), scratch, idle }
    }

    fn watched(&self) -> Vec<Watched> {
        let members = self.fleet.as_ref().map(|fleet| &fleet.members);
        let of = |number: usize| {
            let (ip, port) = match (&self.responder, members) {
                (Some((port, _)), _) => (address(number), *port),
                (None, members) => {
                    ("127.0.0.1".to_owned(), members.map_or(0, |all| all[number].servers[0].port()))
                }
            };
            Watched { name: format!("group-{number}"), ip, port, replicas: Vec::new() }
        };
        (0..self.groups).map(of).collect()
    }

    fn watch(&self, flavour: Flavour, sentinels: usize) -> (Watch, f64) {
        let settings = Settings { sentinels, ..Settings::new(DOWN_AFTER_MS, FAILOVER_TIMEOUT_MS) };
        let watch = stopped(flavour, &self.scratch, &settings, &self.watched());
        let mut started = 0.0;
        for sentinel in &watch.sentinels {
            let began = Instant::now();
            sentinel.spawn();
            wait_pong(sentinel.port());
            started = ms_between(began, Instant::now());
        }
        (watch, started)
    }

    fn wait_known(&self, watch: &Watch) {
        let began = Instant::now();
        for sentinel in watch.living() {
            let mut conn = sentinel.conn();
            for number in 0..self.groups {
                let group = format!("group-{number}");
                let peers = (watch.sentinels.len() - 1).to_string();
                let what = format!("{} knows {group}", sentinel.label());
                watchkeeper_conformance::eventually(DEADLINE, &what, || {
                    let fields = conn.call(&["SENTINEL", "MASTER", &group]).fields();
                    let is = |name: &str, value: &str| fields.get(name).is_some_and(|text| text == value);
                    is("flags", "master") && is("num-other-sentinels", &peers)
                });
            }
        }
        println!("all known in {:.1} s", began.elapsed().as_secs_f64());
        // Not a wait for a condition: the burst of the start is to be over.
        std::thread::sleep(SETTLE);
    }
}

/// Asks a port every millisecond until it answers PING.
fn wait_pong(port: u16) {
    let end = Instant::now() + DEADLINE;
    while Instant::now() < end {
        if Conn::open(port)
            .and_then(|mut conn| conn.try_call(&["PING"]))
            .is_ok_and(|pong| pong.text() == "PONG")
        {
            return;
        }
        std::thread::sleep(millis(1));
    }
    panic!("port {port} does not answer within {DEADLINE:?}");
}

fn measure(place: &Place, flavour: Flavour, sentinels: usize, seconds: usize, report: &mut Report) -> Usage {
    let (watch, started) = place.watch(flavour, sentinels);
    place.wait_known(&watch);
    let count = sentinels as f64;
    let cpu = || watch.sentinels.iter().map(processor_seconds).sum::<f64>() / count;
    let mut pinged = place.responder.as_ref().map(|(port, _)| Conn::to(*port));
    if let Some(conn) = &mut pinged {
        conn.cmd("BENCH.RESET");
    }
    let (began, before) = (Instant::now(), cpu());
    let until = began + Duration::from_secs(seconds as u64);
    let (queries, machine) = std::thread::scope(|scope| {
        let idle = place.idle.conn();
        let machine = scope.spawn(|| ask(idle, until, |_| vec!["GET".to_owned(), "x".to_owned()]));
        let groups = place.groups;
        let queries = ask(watch.sentinels[0].conn(), until, |number| {
            let group = format!("group-{}", number * 7919 % groups);
            vec!["SENTINEL".to_owned(), "GET-MASTER-ADDR-BY-NAME".to_owned(), group]
        });
        (queries, machine.join().expect("the other client ends"))
    });
    let took = began.elapsed().as_secs_f64();
    let pings = pinged.map(|mut conn| conn.cmd("BENCH.PINGS").text()).unwrap_or_default();
    let usage = Usage {
        flavour,
        groups: place.groups,
        cpu: (cpu() - before) / took * 100.0,
        rss: watch.sentinels.iter().map(|daemon| subject::resident(daemon) as f64).sum::<f64>()
            / count
            / 1_048_576.0,
        queries,
        longest_gap: pings.split_whitespace().nth(4).and_then(|word| word.parse().ok()),
        started,
    };
    show(&usage, &machine, &pings, took, place, report);
    usage
}

fn show(usage: &Usage, machine: &Values, pings: &str, took: f64, place: &Place, report: &mut Report) {
    let started = usage.started;
    let of = |values: &Values, percent| values.percentile(percent).unwrap_or(f64::NAN);
    let queries = &usage.queries;
    let (middle, high, longest) = (of(queries, 50), of(queries, 99), of(queries, 100));
    let noise = of(machine, 99);
    let words: Vec<f64> = pings.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let rate = words.first().map_or(f64::NAN, |count| count / took);
    let gap = |at: usize| words.get(at).copied().unwrap_or(f64::NAN);
    let (flavour, groups) = (name(usage.flavour), usage.groups);
    let servers = if place.fleet.is_some() { "real" } else { "responder" };
    report.line(
        &format!(
            "{flavour},{groups},{servers},{took:.1},{:.2},{:.2},{middle:.3},{high:.3},{longest:.3},{noise:.3},{rate:.0},\
             {:.2},{:.2},{:.2},{started:.0}",
            usage.cpu,
            usage.rss,
            gap(2),
            gap(3),
            gap(4)
        ),
        &format!(
            "{flavour:<15} {groups:5} groups ({servers}): {:.2} % of a core, {:.1} MiB, query {middle:.3} ms, p99 {high:.3}, \
             longest {longest:.1} (an idle server's p99 {noise:.3}); {rate:.0} pings a second, between two of them {:.1} ms, \
             p99 {:.1}, longest {:.1}; answered {started:.0} ms after its start",
            usage.cpu, usage.rss, gap(2), gap(3), gap(4)
        ),
    );
}

/// Asks every 5 ms, and how long each answer took. Whoever would have asked while an answer was late has waited as well.
fn ask(mut conn: Conn, until: Instant, words: impl Fn(usize) -> Vec<String>) -> Values {
    let mut times = Vec::new();
    let mut due = Instant::now();
    for number in 0.. {
        let now = Instant::now();
        if now >= until {
            break;
        }
        let late = now > due;
        if !late {
            std::thread::sleep(due - now);
        }
        let asked = if late { due } else { Instant::now() };
        conn.call(&words(number));
        times.push(ms(asked.elapsed()));
        due += QUERY_EVERY;
    }
    Values::of(times)
}

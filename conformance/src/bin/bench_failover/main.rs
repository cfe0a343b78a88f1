//! How long a group is without a master: `kill -9` of the master under three of our sentinels and under three of
//! Redis's, in turn, on this machine.
//!
//! `bench_failover [RUNS] [FILE]`: RUNS of each (default 5), one line of CSV per run into FILE. What counts is the
//! first write the new master accepts: a writer tries all replicas every millisecond, so it neither waits for a
//! sentinel to be asked nor for a client library to notice. The other steps are the sentinels' own events; from
//! `+switch-master` on a client that asks a sentinel is told the new master.

mod table;

use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use table::{Run, STEPS};
use watchkeeper_conformance::bench::{Bench, machine};
use watchkeeper_conformance::{Conn, Flavour, FrameExt, Group, Recorder, Topology, eventually};

/// `down-after-milliseconds` of every run.
const DOWN_AFTER_MS: u64 = 1000;
const SENTINELS: usize = 3;
/// Between two attempts to write.
const WRITE_PERIOD: Duration = Duration::from_millis(1);
const DEADLINE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let usage = "bench_failover [RUNS] [FILE]";
    let Some(mut bench) = Bench::from_args("runs", 5, usage, &table::csv_head()) else {
        return ExitCode::FAILURE;
    };
    let runs = u32::try_from(bench.amount).unwrap_or(u32::MAX);
    println!("ours: {}", Flavour::Ours.sentinel().0.display());
    println!("theirs: {}", Flavour::Redis.sentinel().0.display());
    println!("machine: {}", machine());
    let mut all = Vec::new();
    for number in 1..=runs {
        for flavour in [Flavour::Ours, Flavour::Redis] {
            let run = measure(flavour, number, runs);
            println!("{}", run.show());
            bench.write(&run.csv());
            all.push(run);
        }
    }
    println!("machine: {}", machine());
    println!("{}", table::summary(&all, DOWN_AFTER_MS));
    ExitCode::SUCCESS
}

fn measure(flavour: Flavour, number: u32, runs: u32) -> Run {
    let group = Topology::new().sentinels(&[flavour; SENTINELS]).down_after_ms(DOWN_AFTER_MS).start();
    let recorders: Vec<Recorder> = (0..SENTINELS).map(|index| group.record(index)).collect();
    // Pings go out once a second: the kills are spread over that second, not left to how long the start took.
    std::thread::sleep(Duration::from_secs(1) * (number - 1) / runs);
    let master = group.master_port();
    let mut writers = Writer::all_but(&group, master);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let killed = Instant::now();
    group.server_at(master).kill();
    let written = first_write(&mut writers);
    let since =
        |at: Instant| u64::try_from(at.saturating_duration_since(killed).as_millis()).unwrap_or(u64::MAX);
    for (index, recorder) in recorders.iter().enumerate() {
        let what = format!("sentinel {index} switches");
        recorder.wait_for(DEADLINE, &what, |event| event.channel == "+switch-master");
    }
    let wanted = STEPS.map(|(name, _)| name);
    let mut steps = [None; STEPS.len()];
    for (at, name) in wanted.iter().enumerate() {
        let times = recorders.iter().filter_map(|recorder| first(recorder, name, group.name()));
        let last = *name == "last +switch-master";
        steps[at] = if last { times.max() } else { times.min() }.map(since);
    }
    Run {
        number,
        ours: flavour == Flavour::Ours,
        write_ms: since(written),
        steps,
        load: load.split_whitespace().next().unwrap_or_default().to_owned(),
    }
}

/// When a sentinel first said so about the group's master.
fn first(recorder: &Recorder, step: &str, group: &str) -> Option<Instant> {
    let channel = step.rsplit(' ').next().unwrap_or(step);
    let about_master =
        |text: &str| !matches!(channel, "+sdown" | "+odown") || text.starts_with(&format!("master {group} "));
    let events = recorder.events();
    events.iter().find(|event| event.channel == channel && about_master(&event.text)).map(|event| event.at)
}

/// The moment a data server accepts a write.
fn first_write(writers: &mut [Writer]) -> Instant {
    let end = Instant::now() + DEADLINE;
    while Instant::now() < end {
        for writer in writers.iter_mut() {
            if writer.accepted() {
                return Instant::now();
            }
        }
        std::thread::sleep(WRITE_PERIOD);
    }
    panic!("no data server took a write within {DEADLINE:?}");
}

/// A client of one data server.
struct Writer {
    port: u16,
    conn: Option<Conn>,
}

impl Writer {
    /// One for each data server except the master, none of which may take a write yet.
    fn all_but(group: &Group, master: u16) -> Vec<Writer> {
        let ports = group.servers.iter().map(watchkeeper_conformance::Daemon::port);
        let mut writers: Vec<Writer> =
            ports.filter(|port| *port != master).map(|port| Writer { port, conn: None }).collect();
        for writer in &mut writers {
            eventually(DEADLINE, "a replica refuses writes", || !writer.accepted());
        }
        writers
    }

    /// True when it takes a write. The promotion closes all clients' connections: then a new one is made at once.
    fn accepted(&mut self) -> bool {
        for _ in 0..2 {
            if self.conn.is_none() {
                self.conn = Conn::open(self.port).ok();
            }
            let Some(conn) = &mut self.conn else { return false };
            match conn.try_call(&["SET", "bench", "1"]) {
                Ok(reply) => return reply.text() == "OK",
                Err(_) => self.conn = None,
            }
        }
        false
    }
}

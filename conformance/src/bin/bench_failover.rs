//! How long nobody can write: from kill -9 of the master to the first write accepted elsewhere, ours and Redis's
//! sentinel by turns in the same run.
//!
//! usage: `bench_failover [RUNS]` (default 10, at most 100). Prints a table and writes every single time to
//! `bench/results/failover-<unix time>.csv`. Three sentinels, quorum 2, down-after 1000 ms, two replicas.
//!
//! One thread per surviving server sends SET every 2 ms and notes the first success, so a time is right to some 2 ms
//! whatever the sentinels say; a subscriber notes when `+switch-master` arrives. A run that gets no accepted write
//! within a minute counts as failed and is listed as such; nothing is left out of the table.

use std::io::Write;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use watchkeeper_conformance::binaries::workspace;
use watchkeeper_conformance::{Conn, Flavour, FrameExt, Topology};

const DOWN_AFTER: Duration = Duration::from_millis(1000);
const PROBE_EVERY: Duration = Duration::from_millis(2);
const RUN_LIMIT: Duration = Duration::from_secs(60);
const MOST_RUNS: usize = 100;

/// One run: times since the kill.
#[derive(Debug, Clone, Copy)]
struct Run {
    flavour: Flavour,
    /// the first accepted write, unless none came within [`RUN_LIMIT`]
    written: Option<Duration>,
    /// the first `+switch-master` at any sentinel, if it came before the run was over
    announced: Option<Duration>,
}

/// SET every 2 ms at one server until it is accepted or the run is over.
fn probe(port: u16, start: &Barrier, stop: &AtomicBool, found: &Sender<Instant>) {
    let mut conn = Conn::open(port).ok();
    start.wait();
    let mut next = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        // Promotion closes every client's connection, this one too.
        let reply = conn.as_mut().map(|conn| conn.try_call(&["SET", "bench:failover", "x"]));
        match reply {
            Some(Ok(reply)) if reply.text() == "OK" => {
                let _ = found.send(Instant::now());
                return;
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => conn = Conn::open(port).ok(),
        }
        next += PROBE_EVERY;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

fn run(flavour: Flavour) -> Run {
    let ms = u64::try_from(DOWN_AFTER.as_millis()).expect("a second fits");
    let group = Topology::new().down_after_ms(ms).quorum(2).sentinels(&[flavour; 3]).start();
    let recorders: Vec<_> = (0..3).map(|index| group.record(index)).collect();
    let (found, finds) = channel();
    let stop = Arc::new(AtomicBool::new(false));
    let start = Arc::new(Barrier::new(group.servers.len()));
    let probes: Vec<_> = group.servers[1..]
        .iter()
        .map(|server| {
            let (port, found, stop, start) = (server.port(), found.clone(), stop.clone(), start.clone());
            std::thread::spawn(move || probe(port, &start, &stop, &found))
        })
        .collect();
    start.wait();
    let killed = Instant::now();
    group.servers[0].kill();
    let written = match finds.recv_timeout(RUN_LIMIT) {
        Ok(at) => Some(at - killed),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
    };
    stop.store(true, Ordering::Relaxed);
    for probe in probes {
        let _ = probe.join();
    }
    let switch = || {
        let events = recorders.iter().flat_map(|recorder| recorder.events());
        events.filter(|event| event.channel == "+switch-master").map(|event| event.at - killed).min()
    };
    // Clients that wait for the message have it a moment after the first write is possible.
    let until = Instant::now() + Duration::from_secs(5);
    while switch().is_none() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    Run { flavour, written, announced: switch() }
}

/// Median, least and most of some times.
fn spread(mut times: Vec<Duration>) -> Option<(Duration, Duration, Duration)> {
    times.sort_unstable();
    let (least, most) = (*times.first()?, *times.last()?);
    let middle = times.len() / 2;
    let median = if times.len() % 2 == 1 { times[middle] } else { (times[middle - 1] + times[middle]) / 2 };
    Some((median, least, most))
}

fn show(time: Option<Duration>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| format!("{:.1}", time.as_secs_f64() * 1000.0))
}

fn row(name: &str, runs: &[Run], flavour: Flavour) -> Option<Duration> {
    let of: Vec<&Run> = runs.iter().filter(|run| run.flavour == flavour).collect();
    let written = spread(of.iter().filter_map(|run| run.written).collect());
    let announced = spread(of.iter().filter_map(|run| run.announced).collect());
    let failed = of.iter().filter(|run| run.written.is_none()).count();
    let past = written.map(|(median, ..)| median.saturating_sub(DOWN_AFTER));
    println!(
        "{name:<16} {:>5} {:>7} {:>10} {:>9} {:>9} {:>16} {:>15}",
        of.len(),
        failed,
        show(written.map(|w| w.0)),
        show(written.map(|w| w.1)),
        show(written.map(|w| w.2)),
        show(past),
        show(announced.map(|a| a.0)),
    );
    past
}

fn save(runs: &[Run]) -> std::io::Result<()> {
    let dir = workspace().join("bench/results");
    std::fs::create_dir_all(&dir)?;
    let stamp = SystemTime::now().duration_since(UNIX_EPOCH).map(|d| d.as_secs()).unwrap_or_default();
    let path = dir.join(format!("failover-{stamp}.csv"));
    let mut file = std::fs::File::create(&path)?;
    writeln!(file, "run,sentinels,first_write_ms,first_switch_master_ms,down_after_ms")?;
    for (index, run) in runs.iter().enumerate() {
        let name = format!("{:?}", run.flavour).to_lowercase();
        let (written, announced) = (show(run.written), show(run.announced));
        writeln!(file, "{},{name},{written},{announced},{}", index + 1, DOWN_AFTER.as_millis())?;
    }
    println!("every time: {}", path.display());
    Ok(())
}

fn main() -> ExitCode {
    let argument = std::env::args().nth(1).unwrap_or_else(|| "10".to_owned());
    let count = match argument.parse::<usize>() {
        Ok(count @ 1..=MOST_RUNS) => count,
        Ok(_) | Err(_) => {
            eprintln!("`{argument}` is no number of runs (expected 1 to {MOST_RUNS})");
            eprintln!("hint: bench_failover 10");
            return ExitCode::from(2);
        }
    };
    let mut runs = Vec::new();
    for round in 1..=count {
        // By turns, and the other one first in every second round: whatever drifts, drifts for both.
        let mut order = [Flavour::Redis, Flavour::Ours];
        if round % 2 == 0 {
            order.reverse();
        }
        for flavour in order {
            let run = run(flavour);
            println!("{round:>3} {flavour:?}: first write after {} ms", show(run.written));
            runs.push(run);
        }
    }
    println!("\nmilliseconds from kill -9 of the master; down-after {} ms", DOWN_AFTER.as_millis());
    println!(
        "{:<16} {:>5} {:>7} {:>10} {:>9} {:>9} {:>16} {:>15}",
        "", "runs", "failed", "median", "min", "max", "past down-after", "+switch-master"
    );
    let upstream = row("redis-sentinel", &runs, Flavour::Redis);
    let ours = row("watchkeeper", &runs, Flavour::Ours);
    if let (Some(upstream), Some(ours)) = (upstream, ours) {
        let ratio = ours.as_secs_f64() / upstream.as_secs_f64();
        println!("ratio of the medians past down-after, ours to upstream: {ratio:.3}");
    }
    if let Err(error) = save(&runs) {
        eprintln!("the results cannot be kept: {error}");
        return ExitCode::FAILURE;
    }
    if runs.iter().all(|run| run.written.is_some()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

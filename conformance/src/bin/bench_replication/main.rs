//! What leaves a master toward its replicas, in a star and in a chain, both ordered by Watchkeeper.
//!
//! `bench_replication [MEGABYTES] [FILE]`: for 2, 4 and 8 replicas and both topologies a master takes so many megabytes of
//! payload (default 100) at a steady pace, then all replicas lose their data at once and copy it again. Bytes are the
//! master's own `total_net_repl_output_bytes`. The lag is the time from the acknowledgement of a write at the master until
//! the last replica of the line (in a star: of the list) has it. One line of CSV per run into FILE; tables on standard output.

mod load;
mod table;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use load::{Lag, VALUE_BYTES, Writer, lag_for};
use table::Run;
use watchkeeper_conformance::bench::{Bench, machine};
use watchkeeper_conformance::{Daemon, Flavour, FrameExt, Group, Topology, eventually};

/// How many replicas.
const REPLICAS: [usize; 3] = [2, 4, 8];
/// How long the lag is looked at in quiet.
const QUIET: Duration = Duration::from_secs(5);
/// For anything that is waited for.
const DEADLINE: Duration = Duration::from_secs(300);

fn main() -> ExitCode {
    let usage = "bench_replication [MEGABYTES] [FILE]";
    let Some(mut bench) = Bench::from_args("megabytes", 100, usage, table::CSV_HEAD) else {
        return ExitCode::FAILURE;
    };
    println!("machine: {}", machine());
    let mut runs = Vec::new();
    for replicas in REPLICAS {
        for chain in [false, true] {
            let run = measure(replicas, chain, bench.amount);
            println!("{}", run.show());
            bench.write(&run.csv());
            runs.push(run);
        }
    }
    println!("machine: {}\n\n{}", machine(), table::tables(&runs));
    ExitCode::SUCCESS
}

fn measure(replicas: usize, chain: bool, megabytes: usize) -> Run {
    let topology = if chain { "chain" } else { "star" };
    // Nobody is to be held for down because two processors are busy, and no replica to be cut off because it is slow.
    let group = Topology::new()
        .replicas(replicas)
        .server_config("client-output-buffer-limit replica 0 0 0\nrepl-backlog-size 64mb")
        .sentinels(&[Flavour::Ours])
        .down_after_ms(60_000)
        .option("replication-topology", topology)
        .start_without_waiting();
    eventually(DEADLINE, &format!("a {topology} of {replicas} replicas"), || in_shape(&group, chain));
    // Who has just copied everything is fed from its first acknowledgement on, up to a second later.
    let _ = lag_for(&group.servers[0], last(&group), Duration::from_secs(2));
    let quiet = lag_for(&group.servers[0], last(&group), QUIET);

    let before = sent(&group);
    let writer = Writer::start(&group.servers[0], megabytes * 1_000_000 / VALUE_BYTES);
    let mut busy = Lag::default();
    while !writer.is_done() {
        busy.add(&lag_for(&group.servers[0], last(&group), Duration::from_millis(500)));
    }
    writer.join();
    eventually(DEADLINE, "everybody has everything", || in_shape(&group, chain));
    let stream_bytes = sent(&group) - before;

    let before = sent(&group);
    for replica in &group.servers[1..] {
        replica.kill();
    }
    let began = Instant::now();
    for replica in &group.servers[1..] {
        replica.spawn();
    }
    eventually(DEADLINE, "everybody has copied everything", || in_shape(&group, chain));
    let copied = began.elapsed();
    Run {
        replicas,
        chain,
        payload_bytes: megabytes * 1_000_000,
        stream_bytes,
        copy_bytes: sent(&group) - before,
        quiet,
        busy,
        copied_ms: copied.as_millis(),
    }
}

/// The server at the end.
fn last(group: &Group) -> &Daemon {
    group.servers.last().expect("a group has servers")
}

/// Bytes the master has sent to replicas so far.
fn sent(group: &Group) -> u64 {
    field(&group.servers[0], "stats", "total_net_repl_output_bytes")
        .and_then(|value| value.parse().map_err(|_| format!("`{value}` is no number")))
        .unwrap_or_else(|reason| panic!("bytes sent: {reason}"))
}

/// Whether every replica follows whom it should, with its link up and all data.
fn in_shape(group: &Group, chain: bool) -> Result<(), String> {
    let goal = field(&group.servers[0], "replication", "master_repl_offset")?;
    let goal: u64 = goal.parse().map_err(|_| format!("`{goal}` is no offset"))?;
    for (at, replica) in group.servers.iter().enumerate().skip(1) {
        let parent = &group.servers[if chain { at - 1 } else { 0 }];
        let role = replica.try_conn().and_then(|mut conn| conn.try_call(&["ROLE"]));
        let role = role.map_err(|error| error.to_string())?;
        let words: Vec<String> = role.items().iter().map(FrameExt::text).collect();
        let port = parent.port().to_string();
        match words.as_slice() {
            [kind, _, of, state, offset] if kind == "slave" && *of == port && state == "connected" => {
                if offset.parse::<u64>().is_ok_and(|offset| offset < goal) {
                    return Err(format!("replica {at} is at {offset} of {goal}"));
                }
            }
            _ => return Err(format!("replica {at} says {words:?}")),
        }
    }
    Ok(())
}

fn field(server: &Daemon, section: &str, name: &str) -> Result<String, String> {
    let said = server.try_conn().and_then(|mut conn| conn.try_call(&["INFO", section]));
    let said = said.map_err(|error| error.to_string())?.text();
    let found = said.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| *key == name);
    found.map(|(_, value)| value.trim().to_owned()).ok_or_else(|| format!("INFO has no {name}"))
}

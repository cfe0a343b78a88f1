//! redis-rs under its own Sentinel support, as one of the programs of `conformance/clients` (the contract is in the
//! README there). `SentinelClient` asks the sentinels and checks ROLE for every connection it is asked for; when to
//! ask again is left to the program, so this one asks after every failed write.

use redis::sentinel::{SentinelClient, SentinelServerType};
use redis::{Commands, Connection, RedisError, RedisResult};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const PERIOD: Duration = Duration::from_millis(20);
const TIMEOUT: Duration = Duration::from_secs(1);

/// What the program has seen so far; prints a line for every change of state.
#[derive(Default)]
struct Report {
    writes: u64,
    errors: u64,
    last: u64,
    gap: Duration,
    accepted_at: Option<Instant>,
    working: Option<bool>,
}

impl Report {
    fn ok(&mut self, number: u64) {
        let now = Instant::now();
        if let Some(before) = self.accepted_at {
            self.gap = self.gap.max(now - before);
        }
        self.accepted_at = Some(now);
        self.writes += 1;
        self.last = number;
        if self.working != Some(true) {
            println!("ok {number}");
        }
        self.working = Some(true);
    }

    fn err(&mut self, error: &RedisError) {
        self.errors += 1;
        if self.working != Some(false) {
            println!("err {}", error.to_string().replace('\n', " "));
        }
        self.working = Some(false);
    }
}

fn connect(client: &mut SentinelClient) -> RedisResult<Connection> {
    let connection = client.get_connection()?;
    connection.set_read_timeout(Some(TIMEOUT))?;
    connection.set_write_timeout(Some(TIMEOUT))?;
    Ok(connection)
}

fn write(client: &mut SentinelClient, kept: &mut Option<Connection>, number: u64) -> RedisResult<()> {
    let mut connection = match kept.take() {
        Some(connection) => connection,
        None => connect(client)?,
    };
    connection.set::<_, _, ()>(format!("client:{}", std::process::id()), number)?;
    *kept = Some(connection);
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(sentinels), Some(name)) = (arguments.next(), arguments.next()) else {
        return Err("usage: redis_rs_client HOST:PORT,HOST:PORT,... MASTER".into());
    };
    let urls: Vec<String> = sentinels.split(',').map(|address| format!("redis://{address}/")).collect();
    let mut client = SentinelClient::build(urls, name, None, SentinelServerType::Master)?;
    let stopped = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGTERM, Arc::clone(&stopped))?;

    let mut report = Report::default();
    let mut connection = None;
    let mut number = 0;
    while !stopped.load(Ordering::Relaxed) {
        number += 1;
        match write(&mut client, &mut connection, number) {
            Ok(()) => report.ok(number),
            Err(error) => report.err(&error),
        }
        std::thread::sleep(PERIOD);
    }
    let Report { writes, errors, last, gap, .. } = report;
    println!("summary writes={writes} errors={errors} last={last} gap_ms={}", gap.as_millis());
    Ok(())
}

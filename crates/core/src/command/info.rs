//! INFO: the sections about this process. The Sentinel section comes from the engine as text.

use std::fmt::Write;

use super::clients::Clients;
use super::reply::Reply;
use crate::io::Facts;
use crate::sentinel::Persona;
use crate::time::{Mono, Now};

/// The version of Redis this process behaves as.
pub(crate) const REDIS_VERSION: &str = "7.0.15";
/// The version of Valkey this process behaves as under that name.
pub(crate) const VALKEY_VERSION: &str = "8.0.1";
/// The version of Redis that version of Valkey says it is compatible with.
const VALKEY_REDIS_VERSION: &str = "7.2.4";

/// Rates are averages over this many samples.
const SAMPLES: usize = 16;
const SAMPLE_MS: u64 = 100;

/// Counters of what happened on accepted connections.
#[derive(Debug, Clone)]
pub(super) struct Stats {
    pub(super) commands: u64,
    pub(super) errors: u64,
    pub(super) rejected: u64,
    sampled: Mono,
    last: [u64; 3],
    /// per second: commands, bytes in, bytes out
    rates: [[u64; 3]; SAMPLES],
    next: usize,
}

impl Stats {
    pub(super) fn new(now: Mono) -> Stats {
        Stats {
            commands: 0,
            errors: 0,
            rejected: 0,
            sampled: now,
            last: [0; 3],
            rates: [[0; 3]; SAMPLES],
            next: 0,
        }
    }

    /// Takes a sample when one is due.
    pub(super) fn sample(&mut self, now: Mono, facts: &Facts) {
        let ms = now.since(self.sampled);
        if ms < SAMPLE_MS {
            return;
        }
        let counts = [self.commands, facts.net_input_bytes, facts.net_output_bytes];
        for (n, count) in counts.into_iter().enumerate() {
            self.rates[self.next][n] = count.saturating_sub(self.last[n]).saturating_mul(1000) / ms;
        }
        self.next = (self.next + 1) % SAMPLES;
        self.last = counts;
        self.sampled = now;
    }

    fn rate(&self, n: usize) -> u64 {
        self.rates.iter().map(|r| r[n]).sum::<u64>() / SAMPLES as u64
    }
}

/// The sections, in the order they are printed.
const SECTIONS: [&str; 5] = ["server", "clients", "stats", "cpu", "sentinel"];

impl Clients {
    /// INFO with these words. `sentinel_section` is the text of that section, its heading included.
    pub(crate) fn info(&self, now: Now, argv: &[Vec<u8>], sentinel_section: &str) -> Reply {
        let words: Vec<_> = argv.iter().skip(1).map(|w| w.to_ascii_lowercase()).collect();
        let everything = |w: &Vec<u8>| matches!(w.as_slice(), b"default" | b"all" | b"everything");
        let all = words.is_empty() || words.iter().any(everything);
        let mut text = String::new();
        for section in SECTIONS.iter().filter(|s| all || words.iter().any(|w| w == s.as_bytes())) {
            if !text.is_empty() {
                text.push_str("\r\n");
            }
            match *section {
                "server" => self.server_section(now, &mut text),
                "clients" => self.clients_section(&mut text),
                "stats" => self.stats_section(&mut text),
                "cpu" => self.cpu_section(&mut text),
                _ => text.push_str(sentinel_section),
            }
        }
        Reply::bulk(text)
    }

    fn server_section(&self, now: Now, text: &mut String) {
        let facts = &self.facts;
        let uptime = now.mono.since(self.started.mono) / 1000;
        let version = match self.persona {
            Persona::Redis => REDIS_VERSION,
            Persona::Valkey => VALKEY_REDIS_VERSION,
        };
        text.push_str("# Server\r\n");
        line(text, "redis_version", version);
        if self.persona == Persona::Valkey {
            line(text, "server_name", "valkey");
            line(text, "valkey_version", VALKEY_VERSION);
        }
        line(text, "redis_git_sha1", "00000000");
        line(text, "redis_git_dirty", 0);
        line(text, "redis_build_id", "0");
        match self.persona {
            Persona::Redis => line(text, "redis_mode", "sentinel"),
            Persona::Valkey => line(text, "server_mode", "sentinel"),
        }
        line(text, "os", &facts.os);
        line(text, "arch_bits", usize::BITS);
        line(text, "monotonic_clock", "POSIX clock_gettime");
        line(text, "multiplexing_api", "epoll");
        if self.persona == Persona::Redis {
            line(text, "atomicvar_api", "c11-builtin");
        }
        line(text, "gcc_version", &facts.compiler);
        line(text, "process_id", facts.pid);
        line(text, "process_supervised", &facts.supervised);
        line(text, "run_id", &facts.run_id);
        line(text, "tcp_port", facts.tcp_port);
        line(text, "server_time_usec", now.unix.0);
        line(text, "uptime_in_seconds", uptime);
        line(text, "uptime_in_days", uptime / 86_400);
        line(text, "hz", self.settings.hz);
        line(text, "configured_hz", self.settings.hz);
        line(text, "lru_clock", now.unix.seconds() & 0x00ff_ffff);
        line(text, "executable", &facts.executable);
        line(text, "config_file", &facts.config_file);
        line(text, "io_threads_active", 0);
        line(text, "watchkeeper_version", env!("CARGO_PKG_VERSION"));
    }

    fn clients_section(&self, text: &mut String) {
        text.push_str("# Clients\r\n");
        line(text, "connected_clients", self.clients.len());
        line(text, "cluster_connections", 0);
        line(text, "maxclients", self.settings.maxclients);
        line(text, "client_recent_max_input_buffer", 0);
        line(text, "client_recent_max_output_buffer", 0);
        line(text, "blocked_clients", 0);
        line(text, "tracking_clients", self.clients.values().filter(|c| c.tracking.on).count());
        line(text, "clients_in_timeout_table", 0);
    }

    fn stats_section(&self, text: &mut String) {
        let (channels, patterns) = self.pubsub.counts();
        let kbps = |n| format!("{:.2}", self.stats.rate(n) as f64 / 1024.0);
        text.push_str("# Stats\r\n");
        line(text, "total_connections_received", self.facts.connections_received);
        line(text, "total_commands_processed", self.stats.commands);
        line(text, "instantaneous_ops_per_sec", self.stats.rate(0));
        line(text, "total_net_input_bytes", self.facts.net_input_bytes);
        line(text, "total_net_output_bytes", self.facts.net_output_bytes);
        zeros(text, &["total_net_repl_input_bytes", "total_net_repl_output_bytes"]);
        line(text, "instantaneous_input_kbps", kbps(1));
        line(text, "instantaneous_output_kbps", kbps(2));
        line(text, "instantaneous_input_repl_kbps", "0.00");
        line(text, "instantaneous_output_repl_kbps", "0.00");
        line(text, "rejected_connections", self.stats.rejected);
        zeros(text, &["sync_full", "sync_partial_ok", "sync_partial_err", "expired_keys"]);
        line(text, "expired_stale_perc", "0.00");
        zeros(text, &DATA_STATS);
        line(text, "pubsub_channels", channels);
        line(text, "pubsub_patterns", patterns);
        zeros(text, &MORE_DATA_STATS);
        line(text, "total_error_replies", self.stats.errors);
        zeros(text, &IO_STATS);
    }

    fn cpu_section(&self, text: &mut String) {
        let [sys, user, sys_children, user_children] = self.facts.cpu_seconds;
        text.push_str("# CPU\r\n");
        let all = [
            ("sys", sys),
            ("user", user),
            ("sys_children", sys_children),
            ("user_children", user_children),
            ("sys_main_thread", sys),
            ("user_main_thread", user),
        ];
        for (name, seconds) in all {
            line(text, &format!("used_cpu_{name}"), format_args!("{seconds:.6}"));
        }
    }
}

/// Counters of data servers, always 0 here; kept because monitoring tools expect every line.
const DATA_STATS: [&str; 8] = [
    "expired_time_cap_reached_count",
    "expire_cycle_cpu_milliseconds",
    "evicted_keys",
    "evicted_clients",
    "total_eviction_exceeded_time",
    "current_eviction_exceeded_time",
    "keyspace_hits",
    "keyspace_misses",
];
const MORE_DATA_STATS: [&str; 15] = [
    "pubsubshard_channels",
    "latest_fork_usec",
    "total_forks",
    "migrate_cached_sockets",
    "slave_expires_tracked_keys",
    "active_defrag_hits",
    "active_defrag_misses",
    "active_defrag_key_hits",
    "active_defrag_key_misses",
    "total_active_defrag_time",
    "current_active_defrag_time",
    "tracking_total_keys",
    "tracking_total_items",
    "tracking_total_prefixes",
    "unexpected_error_replies",
];
const IO_STATS: [&str; 7] = [
    "dump_payload_sanitizations",
    "total_reads_processed",
    "total_writes_processed",
    "io_threaded_reads_processed",
    "io_threaded_writes_processed",
    "reply_buffer_shrinks",
    "reply_buffer_expands",
];

fn line(text: &mut String, name: &str, value: impl std::fmt::Display) {
    write!(text, "{name}:{value}\r\n").expect("writing to a string does not fail");
}

fn zeros(text: &mut String, names: &[&str]) {
    for name in names {
        line(text, name, 0);
    }
}

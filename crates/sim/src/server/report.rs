//! INFO and ROLE.

use std::fmt::Write as _;

use watchkeeper_resp::encode::{array_header, bulk, integer};

use crate::time::Time;

use super::Serving;
use super::following::Link;
use super::history::Id;

impl Serving<'_, '_> {
    /// Appends the reply to INFO. Only the sections a sentinel reads are there, whatever was asked for.
    pub(super) fn info(&self, out: &mut Vec<u8>) {
        let mut text = String::with_capacity(1_200);
        self.server_section(&mut text);
        self.replication_section(&mut text);
        text.push_str("\r\n# Keyspace\r\n");
        let keys = self.values.len();
        if keys > 0 {
            let _ = write!(text, "db0:keys={keys},expires=0,avg_ttl=0\r\n");
        }
        bulk(out, text.as_bytes());
    }

    fn server_section(&self, text: &mut String) {
        text.push_str("# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nrun_id:");
        text.push_str(self.it.run_id.as_str());
        let (port, up) = (self.ctx.addr().port(), secs(self.ctx.now(), self.it.since));
        let _ = write!(text, "\r\ntcp_port:{port}\r\nuptime_in_seconds:{up}\r\n\r\n# Persistence\r\n");
        let _ = write!(text, "loading:{}\r\n\r\n", u8::from(self.it.loading()));
    }

    fn replication_section(&self, text: &mut String) {
        text.push_str("# Replication\r\nrole:");
        text.push_str(if self.it.follows.is_some() { "slave\r\n" } else { "master\r\n" });
        self.master_fields(text);
        let now = self.ctx.now();
        let _ = write!(text, "connected_slaves:{}\r\n", self.it.replicas.len());
        if self.options.min_replicas > 0 {
            let good = self.good_replicas();
            let _ = write!(text, "min_slaves_good_slaves:{good}\r\n");
        }
        for (index, replica) in self.it.replicas.iter().enumerate() {
            let (ip, port) = (replica.addr.ip(), replica.addr.port());
            let online = replica.is_online();
            let state = if online { "online" } else { "wait_bgsave" };
            let lag = if online { secs(now, replica.acked_at) } else { 0 };
            let offset = replica.acked;
            let _ =
                write!(text, "slave{index}:ip={ip},port={port},state={state},offset={offset},lag={lag}\r\n");
        }
        let history = &self.it.history;
        text.push_str("master_failover_state:no-failover\r\nmaster_replid:");
        text.push_str(history.id.as_str());
        text.push_str("\r\nmaster_replid2:");
        text.push_str(history.second_offset.map_or(&Id::NONE, |_| &history.second).as_str());
        let second = history.second_offset.map_or(-1, |offset| offset as i64);
        let offset = history.offset;
        let _ = write!(text, "\r\nmaster_repl_offset:{offset}\r\nsecond_repl_offset:{second}\r\n");
        let backlog = u8::from(history.has_backlog());
        let _ = write!(text, "repl_backlog_active:{backlog}\r\n");
    }

    fn master_fields(&self, text: &mut String) {
        let Some(master) = self.it.follows else { return };
        let now = self.ctx.now();
        let heard = match &self.it.link {
            Link::Connected { heard, .. } => Some(*heard),
            Link::Idle | Link::Connecting { .. } | Link::Transfer { .. } | Link::Loading { .. } => None,
        };
        let status = if heard.is_some() { "up" } else { "down" };
        let last = heard.map_or(-1, |heard| secs(now, heard));
        let syncing = u8::from(self.it.link.syncing());
        let (host, port) = (master.ip(), master.port());
        let _ = write!(
            text,
            "master_host:{host}\r\nmaster_port:{port}\r\nmaster_link_status:{status}\r\n\
             master_last_io_seconds_ago:{last}\r\nmaster_sync_in_progress:{syncing}\r\n"
        );
        // With nothing to go on from, Redis says 1.
        let offset = if heard.is_some() || self.it.may_continue { self.it.history.offset } else { 1 };
        let _ = write!(text, "slave_read_repl_offset:{offset}\r\nslave_repl_offset:{offset}\r\n");
        if heard.is_none() {
            let down = self.it.link_down_since.map_or(-1, |since| secs(now, since));
            let _ = write!(text, "master_link_down_since_seconds:{down}\r\n");
        }
        let (priority, announced) = (self.options.priority, u8::from(self.options.announced));
        let _ = write!(
            text,
            "slave_priority:{priority}\r\nslave_read_only:1\r\nreplica_announced:{announced}\r\n"
        );
    }

    /// Appends the reply to ROLE.
    pub(super) fn role(&self, out: &mut Vec<u8>) {
        let Some(master) = self.it.follows else {
            array_header(out, 3);
            bulk(out, b"master");
            integer(out, self.it.history.offset as i64);
            let online = self.it.replicas.iter().filter(|replica| replica.is_online());
            array_header(out, online.clone().count());
            for replica in online {
                array_header(out, 3);
                bulk(out, replica.addr.ip().to_string().as_bytes());
                bulk(out, replica.addr.port().to_string().as_bytes());
                bulk(out, replica.acked.to_string().as_bytes());
            }
            return;
        };
        let state = match &self.it.link {
            Link::Idle => "connect",
            Link::Connecting { .. } => "connecting",
            Link::Transfer { .. } | Link::Loading { .. } => "sync",
            Link::Connected { .. } => "connected",
        };
        array_header(out, 5);
        bulk(out, b"slave");
        bulk(out, master.ip().to_string().as_bytes());
        integer(out, i64::from(master.port()));
        bulk(out, state.as_bytes());
        let connected = matches!(self.it.link, Link::Connected { .. });
        integer(out, if connected { self.it.history.offset as i64 } else { -1 });
    }
}

fn secs(now: Time, then: Time) -> i64 {
    (now.since_us(then) / 1_000_000) as i64
}

//! The configuration: what a file says, and what is written back. Loading and saving use the same type, so
//! that "the file reloads to the same state" is an equality.
//!
//! Reading is in `parse`, reading on after an error in `survey`, the table of directives in `directive`, quoting in `args`, writing in `rewrite`, the file for
//! state kept elsewhere in `state`. Reading and writing files is left to the shell, through [`Files`].

mod args;
pub mod directive;
mod draft;
mod error;
mod general;
mod number;
mod parse;
mod rewrite;
mod sentinel_line;
mod source;
mod state;
mod survey;
mod typed;
mod value;

pub use args::{quote, word};
pub use error::{ConfigError, ErrorKind};
pub use number::{Reading, reading};
pub use parse::{Files, parse};
pub use rewrite::rewrite;
pub use sentinel_line::{numeric_address, resembles_ipv4};
pub use source::{CommandLine, Source, assemble};
pub use state::rewrite_state;
pub use survey::{Flaw, Line, Survey, survey};

use crate::event::LogLevel;
use crate::id::{GroupName, SentinelId};

/// Everything in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    /// directives without `sentinel` in front
    pub general: General,
    /// `sentinel` directives that belong to no group
    pub global: Global,
    /// the monitored groups, in file order
    pub groups: Vec<GroupConfig>,
}

/// General directives that a sentinel uses (interface: "General directives in sentinel mode").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct General {
    /// `port`; 0 = no TCP
    pub port: u16,
    /// `bind`, as written, a leading `-` kept; empty = no TCP listening
    pub bind: Vec<String>,
    /// `bind-source-addr`
    pub bind_source_addr: Option<String>,
    /// `protected-mode`
    pub protected_mode: bool,
    /// `tcp-backlog`
    pub tcp_backlog: u32,
    /// `tcp-keepalive`, seconds
    pub tcp_keepalive_s: u32,
    /// `timeout`, seconds; 0 = never
    pub timeout_s: u64,
    /// `maxclients`
    pub maxclients: u32,
    /// `unixsocket`
    pub unixsocket: Option<String>,
    /// `unixsocketperm`, 0 = as the umask has it
    pub unixsocketperm: u32,
    /// `daemonize`
    pub daemonize: bool,
    /// `supervised`: `no`, `systemd`, `upstart`, `auto`
    pub supervised: String,
    /// `pidfile`
    pub pidfile: Option<String>,
    /// `logfile`; empty = standard output
    pub logfile: String,
    /// `loglevel`
    pub loglevel: LogLevel,
    /// `syslog-enabled`
    pub syslog_enabled: bool,
    /// `syslog-ident`
    pub syslog_ident: String,
    /// `syslog-facility`, lower case
    pub syslog_facility: String,
    /// `log-format`: `legacy` or `logfmt`
    pub log_format: String,
    /// `log-timestamp-format`: `legacy`, `iso8601` or `milliseconds`
    pub log_timestamp_format: String,
    /// absolute working directory after all `dir` lines
    pub dir: String,
    /// `requirepass`
    pub requirepass: Option<Vec<u8>>,
    /// `user` lines: the words after `user`
    pub users: Vec<Vec<Vec<u8>>>,
    /// `aclfile`
    pub aclfile: Option<String>,
    /// `acllog-max-len`
    pub acllog_max_len: u64,
    /// `acl-pubsub-default allchannels`
    pub acl_pubsub_allchannels: bool,
    /// `rename-command OLD NEW`; an empty NEW removes the command
    pub rename_commands: Vec<(String, String)>,
    /// `client-output-buffer-limit normal`
    pub output_limit_normal: OutputLimit,
    /// `client-output-buffer-limit pubsub`
    pub output_limit_pubsub: OutputLimit,
    /// `client-query-buffer-limit`, bytes
    pub query_buffer_limit: u64,
    /// `proto-max-bulk-len`, bytes
    pub proto_max_bulk_len: u64,
    /// `hz`, shown as `configured_hz`
    pub hz: u32,
    /// `set-proc-title`
    pub set_proc_title: bool,
    /// the TLS directives
    pub tls: Tls,
    /// ours: `state-file PATH`, where the state is kept instead of the configuration file
    pub state_file: Option<String>,
    /// a hash of the `sentinel` lines the configuration consisted of when it was read, kept in the state file
    pub state_source: u64,
    /// every general directive that was given or changed, for rewriting: canonical lower-case name and the
    /// text after it, in order of first appearance
    pub given: Vec<(String, String)>,
}

/// `client-output-buffer-limit` of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputLimit {
    /// bytes at which the client is dropped; 0 = none
    pub hard_bytes: u64,
    /// bytes tolerated for `soft_s` seconds; 0 = none
    pub soft_bytes: u64,
    /// seconds
    pub soft_s: u64,
}

/// TLS directives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// `tls-port`; 0 = none
    pub port: u16,
    /// `tls-cert-file`
    pub cert_file: Option<String>,
    /// `tls-key-file`
    pub key_file: Option<String>,
    /// `tls-key-file-pass`
    pub key_file_pass: Option<String>,
    /// `tls-client-cert-file`
    pub client_cert_file: Option<String>,
    /// `tls-client-key-file`
    pub client_key_file: Option<String>,
    /// `tls-client-key-file-pass`
    pub client_key_file_pass: Option<String>,
    /// `tls-ca-cert-file`
    pub ca_cert_file: Option<String>,
    /// `tls-ca-cert-dir`
    pub ca_cert_dir: Option<String>,
    /// `tls-auth-clients`: `yes`, `no`, `optional`; empty = `yes`
    pub auth_clients: String,
    /// `tls-replication`: every outgoing link uses TLS
    pub replication: bool,
    /// `tls-cluster`
    pub cluster: bool,
    /// `tls-protocols`, empty = default
    pub protocols: String,
}

/// `sentinel` directives of the whole process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Global {
    /// `sentinel myid`
    pub myid: Option<SentinelId>,
    /// `sentinel current-epoch`
    pub current_epoch: u64,
    /// `sentinel deny-scripts-reconfig`, default yes
    pub deny_scripts_reconfig: bool,
    /// `sentinel resolve-hostnames`
    pub resolve_hostnames: bool,
    /// `sentinel announce-hostnames`
    pub announce_hostnames: bool,
    /// `sentinel announce-ip`
    pub announce_ip: Option<String>,
    /// `sentinel announce-port`; 0 = unset
    pub announce_port: i64,
    /// `sentinel sentinel-user`
    pub sentinel_user: Option<String>,
    /// `sentinel sentinel-pass`
    pub sentinel_pass: Option<Vec<u8>>,
    /// ours: `sentinel tilt-clock wall|monotonic`, default wall
    pub tilt_clock_monotonic: bool,
    /// ours: `sentinel vote-without-disk yes|no`, default no
    pub vote_without_disk: bool,
}

/// One monitored group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupConfig {
    /// the master name
    pub name: GroupName,
    /// address of the present master: an IP, or a name where names are resolved
    pub host: String,
    /// port of the present master; 0 = never connected
    pub port: u16,
    /// `quorum`
    pub quorum: u32,
    /// `down-after-milliseconds`
    pub down_after_ms: u64,
    /// `failover-timeout`
    pub failover_timeout_ms: u64,
    /// `parallel-syncs`
    pub parallel_syncs: i32,
    /// `notification-script`
    pub notification_script: Option<String>,
    /// `client-reconfig-script`
    pub client_reconfig_script: Option<String>,
    /// `auth-pass`
    pub auth_pass: Option<Vec<u8>>,
    /// `auth-user`
    pub auth_user: Option<String>,
    /// `master-reboot-down-after-period`; 0 = off
    pub reboot_down_after_ms: u64,
    /// ours: `refused-down-after-milliseconds`; 0 = off
    pub refused_down_after_ms: u64,
    /// ours: `sentinel replication-topology <group> star|keep|chain`, default star
    pub topology: Topology,
    /// `config-epoch`
    pub config_epoch: u64,
    /// `leader-epoch`
    pub leader_epoch: u64,
    /// `known-replica`: host and port
    pub replicas: Vec<(String, u16)>,
    /// ours: `replica-home`, only in groups that `keep` their shape
    pub homes: Vec<ReplicaHome>,
    /// `known-sentinel` with an id
    pub peers: Vec<KnownPeer>,
    /// `sentinel rename-command`: old and new word
    pub renames: Vec<(String, String)>,
}

/// The shape a group's replicas are kept in (`sentinel replication-topology`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Topology {
    /// every replica follows the master, and nothing else is known: as upstream
    #[default]
    Star,
    /// replicas of replicas are watched too; the shape they have is kept and repaired
    Keep,
    /// one line, in an order that all sentinels agree on: the master feeds one replica
    Chain,
}

impl Topology {
    /// The topology of this name, in any case.
    pub fn parse(word: &[u8]) -> Option<Topology> {
        let all = [Topology::Star, Topology::Keep, Topology::Chain];
        all.into_iter().find(|topology| topology.name().as_bytes().eq_ignore_ascii_case(word))
    }

    /// Its name, as written in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Topology::Star => "star",
            Topology::Keep => "keep",
            Topology::Chain => "chain",
        }
    }
}

/// One `replica-home` line: whom a replica follows when nothing is wrong. One without a line belongs to the master, or has
/// not been seen yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaHome {
    /// host and port of the replica
    pub replica: (String, u16),
    /// host and port of its home
    pub home: (String, u16),
    /// its home is down, or was, and it has not come back to it
    pub away: bool,
}

/// One `known-sentinel` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPeer {
    /// IP or name
    pub host: String,
    /// port
    pub port: u16,
    /// its id, any text
    pub id: SentinelId,
}

/// `down-after-milliseconds` of a group that does not say.
pub const DEFAULT_DOWN_AFTER_MS: u64 = 30_000;
/// `failover-timeout` of a group that does not say.
pub const DEFAULT_FAILOVER_TIMEOUT_MS: u64 = 180_000;

impl GroupConfig {
    /// A group with every setting at its default.
    pub fn new(name: GroupName, host: String, port: u16, quorum: u32) -> GroupConfig {
        GroupConfig {
            name,
            host,
            port,
            quorum,
            down_after_ms: DEFAULT_DOWN_AFTER_MS,
            failover_timeout_ms: DEFAULT_FAILOVER_TIMEOUT_MS,
            parallel_syncs: 1,
            notification_script: None,
            client_reconfig_script: None,
            auth_pass: None,
            auth_user: None,
            reboot_down_after_ms: 0,
            refused_down_after_ms: 0,
            topology: Topology::Star,
            config_epoch: 0,
            leader_epoch: 0,
            replicas: Vec::new(),
            homes: Vec::new(),
            peers: Vec::new(),
            renames: Vec::new(),
        }
    }
}

impl Default for Global {
    fn default() -> Global {
        Global {
            myid: None,
            current_epoch: 0,
            deny_scripts_reconfig: true,
            resolve_hostnames: false,
            announce_hostnames: false,
            announce_ip: None,
            announce_port: 0,
            sentinel_user: None,
            sentinel_pass: None,
            tilt_clock_monotonic: false,
            vote_without_disk: false,
        }
    }
}

impl Default for General {
    fn default() -> General {
        let mib = 1024 * 1024;
        General {
            port: 26379,
            bind: vec!["*".into(), "-::*".into()],
            bind_source_addr: None,
            protected_mode: false,
            tcp_backlog: 511,
            tcp_keepalive_s: 300,
            timeout_s: 0,
            maxclients: 10_000,
            unixsocket: None,
            unixsocketperm: 0,
            daemonize: false,
            supervised: "no".into(),
            pidfile: None,
            logfile: String::new(),
            loglevel: LogLevel::Notice,
            syslog_enabled: false,
            syslog_ident: "redis".into(),
            syslog_facility: "local0".into(),
            log_format: "legacy".into(),
            log_timestamp_format: "legacy".into(),
            dir: String::new(),
            requirepass: None,
            users: Vec::new(),
            aclfile: None,
            acllog_max_len: 128,
            acl_pubsub_allchannels: false,
            rename_commands: Vec::new(),
            output_limit_normal: OutputLimit { hard_bytes: 0, soft_bytes: 0, soft_s: 0 },
            output_limit_pubsub: OutputLimit { hard_bytes: 32 * mib, soft_bytes: 8 * mib, soft_s: 60 },
            query_buffer_limit: 1024 * mib,
            proto_max_bulk_len: 512 * mib,
            hz: 10,
            set_proc_title: true,
            tls: Tls::default(),
            state_file: None,
            state_source: 0,
            given: Vec::new(),
        }
    }
}

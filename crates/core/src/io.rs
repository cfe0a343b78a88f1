//! What enters and leaves the core: closed lists, so that everything that can wake a sentinel and
//! everything it can do is written here.

use std::net::{IpAddr, SocketAddr};

use watchkeeper_resp::Frame;

use crate::config::Config;
use crate::event::{Event, LogLevel};
use crate::time::Mono;

/// One connection attempt of ours. Never used again after its [`LinkInput::Down`] or [`Output::Close`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// One accepted connection; the number `CLIENT ID` shows. Given by the shell, rising from 1, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

/// One script run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScriptId(pub u64);

/// Names an asynchronous question, so that a late answer is recognised as late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// A state of the configuration file. Later states have larger versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Version(pub u64);

/// Everything that can happen to a sentinel.
#[derive(Debug)]
pub enum Input {
    /// the deadline passed (harmless at any time)
    Wake,
    /// something happened on a connection of ours
    Link {
        /// which connection of ours
        link: LinkId,
        /// what happened to it
        what: LinkInput,
    },
    /// something happened on an accepted connection
    Client {
        /// which accepted connection
        client: ClientId,
        /// what happened to it
        what: ClientInput,
    },
    /// a name was looked up: the addresses, or why not
    Resolved {
        /// the question
        ticket: Ticket,
        /// all addresses, or why there are none
        result: Result<Vec<IpAddr>, String>,
    },
    /// something happened to a script
    Script {
        /// which run
        script: ScriptId,
        /// what happened to it
        what: ScriptInput,
    },
    /// a [`Output::Persist`] ended: on disk, or the reason why not
    Persisted {
        /// which state
        version: Version,
        /// on disk, or why it is not
        result: Result<(), String>,
    },
    /// the answer to [`Output::ReadAcl`]
    AclText {
        /// the question
        ticket: Ticket,
        /// the file's bytes, or why it cannot be read
        result: Result<Vec<u8>, String>,
    },
    /// the answer to [`Output::WriteAcl`]
    AclWritten {
        /// the question
        ticket: Ticket,
        /// on disk, or why it is not
        result: Result<(), String>,
    },
    /// the answer to [`Output::CheckScript`]
    ScriptChecked {
        /// the question
        ticket: Ticket,
        /// whether it is a file that may be run
        executable: bool,
    },
    /// facts about the process for `INFO` and `CLIENT LIST`; the shell sends them at start and about every 100 ms
    Facts(Box<Facts>),
    /// a signal asked the process to end
    Shutdown,
}

/// What can happen on a link.
#[derive(Debug)]
pub enum LinkInput {
    /// connected (and TLS done); `local` is our address on it
    Up {
        /// our end
        local: SocketAddr,
    },
    /// never connected, closed by the other side, or broken
    Down(DownReason),
    /// a reply, or a message on a subscribed link
    Frame(Frame),
}

/// Why a link went down. `Refused` is evidence of its own: a living host says that nothing listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DownReason {
    /// connection refused
    Refused,
    /// closed by the other side
    Closed,
    /// reset by the other side
    Reset,
    /// network or host unreachable
    Unreachable,
    /// the connect or a write timed out in the kernel
    TimedOut,
    /// TLS failed
    Tls(String),
    /// the other side does not speak RESP
    Protocol(String),
    /// anything else
    Other(String),
}

/// What can happen on an accepted connection.
#[derive(Debug)]
pub enum ClientInput {
    /// accepted
    Connected(Connected),
    /// one whole command; never empty
    Command(Vec<Vec<u8>>),
    /// closed by the other side or broken
    Gone,
}

/// Facts about an accepted connection.
#[derive(Debug, Clone)]
pub struct Connected {
    /// where from
    pub peer: ClientAddr,
    /// which of our addresses
    pub local: ClientAddr,
    /// descriptor number, for `CLIENT LIST`
    pub fd: i32,
    /// whether it came over TLS
    pub tls: bool,
}

/// Address of an accepted connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientAddr {
    /// TCP
    Tcp(SocketAddr),
    /// the unix socket's path
    Unix(String),
}

/// What can happen to a script.
#[derive(Debug)]
pub enum ScriptInput {
    /// it runs
    Started {
        /// process id
        pid: u32,
    },
    /// the process could not be made (fork failure)
    NotStarted,
    /// it ended: exit code, or the signal that killed it
    Exited {
        /// exit code; 0 when a signal ended it
        code: i32,
        /// the signal that ended it, else 0
        signal: i32,
    },
}

/// What only the process knows, for `INFO`.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// process id
    pub pid: u32,
    /// random id of this process, 40 hex characters (`run_id`)
    pub run_id: String,
    /// `uname` style: "Linux 6.1.0 x86_64"
    pub os: String,
    /// absolute path of the program
    pub executable: String,
    /// absolute path of the configuration file
    pub config_file: String,
    /// the port shown: `port`, or `tls-port` where `port` is 0
    pub tcp_port: u16,
    /// `no`, `systemd`, `upstart`, `unknown`
    pub supervised: String,
    /// user and system CPU seconds, own and of children: sys, user, sys children, user children
    pub cpu_seconds: [f64; 4],
    /// bytes read from clients since the start
    pub net_input_bytes: u64,
    /// bytes written to clients since the start
    pub net_output_bytes: u64,
    /// connections accepted since the start
    pub connections_received: u64,
    /// the compiler's name and version, any text
    pub compiler: String,
}

/// Everything a sentinel can ask of its shell. The shell does it and decides nothing.
#[derive(Debug, Clone)]
pub enum Output {
    /// write this state to the configuration file, durably; answer with [`Input::Persisted`]. At most one at a time.
    Persist {
        /// names the state
        version: Version,
        /// what to write
        config: Box<Config>,
    },
    /// connect; answer with `Up` or `Down`. There is no connect timeout: the core closes what takes too long.
    Open {
        /// the new connection
        link: LinkId,
        /// where to
        addr: SocketAddr,
        /// the address to connect from (`bind-source-addr`)
        source: Option<IpAddr>,
        /// whether to speak TLS
        tls: bool,
    },
    /// write these bytes on a link, in order; they wait until it is up
    Send {
        /// which connection
        link: LinkId,
        /// whole commands
        bytes: Vec<u8>,
    },
    /// close a link; unsent bytes are lost, no `Down` follows
    Close {
        /// which connection
        link: LinkId,
    },
    /// write these bytes to a client
    Reply {
        /// which connection
        client: ClientId,
        /// whole replies or messages
        bytes: Vec<u8>,
    },
    /// close a client after what was written to it before has left; no `Gone` follows
    CloseClient {
        /// which connection
        client: ClientId,
    },
    /// the client is (not) authenticated: request limits follow from it
    Authenticated {
        /// which connection
        client: ClientId,
        /// whether it is
        yes: bool,
    },
    /// the client has (no) subscriptions: its output limit is the pubsub one
    Subscriber {
        /// which connection
        client: ClientId,
        /// whether it has any
        yes: bool,
    },
    /// log an event; clients and scripts are served by the core itself
    Event(Event),
    /// log a line that is no event
    Log {
        /// how grave
        level: LogLevel,
        /// the line, without time and process id
        text: String,
    },
    /// look a name up; answer with [`Input::Resolved`]
    Resolve {
        /// names the question
        ticket: Ticket,
        /// the name
        host: String,
    },
    /// run a script with these arguments (the path first)
    Script {
        /// names the run
        script: ScriptId,
        /// the path, then its arguments
        argv: Vec<String>,
    },
    /// look whether this file exists and may be run (`SENTINEL SET notification-script`)
    CheckScript {
        /// names the question
        ticket: Ticket,
        /// the file
        path: String,
    },
    /// kill a running script with SIGKILL
    KillScript {
        /// which run
        script: ScriptId,
    },
    /// read the `aclfile` (`ACL LOAD`)
    ReadAcl {
        /// names the question
        ticket: Ticket,
        /// the file
        path: String,
    },
    /// replace the `aclfile` (`ACL SAVE`)
    WriteAcl {
        /// names the question
        ticket: Ticket,
        /// the file
        path: String,
        /// its whole new content
        text: Vec<u8>,
    },
    /// log from this level on (`SENTINEL CONFIG SET loglevel`)
    LogLevel(LogLevel),
    /// end the process with this status
    Exit {
        /// exit status
        code: i32,
    },
}

/// The outputs of one or more steps, in order.
#[derive(Debug, Clone, Default)]
pub struct Outputs(pub Vec<Output>);

impl Outputs {
    /// Adds one.
    pub fn push(&mut self, output: Output) {
        self.0.push(output);
    }
    /// Takes them all, leaving this empty.
    pub fn take(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.0)
    }
}

/// When the sentinel must be woken at the latest, and what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    /// the time
    pub at: Mono,
    /// the reason
    pub why: Why,
}

/// What a sentinel waits for. Shown to operators and used as a metric label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// the tick that notices stalls (TILT) and is the safety net
    Tick,
    /// a PING is due, or its answer is overdue
    Ping,
    /// a hello is due
    Hello,
    /// an INFO is due
    Info,
    /// a link may be opened again
    Reconnect,
    /// a peer is to be asked about a master again
    Ask,
    /// a failover may start
    FailoverStart,
    /// a phase of a failover runs out of time
    PhaseTimeout,
    /// a script may run again or runs out of time
    ScriptRetry,
}

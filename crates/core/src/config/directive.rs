//! The table of directives. Reading, checking, writing back and the reference documentation come from here.
//! What a `sentinel` line does to the configuration is in `sentinel_line`; how a value of a [`Kind`] is checked and
//! written in `value`.

pub use super::general::GENERAL;

/// A directive without `sentinel` in front.
#[derive(Debug)]
pub struct Directive {
    /// lower-case name, as written back
    pub name: &'static str,
    /// other names it is read by
    pub aliases: &'static [&'static str],
    /// what its values look like
    pub kind: Kind,
    /// the value a rewrite need not write, in the form of [`crate::config::General::given`], strings without quotes
    pub default: &'static str,
    /// whether a sentinel does anything with it; otherwise it is checked, kept and ignored
    pub used: bool,
}

/// What the values of a general directive look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `yes` or `no`
    YesNo,
    /// a whole number in this range
    Int(i64, i64),
    /// bytes in this range, with or without a unit
    Memory(u64, u64),
    /// bytes, or a part of all memory (`5%`)
    MemoryOrPercent,
    /// file permissions, 0 to 777 in octal
    Octal,
    /// one of these words
    Enum(&'static [&'static str]),
    /// `loglevel`: an enum that also knows `nothing`, which Redis 7.0 does not name
    LogLevel,
    /// one or more of these words
    Flags(&'static [&'static str]),
    /// any text
    Text,
    /// the name of a file (or, as its parameter says, directory) without a path
    FileName(&'static str),
    /// letters, digits, hyphens and dots
    Hostname,
    /// `proc-title-template`
    Title,
    /// `notify-keyspace-events`
    KeyspaceEvents,
    /// `dir`: executed while reading
    Dir,
    /// up to 16 addresses
    Bind,
    /// `client-output-buffer-limit`: class, hard, soft, seconds; repeatable
    OutputLimit,
    /// `oom-score-adj-values`: three numbers
    OomScores,
    /// `latency-tracking-info-percentiles`
    Percentiles,
    /// `replicaof`: host and port
    ReplicaOf,
    /// `save`: pairs of numbers; never written back
    Save,
}

impl Kind {
    /// Whether more (or fewer) than one argument may follow the name.
    pub(crate) fn takes_many(self) -> bool {
        match self {
            Kind::Flags(_)
            | Kind::Bind
            | Kind::OutputLimit
            | Kind::OomScores
            | Kind::Percentiles
            | Kind::ReplicaOf
            | Kind::Save => true,
            Kind::YesNo
            | Kind::Int(..)
            | Kind::Memory(..)
            | Kind::MemoryOrPercent
            | Kind::Octal
            | Kind::Enum(_)
            | Kind::LogLevel
            | Kind::Text
            | Kind::FileName(_)
            | Kind::Hostname
            | Kind::Title
            | Kind::KeyspaceEvents
            | Kind::Dir => false,
        }
    }
}

/// The general directive called `name` (any case, or an old name).
pub fn general(name: &[u8]) -> Option<&'static Directive> {
    let is = |known: &str| known.as_bytes().eq_ignore_ascii_case(name);
    GENERAL.iter().find(|directive| is(directive.name) || directive.aliases.iter().any(|alias| is(alias)))
}

/// Names of long ago that are accepted with exactly one argument and mean nothing. `io-threads-do-reads` is still a
/// directive of its own in most versions and stands in the table.
pub const DEPRECATED: &[&str] =
    &["list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands"];

/// Our own directives, those with `sentinel` in front by the name after it. Upstream refuses a file that has one.
pub const OURS: &[&str] = &[
    "refused-down-after-milliseconds",
    "replica-home",
    "replication-topology",
    "state-file",
    "tilt-clock",
    "vote-without-disk",
];

/// Which `sentinel` directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SentinelKey {
    /// `myid`
    Myid,
    /// `deny-scripts-reconfig`
    DenyScriptsReconfig,
    /// `resolve-hostnames`
    ResolveHostnames,
    /// `announce-hostnames`
    AnnounceHostnames,
    /// `tilt-clock`
    TiltClock,
    /// `vote-without-disk`
    VoteWithoutDisk,
    /// `monitor`
    Monitor,
    /// `down-after-milliseconds`
    DownAfter,
    /// `failover-timeout`
    FailoverTimeout,
    /// `parallel-syncs`
    ParallelSyncs,
    /// `notification-script`
    NotificationScript,
    /// `client-reconfig-script`
    ClientReconfigScript,
    /// `auth-pass`
    AuthPass,
    /// `auth-user`
    AuthUser,
    /// `master-reboot-down-after-period`
    RebootDownAfter,
    /// `refused-down-after-milliseconds`
    RefusedDownAfter,
    /// `replication-topology`
    ReplicationTopology,
    /// `config-epoch`
    ConfigEpoch,
    /// `leader-epoch`
    LeaderEpoch,
    /// `known-replica`
    KnownReplica,
    /// `replica-home`
    ReplicaHome,
    /// `known-sentinel`
    KnownSentinel,
    /// `rename-command`
    RenameCommand,
    /// `current-epoch`
    CurrentEpoch,
    /// `announce-ip`
    AnnounceIp,
    /// `announce-port`
    AnnouncePort,
    /// `sentinel-user`
    SentinelUser,
    /// `sentinel-pass`
    SentinelPass,
}

/// When a `sentinel` line is executed; passes run one after the other, each in file order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pass {
    /// settings of the whole process
    Global,
    /// `monitor`
    Monitor,
    /// settings of a group
    Group,
}

/// A directive with `sentinel` in front.
#[derive(Debug)]
pub struct SentinelDirective {
    /// which
    pub key: SentinelKey,
    /// lower-case name, as written back
    pub name: &'static str,
    /// other names it is read by
    pub aliases: &'static [&'static str],
    /// the words after the name; their count must match exactly
    pub words: &'static [&'static str],
    /// the value of a file that does not say; empty = none
    pub default: &'static str,
    /// when it is executed
    pub pass: Pass,
    /// what it means, in English
    pub doc: &'static str,
    /// what it means, in Chinese
    pub doc_zh: &'static str,
}

/// The `sentinel` directive called `name` (any case, or an old name).
pub fn sentinel(name: &[u8]) -> Option<&'static SentinelDirective> {
    let is = |known: &str| known.as_bytes().eq_ignore_ascii_case(name);
    SENTINEL.iter().find(|directive| is(directive.name) || directive.aliases.iter().any(|alias| is(alias)))
}

/// The name under which `key` is written.
pub fn sentinel_name(key: SentinelKey) -> &'static str {
    SENTINEL.iter().find(|directive| directive.key == key).map_or("", |directive| directive.name)
}

macro_rules! sentinel_table {
    ($($pass:ident $key:ident $name:literal [$($alias:literal)*] [$($word:literal)*] $default:literal $doc:literal $zh:literal;)*) => {
        /// All `sentinel` directives.
        pub static SENTINEL: &[SentinelDirective] = &[$(SentinelDirective {
            key: SentinelKey::$key,
            name: $name,
            aliases: &[$($alias),*],
            words: &[$($word),*],
            default: $default,
            pass: Pass::$pass,
            doc: $doc,
            doc_zh: $zh,
        }),*];
    };
}

sentinel_table! {
    Global Myid "myid" [] ["id"] ""
        "Identity of this sentinel, 40 characters. Made at the first start; never copy it to another machine."
        "本哨兵的标识，40 个字符。首次启动时生成；切勿复制到其他机器。";
    Global DenyScriptsReconfig "deny-scripts-reconfig" [] ["yes|no"] "yes"
        "Whether `SENTINEL SET` may not change the scripts at run time."
        "是否禁止在运行时用 `SENTINEL SET` 修改脚本。";
    Global ResolveHostnames "resolve-hostnames" [] ["yes|no"] "no"
        "Whether host names are accepted where an address is expected."
        "在需要地址的位置是否接受主机名。";
    Global AnnounceHostnames "announce-hostnames" [] ["yes|no"] "no"
        "Whether host names instead of addresses are shown to clients, replicas, peers and scripts."
        "向客户端、副本、其他哨兵和脚本是否显示主机名而不是 IP 地址。";
    Global TiltClock "tilt-clock" [] ["wall|monotonic"] "wall"
        "Which clock can cause TILT: with `wall` a jump of the system time does, as in Redis; with `monotonic` only a real stall of the process. Watchkeeper only."
        "哪种时钟会触发 TILT：`wall` 时系统时间跳变会触发（与 Redis 相同）；`monotonic` 时只有进程真正停顿才会触发。仅 Watchkeeper 支持。";
    Global VoteWithoutDisk "vote-without-disk" [] ["yes|no"] "no"
        "Whether a vote is given although it could not be saved, as Redis does. It can then be given twice after a restart. Watchkeeper only."
        "投票无法保存到磁盘时是否仍然投票（Redis 的做法）。重启后可能对同一纪元重复投票。仅 Watchkeeper 支持。";
    Monitor Monitor "monitor" [] ["group" "host" "port" "quorum"] ""
        "Watches the master at this address under this name. `quorum` sentinels must agree that it is down."
        "以该名称监视此地址的主节点。至少 `quorum` 个哨兵同意才判定其客观下线。";
    Group DownAfter "down-after-milliseconds" [] ["group" "ms"] "30000"
        "How long an instance must fail to answer before this sentinel holds it to be down."
        "实例持续无有效应答多久后，本哨兵判定其主观下线。";
    Group FailoverTimeout "failover-timeout" [] ["group" "ms"] "180000"
        "The time limit of each phase of a failover, and how long a replica may follow another server before it is turned to the master."
        "故障转移各阶段的时限；也是副本跟随错误的服务器多久后会被改正。";
    Group ParallelSyncs "parallel-syncs" [] ["group" "count"] "1"
        "How many replicas are attached to the new master at the same time."
        "同时指向新主节点进行同步的副本数量。";
    Group NotificationScript "notification-script" [] ["group" "path"] ""
        "Program run for every warning event, with the event's type and text."
        "每个警告级事件触发时运行的程序，参数为事件类型和内容。";
    Group ClientReconfigScript "client-reconfig-script" [] ["group" "path"] ""
        "Program run when the master's address has changed, with the old and the new address."
        "主节点地址变更时运行的程序，参数包含新旧地址。";
    Group AuthPass "auth-pass" [] ["group" "password"] ""
        "Password for the master and its replicas."
        "连接主节点及其副本所用的密码。";
    Group AuthUser "auth-user" [] ["group" "user"] ""
        "User for the master and its replicas; used only together with `auth-pass`."
        "连接主节点及其副本所用的用户名；须与 `auth-pass` 一起使用。";
    Group RebootDownAfter "master-reboot-down-after-period" ["primary-reboot-down-after-period"] ["group" "ms"] "0"
        "How long a master that came back with another run id may go on before it is held to be down; 0 = do not look."
        "主节点以新的运行标识重启后，超过多久仍在加载则视为下线；0 表示不检查。";
    Group RefusedDownAfter "refused-down-after-milliseconds" [] ["group" "ms"] "0"
        "How long a master's port may refuse connections until the master is held to be down, without waiting for `down-after-milliseconds`: who refuses has no process there, who is silent may only be slow. Longer than a restart takes; 0 = off, as in Redis. Watchkeeper only."
        "主节点的端口拒绝连接超过多久即视为下线，无需等待 `down-after-milliseconds`：拒绝连接说明进程已不在，没有回应则可能只是慢。应大于一次重启所需的时间；0 表示关闭（与 Redis 相同）。仅 Watchkeeper 支持。";
    Group ReplicationTopology "replication-topology" [] ["group" "star|keep|chain"] "star"
        "The shape replicas are kept in: `star`, all follow the master, as in Redis; `keep`, replicas of replicas are watched too and the shape they have is kept and repaired; `chain`, one line, so that the master feeds exactly one replica. Watchkeeper only."
        "副本的复制拓扑：`star` 时所有副本直接跟随主节点（与 Redis 相同）；`keep` 时也监视副本的副本，保持并修复现有形状；`chain` 时维护成一条链（主从从），主节点只向一个副本发送数据。仅 Watchkeeper 支持。";
    Group ConfigEpoch "config-epoch" [] ["group" "epoch"] "0"
        "Epoch of the failover that made the present master. Written by the sentinel."
        "产生当前主节点的那次故障转移的纪元。由哨兵自动写入。";
    Group LeaderEpoch "leader-epoch" [] ["group" "epoch"] "0"
        "Epoch of the last vote given for this group. Written by the sentinel."
        "本哨兵最近一次为该组投票的纪元。由哨兵自动写入。";
    Group KnownReplica "known-replica" ["known-slave"] ["group" "host" "port"] ""
        "A replica seen before. Written by the sentinel."
        "已知的副本。由哨兵自动写入。";
    Group ReplicaHome "replica-home" [] ["group" "host" "port" "home-host" "home-port" "here|away"] ""
        "With `replication-topology keep`: the server this replica follows when nothing is wrong, if that is not the master; `away` while the replica hangs elsewhere because its home is or was down. Written by the sentinel. Watchkeeper only."
        "`replication-topology keep` 时：该副本在正常情况下跟随的服务器（主节点除外）；因该服务器宕机而暂时改接别处时为 `away`。由哨兵自动写入。仅 Watchkeeper 支持。";
    Group KnownSentinel "known-sentinel" [] ["group" "host" "port" "id"] ""
        "Another sentinel seen before. Written by the sentinel."
        "已知的其他哨兵。由哨兵自动写入。";
    Group RenameCommand "rename-command" [] ["group" "command" "new"] ""
        "The name a command has on the group's servers, where they renamed it."
        "该组服务器上被重命名的命令的新名称。";
    Global CurrentEpoch "current-epoch" [] ["epoch"] "0"
        "The newest epoch heard of. Written by the sentinel."
        "本哨兵所知的最新纪元。由哨兵自动写入。";
    Global AnnounceIp "announce-ip" [] ["address"] ""
        "Address told to other sentinels, where it is not the one seen by this machine."
        "向其他哨兵通告的地址（与本机所见地址不同时使用）。";
    Global AnnouncePort "announce-port" [] ["port"] "0"
        "Port told to other sentinels; 0 = the port listened on."
        "向其他哨兵通告的端口；0 表示使用监听端口。";
    Global SentinelUser "sentinel-user" [] ["user"] ""
        "User for the links to other sentinels."
        "连接其他哨兵所用的用户名。";
    Global SentinelPass "sentinel-pass" [] ["password"] ""
        "Password for the links to other sentinels; without it `requirepass` is used."
        "连接其他哨兵所用的密码；未设置时使用 `requirepass`。";
}

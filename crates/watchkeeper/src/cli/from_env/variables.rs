//! The table of environment variables: parsing, help and the reference in the guide come from it.

use watchkeeper_core::lang::Words;

use crate::cli::lang::Lang;

/// Which variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    MasterName,
    Quorum,
    Master,
    Slaves,
    SentinelPort,
    RedisPort,
    DefaultPort,
    DownAfter,
    FailoverTimeout,
    ParallelSyncs,
    AnnounceIp,
    AnnouncePort,
    AuthPass,
    NotificationScript,
    ClientReconfigScript,
    AwsIpDiscovery,
    AwsEndpoint,
    AuthUser,
    SentinelUser,
    SentinelPass,
    ResolveHostnames,
    AnnounceHostnames,
    RefusedDownAfter,
    ReplicationTopology,
    LogLevel,
    Requirepass,
    AclFile,
    SentinelId,
    StateDir,
}

/// What a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// a name of a group: no blanks, no control characters
    Name,
    /// any text that is not to be shown
    Secret,
    /// the name of a user
    User,
    /// an IP or a host name
    Host,
    /// `host[:port]`
    Place,
    /// several of them with `;` between
    Places,
    /// a whole number in this range
    Number(u64, u64),
    /// yes or no
    YesNo,
    /// one of these words
    OneOf(&'static [&'static str]),
    /// a path
    Path,
    /// a program that may be executed
    Program,
    /// `http://host[:port]`
    Url,
    /// 40 hexadecimal digits
    Id,
}

/// One variable.
#[derive(Debug)]
pub(crate) struct Variable {
    /// which
    pub(crate) key: Key,
    /// its name
    pub(crate) name: &'static str,
    /// what it may be
    pub(crate) kind: Kind,
    /// what is taken when it is not set, for people
    pub(crate) default: &'static str,
    /// what it is for
    pub(crate) what: Words,
    /// whether Stratus' image has it
    pub(crate) stratus: bool,
}

impl Variable {
    /// Whether the value must not be shown. Such a variable can also be given as a file, `<NAME>_FILE`.
    pub(crate) fn secret(&self) -> bool {
        self.kind == Kind::Secret
    }
}

const fn theirs(
    key: Key,
    name: &'static str,
    kind: Kind,
    default: &'static str,
    en: &'static str,
    zh: &'static str,
) -> Variable {
    Variable { key, name, kind, default, what: Words { en, zh }, stratus: true }
}

const fn ours(
    key: Key,
    name: &'static str,
    kind: Kind,
    default: &'static str,
    en: &'static str,
    zh: &'static str,
) -> Variable {
    Variable { key, name, kind, default, what: Words { en, zh }, stratus: false }
}

const PORT: Kind = Kind::Number(1, 65535);
const MILLISECONDS: Kind = Kind::Number(1, i64::MAX as u64);
const INT: u64 = i32::MAX as u64;

/// All variables, those of Stratus' image first.
#[rustfmt::skip]
pub(crate) static VARIABLES: &[Variable] = &[
    theirs(Key::MasterName, "MASTER_NAME", Kind::Name, "mymaster", "name of the group, which clients ask for", "组名，客户端用它查询主节点"),
    theirs(Key::Quorum, "QUORUM", Kind::Number(1, INT), "2", "how many sentinels must hold the master for down", "多少个哨兵认为主节点下线才算客观下线"),
    theirs(Key::Master, "MASTER", Kind::Place, "127.0.0.1", "the first master; a failover is not undone by it", "最初的主节点；不会撤销已发生的故障转移"),
    theirs(Key::Slaves, "SLAVES", Kind::Places, "", "replicas to know from the start; others are found", "启动时已知的副本；其余会自动发现"),
    theirs(Key::SentinelPort, "SENTINEL_PORT", PORT, "26379", "port the sentinel listens on", "哨兵监听的端口"),
    theirs(Key::RedisPort, "REDIS_PORT", PORT, "6379", "port of servers given without one", "未写端口的服务器所用的端口"),
    theirs(Key::DefaultPort, "DEFAULT_PORT", PORT, "", "older name of `REDIS_PORT`, used where that is not set or 6379", "`REDIS_PORT` 的旧名，仅当后者未设置或为 6379 时生效"),
    theirs(Key::DownAfter, "DOWN_AFTER", MILLISECONDS, "30000", "milliseconds without a valid answer until a server is held for down", "多少毫秒没有有效回复即认为下线"),
    theirs(Key::FailoverTimeout, "FAILOVER_TIMEOUT", MILLISECONDS, "180000", "milliseconds, as `failover-timeout`", "毫秒，同 `failover-timeout`"),
    theirs(Key::ParallelSyncs, "PARALLEL_SYNCS", Kind::Number(1, INT), "1", "replicas that may follow a new master at the same time", "可同时切换到新主节点的副本数"),
    theirs(Key::AnnounceIp, "ANNOUNCE_IP", Kind::Host, "", "address the sentinel tells others", "哨兵对外公布的地址"),
    theirs(Key::AnnouncePort, "ANNOUNCE_PORT", PORT, "", "port the sentinel tells others", "哨兵对外公布的端口"),
    theirs(Key::AuthPass, "AUTH_PASS", Kind::Secret, "", "password of the data servers", "数据服务器的密码"),
    theirs(Key::NotificationScript, "NOTIFICATION_SCRIPT", Kind::Program, "", "called with each warning", "每条警告事件都会调用的脚本"),
    theirs(Key::ClientReconfigScript, "CLIENT_RECONFIG_SCRIPT", Kind::Program, "", "called when the master has changed", "主节点变更时调用的脚本"),
    theirs(Key::AwsIpDiscovery, "AWS_IP_DISCOVERY", Kind::YesNo, "no", "announce this EC2 instance's private address, from the metadata service; wins over `ANNOUNCE_IP`", "从元数据服务取得本 EC2 实例的私有地址并公布；优先于 `ANNOUNCE_IP`"),
    ours(Key::AwsEndpoint, "AWS_EC2_METADATA_SERVICE_ENDPOINT", Kind::Url, "http://169.254.169.254", "another metadata service, as the AWS SDKs have it", "其他元数据服务地址，与 AWS SDK 一致"),
    ours(Key::AuthUser, "AUTH_USER", Kind::User, "", "ACL user on the data servers", "数据服务器上的 ACL 用户"),
    ours(Key::SentinelUser, "SENTINEL_USER", Kind::User, "", "ACL user on the other sentinels", "其他哨兵上的 ACL 用户"),
    ours(Key::SentinelPass, "SENTINEL_PASS", Kind::Secret, "", "password of the other sentinels", "其他哨兵的密码"),
    ours(Key::Requirepass, "REQUIREPASS", Kind::Secret, "", "password this sentinel asks of clients and other sentinels", "本哨兵向客户端和其他哨兵要求的密码"),
    ours(Key::AclFile, "ACL_FILE", Kind::Path, "", "file with the ACL users of this sentinel", "本哨兵的 ACL 用户文件"),
    ours(Key::ResolveHostnames, "RESOLVE_HOSTNAMES", Kind::YesNo, "yes where a name is used", "look host names up", "是否解析主机名"),
    ours(Key::AnnounceHostnames, "ANNOUNCE_HOSTNAMES", Kind::YesNo, "no", "tell clients and servers names instead of IPs, and keep names", "对客户端和服务器使用主机名而非 IP，状态中也保存主机名"),
    ours(Key::RefusedDownAfter, "REFUSED_DOWN_AFTER", Kind::Number(0, i64::MAX as u64), "0", "milliseconds of refused connections until a master is held for down; 0 = off", "主节点拒绝连接多少毫秒即认为下线；0 表示关闭"),
    ours(Key::ReplicationTopology, "REPLICATION_TOPOLOGY", Kind::OneOf(&["star", "keep", "chain"]), "star", "the shape the replicas are kept in", "副本的复制拓扑"),
    ours(Key::LogLevel, "LOG_LEVEL", Kind::OneOf(&["debug", "verbose", "notice", "warning"]), "notice", "how much is logged", "日志级别"),
    ours(Key::SentinelId, "SENTINEL_ID", Kind::Id, "drawn at the first start", "id of this sentinel; one that is kept in the state wins", "本哨兵的 id；状态文件中已有的优先"),
    ours(Key::StateDir, "STATE_DIR", Kind::Path, "the working directory", "where the state is kept; must outlive the container", "状态保存的目录；必须在容器之外持久保存"),
];

/// The row of a key.
pub(crate) fn of(key: Key) -> &'static Variable {
    VARIABLES.iter().find(|variable| variable.key == key).expect("every key has a row; a test looks")
}

/// What tells ours from those of Stratus' image.
fn mark(variable: &Variable) -> &'static str {
    if variable.stratus { "" } else { " *" }
}

/// The table as help shows it.
pub(crate) fn help(lang: Lang) -> String {
    let mut text = String::from(
        lang.pick("Variables (an empty one counts as not set):\n", "环境变量（空值视为未设置）：\n"),
    );
    for variable in VARIABLES {
        let default = match variable.default {
            "" => String::new(),
            default => format!(" [{}{default}]", lang.pick("default: ", "默认：")),
        };
        let allowed = super::value::allowed(variable, lang);
        let (mark, what) = (mark(variable), variable.what.get(lang));
        text += &format!("  {}{mark}{default}\n      {what}; {allowed}\n", variable.name);
    }
    text += lang.pick(
        "* not in Stratus' image. A password can also come from a file: AUTH_PASS_FILE=/run/secrets/redis, and so on.",
        "* Stratus 镜像中没有。密码也可以来自文件：AUTH_PASS_FILE=/run/secrets/redis 等。",
    );
    text
}

/// The table as the guide shows it.
#[cfg(test)]
pub(crate) fn markdown(lang: Lang) -> String {
    let mut text = String::from(lang.pick(
        "| variable | allowed | default | what it is for |\n|---|---|---|---|\n",
        "| 变量 | 允许的值 | 默认值 | 用途 |\n|---|---|---|---|\n",
    ));
    for variable in VARIABLES {
        let mark = mark(variable);
        let (allowed, what) = (super::value::allowed(variable, lang), variable.what.get(lang));
        text += &format!("| `{}`{mark} | {allowed} | {} | {what} |\n", variable.name, variable.default);
    }
    text
}

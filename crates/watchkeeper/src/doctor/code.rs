//! The table of codes: what each is called, how grave it usually is, and what to do about it. `doctor --list` prints it.
//! A code keeps its meaning for ever. In advice, `{at}` stands for who is concerned, `{group}` for the group,
//! and `{reach}` for the options with which our other commands reach it.

use watchkeeper_core::Lang;

/// How grave. The order is that of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// a failover does not happen, or data is being lost, now or at the next one
    Critical,
    /// it works, with less safety than it seems
    Warning,
    /// worth knowing
    Note,
}

impl Severity {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Critical => "critical",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }

    /// Its name for people.
    pub fn word(self, lang: Lang) -> &'static str {
        match self {
            Severity::Critical => lang.pick("critical", "严重"),
            Severity::Warning => lang.pick("warning", "警告"),
            Severity::Note => lang.pick("note", "提示"),
        }
    }
}

/// What the table says of a code.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// which
    pub code: Code,
    /// its number, such as `WD200`
    pub id: &'static str,
    /// unless a finding says otherwise
    pub severity: Severity,
    title: (&'static str, &'static str),
    hint: (&'static str, &'static str),
}

impl Entry {
    /// What it is, without the particulars.
    pub fn title(&self, lang: Lang) -> &'static str {
        lang.pick(self.title.0, self.title.1)
    }

    /// What to do about it.
    pub fn hint(&self, lang: Lang) -> &'static str {
        lang.pick(self.hint.0, self.hint.1)
    }

    /// All that is said of it, for people.
    pub fn explained(&self, lang: Lang) -> String {
        let colon = lang.pick(": ", "：");
        format!(
            "{}[{}]{colon}{}\n\n{}{colon}{}\n",
            self.severity.word(lang),
            self.id,
            self.title(lang),
            lang.pick("hint", "建议"),
            of_it(self.hint(lang), lang)
                .replace("{group}", "GROUP")
                .replace("{reach}", " --sentinel HOST:PORT"),
        )
    }
}

/// Advice about nobody in particular. A Chinese pronoun stands without the blanks that are around an address.
pub(super) fn of_it(hint: &str, lang: Lang) -> String {
    match lang {
        Lang::En => hint.replace("{at}", "it"),
        Lang::Zh => [" {at} ", "{at} ", " {at}", "{at}"]
            .iter()
            .fold(hint.to_owned(), |hint, at| hint.replace(at, "它")),
    }
}

/// The line of a code, in any case.
pub fn by_code(code: &str) -> Option<&'static Entry> {
    TABLE.iter().find(|entry| entry.id.eq_ignore_ascii_case(code))
}

macro_rules! codes {
    ($($name:ident $id:literal $severity:ident $title:expr, $title_zh:expr; $hint:expr, $hint_zh:expr;)*) => {
        /// Everything that can be found.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "the table below says what each is")]
        pub enum Code { $($name),* }

        /// All codes, by number.
        pub const TABLE: &[Entry] = &[$(Entry {
            code: Code::$name,
            id: $id,
            severity: Severity::$severity,
            title: ($title, $title_zh),
            hint: ($hint, $hint_zh),
        }),*];
    };
}

impl Code {
    /// Its line in the table.
    pub fn entry(self) -> &'static Entry {
        &TABLE[self as usize]
    }
}

codes! {
    SentinelSilent "WD200" Warning
        "a sentinel does not answer", "有哨兵没有应答";
        "start it, or open the way to it. If it is gone for good, `SENTINEL RESET {group}` makes the others forget it: only while the master is up, \
         on one \
         sentinel at a time, and only when the last one knows all replicas and sentinels again",
        "启动它，或打通网络。若已永久下线，用 `SENTINEL RESET {group}` 让其他哨兵忘记它：只在主节点正常时执行，一次只对一个哨兵，等它重新认识全部副本和哨兵后再做下一个";
    SentinelLogin "WD201" Warning
        "a sentinel refuses the login", "有哨兵拒绝登录";
        "`--user` and `--pass-file`, or `--config` with a sentinel's file. If that is the login the sentinels use, they can't \
         ask {at} for its vote either",
        "使用 `--user` 和 `--pass-file`，或用 `--config` 指定哨兵的配置文件。若哨兵之间用的也是这个登录，它们同样无法向 {at} 征求选票";
    ServerSilent "WD202" Warning
        "a data server does not answer", "有数据服务器没有应答";
        "a replica: start it, or open the way to it; it can't be promoted, and holds no copy of what is written now. A master: have a \
         replica promoted first (`watchkeeper failover {group}{reach}`), or open the way to it. Do not simply restart it if it does not keep its \
         data on disk (`save` and `appendonly` off): it comes back empty and its replicas copy that; promote a replica first",
        "若是副本：启动它，或打通网络；它无法被提升，也不包含此刻写入的数据。若是主节点：先提升副本（`watchkeeper failover {group}{reach}`），或打通网络。\
         若它不把数据存到磁盘（`save` 和 `appendonly` 均关闭），不要直接重启：它会带着空数据回来，副本会复制空数据；请先提升副本";
    ServerLogin "WD203" Warning
        "a data server refuses the login", "有数据服务器拒绝登录";
        "`--server-user` and `--server-pass-file`, or `--config` with a sentinel's file",
        "使用 `--server-user` 和 `--server-pass-file`，或用 `--config` 指定哨兵的配置文件";
    NameUnresolved "WD204" Warning
        "a name does not resolve here", "有主机名在本机无法解析";
        "repair the name in DNS or /etc/hosts on every host; sentinels with `resolve-hostnames yes` need it at each reconnection",
        "在每台主机上修复 DNS 或 /etc/hosts；启用 `resolve-hostnames yes` 的哨兵每次重连都要解析";
    NoSentinel "WD205" Warning
        "an address that was given is not of a sentinel", "给出的地址不是哨兵";
        "leave {at} out: data servers are found through the sentinels. Give the address of a sentinel (`--sentinel HOST:PORT`; its port is \
         26379 where nobody has chosen another)",
        "去掉 {at}：数据服务器会通过哨兵找到。请给出哨兵的地址（`--sentinel HOST:PORT`；若未另行指定，端口为 26379）";
    Tilt "WD210" Warning
        "a sentinel is in TILT", "有哨兵处于 TILT 状态";
        "it holds nobody for down until its clock has been steady for 30 s. Look for a paused virtual machine, starved CPU, a \
         slow disk, a clock that was set",
        "时钟连续稳定 30 秒之前，它不会判定任何人下线。检查虚拟机暂停、CPU 不足、磁盘缓慢、系统时间被调整";
    SameId "WD211" Critical
        "two sentinels have the same id", "两个哨兵使用相同的 id";
        "a file was copied with its `sentinel myid` line: they count as one vote and push each other out. Stop {at}, delete that \
         line from its file, start it again",
        "配置文件连同 `sentinel myid` 一行被复制：两者只算一票，并互相排挤。停止 {at}，删除其文件中的该行，再启动";
    GroupMissing "WD212" Warning
        "a sentinel does not watch a group that others watch", "有哨兵没有监视其他哨兵监视的组";
        "`SENTINEL MONITOR {group} IP PORT QUORUM` on {at} and the settings the others have; or `SENTINEL REMOVE {group}` there \
         where it is not wanted any more",
        "在 {at} 上执行 `SENTINEL MONITOR {group} IP PORT QUORUM` 并设置与其他哨兵相同的选项；若不再需要该组，则在仍监视它的哨兵上执行 `SENTINEL REMOVE {group}`";
    MasterDisputed "WD213" Critical
        "sentinels name different masters", "各哨兵给出的主节点不同";
        "clients are sent to different servers. If it stays so for longer than some seconds, look whether sentinels reach each other \
         and the servers: one with an older epoch that never hears the others must be repaired or stopped. Where the epochs are the same, the \
         `sentinel monitor` line of some may have a wrong address or port",
        "客户端会被引向不同的服务器。若持续超过数秒，检查哨兵之间及到服务器的网络：纪元较旧且一直听不到其他哨兵的哨兵，应修复或停止。\
         若纪元相同，可能是某些哨兵的 `sentinel monitor` 一行地址或端口有误";
    EpochsDiffer "WD214" Warning
        "sentinels have different configuration epochs of a group", "各哨兵的组配置纪元不同";
        "the one with the older epoch did not hear the last failover: look whether it may SUBSCRIBE to `__sentinel__:hello` on \
         the servers, and whether the other sentinels reach it and may PUBLISH there",
        "纪元较旧的哨兵没有得知上次故障转移：检查它能否在服务器上 SUBSCRIBE `__sentinel__:hello`，以及其他哨兵能否连到它并在其上 PUBLISH";
    QuorumsDiffer "WD215" Warning
        "sentinels have different quorums", "各哨兵的法定票数不同";
        "`SENTINEL SET {group} quorum N` with the same number on all",
        "在所有哨兵上执行 `SENTINEL SET {group} quorum N`，取同一个值";
    TimingsDiffer "WD216" Warning
        "sentinels have different settings of a group", "各哨兵的组设置不同";
        "`SENTINEL SET {group} OPTION VALUE` with the same value on all: which sentinel leads a failover is chance",
        "在所有哨兵上用 `SENTINEL SET {group} 选项 值` 设为相同：由哪个哨兵执行故障转移是随机的";
    StalePeer "WD217" Warning
        "a sentinel is listed that does not exist any more", "列表中有已不存在的哨兵";
        "it counts for the majority and never votes. `SENTINEL RESET {group}` forgets it: only while the master is up, \
         on one sentinel at a time, and only \
         when the last one knows all replicas and sentinels again",
        "它计入多数派却从不投票。`SENTINEL RESET {group}` 可清除：只在主节点正常时执行，一次只对一个哨兵，等它重新认识全部副本和哨兵后再做下一个";
    PeerUnknown "WD218" Warning
        "a sentinel does not know another", "有哨兵不认识另一个哨兵";
        "sentinels meet on the channel `__sentinel__:hello` of the master and its replicas: look whether both may PUBLISH and \
         SUBSCRIBE there, and what they announce (`sentinel announce-ip`). Just started, it takes some seconds; without a master or replica \
         that they know they can't meet",
        "哨兵通过主节点和副本上的频道 `__sentinel__:hello` 互相发现：检查双方能否在其上 PUBLISH 和 SUBSCRIBE，以及通告的地址（`sentinel announce-ip`）。刚启动时需要几秒；没有它们认识的主节点或副本在线时无法互相发现";
    FailureSimulated "WD219" Critical
        "a sentinel is set to crash in the next failover", "有哨兵被设置为在下次故障转移中崩溃";
        "somebody called `SENTINEL SIMULATE-FAILURE`; restart {at} to undo it",
        "有人执行过 `SENTINEL SIMULATE-FAILURE`；重启 {at} 即可取消";
    FailoverRunning "WD220" Note
        "a failover is going on", "正在进行故障转移";
        "wait until it is over and ask again: which server is the master is not judged meanwhile, and whoever changes it by hand \
         undoes the failover. `watchkeeper status {group}{reach}` shows how far it is",
        "等它结束后再检查：在此期间不判断哪台是主节点，手工改动会破坏故障转移。`watchkeeper status {group}{reach}` 显示进度";
    MasterDown "WD221" Critical
        "sentinels hold the master for down", "哨兵认为主节点下线";
        "when enough sentinels agree they promote a replica; `watchkeeper failover {group}{reach}`, or `SENTINEL FAILOVER {group}` at one \
         sentinel, does it without them. `watchkeeper status {group}{reach}` says what they wait for. Or open the way to {at}, if it still runs. \
         Do not simply restart it if it does not keep its data on disk (`save` and `appendonly` off): it comes back empty and its \
         replicas copy that; promote a replica first",
        "同意的哨兵足够多时会提升副本；`watchkeeper failover {group}{reach}`，或在一个哨兵上执行 `SENTINEL FAILOVER {group}`，\
         无需它们同意。`watchkeeper status {group}{reach}` 显示它们在等什么。若 {at} 仍在运行，也可打通到它的网络。\
         若它不把数据存到磁盘（`save` 和 `appendonly` 均关闭），不要直接重启：它会带着空数据回来，副本会复制空数据；请先提升副本";
    SentinelsRefused "WD222" Critical
        "the master refuses the sentinels", "主节点拒绝哨兵";
        "{at} is up, and answers them with errors only: their login there is missing or wrong. `SENTINEL SET {group} auth-pass PASSWORD` \
         on each that is refused (with users also `auth-user`; PING is among the rights they need, WD267), the password being the `requirepass` \
         of the servers. \
         Sentinels meet each other and the replicas at the master: who is refused from its start knows nobody and can't vote; who knew them holds \
         the master for down as long as this lasts, which counts towards the quorum. Do not lower the quorum and do not fail over because of it",
        "{at} 在运行，但只以错误应答它们：哨兵在那里的登录缺失或有误。在每个被拒绝的哨兵上执行 `SENTINEL SET {group} auth-pass 密码`\
         （使用 ACL 用户时还有 `auth-user`；所需权限包括 PING，见 WD267），密码即服务器的 `requirepass`。\
         哨兵通过主节点发现彼此和副本：启动起就被拒绝的哨兵谁都不认识，也无法投票；原先认识它们的哨兵在此期间一直认为主节点下线，这会计入法定票数。不要因此降低法定票数或触发故障转移";
    SentinelWatched "WD223" Critical
        "sentinels watch a sentinel instead of a data server", "哨兵监视的是哨兵，而不是数据服务器";
        "the address in their `sentinel monitor` line is wrong, most likely the port: it answers PING, so they never miss it, and they know no \
         replica and promote nobody. On each of them `SENTINEL REMOVE {group}`, then `SENTINEL MONITOR {group} IP PORT QUORUM` with the address of \
         the master, and the other settings of the group (`auth-pass`, `down-after-milliseconds`)",
        "它们的 `sentinel monitor` 一行地址有误，多半是端口：它会应答 PING，所以不会被判定下线；这些哨兵不认识任何副本，也不会提升任何人。\
         在每个这样的哨兵上执行 `SENTINEL REMOVE {group}`，再用主节点的地址执行 `SENTINEL MONITOR {group} IP PORT QUORUM`，并恢复该组的其他设置\
         （`auth-pass`、`down-after-milliseconds`）";
    NoQuorum "WD225" Critical
        "no failover happens by itself: too few sentinels can vote", "不会自动故障转移：可投票的哨兵不足";
        "bring sentinels back until a majority of all that are known, and the quorum, can be reached. If the master is down \
         and they do not come back, `SENTINEL FAILOVER {group}` at one that is left (`watchkeeper failover {group}{reach}`) promotes a replica \
         without votes: only if the others are not cut off together with the master, else there are two",
        "恢复哨兵，使已知哨兵的多数以及法定票数均可达到。若主节点已宕机而它们无法恢复，在剩下的一个哨兵上执行 \
         `SENTINEL FAILOVER {group}`（`watchkeeper failover {group}{reach}`）可不经投票提升副本：前提是其他哨兵不是与主节点一起被隔离，否则会出现两个主节点";
    QuorumTooHigh "WD226" Critical
        "the quorum is greater than the number of sentinels", "法定票数大于哨兵数量";
        "are there sentinels that these do not know? Then do not touch the quorum, and look why (they meet at the master and its replicas: a \
         login that is refused, a way that is closed). If there are no more, add some, or `SENTINEL SET {group} quorum N` on all with a \
         majority of them",
        "是否还有它们不认识的哨兵？若有，不要改动法定票数，先查明原因（哨兵通过主节点和副本互相发现：登录被拒绝，或网络不通）。\
         若没有，则增加哨兵，或在所有哨兵上用 `SENTINEL SET {group} quorum N` 设为其多数";
    QuorumOne "WD227" Warning
        "one sentinel alone can begin a failover", "单个哨兵即可发起故障转移";
        "a sentinel with a bad network of its own fails over a healthy master. `SENTINEL SET {group} quorum 2` on all, or the \
         majority",
        "某个哨兵自身网络有问题时，会切换健康的主节点。在所有哨兵上执行 `SENTINEL SET {group} quorum 2`，或设为多数";
    EvenSentinels "WD228" Note
        "the number of sentinels is even", "哨兵数量为偶数";
        "the last one is no gain: it raises the majority, and votes can be split. Add one or remove one",
        "多出的一个没有好处：多数门槛更高，选票可能平分。增加或减少一个";
    FewSentinels "WD229" Warning
        "fewer than three sentinels", "哨兵少于三个";
        "with one or two, the loss of one ends all failovers. Run three, on three hosts",
        "只有一两个时，失去一个就无法再故障转移。请在三台主机上运行三个";
    HostLoss "WD230" Warning
        "without one of the hosts no failover is possible", "失去某一台主机后无法故障转移";
        "spread the sentinels so that every host has fewer than half of them: three on three hosts, or a third host with \
         nothing but a sentinel; with a quorum that is not above the majority",
        "分散哨兵，使每台主机上不到一半：三台主机三个哨兵，或增加一台只运行哨兵的主机；法定票数不要超过多数";
    OneHost "WD231" Warning
        "all data servers are on one host", "所有数据服务器都在同一台主机上";
        "if it is lost, all copies of the data are lost with it: move a replica to another host",
        "失去这台主机，所有数据（主节点和副本）都会一起丢失：把一个副本移到别的主机";
    Loopback "WD232" Warning
        "a loopback address is announced to others", "向其他主机通告了回环地址";
        "on another host 127.0.0.1 is another machine. Name the master by its real address in `sentinel monitor`; set \
         `replica-announce-ip`, `sentinel announce-ip` or `bind` to it",
        "在别的主机上 127.0.0.1 是另一台机器。在 `sentinel monitor` 中使用主节点的真实地址；并相应设置 `replica-announce-ip`、`sentinel announce-ip` 或 `bind`";
    NoReplica "WD240" Critical
        "the master has no replica", "主节点没有副本";
        "nothing can be promoted. Add a replica: `REPLICAOF IP PORT` on an empty server",
        "没有可提升的服务器。增加副本：在空服务器上执行 `REPLICAOF IP PORT`";
    NotAReplica "WD241" Critical
        "a listed replica is a master", "列表中的副本其实是主节点";
        "when it is made a replica again it takes the master's data in place of all its own: what it has beyond that, and what clients write \
         to it, is lost. Sentinels do that within some 20 s (Watchkeeper's at once with an old master that is back): if they do not, they can't reach it or may not command \
         it. Keep writes from it; if it may have what the master lacks, `BGSAVE` on it and copy the file (`dir`, `dbfilename`); then `REPLICAOF` the master",
        "它重新成为副本时，会以主节点的数据取代自己的全部数据：它独有的数据和客户端写入它的数据都会丢失。哨兵通常在 20 秒左右内处理（对回来的旧主节点，Watchkeeper 立即处理）；\
         若没有，说明哨兵连不上它或无权命令它。先阻止写入；若它可能有主节点没有的数据，在它上面执行 `BGSAVE` 并复制该文件（`dir`、`dbfilename`）；再用 `REPLICAOF` 指向主节点";
    NotAMaster "WD242" Critical
        "the master that sentinels name is a replica", "哨兵给出的主节点其实是副本";
        "clients can't write. Sentinels fail over when this lasts; if they do not, promote what has the data with \
         `SENTINEL FAILOVER {group}`, or `REPLICAOF NO ONE` on {at}",
        "客户端无法写入。若持续如此哨兵会故障转移；若没有，用 `SENTINEL FAILOVER {group}` 提升有数据的服务器，或在 {at} 上执行 `REPLICAOF NO ONE`";
    LinkDown "WD243" Warning
        "a replica is not connected to its master", "副本与主节点的复制连接已断开";
        "it gets nothing of what is written now. On the host of {at}: do master_host and master_port (`INFO replication`) answer \
         from there? Is its `masterauth` the `requirepass` of the master? Does its log show a copy that begins anew again and again? Then raise \
         `client-output-buffer-limit replica` and `repl-timeout` on the master",
        "它收不到现在的写入。在 {at} 的主机上检查：从那里能否连到 master_host 和 master_port（`INFO replication`）？`masterauth` 是否就是主节点的 \
         `requirepass`？日志中全量同步是否反复重新开始？若是，请在主节点上调大 `client-output-buffer-limit replica` 和 `repl-timeout`";
    Lag "WD244" Warning
        "a replica lags", "副本延迟";
        "what it lacks is lost if it is promoted now. Look for a slow network, a busy replica (`SLOWLOG GET`, `LATENCY DOCTOR`), \
         swap",
        "若现在提升它，缺少的数据会丢失。检查网络慢、副本繁忙（`SLOWLOG GET`、`LATENCY DOCTOR`）、换页";
    WrongParent "WD245" Warning
        "a replica follows somebody else than the master", "副本跟随的不是主节点";
        "`REPLICAOF` the master on {at}, or keep the chain with Watchkeeper: `sentinel replication-topology {group} keep`",
        "在 {at} 上用 `REPLICAOF` 指向主节点；若要保留链式复制，使用 Watchkeeper：`sentinel replication-topology {group} keep`";
    UnknownReplica "WD246" Warning
        "a replica that the sentinels do not know", "有哨兵不认识的副本";
        "sentinels read the replicas from the master's INFO every 10 s. If it stays unknown, it is not announced \
         (`replica-announced no`), their login may not INFO there (WD267), or it is a copy that nobody expects: it can't be promoted, and nobody tells it to follow the new master after a failover",
        "哨兵每 10 秒从主节点的 INFO 读取副本。若一直未知，则它未被通告（`replica-announced no`）、哨兵的登录无权在那里执行 INFO（WD267），或是无人知晓的副本：无法被提升，故障转移后也没有哨兵让它跟随新主节点";
    StaleReplica "WD247" Warning
        "a replica is listed that has long been gone", "列表中有早已消失的副本";
        "if it is gone for good, `SENTINEL RESET {group}` makes sentinels forget it: only while the master is up, \
         on one at a time, and only when the last one \
         knows all replicas and sentinels again",
        "若已永久下线，用 `SENTINEL RESET {group}` 让哨兵忘记它：只在主节点正常时执行，一次只对一个哨兵，等它重新认识全部副本和哨兵后再做下一个";
    TwiceListed "WD248" Warning
        "one server is listed under two addresses", "同一台服务器以两个地址出现在列表中";
        "set `replica-announce-ip` and `replica-announce-port` to the one that all can reach; then `SENTINEL RESET {group}` on one \
         sentinel at a time",
        "把 `replica-announce-ip` 和 `replica-announce-port` 设为所有人都能访问的地址；然后逐个在哨兵上执行 `SENTINEL RESET {group}`";
    DownForSentinels "WD249" Warning
        "sentinels hold somebody for down who answers here", "哨兵认为某成员下线，但它在本机有应答";
        "the network between those sentinels and {at}, or their login there, is broken: `sentinel auth-pass` (between \
         sentinels `sentinel sentinel-pass`), `bind`, a firewall",
        "这些哨兵与 {at} 之间的网络或登录有问题：检查 `sentinel auth-pass`（哨兵之间为 `sentinel sentinel-pass`）、`bind`、防火墙";
    ForeignData "WD250" Critical
        "a replica's data is not the master's", "副本的数据与主节点不同源";
        "it has another replication history and is not connected: promoted, it brings back other data. When it is \
         connected to the master it copies that one's data, and its own is gone: if nobody needs that, reconnect it, or set \
         `replica-priority 0` on it until then",
        "它的复制历史不同且未连接：若被提升，会带来别的数据。连上主节点后它会复制主节点的数据，自己的数据随之消失：若不再需要，让它重新连接，\
         或在此之前把它的 `replica-priority` 设为 0";
    PriorityZero "WD251" Note
        "a replica may not be promoted: its priority is 0", "副本的优先级为 0，不会被提升";
        "that is right for a replica that only serves backups or reports. If it is to take over some day: \
         `CONFIG SET replica-priority 100` (the default), then `CONFIG REWRITE`, on {at}",
        "若该副本只用于备份或报表，则属正常。若希望它能接替主节点：在 {at} 上执行 `CONFIG SET replica-priority 100`（默认值），再执行 `CONFIG REWRITE`";
    BacklogSmall "WD252" Warning
        "the backlog is shorter than a failover", "复制积压缓冲区不足以覆盖一次故障转移";
        "after a failover the replicas copy everything anew instead of what they missed. `CONFIG SET repl-backlog-size` on all \
         servers",
        "故障转移后副本需要全量同步，而不是补齐缺失部分。在所有服务器上 `CONFIG SET repl-backlog-size`";
    ReplicaWritable "WD253" Warning
        "a replica takes writes of its own", "副本可写";
        "what clients write there is on no other server, and gone at the next sync: `CONFIG SET replica-read-only yes` on {at}",
        "写到那里的数据不在其他服务器上，下次同步即丢失：在 {at} 上执行 `CONFIG SET replica-read-only yes`";
    StaleDataRefused "WD254" Note
        "a replica refuses to be read while it is not connected", "副本断开连接时拒绝读取";
        "clients that read from {at} get errors in each failover until it follows the new master (`replica-serve-stale-data no`)",
        "每次故障转移中，从 {at} 读取的客户端会收到错误，直到它跟随新主节点（`replica-serve-stale-data no`）";
    InTwoGroups "WD255" Critical
        "a server is in two groups", "一台服务器属于两个组";
        "each group fails over by itself, and one makes a replica of what the other has made the master. Take it out of one: \
         `SENTINEL REMOVE` of a group that was an alias, else `REPLICAOF` its own master and then `SENTINEL RESET` of the other \
         group, on one sentinel at a time",
        "每个组各自故障转移，一个组会把另一个组的主节点变成副本。请让它只属于一个组：若某个组只是别名，用 `SENTINEL REMOVE` 移除；否则先用 `REPLICAOF` 指向它自己的主节点，再对另一个组逐个哨兵执行 `SENTINEL RESET`";
    NoneFit "WD256" Critical
        "no replica could be promoted", "没有可提升的副本";
        "if the master dies, the group stays without one: neither the sentinels nor `SENTINEL FAILOVER {group}` can help. Mend at least one \
         replica now, as the findings about each say",
        "主节点一旦宕机，该组将没有主节点：哨兵和 `SENTINEL FAILOVER {group}` 都无能为力。请按各副本的结果，现在至少修复一个";
    TooFewInStep "WD257" Critical
        "the master refuses writes: too few replicas", "主节点拒绝写入：副本不足";
        "bring back or mend replicas, as the findings about each say: one counts that has acknowledged within `min-replicas-max-lag`. If \
         writing is worth more than another copy: `CONFIG SET min-replicas-to-write` with a lower number on {at}",
        "按各副本的结果恢复或修复副本：在 `min-replicas-max-lag` 内有确认的副本才计入。若写入比多一份副本更重要，在 {at} 上用 \
         `CONFIG SET min-replicas-to-write` 设为较小的值";
    NoPersistence "WD260" Warning
        "a server that restarts comes back empty", "服务器重启后数据为空";
        "a master that is started again before a replica has been promoted is empty, and its replicas copy the emptiness: within \
         `down-after-milliseconds` nobody misses it, and later there may be no failover (no majority of the sentinels, no replica that \
         can be promoted). Turn on `save` or `appendonly`; or make sure that nothing starts it again by itself, and promote a replica \
         before anybody does",
        "主节点若在副本被提升之前重新启动，数据为空，副本会复制空数据：在 `down-after-milliseconds` 内哨兵不会察觉，之后也可能无法故障转移\
         （没有多数哨兵，或没有可提升的副本）。请开启 `save` 或 `appendonly`；或确保没有任何机制自动重启它，并在启动它之前先提升副本";
    Loading "WD261" Warning
        "a server is loading its data", "服务器正在加载数据";
        "it serves nothing until it is done; ask again then",
        "完成之前不提供服务；届时再检查";
    SaveFailed "WD262" Warning
        "a server could not save its data", "服务器保存数据失败";
        "its log says why: a full disk, no right to write, no memory to fork. With `stop-writes-on-bgsave-error yes` a master \
         refuses writes",
        "原因见其日志：磁盘满、无写权限、内存不足无法 fork。启用 `stop-writes-on-bgsave-error yes` 时主节点会拒绝写入";
    MinReplicas "WD263" Note
        "a master that is cut off goes on taking writes", "被隔离的主节点会继续接受写入";
        "what it takes then is lost when it is back. `min-replicas-to-write 1` and `min-replicas-max-lag 10` bound that to 10 s; with one \
         replica only, the loss of it then stops writes",
        "恢复后这些写入会丢失。`min-replicas-to-write 1` 与 `min-replicas-max-lag 10` 可将其限制在 10 秒；若只有一个副本，失去它会停止写入";
    NoConfigFile "WD264" Note
        "a server has no configuration file", "服务器没有配置文件";
        "sentinels can't write its role down (`CONFIG REWRITE`): after a restart it is what its command line says, until they \
         correct it. Start it with a file that it may write",
        "哨兵无法记录它的角色（`CONFIG REWRITE`）：重启后它按命令行运行，直到哨兵纠正。请用可写的配置文件启动";
    MasterAuth "WD265" Critical
        "a server could not follow another after a failover", "故障转移后某服务器无法跟随另一台";
        "it would be refused, and replicate nothing. Give all servers the same `requirepass` and `masterauth` (or `masteruser` \
         with the right to PSYNC, REPLCONF and PING)",
        "它会被拒绝，无法复制。所有服务器使用相同的 `requirepass` 和 `masterauth`（或有 PSYNC、REPLCONF、PING 权限的 `masteruser`）";
    PasswordsDiffer "WD266" Warning
        "data servers have different passwords", "各数据服务器的密码不同";
        "clients and sentinels have one password for all: after a failover they are refused. Give all servers the same \
         `requirepass`",
        "客户端和哨兵对所有服务器使用同一密码：故障转移后会被拒绝。请在所有服务器上设置相同的 `requirepass`";
    RightMissing "WD267" Critical
        "the login may not do what a failover needs", "登录缺少故障转移所需的权限";
        "add to the user's rules on all servers: allchannels +multi +exec +slaveof +ping +info +role +publish +subscribe \
         +config|rewrite +client|kill +client|setname +script|kill",
        "在所有服务器上为该用户增加：allchannels +multi +exec +slaveof +ping +info +role +publish +subscribe +config|rewrite +client|kill +client|setname +script|kill";
    CommandUnknown "WD268" Critical
        "a server does not know a command that a failover needs", "服务器不认识故障转移所需的命令";
        "it was renamed or removed with `rename-command`. Sentinels have one name of a command for all servers of a group: first give it the \
         same name on all of them (their files, and a restart: the master last), and only then tell every sentinel (`sentinel rename-command \
         {group} OLD NEW`): else servers with another name refuse the order, and there can be two masters. A command that was removed (`\"\"`) has no \
         new name: take that line out and start the server again. Best use ACLs instead, on all servers",
        "该命令被 `rename-command` 改名或移除。哨兵对一个组的所有服务器只用一个命令名：先在所有服务器上改成同一个名字（修改配置文件并重启，主节点最后），\
         然后才在每个哨兵上配置（`sentinel rename-command {group} OLD NEW`）；否则名字不同的服务器会拒绝命令，可能出现两个主节点。被移除的命令\
         （`\"\"`）没有新名字：删掉该行并重启该服务器。最好在所有服务器上改用 ACL";
    PasswordNeedless "WD269" Warning
        "a password is given for servers or sentinels that have none", "给出了密码，而服务器或哨兵没有设置密码";
        "everybody who reaches {at} may read and write there. If a password is meant to be: `CONFIG SET requirepass` and `masterauth` on \
         all, then `CONFIG REWRITE`; else leave it out here and in the files of the sentinels (`sentinel auth-pass`)",
        "任何能连到 {at} 的人都可读写。若本应有密码：在所有服务器上执行 `CONFIG SET requirepass` 和 `masterauth`，再执行 `CONFIG REWRITE`；否则请在这里和哨兵的配置文件（`sentinel auth-pass`）中去掉密码";
    Clocks "WD270" Warning
        "clocks differ", "时钟不一致";
        "after a failover keys expire at other times; logs can't be compared. Let a time service keep all hosts",
        "故障转移后键的过期时间会变化；日志也无法对照。请在所有主机上启用时间同步";
    SentinelVersions "WD271" Note
        "sentinels of different versions", "哨兵版本不同";
        "they understand each other; end the upgrade when it suits you",
        "它们可以互通；方便时完成升级";
    OlderReplica "WD272" Warning
        "a replica may not understand its master's data", "副本可能无法读取主节点的数据";
        "as long as it stays connected all is well. When it must copy everything anew it may refuse the master's newer format (RDB): \
         it then has no data, and can't take over. Upgrade {at}; in future upgrade replicas first, the master last",
        "只要保持连接就没有问题。一旦需要全量同步，它可能不接受主节点较新的格式（RDB）：那时它没有数据，也无法接替。请升级 {at}；以后先升级副本，最后升级主节点";
    CertificateEnds "WD273" Warning
        "a certificate ends soon", "证书即将到期";
        "afterwards no sentinel, replica or client can connect. Renew it; then `CONFIG SET tls-cert-file` with the same path (a \
         sentinel: restart) loads it",
        "到期后哨兵、副本和客户端都无法连接。请更新证书；然后用相同路径执行 `CONFIG SET tls-cert-file`（哨兵需重启）使其生效";
    DownAfterShort "WD274" Warning
        "down-after-milliseconds is short for this network", "down-after-milliseconds 相对网络延迟过短";
        "a short delay makes a failover. Look why the answer took so long (a slow network, a busy server: `SLOWLOG GET`); if it \
         always does, `SENTINEL SET {group} down-after-milliseconds MS` on all, with many times the round trip",
        "短暂延迟就会引发故障转移。检查应答为何缓慢（网络慢；服务器繁忙：`SLOWLOG GET`）；若一直如此，在所有哨兵上用 `SENTINEL SET {group} down-after-milliseconds MS` 设为往返时间的许多倍";
    ScriptNotExecutable "WD275" Warning
        "a script of a sentinel can't be run", "哨兵的脚本无法执行";
        "nobody is notified, no proxy is told. Put it back, with `chmod +x`; the sentinel does not even start without it",
        "不会发出通知，也不会通知代理。恢复该文件并 `chmod +x`；缺少它哨兵甚至无法启动";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_its_numbers() {
        for (index, entry) in TABLE.iter().enumerate() {
            assert_eq!(entry.code as usize, index);
            assert_eq!(entry.code.entry().id, entry.id);
            assert!(entry.id.len() == 5 && entry.id.starts_with("WD2"), "{}", entry.id);
        }
        assert!(TABLE.windows(2).all(|pair| pair[0].id < pair[1].id));
    }
}

//! The table of codes: what `watchkeeper check` can find, why it matters and what to do. `--list`, `--explain`, the output
//! and the reference in the guide come from here. When a code applies is decided by the modules of rules.

use watchkeeper_core::Lang;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// true and good to know
    Note,
    /// will hurt some day
    Warning,
    /// a sentinel does not start with it
    Error,
}

impl Severity {
    /// Its name in output for programs and in English.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }

    /// Its name for people.
    pub(crate) fn title(self, lang: Lang) -> &'static str {
        let chinese = match self {
            Severity::Note => "提示",
            Severity::Warning => "警告",
            Severity::Error => "错误",
        };
        lang.pick(self.name(), chinese)
    }
}

/// A text in English and in Chinese.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Both(pub &'static str, pub &'static str);

impl Both {
    pub(crate) fn pick(self, lang: Lang) -> &'static str {
        lang.pick(self.0, self.1)
    }
}

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Rule {
    /// never given to anything else once it has been published
    pub code: &'static str,
    pub severity: Severity,
    pub title: Both,
    pub why: Both,
    pub fix: Both,
}

/// The row of a code, in any case.
pub(crate) fn by_code(code: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.code.eq_ignore_ascii_case(code))
}

macro_rules! rules {
    ($($code:ident $severity:ident $title:literal $title_zh:literal
       $why:literal $why_zh:literal $fix:literal $fix_zh:literal;)*) => {
        $(pub(super) static $code: Rule = Rule {
            code: stringify!($code),
            severity: Severity::$severity,
            title: Both($title, $title_zh),
            why: Both($why, $why_zh),
            fix: Both($fix, $fix_zh),
        };)*

        /// All rows, by code.
        pub(crate) static ALL: &[&Rule] = &[$(&$code),*];
    };
}

rules! {
    WK001 Error "a line is refused" "某一行被拒绝"
        "A sentinel stops at the first such line and does not start."
        "哨兵读到第一处这样的行就会停止，无法启动。"
        "correct the line; `docs/reference/directives.md` lists what each directive takes"
        "改正这一行；`docs/reference/directives.zh-CN.md` 列出了每个指令的参数";
    WK002 Error "a file cannot be read" "文件无法读取"
        "A sentinel that cannot read its configuration or its state does not start."
        "哨兵无法读取配置或状态时不会启动。"
        "name a file that is there and readable by this user"
        "请给出存在且当前用户可读的文件";
    WK003 Error "the settings do not go together" "设置互相矛盾"
        "Each line is right, but a sentinel with all of them refuses to start."
        "每一行单独看都正确，但放在一起时哨兵会拒绝启动。"
        "change one of the lines"
        "修改其中一行";
    WK004 Error "there is a NUL byte" "有 NUL 字节"
        "A NUL byte is damage: a disk that lost power, or a file in UTF-16. Watchkeeper refuses the file. redis-sentinel drops the rest of the \
         line, joins the next line to what is left and reads on: settings, or whole groups, are missing without a word."
        "NUL 字节说明文件已损坏：磁盘断电，或者是 UTF-16 编码的文件。Watchkeeper 会拒绝该文件。redis-sentinel 丢弃该行其余部分，\
         把下一行接在后面继续读取：设置甚至整个组会不声不响地消失。"
        "save the file as UTF-8 without NUL bytes, or restore it from a backup"
        "把文件保存为不含 NUL 的 UTF-8，或从备份恢复";
    WK005 Warning "a number is not read as it is written" "数字的读法与写法不同"
        "Numbers of `sentinel` lines are read up to the first character that is no digit, and without any digit they are 0: `5s` is 5, \
         and 5 milliseconds where seconds were meant. redis-sentinel keeps most of them in 32 bits and does not look whether they fit: \
         4294968296 becomes 1000."
        "`sentinel` 行中的数字只读到第一个非数字字符，没有数字则为 0：`5s` 就是 5；原意是秒时，就成了 5 毫秒。redis-sentinel \
         大多用 32 位保存，且不检查是否放得下：4294968296 会变成 1000。"
        "write digits only, and no more than 2147483647; times are in milliseconds"
        "只写数字，且不超过 2147483647；时间单位为毫秒";
    WK006 Warning "a directive is given twice" "同一指令出现两次且值不同"
        "The last line wins, wherever it stands. Who edits the first one changes nothing."
        "以最后一行为准，无论它在哪里。修改前一行不会有任何效果。"
        "keep one of the lines"
        "只保留其中一行";
    WK007 Note "old words" "旧的写法"
        "They are still read, and written back in the present form at the first rewrite."
        "仍可读取，首次改写文件时会写成现在的形式。"
        "nothing has to be done; new files use the present words"
        "无需处理；新文件请使用现在的写法";
    WK008 Note "directives of a data server" "数据服务器的指令"
        "They are accepted and have no effect on a sentinel. Often a `redis.conf` was copied."
        "可以接受，但对哨兵没有作用。常见原因是复制了 `redis.conf`。"
        "remove them, so that nobody relies on them"
        "删除它们，以免有人以为生效";
    WK009 Note "directives of Watchkeeper" "Watchkeeper 专有指令"
        "redis-sentinel and valkey-sentinel refuse a file with such a line."
        "redis-sentinel 和 valkey-sentinel 会拒绝含有这种行的文件。"
        "remove the line before you go back to them"
        "换回它们之前请删除这一行";
    WK010 Note "nothing is monitored" "没有监视任何组"
        "Without a line `sentinel monitor` the sentinel waits for SENTINEL MONITOR and watches nothing."
        "没有 `sentinel monitor` 行时，哨兵只等待 SENTINEL MONITOR 命令，不监视任何服务器。"
        "add `sentinel monitor mymaster 192.0.2.10 6379 2`, unless a tool sends the command"
        "添加 `sentinel monitor mymaster 192.0.2.10 6379 2`，除非由工具发送该命令";
    WK011 Error "only redis-sentinel refuses a line" "只有 redis-sentinel 拒绝某一行"
        "Watchkeeper takes the line; redis-sentinel and valkey-sentinel, or the versions that are named, stop at it and do not start."
        "Watchkeeper 接受这一行；redis-sentinel 和 valkey-sentinel（或指明的版本）读到它就会停止，无法启动。"
        "correct the line, so that you can go back"
        "请改正这一行，以便能够换回";
    WK012 Error "Watchkeeper refuses what redis-sentinel does not mind" "Watchkeeper 拒绝 redis-sentinel 不在意的内容"
        "redis-sentinel does not stop at this (something else in the line may stop it); Watchkeeper does, and does not start, because what \
         redis-sentinel makes of it is hardly what was meant, or is no text."
        "redis-sentinel 不会因此停止（该行的其他内容则可能使它停止）；Watchkeeper 读到它就会停止，无法启动，因为 redis-sentinel 的理解很可能不是原意，\
         或者它不是文本。"
        "correct the line before you switch to Watchkeeper"
        "换用 Watchkeeper 之前请改正这一行";

    WK101 Warning "the quorum can never be reached" "法定票数永远达不到"
        "As many sentinels as the quorum says must agree that the master is down. If fewer exist, no failover ever happens."
        "必须有法定票数那么多的哨兵一致认为主节点下线。哨兵总数不够时，永远不会故障转移。"
        "set the quorum to a majority of the sentinels, or add sentinels"
        "把法定票数设为哨兵的多数，或增加哨兵";
    WK102 Warning "the quorum is above a majority" "法定票数高于多数"
        "A failover needs a majority in any case. A higher quorum only makes fewer lost sentinels enough to prevent it."
        "故障转移本来就需要多数票。更高的法定票数只会让更少的哨兵故障就足以阻止故障转移。"
        "set the quorum to a majority of the sentinels, unless this is wanted"
        "把法定票数设为哨兵的多数，除非有意如此";
    WK103 Warning "one sentinel decides that the master is down" "一个哨兵就能认定主节点下线"
        "With quorum 1 a sentinel whose own network is broken starts a failover of a healthy master as soon as it finds a majority to vote."
        "法定票数为 1 时，自身网络有问题的哨兵只要能得到多数票，就会对健康的主节点发起故障转移。"
        "set the quorum to a majority of the sentinels: 2 of 3"
        "把法定票数设为哨兵的多数：3 个中的 2 个";
    WK104 Note "an even number of sentinels" "哨兵数为偶数"
        "It survives no more losses than one sentinel fewer, and two halves cut off from each other both have no majority."
        "容忍的故障数与少一个哨兵时相同；网络断成两半时，两边都没有多数。"
        "run an odd number of sentinels on as many hosts"
        "使用奇数个哨兵，分布在同样多的主机上";
    WK105 Warning "too few sentinels" "哨兵太少"
        "A majority of one or two sentinels is all of them: if one is lost there is no failover."
        "一个或两个哨兵的多数就是全部：少一个就无法故障转移。"
        "run at least three sentinels on three hosts"
        "至少在三台主机上运行三个哨兵";
    WK106 Warning "one host holds too many sentinels" "一台主机上的哨兵过多"
        "If that host is lost, those left are no majority: nobody is promoted, just when it would be needed."
        "该主机一旦丢失，剩下的哨兵就不够多数：恰恰在需要时无法提升副本。"
        "spread the sentinels so that every host can be lost"
        "分散哨兵，使任何一台主机都可以丢失";
    WK107 Warning "another sentinel has the same id" "另一个哨兵使用相同的 id"
        "An id is one sentinel's. Two with the same one take each other for themselves, and count as one in every vote. It happens when a \
         machine or a file is cloned."
        "一个 id 只属于一个哨兵。两个相同的会把对方当成自己，投票时只算一个。通常由克隆机器或文件引起。"
        "remove the line `sentinel myid` from the copy: a new id is made at the start"
        "在副本文件中删除 `sentinel myid` 行：启动时会生成新的 id";
    WK108 Warning "the id is a placeholder" "id 是占位值"
        "Whoever copies the same example has the same id, and two sentinels with one id count as one."
        "照抄同一示例的人会得到相同的 id，而 id 相同的两个哨兵只算一个。"
        "remove the line: a new id is made at the start"
        "删除这一行：启动时会生成新的 id";
    WK109 Warning "a sentinel is known twice" "同一个哨兵被记录两次"
        "Two ids at one address are one process and its past. The dead one counts in the majority for ever."
        "同一地址的两个 id 是同一个进程的现在和过去。已不存在的那个会一直计入多数。"
        "remove the older line while the sentinel is stopped, or send SENTINEL RESET to it when everybody is up"
        "停止哨兵后删除较旧的一行，或在所有节点都正常时发送 SENTINEL RESET";

    WK201 Warning "names are announced, but not understood" "通告主机名，却不解析主机名"
        "`announce-hostnames yes` has an effect only with `resolve-hostnames yes`: names that others announce cannot be read."
        "`announce-hostnames yes` 必须与 `resolve-hostnames yes` 一起使用：否则无法理解其他哨兵通告的主机名。"
        "add `sentinel resolve-hostnames yes`, on every sentinel"
        "在每个哨兵上添加 `sentinel resolve-hostnames yes`";
    WK202 Warning "a name is announced that is not resolved" "通告的是无法解析的主机名"
        "Other sentinels take a name for an address only with `resolve-hostnames yes`; otherwise they never find this one."
        "其他哨兵只有在 `resolve-hostnames yes` 时才接受主机名；否则永远找不到本哨兵。"
        "announce an IP address, or add `sentinel resolve-hostnames yes` on every sentinel"
        "通告 IP 地址，或在每个哨兵上添加 `sentinel resolve-hostnames yes`";
    WK203 Note "names become addresses" "主机名会变成 IP 地址"
        "With `announce-hostnames no` replicas and clients are told IP addresses, and IP addresses are written to this file. They go stale \
         when a container or a pod gets another one."
        "`announce-hostnames no` 时，告诉副本和客户端的、写入本文件的都是 IP 地址。容器或 Pod 换了地址后它们就会失效。"
        "add `sentinel announce-hostnames yes`, if clients can resolve the names too"
        "如果客户端也能解析这些主机名，请添加 `sentinel announce-hostnames yes`";
    WK204 Warning "a loopback address among other hosts" "其他主机之中出现了环回地址"
        "Sentinels tell each other and their clients this address. On another host 127.0.0.1 is that host itself."
        "哨兵会把这个地址告诉彼此和客户端。在另一台主机上，127.0.0.1 就是那台主机自己。"
        "write the address at which other hosts reach the server"
        "写出其他主机访问该服务器所用的地址";
    WK205 Note "a port is announced without an address" "只通告端口，没有通告地址"
        "The address others are told is then the one of this machine's own end of the connection. Behind NAT, as in a container with a published \
         port, they cannot reach it."
        "此时通告的地址是本机连接所用的地址。在 NAT 之后（例如发布端口的容器）其他哨兵无法访问。"
        "add `sentinel announce-ip`"
        "添加 `sentinel announce-ip`";
    WK206 Warning "the announced port is none" "通告的端口无效"
        "Other sentinels cannot connect to it, so they never count this one."
        "其他哨兵无法连接，因此永远不会计入本哨兵。"
        "announce the port others can reach, 1 to 65535"
        "通告其他哨兵可以访问的端口，1 到 65535";
    WK207 Warning "nobody can connect to this address" "这个地址无法连接"
        "Addresses such as 0.0.0.0 mean \"every address of this machine\" when listening and nothing when connecting; port 0 is none, and \
         192.0.2.300 is no address at all, but a name that cannot be resolved."
        "0.0.0.0 之类的地址在监听时表示“本机所有地址”，连接时没有意义；端口 0 不存在。\
         192.0.2.300 不是地址，只是无法解析的名称。"
        "write the address and port at which the server is reached"
        "写出可以访问该服务器的地址和端口";
    WK208 Warning "an address is not read as it is written" "地址的读法与写法不同"
        "The C library reads a number with a 0 in front as octal, and fills up missing parts: `010.0.0.1` is 8.0.0.1 and `10.1` is 10.0.0.1."
        "C 库把 0 开头的数字当作八进制，并补全缺少的部分：`010.0.0.1` 是 8.0.0.1，`10.1` 是 10.0.0.1。"
        "write all four numbers, without zeros in front"
        "写全四个数字，不要以 0 开头";
    WK209 Warning "two groups have the same master" "两个组使用同一个主节点"
        "Both fail it over, each by its own decision, to different replicas."
        "两个组会各自决定对它进行故障转移，可能转到不同的副本。"
        "keep one of the groups, and give its name to all clients"
        "只保留其中一个组，并让所有客户端使用它的名称";
    WK210 Warning "other sentinels cannot reach this one" "其他哨兵无法访问本哨兵"
        "It listens on the loopback address only, while its master is on another host: the other sentinels cannot ask it, so it has no vote."
        "它只监听环回地址，而主节点在另一台主机上：其他哨兵无法询问它，因此它没有投票权。"
        "add an address of this machine to `bind`, or remove the line"
        "在 `bind` 中加上本机地址，或删除这一行";
    WK211 Warning "protected mode refuses the other sentinels" "保护模式会拒绝其他哨兵"
        "With `protected-mode yes` and no password, connections from other hosts are answered with an error: no votes, and no clients."
        "`protected-mode yes` 且没有密码时，来自其他主机的连接都会得到错误：没有投票，也没有客户端。"
        "set `requirepass` on every sentinel, or `protected-mode no` behind a firewall"
        "在每个哨兵上设置 `requirepass`，或在防火墙之后使用 `protected-mode no`";
    WK212 Warning "the group's name is hard to live with" "组名会带来麻烦"
        "Sentinels send the name to each other between commas, and redis-sentinel writes it back without quotes: a comma, a blank or a quote breaks one of the two."
        "哨兵之间以逗号分隔发送组名，redis-sentinel 写回时不加引号：逗号、空格或引号都会出错。"
        "use letters, digits, `.`, `-` and `_` only"
        "只使用字母、数字、`.`、`-` 和 `_`";
    WK213 Warning "an address to listen on is not there" "没有要监听的地址"
        "A sentinel that cannot listen on an address of `bind` does not start, unless the address has a `-` in front."
        "`bind` 中有地址无法监听时，哨兵不会启动，除非该地址前面有 `-`。"
        "name addresses of this machine; write `-` in front of one that comes and goes"
        "请写本机的地址；时有时无的地址前面加 `-`";

    WK301 Warning "the master is held for down too soon" "判定主节点下线过快"
        "A pause of garbage collection, a slow disk or a lost packet is longer than that: healthy masters are replaced, each time with \
         a break for clients and a chance of lost writes."
        "垃圾回收停顿、慢磁盘或丢包都可能超过这个时间：健康的主节点会被替换，每次都会中断客户端，还可能丢失写入。"
        "1000 to 5000 suits a quiet local network, 5000 to 30000 others; the unit is milliseconds"
        "稳定的局域网适合 1000 到 5000，其他网络 5000 到 30000；单位是毫秒";
    WK302 Warning "the master is held for down very late" "判定主节点下线过慢"
        "For that long nothing can be written after the master has died, and nobody is told."
        "主节点宕机后的这段时间内无法写入，也没有任何通知。"
        "5000 to 30000 suits most networks; the unit is milliseconds"
        "大多数网络适合 5000 到 30000；单位是毫秒";
    WK303 Warning "a failover has too little time" "故障转移的时间太短"
        "`failover-timeout` bounds each phase of a failover; when it ends before replicas have followed, the attempt is given up and another \
         one begins."
        "`failover-timeout` 限制故障转移的每个阶段；副本还没跟上就超时，这次尝试会被放弃并重新开始。"
        "60000 to 180000 is usual, and never less than `down-after-milliseconds`; the unit is milliseconds"
        "通常为 60000 到 180000，且不小于 `down-after-milliseconds`；单位是毫秒";
    WK304 Note "replicas follow a few at a time" "副本分批跟随"
        "Each waits for its turn while those before it copy the data. When `failover-timeout` is over all that are left are told at once."
        "前面的副本复制数据时，后面的要等待。`failover-timeout` 到期后，剩下的会同时开始复制。"
        "raise `parallel-syncs` or `failover-timeout`, if the data is large"
        "如果数据量大，请提高 `parallel-syncs` 或 `failover-timeout`";
    WK305 Note "all replicas copy at once" "所有副本同时复制"
        "After a failover as many replicas as `parallel-syncs` says copy the new master's data at the same time, and may refuse reads while \
         they do. Here that is all of them."
        "故障转移后，会有 `parallel-syncs` 个副本同时复制新主节点的数据，期间可能拒绝读取。这里等于全部副本。"
        "1 keeps the others readable; more is right where nobody reads from replicas"
        "1 可保证其他副本可读；没有人读副本时可以更大";
    WK306 Warning "no replica is told to follow" "没有副本会被告知跟随"
        "With `parallel-syncs` 0 the other replicas wait until `failover-timeout` is over before they follow the new master."
        "`parallel-syncs` 为 0 时，其余副本要等到 `failover-timeout` 到期才会跟随新主节点。"
        "write 1 or more"
        "写 1 或更大的数";
    WK307 Note "default times" "默认时间"
        "`down-after-milliseconds` is 30000 and `failover-timeout` 180000 where the file does not say: a dead master is noticed after half a \
         minute, and redis-sentinel tries a failed failover again after six."
        "文件未指定时，`down-after-milliseconds` 为 30000，`failover-timeout` 为 180000：主节点宕机半分钟后才被发现，redis-sentinel 在失败的故障转移之后六分钟才会再试。"
        "say `sentinel down-after-milliseconds`, for example 5000"
        "写明 `sentinel down-after-milliseconds`，例如 5000";

    WK401 Warning "everybody on this machine can read the passwords" "本机所有用户都能读取密码"
        "The file holds passwords. redis-sentinel makes its file readable for all at every rewrite; Watchkeeper never widens permissions."
        "文件中有密码。redis-sentinel 每次改写都会让文件对所有人可读；Watchkeeper 从不放宽权限。"
        "chmod 600, or 640 with a group of its own"
        "执行 chmod 600，或使用专用组并设为 640";
    WK402 Note "a group can read the passwords" "用户组可以读取密码"
        "Every member of the file's group can read them."
        "文件所属组的每个成员都能读取密码。"
        "nothing has to be done if the group is the service's own"
        "如果该组为服务专用，则无需处理";
    WK403 Warning "a password is not what is written" "密码与写法不同"
        "Quotes end up outside of the password, and within double quotes a backslash changes the character behind it. Curly quotes are characters \
         like any other."
        "引号不属于密码；双引号中的反斜杠会改变后面的字符。弯引号则是普通字符。"
        "write the whole value in double quotes, with `\\\"` for a quote and `\\\\` for a backslash in it"
        "把整个值放在双引号中，其中的引号写成 `\\\"`，反斜杠写成 `\\\\`";
    WK404 Warning "redis-sentinel would break its own file" "redis-sentinel 会写坏自己的文件"
        "It writes these values back without quotes, and refuses the file at the next start. Watchkeeper quotes them."
        "它写回这些值时不加引号，下次启动就会拒绝该文件。Watchkeeper 会加引号。"
        "choose a value without blanks and quotes, if redis-sentinel or valkey-sentinel is to run with this file"
        "如果 redis-sentinel 或 valkey-sentinel 也要使用该文件，请选择不含空格和引号的值";
    WK405 Warning "a password was not filled in" "密码没有填写"
        "Nothing in the file is replaced when it is read: `$NAME` is the password, letter by letter. Passwords of examples are known to everybody."
        "读取文件时不会做任何替换：`$NAME` 就是密码本身。示例中的密码人人皆知。"
        "fill in the password before the file is used"
        "使用文件之前请填写密码";
    WK406 Warning "a user without a password" "有用户名，没有密码"
        "Without `auth-pass` nothing is sent to log in, and `auth-user` has no effect."
        "没有 `auth-pass` 时不会登录，`auth-user` 不起作用。"
        "add `sentinel auth-pass`"
        "添加 `sentinel auth-pass`";
    WK407 Note "the default user is used" "使用默认用户"
        "Other groups of this file log in as a user of their own; here the password is that of `default`."
        "该文件中其他组使用专门的用户登录；这里的密码属于 `default` 用户。"
        "add `sentinel auth-user`, if these servers have such a user"
        "如果这些服务器有专门的用户，请添加 `sentinel auth-user`";
    WK408 Warning "a password is sent, but none is asked for" "发送密码，却不要求密码"
        "This sentinel logs in to the others, and everybody may come in here: a client can fail over, rename and remove groups."
        "本哨兵登录其他哨兵，自己却允许任何人连接：客户端可以触发故障转移、修改和删除组。"
        "add `requirepass`, or a `user`"
        "添加 `requirepass` 或 `user`";
    WK409 Warning "two passwords for one purpose" "同一用途有两个密码"
        "Sentinels with this file send `sentinel-pass` to each other and ask for `requirepass`: they refuse each other, and no vote counts."
        "使用该文件的哨兵互相发送 `sentinel-pass`，却要求 `requirepass`：它们会互相拒绝，投票无效。"
        "make them the same, or add `sentinel sentinel-user` and the user"
        "使两者相同，或添加 `sentinel sentinel-user` 及相应用户";
    WK410 Warning "the sentinels' user is incomplete" "哨兵用户不完整"
        "The sentinels log in to each other as this user; without its password or the user itself they are refused, and no vote counts."
        "哨兵之间用这个用户登录；缺少密码或该用户不存在时会被拒绝，投票无效。"
        "add `sentinel sentinel-pass` and a line `user`, on every sentinel"
        "在每个哨兵上添加 `sentinel sentinel-pass` 和 `user` 行";
    WK411 Warning "clients may choose programs to run" "客户端可以指定要运行的程序"
        "With `deny-scripts-reconfig no` whoever reaches the port can have any program of this machine run, and no password is asked for."
        "`deny-scripts-reconfig no` 时，任何能访问该端口的人都能让本机运行任意程序，而且不需要密码。"
        "remove the line, or set `requirepass`"
        "删除这一行，或设置 `requirepass`";

    WK501 Warning "the file cannot be written back" "文件无法写回"
        "The sentinel keeps its id, its votes and the present master in its file, by a new file beside it and a rename: file and directory must be \
         writable for it. redis-sentinel does not start otherwise, or forgets at every restart."
        "哨兵把自己的 id、投票和当前主节点保存在文件里，做法是在旁边写新文件再改名：文件和目录都必须可写。否则 redis-sentinel 无法启动，或每次重启都会忘记这些内容。"
        "give the sentinel's user the directory, or keep the state elsewhere with `state-file PATH` (Watchkeeper)"
        "让哨兵的用户拥有该目录，或用 `state-file PATH` 把状态保存到别处（Watchkeeper）";
    WK502 Note "the file is a symbolic link" "文件是符号链接"
        "redis-sentinel replaces the link by a file at the first rewrite, and what the link named is never changed again. Watchkeeper keeps the link."
        "redis-sentinel 首次改写时会用普通文件替换链接，链接指向的文件从此不再更新。Watchkeeper 会保留链接。"
        "give redis-sentinel the file itself"
        "给 redis-sentinel 指定文件本身";
    WK503 Warning "the file is mounted by itself" "文件是单独挂载的"
        "A file that is a mount of its own, or comes from a ConfigMap, cannot be replaced by a rename: every rewrite fails, and id, votes and the \
         present master are lost at each restart."
        "单独挂载的文件或来自 ConfigMap 的文件无法通过改名替换：每次改写都会失败，重启后 id、投票和当前主节点都会丢失。"
        "mount the directory, copy the file to a volume at the start, or use `state-file PATH` (Watchkeeper)"
        "挂载目录，或在启动时把文件复制到卷上，或使用 `state-file PATH`（Watchkeeper）";
    WK504 Warning "others can change what is run" "他人可以修改要运行的脚本"
        "The sentinel runs this file with its own rights; whoever can write to it, or to its directory, has them too."
        "哨兵以自己的权限运行该文件；能写入该文件或其目录的人也就拥有这些权限。"
        "chmod go-w the script and its directory"
        "对脚本及其目录执行 chmod go-w";
    WK505 Warning "the script will not run" "脚本无法运行"
        "The sentinel only looks whether it may execute the file. Whether the system can is found out in the middle of a failover."
        "哨兵只检查是否有执行权限。系统能否真正执行，要到故障转移时才会知道。"
        "begin the script with `#!/bin/sh` and end its lines as Unix does; run it once by hand"
        "脚本以 `#!/bin/sh` 开头，并使用 Unix 换行；手动运行一次";
    WK506 Note "a path depends on the directory" "路径取决于当前目录"
        "Scripts are looked for in `dir`, or where the sentinel was started."
        "脚本在 `dir` 或哨兵启动时的目录中查找。"
        "write the path from the root"
        "写绝对路径";
    WK507 Note "the sentinel leaves its manager" "哨兵会脱离管理者"
        "`daemonize yes` makes the process that was started end at once: a container stops, and systemd (unless `Type=forking`) takes the service \
         for finished."
        "`daemonize yes` 会让启动的进程立即结束：容器会停止，systemd（除非 `Type=forking`）会认为服务已结束。"
        "in a container and under systemd write `daemonize no`"
        "在容器中和 systemd 下请写 `daemonize no`";
    WK508 Warning "nobody hears the log" "日志无处可看"
        "In the background standard output goes nowhere: what happened in a failover cannot be found out afterwards."
        "在后台运行时标准输出会被丢弃：事后无法了解故障转移时发生了什么。"
        "set `logfile PATH` or `syslog-enabled yes`"
        "设置 `logfile PATH` 或 `syslog-enabled yes`";

    WK601 Error "TLS cannot be used" "TLS 无法使用"
        "A sentinel that is to use TLS and cannot does not start."
        "需要使用 TLS 却无法使用时，哨兵不会启动。"
        "correct the `tls-` lines, or make the files readable for this user"
        "改正 `tls-` 行，或让当前用户可以读取这些文件";
    WK602 Warning "a certificate has expired" "证书已过期"
        "Whoever verifies it refuses the connection: sentinels lose each other, and replicas their master."
        "验证方会拒绝连接：哨兵彼此失联，副本与主节点失联。"
        "renew it, then restart the sentinel"
        "更新证书，然后重启哨兵";
    WK603 Warning "a certificate expires soon" "证书即将过期"
        "When it has, sentinels lose each other at the next connection."
        "过期后，哨兵会在下一次连接时彼此失联。"
        "renew it, then restart the sentinel"
        "更新证书，然后重启哨兵";
    WK604 Warning "links use TLS, the port does not" "连接使用 TLS，端口却不使用"
        "With `tls-replication yes` sentinels connect to each other by TLS; without `tls-port` nobody answers that."
        "`tls-replication yes` 时哨兵之间用 TLS 连接；没有 `tls-port` 就无人应答。"
        "add `tls-port`, on every sentinel"
        "在每个哨兵上添加 `tls-port`";
    WK605 Warning "the port others are told is 0" "告诉其他哨兵的端口是 0"
        "With `port 0` and without `tls-replication yes` the other sentinels are told port 0, and never reach this one."
        "`port 0` 且没有 `tls-replication yes` 时，其他哨兵得到的端口是 0，永远无法访问本哨兵。"
        "add `tls-replication yes`, or `sentinel announce-port`"
        "添加 `tls-replication yes`，或 `sentinel announce-port`";
    WK606 Note "TLS files are not used" "TLS 文件没有使用"
        "Certificates are named, but neither `tls-port` nor `tls-replication yes` is there: everything is plain text."
        "指定了证书，却没有 `tls-port` 或 `tls-replication yes`：所有通信都是明文。"
        "add `tls-port` and `tls-replication yes`, or remove the lines"
        "添加 `tls-port` 和 `tls-replication yes`，或删除这些行";

    WK701 Warning "a command that others need has another name" "其他哨兵需要的命令被改名"
        "Other sentinels and clients send it under its own name and get an error: no votes, no hello messages."
        "其他哨兵和客户端用原名发送该命令，只会得到错误：没有投票，也没有 hello 消息。"
        "remove the line; to protect a sentinel use `requirepass` or `user`. For names on the servers it is `sentinel rename-command`"
        "删除这一行；保护哨兵请用 `requirepass` 或 `user`。服务器上的改名用 `sentinel rename-command`";
    WK702 Note "a renamed command that is never sent" "改名的命令从不发送"
        "A sentinel sends AUTH, CLIENT, CONFIG, EXEC, INFO, MULTI, PING, PUBLISH, SCRIPT, SENTINEL, SLAVEOF and SUBSCRIBE to servers, and nothing else."
        "哨兵只向服务器发送 AUTH、CLIENT、CONFIG、EXEC、INFO、MULTI、PING、PUBLISH、SCRIPT、SENTINEL、SLAVEOF 和 SUBSCRIBE。"
        "remove the line; SLAVEOF is the name under which a sentinel makes a replica follow"
        "删除这一行；哨兵让副本跟随时使用的命令是 SLAVEOF";
    WK703 Warning "a sentinel does not log in with this" "哨兵不用它登录"
        "`masterauth` and `masteruser` are for replicas. A sentinel without `auth-pass` cannot see a master that asks for a password, and holds it for down."
        "`masterauth` 和 `masteruser` 用于副本。哨兵没有 `auth-pass` 时无法访问要求密码的主节点，会认为它已下线。"
        "write `sentinel auth-pass <group> <password>`"
        "写 `sentinel auth-pass <组> <密码>`";

    WK801 Warning "sentinels differ about the quorum" "各哨兵的法定票数不同"
        "Each acts by its own number: the one with the lowest begins alone."
        "每个哨兵按自己的数值行动：数值最小的会先单独开始。"
        "write the same on every sentinel"
        "在每个哨兵上写成相同的值";
    WK802 Warning "sentinels differ about the master" "各哨兵的主节点不同"
        "The one with the older epoch follows the others once it hears of them. With equal epochs it never does: two masters, or two groups of one name."
        "纪元较旧的哨兵得知后会跟随其他哨兵。纪元相同时则不会：会有两个主节点，或两个同名的组。"
        "find out which is the master (`ROLE`), and correct the other files while their sentinels are stopped"
        "用 `ROLE` 查明哪个是主节点，停止其他哨兵后改正它们的文件";
    WK803 Warning "sentinels differ about a setting" "各哨兵的设置不同"
        "Which one leads a failover is not known before: the outcome depends on it."
        "事先无法知道由哪个哨兵执行故障转移：结果会因此不同。"
        "write the same on every sentinel"
        "在每个哨兵上写成相同的值";
    WK804 Warning "files have the same id" "多个文件使用相同的 id"
        "Sentinels with one id count as one in every vote, and take each other for themselves."
        "id 相同的哨兵在投票时只算一个，并会把对方当成自己。"
        "remove the line `sentinel myid` from all but one file: a new id is made at the start"
        "除一个文件外，都删除 `sentinel myid` 行：启动时会生成新的 id";
    WK805 Warning "files use the same place" "多个文件使用同一位置"
        "Two sentinels on one host cannot listen on one port, and overwrite each other's state."
        "同一主机上的两个哨兵不能监听同一端口，状态也会互相覆盖。"
        "give each sentinel a port and files of its own"
        "给每个哨兵各自的端口和文件";
    WK806 Note "a sentinel does not know another one" "哨兵不知道另一个哨兵"
        "Both were running, and one has never met the other: `known-sentinel` is missing. Its majority is counted without it."
        "两者都运行过，其中一个却从未遇到另一个：缺少 `known-sentinel`。它计算多数时不包含对方。"
        "look whether the two reach each other and the same master"
        "检查两者能否互相访问，并访问同一个主节点";

    WK901 Note "a name cannot be resolved now" "主机名目前无法解析"
        "A server whose name cannot be resolved is not reached, and is held for down."
        "主机名无法解析的服务器无法访问，会被认为已下线。"
        "look at DNS or `/etc/hosts` on this machine"
        "检查本机的 DNS 或 `/etc/hosts`";
    WK902 Warning "the network is too slow for these times" "网络太慢，不适合这些时间"
        "A PING takes a large part of `down-after-milliseconds`: a few slow answers in a row are taken for a dead master."
        "一次 PING 就占去 `down-after-milliseconds` 的很大一部分：连续几次慢应答就会被当作主节点宕机。"
        "raise `down-after-milliseconds` to at least 20 times the slowest answer"
        "把 `down-after-milliseconds` 提高到最慢应答的 20 倍以上";
    WK903 Note "the master does not answer here" "主节点在这里没有应答"
        "A sentinel on this machine would hold it for down."
        "在本机运行的哨兵会认为它已下线。"
        "look at the address, the firewall and the password"
        "检查地址、防火墙和密码";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_every_text_is_there_in_both_languages() {
        assert!(ALL.windows(2).all(|pair| pair[0].code < pair[1].code));
        for rule in ALL {
            for Both(english, chinese) in [rule.title, rule.why, rule.fix] {
                assert!(english.is_ascii() && !english.is_empty(), "{}", rule.code);
                assert!(!chinese.is_ascii(), "{}", rule.code);
            }
        }
        assert_eq!(by_code("wk101").map(|rule| rule.code), Some("WK101"));
        assert!(by_code("WK999").is_none());
    }
}

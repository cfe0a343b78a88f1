//! What the reader of configurations, the system, connections and our own log say, in Chinese. The reader speaks the words of
//! `redis-sentinel`, which people search for, so they stay beside the translation. Which errors there are is the core's; a
//! test holds this table against its corpus.

use watchkeeper_core::Lang;

/// What is said, with `{}` for what varies, and the same in Chinese.
const SAID: &[(&str, &str)] = &[
    ("Bad directive or wrong number of arguments", "未知指令，或参数个数不对"),
    ("Unrecognized sentinel configuration statement.", "未知的 sentinel 指令，或参数个数不对"),
    ("Unbalanced quotes in configuration line", "引号没有成对"),
    ("wrong number of arguments", "参数个数不对"),
    ("argument must be 'yes' or 'no'", "必须是 `yes` 或 `no`"),
    ("argument couldn't be parsed into an integer", "必须是整数"),
    ("argument couldn't be parsed as an octal number", "必须是八进制数"),
    ("argument must be between {} and {} inclusive", "必须在 {} 到 {} 之间"),
    ("argument must be a memory value", "必须是内存大小，例如 `64mb`"),
    ("argument must be a memory or percent value", "必须是内存大小或百分比"),
    ("percentage argument must be less or equal to 100", "百分比不能超过 100"),
    ("argument(s) must be one of the following: {}", "必须是以下之一：{}"),
    ("{} can't be a path, just a {}", "`{}` 只能是名称（{}），不能是路径"),
    ("{} can't be empty", "`{}` 不能为空"),
    (
        "Hostnames may only contain alphanumeric characters, hyphens or dots",
        "主机名只能包含字母、数字、连字符和点",
    ),
    ("template format is invalid or contains unknown variables", "模板无效，或含有未知变量"),
    ("Invalid event class character. Use {}", "事件类别字母无效，可用的是 {}"),
    ("Invalid save parameters", "`save` 的参数无效"),
    ("Invalid master port", "主节点端口无效"),
    ("Too many bind addresses specified.", "`bind` 的地址太多"),
    (
        "Invalid oom-score-adj-values, elements must be between -2000 and 2000.",
        "每个值必须在 -2000 到 2000 之间",
    ),
    ("Invalid latency-tracking-info-percentiles parameters", "百分位必须是数字"),
    (
        "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]",
        "百分位必须在 0.0 到 100.0 之间",
    ),
    ("Wrong number of arguments in buffer limit configuration.", "缓冲区限制的参数个数不对"),
    ("Invalid client class specified in buffer limit configuration.", "缓冲区限制的客户端类别无效"),
    (
        "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
        "缓冲区限制的硬限制、软限制或秒数有误",
    ),
    ("shutdown options SAVE and NOSAVE can't be used simultaneously", "SAVE 与 NOSAVE 不能同时使用"),
    ("Module config specified without value", "模块设置缺少值"),
    ("sentinel directive while not in sentinel mode", "非哨兵模式下的 sentinel 指令"),
    ("No such command in rename-command", "`rename-command` 中的命令不存在"),
    ("Target command name already exists", "目标命令名已存在"),
    (
        "Error in user declaration '{}': Duplicate user found. A user can only be defined once in config files",
        "用户 `{}` 重复定义",
    ),
    ("Error in user declaration '{}': {}", "`{}` 处的用户定义有误：{}"),
    ("Unknown command or category name in ACL", "未知的命令或类别"),
    ("Error loading ACL rule '{}' for the user named '{}': {}", "规则 `{}`（用户 `{}`）无法加载：{}"),
    ("Error in applying operation '{}': {}", "规则 `{}` 有误：{}"),
    ("should start with user keyword followed by the username", "应以 `user` 和用户名开头"),
    ("username '{}' contains invalid characters", "用户名 `{}` 含有无效字符"),
    ("Duplicate user '{}' found on line {}", "用户 `{}` 在第 {} 行重复"),
    ("Spaces not allowed in ACL usernames", "用户名不能含有空格"),
    ("Unmatched parenthesis in selector definition", "选择器的括号没有成对"),
    ("more than {} users", "用户超过 {} 个"),
    ("Syntax error", "语法错误"),
    ("The password you are trying to remove from the user does not exist", "要删除的密码不存在"),
    (
        "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters",
        "密码哈希必须是 64 个小写十六进制字符",
    ),
    ("Allowing first-arg of a subcommand is not supported", "不支持限定子命令的第一个参数"),
    ("Too many or too long rules for one user", "该用户的规则太多或太长"),
    ("Adding a pattern after the * pattern {}", "在 `*` 之后再添加模式无效"),
    ("Quorum must be 1 or greater.", "法定票数必须不小于 1"),
    ("Duplicate master name.", "组名重复"),
    ("No such master with specified name.", "没有这个名称的组"),
    ("Invalid port number.", "端口无效"),
    ("Can't resolve instance hostname.", "这里只能写 IP 地址，主机名不会被解析"),
    ("Duplicate runid for sentinel.", "哨兵 id 重复"),
    ("Same command renamed multiple times with rename-command.", "同一命令被多次改名"),
    ("Malformed Sentinel id in myid option.", "`myid` 的格式不对"),
    ("Please specify yes or no for the {}.", "必须是 `yes` 或 `no`（{}）"),
    ("Please specify wall or monotonic for the tilt-clock option.", "必须是 `wall` 或 `monotonic`"),
    (
        "Please specify star, keep or chain for the replication-topology option.",
        "必须是 `star`、`keep` 或 `chain`",
    ),
    ("negative or zero time parameter.", "时间必须大于 0"),
    ("negative time parameter.", "时间不能为负"),
    ("Epoch `{}` is out of range: expected 0 to {}.", "纪元 `{}` 超出范围：应为 0 到 {}"),
    ("Number `{}` is out of range: expected {} to {}.", "数字 `{}` 超出范围：应为 {} 到 {}"),
    ("NUL byte in the line", "这一行有 NUL 字节"),
    ("a NUL byte", "有 NUL 字节"),
    ("Notification script seems non existing or non executable.", "通知脚本不存在或不可执行"),
    (
        "Client reconfiguration script seems non existing or non executable.",
        "客户端重配置脚本不存在或不可执行",
    ),
    ("`{}` is not valid UTF-8", "`{}` 不是有效的 UTF-8"),
    ("`include {}`: files include each other without end", "`include {}`：文件互相包含，没有尽头"),
    ("Fatal error, can't open config file '{}': {}", "无法打开 `{}`：{}"),
    ("Can't open the log file: {}", "无法打开日志文件：{}"),
    ("can't read the state file: {}", "无法读取状态文件：{}"),
    ("Damaged state file `{}`: {}", "状态文件 `{}` 已损坏：{}"),
    ("more than {} lines; the rest was not read", "超过 {} 行，其余部分没有读取"),
    ("more than {} errors; {} more are not listed", "错误超过 {} 个，另有 {} 个没有列出"),
    ("text after the last line", "最后一行之后还有内容"),
    ("expected a number of 16 hexadecimal digits", "应为 16 位十六进制数"),
    ("unbalanced quotes", "引号没有成对"),
    ("expected `sentinel <directive> ...`", "应为 `sentinel <指令> ...`"),
    ("its end is missing", "缺少结尾"),
    ("the line `# configuration <hash>` is missing", "缺少 `# configuration <哈希>` 行"),
    ("No such file or directory", "没有那个文件或目录"),
    ("Not a directory", "不是目录"),
    ("Is a directory", "是一个目录"),
    ("Permission denied", "权限不够"),
    ("Not a regular file", "不是普通文件"),
    ("File too large", "文件过大"),
    ("Address already in use", "该路径已被占用"),
    ("No space left on device", "设备上没有空间"),
    (
        "it is compressed. hint: `zcat FILE | watchkeeper explain`",
        "文件是压缩的。提示：`zcat FILE | watchkeeper explain`",
    ),
    // the command line
    ("invalid digit found in string", "应为整数"),
    ("cannot parse integer from empty string", "应为整数"),
    ("number too large to fit in target type", "数字太大"),
    ("{} is not in {}", "{} 不在 {} 范围内"),
    ("`{}`: expected HOST:PORT, such as {} or {}", "`{}`：应为 HOST:PORT，例如 {} 或 {}"),
    (
        "expected a code such as WK101; `watchkeeper check --list` has them all",
        "应为 WK101 这样的代码；`watchkeeper check --list` 列出全部",
    ),
    (
        "expected a code such as WD200; `watchkeeper doctor --list` has them all",
        "应为 WD200 这样的代码；`watchkeeper doctor --list` 列出全部",
    ),
    (
        "`{}` is a code of `watchkeeper doctor`, which asks a deployment that runs",
        "`{}` 是 `watchkeeper doctor` 的代码，它检查运行中的部署",
    ),
    // connections
    ("the name does not resolve: {}", "主机名无法解析：{}"),
    ("the name has no address", "该主机名没有地址"),
    ("no connection within {} ms", "{} 毫秒内未能建立连接"),
    ("the TLS handshake failed: {}", "TLS 握手失败：{}"),
    ("no answer to it", "没有应答"),
    ("the connection was closed by the other side", "对方关闭了连接"),
    ("not a Redis protocol: {}", "不是 Redis 协议：{}"),
    ("no sentinel, but a server in mode `{}`", "不是哨兵，而是 `{}` 模式的服务器"),
    ("Name or service not known", "没有这个主机名"),
    ("No address associated with hostname", "该主机名没有地址"),
    ("Temporary failure in name resolution", "暂时无法解析主机名（DNS 没有应答）"),
    ("Connection refused", "连接被拒绝"),
    ("Connection reset by peer", "连接被对方重置"),
    ("Connection timed out", "连接超时"),
    ("Broken pipe", "连接已断开"),
    ("No route to host", "没有到该主机的路由"),
    ("Network is unreachable", "网络不可达"),
    // advice
    ("did you mean `{}`?", "是否想写 `{}`？"),
    ("did you mean `{}`, without `sentinel` in front?", "是否想写 `{}`（前面没有 `sentinel`）？"),
    (
        "a value with quotes in it is written as {}; a closing quote ends the word",
        "含引号的值写作 {}；右引号之后必须是空格或行尾",
    ),
    ("at most {} levels and {} files", "最多 {} 层、{} 个文件"),
    (
        "only commands a sentinel has can be renamed; names on the watched servers are changed by `sentinel rename-command`",
        "只能改名哨兵自己的命令；被监视服务器上的命令名用 `sentinel rename-command`",
    ),
    ("a selector ends with `)`", "选择器以 `)` 结尾"),
    (
        "no directive of Redis 7, Valkey 8 or Watchkeeper has this name",
        "Redis 7、Valkey 8 和 Watchkeeper 都没有这个指令",
    ),
    ("expected `{}`", "应为 `{}`"),
    (
        "expected `{}`; a password with blanks in it is written in double quotes",
        "应为 `{}`；含空格的密码要写在双引号中",
    ),
    (
        "correct these first, or look whether this is the file of a sentinel",
        "请先改正这些错误，或检查这是否是哨兵的文件",
    ),
    (
        "the quorum is how many sentinels must agree that the master is down: 1 to 2147483647",
        "法定票数是必须一致认为主节点下线的哨兵数：1 到 2147483647",
    ),
    ("a line `sentinel monitor {} ...` is missing", "缺少 `sentinel monitor {} ...` 这一行"),
    ("a port is 0 to 65535", "端口为 0 到 65535"),
    (
        "write an IP address, or set `sentinel resolve-hostnames yes`",
        "请写 IP 地址，或设置 `sentinel resolve-hostnames yes`",
    ),
    (
        "`{}` is no IPv4 address: it has four numbers of 0 to 255, such as 192.0.2.10",
        "`{}` 不是 IPv4 地址：应为四个 0 到 255 的数字，例如 192.0.2.10",
    ),
    (
        "redis-sentinel reads {} here, without a word; write the number that is meant",
        "redis-sentinel 会不声不响地读作 {}；请写出真正想要的数字",
    ),
    (
        "redis-sentinel would read this line and the next one as one; such bytes come from a disk that lost power, or from \
         UTF-16: restore the file, or save it as UTF-8",
        "redis-sentinel 会把这一行和下一行当成一行；这种字节来自断电的磁盘或 UTF-16：请恢复文件，或保存为 UTF-8",
    ),
    ("`{}` must be there and executable by this user", "`{}` 必须存在，并且当前用户可以执行"),
    (
        "an id has 40 characters; without the line a new one is made",
        "id 有 40 个字符；没有这一行时会生成新的 id",
    ),
    (
        "star: all follow the master; keep: the shape stays as it is; chain: one line",
        "star：全部跟随主节点；keep：保持现有形状；chain：一条链",
    ),
    ("write milliseconds, for example 5000", "请写毫秒数，例如 5000"),
    (
        "such an epoch would end all elections, of the other sentinels too; write the epoch the other sentinels show as \
         config-epoch, or remove the line",
        "这样的纪元会使所有选举（包括其他哨兵的）无法进行；请写其他哨兵显示的 config-epoch，或删除这一行",
    ),
    (
        "is this the file of a sentinel? It has some ten lines for each group",
        "这是哨兵的文件吗？哨兵的文件里每个组大约十行",
    ),
    (
        "redis-sentinel takes any bytes, Watchkeeper UTF-8 only: save the file in UTF-8 (`iconv -f latin1 -t utf-8`); \
         the other sentinels and clients must then know a group by the same bytes",
        "redis-sentinel 接受任意字节，Watchkeeper 只接受 UTF-8：请把文件保存为 UTF-8（`iconv -f latin1 -t utf-8`）；\
         其他哨兵和客户端须以相同的字节称呼该组",
    ),
    (
        "restore the file from a backup; if no other copy exists, remove it: the sentinel then starts with a new id and \
         without memory of its votes",
        "从备份恢复该文件；如果没有其他副本，请删除它：哨兵会以新的 id 启动，并忘记投过的票",
    ),
];

/// Why a sentinel did not act or did not trust its clock, in the words of our log.
const LOGGED: &[(&str, &str)] = &[
    ("Replica {} of `{}` cannot be promoted: {}", "副本 {}（组 `{}`）不能提升：{}"),
    ("it is down", "它已下线"),
    ("there is no connection to it", "与它没有连接"),
    ("last answered {} ms ago, limit {} ms", "它上次应答在 {} 毫秒前，上限 {} 毫秒"),
    ("its replica-priority is 0", "它的 replica-priority 为 0"),
    ("it is loading its data", "它正在加载数据"),
    ("it is empty: it has never had the master's data", "它是空的：从未有过主节点的数据"),
    ("it is empty: it had lost the master before the outage", "它是空的：在故障之前就已与主节点断开"),
    (
        "it has not caught up with the master, which is up: wait until its link is up",
        "它还没有跟上主节点，而主节点正常：请等到它的复制连接恢复",
    ),
    ("it has not answered INFO yet", "它还没有应答过 INFO"),
    ("its last INFO is {} ms old, limit {} ms", "它最近的 INFO 在 {} 毫秒前，上限 {} 毫秒"),
    ("it lost the master {} ms ago, limit {} ms", "它与主节点断开已 {} 毫秒，上限 {} 毫秒"),
    ("No replica of `{}` is known", "组 `{}` 没有已知的副本"),
    (
        "No candidacy for `{}`: our vote could not be written to disk",
        "没有竞选（组 `{}`）：自己的选票无法写入磁盘",
    ),
    ("Election for `{}` given up: its master is no longer down", "放弃竞选（组 `{}`）：主节点已恢复"),
    (
        "Not elected for `{}`: {} of {} votes are needed in epoch {}; missing: {}",
        "未当选（组 `{}`）：需要 {} 票，共 {} 票，纪元 {}；缺少：{}",
    ),
    ("{} voted for {}", "{} 投给了 {}"),
    ("{} is not reachable", "{} 无法连接"),
    ("{} has voted in a newer epoch", "{} 已在更新的纪元投票"),
    ("{} has not answered", "{} 没有应答"),
    (
        "Failover of `{}` in epoch {} given up: another sentinel has a configuration of epoch {}",
        "放弃故障转移（组 `{}`，纪元 {}）：另一个哨兵已有纪元 {} 的配置",
    ),
    (
        "The old master of `{}` is connected and was told to follow {}",
        "旧主节点（组 `{}`）连接正常，已命令它跟随 {}",
    ),
    ("the process did not run for {} ms", "进程停顿了 {} 毫秒"),
    ("the wall clock jumped by {} ms", "系统时间跳变了 {} 毫秒"),
];

/// Words of a log in Chinese, if they are known to be our own.
pub(crate) fn logged(text: &str) -> Option<String> {
    // Of several votes that are missing each has its reason.
    let Some((front, missing)) = text.split_once("; missing: ") else { return by(LOGGED, text) };
    let front = by(LOGGED, &format!("{front}; missing: -"))?;
    let missing: Option<Vec<String>> = missing.split(", ").map(|reason| by(LOGGED, reason)).collect();
    Some(front.strip_suffix('-')?.to_owned() + &missing?.join("、"))
}

/// A text in the language of whoever reads it, as far as it is known.
pub(crate) fn told(text: &str, lang: Lang) -> String {
    match lang {
        Lang::En => text.to_owned(),
        Lang::Zh => chinese(text).unwrap_or_else(|| text.to_owned()),
    }
}

/// The Chinese of what was said, if it is known.
fn chinese(said: &str) -> Option<String> {
    by(SAID, said)
}

/// The Chinese of what was said, if this table has it.
fn by(table: &[(&str, &str)], said: &str) -> Option<String> {
    table.iter().find_map(|(english, chinese)| {
        let holes = holes(english, said)?;
        let mut parts = chinese.split("{}");
        let mut text = parts.next().unwrap_or_default().to_owned();
        for (hole, part) in holes.iter().zip(parts) {
            // A reason within an error has a translation of its own.
            text += &by(table, hole).unwrap_or_else(|| (*hole).to_owned());
            text += part;
        }
        Some(text)
    })
}

/// What stands in `said` where `form` has `{}`.
fn holes<'a>(form: &str, said: &'a str) -> Option<Vec<&'a str>> {
    let mut parts = form.split("{}");
    let mut rest = said.strip_prefix(parts.next()?)?;
    let mut found = Vec::new();
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let end =
            if parts.peek().is_some() { rest.find(part)? } else { rest.len().checked_sub(part.len())? };
        let (hole, after) = (rest.get(..end)?, rest.get(end..)?);
        rest = after.strip_prefix(part)?;
        found.push(hole);
    }
    rest.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_the_reader_says_has_a_translation() {
        let recorded = include_str!("../../core/tests/config/lines.txt").lines();
        let said = recorded.filter_map(|line| line.split_once('\t')).map(|(_, said)| said);
        let said = said.filter(|said| *said != "ok" && !said.starts_with("Active defragmentation"));
        for text in said {
            let text = text.strip_prefix("log: ").unwrap_or(text);
            let told = chinese(text).unwrap_or_default();
            assert!(!told.is_ascii() && !told.contains("{}"), "{text}: {told}");
        }
    }

    /// Every form in which the core says why a replica was refused, and the other reasons.
    #[test]
    fn the_words_of_our_log_have_a_translation() {
        let source = include_str!("../../core/src/select.rs");
        let refusals = source.split("write!(f, \"").skip(1).map(|rest| rest.split('"').next().unwrap());
        let mut said: Vec<String> = refusals.map(filled).collect();
        assert!(said.len() >= 7, "{said:?}");
        said.push("the process did not run for 5064 ms".to_owned());
        said.push("Election for `m` given up: its master is no longer down".to_owned());
        for text in said {
            let refused = format!("Replica 10.0.0.1:6379 of `m` cannot be promoted: {text}");
            for text in [&text, &refused] {
                let told = logged(text).unwrap_or_default();
                let english = told
                    .replace("replica-priority", "")
                    .contains(|c: char| c.is_ascii_lowercase() && c != 'm');
                assert!(!told.is_empty() && !english, "{text}: {told}");
            }
        }
        let lost = "Not elected for `m`: 2 of 3 votes are needed in epoch 7; missing: 9bf is not reachable, ab voted for cd";
        let told = "未当选（组 `m`）：需要 2 票，共 3 票，纪元 7；缺少：9bf 无法连接、ab 投给了 cd";
        assert_eq!(logged(lost).as_deref(), Some(told));
        assert_eq!(logged("something new"), None);
    }

    /// `{since_ms} ms` with a number.
    fn filled(form: &str) -> String {
        let mut parts = form.split('{');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| text + "7" + part.split_once('}').map_or("", |(_, rest)| rest))
    }

    #[test]
    fn what_varies_stays() {
        assert_eq!(
            chinese("argument must be between 0 and 7 inclusive").as_deref(),
            Some("必须在 0 到 7 之间")
        );
        let told = chinese("Fatal error, can't open config file 'a b': No such file or directory");
        assert_eq!(told.as_deref(), Some("无法打开 `a b`：没有那个文件或目录"));
        assert_eq!(chinese("something new"), None);
        assert_eq!(chinese("did you mean `port`?").as_deref(), Some("是否想写 `port`？"));
    }
}

//! The help of all commands in Chinese. clap takes the English texts from the definitions; here each has its Chinese one
//! beside it, found by the English text. A test sees to it that none is missing.

use std::ffi::OsString;

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, Command};

/// English, Chinese.
const TEXTS: &[(&str, &str)] = &[
    (
        "Language of explanations [default: from LC_ALL or LANG]",
        "说明文字的语言〔默认：取自 LC_ALL 或 LANG〕",
    ),
    // run
    ("Speak as this program where the two differ", "两者有差别时，按哪个程序的方式应答"),
    (
        "Take the configuration from environment variables; `watchkeeper config from-env --help` lists them",
        "从环境变量取得配置；`watchkeeper config from-env --help` 列出这些变量",
    ),
    (
        "The configuration file, then directives as options: `--port 7777`",
        "配置文件，其后可以用选项的形式给出指令：`--port 7777`",
    ),
    ("`redis-sentinel` 7.0", "`redis-sentinel` 7.0"),
    ("`valkey-sentinel` 8.0", "`valkey-sentinel` 8.0"),
    // demo
    ("leave the master alive: kill it yourself, or just look", "不杀死主节点：由你自己动手，或只是观看"),
    (
        "seconds of peace before the master is killed; with --no-kill and --once, before the end",
        "杀死主节点之前平静的秒数；同时给出 --no-kill 和 --once 时，是结束之前的秒数",
    ),
    (
        "end when the old master is back, instead of running until Ctrl-C [default when standard input is no terminal]",
        "旧主节点回来后即结束，而不是运行到按下 Ctrl-C〔标准输入不是终端时的默认〕",
    ),
    ("keep the folder with configuration files and logs", "保留存放配置文件和日志的目录"),
    (
        "the server to use [default: redis-server or valkey-server in PATH]",
        "使用的服务器程序〔默认：PATH 中的 redis-server 或 valkey-server〕",
    ),
    (
        "use this for the three sentinels instead, such as upstream's redis-sentinel, to compare",
        "三个哨兵改用这个程序，例如官方的 redis-sentinel，以便比较",
    ),
    // rehearse
    (
        "The configuration of a sentinel; more of them for more sentinels",
        "哨兵的配置文件；给出几份就是几个哨兵",
    ),
    (
        "Take the power from a host, or kill a server or a sentinel (HOST:PORT, or a sentinel's id)",
        "让一台主机断电，或杀死一个服务器或哨兵（HOST:PORT，或哨兵的 ID）",
    ),
    ("Stop it instead: connections stay, nothing is answered", "改为让它停住：连接还在，但不再回复"),
    (
        "Where the sentinel of the first file runs, if the file does not say",
        "第一份文件的哨兵运行在哪里（文件中没有写明时）",
    ),
    ("A replica that no file knows", "文件中没有的副本"),
    ("A sentinel that no file knows", "文件中没有的哨兵"),
    ("How the result is printed", "结果的输出格式"),
    // explain
    (
        "Logs of sentinels (- for standard input), or names of events such as +sdown",
        "哨兵日志（- 表示标准输入），或事件名，例如 +sdown",
    ),
    ("Every event in a line", "列出所有事件，每行一个"),
    ("Show the lines that could not be understood", "显示无法理解的行"),
    ("How the report is printed", "报告的输出格式"),
    ("Wait for more: each incident is told as it happens", "持续跟踪：事故发生时即时说明"),
    // check
    (
        "Configurations of sentinels, of redis-sentinel and valkey-sentinel too; `-` for standard input",
        "哨兵的配置文件，redis-sentinel 和 valkey-sentinel 的也可以；`-` 表示标准输入",
    ),
    (
        "The files are for another machine: scripts, logs, certificates and permissions of this one are not looked at",
        "文件是给另一台机器用的：不查看本机的脚本、日志、证书和权限",
    ),
    ("Also resolve names and measure how fast masters answer", "同时解析主机名，并测量主节点回复的快慢"),
    ("Take these for errors: codes, `warnings` or `notes`", "把这些当作错误：代码、`warnings` 或 `notes`"),
    ("Leave these out: codes, `warnings` or `notes`", "忽略这些：代码、`warnings` 或 `notes`"),
    ("List all codes", "列出所有代码"),
    ("Explain a code", "解释一个代码"),
    ("How findings are printed", "结果的输出格式"),
    // what all commands that ask have in common
    (
        "A sentinel; one is enough, it names the others [default: 127.0.0.1:26379]",
        "一个哨兵；给出一个即可，它会说出其他的〔默认：127.0.0.1:26379〕",
    ),
    (
        "A sentinel's configuration file, from which its address, passwords and certificates are taken",
        "哨兵的配置文件，从中取得地址、密码和证书",
    ),
    ("User at the sentinels [env: WATCHKEEPER_USER]", "哨兵上的用户名〔环境变量：WATCHKEEPER_USER〕"),
    (
        "File with the password at the sentinels [env: WATCHKEEPER_PASS, the password itself]",
        "存放哨兵密码的文件〔环境变量：WATCHKEEPER_PASS，值为密码本身〕",
    ),
    (
        "User at the data servers [env: WATCHKEEPER_SERVER_USER]",
        "数据服务器上的用户名〔环境变量：WATCHKEEPER_SERVER_USER〕",
    ),
    (
        "File with the password at the data servers [env: WATCHKEEPER_SERVER_PASS, the password itself]",
        "存放数据服务器密码的文件〔环境变量：WATCHKEEPER_SERVER_PASS，值为密码本身〕",
    ),
    ("Speak TLS with all of them", "与所有服务器都用 TLS 通信"),
    ("The authorities to believe, with --tls", "信任的证书颁发机构，配合 --tls"),
    ("Certificate to show, with --tls", "出示的证书，配合 --tls"),
    ("Key of that certificate", "该证书的私钥"),
    ("How long to wait for each answer, in milliseconds", "每次回复最多等待的毫秒数"),
    // doctor
    ("Sentinels, as with --sentinel", "哨兵，同 --sentinel"),
    ("Look at this group only", "只查看这个组"),
    ("Print the table of codes", "打印代码表"),
    // status, watch, events, failover
    ("Only this group", "只看这个组"),
    ("Only events of this group, and those that belong to none", "只看这个组的事件，以及不属于任何组的事件"),
    ("How each event is printed", "每个事件的输出格式"),
    ("The group that gets another master", "要更换主节点的组"),
    ("Do it without asking", "不询问，直接执行"),
    // healthcheck
    (
        "The port the sentinel listens on [default: SENTINEL_PORT, else 26379]",
        "哨兵监听的端口〔默认：SENTINEL_PORT，否则 26379〕",
    ),
    // values of options
    ("people", "供人阅读"),
    ("programs", "供程序读取"),
    ("people, in a terminal", "供人在终端阅读"),
    ("pictures: a timeline of each incident", "图片：每次事故的时间线"),
    ("a page of its own for a browser, with pictures", "带图片的单个网页"),
    ("简体中文", "简体中文"),
];

/// The Chinese for an English text of a definition.
fn chinese(english: &str) -> Option<&'static str> {
    TEXTS.iter().find(|(known, _)| *known == english).map(|(_, chinese)| *chinese)
}

/// All of a command's help in Chinese: headings, options and values. Texts of its own (what it is for, examples) are left.
pub(super) fn told(command: Command) -> Command {
    let subcommands: Vec<String> = command.get_subcommands().map(|it| it.get_name().to_owned()).collect();
    let args: Vec<String> = command.get_arguments().map(|arg| arg.get_id().to_string()).collect();
    let mut command = command
        .help_template("{before-help}{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}")
        .subcommand_help_heading("命令")
        .subcommand_value_name("命令")
        .disable_help_flag(true)
        .disable_help_subcommand(true);
    for id in args {
        command = command.mut_arg(id, option);
    }
    for name in subcommands {
        command = command.mut_subcommand(name, told);
    }
    if command.get_version().is_some() {
        let version =
            Arg::new("version").short('V').long("version").action(ArgAction::Version).help("打印版本");
        command = command.disable_version_flag(true).arg(version.help_heading("选项"));
    }
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help).help("打印帮助");
    command.arg(help.help_heading("选项"))
}

/// `help COMMAND` as `COMMAND --help`: what clap makes of the former is English.
pub(super) fn help_last(args: &[OsString]) -> Vec<OsString> {
    let mut args = args.to_vec();
    let first = (1..args.len()).find(|at| {
        let word = |at: usize| args[at].to_string_lossy();
        !word(*at).starts_with('-') && word(at - 1) != "--lang"
    });
    if let Some(at) = first.filter(|at| args[*at] == "help") {
        args.remove(at);
        args.push("--help".into());
    }
    args
}

fn option(arg: Arg) -> Arg {
    let Some(text) = arg.get_help().and_then(|help| chinese(&help.to_string())) else { return arg };
    let values: Vec<PossibleValue> = arg.get_possible_values();
    let defaults = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect::<Vec<_>>();
    let mut text = text.to_owned();
    if arg.get_action().takes_values() {
        if !defaults.is_empty() {
            text.push_str(&format!("〔默认：{}〕", defaults.join(" ")));
        }
        if !values.is_empty() {
            let values =
                values.iter().map(|value| match value.get_help().and_then(|it| chinese(&it.to_string())) {
                    Some(help) => format!("{}（{help}）", value.get_name()),
                    None => value.get_name().to_owned(),
                });
            text.push_str(&format!("〔可选：{}〕", values.collect::<Vec<_>>().join("、")));
        }
    }
    let heading = if arg.is_positional() { "参数" } else { "选项" };
    let takes_values = arg.get_action().takes_values();
    arg.help(text).hide_default_value(takes_values).hide_possible_values(takes_values).help_heading(heading)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::lang::Lang;
    use crate::cli::own;

    /// Texts of a command and those under it that are not Chinese.
    fn missing(command: &Command, found: &mut Vec<String>) {
        let is_chinese =
            |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)) || text.contains('`');
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let args = command.get_arguments().filter(|arg| !arg.is_hide_set());
        let texts = args.map(|arg| arg.get_help().map(ToString::to_string).unwrap_or_default());
        for text in texts.chain([about]).filter(|text| !is_chinese(text)) {
            found.push(format!("{}: {text}", command.get_name()));
        }
        for subcommand in command.get_subcommands() {
            missing(subcommand, found);
        }
    }

    #[test]
    fn nothing_of_the_chinese_help_is_english() {
        let mut found = Vec::new();
        missing(&own::command(Lang::Zh), &mut found);
        assert!(found.is_empty(), "without a Chinese text:\n{}", found.join("\n"));
    }

    #[test]
    fn help_before_a_command_is_help_after_it() {
        let last = |line: &str| {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            help_last(&words).join(std::ffi::OsStr::new(" ")).into_string().unwrap()
        };
        assert_eq!(last("watchkeeper help explain"), "watchkeeper explain --help");
        assert_eq!(last("watchkeeper --lang zh help"), "watchkeeper --lang zh --help");
        assert_eq!(last("watchkeeper run help"), "watchkeeper run help");
    }

    #[test]
    fn a_page_of_help_has_chinese_headings_defaults_and_values() {
        let help = own::command(Lang::Zh).find_subcommand_mut("rehearse").unwrap().render_help().to_string();
        for words in
            ["用法：", "选项", "参数", "〔默认：text〕", "text（供人阅读）、json（供程序读取）", "打印帮助"]
        {
            assert!(help.contains(words), "`{words}` is not in\n{help}");
        }
        for word in ["Usage", "Arguments", "default:", "possible values"] {
            assert!(!help.contains(word), "`{word}` is in\n{help}");
        }
    }
}

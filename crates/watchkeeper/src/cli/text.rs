//! What our own commands say to people, in both languages.

use std::io::{self, ErrorKind};
use std::path::Path;

use watchkeeper_core::config::ConfigError;

use super::lang::Lang;
use crate::daemon::startup::What;
use crate::daemon::strerror;
use crate::said::told;

/// Where distributions put the file.
const USUAL_PLACES: [&str; 4] = [
    "/etc/redis/sentinel.conf",
    "/etc/valkey/sentinel.conf",
    "/etc/redis-sentinel.conf",
    "/etc/sentinel.conf",
];

const RUN_EXAMPLES: &str = "  watchkeeper run /etc/redis/sentinel.conf\n  \
     watchkeeper run /etc/redis/sentinel.conf --port 26380 --loglevel verbose\n  \
     watchkeeper run sentinel.conf --sentinel monitor mymaster 10.0.0.1 6379 2\n  \
     MASTER=10.0.0.1 QUORUM=2 watchkeeper run --from-env";

/// What the program is.
pub(super) fn about(lang: Lang) -> &'static str {
    lang.pick(
        "Watches Redis and Valkey masters and fails over: a drop-in redis-sentinel",
        "监视 Redis 与 Valkey 主节点并自动故障转移：可直接替换 redis-sentinel",
    )
}

/// What `run` does.
pub(super) fn about_run(lang: Lang) -> &'static str {
    lang.pick("Run a sentinel", "运行一个哨兵")
}

/// What `demo` does.
pub(super) fn about_demo(lang: Lang) -> &'static str {
    lang.pick("Show a failover with real servers on this machine", "用本机上真实的服务器演示一次故障转移")
}

/// What `status` does.
pub(super) fn about_status(lang: Lang) -> &'static str {
    lang.pick(
        "Show the groups of a running deployment: servers, sentinels, what is wrong and what is waited for",
        "显示运行中的各个组：服务器、哨兵、有什么问题、在等什么",
    )
}

/// What `watch` does.
#[cfg(feature = "watch")]
pub(super) fn about_watch(lang: Lang) -> &'static str {
    lang.pick(
        "What `status` shows, kept up to date on the whole screen, with events and keys",
        "`status` 的内容，全屏持续刷新，附事件与按键操作",
    )
}

/// What `events` does.
pub(super) fn about_events(lang: Lang) -> &'static str {
    lang.pick("Follow the events of all sentinels, with what they mean", "跟踪所有哨兵的事件，并说明含义")
}

/// What `failover` does.
pub(super) fn about_failover(lang: Lang) -> &'static str {
    lang.pick("Give a group another master, and tell how it goes", "为一个组更换主节点，并讲述经过")
}

/// What `check` does.
pub(super) fn about_check(lang: Lang) -> &'static str {
    lang.pick("Look for what is wrong, or will hurt, in configuration files", "检查配置文件中的错误和隐患")
}

/// What `rehearse` does.
pub(super) fn about_rehearse(lang: Lang) -> &'static str {
    lang.pick(
        "Play what would happen to your groups if a host, a server or a sentinel were gone",
        "演练：某台主机、服务器或哨兵消失后，你的各个组会发生什么",
    )
}

/// What `doctor` does.
pub(super) fn about_doctor(lang: Lang) -> &'static str {
    lang.pick("Ask a running deployment and tell what is wrong with it", "检查正在运行的部署，说明有什么问题")
}

/// What `explain` does.
pub(super) fn about_explain(lang: Lang) -> &'static str {
    lang.pick("Read the logs of sentinels and tell what happened", "读取哨兵日志，说明发生了什么")
}

/// What `config` does.
pub(super) fn about_config(lang: Lang) -> &'static str {
    lang.pick("Show configurations", "查看配置")
}

/// What `config from-env` does.
pub(super) fn about_from_env(lang: Lang) -> &'static str {
    lang.pick("Print the configuration that the environment makes", "打印由环境变量生成的配置")
}

/// What `healthcheck` does.
pub(super) fn about_healthcheck(lang: Lang) -> &'static str {
    lang.pick(
        "Ask the sentinel on this host for a PONG; exit status 0 if it answers",
        "向本机的哨兵发送 PING；有回复时退出状态为 0",
    )
}

/// Both a file and the environment were named.
pub(super) fn file_and_environment(file: &str, lang: Lang) -> String {
    match lang {
        Lang::En => format!(
            "error: `{file}` was named together with `--from-env`, expected one of them\n\
             hint: options may follow `--from-env`: `watchkeeper run --from-env --maxclients 100`\n"
        ),
        Lang::Zh => format!(
            "错误：同时给出了 `{file}` 和 `--from-env`，只能用其中之一\n\
             提示：`--from-env` 之后可以跟选项：`watchkeeper run --from-env --maxclients 100`\n"
        ),
    }
}

/// Examples of `check`, and its exit statuses.
pub(super) fn examples_check(lang: Lang) -> &'static str {
    lang.pick(
        "Examples:\n  watchkeeper check /etc/redis/sentinel.conf\n  \
         watchkeeper check s1.conf s2.conf s3.conf --elsewhere --deny warnings --allow WK103\n  \
         watchkeeper check --explain WK103\n\n\
         Nothing is changed, and without `--online` nothing is connected to. Secrets are never printed.\n\
         Exit status: 0, nothing worse than notes; 1, warnings; 2, errors: a sentinel would not start, or something \
         could not be read.",
        "示例：\n  watchkeeper check /etc/redis/sentinel.conf\n  \
         watchkeeper check s1.conf s2.conf s3.conf --elsewhere --deny warnings --allow WK103\n  \
         watchkeeper check --explain WK103\n\n\
         不会修改任何内容；没有 `--online` 时不会连接任何服务器。不会打印密码。\n\
         退出状态：0，最多只有提示；1，有警告；2，有错误：哨兵无法启动，或有内容无法读取。",
    )
}

/// Examples of `rehearse`, and its exit statuses.
pub(super) fn examples_rehearse(lang: Lang) -> &'static str {
    lang.pick(
        "Examples:\n  watchkeeper rehearse sentinel.conf --kill 10.0.0.1\n  \
         watchkeeper rehearse sentinel.conf --kill 10.0.0.1:6379 --hang 10.0.0.2:26379\n\n\
         Nothing is connected to: it is played in a simulated world.\n\
         Exit status: 0, every group can be written to; 1, one can't; 2, it could not be played.",
        "示例：\n  watchkeeper rehearse sentinel.conf --kill 10.0.0.1\n  \
         watchkeeper rehearse sentinel.conf --kill 10.0.0.1:6379 --hang 10.0.0.2:26379\n\n\
         演练在模拟世界中进行，不会连接任何服务器。\n\
         退出状态：0，所有组都可写入；1，有的组不可写入；2，无法演练。",
    )
}

/// Examples of `doctor`, and its exit statuses.
pub(super) fn examples_doctor(lang: Lang) -> &'static str {
    lang.pick(
        "Examples:\n  watchkeeper doctor 10.0.0.1:26379\n  \
         watchkeeper doctor --config /etc/redis/sentinel.conf\n  \
         watchkeeper doctor --list\n\n\
         Sentinels of Redis, Valkey and ours alike. Nothing is changed.\n\
         Exit status: 0, nothing worse than notes; 1, warnings; 2, something critical; 3, it could not be done: no sentinel \
         answered, no sentinel has the group, a file can't be read, an option is wrong, or the report can't be written.",
        "示例：\n  watchkeeper doctor 10.0.0.1:26379\n  \
         watchkeeper doctor --config /etc/redis/sentinel.conf\n  \
         watchkeeper doctor --list\n\n\
         Redis、Valkey 与 Watchkeeper 的哨兵均可。不会做任何修改。\n\
         退出状态：0，最多只有提示；1，有警告；2，有严重问题；3，无法完成：没有哨兵应答、没有哨兵监视该组、\
         文件无法读取、选项有误，或报告无法写出。",
    )
}

/// Examples of `status`, and its exit statuses.
pub(super) fn examples_status(lang: Lang) -> &'static str {
    lang.pick(
        "Examples:\n  watchkeeper status\n  watchkeeper status mymaster --sentinel 10.0.0.1:26379\n  \
         watchkeeper status --config /etc/redis/sentinel.conf --format json\n\n\
         Of redis-sentinel, valkey-sentinel and Watchkeeper alike. Nothing is changed.\n\
         Exit status: 0, every group is as it should be; 1, one is not; 2, nobody could be asked.",
        "示例：\n  watchkeeper status\n  watchkeeper status mymaster --sentinel 10.0.0.1:26379\n  \
         watchkeeper status --config /etc/redis/sentinel.conf --format json\n\n\
         redis-sentinel、valkey-sentinel 与 Watchkeeper 均可。不会改变任何东西。\n\
         退出状态：0，所有组正常；1，有的组有问题；2，无法询问。",
    )
}

/// Examples of `watch`, its keys and its exit statuses.
#[cfg(feature = "watch")]
pub(super) fn examples_watch(lang: Lang) -> &'static str {
    lang.pick(
        "Examples:\n  watchkeeper watch\n  watchkeeper watch mymaster --sentinel 10.0.0.1:26379\n\n\
         Keys: arrows or j, k choose a group; f asks for a failover of it; ? shows all keys; q ends it.\n\
         Exit status: 0, it was ended; 2, it could not begin.",
        "示例：\n  watchkeeper watch\n  watchkeeper watch mymaster --sentinel 10.0.0.1:26379\n\n\
         按键：方向键或 j、k 选择组；f 请求故障转移；? 显示全部按键；q 退出。\n\
         退出状态：0，已结束；2，无法开始。",
    )
}

/// Examples of `events`, and its exit statuses.
pub(super) fn examples_events(lang: Lang) -> &'static str {
    lang.pick(
        "Examples:\n  watchkeeper events\n  watchkeeper events --group mymaster --format json\n\n\
         Sentinels that go away are tried again, new ones are found. Ctrl-C ends it.\n\
         Exit status: 0, it was ended; 2, it could not begin.",
        "示例：\n  watchkeeper events\n  watchkeeper events --group mymaster --format json\n\n\
         离开的哨兵会重试，新的哨兵会被发现。按 Ctrl-C 结束。\n\
         退出状态：0，已结束；2，无法开始。",
    )
}

/// Examples of `failover`, and its exit statuses.
pub(super) fn examples_failover(lang: Lang) -> &'static str {
    lang.pick(
        "Examples:\n  watchkeeper failover mymaster\n  watchkeeper failover mymaster --yes --sentinel 10.0.0.1:26379\n\n\
         One sentinel is asked. Ctrl-C ends this command, not the failover.\n\
         Exit status: 0, there is another master; 1, there is not; 2, it was not asked for.",
        "示例：\n  watchkeeper failover mymaster\n  watchkeeper failover mymaster --yes --sentinel 10.0.0.1:26379\n\n\
         只请求一个哨兵。Ctrl-C 只结束本命令，不影响故障转移。\n\
         退出状态：0，已更换主节点；1，没有更换；2，未请求。",
    )
}

/// Examples of `explain`, and its exit statuses.
pub(super) fn examples_explain(lang: Lang) -> &'static str {
    lang.pick(
        "Examples:\n  watchkeeper explain sentinel-1.log sentinel-2.log sentinel-3.log\n  \
         watchkeeper explain --format html sentinel-*.log > incident.html\n  \
         docker compose logs | watchkeeper explain\n  \
         watchkeeper explain --follow /var/log/redis/sentinel.log\n  \
         watchkeeper explain +odown no-good-slave\n\n\
         Logs of redis-sentinel, valkey-sentinel and Watchkeeper alike. Nothing is connected to.\n\
         Exit status: 0, it was told; 1, no line of it is a sentinel's; 2, something could not be read.",
        "示例：\n  watchkeeper explain sentinel-1.log sentinel-2.log sentinel-3.log\n  \
         watchkeeper explain --format html sentinel-*.log > incident.html\n  \
         docker compose logs | watchkeeper explain\n  \
         watchkeeper explain --follow /var/log/redis/sentinel.log\n  \
         watchkeeper explain +odown no-good-slave\n\n\
         redis-sentinel、valkey-sentinel 与 Watchkeeper 的日志均可。不会连接任何服务器。\n\
         退出状态：0，已说明；1，其中没有哨兵的事件；2，有内容无法读取。",
    )
}

/// Examples of everything.
pub(super) fn examples(lang: Lang) -> String {
    let drop_in = lang.pick(
        "Called as `redis-sentinel` or `valkey-sentinel` it takes exactly their arguments:",
        "以 `redis-sentinel` 或 `valkey-sentinel` 的名字运行时，参数与它们完全相同：",
    );
    format!(
        "{}\n\n{drop_in}\n  ln -s watchkeeper redis-sentinel\n  \
         ./redis-sentinel /etc/redis/sentinel.conf --supervised systemd",
        examples_run(lang)
    )
}

/// Examples of `run`.
pub(super) fn examples_run(lang: Lang) -> String {
    let title = lang.pick("Examples:", "示例：");
    format!("{title}\n{RUN_EXAMPLES}")
}

/// Why the sentinel does not start, and what to do about it.
pub(super) fn refusal(what: &What, lang: Lang) -> String {
    format!("{}{}\n", lang.pick("error: ", "错误："), refusal_body(what, lang))
}

/// The same without a title and the end of the line.
pub(super) fn refusal_body(what: &What, lang: Lang) -> String {
    let (error, hint) = match what {
        What::NoFile => no_file(lang),
        What::Unreadable { path, error } => unreadable(path, error, lang),
        What::Wrong(error) => wrong(error, lang),
        What::NotWritable { path, error } => not_writable(path, &told(&strerror(error), lang), lang),
        What::Daemonize(reason) => match lang {
            Lang::En => (format!("cannot run in the background: {reason}"), None),
            Lang::Zh => (format!("无法转入后台运行：{reason}"), None),
        },
        What::CannotServe(lines) => (lines.join("\n"), serve_hint(lines, lang)),
    };
    let hint = hint.map(|hint| format!("\n{}{hint}", lang.pick("hint: ", "提示："))).unwrap_or_default();
    format!("{error}{hint}")
}

/// A configuration that a sentinel refuses; its own words stay beside the Chinese ones, as people search for them.
fn wrong(error: &ConfigError, lang: Lang) -> (String, Option<String>) {
    let hint = error.hint.as_deref().map(|hint| told(hint, lang));
    let said = ConfigError { hint: None, ..error.clone() }.to_string();
    if lang == Lang::En {
        return (said, hint);
    }
    let file = error.file.as_ref().map(|file| format!("`{file}` ")).unwrap_or_default();
    let line = (error.line > 0).then(|| {
        format!("第 {} 行第 {} 列：`{}`：", error.line, error.column, String::from_utf8_lossy(&error.text))
    });
    let message = told(&error.message, lang);
    let theirs = if message == error.message { String::new() } else { format!("（{}）", error.message) };
    (format!("{file}{}{message}{theirs}", line.unwrap_or_default()), hint)
}

fn no_file(lang: Lang) -> (String, Option<String>) {
    let command = "`watchkeeper run /etc/redis/sentinel.conf`";
    let (error, hint) = match lang {
        Lang::En => (
            "no configuration file was named; a sentinel keeps its state in it",
            "name it before the options",
        ),
        Lang::Zh => ("没有指定配置文件；哨兵的状态保存在其中", "请在选项之前给出文件"),
    };
    (error.into(), Some(format!("{hint}: {command}")))
}

fn unreadable(path: &Path, error: &io::Error, lang: Lang) -> (String, Option<String>) {
    let (path, reason) = (path.display(), told(&strerror(error), lang));
    let text = match lang {
        Lang::En => format!("the configuration file `{path}` cannot be read: {reason}"),
        Lang::Zh => format!("无法读取配置文件 `{path}`：{reason}"),
    };
    let rights = lang.pick(
        "run as the user that owns the file (often `redis`), or give this user the right to it",
        "请以该文件所有者（通常是 `redis`）的身份运行，或授予当前用户权限",
    );
    let missing = || (error.kind() == ErrorKind::NotFound).then(|| missing_hint(lang));
    let forbidden = (error.kind() == ErrorKind::PermissionDenied).then(|| rights.into());
    (text, forbidden.or_else(missing))
}

fn missing_hint(lang: Lang) -> String {
    let found = USUAL_PLACES.iter().find(|place| Path::new(place).exists());
    let line = "`sentinel monitor mymaster 127.0.0.1 6379 2`";
    match (found, lang) {
        (Some(place), Lang::En) => format!("there is one at `{place}`"),
        (Some(place), Lang::Zh) => format!("`{place}` 处有一个配置文件"),
        (None, Lang::En) => format!("a file of one line is enough to begin with: {line}"),
        (None, Lang::Zh) => format!("文件里有一行即可开始：{line}"),
    }
}

fn not_writable(path: &Path, reason: &str, lang: Lang) -> (String, Option<String>) {
    let path = path.display();
    match lang {
        Lang::En => (
            format!("the state could not be kept in `{path}`: {reason}"),
            Some(
                "the file and its directory must be writable; `state-file PATH` in the configuration keeps the \
                 state elsewhere"
                    .into(),
            ),
        ),
        Lang::Zh => (
            format!("无法把状态保存到 `{path}`：{reason}"),
            Some("该文件及其目录必须可写；也可在配置中用 `state-file PATH` 把状态保存到别处".into()),
        ),
    }
}

fn serve_hint(lines: &[String], lang: Lang) -> Option<String> {
    let busy = lines.iter().any(|line| line.ends_with("Address already in use"));
    busy.then(|| match lang {
        Lang::En => "something listens there already, perhaps another sentinel: `ss -ltnp` shows what; \
                     `--port` chooses another port"
            .into(),
        Lang::Zh => "该端口已被占用，可能是另一个哨兵：用 `ss -ltnp` 查看，或用 `--port` 换一个端口".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_brings_advice() {
        for lang in [Lang::En, Lang::Zh] {
            let what = What::Unreadable { path: "/x".into(), error: ErrorKind::NotFound.into() };
            let text = refusal(&what, lang);
            assert!(text.contains("`/x`") && text.contains(lang.pick("\nhint: ", "\n提示：")), "{text}");
        }
    }

    #[test]
    fn a_busy_port_brings_advice() {
        let lines = vec!["... bind: Address already in use".to_string(), "Failed ...".to_string()];
        assert!(
            refusal(&What::CannotServe(lines), Lang::En).contains("hint: something listens there already")
        );
        assert!(!refusal(&What::CannotServe(vec!["x".into()]), Lang::En).contains("hint:"));
    }
}

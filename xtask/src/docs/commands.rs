//! Every command and subcommand a sentinel answers.

use watchkeeper_core::Lang;
use watchkeeper_core::command::syntax;
use watchkeeper_core::command::table::{CommandSpec, top_level};

use super::{code, head, table};

const INTRO_EN: &str = "
What clients may send. *Since* is the version of Redis that brought the command, from 8.0.0 on that of Valkey; what
`redis-sentinel` 7.0 does not have works here all the same, but is not listed by `COMMAND`.
The categories are those of `ACL SETUSER`.

";

const INTRO_ZH: &str = "
客户端可以发送的命令。“起始版本”是引入该命令的 Redis 版本，8.0.0 及以上为 Valkey 版本；`redis-sentinel` 7.0 没有的命令在此同样可用，
只是 `COMMAND` 不会列出。类别用于 `ACL SETUSER`。

";

/// The document in one language.
pub(super) fn render(lang: Lang) -> String {
    let title = lang.pick("Commands", "命令");
    let mut text = head("commands", lang, "`crates/core/src/command/table*.rs`", title);
    text += lang.pick(INTRO_EN, INTRO_ZH);
    text += lang.pick("## Without subcommands\n\n", "## 无子命令\n\n");
    let plain = top_level().filter(|spec| spec.subcommands().is_empty());
    text += &commands(plain, lang);
    for container in top_level().filter(|spec| !spec.subcommands().is_empty()) {
        let summary = summary(container, lang);
        text += &format!("\n## {}\n\n{summary}\n\n", container.name.to_ascii_uppercase());
        text += &commands(container.subcommands().iter().copied(), lang);
    }
    text
}

fn commands(specs: impl Iterator<Item = &'static CommandSpec>, lang: Lang) -> String {
    let columns = match lang {
        Lang::En => ["command", "what it does", "categories", "since"],
        Lang::Zh => ["命令", "作用", "类别", "起始版本"],
    };
    table(&columns, specs.map(|spec| row(spec, lang)))
}

fn row(spec: &CommandSpec, lang: Lang) -> Vec<String> {
    let container =
        spec.container().map(|name| format!("{} ", name.to_ascii_uppercase())).unwrap_or_default();
    let written = code(&format!("{container}{}", syntax(spec)));
    let categories: Vec<String> = spec.category_names().map(|name| format!("@{name}")).collect();
    vec![written, summary(spec, lang), categories.join(" "), spec.since.to_owned()]
}

fn summary(spec: &CommandSpec, lang: Lang) -> String {
    let text = lang.pick(spec.summary, spec.summary_zh);
    match (spec.deprecated, lang) {
        (Some((since, instead)), Lang::En) => format!("{text} Deprecated since {since}: use {instead}."),
        (Some((since, instead)), Lang::Zh) => format!("{text}自 {since} 起不推荐使用，请改用 {instead}。"),
        (None, _) => text.to_owned(),
    }
}

//! Every directive of the configuration file.

use watchkeeper_core::Lang;
use watchkeeper_core::config::General;
use watchkeeper_core::config::directive::{
    DEPRECATED, Directive, GENERAL, Kind, OURS, SENTINEL, SentinelDirective,
};

use super::{code, head, table};

const INTRO_EN: &str = "
Every file that `redis-sentinel` 7.0 to 7.4 or `valkey-sentinel` 8 accepts is accepted, also with the settings of a data
server in it. **Watchkeeper only** marks our own; once one is in the file, upstream refuses to start with it.
";

const INTRO_ZH: &str = "
凡是 `redis-sentinel` 7.0 至 7.4 或 `valkey-sentinel` 8 接受的文件都接受，包括其中属于数据服务器的设置。标有**仅 Watchkeeper**
的是我们自己的指令；文件中一旦出现，上游将拒绝用该文件启动。
";

const OTHERS_EN: &str = "
Not in the tables: `include PATH`, `user NAME RULE...`, `rename-command COMMAND NAME`
take effect. `loadmodule`, names with a dot (settings of modules)";

const OTHERS_ZH: &str = "
以下指令不在表中：`include PATH`、`user NAME RULE...`、`rename-command COMMAND NAME` 有效。
`loadmodule`、带点的名称（模块的设置）";

/// The document in one language.
pub(super) fn render(lang: Lang) -> String {
    let from = "`crates/core/src/config/directive.rs` and `general.rs`";
    let title = lang.pick("Directives of the configuration file", "配置文件的指令");
    let mut text = head("directives", lang, from, title);
    text += lang.pick(INTRO_EN, INTRO_ZH);
    text += lang.pick("\n## `sentinel ...`\n\n", "\n## `sentinel ...` 指令\n\n");
    let columns = match lang {
        Lang::En => ["directive", "default", "what it means"],
        Lang::Zh => ["指令", "默认值", "含义"],
    };
    text += &table(&columns, SENTINEL.iter().map(|directive| sentinel_row(directive, lang)));
    text += lang.pick("\n## General, with an effect here\n\n", "\n## 通用指令：有效\n\n");
    text += &general(true, lang);
    text += lang.pick(OTHERS_EN, OTHERS_ZH);
    for name in DEPRECATED {
        text += &format!("{}`{name}`", lang.pick(", ", "、"));
    }
    text += lang.pick(" are accepted and ignored.\n", " 会被接受并忽略。\n");
    text += lang.pick("\n## General, accepted and ignored\n\n", "\n## 通用指令：接受但忽略\n\n");
    text += lang.pick(
        "They are checked and written back as they were given, and mean nothing to a sentinel.\n\n",
        "会检查其取值，并原样写回，但对哨兵没有作用。\n\n",
    );
    text + &general(false, lang)
}

fn sentinel_row(directive: &SentinelDirective, lang: Lang) -> Vec<String> {
    let words: Vec<String> = directive.words.iter().map(|word| format!("<{word}>")).collect();
    let written = code(&format!("sentinel {} {}", directive.name, words.join(" ")));
    vec![
        written + &also(directive.aliases, lang) + &ours(directive.name, lang),
        code(directive.default),
        lang.pick(directive.doc, directive.doc_zh).to_owned(),
    ]
}

fn general(used: bool, lang: Lang) -> String {
    let columns = match lang {
        Lang::En => ["directive", "values", "default"],
        Lang::Zh => ["指令", "取值", "默认值"],
    };
    let rows = GENERAL.iter().filter(|directive| directive.used == used).map(|directive| {
        let name = code(directive.name) + &also(directive.aliases, lang) + &ours(directive.name, lang);
        vec![name, values(directive.kind, lang), code(&default(directive))]
    });
    table(&columns, rows)
}

/// The default of a sentinel. The table's own is what a rewrite compares with, and for these two a data server's.
fn default(directive: &Directive) -> String {
    let general = General::default();
    match directive.name {
        "port" => general.port.to_string(),
        "protected-mode" => if general.protected_mode { "yes" } else { "no" }.to_owned(),
        _ => directive.default.to_owned(),
    }
}

fn also(aliases: &[&str], lang: Lang) -> String {
    let names: Vec<String> = aliases.iter().map(|alias| code(alias)).collect();
    if names.is_empty() {
        return String::new();
    }
    format!("{}{}", lang.pick(", also ", "，又名 "), names.join(lang.pick(", ", "、")))
}

fn ours(name: &str, lang: Lang) -> String {
    let mark =
        if OURS.contains(&name) { lang.pick(" **Watchkeeper only**", " **仅 Watchkeeper**") } else { "" };
    mark.to_owned()
}

/// What may be written after the name.
fn values(kind: Kind, lang: Lang) -> String {
    let say = |en: &str, zh: &str| lang.pick(en, zh).to_owned();
    let one_of = |words: &[&str]| words.iter().map(|word| code(word)).collect::<Vec<_>>().join(" ");
    match kind {
        Kind::YesNo => one_of(&["yes", "no"]),
        Kind::Int(least, most) => format!("{} {least} … {most}", lang.pick("number,", "整数，")),
        Kind::Memory(..) => say("size: bytes, or with a unit (`1mb`)", "大小：字节数，或带单位（`1mb`）"),
        Kind::MemoryOrPercent => say("size, or part of all memory (`5%`)", "大小，或占内存的百分比（`5%`）"),
        Kind::Octal => say("permissions in octal", "八进制权限"),
        Kind::Enum(words) => one_of(words),
        Kind::LogLevel => one_of(&["debug", "verbose", "notice", "warning", "nothing"]),
        Kind::Flags(words) => format!("{} {}", lang.pick("some of", "可组合："), one_of(words)),
        Kind::Text => say("text", "文本"),
        Kind::FileName(_) => say("a name without a path", "不含路径的名称"),
        Kind::Hostname => say("host name", "主机名"),
        Kind::Title => say("template of the process title", "进程标题模板"),
        Kind::KeyspaceEvents => say("letters of event classes", "事件类别字母"),
        Kind::Dir => say("path; taken at once, while reading", "路径；读取时立即生效"),
        Kind::Bind => {
            say("up to 16 addresses; `-` in front: may be missing", "最多 16 个地址；前缀 `-` 表示可以不存在")
        }
        Kind::OutputLimit => {
            say("class, hard limit, soft limit, seconds; repeatable", "类别、硬限制、软限制、秒数；可重复")
        }
        Kind::OomScores => say("three numbers", "三个数字"),
        Kind::Percentiles => say("percentiles", "百分位数"),
        Kind::ReplicaOf => say("host and port", "主机和端口"),
        Kind::Save => say("pairs of seconds and changes", "秒数与变更数，成对"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_directives_are_in_the_tables_and_marked() {
        for name in OURS {
            let known =
                SENTINEL.iter().map(|d| d.name).chain(GENERAL.iter().map(|d| d.name)).any(|n| n == *name);
            assert!(known, "{name}");
        }
        assert_eq!(render(Lang::En).matches(" **Watchkeeper only** |").count(), OURS.len());
    }
}

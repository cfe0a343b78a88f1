//! Every event: how it looks, what it means, what to do.

use watchkeeper_core::Lang;
use watchkeeper_core::event::{EVENTS, EventSpec};
use watchkeeper_core::event_text::{OLDER, OlderName};

use super::{code, head, table};

const INTRO_EN: &str = "
An event is a line of the log and a message on the channel of its name (`redis-cli -p 26379 psubscribe '*'`).
Those of level `debug` are only logged. Where *script* says yes, the group's `notification-script` is run with
the name and the payload. The meanings hold for upstream's `redis-sentinel` too, except where a text says otherwise.

In payloads, `M` stands for `master <name> <ip> <port>`. `I` stands for the same of a master, or for
`slave <name> <ip> <port> @ <group> <master ip> <master port>`, or
`sentinel <id> <ip> <port> @ <group> <master ip> <master port>`.
";

const INTRO_ZH: &str = "
事件既是日志中的一行，也是与其同名频道上的一条消息（`redis-cli -p 26379 psubscribe '*'`）。`debug` 级的只写入日志。
“脚本”一栏为“是”的，会以事件名和内容为参数运行该组的 `notification-script`。除非另有说明，含义同样适用于上游的 `redis-sentinel`。

内容中的 `M` 代表 `master <名称> <ip> <port>`。`I` 在主节点时与 `M` 相同，否则代表
`slave <名称> <ip> <port> @ <组> <主节点 ip> <主节点 port>` 或
`sentinel <id> <ip> <port> @ <组> <主节点 ip> <主节点 port>`。
";

/// The document in one language.
pub(super) fn render(lang: Lang) -> String {
    let title = lang.pick("Events: what each means and what to do", "事件：含义与处理");
    let mut text = head("events", lang, "`crates/core/src/event.rs` and `event_text/`", title);
    text += lang.pick(INTRO_EN, INTRO_ZH);
    text += lang.pick("\n## All of them\n\n", "\n## 一览\n\n");
    let columns = match lang {
        Lang::En => ["event", "in short", "level", "script"],
        Lang::Zh => ["事件", "简述", "级别", "脚本"],
    };
    text += &table(&columns, EVENTS.iter().map(|spec| row(spec, lang)));
    text += lang.pick("\n## One by one\n", "\n## 逐个说明\n");
    for spec in EVENTS {
        text += &section(spec, lang);
    }
    text += lang.pick("\n## Names of long ago\n\n", "\n## 旧名称\n\n");
    text += lang.pick(
        "Old releases and documents mention them; no sentinel of today sends them.\n\n",
        "旧版本和文档中提到过；如今的哨兵不会发送。\n\n",
    );
    let columns = match lang {
        Lang::En => ["name", "what became of it", "today"],
        Lang::Zh => ["名称", "去向", "现在"],
    };
    text + &table(&columns, OLDER.iter().map(|older| older_row(older, lang)))
}

fn row(spec: &EventSpec, lang: Lang) -> Vec<String> {
    let script = if spec.scripted { lang.pick("yes", "是") } else { "–" };
    let brief = spec.kind.text().brief.get(lang).to_owned();
    vec![link(spec), brief, spec.level.name().to_owned(), script.to_owned()]
}

fn section(spec: &EventSpec, lang: Lang) -> String {
    let words = spec.kind.text();
    let (meaning, action) = (words.meaning.get(lang), words.action.get(lang));
    let id = anchor(spec);
    let to_do = lang.pick("**What to do**: ", "**处理**：");
    format!(
        "\n<a id=\"{id}\"></a>\n### {0}\n\n`{0} {1}`\n\n{meaning}\n\n{to_do}{action}\n",
        spec.name, spec.fields
    )
}

/// `+sdown` and `-sdown` would have one automatic anchor.
fn anchor(spec: &EventSpec) -> String {
    let sign = if spec.name.starts_with('-') { "minus" } else { "plus" };
    format!("{sign}-{}", &spec.name[1..])
}

fn link(spec: &EventSpec) -> String {
    format!("[`{}`](#{})", spec.name, anchor(spec))
}

fn older_row(older: &OlderName, lang: Lang) -> Vec<String> {
    let now: Vec<String> = older.now.iter().map(|kind| link(kind.spec())).collect();
    let now = if now.is_empty() { code("") } else { now.join(lang.pick(", ", "、")) };
    vec![code(older.name), older.fate.get(lang).to_owned(), now]
}

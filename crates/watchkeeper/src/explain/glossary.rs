//! Single events explained: one by its name, or all of them. The words are those of `core::event_text`.

use std::fmt::Write;

use watchkeeper_core::Lang;
use watchkeeper_core::event::{EVENTS, EventKind};
use watchkeeper_core::event_text::{self, Named, OLDER, OlderName};

use super::width::pad;
use super::words::wrap;

/// Columns of a paragraph.
const WIDTH: usize = 100;

/// What a name stands for, with what to do about it; nothing if no event has it.
pub fn one(name: &str, lang: Lang) -> Option<String> {
    let parts: Vec<String> = event_text::find(name)
        .into_iter()
        .map(|named| match named {
            Named::Event(kind) => event(kind, lang),
            Named::Older(older) => older_name(older, lang),
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join("\n"))
}

/// Every event in a line, then the older names.
pub fn all(lang: Lang) -> String {
    let widest = EVENTS.iter().map(|spec| spec.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for spec in EVENTS {
        line(&mut text, &format!("{}  {}", pad(spec.name, widest), spec.kind.text().brief.get(lang)));
    }
    line(&mut text, lang.pick("\nolder names:", "\n旧名称："));
    for older in OLDER {
        let today: Vec<&str> = older.now.iter().map(|kind| kind.spec().name).collect();
        let today = if today.is_empty() {
            lang.pick("nothing today", "现已没有").to_owned()
        } else {
            format!("{}{}", lang.pick("today ", "现为 "), today.join(lang.pick(", ", "、")))
        };
        line(&mut text, &format!("{}  {today}", pad(older.name, widest)));
    }
    line(
        &mut text,
        lang.pick(
            "\nhint: `watchkeeper explain +sdown` tells more of one",
            "\n提示：`watchkeeper explain +sdown` 查看单个事件的说明",
        ),
    );
    text
}

/// What nobody knows: said with what is near.
pub fn unknown(name: &str, lang: Lang) -> String {
    let bare = name.trim_start_matches(['+', '-']);
    let near: Vec<&str> = EVENTS
        .iter()
        .map(|spec| spec.name)
        .filter(|known| bare.len() > 3 && (known.contains(bare) || bare.contains(&known[1..])))
        .collect();
    let hint = match (near.is_empty(), lang) {
        (true, Lang::En) => "`watchkeeper explain --list` names all events".to_owned(),
        (true, Lang::Zh) => "`watchkeeper explain --list` 列出全部事件".to_owned(),
        (false, Lang::En) => format!("there is {}", near.join(", ")),
        (false, Lang::Zh) => format!("相近的有 {}", near.join("、")),
    };
    match lang {
        Lang::En => format!("`{name}` is neither a file nor an event\nhint: {hint}"),
        Lang::Zh => format!("`{name}` 既不是文件也不是事件\n提示：{hint}"),
    }
}

fn event(kind: EventKind, lang: Lang) -> String {
    let (spec, words) = (kind.spec(), kind.text());
    let mut text = format!("{} {}\n", spec.name, spec.fields);
    line(&mut text, &format!("  {}", words.brief.get(lang)));
    paragraph(&mut text, words.meaning.get(lang));
    paragraph(&mut text, &format!("{}{}", lang.pick("What to do: ", "处理："), words.action.get(lang)));
    text
}

/// Indented, in lines that a terminal holds.
fn paragraph(text: &mut String, what: &str) {
    for part in wrap(what, WIDTH) {
        line(text, &format!("  {part}"));
    }
}

fn older_name(older: &OlderName, lang: Lang) -> String {
    let mut text = format!("{}\n", older.name);
    paragraph(&mut text, older.fate.get(lang));
    for kind in older.now {
        text.push('\n');
        text += &event(*kind, lang);
    }
    text
}

fn line(text: &mut String, what: &str) {
    // A String takes everything.
    let _ = writeln!(text, "{what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_an_explanation_in_every_language() {
        for lang in Lang::ALL {
            let list = all(lang);
            for name in EVENTS.iter().map(|spec| spec.name).chain(OLDER.iter().map(|older| older.name)) {
                assert!(one(name, lang).is_some_and(|text| text.starts_with(name)), "{name}");
                assert!(list.contains(name), "{name}");
            }
        }
        assert!(
            one("no-good-slave", Lang::En).is_some_and(|text| text.contains("-failover-abort-no-good-slave"))
        );
        assert!(
            one("sdown", Lang::Zh).is_some_and(|text| text.contains("+sdown") && text.contains("-sdown"))
        );
        assert_eq!(one("nonsense", Lang::En), None);
    }

    #[test]
    fn a_mistyped_name_brings_its_neighbours() {
        assert!(unknown("+failover-end-timeout", Lang::En).contains("+failover-end"));
        assert!(unknown("x", Lang::En).contains("--list"));
    }
}

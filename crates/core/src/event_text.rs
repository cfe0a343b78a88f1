//! What every event means and what to do about it, for the person whom it woke at night, in every language.
//!
//! The table of the events themselves (names, levels, fields) is [`crate::event`]. Here are the words: the demo, the
//! reference documentation and explanations of logs all take them from this one place. They hold for the logs of
//! upstream's sentinel as well. Names that only old documents and old releases know are in [`OLDER`].

mod failover;
mod older;
mod own;
mod watching;

use crate::event::{EVENTS, EventKind};
use crate::lang::Words;

pub use older::{OLDER, OlderName};

/// The words for one event.
#[derive(Debug, Clone, Copy)]
pub struct EventText {
    /// which event
    pub kind: EventKind,
    /// a few words, for one line of a list
    pub brief: Words,
    /// what was seen or done, and what the sentinel does next
    pub meaning: Words,
    /// what the reader should check or do, or that there is nothing to do
    pub action: Words,
}

/// One pair of texts: English, Chinese.
type Pair = (&'static str, &'static str);

const fn words((en, zh): Pair) -> Words {
    Words { en, zh }
}

const fn text(kind: EventKind, brief: Pair, meaning: Pair, action: Pair) -> EventText {
    EventText { kind, brief: words(brief), meaning: words(meaning), action: words(action) }
}

const NOTHING: Pair = ("Nothing to do.", "无需处理。");

/// Every event's words, in the order of [`EVENTS`].
pub fn all() -> impl Iterator<Item = &'static EventText> {
    watching::TEXTS.iter().chain(failover::TEXTS).chain(own::TEXTS)
}

impl EventKind {
    /// The words for this event.
    pub fn text(self) -> &'static EventText {
        // A test walks through all of them.
        all().nth(self as usize).expect("every event has its words")
    }
}

/// What a name stands for.
#[derive(Debug, Clone, Copy)]
pub enum Named {
    /// an event of today
    Event(EventKind),
    /// a name that is no longer used, or never was one
    Older(&'static OlderName),
}

/// Everything a name may stand for. The name as it is wins; else case and the sign in front do not matter, so that
/// `switch-master` finds `+switch-master`, and `tilt` finds both its beginning and its end.
pub fn find(name: &str) -> Vec<Named> {
    let find_by = |same: &dyn Fn(&str) -> bool| {
        let events = EVENTS.iter().filter(|spec| same(spec.name)).map(|spec| Named::Event(spec.kind));
        let older = OLDER.iter().filter(|older| same(older.name)).map(Named::Older);
        events.chain(older).collect::<Vec<_>>()
    };
    let exact = find_by(&|known| known == name);
    if !exact.is_empty() {
        return exact;
    }
    find_by(&|known| unsigned(known).eq_ignore_ascii_case(unsigned(name)))
}

fn unsigned(name: &str) -> &str {
    name.strip_prefix(['+', '-']).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;

    #[test]
    fn every_event_has_its_words_in_the_order_of_the_table() {
        let kinds: Vec<_> = all().map(|text| text.kind).collect();
        assert_eq!(kinds, EVENTS.iter().map(|spec| spec.kind).collect::<Vec<_>>());
        for spec in EVENTS {
            assert_eq!(spec.kind.text().kind, spec.kind);
        }
    }

    #[test]
    fn every_text_is_there_in_its_language() {
        for text in all() {
            for (part, words) in [("brief", text.brief), ("meaning", text.meaning), ("action", text.action)] {
                check(&format!("{:?} {part}", text.kind), words, part != "brief");
            }
            let short = text.brief.en.len() <= 60 && text.brief.zh.chars().count() <= 30;
            assert!(short, "{:?}: the brief text is for one line", text.kind);
        }
        for older in OLDER {
            check(older.name, older.fate, true);
        }
    }

    fn check(what: &str, words: Words, sentence: bool) {
        let chinese =
            |c: char| ('\u{3000}'..='\u{9fff}').contains(&c) || ('\u{ff00}'..='\u{ffef}').contains(&c);
        let (en, zh) = (words.get(Lang::En), words.get(Lang::Zh));
        assert!(!en.is_empty() && !en.chars().any(chinese), "{what}: {en}");
        assert!(zh.chars().any(chinese), "{what}: {zh}");
        assert_eq!(en.ends_with('.'), sentence, "{what}: {en}");
        assert_eq!(zh.ends_with('。'), sentence, "{what}: {zh}");
        assert!(!en.contains("  ") && !zh.contains("  "), "{what}: a line break left blanks behind");
    }

    #[test]
    fn names_are_found_with_and_without_their_sign() {
        let kinds = |name: &str| {
            let event = |named: &Named| match named {
                Named::Event(kind) => Some(*kind),
                Named::Older(_) => None,
            };
            find(name).iter().filter_map(event).collect::<Vec<_>>()
        };
        assert_eq!(kinds("+tilt"), [EventKind::Tilt]);
        assert_eq!(kinds("TILT"), [EventKind::Tilt, EventKind::TiltEnd]);
        assert_eq!(kinds("switch-master"), [EventKind::SwitchMaster]);
        assert!(find("+no-such-event").is_empty());
    }

    #[test]
    fn older_names_lead_somewhere() {
        for older in OLDER {
            assert!(EVENTS.iter().all(|spec| spec.name != older.name), "{}: exists today", older.name);
            let found = find(older.name);
            let same = |named: &Named| matches!(named, Named::Older(found) if found.name == older.name);
            assert!(found.iter().any(same), "{}", older.name);
        }
    }

    #[test]
    fn every_name_in_the_documents_of_upstream_is_known() {
        let names = "+reset-master +slave +failover-state-reconf-slaves +failover-detected +slave-reconf-sent \
             +slave-reconf-inprog +slave-reconf-done -dup-sentinel +sentinel +sdown -sdown +odown -odown +new-epoch \
             +try-failover +elected-leader +failover-state-select-slave no-good-slave selected-slave \
             failover-state-send-slaveof-noone failover-end-for-timeout failover-end switch-master +tilt -tilt \
             +failover-triggered -failover-abort-master-is-back +redirect-to-master +demote-old-slave";
        for name in names.split_whitespace() {
            assert!(!find(name).is_empty(), "{name}");
        }
    }
}

//! What the logs of sentinels say, for people: events by name, and incidents rebuilt from the lines of several logs.
//! Of the rest of the program it sees `core::event` and its words only, so it reads everybody's logs alike: upstream's,
//! Valkey's, ours. Where the text comes from and where it goes is left to the command line.
//!
//! A log's way: `source` reads bytes, `line` and `stream` take lines apart, `said` finds what they say, `parts`,
//! `clocks`, `turns` and `merge` put several logs in order, `events` finds each its place in the `book`, `phases` and `findings` judge, `text`,
//! `json`, `html` and `picture` tell. All but the book is forgotten line by line, and the book is bounded.
//! `follow` does the same with logs that grow.

mod advice;
mod belong;
mod beside;
mod book;
mod brief;
mod clocks;
mod endings;
mod epochs;
mod events;
mod families;
mod few;
mod findings;
mod follow;
pub mod glossary;
mod heard;
mod html;
mod incident;
mod json;
mod kin;
mod late;
mod leaders;
mod line;
mod lost;
mod markup;
mod members;
mod merge;
mod nobody;
mod parts;
mod phases;
mod picture;
mod report;
mod rivals;
mod said;
mod servers;
mod slow;
mod source;
mod stamp;
mod steps;
mod stream;
mod style;
#[cfg(test)]
mod subsets;
mod summary;
mod text;
mod turns;
mod untimed;
mod unwrap;
mod width;
mod words;

use watchkeeper_core::Lang;
use watchkeeper_core::event::{EventKind, by_name};

pub use follow::{Follow, Now};
pub(crate) use line::plain;
pub use report::{Log, Report, Unreadable};
pub(crate) use width::columns;
pub(crate) use words::{list, wrap};

/// How a report is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// for people
    Text,
    /// for programs
    Json,
    /// pictures, as one SVG document
    Svg,
    /// a page with pictures that needs nothing but itself
    Html,
}

impl Report {
    /// The report in this form; `strange` adds the lines that nobody understood.
    pub fn tell(&self, format: Format, strange: bool, lang: Lang) -> String {
        match format {
            Format::Text => text::tell(self, strange, lang),
            Format::Json => json::tell(self, strange, lang),
            Format::Svg => picture::tell(self, lang),
            Format::Html => html::tell(self, strange, lang),
        }
    }
}

/// An event taken apart: whose it is, and whom it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TakenApart {
    /// the group; empty for events that name none
    pub(crate) group: String,
    /// whom it is about, in a few words
    pub(crate) about: String,
}

/// Takes an event apart; nothing if it is not known, or damaged.
pub(crate) fn taken_apart(name: &str, payload: &str) -> Option<TakenApart> {
    let spec = by_name(name)?;
    let event = said::of_kind(spec.kind, payload)?;
    let about = match (&event.subject, &event.detail[..]) {
        (said::Subject::Nobody, [from, to]) if !event.group.is_empty() => {
            format!("{} {from} → {to}", event.group)
        }
        (said::Subject::Nobody, [id, epoch]) if spec.kind == EventKind::VoteForLeader => {
            format!("{} {epoch}", short(id))
        }
        (said::Subject::Nobody, detail) => detail.join(" "),
        (said::Subject::Master(at), _) => format!("{} {at}", event.group),
        (said::Subject::Replica(at), _) => at.clone(),
        (said::Subject::Sentinel { id, at }, _) => format!("{} {at}", short(id)),
    };
    Some(TakenApart { group: event.group, about })
}

/// The beginning of an id, by which people know it again.
fn short(id: &str) -> String {
    id.chars().take(8).collect()
}

//! What the logs of sentinels say, for people: events by name, and incidents rebuilt from the lines of several logs.
//! Of the rest of the program it sees `core::event` and its words only, so it reads everybody's logs alike: upstream's,
//! Valkey's, ours. Where the text comes from and where it goes is left to the command line.
//!
//! A log's way: `source` reads bytes, `line` and `stream` take lines apart, `said` finds what they say, `clocks` and
//! `merge` put several logs in order, `events` finds each its place in the `book`, `phases` and `findings` judge, `text`,
//! `json`, `html` and `picture` tell. All but the book is forgotten line by line, and the book is bounded.
//! `follow` does the same with logs that grow.

mod advice;
mod book;
mod clocks;
mod events;
mod findings;
mod follow;
pub mod glossary;
mod html;
mod incident;
mod json;
mod line;
mod markup;
mod merge;
mod phases;
mod picture;
mod report;
mod said;
mod source;
mod stamp;
mod steps;
mod stream;
mod style;
mod summary;
mod text;
mod width;
mod words;

use watchkeeper_core::Lang;

pub use follow::{Follow, Now};
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

//! A line of text with colours, for whatever shows it.

use std::fmt::Write;

use crate::explain::{columns, plain};

/// How a piece of text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// as the rest
    Plain,
    /// a title
    Bold,
    /// what matters less
    Dim,
    /// as it should be
    Good,
    /// not as it should be
    Bad,
    /// changing, or worth a look
    Warn,
    /// a name to find again
    Name,
}

impl Tone {
    /// The numbers of a terminal's escape sequence.
    fn code(self) -> &'static str {
        match self {
            Tone::Plain => "",
            Tone::Bold => "1",
            Tone::Dim => "2",
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Warn => "33",
            Tone::Name => "36",
        }
    }
}

/// A line: pieces with their tones, without control characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line(Vec<(Tone, String)>);

impl Line {
    /// An empty line.
    pub fn new() -> Line {
        Line::default()
    }

    /// A line of one piece.
    pub fn of(tone: Tone, text: &str) -> Line {
        Line::new().with(tone, text)
    }

    /// The line with a piece more. Whatever comes from servers passes here, so it loses its control characters here.
    #[must_use]
    pub fn with(mut self, tone: Tone, text: &str) -> Line {
        self.0.push((tone, plain(text)));
        self
    }

    /// The line with a piece more, filled up to so many columns.
    #[must_use]
    pub fn cell(self, tone: Tone, text: &str, width: usize) -> Line {
        let text = plain(text);
        let blanks = " ".repeat(width.saturating_sub(columns(&text)));
        self.with(tone, &text).with(Tone::Plain, &blanks)
    }

    /// The pieces.
    pub fn pieces(&self) -> impl Iterator<Item = (Tone, &str)> {
        self.0.iter().map(|(tone, text)| (*tone, text.as_str()))
    }

    /// For a terminal, with colours or without; no blanks at the end, no end of line.
    pub fn print(&self, colour: bool) -> String {
        let mut out = String::new();
        let used = self.0.iter().rposition(|(_, text)| !text.trim_end().is_empty()).map_or(0, |at| at + 1);
        for (index, (tone, text)) in self.0[..used].iter().enumerate() {
            let text = if index + 1 == used { text.trim_end() } else { text };
            if colour && *tone != Tone::Plain && !text.is_empty() {
                // A String takes everything.
                let _ = write!(out, "\x1b[{}m{text}\x1b[0m", tone.code());
            } else {
                out.push_str(text);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_only_where_they_are_wanted_and_never_from_outside() {
        let line = Line::of(Tone::Bad, "a\x1b[31mb\n").cell(Tone::Plain, "哨兵", 6).with(Tone::Plain, "  ");
        assert_eq!(line.print(false), "ab哨兵");
        assert_eq!(line.print(true), "\x1b[31mab\x1b[0m哨兵");
        assert_eq!(Line::new().cell(Tone::Plain, "哨", 4).with(Tone::Plain, "x").print(false), "哨  x");
    }
}

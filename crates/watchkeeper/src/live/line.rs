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

    /// The line with two blanks wherever there are more, so without its columns.
    #[must_use]
    pub fn squeezed(&self) -> Line {
        let mut blanks = 0;
        let mut line = Line::new();
        for (tone, text) in &self.0 {
            let mut kept = String::new();
            for c in text.chars() {
                blanks = if c == ' ' { blanks + 1 } else { 0 };
                if blanks <= 2 {
                    kept.push(c);
                }
            }
            line = line.with(*tone, &kept);
        }
        line
    }

    /// The line in pieces of at most so many columns, broken at blanks where there are some, and between wide characters;
    /// what goes on in the next begins with `indent` blanks.
    pub fn wrapped(&self, width: usize, indent: usize) -> Vec<Line> {
        let width = width.max(2);
        let indent = if indent * 2 > width { 0 } else { indent };
        let mut chars: Vec<(Tone, char)> =
            self.0.iter().flat_map(|(tone, text)| text.chars().map(|c| (*tone, c))).collect();
        while chars.last().is_some_and(|(_, c)| *c == ' ') {
            chars.pop();
        }
        let mut lines = Vec::new();
        let mut rest = &chars[..];
        loop {
            let start = if lines.is_empty() { 0 } else { indent };
            let end = first_break(rest, width - start);
            let mut line = Line::of(Tone::Plain, &" ".repeat(start));
            for piece in rest[..end].chunk_by(|a, b| a.0 == b.0) {
                line = line.with(piece[0].0, &piece.iter().map(|(_, c)| c).collect::<String>());
            }
            lines.push(line);
            rest = &rest[end..];
            rest = &rest[rest.iter().take_while(|(_, c)| *c == ' ').count()..];
            if rest.is_empty() {
                return lines;
            }
        }
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

/// How many characters go into a line of so many columns.
fn first_break(chars: &[(Tone, char)], width: usize) -> usize {
    let mut used = 0;
    let mut best = None;
    for (index, (_, c)) in chars.iter().enumerate() {
        let wide = columns(c.encode_utf8(&mut [0; 4])) == 2;
        let before = index.checked_sub(1).map(|index| chars[index].1);
        // No line begins with a mark that closes something.
        if index > 0 && (*c == ' ' || wide && !"，。；：、）".contains(*c) && before != Some('（')) {
            best = Some(index);
        }
        used += if wide { 2 } else { 1 };
        if used > width {
            let blank = chars[..best.unwrap_or(0)].iter().all(|(_, c)| *c == ' ');
            return best.filter(|_| !blank).unwrap_or(index).max(1);
        }
    }
    chars.len()
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

    #[test]
    fn a_line_that_is_too_long_goes_on_in_the_next_and_loses_nothing() {
        let shown = |line: &Line, width, indent| -> Vec<String> {
            line.wrapped(width, indent).iter().map(|line| line.print(false)).collect()
        };
        let line = Line::of(Tone::Bad, "one two").with(Tone::Plain, " three, four");
        assert_eq!(shown(&line, 9, 2), ["one two", "  three,", "  four"]);
        assert_eq!(shown(&line, 80, 2), ["one two three, four"]);
        assert_eq!(shown(&Line::of(Tone::Plain, "哨兵，主节点"), 6, 0), ["哨兵，", "主节点"]);
        assert_eq!(shown(&Line::of(Tone::Plain, "a-long-word"), 4, 3), ["a-lo", "ng-w", "ord"]);
        assert_eq!(shown(&Line::new(), 4, 3), [""]);
        let cells = Line::new().cell(Tone::Plain, "a", 5).with(Tone::Plain, "  b");
        assert_eq!(cells.squeezed().print(false), "a  b");
        assert_eq!(line.wrapped(9, 2)[0].pieces().nth(1), Some((Tone::Bad, "one two")));
    }
}

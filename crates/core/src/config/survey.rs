//! Reading a configuration to its end, whatever is wrong with it: for tools that show all errors at once, and want to
//! say more about lines that are right. A sentinel itself stops at the first error. What a line means is left to `parse`,
//! which asks here what becomes of an error.

use std::ops::Range;
use std::sync::Arc;

use super::args::spans;
use super::error::{ConfigError, ErrorKind};
use super::parse::{Files, banner, read};
use super::source::trim;
use super::{Config, Source};
use crate::sentinel::Persona;

/// Lines read at most: the time that reading takes grows with the square of the number of groups.
const LINES_MAX: usize = 50_000;
/// Errors kept at most.
const FLAWS_MAX: usize = 10_000;

/// What was read, right and wrong.
#[derive(Debug, Default)]
pub struct Survey {
    /// what the lines without errors say
    pub config: Config,
    /// every line that says something, in the order it was read: included files stand in the place of their `include`
    pub lines: Vec<Line>,
    /// the errors, general directives first, as a sentinel would meet them
    pub flaws: Vec<Flaw>,
    /// whether there was more than is read
    pub cut: bool,
}

/// A line that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// the included file it stands in; `None` for the main text
    pub file: Option<Arc<str>>,
    /// its number in that file, from 1
    pub number: usize,
    /// bytes of blanks in front of `text`
    pub indent: usize,
    /// the line without blanks around it
    pub text: Vec<u8>,
    /// its words; none where quotes are not closed
    pub words: Vec<Vec<u8>>,
}

impl Line {
    /// Where the words stand in `text`, with their quotes.
    pub fn spans(&self) -> Vec<Range<usize>> {
        spans(&self.text)
    }

    /// Where the word with this index stands; the whole line, if it has no such word.
    pub fn span(&self, word: usize) -> Range<usize> {
        self.spans().into_iter().nth(word).unwrap_or(0..self.text.len())
    }

    /// Whether the line is `sentinel NAME ...`, or `NAME ...` without `sentinel` in front.
    pub fn is(&self, sentinel: bool, name: &str) -> bool {
        let at = usize::from(sentinel);
        let fits = |index: usize, word: &str| {
            self.words.get(index).is_some_and(|known| known.eq_ignore_ascii_case(word.as_bytes()))
        };
        (!sentinel || fits(0, "sentinel")) && fits(at, name)
    }
}

/// An error, and its line among those of the survey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// what a sentinel would say
    pub error: ConfigError,
    /// index of the line to blame
    pub line: Option<usize>,
}

/// Reads a configuration to its end.
pub fn survey(main: &Source, files: &mut dyn Files, persona: Persona) -> Survey {
    let mut errors = Errors { all: true, ..Errors::default() };
    let config = match read(main, files, persona, true, &mut errors) {
        Ok(config) => config,
        // Not even the working directory is known.
        Err(error) => {
            errors.flaws.push(Flaw { error: *error, line: None });
            Config::default()
        }
    };
    let Errors { mut flaws, lines, cut, more, .. } = errors;
    if more > 0 {
        let message = format!("more than {FLAWS_MAX} errors; {more} more are not listed");
        let hint = Some("correct these first, or look whether this is the file of a sentinel".into());
        flaws.push(Flaw { error: ConfigError { hint, ..banner(None, message) }, line: None });
    }
    if cut {
        let message = format!("more than {LINES_MAX} lines; the rest was not read");
        let hint = Some("is this the file of a sentinel? It has some ten lines for each group".into());
        flaws.push(Flaw { error: ConfigError { hint, ..banner(None, message) }, line: None });
    }
    Survey { config, lines, flaws, cut }
}

/// No more lines are read.
pub(crate) struct Full;

/// What becomes of errors: the first one ends the reading, or all are kept, with the lines they stand in.
#[derive(Debug, Default)]
pub(crate) struct Errors {
    all: bool,
    lines: Vec<Line>,
    flaws: Vec<Flaw>,
    /// errors that were not kept
    more: usize,
    cut: bool,
    reading: Reading,
    /// groups whose `monitor` line has quotes that are not closed
    unread: Vec<Vec<u8>>,
}

/// How far a survey has come.
#[derive(Debug, Default, PartialEq, Eq)]
enum Reading {
    #[default]
    On,
    /// the next error is that of files that include each other without end
    Looped,
    /// nothing more is told: whatever else is found comes of reading the same lines again and again, or of lines that are
    /// damaged
    Over,
}

impl Errors {
    /// The first error ends the reading.
    pub(crate) fn first() -> Errors {
        Errors::default()
    }

    /// An error of a line, or of none.
    pub(crate) fn take(
        &mut self,
        line: Option<usize>,
        error: Box<ConfigError>,
    ) -> Result<(), Box<ConfigError>> {
        if !self.all {
            return Err(error);
        }
        match self.reading {
            Reading::On => {}
            Reading::Looped => {
                self.lines = line.map(|at| self.lines.swap_remove(at)).into_iter().collect();
                self.flaws = vec![Flaw { error: *error, line: line.map(|_| 0) }];
                self.more = 0;
                self.reading = Reading::Over;
                return Ok(());
            }
            Reading::Over => return Ok(()),
        }
        let flaw = Flaw { error: *error, line };
        // The log is tried at the end of every included file.
        let told = flaw.error.kind == ErrorKind::Banner && self.flaws.contains(&flaw);
        if told {
            return Ok(());
        }
        if self.flaws.len() < FLAWS_MAX {
            self.flaws.push(flaw);
        } else {
            self.more += 1;
        }
        Ok(())
    }

    /// A line without words is not understood; if it was to name a group, other lines of the group are not to blame.
    pub(crate) fn unread(&mut self, line: &[u8]) {
        let words = spans(line);
        let word =
            |index: usize| words.get(index).and_then(|span| line.get(span.clone())).unwrap_or_default();
        let names_a_group =
            word(0).eq_ignore_ascii_case(b"sentinel") && word(1).eq_ignore_ascii_case(b"monitor");
        if self.all && names_a_group {
            self.unread.push(word(2).to_vec());
        }
    }

    /// The names of groups whose line was not understood.
    pub(crate) fn unread_groups(&self) -> impl Iterator<Item = &[u8]> {
        self.unread.iter().map(|name| &name[..])
    }

    /// Files include each other without end, as the next error says.
    pub(crate) fn loops(&mut self) {
        self.reading = Reading::Looped;
    }

    /// The file is damaged: what could be read of it says nothing about what was meant.
    pub(crate) fn end(&mut self) {
        self.reading = Reading::Over;
    }

    /// Whether nothing more is told.
    pub(crate) fn over(&self) -> bool {
        self.reading == Reading::Over
    }

    /// Keeps a line, if lines are kept; its index.
    pub(crate) fn keep(
        &mut self,
        parts: &Parts,
        number: usize,
        whole: &[u8],
        words: Option<&[Vec<u8>]>,
    ) -> Result<Option<usize>, Full> {
        if !self.all {
            return Ok(None);
        }
        if self.over() {
            return Err(Full);
        }
        if self.lines.len() >= LINES_MAX {
            self.cut = true;
            return Err(Full);
        }
        let (file, number) = parts.place(number);
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let indent = whole.iter().take_while(|byte| blank(byte)).count();
        let words = words.unwrap_or_default().to_vec();
        self.lines.push(Line { file, number, indent, text: trim(whole).to_vec(), words });
        Ok(Some(self.lines.len() - 1))
    }

    /// The last kept line of a general directive.
    pub(crate) fn last(&self, name: &str) -> Option<usize> {
        self.lines.iter().rposition(|line| line.is(false, name))
    }
}

/// The files a text was put together from: a pattern may include several.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// the number of a file's first line in the text, and its path
    begins: Vec<(usize, Arc<str>)>,
}

impl Parts {
    /// `path` is the next file, behind `text`.
    pub(crate) fn begin(&mut self, path: &str, text: &[u8]) {
        let newlines = text.iter().filter(|byte| **byte == b'\n').count();
        self.begins.push((newlines + 1, path.into()));
    }

    /// The file of a line and its number there.
    fn place(&self, number: usize) -> (Option<Arc<str>>, usize) {
        match self.begins.iter().rev().find(|(first, _)| *first <= number) {
            Some((first, path)) => (Some(Arc::clone(path)), number - first + 1),
            None => (None, number),
        }
    }
}

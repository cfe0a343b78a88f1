//! A place in a file, ready to be shown: the line with its secrets covered, nothing in it that a terminal would obey, and
//! short enough to be looked at.

use std::ops::Range;

use watchkeeper_core::config::{ConfigError, Line};

use super::secret;

/// Characters of a line that are shown.
const SHOWN: usize = 140;
/// Of these, before the word to blame in a line that is longer.
const BEFORE: usize = 60;
/// Characters of a message.
const MESSAGE: usize = 400;
const CUT: &str = "...";

/// A word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spot {
    /// orders spots as their lines were read
    pub order: usize,
    /// number of the line, from 1
    pub line: usize,
    /// character of the line where the word begins, from 1
    pub column: usize,
    /// the line as it may be shown
    pub text: String,
    /// the word's characters in `text`
    pub marked: Range<usize>,
}

impl Spot {
    /// The word with this index, of the line that was read as the `order`-th.
    pub(super) fn of_word(line: &Line, order: usize, word: usize) -> Spot {
        Spot::of(line, order, line.span(word))
    }

    /// These bytes of the line.
    pub(super) fn of(line: &Line, order: usize, bytes: Range<usize>) -> Spot {
        let characters = covered(line);
        let count = |end: usize| characters.iter().take_while(|(at, _)| *at < end).count();
        let (start, end) = (count(bytes.start), count(bytes.end));
        let end = end.max(start + 1);
        let column = line.indent + start + 1;
        let letters: Vec<char> = characters.into_iter().map(|(_, letter)| letter).collect();
        if letters.len() <= SHOWN {
            return Spot {
                order,
                line: line.number,
                column,
                text: letters.into_iter().collect(),
                marked: start..end,
            };
        }
        let from = start.saturating_sub(BEFORE).min(letters.len() - SHOWN);
        let window = letters.iter().skip(from).take(SHOWN);
        let (head, tail) =
            (if from > 0 { CUT } else { "" }, if from + SHOWN < letters.len() { CUT } else { "" });
        let text = format!("{head}{}{tail}", window.collect::<String>());
        let shift = |at: usize| at.clamp(from, from + SHOWN) - from + head.len();
        Spot { order, line: line.number, column, text, marked: shift(start)..shift(end) }
    }

    /// The place of an error whose line is not among those that were read: it stands in a state file.
    pub(super) fn of_error(error: &ConfigError, order: usize) -> Option<Spot> {
        let line =
            Line { file: None, number: error.line, indent: 0, text: error.text.clone(), words: Vec::new() };
        let start = error.column.saturating_sub(1);
        let bytes = line.spans().into_iter().find(|span| span.start == start).unwrap_or(0..line.text.len());
        (error.line > 0).then(|| Spot::of(&line, order, bytes))
    }
}

/// A text for a terminal: nothing in it that a terminal would obey, and not longer than a person reads.
pub(super) fn tame(text: &str) -> String {
    let letter = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let short: String = text.chars().take(MESSAGE).map(letter).collect();
    if text.chars().nth(MESSAGE).is_some() { short + CUT } else { short }
}

/// The characters of a line and the byte each begins at; those of secrets are stars, and what is not printable is
/// replaced.
fn covered(line: &Line) -> Vec<(usize, char)> {
    let hidden = secret::hidden(line);
    let mut found = Vec::new();
    let mut at = 0;
    for chunk in line.text.utf8_chunks() {
        for (offset, letter) in chunk.valid().char_indices() {
            let secret = hidden.iter().any(|span| span.contains(&(at + offset)));
            let shown = match letter {
                _ if secret => '*',
                '\t' => ' ',
                c if c.is_control() => char::REPLACEMENT_CHARACTER,
                c => c,
            };
            found.push((at + offset, shown));
        }
        at += chunk.valid().len();
        if !chunk.invalid().is_empty() {
            let secret = hidden.iter().any(|span| span.contains(&at));
            found.push((at, if secret { '*' } else { char::REPLACEMENT_CHARACTER }));
            at += chunk.invalid().len();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(text: &str, word: usize) -> Spot {
        let text = text.as_bytes().to_vec();
        let words = text.split(|byte| *byte == b' ').map(<[u8]>::to_vec).collect();
        Spot::of_word(&Line { file: None, number: 7, indent: 2, text, words }, 0, word)
    }

    #[test]
    fn columns_count_characters_of_the_whole_line() {
        let spot = spot("sentinel monitor 哨兵 10.0.0.1 6379 0", 5);
        assert_eq!((spot.line, spot.column, spot.marked), (7, 37, 34..35));
    }

    #[test]
    fn secrets_and_control_characters_are_covered_and_columns_stay() {
        let with = spot("sentinel auth-pass m s3cret x", 4);
        assert_eq!(with.text, "sentinel auth-pass m ****** *");
        assert_eq!(with.column, 31);
        assert_eq!(spot("port \u{1b}[31m", 0).text, "port \u{fffd}[31m");
    }

    #[test]
    fn long_lines_are_cut_around_the_word() {
        let spot = spot(&format!("port {} x {}", "a".repeat(1000), "b".repeat(1000)), 2);
        assert!(spot.text.starts_with("...a") && spot.text.ends_with("b..."), "{}", spot.text);
        assert_eq!(spot.text.get(spot.marked), Some("x"));
        assert_eq!(spot.column, 3 + 5 + 1000 + 1);
    }
}

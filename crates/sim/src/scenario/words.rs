//! Cutting a line of a scenario into words, each with its place, and saying what is wrong with one. What the words
//! mean is the grammar's business.

use std::fmt;

/// A word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    /// its first character in the line, from 1
    pub(crate) column: usize,
    /// it stood in quotes
    pub(crate) quoted: bool,
}

/// What is wrong with a scenario file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// the file, as it was named
    pub path: String,
    /// from 1
    pub line: usize,
    /// from 1, in characters
    pub column: usize,
    /// what was found and what was expected
    pub what: String,
    /// what to do about it
    pub hint: String,
    /// the line itself
    pub source: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Error { path, line, column, what, hint, source } = self;
        writeln!(f, "{path}:{line}:{column}: {what}")?;
        writeln!(f, "    {source}")?;
        writeln!(f, "    {:>column$}", "^")?;
        write!(f, "hint: {hint}")
    }
}

impl std::error::Error for Error {}

/// What is wrong with one line: the column, what, and a hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) column: usize,
    pub(crate) what: String,
    pub(crate) hint: String,
}

/// The words of a line. A `,` is a word of its own; a `#` begins a comment.
pub(crate) fn cut(line: &str) -> Result<Vec<Word>, Wrong> {
    let mut words: Vec<Word> = Vec::new();
    let mut rest = line.chars().enumerate().map(|(index, c)| (index + 1, c)).peekable();
    let mut glued = false;
    while let Some((column, c)) = rest.next() {
        if c.is_whitespace() {
            glued = false;
        } else if c == '#' && !glued {
            break;
        } else if c == '"' {
            let text: String = rest.by_ref().map(|(_, c)| c).take_while(|c| *c != '"').collect();
            if !line.chars().skip(column).any(|c| c == '"') {
                let what = "a text without its closing quote".to_owned();
                return Err(Wrong { column, what, hint: "close it with `\"`".to_owned() });
            }
            words.push(Word { text, column, quoted: true });
            glued = false;
        } else if c == ',' {
            words.push(Word { text: ",".to_owned(), column, quoted: false });
            glued = false;
        } else if let Some(word) = words.last_mut().filter(|_| glued) {
            word.text.push(c);
        } else {
            words.push(Word { text: c.to_string(), column, quoted: false });
            glued = true;
        }
    }
    Ok(words)
}

/// A time such as `500ms`, `10s`, `2m`, `1m30s`, in microseconds.
pub(crate) fn duration(text: &str) -> Option<u64> {
    let mut total = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let unit = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let factor = match rest.get(..unit)? {
            "us" => 1,
            "ms" => 1_000,
            "s" => 1_000_000,
            "m" => 60_000_000,
            "h" => 3_600_000_000,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(factor)?)?;
        rest = rest.get(unit..)?;
    }
    (!text.is_empty()).then_some(total)
}

/// A length of time in words: `350 ms`, `2.5 s`, `1 min 30 s`.
pub(crate) fn span(us: u64) -> String {
    match us {
        0..1_000_000 => format!("{} ms", us / 1_000),
        1_000_000..60_000_000 => {
            let text = format!("{}.{:03}", us / 1_000_000, us / 1_000 % 1_000);
            format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => match us / 1_000_000 % 60 {
            0 => format!("{} min", us / 60_000_000),
            seconds => format!("{} min {seconds} s", us / 60_000_000),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_know_their_columns() {
        let words = cut("  at 10s cut a, b  # why").unwrap();
        let found: Vec<_> = words.iter().map(|word| (word.column, word.text.as_str())).collect();
        assert_eq!(found, [(3, "at"), (6, "10s"), (10, "cut"), (14, "a"), (15, ","), (17, "b")]);
        let quoted = cut("expect log \"a, b # c\" on x").unwrap();
        assert_eq!(quoted[2], Word { text: "a, b # c".to_owned(), column: 12, quoted: true });
        assert_eq!(cut("log \"open").unwrap_err().column, 5);
    }

    #[test]
    fn times_are_read_and_written() {
        let read = |text| duration(text);
        assert_eq!(read("500ms"), Some(500_000));
        assert_eq!(read("1m30s"), Some(90_000_000));
        assert_eq!((read("10"), read("s"), read(""), read("fast")), (None, None, None, None));
        assert_eq!((span(350_000), span(2_500_000)), ("350 ms".to_owned(), "2.5 s".to_owned()));
        assert_eq!((span(60_000_000), span(90_000_000)), ("1 min".to_owned(), "1 min 30 s".to_owned()));
    }
}

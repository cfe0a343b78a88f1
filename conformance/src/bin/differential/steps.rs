//! The list of steps: a text file, one step per line.
//!
//! ```text
//! # comment
//! = title                      a new section: all connections are closed
//! @sentinel NAME               which sentinel of the world (plain, password, renamed, users)
//! @conn NAME                   go on with another connection; made when first named
//! @until FIELD VALUE COMMAND   wait on both sides until the reply (or an item of it) has that field's value
//! @send "bytes"                send bytes as they are
//! @read N                      compare the next N replies or messages
//! @closed                      compare whether the other side has closed the connection
//! [MODIFIERS] COMMAND          send a command, compare its reply
//! ```
//!
//! Words are split at blanks; `"..."` understands `\r \n \t \" \\ \xHH`. `$NAME` stands for what the world has
//! there (`$MASTER`, `$REPLICA1`, `$PEERID`, ...). Modifiers: `unordered` sorts lists, `types` compares only the
//! shape, `keys` only the names in `name:value` and `name=value` texts, `words` sorts the words of each string.

/// How a reply is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Modifiers {
    /// the order of lists means nothing
    pub(crate) unordered: bool,
    /// only the types
    pub(crate) types: bool,
    /// only names of `name:value` lines
    pub(crate) keys: bool,
    /// the order of words in a string means nothing
    pub(crate) words: bool,
}

/// What one line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// `= title`
    Section,
    /// `@sentinel`
    Sentinel(String),
    /// `@conn`
    Conn(String),
    /// `@until`
    Until { field: String, value: String, argv: Vec<Vec<u8>> },
    /// `@send`
    Send(Vec<u8>),
    /// `@read`
    Read(usize),
    /// `@closed`
    Closed,
    /// a command
    Command(Vec<Vec<u8>>),
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// its number in the file
    pub(crate) line: usize,
    /// the line without modifiers
    pub(crate) text: String,
    /// how its reply is compared
    pub(crate) modifiers: Modifiers,
    /// what to do
    pub(crate) action: Action,
}

/// Reads the file's text.
///
/// # Errors
/// The number of the first line that is wrong, and why.
pub(crate) fn parse(text: &str) -> Result<Vec<Step>, String> {
    let lines = text.lines().map(str::trim).enumerate();
    let wanted = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    wanted.map(|(at, line)| step(at + 1, line).map_err(|e| format!("line {}: {e}", at + 1))).collect()
}

fn step(line: usize, text: &str) -> Result<Step, String> {
    let mut modifiers = Modifiers::default();
    let mut rest = text;
    if let Some((names, command)) = text.strip_prefix('[').and_then(|t| t.split_once(']')) {
        for name in names.split_whitespace() {
            match name {
                "unordered" => modifiers.unordered = true,
                "types" => modifiers.types = true,
                "keys" => modifiers.keys = true,
                "words" => modifiers.words = true,
                _ => return Err(format!("`{name}` is no modifier")),
            }
        }
        rest = command.trim();
    }
    let action = action(rest)?;
    Ok(Step { line, text: rest.to_owned(), modifiers, action })
}

fn action(text: &str) -> Result<Action, String> {
    if text.starts_with("= ") {
        return Ok(Action::Section);
    }
    let mut words = words(text)?;
    if !text.starts_with('@') {
        return Ok(Action::Command(words));
    }
    let directive = String::from_utf8_lossy(&words.remove(0)).into_owned();
    let word = |at: usize| {
        let found = words.get(at).map(|word| String::from_utf8_lossy(word).into_owned());
        found.ok_or(format!("`{directive}` lacks a word"))
    };
    Ok(match directive.as_str() {
        "@sentinel" => Action::Sentinel(word(0)?),
        "@conn" => Action::Conn(word(0)?),
        "@until" => Action::Until { field: word(0)?, value: word(1)?, argv: words[2..].to_vec() },
        "@send" => Action::Send(words.concat()),
        "@read" => Action::Read(word(0)?.parse().map_err(|_| "`@read` needs a number".to_owned())?),
        "@closed" => Action::Closed,
        _ => return Err(format!("`{directive}` is no directive")),
    })
}

fn words(text: &str) -> Result<Vec<Vec<u8>>, String> {
    let mut out = Vec::new();
    let mut chars = text.bytes().peekable();
    loop {
        while chars.next_if(|c| *c == b' ').is_some() {}
        if chars.peek().is_none() {
            return Ok(out);
        }
        let mut word = Vec::new();
        if chars.next_if(|c| *c == b'"').is_some() {
            loop {
                match chars.next().ok_or("a quote is not closed")? {
                    b'"' => break,
                    b'\\' => word.push(escaped(&mut chars)?),
                    byte => word.push(byte),
                }
            }
        } else {
            while let Some(byte) = chars.next_if(|c| *c != b' ') {
                word.push(byte);
            }
        }
        out.push(word);
    }
}

fn escaped(chars: &mut impl Iterator<Item = u8>) -> Result<u8, String> {
    Ok(match chars.next().ok_or("a backslash ends the line")? {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'x' => {
            let hex: String = chars.take(2).map(char::from).collect();
            u8::from_str_radix(&hex, 16).map_err(|_| format!("`\\x{hex}` is no byte"))?
        }
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_steps() {
        let steps =
            parse("# c\n= title\n[unordered types] SENTINEL SET a \"b \\x41\\r\" \"\"\n@read 2\n").unwrap();
        assert_eq!(steps[0].action, Action::Section);
        let argv = ["SENTINEL", "SET", "a", "b A\r", ""].map(|w| w.as_bytes().to_vec()).to_vec();
        assert_eq!(steps[1].action, Action::Command(argv));
        assert!(steps[1].modifiers.unordered && steps[1].modifiers.types && !steps[1].modifiers.keys);
        assert_eq!((steps[2].line, &steps[2].action), (4, &Action::Read(2)));
    }

    #[test]
    fn a_wrong_line_is_named() {
        assert_eq!(parse("PING\n@nonsense x\n").unwrap_err(), "line 2: `@nonsense` is no directive");
        assert!(parse("PING \"a\n").unwrap_err().starts_with("line 1"));
    }
}

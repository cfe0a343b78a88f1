//! The stream of events as `redis-cli psubscribe '*'` prints it: numbered, bare (into a pipe), as CSV or as JSON. It has no
//! times; what puts some in front is read by `line`.

/// Where in a message the next line belongs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Outside,
    /// this many lines of an acknowledgement
    Skip(u8),
    Pattern,
    Channel,
    Payload,
}

/// Puts messages together from lines.
#[derive(Debug, Default)]
pub(super) struct Stream {
    stage: Stage,
    channel: Vec<u8>,
    /// what stands before each line of the present message, behind its time
    front: Vec<u8>,
}

/// What may stand before a line, behind its time: this many words.
const FRONT_WORDS_MAX: usize = 6;

/// What a line was.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// nothing of a stream
    Foreign,
    /// a part of something
    Part,
    /// the last part of this message
    Message(Vec<u8>),
}

impl Stream {
    /// Takes a line without its end.
    pub(super) fn take(&mut self, line: &[u8]) -> Taken {
        if let Some(message) = in_one_line(line) {
            return message;
        }
        let value = unnumbered(line);
        match value {
            b"pmessage" => return self.go(Stage::Pattern),
            b"message" => return self.go(Stage::Channel),
            b"psubscribe" | b"subscribe" => return self.go(Stage::Skip(2)),
            _ => {}
        }
        // What redis-cli says of its connection.
        if [&b"Error: Server closed the connection"[..], b"Could not connect to Redis at "]
            .iter()
            .any(|words| line.starts_with(words))
        {
            return self.go(Stage::Outside);
        }
        match self.stage {
            Stage::Outside if line.starts_with(b"Reading messages...") => Taken::Part,
            Stage::Outside => Taken::Foreign,
            Stage::Skip(1) => self.go(Stage::Outside),
            Stage::Skip(left) => self.go(Stage::Skip(left - 1)),
            Stage::Pattern => self.go(Stage::Channel),
            Stage::Channel => {
                self.channel = value.to_vec();
                self.go(Stage::Payload)
            }
            Stage::Payload => {
                self.stage = Stage::Outside;
                Taken::Message(joined(&self.channel, value))
            }
        }
    }

    /// Takes a line before which something put a time, already taken off, and perhaps its name; nothing if that is no line
    /// of a stream. A message's first line shows what stands before the others.
    pub(super) fn take_behind(&mut self, line: &[u8]) -> Option<Taken> {
        if self.stage != Stage::Outside {
            if let Some(value) = line.strip_prefix(&self.front[..]) {
                return Some(self.take(value));
            }
        }
        let blanks = line.iter().enumerate().filter(|(_, byte)| **byte == b' ').map(|(at, _)| at + 1);
        let begins = [0].into_iter().chain(blanks).take(FRONT_WORDS_MAX);
        let at = begins.into_iter().find(|at| begins_message(&line[*at..]))?;
        self.front = line[..at].to_vec();
        Some(self.take(&line[at..]))
    }

    /// What stands before the lines of the present message.
    pub(super) fn front(&self) -> &[u8] {
        &self.front
    }

    fn go(&mut self, to: Stage) -> Taken {
        self.stage = to;
        Taken::Part
    }
}

/// Whether this is the first line of a message, or all of one.
fn begins_message(line: &[u8]) -> bool {
    let known: [&[u8]; 4] = [b"pmessage", b"message", b"psubscribe", b"subscribe"];
    known.contains(&unnumbered(line)) || in_one_line(line).is_some()
}

fn joined(channel: &[u8], payload: &[u8]) -> Vec<u8> {
    [channel, b" ", payload].concat()
}

/// `1) "value"` or `value`
fn unnumbered(line: &[u8]) -> &[u8] {
    let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = match line[digits..].strip_prefix(b") ") {
        Some(value) if digits > 0 => value,
        Some(_) | None => line,
    };
    value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value)
}

/// `"pmessage","*","+sdown","master ..."`, also in brackets.
fn in_one_line(line: &[u8]) -> Option<Taken> {
    let line = line.strip_prefix(b"[").and_then(|line| line.strip_suffix(b"]")).unwrap_or(line);
    let inner = line.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let text = String::from_utf8_lossy(inner);
    let parts: Vec<&str> = text.splitn(4, "\",\"").collect();
    match parts[..] {
        ["pmessage", _, channel, payload] => {
            Some(Taken::Message(joined(channel.as_bytes(), payload.as_bytes())))
        }
        ["message", channel, payload] => Some(Taken::Message(joined(channel.as_bytes(), payload.as_bytes()))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> (Vec<String>, usize) {
        let mut stream = Stream::default();
        let (mut found, mut foreign) = (Vec::new(), 0);
        for line in text.lines() {
            match stream.take(line.as_bytes()) {
                Taken::Message(message) => found.push(String::from_utf8_lossy(&message).into_owned()),
                Taken::Part => {}
                Taken::Foreign => foreign += 1,
            }
        }
        (found, foreign)
    }

    const EXPECTED: &str = "+sdown master m 127.0.0.1 6379";

    #[test]
    fn every_way_in_which_it_is_printed() {
        for text in [
            "Reading messages... (press Ctrl-C to quit)\n1) \"psubscribe\"\n2) \"*\"\n3) (integer) 1\n1) \"pmessage\"\n2) \"*\"\n3) \"+sdown\"\n4) \"master m 127.0.0.1 6379\"",
            "psubscribe\n*\n1\npmessage\n*\n+sdown\nmaster m 127.0.0.1 6379",
            "1) \"message\"\n2) \"+sdown\"\n3) \"master m 127.0.0.1 6379\"",
            "\"pmessage\",\"*\",\"+sdown\",\"master m 127.0.0.1 6379\"",
            "[\"pmessage\",\"*\",\"+sdown\",\"master m 127.0.0.1 6379\"]",
        ] {
            assert_eq!(messages(text), (vec![EXPECTED.to_owned()], 0), "{text}");
        }
    }

    #[test]
    fn a_message_cut_off_does_not_hide_the_next() {
        let text = "pmessage\n*\n+sdown\npmessage\n*\n+sdown\nmaster m 127.0.0.1 6379\nhello";
        assert_eq!(messages(text), (vec![EXPECTED.to_owned()], 1));
    }
}

//! Lines that a collector has wrapped in JSON: a container's own file (`{"log":"...\n","stream":...,"time":...}`) and the
//! journal (`{"MESSAGE":"...","__REALTIME_TIMESTAMP":...}`). They are written as the same tools show them to people, so
//! that `line` reads both alike. JSON of another kind is nobody's line.

use super::heard::{self, Heard};

/// Fields of an object looked at.
const FIELDS_MAX: usize = 200;
/// Objects within objects.
const DEPTH_MAX: usize = 8;

/// What a line was.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unwrapped {
    /// no JSON
    Plain,
    /// the line that was wrapped, with its time and its speaker in front
    Line(Vec<u8>),
    /// what `watchkeeper events --format json` prints
    Heard(Heard),
    /// of another kind, or damaged
    Strange,
}

/// The fields that matter.
#[derive(Debug, Default)]
struct Fields {
    message: Option<Vec<u8>>,
    /// as text
    time: Option<String>,
    /// µs since 1970
    micros: Option<i64>,
    host: Option<String>,
    unit: Option<String>,
    pid: Option<String>,
    pod: Option<String>,
    sentinel: Option<String>,
    event: Option<String>,
    payload: Option<String>,
}

/// Takes a line out of its JSON.
pub(super) fn unwrap(line: &[u8]) -> Unwrapped {
    let line = line.trim_ascii();
    if line.first() != Some(&b'{') {
        return Unwrapped::Plain;
    }
    let (mut reader, mut fields) = (Reader { rest: line }, Fields::default());
    if reader.object(&mut fields, 0).is_none() || !reader.rest.is_empty() {
        return Unwrapped::Strange;
    }
    let Some(message) = fields.message.take() else {
        return fields.heard().map_or(Unwrapped::Strange, Unwrapped::Heard);
    };
    let mut line = fields.front().into_bytes();
    line.extend(message.into_iter().filter(|byte| !matches!(byte, b'\n' | b'\r')));
    Unwrapped::Line(line)
}

impl Fields {
    fn text(&mut self, key: &[u8], value: Vec<u8>) {
        let text = || Some(String::from_utf8_lossy(&value).into_owned());
        match key {
            b"log" | b"MESSAGE" => self.message = Some(value),
            b"time" => self.time = text(),
            b"__REALTIME_TIMESTAMP" => self.micros = text().and_then(|text| text.parse().ok()),
            b"_HOSTNAME" => self.host = text(),
            b"SYSLOG_IDENTIFIER" => self.unit = text(),
            b"_PID" => self.pid = text(),
            b"pod_name" => self.pod = text(),
            b"sentinel" => self.sentinel = text(),
            b"event" => self.event = text(),
            b"payload" => self.payload = text(),
            _ => {}
        }
    }

    fn heard(&self) -> Option<Heard> {
        let event = self.event.as_deref().zip(self.payload.as_deref());
        heard::object(self.time.as_deref()?, self.sentinel.as_deref()?, event)
    }

    /// `2026-11-28T16:37:01.705Z host unit[pid]: `
    fn front(&self) -> String {
        let journal = self.micros.and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok());
        let journal = journal.map(|at| at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string());
        let pid = self.pid.as_ref().map(|pid| format!("[{pid}]")).unwrap_or_default();
        let unit = self.unit.as_ref().map(|unit| format!("{unit}{pid}:"));
        let words =
            [journal.as_ref().or(self.time.as_ref()), self.host.as_ref(), self.pod.as_ref(), unit.as_ref()];
        words.into_iter().flatten().map(|word| format!("{} ", word.replace(' ', "_"))).collect()
    }
}

/// Reads JSON from the front, as much of it as is needed.
struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    /// The next byte that is no blank, if it is this one.
    fn byte(&mut self, wanted: u8) -> Option<()> {
        self.rest = self.rest.trim_ascii_start();
        let (first, rest) = self.rest.split_first()?;
        (*first == wanted).then(|| self.rest = rest)
    }

    /// An object, and those within it.
    fn object(&mut self, fields: &mut Fields, depth: usize) -> Option<()> {
        self.byte(b'{')?;
        if self.byte(b'}').is_some() {
            return Some(());
        }
        for _ in 0..FIELDS_MAX {
            let key = self.string()?;
            self.byte(b':')?;
            self.value(&key, fields, depth)?;
            if self.byte(b'}').is_some() {
                return Some(());
            }
            self.byte(b',')?;
        }
        None
    }

    fn value(&mut self, key: &[u8], fields: &mut Fields, depth: usize) -> Option<()> {
        self.rest = self.rest.trim_ascii_start();
        match self.rest.first()? {
            b'"' => {
                let text = self.string()?;
                // Of the objects within it only the pod's name is wanted.
                if depth == 0 || key == b"pod_name" {
                    fields.text(key, text);
                }
            }
            b'{' if depth < DEPTH_MAX => self.object(fields, depth + 1)?,
            b'[' => {
                let list = self.list(depth)?;
                // The journal's way for what is not plain text.
                if depth == 0 && !list.is_empty() {
                    fields.text(key, list);
                }
            }
            b'-' | b'0'..=b'9' | b'a'..=b'z' => {
                let word = self.word();
                if depth == 0 && key == b"__REALTIME_TIMESTAMP" {
                    fields.text(key, word);
                }
            }
            _ => return None,
        }
        Some(())
    }

    /// A list; its numbers as bytes.
    fn list(&mut self, depth: usize) -> Option<Vec<u8>> {
        self.byte(b'[')?;
        let mut bytes = Vec::new();
        while self.byte(b']').is_none() {
            match self.rest.first()? {
                b'"' => {
                    self.string()?;
                }
                b'{' if depth < DEPTH_MAX => self.object(&mut Fields::default(), depth + 1)?,
                b'[' if depth < DEPTH_MAX => {
                    self.list(depth + 1)?;
                }
                b'-' | b'0'..=b'9' | b'a'..=b'z' => {
                    let word = self.word();
                    bytes.extend(String::from_utf8_lossy(&word).parse::<u8>());
                }
                _ => return None,
            }
            if self.byte(b',').is_none() && self.rest.first() != Some(&b']') {
                return None;
            }
        }
        Some(bytes)
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Vec<u8> {
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
        let length = self.rest.iter().position(ends).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(length);
        self.rest = rest;
        word.to_vec()
    }

    fn string(&mut self) -> Option<Vec<u8>> {
        self.byte(b'"')?;
        let mut out = Vec::new();
        loop {
            let (first, rest) = self.rest.split_first()?;
            self.rest = rest;
            match first {
                b'"' => return Some(out),
                b'\\' => {
                    let (escaped, rest) = self.rest.split_first()?;
                    self.rest = rest;
                    match escaped {
                        b'n' => out.push(b'\n'),
                        b'r' => out.push(b'\r'),
                        b't' => out.push(b'\t'),
                        b'b' | b'f' => {}
                        b'u' => self.unicode(&mut out)?,
                        other => out.push(*other),
                    }
                }
                other => out.push(*other),
            }
        }
    }

    /// `003c` behind a `\u`; halves of a pair become a sign that something is missing.
    fn unicode(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let (digits, rest) = self.rest.split_at_checked(4)?;
        let code = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        self.rest = rest;
        let c = char::from_u32(code).unwrap_or('\u{fffd}');
        out.extend(c.encode_utf8(&mut [0; 4]).bytes());
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<String> {
        match unwrap(line.as_bytes()) {
            Unwrapped::Line(line) => Some(String::from_utf8(line).unwrap()),
            Unwrapped::Plain | Unwrapped::Heard(_) | Unwrapped::Strange => None,
        }
    }

    #[test]
    fn containers_and_journals() {
        let text = of(
            r##"{"log":"7:X \u003c \"x\" # +tilt\n", "stream":"stdout", "time":"2026-11-28T20:59:54.1Z"}"##,
        );
        assert_eq!(text.as_deref(), Some("2026-11-28T20:59:54.1Z 7:X < \"x\" # +tilt"));
        let text = of(r#"{"kubernetes":{"pod_name":"s-0","labels":{"log":"no"}},"log":"x"}"#);
        assert_eq!(text.as_deref(), Some("s-0 x"));
        let text = of(
            r#" {"MESSAGE":"x","_HOSTNAME":"h1","SYSLOG_IDENTIFIER":"redis","_PID":"7","__REALTIME_TIMESTAMP":"1795398390111222"}"#,
        );
        assert_eq!(text.as_deref(), Some("2026-11-23T01:46:30.111Z h1 redis[7]: x"));
        assert_eq!(of(r#"{"MESSAGE":[104,105],"_PID":null,"x":[1,[{}]]}"#).as_deref(), Some("hi"));
    }

    #[test]
    fn other_json_is_strange() {
        for line in [
            "{",
            "{}",
            "{\"log\":\"x",
            "{\"log\":\"x\"",
            "{\"log\":\"x\"} y",
            "{\"log\":1}",
            "{\"log\":{}}",
            "{\"a\":[",
            "{\"msg\":\"+sdown master m 10.0.0.1 6379\"}",
            "{\"log\":\"\\u00",
            "{\"log\":\"x\",}",
        ] {
            assert_eq!(unwrap(line.as_bytes()), Unwrapped::Strange, "{line}");
        }
        let deep = "{\"a\":".repeat(5000);
        assert_eq!(unwrap(deep.as_bytes()), Unwrapped::Strange);
        let deep = format!("{{\"a\":{}", "[".repeat(5000));
        assert_eq!(unwrap(deep.as_bytes()), Unwrapped::Strange);
        assert_eq!(unwrap(b"7:X {\"log\":1}"), Unwrapped::Plain);
    }
}

//! One line of JSON for each fault: written here, and read back for tables.

use std::collections::BTreeMap;

/// What a fault was and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) flavour: String,
    pub(crate) seed: u64,
    pub(crate) number: u64,
    pub(crate) kind: String,
    /// what was done, with milliseconds since the start
    pub(crate) done: String,
    /// from the start to the heal
    pub(crate) hold_ms: u64,
    /// from the heal until whole; none: not within the bound
    pub(crate) whole_ms: Option<u64>,
    /// the longest time without a write that lasted
    pub(crate) gap_ms: u64,
    pub(crate) acked: u64,
    pub(crate) lost: u64,
    /// how long the machine itself stood still at worst
    pub(crate) stall_ms: u64,
    pub(crate) violations: Vec<String>,
    pub(crate) notes: Vec<String>,
}

impl Record {
    /// A line without its newline.
    pub(crate) fn line(&self) -> String {
        let whole = self.whole_ms.map_or("null".to_owned(), |ms| ms.to_string());
        let list = |texts: &[String]| texts.iter().map(|text| quote(text)).collect::<Vec<_>>().join(",");
        format!(
            "{{\"flavour\":{},\"seed\":{},\"fault\":{},\"kind\":{},\"done\":{},\"hold_ms\":{},\"whole_ms\":{whole},\
             \"gap_ms\":{},\"acked\":{},\"lost\":{},\"stall_ms\":{},\"violations\":[{}],\"notes\":[{}]}}",
            quote(&self.flavour),
            self.seed,
            self.number,
            quote(&self.kind),
            quote(&self.done),
            self.hold_ms,
            self.gap_ms,
            self.acked,
            self.lost,
            self.stall_ms,
            list(&self.violations),
            list(&self.notes)
        )
    }

    /// Reads such a line.
    pub(crate) fn parse(line: &str) -> Option<Record> {
        let mut at = Reader { rest: line.trim() };
        at.take('{')?;
        let mut values: BTreeMap<String, Value> = BTreeMap::new();
        loop {
            let name = at.string()?;
            at.take(':')?;
            values.insert(name, at.value()?);
            if at.take(',').is_none() {
                break;
            }
        }
        at.take('}')?;
        let number = |name: &str| match values.get(name) {
            Some(Value::Number(number)) => Some(*number),
            Some(Value::Text(_) | Value::Null | Value::List(_)) | None => None,
        };
        let text = |name: &str| match values.get(name) {
            Some(Value::Text(text)) => Some(text.clone()),
            Some(Value::Number(_) | Value::Null | Value::List(_)) | None => None,
        };
        let list = |name: &str| match values.get(name) {
            Some(Value::List(list)) => Some(list.clone()),
            Some(Value::Number(_) | Value::Null | Value::Text(_)) | None => None,
        };
        Some(Record {
            flavour: text("flavour")?,
            seed: number("seed")?,
            number: number("fault")?,
            kind: text("kind")?,
            done: text("done")?,
            hold_ms: number("hold_ms")?,
            whole_ms: number("whole_ms"),
            gap_ms: number("gap_ms")?,
            acked: number("acked")?,
            lost: number("lost")?,
            stall_ms: number("stall_ms")?,
            violations: list("violations")?,
            notes: list("notes")?,
        })
    }
}

fn quote(text: &str) -> String {
    let mut out = "\"".to_owned();
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => out.push(' '),
            c => out.push(c),
        }
    }
    out + "\""
}

#[derive(Debug)]
enum Value {
    Null,
    Number(u64),
    Text(String),
    List(Vec<String>),
}

/// Just what [`Record::line`] writes.
struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn take(&mut self, c: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(c)?;
        Some(())
    }

    fn string(&mut self) -> Option<String> {
        self.take('"')?;
        let mut text = String::new();
        loop {
            let c = self.rest.chars().next()?;
            self.rest = &self.rest[c.len_utf8()..];
            match c {
                '"' => return Some(text),
                '\\' => {
                    let escaped = self.rest.chars().next()?;
                    self.rest = &self.rest[escaped.len_utf8()..];
                    text.push(escaped);
                }
                c => text.push(c),
            }
        }
    }

    fn value(&mut self) -> Option<Value> {
        if self.rest.starts_with('"') {
            return self.string().map(Value::Text);
        }
        if let Some(rest) = self.rest.strip_prefix("null") {
            self.rest = rest;
            return Some(Value::Null);
        }
        if self.take('[').is_some() {
            let mut list = Vec::new();
            while self.take(']').is_none() {
                list.push(self.string()?);
                let _ = self.take(',');
            }
            return Some(Value::List(list));
        }
        let digits = self.rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, rest) = self.rest.split_at(digits);
        self.rest = rest;
        number.parse().ok().map(Value::Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_back_as_it_was() {
        let record = Record {
            flavour: "ours".to_owned(),
            seed: 3,
            kind: "lossy".to_owned(),
            done: "0 net \"x\"; 7 heal".to_owned(),
            whole_ms: None,
            violations: vec!["a \\ b".to_owned(), "c".to_owned()],
            ..Record::default()
        };
        assert_eq!(Record::parse(&record.line()), Some(record.clone()));
        let whole = Record { whole_ms: Some(7), violations: Vec::new(), ..record };
        assert_eq!(Record::parse(&whole.line()), Some(whole));
        assert_eq!(Record::parse("{}"), None);
    }
}

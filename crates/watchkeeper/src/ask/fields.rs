//! Answers made of names and values: `SENTINEL MASTER`, `INFO`, `CONFIG GET`.

use std::collections::BTreeMap;

use watchkeeper_resp::Frame;

/// Names read at most from one answer; a hostile server can send millions.
const FIELDS_MAX: usize = 10_000;

/// Names and values. A name that is missing reads as empty or as none: servers of all versions are asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(BTreeMap<String, String>);

impl Fields {
    /// The name that INFO has if it tells of the databases; those without keys have no line of their own.
    pub const KEYSPACE: &str = "# Keyspace";

    /// The name that is added to INFO for `min-replicas-to-write`, where that is set and told.
    pub const MIN_REPLICAS: &str = "# min-replicas-to-write";

    /// The same with one more.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: String) -> Fields {
        self.0.insert(name.to_owned(), value);
        self
    }

    /// From a map, or from an array of names and values by turns. Anything else is empty.
    pub fn of(frame: &Frame) -> Fields {
        let mut fields = BTreeMap::new();
        match frame {
            Frame::Map(pairs) => {
                fields.extend(pairs.iter().take(FIELDS_MAX).map(|(name, value)| (text(name), text(value))));
            }
            Frame::Array(items) => {
                let pairs = items.chunks_exact(2).take(FIELDS_MAX);
                fields.extend(pairs.map(|pair| (text(&pair[0]), text(&pair[1]))));
            }
            Frame::Simple(_)
            | Frame::Error(_)
            | Frame::Integer(_)
            | Frame::Bulk(_)
            | Frame::Null
            | Frame::Boolean(_)
            | Frame::Double(_)
            | Frame::BigNumber(_)
            | Frame::BulkError(_)
            | Frame::Verbatim(_)
            | Frame::Set(_)
            | Frame::Push(_) => {}
        }
        Fields(fields)
    }

    /// One for each element of an array.
    pub fn list(frame: &Frame) -> Vec<Fields> {
        if let Frame::Array(items) = frame { items.iter().map(Fields::of).collect() } else { Vec::new() }
    }

    /// From the lines of INFO: `name:value`, empty lines and titles left out, but for [`Fields::KEYSPACE`].
    pub fn info(text: &str) -> Fields {
        let lines = text.lines().filter(|line| !line.starts_with('#') || *line == Fields::KEYSPACE);
        let lines = lines.take(FIELDS_MAX);
        let pairs = lines
            .filter_map(|line| line.split_once(':').or((line == Fields::KEYSPACE).then_some((line, ""))));
        Fields(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// The value of this name, empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Whether there is such a name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The value as a number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.get(name).parse().ok()
    }

    /// Whether `flags` has this word.
    pub fn flag(&self, word: &str) -> bool {
        self.get("flags").split(',').any(|flag| flag == word)
    }

    /// All names with their values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// The text of a string, number or error; empty for anything else.
pub(crate) fn text(frame: &Frame) -> String {
    match frame {
        Frame::Simple(bytes)
        | Frame::Bulk(bytes)
        | Frame::Error(bytes)
        | Frame::BulkError(bytes)
        | Frame::Verbatim(bytes)
        | Frame::Double(bytes)
        | Frame::BigNumber(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Frame::Integer(number) => number.to_string(),
        Frame::Boolean(yes) => yes.to_string(),
        Frame::Array(_) | Frame::Null | Frame::Map(_) | Frame::Set(_) | Frame::Push(_) => String::new(),
    }
}

/// The elements of an array as texts; empty for anything else.
pub(crate) fn texts(frame: &Frame) -> Vec<String> {
    if let Frame::Array(items) = frame { items.iter().map(text).collect() } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_map_read_the_same() {
        let bulk = |text: &str| Frame::Bulk(text.into());
        let flat = Frame::Array(vec![bulk("flags"), bulk("s_down,master"), bulk("quorum"), bulk("2")]);
        let map = Frame::Map(vec![(bulk("flags"), bulk("s_down,master")), (bulk("quorum"), bulk("2"))]);
        assert_eq!(Fields::of(&flat), Fields::of(&map));
        let fields = Fields::of(&flat);
        assert!(fields.flag("s_down") && !fields.flag("down"));
        assert_eq!((fields.number("quorum"), fields.number("flags"), fields.get("x")), (Some(2), None, ""));
    }

    #[test]
    fn info_is_read_by_line() {
        let info = Fields::info("# Server\r\nrun_id:abc\r\nmaster_host:fd00::1\r\n\r\nnonsense\r\n");
        assert_eq!((info.get("run_id"), info.get("master_host")), ("abc", "fd00::1"));
        assert!(!info.has("nonsense"));
    }
}

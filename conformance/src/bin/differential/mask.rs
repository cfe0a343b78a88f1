//! What cannot be equal between two processes, and how it is made comparable without hiding too much.
//!
//! Ports, ids, directories and process ids of a world get the name of what they belong to, so that a reply
//! naming the wrong server still differs. Times and counters keep their type and lose their value.

/// The masks of one world.
#[derive(Debug, Clone)]
pub(crate) struct Masks {
    /// name, and whether even the type of its value may differ
    fields: Vec<(String, bool)>,
    /// text and its name, longest text first
    names: Vec<(String, String)>,
    /// lines of texts that only one side has, on purpose
    extra_lines: Vec<String>,
}

impl Masks {
    /// `fields` is the data file (`name [*] reason` per line), `names` what to replace by what,
    /// `extra_lines` globs of lines to leave out.
    pub(crate) fn new(fields: &str, mut names: Vec<(String, String)>, extra_lines: Vec<String>) -> Masks {
        let lines = fields.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let field = |line: &str| {
            let mut words = line.split_whitespace();
            (words.next().unwrap_or_default().to_owned(), words.next() == Some("*"))
        };
        names.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        Masks { fields: lines.map(field).collect(), names, extra_lines }
    }

    /// True for a field whose value is masked.
    pub(crate) fn has_field(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field == name)
    }

    /// True for a line that is left out.
    pub(crate) fn is_extra_line(&self, line: &str) -> bool {
        self.extra_lines.iter().any(|glob| matches_glob(glob, line))
    }

    /// What kind of value the field `name` has.
    pub(crate) fn class(&self, name: &str, value: &str) -> String {
        if self.fields.iter().any(|(field, any)| field == name && *any) {
            return "<any>".to_owned();
        }
        let unsigned = value.strip_prefix('-').unwrap_or(value);
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if value.is_empty() {
            return String::new();
        }
        if digits(unsigned) {
            return "<int>".to_owned();
        }
        if unsigned.split_once('.').is_some_and(|(a, b)| digits(a) && digits(b)) {
            return "<float>".to_owned();
        }
        "<text>".to_owned()
    }

    /// Masks `name:value` lines and `name=value` words, then everything with a name of its own.
    pub(crate) fn text(&self, text: &str) -> String {
        let lines = text.split('\n').map(|line| self.line(line));
        self.names(&lines.collect::<Vec<_>>().join("\n"))
    }

    fn line(&self, line: &str) -> String {
        if let Some((name, value)) = line.split_once(':') {
            if self.has_field(name) {
                return format!("{name}:{}", self.class(name, value));
            }
        }
        if !line.contains('=') {
            return line.to_owned();
        }
        let word = |word: &str| match word.split_once('=') {
            // RESP3 puts the format before the first word of a text.
            Some((name, value)) if self.has_field(name.trim_start_matches("txt:")) => {
                format!("{name}={}", self.class(name.trim_start_matches("txt:"), value))
            }
            Some(_) | None => word.to_owned(),
        };
        line.split(' ').map(word).collect::<Vec<_>>().join(" ")
    }

    /// Replaces everything that has a name, where it stands alone.
    pub(crate) fn names(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for (from, to) in &self.names {
            out = replace_words(&out, from, to);
        }
        out
    }
}

/// Replaces `from` where no letter or digit touches it: port 6379 must not match in 16379.
fn replace_words(text: &str, from: &str, to: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, found) = rest.split_at(at);
        let after = &found[from.len()..];
        let touches = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let left = before.chars().next_back().or_else(|| out.chars().next_back());
        out += before;
        out += if touches(left) || touches(after.chars().next()) { from } else { to };
        rest = after;
    }
    out + rest
}

/// A glob with `*` only, over the whole text, newlines included.
pub(crate) fn matches_glob(glob: &str, text: &str) -> bool {
    let Some((head, tail)) = glob.split_once('*') else {
        return glob == text;
    };
    let Some(rest) = text.strip_prefix(head) else {
        return false;
    };
    let starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    tail.is_empty() || starts.into_iter().any(|at| matches_glob(tail, &rest[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_alone() {
        let masks = Masks::new("", vec![("6379".to_owned(), "<master>".to_owned())], Vec::new());
        assert_eq!(masks.names("127.0.0.1:6379 16379 6379"), "127.0.0.1:<master> 16379 <master>");
    }

    #[test]
    fn lines_and_words_keep_the_type_of_what_they_lose() {
        let masks = Masks::new("age secs\nused cpu\n", Vec::new(), Vec::new());
        assert_eq!(
            masks.text("id=3 age=12 x=1\nused:0.5\nused:-1"),
            "id=3 age=<int> x=1\nused:<float>\nused:<int>"
        );
    }

    #[test]
    fn globs_span_lines() {
        assert!(matches_glob("a*c", "a\nb\nc"));
        assert!(!matches_glob("a*c", "a\nb\ncd"));
        assert!(matches_glob("*", ""));
    }
}

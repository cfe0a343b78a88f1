//! Words and quotes of a configuration line: splitting into words, and writing a value so that it reads back
//! as itself. A value is never able to end its line: whatever is not printable is written escaped.

use std::fmt::Write as _;
use std::ops::Range;

pub(crate) use watchkeeper_resp::split_args;

/// `value` in double quotes, as strings of general directives are written: `\` and `"` escaped, newline, carriage
/// return, tab, bell and backspace as `\n \r \t \a \b`, every other byte that is not printable ASCII as `\xHH`.
pub fn quote(value: &[u8]) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for &byte in value {
        match byte {
            b'\\' | b'"' => out.extend(['\\', char::from(byte)]),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x07 => out.push_str("\\a"),
            0x08 => out.push_str("\\b"),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => write!(out, "\\x{byte:02x}").expect("writing to a String never fails"),
        }
    }
    out.push('"');
    out
}

/// `value` as it is where it reads back unchanged behind a directive's name, else quoted. Bytes from 0x80 on are left as they are, so that
/// names in any language stay readable in the file.
pub fn word(value: &[u8]) -> Vec<u8> {
    let bare = |byte: &u8| matches!(byte, 0x21..=0x7e | 0x80..) && *byte != b'"' && *byte != b'\'';
    if value.is_empty() || !value.iter().all(bare) {
        return quote(value).into_bytes();
    }
    value.to_vec()
}

/// Column (from 1, in bytes) at which the `index`-th word begins in `line`; 1 where there is no such word.
pub(crate) fn column_of(line: &[u8], index: usize) -> usize {
    spans(line).get(index).map_or(1, |span| span.start + 1)
}

/// Where the words of a line stand in it, quotes included. A word whose quote is not closed goes to the end of the line.
pub(crate) fn spans(line: &[u8]) -> Vec<Range<usize>> {
    let blank = |byte: u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let mut found = Vec::new();
    let mut at = 0;
    while at < line.len() {
        if blank(line[at]) {
            at += 1;
            continue;
        }
        let start = at;
        let mut quote = None;
        while at < line.len() && (quote.is_some() || !b" \n\r\t".contains(&line[at])) {
            match (line[at], quote) {
                // Within double quotes a backslash protects any byte, within single ones the quote alone.
                (b'\\', Some(b'"')) => at += 1,
                (b'\\', Some(b'\'')) if line.get(at + 1) == Some(&b'\'') => at += 1,
                (byte, Some(open)) if byte == open => quote = None,
                (byte @ (b'"' | b'\''), None) => quote = Some(byte),
                _ => {}
            }
            at += 1;
        }
        at = at.min(line.len());
        found.push(start..at);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_reads_back_as_itself() {
        let values: [&[u8]; 10] = [
            b"",
            b"plain",
            b"two words",
            b"a\nb",
            b"'",
            b"\"",
            b"back\\slash",
            b"#x",
            b"\x00\x7f\x80\xff",
            "pass\u{f6}".as_bytes(),
        ];
        for value in values {
            for line in [quote(value).into_bytes(), word(value)] {
                assert_eq!(split_args(&line), Some(vec![value.to_vec()]), "{value:?}");
                assert!(!line.contains(&b'\n'));
            }
        }
    }

    #[test]
    fn plain_words_stay_bare_and_others_are_quoted_as_redis_does() {
        for plain in [&b"a/b-c:1"[..], b"#5e884898da28"] {
            assert_eq!(word(plain), plain, "{plain:?}");
        }
        assert_eq!(quote(b"a\"\\\n\r\t\x07\x08\x01\xe4"), r#""a\"\\\n\r\t\a\b\x01\xe4""#);
    }

    #[test]
    fn spans_are_those_of_the_words() {
        let lines =
            [r#"sentinel  auth-pass m "a \"b" x"#, r"a 'it\'s \x' b", "a", "", r#"a b"c d"e"#, "a \t\u{b} b"];
        for line in lines {
            let Some(words) = split_args(line.as_bytes()) else { continue };
            let found = spans(line.as_bytes());
            let alone =
                found.iter().map(|span| split_args(&line.as_bytes()[span.clone()]).unwrap().remove(0));
            assert_eq!(alone.collect::<Vec<_>>(), words, "{line}");
        }
        assert_eq!(spans(b"a \"b c"), [0..1, 2..6]);
        assert_eq!(spans(b"x \"a\\"), [0..1, 2..5]);
    }

    #[test]
    fn columns_point_at_the_word() {
        let line = br#"sentinel  auth-pass "a b"  x"#;
        assert_eq!((0..4).map(|i| column_of(line, i)).collect::<Vec<_>>(), [1, 11, 21, 28]);
        assert_eq!(column_of(line, 9), 1);
    }
}

//! Splitting a line into words with Redis's quoting: the inline protocol and the configuration file share it.
//! Finding the line, skipping comments and naming the error are left to the callers.

/// Splits `line` into words. `None` when the quotes are unbalanced.
///
/// Blanks separate words. `"..."` understands `\xHH`, `\n \r \t \b \a` and takes any other escaped byte as it is;
/// `'...'` understands only `\'`. A quote may begin in the middle of a bare word, and a closing quote must be followed
/// by a blank or by the end. A NUL byte ends the text. Vertical tab and form feed count as blanks before a word and
/// after a closing quote, but do not end a bare word, as in Redis.
pub fn split_args(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let text = line.split(|&byte| byte == 0).next().unwrap_or_default();
    let mut rest = text;
    let mut words = Vec::new();
    loop {
        let blanks = rest.iter().take_while(|&&byte| is_blank(byte)).count();
        rest = rest.get(blanks..).unwrap_or_default();
        if rest.is_empty() {
            return Some(words);
        }
        let (word, after) = take_word(rest)?;
        words.push(word);
        rest = after;
    }
}

/// What C's `isspace` calls a blank.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// One word and what follows it; `None` when a quote does not end well.
fn take_word(mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut word = Vec::new();
    loop {
        match rest {
            [] | [b' ' | b'\n' | b'\r' | b'\t', ..] => return Some((word, rest)),
            [b'"', inside @ ..] => {
                let after = take_double_quoted(inside, &mut word)?;
                return at_word_end(after).then_some((word, after));
            }
            [b'\'', inside @ ..] => {
                let after = take_single_quoted(inside, &mut word)?;
                return at_word_end(after).then_some((word, after));
            }
            [byte, after @ ..] => {
                word.push(*byte);
                rest = after;
            }
        }
    }
}

fn at_word_end(rest: &[u8]) -> bool {
    rest.first().is_none_or(|&byte| is_blank(byte))
}

/// Reads up to the closing `"`; gives what follows it.
fn take_double_quoted<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        match rest {
            [] => return None,
            [b'"', after @ ..] => return Some(after),
            [b'\\', b'x', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                word.push(hex(*high) * 16 + hex(*low));
                rest = after;
            }
            [b'\\', escaped, after @ ..] => {
                word.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b'a' => 0x07,
                    other => *other,
                });
                rest = after;
            }
            [byte, after @ ..] => {
                word.push(*byte);
                rest = after;
            }
        }
    }
}

/// Reads up to the closing `'`; gives what follows it.
fn take_single_quoted<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        match rest {
            [] => return None,
            [b'\\', b'\'', after @ ..] => {
                word.push(b'\'');
                rest = after;
            }
            [b'\'', after @ ..] => return Some(after),
            [byte, after @ ..] => {
                word.push(*byte);
                rest = after;
            }
        }
    }
}

/// The value of a hexadecimal digit.
fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit - b'A' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::split_args;

    /// Each line was also sent to a real redis-server 7.0.15 as an inline command.
    #[test]
    fn words_as_redis_splits_them() {
        type Words = Option<&'static [&'static [u8]]>;
        let table: &[(&[u8], Words)] = &[
            (b"", Some(&[])),
            (b" \t\r ", Some(&[])),
            (b" PING \r", Some(&[b"PING"])),
            (b"a b\tc", Some(&[b"a", b"b", b"c"])),
            (b"a\rb", Some(&[b"a", b"b"])),
            (br#""a\x41\n\r\t\b\a\c\"q""#, Some(&[b"aA\n\r\t\x08\x07c\"q"])),
            (br#""\xfF\x00""#, Some(&[b"\xff\x00"])),
            (br#""a\xg1" "a\x1""#, Some(&[b"axg1", b"ax1"])),
            (br"'a\'b\n'", Some(&[br"a'b\n"])),
            (br#""" ''"#, Some(&[b"", b""])),
            (b"a''", Some(&[b"a"])),
            (br#"u"x""#, Some(&[b"ux"])),
            (br#"EC"HO" x"#, Some(&[b"ECHO", b"x"])),
            (b"\"a\rb\" ", Some(&[b"a\rb"])),
            (b"\"x\"\x0b", Some(&[b"x"])),
            (b"\x0c a\x0bb", Some(&[b"a\x0bb"])),
            (b"\xff\xfe", Some(&[b"\xff\xfe"])),
            (b"a\x00b c", Some(&[b"a"])),
            (b"a\x00\"", Some(&[b"a"])),
            (br#"a\\b"#, Some(&[br#"a\\b"#])),
            (b"\"a\x00b\"", None),
            (br#"u"x"#, None),
            (br#"u"x"y"#, None),
            (br#""a"'b'"#, None),
            (br#"'a'"b""#, None),
            (br#"a\"b"#, None),
            (br#""abc\"#, None),
            (br#""abc\""#, None),
            (br"'a\\'", None),
            (b"'", None),
        ];
        for (line, expected) in table {
            let expected = expected.map(|words| words.iter().map(|w| w.to_vec()).collect::<Vec<_>>());
            assert_eq!(split_args(line), expected, "`{}`", line.escape_ascii());
        }
    }
}

//! Rust source reduced to its code: comments and the contents of literals become blanks, lines stay where they are. So
//! that a rule about code does not fire on a sentence or on a string. No parsing beyond that.

/// `source` with comments, strings and characters blanked. Every line keeps its number.
pub(super) fn code_only(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        // A prefix such as `r` or `b` begins a literal only where a word begins.
        let literal = if is_word(before) && first != '"' && first != '\'' { 0 } else { literal_length(rest) };
        let length = comment_length(rest).max(literal);
        if length == 0 {
            out.push(first);
            before = first;
            rest = after(rest, first.len_utf8());
        } else {
            let blanked = rest.get(..length).unwrap_or(rest);
            out.extend(blanked.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            before = ' ';
            rest = after(rest, length);
        }
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn after(text: &str, length: usize) -> &str {
    text.get(length..).unwrap_or_default()
}

/// Length of the comment that begins here, 0 if none does.
fn comment_length(text: &str) -> usize {
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if !text.starts_with("/*") {
        return 0;
    }
    let mut depth = 0;
    let mut position = 0;
    loop {
        let rest = after(text, position);
        if rest.is_empty() {
            return text.len();
        }
        if rest.starts_with("/*") {
            depth += 1;
            position += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            position += 2;
            if depth == 0 {
                return position;
            }
        } else {
            position += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
}

/// Length of the string or character that begins here, its prefix included; 0 if none does.
fn literal_length(text: &str) -> usize {
    let prefix = ["br", "cr", "b", "c", "r"].into_iter().find(|prefix| {
        let rest = text.strip_prefix(prefix).unwrap_or_default();
        let raw = prefix.ends_with('r');
        rest.starts_with('"')
            || (raw && rest.trim_start_matches('#').starts_with('"'))
            || (*prefix == "b" && rest.starts_with('\''))
    });
    let prefix = prefix.unwrap_or_default();
    let rest = after(text, prefix.len());
    if prefix.ends_with('r') {
        let hashes = rest.len() - rest.trim_start_matches('#').len();
        let end = format!("\"{}", "#".repeat(hashes));
        let body = after(rest, hashes + 1);
        return body.find(&end).map_or(text.len(), |at| prefix.len() + hashes + 1 + at + end.len());
    }
    match rest.chars().next() {
        Some('"') => prefix.len() + quoted_length(rest, '"'),
        Some('\'') if is_character(rest) => prefix.len() + quoted_length(rest, '\''),
        _ => 0,
    }
}

/// Whether the `'` here begins a character and not a lifetime.
fn is_character(text: &str) -> bool {
    let mut chars = text.chars().skip(1);
    match chars.next() {
        Some('\\') => true,
        Some(_) => chars.next() == Some('\''),
        None => false,
    }
}

/// Length of what begins and ends with `quote`, `\` escaping.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return at + c.len_utf8();
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::code_only;

    #[test]
    fn only_code_is_left() {
        let table = [
            ("a // b\nc", "a\nc"),
            ("a /* b /* c */\nd */ e", "a\n e"),
            (r#"f("x \" y") z"#, "f( ) z"),
            (r##"f(r#"a " b"#) c"##, "f( ) c"),
            ("x br\"a\\\" c", "x c"),
            ("x b'\\'' c", "x c"),
            ("x '\"' c '\u{e9}' 'x' d", "x c d"),
            ("&'a str 'b: loop", "&'a str 'b: loop"),
            ("for\"x\" number", "for number"),
            ("x \"// no comment\" c", "x c"),
            ("x \"a\nb\" c", "x\n c"),
            ("x \"never closed", "x"),
            ("x /* never closed", "x"),
        ];
        for (source, expected) in table {
            let code = code_only(source);
            assert_eq!(code.chars().count(), source.chars().count(), "{source}");
            let mut squeezed = code;
            while squeezed.contains("  ") {
                squeezed = squeezed.replace("  ", " ");
            }
            assert_eq!(squeezed.replace(" \n", "\n").trim_end(), expected, "{source}");
        }
    }
}

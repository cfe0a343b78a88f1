//! Text made fit for HTML and SVG. What comes from logs is hostile: nothing of it gets there but through here.

use super::line::REORDERING;

/// The text for an element's content or a quoted attribute. Control characters, which XML has no form for, and those
/// that make a line read otherwise than it is become U+FFFD.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() || REORDERING.contains(&c) => out.push('\u{fffd}'),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_markup() {
        assert_eq!(escaped("<a b=\"c\" d='e'>&"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
        assert_eq!(escaped("a\u{0}b\u{1b}c\u{202e}d\u{ffff}哨"), "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}哨");
    }
}

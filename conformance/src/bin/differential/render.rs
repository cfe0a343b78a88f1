//! Replies as text that can be compared: exact in type and order, with what cannot be equal masked.

use crate::mask::Masks;
use crate::steps::Modifiers;

/// A reply with every distinction the wire makes, also those between the three nulls.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    /// one line: `+ - : , ( # _`
    Line(char, String),
    /// counted bytes: `$ ! =`
    Blob(char, String),
    /// `$-1` or `*-1`
    Null(String),
    /// items: `* ~ > %`
    List(char, Vec<Node>),
}

/// The reply in `raw` (one whole frame) as text, after `masks` and the step's `modifiers`.
pub(crate) fn render(raw: &[u8], masks: &Masks, modifiers: Modifiers) -> String {
    let mut at = 0;
    let mut node = parse(raw, &mut at);
    mask_fields(&mut node, masks);
    if modifiers.unordered {
        sort(&mut node);
    }
    let mut out = String::new();
    if modifiers.types {
        types(&node, 0, &mut out);
    } else {
        write(&node, 0, masks, modifiers, &mut out);
    }
    out
}

/// `raw` was decoded by the connection before, so it is whole and well formed.
fn parse(raw: &[u8], at: &mut usize) -> Node {
    let rest = &raw[*at..];
    let end = rest.windows(2).position(|pair| pair == b"\r\n").expect("a decoded frame has whole lines");
    let kind = char::from(rest[0]);
    let line = String::from_utf8_lossy(&rest[1..end]).into_owned();
    *at += end + 2;
    let length: i64 = line.parse().unwrap_or(0);
    match kind {
        '$' | '!' | '=' | '*' | '~' | '>' | '%' if length < 0 => Node::Null(format!("{kind}{line}")),
        '$' | '!' | '=' => {
            let length = usize::try_from(length).expect("checked for a negative length");
            let body = raw[*at..*at + length].escape_ascii().to_string().replace("\\r\\n", "\n");
            *at += length + 2;
            Node::Blob(kind, body.replace("\\n", "\n").replace("\\'", "'").replace("\\\"", "\""))
        }
        '*' | '~' | '>' | '%' => {
            let count = if kind == '%' { length * 2 } else { length };
            Node::List(kind, (0..count).map(|_| parse(raw, at)).collect())
        }
        _ => Node::Line(kind, line),
    }
}

/// Masks values that follow a masked field's name in a list, and `name:value` or `name=value` in texts.
fn mask_fields(node: &mut Node, masks: &Masks) {
    match node {
        Node::List(_, items) => {
            for i in 1..items.len() {
                let name = match &items[i - 1] {
                    Node::Blob(_, name) => name.clone(),
                    Node::Line(..) | Node::Null(_) | Node::List(..) => continue,
                };
                if !masks.has_field(&name) {
                    continue;
                }
                match &mut items[i] {
                    Node::Blob(_, value) | Node::Line(_, value) => *value = masks.class(&name, value),
                    Node::Null(_) | Node::List(..) => {}
                }
            }
            for item in items {
                mask_fields(item, masks);
            }
        }
        Node::Blob(_, text) => *text = masks.text(text),
        Node::Line(_, text) => *text = masks.names(text),
        Node::Null(_) => {}
    }
}

/// Sorts the items of every list (pairs of a map stay together), for replies whose order means nothing.
fn sort(node: &mut Node) {
    if let Node::List(kind, items) = node {
        items.iter_mut().for_each(sort);
        let width = if *kind == '%' { 2 } else { 1 };
        let mut groups: Vec<Vec<Node>> = items.chunks(width).map(<[Node]>::to_vec).collect();
        // The fields of an instance have an order, as a map or as a flat list.
        let fields = items.len() % 2 == 0 && items.iter().step_by(2).any(is_field_name);
        if !fields {
            groups.sort_by_key(|group| format!("{group:?}"));
        }
        *items = groups.into_iter().flatten().collect();
    }
}

fn is_field_name(node: &Node) -> bool {
    matches!(node, Node::Blob(_, text) if text == "name" || text == "flags")
}

fn write(node: &Node, depth: usize, masks: &Masks, modifiers: Modifiers, out: &mut String) {
    let pad = "  ".repeat(depth);
    match node {
        Node::Line(kind, text) => *out += &format!("{pad}{kind}{text}\n"),
        Node::Null(text) => *out += &format!("{pad}null {text}\n"),
        Node::Blob(kind, text) if text.contains('\n') => {
            *out += &format!("{pad}{kind} text\n");
            let keys_only = |line: &str| match (modifiers.keys, line.split_once([':', '='])) {
                (true, Some((key, _))) => key.to_owned(),
                (true | false, _) => line.to_owned(),
            };
            for line in text.split('\n').filter(|line| !masks.is_extra_line(line)) {
                *out += &format!("{pad}  |{}\n", keys_only(line));
            }
        }
        Node::Blob(kind, text) if modifiers.words => {
            let mut words: Vec<&str> = text.split(' ').collect();
            words.sort_unstable();
            *out += &format!("{pad}{kind}\"{}\"\n", words.join(" "));
        }
        Node::Blob(kind, text) => *out += &format!("{pad}{kind}\"{text}\"\n"),
        Node::List(kind, items) => {
            *out += &format!("{pad}{kind} of {}\n", items.len());
            items.iter().for_each(|item| write(item, depth + 1, masks, modifiers, out));
        }
    }
}

/// Only the shape: types, and of lists the distinct shapes of their items.
fn types(node: &Node, depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    match node {
        Node::Line(kind, _) | Node::Blob(kind, _) => *out += &format!("{pad}{kind}\n"),
        Node::Null(text) => *out += &format!("{pad}null {text}\n"),
        Node::List(kind, items) => {
            *out += &format!("{pad}{kind}\n");
            let mut shapes: Vec<String> = Vec::new();
            for item in items {
                let mut shape = String::new();
                types(item, depth + 1, &mut shape);
                if !shapes.contains(&shape) {
                    shapes.push(shape);
                }
            }
            shapes.sort();
            *out += &shapes.concat();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: &[u8] = b"*2\r\n*4\r\n$4\r\nname\r\n$1\r\nb\r\n$3\r\nage\r\n$2\r\n17\r\n*4\r\n$4\r\nname\r\n$1\r\na\r\n$3\r\nage\r\n$1\r\n9\r\n";

    fn masks() -> Masks {
        Masks::new("age elapsed\n", Vec::new(), Vec::new())
    }

    #[test]
    fn fields_are_masked_and_lists_sorted_without_breaking_pairs() {
        let modifiers = Modifiers { unordered: true, ..Modifiers::default() };
        let text = render(RAW, &masks(), modifiers);
        let item =
            |name: &str| format!("  * of 4\n    $\"name\"\n    $\"{name}\"\n    $\"age\"\n    $\"<int>\"\n");
        assert_eq!(text, format!("* of 2\n{}{}", item("a"), item("b")));
    }

    #[test]
    fn the_three_nulls_differ() {
        let show = |raw: &[u8]| render(raw, &masks(), Modifiers::default());
        assert_eq!(show(b"$-1\r\n"), "null $-1\n");
        assert_eq!(show(b"*-1\r\n"), "null *-1\n");
        assert_eq!(show(b"_\r\n"), "_\n");
    }

    #[test]
    fn shapes_forget_texts_and_counts() {
        let modifiers = Modifiers { types: true, ..Modifiers::default() };
        assert_eq!(render(RAW, &masks(), modifiers), "*\n  *\n    $\n");
    }
}

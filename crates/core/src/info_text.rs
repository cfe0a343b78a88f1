//! The last INFO of each server, for `SENTINEL INFO-CACHE`: of thousands of servers nearly the same text, so that each is kept as
//! what tells it from another one's. Reading what it says is left to [`crate::info`].

use std::sync::Arc;

/// A text, kept as its differences from a base.
#[derive(Debug, Clone, Default)]
pub(crate) struct InfoText {
    base: Option<Arc<[u8]>>,
    edits: Box<[u8]>,
}

/// So many lines are as in the base.
const SAME: u8 = 0;
/// A line that begins as the base's does, up to its colon: the rest follows.
const VALUE: u8 = 1;
/// A line that the base does not have.
const LINE: u8 = 2;
/// So many lines of the base are not there.
const SKIP: u8 = 3;
/// Lines of the base that are looked through for one that begins alike.
const LOOK_AHEAD: usize = 40;
/// A text whose differences are more than this part of it becomes the base of those that come later.
const WORTH_IT: usize = 2;

impl InfoText {
    /// Keeps `text`; `base` is what texts are kept beside at present.
    pub(crate) fn keep(text: &[u8], base: &mut Option<Arc<[u8]>>) -> InfoText {
        let against = base.get_or_insert_with(|| Arc::from(text));
        let edits = edits(text, against);
        if edits.len() <= text.len() / WORTH_IT {
            return InfoText { base: Some(Arc::clone(against)), edits: edits.into() };
        }
        let own: Arc<[u8]> = Arc::from(text);
        *base = Some(Arc::clone(&own));
        InfoText { edits: self::edits(text, &own).into(), base: Some(own) }
    }

    /// The text; nothing if none was kept.
    pub(crate) fn text(&self) -> Vec<u8> {
        let mut base = lines(self.base.as_deref().unwrap_or_default());
        let mut edits = &self.edits[..];
        let mut text = Vec::new();
        while let [op, a, b, c, d, rest @ ..] = edits {
            let count = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
            edits = rest;
            match *op {
                SAME => base.by_ref().take(count).for_each(|line| text.extend_from_slice(line)),
                SKIP => drop(base.by_ref().take(count).last()),
                VALUE | LINE => {
                    if *op == VALUE {
                        text.extend_from_slice(key(base.next().unwrap_or_default()));
                    }
                    let (part, after) = edits.split_at(count.min(edits.len()));
                    text.extend_from_slice(part);
                    edits = after;
                }
                _ => unreachable!("nothing else is written"),
            }
        }
        text
    }
}

/// Lines with their ends.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n')
}

/// What a line begins with, its colon included.
fn key(line: &[u8]) -> &[u8] {
    let colon = line.iter().position(|byte| *byte == b':');
    colon.map_or(&[], |at| &line[..=at])
}

fn edits(text: &[u8], base: &[u8]) -> Vec<u8> {
    // With what each begins, found once: a hostile text may have few lines and no colon, and a later one many that differ.
    let base: Vec<(&[u8], &[u8])> = lines(base).map(|line| (line, key(line))).collect();
    let (mut edits, mut at, mut same) = (Vec::new(), 0, 0);
    let write = |edits: &mut Vec<u8>, op: u8, count: usize| {
        edits.push(op);
        edits.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
    };
    for line in lines(text) {
        if base.get(at).is_some_and(|(other, _)| *other == line) {
            (at, same) = (at + 1, same + 1);
            continue;
        }
        if same > 0 {
            write(&mut edits, SAME, std::mem::take(&mut same));
        }
        let key = key(line);
        let alike = |(other, begin): &(&[u8], &[u8])| *other == line || (!key.is_empty() && *begin == key);
        match base[at..].iter().take(LOOK_AHEAD).position(alike) {
            Some(ahead) => {
                if ahead > 0 {
                    write(&mut edits, SKIP, ahead);
                }
                at += ahead;
                if base[at].0 == line {
                    same = 1;
                } else {
                    let value = &line[key.len()..];
                    write(&mut edits, VALUE, value.len());
                    edits.extend_from_slice(value);
                }
                at += 1;
            }
            None => {
                write(&mut edits, LINE, line.len());
                edits.extend_from_slice(line);
            }
        }
    }
    if same > 0 {
        write(&mut edits, SAME, same);
    }
    edits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn info(n: usize) -> Vec<u8> {
        let fixed = "# Server\r\nredis_version:7.0.15\r\nos:Linux 6.1 x86_64\r\narch_bits:64\r\nexecutable:/usr/bin/redis-server\r\n";
        let moving: String = (0..60).map(|field| format!("some_counter_{field}:{}\r\n", n * field)).collect();
        format!("{fixed}run_id:{n:040}\r\n{moving}").into_bytes()
    }

    #[test]
    fn thousands_take_little_more_than_what_differs() {
        let mut base = None;
        let kept: Vec<InfoText> = (0..100).map(|n| InfoText::keep(&info(n), &mut base)).collect();
        for (n, text) in kept.iter().enumerate() {
            assert_eq!(text.text(), info(n));
            assert!(text.edits.len() < info(n).len() / 2, "{} of {}", text.edits.len(), info(n).len());
            assert!(Arc::ptr_eq(text.base.as_ref().unwrap(), base.as_ref().unwrap()));
        }
    }

    #[test]
    fn a_text_unlike_the_others_becomes_the_base() {
        let mut base = None;
        let first = InfoText::keep(&info(1), &mut base);
        let other = InfoText::keep(b"valkey_version:9.1\r\nnothing:else\r\n", &mut base);
        assert_eq!(first.text(), info(1));
        assert_eq!(other.text(), b"valkey_version:9.1\r\nnothing:else\r\n");
        assert_eq!(base.as_deref(), Some(&other.text()[..]));
        assert_eq!(InfoText::default().text(), b"");
        assert_eq!(InfoText::keep(b"", &mut None).text(), b"");
    }

    proptest! {
        #[test]
        fn every_text_comes_back(texts in proptest::collection::vec("([ab]{0,2}:?[01]{0,2}\r?\n?){0,12}", 1..6)) {
            let mut base = None;
            for text in &texts {
                prop_assert_eq!(InfoText::keep(text.as_bytes(), &mut base).text(), text.as_bytes());
            }
        }
    }
}

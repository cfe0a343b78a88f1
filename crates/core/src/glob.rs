//! Redis's glob: `*`, `?`, `[abc]`, `[^a]`, `[a-c]`, `\x`. The whole text must match.
//!
//! Matching walks pattern and text once and goes back only to the last `*`: it takes at most
//! (pattern x text) steps, where the obvious recursion takes exponentially many on hostile patterns.

use crate::limits::GLOB_STEPS;

/// Whether `text` matches `pattern`, case-sensitive.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    walk(pattern, text, false)
}

/// Whether `text` matches `pattern`, ignoring ASCII case.
pub fn matches_nocase(pattern: &[u8], text: &[u8]) -> bool {
    walk(pattern, text, true)
}

fn walk(pattern: &[u8], text: &[u8], nocase: bool) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to resume after a mismatch: behind the last `*`, one byte further in the text.
    let mut resume: Option<(usize, usize)> = None;
    for _ in 0..GLOB_STEPS {
        if pattern.get(p) == Some(&b'*') {
            p += 1;
            resume = Some((p, t));
            continue;
        }
        if t == text.len() {
            return p == pattern.len();
        }
        match one(&pattern[p..], text[t], nocase) {
            Some(used) => {
                p += used;
                t += 1;
            }
            None => match resume {
                Some((star, from)) => {
                    (p, t) = (star, from + 1);
                    resume = Some((star, from + 1));
                }
                None => return false,
            },
        }
    }
    false
}

/// Matches one byte against the head of the pattern: how many pattern bytes that took, or `None`.
fn one(pattern: &[u8], byte: u8, nocase: bool) -> Option<usize> {
    let fold = |b: u8| if nocase { b.to_ascii_lowercase() } else { b };
    match (pattern.first()?, pattern.get(1)) {
        (b'?', _) => Some(1),
        (b'[', _) => {
            let (hit, used) = class(pattern, fold(byte), fold);
            hit.then_some(used)
        }
        (b'\\', Some(&literal)) => (fold(literal) == fold(byte)).then_some(2),
        (&literal, _) => (fold(literal) == fold(byte)).then_some(1),
    }
}

/// A class at the head of the pattern: whether `byte` is in it, and its length. A class without `]` extends to
/// the end of the pattern, as upstream has it.
fn class(pattern: &[u8], byte: u8, fold: impl Fn(u8) -> u8) -> (bool, usize) {
    let mut at = 1;
    let negated = pattern.get(at) == Some(&b'^');
    if negated {
        at += 1;
    }
    let mut hit = false;
    while at < pattern.len() {
        match pattern[at] {
            b'\\' if at + 1 < pattern.len() => {
                hit |= fold(pattern[at + 1]) == byte;
                at += 2;
            }
            b']' => {
                at += 1;
                break;
            }
            first if pattern.get(at + 1) == Some(&b'-') && at + 2 < pattern.len() => {
                let (a, b) = (fold(first), fold(pattern[at + 2]));
                hit |= (a.min(b)..=a.max(b)).contains(&byte);
                at += 3;
            }
            literal => {
                hit |= fold(literal) == byte;
                at += 1;
            }
        }
    }
    (hit != negated, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_cases() {
        let yes = [
            ("*", ""),
            ("*", "anything"),
            ("h?llo", "hello"),
            ("h*llo", "heeeello"),
            ("h[ae]llo", "hallo"),
            ("h[^e]llo", "hallo"),
            ("h[a-c]llo", "hbllo"),
            ("h[c-a]llo", "hbllo"),
            (r"h\*llo", "h*llo"),
            (r"[\]]", "]"),
            ("[-+]sdown", "+sdown"),
            ("[-+]sdown", "-sdown"),
            ("**a**", "xxaxx"),
            ("a*b*c", "a--b--b--c"),
            ("", ""),
            (r"a\", r"a\"),
            ("[a", "a"),
            ("+*", "+switch-master"),
        ];
        for (pattern, text) in yes {
            assert!(matches(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
        }
        let no = [
            ("h?llo", "hllo"),
            ("h[ae]llo", "hillo"),
            ("h[^e]llo", "hello"),
            ("", "a"),
            ("a", ""),
            ("?", ""),
            ("A", "a"),
            (r"h\*llo", "hello"),
            ("[]a", "a"),
            ("a*b", "a--c"),
            ("switch-master", "+switch-master"),
        ];
        for (pattern, text) in no {
            assert!(!matches(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
        }
    }

    #[test]
    fn case_is_ignored_on_request() {
        assert!(matches_nocase(b"*Ping*", b"PINGS"));
        assert!(matches_nocase(b"[A-C]x", b"bX"));
        assert!(!matches_nocase(b"[^A]", b"a"));
        assert!(!matches(b"*Ping*", b"ping"));
    }

    #[test]
    fn hostile_patterns_end() {
        let pattern = b"a*".repeat(20_000);
        let mut text = vec![b'a'; 60_000];
        text.push(b'b');
        assert!(!matches(&[&pattern[..], b"c"].concat(), &text));
    }
}

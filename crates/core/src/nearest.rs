//! "Did you mean": the known word that a word nobody knows is most like. Where known words come from is the caller's.

/// A longer word, in bytes, is no slip of the fingers.
const LENGTH_MAX: usize = 100;

/// The one of `known` that is most like `word`, if any is like it at all.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > LENGTH_MAX {
        return None;
    }
    let letters = word.chars().count();
    let allowed = 1 + letters / 4;
    // Where the lengths differ by more, so do the words.
    let near = known.filter(|name| name.chars().count().abs_diff(letters) <= allowed);
    let with_distance = near.map(|name| (distance(word, name), name));
    let (distance, name) = with_distance.min_by_key(|(distance, _)| *distance)?;
    (distance <= allowed).then_some(name)
}

/// How many letters must be changed, added or taken away to make one of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let kept = before + usize::from(from != *to);
            before = row[j + 1];
            row[j + 1] = kept.min(before + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = || ["down-after-milliseconds", "auth-pass", "auth-user"].into_iter();
        assert_eq!(nearest("down-after-miliseconds", known()), Some("down-after-milliseconds"));
        assert_eq!(nearest("auth-pas", known()), Some("auth-pass"));
        assert_eq!(nearest("quorum", known()), None);
        assert_eq!(nearest(&"x".repeat(1_000_000), known()), None);
    }
}

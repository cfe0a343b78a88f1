//! What a server holds: the numbers written to it, as runs, so that hours of writing and whole copies stay cheap.

use std::collections::BTreeMap;

/// A set of numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    /// first of a run to its last
    runs: BTreeMap<u64, u64>,
    count: u64,
}

impl Values {
    /// Adds a number; false if it was there.
    pub fn insert(&mut self, value: u64) -> bool {
        if self.contains(value) {
            return false;
        }
        self.count += 1;
        let last = value.checked_add(1).and_then(|next| self.runs.remove(&next)).unwrap_or(value);
        match self.runs.range_mut(..value).next_back() {
            Some((_, end)) if *end + 1 == value => *end = last,
            Some(_) | None => {
                self.runs.insert(value, last);
            }
        }
        true
    }

    /// Takes a number away.
    pub fn remove(&mut self, value: u64) {
        let Some((&first, &last)) = self.runs.range(..=value).next_back() else { return };
        if last < value {
            return;
        }
        self.count -= 1;
        self.runs.remove(&first);
        if first < value {
            self.runs.insert(first, value - 1);
        }
        if value < last {
            self.runs.insert(value + 1, last);
        }
    }

    /// Whether it is there.
    pub fn contains(&self, value: u64) -> bool {
        self.runs.range(..=value).next_back().is_some_and(|(_, last)| *last >= value)
    }

    /// How many.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The runs, each with its first and last number, in order.
    pub fn runs(&self) -> impl Iterator<Item = (u64, u64)> {
        self.runs.iter().map(|(first, last)| (*first, *last))
    }

    /// All numbers, in order.
    pub fn iter(&self) -> impl Iterator<Item = u64> {
        self.runs().flat_map(|(first, last)| first..=last)
    }

    /// How many numbers of `other` are missing here.
    pub fn missing_of(&self, other: &Values) -> u64 {
        other.iter().filter(|value| !self.contains(*value)).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use watchkeeper_core::rng::Rng;

    #[test]
    fn it_is_a_set() {
        let (mut ours, mut plain, mut rng) = (Values::default(), BTreeSet::new(), Rng::new(1));
        for _ in 0..5_000 {
            let value = rng.below(60);
            if rng.below(3) == 0 {
                ours.remove(value);
                plain.remove(&value);
            } else {
                assert_eq!(ours.insert(value), plain.insert(value));
            }
            assert!(ours.iter().eq(plain.iter().copied()));
            assert_eq!(ours.len(), plain.len() as u64);
            let runs: Vec<_> = ours.runs().collect();
            assert!(runs.windows(2).all(|two| two[0].1 + 1 < two[1].0), "runs that touch are one");
        }
    }
}

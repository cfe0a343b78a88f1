//! A set and a map of 128-bit hashes: open addressing over plain vectors, because millions of entries must be small and
//! quick, and nothing may depend on the order of entries.

/// A hash of bytes, begun with `seed`.
pub(crate) fn hash(bytes: &[u8], seed: u128) -> u128 {
    let [mut a, mut b] = [(seed >> 64) as u64 ^ 0x243f_6a88_85a3_08d3, seed as u64 ^ 0x1319_8a2e_0370_7344];
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        let value = u64::from_le_bytes(word);
        a = (a ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        a ^= a >> 32;
        b = (b.rotate_left(23) ^ value ^ (a >> 17)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        b ^= b >> 29;
    }
    a = (a ^ bytes.len() as u64).wrapping_mul(0xd6e8_feb8_6659_fd93);
    b ^= a >> 31;
    // Zero marks an empty place.
    ((u128::from(a) << 64) | u128::from(b)).max(1)
}

/// A set of hashes.
#[derive(Debug)]
pub(crate) struct Seen {
    places: Vec<u128>,
    len: usize,
}

impl Seen {
    pub(crate) fn new() -> Seen {
        Seen { places: vec![0; 1 << 16], len: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    fn place(&self, hash: u128) -> usize {
        let mask = self.places.len() - 1;
        let mut at = (hash >> 64) as usize & mask;
        while self.places[at] != 0 && self.places[at] != hash {
            at = (at + 1) & mask;
        }
        at
    }

    pub(crate) fn contains(&self, hash: u128) -> bool {
        self.places[self.place(hash)] == hash
    }

    /// Adds a hash; false if it was there.
    pub(crate) fn insert(&mut self, hash: u128) -> bool {
        let at = self.place(hash);
        if self.places[at] == hash {
            return false;
        }
        self.places[at] = hash;
        self.len += 1;
        if self.len * 4 > self.places.len() * 3 {
            let bigger = vec![0; self.places.len() * 2];
            for hash in std::mem::replace(&mut self.places, bigger).into_iter().filter(|hash| *hash != 0) {
                let at = self.place(hash);
                self.places[at] = hash;
            }
        }
        true
    }
}

/// A map from hashes to numbers.
#[derive(Debug)]
pub(crate) struct Index {
    places: Vec<(u128, u32)>,
    len: usize,
}

impl Index {
    pub(crate) fn new() -> Index {
        Index { places: vec![(0, 0); 1 << 12], len: 0 }
    }

    fn place(&self, hash: u128) -> usize {
        let mask = self.places.len() - 1;
        let mut at = (hash >> 64) as usize & mask;
        while self.places[at].0 != 0 && self.places[at].0 != hash {
            at = (at + 1) & mask;
        }
        at
    }

    pub(crate) fn get(&self, hash: u128) -> Option<u32> {
        Some(self.places[self.place(hash)]).filter(|(found, _)| *found == hash).map(|(_, value)| value)
    }

    pub(crate) fn insert(&mut self, hash: u128, value: u32) {
        let at = self.place(hash);
        self.len += usize::from(self.places[at].0 != hash);
        self.places[at] = (hash, value);
        if self.len * 4 > self.places.len() * 3 {
            let bigger = vec![(0, 0); self.places.len() * 2];
            for (hash, value) in std::mem::replace(&mut self.places, bigger) {
                if hash != 0 {
                    let at = self.place(hash);
                    self.places[at] = (hash, value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_and_a_map_keep_what_they_are_given() {
        let (mut seen, mut index) = (Seen::new(), Index::new());
        let hashes: Vec<u128> = (0..200_000_u32).map(|n| hash(&n.to_le_bytes(), 7)).collect();
        for (n, hash) in (0..).zip(&hashes) {
            assert!(!seen.contains(*hash) && seen.insert(*hash) && !seen.insert(*hash));
            assert_eq!(index.get(*hash), None);
            index.insert(*hash, n);
        }
        assert_eq!(seen.len(), hashes.len());
        assert!((0..).zip(&hashes).all(|(n, hash)| index.get(*hash) == Some(n)));
    }
}

//! Bytes received and not yet decoded, for both decoders: taking from the front never moves what follows, and a
//! line that arrives in many pieces is searched once. What the bytes mean is left to the decoders.

/// Capacity kept while nothing is waiting; a larger buffer goes back to the allocator once it is empty: there are thousands
/// of connections, and a large answer comes over each of them now and then.
const KEPT_CAPACITY: usize = 1024;

/// A queue of bytes.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    /// index of the first byte not taken
    start: usize,
    /// bytes after `start` already searched for a line end
    searched: usize,
}

impl Buffer {
    pub(crate) fn extend(&mut self, data: &[u8]) {
        // Moves at most as many bytes as were taken since the last move, so the cost per byte stays constant.
        if self.start > 0 && self.start >= self.bytes.len() / 2 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(data);
    }

    pub(crate) fn waiting(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Index of the first waiting byte for which `ends` holds (it sees the byte before, too), remembering how far the
    /// search went. One line is searched for with one predicate, until something is taken.
    pub(crate) fn find(&mut self, ends: impl Fn(Option<u8>, u8) -> bool) -> Option<usize> {
        let waiting = self.bytes.get(self.start..).unwrap_or_default();
        let mut before = self.searched.checked_sub(1).and_then(|i| waiting.get(i).copied());
        for (i, &byte) in waiting.iter().enumerate().skip(self.searched) {
            if ends(before, byte) {
                self.searched = i;
                return Some(i);
            }
            before = Some(byte);
        }
        self.searched = waiting.len();
        None
    }

    /// Drops `count` bytes from the front.
    pub(crate) fn skip(&mut self, count: usize) {
        assert!(count <= self.len(), "only bytes that have arrived can be taken");
        self.start += count;
        self.searched = 0;
        if self.start == self.bytes.len() {
            self.start = 0;
            self.bytes.clear();
            if self.bytes.capacity() > KEPT_CAPACITY {
                self.bytes = Vec::new();
            }
        }
    }

    /// Moves up to `missing` bytes to the end of `word`, whose memory grows with what has really arrived, never with
    /// what was announced. Gives the number of bytes moved.
    pub(crate) fn move_into(&mut self, word: &mut Vec<u8>, missing: usize) -> usize {
        let count = missing.min(self.len());
        if word.capacity() - word.len() < count {
            word.reserve_exact(missing.min(count.max(word.len())));
        }
        word.extend_from_slice(self.waiting().get(..count).unwrap_or_default());
        self.skip(count);
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_resumes_where_it_stopped() {
        let mut buffer = Buffer::default();
        let looked = std::cell::Cell::new(0);
        for _ in 0..1000 {
            buffer.extend(b"x");
            let found = buffer.find(|_, byte| {
                looked.set(looked.get() + 1);
                byte == b'\n'
            });
            assert_eq!(found, None);
        }
        buffer.extend(b"\n");
        assert_eq!(buffer.find(|before, byte| before == Some(b'x') && byte == b'\n'), Some(1000));
        assert_eq!(looked.get(), 1000);
    }

    #[test]
    fn memory_follows_what_arrived() {
        let mut buffer = Buffer::default();
        let mut word = Vec::new();
        buffer.extend(b"abc");
        assert_eq!(buffer.move_into(&mut word, 1 << 40), 3);
        assert!(word.capacity() < 64, "{}", word.capacity());
        buffer.extend(&[0; 1 << 20]);
        buffer.skip(1 << 20);
        assert!(buffer.bytes.capacity() <= KEPT_CAPACITY);
    }
}

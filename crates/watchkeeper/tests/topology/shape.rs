//! Who feeds whom, written as a person would: `1>2>3` is a line of three servers, the first of which is the master;
//! `1>2>3 1>4` is the same with another replica of the master.

use std::collections::BTreeMap;

/// A tree of servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    master: usize,
    parents: BTreeMap<usize, usize>,
}

impl Shape {
    pub(crate) fn of(text: &str) -> Shape {
        let number = |word: &str| word.parse::<usize>().unwrap();
        let lines: Vec<Vec<usize>> =
            text.split_whitespace().map(|line| line.split('>').map(number).collect()).collect();
        let pairs = lines.iter().flat_map(|line| line.windows(2));
        Shape { master: lines[0][0], parents: pairs.map(|pair| (pair[1], pair[0])).collect() }
    }

    pub(crate) fn master(&self) -> usize {
        self.master
    }

    /// Whom a server follows; nobody: it is the master, or not in the tree.
    pub(crate) fn parent(&self, server: usize) -> Option<usize> {
        self.parents.get(&server).copied()
    }

    pub(crate) fn members(&self) -> Vec<usize> {
        std::iter::once(self.master).chain(self.parents.keys().copied()).collect()
    }
}

//! The order in which servers are shown: everybody below whom they follow, with the branches drawn in front.

/// A place in the drawing: which member, and what stands in front of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) member: usize,
    pub(crate) depth: usize,
    pub(crate) branch: String,
}

/// The rows of a forest. `parents` has for each member whom it follows, if that is a member; roots come in the order of
/// `parents`, and so do siblings. Members that follow each other in a circle are shown once, from the first of them.
pub(crate) fn rows(parents: &[Option<usize>]) -> Vec<Row> {
    let mut drawing = Drawing { parents, seen: vec![false; parents.len()], rows: Vec::new() };
    for (member, parent) in parents.iter().enumerate() {
        if parent.is_none() {
            drawing.draw(member);
        }
    }
    for member in 0..parents.len() {
        if !drawing.seen[member] {
            drawing.draw(member);
        }
    }
    drawing.rows
}

struct Drawing<'a> {
    parents: &'a [Option<usize>],
    seen: Vec<bool>,
    rows: Vec<Row>,
}

impl Drawing<'_> {
    /// Draws a root and all below it. Without recursion: a chain may be as long as there are servers.
    fn draw(&mut self, root: usize) {
        let mut todo = vec![(root, 0, String::new(), String::new())];
        while let Some((member, depth, branch, below)) = todo.pop() {
            if std::mem::replace(&mut self.seen[member], true) {
                continue;
            }
            self.rows.push(Row { member, depth, branch });
            let seen = &self.seen;
            let of_it = self.parents.iter().enumerate().filter(|(_, parent)| **parent == Some(member));
            let children: Vec<usize> = of_it.map(|(child, _)| child).filter(|child| !seen[*child]).collect();
            for (at, child) in children.iter().enumerate().rev() {
                let (fork, line) =
                    if at + 1 == children.len() { ("└─ ", "   ") } else { ("├─ ", "│  ") };
                todo.push((*child, depth + 1, format!("{below}{fork}"), format!("{below}{line}")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(parents: &[Option<usize>]) -> Vec<String> {
        rows(parents).iter().map(|row| format!("{}{}", row.branch, row.member)).collect()
    }

    #[test]
    fn a_tree_is_drawn_with_everybody_below_whom_they_follow() {
        assert_eq!(drawn(&[None, Some(0), Some(1), Some(0), None]), ["0", "├─ 1", "│  └─ 2", "└─ 3", "4"]);
        assert_eq!(drawn(&[]), Vec::<String>::new());
    }

    #[test]
    fn a_circle_is_drawn_once() {
        assert_eq!(drawn(&[Some(1), Some(0), Some(2), None]), ["3", "0", "└─ 1", "2"]);
    }
}

//! Rows in columns as wide as their contents.

use super::line::{Line, Tone};
use crate::explain::{columns, plain};

/// A cell.
pub(super) type Cell = (Tone, String);

/// Lines of cells, two blanks between columns, so many in front.
pub(super) fn lines(rows: &[Vec<Cell>], indent: usize) -> Vec<Line> {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (at, (_, text)) in row.iter().enumerate() {
            let width = columns(&plain(text));
            match widths.get_mut(at) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    let line = |row: &Vec<Cell>| {
        let start = Line::of(Tone::Plain, &" ".repeat(indent));
        let cells = row.iter().zip(&widths);
        cells.fold(start, |line, ((tone, text), width)| line.cell(*tone, text, width + 2))
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_in_both_scripts() {
        let cell = |text: &str| (Tone::Plain, text.to_owned());
        let rows = [vec![cell("a"), cell("b")], vec![cell("主节点"), cell("c")]];
        let printed: Vec<String> = lines(&rows, 1).iter().map(|line| line.print(false)).collect();
        assert_eq!(printed, [" a       b", " 主节点  c"]);
    }
}

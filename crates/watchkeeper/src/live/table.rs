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

/// The same, without the last column if that makes it fit into so many columns.
pub(super) fn lines_in(rows: &[Vec<Cell>], indent: usize, width: usize) -> Vec<Line> {
    let all = lines(rows, indent);
    if all.iter().all(|line| columns(&line.print(false)) <= width) {
        return all;
    }
    let fewer: Vec<Vec<Cell>> = rows.iter().map(|row| row[..row.len().saturating_sub(1)].to_vec()).collect();
    lines(&fewer, indent)
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
        let narrow: Vec<String> = lines_in(&rows, 1, 8).iter().map(|line| line.print(false)).collect();
        assert_eq!(narrow, [" a", " 主节点"]);
        assert_eq!(lines_in(&rows, 1, 10), lines(&rows, 1));
    }
}

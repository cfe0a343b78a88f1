//! The table: a row for each measure, in Markdown. It is also where the rows of parts that are not measured now are read
//! from again, so that one part can be repeated alone.

use std::fs;

use crate::PARTS;
use crate::report::results;

const HEAD: &str = "| part | measure | redis-sentinel | watchkeeper | ratio | target | verdict | measured |\n\
                    |---|---|---|---|---|---|---|---|\n";
const COLUMNS: usize = 8;

/// What a measure should be. A measure is better when it is less, unless the target says otherwise.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// at most so much
    AtMost(f64),
    /// so many times less than upstream's
    TimesLess(f64),
    /// at least so many times upstream's
    TimesMore(f64),
    /// nothing is asked
    None,
}

/// One measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    cells: Vec<String>,
}

impl Row {
    /// Judges a measure.
    pub(crate) fn new(
        part: &str,
        measure: &str,
        theirs: Option<f64>,
        ours: Option<f64>,
        target: &Target,
        measured: &str,
    ) -> Row {
        let ratio = match (theirs, ours) {
            (Some(theirs), Some(ours)) => ratio(theirs, ours),
            _ => "-".to_owned(),
        };
        let (wanted, verdict) = judge(theirs, ours, target);
        let text = |value: Option<f64>| value.map_or("-".to_owned(), number);
        let cells = [part, measure, &text(theirs), &text(ours), &ratio, &wanted, &verdict, measured];
        Row { cells: cells.map(str::to_owned).to_vec() }
    }

    fn part(&self) -> &str {
        &self.cells[0]
    }

    /// A line of the table.
    pub(crate) fn show(&self) -> String {
        format!("| {} |", self.cells.join(" | "))
    }

    fn read(line: &str) -> Option<Row> {
        let inner = line.strip_prefix("| ")?.strip_suffix(" |")?;
        let cells: Vec<String> = inner.split(" | ").map(str::to_owned).collect();
        let known = PARTS.iter().any(|(name, _, _)| cells.first().is_some_and(|part| part == name));
        (known && cells.len() == COLUMNS).then_some(Row { cells })
    }
}

fn number(value: f64) -> String {
    if value.abs() >= 100.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else if value.abs() >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

fn ratio(theirs: f64, ours: f64) -> String {
    if theirs <= 0.0 || ours <= 0.0 {
        "-".to_owned()
    } else if ours <= theirs {
        format!("{} times less", number(theirs / ours))
    } else {
        format!("{} times as much", number(ours / theirs))
    }
}

fn judge(theirs: Option<f64>, ours: Option<f64>, target: &Target) -> (String, String) {
    let missing = || "not measured".to_owned();
    let verdict =
        |met: bool, by: f64| if met { "met".to_owned() } else { format!("missed by {}", number(by)) };
    match (target, ours, theirs) {
        (Target::None, _, _) => ("-".to_owned(), "-".to_owned()),
        (Target::AtMost(most), Some(ours), _) => {
            (format!("<= {}", number(*most)), verdict(ours <= *most, ours - most))
        }
        (Target::AtMost(most), None, _) => (format!("<= {}", number(*most)), missing()),
        (Target::TimesLess(times), Some(ours), Some(theirs)) => {
            let most = theirs / times;
            (format!("{} times less", number(*times)), verdict(ours <= most, ours - most))
        }
        (Target::TimesLess(times), _, _) => (format!("{} times less", number(*times)), missing()),
        (Target::TimesMore(times), Some(ours), Some(theirs)) => {
            let least = theirs * times;
            (format!(">= {} times", number(*times)), verdict(ours >= least, least - ours))
        }
        (Target::TimesMore(times), _, _) => (format!(">= {} times", number(*times)), missing()),
    }
}

/// All rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// Puts a part's rows in the place of those it had.
    pub(crate) fn replace(&mut self, part: &str, rows: Vec<Row>) {
        self.rows.retain(|row| row.part() != part);
        self.rows.extend(rows);
        let place = |row: &Row| PARTS.iter().position(|(name, _, _)| *name == row.part());
        self.rows.sort_by_key(place);
    }

    /// In Markdown.
    pub(crate) fn show(&self) -> String {
        HEAD.to_owned() + &self.rows.iter().map(|row| row.show() + "\n").collect::<String>()
    }

    fn read(text: &str) -> Table {
        Table { rows: text.lines().filter_map(Row::read).collect() }
    }
}

/// The table written last; empty when there is none.
pub(crate) fn newest() -> Table {
    let entries = fs::read_dir(results()).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let newest = names.filter(|name| name.starts_with("table-") && name.ends_with(".md")).max();
    let text = newest.and_then(|name| fs::read_to_string(results().join(name)).ok());
    Table::read(&text.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_as_it_was_written() {
        let row =
            |measure| Row::new("crash", measure, Some(1174.0), Some(30.5), &Target::AtMost(30.0), "today");
        let mut table = Table::default();
        table.replace("crash", vec![row("median"), row("worst")]);
        let again = Table::read(&table.show());
        assert_eq!(again.rows, table.rows);
        table.replace("crash", vec![row("median")]);
        assert_eq!(table.rows.len(), 1);
    }

    #[test]
    fn a_miss_says_by_how_much() {
        let row = Row::new("crash", "x", Some(1174.0), Some(30.5), &Target::AtMost(30.0), "today");
        assert_eq!(row.cells[4..7].join(";"), "38.5 times less;<= 30;missed by 0.50");
        let row = Row::new("queries", "x", Some(100.0), Some(130.0), &Target::TimesMore(1.0), "today");
        assert_eq!(row.cells[4..7].join(";"), "1.30 times as much;>= 1 times;met");
        let row = Row::new("crash", "x", None, Some(3.0), &Target::TimesLess(30.0), "today");
        assert_eq!(row.cells[4..7].join(";"), "-;30 times less;not measured");
    }
}

//! Results as a Markdown table: kinds down, flavours side by side.

use std::collections::{BTreeMap, BTreeSet};

use super::fault::Kind;
use super::options::Mix;
use super::record::Record;

/// Only faults that every flavour went through.
pub(crate) fn paired(records: Vec<Record>) -> Vec<Record> {
    let flavours: BTreeSet<String> = records.iter().map(|record| record.flavour.clone()).collect();
    let mut seen: BTreeMap<(u64, u64), BTreeSet<String>> = BTreeMap::new();
    for record in &records {
        seen.entry((record.seed, record.number)).or_default().insert(record.flavour.clone());
    }
    let in_all = |record: &Record| seen[&(record.seed, record.number)].len() == flavours.len();
    records.into_iter().filter(in_all).collect()
}

/// The whole table.
pub(crate) fn table(records: &[Record]) -> String {
    let flavours = [Mix::Ours, Mix::Mixed, Mix::Redis].map(Mix::name);
    let there = |flavour: &&str| records.iter().any(|record| record.flavour == **flavour);
    let flavours: Vec<&str> = flavours.into_iter().filter(there).collect();
    let mut text = "| fault |".to_owned();
    for column in COLUMNS {
        for flavour in &flavours {
            text += &format!(" {}: {flavour} |", column.0);
        }
    }
    text += "\n|---|";
    text += &"---:|".repeat(COLUMNS.len() * flavours.len());
    text.push('\n');
    for kind in Kind::ALL {
        let of_kind: Vec<&Record> = records.iter().filter(|record| record.kind == kind.name()).collect();
        if !of_kind.is_empty() {
            text += &row(kind.name(), &of_kind, &flavours);
        }
    }
    text + &row("**all**", &records.iter().collect::<Vec<_>>(), &flavours)
}

fn row(name: &str, records: &[&Record], flavours: &[&str]) -> String {
    let mut text = format!("| {name} |");
    for (_, cell) in COLUMNS {
        for flavour in flavours {
            let mine: Vec<&Record> =
                records.iter().copied().filter(|record| record.flavour == *flavour).collect();
            text += &format!(" {} |", if mine.is_empty() { "-".to_owned() } else { cell(&mine) });
        }
    }
    text + "\n"
}

type Cell = fn(&[&Record]) -> String;

const COLUMNS: [(&str, Cell); 5] = [
    ("n", number),
    ("whole again, s", whole),
    ("no write, s", gap),
    ("lost", lost),
    ("violations", violations),
];

fn number(records: &[&Record]) -> String {
    records.len().to_string()
}

fn whole(records: &[&Record]) -> String {
    spread(records.iter().filter_map(|record| record.whole_ms).collect())
}

fn gap(records: &[&Record]) -> String {
    spread(records.iter().map(|record| record.gap_ms).collect())
}

fn lost(records: &[&Record]) -> String {
    let mut all: Vec<u64> = records.iter().map(|record| record.lost).collect();
    all.sort_unstable();
    let total: u64 = all.iter().sum();
    if total == 0 { "0".to_owned() } else { format!("{total} ({})", median(&all)) }
}

fn violations(records: &[&Record]) -> String {
    records.iter().map(|record| record.violations.len()).sum::<usize>().to_string()
}

/// Median and worst, in seconds.
fn spread(mut values: Vec<u64>) -> String {
    values.sort_unstable();
    let seconds = |ms: u64| format!("{}.{}", (ms + 50) / 1000, (ms + 50) % 1000 / 100);
    match values.last() {
        Some(worst) => format!("{} ({})", seconds(median(&values)), seconds(*worst)),
        None => "-".to_owned(),
    }
}

fn median(sorted: &[u64]) -> u64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { sorted[middle - 1].midpoint(sorted[middle]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(flavour: &str, number: u64, gap_ms: u64, lost: u64) -> Record {
        let (flavour, kind) = (flavour.to_owned(), "lossy".to_owned());
        Record { flavour, number, kind, gap_ms, lost, whole_ms: Some(960), ..Record::default() }
    }

    #[test]
    fn flavours_stand_side_by_side() {
        let records =
            [record("ours", 0, 2000, 0), record("redis", 0, 10_900, 7), record("redis", 1, 5000, 1)];
        let text = table(&records);
        let row = text.lines().find(|line| line.starts_with("| lossy")).unwrap();
        assert_eq!(
            row,
            "| lossy | 1 | 2 | 1.0 (1.0) | 1.0 (1.0) | 2.0 (2.0) | 8.0 (10.9) | 0 | 8 (4) | 0 | 0 |"
        );
        assert_eq!(text.lines().count(), 4);
    }

    #[test]
    fn what_only_one_went_through_is_no_pair() {
        let records = vec![record("ours", 0, 1, 0), record("redis", 0, 1, 0), record("redis", 1, 1, 0)];
        assert_eq!(paired(records).len(), 2);
    }
}

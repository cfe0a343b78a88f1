//! What a part leaves behind: raw results in a file of its own, and rows of the table.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use watchkeeper_conformance::bench::machine;
use watchkeeper_conformance::{Flavour, binaries};

use crate::stat::Values;
use crate::table::{self, Row, Target};

/// Where results are kept: `$RESULTS`, else with the sources.
pub(crate) fn results() -> PathBuf {
    std::env::var_os("RESULTS").map_or_else(|| binaries::workspace().join("bench/results"), PathBuf::from)
}

/// How a flavour is called.
pub(crate) fn name(flavour: Flavour) -> &'static str {
    match flavour {
        Flavour::Ours => "watchkeeper",
        Flavour::Redis => "redis-sentinel",
        Flavour::Valkey => "valkey-sentinel",
    }
}

/// The results of a part while it runs.
#[derive(Debug)]
pub(crate) struct Report {
    part: &'static str,
    date: String,
    load: String,
    csv: String,
    rows: Vec<Row>,
}

impl Report {
    /// Says what is measured, with what, and on what.
    pub(crate) fn begin(part: &'static str, csv_head: &str) -> Report {
        let date = output("date", &["+%F"]);
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split_whitespace().next().unwrap_or_default().to_owned();
        let (ours, theirs) = (Flavour::Ours.sentinel().0, Flavour::Redis.sentinel().0);
        let about = [
            format!("part {part}, {} at the begin", output("date", &["+%F %H:%M"])),
            format!("machine: {}; {}", machine(), kernel_and_processor()),
            format!("ours: {}", output(&ours.to_string_lossy(), &["--version"])),
            format!("theirs: {}", output(&theirs.to_string_lossy(), &["--version"])),
            format!("sources: {}", output("git", &["describe", "--always", "--dirty"])),
        ];
        let mut csv = String::new();
        for line in about {
            println!("{line}");
            csv += &format!("# {line}\n");
        }
        csv += &format!("{csv_head}\n");
        Report { part, date, load, csv, rows: Vec::new() }
    }

    /// A raw result; `shown` is what people see of it meanwhile.
    pub(crate) fn line(&mut self, csv: &str, shown: &str) {
        self.csv += &format!("{csv}\n");
        println!("{shown}");
    }

    /// A raw result that is not shown.
    pub(crate) fn csv(&mut self, csv: &str) {
        self.csv += &format!("{csv}\n");
    }

    /// A row of the table.
    pub(crate) fn row(&mut self, measure: &str, theirs: Option<f64>, ours: Option<f64>, target: Target) {
        let measured = format!("{}, load {}", self.date, self.load);
        let row = Row::new(self.part, measure, theirs, ours, &target, &measured);
        println!("{}", row.show());
        self.rows.push(row);
    }

    /// As [`Report::row`], of one percentile of many values; `unit` says what is measured.
    pub(crate) fn percentile(
        &mut self,
        measure: &str,
        (theirs, ours): (&Values, &Values),
        percent: usize,
        target: Target,
    ) {
        let measure = format!("{measure} ({} and {} runs)", theirs.count(), ours.count());
        self.row(&measure, theirs.percentile(percent), ours.percentile(percent), target);
    }

    /// Writes both files. What was measured on one side only is no row of the table.
    ///
    /// # Panics
    /// When they cannot be written.
    pub(crate) fn finish(self, with_table: bool) {
        let folder = results();
        fs::create_dir_all(&folder).expect("the folder of results can be made");
        let file = folder.join(format!("{}-{}.csv", self.part, self.date));
        fs::write(&file, &self.csv).expect("results can be written");
        println!("every run: {}", file.strip_prefix(binaries::workspace()).unwrap_or(&file).display());
        if !with_table {
            return;
        }
        let mut table = table::newest();
        table.replace(self.part, self.rows);
        let file = folder.join(format!("table-{}.md", self.date));
        fs::write(file, table.show()).expect("the table can be written");
    }
}

fn kernel_and_processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = memory.lines().next().unwrap_or_default().split_whitespace().nth(1).unwrap_or_default();
    let gigabytes = memory.parse::<u64>().unwrap_or_default() / 1_000_000;
    format!(
        "{}, {gigabytes} GB, Linux {}",
        model.trim_start_matches([' ', '\t', ':']),
        output("uname", &["-r"])
    )
}

/// The first line a program prints.
fn output(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).current_dir(binaries::workspace()).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or_default().trim().to_owned()
}

//! What the programs that measure have in common: their arguments, a file of results, and the machine they ran on.

use std::fs;
use std::io::Write as _;

/// The arguments of a program that measures: how much, and where each run is written.
#[derive(Debug)]
pub struct Bench {
    /// how many runs, megabytes or whatever the program counts
    pub amount: usize,
    file: Option<fs::File>,
}

impl Bench {
    /// Reads `[AMOUNT] [FILE]`; the file begins with `csv_head`. An error is said on standard error.
    ///
    /// # Panics
    ///
    /// If the file cannot be made.
    pub fn from_args(of: &str, usual: usize, usage: &str, csv_head: &str) -> Option<Bench> {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let amount = match words.first().map_or(Ok(usual), |word| word.parse()) {
            Ok(amount) if amount > 0 => amount,
            Ok(_) | Err(_) => {
                eprintln!("error: `{}` is not a number of {of}, expected 1 or more", words[0]);
                eprintln!("hint: {usage}");
                return None;
            }
        };
        let file = words
            .get(1)
            .map(|path| fs::File::create(path).unwrap_or_else(|error| panic!("`{path}`: {error}")));
        let mut bench = Bench { amount, file };
        bench.write(csv_head);
        Some(bench)
    }

    /// Writes a line of results.
    ///
    /// # Panics
    ///
    /// If it cannot be written.
    pub fn write(&mut self, line: &str) {
        if let Some(file) = &mut self.file {
            writeln!(file, "{line}").expect("the file was opened for writing");
        }
    }
}

/// Processors and how busy they are.
pub fn machine() -> String {
    let processors = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    format!("{processors} processors, load {load} (1 and 5 minutes)")
}

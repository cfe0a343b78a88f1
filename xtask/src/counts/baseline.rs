//! The committed counts and what they say of new ones: text to lines and back, and the judgement. Nothing is run here,
//! and no file is read or written.

use std::fmt;

/// How far a count may be from its baseline, in thousandths.
const TOLERANCE: u64 = 30;

const HEAD: &str = "\
# Instructions of fixed work, counted by callgrind: `cargo run -p xtask -- counts`. A count that is more than 3 % away from its
# line fails, up or down; `--update` writes the lines of the compiler, target and C library in use and keeps all others.
# measure count rustc target libc
";

/// What counts depend on besides the code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tools {
    /// `1.85.0`
    pub(super) rustc: String,
    /// `x86_64-unknown-linux-gnu`
    pub(super) target: String,
    /// `glibc-2.36`: its allocator and its copying are a good part of the work
    pub(super) libc: String,
}

impl fmt::Display for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rustc {}, {}, {}", self.rustc, self.target, self.libc)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    measure: String,
    count: u64,
    tools: Tools,
}

/// All lines of the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Baseline(Vec<Line>);

impl Baseline {
    pub(super) fn parse(text: &str) -> Result<Baseline, String> {
        let mut lines = Vec::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let parsed = match words.as_slice() {
                [] => continue,
                [measure, count, rustc, target, libc] => count.parse().ok().map(|count| Line {
                    measure: (*measure).to_owned(),
                    count,
                    tools: Tools {
                        rustc: (*rustc).to_owned(),
                        target: (*target).to_owned(),
                        libc: (*libc).to_owned(),
                    },
                }),
                _ => None,
            };
            let expected = || {
                format!(
                    "line {}: `{line}` is no count, expected `MEASURE COUNT RUSTC TARGET LIBC`",
                    index + 1
                )
            };
            lines.push(parsed.ok_or_else(expected)?);
        }
        Ok(Baseline(lines))
    }

    pub(super) fn of(&self, measure: &str, tools: &Tools) -> Option<u64> {
        self.0.iter().find(|line| line.measure == measure && line.tools == *tools).map(|line| line.count)
    }

    /// Takes the place of all that was known with these tools.
    pub(super) fn replace(&mut self, tools: &Tools, counts: &[(&str, u64)]) {
        self.0.retain(|line| line.tools != *tools);
        self.0.extend(counts.iter().map(|(measure, count)| Line {
            measure: (*measure).to_owned(),
            count: *count,
            tools: tools.clone(),
        }));
        self.0.sort_by(|a, b| a.tools.cmp(&b.tools));
    }

    pub(super) fn render(&self) -> String {
        let mut text = HEAD.to_owned();
        for Line { measure, count, tools: Tools { rustc, target, libc } } in &self.0 {
            text += &format!("{measure} {count} {rustc} {target} {libc}\n");
        }
        text
    }
}

/// What a count means beside its baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// nothing to compare with
    Unknown,
    /// within the tolerance
    Same,
    /// too many
    More,
    /// so many fewer that the old baseline would let as many come back unseen
    Fewer,
}

pub(super) fn judge(count: u64, baseline: Option<u64>) -> Verdict {
    let Some(baseline) = baseline else { return Verdict::Unknown };
    let (count, baseline) = (u128::from(count) * 1_000, u128::from(baseline));
    if count > baseline * u128::from(1_000 + TOLERANCE) {
        Verdict::More
    } else if count < baseline * u128::from(1_000 - TOLERANCE) {
        Verdict::Fewer
    } else {
        Verdict::Same
    }
}

/// `+3.1 %`: how far a count is from its baseline.
pub(super) fn change(count: u64, baseline: u64) -> String {
    format!("{:+.2} %", (count as f64 / baseline.max(1) as f64 - 1.0) * 100.0)
}

/// `1,234,567`
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools(rustc: &str) -> Tools {
        Tools { rustc: rustc.to_owned(), target: "t".to_owned(), libc: "glibc-2.36".to_owned() }
    }

    #[test]
    fn three_per_cent_is_the_most_in_either_direction() {
        let table = [
            (1_030, Some(1_000), Verdict::Same),
            (1_031, Some(1_000), Verdict::More),
            (970, Some(1_000), Verdict::Same),
            (969, Some(1_000), Verdict::Fewer),
            (u64::MAX, Some(u64::MAX), Verdict::Same),
            (1, Some(0), Verdict::More),
            (1, None, Verdict::Unknown),
        ];
        for (count, baseline, verdict) in table {
            assert_eq!(judge(count, baseline), verdict, "{count} {baseline:?}");
        }
        assert_eq!(change(1_031, 1_000), "+3.10 %");
        assert_eq!(change(969, 1_000), "-3.10 %");
        assert_eq!([1, 123, 1_234, 1_234_567].map(grouped), ["1", "123", "1,234", "1,234,567"]);
    }

    #[test]
    fn an_update_keeps_what_other_compilers_counted() {
        let mut baseline = Baseline::parse(HEAD).expect("the head is a comment");
        baseline.replace(&tools("1.95.0"), &[("sim", 10), ("gone", 20)]);
        baseline.replace(&tools("1.85.0"), &[("sim", 11)]);
        baseline.replace(&tools("1.95.0"), &[("sim", 12)]);
        let text = baseline.render();
        assert_eq!(text, format!("{HEAD}sim 11 1.85.0 t glibc-2.36\nsim 12 1.95.0 t glibc-2.36\n"));
        assert_eq!(Baseline::parse(&text), Ok(baseline));
        let baseline = Baseline::parse(&text).expect("it was written by us");
        assert_eq!(baseline.of("sim", &tools("1.95.0")), Some(12));
        assert_eq!(baseline.of("gone", &tools("1.95.0")), None);
        assert_eq!(baseline.of("sim", &tools("1.90.0")), None);
    }

    #[test]
    fn a_line_that_is_no_count_is_named() {
        for line in
            ["sim", "sim 1 1.95.0 t", "sim many 1.95.0 t glibc-2.36", "sim 1 1.95.0 t glibc-2.36 more"]
        {
            let error = Baseline::parse(&format!("# head\n\n{line}\n")).expect_err("it is no count");
            assert!(error.starts_with(&format!("line 3: `{line}`")), "{error}");
        }
    }
}

//! What a run gave, and what all of them say together.

/// The events on the way, earliest of all sentinels unless the name says `last`, and their column in the CSV.
pub(crate) const STEPS: [(&str, &str); 6] = [
    ("+sdown", "sdown_ms"),
    ("+odown", "odown_ms"),
    ("+elected-leader", "elected_ms"),
    ("+promoted-slave", "promoted_ms"),
    ("+switch-master", "first_switch_ms"),
    ("last +switch-master", "last_switch_ms"),
];

/// One kill of a master. All times are milliseconds since the kill.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// from 1
    pub(crate) number: u32,
    /// watched by Watchkeeper, else by Redis's sentinels
    pub(crate) ours: bool,
    /// until the new master took a write
    pub(crate) write_ms: u64,
    /// until each of [`STEPS`]; `None` for an event nobody published
    pub(crate) steps: [Option<u64>; STEPS.len()],
    /// the machine's load over the last minute, at the kill
    pub(crate) load: String,
}

impl Run {
    fn name(&self) -> &'static str {
        if self.ours { "watchkeeper" } else { "redis-sentinel" }
    }

    /// A line for people.
    pub(crate) fn show(&self) -> String {
        let steps = STEPS.iter().zip(&self.steps);
        let steps = steps.map(|((name, _), ms)| ms.map_or(format!("{name} -"), |ms| format!("{name} {ms}")));
        let steps: Vec<String> = steps.collect();
        let name = self.name();
        format!("run {:2} {name:<15} write after {} ms ({})", self.number, self.write_ms, steps.join(", "))
    }

    /// A line of the file.
    pub(crate) fn csv(&self) -> String {
        let steps = self.steps.iter().map(|ms| ms.map_or(String::new(), |ms| ms.to_string()));
        let steps = steps.collect::<Vec<_>>().join(",");
        format!("{},{},{},{steps},{}", self.number, self.name(), self.write_ms, self.load)
    }
}

/// The first line of the file.
pub(crate) fn csv_head() -> String {
    let steps = STEPS.map(|(_, column)| column).join(",");
    format!("run,sentinels,write_ms,{steps},load")
}

/// Medians, best and worst of both, side by side.
pub(crate) fn summary(runs: &[Run], down_after_ms: u64) -> String {
    let mut text =
        format!("milliseconds after kill -9 of the master, down-after-milliseconds {down_after_ms}, ");
    text += &format!("{} runs of each: median (best to worst)\n", runs.iter().filter(|run| run.ours).count());
    text += &format!("{:<22} {:>26} {:>26}\n", "", "watchkeeper", "redis-sentinel");
    let row = |name: &str, value: &dyn Fn(&Run) -> Option<u64>| {
        let column = |ours: bool| spread(runs.iter().filter(|run| run.ours == ours).filter_map(value));
        format!("{name:<22} {:>26} {:>26}\n", column(true), column(false))
    };
    for (at, (name, _)) in STEPS.iter().enumerate().take(3) {
        text += &row(name, &|run| run.steps[at]);
    }
    text += &row("first accepted write", &|run| Some(run.write_ms));
    text += &row("past down-after", &|run| Some(run.write_ms.saturating_sub(down_after_ms)));
    for (at, (name, _)) in STEPS.iter().enumerate().skip(3) {
        text += &row(name, &|run| run.steps[at]);
    }
    text
}

fn spread(values: impl Iterator<Item = u64>) -> String {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    match (values.first(), values.last()) {
        (Some(best), Some(worst)) => format!("{} ({best} to {worst})", median(&values)),
        _ => "-".to_owned(),
    }
}

fn median(sorted: &[u64]) -> u64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { sorted[middle - 1].midpoint(sorted[middle]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(ours: bool, write_ms: u64) -> Run {
        Run { number: 1, ours, write_ms, steps: [None; STEPS.len()], load: "0.5".to_owned() }
    }

    #[test]
    fn the_middle_of_an_even_number_lies_between_two() {
        assert_eq!(median(&[1, 2, 4, 9]), 3);
        assert_eq!(median(&[1, 2, 9]), 2);
    }

    #[test]
    fn both_sides_have_columns_of_their_own() {
        let text = summary(&[run(true, 1010), run(false, 2200), run(true, 1030), run(false, 2400)], 1000);
        let row = text.lines().find(|line| line.starts_with("past down-after")).unwrap();
        let row = row.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(row, "past down-after 20 (10 to 30) 1300 (1200 to 1400)");
        assert_eq!(csv_head().split(',').count(), run(true, 1).csv().split(',').count());
    }
}

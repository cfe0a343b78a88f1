//! What a run gave, and all of them as tables in Markdown.

use crate::load::Lag;

/// One topology with one number of replicas.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// how many replicas
    pub(crate) replicas: usize,
    /// a chain, else a star
    pub(crate) chain: bool,
    /// what was written
    pub(crate) payload_bytes: usize,
    /// what left the master meanwhile
    pub(crate) stream_bytes: u64,
    /// what left it while all replicas copied everything
    pub(crate) copy_bytes: u64,
    /// with nothing else written
    pub(crate) quiet: Lag,
    /// while the payload was written
    pub(crate) busy: Lag,
    /// until the last replica had everything again
    pub(crate) copied_ms: u128,
}

/// The first line of the file.
pub(crate) const CSV_HEAD: &str = "replicas,topology,payload_bytes,stream_bytes,copy_bytes,quiet_median_ms,quiet_worst_ms,\
                                   busy_median_ms,busy_worst_ms,copied_ms";

impl Run {
    fn name(&self) -> &'static str {
        if self.chain { "chain" } else { "star" }
    }

    /// A line for people.
    pub(crate) fn show(&self) -> String {
        format!(
            "{} replicas, {}: {} streamed, {} copied within {:.1} s; lag {} in quiet, {} while writing",
            self.replicas,
            self.name(),
            megabytes(self.stream_bytes),
            megabytes(self.copy_bytes),
            seconds(self.copied_ms),
            lag(&self.quiet),
            lag(&self.busy)
        )
    }

    /// A line of the file.
    pub(crate) fn csv(&self) -> String {
        format!(
            "{},{},{},{},{},{:.2},{:.2},{:.2},{:.2},{}",
            self.replicas,
            self.name(),
            self.payload_bytes,
            self.stream_bytes,
            self.copy_bytes,
            self.quiet.median_ms(),
            self.quiet.worst_ms(),
            self.busy.median_ms(),
            self.busy.worst_ms(),
            self.copied_ms
        )
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

fn seconds(ms: u128) -> f64 {
    ms as f64 / 1e3
}

fn lag(lag: &Lag) -> String {
    format!("{:.1} ({:.1}) ms", lag.median_ms(), lag.worst_ms())
}

/// Star against chain.
pub(crate) fn tables(runs: &[Run]) -> String {
    let mut bytes =
        "| replicas | stream, star | stream, chain | ratio | full copy, star | full copy, chain | ratio |\n\
                     |---|---|---|---|---|---|---|\n"
            .to_owned();
    let mut times = "| replicas | lag in quiet, star | chain | lag while writing, star | chain | copied, star | chain |\n\
                     |---|---|---|---|---|---|---|\n"
        .to_owned();
    for star in runs.iter().filter(|run| !run.chain) {
        let Some(chain) = runs.iter().find(|run| run.chain && run.replicas == star.replicas) else {
            continue;
        };
        let ratio = |star: u64, chain: u64| star as f64 / chain as f64;
        bytes += &format!(
            "| {} | {} | {} | {:.1} | {} | {} | {:.1} |\n",
            star.replicas,
            megabytes(star.stream_bytes),
            megabytes(chain.stream_bytes),
            ratio(star.stream_bytes, chain.stream_bytes),
            megabytes(star.copy_bytes),
            megabytes(chain.copy_bytes),
            ratio(star.copy_bytes, chain.copy_bytes)
        );
        times += &format!(
            "| {} | {} | {} | {} | {} | {:.1} s | {:.1} s |\n",
            star.replicas,
            lag(&star.quiet),
            lag(&chain.quiet),
            lag(&star.busy),
            lag(&chain.busy),
            seconds(star.copied_ms),
            seconds(chain.copied_ms)
        );
    }
    format!("{bytes}\nmedian (worst)\n\n{times}")
}

//! What libFuzzer says of a search.

use std::fmt;

/// The figures at a search's end.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Stats {
    /// Inputs that were run.
    pub(super) runs: u64,
    /// Edges of the control flow that were reached.
    pub(super) edges: u64,
    /// Edges, each with how often: what libFuzzer looks for.
    pub(super) features: u64,
}

impl Stats {
    /// Reads libFuzzer's log: status lines such as `#9 NEW cov: 5 ft: 7 …`, and the final statistics.
    pub(super) fn parse(log: &str) -> Self {
        let mut stats = Self::default();
        let mut words = log.split_ascii_whitespace();
        while let Some(word) = words.next() {
            let figure = match word {
                "cov:" => &mut stats.edges,
                "ft:" => &mut stats.features,
                "stat::number_of_executed_units:" => &mut stats.runs,
                _ => continue,
            };
            if let Some(value) = words.next().and_then(|value| value.parse().ok()) {
                *figure = value;
            }
        }
        stats
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            runs,
            edges,
            features,
        } = self;
        write!(
            f,
            "{runs:>10} runs  {edges:>6} edges  {features:>6} features"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_figures_count() {
        let log = "INFO: seed corpus: files: 2\n\
                   #3\tINITED cov: 80 ft: 81 corp: 1/1b exec/s: 0 rss: 30Mb\n\
                   #9\tDONE   cov: 107 ft: 201 corp: 24/3406b lim: 9 exec/s: 4 rss: 31Mb\n\
                   stat::number_of_executed_units: 1234\n\
                   stat::average_exec_per_sec:     61\n";
        let stats = Stats {
            runs: 1234,
            edges: 107,
            features: 201,
        };
        assert_eq!(Stats::parse(log), stats);
        assert_eq!(
            stats.to_string(),
            "      1234 runs     107 edges     201 features"
        );
    }

    #[test]
    fn a_log_of_something_else_has_none() {
        assert_eq!(Stats::parse("cov: many ft:"), Stats::default());
    }
}

//! What ran, how it went, how long it took.

use std::{fmt::Write, time::Duration};

/// How long the quick set may take from an empty target folder on two cores.
const BUDGET: Duration = Duration::from_secs(20 * 60);

/// A line of the table.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) outcome: Outcome,
}

/// How a step went.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    Ok(Duration),
    Failed(Duration),
    /// This machine cannot run it; why, and what to do.
    Skipped(String),
    /// One before it failed.
    NotRun,
}

impl Outcome {
    fn time(&self) -> Option<Duration> {
        match self {
            Self::Ok(time) | Self::Failed(time) => Some(*time),
            Self::Skipped(_) | Self::NotRun => None,
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Ok(_) => "ok".to_owned(),
            Self::Failed(_) => "FAILED".to_owned(),
            Self::Skipped(why) => format!("skipped: {why}"),
            Self::NotRun => "-".to_owned(),
        }
    }
}

/// One line a step, those that did not run included, and their sum. With `budget`, the sum is held
/// against what the quick set may take.
pub(super) fn table(rows: &[Row], budget: bool) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let mut table = String::new();
    for row in rows {
        let time = row.outcome.time().map(seconds).unwrap_or_default();
        line(&mut table, &row.name, width, &time, &row.outcome.words());
    }
    let total = rows.iter().filter_map(|row| row.outcome.time()).sum();
    let outcome = outcome(rows, budget && total > BUDGET);
    line(&mut table, "total", width, &seconds(total), &outcome);
    table
}

fn outcome(rows: &[Row], over: bool) -> String {
    let skipped = rows
        .iter()
        .filter(|row| matches!(row.outcome, Outcome::Skipped(_)))
        .count();
    if rows
        .iter()
        .any(|row| matches!(row.outcome, Outcome::Failed(_)))
    {
        "FAILED".to_owned()
    } else if over {
        "ok, but over 20 minutes".to_owned()
    } else if skipped > 0 {
        format!("ok, but {skipped} skipped")
    } else {
        "ok".to_owned()
    }
}

fn line(table: &mut String, name: &str, width: usize, time: &str, outcome: &str) {
    let line = format!("{name:width$}  {time:>9}  {outcome}");
    writeln!(table, "{}", line.trim_end()).expect("a string takes all that is written to it");
}

fn seconds(time: Duration) -> String {
    let tenths = (time.as_millis() + 50) / 100;
    format!("{}:{:02}.{}", tenths / 600, tenths % 600 / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(outcomes: [Outcome; 3]) -> Vec<Row> {
        let names = ["fmt", "clippy", "tests"].map(str::to_owned);
        let pairs = names.into_iter().zip(outcomes);
        pairs.map(|(name, outcome)| Row { name, outcome }).collect()
    }

    fn ok(milliseconds: u64) -> Outcome {
        Outcome::Ok(Duration::from_millis(milliseconds))
    }

    #[test]
    fn all_went_well() {
        assert_eq!(
            table(&rows([ok(1500), ok(61_040), ok(600_000)]), true),
            "fmt        0:01.5  ok\n\
             clippy     1:01.0  ok\n\
             tests     10:00.0  ok\n\
             total     11:02.5  ok\n"
        );
    }

    #[test]
    fn one_failed_and_the_rest_did_not_run() {
        let failed = Outcome::Failed(Duration::from_secs(2));
        assert_eq!(
            table(&rows([ok(1500), failed, Outcome::NotRun]), true),
            "fmt        0:01.5  ok\n\
             clippy     0:02.0  FAILED\n\
             tests              -\n\
             total      0:03.5  FAILED\n"
        );
    }

    #[test]
    fn what_is_skipped_has_not_passed() {
        let skipped = Outcome::Skipped("mill is missing: build one".to_owned());
        assert_eq!(
            table(&rows([ok(1500), skipped, ok(0)]), true),
            "fmt        0:01.5  ok\n\
             clippy             skipped: mill is missing: build one\n\
             tests      0:00.0  ok\n\
             total      0:01.5  ok, but 1 skipped\n"
        );
    }

    #[test]
    fn an_hour_is_over_the_budget_of_the_quick_set() {
        let hour = rows([ok(3_600_000), ok(0), ok(0)]);
        let last = |table: String| table.lines().last().unwrap_or_default().to_owned();
        assert_eq!(
            last(table(&hour, true)),
            "total     60:00.0  ok, but over 20 minutes"
        );
        assert_eq!(last(table(&hour, false)), "total     60:00.0  ok");
    }
}

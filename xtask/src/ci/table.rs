//! What ran, how it went, how long it took.

use std::{fmt::Write, time::Duration};

use super::step::Step;

/// How long all steps may take from an empty target folder on two cores.
const BUDGET: Duration = Duration::from_secs(20 * 60);

/// One line a step, those that did not run included, and their sum. There is a time for each step
/// that ran; `failed` is about the last of these.
pub(super) fn table(steps: &[Step], times: &[Duration], failed: bool) -> String {
    let width = steps.iter().map(|step| step.name.len()).max().unwrap_or(0);
    let mut table = String::new();
    for (at, step) in steps.iter().enumerate() {
        let (outcome, time) = match times.get(at) {
            None => ("-", String::new()),
            Some(time) if failed && at + 1 == times.len() => ("FAILED", seconds(*time)),
            Some(time) => ("ok", seconds(*time)),
        };
        row(&mut table, &step.name, width, outcome, &time);
    }
    let total = times.iter().sum();
    let outcome = match (failed, total > BUDGET) {
        (true, _) => "FAILED",
        (false, true) => "ok, but over 20 minutes",
        (false, false) => "ok",
    };
    row(&mut table, "total", width, outcome, &seconds(total));
    table
}

fn row(table: &mut String, name: &str, width: usize, outcome: &str, time: &str) {
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

    fn steps() -> [Step; 3] {
        ["fmt", "clippy", "tests"].map(|name| Step::new(name, ""))
    }

    #[test]
    fn all_went_well() {
        let times = [1500, 61_040, 600_000].map(Duration::from_millis);
        assert_eq!(
            table(&steps(), &times, false),
            "fmt        0:01.5  ok\n\
             clippy     1:01.0  ok\n\
             tests     10:00.0  ok\n\
             total     11:02.5  ok\n"
        );
    }

    #[test]
    fn the_last_one_failed_and_the_rest_did_not_run() {
        let times = [1500, 2000].map(Duration::from_millis);
        assert_eq!(
            table(&steps(), &times, true),
            "fmt        0:01.5  ok\n\
             clippy     0:02.0  FAILED\n\
             tests              -\n\
             total      0:03.5  FAILED\n"
        );
    }

    #[test]
    fn an_hour_is_over_the_budget() {
        let table = table(&steps(), &[Duration::from_secs(3600)], false);
        assert!(
            table.ends_with("total     60:00.0  ok, but over 20 minutes\n"),
            "{table}"
        );
    }
}

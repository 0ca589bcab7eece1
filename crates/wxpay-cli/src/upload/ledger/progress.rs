//! How far a run has come: on a terminal always, elsewhere a line a minute.

use std::{cell::Cell, collections::VecDeque, convert::Infallible, time::Duration};

use tokio::{
    task::spawn_blocking,
    time::{Instant, interval},
};
use wxpay_ledger::{Entry, Outcome};

use super::{gate::words, source::Source};
use crate::{
    terminal,
    upload::{outcome::Failure, progress::Bars},
};

/// The pace is that of the last minute.
const MINUTE: Duration = Duration::from_secs(60);

/// Counts of files.
#[derive(Debug, Default)]
pub(super) struct Tally {
    sent: Cell<u64>,
    known: Cell<u64>,
    refused: Cell<u64>,
    failed: Cell<u64>,
}

impl Tally {
    pub(super) fn sent(&self) {
        self.sent.update(|it| it + 1);
    }

    pub(super) fn known(&self, entry: &Entry) {
        let is_refused = matches!(entry.outcome, Outcome::Refused(_));
        let count = if is_refused {
            &self.refused
        } else {
            &self.known
        };
        count.update(|it| it + 1);
    }

    pub(super) fn gave_up(&self, failure: &Failure) {
        let count = if failure.is_of_file {
            &self.refused
        } else {
            &self.failed
        };
        count.update(|it| it + 1);
    }

    pub(super) fn failed(&self) {
        self.failed.update(|it| it + 1);
    }

    pub(super) fn summary(&self) -> String {
        let (sent, known) = (self.sent.get(), self.known.get());
        let (refused, failed) = (self.refused.get(), self.failed.get());
        format!(
            "{sent} uploaded, {known} had their ids already, {refused} refused, {failed} failed"
        )
    }

    fn done(&self) -> u64 {
        self.sent.get() + self.known.get() + self.refused.get() + self.failed.get()
    }

    /// Shows it, until it is dropped.
    pub(super) async fn show(&self, source: Source, bars: &Bars) -> Infallible {
        let mut count = spawn_blocking(move || source.count());
        let (mut is_counted, mut total) = (false, None);
        let mut ticks = interval(Duration::from_secs(1));
        let mut past = VecDeque::new();
        let mut told = Instant::now();
        loop {
            tokio::select! {
                counted = &mut count, if !is_counted => {
                    is_counted = true;
                    total = counted.ok().flatten();
                }
                _ = ticks.tick() => {}
            }
            past.push_back((Instant::now(), self.sent.get()));
            while past
                .front()
                .is_some_and(|(then, _)| then.elapsed() > MINUTE)
            {
                past.pop_front();
            }
            let pace = past.front().map_or(0.0, |(then, sent)| {
                (self.sent.get() - sent) as f64 / then.elapsed().as_secs_f64().max(0.1)
            });
            let progress = progress(self.done(), total, pace);
            bars.show(total, &progress);
            if !bars.are_shown() && told.elapsed() >= MINUTE {
                told = Instant::now();
                terminal::warn(&progress);
            }
        }
    }
}

fn progress(done: u64, total: Option<u64>, pace: f64) -> String {
    let of = total.map_or(String::new(), |total| format!(" of {total}"));
    let mut text = format!("{done}{of} files, {pace:.1} a second");
    if let Some(total) = total.filter(|_| pace > 0.0) {
        let seconds = total.saturating_sub(done) as f64 / pace;
        let left = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        text += &format!(", {} left", words(left));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_told_where_the_total_and_the_pace_are_known() {
        assert_eq!(progress(0, None, 0.0), "0 files, 0.0 a second");
        assert_eq!(
            progress(5, Some(50_000), 0.0),
            "5 of 50000 files, 0.0 a second"
        );
        let progress = progress(2_000, Some(50_000), 9.96);
        assert_eq!(
            progress,
            "2000 of 50000 files, 10.0 a second, 1 h 20 min left"
        );
    }
}

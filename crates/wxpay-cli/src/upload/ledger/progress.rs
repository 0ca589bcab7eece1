//! The progress of a run: all the time on a terminal, elsewhere a line a minute.

use std::{
    cell::Cell,
    collections::VecDeque,
    convert::Infallible,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::{
    task::spawn_blocking,
    time::{Instant, interval},
};
use wxpay_ledger::Outcome;

use super::{breaker::words, source::Source};
use crate::{
    terminal,
    upload::{outcome::FileOutcome, queue::Bars},
};

/// The span over which the rate is measured, and between two lines.
const MINUTE: Duration = Duration::from_secs(60);

/// The numbers of files by outcome, and of pictures sent.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) sent: Cell<u64>,
    uploaded: Cell<u64>,
    refused: Cell<u64>,
    failed: Cell<u64>,
}

impl Counts {
    pub(super) fn count(&self, outcome: &FileOutcome) {
        let count = match outcome.outcome {
            Outcome::Uploaded { .. } => &self.uploaded,
            Outcome::Refused(_) => &self.refused,
            Outcome::Failed(_) => &self.failed,
        };
        count.update(|it| it + 1);
    }

    pub(super) fn summary(&self) -> String {
        let (sent, refused, failed) = (self.sent.get(), self.refused.get(), self.failed.get());
        let known = self.uploaded.get().saturating_sub(sent);
        format!(
            "{sent} uploaded, {known} had their ids already, {refused} refused, {failed} failed"
        )
    }

    /// Shows the progress until the future is dropped.
    pub(super) async fn show(&self, source: Source, bars: &Bars) -> Infallible {
        let total = Arc::new(OnceLock::new());
        let counted = Arc::clone(&total);
        spawn_blocking(move || counted.set(source.count()));
        let mut ticks = interval(Duration::from_secs(1));
        let mut past = VecDeque::<(Instant, u64)>::new();
        let mut shown = Instant::now();
        loop {
            ticks.tick().await;
            past.push_back((Instant::now(), self.sent.get()));
            if past[0].0.elapsed() > MINUTE {
                past.pop_front();
            }
            let (then, sent) = past[0];
            let rate = (self.sent.get() - sent) as f64 / then.elapsed().as_secs_f64().max(0.1);
            let total = total.get().copied().flatten();
            let done = self.uploaded.get() + self.refused.get() + self.failed.get();
            let progress = progress(done, total, rate);
            if let Some(total) = total {
                bars.files.set_length(total);
            }
            bars.files.set_message(progress.clone());
            if bars.all.is_hidden() && shown.elapsed() >= MINUTE {
                shown = Instant::now();
                terminal::warn(&progress);
            }
        }
    }
}

fn progress(done: u64, total: Option<u64>, rate: f64) -> String {
    let of = total.map_or(String::new(), |total| format!(" of {total}"));
    let mut text = format!("{done}{of} files, {rate:.1} a second");
    if let Some(total) = total.filter(|_| rate > 0.0) {
        let seconds = total.saturating_sub(done) as f64 / rate;
        let left = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        text += &format!(", {} left", words(left));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_shown_if_the_total_and_the_rate_are_known() {
        let all = Some(50_000);
        let left = "2000 of 50000 files, 10.0 a second, 1 h 20 min left";
        for (done, total, rate, shown) in [
            (0, None, 0.0, "0 files, 0.0 a second"),
            (5, all, 0.0, "5 of 50000 files, 0.0 a second"),
            (2_000, all, 9.96, left),
        ] {
            assert_eq!(progress(done, total, rate), shown);
        }
    }
}

//! The metrics of the merchants, in Prometheus' text format.

use std::{
    fmt::{Display, Write},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use time::OffsetDateTime;
use wxpay_media::{Error, RetryAdvice};

use crate::{merchant::Merchant, merchants::Registered};

/// Upper bounds of the histogram's buckets, in seconds: from a round trip to the next city to a queue of a
/// minute.
const BUCKETS: [f64; 10] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

const OUTCOMES: [&str; 5] = ["uploaded", "refused", "throttled", "failed", "stopped"];

/// The counters of a merchant.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    outcomes: [AtomicU64; OUTCOMES.len()],
    /// The last bucket has no upper bound.
    buckets: [AtomicU64; BUCKETS.len() + 1],
    microseconds: AtomicU64,
    reused: AtomicU64,
}

impl Metrics {
    pub(crate) fn uploaded(&self, result: Result<(), &Error>, took: Duration) {
        let outcome = match result.map_err(Error::retry_advice) {
            Ok(()) => 0,
            Err(RetryAdvice::Refused) => 1,
            Err(RetryAdvice::Throttle) => 2,
            Err(RetryAdvice::Retry) => 3,
            Err(_) => 4,
        };
        add(&self.outcomes[outcome], 1);
        let seconds = took.as_secs_f64();
        let bucket = BUCKETS.partition_point(|bound| *bound < seconds);
        add(&self.buckets[bucket], 1);
        add(&self.microseconds, took.as_micros() as u64);
    }

    /// Counts a picture that was refused before it was sent.
    pub(crate) fn refused(&self) {
        add(&self.outcomes[1], 1);
    }

    pub(crate) fn reused(&self) {
        add(&self.reused, 1);
    }
}

fn add(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

/// Writes the metrics of all merchants in Prometheus' text format.
pub(crate) fn render(all: &[Registered]) -> String {
    let merchants = all.iter().filter_map(|it| it.merchant.as_deref());
    let merchants = merchants.map(|merchant| (label(&merchant.id), merchant));
    let merchants: Vec<(String, &Merchant)> = merchants.collect();
    let mut page = Page::default();
    page.family("wxpay_uploads_total", "counter", "Pictures by outcome.");
    for (labels, merchant) in &merchants {
        for (outcome, count) in OUTCOMES.iter().zip(&merchant.metrics.outcomes) {
            page.sample("", &format!("{labels},outcome=\"{outcome}\""), read(count));
        }
    }
    let help = "Time of an upload, with its turn and all attempts.";
    page.family("wxpay_upload_duration_seconds", "histogram", help);
    for (labels, merchant) in &merchants {
        let mut count = 0;
        let bounds = BUCKETS.map(|bound| bound.to_string());
        let bounds = bounds.into_iter().chain(["+Inf".to_owned()]);
        for (bound, bucket) in bounds.zip(&merchant.metrics.buckets) {
            count += read(bucket);
            page.sample("_bucket", &format!("{labels},le=\"{bound}\""), count);
        }
        let seconds = read(&merchant.metrics.microseconds) as f64 / 1e6;
        page.sample("_sum", labels, seconds);
        page.sample("_count", labels, count);
    }
    page.family("wxpay_reused_total", "counter", "Ids given again.");
    for (labels, merchant) in &merchants {
        page.sample("", labels, read(&merchant.metrics.reused));
    }
    page.family("wxpay_queue_requests", "gauge", "Requests under way.");
    for (labels, merchant) in &merchants {
        page.sample("", labels, merchant.waiting());
    }
    page.family("wxpay_certificate_days_left", "gauge", "Days of validity.");
    for (labels, merchant) in &merchants {
        if let Some(end) = merchant.not_after() {
            let left = OffsetDateTime::from(end) - OffsetDateTime::now_utc();
            page.sample(
                "",
                labels,
                format!("{:.2}", left.as_seconds_f64() / 86_400.0),
            );
        }
    }
    let help = "1 where settings have changed and cannot be used.";
    page.family("wxpay_merchant_settings_broken", "gauge", help);
    for it in all {
        page.sample("", &label(&it.name()), u8::from(it.broken.is_some()));
    }
    page.text
}

/// The text, and the name of the current metric. Writing into a string cannot fail.
#[derive(Default)]
struct Page {
    text: String,
    name: &'static str,
}

impl Page {
    fn family(&mut self, name: &'static str, kind: &str, help: &str) {
        self.name = name;
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, suffix: &str, labels: &str, value: impl Display) {
        let _ = writeln!(self.text, "{}{suffix}{{{labels}}} {value}", self.name);
    }
}

/// The label with a merchant's id or file name.
fn label(merchant: &str) -> String {
    let value = merchant.replace('\\', r"\\").replace('"', "\\\"");
    format!("merchant=\"{}\"", value.replace('\n', r"\n"))
}

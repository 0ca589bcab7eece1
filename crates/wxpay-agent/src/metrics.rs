//! The metrics of the merchants, in Prometheus' text format.

use std::{
    borrow::Cow,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use time::OffsetDateTime;
use wxpay_media::{Error, RetryAdvice};

/// Upper bounds of the histogram's buckets, in seconds: from a round trip to the next city to a
/// queue of a minute.
const BUCKETS: [f64; 10] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// The name, the type and the help text of each metric.
const FAMILIES: &str = "\
wxpay_uploads_total counter Pictures by outcome.
wxpay_upload_duration_seconds histogram Time of an upload, with the wait for the rate and all attempts.
wxpay_reused_total counter Ids given again.
wxpay_queue_requests gauge Requests that wait or are under way.
wxpay_certificate_days_left gauge Days of validity.
wxpay_merchant_settings_broken gauge 1 if the present settings cannot be used.";

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

/// The state of a merchant.
pub(crate) struct Snapshot<'a> {
    pub(crate) id: &'a str,
    pub(crate) metrics: &'a Metrics,
    /// The number of requests that wait or are under way.
    pub(crate) waiting: usize,
    /// The end of the certificate's validity.
    pub(crate) not_after: Option<SystemTime>,
}

fn add(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> f64 {
    counter.load(Ordering::Relaxed) as f64
}

/// The suffix of the name, the labels and the value.
type Sample = (&'static str, String, f64);

/// Writes the metrics of all merchants, and for each name whether its settings are broken.
pub(crate) fn render<'a>(
    merchants: impl Iterator<Item = Snapshot<'a>>,
    broken: impl Iterator<Item = (Cow<'a, str>, bool)>,
) -> String {
    let samples: [Vec<Sample>; 5] = Default::default();
    let [mut uploads, mut seconds, mut reused, mut queue, mut days] = samples;
    for merchant in merchants {
        let (metrics, label) = (merchant.metrics, label(merchant.id));
        for (outcome, count) in OUTCOMES.iter().zip(&metrics.outcomes) {
            uploads.push(("", format!("{label},outcome=\"{outcome}\""), read(count)));
        }
        let mut count = 0.0;
        let bounds = BUCKETS.map(|bound| bound.to_string());
        let bounds = bounds.into_iter().chain(["+Inf".to_owned()]);
        for (bound, bucket) in bounds.zip(&metrics.buckets) {
            count += read(bucket);
            seconds.push(("_bucket", format!("{label},le=\"{bound}\""), count));
        }
        seconds.push(("_sum", label.clone(), read(&metrics.microseconds) / 1e6));
        seconds.push(("_count", label.clone(), count));
        reused.push(("", label.clone(), read(&metrics.reused)));
        queue.push(("", label.clone(), merchant.waiting as f64));
        if let Some(end) = merchant.not_after {
            let left = OffsetDateTime::from(end) - OffsetDateTime::now_utc();
            let hundredths = (left.as_seconds_f64() / 864.0).round();
            days.push(("", label, hundredths / 100.0));
        }
    }
    let broken = broken.map(|(name, is_broken)| ("", label(&name), f64::from(is_broken)));
    let broken = broken.collect();
    let mut text = String::new();
    let samples = [uploads, seconds, reused, queue, days, broken];
    for (family, samples) in FAMILIES.lines().zip(samples) {
        let mut words = family.splitn(3, ' ');
        let [name, kind, help] = [(); 3].map(|()| words.next().unwrap_or_default());
        text += &format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
        for (suffix, labels, value) in samples {
            text += &format!("{name}{suffix}{{{labels}}} {value}\n");
        }
    }
    text
}

/// The label with a merchant's id or file name.
fn label(merchant: &str) -> String {
    let value = merchant.replace('\\', r"\\").replace('"', "\\\"");
    format!("merchant=\"{}\"", value.replace('\n', r"\n"))
}

//! Counters, and Prometheus' text of them.

use std::{
    fmt::{Display, Write},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use wxpay_media::{Error, RetryAdvice};

use crate::merchant::Merchant;

/// Upper bounds of the buckets, in seconds: a round trip to the next city, one around the world, a queue
/// of a minute.
const BUCKETS: [f64; 10] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

const OUTCOMES: [&str; 5] = ["uploaded", "refused", "throttled", "failed", "stopped"];

/// The counters of a merchant.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    outcomes: [AtomicU64; OUTCOMES.len()],
    buckets: [AtomicU64; BUCKETS.len()],
    uploads: AtomicU64,
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
        if let Some(at) = BUCKETS.iter().position(|bound| seconds <= *bound) {
            add(&self.buckets[at], 1);
        }
        add(&self.uploads, 1);
        add(&self.microseconds, took.as_micros() as u64);
    }

    /// A picture that was not sent, for the gateway would refuse it.
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

/// The exposition of all merchants, and of what the folder holds that is not used.
pub(crate) fn render<'a>(
    merchants: impl Iterator<Item = &'a Merchant> + Clone,
    broken: impl Iterator<Item = (String, bool)>,
) -> String {
    let mut text = String::new();
    family(
        &mut text,
        "wxpay_uploads_total",
        "counter",
        "Uploads by outcome.",
    );
    for merchant in merchants.clone() {
        for (outcome, count) in OUTCOMES.iter().zip(&merchant.metrics.outcomes) {
            let labels = format!("{},outcome=\"{outcome}\"", of(merchant));
            sample(&mut text, "wxpay_uploads_total", &labels, read(count));
        }
    }
    let name = "wxpay_upload_duration_seconds";
    family(
        &mut text,
        name,
        "histogram",
        "Time of an upload, with its turn and all attempts.",
    );
    for merchant in merchants.clone() {
        let (labels, metrics) = (of(merchant), &merchant.metrics);
        let mut count = 0;
        for (bound, bucket) in BUCKETS.iter().zip(&metrics.buckets) {
            count += read(bucket);
            let labels = format!("{labels},le=\"{bound}\"");
            sample(&mut text, &format!("{name}_bucket"), &labels, count);
        }
        let all = read(&metrics.uploads);
        let seconds = read(&metrics.microseconds) as f64 / 1e6;
        let infinite = format!("{labels},le=\"+Inf\"");
        sample(&mut text, &format!("{name}_bucket"), &infinite, all);
        sample(&mut text, &format!("{name}_sum"), &labels, seconds);
        sample(&mut text, &format!("{name}_count"), &labels, all);
    }
    family(
        &mut text,
        "wxpay_reused_total",
        "counter",
        "Ids that were given without an upload.",
    );
    for merchant in merchants.clone() {
        let count = read(&merchant.metrics.reused);
        sample(&mut text, "wxpay_reused_total", &of(merchant), count);
    }
    family(
        &mut text,
        "wxpay_queue_requests",
        "gauge",
        "Requests that wait or are under way.",
    );
    for merchant in merchants.clone() {
        sample(
            &mut text,
            "wxpay_queue_requests",
            &of(merchant),
            merchant.waiting(),
        );
    }
    let name = "wxpay_certificate_days_left";
    family(
        &mut text,
        name,
        "gauge",
        "Days until the merchant's certificate expires.",
    );
    for merchant in merchants {
        if let Some(end) = merchant.not_after() {
            sample(&mut text, name, &of(merchant), days_until(end));
        }
    }
    let name = "wxpay_merchant_file_broken";
    family(
        &mut text,
        name,
        "gauge",
        "1 where a merchant's settings cannot be used as they are now.",
    );
    for (file, is_broken) in broken {
        let labels = format!("file=\"{}\"", escape(&file));
        sample(&mut text, name, &labels, u8::from(is_broken));
    }
    text
}

fn days_until(end: SystemTime) -> f64 {
    let seconds = match end.duration_since(SystemTime::now()) {
        Ok(left) => left.as_secs_f64(),
        Err(passed) => -passed.duration().as_secs_f64(),
    };
    (seconds / 86_400.0 * 100.0).round() / 100.0
}

fn of(merchant: &Merchant) -> String {
    format!("merchant=\"{}\"", escape(&merchant.id()))
}

fn escape(value: &str) -> String {
    let value = value.replace('\\', r"\\").replace('"', "\\\"");
    value.replace('\n', r"\n")
}

fn family(text: &mut String, name: &str, kind: &str, help: &str) {
    // Writing into a string cannot fail.
    let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
}

fn sample(text: &mut String, name: &str, labels: &str, value: impl Display) {
    let _ = writeln!(text, "{name}{{{labels}}} {value}");
}

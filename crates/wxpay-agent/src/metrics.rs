//! Counters, and Prometheus' text of them.

use std::{
    fmt::Write,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use wxpay_media::{Error, RetryAdvice};

use crate::{merchant::Merchant, merchants::View};

/// Upper bounds of the buckets, in seconds: a round trip to the next city, one around the world, a queue
/// of a minute.
const BUCKETS: [f64; 10] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

const OUTCOMES: [&str; 5] = ["uploaded", "refused", "throttled", "failed", "stopped"];

/// The counters of a merchant.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    outcomes: [AtomicU64; OUTCOMES.len()],
    /// The last one is for what takes longer.
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
        let bucket = BUCKETS
            .iter()
            .position(|bound| took.as_secs_f64() <= *bound);
        add(&self.buckets[bucket.unwrap_or(BUCKETS.len())], 1);
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

/// All that is known of the merchants, in Prometheus' exposition format.
pub(crate) fn render(views: &[View]) -> String {
    let mut text = String::new();
    let usable = views.iter().filter_map(|view| view.merchant.as_deref());
    let merchants: Vec<(String, &Merchant)> = usable.map(|it| (escape(&it.id()), it)).collect();
    // Writing into a string cannot fail.
    let mut family =
        |name: &str, kind: &str, help: &str, samples: &dyn Fn(&str, &Merchant) -> String| {
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
            text.extend(merchants.iter().map(|(id, merchant)| samples(id, merchant)));
        };
    let name = "wxpay_uploads_total";
    family(name, "counter", "Pictures by outcome.", &|id, merchant| {
        let counts = OUTCOMES.iter().zip(&merchant.metrics.outcomes);
        let sample = |(outcome, count)| {
            format!(
                "{name}{{merchant=\"{id}\",outcome=\"{outcome}\"}} {}\n",
                read(count)
            )
        };
        counts.map(sample).collect()
    });
    let name = "wxpay_upload_duration_seconds";
    family(
        name,
        "histogram",
        "Time of an upload, with its turn and all attempts.",
        &|id, merchant| {
            let (mut samples, mut count) = (String::new(), 0);
            let bounds = BUCKETS
                .iter()
                .map(f64::to_string)
                .chain(["+Inf".to_owned()]);
            for (bound, bucket) in bounds.zip(&merchant.metrics.buckets) {
                count += read(bucket);
                let _ = writeln!(
                    samples,
                    "{name}_bucket{{merchant=\"{id}\",le=\"{bound}\"}} {count}"
                );
            }
            let seconds = read(&merchant.metrics.microseconds) as f64 / 1e6;
            let _ = writeln!(samples, "{name}_sum{{merchant=\"{id}\"}} {seconds}");
            let _ = writeln!(samples, "{name}_count{{merchant=\"{id}\"}} {count}");
            samples
        },
    );
    let name = "wxpay_reused_total";
    family(
        name,
        "counter",
        "Ids that were given without an upload of their own.",
        &|id, merchant| {
            format!(
                "{name}{{merchant=\"{id}\"}} {}\n",
                read(&merchant.metrics.reused)
            )
        },
    );
    let name = "wxpay_queue_requests";
    family(
        name,
        "gauge",
        "Requests that wait or are under way.",
        &|id, merchant| format!("{name}{{merchant=\"{id}\"}} {}\n", merchant.waiting()),
    );
    let name = "wxpay_certificate_days_left";
    family(
        name,
        "gauge",
        "Days until the certificate expires.",
        &|id, merchant| {
            let days = merchant.not_after().map(days_until);
            days.map_or(String::new(), |days| {
                format!("{name}{{merchant=\"{id}\"}} {days:.2}\n")
            })
        },
    );
    let name = "wxpay_merchant_settings_broken";
    let help = "1 where settings have changed and cannot be used.";
    let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n");
    for view in views {
        let (shown, is_broken) = (escape(&view.shown()), u8::from(view.broken.is_some()));
        let _ = writeln!(text, "{name}{{merchant=\"{shown}\"}} {is_broken}");
    }
    text
}

fn days_until(end: SystemTime) -> f64 {
    let seconds = match end.duration_since(SystemTime::now()) {
        Ok(left) => left.as_secs_f64(),
        Err(passed) => -passed.duration().as_secs_f64(),
    };
    seconds / 86_400.0
}

/// The value of a label: an id, or the name of a file.
fn escape(value: &str) -> String {
    let value = value.replace('\\', r"\\").replace('"', "\\\"");
    value.replace('\n', r"\n")
}

//! Times as JSON.

use std::time::{Duration, SystemTime};

use serde::Serializer;
use time::OffsetDateTime;

/// As `2026-11-23T18:39:26.123Z`.
pub(super) fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let time = OffsetDateTime::from(*time);
    serializer.collect_str(&format_args!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.millisecond()
    ))
}

/// As `0.25`.
pub(super) fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    #[test]
    fn times() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_459_166_007);
        let mut json = Vec::new();
        super::rfc3339(&time, &mut serde_json::Serializer::new(&mut json)).unwrap();
        assert_eq!(json, b"\"2026-11-23T18:39:26.007Z\"");
    }
}

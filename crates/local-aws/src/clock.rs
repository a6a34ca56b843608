//! Formats times as AWS services write them.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

#[expect(clippy::disallowed_methods, reason = "the edge: steps read the time from these services")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Returns the seconds since 1970, the form of times in JSON APIs.
pub(crate) fn epoch(time: DateTime<Utc>) -> Value {
    // Milliseconds since 1970 fit a double's 53 bits.
    let seconds = time.timestamp_millis() as f64 / 1_000.0;
    seconds.into()
}

/// Formats a time as RFC 3339 with milliseconds, the form of times in notifications and events.
pub(crate) fn rfc_3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds() {
        let time = DateTime::from_timestamp_millis(1_567_432_132_226).unwrap();
        assert_eq!(epoch(time), 1_567_432_132.226);
        assert_eq!(rfc_3339(time), "2019-09-02T13:48:52.226Z");
    }
}

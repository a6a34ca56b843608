//! The time.

use aws_sdk_dynamodb::primitives::DateTime as SdkDateTime;
use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};

/// The source of the time. Tests use a fixed one.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The wall clock, which the `bootstrap` and the command line use.
    System,
    /// A fixed time, for tests.
    Fixed(DateTime<Utc>),
}

impl Clock {
    /// Returns the current time in UTC.
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
            Clock::System => Utc::now(),
            Clock::Fixed(time) => *time,
        }
    }
}

/// Converts the SDK's time to chrono's. A time outside chrono's range of about 500,000 years becomes the epoch.
pub fn utc(time: &SdkDateTime) -> DateTime<Utc> {
    DateTime::from_timestamp(time.secs(), time.subsec_nanos()).unwrap_or_default()
}

/// Converts the SDK's time like [`utc`], rounded to milliseconds. Use it for the times of Step Functions, which have
/// milliseconds and reach the SDK as floating-point numbers.
pub fn utc_milliseconds(time: &SdkDateTime) -> DateTime<Utc> {
    let exact = utc(time);
    exact.duration_round(TimeDelta::milliseconds(1)).unwrap_or(exact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_step_functions_have_milliseconds() {
        let time = SdkDateTime::from_secs_and_nanos(1_800_003_600, 848_999_977);
        assert_eq!(utc_milliseconds(&time).to_rfc3339(), "2027-01-15T09:00:00.849+00:00");
    }
}

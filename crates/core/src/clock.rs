//! The time, as a step sees it.

use aws_sdk_dynamodb::primitives::DateTime as SdkDateTime;
use chrono::{DateTime, Utc};

/// Where a step takes the time from, so that a test can say what time it is.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's own clock: what the `bootstrap` and the command line use.
    System,
    /// Always this moment: what tests use.
    Fixed(DateTime<Utc>),
}

impl Clock {
    /// The time now, in UTC.
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
            Clock::System => Utc::now(),
            Clock::Fixed(time) => *time,
        }
    }
}

/// The SDK's time as chrono's; a time outside chrono's 500,000 years becomes the epoch.
pub fn utc(time: &SdkDateTime) -> DateTime<Utc> {
    DateTime::from_timestamp(time.secs(), time.subsec_nanos()).unwrap_or_default()
}

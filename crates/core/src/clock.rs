//! The time.

use aws_sdk_dynamodb::primitives::DateTime as SdkDateTime;
use chrono::{DateTime, Utc};

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

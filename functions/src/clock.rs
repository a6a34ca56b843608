//! The time, as a step sees it.

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

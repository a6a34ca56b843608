//! The time between two polls of a restore.
//!
//! AWS does not notify when a restored table is ready, so a state machine polls. Each poll costs three state
//! transitions (wait, check, choose). With a poll per minute, a restore of 20 minutes would cost 60 transitions, and
//! one of 40 hours would fill the history of the execution. The wait therefore grows with the age of the restore: five
//! sixths of it, at least one minute, at most ten minutes. Polls then come at about 1, 2, 4, 7, 12, 22, 32, 42 …
//! minutes:
//!
//! - A restore of 20 minutes is found ready at the sixth poll.
//! - A ready table stays undetected for at most five sixths of the time that its restore took (or a minute, if that is
//!   longer), and for at most ten minutes, plus the time of the poll itself.
//! - A restore of 48 hours costs under 900 transitions and under 4,000 of the 25,000 history events.

use chrono::{DateTime, TimeDelta, Utc};

/// The shortest wait for a restore, in seconds.
pub const SHORTEST: i64 = 60;
/// The longest wait, in seconds.
const LONGEST: i64 = 600;

/// Returns the seconds to wait at `now` for a restore that began at `started_at` and has until `deadline`. The last
/// poll comes right after the deadline.
pub fn wait_seconds(now: DateTime<Utc>, started_at: DateTime<Utc>, deadline: DateTime<Utc>) -> u32 {
    wait_seconds_from(SHORTEST, now, started_at, deadline)
}

/// Does the same as [`wait_seconds`] with another shortest wait, in seconds, for work that may be ready sooner.
pub fn wait_seconds_from(
    shortest: i64,
    now: DateTime<Utc>,
    started_at: DateTime<Utc>,
    deadline: DateTime<Utc>,
) -> u32 {
    let age = (now - started_at).num_seconds().max(0);
    let grown = (age * 5 / 6).clamp(shortest, LONGEST);
    let left = (deadline - now + TimeDelta::milliseconds(999)).num_seconds().max(0) + 1;
    u32::try_from(grown.min(left)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polls(restore_seconds: i64, deadline_seconds: i64) -> Vec<i64> {
        let start = DateTime::UNIX_EPOCH;
        let deadline = start + TimeDelta::seconds(deadline_seconds);
        let mut polls = Vec::new();
        let mut age = 0;
        while age < restore_seconds {
            age += i64::from(wait_seconds(start + TimeDelta::seconds(age), start, deadline));
            polls.push(age);
        }
        polls
    }

    #[test]
    fn restore_of_twenty_minutes_is_found_ready_at_the_sixth_poll() {
        assert_eq!(polls(1_200, 172_800), [60, 120, 220, 403, 738, 1_338]);
    }

    #[test]
    fn readiness_is_detected_within_ten_minutes_and_five_sixths_of_the_restores_age() {
        for ready_at in 60..20_000 {
            let seen_at = polls(ready_at, 172_800).last().copied().unwrap();
            let unseen = seen_at - ready_at;
            assert!(unseen <= LONGEST && unseen <= (ready_at * 5 / 6).max(SHORTEST), "{ready_at}: {unseen}");
        }
    }

    #[test]
    fn last_poll_comes_right_after_the_deadline() {
        let polls = polls(90, 90);
        assert!(matches!(polls.as_slice(), [60, last] if (91..=92).contains(last)), "{polls:?}");
    }

    #[test]
    fn two_days_of_polls_fit_into_the_history() {
        assert!(polls(172_800, 172_800).len() * 3 < 900);
    }
}

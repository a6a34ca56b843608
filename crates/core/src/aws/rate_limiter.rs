//! Limits capacity units per second.

use std::time::Duration;

use tokio::time::Instant;

/// A limiter of capacity units per second. The units of a request are known only from its response, so they are
/// estimated before and corrected after it.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    per_second: Option<f64>,
    /// Units that were taken in advance.
    owed: f64,
    since: Instant,
}

impl RateLimiter {
    /// Creates a limiter of this many units per second; `None` means no limit.
    pub(crate) fn new(per_second: Option<f64>, now: Instant) -> RateLimiter {
        RateLimiter { per_second, owed: 0.0, since: now }
    }

    /// Creates a limiter for one of `shares` equal shares of a rate; 0 units per second means no limit.
    pub(crate) fn share(units_per_second: u32, shares: u32, now: Instant) -> RateLimiter {
        let share = f64::from(units_per_second) / f64::from(shares.max(1));
        RateLimiter::new((share > 0.0).then_some(share), now)
    }

    /// Takes units, and returns how long to wait before using them.
    pub(crate) fn take(&mut self, units: f64, now: Instant) -> Duration {
        let Some(per_second) = self.per_second else { return Duration::ZERO };
        let grown = now.saturating_duration_since(self.since).as_secs_f64() * per_second;
        (self.owed, self.since) = ((self.owed - grown).max(0.0), now);
        let wait = Duration::try_from_secs_f64(self.owed / per_second).unwrap_or(Duration::MAX);
        self.owed += units;
        wait
    }

    /// Corrects an estimate after the response.
    pub(crate) fn correct(&mut self, guessed: f64, took: f64) {
        self.owe(took - guessed);
    }

    /// Adds the units of a request that were not estimated before.
    pub(crate) fn owe(&mut self, units: f64) {
        self.owed += units;
    }

    /// Returns the time by which the taken units are covered by the rate; `None` without a limit.
    pub(crate) fn due(&self) -> Option<Instant> {
        let seconds = self.owed / self.per_second?;
        self.since.checked_add(Duration::try_from_secs_f64(seconds).ok()?)
    }

    /// Waits until the taken units are covered by the rate.
    pub(crate) async fn wait(&mut self) {
        let wait = self.take(0.0, Instant::now());
        // A timer of no time takes until the next millisecond.
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// Returns the units that the rate allows in this time; `None` without a limit.
    pub(crate) fn units_in(&self, time: Duration) -> Option<f64> {
        self.per_second.map(|per_second| per_second * time.as_secs_f64())
    }

    /// Returns whether `end` has passed, or will have passed once the taken units and `units` more are covered by the
    /// rate. A caller that must cover all its units by `end` takes no more then.
    pub(crate) fn is_over_with(&self, units: f64, end: Instant, now: Instant) -> bool {
        let more =
            self.per_second.and_then(|per_second| Duration::try_from_secs_f64(units / per_second).ok());
        let due = self.due().and_then(|due| due.max(now).checked_add(more?));
        now >= end || self.per_second.is_some() && due.is_none_or(|due| due >= end)
    }

    /// Returns whether `end` has passed, or will have passed once the taken units are covered by the rate. A caller
    /// that must stop by `end` reads no more then, as the next read would only be covered after it.
    pub(crate) fn is_over(&self, end: Instant, now: Instant) -> bool {
        self.is_over_with(0.0, end, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limiter_waits_for_owed_units() {
        let begin = Instant::now();
        let mut rate_limiter = RateLimiter::new(Some(10.0), begin);
        let at = |seconds: f64| begin + Duration::from_secs_f64(seconds);
        assert_eq!(rate_limiter.take(25.0, at(0.0)), Duration::ZERO);
        assert_eq!(rate_limiter.take(5.0, at(0.0)), Duration::from_secs_f64(2.5));
        assert_eq!(rate_limiter.take(10.0, at(1.0)), Duration::from_secs(2));
        // What was owed was covered long ago, but unused time is not saved up.
        assert_eq!(rate_limiter.take(10.0, at(60.0)), Duration::ZERO);
        assert_eq!(rate_limiter.take(10.0, at(60.0)), Duration::from_secs(1));
    }

    #[test]
    fn wrong_estimate_is_corrected() {
        let begin = Instant::now();
        let mut rate_limiter = RateLimiter::new(Some(10.0), begin);
        rate_limiter.take(10.0, begin);
        rate_limiter.correct(10.0, 30.0);
        assert_eq!(rate_limiter.take(10.0, begin), Duration::from_secs(3));
        rate_limiter.correct(10.0, 0.0);
        rate_limiter.correct(30.0, 0.0);
        assert_eq!(rate_limiter.take(10.0, begin), Duration::ZERO);
    }

    #[test]
    fn share_is_owed_until_its_due_time() {
        let began = Instant::now();
        let mut pace_of_four = RateLimiter::share(100, 4, began);
        assert_eq!(pace_of_four.due(), Some(began));
        pace_of_four.owe(128.0);
        pace_of_four.owe(22.0);
        let due = began + Duration::from_secs(6);
        assert_eq!(pace_of_four.due(), Some(due));
        assert!(
            pace_of_four.is_over(due, began) && !pace_of_four.is_over(due + Duration::from_millis(1), began)
        );
        let mut unlimited = RateLimiter::share(0, 4, began);
        unlimited.owe(1e9);
        assert_eq!(unlimited.due(), None);
        assert!(unlimited.is_over(began, began) && !unlimited.is_over(due, began));
    }

    #[test]
    fn limiter_is_over_if_units_are_not_covered_in_time() {
        let began = Instant::now();
        let rate_limiter = RateLimiter::new(Some(10.0), began);
        assert_eq!(rate_limiter.units_in(Duration::from_secs(3)), Some(30.0));
        let in_a_minute = began + Duration::from_secs(60);
        assert!(
            !rate_limiter.is_over_with(590.0, in_a_minute, began)
                && rate_limiter.is_over_with(610.0, in_a_minute, began)
        );
        assert!(
            rate_limiter.is_over_with(f64::INFINITY, in_a_minute, began)
                && rate_limiter.is_over_with(0.0, began, began)
        );
        let unlimited = RateLimiter::new(None, began);
        assert_eq!(unlimited.units_in(Duration::from_secs(3)), None);
        assert!(
            !unlimited.is_over_with(1e9, in_a_minute, began) && unlimited.is_over_with(0.0, began, began)
        );
    }

    #[test]
    fn unlimited_rate_never_waits() {
        let begin = Instant::now();
        let mut rate_limiter = RateLimiter::new(None, begin);
        rate_limiter.take(1e12, begin);
        assert_eq!(rate_limiter.take(1.0, begin), Duration::ZERO);
    }
}

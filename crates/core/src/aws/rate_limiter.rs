//! Capacity units, spread over time.

use std::time::Duration;

use tokio::time::Instant;

/// How fast units may be taken. What a request takes is known when it was answered, so it is guessed before and put
/// right then.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    per_second: Option<f64>,
    /// Units that were taken before their time.
    owed: f64,
    since: Instant,
}

impl RateLimiter {
    /// So many units a second; `None` for as many as there are.
    pub(crate) fn new(per_second: Option<f64>, now: Instant) -> RateLimiter {
        RateLimiter { per_second, owed: 0.0, since: now }
    }

    /// One of so many equal shares of so many units a second; 0 units for as many as there are.
    pub(crate) fn share(units_per_second: u32, shares: u32, now: Instant) -> RateLimiter {
        let share = f64::from(units_per_second) / f64::from(shares.max(1));
        RateLimiter::new((share > 0.0).then_some(share), now)
    }

    /// Takes units, and says how long to wait before they are used.
    pub(crate) fn take(&mut self, units: f64, now: Instant) -> Duration {
        let Some(per_second) = self.per_second else { return Duration::ZERO };
        let grown = now.saturating_duration_since(self.since).as_secs_f64() * per_second;
        (self.owed, self.since) = ((self.owed - grown).max(0.0), now);
        let wait = Duration::try_from_secs_f64(self.owed / per_second).unwrap_or(Duration::MAX);
        self.owed += units;
        wait
    }

    /// What was guessed was more or less than it took.
    pub(crate) fn correct(&mut self, guessed: f64, took: f64) {
        self.owe(took - guessed);
    }

    /// A request took so much, and nothing was guessed before it.
    pub(crate) fn owe(&mut self, units: f64) {
        self.owed += units;
    }

    /// When what was taken is paid for; `None` without a limit.
    pub(crate) fn due(&self) -> Option<Instant> {
        let seconds = self.owed / self.per_second?;
        self.since.checked_add(Duration::try_from_secs_f64(seconds).ok()?)
    }

    /// Waits until what was taken is paid for.
    pub(crate) async fn wait(&mut self) {
        tokio::time::sleep(self.take(0.0, Instant::now())).await;
    }

    /// How many units are had in this time; `None` without a limit.
    pub(crate) fn units_in(&self, time: Duration) -> Option<f64> {
        self.per_second.map(|per_second| per_second * time.as_secs_f64())
    }

    /// Whether it is so late now, or will be once what was taken and so many units more are paid for. Who has to pay for
    /// all that it takes by then takes nothing more.
    pub(crate) fn is_over_with(&self, units: f64, end: Instant, now: Instant) -> bool {
        let more =
            self.per_second.and_then(|per_second| Duration::try_from_secs_f64(units / per_second).ok());
        let due = self.due().and_then(|due| due.max(now).checked_add(more?));
        now >= end || self.per_second.is_some() && due.is_none_or(|due| due >= end)
    }

    /// Whether it is so late now, or will be once what was taken is paid for. Who has to end by then reads nothing more:
    /// it would be read, and paid for in turn, after it.
    pub(crate) fn is_over(&self, end: Instant, now: Instant) -> bool {
        self.is_over_with(0.0, end, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_waited_for_once_they_are_owed() {
        let begin = Instant::now();
        let mut rate_limiter = RateLimiter::new(Some(10.0), begin);
        let at = |seconds: f64| begin + Duration::from_secs_f64(seconds);
        assert_eq!(rate_limiter.take(25.0, at(0.0)), Duration::ZERO);
        assert_eq!(rate_limiter.take(5.0, at(0.0)), Duration::from_secs_f64(2.5));
        assert_eq!(rate_limiter.take(10.0, at(1.0)), Duration::from_secs(2));
        // What was owed is paid long since, but nothing is saved up.
        assert_eq!(rate_limiter.take(10.0, at(60.0)), Duration::ZERO);
        assert_eq!(rate_limiter.take(10.0, at(60.0)), Duration::from_secs(1));
    }

    #[test]
    fn a_wrong_guess_is_put_right() {
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
    fn a_share_is_owed_until_it_is_due_and_no_more() {
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
    fn what_cannot_be_paid_for_in_time_is_not_taken() {
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
    fn without_a_limit_nothing_is_waited_for() {
        let begin = Instant::now();
        let mut rate_limiter = RateLimiter::new(None, begin);
        rate_limiter.take(1e12, begin);
        assert_eq!(rate_limiter.take(1.0, begin), Duration::ZERO);
    }
}

//! Capacity units, spread over time.

use std::time::Duration;

use tokio::time::Instant;

/// How fast units may be taken. What a request takes is known when it was answered, so it is guessed before and put
/// right then.
#[derive(Debug)]
pub(crate) struct Pace {
    per_second: Option<f64>,
    /// Units that were taken before their time.
    owed: f64,
    since: Instant,
}

impl Pace {
    /// So many units a second; `None` for as many as there are.
    pub(crate) fn new(per_second: Option<f64>, now: Instant) -> Pace {
        Pace { per_second, owed: 0.0, since: now }
    }

    /// One of so many equal shares of so many units a second; 0 units for as many as there are.
    pub(crate) fn share(units_per_second: u32, shares: u32, now: Instant) -> Pace {
        let share = f64::from(units_per_second) / f64::from(shares.max(1));
        Pace::new((share > 0.0).then_some(share), now)
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

    /// Whether it is so late, or will be once what was taken is paid for. Who has to end by then reads nothing more: it
    /// would be read, and paid for in turn, after it.
    pub(crate) fn is_over(&self, end: Instant) -> bool {
        Instant::now() >= end || self.due().is_some_and(|due| due >= end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_waited_for_once_they_are_owed() {
        let begin = Instant::now();
        let mut pace = Pace::new(Some(10.0), begin);
        let at = |seconds: f64| begin + Duration::from_secs_f64(seconds);
        assert_eq!(pace.take(25.0, at(0.0)), Duration::ZERO);
        assert_eq!(pace.take(5.0, at(0.0)), Duration::from_secs_f64(2.5));
        assert_eq!(pace.take(10.0, at(1.0)), Duration::from_secs(2));
        // What was owed is paid long since, but nothing is saved up.
        assert_eq!(pace.take(10.0, at(60.0)), Duration::ZERO);
        assert_eq!(pace.take(10.0, at(60.0)), Duration::from_secs(1));
    }

    #[test]
    fn a_wrong_guess_is_put_right() {
        let begin = Instant::now();
        let mut pace = Pace::new(Some(10.0), begin);
        pace.take(10.0, begin);
        pace.correct(10.0, 30.0);
        assert_eq!(pace.take(10.0, begin), Duration::from_secs(3));
        pace.correct(10.0, 0.0);
        pace.correct(30.0, 0.0);
        assert_eq!(pace.take(10.0, begin), Duration::ZERO);
    }

    #[test]
    fn a_share_is_owed_until_it_is_due_and_no_more() {
        let began = Instant::now();
        let mut pace_of_four = Pace::share(100, 4, began);
        assert_eq!(pace_of_four.due(), Some(began));
        pace_of_four.owe(128.0);
        pace_of_four.owe(22.0);
        let due = began + Duration::from_secs(6);
        assert_eq!(pace_of_four.due(), Some(due));
        assert!(pace_of_four.is_over(due) && !pace_of_four.is_over(due + Duration::from_millis(1)));
        let mut unlimited = Pace::share(0, 4, began);
        unlimited.owe(1e9);
        assert_eq!(unlimited.due(), None);
        assert!(unlimited.is_over(began) && !unlimited.is_over(due));
    }

    #[test]
    fn without_a_limit_nothing_is_waited_for() {
        let begin = Instant::now();
        let mut pace = Pace::new(None, begin);
        pace.take(1e12, begin);
        assert_eq!(pace.take(1.0, begin), Duration::ZERO);
    }
}

//! Reports the progress of a transfer: in a moving line on a terminal, elsewhere with a line every few seconds.
//!
//! Only known values are shown. DynamoDB counts the items of a table about every six hours, so that total is
//! approximate ("about"). Without a total, no remaining time is shown.

use std::pin::pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use indicatif::{HumanBytes, HumanCount};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::MissedTickBehavior;

use crate::console;
use crate::console::Console;

/// Interval of updates of the moving line and of calls of `each`.
const TICK: Duration = Duration::from_millis(250);
/// Interval of lines if there is no moving line.
const LINE: Duration = Duration::from_secs(10);

/// The counters of a transfer.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    items: AtomicU64,
    /// Number of those items that an earlier run had finished.
    earlier: AtomicU64,
    bytes: AtomicU64,
    /// Whether the sizes of the items are unknown.
    sizeless: bool,
    /// When the transfer begins, if it waits first.
    begins: OnceLock<Instant>,
}

/// The total of a transfer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Total {
    /// Number of all items; `None` if unknown.
    pub(crate) items: Option<u64>,
    /// Whether the number of items is an estimate.
    pub(crate) about: bool,
    /// Number of bytes for this run; `None` if unknown.
    pub(crate) bytes: Option<u64>,
}

impl Counters {
    /// Creates counters for items of unknown size.
    pub(crate) fn for_items() -> Counters {
        Counters { sizeless: true, ..Counters::default() }
    }

    /// Adds items and bytes.
    pub(crate) fn add(&self, items: u64, bytes: u64) {
        self.items.fetch_add(items, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Adds items and bytes that an earlier run had finished.
    pub(crate) fn adopt(&self, items: u64, bytes: u64) {
        self.earlier.fetch_add(items, Ordering::Relaxed);
        self.add(items, bytes);
    }

    /// Shows a countdown until the transfer begins in `time`. The rate counts from then on.
    pub(crate) fn begin_in(&self, time: Duration) {
        // A transfer waits once.
        let _ = self.begins.set(Instant::now() + time);
    }

    /// Formats the time to wait; `None` once the transfer has begun.
    fn waiting(&self) -> Option<String> {
        let left = self.begins.get()?.checked_duration_since(Instant::now())?;
        let seconds = left.as_secs_f64().ceil() as u64;
        Some(match (seconds / 60, seconds % 60) {
            (0, seconds) => format!("waiting, {seconds} s left"),
            (minutes, seconds) => format!("waiting, {minutes} min {seconds} s left"),
        })
    }

    /// Formats the progress after `seconds`.
    fn reported(&self, total: Total, seconds: f64) -> String {
        let [items, earlier, bytes] =
            [&self.items, &self.earlier, &self.bytes].map(|count| count.load(Ordering::Relaxed));
        let known = total.items.filter(|all| *all >= items && *all > 0);
        let of = match (known, total.about) {
            (Some(all), true) => format!(" of about {}", HumanCount(all)),
            (Some(all), false) => format!(" of {}", HumanCount(all)),
            (None, _) => String::new(),
        };
        let mut reported = format!("{}{of} items", HumanCount(items));
        if !self.sizeless {
            reported += &format!(", {}", HumanBytes(bytes));
        }
        let rate = |done: u64| if seconds > 0.0 { done as f64 / seconds } else { 0.0 };
        let items_a_second = rate(items.saturating_sub(earlier));
        if items_a_second > 0.0 {
            reported += &format!(", {} items/s", HumanCount(items_a_second.round() as u64));
        }
        let by_items = known.map(|all| ((all - items) as f64, items_a_second));
        let by_bytes = total.bytes.filter(|all| *all >= bytes).map(|all| ((all - bytes) as f64, rate(bytes)));
        if let Some((left, a_second)) = by_items.or(by_bytes)
            && left > 0.0
            && a_second > 0.0
        {
            reported += &format!(", about {} left", console::duration(left / a_second));
        }
        reported
    }
}

/// Runs `work` and reports its progress. Returns `None` if SIGINT or SIGTERM came first. Calls `each` several times a
/// second; its error ends the work.
pub(crate) async fn watch<T>(
    console: &Console,
    counters: &Counters,
    total: Total,
    work: impl Future<Output = T>,
    mut each: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<Option<T>> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for signals")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for signals")?;
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut work = pin!(work);
    let mut began = console.elapsed();
    let mut line = began + LINE;
    loop {
        let ended = tokio::select! {
            done = &mut work => Some(Some(done)),
            _ = interrupt.recv() => Some(None),
            _ = terminate.recv() => Some(None),
            _ = ticks.tick() => None,
        };
        if let Some(ended) = ended {
            console.idle();
            return Ok(ended);
        }
        each()?;
        let text = match counters.waiting() {
            Some(waiting) => {
                began = console.elapsed();
                waiting
            }
            None => counters.reported(total, console.elapsed().saturating_sub(began).as_secs_f64()),
        };
        if console.moves() {
            console.moving(&text);
        } else if console.elapsed() >= line {
            console.event(&text);
            line = console.elapsed() + LINE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_counted_down() {
        let counters = Counters::default();
        assert_eq!(counters.waiting(), None);
        counters.begin_in(Duration::from_secs(220));
        assert_eq!(counters.waiting().as_deref(), Some("waiting, 3 min 40 s left"));
        let begun = Counters::default();
        begun.begin_in(Duration::ZERO);
        assert_eq!(begun.waiting(), None);
    }

    #[test]
    fn unknown_values_are_not_shown() {
        let counters = Counters::default();
        assert_eq!(counters.reported(Total::default(), 0.0), "0 items, 0 B");
        counters.adopt(1000, 1 << 20);
        counters.add(1000, 1 << 20);
        assert_eq!(counters.reported(Total::default(), 10.0), "2,000 items, 2.00 MiB, 100 items/s");
        let about = Total { items: Some(12_000), about: true, bytes: None };
        let reported = "2,000 of about 12,000 items, 2.00 MiB, 100 items/s, about 100 s left";
        assert_eq!(counters.reported(about, 10.0), reported);
        let exactly = Total { items: Some(2000), about: false, bytes: None };
        assert_eq!(counters.reported(exactly, 10.0), "2,000 of 2,000 items, 2.00 MiB, 100 items/s");
        // More items than DynamoDB's last count: the count is outdated.
        let outdated = Total { items: Some(1500), ..about };
        assert_eq!(counters.reported(outdated, 10.0), "2,000 items, 2.00 MiB, 100 items/s");
        let sizeless = Counters::for_items();
        sizeless.add(20, 0);
        assert_eq!(sizeless.reported(Total::default(), 10.0), "20 items, 2 items/s");
        let by_bytes = Total { bytes: Some(4 << 20), ..Total::default() };
        let reported = "2,000 items, 2.00 MiB, 100 items/s, about 10 s left";
        assert_eq!(counters.reported(by_bytes, 10.0), reported);
    }
}

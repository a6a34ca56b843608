//! How far a transfer has come, told while it runs: a line that moves on a terminal, elsewhere a line now and then.
//!
//! Nothing is said that is not known. How many items a table holds DynamoDB counts every six hours or so, so that it is
//! *about* so many; and where the goal is not known, no time is said.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use indicatif::{HumanBytes, HumanCount};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::MissedTickBehavior;

use crate::console;
use crate::console::Console;

/// How often the moving line is written, and whatever goes with it.
const TICK: Duration = Duration::from_millis(250);
/// How often there is a line where none moves.
const LINE: Duration = Duration::from_secs(10);

/// What is done so far.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    items: AtomicU64,
    /// Of them, those that an earlier run had done.
    earlier: AtomicU64,
    bytes: AtomicU64,
    /// Whether nobody says how large they are.
    sizeless: bool,
}

/// What there is to do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Total {
    /// Items in all; `None` where nobody knows.
    pub(crate) items: Option<u64>,
    /// Whether that is an estimate.
    pub(crate) about: bool,
    /// Bytes that this run has to do; `None` where nobody knows.
    pub(crate) bytes: Option<u64>,
}

impl Counters {
    /// Of items whose sizes nobody says.
    pub(crate) fn for_items() -> Counters {
        Counters { sizeless: true, ..Counters::default() }
    }

    /// Items and bytes more.
    pub(crate) fn add(&self, items: u64, bytes: u64) {
        self.items.fetch_add(items, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Items and bytes that an earlier run had done.
    pub(crate) fn adopt(&self, items: u64, bytes: u64) {
        self.earlier.fetch_add(items, Ordering::Relaxed);
        self.add(items, bytes);
    }

    /// As it is told after so many seconds.
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

/// Does the work, and tells how far it has come. `None` where Ctrl-C (or a request to terminate) came first. `each` is
/// called several times a second; what it fails by ends the work.
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
    let (began, mut line) = (console.elapsed(), LINE);
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
        let passed = console.elapsed().saturating_sub(began);
        if console.moves() {
            console.moving(&counters.reported(total, passed.as_secs_f64()));
        } else if passed >= line {
            console.event(&counters.reported(total, passed.as_secs_f64()));
            line = passed + LINE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_not_said() {
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
        // More than DynamoDB counted last: its count says nothing any more.
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

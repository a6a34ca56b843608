//! How fast a scan goes on.

use std::time::Duration;

use tokio::time::Instant;

use crate::export_table::{Plan, Run};

/// How fast capacity may be used.
pub(super) struct Pace {
    began: Instant,
    /// Units a second; `None` for no limit.
    rate: Option<f64>,
    took: f64,
}

impl Pace {
    /// A segment's share of what the table may use.
    pub(super) fn of(run: &Run, plan: &Plan, began: Instant) -> Pace {
        let share = f64::from(run.max_read_capacity_units) / f64::from(plan.segments.max(1));
        Pace { began, rate: (share > 0.0).then_some(share), took: 0.0 }
    }

    /// A page took so much.
    pub(super) fn took(&mut self, capacity: f64) {
        self.took += capacity;
    }

    /// Until when what was taken is paid for.
    pub(super) fn due(&self) -> Option<Instant> {
        let seconds = self.took / self.rate?;
        self.began.checked_add(Duration::try_from_secs_f64(seconds).ok()?)
    }

    /// Waits until then.
    pub(super) async fn wait(&self) {
        if let Some(due) = self.due() {
            tokio::time::sleep_until(due).await;
        }
    }
}

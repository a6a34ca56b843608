//! Decides a verification that counts items.

use chrono::{DateTime, TimeDelta, Utc};

use super::changes;
use super::error::VerifyError;
use super::finish::Decided;
use super::report::Results;
use super::work::Work;
use super::{ExpectedSide, SideName, Verification};
use crate::aws::clients::Clients;
use crate::clock::Clock;

/// Age that the number of items in a backup's description may have. DynamoDB updates the number about every six hours
/// (API reference, TableDescription).
const OLDEST_COUNT: TimeDelta = TimeDelta::hours(7);

/// Compares the numbers of items. `read_at` is the time when both sides had been read.
pub(super) async fn decide(
    clients: &Clients,
    clock: &Clock,
    work: Work<'_>,
    read_at: DateTime<Utc>,
) -> Result<Decided, VerifyError> {
    let of = work.of;
    let count = async |side| {
        let parts = work.parts(side, of.segments_of(side)).await?;
        Ok::<u64, VerifyError>(parts.iter().map(|part| part.items).sum())
    };
    let expected = match of.expected.item_count() {
        Some(count) => count,
        None => count(SideName::Expected).await?,
    };
    let found = count(SideName::Found).await?;
    let difference = found.abs_diff(expected);
    let mut results = Results { items: Some(found), items_expected: Some(expected), ..Results::default() };
    let is_good = match window(of, read_at) {
        None => {
            results.allowed_difference_percent = allowed(of);
            is_allowed(difference, expected, allowed(of))
        }
        Some(_) if difference == 0 => true,
        Some(window) => {
            let changed = may_have_changed(clients, clock, window, difference).await?;
            results.changed_at_most = Some(changed);
            difference <= changed
        }
    };
    Ok(Decided { results, differences: Vec::new(), is_good })
}

/// A table, and the time in which writes to it may have changed the number of items.
struct Window<'a> {
    table: &'a str,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

fn window(of: &Verification, read_at: DateTime<Utc>) -> Option<Window<'_>> {
    match &of.expected {
        ExpectedSide::Table { table_name, changes_from: Some(from), .. } => {
            Some(Window { table: table_name, from: *from, to: read_at })
        }
        ExpectedSide::Backup { table_name, allowed_difference_percent: None, backed_up_at, .. } => {
            Some(Window { table: table_name, from: *backed_up_at - OLDEST_COUNT, to: *backed_up_at })
        }
        _ => None,
    }
}

/// Returns how many items were inserted or deleted at most. Metrics arrive late, and only add to that number. So a
/// difference that the present ones allow is right, and another one waits for the rest.
async fn may_have_changed(
    clients: &Clients,
    clock: &Clock,
    Window { table, from, to }: Window<'_>,
    difference: u64,
) -> Result<u64, VerifyError> {
    let (now, settled_at) = (clock.now(), to + changes::SETTLING);
    let changed = changes::most_changed(clients, table, from, to, now).await?;
    match difference > changed && now < settled_at {
        true => Err(VerifyError::MetricsNotSettled { table: table.to_owned(), until: to, settled_at }),
        false => Ok(changed),
    }
}

/// Returns the maximum share of differences in percent, if the expected side may differ.
pub(super) fn allowed(of: &Verification) -> Option<f64> {
    match of.expected {
        ExpectedSide::Table { allowed_difference_percent, .. } => Some(allowed_difference_percent),
        ExpectedSide::Backup { allowed_difference_percent, .. } => allowed_difference_percent,
        ExpectedSide::Items { .. } | ExpectedSide::Incremental { .. } => None,
    }
}

/// Returns whether this many of all items may differ.
pub(super) fn is_allowed(different: u64, all: u64, percent: Option<f64>) -> bool {
    different == 0 || different as f64 * 100.0 <= percent.unwrap_or_default() * all as f64
}

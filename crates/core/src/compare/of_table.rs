//! Reads the items of a table.

use std::time::Duration;

use item_compare::Fingerprinter;
use tokio::time::Instant;

use super::error::CompareError;
use super::side::{Gathering, Progress};
use crate::aws::failure::AwsFailure;
use crate::aws::rate_limiter::RateLimiter;
use crate::aws::raw_items::{Page, RawItems};
use crate::aws::scan_segment::ScanSegment;

/// How long a page is retried if the part has no time limit.
const RETRY: Duration = Duration::from_secs(600);

/// A table, as a scan finds its items. Items that are written during the scan may be found or not.
#[derive(Clone, Copy, Debug)]
pub struct TableSide<'a> {
    /// Client for reading pages.
    pub calls: &'a RawItems,
    /// Name of the table.
    pub name: &'a str,
    /// Names of the key attributes, the partition key first.
    pub key_names: &'a [String],
    /// Number of scan segments.
    pub segments: u32,
    /// Whether reads are strongly consistent.
    pub consistent_read: bool,
    /// Maximum read capacity units per second of all segments together; 0 means no limit.
    pub max_read_capacity_units: u32,
}

/// Reads pages into the part. Returns the key after which the next part begins.
pub(super) async fn read(
    side: &TableSide<'_>,
    segment: u32,
    cursor: Option<&str>,
    part: &mut Gathering,
    progress: Progress<'_>,
) -> Result<Option<String>, CompareError> {
    let TableSide { calls, name: table, segments, consistent_read, .. } = *side;
    let began = Instant::now();
    let mut rate_limiter = RateLimiter::share(side.max_read_capacity_units, segments, began);
    let mut fingerprinter = Fingerprinter::new(side.key_names.iter().map(String::as_str));
    let mut start = cursor.map(str::to_owned);
    let mut first = true;
    loop {
        let until = part.until().unwrap_or_else(|| Instant::now() + RETRY);
        let count_only = part.only_counts();
        let pages = ScanSegment { calls, table, segment, segments, consistent_read, count_only, until };
        let page = match pages.page(start.as_deref()).await {
            Ok(page) => page,
            Err(failure) if failure.name.is_transient() && !first => return Ok(start),
            Err(failure) => return Err(failed(side, failure)),
        };
        rate_limiter.owe(page.capacity);
        if count_only {
            part.count(page.count);
        } else {
            add(side, &page, start.as_deref(), part, &mut fingerprinter)?;
        }
        progress(page.count, page.response.len() as u64);
        first = false;
        start = page.next;
        if start.is_none() {
            return Ok(None);
        }
        // The next part does not know about the capacity of this one's last page.
        rate_limiter.wait().await;
        if part.is_full() {
            return Ok(start);
        }
    }
}

/// Adds the items of the page after `start`.
fn add(
    side: &TableSide<'_>,
    page: &Page,
    start: Option<&str>,
    part: &mut Gathering,
    fingerprinter: &mut Fingerprinter<'_>,
) -> Result<(), CompareError> {
    for (place, range) in page.items.iter().enumerate() {
        let item = page.response.get(range.clone()).unwrap_or_default();
        let fingerprint = fingerprinter.fingerprint(item).map_err(|source| CompareError::Item {
            number: place + 1,
            cursor: start.unwrap_or("the beginning").to_owned(),
            side: format!("table {}", side.name),
            source,
        })?;
        part.push(&fingerprint);
    }
    Ok(())
}

fn failed(side: &TableSide<'_>, failure: AwsFailure) -> CompareError {
    match failure.detail.starts_with("ResourceNotFoundException") {
        true => CompareError::TableMissing(side.name.to_owned()),
        false => CompareError::Aws(failure),
    }
}

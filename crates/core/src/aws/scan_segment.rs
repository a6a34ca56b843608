//! Reads the pages of one segment of a scan, and retries transient failures.

use std::time::Duration;

use tokio::time::Instant;

use super::failure::AwsFailure;
use super::raw_items::{Page, RawItems, ScanPage};

/// The first and the longest wait before the retry of a page.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// A reader of the pages of one segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScanSegment<'a> {
    /// Client for reading pages.
    pub(crate) calls: &'a RawItems,
    /// Name or ARN of the table.
    pub(crate) table: &'a str,
    /// Scan segment, starting at 0.
    pub(crate) segment: u32,
    /// Total number of scan segments.
    pub(crate) segments: u32,
    /// Whether reads are strongly consistent.
    pub(crate) consistent_read: bool,
    /// Whether DynamoDB only counts the items.
    pub(crate) count_only: bool,
    /// Time until which a page is retried after a transient failure.
    pub(crate) until: Instant,
}

impl ScanSegment<'_> {
    /// Reads the page after `start`. Retries a transient failure until the time is over.
    pub(crate) async fn page(&self, start: Option<&str>) -> Result<Page, AwsFailure> {
        let ScanSegment { calls, table, segment, segments, consistent_read, count_only, until } = *self;
        let (mut pause, longest) = PAUSES;
        let page = ScanPage { table, segment, segments, consistent_read, count_only, limit: None, start };
        loop {
            match calls.scan(&page).await {
                Err(failure) if failure.name.is_transient() && Instant::now() + pause < until => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(longest);
                }
                response => return response,
            }
        }
    }
}

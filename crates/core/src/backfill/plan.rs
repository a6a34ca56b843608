//! Checks that a table can be read, and splits it into segments.

use crate::aws::rate::RatedWork;
use crate::aws::scan_segments::number;
use crate::aws::{rate, scan_segments, table as table_description};
use crate::backfill::Backfill;
use crate::backfill::execution_input::{MOST_SECONDS, MOST_SEGMENTS, Wanted};
use crate::backfill::table::{TableError, describe};
use crate::error_name::{ErrorName, HasErrorName};
use crate::input::InvalidInput;
use crate::item_history::tables::FollowedError;

/// Items per second that one segment writes easily: 64 concurrent PUTs of 64 ms each.
const PUTS_A_SECOND: u32 = 1_000;

/// Maximum items per second that one segment writes: 64 concurrent PUTs of 20 ms each.
const MOST_PUTS_A_SECOND: u32 = 3_200;

/// The reason why a backfill does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input is invalid.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// The table cannot be read, or its stream does not carry its items.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The event source mapping that reads the table's stream was not found.
    #[error(transparent)]
    Followed(#[from] FollowedError),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Input(_) => ErrorName::InvalidInput,
            Error::Table(error) => error.name(),
            Error::Followed(error) => error.name(),
        }
    }
}

/// Checks the table and plans the backfill.
pub async fn plan(dynamodb: &aws_sdk_dynamodb::Client, wanted: Wanted) -> Result<Backfill, Error> {
    let (table, stream_arn) = describe(dynamodb, &wanted.table_name, wanted.stream_arn.as_deref()).await?;
    let (bytes, items) = (table.table_size_bytes(), table.item_count());
    Ok(Backfill {
        segments: segments(&wanted, bytes, items)?,
        table_name: wanted.table_name,
        table_id: table.table_id().unwrap_or_default().to_owned(),
        stream_arn,
        key_names: table_description::key_names(&table),
        bucket: wanted.bucket,
        prefix: wanted.prefix,
        max_read_capacity_units: wanted.max_read_capacity_units,
        seconds_per_call: wanted.seconds_per_call,
    })
}

/// Returns the number of segments for a table of this many bytes and items. With a rate limit, it is the lowest number
/// that uses the whole rate. A requested number is reduced to what an execution can finish. Fails if an execution
/// cannot finish.
pub fn segments(wanted: &Wanted, bytes: Option<i64>, items: Option<i64>) -> Result<u32, InvalidInput> {
    let Wanted { table_name, max_read_capacity_units: rate, seconds_per_call, .. } = wanted;
    let (table_bytes, items) = (number(bytes), number(items));
    let most = match (wanted.segments, *rate) {
        (0, 0) => scan_segments::by_size(bytes),
        (0, rate) => {
            // The lower limit also allows for the number of items that a segment can write.
            let items_a_second = f64::from(rate) * 4_096.0 * items as f64 / table_bytes.max(1) as f64;
            let to_put = (items_a_second / f64::from(PUTS_A_SECOND)).ceil() as u32;
            scan_segments::by_size(bytes).min(scan_segments::by_rate(rate, true).max(to_put))
        }
        (asked, _) => asked,
    };
    let most = most.min(scan_segments::by_capacity(*rate, MOST_SEGMENTS));
    // With 0 there is a single call, which runs until the backfill is done.
    if *seconds_per_call == 0 {
        return Ok(most);
    }
    let least_calls = items as f64 / f64::from(*seconds_per_call) / f64::from(MOST_PUTS_A_SECOND);
    let work = RatedWork {
        least_calls: least_calls.ceil(),
        ..scan_segments::scan(bytes, true, *rate, *seconds_per_call)
    };
    if !work.ends_at_some_rate() {
        let (calls, room) = (work.least_calls, rate::calls_in_room());
        let reason = format!(
            "is {table_name}, whose {items} items take at least {calls:.0} calls of {seconds_per_call} seconds, but an \
             execution can make only {room}; run the backfill from the command line, which has no such limit"
        );
        return Err(InvalidInput { field: "TableName", reason });
    }
    let what = format!("the scan of table {table_name} with {table_bytes} bytes");
    match work.too_slow(&what, MOST_SECONDS) {
        Some(reason) => Err(InvalidInput { field: "MaxReadCapacityUnits", reason }),
        None => Ok(work.fitting(most)),
    }
}

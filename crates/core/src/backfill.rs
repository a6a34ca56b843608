//! Writes the items that were in a table before its stream was followed to the table's item history.

pub mod execution_input;
pub mod finish;
pub mod plan;
pub mod segment;
pub mod table;
#[cfg(feature = "testing")]
pub mod testing;
mod window;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The plan of a backfill.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Backfill {
    /// Name of the table that is read.
    pub table_name: String,
    /// ID of the table, which distinguishes it from other tables of the same name.
    pub table_id: String,
    /// ARN of the table's stream, which is followed.
    pub stream_arn: String,
    /// Names of the table's key attributes, the partition key first.
    #[schemars(length(max = 2), inner(length(max = 255)))]
    pub key_names: Vec<String>,
    /// Name of the bucket that is written.
    pub bucket: String,
    /// Key prefix of the items; empty or ending in `/`.
    pub prefix: String,
    /// Number of scan segments that are read concurrently.
    #[schemars(range(min = 1, max = 40))]
    pub segments: u32,
    /// Read capacity units per second for all segments together; 0 means no limit.
    pub max_read_capacity_units: u32,
    /// Time in seconds for which an invocation of `backfill-segment` reads and writes.
    pub seconds_per_call: u32,
}

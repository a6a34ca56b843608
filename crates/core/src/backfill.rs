//! The items that were in a table before its stream was followed, put into its item history.

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

/// What a backfill goes by, from its beginning to its end.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Backfill {
    /// The table that is read.
    pub table_name: String,
    /// Tells it from other tables of the same name.
    pub table_id: String,
    /// Its stream, which is followed.
    pub stream_arn: String,
    /// Its key attributes, the partition key first.
    #[schemars(length(max = 2), inner(length(max = 255)))]
    pub key_names: Vec<String>,
    /// The bucket that is written to.
    pub bucket: String,
    /// Before every key: empty, or ending in `/`.
    pub prefix: String,
    /// How many segments are read beside each other.
    #[schemars(range(min = 1, max = 40))]
    pub segments: u32,
    /// Read capacity units a second that all segments together may take; 0 for as many as there are.
    pub max_read_capacity_units: u32,
    /// How long an invocation of `backfill-segment` reads and writes.
    pub seconds_per_call: u32,
}

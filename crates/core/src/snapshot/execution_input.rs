//! The input of an execution: `{}`, or `{"At": "2026-11-20T02:00:00Z"}`.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::arn::{Arn, TABLE_NAME, is_table_name};
use crate::export::Compression;
use crate::import::execution_input::{MOST_SECONDS, MOST_SEGMENTS};
use crate::input::{InvalidInput, number};
use crate::item_history::Items;
use crate::item_history::retention::MOST_DAYS;
use crate::item_history::tables::{Layout, TableLocation, arn_of_other_table};
use crate::storage::as_prefix;
use crate::text::quoted;

/// Maximum number of seconds to wait for a stream, which retains a change for one day.
pub const MOST_SETTLE_SECONDS: u32 = 86_400;
/// Maximum number of snapshots of the same second.
const MOST_OF_A_SECOND: u32 = 16;

/// The input of an execution of `snapshot`.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ExecutionInput {
    /// Name of the table to export. The stack must follow its stream. Default: the stack's own table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_name: Option<String>,
    /// Second of which to export the items, as RFC 3339: `2026-11-20T02:00:00Z`. Default: the second at which the
    /// execution starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Whether to leave out, count and list items whose state at that second is unknown. Otherwise the first such item
    /// fails the execution, and so does a second that the item history does not cover.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_incomplete: bool,
}

/// The template's parameters, as text.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Defaults {
    /// ARN of the stack's own table.
    pub table_arn: String,
    /// Name of the bucket with the item history.
    pub items_bucket: String,
    /// Key prefix of the items.
    pub items_prefix: String,
    /// Prefix of the other tables' folders.
    pub tables_prefix: String,
    /// Name of the function that reads the streams.
    pub function_name: String,
    /// Key prefix of quarantined records.
    pub failures_prefix: String,
    /// Name of the bucket for snapshots.
    pub bucket: String,
    /// Key prefix of snapshots.
    pub prefix: String,
    /// Compression: `none`, `gzip` or `zstd`.
    pub compression: String,
    /// Number of shards, 1 to 40.
    pub shards: String,
    /// Seconds after which the stream has delivered every change.
    pub settle_seconds: String,
    /// Days for which the bucket retains noncurrent versions; 0 means forever.
    pub noncurrent_days: String,
    /// Time in seconds for which a call exports items, 1 to 840.
    pub seconds_per_call: String,
}

/// A valid input, with the template's defaults.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wanted {
    /// Second of which to export the items.
    pub at: DateTime<Utc>,
    /// Time at which the stream has delivered every change of that second.
    pub settled_at: DateTime<Utc>,
    /// Time until which the bucket retains the versions that were current at that second; `None` means forever.
    pub kept_until: Option<DateTime<Utc>>,
    /// Days for which the bucket retains noncurrent versions; 0 means forever.
    pub noncurrent_days: u32,
    /// Whether to leave out items whose state is unknown.
    pub allow_incomplete: bool,
    /// ARN of the table, or its name if the table was deleted. Empty if unknown.
    pub table_arn: String,
    /// Location of the item history.
    pub items: Items,
    /// Name of the bucket for the snapshot.
    pub bucket: String,
    /// Prefix of the snapshot's folder; empty or ending in `/`.
    pub prefix: String,
    /// Compression of the files.
    pub compression: Compression,
    /// Number of shards.
    pub shards: u32,
    /// Time in seconds for which a call exports items.
    pub seconds_per_call: u32,
}

impl ExecutionInput {
    /// Checks the input and fills in what it leaves out from the template and the start time of the execution.
    pub fn wanted(&self, defaults: &Defaults, started_at: DateTime<Utc>) -> Result<Wanted, InvalidInput> {
        let at = match &self.at {
            Some(text) => second(text)?,
            None => started_at.trunc_subsecs(0),
        };
        let Defaults { settle_seconds, noncurrent_days, .. } = defaults;
        let settle = number("SettleSeconds", None, settle_seconds, 0, MOST_SETTLE_SECONDS)?;
        let days = number("NoncurrentDays", None, noncurrent_days, 0, MOST_DAYS)?;
        let refused = |reason: String| Err(InvalidInput { field: "At", reason });
        if at > started_at {
            return refused(format!(
                "is {at}; it must not be after the start of the execution, {started_at}"
            ));
        }
        // A version that was current then is deleted `days` days after it was overwritten. One day is left for the
        // snapshot, which ends without a manifest if it takes longer.
        let retained_since = started_at.trunc_subsecs(0) - TimeDelta::days(i64::from(days).saturating_sub(1));
        if days > 0 && at < retained_since {
            return refused(format!(
                "is {at}; it must be {retained_since} or later, because versions are retained for {days} days (NoncurrentDays)"
            ));
        }
        let (table_arn, location) = self.table(defaults)?;
        let items = Items {
            bucket: defaults.items_bucket.clone(),
            prefix: location.prefix,
            failures_prefix: as_prefix(&defaults.failures_prefix),
            folder: location.folder,
        };
        // Each table but the stack's own also has a folder here, because two tables may have snapshots of the same
        // second.
        let prefix = format!("{}{}", as_prefix(&defaults.prefix), items.folder);
        if defaults.bucket == items.bucket && prefix.starts_with(&items.prefix) {
            let reason = format!(
                "is {}; it must not be under the prefix of the items, {}, because it is in the same bucket",
                quoted(&prefix),
                quoted(&items.prefix)
            );
            return Err(InvalidInput { field: "SnapshotPrefix", reason });
        }
        let compression = defaults.compression.parse().map_err(|_| InvalidInput {
            field: "Compression",
            reason: format!("is {}; it must be none, gzip or zstd", quoted(&defaults.compression)),
        })?;
        Ok(Wanted {
            at,
            settled_at: at + TimeDelta::seconds(settle.into()),
            kept_until: (days > 0).then(|| at + TimeDelta::days(days.into())),
            noncurrent_days: days,
            allow_incomplete: self.allow_incomplete,
            table_arn,
            items,
            bucket: defaults.bucket.clone(),
            prefix,
            compression,
            shards: number("Shards", None, &defaults.shards, 1, MOST_SEGMENTS)?,
            seconds_per_call: number("SecondsPerCall", None, &defaults.seconds_per_call, 1, MOST_SECONDS)?,
        })
    }
}

impl ExecutionInput {
    /// Returns the ARN of the table to export, and the location of its items.
    fn table(&self, defaults: &Defaults) -> Result<(String, TableLocation), InvalidInput> {
        let own = Arn::parse(&defaults.table_arn).and_then(|arn| arn.table_name());
        let own_table = own.unwrap_or(&defaults.table_arn);
        let table = self.table_name.as_deref().unwrap_or(own_table);
        let Defaults { items_prefix: prefix, tables_prefix, .. } = defaults;
        let location = Layout { own_table, prefix, tables_prefix }.location(table);
        if table == own_table {
            return Ok((defaults.table_arn.clone(), location));
        }
        let arn = arn_of_other_table(&defaults.table_arn, table).filter(|_| is_table_name(table));
        arn.map(|arn| (arn, location)).ok_or_else(|| InvalidInput {
            field: "TableName",
            reason: format!("is {}; it must be {TABLE_NAME}", quoted(table)),
        })
    }
}

/// Parses a second of an input: RFC 3339, also with a space or without a colon in the offset. The time zone is
/// required.
pub fn second(text: &str) -> Result<DateTime<Utc>, InvalidInput> {
    let refused =
        |reason: String| InvalidInput { field: "At", reason: format!("is {}; {reason}", quoted(text)) };
    let reported = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    let zoned = text.strip_suffix(" UTC").map(|time| format!("{time}Z"));
    let zoned = zoned.as_deref().unwrap_or(text).replacen('T', " ", 1);
    let formats = ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f %#z"];
    let time = DateTime::parse_from_rfc3339(&zoned).ok();
    let time =
        time.or_else(|| formats.iter().find_map(|format| DateTime::parse_from_str(&zoned, format).ok()));
    match time.map(|time| time.to_utc()) {
        Some(time) if time.timestamp_subsec_nanos() == 0 => Ok(time),
        Some(time) => {
            Err(refused(format!("it must be a whole second such as {}", reported(time.trunc_subsecs(0)))))
        }
        None => match NaiveDateTime::parse_from_str(&zoned, "%Y-%m-%d %H:%M:%S%.f") {
            Ok(time) => Err(refused(format!(
                "it must have a time zone, as in {}, or an offset such as +01:00",
                reported(time.and_utc().trunc_subsecs(0))
            ))),
            Err(_) => Err(refused("it must be a time such as 2026-11-20T02:00:00Z".to_owned())),
        },
    }
}

/// Returns the name of the snapshot of a second. Names sort like their times, and have no colon and no space.
pub fn name(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H-%M-%SZ").to_string()
}

/// Returns the possible names of snapshots of a second, in order of preference. If the folder of a name has an
/// incomplete snapshot of another owner, use the next name.
pub fn names(at: DateTime<Utc>) -> impl Iterator<Item = String> {
    let first = name(at);
    (1..=MOST_OF_A_SECOND).map(move |nth| match nth {
        1 => first.clone(),
        _ => format!("{first}-{nth}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::testing;

    const STARTED_AT: &str = "2026-11-20T02:00:00.500Z";

    fn wanted(at: Option<&str>, change: impl FnOnce(&mut Defaults)) -> Result<Wanted, String> {
        let mut defaults: Defaults = serde_json::from_value(testing::defaults()).unwrap();
        change(&mut defaults);
        let input = ExecutionInput { at: at.map(str::to_owned), ..ExecutionInput::default() };
        input.wanted(&defaults, STARTED_AT.parse().unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_second_defaults_to_the_start_and_may_be_earlier() {
        let whole = |at| wanted(at, |_| {}).unwrap();
        assert_eq!(name(whole(None).at), "2026-11-20T02-00-00Z");
        assert_eq!(whole(None).settled_at.to_rfc3339(), "2026-11-20T02:05:00+00:00");
        assert_eq!(name(whole(Some("2026-11-20T03:00:00+01:00")).at), "2026-11-20T02-00-00Z");
        let names: Vec<String> = names(whole(Some("1999-01-02T03:04:05Z")).at).collect();
        assert_eq!((names.len(), names[0].as_str()), (16, "1999-01-02T03-04-05Z"));
        assert_eq!(names[1], "1999-01-02T03-04-05Z-2");
        let retained = |at| wanted(Some(at), |defaults| defaults.noncurrent_days = "30".to_owned());
        assert!(retained("2026-10-22T02:00:01Z").is_ok());
        assert_eq!(
            retained("2026-10-21T02:00:00Z").unwrap_err(),
            "At is 2026-10-21 02:00:00 UTC; it must be 2026-10-22 02:00:00 UTC or later, because versions are retained \
             for 30 days (NoncurrentDays)"
        );
    }

    #[test]
    fn a_second_is_read_as_people_write_it() {
        let wanted = "2026-11-20T01:00:00Z".parse::<DateTime<Utc>>().unwrap();
        for text in [
            "2026-11-20T01:00:00Z",
            "2026-11-20 01:00:00Z",
            "2026-11-20 01:00:00.000Z",
            "2026-11-20T02:00:00+01:00",
            "2026-11-20 02:00:00+01:00",
            "2026-11-20T02:00:00+0100",
            "2026-11-20 02:00:00 +0100",
            "2026-11-20 02:00:00 +01:00",
            "2026-11-19 20:00:00-05",
            "2026-11-20 01:00:00 UTC",
        ] {
            assert_eq!(second(text).map_err(|error| error.to_string()), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn invalid_input_is_refused_with_a_reason() {
        for (at, expected) in [
            (
                "2026-11-20T02:00:01Z",
                "At is 2026-11-20 02:00:01 UTC; it must not be after the start of the execution",
            ),
            (
                "2026-11-20T01:00:00.5Z",
                "At is `2026-11-20T01:00:00.5Z`; it must be a whole second such as 2026-11-20T01:00:00Z",
            ),
            (
                "2026-11-20 01:00:00",
                "At is `2026-11-20 01:00:00`; it must have a time zone, as in 2026-11-20T01:00:00Z, or an offset",
            ),
            (
                "2026-11-20T01:00:00",
                "At is `2026-11-20T01:00:00`; it must have a time zone, as in 2026-11-20T01:00:00Z",
            ),
            ("01:00", "At is `01:00`; it must be a time such as 2026-11-20T02:00:00Z"),
            ("2026-11-20", "At is `2026-11-20`; it must be a time"),
            ("", "At is ``; it must be a time"),
        ] {
            let error = wanted(Some(at), |_| {}).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
        let refused = |change: fn(&mut Defaults)| wanted(None, change).unwrap_err();
        assert!(refused(|defaults| defaults.shards = "41".to_owned()).starts_with("Shards is `41`"));
        assert!(
            refused(|defaults| defaults.compression = "br".to_owned()).starts_with("Compression is `br`")
        );
        assert!(refused(|defaults| defaults.settle_seconds = "x".to_owned()).starts_with("SettleSeconds"));
        assert!(refused(|defaults| defaults.seconds_per_call = "0".to_owned()).starts_with("SecondsPerCall"));
    }

    #[test]
    fn another_tables_items_and_snapshots_are_in_folders_of_its_name() {
        let defaults: Defaults = serde_json::from_value(testing::defaults()).unwrap();
        let of = |table: &str| {
            let input = ExecutionInput { table_name: Some(table.to_owned()), ..ExecutionInput::default() };
            input.wanted(&defaults, STARTED_AT.parse().unwrap())
        };
        let own = of("orders").unwrap();
        assert_eq!(
            (own.items.prefix.as_str(), own.items.late_prefix().as_str()),
            ("items/", "failures/late/")
        );
        let other = of("customers").unwrap();
        assert_eq!(other.items.prefix, "tables/customers/");
        assert_eq!(other.items.late_prefix(), "failures/late/customers/");
        assert!(other.prefix.ends_with("snapshots/customers/"), "{}", other.prefix);
        assert!(other.table_arn.ends_with(":table/customers"), "{}", other.table_arn);
        assert_eq!(
            of("a/b").unwrap_err().to_string(),
            "TableName is `a/b`; it must be a table name (3 to 255 letters, digits, `_`, `-` or `.`)"
        );
    }

    #[test]
    fn snapshots_must_not_be_under_the_items_prefix() {
        let places = |items_prefix: &str, bucket: &str, prefix: &str| {
            wanted(None, |defaults| {
                defaults.items_prefix = items_prefix.to_owned();
                defaults.bucket = bucket.to_owned();
                defaults.prefix = prefix.to_owned();
            })
        };
        for (items, snapshots) in [("items/", "items/snapshots/"), ("", "snapshots/"), ("a", "/a/")] {
            let error = places(items, "bucket", snapshots).unwrap_err();
            assert!(error.starts_with("SnapshotPrefix is `"), "{error}");
        }
        for (items, bucket, snapshots) in
            [("items/", "bucket", "snapshots/"), ("items/", "other", "items/"), ("a/b/", "bucket", "a/")]
        {
            assert!(places(items, bucket, snapshots).is_ok());
        }
    }
}

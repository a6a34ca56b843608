//! Warm throughput, of the table and of each global secondary index: how many requests a second it takes at
//! once, without growing first.
//!
//! It grows by itself with use and never shrinks, and DynamoDB refuses to lower it ("Warm throughput",
//! developer guide). So a target that has more is as good as equal. Raising it is billed once; that is why
//! this setting is off unless it is asked for.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{
    GlobalSecondaryIndexUpdate, UpdateGlobalSecondaryIndexAction, WarmThroughput as SdkWarmThroughput,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::setting::kept_as;
use super::table::{no_index, table_or_index};
use super::{Aws, Comparison, Setting, SettingName, Table};
use crate::aws_failure::AwsFailure;

/// The setting.
#[derive(Clone, Copy, Debug)]
pub struct WarmThroughput;

/// What table and indexes take at once.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Value {
    /// The table's.
    pub table: Units,
    /// Those of indexes, by name.
    pub indexes: BTreeMap<String, Units>,
}

/// Requests a second.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Units {
    /// Reads.
    pub read_units_per_second: i64,
    /// Writes.
    pub write_units_per_second: i64,
}

/// One call of UpdateTable.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// The index, or else the table itself.
    pub index: Option<String>,
    /// What it is raised to.
    pub units: Units,
}

impl Setting for WarmThroughput {
    const NAME: SettingName = SettingName::WarmThroughput;
    const IS_OF_UPDATE_TABLE: bool = true;
    type Value = Value;
    type Change = Change;

    kept_as!(warm_throughput);

    async fn read(_aws: &Aws, table: &Table) -> Result<Value, AwsFailure> {
        let units = |reads: Option<i64>, writes: Option<i64>| Units {
            read_units_per_second: reads.unwrap_or_default(),
            write_units_per_second: writes.unwrap_or_default(),
        };
        let warm = table.description.warm_throughput();
        let table_units = warm.map(|warm| units(warm.read_units_per_second(), warm.write_units_per_second()));
        let indexes = table.indexes().iter().filter_map(|index| {
            let warm = index.warm_throughput()?;
            let units = units(warm.read_units_per_second(), warm.write_units_per_second());
            Some((index.index_name()?.to_owned(), units))
        });
        Ok(Value { table: table_units.unwrap_or_default(), indexes: indexes.collect() })
    }

    fn compare(wanted: &Value, actual: &Value, target: &Table) -> Comparison<Change> {
        let mut comparison = Comparison::default();
        compare_one(&mut comparison, None, wanted.table, actual.table);
        for (index, units) in &wanted.indexes {
            if target.has_index(index) {
                let now = actual.indexes.get(index).copied().unwrap_or_default();
                compare_one(&mut comparison, Some(index), *units, now);
            } else {
                comparison.leave_out(no_index(index));
            }
        }
        comparison
    }

    async fn make(change: &Change, aws: &Aws, target: &Table) -> Result<(), AwsFailure> {
        let action = "dynamodb:UpdateTable";
        let warm = SdkWarmThroughput::builder()
            .read_units_per_second(change.units.read_units_per_second)
            .write_units_per_second(change.units.write_units_per_second)
            .build();
        let update = aws.dynamodb.update_table().table_name(&target.name);
        let update = match &change.index {
            None => update.warm_throughput(warm),
            Some(index) => {
                let index = UpdateGlobalSecondaryIndexAction::builder().index_name(index);
                let index = index.warm_throughput(warm).build().map_err(AwsFailure::unbuilt(action))?;
                let index = GlobalSecondaryIndexUpdate::builder().update(index).build();
                update.global_secondary_index_updates(index)
            }
        };
        update.send().await.map(drop).map_err(AwsFailure::of(action))
    }
}

fn compare_one(comparison: &mut Comparison<Change>, index: Option<&String>, wanted: Units, actual: Units) {
    let units = Units {
        read_units_per_second: wanted.read_units_per_second.max(actual.read_units_per_second),
        write_units_per_second: wanted.write_units_per_second.max(actual.write_units_per_second),
    };
    if units == actual {
        comparison.same += 1;
        return;
    }
    let of = table_or_index(index.map(String::as_str));
    let (reads, writes) = (units.read_units_per_second, units.write_units_per_second);
    let words = format!("warm {of} to {reads} reads and {writes} writes a second");
    comparison.change(words, Change { index: index.cloned(), units });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::table::tests::table;

    #[test]
    fn it_is_raised_where_it_is_lower_and_never_lowered() {
        let units = |reads, writes| Units { read_units_per_second: reads, write_units_per_second: writes };
        let value = |table, index: &str, of| Value { table, indexes: [(index.to_owned(), of)].into() };
        let wanted = value(units(12_000, 9_000), "by-customer", units(5, 5));
        let actual = value(units(15_000, 4_000), "by-customer", units(9, 9));
        let comparison = WarmThroughput::compare(&wanted, &actual, &table());
        assert_eq!(comparison.changes.len(), 1);
        assert_eq!(comparison.changes[0].change, Change { index: None, units: units(15_000, 9_000) });
        assert_eq!(comparison.same, 1);
        let gone = WarmThroughput::compare(&value(units(0, 0), "gone", units(5, 5)), &actual, &table());
        assert_eq!((gone.changes.len(), gone.left_out.len()), (0, 1));
    }
}

//! Warm throughput of the table and of each global secondary index: the requests per second that it can serve
//! immediately, without scaling up.
//!
//! Warm throughput grows with use and never shrinks, and DynamoDB refuses to lower it ("Warm throughput", developer
//! guide). A target with more than the source therefore counts as equal. Raising it is billed once, so this setting is
//! off by default.
//!
//! Raising takes minutes, during which the table stays ACTIVE and shows the old values. Only the status of the warm
//! throughput is UPDATING, and another call would start over (DDB-TABLE-179, 459 of the measurements). Everything is
//! therefore raised in one call, and then waited for.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{
    GlobalSecondaryIndexUpdate, IndexStatus, TableStatus, UpdateGlobalSecondaryIndexAction,
    WarmThroughput as SdkWarmThroughput,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::setting::stored_as;
use super::table::{no_index, table_or_index};
use super::{Aws, Comparison, Planned, Setting, SettingName, Table};
use crate::aws::failure::AwsFailure;

/// The warm throughput setting.
#[derive(Clone, Copy, Debug)]
pub struct WarmThroughput;

/// The warm throughput of a table and its indexes.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Value {
    /// Warm throughput of the table.
    pub table: Units,
    /// Warm throughput of indexes by name.
    pub indexes: BTreeMap<String, Units>,
    /// Indexes whose warm throughput is being raised; `None` is the table itself. Not written to documents.
    #[serde(skip)]
    pub under_way: BTreeSet<Option<String>>,
}

/// Read and write units per second.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Units {
    /// Read units per second.
    pub read_units_per_second: i64,
    /// Write units per second.
    pub write_units_per_second: i64,
}

/// The new warm throughput of indexes by name, set by one call of UpdateTable; `None` is the table itself.
pub type Change = Vec<(Option<String>, Units)>;

impl Setting for WarmThroughput {
    const NAME: SettingName = SettingName::WarmThroughput;
    const IS_OF_UPDATE_TABLE: bool = true;
    type Value = Value;
    type Change = Change;

    stored_as!(warm_throughput);

    async fn read(_aws: &Aws, table: &Table) -> Result<Value, AwsFailure> {
        let units = |reads: Option<i64>, writes: Option<i64>| Units {
            read_units_per_second: reads.unwrap_or_default(),
            write_units_per_second: writes.unwrap_or_default(),
        };
        let mut value = Value::default();
        if let Some(warm) = table.description.warm_throughput() {
            value.table = units(warm.read_units_per_second(), warm.write_units_per_second());
            if warm.status() == Some(&TableStatus::Updating) {
                value.under_way.insert(None);
            }
        }
        for index in table.indexes() {
            let (Some(name), Some(warm)) = (index.index_name(), index.warm_throughput()) else { continue };
            let units = units(warm.read_units_per_second(), warm.write_units_per_second());
            value.indexes.insert(name.to_owned(), units);
            if warm.status() == Some(&IndexStatus::Updating) {
                value.under_way.insert(Some(name.to_owned()));
            }
        }
        Ok(value)
    }

    fn compare(wanted: &Value, actual: &Value, target: &Table) -> Comparison<Change> {
        let mut comparison = Comparison::default();
        compare_one(&mut comparison, None, wanted.table, actual);
        for (index, units) in &wanted.indexes {
            if target.has_index(index) {
                compare_one(&mut comparison, Some(index), *units, actual);
            } else {
                comparison.leave_out(no_index(index));
            }
        }
        comparison
    }

    fn joined(planned: Vec<Planned<Change>>) -> Vec<Planned<Change>> {
        let text = match planned.as_slice() {
            [] => return planned,
            [one] => one.text.clone(),
            many => format!("raise the warm throughput of {} of table and indexes", many.len()),
        };
        let change = planned.into_iter().flat_map(|planned| planned.change).collect();
        vec![Planned { text, change }]
    }

    async fn make(change: &Change, aws: &Aws, target: &Table) -> Result<(), AwsFailure> {
        let action = "dynamodb:UpdateTable";
        let mut update = aws.dynamodb.update_table().table_name(&target.name);
        for (index, units) in change {
            let warm = SdkWarmThroughput::builder()
                .read_units_per_second(units.read_units_per_second)
                .write_units_per_second(units.write_units_per_second)
                .build();
            update = match index {
                None => update.warm_throughput(warm),
                Some(index) => {
                    let index = UpdateGlobalSecondaryIndexAction::builder().index_name(index);
                    let index = index.warm_throughput(warm).build().map_err(AwsFailure::unbuilt(action))?;
                    let index = GlobalSecondaryIndexUpdate::builder().update(index).build();
                    update.global_secondary_index_updates(index)
                }
            };
        }
        update.send().await.map(drop).map_err(AwsFailure::from_call(action))
    }
}

fn compare_one(comparison: &mut Comparison<Change>, index: Option<&String>, wanted: Units, actual: &Value) {
    let now = match index {
        None => actual.table,
        Some(index) => actual.indexes.get(index).copied().unwrap_or_default(),
    };
    let units = Units {
        read_units_per_second: wanted.read_units_per_second.max(now.read_units_per_second),
        write_units_per_second: wanted.write_units_per_second.max(now.write_units_per_second),
    };
    let of = table_or_index(index.map(String::as_str));
    if units == now {
        comparison.same += 1;
    } else if actual.under_way.contains(&index.cloned()) {
        comparison.under_way(format!("wait for the warm throughput of {of}, which is UPDATING"));
    } else {
        let text = format!("change the warm throughput of {of} from {now} to {units}");
        comparison.change(text, vec![(index.cloned(), units)]);
    }
}

impl std::fmt::Display for Units {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Units { read_units_per_second: reads, write_units_per_second: writes } = self;
        write!(formatter, "{reads} reads and {writes} writes a second")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::settings::reconcile::{Reconciled, reconcile};
    use crate::settings::table::tests::table;
    use crate::testing::fake_aws::FakeAws;

    fn units(reads: i64, writes: i64) -> Units {
        Units { read_units_per_second: reads, write_units_per_second: writes }
    }

    fn value(table: Units, index: &str, of: Units) -> Value {
        Value { table, indexes: [(index.to_owned(), of)].into(), under_way: BTreeSet::new() }
    }

    #[test]
    fn warm_throughput_is_raised_and_never_lowered() {
        let wanted = value(units(12_000, 9_000), "by-customer", units(5, 5));
        let actual = value(units(15_000, 4_000), "by-customer", units(9, 9));
        let comparison = WarmThroughput::compare(&wanted, &actual, &table());
        assert_eq!(comparison.changes.len(), 1);
        assert_eq!(comparison.changes[0].change, [(None, units(15_000, 9_000))]);
        assert_eq!(comparison.same, 1);
        let gone = WarmThroughput::compare(&value(units(0, 0), "gone", units(5, 5)), &actual, &table());
        assert_eq!((gone.changes.len(), gone.left_out.len()), (0, 1));
    }

    #[tokio::test]
    async fn table_and_indexes_are_raised_in_one_call_and_waited_for() {
        let aws = FakeAws::default().with_table("copy");
        let shown = |reads: i64, status: &str| json!({ "ReadUnitsPerSecond": reads, "WriteUnitsPerSecond": 9, "Status": status });
        let show = |warm: serde_json::Value| {
            let index = json!({ "IndexName": "by-customer", "WarmThroughput": warm });
            aws.set("copy", "WarmThroughput", warm);
            aws.set("copy", "GlobalSecondaryIndexes", json!([index]));
            aws.set("copy", "TableStatus", json!("ACTIVE"));
        };
        let wanted = value(units(7, 9), "by-customer", units(7, 9));
        let clients = aws.clients().settings();
        let run = async || reconcile::<WarmThroughput>(&wanted, &clients, "copy", false).await.unwrap();
        show(shown(5, "ACTIVE"));
        assert!(matches!(run().await, Reconciled::Later { table_is_updating: true, .. }));
        let calls = aws.calls("dynamodb:UpdateTable");
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0].input["WarmThroughput"]["ReadUnitsPerSecond"], 7);
        let index = &calls[0].input["GlobalSecondaryIndexUpdates"][0]["Update"];
        assert_eq!(index["WarmThroughput"]["ReadUnitsPerSecond"], 7);
        show(shown(5, "UPDATING"));
        let waiting = run().await;
        let expected = "wait for the warm throughput of the table, which is UPDATING";
        assert!(matches!(&waiting, Reconciled::Later { reason, .. } if reason == expected), "{waiting:?}");
        assert_eq!(aws.calls("dynamodb:UpdateTable").len(), 1);
        show(shown(7, "ACTIVE"));
        assert_eq!(run().await, Reconciled::Done { refused: Vec::new() });
    }
}

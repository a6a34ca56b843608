//! Maximum on-demand throughput of the table and of each global secondary index.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{
    GlobalSecondaryIndexUpdate, OnDemandThroughput as SdkThroughput, UpdateGlobalSecondaryIndexAction,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::setting::stored_as;
use super::table::{no_index, table_or_index};
use super::{Aws, Comparison, Setting, SettingName, Table};
use crate::aws::failure::AwsFailure;

/// The maximum on-demand throughput setting.
#[derive(Clone, Copy, Debug)]
pub struct OnDemandThroughput;

/// AWS's value for no maximum (API reference, OnDemandThroughput).
const NO_MAXIMUM: i64 = -1;

/// The maxima of a table and its indexes.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Value {
    /// Maxima of the table.
    pub table: Maxima,
    /// Maxima of indexes by name; an index without maxima is missing.
    pub indexes: BTreeMap<String, Maxima>,
}

/// Maximum request units per second.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Maxima {
    /// Maximum read request units per second; null means no maximum.
    pub max_read_request_units: Option<i64>,
    /// Maximum write request units per second; null means no maximum.
    pub max_write_request_units: Option<i64>,
}

/// One call of UpdateTable.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// Name of the index; `None` for the table itself.
    pub index: Option<String>,
    /// Maxima to set.
    pub maxima: Maxima,
}

impl Setting for OnDemandThroughput {
    const NAME: SettingName = SettingName::OnDemandThroughput;
    const IS_OF_UPDATE_TABLE: bool = true;
    type Value = Value;
    type Change = Change;

    stored_as!(on_demand_throughput);

    async fn read(_aws: &Aws, table: &Table) -> Result<Value, AwsFailure> {
        let indexes = table.indexes().iter().filter_map(|index| {
            let maxima = Maxima::from(index.on_demand_throughput());
            (maxima != Maxima::default()).then(|| Some((index.index_name()?.to_owned(), maxima)))?
        });
        let indexes = indexes.collect();
        Ok(Value { table: Maxima::from(table.description.on_demand_throughput()), indexes })
    }

    fn compare(wanted: &Value, actual: &Value, target: &Table) -> Comparison<Change> {
        let mut comparison = Comparison::default();
        if !target.is_on_demand() && *wanted != Value::default() {
            comparison
                .leave_out("the target has provisioned capacity, and only tables on demand have a maximum");
            return comparison;
        }
        compare_one(&mut comparison, None, wanted.table, actual.table);
        for index in target.indexes().iter().filter_map(|index| index.index_name()) {
            let of = |value: &Value| value.indexes.get(index).copied().unwrap_or_default();
            compare_one(&mut comparison, Some(index), of(wanted), of(actual));
        }
        for index in wanted.indexes.keys().filter(|index| !target.has_index(index)) {
            comparison.leave_out(no_index(index));
        }
        comparison
    }

    async fn make(change: &Change, aws: &Aws, target: &Table) -> Result<(), AwsFailure> {
        let action = "dynamodb:UpdateTable";
        let throughput = SdkThroughput::builder()
            .max_read_request_units(change.maxima.max_read_request_units.unwrap_or(NO_MAXIMUM))
            .max_write_request_units(change.maxima.max_write_request_units.unwrap_or(NO_MAXIMUM))
            .build();
        let update = aws.dynamodb.update_table().table_name(&target.name);
        let update = match &change.index {
            None => update.on_demand_throughput(throughput),
            Some(index) => {
                let index = UpdateGlobalSecondaryIndexAction::builder().index_name(index);
                let index = index.on_demand_throughput(throughput).build();
                let index = index.map_err(AwsFailure::unbuilt(action))?;
                let index = GlobalSecondaryIndexUpdate::builder().update(index).build();
                update.global_secondary_index_updates(index)
            }
        };
        update.send().await.map(drop).map_err(AwsFailure::from_call(action))
    }
}

fn compare_one(comparison: &mut Comparison<Change>, index: Option<&str>, wanted: Maxima, actual: Maxima) {
    // If the source has no limit, the target keeps its own, which counts as extra.
    let combined = Maxima {
        max_read_request_units: wanted.max_read_request_units.or(actual.max_read_request_units),
        max_write_request_units: wanted.max_write_request_units.or(actual.max_write_request_units),
    };
    let of = table_or_index(index);
    let change = |maxima| Change { index: index.map(str::to_owned), maxima };
    if combined != actual {
        let text = match actual == Maxima::default() {
            true => format!("limit {of} to {wanted}"),
            false => format!("change the limit of {of} from {actual} to {combined}"),
        };
        comparison.change(text, change(combined));
    } else if wanted != Maxima::default() {
        comparison.same += 1;
    }
    if combined != wanted {
        comparison.extra(format!("limit {of} to {wanted} only"), change(wanted));
    }
}

impl From<Option<&SdkThroughput>> for Maxima {
    fn from(throughput: Option<&SdkThroughput>) -> Maxima {
        let maximum = |of: Option<i64>| of.filter(|units| *units != NO_MAXIMUM);
        Maxima {
            max_read_request_units: maximum(
                throughput.and_then(|throughput| throughput.max_read_request_units()),
            ),
            max_write_request_units: maximum(
                throughput.and_then(|throughput| throughput.max_write_request_units()),
            ),
        }
    }
}

impl std::fmt::Display for Maxima {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let units = |of: Option<i64>| of.map_or("any number of".to_owned(), |units| units.to_string());
        let (reads, writes) = (units(self.max_read_request_units), units(self.max_write_request_units));
        write!(formatter, "{reads} reads and {writes} writes a second")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::table::tests::{on_demand, table};

    fn maxima(reads: Option<i64>, writes: Option<i64>) -> Maxima {
        Maxima { max_read_request_units: reads, max_write_request_units: writes }
    }

    #[test]
    fn maxima_are_set_and_the_targets_own_are_left() {
        let indexes = [("by-customer", maxima(Some(5), None)), ("gone", maxima(Some(1), None))];
        let indexes = indexes.map(|(name, maxima)| (name.to_owned(), maxima)).into();
        let wanted = Value { table: maxima(Some(100), None), indexes };
        let actual = Value { table: maxima(None, Some(7)), indexes: BTreeMap::new() };
        let comparison = OnDemandThroughput::compare(&wanted, &actual, &on_demand());
        let changes: Vec<_> = comparison.changes.iter().map(|planned| &planned.change).collect();
        assert_eq!(changes[0], &Change { index: None, maxima: maxima(Some(100), Some(7)) });
        assert_eq!(changes[1].index.as_deref(), Some("by-customer"));
        assert_eq!(comparison.extra[0].change.maxima, maxima(Some(100), None));
        assert_eq!(comparison.left_out.len(), 1);
        let equal = OnDemandThroughput::compare(&wanted, &wanted, &on_demand());
        assert_eq!((equal.same, equal.changes.len(), equal.extra.len()), (2, 0, 0));
    }

    #[test]
    fn a_provisioned_target_has_no_maxima() {
        let wanted = Value { table: maxima(Some(100), None), ..Value::default() };
        let comparison = OnDemandThroughput::compare(&wanted, &Value::default(), &table());
        assert_eq!((comparison.changes.len(), comparison.left_out.len()), (0, 1));
        assert_eq!(
            OnDemandThroughput::compare(&Value::default(), &Value::default(), &table()),
            Comparison::default()
        );
    }

    #[test]
    fn minus_one_is_no_maximum() {
        let throughput =
            SdkThroughput::builder().max_read_request_units(-1).max_write_request_units(9).build();
        assert_eq!(Maxima::from(Some(&throughput)), maxima(None, Some(9)));
    }
}

//! CloudWatch Contributor Insights of the table and of each global secondary index, with its mode.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{
    ContributorInsightsAction, ContributorInsightsMode, ContributorInsightsStatus, ContributorInsightsSummary,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::setting::kept_as;
use super::table::{no_index, table_or_index};
use super::{Aws, Comparison, Setting, SettingName, Table};
use crate::aws_failure::AwsFailure;

/// The setting.
#[derive(Clone, Copy, Debug)]
pub struct ContributorInsights;

/// The mode (`ACCESSED_AND_THROTTLED_KEYS` or `THROTTLED_KEYS`) of what is watched; absent where it is not.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Value {
    /// The table's.
    pub table: Option<String>,
    /// Those of indexes, by name.
    pub indexes: BTreeMap<String, String>,
}

/// One call of UpdateContributorInsights.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// The index, or else the table itself.
    pub index: Option<String>,
    /// The mode; `None` turns it off.
    pub mode: Option<String>,
}

impl Setting for ContributorInsights {
    const NAME: SettingName = SettingName::ContributorInsights;
    type Value = Value;
    type Change = Change;

    kept_as!(contributor_insights);

    async fn read(aws: &Aws, table: &Table) -> Result<Value, AwsFailure> {
        let mut value = Value::default();
        let list = aws.dynamodb.list_contributor_insights().table_name(&table.name);
        let mut pages = list.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(AwsFailure::of("dynamodb:ListContributorInsights"))?;
            for summary in page.contributor_insights_summaries.unwrap_or_default() {
                let Some(mode) = mode(&summary) else { continue };
                match summary.index_name {
                    Some(index) => drop(value.indexes.insert(index, mode)),
                    None => value.table = Some(mode),
                }
            }
        }
        Ok(value)
    }

    fn compare(wanted: &Value, actual: &Value, target: &Table) -> Comparison<Change> {
        let mut comparison = Comparison::default();
        compare_one(&mut comparison, None, wanted.table.as_ref(), actual.table.as_ref());
        let indexes = wanted.indexes.keys().chain(actual.indexes.keys());
        for index in std::collections::BTreeSet::from_iter(indexes) {
            let (wanted, actual) = (wanted.indexes.get(index), actual.indexes.get(index));
            if target.has_index(index) {
                compare_one(&mut comparison, Some(index), wanted, actual);
            } else if wanted.is_some() {
                comparison.leave_out(no_index(index));
            }
        }
        comparison
    }

    async fn make(change: &Change, aws: &Aws, target: &Table) -> Result<(), AwsFailure> {
        let action = match change.mode {
            Some(_) => ContributorInsightsAction::Enable,
            None => ContributorInsightsAction::Disable,
        };
        let mode = change.mode.as_deref().map(ContributorInsightsMode::from);
        let update = aws.dynamodb.update_contributor_insights().table_name(&target.name);
        let update = update.set_index_name(change.index.clone()).contributor_insights_action(action);
        let updated = update.set_contributor_insights_mode(mode).send().await.map(drop);
        updated.map_err(AwsFailure::of("dynamodb:UpdateContributorInsights"))
    }
}

fn compare_one(
    comparison: &mut Comparison<Change>,
    index: Option<&String>,
    wanted: Option<&String>,
    actual: Option<&String>,
) {
    let of = table_or_index(index.map(String::as_str));
    let change = |mode: Option<&String>| Change { index: index.cloned(), mode: mode.cloned() };
    match (wanted, actual) {
        (None, None) => {}
        (wanted, actual) if wanted == actual => comparison.same += 1,
        (Some(mode), _) => comparison.change(format!("watch {of} by {mode}"), change(Some(mode))),
        (None, Some(_)) => comparison.extra(format!("stop watching {of}"), change(None)),
    }
}

/// The mode, if this is watched or about to be. AWS watches everything where it does not say.
fn mode(summary: &ContributorInsightsSummary) -> Option<String> {
    let status = summary.contributor_insights_status()?;
    let on = matches!(status, ContributorInsightsStatus::Enabled | ContributorInsightsStatus::Enabling);
    let mode =
        summary.contributor_insights_mode().unwrap_or(&ContributorInsightsMode::AccessedAndThrottledKeys);
    on.then(|| mode.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::settings::table::tests::table;

    fn value(table: Option<&str>, indexes: &[(&str, &str)]) -> Value {
        let indexes = indexes.iter().map(|(index, mode)| ((*index).to_owned(), (*mode).to_owned()));
        Value { table: table.map(str::to_owned), indexes: indexes.collect() }
    }

    #[test]
    fn table_and_indexes_are_compared_each_with_its_mode() {
        let wanted =
            value(Some("THROTTLED_KEYS"), &[("by-customer", "THROTTLED_KEYS"), ("gone", "THROTTLED_KEYS")]);
        let actual = value(Some("ACCESSED_AND_THROTTLED_KEYS"), &[("by-customer", "THROTTLED_KEYS")]);
        let comparison = ContributorInsights::compare(&wanted, &actual, &table());
        assert_eq!(comparison.changes.len(), 1);
        assert_eq!(comparison.changes[0].words, "watch the table by THROTTLED_KEYS");
        assert_eq!((comparison.same, comparison.left_out.len()), (1, 1));
        let extra = ContributorInsights::compare(&value(None, &[]), &actual, &table());
        assert_eq!((extra.changes.len(), extra.extra.len(), extra.same), (0, 2, 0));
    }

    #[test]
    fn what_is_being_turned_off_is_off() {
        let summary =
            |status| ContributorInsightsSummary::builder().contributor_insights_status(status).build();
        assert_eq!(mode(&summary(ContributorInsightsStatus::Disabling)), None);
        let all = Some("ACCESSED_AND_THROTTLED_KEYS".to_owned());
        assert_eq!(mode(&summary(ContributorInsightsStatus::Enabling)), all);
    }

    fn values() -> impl Strategy<Value = Value> {
        let mode = || prop_oneof![Just("THROTTLED_KEYS"), Just("ACCESSED_AND_THROTTLED_KEYS")];
        let mode = move || mode().prop_map(str::to_owned);
        let index = prop_oneof![Just("by-customer"), Just("gone")].prop_map(str::to_owned);
        let indexes = proptest::collection::btree_map(index, mode(), 0..3);
        (proptest::option::of(mode()), indexes).prop_map(|(table, indexes)| Value { table, indexes })
    }

    proptest! {
        #[test]
        fn what_a_comparison_says_makes_it_equal(
            wanted in values(), actual in values(), remove in any::<bool>()
        ) {
            let mut now = actual.clone();
            for planned in ContributorInsights::compare(&wanted, &actual, &table()).to_do(remove) {
                let Change { index, mode } = planned.change.clone();
                match (index, mode) {
                    (None, mode) => now.table = mode,
                    (Some(index), Some(mode)) => drop(now.indexes.insert(index, mode)),
                    (Some(index), None) => drop(now.indexes.remove(&index)),
                }
            }
            let left = ContributorInsights::compare(&wanted, &now, &table());
            prop_assert!(left.to_do(remove).next().is_none(), "{left:?}");
            prop_assert_eq!(now.indexes.get("gone"), actual.indexes.get("gone"));
        }
    }
}

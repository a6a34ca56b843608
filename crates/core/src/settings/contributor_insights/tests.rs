use std::sync::Mutex;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::settings::reconcile::{Reconciled, reconcile};
use crate::settings::table::tests::table;
use crate::testing::fake_aws::FakeAws;

fn value(table: Option<&str>, indexes: &[(&str, &str)]) -> Value {
    let indexes = indexes.iter().map(|(index, mode)| ((*index).to_owned(), (*mode).to_owned()));
    Value { table: table.map(str::to_owned), indexes: indexes.collect(), ..Value::default() }
}

#[test]
fn the_table_and_each_index_are_compared_with_their_modes() {
    let wanted =
        value(Some("THROTTLED_KEYS"), &[("by-customer", "THROTTLED_KEYS"), ("gone", "THROTTLED_KEYS")]);
    let actual = value(Some("ACCESSED_AND_THROTTLED_KEYS"), &[("by-customer", "THROTTLED_KEYS")]);
    let comparison = ContributorInsights::compare(&wanted, &actual, &table());
    assert_eq!(comparison.changes.len(), 1);
    assert_eq!(
        comparison.changes[0].text,
        "change how the table is watched from ACCESSED_AND_THROTTLED_KEYS to THROTTLED_KEYS"
    );
    assert_eq!((comparison.same, comparison.left_out.len()), (1, 1));
    let extra = ContributorInsights::compare(&value(None, &[]), &actual, &table());
    assert_eq!((extra.changes.len(), extra.extra.len(), extra.same), (0, 2, 0));
}

#[test]
fn insights_that_are_being_disabled_are_off() {
    let summary = |status| ContributorInsightsSummary::builder().contributor_insights_status(status).build();
    assert_eq!(mode(&summary(ContributorInsightsStatus::Disabling)), None);
    let all = Some("ACCESSED_AND_THROTTLED_KEYS".to_owned());
    assert_eq!(mode(&summary(ContributorInsightsStatus::Enabling)), all);
}

fn values() -> impl Strategy<Value = Value> {
    let mode = || prop_oneof![Just("THROTTLED_KEYS"), Just("ACCESSED_AND_THROTTLED_KEYS")];
    let mode = move || mode().prop_map(str::to_owned);
    let index = prop_oneof![Just("by-customer"), Just("gone")].prop_map(str::to_owned);
    let indexes = proptest::collection::btree_map(index, mode(), 0..3);
    (proptest::option::of(mode()), indexes).prop_map(|(table, indexes)| Value {
        table,
        indexes,
        ..Value::default()
    })
}

proptest! {
    #[test]
    fn changes_of_a_comparison_make_the_target_equal(
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

#[test]
fn insights_that_are_being_enabled_are_waited_for() {
    let wanted = value(Some("THROTTLED_KEYS"), &[("by-customer", "THROTTLED_KEYS")]);
    let enabling = Value { under_way: [Some("by-customer".to_owned())].into(), ..wanted.clone() };
    let comparison = ContributorInsights::compare(&wanted, &enabling, &table());
    assert_eq!((comparison.same, comparison.changes.len()), (1, 0));
    assert_eq!(comparison.under_way, ["wait for the insights of index by-customer, which are ENABLING"]);
    assert!(serde_json::to_value(&enabling).unwrap().get("UnderWay").is_none());
}

/// Reconciles a target whose insights have these statuses, one per poll. The last status stays.
async fn enabled(statuses: &[&'static str]) -> (Reconciled, FakeAws) {
    let aws = FakeAws::default().with_table("copy");
    let statuses_left = Mutex::new(statuses.to_vec());
    aws.response("dynamodb:ListContributorInsights", move |_| {
        let mut statuses_left = statuses_left.lock().unwrap();
        let status = if statuses_left.len() > 1 { statuses_left.remove(0) } else { statuses_left[0] };
        let summary = json!({ "TableName": "copy", "ContributorInsightsStatus": status });
        (200, json!({ "ContributorInsightsSummaries": [summary] }))
    });
    aws.response("dynamodb:DescribeContributorInsights", |_| {
        let reason = json!({ "ExceptionName": "LimitExceededException", "ExceptionDescription": "rule limit reached" });
        (200, json!({ "ContributorInsightsStatus": "FAILED", "FailureException": reason }))
    });
    let wanted = value(Some("ACCESSED_AND_THROTTLED_KEYS"), &[]);
    let clients = aws.clients().settings();
    (reconcile::<ContributorInsights>(&wanted, &clients, "copy", false).await.unwrap(), aws)
}

#[tokio::test]
async fn insights_are_polled_until_they_are_enabled() {
    let (done, aws) = enabled(&["DISABLED", "ENABLING", "ENABLED"]).await;
    assert_eq!(done, Reconciled::Done { refused: Vec::new() });
    assert_eq!(aws.calls("dynamodb:UpdateContributorInsights").len(), 1);
    assert!(aws.calls("dynamodb:DescribeContributorInsights").is_empty());
}

#[tokio::test]
async fn failed_insights_are_enabled_again_and_refused_with_dynamodbs_reason() {
    let (done, aws) = enabled(&["FAILED", "ENABLING", "FAILED"]).await;
    let Reconciled::Done { refused } = done else { panic!("{done:?}") };
    let expected = "UpdateContributorInsights failed: FAILED: LimitExceededException: rule limit reached";
    assert!(matches!(&refused[..], [one] if one.ends_with(expected)), "{refused:?}");
    assert_eq!(aws.calls("dynamodb:UpdateContributorInsights").len(), 1);
}

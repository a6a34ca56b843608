//! CloudWatch Contributor Insights of the table and of each global secondary index, with its mode.
//!
//! DynamoDB responds before it knows whether CloudWatch has a free rule. The insights are ENABLING for some seconds,
//! and then ENABLED, or FAILED with the reason (DDB-TABLE-337 of the measurements). Failed insights stay FAILED until
//! they are enabled again.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{
    ContributorInsightsAction, ContributorInsightsMode, ContributorInsightsStatus, ContributorInsightsSummary,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::setting::stored_as;
use super::settled::settled;
use super::table::{no_index, table_or_index};
use super::{Aws, Comparison, Setting, SettingName, Table};
use crate::aws::failure::AwsFailure;
use crate::error_name::ErrorName;

/// The Contributor Insights setting.
#[derive(Clone, Copy, Debug)]
pub struct ContributorInsights;

/// The mode (`ACCESSED_AND_THROTTLED_KEYS` or `THROTTLED_KEYS`) of each table or index with insights.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Value {
    /// Mode of the table; null if its insights are off.
    pub table: Option<String>,
    /// Modes of indexes by name.
    pub indexes: BTreeMap<String, String>,
    /// Indexes whose insights are being enabled; `None` is the table itself. Not written to documents.
    #[serde(skip)]
    pub under_way: BTreeSet<Option<String>>,
}

/// One call of UpdateContributorInsights.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// Name of the index; `None` for the table itself.
    pub index: Option<String>,
    /// Mode to enable; `None` disables the insights.
    pub mode: Option<String>,
}

impl Setting for ContributorInsights {
    const NAME: SettingName = SettingName::ContributorInsights;
    type Value = Value;
    type Change = Change;

    stored_as!(contributor_insights);

    async fn read(aws: &Aws, table: &Table) -> Result<Value, AwsFailure> {
        let mut value = Value::default();
        for summary in list(aws, table).await? {
            let Some(mode) = mode(&summary) else { continue };
            if summary.contributor_insights_status() == Some(&ContributorInsightsStatus::Enabling) {
                value.under_way.insert(summary.index_name.clone());
            }
            match summary.index_name {
                Some(index) => drop(value.indexes.insert(index, mode)),
                None => value.table = Some(mode),
            }
        }
        Ok(value)
    }

    fn compare(wanted: &Value, actual: &Value, target: &Table) -> Comparison<Change> {
        let mut comparison = Comparison::default();
        let mut compare = |index: Option<&String>, wanted: Option<&String>, now: Option<&String>| {
            let is_under_way = actual.under_way.contains(&index.cloned());
            compare_one(&mut comparison, index, wanted, now, is_under_way);
        };
        compare(None, wanted.table.as_ref(), actual.table.as_ref());
        let indexes: BTreeSet<_> = wanted.indexes.keys().chain(actual.indexes.keys()).collect();
        for index in &indexes {
            if target.has_index(index) {
                compare(Some(*index), wanted.indexes.get(*index), actual.indexes.get(*index));
            }
        }
        for index in indexes {
            if !target.has_index(index) && wanted.indexes.contains_key(index) {
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
        let action = "dynamodb:UpdateContributorInsights";
        update.set_contributor_insights_mode(mode).send().await.map_err(AwsFailure::from_call(action))?;
        let index = change.index.as_deref();
        if change.mode.is_some() && settled(|| describe(aws, target, index)).await? == Some(Watched::Failed) {
            let detail = format!("FAILED: {}", why_failed(aws, target, index).await?);
            return Err(AwsFailure::new(action, ErrorName::RequestRefused, detail));
        }
        Ok(())
    }
}

/// The result of enabling insights.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Watched {
    Yes,
    Failed,
}

/// Polls insights that were just enabled. Returns `None` if DynamoDB has no result yet.
async fn describe(aws: &Aws, target: &Table, index: Option<&str>) -> Result<Option<Watched>, AwsFailure> {
    let summaries = list(aws, target).await?;
    let summary = summaries.iter().find(|summary| summary.index_name() == index);
    Ok(match summary.and_then(|summary| summary.contributor_insights_status()) {
        Some(ContributorInsightsStatus::Failed) => Some(Watched::Failed),
        Some(ContributorInsightsStatus::Enabled) => Some(Watched::Yes),
        _ => None,
    })
}

/// Returns DynamoDB's reason why insights failed, which the list does not contain.
async fn why_failed(aws: &Aws, target: &Table, index: Option<&str>) -> Result<String, AwsFailure> {
    let describe = aws.dynamodb.describe_contributor_insights().table_name(&target.name);
    let described = describe.set_index_name(index.map(str::to_owned)).send().await;
    let described = described.map_err(AwsFailure::from_call("dynamodb:DescribeContributorInsights"))?;
    let reason = described.failure_exception();
    let name = reason.and_then(|reason| reason.exception_name());
    let description = reason.and_then(|reason| reason.exception_description());
    Ok(format!("{}: {}", name.unwrap_or("no name"), description.unwrap_or("DynamoDB gives no reason")))
}

async fn list(aws: &Aws, table: &Table) -> Result<Vec<ContributorInsightsSummary>, AwsFailure> {
    let mut summaries = Vec::new();
    let list = aws.dynamodb.list_contributor_insights().table_name(&table.name);
    let mut pages = list.into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(AwsFailure::from_call("dynamodb:ListContributorInsights"))?;
        summaries.extend(page.contributor_insights_summaries.unwrap_or_default());
    }
    Ok(summaries)
}

fn compare_one(
    comparison: &mut Comparison<Change>,
    index: Option<&String>,
    wanted: Option<&String>,
    actual: Option<&String>,
    is_under_way: bool,
) {
    let of = table_or_index(index.map(String::as_str));
    let change = |mode: Option<&String>| Change { index: index.cloned(), mode: mode.cloned() };
    match (wanted, actual) {
        (None, None) => {}
        (Some(_), Some(_)) if is_under_way => {
            comparison.under_way(format!("wait for the insights of {of}, which are ENABLING"));
        }
        (wanted, actual) if wanted == actual => comparison.same += 1,
        (Some(mode), None) => comparison.change(format!("watch {of} by {mode}"), change(Some(mode))),
        (Some(mode), Some(now)) => {
            let text = format!("change how {of} is watched from {now} to {mode}");
            comparison.change(text, change(Some(mode)));
        }
        (None, Some(_)) => comparison.extra(format!("stop watching {of}"), change(None)),
    }
}

/// Returns the mode if the insights are enabled or being enabled. If AWS returns no mode, all keys are watched.
fn mode(summary: &ContributorInsightsSummary) -> Option<String> {
    let status = summary.contributor_insights_status()?;
    let on = matches!(status, ContributorInsightsStatus::Enabled | ContributorInsightsStatus::Enabling);
    let mode =
        summary.contributor_insights_mode().unwrap_or(&ContributorInsightsMode::AccessedAndThrottledKeys);
    on.then(|| mode.as_str().to_owned())
}

#[cfg(test)]
mod tests;

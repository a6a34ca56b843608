//! Scheduled actions: capacities at scheduled times.

use std::collections::BTreeMap;

use aws_sdk_applicationautoscaling::primitives::DateTime as SdkDateTime;
use aws_sdk_applicationautoscaling::types::{ScalableTargetAction, ScheduledAction as SdkAction};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{NAMESPACE, Subject};
use crate::aws::failure::AwsFailure;
use crate::clock::utc;
use crate::settings::{Aws, Table};

/// A scheduled action.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ScheduledAction {
    /// Schedule: `at(…)`, `rate(…)` or `cron(…)`.
    pub schedule: String,
    /// Time zone of the schedule; null means UTC.
    pub timezone: Option<String>,
    /// Start of the schedule.
    pub start_time: Option<DateTime<Utc>>,
    /// End of the schedule.
    pub end_time: Option<DateTime<Utc>>,
    /// Minimum capacity, in capacity units.
    pub min_capacity: Option<i32>,
    /// Maximum capacity, in capacity units.
    pub max_capacity: Option<i32>,
}

pub(super) async fn read(
    aws: &Aws,
    table: &Table,
    subject: &Subject,
) -> Result<BTreeMap<String, ScheduledAction>, AwsFailure> {
    let describe = aws.auto_scaling.describe_scheduled_actions().service_namespace(NAMESPACE);
    let describe = describe.resource_id(subject.resource_id(table)).scalable_dimension(subject.dimension());
    let mut pages = describe.into_paginator().send();
    let mut actions = BTreeMap::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(AwsFailure::from_call("application-autoscaling:DescribeScheduledActions"))?;
        let named = page.scheduled_actions().iter();
        actions.extend(
            named.map(|action| (action.scheduled_action_name().to_owned(), ScheduledAction::from(action))),
        );
    }
    Ok(actions)
}

pub(super) async fn put(
    aws: &Aws,
    table: &Table,
    subject: &Subject,
    name: &str,
    action: &ScheduledAction,
) -> Result<(), AwsFailure> {
    let time = |time: Option<DateTime<Utc>>| {
        time.map(|time| SdkDateTime::from_secs_and_nanos(time.timestamp(), time.timestamp_subsec_nanos()))
    };
    let capacities = ScalableTargetAction::builder()
        .set_min_capacity(action.min_capacity)
        .set_max_capacity(action.max_capacity)
        .build();
    let put = aws.auto_scaling.put_scheduled_action().service_namespace(NAMESPACE);
    let put = put.scheduled_action_name(name).resource_id(subject.resource_id(table));
    let put = put
        .scalable_dimension(subject.dimension())
        .schedule(&action.schedule)
        .set_timezone(action.timezone.clone())
        .set_start_time(time(action.start_time))
        .set_end_time(time(action.end_time))
        .scalable_target_action(capacities)
        .send()
        .await;
    put.map(drop).map_err(AwsFailure::from_call("application-autoscaling:PutScheduledAction"))
}

pub(super) async fn delete(
    aws: &Aws,
    table: &Table,
    subject: &Subject,
    name: &str,
) -> Result<(), AwsFailure> {
    let delete = aws.auto_scaling.delete_scheduled_action().service_namespace(NAMESPACE);
    let delete = delete.scheduled_action_name(name).resource_id(subject.resource_id(table));
    let deleted = delete.scalable_dimension(subject.dimension()).send().await;
    deleted.map(drop).map_err(AwsFailure::from_call("application-autoscaling:DeleteScheduledAction"))
}

impl From<&SdkAction> for ScheduledAction {
    fn from(action: &SdkAction) -> ScheduledAction {
        let capacities = action.scalable_target_action();
        ScheduledAction {
            schedule: action.schedule().to_owned(),
            timezone: action.timezone().map(str::to_owned),
            start_time: action.start_time().map(utc),
            end_time: action.end_time().map(utc),
            min_capacity: capacities.and_then(ScalableTargetAction::min_capacity),
            max_capacity: capacities.and_then(ScalableTargetAction::max_capacity),
        }
    }
}

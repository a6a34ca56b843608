//! Settings as AWS's own calls return them, read without the code under test.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_applicationautoscaling::types::ServiceNamespace;
use serde_json::Value;
use tablekeeper_tests::Deployed;
use tablekeeper_tests::workflows::sync_settings::tables::{stream_arn, table_arn};

/// The settings of a table, without what names the table itself.
#[derive(Debug, PartialEq)]
pub(crate) struct AsRead {
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) time_to_live: Option<String>,
    pub(crate) recovery_days: Option<i32>,
    /// The event source mappings with all fields except their ids, ARNs and states.
    pub(crate) triggers: BTreeSet<String>,
    /// The scalable targets, with `…` for the table in their resource ids.
    pub(crate) scaled: BTreeSet<String>,
    pub(crate) scaling_policies: BTreeSet<String>,
    pub(crate) scheduled_actions: BTreeSet<String>,
    pub(crate) kinesis: BTreeSet<String>,
    pub(crate) protected: Option<bool>,
    pub(crate) class: Option<String>,
    pub(crate) stream: Option<String>,
}

impl AsRead {
    pub(crate) async fn read(deployed: &Deployed, table: &str) -> AsRead {
        let dynamodb = &deployed.dynamodb;
        let described = dynamodb.describe_table().table_name(table).send().await.unwrap().table.unwrap();
        let ttl = dynamodb.describe_time_to_live().table_name(table).send().await.unwrap();
        let backups = dynamodb.describe_continuous_backups().table_name(table).send().await.unwrap();
        let backups = backups.continuous_backups_description.unwrap();
        let streams = dynamodb.describe_kinesis_streaming_destination().table_name(table);
        let streams = streams.send().await.unwrap().kinesis_data_stream_destinations.unwrap_or_default();
        AsRead {
            tags: tags(deployed, table).await,
            time_to_live: ttl.time_to_live_description.and_then(|ttl| ttl.attribute_name),
            recovery_days: backups.point_in_time_recovery_description.unwrap().recovery_period_in_days,
            triggers: triggers(deployed, table).await,
            scaled: scaled(deployed, table).await,
            scaling_policies: scaling_policies(deployed, table).await,
            scheduled_actions: scheduled_actions(deployed, table).await,
            kinesis: streams.iter().map(|stream| format!("{stream:?}")).collect(),
            protected: described.deletion_protection_enabled,
            class: described
                .table_class_summary
                .and_then(|summary| summary.table_class)
                .map(|class| class.to_string()),
            stream: described.stream_specification.map(|stream| format!("{stream:?}")),
        }
    }
}

async fn tags(deployed: &Deployed, table: &str) -> BTreeMap<String, String> {
    let (mut tags, mut next) = (BTreeMap::new(), None);
    loop {
        let list = deployed.dynamodb.list_tags_of_resource().resource_arn(table_arn(deployed, table));
        let page = list.set_next_token(next).send().await.unwrap();
        tags.extend(page.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)));
        next = page.next_token;
        if next.is_none() {
            return tags;
        }
    }
}

async fn triggers(deployed: &Deployed, table: &str) -> BTreeSet<String> {
    let Some(stream) = stream_arn(deployed, table).await else { return BTreeSet::new() };
    let list = deployed.lambda.list_event_source_mappings().event_source_arn(stream).into_paginator();
    let mappings: Vec<_> = list.items().send().try_collect().await.unwrap();
    let without_its_own = mappings.into_iter().map(|mut mapping| {
        mapping.uuid = None;
        mapping.event_source_mapping_arn = None;
        mapping.event_source_arn = None;
        mapping.last_modified = None;
        mapping.last_processing_result = None;
        mapping.state_transition_reason = None;
        format!("{mapping:?}")
    });
    without_its_own.collect()
}

/// Returns the resource's id with `…` for the table. Panics if the resource is not of this table.
fn portable(id: &str, table: &str) -> String {
    let rest = id.strip_prefix(&format!("table/{table}"));
    let rest = rest.filter(|rest| rest.is_empty() || rest.starts_with("/index/"));
    assert!(rest.is_some(), "{id} is not of table {table}");
    format!("…{}", rest.unwrap_or_default())
}

fn is_of(id: &str, table: &str) -> bool {
    id == format!("table/{table}") || id.starts_with(&format!("table/{table}/"))
}

async fn scaled(deployed: &Deployed, table: &str) -> BTreeSet<String> {
    let describe = deployed.auto_scaling.describe_scalable_targets();
    let pages = describe.service_namespace(ServiceNamespace::Dynamodb).into_paginator();
    let all: Vec<_> = pages.items().send().try_collect().await.unwrap();
    let own = all.into_iter().filter(|target| is_of(&target.resource_id, table));
    own.map(|target| {
        let id = portable(&target.resource_id, table);
        let (dimension, suspended) = (target.scalable_dimension, target.suspended_state);
        format!("{id} {dimension} {} {} {suspended:?}", target.min_capacity, target.max_capacity)
    })
    .collect()
}

async fn scaling_policies(deployed: &Deployed, table: &str) -> BTreeSet<String> {
    let describe = deployed.auto_scaling.describe_scaling_policies();
    let pages = describe.service_namespace(ServiceNamespace::Dynamodb).into_paginator();
    let all: Vec<_> = pages.items().send().try_collect().await.unwrap();
    let own = all.into_iter().filter(|policy| is_of(&policy.resource_id, table));
    own.map(|policy| {
        let name = policy.policy_name.replace(&policy.resource_id, "…");
        let (id, how) =
            (portable(&policy.resource_id, table), policy.target_tracking_scaling_policy_configuration);
        format!("{name} {id} {} {how:?}", policy.scalable_dimension)
    })
    .collect()
}

async fn scheduled_actions(deployed: &Deployed, table: &str) -> BTreeSet<String> {
    let describe = deployed.auto_scaling.describe_scheduled_actions();
    let pages = describe.service_namespace(ServiceNamespace::Dynamodb).into_paginator();
    let all: Vec<_> = pages.items().send().try_collect().await.unwrap();
    let own = all.into_iter().filter(|action| is_of(&action.resource_id, table));
    own.map(|action| {
        let id = portable(&action.resource_id, table);
        let (name, when, zone) = (action.scheduled_action_name, action.schedule, action.timezone);
        format!("{name} {id} {when} {zone:?} {:?}", action.scalable_target_action)
    })
    .collect()
}

/// Returns the policies of the table and of its stream as text.
pub(crate) async fn policies(deployed: &Deployed, table: &str) -> Vec<String> {
    let mut policies = Vec::new();
    for arn in [Some(table_arn(deployed, table)), stream_arn(deployed, table).await].into_iter().flatten() {
        let response = deployed.dynamodb.get_resource_policy().resource_arn(arn).send().await.unwrap();
        policies.push(response.policy.unwrap());
    }
    policies
}

/// Returns the resources that the policy names.
pub(crate) fn resources(policy: &str) -> Vec<String> {
    let policy: Value = serde_json::from_str(policy).unwrap();
    let resources = policy["Statement"][0]["Resource"].as_array().unwrap();
    resources.iter().map(|resource| resource.as_str().unwrap().to_owned()).collect()
}

/// Returns the names of the alarms on the table.
pub(crate) async fn alarms(deployed: &Deployed, table: &str) -> BTreeSet<String> {
    let response = deployed.cloudwatch.describe_alarms().send().await.unwrap();
    assert_eq!(response.next_token, None);
    let alarms = response.metric_alarms.unwrap_or_default().into_iter();
    let is_on_table = |alarm: &aws_sdk_cloudwatch::types::MetricAlarm| {
        let mut dimensions = alarm.dimensions().iter();
        dimensions.any(|dimension| dimension.name() == Some("TableName") && dimension.value() == Some(table))
    };
    alarms.filter(is_on_table).filter_map(|alarm| alarm.alarm_name).collect()
}

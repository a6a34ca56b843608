//! Scaling policies. DynamoDB is scaled by target tracking ("Managing throughput capacity automatically", developer
//! guide). A policy of another type, or one that tracks an expression over several metrics, is reported and left out.

use std::collections::BTreeMap;

use aws_sdk_applicationautoscaling::types::{
    CustomizedMetricSpecification, MetricDimension, MetricStatistic, MetricType, PolicyType,
    PredefinedMetricSpecification, ScalingPolicy as SdkPolicy, TargetTrackingScalingPolicyConfiguration,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{NAMESPACE, Subject};
use crate::aws::failure::AwsFailure;
use crate::settings::{Aws, Table};

const RESOURCE_ID: &str = "${ResourceId}";
const TABLE_NAME: &str = "${TableName}";

/// A target-tracking policy. AWS creates its alarms.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct ScalingPolicy {
    /// Target value of the metric, in percent for the predefined metrics.
    pub target_value: f64,
    /// Type of the predefined metric, such as `DynamoDBReadCapacityUtilization`.
    pub predefined_metric_type: Option<String>,
    /// Customized metric, used instead of a predefined one.
    pub customized_metric: Option<CustomizedMetric>,
    /// Seconds before the capacity is raised again.
    pub scale_out_cooldown: Option<i32>,
    /// Seconds before the capacity is lowered again.
    pub scale_in_cooldown: Option<i32>,
    /// Whether the policy never lowers the capacity.
    pub disable_scale_in: bool,
    /// Property of the policy that this form cannot represent. A policy with one is not copied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsupported: Option<String>,
}

/// A customized metric.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct CustomizedMetric {
    /// Name of the metric.
    pub metric_name: Option<String>,
    /// Namespace of the metric.
    pub namespace: Option<String>,
    /// Dimensions by name, with `${TableName}` in place of the table's name.
    pub dimensions: BTreeMap<String, String>,
    /// Statistic of the metric, such as `Average`.
    pub statistic: Option<String>,
    /// Unit of the metric.
    pub unit: Option<String>,
}

impl ScalingPolicy {
    /// Returns the reason why this policy is not copied, or `None` if it is.
    pub fn why_not_copied(&self) -> Option<&str> {
        self.unsupported.as_deref()
    }
}

pub(super) async fn read(
    aws: &Aws,
    table: &Table,
    subject: &Subject,
) -> Result<BTreeMap<String, ScalingPolicy>, AwsFailure> {
    let id = subject.resource_id(table);
    let describe = aws.auto_scaling.describe_scaling_policies().service_namespace(NAMESPACE);
    let describe = describe.resource_id(&id).scalable_dimension(subject.dimension());
    let mut pages = describe.into_paginator().send();
    let mut policies = BTreeMap::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(AwsFailure::from_call("application-autoscaling:DescribeScalingPolicies"))?;
        policies.extend(page.scaling_policies().iter().map(|policy| {
            let name = policy.policy_name();
            let portable = name.strip_suffix(id.as_str()).map(|start| format!("{start}{RESOURCE_ID}"));
            (portable.unwrap_or_else(|| name.to_owned()), portable_policy(policy, table))
        }));
    }
    Ok(policies)
}

pub(super) async fn put(
    aws: &Aws,
    table: &Table,
    subject: &Subject,
    name: &str,
    policy: &ScalingPolicy,
) -> Result<(), AwsFailure> {
    let action = "application-autoscaling:PutScalingPolicy";
    let id = subject.resource_id(table);
    let configuration = configuration(policy, table).map_err(AwsFailure::unbuilt(action))?;
    let put = aws.auto_scaling.put_scaling_policy().service_namespace(NAMESPACE);
    let put = put.policy_name(own_name(name, &id)).resource_id(id).scalable_dimension(subject.dimension());
    let put = put.policy_type(PolicyType::TargetTrackingScaling);
    let put = put.target_tracking_scaling_policy_configuration(configuration).send().await;
    put.map(drop).map_err(AwsFailure::from_call(action))
}

pub(super) async fn delete(
    aws: &Aws,
    table: &Table,
    subject: &Subject,
    name: &str,
) -> Result<(), AwsFailure> {
    let id = subject.resource_id(table);
    let delete = aws.auto_scaling.delete_scaling_policy().service_namespace(NAMESPACE);
    let delete = delete.policy_name(own_name(name, &id)).resource_id(id);
    let deleted = delete.scalable_dimension(subject.dimension()).send().await;
    deleted.map(drop).map_err(AwsFailure::from_call("application-autoscaling:DeleteScalingPolicy"))
}

fn own_name(portable: &str, resource_id: &str) -> String {
    portable.strip_suffix(RESOURCE_ID).map_or(portable.to_owned(), |start| format!("{start}{resource_id}"))
}

pub(super) fn portable_policy(policy: &SdkPolicy, table: &Table) -> ScalingPolicy {
    let Some(tracking) = policy.target_tracking_scaling_policy_configuration() else {
        let unsupported = format!("it is a {} policy", policy.policy_type().as_str());
        return ScalingPolicy { unsupported: Some(unsupported), ..ScalingPolicy::default() };
    };
    let customized = tracking.customized_metric_specification();
    let several = customized.is_some_and(|metric| !metric.metrics().is_empty());
    let predefined = tracking.predefined_metric_specification();
    ScalingPolicy {
        target_value: tracking.target_value(),
        predefined_metric_type: predefined.map(|metric| metric.predefined_metric_type().as_str().to_owned()),
        customized_metric: customized.map(|metric| portable_metric(metric, table)),
        scale_out_cooldown: tracking.scale_out_cooldown(),
        scale_in_cooldown: tracking.scale_in_cooldown(),
        disable_scale_in: tracking.disable_scale_in().unwrap_or_default(),
        unsupported: several.then(|| "it tracks an expression over several metrics".to_owned()),
    }
}

fn portable_metric(metric: &CustomizedMetricSpecification, table: &Table) -> CustomizedMetric {
    let dimensions = metric.dimensions().iter().map(|dimension| {
        let own = dimension.name() == "TableName" && dimension.value() == table.name;
        let value = if own { TABLE_NAME } else { dimension.value() };
        (dimension.name().to_owned(), value.to_owned())
    });
    CustomizedMetric {
        metric_name: metric.metric_name().map(str::to_owned),
        namespace: metric.namespace().map(str::to_owned),
        dimensions: dimensions.collect(),
        statistic: metric.statistic().map(|statistic| statistic.as_str().to_owned()),
        unit: metric.unit().map(str::to_owned),
    }
}

fn configuration(
    policy: &ScalingPolicy,
    table: &Table,
) -> Result<TargetTrackingScalingPolicyConfiguration, aws_sdk_applicationautoscaling::error::BuildError> {
    let predefined = policy.predefined_metric_type.as_deref().map(|metric| {
        PredefinedMetricSpecification::builder().predefined_metric_type(MetricType::from(metric)).build()
    });
    let customized = policy.customized_metric.as_ref().map(|metric| {
        let dimensions = metric.dimensions.iter().map(|(name, value)| {
            let value = if value == TABLE_NAME { &table.name } else { value };
            MetricDimension::builder().name(name).value(value).build()
        });
        let dimensions: Result<Vec<_>, _> = dimensions.collect();
        dimensions.map(|dimensions| {
            CustomizedMetricSpecification::builder()
                .set_metric_name(metric.metric_name.clone())
                .set_namespace(metric.namespace.clone())
                .set_dimensions(Some(dimensions))
                .set_statistic(metric.statistic.as_deref().map(MetricStatistic::from))
                .set_unit(metric.unit.clone())
                .build()
        })
    });
    TargetTrackingScalingPolicyConfiguration::builder()
        .target_value(policy.target_value)
        .set_predefined_metric_specification(predefined.transpose()?)
        .set_customized_metric_specification(customized.transpose()?)
        .set_scale_out_cooldown(policy.scale_out_cooldown)
        .set_scale_in_cooldown(policy.scale_in_cooldown)
        .disable_scale_in(policy.disable_scale_in)
        .build()
}

//! Scalable targets: minimum and maximum capacity, and suspended scaling.

use aws_sdk_applicationautoscaling::types::{ScalableTarget as SdkTarget, SuspendedState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{NAMESPACE, Subject};
use crate::aws::failure::AwsFailure;
use crate::settings::{Aws, Table};

/// Maximum number of resource IDs in a call of DescribeScalableTargets (API reference).
const RESOURCE_IDS_IN_A_CALL: usize = 50;

/// A scalable target. It has no role, because AWS uses its service-linked role.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ScalableTarget {
    /// Minimum capacity, in capacity units.
    pub min_capacity: i32,
    /// Maximum capacity, in capacity units.
    pub max_capacity: i32,
    /// Whether policies are suspended from lowering the capacity.
    pub dynamic_scaling_in_suspended: bool,
    /// Whether policies are suspended from raising the capacity.
    pub dynamic_scaling_out_suspended: bool,
    /// Whether scheduled actions are suspended.
    pub scheduled_scaling_suspended: bool,
}

pub(super) async fn read(aws: &Aws, table: &Table) -> Result<Vec<(Subject, ScalableTarget)>, AwsFailure> {
    let mut ids = vec![format!("table/{}", table.name)];
    let indexes = table.indexes().iter().filter_map(|index| index.index_name());
    ids.extend(indexes.map(|index| format!("table/{}/index/{index}", table.name)));
    let mut found = Vec::new();
    for ids in ids.chunks(RESOURCE_IDS_IN_A_CALL) {
        let describe = aws.auto_scaling.describe_scalable_targets().service_namespace(NAMESPACE);
        let mut pages = describe.set_resource_ids(Some(ids.to_vec())).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(AwsFailure::from_call("application-autoscaling:DescribeScalableTargets"))?;
            found.extend(page.scalable_targets().iter().filter_map(|target| {
                let subject = Subject::new(table, target.resource_id(), Some(target.scalable_dimension()))?;
                Some((subject, ScalableTarget::from(target)))
            }));
        }
    }
    Ok(found)
}

pub(super) async fn register(
    aws: &Aws,
    table: &Table,
    subject: &Subject,
    target: &ScalableTarget,
) -> Result<(), AwsFailure> {
    let suspended = SuspendedState::builder()
        .dynamic_scaling_in_suspended(target.dynamic_scaling_in_suspended)
        .dynamic_scaling_out_suspended(target.dynamic_scaling_out_suspended)
        .scheduled_scaling_suspended(target.scheduled_scaling_suspended)
        .build();
    let register = aws.auto_scaling.register_scalable_target().service_namespace(NAMESPACE);
    let registered = register
        .resource_id(subject.resource_id(table))
        .scalable_dimension(subject.dimension())
        .min_capacity(target.min_capacity)
        .max_capacity(target.max_capacity)
        .suspended_state(suspended)
        .send()
        .await;
    registered.map(drop).map_err(AwsFailure::from_call("application-autoscaling:RegisterScalableTarget"))
}

pub(super) async fn deregister(aws: &Aws, table: &Table, subject: &Subject) -> Result<(), AwsFailure> {
    let deregister = aws.auto_scaling.deregister_scalable_target().service_namespace(NAMESPACE);
    let deregister = deregister.resource_id(subject.resource_id(table));
    let deregistered = deregister.scalable_dimension(subject.dimension()).send().await;
    deregistered.map(drop).map_err(AwsFailure::from_call("application-autoscaling:DeregisterScalableTarget"))
}

impl From<&SdkTarget> for ScalableTarget {
    fn from(target: &SdkTarget) -> ScalableTarget {
        let suspended = target.suspended_state();
        let of = |flag: fn(&SuspendedState) -> Option<bool>| suspended.and_then(flag).unwrap_or_default();
        ScalableTarget {
            min_capacity: target.min_capacity(),
            max_capacity: target.max_capacity(),
            dynamic_scaling_in_suspended: of(SuspendedState::dynamic_scaling_in_suspended),
            dynamic_scaling_out_suspended: of(SuspendedState::dynamic_scaling_out_suspended),
            scheduled_scaling_suspended: of(SuspendedState::scheduled_scaling_suspended),
        }
    }
}

impl std::fmt::Display for ScalableTarget {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} and {}", self.min_capacity, self.max_capacity)?;
        let suspended = self.dynamic_scaling_in_suspended
            || self.dynamic_scaling_out_suspended
            || self.scheduled_scaling_suspended;
        formatter.write_str(if suspended { ", partly suspended" } else { "" })
    }
}

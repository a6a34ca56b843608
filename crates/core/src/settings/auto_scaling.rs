//! Application Auto Scaling of the table and of each global secondary index: scalable targets, their target-tracking
//! policies and their scheduled actions.
//!
//! AWS's resource IDs and the policy names that the console generates contain the table's name
//! (`table/orders/index/by-day`, `DynamoDBReadCapacityUtilization:table/orders`). In a value, an index is identified by
//! its name, and `${ResourceId}` replaces a resource ID at the end of a policy's name. Nothing is replaced in the
//! middle of a name, so an index that is named after its table keeps its name.

mod capacity;
mod policy;
mod schedule;

use std::collections::BTreeMap;

use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use capacity::ScalableTarget;
pub use policy::ScalingPolicy;
pub use schedule::ScheduledAction;

use super::setting::stored_as;
use super::table::{no_index, table_or_index};
use super::{Aws, Comparison, Setting, SettingName, Table};
use crate::aws::failure::AwsFailure;

/// The auto scaling setting.
#[derive(Clone, Copy, Debug)]
pub struct AutoScaling;

/// Scaling by resource: `table`, `index/by-day`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Value(pub BTreeMap<String, Scaled>);

/// The scaling of a table or an index.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Scaled {
    /// Scaling of reads; null if reads are not scaled.
    pub read_capacity_units: Option<Dimension>,
    /// Scaling of writes; null if writes are not scaled.
    pub write_capacity_units: Option<Dimension>,
}

/// A scalable dimension.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Dimension {
    /// Minimum and maximum capacity.
    pub target: ScalableTarget,
    /// Scaling policies by name.
    pub policies: BTreeMap<String, ScalingPolicy>,
    /// Scheduled actions by name.
    pub scheduled_actions: BTreeMap<String, ScheduledAction>,
}

/// The resource and dimension of a call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Subject {
    /// The resource: `table` or `index/<name>`.
    pub of: String,
    /// Whether the dimension is reads; otherwise it is writes.
    pub reads: bool,
}

/// One call that changes scaling.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// RegisterScalableTarget.
    Register(ScalableTarget),
    /// DeregisterScalableTarget, which also deletes the policies and scheduled actions.
    Deregister,
    /// PutScalingPolicy.
    PutPolicy(String, Box<ScalingPolicy>),
    /// DeleteScalingPolicy.
    DeletePolicy(String),
    /// PutScheduledAction.
    PutAction(String, Box<ScheduledAction>),
    /// DeleteScheduledAction.
    DeleteAction(String),
}

/// One call and its subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Resource and dimension of the call.
    pub subject: Subject,
    /// Call to make.
    pub what: What,
}

impl Setting for AutoScaling {
    const NAME: SettingName = SettingName::AutoScaling;
    type Value = Value;
    type Change = Change;

    stored_as!(auto_scaling);

    async fn read(aws: &Aws, table: &Table) -> Result<Value, AwsFailure> {
        let mut value = Value::default();
        for (subject, target) in capacity::read(aws, table).await? {
            let dimension = Dimension {
                target,
                policies: policy::read(aws, table, &subject).await?,
                scheduled_actions: schedule::read(aws, table, &subject).await?,
            };
            let scaled = value.0.entry(subject.of.clone()).or_default();
            *scaled.dimension_mut(subject.reads) = Some(dimension);
        }
        Ok(value)
    }

    fn compare(Value(wanted): &Value, Value(actual): &Value, target: &Table) -> Comparison<Change> {
        let mut comparison = Comparison::default();
        let no_capacity = target.is_on_demand() && !wanted.is_empty();
        if no_capacity {
            comparison.leave_out("the target is on demand and has no provisioned capacity to scale");
        }
        let all = wanted.keys().chain(actual.keys());
        for of in std::collections::BTreeSet::from_iter(all) {
            if no_capacity && wanted.contains_key(of) {
                continue;
            }
            let gone = of.strip_prefix("index/").filter(|index| !target.has_index(index));
            if let Some(index) = gone.filter(|_| wanted.contains_key(of)) {
                comparison.leave_out(no_index(index));
                continue;
            }
            for reads in [true, false] {
                let wanted = wanted.get(of).and_then(|scaled| scaled.dimension(reads));
                let actual = actual.get(of).and_then(|scaled| scaled.dimension(reads));
                let subject = Subject { of: of.clone(), reads };
                compare_one(&mut comparison, &subject, wanted, actual);
            }
        }
        comparison
    }

    async fn make(Change { subject, what }: &Change, aws: &Aws, target: &Table) -> Result<(), AwsFailure> {
        match what {
            What::Register(scalable) => capacity::register(aws, target, subject, scalable).await,
            What::Deregister => capacity::deregister(aws, target, subject).await,
            What::PutPolicy(name, policy) => policy::put(aws, target, subject, name, policy).await,
            What::DeletePolicy(name) => policy::delete(aws, target, subject, name).await,
            What::PutAction(name, action) => schedule::put(aws, target, subject, name, action).await,
            What::DeleteAction(name) => schedule::delete(aws, target, subject, name).await,
        }
    }
}

impl Scaled {
    fn dimension(&self, reads: bool) -> Option<&Dimension> {
        if reads { self.read_capacity_units.as_ref() } else { self.write_capacity_units.as_ref() }
    }

    fn dimension_mut(&mut self, reads: bool) -> &mut Option<Dimension> {
        if reads { &mut self.read_capacity_units } else { &mut self.write_capacity_units }
    }
}

fn compare_one(
    comparison: &mut Comparison<Change>,
    subject: &Subject,
    wanted: Option<&Dimension>,
    actual: Option<&Dimension>,
) {
    let change = |what| Change { subject: subject.clone(), what };
    let Some(wanted) = wanted else {
        if actual.is_some() {
            comparison.extra(format!("stop scaling {subject}"), change(What::Deregister));
        }
        return;
    };
    let none = Dimension::default();
    let now = actual.unwrap_or(&none);
    if actual.is_some() && now.target == wanted.target {
        comparison.same += 1;
    } else {
        let text = match actual {
            Some(now) => {
                format!(
                    "change the scaling of {subject} from between {} to between {}",
                    now.target, wanted.target
                )
            }
            None => format!("scale {subject} between {}", wanted.target),
        };
        comparison.change(text, change(What::Register(wanted.target)));
    }
    for (name, policy) in &wanted.policies {
        match policy.why_not_copied() {
            _ if now.policies.get(name) == Some(policy) => comparison.same += 1,
            Some(why) => comparison.leave_out(format!("policy {name} of {subject}: {why}")),
            None => {
                let what = What::PutPolicy(name.clone(), Box::new(policy.clone()));
                let text = match now.policies.contains_key(name) {
                    true => format!("change policy {name} of {subject}"),
                    false => format!("put policy {name} on {subject}"),
                };
                comparison.change(text, change(what));
            }
        }
    }
    for (name, action) in &wanted.scheduled_actions {
        if now.scheduled_actions.get(name) == Some(action) {
            comparison.same += 1;
        } else {
            let what = What::PutAction(name.clone(), Box::new(action.clone()));
            let text = match now.scheduled_actions.contains_key(name) {
                true => format!("change scheduled action {name} of {subject}"),
                false => format!("put scheduled action {name} on {subject}"),
            };
            comparison.change(text, change(what));
        }
    }
    for name in now.policies.keys().filter(|name| !wanted.policies.contains_key(*name)) {
        let text = format!("delete policy {name} of {subject}");
        comparison.extra(text, change(What::DeletePolicy(name.clone())));
    }
    for name in now.scheduled_actions.keys().filter(|name| !wanted.scheduled_actions.contains_key(*name)) {
        let text = format!("delete scheduled action {name} of {subject}");
        comparison.extra(text, change(What::DeleteAction(name.clone())));
    }
}

impl Subject {
    /// Returns the subject of AWS's resource ID and dimension, or `None` if the resource is not of this table.
    fn new(table: &Table, resource_id: &str, dimension: Option<&ScalableDimension>) -> Option<Subject> {
        let rest = resource_id.strip_prefix("table/")?.strip_prefix(table.name.as_str())?;
        let of = if rest.is_empty() { "table" } else { rest.strip_prefix('/')? };
        let reads = match dimension? {
            ScalableDimension::DynamoDbTableReadCapacityUnits
            | ScalableDimension::DynamoDbIndexReadCapacityUnits => true,
            ScalableDimension::DynamoDbTableWriteCapacityUnits
            | ScalableDimension::DynamoDbIndexWriteCapacityUnits => false,
            _ => return None,
        };
        Some(Subject { of: of.to_owned(), reads })
    }

    /// Returns AWS's resource ID of the subject.
    fn resource_id(&self, table: &Table) -> String {
        match self.of.strip_prefix("index/") {
            Some(index) => format!("table/{}/index/{index}", table.name),
            None => format!("table/{}", table.name),
        }
    }

    /// Returns AWS's scalable dimension of the subject.
    fn dimension(&self) -> ScalableDimension {
        match (self.of.starts_with("index/"), self.reads) {
            (false, true) => ScalableDimension::DynamoDbTableReadCapacityUnits,
            (false, false) => ScalableDimension::DynamoDbTableWriteCapacityUnits,
            (true, true) => ScalableDimension::DynamoDbIndexReadCapacityUnits,
            (true, false) => ScalableDimension::DynamoDbIndexWriteCapacityUnits,
        }
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = if self.reads { "reads" } else { "writes" };
        write!(formatter, "{what} of {}", table_or_index(self.of.strip_prefix("index/")))
    }
}

/// Service namespace of DynamoDB.
const NAMESPACE: ServiceNamespace = ServiceNamespace::Dynamodb;

#[cfg(test)]
mod tests;

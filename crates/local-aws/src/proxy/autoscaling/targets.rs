use serde_json::{Value, json};
use uuid::Uuid;

use super::{Call, State, invalid, missing, not_found};
use crate::clock::{epoch, now};
use crate::json::set;
use crate::upstream::ApiError;

/// The role that AWS uses for DynamoDB tables, whatever role the caller names.
const ROLE: &str = "aws-service-role/dynamodb.application-autoscaling.amazonaws.com/\
                    AWSServiceRoleForApplicationAutoScaling_DynamoDBTable";

const SUSPENDED: [&str; 3] =
    ["DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"];

/// A table or an index that a resource ID names.
#[derive(Debug, PartialEq, Eq)]
struct Location<'a> {
    table: &'a str,
    index: Option<&'a str>,
}

/// Reads `table/<name>` and `table/<name>/index/<index>`.
fn location(resource_id: &str) -> Option<Location<'_>> {
    let parts: Vec<&str> = resource_id.split('/').collect();
    match parts.as_slice() {
        ["table", table] if !table.is_empty() => Some(Location { table, index: None }),
        ["table", table, "index", index] if !table.is_empty() && !index.is_empty() => {
            Some(Location { table, index: Some(index) })
        }
        _ => None,
    }
}

fn fits(location: &Location<'_>, dimension: &str) -> bool {
    let kind = if location.index.is_some() { "index" } else { "table" };
    ["ReadCapacityUnits", "WriteCapacityUnits"]
        .iter()
        .any(|unit| dimension == format!("dynamodb:{kind}:{unit}"))
}

/// Fails unless a DynamoDB resource is a table or an index and the dimension belongs to it.
pub(super) fn check_location(call: &Call<'_>) -> Result<(), ApiError> {
    if call.text("ServiceNamespace") != Some("dynamodb") {
        return Ok(());
    }
    let dimension = call.text("ScalableDimension").unwrap_or_default();
    match location(call.text("ResourceId").unwrap_or_default()) {
        Some(location) if fits(&location, dimension) => Ok(()),
        _ => Err(invalid("Unsupported service namespace, resource type or scalable dimension")),
    }
}

async fn require_resource(call: &Call<'_>) -> Result<(), ApiError> {
    let resource_id = call.text("ResourceId").unwrap_or_default();
    let Some(Location { table, index }) =
        location(resource_id).filter(|_| call.text("ServiceNamespace") == Some("dynamodb"))
    else {
        return Ok(());
    };
    let signed = call.scope.signed("dynamodb");
    let input = json!({ "TableName": table });
    let described = call.shared.upstream.json(signed, "DynamoDB_20120810.DescribeTable", &input).await;
    let table = match described {
        Ok(output) => output,
        Err(refusal) if refusal.code == "InternalFailure" => {
            return Err(ApiError::new("InternalServiceException", refusal.message));
        }
        Err(_) => return Err(invalid(format!("DynamoDB table does not exist: {resource_id}"))),
    };
    let indexes = table.pointer("/Table/GlobalSecondaryIndexes").and_then(Value::as_array);
    let names = || indexes.into_iter().flatten().filter_map(|index| index.get("IndexName")?.as_str());
    if index.is_none_or(|index| names().any(|name| name == index)) {
        return Ok(());
    }
    Err(invalid(format!("DynamoDB index does not exist: {resource_id}")))
}

pub(super) async fn register(call: &Call<'_>, state: &mut State) -> Result<Value, ApiError> {
    call.require_target()?;
    require_resource(call).await?;
    let known = state.targets.iter().position(|target| call.is_of_target(target));
    let mut target = known.and_then(|known| state.targets.get(known)).cloned().unwrap_or_else(|| new(call));
    for name in ["MinCapacity", "MaxCapacity", "RoleARN"] {
        if let Some(value) = call.input.get(name) {
            set(&mut target, name, value.clone());
        }
    }
    for name in SUSPENDED {
        if let Some(value) = call.input.pointer(&format!("/SuspendedState/{name}"))
            && let Some(suspended) = target.get_mut("SuspendedState")
        {
            set(suspended, name, value.clone());
        }
    }
    let capacity = |name: &str| target.get(name).and_then(Value::as_i64).ok_or_else(|| missing(name));
    if capacity("MinCapacity")? > capacity("MaxCapacity")? {
        return Err(invalid("Maximum capacity cannot be less than minimum capacity"));
    }
    let arn = target.get("ScalableTargetARN").cloned();
    match known.and_then(|known| state.targets.get_mut(known)) {
        Some(known) => *known = target,
        None => state.targets.push(target),
    }
    Ok(json!({ "ScalableTargetARN": arn }))
}

fn new(call: &Call<'_>) -> Value {
    let (account, region) = (&call.scope.account, &call.scope.region);
    let id = Uuid::new_v4().simple().to_string();
    let id = id.get(..30).unwrap_or_default();
    let mut target = Value::from(call.target_members());
    set(&mut target, "RoleARN", format!("arn:aws:iam::{account}:role/{ROLE}"));
    set(&mut target, "CreationTime", epoch(now()));
    let nothing_suspended = SUSPENDED.iter().map(|name| ((*name).to_owned(), Value::from(false)));
    set(&mut target, "SuspendedState", nothing_suspended.collect::<serde_json::Map<_, _>>());
    set(
        &mut target,
        "ScalableTargetARN",
        format!("arn:aws:application-autoscaling:{region}:{account}:scalable-target/0{id}"),
    );
    target
}

pub(super) fn describe(call: &Call<'_>, state: &State) -> Result<Value, ApiError> {
    if call.text("ScalableDimension").is_some() && call.input.get("ResourceIds").is_none() {
        return Err(missing("ResourceIds"));
    }
    let wanted = |target: &&Value| {
        call.wants(target, "ServiceNamespace")
            && call.lists("ResourceIds", target, "ResourceId")
            && call.wants(target, "ScalableDimension")
    };
    let targets = state.targets.iter().filter(wanted).cloned().collect();
    call.page("ScalableTargets", targets, 50)
}

pub(super) fn deregister(call: &Call<'_>, state: &mut State) -> Result<Value, ApiError> {
    call.require_target()?;
    if !is_registered(call, state) {
        return Err(not_found("scalable target", call));
    }
    for items in [&mut state.targets, &mut state.policies, &mut state.schedules] {
        items.retain(|item| !call.is_of_target(item));
    }
    Ok(json!({}))
}

pub(super) fn is_registered(call: &Call<'_>, state: &State) -> bool {
    state.targets.iter().any(|target| call.is_of_target(target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_tables_and_indexes() {
        assert_eq!(location("table/orders"), Some(Location { table: "orders", index: None }));
        assert_eq!(location("table/orders/index/by"), Some(Location { table: "orders", index: Some("by") }));
        for other in
            ["orders", "table/", "table/orders/index/", "table/orders/stream/1", "index/by", "table/a/b"]
        {
            assert_eq!(location(other), None, "{other}");
        }
    }

    #[test]
    fn a_dimension_belongs_to_its_resource() {
        let (table, index) =
            (Location { table: "t", index: None }, Location { table: "t", index: Some("i") });
        assert!(fits(&table, "dynamodb:table:ReadCapacityUnits"));
        assert!(fits(&index, "dynamodb:index:WriteCapacityUnits"));
        assert!(!fits(&table, "dynamodb:index:ReadCapacityUnits"));
        assert!(!fits(&index, "dynamodb:index:Reads"));
    }
}

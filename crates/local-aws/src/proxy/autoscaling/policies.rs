use serde_json::{Value, json};
use uuid::Uuid;

use super::{Call, State, invalid, missing, not_found, targets};
use crate::clock::{epoch, now};
use crate::json::set;
use crate::upstream::ApiError;

const TARGET_TRACKING: &str = "TargetTrackingScaling";

/// The types of policy, each with the member that holds its configuration.
const CONFIGURATIONS: [(&str, &str); 2] = [
    (TARGET_TRACKING, "TargetTrackingScalingPolicyConfiguration"),
    ("StepScaling", "StepScalingPolicyConfiguration"),
];

pub(super) fn put(call: &Call<'_>, state: &mut State) -> Result<Value, ApiError> {
    call.require_target()?;
    let name = call.required("PolicyName")?;
    if !targets::is_registered(call, state) {
        return Err(not_found("scalable target", call));
    }
    let known = state.policies.iter().position(|policy| is_named(call, policy, name));
    let former = known.and_then(|known| state.policies.get(known));
    let (kind, member, configuration) = configuration(call, former)?;
    let others =
        state.policies.iter().filter(|policy| call.is_of_target(policy) && !is_named(call, policy, name));
    if kind == TARGET_TRACKING
        && others.into_iter().any(|other| tracks_the_same(other.get(member), &configuration))
    {
        return Err(invalid(
            "Only one TargetTrackingScaling policy for a given metric specification is allowed.",
        ));
    }

    let mut policy = Value::from(call.target_members());
    set(&mut policy, "PolicyName", name);
    set(&mut policy, "PolicyType", kind);
    set(&mut policy, member, configuration);
    let of_this_kind = former.filter(|former| former.get("PolicyType").and_then(Value::as_str) == Some(kind));
    let retained = |name: &str, former: Option<&Value>| former.and_then(|former| former.get(name)).cloned();
    set(&mut policy, "PolicyARN", retained("PolicyARN", former).unwrap_or_else(|| arn(call, name).into()));
    set(&mut policy, "CreationTime", retained("CreationTime", former).unwrap_or_else(|| epoch(now())));
    set(&mut policy, "Alarms", retained("Alarms", of_this_kind).unwrap_or_else(|| alarms(call, kind)));

    let output = json!({ "PolicyARN": policy.get("PolicyARN"), "Alarms": policy.get("Alarms") });
    match known.and_then(|known| state.policies.get_mut(known)) {
        Some(known) => *known = policy,
        None => state.policies.push(policy),
    }
    Ok(output)
}

fn is_named(call: &Call<'_>, policy: &Value, name: &str) -> bool {
    call.is_of_target(policy) && policy.get("PolicyName").and_then(Value::as_str) == Some(name)
}

/// Returns the type, and the configuration as given. An input without one leaves the existing one unchanged.
fn configuration(
    call: &Call<'_>,
    former: Option<&Value>,
) -> Result<(&'static str, &'static str, Value), ApiError> {
    let former = |name: &str| former.and_then(|former| former.get(name));
    let kind = call.text("PolicyType").or_else(|| former("PolicyType").and_then(Value::as_str));
    let kind = kind.ok_or_else(|| missing("PolicyType"))?;
    let Some((kind, member)) = CONFIGURATIONS.into_iter().find(|(known, _)| *known == kind) else {
        return Err(invalid(format!("Policy type {kind} is not supported by the local stack.")));
    };
    let configuration = call.input.get(member).or_else(|| former(member)).ok_or_else(|| missing(member))?;
    Ok((kind, member, configuration.clone()))
}

fn tracks_the_same(other: Option<&Value>, configuration: &Value) -> bool {
    ["PredefinedMetricSpecification", "CustomizedMetricSpecification"].into_iter().any(|metric| {
        let metric = |of: &Value| of.get(metric).cloned();
        metric(configuration).is_some() && other.and_then(metric) == metric(configuration)
    })
}

fn arn(call: &Call<'_>, name: &str) -> String {
    let (account, region, id) = (&call.scope.account, &call.scope.region, Uuid::new_v4());
    let part = |name: &str| call.text(name).unwrap_or_default();
    let (namespace, resource) = (part("ServiceNamespace"), part("ResourceId"));
    format!(
        "arn:aws:autoscaling:{region}:{account}:scalingPolicy:{id}:resource/{namespace}/{resource}:policyName/{name}"
    )
}

/// Returns the alarms that AWS creates for a policy that tracks a target. Here they are names without effect.
fn alarms(call: &Call<'_>, kind: &str) -> Value {
    if kind != TARGET_TRACKING {
        return json!([]);
    }
    let (account, region) = (&call.scope.account, &call.scope.region);
    let resource = call.text("ResourceId").unwrap_or_default();
    let alarms = ["AlarmHigh", "AlarmLow"].map(|side| {
        let name = format!("TargetTracking-{resource}-{side}-{}", Uuid::new_v4());
        json!({ "AlarmARN": format!("arn:aws:cloudwatch:{region}:{account}:alarm:{name}"), "AlarmName": name })
    });
    json!(alarms)
}

pub(super) fn describe(call: &Call<'_>, state: &State) -> Result<Value, ApiError> {
    if call.text("ScalableDimension").is_some() {
        call.required("ResourceId")?;
    }
    let wanted = |policy: &&Value| {
        ["ServiceNamespace", "ResourceId", "ScalableDimension"].iter().all(|name| call.wants(policy, name))
            && call.lists("PolicyNames", policy, "PolicyName")
    };
    let policies = state.policies.iter().filter(wanted).cloned().collect();
    call.page("ScalingPolicies", policies, 10)
}

pub(super) fn delete(call: &Call<'_>, state: &mut State) -> Result<Value, ApiError> {
    call.require_target()?;
    let name = call.required("PolicyName")?;
    let before = state.policies.len();
    state.policies.retain(|policy| !is_named(call, policy, name));
    if state.policies.len() == before {
        return Err(not_found("scaling policy", call));
    }
    Ok(json!({}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_track_the_same_if_their_metric_is_the_same() {
        let metric = |name: &str, target: u32| json!({"PredefinedMetricSpecification": {"PredefinedMetricType": name}, "TargetValue": target});
        assert!(tracks_the_same(Some(&metric("a", 50)), &metric("a", 70)));
        assert!(!tracks_the_same(Some(&metric("b", 50)), &metric("a", 50)));
        assert!(!tracks_the_same(None, &metric("a", 50)));
        assert!(!tracks_the_same(Some(&json!({})), &json!({})));
    }
}

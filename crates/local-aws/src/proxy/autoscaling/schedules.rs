use serde_json::{Value, json};
use uuid::Uuid;

use super::{Call, State, invalid, missing, not_found, targets};
use crate::clock::{epoch, now};
use crate::json::set;
use crate::upstream::ApiError;

pub(super) fn put(call: &Call<'_>, state: &mut State) -> Result<Value, ApiError> {
    call.require_target()?;
    let name = call.required("ScheduledActionName")?;
    if !targets::is_registered(call, state) {
        return Err(not_found("scalable target", call));
    }
    let known = state.schedules.iter().position(|action| is_named(call, action, name));
    let mut action =
        known.and_then(|known| state.schedules.get(known)).cloned().unwrap_or_else(|| new(call, name));
    for name in ["Schedule", "Timezone", "ScalableTargetAction"] {
        if let Some(value) = call.input.get(name) {
            set(&mut action, name, value.clone());
        }
    }
    // An update that leaves these out deletes them, unlike all other settings.
    for name in ["StartTime", "EndTime"] {
        match call.input.get(name) {
            Some(value) => set(&mut action, name, value.clone()),
            None => _ = action.as_object_mut().and_then(|action| action.remove(name)),
        }
    }
    if action.get("Schedule").is_none() {
        return Err(missing("Schedule"));
    }
    let bounds = action.get("ScalableTargetAction").and_then(Value::as_object);
    if bounds.is_none_or(serde_json::Map::is_empty) {
        return Err(invalid("At least one of MinCapacity and MaxCapacity must be specified."));
    }
    match known.and_then(|known| state.schedules.get_mut(known)) {
        Some(known) => *known = action,
        None => state.schedules.push(action),
    }
    Ok(json!({}))
}

fn is_named(call: &Call<'_>, action: &Value, name: &str) -> bool {
    call.is_of_target(action) && action.get("ScheduledActionName").and_then(Value::as_str) == Some(name)
}

fn new(call: &Call<'_>, name: &str) -> Value {
    let (account, region, id) = (&call.scope.account, &call.scope.region, Uuid::new_v4());
    let part = |name: &str| call.text(name).unwrap_or_default();
    let (namespace, resource) = (part("ServiceNamespace"), part("ResourceId"));
    let arn = format!(
        "arn:aws:autoscaling:{region}:{account}:scheduledAction:{id}:resource/{namespace}/{resource}:\
         scheduledActionName/{name}"
    );
    let mut action = Value::from(call.target_members());
    set(&mut action, "ScheduledActionName", name);
    set(&mut action, "ScheduledActionARN", arn);
    set(&mut action, "CreationTime", epoch(now()));
    action
}

pub(super) fn describe(call: &Call<'_>, state: &State) -> Result<Value, ApiError> {
    if call.text("ScalableDimension").is_some() {
        call.required("ResourceId")?;
    }
    let wanted = |action: &&Value| {
        ["ServiceNamespace", "ResourceId", "ScalableDimension"].iter().all(|name| call.wants(action, name))
            && call.lists("ScheduledActionNames", action, "ScheduledActionName")
    };
    let actions = state.schedules.iter().filter(wanted).cloned().collect();
    call.page("ScheduledActions", actions, 50)
}

pub(super) fn delete(call: &Call<'_>, state: &mut State) -> Result<Value, ApiError> {
    call.require_target()?;
    let name = call.required("ScheduledActionName")?;
    let before = state.schedules.len();
    state.schedules.retain(|action| !is_named(call, action, name));
    if state.schedules.len() == before {
        return Err(not_found("scheduled action", call));
    }
    Ok(json!({}))
}

//! Application Auto Scaling, which the emulator lacks.
//!
//! It stores what it receives and scales nothing. Callers can read the settings back, and settings that AWS refuses are
//! refused. Scalable targets, policies and scheduled actions are stored in the form in which they are described. As on
//! AWS, they outlive their table.

mod policies;
mod schedules;
mod targets;

use std::sync::Arc;

use bytes::Bytes;
use hyper::Response;
use serde_json::{Map, Value};

use super::identify::Caller;
use super::respond;
use super::scope::{Scope, Scoped};
use super::{Shared, page};
use crate::json::set;
use crate::upstream::ApiError;

/// The state of one account in one Region. Each list is oldest first.
#[derive(Debug, Default)]
pub(super) struct State {
    targets: Vec<Value>,
    policies: Vec<Value>,
    schedules: Vec<Value>,
}

/// The scalable targets, policies and scheduled actions of all accounts.
pub(super) type Autoscaling = Scoped<State>;

/// The members that identify a scalable target.
const TARGET: [&str; 3] = ["ServiceNamespace", "ResourceId", "ScalableDimension"];

/// One call and the state that its handler uses.
struct Call<'a> {
    shared: &'a Shared,
    scope: Scope,
    input: Value,
}

impl Call<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.input.get(name).and_then(Value::as_str)
    }

    /// Returns a required member of the input.
    fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.text(name).filter(|value| !value.is_empty()).ok_or_else(|| missing(name))
    }

    /// Fails unless the input identifies a scalable target.
    fn require_target(&self) -> Result<(), ApiError> {
        TARGET.iter().try_for_each(|name| self.required(name).map(|_| ()))?;
        targets::check_location(self)
    }

    /// Returns whether an item is the scalable target of the input or belongs to it.
    fn is_of_target(&self, item: &Value) -> bool {
        TARGET.iter().all(|name| item.get(*name) == self.input.get(*name))
    }

    /// Returns whether the input lists the name or id of an item. If it lists none, it matches all.
    fn lists(&self, list: &str, item: &Value, name: &str) -> bool {
        let wanted = self.input.get(list).and_then(Value::as_array).filter(|wanted| !wanted.is_empty());
        wanted.is_none_or(|wanted| item.get(name).is_some_and(|value| wanted.contains(value)))
    }

    /// Returns whether an item passes an optional filter of the input.
    fn wants(&self, item: &Value, name: &str) -> bool {
        self.input.get(name).is_none_or(|wanted| item.get(name) == Some(wanted))
    }

    /// Returns the members of the input that identify the scalable target, from which new items are made.
    fn target_members(&self) -> Map<String, Value> {
        let members =
            TARGET.iter().filter_map(|name| Some(((*name).to_owned(), self.input.get(*name)?.clone())));
        members.collect()
    }

    /// Returns one page of a list. The token is the index at which the next page starts.
    fn page(&self, name: &str, all: Vec<Value>, largest: usize) -> Result<Value, ApiError> {
        let limit = match self.input.get("MaxResults").map(Value::as_u64) {
            None => largest,
            Some(limit) => limit
                .and_then(|limit| usize::try_from(limit).ok())
                .filter(|limit| (1..=largest).contains(limit))
                .ok_or_else(|| invalid(format!("MaxResults must be a number from 1 to {largest}.")))?,
        };
        let no_token = || ApiError::new("InvalidNextTokenException", "The next token is not valid.");
        let (items, next) = page::of(all, self.text("NextToken"), limit).ok_or_else(no_token)?;
        let mut output = serde_json::json!({ name: items });
        if let Some(next) = next {
            set(&mut output, "NextToken", next);
        }
        Ok(output)
    }
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationException", message)
}

fn missing(member: &str) -> ApiError {
    let member: String =
        member.chars().take(1).flat_map(char::to_lowercase).chain(member.chars().skip(1)).collect();
    invalid(format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
    ))
}

fn not_found(what: &str, call: &Call<'_>) -> ApiError {
    let part = |name: &str| call.text(name).unwrap_or_default();
    let [namespace, resource, dimension] = TARGET.map(part);
    ApiError::new(
        "ObjectNotFoundException",
        format!(
            "No {what} found for service namespace: {namespace}, resource ID: {resource}, scalable dimension: {dimension}"
        ),
    )
}

/// Responds to the calls that are handled here. `None` means that the emulator handles the call.
pub(super) async fn response(shared: &Arc<Shared>, caller: &Caller, body: &Bytes) -> Option<Response<Bytes>> {
    let input = serde_json::from_slice(body).unwrap_or_default();
    let call = Call { shared, scope: Scope::from_caller(caller), input };
    let state = shared.autoscaling.of(&call.scope);
    let mut state = state.lock().await;
    let state = &mut *state;
    let response = match (call.required("ServiceNamespace"), caller.operation.as_str()) {
        (Err(refusal), _) => Err(refusal),
        (_, "RegisterScalableTarget") => targets::register(&call, state).await,
        (_, "DescribeScalableTargets") => targets::describe(&call, state),
        (_, "DeregisterScalableTarget") => targets::deregister(&call, state),
        (_, "PutScalingPolicy") => policies::put(&call, state),
        (_, "DescribeScalingPolicies") => policies::describe(&call, state),
        (_, "DeleteScalingPolicy") => policies::delete(&call, state),
        (_, "PutScheduledAction") => schedules::put(&call, state),
        (_, "DescribeScheduledActions") => schedules::describe(&call, state),
        (_, "DeleteScheduledAction") => schedules::delete(&call, state),
        _ => return None,
    };
    Some(respond::json("application/x-amz-json-1.1", response))
}

//! The history of SSM parameters, where the emulator lacks what AWS does.
//!
//! AWS retains 100 versions of a parameter. It refuses the next one if the oldest has a label
//! (`ParameterMaxVersionLimitExceeded`). The emulator retains all versions, so the older ones are hidden here. It has no
//! UnlabelParameterVersion either. A label that was removed is hidden until it is given to a version again.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use hyper::Response;
use hyper::http::request::Parts;
use serde_json::{Value, json};

use super::identify::Caller;
use super::scope::{Scope, Scoped};
use super::{Shared, page, respond};
use crate::upstream::ApiError;

/// The number of versions that AWS retains.
const VERSIONS: usize = 100;
/// The size of a page without `MaxResults`, and the largest.
const PAGE: usize = 50;

/// The removed labels of one account's parameters in one Region, each with the name of its parameter.
pub(super) type RemovedLabels = Scoped<HashSet<(String, String)>>;

/// Responds to the calls that are corrected here. `None` means that the emulator handles the call.
pub(crate) async fn response(
    shared: &Arc<Shared>,
    caller: &Caller,
    head: &Parts,
    body: &Bytes,
) -> Option<Response<Bytes>> {
    let scope = Scope::from_caller(caller);
    let input = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let removed = shared.removed_labels.of(&scope);
    // Held during the call, so that no other call comes between the check of the versions and the next one.
    let mut removed = removed.lock().await;
    let response = match caller.operation.as_str() {
        "PutParameter" => match shared.room_for_a_version(&scope, &input, &removed).await {
            Ok(()) => return Some(shared.forward(head, body.clone()).await),
            Err(error) => Err(error),
        },
        "GetParameter" => match selected_label(&input, &removed) {
            Ok(()) => return None,
            Err(error) => Err(error),
        },
        "GetParameterHistory" => shared.history_page(&scope, &input, &removed).await,
        "LabelParameterVersion" => shared.label(&scope, &input, &mut removed).await,
        "UnlabelParameterVersion" => shared.unlabel(&scope, &input, &mut removed).await,
        _ => return None,
    };
    Some(respond::json("application/x-amz-json-1.1", response))
}

impl Shared {
    /// Makes an SSM call of the proxy to the emulator.
    async fn ssm(&self, scope: &Scope, operation: &str, input: &Value) -> Result<Value, ApiError> {
        self.upstream.json(scope.signed("ssm"), &format!("AmazonSSM.{operation}"), input).await
    }

    /// Returns the versions that AWS would retain, the oldest first, without removed labels.
    async fn versions(
        &self,
        scope: &Scope,
        name: &str,
        removed: &HashSet<(String, String)>,
    ) -> Result<Vec<Value>, ApiError> {
        let input = json!({ "Name": name, "MaxResults": 1_000_000 });
        let mut output = self.ssm(scope, "GetParameterHistory", &input).await?;
        let mut versions = match output.get_mut("Parameters").map(Value::take) {
            Some(Value::Array(versions)) => versions,
            _ => Vec::new(),
        };
        versions.drain(..versions.len().saturating_sub(VERSIONS));
        for version in &mut versions {
            if let Some(Value::Array(labels)) = version.get_mut("Labels") {
                labels.retain(|label| {
                    let label = label.as_str().unwrap_or_default();
                    !removed.contains(&(name.to_owned(), label.to_owned()))
                });
            }
        }
        Ok(versions)
    }

    async fn room_for_a_version(
        &self,
        scope: &Scope,
        input: &Value,
        removed: &HashSet<(String, String)>,
    ) -> Result<(), ApiError> {
        let name = name(input);
        // A parameter that does not exist has room.
        let versions = self.versions(scope, &name, removed).await.unwrap_or_default();
        match versions.first() {
            Some(oldest) if versions.len() == VERSIONS && !labels(oldest).is_empty() => Err(ApiError::new(
                "ParameterMaxVersionLimitExceeded",
                format!(
                    "You attempted to create a new version of {name} by calling the PutParameter API with the \
                     overwrite flag. Version {}, the oldest version, can't be deleted because it has a label \
                     associated with it. Move the label to another version of the parameter, and try again.",
                    number(oldest)
                ),
            )),
            _ => Ok(()),
        }
    }

    async fn history_page(
        &self,
        scope: &Scope,
        input: &Value,
        removed: &HashSet<(String, String)>,
    ) -> Result<Value, ApiError> {
        let versions = self.versions(scope, &name(input), removed).await?;
        let size =
            input.get("MaxResults").and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok());
        let token = input.get("NextToken").and_then(Value::as_str);
        let Some((page, next)) = page::of(versions, token, size.unwrap_or(PAGE).min(PAGE)) else {
            return Err(ApiError::new("InvalidNextToken", "The specified token isn't valid."));
        };
        Ok(match next {
            Some(next) => json!({ "Parameters": page, "NextToken": next }),
            None => json!({ "Parameters": page }),
        })
    }

    async fn label(
        &self,
        scope: &Scope,
        input: &Value,
        removed: &mut HashSet<(String, String)>,
    ) -> Result<Value, ApiError> {
        self.retained(scope, input, removed).await?;
        let output = self.ssm(scope, "LabelParameterVersion", input).await?;
        for label in labels(input) {
            removed.remove(&(name(input), label));
        }
        Ok(output)
    }

    async fn unlabel(
        &self,
        scope: &Scope,
        input: &Value,
        removed: &mut HashSet<(String, String)>,
    ) -> Result<Value, ApiError> {
        let version = self.retained(scope, input, removed).await?.unwrap_or_default();
        let has = labels(&version);
        let (known, unknown): (Vec<_>, Vec<_>) =
            labels(input).into_iter().partition(|label| has.contains(label));
        removed.extend(known.iter().map(|label| (name(input), label.clone())));
        Ok(json!({ "RemovedLabels": known, "InvalidLabels": unknown }))
    }

    /// Returns the version that an input names, if it names one. Refuses a version that AWS does not retain.
    async fn retained(
        &self,
        scope: &Scope,
        input: &Value,
        removed: &HashSet<(String, String)>,
    ) -> Result<Option<Value>, ApiError> {
        let versions = self.versions(scope, &name(input), removed).await?;
        let Some(wanted) = input.get("ParameterVersion").and_then(Value::as_i64) else { return Ok(None) };
        let found = versions.into_iter().find(|version| number(version) == wanted);
        match found {
            Some(version) => Ok(Some(version)),
            None => Err(ApiError::new(
                "ParameterVersionNotFound",
                format!("Systems Manager could not find version {wanted} of {}.", name(input)),
            )),
        }
    }
}

/// Refuses to find a version by a label that was removed.
fn selected_label(input: &Value, removed: &HashSet<(String, String)>) -> Result<(), ApiError> {
    match name(input).rsplit_once(':') {
        Some((name, label)) if removed.contains(&(name.to_owned(), label.to_owned())) => Err(ApiError::new(
            "ParameterVersionNotFound",
            format!("Systems Manager could not find version {label} of {name}."),
        )),
        _ => Ok(()),
    }
}

fn name(input: &Value) -> String {
    input.get("Name").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn number(version: &Value) -> i64 {
    version.get("Version").and_then(Value::as_i64).unwrap_or_default()
}

fn labels(object: &Value) -> Vec<String> {
    let labels = object.get("Labels").and_then(Value::as_array);
    labels.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

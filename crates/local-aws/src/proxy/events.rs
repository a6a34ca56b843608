//! Events that AWS services put on an account's default bus, which no customer can put there.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Shared;
use super::scope::Scope;

/// An event of an AWS service.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) source: &'static str,
    pub(super) detail_type: &'static str,
    pub(super) resources: Vec<String>,
    pub(super) detail: Value,
}

impl Event {
    /// Puts the event on the bus in a task, without blocking the caller: the receiver may call the caller's service at
    /// once.
    pub(super) fn send(self, shared: &Arc<Shared>, scope: &Scope) {
        let (shared, scope) = (Arc::clone(shared), scope.clone());
        tokio::spawn(async move { self.put(&shared, &scope).await });
    }

    /// Puts the event on the bus. A failure is only logged, because nobody waits for the response.
    pub(super) async fn put(&self, shared: &Shared, scope: &Scope) {
        let input = self.input(&shared.service_token);
        match shared.upstream.json(scope.signed("events"), "AWSEvents.PutEvents", &input).await {
            Ok(output) if output.get("FailedEntryCount") == Some(&json!(0)) => {}
            other => tracing::warn!(kind = self.detail_type, response = ?other, "an event could not be sent"),
        }
    }

    fn input(&self, service_token: &str) -> Value {
        let entry = json!({
            "Source": self.source,
            "DetailType": self.detail_type,
            "Resources": self.resources,
            "Detail": self.detail.to_string(),
        });
        json!({ "Entries": [entry], "LocalAwsServiceToken": service_token })
    }
}

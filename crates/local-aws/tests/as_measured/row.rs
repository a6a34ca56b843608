use std::collections::BTreeMap;

use local_aws::SimulatedLatency;
use serde::Deserialize;
use serde_json::Value;

use crate::client::{Api, Response, stack};

/// A fact and the steps that show it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// The id of the measurement, or several ids separated by commas.
    pub(crate) id: String,
    /// The fact as a sentence.
    pub(crate) fact: String,
    /// The reason why the local stack does not meet the fact.
    #[serde(default)]
    pub(crate) unmet: Option<String>,
    #[serde(default)]
    pub(crate) steps: Vec<Step>,
}

/// An action and the expected response.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Step {
    #[serde(flatten)]
    act: Act,
    /// The expected error code. None if the call has to succeed.
    #[serde(default)]
    code: Option<String>,
    /// The expected values of members of the response, by JSON pointer.
    #[serde(default)]
    has: BTreeMap<String, Value>,
    /// The values that members of the response must not have, by JSON pointer.
    #[serde(default)]
    has_not: BTreeMap<String, Value>,
    /// The JSON pointers of members that the response must not have.
    #[serde(default)]
    lacks: Vec<String>,
    /// The JSON pointers of values to store for later inputs, by the name that `${name}` refers to.
    #[serde(default)]
    keep: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Act {
    /// Creates a table of this name, with a key, an index `by-kind` and an item.
    Table(String),
    /// Sets the number of polls that show a restored table CREATING, an update UPDATING and a backup CREATING.
    Polls([u32; 3]),
    /// Shows the table of the first name in the status of the second.
    Status([String; 2]),
    /// Advances the clock by N hours, for changes that AWS allows only once in a while.
    Hours(u32),
    /// Calls this operation of DynamoDB with this input.
    Call(String, Value),
}

impl Row {
    /// Runs the steps. The error says what was expected and what was found.
    pub(crate) async fn run(&self, account: &str) -> Result<(), String> {
        // Leaked, since an account is used until the process ends.
        let api = Api::new(String::leak(account.to_owned())).await;
        let mut stored = BTreeMap::from([("account".to_owned(), account.to_owned())]);
        for (number, step) in self.steps.iter().enumerate() {
            step.run(&api, &mut stored).await.map_err(|difference| format!("step {number}: {difference}"))?;
        }
        Ok(())
    }
}

impl Step {
    async fn run(&self, api: &Api, stored: &mut BTreeMap<String, String>) -> Result<(), String> {
        let proxy = stack().await.proxy();
        let response = match &self.act {
            Act::Table(name) => {
                api.make_table(name).await;
                return Ok(());
            }
            Act::Polls([tables, updates, on_demand_backups]) => {
                let latency = SimulatedLatency {
                    tables: *tables,
                    indexes: 0,
                    updates: *updates,
                    ..SimulatedLatency::default()
                };
                proxy
                    .slow(api.account, SimulatedLatency { on_demand_backups: *on_demand_backups, ..latency });
                return Ok(());
            }
            Act::Status([table, status]) => {
                proxy.show_table_status(api.account, table, Some(status.clone()));
                return Ok(());
            }
            Act::Hours(hours) => {
                for _ in 0..*hours {
                    proxy.let_an_hour_pass(api.account);
                }
                return Ok(());
            }
            Act::Call(operation, input) => api.dynamodb(operation, filled(input, stored)).await,
        };
        self.compare(&response, stored)?;
        let body = response.json();
        for (name, pointer) in &self.keep {
            let value = body.pointer(pointer).and_then(Value::as_str);
            stored.insert(name.clone(), value.ok_or(format!("there is no {pointer} in {body}"))?.to_owned());
        }
        Ok(())
    }

    fn compare(&self, response: &Response, stored: &BTreeMap<String, String>) -> Result<(), String> {
        let (body, code) = (response.json(), (response.status != 200).then(|| response.error()));
        if code != self.code {
            return Err(format!("{code:?} instead of {:?}: {body}", self.code));
        }
        for (pointer, expected) in &self.has {
            let (actual, expected) = (body.pointer(pointer), filled(expected, stored));
            if actual != Some(&expected) {
                return Err(format!("{pointer} is {actual:?} instead of {expected}"));
            }
        }
        for (pointer, other) in &self.has_not {
            if body.pointer(pointer) == Some(&filled(other, stored)) {
                return Err(format!("{pointer} is {other}"));
            }
        }
        match self.lacks.iter().find(|pointer| body.pointer(pointer).is_some()) {
            Some(pointer) => Err(format!("{pointer} exists: {body}")),
            None => Ok(()),
        }
    }
}

/// Replaces `${name}` in a value by the stored values.
fn filled(value: &Value, stored: &BTreeMap<String, String>) -> Value {
    let text = stored
        .iter()
        .fold(value.to_string(), |text, (name, part)| text.replace(&format!("${{{name}}}"), part));
    serde_json::from_str(&text).unwrap()
}

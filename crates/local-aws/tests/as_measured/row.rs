use std::collections::BTreeMap;

use local_aws::SimulatedLatency;
use serde::Deserialize;
use serde_json::Value;

use crate::client::{Answer, Api, stack};

/// A fact, with what shows it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// The measurement, or several with commas between.
    pub(crate) id: String,
    /// The fact, in a sentence.
    pub(crate) fact: String,
    /// Why the local stack does not meet it.
    #[serde(default)]
    pub(crate) unmet: Option<String>,
    #[serde(default)]
    pub(crate) steps: Vec<Step>,
}

/// One thing that is done, and what is to be seen of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Step {
    #[serde(flatten)]
    act: Act,
    /// The error that the call is to be refused with.
    #[serde(default)]
    code: Option<String>,
    /// Members of the answer, each by its JSON pointer, and what they are.
    #[serde(default)]
    has: BTreeMap<String, Value>,
    /// Members that are something else.
    #[serde(default)]
    has_not: BTreeMap<String, Value>,
    /// Members that the answer has not, by their JSON pointers.
    #[serde(default)]
    lacks: Vec<String>,
    /// What is kept of the answer for later inputs, where `${name}` stands for it.
    #[serde(default)]
    keep: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Act {
    /// Makes a table of this name, with a key, an index `by-kind` and an item.
    Table(String),
    /// Sets how many looks a restored table is CREATING for, an update UPDATING, a backup CREATING.
    Polls([u32; 3]),
    /// Shows a table in this status.
    Status([String; 2]),
    /// Lets so many hours pass, for what AWS lets through once in a while only.
    Hours(u32),
    /// Calls DynamoDB.
    Call(String, Value),
}

impl Row {
    /// Does it; the error says what was to be seen and what was.
    pub(crate) async fn run(&self, account: &str) -> Result<(), String> {
        // An account lives as long as the process.
        let api = Api::new(String::leak(account.to_owned())).await;
        let mut kept = BTreeMap::from([("account".to_owned(), account.to_owned())]);
        for (number, step) in self.steps.iter().enumerate() {
            step.run(&api, &mut kept).await.map_err(|difference| format!("step {number}: {difference}"))?;
        }
        Ok(())
    }
}

impl Step {
    async fn run(&self, api: &Api, kept: &mut BTreeMap<String, String>) -> Result<(), String> {
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
            Act::Call(operation, input) => api.dynamodb(operation, filled(input, kept)).await,
        };
        self.compare(&response, kept)?;
        let body = response.json();
        for (name, pointer) in &self.keep {
            let value = body.pointer(pointer).and_then(Value::as_str);
            kept.insert(name.clone(), value.ok_or(format!("there is no {pointer} in {body}"))?.to_owned());
        }
        Ok(())
    }

    fn compare(&self, response: &Answer, kept: &BTreeMap<String, String>) -> Result<(), String> {
        let (body, code) = (response.json(), (response.status != 200).then(|| response.error()));
        if code != self.code {
            return Err(format!("{code:?} instead of {:?}: {body}", self.code));
        }
        for (pointer, expected) in &self.has {
            let (there, expected) = (body.pointer(pointer), filled(expected, kept));
            if there != Some(&expected) {
                return Err(format!("{pointer} is {there:?} instead of {expected}"));
            }
        }
        for (pointer, other) in &self.has_not {
            if body.pointer(pointer) == Some(&filled(other, kept)) {
                return Err(format!("{pointer} is {other}"));
            }
        }
        match self.lacks.iter().find(|pointer| body.pointer(pointer).is_some()) {
            Some(pointer) => Err(format!("{pointer} is there: {body}")),
            None => Ok(()),
        }
    }
}

/// The value with what was kept in the place of `${name}`.
fn filled(value: &Value, kept: &BTreeMap<String, String>) -> Value {
    let text =
        kept.iter().fold(value.to_string(), |text, (name, kept)| text.replace(&format!("${{{name}}}"), kept));
    serde_json::from_str(&text).unwrap()
}

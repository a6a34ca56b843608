//! Starts an execution under a name that says what it works on.

use anyhow::{Context as _, bail};
use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::start_execution::StartExecutionError;
use chrono::{DateTime, Utc};
use serde_json::Value;
use tablekeeper_core::aws::arn::{Arn, is_table_name};

use crate::failure;
use crate::failure::Unusable;
use crate::machines::execution_arn;

/// Longest name of an execution (Step Functions quota).
const LONGEST_NAME: usize = 80;
/// How many names to try if that of a second is taken.
const MOST_NAMES: u32 = 9;

/// A started execution.
#[derive(Debug)]
pub(crate) struct Started {
    /// ARN of the execution.
    pub(crate) arn: String,
    /// Whether an execution of the requested name existed, so that nothing was started.
    pub(super) already_existed: bool,
}

/// Starts an execution under the requested name. If the name is taken, returns the existing execution.
pub(super) async fn under_name(
    client: &Client,
    machine: &str,
    name: &str,
    input: &str,
) -> anyhow::Result<Started> {
    match attempt(client, machine, name, input).await? {
        Some(arn) => Ok(Started { arn, already_existed: false }),
        None => {
            let arn = execution_arn(machine, name);
            let arn = arn.with_context(|| format!("{machine} is not the ARN of a state machine"))?;
            check_input(client, &arn, name, input).await?;
            Ok(Started { arn, already_existed: true })
        }
    }
}

/// Refuses an existing execution that has another input than the requested one.
async fn check_input(client: &Client, arn: &str, name: &str, input: &str) -> anyhow::Result<()> {
    let described = client.describe_execution().execution_arn(arn).send().await;
    let described = described.map_err(failure::aws("states:DescribeExecution"))?;
    let json = |text: &str| serde_json::from_str::<Value>(text).ok();
    // Without permission to read the data, the response has no input.
    match described.input.as_deref() {
        Some(existing) if json(existing) != json(input) => bail!(Unusable(format!(
            "an execution {name} exists with another input, and nothing was started; give another name with --name"
        ))),
        _ => Ok(()),
    }
}

/// Starts an execution under a name made of its table and the time. If the name is taken, takes the next one.
pub(crate) async fn now(
    client: &Client,
    machine: &str,
    input: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<Started> {
    let first = name(input, now);
    let next = (2..=MOST_NAMES).map(|number| format!("{first}-{number}"));
    for name in std::iter::once(first.clone()).chain(next) {
        if let Some(arn) = attempt(client, machine, &name, input).await? {
            return Ok(Started { arn, already_existed: false });
        }
    }
    bail!("{MOST_NAMES} executions with the name {first} exist; give another name with --name")
}

/// Starts an execution. Returns `None` if another execution has the name.
async fn attempt(client: &Client, machine: &str, name: &str, input: &str) -> anyhow::Result<Option<String>> {
    match client.start_execution().state_machine_arn(machine).name(name).input(input).send().await {
        Ok(started) => Ok(Some(started.execution_arn)),
        Err(error)
            if error.as_service_error().is_some_and(StartExecutionError::is_execution_already_exists) =>
        {
            Ok(None)
        }
        Err(error) => Err(failure::aws("states:StartExecution")(error)),
    }
}

/// Returns the name of an execution that a person starts: `by-hand-<table>-<time>`.
fn name(input: &str, now: DateTime<Utc>) -> String {
    let time = now.format("%Y%m%dT%H%M%SZ").to_string();
    let input = serde_json::from_str(input).unwrap_or_default();
    let table = table_of(&input).map(|table| format!("{table}-")).unwrap_or_default();
    // The end that distinguishes executions of one second needs space, too.
    let most = LONGEST_NAME - "by-hand-".len() - time.len() - 2;
    let table: String = table.chars().take(most).collect();
    format!("by-hand-{table}{time}")
}

/// Returns the table that an execution works on, by the fields of its input.
pub(crate) fn table_of(input: &Value) -> Option<&str> {
    let text = |pointer: &str| input.pointer(pointer)?.as_str().filter(|text| !text.is_empty());
    let places =
        ["/TableName", "/Target", "/BackupArn", "/BackupSnsMessage/BackedUpResourceArn", "/TableNames/0"];
    let found = places.iter().find_map(|pointer| text(pointer))?;
    // The ARN of a table, or of its backup: arn:…:table/orders/backup/01….
    let table = Arn::parse(found).and_then(|arn| arn.resource.strip_prefix("table/")?.split('/').next());
    table.or(Some(found)).filter(|table| is_table_name(table))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-29T17:50:38.25Z".parse().unwrap()
    }

    #[test]
    fn a_name_has_the_table_and_the_second() {
        let backed_up = "arn:aws:dynamodb:eu-west-1:123456789012:table/customer-production";
        for (input, expected) in [
            (json!({ "TableName": "orders" }), "by-hand-orders-20261129T175038Z"),
            (
                json!({ "BackupSnsMessage": { "BackedUpResourceArn": backed_up } }),
                "by-hand-customer-production-20261129T175038Z",
            ),
            (
                json!({ "BackupArn": format!("{backed_up}/backup/01") }),
                "by-hand-customer-production-20261129T175038Z",
            ),
            (json!({ "Target": "copy", "Source": "orders" }), "by-hand-copy-20261129T175038Z"),
            (json!({ "TableNames": ["orders", "b"] }), "by-hand-orders-20261129T175038Z"),
            (json!({}), "by-hand-20261129T175038Z"),
        ] {
            assert_eq!(name(&input.to_string(), now()), expected);
        }
    }

    #[test]
    fn a_name_fits_with_the_longest_table() {
        let long = name(&json!({ "TableName": "t".repeat(255) }).to_string(), now());
        assert_eq!(long.len() + "-9".len(), LONGEST_NAME);
        assert!(long.ends_with("20261129T175038Z"), "{long}");
    }
}

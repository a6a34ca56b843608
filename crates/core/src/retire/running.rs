//! Reads the running executions of state machines, and finds the copies that they work on.
//!
//! The input of an execution names a copy by its name or ARN. The input of a rotation names the recovery point instead,
//! whose id the copy has in its tag.

use aws_sdk_sfn::error::ProvideErrorMetadata;
use aws_sdk_sfn::types::ExecutionStatus;
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use super::copies::Copy;
use crate::aws::failure::AwsFailure;

/// Number of executions that are described at a time.
const AT_A_TIME: usize = 4;

/// A running execution.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Execution {
    /// ARN of the execution.
    pub arn: String,
    /// Its input; `None` if it cannot be read, or does not name what the execution works on, such as an empty one. The
    /// execution may then work on any copy.
    pub input: Option<String>,
}

impl Execution {
    /// Creates an execution with an input.
    pub fn new(arn: &str, input: Option<&str>) -> Execution {
        let input = input.filter(|input| names_a_subject(input)).map(str::to_owned);
        Execution { arn: arn.to_owned(), input }
    }

    /// Returns whether the execution may work on a copy.
    pub fn may_work_on(&self, copy: &Copy) -> bool {
        let recovery_point = copy.tags.as_ref().ok().and_then(|tags| tags.recovery_point.as_ref());
        self.input.as_ref().is_none_or(|input| {
            input.contains(&copy.table_name) || recovery_point.is_some_and(|id| input.contains(id))
        })
    }
}

/// Fields of inputs that name a table, a backup, or a parameter.
const SUBJECTS: [&str; 12] = [
    "BackupArn",
    "BackupSnsMessage",
    "RestoreJobId",
    "SSMParameterName",
    "Snapshot",
    "Source",
    "SourceTableArn",
    "TableArn",
    "TableName",
    "TableNames",
    "Target",
    "table_name",
];

/// Returns whether an input names what its execution works on. Other inputs select tables by a pattern, by a tag, or by
/// the template's parameters.
fn names_a_subject(input: &str) -> bool {
    let input: Option<Value> = serde_json::from_str(input).ok();
    let members = input.as_ref().and_then(Value::as_object);
    members.is_some_and(|members| {
        SUBJECTS.iter().any(|name| members.get(*name).is_some_and(|value| !value.is_null()))
    })
}

/// Reads the running executions of these state machines.
pub async fn read(
    sfn: &aws_sdk_sfn::Client,
    state_machine_arns: &[String],
) -> Result<Vec<Execution>, AwsFailure> {
    let mut arns = Vec::new();
    for state_machine_arn in state_machine_arns {
        let list = sfn.list_executions().state_machine_arn(state_machine_arn);
        let pages = list.status_filter(ExecutionStatus::Running).into_paginator().items().send();
        let listed: Vec<_> =
            pages.try_collect().await.map_err(AwsFailure::from_call("states:ListExecutions"))?;
        arns.extend(listed.into_iter().map(|execution| execution.execution_arn));
    }
    let reads: Vec<_> = arns.iter().map(|arn| execution(sfn, arn)).collect();
    futures::stream::iter(reads).buffered(AT_A_TIME).try_collect().await
}

/// Describes an execution. One that was listed as running, and is not known to another call yet, may work on any copy.
async fn execution(sfn: &aws_sdk_sfn::Client, arn: &str) -> Result<Execution, AwsFailure> {
    match sfn.describe_execution().execution_arn(arn).send().await {
        Ok(described) => Ok(Execution::new(arn, described.input())),
        Err(error) if error.code() == Some("ExecutionDoesNotExist") => Ok(Execution::new(arn, None)),
        Err(error) => Err(AwsFailure::from_call("states:DescribeExecution")(error)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error_name::ErrorName;
    use crate::retire::decision::testing::copy;
    use crate::testing::fake_aws::FakeAws;

    const MACHINE: &str = "arn:aws:states:eu-west-1:123456789012:stateMachine:m";

    async fn running(aws: &FakeAws) -> Result<Vec<Execution>, AwsFailure> {
        read(&aws.clients().sfn(), &[MACHINE.to_owned()]).await
    }

    fn with_input(input: serde_json::Value) -> FakeAws {
        let aws = FakeAws::default();
        aws.response("states:ListExecutions", |call| {
            assert_eq!(call.input["statusFilter"], "RUNNING");
            let execution = json!({ "executionArn": "e", "stateMachineArn": MACHINE, "name": "e",
                "status": "RUNNING", "startDate": 0 });
            (200, json!({ "executions": [execution] }))
        });
        aws.response("states:DescribeExecution", move |_| {
            let mut described = json!({ "executionArn": "e", "stateMachineArn": MACHINE, "status": "RUNNING",
                "startDate": 0 });
            described["input"] = input.clone();
            (200, described)
        });
        aws
    }

    #[tokio::test]
    async fn a_copy_is_named_by_its_name_or_by_its_recovery_point() {
        let copy = copy(3);
        let id = copy.tags.as_ref().unwrap().recovery_point.clone().unwrap();
        for (input, works) in [
            (json!({ "Target": copy.table_arn }), true),
            (json!({ "To": copy.table_name }), true),
            (json!({ "BackupArn": format!("arn:aws:dynamodb:r:1:table/orders/backup/{id}") }), true),
            (json!({ "RecoveryPointArn": format!("arn:aws:backup:r:1:recovery-point:{id}") }), true),
            (json!({ "Target": "orders-20260399-02-00-00" }), false),
            (json!({ "TableName": "customers" }), false),
            // These inputs select tables by the template's parameters, or by a pattern.
            (json!({}), true),
            (json!({ "TableNamePattern": "^customers" }), true),
        ] {
            let executions = running(&with_input(json!(input.to_string()))).await.unwrap();
            assert_eq!(executions[0].may_work_on(&copy), works, "{input}");
        }
    }

    #[tokio::test]
    async fn an_execution_without_a_readable_input_may_work_on_any_copy() {
        let executions = running(&with_input(json!(null))).await.unwrap();
        assert!(executions[0].may_work_on(&copy(3)));
    }

    #[tokio::test]
    async fn refusals_have_their_names_and_an_unknown_execution_may_work_on_any_copy() {
        let aws = with_input(json!(r#"{"TableName":"customers"}"#));
        aws.refuse("states:DescribeExecution", "ExecutionDoesNotExist");
        assert!(running(&aws).await.unwrap()[0].may_work_on(&copy(3)));
        aws.refuse("states:DescribeExecution", "AccessDeniedException");
        assert_eq!(running(&aws).await.unwrap_err().name, ErrorName::AccessDenied);
        aws.refuse("states:ListExecutions", "StateMachineDoesNotExist");
        assert_eq!(running(&aws).await.unwrap_err().name, ErrorName::RequestRefused);
    }
}

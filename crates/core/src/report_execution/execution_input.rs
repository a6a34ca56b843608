//! The input of an execution of `report-execution`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::arn::Arn;
use crate::input::InvalidInput;
use crate::text::quoted;

/// The field that names the execution.
pub const FIELD: &str = "ExecutionArn";

/// The input of an execution of `report-execution`.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ExecutionInput {
    /// ARN of the execution to report, which has ended.
    pub execution_arn: String,
    /// Id of the execution that started this one. Users of Step Functions add it to link the two.
    #[serde(
        rename = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub started_by_execution_id: Option<String>,
}

impl ExecutionInput {
    /// Checks what can be checked without AWS. Returns the names of the state machine and of the execution.
    pub fn check(&self) -> Result<(&str, &str), InvalidInput> {
        machine_and_name(&self.execution_arn).ok_or_else(|| {
            let right = "it must be the ARN of an execution, such as \
                         arn:aws:states:eu-west-1:123456789012:execution:StateMachine-a1B2c3:nightly";
            InvalidInput { field: FIELD, reason: format!("is {}; {right}", quoted(&self.execution_arn)) }
        })
    }
}

/// Returns the names of the state machine and of the execution in the ARN of an execution.
fn machine_and_name(arn: &str) -> Option<(&str, &str)> {
    let arn = Arn::parse(arn).filter(|arn| arn.service == "states")?;
    let parts: Vec<&str> = arn.resource.split(':').collect();
    match parts.as_slice() {
        ["execution", machine, name] if !machine.is_empty() && !name.is_empty() => Some((*machine, *name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_arn_of_an_execution_is_accepted() {
        let check = |arn: &str| {
            let input = ExecutionInput { execution_arn: arn.to_owned(), started_by_execution_id: None };
            input
                .check()
                .map(|(machine, name)| format!("{machine} {name}"))
                .map_err(|error| error.to_string())
        };
        assert_eq!(check("arn:aws-cn:states:cn-north-1:123456789012:execution:M:n"), Ok("M n".to_owned()));
        for arn in [
            "",
            "nightly",
            "arn:aws:states:eu-west-1:123456789012:stateMachine:M",
            "arn:aws:states:eu-west-1:123456789012:execution:M",
            "arn:aws:states:eu-west-1:123456789012:express:M:n:1",
            "arn:aws:dynamodb:eu-west-1:123456789012:execution:M:n",
        ] {
            let error = check(arn).unwrap_err();
            assert!(error.starts_with(&format!("ExecutionArn is `{arn}`; it must be the ARN")), "{error}");
        }
    }
}

//! `rollback.plan-rollback`: finds the table that the execution goes back to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::arn::Arn;
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::pointer::history;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::input::InvalidInput;
use tablekeeper_core::rotation::rollback::{ExecutionInput, Rollback};

use crate::step::{Failure, Step};

/// The step that finds the table.
#[derive(Debug)]
pub struct PlanRollback {
    ssm: aws_sdk_ssm::Client,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, whose account and Region must be the table's.
    pub execution_arn: String,
    /// Input of the execution.
    pub execution_input: ExecutionInput,
}

/// The rollback to do.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The rollback, which the other steps get.
    pub rollback: Rollback,
}

/// Why there is nothing to go back to.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The input is invalid.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Input(_) => ErrorName::InvalidInput,
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for PlanRollback {
    const NAME: &'static str = "rollback.plan-rollback";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<PlanRollback, Failure> {
        Ok(PlanRollback { ssm: clients.ssm() })
    }

    async fn run(&self, Input { execution_arn, execution_input }: Input) -> Result<Output, Error> {
        let history = history(&self.ssm, &execution_input.ssm_parameter_name).await?;
        let rollback = Rollback::find(execution_input, &history)?;
        let place = |arn: &str| {
            Arn::parse(arn).map(|arn| format!("account {} and Region {}", arn.account, arn.region))
        };
        let (of_table, own) = (place(&rollback.table_arn), place(&execution_arn));
        if of_table != own {
            let (of_table, own) = (of_table.unwrap_or_default(), own.unwrap_or_default());
            let reason = format!(
                "leads to {}, in {of_table}; it must be in {own}, as the state machine is",
                rollback.table_arn
            );
            return Err(InvalidInput { field: "To", reason }.into());
        }
        Ok(Output { rollback })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tablekeeper_core::testing::fake_aws::{FakeAws, arn};

    use super::*;
    use crate::step::AnyStep;

    async fn plan(aws: &FakeAws, to: Value) -> Result<Value, Failure> {
        let step = PlanRollback { ssm: aws.clients().ssm() };
        let execution = "arn:aws:states:eu-west-1:123456789012:execution:rollback:e";
        let input = json!({ "SSMParameterName": "/p", "To": to, "Pin": false });
        step.run_json(json!({ "executionArn": execution, "executionInput": input })).await
    }

    #[tokio::test]
    async fn the_plan_has_both_tables() {
        let aws = FakeAws::default();
        for table in ["one", "two"] {
            aws.state().parameters.put("/p", &arn(table));
        }
        let expected = json!({ "rollback": { "ssmParameterName": "/p", "fromValue": arn("two"), "fromVersion": 2,
            "tableArn": arn("one"), "backup": null, "verified": "none", "pin": false } });
        assert_eq!(plan(&aws, json!("previous")).await.unwrap(), expected);
    }

    #[tokio::test]
    async fn a_table_elsewhere_is_refused() {
        let aws = FakeAws::default();
        aws.state().parameters.put("/p", &arn("one"));
        let elsewhere = "arn:aws:dynamodb:us-east-1:123456789012:table/one";
        let failure = plan(&aws, json!(elsewhere)).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::InvalidInput);
        assert!(failure.message.contains("Region us-east-1; it must be in"), "{failure}");
    }

    #[tokio::test]
    async fn failures_have_their_names() {
        let aws = FakeAws::default();
        assert_eq!(plan(&aws, json!(1)).await.unwrap_err().name, ErrorName::InvalidInput);
        aws.refuse("ssm:GetParameterHistory", "AccessDeniedException");
        assert_eq!(plan(&aws, json!(1)).await.unwrap_err().name, ErrorName::AccessDenied);
    }
}

//! Reads everything that can keep a copy and decides, for the steps of `retire-copies` and for `tablekeeper plan
//! retire`.

use super::copies::{self, Bases};
use super::decision::{Decision, decide};
use super::{RetireConfig, pointers, running};
use crate::aws::failure::AwsFailure;

/// The clients that a plan reads with.
#[derive(Debug)]
pub struct Readers {
    /// Reads tables and their tags.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Reads running executions.
    pub sfn: aws_sdk_sfn::Client,
    /// Reads parameters.
    pub ssm: aws_sdk_ssm::Client,
}

impl Readers {
    /// Decides about all copies of these tables. Fails if something cannot be read that could name any copy.
    pub async fn plan(
        &self,
        config: &RetireConfig,
        execution_arn: &str,
        bases: &Bases,
    ) -> Result<Vec<Decision>, AwsFailure> {
        let names = copies::names(&self.dynamodb, bases).await?;
        if names.is_empty() {
            return Ok(Vec::new());
        }
        // First, because whoever works on a copy may tag it as verified at the end.
        let running = running::read(&self.sfn, &config.state_machine_arns).await?;
        let copies = copies::read(&self.dynamodb, &names).await?;
        // Last, because whoever works on a copy may point a parameter at it at the end.
        let pointers = pointers::read(&self.ssm, &config.parameter_prefixes).await?;
        Ok(decide(config, execution_arn, copies, &pointers, &running))
    }
}

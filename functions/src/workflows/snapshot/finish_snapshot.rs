//! `snapshot.finish-snapshot`: verifies what the shards wrote, and writes the manifests.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::export::finish::FinishError;
use tablekeeper_core::snapshot::Snapshot;
use tablekeeper_core::snapshot::finish::{Output, finish};

use crate::step::{Failure, Step};

/// The step that verifies what the shards wrote, and writes the manifests.
#[derive(Debug)]
pub struct FinishSnapshot {
    s3: aws_sdk_s3::Client,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// The plan of the snapshot.
    pub snapshot: Snapshot,
}

impl Step for FinishSnapshot {
    const NAME: &'static str = "snapshot.finish-snapshot";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES, &[ErrorName::ExportNotVerified]];
    type Input = Input;
    type Output = Output;
    type Error = FinishError;

    fn new(clients: &Clients) -> Result<FinishSnapshot, Failure> {
        Ok(FinishSnapshot { s3: clients.s3() })
    }

    async fn run(&self, Input { snapshot, .. }: Input) -> Result<Output, FinishError> {
        let files = snapshot.run.files(self.s3.clone(), &snapshot.plan.table_name);
        finish(&files, snapshot).await
    }
}

//! The status of an execution that this command did not start.

use std::process::ExitCode;

use anyhow::bail;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::types::ExecutionStatus as Status;

use crate::follow::Outcome;
use crate::{console, failure};

/// The status of an execution that already existed.
#[derive(Debug)]
pub(crate) struct ExecutionStatus {
    status: Status,
    error: Option<String>,
    cause: Option<String>,
}

impl ExecutionStatus {
    /// Reads the status of an execution.
    pub(crate) async fn fetch(client: &Client, execution: &str) -> anyhow::Result<Self> {
        let described = client.describe_execution().execution_arn(execution).send().await;
        let described = described.map_err(failure::aws("states:DescribeExecution"))?;
        let (status, error, cause) = (described.status, described.error, described.cause);
        Ok(Self { status, error, cause })
    }

    /// Returns the name of the status, such as `RUNNING`.
    pub(crate) fn name(&self) -> &str {
        self.status.as_str()
    }

    /// Returns success unless the execution failed, and prints the status.
    pub(crate) fn exit_code(self) -> anyhow::Result<ExitCode> {
        match self.status {
            Status::Running | Status::PendingRedrive => console::print_remark("it is still running"),
            Status::Succeeded => console::print_remark("it has succeeded"),
            status => {
                let status = status.as_str().to_owned();
                let (error, cause) = (self.error, self.cause);
                let outcome = Outcome { status, output: None, error, cause, states_entered: 0 };
                bail!("that execution has ended as {}", outcome.describe());
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_existing_execution_that_failed_is_a_failure() {
        for (status, failed) in [
            (Status::Running, false),
            (Status::PendingRedrive, false),
            (Status::Succeeded, false),
            (Status::Failed, true),
            (Status::TimedOut, true),
            (Status::Aborted, true),
        ] {
            let cause = Some(r#"{"errorMessage":"no such table"}"#.to_owned());
            let existing = ExecutionStatus { status: status.clone(), error: Some("E".into()), cause };
            let reported = existing.exit_code().err().map(|error| error.to_string());
            let expected =
                failed.then(|| format!("that execution has ended as {}: E: no such table", status.as_str()));
            assert_eq!(reported, expected);
        }
    }
}

//! `rotate-restore.publish-pointer`: points the SSM parameter at the new table.
//!
//! SSM has no conditional write, and executions may publish at the same time and in any order. So the step reads the
//! parameter, writes it and reads it back until it holds the newest rotation that was seen. SSM numbers the versions,
//! so the step notices a version that another execution wrote in between. It reads that version, and writes it again if
//! it is newer. So the last writer leaves the newest value.
//!
//! This write is the only call here that the SDK does not retry: after a lost response, a retry would make a second
//! version. The state machine runs the step again instead, and the step reads first.

use aws_config::retry::RetryConfig;
use aws_sdk_ssm::error::ProvideErrorMetadata;
use aws_sdk_ssm::types::ParameterType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::rotation::naming::split_time;
use tablekeeper_core::schemas::nullable_string;

use crate::step::{Failure, Step};

/// How often the parameter is written before the step fails because of other writers.
const ATTEMPTS: usize = 5;

/// How many versions before an existing version of ours are read. Others may have written them between the read and the
/// write of an invocation whose response was lost.
const READ_BEHIND: i64 = 3;

/// The step that points the SSM parameter at the new table.
#[derive(Debug)]
pub struct PublishPointer {
    ssm: aws_sdk_ssm::Client,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs.
    pub execution_arn: String,
    /// Name of the parameter; null for none. The field is required: if it were left out by mistake, the parameter would
    /// never move.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "nullable_string")]
    pub ssm_parameter_name: Option<String>,
    /// ARN of the table that the parameter is to hold.
    pub table_arn: String,
}

/// The outcome for the parameter; `UpdateSSMParameterOutput` in the execution's output.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    /// Whether the parameter was written, and if not, why.
    pub outcome: Outcome,
    /// Name of the parameter; null for none.
    pub name: Option<String>,
    /// Value of the parameter now; null if no parameter is named.
    pub value: Option<String>,
    /// Value of the parameter before; null if it did not exist.
    pub previous_value: Option<String>,
    /// Version of the parameter now; null if no parameter is named.
    pub version: Option<i64>,
}

/// What was done with the parameter.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub enum Outcome {
    /// The parameter now points at the new table.
    Published,
    /// The parameter pointed at the new table already.
    Unchanged,
    /// The parameter points at a newer rotation of the same table, and was left alone.
    PointerIsNewer,
    /// No parameter is named.
    Skipped,
}

/// Why the parameter was not written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Others wrote the parameter at each attempt.
    #[error("the SSM parameter {0} was written by others at each of {ATTEMPTS} attempts to write it")]
    PointerContended(String),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::PointerContended(_) => ErrorName::PointerContended,
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for PublishPointer {
    const NAME: &'static str = "rotate-restore.publish-pointer";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES, &[ErrorName::PointerContended]];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<PublishPointer, Failure> {
        Ok(PublishPointer { ssm: clients.ssm() })
    }

    async fn run(&self, Input { ssm_parameter_name, table_arn, .. }: Input) -> Result<Output, Error> {
        let Some(name) = ssm_parameter_name else {
            let outcome = Outcome::Skipped;
            return Ok(Output { outcome, name: None, value: None, previous_value: None, version: None });
        };
        let mut current = self.read(&name).await?;
        let previous_value = current.as_ref().map(|parameter| parameter.value.clone());
        // If the value is ours already, an invocation whose response was lost may have written it over a newer one.
        let mut described = match &current {
            Some(now) if now.value == table_arn => now.version - 1 - READ_BEHIND,
            Some(now) => now.version - 1,
            None => 0,
        };
        let mut newest = table_arn.clone();
        for _ in 0..ATTEMPTS {
            if let Some(now) = &current {
                newest = self.newest(&name, described, now, newest).await?;
                described = now.version;
                if now.value == newest {
                    let outcome = match &previous_value {
                        _ if newest != table_arn => Outcome::PointerIsNewer,
                        Some(before) if *before == table_arn => Outcome::Unchanged,
                        _ => Outcome::Published,
                    };
                    let (value, version) = (Some(newest), Some(now.version));
                    return Ok(Output { outcome, name: Some(name), value, previous_value, version });
                }
            }
            self.write(&name, &newest).await?;
            current = self.read(&name).await?;
        }
        Err(Error::PointerContended(name))
    }
}

/// A version of a parameter.
struct Parameter {
    value: String,
    version: i64,
}

impl PublishPointer {
    /// Reads the parameter `name`, or its version `name:version`. Returns `None` if it does not exist.
    async fn read(&self, name: &str) -> Result<Option<Parameter>, Error> {
        match self.ssm.get_parameter().name(name).send().await {
            Ok(response) => Ok(response.parameter.map(|parameter| Parameter {
                version: parameter.version(),
                value: parameter.value.unwrap_or_default(),
            })),
            Err(error) if matches!(error.code(), Some("ParameterNotFound" | "ParameterVersionNotFound")) => {
                Ok(None)
            }
            Err(error) => Err(AwsFailure::from_call("ssm:GetParameter")(error).into()),
        }
    }

    /// Returns the newest rotation of these: `ours`, the current value, and the earlier versions that were not read
    /// yet.
    async fn newest(
        &self,
        name: &str,
        described: i64,
        now: &Parameter,
        ours: String,
    ) -> Result<String, Error> {
        let mut newest = ours;
        for version in (described + 1).max(1)..now.version {
            if let Some(parameter) = self.read(&format!("{name}:{version}")).await?
                && is_newer_rotation(&parameter.value, &newest)
            {
                newest = parameter.value;
            }
        }
        Ok(if is_newer_rotation(&now.value, &newest) { now.value.clone() } else { newest })
    }

    /// Writes the parameter once, without SDK retries.
    async fn write(&self, name: &str, value: &str) -> Result<(), Error> {
        let once = aws_sdk_ssm::config::Builder::new().retry_config(RetryConfig::disabled());
        self.ssm
            .put_parameter()
            .name(name)
            .r#type(ParameterType::String)
            .value(value)
            .overwrite(true)
            .customize()
            .config_override(once)
            .send()
            .await
            .map_err(AwsFailure::from_call("ssm:PutParameter"))?;
        Ok(())
    }
}

/// Returns whether `value` is a later rotation of the same table as `ours`: the ARNs differ only in the time at the
/// end, and the time of `value` is later.
fn is_newer_rotation(value: &str, ours: &str) -> bool {
    match (split_time(value), split_time(ours)) {
        (Some((table, time)), Some((our_table, our_time))) => table == our_table && time > our_time,
        _ => false,
    }
}

#[cfg(test)]
mod tests;

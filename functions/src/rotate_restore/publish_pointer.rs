//! `rotate-restore.publish-pointer`: points the SSM parameter at the new table.
//!
//! SSM has no conditional write, and executions may publish at the same time and in any order. So the
//! parameter is read, written, and read back; and as PutParameter numbers the versions, a write that
//! came in between is seen, looked up, and if it was a newer rotation, put back. Whoever writes last
//! thus leaves the newest.
//!
//! The write is the one call here that is not retried by the SDK: a lost answer would make a second
//! version. The state machine runs the step again instead, and the step reads first.

use aws_config::retry::RetryConfig;
use aws_sdk_ssm::error::ProvideErrorMetadata;
use aws_sdk_ssm::types::ParameterType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws_failure::AwsFailure;
use crate::clients::Clients;
use crate::error_name::ErrorName;
use crate::step::{Failure, Named, Step};

/// How often the parameter is written before the step gives up against others.
const ATTEMPTS: usize = 4;

/// The step.
#[derive(Debug)]
pub struct PublishPointer {
    ssm: aws_sdk_ssm::Client,
}

/// What the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// The execution, for the logs.
    pub execution_arn: String,
    /// The parameter; null for none.
    pub ssm_parameter_name: Option<String>,
    /// What it is to point at.
    pub table_arn: String,
}

/// What became of the parameter; `UpdateSSMParameterOutput` in the execution's output.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    /// What was done.
    pub outcome: Outcome,
    /// The parameter; null for none.
    pub name: Option<String>,
    /// What it holds now.
    pub value: Option<String>,
    /// What it held before; null where it did not exist.
    pub previous_value: Option<String>,
    /// Its version now.
    pub version: Option<i64>,
}

/// What was done with the parameter.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub enum Outcome {
    /// It points at the new table.
    Published,
    /// It did already.
    Unchanged,
    /// It points at a newer rotation of the same table, and was left alone.
    PointerIsNewer,
    /// None is named.
    Skipped,
}

/// Why the parameter was not written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Others kept writing it.
    #[error("the SSM parameter {0} was written by others at each of {ATTEMPTS} attempts to write it")]
    PointerContended(String),
    /// The call failed.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl Named for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::PointerContended(_) => ErrorName::PointerContended,
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for PublishPointer {
    const NAME: &'static str = "rotate-restore.publish-pointer";
    const ERRORS: &'static [ErrorName] = &[
        ErrorName::AccessDenied,
        ErrorName::PointerContended,
        ErrorName::RequestRefused,
        ErrorName::ResourceBusy,
        ErrorName::ServiceUnavailable,
        ErrorName::Throttled,
    ];
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
        let before = self.read(&name).await?;
        let previous_value = before.as_ref().map(|parameter| parameter.value.clone());
        let output = |outcome, now: Parameter| Output {
            outcome,
            name: Some(name.clone()),
            value: Some(now.value),
            previous_value: previous_value.clone(),
            version: Some(now.version),
        };
        let mut current = before;
        for attempt in 0..ATTEMPTS {
            let seen = match current {
                Some(now) if now.value == table_arn => {
                    let outcome = if attempt == 0 { Outcome::Unchanged } else { Outcome::Published };
                    return Ok(output(outcome, now));
                }
                Some(now) if is_newer_rotation(&now.value, &table_arn) => {
                    return Ok(output(Outcome::PointerIsNewer, now));
                }
                Some(now) => now.version,
                None => 0,
            };
            let written = self.write(&name, &table_arn).await?;
            for version in seen + 1..written {
                let between = self.read(&format!("{name}:{version}")).await?;
                if let Some(newer) = between.filter(|it| is_newer_rotation(&it.value, &table_arn)) {
                    self.write(&name, &newer.value).await?;
                }
            }
            current = self.read(&name).await?;
        }
        match current {
            Some(now) if now.value == table_arn => Ok(output(Outcome::Published, now)),
            _ => Err(Error::PointerContended(name)),
        }
    }
}

/// A version of a parameter.
struct Parameter {
    value: String,
    version: i64,
}

impl PublishPointer {
    /// The parameter `name`, or its version `name:version`.
    async fn read(&self, name: &str) -> Result<Option<Parameter>, Error> {
        match self.ssm.get_parameter().name(name).send().await {
            Ok(answer) => Ok(answer.parameter.map(|parameter| Parameter {
                version: parameter.version(),
                value: parameter.value.unwrap_or_default(),
            })),
            Err(error) if matches!(error.code(), Some("ParameterNotFound" | "ParameterVersionNotFound")) => {
                Ok(None)
            }
            Err(error) => Err(AwsFailure::of("ssm:GetParameter")(error).into()),
        }
    }

    /// Writes the parameter and answers its new version.
    async fn write(&self, name: &str, value: &str) -> Result<i64, Error> {
        let once = aws_sdk_ssm::config::Builder::new().retry_config(RetryConfig::disabled());
        let answer = self
            .ssm
            .put_parameter()
            .name(name)
            .r#type(ParameterType::String)
            .value(value)
            .overwrite(true)
            .customize()
            .config_override(once)
            .send()
            .await
            .map_err(AwsFailure::of("ssm:PutParameter"))?;
        Ok(answer.version)
    }
}

/// Whether `value` names a rotation of the same table as `ours`, of a later time: the same ARN but for
/// the time that it ends in.
fn is_newer_rotation(value: &str, ours: &str) -> bool {
    match (split_time(value), split_time(ours)) {
        (Some((table, time)), Some((our_table, our_time))) => table == our_table && time > our_time,
        _ => false,
    }
}

/// Takes `-YYYYMMDD-HH-mm-ss` from the end of a name.
fn split_time(name: &str) -> Option<(&str, &str)> {
    let (table, time) = name.split_at_checked(name.len().checked_sub(18)?)?;
    let like = |(letter, shape): (u8, u8)| match shape {
        b'0' => letter.is_ascii_digit(),
        _ => letter == shape,
    };
    time.bytes().zip(*b"-00000000-00-00-00").all(like).then_some((table, time))
}

#[cfg(test)]
mod tests;

//! `rotate-restore.publish-pointer`: points the SSM parameter at the new table.
//!
//! [`tablekeeper_core::rotation::pointer`] decides what to write, from the whole history of the parameter. Each version
//! gets a description with its execution and its recovery point, so a repeated step recognizes its earlier write, even
//! if the pointer was moved since.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::pointer::{Error, settle};
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::rotation::pointer::{self, Description, Wish, Writer};
use tablekeeper_core::schemas::nullable_string;

use crate::step::{Failure, Step};

/// The step that points the SSM parameter at the new table.
#[derive(Debug)]
pub struct PublishPointer {
    ssm: aws_sdk_ssm::Client,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs and for the description of the version.
    pub execution_arn: String,
    /// Name of the parameter; null for none. The field is required: if it were left out by mistake, the parameter would
    /// never move.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "nullable_string")]
    pub ssm_parameter_name: Option<String>,
    /// ARN of the table that the parameter is to hold.
    pub table_arn: String,
    /// ARN of the recovery point that the table was made from, for the description of the version.
    pub recovery_point_arn: String,
    /// How the table was verified, for the description of the version: `none`, `COUNTED`, `SAMPLED` or `EXACT`.
    pub verified: String,
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
    /// The parameter is pinned to another table, and was left alone.
    PointerPinned,
    /// This execution had pointed the parameter at the new table, and a person moved it elsewhere since.
    Superseded,
    /// No parameter is named.
    Skipped,
}

impl From<pointer::Outcome> for Outcome {
    fn from(outcome: pointer::Outcome) -> Outcome {
        match outcome {
            pointer::Outcome::Written => Outcome::Published,
            pointer::Outcome::Unchanged => Outcome::Unchanged,
            pointer::Outcome::Newer => Outcome::PointerIsNewer,
            pointer::Outcome::Pinned => Outcome::PointerPinned,
            pointer::Outcome::Superseded => Outcome::Superseded,
        }
    }
}

impl Step for PublishPointer {
    const NAME: &'static str = "rotate-restore.publish-pointer";
    const ERRORS: &'static [&'static [ErrorName]] = Error::NAMES;
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<PublishPointer, Failure> {
        Ok(PublishPointer { ssm: clients.ssm() })
    }

    async fn run(&self, input: Input) -> Result<Output, Error> {
        let Some(name) = input.ssm_parameter_name else {
            let outcome = Outcome::Skipped;
            return Ok(Output { outcome, name: None, value: None, previous_value: None, version: None });
        };
        let description = Description {
            writer: Writer::Rotation,
            execution: input.execution_arn,
            backup: Some(input.recovery_point_arn),
            verified: input.verified,
            pins: false,
        };
        let wish = Wish::Rotate { table_arn: input.table_arn, description };
        let settled = settle(&self.ssm, &name, &wish).await?;
        let (before, now) = (wish.before(&settled.before), settled.after.newest());
        Ok(Output {
            outcome: settled.outcome.into(),
            name: Some(name),
            value: now.map(|version| version.value.clone()),
            previous_value: before.map(|version| version.value.clone()),
            version: now.map(|version| version.number),
        })
    }
}

#[cfg(test)]
mod tests;

//! `retire-copies.unmark-copy`: removes the mark of a table that stays.
//!
//! It leaves the mark of another execution alone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::own_tag::{RETIRING, own};
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::retire::CopyToRetire;
use tablekeeper_core::retire::mark::{Mark, remove};

use crate::step::{Failure, Step};

/// The step that removes the mark of a table.
#[derive(Debug)]
pub struct UnmarkCopy {
    dynamodb: aws_sdk_dynamodb::Client,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, whose mark is removed.
    pub execution_arn: String,
    /// The copy.
    pub copy: CopyToRetire,
}

/// Whether the mark was removed.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Whether the table had this execution's mark.
    pub removed: bool,
}

/// Why the mark could not be removed.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] AwsFailure);

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        self.0.name
    }
}

impl Step for UnmarkCopy {
    const NAME: &'static str = "retire-copies.unmark-copy";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<UnmarkCopy, Failure> {
        Ok(UnmarkCopy { dynamodb: clients.dynamodb() })
    }

    async fn run(&self, Input { execution_arn, copy }: Input) -> Result<Output, Error> {
        let tags = own(&self.dynamodb, &copy.table_arn).await?.unwrap_or_default();
        let removed = tags.get(RETIRING).is_some_and(|value| Mark::parse(value).is_of(&execution_arn));
        if removed {
            remove(&self.dynamodb, &copy.table_arn).await?;
        }
        Ok(Output { removed })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tablekeeper_core::testing::fake_aws::{FakeAws, arn};

    use super::*;
    use crate::step::AnyStep;
    use crate::workflows::retire_copies::testing::{EXECUTION, aws, copy, name};

    async fn unmark(aws: &FakeAws) -> Result<Value, Failure> {
        let step = UnmarkCopy::new(&aws.clients()).unwrap();
        step.run_json(json!({ "executionArn": EXECUTION, "copy": copy(1) })).await
    }

    #[tokio::test]
    async fn only_its_own_mark_is_removed() {
        let aws = aws(1).with_tag(&name(1), RETIRING, &format!("{EXECUTION} 2026-04-01T02:00:00Z"));
        assert_eq!(unmark(&aws).await.unwrap()["removed"], true);
        assert!(!aws.state().tags[&arn(&name(1))].contains_key(RETIRING));
        assert_eq!(unmark(&aws).await.unwrap()["removed"], false);
        let aws = aws.with_tag(&name(1), RETIRING, "arn:another 2026-04-01T02:00:00Z");
        assert_eq!(unmark(&aws).await.unwrap()["removed"], false);
        assert!(aws.state().tags[&arn(&name(1))].contains_key(RETIRING));
    }

    #[tokio::test]
    async fn a_missing_table_has_no_mark_and_a_refusal_has_its_name() {
        let aws = aws(1);
        aws.refuse("dynamodb:ListTagsOfResource", "ResourceNotFoundException");
        assert_eq!(unmark(&aws).await.unwrap()["removed"], false);
        aws.refuse("dynamodb:ListTagsOfResource", "AccessDeniedException");
        assert_eq!(unmark(&aws).await.unwrap_err().name, ErrorName::AccessDenied);
    }
}

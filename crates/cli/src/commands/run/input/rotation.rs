//! Checks the input of a rotation as its first step does, as far as that needs neither AWS nor the template.

use serde_json::Value;
use tablekeeper_core::rotation::execution_input::ExecutionInput;
use tablekeeper_core::rotation::naming::{Rotation, RotationError};
use tablekeeper_core::rotation::request::{IncompleteInput, Request, TemplateParameters};

/// Why an input is not checked to its end, or is refused.
enum Outcome {
    /// The patterns are those of the template, which the stack knows.
    UsesTemplate,
    /// The input cannot be used.
    Refused(String),
}

impl From<IncompleteInput> for Outcome {
    fn from(error: IncompleteInput) -> Outcome {
        Outcome::Refused(error.to_string())
    }
}

impl From<RotationError> for Outcome {
    fn from(error: RotationError) -> Outcome {
        Outcome::Refused(error.to_string())
    }
}

/// Checks the input of `rotate-restore`. Accepts that of other workflows.
pub(super) fn check(workflow: &str, input: &Value) -> Result<(), String> {
    if workflow != "rotate-restore" {
        return Ok(());
    }
    let input: ExecutionInput = serde_json::from_value(input.clone()).map_err(|error| error.to_string())?;
    let template: Result<&TemplateParameters, Outcome> = Err(Outcome::UsesTemplate);
    let planned = Request::from_input(input, template)
        .and_then(|request| Ok(Rotation::plan(&request.backup, &request.patterns)?));
    match planned {
        Ok(_) | Err(Outcome::UsesTemplate) => Ok(()),
        Err(Outcome::Refused(reason)) => Err(reason),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const BACKUP: &str =
        "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/backup/01772330400412-9c2f1ab7";

    #[test]
    fn values_that_the_first_step_would_refuse_are_refused() {
        let of = |input: Value| check("rotate-restore", &input).err().unwrap_or_default();
        assert_eq!(of(json!({ "BackupArn": BACKUP })), "");
        assert_eq!(
            of(json!({ "BackupArn": BACKUP, "SourcePattern": "orders", "ReplacementPattern": "copy" })),
            ""
        );
        for (input, expected) in [
            (json!({}), "the input names no backup: give BackupArn"),
            (json!({ "BackupArn": "lates" }), "BackupArn `lates` is not the ARN of a DynamoDB backup"),
            (
                json!({ "BackupArn": BACKUP, "SourcePattern": "x" }),
                "SourcePattern is given without ReplacementPattern",
            ),
            (
                json!({ "BackupArn": BACKUP, "SourcePattern": "(x", "ReplacementPattern": "y" }),
                "SourcePattern `(x` is not a regular expression",
            ),
            (
                json!({ "BackupArn": BACKUP, "SourcePattern": "table/orders", "ReplacementPattern": "y" }),
                "the table's name `orders` does not match SourcePattern",
            ),
        ] {
            let reason = of(input);
            assert!(reason.starts_with(expected), "{reason}");
        }
        assert!(check("export-table", &json!({})).is_ok());
    }
}

use serde_json::{Value, json};

use super::*;
use crate::rotation::naming::Rotation;

const TABLE: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders-production";
const BACKUP: &str =
    "arn:aws:dynamodb:eu-west-1:123456789012:table/orders-production/backup/01772330400412-9c2f1ab7";

#[derive(Debug, PartialEq, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Input(#[from] IncompleteInput),
    #[error(transparent)]
    Rotation(#[from] RotationError),
    #[error("there is no template")]
    NoTemplate,
}

fn template() -> TemplateParameters {
    TemplateParameters {
        source_pattern: "^(.+)-production$".to_owned(),
        replacement_pattern: "$1-staging".to_owned(),
        ssm_parameter_name: "/staging/$1".to_owned(),
        billing_mode_override: Some(BillingMode::PayPerRequest),
        sse_kms_master_key_id: Some("alias/template".to_owned()),
    }
}

fn request(input: Value, template: Result<&TemplateParameters, Error>) -> Result<Request, Error> {
    Request::from_input(serde_json::from_value(input).unwrap(), template)
}

fn refusal(input: Value) -> String {
    let error = request(input, Ok(&template())).unwrap_err();
    assert!(matches!(error, Error::Input(_)), "{error:?}");
    error.to_string()
}

#[test]
fn an_arn_is_a_whole_input() {
    let request = request(json!({ "BackupArn": BACKUP }), Ok(&template())).unwrap();
    let rotation = Rotation::plan(&request.backup, &request.patterns).unwrap();
    assert_eq!(rotation.target_table, "orders-staging-20260301-02-00-00");
    assert_eq!(rotation.ssm_parameter_name.as_deref(), Some("/staging/orders"));
    assert_eq!(request.backup.backed_up_resource_arn, TABLE);
    let started = template().execution_input(request.backup.clone());
    let filled =
        ExecutionInput { backup_arn: None, backup_sns_message: Some(request.backup), ..request.input };
    assert_eq!(filled, started, "it differs from what the trigger starts");
}

#[test]
fn the_input_takes_precedence_over_the_template() {
    let encryption = json!({ "Enabled": false });
    let input = json!({ "BackupArn": BACKUP, "SSMParameterName": "", "BillingModeOverride": "PROVISIONED",
        "SSESpecificationOverride": encryption });
    let request = request(input, Ok(&template())).unwrap();
    assert_eq!(Rotation::plan(&request.backup, &request.patterns).unwrap().ssm_parameter_name, None);
    assert_eq!(request.input.billing_mode_override, Some(BillingMode::Provisioned));
    assert_eq!(json!(request.input.sse_specification_override), encryption);
}

#[test]
fn an_input_with_patterns_takes_nothing_from_the_template() {
    let notification = json!({ "RecoveryPointArn": BACKUP, "BackedUpResourceArn": TABLE });
    for backup in [("BackupArn", json!(BACKUP)), ("BackupSnsMessage", notification)] {
        let mut input = json!({ "SourcePattern": "orders", "ReplacementPattern": "" });
        input[backup.0] = backup.1;
        for template in [Ok(&template()), Err(Error::NoTemplate)] {
            let request = request(input.clone(), template).unwrap();
            let rotation = Rotation::plan(&request.backup, &request.patterns).unwrap();
            assert_eq!(rotation.target_table, "-production-20260301-02-00-00");
            assert_eq!(rotation.ssm_parameter_name, None);
            assert_eq!(request.input.billing_mode_override, None);
            assert_eq!(request.input.sse_specification_override, None);
        }
    }
    let short = json!({ "BackupArn": BACKUP });
    assert_eq!(request(short, Err(Error::NoTemplate)).unwrap_err(), Error::NoTemplate);
}

#[test]
fn the_backup_is_named_exactly_once() {
    let notification = json!({ "RecoveryPointArn": BACKUP, "BackedUpResourceArn": TABLE });
    assert!(refusal(json!({})).starts_with("the input names no backup: give BackupArn"));
    let both = json!({ "BackupArn": BACKUP, "BackupSnsMessage": notification });
    assert!(refusal(both).starts_with("the input has both BackupArn and BackupSnsMessage"));
}

#[test]
fn only_a_dynamodb_backup_is_named_by_its_arn() {
    let point = "arn:aws:backup:eu-west-1:123456789012:recovery-point:1EB3B5E7";
    let message = refusal(json!({ "BackupArn": point }));
    assert!(message.contains(point) && message.contains("give BackupSnsMessage"), "{message}");
    for wrong in [TABLE, "latest", "", &format!("{TABLE}/backup/015-d3")] {
        let message = refusal(json!({ "BackupArn": wrong }));
        assert!(
            message.starts_with(&format!("BackupArn `{wrong}` is not the ARN of a DynamoDB")),
            "{message}"
        );
    }
}

#[test]
fn one_pattern_is_not_enough() {
    for (given, missing) in [("SourcePattern", "ReplacementPattern"), ("ReplacementPattern", "SourcePattern")]
    {
        let mut input = json!({ "BackupArn": BACKUP });
        input[given] = json!("x");
        assert!(refusal(input).starts_with(&format!("{given} is given without {missing}: give both")));
    }
}

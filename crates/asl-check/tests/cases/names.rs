//! How the schemas of a function are found.

use super::super::*;

/// A machine with one task.
fn task(function: &str) -> String {
    machine(&format!(
        r#""End": true}}, "T": {{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSeconds": 60,
          "Arguments": {{"FunctionName": "{function}", "Payload": {{"n": 1}}}}, "End": true"#
    ))
    .replace(r#""StartAt": "A""#, r#""StartAt": "T""#)
}

const TEXT: &str = r#"{"type": "object", "properties": {"n": {"type": "string"}}}"#;

fn template(handler: &str) -> String {
    format!(
        "Resources:\n  ChargeFunction:\n    Type: AWS::Serverless::Function\n    Properties: {{Handler: {handler}, Timeout: 9}}\n  \
         Machine:\n    Type: AWS::Serverless::StateMachine\n    Properties:\n      DefinitionUri: ../order.asl.json\n      \
         DefinitionSubstitutions: {{ChargeFunctionArn: !GetAtt ChargeFunction.Arn}}\n"
    )
}

fn codes(project: &Project, arguments: &[&str]) -> Vec<String> {
    let all = [
        &["order.asl.json", "--ignore", "UNREACHABLE_STATE,UNHANDLED_ERROR,TRANSIENT_ERRORS_NOT_RETRIED"],
        arguments,
    ];
    let found = project.found(&all.concat());
    found.into_iter().map(|(code, ..)| code).filter(|code| code != "UNTYPED_EXPRESSION").collect()
}

#[test]
fn a_handler_of_sam_does_not_hide_the_schemas_of_a_function() {
    let project = Project::new(&[
        ("order.asl.json", &task("${ChargeFunctionArn}")),
        ("schemas/order/charge.input.json", TEXT),
        ("schemas/order/charge.output.json", "true"),
    ]);
    assert_eq!(codes(&project, &[]), ["PAYLOAD_MISMATCH"]);
    project.write("infra/t.yaml", &template("app.lambda_handler"));
    assert_eq!(codes(&project, &["--strict"]), ["PAYLOAD_MISMATCH"]);
    // A handler that names a step does so where the name of the function does not.
    std::fs::remove_dir_all(project.path("schemas/order")).unwrap();
    project.write("schemas/billing/take.input.json", TEXT);
    project.write("schemas/billing/take.output.json", "true");
    project.write("infra/t.yaml", &template("billing.take"));
    assert_eq!(codes(&project, &[]), ["PAYLOAD_MISMATCH"]);
}

#[test]
fn the_configuration_leads_from_functions_to_schemas() {
    let project = Project::new(&[
        ("order.asl.json", &task("${ChargeFunctionArn}")),
        ("contracts/order/take-money.input.json", TEXT),
        ("contracts/order/take-money.output.json", "true"),
        (".asl-check.toml", "schemas = \"contracts\"\n[functions]\nChargeFunction = \"take-money\"\n"),
    ]);
    assert_eq!(codes(&project, &[]), ["PAYLOAD_MISMATCH"]);
    project.write(
        ".asl-check.toml",
        "schemas = \"contracts\"\n[functions]\nChargeFunction = \"order/take-money\"\n",
    );
    assert_eq!(codes(&project, &[]), ["PAYLOAD_MISMATCH"]);
    project.write(".asl-check.toml", "schemas = \"contracts\"\n");
    assert!(!codes(&project, &[]).contains(&"PAYLOAD_MISMATCH".to_owned()));
}

#[test]
fn a_service_has_no_schema_of_the_project() {
    let service = task("x").replace("lambda:invoke", "dynamodb:getItem");
    let project = Project::new(&[
        ("order.asl.json", &service),
        ("schemas/order/arn.input.json", TEXT),
        ("schemas/order/arn.output.json", "true"),
    ]);
    assert!(!codes(&project, &[]).contains(&"PAYLOAD_MISMATCH".to_owned()));
}

//! Definitions in templates, and templates of definitions.

use super::super::*;

/// A SAM template with a machine in it, by a property that holds it.
fn sam(property: &str) -> String {
    format!(
        "Parameters:\n  Seconds: {{Type: Number, Default: 5}}\nResources:\n  Work:\n    Type: AWS::Serverless::Function\n  \
         OrderStateMachine:\n    Type: AWS::Serverless::StateMachine\n    Properties:\n{property}"
    )
}

#[test]
fn a_definition_of_sam_is_checked_where_it_is() {
    let definition = "      Definition:
        QueryLanguage: JSONata
        TimeoutSeconds: 60
        StartAt: A
        States:
          A:
            Type: Task
            Resource: arn:aws:states:::lambda:invoke
            TimeoutSeconds: !Ref Seconds
            Arguments:
              FunctionName: !GetAtt Work.Arn
              Payload: {n: 1}
            Next: B
";
    let input = r#"{"type": "object", "properties": {"n": {"type": "string"}}}"#;
    let project = Project::new(&[
        ("template.yaml", &sam(definition)),
        ("schemas/order/work.input.json", input),
        ("schemas/order/work.output.json", "true"),
    ]);
    let found = project.found(&["template.yaml", "--select", "MISSING_TRANSITION_TARGET,PAYLOAD_MISMATCH"]);
    let mismatch = ("PAYLOAD_MISMATCH".to_owned(), "template.yaml".to_owned(), 20);
    assert_eq!(found, [mismatch, missing("template.yaml", 21)]);
    let shown = project.run(&["."]).stdout;
    assert!(shown.contains("--> template.yaml:21:19 at /States/A/Next of OrderStateMachine"), "{shown}");
}

#[test]
fn a_definition_string_is_read_plain_substituted_and_joined() {
    let text = r#"{"QueryLanguage": "JSONata", "TimeoutSeconds": SECONDS, "StartAt": "A", "States": {
          "A": {"Type": "Task", "Resource": "arn:${AWS::Partition}:states:::lambda:invoke", "TimeoutSeconds": 60,
            "Arguments": {"FunctionName": "${Work.Arn}", "Payload": {}},
            "Next": "B"}}}"#;
    let line = 13;
    let block = |header: &str, seconds: &str| {
        sam(&format!("      DefinitionString: {header}\n        {}\n", text.replace("SECONDS", seconds)))
    };
    let select = &["t.yaml", "--select", "MISSING_TRANSITION_TARGET,PLACEHOLDER_NOT_SUBSTITUTED"];
    let project = Project::new(&[("t.yaml", &block("!Sub |", "${Seconds}"))]);
    assert_eq!(project.found(select), [missing("t.yaml", line)]);
    // Without Sub nothing replaces the placeholders.
    project.write("t.yaml", &block("|", "60"));
    let codes: Vec<String> = project.found(select).into_iter().map(|(code, ..)| code).collect();
    let placeholder = "PLACEHOLDER_NOT_SUBSTITUTED";
    assert_eq!(codes, [placeholder, placeholder, "MISSING_TRANSITION_TARGET"]);

    let parts = text.replace("SECONDS", "60");
    let (first, rest) = parts.split_once("${AWS::Partition}").unwrap();
    let (second, third) = rest.split_once("${Work.Arn}").unwrap();
    let template = json!({"Resources": {
        "Work": {"Type": "AWS::Lambda::Function"},
        "Order": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"DefinitionString": {"Fn::Join": ["", [
            first, {"Ref": "AWS::Partition"}, second, {"Fn::GetAtt": ["Work", "Arn"]}, third,
        ]]}}},
    }});
    let project = Project::new(&[("cdk.out/stack.template.json", &template.to_string())]);
    let report = project.run(&[".", "--json", select[1], select[2]]).json();
    let found = &report["diagnostics"][0];
    let at = template.to_string().find("\\\"Next\\\": \\\"B").unwrap() as u64;
    assert_eq!((&found["resource"], &found["pointer"]), (&json!("Order"), &json!("/States/A/Next")));
    assert_eq!(found["column"], at + 11, "{found}");
    assert_eq!(report["diagnostics"].as_array().unwrap().len(), 1);
}

#[test]
fn a_file_that_a_template_names_is_checked_with_it() {
    let uri = |more: &str| sam(&format!("      DefinitionUri: ../machines/order.asl.json\n{more}"));
    let wrong = good().replace("Pass\",", "Pass\", \"Output\": \"${Unknown}\",");
    let project = Project::new(&[("infra/t.yaml", &uri("")), ("machines/order.asl.json", &wrong)]);
    let placeholder = ("PLACEHOLDER_NOT_SUBSTITUTED".to_owned(), "machines/order.asl.json".to_owned(), 6);
    for arguments in [&["infra/t.yaml"][..], &["."], &["machines/order.asl.json"], &["machines", "infra"]] {
        let found: Vec<_> = project.found(arguments);
        assert_eq!(found.len(), 1, "{arguments:?}: {found:?}");
        assert!(found[0].0 == placeholder.0 && found[0].1.ends_with("order.asl.json"), "{found:?}");
    }
    project.write("infra/t.yaml", &uri("      DefinitionSubstitutions: {Unknown: x}\n"));
    assert_eq!(project.found(&["machines/order.asl.json"]), []);

    std::fs::remove_file(project.path("machines/order.asl.json")).unwrap();
    let ran = project.run(&["infra/t.yaml"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("It is the DefinitionUri of OrderStateMachine in infra/t.yaml"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_definition_that_only_cloudformation_knows_is_told() {
    for property in [
        "      DefinitionUri: s3://bucket/key\n",
        "      DefinitionS3Location: {Bucket: b, Key: k}\n",
        "      DefinitionString: !Ref Text\n",
        "      DefinitionString: !Sub '{\"States\": ${Text}}'\n",
    ] {
        let project = Project::new(&[("t.yaml", &sam(property))]);
        let ran = project.run(&["t.yaml"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(ran.stderr.starts_with("the definition of OrderStateMachine in t.yaml "), "{}", ran.stderr);
    }
}

//! `copies`, `rollback`, `pin` and `unpin`, on tables and a parameter as rotations leave them.

use aws_sdk_dynamodb::types::Tag;
use aws_sdk_ssm::types::ParameterType;
use serde_json::{Value, json};

use crate::shell::{Shell, stack};

const PARAMETER: &str = "/staging/orders/table-arn";
const EARLIER: &str = "orders-staging-20260301-02-00-00";
const LATER: &str = "orders-staging-20260302-02-00-00";

fn arn(account: &str, table: &str) -> String {
    format!("arn:aws:dynamodb:us-east-1:{account}:table/{table}")
}

/// Makes two copies, a table that is none, and the parameter with two versions.
async fn prepared(account: &'static str) -> Shell {
    let shell = Shell::new(account).await;
    let config = stack().await.config(account).await;
    let ssm = aws_sdk_ssm::Client::new(&config);
    for table in [EARLIER, LATER, "someone-elses-20260303-02-00-00"] {
        shell.create(table, "id", false).await;
        if table.starts_with("orders") {
            let tag = Tag::builder().key("tablekeeper:recovery-point").value("01-a").build().unwrap();
            shell.dynamodb.tag_resource().resource_arn(arn(account, table)).tags(tag).send().await.unwrap();
            let description = format!(
                "by=rotation table={table} execution=e backup={}/backup/01-a verified=none",
                arn(account, "orders-production")
            );
            let put = ssm.put_parameter().name(PARAMETER).r#type(ParameterType::String).overwrite(true);
            put.value(arn(account, table)).description(description).send().await.unwrap();
        }
    }
    deploy(&config).await;
    shell
}

/// Creates the stack `tablekeeper-rotate-restore` with a state machine that stands in for that of `rollback`.
async fn deploy(config: &aws_config::SdkConfig) {
    let output = "{% {'Name': $states.input.SSMParameterName, 'Value': $states.input.To, 'PreviousValue': 'before'} %}";
    let definition = json!({ "QueryLanguage": "JSONata", "StartAt": "Move", "States": {
        "Move": { "Type": "Pass", "Output": output, "End": true } } });
    let template = json!({
        "Description": "tablekeeper rotate-restore - a stand-in.",
        "Parameters": { "SSMParameterName": { "Type": "String", "Default": "/staging/$1/table-arn" } },
        "Resources": { "Machine": { "Type": "AWS::StepFunctions::StateMachine", "Properties": {
            "DefinitionString": definition.to_string(), "RoleArn": "arn:aws:iam::123456789012:role/machine" } } },
        "Outputs": { "RollbackStateMachineArn": { "Value": { "Ref": "Machine" } } },
    });
    let client = aws_sdk_cloudformation::Client::new(config);
    let create = client.create_stack().stack_name("tablekeeper-rotate-restore");
    create.template_body(template.to_string()).send().await.unwrap();
}

#[tokio::test]
async fn copies_are_listed_with_what_points_at_them() {
    let account = "497000000091";
    let shell = prepared(account).await;
    shell.done(&["pin", PARAMETER]).await;
    let listed = shell.done(&["copies", "--parameter", PARAMETER]).await.data;
    let rows: Vec<&str> = listed.lines().collect();
    assert_eq!(rows.len(), 3, "{listed}");
    assert!(rows[1].starts_with(&format!("{EARLIER}  2026-03-01 02:00:00")), "{listed}");
    assert!(rows[1].ends_with(&format!("none      previous in {PARAMETER}")), "{listed}");
    assert!(rows[2].ends_with(&format!("none      current, pinned in {PARAMETER}")), "{listed}");

    for table in ["orders-staging", "orders-production", EARLIER] {
        let lines = shell.done(&["copies", table, "--parameter", PARAMETER, "--json"]).await.data;
        let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        assert_eq!((&first["table"], &first["sourceTable"]), (&json!(EARLIER), &json!("orders-production")));
        assert_eq!(first["parameters"][0]["previous"], true);
    }
    // The stack has a parameter for each table, and this one is among them.
    assert_eq!(shell.done(&["copies"]).await.data, listed);
    let none = shell.done(&["copies", "customers"]).await;
    let remark = "there is no copy of customers; there are some of orders-staging\n";
    assert!(none.data.is_empty() && none.remarks.ends_with(remark), "{}", none.remarks);
    let missing = shell.run(&["copies", "--parameter", "/nowhere"]).await;
    assert_eq!(missing.code, Some(2), "{}", missing.remarks);
}

#[tokio::test]
async fn a_parameter_is_pinned_and_unpinned() {
    let shell = prepared("497000000092").await;
    let pinned = shell.done(&["pin", PARAMETER]).await.data;
    assert_eq!(pinned, format!("{PARAMETER}: {LATER} (version 2), pinned\n"));
    assert_eq!(shell.done(&["pin", PARAMETER]).await.data, pinned, "again");
    let unpinned = shell.done(&["unpin", PARAMETER, "--json"]).await.json();
    assert_eq!((&unpinned["pinned"], &unpinned["version"]), (&json!(false), &json!(2)));
    let missing = shell.run(&["pin", "/nowhere"]).await;
    assert_eq!(missing.code, Some(2));
    assert!(
        missing.remarks.contains("there is no SSM parameter /nowhere in us-east-1"),
        "{}",
        missing.remarks
    );
}

#[tokio::test]
async fn a_rollback_says_where_it_goes_and_starts_an_execution_for_that_table() {
    let account = "497000000093";
    let shell = prepared(account).await;
    let dry = shell.done(&["rollback", PARAMETER, "--dry-run"]).await;
    assert_eq!(dry.data, format!("{PARAMETER}: {LATER} (version 2) → {EARLIER}, pinned\n"));
    let json = shell.done(&["rollback", PARAMETER, "--dry-run", "--no-pin", "--json"]).await.json();
    assert_eq!((&json["tableArn"], &json["pin"]), (&json!(arn(account, EARLIER)), &json!(false)));

    let asked = shell.run(&["rollback", PARAMETER]).await;
    assert_eq!(asked.code, Some(2), "{}", asked.remarks);
    assert!(asked.remarks.contains("without a terminal to ask on, give --yes"), "{}", asked.remarks);
    let done = shell.done(&["rollback", PARAMETER, "--yes", "--to", "1"]).await;
    assert_eq!(done.data, format!("{PARAMETER}: {EARLIER} (was: before)\n"));

    for (to, expected) in [
        ("2", "--to leads to"),
        ("9", "--to is 9; /staging/orders/table-arn has the versions 1 to 2"),
        ("a b", "--to is `a b`; it must be \"previous\""),
    ] {
        let refused = shell.run(&["rollback", PARAMETER, "--yes", "--to", to]).await;
        assert_eq!(refused.code, Some(2), "{}", refused.remarks);
        assert!(refused.remarks.contains(expected), "{}", refused.remarks);
    }
    let missing = shell.run(&["rollback", "/nowhere", "--yes"]).await;
    assert!(
        missing.remarks.contains("PARAMETER is `/nowhere`, and there is no SSM parameter"),
        "{}",
        missing.remarks
    );
}

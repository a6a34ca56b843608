//! `run`, `follow` and `executions`, on a state machine that stands in for that of `export-table`.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use local_aws::{LocalAws, Options};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::shell::{CommandOutput, Shell, stack};

/// A state machine that exports nothing: it fails for the table `broken`, and otherwise reports one item.
pub(crate) fn definition() -> Value {
    let report = "{% {'Tables': [{'TableName': $states.input.TableName, 'ItemCount': 1, 'Bytes': 20, \
                  'Manifest': 's3://b/m'}]} %}";
    json!({ "QueryLanguage": "JSONata", "StartAt": "Choose", "States": {
        "Choose": { "Type": "Choice", "Comment": "Chooses the end. It is a stand-in.", "Default": "Wait",
            "Choices": [{ "Condition": "{% $states.input.TableName = 'broken' %}", "Next": "Broken" }] },
        "Broken": { "Type": "Fail", "Error": "ExportFailed", "Cause": "the table is DELETING" },
        "Wait": { "Type": "Wait", "Seconds": 30, "Next": "Report" },
        "Report": { "Type": "Pass", "Output": report, "End": true },
    } })
}

/// A state machine whose only task fails at each of its four tries.
fn failing_definition() -> Value {
    let retry =
        json!([{ "ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 3 }]);
    json!({ "QueryLanguage": "JSONata", "StartAt": "Export", "States": {
        "Export": { "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Retry": retry,
            "Arguments": { "FunctionName": "nowhere", "Payload": {} }, "End": true },
    } })
}

/// Creates the stack `tablekeeper-export-table` with the state machine.
pub(crate) async fn deploy(config: &aws_config::SdkConfig, definition: &Value) {
    let role = "arn:aws:iam::123456789012:role/machine";
    let template = json!({
        "Resources": { "Machine": { "Type": "AWS::StepFunctions::StateMachine",
            "Properties": { "DefinitionString": definition.to_string(), "RoleArn": role } } },
        "Outputs": { "StateMachineArn": { "Value": { "Ref": "Machine" } } },
    });
    let client = aws_sdk_cloudformation::Client::new(config);
    let create = client.create_stack().stack_name("tablekeeper-export-table");
    create.template_body(template.to_string()).send().await.unwrap();
}

pub(crate) async fn shell(name: &'static str) -> Shell {
    let shell = Shell::new(name).await;
    deploy(&stack().await.config(name).await, &definition()).await;
    shell
}

#[tokio::test]
async fn an_execution_is_started_followed_and_found_again() {
    let shell = shell("497000000010").await;
    let reported = shell.done(&["run", "export-table", "--table", "orders", "--follow"]).await;
    assert_eq!(reported.data, "exported 1 item (20 B) of orders to s3://b/m\n");
    assert!(reported.remarks.contains(" Choose "), "{}", reported.remarks);
    assert!(reported.remarks.contains("Chooses the end\n"), "{}", reported.remarks);
    assert!(reported.account.is_some());

    let started = shell.done(&["run", "export-table", "--input", r#"{"TableName": "customers"}"#]).await;
    let name = started.data.trim().rsplit(':').next().unwrap().to_owned();
    assert!(name.starts_with("by-hand-customers-2"), "{name}");
    for execution in [name.as_str(), started.data.trim(), "latest"] {
        let followed = shell.done(&["follow", execution]).await;
        assert_eq!(followed.data, "exported 1 item (20 B) of customers to s3://b/m\n", "{execution}");
    }
    let json = shell.done(&["follow", "latest", "--workflow", "export-table", "--json"]).await.json();
    assert_eq!(
        (&json["status"], &json["output"]["Tables"][0]["ItemCount"]),
        (&json!("SUCCEEDED"), &json!(1))
    );

    let failed = shell.run(&["run", "export-table", "--set", "TableName=broken", "--follow"]).await;
    assert_eq!((failed.code, failed.data.as_str()), (Some(1), ""), "{}", failed.remarks);
    assert!(
        failed
            .remarks
            .ends_with("error: the execution ended as FAILED: ExportFailed: the table is DELETING\n")
    );
    assert_eq!(failed.help.as_deref(), Some("`tablekeeper explain ExportFailed` says what to do"));

    let listed = shell.done(&["executions"]).await.data;
    let rows: Vec<Vec<&str>> = listed.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["STARTED", "WORKFLOW", "TABLE", "STATUS", "TOOK", "NAME"]);
    assert_eq!((rows[1][2], rows[1][3], rows[1][4]), ("export-table", "broken", "FAILED"), "{listed}");
    assert_eq!(rows[2], ["ExportFailed:", "the", "table", "is", "DELETING"], "{listed}");
    assert_eq!((rows[3][3], rows[3].last().unwrap()), ("customers", &name.as_str()), "{listed}");
    assert_eq!(rows.len(), 5, "{listed}");
    let of_table = shell.done(&["executions", "--table", "orders", "--json"]).await;
    assert_eq!(
        (&of_table.json()["table"], &of_table.json()["status"]),
        (&json!("orders"), &json!("SUCCEEDED"))
    );
    assert_eq!(shell.done(&["executions", "--failed"]).await.data.lines().count(), 3);
    let none = shell.done(&["executions", "--table", "nobody"]).await;
    assert_eq!((none.data.as_str(), none.remarks.as_str()), ("", "there is no such execution\n"));
}

#[tokio::test]
async fn equal_failures_of_a_task_that_is_retried_are_counted() {
    let shell = Shell::new("497000000014").await;
    deploy(&stack().await.config(shell.name).await, &failing_definition()).await;
    let failed = shell.run(&["run", "export-table", "--table", "orders", "--follow"]).await;
    assert_eq!(failed.code, Some(1), "{}", failed.remarks);
    let tries: Vec<&str> =
        failed.remarks.lines().map(str::trim).filter(|line| !line.ends_with(" s")).collect();
    let first = tries.iter().position(|line| line.starts_with("failed (try 1, will be retried): "));
    let first = first.unwrap_or_else(|| panic!("{}", failed.remarks));
    assert_eq!(tries[first + 1], "… and 2 more times", "{}", failed.remarks);
    assert!(tries[first + 2].starts_with("failed (try 4, not retried): "), "{}", failed.remarks);
}

#[tokio::test]
async fn executions_are_found_by_any_table_of_their_input() {
    let shell = shell("497000000015").await;
    shell
        .done(&["run", "export-table", "--input", r#"{"TableNames": ["customers", "orders", "notes"]}"#])
        .await;
    let found = shell.done(&["executions", "--table", "notes"]).await.data;
    assert!(found.lines().nth(1).is_some_and(|line| line.contains("  customers and 2 more  ")), "{found}");
    let json = shell.done(&["executions", "--table", "orders", "--json"]).await.json();
    assert_eq!((&json["table"], &json["tables"][2]), (&json!("customers"), &json!("notes")));
}

#[tokio::test]
async fn an_input_that_does_not_fit_starts_no_execution() {
    let shell = shell("497000000011").await;
    for (arguments, expected) in [
        (
            &["--input", "{\"TableNam\": \"a\"}"][..],
            "--input is not an input of export-table: unknown field TableNam (did you mean TableName?). Nothing was started",
        ),
        (&["--input", "{"], "--input is not JSON: "),
        (&["--input", "nowhere.json"], "nowhere.json cannot be read: "),
        (
            &["--set", "Format=xml", "--table", "orders"],
            "the input is not an input of export-table: Format is \"xml\"; it must be one of ",
        ),
        (
            &["--table", "orders", "--set", "TableName=other"],
            "the input has TableName \"other\", but the options say \"orders\"",
        ),
        (&["--backup", "latest"], "export-table restores no backup"),
    ] {
        let refused = shell.run(&[&["run", "export-table"], arguments].concat()).await;
        assert_eq!((refused.code, refused.data.as_str()), (Some(2), ""), "{}", refused.remarks);
        assert!(refused.remarks.starts_with(&format!("error: {expected}")), "{}", refused.remarks);
    }
    let unknown = shell.run(&["follow", "nobody"]).await;
    let expected = "error: there is no execution nobody; `tablekeeper executions` lists the existing ones\n";
    assert_eq!((unknown.code, unknown.remarks.as_str()), (Some(2), expected));
    assert_eq!(shell.done(&["executions"]).await.data, "");
    let nothing = shell.run(&["follow", "latest"]).await;
    assert_eq!((nothing.code, nothing.remarks.as_str()), (Some(2), "error: no execution was started yet\n"));
}

#[tokio::test]
async fn a_taken_name_is_used_again_and_a_made_one_is_not() {
    let shell = shell("497000000012").await;
    let run = async |arguments: &[&str]| shell.run(&[&["run", "export-table"], arguments].concat()).await;
    let first = run(&["--table", "orders", "--name", "nightly", "--follow"]).await;
    assert_eq!(first.code, Some(0), "{}", first.remarks);
    let second = run(&["--table", "orders", "--name", "nightly", "--json"]).await;
    assert_eq!(
        (&second.json()["alreadyExisted"], &second.json()["status"]),
        (&json!(true), &json!("SUCCEEDED"))
    );
    let other = run(&["--table", "customers", "--name", "nightly"]).await;
    let expected = "error: an execution nightly exists with another input, and nothing was started";
    assert!(other.code == Some(2) && other.remarks.starts_with(expected), "{}", other.remarks);
    let (third, fourth) =
        tokio::join!(run(&["--table", "orders"]), run(&["--table", "orders", "--set", "Segments=2"]));
    assert_eq!((third.code, fourth.code), (Some(0), Some(0)), "{}{}", third.remarks, fourth.remarks);
    assert_ne!(third.data, fourth.data);
}

#[tokio::test]
async fn a_time_is_understood_and_said() {
    let shell = Shell::new("497000000013").await;
    let mut command = shell.command(&["recover", "orders", "--key", "{}", "--at", "-1h"]).await;
    command.env("INCREMENTAL_BUCKET", "b");
    let reported = CommandOutput::from_output(command.output().await.unwrap());
    let first = reported.remarks.lines().next().unwrap();
    assert!(first.starts_with("--at `-1h` is 20") && first.ends_with('Z'), "{}", reported.remarks);
    // A clock that is set ahead on the last Sunday of March skips an hour, and shows one twice in October.
    for (text, expected) in [
        ("2026-03-29 02:30", "skipped this time"),
        ("2026-10-25 02:30", "twice, at 2026-10-25T00:30:00Z and at 2026-10-25T01:30:00Z"),
        ("yesterday", "it must be a time such as 2026-11-20T02:00:00Z"),
    ] {
        let mut command = shell.command(&["recover", "orders", "--key", "{}", "--at", text]).await;
        command.env("TZ", "CET-1CEST,M3.5.0,M10.5.0/3");
        let refused = CommandOutput::from_output(command.output().await.unwrap());
        assert_eq!(refused.code, Some(2), "{}", refused.remarks);
        assert!(
            refused.remarks.starts_with("error: --at is `") && refused.remarks.contains(expected),
            "{}",
            refused.remarks
        );
    }
}

#[tokio::test]
async fn ctrl_c_ends_the_command_and_not_the_execution() {
    let shell = Shell::new("496000000002").await;
    // Its waits last, unlike those of the stack that the other tests share.
    let progress: local_aws::Progress = Arc::new(|line| eprintln!("{line}"));
    let directory = local_aws::directory();
    let local = LocalAws::start(Options { port: None, wait_scale: 1.0, directory, progress }).await.unwrap();
    deploy(&local.config(shell.name).await, &definition()).await;
    let mut command = shell.command(&["run", "export-table", "--table", "orders", "--follow"]).await;
    command.env("AWS_ENDPOINT_URL", local.endpoint()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    while !lines.next_line().await.unwrap().expect("the execution waits").contains(" Wait") {}
    kill(Pid::from_raw(child.id().unwrap().try_into().unwrap()), Signal::SIGINT).unwrap();
    let mut rest = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        rest.push(line);
    }
    let status = tokio::time::timeout(Duration::from_secs(60), child.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(130), "{rest:?}");
    let advice = "the execution continues; follow it again with: tablekeeper follow arn:aws:states:";
    assert!(rest.iter().any(|line| line.starts_with(advice)), "{rest:?}");
    let mut command = shell.command(&["executions", "--json"]).await;
    command.env("AWS_ENDPOINT_URL", local.endpoint());
    let listed = CommandOutput::from_output(command.output().await.unwrap());
    assert_eq!(listed.json()["status"], "RUNNING", "{}", listed.remarks);
    local.stop().await;
}

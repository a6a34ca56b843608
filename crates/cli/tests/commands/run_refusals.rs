//! What `run` and `follow` refuse before anything is started or followed.

use serde_json::json;

use crate::shell::{Shell, stack};

/// Creates a state machine with this definition, and returns its ARN.
async fn create(client: &aws_sdk_sfn::Client, name: &str, definition: &str) -> String {
    let role = "arn:aws:iam::123456789012:role/machine";
    let create = client.create_state_machine().name(name).definition(definition).role_arn(role);
    create.send().await.unwrap().state_machine_arn
}

/// Returns the definition of a state machine that has these states and does nothing.
fn definition(names: &[&str]) -> String {
    let states: serde_json::Map<String, serde_json::Value> =
        names.iter().map(|name| ((*name).to_owned(), json!({ "Type": "Succeed" }))).collect();
    json!({ "StartAt": names[0], "States": states }).to_string()
}

#[tokio::test]
async fn the_state_machine_of_another_workflow_is_not_started() {
    let shell = Shell::new("490000000121").await;
    let client = aws_sdk_sfn::Client::new(&stack().await.config(shell.name).await);
    let export = create(
        &client,
        "nightly",
        &definition(&[
            "Select Tables",
            "Export Tables",
            "Report Exports",
            "Complete",
            "Input Refused",
            "Tables Not Selected",
            "Tables Failed",
            "Not Reported",
        ]),
    )
    .await;
    let foreign = create(&client, "foreign", &definition(&["Only"])).await;
    let run = async |workflow: &str, machine: &str| {
        let arguments = ["run", workflow, "--set", "TableName=orders", "--state-machine-arn", machine];
        shell.run(&arguments).await
    };
    for (workflow, machine, expected) in [
        (
            "backup-prune",
            &export,
            format!(
                "{export} is the state machine of export-table and does not run backup-prune; nothing was started"
            ),
        ),
        (
            "export-table",
            &foreign,
            format!("{foreign} does not run export-table: it has 0 of its 8 states; nothing was started"),
        ),
        (
            "export-table",
            &format!("{export}er"),
            format!("state machine {export}er does not exist, so nothing was started"),
        ),
    ] {
        let refused = run(workflow, machine).await;
        assert_eq!((refused.code, refused.remarks), (Some(2), format!("error: {expected}\n")));
        let listed = client.list_executions().state_machine_arn(&export).send().await.unwrap();
        assert_eq!(listed.executions.len(), 0);
    }
    let started = run("export-table", &export).await;
    assert_eq!(started.code, Some(0), "{}", started.remarks);
}

#[tokio::test]
async fn an_execution_that_does_not_exist_is_an_unusable_input() {
    let shell = Shell::new("490000000122").await;
    let client = aws_sdk_sfn::Client::new(&stack().await.config(shell.name).await);
    let machine = create(&client, "nightly", &definition(&["Only"])).await;
    let execution = machine.replace(":stateMachine:", ":execution:") + ":nobody";
    let refused = shell.run(&["follow", &execution]).await;
    let expected = format!(
        "error: there is no execution {execution}; `tablekeeper executions` lists the existing ones\n"
    );
    assert_eq!((refused.code, refused.remarks), (Some(2), expected));
}

#[tokio::test]
async fn a_field_that_is_set_twice_or_unknown_is_named() {
    let shell = Shell::new("490000000123").await;
    for (line, expected) in [
        (
            "run export-table --set TableName=a --set TableName=b",
            "--set `TableName` is given twice; leave one of them out",
        ),
        (
            "run sync-settings --set Target=copy --set Settings.TTL=true",
            "unknown field Settings.TTL (did you mean Settings.TimeToLive?). Nothing was started",
        ),
        (
            "run backup-prune --table a!",
            "TABLE is `a!`; it must be a table name (3 to 255 letters, digits, `_`, `-` or `.`)",
        ),
    ] {
        let refused = shell.run(&line.split(' ').collect::<Vec<_>>()).await;
        assert_eq!((refused.code, refused.remarks), (Some(2), format!("error: {expected}\n")), "{line}");
    }
}

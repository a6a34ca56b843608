//! Tests `fleet` as its users see it: reports of an account whose tables change.

use local_aws::workspace_root;
use serde_json::{Value, json};
use tablekeeper_tests::harness::run::{Execution, end_of, start_by_hand};
use tablekeeper_tests::workflows::fleet::{UNPROTECTED, turn_recovery_on, upload_rules, workflow};
use tablekeeper_tests::workflows::report_execution;
use tablekeeper_tests::workflows::rotate_restore::make_table;
use tablekeeper_tests::{Deployed, Workflow};

crate::of_every_workflow!(fleet);

async fn execute(deployed: &Deployed, name: &str) -> Execution {
    let start = deployed.sfn.start_execution().state_machine_arn(deployed.machine()).name(name);
    start.input("{}").send().await.unwrap();
    end_of(deployed, name).await
}

/// Returns the keys of the bucket of the stack.
async fn keys(deployed: &Deployed) -> Vec<String> {
    let list =
        deployed.s3.list_objects_v2().bucket(deployed.output("ReportBucketName")).send().await.unwrap();
    list.contents.unwrap_or_default().into_iter().filter_map(|object| object.key).collect()
}

async fn text(deployed: &Deployed, key: &str) -> String {
    let get = deployed.s3.get_object().bucket(deployed.output("ReportBucketName")).key(key).send().await;
    String::from_utf8(get.unwrap().body.collect().await.unwrap().to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_breaks_a_rule_fails_each_execution_until_it_is_protected() {
    let deployed = Deployed::new(&workflow()).await;
    make_table(&deployed, UNPROTECTED).await;
    upload_rules(&deployed, "Rules: [{Name: all, Must: {Pitr: true}}]").await;
    let first = execute(&deployed, "first").await;
    assert_eq!(first.error.as_deref(), Some("RulesBroken"), "{first:?}");
    turn_recovery_on(&deployed, UNPROTECTED).await;
    let second = execute(&deployed, "second").await;
    assert_eq!(second.entered.last().unwrap(), "Complete", "{second:?}");

    let keys = keys(&deployed).await;
    let of = |end: &str| keys.iter().find(|key| key.ends_with(end)).unwrap().clone();
    assert!(of("/first.json").starts_with("fleet/20"), "{keys:?}");
    let location = format!("s3://{}/{}", deployed.output("ReportBucketName"), of("/second.json"));
    assert_eq!(second.output["Document"], location);
    let document: Value = serde_json::from_str(&text(&deployed, &of("/first.json")).await).unwrap();
    let schema = std::fs::read_to_string(workspace_root().join("schemas/fleet.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let errors: Vec<String> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(&document)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!((&document["totals"]["broken"], &document["account"]), (&json!(1), &json!(deployed.account)));
    assert!(text(&deployed, &of("/first.html")).await.contains("1 of 1 table break a rule"));
    assert!(text(&deployed, &of("/second.html")).await.contains("No rule is broken: 1 table"));

    let namespace = format!("tablekeeper/fleet-{}", deployed.account);
    let metrics = deployed.cloudwatch.list_metrics().namespace(namespace).send().await.unwrap();
    let mut names: Vec<&str> = metrics.metrics().iter().filter_map(|metric| metric.metric_name()).collect();
    names.sort_unstable();
    let expected = ["Tables", "TablesBroken", "TablesNotKnown", "TablesUnprotected", "TablesWithoutRule"];
    assert_eq!(names[..5], expected);
    assert_eq!(names[5..], ["WorstLossSeconds"], "the second report knows a loss");
}

/// What people hear of a schedule whose rules are broken.
#[tokio::test(flavor = "multi_thread")]
async fn report_execution_says_which_table_breaks_which_rule() {
    let mut deployed = Deployed::empty_account().await;
    deployed.deploy(&workflow(), &[("RulesKey", String::new())]).await;
    make_table(&deployed, UNPROTECTED).await;
    let broken = execute(&deployed, "nightly").await;
    assert_eq!(broken.error.as_deref(), Some("RulesBroken"), "{broken:?}");
    let machine = deployed.machine().to_owned();
    let bucket = deployed.output("ReportBucketName").to_owned();
    let parameters = [("StateMachineARNs", machine.clone()), ("ReportBucketName", bucket)];
    deployed.deploy(&Workflow { prepare: None, ..report_execution::workflow() }, &parameters).await;
    let arn = format!("{}:nightly", machine.replace(":stateMachine:", ":execution:"));
    start_by_hand(&deployed, &json!({ "ExecutionArn": arn })).await;
    let reported = end_of(&deployed, "by-hand").await;
    let ended = &reported.output["Ended"];
    assert_eq!(
        (&ended["status"], &ended["error"]),
        (&json!("FAILED"), &json!("RulesBroken")),
        "{reported:?}"
    );
    let reason = ended["reason"].as_str().unwrap();
    let expected =
        format!("1 of 1 table break a rule: {UNPROTECTED}: built-in: PitrOrBackupWithinDays broken: ");
    assert!(reason.starts_with(&expected) && reason.contains("; the page is s3://"), "{reason}");
    assert_eq!(ended["workflow"], "fleet");
}

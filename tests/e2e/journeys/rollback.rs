//! Tests `rollback` as its users see it: between rotations.

use serde_json::{Value, json};
use tablekeeper_tests::harness::run::{Execution, ended};
use tablekeeper_tests::workflows::rotate_restore::{
    PARAMETER, SOURCE, input, make_backup, make_table, pointer, table_arn, workflow as rotations,
};
use tablekeeper_tests::{Deployed, until_some};

crate::of_every_workflow!(rollback);

async fn execute(deployed: &Deployed, output: &str, name: &str, input: &Value) -> Execution {
    let start = deployed.sfn.start_execution().state_machine_arn(deployed.output(output)).name(name);
    let arn = start.input(input.to_string()).send().await.unwrap().execution_arn;
    until_some("the execution to end", async || ended(deployed, &arn).await).await
}

async fn rotate(deployed: &Deployed, day: u32) -> Execution {
    let mut input = input(deployed, &make_backup(deployed).await);
    input["BackupSnsMessage"]["StartTime"] = json!(format!("2026-03-{day:02}T02:00:00Z"));
    execute(deployed, "StateMachineArn", &format!("rotate-{day}"), &input).await
}

fn copy(deployed: &Deployed, day: u32) -> String {
    table_arn(deployed, &format!("orders-staging-202603{day:02}-02-00-00"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_stays_until_it_is_unpinned() {
    let deployed = Deployed::new(&rotations()).await;
    make_table(&deployed, SOURCE).await;
    rotate(&deployed, 1).await;
    rotate(&deployed, 2).await;
    let back = json!({ "SSMParameterName": PARAMETER, "To": "previous" });
    let execution = execute(&deployed, "RollbackStateMachineArn", "back", &back).await;
    assert_eq!(execution.entered.last().unwrap(), "Complete", "{execution:?}");
    assert!(execution.entered.len() <= 10, "{:?}", execution.entered);
    assert_eq!(execution.output["PreviousValue"], copy(&deployed, 2));
    assert_eq!(pointer(&deployed).await, Some(copy(&deployed, 1)));

    let pinned = rotate(&deployed, 3).await;
    assert_eq!(pinned.output["UpdateSSMParameterOutput"]["Outcome"], "PointerPinned", "{pinned:?}");
    assert_eq!(pinned.output["DescribeTableOutput"]["Table"]["TableArn"], copy(&deployed, 3));
    assert_eq!(pointer(&deployed).await, Some(copy(&deployed, 1)));

    let unpin = deployed.ssm.unlabel_parameter_version().name(PARAMETER).parameter_version(3);
    assert_eq!(unpin.labels("pinned").send().await.unwrap().removed_labels(), ["pinned"]);
    let next = rotate(&deployed, 4).await;
    assert_eq!(next.output["UpdateSSMParameterOutput"]["Outcome"], "Published", "{next:?}");
    assert_eq!(pointer(&deployed).await, Some(copy(&deployed, 4)));

    let history =
        deployed.ssm.get_parameter_history().name(PARAMETER).send().await.unwrap().parameters.unwrap();
    let written_by: Vec<_> = history
        .iter()
        .map(|version| version.description().unwrap().split(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(written_by, ["by=rotation", "by=rotation", "by=rollback", "by=rotation"]);
    assert!(history[2].description().unwrap().contains("/backup/"), "the backup of the copy is known");
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_of_the_pointer_say_what_they_are_from() {
    let deployed = Deployed::new(&rotations()).await;
    make_table(&deployed, SOURCE).await;
    let execution = rotate(&deployed, 1).await;
    let history =
        deployed.ssm.get_parameter_history().name(PARAMETER).send().await.unwrap().parameters.unwrap();
    let [version] = &history[..] else { panic!("not one version: {history:?}") };
    let description = version.description().unwrap();
    assert!(
        description.starts_with("by=rotation table=orders-staging-20260301-02-00-00 execution="),
        "{description}"
    );
    let backup = execution.output["BackupSnsMessage"]["RecoveryPointArn"].as_str().unwrap();
    assert!(description.ends_with(&format!(" backup={backup} verified=none")), "{description}");
    assert_eq!(version.labels(), ["current"]);
}

//! `--stack`: the settings come from the stack that follows the table.

use aws_sdk_cloudformation::types::Parameter;
use serde_json::json;

use super::support::{Account, item, passed_second, text};
use crate::shell::stack;

/// Variables that clear these settings in the environment.
const NOTHING: &[(&str, &str)] =
    &[("INCREMENTAL_BUCKET", ""), ("SNAPSHOT_BUCKET", ""), ("SNAPSHOT_PREFIX", "")];

#[tokio::test]
async fn a_stack_has_the_location_of_its_backup() {
    let account = Account::new("460000000010").await;
    account.create("copy", "id", false).await;
    let (items, snapshots) = (account.store.bucket.clone(), format!("snapshots-{}", account.name));
    let text_of = |default: &str| json!({ "Type": "String", "Default": default });
    let template = json!({
        "Parameters": { "StreamArn": { "Type": "String" }, "IncrementalPrefix": text_of("items/"),
            "TablesPrefix": text_of("tables/"), "FailuresPrefix": text_of("failures/"),
            "SnapshotPrefix": text_of("snapshots/") },
        "Resources": { "Topic": { "Type": "AWS::SNS::Topic" } },
        "Outputs": { "ItemBucketName": { "Value": items }, "SnapshotBucketName": { "Value": snapshots } },
    });
    let described = account.dynamodb.describe_table().table_name("orders").send().await.unwrap();
    let stream = described.table.unwrap().latest_stream_arn.unwrap();
    let cloudformation = aws_sdk_cloudformation::Client::new(&stack().await.config(account.name).await);
    let parameter = Parameter::builder().parameter_key("StreamArn").parameter_value(stream).build();
    let create = cloudformation.create_stack().stack_name("backup").template_body(template.to_string());
    create.parameters(parameter).send().await.unwrap();

    account.put("orders", &[item("2", "b")]).await;
    account.change("INSERT", "1", Some(&item("1", "a")), 1).await;
    let done = async |arguments: &[&str]| {
        let reported = account.run_with(arguments, NOTHING).await;
        assert_eq!(reported.code, Some(0), "{arguments:?}: {}{}", reported.data, reported.remarks);
        reported
    };
    let reported = done(&["backfill", "--stack", "backup"]).await;
    assert_eq!(
        reported.data,
        format!("s3://{items}/items/: 2 items of orders: 1 written, 1 already had an object\n")
    );
    let key = r#"{"id":{"S":"1"}}"#;
    assert!(done(&["history", "orders", "--key", key, "--stack", "backup"]).await.data.contains("  INSERT "));
    let at = text(passed_second().await);
    let name = at.replace(':', "-");
    let reported = done(&["snapshot", "--at", &at, "--settle", "0", "--stack", "backup", "--json"]).await;
    assert_eq!(
        (&reported.json()["table"], &reported.json()["location"]),
        (&json!("orders"), &json!(format!("s3://{snapshots}/snapshots/{name}/")))
    );
    assert!(done(&["snapshot", "list", "--stack", "backup"]).await.data.contains(&name));
    assert!(done(&["restore", "copy", &name, "--stack", "backup"]).await.data.starts_with("copy: 2 items"));

    // Another table of the stack has its own locations.
    account.create("customers", "id", true).await;
    account.put("customers", &[item("3", "c")]).await;
    let of_customers = ["--stack", "backup", "--stack-table", "customers"];
    let reported = done(&[&["backfill"], &of_customers[..]].concat()).await;
    assert!(
        reported.data.starts_with(&format!("s3://{items}/tables/customers/: 1 item of customers")),
        "{}",
        reported.data
    );
    // A backfill covers from the next whole second on.
    passed_second().await;
    let at = text(passed_second().await);
    let name = at.replace(':', "-");
    let reported = done(&[&["snapshot", "--at", &at, "--settle", "0"], &of_customers[..]].concat()).await;
    assert!(
        reported.data.contains(&format!("s3://{snapshots}/snapshots/customers/{name}/")),
        "{}",
        reported.data
    );
    assert!(done(&[&["snapshot", "list"], &of_customers[..]].concat()).await.data.contains(&name));
    let own = done(&["snapshot", "list", "--stack", "backup"]).await.data;
    assert!(!own.contains("customers"), "{own}");

    // Other settings must agree with the stack.
    let backfill = ["backfill", "--stack", "backup"];
    for (arguments, variables, code, expected) in [
        (
            &backfill[..],
            &[("INCREMENTAL_BUCKET", "another-bucket"), ("SNAPSHOT_PREFIX", "")][..],
            2,
            "INCREMENTAL_BUCKET is `another-bucket`; ItemBucketName of stack backup is `items-460000000010`; leave one",
        ),
        (
            &backfill,
            &[("INCREMENTAL_PREFIX", "a"), ("SNAPSHOT_PREFIX", "")],
            2,
            "INCREMENTAL_PREFIX is `a`; IncrementalPrefix of stack backup is `items/`;",
        ),
        (
            &["backfill", "copy", "--stack", "backup"],
            NOTHING,
            2,
            "TABLE is copy, but the table of the stack is orders; leave TABLE out",
        ),
        (
            &["backfill", "--stack", "nowhere"],
            NOTHING,
            1,
            "stack nowhere does not exist in us-east-1 at http",
        ),
    ] {
        let reported = account.run_with(arguments, variables).await;
        assert_eq!((reported.code, reported.data.as_str()), (Some(code), ""), "{}", reported.remarks);
        assert!(reported.remarks.starts_with(&format!("error: {expected}")), "{}", reported.remarks);
    }
}

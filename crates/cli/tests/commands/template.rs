//! `tablekeeper template` on tables of the local stack. The expected output for two tables is in `template/`, where the
//! gate's cfn-lint checks it.

use std::path::Path;

use aws_sdk_cloudformation::types::{ChangeSetType, ResourceToImport, StackStatus};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, ContributorInsightsAction, GlobalSecondaryIndex, KeySchemaElement,
    KeyType, LocalSecondaryIndex, OnDemandThroughput, PointInTimeRecoverySpecification, Projection,
    ProjectionType, ProvisionedThroughput, ScalarAttributeType, SseSpecification, SseType,
    StreamSpecification, StreamViewType, TableClass, Tag, TimeToLiveSpecification,
};
use local_aws::{Call, Fault, Rule};
use serde_json::{Value, json};

use crate::shell::{CommandOutput, Shell, stack};

impl Shell {
    /// Creates an on-demand table with everything that a template can hold, except a Kinesis stream and vector indexes.
    async fn with_everything(&self) {
        let table = "orders-restored";
        let names = ["customer", "day", "id"].map(|name| attribute(name, ScalarAttributeType::S));
        let index = GlobalSecondaryIndex::builder()
            .index_name("by-day")
            .key_schema(key("day", KeyType::Hash))
            .key_schema(key("id", KeyType::Range))
            .projection(projection(ProjectionType::Include, &["total"]))
            .on_demand_throughput(OnDemandThroughput::builder().max_read_request_units(5).build());
        let stream = StreamSpecification::builder().stream_enabled(true);
        let stream = stream.stream_view_type(StreamViewType::NewAndOldImages).build().unwrap();
        let tags = ["team", "cost"].map(|key| Tag::builder().key(key).value("billing").build().unwrap());
        self.dynamodb
            .create_table()
            .table_name(table)
            .set_attribute_definitions(Some(names.to_vec()))
            .key_schema(key("customer", KeyType::Hash))
            .key_schema(key("id", KeyType::Range))
            .global_secondary_indexes(index.build().unwrap())
            .billing_mode(BillingMode::PayPerRequest)
            .on_demand_throughput(OnDemandThroughput::builder().max_write_request_units(100).build())
            .stream_specification(stream)
            .set_tags(Some(tags.to_vec()))
            .table_class(TableClass::StandardInfrequentAccess)
            .deletion_protection_enabled(true)
            .sse_specification(
                SseSpecification::builder()
                    .enabled(true)
                    .sse_type(SseType::Kms)
                    .kms_master_key_id(
                        "arn:aws:kms:us-east-1:472000000001:key/1234abcd-12ab-34cd-56ef-1234567890ab",
                    )
                    .build(),
            )
            .send()
            .await
            .unwrap();
        let expires = TimeToLiveSpecification::builder().enabled(true).attribute_name("expires");
        let live = self.dynamodb.update_time_to_live().table_name(table);
        live.time_to_live_specification(expires.build().unwrap()).send().await.unwrap();
        let seven = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(true);
        let seven = seven.recovery_period_in_days(7).build().unwrap();
        let recover = self.dynamodb.update_continuous_backups().table_name(table);
        recover.point_in_time_recovery_specification(seven).send().await.unwrap();
        let watch = self.dynamodb.update_contributor_insights().table_name(table).index_name("by-day");
        watch.contributor_insights_action(ContributorInsightsAction::Enable).send().await.unwrap();
        let arn = self.arn(table);
        let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "dynamodb:Query",
            "Principal": { "AWS": "arn:aws:iam::111111111111:root" }, "Resource": [arn, format!("{arn}/index/by-day")] }] });
        let put = self.dynamodb.put_resource_policy().resource_arn(&arn).policy(policy.to_string());
        put.send().await.unwrap();
        // After a change, reads return the earlier policy for a while.
        while self.dynamodb.get_resource_policy().resource_arn(&arn).send().await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// Creates a table with provisioned capacity and a local index.
    async fn with_capacity(&self) {
        let names = ["id", "at", "by"].map(|name| attribute(name, ScalarAttributeType::N));
        let local = LocalSecondaryIndex::builder()
            .index_name("by-time")
            .key_schema(key("id", KeyType::Hash))
            .key_schema(key("at", KeyType::Range))
            .projection(projection(ProjectionType::KeysOnly, &[]));
        let global = GlobalSecondaryIndex::builder()
            .index_name("by-author")
            .key_schema(key("by", KeyType::Hash))
            .projection(projection(ProjectionType::All, &[]))
            .provisioned_throughput(units(2, 1));
        self.dynamodb
            .create_table()
            .table_name("notes")
            .set_attribute_definitions(Some(names.to_vec()))
            .key_schema(key("id", KeyType::Hash))
            .key_schema(key("by", KeyType::Range))
            .local_secondary_indexes(local.build().unwrap())
            .global_secondary_indexes(global.build().unwrap())
            .provisioned_throughput(units(5, 3))
            .send()
            .await
            .unwrap();
    }

    fn arn(&self, table: &str) -> String {
        format!("arn:aws:dynamodb:us-east-1:{}:table/{table}", self.name)
    }
}

fn attribute(name: &str, of: ScalarAttributeType) -> AttributeDefinition {
    AttributeDefinition::builder().attribute_name(name).attribute_type(of).build().unwrap()
}

fn key(name: &str, of: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder().attribute_name(name).key_type(of).build().unwrap()
}

fn projection(of: ProjectionType, others: &[&str]) -> Projection {
    let others = (!others.is_empty()).then(|| others.iter().map(|&name| name.to_owned()).collect());
    Projection::builder().projection_type(of).set_non_key_attributes(others).build()
}

fn units(reads: i64, writes: i64) -> ProvisionedThroughput {
    ProvisionedThroughput::builder().read_capacity_units(reads).write_capacity_units(writes).build().unwrap()
}

/// Reads a template that the gate's cfn-lint checks.
fn checked(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/commands/template").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn assert_is(reported: &CommandOutput, name: &str) {
    assert_eq!(reported.json(), checked(name), "it printed\n{}", reported.data);
}

#[tokio::test]
async fn the_template_of_an_on_demand_table_has_all_its_settings() {
    let shell = Shell::new("472000000001").await;
    shell.with_everything().await;
    stack().await.proxy().forget_calls(shell.name);
    let reported = shell.done(&["template", "orders-restored"]).await;
    assert_is(&reported, "on-demand.json");
    assert!(
        reported.remarks.contains("KMSMasterKeyId is arn:aws:kms:us-east-1:472000000001:key/"),
        "{}",
        reported.remarks
    );
    let calls = stack().await.proxy().calls(shell.name);
    assert!(!calls.is_empty() && calls.iter().all(Call::only_reads), "{calls:?}");

    let by_arn = shell.done(&["template", &shell.arn("orders-restored"), "--logical-id", "Orders"]).await;
    assert!(by_arn.json().pointer("/Resources/Orders/Properties/TableName").is_some(), "{}", by_arn.data);
    let import = shell.done(&["template", "orders-restored", "--resources-to-import"]).await;
    let expected = json!([{ "ResourceType": "AWS::DynamoDB::Table", "LogicalResourceId": "OrdersRestoredTable",
        "ResourceIdentifier": { "TableName": "orders-restored" } }]);
    assert_eq!(import.json(), expected);
}

#[tokio::test]
async fn the_template_of_a_provisioned_table_has_nothing_else() {
    let shell = Shell::new("472000000002").await;
    shell.with_capacity().await;
    let reported = shell.done(&["template", "notes"]).await;
    assert_is(&reported, "provisioned.json");
    assert_eq!(reported.remarks, "");
}

#[tokio::test]
async fn a_template_can_be_imported_and_the_table_outlives_its_stack() {
    let shell = Shell::new("472000000005").await;
    shell.create("orders-restored", "id", true).await;
    let id = async || {
        let described = shell.dynamodb.describe_table().table_name("orders-restored").send().await;
        described.unwrap().table.unwrap().table_id
    };
    let before = id().await;
    let template = shell.done(&["template", "orders-restored"]).await.data;
    let import = shell.done(&["template", "orders-restored", "--resources-to-import"]).await.json();
    let text = |pointer: &str| import.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let resource = ResourceToImport::builder()
        .resource_type(text("/0/ResourceType"))
        .logical_resource_id(text("/0/LogicalResourceId"))
        .resource_identifier("TableName", text("/0/ResourceIdentifier/TableName"));
    let stacks = aws_sdk_cloudformation::Client::new(&stack().await.config(shell.name).await);
    let create = stacks.create_change_set().stack_name("orders").change_set_name("import");
    let create = create.change_set_type(ChangeSetType::Import).template_body(template);
    create.resources_to_import(resource.build()).send().await.unwrap();
    stacks.execute_change_set().stack_name("orders").change_set_name("import").send().await.unwrap();
    loop {
        let described = stacks.describe_stacks().stack_name("orders").send().await.unwrap();
        match described.stacks()[0].stack_status() {
            Some(StackStatus::ImportComplete) => break,
            Some(StackStatus::ImportInProgress | StackStatus::ReviewInProgress) => {}
            other => unreachable!("the stack is {other:?}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(id().await, before);
    stacks.delete_stack().stack_name("orders").send().await.unwrap();
    while stacks.describe_stacks().stack_name("orders").send().await.is_ok_and(|response| {
        response.stacks().iter().any(|stack| stack.stack_status() != Some(&StackStatus::DeleteComplete))
    }) {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(id().await, before, "DeletionPolicy retains it");
}

#[tokio::test]
async fn an_incomplete_template_is_not_printed() {
    let shell = Shell::new("472000000003").await;
    shell.create("orders", "id", true).await;
    let refuse = |action: &str| Rule {
        account: shell.name.to_owned(),
        step: None,
        action: action.to_owned(),
        from_ordinal: 0,
        times: usize::MAX,
        fault: Fault::Refuse,
    };
    // A separate resource that cannot be read does not prevent the template.
    stack().await.proxy().inject(refuse("lambda:ListEventSourceMappings"));
    let reported = shell.done(&["template", "orders"]).await;
    let expected = "LambdaTriggers would not be in the template, and cannot be read: ";
    assert!(reported.remarks.starts_with(expected), "{}", reported.remarks);

    stack().await.proxy().inject(refuse("dynamodb:DescribeTimeToLive"));
    let reported = shell.run(&["template", "orders"]).await;
    assert_eq!((reported.code, reported.data.as_str()), (Some(1), ""), "{}", reported.remarks);
    let expected = "error: the template of orders would be incomplete, and an update of the stack would remove from \
                    the table what it lacks: TimeToLive: it cannot be read: AccessDenied: ";
    assert!(reported.remarks.starts_with(expected), "{}", reported.remarks);
}

#[tokio::test]
async fn refusals_have_their_message() {
    let shell = Shell::new("472000000004").await;
    let missing = shell.run(&["template", "nowhere"]).await;
    let expected = "error: the table nowhere does not exist in us-east-1\n";
    assert_eq!((missing.code, missing.remarks.as_str()), (Some(1), expected));
    let misnamed = shell.run(&["template", "nowhere", "--logical-id", "my-table"]).await;
    let expected = "error: --logical-id is `my-table`; it must be 1 to 255 ASCII letters and digits\n";
    assert_eq!((misnamed.code, misnamed.remarks.as_str()), (Some(2), expected));
}

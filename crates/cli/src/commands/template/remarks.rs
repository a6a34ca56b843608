//! The remarks about what the template of a table does not hold.

use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::settings::report::Unread;
use tablekeeper_core::settings::{Aws, SettingName, Settings, Table, report, tags};

/// Returns the remarks; none if the template holds the whole table.
pub(super) async fn of(aws: &Aws, table: &Table, settings: &Settings) -> Result<Vec<String>, AwsFailure> {
    let (others, unread) = report::capture(aws, table, is_resource_of_its_own).await?;
    let unknown = unread.into_iter().map(|Unread { report, .. }| {
        let reason = report.reason.unwrap_or_default();
        let setting = report.setting;
        format!("{setting} would not be in the template, and cannot be read: {reason}")
    });
    Ok(of_the_table(table, settings).into_iter().chain(of_others(&others)).chain(unknown).collect())
}

/// Returns remarks about settings that are separate resources in a template.
fn of_others(others: &Settings) -> Vec<String> {
    let triggers = others.lambda_triggers.as_ref().map_or(0, |triggers| triggers.0.len());
    let scaled = others.auto_scaling.as_ref().map_or(0, |scaling| scaling.0.len());
    let alarms = others.alarms.as_ref().map_or(0, |alarms| alarms.0.len());
    [
        (triggers, "Lambda triggers", "AWS::Lambda::EventSourceMapping"),
        (scaled, "auto scaling", "AWS::ApplicationAutoScaling::ScalableTarget and ScalingPolicy"),
        (alarms, "alarms", "AWS::CloudWatch::Alarm"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, what, resource)| {
        format!("not in the template: {what} ({count}), which are separate resources: {resource}")
    })
    .collect()
}

fn is_resource_of_its_own(name: SettingName) -> bool {
    matches!(name, SettingName::LambdaTriggers | SettingName::AutoScaling | SettingName::Alarms)
}

fn of_the_table(table: &Table, settings: &Settings) -> Vec<String> {
    let mut remarks = Vec::new();
    let tags = settings.tags.as_ref().map(|tags| tags.0.keys()).into_iter().flatten();
    let reserved: Vec<_> = tags.filter(|key| tags::is_reserved(key)).map(String::as_str).collect();
    if !reserved.is_empty() {
        remarks.push(format!(
            "not in the template: reserved tags, which only AWS may set: {}",
            reserved.join(", ")
        ));
    }
    if reserved.iter().any(|key| key.eq_ignore_ascii_case("aws:cloudformation:stack-name")) {
        remarks.push(format!(
            "the table {} already belongs to a stack; CloudFormation imports it only after its removal from that stack",
            table.name
        ));
    }
    let streams = settings.kinesis_destinations.as_ref().map_or(0, |destinations| destinations.streams.len());
    if streams > 1 {
        remarks.push(format!(
            "the template has one of {streams} Kinesis streams, because CloudFormation supports only one"
        ));
    }
    let replicas: Vec<_> =
        table.description.replicas().iter().filter_map(|replica| replica.region_name()).collect();
    if !replicas.is_empty() {
        remarks.push(format!(
            "not in the template: the replicas in {}; a global table is AWS::DynamoDB::GlobalTable; import it as that \
             type",
            replicas.join(", ")
        ));
    }
    if let Some(key) =
        table.description.sse_description().and_then(|encryption| encryption.kms_master_key_arn())
    {
        remarks.push(format!(
            "KMSMasterKeyId is {key}; if that is the AWS managed key (alias/aws/dynamodb), remove the line"
        ));
    }
    remarks
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::{ReplicaDescription, SseDescription, TableDescription};
    use tablekeeper_core::settings::{auto_scaling, kinesis_destinations, tags};

    use super::*;

    #[test]
    fn remarks_name_what_a_template_cannot_hold() {
        let replica = |region: &str| ReplicaDescription::builder().region_name(region).build();
        let description = TableDescription::builder()
            .table_name("orders")
            .replicas(replica("eu-west-1"))
            .replicas(replica("us-east-2"))
            .sse_description(SseDescription::builder().kms_master_key_arn("arn:aws:kms:key").build());
        let keys = ["team", "aws:cloudformation:stack-name", "AWS:other"];
        let tags = keys.map(|key| (key.to_owned(), "x".to_owned())).into();
        let streams = ["one", "two"].map(|stream| (stream.to_owned(), "MILLISECOND".to_owned())).into();
        let settings = Settings {
            tags: Some(tags::Value(tags)),
            kinesis_destinations: Some(kinesis_destinations::Value { streams, ..Default::default() }),
            ..Settings::default()
        };
        let reported = of_the_table(&Table::new(description.build()), &settings).join("\n");
        for expected in [
            "which only AWS may set: AWS:other, aws:cloudformation:stack-name\n",
            "the table orders already belongs to a stack",
            "one of 2 Kinesis streams",
            "the replicas in eu-west-1, us-east-2; a global table is AWS::DynamoDB::GlobalTable",
            "KMSMasterKeyId is arn:aws:kms:key; if that is the AWS managed key",
        ] {
            assert!(reported.contains(expected), "{expected} is not in\n{reported}");
        }
        let scaled = [("table".to_owned(), auto_scaling::Scaled::default())].into();
        let others = Settings { auto_scaling: Some(auto_scaling::Value(scaled)), ..Settings::default() };
        let reported = of_others(&others);
        assert_eq!(reported.len(), 1);
        assert!(reported[0].contains("auto scaling (1), which are separate resources"), "{reported:?}");
        let bare = TableDescription::builder().table_name("orders").build();
        assert_eq!(of_the_table(&Table::new(bare), &Settings::default()), Vec::<String>::new());
    }
}

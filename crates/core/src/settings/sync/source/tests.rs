use serde_json::{Value, json};

use super::*;
use crate::error_name::{ErrorName, HasErrorName};
use crate::testing::fake_aws::{FakeAws, arn, refusal};

const BACKUP: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/backup/01-2";

/// Returns the origin of a restore to 2,000 s, which is 00:33:20.
fn restore(backup: Option<&str>) -> Origin {
    Origin {
        backup_arn: backup.map(str::to_owned),
        reported: DateTime::from_timestamp(2_000, 0),
        ..Origin::default()
    }
}

async fn find_with(
    aws: &FakeAws,
    source_arn: &str,
    origin: Option<&Origin>,
    role_arn: &str,
) -> Result<Found, Error> {
    let now = DateTime::from_timestamp(5_000, 0).unwrap();
    let wanted = Wanted { source_arn, origin, role_arn, bucket: "bucket", now };
    wanted.find(&aws.clients(), |name| name == SettingName::Tags).await
}

async fn find(aws: &FakeAws, origin: &Origin) -> Result<Found, Error> {
    find_with(aws, &arn("orders"), Some(origin), "").await
}

fn key(time: &str) -> String {
    format!("settings/123456789012/eu-west-1/orders/19700101T{time}Z.json")
}

/// Adds documents with these times, each with its time in a tag.
fn with_documents(aws: FakeAws, times: &[&str]) -> FakeAws {
    times.iter().fold(aws, |aws, time| {
        let document = json!({ "Version": 1, "TableArn": arn("orders"), "TableId": null,
            "CapturedAt": "1970-01-01T00:00:00Z", "Settings": { "Tags": { "of": time } } });
        aws.with_object(&key(time), document)
    })
}

fn with_backup(aws: &FakeAws) {
    aws.response("dynamodb:DescribeBackup", |call| {
        assert_eq!(call.input, json!({ "BackupArn": BACKUP }));
        let details = json!({ "BackupArn": BACKUP, "BackupName": "b", "BackupStatus": "AVAILABLE",
            "BackupType": "USER", "BackupCreationDateTime": 1_500.0 });
        let source = json!({ "TableName": "orders", "TableArn": arn("orders"), "TableId": "id",
            "KeySchema": [], "TableCreationDateTime": 1.0,
            "ProvisionedThroughput": { "ReadCapacityUnits": 1, "WriteCapacityUnits": 1 } });
        (200, json!({ "BackupDescription": { "BackupDetails": details, "SourceTableDetails": source } }))
    });
}

#[tokio::test]
async fn a_live_table_is_read_itself() {
    let aws = with_documents(FakeAws::default().with_table("orders"), &["000000"]);
    let found = find(&aws.with_tag("orders", "team", "billing"), &restore(None)).await.unwrap();
    assert_eq!((found.from.kind, found.from.name.as_str()), (SourceKind::LiveTable, arn("orders").as_str()));
    assert_eq!(found.from.captured_at.timestamp(), 5_000);
    assert_eq!(found.document.settings.tags.unwrap().0["team"], "billing");
    assert_eq!(found.document.settings.stream, None, "what is switched off is not read");
    assert_eq!(found.failed, []);
}

#[tokio::test]
async fn a_table_created_at_the_restored_moment_is_not_a_later_one() {
    let aws = with_documents(FakeAws::default().with_table("orders"), &["000000"]);
    for (created, kind) in [(2_000.0, SourceKind::LiveTable), (2_001.0, SourceKind::SettingsDocument)] {
        aws.set("orders", "CreationDateTime", json!(created));
        assert_eq!(find(&aws, &restore(None)).await.unwrap().from.kind, kind, "{created}");
    }
    let unrestored = find_with(&aws, &arn("orders"), None, "").await.unwrap();
    assert_eq!(unrestored.from.kind, SourceKind::LiveTable, "where nothing was restored none is later");
}

#[tokio::test]
async fn a_missing_tables_newest_earlier_document_is_used() {
    let aws = with_documents(FakeAws::default(), &["001000", "003320", "003321", "010000"]);
    let found = find(&aws, &restore(Some(BACKUP))).await.unwrap();
    assert_eq!(found.from.kind, SourceKind::SettingsDocument);
    assert_eq!(found.from.name, format!("s3://bucket/{}", key("003320")));
    assert_eq!(found.document.settings.tags.unwrap().0["of"], "003320");
    assert!(aws.calls("dynamodb:DescribeBackup").is_empty());
    let unrestored = find_with(&aws, &arn("orders"), None, "").await.unwrap();
    assert!(unrestored.from.name.ends_with("010000Z.json"), "else the newest of all");
}

#[tokio::test]
async fn a_setting_missing_in_the_newest_document_comes_from_an_older_one() {
    let document = |id: &str, settings: Value| {
        json!({ "Version": 1, "TableArn": arn("orders"), "TableId": id, "CapturedAt": "1970-01-01T00:10:00Z",
            "Settings": settings })
    };
    let tags = |of: &str| json!({ "Tags": { "of": of }, "DeletionProtection": true });
    let aws = FakeAws::default()
        .with_object(
            &key("000100"),
            document("earlier", json!({ "TableClass": "STANDARD_INFREQUENT_ACCESS" })),
        )
        .with_object(&key("000500"), document("id", tags("long ago")))
        .with_object(&key("001000"), document("id", tags("before")))
        .with_object(&key("001500"), "damaged")
        .with_object(&key("002000"), document("id", json!({ "DeletionProtection": false })));
    let found = find(&aws, &restore(None)).await.unwrap();
    assert!(found.from.name.ends_with("002000Z.json"));
    let settings = &found.document.settings;
    assert_eq!(settings.tags.as_ref().unwrap().0["of"], "before");
    assert!(!settings.deletion_protection.as_ref().unwrap().0, "what the document contains counts");
    assert_eq!(settings.table_class, None, "another table of the name does not describe this one");
    assert_eq!(found.older, [(SettingName::Tags, DateTime::from_timestamp(600, 0).unwrap())]);
    let clients = aws.with_table("copy").clients();
    let target = clients.settings().describe("copy").await.unwrap().unwrap();
    let plan = found.plan(&clients.settings(), &target, |_| None, false).await.unwrap();
    let notes = plan[0].notes.join("; ");
    assert!(notes.starts_with("as it was at 1970-01-01T00:10:00+00:00"), "{notes}");
}

#[tokio::test]
async fn without_a_document_the_backup_is_used() {
    let aws = with_documents(FakeAws::default(), &["003321"]);
    with_backup(&aws);
    let found = find(&aws, &restore(Some(BACKUP))).await.unwrap();
    assert_eq!((found.from.kind, found.from.name.as_str()), (SourceKind::Backup, BACKUP));
    assert_eq!(found.from.captured_at.timestamp(), 1_500);
    assert_eq!(
        (found.document.settings.tags, found.document.settings.stream),
        (None, Some(Default::default()))
    );
}

#[tokio::test]
async fn without_any_source_it_fails() {
    let aws = FakeAws::default();
    aws.refuse("dynamodb:DescribeBackup", "BackupNotFoundException");
    let recovery_point = "arn:aws:backup:eu-west-1:123456789012:recovery-point:1EB3B5E7";
    for backup in [None, Some(BACKUP), Some(recovery_point)] {
        let error = find(&aws, &restore(backup)).await.unwrap_err();
        assert_eq!(error.name(), ErrorName::SourceTableMissing);
        assert!(
            error.to_string().contains("no settings document from before 1970-01-01T00:33:20+00:00"),
            "{error}"
        );
    }
    assert_eq!(aws.calls("dynamodb:DescribeBackup").len(), 1, "AWS Backup's are not DynamoDB's to describe");
    aws.response("dynamodb:DescribeBackup", |_| (200, json!({ "BackupDescription": {} })));
    let error = find(&aws, &restore(Some(BACKUP))).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::SourceTableMissing);
}

#[tokio::test]
async fn every_failure_has_its_error_name() {
    let aws = FakeAws::default();
    aws.refuse("dynamodb:DescribeBackup", "AccessDeniedException");
    let error = find(&aws, &restore(Some(BACKUP))).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::AccessDenied);
    let broken = FakeAws::default().with_object(&key("001000"), "{}");
    let error = find(&broken, &restore(None)).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::InvalidSettingsDocument);
    aws.response("s3:LIST", |_| (403, json!("<Error><Code>AccessDenied</Code></Error>")));
    let error = find(&aws, &restore(None)).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::AccessDenied);
    aws.response("dynamodb:DescribeTable", |_| refusal("ThrottlingException"));
    assert_eq!(find(&aws, &restore(None)).await.unwrap_err().name(), ErrorName::Throttled);
}

#[tokio::test]
async fn a_source_in_another_region_and_account_is_read_with_its_role() {
    let elsewhere = "arn:aws:dynamodb:us-east-1:210987654321:table/orders";
    let aws = FakeAws::default().with_table("orders");
    aws.response("sts:AssumeRole", |_| {
        let credentials = "<AccessKeyId>THEIRS</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
             <SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration>";
        let result = format!("<AssumeRoleResult><Credentials>{credentials}</Credentials></AssumeRoleResult>");
        (200, Value::String(format!("<AssumeRoleResponse>{result}</AssumeRoleResponse>")))
    });
    for (role, signed_by) in [("", "OWN"), ("arn:aws:iam::210987654321:role/read", "THEIRS")] {
        find_with(&aws, elsewhere, None, role).await.unwrap();
        let call = aws.calls("dynamodb:DescribeTable").pop().unwrap();
        assert_eq!((call.signed_by.as_str(), call.host.contains("us-east-1")), (signed_by, true), "{call:?}");
    }
}

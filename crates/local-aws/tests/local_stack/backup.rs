use hyper::Method;
use local_aws::SimulatedLatency;
use serde_json::{Value, json};

use crate::client::{Api, Response, eventually, stack};

const SLOW: SimulatedLatency =
    SimulatedLatency { tables: 1, indexes: 0, backups: 2, on_demand_backups: 0, restore_jobs: 2, updates: 1 };

/// An account with a vault that notifies a topic, a queue on that topic, and a table.
struct Account {
    api: Api,
    queue: String,
}

fn encode(arn: &str) -> String {
    arn.replace(':', "%3A").replace('/', "%2F")
}

impl Account {
    async fn prepared(account: &'static str) -> Self {
        let api = Api::new(account).await;
        stack().await.proxy().slow(account, SLOW);
        api.make_table("orders.eu-1").await;
        api.backup(Method::PUT, "/backup-vaults/Default", json!({})).await.ok();
        assert_eq!(api.query("sns", "Action=CreateTopic&Name=backups").await.status, 200);
        let created =
            api.try_json("sqs", "AmazonSQS.CreateQueue", json!({"QueueName": "seen"})).await.unwrap().ok();
        let queue = created["QueueUrl"].as_str().unwrap().to_owned();
        let topic = encode(&format!("arn:aws:sns:us-east-1:{account}:backups"));
        let endpoint = encode(&format!("arn:aws:sqs:us-east-1:{account}:seen"));
        let subscribe = format!("Action=Subscribe&TopicArn={topic}&Protocol=sqs&Endpoint={endpoint}");
        assert_eq!(api.query("sns", &subscribe).await.status, 200);
        Self { api, queue }
    }

    fn table_arn(&self) -> String {
        format!("arn:aws:dynamodb:us-east-1:{}:table/orders.eu-1", self.api.account)
    }

    fn topic_arn(&self) -> String {
        format!("arn:aws:sns:us-east-1:{}:backups", self.api.account)
    }

    async fn notify_of(&self, events: &[&str]) {
        let input = json!({"SNSTopicArn": self.topic_arn(), "BackupVaultEvents": events});
        let path = "/backup-vaults/Default/notification-configuration";
        assert_eq!(self.api.backup(Method::PUT, path, input).await.status, 200);
    }

    async fn manage_dynamodb(&self, advanced: bool) {
        let input = json!({"ResourceTypeManagementPreference": {"DynamoDB": advanced}});
        assert_eq!(self.api.backup(Method::PUT, "/account-settings", input).await.status, 200);
    }

    async fn start_backup(&self, token: &str) -> Value {
        let input = json!({
            "BackupVaultName": "Default",
            "ResourceArn": self.table_arn(),
            "IamRoleArn": format!("arn:aws:iam::{}:role/backup", self.api.account),
            "IdempotencyToken": token,
        });
        self.api.backup(Method::PUT, "/backup-jobs", input).await.ok()
    }

    async fn backup_job(&self, id: &Value) -> Value {
        self.api
            .backup(Method::GET, &format!("/backup-jobs/{}", id.as_str().unwrap()), json!(null))
            .await
            .ok()
    }

    /// Backs up the table and returns the recovery point.
    async fn recovery_point(&self, token: &str) -> String {
        let id = self.start_backup(token).await["BackupJobId"].take();
        let job = eventually("the backup", async || {
            Some(self.backup_job(&id).await).filter(|job| job["State"] == "COMPLETED")
        });
        job.await["RecoveryPointArn"].as_str().unwrap().to_owned()
    }

    async fn start_restore(&self, point: &str, target: &str, token: &str) -> Response {
        let input = json!({
            "RecoveryPointArn": point,
            "Metadata": {"TargetTableName": target, "encryptionType": "Default"},
            "IamRoleArn": format!("arn:aws:iam::{}:role/backup", self.api.account),
            "IdempotencyToken": token,
            "ResourceType": "DynamoDB",
        });
        self.api.backup(Method::PUT, "/restore-jobs", input).await
    }

    async fn restore_job(&self, id: &Value) -> Value {
        self.api
            .backup(Method::GET, &format!("/restore-jobs/{}", id.as_str().unwrap()), json!(null))
            .await
            .ok()
    }

    /// Sends the events on the default bus that match a pattern to the queue.
    async fn watch_the_bus(&self, pattern: Value) {
        let rule = json!({"Name": "watched", "EventPattern": pattern.to_string()});
        self.api.try_json("events", "AWSEvents.PutRule", rule).await.unwrap().ok();
        let queue = format!("arn:aws:sqs:us-east-1:{}:seen", self.api.account);
        let targets = json!({"Rule": "watched", "Targets": [{"Id": "q", "Arn": queue}]});
        self.api.try_json("events", "AWSEvents.PutTargets", targets).await.unwrap().ok();
    }

    /// Returns the next message of the queue with its envelope.
    async fn next_message(&self) -> Value {
        eventually("a message", async || {
            let input = json!({"QueueUrl": self.queue, "MaxNumberOfMessages": 1});
            let received = self.api.try_json("sqs", "AmazonSQS.ReceiveMessage", input).await.unwrap().ok();
            let message = received["Messages"].get(0)?;
            let input = json!({"QueueUrl": self.queue, "ReceiptHandle": message["ReceiptHandle"]});
            self.api.try_json("sqs", "AmazonSQS.DeleteMessage", input).await.unwrap();
            serde_json::from_str(message["Body"].as_str()?).ok()
        })
        .await
    }
}

#[tokio::test]
async fn a_backup_is_announced_verbatim() {
    let account = Account::prepared("400000000001").await;
    account.notify_of(&["BACKUP_JOB_COMPLETED", "RESTORE_JOB_COMPLETED"]).await;
    let started = account.start_backup("t").await;
    let id = &started["BackupJobId"];
    assert_eq!(account.start_backup("t").await["BackupJobId"], *id);

    let mut states = Vec::new();
    let completed = loop {
        let job = account.backup_job(id).await;
        states.push(job["State"].as_str().unwrap().to_owned());
        if job["State"] == "COMPLETED" {
            break job;
        }
        assert_eq!(job.get("RecoveryPointArn"), None);
    };
    assert_eq!(states, ["PENDING", "RUNNING", "COMPLETED"]);
    let point = completed["RecoveryPointArn"].as_str().unwrap();
    assert!(point.starts_with(&format!("{}/backup/", account.table_arn())), "{point}");
    assert!(completed["CompletionDate"].as_f64() >= completed["CreationDate"].as_f64());

    let envelope = account.next_message().await;
    let id = id.as_str().unwrap();
    assert_eq!(envelope["Subject"], "Notification from AWS Backup");
    let message = format!(
        "An AWS Backup job was completed successfully. Recovery point ARN: {point}. Backed up Resource ARN : {}. \
         Backup Job Id : {id}",
        account.table_arn()
    );
    assert_eq!(envelope["Message"], message);
    let attribute = |name: &str| envelope["MessageAttributes"][name]["Value"].as_str().unwrap_or_default();
    assert_eq!(attribute("EventType"), "BACKUP_JOB");
    assert_eq!(attribute("State"), "COMPLETED");
    assert_eq!(attribute("AccountId"), "400000000001");
    assert_eq!(attribute("Id"), id);
    let start_time = chrono::DateTime::parse_from_rfc3339(attribute("StartTime")).unwrap();
    assert_eq!(start_time.timestamp_millis() as f64 / 1_000.0, completed["CreationDate"].as_f64().unwrap());
    assert_eq!(attribute("StartTime").len(), "2019-09-02T13:48:52.226Z".len());
}

#[tokio::test]
async fn a_backup_that_nobody_polls_completes_and_its_event_reaches_the_bus() {
    let account = Account::prepared("400000000002").await;
    let api = &account.api;
    account.watch_the_bus(json!({"source": ["aws.backup"]})).await;
    // A vault that asks for other events does not announce this one.
    account.notify_of(&["RESTORE_JOB_COMPLETED"]).await;
    let id = account.start_backup("t").await["BackupJobId"].take();

    let event = account.next_message().await;
    assert_eq!(event["detail-type"], "Backup Job State Change");
    assert_eq!(event["source"], "aws.backup");
    assert_eq!(event["detail"]["backupJobId"], id);
    assert_eq!(event["detail"]["state"], "COMPLETED");
    assert_eq!(event["detail"]["resourceArn"], account.table_arn());
    assert_eq!(event["detail"]["resourceType"], "DynamoDB");
    assert_eq!(event["resources"][0], account.backup_job(&id).await["RecoveryPointArn"]);

    // A customer cannot send such an event.
    let forged = json!({"Entries": [{"Source": "aws.backup", "DetailType": "x", "Detail": "{}"}]});
    let response = api.try_json("events", "AWSEvents.PutEvents", forged).await.unwrap().ok();
    assert_eq!(response["FailedEntryCount"], 1);
}

#[tokio::test]
async fn a_restore_job_creates_the_table_while_it_runs() {
    let account = Account::prepared("400000000003").await;
    account.manage_dynamodb(true).await;
    let settings = account.api.backup(Method::GET, "/account-settings", json!(null)).await.ok();
    assert_eq!(settings["ResourceTypeManagementPreference"]["DynamoDB"], true);
    let point = account.recovery_point("b").await;
    assert!(point.starts_with("arn:aws:backup:us-east-1:400000000003:recovery-point:"), "{point}");
    let path = format!("/backup-vaults/Default/recovery-points/{}", encode(&point));
    let described = account.api.backup(Method::GET, &path, json!(null)).await.ok();
    assert_eq!(described["ResourceArn"], account.table_arn());

    let id = account.start_restore(&point, "orders-2", "r").await.ok()["RestoreJobId"].take();
    assert_eq!(account.start_restore(&point, "orders-2", "r").await.ok()["RestoreJobId"], id);
    let missing = account.api.dynamodb("DescribeTable", json!({"TableName": "orders-2"})).await;
    assert_eq!(missing.status, 400);
    let first = account.restore_job(&id).await;
    assert_eq!((&first["Status"], first.get("CreatedResourceArn")), (&json!("PENDING"), None));
    let second = account.restore_job(&id).await;
    assert_eq!((&second["Status"], second.get("CreatedResourceArn")), (&json!("RUNNING"), None));
    let table = account.api.table("orders-2").await;
    assert_eq!(table["TableStatus"], "CREATING");
    assert_eq!(table["RestoreSummary"]["SourceBackupArn"], point);
    assert_eq!(table["RestoreSummary"]["SourceTableArn"], account.table_arn());
    let third = account.restore_job(&id).await;
    assert_eq!(third["Status"], "COMPLETED");
    assert_eq!(third["CreatedResourceArn"], table["TableArn"]);
    assert_eq!(third["SourceResourceArn"], account.table_arn());

    let path = format!("/restore-jobs/{}/metadata", id.as_str().unwrap());
    let metadata = account.api.backup(Method::GET, &path, json!(null)).await.ok();
    assert_eq!(metadata["Metadata"]["TargetTableName"], "orders-2");
}

#[tokio::test]
async fn a_dynamodb_backup_can_be_restored_both_ways() {
    let account = Account::prepared("400000000004").await;
    account.manage_dynamodb(false).await;
    stack().await.proxy().slow(account.api.account, SimulatedLatency { tables: 2, ..SLOW });
    let point = account.recovery_point("b").await;
    let input = json!({"BackupArn": point, "TargetTableName": "direct"});
    account.api.dynamodb("RestoreTableFromBackup", input).await.ok();
    let is_being_restored = async |table: &str| {
        let table = account.api.table(table).await;
        assert_eq!(table["TableStatus"], "CREATING");
        assert_eq!(table["RestoreSummary"]["SourceBackupArn"], point);
    };
    // DynamoDB restores one table from a backup at a time.
    for _ in 0..2 {
        is_being_restored("direct").await;
    }
    let id = account.start_restore(&point, "by-job", "r").await.ok()["RestoreJobId"].take();
    eventually("the restore", async || {
        (account.restore_job(&id).await["Status"] == "COMPLETED").then_some(())
    })
    .await;
    is_being_restored("by-job").await;
}

#[tokio::test]
async fn a_restore_job_that_nobody_polls_creates_its_table() {
    let account = Account::prepared("400000000005").await;
    let point = account.recovery_point("b").await;
    account.start_restore(&point, "orders-2", "r").await.ok();
    eventually("the table", async || {
        let described = account.api.dynamodb("DescribeTable", json!({"TableName": "orders-2"})).await;
        (described.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn restore_jobs_send_events_when_they_begin_and_end_even_if_nobody_polls() {
    let account = Account::prepared("400000000009").await;
    let account_id = account.api.account;
    let point = account.recovery_point("b").await;
    account.watch_the_bus(json!({"detail-type": ["Restore Job State Change"]})).await;
    let pair = async || {
        let mut pair = [account.next_message().await, account.next_message().await];
        pair.sort_by_key(|event| event["detail"].get("status").is_some());
        pair
    };

    let id = account.start_restore(&point, "orders-2", "1").await.ok()["RestoreJobId"].take();
    let [created, completed] = pair().await;
    assert_eq!(created["detail"]["state"], "CREATED");
    assert_eq!(created["detail"]["restoreJobId"], id);
    assert_eq!(created["detail"].as_object().unwrap().len(), 3, "{created}");
    let expected = json!({
        "restoreJobId": id,
        "backupSizeInBytes": "0",
        "creationDate": created["detail"]["creationDate"],
        "iamRoleArn": format!("arn:aws:iam::{account_id}:role/backup"),
        "percentDone": 0,
        "resourceType": "DynamoDB",
        "status": "COMPLETED",
        "createdResourceArn": format!("arn:aws:dynamodb:us-east-1:{account_id}:table/orders-2"),
        "recoveryPointArn": point,
        "sourceResourceArn": account.table_arn(),
    });
    assert_eq!(completed["detail"], expected);
    assert_eq!((&completed["source"], &completed["resources"][0]), (&json!("aws.backup"), &json!(point)));

    stack().await.proxy().fail_restore_jobs(account_id, Some("No space left.".to_owned()));
    account.start_restore(&point, "orders-3", "2").await.ok();
    let [_, failed] = pair().await;
    assert_eq!(
        (&failed["detail"]["status"], &failed["detail"]["statusMessage"]),
        (&json!("FAILED"), &json!("No space left."))
    );
    assert_eq!(failed["detail"].get("createdResourceArn"), None);
}

#[tokio::test]
async fn restores_that_customers_ask_for_are_in_cloudtrail() {
    let account = Account::prepared("400000000010").await;
    account.watch_the_bus(json!({"source": ["aws.dynamodb"]})).await;
    // No customer asks for the restore behind a job of AWS Backup.
    let point = account.recovery_point("b").await;
    account.start_restore(&point, "by-job", "r").await.ok();
    eventually("the table", async || {
        let described = account.api.dynamodb("DescribeTable", json!({"TableName": "by-job"})).await;
        (described.status == 200).then_some(())
    })
    .await;

    let input = json!({
        "SourceTableArn": account.table_arn(),
        "TargetTableName": "orders-2",
        "UseLatestRestorableTime": true,
        "SSESpecificationOverride": {"Enabled": false},
    });
    let step = account.api.as_step("s.restore");
    step.dynamodb("RestoreTableToPointInTime", input.clone()).await.ok();
    let event = account.next_message().await;
    assert_eq!(event["detail-type"], "AWS API Call via CloudTrail");
    let detail = &event["detail"];
    assert_eq!(detail["eventName"], "RestoreTableToPointInTime");
    let expected = json!({
        "sourceTableArn": account.table_arn(),
        "targetTableName": "orders-2",
        "useLatestRestorableTime": true,
        "sSESpecificationOverride": {"enabled": false},
    });
    assert_eq!(detail["requestParameters"], expected);
    assert_eq!(
        (&detail["awsRegion"], &detail["recipientAccountId"]),
        (&json!("us-east-1"), &json!(account.api.account))
    );
    assert_eq!((detail.get("errorCode"), &detail["responseElements"]), (None, &json!(null)));
    assert!(detail["userIdentity"]["arn"].as_str().unwrap().ends_with(":assumed-role/s.restore/s.restore"));
    let tables: Vec<_> = detail["resources"].as_array().unwrap().iter().map(|table| &table["ARN"]).collect();
    let target = account.table_arn().replace("orders.eu-1", "orders-2");
    assert_eq!(tables, [&json!(target), &json!(account.table_arn())]);

    assert_eq!(step.dynamodb("RestoreTableToPointInTime", input).await.status, 400);
    assert_eq!(account.next_message().await["detail"]["errorCode"], "TableInUseException");
    let input = json!({"BackupArn": point, "TargetTableName": "orders-3"});
    step.dynamodb("RestoreTableFromBackup", input).await.ok();
    let detail = account.next_message().await["detail"].take();
    assert_eq!(
        (&detail["eventName"], &detail["requestParameters"]["backupArn"]),
        (&json!("RestoreTableFromBackup"), &json!(point))
    );
    assert_eq!(detail.get("resources"), None);
}

#[tokio::test]
async fn restore_jobs_fail_with_a_message() {
    let account = Account::prepared("400000000006").await;
    account.manage_dynamodb(true).await;
    let point = account.recovery_point("b").await;
    let ended = async |response: Response| {
        let id = response.ok()["RestoreJobId"].take();
        eventually("the end", async || {
            Some(account.restore_job(&id).await).filter(|job| job.get("CompletionDate").is_some())
        })
        .await
    };

    let taken = ended(account.start_restore(&point, "orders.eu-1", "1").await).await;
    assert_eq!(taken["Status"], "FAILED");
    assert!(taken["StatusMessage"].as_str().unwrap().contains("already exists"), "{taken}");

    let proxy = stack().await.proxy();
    proxy.fail_restore_jobs(account.api.account, Some("No space left.".to_owned()));
    let failed = ended(account.start_restore(&point, "orders-2", "2").await).await;
    assert_eq!((&failed["Status"], &failed["StatusMessage"]), (&json!("FAILED"), &json!("No space left.")));
    assert_eq!(account.api.dynamodb("DescribeTable", json!({"TableName": "orders-2"})).await.status, 400);
    proxy.fail_restore_jobs(account.api.account, None);
    assert_eq!(ended(account.start_restore(&point, "orders-2", "3").await).await["Status"], "COMPLETED");

    let refused = async |input: Value| account.api.backup(Method::PUT, "/restore-jobs", input).await.error();
    let metadata = json!({"targetTableName": "orders-3"});
    let unknown = format!("{point}0");
    let role = "arn:aws:iam::1:role/r";
    assert_eq!(refused(json!({"Metadata": metadata})).await, "MissingParameterValueException");
    let input = json!({"RecoveryPointArn": unknown, "Metadata": metadata, "IamRoleArn": role});
    assert_eq!(refused(input).await, "ResourceNotFoundException");
    let input = json!({"RecoveryPointArn": point, "Metadata": metadata});
    assert_eq!(refused(input).await, "InvalidParameterValueException");
    let input = json!({"RecoveryPointArn": point, "Metadata": {}, "IamRoleArn": role});
    assert_eq!(refused(input).await, "InvalidParameterValueException");
}

#[tokio::test]
async fn a_restore_test_takes_one_final_validation_result() {
    let account = Account::prepared("400000000013").await;
    account.watch_the_bus(json!({"detail": {"restoreTestingPlanArn": [{"exists": true}]}})).await;
    let point = account.recovery_point("b").await;
    let ended = async |target: &str| {
        let id = account.start_restore(&point, target, target).await.ok()["RestoreJobId"].take();
        let pending = account.restore_job(&id).await;
        assert_eq!(pending.get("ValidationStatus"), None);
        let ended = eventually("the end", async || {
            Some(account.restore_job(&id).await).filter(|job| job.get("CompletionDate").is_some())
        });
        ended.await
    };
    let put = async |job: &Value, body: Value| {
        let path = format!("/restore-jobs/{}/validations", job["RestoreJobId"].as_str().unwrap());
        account.api.backup(Method::PUT, &path, body).await
    };
    let successful = json!({"ValidationStatus": "SUCCESSFUL", "ValidationStatusMessage": "5 items"});

    let plan = "arn:aws:backup:us-east-1:400000000013:restore-testing-plan:local";
    let test = ended("awsbackup-restore-test-1").await;
    assert_eq!(
        (&test["CreatedBy"]["RestoreTestingPlanArn"], &test["ValidationStatus"]),
        (&json!(plan), &json!("VALIDATING"))
    );
    assert_eq!(account.next_message().await["detail"]["restoreTestingPlanArn"], plan);
    assert_eq!(put(&test, json!({})).await.error(), "MissingParameterValueException");
    assert_eq!(
        put(&test, json!({"ValidationStatus": "GOOD"})).await.error(),
        "InvalidParameterValueException"
    );
    assert_eq!(put(&test, json!({"ValidationStatus": "VALIDATING"})).await.status, 200);
    assert_eq!(put(&test, successful.clone()).await.status, 200);
    assert_eq!(put(&test, json!({"ValidationStatus": "FAILED"})).await.error(), "InvalidRequestException");
    let validated = account.restore_job(&test["RestoreJobId"]).await;
    let result = (&validated["ValidationStatus"], &validated["ValidationStatusMessage"]);
    assert_eq!(result, (&json!("SUCCESSFUL"), &json!("5 items")));

    let restored = ended("orders-2").await;
    assert_eq!((restored.get("CreatedBy"), restored.get("ValidationStatus")), (None, None));
    assert_eq!(put(&restored, successful.clone()).await.error(), "InvalidRequestException");
    stack().await.proxy().fail_restore_jobs(account.api.account, Some("No space left.".to_owned()));
    let failed = ended("awsbackup-restore-test-2").await;
    assert_eq!((&failed["Status"], failed.get("ValidationStatus")), (&json!("FAILED"), None));
    assert_eq!(put(&failed, successful.clone()).await.error(), "InvalidRequestException");
    let unknown = json!({"RestoreJobId": "8F"});
    assert_eq!(put(&unknown, successful).await.error(), "ResourceNotFoundException");
}

#[tokio::test]
async fn restore_jobs_are_listed_newest_first_in_pages() {
    let account = Account::prepared("400000000007").await;
    let point = account.recovery_point("b").await;
    let mut ids = Vec::new();
    for number in 0..3 {
        let target = format!("orders-{number}");
        ids.push(account.start_restore(&point, &target, &target).await.ok()["RestoreJobId"].take());
    }
    ids.reverse();
    let path = format!("/resources/{}/restore-jobs", encode(&account.table_arn()));
    for path in [path.as_str(), "/restore-jobs"] {
        let mut listed = Vec::new();
        let mut query = "?maxResults=2".to_owned();
        loop {
            let page = account.api.backup(Method::GET, &format!("{path}{query}"), json!(null)).await.ok();
            listed.extend(
                page["RestoreJobs"].as_array().unwrap().iter().map(|job| job["RestoreJobId"].clone()),
            );
            let Some(token) = page["NextToken"].as_str() else { break };
            query = format!("?maxResults=2&nextToken={token}");
        }
        assert_eq!(listed, ids, "{path}");
    }
    let other = format!("/resources/{}/restore-jobs", encode("arn:aws:dynamodb:us-east-1:1:table/other"));
    assert_eq!(account.api.backup(Method::GET, &other, json!(null)).await.ok(), json!({"RestoreJobs": []}));
}

#[tokio::test]
async fn the_emulator_stores_vaults_whose_notifications_can_be_read_back() {
    let account = Account::prepared("400000000008").await;
    let path = "/backup-vaults/Default/notification-configuration";
    let none = account.api.backup(Method::GET, path, json!(null)).await;
    assert_eq!(none.error(), "ResourceNotFoundException");
    account.notify_of(&["BACKUP_JOB_COMPLETED"]).await;
    let read = account.api.backup(Method::GET, path, json!(null)).await.ok();
    assert_eq!(read["SNSTopicArn"], account.topic_arn());
    assert_eq!(read["BackupVaultEvents"], json!(["BACKUP_JOB_COMPLETED"]));
    let vault = account.api.backup(Method::GET, "/backup-vaults/Default", json!(null)).await.ok();
    assert_eq!(vault["BackupVaultArn"], read["BackupVaultArn"]);
    account.api.backup(Method::DELETE, path, json!(null)).await.ok();
    let none = account.api.backup(Method::GET, path, json!(null)).await;
    assert_eq!(none.error(), "ResourceNotFoundException");
    let input = json!({"SNSTopicArn": "a", "BackupVaultEvents": ["BACKUP_JOB_COMPLETED"]});
    let other =
        account.api.backup(Method::PUT, "/backup-vaults/none/notification-configuration", input).await;
    assert_eq!(other.error(), "ResourceNotFoundException");
}

#[tokio::test]
async fn tables_that_were_backed_up_are_protected_resources() {
    let account = Account::prepared("360000000091").await;
    let list =
        async || account.api.backup(Method::GET, "/resources/", json!(null)).await.ok()["Results"].take();
    assert_eq!(list().await, json!([]));
    account.recovery_point("first").await;
    let newest = account.recovery_point("second").await;
    let resources = list().await;
    assert_eq!(resources.as_array().unwrap().len(), 1, "{resources}");
    let resource = &resources[0];
    assert_eq!(resource["ResourceArn"], account.table_arn());
    assert_eq!(
        (&resource["ResourceType"], &resource["LastRecoveryPointArn"]),
        (&json!("DynamoDB"), &json!(newest))
    );
    assert!(resource["LastBackupTime"].is_number(), "{resource}");
}

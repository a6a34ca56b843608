//! The scenarios of `sync-settings`.

pub mod tables;

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::{
    ApproximateCreationDateTimePrecision, ContributorInsightsMode, StreamViewType,
};
use chrono::SecondsFormat;
use local_aws::{Call, Fault, Rule, SimulatedLatency};
use serde_json::{Value, json};
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::ErrorName;

use crate::harness::deployed::stack;
use crate::harness::run::invoke;
use crate::harness::workflow::scenario;
use crate::{Begin, Deployed, Ended, FaultMatrix, Workflow, until_seen};
use tables::{
    Billing, alarm, insights, kinesis, limit, make_table, make_table_with, put_policy, recovery, scale,
    set_everything, stream, table_arn, tag, time_to_live, trigger, until_active,
};

/// The table that is restored. The name of its index begins with its own.
pub const SOURCE: &str = "orders";
/// The table that [`SOURCE`] is restored to.
pub const TARGET: &str = "orders-restored";
/// The index of both tables.
pub const INDEX: &str = "orders-by-customer";

/// Returns the workflow with its scenarios.
pub fn workflow() -> Workflow {
    Workflow {
        name: "sync-settings",
        template: "sync-settings",
        machine: "StateMachine",
        prepare: None,
        parameters: &[
            // The scenarios deliver the events themselves.
            ("RestoreEventRules", "DISABLED"),
            ("SettingsProfile", "replacement"),
            ("EnableWarmThroughputSettings", "true"),
            // In upper case, as the documentation of the former system has it.
            ("EnableAlarmSettings", "TRUE"),
        ],
        scenarios: vec![
            scenario!("a point-in-time restore by CloudTrail", a_point_in_time_restore => "Complete").golden(),
            scenario!("a restored backup by AWS Backup", a_restored_backup => "Complete").golden(),
            scenario!("a copy next to its source", a_point_in_time_restore => "Complete")
                .with(&[("SettingsProfile", "copy")])
                .and(acts_on_nobody),
            scenario!("a source that was lost and created again", a_source_created_again => "Complete")
                .and(has_the_settings_of_the_restored_moment),
            scenario!("a target with settings of its own, to be removed", extra_to_be_removed => "Complete").golden(),
            scenario!("a target with settings of its own, to be left", extra_to_be_left => "Complete").golden(),
            scenario!("an index that was dropped", an_index_that_was_dropped => "Complete"),
            scenario!("a source without settings", a_source_without_settings => "Complete"),
            scenario!("a target by its name alone", a_target_by_its_name_alone => "Complete"),
            scenario!("a deleted source with a document", a_deleted_source_with_a_document => "Complete"),
            scenario!("a deleted source with its backup", a_deleted_source_with_its_backup => "Complete"),
            scenario!("a deleted source of which nothing is known", a_deleted_source => "Source Table Missing").failing(ErrorName::SourceTableMissing),
            scenario!("a source in another Region", a_source_in_another_region => "Complete"),
            scenario!("a source in another account", a_source_in_another_account => "Complete"),
            scenario!("Time to Live changed within the hour", changed_within_the_hour => "Complete"),
            scenario!("Time to Live refused for too long", refused_for_too_long => "Settings Not Equal").failing(ErrorName::SettingsNotEqual),
            scenario!("insights that CloudWatch has no rules for", insights_without_rules => "Settings Not Equal").failing(ErrorName::SettingsNotEqual),
            scenario!("somebody changes it back", changed_back => "Settings Not Equal").failing(ErrorName::SettingsNotEqual),
            scenario!("wrong input", wrong_input => "Input Refused").failing(ErrorName::InvalidInput),
            scenario!("no such target", no_such_target => "Target Table Missing").failing(ErrorName::TargetTableMissing),
            scenario!("a target that is deleted during the sync", a_target_deleted_during_the_sync => "Target Table Missing").failing(ErrorName::TargetTableMissing),
            scenario!("an archived target", an_archived_target => "Table Not Usable").failing(ErrorName::RestoreFailed),
            scenario!("a restore without end", a_restore_without_end => "Table Timed Out").failing(ErrorName::RestoreTimedOut),
            scenario!("describing is not allowed", describing_refused => "Table Not Checked").failing(ErrorName::AccessDenied),
            scenario!("writing the document is not allowed", writing_refused => "Settings Not Planned").failing(ErrorName::AccessDenied),
            scenario!("a setting that must not be changed", tagging_refused => "Settings Not Equal").failing(ErrorName::SettingsNotEqual),
            scenario!("the document must not be read", reading_refused => "Settings Not Equal").failing(ErrorName::SettingsNotEqual),
            scenario!("reading back is not allowed", reading_back_refused => "Settings Not Verified").failing(ErrorName::AccessDenied),
        ],
        fault_matrix: FaultMatrix::EveryKindOfCall,
        changes_settings_of: Some(TARGET),
        reports_refusals_by: Some(ErrorName::SettingsNotEqual),
        unentered: &[(
            "Settings Not Applied",
            "the Map fails only with TargetTableMissing: each item catches States.ALL",
        )],
    }
}

async fn a_point_in_time_restore(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE, &[INDEX], Billing::Provisioned).await;
    set_everything(&deployed, SOURCE, INDEX).await;
    scale(&deployed, SOURCE, INDEX).await;
    restore(&deployed).await;
    Begin::Event(cloudtrail(SOURCE, TARGET))
}

/// Asserts that the copy calls no function, feeds no stream, raises no alarm and deletes nothing.
fn acts_on_nobody(ended: &Ended) {
    let settings = &ended.execution.as_ref().unwrap().output["Settings"];
    for setting in settings.as_array().unwrap() {
        let name = setting["Setting"].as_str().unwrap();
        let acts = ["Alarms", "KinesisDestinations", "LambdaTriggers", "TimeToLive"].contains(&name);
        assert_eq!(setting["Outcome"] == "SKIPPED", acts, "{setting}");
    }
}

/// Starts after the source was captured, backed up, deleted, and created again without its settings, and its backup
/// restored.
async fn a_source_created_again(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE, &[], Billing::OnDemand).await;
    tag(&deployed, SOURCE, 3).await;
    invoke(&deployed, "CaptureSettingsFunctionName", &json!({ "TableNames": [SOURCE] })).await;
    let backup = make_backup(&deployed).await;
    let describe = || async {
        let table =
            deployed.dynamodb.describe_table().table_name(SOURCE).send().await.unwrap().table.unwrap();
        table.creation_date_time.unwrap().secs()
    };
    let reported = deployed.dynamodb.describe_backup().backup_arn(&backup).send().await.unwrap();
    let details = reported.backup_description.unwrap().backup_details.unwrap();
    let backed_up = details.backup_creation_date_time().secs();
    // The emulator has a resolution of one second, and the new table's creation time has to be later.
    loop {
        deployed.dynamodb.delete_table().table_name(SOURCE).send().await.unwrap();
        make_table(&deployed, SOURCE, &[], Billing::OnDemand).await;
        if describe().await > backed_up {
            break;
        }
    }
    restore_from(&deployed, &backup).await;
    // From then on DynamoDB no longer shows what the table was restored from.
    until_active(&deployed, TARGET).await;
    Begin::Event(restore_job(&deployed, Some(&backup)))
}

fn has_the_settings_of_the_restored_moment(ended: &Ended) {
    let output = &ended.execution.as_ref().unwrap().output;
    assert_eq!(output["SettingsFrom"]["Kind"], "SettingsDocument", "{output}");
    let tags =
        output["Settings"].as_array().unwrap().iter().find(|setting| setting["Setting"] == "Tags").unwrap();
    assert_eq!(tags["Outcome"], "APPLIED", "{output}");
}

async fn a_restored_backup(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE, &[INDEX], Billing::OnDemand).await;
    tag(&deployed, SOURCE, 1).await;
    limit(&deployed, SOURCE, INDEX).await;
    restore_backup(&deployed).await;
    // This recovery point does not exist in AWS Backup, so its creation time is unknown.
    let point = format!("arn:aws:backup:us-east-1:{}:recovery-point:1EB3B5E7", deployed.account);
    Begin::Event(restore_job(&deployed, Some(&point)))
}

/// Gives the target, for each setting, something that the source lacks or has otherwise. Its changes go to this Kinesis
/// stream.
async fn make_extra(deployed: &Deployed, destination: &str) {
    make_table(deployed, SOURCE, &[INDEX], Billing::Provisioned).await;
    recovery(deployed, SOURCE, 35).await;
    let source_stream = stream(deployed, SOURCE, StreamViewType::KeysOnly).await;
    deployed
        .lambda
        .create_event_source_mapping()
        .event_source_arn(source_stream)
        .function_name(deployed.output("StartFunctionName"))
        .starting_position(aws_sdk_lambda::types::EventSourcePosition::TrimHorizon)
        .enabled(false)
        .send()
        .await
        .unwrap();
    kinesis(deployed, SOURCE, "changes", ApproximateCreationDateTimePrecision::Millisecond).await;
    restore(deployed).await;
    until_active(deployed, TARGET).await;
    tag(deployed, TARGET, 1).await;
    recovery(deployed, TARGET, 7).await;
    let target_stream = stream(deployed, TARGET, StreamViewType::KeysOnly).await;
    trigger(deployed, &target_stream, deployed.output("StartFunctionName"), false).await;
    trigger(deployed, &target_stream, deployed.output("CheckTableFunctionName"), false).await;
    kinesis(deployed, TARGET, destination, ApproximateCreationDateTimePrecision::Microsecond).await;
    insights(deployed, TARGET, None, ContributorInsightsMode::ThrottledKeys).await;
    scale(deployed, TARGET, INDEX).await;
    alarm(deployed, TARGET, "own", 1.0).await;
    let arn = table_arn(deployed, TARGET);
    let policy = json!({ "Version": "2012-10-17", "Statement": [] }).to_string();
    put_policy(deployed, &arn, &policy).await;
    // From then on the target's settings may be changed again.
    stack().await.aws.proxy().let_an_hour_pass(&deployed.account);
}

async fn extra_to_be_removed(deployed: Arc<Deployed>) -> Begin {
    make_extra(&deployed, "own").await;
    // The source has one of the scalable dimensions too, without a policy and a schedule.
    let register = deployed.auto_scaling.register_scalable_target().resource_id(format!("table/{SOURCE}"));
    register
        .service_namespace(aws_sdk_applicationautoscaling::types::ServiceNamespace::Dynamodb)
        .scalable_dimension(
            aws_sdk_applicationautoscaling::types::ScalableDimension::DynamoDbTableReadCapacityUnits,
        )
        .min_capacity(1)
        .max_capacity(9)
        .send()
        .await
        .unwrap();
    Begin::Input(json!({ "Source": SOURCE, "Target": TARGET, "RemoveExtra": true }))
}

async fn extra_to_be_left(deployed: Arc<Deployed>) -> Begin {
    make_extra(&deployed, "changes").await;
    Begin::Input(json!({ "Source": SOURCE, "Target": TARGET }))
}

async fn an_index_that_was_dropped(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE, &[INDEX], Billing::Provisioned).await;
    scale(&deployed, SOURCE, INDEX).await;
    insights(&deployed, SOURCE, Some(INDEX), ContributorInsightsMode::ThrottledKeys).await;
    let restore = deployed.dynamodb.restore_table_to_point_in_time().source_table_name(SOURCE);
    let restore = restore.target_table_name(TARGET).use_latest_restorable_time(true);
    restore.set_global_secondary_index_override(Some(Vec::new())).send().await.unwrap();
    Begin::Event(cloudtrail(SOURCE, TARGET))
}

async fn a_source_without_settings(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE, &[], Billing::OnDemand).await;
    restore(&deployed).await;
    Begin::Event(cloudtrail(&table_arn(&deployed, SOURCE), TARGET))
}

/// Starts while the restore is in progress. DynamoDB shows its source, which the state machine passes on.
async fn a_target_by_its_name_alone(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE, &[], Billing::OnDemand).await;
    tag(&deployed, SOURCE, 1).await;
    still_creating(&deployed).await;
    restore(&deployed).await;
    Begin::Input(json!({ "Target": TARGET }))
}

async fn a_deleted_source_with_a_document(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE, &[INDEX], Billing::Provisioned).await;
    recovery(&deployed, SOURCE, 7).await;
    time_to_live(&deployed, SOURCE, "expires", true).await;
    tag(&deployed, SOURCE, 3).await;
    let of_changes = stream(&deployed, SOURCE, StreamViewType::NewImage).await;
    trigger(&deployed, &of_changes, deployed.output("StartFunctionName"), false).await;
    scale(&deployed, SOURCE, INDEX).await;
    invoke(&deployed, "CaptureSettingsFunctionName", &json!({ "TableNames": [SOURCE] })).await;
    let backup = restore_backup(&deployed).await;
    deployed.dynamodb.delete_table().table_name(SOURCE).send().await.unwrap();
    Begin::Event(restore_job(&deployed, Some(&backup)))
}

async fn a_deleted_source_with_its_backup(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE, &[INDEX], Billing::OnDemand).await;
    stream(&deployed, SOURCE, StreamViewType::NewImage).await;
    let backup = restore_backup(&deployed).await;
    deployed.dynamodb.delete_table().table_name(SOURCE).send().await.unwrap();
    Begin::Event(restore_job(&deployed, Some(&backup)))
}

async fn a_deleted_source(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE, &[], Billing::OnDemand).await;
    restore(&deployed).await;
    deployed.dynamodb.delete_table().table_name(SOURCE).send().await.unwrap();
    Begin::Event(cloudtrail(SOURCE, TARGET))
}

async fn a_source_in_another_region(deployed: Arc<Deployed>) -> Begin {
    let region = aws_config::Region::new("eu-west-1");
    let config = deployed.config.to_builder().region(region).build();
    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    make_table_with(&dynamodb, SOURCE, &[INDEX], Billing::OnDemand).await;
    let arn = format!("arn:aws:dynamodb:eu-west-1:{}:table/{SOURCE}", deployed.account);
    let tag = aws_sdk_dynamodb::types::Tag::builder().key("team").value("billing").build().unwrap();
    dynamodb.tag_resource().resource_arn(&arn).tags(tag).send().await.unwrap();
    let stream = format!("arn:aws:kinesis:eu-west-1:{}:stream/changes", deployed.account);
    let enable = dynamodb.enable_kinesis_streaming_destination().table_name(SOURCE).stream_arn(stream);
    enable.send().await.unwrap();
    make_table(&deployed, TARGET, &[INDEX], Billing::OnDemand).await;
    Begin::Input(json!({ "Source": arn, "Target": TARGET }))
}

async fn a_source_in_another_account(deployed: Arc<Deployed>) -> Begin {
    let other = Deployed::empty_account().await;
    make_table(&other, SOURCE, &[], Billing::OnDemand).await;
    tag(&other, SOURCE, 2).await;
    make_table(&deployed, TARGET, &[], Billing::OnDemand).await;
    let role = format!("arn:aws:iam::{}:role/reader", other.account);
    Begin::Input(json!({ "Source": table_arn(&other, SOURCE), "Target": TARGET, "SourceRoleArn": role }))
}

/// Gives the target another Time to Live attribute than the source, set less than an hour ago.
async fn another_time_to_live(deployed: &Deployed) {
    make_table(deployed, SOURCE, &[], Billing::OnDemand).await;
    time_to_live(deployed, SOURCE, "expires", true).await;
    tag(deployed, SOURCE, 1).await;
    restore(deployed).await;
    until_active(deployed, TARGET).await;
    time_to_live(deployed, TARGET, "obsolete", true).await;
}

async fn changed_within_the_hour(deployed: Arc<Deployed>) -> Begin {
    another_time_to_live(&deployed).await;
    let account = deployed.account.clone();
    let proxy = stack().await.aws.proxy();
    // Lets an hour pass whenever DynamoDB has refused a change.
    tokio::spawn(async move {
        for refusals in 1..=2 {
            let refused = |call: &&Call| {
                call.action == "dynamodb:UpdateTimeToLive" && call.step.is_some() && call.status == 400
            };
            let enough = || proxy.calls(&account).iter().filter(refused).count() >= refusals;
            until_seen("a change to be refused", enough).await;
            proxy.let_an_hour_pass(&account);
        }
    });
    Begin::Input(json!({ "Source": SOURCE, "Target": TARGET }))
}

async fn refused_for_too_long(deployed: Arc<Deployed>) -> Begin {
    another_time_to_live(&deployed).await;
    Begin::Input(json!({ "Source": SOURCE, "Target": TARGET, "SettingTimeoutSeconds": 3 }))
}

async fn insights_without_rules(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE, &[INDEX], Billing::OnDemand).await;
    insights(&deployed, SOURCE, Some(INDEX), ContributorInsightsMode::ThrottledKeys).await;
    restore(&deployed).await;
    let reason = "Amazon CloudWatch Contributor Insights rule limit reached.";
    stack().await.aws.proxy().fail_insights(&deployed.account, Some(reason.to_owned()));
    Begin::Input(json!({ "Source": SOURCE, "Target": TARGET }))
}

async fn changed_back(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE, &[], Billing::OnDemand).await;
    tag(&deployed, SOURCE, 1).await;
    restore(&deployed).await;
    before(&deployed, ("sync-settings.verify-settings", "s3:GetObject"), |deployed| async move {
        let remove = deployed.dynamodb.untag_resource().resource_arn(table_arn(&deployed, TARGET));
        remove.tag_keys("key 0").send().await.unwrap();
    })
    .await;
    Begin::Input(json!({ "Source": SOURCE, "Target": TARGET, "SettingTimeoutSeconds": 8 }))
}

async fn wrong_input(_deployed: Arc<Deployed>) -> Begin {
    Begin::Input(json!({ "Target": "a table" }))
}

async fn no_such_target(_deployed: Arc<Deployed>) -> Begin {
    Begin::Input(json!({ "Source": SOURCE, "Target": TARGET }))
}

async fn a_target_deleted_during_the_sync(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE, &[], Billing::OnDemand).await;
    tag(&deployed, SOURCE, 1).await;
    stream(&deployed, SOURCE, StreamViewType::NewImage).await;
    recovery(&deployed, SOURCE, 7).await;
    restore(&deployed).await;
    // The tags are set before this call, and nothing after the stream.
    before(&deployed, ("sync-settings.apply-setting", "dynamodb:UpdateTable"), |deployed| async move {
        deployed.dynamodb.delete_table().table_name(TARGET).send().await.unwrap();
    })
    .await;
    Begin::Event(cloudtrail(SOURCE, TARGET))
}

async fn an_archived_target(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE, &[], Billing::OnDemand).await;
    restore(&deployed).await;
    let status = Some("ARCHIVED".to_owned());
    stack().await.aws.proxy().show_table_status(&deployed.account, TARGET, status);
    Begin::Event(cloudtrail(SOURCE, TARGET))
}

async fn a_restore_without_end(deployed: Arc<Deployed>) -> Begin {
    make_table(&deployed, SOURCE, &[], Billing::OnDemand).await;
    let endless = SimulatedLatency {
        tables: u32::MAX,
        indexes: 0,
        backups: 0,
        on_demand_backups: 0,
        restore_jobs: 0,
        updates: 0,
    };
    stack().await.aws.proxy().slow(&deployed.account, endless);
    restore(&deployed).await;
    Begin::Input(json!({ "Target": TARGET, "TableTimeoutSeconds": 2 }))
}

/// Creates a source with a tag, restores it, and refuses a call of a step.
async fn refused(deployed: &Deployed, step: &str, action: &str) -> Begin {
    make_table(deployed, SOURCE, &[], Billing::OnDemand).await;
    tag(deployed, SOURCE, 1).await;
    restore(deployed).await;
    inject(deployed, step, action, usize::MAX, Fault::Refuse).await;
    Begin::Input(json!({ "Source": SOURCE, "Target": TARGET }))
}

async fn describing_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, "sync-settings.check-table", "dynamodb:DescribeTable").await
}

async fn writing_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, "sync-settings.plan-settings", "s3:PutObject").await
}

async fn tagging_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, "sync-settings.apply-setting", "dynamodb:TagResource").await
}

async fn reading_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, "sync-settings.apply-setting", "s3:GetObject").await
}

async fn reading_back_refused(deployed: Arc<Deployed>) -> Begin {
    refused(&deployed, "sync-settings.verify-settings", "s3:GetObject").await
}

/// Makes later restores CREATING for more polls than reading the state before the run takes.
pub async fn still_creating(deployed: &Deployed) {
    let latency = SimulatedLatency {
        tables: 13,
        indexes: 0,
        backups: 0,
        on_demand_backups: 0,
        restore_jobs: 1,
        updates: 1,
    };
    stack().await.aws.proxy().slow(&deployed.account, latency);
}

/// Injects a fault into the first N calls of a step.
pub async fn inject(deployed: &Deployed, step: &str, action: &str, times: usize, fault: Fault) {
    let (account, step, action) = (deployed.account.clone(), Some(step.to_owned()), action.to_owned());
    let rule = Rule { account, step, action, from_ordinal: 0, times, fault };
    stack().await.aws.proxy().inject(rule);
}

/// Delays a call of a step by two seconds, longer than the one second per call that scenarios set.
pub async fn takes_two_seconds(deployed: &Deployed, (step, action): StepCall) {
    inject(deployed, step, action, 1, Fault::Delay(Duration::from_secs(2))).await;
}

/// A step and the IAM action of a call that it makes.
pub type StepCall = (&'static str, &'static str);

/// Runs `act` when a step makes a call and before the call takes effect. The call is held until `act` returns.
pub async fn before<F: Future<Output = ()> + Send>(
    deployed: &Arc<Deployed>,
    call: StepCall,
    act: impl FnOnce(Arc<Deployed>) -> F + Send + 'static,
) {
    before_repeated(deployed, 0, call, act).await;
}

/// Runs `act` as [`before`] does, when the step makes the call with this ordinal.
pub async fn before_repeated<F: Future<Output = ()> + Send>(
    deployed: &Arc<Deployed>,
    from_ordinal: usize,
    (step, action): StepCall,
    act: impl FnOnce(Arc<Deployed>) -> F + Send + 'static,
) {
    let rule = Rule {
        account: deployed.account.clone(),
        step: Some(step.to_owned()),
        action: action.to_owned(),
        from_ordinal,
        times: usize::MAX,
        fault: Fault::Hold,
    };
    stack().await.aws.proxy().inject(rule);
    let deployed = Arc::clone(deployed);
    tokio::spawn(async move {
        let proxy = stack().await.aws.proxy();
        let is_this_call =
            |call: &&Call| (call.step.as_deref(), call.action.as_str()) == (Some(step), action);
        let made = || proxy.calls(&deployed.account).iter().filter(is_this_call).count() > from_ordinal;
        until_seen("the call to be made", made).await;
        act(Arc::clone(&deployed)).await;
        proxy.release(&deployed.account, Some(step), action);
    });
}

/// Restores the current state of [`SOURCE`] to [`TARGET`].
pub async fn restore(deployed: &Deployed) {
    let restore = deployed.dynamodb.restore_table_to_point_in_time().source_table_name(SOURCE);
    restore.target_table_name(TARGET).use_latest_restorable_time(true).send().await.unwrap();
}

/// Makes a backup of [`SOURCE`] and restores it to [`TARGET`]. Returns the backup's ARN.
pub async fn restore_backup(deployed: &Deployed) -> String {
    let backup = make_backup(deployed).await;
    restore_from(deployed, &backup).await;
    backup
}

/// Makes a backup of [`SOURCE`]. Returns its ARN.
async fn make_backup(deployed: &Deployed) -> String {
    let create = deployed.dynamodb.create_backup().table_name(SOURCE).backup_name("backup");
    create.send().await.unwrap().backup_details.unwrap().backup_arn
}

/// Restores a backup to [`TARGET`].
async fn restore_from(deployed: &Deployed, backup: &str) {
    let restore = deployed.dynamodb.restore_table_from_backup().backup_arn(backup);
    restore.target_table_name(TARGET).send().await.unwrap();
}

/// Returns CloudTrail's event of a point-in-time restore. The source is a name or an ARN.
pub fn cloudtrail(source: &str, target: &str) -> Value {
    let field = if source.starts_with("arn:") { "sourceTableArn" } else { "sourceTableName" };
    json!({ "source": "aws.dynamodb", "detail-type": "AWS API Call via CloudTrail", "detail": {
        "eventSource": "dynamodb.amazonaws.com", "eventName": "RestoreTableToPointInTime",
        "eventTime": Clock::System.now().to_rfc3339_opts(SecondsFormat::Secs, true),
        "requestParameters": { field: source, "targetTableName": target, "useLatestRestorableTime": true },
        "responseElements": null } })
}

/// Returns AWS Backup's event of a restore job that made [`TARGET`] of [`SOURCE`], with this recovery point if it has
/// one.
pub fn restore_job(deployed: &Deployed, recovery_point: Option<&str>) -> Value {
    json!({ "source": "aws.backup", "detail-type": "Restore Job State Change", "detail": {
        "restoreJobId": "A1B2", "status": "COMPLETED", "resourceType": "DynamoDB",
        "recoveryPointArn": recovery_point, "createdResourceArn": table_arn(deployed, TARGET), "sourceResourceArn": table_arn(deployed, SOURCE) } })
}

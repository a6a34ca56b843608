//! Deploys every template in `infra/` to a local stack, with the resources that each of them needs.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use aws_config::SdkConfig;
use aws_sdk_backup::{operation::create_backup_vault::CreateBackupVaultError, types::BackupVaultEvent};
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, StreamSpecification,
    StreamViewType,
};
use local_aws::{Deployment, Progress};

use super::sample;
use crate::failure;
use crate::machines::stack_name;

/// The vault that AWS Backup creates in every account.
pub(crate) const VAULT: &str = "Default";

/// The table whose stream `incremental` follows on the local stack. Its template has a required parameter for the
/// stream.
const FOLLOWED: &str = "Movies";

/// A template that adds tables to a stack of `incremental`. It has no workflow of its own, and needs streams of tables
/// that a new local stack does not have.
const FOR_MORE_TABLES: &str = "incremental-tables";

/// The workflow whose template needs the state machine of `verify-table`.
const VERIFIES: &str = "restore-test";

/// The workflow whose template needs the state machines of the others.
const REPORTS: &str = "report-execution";

/// Returns the path of a workflow's template.
fn template(workflow: &str) -> anyhow::Result<PathBuf> {
    Ok(folder()?.join(workflow).with_extension("yaml"))
}

fn folder() -> anyhow::Result<PathBuf> {
    Ok(local_aws::templates().context("there are no templates to deploy")?.join("infra"))
}

/// Deploys the template of every workflow, and returns the outputs of each stack.
pub(crate) async fn everything(
    config: &SdkConfig,
    bootstrap: &Path,
    progress: &Progress,
) -> anyhow::Result<BTreeMap<String, BTreeMap<String, String>>> {
    let mut stacks = BTreeMap::new();
    for workflow in workflows()? {
        progress(&format!("deploying {workflow}"));
        let parameters = parameters(&workflow, config, &stacks).await?;
        let outputs = deploy(config, &workflow, &parameters, bootstrap).await?;
        stacks.insert(stack_name(&workflow), outputs);
    }
    Ok(stacks)
}

/// Deploys the template of a workflow under the workflow's own stack name. Returns the outputs of the stack.
pub(crate) async fn deploy(
    config: &SdkConfig,
    workflow: &str,
    parameters: &[(&str, String)],
    bootstrap: &Path,
) -> anyhow::Result<BTreeMap<String, String>> {
    let (template, stack_name) = (template(workflow)?, stack_name(workflow));
    let deployment = Deployment { template: &template, stack_name: &stack_name, parameters, bootstrap };
    local_aws::deploy(config, &deployment)
        .await
        .with_context(|| format!("infra/{workflow}.yaml cannot be deployed"))
}

/// Returns the workflows that have a template of their own, in alphabetical order. Those that need the stacks of others
/// come last.
fn workflows() -> anyhow::Result<Vec<String>> {
    let folder = folder()?;
    let mut workflows = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            workflows.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    if workflows.is_empty() {
        bail!("{} has no template (*.yaml)", folder.display());
    }
    workflows.retain(|workflow| workflow != FOR_MORE_TABLES);
    workflows.sort_by_key(|workflow| (workflow == REPORTS, workflow == VERIFIES, workflow.clone()));
    Ok(workflows)
}

/// Returns the required parameters of a template, and those that suit the sample table. The others keep their defaults.
async fn parameters(
    workflow: &str,
    config: &SdkConfig,
    stacks: &BTreeMap<String, BTreeMap<String, String>>,
) -> anyhow::Result<Vec<(&'static str, String)>> {
    Ok(match workflow {
        // The local stack is a single account, so the source account is the same.
        "export-replica" => vec![("SourceAccountId", local_aws::ACCOUNT.to_owned())],
        // Any table, from the bucket that export-table writes to.
        "import-table" => vec![
            ("TablePattern", "*".to_owned()),
            ("ExportBucketName", format!("{}-dynamodb-backup", local_aws::ACCOUNT)),
        ],
        // The schedule is off: you start executions of a stack that is there for an hour.
        "fleet" => vec![("ScheduleState", "DISABLED".to_owned())],
        "incremental" => vec![("StreamArn", followed_stream(config).await?)],
        // The rule is off: a report of each execution would be among the executions that one looks for.
        REPORTS => {
            let outputs = stacks.values().flatten();
            let machines = outputs.filter(|(output, _)| output.ends_with("StateMachineArn"));
            let machines: Vec<&str> = machines.map(|(_, arn)| arn.as_str()).collect();
            vec![
                ("ExecutionRule", "DISABLED".to_owned()),
                ("StateMachineARNs", machines.join(",")),
                ("ReportBucketName", format!("{}-dynamodb-backup", local_aws::ACCOUNT)),
            ]
        }
        VERIFIES => {
            let verification = stacks.get(&stack_name("verify-table"));
            let machine = verification.and_then(|outputs| outputs.get("StateMachineArn")).cloned();
            vec![("VerifyTableStateMachineArn", machine.context("verify-table is not deployed")?)]
        }
        "rotate-restore" => {
            let mut parameters = vec![("BackupSNSTopicARN", notifications(config).await?)];
            parameters.extend(sample::parameters());
            parameters
        }
        // Any table, with the bucket that export-table writes to, for the reports, too.
        "verify-table" => {
            let exports = format!("{}-dynamodb-backup", local_aws::ACCOUNT);
            vec![
                ("TablePattern", "*".to_owned()),
                ("SourceTablePattern", "*".to_owned()),
                ("ExportBucketName", exports.clone()),
                ("ReportBucketName", exports),
            ]
        }
        _ => Vec::new(),
    })
}

/// Creates the table [`FOLLOWED`] with a stream, unless it exists. Returns the stream's ARN.
async fn followed_stream(config: &SdkConfig) -> anyhow::Result<String> {
    let dynamodb = aws_sdk_dynamodb::Client::new(config);
    let attribute = AttributeDefinition::builder().attribute_name("id");
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash);
    let stream = StreamSpecification::builder().stream_enabled(true);
    let made = dynamodb
        .create_table()
        .table_name(FOLLOWED)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute.attribute_type(ScalarAttributeType::S).build()?)
        .key_schema(key.build()?)
        .stream_specification(stream.stream_view_type(StreamViewType::NewAndOldImages).build()?)
        .send()
        .await;
    match made {
        Err(error)
            if error.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception) => {}
        made => {
            made.map_err(failure::aws("dynamodb:CreateTable"))?;
        }
    }
    let described = dynamodb.describe_table().table_name(FOLLOWED).send().await;
    let table = described.map_err(failure::aws("dynamodb:DescribeTable"))?.table;
    table
        .and_then(|table| table.latest_stream_arn)
        .with_context(|| format!("table {FOLLOWED} has no stream for incremental to follow"))
}

/// Creates what an account that uses AWS Backup has: the vault, and a topic to which it publishes the end of each job.
/// Returns the topic's ARN.
pub(crate) async fn notifications(config: &SdkConfig) -> anyhow::Result<String> {
    let topic = aws_sdk_sns::Client::new(config)
        .create_topic()
        .name("backup-notifications")
        .send()
        .await
        .map_err(failure::aws("sns:CreateTopic"))?
        .topic_arn
        .context("CreateTopic returned no ARN")?;

    let backup = aws_sdk_backup::Client::new(config);
    match backup.create_backup_vault().backup_vault_name(VAULT).send().await {
        Err(error)
            if error.as_service_error().is_some_and(CreateBackupVaultError::is_already_exists_exception) => {}
        made => {
            made.map_err(failure::aws("backup:CreateBackupVault"))?;
        }
    }
    backup
        .put_backup_vault_notifications()
        .backup_vault_name(VAULT)
        .sns_topic_arn(&topic)
        .backup_vault_events(BackupVaultEvent::BackupJobCompleted)
        .send()
        .await
        .map_err(failure::aws("backup:PutBackupVaultNotifications"))?;
    Ok(topic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machines::machine_output;

    #[test]
    fn the_template_of_several_workflows_has_an_output_for_each() {
        let text = fs::read_to_string(template("incremental").unwrap()).unwrap();
        for workflow in ["backfill", "replay", "snapshot", "restore-snapshot"] {
            let output = machine_output(workflow);
            assert!(text.lines().any(|line| line == format!("  {output}:")), "{output}");
        }
        let text = fs::read_to_string(template("rotate-restore").unwrap()).unwrap();
        assert!(text.contains("\n  RollbackStateMachineArn:\n"));
    }
}

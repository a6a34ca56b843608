//! What is put on a local stack: every template in `infra/`, and what each of them expects to find.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use aws_config::SdkConfig;
use aws_sdk_backup::{operation::create_backup_vault::CreateBackupVaultError, types::BackupVaultEvent};
use local_aws::{Deployment, Progress};

use crate::failure;

/// The vault that AWS Backup has in every account.
pub(crate) const VAULT: &str = "Default";

/// The template of a workflow.
pub(crate) fn template(workflow: &str) -> PathBuf {
    local_aws::workspace_root().join("infra").join(workflow).with_extension("yaml")
}

/// The stack of a workflow, unless an operator chose another name.
pub(crate) fn stack_name(workflow: &str) -> String {
    format!("tablekeeper-{workflow}")
}

/// Deploys every template and returns each stack's outputs.
pub(crate) async fn everything(
    config: &SdkConfig,
    bootstrap: &Path,
    progress: &Progress,
) -> anyhow::Result<BTreeMap<String, BTreeMap<String, String>>> {
    let mut stacks = BTreeMap::new();
    for workflow in workflows()? {
        progress(&format!("deploying {workflow}"));
        let stack = stack_name(&workflow);
        let parameters = parameters(&workflow, config).await?;
        let outputs = local_aws::deploy(
            config,
            &Deployment {
                template: &template(&workflow),
                stack_name: &stack,
                parameters: &parameters,
                bootstrap,
            },
        )
        .await
        .with_context(|| format!("{workflow} cannot be deployed"))?;
        stacks.insert(stack, outputs);
    }
    Ok(stacks)
}

/// The workflows that have a template, in alphabetical order.
fn workflows() -> anyhow::Result<Vec<String>> {
    let folder = local_aws::workspace_root().join("infra");
    let mut workflows = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            workflows.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    if workflows.is_empty() {
        bail!("{} holds no template (*.yaml)", folder.display());
    }
    workflows.sort();
    Ok(workflows)
}

/// The parameters that a template cannot do without; all else keeps its default.
async fn parameters(workflow: &str, config: &SdkConfig) -> anyhow::Result<Vec<(&'static str, String)>> {
    Ok(match workflow {
        // Everything is one account here, and so is the other one.
        "export-replica" => vec![("SourceAccountId", local_aws::ACCOUNT.to_owned())],
        // Any table, from what export-table writes.
        "import-table" => vec![
            ("TablePattern", "*".to_owned()),
            ("ExportBucketName", format!("{}-dynamodb-backup", local_aws::ACCOUNT)),
        ],
        "rotate-restore" => vec![("BackupSNSTopicARN", notifications(config).await?)],
        _ => Vec::new(),
    })
}

/// Makes what an account with AWS Backup in use has: the vault, and a topic that it tells when a job
/// has ended. Returns the topic's ARN.
pub(crate) async fn notifications(config: &SdkConfig) -> anyhow::Result<String> {
    let topic = aws_sdk_sns::Client::new(config)
        .create_topic()
        .name("backup-notifications")
        .send()
        .await
        .map_err(failure::aws("CreateTopic"))?
        .topic_arn
        .context("CreateTopic returned no ARN")?;

    let backup = aws_sdk_backup::Client::new(config);
    match backup.create_backup_vault().backup_vault_name(VAULT).send().await {
        Err(error)
            if error.as_service_error().is_some_and(CreateBackupVaultError::is_already_exists_exception) => {}
        made => {
            made.map_err(failure::aws("CreateBackupVault"))?;
        }
    }
    backup
        .put_backup_vault_notifications()
        .backup_vault_name(VAULT)
        .sns_topic_arn(&topic)
        .backup_vault_events(BackupVaultEvent::BackupJobCompleted)
        .send()
        .await
        .map_err(failure::aws("PutBackupVaultNotifications"))?;
    Ok(topic)
}

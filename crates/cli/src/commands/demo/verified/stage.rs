//! Prepares `tablekeeper demo verified`: the table, its incremental backup, and the workflows.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::BackupStatus;
use serde_json::Value;
use tablekeeper_core::clock::Clock;
use tokio::time::{Instant, sleep};

use crate::commands::demo::story::{self, POLL, SOURCE, name_of};
use crate::commands::demo::{WAIT_SCALE, table};
use crate::commands::local::provision;
use crate::commands::run::start;
use crate::console::Console;
use crate::failure;
use crate::follow::{Follower, Outcome, ProgressPrinter};

/// Bucket of the reports.
const REPORTS: &str = "evidence";
/// Seconds around a backup in which a change may be in it or not.
const TOLERANCE: u64 = 1;
/// Timeout of a backup.
const PATIENCE: Duration = Duration::from_secs(60);

/// The clients and names that the chapters share.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) config: SdkConfig,
    pub(super) dynamodb: aws_sdk_dynamodb::Client,
    /// ARN of the state machine of rotations.
    pub(super) rotate_restore: String,
    /// ARN of the state machine that goes back.
    pub(super) rollback: String,
    /// The ARN that the pointer has at first.
    pub(super) older_copy: String,
}

impl Stage {
    /// Creates the table with its incremental backup, and deploys the workflows.
    pub(super) async fn deploy(
        console: &Console,
        config: &SdkConfig,
        bootstrap: &Path,
        count: u32,
    ) -> anyhow::Result<Stage> {
        let dynamodb = aws_sdk_dynamodb::Client::new(config);
        table::create_source(&dynamodb, SOURCE).await?;
        table::fill(&dynamodb, SOURCE, count, console).await?;
        console.event(&format!("{SOURCE} has {count} items, which cover every DynamoDB type"));
        let stream =
            table::describe(&dynamodb, SOURCE).await?.latest_stream_arn.context("there is no stream")?;
        console.busy("deploying");
        let incremental =
            provision::deploy(config, "incremental", &[("StreamArn", stream)], bootstrap).await?;
        let bucket = output(&incremental, "ItemBucketName")?;
        let parameters = [
            ("TablePattern", "*".to_owned()),
            ("ExportBucketName", REPORTS.to_owned()),
            ("ReportBucketName", REPORTS.to_owned()),
            ("ItemBucketName", bucket),
            ("IncrementalTableName", SOURCE.to_owned()),
            ("SettleSeconds", "1".to_owned()),
        ];
        let s3 = aws_sdk_s3::Client::new(config);
        s3.create_bucket().bucket(REPORTS).send().await.map_err(failure::aws("s3:CreateBucket"))?;
        let verify_table = provision::deploy(config, "verify-table", &parameters, bootstrap).await?;
        let mut parameters = story::parameters().to_vec();
        parameters.extend([
            ("Verify", "EXACT".to_owned()),
            ("VerifyAgainst", "incremental".to_owned()),
            ("VerifyToleranceSeconds", TOLERANCE.to_string()),
            ("VerifyTableStateMachineArn", output(&verify_table, "StateMachineArn")?),
        ]);
        let rotation = provision::deploy(config, "rotate-restore", &parameters, bootstrap).await?;
        console.idle();
        console.event("deployed: incremental, verify-table, and rotate-restore with Verify=EXACT");
        let older_copy = story::older_copy(config, &dynamodb).await?;
        console.event(&format!("{} names {}", story::PARAMETER, name_of(&older_copy)));
        let stage = Stage {
            config: config.clone(),
            dynamodb,
            rotate_restore: output(&rotation, "StateMachineArn")?,
            rollback: output(&rotation, "RollbackStateMachineArn")?,
            older_copy,
        };
        console.event("a backfill puts every item into the incremental backup");
        let backfill = output(&incremental, "BackfillStateMachineArn")?;
        let outcome = stage.run(console, &backfill, &Value::Object(Default::default())).await?;
        ensure!(outcome.succeeded(), "the backfill ended as {}", outcome.describe());
        beyond_tolerance().await;
        Ok(stage)
    }

    /// Makes a backup of the table, and waits for it. Returns its ARN. What is written after that is not in the backup.
    pub(super) async fn back_up(&self, console: &Console) -> anyhow::Result<String> {
        let create = self.dynamodb.create_backup().table_name(SOURCE).backup_name("demo").send().await;
        let details = create.map_err(failure::aws("dynamodb:CreateBackup"))?.backup_details;
        let arn = details.context("CreateBackup returned no backup")?.backup_arn;
        let deadline = Instant::now() + PATIENCE;
        while self.backup_status(&arn).await? != Some(BackupStatus::Available) {
            ensure!(Instant::now() < deadline, "{arn} is not AVAILABLE after {} s", PATIENCE.as_secs());
            sleep(POLL).await;
        }
        console.event(&format!("a backup of {SOURCE} is made"));
        console.detail(&arn);
        beyond_tolerance().await;
        Ok(arn)
    }

    async fn backup_status(&self, arn: &str) -> anyhow::Result<Option<BackupStatus>> {
        let described = self.dynamodb.describe_backup().backup_arn(arn).send().await;
        let described = described.map_err(failure::aws("dynamodb:DescribeBackup"))?.backup_description;
        Ok(described.and_then(|backup| backup.backup_details).map(|details| details.backup_status))
    }

    /// Runs an execution to its end.
    pub(super) async fn run(
        &self,
        console: &Console,
        machine: &str,
        input: &Value,
    ) -> anyhow::Result<Outcome> {
        let client = aws_sdk_sfn::Client::new(&self.config);
        let started = start::now(&client, machine, &input.to_string(), Clock::System.now()).await?;
        let printer = ProgressPrinter::new(console, &client, machine).await.within_story(WAIT_SCALE);
        printer.follow(Follower::new(client, &started.arn), POLL).await
    }
}

fn output(outputs: &BTreeMap<String, String>, name: &str) -> anyhow::Result<String> {
    outputs.get(name).cloned().with_context(|| format!("the template has no output {name}"))
}

/// Waits until a second is over, with the seconds of the tolerance after it.
async fn beyond_tolerance() {
    sleep(Duration::from_secs(TOLERANCE + 1)).await;
}

//! The chapters of the demo. Each chapter does one thing with ordinary AWS calls, prints what it does, and returns what
//! later chapters need.

mod backup;
mod restored;
mod scene;

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use aws_config::SdkConfig;
use backup::Backup;
use local_aws::{ACCOUNT, Progress};
use restored::Restored;
use scene::Scene;
pub(super) use scene::{PARAMETER, SOURCE, older_copy, parameters, pointer};
use tablekeeper_core::rotation::decision::execution_name;

use super::{WAIT_SCALE, table};
use crate::commands::local::background::Background;
use crate::console::Console;
use crate::follow::{Follower, Outcome, ProgressPrinter};
use crate::{console, follow, function, machines};

/// Timeout until a notification has started its execution.
const START: Duration = Duration::from_secs(60);
/// Interval between polls of the local stack.
pub(super) const POLL: Duration = Duration::from_millis(100);

/// Runs all chapters. Fails at the first result that differs from the expected one.
pub(crate) async fn run(
    console: &Arc<Console>,
    background: &mut Background,
    count: u32,
) -> anyhow::Result<()> {
    console.line("A backup of a DynamoDB table becomes a new table, and a pointer moves to it.");
    console.line("Everything below runs on this machine: a local stack stands in for AWS, and runs the");
    console.line("same template, state machine and functions that are deployed to AWS.");

    console.heading("1  A local stack with the workflow deployed");
    let (config, bootstrap) = set_up(console, background).await?;
    let scene = Scene::deploy(console, &config, &bootstrap).await?;

    console.heading(&format!("2  A table in use: {SOURCE}"));
    let before = scene.fill(console, count).await?;

    console.heading("3  AWS Backup backs up the table, which stays in use");
    let backup = Backup::make(console, &scene).await?;
    let changed = table::go_on(&scene.dynamodb, SOURCE, count).await?;
    console.event(&format!("{changed} items of {SOURCE} are changed, deleted or added during the backup"));

    console.heading("4  The backup's notification starts the workflow");
    backup.notification(console, &scene).await?;
    let outcome = follow_execution(console, &scene, &backup).await?;

    console.heading("5  The new table is compared with the backup");
    let restored = Restored::find(console, &scene, &backup).await?;
    restored.compare(console, &scene, &before, changed).await?;

    console.heading("6  The pointer");
    console.line(&format!("  {PARAMETER} (the SSM parameter that readers of the table use)"));
    console.line(&format!("    before  {}", scene.older_copy));
    console.line(&format!("    after   {}", console.good(restored.arn())));
    restored.older_copy_is_untouched(console, &scene).await?;

    console.heading("The demo succeeded");
    console.line(&format!("  new table  {}, restored from the backup of {SOURCE}", restored.name()));
    console
        .line(&format!("  items      {0} of {0} equal to the backup, attribute by attribute", before.len()));
    console.line(&format!("  pointer    {} -> {}", name_of(&scene.older_copy), restored.name()));
    console.line(&format!("  execution  {} states entered, {}", outcome.states_entered, outcome.status));
    console.line(&format!("  time       {}", console::duration(console.elapsed().as_secs_f64())));
    Ok(())
}

/// Starts the local stack and prepares the functions concurrently.
pub(super) async fn set_up(
    console: &Arc<Console>,
    background: &mut Background,
) -> anyhow::Result<(SdkConfig, PathBuf)> {
    console.busy("starting the local stack and preparing the functions");
    let teller = Arc::clone(console);
    let progress: Progress = Arc::new(move |line: &str| teller.event(line));
    let ready = background.ready(|line| console.event(line));
    let (state, bootstrap) = tokio::try_join!(ready, function::bootstrap(&progress))?;
    console.idle();
    let endpoint = state.endpoint().context("the local stack has no endpoint")?;
    console.event(&format!("the local stack runs at {endpoint}; the functions are ready"));
    Ok((local_aws::sdk_config(endpoint, ACCOUNT).await, bootstrap))
}

/// Follows the execution that the notification starts. Its name is derived from the backup job.
async fn follow_execution(console: &Console, scene: &Scene, backup: &Backup) -> anyhow::Result<Outcome> {
    let name = execution_name(&backup.job_id);
    let arn = machines::execution_arn(&scene.state_machine, &name)
        .with_context(|| format!("{} is not the ARN of a state machine", scene.state_machine))?;
    let client = aws_sdk_sfn::Client::new(&scene.config);
    console.busy("waiting for the notification to start the execution");
    follow::appears(&client, &arn, START).await.context("the notification did not start an execution")?;
    console.event(&format!("execution {name} is started, exactly one for this backup"));
    console.detail("(the states of the execution follow; on AWS a restore takes from minutes to hours,");
    console.detail("so the workflow waits between its checks; here these waits are shortened)");
    let printer = ProgressPrinter::new(console, &client, &scene.state_machine).await.within_story(WAIT_SCALE);
    let outcome = printer.follow(Follower::new(client, &arn), POLL).await?;
    if !outcome.succeeded() {
        bail!("the execution {name} ended as {}", outcome.describe());
    }
    Ok(outcome)
}

/// Returns the last part of an ARN or path.
pub(super) fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

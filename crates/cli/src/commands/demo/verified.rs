//! The chapters of `tablekeeper demo verified`: a damaged restore is found before anything points at it, a good one is
//! used, and the pointer goes back.

mod damage;
mod stage;

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use execution_report::message_of;
use serde_json::{Value, json};

use super::story::{PARAMETER, SOURCE, name_of, pointer, set_up};
use super::table;
use crate::commands::local::background::Background;
use crate::console;
use crate::console::Console;
use crate::follow::Outcome;
use stage::Stage;

/// Runs all chapters. Fails at the first result that differs from the expected one.
pub(crate) async fn run(
    console: &Arc<Console>,
    background: &mut Background,
    count: u32,
) -> anyhow::Result<()> {
    console.line("A restored table is compared with its backup before anything points at it.");
    console.line("Everything below runs on this machine: a local stack stands in for AWS, and runs the");
    console.line("same templates, state machines and functions that are deployed to AWS.");

    console.heading("1  A table in use, and its incremental backup");
    let (config, bootstrap) = set_up(console, background).await?;
    let stage = Stage::deploy(console, &config, &bootstrap, count).await?;

    console.heading("2  A backup is restored, and one digit of one item is lost");
    let damaged = rotate_damaged(console, &stage, count).await?;

    console.heading("3  The next backup is restored as it was");
    let (copy, verified) = rotate(console, &stage).await?;

    console.heading("4  And back to the copy before");
    roll_back(console, &stage).await?;

    console.heading("The demo succeeded");
    console.line(&format!("  damaged copy  {}: never pointed at", name_of(&damaged)));
    console.line(&format!("  good copy     {}: {verified} items compared and equal", name_of(&copy)));
    console.line(&format!("  pointer       back at {}, and pinned there", name_of(&stage.older_copy)));
    console.line(&format!("  time          {}", console::duration(console.elapsed().as_secs_f64())));
    Ok(())
}

/// Restores a backup, and changes one digit of the new table before it is verified. Returns the table's ARN.
async fn rotate_damaged(console: &Console, stage: &Stage, count: u32) -> anyhow::Result<String> {
    let backup = stage.back_up(console).await?;
    let changed = table::go_on(&stage.dynamodb, SOURCE, count).await?;
    console.event(&format!("{changed} items of {SOURCE} are changed, deleted or added after the backup"));
    let input = json!({ "BackupArn": backup });
    let (outcome, damaged) = tokio::try_join!(
        stage.run(console, &stage.rotate_restore, &input),
        damage::of_the_new_copy(console, stage)
    )?;
    expect(&outcome, Some("VerificationFailed"))?;
    let found = message_of(outcome.cause.as_deref().unwrap_or_default());
    console.event(&format!("{}: {found}", console.good("the damage was found")));
    ensure!(pointer(&stage.config).await? == stage.older_copy, "{PARAMETER} was moved to a damaged table");
    console.event(&format!("{PARAMETER} still names {}", name_of(&stage.older_copy)));
    Ok(damaged)
}

/// Restores a backup. Returns the ARN of the new table and the number of items that were compared.
async fn rotate(console: &Console, stage: &Stage) -> anyhow::Result<(String, u64)> {
    let backup = stage.back_up(console).await?;
    let outcome = stage.run(console, &stage.rotate_restore, &json!({ "BackupArn": backup })).await?;
    expect(&outcome, None)?;
    let output = outcome.output.unwrap_or_default();
    let at = |path: &str| output.pointer(path).with_context(|| format!("the output has no {path}"));
    let equal = at("/VerifyTableOutput/Equal")?.as_u64().context("Equal is not a number")?;
    let report = at("/VerifyTableOutput/Report")?.as_str().unwrap_or_default().to_owned();
    let copy = pointer(&stage.config).await?;
    ensure!(at("/UpdateSSMParameterOutput/Value")? == &Value::from(copy.as_str()), "{PARAMETER} was moved");
    console.event(&format!(
        "{} of {equal} items are equal, attribute by attribute",
        console.good(&equal.to_string())
    ));
    console.detail(&format!("(report: {report})"));
    console.event(&format!("{PARAMETER} names {}", console.good(name_of(&copy))));
    Ok((copy, equal))
}

/// Points the parameter at the copy before, and pins it there.
async fn roll_back(console: &Console, stage: &Stage) -> anyhow::Result<()> {
    let input = json!({ "SSMParameterName": PARAMETER, "To": "previous" });
    let outcome = stage.run(console, &stage.rollback, &input).await?;
    expect(&outcome, None)?;
    let now = pointer(&stage.config).await?;
    ensure!(now == stage.older_copy, "{PARAMETER} names {now}");
    console.event(&format!("{PARAMETER} names {}", console.good(name_of(&now))));
    console.detail("No rotation moves it until `tablekeeper unpin`.");
    Ok(())
}

/// Fails if the execution ended otherwise than by this error; `None` for success.
fn expect(outcome: &Outcome, error: Option<&str>) -> anyhow::Result<()> {
    ensure!(outcome.error.as_deref() == error, "the execution ended as {}", outcome.describe());
    Ok(())
}

//! What the commands of an incremental backup share: the settings, the time that is asked for, and the item.

mod item_key;
mod presence;
mod settings;

use std::path::PathBuf;

use anyhow::bail;
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::item_history::Items;
use tablekeeper_core::item_history::retention;
use tablekeeper_core::item_history::retention::VersionRetention;
use tablekeeper_core::snapshot::execution_input::second;
use tablekeeper_core::text::quoted;

pub(crate) use item_key::{ItemKey, KeyNames};
pub(crate) use presence::{check_free, check_there};
pub(crate) use settings::{Settings, Snapshots};

use crate::console::Console;
use crate::failure::Unusable;
use crate::transfer::Aws;

/// Where the settings are.
#[derive(Debug, Args)]
pub(crate) struct Configuration {
    /// A TOML file with the settings. What it has beats the environment.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The stack of infra/incremental.yaml whose buckets, prefixes and table are meant. What the environment or the file
    /// says besides has to agree.
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// Which of the tables that the stack follows is meant [default: the one that the stack is of].
    #[arg(long, value_name = "TABLE", requires = "stack")]
    stack_table: Option<String>,
}

impl Configuration {
    /// Reads them.
    pub(crate) async fn settings(&self) -> anyhow::Result<Settings> {
        let Configuration { config, stack, stack_table } = self;
        Settings::read(config.as_deref(), stack.as_deref(), stack_table.as_deref()).await
    }
}

/// The second that `--at` says, which has to be over.
pub(crate) fn past_second(text: &str) -> anyhow::Result<DateTime<Utc>> {
    let at = second(text).map_err(|invalid| Unusable(format!("--at {}", invalid.reason)))?;
    let now = Clock::System.now();
    if at > now {
        bail!(Unusable(format!("--at is {}, which is to come: it is {} now", reported(at), reported(now))));
    }
    Ok(at)
}

/// A time as these commands tell it, and take it.
pub(crate) fn reported(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// For how many days the bucket keeps versions that are not current, 0 for ever. What a second is asked of that came
/// before is refused by [`check_kept`]. A bucket that keeps none is refused. Whoever may not ask is told so: `None`.
pub(crate) async fn noncurrent_days(
    aws: &Aws,
    items: &Items,
    console: &Console,
) -> anyhow::Result<Option<u32>> {
    match retention::read(&aws.s3, &items.bucket, &items.prefix).await {
        Ok(VersionRetention { versions: false, .. }) => bail!(Unusable(format!(
            "bucket {} does not keep versions, so there is no telling how items were; turn its versioning on",
            items.bucket
        ))),
        Ok(VersionRetention { noncurrent_days, .. }) => Ok(Some(noncurrent_days)),
        Err(failure) => {
            console.line(&format!(
                "note: how long versions are kept is not known: {failure} ({})",
                failure.name
            ));
            Ok(None)
        }
    }
}

/// Refuses a second whose versions the bucket may have let go of. `said` is what names the second, up to its verb:
/// `--at is`.
pub(crate) fn check_kept(said: &str, at: DateTime<Utc>, days: Option<u32>) -> Result<(), Unusable> {
    let days = days.unwrap_or_default();
    let since = Clock::System.now() - chrono::TimeDelta::days(days.into());
    if days > 0 && at < since {
        return Err(Unusable(format!(
            "{said} {}, but the bucket keeps versions for {days} days; {} or later may be given",
            reported(at),
            reported(since)
        )));
    }
    Ok(())
}

/// Where something lies in the bucket of the items.
pub(crate) fn place(items: &Items) -> String {
    quoted(&format!("s3://{}/{}", items.bucket, items.prefix))
}

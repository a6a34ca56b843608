//! What the commands of an incremental backup share: settings, `--at` and `--key`.

mod item_key;
mod presence;
mod settings;

use anyhow::bail;
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::item_history::Items;
use tablekeeper_core::item_history::retention;
use tablekeeper_core::item_history::retention::VersionRetention;
use tablekeeper_core::text::quoted;

pub(crate) use item_key::{ItemKey, KeyNames};
pub(crate) use presence::{check_free, check_versions_exist};
pub(crate) use settings::{Settings, Snapshots};

use crate::console;
use crate::console::Console;
use crate::failure::Unusable;
use crate::moment::Moment;
use crate::transfer::Aws;

/// The options that say where the settings of an incremental backup come from.
#[derive(Debug, Args)]
pub(crate) struct Configuration {
    /// A stack of infra/incremental.yaml. Its buckets, prefixes and table are used. Values from the environment or the
    /// file must agree with it.
    #[arg(long, alias = "stack-name", value_name = "NAME")]
    stack: Option<String>,
    /// The table to use, of those that the stack follows [default: the stack's main table].
    #[arg(long, value_name = "TABLE", requires = "stack")]
    stack_table: Option<String>,
}

impl Configuration {
    /// Reads the settings from the stack, the file and the environment.
    pub(crate) async fn settings(&self) -> anyhow::Result<Settings> {
        Settings::read(self.stack.as_deref(), self.stack_table.as_deref()).await
    }
}

/// Parses the value of `--at`, which must not be in the future. Prints the time if the text left something open.
pub(crate) fn past_second(text: &str) -> anyhow::Result<DateTime<Utc>> {
    let Moment { at, understood } =
        Moment::parse(text).map_err(|reason| Unusable(format!("--at {reason}")))?;
    if let Some(understood) = understood {
        console::print_remark(&format!("--at {understood}"));
    }
    let now = Clock::System.now();
    if at > now {
        bail!(Unusable(format!("--at is {}, which is in the future (now: {})", reported(at), reported(now))));
    }
    Ok(at)
}

/// Formats a time as these commands print it and accept it.
pub(crate) fn reported(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Returns for how many days the bucket retains noncurrent versions; 0 means forever. Returns `None`, with a note on
/// the console, if the caller may not read it. A bucket without versioning is refused. [`check_retained`] refuses a
/// time before that.
pub(crate) async fn noncurrent_days(
    aws: &Aws,
    items: &Items,
    console: &Console,
) -> anyhow::Result<Option<u32>> {
    match retention::read(&aws.s3, &items.bucket, &items.prefix).await {
        Ok(VersionRetention { versions: false, .. }) => bail!(Unusable(format!(
            "bucket {} has no versioning, so earlier states of items are unknown; turn versioning on",
            items.bucket
        ))),
        Ok(VersionRetention { noncurrent_days, .. }) => Ok(Some(noncurrent_days)),
        Err(failure) => {
            console
                .note(&format!("cannot read how long versions are retained: {failure} ({})", failure.name));
            Ok(None)
        }
    }
}

/// The stream may bring changes of a second for this long after it.
const SETTLES: chrono::TimeDelta = chrono::TimeDelta::seconds(300);

/// Prints a note if the stream may not have brought all changes of a second yet.
pub(crate) fn note_unsettled(at: DateTime<Utc>, console: &Console) {
    if at > Clock::System.now() - SETTLES {
        console.note(
            "the stream may not have brought all changes of that second yet; later ones are not included",
        );
    }
}

/// Refuses a time whose versions the bucket may have deleted. `subject` names the time in the message, up to its verb,
/// such as `--at is`.
pub(crate) fn check_retained(subject: &str, at: DateTime<Utc>, days: Option<u32>) -> Result<(), Unusable> {
    let days = days.unwrap_or_default();
    let since = Clock::System.now() - chrono::TimeDelta::days(days.into());
    if days > 0 && at < since {
        return Err(Unusable(format!(
            "{subject} {}, but the bucket retains versions for {days} days; it must be {} or later",
            reported(at),
            reported(since)
        )));
    }
    Ok(())
}

/// Returns the location of the items as a quoted S3 URI, for messages.
pub(crate) fn place(items: &Items) -> String {
    quoted(&format!("s3://{}/{}", items.bucket, items.prefix))
}

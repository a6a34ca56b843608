//! What the commands share that move many items: where files are, how far it has come, and how a failure is told.

pub(crate) mod cursor_file;
mod location;
mod progress;
mod worker_pool;

use std::time::Duration;

use anyhow::bail;
use tablekeeper_core::aws::arn::is_table_name;
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::raw_items::RawItems;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::text::quoted;

pub(crate) use location::{Location, whole};
pub(crate) use progress::{Counters, Total, watch};
pub(crate) use worker_pool::WorkerPool;

use crate::console::Console;
use crate::failure;
use crate::failure::Unusable;

/// The exit code of a program that Ctrl-C ended.
pub(crate) const INTERRUPTED: u8 = 130;
/// How long an attempt of a call may take that moves items or files: a piece of 8 MiB over a line of a megabit a second
/// takes 70 s, and eight requests of 10 MB at once over one of twenty megabits 32 s.
const ATTEMPT: Duration = Duration::from_secs(120);

/// The clients of a transfer.
pub(crate) struct Aws {
    /// All but S3's.
    pub(crate) clients: Clients,
    /// For a slow line.
    pub(crate) s3: aws_sdk_s3::Client,
}

impl Aws {
    /// As the environment has it; unusable input where it names no Region.
    pub(crate) async fn from_environment() -> anyhow::Result<Aws> {
        Aws::with_dynamodb(None, None).await
    }

    /// The same, with DynamoDB in another Region or at another address. Where the environment names no Region, that one
    /// counts for all.
    pub(crate) async fn with_dynamodb(region: Option<&str>, endpoint: Option<&str>) -> anyhow::Result<Aws> {
        let environment = Clients::from_environment("tablekeeper").await;
        let clients = match region {
            Some(region) => environment.in_region(region),
            None => environment.clone(),
        };
        crate::commands::plan::region(&clients.dynamodb())?;
        let has_region = environment.dynamodb().config().region().is_some();
        let of_s3 = if has_region { environment } else { clients.clone() };
        let s3 = patient(&of_s3).s3();
        let clients = match endpoint {
            Some(url) => clients.at_endpoint(url),
            None => clients,
        };
        Ok(Aws { clients, s3 })
    }
}

impl Aws {
    /// For items, over a slow line.
    pub(crate) fn raw_items(&self) -> RawItems {
        patient(&self.clients).raw_items()
    }

    /// The sentence that a table is missing, with where it was looked for.
    pub(crate) fn missing(&self, sentence: &str) -> Unusable {
        Unusable(format!("{sentence}; DynamoDB was asked {}", self.clients.place()))
    }

    /// As [`named`], of a table that is missing with where it was looked for.
    pub(crate) fn named<E>(&self, name: ErrorName, error: E) -> anyhow::Error
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let is_missing = matches!(name, ErrorName::SourceTableMissing | ErrorName::TargetTableMissing);
        let error = named(name, error);
        if is_missing { self.missing(&failure::sentence(&error)).into() } else { error }
    }
}

/// The same clients for a slow line.
fn patient(clients: &Clients) -> Clients {
    clients.with_attempts_of(ATTEMPT)
}

/// What came of the work that [`watch`] watched: what it made, or its failure, or `None` where it was interrupted. Where
/// there is nothing made, `stop` puts things in order and says how to go on, which is told. It is given whether --resume can
/// go on.
pub(crate) async fn concluded<T>(
    console: &Console,
    ended: anyhow::Result<Option<anyhow::Result<T>>>,
    stop: impl AsyncFnOnce(bool) -> anyhow::Result<String>,
) -> anyhow::Result<Option<T>> {
    let error = match ended {
        Ok(Some(Ok(made))) => return Ok(Some(made)),
        Ok(Some(Err(error))) | Err(error) => Some(error),
        Ok(None) => None,
    };
    let again = stop(error.as_ref().is_none_or(goes_on)).await?;
    match error {
        Some(error) => {
            console.line(&again);
            Err(error)
        }
        None => {
            console.line(&format!("interrupted; {again}"));
            Ok(None)
        }
    }
}

/// Whether --resume comes further than a command that ended so: not where what it reads, or the table, is another by now.
fn goes_on(error: &anyhow::Error) -> bool {
    let name = error.downcast_ref::<Failed>().map(|failed| failed.name);
    let is_final = matches!(
        name,
        Some(
            ErrorName::ExportFailed
                | ErrorName::ExportNotVerified
                | ErrorName::ImportChanged
                | ErrorName::ImportNotVerified
                | ErrorName::InvalidExport
                | ErrorName::StreamNotUsable
        )
    );
    !is_final && error.downcast_ref::<Unusable>().is_none()
}

/// A failure that has a name, as it is told.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
struct Failed {
    name: ErrorName,
    sentence: String,
}

/// Refuses what cannot be a table's name.
pub(crate) fn check_table_name(name: &str) -> anyhow::Result<()> {
    if !is_table_name(name) {
        bail!(Unusable(format!("TABLE is {}, which is not a table's name", quoted(name))));
    }
    Ok(())
}

/// A failure that has a name, as one sentence with the name behind it. What another command line would mend is unusable
/// input.
pub(crate) fn named<E>(name: ErrorName, error: E) -> anyhow::Error
where
    E: std::error::Error + Send + Sync + 'static,
{
    let sentence = format!("{} ({name})", failure::sentence(&anyhow::Error::new(error)));
    let is_input = matches!(
        name,
        ErrorName::InvalidInput
            | ErrorName::SourceTableMissing
            | ErrorName::TableNotEmpty
            | ErrorName::TargetTableMissing
    );
    if is_input { Unusable(sentence).into() } else { Failed { name, sentence }.into() }
}

#[cfg(test)]
mod tests {
    use tablekeeper_core::aws::failure::AwsFailure;

    use super::*;

    #[test]
    fn items_have_as_much_time_as_files() {
        let version = aws_config::BehaviorVersion::latest();
        let clients = Clients::new(aws_config::SdkConfig::builder().behavior_version(version).build());
        let dynamodb = patient(&clients).dynamodb();
        let timeouts = dynamodb.config().timeout_config().unwrap();
        assert_eq!(timeouts.operation_attempt_timeout(), Some(Duration::from_secs(120)));
    }

    #[test]
    fn resuming_is_advised_where_it_can_help_alone() {
        let failed = |name| {
            let failure = AwsFailure { action: "s3:GetObject", name, detail: "so AWS says".to_owned() };
            named(name, failure)
        };
        for name in [ErrorName::AccessDenied, ErrorName::Throttled, ErrorName::InvalidVersion] {
            assert!(goes_on(&failed(name)), "{name}");
        }
        for name in [ErrorName::InvalidExport, ErrorName::ExportNotVerified, ErrorName::SourceTableMissing] {
            assert!(!goes_on(&failed(name)), "{name}");
        }
        assert!(goes_on(&anyhow::anyhow!("the cursor file cannot be written")));
    }
}

//! What the commands that move many items share: locations, cursor files, progress, worker pools, and errors with
//! names.

pub(crate) mod cursor_file;
mod interruption;
mod location;
mod progress;
mod worker_pool;

use std::sync::OnceLock;
use std::time::Duration;

use tablekeeper_core::aws::arn::{TABLE_NAME, is_table_name};
use tablekeeper_core::aws::caller::identity;
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::raw_items::RawItems;
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::text::quoted;

pub(crate) use interruption::until_interrupted;
pub(crate) use location::{Location, meant, whole};
pub(crate) use progress::{Counters, Total, watch};
pub(crate) use worker_pool::WorkerPool;

use crate::caller;
use crate::console::Console;
use crate::failure;
use crate::failure::Unusable;
use crate::session;

/// The exit code after Ctrl-C.
pub(crate) const INTERRUPTED: u8 = 130;
/// Timeout of one attempt of a call that moves items or files. A part of 8 MiB takes 70 s at 1 Mbit/s, and eight
/// parallel requests of 10 MB take 32 s at 20 Mbit/s.
const ATTEMPT: Duration = Duration::from_secs(120);

/// The clients of a command that moves items.
#[derive(Debug)]
pub(crate) struct Aws {
    /// All clients except S3's.
    pub(crate) clients: Clients,
    /// The client of S3, with a timeout for slow connections.
    pub(crate) s3: aws_sdk_s3::Client,
    /// The clients of the environment. Their DynamoDB may be another one.
    environment: Clients,
    /// The account, once it is known.
    account: OnceLock<String>,
}

impl Aws {
    /// Creates the clients from the environment. Fails with [`Unusable`] if it has no Region.
    pub(crate) async fn from_environment() -> anyhow::Result<Aws> {
        Aws::with_dynamodb(None, None).await
    }

    /// Creates the clients from the environment, with DynamoDB in another Region or at another endpoint. If the
    /// environment has no Region, this one applies to all clients.
    pub(crate) async fn with_dynamodb(region: Option<&str>, endpoint: Option<&str>) -> anyhow::Result<Aws> {
        let region = session::region().or(region);
        let environment = session::clients("tablekeeper").await;
        let clients = match region {
            Some(region) => environment.in_region(region),
            None => environment.clone(),
        };
        session::region_of(&clients.dynamodb())?;
        let has_region = environment.dynamodb().config().region().is_some();
        let of_s3 = if has_region { environment } else { clients.clone() };
        let s3 = patient(&of_s3).s3();
        if let Some(region) = s3.config().region() {
            session::calls_s3_in(region.as_ref());
        }
        let environment = of_s3;
        let clients = match endpoint {
            Some(url) => clients.at_endpoint(url),
            None => clients,
        };
        Ok(Aws { clients, s3, environment, account: OnceLock::new() })
    }
}

impl Aws {
    /// Prints the account, the place and the identity of the calls. Call it first in a command that writes.
    pub(crate) async fn announce(&self, console: &Console) {
        if let Some(account) = caller::announce(&self.environment, &self.clients.place(), console).await {
            // The first call wins. All of them have the same result.
            let _ = self.account.set(account);
        }
    }

    /// Returns the account of the credentials, which [`Aws::announce`] has usually found.
    pub(crate) async fn account(&self) -> Result<String, AwsFailure> {
        match self.account.get() {
            Some(account) => Ok(account.clone()),
            None => Ok(identity(&self.environment).await?.account),
        }
    }

    /// Returns the client for raw items, with a timeout for slow connections.
    pub(crate) fn raw_items(&self) -> RawItems {
        patient(&self.clients).raw_items()
    }

    /// Builds the error for a missing table, with the Region or endpoint of the call.
    pub(crate) fn missing(&self, sentence: &str) -> Unusable {
        let place = session::place_of("dynamodb", &self.clients.place());
        Unusable(format!("{sentence}; DynamoDB was called {place}"))
    }

    /// Works as [`named`]. Adds the Region or endpoint if a table is missing.
    pub(crate) fn named<E>(&self, name: ErrorName, error: E) -> anyhow::Error
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let is_missing = matches!(name, ErrorName::SourceTableMissing | ErrorName::TargetTableMissing);
        let error = named(name, error);
        if is_missing { self.missing(&failure::sentence(&error)).into() } else { error }
    }
}

/// Returns the clients with a timeout for slow connections.
fn patient(clients: &Clients) -> Clients {
    clients.with_attempts_of(ATTEMPT)
}

/// Returns the result of work under [`watch`], its error, or `None` if it was interrupted. Without a result, `stop`
/// cleans up and returns the advice to print. Its argument says whether `--resume` can continue.
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
            console.always(&again);
            Err(error)
        }
        None => {
            console.always(&format!("interrupted; {again}"));
            Ok(None)
        }
    }
}

/// Returns whether `--resume` can continue after this error. It cannot if the source or the table has changed.
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

/// An error with a name, as it is printed.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
struct Failed {
    name: ErrorName,
    sentence: String,
}

/// Refuses an invalid table name in the argument TABLE.
pub(crate) fn check_table_name(name: &str) -> anyhow::Result<()> {
    Ok(check_table_name_in("TABLE", name)?)
}

/// Refuses an invalid table name in an argument or option.
pub(crate) fn check_table_name_in(argument: &str, name: &str) -> Result<(), Unusable> {
    match is_table_name(name) {
        true => Ok(()),
        false => Err(Unusable(format!("{argument} is {}; it must be {TABLE_NAME}", quoted(name)))),
    }
}

/// Builds an error with its name at the end. Errors that another command line would avoid become [`Unusable`].
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
    use super::*;

    #[test]
    fn items_have_the_same_timeout_as_files() {
        let version = aws_config::BehaviorVersion::latest();
        let clients = Clients::new(aws_config::SdkConfig::builder().behavior_version(version).build());
        let dynamodb = patient(&clients).dynamodb();
        let timeouts = dynamodb.config().timeout_config().unwrap();
        assert_eq!(timeouts.operation_attempt_timeout(), Some(Duration::from_secs(120)));
    }

    #[test]
    fn resuming_is_advised_only_if_it_can_help() {
        let failed = |name| {
            let failure = AwsFailure::new("s3:GetObject", name, "so AWS says".to_owned());
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

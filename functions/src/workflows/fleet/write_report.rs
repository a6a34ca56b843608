//! `fleet.write-report`: reads the rules and all tables, and writes the document and the page.
//!
//! One invocation reads everything, within [`LONGEST`]. An account whose tables do not fit is refused before they are
//! read. If AWS throttles the calls so much that they do not fit, the step ends by the same name.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::{Either, select};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::fleet::collect::{Collected, Inventory, Progress, Stores};
use tablekeeper_core::fleet::execution_input::{ExecutionInput, Parameters};
use tablekeeper_core::fleet::rates::{RuntimeTimer, Timer, least_seconds};
use tablekeeper_core::fleet::report::Fleet;
use tablekeeper_core::fleet::rules::Rules;
use tablekeeper_core::fleet::stored::{Keys, StoredError};
use tablekeeper_core::fleet::summary::Summary;
use tablekeeper_core::input::InvalidInput;
use tablekeeper_core::storage::{Files, bucket};
use tablekeeper_core::text::{counted, quoted};

use crate::step::{Failure, Step};

/// Longest time for which tables are read. The function's `Timeout` leaves a minute more for the document and the page.
const LONGEST: Duration = Duration::from_secs(840);

/// The step that writes the document and the page.
#[derive(Debug)]
pub struct WriteReport {
    clients: Clients,
    clock: Clock,
    timer: Arc<dyn Timer>,
    longest: Duration,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// Name of the execution, which the keys derive from.
    pub execution_name: String,
    /// Time at which the execution started, which the keys derive from.
    pub started_at: DateTime<Utc>,
    /// Input of the execution.
    pub execution_input: ExecutionInput,
    /// Parameters of the template.
    pub parameters: Parameters,
}

/// Why the step fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A parameter or the rules cannot be used.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// The tables could not be listed.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
    /// The rules could not be read, or the document or the page not be written.
    #[error(transparent)]
    Stored(#[from] StoredError),
    /// The account has more tables than one invocation can read.
    #[error(
        "the account has {}, whose calls take at least {least} s at AWS's rates, and one invocation has {longest} s; \
         `tablekeeper fleet` has no limit",
        counted(*tables as u64, "table")
    )]
    TooMany {
        /// Number of tables.
        tables: usize,
        /// Seconds that they take at least.
        least: u64,
        /// Seconds of an invocation.
        longest: u64,
    },
    /// The tables were not read in time.
    #[error(
        "{read} of {} were read in {longest} s, because AWS throttles the calls or responds slowly; start an execution \
         when fewer others use the rates of the account, or use `tablekeeper fleet`, which has no limit",
        counted(*tables as u64, "table")
    )]
    TimedOut {
        /// Number of tables that were read.
        read: usize,
        /// Number of tables.
        tables: usize,
        /// Seconds of an invocation.
        longest: u64,
    },
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Input(_) => ErrorName::InvalidInput,
            Error::Aws(failure) => failure.name,
            Error::Stored(error) => error.name(),
            Error::TooMany { .. } | Error::TimedOut { .. } => ErrorName::FleetTimedOut,
        }
    }
}

impl Step for WriteReport {
    const NAME: &'static str = "fleet.write-report";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES, &[ErrorName::FleetTimedOut]];
    type Input = Input;
    type Output = Summary;
    type Error = Error;

    fn new(clients: &Clients) -> Result<WriteReport, Failure> {
        Ok(WriteReport {
            clients: clients.clone(),
            clock: Clock::System,
            timer: Arc::new(RuntimeTimer),
            longest: LONGEST,
        })
    }

    async fn run(&self, input: Input) -> Result<Summary, Error> {
        let Input { execution_name, started_at, execution_input: ExecutionInput {}, parameters } = input;
        let files = bucket(&self.clients, &parameters.report_bucket);
        let keys = Keys::new(started_at, &execution_name);
        let fleet = match keys.read(&files).await? {
            Some(fleet) => fleet,
            None => {
                let (stores, price) = (parameters.stores()?, parameters.price()?);
                let rules = rules(&files, &parameters.rules_key).await?;
                let fleet = Fleet::new(self.collect(&stores).await?, rules, price);
                keys.write(&files, fleet).await?
            }
        };
        keys.draw(&files, &fleet).await?;
        let (document, page) = (files.location(&keys.document), files.location(&keys.page));
        Ok(Summary::new(&fleet, document, page))
    }
}

impl WriteReport {
    /// Reads all tables within the time of an invocation.
    async fn collect(&self, stores: &Stores) -> Result<Collected, Error> {
        let inventory = Inventory::begin(&self.clients, &self.clock, Arc::clone(&self.timer)).await?;
        let (tables, longest) = (inventory.tables(), self.longest.as_secs());
        let least = least_seconds(tables);
        if least > longest {
            return Err(Error::TooMany { tables, least, longest });
        }
        let read = AtomicUsize::new(0);
        let progress = |progress: Progress| read.store(progress.read, Ordering::Relaxed);
        let collected = pin!(inventory.collect(stores, &progress));
        match select(collected, self.timer.wait(self.longest)).await {
            Either::Left((collected, _)) => Ok(collected),
            Either::Right(_) => Err(Error::TimedOut { read: read.load(Ordering::Relaxed), tables, longest }),
        }
    }
}

/// Reads the rules, or returns the built-in rule without a key.
async fn rules(files: &Files, key: &str) -> Result<Rules, Error> {
    if key.is_empty() {
        return Ok(Rules::built_in());
    }
    let refused =
        |reason: String| InvalidInput { field: "RulesKey", reason: format!("is {}{reason}", quoted(key)) };
    let location = files.location(key);
    let text = files.get(key).await.map_err(StoredError::Files)?.ok_or_else(|| {
        refused(format!(
            ", but {location} does not exist; upload the rules, or leave RulesKey empty for the built-in rule"
        ))
    })?;
    Ok(Rules::from_file(key, &text).map_err(|wrong| refused(format!(", but in {location} {wrong}")))?)
}

#[cfg(test)]
mod tests;

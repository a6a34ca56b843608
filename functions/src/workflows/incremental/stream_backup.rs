//! `incremental.stream-backup`: writes the changes of a batch of stream records to S3, as versions.
//!
//! Lambda's event source mapping invokes the step and relies on its response. Lambda never delivers a record again that
//! is not named in `batchItemFailures` (developer guide, "Configuring partial batch response with DynamoDB and
//! Lambda"). So the step names every record that could not be stored. It first quarantines a record that never can be,
//! with its reason, where an operator finds it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures::{StreamExt as _, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::item_history::batch::{CONCURRENCY, Memory};
use tablekeeper_core::item_history::change;
use tablekeeper_core::item_history::change::{Change, PoisonRecord};
use tablekeeper_core::item_history::key_names::of_table;
use tablekeeper_core::item_history::quarantine::quarantine;
use tablekeeper_core::item_history::sequence_number::SequenceNumber;
use tablekeeper_core::item_history::store::Store;
use tokio::sync::Mutex;

use super::config::Config;
use crate::environment::InvalidConfiguration;
use crate::step::{Failure, Step};

/// The step that writes the changes of a batch of stream records to S3. The event source mapping invokes it.
#[derive(Debug)]
pub struct StreamBackup {
    dynamodb: aws_sdk_dynamodb::Client,
    s3: aws_sdk_s3::Client,
    config: Config,
    memory: Memory,
    key_names: Mutex<HashMap<String, Arc<Vec<String>>>>,
}

/// An event of Lambda: `{"Records": […]}` with DynamoDB stream records.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Event(pub Value);

/// The records that have to be delivered again.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// First record that failed. It and the records after it in its shard are delivered again. Empty if all are stored.
    #[schemars(length(max = 1))]
    pub batch_item_failures: Vec<BatchItemFailure>,
}

/// A record that failed.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchItemFailure {
    /// Sequence number of the record.
    pub item_identifier: String,
}

/// Why a whole batch failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The event is not a batch of stream records.
    #[error("this is not a batch of DynamoDB stream records: {0}")]
    Malformed(String),
    /// The stream's table does not exist, so the key attributes of its items are unknown.
    #[error("table {0}, whose stream this is, no longer exists")]
    SourceTableMissing(String),
    /// The configured prefixes do not allow this table.
    #[error(transparent)]
    Configuration(#[from] InvalidConfiguration),
    /// An AWS call failed; holds its error name and action.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Malformed(_) => ErrorName::MalformedNotification,
            Error::Configuration(error) => error.name(),
            Error::SourceTableMissing(_) => ErrorName::SourceTableMissing,
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for StreamBackup {
    const NAME: &'static str = "incremental.stream-backup";
    const ERRORS: &'static [&'static [ErrorName]] =
        &[AwsFailure::NAMES, &[ErrorName::InvalidConfiguration, ErrorName::SourceTableMissing]];
    const REFUSED_INPUT: ErrorName = ErrorName::MalformedNotification;
    type Input = Event;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<StreamBackup, Failure> {
        Ok(StreamBackup {
            dynamodb: clients.dynamodb(),
            s3: clients.s3(),
            config: Config::from_env()?,
            memory: Memory::default(),
            key_names: Mutex::default(),
        })
    }

    /// Accepts any payload. A batch may have megabytes, and parsing would copy each value from one tree into another.
    fn input(payload: Value) -> Result<Event, Failure> {
        Ok(Event(payload))
    }

    async fn run(&self, Event(event): Event) -> Result<Output, Error> {
        let malformed = |what: &str| Error::Malformed(what.to_owned());
        let records = event.get("Records").and_then(Value::as_array);
        let records = records.ok_or_else(|| malformed("it has no Records"))?;
        let mut changes: BTreeMap<&str, Vec<Change>> = BTreeMap::new();
        let mut poison_records: Vec<QuarantinedRecord<'_>> = Vec::new();
        let mut failed: Vec<SequenceNumber> = Vec::new();
        for (index, record) in records.iter().enumerate() {
            let nameless = || malformed(&format!("Records[{index}] has no SequenceNumber"));
            let sequence_number = change::sequence_number_of(record).ok_or_else(nameless)?;
            let of_no_table = || malformed(&format!("Records[{index}] is not of a table's stream"));
            let stream = change::stream_of(record).ok_or_else(of_no_table)?;
            let (table, name) = change::table_of_stream(stream).ok_or_else(of_no_table)?;
            let prefix = self.config.prefix_of(name)?;
            let names = self.key_names(stream, table, &prefix).await?;
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            match change::read(record, &names, &prefix) {
                Ok(change) => changes.entry(table).or_default().push(change),
                Err(PoisonRecord(reason)) => {
                    poison_records.push(QuarantinedRecord { table, sequence_number, reason, record })
                }
            }
        }
        // All records are quarantined if the stream's view does not include the items.
        let quarantined: Vec<_> = poison_records.iter().map(|record| self.quarantine(record)).collect();
        let quarantined: Vec<_> = stream::iter(quarantined).buffer_unordered(CONCURRENCY).collect().await;
        failed.extend(quarantined.into_iter().flatten());
        for (table, changes) in changes {
            let applied = self.store(String::new()).apply_all(changes, &self.memory).await;
            let (written, stale, superseded) = (applied.written, applied.stale, applied.superseded);
            tracing::info!(
                table,
                written,
                stale,
                superseded,
                failed = applied.failed.len(),
                "changes backed up"
            );
            if applied.is_mostly_stale() {
                tracing::error!(table, written, stale, "most changes are older than the existing versions");
            }
            if let Some((sequence_number, failure)) = applied.first_failed() {
                tracing::error!(
                    %sequence_number,
                    table,
                    %failure,
                    "this change and the changes after it will be delivered again"
                );
            }
            failed.extend(applied.failed.into_iter().map(|(sequence_number, _)| sequence_number));
        }
        let first = failed.into_iter().min();
        // Spelt as in the record, because an identifier that Lambda does not find among its records fails the whole
        // batch.
        let of_first = |first: SequenceNumber| {
            records.iter().find(|record| change::sequence_number_of(record).as_ref() == Some(&first))
        };
        let spelt = first.and_then(of_first).and_then(change::sequence_number_text);
        let first = spelt.map(|text| BatchItemFailure { item_identifier: text.to_owned() });
        Ok(Output { batch_item_failures: first.into_iter().collect() })
    }
}

/// A record that is to be quarantined.
struct QuarantinedRecord<'a> {
    table: &'a str,
    sequence_number: SequenceNumber,
    reason: String,
    record: &'a Value,
}

impl StreamBackup {
    /// Returns the bucket, with the prefix of a table's items if items have to be searched for.
    fn store(&self, prefix: String) -> Store {
        Store { s3: self.s3.clone(), bucket: self.config.bucket.clone(), prefix }
    }

    /// Quarantines a record. Returns its sequence number if even that failed.
    async fn quarantine(&self, quarantined: &QuarantinedRecord<'_>) -> Option<SequenceNumber> {
        let QuarantinedRecord { table, sequence_number, reason, record } = quarantined;
        tracing::error!(%sequence_number, table, reason, "a record cannot be backed up");
        let (store, prefix) = (self.store(String::new()), &self.config.failures_prefix);
        let failure = quarantine(&store, prefix, table, sequence_number, reason, record).await.err()?;
        tracing::error!(%sequence_number, table, %failure, "the record could not be quarantined either");
        Some(sequence_number.clone())
    }

    /// Returns the key attributes of a stream's table, in the table's order. They are read once, because they never
    /// change. A table that is made again under its name may have others, but it has another stream.
    async fn key_names(&self, stream: &str, table: &str, prefix: &str) -> Result<Arc<Vec<String>>, Error> {
        let mut known = self.key_names.lock().await;
        if let Some(names) = known.get(stream) {
            return Ok(Arc::clone(names));
        }
        // The stream outlives its table by a day, and its last changes matter most then.
        let names = of_table(&self.dynamodb, &self.store(prefix.to_owned()), table).await?;
        let names = Arc::new(names.ok_or_else(|| Error::SourceTableMissing(table.to_owned()))?);
        known.insert(stream.to_owned(), Arc::clone(&names));
        Ok(names)
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

//! `restore-test.watch-tests`: publishes how old the newest successful restore test of each table is.
//!
//! A plan that no longer runs, or that never chooses a table, causes no events, so no execution fails. This step reads
//! the evidence. Its tables are those that have evidence, and those that the template lists. A table is overdue if its
//! newest successful test is older than the template allows, or if it has none. The alarm counts overdue tables and
//! treats missing data as a breach, so it also fires if this step does not run.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::arn::table_arn;
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::input::{InvalidInput, number};
use tablekeeper_core::restore_test::evidence::{EvidenceError, folder, keys_by_folder, read};
use tablekeeper_core::storage::{Files, bucket};

use crate::step::{Failure, Step};

/// Maximum number of values in a call of PutMetricData (its API reference).
const MOST_VALUES: usize = 1_000;

/// The step that publishes the age of the newest tests. A schedule invokes it.
#[derive(Debug)]
pub struct WatchTests {
    clients: Clients,
    clock: Clock,
}

/// The input that the schedule passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// Name of the bucket of the evidence.
    pub evidence_bucket: String,
    /// Names of tables that must have successful tests. Empty names are left out.
    pub tables: Vec<String>,
    /// ARN of the state machine, whose account and Region are those of the tables.
    pub state_machine_arn: String,
    /// Days after which a table without a successful test is overdue.
    pub most_days: String,
    /// Namespace of the metrics.
    pub namespace: String,
}

/// The tables and their tests.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The tables, by the folders of their evidence.
    pub tables: BTreeMap<String, Tested>,
    /// Folders of the tables that are overdue.
    pub overdue: Vec<String>,
    /// Folders of the tables whose newest test was not successful.
    pub failing: Vec<String>,
}

/// The tests of a table.
#[derive(Clone, Debug, Default, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tested {
    /// ARN of the table, as the newest evidence has it; null without evidence.
    pub table_arn: Option<String>,
    /// Whether the newest test was successful; null without evidence.
    pub newest_successful: Option<bool>,
    /// Time when the newest successful test ended; null if there is none.
    pub successful_at: Option<DateTime<Utc>>,
    /// Days since then; null if there is none.
    pub days: Option<f64>,
}

/// Why the step fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A parameter is invalid.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// The evidence could not be listed or read.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The metrics could not be published.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Input(_) => ErrorName::InvalidInput,
            Error::Evidence(error) => error.name(),
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for WatchTests {
    const NAME: &'static str = "restore-test.watch-tests";
    const ERRORS: &'static [&'static [ErrorName]] = &[AwsFailure::NAMES];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<WatchTests, Failure> {
        Ok(WatchTests { clients: clients.clone(), clock: Clock::System })
    }

    async fn run(&self, input: Input) -> Result<Output, Error> {
        let most_days = f64::from(number("MostDaysWithoutTest", None, &input.most_days, 1, 366)?);
        let files = bucket(&self.clients, &input.evidence_bucket);
        let evidence = keys_by_folder(&files).await?;
        let listed = input.tables.iter().filter(|name| !name.is_empty());
        let listed = listed.map(|name| folder(&table_arn(name, &input.state_machine_arn)));
        let folders: BTreeSet<String> = evidence.keys().cloned().chain(listed).collect();
        let mut tables = BTreeMap::new();
        for folder in folders {
            let keys = evidence.get(&folder).map(Vec::as_slice).unwrap_or_default();
            tables.insert(folder, self.tested(&files, keys).await?);
        }
        let with = |is_wanted: &dyn Fn(&Tested) -> bool| -> Vec<String> {
            let wanted = tables.iter().filter(|(_, tested)| is_wanted(tested));
            wanted.map(|(folder, _)| folder.clone()).collect()
        };
        let overdue = with(&|tested| tested.days.is_none_or(|days| days > most_days));
        let failing = with(&|tested| tested.newest_successful == Some(false));
        for folder in &overdue {
            let days = tables.get(folder).and_then(|tested| tested.days);
            tracing::warn!(folder, days, most_days, "the table has no recent successful restore test");
        }
        tracing::info!(tables = tables.len(), overdue = overdue.len(), failing = failing.len(), "checked");
        let output = Output { tables, overdue, failing };
        self.publish(&input.namespace, &output).await?;
        Ok(output)
    }
}

impl WatchTests {
    /// Reads the evidence of a table from the newest on, up to the first that is successful.
    async fn tested(&self, files: &Files, newest_first: &[String]) -> Result<Tested, EvidenceError> {
        let mut tested = Tested::default();
        for key in newest_first {
            let evidence = match read(files, key).await {
                Ok(evidence) => evidence,
                // It must not hide the older evidence.
                Err(error @ EvidenceError::Unusable { .. }) => {
                    tracing::warn!(%error, "an object is left out");
                    continue;
                }
                Err(error) => return Err(error),
            };
            tested.table_arn.get_or_insert(evidence.test.source_table_arn);
            tested.newest_successful.get_or_insert(evidence.successful);
            if evidence.successful {
                let ended_at = evidence.test.ended_at;
                tested.successful_at = Some(ended_at);
                tested.days = Some((self.clock.now() - ended_at).as_seconds_f64() / 86_400.0);
                break;
            }
        }
        Ok(tested)
    }

    #[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
    async fn publish(&self, namespace: &str, output: &Output) -> Result<(), AwsFailure> {
        let datum = |name: &str, value: f64| {
            MetricDatum::builder().metric_name(name).value(value).unit(StandardUnit::Count)
        };
        let mut values = vec![
            datum("TablesOverdue", output.overdue.len() as f64).build(),
            datum("TablesFailing", output.failing.len() as f64).build(),
        ];
        for tested in output.tables.values() {
            if let (Some(arn), Some(days)) = (&tested.table_arn, tested.days) {
                let table = Dimension::builder().name("Table").value(arn).build();
                values.push(datum("DaysSinceSuccessfulTest", days).dimensions(table).build());
            }
        }
        let cloudwatch = self.clients.cloudwatch();
        for values in values.chunks(MOST_VALUES) {
            let put = cloudwatch.put_metric_data().namespace(namespace);
            let put = put.set_metric_data(Some(values.to_vec())).send().await;
            put.map_err(AwsFailure::from_call("cloudwatch:PutMetricData"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

//! `fleet.check-rules`: publishes the metrics of an inventory, and fails if a rule is broken or not known to be kept.
//!
//! The metrics are published first, so the alarms see every inventory. A repeated step publishes the same values again,
//! which a maximum does not change.

use aws_sdk_cloudwatch::types::{MetricDatum, StandardUnit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::error_name::{ErrorName, HasErrorName};
use tablekeeper_core::fleet::report::Totals;
use tablekeeper_core::fleet::summary::Summary;

use crate::step::{Failure, Step};

/// The step that publishes the metrics and checks the rules.
#[derive(Debug)]
pub struct CheckRules {
    cloudwatch: aws_sdk_cloudwatch::Client,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// What the report says.
    pub summary: Summary,
    /// Namespace of the metrics.
    pub namespace: String,
}

/// The result of an inventory whose rules are kept.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    /// The result in a sentence.
    pub sentence: String,
    /// Number of tables.
    pub tables: u64,
    /// Number of tables that break a rule: 0.
    pub broken: u64,
    /// Number of tables of which it is not known whether they keep a rule: 0.
    pub not_known: u64,
    /// Number of tables that no rule is about.
    pub without_rule: u64,
    /// Number of tables without any source to bring them back. Copies do not count.
    pub unprotected: u64,
    /// Most seconds of changes that a table would lose; null if no loss is known.
    pub worst_loss_seconds: Option<u64>,
    /// What could not be read, although no rule needs it.
    #[schemars(length(max = 11))]
    pub not_read: Vec<String>,
    /// Location of the document.
    pub document: String,
    /// Location of the page.
    pub page: String,
}

/// Why the step fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A table breaks a rule.
    #[error("{sentence}: {}; the page is {page}", not_kept.join("; "))]
    Broken {
        /// The result in a sentence.
        sentence: String,
        /// The rules that are not kept.
        not_kept: Vec<String>,
        /// Location of the page.
        page: String,
    },
    /// It is not known whether a table keeps a rule, and none breaks one.
    #[error("{sentence}: {}; the page is {page}", not_kept.join("; "))]
    NotKnown {
        /// The result in a sentence.
        sentence: String,
        /// The rules that are not known to be kept.
        not_kept: Vec<String>,
        /// Location of the page.
        page: String,
    },
    /// The metrics could not be published.
    #[error(transparent)]
    Aws(#[from] AwsFailure),
}

impl HasErrorName for Error {
    fn name(&self) -> ErrorName {
        match self {
            Error::Broken { .. } => ErrorName::RulesBroken,
            Error::NotKnown { .. } => ErrorName::RulesNotKnown,
            Error::Aws(failure) => failure.name,
        }
    }
}

impl Step for CheckRules {
    const NAME: &'static str = "fleet.check-rules";
    const ERRORS: &'static [&'static [ErrorName]] =
        &[AwsFailure::NAMES, &[ErrorName::RulesBroken, ErrorName::RulesNotKnown]];
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<CheckRules, Failure> {
        Ok(CheckRules { cloudwatch: clients.cloudwatch() })
    }

    async fn run(&self, input: Input) -> Result<Output, Error> {
        let Input { summary, namespace } = input;
        self.publish(&namespace, &summary.totals).await?;
        let Summary { sentence, totals, not_kept, not_read, document, page, .. } = summary;
        for rule in &not_kept {
            tracing::warn!(%rule, "a rule is not kept");
        }
        match (totals.broken, totals.not_known) {
            (0, 0) => {}
            (0, _) => return Err(Error::NotKnown { sentence, not_kept, page }),
            _ => return Err(Error::Broken { sentence, not_kept, page }),
        }
        Ok(Output {
            sentence,
            tables: totals.tables,
            broken: totals.broken,
            not_known: totals.not_known,
            without_rule: totals.without_rule,
            unprotected: totals.unprotected,
            worst_loss_seconds: totals.worst_loss_seconds,
            not_read,
            document,
            page,
        })
    }
}

impl CheckRules {
    async fn publish(&self, namespace: &str, totals: &Totals) -> Result<(), AwsFailure> {
        #[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
        let datum = |name: &str, value: u64, unit| {
            MetricDatum::builder().metric_name(name).value(value as f64).unit(unit).build()
        };
        let counts = [
            ("Tables", totals.tables),
            ("TablesBroken", totals.broken),
            ("TablesNotKnown", totals.not_known),
            ("TablesWithoutRule", totals.without_rule),
            ("TablesUnprotected", totals.unprotected),
        ];
        let counts = counts.map(|(name, value)| datum(name, value, StandardUnit::Count));
        let loss = totals.worst_loss_seconds;
        let loss = loss.map(|seconds| datum("WorstLossSeconds", seconds, StandardUnit::Seconds));
        let values = counts.into_iter().chain(loss).collect();
        let put = self.cloudwatch.put_metric_data().namespace(namespace).set_metric_data(Some(values));
        put.send().await.map_err(AwsFailure::from_call("cloudwatch:PutMetricData"))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tablekeeper_core::testing::fake_aws::FakeAws;

    use super::*;
    use crate::step::AnyStep;

    fn summary(broken: u64, not_known: u64) -> Value {
        json!({ "beganAt": "2026-12-01T06:00:00Z", "sentence": "S", "notKept": ["orders: all: Pitr broken: it is off"],
            "notRead": ["exports of 2 tables: refused"], "document": "s3://b/d.json", "page": "s3://b/p.html",
            "totals": { "tables": 7, "broken": broken, "notKnown": not_known, "withoutRule": 2, "unprotected": 1,
                "worstLossSeconds": 300, "copies": 2, "supersededCopies": 1, "supersededGb": 0.0,
                "supersededPrice": null } })
    }

    async fn check(aws: &FakeAws, summary: Value) -> Result<Value, Failure> {
        let step = CheckRules::new(&aws.clients()).unwrap();
        step.run_json(json!({ "summary": summary, "namespace": "tablekeeper/fleet" })).await
    }

    /// Returns the names of the metrics in the only call, whose CBOR has them as text.
    fn published(aws: &FakeAws) -> Vec<&'static str> {
        let calls = aws.calls("cloudwatch:PutMetricData");
        let [call] = calls.as_slice() else { panic!("{calls:?}") };
        let text = call.input.as_str().unwrap();
        let names =
            ["TablesBroken", "TablesNotKnown", "TablesWithoutRule", "TablesUnprotected", "WorstLossSeconds"];
        names.into_iter().filter(|name| text.contains(name)).collect()
    }

    #[tokio::test]
    async fn kept_rules_succeed_with_the_numbers() {
        let aws = FakeAws::default();
        let output = check(&aws, summary(0, 0)).await.unwrap();
        let expected = json!({ "Sentence": "S", "Tables": 7, "Broken": 0, "NotKnown": 0, "WithoutRule": 2,
            "Unprotected": 1, "WorstLossSeconds": 300, "NotRead": ["exports of 2 tables: refused"],
            "Document": "s3://b/d.json", "Page": "s3://b/p.html" });
        assert_eq!(output, expected);
        assert_eq!(published(&aws).len(), 5);
        let (aws, mut unknown) = (FakeAws::default(), summary(0, 0));
        unknown["totals"]["worstLossSeconds"] = Value::Null;
        assert_eq!(check(&aws, unknown).await.unwrap()["WorstLossSeconds"], Value::Null);
        assert!(!published(&aws).contains(&"WorstLossSeconds"), "a loss that is not known has no value");
    }

    #[tokio::test]
    async fn rules_that_are_not_kept_fail_by_name_after_the_metrics() {
        for (broken, not_known, name) in
            [(1, 0, ErrorName::RulesBroken), (1, 3, ErrorName::RulesBroken), (0, 3, ErrorName::RulesNotKnown)]
        {
            let aws = FakeAws::default();
            let failure = check(&aws, summary(broken, not_known)).await.unwrap_err();
            assert_eq!(failure.name, name);
            assert_eq!(failure.message, "S: orders: all: Pitr broken: it is off; the page is s3://b/p.html");
            assert_eq!(published(&aws).len(), 5);
        }
    }

    #[tokio::test]
    async fn a_metric_that_is_refused_fails_by_name() {
        let aws = FakeAws::default();
        aws.refuse("cloudwatch:PutMetricData", "AccessDenied");
        // The fake answers in JSON, in which the client finds no code.
        assert_eq!(check(&aws, summary(1, 0)).await.unwrap_err().name, ErrorName::RequestRefused);
    }
}

//! The report of a verification.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Strength;
use super::check::FunctionCheck;
use super::comparing::DifferenceKind;
use super::execution_input::Key;
use super::indexes::IndexCheck;

/// Maximum number of differences in a report.
pub const MOST_DIFFERENCES: usize = 1_000;
/// Version of the document.
pub const VERSION: u32 = 1;

/// The report of a verification. It has keys of items, and no other values.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Report {
    /// Version of the document.
    pub version: u32,
    /// ARN of the execution.
    pub execution_arn: String,
    /// ARN of the table.
    pub table_arn: String,
    /// Id of the table, which differs between consecutive tables of the same name.
    pub table_id: String,
    /// What was proved or refuted.
    pub strength: Strength,
    /// What the table was compared with, in a few words.
    pub against: String,
    /// Whether the table holds what it should, as far as the strength tells.
    pub verified: bool,
    /// Whether the table gets the tag `tablekeeper:verified`.
    pub tagged: bool,
    /// Results of the comparison.
    #[serde(flatten)]
    pub results: Results,
    /// How the key schema differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_schema: Option<String>,
    /// How the indexes differ, a sentence fragment for each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 40))]
    pub index_differences: Vec<String>,
    /// What the differences of the indexes mean.
    pub indexes: IndexCheck,
    /// What the check function returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_check: Option<FunctionCheck>,
    /// Required keys that the table does not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub keys_missing: Vec<Key>,
    /// The first differences.
    #[schemars(length(max = 1_000))]
    pub differences: Vec<ReportedDifference>,
    /// Remarks about the verification.
    #[schemars(length(max = 10))]
    pub notes: Vec<String>,
    /// Time when the execution began.
    pub started_at: DateTime<Utc>,
    /// Time when the verification was decided.
    pub finished_at: DateTime<Utc>,
}

/// Results of a comparison. A field that does not apply to the strength is absent.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Results {
    /// Number of items of the table. With `SAMPLED` it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<u64>,
    /// Number of items that the table should hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items_expected: Option<u64>,
    /// Number of compared items that are equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equal: Option<u64>,
    /// Number of items that the table lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<u64>,
    /// Number of items that only the table has. With `SAMPLED` it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<u64>,
    /// Number of compared items that differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<u64>,
    /// Number of items that differ, but have a state of the seconds around the second of an incremental backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_tolerance: Option<u64>,
    /// Number of items of the sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled: Option<u64>,
    /// Share of damaged items, from 0 to 1, that the sample misses with a probability of 1 %. A greater share is missed
    /// less often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detects_share: Option<f64>,
    /// Maximum share of differences in percent, if the table was compared with a table that may be written to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_difference_percent: Option<f64>,
    /// Maximum number of items that were inserted or deleted in the meantime, if the numbers of items differ and the write
    /// metrics decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at_most: Option<u64>,
    /// Number of required keys that the table has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys_found: Option<u64>,
}

/// A difference in a report.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ReportedDifference {
    /// How the item differs.
    pub kind: DifferenceKind,
    /// Key of the item as DynamoDB JSON.
    pub key: Key,
}

/// Returns the share of damaged items that a sample of this many items misses with a probability of 1 %. A sample of
/// none misses everything.
pub fn detects_share(sampled: u64) -> f64 {
    /// Probability with which damage of this share is missed.
    const MISSED: f64 = 0.01;
    let share = match sampled {
        0 => 1.0,
        sampled => 1.0 - MISSED.powf(1.0 / sampled as f64),
    };
    // Rounded up, so that it does not claim more.
    (share * 1e9).ceil() / 1e9
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use item_compare::{Fingerprint, Fingerprinter, Sample};

    use super::*;

    #[test]
    fn a_greater_sample_detects_a_smaller_share() {
        for (sampled, share) in [(0, 1.0), (1, 0.99), (1_000, 0.004_594_583), (100_000, 0.000_046_051)] {
            assert!((detects_share(sampled) - share).abs() < 1e-9, "{sampled}: {}", detects_share(sampled));
            let missed = (1.0 - detects_share(sampled)).powf(sampled as f64);
            assert!(sampled == 0 || missed <= 0.01 + 1e-12, "{missed}");
        }
    }

    /// Damages a share of 10,000 items that a sample of 1,000 misses with a probability of at most 1 %, and takes 1,000
    /// samples. With that probability more than 25 samples miss the damage less than once in 10,000 times.
    #[test]
    fn a_sample_finds_the_share_that_it_states() {
        const ITEMS: usize = 10_000;
        let mut fingerprinter = Fingerprinter::new(["id"]);
        let item = |id| format!(r#"{{"id":{{"N":"{id}"}}}}"#);
        let all: Vec<Fingerprint> =
            (0..ITEMS).map(|id| fingerprinter.fingerprint(item(id).as_bytes()).unwrap()).collect();
        let damaged = (detects_share(1_000) * ITEMS as f64).ceil() as usize;
        assert_eq!(damaged, 46);
        let bad: BTreeSet<&[u8]> =
            all.iter().step_by(ITEMS / damaged).take(damaged).map(|item| item.key.as_slice()).collect();
        assert_eq!(bad.len(), damaged);
        let is_missed = |seed: &u128| {
            let mut sample = Sample::new(1_000, *seed);
            all.iter().for_each(|item| sample.push(item));
            !sample.into_fingerprints().iter().any(|item| bad.contains(item.key.as_slice()))
        };
        let missed = (0..1_000).filter(is_missed).count();
        assert!(missed <= 25, "{missed} of 1,000 samples missed the damage");
    }
}

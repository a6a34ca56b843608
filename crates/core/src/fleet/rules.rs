//! Rules about the protection of tables: which tables must have what.

mod check;
mod read;

pub use check::{Outcome, Verdict};
pub use read::RulesError;

use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts::TableFacts;
use super::finding::Finding;

/// Longest that `MaxLossSeconds` can be: a year.
const LONGEST_LOSS: u32 = 366 * 86_400;
/// Most days of the other rules.
const MOST_DAYS: u32 = 3_660;

/// The rules of a file.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Rules {
    /// The rules. All rules that select a table apply to it.
    #[schemars(length(min = 1))]
    pub rules: Vec<Rule>,
}

/// What some tables must have.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Rule {
    /// Name of the rule, which reports show.
    #[schemars(length(min = 1))]
    pub name: String,
    /// The tables that the rule is about. Without it, all tables that are no copies.
    #[serde(default)]
    pub tables: Selection,
    /// What the tables must have.
    pub must: Requirements,
}

/// The tables that a rule is about. A table must fit all fields.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Selection {
    /// Regular expression for the names. It matches anywhere in a name unless it is anchored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_pattern: Option<String>,
    /// Tag that the tables have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<Tag>,
    /// Whether copies are among them: tables that a rotation or a restore test made.
    pub copies: bool,
}

/// A tag.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Tag {
    /// Key of the tag.
    #[schemars(length(min = 1, max = 128))]
    pub key: String,
    /// Value of the tag; any value if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// What tables must have.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Requirements {
    /// Point-in-time recovery is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pitr: Option<bool>,
    /// Point-in-time recovery is on, or the newest backup or recovery point is at most N days old.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3660))]
    pub pitr_or_backup_within_days: Option<u32>,
    /// If the table were lost now, the best source would lack at most the changes of the last N seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 31622400))]
    pub max_loss_seconds: Option<u32>,
    /// The table can go back to any second of the last N days, or since its creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3660))]
    pub min_window_days: Option<u32>,
    /// The newest backup or recovery point is at most N days old.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3660))]
    pub backup_within_days: Option<u32>,
    /// A restored table was verified in the last N days.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3660))]
    pub verified_within_days: Option<u32>,
    /// DynamoDB refuses to delete the table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_protection: Option<bool>,
    /// A settings document of the table exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings_captured: Option<bool>,
}

impl Rules {
    /// Returns the rule that applies without a file: each table that is no copy has point-in-time recovery, or a backup
    /// or recovery point of at most 7 days.
    pub fn built_in() -> Rules {
        let must = Requirements { pitr_or_backup_within_days: Some(7), ..Requirements::default() };
        Rules { rules: vec![Rule { name: "built-in".to_owned(), tables: Selection::default(), must }] }
    }
}

/// Whether a rule is about a table.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Selected {
    Yes,
    No,
    /// It is not known, for this reason.
    NotKnown(String),
}

impl Selection {
    fn selects(&self, name: &str, facts: &TableFacts) -> Selected {
        if self.name_pattern.as_deref().is_some_and(|pattern| !matches(pattern, name)) {
            return Selected::No;
        }
        if !self.copies && facts.copy.found().is_some() {
            return Selected::No;
        }
        let Some(tag) = &self.tag else { return Selected::Yes };
        match &facts.tags {
            Finding::Found { value: tags } => {
                let value = tags.get(&tag.key);
                let fits = value.is_some_and(|value| tag.value.as_ref().is_none_or(|wanted| wanted == value));
                if fits { Selected::Yes } else { Selected::No }
            }
            Finding::NotKnown { reason } => Selected::NotKnown(reason.clone()),
            Finding::None {} | Finding::NotAsked {} => Selected::No,
        }
    }
}

/// Returns whether a name fits a pattern, which was checked when the rules were read.
fn matches(pattern: &str, name: &str) -> bool {
    Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(name))
}

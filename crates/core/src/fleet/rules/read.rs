//! Reads the rules of a file. Refuses what is wrong with its place and what would be right.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;

use super::{LONGEST_LOSS, MOST_DAYS, Requirements, Rule, Rules};
use crate::text::{quoted, regex_error};

/// Why rules cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{place} {reason}")]
pub struct RulesError {
    /// Where in the file, such as `Rules[0].Must.MinWindowDays`.
    pub place: String,
    /// What is wrong, and what would be right.
    pub reason: String,
}

fn error(place: impl Into<String>, reason: impl Into<String>) -> RulesError {
    RulesError { place: place.into(), reason: reason.into() }
}

impl Rules {
    /// Reads the text of a file and checks it. It is YAML if the name of the file ends in `.yaml` or `.yml`, and otherwise
    /// JSON.
    pub fn from_file(name: &str, text: &[u8]) -> Result<Rules, RulesError> {
        let document = if name.ends_with(".yaml") || name.ends_with(".yml") {
            serde_yaml_ng::from_slice(text)
                .map_err(|wrong| error("the file", format!("is not YAML: {wrong}")))?
        } else {
            let hint = "; a file of YAML must end in .yaml or .yml";
            serde_json::from_slice(text)
                .map_err(|wrong| error("the file", format!("is not JSON: {wrong}{hint}")))?
        };
        Rules::from_document(document)
    }

    /// Reads the document of a file and checks it.
    pub fn from_document(document: Value) -> Result<Rules, RulesError> {
        let rules: Rules = serde_path_to_error::deserialize(document).map_err(|wrong| {
            let place = wrong.path().to_string();
            let place = if place == "." { "the document".to_owned() } else { place };
            error(place, format!("cannot be used: {}", wrong.into_inner()))
        })?;
        rules.check()?;
        Ok(rules)
    }

    fn check(&self) -> Result<(), RulesError> {
        if self.rules.is_empty() {
            return Err(error("Rules", "is empty; it must have at least one rule"));
        }
        let mut names = BTreeSet::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let place = format!("Rules[{index}]");
            if rule.name.trim().is_empty() {
                return Err(error(format!("{place}.Name"), "is empty; reports show it"));
            }
            if !names.insert(&rule.name) {
                let reason = format!("is {}, as another rule's; each rule needs its own", quoted(&rule.name));
                return Err(error(format!("{place}.Name"), reason));
            }
            rule.check(&place)?;
        }
        Ok(())
    }
}

impl Rule {
    fn check(&self, place: &str) -> Result<(), RulesError> {
        if let Some(Err(wrong)) = self.tables.name_pattern.as_deref().map(Regex::new) {
            let reason = format!("is not a regular expression: {}", regex_error(&wrong));
            return Err(error(format!("{place}.Tables.NamePattern"), reason));
        }
        if self.tables.tag.as_ref().is_some_and(|tag| tag.key.is_empty()) {
            return Err(error(format!("{place}.Tables.Tag.Key"), "is empty; it must be the key of a tag"));
        }
        self.must.check(&format!("{place}.Must"))
    }
}

impl Requirements {
    fn check(&self, place: &str) -> Result<(), RulesError> {
        if *self == Requirements::default() {
            let reason = "is empty; it must have one of Pitr, PitrOrBackupWithinDays, MaxLossSeconds, MinWindowDays, \
                          BackupWithinDays, VerifiedWithinDays, DeletionProtection and SettingsCaptured";
            return Err(error(place, reason));
        }
        let switches = [
            ("Pitr", self.pitr),
            ("DeletionProtection", self.deletion_protection),
            ("SettingsCaptured", self.settings_captured),
        ];
        for (name, value) in switches {
            if value == Some(false) {
                let reason = "is false; it must be true, or be left out where it is not required";
                return Err(error(format!("{place}.{name}"), reason));
            }
        }
        let numbers = [
            ("PitrOrBackupWithinDays", self.pitr_or_backup_within_days, MOST_DAYS),
            ("MaxLossSeconds", self.max_loss_seconds, LONGEST_LOSS),
            ("MinWindowDays", self.min_window_days, MOST_DAYS),
            ("BackupWithinDays", self.backup_within_days, MOST_DAYS),
            ("VerifiedWithinDays", self.verified_within_days, MOST_DAYS),
        ];
        for (name, value, most) in numbers {
            if let Some(value) = value.filter(|value| !(1..=most).contains(value)) {
                let reason = format!("is {value}; it must be between 1 and {most}");
                return Err(error(format!("{place}.{name}"), reason));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(must: Value) -> Value {
        json!({ "Rules": [{ "Name": "all", "Must": must }] })
    }

    #[test]
    fn a_whole_file_is_read() {
        let rules = Rules::from_document(json!({ "Rules": [
            { "Name": "production", "Tables": { "NamePattern": "^orders", "Tag": { "Key": "environment", "Value": "production" } },
              "Must": { "Pitr": true, "MaxLossSeconds": 600, "MinWindowDays": 35, "BackupWithinDays": 1,
                        "VerifiedWithinDays": 30, "DeletionProtection": true, "SettingsCaptured": true } },
            { "Name": "rest", "Must": { "PitrOrBackupWithinDays": 7 } } ] }))
        .unwrap();
        assert_eq!(rules.rules.len(), 2);
        assert_eq!(rules.rules[1].must, Rules::built_in().rules[0].must);
        let written = serde_json::to_value(&rules).unwrap();
        assert_eq!(Rules::from_document(written).unwrap(), rules);
    }

    #[test]
    fn a_bad_file_is_refused_with_its_place_and_what_would_be_right() {
        let named = |name: &str| json!({ "Name": name, "Must": { "Pitr": true } });
        for (document, expected) in [
            (json!([]), "the document cannot be used: invalid length 0"),
            (json!({}), "the document cannot be used: missing field `Rules`"),
            (json!({ "Rules": [] }), "Rules is empty; it must have at least one rule"),
            (json!({ "Rules": [named(" ")] }), "Rules[0].Name is empty"),
            (json!({ "Rules": [named("a"), named("a")] }), "Rules[1].Name is `a`, as another rule's"),
            (with(json!({})), "Rules[0].Must is empty; it must have one of Pitr, "),
            (with(json!({ "Pitr": false })), "Rules[0].Must.Pitr is false; it must be true, or be left out"),
            (
                with(json!({ "MinWindowDays": 0 })),
                "Rules[0].Must.MinWindowDays is 0; it must be between 1 and 3660",
            ),
            (
                with(json!({ "MaxLossSeconds": "600" })),
                "Rules[0].Must.MaxLossSeconds cannot be used: invalid type: string",
            ),
            (
                with(json!({ "MaxLosSeconds": 600 })),
                "Rules[0].Must.MaxLosSeconds cannot be used: unknown field",
            ),
            (
                json!({ "Rules": [{ "Name": "a", "Tables": { "NamePattern": "(" }, "Must": { "Pitr": true } }] }),
                "Rules[0].Tables.NamePattern is not a regular expression: ",
            ),
            (
                json!({ "Rules": [{ "Name": "a", "Tables": { "Tag": { "Key": "" } }, "Must": { "Pitr": true } }] }),
                "Rules[0].Tables.Tag.Key is empty",
            ),
        ] {
            let refused = Rules::from_document(document).unwrap_err().to_string();
            assert!(refused.starts_with(expected), "{refused}");
        }
    }
}

//! What the terminal and the page say of a table, in words.

use chrono::{DateTime, TimeDelta, Utc};

use super::facts::{CopyKind, TableFacts};
use super::finding::Finding;
use super::report::{GB, Protection, TableReport};
use super::rules::{Outcome, Requirements, Rule, Selection};

/// What is said where something is not known.
pub const NOT_KNOWN: &str = "not known";

/// Describes a time by its largest unit: `5 min`, `3 h`, `12 d`.
pub fn age(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Describes bytes in GB, as AWS bills storage.
pub fn gb(bytes: f64) -> String {
    match bytes / GB {
        0.0 => "0 GB".to_owned(),
        gb if gb < 0.01 => "<0.01 GB".to_owned(),
        gb if gb < 100.0 => format!("{gb:.2} GB"),
        gb => format!("{gb:.0} GB"),
    }
}

/// Describes a time to the minute.
pub fn minute(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M").to_string()
}

/// Returns the seconds from `time` to `now`.
pub fn since(time: DateTime<Utc>, now: DateTime<Utc>) -> u64 {
    (now - time).max(TimeDelta::zero()).num_seconds().unsigned_abs()
}

impl TableReport {
    /// Returns the state of the table in a word or two.
    pub fn state(&self) -> &'static str {
        match (self.outcome, self.protection) {
            (Some(Outcome::Broken), _) => "broken",
            (Some(Outcome::NotKnown), _) => NOT_KNOWN,
            (Some(Outcome::Kept), _) => "kept",
            (None, _) => match self.facts.copy.found().map(|copy| (copy.kind, copy.superseded)) {
                Some((CopyKind::RestoreTest, _)) => "restore test",
                Some((CopyKind::Rotation, true)) => "older copy",
                Some((CopyKind::Rotation, false)) => "copy",
                None => "no rule",
            },
        }
    }

    /// Says what would be lost now.
    pub fn loss(&self) -> String {
        match (self.loss_seconds, self.protection) {
            (Some(seconds), _) => age(seconds),
            (None, Protection::Unprotected) => "everything".to_owned(),
            (None, _) => NOT_KNOWN.to_owned(),
        }
    }

    /// Names the best source.
    pub fn best_source(&self) -> String {
        let best = self.sources.first().map(|point| point.source.to_string());
        best.unwrap_or_else(|| {
            if self.protection == Protection::NotKnown { NOT_KNOWN } else { "none" }.to_owned()
        })
    }

    /// Says the first second that the table can be brought back to.
    pub fn back_to(&self) -> String {
        match (self.earliest, self.protection) {
            (Some(earliest), _) => minute(earliest),
            (None, Protection::Unprotected) => "never".to_owned(),
            (None, _) => NOT_KNOWN.to_owned(),
        }
    }

    /// Says how long ago a restore of the table was verified.
    pub fn verified(&self, now: DateTime<Utc>) -> String {
        match &self.facts.verified {
            Finding::Found { value } => format!("{} ago", age(since(value.at, now))),
            Finding::NotKnown { .. } => NOT_KNOWN.to_owned(),
            Finding::None {} | Finding::NotAsked {} => "never".to_owned(),
        }
    }

    /// Says how long restores of the table took.
    pub fn restores(&self) -> String {
        match self.facts.restores.found() {
            Some(times) if times.fastest_seconds == times.slowest_seconds => age(times.slowest_seconds),
            Some(times) => format!("{}-{}", age(times.fastest_seconds), age(times.slowest_seconds)),
            None => NOT_KNOWN.to_owned(),
        }
    }

    /// Says the size of the table.
    pub fn size(&self) -> String {
        self.facts.table.found().map_or_else(|| NOT_KNOWN.to_owned(), |table| gb(table.bytes as f64))
    }
}

impl TableReport {
    /// Returns a line for each rule that is broken, or not known to be kept.
    pub fn reasons(&self) -> impl Iterator<Item = String> {
        self.not_kept().map(|verdict| {
            let how = if verdict.outcome == Outcome::NotKnown { NOT_KNOWN } else { "broken" };
            let (name, rule, what) = (&self.name, &verdict.rule, &verdict.requirement);
            format!("{name}: {rule}: {what} {how}: {}", verdict.detail)
        })
    }
}

impl TableFacts {
    /// Returns what is not known, each with the reason.
    pub fn unread(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let reasons = [
            ("table", self.table.reason()),
            ("tags", self.tags.reason()),
            ("point-in-time recovery", self.pitr.reason()),
            ("backups", self.backups.reason()),
            ("recovery points", self.recovery_points.reason()),
            ("exports", self.exports.reason()),
            ("incremental backup", self.incremental.reason()),
            ("lag of the incremental backup", self.lag().and_then(Finding::reason)),
            ("settings document", self.settings.reason()),
            ("verification", self.verified.reason()),
            ("times of restores", self.restores.reason()),
        ];
        reasons.into_iter().filter_map(|(what, reason)| Some((what, reason?)))
    }
}

impl Rule {
    /// Describes the rule in a sentence.
    pub fn sentence(&self) -> String {
        format!("{} must have {}.", self.tables.text(), self.must.texts().join(", "))
    }
}

impl Selection {
    fn text(&self) -> String {
        let which = if self.copies { "Tables and copies" } else { "Tables that are no copies" };
        let pattern = self.name_pattern.as_ref().map(|pattern| format!(", whose name matches {pattern}"));
        let tag = self.tag.as_ref().map(|tag| match &tag.value {
            Some(value) => format!(", with the tag {}={value}", tag.key),
            None => format!(", with the tag {}", tag.key),
        });
        format!("{which}{}{}", pattern.unwrap_or_default(), tag.unwrap_or_default())
    }
}

impl Requirements {
    fn texts(&self) -> Vec<String> {
        let days = |what: &str, days: Option<u32>| days.map(|days| format!("{what} {days} d"));
        let switch = |what: &str, on: Option<bool>| on.map(|_| what.to_owned());
        let texts = [
            switch("PITR", self.pitr),
            days("PITR or a backup within", self.pitr_or_backup_within_days),
            self.max_loss_seconds.map(|seconds| format!("a loss of at most {}", age(seconds.into()))),
            days("a window of", self.min_window_days),
            days("a backup within", self.backup_within_days),
            days("a verified restore within", self.verified_within_days),
            switch("deletion protection", self.deletion_protection),
            switch("captured settings", self.settings_captured),
        ];
        texts.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::rules::Rules;

    #[test]
    fn ages_and_sizes_have_their_largest_unit() {
        let ages = [0, 59, 60, 3_599, 3_600, 172_799, 172_800].map(age);
        assert_eq!(ages, ["0 s", "59 s", "1 min", "59 min", "1 h", "47 h", "2 d"]);
        assert_eq!([0.0, 1.0, GB * 1.5, GB * 250.4].map(gb), ["0 GB", "<0.01 GB", "1.50 GB", "250 GB"]);
    }

    #[test]
    fn a_rule_is_a_sentence() {
        let rules = Rules::built_in();
        assert_eq!(
            rules.rules[0].sentence(),
            "Tables that are no copies must have PITR or a backup within 7 d."
        );
    }
}

//! Reports what was done, or is planned, for each setting. A plan and an execution's output share these types.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Aws, Comparison, Planned, SettingName, Settings, Table, setting, stream};
use crate::aws::failure::AwsFailure;
use crate::error_name::ErrorName;
use crate::text;
use crate::text::cut;

/// Maximum number of lines of a list. The report of 20 indexes and 50 tags must fit the state of an execution.
const MOST_LINES: usize = 60;
/// Maximum number of characters of a line.
const LONGEST_LINE: usize = 160;
/// Maximum number of refusals of a setting.
const MOST_REFUSALS: usize = 20;
/// Maximum number of characters of a refusal: the change, the call, and the text of AWS.
const LONGEST_REFUSAL: usize = 400;

/// The result of one setting.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct SettingReport {
    /// Name of the setting.
    pub setting: SettingName,
    /// Outcome of the setting.
    pub outcome: Outcome,
    /// Changes that were made or are planned.
    #[schemars(length(max = 61), inner(length(max = 161)))]
    pub changes: Vec<String>,
    /// Notes about what was left unchanged, and why.
    #[schemars(length(max = 61), inner(length(max = 161)))]
    pub notes: Vec<String>,
    /// Reason why the setting was skipped or failed.
    #[schemars(length(max = 1001))]
    pub reason: Option<String>,
}

/// The outcome of one setting.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize, strum::Display)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
// An execution's output also holds the outcome of a pointer, whose schema has the plain name.
#[schemars(rename = "SettingOutcome")]
#[strum(serialize_all = "lowercase")]
pub enum Outcome {
    /// The setting differs, and a change is planned. Only plans have this outcome.
    Planned,
    /// The setting was changed, and is now equal.
    Applied,
    /// The setting was already equal.
    Unchanged,
    /// The setting was not compared, or nothing of it can be copied.
    Skipped,
    /// The setting is not equal.
    Failed,
}

/// The kind of source that the settings were taken from.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum SourceKind {
    /// The source table itself.
    LiveTable,
    /// A settings document, because the table no longer exists.
    SettingsDocument,
    /// The backup, because the table no longer exists and there is no document from before the restored moment.
    Backup,
}

/// The source of the settings, and the time that they are from.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct SettingsFrom {
    /// Kind of the source.
    pub kind: SourceKind,
    /// ARN of the table or backup, or location of the document in S3.
    pub name: String,
    /// Time at which the source had these settings.
    pub captured_at: DateTime<Utc>,
}

impl SettingReport {
    /// Returns a report with only an outcome.
    pub fn new(setting: SettingName, outcome: Outcome) -> SettingReport {
        SettingReport { setting, outcome, changes: Vec::new(), notes: Vec::new(), reason: None }
    }

    /// Returns the report of a skipped setting.
    pub fn skipped(setting: SettingName, reason: impl Into<String>) -> SettingReport {
        SettingReport { reason: Some(reason.into()), ..SettingReport::new(setting, Outcome::Skipped) }
    }

    /// Returns the report of a failed setting.
    pub fn failed(setting: SettingName, reason: impl Into<String>) -> SettingReport {
        SettingReport {
            reason: Some(cut(reason.into(), 1_000)),
            ..SettingReport::new(setting, Outcome::Failed)
        }
    }

    /// Returns the report that follows from a comparison.
    pub fn from_comparison<C>(
        setting: SettingName,
        comparison: &Comparison<C>,
        remove_extra: bool,
    ) -> SettingReport {
        let mut changes: Vec<String> =
            comparison.to_do(remove_extra).map(|planned| planned.text.clone()).collect();
        changes.extend(comparison.under_way.iter().cloned());
        let mut left_out = comparison.left_out.clone();
        let mut notes = Vec::new();
        if !remove_extra {
            let would =
                |beginning, planned: &Planned<C>| format!("{beginning}; RemoveExtra would {}", planned.text);
            left_out.extend(comparison.instead_of_extra.iter().map(|planned| would("left out", planned)));
            notes.extend(comparison.extra.iter().map(|planned| would("left as it is", planned)));
        }
        let first_left_out = left_out.first().cloned();
        let nothing_copied = comparison.same == 0 && !left_out.is_empty();
        let notes = left_out.into_iter().chain(notes).collect();
        let (outcome, reason) = match changes.is_empty() {
            false => (Outcome::Planned, None),
            true if nothing_copied => (Outcome::Skipped, first_left_out),
            true => (Outcome::Unchanged, None),
        };
        let reason = reason.map(|reason| cut(reason, 1_000));
        SettingReport { setting, outcome, changes: bounded(changes), notes: bounded(notes), reason }
    }

    /// Formats the report as one line: `Tags: applied (set tag pool = billing)`.
    pub fn to_text(&self) -> String {
        let detail =
            self.reason.clone().or_else(|| (!self.changes.is_empty()).then(|| self.changes.join("; ")));
        match detail {
            Some(detail) => format!("{}: {} ({detail})", self.setting, self.outcome),
            None => format!("{}: {}", self.setting, self.outcome),
        }
    }
}

/// Plans the changes that give the target the wanted settings. A setting is skipped if it is unknown or if `why_off`
/// gives a reason. A setting that can never be read has failed.
pub async fn plan(
    wanted: &Settings,
    aws: &Aws,
    target: &Table,
    why_off: impl Fn(SettingName) -> Option<&'static str>,
    remove_extra: bool,
) -> Result<Vec<SettingReport>, AwsFailure> {
    let mut plan = Vec::new();
    for name in SettingName::ALL.iter().copied() {
        plan.push(match why_off(name) {
            Some(reason) => SettingReport::skipped(name, reason),
            None => match setting(name).plan(wanted, aws, target, remove_extra).await {
                Ok(Some(report)) => report,
                Ok(None) => SettingReport::skipped(name, "the source's value is not known"),
                Err(failure) if is_for_good(&failure) => SettingReport::failed(name, describe(&failure)),
                Err(failure) => return Err(failure),
            },
        });
    }
    Ok(plan)
}

/// A setting that could not be read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unread {
    /// Report of the setting, with the reason.
    pub report: SettingReport,
    /// Error name of the failure.
    pub name: ErrorName,
}

/// Reads the settings of a table. A setting that can never be read is returned with the reason.
pub async fn capture(
    aws: &Aws,
    table: &Table,
    switched_on: impl Fn(SettingName) -> bool,
) -> Result<(Settings, Vec<Unread>), AwsFailure> {
    let mut settings = Settings::default();
    let mut failed = Vec::new();
    for name in SettingName::ALL.iter().copied().filter(|name| switched_on(*name)) {
        match setting(name).capture(aws, table, &mut settings).await {
            Ok(()) => {}
            Err(failure) if is_for_good(&failure) => {
                let reason = format!("it cannot be read: {}", describe(&failure));
                failed.push(Unread { report: SettingReport::failed(name, reason), name: failure.name });
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok((settings, failed))
}

/// Returns the target as it will be once it has its stream, which triggers and the stream's policy need. Use this to
/// plan changes, not to report existing settings.
pub fn with_stream_to_come(wanted: &Settings, target: &Table) -> Table {
    let mut target = target.clone();
    let wants = wanted.stream.as_ref().and_then(|stream| stream.stream_view_type.as_ref());
    let has = stream::Value::from(target.description.stream_specification()).stream_view_type;
    if wants.is_some() && wants != has.as_ref() {
        target.stream_to_come = true;
        // Another view type means another stream, and everything attached to the old stream goes with it.
        target.description.latest_stream_arn = None;
    }
    target
}

fn is_for_good(failure: &AwsFailure) -> bool {
    matches!(failure.name, ErrorName::AccessDenied | ErrorName::RequestRefused)
}

fn describe(failure: &AwsFailure) -> String {
    format!("{}: {failure}", failure.name)
}

/// Limits the number and length of lines to what the state of an execution can hold.
pub fn bounded(lines: Vec<String>) -> Vec<String> {
    text::bounded(lines.into_iter(), MOST_LINES, LONGEST_LINE)
}

/// Limits the number and length of refusals to what the state of an execution can hold.
pub fn bounded_refusals(refusals: Vec<String>) -> Vec<String> {
    text::bounded(refusals.into_iter(), MOST_REFUSALS, LONGEST_REFUSAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_needs_a_removal_is_left_out_unless_extras_are_removed() {
        let mut comparison = Comparison::<()>::default();
        comparison.extra("stop a", ());
        comparison.instead_of_extra("begin b", ());
        let left = SettingReport::from_comparison(SettingName::KinesisDestinations, &comparison, false);
        let notes = ["left out; RemoveExtra would begin b", "left as it is; RemoveExtra would stop a"];
        assert_eq!((left.outcome, left.reason.as_deref()), (Outcome::Skipped, Some(notes[0])));
        assert_eq!(left.notes, notes);
        let removed = SettingReport::from_comparison(SettingName::KinesisDestinations, &comparison, true);
        assert_eq!((removed.outcome, removed.notes.len()), (Outcome::Planned, 0));
        assert_eq!(removed.changes, ["stop a", "begin b"]);
    }

    #[test]
    fn a_change_in_progress_is_not_equal_yet() {
        let mut comparison = Comparison::<()> { same: 1, ..Comparison::default() };
        comparison.under_way("wait for AWS");
        let report = SettingReport::from_comparison(SettingName::ContributorInsights, &comparison, false);
        assert_eq!(
            (report.outcome, report.changes.as_slice()),
            (Outcome::Planned, &["wait for AWS".to_owned()][..])
        );
    }

    #[test]
    fn a_setting_with_only_left_out_parts_is_skipped_and_with_equal_parts_unchanged() {
        let mut comparison = Comparison::<()>::default();
        comparison.leave_out("the target has no index gone");
        assert_eq!(
            SettingReport::from_comparison(SettingName::AutoScaling, &comparison, false).outcome,
            Outcome::Skipped
        );
        comparison.same = 1;
        assert_eq!(
            SettingReport::from_comparison(SettingName::AutoScaling, &comparison, false).outcome,
            Outcome::Unchanged
        );
        comparison.extra("delete policy own", ());
        let unchanged = SettingReport::from_comparison(SettingName::AutoScaling, &comparison, false);
        assert_eq!((unchanged.outcome, unchanged.notes.len()), (Outcome::Unchanged, 2));
        let removed = SettingReport::from_comparison(SettingName::AutoScaling, &comparison, true);
        assert_eq!(
            (removed.outcome, removed.changes.as_slice()),
            (Outcome::Planned, &["delete policy own".to_owned()][..])
        );
    }

    #[test]
    fn a_stream_of_another_view_is_another_stream() {
        use aws_sdk_dynamodb::types::{StreamSpecification, StreamViewType};
        let with_stream = |view: Option<StreamViewType>| {
            let mut target = crate::settings::table::tests::table();
            let specification = StreamSpecification::builder().stream_enabled(view.is_some());
            let specification = specification.set_stream_view_type(view).build().unwrap();
            target.description.stream_specification = Some(specification);
            target.description.latest_stream_arn = Some("its stream".to_owned());
            target
        };
        let wanted = Settings {
            stream: Some(stream::Value { stream_view_type: Some("NEW_IMAGE".to_owned()) }),
            ..Settings::default()
        };
        for (has, keeps, to_come) in [
            (Some(StreamViewType::NewImage), Some("its stream"), false),
            (Some(StreamViewType::KeysOnly), None, true),
            (None, None, true),
        ] {
            let planned = with_stream_to_come(&wanted, &with_stream(has.clone()));
            assert_eq!((planned.stream_arn(), planned.stream_to_come), (keeps, to_come), "{has:?}");
            assert!(planned.has_stream());
        }
        let none = with_stream_to_come(&Settings::default(), &with_stream(Some(StreamViewType::KeysOnly)));
        assert_eq!((none.stream_arn(), none.stream_to_come), (Some("its stream"), false));
    }

    #[test]
    fn lines_are_bounded_and_the_rest_is_counted() {
        let lines = bounded((0..99).map(|_| "ü".repeat(500)).collect());
        assert_eq!((lines.len(), lines[0].chars().count(), lines[60].as_str()), (61, 161, "and 39 more"));
        assert_eq!(bounded(vec!["a".to_owned()]), ["a"]);
    }
}

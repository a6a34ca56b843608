//! Reads the notifications of AWS Backup.
//!
//! They come from two services. SNS delivers a sentence with message attributes ("Using Amazon SNS to track AWS Backup
//! events" in the AWS Backup developer guide). EventBridge delivers an event with the recovery point in `resources`
//! ("Monitoring AWS Backup events using EventBridge").
//!
//! The sentence has two wordings, the documented one and the one seen live:
//!
//! ```text
//! An AWS Backup job was completed successfully. Recovery point ARN: A. Resource ARN : B. BackupJob ID : C
//! An AWS Backup job was completed successfully. Recovery point ARN: A. Backed up Resource ARN : B. Backup Job Id : C
//! ```
//!
//! So the sentence is split at its labels, and a value ends at the next label. A dot does not end a value, because the
//! names of tables may contain dots. The message attributes say which kind of notification it is.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{DateTime, FixedOffset};
use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::BackupSnsMessage;
use crate::aws::envelope;
use crate::text::quoted;

/// A record of an SNS event, as Lambda receives it.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SnsRecord {
    /// The notification.
    pub sns: SnsMessage,
}

/// An SNS notification.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SnsMessage {
    /// Sentence of the notification.
    pub message: String,
    /// Message attributes, such as `EventType`, `State` and `StartTime`.
    #[serde(default)]
    pub message_attributes: BTreeMap<String, MessageAttribute>,
}

/// A message attribute.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct MessageAttribute {
    /// Value of the attribute. All attributes of AWS Backup have the type String.
    pub value: String,
}

/// An EventBridge event of AWS Backup.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct EventBridgeEvent {
    /// Source of the event: `aws.backup`.
    pub source: String,
    /// Type of the event: `Backup Job State Change`.
    #[serde(rename = "detail-type")]
    pub detail_type: String,
    /// ARN of the recovery point.
    #[serde(default)]
    pub resources: Vec<String>,
    /// Backup job.
    pub detail: BackupJobDetail,
}

/// The backup job of an EventBridge event.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupJobDetail {
    /// Id of the backup job.
    pub backup_job_id: String,
    /// State of the backup job, such as `COMPLETED`.
    pub state: String,
    /// Time at which the job began. Events of state CREATED may have few fields besides it.
    pub creation_date: Option<String>,
    /// ARN of the resource that is backed up.
    pub resource_arn: Option<String>,
    /// Remark of AWS Backup. Even a completed job may have issues.
    pub status_message: Option<String>,
}

/// The content of a record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Notification {
    /// A backup was completed.
    Completed(BackupSnsMessage),
    /// Something else that needs no restore. The text says what.
    Other(String),
}

/// A notification that cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the notification cannot be read: {0}")]
pub struct MalformedNotification(pub String);

/// Reads each record of an event. Returns an error for the whole event if it is not one of SNS or EventBridge.
pub fn read(
    event: &Value,
) -> Result<Vec<Result<Notification, MalformedNotification>>, MalformedNotification> {
    if let Some(records) = event.get("Records") {
        let records = records.as_array().filter(|records| !records.is_empty()).ok_or_else(|| {
            MalformedNotification("`Records` is not a list with at least one record".to_owned())
        })?;
        return Ok(records.iter().map(read_sns_record).collect());
    }
    if event.get("detail-type").is_some() {
        return Ok(vec![read_event_bridge_event(event)]);
    }
    if let Some(reason) = envelope::of_event(event) {
        return Err(MalformedNotification(reason));
    }
    Err(MalformedNotification(
        "it has neither `Records`, as SNS sends them, nor `detail-type`, as EventBridge does".to_owned(),
    ))
}

fn read_sns_record(record: &Value) -> Result<Notification, MalformedNotification> {
    if let Some(reason) = envelope::of_record(record) {
        return Err(MalformedNotification(reason));
    }
    let record: SnsRecord = read_as(record, "an SNS record")?;
    let attributes = &record.sns.message_attributes;
    let attribute = |name: &str| {
        let found = attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        let missing = || MalformedNotification(format!("it has no message attribute `{name}`"));
        found.map(|(_, attribute)| attribute.value.as_str()).ok_or_else(missing)
    };
    let event_type = attribute("EventType")?;
    if event_type != "BACKUP_JOB" {
        return Ok(Notification::Other(format!("its EventType is {}, not `BACKUP_JOB`", quoted(event_type))));
    }
    let state = attribute("State")?;
    if state != "COMPLETED" {
        return Ok(other_state(state));
    }
    let sentence = Sentence::read(&record.sns.message)?;
    let start_time = attribute("StartTime")?;
    // Users of the notification know the id of the sentence. The attribute replaces an id that was cut or has other
    // text after it.
    let backup_job_id = match attribute("Id") {
        Ok(whole) if begins_with(whole, &sentence.backup_job_id) || !is_job_id(&sentence.backup_job_id) => {
            whole.to_owned()
        }
        _ => sentence.backup_job_id,
    };
    Ok(Notification::Completed(BackupSnsMessage {
        status_message: sentence.status_message,
        recovery_point_arn: sentence.recovery_point_arn,
        backed_up_resource_arn: sentence.resource_arn,
        backup_job_id: checked_job_id(backup_job_id)?,
        start_time: Some(read_time("the message attribute `StartTime`", start_time)?),
    }))
}

fn read_event_bridge_event(event: &Value) -> Result<Notification, MalformedNotification> {
    let kind = |field: &str| event.get(field).and_then(Value::as_str).unwrap_or_default();
    let (source, detail_type) = (kind("source"), kind("detail-type"));
    if source != "aws.backup" || detail_type != "Backup Job State Change" {
        return Ok(Notification::Other(format!(
            "it is a {} of {}, not a `Backup Job State Change` of `aws.backup`",
            quoted(detail_type),
            quoted(source)
        )));
    }
    let event: EventBridgeEvent = read_as(event, "an EventBridge event")?;
    if event.detail.state != "COMPLETED" {
        return Ok(other_state(&event.detail.state));
    }
    let missing = |what: &str| MalformedNotification(format!("the event has no {what}"));
    let creation_date = event.detail.creation_date.ok_or_else(|| missing("`detail.creationDate`"))?;
    Ok(Notification::Completed(BackupSnsMessage {
        status_message: event
            .detail
            .status_message
            .unwrap_or_else(|| "An AWS Backup job was completed successfully.".to_owned()),
        recovery_point_arn: event.resources.into_iter().next().ok_or_else(|| missing("`resources`"))?,
        backed_up_resource_arn: event.detail.resource_arn.ok_or_else(|| missing("`detail.resourceArn`"))?,
        backup_job_id: checked_job_id(event.detail.backup_job_id)?,
        start_time: Some(read_time("`detail.creationDate`", &creation_date)?),
    }))
}

fn read_as<T: serde::de::DeserializeOwned>(value: &Value, what: &str) -> Result<T, MalformedNotification> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        MalformedNotification(format!("it is not {what}: at {}: {}", error.path(), error.inner()))
    })
}

fn other_state(state: &str) -> Notification {
    Notification::Other(format!("the backup job's state is {}, not `COMPLETED`", quoted(state)))
}

fn read_time(what: &str, text: &str) -> Result<DateTime<FixedOffset>, MalformedNotification> {
    DateTime::parse_from_rfc3339(text).map_err(|error| {
        let shown = quoted(text);
        MalformedNotification(format!(
            "{what} is {shown}; it must be a time such as 2019-09-02T13:48:52.226Z (RFC 3339): {error}"
        ))
    })
}

/// Returns the text before the full stop of its first sentence.
fn first_sentence(text: &str) -> &str {
    text.split_once(". ").map_or(text, |(first, _)| first).trim_end_matches('.')
}

fn begins_with(whole: &str, part: &str) -> bool {
    whole.get(..part.len()).is_some_and(|start| start.eq_ignore_ascii_case(part))
}

fn is_job_id(id: &str) -> bool {
    let allowed = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_');
    (1..=64).contains(&id.len()) && id.bytes().all(allowed)
}

/// Checks the id of a backup job. It becomes part of the name of an execution, which allows few characters.
fn checked_job_id(id: String) -> Result<String, MalformedNotification> {
    if is_job_id(&id) {
        return Ok(id);
    }
    let shown = quoted(&id);
    Err(MalformedNotification(format!(
        "the backup job's id is {shown}; it must have 1 to 64 letters, digits, - and _, such as \
         1b2345b2-f22c-4dab-5eb6-bbc7890ed123"
    )))
}

/// The parts of AWS Backup's sentence.
struct Sentence {
    status_message: String,
    recovery_point_arn: String,
    resource_arn: String,
    backup_job_id: String,
}

impl Sentence {
    fn read(message: &str) -> Result<Sentence, MalformedNotification> {
        static LABEL: LazyLock<Result<Regex, regex::Error>> = LazyLock::new(|| {
            Regex::new(
                r"(?i)(?:\A|\s)(recovery point arn|(?:backed up )?resource arn|backup ?job id|status message)\s*:\s*",
            )
        });
        let label = LABEL.as_ref().map_err(|error| MalformedNotification(error.to_string()))?;
        let mut first_label = message.len();
        let mut parts: BTreeMap<String, String> = BTreeMap::new();
        let found: Vec<_> = label
            .captures_iter(message)
            .filter_map(|captures| Some((captures.get(0)?, captures.get(1)?)))
            .collect();
        for (index, (whole, name)) in found.iter().enumerate() {
            first_label = first_label.min(whole.start());
            let end = found.get(index + 1).map_or(message.len(), |(next, _)| next.start());
            let value = message.get(whole.end()..end).unwrap_or_default().trim();
            let value = value.strip_suffix('.').unwrap_or(value);
            let name = name.as_str().to_ascii_lowercase().replace("backed up ", "").replace(' ', "");
            parts.entry(name).or_insert_with(|| value.to_owned());
        }
        let missing =
            |label: &str| MalformedNotification(format!("its message names no {label}: {}", quoted(message)));
        // This is the last label. Without it the message was cut, perhaps within the name of the table. Its value may
        // be missing, since an attribute has it, too.
        let backup_job_id = parts.remove("backupjobid").ok_or_else(|| missing("`Backup Job Id`"))?;
        let mut part = |name: &str, label: &str| {
            parts.remove(name).filter(|value| !value.is_empty()).ok_or_else(|| missing(label))
        };
        Ok(Sentence {
            recovery_point_arn: part("recoverypointarn", "`Recovery point ARN`")?,
            resource_arn: part("resourcearn", "`Resource ARN`")?,
            backup_job_id: first_sentence(&backup_job_id).to_owned(),
            status_message: message.get(..first_label).unwrap_or_default().trim().to_owned(),
        })
    }
}

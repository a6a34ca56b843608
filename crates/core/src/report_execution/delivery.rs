//! One delivery for each end of an execution, although EventBridge may deliver its event more than once.
//!
//! An execution of `report-execution` claims the end by an object that only one can write, and notes afterwards what it
//! delivered. An execution that finds the claim of another waits as long as the other runs. If the other ended without a
//! note, for example because it was stopped, the end is claimed again under the next number. So an end is delivered
//! twice if an execution ends between the delivery and its note, and never by nobody.
//!
//! The keys are `<folder>/<number>.claim.json` and `<folder>/<number>.note.json`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error_name::{ErrorName, HasErrorName};
use crate::storage::{Files, FilesError};

/// Most claims of one end. Each further one was started by hand or by a repeated event, after the former did not deliver.
const MOST: u32 = 100;

/// The claim of an end.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Claim {
    execution_arn: String,
}

/// What an execution delivered.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Note {
    /// ARN of the execution of `report-execution`.
    pub execution_arn: String,
    /// Why the event was not put; empty if it was.
    pub event_error: String,
    /// Why the message was not published; empty if it was, or if no topic is named.
    pub message_error: String,
}

/// What an execution has to do about an end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Turn {
    /// It claimed the end, and delivers what is missing.
    Deliver {
        /// Key of the note to write afterwards.
        note: String,
        /// Whether the event is to be put.
        event: bool,
        /// Whether the message is to be published.
        message: bool,
    },
    /// Another execution claimed the end, and is not known to have ended. Holds its ARN.
    ClaimedBy(String),
    /// Everything was delivered before.
    Delivered,
}

/// Why an end could not be claimed.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// An object could not be written or read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// An object is no claim or note.
    #[error("{location} is not a document of report-execution: {reason}; delete it if nothing else needs it")]
    Unusable {
        /// Location of the object.
        location: String,
        /// What is wrong with the object.
        reason: String,
    },
    /// The end was claimed too often.
    #[error("{MOST} executions tried to deliver this end, and none noted it in {location}")]
    TooManyClaims {
        /// Location of the folder.
        location: String,
    },
}

impl HasErrorName for DeliveryError {
    fn name(&self) -> ErrorName {
        match self {
            // Claims and notes are not replaced by others, so this does not happen again.
            DeliveryError::Files(FilesError::Changed { .. }) => ErrorName::ServiceUnavailable,
            DeliveryError::Files(error) => error.name(),
            DeliveryError::Unusable { .. } | DeliveryError::TooManyClaims { .. } => ErrorName::RequestRefused,
        }
    }
}

/// Claims the end that this folder is for, if nobody else delivers it. `ended` has the ARNs of executions that are known
/// to have ended, of those that [`Turn::ClaimedBy`] named.
pub async fn claim(
    files: &Files,
    folder: &str,
    execution_arn: &str,
    ended: &BTreeSet<String>,
) -> Result<Turn, DeliveryError> {
    let own = Claim { execution_arn: execution_arn.to_owned() };
    let (mut event, mut message) = (true, true);
    for number in 1..=MOST {
        let (key, note) = (format!("{folder}/{number}.claim.json"), note_key(folder, number));
        let body = serde_json::to_vec_pretty(&own).map_err(|error| unusable(files, &key, &error))?;
        if files.put_new(&key, body).await? {
            return Ok(Turn::Deliver { note, event, message });
        }
        let claim: Option<Claim> = read(files, &key).await?;
        if let Some(Claim { execution_arn }) = claim.filter(|claim| !ended.contains(&claim.execution_arn)) {
            return Ok(Turn::ClaimedBy(execution_arn));
        }
        // It has ended, so it has written its note, or never will.
        if let Some(Note { event_error, message_error, .. }) = read(files, &note).await? {
            event &= !event_error.is_empty();
            message &= !message_error.is_empty();
        }
        if !event && !message {
            return Ok(Turn::Delivered);
        }
    }
    Err(DeliveryError::TooManyClaims { location: files.location(folder) })
}

/// Notes what was delivered.
pub async fn note(files: &Files, key: &str, note: &Note) -> Result<(), DeliveryError> {
    let body = serde_json::to_vec_pretty(&json!(note)).map_err(|error| unusable(files, key, &error))?;
    files.put(key, body).await?;
    Ok(())
}

fn note_key(folder: &str, number: u32) -> String {
    format!("{folder}/{number}.note.json")
}

async fn read<T: serde::de::DeserializeOwned>(files: &Files, key: &str) -> Result<Option<T>, DeliveryError> {
    let Some(text) = files.get(key).await? else { return Ok(None) };
    serde_json::from_slice(&text).map(Some).map_err(|error| unusable(files, key, &error))
}

fn unusable(files: &Files, key: &str, reason: &serde_json::Error) -> DeliveryError {
    DeliveryError::Unusable { location: files.location(key), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::bucket;
    use crate::testing::fake_store::FakeStore;

    async fn turn(files: &Files, execution: &str, ended: &[&str]) -> Result<Turn, DeliveryError> {
        let ended = ended.iter().map(|arn| (*arn).to_owned()).collect();
        claim(files, "deliveries/one", execution, &ended).await
    }

    fn deliver(number: u32, event: bool, message: bool) -> Turn {
        Turn::Deliver { note: format!("deliveries/one/{number}.note.json"), event, message }
    }

    async fn noted(files: &Files, number: u32, event_error: &str, message_error: &str) {
        let (event_error, message_error) = (event_error.to_owned(), message_error.to_owned());
        let noted = Note { execution_arn: "first".to_owned(), event_error, message_error };
        note(files, &note_key("deliveries/one", number), &noted).await.unwrap();
    }

    #[tokio::test]
    async fn the_second_execution_waits_for_the_first_and_then_delivers_nothing() {
        let files = bucket(&FakeStore::default().clients(), "reports");
        assert_eq!(turn(&files, "first", &[]).await.unwrap(), deliver(1, true, true));
        assert_eq!(turn(&files, "first", &[]).await.unwrap(), deliver(1, true, true), "a repeated step");
        let claimed = Turn::ClaimedBy("first".to_owned());
        assert_eq!(turn(&files, "second", &[]).await.unwrap(), claimed);
        noted(&files, 1, "", "").await;
        assert_eq!(turn(&files, "second", &[]).await.unwrap(), claimed);
        assert_eq!(turn(&files, "second", &["first"]).await.unwrap(), Turn::Delivered);
    }

    #[tokio::test]
    async fn an_execution_that_ended_without_a_note_is_replaced() {
        let files = bucket(&FakeStore::default().clients(), "reports");
        turn(&files, "first", &[]).await.unwrap();
        assert_eq!(turn(&files, "second", &["first"]).await.unwrap(), deliver(2, true, true));
        assert_eq!(turn(&files, "third", &["first"]).await.unwrap(), Turn::ClaimedBy("second".to_owned()));
    }

    #[tokio::test]
    async fn only_what_was_not_delivered_is_delivered_again() {
        let files = bucket(&FakeStore::default().clients(), "reports");
        turn(&files, "first", &[]).await.unwrap();
        noted(&files, 1, "", "SNS.NotFound: no topic").await;
        assert_eq!(turn(&files, "second", &["first"]).await.unwrap(), deliver(2, false, true));
        noted(&files, 2, "", "").await;
        assert_eq!(turn(&files, "third", &["first", "second"]).await.unwrap(), Turn::Delivered);
    }

    #[tokio::test]
    async fn another_document_is_refused_with_its_location() {
        let store = FakeStore::default().with_object("deliveries/one/1.claim.json", "{}");
        let error = turn(&bucket(&store.clients(), "reports"), "first", &[]).await.unwrap_err();
        assert_eq!(error.name(), ErrorName::RequestRefused);
        let expected =
            "s3://reports/deliveries/one/1.claim.json is not a document of report-execution: missing";
        assert!(error.to_string().starts_with(expected), "{error}");
    }

    #[tokio::test]
    async fn an_end_is_not_claimed_forever() {
        let files = bucket(&FakeStore::default().clients(), "reports");
        let mut ended = BTreeSet::new();
        for number in 0..MOST {
            let execution = format!("execution-{number}");
            claim(&files, "deliveries/one", &execution, &ended).await.unwrap();
            ended.insert(execution);
        }
        let error = claim(&files, "deliveries/one", "last", &ended).await.unwrap_err();
        assert!(error.to_string().starts_with("100 executions tried"), "{error}");
    }
}

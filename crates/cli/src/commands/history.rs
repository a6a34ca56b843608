//! `tablekeeper history`: prints every state of an item in the bucket of an incremental backup.

use std::ops::ControlFlow;
use std::process::ExitCode;

use anyhow::bail;
use chrono::SecondsFormat;
use clap::Args;
use serde::Serialize;
use serde_json::Value;
use tablekeeper_core::item_history::store::Store;
use tablekeeper_core::item_history::version::Version;
use tablekeeper_core::item_history::versions;
use tablekeeper_core::item_history::versions::{Entry, VersionsError, What};

use crate::config::{Configuration, ItemKey, KeyNames, check_versions_exist, noncurrent_days, reported};
use crate::console;
use crate::console::{Console, Stream};
use crate::transfer::named;

/// Show the versions of one item, the newest first.
///
/// Each line is a state of the item in the bucket of the incremental backup: the time of the change, its event (INSERT,
/// MODIFY, REMOVE, or BACKFILL for an item that a backfill found), its sequence number in the stream, and the size of
/// the item as DynamoDB JSON in bytes. A restore to the second of a line, or to a later second before that of the line
/// above it, has the item in that state. If several lines have the same second, the uppermost counts. If several
/// changes of one second reach the bucket in one batch, only the last has a line.
///
/// The settings come from the environment (INCREMENTAL_BUCKET, INCREMENTAL_PREFIX, FAILURES_PREFIX, DYNAMODB_REGION,
/// DYNAMODB_HOST, DYNAMODB_PORT, DYNAMODB_USETLS), from --config, or from --stack.
///
/// The exit code is 0 if there are versions, 1 if there are none, and 2 if the arguments or settings cannot be used.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tablekeeper history Movies --key '{\"id\":{\"S\":\"1\"}}'\n  \
                        tablekeeper history Movies --key '{\"id\":{\"S\":\"1\"}}' --json --config movies.toml")]
pub(crate) struct Arguments {
    /// The table's name [default: that of the settings file or of the stack]. The table may be deleted.
    table: Option<String>,
    /// The item's key attributes, as DynamoDB JSON.
    #[arg(long, value_name = "JSON")]
    key: String,
    #[command(flatten)]
    configuration: Configuration,
    /// Print each version as one line of JSON, with the item.
    #[arg(long)]
    json: bool,
}

/// A version as `--json` prints it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    time: String,
    event: String,
    /// Label of the stream that brought the change.
    stream: Option<&'a str>,
    sequence_number: Option<&'a str>,
    size: Option<u64>,
    version_id: &'a str,
    item: Option<Value>,
}

/// Runs `tablekeeper history`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let json = &arguments.json;
    let settings = arguments.configuration.settings().await?;
    let table = &settings.own_table(arguments.table.as_deref())?;
    let items = settings.items()?;
    let aws = settings.aws().await?;
    let keys = KeyNames::read(table, &aws, items).await?;
    let key = ItemKey::read(&arguments.key, &keys, items)?;
    let remarks = Console::new(Stream::Stderr);
    if keys.table.is_none() {
        remarks.note(&format!(
            "table {table} does not exist {}; its key attributes are taken from the versions",
            aws.clients.place()
        ));
    }
    let days = noncurrent_days(&aws, items, &remarks).await?.unwrap_or_default();
    let store = Store { s3: aws.s3.clone(), bucket: items.bucket.clone(), prefix: items.prefix.clone() };
    let console = Console::new(Stream::Stdout);
    let (mut broken, mut headed, mut newest) = (None, false, None);
    let mut print_entry = |entry: Entry| {
        if newest.is_none() {
            newest = state_of(&entry);
        }
        if *json {
            match line(&entry) {
                Ok(line) => console::print_data(&line),
                Err(error) => broken = broken.take().or(Some(error)),
            }
            return ControlFlow::Continue(());
        }
        let line = row(&entry);
        if !std::mem::replace(&mut headed, true) {
            console.line(&console.strong(&heading()));
        }
        console.line(&if is_deletion(&entry) { console.bad(&line) } else { line });
        ControlFlow::Continue(())
    };
    let reported = versions::each(&store, &key.object, *json, &mut print_entry).await.map_err(of_versions)?;
    if let Some(error) = broken {
        return Err(error);
    }
    if let Some(Latest::Deleted(time)) = newest {
        remarks.line(&format!("the item was deleted at {time}"));
    }
    if reported == 0 {
        check_versions_exist(&aws, items).await?;
        let since = if days > 0 {
            format!(" of the last {days} days, for which it retains them")
        } else {
            String::new()
        };
        bail!(
            "no version of item {} of table {table} found: s3://{}/{} has none{since}",
            key.text,
            items.bucket,
            key.object
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the heading of the columns of [`row`].
pub(crate) fn heading() -> String {
    columns("TIME", "EVENT", "SEQUENCE NUMBER", "SIZE")
}

fn columns(time: &str, event: &str, sequence_number: &str, size: &str) -> String {
    format!("{time:<24}  {event:<13}  {sequence_number:<40}  {size:>7}").trim_end().to_owned()
}

/// Formats a version as a row of text.
pub(crate) fn row(entry: &Entry) -> String {
    match &entry.what {
        What::Item { version, size, .. } => {
            let Version { event, position, .. } = version;
            let number = position.sequence_number.as_str();
            columns(&time_of(entry), &event.to_string(), number, &size.to_string())
        }
        What::Tombstone { version } => {
            let Version { event, position, .. } = version;
            columns(&time_of(entry), &event.to_string(), position.sequence_number.as_str(), "deleted")
        }
        What::DeleteMarker => columns(&time_of(entry), "DELETE MARKER", "hides the deleted item", ""),
        What::Other { size } => {
            columns(&time_of(entry), "OTHER", "not a version of an item", &size.to_string())
        }
    }
}

/// Returns the time of the change; for an entry without one, the time at which S3 stored it.
pub(crate) fn time_of(entry: &Entry) -> String {
    match &entry.what {
        What::Item { version, .. } | What::Tombstone { version } => {
            version.position.at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
        }
        What::DeleteMarker | What::Other { .. } => reported(entry.put_at),
    }
}

/// The newest state of an item.
enum Latest {
    Exists,
    Deleted(String),
}

/// Returns the state of the item in an entry; `None` if the entry is not a version.
fn state_of(entry: &Entry) -> Option<Latest> {
    match &entry.what {
        What::Item { .. } => Some(Latest::Exists),
        What::Tombstone { .. } => Some(Latest::Deleted(time_of(entry))),
        What::DeleteMarker | What::Other { .. } => None,
    }
}

fn is_deletion(entry: &Entry) -> bool {
    matches!(entry.what, What::Tombstone { .. } | What::DeleteMarker)
}

/// Formats a version as a line of JSON.
fn line(entry: &Entry) -> anyhow::Result<String> {
    let (version, size, item) = match &entry.what {
        What::Item { version, size, item } => (Some(version), Some(*size), item.as_ref()),
        What::Tombstone { version } => (Some(version), None, None),
        What::DeleteMarker => (None, None, None),
        What::Other { size } => (None, Some(*size), None),
    };
    let event = match (version, &entry.what) {
        (Some(version), _) => version.event.to_string(),
        (None, What::DeleteMarker) => "DELETE_MARKER".to_owned(),
        (None, _) => "OTHER".to_owned(),
    };
    Ok(serde_json::to_string(&Line {
        time: time_of(entry),
        event,
        stream: version.and_then(|version| version.position.stream.as_deref()),
        sequence_number: version.map(|version| version.position.sequence_number.as_str()),
        size,
        version_id: &entry.id,
        item: item.map(|item| serde_json::from_slice(item)).transpose()?,
    })?)
}

pub(crate) fn of_versions(error: VersionsError) -> anyhow::Error {
    match error {
        VersionsError::Aws(failure) => named(failure.name, failure),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use tablekeeper_core::item_history::position::Position;
    use tablekeeper_core::item_history::sequence_number::SequenceNumber;
    use tablekeeper_core::item_history::version::EventName;

    use super::*;

    fn entry(event: EventName, what: impl FnOnce(Version) -> What) -> Entry {
        let position = Position {
            stream: Some("2026-11-20T00:00:00.000".to_owned()),
            sequence_number: SequenceNumber::parse("1405400000000002063282832").unwrap(),
            at: "2026-11-20T02:00:05Z".parse().unwrap(),
        };
        let version = Version::new(position, event, String::new());
        let put_at = "2026-11-20T02:00:07Z".parse().unwrap();
        Entry { id: "v1".to_owned(), put_at, what: what(version) }
    }

    #[test]
    fn each_kind_of_version_has_its_row() {
        let item = |item: Option<&'static str>| {
            entry(EventName::Modify, |version| What::Item {
                version,
                size: 16,
                item: item.map(|item| item.as_bytes().to_vec().into()),
            })
        };
        let deleted = entry(EventName::Remove, |version| What::Tombstone { version });
        let marker = entry(EventName::Remove, |_| What::DeleteMarker);
        let other = entry(EventName::Remove, |_| What::Other { size: 3 });
        assert_eq!(
            [heading(), row(&item(None)), row(&deleted), row(&marker), row(&other)],
            [
                "TIME                      EVENT          SEQUENCE NUMBER                              SIZE",
                "2026-11-20T02:00:05Z      MODIFY         1405400000000002063282832                      16",
                "2026-11-20T02:00:05Z      REMOVE         1405400000000002063282832                 deleted",
                "2026-11-20T02:00:07Z      DELETE MARKER  hides the deleted item",
                "2026-11-20T02:00:07Z      OTHER          not a version of an item                        3",
            ]
        );
        let json = line(&item(Some(r#"{"id":{"S":"1"}}"#))).unwrap();
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            json,
            serde_json::json!({ "time": "2026-11-20T02:00:05Z", "event": "MODIFY", "size": 16,
            "stream": "2026-11-20T00:00:00.000", "sequenceNumber": "1405400000000002063282832", "versionId": "v1", "item": { "id": { "S": "1" } } })
        );
        let marker: Value = serde_json::from_str(&line(&marker).unwrap()).unwrap();
        assert_eq!((marker["event"].as_str(), &marker["item"]), (Some("DELETE_MARKER"), &Value::Null));
    }
}

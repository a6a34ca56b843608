//! The objects of a bucket, in a form that can be compared between accounts and runs.
//!
//! An export's keys and documents have times, ids and the account, which differ between runs. They are replaced by
//! their shape. Data files are compared by their lines, whatever their compression.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use item_formats::{Compression, LineReader};
use regex::{Captures, Regex};
use serde::Serialize;
use serde_json::Value;

use crate::Deployed;

/// An object without what differs between runs.
#[derive(Clone, Debug, Eq, PartialEq, PartialOrd, Ord, Serialize)]
pub struct Object {
    /// The key of the object.
    pub key: String,
    /// The lines, sorted. A checksum has no lines here, because the text that it is made from is changed.
    pub lines: Vec<String>,
    /// The tags as `key=value`, sorted.
    pub tags: Vec<String>,
}

/// The greatest length of a line in bytes, above that of any item.
const LONGEST: usize = 4 << 20;

/// Returns the objects of the bucket, sorted.
pub(super) async fn of(deployed: &Deployed, bucket: &str) -> Vec<Object> {
    let mut pages = deployed.s3.list_objects_v2().bucket(bucket).into_paginator().send();
    let mut objects = Vec::new();
    while let Some(page) = pages.next().await {
        for key in page.unwrap().contents.unwrap_or_default().into_iter().filter_map(|object| object.key) {
            // The work files of a verification depend on how often its steps were invoked.
            if key.contains("/runs/") {
                continue;
            }
            objects.push(object(deployed, bucket, &key).await);
        }
    }
    objects.sort();
    objects
}

async fn object(deployed: &Deployed, bucket: &str, key: &str) -> Object {
    let got = deployed.s3.get_object().bucket(bucket).key(key).send().await.unwrap();
    let body = got.body.collect().await.unwrap().into_bytes();
    let tags = deployed.s3.get_object_tagging().bucket(bucket).key(key).send().await.unwrap().tag_set;
    let mut tags: Vec<String> = tags.iter().map(|tag| format!("{}={}", tag.key, tag.value)).collect();
    tags.sort();
    // A page is drawn from the document beside it, with positions that depend on the times.
    let lines = match key.ends_with(".md5") || key.ends_with(".html") {
        true => Vec::new(),
        false => {
            let of_report = key.starts_with("fleet/");
            let comparable = |line: &String| if of_report { without_measures(line) } else { in_order(line) };
            lines(key, &body).iter().map(|line| of_any_run(&comparable(line), deployed)).collect()
        }
    };
    Object { key: of_any_run(key, deployed), lines, tags }
}

/// Merges the data files of each export into one object and removes the objects that describe single files. The result
/// does not depend on the number of files of an export.
pub(super) fn with_files_together(objects: &[Object]) -> Vec<Object> {
    let mut together: BTreeMap<String, Object> = BTreeMap::new();
    let of_a_file = |key: &str| key.contains("/parts/") || key.ends_with("/manifest-files.json");
    for object in objects.iter().filter(|object| !of_a_file(&object.key)) {
        let key = match object.key.split_once("/data/") {
            Some((folder, _)) => format!("{folder}/data/"),
            None => object.key.clone(),
        };
        let empty = Object { key: key.clone(), lines: Vec::new(), tags: object.tags.clone() };
        let whole = together.entry(key).or_insert(empty);
        whole.lines.extend(object.lines.iter().cloned());
        whole.lines.sort();
    }
    together.into_values().collect()
}

/// Returns the line with the members of its JSON objects sorted, because an SDK sends them in any order.
fn in_order(line: &str) -> String {
    fn ordered(value: Value) -> Value {
        match value {
            Value::Object(members) => {
                let members: BTreeMap<_, _> =
                    members.into_iter().map(|(name, member)| (name, ordered(member))).collect();
                members.into_iter().collect()
            }
            Value::Array(items) => items.into_iter().map(ordered).collect(),
            other => other,
        }
    }
    serde_json::from_str(line).map_or_else(|_| line.to_owned(), |value| ordered(value).to_string())
}

/// Returns the document of a fleet without what each run measures anew: seconds, which source is the newest, and the
/// number of calls, which a repeated call changes.
fn without_measures(document: &str) -> String {
    static SECONDS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("(\"[A-Za-z]*Seconds\"):[0-9]+|\\b[0-9]+ s by [A-Za-z ]+").unwrap());
    let Ok(mut fleet) = serde_json::from_str::<Value>(document) else { return document.to_owned() };
    fleet["calls"] = Value::Null;
    let by = |field: &'static str| move |value: &Value| value[field].to_string();
    for table in fleet["tables"].as_array_mut().into_iter().flatten() {
        table["sources"].as_array_mut().into_iter().for_each(|sources| sources.sort_by_key(by("source")));
    }
    fleet["tables"].as_array_mut().into_iter().for_each(|tables| tables.sort_by_key(by("name")));
    let seconds =
        |found: &Captures| found.get(1).map_or("SECONDS".to_owned(), |name| format!("{}:0", name.as_str()));
    SECONDS.replace_all(&in_order(&fleet.to_string()), seconds).into_owned()
}

/// Returns the versions of the bucket's objects, sorted. Each is its key and its metadata without the time.
pub(super) async fn versions(deployed: &Deployed, bucket: &str) -> Vec<String> {
    let (mut versions, mut behind) = (Vec::new(), (None, None));
    loop {
        let list = deployed.s3.list_object_versions().bucket(bucket);
        let list = list.set_key_marker(behind.0).set_version_id_marker(behind.1);
        let page = list.send().await.unwrap();
        for version in page.versions.unwrap_or_default() {
            let (key, id) = (version.key.unwrap(), version.version_id.unwrap());
            let head =
                deployed.s3.head_object().bucket(bucket).key(&key).version_id(id).send().await.unwrap();
            let mut metadata: Vec<_> = head.metadata.unwrap_or_default().into_iter().collect();
            metadata.retain(|(name, _)| name != "event-time");
            metadata.sort();
            versions.push(of_any_run(&format!("{key} {metadata:?}"), deployed));
        }
        behind = (page.next_key_marker, page.next_version_id_marker);
        if page.is_truncated != Some(true) {
            versions.sort();
            return versions;
        }
    }
}

/// Returns the lines of a file, decompressed and sorted.
pub fn lines(key: &str, body: &[u8]) -> Vec<String> {
    let mut reader = LineReader::new(Compression::from_key(key), LONGEST);
    reader.push(body).unwrap();
    reader.end().unwrap();
    let mut lines = Vec::new();
    while let Some((_, line)) = reader.next_line().unwrap() {
        lines.push(String::from_utf8(line.to_vec()).unwrap());
    }
    lines.sort();
    lines
}

/// Returns the keys of the bucket's multipart uploads that were neither completed nor aborted.
pub(super) async fn open_uploads(deployed: &Deployed, bucket: &str) -> Vec<String> {
    let list = deployed.s3.list_multipart_uploads().bucket(bucket).send().await.unwrap();
    let keys = list.uploads.unwrap_or_default().into_iter().filter_map(|upload| upload.key);
    keys.map(|key| of_any_run(&key, deployed)).collect()
}

/// The shapes to replace: `d` stands for a digit, `x` for a hexadecimal digit. Longer shapes come first.
const SHAPES: &[(&str, &str)] = &[
    ("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "UUID"),
    ("dddd-dd-ddTdd:dd:dd.dddddddddZ", "INSTANT"),
    ("dddd-dd-ddTdd:dd:dd.ddddddZ", "INSTANT"),
    ("dddd-dd-ddTdd:dd:dd.dddZ", "INSTANT"),
    ("dddd-dd-ddTdd:dd:dd.ddd", "LABEL"),
    ("dddd-dd-ddTdd:dd:ddZ", "INSTANT"),
    ("dddddddddddddd-xxxxxxxx", "EXPORT"),
    ("ddddddddddddd-xxxxxxxx", "EXPORT"),
    ("dddd-dd-ddTdd-dd-dd.dddZ", "MOMENT"),
    ("dddd-dd-dd-dd-dd-dd", "TIME"),
    ("dddd-dd-ddTdd-dd-ddZ", "SECOND"),
    ("fleet/dddd-dd-dd/", "fleet/DAY/"),
];

/// Removes what differs between runs and replaces the names of the stack's buckets by those of their outputs.
fn of_any_run(text: &str, deployed: &Deployed) -> String {
    let buckets = deployed.outputs.iter().filter(|(output, _)| output.ends_with("BucketName"));
    let text = buckets.fold(text.to_owned(), |text, (output, bucket)| text.replace(bucket, output));
    blanked(&text, &deployed.account)
}

/// Replaces times, ids and the account.
fn blanked(text: &str, account: &str) -> String {
    static ANY_SHAPE: LazyLock<Regex> = LazyLock::new(|| {
        let of_letter = |letter: char| match letter {
            'd' => "[0-9]".to_owned(),
            'x' => "[0-9A-Fa-f]".to_owned(),
            other => regex::escape(&other.to_string()),
        };
        let shapes =
            SHAPES.iter().map(|(shape, _)| format!("({})", shape.chars().map(of_letter).collect::<String>()));
        Regex::new(&shapes.collect::<Vec<_>>().join("|")).unwrap()
    });
    // Durations of a restore and of an execution.
    static SECONDS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("\"(Restore|Waited|)Seconds\": [0-9.]+| after [0-9.]+ s\\b").unwrap());
    let text = text.replace(account, "ACCOUNT");
    let instead = |found: &Captures| {
        let shape = SHAPES.iter().enumerate().find(|(index, _)| found.get(index + 1).is_some());
        shape.map_or("", |(_, (_, instead))| instead)
    };
    let text = ANY_SHAPE.replace_all(&text, instead);
    super::without_suffixes(&SECONDS.replace_all(&text, "SECONDS"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_export_in_two_files_equals_the_export_in_one() {
        let object = |key: &str, lines: &[&str]| Object {
            key: key.to_owned(),
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            tags: Vec::new(),
        };
        let one = [object("e/data/0.json", &["1", "2"]), object("e/manifest-files.json", &["0"])];
        let two =
            [object("e/data/0.json", &["2"]), object("e/data/1.json", &["1"]), object("e/parts/1", &["1"])];
        let lost = [object("e/data/0.json", &["2"])];
        assert_eq!(with_files_together(&one), with_files_together(&two));
        assert_ne!(with_files_together(&one), with_files_together(&lost));
    }

    #[test]
    fn only_what_differs_between_runs_is_replaced() {
        let key = "orders/2026-11-28-17-39-56/AWSDynamoDB/01764351596123-2d8752fd/data/00000-00001.json.gz";
        assert_eq!(blanked(key, "200000000001"), "orders/TIME/AWSDynamoDB/EXPORT/data/00000-00001.json.gz");
        let text = r#"{"at":"2026-11-28T17:39:56.123456Z","of":"arn:200000000001","id":"0190a1b2-0000-4000-8000-00000000000f","n":42}"#;
        assert_eq!(
            blanked(text, "200000000001"),
            r#"{"at":"INSTANT","of":"arn:ACCOUNT","id":"UUID","n":42}"#
        );
        assert_eq!(blanked("2026-11-28 é 1764", "200000000001"), "2026-11-28 é 1764");
        assert_eq!(blanked("fleet/2026-11-28/a.json", "200000000001"), "fleet/DAY/a.json");
    }

    #[test]
    fn a_document_of_a_fleet_keeps_what_it_says_of_a_table() {
        let document = |seconds: u64, source: &str, outcome: &str| {
            let detail = format!("{seconds} s by {source}");
            let verdict = json!({ "detail": detail, "outcome": outcome });
            let table = json!({ "name": "orders", "lossSeconds": seconds, "verdicts": [verdict],
                "sources": [{ "source": "pitr", "lossSeconds": seconds }] });
            without_measures(&json!({ "calls": { "a": seconds }, "tables": [table] }).to_string())
        };
        assert_eq!(document(3, "PITR", "kept"), document(40, "recovery point", "kept"));
        assert_ne!(document(3, "PITR", "kept"), document(3, "PITR", "broken"));
    }
}

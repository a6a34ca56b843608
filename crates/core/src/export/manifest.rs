//! The manifests of an export: what it holds, and how it can be told whether all of it is there.
//!
//! `manifest-summary.json` is about the export, `manifest-files.json` has a line for each of its data files, and beside
//! each lies the base64 of its MD5. The names of files and fields are those of DynamoDB's own exports
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html>), so that one reader
//! takes both. AWS Data Pipeline's exports have a `manifest` instead, which only names the files; the EMR connector
//! (<https://github.com/awslabs/emr-dynamodb-connector>) reads version 3 of it.
//!
//! Reading is tolerant where AWS may add: members that are not known are passed over, and what no reader needs may be
//! missing. What cannot be followed is refused in words.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

/// The key of the summary, beside the other manifests.
pub const SUMMARY: &str = "manifest-summary.json";
/// The key of the summary's MD5.
pub const SUMMARY_MD5: &str = "manifest-summary.md5";
/// The key of the list of data files.
pub const FILES: &str = "manifest-files.json";
/// The key of the list's MD5.
pub const FILES_MD5: &str = "manifest-files.md5";
/// The key of Data Pipeline's manifest.
pub const EMR: &str = "manifest";

/// The version of the manifests of a full export.
const VERSION: &str = "2020-06-30";
/// The version of Data Pipeline's manifest that the EMR connector reads.
const EMR_VERSION: u32 = 3;

/// Why a manifest cannot be read, or not be followed. Where it lies stands in the error of whoever reads it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidManifest {
    /// It is not the JSON that it should be.
    #[error("line {line}, column {column}: {reason}")]
    Malformed {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// It is of an export that holds no whole table.
    #[error(
        "its exportType is {0}: such an export holds changes, not items; an export of a whole table, FULL_EXPORT, can be read"
    )]
    NotFull(String),
    /// It is of files that cannot be read.
    #[error("its outputFormat is {0}; DYNAMODB_JSON, DATA_PIPELINE and PLAIN can be read")]
    Format(String),
    /// Data Pipeline's, of another version.
    #[error("its version is {0}; {EMR_VERSION} can be read")]
    Version(u32),
}

/// What is written in the lines of an export's data files.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OutputFormat {
    /// `{"Item":{"id":{"S":"1"}}}`
    DynamodbJson,
    /// `{"id":{"s":"1"}}`; not one of AWS's.
    DataPipeline,
    /// `{"id":{"S":"1"}}`; not one of AWS's.
    Plain,
}

/// `manifest-summary.json`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ManifestSummary {
    /// `2020-06-30`.
    #[serde(default = "version")]
    pub version: String,
    /// The export.
    #[serde(default)]
    pub export_arn: String,
    /// When it began: [`time`].
    #[serde(default)]
    pub start_time: String,
    /// When it ended.
    #[serde(default)]
    pub end_time: String,
    /// The table that it is of.
    #[serde(default)]
    pub table_arn: String,
    /// Which of the tables that had its name.
    #[serde(default)]
    pub table_id: String,
    /// The moment that its items are of. A scan has no such moment: it is when the scan began.
    #[serde(default)]
    pub export_time: String,
    /// The bucket that it was written to. It may have been copied elsewhere since.
    #[serde(default)]
    pub s3_bucket: String,
    /// What all of its keys begin with, as it was asked for; null for nothing.
    #[serde(default)]
    pub s3_prefix: Option<String>,
    /// Such as `AES256`; null where the bucket decides.
    #[serde(default)]
    pub s3_sse_algorithm: Option<String>,
    /// The key of KMS; null where there is none.
    #[serde(default)]
    pub s3_sse_kms_key_id: Option<String>,
    /// The key of `manifest-files.json`, from the bucket's root.
    pub manifest_files_s3_key: String,
    /// Bytes of the table, as DynamoDB bills them.
    #[serde(default)]
    pub billed_size_bytes: u64,
    /// Items of all files together.
    pub item_count: u64,
    /// What the lines of the data files are.
    pub output_format: OutputFormat,
    /// `FULL_EXPORT`, which older exports do not say.
    #[serde(default = "full_export")]
    pub export_type: String,
}

/// A line of `manifest-files.json`: a data file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DataFile {
    /// How many items it holds.
    pub item_count: u64,
    /// The base64 of the MD5 of its bytes, compressed as they lie there; `None` where another tool than DynamoDB wrote the
    /// manifest, and said none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md5_checksum: Option<String>,
    /// Its ETag, without quotation marks. A copy may have another.
    #[serde(default)]
    pub etag: String,
    /// Its key, from the bucket's root.
    pub data_file_s3_key: String,
}

/// `manifest`: AWS Data Pipeline's.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct EmrManifest {
    /// `DynamoDB-export`.
    #[serde(default)]
    pub name: String,
    /// 3.
    pub version: u32,
    /// The data files.
    pub entries: Vec<EmrEntry>,
}

/// A data file of [`EmrManifest`].
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct EmrEntry {
    /// `s3://bucket/key`.
    pub url: String,
    /// Whether the export is incomplete without it.
    #[serde(default = "mandatory")]
    pub mandatory: bool,
}

fn version() -> String {
    VERSION.to_owned()
}

fn full_export() -> String {
    "FULL_EXPORT".to_owned()
}

fn mandatory() -> bool {
    true
}

/// A time as the manifests write it: `2023-08-20T13:41:09.347Z`.
pub fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The base64 of the MD5 of these bytes: what the `.md5` files hold.
pub fn md5_of(bytes: &[u8]) -> String {
    md5_text(Md5::new_with_prefix(bytes))
}

/// The base64 of an MD5 that was fed piece by piece.
pub fn md5_text(hash: Md5) -> String {
    STANDARD.encode(hash.finalize())
}

impl ManifestSummary {
    /// The one of an export that a manifest can be written of: [`VERSION`] and a full export. The rest is up to the
    /// caller.
    pub fn from_full_export(manifest_files_s3_key: String, output_format: OutputFormat) -> ManifestSummary {
        ManifestSummary {
            version: version(),
            export_arn: String::new(),
            start_time: String::new(),
            end_time: String::new(),
            table_arn: String::new(),
            table_id: String::new(),
            export_time: String::new(),
            s3_bucket: String::new(),
            s3_prefix: None,
            s3_sse_algorithm: None,
            s3_sse_kms_key_id: None,
            manifest_files_s3_key,
            billed_size_bytes: 0,
            item_count: 0,
            output_format,
            export_type: full_export(),
        }
    }

    /// Reads it. Refuses one of an export whose files are no table's items.
    pub fn read(bytes: &[u8]) -> Result<ManifestSummary, InvalidManifest> {
        // These two first: a summary of an incremental export, or of Ion, may differ elsewhere too.
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Kind {
            #[serde(default = "full_export")]
            export_type: String,
            output_format: serde_json::Value,
        }
        let kind: Kind = parse(bytes, 1)?;
        if kind.export_type != full_export() {
            return Err(InvalidManifest::NotFull(kind.export_type));
        }
        if OutputFormat::deserialize(&kind.output_format).is_err() {
            let text = kind.output_format.as_str().map(str::to_owned);
            return Err(InvalidManifest::Format(text.unwrap_or_else(|| kind.output_format.to_string())));
        }
        parse(bytes, 1)
    }

    /// Its bytes.
    pub fn write(&self) -> Vec<u8> {
        json(self).into_bytes()
    }
}

/// Reads the lines of `manifest-files.json`.
pub fn read_files(bytes: &[u8]) -> Result<Vec<DataFile>, InvalidManifest> {
    let lines = bytes.split(|byte| *byte == b'\n').zip(1..);
    let lines = lines.filter(|(line, _)| !line.trim_ascii().is_empty());
    lines.map(|(line, number)| parse(line, number)).collect()
}

/// The bytes of `manifest-files.json`.
pub fn write_files(files: &[DataFile]) -> Vec<u8> {
    let mut lines = String::new();
    for file in files {
        lines.push_str(&json(file));
        lines.push('\n');
    }
    lines.into_bytes()
}

impl EmrManifest {
    /// Of files at these URLs, `s3://bucket/key`.
    pub fn from_urls(urls: impl IntoIterator<Item = String>) -> EmrManifest {
        let entries = urls.into_iter().map(|url| EmrEntry { url, mandatory: true }).collect();
        EmrManifest { name: "DynamoDB-export".to_owned(), version: EMR_VERSION, entries }
    }

    /// Reads it.
    pub fn read(bytes: &[u8]) -> Result<EmrManifest, InvalidManifest> {
        let manifest: EmrManifest = parse(bytes, 1)?;
        match manifest.version {
            EMR_VERSION => Ok(manifest),
            other => Err(InvalidManifest::Version(other)),
        }
    }

    /// Its bytes, broken into lines as the connector's are, an entry each.
    pub fn write(&self) -> Vec<u8> {
        let entries: Vec<String> = self.entries.iter().map(json).collect();
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = writeln!(text, "{{\"name\":{},\"version\":{},", json(&self.name), self.version);
        let _ = write!(text, "\"entries\": [\n{}\n]}}", entries.join(",\n"));
        text.into_bytes()
    }
}

/// The JSON in a line, or file, that begins with this line.
fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8], first_line: usize) -> Result<T, InvalidManifest> {
    serde_json::from_slice(bytes).map_err(|error| InvalidManifest::Malformed {
        line: error.line().max(1) + first_line - 1,
        column: error.column().max(1),
        // Its own place is that within the line.
        reason: error.to_string().split(" at line ").next().unwrap_or_default().to_owned(),
    })
}

/// Fields of text and numbers always have a JSON.
fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;

//! The manifests of an export, which list its files and prove that it is complete.
//!
//! An export has one of two sets of manifests:
//!
//! - `manifest-summary.json` describes the export. `manifest-files.json` has a line for each data file. Next to each of
//!   the two is a file with the base64 of its MD5. The names of files and fields are those of DynamoDB's own exports
//!   (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html>), so one reader reads
//!   both.
//! - AWS Data Pipeline's exports have a `manifest` instead, which only names the files. The EMR connector
//!   (<https://github.com/awslabs/emr-dynamodb-connector>) reads version 3 of it.
//!
//! Readers ignore unknown members, because AWS may add some, and members that no reader needs may be missing.
//! Everything else that is invalid is refused with a reason.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

/// File name of the summary.
pub const SUMMARY: &str = "manifest-summary.json";
/// File name of the summary's MD5.
pub const SUMMARY_MD5: &str = "manifest-summary.md5";
/// File name of the list of data files.
pub const FILES: &str = "manifest-files.json";
/// File name of the list's MD5.
pub const FILES_MD5: &str = "manifest-files.md5";
/// File name of Data Pipeline's manifest.
pub const EMR: &str = "manifest";

/// The version of the manifests of a full export.
const VERSION: &str = "2020-06-30";
/// The version of Data Pipeline's manifest that the EMR connector reads.
const EMR_VERSION: u32 = 3;

/// A manifest that cannot be read or is not supported. The caller's error adds its location.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidManifest {
    /// The manifest is not valid JSON of the expected form.
    #[error("line {line}, column {column}: {reason}")]
    Malformed {
        /// Line number, starting at 1.
        line: usize,
        /// Column number, starting at 1.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// The export is not a full export, and so does not hold a whole table.
    #[error(
        "its exportType is {0}, an export of changes; it must be FULL_EXPORT, an export of a whole table"
    )]
    NotFull(String),
    /// The data files have an unsupported format.
    #[error("its outputFormat is {0}; it must be DYNAMODB_JSON, DATA_PIPELINE or PLAIN")]
    Format(String),
    /// Data Pipeline's manifest has an unsupported version.
    #[error("its version is {0}; it must be {EMR_VERSION}")]
    Version(u32),
}

/// The format of the lines in an export's data files.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OutputFormat {
    /// `{"Item":{"id":{"S":"1"}}}`
    DynamodbJson,
    /// `{"id":{"s":"1"}}`; not a value of AWS.
    DataPipeline,
    /// `{"id":{"S":"1"}}`; not a value of AWS.
    Plain,
}

/// The content of `manifest-summary.json`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ManifestSummary {
    /// Version of the manifest: `2020-06-30`.
    #[serde(default = "version")]
    pub version: String,
    /// ARN of the export.
    #[serde(default)]
    pub export_arn: String,
    /// Time at which the export began, formatted by [`time`].
    #[serde(default)]
    pub start_time: String,
    /// Time at which the export ended, formatted by [`time`].
    #[serde(default)]
    pub end_time: String,
    /// ARN of the exported table.
    #[serde(default)]
    pub table_arn: String,
    /// Id of the exported table, which differs between consecutive tables of the same name.
    #[serde(default)]
    pub table_id: String,
    /// Point in time of the items. A scan has no single point in time, so it is the time at which the scan began.
    #[serde(default)]
    pub export_time: String,
    /// Bucket that the export was written to. The files may have been copied to another one since.
    #[serde(default)]
    pub s3_bucket: String,
    /// Prefix of all keys, as requested; null for none.
    #[serde(default)]
    pub s3_prefix: Option<String>,
    /// Server-side encryption, such as `AES256`; null if the bucket decides.
    #[serde(default)]
    pub s3_sse_algorithm: Option<String>,
    /// Id of the KMS key; null for none.
    #[serde(default)]
    pub s3_sse_kms_key_id: Option<String>,
    /// Key of `manifest-files.json`, from the root of the bucket.
    pub manifest_files_s3_key: String,
    /// Size of the table in bytes, as DynamoDB bills it; in an export of this project, the bytes of all lines before
    /// compression.
    #[serde(default)]
    pub billed_size_bytes: u64,
    /// Number of items in all files together.
    pub item_count: u64,
    /// Format of the lines in the data files.
    pub output_format: OutputFormat,
    /// Type of the export: `FULL_EXPORT`. Manifests of older exports do not have it.
    #[serde(default = "full_export")]
    pub export_type: String,
}

/// A line of `manifest-files.json`, which describes a data file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DataFile {
    /// Number of items in the file.
    pub item_count: u64,
    /// MD5 of the stored, compressed bytes in base64; `None` if another tool than DynamoDB wrote the manifest without
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md5_checksum: Option<String>,
    /// ETag without quotation marks. A copy of the file may have another one.
    #[serde(default)]
    pub etag: String,
    /// Key of the file, from the root of the bucket.
    pub data_file_s3_key: String,
}

/// The content of AWS Data Pipeline's `manifest`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct EmrManifest {
    /// Name of the manifest: `DynamoDB-export`.
    #[serde(default)]
    pub name: String,
    /// Version of the manifest: 3.
    pub version: u32,
    /// Data files of the export.
    pub entries: Vec<EmrEntry>,
}

/// A data file of an [`EmrManifest`].
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct EmrEntry {
    /// URL of the file, as `s3://bucket/key`.
    pub url: String,
    /// Whether the export is incomplete without this file.
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

/// Formats a time for the manifests: `2023-08-20T13:41:09.347Z`.
pub fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Returns the base64 of the MD5 of these bytes, which is the content of an `.md5` file.
pub fn md5_of(bytes: &[u8]) -> String {
    md5_text(Md5::new_with_prefix(bytes))
}

/// Returns the base64 of an incrementally computed MD5.
pub fn md5_text(hash: Md5) -> String {
    STANDARD.encode(hash.finalize())
}

impl ManifestSummary {
    /// Creates the summary of a full export of the current version. The caller fills in the other members.
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

    /// Reads a summary. Refuses one whose data files do not hold the items of a table.
    pub fn read(bytes: &[u8]) -> Result<ManifestSummary, InvalidManifest> {
        // These two are read first, because a summary of an incremental export, or of Ion, may also differ in other
        // members.
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

    /// Writes the summary.
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

/// Writes `manifest-files.json`.
pub fn write_files(files: &[DataFile]) -> Vec<u8> {
    let mut lines = String::new();
    for file in files {
        lines.push_str(&json(file));
        lines.push('\n');
    }
    lines.into_bytes()
}

impl EmrManifest {
    /// Creates the manifest of files at these URLs, `s3://bucket/key`.
    pub fn from_urls(urls: impl IntoIterator<Item = String>) -> EmrManifest {
        let entries = urls.into_iter().map(|url| EmrEntry { url, mandatory: true }).collect();
        EmrManifest { name: "DynamoDB-export".to_owned(), version: EMR_VERSION, entries }
    }

    /// Reads a manifest. Refuses any other version than 3.
    pub fn read(bytes: &[u8]) -> Result<EmrManifest, InvalidManifest> {
        let manifest: EmrManifest = parse(bytes, 1)?;
        match manifest.version {
            EMR_VERSION => Ok(manifest),
            other => Err(InvalidManifest::Version(other)),
        }
    }

    /// Writes the manifest with one line per entry, as the connector does.
    pub fn write(&self) -> Vec<u8> {
        let entries: Vec<String> = self.entries.iter().map(json).collect();
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = writeln!(text, "{{\"name\":{},\"version\":{},", json(&self.name), self.version);
        let _ = write!(text, "\"entries\": [\n{}\n]}}", entries.join(",\n"));
        text.into_bytes()
    }
}

/// Parses the JSON of a line or file whose first line has this number.
fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8], first_line: usize) -> Result<T, InvalidManifest> {
    serde_json::from_slice(bytes).map_err(|error| InvalidManifest::Malformed {
        line: error.line().max(1) + first_line - 1,
        column: error.column().max(1),
        // The error's own position counts from the first line of `bytes`.
        reason: error.to_string().split(" at line ").next().unwrap_or_default().to_owned(),
    })
}

/// Serializes a value of text and numbers, which cannot fail.
fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;

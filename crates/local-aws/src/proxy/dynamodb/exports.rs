//! Exports by DynamoDB, which the emulator accepts and completes without writing anything.
//!
//! What AWS refuses is refused: a table without point-in-time recovery, a bucket that does not exist. The objects have
//! the layout of AWS. All of them, manifests included, are written before the call returns. Only the status takes time:
//! the first DescribeExport shows IN_PROGRESS. The items are the current ones, whatever time is requested.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html>

use std::collections::hash_map::Entry;
use std::io::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::{Method, StatusCode, Uri};
use md5::{Digest as _, Md5};
use serde_json::{Value, json};

use super::{invalid, text};
use crate::json::set;
use crate::proxy::Shared;
use crate::proxy::scope::Scope;
use crate::upstream::ApiError;

/// An export that was started.
#[derive(Clone, Debug, Default)]
pub(super) struct Export {
    polled: bool,
    fails: bool,
    manifest: String,
    items: usize,
    bytes: usize,
}

/// Handles ExportTableToPointInTime and writes its objects. A call with the same token returns the same export.
pub(super) async fn begin(shared: &Arc<Shared>, scope: &Scope, input: Value) -> Result<Value, ApiError> {
    let state = shared.tables.of(scope);
    let mut state = state.lock().await;
    let arn = text(&input, "TableArn").unwrap_or_default();
    let table = arn.rsplit("table/").next().unwrap_or_default().to_owned();
    let recovery = json!({ "TableName": table });
    let recovery = shared.dynamodb(scope, "DescribeContinuousBackups", &recovery).await?;
    let status = "/ContinuousBackupsDescription/PointInTimeRecoveryDescription/PointInTimeRecoveryStatus";
    if recovery.pointer(status) != Some(&json!("ENABLED")) {
        let message = format!("Point in time recovery is not enabled for table '{table}'");
        return Err(ApiError::new("PointInTimeRecoveryUnavailableException", message));
    }
    let bucket = text(&input, "S3Bucket").unwrap_or_default().to_owned();
    if send(shared, scope, &Method::HEAD, &format!("/{bucket}"), Bytes::new()).await? != StatusCode::OK {
        return Err(invalid(format!("The specified bucket does not exist: {bucket}")));
    }
    let mut output = shared.dynamodb(scope, "ExportTableToPointInTime", &input).await?;
    let Some(description) = output.get_mut("ExportDescription") else { return Ok(output) };
    let arn = text(description, "ExportArn").unwrap_or_default().to_owned();
    if let Entry::Vacant(vacant) = state.exports.entry(arn) {
        let fails = shared.script.exports_fail(&scope.account);
        let mut export = Export { fails, ..Export::default() };
        if !fails {
            write(shared, scope, &table, description, &mut export).await?;
        }
        vacant.insert(export);
    }
    set(description, "ExportStatus", "IN_PROGRESS");
    Ok(output)
}

/// Handles DescribeExport. The first call shows IN_PROGRESS, and later ones show the result.
pub(super) async fn describe(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
    let mut output = shared.dynamodb(scope, "DescribeExport", input).await?;
    let state = shared.tables.of(scope);
    let mut state = state.lock().await;
    let export = text(input, "ExportArn").and_then(|arn| state.exports.get_mut(arn));
    let (Some(export), Some(description)) = (export, output.get_mut("ExportDescription")) else {
        return Ok(output);
    };
    for name in ["EndTime", "ItemCount", "BilledSizeBytes", "ExportManifest"] {
        description.as_object_mut().map(|members| members.remove(name));
    }
    // AWS always says the second of the items.
    if description.get("ExportTime").is_none() {
        set(description, "ExportTime", description.get("StartTime").cloned().unwrap_or_default());
    }
    if !export.polled {
        export.polled = true;
        set(description, "ExportStatus", "IN_PROGRESS");
        return Ok(output);
    }
    set(description, "EndTime", description.get("StartTime").cloned().unwrap_or_default());
    if export.fails {
        set(description, "ExportStatus", "FAILED");
        set(description, "FailureCode", "S3NoSuchBucket");
        set(description, "FailureMessage", "The specified bucket does not exist");
        return Ok(output);
    }
    set(description, "ExportStatus", "COMPLETED");
    set(description, "ItemCount", export.items);
    set(description, "BilledSizeBytes", export.bytes);
    set(description, "ExportManifest", export.manifest.clone());
    Ok(output)
}

/// Handles ListExports, with pages of 25 in reverse order of the ARNs. It counts as a poll of each export that it
/// returns.
pub(super) async fn list(shared: &Arc<Shared>, scope: &Scope, input: &Value) -> Result<Value, ApiError> {
    const LARGEST_PAGE: usize = 25;
    let limit = match input.get("MaxResults").map(Value::as_u64) {
        None => LARGEST_PAGE,
        Some(Some(limit @ 1..=25)) => limit as usize,
        Some(_) => return Err(invalid("MaxResults must be a number from 1 to 25")),
    };
    let mut wanted = json!({ "MaxResults": 100_000 });
    if let Some(arn) = input.get("TableArn") {
        set(&mut wanted, "TableArn", arn.clone());
    }
    let mut output = shared.dynamodb(scope, "ListExports", &wanted).await?;
    let state = shared.tables.of(scope);
    let mut state = state.lock().await;
    let Some(Value::Array(mut summaries)) = output.get_mut("ExportSummaries").map(Value::take) else {
        return Ok(output);
    };
    let arn = |summary: &Value| text(summary, "ExportArn").unwrap_or_default().to_owned();
    summaries.sort_by_key(|summary| std::cmp::Reverse(arn(summary)));
    let start = text(input, "NextToken");
    let mut rest =
        summaries.into_iter().filter(|summary| start.is_none_or(|start| arn(summary).as_str() < start));
    let mut page: Vec<Value> = rest.by_ref().take(limit).collect();
    for summary in &mut page {
        let Some(export) = state.exports.get_mut(&arn(summary)) else { continue };
        let status = match (std::mem::replace(&mut export.polled, true), export.fails) {
            (false, _) => "IN_PROGRESS",
            (true, true) => "FAILED",
            (true, false) => "COMPLETED",
        };
        set(summary, "ExportStatus", status);
    }
    let mut output = json!({});
    if rest.next().is_some()
        && let Some(last) = page.last()
    {
        set(&mut output, "NextToken", arn(last));
    }
    set(&mut output, "ExportSummaries", page);
    Ok(output)
}

/// Writes the objects of an export: `_started`, then one data file, then the manifests with their checksums.
async fn write(
    shared: &Shared,
    scope: &Scope,
    table: &str,
    description: &Value,
    export: &mut Export,
) -> Result<(), ApiError> {
    let field = |name: &str| description.get(name).cloned().unwrap_or_default();
    let bucket = text(description, "S3Bucket").unwrap_or_default();
    let id = text(description, "ExportArn").and_then(|arn| arn.rsplit('/').next()).unwrap_or_default();
    let prefix = text(description, "S3Prefix").map(|prefix| format!("{}/", prefix.trim_end_matches('/')));
    let root = format!("{}AWSDynamoDB/{id}", prefix.unwrap_or_default());
    let mut lines = String::new();
    let mut start = Value::Null;
    loop {
        let mut scan = json!({ "TableName": table });
        if !start.is_null() {
            set(&mut scan, "ExclusiveStartKey", start);
        }
        let mut page = shared.dynamodb(scope, "Scan", &scan).await?;
        for item in page.get("Items").and_then(Value::as_array).into_iter().flatten() {
            lines.push_str(&json!({ "Item": item }).to_string());
            lines.push('\n');
            export.items += 1;
        }
        start = page.get_mut("LastEvaluatedKey").map(Value::take).unwrap_or_default();
        if start.is_null() {
            break;
        }
    }
    export.bytes = lines.len();
    let data = gzip(&lines).map_err(|error| ApiError::new("InternalServerError", error.to_string()))?;
    let data_key = format!("{root}/data/{id}.json.gz");
    let entry = json!({ "itemCount": export.items, "md5Checksum": md5(&data), "etag": hexadecimal(&data),
        "dataFileS3Key": data_key });
    let files = format!("{entry}\n");
    let files_key = format!("{root}/manifest-files.json");
    export.manifest = format!("{root}/manifest-summary.json");
    let summary = json!({ "version": "2020-06-30", "exportArn": field("ExportArn"), "startTime": iso(&field("StartTime")),
        "endTime": iso(&field("StartTime")), "tableArn": field("TableArn"), "tableId": field("TableId"),
        "exportTime": iso(&field("StartTime")), "s3Bucket": bucket, "s3Prefix": field("S3Prefix"),
        "s3SseAlgorithm": "AES256", "s3SseKmsKeyId": null, "manifestFilesS3Key": files_key,
        "billedSizeBytes": export.bytes, "itemCount": export.items, "outputFormat": "DYNAMODB_JSON",
        "exportType": "FULL_EXPORT" })
    .to_string();
    let written: [(String, Bytes); 6] = [
        (format!("{root}/_started"), Bytes::new()),
        (data_key, data.into()),
        (format!("{root}/manifest-files.md5"), md5(files.as_bytes()).into()),
        (files_key, files.into()),
        (format!("{root}/manifest-summary.md5"), md5(summary.as_bytes()).into()),
        (export.manifest.clone(), summary.into()),
    ];
    for (key, body) in written {
        let status = send(shared, scope, &Method::PUT, &format!("/{bucket}/{key}"), body).await?;
        if !status.is_success() {
            return Err(ApiError::new(
                "InternalServerError",
                format!("{key} could not be written: {status}"),
            ));
        }
    }
    Ok(())
}

async fn send(
    shared: &Shared,
    scope: &Scope,
    method: &Method,
    path: &str,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let failed = |error: String| ApiError::new("InternalServerError", error);
    let uri: Uri = path.parse().map_err(|_| invalid(format!("{path} is not a valid path of an object")))?;
    let response = shared.upstream.forward(method, &uri, &scope.signed("s3").headers(), body).await;
    response.map(|response| response.status()).map_err(|error| failed(error.to_string()))
}

fn gzip(text: &str) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

fn md5(bytes: &[u8]) -> String {
    BASE64.encode(Md5::digest(bytes))
}

fn hexadecimal(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Formats seconds since 1970 as the manifests do.
fn iso(seconds: &Value) -> String {
    let seconds = seconds.as_f64().unwrap_or_default();
    let time = chrono::DateTime::from_timestamp_millis((seconds * 1_000.0) as i64).unwrap_or_default();
    time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

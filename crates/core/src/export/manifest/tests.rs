use serde_json::{Value, json};

use super::*;

/// The example of the developer guide.
const OF_AWS: &str = r#"{
    "version": "2020-06-30",
    "exportArn": "arn:aws:dynamodb:us-east-1:123456789012:table/ProductCatalog/export/01234567890123-a1b2c3d4",
    "startTime": "2020-11-04T07:28:34.028Z",
    "endTime": "2020-11-04T07:33:43.897Z",
    "tableArn": "arn:aws:dynamodb:us-east-1:123456789012:table/ProductCatalog",
    "tableId": "12345a12-abcd-123a-ab12-1234abc12345",
    "exportTime": "2020-11-04T07:28:34.028Z",
    "s3Bucket": "ddb-productcatalog-export",
    "s3Prefix": "2020-Nov",
    "s3SseAlgorithm": "AES256",
    "s3SseKmsKeyId": null,
    "manifestFilesS3Key": "AWSDynamoDB/01693685827463-2d8752fd/manifest-files.json",
    "billedSizeBytes": 0,
    "itemCount": 8,
    "outputFormat": "DYNAMODB_JSON",
    "somethingNew": [1]
}"#;

#[test]
fn aws_summary_is_read_with_full_export_as_default() {
    let summary = ManifestSummary::read(OF_AWS.as_bytes()).unwrap();
    assert_eq!((summary.item_count, summary.output_format), (8, OutputFormat::DynamodbJson));
    assert_eq!(summary.manifest_files_s3_key, "AWSDynamoDB/01693685827463-2d8752fd/manifest-files.json");
    assert_eq!(summary.export_type, "FULL_EXPORT");
    assert_eq!(summary.s3_prefix.as_deref(), Some("2020-Nov"));
}

#[test]
fn written_summary_has_the_names_of_aws_and_is_read_back() {
    let summary = ManifestSummary::read(OF_AWS.as_bytes()).unwrap();
    let written: Value = serde_json::from_slice(&summary.write()).unwrap();
    let mut expected: Value = serde_json::from_str(OF_AWS).unwrap();
    expected.as_object_mut().unwrap().remove("somethingNew");
    expected["exportType"] = json!("FULL_EXPORT");
    assert_eq!(written, expected);
    assert_eq!(ManifestSummary::read(&summary.write()).unwrap(), summary);

    for (format, name) in [(OutputFormat::DataPipeline, "DATA_PIPELINE"), (OutputFormat::Plain, "PLAIN")] {
        let ours = ManifestSummary::from_full_export("a/manifest-files.json".to_owned(), format);
        let written: Value = serde_json::from_slice(&ours.write()).unwrap();
        assert_eq!((&written["outputFormat"], &written["version"]), (&json!(name), &json!("2020-06-30")));
        assert_eq!(ManifestSummary::read(&ours.write()).unwrap(), ours);
    }
}

#[test]
fn export_of_less_than_a_table_is_refused() {
    let incremental = r#"{"version":"2023-08-01","exportType":"INCREMENTAL_EXPORT","outputFormat":"DYNAMODB_JSON",
        "outputView":"NEW_IMAGE","itemCount":3,"manifestFilesS3Key":"m"}"#;
    let error = ManifestSummary::read(incremental.as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "its exportType is INCREMENTAL_EXPORT, an export of changes; it must be FULL_EXPORT, an export of a whole table"
    );
    let ion = OF_AWS.replace("DYNAMODB_JSON", "ION");
    let error = ManifestSummary::read(ion.as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "its outputFormat is ION; it must be DYNAMODB_JSON, DATA_PIPELINE or PLAIN"
    );
    let odd = OF_AWS.replace("\"DYNAMODB_JSON\"", "7");
    assert_eq!(ManifestSummary::read(odd.as_bytes()).unwrap_err(), InvalidManifest::Format("7".to_owned()));
}

#[test]
fn invalid_manifest_is_refused_with_line_and_column() {
    let error = ManifestSummary::read(b"{\n\"itemCount\" 8}").unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 13: expected `:`");
    let error = ManifestSummary::read(OF_AWS.replace("\"itemCount\": 8,", "").as_bytes()).unwrap_err();
    assert!(error.to_string().contains("missing field `itemCount`"), "{error}");
    let files = b"{\"itemCount\":1,\"md5Checksum\":\"a\",\"dataFileS3Key\":\"k\"}\n\n{\"itemCount\":1}\n";
    let error = read_files(files).unwrap_err();
    assert_eq!(error.to_string(), "line 3, column 15: missing field `dataFileS3Key`");
}

#[test]
fn list_of_files_has_one_line_per_file() {
    // The example of the developer guide.
    let line = r#"{"itemCount":8,"md5Checksum":"sQMSpEILNgoQmarvDFonGQ==","etag":"af83d6f217c19b8b0fff8023d8ca4716-1","dataFileS3Key":"AWSDynamoDB/01693685827463-2d8752fd/data/asdl123dasas.json.gz"}"#;
    let files = read_files(line.as_bytes()).unwrap();
    assert_eq!(files[0].data_file_s3_key, "AWSDynamoDB/01693685827463-2d8752fd/data/asdl123dasas.json.gz");
    assert_eq!(files[0].item_count, 8);
    let written = write_files(&[files[0].clone(), files[0].clone()]);
    assert_eq!(String::from_utf8(written.clone()).unwrap(), format!("{line}\n{line}\n"));
    assert_eq!(read_files(&written).unwrap(), [files[0].clone(), files[0].clone()]);
    assert_eq!(read_files(b"").unwrap(), []);
}

#[test]
fn data_pipeline_manifest_is_written_like_the_connectors_and_read_back() {
    let manifest = EmrManifest::from_urls(["s3://b/p/one".to_owned(), "s3://b/p/two".to_owned()]);
    let text = "{\"name\":\"DynamoDB-export\",\"version\":3,\n\"entries\": [\n\
                {\"url\":\"s3://b/p/one\",\"mandatory\":true},\n{\"url\":\"s3://b/p/two\",\"mandatory\":true}\n]}";
    assert_eq!(String::from_utf8(manifest.write()).unwrap(), text);
    assert_eq!(EmrManifest::read(text.as_bytes()).unwrap(), manifest);
    let none = EmrManifest::from_urls([]);
    assert_eq!(EmrManifest::read(&none.write()).unwrap(), none);
    let other = text.replace("\"version\":3", "\"version\":2");
    assert_eq!(
        EmrManifest::read(other.as_bytes()).unwrap_err().to_string(),
        "its version is 2; it must be 3"
    );
}

#[test]
fn manifest_md5_is_base64() {
    // A test vector of RFC 1321, A.5, in base64.
    assert_eq!(md5_of(b"abc"), "kAFQmDzST7DWlj99KOF/cg==");
    let time_of = time("2023-08-20T13:41:09.34789Z".parse().unwrap());
    assert_eq!(time_of, "2023-08-20T13:41:09.347Z");
}

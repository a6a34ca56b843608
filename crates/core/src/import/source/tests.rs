use super::*;
use crate::export::manifest::OutputFormat;
use crate::import::testing::{FOLDER, aws, export, items, with_export, with_objects};
use crate::storage::bucket;
use crate::testing::fake_store::FakeStore;

async fn find_at(aws: &FakeStore, place: &str) -> Result<Source, String> {
    let files = bucket(&aws.clients(), "exports");
    find(&files, place).await.map_err(|error| {
        assert_eq!(error.name(), ErrorName::InvalidExport);
        error.to_string()
    })
}

fn keys(source: &Source) -> Vec<&str> {
    source.files.iter().map(|file| file.stored.key.as_str()).collect()
}

#[tokio::test]
async fn export_is_found_by_folder_manifest_or_parent_folder() {
    let aws = with_export();
    let manifest = format!("{FOLDER}manifest-summary.json");
    let found = find_at(&aws, FOLDER).await.unwrap();
    assert_eq!(found.manifest.as_deref(), Some(manifest.as_str()));
    assert_eq!((found.format, found.item_count), (Some(Format::DynamodbJson), Some(73)));
    let expected = ["a", "b", "c"].map(|name| format!("{FOLDER}data/{name}.json.gz"));
    assert_eq!(keys(&found), expected);
    assert_eq!(found.files[0].item_count, Some(70));
    for place in [FOLDER.trim_end_matches('/'), manifest.as_str(), "orders/", "orders", ""] {
        assert_eq!(find_at(&aws, place).await.unwrap(), found, "{place}");
    }
    let again = load(&bucket(&aws.clients(), "exports"), FOLDER, Some(&manifest)).await.unwrap();
    assert_eq!(again, found);
}

#[tokio::test]
async fn several_exports_in_a_folder_are_refused() {
    let aws = with_export().with_object("orders/2026-03-02-02-00-00/manifest-summary.json", "{}");
    let error = find_at(&aws, "orders/").await.unwrap_err();
    assert!(
        error.starts_with("s3://exports/orders/: there are several exports; name one of them"),
        "{error}"
    );
    assert!(error.contains("2026-03-01") && error.contains("2026-03-02"), "{error}");
}

#[tokio::test]
async fn incomplete_export_is_refused() {
    for begun in ["export.json", "AWSDynamoDB/01693685827463-2d8752fd/_started"] {
        let aws = aws().with_object(&format!("a/{begun}"), "").with_object("a/data/one.json.gz", "x");
        let error = find_at(&aws, "a/").await.unwrap_err();
        let expected = "of an export, but no manifest-summary.json: the export did not finish";
        assert!(error.contains(expected) && error.contains(begun), "{error}");
    }
}

#[tokio::test]
async fn folder_without_a_manifest_uses_all_data_files() {
    let mut aws = aws();
    let names = [
        "b.json.gz",
        "a.json",
        "_SUCCESS",
        ".hidden",
        "sub/",
        "sub/c.json",
        "sub//d.json",
        "_temporary/e.json",
    ];
    for name in names {
        aws = aws.with_object(&format!("a/{name}"), "x");
    }
    let found = find_at(&aws, "a").await.unwrap();
    assert_eq!(keys(&found), ["a/a.json", "a/b.json.gz", "a/sub//d.json", "a/sub/c.json"]);
    assert_eq!((found.manifest, found.format, found.item_count), (None, None, None));
    let only = aws.with_object("b/_SUCCESS", "");
    let error = find_at(&only, "b/").await.unwrap_err();
    assert_eq!(error, "s3://exports/b/: there are no files that can hold items");
    assert_eq!(find_at(&only, "c/").await.unwrap_err(), "s3://exports/c/: there are no files");
}

#[tokio::test]
async fn single_file_can_be_imported() {
    let aws = aws().with_object("a/2026-03-01 02:00", "x").with_object("a/2026-03-01 02:00b", "x");
    let found = find_at(&aws, "a/2026-03-01 02:00").await.unwrap();
    assert_eq!((found.root.as_str(), keys(&found)), ("a/2026-03-01 02:00", vec!["a/2026-03-01 02:00"]));
    assert_eq!(load(&bucket(&aws.clients(), "exports"), &found.root, None).await.unwrap(), found);
    assert_eq!(find_at(&aws, "a/2026").await.unwrap_err(), "s3://exports/a/2026/: there are no files");
    assert_eq!(keys(&find_at(&aws, "a/").await.unwrap()).len(), 2);
}

#[tokio::test]
async fn several_snapshots_named_by_minute_are_refused() {
    let aws = aws().with_object("a/2026-03-01 02:00", "x");
    assert_eq!(keys(&find_at(&aws, "a/").await.unwrap()), ["a/2026-03-01 02:00"]);
    let aws = aws.with_object("a/2026-03-02 02:00", "x");
    let error = find_at(&aws, "a/").await.unwrap_err();
    let expected = "there are several snapshots of the whole table; name one of them: `2026-03-01 02:00`";
    assert!(error.contains(expected), "{error}");
}

#[tokio::test]
async fn data_pipeline_manifest_refers_to_files_next_to_it() {
    let urls = ["s3://elsewhere/x/one", "s3://elsewhere/x/two"].map(str::to_owned);
    let manifest = EmrManifest::from_urls(urls).write();
    let aws =
        aws().with_object("a/manifest", manifest.clone()).with_object("a/one", "").with_object("a/two", "");
    for place in ["a/", "a/manifest"] {
        let found = find_at(&aws, place).await.unwrap();
        assert_eq!(keys(&found), ["a/one", "a/two"]);
        assert_eq!((found.format, found.item_count), (Some(Format::DataPipeline), None));
    }
    aws.state().objects.remove("a/two");
    let error = find_at(&aws, "a/").await.unwrap_err();
    assert_eq!(error, "s3://exports/a/manifest: `two` is named, but is not in s3://exports/a/");
    let spared =
        String::from_utf8(manifest).unwrap().replace("two\",\"mandatory\":true", "two\",\"mandatory\":false");
    let aws = aws.with_object("a/manifest", spared);
    assert_eq!(keys(&find_at(&aws, "a/").await.unwrap()), ["a/one"]);
    let aws = aws.with_object("a/manifest", r#"{"version":1,"entries":[]}"#);
    let error = find_at(&aws, "a/").await.unwrap_err();
    assert_eq!(error, "s3://exports/a/manifest: its version is 1; it must be 3");
    // A folder of this name is a folder.
    let aws = aws.with_object("c/manifest/one", "");
    assert_eq!(keys(&find_at(&aws, "c/manifest").await.unwrap()), ["c/manifest/one"]);
}

/// Returns the error of an export after this change.
async fn wrong(change: impl Fn(&FakeStore)) -> String {
    let aws = with_export();
    change(&aws);
    find_at(&aws, FOLDER).await.unwrap_err()
}

fn replace(aws: &FakeStore, name: &str, from: &str, to: &str) {
    let key = format!("{FOLDER}{name}");
    let text = aws.text(&key).unwrap().replace(from, to);
    let _ = aws.clone().with_object(&key, text);
}

#[tokio::test]
async fn invalid_manifest_is_refused_with_its_location() {
    let remove = |name: &'static str| {
        move |aws: &FakeStore| {
            aws.state().objects.remove(&format!("{FOLDER}{name}")).unwrap();
        }
    };
    let error = wrong(remove("manifest-files.json")).await;
    assert_eq!(error, format!("s3://exports/{FOLDER}manifest-files.json: the manifest is missing"));
    let error = wrong(remove("data/c.json.gz")).await;
    assert!(error.contains("manifest-files.json: `data/c.json.gz` is named, but is not in"), "{error}");
    let error = wrong(|aws| replace(aws, "manifest-files.json", "70", "71")).await;
    assert!(error.contains("manifest-files.json: its MD5 is"), "{error}");
    let error = wrong(|aws| replace(aws, "manifest-summary.json", "73", "74")).await;
    assert!(error.contains("manifest-summary.json: its MD5 is"), "{error}");
    let error = wrong(|aws| {
        remove("manifest-summary.md5")(aws);
        replace(aws, "manifest-summary.json", "73", "74");
    })
    .await;
    assert!(error.ends_with("manifest-summary.json: itemCount is 74, but its files hold 73"), "{error}");
    let error = wrong(|aws| {
        remove("manifest-summary.md5")(aws);
        replace(aws, "manifest-summary.json", "FULL_EXPORT", "INCREMENTAL_EXPORT");
    })
    .await;
    assert!(error.contains("its exportType is INCREMENTAL_EXPORT"), "{error}");
    let error = wrong(|aws| {
        remove("manifest-files.md5")(aws);
        replace(aws, "manifest-files.json", "\"itemCount\":70", "\"itemCount\":");
    })
    .await;
    assert!(error.contains("manifest-files.json: line 1, column"), "{error}");
}

#[tokio::test]
async fn manifest_of_another_tool_may_have_no_md5() {
    let summary = r#"{"version":"2020-06-30","manifestFilesS3Key":"manifest-files.json","itemCount":4,
        "outputFormat":"DYNAMODB_JSON","tableKeySchema":[{"AttributeName":"id","KeyType":"HASH"}]}"#;
    let list = "{\"itemCount\":3,\"dataFileS3Key\":\"data/00000.json.gz\"}\n\
                {\"itemCount\":1,\"dataFileS3Key\":\"data/00003.json.gz\"}\n";
    let aws = aws()
        .with_object("a/manifest-summary.json", summary)
        .with_object("a/manifest-files.json", list)
        .with_object("a/data/00000.json.gz", "x")
        .with_object("a/data/00003.json.gz", "y");
    let found = find_at(&aws, "a/").await.unwrap();
    assert_eq!(keys(&found), ["a/data/00000.json.gz", "a/data/00003.json.gz"]);
    assert_eq!((found.item_count, found.files[0].md5.as_deref(), found.unchecked()), (Some(4), None, 2));
    assert_eq!(find_at(&with_export(), FOLDER).await.unwrap().unchecked(), 0);
}

#[tokio::test]
async fn dump_of_dynamodump_is_recognized() {
    for folder in ["", "orders/"] {
        let (schema, data) = (format!("a/{folder}schema.json"), format!("a/{folder}data/0001.json"));
        let aws = aws().with_object(&schema, "{}").with_object(&data, "{\n  \"Items\": []\n}");
        let error = find_at(&aws, "a/").await.unwrap_err();
        assert!(
            error.contains(&format!("`{schema}` next to `a/{folder}data/` is a dump of dynamodump")),
            "{error}"
        );
    }
    let aws = aws().with_object("a/schema.json", "{}").with_object("a/items.json", "{}");
    assert_eq!(keys(&find_at(&aws, "a/").await.unwrap()).len(), 2);
}

#[tokio::test]
async fn digest_changes_exactly_with_the_files() {
    let digest = async |aws: &FakeStore| find_at(aws, FOLDER).await.unwrap().digest();
    let aws = with_export();
    let was = digest(&aws).await;
    let aws = aws.with_object(&format!("{FOLDER}unrelated"), "x");
    assert_eq!(digest(&aws).await, was, "the manifest does not name it");
    let key = format!("{FOLDER}data/c.json.gz");
    let aws = aws.with_object(&key, "as another");
    assert_ne!(digest(&aws).await, was);
    let files = [("data/a.json.gz", items(0..70))];
    let fewer = with_objects(crate::import::testing::aws(), export(OutputFormat::DynamodbJson, &files));
    assert_ne!(digest(&fewer).await, was);
}

#[tokio::test]
async fn each_file_belongs_to_one_segment() {
    let found = find_at(&with_export(), FOLDER).await.unwrap();
    let places = |segment, segments| -> Vec<u32> {
        found.of_segment(segment, segments).map(|(place, _)| place).collect()
    };
    assert_eq!([places(0, 2), places(1, 2)], [vec![0, 2], vec![1]]);
    assert_eq!(places(0, 1), [0, 1, 2]);
    assert!(places(3, 4).is_empty());
}

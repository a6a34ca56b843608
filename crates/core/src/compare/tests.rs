use item_compare::{Counts, Kind};
use item_formats::{KeyAttribute, KeyType};
use proptest::prelude::*;

use super::differences::Runs;
use super::side::{FilesSide, HistorySide, Limits, Side, TableSide};
use super::{CompareError, runs};
use crate::aws::raw_items::RawItems;
use crate::error_name::{ErrorName, HasErrorName as _};
use crate::export::manifest::OutputFormat;
use crate::import::item_files::ItemFiles;
use crate::import::testing::{FOLDER, export, item, items, with_objects};
use crate::import::{Binary, Compression, Format, source};
use crate::item_history::Items;
use crate::snapshot::as_of::AsOfReader;
use crate::snapshot::testing as history;
use crate::storage::{Files, bucket};
use crate::testing::fake_store::{FakeStore, Fault};

const KEYS: &[KeyAttribute<'static>] = &[KeyAttribute { name: "id", key_type: KeyType::S }];

fn key_names() -> Vec<String> {
    vec!["id".to_owned()]
}

fn with_items(aws: FakeStore, table: &str, items: &[String]) -> FakeStore {
    items.iter().fold(aws.with_table(table, &["id"]), |aws, item| aws.with_item(table, item))
}

fn table<'a>(calls: &'a RawItems, name: &'a str, key_names: &'a [String], segments: u32) -> Side<'a> {
    let (consistent_read, max_read_capacity_units) = (false, 0);
    Side::Table(TableSide { calls, name, key_names, segments, consistent_read, max_read_capacity_units })
}

/// Reads a side in parts of this many bytes, and returns the keys of its runs with the number of parts.
async fn read(side: &Side<'_>, name: &str, files: &Files, bytes: usize) -> Result<Vec<String>, CompareError> {
    let mut keys = Vec::new();
    for segment in 0..side.segments() {
        let mut cursor: Option<String> = None;
        loop {
            let limits = Limits { bytes, until: None };
            let (mut items, mut progress) = (0, 0);
            let part = side.part(segment, cursor.as_deref(), limits, &mut |more, _| progress += more).await?;
            items += part.items;
            assert_eq!(items, progress);
            let key = format!("{name}-{}", keys.len());
            runs::write(files, &key, part.run).await?;
            keys.push(key);
            cursor = part.next;
            if cursor.is_none() {
                break;
            }
        }
    }
    Ok(keys)
}

async fn compared(
    files: &Files,
    left: &[String],
    right: &[String],
) -> Result<(Counts, Vec<(Kind, String)>), CompareError> {
    let runs = Runs::open(files, left, right).await?;
    let (mut counts, mut differences) = (Counts::default(), Vec::new());
    for buckets in runs.ranges() {
        let mut each = |difference: item_compare::Difference<'_>| {
            differences.push((difference.kind, String::from_utf8(difference.key.to_vec()).unwrap()));
        };
        counts.add(runs.compare(&buckets, &mut each).await?);
    }
    differences.sort();
    Ok((counts, differences))
}

#[tokio::test]
async fn a_table_is_compared_with_an_export() {
    let exported = [("data/a.json.gz", items(0..70)), ("data/b.json.gz", items(70..100))];
    let mut restored = items(0..100);
    restored[17] = item(17, "another text");
    restored.remove(93);
    restored.push(item(500, "more"));
    let aws = with_items(FakeStore::default(), "restored", &restored);
    let aws = with_objects(aws, export(OutputFormat::DynamodbJson, &exported));
    aws.state().page_of_items = 9;
    let clients = aws.clients();
    let (calls, exports) = (clients.raw_items(), bucket(&clients, "exports"));
    let found = source::find(&exports, FOLDER).await.unwrap();
    let (binary, compression) = (Binary::Base64, Compression::ByEnding);
    let format = Format::DynamodbJson;
    let of = ItemFiles { files: &exports, has_manifest: true, format, binary, compression, keys: KEYS };
    let left = Side::Files(FilesSide { items: of, source: &found, segments: 2 });
    let names = key_names();
    let right = table(&calls, "restored", &names, 3);
    let directory = tempfile::tempdir().unwrap();
    for files in [bucket(&clients, "runs"), Files::Directory(directory.path().to_owned())] {
        // One byte: each part has the least that a part can have.
        for bytes in [1, 1 << 20] {
            let left = read(&left, "left", &files, bytes).await.unwrap();
            let right = read(&right, "right", &files, bytes).await.unwrap();
            assert_eq!(left.len(), if bytes == 1 { 102 } else { 2 });
            let (counts, differences) = compared(&files, &left, &right).await.unwrap();
            let expected = Counts { equal: 98, missing: 1, extra: 1, changed: 1, ..Counts::default() };
            assert_eq!(counts, expected);
            let key = |id: u32| format!(r#"{{"id":{{"S":"{id}"}}}}"#);
            assert_eq!(
                differences,
                [(Kind::Missing, key(93)), (Kind::Extra, key(500)), (Kind::Changed, key(17))]
            );
        }
    }
}

#[tokio::test]
async fn a_second_of_an_incremental_backup_is_compared_with_a_table() {
    let aws = history::aws();
    for id in 0..20 {
        history::put(&aws, &id.to_string(), Some("old"), 100 + id, 10, 11).await;
    }
    history::put(&aws, "3", Some("new"), 200, 30, 31).await;
    history::put(&aws, "4", None, 201, 30, 31).await;
    let restored: Vec<String> =
        (0..20).filter(|id| *id != 4).map(|id| history::item(&id.to_string(), "old")).collect();
    let aws = with_items(aws, "restored", &restored);
    let clients = aws.clients();
    let (calls, files, names) = (clients.raw_items(), bucket(&clients, "runs"), key_names());
    let (prefix, failures_prefix) = (history::PREFIX.to_owned(), "failures/".to_owned());
    let of = Items { bucket: "bucket".to_owned(), prefix, failures_prefix, folder: String::new() };
    let s3 = clients.s3();
    for (second, expected) in [
        (20, Counts { equal: 19, missing: 1, ..Counts::default() }),
        (40, Counts { equal: 18, changed: 1, ..Counts::default() }),
    ] {
        let at = history::second(second);
        let reader = AsOfReader { s3: &s3, items: &of, key_names: &names, at, now: history::second(100) };
        let left = Side::History(HistorySide { reader: &reader, segments: 4, allow_incomplete: false });
        let left = read(&left, "left", &files, 200).await.unwrap();
        assert!(left.len() > 4, "{left:?}");
        let right = read(&table(&calls, "restored", &names, 1), "right", &files, 1 << 20).await.unwrap();
        assert_eq!(compared(&files, &left, &right).await.unwrap().0, expected);
    }
}

#[tokio::test]
async fn a_part_ends_before_a_page_that_cannot_be_read() {
    let aws = with_items(FakeStore::default(), "orders", &items(0..30));
    aws.state().page_of_items = 10;
    let (calls, names) = (aws.clients().raw_items(), key_names());
    let side = table(&calls, "orders", &names, 1);
    let now = Limits { bytes: 1 << 20, until: Some(tokio::time::Instant::now()) };
    let part = side.part(0, None, now, &mut |_, _| {}).await.unwrap();
    assert_eq!(part.items, 10, "a part has at least one page");
    // The time is over, so nothing is retried.
    aws.fail_action("dynamodb:Scan", 0, Fault::Refused(400, "ThrottlingException"));
    let error = side.part(0, part.next.as_deref(), now, &mut |_, _| {}).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Throttled);
    let later = Limits { until: None, ..now };
    let rest = side.part(0, part.next.as_deref(), later, &mut |_, _| {}).await.unwrap();
    assert_eq!((rest.items, rest.next), (20, None));
}

#[tokio::test]
async fn what_cannot_be_compared_is_named() {
    let aws = with_items(FakeStore::default(), "orders", &items(0..3));
    let clients = aws.clients();
    let (calls, files) = (clients.raw_items(), bucket(&clients, "runs"));
    let (names, others) = (key_names(), vec!["number".to_owned()]);
    let error = read(&table(&calls, "gone", &names, 1), "left", &files, 1).await.unwrap_err();
    assert_eq!(
        (error.name(), error.to_string().as_str()),
        (ErrorName::SourceTableMissing, "table gone does not exist, or was deleted while it was read")
    );
    let error = read(&table(&calls, "orders", &others, 1), "left", &files, 1).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::InvalidExport);
    assert!(error.to_string().contains("item 1 after the beginning of table orders"), "{error}");

    let run = read(&table(&calls, "orders", &names, 1), "left", &files, 1 << 20).await.unwrap();
    files.put("broken", b"something else".to_vec()).await.unwrap();
    let mut short = files.get("left-0").await.unwrap().unwrap().to_vec();
    short.pop();
    files.put("short", short).await.unwrap();
    for (key, reason) in [
        ("missing", "s3://runs/missing: it does not exist; start the comparison again"),
        ("broken", "s3://runs/broken: it ends too early; start the comparison again"),
        ("short", "s3://runs/short: it ends too early; start the comparison again"),
    ] {
        let error = compared(&files, &[key.to_owned()], &run).await.unwrap_err();
        assert_eq!((error.name(), error.to_string().as_str()), (ErrorName::InvalidExport, reason));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    /// Whatever the sizes of pages and parts are, and whichever call is throttled, each difference is found once.
    #[test]
    fn faults_and_sizes_do_not_change_the_result(
        page in 1..12_usize,
        bytes in 1..4_000_usize,
        segments in 1..5_u32,
        throttled in proptest::collection::vec(0..20_usize, 0..4),
        lost in proptest::collection::btree_set(0..40_usize, 0..5),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let left: Vec<String> = items(0..40);
            let right: Vec<String> =
                (0..40).filter(|number| !lost.contains(number)).map(|number| left[number].clone()).collect();
            let aws = with_items(with_items(FakeStore::default(), "left", &left), "right", &right);
            aws.state().page_of_items = page;
            for number in throttled {
                aws.fail_action("dynamodb:Scan", number, Fault::Refused(400, "ThrottlingException"));
            }
            let clients = aws.patient_clients();
            let (calls, files, names) = (clients.raw_items(), bucket(&clients, "runs"), key_names());
            let left = read(&table(&calls, "left", &names, segments), "left", &files, bytes).await.unwrap();
            let right = read(&table(&calls, "right", &names, 2), "right", &files, bytes).await.unwrap();
            let (counts, differences) = compared(&files, &left, &right).await.unwrap();
            let missing = lost.len() as u64;
            assert_eq!(counts, Counts { equal: 40 - missing, missing, ..Counts::default() });
            assert_eq!(differences.len(), lost.len());
        });
    }
}

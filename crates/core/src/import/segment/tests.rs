use item_formats::KeyType;
use proptest::prelude::*;

use super::*;
use crate::export::manifest::OutputFormat;
use crate::import::item_files::LONGEST_LINE;
use crate::import::source;
use crate::import::testing::{
    FOLDER, ZERO_BYTES, aws, data, export, item, items, sorted, table, with_export, with_objects,
};
use crate::storage::bucket;
use crate::testing::fake_store::{FakeStore, Fault};

/// Makes one call from a cursor, with a time limit in seconds.
async fn call(
    aws: &FakeStore,
    at: Option<Cursor>,
    items: u64,
    seconds: Option<u64>,
) -> Result<Checkpoint, Error> {
    call_at(aws, at, items, seconds.map(Duration::from_secs), None).await
}

/// Makes one call with a limit of write capacity units per second.
async fn call_at(
    aws: &FakeStore,
    at: Option<Cursor>,
    items: u64,
    time: Option<Duration>,
    units_per_second: Option<f64>,
) -> Result<Checkpoint, Error> {
    let from = Checkpoint { cursor: at, items, ..Checkpoint::default() };
    call_from(aws, from, time, units_per_second).await
}

/// Makes one call that continues from the checkpoint of an earlier one.
async fn call_from(
    aws: &FakeStore,
    from: Checkpoint,
    time: Option<Duration>,
    units_per_second: Option<f64>,
) -> Result<Checkpoint, Error> {
    let clients = aws.clients();
    let files = bucket(&clients, "exports");
    let source = source::find(&files, FOLDER).await.map_err(|error| match error {
        source::Error::Files(error) => item_files::Error::Files(error),
        source::Error::Invalid { location, reason } => item_files::Error::Invalid { location, reason },
    })?;
    let calls = clients.raw_items();
    let work = SegmentJob {
        files: &files,
        source: &source,
        format: source.format.unwrap_or(Format::Json),
        binary: Binary::Base64,
        compression: Compression::ByEnding,
        calls: &calls,
        table: "orders",
        keys: &[KeyAttribute { name: "id", key_type: KeyType::S }],
        segment: 0,
        segments: 1,
        units_per_second,
        time,
    };
    run(&work, from, &mut |_| {}).await
}

async fn whole(aws: &FakeStore) -> Result<Checkpoint, Error> {
    call(aws, None, 0, None).await
}

/// Returns a fake AWS with an export of these files in this format.
fn with_files(format: OutputFormat, files: &[(&str, Vec<String>)]) -> FakeStore {
    with_objects(aws(), export(format, files))
}

#[tokio::test]
async fn every_format_and_compression_is_imported() {
    for format in [OutputFormat::DynamodbJson, OutputFormat::DataPipeline, OutputFormat::Plain] {
        for name in ["a.json", "a.json.gz", "a.json.zst"] {
            let aws = with_files(format, &[(name, items(0..60)), ("b.json", items(60..61))]);
            let reached = whole(&aws).await.unwrap();
            assert_eq!(
                reached,
                Checkpoint {
                    cursor: Some(Cursor { file: 2, line: 0 }),
                    items: 61,
                    done: true,
                    ..Checkpoint::default()
                }
            );
            assert_eq!(table(&aws), sorted(items(0..61).iter().map(String::as_str)), "{format:?} {name}");
            assert_eq!(aws.count("dynamodb:BatchWriteItem"), 4, "25 and 25 and 10, and 1");
        }
    }
}

#[tokio::test]
async fn call_without_time_makes_one_request_and_the_next_continues() {
    let aws = with_export();
    let cursor = |file, line| Some(Cursor { file, line });
    let (mut at, mut count, mut seen) = (None, 0, Vec::new());
    loop {
        let reached = call(&aws, at, count, Some(0)).await.unwrap();
        (at, count) = (reached.cursor, reached.items);
        seen.push((at, count, reached.done));
        if reached.done {
            break;
        }
    }
    let expected = [
        (cursor(0, 25), 25, false),
        (cursor(0, 50), 50, false),
        (cursor(1, 0), 70, false),
        (cursor(2, 0), 70, false),
        (cursor(3, 0), 73, true),
    ];
    assert_eq!(seen, expected);
    assert_eq!(table(&aws), sorted(items(0..73).iter().map(String::as_str)));
    assert_eq!(aws.count("dynamodb:BatchWriteItem"), 4);
    // A further call from the end has nothing to do.
    assert_eq!(call(&aws, at, count, Some(0)).await.unwrap().items, 73);
    assert_eq!(aws.count("dynamodb:BatchWriteItem"), 4);
}

/// Returns an item of this size in kilobytes.
fn large(id: usize, kilobytes: usize) -> String {
    item(id, &"x".repeat(kilobytes * 1024 - 100))
}

/// 25 items of 10 KB are a request of 250 units. At 500 units per second, one second covers two of them.
#[tokio::test]
async fn call_sends_only_what_its_rate_covers_in_time() {
    let lines: Vec<String> = (0..200).map(|id| large(id, 10)).collect();
    let aws = with_files(OutputFormat::Plain, &[("a.json", lines)]);
    let (time, rate) = (Some(Duration::from_millis(1_100)), Some(500.0));
    let begun = Instant::now();
    let reached = call_at(&aws, None, 0, time, rate).await.unwrap();
    assert_eq!(
        reached,
        Checkpoint { cursor: Some(Cursor { file: 0, line: 50 }), items: 50, ..Checkpoint::default() }
    );
    assert_eq!(aws.count("dynamodb:BatchWriteItem"), 2);
    assert!(begun.elapsed() >= Duration::from_secs(1), "the call waits until the rate covers its writes");
    // Even a time limit of zero allows one request.
    let reached = call_at(&aws, reached.cursor, 50, Some(Duration::ZERO), rate).await.unwrap();
    assert_eq!((reached.items, reached.done), (75, false));
}

#[tokio::test]
async fn request_has_at_most_the_units_of_five_seconds() {
    let lines: Vec<String> = (0..25).map(|id| large(id, 10)).collect();
    let aws = with_files(OutputFormat::Plain, &[("a.json", lines)]);
    let first = async {
        while table(&aws).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        reached = call_at(&aws, None, 0, None, Some(20.0)) => unreachable!("{reached:?}"),
        () = first => {}
    }
    assert_eq!(table(&aws).len(), 10);
}

#[tokio::test]
async fn empty_file_is_valid_only_if_its_manifest_says_no_items() {
    let name = format!("data/{ZERO_BYTES}.json.gz");
    let files = |lines: Vec<String>| [(name.as_str(), lines), ("data/b.json.gz", items(0..2))];
    let aws = with_files(OutputFormat::DynamodbJson, &files(Vec::new()));
    assert_eq!(whole(&aws).await.unwrap().items, 2);
    let aws = with_files(OutputFormat::DynamodbJson, &files(items(2..3)));
    let error = whole(&aws).await.unwrap_err();
    assert!(error.to_string().contains("it is cut off"), "{error}");
}

#[tokio::test]
async fn later_line_with_the_same_key_wins() {
    let mut lines = items(0..30);
    lines.insert(3, item(29, "early"));
    lines.push(item(0, "late"));
    lines.push(item(0, "latest"));
    let aws = with_files(OutputFormat::Plain, &[("a.json", lines)]);
    assert_eq!(whole(&aws).await.unwrap().items, 33);
    let written = table(&aws);
    assert_eq!(written.len(), 30);
    assert!(written.contains(&item(0, "latest")), "{written:?}");
    assert!(written.contains(&item(29, "text of 29")), "{written:?}");
}

#[tokio::test]
async fn unprocessed_items_are_retried() {
    let aws = with_export();
    aws.state().unprocessed_each = 3;
    assert_eq!(whole(&aws).await.unwrap().items, 73);
    assert_eq!(table(&aws), sorted(items(0..73).iter().map(String::as_str)));
}

#[tokio::test]
async fn throttled_call_out_of_time_fails_or_ends_at_its_checkpoint() {
    let throttled = Fault::Refused(400, "ProvisionedThroughputExceededException");
    let aws = with_export();
    aws.fail_action("dynamodb:BatchWriteItem", 0, throttled);
    let error = call(&aws, None, 0, Some(0)).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::Throttled);
    let aws = with_export();
    aws.state().unprocessed_each = 1;
    let error = call(&aws, None, 0, Some(0)).await.unwrap_err();
    assert_eq!(error.to_string(), "dynamodb:BatchWriteItem failed: it left 25 of 25 items unprocessed");
    // With enough time, throttled requests are retried.
    let aws = with_export();
    for number in 0..4 {
        aws.fail_action("dynamodb:BatchWriteItem", number, throttled);
    }
    assert_eq!(call(&aws, None, 0, Some(60)).await.unwrap().items, 73);
    // Items written before a failure count, even if it is not overcome in time.
    let aws = with_export();
    aws.fail_action("s3:GetObject", 5, Fault::Refused(503, "SlowDown"));
    let reached = call(&aws, None, 0, Some(60)).await.unwrap();
    assert_eq!((reached.cursor, reached.items, reached.done), (Some(Cursor { file: 1, line: 0 }), 70, false));
}

#[tokio::test]
async fn permanent_failure_ends_the_call_at_once() {
    for (code, name) in [
        ("AccessDeniedException", ErrorName::AccessDenied),
        ("ResourceNotFoundException", ErrorName::RequestRefused),
    ] {
        let aws = with_export();
        aws.fail_action("dynamodb:BatchWriteItem", 1, Fault::Refused(400, code));
        assert_eq!(whole(&aws).await.unwrap_err().name(), name);
    }
}

/// Returns the error of an export whose first file has this content, while its manifest describes another.
async fn wrong(name: &str, content: Vec<u8>) -> String {
    let aws = with_files(OutputFormat::Plain, &[(name, items(0..70))]);
    let aws = aws.with_object(&format!("{FOLDER}{name}"), content);
    let error = whole(&aws).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::InvalidExport, "{error}");
    error.to_string().replace(&format!("s3://exports/{FOLDER}"), "")
}

#[tokio::test]
async fn invalid_file_is_refused_with_the_line() {
    let plain = |items: &[String]| data(OutputFormat::Plain, item_formats::Compression::None, items);
    let mut lines = plain(&items(0..70));
    assert!(
        wrong("a.json", plain(&items(0..69)))
            .await
            .starts_with("a.json: it holds 69 items, but its manifest says 70")
    );
    assert!(wrong("a.json", plain(&items(1..71))).await.starts_with("a.json: its MD5 is "));
    let middle = lines.iter().position(|byte| *byte == b'\n').unwrap();
    lines.splice(middle + 1..middle + 1, *b"\n{\"id\":{\"S\":1}}\n");
    let error = wrong("a.json", lines).await;
    assert!(error.starts_with("a.json: line 3 is not an item: "), "{error}");
    let without_key = br#"{"text":{"S":"x"}}"#.to_vec();
    assert!(wrong("a.json", without_key).await.starts_with("a.json: line 1 is not an item: "));
    let zipped = data(OutputFormat::Plain, item_formats::Compression::Gzip, &items(0..70));
    let error = wrong("a.json.gz", zipped[..zipped.len() / 2].to_vec()).await;
    assert!(error.starts_with("a.json.gz: it cannot be decompressed after line "), "{error}");
    let mut damaged = zipped.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    assert!(wrong("a.json.gz", damaged).await.starts_with("a.json.gz: "));
    assert!(
        wrong("a.json.gz", plain(&items(0..70))).await.ends_with("; the file is not compressed with gzip")
    );
    let marked = [b"\xef\xbb\xbf", plain(&items(0..1)).as_slice()].concat();
    assert!(wrong("a.json", marked).await.contains("; the file begins with a byte order mark; "));
    let pretty = b"{\n  \"id\": { \"S\": \"1\" }\n}\n".to_vec();
    assert!(wrong("a.json", pretty).await.ends_with("; each item must be on one line"));
    let error = wrong("a.json", vec![b'x'; LONGEST_LINE + 1]).await;
    assert_eq!(error, format!("a.json: line 1 is longer than {LONGEST_LINE} bytes"));
}

#[tokio::test]
async fn refused_item_is_reported_with_its_line() {
    let aws = with_export();
    // The batch fails, and then the third of its items, which are tried one by one.
    for number in [0, 3] {
        aws.fail_action("dynamodb:BatchWriteItem", number, Fault::Refused(400, "ValidationException"));
    }
    let aws_of_one_batch = aws;
    aws_of_one_batch.state().objects.retain(|key, _| !key.contains("b.json") || key.contains("manifest"));
    let files = [("data/a.json", items(0..20))];
    let aws = with_objects(aws_of_one_batch, export(OutputFormat::DynamodbJson, &files));
    let error = whole(&aws).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::InvalidExport);
    let expected = format!("s3://exports/{FOLDER}data/a.json: DynamoDB refuses the item of line 3: ");
    assert!(error.to_string().starts_with(&expected), "{error}");
    // If each item is accepted alone, the request is refused.
    let aws = with_export();
    aws.fail_action("dynamodb:BatchWriteItem", 0, Fault::Refused(400, "ValidationException"));
    assert_eq!(whole(&aws).await.unwrap_err().name(), ErrorName::RequestRefused);
}

#[tokio::test]
async fn missing_or_replaced_file_is_a_change() {
    let aws = with_export();
    let clients = aws.clients();
    let files = bucket(&clients, "exports");
    let source = source::find(&files, FOLDER).await.unwrap();
    let calls = clients.raw_items();
    let work = SegmentJob {
        files: &files,
        source: &source,
        format: Format::DynamodbJson,
        compression: Compression::ByEnding,
        binary: Binary::Base64,
        calls: &calls,
        table: "orders",
        keys: &[KeyAttribute { name: "id", key_type: KeyType::S }],
        segment: 0,
        segments: 1,
        units_per_second: None,
        time: None,
    };
    let key = format!("{FOLDER}data/c.json.gz");
    let longer = data(OutputFormat::DynamodbJson, item_formats::Compression::Gzip, &items(0..50));
    let aws = aws.with_object(&key, longer);
    let error = run(&work, Checkpoint::default(), &mut |_| {}).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::ImportChanged);
    assert!(error.to_string().starts_with(&format!("s3://exports/{key} has ")), "{error}");
    aws.state().objects.remove(&key);
    let error = run(&work, Checkpoint::default(), &mut |_| {}).await.unwrap_err();
    assert_eq!(error.name(), ErrorName::ImportChanged);
    assert!(error.to_string().contains("data/c.json.gz was deleted; the files must not change"), "{error}");
}

#[tokio::test]
async fn directory_is_imported_like_a_bucket_with_progress() {
    let directory = tempfile::tempdir().unwrap();
    for (key, content) in export(OutputFormat::DataPipeline, &[("a.json.zst", items(0..60))]) {
        let path = directory.path().join(key.strip_prefix(FOLDER).unwrap());
        std::fs::write(path, content).unwrap();
    }
    let files = Files::Directory(directory.path().to_owned());
    let source = source::find(&files, "").await.unwrap();
    let aws = aws();
    let calls = aws.clients().raw_items();
    let work = SegmentJob {
        files: &files,
        source: &source,
        format: source.format.unwrap(),
        compression: Compression::ByEnding,
        binary: Binary::Base64,
        calls: &calls,
        table: "orders",
        keys: &[KeyAttribute { name: "id", key_type: KeyType::S }],
        segment: 0,
        segments: 1,
        units_per_second: Some(1e6),
        time: None,
    };
    let mut reported = Vec::new();
    let mut report = |progress: Progress<'_>| reported.push((progress.key.to_owned(), progress.items));
    assert!(run(&work, Checkpoint::default(), &mut report).await.unwrap().done);
    assert_eq!(reported.last(), Some(&("a.json.zst".to_owned(), 60)));
    assert!(reported.is_sorted(), "{reported:?}");
    assert_eq!(table(&aws), sorted(items(0..60).iter().map(String::as_str)));
}

/// Returns a fake AWS with a file of lines without types.
fn with_lines(lines: &str) -> FakeStore {
    aws().with_object(&format!("{FOLDER}2026-03-01 02:00"), lines.to_owned())
}

#[tokio::test]
async fn untyped_lines_are_imported_and_their_doubts_counted() {
    let line = |id| format!("{{\"id\":\"{id}\",\"old\":null,\"tags\":[1,2],\"n\":1.50}}\n");
    let lines: String = (0..60).map(line).collect();
    let whole = whole(&with_lines(&lines)).await.unwrap();
    assert_eq!((whole.items, whole.doubts), (60, Doubts { nulls: 60, arrays: 60, ..Doubts::default() }));

    let aws = with_lines(&lines);
    let (mut from, mut seen) = (Checkpoint::default(), Vec::new());
    while !from.done {
        from = call_from(&aws, from, Some(Duration::ZERO), None).await.unwrap();
        seen.push((from.items, from.doubts.nulls));
    }
    assert_eq!(seen, [(25, 25), (50, 50), (60, 60)]);
    assert_eq!(from, whole);
    let item = r#"{"id":{"S":"7"},"old":{"NULL":true},"tags":{"L":[{"N":"1"},{"N":"2"}]},"n":{"N":"1.50"}}"#;
    assert!(table(&aws).contains(&item.to_owned()), "{:?}", table(&aws));
}

#[tokio::test]
async fn invalid_untyped_lines_are_refused() {
    for (line, expected) in [
        (
            r#"{"id":2}"#,
            "the key attribute `id` is a number, but that of the table is a string (`S`); it must be in quotes at byte 6",
        ),
        (
            r#"{"id":null}"#,
            "the key attribute `id` is null, but that of the table is a string (`S`); it must be in quotes at byte 6",
        ),
        (r#"{"v":"1"}"#, "the key attribute `id` is missing in the item that begins at byte 0"),
        (r#"{"id":{"S":"2"}}"#, "the line has types, as in the format plain; use this format"),
        (r#"{"Item":{"id":{"S":"2"}}}"#, "the line has the format dynamodb-json; use this format"),
    ] {
        let aws = with_lines(&format!("{{\"id\":\"1\"}}\n{line}\n"));
        let error = whole(&aws).await.unwrap_err();
        assert_eq!(error.name(), ErrorName::InvalidExport);
        let error = error.to_string();
        assert!(
            error.contains("2026-03-01 02:00: line 2 is not an item: ") && error.ends_with(expected),
            "{error}"
        );
    }
}

/// Returns the fault with this number.
fn fault(kind: u8) -> Fault {
    match kind % 5 {
        0 => Fault::Refused(400, "ProvisionedThroughputExceededException"),
        1 => Fault::Refused(503, "SlowDown"),
        2 => Fault::Dropped,
        3 => Fault::Lost,
        _ => Fault::Broken(20),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Checks that the table equals the export, with each item counted once, under random faults. A fifth of the items
    /// is left unprocessed. Calls fail alone and in bursts, before and after their effect. The caller knows only the
    /// last cursor and tries again.
    #[test]
    fn table_equals_the_export_under_random_faults(
        faults in prop::collection::vec((0_usize..120, any::<u8>(), 1_usize..5), 0..25),
        sizes in prop::collection::vec(0_usize..70, 1..4),
        seconds in prop_oneof![Just(0_u64), Just(60)],
    ) {
        let names = ["a.json", "b.json.gz", "c.json.zst"];
        let mut first = 0;
        let files: Vec<(&str, Vec<String>)> = names.into_iter().zip(&sizes).map(|(name, size)| {
            first += size;
            (name, items(first - size..first))
        }).collect();
        let aws = with_files(OutputFormat::DataPipeline, &files);
        aws.state().unprocessed_each = 5;
        for (begin, kind, length) in faults {
            for number in begin..begin + length {
                aws.fail(number, fault(kind));
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let reached = runtime.block_on(async {
            let (mut at, mut count) = (None, 0);
            for _ in 0..400 {
                match call(&aws, at, count, Some(seconds)).await {
                    Ok(reached) if reached.done => return Some(reached),
                    Ok(reached) => (at, count) = (reached.cursor, reached.items),
                    Err(error) => assert!(error.name().is_transient(), "{error}"),
                }
            }
            None
        });
        prop_assert_eq!(reached.map(|reached| reached.items), Some(first as u64));
        prop_assert_eq!(table(&aws), sorted(items(0..first).iter().map(String::as_str)));
    }
}

#[tokio::test]
async fn import_killed_at_any_call_has_the_same_result_after_a_restart() {
    let export = || {
        let files = [("a.json", items(0..30)), ("b.json.gz", items(30..33))];
        with_files(OutputFormat::DynamodbJson, &files)
    };
    let undisturbed = export();
    assert_eq!(from_cursor_to_cursor(&undisturbed).await, (33, 0));
    let calls = undisturbed.state().called.len();
    for number in 0..calls {
        for fault in [Fault::Dropped, Fault::Lost] {
            let aws = export();
            aws.fail(number, fault);
            let (count, killed) = from_cursor_to_cursor(&aws).await;
            // A body that breaks off is requested again.
            assert!(killed <= 1, "{number}");
            assert_eq!(count, 33, "{number}");
            assert_eq!(table(&aws), table(&undisturbed), "{number}");
        }
    }
}

/// Makes calls without time until all is done, each from the cursor of the last successful one. Returns the reported
/// number of items and the number of failed calls.
async fn from_cursor_to_cursor(aws: &FakeStore) -> (u64, usize) {
    let (mut at, mut items, mut failed) = (None, 0, 0);
    loop {
        match call(aws, at, items, Some(0)).await {
            Ok(reached) if reached.done => return (reached.items, failed),
            Ok(reached) => (at, items) = (reached.cursor, reached.items),
            Err(error) => {
                assert!(error.name().is_transient() && failed < 10, "{error}");
                failed += 1;
            }
        }
    }
}

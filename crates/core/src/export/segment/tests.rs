use super::*;
use crate::export::testing;
use crate::testing::fake_store::FakeStore;

#[test]
fn empty_lists_and_maps_are_found_at_any_depth_but_not_in_strings() {
    for (item, holds) in [
        (r#"{"a":{"L":[]}}"#, true),
        (r#"{"a":{"M":{}}}"#, true),
        (r#"{"a":{"M":{"b":{"L":[{"M":{}}]}}}}"#, true),
        (r#"{"a":{"L":[{"S":""}]},"L":{"S":"\"L\":[]"},"M":{"S":"\"M\":{}"}}"#, false),
        ("{}", false),
    ] {
        assert_eq!(holds_empty_collection(item.as_bytes()), holds, "{item}");
    }
}

/// Checks that a scan takes as long as its rate requires.
#[tokio::test]
async fn scan_takes_as_long_as_its_rate_requires() {
    let store = testing::orders(4);
    store.state().page_of_items = 1;
    let mut run = testing::run("plain", "none");
    (run.max_read_capacity_units, run.seconds_per_call) = (40, 600);
    let plan = testing::plan(1);
    let (seconds, part) = timed(&store, &run, &plan).await;
    // Four pages of one unit each take 0.1 seconds. The fifth page is empty and needs no wait.
    assert!(seconds >= 0.1, "{seconds}");
    assert!(part.done);
    // A call that ends before the segment waits until its pages are covered, because the next call does not know about
    // them.
    run.seconds_per_call = 0;
    (run.max_read_capacity_units, run.prefix) = (10, "again/".to_owned());
    let plan = Plan { folder: "again/".to_owned(), ..plan };
    let (seconds, part) = timed(&store, &run, &plan).await;
    assert!(seconds >= 0.1 && !part.done, "{seconds}");
}

#[tokio::test]
async fn page_not_covered_in_time_is_left_to_the_next_call() {
    let store = testing::orders(4);
    store.state().page_of_items = 1;
    let mut run = testing::run("plain", "none");
    // Two pages are covered after one second. A third one would be covered after one and a half.
    (run.max_read_capacity_units, run.seconds_per_call) = (2, 1);
    let before = store.count("dynamodb:Scan");
    let (_, part) = timed(&store, &run, &testing::plan(1)).await;
    assert_eq!(store.count("dynamodb:Scan") - before, 2);
    assert!(!part.done && part.items == 2, "{part:?}");
}

async fn timed(store: &FakeStore, run: &ExportConfig, plan: &Plan) -> (f64, Part) {
    let (calls, files) = (store.clients().raw_items(), run.files(store.clients().s3(), "orders"));
    let clock = Clock::Fixed(run.started_at);
    let export = SegmentExport { calls: &calls, files: &files, run, plan, clock };
    let began = Instant::now();
    let part = export.part(0, 0, None, &mut |_| {}).await.unwrap();
    (began.elapsed().as_secs_f64(), part)
}

/// Exports into a directory with progress, as the command line does.
#[tokio::test]
async fn directory_export_is_the_same_and_reports_each_page() {
    let store = testing::orders(10);
    store.state().page_of_items = 4;
    let (mut run, plan) = (testing::run("data-pipeline", "gzip"), testing::plan(1));
    run.seconds_per_call = 600;
    let calls = store.clients().raw_items();
    let directory = tempfile::tempdir().unwrap();
    let files = Files::Directory(directory.path().to_owned());
    let clock = Clock::Fixed(run.started_at);
    let export = SegmentExport { calls: &calls, files: &files, run: &run, plan: &plan, clock };
    let mut pages = Vec::new();
    let part = export.part(0, 0, None, &mut |page| pages.push(page)).await.unwrap();
    let items: Vec<u64> = pages.iter().map(|page| page.items).collect();
    assert_eq!(items, [4, 4, 2]);
    assert_eq!(pages.iter().map(|page| page.bytes).sum::<u64>(), part.bytes);
    assert_eq!(part.with_empty_collections, 4);
    let finished = crate::export::finish::finish(&files, &run, &plan).await.unwrap();
    assert_eq!((finished.items, finished.files), (10, 1));
    assert!(finished.notes[0].starts_with("4 items hold an empty list or map"), "{finished:?}");
    let again = export.part(0, 0, None, &mut |_| panic!("nothing is read again")).await.unwrap();
    assert_eq!(again, part);
}

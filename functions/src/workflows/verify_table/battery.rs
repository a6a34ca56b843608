//! Damages a table in every way, and verifies it through the steps of the workflow.

use serde_json::{Value, json};
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::export::manifest::OutputFormat;
use tablekeeper_core::import::testing::{FOLDER, export, with_objects};
use tablekeeper_core::snapshot::testing as history;
use tablekeeper_core::testing::fake_aws::arn;
use tablekeeper_core::testing::fake_store::FakeStore;

use super::testing::{EXECUTION, REPORT, at_the_end, plan_input, verify, verify_as};
use super::{CompareRange, FinishVerification, PlanVerification, ReadSample, ReadSegment};
use crate::step::{AnyStep, Step};

const ITEMS: usize = 10_000;

/// Returns an item with values of many types.
fn item(number: usize) -> Value {
    json!({ "id": { "S": number.to_string() }, "at": { "N": format!("1234567890123456789012345678901234567{}", number % 10) },
        "text": { "S": format!("text {number}") }, "raw": { "B": "AAEC" }, "list": { "L": [{ "N": "1" }, { "N": "2" }] },
        "set": { "SS": ["a", "b"] },
        "map": { "M": { "deep": { "M": { "deeper": { "L": [{ "BOOL": true }, { "NULL": true }] } } } } } })
}

fn items() -> Vec<Value> {
    (0..ITEMS).map(item).collect()
}

/// Returns a fake AWS with an export of all items.
fn with_export(items: &[Value]) -> FakeStore {
    let lines: Vec<String> = items.iter().map(Value::to_string).collect();
    let (first, second) = lines.split_at(lines.len() / 2);
    let files = [("data/a.json", first.to_vec()), ("data/b.json", second.to_vec())];
    let aws = FakeStore::default().with_table("orders", &["id"]);
    with_objects(aws, export(OutputFormat::DynamodbJson, &files))
}

/// Replaces the items of the table.
fn fill(aws: &FakeStore, items: &[Value]) {
    let mut state = aws.state();
    let table = state.tables.get_mut("orders").unwrap();
    table.items.clear();
    items.iter().for_each(|item| table.put(&item.to_string()));
}

fn from_export(strength: &str) -> Value {
    json!({ "Strength": strength, "Expected": { "Items": format!("s3://exports/{FOLDER}") } })
}

fn execution(number: usize) -> String {
    format!("arn:aws:states:eu-west-1:123456789012:execution:verify-table:{number}")
}

/// A damage: its name, the change of the items, the counts of missing, extra and changed items.
type Damage = (&'static str, fn(&mut Vec<Value>), [u64; 3]);

const DAMAGES: &[Damage] = &[
    ("missing", |items| drop(items.remove(4_711)), [1, 0, 0]),
    ("extra", |items| items.push(item(ITEMS)), [0, 1, 0]),
    ("another key", |items| items[4_711]["id"]["S"] = json!("x"), [1, 1, 0]),
    ("changed value", |items| items[4_711]["text"] = json!({ "S": "another" }), [0, 0, 1]),
    ("changed type", |items| items[4_711]["at"] = json!({ "S": items[4_711]["at"]["N"] }), [0, 0, 1]),
    (
        "one digit of 38",
        |items| items[4_711]["at"]["N"] = json!("12345678901234567890123456789012345679"),
        [0, 0, 1],
    ),
    ("empty for absent", |items| items[4_711]["more"] = json!({ "S": "" }), [0, 0, 1]),
    ("absent attribute", |items| drop(items[4_711].as_object_mut().unwrap().remove("raw")), [0, 0, 1]),
    ("binary byte", |items| items[4_711]["raw"]["B"] = json!("AAED"), [0, 0, 1]),
    ("list order", |items| items[4_711]["list"]["L"].as_array_mut().unwrap().reverse(), [0, 0, 1]),
    ("set member", |items| items[4_711]["set"]["SS"] = json!(["a"]), [0, 0, 1]),
    (
        "nested",
        |items| items[4_711]["map"]["M"]["deep"]["M"]["deeper"]["L"][0]["BOOL"] = json!(false),
        [0, 0, 1],
    ),
];

#[tokio::test]
async fn every_single_damage_is_found_by_an_exact_verification() {
    let good = items();
    let aws = with_export(&good);
    for (number, (name, damage, [missing, extra, changed])) in DAMAGES.iter().enumerate() {
        let mut bad = good.clone();
        damage(&mut bad);
        fill(&aws, &bad);
        let execution = execution(number);
        let failure = verify_as(&aws, from_export("EXACT"), &execution).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::VerificationFailed, "{name}: {failure}");
        let counts = format!("{missing} are missing, {extra} extra, {changed} changed");
        assert!(failure.message.contains(&counts), "{name}: {failure}");
        let report = aws.text(&REPORT.replace("by-hand", &number.to_string())).unwrap();
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["Verified"], false, "{name}");
        assert_eq!(
            report["Differences"].as_array().unwrap().len() as u64,
            missing + extra + changed,
            "{name}"
        );
        assert!(!report.to_string().contains("text "), "a report has no values");
    }
    assert_eq!(aws.aws.calls("dynamodb:TagResource").len(), 0);
}

#[tokio::test]
async fn differences_that_dynamodb_does_not_store_do_not_count() {
    let good = items();
    let aws = with_export(&good);
    let mut same = good;
    same[4_711]["set"]["SS"] = json!(["b", "a"]);
    fill(&aws, &same);
    let output = verify(&aws, from_export("EXACT")).await.unwrap();
    assert_eq!((&output["Equal"], &output["Items"]), (&json!(ITEMS), &json!(ITEMS)));
    assert_eq!(output["Against"], format!("export s3://exports/{FOLDER}"));
    let tags = aws.aws.state().tags.clone();
    let tag = &tags[&arn("orders")]["tablekeeper:verified"];
    let second = &output["FinishedAt"].as_str().unwrap()[..19];
    assert_eq!(*tag, format!("EXACT {second}Z"));
}

#[tokio::test]
async fn counts_find_each_missing_and_each_extra_item() {
    let good = items();
    let aws = with_export(&good);
    for (number, (name, damage, [missing, extra, _])) in DAMAGES.iter().enumerate() {
        let mut bad = good.clone();
        damage(&mut bad);
        fill(&aws, &bad);
        let result = verify_as(&aws, from_export("COUNTED"), &execution(number)).await;
        let found = ITEMS as u64 - missing + extra;
        match result {
            Err(failure) if missing != extra => {
                assert_eq!(failure.name, ErrorName::VerificationFailed);
                let counts = format!("it has {found} items instead of {ITEMS}");
                assert!(failure.message.contains(&counts), "{name}: {failure}");
            }
            result => assert_eq!(result.unwrap()["Items"], found, "{name}"),
        }
    }
}

#[tokio::test]
async fn a_sample_is_read_from_the_table_and_compared() {
    let good: Vec<Value> = items().into_iter().take(2_000).collect();
    let aws = with_export(&good);
    fill(&aws, &good);
    let mut input = from_export("SAMPLED");
    input["SampleSize"] = json!(500);
    let output = verify(&aws, input.clone()).await.unwrap();
    assert_eq!((&output["Sampled"], &output["Equal"]), (&json!(500), &json!(500)));
    assert_eq!((&output["ItemsExpected"], &output["DetectsShare"]), (&json!(2_000), &json!(0.009168056)));
    assert_eq!((&output["Items"], &output["Extra"]), (&Value::Null, &Value::Null), "they are not known");

    // A tenth of the items is missing and a tenth is changed.
    let mut bad = good;
    bad.retain(|item| !item["id"]["S"].as_str().unwrap().ends_with('7'));
    for item in bad.iter_mut().filter(|item| item["id"]["S"].as_str().unwrap().ends_with('3')) {
        item["text"] = json!({ "S": "another" });
    }
    fill(&aws, &bad);
    let failure = verify_as(&aws, input, &execution(1)).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::VerificationFailed);
    assert!(failure.message.contains("(SAMPLED): of 500 sampled items "), "{failure}");
    let report = aws.text(&REPORT.replace("by-hand", "1")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    let count = |name: &str| report[name].as_u64().unwrap();
    assert_eq!(count("Missing") + count("Changed") + count("Equal"), 500);
    // Each is 50 on average, with a standard deviation of 6.
    assert!((20..80).contains(&count("Missing")) && (20..80).contains(&count("Changed")), "{report}");
}

#[tokio::test]
async fn keys_that_must_exist_are_read() {
    let good: Vec<Value> = items().into_iter().take(200).collect();
    let aws = with_export(&good);
    fill(&aws, &good);
    let keys = |numbers: &[&str]| -> Value {
        numbers.iter().map(|number| json!({ "id": { "S": number } })).collect()
    };
    let mut input = from_export("COUNTED");
    input["Keys"] = keys(&["7", "8"]);
    assert_eq!(verify(&aws, input.clone()).await.unwrap()["KeysFound"], 2);
    input["Keys"] = keys(&["7", "x"]);
    let failure = verify_as(&aws, input, &execution(1)).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::VerificationFailed);
    assert!(
        failure.message.contains("(COUNTED): 1 required keys do not exist; the report is s3://reports/"),
        "{failure}"
    );
    let report: Value = serde_json::from_str(&aws.text(&REPORT.replace("by-hand", "1")).unwrap()).unwrap();
    assert_eq!(report["KeysMissing"], keys(&["x"]));
}

/// Returns a fake AWS with the history of items in the table `orders`, of which some were changed around second 100, and
/// `stepped` with the states of second 100.
async fn with_history() -> (FakeStore, Vec<String>) {
    let aws = history::aws();
    for id in 0..40_u64 {
        history::put(&aws, &id.to_string(), Some("old"), 100 + id, 10, 11).await;
    }
    history::put(&aws, "1", Some("before"), 200, 99, 99).await;
    history::put(&aws, "2", Some("at"), 201, 100, 101).await;
    history::put(&aws, "3", Some("after"), 202, 102, 103).await;
    history::put(&aws, "4", None, 203, 101, 102).await;
    history::put(&aws, "new", Some("inserted"), 204, 99, 99).await;
    history::put(&aws, "5", Some("late"), 205, 103, 104).await;
    let state = |id: u64| match id {
        1 => history::item("1", "before"),
        2 => history::item("2", "at"),
        id => history::item(&id.to_string(), "old"),
    };
    let mut items: Vec<String> = (0..40).map(state).collect();
    items.push(history::item("new", "inserted"));
    (aws, items)
}

fn set(aws: &FakeStore, items: &[String]) {
    let items: Vec<Value> = items.iter().map(|item| serde_json::from_str(item).unwrap()).collect();
    fill(aws, &items);
}

fn of_second_100(strength: &str) -> Value {
    json!({ "Strength": strength, "Expected": { "Incremental": { "TableArn": arn("orders"),
        "At": history::second(100).to_rfc3339(), "ToleranceSeconds": 2 } } })
}

/// Takes the item with this ID, or replaces it.
fn with(items: &[String], id: &str, value: Option<&str>) -> Vec<String> {
    let begin = format!(r#"{{"id":{{"S":"{id}"}},"#);
    let others = items.iter().filter(|item| !item.starts_with(&begin)).cloned();
    others.chain(value.map(|value| history::item(id, value))).collect()
}

#[tokio::test]
async fn a_table_is_compared_with_a_second_of_an_incremental_backup() {
    let (aws, items) = with_history().await;
    set(&aws, &items);
    let against = format!("the incremental backup of orders at {}", "2027-01-15T08:01:40Z");
    for (number, strength) in ["EXACT", "SAMPLED", "COUNTED"].into_iter().enumerate() {
        let output = verify_as(&aws, of_second_100(strength), &execution(number)).await.unwrap();
        assert_eq!((&output["ItemsExpected"], &output["Against"]), (&json!(41), &json!(against)));
        let within = if strength == "COUNTED" { Value::Null } else { json!(0) };
        assert_eq!(output["WithinTolerance"], within, "{strength}");
    }
}

#[tokio::test]
async fn a_key_that_the_table_cannot_have_is_refused_before_anything_is_read() {
    let aws = with_export(&items());
    for key in [json!({ "id": { "N": "7" } }), json!({ "id": { "S": "" } }), json!({ "at": { "S": "7" } })] {
        let mut input = from_export("EXACT");
        input["Keys"] = json!([key]);
        let failure = verify(&aws, input).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::InvalidInput);
        assert!(failure.message.ends_with("the key attributes of the table are id (S)"), "{failure}");
    }
}

#[tokio::test]
async fn a_sample_of_nothing_proves_nothing() {
    let aws = with_export(&[]);
    let error = verify(&aws, from_export("SAMPLED")).await.unwrap_err();
    assert!(error.message.contains("the expected side has no items"), "{error}");
}

#[tokio::test]
async fn a_second_whose_changes_may_still_come_is_waited_for() {
    let (aws, items) = with_history().await;
    set(&aws, &items);
    let mut recent = of_second_100("EXACT");
    recent["Expected"]["Incremental"]["At"] = json!(history::second(595).to_rfc3339());
    let failure = verify(&aws, recent).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::ResourceBusy);
    assert!(failure.message.contains("are known at 2027-01-15 08:14:57 UTC"), "{failure}");
}

#[tokio::test]
async fn what_changed_within_the_tolerance_may_have_any_of_its_states() {
    let (aws, items) = with_history().await;
    // Each has the state of another second from 98 to 102.
    let moved = [("1", Some("old")), ("2", Some("old")), ("3", Some("after")), ("4", None), ("new", None)];
    for (number, (id, value)) in moved.into_iter().enumerate() {
        set(&aws, &with(&items, id, value));
        let output = verify_as(&aws, of_second_100("EXACT"), &execution(number)).await.unwrap();
        assert_eq!(output["WithinTolerance"], 1, "{id}: {output}");
        let different = ["Missing", "Extra", "Changed"].map(|name| output[name].as_u64().unwrap());
        assert_eq!(different, [0, 0, 0], "{id}");
    }
    let all = moved.iter().fold(items.clone(), |items, (id, value)| with(&items, id, *value));
    set(&aws, &all);
    assert_eq!(verify(&aws, of_second_100("EXACT")).await.unwrap()["WithinTolerance"], 5);

    // States of other seconds, and states that no second had.
    let damages =
        [("1", Some("no")), ("1", None), ("3", None), ("5", Some("late")), ("7", Some("no")), ("8", None)];
    for (number, (id, value)) in damages.into_iter().enumerate() {
        set(&aws, &with(&all, id, value));
        let execution = execution(100 + number);
        let failure = verify_as(&aws, of_second_100("EXACT"), &execution).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::VerificationFailed, "{id} {value:?}");
        let report = aws.text(&REPORT.replace("by-hand", &(100 + number).to_string())).unwrap();
        let report: Value = serde_json::from_str(&report).unwrap();
        let differences = report["Differences"].as_array().unwrap();
        assert_eq!((differences.len(), &differences[0]["Key"]["id"]["S"]), (1, &json!(id)));
    }
}

#[tokio::test]
async fn a_second_that_is_not_known_is_not_damage() {
    let (aws, items) = with_history().await;
    set(&aws, &items);
    let aws = history::covered(aws, history::second(99));
    let failure = verify(&aws, of_second_100("EXACT")).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::HistoryIncomplete, "{failure}");
    assert!(
        failure.message.contains("in s3://bucket/items/ are not all known: the first backfill ended"),
        "{failure}"
    );
}

fn of_live(strength: &str, percent: f64) -> Value {
    json!({ "Strength": strength, "Expected": { "Table": { "TableArn": arn("live"), "AllowedDifferencePercent": percent } } })
}

/// Returns a fake AWS with the tables `live` and `orders` with the same 400 items.
fn with_live(items: &[Value]) -> FakeStore {
    let aws = FakeStore::default().with_table("orders", &["id"]).with_table("live", &["id"]);
    let aws = items.iter().fold(aws, |aws, item| aws.with_item("live", &item.to_string()));
    fill(&aws, items);
    aws
}

#[tokio::test]
async fn a_table_may_differ_from_a_live_one_by_the_allowed_share() {
    let good: Vec<Value> = items().into_iter().take(400).collect();
    let aws = with_live(&good);
    // Four of 400 items are missing, and four are changed.
    let mut bad = good;
    bad.drain(..4);
    bad[..4].iter_mut().for_each(|item| item["text"] = json!({ "S": "another" }));
    fill(&aws, &bad);
    let output = verify_as(&aws, of_live("SAMPLED", 2.0), &execution(1)).await.unwrap();
    let counts = ["Sampled", "Equal", "Missing", "Changed"].map(|name| output[name].as_u64().unwrap());
    assert_eq!((counts, &output["AllowedDifferencePercent"]), ([400, 392, 4, 4], &json!(2.0)));
    assert_eq!(output["Against"], "table live");
    let failure = verify_as(&aws, of_live("SAMPLED", 1.99), &execution(2)).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::VerificationFailed);
    assert!(
        failure
            .message
            .contains("of 400 sampled items 4 are missing, 4 changed and 392 equal (1.99 % may differ)"),
        "{failure}"
    );

    let output = verify_as(&aws, of_live("COUNTED", 1.0), &execution(3)).await.unwrap();
    assert_eq!((&output["Items"], &output["ItemsExpected"]), (&json!(396), &json!(400)));
    let failure = verify_as(&aws, of_live("COUNTED", 0.99), &execution(4)).await.unwrap_err();
    assert!(failure.message.contains("it has 396 items instead of 400 (0.99 % may differ)"), "{failure}");
}

#[tokio::test]
async fn an_item_that_changes_in_the_live_table_is_replaced_by_another_one() {
    let good: Vec<Value> = items().into_iter().take(400).collect();
    let aws = with_live(&good);
    let clients = aws.clients();
    let mut input = of_live("SAMPLED", 0.0);
    input["SampleSize"] = json!(100);
    let plan =
        PlanVerification::new(&clients).unwrap().run_json(plan_input(&input, EXECUTION)).await.unwrap();
    let run = async |step: &dyn AnyStep, more: Value| {
        let mut input = json!({ "executionArn": EXECUTION, "verification": plan["verification"] });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        step.run_json(input).await
    };
    let segment = json!({ "side": "expected", "segment": 0, "part": 0 });
    assert_eq!(run(&ReadSegment::new(&clients).unwrap(), segment).await.unwrap()["done"], true);
    // A quarter of the items changes in the live table and in none of its copies, after the sample was taken.
    for number in (0..400).step_by(4) {
        let mut item = item(number);
        item["text"] = json!({ "S": "later" });
        aws.state().tables.get_mut("live").unwrap().put(&item.to_string());
    }
    // The copy has another state of them than either read.
    let mut copy = good;
    copy.iter_mut().step_by(4).for_each(|item| item["text"] = json!({ "S": "between" }));
    fill(&aws, &copy);
    let read = run(&ReadSample::new(&clients).unwrap(), json!({ "part": 0 })).await.unwrap();
    assert_eq!(read["done"], true);
    run(&CompareRange::new(&clients).unwrap(), json!({ "from": 0, "to": 4_096 })).await.unwrap();
    let output = run(&FinishVerification::new(&clients).unwrap(), at_the_end()).await.unwrap();
    assert_eq!((&output["Sampled"], &output["Equal"]), (&json!(100), &json!(100)), "{output}");
}

use serde_json::{Value, json};
use tablekeeper_core::aws::arn::table_arn;
use tablekeeper_core::testing::fake_aws::{FakeAws, arn};

use super::*;
use crate::step::AnyStep;
use crate::workflows::backup_prune::testing::{EXECUTION, STARTED_AT};

/// Returns the parameters of a template that was deployed with its defaults.
fn defaults() -> Value {
    json!({
        "tableNames": "", "tableNamePattern": "", "tableTag": "", "maxBackups": "3", "maxAgeDays": "0",
        "dailyBackups": "0", "weeklyBackups": "0", "monthlyBackups": "0", "yearlyBackups": "0",
        "includeFormer": "false", "includeManual": "false"
    })
}

fn with(mut of: Value, field: &str, value: &str) -> Value {
    of[field] = json!(value);
    of
}

async fn select_by(aws: &FakeAws, input: Value, defaults: Value, hours: &str) -> Result<Value, Failure> {
    let step = SelectTables::new(&aws.clients()).unwrap();
    step.run_json(json!({
        "executionArn": EXECUTION, "executionInput": input, "startedAt": STARTED_AT, "defaults": defaults,
        "backupTimeoutHours": hours
    }))
    .await
}

async fn select(aws: &FakeAws, input: Value) -> Result<Value, Failure> {
    select_by(aws, input, defaults(), "1").await
}

fn names(output: &Value) -> Vec<&str> {
    let tables = output["tables"].as_array().unwrap().iter();
    tables.map(|table| table["tableName"].as_str().unwrap()).collect()
}

fn five_tables() -> FakeAws {
    let tables = ["audit", "customers", "orders", "orders-archive", "reorders"];
    tables.iter().fold(FakeAws::default(), |aws, table| aws.with_table(table))
}

#[tokio::test]
async fn a_name_is_enough_and_takes_no_call() {
    let aws = FakeAws::default();
    let expected = json!({
        "run": {
            "retention": { "maxBackups": 3, "maxAgeDays": 0, "daily": 0, "weekly": 0, "monthly": 0,
                "yearly": 0 },
            "others": { "former": false, "manual": false }, "startedAt": STARTED_AT, "deadline": "2026-03-01T03:00:00Z", "lines": 50,
            "deletions": 200
        },
        "tables": [{ "tableName": "Movies", "backupName": "Movies-20260301T020000Z" }]
    });
    assert_eq!(select(&aws, json!({ "TableName": "Movies" })).await.unwrap(), expected);
    assert!(aws.state().calls.is_empty());
}

#[tokio::test]
async fn the_templates_parameters_are_the_defaults() {
    let template = with(with(defaults(), "tableNames", "orders,customers"), "weeklyBackups", "4");
    let template = with(template, "includeManual", "true");
    let output = select_by(&five_tables(), json!({ "MaxBackups": 7 }), template, "168").await.unwrap();
    assert_eq!(names(&output), ["orders", "customers"]);
    let run = &output["run"];
    assert_eq!((&run["retention"]["maxBackups"], &run["retention"]["weekly"]), (&json!(7), &json!(4)));
    assert_eq!(
        (&run["others"], &run["deadline"]),
        (&json!({ "former": false, "manual": true }), &json!("2026-03-08T02:00:00Z"))
    );
}

#[tokio::test]
async fn a_pattern_matches_on_every_page_and_anywhere_in_a_name() {
    for page in [1, 2, 100] {
        let aws = five_tables().with_pages_of(page);
        let output = select(&aws, json!({ "TableNamePattern": "orders" })).await.unwrap();
        assert_eq!(names(&output), ["orders", "orders-archive", "reorders"], "{page}");
        assert_eq!(aws.calls("dynamodb:ListTables").len(), 5_usize.div_ceil(page));
    }
    let output = select(&five_tables(), json!({ "TableNamePattern": "^orders$" })).await.unwrap();
    assert_eq!(names(&output), ["orders"]);
}

#[tokio::test]
async fn a_tag_matches_on_every_page_of_a_tables_tags() {
    let aws = five_tables();
    aws.response("dynamodb:ListTagsOfResource", |call| {
        let tag = |key: &str, value: &str| json!({ "Key": key, "Value": value });
        let text = |field: &str| call.input[field].as_str().unwrap_or_default().to_owned();
        let second = text("NextToken") == "second";
        match (text("ResourceArn").rsplit('/').next().unwrap(), second) {
            // Each of the other tables has the key or the value, but not both in one tag.
            ("audit", _) => (200, json!({ "Tags": [tag("backup", "weekly"), tag("other", "nightly")] })),
            ("orders", false) => (200, json!({ "Tags": [tag("team", "a")], "NextToken": "second" })),
            ("orders", true) => (200, json!({ "Tags": [tag("backup", "nightly")] })),
            ("reorders", _) => (200, json!({ "Tags": [tag("backup", "nightly")] })),
            _ => (200, json!({ "Tags": [] })),
        }
    });
    let output = select(&aws, json!({ "TableTag": "backup=nightly" })).await.unwrap();
    assert_eq!(names(&output), ["orders", "reorders"]);
    let asked = aws.calls("dynamodb:ListTagsOfResource");
    assert_eq!(asked.len(), 6, "one more page of one table");
    assert_eq!(asked[0].input["ResourceArn"], arn("audit"));
}

#[tokio::test]
async fn a_table_deleted_during_the_selection_has_no_tag() {
    let aws = five_tables();
    aws.response("dynamodb:ListTagsOfResource", |call| {
        if call.input["ResourceArn"] == arn("audit") {
            return tablekeeper_core::testing::fake_aws::refusal("ResourceNotFoundException");
        }
        (200, json!({ "Tags": [{ "Key": "backup", "Value": "" }] }))
    });
    let select = async || select(&aws, json!({ "TableTag": "backup=" })).await;
    assert_eq!(select().await.unwrap_err().name, ErrorName::ResourceBusy, "it is there");
    aws.refuse("dynamodb:DescribeTable", "ResourceNotFoundException");
    assert_eq!(names(&select().await.unwrap()), ["customers", "orders", "orders-archive", "reorders"]);
}

#[tokio::test]
async fn a_selection_without_tables_is_rejected() {
    for (nothing, expected) in [
        (
            json!({ "TableNamePattern": "^x" }),
            "TableNamePattern is `^x`; no table of this account and Region has such a name",
        ),
        (
            json!({ "TableTag": "backup=nightly" }),
            "TableTag is `backup=nightly`; no table of this account and Region has this tag",
        ),
    ] {
        let failure = select(&five_tables(), nothing).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::InvalidInput);
        assert!(failure.message.ends_with(expected), "{failure}");
    }
}

#[tokio::test]
async fn at_most_150_tables_are_selected() {
    let tables = |count: usize| {
        (0..count).fold(FakeAws::default(), |aws, number| aws.with_table(&format!("table-{number:03}")))
    };
    let everything = || json!({ "TableNamePattern": "" });
    let output = select(&tables(150), everything()).await.unwrap();
    assert_eq!((names(&output).len(), &output["run"]["lines"]), (150, &json!(2)));
    assert_eq!(output["run"]["deletions"], 10, "1,500 of all tables together");
    let failure = select(&tables(151), everything()).await.unwrap_err();
    assert_eq!(failure.name, ErrorName::InvalidInput);
    assert!(
        failure.message.contains("151 tables are selected, and one execution backs up at most 150"),
        "{failure}"
    );
}

#[tokio::test]
async fn an_invalid_input_is_rejected_before_any_call() {
    let every = || json!({ "TableNamePattern": "." });
    let and = |field: &str, value: Value| {
        let mut input = every();
        input[field] = value;
        input
    };
    for (input, template, hours, name, expected) in [
        (
            and("MaxBackups", json!(0)),
            defaults(),
            "1",
            ErrorName::InvalidInput,
            "MaxBackups is `0`; it must be between 1 and 10000",
        ),
        (
            and("DailyBackups", json!(-1)),
            defaults(),
            "1",
            ErrorName::InvalidInput,
            "DailyBackups is `-1`; it must be between 0 and",
        ),
        (every(), with(defaults(), "maxBackups", "0"), "1", ErrorName::InvalidInput, "MaxBackups is `0`"),
        (
            every(),
            with(defaults(), "yearlyBackups", "ten"),
            "1",
            ErrorName::InvalidInput,
            "YearlyBackups is `ten`",
        ),
        (
            every(),
            with(defaults(), "includeManual", "yes"),
            "1",
            ErrorName::InvalidInput,
            "IncludeManual is `yes`",
        ),
        (
            every(),
            defaults(),
            "0",
            ErrorName::InvalidInput,
            "BackupTimeoutHours is `0`; it must be between 1 and 168",
        ),
        (every(), defaults(), "169", ErrorName::InvalidInput, "BackupTimeoutHours is `169`"),
        (every(), defaults(), "an hour", ErrorName::InvalidInput, "BackupTimeoutHours is `an hour`"),
        (
            json!({ "TableNamePattern": "(" }),
            defaults(),
            "1",
            ErrorName::InvalidPattern,
            "TableNamePattern `(` is not",
        ),
        (
            json!({ "TableTag": "backup" }),
            defaults(),
            "1",
            ErrorName::InvalidInput,
            "TableTag is `backup`; it must have",
        ),
        (
            and("TableName", json!("abc")),
            defaults(),
            "1",
            ErrorName::InvalidInput,
            "TableName is not the only selection",
        ),
        (json!({}), defaults(), "1", ErrorName::InvalidInput, "TableName is missing, and so are"),
        (and("Keep", json!(3)), defaults(), "1", ErrorName::InvalidInput, "unknown field `Keep`"),
        (
            and("MaxBackups", json!("3")),
            defaults(),
            "1",
            ErrorName::InvalidInput,
            "executionInput.MaxBackups",
        ),
    ] {
        let aws = five_tables();
        let failure = select_by(&aws, input.clone(), template, hours).await.unwrap_err();
        assert_eq!(failure.name, name, "{input}");
        assert!(failure.message.contains(expected), "{failure}");
        assert!(aws.state().calls.is_empty(), "{input}");
    }
}

#[tokio::test]
async fn refused_calls_have_their_error_names() {
    for (action, code, name) in [
        ("dynamodb:ListTables", "AccessDeniedException", ErrorName::AccessDenied),
        ("dynamodb:ListTagsOfResource", "ThrottlingException", ErrorName::Throttled),
        ("dynamodb:ListTagsOfResource", "ValidationException", ErrorName::RequestRefused),
    ] {
        let aws = five_tables();
        aws.refuse(action, code);
        let failure = select(&aws, json!({ "TableTag": "backup=nightly" })).await.unwrap_err();
        assert_eq!(failure.name, name);
        assert!(failure.message.starts_with(&format!("{action} failed: {code}")), "{failure}");
    }
}

#[test]
fn tables_are_in_the_executions_partition_region_and_account() {
    let china = "arn:aws-cn:states:cn-north-1:210987654321:execution:backup-prune:nightly-1";
    assert_eq!(table_arn("orders", china), "arn:aws-cn:dynamodb:cn-north-1:210987654321:table/orders");
}

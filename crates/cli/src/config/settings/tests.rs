use crate::config::settings::*;
use crate::failure::sentence;

const FILE: &str = r#"# Of the orders.
table = "orders"

[s3.incremental]
bucket = "backup-of-orders"
prefix = "/items"
given-up-bucket = "given-up"

[s3.snapshot]
bucket = "backup-of-orders"
prefix = "snapshots/"

[dynamodb]
region = "eu-west-1"
host = "localhost"
port = 8000
tls = false
parallelism = 4
"#;

fn settings(file: Option<&str>, variables: &[(&str, &str)]) -> Result<Settings, String> {
    let variable =
        |name: &str| variables.iter().find(|(of, _)| *of == name).map(|(_, value)| (*value).to_owned());
    let file = file.map_or(Ok(File::default()), |text| File::parse("orders.toml", text));
    let settings =
        file.map_err(Into::into).and_then(|file| Settings::new(&file, &OfStack::default(), &variable));
    settings.map_err(|error: anyhow::Error| {
        assert!(error.downcast_ref::<Unusable>().is_some(), "{error:#}");
        sentence(&error)
    })
}

#[test]
fn the_environment_is_enough_and_prefixes_are_optional() {
    let least =
        settings(None, &[("INCREMENTAL_BUCKET", "items-bucket"), ("SNAPSHOT_BUCKET", "snapshots")]).unwrap();
    let items = least.items().unwrap();
    assert_eq!((items.bucket.as_str(), items.prefix.as_str()), ("items-bucket", "items/"));
    assert_eq!(items.failures_prefix, "failures/");
    assert_eq!(least.snapshots().unwrap().prefix, "snapshots/");
    assert_eq!((least.parallelism, least.region, least.endpoint, least.table), (32, None, None, None));
    let whole = settings(
        None,
        &[
            ("INCREMENTAL_BUCKET", "bucket"),
            ("INCREMENTAL_PREFIX", "items"),
            ("SNAPSHOT_BUCKET", "bucket"),
            ("SNAPSHOT_PREFIX", "snapshots/"),
            ("DYNAMODB_REGION", "eu-west-1"),
            ("DYNAMODB_HOST", "dynamodb.eu-west-1.amazonaws.com"),
            ("DYNAMODB_PORT", "443"),
            ("DYNAMODB_USETLS", "TRUE"),
            ("DYNAMODB_PARALLELISM", "64"),
        ],
    );
    let whole = whole.unwrap();
    assert_eq!((whole.items().unwrap().prefix.as_str(), whole.parallelism), ("items/", 64));
    assert_eq!(whole.endpoint.as_deref(), Some("https://dynamodb.eu-west-1.amazonaws.com"));
}

#[test]
fn the_file_overrides_the_environment_value_by_value() {
    let others = [("INCREMENTAL_BUCKET", "other"), ("DYNAMODB_PORT", "1"), ("DYNAMODB_REGION", "us-east-1")];
    let file = settings(Some(FILE), &others).unwrap();
    let items = file.items().unwrap();
    assert_eq!((items.bucket.as_str(), items.prefix.as_str()), ("backup-of-orders", "items/"));
    assert_eq!(file.endpoint.as_deref(), Some("http://localhost:8000"));
    assert_eq!(
        (file.table.as_deref(), file.region.as_deref(), file.parallelism),
        (Some("orders"), Some("eu-west-1"), 4)
    );
    let other = file.table(Some("other")).unwrap();
    assert_eq!((other.as_deref(), file.table(None).unwrap().as_deref()), (Some("other"), Some("orders")));
    let rest = settings(Some("[s3.incremental]\nprefix = 'a'\n"), &others[..1]).unwrap();
    assert_eq!(
        (rest.items().unwrap().bucket.as_str(), rest.items().unwrap().prefix.as_str()),
        ("other", "a/")
    );
}

#[test]
fn missing_values_are_reported_when_needed() {
    let none = settings(None, &[("INCREMENTAL_BUCKET", "")]).unwrap();
    assert_eq!(
        none.items().unwrap_err().to_string(),
        "INCREMENTAL_BUCKET is missing; it names the bucket of the items. Set it, give --stack NAME for the stack \
         that follows the table, or set `stack` or s3.incremental.bucket in the settings file"
    );
    assert!(none.snapshots().unwrap_err().to_string().starts_with("SNAPSHOT_BUCKET is missing; "));
    let file = settings(Some(""), &[]).unwrap();
    assert_eq!(
        file.snapshots().unwrap_err().to_string(),
        "orders.toml has no s3.snapshot.bucket, and SNAPSHOT_BUCKET is not set; one of them or --stack must name the \
         bucket of the snapshots"
    );
}

#[test]
fn errors_in_the_file_have_a_line() {
    for (from, to, expected) in [
        (
            "bucket = \"backup",
            "bukket = \"backup",
            "orders.toml, line 5: unknown field `bukket`, expected one of `bucket`",
        ),
        ("[s3.snapshot]", "[s3.snapshots]", "orders.toml, line 9: unknown field `snapshots`, expected"),
        ("[dynamodb]", "[dynamo]", "orders.toml, line 13: unknown field `dynamo`, expected"),
        (
            "port = 8000",
            "port = \"8000\"",
            "orders.toml, line 16: invalid type: string \"8000\", expected i64",
        ),
        ("port = 8000", "port = ", "orders.toml, line 16: "),
        (
            "port = 8000",
            "port = 0",
            "dynamodb.port of orders.toml (line 16) is `0`; it must be between 1 and 65535",
        ),
        ("tls = false", "tls = 1", "orders.toml, line 17: invalid type: integer `1`, expected a boolean"),
        (
            "parallelism = 4",
            "parallelism = 0",
            "dynamodb.parallelism of orders.toml (line 18) is `0`; it must be between 1 and 1024",
        ),
        (
            "host = \"localhost\"\n",
            "",
            "dynamodb.port of orders.toml (line 15) is `8000`; it needs DYNAMODB_HOST",
        ),
        (
            "\"orders\"",
            "\"or ders\"",
            "table of orders.toml (line 2) is `or ders`; it must be a table name (3 to 255 letters, digits, `_`, `-` or `.`)",
        ),
        (
            "\"eu-west-1\"",
            "\"eu west\"",
            "dynamodb.region of orders.toml (line 14) is `eu west`; it must be a Region, such as",
        ),
        (
            "\"backup-of-orders\"",
            "\"Orders\"",
            "s3.incremental.bucket of orders.toml (line 5) is `Orders`; it must be a bucket name",
        ),
        (
            "\"backup-of-orders\"",
            "\"a-b-c/items\"",
            "s3.incremental.bucket of orders.toml (line 5) is `a-b-c/items`; ",
        ),
        (
            "\"snapshots/\"",
            "\"items/snapshots\"",
            "snapshots would be at s3://backup-of-orders/items/snapshots/ (s3.snapshot.prefix of orders.toml (line \
             11)), under the items at s3://backup-of-orders/items/ (s3.incremental.prefix of orders.toml (line 6)), \
             and would be read as items; choose another bucket or prefix",
        ),
    ] {
        assert!(FILE.contains(from), "{from}");
        let error = settings(Some(&FILE.replacen(from, to, 1)), &[]).unwrap_err();
        assert!(error.starts_with(expected), "{to}: {error}");
    }
}

#[test]
fn errors_in_the_environment_have_a_variable() {
    let bucket = ("INCREMENTAL_BUCKET", "bucket");
    for (variables, expected) in [
        (&[("INCREMENTAL_BUCKET", "B")][..], "INCREMENTAL_BUCKET is `B`; it must be a bucket name"),
        (&[("SNAPSHOT_BUCKET", "s3://bucket")], "SNAPSHOT_BUCKET is `s3://bucket`; it must be a bucket name"),
        (&[("DYNAMODB_REGION", "eu_west_1")], "DYNAMODB_REGION is `eu_west_1`; it must be a Region, such as"),
        (
            &[("DYNAMODB_PORT", "8000")],
            "DYNAMODB_PORT is `8000`; it needs DYNAMODB_HOST (dynamodb.host), which is missing",
        ),
        (&[("DYNAMODB_USETLS", "false")], "DYNAMODB_USETLS is `false`; it needs DYNAMODB_HOST"),
        (&[("DYNAMODB_USETLS", "no")], "DYNAMODB_USETLS is `no`; it must be true or false"),
        (&[("DYNAMODB_PORT", "https")], "DYNAMODB_PORT is `https`; it must be between 1 and 65535"),
        (
            &[("DYNAMODB_PARALLELISM", "many")],
            "DYNAMODB_PARALLELISM is `many`; it must be between 1 and 1024",
        ),
        (
            &[("DYNAMODB_HOST", "http://localhost:8000")],
            "DYNAMODB_HOST is `http://localhost:8000`; it must be a host without",
        ),
        (
            &[("DYNAMODB_HOST", "localhost"), ("DYNAMODB_USETLS", "false")],
            "DYNAMODB_USETLS is false, but DYNAMODB_PORT (dynamodb.port) is missing; the default, 443",
        ),
        (
            &[
                bucket,
                ("INCREMENTAL_PREFIX", "/"),
                ("SNAPSHOT_BUCKET", "bucket"),
                ("SNAPSHOT_PREFIX", "snapshots"),
            ],
            "snapshots would be at s3://bucket/snapshots/ (SNAPSHOT_PREFIX), under the items at s3://bucket/ \
             (INCREMENTAL_PREFIX), and would be",
        ),
        (
            &[bucket, ("INCREMENTAL_PREFIX", "a"), ("FAILURES_PREFIX", "a/failures")],
            "quarantined records would be at `a/failures/` (FAILURES_PREFIX), under the items at `a/` \
             (INCREMENTAL_PREFIX)",
        ),
    ] {
        let error = settings(None, variables).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
    // The same prefix in another bucket, or another prefix, is allowed.
    let apart =
        [bucket, ("SNAPSHOT_BUCKET", "others"), ("INCREMENTAL_PREFIX", "a"), ("SNAPSHOT_PREFIX", "a")];
    assert!(settings(None, &apart).is_ok());
}

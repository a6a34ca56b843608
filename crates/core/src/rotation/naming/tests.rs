use super::*;

fn backup(table: &str, time: &str) -> BackupSnsMessage {
    let table_arn = format!("arn:aws:dynamodb:eu-west-1:123456789012:table/{table}");
    BackupSnsMessage {
        status_message: String::new(),
        recovery_point_arn: format!("{table_arn}/backup/01568804569000-d3306d76"),
        backed_up_resource_arn: table_arn,
        backup_job_id: String::new(),
        start_time: Some(DateTime::parse_from_rfc3339(time).unwrap()),
    }
}

fn target(table: &str, source: &str, replacement: &str) -> Result<String, ErrorName> {
    let patterns = Patterns::new(source, replacement, None).map_err(|error| error.name())?;
    Rotation::plan(&backup(table, "2019-09-02T13:48:52.226Z"), &patterns)
        .map(|rotation| rotation.target_table)
        .map_err(|error| error.name())
}

#[test]
fn every_match_is_replaced_and_the_time_appended() {
    let time = "-20190902-13-48-52";
    for (table, source, replacement, expected) in [
        ("customer-production", "(?i)-production$", "-staging", "customer-staging"),
        ("Customer-PRODUCTION", "(?i)-production$", "-staging", "Customer-staging"),
        ("my.orders.v2", r"\.", "_", "my_orders_v2"),
        ("prod-orders", "^prod-", "", "orders"),
        ("orders-eu", "^(.+)-(eu|us)$", "$2-$1", "eu-orders"),
        ("orders-eu", "^(?P<what>.+)-(?P<where>eu|us)$", "${where}.${what}", "eu.orders"),
        ("orders-eu", "^(.+)-eu$", "${1}x", "ordersx"),
        ("orders", "r", "$0$0", "orrderrs"),
        ("orders", ".*", "x", "x"),
    ] {
        assert_eq!(target(table, source, replacement), Ok(format!("{expected}{time}")), "{source}");
    }
}

#[test]
fn time_keeps_its_own_offset() {
    let patterns = Patterns::new("orders", "copy", None).unwrap();
    let rotation = Rotation::plan(&backup("orders", "2019-09-02T23:30:00+05:30"), &patterns).unwrap();
    assert_eq!(rotation.target_table, "copy-20190902-23-30-00");
}

#[test]
fn the_time_of_a_recovery_point_of_aws_backup_is_that_of_its_job() {
    let patterns = Patterns::new("orders", "copy", None).unwrap();
    let mut given = backup("orders", "2019-09-02T23:30:00+05:30");
    given.recovery_point_arn = "arn:aws:backup:eu-west-1:123456789012:recovery-point:b4e58d3a".to_owned();
    let rotation = Rotation::plan(&given, &patterns).unwrap();
    assert_eq!(rotation.backed_up_at.to_rfc3339(), "2019-09-02T18:00:00+00:00");
}

#[test]
fn missing_time_is_read_from_the_backup_id() {
    let patterns = Patterns::new("orders", "copy", None).unwrap();
    let without = |arn: &str| {
        let given = BackupSnsMessage { start_time: None, ..backup("orders", "2019-09-02T13:48:52Z") };
        Rotation::plan(&BackupSnsMessage { recovery_point_arn: arn.to_owned(), ..given }, &patterns)
    };
    let table = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";
    for id in ["01568804569000-d3306d76", "1568804569000-d3306d76"] {
        let rotation = without(&format!("{table}/backup/{id}")).unwrap();
        assert_eq!(rotation.target_table, "copy-20190918-11-02-49");
        assert_eq!(rotation.backed_up_at.timestamp(), 1_568_804_569);
    }
    for untold in [
        &format!("{table}/backup/156880456900-d3306d76"),
        &format!("{table}/backup/0156880456900x-d3306d76"),
        &format!("{table}/backup/nightly"),
        "arn:aws:backup:eu-west-1:123456789012:recovery-point:01568804569000-d3306d76",
    ] {
        let refused = without(untold).unwrap_err();
        assert_eq!(refused.name(), ErrorName::InvalidInput);
        assert!(refused.to_string().starts_with("StartTime is missing, and RecoveryPointArn "), "{refused}");
    }
}

#[test]
fn pattern_is_matched_against_the_name_only() {
    for pattern in ["eu-west-1", "123456789012", "^arn:", "dynamodb"] {
        assert_eq!(target("orders", pattern, ""), Err(ErrorName::InvalidInput), "{pattern}");
    }
}

#[test]
fn invalid_target_names_are_refused() {
    let long = "a".repeat(255);
    assert_eq!(target(&long, "^a", "a"), Err(ErrorName::InvalidTargetName));
    assert_eq!(target(&"a".repeat(237), "^a", "a").map(|name| name.len()), Ok(255));
    assert_eq!(target("orders", "s$", "s/ü"), Err(ErrorName::InvalidTargetName));
    assert_eq!(target("orders", "(", ""), Err(ErrorName::InvalidPattern));
}

#[test]
fn parameter_name_uses_the_groups_of_the_first_match() {
    let parameter = |template: &str| {
        let patterns = Patterns::new("^(?P<what>.+)-production$", "$1", Some(template)).unwrap();
        Rotation::plan(&backup("orders-production", "2019-09-02T13:48:52Z"), &patterns)
            .map(|rotation| rotation.ssm_parameter_name)
            .map_err(|error| error.name())
    };
    assert_eq!(parameter("/staging/$1/arn"), Ok(Some("/staging/orders/arn".to_owned())));
    assert_eq!(parameter("/staging/${what}/arn"), Ok(Some("/staging/orders/arn".to_owned())));
    assert_eq!(parameter("plain"), Ok(Some("plain".to_owned())));
    assert_eq!(parameter(""), Ok(None));
    for wrong in ["a/b", "/a//b", "/a/", "/aws/x", "SSM-x", "/a b", &"/a".repeat(16)] {
        assert_eq!(parameter(wrong), Err(ErrorName::InvalidParameterName), "{wrong}");
    }
}

#[test]
fn unknown_group_is_refused_before_any_replacement() {
    let refused = |replacement: &str, parameter: Option<&str>| {
        let error = Patterns::new("(shop)-production$", replacement, parameter).unwrap_err();
        assert_eq!(error.name(), ErrorName::InvalidPattern);
        error.to_string()
    };
    assert_eq!(
        refused("$1x", None),
        "ReplacementPattern `$1x` names the group `1x`, which SourcePattern `(shop)-production$` does not have: \
         write ${1}x for group 1 followed by x"
    );
    assert_eq!(
        refused("$1", Some("/$2/arn")),
        "SSMParameterName `/$2/arn` names the group `2`, which SourcePattern `(shop)-production$` does not have: it \
         has 1 group; $$ stands for a dollar"
    );
}

#[test]
fn backup_of_another_table_is_refused() {
    let mut backup = backup("orders", "2019-09-02T13:48:52Z");
    backup.backed_up_resource_arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/customers".to_owned();
    let patterns = Patterns::new("s$", "", None).unwrap();
    let error = Rotation::plan(&backup, &patterns).unwrap_err();
    assert_eq!(error.name(), ErrorName::InvalidInput);
    assert!(error.to_string().contains("`orders`") && error.to_string().contains("`customers`"));
}

proptest::proptest! {
    #[test]
    fn no_pattern_and_no_replacement_panics(source in ".{0,20}", replacement in ".{0,20}", table in "[a-zA-Z0-9_.-]{3,40}") {
        if let Ok(name) = target(&table, &source, &replacement) {
            proptest::prop_assert!(crate::aws::arn::is_table_name(&name));
        }
    }
}

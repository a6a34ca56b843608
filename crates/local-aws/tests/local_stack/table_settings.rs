use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::builders::UpdateGlobalSecondaryIndexActionBuilder;
use aws_sdk_dynamodb::types::{
    ContributorInsightsAction, ContributorInsightsMode, GlobalSecondaryIndexUpdate, OnDemandThroughput,
    PointInTimeRecoverySpecification, StreamSpecification, StreamViewType, TableClass, TableDescription,
    TableStatus, Tag, TimeToLiveSpecification, UpdateGlobalSecondaryIndexAction, WarmThroughput,
};
use local_aws::SimulatedLatency;

use crate::client::{Api, eventually, stack};

/// An account with an on-demand table `orders` and its index `by-kind`.
struct Account {
    api: Api,
    client: Client,
}

impl Account {
    async fn prepared(account: &'static str) -> Self {
        let api = Api::new(account).await;
        api.make_table("orders").await;
        stack().await.proxy().slow(account, SimulatedLatency { updates: 0, ..SimulatedLatency::default() });
        Self { api, client: Client::new(&stack().await.config(account).await) }
    }

    /// Returns the account with a client that does not retry. The SDK takes some refusals for throttling and would
    /// wait.
    fn without_retries(self) -> Self {
        let once = aws_sdk_dynamodb::config::retry::RetryConfig::disabled();
        let config = self.client.config().to_builder().retry_config(once).build();
        Self { client: Client::from_conf(config), ..self }
    }

    fn arn(&self) -> String {
        format!("arn:aws:dynamodb:us-east-1:{}:table/orders", self.api.account)
    }

    async fn table(&self, name: &str) -> TableDescription {
        self.client.describe_table().table_name(name).send().await.unwrap().table.unwrap()
    }

    async fn set_time_to_live(&self, enabled: bool, attribute: &str) -> Result<(), String> {
        let wanted =
            TimeToLiveSpecification::builder().enabled(enabled).attribute_name(attribute).build().unwrap();
        let call = self.client.update_time_to_live().table_name("orders").time_to_live_specification(wanted);
        call.send().await.map(|_| ()).map_err(|error| refusal_of(&error))
    }

    async fn set_stream(&self, enabled: bool) -> Result<(), String> {
        let view = enabled.then_some(StreamViewType::NewImage);
        let wanted = StreamSpecification::builder()
            .stream_enabled(enabled)
            .set_stream_view_type(view)
            .build()
            .unwrap();
        let call = self.client.update_table().table_name("orders").stream_specification(wanted);
        call.send().await.map(|_| ()).map_err(|error| refusal_of(&error))
    }

    async fn set_recovery(&self, days: Option<i32>) -> Result<(), String> {
        let wanted = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(true);
        let wanted = wanted.set_recovery_period_in_days(days).build().unwrap();
        let call = self.client.update_continuous_backups().table_name("orders");
        let call = call.point_in_time_recovery_specification(wanted).send().await;
        call.map(|_| ()).map_err(|error| refusal_of(&error))
    }

    async fn recovery_days(&self, table: &str) -> Option<i32> {
        let described = self.client.describe_continuous_backups().table_name(table).send().await.unwrap();
        let described = described.continuous_backups_description.unwrap();
        described.point_in_time_recovery_description.unwrap().recovery_period_in_days
    }

    async fn tag(&self, keys: impl IntoIterator<Item = String>) -> Result<(), String> {
        let tags = keys.into_iter().map(|key| Tag::builder().key(key).value("v").build().unwrap()).collect();
        let call = self.client.tag_resource().resource_arn(self.arn()).set_tags(Some(tags)).send().await;
        call.map(|_| ()).map_err(|error| refusal_of(&error))
    }
}

/// Returns the code and the message of a refusal.
fn refusal_of(error: &impl ProvideErrorMetadata) -> String {
    format!("{}: {}", error.code().unwrap_or_default(), error.message().unwrap_or_default())
}

fn warm(reads: i64, writes: i64) -> WarmThroughput {
    WarmThroughput::builder().read_units_per_second(reads).write_units_per_second(writes).build()
}

/// See the measurements DDB-TABLE-103, 440, 441.
#[tokio::test]
async fn tags_are_locked_after_a_change_against_further_changes() {
    let account = Account::prepared("310000000020").await.without_retries();
    let untag = async |key: &str| {
        let call = account.client.untag_resource().resource_arn(account.arn()).tag_keys(key).send().await;
        call.map(drop).map_err(|error| refusal_of(&error))
    };
    let locked = "LimitExceededException: Subscriber limit exceeded: Table tags are being updated: orders";
    let locked = || Err(locked.to_owned());
    let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
    let list = async || {
        account.client.list_tags_of_resource().resource_arn(account.arn()).send().await.unwrap();
    };

    assert_eq!(account.tag(keys(&["a", "b"])).await, Ok(()));
    assert_eq!(account.tag(keys(&["c"])).await, locked());
    assert_eq!(untag("a").await, locked());
    assert_eq!(account.tag(keys(&["b", "a"])).await, Ok(()), "the call changes nothing");
    assert_eq!(untag("missing").await, Ok(()), "the call changes nothing");
    list().await;
    assert_eq!(untag("a").await, Ok(()));
    assert_eq!(account.tag(keys(&["c"])).await, locked());
    list().await;
    assert_eq!(account.tag(keys(&["c"])).await, Ok(()));
}

#[tokio::test]
async fn an_update_takes_polls_and_blocks_others_until_it_ends() {
    let account = Account::prepared("310000000001").await;
    let latency = SimulatedLatency { updates: 2, ..SimulatedLatency::default() };
    stack().await.proxy().slow(account.api.account, latency);
    let update = || account.client.update_table().table_name("orders");
    let infrequent = || update().table_class(TableClass::StandardInfrequentAccess).send();
    let updating = infrequent().await.unwrap().table_description.unwrap();
    assert_eq!(updating.table_status(), Some(&TableStatus::Updating));
    assert_eq!(account.table("orders").await.table_status(), Some(&TableStatus::Updating));
    let refused = infrequent().await.unwrap_err();
    let expected = "Attempt to change a resource which is still in use: Table is being updated: orders";
    assert_eq!(refusal_of(&refused), format!("ResourceInUseException: {expected}"));
    account.set_time_to_live(true, "expires").await.unwrap();
    account.tag(["a".to_owned()]).await.unwrap();
    update().deletion_protection_enabled(true).send().await.unwrap();
    assert_eq!(account.table("orders").await.table_status(), Some(&TableStatus::Updating));
    assert_eq!(account.table("orders").await.table_status(), Some(&TableStatus::Active));
    account.set_stream(true).await.unwrap();
}

/// See the measurements DDB-TABLE-003, 017, 178.
#[tokio::test]
async fn protection_and_maxima_change_at_once_and_protection_only_once_in_15_seconds() {
    let account = Account::prepared("310000000021").await.without_retries();
    stack()
        .await
        .proxy()
        .slow(account.api.account, SimulatedLatency { updates: 2, ..SimulatedLatency::default() });
    let update = || account.client.update_table().table_name("orders");
    let protect = async |enabled: bool| {
        let updated = update().deletion_protection_enabled(enabled).send().await;
        updated
            .map(|output| output.table_description.unwrap().table_status.unwrap())
            .map_err(|error| refusal_of(&error))
    };
    assert_eq!(protect(true).await, Ok(TableStatus::Active));
    let table = account.table("orders").await;
    assert_eq!(
        (table.table_status(), table.deletion_protection_enabled()),
        (Some(&TableStatus::Active), Some(true))
    );
    assert_eq!(protect(true).await, Ok(TableStatus::Active), "the call changes nothing");
    let refused = protect(false).await.unwrap_err();
    assert!(
        refused
            .starts_with("ThrottlingException: Deletion protection setting for table orders modified within")
    );
    stack().await.proxy().let_an_hour_pass(account.api.account);
    assert_eq!(protect(false).await, Ok(TableStatus::Active));
    let limit = OnDemandThroughput::builder().max_read_request_units(50).build();
    let limited = update().on_demand_throughput(limit).send().await.unwrap().table_description.unwrap();
    assert_eq!(limited.table_status(), Some(&TableStatus::Active));
    assert_eq!(account.table("orders").await.table_status(), Some(&TableStatus::Active));
}

/// See the measurements DDB-TABLE-018, 026, 050, 283 and 382.
#[tokio::test]
async fn changes_that_change_nothing_or_too_much_are_refused() {
    let account = Account::prepared("310000000002").await.without_retries();
    assert_eq!(
        account.set_stream(false).await.unwrap_err(),
        "ValidationException: Table has no stream to disable: TableName: orders"
    );
    account.set_stream(true).await.unwrap();
    assert!(account.table("orders").await.latest_stream_arn().is_some());
    assert_eq!(
        account.set_stream(true).await.unwrap_err(),
        "ValidationException: Table already has an enabled stream: TableName: orders"
    );
    account.set_stream(false).await.unwrap();
    assert_eq!(account.table("orders").await.stream_specification(), None);

    let update = || account.client.update_table().table_name("orders");
    let class = async |class: TableClass| {
        update().table_class(class).send().await.map(drop).map_err(|error| refusal_of(&error))
    };
    assert_eq!(class(TableClass::Standard).await, Ok(()));
    assert_eq!(account.table("orders").await.table_class_summary(), None, "the call changed nothing");
    assert_eq!(class(TableClass::StandardInfrequentAccess).await, Ok(()));
    let stream = StreamSpecification::builder().stream_enabled(true).build().unwrap();
    let both = update().table_class(TableClass::Standard).stream_specification(stream).send().await;
    assert_eq!(both.unwrap_err().code(), Some("ValidationException"));
    assert_eq!(class(TableClass::Standard).await, Ok(()));
    let quota = "LimitExceededException: Subscriber limit exceeded: Updates to TableClass are limited to 2 times in 30 \
                 day(s).";
    for spent in [TableClass::StandardInfrequentAccess, TableClass::Standard] {
        assert_eq!(class(spent).await, Err(quota.to_owned()));
    }
}

/// See the measurements DDB-TABLE-179, 382 and 459.
#[tokio::test]
async fn warm_throughput_of_table_and_index_is_stored_and_raised_while_the_table_is_active() {
    let account = Account::prepared("310000000003").await;
    let seen = async || {
        let table = account.table("orders").await;
        assert_eq!(table.table_status(), Some(&TableStatus::Active));
        let index = table.global_secondary_indexes()[0].clone();
        let (of_table, of_index) = (table.warm_throughput.unwrap(), index.warm_throughput.unwrap());
        assert_eq!(of_table.status.unwrap().as_str(), of_index.status.as_ref().unwrap().as_str());
        let status = of_index.status.unwrap().as_str().to_owned();
        let limit = index.on_demand_throughput.and_then(|limit| limit.max_read_request_units);
        let reads = of_table.read_units_per_second.unwrap();
        (reads, of_index.write_units_per_second.unwrap(), limit, status)
    };
    let active = |reads, writes, limit| (reads, writes, limit, "ACTIVE".to_owned());
    let updating = |reads, writes, limit| (reads, writes, limit, "UPDATING".to_owned());
    assert_eq!(seen().await, active(12_000, 4_000, None));
    let update = || account.client.update_table().table_name("orders");
    let index = |index: UpdateGlobalSecondaryIndexActionBuilder| {
        let index = index.index_name("by-kind").build().unwrap();
        GlobalSecondaryIndexUpdate::builder().update(index).build()
    };
    let limit = OnDemandThroughput::builder().max_read_request_units(50).build();
    let limited = index(UpdateGlobalSecondaryIndexAction::builder().on_demand_throughput(limit));
    update().global_secondary_index_updates(limited).send().await.unwrap();
    assert_eq!(seen().await, active(12_000, 4_000, Some(50)));

    stack()
        .await
        .proxy()
        .slow(account.api.account, SimulatedLatency { updates: 2, ..SimulatedLatency::default() });
    let warm_index =
        || index(UpdateGlobalSecondaryIndexAction::builder().warm_throughput(warm(12_000, 5_000)));
    let both = update().warm_throughput(warm(14_000, 5_000)).global_secondary_index_updates(warm_index());
    let updated = both.send().await.unwrap().table_description.unwrap();
    let shown = updated.warm_throughput.unwrap();
    assert_eq!((shown.read_units_per_second, shown.status), (Some(12_000), Some(TableStatus::Updating)));
    for _ in 0..2 {
        assert_eq!(seen().await, updating(12_000, 4_000, Some(50)));
    }
    assert_eq!(seen().await, active(14_000, 5_000, Some(50)));
    let less = update().warm_throughput(warm(13_000, 5_000)).send().await.unwrap_err();
    assert_eq!(less.code(), Some("ValidationException"));
}

#[tokio::test]
async fn time_to_live_changes_once_in_31_minutes() {
    let account = Account::prepared("310000000004").await;
    let refused = async |enabled: bool, attribute: &str| {
        account.set_time_to_live(enabled, attribute).await.unwrap_err()
    };
    assert_eq!(refused(false, "a").await, "ValidationException: TimeToLive is already disabled");
    account.set_time_to_live(true, "a").await.unwrap();
    assert_eq!(refused(true, "a").await, "ValidationException: TimeToLive is already enabled");
    assert_eq!(
        refused(true, "b").await,
        "ValidationException: TimeToLive is active on a different AttributeName: current AttributeName is a"
    );
    assert_eq!(
        refused(false, "a").await,
        "ValidationException: Time to live has been modified multiple times within a fixed interval"
    );
    stack().await.proxy().let_an_hour_pass(account.api.account);
    account.set_time_to_live(false, "a").await.unwrap();
    let described = account.client.describe_time_to_live().table_name("orders").send().await.unwrap();
    assert_eq!(described.time_to_live_description.unwrap().attribute_name, None);
}

#[tokio::test]
async fn recovery_periods_and_insights_are_stored() {
    let account = Account::prepared("310000000005").await;
    assert_eq!(account.recovery_days("orders").await, None);
    assert!(account.set_recovery(Some(36)).await.unwrap_err().starts_with("ValidationException"));
    account.set_recovery(None).await.unwrap();
    assert_eq!(account.recovery_days("orders").await, Some(35));
    account.set_recovery(Some(7)).await.unwrap();
    assert_eq!(account.recovery_days("orders").await, Some(7));
    let off = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(false);
    let off = off.recovery_period_in_days(7).build().unwrap();
    let call = account.client.update_continuous_backups().table_name("orders");
    let off = call.point_in_time_recovery_specification(off).send().await.unwrap_err();
    assert_eq!(off.code(), Some("ValidationException"));
    let missing = account.client.describe_continuous_backups().table_name("none").send().await;
    assert!(missing.unwrap_err().into_service_error().is_table_not_found_exception());

    let enable = || {
        let call = account.client.update_contributor_insights().table_name("orders");
        call.contributor_insights_action(ContributorInsightsAction::Enable)
    };
    let mode = async |index: Option<&str>| {
        let call = account.client.describe_contributor_insights().table_name("orders");
        call.set_index_name(index.map(str::to_owned)).send().await.unwrap().contributor_insights_mode
    };
    assert_eq!(mode(None).await, None);
    enable().send().await.unwrap();
    let throttled = ContributorInsightsMode::ThrottledKeys;
    enable().index_name("by-kind").contributor_insights_mode(throttled.clone()).send().await.unwrap();
    assert_eq!(mode(None).await, Some(ContributorInsightsMode::AccessedAndThrottledKeys));
    assert_eq!(mode(Some("by-kind")).await, Some(throttled.clone()));
    let listed = account.client.list_contributor_insights().table_name("orders").send().await.unwrap();
    let mut modes = listed.contributor_insights_summaries().iter();
    assert!(modes.any(|summary| summary.contributor_insights_mode() == Some(&throttled)));
}

#[tokio::test]
async fn tags_are_listed_in_pages_of_ten() {
    let account = Account::prepared("310000000006").await;
    let keys = || (0..25).map(|number| format!("key-{number}"));
    account.tag(keys()).await.unwrap();
    let mut pages = Vec::new();
    let mut token = None;
    loop {
        let call = account.client.list_tags_of_resource().resource_arn(account.arn());
        let page = call.set_next_token(token).send().await.unwrap();
        pages.push(page.tags().len());
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(pages, [10, 10, 5]);
    let many = (0..26).map(|number| format!("more-{number}"));
    assert!(account.tag(many).await.unwrap_err().starts_with("ValidationException"));
    account.tag(keys()).await.unwrap();
    let reserved = account.tag(["aws:cloudformation:stack-name".to_owned()]).await.unwrap_err();
    assert!(reserved.starts_with("ValidationException"), "{reserved}");
}

/// See the measurements DDB-TABLE-205 to 208 and 244 to 248.
#[tokio::test]
async fn a_policy_change_shows_late_and_is_allowed_once_in_15_seconds() {
    let account = Account::prepared("310000000022").await.without_retries();
    let policy = |sid: &str| format!(r#"{{"Version": "2012-10-17", "Statement": [{{"Sid": "{sid}"}}]}}"#);
    let put = async |policy: String| {
        let call = account.client.put_resource_policy().resource_arn(account.arn()).policy(policy);
        call.send().await.map(drop).map_err(|error| refusal_of(&error))
    };
    let delete = async || {
        let call = account.client.delete_resource_policy().resource_arn(account.arn()).send().await;
        call.map(drop).map_err(|error| refusal_of(&error))
    };
    let seen = async || {
        let response = account.client.get_resource_policy().resource_arn(account.arn()).send().await;
        response.map(|output| output.policy.unwrap()).map_err(|error| error.code().unwrap().to_owned())
    };
    let none = || Err("PolicyNotFoundException".to_owned());
    assert_eq!(delete().await, Ok(()), "there is no policy");
    assert_eq!(put(policy("a")).await, Ok(()));
    assert_eq!(seen().await, none());
    assert_eq!(seen().await, Ok(policy("a")));
    assert_eq!(put(policy("a").replace(' ', "")).await, Ok(()), "the policy is equivalent");
    for refused in [put(policy("b")).await, delete().await] {
        let refused = refused.unwrap_err();
        let expected =
            "ThrottlingException: Resource-based policy for table orders modified within the previous 15000";
        assert!(refused.starts_with(expected), "{refused}");
    }
    stack().await.proxy().let_an_hour_pass(account.api.account);
    assert_eq!(delete().await, Ok(()));
    assert!(seen().await.is_ok(), "the former policy is shown");
    assert_eq!(seen().await, none());
}

/// Returns the settings of the table that a restore or a table of the same name must not inherit.
async fn inherited(account: &Account, name: &str) -> Vec<&'static str> {
    let client = &account.client;
    let mut table = account.table(name).await;
    let arn = table.table_arn().unwrap().to_owned();
    if table.table_status() == Some(&TableStatus::Creating) {
        // See the measurements DDB-TABLE-101 and 217.
        let tags = client.list_tags_of_resource().resource_arn(&arn).send().await.unwrap_err();
        let time_to_live = client.describe_time_to_live().table_name(name).send().await.unwrap_err();
        let update = client.update_table().table_name(name).table_class(TableClass::Standard);
        let update = update.send().await.unwrap_err();
        for code in [tags.code(), time_to_live.code(), update.code()] {
            assert_eq!(code, Some("ResourceNotFoundException"));
        }
    }
    while table.table_status() == Some(&TableStatus::Creating) {
        table = account.table(name).await;
    }
    let tags = client.list_tags_of_resource().resource_arn(&arn).send().await.unwrap();
    let time_to_live = client.describe_time_to_live().table_name(name).send().await.unwrap();
    let kinesis = client.describe_kinesis_streaming_destination().table_name(name).send().await.unwrap();
    let insights = client.describe_contributor_insights().table_name(name).send().await.unwrap();
    let policy = client.get_resource_policy().resource_arn(arn).send().await;
    let limits = table.global_secondary_indexes().iter().map(|index| index.on_demand_throughput());
    let found = [
        ("tags", !tags.tags().is_empty()),
        ("stream", table.stream_specification().is_some() || table.latest_stream_arn().is_some()),
        ("time to live", time_to_live.time_to_live_description().unwrap().attribute_name().is_some()),
        ("recovery", account.recovery_days(name).await.is_some()),
        ("kinesis", !kinesis.kinesis_data_stream_destinations().is_empty()),
        ("insights", insights.contributor_insights_mode().is_some()),
        ("class", table.table_class_summary().is_some()),
        ("protection", table.deletion_protection_enabled() == Some(true)),
        ("policy", policy.is_ok()),
        ("limit", table.on_demand_throughput().is_some()),
        ("index limit", limits.flatten().next().is_some()),
        ("warm", table.warm_throughput().unwrap().read_units_per_second() != Some(12_000)),
    ];
    found.into_iter().filter(|(_, exists)| *exists).map(|(setting, _)| setting).collect()
}

#[tokio::test]
async fn neither_a_restored_table_nor_a_later_one_inherits_settings() {
    let account = Account::prepared("310000000007").await;
    let client = &account.client;
    let update = || client.update_table().table_name("orders");
    account.tag(["a".to_owned()]).await.unwrap();
    account.set_stream(true).await.unwrap();
    account.set_time_to_live(true, "expires").await.unwrap();
    account.set_recovery(Some(7)).await.unwrap();
    let kinesis = client.enable_kinesis_streaming_destination().table_name("orders");
    kinesis.stream_arn("arn:aws:kinesis:us-east-1:1:stream/s").send().await.unwrap();
    let insights = client.update_contributor_insights().table_name("orders");
    insights.contributor_insights_action(ContributorInsightsAction::Enable).send().await.unwrap();
    update().table_class(TableClass::StandardInfrequentAccess).send().await.unwrap();
    let limit = OnDemandThroughput::builder().max_read_request_units(50).build();
    let index = UpdateGlobalSecondaryIndexAction::builder().index_name("by-kind");
    let index = index.on_demand_throughput(limit.clone()).build().unwrap();
    let index = GlobalSecondaryIndexUpdate::builder().update(index).build();
    let limited = update().on_demand_throughput(limit).global_secondary_index_updates(index);
    limited.send().await.unwrap();
    update().warm_throughput(warm(14_000, 5_000)).send().await.unwrap();
    update().deletion_protection_enabled(true).send().await.unwrap();
    let stream = account.table("orders").await.latest_stream_arn.unwrap();
    for arn in [account.arn(), stream] {
        client.put_resource_policy().resource_arn(&arn).policy("{}").send().await.unwrap();
        client.get_resource_policy().resource_arn(&arn).send().await.unwrap_err();
        client.get_resource_policy().resource_arn(&arn).send().await.unwrap();
    }
    assert_eq!(inherited(&account, "orders").await.len(), 12);

    let backup = client.create_backup().table_name("orders").backup_name("before").send().await.unwrap();
    let backup = backup.backup_details.unwrap().backup_arn;
    client.describe_backup().backup_arn(&backup).send().await.unwrap();
    let restore = client.restore_table_from_backup().target_table_name("from-backup");
    restore.backup_arn(backup).send().await.unwrap();
    let restore = client.restore_table_to_point_in_time().source_table_name("orders");
    restore.target_table_name("from-time").use_latest_restorable_time(true).send().await.unwrap();
    stack().await.proxy().let_an_hour_pass(account.api.account);
    update().deletion_protection_enabled(false).send().await.unwrap();
    client.delete_table().table_name("orders").send().await.unwrap();
    account.api.make_table("orders").await;
    for name in ["from-backup", "from-time"] {
        let is_active = async || {
            let table = account.table(name).await;
            (table.table_status() == Some(&TableStatus::Active)).then_some(())
        };
        eventually("the restore", is_active).await;
        // A restore copies the maximum on-demand throughput of the table and its indexes.
        assert_eq!(inherited(&account, name).await, ["limit", "index limit"], "{name}");
    }
    assert_eq!(inherited(&account, "orders").await, Vec::<&str>::new());
}

use aws_sdk_applicationautoscaling::Client;
use aws_sdk_applicationautoscaling::error::ProvideErrorMetadata;
use aws_sdk_applicationautoscaling::types::{
    MetricType, PolicyType, PredefinedMetricSpecification, ScalableDimension, ScalableTargetAction,
    ServiceNamespace, SuspendedState, TargetTrackingScalingPolicyConfiguration,
};

use crate::client::{Api, stack};

const READS: ScalableDimension = ScalableDimension::DynamoDbTableReadCapacityUnits;
const INDEX_READS: ScalableDimension = ScalableDimension::DynamoDbIndexReadCapacityUnits;

/// An account with a table `orders` and its index `by-kind`.
struct Account {
    client: Client,
}

impl Account {
    async fn prepared(account: &'static str) -> Self {
        Api::new(account).await.make_table("orders").await;
        Self { client: Client::new(&stack().await.config(account).await) }
    }

    async fn register(&self, resource: &str, dimension: ScalableDimension) -> Result<String, String> {
        let call = self.client.register_scalable_target().service_namespace(ServiceNamespace::Dynamodb);
        let call = call.resource_id(resource).scalable_dimension(dimension).min_capacity(1).max_capacity(9);
        let registered = call.send().await.map_err(|error| error.code().unwrap().to_owned())?;
        Ok(registered.scalable_target_arn.unwrap())
    }

    async fn track(&self, policy: &str, metric: MetricType, target: f64) -> Result<Vec<String>, String> {
        let metric = PredefinedMetricSpecification::builder().predefined_metric_type(metric).build().unwrap();
        let configuration = TargetTrackingScalingPolicyConfiguration::builder()
            .target_value(target)
            .predefined_metric_specification(metric)
            .scale_in_cooldown(30)
            .build()
            .unwrap();
        let call = self.client.put_scaling_policy().service_namespace(ServiceNamespace::Dynamodb);
        let call = call.resource_id("table/orders").scalable_dimension(READS).policy_name(policy);
        let call = call.policy_type(PolicyType::TargetTrackingScaling);
        let put = call.target_tracking_scaling_policy_configuration(configuration).send().await;
        let put = put.map_err(|error| error.code().unwrap().to_owned())?;
        Ok(put.alarms.unwrap().into_iter().map(|alarm| alarm.alarm_name).collect())
    }

    async fn schedule(&self, name: &str, schedule: Option<&str>, start: Option<i64>, max: i32) {
        let action = ScalableTargetAction::builder().max_capacity(max).build();
        let call = self.client.put_scheduled_action().service_namespace(ServiceNamespace::Dynamodb);
        let call = call.resource_id("table/orders").scalable_dimension(READS).scheduled_action_name(name);
        let call = call.set_schedule(schedule.map(str::to_owned)).scalable_target_action(action);
        let start = start.map(aws_sdk_applicationautoscaling::primitives::DateTime::from_secs);
        call.set_start_time(start).send().await.unwrap();
    }
}

#[tokio::test]
async fn scalable_targets_can_be_read_back() {
    let account = Account::prepared("700000000001").await;
    let arn = account.register("table/orders", READS).await.unwrap();
    account.register("table/orders/index/by-kind", INDEX_READS).await.unwrap();
    let call = account.client.register_scalable_target().service_namespace(ServiceNamespace::Dynamodb);
    let suspended = SuspendedState::builder().scheduled_scaling_suspended(true).build();
    let call = call.resource_id("table/orders").scalable_dimension(READS).suspended_state(suspended);
    let updated = call.max_capacity(20).send().await.unwrap();
    assert_eq!(updated.scalable_target_arn(), Some(arn.as_str()));

    let describe =
        || account.client.describe_scalable_targets().service_namespace(ServiceNamespace::Dynamodb);
    let one = describe().resource_ids("table/orders").send().await.unwrap();
    let [target] = one.scalable_targets() else { panic!("{one:?}") };
    assert_eq!((target.min_capacity, target.max_capacity), (1, 20));
    assert!(target.role_arn.ends_with("/AWSServiceRoleForApplicationAutoScaling_DynamoDBTable"));
    let suspended = target.suspended_state().unwrap();
    assert_eq!(suspended.scheduled_scaling_suspended(), Some(true));
    assert_eq!(suspended.dynamic_scaling_in_suspended(), Some(false));

    let first = describe().max_results(1).send().await.unwrap();
    let second = describe().next_token(first.next_token().unwrap()).send().await.unwrap();
    let seen = [first.scalable_targets(), second.scalable_targets()].concat();
    let seen: Vec<_> = seen.iter().map(|target| target.resource_id()).collect();
    assert_eq!(seen, ["table/orders", "table/orders/index/by-kind"]);
    assert_eq!(second.next_token(), None);
}

#[tokio::test]
async fn missing_tables_indexes_and_targets_are_refused() {
    let account = Account::prepared("700000000002").await;
    for (resource, dimension) in [
        ("orders", READS),
        ("table/none", READS),
        ("table/orders/index/none", INDEX_READS),
        ("table/orders", INDEX_READS),
    ] {
        assert_eq!(account.register(resource, dimension).await.unwrap_err(), "ValidationException");
    }
    let reads = MetricType::DynamoDbReadCapacityUtilization;
    assert_eq!(account.track("p", reads, 70.0).await.unwrap_err(), "ObjectNotFoundException");
    let call = account.client.deregister_scalable_target().service_namespace(ServiceNamespace::Dynamodb);
    let refused = call.resource_id("table/orders").scalable_dimension(READS).send().await.unwrap_err();
    assert!(refused.into_service_error().is_object_not_found_exception());
}

#[tokio::test]
async fn policies_and_schedules_exist_until_their_target_is_deleted() {
    let account = Account::prepared("700000000003").await;
    account.register("table/orders", READS).await.unwrap();
    let reads = MetricType::DynamoDbReadCapacityUtilization;
    let alarms = account.track("reads", reads.clone(), 70.0).await.unwrap();
    assert!(alarms[0].starts_with("TargetTracking-table/orders-AlarmHigh-"), "{alarms:?}");
    assert_eq!(account.track("reads", reads.clone(), 50.0).await.unwrap(), alarms);
    assert_eq!(account.track("again", reads, 50.0).await.unwrap_err(), "ValidationException");
    account.schedule("nights", Some("cron(0 22 * * ? *)"), Some(4_000_000_000), 5).await;
    account.schedule("nights", None, None, 6).await;

    let describe = account.client.describe_scaling_policies().service_namespace(ServiceNamespace::Dynamodb);
    let policies = describe.resource_id("table/orders").send().await.unwrap();
    let [policy] = policies.scaling_policies() else { panic!("{policies:?}") };
    let configuration = policy.target_tracking_scaling_policy_configuration().unwrap();
    assert_eq!((configuration.target_value(), configuration.scale_in_cooldown()), (50.0, Some(30)));
    let names: Vec<_> = policy.alarms().iter().map(|alarm| alarm.alarm_name().to_owned()).collect();
    assert_eq!(names, alarms);

    let describe = || {
        let describe = account.client.describe_scheduled_actions();
        describe.service_namespace(ServiceNamespace::Dynamodb).scheduled_action_names("nights")
    };
    let actions = describe().send().await.unwrap();
    let [action] = actions.scheduled_actions() else { panic!("{actions:?}") };
    let bounds = action.scalable_target_action().unwrap();
    assert_eq!(
        (action.schedule(), action.start_time(), bounds.max_capacity()),
        ("cron(0 22 * * ? *)", None, Some(6))
    );

    let deregister =
        account.client.deregister_scalable_target().service_namespace(ServiceNamespace::Dynamodb);
    deregister.resource_id("table/orders").scalable_dimension(READS).send().await.unwrap();
    assert_eq!(describe().send().await.unwrap().scheduled_actions(), []);
    let delete = account.client.delete_scaling_policy().service_namespace(ServiceNamespace::Dynamodb);
    let delete = delete.resource_id("table/orders").scalable_dimension(READS).policy_name("reads");
    assert_eq!(delete.send().await.unwrap_err().code(), Some("ObjectNotFoundException"));
}

use aws_sdk_applicationautoscaling::types::{
    MetricType, PolicyType, PredefinedMetricSpecification, ScalingPolicy as SdkPolicy,
    TargetTrackingScalingPolicyConfiguration,
};
use proptest::prelude::*;

use super::*;
use crate::settings::table::tests::{on_demand, table};

fn dimension(max_capacity: i32) -> Dimension {
    let target = ScalableTarget { min_capacity: 1, max_capacity, ..ScalableTarget::default() };
    let policy = ScalingPolicy { target_value: 70.0, ..ScalingPolicy::default() };
    let action = ScheduledAction { schedule: "rate(1 day)".to_owned(), ..ScheduledAction::default() };
    Dimension {
        target,
        policies: [("hold".to_owned(), policy)].into(),
        scheduled_actions: [("nightly".to_owned(), action)].into(),
    }
}

fn value(of: &str, reads: Option<Dimension>) -> Value {
    Value([(of.to_owned(), Scaled { read_capacity_units: reads, write_capacity_units: None })].into())
}

#[test]
fn target_comes_before_policies_and_actions() {
    let comparison = AutoScaling::compare(&value("table", Some(dimension(9))), &Value::default(), &table());
    let texts: Vec<_> = comparison.changes.iter().map(|planned| planned.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "scale reads of the table between 1 and 9",
            "put policy hold on reads of the table",
            "put scheduled action nightly on reads of the table",
        ]
    );
}

#[test]
fn equal_scaling_is_the_same_and_the_targets_own_is_extra() {
    let mut own = dimension(9);
    own.policies.insert("own".to_owned(), ScalingPolicy::default());
    let index = "index/by-customer";
    let comparison =
        AutoScaling::compare(&value(index, Some(dimension(9))), &value(index, Some(own)), &table());
    assert_eq!((comparison.same, comparison.changes.len()), (3, 0));
    assert_eq!(comparison.extra[0].text, "delete policy own of reads of index by-customer");
    let none = AutoScaling::compare(&Value::default(), &value("table", Some(dimension(9))), &table());
    assert_eq!(none.extra[0].change.what, What::Deregister);
}

#[test]
fn a_target_on_demand_has_nothing_to_scale() {
    let wanted = value("table", Some(dimension(9)));
    for actual in [Value::default(), wanted.clone()] {
        let comparison = AutoScaling::compare(&wanted, &actual, &on_demand());
        assert_eq!(comparison.to_do(true).count(), 0, "{comparison:?}");
        let reason = "the target is on demand and has no provisioned capacity to scale";
        assert_eq!((comparison.same, comparison.left_out.as_slice()), (0, &[reason.to_owned()][..]));
    }
    let own = AutoScaling::compare(&Value::default(), &wanted, &on_demand());
    assert_eq!((own.extra.len(), own.left_out.len()), (1, 0));
    assert_eq!(
        AutoScaling::compare(&Value::default(), &Value::default(), &on_demand()),
        Comparison::default()
    );
}

#[test]
fn different_scaling_is_changed_and_described_with_the_old_values() {
    let mut other = dimension(20);
    other.policies.insert("hold".to_owned(), ScalingPolicy::default());
    other.scheduled_actions.insert("nightly".to_owned(), ScheduledAction::default());
    let comparison =
        AutoScaling::compare(&value("table", Some(dimension(9))), &value("table", Some(other)), &table());
    let texts: Vec<_> = comparison.changes.iter().map(|planned| planned.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "change the scaling of reads of the table from between 1 and 20 to between 1 and 9",
            "change policy hold of reads of the table",
            "change scheduled action nightly of reads of the table",
        ]
    );
}

#[test]
fn an_index_that_the_target_lacks_is_left_out() {
    let comparison =
        AutoScaling::compare(&value("index/gone", Some(dimension(9))), &Value::default(), &table());
    assert_eq!(
        (comparison.changes.len(), comparison.left_out.as_slice()),
        (0, &["the target has no index gone".to_owned()][..])
    );
}

#[test]
fn a_resource_id_needs_the_whole_name_of_the_table() {
    let reads = ScalableDimension::DynamoDbIndexReadCapacityUnits;
    let of = |id: &str| Subject::new(&table(), id, Some(&reads)).map(|subject| subject.of);
    assert_eq!(of("table/orders-restored/index/orders-restored").as_deref(), Some("index/orders-restored"));
    assert_eq!(of("table/orders-restored").as_deref(), Some("table"));
    assert_eq!(of("table/orders-restored-2"), None);
    assert_eq!(of("table/orders"), None);
}

#[test]
fn a_policy_of_another_type_is_reported_and_not_copied() {
    let step = SdkPolicy::builder()
        .policy_arn("arn")
        .policy_name("step")
        .service_namespace(NAMESPACE)
        .resource_id("table/orders-restored")
        .scalable_dimension(ScalableDimension::DynamoDbTableReadCapacityUnits)
        .policy_type(PolicyType::StepScaling)
        .creation_time(aws_sdk_applicationautoscaling::primitives::DateTime::from_secs(0));
    let portable = policy::portable_policy(&step.clone().build().unwrap(), &table());
    assert_eq!(portable.why_not_copied(), Some("it is a StepScaling policy"));
    let metric = MetricType::from("DynamoDBReadCapacityUtilization");
    let metric = PredefinedMetricSpecification::builder().predefined_metric_type(metric).build().unwrap();
    let tracking = TargetTrackingScalingPolicyConfiguration::builder().target_value(70.0);
    let tracking = tracking.predefined_metric_specification(metric).build().unwrap();
    let tracking = step.target_tracking_scaling_policy_configuration(tracking).build().unwrap();
    assert_eq!(policy::portable_policy(&tracking, &table()).why_not_copied(), None);
}

fn dimensions() -> impl Strategy<Value = Option<Dimension>> {
    let target = (0..2, 2..4).prop_map(|(min_capacity, max_capacity)| ScalableTarget {
        min_capacity,
        max_capacity,
        ..ScalableTarget::default()
    });
    let policy = (0_u8..2, any::<bool>()).prop_map(|(value, step)| ScalingPolicy {
        target_value: f64::from(value),
        unsupported: step.then(|| "it is a StepScaling policy".to_owned()),
        ..ScalingPolicy::default()
    });
    let action = "[xy]".prop_map(|schedule| ScheduledAction { schedule, ..ScheduledAction::default() });
    let policies = proptest::collection::btree_map("[ab]", policy, 0..3);
    let scheduled_actions = proptest::collection::btree_map("[ab]", action, 0..3);
    let dimension = (target, policies, scheduled_actions)
        .prop_map(|(target, policies, scheduled_actions)| Dimension { target, policies, scheduled_actions });
    proptest::option::of(dimension)
}

fn values() -> impl Strategy<Value = Value> {
    let of = prop_oneof![Just("table"), Just("index/by-customer"), Just("index/gone")];
    let scaled = (dimensions(), dimensions())
        .prop_map(|(reads, writes)| Scaled { read_capacity_units: reads, write_capacity_units: writes });
    proptest::collection::btree_map(of.prop_map(str::to_owned), scaled, 0..4).prop_map(Value)
}

/// Makes a change as AWS does: without a scalable target, a dimension has no policies and no actions.
fn make(value: &mut Value, Change { subject, what }: &Change) {
    let slot = value.0.entry(subject.of.clone()).or_default().dimension_mut(subject.reads);
    if let What::Register(target) = what {
        slot.get_or_insert_default().target = *target;
        return;
    }
    let registered = slot.as_mut().expect("nothing is put on what is not registered");
    match what.clone() {
        What::Register(_) => {}
        What::Deregister => *slot = None,
        What::PutPolicy(name, policy) => drop(registered.policies.insert(name, *policy)),
        What::DeletePolicy(name) => drop(registered.policies.remove(&name)),
        What::PutAction(name, action) => drop(registered.scheduled_actions.insert(name, *action)),
        What::DeleteAction(name) => drop(registered.scheduled_actions.remove(&name)),
    }
}

proptest! {
    #[test]
    fn changes_of_a_comparison_make_the_target_equal(wanted in values(), actual in values(), remove in any::<bool>()) {
        let mut now = actual.clone();
        let comparison = AutoScaling::compare(&wanted, &actual, &table());
        for planned in comparison.to_do(remove) {
            make(&mut now, &planned.change);
        }
        let left = AutoScaling::compare(&wanted, &now, &table());
        prop_assert!(left.to_do(remove).next().is_none(), "{left:?}");
        prop_assert_eq!(left.left_out, comparison.left_out);
    }
}

//! CloudWatch alarms on the table's metrics, cloned for the target under new names.
//!
//! An alarm belongs to the account, not to the table, and its name is unique in an account and Region. The name of a
//! clone is therefore derived: the target's name replaces the source's name in it, or is appended. Alarms of the target
//! are identified by their actual names, not by the names that these are derived from.
//!
//! The actions of an alarm are cloned too. This setting is therefore off by default: a copy in a test stage would wake
//! the same people.
//!
//! The alarms that Application Auto Scaling creates for its policies and composite alarms are ignored. Alarms over an
//! expression of several metrics, and alarms with properties that this version does not know, are reported and left
//! out.

mod alarm;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::types::MetricAlarm;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use alarm::Alarm;

use super::setting::stored_as;
use super::{Aws, Comparison, Setting, SettingName, Table};
use crate::aws::failure::AwsFailure;
use crate::error_name::ErrorName;

/// The alarms setting.
#[derive(Clone, Copy, Debug)]
pub struct Alarms;

/// The table's alarms by name, with `${TableName}` in place of the table's name.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Value(pub BTreeMap<String, Alarm>);

/// One call, with the alarm's actual name on the target.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// PutMetricAlarm.
    Put(String, Box<Alarm>),
    /// DeleteAlarms.
    Delete(String),
}

/// The placeholder for the table's name.
const TABLE_NAME: &str = "${TableName}";
/// Maximum length of an alarm's name (API reference, PutMetricAlarm).
const LONGEST_NAME: usize = 255;
/// Beginning of the names of Application Auto Scaling's own alarms.
const OF_AUTO_SCALING: &str = "TargetTracking-table/";

impl Setting for Alarms {
    const NAME: SettingName = SettingName::Alarms;
    type Value = Value;
    type Change = Change;

    stored_as!(alarms);

    async fn read(aws: &Aws, table: &Table) -> Result<Value, AwsFailure> {
        let listed;
        let all = match &aws.alarms {
            Some(once) => once.get_or_try_init(|| list(aws)).await?,
            None => {
                listed = list(aws).await?;
                &listed
            }
        };
        let of_the_table = all.iter().filter_map(|alarm| {
            let name = alarm.alarm_name().filter(|name| !name.starts_with(OF_AUTO_SCALING))?;
            Some(Alarm { own_name: name.to_owned(), ..Alarm::on(table, alarm)? })
        });
        Ok(Value::from_alarms(of_the_table.collect(), &table.name))
    }

    fn compare(Value(wanted): &Value, Value(actual): &Value, target: &Table) -> Comparison<Change> {
        let mut comparison = Comparison::default();
        let existing = actual.iter().map(|(name, alarm)| (real_name(name, alarm, target), alarm));
        let existing: BTreeMap<String, &Alarm> = existing.collect();
        let mut taken = BTreeSet::new();
        for (name, alarm) in wanted {
            let own = own_name(name, &target.name);
            if !taken.insert(own.clone()) {
                comparison.leave_out(format!("alarm {own}: another alarm of the source gets this name"));
            } else if existing.get(&own).is_some_and(|other| other.equals(alarm)) {
                comparison.same += 1;
            } else if let Some(why) = &alarm.unsupported {
                comparison.leave_out(format!("alarm {own}: {why}"));
            } else if own.chars().count() > LONGEST_NAME {
                comparison.leave_out(format!(
                    "alarm {own}: its name would be longer than {LONGEST_NAME} characters"
                ));
            } else {
                let text = match existing.contains_key(&own) {
                    true => format!("change alarm {own}"),
                    false => format!("put alarm {own}"),
                };
                comparison.change(text, Change::Put(own, Box::new(alarm.clone())));
            }
        }
        for own in existing.into_keys().filter(|own| !taken.contains(own)) {
            comparison.extra(format!("delete alarm {own}"), Change::Delete(own));
        }
        comparison
    }

    async fn make(change: &Change, aws: &Aws, target: &Table) -> Result<(), AwsFailure> {
        match change {
            Change::Put(name, alarm) => {
                refuse_anothers(aws, name, target).await?;
                let put = aws.cloudwatch.put_metric_alarm().alarm_name(name);
                let put = alarm.put(put, target).send().await.map(drop);
                put.map_err(AwsFailure::from_call("cloudwatch:PutMetricAlarm"))
            }
            Change::Delete(name) => {
                let delete = aws.cloudwatch.delete_alarms().alarm_names(name);
                delete.send().await.map(drop).map_err(AwsFailure::from_call("cloudwatch:DeleteAlarms"))
            }
        }
    }
}

impl Value {
    /// Returns the alarms of the table with this name. If two have the same portable name (`x` and `x-orders`), the
    /// later one gets a suffix.
    fn from_alarms(mut found: Vec<Alarm>, table: &str) -> Value {
        found.sort_by(|one, other| one.own_name.cmp(&other.own_name));
        let mut alarms = BTreeMap::new();
        for alarm in found {
            let mut name = portable_name(&alarm.own_name, table);
            while alarms.contains_key(&name) {
                name.push_str("-2");
            }
            alarms.insert(name, alarm);
        }
        Value(alarms)
    }
}

/// Refuses a name that an alarm of something else has. PutMetricAlarm would overwrite that alarm (API reference).
async fn refuse_anothers(aws: &Aws, name: &str, target: &Table) -> Result<(), AwsFailure> {
    let described = aws.cloudwatch.describe_alarms().alarm_names(name).send().await;
    let described = described.map_err(AwsFailure::from_call("cloudwatch:DescribeAlarms"))?;
    let anothers = |alarm: &MetricAlarm| Alarm::on(target, alarm).is_none();
    if !described.metric_alarms().iter().any(anothers) {
        return Ok(());
    }
    Err(AwsFailure::new(
        "cloudwatch:PutMetricAlarm",
        ErrorName::RequestRefused,
        format!("an alarm {name} already exists and watches something else"),
    ))
}

/// Lists all alarms of the Region. CloudWatch cannot list those of one table.
async fn list(aws: &Aws) -> Result<Vec<MetricAlarm>, AwsFailure> {
    let mut alarms = Vec::new();
    let mut pages = aws.cloudwatch.describe_alarms().max_records(100).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(AwsFailure::from_call("cloudwatch:DescribeAlarms"))?;
        alarms.extend(page.metric_alarms.unwrap_or_default());
    }
    Ok(alarms)
}

/// Returns the actual name of an alarm of the target: the name that was read, or else the name that it would get.
fn real_name(portable: &str, alarm: &Alarm, target: &Table) -> String {
    if alarm.own_name.is_empty() { own_name(portable, &target.name) } else { alarm.own_name.clone() }
}

/// Replaces the table's name in the alarm's name by `${TableName}`, or appends `${TableName}` if it is not in the name.
/// Only the whole name of the table counts: `orders` is not in `orders2-throttled`.
fn portable_name(name: &str, table: &str) -> String {
    let is_of_a_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.');
    let whole = |at: usize| {
        let (before, rest) = (name.get(..at).unwrap_or_default(), name.get(at + table.len()..));
        let rest = rest.unwrap_or_default();
        let begins = before.chars().next_back().is_none_or(|letter| !is_of_a_name(letter) || letter == '-');
        let ends = rest.chars().next().is_none_or(|letter| !is_of_a_name(letter) || letter == '-');
        (begins && ends).then(|| format!("{before}{TABLE_NAME}{rest}"))
    };
    let found = name.match_indices(table).find_map(|(at, _)| whole(at));
    found.unwrap_or_else(|| format!("{name}-{TABLE_NAME}"))
}

fn own_name(portable: &str, table: &str) -> String {
    portable.replacen(TABLE_NAME, table, 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::settings::table::tests::table;

    #[test]
    fn a_clones_name_has_the_targets_name_instead_of_the_sources() {
        for (name, clone) in [
            ("orders-throttled", "copy-throttled"),
            ("prod/orders", "prod/copy"),
            ("throttled", "throttled-copy"),
            ("orders2-throttled", "orders2-throttled-copy"),
            ("reorders", "reorders-copy"),
        ] {
            let portable = portable_name(name, "orders");
            assert_eq!(own_name(&portable, "copy"), clone);
            assert_eq!(portable_name(clone, "copy"), portable, "the clone is recognised as one");
        }
    }

    #[test]
    fn alarms_are_put_left_out_and_extra() {
        let unsupported = Alarm { unsupported: Some("why".to_owned()), ..Alarm::default() };
        let wanted = Value(
            [("a-${TableName}".to_owned(), Alarm::default()), ("b-${TableName}".to_owned(), unsupported)]
                .into(),
        );
        let new = Alarms::compare(&wanted, &Value::default(), &table());
        assert_eq!(new.changes[0].text, "put alarm a-orders-restored");
        assert_eq!(new.left_out, ["alarm b-orders-restored: why"]);
        assert_eq!(Alarms::compare(&Value::default(), &wanted, &table()).extra.len(), 2);
        let long = Value([(format!("{}-{TABLE_NAME}", "x".repeat(250)), Alarm::default())].into());
        assert_eq!(Alarms::compare(&long, &Value::default(), &table()).left_out.len(), 1);
    }

    #[test]
    fn an_extra_alarm_is_deleted_by_its_actual_name() {
        let own = Alarm { own_name: "throttled".to_owned(), ..Alarm::default() };
        let actual = Value::from_alarms(vec![own], "orders-restored");
        let comparison = Alarms::compare(&Value::default(), &actual, &table());
        assert_eq!(comparison.extra[0].change, Change::Delete("throttled".to_owned()));
    }

    /// Returns alarms with these names as they are read from a table.
    fn read(names: &BTreeMap<String, i32>, table: &str) -> Value {
        let alarm = |(name, period): (&String, &i32)| Alarm {
            own_name: name.clone(),
            period: Some(*period),
            ..Alarm::default()
        };
        Value::from_alarms(names.iter().map(alarm).collect(), table)
    }

    /// Generates names that contain names of tables, some of them twice and some as part of a longer word.
    fn alarms() -> impl Strategy<Value = BTreeMap<String, i32>> {
        proptest::collection::btree_map("(orders|copy|x)([ /-]?(orders|copy|x)){0,2}", 1..3, 0..6)
    }

    proptest! {
        #[test]
        fn changes_of_a_comparison_make_the_target_equal(
            source in alarms(), own in alarms(), remove in any::<bool>()
        ) {
            let mut target = table();
            target.name = "copy".to_owned();
            // The comparison uses values that were written and read again.
            let wanted = serde_json::to_value(read(&source, "orders")).unwrap();
            let wanted: Value = serde_json::from_value(wanted).unwrap();
            prop_assert_eq!(wanted.0.len(), source.len(), "none is lost");
            let mut now = own.clone();
            for planned in Alarms::compare(&wanted, &read(&own, "copy"), &target).to_do(remove) {
                match &planned.change {
                    Change::Put(name, alarm) => drop(now.insert(name.clone(), alarm.period.unwrap())),
                    Change::Delete(name) => prop_assert!(now.remove(name).is_some(), "there is no {name}"),
                }
            }
            let left = Alarms::compare(&wanted, &read(&now, "copy"), &target);
            prop_assert!(left.to_do(remove).next().is_none(), "{left:?}");
        }

        #[test]
        fn a_clones_name_has_the_same_portable_name(
            name in "[ab/ -]{1,8}", source in "[ab.-]{1,3}"
        ) {
            let portable = portable_name(&name, &source);
            prop_assert_eq!(portable.matches(TABLE_NAME).count(), 1);
            let clone = own_name(&portable, "target");
            prop_assert_eq!(portable_name(&clone, "target"), portable, "{}", clone);
        }
    }
}

//! Point-in-time recovery and its recovery period.

use aws_sdk_dynamodb::types::{
    PointInTimeRecoveryDescription, PointInTimeRecoverySpecification, PointInTimeRecoveryStatus,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::setting::stored_as;
use super::{Aws, Comparison, Setting, SettingName, Table};
use crate::aws::failure::AwsFailure;

/// The point-in-time recovery setting.
#[derive(Clone, Copy, Debug)]
pub struct PointInTimeRecovery;

/// The longest recovery period in days, which is AWS's default (API reference, PointInTimeRecoverySpecification).
const LONGEST_PERIOD: i32 = 35;

/// The recovery period.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Value {
    /// Days for which the table can be restored, 1 to 35; null if recovery is off.
    pub recovery_period_in_days: Option<i32>,
}

impl Setting for PointInTimeRecovery {
    const NAME: SettingName = SettingName::PointInTimeRecovery;
    type Value = Value;
    /// Recovery period in days; `None` turns recovery off.
    type Change = Option<i32>;

    stored_as!(point_in_time_recovery);

    async fn read(aws: &Aws, table: &Table) -> Result<Value, AwsFailure> {
        let describe = aws.dynamodb.describe_continuous_backups().table_name(&table.name).send().await;
        let response = describe.map_err(AwsFailure::from_call("dynamodb:DescribeContinuousBackups"))?;
        let backups = response.continuous_backups_description;
        Ok(Value::from(backups.as_ref().and_then(|backups| backups.point_in_time_recovery_description())))
    }

    fn compare(wanted: &Value, actual: &Value, _target: &Table) -> Comparison<Option<i32>> {
        let mut comparison = Comparison::default();
        match (wanted.recovery_period_in_days, actual.recovery_period_in_days) {
            (wanted, actual) if wanted == actual => comparison.same += 1,
            (Some(days), None) => {
                comparison.change(format!("turn recovery on, for {days} days"), Some(days));
            }
            (Some(days), Some(now)) => {
                comparison
                    .change(format!("change the recovery period from {now} to {days} days"), Some(days));
            }
            (None, _) => comparison.extra("turn recovery off", None),
        }
        comparison
    }

    async fn make(days: &Option<i32>, aws: &Aws, target: &Table) -> Result<(), AwsFailure> {
        let action = "dynamodb:UpdateContinuousBackups";
        let specification = PointInTimeRecoverySpecification::builder()
            .point_in_time_recovery_enabled(days.is_some())
            .set_recovery_period_in_days(*days)
            .build()
            .map_err(AwsFailure::unbuilt(action))?;
        let update = aws.dynamodb.update_continuous_backups().table_name(&target.name);
        let update = update.point_in_time_recovery_specification(specification).send().await;
        update.map(drop).map_err(AwsFailure::from_call(action))
    }
}

impl From<Option<&PointInTimeRecoveryDescription>> for Value {
    fn from(recovery: Option<&PointInTimeRecoveryDescription>) -> Value {
        let on = Some(&PointInTimeRecoveryStatus::Enabled);
        let recovery = recovery.filter(|recovery| recovery.point_in_time_recovery_status() == on);
        let days = recovery.map(|recovery| recovery.recovery_period_in_days().unwrap_or(LONGEST_PERIOD));
        Value { recovery_period_in_days: days }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::table::tests::table;

    #[test]
    fn the_period_counts_and_the_targets_own_recovery_is_left() {
        let value = |days| Value { recovery_period_in_days: days };
        let compare = |wanted, actual| PointInTimeRecovery::compare(&value(wanted), &value(actual), &table());
        assert_eq!(compare(Some(7), Some(35)).changes[0].change, Some(7));
        assert_eq!(compare(Some(35), None).changes[0].change, Some(35));
        assert_eq!(compare(Some(7), Some(7)).same, 1);
        assert_eq!((compare(None, Some(7)).changes.len(), compare(None, Some(7)).extra.len()), (0, 1));
    }

    #[test]
    fn a_missing_period_is_the_longest() {
        let on = PointInTimeRecoveryDescription::builder()
            .point_in_time_recovery_status(PointInTimeRecoveryStatus::Enabled);
        assert_eq!(Value::from(Some(&on.build())).recovery_period_in_days, Some(LONGEST_PERIOD));
        let off = PointInTimeRecoveryDescription::builder()
            .point_in_time_recovery_status(PointInTimeRecoveryStatus::Disabled)
            .recovery_period_in_days(7);
        assert_eq!(Value::from(Some(&off.build())), Value::default());
    }
}

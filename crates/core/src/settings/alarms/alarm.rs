//! An alarm on a metric of the table, in portable form.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, MetricAlarm, StandardUnit, Statistic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::Table;

/// Namespace of DynamoDB's metrics.
const NAMESPACE: &str = "AWS/DynamoDB";
/// Dimension with the table's name.
const TABLE: &str = "TableName";

/// An alarm without its table. Text values are those of CloudWatch.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Alarm {
    /// Name of the alarm as it was read. It is not portable, so it is not written to documents.
    #[serde(skip)]
    pub own_name: String,
    /// Description of the alarm.
    pub alarm_description: Option<String>,
    /// Whether the alarm's actions are enabled.
    pub actions_enabled: bool,
    /// ARNs of the actions for the OK state.
    #[serde(rename = "OKActions")]
    pub ok_actions: Vec<String>,
    /// ARNs of the actions for the ALARM state.
    pub alarm_actions: Vec<String>,
    /// ARNs of the actions for the INSUFFICIENT_DATA state.
    pub insufficient_data_actions: Vec<String>,
    /// Name of the metric, such as `ThrottledRequests`.
    pub metric_name: Option<String>,
    /// Statistic of the metric, such as `Sum`.
    pub statistic: Option<String>,
    /// Extended statistic of the metric, such as `p99`.
    pub extended_statistic: Option<String>,
    /// Dimensions of the metric other than the table's name.
    pub dimensions: BTreeMap<String, String>,
    /// Length of a period in seconds.
    pub period: Option<i32>,
    /// Unit of the metric.
    pub unit: Option<String>,
    /// Number of periods that are evaluated.
    pub evaluation_periods: Option<i32>,
    /// Number of evaluated periods that must breach the threshold.
    pub datapoints_to_alarm: Option<i32>,
    /// Threshold of the alarm.
    pub threshold: Option<f64>,
    /// Operator that compares the metric with the threshold.
    pub comparison_operator: Option<String>,
    /// Treatment of missing data.
    pub treat_missing_data: Option<String>,
    /// Treatment of percentiles with few samples.
    pub evaluate_low_sample_count_percentile: Option<String>,
    /// Property of the alarm that this form cannot represent. An alarm with one is not cloned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsupported: Option<String>,
}

impl Alarm {
    /// Returns the alarm if it is on a metric of this table.
    pub(super) fn on(table: &Table, alarm: &MetricAlarm) -> Option<Alarm> {
        let is_table = |dimension: &Dimension| {
            dimension.name() == Some(TABLE) && dimension.value() == Some(table.name.as_str())
        };
        let queries = alarm.metrics().iter().filter_map(|query| query.metric_stat()?.metric());
        let mut in_queries = queries.flat_map(|metric| metric.dimensions());
        if alarm.namespace() == Some(NAMESPACE) && alarm.dimensions().iter().any(is_table) {
            Some(Alarm::portable(alarm))
        } else if in_queries.any(is_table) {
            let unsupported = Some("it watches an expression of several metrics".to_owned());
            Some(Alarm { unsupported, ..Alarm::default() })
        } else {
            None
        }
    }

    /// Checks whether two alarms are equal apart from their names.
    pub(super) fn equals(&self, other: &Alarm) -> bool {
        *self == Alarm { own_name: self.own_name.clone(), ..other.clone() }
    }

    fn portable(alarm: &MetricAlarm) -> Alarm {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let others = alarm.dimensions().iter().filter(|dimension| dimension.name() != Some(TABLE));
        let beyond = alarm.evaluation_window().is_some()
            || alarm.warm_up_configuration().is_some()
            || alarm.evaluation_criteria().is_some()
            || alarm.action_configuration().is_some();
        Alarm {
            own_name: String::new(),
            alarm_description: text(alarm.alarm_description()).filter(|text| !text.is_empty()),
            actions_enabled: alarm.actions_enabled().unwrap_or(true),
            ok_actions: alarm.ok_actions().to_vec(),
            alarm_actions: alarm.alarm_actions().to_vec(),
            insufficient_data_actions: alarm.insufficient_data_actions().to_vec(),
            metric_name: text(alarm.metric_name()),
            statistic: text(alarm.statistic().map(Statistic::as_str)),
            extended_statistic: text(alarm.extended_statistic()),
            dimensions: others
                .filter_map(|dimension| Some((dimension.name()?.to_owned(), dimension.value()?.to_owned())))
                .collect(),
            period: alarm.period(),
            unit: text(alarm.unit().map(StandardUnit::as_str)),
            evaluation_periods: alarm.evaluation_periods(),
            datapoints_to_alarm: alarm.datapoints_to_alarm(),
            threshold: alarm.threshold(),
            comparison_operator: text(alarm.comparison_operator().map(ComparisonOperator::as_str)),
            treat_missing_data: text(alarm.treat_missing_data()),
            evaluate_low_sample_count_percentile: text(alarm.evaluate_low_sample_count_percentile()),
            unsupported: beyond.then(|| "it has properties that are not copied".to_owned()),
        }
    }

    /// Fills in the call that puts the alarm on the target.
    pub(super) fn put(
        &self,
        call: PutMetricAlarmFluentBuilder,
        target: &Table,
    ) -> PutMetricAlarmFluentBuilder {
        let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
        let dimensions = self.dimensions.iter().map(|(name, value)| dimension(name, value));
        let dimensions = dimensions.chain([dimension(TABLE, &target.name)]).collect();
        call.namespace(NAMESPACE)
            .set_dimensions(Some(dimensions))
            .set_alarm_description(self.alarm_description.clone())
            .actions_enabled(self.actions_enabled)
            .set_ok_actions(Some(self.ok_actions.clone()))
            .set_alarm_actions(Some(self.alarm_actions.clone()))
            .set_insufficient_data_actions(Some(self.insufficient_data_actions.clone()))
            .set_metric_name(self.metric_name.clone())
            .set_statistic(self.statistic.as_deref().map(Statistic::from))
            .set_extended_statistic(self.extended_statistic.clone())
            .set_period(self.period)
            .set_unit(self.unit.as_deref().map(StandardUnit::from))
            .set_evaluation_periods(self.evaluation_periods)
            .set_datapoints_to_alarm(self.datapoints_to_alarm)
            .set_threshold(self.threshold)
            .set_comparison_operator(self.comparison_operator.as_deref().map(ComparisonOperator::from))
            .set_treat_missing_data(self.treat_missing_data.clone())
            .set_evaluate_low_sample_count_percentile(self.evaluate_low_sample_count_percentile.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::table::tests::table;

    fn alarm(table: &str) -> MetricAlarm {
        let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
        MetricAlarm::builder()
            .alarm_name("throttled")
            .namespace(NAMESPACE)
            .metric_name("ThrottledRequests")
            .statistic(Statistic::Sum)
            .dimensions(dimension(TABLE, table))
            .dimensions(dimension("Operation", "PutItem"))
            .threshold(1.5)
            .build()
    }

    #[test]
    fn an_alarm_belongs_to_the_table_in_its_dimension() {
        let portable = Alarm::on(&table(), &alarm("orders-restored")).unwrap();
        assert_eq!(portable.dimensions, [("Operation".to_owned(), "PutItem".to_owned())].into());
        assert_eq!((portable.threshold, portable.unsupported), (Some(1.5), None));
        assert_eq!(Alarm::on(&table(), &alarm("orders")), None);
    }
}

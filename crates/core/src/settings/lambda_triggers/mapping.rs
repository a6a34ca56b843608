//! An event source mapping of a DynamoDB stream, in portable form.
//!
//! The fields are those that Lambda documents for DynamoDB streams ("Process DynamoDB records with Lambda",
//! parameters). The fields of queues, Kafka and DocumentDB do not occur. A field that is missing in AWS's response has
//! its documented default.

use aws_sdk_lambda::operation::create_event_source_mapping::builders::CreateEventSourceMappingFluentBuilder;
use aws_sdk_lambda::operation::update_event_source_mapping::builders::UpdateEventSourceMappingFluentBuilder;
use aws_sdk_lambda::types::{
    DestinationConfig, EventSourceMappingConfiguration, EventSourceMappingMetric,
    EventSourceMappingMetricsConfig, EventSourcePosition, Filter, FilterCriteria, FilterCriteriaError,
    FunctionResponseType, OnFailure,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An event source mapping.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Mapping {
    /// ARN of the function, with its version or alias.
    pub function_arn: String,
    /// UUID of the mapping. It is not portable, so it is not written to documents.
    #[serde(skip)]
    pub uuid: String,
    /// Whether the mapping is enabled.
    pub enabled: bool,
    /// Starting position: `TRIM_HORIZON` or `LATEST`; null if AWS does not return it.
    pub starting_position: Option<String>,
    /// Maximum number of records in a batch.
    pub batch_size: i32,
    /// Maximum time in seconds for gathering a batch.
    pub maximum_batching_window_in_seconds: i32,
    /// Number of batches of a shard that are processed concurrently.
    pub parallelization_factor: i32,
    /// Maximum number of retries; -1 means no limit, 0 means no retries.
    pub maximum_retry_attempts: i32,
    /// Maximum age of a record in seconds, after which it is discarded; -1 means no limit.
    pub maximum_record_age_in_seconds: i32,
    /// Whether a failed batch is split in two.
    pub bisect_batch_on_function_error: bool,
    /// Length of the tumbling window in seconds; 0 means none.
    pub tumbling_window_in_seconds: i32,
    /// ARN of the destination for discarded records.
    pub on_failure_destination: Option<String>,
    /// Patterns of the filter.
    pub filter_patterns: Vec<String>,
    /// Reason why the filter cannot be read: it is encrypted, and the key cannot be used.
    pub filter_criteria_error: Option<String>,
    /// ARN of the KMS key that encrypts the filter.
    #[serde(rename = "KMSKeyArn")]
    pub kms_key_arn: Option<String>,
    /// Response types of the function, such as `ReportBatchItemFailures`.
    pub function_response_types: Vec<String>,
    /// Metrics of the mapping, such as `EventCount`.
    pub metrics: Vec<String>,
}

impl Default for Mapping {
    /// Returns a mapping with Lambda's default values.
    fn default() -> Mapping {
        Mapping {
            function_arn: String::new(),
            uuid: String::new(),
            enabled: true,
            starting_position: None,
            batch_size: 100,
            maximum_batching_window_in_seconds: 0,
            parallelization_factor: 1,
            maximum_retry_attempts: -1,
            maximum_record_age_in_seconds: -1,
            bisect_batch_on_function_error: false,
            tumbling_window_in_seconds: 0,
            on_failure_destination: None,
            filter_patterns: Vec::new(),
            filter_criteria_error: None,
            kms_key_arn: None,
            function_response_types: Vec::new(),
            metrics: Vec::new(),
        }
    }
}

impl Mapping {
    /// Returns the mapping that Lambda describes, or `None` if it is being deleted.
    pub(super) fn from_configuration(configuration: &EventSourceMappingConfiguration) -> Option<Mapping> {
        let default = Mapping::default();
        let state = configuration.state().unwrap_or_default();
        if state == "Deleting" {
            return None;
        }
        let destination = configuration.destination_config().and_then(|config| config.on_failure());
        let mapping = Mapping {
            function_arn: configuration.function_arn()?.to_owned(),
            uuid: configuration.uuid()?.to_owned(),
            enabled: !matches!(state, "Disabled" | "Disabling"),
            starting_position: configuration.starting_position().map(|position| position.as_str().to_owned()),
            batch_size: configuration.batch_size().unwrap_or(default.batch_size),
            maximum_batching_window_in_seconds: configuration
                .maximum_batching_window_in_seconds()
                .unwrap_or_default(),
            parallelization_factor: configuration
                .parallelization_factor()
                .unwrap_or(default.parallelization_factor),
            maximum_retry_attempts: configuration
                .maximum_retry_attempts()
                .unwrap_or(default.maximum_retry_attempts),
            maximum_record_age_in_seconds: configuration
                .maximum_record_age_in_seconds()
                .unwrap_or(default.maximum_record_age_in_seconds),
            bisect_batch_on_function_error: configuration
                .bisect_batch_on_function_error()
                .unwrap_or_default(),
            tumbling_window_in_seconds: configuration.tumbling_window_in_seconds().unwrap_or_default(),
            on_failure_destination: destination
                .and_then(|on_failure| on_failure.destination())
                .map(str::to_owned),
            filter_patterns: Vec::new(),
            filter_criteria_error: None,
            kms_key_arn: configuration.kms_key_arn().map(str::to_owned),
            function_response_types: sorted(
                configuration.function_response_types().iter().map(|response_type| response_type.as_str()),
            ),
            metrics: sorted(
                configuration
                    .metrics_config()
                    .map(|config| config.metrics())
                    .unwrap_or_default()
                    .iter()
                    .map(|metric| metric.as_str()),
            ),
        };
        Some(mapping.with_filter(configuration.filter_criteria(), configuration.filter_criteria_error()))
    }

    /// Returns the mapping with the filter from a response. If the mapping has a key and the response has neither a
    /// filter nor an error, the filter is unknown: ListEventSourceMappings leaves it out (`FilterCriteria`), and so
    /// does GetEventSourceMapping for callers that may not use the key.
    pub(super) fn with_filter(
        self,
        criteria: Option<&FilterCriteria>,
        error: Option<&FilterCriteriaError>,
    ) -> Mapping {
        let filters = criteria.map(|criteria| criteria.filters()).unwrap_or_default();
        let is_left_out = self.kms_key_arn.is_some() && filters.is_empty();
        let left_out = is_left_out.then_some("it is encrypted, and Lambda does not show it");
        let error = error.map(|error| error.message().unwrap_or("no reason given"));
        Mapping {
            filter_patterns: filters
                .iter()
                .filter_map(|filter| filter.pattern())
                .map(str::to_owned)
                .collect(),
            filter_criteria_error: error.or(left_out).map(str::to_owned),
            ..self
        }
    }

    /// Checks whether two mappings are equal. The starting position no longer matters.
    pub(super) fn equals(&self, other: &Mapping) -> bool {
        let plain =
            |mapping: &Mapping| Mapping { uuid: String::new(), starting_position: None, ..mapping.clone() };
        plain(self) == plain(other)
    }

    /// Fills in the call that creates the mapping.
    pub(super) fn create(
        &self,
        call: CreateEventSourceMappingFluentBuilder,
    ) -> CreateEventSourceMappingFluentBuilder {
        let position = self.starting_position.as_deref().map(EventSourcePosition::from);
        let position = position.filter(|position| *position != EventSourcePosition::AtTimestamp);
        call.function_name(&self.function_arn)
            .starting_position(position.unwrap_or(EventSourcePosition::TrimHorizon))
            .enabled(self.enabled)
            .batch_size(self.batch_size)
            .maximum_batching_window_in_seconds(self.maximum_batching_window_in_seconds)
            .parallelization_factor(self.parallelization_factor)
            .maximum_retry_attempts(self.maximum_retry_attempts)
            .maximum_record_age_in_seconds(self.maximum_record_age_in_seconds)
            .bisect_batch_on_function_error(self.bisect_batch_on_function_error)
            .set_tumbling_window_in_seconds(
                Some(self.tumbling_window_in_seconds).filter(|seconds| *seconds != 0),
            )
            .set_destination_config(self.on_failure_destination.is_some().then(|| self.destination_config()))
            .set_filter_criteria((!self.filter_patterns.is_empty()).then(|| self.filter_criteria()))
            .set_kms_key_arn(self.kms_key_arn.clone())
            .set_function_response_types(Some(self.response_types()))
            .set_metrics_config((!self.metrics.is_empty()).then(|| self.metrics_config()))
    }

    /// Fills in the call that changes another mapping into this one. Sends missing values too, so that they are
    /// removed.
    pub(super) fn update(
        &self,
        call: UpdateEventSourceMappingFluentBuilder,
    ) -> UpdateEventSourceMappingFluentBuilder {
        call.enabled(self.enabled)
            .batch_size(self.batch_size)
            .maximum_batching_window_in_seconds(self.maximum_batching_window_in_seconds)
            .parallelization_factor(self.parallelization_factor)
            .maximum_retry_attempts(self.maximum_retry_attempts)
            .maximum_record_age_in_seconds(self.maximum_record_age_in_seconds)
            .bisect_batch_on_function_error(self.bisect_batch_on_function_error)
            .tumbling_window_in_seconds(self.tumbling_window_in_seconds)
            .destination_config(self.destination_config())
            .filter_criteria(self.filter_criteria())
            .kms_key_arn(self.kms_key_arn.clone().unwrap_or_default())
            .set_function_response_types(Some(self.response_types()))
            .metrics_config(self.metrics_config())
    }

    fn destination_config(&self) -> DestinationConfig {
        let on_failure = OnFailure::builder().set_destination(self.on_failure_destination.clone()).build();
        DestinationConfig::builder().on_failure(on_failure).build()
    }

    fn filter_criteria(&self) -> FilterCriteria {
        let filters = self.filter_patterns.iter().map(|pattern| Filter::builder().pattern(pattern).build());
        FilterCriteria::builder().set_filters(Some(filters.collect())).build()
    }

    fn response_types(&self) -> Vec<FunctionResponseType> {
        self.function_response_types
            .iter()
            .map(|response_type| FunctionResponseType::from(response_type.as_str()))
            .collect()
    }

    fn metrics_config(&self) -> EventSourceMappingMetricsConfig {
        let metrics = self.metrics.iter().map(|metric| EventSourceMappingMetric::from(metric.as_str()));
        EventSourceMappingMetricsConfig::builder().set_metrics(Some(metrics.collect())).build()
    }
}

fn sorted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_retries_and_a_disabled_trigger_are_preserved() {
        let described = EventSourceMappingConfiguration::builder()
            .uuid("id")
            .function_arn("arn:aws:lambda:eu-west-1:1:function:index:live")
            .state("Disabled")
            .maximum_retry_attempts(0)
            .destination_config(DestinationConfig::builder().on_failure(OnFailure::builder().build()).build())
            .build();
        let mapping = Mapping::from_configuration(&described).unwrap();
        assert_eq!((mapping.enabled, mapping.maximum_retry_attempts), (false, 0));
        assert_eq!((mapping.on_failure_destination, mapping.batch_size), (None, 100));
        let deleting = EventSourceMappingConfiguration::builder().state("Deleting").build();
        assert_eq!(Mapping::from_configuration(&deleting), None);
    }

    #[test]
    fn a_hidden_encrypted_filter_is_not_read_as_no_filter() {
        let described = || {
            let described = EventSourceMappingConfiguration::builder().uuid("id").state("Enabled");
            described.function_arn("arn:aws:lambda:eu-west-1:1:function:index")
        };
        let key = "arn:aws:kms:eu-west-1:1:key/k";
        let error = |described: EventSourceMappingConfiguration| {
            Mapping::from_configuration(&described).unwrap().filter_criteria_error.unwrap_or_default()
        };
        assert!(error(described().kms_key_arn(key).build()).contains("encrypted"));
        let filter = FilterCriteria::builder().filters(Filter::builder().pattern("{}").build()).build();
        assert_eq!(error(described().kms_key_arn(key).filter_criteria(filter).build()), "");
        assert_eq!(error(described().build()), "");
        let listed = Mapping::from_configuration(&described().kms_key_arn(key).build()).unwrap();
        let filter = FilterCriteria::builder().filters(Filter::builder().pattern("{}").build()).build();
        let shown = listed.with_filter(Some(&filter), None);
        assert_eq!((shown.filter_patterns, shown.filter_criteria_error), (vec!["{}".to_owned()], None));
    }

    #[test]
    fn the_starting_position_makes_no_difference() {
        let one = Mapping { starting_position: Some("LATEST".to_owned()), ..Mapping::default() };
        assert!(one.equals(&Mapping { uuid: "other".to_owned(), ..Mapping::default() }));
        assert!(!one.equals(&Mapping { tumbling_window_in_seconds: 5, ..Mapping::default() }));
    }
}

//! Describes the event source mapping of a stream, and checks whether it reads the stream.
//!
//! Lambda reports the result of a mapping's last batch as text (API reference, EventSourceMappingConfiguration:
//! LastProcessingResult). Observed values are `OK`, `No records processed`, and `PROBLEM: …` with the reason. Any other
//! state, any other result and a missing result count as a problem: a stream counts as read only if Lambda confirms it.

use aws_sdk_lambda::error::ProvideErrorMetadata;

use super::change::label_of_stream;
use crate::aws::failure::AwsFailure;
use crate::text::quoted;

/// An event source mapping, as Lambda returns it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Mapping {
    /// The state: `Enabled` if the stream is read; `Creating`, `Updating`, `Disabled` and others if not.
    pub state: Option<String>,
    /// The result of the last batch.
    pub last_result: Option<String>,
    /// ARN of the stream that is read.
    pub stream_arn: Option<String>,
}

impl Mapping {
    /// Returns the label of the stream that is read, which is the time when the stream was created.
    pub fn label(&self) -> Option<&str> {
        self.stream_arn.as_deref().and_then(label_of_stream)
    }

    /// Returns the problems that keep this stream from being read, as sentences. Empty if Lambda reports no problem.
    pub fn problems(&self, stream_arn: &str) -> Vec<String> {
        let quoted_or_nothing =
            |text: &Option<String>| text.as_deref().map_or_else(|| "nothing".to_owned(), quoted);
        let mut problems = Vec::new();
        if self.stream_arn.as_deref() != Some(stream_arn) {
            let other = quoted_or_nothing(&self.stream_arn);
            problems.push(format!("the mapping reads {other}; it must read {stream_arn}"));
        }
        if self.state.as_deref() != Some("Enabled") {
            problems.push(format!(
                "the mapping's State is {}; it must be Enabled",
                quoted_or_nothing(&self.state)
            ));
        }
        if !matches!(self.last_result.as_deref(), Some("OK" | "No records processed")) {
            problems.push(format!(
                "the mapping's LastProcessingResult is {}",
                quoted_or_nothing(&self.last_result)
            ));
        }
        problems
    }
}

/// Describes the mapping with this UUID. Returns `None` if Lambda has no such mapping. Needs
/// `lambda:GetEventSourceMapping`.
pub async fn describe(lambda: &aws_sdk_lambda::Client, uuid: &str) -> Result<Option<Mapping>, AwsFailure> {
    match lambda.get_event_source_mapping().uuid(uuid).send().await {
        Ok(shown) => Ok(Some(Mapping {
            state: shown.state,
            last_result: shown.last_processing_result,
            stream_arn: shown.event_source_arn,
        })),
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
        Err(error) => Err(AwsFailure::from_call("lambda:GetEventSourceMapping")(error)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error_name::ErrorName;
    use crate::testing::fake_aws::{FakeAws, refusal};

    const STREAM: &str =
        "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-20T00:00:00.000";

    fn mapping(state: &str, last_result: &str) -> Mapping {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Mapping { state: text(state), last_result: text(last_result), stream_arn: text(STREAM) }
    }

    #[tokio::test]
    async fn describe_returns_the_mapping_as_lambda_has_it() {
        let aws = FakeAws::default();
        aws.response("lambda:GET", |call| {
            assert_eq!(call.key, "2015-03-31/event-source-mappings/1-2-3");
            (
                200,
                json!({ "UUID": "1-2-3", "State": "Enabled", "LastProcessingResult": "OK",
                "EventSourceArn": STREAM }),
            )
        });
        let lambda = aws.clients().lambda();
        let seen = describe(&lambda, "1-2-3").await.unwrap().unwrap();
        assert_eq!((&seen, seen.label()), (&mapping("Enabled", "OK"), Some("2026-11-20T00:00:00.000")));
        assert_eq!(seen.problems(STREAM), Vec::<String>::new());
        aws.response("lambda:GET", |_| refusal("ResourceNotFoundException"));
        assert_eq!(describe(&lambda, "1-2-3").await.unwrap(), None);
        aws.response("lambda:GET", |_| refusal("AccessDeniedException"));
        assert_eq!(describe(&lambda, "1-2-3").await.unwrap_err().name, ErrorName::AccessDenied);
    }

    #[test]
    fn any_other_state_or_result_is_a_problem() {
        assert!(mapping("Enabled", "No records processed").problems(STREAM).is_empty());
        for (mapping, expected) in [
            (mapping("Disabled", "OK"), "the mapping's State is `Disabled`; it must be Enabled"),
            (mapping("Updating", "OK"), "the mapping's State is `Updating`; it must be Enabled"),
            (mapping("", "OK"), "the mapping's State is nothing; it must be Enabled"),
            (
                mapping("Enabled", "PROBLEM: Function call failed"),
                "the mapping's LastProcessingResult is `PROBLEM: Function call failed`",
            ),
            (mapping("Enabled", "OK - but"), "the mapping's LastProcessingResult is `OK - but`"),
            (mapping("Enabled", ""), "the mapping's LastProcessingResult is nothing"),
        ] {
            assert_eq!(mapping.problems(STREAM), [expected]);
        }
        let other = mapping("Enabled", "OK").problems("arn:other");
        assert_eq!(other, [format!("the mapping reads `{STREAM}`; it must read arn:other")]);
    }
}

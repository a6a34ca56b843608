//! `rollback.move-pointer`: points the SSM parameter at the table and labels its versions.
//!
//! It refuses a table that is being retired ([`tablekeeper_core::retire::mark`]).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::aws::pointer::{Error, settle};
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_core::rotation::pointer::{self, Description, PINNED, Wish, Writer};
use tablekeeper_core::rotation::rollback::Rollback;

use crate::step::{Failure, Step};

/// The step that moves the parameter.
#[derive(Debug)]
pub struct MovePointer {
    dynamodb: aws_sdk_dynamodb::Client,
    ssm: aws_sdk_ssm::Client,
}

/// The input that the state machine passes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// ARN of the execution, for the logs and for the description of the version.
    pub execution_arn: String,
    /// The rollback.
    pub rollback: Rollback,
}

/// The outcome for the parameter, and the output of the execution.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    /// Whether the parameter was moved.
    pub outcome: Outcome,
    /// Name of the parameter.
    pub name: String,
    /// Value of the parameter now.
    pub value: String,
    /// Version of the parameter now.
    pub version: i64,
    /// Value of the parameter before.
    pub previous_value: String,
    /// Version of the parameter before.
    pub previous_version: i64,
    /// Whether the parameter is pinned now.
    pub pinned: bool,
}

/// What was done with the parameter.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub enum Outcome {
    /// The parameter points at the table now.
    RolledBack,
    /// Another execution moved the parameter after this one, and its value was left alone.
    Superseded,
}

impl Step for MovePointer {
    const NAME: &'static str = "rollback.move-pointer";
    const ERRORS: &'static [&'static [ErrorName]] = Error::NAMES;
    type Input = Input;
    type Output = Output;
    type Error = Error;

    fn new(clients: &Clients) -> Result<MovePointer, Failure> {
        Ok(MovePointer { dynamodb: clients.dynamodb(), ssm: clients.ssm() })
    }

    async fn run(&self, Input { execution_arn, rollback }: Input) -> Result<Output, Error> {
        let (name, pin) = (rollback.ssm_parameter_name, rollback.pin);
        let description = Description {
            writer: Writer::Rollback,
            execution: execution_arn,
            backup: rollback.backup,
            verified: rollback.verified,
            pins: pin,
        };
        let wish = Wish::RollBack { table_arn: rollback.table_arn, description, pin };
        let settled = settle(&self.ssm, &self.dynamodb, &name, &wish).await?;
        let now = settled.after.newest();
        Ok(Output {
            outcome: match settled.outcome {
                pointer::Outcome::Superseded => Outcome::Superseded,
                _ => Outcome::RolledBack,
            },
            name,
            value: now.map(|version| version.value.clone()).unwrap_or_default(),
            version: now.map(|version| version.number).unwrap_or_default(),
            previous_value: rollback.from_value,
            previous_version: rollback.from_version,
            pinned: settled.after.labeled(PINNED).is_some(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::{Value, json};
    use tablekeeper_core::aws::own_tag::RETIRING;
    use tablekeeper_core::clock::Clock;
    use tablekeeper_core::retire::mark::Mark;
    use tablekeeper_core::testing::fake_aws::{FakeAws, arn};

    use super::*;
    use crate::step::AnyStep;

    fn aws() -> FakeAws {
        let aws = FakeAws::default();
        for table in ["one", "two"] {
            aws.state().parameters.put("/p", &arn(table));
        }
        aws
    }

    async fn roll_back(aws: &FakeAws, execution: &str, table: &str, pin: bool) -> Result<Value, Failure> {
        let step = MovePointer::new(&aws.clients()).unwrap();
        let rollback = json!({ "ssmParameterName": "/p", "fromValue": arn("two"), "fromVersion": 2,
            "tableArn": arn(table), "backup": null, "verified": "none", "pin": pin });
        step.run_json(json!({ "executionArn": execution, "rollback": rollback })).await
    }

    fn labels(aws: &FakeAws) -> Value {
        json!(aws.state().parameters.labels("/p"))
    }

    #[tokio::test]
    async fn the_pointer_goes_back_once_and_is_pinned() {
        let aws = aws();
        let expected = json!({ "Outcome": "RolledBack", "Name": "/p", "Value": arn("one"), "Version": 3,
            "PreviousValue": arn("two"), "PreviousVersion": 2, "Pinned": true });
        for _ in 0..2 {
            assert_eq!(roll_back(&aws, "e", "one", true).await.unwrap(), expected);
            assert_eq!(labels(&aws), json!({ "current": 3, "pinned": 3, "previous": 2 }));
        }
        let description = &aws.calls("ssm:PutParameter")[0].input["Description"];
        assert_eq!(description, "by=rollback table=one execution=e verified=none pin=yes");
    }

    #[tokio::test]
    async fn without_a_pin_an_earlier_one_is_removed() {
        let aws = aws();
        roll_back(&aws, "e1", "one", true).await.unwrap();
        let output = roll_back(&aws, "e2", "two", false).await.unwrap();
        assert_eq!((&output["Version"], &output["Pinned"]), (&json!(4), &json!(false)));
        assert_eq!(labels(&aws), json!({ "current": 4, "previous": 3 }));
    }

    #[tokio::test]
    async fn a_repeated_step_leaves_a_later_rollback_alone() {
        let aws = aws();
        roll_back(&aws, "e1", "one", true).await.unwrap();
        roll_back(&aws, "e2", "two", true).await.unwrap();
        let output = roll_back(&aws, "e1", "one", true).await.unwrap();
        assert_eq!((&output["Outcome"], &output["Value"]), (&json!("Superseded"), &json!(arn("two"))));
        assert_eq!(labels(&aws), json!({ "current": 4, "pinned": 4, "previous": 3 }));
    }

    #[tokio::test]
    async fn the_oldest_of_a_hundred_versions_can_be_gone_back_to() {
        let aws = FakeAws::default();
        aws.state().parameters.put("/p", &arn("one"));
        for _ in 0..99 {
            aws.state().parameters.put("/p", &arn("two"));
        }
        assert_eq!(roll_back(&aws, "e", "one", true).await.unwrap()["Version"], 101);
        assert_eq!(labels(&aws), json!({ "current": 101, "pinned": 101, "previous": 100 }));
    }

    #[tokio::test]
    async fn a_refused_write_has_its_error_name() {
        let aws = aws();
        aws.refuse("ssm:PutParameter", "AccessDeniedException");
        assert_eq!(roll_back(&aws, "e", "one", true).await.unwrap_err().name, ErrorName::AccessDenied);
    }

    /// Returns the name of a copy, which could be retired.
    fn copy(day: u32) -> String {
        format!("orders-202603{day:02}-02-00-00")
    }

    /// Returns an account whose parameter pointed at the copies of the first and the second day, and was pinned to the
    /// second one.
    fn with_copies() -> FakeAws {
        let aws = FakeAws::default();
        for day in [1, 2] {
            aws.state().parameters.put("/p", &arn(&copy(day)));
        }
        let input = json!({ "Name": "/p", "ParameterVersion": 2, "Labels": ["pinned"] });
        let _ = aws.state().parameters.respond("LabelParameterVersion", &input);
        aws
    }

    fn mark_since(aws: &FakeAws, look: usize) {
        let looks = AtomicUsize::new(0);
        aws.response("dynamodb:ListTagsOfResource", move |call| {
            let is_third = call.input["ResourceArn"] == arn(&copy(3));
            let is_marked = is_third && looks.fetch_add(1, Ordering::Relaxed) >= look;
            let value = Mark::new("arn:retirer", Clock::System.now()).value();
            let tags = if is_marked { json!([{ "Key": RETIRING, "Value": value }]) } else { json!([]) };
            (200, json!({ "Tags": tags }))
        });
    }

    #[tokio::test]
    async fn a_table_that_is_being_retired_is_refused() {
        let aws = with_copies();
        mark_since(&aws, 0);
        let failure = roll_back(&aws, "e", &copy(3), true).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::TableRetiring);
        assert!(
            failure.message.contains(&format!("table {} is being retired (arn:retirer ", arn(&copy(3)))),
            "{failure}"
        );
        assert!(aws.calls("ssm:PutParameter").is_empty());
        assert_eq!(labels(&aws), json!({ "pinned": 2 }));
    }

    #[tokio::test]
    async fn a_table_that_is_marked_right_after_the_write_is_left_again() {
        let aws = with_copies();
        mark_since(&aws, 1);
        for _ in 0..2 {
            let failure = roll_back(&aws, "e", &copy(3), true).await.unwrap_err();
            assert_eq!(failure.name, ErrorName::TableRetiring);
        }
        let values = aws.state().parameters.values("/p");
        assert_eq!(values, [arn(&copy(1)), arn(&copy(2)), arn(&copy(3)), arn(&copy(2))]);
        assert_eq!(labels(&aws), json!({ "current": 4, "pinned": 2 }));
    }

    #[tokio::test]
    async fn a_table_that_no_longer_exists_is_refused() {
        let aws = with_copies();
        aws.refuse("dynamodb:ListTagsOfResource", "ResourceNotFoundException");
        let failure = roll_back(&aws, "e", &copy(3), true).await.unwrap_err();
        assert_eq!(failure.name, ErrorName::TargetTableMissing);
        assert!(aws.calls("ssm:PutParameter").is_empty());
    }
}

//! Resource-based policies of the table and of its stream.
//!
//! A policy names the table, its indexes and its stream by ARN, so these ARNs are rewritten. Only whole ARNs and ARNs
//! below them count: `table/orders` in a policy never becomes part of `table/orders-archive`. Principals, conditions
//! and everything else in a policy stay unchanged.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::setting::stored_as;
use super::{Aws, Comparison, Setting, SettingName, Table};
use crate::aws::failure::AwsFailure;

/// The resource policies setting.
#[derive(Clone, Copy, Debug)]
pub struct ResourcePolicies;

const TABLE: &str = "${TableArn}";
const STREAM: &str = "${StreamArn}";

/// The policies, with `${TableArn}` and `${StreamArn}` in place of the table's own ARNs.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Value {
    /// Policy of the table; null if it has none.
    pub table: Option<Json>,
    /// Policy of the stream; null if it has none.
    pub stream: Option<Json>,
}

/// The resource of a policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub enum Of {
    /// The table.
    Table,
    /// The table's stream.
    Stream,
}

/// One call: PutResourcePolicy, or DeleteResourcePolicy without a policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Resource of the policy.
    pub of: Of,
    /// Policy in portable form; `None` deletes the policy.
    pub policy: Option<Json>,
}

impl Setting for ResourcePolicies {
    const NAME: SettingName = SettingName::ResourcePolicies;
    type Value = Value;
    type Change = Change;

    stored_as!(resource_policies);

    async fn read(aws: &Aws, table: &Table) -> Result<Value, AwsFailure> {
        let stream = match table.stream_arn() {
            Some(stream) => policy(aws, stream).await?,
            None => None,
        };
        let names = Names::from_table(table);
        let portable =
            |policy: Option<Json>| policy.map(|policy| rewritten(policy, &|text| names.portable(text)));
        Ok(Value { table: portable(policy(aws, &table.arn).await?), stream: portable(stream) })
    }

    fn compare(wanted: &Value, actual: &Value, target: &Table) -> Comparison<Change> {
        let mut comparison = Comparison::default();
        for (of, wanted, actual) in
            [(Of::Table, &wanted.table, &actual.table), (Of::Stream, &wanted.stream, &actual.stream)]
        {
            let change = |policy: &Option<Json>| Change { of, policy: policy.clone() };
            match (wanted, actual) {
                (None, None) => {}
                (Some(policy), Some(now)) if plain(policy) == plain(now) => comparison.same += 1,
                (Some(_), _) if of == Of::Stream && !target.has_stream() => {
                    comparison.leave_out("the target has no stream that could have a policy");
                }
                (Some(_), None) => comparison.change(format!("set the policy of the {of}"), change(wanted)),
                (Some(_), Some(_)) => {
                    comparison.change(format!("change the policy of the {of}"), change(wanted))
                }
                (None, Some(_)) => comparison.extra(format!("remove the policy of the {of}"), change(&None)),
            }
        }
        comparison
    }

    async fn make(change: &Change, aws: &Aws, target: &Table) -> Result<(), AwsFailure> {
        let names = Names::from_table(target);
        let action = match change.policy {
            Some(_) => "dynamodb:PutResourcePolicy",
            None => "dynamodb:DeleteResourcePolicy",
        };
        let arn = match change.of {
            Of::Table => target.arn.as_str(),
            Of::Stream => target.stream_for(action)?,
        };
        match &change.policy {
            Some(policy) => {
                let policy = rewritten(policy.clone(), &|text| names.own(text));
                let put = aws.dynamodb.put_resource_policy().resource_arn(arn).policy(policy.to_string());
                put.send().await.map(drop).map_err(AwsFailure::from_call(action))
            }
            None => {
                let delete = aws.dynamodb.delete_resource_policy().resource_arn(arn);
                delete.send().await.map(drop).map_err(AwsFailure::from_call(action))
            }
        }
    }
}

impl Value {
    /// Returns the policies of this table, with its own ARNs.
    pub fn of_table(&self, table: &Table) -> Value {
        let names = Names::from_table(table);
        let own =
            |policy: &Option<Json>| policy.clone().map(|policy| rewritten(policy, &|text| names.own(text)));
        Value { table: own(&self.table), stream: own(&self.stream) }
    }
}

async fn policy(aws: &Aws, arn: &str) -> Result<Option<Json>, AwsFailure> {
    match aws.dynamodb.get_resource_policy().resource_arn(arn).send().await {
        // AWS stores only JSON policies. Any other text would be compared and written verbatim.
        Ok(response) => {
            let parsed = |text: String| serde_json::from_str(&text).unwrap_or(Json::String(text));
            Ok(response.policy.map(parsed))
        }
        Err(error) if error.code() == Some("PolicyNotFoundException") => Ok(None),
        Err(error) => Err(AwsFailure::from_call("dynamodb:GetResourcePolicy")(error)),
    }
}

/// The ARNs of a table in policies.
struct Names<'a> {
    table: &'a str,
    stream: Option<&'a str>,
}

impl<'a> Names<'a> {
    fn from_table(table: &'a Table) -> Names<'a> {
        Names { table: &table.arn, stream: table.stream_arn() }
    }

    fn portable(&self, text: &str) -> Option<String> {
        let stream = self.stream.and_then(|stream| replaced(text, stream, STREAM));
        stream.or_else(|| replaced(text, self.table, TABLE))
    }

    fn own(&self, text: &str) -> Option<String> {
        let stream = self.stream.and_then(|stream| replaced(text, STREAM, stream));
        stream.or_else(|| replaced(text, TABLE, self.table))
    }
}

/// Replaces `from` by `to` if the text is `from` or below it.
fn replaced(text: &str, from: &str, to: &str) -> Option<String> {
    let rest = text.strip_prefix(from)?;
    (rest.is_empty() || rest.starts_with('/')).then(|| format!("{to}{rest}"))
}

/// Rewrites each text in a policy for which `text` returns a new one.
fn rewritten(policy: Json, text: &dyn Fn(&str) -> Option<String>) -> Json {
    match policy {
        Json::String(string) => Json::String(text(&string).unwrap_or(string)),
        Json::Array(items) => items.into_iter().map(|item| rewritten(item, text)).collect(),
        Json::Object(fields) => {
            Json::Object(fields.into_iter().map(|(name, field)| (name, rewritten(field, text))).collect())
        }
        other => other,
    }
}

/// Replaces each list of one element by the element, which IAM treats as equal.
fn plain(policy: &Json) -> Json {
    match policy {
        Json::Array(items) => match items.as_slice() {
            [only] => plain(only),
            items => items.iter().map(plain).collect(),
        },
        Json::Object(fields) => {
            Json::Object(fields.iter().map(|(name, field)| (name.clone(), plain(field))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::settings::table::tests::table;

    const SOURCE: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";

    fn statement(resources: &[String]) -> Json {
        json!({ "Statement": [{ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::1:root" },
            "Action": "dynamodb:Query", "Resource": resources }] })
    }

    #[test]
    fn only_whole_own_arns_are_rewritten() {
        let stream = format!("{SOURCE}/stream/2026-01-01T00:00:00.000");
        let source = Names { table: SOURCE, stream: Some(&stream) };
        let others = [format!("{SOURCE}-archive"), format!("{SOURCE}.old/index/*")];
        let own = [SOURCE.to_owned(), format!("{SOURCE}/index/orders"), stream.clone()];
        let policy = statement(&[&own[..], &others[..]].concat());
        let portable = rewritten(policy.clone(), &|text| source.portable(text));
        let expected = [
            TABLE.to_owned(),
            format!("{TABLE}/index/orders"),
            STREAM.to_owned(),
            others[0].clone(),
            others[1].clone(),
        ];
        assert_eq!(portable, statement(&expected));
        assert_eq!(rewritten(portable, &|text| source.own(text)), policy);
    }

    #[test]
    fn a_list_of_one_equals_its_element() {
        let wanted = Value { table: Some(statement(&[TABLE.to_owned()])), stream: None };
        let mut same = wanted.clone();
        same.table =
            Some(json!({ "Statement": { "Effect": "Allow", "Principal": { "AWS": ["arn:aws:iam::1:root"] },
            "Action": ["dynamodb:Query"], "Resource": TABLE } }));
        assert_eq!(ResourcePolicies::compare(&wanted, &same, &table()).same, 1);
    }

    #[test]
    fn a_policy_is_set_left_and_left_out() {
        let one =
            Value { table: Some(json!({ "Statement": [] })), stream: Some(json!({ "Statement": [1, 2] })) };
        let new = ResourcePolicies::compare(&one, &Value::default(), &table());
        assert_eq!((new.changes.len(), new.left_out.len()), (1, 1));
        let own = ResourcePolicies::compare(&Value::default(), &one, &table());
        assert_eq!((own.changes.len(), own.extra.len()), (0, 2));
    }

    /// Generates ARNs of the table `orders` and of similar tables, ARNs below them, and texts that are not ARNs.
    fn resource() -> impl Strategy<Value = String> {
        let end = "(-archive|/index/[a-z*]{0,4}|/stream/(2026|2027)?(/x)?|/|s)?";
        prop_oneof![
            end.prop_map(|end| format!("{SOURCE}{end}")),
            "(arn:aws:dynamodb:|\\*|[a-z$:{}/]{0,12})".prop_map(|text| text),
        ]
    }

    proptest! {
        #[test]
        fn a_policy_survives_the_round_trip(
            resources in proptest::collection::vec(resource(), 0..6), has_stream in any::<bool>()
        ) {
            let stream = format!("{SOURCE}/stream/2026");
            let names = Names { table: SOURCE, stream: has_stream.then_some(stream.as_str()) };
            let policy = statement(&resources);
            let portable = rewritten(policy.clone(), &|text| names.portable(text));
            prop_assert_eq!(rewritten(portable, &|text| names.own(text)), policy);
        }

        #[test]
        fn a_policy_of_a_clone_is_equal_and_names_nothing_of_the_source(
            resources in proptest::collection::vec(resource(), 0..6)
        ) {
            let (stream, copy) = (format!("{SOURCE}/stream/2026"), SOURCE.replace("orders", "copy"));
            let source = Names { table: SOURCE, stream: Some(&stream) };
            let copys_stream = format!("{copy}/stream/2030");
            let clone = Names { table: &copy, stream: Some(&copys_stream) };
            let portable = rewritten(statement(&resources), &|text| source.portable(text));
            let own = rewritten(portable.clone(), &|text| clone.own(text));
            for resource in own["Statement"][0]["Resource"].as_array().unwrap() {
                let rest = resource.as_str().unwrap().strip_prefix(SOURCE);
                prop_assert!(rest.is_none_or(|rest| !rest.is_empty() && !rest.starts_with('/')), "{resource}");
            }
            prop_assert_eq!(rewritten(own, &|text| clone.portable(text)), portable);
        }
    }
}

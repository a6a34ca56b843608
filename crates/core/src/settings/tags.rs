//! Tags of the table.
//!
//! Only AWS services such as CloudFormation can set tags whose key begins with `aws:` (developer guide, "Adding tags to
//! resources"). They are reported and left out. Tablekeeper's own tags describe one table ([`crate::aws::own_tag`]).
//! They are not a setting, and are neither copied nor removed.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::Tag;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::setting::stored_as;
use super::{Aws, Comparison, Planned, Setting, SettingName, Table};
use crate::aws::failure::AwsFailure;
use crate::aws::own_tag::is_own;

/// The tags setting.
#[derive(Clone, Copy, Debug)]
pub struct Tags;

/// Tags by key.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Value(pub BTreeMap<String, String>);

/// One call. Each call locks the table's tags for about two seconds, during which DynamoDB refuses another call with
/// `LimitExceededException`. One call takes all the tags that a table can have (measured, DDB-TABLE-103, 440, 441). All
/// tags are therefore set in one call, and removed in another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// TagResource.
    Set(Vec<(String, String)>),
    /// UntagResource.
    Remove(Vec<String>),
}

impl Setting for Tags {
    const NAME: SettingName = SettingName::Tags;
    type Value = Value;
    type Change = Change;

    stored_as!(tags);

    async fn read(aws: &Aws, table: &Table) -> Result<Value, AwsFailure> {
        let mut tags = BTreeMap::new();
        let mut next_token = None;
        loop {
            let list = aws.dynamodb.list_tags_of_resource().resource_arn(&table.arn);
            let page = list
                .set_next_token(next_token)
                .send()
                .await
                .map_err(AwsFailure::from_call("dynamodb:ListTagsOfResource"))?;
            let page_of_tags = page.tags.unwrap_or_default().into_iter().filter(|tag| !is_own(&tag.key));
            tags.extend(page_of_tags.map(|tag| (tag.key, tag.value)));
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok(Value(tags));
            }
        }
    }

    fn compare(Value(wanted): &Value, Value(actual): &Value, _target: &Table) -> Comparison<Change> {
        let mut comparison = Comparison::default();
        for (key, value) in wanted.iter().filter(|(key, _)| !is_own(key)) {
            if actual.get(key) == Some(value) {
                comparison.same += 1;
            } else if is_reserved(key) {
                comparison.leave_out(format!("only AWS services can set tag {key}"));
            } else {
                let text = match actual.get(key) {
                    Some(now) => format!("change tag {key} from {now} to {value}"),
                    None => format!("set tag {key} = {value}"),
                };
                comparison.change(text, Change::Set(vec![(key.clone(), value.clone())]));
            }
        }
        let is_extra = |key: &&String| !wanted.contains_key(*key) && !is_reserved(key) && !is_own(key);
        for key in actual.keys().filter(is_extra) {
            comparison.extra(format!("remove tag {key}"), Change::Remove(vec![key.clone()]));
        }
        comparison
    }

    fn joined(planned: Vec<Planned<Change>>) -> Vec<Planned<Change>> {
        let (mut set, mut removed) = (Vec::new(), Vec::new());
        let mut texts = Vec::new();
        for Planned { text, change } in planned {
            texts.push(text);
            match change {
                Change::Set(tags) => set.extend(tags),
                Change::Remove(keys) => removed.extend(keys),
            }
        }
        // Several tags are described only by their number, because the reason for a refusal follows the description.
        let mut joined = Vec::new();
        if !set.is_empty() {
            joined.push(Planned { text: format!("set {} tags", set.len()), change: Change::Set(set) });
        }
        if !removed.is_empty() {
            let many = format!("remove {} tags", removed.len());
            joined.push(Planned { text: many, change: Change::Remove(removed) });
        }
        if let ([one], [text]) = (joined.as_mut_slice(), texts.as_slice()) {
            one.text.clone_from(text);
        }
        joined
    }

    async fn make(change: &Change, aws: &Aws, target: &Table) -> Result<(), AwsFailure> {
        match change {
            Change::Set(tags) => {
                let action = "dynamodb:TagResource";
                let tag = |(key, value): &(String, String)| Tag::builder().key(key).value(value).build();
                let tags: Result<Vec<_>, _> = tags.iter().map(tag).collect();
                let tags = tags.map_err(AwsFailure::unbuilt(action))?;
                let set = aws.dynamodb.tag_resource().resource_arn(&target.arn).set_tags(Some(tags));
                set.send().await.map(drop).map_err(AwsFailure::from_call(action))
            }
            Change::Remove(keys) => {
                let remove = aws.dynamodb.untag_resource().resource_arn(&target.arn);
                let remove = remove.set_tag_keys(Some(keys.clone()));
                remove.send().await.map(drop).map_err(AwsFailure::from_call("dynamodb:UntagResource"))
            }
        }
    }
}

/// Checks whether only AWS services can set a tag.
pub fn is_reserved(key: &str) -> bool {
    key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::settings::table::tests::table;

    fn value(tags: &[(&str, &str)]) -> Value {
        Value(tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn differences_are_set_and_extras_are_reported() {
        let wanted = value(&[("team", "billing"), ("stage", "prod"), ("aws:cloudformation:stack-name", "s")]);
        let comparison =
            Tags::compare(&wanted, &value(&[("team", "web"), ("stage", "prod"), ("own", "1")]), &table());
        assert_eq!(comparison.same, 1);
        let set = Change::Set(vec![("team".to_owned(), "billing".to_owned())]);
        assert_eq!(comparison.changes[0].change, set);
        assert_eq!((comparison.changes.len(), comparison.left_out.len()), (1, 1));
        assert_eq!(comparison.changes[0].text, "change tag team from web to billing");
        assert_eq!(comparison.extra[0].text, "remove tag own");
    }

    #[test]
    fn tablekeepers_own_tags_are_neither_copied_nor_removed() {
        let of = |id| value(&[("tablekeeper:recovery-point", id)]);
        let comparison = Tags::compare(&of("1"), &of("2"), &table());
        assert_eq!((comparison, Tags::compare(&value(&[]), &of("2"), &table())), Default::default());
    }

    #[test]
    fn a_key_is_reserved_by_its_prefix_in_any_case() {
        assert!(is_reserved("aws:x") && is_reserved("AWS:x"));
        assert!(!is_reserved("awsome") && !is_reserved("aws") && !is_reserved("äws:"));
    }

    fn tags() -> impl Strategy<Value = Value> {
        // There are few possible keys, so two values often share some.
        proptest::collection::btree_map("(aws:|AWS:|tablekeeper:)?[ab]{1,2}", "[xy]{0,2}", 0..8)
            .prop_map(Value)
    }

    proptest! {
        #[test]
        fn changes_of_a_comparison_make_the_target_equal(wanted in tags(), actual in tags(), remove in any::<bool>()) {
            let mut now = actual.clone();
            let (mut made, mut calls) = (0, std::collections::HashSet::new());
            let planned = Tags::compare(&wanted, &actual, &table()).to_do(remove).cloned().collect();
            for planned in Tags::joined(planned) {
                calls.insert(std::mem::discriminant(&planned.change));
                match planned.change {
                    Change::Set(tags) => now.0.extend(tags),
                    Change::Remove(keys) => now.0.retain(|key, _| !keys.contains(key)),
                }
                made += 1;
            }
            prop_assert_eq!(made, calls.len(), "a call of each kind at most");
            let left = Tags::compare(&wanted, &now, &table());
            prop_assert!(left.to_do(remove).next().is_none(), "{left:?}");
            for (key, value) in &actual.0 {
                let own = !wanted.0.contains_key(key) && !remove;
                prop_assert!(!(own || is_reserved(key) || is_own(key)) || now.0.get(key) == Some(value), "{key} was touched");
            }
        }
    }
}

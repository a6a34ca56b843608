//! Reads the settings from the stack of an incremental backup: its buckets, prefixes and table.

use aws_sdk_cloudformation::types::Stack;
use tablekeeper_core::aws::arn::{Arn, TABLE_NAME, is_table_name};
use tablekeeper_core::item_history::tables::{Layout, TableLocation};
use tablekeeper_core::storage::as_prefix;
use tablekeeper_core::text::quoted;

use crate::config_file::Given;
use crate::failure::Unusable;
use crate::stack::{output, parameter};

/// The values of a stack, by the environment variables that they replace.
#[derive(Clone, Debug, Default)]
pub(super) struct OfStack {
    values: Vec<(&'static str, Given)>,
    /// The table whose stream the stack follows.
    pub(super) table: Option<Given>,
    /// Directory of the table below the stack's prefixes, such as `customers/`; empty for the stack's main table.
    pub(super) folder: String,
}

impl OfStack {
    /// Reads outputs and parameters. Refuses a stack that is not of infra/incremental.yaml. `asked` is one of the
    /// tables that the stack follows; `None` means its main table.
    pub(super) fn read(name: &str, stack: &Stack, asked: Option<&str>) -> Result<OfStack, Unusable> {
        let given =
            |key: &str, text: &str| Given { text: text.to_owned(), origin: format!("{key} of stack {name}") };
        let missing = |key: &str| {
            Unusable(format!(
                "stack {name} has no {key}, so it is not a stack of infra/incremental.yaml; give one that follows a \
                 table with --stack"
            ))
        };
        let mut values = Vec::new();
        for (variable, key) in
            [("INCREMENTAL_BUCKET", "ItemBucketName"), ("SNAPSHOT_BUCKET", "SnapshotBucketName")]
        {
            values.push((variable, given(key, output(stack, key).ok_or_else(|| missing(key))?)));
        }
        // A stack of an earlier release has none. Only `replay` needs it.
        if let Some(bucket) = output(stack, "GivenUpBucketName") {
            values.push(("GIVEN_UP_BUCKET", given("GivenUpBucketName", bucket)));
        }
        let required = |key: &str| parameter(stack, key).ok_or_else(|| missing(key));
        let stream = required("StreamArn")?;
        let own = stream.split("/stream/").next().and_then(Arn::parse).and_then(|arn| arn.table_name());
        let table = asked.or(own).filter(|table| is_table_name(table));
        let (prefix, snapshots) = (required("IncrementalPrefix")?, required("SnapshotPrefix")?);
        let layout = Layout {
            own_table: own.unwrap_or_default(),
            prefix,
            // A stack of an earlier release has none. It follows no other table.
            tables_prefix: parameter(stack, "TablesPrefix").unwrap_or_default(),
        };
        let place = match (asked, table) {
            (Some(asked), None) => {
                let asked = quoted(asked);
                return Err(Unusable(format!("--stack-table is {asked}; it must be {TABLE_NAME}")));
            }
            (Some(_), Some(table)) => layout.location(table),
            (None, _) => TableLocation { prefix: prefix.to_owned(), folder: String::new() },
        };
        let snapshots = match place.folder.as_str() {
            "" => snapshots.to_owned(),
            folder => format!("{}{folder}", as_prefix(snapshots)),
        };
        values.push(("INCREMENTAL_PREFIX", given("IncrementalPrefix", &place.prefix)));
        values.push(("FAILURES_PREFIX", given("FailuresPrefix", required("FailuresPrefix")?)));
        values.push(("SNAPSHOT_PREFIX", given("SnapshotPrefix", &snapshots)));
        let table = table.map(|table| given("the table", table));
        Ok(OfStack { values, table, folder: place.folder })
    }

    /// Returns the stack's value for a variable, or else the given one. Fails if they differ.
    pub(super) fn reconcile(&self, variable: &str, given: Option<Given>) -> Result<Option<Given>, Unusable> {
        let own = self.values.iter().find(|(of, _)| *of == variable).map(|(_, given)| given);
        match (own, given) {
            (Some(own), Some(given)) if !is_same(variable, &own.text, &given.text) => {
                Err(given.refused(&format!("{} is {}; leave one of them out", own.origin, quoted(&own.text))))
            }
            (Some(own), _) => Ok(Some(own.clone())),
            (None, given) => Ok(given),
        }
    }
}

fn is_same(variable: &str, one: &str, other: &str) -> bool {
    if variable.ends_with("_PREFIX") { as_prefix(one) == as_prefix(other) } else { one == other }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::{Output, Parameter};

    use super::*;

    fn stack(without: &str) -> Stack {
        let outputs = [("ItemBucketName", "items-bucket"), ("SnapshotBucketName", "snapshots-bucket")];
        let parameters = [
            ("IncrementalPrefix", "a/"),
            ("FailuresPrefix", "failures/"),
            ("SnapshotPrefix", ""),
            ("TablesPrefix", "tables/"),
            (
                "StreamArn",
                "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-05-04T00:00:00.000",
            ),
        ];
        let outputs = outputs.iter().filter(|(key, _)| *key != without);
        let outputs =
            outputs.map(|(key, value)| Output::builder().output_key(*key).output_value(*value).build());
        let parameters = parameters.iter().filter(|(key, _)| *key != without);
        let parameters = parameters
            .map(|(key, value)| Parameter::builder().parameter_key(*key).parameter_value(*value).build());
        Stack::builder()
            .set_outputs(Some(outputs.collect()))
            .set_parameters(Some(parameters.collect()))
            .build()
    }

    #[test]
    fn values_of_a_stack_must_agree_with_the_others() {
        let of_stack = OfStack::read("s", &stack(""), None).unwrap();
        assert_eq!(of_stack.table.as_ref().unwrap().text, "orders");
        let given = |text: &str| Some(Given { text: text.to_owned(), origin: "HERE".to_owned() });
        let reconciled = |variable: &str, other: Option<Given>| {
            of_stack
                .reconcile(variable, other)
                .map(|given| given.map(|given| given.text))
                .map_err(|error| error.0)
        };
        assert_eq!(reconciled("INCREMENTAL_PREFIX", None).unwrap().as_deref(), Some("a/"));
        assert_eq!(reconciled("INCREMENTAL_PREFIX", given("a")).unwrap().as_deref(), Some("a/"));
        assert_eq!(reconciled("SNAPSHOT_PREFIX", given("/")).unwrap().as_deref(), Some(""));
        assert_eq!(reconciled("DYNAMODB_REGION", given("x")).unwrap().as_deref(), Some("x"));
        assert_eq!(
            reconciled("INCREMENTAL_BUCKET", given("other")).unwrap_err(),
            "HERE is `other`; ItemBucketName of stack s is `items-bucket`; leave one of them out"
        );
    }

    #[test]
    fn another_table_of_a_stack_has_directories_of_its_name() {
        let of = |table: &str| OfStack::read("s", &stack(""), Some(table));
        let other = of("customers").unwrap();
        let value = |variable: &str| other.reconcile(variable, None).unwrap().unwrap().text;
        assert_eq!(
            (other.table.as_ref().unwrap().text.as_str(), other.folder.as_str()),
            ("customers", "customers/")
        );
        assert_eq!(value("INCREMENTAL_PREFIX"), "tables/customers/");
        assert_eq!(
            (value("SNAPSHOT_PREFIX").as_str(), value("FAILURES_PREFIX").as_str()),
            ("customers/", "failures/")
        );
        assert_eq!(of("orders").unwrap().folder, "");
        let error = of("a/b").unwrap_err().0;
        assert_eq!(
            error,
            "--stack-table is `a/b`; it must be a table name (3 to 255 letters, digits, `_`, `-` or `.`)"
        );
    }

    #[test]
    fn a_stack_of_something_else_is_refused() {
        for key in ["ItemBucketName", "SnapshotPrefix", "StreamArn"] {
            let error = OfStack::read("s", &stack(key), None).unwrap_err().0;
            assert!(error.starts_with(&format!("stack s has no {key}, so it is not a stack of")), "{error}");
        }
    }
}

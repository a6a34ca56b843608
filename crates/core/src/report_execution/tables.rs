//! Finds the tables of an execution in its input and its output.

use serde_json::Value;

use crate::aws::arn::{Arn, is_table_name, table_arn};

/// Most tables that are named.
pub const MOST_TABLES: usize = 20;

/// Members that hold the name or the ARN of a table, or of a table's backup.
const OF_TABLES: [&str; 12] = [
    "BackedUpResourceArn",
    "BackupArn",
    "RestoredTableArn",
    "Source",
    "SourceTable",
    "SourceTableArn",
    "TableArn",
    "TableName",
    "TableNames",
    "Target",
    "TargetTable",
    "TargetTableName",
];
/// Members that are not searched, because they hold items or keys.
const OF_ITEMS: [&str; 4] = ["Item", "Items", "Key", "Keys"];

/// Returns the ARNs of the tables in the values, in the order in which they are found, each once. `sibling_arn` has the
/// account and Region of tables that are only named.
pub fn tables<'a>(values: impl IntoIterator<Item = &'a Value>, sibling_arn: &str) -> Vec<String> {
    let mut found = Vec::new();
    values.into_iter().for_each(|value| search(value, Of::Nothing, sibling_arn, &mut found));
    found
}

/// What the member that a value is in holds.
#[derive(Clone, Copy, PartialEq)]
enum Of {
    /// Nothing that is known.
    Nothing,
    /// ARNs of tables or of their backups.
    Arns,
    /// Names or ARNs of tables.
    Names,
}

impl Of {
    fn member(name: &str) -> Of {
        match OF_TABLES.contains(&name) {
            false => Of::Nothing,
            true if name.ends_with("Arn") => Of::Arns,
            true => Of::Names,
        }
    }
}

fn search(value: &Value, of: Of, sibling_arn: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter().filter(|(name, _)| !OF_ITEMS.contains(&name.as_str())) {
                search(member, Of::member(name), sibling_arn, found);
            }
        }
        Value::Array(values) => {
            values.iter().for_each(|value| search(value, of, sibling_arn, found));
        }
        Value::String(text) if of != Of::Nothing && found.len() < MOST_TABLES => {
            let is_name = of == Of::Names && is_table_name(text);
            let named = || is_name.then(|| table_arn(text, sibling_arn));
            let table = arn(text).or_else(named).filter(|table| !found.contains(table));
            found.extend(table);
        }
        _ => {}
    }
}

/// Returns the ARN of the table that another ARN is of, such as that of its backup.
fn arn(text: &str) -> Option<String> {
    let Arn { partition, service, region, account, resource } = Arn::parse(text)?;
    let name = resource.strip_prefix("table/").filter(|_| service == "dynamodb")?.split('/').next()?;
    Some(format!("arn:{partition}:dynamodb:{region}:{account}:table/{name}"))
}

/// Returns the name in the ARN of a table.
pub fn name(arn: &str) -> &str {
    Arn::parse(arn).and_then(|arn| arn.table_name()).unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SIBLING: &str = "arn:aws:states:eu-west-1:123456789012:execution:M:n";

    #[test]
    fn tables_are_found_by_name_and_arn_each_once() {
        let orders = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";
        let input = json!({ "BackupArn": format!("{orders}/backup/01"), "SourcePattern": "orders",
            "TableNames": ["orders", "customers"], "TableArn": "nonsense" });
        let output = json!({ "DescribeTableOutput": { "Table": { "TableName": "orders-copy" } },
            "Items": [{ "TableName": "an item" }], "Source": "s3://bucket/key", "TableName": "a table" });
        let names: Vec<String> =
            tables([&output, &input], SIBLING).iter().map(|arn| name(arn).to_owned()).collect();
        assert_eq!(names, ["orders-copy", "orders", "customers"]);
        assert_eq!(tables([&input], SIBLING)[0], orders);
    }

    #[test]
    fn at_most_twenty_tables_are_named() {
        let names: Vec<String> = (0..30).map(|number| format!("table-{number}")).collect();
        assert_eq!(tables([&json!({ "TableNames": names })], SIBLING).len(), MOST_TABLES);
    }
}

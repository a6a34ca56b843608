//! Finds the tables of an execution for a list, in any shape of its input and in its output.

use serde_json::Value;

use crate::aws::arn::{Arn, is_table_name};

/// Fields of an input that name tables. `table_name` is in inputs of the former backup.
const OF_INPUT: [&str; 4] = ["TableName", "table_name", "Target", "TableNames"];
/// Fields of an input that name a backup, whose table is that of the execution if no other is named.
const OF_BACKUP: [&str; 2] = ["BackupArn", "BackupSnsMessage/BackedUpResourceArn"];
/// Fields of an output that name tables.
const OF_OUTPUT: [&str; 3] = ["TableName", "Tables", "Evidence/Test/SourceTableArn"];
/// Fields that name tables that an execution reads, or makes, besides those that it works on.
const OTHERS: [&str; 6] = [
    "Source",
    "Target",
    "Value",
    "DescribeTableOutput/Table/TableName",
    "Evidence/Test/RestoredTableArn",
    "RestoreTableFromBackupOutput/TableDescription/TableName",
];

/// The tables of an execution.
#[derive(Debug, Default, PartialEq)]
pub struct Tables {
    /// The tables that it works on, by its input or else by its output.
    pub shown: Vec<String>,
    /// Other tables that it read or made.
    others: Vec<String>,
}

impl Tables {
    /// Reads the tables of an execution with this input and output.
    pub fn new(input: &Value, output: &Value) -> Self {
        let sources = [named(input, &OF_INPUT), named(input, &OF_BACKUP), named(output, &OF_OUTPUT)];
        let shown = sources.iter().find(|tables| !tables.is_empty()).cloned().unwrap_or_default();
        let others = sources.into_iter().chain([named(input, &OTHERS), named(output, &OTHERS)]);
        Tables { shown, others: others.flatten().collect() }
    }

    /// Returns whether the execution works on this table, reads it or makes it.
    pub fn has(&self, table: &str) -> bool {
        self.shown.iter().chain(&self.others).any(|name| name == table)
    }
}

/// Returns the tables as a cell of a list: up to two names, or the first and how many others there are.
pub fn cell(tables: &[String]) -> String {
    match tables {
        [] => "-".to_owned(),
        [one] => one.clone(),
        [one, other] => format!("{one}, {other}"),
        [first, others @ ..] => format!("{first} and {} more", others.len()),
    }
}

fn named(value: &Value, places: &[&str]) -> Vec<String> {
    let mut tables: Vec<String> = Vec::new();
    for place in places {
        let found = value.pointer(&format!("/{place}"));
        let single = found.and_then(Value::as_str).into_iter();
        let several = found.and_then(Value::as_array).into_iter().flatten();
        // An array has names, or reports of tables.
        let several = several.filter_map(|item| item.as_str().or_else(|| item.get("TableName")?.as_str()));
        for name in single.chain(several).filter_map(table_of) {
            if !tables.iter().any(|table| table == name) {
                tables.push(name.to_owned());
            }
        }
    }
    tables
}

/// Returns the table of a name, of its ARN or of that of its backup: `arn:…:table/orders/backup/01…`.
fn table_of(text: &str) -> Option<&str> {
    let table = Arn::parse(text).and_then(|arn| arn.resource.strip_prefix("table/")?.split('/').next());
    table.or(Some(text)).filter(|table| is_table_name(table))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table";

    #[test]
    fn tables_are_found_in_every_shape() {
        for (input, output, expected) in [
            (json!({ "TableName": "orders" }), Value::Null, "orders"),
            (json!({ "table_name": "orders", "action": "backup" }), Value::Null, "orders"),
            (json!({ "TableNames": ["orders", "customers"] }), Value::Null, "orders, customers"),
            (json!({ "TableNames": ["a-1", "b-1", "c-1", "d-1"] }), Value::Null, "a-1 and 3 more"),
            (json!({ "BackupArn": format!("{ARN}/orders/backup/01") }), Value::Null, "orders"),
            (json!({ "At": "2026-11-20T02:00:00Z" }), json!({ "TableName": "Movies" }), "Movies"),
            (
                json!({ "TableTag": "backup=true" }),
                json!({ "Tables": [{ "TableName": "orders" }, { "TableName": "customers" }] }),
                "orders, customers",
            ),
            (json!({}), Value::Null, "-"),
        ] {
            assert_eq!(cell(&Tables::new(&input, &output).shown), expected);
        }
    }

    #[test]
    fn a_table_that_was_read_or_made_is_found_too() {
        let input = json!({ "Source": format!("{ARN}/orders"), "Target": "copy",
            "BackupArn": format!("{ARN}/orders/backup/01") });
        let tables =
            Tables::new(&input, &json!({ "DescribeTableOutput": { "Table": { "TableName": "made" } } }));
        assert_eq!(tables.shown, ["copy"]);
        assert!(tables.has("copy") && tables.has("orders") && tables.has("made") && !tables.has("other"));
    }
}

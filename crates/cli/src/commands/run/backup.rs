//! `--table` and `--backup`: fields of the input that need no file.

use anyhow::bail;
use aws_config::SdkConfig;
use clap::Args;
use serde_json::{Map, Value};

use super::input::has_field;
use crate::backup;
use crate::backup::Forms;
use crate::failure::Unusable;
use crate::transfer::check_table_name;

/// The options that name a table and a backup.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The table: the field TableName of the input, or the table whose backup is meant.
    #[arg(long)]
    table: Option<String>,
    /// The backup: its ARN, or `latest` for the newest available one of --table.
    #[arg(long, value_name = "ARN|latest")]
    backup: Option<String>,
}

impl Options {
    /// Returns the fields of the input. Fails with [`Unusable`] if the workflow takes no table or no backup, or if there
    /// is no such backup.
    pub(crate) async fn fields(
        &self,
        workflow: &str,
        config: &SdkConfig,
    ) -> anyhow::Result<Map<String, Value>> {
        let table = self.table.as_deref();
        table.map_or(Ok(()), check_table_name)?;
        let Some(backup) = &self.backup else {
            return match table {
                None => Ok(Map::new()),
                Some(table) if has_field(workflow, "TableName") => {
                    Ok(Map::from_iter([("TableName".to_owned(), Value::from(table))]))
                }
                Some(_) => bail!(Unusable(format!(
                    "{workflow} has no field TableName; {}",
                    match workflow {
                        "sync-settings" => "give the target with --set Target=TABLE",
                        _ => "give a backup of the table with --backup latest",
                    }
                ))),
            };
        };
        let forms = Forms {
            has_arn: has_field(workflow, "BackupArn"),
            has_message: has_field(workflow, "BackupSnsMessage"),
        };
        if !forms.has_arn && !forms.has_message {
            bail!(Unusable(format!("{workflow} restores no backup; leave --backup out")));
        }
        backup::fields(backup, table, forms, config).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn options_that_a_workflow_does_not_take_are_refused() {
        let config = SdkConfig::builder().build();
        let given = |table: Option<&str>, backup: Option<&str>| Options {
            table: table.map(str::to_owned),
            backup: backup.map(str::to_owned),
        };
        for (options, workflow, expected) in [
            (
                given(None, Some("latest")),
                "export-table",
                "export-table restores no backup; leave --backup out",
            ),
            (
                given(Some("t-1"), None),
                "rotate-restore",
                "rotate-restore has no field TableName; give a backup of the table with --backup latest",
            ),
            (given(None, Some("latest")), "rotate-restore", "--backup latest needs --table"),
            (
                given(None, Some("lates")),
                "rotate-restore",
                "--backup is `lates`; it must be an ARN, or `latest`",
            ),
            (
                given(
                    Some("orders"),
                    Some("arn:aws:dynamodb:r:1:table/other/backup/01772330400412-9c2f1ab7"),
                ),
                "rotate-restore",
                "--backup is of table other, but --table is orders",
            ),
            (
                given(Some("a b"), None),
                "export-table",
                "TABLE is `a b`; it must be a table name (3 to 255 letters, digits, `_`, `-` or `.`)",
            ),
        ] {
            let error = options.fields(workflow, &config).await.unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        let table = given(Some("orders"), None).fields("export-table", &config).await.unwrap();
        assert_eq!(Value::from(table), json!({ "TableName": "orders" }));
    }
}

//! `tablekeeper template`: prints a table as a CloudFormation template, so that a table that was restored or created by
//! hand can be imported into a stack.
//!
//! Describes the table, and reads its settings with the code that captures them for `sync-settings`. Reports on stderr
//! what CloudFormation cannot hold as part of a table. Fails if a setting cannot be read: an update of the stack would
//! remove from the table what the template lacks.

mod indexes;
mod properties;
mod remarks;

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};
use tablekeeper_core::aws::arn::Arn;
use tablekeeper_core::aws::table::{Readiness, readiness};
use tablekeeper_core::settings::report::Unread;
use tablekeeper_core::settings::{Aws, SettingName, Settings, Table, report};
use tablekeeper_core::text::quoted;

use crate::console;
use crate::failure::Unusable;
use crate::session;

/// Resource type of a table in a template.
const RESOURCE_TYPE: &str = "AWS::DynamoDB::Table";
/// Maximum length of a logical ID ("Resources", CloudFormation user guide).
const LONGEST_ID: usize = 255;

/// Print a table as a CloudFormation template.
///
/// Use it to import the table into a stack. Settings that are not part of a table in CloudFormation, such as triggers and auto scaling, are reported on stderr.
/// Nothing is printed if a setting cannot be read: CloudFormation would remove from the table what the template lacks.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tablekeeper template orders-restored > orders.json\n  \
                        tablekeeper template orders-restored --resources-to-import > import.json\n\n\
                        Then:\n  aws cloudformation create-change-set --change-set-type IMPORT --stack-name orders \\\n    \
                        --change-set-name import --template-body file://orders.json \\\n    \
                        --resources-to-import file://import.json")]
pub(crate) struct Arguments {
    /// The table: its name, or its ARN, which may be in another Region.
    #[arg(value_name = "TABLE")]
    table: String,
    /// The logical ID of the table in the template [default: the letters and digits of its name, and `Table`].
    #[arg(long, value_name = "NAME")]
    logical_id: Option<String>,
    /// Print the value for --resources-to-import of create-change-set instead of the template.
    #[arg(long)]
    resources_to_import: bool,
}

pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let given = arguments.logical_id.as_deref().map(checked_id).transpose()?;
    let clients = session::clients("tablekeeper").await;
    let clients = match Arn::parse(&arguments.table) {
        Some(arn) => clients.in_region(arn.region),
        None => clients,
    };
    let aws = clients.settings();
    let region = session::region_of(&aws.dynamodb)?;
    let Some(table) = aws.describe(&arguments.table).await? else {
        bail!("the table {} does not exist in {region}", arguments.table);
    };
    if let Readiness::Pending(reason) | Readiness::Failed(reason) = readiness(&table.description) {
        bail!("the template of {} cannot be printed: {reason}", table.name);
    }
    let id = given.map_or_else(|| logical_id(&table.name), str::to_owned);
    if arguments.resources_to_import {
        console::print_json(&to_import(&id, &table))?;
        return Ok(ExitCode::SUCCESS);
    }
    let settings = read(&aws, &table).await?;
    console::print_json(&template(&id, &table, &settings))?;
    for remark in remarks::of(&aws, &table, &settings).await? {
        console::print_remark(&remark);
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads the settings that are part of a table in CloudFormation.
async fn read(aws: &Aws, table: &Table) -> anyhow::Result<Settings> {
    let (settings, unread) = report::capture(aws, table, is_part_of_a_table).await?;
    match unread.as_slice() {
        [] => Ok(settings),
        unread => bail!(
            "the template of {} would be incomplete, and an update of the stack would remove from the table what it \
             lacks: {}",
            table.name,
            unread.iter().map(describe).collect::<Vec<_>>().join("; ")
        ),
    }
}

fn describe(Unread { report, .. }: &Unread) -> String {
    format!("{}: {}", report.setting, report.reason.as_deref().unwrap_or("it cannot be read"))
}

/// Returns whether a setting is a property of the table's resource. Warm throughput is one, but is left out: it grows
/// by itself, and a template with an earlier value would fail its first update.
fn is_part_of_a_table(name: SettingName) -> bool {
    match name {
        SettingName::Tags
        | SettingName::Stream
        | SettingName::TableClass
        | SettingName::OnDemandThroughput
        | SettingName::PointInTimeRecovery
        | SettingName::KinesisDestinations
        | SettingName::ContributorInsights
        | SettingName::ResourcePolicies
        | SettingName::DeletionProtection
        | SettingName::TimeToLive => true,
        SettingName::WarmThroughput
        | SettingName::LambdaTriggers
        | SettingName::AutoScaling
        | SettingName::Alarms => false,
    }
}

/// Builds the template. An imported resource must have a DeletionPolicy ("Bringing existing resources into
/// CloudFormation management", user guide). This one retains the table if the stack is deleted.
fn template(id: &str, table: &Table, settings: &Settings) -> Value {
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": format!("The DynamoDB table {}", table.name),
        "Resources": {
            id: {
                "Type": RESOURCE_TYPE,
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": properties::of(table, settings),
            }
        }
    })
}

/// Builds the value for `--resources-to-import` of create-change-set.
fn to_import(id: &str, table: &Table) -> Value {
    json!([{
        "ResourceType": RESOURCE_TYPE,
        "LogicalResourceId": id,
        "ResourceIdentifier": { "TableName": table.name },
    }])
}

/// Checks a given logical ID.
fn checked_id(id: &str) -> anyhow::Result<&str> {
    if id.is_empty() || id.len() > LONGEST_ID || !id.chars().all(|letter| letter.is_ascii_alphanumeric()) {
        let reason =
            format!("--logical-id is {}; it must be 1 to {LONGEST_ID} ASCII letters and digits", quoted(id));
        bail!(Unusable(reason));
    }
    Ok(id)
}

/// Derives a logical ID from a table's name: `orders-restored` gives `OrdersRestoredTable`.
fn logical_id(table: &str) -> String {
    let parts = table.split(|letter: char| !letter.is_ascii_alphanumeric());
    let mut id: String = parts
        .flat_map(|part| {
            let mut letters = part.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters)
        })
        .take(LONGEST_ID - "Table".len())
        .collect();
    id.push_str("Table");
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logical_id_has_only_letters_and_digits() {
        assert_eq!(logical_id("orders-restored"), "OrdersRestoredTable");
        assert_eq!(logical_id("my_app.v2-Orders"), "MyAppV2OrdersTable");
        assert_eq!(logical_id("---"), "Table");
        assert_eq!(logical_id(&"a".repeat(255)).len(), LONGEST_ID);
    }

    #[test]
    fn an_id_that_cloudformation_refuses_is_refused() {
        assert_eq!(checked_id("Orders2").unwrap(), "Orders2");
        for id in ["", "my-table", "Größe", &"a".repeat(256)] {
            let refused = checked_id(id).unwrap_err();
            assert!(refused.downcast_ref::<Unusable>().is_some() && refused.to_string().contains("letters"));
        }
    }
}

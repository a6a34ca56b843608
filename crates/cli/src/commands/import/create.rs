//! `--create`: makes the table of an import or a restore before its items are written.
//!
//! The command may be repeated after an interruption: an empty table with the same key attributes is used as it is. A
//! table that cannot have been made by this command is refused.

mod definition;
mod left_out;

use std::time::Duration;

use anyhow::bail;
use aws_sdk_dynamodb::types::TableDescription;
use chrono::TimeDelta;
use clap::Args;
use definition::Wanted;
use tablekeeper_core::aws::arn::Arn;
use tablekeeper_core::aws::failure::AwsFailure;
use tablekeeper_core::aws::readiness::{PollSchedule, TableState};
use tablekeeper_core::aws::table as table_description;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::import::plan as plan_import;
use tablekeeper_core::rotation::overrides::BillingMode;
use tablekeeper_core::table_definition::TableDefinition;
use tablekeeper_core::table_definition::create::Created;

pub(crate) use definition::key_of;

use super::request::Found;
use super::{Arguments, Kind};
use crate::console::Console;
use crate::failure::Unusable;
use crate::session;
use crate::transfer::{Aws, named, until_interrupted};

/// First and longest wait between two polls of the new table.
const WAITS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
/// Time between two lines about the new table without a terminal.
const LINE: Duration = Duration::from_secs(10);

/// The options for making the table.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Creation {
    /// Make the table first, as the settings.json of the export describes it. After an interruption, give the same
    /// command again, with --resume if items were written.
    #[arg(long)]
    pub(crate) create: bool,
    /// With --create: make the table like this one, which may hold items.
    #[arg(long, value_name = "TABLE", requires = "create", conflicts_with = "settings")]
    like: Option<String>,
    /// With --create: make the table as this settings document describes it. `-` is standard input.
    #[arg(long, value_name = "s3://BUCKET/KEY|FILE", requires = "create")]
    settings: Option<String>,
}

/// Refuses a table that an earlier run of the same command cannot have made, and a missing table of `--like`. Call it
/// before work that takes long.
pub(crate) async fn check(creation: &Creation, table: &str, aws: &Aws) -> anyhow::Result<()> {
    let dynamodb = aws.clients.dynamodb();
    if let Some(like) = &creation.like
        && table_description::describe(&dynamodb, like).await.map_err(failed)?.is_none()
    {
        bail!(definition::no_such_table(like, aws));
    }
    match table_description::describe(&dynamodb, table).await.map_err(failed)? {
        Some(_) => check_empty(table, aws).await,
        None => Ok(()),
    }
}

/// Returns how the table would be made, or `None` if it exists and would be used. Makes nothing.
pub(super) async fn preview(
    arguments: &Arguments,
    kind: Kind,
    found: &Found,
    aws: &Aws,
    console: &Console,
) -> anyhow::Result<Option<String>> {
    let table = arguments.table.as_str();
    check_format(arguments, kind, found)?;
    let Wanted { mut definition, remarks, from } = definition::find(arguments, kind, found, aws).await?;
    let existing = table_description::describe(&aws.clients.dynamodb(), table).await.map_err(failed)?;
    if let Some(described) = existing {
        check_key(table, &described, &definition)?;
        check_empty(table, aws).await?;
        return Ok(None);
    }
    let notes = encryption(&mut definition, aws).await?;
    notes.iter().chain(&remarks).for_each(|note| console.note(note));
    Ok(Some(format!("as in {from}: {}", text(&definition))))
}

/// Makes the table and waits until it can be used. Returns `false`, with a message, if it was interrupted.
pub(super) async fn make(
    arguments: &Arguments,
    kind: Kind,
    found: &Found,
    aws: &Aws,
    console: &Console,
) -> anyhow::Result<bool> {
    let table = arguments.table.as_str();
    check_format(arguments, kind, found)?;
    let Wanted { mut definition, remarks, from } = definition::find(arguments, kind, found, aws).await?;
    let dynamodb = aws.clients.dynamodb();
    let existing = table_description::describe(&dynamodb, table).await.map_err(failed)?;
    let mut notes = Vec::new();
    let is_ours = match existing {
        Some(described) => {
            check_key(table, &described, &definition)?;
            true
        }
        None => {
            notes = encryption(&mut definition, aws).await?;
            console.line(&format!("making table {table} as in {from}: {}", text(&definition)));
            let created = definition.create(&dynamodb, table).await.map_err(failed)?;
            if created == Created::Existing {
                // The response of an earlier attempt may have been lost.
                let described = table_description::describe(&dynamodb, table).await.map_err(failed)?;
                described.map_or(Ok(()), |described| check_key(table, &described, &definition))?;
            }
            false
        }
    };
    let Some(ready) = until_interrupted(ready(&dynamodb, table, console)).await? else {
        console.line(&format!(
            "interrupted; table {table} is being made, and the same command continues when it is ACTIVE"
        ));
        return Ok(false);
    };
    ready?;
    if is_ours {
        check_empty(table, aws).await?;
        notes.push(format!(
            "table {table} already exists, is empty and has the key attributes of {from}; it is used as it is"
        ));
    } else {
        notes.extend(remarks);
    }
    notes.iter().for_each(|note| console.line(&format!("note: {note}")));
    Ok(true)
}

/// Refuses a table with other key attributes than the wanted ones.
fn check_key(table: &str, described: &TableDescription, wanted: &TableDefinition) -> anyhow::Result<()> {
    let names = table_description::key_names(described);
    let types = table_description::key_types(described).map_err(failed)?;
    let is: Vec<_> = names.iter().map(String::as_str).zip(types).collect();
    let wanted = wanted.key().unwrap_or_default();
    if is == wanted {
        return Ok(());
    }
    let text = |key: &[(&str, item_formats::KeyType)]| {
        key.iter().map(|(name, of)| format!("{name} ({of})")).collect::<Vec<_>>().join(", ")
    };
    bail!(Unusable(format!(
        "table {table} already exists, and has the key attributes {} instead of {}; give the name of a new table, or \
         leave --create out",
        text(&is),
        text(&wanted)
    )));
}

/// Refuses a table that holds items.
async fn check_empty(table: &str, aws: &Aws) -> anyhow::Result<()> {
    match plan_import::check_table(&aws.clients.dynamodb(), table, false).await {
        // The table is still being made or deleted, which `ready` waits for or reports.
        Ok(_) | Err(plan_import::Error::TableBusy { .. } | plan_import::Error::TableMissing(_)) => Ok(()),
        Err(plan_import::Error::TableNotEmpty(_)) => bail!(Unusable(format!(
            "table {table} already exists and holds items. If this command was interrupted, continue it with --resume. \
             Otherwise leave --create out, and give --merge to replace items with the same keys (TableNotEmpty)"
        ))),
        Err(error) => Err(aws.named(tablekeeper_core::error_name::HasErrorName::name(&error), error)),
    }
}

/// Refuses lines of an unknown format, before the table is made.
fn check_format(arguments: &Arguments, kind: Kind, found: &Found) -> Result<(), Unusable> {
    if kind == Kind::Files && found.source.manifest.is_none() && arguments.format.is_none() {
        return Err(Unusable(
            "--format is missing, and no manifest has it; it must be dynamodb-json, data-pipeline, plain or json"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Replaces a KMS key of another account or Region, which the table cannot use. Returns a note about it.
async fn encryption(definition: &mut TableDefinition, aws: &Aws) -> anyhow::Result<Vec<String>> {
    let Some(key) = definition.kms_key().map(str::to_owned) else { return Ok(Vec::new()) };
    let region = session::region_of(&aws.clients.dynamodb())?;
    let account = aws.account().await.map_err(failed)?;
    if Arn::parse(&key).is_some_and(|arn| arn.region == region && arn.account == account) {
        return Ok(Vec::new());
    }
    definition.use_managed_key();
    Ok(vec![format!(
        "the KMS key {key} is not copied, because it is of another account or Region; the AWS managed key is used, and \
         `aws dynamodb update-table --sse-specification` sets another one"
    )])
}

/// Waits until the table can be used, with progress.
async fn ready(dynamodb: &aws_sdk_dynamodb::Client, table: &str, console: &Console) -> anyhow::Result<()> {
    let began = Clock::System.now();
    let schedule = PollSchedule::until(began, began + TimeDelta::days(1));
    let ((mut wait, longest), mut line) = (WAITS, console.elapsed() + LINE);
    loop {
        let state = schedule.poll(dynamodb, table, Clock::System.now()).await.map_err(failed)?;
        let reason = match state {
            TableState::Ready(_) => break,
            TableState::Pending(reason, _) => reason,
            TableState::Failed(reason) => bail!("table {table} cannot be used: {reason}"),
            TableState::Missing => bail!("table {table} was deleted while it was being made"),
        };
        let text = format!("waiting until {table} is ACTIVE: {reason}");
        if console.moves() {
            console.moving(&text);
        } else if console.elapsed() >= line {
            console.event(&text);
            line = console.elapsed() + LINE;
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(longest);
    }
    console.idle();
    Ok(())
}

/// Describes a definition in a few words.
fn text(definition: &TableDefinition) -> String {
    let key = definition.key().unwrap_or_default();
    let key: Vec<String> = key.iter().map(|(name, of)| format!("{name} ({of})")).collect();
    let indexes = definition.global_secondary_indexes.len()
        + definition.local_secondary_indexes.len()
        + definition.vector_indexes.len();
    let indexes = match indexes {
        0 => "no index".to_owned(),
        1 => "1 index".to_owned(),
        several => format!("{several} indexes"),
    };
    let billing = match (definition.billing_mode, &definition.provisioned_throughput) {
        (BillingMode::Provisioned, Some(units)) => {
            format!("{} RCU and {} WCU", units.read_capacity_units, units.write_capacity_units)
        }
        _ => "on demand".to_owned(),
    };
    format!("key {}, {indexes}, {billing}, {}", key.join(" and "), definition.table_class)
}

fn failed(failure: AwsFailure) -> anyhow::Error {
    named(failure.name, failure)
}

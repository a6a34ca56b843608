//! `tablekeeper recover`: writes one item back into its table as it was at a given second.
//!
//! The version is found in the same way as for a snapshot. The command writes exactly what it showed, or nothing: the
//! write has the condition that the item is unchanged since it was read ([`write`]).

mod since;
mod write;

use std::process::ExitCode;

use anyhow::{anyhow, bail};
use clap::Args;
use serde::Serialize;
use since::{Later, Since};
use tablekeeper_core::clock::Clock;
use tablekeeper_core::item_history::Items;
use tablekeeper_core::item_history::store::Store;
use tablekeeper_core::snapshot::as_of::{AsOfReader, State, Unknown};
use write::{Write, WriteError, Written};

use crate::config::{
    Configuration, ItemKey, KeyNames, check_retained, check_versions_exist, noncurrent_days, note_unsettled,
    past_second, reported,
};
use crate::consent;
use crate::console;
use crate::console::{Console, Stream};
use crate::failure;
use crate::item::attributes::{Item, parsed};
use crate::item::difference;
use crate::item::difference::Change;
use crate::transfer::{Aws, named};

/// Put one item back as it was at a given second.
///
/// It finds the version of the item that was current then in the bucket of the incremental backup. It shows the
/// attributes that differ from the current item: `+` would be added, `-` removed, and `~` changed. It also shows the
/// later changes, all of which would be undone. On a terminal it asks before it writes; elsewhere, --yes is required.
/// The write has the condition that the item is still as shown. If the item was changed, nothing is written. The write
/// is a change in the stream like any other, so it can be undone in the same way.
///
/// The settings come from the environment (INCREMENTAL_BUCKET, INCREMENTAL_PREFIX, FAILURES_PREFIX, DYNAMODB_REGION,
/// DYNAMODB_HOST, DYNAMODB_PORT, DYNAMODB_USETLS), from --config, or from --stack.
///
/// The exit code is 0 if the item is as it was (or would be, with --dry-run), 1 if it did not exist then, was changed
/// after it was shown, or you answered no, and 2 if the arguments or settings cannot be used, or --yes is missing.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
                        tablekeeper recover Movies --key '{\"id\":{\"S\":\"1\"}}' --at 2026-11-20T02:00:00Z --dry-run\n  \
                        tablekeeper recover Movies --key '{\"id\":{\"S\":\"1\"}}' --at 2026-11-20T02:00:00Z --yes")]
pub(crate) struct Arguments {
    /// The table's name [default: that of the settings file or of the stack].
    table: Option<String>,
    /// The item's key attributes, as DynamoDB JSON.
    #[arg(long, value_name = "JSON")]
    key: String,
    /// The second: with a zone (2026-11-20T02:00:00Z), in local time (`2026-11-20 02:00:00`, 02:00) or ago (-10m).
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    at: String,
    /// Show what would change, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Write without asking. Required with --json, and without a terminal.
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    #[command(flatten)]
    configuration: Configuration,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

/// The report that `--json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    table: &'a str,
    key: serde_json::Value,
    at: String,
    outcome: Outcome,
    changes: &'a [Change],
    /// The changes of the item since then, the newest first, at most 20.
    since: Vec<Later>,
}

/// The outcome of a recovery.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Outcome {
    /// The item already was as it was then.
    Unchanged,
    /// The item would be recovered without `--dry-run`.
    DryRun,
    /// The item was recovered.
    Recovered,
}

/// Runs `tablekeeper recover`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { dry_run, yes, json, .. } = &arguments;
    let at = past_second(&arguments.at)?;
    let settings = arguments.configuration.settings().await?;
    let table = &settings.own_table(arguments.table.as_deref())?;
    let items = settings.items()?;
    let aws = settings.aws().await?;
    let remarks = Console::new(Stream::Stderr);
    aws.announce(&remarks).await;
    let keys = KeyNames::read(table, &aws, items).await?;
    if keys.table.is_none() {
        bail!(aws.missing(&format!(
            "table {table} does not exist; an item can only be put back into an existing table \
            (TargetTableMissing)"
        )));
    }
    let key = ItemKey::read(&arguments.key, &keys, items)?;
    check_retained("--at is", at, noncurrent_days(&aws, items, &remarks).await?)?;
    let now = Clock::System.now();
    note_unsettled(at, &remarks);
    let reader = AsOfReader { s3: &aws.s3, items, key_names: &keys.names, at, now };
    let Some(then) = item_at(&reader, &key).await? else {
        check_versions_exist(&aws, items).await?;
        let deleted = match since::deleted_at(&store(&aws, items), &key.object, at).await? {
            Some(time) => format!("was deleted at {}, and ", reported(time)),
            None => String::new(),
        };
        bail!(
            "the item {} of table {table} {deleted}did not exist at {}; nothing was changed",
            key.text,
            reported(at)
        );
    };
    let dynamodb = aws.clients.dynamodb();
    let item = write::get(&dynamodb, table, &key.attributes).await.map_err(of_write)?;
    let changes = difference::between(item.as_ref(), &then);
    let since = match changes.is_empty() {
        true => Since::default(),
        false => Since::find(&store(&aws, items), &key.object, at).await?,
    };
    let report = |outcome| Report {
        table,
        key: serde_json::from_str(&key.text).unwrap_or_default(),
        at: reported(at),
        outcome,
        changes: &changes,
        since: since.reported(),
    };
    let print = |outcome| if *json { console::print_json(&report(outcome)) } else { Ok(()) };
    if changes.is_empty() {
        print(Outcome::Unchanged)?;
        remarks.line(&format!("the item {} is as it was at {}; nothing was changed", key.text, reported(at)));
        return Ok(ExitCode::SUCCESS);
    }
    if !json {
        show(&key, item.is_some(), &reported(at), &changes, &since);
    }
    if *dry_run {
        print(Outcome::DryRun)?;
        remarks.line("nothing was written (--dry-run)");
        return Ok(ExitCode::SUCCESS);
    }
    let write = Write::new(item.as_ref(), &then, &keys.names).map_err(of_write)?;
    if !yes {
        check_undoing(*json)?;
    }
    match write.run(&dynamodb, table, &key.attributes, &then).await.map_err(of_write)? {
        Written::Changed => {
            bail!(
                "the item {} of table {table} was changed after it was shown, so nothing was written; run the \
                command again to see its current state",
                key.text
            )
        }
        Written::Done(is) => {
            check_whole(&is, &then, &items_place(items, &key))?;
            print(Outcome::Recovered)?;
            remarks.line(&format!("the item {} is as it was at {}", key.text, reported(at)));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Reads an item as of the reader's second. Returns `None` if it did not exist. Fails if its state is unknown.
async fn item_at(reader: &AsOfReader<'_>, key: &ItemKey) -> anyhow::Result<Option<Item>> {
    let read = reader.of_key(&key.object).await.map_err(|error| named(error.name(), error))?;
    match read.state {
        State::Item(item) => Ok(Some(parsed(&item)?)),
        State::Absent => Ok(None),
        State::Unknown(Unknown { event, at, .. }) => bail!(
            "the item {} is not known at {}: its oldest version is from {event} at {}, so it existed before, but its \
             earlier state is not in the bucket; use a second from then on (HistoryIncomplete)",
            key.text,
            reported(reader.at),
            reported(at)
        ),
    }
}

fn show(key: &ItemKey, exists: bool, at: &str, changes: &[Change], since: &Since) {
    let data = Console::new(Stream::Stdout);
    let now = if exists { "as it is now" } else { "which does not exist now" };
    data.line(&format!("the item {}, {now}, and what it was at {at}:", data.strong(&key.text)));
    difference::lines(changes, &data).iter().for_each(|line| data.line(line));
    since.lines(&data).iter().for_each(|line| data.line(line));
}

/// Asks whether to undo the changes since then. With `--json`, nothing is asked.
fn check_undoing(json: bool) -> anyhow::Result<()> {
    let question = (!json).then_some("undo the changes since then?");
    consent::require(question, || {
        "the item was changed since --at, and these changes would be undone; nothing was written. Use --yes to write \
         without asking, or --dry-run to only show it"
            .to_owned()
    })
}

fn store(aws: &Aws, items: &Items) -> Store {
    Store { s3: aws.s3.clone(), bucket: items.bucket.clone(), prefix: items.prefix.clone() }
}

/// Fails if the item got other attributes after it was shown. They are left unchanged, but must be reported.
fn check_whole(is: &Item, then: &Item, place: &str) -> anyhow::Result<()> {
    let more = difference::between(Some(is), then);
    if more.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = more.iter().map(|change| change.attribute.as_str()).collect();
    Err(anyhow!(
        "the shown attributes are written, but other attributes were added to the item after it was shown and are left \
         unchanged: {}; the earlier state is a version of {place}",
        names.join(", ")
    ))
}

fn items_place(items: &Items, key: &ItemKey) -> String {
    format!("s3://{}/{}", items.bucket, key.object)
}

fn of_write(error: WriteError) -> anyhow::Error {
    match error {
        WriteError::Aws(failure) => named(failure.name, failure),
        other => anyhow!(failure::sentence(&other.into())),
    }
}

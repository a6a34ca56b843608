//! `tablekeeper recover`: one item as it was at a second, back in its table.
//!
//! The version is found as a snapshot finds it. What is written is what was shown, or nothing: the write has the condition
//! that the item is still what it was when it was looked at ([`write`]).

mod attributes;
mod difference;
mod since;
mod write;

use std::process::ExitCode;

use anyhow::{anyhow, bail};
use attributes::Item;
use clap::Args;
use difference::Change;
use serde::Serialize;
use since::{Later, Since};
use tablekeeper_core::clock::Clock;
use tablekeeper_core::item_history::Items;
use tablekeeper_core::item_history::store::Store;
use tablekeeper_core::snapshot::as_of::{AsOfReader, State};
use write::{Write, WriteError, Written};

pub(crate) use attributes::attribute_of;

use crate::config::{
    Configuration, ItemKey, KeyNames, check_kept, check_there, noncurrent_days, past_second, reported,
};
use crate::console;
use crate::console::{Console, Stream};
use crate::failure;
use crate::failure::Unusable;
use crate::transfer::{Aws, check_table_name, named};

/// For so long the stream may not have told of a second.
const SETTLES: chrono::TimeDelta = chrono::TimeDelta::seconds(300);

/// Put one item back as it was at a second.
///
/// It finds the version of the item that was current then in the bucket of the incremental backup, and shows in which
/// attributes it differs from the item as it is now: `+` comes back, `-` goes, `~` becomes what it was. It also shows the
/// changes since then, which are taken back, good ones with bad ones. On a terminal it asks before it writes; elsewhere
/// --yes has to be given. It writes on the condition that the item is still what was shown; if it changed meanwhile,
/// nothing is written. The stream takes the recovered item for a change as any other, so that this can be undone in the
/// same way.
///
/// The settings come from the environment (INCREMENTAL_BUCKET, INCREMENTAL_PREFIX, FAILURES_PREFIX, DYNAMODB_REGION,
/// DYNAMODB_HOST, DYNAMODB_PORT, DYNAMODB_USETLS), from --config, or from --stack.
///
/// The exit code is 0 if the item is as it was (or would be, with --dry-run), 1 if it did not exist then, changed
/// meanwhile, or the answer was no, and 2 if the arguments or settings cannot be used, or --yes is missing.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
                        tablekeeper recover Movies --key '{\"id\":{\"S\":\"1\"}}' --at 2026-11-20T02:00:00Z --dry-run\n  \
                        tablekeeper recover Movies --key '{\"id\":{\"S\":\"1\"}}' --at 2026-11-20T02:00:00Z --yes")]
pub(crate) struct Arguments {
    /// The table's name.
    table: String,
    /// The item's key attributes, as DynamoDB JSON.
    #[arg(long, value_name = "JSON")]
    key: String,
    /// The second, as RFC 3339: 2026-11-20T02:00:00Z.
    #[arg(long, value_name = "TIME")]
    at: String,
    /// Shows what would become of the item, and writes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Writes without asking. It has to be given with --json, and where there is no terminal to ask on.
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    #[command(flatten)]
    configuration: Configuration,
    /// Prints what was found and done as one JSON object.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    table: &'a str,
    key: serde_json::Value,
    at: String,
    outcome: Outcome,
    changes: &'a [Change],
    /// The changes of the item since then, the newest first; twenty of them at most.
    since: Vec<Later>,
}

/// What was done.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Outcome {
    /// The item is as it was then.
    Unchanged,
    /// It would become so.
    DryRun,
    /// It has become so.
    Recovered,
}

/// Recovers the item.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { table, dry_run, yes, json, .. } = &arguments;
    check_table_name(table)?;
    let at = past_second(&arguments.at)?;
    let settings = arguments.configuration.settings().await?;
    let items = settings.items()?;
    let aws = settings.aws().await?;
    let remarks = Console::new(Stream::Stderr);
    let keys = KeyNames::read(table, &aws, items).await?;
    if keys.table.is_none() {
        bail!(aws.missing(&format!(
            "table {table} does not exist; an item is put back into a table that is there \
            (TargetTableMissing)"
        )));
    }
    let key = ItemKey::read(&arguments.key, &keys, items)?;
    check_kept("--at is", at, noncurrent_days(&aws, items, &remarks).await?)?;
    let now = Clock::System.now();
    if at > now - SETTLES {
        remarks.line(
            "note: the stream may not have told of that second yet; what it tells later is not in this",
        );
    }
    let fold = AsOfReader { s3: &aws.s3, items, key_names: &keys.names, at, now };
    let folded = fold.of_key(&key.object).await.map_err(|error| named(error.name(), error))?;
    let then = match folded.state {
        State::Item(item) => Some(item_in(&item)?),
        State::Absent => None,
        State::Unknown(unknown) => {
            let error = fold.unknown(&folded.key, &unknown);
            return Err(named(error.name(), error));
        }
    };
    let Some(then) = then else {
        check_there(&aws, items).await?;
        bail!(
            "the item {} of table {table} did not exist at {}; nothing was changed",
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
    let tell = |outcome| if *json { console::print_json(&report(outcome)) } else { Ok(()) };
    if changes.is_empty() {
        tell(Outcome::Unchanged)?;
        remarks.line(&format!("the item {} is as it was at {}; nothing was changed", key.text, reported(at)));
        return Ok(ExitCode::SUCCESS);
    }
    if !json {
        show(&key, item.is_some(), &reported(at), &changes, &since);
    }
    if *dry_run {
        tell(Outcome::DryRun)?;
        remarks.line("nothing was written (--dry-run)");
        return Ok(ExitCode::SUCCESS);
    }
    let write = Write::new(item.as_ref(), &then, &keys.names).map_err(of_write)?;
    if !yes && !may_write(*json)? {
        remarks.line("nothing was written");
        return Ok(ExitCode::FAILURE);
    }
    match write.run(&dynamodb, table, &key.attributes, &then).await.map_err(of_write)? {
        Written::Changed => {
            bail!(
                "the item {} of table {table} changed meanwhile, so nothing was written; the same command shows it \
                as it is now",
                key.text
            )
        }
        Written::Done(is) => {
            check_whole(&is, &then, &items_place(items, &key))?;
            tell(Outcome::Recovered)?;
            remarks.line(&format!("the item {} is as it was at {}", key.text, reported(at)));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The item of a version.
fn item_in(item: &[u8]) -> anyhow::Result<Item> {
    let item: Item = serde_json::from_slice(item)?;
    Ok(item.into_iter().map(|(name, value)| (name, attributes::in_order(value))).collect())
}

fn show(key: &ItemKey, is_there: bool, at: &str, changes: &[Change], since: &Since) {
    let data = Console::new(Stream::Stdout);
    let now = if is_there { "as it is now" } else { "which does not exist now" };
    data.line(&format!("the item {}, {now}, and what it was at {at}:", data.strong(&key.text)));
    difference::lines(changes, &data).iter().for_each(|line| data.line(line));
    since.lines(&data).iter().for_each(|line| data.line(line));
}

/// Asks whether the changes since then may be taken back.
fn may_write(json: bool) -> anyhow::Result<bool> {
    let response = match json {
        true => None,
        false => console::ask("take back the changes since then?")?,
    };
    response.ok_or_else(|| {
        anyhow!(Unusable(
            "the item was changed since --at, and that would be taken back; nothing was written. --yes writes it without \
             asking, and --dry-run only shows it"
                .to_owned()
        ))
    })
}

fn store(aws: &Aws, items: &Items) -> Store {
    Store { s3: aws.s3.clone(), bucket: items.bucket.clone(), prefix: items.prefix.clone() }
}

/// An attribute that came in the meantime is left where it is, but has to be told of.
fn check_whole(is: &Item, then: &Item, place: &str) -> anyhow::Result<()> {
    let more = difference::between(Some(is), then);
    if more.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = more.iter().map(|change| change.attribute.as_str()).collect();
    Err(anyhow!(
        "what was shown is written, but the item has something else that came meanwhile and was left as it is: the \
         attributes {}; what it was then is a version of {place}",
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

//! `tablekeeper fleet`: shows how each table of an account and Region is protected, and checks rules about it.

mod options;
mod rules;
mod shown;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Once};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use indicatif::HumanCount;
use options::{bucket, history, price};
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::fleet::collect::{History, Progress, Stores, collect};
use tablekeeper_core::fleet::page::page;
use tablekeeper_core::fleet::rates::{RuntimeTimer, least_seconds};
use tablekeeper_core::fleet::report::{Fleet, Protection, TableReport};
use tablekeeper_core::fleet::rules::Outcome;
use tablekeeper_core::fleet::text::age;

use crate::console::{Console, Stream};
use crate::{console, session};

/// The exit code if a rule is broken, or is not known to be kept.
const BROKEN: u8 = 3;

/// Show how each table is protected, and check rules about it.
///
/// Each line is a table, the worst first: whether it keeps the rules, how old the newest state is that can be brought
/// back and by which source, the first second that it can go back to, how long ago a restore of it was verified, how long
/// AWS Backup's restores of it took, and its size. The sources are point-in-time recovery, backups in DynamoDB, recovery
/// points in AWS Backup, full exports of the last 90 days, and the buckets of `incremental` that you name.
///
/// Without --rules there is one rule: each table that is no copy has point-in-time recovery, or a backup or recovery point
/// of at most 7 days. Copies are the tables that rotations and restore tests made.
///
/// What cannot be read, because AWS refuses it, is "not known". It never counts as absent, nor as kept. The calls stay
/// within the rates that AWS documents, so 2,500 tables take about five minutes.
///
/// The exit code is 0 if all rules are kept, 3 if one is broken or not known to be kept, 1 if the tables cannot be listed,
/// and 2 if the arguments or the rules cannot be used.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tablekeeper fleet\n  tablekeeper fleet --rules rules.yaml --only broken\n  \
                        tablekeeper fleet --settings my-settings-bucket --evidence my-evidence-bucket --page fleet.html\n  \
                        tablekeeper fleet --incremental s3://my-items/tables/ --incremental Movies=s3://my-items/items/ --json"
)]
pub(crate) struct Arguments {
    /// File with rules: JSON, or YAML if it ends in .yaml or .yml (schemas/fleet-rules.json).
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Show only these tables. The exit code is that of all tables.
    #[arg(long, value_name = "WHICH", value_enum)]
    only: Option<Only>,
    /// Bucket with settings documents, which SettingsCaptured needs.
    #[arg(long, value_name = "BUCKET", value_parser = bucket)]
    settings: Option<String>,
    /// Bucket with the evidence of restore tests.
    #[arg(long, value_name = "BUCKET", value_parser = bucket)]
    evidence: Option<String>,
    /// Where the items of a table have their incremental backup. Without a table, each has a folder of its name there. May
    /// be repeated.
    #[arg(long, value_name = "[TABLE=]s3://BUCKET/PREFIX", value_parser = history)]
    incremental: Vec<History>,
    /// Price of a GB of storage per month, for the cost of older copies.
    #[arg(long, value_name = "PRICE", value_parser = price)]
    price_per_gb: Option<f64>,
    /// Write one HTML page with the tables to this file.
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    /// Print the inventory as one JSON object (schemas/fleet.json).
    #[arg(long)]
    json: bool,
}

/// Which tables are shown.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Only {
    /// Tables that break a rule, or are not known to keep it.
    Broken,
    /// Tables of which it is not known whether they keep a rule.
    NotKnown,
    /// Tables that no source can bring back.
    Unprotected,
    /// Tables that rotations and restore tests made.
    Copies,
}

impl Only {
    fn shows(self, table: &TableReport) -> bool {
        match self {
            Only::Broken => matches!(table.outcome, Some(Outcome::Broken | Outcome::NotKnown)),
            Only::NotKnown => table.outcome == Some(Outcome::NotKnown),
            Only::Unprotected => table.protection == Protection::Unprotected,
            Only::Copies => table.is_copy(),
        }
    }
}

/// Runs `tablekeeper fleet`.
pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let rules = rules::read(arguments.rules.as_deref())?;
    let clients = Clients::new(session::sdk_config().await);
    let stores = Stores {
        settings: arguments.settings,
        evidence: arguments.evidence,
        incremental: arguments.incremental,
    };
    let console = Console::new(Stream::Stderr);
    console.busy("listing the tables");
    let first = Once::new();
    let progress = |progress: Progress| {
        first.call_once(|| {
            let seconds = least_seconds(progress.tables);
            if seconds >= 10 {
                let tables = HumanCount(progress.tables as u64);
                console.line(&format!(
                    "reading {tables} tables, which takes about {} at AWS's rates",
                    age(seconds)
                ));
            }
            console.counting("tables", progress.tables as u64);
        });
        console.advance(1);
    };
    let collected = collect(&clients, &Clock::System, Arc::new(RuntimeTimer), &stores, &progress).await;
    console.idle();
    let mut fleet = Fleet::new(collected?, rules, arguments.price_per_gb);
    let calls: u64 = fleet.calls.values().sum();
    let (tables, seconds) = (HumanCount(fleet.totals.tables), console.elapsed().as_secs_f64());
    console.line(&format!(
        "read {tables} tables {} in {seconds:.0} s, {} calls",
        clients.place(),
        HumanCount(calls)
    ));
    if let Some(only) = arguments.only {
        fleet.tables.retain(|table| only.shows(table));
    }
    if let Some(path) = &arguments.page {
        std::fs::write(path, page(&fleet)).with_context(|| format!("cannot write {}", path.display()))?;
        console.line(&format!("wrote {}", path.display()));
    }
    if arguments.json {
        console::print_json(&fleet)?;
    } else {
        shown::print(&fleet);
    }
    Ok(if fleet.is_broken() { ExitCode::from(BROKEN) } else { ExitCode::SUCCESS })
}

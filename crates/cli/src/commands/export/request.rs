//! Plans a new export from the arguments, or finds the one to resume.

use std::fmt::Display;

use anyhow::bail;
use aws_sdk_dynamodb::types::TableDescription;
use chrono::{DateTime, TimeDelta, Utc};
use tablekeeper_core::aws::rate::Caller;
use tablekeeper_core::aws::table as table_description;
use tablekeeper_core::clock::Clock;
use tablekeeper_core::error_name::HasErrorName as _;
use tablekeeper_core::export::execution_input::{MOST_SEGMENTS, prefix_of};
use tablekeeper_core::export::plan::{Document, PlanError};
use tablekeeper_core::export::{
    Compression, ExportConfig, FormatName, Frequency, NullTag, Plan, incomplete, plan,
};
use tablekeeper_core::storage::Files;
use tablekeeper_core::text::quoted;

use super::Arguments;
use crate::failure::Unusable;
use crate::transfer::{Aws, Location, named, whole};

/// The owner of exports from the command line. Exports of an execution have its ARN instead.
const OWNER: &str = "the command line";
/// Default for `--seconds-per-file`, in seconds.
const SECONDS: u32 = 300;

/// A planned export.
pub(super) struct Request {
    pub(super) run: ExportConfig,
    pub(super) plan: Plan,
    pub(super) files: Files,
    /// DynamoDB's approximate item count; `None` if it is 0 or missing.
    pub(super) about: Option<u64>,
    pub(super) table: TableDescription,
}

/// Plans a new export, or finds the one to resume.
pub(super) async fn take(arguments: &Arguments, place: &Location, aws: &Aws) -> anyhow::Result<Request> {
    let table = &arguments.table;
    let dynamodb = aws.clients.dynamodb();
    let described = table_description::describe(&dynamodb, table).await;
    let described = described.map_err(|error| named(error.name, error))?;
    let Some(described) = described else {
        let missing = PlanError::SourceTableMissing(table.clone());
        return Err(aws.named(missing.name(), missing));
    };
    let about = described.item_count().and_then(|count| u64::try_from(count).ok()).filter(|count| *count > 0);
    let (run, plan) = if arguments.resume {
        let Document { run, plan, .. } = begun(arguments, place, aws).await?;
        if described.table_id() != Some(plan.table_id.as_str()) {
            bail!(Unusable(format!(
                "the export in {} is of an earlier table {table}; run without --resume to start a new one",
                quoted(&plan.folder)
            )));
        }
        let run = ExportConfig { bucket: bucket(place), ..arguments.resumed(run, &plan)? };
        (run, plan)
    } else {
        let now = Clock::System.now();
        let run = arguments.run(place, now);
        let owner = format!("{OWNER}, process {} since {}", std::process::id(), now.to_rfc3339());
        let files = files(place, &run, table, aws);
        let planned = match arguments.dry_run {
            true => plan::preview(&dynamodb, &files, &run, &owner, table, now).await,
            false => plan::plan(&dynamodb, &files, &run, &owner, table, now, Caller::Process)
                .await
                .map(|(_, plan)| plan),
        };
        (run, planned.map_err(|error| aws.named(error.name(), error))?)
    };
    let files = files(place, &run, table, aws);
    Ok(Request { run, plan, files, about, table: described })
}

fn files(place: &Location, run: &ExportConfig, table: &str, aws: &Aws) -> Files {
    match place {
        Location::Bucket { .. } => run.files(aws.s3.clone(), table),
        Location::Path(path) => Files::Directory(path.clone()),
    }
}

/// Returns the bucket; empty for a directory.
fn bucket(place: &Location) -> String {
    match place {
        Location::Bucket { bucket, .. } => bucket.clone(),
        Location::Path(_) => String::new(),
    }
}

/// Returns the key prefix; empty for a directory.
fn prefix(place: &Location) -> String {
    match place {
        Location::Bucket { key, .. } => prefix_of(key),
        Location::Path(_) => String::new(),
    }
}

/// Finds the newest incomplete export of the table.
async fn begun(arguments: &Arguments, place: &Location, aws: &Aws) -> anyhow::Result<Document> {
    let files = match place {
        Location::Bucket { bucket, .. } => whole(&aws.s3, bucket),
        Location::Path(path) => Files::Directory(path.clone()),
    };
    let is_own = |owner: &str| owner.starts_with(OWNER);
    let found = incomplete::newest(&files, &prefix(place), &arguments.table, is_own).await;
    let found = found.map_err(|error| named(error.name(), error))?;
    let nothing = || {
        Unusable(format!(
            "nothing to resume: no incomplete export of {} below {} that the command line began. Run without --resume \
             to start one",
            arguments.table, arguments.to
        ))
    };
    Ok(found.ok_or_else(nothing)?)
}

impl Arguments {
    /// Refuses a location that is a file, and `--null-tag` with a format that has none.
    pub(super) fn check(&self, place: &Location) -> Result<(), Unusable> {
        if let Location::Path(path) = place
            && path.exists()
            && !path.is_dir()
        {
            return Err(Unusable(format!("--to is {}, which is not a directory", quoted(&self.to))));
        }
        let format = self.format.unwrap_or(FormatName::DynamodbJson);
        let has_null_tag = self.resume || format == FormatName::DataPipeline;
        if self.null_tag.is_some() && !has_null_tag {
            return Err(Unusable(format!(
                "--null-tag only applies to --format data-pipeline; --format is {format}"
            )));
        }
        Ok(())
    }

    /// Returns the configuration of a new export.
    fn run(&self, place: &Location, now: DateTime<Utc>) -> ExportConfig {
        ExportConfig {
            started_at: now,
            timestamp: now.format("%Y-%m-%d-%H-%M-%S").to_string(),
            frequency: self.frequency.unwrap_or(Frequency::Manual),
            format: self.format.unwrap_or(FormatName::DynamodbJson),
            null_tag: self.null_tag.unwrap_or(NullTag::Null),
            compression: self.compression.unwrap_or(Compression::Gzip),
            consistent_read: self.consistent_read,
            bucket: bucket(place),
            prefix: prefix(place),
            segments: self.segments.unwrap_or_default(),
            most_segments: MOST_SEGMENTS,
            max_read_capacity_units: self.max_rate.unwrap_or_default(),
            managed: false,
            // Unused: only exports by DynamoDB (`managed`) time out.
            deadline: now + TimeDelta::days(7),
            seconds_per_call: self.seconds_per_file.unwrap_or(SECONDS),
        }
    }

    /// Returns the configuration of a resumed export. Only the rate and the length of files may differ; other
    /// differences are refused.
    fn resumed(&self, run: ExportConfig, plan: &Plan) -> Result<ExportConfig, Unusable> {
        let differs = |option: &str, asked: &dyn Display, is: &dyn Display| {
            Err(Unusable(format!(
                "{option} is {asked}, but the export in {} has {is}; leave {option} out, or --resume",
                quoted(&plan.folder)
            )))
        };
        match self {
            Arguments { format: Some(asked), .. } if *asked != run.format => {
                differs("--format", asked, &run.format)
            }
            Arguments { null_tag: Some(asked), .. } if *asked != run.null_tag => {
                differs("--null-tag", asked, &run.null_tag)
            }
            Arguments { compression: Some(asked), .. } if *asked != run.compression => {
                differs("--compression", asked, &run.compression)
            }
            Arguments { segments: Some(asked), .. } if ![run.segments, plan.segments].contains(asked) => {
                differs("--segments", asked, &plan.segments)
            }
            Arguments { frequency: Some(asked), .. } if *asked != run.frequency => {
                differs("--frequency", asked, &run.frequency)
            }
            Arguments { consistent_read: true, .. } if !run.consistent_read => Err(Unusable(format!(
                "--consistent-read is given, but the export in {} was begun without it; leave it out, or --resume",
                quoted(&plan.folder)
            ))),
            _ => Ok(ExportConfig {
                max_read_capacity_units: self.max_rate.unwrap_or(run.max_read_capacity_units),
                seconds_per_call: self.seconds_per_file.unwrap_or(run.seconds_per_call),
                ..run
            }),
        }
    }
}

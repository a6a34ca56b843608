//! `--dry-run` of `tablekeeper export`.

use std::process::ExitCode;

use aws_sdk_dynamodb::types::TableDescription;
use tablekeeper_core::export::{ExportConfig, Plan};
use tablekeeper_core::storage::Files;

use super::Arguments;
use crate::console::counted;
use crate::dry_run::{Place, Preview};

/// Prints what the export would write.
pub(super) fn show(
    arguments: &Arguments,
    run: &ExportConfig,
    plan: &Plan,
    files: &Files,
    table: &TableDescription,
) -> anyhow::Result<ExitCode> {
    let folder = files.location(&plan.folder);
    let (verb, place) = match arguments.resume {
        true => ("continue the export of", Place::existing(folder)),
        false => ("export", Place::new(folder)),
    };
    let segments = counted(plan.segments.into(), "segment");
    let preview = Preview::new(format!("would {verb} {} in {segments}", plan.table_name))
        .table(table)
        .to(place)
        .makes(format!("data files: {}, {}, one or more per segment", run.format, run.compression))
        .makes("export.json, settings.json, manifest-summary.json and manifest-files.json")
        .scanned(run.consistent_read);
    preview.show(arguments.json)?;
    Ok(ExitCode::SUCCESS)
}

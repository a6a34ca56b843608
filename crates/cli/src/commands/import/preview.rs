//! `--dry-run` of `tablekeeper import` and `tablekeeper restore`.

use std::process::ExitCode;

use anyhow::Context as _;
use tablekeeper_core::aws::table as table_description;
use tablekeeper_core::import::source::Source;

use super::{Arguments, Kind, create, first_item, request};
use crate::console::{Console, counted};
use crate::dry_run::{Place, Preview};
use crate::transfer::{Aws, Location, named};

/// Checks the table and the files as the import does, and prints what it would write.
pub(super) async fn show(
    arguments: &Arguments,
    kind: Kind,
    place: &Location,
    aws: &Aws,
    console: &Console,
) -> anyhow::Result<ExitCode> {
    let table = arguments.table.as_str();
    let (mut found, mut made) = (None, None);
    if arguments.creation.create && !arguments.resume {
        let files = request::find(arguments, place, aws).await?;
        made = create::preview(arguments, kind, &files, aws, console).await?;
        found = Some(files);
    }
    let (files, source) = match (&made, found) {
        (Some(_), Some(found)) => (found.files, found.source),
        (_, found) => {
            let request = request::take(arguments, kind, place, aws, found).await?;
            if !arguments.resume {
                first_item::check(&request.files, &request.source, &request.state.import).await?;
            }
            (request.files, request.source)
        }
    };
    let verb = match (arguments.resume, kind) {
        (true, _) => format!("continue the {} of", kind.noun()),
        (false, Kind::Files) => "import".to_owned(),
        (false, Kind::Snapshot) => "restore".to_owned(),
    };
    let files_of = counted(source.files.len().try_into()?, "file");
    let mut preview = Preview::new(format!("would {verb} {files_of} into {table}"))
        .from(place_of(files.location(source.manifest.as_deref().unwrap_or(&source.root)), &source));
    preview = match made {
        Some(text) => preview.missing_table(table).makes(format!("table {table} {text}")),
        None => {
            let described = table_description::describe(&aws.clients.dynamodb(), table).await;
            let described = described.map_err(|failure| named(failure.name, failure))?;
            preview.table(&described.with_context(|| format!("table {table} was deleted meanwhile"))?)
        }
    };
    preview.writes(source.item_count).show(arguments.json)?;
    Ok(ExitCode::SUCCESS)
}

fn place_of(location: String, source: &Source) -> Place {
    Place {
        location,
        exists: true,
        files: source.files.len().try_into().ok(),
        item_count: source.item_count,
        bytes: Some(source.files.iter().map(|file| file.stored.size).sum()),
    }
}

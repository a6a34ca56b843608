//! Plans a new import from the arguments, or the one to resume from the cursor file.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tablekeeper_core::error_name::HasErrorName as _;
use tablekeeper_core::import::execution_input::{ExecutionInput, Wanted};
use tablekeeper_core::import::plan as plan_import;
use tablekeeper_core::import::plan::Error;
use tablekeeper_core::import::source;
use tablekeeper_core::import::source::Source;
use tablekeeper_core::snapshot::restore as plan_restore;
use tablekeeper_core::storage::Files;
use tablekeeper_core::text::quoted;

use super::state;
use super::state::{Segment, State, VERSION};
use super::{Arguments, Kind};
use crate::console::counted;
use crate::failure::Unusable;
use crate::transfer::{Aws, Location, cursor_file, named, whole};

/// A planned import.
pub(super) struct Request {
    pub(super) files: Files,
    pub(super) source: Source,
    pub(super) state: State,
    /// Path of the cursor file.
    pub(super) path: PathBuf,
}

/// The files of an import, as they were listed.
pub(super) struct Found {
    pub(super) files: Files,
    pub(super) source: Source,
}

/// Finds the files of an import.
pub(super) async fn find(arguments: &Arguments, place: &Location, aws: &Aws) -> anyhow::Result<Found> {
    let (files, _, key) = source_of(arguments, place, aws)?;
    let source = source::find(&files, &key).await.map_err(|error| named(error.name(), error))?;
    Ok(Found { files, source })
}

/// Plans a new import, or the one in the cursor file. `found` are the files if they were found before.
pub(super) async fn take(
    arguments: &Arguments,
    kind: Kind,
    place: &Location,
    aws: &Aws,
    found: Option<Found>,
) -> anyhow::Result<Request> {
    let (files, bucket, key) = source_of(arguments, place, aws)?;
    let found = found.map(|found| found.source);
    let usual = || state::usual_path(&arguments.table, &files);
    let path = arguments.cursor_file.clone().unwrap_or_else(usual);
    let earlier = if arguments.resume { Some(arguments.earlier(kind, &path)?) } else { None };
    let input = ExecutionInput {
        table_name: arguments.table.clone(),
        from: arguments.from.clone(),
        format: arguments.format,
        binary: arguments.binary.or(earlier.as_ref().map(|earlier| earlier.import.binary)),
        compression: arguments.compression.or(earlier.as_ref().map(|earlier| earlier.import.compression)),
        // A resumed import finds its own items in the table.
        merge: Some(arguments.merge || earlier.is_some()),
        ..ExecutionInput::default()
    };
    // For a snapshot, the manifest has the format.
    let earlier_format =
        earlier.as_ref().filter(|_| kind == Kind::Files).map(|earlier| earlier.import.format);
    let input = ExecutionInput { format: input.format.or(earlier_format), ..input };
    let wanted = Wanted {
        bucket,
        place: key,
        segments: arguments
            .segments
            .or(earlier.as_ref().map(|earlier| earlier.import.segments))
            .unwrap_or_default(),
        max_write_capacity_units: arguments.max_rate.unwrap_or_default(),
        // The process has no time limit: a call runs until its segment is finished.
        seconds_per_call: 0,
    };
    let dynamodb = aws.clients.dynamodb();
    let (import, source) = match kind {
        Kind::Files => {
            let planned = plan_import::plan(&dynamodb, &files, input, wanted, found).await;
            planned.map_err(|error| refused(error, kind, &path, aws))?
        }
        Kind::Snapshot => match plan_restore::plan(&dynamodb, &files, input, wanted, found).await {
            Ok(planned) => planned,
            Err(plan_restore::Error::Import(error)) => return Err(refused(error, kind, &path, aws)),
            // The caller named the snapshot, so this is unusable input.
            Err(error @ plan_restore::Error::NoSnapshot { .. }) => {
                bail!(Unusable(format!("{error} ({})", error.name())))
            }
            Err(error) => return Err(named(error.name(), error)),
        },
    };
    let segments = vec![Segment::default(); usize::try_from(import.segments)?];
    let planned = State {
        version: VERSION,
        place: state::place_of(place).with_context(|| format!("cannot find {}", arguments.from))?,
        changed_at: state::changed_at(&files, &source)
            .with_context(|| format!("cannot read the metadata of the files of {}", arguments.from))?,
        import,
        segments,
    };
    let state = match earlier {
        Some(earlier) => resumed(planned, earlier, kind, &path)?,
        None => planned,
    };
    Ok(Request { files, source, state, path })
}

/// Returns the files of a location, their bucket, and the key of the import among them.
fn source_of(arguments: &Arguments, place: &Location, aws: &Aws) -> anyhow::Result<(Files, String, String)> {
    let path = match place {
        Location::Bucket { bucket, key } => return Ok((whole(&aws.s3, bucket), bucket.clone(), key.clone())),
        Location::Path(path) => path,
    };
    if path.is_dir() {
        return Ok((Files::Directory(path.clone()), String::new(), String::new()));
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !path.exists() {
        bail!(Unusable(format!(
            "--from is {}, which does not exist; it must be s3://bucket/folder, a directory or a file",
            quoted(&arguments.from)
        )));
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((Files::Directory(parent.to_owned()), String::new(), name.to_owned()))
}

/// Translates an error of the plan for the command line, with the names of its options.
pub(crate) fn refused(error: Error, kind: Kind, path: &Path, aws: &Aws) -> anyhow::Error {
    let noun = kind.noun();
    match error {
        Error::TableNotEmpty(table) => {
            let resume = match path.exists() {
                true => format!("; with --resume the {noun} in {} continues", path.display()),
                false => String::new(),
            };
            Unusable(format!(
                "table {table} holds items; with --merge they stay, and those with the same keys are replaced{resume} \
                 (TableNotEmpty)"
            ))
            .into()
        }
        Error::TableMissing(table) => aws
            .missing(&format!("table {table} does not exist; make it with --create (TargetTableMissing)"))
            .into(),
        Error::Input(invalid) => {
            let option = match invalid.field {
                "TableName" => "TABLE".to_owned(),
                field => format!("--{}", field.to_lowercase()),
            };
            Unusable(format!("{option} {}", invalid.reason)).into()
        }
        other => aws.named(other.name(), other),
    }
}

/// Returns the planned import with the progress of the earlier one. Fails if that is another import.
fn resumed(planned: State, earlier: State, kind: Kind, path: &Path) -> Result<State, Unusable> {
    let (file, noun) = (path.display(), kind.noun());
    let other =
        |what: &str| Err(Unusable(format!("{file} is of an import or restore {what}; leave --resume out")));
    let (now, then) = (&planned.import, &earlier.import);
    if now.table_id != then.table_id || now.table_arn != then.table_arn {
        return other(&format!("into another table {}", then.table_name));
    }
    if (&planned.place, &now.root, &now.manifest) != (&earlier.place, &then.root, &then.manifest) {
        return other(&format!("from {}/{}", earlier.place, then.manifest.as_ref().unwrap_or(&then.root)));
    }
    if now.files_digest != then.files_digest || planned.changed_at != earlier.changed_at {
        return Err(Unusable(format!(
            "the files are not those of {file} ({}); they must not change until the {noun} \
             ends. To start again, leave --resume out and give --merge (ImportChanged)",
            counted(then.files.into(), "file")
        )));
    }
    let differs = |option: &str| {
        Err(Unusable(format!("{option} differs from that in {file}; leave it out, or --resume")))
    };
    if now.format != then.format {
        return differs("--format");
    }
    if now.binary != then.binary {
        return differs("--binary");
    }
    if now.compression != then.compression {
        return differs("--compression");
    }
    if now.segments != then.segments {
        return differs("--segments");
    }
    Ok(State { segments: earlier.segments, ..planned })
}

impl Arguments {
    /// Reads the cursor file.
    fn earlier(&self, kind: Kind, path: &Path) -> anyhow::Result<State> {
        let nothing = || cursor_file::nothing(path, kind.noun());
        State::read(path)?.with_context(nothing)
    }
}

//! Finds the files to check, and the template that deploys each definition.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use contracts::document::Document;
use contracts::template::Template;

use crate::failure::Unusable;

const DEFINITIONS: &str = "statemachines";
const TEMPLATES: &str = "infra";
const SAMPLES: &str = "events";

/// A definition with its workflow name and template.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) definition: PathBuf,
    /// File name without `.asl.json`.
    pub(super) workflow: String,
    pub(super) template: Option<Template>,
}

/// Reads the definition and template that the arguments name.
pub(super) fn subject(definition: &Path, template: Option<&Path>) -> anyhow::Result<Subject> {
    let template = template.map(|path| -> anyhow::Result<Template> {
        let (name, file) = (path.display().to_string(), definition.display().to_string());
        Template::parse(&name, &load(path)?, &file).map_err(|error| Unusable(error.to_string()).into())
    });
    Ok(Subject {
        definition: definition.to_owned(),
        workflow: workflow(definition),
        template: template.transpose()?,
    })
}

/// Finds every definition in the current directory, each with the template that names it.
pub(super) fn subjects() -> anyhow::Result<Vec<Subject>> {
    let definitions = files(Path::new(DEFINITIONS), &[".asl.json"])?;
    if definitions.is_empty() {
        let message = format!("no {DEFINITIONS}/*.asl.json in this directory; name a file with --definition");
        return Err(Unusable(message).into());
    }
    let mut templates = Vec::new();
    for path in files(Path::new(TEMPLATES), &[".yaml", ".yml", ".json"])? {
        templates.push((path.display().to_string(), load(&path)?));
    }
    let subjects = definitions.into_iter().map(|definition| {
        let file = definition.display().to_string();
        let mut deployed =
            templates.iter().filter_map(|(name, template)| Template::with_definition(name, template, &file));
        Subject { workflow: workflow(&definition), template: deployed.next(), definition }
    });
    Ok(subjects.collect())
}

/// Finds every sample, with the workflow that its directory is named after.
pub(super) fn samples() -> anyhow::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for folder in entries(Path::new(SAMPLES))?.into_iter().filter(|path| path.is_dir()) {
        let workflow = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        found.extend(files(&folder, &[".json"])?.into_iter().map(|path| (workflow.clone(), path)));
    }
    Ok(found)
}

/// Reads a JSON file with the positions of its values.
pub(super) fn document(path: &Path) -> anyhow::Result<Document> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(|| Unusable(format!("{name} cannot be read")))?;
    Document::parse(name, text).map_err(|error| Unusable(error.to_string()).into())
}

fn load(path: &Path) -> anyhow::Result<serde_json::Value> {
    let name = path.display();
    local_aws::template::load(path).with_context(|| Unusable(format!("{name} cannot be used as a template")))
}

fn workflow(definition: &Path) -> String {
    let file = definition.file_name().unwrap_or_default().to_string_lossy();
    let name = file.strip_suffix(".json").unwrap_or(&file);
    name.strip_suffix(".asl").unwrap_or(name).to_owned()
}

/// Returns the files of a directory with one of these endings, sorted.
fn files(folder: &Path, endings: &[&str]) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = entries(folder)?;
    found.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.is_file() && endings.iter().any(|ending| name.ends_with(ending))
    });
    Ok(found)
}

/// Returns the entries of a directory, sorted; none if it does not exist.
pub(super) fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let unreadable = || Unusable(format!("{} cannot be read", folder.display()));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(unreadable)? {
        found.push(entry.with_context(unreadable)?.path());
    }
    found.sort();
    Ok(found)
}

//! Finds the template that deploys a definition.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use contracts::template::{Template, state_machines};
use serde_json::Value;

use crate::config::Config;
use crate::read::{self, FileError};
use crate::{Arguments, Unusable};

/// The directory of the templates if none is named. It need not exist.
const FOLDER: &str = "infra";

/// How a template's `DefinitionUri` is compared with the file of a definition.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum By {
    /// It leads to the file.
    Path,
    /// It leads to the file, or to one of the same name, as in templates that are packaged from elsewhere.
    Name,
}

/// The templates of a run.
#[derive(Debug, Default)]
pub(super) struct Templates {
    /// The template that the arguments name.
    named: Option<(PathBuf, Value)>,
    /// Those among the files that are checked.
    checked: Vec<(PathBuf, Value)>,
    /// Those of each directory with a configuration, or of the current directory.
    of_projects: BTreeMap<PathBuf, Vec<(PathBuf, Value)>>,
}

impl Templates {
    /// Reads the template that the arguments name.
    pub(super) fn new(arguments: &Arguments) -> Result<Templates, Unusable> {
        let named = match &arguments.template {
            Some(path) => {
                let document = read::document(path).map_err(|error| Unusable(error.message))?;
                Some((path.clone(), document.value().clone()))
            }
            None => None,
        };
        Ok(Templates { named, ..Templates::default() })
    }

    /// Adds a template that is among the files to check.
    pub(super) fn push(&mut self, path: PathBuf, value: Value) {
        self.checked.push((path, value));
    }

    /// Returns the files that the checked templates name as `DefinitionUri`, each with what names it.
    pub(super) fn definitions(&self) -> Vec<(PathBuf, String)> {
        let mut found = Vec::new();
        for (path, value) in &self.checked {
            for (logical_id, machine) in state_machines(value) {
                if let Some(uri) = local_uri(machine) {
                    found.push((beside(path, uri), format!("{logical_id} in {}", read::shown(path))));
                }
            }
        }
        found
    }

    /// Returns the part of the template that deploys a definition. A template that cannot be read is an error once.
    pub(super) fn of(
        &mut self,
        definition: &Path,
        config: &Config,
        by: By,
        errors: &mut Vec<FileError>,
    ) -> Result<Option<Template>, Unusable> {
        let file = read::shown(definition);
        if let Some((path, value)) = &self.named {
            if let Some(found) = exact(path, value, definition) {
                return Ok(Some(found));
            }
            let parsed = Template::parse(&read::shown(path), value, &file);
            return parsed.map(Some).map_err(|error| Unusable(error.to_string()));
        }
        let of_project = match self.of_projects.get(&config.folder) {
            Some(templates) => templates,
            None => {
                let read = of_project(config, errors);
                self.of_projects.entry(config.folder.clone()).or_insert(read)
            }
        };
        let all = || self.checked.iter().chain(of_project);
        let by_path = all().find_map(|(path, value)| exact(path, value, definition));
        let by_name = || match by {
            By::Path => None,
            By::Name => {
                all().find_map(|(path, value)| Template::with_definition(&read::shown(path), value, &file))
            }
        };
        Ok(by_path.or_else(by_name))
    }
}

/// Reads the templates that a configuration names, or those of the current directory.
fn of_project(config: &Config, errors: &mut Vec<FileError>) -> Vec<(PathBuf, Value)> {
    let configured = config.file.templates.iter().map(|path| config.folder.join(path)).collect::<Vec<_>>();
    let paths = match configured.is_empty() {
        true => read::files(Path::new(FOLDER), &[".yaml", ".yml", ".json"]),
        false => Ok(configured),
    };
    let paths = paths.unwrap_or_else(|error| {
        errors.push(error);
        Vec::new()
    });
    let mut templates = Vec::new();
    for path in paths {
        match read::document(&path) {
            Ok(document) => templates.push((path, document.value().clone())),
            Err(error) => errors.push(error),
        }
    }
    templates
}

/// Returns the part of a template whose `DefinitionUri` leads to a file.
fn exact(path: &Path, template: &Value, definition: &Path) -> Option<Template> {
    let wanted = read::normal(definition);
    let machines = state_machines(template);
    let leads_there =
        |machine: &Value| local_uri(machine).is_some_and(|uri| read::normal(&beside(path, uri)) == wanted);
    let (logical_id, _) = machines.into_iter().find(|(_, machine)| leads_there(machine))?;
    Template::of_machine(&read::shown(path), template, logical_id, BTreeMap::new())
}

/// Returns the `DefinitionUri` of a state machine if it is a file beside the template.
fn local_uri(machine: &Value) -> Option<&str> {
    machine.pointer("/Properties/DefinitionUri")?.as_str().filter(|uri| !uri.contains("://"))
}

fn beside(template: &Path, uri: &str) -> PathBuf {
    template.parent().unwrap_or(Path::new("")).join(uri)
}

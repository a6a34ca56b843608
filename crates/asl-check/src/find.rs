//! Finds the definitions that the arguments name, and the template that deploys each.

mod deployed;
mod walk;

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use contracts::document::Document;
use contracts::template::Template;
use serde_json::Value;

use crate::read::{self, FileError};
use crate::settings::Finder;
use crate::subject::{DEFINITIONS, Found, Subject, workflow};
use crate::{Arguments, Unusable, inline};
use deployed::{By, Templates};

const FOLDER: &str = "statemachines";

/// Finds what the arguments name, or the project in the current directory if they name nothing.
pub(crate) fn subjects(
    arguments: &Arguments,
    settings: &mut Finder<'_>,
    stdin: &mut dyn Read,
) -> Result<Found, Unusable> {
    let named = arguments.named();
    let mut finder = Search { templates: Templates::new(arguments)?, ..Search::default() };
    if named.is_empty() {
        finder.found.is_project = true;
        finder.project(settings)?;
        return Ok(finder.found);
    }
    if arguments.template.is_some() && named.iter().any(|path| path.is_dir()) {
        let message =
            "--template is for definitions, and a directory is named; name the definitions that it deploys";
        return Err(Unusable(message.to_owned()));
    }
    for path in named {
        if path == Path::new("-") {
            finder.standard_input(&arguments.stdin_name, stdin);
        } else if path.is_dir() {
            finder.directory(&path);
        } else {
            let document = read::document(&path);
            finder.add(path, document);
        }
    }
    finder.deploy(settings, By::Path)?;
    Ok(finder.found)
}

#[derive(Default)]
struct Search {
    found: Found,
    templates: Templates,
    /// The files that are in already. Two arguments may lead to one.
    known: BTreeSet<PathBuf>,
}

impl Search {
    fn project(&mut self, settings: &mut Finder<'_>) -> Result<(), Unusable> {
        let folder = Path::new(FOLDER);
        let definitions = read::files(folder, &DEFINITIONS).map_err(|error| Unusable(error.message))?;
        if definitions.is_empty() {
            let message = format!("no {FOLDER}/*.asl.json in this directory; name files or directories");
            return Err(Unusable(message));
        }
        for path in definitions {
            let document = read::document(&path);
            self.add(path, document);
        }
        self.deploy(settings, By::Name)
    }

    fn directory(&mut self, folder: &Path) {
        let (mut files, mut errors) = (Vec::new(), Vec::new());
        walk::files(folder, &mut files, &mut errors);
        self.found.errors.append(&mut errors);
        for path in files {
            let text = match read::text(&path) {
                Ok(text) => text,
                Err(error) => {
                    self.found.errors.push(error);
                    continue;
                }
            };
            if read::has_ending(&path, &DEFINITIONS) || inline::may_hold(&text) {
                let document = read::parse(&path, text);
                self.add(path, document);
            }
        }
    }

    fn standard_input(&mut self, name: &Path, stdin: &mut dyn Read) {
        let mut text = String::new();
        let document = match stdin.read_to_string(&mut text) {
            Ok(_) => read::parse(name, text),
            Err(error) => Err(FileError::new(name, format!("standard input cannot be read: {error}"))),
        };
        self.add(name.to_owned(), document);
    }

    /// Adds a definition, or those of a template.
    fn add(&mut self, path: PathBuf, document: Result<Document, FileError>) {
        if !self.known.insert(read::normal(&path)) {
            return;
        }
        match document {
            Ok(document) if is_template(document.value()) => {
                inline::subjects(&path, &document, &mut self.found);
                self.templates.push(path, document.value().clone());
            }
            Ok(document) => {
                let workflow = workflow(&path);
                self.found.subjects.push(Subject { path, document, workflow, template: None });
            }
            Err(error) => self.found.errors.push(error),
        }
    }

    /// Finds the template of each definition, and adds the definitions that only a template names.
    fn deploy(&mut self, settings: &mut Finder<'_>, by: By) -> Result<(), Unusable> {
        for (path, origin) in self.templates.definitions() {
            if self.known.insert(read::normal(&path)) {
                let document = read::document(&path).map_err(|error| FileError {
                    message: format!("{}. It is the DefinitionUri of {origin}", error.message),
                    ..error
                });
                match document {
                    Ok(document) => {
                        let workflow = workflow(&path);
                        self.found.subjects.push(Subject { path, document, workflow, template: None });
                    }
                    Err(error) => self.found.errors.push(error),
                }
            }
        }
        for subject in self.found.subjects.iter_mut().filter(|subject| subject.document.part().is_none()) {
            let config = settings.config(&subject.path)?;
            let template: Option<Template> =
                self.templates.of(&subject.path, &config, by, &mut self.found.errors)?;
            subject.template = template;
        }
        Ok(())
    }
}

/// Returns whether a file is a template and not a definition.
fn is_template(value: &Value) -> bool {
    value.get("Resources").is_some_and(Value::is_object) && value.get("States").is_none()
}

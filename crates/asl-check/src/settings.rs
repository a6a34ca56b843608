//! What applies to one file: the arguments, then the configuration, then what is usual.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use contracts::diagnostic::Code;
use contracts::severity::{Options, Severity};

use crate::config::Config;
use crate::{Arguments, Unusable};

/// The directory of the schemas if none is named. It need not exist.
const SCHEMAS: &str = "schemas";

/// The settings for one file.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) options: Options,
    pub(crate) error_on: Severity,
    pub(crate) schemas: PathBuf,
    pub(crate) baseline: Option<PathBuf>,
    pub(crate) config: Rc<Config>,
    select: BTreeSet<Code>,
    ignore: BTreeSet<Code>,
}

impl Settings {
    /// Returns whether findings of a code are reported.
    pub(crate) fn reports(&self, code: Code) -> bool {
        (self.select.is_empty() || self.select.contains(&code)) && !self.ignore.contains(&code)
    }

    /// Returns the severity of a code if the configuration sets it.
    pub(crate) fn severity(&self, code: Code) -> Option<Severity> {
        self.config.file.severity.get(&crate::config::Known(code)).map(|level| level.0)
    }
}

/// Finds the settings of each file. It reads each configuration once.
#[derive(Debug)]
pub(crate) struct Finder<'a> {
    arguments: &'a Arguments,
    here: PathBuf,
    by_folder: BTreeMap<PathBuf, Rc<Config>>,
    loaded: BTreeMap<PathBuf, Rc<Config>>,
}

impl<'a> Finder<'a> {
    pub(crate) fn new(arguments: &'a Arguments) -> Result<Finder<'a>, Unusable> {
        if let Some(folder) = arguments.schemas.as_ref().filter(|folder| !folder.is_dir()) {
            return Err(Unusable(format!("--schemas is {}, which is not a directory", folder.display())));
        }
        let here = std::env::current_dir()
            .map_err(|error| Unusable(format!("the current directory cannot be read: {error}")))?;
        Ok(Finder { arguments, here, by_folder: BTreeMap::new(), loaded: BTreeMap::new() })
    }

    /// Returns the configuration of a file.
    pub(crate) fn config(&mut self, path: &Path) -> Result<Rc<Config>, Unusable> {
        if let Some(path) = &self.arguments.settings {
            return self.load(&self.here.join(path));
        }
        let absolute = self.here.join(path);
        let folder = absolute.parent().unwrap_or(&self.here).to_owned();
        // `a/../b` has to lead to the directories that it names.
        let folder = folder.canonicalize().unwrap_or(folder);
        if let Some(config) = self.by_folder.get(&folder) {
            return Ok(Rc::clone(config));
        }
        let config = match Config::nearest(&folder) {
            Some(path) => self.load(&path)?,
            None => Rc::default(),
        };
        self.by_folder.insert(folder, Rc::clone(&config));
        Ok(config)
    }

    fn load(&mut self, path: &Path) -> Result<Rc<Config>, Unusable> {
        if let Some(config) = self.loaded.get(path) {
            return Ok(Rc::clone(config));
        }
        let config = Rc::new(Config::load(path)?);
        self.loaded.insert(path.to_owned(), Rc::clone(&config));
        Ok(config)
    }

    /// Returns the settings of a file.
    pub(crate) fn settings(&mut self, path: &Path) -> Result<Settings, Unusable> {
        let config = self.config(path)?;
        let (arguments, file) = (self.arguments, &config.file);
        let options = Options {
            strict: arguments.strict || file.strict,
            local_engine: arguments.local_engine || file.local_engine,
        };
        let own = file.schemas.as_ref().map(|folder| self.shown(&config.folder.join(folder)));
        if let Some(folder) = own.as_ref().filter(|folder| arguments.schemas.is_none() && !folder.is_dir()) {
            let message =
                format!("schemas of the configuration is {}, which is not a directory", folder.display());
            return Err(Unusable(message));
        }
        let absolute = self.here.join(path);
        let absolute = absolute.canonicalize().unwrap_or(absolute);
        let mut select: BTreeSet<Code> = arguments.select.iter().copied().collect();
        if select.is_empty() {
            select = file.select.iter().map(|code| code.0).collect();
        }
        // What the arguments select is meant, whatever the configuration ignores.
        let configured = file.ignore.iter().map(|code| code.0).chain(config.ignored_in(&absolute));
        let configured = configured.filter(|code| !arguments.select.contains(code));
        let ignore = arguments.ignore.iter().copied().chain(configured).collect();
        Ok(Settings {
            options,
            error_on: arguments.error_on.or(file.error_on.map(|level| level.0)).unwrap_or(Severity::Error),
            schemas: arguments.schemas.clone().or(own).unwrap_or_else(|| PathBuf::from(SCHEMAS)),
            baseline: file.baseline.as_ref().map(|path| config.folder.join(path)),
            select,
            ignore,
            config,
        })
    }

    /// Returns a path as it is shown: relative to the current directory if it is below it.
    fn shown(&self, path: &Path) -> PathBuf {
        let here = self.here.canonicalize().unwrap_or_else(|_| self.here.clone());
        path.strip_prefix(here).unwrap_or(path).to_owned()
    }
}

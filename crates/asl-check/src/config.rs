//! The configuration file, `.asl-check.toml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use contracts::diagnostic::Code;
use contracts::severity::Severity;
use globset::{Glob, GlobMatcher};
use serde::Deserialize;

use crate::{Unusable, arguments};

/// The name of the file.
pub(crate) const NAME: &str = ".asl-check.toml";

/// A configuration and the directory that its paths are relative to.
#[derive(Debug, Default)]
pub(crate) struct Config {
    pub(crate) folder: PathBuf,
    pub(crate) file: File,
    /// The patterns of `per-file-ignores`, with their codes.
    pub(crate) per_file: Vec<(GlobMatcher, Vec<Code>)>,
}

/// What the file says.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct File {
    pub(crate) schemas: Option<PathBuf>,
    pub(crate) templates: Vec<PathBuf>,
    pub(crate) baseline: Option<PathBuf>,
    pub(crate) strict: bool,
    pub(crate) local_engine: bool,
    pub(crate) error_on: Option<Level>,
    pub(crate) select: Vec<Known>,
    pub(crate) ignore: Vec<Known>,
    pub(crate) severity: BTreeMap<Known, Level>,
    pub(crate) functions: BTreeMap<String, String>,
    per_file_ignores: BTreeMap<String, Vec<Known>>,
}

/// A code in the file.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(try_from = "String")]
pub(crate) struct Known(pub(crate) Code);

impl TryFrom<String> for Known {
    type Error = String;

    fn try_from(name: String) -> Result<Known, String> {
        arguments::code(&name).map(Known)
    }
}

/// A severity in the file.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Level(pub(crate) Severity);

impl TryFrom<String> for Level {
    type Error = String;

    fn try_from(name: String) -> Result<Level, String> {
        arguments::severity(&name).map(Level)
    }
}

impl Config {
    /// Reads a file.
    pub(crate) fn load(path: &Path) -> Result<Config, Unusable> {
        let name = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Unusable(format!("the configuration {name} cannot be read: {error}")))?;
        let refused =
            |problem: String| Unusable(format!("the configuration {name} cannot be used: {problem}"));
        let file: File =
            toml::from_str(&text).map_err(|error| refused(error.to_string().trim().to_owned()))?;
        let mut per_file = Vec::new();
        for (pattern, codes) in &file.per_file_ignores {
            let glob = Glob::new(pattern).map_err(|error| refused(error.to_string()))?;
            per_file.push((glob.compile_matcher(), codes.iter().map(|code| code.0).collect()));
        }
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Config { folder, file, per_file })
    }

    /// Returns the nearest file in a directory or one above.
    pub(crate) fn nearest(folder: &Path) -> Option<PathBuf> {
        folder.ancestors().map(|folder| folder.join(NAME)).find(|path| path.is_file())
    }

    /// Returns the codes that are ignored in a file, which is given by its absolute path.
    pub(crate) fn ignored_in(&self, path: &Path) -> impl Iterator<Item = Code> + '_ {
        let below = path.strip_prefix(&self.folder).unwrap_or(path).to_owned();
        let matching = self.per_file.iter().filter(move |(pattern, _)| pattern.is_match(&below));
        matching.flat_map(|(_, codes)| codes.iter().copied())
    }
}

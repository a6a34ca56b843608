//! `asl-check`: type-checks state machines of AWS Step Functions before they are deployed.
//!
//! The crate `contracts` has the checks. This one has what is around them: it finds the definitions in files, directories
//! and templates, and the schemas behind their names. It reads the configuration, leaves out what is ignored, and prints
//! the rest for people and for programs. `tablekeeper check` is the same as `asl-check`: both call [`run`].

mod arguments;
mod baseline;
mod check;
mod config;
mod explain;
mod filter;
mod find;
mod ignores;
mod inline;
mod output;
mod read;
mod resolver;
mod samples;
mod settings;
mod subject;
mod substitute;

pub use arguments::{Arguments, Format};
pub use explain::{Explanation, explanations};

use std::io::Read;

use thiserror::Error;

/// The error for arguments or files without which nothing can be checked, as a sentence.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{0}")]
pub struct Unusable(pub String);

/// What a run prints, and how it ends.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Outcome {
    /// Blocks of data, for standard output.
    pub data: Vec<String>,
    /// Lines about the run, for standard error.
    pub remarks: Vec<String>,
    /// Sentences about files that cannot be used, for standard error. They are part of the data, too, if a program
    /// reads it.
    pub errors: Vec<String>,
    /// The exit code: 0, 1 for findings, or 2 for files that cannot be used.
    pub code: u8,
}

/// Checks what the arguments name. `stdin` is read if they name `-`. `colours` says whether text is coloured.
pub fn run(arguments: &Arguments, stdin: &mut dyn Read, colours: bool) -> Result<Outcome, Unusable> {
    let mut settings = settings::Finder::new(arguments)?;
    let found = find::subjects(arguments, &mut settings, stdin)?;
    let mut run = check::run(found, &mut settings)?;
    if let Some(path) = &arguments.write_baseline {
        return Ok(output::written(&run, baseline::write(path, &run)?));
    }
    baseline::apply(&mut run, arguments)?;
    Ok(output::outcome(&run, arguments, colours))
}

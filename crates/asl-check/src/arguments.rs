//! The arguments, which `asl-check` and `tablekeeper check` have in common.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use contracts::diagnostic::Code;
use contracts::severity::Severity;
use contracts::suggestion::closest;

/// What to check, and how.
#[derive(Clone, Debug, Default, Args)]
#[group(skip)]
pub struct Arguments {
    /// Definitions, templates and directories, or `-` for standard input. In a directory, every *.asl.json, *.asl.yaml,
    /// *.asl.yml, *.asl and every template is checked. Without a path, every state machine under statemachines/ of the
    /// current directory is checked against schemas/, infra/ and events/.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The same as PATH.
    #[arg(long, value_name = "FILE", hide = true)]
    pub definition: Option<PathBuf>,
    /// The name of what is read from standard input. Its ending says what it is, and its directory where the
    /// configuration is.
    #[arg(long, value_name = "NAME", default_value = "stdin.asl.json")]
    pub stdin_name: PathBuf,
    /// The directory with <workflow>.input.json and <workflow>/<step>.{input,output}.json [default: that of the
    /// configuration, else schemas]
    #[arg(long, value_name = "DIR")]
    pub schemas: Option<PathBuf>,
    /// The template that deploys the definitions [default: those of the configuration, else those under infra/; the one
    /// that names the definition is used]
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// The configuration [default: the nearest .asl-check.toml in the directory of each file or in one above]
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// Report only these codes.
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = code)]
    pub select: Vec<Code>,
    /// Do not report these codes.
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = code)]
    pub ignore: Vec<Code>,
    /// Report what cannot be proved, and make every finding an error.
    #[arg(long)]
    pub strict: bool,
    /// Report what the local stack's engine ignores or runs differently, too.
    #[arg(long)]
    pub local_engine: bool,
    /// The least severity that makes the exit code 1: error, warning or note [default: that of the configuration, else
    /// error]
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    pub error_on: Option<Severity>,
    /// Leave out the findings that this file lists.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write the findings into this file, for --baseline, instead of printing them.
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    pub write_baseline: Option<PathBuf>,
    /// The form of the output.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Also print the possible inputs and variables of each state, and how many states are annotated.
    #[arg(long)]
    pub verbose: bool,
}

/// The form of the output.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum Format {
    /// For people, with the line of each finding.
    #[default]
    Text,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0, which code scanning of GitHub and editors read.
    Sarif,
    /// Annotations of a workflow in GitHub Actions.
    Github,
}

impl Arguments {
    /// Returns the form of the output.
    pub(crate) fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }

    /// Returns what is to be checked. Nothing means the project in the current directory.
    pub(crate) fn named(&self) -> Vec<PathBuf> {
        self.paths.iter().chain(&self.definition).cloned().collect()
    }
}

/// Returns the code of this name, or a sentence.
pub(crate) fn code(name: &str) -> Result<Code, String> {
    Code::parse(name).ok_or_else(|| {
        let meant = closest(name, Code::ALL.iter().map(|code| code.as_str()));
        let advice = meant.map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
        format!("there is no code {name}{advice}")
    })
}

/// Returns the severity of this name, or a sentence.
pub(crate) fn severity(name: &str) -> Result<Severity, String> {
    name.parse().map_err(|_| format!("there is no severity {name}; it is error, warning or note"))
}

//! `tablekeeper check`: type-checks state machines against the schemas of their steps before they are deployed.
//!
//! The crate `contracts` has the checks. This module reads the files: `statemachines/`, `schemas/`, `infra/` and
//! `events/` of this project, or of another project with the same layout.

mod project;
mod resolver;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use contracts::diagnostic::Diagnostic;
use contracts::document::Document;
use contracts::{Report, check_sample, render, sample_without_schema};
use serde_json::{Map, Value, json};

use crate::console;
use crate::failure::Unusable;
use project::Subject;
use resolver::Schemas;

/// The directory of the schemas if none is named. It need not exist.
const SCHEMAS: &str = "schemas";

/// Type-check the state machines against the schemas of their steps.
///
/// Without --definition, every state machine under statemachines/ of the current directory is checked against schemas/,
/// infra/ and events/. Prints nothing if there is no finding. The exit code is 1 for findings and 2 for files that
/// cannot be used. docs/contracts.md explains each code.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tablekeeper check\n  tablekeeper check --verbose\n  \
                        tablekeeper check --definition machine.asl.json --schemas schemas --template template.yaml")]
pub(crate) struct Arguments {
    /// Check only this definition. Its file name without .asl.json is the workflow's name.
    #[arg(long, value_name = "FILE")]
    definition: Option<PathBuf>,
    /// The directory with <workflow>.input.json and <workflow>/<step>.{input,output}.json.
    #[arg(long, value_name = "DIR", default_value = SCHEMAS)]
    schemas: PathBuf,
    /// The template that deploys the definition. Without --definition, the template under infra/ that names it is used.
    #[arg(long, value_name = "FILE", requires = "definition")]
    template: Option<PathBuf>,
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// Also print the possible inputs and variables of each state, and how many states are annotated.
    #[arg(long)]
    verbose: bool,
}

/// A checked file with its findings.
struct Checked {
    document: Document,
    report: Report,
}

/// Runs `tablekeeper check`.
pub(crate) fn act(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let is_default = arguments.schemas.as_os_str() == SCHEMAS;
    if !is_default && !arguments.schemas.is_dir() {
        let name = arguments.schemas.display();
        bail!(Unusable(format!("--schemas is {name}, which is not a directory")));
    }
    let subjects = match &arguments.definition {
        Some(definition) => vec![project::subject(definition, arguments.template.as_deref())?],
        None => project::subjects()?,
    };
    let mut checked = Vec::new();
    for subject in &subjects {
        checked.push(machine(subject, arguments)?);
    }
    if arguments.definition.is_none() {
        checked.extend(samples(arguments)?);
    }
    print_report(&checked, arguments)?;
    let clean = checked.iter().all(|file| file.report.diagnostics.is_empty());
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn machine(subject: &Subject, arguments: &Arguments) -> anyhow::Result<Checked> {
    let schemas = Schemas::new(&arguments.schemas, &subject.workflow, subject.template.clone())?;
    let document = project::document(&subject.definition)?;
    let input = schemas.execution_input(&subject.workflow);
    let output = schemas.execution_output(&subject.workflow);
    let report =
        contracts::check(&document, &schemas, input.as_ref(), output.as_ref(), subject.template.as_ref());
    Ok(Checked { document, report })
}

/// Checks the samples `events/<workflow>/<what>.<anything>.json`. `input` as `<what>` means the input of the execution;
/// anything else names a step.
fn samples(arguments: &Arguments) -> anyhow::Result<Vec<Checked>> {
    let mut checked = Vec::new();
    for (workflow, path) in project::samples()? {
        let document = project::document(&path)?;
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let claimed = file.split_once('.').map_or(file.as_str(), |(claimed, _)| claimed);
        let schemas = Schemas::new(&arguments.schemas, &workflow, None)?;
        let (name, schema) = match claimed {
            "input" => (format!("{workflow}.input.json"), schemas.execution_input(&workflow)),
            step => (format!("{workflow}/{step}.input.json"), schemas.step_input(&workflow, step)),
        };
        let name = arguments.schemas.join(name).display().to_string();
        let diagnostics: Vec<Diagnostic> = match schema {
            Some(schema) => check_sample(&document, &schema, &name),
            None => vec![sample_without_schema(&name)],
        };
        checked.push(Checked { document, report: Report { diagnostics, ..Report::default() } });
    }
    Ok(checked)
}

fn print_report(checked: &[Checked], arguments: &Arguments) -> anyhow::Result<()> {
    let annotated: usize = checked.iter().map(|file| file.report.annotated).sum();
    let findings: usize = checked.iter().map(|file| file.report.diagnostics.len()).sum();
    if arguments.json {
        let diagnostics: Vec<Value> = checked.iter().flat_map(as_json).collect();
        let shown = checked.iter().filter(|file| arguments.verbose && !file.report.states.is_empty());
        let states: Map<String, Value> =
            shown.map(|file| (file.document.file().to_owned(), json!(file.report.states))).collect();
        let reported = match arguments.verbose {
            true => json!({ "diagnostics": diagnostics, "annotated": annotated, "states": states }),
            false => json!({ "diagnostics": diagnostics, "annotated": annotated }),
        };
        return console::print_json(&reported);
    }
    if arguments.verbose {
        for Checked { document, report } in checked {
            for (pointer, shapes) in &report.states {
                console::print_data(&format!("{} at {pointer}", document.file()));
                console::print_json(shapes)?;
            }
        }
    }
    let colours = console::data_is_coloured();
    for Checked { document, report } in checked {
        for diagnostic in &report.diagnostics {
            console::print_data(&render::text(diagnostic, document, colours));
        }
    }
    let files = checked.iter().filter(|file| !file.report.diagnostics.is_empty()).count();
    if findings > 0 {
        console::print_remark(&format!("{} in {}", counted(findings, "finding"), counted(files, "file")));
    }
    if arguments.verbose {
        console::print_remark(&format!(
            "{} checked, {} annotated as untyped or bounded",
            counted(checked.len(), "file"),
            counted(annotated, "state")
        ));
    }
    Ok(())
}

fn as_json(Checked { document, report }: &Checked) -> Vec<Value> {
    report.diagnostics.iter().map(|diagnostic| render::json(diagnostic, document)).collect()
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

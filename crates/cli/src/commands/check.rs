//! `tablekeeper check`: type-checks state machines against the schemas of their steps before they are deployed.
//!
//! The crate `asl-check` does it, which is a command of its own, too. Both have the same arguments and the same output.

use std::process::ExitCode;

use clap::Args;

use crate::console;
use crate::failure::Unusable;

/// Type-check state machines against the schemas of their steps.
///
/// Prints nothing if there is no finding. The exit code is 1 for findings of the severity of --error-on or above, and 2 for
/// files that cannot be used. `tablekeeper explain CODE` explains a code.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tablekeeper check\n  tablekeeper check --verbose\n  \
                  tablekeeper check machine.asl.json --schemas schemas --template template.yaml")]
pub(crate) struct Arguments {
    #[command(flatten)]
    check: asl_check::Arguments,
}

/// Runs `tablekeeper check`.
pub(crate) fn act(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let colours = console::data_is_coloured();
    let outcome = asl_check::run(&arguments.check, &mut std::io::stdin().lock(), colours)
        .map_err(|error| Unusable(error.to_string()))?;
    outcome.data.iter().for_each(|block| console::print_data(block));
    outcome.errors.iter().for_each(|error| console::print_error(error));
    outcome.remarks.iter().for_each(|remark| console::print_remark(remark));
    Ok(ExitCode::from(outcome.code))
}

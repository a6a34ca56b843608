//! The command `asl-check`.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use asl_check::{Arguments, Explanation, Unusable, explanations, run};
use clap::{Parser, Subcommand};
use contracts::diagnostic::Code;
use contracts::suggestion::closest;

/// Type-check state machines of AWS Step Functions against the schemas of their functions, before they are deployed.
///
/// Prints nothing if there is no finding. The exit code is 1 for findings of the severity of --error-on or above, and 2 for
/// files that cannot be used.
#[derive(Debug, Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  asl-check .\n  asl-check machine.asl.json template.yaml cdk.out\n  \
                  asl-check --format sarif statemachines > findings.sarif\n  asl-check explain PAYLOAD_MISMATCH"
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    arguments: Arguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Explain a code, or list all codes.
    Explain {
        /// The code, such as PAYLOAD_MISMATCH.
        code: Option<String>,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let code = match cli.command {
        Some(Command::Explain { code }) => explain(code.as_deref()),
        None => check(&cli.arguments),
    };
    code.unwrap_or_else(|error| {
        complain(&error.to_string());
        ExitCode::from(2)
    })
}

fn check(arguments: &Arguments) -> Result<ExitCode, Unusable> {
    #[expect(clippy::disallowed_methods, reason = "the command line is an edge: https://no-color.org")]
    let colours = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let outcome = run(arguments, &mut io::stdin().lock(), colours)?;
    let is_written = outcome.data.iter().all(|block| print(block));
    outcome.errors.iter().for_each(|error| complain(error));
    for remark in &outcome.remarks {
        // Without standard error there is nobody to report to.
        drop(writeln!(io::stderr().lock(), "{remark}"));
    }
    Ok(if is_written { ExitCode::from(outcome.code) } else { ExitCode::from(2) })
}

fn explain(name: Option<&str>) -> Result<ExitCode, Unusable> {
    let Some(name) = name else {
        let widest = Code::ALL.iter().map(|code| code.as_str().len()).max().unwrap_or_default();
        for explanation in explanations() {
            let code = explanation.code.as_str();
            print(&format!("{code:widest$}  {}", explanation.in_short()));
        }
        return Ok(ExitCode::SUCCESS);
    };
    let Some(explanation) = Code::parse(name).and_then(Explanation::of) else {
        let meant = closest(name, Code::ALL.iter().map(|code| code.as_str()));
        let advice = meant.map_or_else(
            || "`asl-check explain` lists the codes".to_owned(),
            |meant| format!("did you mean {meant}?"),
        );
        return Err(Unusable(format!("there is no code {name}; {advice}")));
    };
    print(&format!("{}\n{}", explanation.code, explanation.text));
    Ok(ExitCode::SUCCESS)
}

/// Prints a block of data. Returns whether it could be written.
fn print(block: &str) -> bool {
    writeln!(io::stdout().lock(), "{block}").is_ok()
}

fn complain(message: &str) {
    drop(writeln!(io::stderr().lock(), "error: {message}"));
}

//! The tree of commands. Each command defines its own arguments in its module. To add a command, add a variant here, a line
//! to [`Arguments::act`] and its name to a group.

mod groups;
mod hints;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::commands::{
    adopt, backfill, check, completions, copies, demo, diff, executions, explain, export, exports, fleet,
    follow, history, import, local, man, pin, plan, recover, replay, report, restore, rollback, run,
    snapshot, status, step, template,
};
use crate::{console, session};

/// The version, the commit that it was built from, and the target that it was built for.
const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (",
    env!("TABLEKEEPER_COMMIT"),
    ", ",
    env!("TABLEKEEPER_TARGET"),
    ")"
);

/// Back up, restore, export, import and rotate DynamoDB tables.
#[derive(Debug, Parser)]
#[command(
    version = VERSION,
    after_help = "Start with:
  tablekeeper demo             watch a backup become a new table, on this machine
  tablekeeper COMMAND --help   see a command's options and examples"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: session::Options,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Adopt(adopt::Arguments),
    Backfill(backfill::Arguments),
    Check(check::Arguments),
    Completions(completions::Arguments),
    Copies(copies::Arguments),
    Demo(demo::Arguments),
    Diff(diff::Arguments),
    Executions(executions::Arguments),
    Explain(explain::Arguments),
    Export(export::Arguments),
    Exports(exports::Arguments),
    Fleet(fleet::Arguments),
    Follow(follow::Arguments),
    History(history::Arguments),
    Import(import::Arguments),
    Local(local::Arguments),
    Man(man::Arguments),
    Pin(pin::PinArguments),
    Plan(plan::Arguments),
    Recover(recover::Arguments),
    Replay(replay::Arguments),
    Report(report::Arguments),
    Restore(restore::Arguments),
    Rollback(rollback::Arguments),
    Run(run::Arguments),
    Snapshot(snapshot::Arguments),
    Status(status::Arguments),
    Step(step::Arguments),
    Template(template::Arguments),
    Unpin(pin::UnpinArguments),
}

impl Arguments {
    /// Parses the arguments of this process. Prints a message and returns the exit code if they are invalid, or after
    /// `--help`.
    pub(crate) fn parse() -> Result<Arguments, ExitCode> {
        let tree = Arguments::tree().color(color_of_help());
        let arguments: Vec<String> = std::env::args_os().map(|text| text.to_string_lossy().into()).collect();
        let matches = tree.clone().try_get_matches_from(std::env::args_os());
        let matches = matches.map_err(|error| hints::with_option(error, &tree, &arguments));
        matches.and_then(|matches| Arguments::from_arg_matches(&matches)).map_err(|error| {
            let written = error.print();
            if !error.use_stderr() {
                console::note(written);
            }
            u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
        })
    }

    /// Returns the tree of commands, with the commands in groups.
    pub(crate) fn tree() -> clap::Command {
        groups::in_groups(Arguments::command())
    }

    /// Runs the chosen command and returns its exit code.
    pub(crate) async fn act(self) -> anyhow::Result<ExitCode> {
        self.options.install(self.command.needs_settings()).await?;
        match self.command {
            Command::Adopt(arguments) => adopt::act(arguments).await,
            Command::Backfill(arguments) => backfill::act(arguments).await,
            Command::Check(arguments) => check::act(&arguments),
            Command::Completions(arguments) => Ok(completions::act(&arguments, Arguments::tree())),
            Command::Copies(arguments) => copies::act(arguments).await,
            Command::Demo(arguments) => demo::act(arguments).await,
            Command::Diff(arguments) => diff::act(arguments).await,
            Command::Executions(arguments) => executions::act(arguments).await,
            Command::Explain(arguments) => explain::act(&arguments),
            Command::Export(arguments) => export::act(arguments).await,
            Command::Exports(arguments) => exports::act(arguments).await,
            Command::Fleet(arguments) => fleet::act(arguments).await,
            Command::Follow(arguments) => follow::act(arguments).await,
            Command::History(arguments) => history::act(arguments).await,
            Command::Import(arguments) => import::act(arguments).await,
            Command::Local(arguments) => local::act(arguments).await,
            Command::Man(arguments) => man::act(&arguments, Arguments::tree()),
            Command::Pin(arguments) => pin::pin(arguments).await,
            Command::Plan(arguments) => plan::act(arguments).await,
            Command::Recover(arguments) => recover::act(arguments).await,
            Command::Replay(arguments) => replay::act(arguments).await,
            Command::Report(arguments) => report::act(arguments).await,
            Command::Restore(arguments) => restore::act(arguments).await,
            Command::Rollback(arguments) => rollback::act(arguments).await,
            Command::Run(arguments) => run::act(arguments).await,
            Command::Snapshot(arguments) => snapshot::act(arguments).await,
            Command::Status(arguments) => status::act(arguments).await,
            Command::Step(arguments) => step::act(arguments).await,
            Command::Template(arguments) => template::act(arguments).await,
            Command::Unpin(arguments) => pin::unpin(arguments).await,
        }
    }
}

impl Command {
    /// Returns whether the command uses the settings file, or AWS as the environment says. The others work although both
    /// are wrong.
    fn needs_settings(&self) -> bool {
        match self {
            Command::Check(_)
            | Command::Completions(_)
            | Command::Demo(_)
            | Command::Explain(_)
            | Command::Man(_) => false,
            Command::Local(arguments) => arguments.needs_settings(),
            _ => true,
        }
    }
}

/// Returns the value of `--color` for the help and for errors of the arguments, which are printed while they are parsed.
fn color_of_help() -> clap::ColorChoice {
    let arguments: Vec<String> = std::env::args_os().map(|text| text.to_string_lossy().into()).collect();
    let value = arguments.iter().zip(arguments.iter().skip(1).map(Some).chain([None])).find_map(
        |(argument, next)| {
            argument
                .strip_prefix("--color=")
                .or_else(|| next.filter(|_| argument == "--color").map(String::as_str))
        },
    );
    match value {
        Some("always") => clap::ColorChoice::Always,
        Some("never") => clap::ColorChoice::Never,
        _ => clap::ColorChoice::Auto,
    }
}

#[cfg(test)]
mod tests {
    use super::Arguments;

    #[test]
    fn the_tree_is_well_formed_and_every_command_shows_an_example() {
        let mut tree = Arguments::tree();
        tree.build();
        tree.clone().debug_assert();
        let mut open = vec![&tree];
        let mut leaves = 0;
        while let Some(command) = open.pop() {
            let children: Vec<_> =
                command.get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help").collect();
            if children.is_empty() {
                leaves += 1;
                let example = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(example.contains("tablekeeper "), "`{}` shows no example", command.get_name());
            }
            open.extend(children);
        }
        assert!(leaves >= 5, "only {leaves} commands were checked");
    }
}

//! The `tablekeeper` command line. Parses the arguments, then runs one command. Under the name `bootstrap` it serves a
//! function instead (see [`function`]).
//!
//! Data goes to stdout, everything else to stderr. Exit codes: 0 for success, 1 if the command failed, 2 if the input
//! cannot be used. `plan sync` and `plan prune` exit with 3 if something would change, `diff` if the sides differ,
//! `fleet` if a rule is broken, and `status` if an execution failed.

mod arguments;
mod backup;
mod caller;
mod commands;
mod config;
mod config_file;
mod consent;
mod console;
mod dry_run;
mod event_file;
mod failure;
mod follow;
mod function;
mod item;
mod layout;
mod machines;
mod moment;
mod session;
mod stack;
mod transfer;

use std::process::ExitCode;

fn main() -> ExitCode {
    if function::is_function(std::env::args_os().next()) {
        return function::serve();
    }
    session::without_empty_variables();
    command_line()
}

#[tokio::main]
async fn command_line() -> ExitCode {
    let code = match arguments::Arguments::parse() {
        Ok(arguments) => arguments.act().await.unwrap_or_else(|error| failure::report(&error)),
        Err(code) => code,
    };
    console::end(code)
}

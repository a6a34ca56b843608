//! Adds what clap does not know to its errors: which option takes a name that was given without one.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};

/// The options that name the table of a command, the preferred one first.
const TABLE: [&str; 2] = ["table", "target"];

/// Adds a tip to the error for a table that was given without its option.
pub(super) fn with_option(mut error: Error, tree: &Command, arguments: &[String]) -> Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidArg) else { return error };
    if given.starts_with('-') {
        return error;
    }
    if let Some(option) = option_of_table(command(tree, arguments)) {
        let tip = format!("the table is an option here: --{option} {given}");
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

/// Returns the innermost command that the arguments name.
fn command<'a>(tree: &'a Command, arguments: &[String]) -> &'a Command {
    arguments.iter().fold(tree, |command, name| command.find_subcommand(name).unwrap_or(command))
}

fn option_of_table(command: &Command) -> Option<&'static str> {
    let has = |option: &&str| command.get_arguments().any(|argument| argument.get_long() == Some(option));
    TABLE.into_iter().find(has)
}

#[cfg(test)]
mod tests {
    use crate::arguments::Arguments;

    use super::*;

    fn tip(line: &str) -> String {
        let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let tree = Arguments::tree();
        let error = tree.clone().try_get_matches_from(&arguments).unwrap_err();
        let text = with_option(error, &tree, &arguments).to_string();
        let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: "));
        tip.unwrap_or_default().to_owned()
    }

    #[test]
    fn a_table_without_its_option_gets_the_option() {
        for (line, option) in [
            ("tablekeeper plan prune Movies --keep 3", "table"),
            ("tablekeeper --region eu-west-1 plan prune Movies", "table"),
            ("tablekeeper plan rotate Movies", "table"),
            ("tablekeeper plan sync Movies", "target"),
            ("tablekeeper run export-table Movies", "table"),
            ("tablekeeper executions Movies", "table"),
        ] {
            assert_eq!(tip(line), format!("the table is an option here: --{option} Movies"), "{line}");
        }
        assert_eq!(tip("tablekeeper export Movies other --to out"), "");
        assert!(tip("tablekeeper plan prune --tabel Movies").contains("--table"));
    }
}

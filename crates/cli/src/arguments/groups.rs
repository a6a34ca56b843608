//! Groups the commands in `--help` by what one wants to do.

use std::fmt::Write as _;

use clap::Command;

/// The groups with their commands, in the order of `--help`.
const GROUPS: &[(&str, &[&str])] = &[
    ("Back up", &["fleet", "export", "exports", "snapshot", "backfill", "replay", "adopt"]),
    ("Get back", &["restore", "recover", "import", "history", "diff"]),
    ("Choose a copy", &["copies", "rollback", "pin", "unpin"]),
    ("Run workflows", &["plan", "run", "follow", "status", "executions", "report", "explain"]),
    ("Try and develop", &["demo", "local", "step", "check", "template"]),
    ("Set up the shell", &["completions", "man"]),
];

/// Width of the names.
const WIDTH: usize = 12;

const TEMPLATE: &str =
    "{about-with-newline}\n{usage-heading} {usage}\n\n{before-help}Options:\n{options}{after-help}";

/// Lists the commands in groups instead of one list.
pub(super) fn in_groups(tree: Command) -> Command {
    let list = list(&tree);
    tree.before_help(list).help_template(TEMPLATE)
}

fn list(tree: &Command) -> String {
    let mut list = String::new();
    for (title, names) in GROUPS {
        let _ = writeln!(list, "{title}:");
        for name in *names {
            let about = tree.find_subcommand(name).and_then(Command::get_about);
            let _ = writeln!(list, "  {name:<WIDTH$} {}", about.map(ToString::to_string).unwrap_or_default());
        }
        list.push('\n');
    }
    list
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn every_command_is_in_one_group() {
        let tree = crate::arguments::Arguments::command();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        grouped.sort_unstable();
        let visible = tree.get_subcommands().filter(|command| !command.is_hide_set());
        let mut names: Vec<&str> = visible.map(Command::get_name).collect();
        names.sort_unstable();
        assert_eq!(grouped, names);
    }
}

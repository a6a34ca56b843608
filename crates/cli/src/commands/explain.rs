//! `tablekeeper explain`: prints what an error name means and what to do about it.

use std::process::ExitCode;

use clap::Args;
use contracts::suggestion::closest;

use crate::console;
use crate::console::{Console, Stream};
use crate::failure::Unusable;

/// The page of all errors. The binary contains it, so that it fits the binary's version.
const PAGE: &str = include_str!("../../../../docs/errors.md");

/// Explain an error name, and say what to do about it.
///
/// The names are those in parentheses at the end of an error message, in the `Error` of a failed execution, and in
/// alarms. Without a name, all names are listed. The exit code is 2 if there is no such error.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tablekeeper explain BackupNotFound\n  tablekeeper explain")]
pub(crate) struct Arguments {
    /// The error name, such as `BackupNotFound`.
    name: Option<String>,
}

/// Runs `tablekeeper explain`.
pub(crate) fn act(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Some(name) = &arguments.name else {
        entries().for_each(|(name, _)| console::print_data(name));
        return Ok(ExitCode::SUCCESS);
    };
    let (name, text) = entry_of(name)?;
    let console = Console::new(Stream::Stdout);
    console.line(&console.strong(name));
    console.line(&text);
    Ok(ExitCode::SUCCESS)
}

/// Returns whether there is an entry for this error name.
pub(crate) fn is_known(name: &str) -> bool {
    entries().any(|(known, _)| known == name)
}

/// Returns the entry of an error name, with the name as it is written. Names are compared without regard to case.
fn entry_of(name: &str) -> Result<(&'static str, String), Unusable> {
    let found = entries().find(|(known, _)| known.eq_ignore_ascii_case(name.trim()));
    found.map(|(name, text)| (name, plain(text))).ok_or_else(|| {
        let meant = closest(name, entries().map(|(known, _)| known));
        let advice = match meant {
            Some(meant) => format!("did you mean {meant}?"),
            None => "`tablekeeper explain` lists the names".to_owned(),
        };
        Unusable(format!("there is no error `{name}`; {advice}"))
    })
}

/// Returns each error name with its text, in the order of the page.
fn entries() -> impl Iterator<Item = (&'static str, &'static str)> {
    PAGE.split("\n## ")
        .skip(1)
        .filter_map(|entry| entry.split_once('\n'))
        .map(|(name, text)| (name.trim(), text.trim()))
}

/// Removes the page's link targets, which lead nowhere on a terminal: `[text](target)` becomes `text`.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        let target = after.split_once(')');
        let link = before.rsplit_once('[').zip(target);
        let Some(((before, shown), (_, after))) = link else { break };
        plain.push_str(before);
        plain.push_str(shown);
        rest = after;
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use tablekeeper_core::error_name::ErrorName;

    use super::*;

    #[test]
    fn every_error_name_is_explained() {
        let names: Vec<_> = entries().map(|(name, _)| name).collect();
        assert!(names.len() > 30, "{names:?}");
        for entry in tablekeeper_functions::steps() {
            for name in entry.errors {
                assert!(is_known(name.as_str()), "{name}");
            }
        }
        assert!(!entry_of(ErrorName::TargetTableExists.as_str()).unwrap().1.contains("]("));
    }

    #[test]
    fn an_unknown_name_gets_the_closest() {
        assert_eq!(entry_of("backupnotfound").unwrap(), entry_of("BackupNotFound").unwrap());
        let error = entry_of("BackupNotFund").unwrap_err().to_string();
        assert_eq!(error, "there is no error `BackupNotFund`; did you mean BackupNotFound?");
        let error = entry_of("zzz").unwrap_err().to_string();
        assert_eq!(error, "there is no error `zzz`; `tablekeeper explain` lists the names");
    }

    #[test]
    fn links_lose_their_targets() {
        assert_eq!(plain("see [A](#a) and [B](b.md)."), "see A and B.");
        assert_eq!(plain("`f](x` [no"), "`f](x` [no");
    }
}

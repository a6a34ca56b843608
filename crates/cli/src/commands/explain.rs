//! `tablekeeper explain`: prints what an error name, the end of an execution or an outcome means, and what to do about it.

mod page;

use std::process::ExitCode;

use asl_check::Explanation;
use clap::Args;
use contracts::diagnostic::Code;
use contracts::suggestion::closest;

use crate::console::{Console, Stream};
use crate::failure::Unusable;
use crate::{console, layout};
use page::{Kind, after_ends_of, cells, entries, rows};

/// Explain an error name or the end of an execution, and say what to do about it.
///
/// The names are those in parentheses at the end of an error message, in the `Error` of a failed execution, and in
/// alarms. The end of an execution is the name of its last state. The outcomes of publish-pointer and the codes of
/// `tablekeeper check` are explained, too. Without a name, all names but the codes are listed, each with the
/// first sentence of its explanation. The exit code is 2 if there is no such name.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tablekeeper explain BackupNotFound\n  tablekeeper explain States.Timeout\n  \
                  tablekeeper explain 'Restore Not Started'\n  tablekeeper explain"
)]
pub(crate) struct Arguments {
    /// The name, such as `BackupNotFound`.
    name: Option<String>,
}

/// Runs `tablekeeper explain`.
pub(crate) fn act(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Some(name) = &arguments.name else {
        list().iter().for_each(|line| console::print_data(line));
        return Ok(ExitCode::SUCCESS);
    };
    let (name, text) = explanation(name)?;
    let console = Console::new(Stream::Stdout);
    console.line(&console.strong(name));
    shown(&text, layout::width()).iter().for_each(|line| console.line(line));
    Ok(ExitCode::SUCCESS)
}

/// Returns whether this is the name of an error, and not of an end or an outcome.
pub(crate) fn is_known(name: &str) -> bool {
    let of_aws = || rows().filter(|row| row.kind == Kind::ErrorOfAws).flat_map(|row| row.names());
    entries().map(|(known, _)| known).chain(of_aws()).any(|known| known == name)
}

/// Returns every name with the first sentence of its explanation.
fn list() -> Vec<String> {
    let mut names: Vec<&str> = names().collect();
    names.sort_unstable();
    names.dedup();
    let widest = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    names.into_iter().map(|name| format!("{name:widest$}  {}", in_short(name))).collect()
}

/// Returns the first sentence of an explanation. Of an end that several workflows have, returns the workflows.
fn in_short(name: &str) -> String {
    let outcome = rows().find_map(|row| match row.kind {
        Kind::Outcome(step) if row.names().any(|known| known == name) => Some((step, row.text)),
        _ => None,
    });
    if let Some((step, text)) = outcome {
        return format!("Outcome of {step}: {}", first_sentence(&plain(text)));
    }
    let ends = rows().filter(|row| row.names().any(|known| known == name));
    let ends: Vec<_> = ends.filter_map(|row| row.workflow().map(|workflow| (workflow, row.text))).collect();
    match ends.as_slice() {
        [] => first_sentence(&explanation(name).map(|(_, text)| text).unwrap_or_default()),
        [(workflow, text)] => format!("End of {workflow}: {}", first_sentence(&plain(text))),
        several => {
            let workflows: Vec<&str> = several.iter().map(|(workflow, _)| *workflow).collect();
            format!("End of {}.", workflows.join(", "))
        }
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    entries().map(|(name, _)| name).chain(rows().flat_map(|row| row.names()))
}

/// Returns the explanation of a name, with the name as it is written. Names are compared without regard to case.
fn explanation(name: &str) -> Result<(&'static str, String), Unusable> {
    let wanted = name.trim();
    if let Some((name, text)) = entries().find(|(known, _)| known.eq_ignore_ascii_case(wanted)) {
        return Ok((name, plain(text)));
    }
    let found = rows().flat_map(|row| row.names().map(move |name| (name, row)));
    let found: Vec<_> = found.filter(|(known, _)| known.eq_ignore_ascii_case(wanted)).collect();
    let Some((name, _)) = found.first() else {
        if let Some(explanation) = Code::parse(wanted).and_then(Explanation::of) {
            return Ok((explanation.code.as_str(), plain(explanation.text)));
        }
        let codes = Code::ALL.iter().map(|code| code.as_str());
        let advice = match closest(wanted, names().chain(codes)) {
            Some(meant) => format!("did you mean {meant}?"),
            None => "`tablekeeper explain` lists the names".to_owned(),
        };
        return Err(Unusable(format!("there is no error `{name}`; {advice}")));
    };
    let texts = found.iter().map(|(_, row)| match row.kind {
        Kind::End(workflow) => format!("The end of an execution of {workflow}: {}.", plain(row.text)),
        Kind::Outcome(step) => format!("An outcome of {step}: {}.", plain(row.text)),
        Kind::ErrorOfAws => plain(row.text),
    });
    let mut text = texts.collect::<Vec<_>>().join("\n");
    let workflows: Vec<&str> = found.iter().filter_map(|(_, row)| row.workflow()).collect();
    if !workflows.is_empty() && *name != "Complete" {
        text.push_str("\nIts error says why; `tablekeeper explain ERROR` explains that.");
        for workflow in workflows.iter().filter(|workflow| !after_ends_of(workflow).is_empty()) {
            let of_workflow = if workflows.len() > 1 { format!("{workflow}: ") } else { String::new() };
            text.push_str(&format!(
                "\n\n{of_workflow}{}",
                plain(after_ends_of(workflow)).replace(", too,", "")
            ));
        }
    }
    Ok((name, text))
}

/// Returns the text of an entry as lines, its tables in columns.
fn shown(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut table: Vec<Vec<String>> = Vec::new();
    for line in text.lines().chain([""]) {
        match cells(line) {
            Some(cells) if cells.iter().all(|cell| cell.trim_matches(['-', ':']).is_empty()) => {}
            Some(cells) => table.push(cells.into_iter().map(str::to_owned).collect()),
            None => {
                lines.append(&mut layout::table(&table, width));
                table.clear();
                // A row of a table has no breaks. An entry has, and its lists and commands stay as they are.
                match line.chars().count() > layout::DEFAULT_WIDTH {
                    true => lines.append(&mut layout::wrapped(line, width)),
                    false => lines.push(line.to_owned()),
                }
            }
        }
    }
    lines.pop();
    lines
}

/// Returns the first sentence of a text, on one line.
fn first_sentence(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let first = text.split_once(". ").map_or(text.as_str(), |(first, _)| first);
    format!("{}.", first.trim_end_matches(['.', ':']))
}

/// Removes what only a Markdown page shows: the targets of links, which lead nowhere on a terminal, and the marks of bold
/// text. `[text](target)` becomes `text`.
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
    plain.replace("**", "")
}

#[cfg(test)]
mod tests;

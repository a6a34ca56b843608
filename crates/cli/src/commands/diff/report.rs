//! Prints the result of a comparison, and writes the file of all differences.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use indicatif::HumanCount;
use item_compare::{Counts, Difference, Kind};
use serde::Serialize;
use serde_json::Value;

use super::Compared;
use super::images::Images;
use super::side::Side;
use crate::console;
use crate::console::{Console, Stream};
use crate::failure::Unusable;
use crate::item::attributes::Item;
use crate::item::difference;

/// The result, as `--json` prints it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    expected: SideReport,
    found: SideReport,
    equal: u64,
    missing: u64,
    extra: u64,
    changed: u64,
    /// The first differences.
    differences: Vec<Shown>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SideReport {
    name: String,
    items: u64,
    /// Items beyond the first one of their key.
    repeated: u64,
}

/// A difference with its items.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    kind: &'static str,
    key: Value,
    /// Items of a changed key.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<Item>,
}

impl Report {
    pub(super) fn new(
        sides: &[Side; 2],
        items: (u64, u64),
        compared: &Compared,
        [left, right]: &[Images; 2],
    ) -> Report {
        let Counts { equal, missing, extra, changed, repeated_left, repeated_right } = compared.counts;
        let [expected, found] = sides.each_ref().map(|side| side.name.clone());
        let differences = compared.shown.iter().map(|(kind, key)| Shown {
            kind: name_of(*kind),
            key: serde_json::from_slice(key).unwrap_or_default(),
            expected: left.get(key).cloned(),
            found: right.get(key).cloned(),
        });
        Report {
            expected: SideReport { name: expected, items: items.0, repeated: repeated_left },
            found: SideReport { name: found, items: items.1, repeated: repeated_right },
            equal,
            missing,
            extra,
            changed,
            differences: differences.collect(),
        }
    }

    fn different(&self) -> u64 {
        self.missing + self.extra + self.changed
    }
}

/// Prints the result.
pub(super) fn print(report: &Report, json: bool) -> anyhow::Result<()> {
    if json {
        return console::print_json(report);
    }
    let console = Console::new(Stream::Stdout);
    for side in [&report.expected, &report.found].into_iter().filter(|side| side.repeated > 0) {
        console.note(&format!(
            "{} has {} more than once; a key counts as equal only if all of its items are",
            side.name,
            console::counted(side.repeated, "item")
        ));
    }
    if report.different() == 0 {
        let items = console::counted(report.equal, "item");
        let (expected, found) = (&report.expected.name, &report.found.name);
        console.line(&console.good(&format!("equal: {items} in {expected} and in {found}")));
        return Ok(());
    }
    let (expected, found) = (&report.expected.name, &report.found.name);
    let rows = [
        ("equal", report.equal, String::new()),
        ("missing", report.missing, format!("only in {expected}")),
        ("extra", report.extra, format!("only in {found}")),
        ("changed", report.changed, "in both, with other attributes".to_owned()),
    ];
    for (name, count, meaning) in rows {
        console.line(format!("{name:<8}{:>14}  {meaning}", HumanCount(count).to_string()).trim_end());
    }
    let mut before = None;
    for shown in &report.differences {
        if before.replace(shown.kind) != Some(shown.kind) || shown.expected.is_some() {
            console.line("");
        }
        let line = format!("{} {}", shown.kind, shown.key);
        console.line(&match shown.kind {
            "missing" => console.bad(&line),
            "extra" => console.good(&line),
            _ => console.strong(&line),
        });
        if let (Some(expected), Some(found)) = (&shown.expected, &shown.found) {
            let changes = difference::between(Some(expected), found);
            difference::lines(&changes, &console).iter().for_each(|line| console.line(line));
        }
    }
    let left = report.different() - report.differences.len() as u64;
    if left > 0 && !report.differences.is_empty() {
        console.line("");
        console.line(&format!("and {} more: --show shows more, --output FILE writes all", HumanCount(left)));
    }
    Ok(())
}

fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Missing => "missing",
        Kind::Extra => "extra",
        Kind::Changed => "changed",
    }
}

/// A file of all differences.
pub(super) struct Output(Option<(PathBuf, BufWriter<File>, std::io::Result<()>)>);

impl Output {
    /// Creates the file; none without a path.
    pub(super) fn create(path: Option<&Path>) -> anyhow::Result<Output> {
        let Some(path) = path else { return Ok(Output(None)) };
        let file = File::create(path)
            .with_context(|| Unusable(format!("--output is {}, which cannot be written", path.display())))?;
        Ok(Output(Some((path.to_owned(), BufWriter::new(file), Ok(())))))
    }

    /// Writes a difference. [`Output::finish`] reports an error.
    pub(super) fn write(&mut self, difference: Difference<'_>) {
        let Some((_, file, result)) = &mut self.0 else { return };
        if result.is_ok() {
            // The key is JSON already.
            let key = String::from_utf8_lossy(difference.key);
            *result = writeln!(file, r#"{{"kind":"{}","key":{key}}}"#, name_of(difference.kind));
        }
    }

    /// Writes the rest of the file.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        let Some((path, mut file, result)) = self.0 else { return Ok(()) };
        result.and_then(|()| file.flush()).with_context(|| format!("cannot write {}", path.display()))
    }
}

//! Findings that are known: a project can be checked from the first day, and only what is new is reported.
//!
//! A finding is known by its file, its code and its pointer, not by its line, so that it stays known when other parts of
//! the file change.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use contracts::document::Document;
use serde::{Deserialize, Serialize};

use crate::check::{Checked, Run};
use crate::{Arguments, Unusable, read};

/// The version of the file's form.
const VERSION: u32 = 1;

/// The file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Baseline {
    version: u32,
    /// By file, below the directory of the baseline, and by code: the pointers.
    findings: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// Writes the findings of a run. Returns a line that says so.
pub(crate) fn write(path: &Path, run: &Run) -> Result<String, Unusable> {
    let folder = folder(path);
    let mut baseline = Baseline { version: VERSION, findings: BTreeMap::new() };
    let mut findings = 0;
    for Checked { document, report, .. } in &run.checked {
        for finding in &report.diagnostics {
            let codes = baseline.findings.entry(key(document, &folder)).or_default();
            codes.entry(finding.code.to_string()).or_default().push(finding.pointer.clone());
            findings += 1;
        }
    }
    let refused = |problem: String| Unusable(format!("{} cannot be written: {problem}", path.display()));
    let text = serde_json::to_string_pretty(&baseline).map_err(|error| refused(error.to_string()))?;
    std::fs::write(path, format!("{text}\n")).map_err(|error| refused(error.to_string()))?;
    Ok(format!("{} in {}", crate::output::counted(findings, "finding"), path.display()))
}

/// Leaves the known findings out of a run. The arguments name the baseline, or the configuration of each file.
pub(crate) fn apply(run: &mut Run, arguments: &Arguments) -> Result<(), Unusable> {
    let mut loaded: BTreeMap<PathBuf, Baseline> = BTreeMap::new();
    let mut named: Vec<PathBuf> = run.checked.iter().filter_map(|file| file.baseline.clone()).collect();
    if let Some(path) = &arguments.baseline {
        named = vec![path.clone()];
    }
    for path in named {
        if let Entry::Vacant(vacant) = loaded.entry(path) {
            let baseline = load(vacant.key())?;
            vacant.insert(baseline);
        }
    }
    for Checked { document, report, baseline, .. } in &mut run.checked {
        let path = arguments.baseline.as_ref().or(baseline.as_ref());
        let Some((path, baseline)) = path.and_then(|path| Some((path, loaded.get_mut(path)?))) else {
            continue;
        };
        let Some(codes) = baseline.findings.get_mut(&key(document, &folder(path))) else { continue };
        let before = report.diagnostics.len();
        report.diagnostics.retain(|finding| {
            let pointers = codes.get_mut(finding.code.as_str());
            let at = pointers.as_ref().and_then(|all| all.iter().position(|one| *one == finding.pointer));
            match (pointers, at) {
                (Some(pointers), Some(at)) => {
                    pointers.remove(at);
                    false
                }
                _ => true,
            }
        });
        run.known += before - report.diagnostics.len();
        run.gone += codes.values().map(Vec::len).sum::<usize>();
    }
    Ok(())
}

fn load(path: &Path) -> Result<Baseline, Unusable> {
    let refused =
        |problem: String| Unusable(format!("the baseline {} cannot be used: {problem}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    let baseline: Baseline = serde_json::from_str(&text).map_err(|error| refused(error.to_string()))?;
    if baseline.version != VERSION {
        return Err(refused(format!("its version is {}, not {VERSION}; write it again", baseline.version)));
    }
    Ok(baseline)
}

fn folder(path: &Path) -> PathBuf {
    read::normal(path).parent().map(Path::to_owned).unwrap_or_default()
}

/// Returns the name of a file or of a part of one, as it is on every machine.
fn key(document: &Document, folder: &Path) -> String {
    let path = read::normal(Path::new(document.file()));
    let below = path.strip_prefix(folder).unwrap_or(&path);
    let names: Vec<_> = below.iter().map(|name| name.to_string_lossy()).collect();
    let part = document.part().map(|part| format!("#{part}")).unwrap_or_default();
    format!("{}{part}", names.join("/"))
}

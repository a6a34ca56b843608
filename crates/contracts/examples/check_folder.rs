//! Checks every `*.json` below a folder as a definition, with no schema at all, and prints one line per finding:
//! file, severity, code, pointer and message, separated by tabs. Use it to measure the check on definitions of others.
//!
//!     cargo run -p contracts --example check_folder -- <folder>
#![expect(clippy::print_stdout, reason = "the result of this program is its output")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use contracts::contract::{Contracts, TaskContract};
use contracts::document::Document;
use serde_json::Value;

struct Nothing;

impl Contracts for Nothing {
    fn task(&self, _resource: &str, _function: Option<&str>) -> Option<Arc<TaskContract>> {
        None
    }

    fn machine_input(&self, _state_machine: &str) -> Option<Value> {
        None
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("name a folder")?);
    let mut all = Vec::new();
    files(&folder, &mut all)?;
    all.sort();
    for path in all {
        let name = path.strip_prefix(&folder)?.display().to_string();
        match Document::parse(&name, std::fs::read_to_string(&path)?) {
            Err(unusable) => println!("{name}\tunreadable\t\t\t{unusable}"),
            Ok(document) => {
                for finding in contracts::check(&document, &Nothing, None, None, None).diagnostics {
                    let message = finding.message.replace(['\n', '\t'], " ");
                    println!(
                        "{name}\t{}\t{}\t{}\t{message}",
                        finding.severity, finding.code, finding.pointer
                    );
                }
            }
        }
    }
    Ok(())
}

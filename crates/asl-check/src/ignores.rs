//! Findings that a comment ignores: `check:ignore CODE[,CODE] reason` in the `Comment` of a state, which is for that state
//! alone, or of the state machine, which is for the whole definition.

use contracts::diagnostic::{Code, Diagnostic};
use contracts::document::Document;
use contracts::machine::{Machine, State};

use crate::arguments;

/// What begins an ignore.
const MARK: &str = "check:ignore";

/// One ignored code.
#[derive(Debug)]
pub(crate) struct Ignore {
    /// The state that it is for; empty for the whole definition.
    holder: String,
    pub(crate) pointer: String,
    pub(crate) code: Code,
    pub(crate) is_used: bool,
}

/// The ignores of a definition.
#[derive(Debug, Default)]
pub(crate) struct Ignores {
    pub(crate) all: Vec<Ignore>,
    /// Findings about ignores that cannot be understood.
    pub(crate) refused: Vec<Diagnostic>,
    states: Vec<String>,
}

impl Ignores {
    /// Reads the comments of a definition.
    pub(crate) fn read(document: &Document) -> Ignores {
        let mut ignores = Ignores::default();
        let Some(machine) = Machine::parse(document.value()) else { return ignores };
        let comment = machine.value.get("Comment").and_then(|comment| comment.as_str());
        ignores.add("", "/Comment", comment.unwrap_or_default());
        let machines = machine.with_nested();
        for state in machines.iter().flat_map(Machine::states) {
            let State { pointer, .. } = &state;
            let comment = state.field("Comment").and_then(|comment| comment.as_str());
            ignores.add(pointer, &state.at("Comment"), comment.unwrap_or_default());
            ignores.states.push(pointer.clone());
        }
        ignores
    }

    fn add(&mut self, holder: &str, pointer: &str, comment: &str) {
        for text in comment.split(MARK).skip(1) {
            let mut refuse = |message: String| {
                let form = format!("`{MARK} CODE reason`, or several codes with commas between them");
                self.refused.push(Diagnostic::new(Code::UnusedIgnore, pointer, message).expected(form));
            };
            let (codes, reason) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
            if !reason.contains(char::is_alphanumeric) {
                refuse(format!("{MARK} {codes} gives no reason"));
                continue;
            }
            for code in codes.split(',').filter(|code| !code.is_empty()) {
                match arguments::code(code) {
                    Ok(code) => self.all.push(Ignore {
                        holder: holder.to_owned(),
                        pointer: pointer.to_owned(),
                        code,
                        is_used: false,
                    }),
                    Err(problem) => refuse(problem),
                }
            }
        }
    }

    /// Returns whether a finding is ignored, and notes which ignore it used.
    pub(crate) fn cover(&mut self, finding: &Diagnostic) -> bool {
        let state = self.innermost(&finding.pointer).map(str::to_owned);
        let applies = |ignore: &&mut Ignore| {
            let is_here = ignore.holder.is_empty() || Some(&ignore.holder) == state.as_ref();
            ignore.code == finding.code && is_here
        };
        let mut is_covered = false;
        for ignore in self.all.iter_mut().filter(applies) {
            ignore.is_used = true;
            is_covered = true;
        }
        is_covered
    }

    /// Returns the innermost state that a pointer leads into. The comment of a Map is not for the states in it.
    fn innermost(&self, pointer: &str) -> Option<&str> {
        let around = |state: &&String| {
            pointer.strip_prefix(state.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.states.iter().filter(around).max_by_key(|state| state.len()).map(String::as_str)
    }
}

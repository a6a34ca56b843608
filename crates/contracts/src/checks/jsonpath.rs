//! Checks of JSONPath states: their fields, their paths and templates, and the rules of a Choice.
//!
//! What a JSONPath state produces is not typed. What Step Functions refuses when the definition is created or updated,
//! and what certainly fails an execution, is checked all the same.

mod choice;
mod fields;
mod paths;
mod templates;

use serde_json::{Map, Value};

use crate::diagnostic::{Code, Diagnostic};
use crate::jsonpath::{Path, Query, has_placeholder};
use crate::machine::{Kind, State, join};

pub(crate) use templates::reads;

/// Checks one state.
pub(crate) fn state(state: &State<'_>) -> Vec<Diagnostic> {
    let Some(kind) = state.kind() else { return Vec::new() };
    let mut found = fields::check(state, kind);
    found.extend(choice::check(state));
    found.extend(paths::check(state));
    found.extend(templates::check(state));
    if kind == Kind::Map {
        found.extend(super::map::of_any_language(state));
    }
    found
}

/// Returns the fields that JSONPath gives a type of state, for the check of unknown ones.
pub(crate) use fields::of_kind;

fn invalid(pointer: String, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::SchemaValidationFailed, pointer, message)
}

/// Parses the path in a field. `None` means that it cannot be known: there is none, or it has a placeholder.
fn path(holder: &Map<String, Value>, field: &str) -> Option<Result<Path, String>> {
    let text = holder.get(field)?.as_str()?;
    (!has_placeholder(text)).then(|| Path::parse(text))
}

/// Returns the finding that a text is no path. A call of a function is none either.
fn not_a_path(pointer: String, text: &str, reason: &str) -> Diagnostic {
    let reason = if text.trim_start().starts_with("States.") { "a call is not allowed here" } else { reason };
    let message = format!("`{}` is not a path: {reason}", shortened(text));
    Diagnostic::new(Code::InvalidJsonpath, pointer, message)
}

/// Returns the finding that a text is no path and no call.
fn not_a_query(pointer: String, text: &str, reason: &str) -> Diagnostic {
    let code = match text.trim_start().starts_with('$') {
        true => Code::InvalidJsonpath,
        false if text.trim_start().starts_with("States.") => Code::InvalidIntrinsicFunction,
        false => Code::InvalidJsonpath,
    };
    let what = if code == Code::InvalidJsonpath { "a path" } else { "a call of an intrinsic function" };
    Diagnostic::new(code, pointer, format!("`{}` is not {what}: {reason}", shortened(text)))
}

/// Returns a text with at most 80 letters, for a message.
fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Checks what a path or a call reads of the context object.
fn context(query: &Query, pointer: &str, state: &State<'_>) -> Vec<Diagnostic> {
    query.paths().into_iter().filter_map(|path| paths::context(path, pointer, state)).collect()
}

/// Returns the pointer of a member of a holder.
fn at(pointer: &str, field: &str) -> String {
    join(pointer, field)
}

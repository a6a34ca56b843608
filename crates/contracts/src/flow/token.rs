//! Checks that a task that waits for a callback passes its token on.

use serde_json::Value;

use super::context::passes_token;
use crate::diagnostic::{Code, Diagnostic};
use crate::machine::State;

/// Reports a task that waits for a callback but gives nobody the token to call back with.
pub(super) fn check(state: &State<'_>) -> Option<Diagnostic> {
    let arguments = state.field("Arguments");
    if arguments.is_some_and(passes_token) || arguments.is_some_and(holds_placeholder) {
        return None;
    }
    let message = format!(
        "\"{}\" waits for a callback, but its Arguments do not pass on the token that a callback needs",
        state.name
    );
    let finding = Diagnostic::new(Code::MissingTaskToken, state.at("Arguments"), message);
    Some(finding.help("pass `{% $states.context.Task.Token %}` to whatever calls SendTaskSuccess"))
}

/// Returns whether the arguments as a whole are replaced when the definition is deployed.
fn holds_placeholder(arguments: &Value) -> bool {
    arguments.as_str().is_some_and(|text| text.starts_with("${"))
}

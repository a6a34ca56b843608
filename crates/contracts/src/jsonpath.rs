//! Reads JSONPath as Step Functions has it: paths, reference paths and intrinsic functions.
//!
//! Nothing here evaluates. A path is read to check that Step Functions accepts it, and to know which variables and
//! which fields of the context object it reads.

mod intrinsic;
mod path;
mod scan;

pub use intrinsic::{Argument, Call};
pub use path::{Path, Root, Step};

/// What the value of a field whose name ends with `.$` is.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// A path.
    Path(Path),
    /// A call of an intrinsic function.
    Call(Call),
}

impl Query {
    /// Parses a path or a call. The error says what is wrong.
    pub fn parse(text: &str) -> Result<Query, String> {
        let text = text.trim();
        if text.starts_with('$') {
            Path::parse(text).map(Query::Path)
        } else {
            Call::parse(text).map(Query::Call)
        }
    }

    /// Returns all paths, including those in the arguments of a call.
    pub fn paths(&self) -> Vec<&Path> {
        match self {
            Query::Path(path) => vec![path],
            Query::Call(call) => call.paths(),
        }
    }
}

/// Returns whether a text has a `${Placeholder}`. What replaces it is not known, so the text is not parsed.
pub fn has_placeholder(text: &str) -> bool {
    text.contains("${")
}

/// Returns whether a text looks like a path or a call. Use it for texts that are not evaluated.
pub fn looks_like_query(text: &str) -> bool {
    let is_path = ["$.", "$$.", "$[", "$$["].iter().any(|start| text.starts_with(start));
    let is_call = text.starts_with("States.") && text.ends_with(')');
    (is_path || is_call) && Query::parse(text).is_ok()
}

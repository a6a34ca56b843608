//! Asks before something is replaced, deleted or undone.

use anyhow::bail;

use crate::console;
use crate::failure::Unusable;

/// The answer was no. It is not an error of the command, and is printed without `error:`. The exit code is 1.
#[derive(Debug, thiserror::Error)]
#[error("nothing was changed")]
pub(crate) struct Declined;

/// Asks a question. Fails with [`Declined`] if the answer is no. Without a question, or without a terminal, fails with
/// [`Unusable`] and this reason.
pub(crate) fn require(question: Option<&str>, reason: impl FnOnce() -> String) -> anyhow::Result<()> {
    match question.map(console::ask).transpose()?.flatten() {
        Some(true) => Ok(()),
        Some(false) => bail!(Declined),
        None => bail!(Unusable(reason())),
    }
}

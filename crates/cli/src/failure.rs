//! Reports a failure: one line on stderr, and the exit code.

use std::{error::Error, fmt, process::ExitCode};

use anyhow::anyhow;
use aws_sdk_sfn::error::{ProvideErrorMetadata, SdkError};

use crate::console;

/// Marks an error as unusable input (exit code 2) instead of a failed command (exit code 1). Return it as the error
/// itself, or add it as context.
#[derive(Debug)]
pub(crate) struct Unusable(pub(crate) String);

impl fmt::Display for Unusable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Error for Unusable {}

/// Prints the error on stderr and returns its exit code.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    console::print_error(&sentence(error));
    ExitCode::from(if error.downcast_ref::<Unusable>().is_some() { 2 } else { 1 })
}

/// Joins the chain of causes in one line. Skips a cause that the text before it already contains.
pub(crate) fn sentence(error: &anyhow::Error) -> String {
    let mut reported = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if reported.is_empty() {
            reported = cause;
        } else if !reported.contains(&cause) {
            reported = format!("{reported}: {cause}");
        }
    }
    reported
}

/// Turns an error of an AWS client into a sentence: AWS's message and error code if there is a response, or else the
/// innermost cause.
pub(crate) fn aws<E>(call: &str) -> impl FnOnce(SdkError<E>) -> anyhow::Error
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    move |error| {
        let Some(refusal) = error.as_service_error() else {
            return anyhow!("{call} got no usable response: {}", innermost(&error));
        };
        match (refusal.code(), refusal.message()) {
            (Some(code), Some(message)) if !message.is_empty() => {
                anyhow!("{call} was refused: {message} ({code})")
            }
            (Some(code), _) => anyhow!("{call} was refused: {code}"),
            (None, _) => anyhow!("{call} was refused: {}", innermost(&error)),
        }
    }
}

fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use anyhow::{Context as _, anyhow};

    use super::{Unusable, sentence};

    #[test]
    fn a_chain_is_one_sentence_without_repetition() {
        let error =
            anyhow!("the disk is full").context("cannot write x: the disk is full").context("no state");
        assert_eq!(sentence(&error), "no state: cannot write x: the disk is full");
    }

    #[test]
    fn unusable_input_is_recognised_as_error_and_as_context() {
        let as_error = anyhow::Error::new(Unusable("no".into())).context("outer");
        assert!(as_error.downcast_ref::<Unusable>().is_some());
        let as_context = Err::<(), _>(anyhow!("inner")).context(Unusable("no".into())).unwrap_err();
        assert!(as_context.downcast_ref::<Unusable>().is_some());
        assert_eq!(sentence(&as_context), "no: inner");
    }
}

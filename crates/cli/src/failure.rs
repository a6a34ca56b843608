//! How a failure is told: one sentence chain on stderr, and the exit code that fits it.

use std::{error::Error, fmt, process::ExitCode};

use anyhow::anyhow;
use aws_sdk_sfn::error::{ProvideErrorMetadata, SdkError};

use crate::console;

/// Marks an error as the caller's input being unusable (exit code 2), as against the thing asked
/// for having failed (exit code 1). Return it as the error itself or add it as context.
#[derive(Debug)]
pub(crate) struct Unusable(pub(crate) String);

impl fmt::Display for Unusable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Error for Unusable {}

/// Prints the error on stderr and returns the exit code that goes with it.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    console::print_error(&sentence(error));
    ExitCode::from(if error.downcast_ref::<Unusable>().is_some() { 2 } else { 1 })
}

/// The whole chain in one line. A cause that the sentence before it has already quoted is left out.
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

/// Turns what an AWS client reports into a sentence: AWS's own words and error name when it
/// answered, the innermost reason when no answer came.
pub(crate) fn aws<E>(call: &str) -> impl FnOnce(SdkError<E>) -> anyhow::Error
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    move |error| {
        let Some(refusal) = error.as_service_error() else {
            return anyhow!("{call} got no usable answer: {}", innermost(&error));
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

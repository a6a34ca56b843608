//! Reports a failure: one line on stderr, a line of help, and the exit code.

mod help;

use std::{error::Error, fmt, process::ExitCode};

use aws_sdk_sfn::error::{ProvideErrorMetadata, SdkError};
use tablekeeper_core::aws::failure::AwsFailure;

use crate::consent::Declined;
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

/// Prints the error on stderr, with the command that helps if there is one, and returns its exit code.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if error.downcast_ref::<Declined>().is_some() {
        console::print_always(&error.to_string());
        return ExitCode::FAILURE;
    }
    let sentence = sentence(error);
    let is_input = error.downcast_ref::<Unusable>().is_some();
    match help::place_of_bucket(&sentence) {
        Some(place) => console::print_error(&format!("{sentence}; {place}")),
        None => console::print_error(&sentence),
    }
    // The sentence about an unusable input says itself what would be right.
    if let Some(help) = help::of(&sentence).filter(|_| !is_input) {
        console::print_help(&help);
    }
    ExitCode::from(if is_input { 2 } else { 1 })
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

/// Turns a failed AWS call into an error. `action` is the call's IAM action, such as `states:StartExecution`.
pub(crate) fn aws<E>(action: &'static str) -> impl FnOnce(SdkError<E>) -> anyhow::Error
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    move |error| AwsFailure::from_call(action)(error).into()
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

//! The process of a function. It runs the step that the function's `Handler` names.

use std::sync::Arc;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use tablekeeper_core::aws::clients::Clients;
use tablekeeper_core::error_name::ErrorName;
use tracing::Instrument;

use crate::log;
use crate::step::{AnyStep, Failure};

/// Serves the invocations of one function until Lambda ends the process.
///
/// Call it in a runtime with a single thread: a function handles one invocation at a time.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    #[expect(
        clippy::disallowed_methods,
        reason = "Lambda passes the handler and the log settings in the environment"
    )]
    let variable = |name| std::env::var(name).unwrap_or_default();
    let (format, level) = (variable("AWS_LAMBDA_LOG_FORMAT"), variable("AWS_LAMBDA_LOG_LEVEL"));
    let log = log::Settings { format: &format, level: &level }.dispatch(std::io::stdout);
    tracing::dispatcher::set_global_default(log)?;
    let handler = variable("_HANDLER");
    // A step that cannot be built fails each invocation with an error name. A state machine and a dead-letter queue see
    // that name; they would not see a function that does not start.
    let step = Arc::new(build(&handler).await);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let (step, handler) = (Arc::clone(&step), handler.clone());
        async move {
            let execution = event.payload.get("executionArn").and_then(Value::as_str).unwrap_or_default();
            let span = tracing::info_span!("step", step = %handler, execution);
            let payload = event.payload;
            let run = async {
                match step.as_ref() {
                    Ok(step) => step.run_json(payload).await,
                    Err(failure) => Err(failure.clone()),
                }
                .inspect_err(|failure| tracing::error!(name = %failure.name, "{}", failure.message))
            };
            run.instrument(span).await.map_err(Diagnostic::from)
        }
    }))
    .await
}

async fn build(handler: &str) -> Result<Box<dyn AnyStep>, Failure> {
    let entry = crate::step(handler).ok_or_else(|| Failure {
        name: ErrorName::InvalidConfiguration,
        message: format!("there is no step `{handler}`; the function's Handler must be the name of a step"),
    })?;
    (entry.build)(&Clients::from_environment(entry.name).await)
}

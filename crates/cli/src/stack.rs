//! Reads a deployed stack from CloudFormation.

use anyhow::{Context as _, bail};
use aws_config::SdkConfig;
use aws_sdk_cloudformation::error::ProvideErrorMetadata as _;
use aws_sdk_cloudformation::types::Stack;
use tablekeeper_core::aws::clients::Clients;

use crate::{failure, session};

/// Returns the Region, and the endpoint if it is not AWS's own, for messages. Fails with [`failure::Unusable`] if there is no
/// Region.
pub(crate) fn place(config: &SdkConfig) -> anyhow::Result<String> {
    if config.region().is_none() {
        bail!(session::no_region());
    }
    Ok(Clients::new(config.clone()).place())
}

/// Finds a stack by name. `or` is the advice in the error if there is none.
pub(crate) async fn find(config: &SdkConfig, name: &str, or: &str) -> anyhow::Result<Stack> {
    let place = place(config)?;
    let found = aws_sdk_cloudformation::Client::new(config).describe_stacks().stack_name(name).send().await;
    let found = match found {
        // CloudFormation reports a missing stack as a ValidationError with this text.
        Err(error) if error.message().is_some_and(|text| text.contains("does not exist")) => {
            bail!("stack {name} does not exist {place}; {or}")
        }
        found => found
            .map_err(failure::aws("cloudformation:DescribeStacks"))
            .with_context(|| format!("cannot describe stack {name} {place}"))?,
    };
    let first = found.stacks.unwrap_or_default().into_iter().next();
    first.with_context(|| format!("stack {name} does not exist {place}; {or}"))
}

/// Returns the value of an output.
pub(crate) fn output<'a>(stack: &'a Stack, key: &str) -> Option<&'a str> {
    stack.outputs().iter().find(|output| output.output_key() == Some(key))?.output_value()
}

/// Returns the value of a parameter, which may be its default.
pub(crate) fn parameter<'a>(stack: &'a Stack, key: &str) -> Option<&'a str> {
    stack.parameters().iter().find(|parameter| parameter.parameter_key() == Some(key))?.parameter_value()
}

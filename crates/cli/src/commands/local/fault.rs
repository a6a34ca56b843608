//! `local fault`: makes AWS calls of a running stack fail, to rehearse what an operator does about it.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use aws_config::SdkConfig;
use aws_sdk_s3::config::ProvideCredentials as _;
use clap::{ArgGroup, Args};
use contracts::suggestion::closest;
use local_aws::{FaultKind, InjectedFault, ListedFault, RemoteFaults};

use super::state::Instance;
use crate::console;

/// Make AWS calls of the local stack fail until the faults are cleared.
///
/// A fault applies to the calls of every step and every client in one account: that of the AWS environment, or that of
/// `local up` if AWS_ENDPOINT_URL is not set. Each attempt of a retried call counts as a call. An action has one fault: a
/// further one replaces it.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("what").required(true),
    after_help = "Example:\n  tablekeeper local fault --deny ssm:PutParameter\n  tablekeeper local fault --throttle \
                  dynamodb:DescribeTable --times 3\n  tablekeeper local fault --clear"
)]
pub(crate) struct Arguments {
    /// Deny the calls of this IAM action. They have no effect.
    #[arg(long, value_name = "ACTION", group = "what", value_parser = action)]
    deny: Option<String>,
    /// Throttle the calls of this IAM action. They have no effect.
    #[arg(long, value_name = "ACTION", group = "what", value_parser = action)]
    throttle: Option<String>,
    /// Lose the responses to the calls of this IAM action. They take effect.
    #[arg(long, value_name = "ACTION", group = "what", value_parser = action)]
    lose_response: Option<String>,
    /// Only print the faults.
    #[arg(long, group = "what")]
    list: bool,
    /// Remove all faults.
    #[arg(long, group = "what")]
    clear: bool,
    /// The number of calls that fail. Without it, they fail until the faults are cleared.
    #[arg(long, value_name = "N", conflicts_with_all = ["list", "clear"], value_parser = clap::value_parser!(u32).range(1..))]
    times: Option<u32>,
    /// Print the faults as JSON.
    #[arg(long)]
    json: bool,
}

/// Parses an IAM action.
fn action(text: &str) -> Result<String, String> {
    let is_service = |service: &str| {
        service.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let is_operation = |operation: &str| {
        operation.starts_with(|first: char| first.is_ascii_uppercase())
            && operation.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    match text.split_once(':') {
        Some((service, operation))
            if !service.is_empty() && is_service(service) && is_operation(operation) =>
        {
            Ok(text.to_owned())
        }
        _ => Err("expected an IAM action, such as ssm:PutParameter".to_owned()),
    }
}

pub(crate) async fn act(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let (endpoint, account) = running_stack().await?;
    let faults = RemoteFaults::new(&endpoint, &account);
    let injected = arguments.injected();
    if let Some(InjectedFault { action, .. }) = &injected {
        check_known(action)?;
    }
    let listed = match injected {
        Some(fault) => faults.inject(&fault).await,
        None if arguments.clear => faults.clear().await,
        None => faults.list().await,
    };
    let listed = listed.with_context(|| {
        format!("cannot reach a local stack at {endpoint}; start one with `tablekeeper local up`")
    })?;
    if arguments.json {
        console::print_json(&listed)?;
    } else if listed.is_empty() {
        console::print_data(&format!("no call of account {account} fails by a fault"));
    } else {
        console::print_data(&listed.iter().map(describe).collect::<Vec<_>>().join("\n"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints a note if no template allows the action, so that no step calls it: it is probably misspelt.
fn check_known(action: &str) -> anyhow::Result<()> {
    let folder = local_aws::templates()?.join("infra");
    let mut known = BTreeSet::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let text = std::fs::read_to_string(entry?.path()).unwrap_or_default();
        let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || ":-".contains(letter)));
        known.extend(words.filter(|word| is_action(word)).map(str::to_owned));
    }
    if known.contains(action) {
        return Ok(());
    }
    let meant = closest(action, known.iter().map(String::as_str));
    let advice = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
    console::print_note(&format!("no step may call {action}{advice}"));
    Ok(())
}

fn is_action(word: &str) -> bool {
    word.split_once(':').is_some_and(|(service, operation)| {
        !service.is_empty() && operation.starts_with(|letter: char| letter.is_ascii_uppercase())
    })
}

impl Arguments {
    fn injected(&self) -> Option<InjectedFault> {
        let kinds = [
            (FaultKind::Deny, &self.deny),
            (FaultKind::Throttle, &self.throttle),
            (FaultKind::LoseResponse, &self.lose_response),
        ];
        let (fault, action) = kinds.into_iter().find_map(|(kind, action)| Some((kind, action.clone()?)))?;
        let times = self.times.and_then(|times| usize::try_from(times).ok());
        Some(InjectedFault { fault, action, times })
    }
}

/// Returns endpoint and account of the stack that the AWS environment names, or else of the stack of `local up`.
async fn running_stack() -> anyhow::Result<(String, String)> {
    let environment = crate::session::sdk_config().await;
    if let Some(endpoint) = environment.endpoint_url() {
        return Ok((endpoint.to_owned(), account(&environment).await?));
    }
    let state = Instance::Stack.read()?;
    let state = state.context("no local stack runs; start it with `tablekeeper local up`")?;
    let endpoint = state.endpoint().context("the local stack is still starting")?;
    Ok((endpoint.to_owned(), state.account.clone()))
}

/// Returns the account of a local stack that the credentials select: its access keys are account numbers.
async fn account(environment: &SdkConfig) -> anyhow::Result<String> {
    let advice = "an endpoint is set, but no credentials; run `eval \"$(tablekeeper local up)\"`";
    let provider = environment.credentials_provider().ok_or_else(|| anyhow!(advice))?;
    let credentials = provider.provide_credentials().await.context(advice)?;
    Ok(credentials.access_key_id().to_owned())
}

fn describe(listed: &ListedFault) -> String {
    let ListedFault { injected: InjectedFault { fault, action, times }, hits } = listed;
    let what = match fault {
        FaultKind::Deny => "denied",
        FaultKind::Throttle => "throttled",
        FaultKind::LoseResponse => "response lost",
    };
    let which = match times {
        None => "every call".to_owned(),
        Some(1) => "1 call".to_owned(),
        Some(times) => format!("{times} calls"),
    };
    format!("{action}: {what}, {which}, {hits} so far")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_has_a_service_and_an_operation() {
        for right in ["ssm:PutParameter", "application-autoscaling:PutScalingPolicy", "s3:GetObject"] {
            assert_eq!(action(right).as_deref(), Ok(right));
        }
        for wrong in [
            "PutParameter",
            "ssm:",
            "ssm:putParameter",
            "ssm:*",
            "SSM:PutParameter",
            "ssm:Put Item",
            ":PutItem",
        ] {
            assert!(action(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_fault_is_one_line() {
        let listed = |fault, times, hits| ListedFault {
            injected: InjectedFault { fault, action: "ssm:PutParameter".to_owned(), times },
            hits,
        };
        let lines = [listed(FaultKind::Deny, None, 2), listed(FaultKind::LoseResponse, Some(1), 0)];
        assert_eq!(
            lines.each_ref().map(describe),
            [
                "ssm:PutParameter: denied, every call, 2 so far",
                "ssm:PutParameter: response lost, 1 call, 0 so far"
            ]
        );
    }
}

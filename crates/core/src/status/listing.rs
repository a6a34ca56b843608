//! Lists the executions of a state machine that run, or that may have ended since a time.

use std::collections::HashSet;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata as _;
use aws_sdk_sfn::types::{ExecutionListItem, ExecutionStatus};
use chrono::{DateTime, TimeDelta, Utc};

use super::rates::{LIST, Turns};
use crate::aws::failure::AwsFailure;
use crate::clock::utc_milliseconds;

/// Executions of a page. Step Functions returns at most 1,000 (API reference, ListExecutions).
const PAGE: i32 = 1_000;
/// The most pages that are read of a state machine.
const MOST_PAGES: usize = 3;
/// The longest time that an execution takes. It is the largest `TimeoutSeconds` of this project's state machines.
pub(super) const LONGEST: TimeDelta = TimeDelta::days(14);

/// The executions of a state machine.
#[derive(Debug)]
pub(super) struct Listing {
    /// Executions that run or have ended since, and others.
    pub(super) executions: Vec<ExecutionListItem>,
    /// Whether there may be others that run or have ended since.
    pub(super) is_at_least: bool,
}

/// Lists the executions of a state machine: those that run, and those that ended since a time. The error is a sentence.
pub(super) async fn list(
    sfn: &Client,
    state_machine_arn: &str,
    since: DateTime<Utc>,
    turns: &Turns,
) -> Result<Listing, String> {
    // The list has the newest first. What began before this has ended before `since`, or it runs.
    let begin = since - LONGEST;
    let mut listing = Listing { executions: Vec::new(), is_at_least: false };
    let mut token = None;
    for page in 1..=MOST_PAGES {
        let list = sfn.list_executions().state_machine_arn(state_machine_arn).max_results(PAGE);
        turns.take(LIST).await;
        let listed = list.set_next_token(token).send().await.map_err(refused)?;
        let is_older = |execution: &ExecutionListItem| utc_milliseconds(&execution.start_date) < begin;
        let has_older = listed.executions.iter().any(is_older);
        listing.executions.extend(listed.executions);
        token = listed.next_token;
        if token.is_none() {
            return Ok(listing);
        }
        if has_older {
            break;
        }
        listing.is_at_least = page == MOST_PAGES;
    }
    let list = sfn.list_executions().state_machine_arn(state_machine_arn).max_results(PAGE);
    turns.take(LIST).await;
    let running = list.status_filter(ExecutionStatus::Running).send().await.map_err(refused)?;
    listing.is_at_least |= running.next_token.is_some();
    let known: HashSet<String> =
        listing.executions.iter().map(|execution| execution.execution_arn.clone()).collect();
    let others = running.executions.into_iter().filter(|execution| !known.contains(&execution.execution_arn));
    listing.executions.extend(others);
    Ok(listing)
}

fn refused<E>(error: aws_sdk_sfn::error::SdkError<E>) -> String
where
    E: aws_sdk_sfn::error::ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.code() {
        Some("StateMachineDoesNotExist") => "the state machine does not exist".to_owned(),
        Some("StateMachineTypeNotSupported") => {
            "it is an express workflow, whose executions Step Functions does not list".to_owned()
        }
        _ => AwsFailure::from_call(LIST)(error).to_string(),
    }
}

//! Reads what an execution does now, by the newest events of its history.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata as _;
use aws_sdk_sfn::types::HistoryEvent;
use execution_report::{Activity, DetailedEvent, activities};
use serde_json::Value;

use super::rates::{HISTORY, Turns};
use crate::aws::execution_history::{event, json};
use crate::aws::failure::AwsFailure;

/// Events of a page. A few retries of a task fit in, and the items of a Map.
const PAGE: i32 = 60;
/// The most pages that are read to find the state.
const MOST_PAGES: usize = 3;

/// What an execution does now.
#[derive(Debug)]
pub(super) struct Now {
    pub(super) activities: Vec<Activity>,
    /// Whether there may be other activities, whose events were not read.
    pub(super) may_do_more: bool,
}

/// Reads what an execution does now. The error is a sentence.
pub(super) async fn now(sfn: &Client, arn: &str, definition: &Value, turns: &Turns) -> Result<Now, String> {
    let mut newest: Vec<DetailedEvent> = Vec::new();
    let mut token = None;
    let mut pages = 0;
    loop {
        let history = sfn.get_execution_history().execution_arn(arn).reverse_order(true).max_results(PAGE);
        turns.take(HISTORY).await;
        let page = history.set_next_token(token).send().await.map_err(|error| match error.code() {
            Some("ExecutionDoesNotExist") => "the execution does not exist".to_owned(),
            _ => AwsFailure::from_call(HISTORY)(error).to_string(),
        })?;
        newest.splice(0..0, page.events.iter().rev().map(detailed));
        (token, pages) = (page.next_token, pages + 1);
        let activities = activities(&newest, definition);
        let is_found = activities.iter().all(|activity| activity.state.is_some());
        if token.is_none() || is_found || pages == MOST_PAGES {
            if activities.is_empty() {
                return Err("its history has no event yet".to_owned());
            }
            let is_in_map = activities.iter().any(|activity| !activity.within.is_empty());
            let is_named = activities.iter().all(|activity| activity.state.is_some());
            return Ok(Now { activities, may_do_more: token.is_some() && (is_in_map || !is_named) });
        }
    }
}

fn detailed(of: &HistoryEvent) -> DetailedEvent {
    let assigned = of.state_exited_event_details().and_then(|details| details.assigned_variables());
    let assigned = assigned.into_iter().flatten();
    let submitted = of.task_submitted_event_details().and_then(|details| json(details.output()));
    let nested = submitted.as_ref().and_then(|output| output.get("ExecutionArn")?.as_str());
    let map = of.map_iteration_started_event_details().and_then(|details| details.name());
    DetailedEvent {
        event: event(of),
        input: of.state_entered_event_details().and_then(|details| json(details.input())),
        assigned: assigned.filter_map(|(name, value)| Some((name.clone(), json(Some(value))?))).collect(),
        nested: nested.map(str::to_owned),
        map: map.map(str::to_owned),
    }
}

//! Says a status in words.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::model::{Activity, Doing, Failure, RunningExecution, Status};
use crate::fleet::text::{age, since};
use crate::text::{counted, cut, grouped};

/// Longest cause of a failed try.
const LONGEST_CAUSE: usize = 160;
/// The most lines about what an execution does.
const MOST_LINES: usize = 4;

/// Says what an execution does, a line for each kind of activity.
pub fn doing(execution: &RunningExecution, now: DateTime<Utc>) -> Vec<String> {
    let not_known = |problem: &str| vec![format!("what it does is not known: {problem}")];
    let problem = execution.problem.as_deref();
    let Some(activities) = &execution.activities else { return not_known(problem.unwrap_or("no reason")) };
    // The items of a Map that do the same have one line.
    let mut kinds: Vec<(&Activity, u64)> = Vec::new();
    for activity in activities {
        match kinds.iter_mut().find(|(known, _)| is_alike(known, activity)) {
            Some((_, count)) => *count += 1,
            None => kinds.push((activity, 1)),
        }
    }
    let left_out = kinds.len().saturating_sub(MOST_LINES);
    let lines = kinds.iter().take(MOST_LINES).map(|(activity, count)| match count {
        1 => sentence(activity, now),
        count => format!("{} × {}", grouped(*count), sentence(activity, now)),
    });
    let more = (left_out > 0).then(|| format!("and {left_out} more"));
    let others = (execution.may_do_more).then(|| "what else it does is not known".to_owned());
    let tables = problem.map(|problem| format!("its tables are not known: {problem}"));
    lines.chain(more).chain(others).chain(tables).collect()
}

fn is_alike(one: &Activity, other: &Activity) -> bool {
    let same = std::mem::discriminant(&one.doing) == std::mem::discriminant(&other.doing);
    same && one.state == other.state && one.within == other.within
}

/// Says what a flow does, such as `waits in Wait for Restore until 14:32:10 UTC (in 4 min)`.
pub fn sentence(activity: &Activity, now: DateTime<Utc>) -> String {
    let state = activity.state.as_deref().unwrap_or("a state whose name is not known");
    let place = match activity.within.last() {
        Some(outer) => format!("{state} of {outer}"),
        None => state.to_owned(),
    };
    let for_seconds = age(since(activity.since, now));
    match &activity.doing {
        Doing::Waiting { until: Some(until) } => {
            format!("waits in {place} until {}", with_distance(*until, now))
        }
        Doing::Waiting { until: None } => {
            format!("waits in {place} for {for_seconds}; until when is not known")
        }
        Doing::Running { limit, execution } => {
            let nested = execution.as_deref().map(|arn| format!(", the execution {}", name_of(arn)));
            let limit = limit.map(|limit| format!("; its time limit is {}", with_distance(limit, now)));
            format!(
                "runs {place} for {for_seconds}{}{}",
                nested.unwrap_or_default(),
                limit.unwrap_or_default()
            )
        }
        Doing::Retrying { failed, next, is_latest, failure } => {
            let next = match (next, is_latest) {
                (None, _) => "when is not known".to_owned(),
                (Some(next), false) => format!("at {}", with_distance(*next, now)),
                (Some(next), true) => format!("at the latest at {}", with_distance(*next, now)),
            };
            format!("tries {place} again, {next}; try {failed} failed: {}", why(failure))
        }
        Doing::Failed { failure } => {
            let why = failure.as_ref().map(|failure| format!(": {}", why(failure))).unwrap_or_default();
            format!("a try of {place} failed {for_seconds} ago; whether it is repeated is not known{why}")
        }
        Doing::Moving if activity.state.is_none() => format!("began {for_seconds} ago"),
        Doing::Moving => format!("goes on after {place} for {for_seconds}"),
        Doing::Ended { event } => format!("has ended ({event}) {for_seconds} ago"),
    }
}

/// Says error and cause in one line.
pub fn why(failure: &Failure) -> String {
    let cause = failure.cause.split_whitespace().collect::<Vec<_>>().join(" ");
    match (failure.error.as_str(), cause.is_empty()) {
        ("", true) => "without an error".to_owned(),
        ("", false) => cut(cause, LONGEST_CAUSE),
        (error, true) => error.to_owned(),
        (error, false) => format!("{error}: {}", cut(cause, LONGEST_CAUSE)),
    }
}

/// Says a time, and how far it is: `14:32:10 UTC (in 4 min)`.
fn with_distance(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let distance = if time > now { format!("in {}", age(since(now, time))) } else { "due".to_owned() };
    format!("{} ({distance})", clock(time, now))
}

/// Says a time of the day of `now`, or a date and a time.
pub fn clock(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let format = if time.date_naive() == now.date_naive() { "%H:%M:%S UTC" } else { "%Y-%m-%d %H:%M UTC" };
    time.format(format).to_string()
}

fn name_of(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// Says how many executions run, failed and succeeded.
pub fn summary(status: &Status) -> String {
    let known = || status.machines.iter().filter_map(|machine| machine.executions.as_ref());
    let sum = |of: fn(&super::model::Counts) -> u64| known().map(of).sum::<u64>();
    let at_least = if known().any(|counts| counts.is_at_least) { "at least " } else { "" };
    let begin = clock(status.since, status.read_at);
    let counts = format!(
        "{at_least}{} running; since {begin}, {} failed and {} succeeded",
        grouped(sum(|counts| counts.running)),
        grouped(sum(|counts| counts.not_succeeded())),
        grouped(sum(|counts| counts.succeeded))
    );
    let unread = status.machines.iter().filter(|machine| machine.executions.is_none()).count() as u64;
    match unread {
        0 => counts,
        unread => format!("{counts}; {} not known", counted(unread, "state machine")),
    }
}

/// Says how many executions of each workflow succeeded: `backup-prune 8, export-table 4`. Empty without one.
pub fn succeeded(status: &Status) -> String {
    let mut workflows: BTreeMap<&str, u64> = BTreeMap::new();
    for machine in &status.machines {
        let count = machine.executions.map(|counts| counts.succeeded).unwrap_or_default();
        *workflows.entry(&machine.workflow).or_default() += count;
    }
    let shown = workflows.iter().filter(|(_, count)| **count > 0);
    shown.map(|(workflow, count)| format!("{workflow} {}", grouped(*count))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-12-01T14:28:10Z".parse().unwrap()
    }

    fn activity(doing: Doing) -> Activity {
        let since = now() - TimeDelta::seconds(12);
        Activity { state: Some("Restore Table".to_owned()), within: Vec::new(), since, doing }
    }

    fn in_seconds(seconds: i64) -> Option<DateTime<Utc>> {
        Some(now() + TimeDelta::seconds(seconds))
    }

    #[test]
    fn an_activity_is_a_sentence() {
        let failure = Failure { error: "Busy".to_owned(), cause: "it is\n restored".to_owned() };
        let retrying =
            |next, is_latest| Doing::Retrying { failed: 2, next, is_latest, failure: failure.clone() };
        let execution = Some("arn:aws:states:eu-west-1:1:execution:verify-table:v-1".to_owned());
        for (doing, expected) in [
            (
                Doing::Waiting { until: in_seconds(240) },
                "waits in Restore Table until 14:32:10 UTC (in 4 min)",
            ),
            (Doing::Waiting { until: in_seconds(-2) }, "waits in Restore Table until 14:28:08 UTC (due)"),
            (
                Doing::Waiting { until: in_seconds(100_000) },
                "waits in Restore Table until 2026-12-02 18:14 UTC (in 27 h)",
            ),
            (Doing::Waiting { until: None }, "waits in Restore Table for 12 s; until when is not known"),
            (Doing::Running { limit: None, execution: None }, "runs Restore Table for 12 s"),
            (
                Doing::Running { limit: in_seconds(78), execution },
                "runs Restore Table for 12 s, the execution v-1; its time limit is 14:29:28 UTC (in 1 min)",
            ),
            (
                retrying(in_seconds(20), false),
                "tries Restore Table again, at 14:28:30 UTC (in 20 s); try 2 failed: Busy: it is restored",
            ),
            (
                retrying(in_seconds(20), true),
                "tries Restore Table again, at the latest at 14:28:30 UTC (in 20 s); try 2 failed: Busy: it is restored",
            ),
            (
                retrying(None, false),
                "tries Restore Table again, when is not known; try 2 failed: Busy: it is restored",
            ),
            (
                Doing::Failed { failure: Some(failure.clone()) },
                "a try of Restore Table failed 12 s ago; whether it is repeated is not known: Busy: it is restored",
            ),
            (Doing::Moving, "goes on after Restore Table for 12 s"),
            (
                Doing::Ended { event: "ExecutionSucceeded".to_owned() },
                "has ended (ExecutionSucceeded) 12 s ago",
            ),
        ] {
            assert_eq!(sentence(&activity(doing), now()), expected);
        }
        let began = Activity { state: None, ..activity(Doing::Moving) };
        assert_eq!(sentence(&began, now()), "began 12 s ago");
    }

    #[test]
    fn items_of_a_map_that_do_the_same_are_counted() {
        let of = |state: &str, doing: Doing| Activity {
            state: Some(state.to_owned()),
            within: vec!["Each".to_owned()],
            ..activity(doing)
        };
        let running = || Doing::Running { limit: None, execution: None };
        let mut activities =
            vec![of("Copy", running()), of("Copy", running()), of("Rest", Doing::Waiting { until: None })];
        let execution = |activities: &[Activity], may_do_more| RunningExecution {
            workflow: "w".to_owned(),
            name: "n".to_owned(),
            execution_arn: "a".to_owned(),
            started_at: now(),
            tables: None,
            activities: Some(activities.to_vec()),
            may_do_more,
            problem: None,
        };
        let expected =
            ["2 × runs Copy of Each for 12 s", "waits in Rest of Each for 12 s; until when is not known"];
        assert_eq!(doing(&execution(&activities, false), now()), expected);
        activities.extend(["A", "B", "C"].map(|state| of(state, running())));
        let lines = doing(&execution(&activities, true), now());
        assert_eq!(lines[4..], ["and 1 more", "what else it does is not known"]);
    }
}

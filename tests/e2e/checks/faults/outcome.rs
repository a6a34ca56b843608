//! Checks how a run with a fault ended.

use aws_sdk_sfn::types::HistoryEventType;
use local_aws::{Call, Fault};
use tablekeeper_core::error_name::ErrorName;
use tablekeeper_tests::harness::final_state::FinalState;
use tablekeeper_tests::{Ended, Scenario, Workflow};

use super::cases::Case;

/// The number of attempts of the SDK per call.
const TRIES_OF_THE_SDK: usize = 3;

/// The steps whose failure does not fail a run. The output has a note of their refusal instead.
const BUT_NOTED: &[&str] = &["export-table.capture-settings", "fleet.write-report"];

/// The calls that a step retries itself after the SDK has stopped, or makes concurrently. Each of the concurrent calls
/// meets only some of the faults, so the SDK may recover from all of them.
const MENDED_WITHIN: &[(&str, &str)] = &[
    ("backfill.backfill-segment", "s3:PutObject"),
    ("export-table.export-segment", "dynamodb:Scan"),
    ("export-table.finish-managed-export", "s3:PutObjectTagging"),
    // The step repeats its calls itself, within the rates of AWS.
    ("fleet.write-report", "backup:ListProtectedResources"),
    ("fleet.write-report", "backup:ListRecoveryPointsByResource"),
    ("fleet.write-report", "backup:ListRestoreJobs"),
    ("fleet.write-report", "cloudwatch:GetMetricStatistics"),
    ("fleet.write-report", "dynamodb:DescribeContinuousBackups"),
    ("fleet.write-report", "dynamodb:DescribeExport"),
    ("fleet.write-report", "dynamodb:DescribeTable"),
    ("fleet.write-report", "dynamodb:ListBackups"),
    ("fleet.write-report", "dynamodb:ListExports"),
    ("fleet.write-report", "dynamodb:ListTables"),
    ("fleet.write-report", "dynamodb:ListTagsOfResource"),
    ("fleet.write-report", "lambda:ListEventSourceMappings"),
    ("fleet.write-report", "s3:GetObject"),
    ("fleet.write-report", "s3:ListBucket"),
    ("import-table.import-segment", "dynamodb:BatchWriteItem"),
    // If the step has done something before, it returns with that and is invoked again.
    ("import-table.import-segment", "s3:GetObject"),
    ("replay.replay-objects", "s3:PutObject"),
    // The step reads several versions at a time. If a later one fails for a while, it returns with the earlier ones.
    ("snapshot.snapshot-shard", "s3:GetObject"),
    ("snapshot.snapshot-shard", "s3:GetObjectVersion"),
    ("verify-table.finish-verification", "dynamodb:BatchGetItem"),
    ("verify-table.read-sample", "dynamodb:BatchGetItem"),
    ("verify-table.read-segment", "dynamodb:Scan"),
];

/// The calls after which a step may end its file and begin another one with the next invocation.
const ENDS_ITS_FILE: &[(&str, &str)] =
    &[("snapshot.snapshot-shard", "s3:GetObject"), ("snapshot.snapshot-shard", "s3:GetObjectVersion")];

/// The outcome of a case and the golden run to compare it with.
pub(super) struct Outcome<'a> {
    pub(super) workflow: &'a Workflow,
    pub(super) scenario: &'a Scenario,
    pub(super) case: &'a Case,
    pub(super) golden: &'a Ended,
    pub(super) ended: &'a Ended,
}

impl Outcome<'_> {
    /// Checks how the run with the fault ended.
    pub(super) fn check(&self) -> Result<(), String> {
        let Outcome { ended, golden, scenario, case, .. } = self;
        let faults = ended.calls.iter().filter(|call| call.fault.is_some()).count();
        if case.fault == Fault::Refuse {
            return if faults == 0 { Err("the fault was never met".to_owned()) } else { self.refused_well() };
        }
        if faults != case.times {
            return Err(format!("the fault was met {faults} times"));
        }
        let last = ended.last_state();
        if last != Some(scenario.ends_in) {
            let cause = ended.execution.as_ref().and_then(|execution| execution.cause.as_deref());
            return Err(format!("ended in {last:?} with {:?}: {cause:?}", ended.error()));
        }
        if !ended.dead_letters.is_empty() {
            return Err(format!("left dead letters: {:?}", ended.dead_letters));
        }
        let is_of = |calls: &[(&str, &str)]| {
            let is_this_call = |(step, action): &(&str, &str)| {
                case.call.step.as_deref() == Some(*step) && case.call.action == *action
            };
            calls.iter().any(is_this_call)
        };
        let mended = is_of(MENDED_WITHIN);
        if case.times > TRIES_OF_THE_SDK && self.invoked_by_the_machine() && !mended && !retried(ended) {
            return Err("the state machine did not retry".to_owned());
        }
        let equal = match is_of(ENDS_ITS_FILE) {
            true => ended.state.with_files_together() == golden.state.with_files_together(),
            false => ended.state == golden.state,
        };
        match equal {
            true => Ok(()),
            false => Err(format!("left\n  {:?}\nnot\n  {:?}", ended.state, golden.state)),
        }
    }

    /// Returns whether the state machine invokes the step. `start` runs before it.
    fn invoked_by_the_machine(&self) -> bool {
        self.case.call.step != Some(format!("{}.start", self.workflow.name))
    }

    /// Checks that a refusal ended with an error name and deleted nothing.
    fn refused_well(&self) -> Result<(), String> {
        let Outcome { workflow, scenario, ended, golden, .. } = self;
        self.no_backup_too_many_is_gone()?;
        self.nothing_is_taken_for_an_export()?;
        // The refused call was not necessary: a sync whose change was made but could not be read back is equal too.
        let equal = ended.last_state() == Some(scenario.ends_in) && ended.state == golden.state;
        if workflow.changes_settings_of.is_some() && equal {
            return Ok(());
        }
        let (error, denied) = (ended.error(), ErrorName::AccessDenied.as_str());
        let execution = ended.execution.as_ref();
        let noted = || execution.is_some_and(|execution| execution.output.to_string().contains(denied));
        if self.is_but_noted() && ended.last_state() == Some(scenario.ends_in) && noted() {
            return Ok(());
        }
        let cause = execution.and_then(|execution| execution.cause.as_deref()).unwrap_or_default();
        let reports = workflow.reports_refusals_by.map(ErrorName::as_str);
        let reported = reports.is_some() && error.as_deref() == reports && cause.contains(denied);
        if error.as_deref() != Some(denied) && !reported {
            return Err(format!("ended with {error:?}, not AccessDenied: {cause}"));
        }
        for (name, before) in &ended.before.tables {
            let mut before = before.clone();
            let Some(after) = ended.state.tables.get(name) else {
                return Err(format!("table {name} is gone"));
            };
            if workflow.changes_settings_of == Some(name.as_str()) {
                before.settings.clone_from(&after.settings);
            }
            // Some of what the run would have written may exist. Nothing else may be new, and nothing may be missing.
            let golden_table = golden.state.tables.get(name);
            let golden = golden_table.map(|table| table.items.as_slice()).unwrap_or_default();
            let known = |item: &String| before.items.contains(item) || golden.contains(item);
            let retained = before.items.iter().all(|item| after.items.contains(item));
            if retained && after.items.iter().all(known) {
                before.items.clone_from(&after.items);
            }
            // The tag with the origin of a rotation's own table may exist too.
            if golden_table.is_some_and(|table| table.has_origin_tag) {
                before.has_origin_tag = after.has_origin_tag;
            }
            if *after != before {
                return Err(format!("table {name} is\n  {after:?}\nnot\n  {before:?}"));
            }
        }
        for (name, versions) in &ended.before.parameters {
            if !ended.state.parameters.get(name).is_some_and(|after| after.starts_with(versions)) {
                return Err(format!("parameter {name} lost a version"));
            }
        }
        Ok(())
    }

    /// Checks that a failed scan has no manifest, by which a reader would recognise an export. (DynamoDB's own exports
    /// are complete before they get their tags.)
    fn nothing_is_taken_for_an_export(&self) -> Result<(), String> {
        let Outcome { scenario, ended, .. } = self;
        let objects = &ended.state.objects;
        let has = |end: &str| objects.iter().any(|object| object.key.ends_with(end));
        let failed = ended.before.tables.len() == 1 && ended.last_state() != Some(scenario.ends_in);
        let scanned = objects.iter().any(|object| object.key.contains("/parts/"));
        match failed && scanned && has("manifest-summary.json") {
            true => Err(format!("left a manifest: {objects:?}")),
            false => Ok(()),
        }
    }

    /// Returns whether a refusal of the call costs no more than a note in the output.
    fn is_but_noted(&self) -> bool {
        self.case.call.step.as_deref().is_some_and(|step| BUT_NOTED.contains(&step))
    }

    /// Checks that only a pruning workflow has deleted backups, and only those that it deletes without the refusal too.
    fn no_backup_too_many_is_gone(&self) -> Result<(), String> {
        let Outcome { workflow, golden, ended, case: Case { call, .. }, .. } = self;
        let deletes = |other: &Call| other.action == "dynamodb:DeleteBackup" && other.step == call.step;
        // Pruning does not need the steps of an additional workflow.
        let own = call.step.as_deref().is_some_and(|step| step.starts_with(&format!("{}.", workflow.name)));
        let one_table = ended.before.tables.len() == 1;
        let none_may_go = own && (call.ordinal == 0 || (one_table && !golden.calls.iter().any(deletes)));
        for (table, before) in &ended.before.backups {
            let count = |state: &FinalState, name: &str| {
                state.backups.get(table).and_then(|backups| backups.get(name)).copied().unwrap_or_default()
            };
            let fewer = |(name, had): &(&String, &usize)| count(&ended.state, name) < **had;
            let gone: Vec<&String> = before.iter().filter(fewer).map(|(name, _)| name).collect();
            if gone.is_empty() {
                continue;
            }
            if none_may_go {
                return Err(format!("backups of {table} are gone: {gone:?}"));
            }
            let left = golden.state.backups.get(table).into_iter().flatten();
            let lost: Vec<&String> = left.filter(fewer).map(|(name, _)| name).collect();
            if !lost.is_empty() {
                return Err(format!("backups {gone:?} of {table} are gone, although {lost:?} should remain"));
            }
        }
        Ok(())
    }
}

/// Returns whether a task of the execution failed. It was retried then, because the execution succeeded.
fn retried(ended: &Ended) -> bool {
    let mut history = ended.execution.iter().flat_map(|execution| &execution.history);
    history.any(|event| event.r#type == HistoryEventType::TaskFailed)
}

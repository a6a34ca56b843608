//! Names the stack of a workflow, and its output with the ARN of the state machine.

/// The workflows that the template `incremental` deploys together.
const OF_INCREMENTAL: &[&str] = &["backfill", "replay", "restore-snapshot", "snapshot"];

/// The workflow that the template `rotate-restore` deploys too.
const ROLLBACK: &str = "rollback";

/// Returns the default name of a workflow's stack.
pub(crate) fn stack_name(workflow: &str) -> String {
    let template = match workflow {
        workflow if OF_INCREMENTAL.contains(&workflow) => "incremental",
        ROLLBACK => "rotate-restore",
        workflow => workflow,
    };
    format!("tablekeeper-{template}")
}

/// Returns the output of a workflow's stack that has the ARN of its state machine. In a stack with several state
/// machines, the output has the workflow's name: `BackfillStateMachineArn`.
pub(crate) fn machine_output(workflow: &str) -> String {
    if workflow != ROLLBACK && !OF_INCREMENTAL.contains(&workflow) {
        return "StateMachineArn".to_owned();
    }
    let capitalized = workflow.split('-').map(|word| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        format!("{}{rest}", first.to_uppercase())
    });
    format!("{}StateMachineArn", capitalized.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_with_several_state_machines_has_an_output_for_each() {
        let names = |workflow: &str| (stack_name(workflow), machine_output(workflow));
        let named = |stack: &str, output: &str| (stack.to_owned(), output.to_owned());
        assert_eq!(names("export-table"), named("tablekeeper-export-table", "StateMachineArn"));
        for (workflow, output) in [
            ("backfill", "BackfillStateMachineArn"),
            ("replay", "ReplayStateMachineArn"),
            ("snapshot", "SnapshotStateMachineArn"),
            ("restore-snapshot", "RestoreSnapshotStateMachineArn"),
        ] {
            assert_eq!(names(workflow), named("tablekeeper-incremental", output));
        }
        assert_eq!(names("rollback"), named("tablekeeper-rotate-restore", "RollbackStateMachineArn"));
    }
}

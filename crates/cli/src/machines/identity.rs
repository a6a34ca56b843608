//! Recognizes the workflow of a deployed state machine. Its name and tags are those of whoever deployed it, so it is
//! recognized by its states: those of a workflow change little from release to release.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use aws_config::SdkConfig;
use serde_json::Value;

use crate::failure;
use crate::failure::Unusable;

/// Refuses the state machine of another workflow.
pub(super) async fn check(arn: &str, workflow: &str, config: &SdkConfig) -> anyhow::Result<()> {
    let described = aws_sdk_sfn::Client::new(config).describe_state_machine();
    let definition = match described.state_machine_arn(without_alias(arn)).send().await {
        Ok(described) => described.definition,
        Err(error)
            if error.as_service_error().is_some_and(|error| error.is_state_machine_does_not_exist()) =>
        {
            bail!(Unusable(format!("state machine {arn} does not exist, so nothing was started")))
        }
        Err(error) => {
            return Err(failure::aws("states:DescribeStateMachine")(error))
                .with_context(|| format!("cannot check that {arn} runs {workflow}, so nothing was started"));
        }
    };
    refuse_other(arn, workflow, &states(&definition)).map_err(Into::into)
}

/// Refuses states that are not those of the workflow, or more like those of another one. Accepts any states of a workflow
/// that is not of this release.
fn refuse_other(arn: &str, workflow: &str, deployed: &BTreeSet<String>) -> Result<(), Unusable> {
    let Some(own) = local_aws::definition(workflow).map(states) else { return Ok(()) };
    let shared = own.intersection(deployed).count();
    let others = tablekeeper_functions::execution_inputs().into_iter().map(|(name, _)| name);
    let most_alike = others
        .filter_map(|name| Some((likeness(&states(local_aws::definition(name)?), deployed), name)))
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    match most_alike {
        Some((most, other)) if most > likeness(&own, deployed) => Err(Unusable(format!(
            "{arn} is the state machine of {other} and does not run {workflow}; nothing was started"
        ))),
        _ if shared * 3 < own.len() => Err(Unusable(format!(
            "{arn} does not run {workflow}: it has {shared} of its {} states; nothing was started",
            own.len()
        ))),
        _ => Ok(()),
    }
}

/// Returns how alike two sets are: from 0 without a common element to 1 for equal sets.
fn likeness(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    number(one.intersection(other).count()) / number(one.union(other).count().max(1))
}

/// Returns the names of the states in a definition.
fn states(definition: &str) -> BTreeSet<String> {
    let definition: Value = serde_json::from_str(definition).unwrap_or_default();
    let states = definition.get("States").and_then(Value::as_object);
    states.map(|states| states.keys().cloned().collect()).unwrap_or_default()
}

/// Removes the name of an alias from the ARN of a state machine, which DescribeStateMachine does not take. It takes a
/// version, which is a number.
fn without_alias(arn: &str) -> &str {
    match arn.rsplit_once(':') {
        Some((machine, last))
            if arn.split(':').count() > 7 && !last.bytes().all(|letter| letter.is_ascii_digit()) =>
        {
            machine
        }
        _ => arn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_workflow_is_recognized_by_its_states() {
        let workflows: Vec<&str> =
            tablekeeper_functions::execution_inputs().into_iter().map(|(name, _)| name).collect();
        assert!(workflows.len() > 8, "{workflows:?}");
        for deployed in &workflows {
            let states = states(local_aws::definition(deployed).unwrap());
            for asked in &workflows {
                let refusal = refuse_other("arn", asked, &states).err().map(|error| error.0);
                let expected = format!(
                    "arn is the state machine of {deployed} and does not run {asked}; nothing was started"
                );
                assert_eq!(refusal, (asked != deployed).then_some(expected));
            }
        }
    }

    #[test]
    fn a_state_machine_of_another_release_is_recognized_and_a_foreign_one_is_refused() {
        let mut known = states(local_aws::definition("backup-prune").unwrap());
        known.remove("Finish");
        known.insert("Prune Tables".to_owned());
        assert!(refuse_other("arn", "backup-prune", &known).is_ok());
        let foreign = BTreeSet::from(["Choose".to_owned(), "Complete".to_owned()]);
        let refusal = refuse_other("arn", "backup-prune", &foreign).unwrap_err().0;
        assert_eq!(refusal, "arn does not run backup-prune: it has 1 of its 8 states; nothing was started");
        assert!(refuse_other("arn", "other", &foreign).is_ok());
    }

    #[test]
    fn a_version_is_described_and_an_alias_is_not() {
        let machine = "arn:aws:states:us-east-1:123456789012:stateMachine:M";
        assert_eq!(without_alias(&format!("{machine}:live")), machine);
        for arn in [machine.to_owned(), format!("{machine}:7")] {
            assert_eq!(without_alias(&arn), arn);
        }
    }
}

//! Decides which copies stay, and why. Makes no AWS calls.

use std::collections::BTreeMap;
use std::fmt::{Display, Formatter};

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use super::copies::Copy;
use super::mark::EXPIRES_AFTER;
use super::pointers::Pointers;
use super::running::Execution;
use super::{CopyToRetire, RetireConfig};

/// Why a copy stays.
#[derive(Clone, Debug, Deserialize, Eq, IntoStaticStr, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "rule", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
#[strum(serialize_all = "camelCase")]
pub enum Reason {
    /// No rotation made the table: it has no tag `tablekeeper:recovery-point`.
    NotMadeByRotation {},
    /// The tags of the table cannot be read.
    Unreadable {
        /// Why not.
        detail: String,
    },
    /// The table is not ACTIVE.
    NotActive {
        /// Status of the table.
        status: String,
    },
    /// The copy is one of the newest N.
    Newest {
        /// N.
        keep: u32,
    },
    /// The table is younger than the retention.
    Young {
        /// The retention in days.
        days: u32,
    },
    /// A parameter points at the table.
    PointedAt {
        /// Name of the parameter.
        parameter: String,
        /// How the parameter names the table: `current`, `previous` or labels.
        how: String,
    },
    /// A running execution works on the table, or may do so.
    InUse {
        /// ARN of the execution.
        execution: String,
    },
    /// The copy is the newest one that was found equal to its source.
    Verified {},
    /// Deletion protection is on.
    DeletionProtection {},
    /// The table has replicas in other Regions.
    Replicated {},
    /// Copies are made from backups of the table.
    Source {
        /// A parameter whose copies were made from it.
        parameter: String,
    },
    /// Another execution retires the table.
    BeingRetired {
        /// What the mark says of the execution.
        execution: String,
    },
}

impl Reason {
    /// Returns the name of the rule.
    pub fn rule(&self) -> &'static str {
        self.into()
    }
}

impl Display for Reason {
    fn fmt(&self, text: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Reason::NotMadeByRotation {} => {
                write!(text, "no rotation made it: it has no tag tablekeeper:recovery-point")
            }
            Reason::Unreadable { detail } => write!(text, "its tags cannot be read: {detail}"),
            Reason::NotActive { status } => write!(text, "it is {status}"),
            Reason::Newest { keep } => write!(text, "it is one of the newest {keep} (Keep)"),
            Reason::Young { days } => write!(text, "it is younger than {days} days (OlderThanDays)"),
            Reason::PointedAt { parameter, how } => write!(text, "{parameter} points at it ({how})"),
            Reason::InUse { execution } => write!(text, "the running execution {execution} may work on it"),
            Reason::Verified {} => write!(text, "it is the newest verified copy"),
            Reason::DeletionProtection {} => write!(text, "deletion protection is on"),
            Reason::Replicated {} => write!(text, "it has replicas in other Regions"),
            Reason::Source { parameter } => {
                write!(text, "copies that {parameter} points at are made from its backups")
            }
            Reason::BeingRetired { execution } => write!(text, "another execution retires it: {execution}"),
        }
    }
}

/// A copy, and why it stays. Without a reason it is retired.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Decision {
    /// The copy.
    pub copy: Copy,
    /// Why it stays.
    pub reasons: Vec<Reason>,
}

impl Decision {
    /// Returns the copy if no rule keeps it.
    pub fn to_retire(&self) -> Option<CopyToRetire> {
        self.reasons.is_empty().then(|| CopyToRetire {
            table_name: self.copy.table_name.clone(),
            table_arn: self.copy.table_arn.clone(),
            table_id: self.copy.table_id.clone(),
        })
    }

    /// Returns all reasons in one line.
    pub fn text(&self) -> String {
        self.reasons.iter().map(Reason::to_string).collect::<Vec<_>>().join("; ")
    }
}

/// Decides about copies, of one table or of several. All copies of a table must be given. `execution_arn` is the execution that decides, whose own marks
/// do not keep a copy; empty for a plan by hand.
pub fn decide(
    config: &RetireConfig,
    execution_arn: &str,
    copies: Vec<Copy>,
    pointers: &Pointers,
    running: &[Execution],
) -> Vec<Decision> {
    let mut by_base: BTreeMap<String, Vec<Copy>> = BTreeMap::new();
    for copy in copies {
        by_base.entry(copy.base().to_owned()).or_default().push(copy);
    }
    let mut decisions = Vec::new();
    for mut copies in by_base.into_values() {
        copies.sort_by(|one, other| other.time().cmp(one.time()));
        let ranks = Ranks::new(config, &copies);
        for copy in copies {
            let mut reasons = of_copy(config, execution_arn, &copy);
            reasons.extend(ranks.reasons(config, &copy));
            reasons.extend(pointers.of(&copy.table_name).iter().map(|pointer| Reason::PointedAt {
                parameter: pointer.parameter.clone(),
                how: pointer.how.clone(),
            }));
            let source = pointers.sourced_from(&copy.table_name);
            reasons.extend(source.map(|parameter| Reason::Source { parameter: parameter.to_owned() }));
            let user = running.iter().find(|execution| execution.may_work_on(&copy));
            reasons.extend(user.map(|execution| Reason::InUse { execution: execution.arn.clone() }));
            decisions.push(Decision { copy, reasons });
        }
    }
    decisions
}

/// Returns the reasons that a copy itself shows.
fn of_copy(config: &RetireConfig, execution_arn: &str, copy: &Copy) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if !copy.is_active() {
        reasons.push(Reason::NotActive { status: copy.status.clone() });
    }
    match &copy.tags {
        Err(detail) => reasons.push(Reason::Unreadable { detail: detail.clone() }),
        // A table that is being restored has no tags yet.
        Ok(tags) if tags.recovery_point.is_none() && copy.is_active() => {
            reasons.push(Reason::NotMadeByRotation {});
        }
        Ok(_) => {}
    }
    if config.started_at - copy.created_at < TimeDelta::days(i64::from(config.older_than_days)) {
        reasons.push(Reason::Young { days: config.older_than_days });
    }
    if copy.deletion_protection {
        reasons.push(Reason::DeletionProtection {});
    }
    if copy.replicas > 0 {
        reasons.push(Reason::Replicated {});
    }
    let by_another = copy
        .mark()
        .filter(|mark| !mark.is_of(execution_arn) && mark.is_younger_than(EXPIRES_AFTER, config.started_at));
    reasons.extend(by_another.map(|mark| Reason::BeingRetired { execution: mark.value() }));
    reasons
}

/// Which copies of a table are the newest. A copy that cannot be used does not count, nor does one that is being
/// retired, so that enough others stay.
struct Ranks {
    newest: Vec<String>,
    verified: Option<String>,
}

impl Ranks {
    /// Ranks the copies of one table, the newest first.
    fn new(config: &RetireConfig, copies: &[Copy]) -> Ranks {
        let is_marked = |copy: &Copy| {
            copy.mark().is_some_and(|mark| mark.is_younger_than(EXPIRES_AFTER, config.started_at))
        };
        let usable = || copies.iter().filter(|copy| copy.is_usable() && !is_marked(copy));
        let is_verified = |copy: &&Copy| copy.tags.as_ref().is_ok_and(|tags| tags.verified);
        Ranks {
            newest: usable().map(|copy| copy.time().to_owned()).collect(),
            verified: usable().find(is_verified).map(|copy| copy.time().to_owned()),
        }
    }

    /// Returns the reasons that concern the rank of a copy. A marked copy is compared with the unmarked ones.
    fn reasons(&self, config: &RetireConfig, copy: &Copy) -> Vec<Reason> {
        if !copy.is_usable() {
            return Vec::new();
        }
        let keep = config.keep;
        let newer = self.newest.iter().filter(|time| time.as_str() > copy.time()).count();
        let is_newest = newer < usize::try_from(keep).unwrap_or(usize::MAX);
        let is_verified = copy.tags.as_ref().is_ok_and(|tags| tags.verified)
            && self.verified.as_deref().is_none_or(|verified| verified <= copy.time());
        let newest = is_newest.then_some(Reason::Newest { keep });
        newest.into_iter().chain(is_verified.then_some(Reason::Verified {})).collect()
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! Copies for the tests of several modules.

    use chrono::{DateTime, Utc};

    use super::super::copies::Tags;
    use super::*;
    use crate::testing::fake_aws::arn;

    /// Returns the time at which the tests decide.
    pub(crate) fn now() -> DateTime<Utc> {
        "2026-04-01T02:00:00Z".parse().unwrap()
    }

    /// Returns options that keep this many copies.
    pub(crate) fn config(keep: u32) -> RetireConfig {
        RetireConfig {
            keep,
            older_than_days: 0,
            parameter_prefixes: Vec::new(),
            state_machine_arns: Vec::new(),
            back_up: true,
            delete: true,
            started_at: now(),
            deadline: now() + TimeDelta::hours(24),
        }
    }

    /// Returns the copy of `orders` of a day of March 2026, which was made in that hour.
    pub(crate) fn copy(day: u32) -> Copy {
        let table_name = format!("orders-202603{day:02}-02-00-00");
        let recovery_point = Some(format!("015766163667{day:02}-b4e58d3a"));
        Copy {
            table_arn: arn(&table_name),
            table_id: format!("id-{day}"),
            status: "ACTIVE".to_owned(),
            created_at: format!("2026-03-{day:02}T02:30:00Z").parse().unwrap(),
            deletion_protection: false,
            replicas: 0,
            tags: Ok(Tags { recovery_point, verified: false, mark: None }),
            table_name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{config, copy, now};
    use super::*;
    use crate::retire::mark::Mark;
    use crate::rotation::pointer::{History, Version};
    use crate::testing::fake_aws::arn;

    const OWN: &str = "arn:aws:states:eu-west-1:123456789012:execution:retire-copies:own";

    fn decided(config: &RetireConfig, copies: Vec<Copy>) -> Vec<Decision> {
        decide(config, OWN, copies, &Pointers::default(), &[])
    }

    /// Returns the rules that keep the copies of March 1 to 4, in this order, if the copy of the first is changed.
    fn rules(config: &RetireConfig, change: impl Fn(&mut Copy)) -> Vec<Vec<&'static str>> {
        let mut copies: Vec<Copy> = (1..=4).map(copy).collect();
        change(&mut copies[0]);
        let mut decisions = decided(config, copies);
        decisions.reverse();
        decisions.iter().map(|decision| decision.reasons.iter().map(Reason::rule).collect()).collect()
    }

    /// Returns the rules that keep the oldest copy after a change.
    fn oldest(change: impl Fn(&mut Copy)) -> Vec<&'static str> {
        rules(&config(1), change).remove(0)
    }

    #[test]
    fn the_newest_copies_stay() {
        let none: Vec<&str> = Vec::new();
        assert_eq!(rules(&config(1), |_| {}), [none.clone(), none.clone(), none.clone(), vec!["newest"]]);
        assert_eq!(rules(&config(2), |_| {}), [none.clone(), none, vec!["newest"], vec!["newest"]]);
        assert!(rules(&config(9), |_| {}).iter().all(|rules| rules == &["newest"]));
    }

    #[test]
    fn copies_of_each_table_are_counted_alone() {
        let mut other = copy(1);
        other.table_name = "customers-20260301-02-00-00".to_owned();
        let decisions = decided(&config(1), vec![copy(1), other, copy(2)]);
        let kept: Vec<&str> = decisions
            .iter()
            .filter(|decision| decision.to_retire().is_none())
            .map(|decision| decision.copy.base())
            .collect();
        assert_eq!(kept, ["customers", "orders"]);
    }

    #[test]
    fn a_copy_that_cannot_be_used_is_not_counted() {
        let mut creating = copy(4);
        creating.status = "CREATING".to_owned();
        creating.tags = Ok(Default::default());
        let decisions = decided(&config(1), vec![copy(1), copy(3), creating]);
        let rules: Vec<Vec<&str>> =
            decisions.iter().map(|decision| decision.reasons.iter().map(Reason::rule).collect()).collect();
        assert_eq!(rules, [vec!["notActive"], vec!["newest"], vec![]]);
    }

    #[test]
    fn what_a_copy_shows_keeps_it() {
        assert_eq!(oldest(|_| {}), Vec::<&str>::new());
        assert_eq!(oldest(|copy| copy.status = "UPDATING".to_owned()), ["notActive"]);
        assert_eq!(oldest(|copy| copy.tags = Ok(Default::default())), ["notMadeByRotation"]);
        assert_eq!(oldest(|copy| copy.tags = Err("refused".to_owned())), ["unreadable"]);
        assert_eq!(oldest(|copy| copy.deletion_protection = true), ["deletionProtection"]);
        assert_eq!(oldest(|copy| copy.replicas = 1), ["replicated"]);
    }

    #[test]
    fn a_copy_is_young_by_the_time_at_which_it_was_made() {
        let days = |days| RetireConfig { older_than_days: days, ..config(1) };
        assert_eq!(rules(&days(31), |_| {})[0], ["young"]);
        assert_eq!(rules(&days(30), |_| {})[0], Vec::<&str>::new());
        // A person restored an old backup today.
        assert_eq!(rules(&days(1), |copy| copy.created_at = now())[0], ["young"]);
    }

    #[test]
    fn only_the_newest_verified_copy_stays_for_that() {
        let verify = |copy: &mut Copy| copy.tags.as_mut().unwrap().verified = true;
        assert_eq!(oldest(verify), ["verified"]);
        let mut newer = copy(2);
        verify(&mut newer);
        let mut older = copy(1);
        verify(&mut older);
        let decisions = decided(&config(1), vec![older, newer, copy(3)]);
        let kept: Vec<bool> = decisions.iter().map(|decision| decision.to_retire().is_none()).collect();
        assert_eq!(kept, [true, true, false]);
    }

    #[test]
    fn another_executions_mark_keeps_a_copy_until_it_expires() {
        let marked = |execution: &str, hours: i64| {
            let mark = Mark::new(execution, now() - TimeDelta::hours(hours));
            oldest(|copy| copy.tags.as_mut().unwrap().mark = Some(mark.clone()))
        };
        assert_eq!(marked("arn:another", 1), ["beingRetired"]);
        assert_eq!(marked("arn:another", 24), Vec::<&str>::new());
        assert_eq!(marked(OWN, 1), Vec::<&str>::new());
    }

    #[test]
    fn copies_that_are_being_retired_do_not_count_as_the_newest() {
        let mark = |copy: &mut Copy| copy.tags.as_mut().unwrap().mark = Some(Mark::new(OWN, now()));
        let (mut first, mut second) = (copy(1), copy(2));
        mark(&mut first);
        mark(&mut second);
        // Another hand deleted the copies that were to stay.
        let decisions = decided(&config(1), vec![first.clone(), second.clone()]);
        assert!(decisions.iter().all(|decision| decision.to_retire().is_none()), "{decisions:?}");
        let decisions = decided(&config(1), vec![first, second, copy(3)]);
        assert_eq!(decisions.iter().filter(|decision| decision.to_retire().is_some()).count(), 2);
    }

    #[test]
    fn what_names_a_copy_keeps_it() {
        let value = arn("orders-20260301-02-00-00");
        let version = Version { number: 1, value, description: None, labels: Vec::new(), written_at: None };
        let mut pointers = Pointers::default();
        pointers.add("/p", &History { versions: vec![version] });
        let execution = Execution::new("arn:e", Some(r#"{"Target":"orders-20260302-02-00-00"}"#));
        let copies = (1..=3).map(copy).collect();
        let decisions = decide(&config(1), OWN, copies, &pointers, &[execution]);
        let texts: Vec<String> = decisions.iter().map(Decision::text).collect();
        assert_eq!(
            texts,
            [
                "it is one of the newest 1 (Keep)",
                "the running execution arn:e may work on it",
                "/p points at it (current)"
            ]
        );
    }
}

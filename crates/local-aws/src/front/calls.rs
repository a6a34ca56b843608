//! The record of calls and the rules that make some of them fail.
//!
//! Both count the same way. A call's ordinal is its place among the calls of the same account, step and
//! action, retries included, so that a rule can name exactly the call that an earlier run recorded.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::fault::Fault;
use super::identify::Caller;

/// One call that passed through the front.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Call {
    /// Whose call it was.
    pub account: String,
    /// The step that made it (its SDK's app name), if a step did.
    pub step: Option<String>,
    /// The IAM action, e.g. `dynamodb:DescribeTable`.
    pub action: String,
    /// Its place among the calls of this account, step and action; the first is 0.
    pub ordinal: usize,
    /// The HTTP status of the service's answer, whether or not it arrived; 0 until there is one.
    pub status: u16,
    /// The name of the injected [`Fault`], if one was.
    pub fault: Option<&'static str>,
}

/// Which calls go wrong, and how.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Whose calls.
    pub account: String,
    /// The step whose calls; `None` is any caller, and then the calls of all callers count together.
    pub step: Option<String>,
    /// The IAM action.
    pub action: String,
    /// The first call that goes wrong; 0 is the first call.
    pub from_ordinal: usize,
    /// How many go wrong; `usize::MAX` is all of them for good.
    pub times: usize,
    /// What goes wrong.
    pub fault: Fault,
}

impl Rule {
    fn catches(&self, call: &Call, place_among_all: usize) -> bool {
        let ordinal = if self.step.is_some() { call.ordinal } else { place_among_all };
        let fits = self.account == call.account && self.action == call.action;
        let of_this_step = self.step.is_none() || self.step == call.step;
        let in_range = ordinal.checked_sub(self.from_ordinal).is_some_and(|place| place < self.times);
        fits && of_this_step && in_range
    }
}

/// Names a recorded call while it is under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket(u64);

#[derive(Debug, Default)]
struct Recorded {
    next: u64,
    calls: Vec<(u64, Call)>,
    by_step: HashMap<(String, Option<String>, String), usize>,
    by_any: HashMap<(String, String), usize>,
    rules: Vec<Rule>,
}

/// All calls and rules of all accounts.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    recorded: Mutex<Recorded>,
}

impl Calls {
    /// Records a call as it arrives, and says what is to go wrong with it.
    pub(crate) fn arrive(&self, caller: &Caller) -> (Ticket, Option<Fault>) {
        let Caller { account, step, action, .. } = caller;
        let mut recorded = self.lock();
        let of_step = recorded.by_step.entry((account.clone(), step.clone(), action.clone())).or_default();
        let ordinal = take(of_step);
        let place_among_all = take(recorded.by_any.entry((account.clone(), action.clone())).or_default());
        let (account, step, action) = (account.clone(), step.clone(), action.clone());
        let mut call = Call { account, step, action, ordinal, status: 0, fault: None };
        let rule = recorded.rules.iter().find(|rule| rule.catches(&call, place_among_all));
        let fault = rule.map(|rule| rule.fault.clone());
        call.fault = fault.as_ref().map(Fault::name);
        let ticket = recorded.next;
        recorded.next += 1;
        recorded.calls.push((ticket, call));
        (Ticket(ticket), fault)
    }

    /// Notes the status of the answer.
    pub(crate) fn answered(&self, ticket: Ticket, status: u16) {
        let mut recorded = self.lock();
        // From the end: it is among the latest.
        if let Some((_, call)) = recorded.calls.iter_mut().rev().find(|(number, _)| *number == ticket.0) {
            call.status = status;
        }
    }

    pub(crate) fn of(&self, account: &str) -> Vec<Call> {
        let recorded = self.lock();
        recorded.calls.iter().map(|(_, call)| call).filter(|call| call.account == account).cloned().collect()
    }

    pub(crate) fn forget(&self, account: &str) {
        let mut recorded = self.lock();
        recorded.calls.retain(|(_, call)| call.account != account);
        recorded.by_step.retain(|(owner, _, _), _| owner != account);
        recorded.by_any.retain(|(owner, _), _| owner != account);
    }

    pub(crate) fn inject(&self, rule: Rule) {
        self.lock().rules.push(rule);
    }

    pub(crate) fn clear_rules(&self, account: &str) {
        self.lock().rules.retain(|rule| rule.account != account);
    }

    fn lock(&self) -> MutexGuard<'_, Recorded> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take(counter: &mut usize) -> usize {
    let value = *counter;
    *counter += 1;
    value
}

#[cfg(test)]
mod tests {
    use super::super::identify::Protocol;
    use super::*;

    fn caller(account: &str, step: Option<&str>, action: &str) -> Caller {
        Caller {
            account: account.into(),
            region: "us-east-1".into(),
            service: "dynamodb".into(),
            step: step.map(Into::into),
            protocol: Protocol::Json,
            operation: "Do".into(),
            action: action.into(),
        }
    }

    fn rule(step: Option<&str>, from_ordinal: usize, times: usize) -> Rule {
        let (account, action) = ("1".to_owned(), "a:Do".to_owned());
        Rule { account, step: step.map(Into::into), action, from_ordinal, times, fault: Fault::Throttle }
    }

    fn caught(calls: &Calls, caller: &Caller, times: usize) -> Vec<bool> {
        (0..times).map(|_| calls.arrive(caller).1.is_some()).collect()
    }

    #[test]
    fn calls_are_kept_in_the_order_of_their_arrival_and_counted_by_step() {
        let calls = Calls::default();
        let (first, _) = calls.arrive(&caller("1", Some("s.a"), "a:Do"));
        calls.arrive(&caller("2", Some("s.a"), "a:Do"));
        let (second, _) = calls.arrive(&caller("1", Some("s.b"), "a:Do"));
        calls.arrive(&caller("1", Some("s.a"), "a:Do"));
        calls.answered(second, 400);
        calls.answered(first, 200);
        let seen: Vec<_> =
            calls.of("1").into_iter().map(|call| (call.step, call.ordinal, call.status)).collect();
        let step = |name: &str| Some(name.to_owned());
        assert_eq!(seen, [(step("s.a"), 0, 200), (step("s.b"), 0, 400), (step("s.a"), 1, 0)]);
    }

    #[test]
    fn a_rule_catches_its_range_of_a_steps_calls() {
        let calls = Calls::default();
        calls.inject(rule(Some("s.a"), 1, 2));
        assert_eq!(caught(&calls, &caller("1", Some("s.b"), "a:Do"), 3), [false; 3]);
        assert_eq!(caught(&calls, &caller("1", None, "a:Do"), 3), [false; 3]);
        assert_eq!(caught(&calls, &caller("1", Some("s.a"), "a:Other"), 3), [false; 3]);
        assert_eq!(caught(&calls, &caller("2", Some("s.a"), "a:Do"), 3), [false; 3]);
        assert_eq!(caught(&calls, &caller("1", Some("s.a"), "a:Do"), 4), [false, true, true, false]);
    }

    #[test]
    fn a_rule_for_any_caller_counts_all_calls_together() {
        let calls = Calls::default();
        calls.inject(rule(None, 1, 1));
        assert_eq!(caught(&calls, &caller("1", Some("s.a"), "a:Do"), 1), [false]);
        assert_eq!(caught(&calls, &caller("1", None, "a:Do"), 2), [true, false]);
    }

    #[test]
    fn a_rule_for_good_has_no_end_and_clearing_ends_it() {
        let calls = Calls::default();
        calls.inject(rule(None, 1, usize::MAX));
        assert_eq!(caught(&calls, &caller("1", None, "a:Do"), 3), [false, true, true]);
        calls.clear_rules("1");
        assert_eq!(caught(&calls, &caller("1", None, "a:Do"), 1), [false]);
    }

    #[test]
    fn forgetting_starts_the_count_again_for_that_account_alone() {
        let calls = Calls::default();
        calls.arrive(&caller("1", None, "a:Do"));
        calls.arrive(&caller("2", None, "a:Do"));
        calls.forget("1");
        assert_eq!(calls.of("1"), []);
        assert_eq!(calls.of("2").len(), 1);
        calls.arrive(&caller("1", None, "a:Do"));
        assert_eq!(calls.of("1")[0].ordinal, 0);
        assert_eq!(calls.arrive(&caller("2", None, "a:Do")).1, None);
        assert_eq!(calls.of("2")[1].ordinal, 1);
    }
}

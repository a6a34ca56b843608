//! The record of calls and the rules that make some of them fail.
//!
//! Both count in the same way. The ordinal of a call is its index among the calls of the same account, step and action,
//! retries included. So a rule can name exactly the call that an earlier run recorded.
//!
//! A stack may be up for weeks, so only the latest calls of an account are retained. The ordinals count all calls.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::Notify;

use super::fault::{Backoff, Fault};
use super::identify::Caller;

/// One call that passed through the proxy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Call {
    /// The account that made the call.
    pub account: String,
    /// The step that made the call (its SDK's app name). `None` if no step made it.
    pub step: Option<String>,
    /// The IAM action, e.g. `dynamodb:DescribeTable`.
    pub action: String,
    /// Additional IAM actions that the call requires, e.g. `s3:PutObjectTagging` where an object is put with its tags.
    #[serde(rename = "beside")]
    pub additional_actions: Vec<&'static str>,
    /// The index among the calls of this account, step and action, starting at 0.
    pub ordinal: usize,
    /// The HTTP status of the service's response, whether or not the caller received it. 0 until there is a response.
    pub status: u16,
    /// The name of the injected [`Fault`], if any.
    pub fault: Option<&'static str>,
}

impl Call {
    /// Returns whether the call changes nothing, judged by the verb of its action.
    pub fn only_reads(&self) -> bool {
        let (_, operation) = self.action.split_once(':').unwrap_or_default();
        ["Describe", "Get", "List"].iter().any(|verb| operation.starts_with(verb))
    }
}

/// A rule that injects a fault into a range of calls.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The account whose calls the rule matches.
    pub account: String,
    /// The step whose calls the rule matches. `None` matches all callers, and then their calls count together.
    pub step: Option<String>,
    /// The IAM action of the calls.
    pub action: String,
    /// The ordinal of the first call with the fault. 0 is the first call.
    pub from_ordinal: usize,
    /// The number of calls with the fault. `usize::MAX` means all later calls.
    pub times: usize,
    /// The fault to inject.
    pub fault: Fault,
}

impl Rule {
    fn catches(&self, call: &Call, ordinal_among_all: usize) -> bool {
        let ordinal = if self.step.is_some() { call.ordinal } else { ordinal_among_all };
        let fits = self.account == call.account && self.action == call.action;
        let of_this_step = self.step.is_none() || self.step == call.step;
        let in_range = ordinal.checked_sub(self.from_ordinal).is_some_and(|offset| offset < self.times);
        fits && of_this_step && in_range
    }
}

/// The number of calls retained per account, far more than a test makes.
const RETAINED: usize = 10_000;

/// The identity of a recorded call that is in progress.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    account: String,
    number: usize,
}

/// The calls of one account.
#[derive(Debug, Default)]
struct Record {
    calls: VecDeque<Call>,
    /// The number of the oldest retained call. It grows with each call that is dropped.
    first: usize,
    by_step: HashMap<(Option<String>, String), usize>,
    by_any: HashMap<String, usize>,
}

#[derive(Debug, Default)]
struct Recorded {
    by_account: HashMap<String, Record>,
    rules: Vec<Rule>,
    /// The accounts whose callers wait as long as on AWS before they retry.
    with_real_backoff: HashSet<String>,
}

/// All calls and rules of all accounts.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    recorded: Mutex<Recorded>,
    /// Notifies waiting calls that rules were cleared.
    cleared: Notify,
}

impl Calls {
    /// Records a call as it arrives and returns the fault to inject.
    pub(crate) fn arrive(&self, caller: &Caller) -> (Ticket, Option<Fault>) {
        let Caller { account, step, action, additional_actions, .. } = caller;
        let mut recorded = self.lock();
        let Recorded { by_account, rules, .. } = &mut *recorded;
        let record = by_account.entry(account.clone()).or_default();
        let ordinal = take(record.by_step.entry((step.clone(), action.clone())).or_default());
        let ordinal_among_all = take(record.by_any.entry(action.clone()).or_default());
        let (account, step, action) = (account.clone(), step.clone(), action.clone());
        let mut call = Call {
            account: account.clone(),
            step,
            action,
            additional_actions: additional_actions.clone(),
            ordinal,
            status: 0,
            fault: None,
        };
        let rule = rules.iter().find(|rule| rule.catches(&call, ordinal_among_all));
        let fault = rule.map(|rule| rule.fault.clone());
        call.fault = fault.as_ref().map(Fault::name);
        (Ticket { account, number: record.add(call) }, fault)
    }

    /// Records the status of the response.
    pub(crate) fn record_status(&self, ticket: &Ticket, status: u16) {
        let mut recorded = self.lock();
        let record = recorded.by_account.get_mut(&ticket.account);
        if let Some(call) = record.and_then(|record| record.call(ticket.number)) {
            call.status = status;
        }
    }

    pub(crate) fn of(&self, account: &str) -> Vec<Call> {
        let recorded = self.lock();
        recorded.by_account.get(account).into_iter().flat_map(|record| &record.calls).cloned().collect()
    }

    pub(crate) fn forget(&self, account: &str) {
        if let Some(record) = self.lock().by_account.get_mut(account) {
            // The numbers continue, so that no earlier ticket names a later call.
            let first = record.first + record.calls.len();
            *record = Record { first, ..Record::default() };
        }
    }

    pub(crate) fn inject(&self, rule: Rule) {
        self.lock().rules.push(rule);
    }

    /// Injects a fault into the next calls of this action, whoever makes them. Replaces the action's earlier fault.
    pub(crate) fn inject_from_now(&self, account: &str, action: &str, times: usize, fault: Fault) {
        let mut recorded = self.lock();
        let replaced = |rule: &Rule| rule.account == account && rule.action == action && rule.step.is_none();
        recorded.rules.retain(|rule| !replaced(rule));
        let from_ordinal = recorded.count(account, action);
        let (account, action) = (account.to_owned(), action.to_owned());
        recorded.rules.push(Rule { account, step: None, action, from_ordinal, times, fault });
    }

    /// Returns the account's rules for all callers, and how many calls each of them has matched.
    pub(crate) fn rules_of(&self, account: &str) -> Vec<(Rule, usize)> {
        let recorded = self.lock();
        let own = recorded.rules.iter().filter(|rule| rule.account == account && rule.step.is_none());
        let hits = |rule: &Rule| {
            recorded.count(account, &rule.action).saturating_sub(rule.from_ordinal).min(rule.times)
        };
        own.map(|rule| (rule.clone(), hits(rule))).collect()
    }

    /// Waits until no rule holds the caller's calls of this action.
    pub(crate) async fn until_released(&self, caller: &Caller) {
        let Caller { account, step, action, .. } = caller;
        loop {
            // Created before the check, so that a rule cleared in between is noticed.
            let cleared = self.cleared.notified();
            let holds = |rule: &Rule| {
                let of_step = rule.step.is_none() || rule.step == *step;
                rule.fault == Fault::Hold && rule.account == *account && rule.action == *action && of_step
            };
            if !self.lock().rules.iter().any(holds) {
                return;
            }
            cleared.await;
        }
    }

    /// Releases the calls of this step and action that rules hold, and lets later ones pass.
    pub(crate) fn release(&self, account: &str, step: Option<&str>, action: &str) {
        let held = |rule: &Rule| {
            let held_calls = (rule.account.as_str(), rule.step.as_deref(), rule.action.as_str());
            rule.fault == Fault::Hold && held_calls == (account, step, action)
        };
        self.lock().rules.retain(|rule| !held(rule));
        self.cleared.notify_waiters();
    }

    pub(crate) fn keep_real_backoff(&self, account: &str) {
        self.lock().with_real_backoff.insert(account.to_owned());
    }

    pub(crate) fn backoff(&self, account: &str) -> Backoff {
        match self.lock().with_real_backoff.contains(account) {
            true => Backoff::Real,
            false => Backoff::Short,
        }
    }

    pub(crate) fn clear_rules(&self, account: &str) {
        self.lock().rules.retain(|rule| rule.account != account);
        self.cleared.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Recorded> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorded {
    /// Returns the number of calls of this action so far.
    fn count(&self, account: &str, action: &str) -> usize {
        let record = self.by_account.get(account);
        record.and_then(|record| record.by_any.get(action)).copied().unwrap_or_default()
    }
}

impl Record {
    /// Stores a call and returns its number. Drops the oldest call if there are too many.
    fn add(&mut self, call: Call) -> usize {
        if self.calls.len() == RETAINED {
            self.calls.pop_front();
            self.first += 1;
        }
        self.calls.push_back(call);
        self.first + self.calls.len() - 1
    }

    fn call(&mut self, number: usize) -> Option<&mut Call> {
        self.calls.get_mut(number.checked_sub(self.first)?)
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
            additional_actions: Vec::new(),
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
    fn calls_are_recorded_in_the_order_of_their_arrival_and_counted_by_step() {
        let calls = Calls::default();
        let (first, _) = calls.arrive(&caller("1", Some("s.a"), "a:Do"));
        calls.arrive(&caller("2", Some("s.a"), "a:Do"));
        let (second, _) = calls.arrive(&caller("1", Some("s.b"), "a:Do"));
        calls.arrive(&caller("1", Some("s.a"), "a:Do"));
        calls.record_status(&second, 400);
        calls.record_status(&first, 200);
        let seen: Vec<_> =
            calls.of("1").into_iter().map(|call| (call.step, call.ordinal, call.status)).collect();
        let step = |name: &str| Some(name.to_owned());
        assert_eq!(seen, [(step("s.a"), 0, 200), (step("s.b"), 0, 400), (step("s.a"), 1, 0)]);
    }

    #[test]
    fn a_rule_matches_its_range_of_a_steps_calls() {
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
    fn a_permanent_rule_has_no_end_until_it_is_cleared() {
        let calls = Calls::default();
        calls.inject(rule(None, 1, usize::MAX));
        assert_eq!(caught(&calls, &caller("1", None, "a:Do"), 3), [false, true, true]);
        calls.clear_rules("1");
        assert_eq!(caught(&calls, &caller("1", None, "a:Do"), 1), [false]);
    }

    #[test]
    fn a_fault_from_now_on_ends_after_its_number_of_calls() {
        let calls = Calls::default();
        let one = caller("1", Some("s.a"), "a:Do");
        calls.arrive(&one);
        calls.inject_from_now("1", "a:Do", 2, Fault::Throttle);
        let hits = || calls.rules_of("1").iter().map(|(_, hits)| *hits).collect::<Vec<_>>();
        assert_eq!(hits(), [0]);
        assert_eq!(caught(&calls, &one, 4), [true, true, false, false]);
        assert_eq!(hits(), [2]);
        calls.inject_from_now("1", "a:Do", usize::MAX, Fault::Refuse);
        assert_eq!(calls.arrive(&one).1, Some(Fault::Refuse));
        assert_eq!(hits(), [1], "it replaces the earlier fault");
        assert!(calls.rules_of("2").is_empty());
    }

    #[tokio::test]
    async fn held_calls_are_released_with_the_rules_of_their_account_or_by_their_action() {
        let held = |calls: &Calls| {
            for account in ["1", "2"] {
                calls.inject(Rule { account: account.into(), fault: Fault::Hold, ..rule(None, 0, 1) });
            }
            assert_eq!(calls.arrive(&caller("1", None, "a:Do")).1, Some(Fault::Hold));
        };
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let one = caller("1", Some("s.a"), "a:Do");
        for by_action in [false, true] {
            let calls = Calls::default();
            held(&calls);
            let mut until_released = std::pin::pin!(calls.until_released(&one));
            assert!(until_released.as_mut().poll(&mut context).is_pending());
            calls.clear_rules("2");
            calls.release("1", None, "a:Other");
            calls.release("1", Some("s.b"), "a:Do");
            assert!(until_released.as_mut().poll(&mut context).is_pending());
            match by_action {
                true => calls.release("1", None, "a:Do"),
                false => calls.clear_rules("1"),
            }
            assert!(until_released.as_mut().poll(&mut context).is_ready());
            calls.until_released(&one).await;
        }
    }

    #[test]
    fn only_the_latest_calls_are_retained_and_the_numbers_continue() {
        let calls = Calls::default();
        let (oldest, _) = calls.arrive(&caller("1", None, "a:Do"));
        let (retained, _) = calls.arrive(&caller("1", None, "a:Do"));
        for _ in 1..RETAINED {
            calls.arrive(&caller("1", None, "a:Do"));
        }
        calls.record_status(&oldest, 500);
        calls.record_status(&retained, 200);
        let seen = calls.of("1");
        assert_eq!(seen.len(), RETAINED);
        assert_eq!((seen[0].ordinal, seen[0].status), (1, 200));
        assert_eq!((seen[RETAINED - 1].ordinal, seen[RETAINED - 1].status), (RETAINED, 0));
    }

    #[test]
    fn a_response_that_comes_after_forgetting_is_not_recorded_for_another_call() {
        let calls = Calls::default();
        let (forgotten, _) = calls.arrive(&caller("1", None, "a:Do"));
        calls.forget("1");
        calls.arrive(&caller("1", None, "a:Do"));
        calls.record_status(&forgotten, 500);
        assert_eq!(calls.of("1")[0].status, 0);
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

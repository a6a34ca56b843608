//! Reconciles a setting that exists only in these tests: numbers that a target should have.

use std::collections::VecDeque;
use std::sync::Mutex;

use super::*;
use crate::settings::{Comparison, SettingName, Settings, Table, tags};
use crate::testing::fake_aws::{FakeAws, arn};

/// A setting of numbers. `UPDATE_TABLE` is whether UpdateTable changes it.
struct Numbers<const UPDATE_TABLE: bool>;

/// A number whose change is still in progress at the target.
const UNDER_WAY: u32 = 7;

/// The wanted numbers, and the target that should have them.
#[derive(Clone)]
struct Wanted {
    numbers: Vec<u32>,
    target: &'static Target,
}

/// A target: the numbers that it has, and its responses to the next changes (`None` is success).
#[derive(Default)]
struct Target {
    has: Mutex<Vec<u32>>,
    responses: Mutex<VecDeque<Option<ErrorName>>>,
    /// Whether reads lag behind.
    lags: bool,
    made: Mutex<Vec<u32>>,
}

#[derive(Clone)]
struct Change(u32, &'static Target);

impl<const UPDATE_TABLE: bool> Setting for Numbers<UPDATE_TABLE> {
    const NAME: SettingName = SettingName::Tags;
    const IS_OF_UPDATE_TABLE: bool = UPDATE_TABLE;
    type Value = Option<Wanted>;
    type Change = Change;

    fn known(_settings: &Settings) -> Option<&Self::Value> {
        None
    }

    fn slot(_settings: &mut Settings) -> &mut Option<Self::Value> {
        panic!("the value is not stored")
    }

    async fn read(_aws: &Aws, _table: &Table) -> Result<Self::Value, AwsFailure> {
        Ok(None)
    }

    fn compare(wanted: &Self::Value, _actual: &Self::Value, _target: &Table) -> Comparison<Change> {
        let Wanted { numbers, target } = wanted.clone().unwrap();
        let has = target.has.lock().unwrap();
        let mut comparison = Comparison::default();
        for number in numbers.iter().filter(|number| !has.contains(*number)) {
            comparison.change(format!("add {number}"), Change(*number, target));
        }
        if has.contains(&UNDER_WAY) {
            comparison.under_way("wait for 7");
        }
        for number in has.iter().filter(|number| !numbers.contains(*number) && **number != UNDER_WAY) {
            comparison.extra(format!("remove {number}"), Change(*number, target));
        }
        comparison
    }

    async fn make(Change(number, target): &Change, _aws: &Aws, _table: &Table) -> Result<(), AwsFailure> {
        target.made.lock().unwrap().push(*number);
        if let Some(Some(name)) = target.responses.lock().unwrap().pop_front() {
            return Err(AwsFailure::new("a:B", name, "so AWS says".to_owned()));
        }
        let mut has = target.has.lock().unwrap();
        match has.iter().position(|other| other == number) {
            Some(at) => drop(has.remove(at)),
            None if !target.lags => has.push(*number),
            None => {}
        }
        Ok(())
    }
}

fn target(has: &[u32], responses: &[Option<ErrorName>], lags: bool) -> &'static Target {
    let responses = Mutex::new(responses.iter().copied().collect());
    Box::leak(Box::new(Target { has: Mutex::new(has.to_vec()), responses, lags, ..Target::default() }))
}

async fn run<const UPDATE_TABLE: bool>(
    status: &str,
    target: &'static Target,
    remove_extra: bool,
) -> Result<Reconciled, AwsFailure> {
    let aws = FakeAws::default().with_table("copy");
    aws.set("copy", "TableStatus", serde_json::json!(status));
    let wanted = Some(Wanted { numbers: vec![1, 2], target });
    let clients = aws.clients().settings();
    reconcile::<Numbers<UPDATE_TABLE>>(&wanted, &clients, &arn("copy"), remove_extra).await
}

fn made(target: &Target) -> Vec<u32> {
    target.made.lock().unwrap().clone()
}

fn later(reason: &str, table_is_updating: bool) -> Reconciled {
    Reconciled::Later { reason: reason.to_owned(), table_is_updating, refused: Vec::new() }
}

fn done(refused: &[&str]) -> Reconciled {
    Reconciled::Done { refused: refused.iter().map(|text| (*text).to_owned()).collect() }
}

#[tokio::test]
async fn differences_are_changed_in_order() {
    let equal = target(&[1, 2, 3], &[], false);
    assert_eq!(run::<false>("ACTIVE", equal, false).await.unwrap(), done(&[]));
    assert!(made(equal).is_empty());
    let differs = target(&[3], &[], false);
    assert_eq!(run::<false>("UPDATING", differs, false).await.unwrap(), done(&[]));
    assert_eq!(made(differs), [1, 2]);
    let extra = target(&[1, 2, 3], &[], false);
    assert_eq!(run::<false>("ACTIVE", extra, true).await.unwrap(), done(&[]));
    assert_eq!(made(extra), [3]);
}

#[tokio::test]
async fn an_update_of_the_table_is_made_alone_and_only_of_an_active_table() {
    let later = |reason: &str| later(reason, true);
    let differs = target(&[], &[], false);
    assert_eq!(run::<true>("UPDATING", differs, false).await.unwrap(), later("table copy is UPDATING"));
    assert!(made(differs).is_empty());
    let updating = later("table copy is being updated: add 1");
    assert_eq!(run::<true>("ACTIVE", differs, false).await.unwrap(), updating);
    assert_eq!(made(differs), [1]);
    let equal = target(&[1, 2], &[], false);
    assert_eq!(run::<true>("UPDATING", equal, false).await.unwrap(), done(&[]));
}

#[tokio::test]
async fn a_busy_change_is_for_later_and_does_not_block_other_changes() {
    let busy = target(&[], &[Some(ErrorName::ResourceBusy)], false);
    assert_eq!(
        run::<false>("ACTIVE", busy, false).await.unwrap(),
        later("add 1: a:B failed: so AWS says", false)
    );
    assert_eq!(made(busy), [1, 2]);
    assert_eq!(*busy.has.lock().unwrap(), [2]);
}

#[tokio::test]
async fn a_refused_change_is_reported_with_a_busy_one() {
    let both = target(&[], &[Some(ErrorName::ResourceBusy), Some(ErrorName::AccessDenied)], false);
    let refused = vec!["add 2: AccessDenied: a:B failed: so AWS says".to_owned()];
    let reason = "add 1: a:B failed: so AWS says".to_owned();
    let later = Reconciled::Later { reason, table_is_updating: false, refused };
    assert_eq!(run::<false>("ACTIVE", both, false).await.unwrap(), later);
}

#[tokio::test]
async fn a_change_in_progress_is_waited_for_and_not_made_again() {
    let under_way = target(&[1, 2, 7], &[], false);
    assert_eq!(run::<false>("ACTIVE", under_way, false).await.unwrap(), later("wait for 7", false));
    assert!(made(under_way).is_empty());
}

#[tokio::test]
async fn a_refused_change_is_reported_and_later_changes_are_made() {
    for name in [ErrorName::RequestRefused, ErrorName::AccessDenied] {
        let refusing = target(&[], &[Some(name)], false);
        let expected = format!("add 1: {name}: a:B failed: so AWS says");
        assert_eq!(run::<false>("ACTIVE", refusing, false).await.unwrap(), done(&[&expected]));
        assert_eq!(made(refusing), [1, 2]);
    }
}

#[tokio::test]
async fn a_transient_failure_fails_the_call() {
    for name in [ErrorName::Throttled, ErrorName::ServiceUnavailable] {
        let failing = target(&[], &[None, Some(name)], false);
        assert_eq!(run::<false>("ACTIVE", failing, false).await.unwrap_err().name, name);
    }
}

#[tokio::test]
async fn a_change_not_visible_after_three_rounds_is_for_later() {
    let lagging = target(&[], &[], true);
    let expected = later("AWS does not show the new value of Tags yet", false);
    assert_eq!(run::<false>("ACTIVE", lagging, false).await.unwrap(), expected);
    assert_eq!(made(lagging), [1, 2], "none is made twice");
}

#[tokio::test]
async fn a_missing_table_is_reported() {
    let aws = FakeAws::default().clients().settings();
    let gone = reconcile::<tags::Tags>(&tags::Value::default(), &aws, "copy", false).await;
    assert_eq!(gone.unwrap(), Reconciled::TableMissing);
}

//! 2,500 tables on a simulated clock: within five minutes, and within the documented rates.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_sdk_dynamodb::config::http::HttpRequest;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use chrono::TimeDelta;
use tokio::time::Instant;

use super::collect::{Stores, collect};
use super::rates::Timer;
use super::testing::{Account, SimulatedTimer, now};
use crate::clock::Clock;
use crate::testing::fake_aws::{Call, FakeAws, refusal};

/// Time from a request to its response.
const RESPONSE: Duration = Duration::from_millis(150);

/// Sends requests to a fake AWS, whose responses take time, and records when each was sent.
#[derive(Clone)]
struct Connector {
    aws: FakeAws,
    timer: SimulatedTimer,
    sent: Arc<Mutex<Vec<(String, Instant)>>>,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        text.write_str("Connector")
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.clone();
        let sent = (api(&Call::from_request(&request)), self.timer.now());
        self.sent.lock().unwrap().push(sent);
        HttpConnectorFuture::new(async move {
            connector.timer.wait(RESPONSE).await;
            Ok(connector.aws.respond(&request))
        })
    }
}

/// Names the API of a call.
fn api(call: &Call) -> String {
    match call.key.as_str() {
        key if key.ends_with("/recovery-points") => "backup:ListRecoveryPointsByResource".to_owned(),
        "resources" => "backup:ListProtectedResources".to_owned(),
        "restore-jobs" => "backup:ListRestoreJobs".to_owned(),
        _ => call.action.clone(),
    }
}

/// Returns the most calls that were sent within a second.
fn most_in_a_second(times: &[Instant]) -> usize {
    let (mut most, mut window) = (0, VecDeque::new());
    for time in times {
        window.push_back(*time);
        while window.front().is_some_and(|first| *time - *first >= Duration::from_secs(1)) {
            window.pop_front();
        }
        most = most.max(window.len());
    }
    most
}

/// Collects this account on a simulated clock. Returns its time and the times of the calls of each API.
async fn simulated(account: &Account) -> (Duration, BTreeMap<String, Vec<Instant>>, BTreeMap<String, u64>) {
    let timer = SimulatedTimer::new();
    let connector = Connector { aws: account.aws.clone(), timer: timer.clone(), sent: Arc::default() };
    let sent = Arc::clone(&connector.sent);
    let http = http_client_fn(move |_, _| SharedHttpConnector::new(connector.clone()));
    let clients = FakeAws::clients_over(http, RetryConfig::standard());
    let began = timer.now();
    let (clock, stores) = (Clock::Fixed(now()), Stores::default());
    let collected = timer.run(collect(&clients, &clock, Arc::new(timer.clone()), &stores, &|_| {})).unwrap();
    let mut by_api = BTreeMap::<String, Vec<Instant>>::new();
    for (api, time) in sent.lock().unwrap().iter() {
        by_api.entry(api.clone()).or_default().push(*time);
    }
    (timer.now() - began, by_api, collected.calls)
}

#[tokio::test]
async fn an_account_full_of_tables_is_read_in_five_minutes_within_the_documented_rates() {
    let account = Account::new();
    for index in 0..2_500 {
        let name = format!("table-{index:04}");
        account.table(&name).pitr(&name, 35).point(&name, &format!("p-{index}"), TimeDelta::hours(3));
        for day in 0..2 {
            account.backup(&name, TimeDelta::days(day) + TimeDelta::hours(1));
        }
        account.export(&name, TimeDelta::hours(5));
    }
    let (time, sent, counted) = simulated(&account).await;
    println!("2,500 tables: {:.0} s", time.as_secs_f64());
    assert!(time < Duration::from_secs(300), "{time:?}");
    let counts: BTreeMap<String, u64> =
        sent.iter().map(|(api, times)| (api.clone(), times.len() as u64)).collect();
    assert_eq!(counts, counted, "the report counts the calls that were sent");
    let expected = [
        ("backup:ListProtectedResources", 1, 5),
        ("backup:ListRecoveryPointsByResource", 2_500, 10),
        ("backup:ListRestoreJobs", 1, 5),
        ("dynamodb:DescribeContinuousBackups", 2_500, 10),
        ("dynamodb:DescribeExport", 2_500, 20),
        ("dynamodb:DescribeTable", 2_500, 50),
        ("dynamodb:ListBackups", 50, 5),
        ("dynamodb:ListExports", 1, 10),
        ("dynamodb:ListTables", 25, 10),
        ("dynamodb:ListTagsOfResource", 2_500, 10),
    ];
    assert_eq!(counts.len(), expected.len());
    for (api, calls, rate) in expected {
        assert_eq!(sent[api].len(), calls, "{api}");
        let most = most_in_a_second(&sent[api]);
        assert!(most <= rate, "{most} calls of {api} in a second");
    }
}

#[tokio::test]
async fn a_throttled_call_is_repeated_later_and_slows_its_api() {
    let account = Account::new();
    for index in 0..20 {
        account.table(&format!("table-{index:04}"));
    }
    let refused = Mutex::new(3);
    account.aws.response("dynamodb:ListTagsOfResource", move |_| {
        let mut refused = refused.lock().unwrap();
        if *refused > 0 {
            *refused -= 1;
            return refusal("ThrottlingException");
        }
        (200, serde_json::json!({ "Tags": [] }))
    });
    let (time, sent, counted) = simulated(&account).await;
    assert_eq!(counted["dynamodb:ListTagsOfResource"], 23);
    assert!(most_in_a_second(&sent["dynamodb:ListTagsOfResource"]) <= 10);
    // Three refusals at the first try cost a second each, besides the 23 calls at 9 per second.
    assert!(time > Duration::from_secs(5), "{time:?}");
}

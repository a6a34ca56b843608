use std::time::{Duration, Instant};

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use local_aws::{Fault, Rule};
use serde_json::{Value, json};

use crate::client::{Api, stack};

fn rule(api: &Api, action: &str, from_ordinal: usize, times: usize, fault: Fault) -> Rule {
    Rule {
        account: api.account.to_owned(),
        step: None,
        action: action.to_owned(),
        from_ordinal,
        times,
        fault,
    }
}

fn put(id: &str) -> Value {
    json!({"TableName": "orders", "Item": {"id": {"S": id}}})
}

async fn ids(api: &Api) -> Vec<String> {
    let scan = api.dynamodb("Scan", json!({"TableName": "orders"})).await.ok();
    let mut ids: Vec<_> = scan["Items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"]["S"].as_str().unwrap().to_owned())
        .collect();
    ids.sort_unstable();
    ids
}

async fn prepared(account: &'static str) -> Api {
    let api = Api::new(account).await;
    api.make_table("orders").await;
    stack().await.proxy().forget_calls(account);
    api
}

#[tokio::test]
async fn throttled_failed_and_refused_calls_have_no_effect() {
    let api = prepared("200000000001").await;
    let proxy = stack().await.proxy();
    let cases = [
        (Fault::Throttle, 400, "ThrottlingException", "throttle"),
        (Fault::FailBeforeEffect, 500, "InternalServerError", "fail-before-effect"),
        (Fault::Refuse, 400, "AccessDeniedException", "refuse"),
    ];
    for (fault, status, code, name) in cases {
        proxy.forget_calls(api.account);
        proxy.clear_rules(api.account);
        proxy.inject(rule(&api, "dynamodb:PutItem", 0, 1, fault));
        let response = api.dynamodb("PutItem", put("2")).await;
        assert_eq!((response.status, response.error().as_str()), (status, code));
        let retry_after = response.headers.get("x-amz-retry-after").map(|wait| wait.to_str().unwrap());
        assert_eq!(retry_after, (name != "refuse").then_some("1"), "{name}");
        assert_eq!(ids(&api).await, ["1"], "{name}");
        let calls = proxy.calls(api.account);
        assert_eq!((calls[0].status, calls[0].fault), (status, Some(name)));
    }
    api.dynamodb("PutItem", put("2")).await.ok();
    assert_eq!(ids(&api).await, ["1", "2"]);
}

#[tokio::test]
async fn a_call_with_a_lost_response_takes_effect() {
    let api = prepared("200000000002").await;
    let proxy = stack().await.proxy();
    proxy.inject(rule(&api, "dynamodb:PutItem", 0, 1, Fault::LoseResponse));
    let lost = api.try_json("dynamodb", "DynamoDB_20120810.PutItem", put("2")).await;
    assert!(lost.is_err(), "{lost:?}");
    assert_eq!(ids(&api).await, ["1", "2"]);
    let call = &proxy.calls(api.account)[0];
    assert_eq!((call.status, call.fault), (200, Some("lose-answer")));
}

#[tokio::test]
async fn a_delayed_call_takes_effect_even_if_its_caller_stops_waiting() {
    let api = prepared("200000000003").await;
    let delay = Duration::from_millis(200);
    stack().await.proxy().inject(rule(&api, "dynamodb:PutItem", 0, 2, Fault::Delay(delay)));
    let began = Instant::now();
    api.dynamodb("PutItem", put("2")).await.ok();
    assert!(began.elapsed() >= delay);

    let abandoned = tokio::time::timeout(delay / 10, api.dynamodb("PutItem", put("3"))).await;
    assert!(abandoned.is_err());
    crate::client::eventually("the delayed effect", async || {
        (ids(&api).await == ["1", "2", "3"]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_rule_for_one_step_does_not_affect_the_others() {
    let api = prepared("200000000004").await;
    let proxy = stack().await.proxy();
    let for_step =
        Rule { step: Some("a.b".to_owned()), ..rule(&api, "dynamodb:PutItem", 1, 1, Fault::Throttle) };
    proxy.inject(for_step);
    let (step, other) = (api.as_step("a.b"), api.as_step("a.c"));
    let mut statuses = Vec::new();
    for caller in [&step, &other, &other, &step, &step] {
        statuses.push(caller.dynamodb("PutItem", put("2")).await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 400, 200]);
}

#[tokio::test]
async fn the_sdk_recognises_the_faults() {
    let account = "200000000005";
    let api = Api::new(account).await;
    let proxy = stack().await.proxy();
    let config = stack().await.config(account).await;
    let s3 = aws_sdk_s3::Client::new(&config);
    s3.create_bucket().bucket("faults").send().await.unwrap();
    let put = async |key: &str| {
        s3.put_object().bucket("faults").key(key).body(ByteStream::from_static(b"content")).send().await
    };
    let statuses = || -> Vec<u16> {
        let calls = proxy.calls(account);
        calls.iter().filter(|call| call.action == "s3:PutObject").map(|call| call.status).collect()
    };

    // Retried until it succeeds.
    proxy.inject(rule(&api, "s3:PutObject", 0, 1, Fault::Throttle));
    proxy.inject(rule(&api, "s3:PutObject", 1, 1, Fault::FailBeforeEffect));
    put("one").await.unwrap();
    assert_eq!(statuses(), [503, 500, 200]);

    // A lost response is retried too, so the effect happens twice.
    proxy.clear_rules(account);
    proxy.forget_calls(account);
    proxy.inject(rule(&api, "s3:PutObject", 0, 1, Fault::LoseResponse));
    put("two").await.unwrap();
    assert_eq!(statuses(), [200, 200]);

    // A refusal is final.
    proxy.clear_rules(account);
    proxy.forget_calls(account);
    proxy.inject(rule(&api, "s3:PutObject", 0, usize::MAX, Fault::Refuse));
    let refused = put("three").await.unwrap_err();
    assert_eq!(refused.code(), Some("AccessDenied"));
    assert_eq!(statuses(), [403]);

    // The query protocol.
    let cloudformation = aws_sdk_cloudformation::Client::new(&config);
    proxy.inject(rule(&api, "cloudformation:ListStacks", 0, 1, Fault::Throttle));
    cloudformation.list_stacks().send().await.unwrap();
    proxy.inject(rule(&api, "cloudformation:ListExports", 0, 1, Fault::Refuse));
    let refused = cloudformation.list_exports().send().await.unwrap_err();
    assert_eq!(refused.code(), Some("AccessDenied"));
}

#[tokio::test]
async fn the_sdk_recognises_the_faults_of_cbor_services() {
    let account = "200000000006";
    let api = Api::new(account).await;
    let proxy = stack().await.proxy();
    let cloudwatch = aws_sdk_cloudwatch::Client::new(&stack().await.config(account).await);
    let put = || {
        use aws_sdk_cloudwatch::types::{ComparisonOperator, Statistic};
        let alarm = cloudwatch.put_metric_alarm().alarm_name("busy").namespace("AWS/DynamoDB");
        let alarm = alarm.metric_name("ThrottledRequests").statistic(Statistic::Sum).period(60);
        let alarm = alarm.threshold(1.0).evaluation_periods(1);
        alarm.comparison_operator(ComparisonOperator::GreaterThanThreshold).send()
    };
    proxy.inject(rule(&api, "cloudwatch:PutMetricAlarm", 0, 1, Fault::Throttle));
    proxy.inject(rule(&api, "cloudwatch:PutMetricAlarm", 1, 1, Fault::FailBeforeEffect));
    put().await.unwrap();
    let described = cloudwatch.describe_alarms().alarm_names("busy").send().await.unwrap();
    assert_eq!(described.metric_alarms()[0].threshold(), Some(1.0));
    proxy.inject(rule(&api, "cloudwatch:DeleteAlarms", 0, 1, Fault::Refuse));
    let delete = || cloudwatch.delete_alarms().alarm_names("busy").send();
    assert_eq!(delete().await.unwrap_err().code(), Some("AccessDenied"));
    delete().await.unwrap();

    let calls = proxy.calls(account);
    let seen: Vec<_> = calls.iter().map(|call| (call.action.as_str(), call.status)).collect();
    let expected = [
        ("cloudwatch:PutMetricAlarm", 400),
        ("cloudwatch:PutMetricAlarm", 500),
        ("cloudwatch:PutMetricAlarm", 200),
        ("cloudwatch:DescribeAlarms", 200),
        ("cloudwatch:DeleteAlarms", 403),
        ("cloudwatch:DeleteAlarms", 200),
    ];
    assert_eq!(seen, expected);
}

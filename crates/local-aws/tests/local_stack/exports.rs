use hyper::Method;
use serde_json::{Value, json};

use crate::client::Api;

async fn list(api: &Api, input: Value) -> Value {
    api.dynamodb("ListExports", input).await.ok()
}

fn arns(page: &Value) -> Vec<String> {
    let summaries = page["ExportSummaries"].as_array().unwrap();
    summaries.iter().map(|summary| summary["ExportArn"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn exports_of_an_account_are_listed_in_pages_newest_first() {
    let api = Api::new("360000000092").await;
    api.make_table("orders").await;
    let on = json!({ "PointInTimeRecoveryEnabled": true });
    let update = json!({ "TableName": "orders", "PointInTimeRecoverySpecification": on });
    let window = api.dynamodb("UpdateContinuousBackups", update).await.ok();
    let window = &window["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"];
    assert_eq!(window["EarliestRestorableDateTime"], window["LatestRestorableDateTime"]);
    api.send("s3", Method::PUT, "/exports-360000000092", &[], "").await.unwrap().ok();
    let arn = "arn:aws:dynamodb:us-east-1:360000000092:table/orders";
    for _ in 0..3 {
        let input = json!({ "TableArn": arn, "S3Bucket": "exports-360000000092" });
        api.dynamodb("ExportTableToPointInTime", input).await.ok();
    }
    let all = list(&api, json!({})).await;
    let mut sorted = arns(&all);
    sorted.sort_by(|one, other| other.cmp(one));
    assert_eq!((arns(&all).len(), arns(&all)), (3, sorted.clone()));
    assert_eq!(all["ExportSummaries"][0]["ExportStatus"], "IN_PROGRESS");
    let first = list(&api, json!({ "MaxResults": 2 })).await;
    assert_eq!(first["ExportSummaries"][0]["ExportStatus"], "COMPLETED");
    let second =
        list(&api, json!({ "MaxResults": 2, "NextToken": first["NextToken"], "TableArn": arn })).await;
    assert_eq!([arns(&first), arns(&second)].concat(), sorted);
    assert!(second.get("NextToken").is_none());
    let described = api.dynamodb("DescribeExport", json!({ "ExportArn": sorted[0] })).await.ok();
    let described = &described["ExportDescription"];
    assert_eq!(described["ExportTime"], described["StartTime"]);
    let wrong = api.dynamodb("ListExports", json!({ "MaxResults": 26 })).await;
    assert_eq!(wrong.error(), "ValidationException");
}

//! Reads what is read table by table.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types as sdk;
use futures::StreamExt as _;

use super::facts::{Description, Pitr};
use super::finding::Finding;
use super::rates::Apis;
use crate::aws::failure::AwsFailure;
use crate::clock::utc;

/// Number of tables that are read at a time. It hides the time of the calls: the rates alone decide how long it takes.
const AT_A_TIME: usize = 64;

/// What was read of one table by its own calls.
#[derive(Clone, Debug)]
pub(super) struct Read {
    pub(super) name: String,
    pub(super) table: Finding<Description>,
    pub(super) tags: Finding<BTreeMap<String, String>>,
    pub(super) pitr: Finding<Pitr>,
}

/// Returns the names of all tables.
pub(super) async fn names(
    apis: &Apis,
    dynamodb: &aws_sdk_dynamodb::Client,
) -> Result<Vec<String>, AwsFailure> {
    let (mut names, mut start) = (Vec::new(), None);
    loop {
        let list = || dynamodb.list_tables().set_exclusive_start_table_name(start.clone()).send();
        let page = apis.list_tables.call(list).await?;
        names.extend(page.table_names.unwrap_or_default());
        start = page.last_evaluated_table_name;
        if start.is_none() {
            return Ok(names);
        }
    }
}

/// Reads these tables. Leaves out those that no longer exist. Calls `done` after each.
pub(super) async fn read(
    apis: &Apis,
    dynamodb: &aws_sdk_dynamodb::Client,
    names: &[String],
    done: &(dyn Fn() + Sync),
) -> Vec<Read> {
    let reads: Vec<_> = names.iter().map(|name| table(apis, dynamodb, name)).collect();
    let reads = futures::stream::iter(reads).buffered(AT_A_TIME).inspect(|_| done());
    reads.filter_map(futures::future::ready).collect().await
}

async fn table(apis: &Apis, dynamodb: &aws_sdk_dynamodb::Client, name: &str) -> Option<Read> {
    let described = apis.describe_table.call(|| dynamodb.describe_table().table_name(name).send()).await;
    let table = match described {
        Err(failure) if failure.code.as_deref() == Some("ResourceNotFoundException") => return None,
        Err(failure) => Finding::from_failure(&failure),
        Ok(response) => match response.table.as_ref().and_then(description) {
            Some(value) => Finding::Found { value },
            None => Finding::NotKnown {
                reason: "the response to dynamodb:DescribeTable lacks the ARN or the id of the table"
                    .to_owned(),
            },
        },
    };
    let arn = table.found().map(|table| table.arn.clone());
    let (pitr, tags) = futures::join!(pitr(apis, dynamodb, name), async {
        match arn {
            Some(arn) => Finding::from_result(tags(apis, dynamodb, &arn).await.map(Some)),
            None => Finding::NotKnown { reason: "the ARN of the table is not known".to_owned() },
        }
    });
    Some(Read { name: name.to_owned(), table, tags, pitr })
}

fn description(table: &sdk::TableDescription) -> Option<Description> {
    Some(Description {
        arn: table.table_arn()?.to_owned(),
        id: table.table_id()?.to_owned(),
        status: table.table_status().map_or("UNKNOWN", |status| status.as_str()).to_owned(),
        created_at: utc(table.creation_date_time()?),
        item_count: table.item_count().unwrap_or_default(),
        bytes: table.table_size_bytes().unwrap_or_default(),
        deletion_protection: table.deletion_protection_enabled() == Some(true),
        stream: table.latest_stream_label().map(str::to_owned),
    })
}

async fn pitr(apis: &Apis, dynamodb: &aws_sdk_dynamodb::Client, name: &str) -> Finding<Pitr> {
    let describe = || dynamodb.describe_continuous_backups().table_name(name).send();
    let described = match apis.describe_continuous_backups.call(describe).await {
        Ok(response) => response.continuous_backups_description,
        Err(failure) => return Finding::from_failure(&failure),
    };
    let recovery = described.and_then(|described| described.point_in_time_recovery_description);
    let status = recovery.as_ref().and_then(|recovery| recovery.point_in_time_recovery_status());
    match (status, &recovery) {
        (Some(sdk::PointInTimeRecoveryStatus::Enabled), Some(recovery)) => {
            let value = Pitr {
                earliest: recovery.earliest_restorable_date_time().map(utc),
                latest: recovery.latest_restorable_date_time().map(utc),
                period_in_days: recovery.recovery_period_in_days(),
            };
            Finding::Found { value }
        }
        (Some(sdk::PointInTimeRecoveryStatus::Disabled), _) => Finding::None {},
        _ => Finding::NotKnown {
            reason: "the response to dynamodb:DescribeContinuousBackups has no PointInTimeRecoveryStatus"
                .to_owned(),
        },
    }
}

async fn tags(
    apis: &Apis,
    dynamodb: &aws_sdk_dynamodb::Client,
    arn: &str,
) -> Result<BTreeMap<String, String>, AwsFailure> {
    let (mut tags, mut token) = (BTreeMap::new(), None);
    loop {
        let list = || dynamodb.list_tags_of_resource().resource_arn(arn).set_next_token(token.clone()).send();
        let page = apis.list_tags.call(list).await?;
        tags.extend(page.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)));
        token = page.next_token;
        if token.is_none() {
            return Ok(tags);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::fleet::collect::Stores;
    use crate::fleet::testing::{Account, collected};
    use crate::testing::fake_aws::{arn, refusal};

    #[tokio::test]
    async fn a_table_that_is_deleted_meanwhile_is_left_out_and_a_refused_one_is_not_known() {
        let account = Account::new();
        account
            .table("deleted")
            .table("orders")
            .table("secret")
            .backup("secret", chrono::TimeDelta::hours(1));
        account.aws.response("dynamodb:DescribeTable", |call| match call.input["TableName"].as_str() {
            Some("deleted") => refusal("ResourceNotFoundException"),
            Some("secret") => refusal("AccessDeniedException"),
            _ => {
                let table = json!({ "TableName": "orders", "TableArn": arn("orders"), "TableId": "id-of-orders",
                    "TableStatus": "ACTIVE", "CreationDateTime": 1_000.0 });
                (200, json!({ "Table": table }))
            }
        });
        let tables = collected(&account, &Stores::default()).unwrap().tables;
        assert_eq!(tables.keys().collect::<Vec<_>>(), ["orders", "secret"]);
        let secret = &tables["secret"];
        assert!(secret.table.reason().is_some() && secret.tags.reason().is_some() && secret.pitr.is_none());
        assert!(secret.backups.reason().is_some(), "it may be a backup of an earlier table of the name");
        assert!(tables["orders"].backups.is_none() && tables["orders"].tags.found().is_some());
    }
}

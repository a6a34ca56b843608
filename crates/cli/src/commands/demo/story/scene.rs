//! Prepares the demo: the workflow, the notifications, the table and the pointer.

use std::path::Path;

use anyhow::{Context as _, ensure};
use aws_config::SdkConfig;
use aws_sdk_sqs::types::QueueAttributeName;
use aws_sdk_ssm::types::ParameterType;
use chrono::{DateTime, TimeDelta, Utc};

use super::name_of;
use crate::commands::demo::compare::Items;
use crate::commands::demo::table;
use crate::commands::local::provision;
use crate::console::Console;
use crate::failure;

/// The table that is backed up.
pub(crate) const SOURCE: &str = "orders-production";
/// The pointer. Readers of the staging copy read the ARN of their table here.
pub(crate) const PARAMETER: &str = "/staging/orders/table-arn";

/// The clients and names that the chapters share.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) config: SdkConfig,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) state_machine: String,
    /// The ARN that the pointer has at first.
    pub(crate) older_copy: String,
    /// A queue that receives the same notifications as the workflow.
    pub(crate) inbox: String,
}

impl Scene {
    /// Deploys the workflow's template and the resources that it needs.
    pub(crate) async fn deploy(
        console: &Console,
        config: &SdkConfig,
        bootstrap: &Path,
    ) -> anyhow::Result<Self> {
        console.busy("deploying");
        let topic = provision::notifications(config).await?;
        let inbox = subscribe_inbox(config, &topic).await?;
        let mut parameters = parameters().to_vec();
        parameters.push(("BackupSNSTopicARN", topic));
        let outputs = provision::deploy(config, "rotate-restore", &parameters, bootstrap).await?;
        let state_machine =
            outputs.get("StateMachineArn").context("the template has no output StateMachineArn")?.clone();
        let dynamodb = aws_sdk_dynamodb::Client::new(config);
        let older_copy = older_copy(config, &dynamodb).await?;
        console.idle();
        console.event("infra/rotate-restore.yaml is deployed: whenever AWS Backup has backed up a table");
        console.detail("whose name ends in -production, it restores that backup as …-staging-<time>");
        console.event(&format!("the pointer {PARAMETER} names the last copy,"));
        console.detail(name_of(&older_copy));
        Ok(Self { config: config.clone(), dynamodb, state_machine, older_copy, inbox })
    }

    /// Creates the table with its items, and returns them as read back.
    pub(crate) async fn fill(&self, console: &Console, count: u32) -> anyhow::Result<Items> {
        table::create_source(&self.dynamodb, SOURCE).await?;
        console.event("created with a sort key, a global and a local index, a time to live, a stream, tags");
        table::fill(&self.dynamodb, SOURCE, count, console).await?;
        let items = table::read(&self.dynamodb, SOURCE).await?;
        ensure!(
            items.len() == count as usize,
            "{count} items were written to {SOURCE}, but {} were read",
            items.len()
        );
        console.event(&format!("{count} items written and read back; they cover every DynamoDB type"));
        Ok(items)
    }
}

/// Returns the table ARN that the pointer has now.
pub(crate) async fn pointer(config: &SdkConfig) -> anyhow::Result<String> {
    aws_sdk_ssm::Client::new(config)
        .get_parameter()
        .name(PARAMETER)
        .send()
        .await
        .map_err(failure::aws("ssm:GetParameter"))?
        .parameter
        .and_then(|parameter| parameter.value)
        .with_context(|| format!("{PARAMETER} has no value"))
}

/// Returns the parameters by which the backups of [`SOURCE`] are restored and [`PARAMETER`] is moved.
pub(crate) fn parameters() -> [(&'static str, String); 3] {
    [
        ("SourcePattern", "-production$".to_owned()),
        ("ReplacementPattern", "-staging".to_owned()),
        ("SSMParameterName", PARAMETER.to_owned()),
    ]
}

/// Creates an empty table as yesterday's copy, and points the parameter at it.
pub(crate) async fn older_copy(
    config: &SdkConfig,
    dynamodb: &aws_sdk_dynamodb::Client,
) -> anyhow::Result<String> {
    let yesterday = now() - TimeDelta::days(1);
    let name = format!("orders-staging-{}", yesterday.format("%Y%m%d-%H-%M-%S"));
    let arn = table::create_older_copy(dynamodb, &name).await?;
    aws_sdk_ssm::Client::new(config)
        .put_parameter()
        .name(PARAMETER)
        .value(&arn)
        .r#type(ParameterType::String)
        .overwrite(true)
        .send()
        .await
        .map_err(failure::aws("ssm:PutParameter"))?;
    Ok(arn)
}

/// Subscribes a queue to the topic, to show what is published there.
async fn subscribe_inbox(config: &SdkConfig, topic: &str) -> anyhow::Result<String> {
    let sqs = aws_sdk_sqs::Client::new(config);
    let queue = sqs
        .create_queue()
        .queue_name("demo-inbox")
        .send()
        .await
        .map_err(failure::aws("sqs:CreateQueue"))?
        .queue_url
        .context("CreateQueue returned no URL")?;
    let attributes = sqs
        .get_queue_attributes()
        .queue_url(&queue)
        .attribute_names(QueueAttributeName::QueueArn)
        .send()
        .await
        .map_err(failure::aws("sqs:GetQueueAttributes"))?;
    let arn = attributes
        .attributes()
        .and_then(|attributes| attributes.get(&QueueAttributeName::QueueArn))
        .context("the queue has no ARN")?;
    aws_sdk_sns::Client::new(config)
        .subscribe()
        .topic_arn(topic)
        .protocol("sqs")
        .endpoint(arn)
        .send()
        .await
        .map_err(failure::aws("sns:Subscribe"))?;
    Ok(queue)
}

#[expect(clippy::disallowed_methods, reason = "the command line is an edge, and yesterday depends on today")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

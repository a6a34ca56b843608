//! What the plans of tables share: the local stack, an account on it, and what the command printed.

use std::process::Output;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use local_aws::{LocalAws, Options, Slowness};
use serde_json::Value;
use tokio::sync::OnceCell;

/// The local stack of this test binary; it ends with the process.
pub(crate) async fn stack() -> &'static LocalAws {
    static STACK: OnceCell<LocalAws> = OnceCell::const_new();
    STACK
        .get_or_init(async || {
            let progress: local_aws::Progress = Arc::new(|line| eprintln!("{line}"));
            let directory = local_aws::directory();
            let options = Options { port: None, wait_scale: 0.0, directory, progress };
            LocalAws::start(options).await.unwrap()
        })
        .await
}

/// An account with a table `orders`.
pub(crate) struct Account {
    pub(crate) account: &'static str,
    pub(crate) client: Client,
}

/// What the command printed, and its exit code.
pub(crate) struct Told {
    pub(crate) code: Option<i32>,
    pub(crate) data: String,
    pub(crate) remarks: String,
}

impl Account {
    pub(crate) async fn with_table(account: &'static str) -> Account {
        let slowness =
            Slowness { tables: 0, indexes: 0, updates: 0, on_demand_backups: 0, ..Slowness::default() };
        stack().await.front().slow(account, slowness);
        let this = Account { account, client: Client::new(&stack().await.config(account).await) };
        this.create_table().await;
        this
    }

    pub(crate) async fn create_table(&self) {
        let id = AttributeDefinition::builder()
            .attribute_name("id")
            .attribute_type(ScalarAttributeType::S)
            .build()
            .unwrap();
        let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build().unwrap();
        let create = self.client.create_table().table_name("orders").attribute_definitions(id);
        create.key_schema(key).billing_mode(BillingMode::PayPerRequest).send().await.unwrap();
    }

    /// What `tablekeeper plan <workflow>` says in this account.
    pub(crate) async fn plan_of(&self, workflow: &str, region: &str, arguments: &[&str]) -> Told {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_tablekeeper"));
        let command = command.args(["plan", workflow]).args(arguments);
        let command = command.env("AWS_ENDPOINT_URL", stack().await.endpoint()).env("AWS_REGION", region);
        let command = command.env("AWS_ACCESS_KEY_ID", self.account).env("AWS_SECRET_ACCESS_KEY", "local");
        let command = command.env_remove("AWS_SESSION_TOKEN").env_remove("AWS_PROFILE");
        let Output { status, stdout, stderr } = command.output().await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Told { code: status.code(), data: text(stdout), remarks: text(stderr) }
    }
}

impl Told {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap()
    }
}

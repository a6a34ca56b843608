//! What the tests of commands share: the local stack, an account with a directory, and the output of a command.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, StreamSpecification,
    StreamViewType,
};
use local_aws::{LocalAws, Options, SimulatedLatency};
use serde_json::Value;
use tokio::process::Command;
use tokio::sync::OnceCell;

/// Returns the local stack of this test binary. It ends with the process.
pub(crate) async fn stack() -> &'static LocalAws {
    static STACK: OnceCell<LocalAws> = OnceCell::const_new();
    STACK
        .get_or_init(async || {
            let progress: local_aws::Progress = Arc::new(|line| eprintln!("{line}"));
            let directory = local_aws::directory();
            LocalAws::start(Options { port: None, wait_scale: 0.0, directory, progress }).await.unwrap()
        })
        .await
}

/// An account whose tables are available at once, and a directory in which commands run.
pub(crate) struct Shell {
    pub(crate) name: &'static str,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) directory: tempfile::TempDir,
    /// Additional environment variables of the commands.
    pub(crate) variables: Vec<(&'static str, String)>,
}

/// The output and exit code of a command.
pub(crate) struct CommandOutput {
    pub(crate) code: Option<i32>,
    pub(crate) data: String,
    /// What was printed on stderr, without the lines below.
    pub(crate) remarks: String,
    /// The first line of a command that writes: where, and as whom.
    pub(crate) account: Option<String>,
    /// The line of help after an error.
    pub(crate) help: Option<String>,
}

impl Shell {
    /// Creates an account. Each test has one of its own, as they run at the same time.
    pub(crate) async fn new(name: &'static str) -> Shell {
        static NAMES: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
        assert!(NAMES.lock().unwrap().insert(name), "two tests have the account {name}");
        let latency = SimulatedLatency {
            tables: 0,
            indexes: 0,
            updates: 0,
            on_demand_backups: 0,
            ..SimulatedLatency::default()
        };
        stack().await.proxy().slow(name, latency);
        let config = stack().await.config(name).await;
        Shell {
            name,
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            s3: aws_sdk_s3::Client::new(&config),
            directory: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        }
    }

    /// Creates a table with this partition key, of type S.
    pub(crate) async fn create(&self, table: &str, key: &str, with_stream: bool) {
        let id = AttributeDefinition::builder().attribute_name(key).attribute_type(ScalarAttributeType::S);
        let element =
            KeySchemaElement::builder().attribute_name(key).key_type(KeyType::Hash).build().unwrap();
        let create = self.dynamodb.create_table().table_name(table).key_schema(element);
        let create = create.attribute_definitions(id.build().unwrap());
        let stream = StreamSpecification::builder()
            .stream_enabled(true)
            .stream_view_type(StreamViewType::NewAndOldImages)
            .build()
            .unwrap();
        let create = create.set_stream_specification(with_stream.then_some(stream));
        create.billing_mode(BillingMode::PayPerRequest).send().await.unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Returns the command, to be run in the account's directory.
    pub(crate) async fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tablekeeper"));
        command.args(arguments).current_dir(self.directory.path());
        for variable in [
            "AWS_SESSION_TOKEN",
            "AWS_PROFILE",
            "INCREMENTAL_BUCKET",
            "INCREMENTAL_PREFIX",
            "FAILURES_PREFIX",
            "SNAPSHOT_BUCKET",
            "SNAPSHOT_PREFIX",
            "DYNAMODB_REGION",
            "DYNAMODB_HOST",
            "DYNAMODB_PORT",
            "DYNAMODB_USETLS",
            "DYNAMODB_PARALLELISM",
        ] {
            command.env_remove(variable);
        }
        command.env("AWS_ENDPOINT_URL", stack().await.endpoint()).env("AWS_REGION", "us-east-1");
        command.env("AWS_ACCESS_KEY_ID", self.name).env("AWS_SECRET_ACCESS_KEY", "local");
        // The settings file of whoever runs the tests does not apply.
        command.env("XDG_CONFIG_HOME", self.directory.path()).env_remove("TABLEKEEPER_CONFIG");
        command.envs(self.variables.iter().map(|(name, value)| (*name, value)));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> CommandOutput {
        CommandOutput::from_output(self.command(arguments).await.output().await.unwrap())
    }

    /// Runs a command that must succeed.
    pub(crate) async fn done(&self, arguments: &[&str]) -> CommandOutput {
        let reported = self.run(arguments).await;
        assert_eq!(reported.code, Some(0), "{arguments:?}: {}{}", reported.data, reported.remarks);
        reported
    }
}

impl CommandOutput {
    pub(crate) fn from_output(Output { status, stdout, stderr }: Output) -> CommandOutput {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (mut account, mut help) = (None, None);
        let mut remarks = String::new();
        for line in text(stderr).lines() {
            if remarks.is_empty() && account.is_none() && line.starts_with("account ") {
                account = Some(line.to_owned());
            } else if let Some(text) = line.strip_prefix("help: ") {
                help = Some(text.to_owned());
            } else {
                remarks.push_str(line);
                remarks.push('\n');
            }
        }
        CommandOutput { code: status.code(), data: text(stdout), remarks, account, help }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap()
    }
}

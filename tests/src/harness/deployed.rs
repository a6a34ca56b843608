//! A workflow deployed into its own account.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_config::SdkConfig;
use local_aws::{Deployment, LocalAws, Options, SimulatedLatency, build_bootstrap, deploy, workspace_root};
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::Workflow;

/// The local stack of this test binary, and the `bootstrap` to deploy on it.
pub struct Stack {
    /// The local stack.
    pub aws: LocalAws,
    /// Path of the `bootstrap` that was built.
    pub bootstrap: PathBuf,
}

/// Returns the local stack. The first call starts it. Wait states take no time on it. It ends with the process.
pub async fn stack() -> &'static Stack {
    static STACK: OnceCell<Stack> = OnceCell::const_new();
    STACK
        .get_or_init(async || {
            // Warnings of the proxy, such as a notification that failed, help to explain a failing test.
            let warnings = tracing_subscriber::filter::LevelFilter::WARN;
            let subscriber = tracing_subscriber::fmt().with_max_level(warnings).with_writer(std::io::stderr);
            // It exists already if an earlier start failed.
            let _ = subscriber.try_init();
            let progress: local_aws::Progress = Arc::new(|line| eprintln!("{line}"));
            let bootstrap = build_bootstrap(&progress).await.expect("the bootstrap builds");
            let directory = local_aws::directory();
            let options = Options { port: None, wait_scale: 0.0, directory, progress };
            Stack { aws: LocalAws::start(options).await.expect("the local stack starts"), bootstrap }
        })
        .await
}

/// A workflow in an account that nothing else uses.
pub struct Deployed {
    /// Id of the account.
    pub account: String,
    /// Outputs of the stack, by name.
    pub outputs: BTreeMap<String, String>,
    /// Name of the output that has the ARN of the workflow's state machine.
    pub machine_output: String,
    /// Outputs of the additional workflow in the account, if there is one.
    pub additional_outputs: BTreeMap<String, String>,
    /// Configuration for further clients.
    pub config: SdkConfig,
    /// Client of Application Auto Scaling.
    pub auto_scaling: aws_sdk_applicationautoscaling::Client,
    /// Client of AWS Backup.
    pub backup: aws_sdk_backup::Client,
    /// Client of CloudWatch.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// Client of DynamoDB.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Client of Lambda.
    pub lambda: aws_sdk_lambda::Client,
    /// Client of S3.
    pub s3: aws_sdk_s3::Client,
    /// Client of Step Functions.
    pub sfn: aws_sdk_sfn::Client,
    /// Client of SNS.
    pub sns: aws_sdk_sns::Client,
    /// Client of SQS.
    pub sqs: aws_sdk_sqs::Client,
    /// Client of Systems Manager.
    pub ssm: aws_sdk_ssm::Client,
}

impl Deployed {
    /// Creates an empty account.
    pub async fn empty_account() -> Deployed {
        static LAST: AtomicU64 = AtomicU64::new(200_000_000_000);
        let account = (LAST.fetch_add(1, Ordering::Relaxed) + 1).to_string();
        let aws = &stack().await.aws;
        aws.proxy().slow(
            &account,
            SimulatedLatency {
                tables: 1,
                indexes: 1,
                backups: 0,
                on_demand_backups: 0,
                restore_jobs: 1,
                updates: 1,
            },
        );
        let config = aws.config(&account).await;
        Deployed {
            outputs: BTreeMap::new(),
            machine_output: String::new(),
            additional_outputs: BTreeMap::new(),
            auto_scaling: aws_sdk_applicationautoscaling::Client::new(&config),
            backup: aws_sdk_backup::Client::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            lambda: aws_sdk_lambda::Client::new(&config),
            s3: aws_sdk_s3::Client::new(&config),
            sfn: aws_sdk_sfn::Client::new(&config),
            sns: aws_sdk_sns::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
            ssm: aws_sdk_ssm::Client::new(&config),
            config,
            account,
        }
    }

    /// Deploys the workflow's template with its test parameters and these, which take precedence.
    pub async fn deploy(&mut self, workflow: &Workflow, parameters: &[(&str, String)]) {
        let template = workspace_root().join(format!("infra/{}.yaml", workflow.template));
        let prepared = match workflow.prepare {
            Some(prepare) => prepare(self).await,
            None => Vec::new(),
        };
        let mut all: BTreeMap<&str, String> =
            workflow.parameters.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        all.extend(prepared);
        all.extend(parameters.iter().cloned());
        let parameters: Vec<_> = all.into_iter().collect();
        let deployment = Deployment {
            template: &template,
            // The emulator's pool of processes does not distinguish functions of one name in several accounts.
            stack_name: &format!("{}-{}", workflow.name, self.account),
            parameters: &parameters,
            bootstrap: &stack().await.bootstrap,
        };
        self.outputs = deploy(&self.config, &deployment).await.expect("the template deploys");
        self.machine_output = format!("{}Arn", workflow.machine);
    }

    /// Creates an account and deploys the workflow into it.
    pub async fn new(workflow: &Workflow) -> Deployed {
        let mut deployed = Deployed::empty_account().await;
        deployed.deploy(workflow, &[]).await;
        deployed
    }

    /// Deletes the functions of the account with their processes, and their code in the artifact bucket, to free
    /// resources of the emulator. Use it after a scenario if there are hundreds of them.
    pub async fn remove_functions(&self) {
        let functions = self.lambda.list_functions().into_paginator().items().send();
        for function in functions.try_collect().await.unwrap() {
            let delete = self.lambda.delete_function().function_name(function.function_name.unwrap());
            delete.send().await.unwrap();
        }
        let bucket = format!("tablekeeper-artifacts-{}", self.account);
        let objects = self.s3.list_objects_v2().bucket(&bucket).send().await.unwrap();
        for object in objects.contents.unwrap_or_default() {
            self.s3.delete_object().bucket(&bucket).key(object.key.unwrap()).send().await.unwrap();
        }
    }

    /// Returns an output of the stack. Panics if there is none of this name.
    pub fn output(&self, name: &str) -> &str {
        self.outputs.get(name).unwrap_or_else(|| panic!("the template has no output {name}"))
    }

    /// Returns the ARN of the workflow's state machine.
    pub fn machine(&self) -> &str {
        self.output(&self.machine_output)
    }

    /// Receives the messages of the dead-letter queue. A workflow that no event starts has no such queue.
    pub async fn dead_letters(&self) -> Vec<Value> {
        let Some(queue) = self.outputs.get("DeadLetterQueueUrl") else { return Vec::new() };
        let response = self.sqs.receive_message().queue_url(queue).max_number_of_messages(10).send().await;
        let messages = response.expect("the dead-letter queue responds").messages.unwrap_or_default();
        messages.iter().map(|message| serde_json::from_str(message.body().unwrap()).unwrap()).collect()
    }
}

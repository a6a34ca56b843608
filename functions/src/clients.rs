//! The AWS clients, built when a step asks for them.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, SdkConfig};

/// Builds the clients that a step takes.
///
/// The step's name is the SDK's app name, so that it stands in the User-Agent of each call, and with
/// it in CloudTrail.
#[derive(Clone, Debug)]
pub struct Clients {
    sdk: SdkConfig,
}

impl Clients {
    /// From the environment that Lambda (or a person's shell) gives: region, credentials, endpoint.
    ///
    /// A lost connection is noticed after 3 s and an unanswered attempt given up after 10 s, so that
    /// three attempts of one call end well within a step's 60 s.
    pub async fn from_environment(step: &str) -> Clients {
        #[expect(clippy::disallowed_methods, reason = "this is the edge that builds the clients")]
        let loader = aws_config::defaults(BehaviorVersion::latest());
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(3))
            .operation_attempt_timeout(Duration::from_secs(10))
            .build();
        let mut loader = loader.retry_config(RetryConfig::standard()).timeout_config(timeouts);
        if let Ok(name) = AppName::new(step.to_owned()) {
            loader = loader.app_name(name);
        }
        Clients { sdk: loader.load().await }
    }

    /// With a configuration that the caller has made.
    pub fn new(sdk: SdkConfig) -> Clients {
        Clients { sdk }
    }

    /// For AWS Backup.
    pub fn backup(&self) -> aws_sdk_backup::Client {
        aws_sdk_backup::Client::new(&self.sdk)
    }

    /// For DynamoDB.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.sdk)
    }

    /// For Step Functions.
    pub fn sfn(&self) -> aws_sdk_sfn::Client {
        aws_sdk_sfn::Client::new(&self.sdk)
    }

    /// For Systems Manager.
    pub fn ssm(&self) -> aws_sdk_ssm::Client {
        aws_sdk_ssm::Client::new(&self.sdk)
    }
}

//! The AWS clients, built when a step asks for them.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::SharedCredentialsProvider;

use super::raw_items::RawItems;

/// After how long a connection that does not come about is given up.
const CONNECT: Duration = Duration::from_secs(3);

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
            .connect_timeout(CONNECT)
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

    /// The same, with so much time for each attempt of a call: for files over a slow line.
    pub fn with_attempts_of(&self, time: Duration) -> Clients {
        let timeouts =
            TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(time).build();
        Clients { sdk: self.sdk.to_builder().timeout_config(timeouts).build() }
    }

    /// Where calls go, for people: `in eu-west-1`, and at which address if it is not AWS's own.
    pub fn place(&self) -> String {
        let region = self.sdk.region().map(|region| format!("in {region}"));
        let address = self.sdk.endpoint_url().map(|url| format!("at {url}"));
        [region, address].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// For AWS Backup.
    pub fn backup(&self) -> aws_sdk_backup::Client {
        aws_sdk_backup::Client::new(&self.sdk)
    }

    /// For DynamoDB.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.sdk)
    }

    /// For items, which stay bytes.
    pub fn raw_items(&self) -> RawItems {
        RawItems::new(self.dynamodb())
    }

    /// For S3.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::new(&self.sdk)
    }

    /// For Lambda.
    pub fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.sdk)
    }

    /// For CloudWatch.
    pub fn cloudwatch(&self) -> aws_sdk_cloudwatch::Client {
        aws_sdk_cloudwatch::Client::new(&self.sdk)
    }

    /// Returns the configuration that every client is built from.
    pub(crate) fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    /// The same in another Region.
    pub fn in_region(&self, region: &str) -> Clients {
        let region = Region::new(region.to_owned());
        Clients { sdk: self.sdk.to_builder().region(region).build() }
    }

    /// The same with this address in place of AWS's own, such as `http://localhost:8000`.
    pub fn at_endpoint(&self, url: &str) -> Clients {
        Clients { sdk: self.sdk.to_builder().endpoint_url(url).build() }
    }

    /// The same with the rights of another role, perhaps of another account. It is assumed at the first call.
    pub async fn assuming(&self, role_arn: &str) -> Clients {
        let provider = AssumeRoleProvider::builder(role_arn)
            .session_name("tablekeeper")
            .configure(&self.sdk)
            .build()
            .await;
        let provider = SharedCredentialsProvider::new(provider);
        Clients { sdk: self.sdk.to_builder().credentials_provider(provider).build() }
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
